/* SPDX-License-Identifier: MIT */
/*
 * A player's packets as lines of a file. Responsible for the file, for what a line looks like
 * and for what must not stand in it; not for who is traced and when. What a packet is made of
 * comes from layout.c.
 *
 * The one idea: a text is masked in the bytes of the wire, together with the end of the text
 * before it, and only then becomes UTF-8 in quotes; a secret in two packets is still a secret.
 */
#include "trace.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <bsd/string.h>

#include "layout.h"
#include "log.h"
#include "mask.h"
#include "text.h"

#define SIZE_LIMIT    (INT64_C(64) << 20) /* of the file */
#define END_ROOM      128                 /* kept free for the line that says so */
#define LINE_SIZE     4096                /* more than any packet needs */
#define BUFFER_SIZE   (4 * LINE_SIZE)
#define STAMP_SIZE    32
#define SHOWN_BYTES   64 /* of a byte array */
#define UNKNOWN_BYTES 16 /* of what is no packet */
#define MASK          "***"
#define MASK_LEN      (sizeof(MASK) - 1)

/* What the texts of one way leave behind for the next one. */
struct run {
	char tail[TRACE_SECRET_MAX]; /* may be the beginning of the secret */
	size_t n_tail;
	bool is_password; /* a command that takes a password goes on */
};

struct secret {
	char text[TRACE_SECRET_MAX + 1];
	size_t length; /* 0: there is none */
};

static struct {
	pthread_mutex_t lock;             /* held for moments, within that of a trace */
	struct secret all[TRACE_SECRETS]; /* the latest first */
} masked = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Keys: I immutable, a atomic, l lock. */
struct trace {
	atomic_uint refs; /* a */
	int fd;           /* I */
	char player[64];  /* I */
	pthread_mutex_t lock;
	struct secret secrets[TRACE_SECRETS]; /* l, what is masked in these packets */
	bool has_ended;                       /* l, nothing more is written */
	int64_t size;                         /* l, of the file */
	struct run runs[TRACE_WAYS];          /* l */
	size_t fill;                          /* l, of buffer: whole lines */
	char buffer[BUFFER_SIZE];             /* l */
};

/* A line under way: what does not fit is cut. */
struct line {
	char *out;
	size_t size;
	size_t length;
};

/* A text of the wire behind the end of the one before it, and what of it must not be seen. */
struct text {
	char bytes[TRACE_SECRET_MAX + PACKET_STRING_LEN + 1];
	bool is_hidden[TRACE_SECRET_MAX + PACKET_STRING_LEN];
	size_t start; /* of the text itself */
	size_t end;
};

/* A packet under way. */
struct subject {
	const struct dialect *dialect;
	enum packet_direction direction;
	const uint8_t *packet;
	size_t size;
};

/* clang-format off */
static const struct {
	const char *before, *after;
	bool has_name; /* of the server, between the two */
	enum packet_direction direction;
} ways[TRACE_WAYS] = {
	[TRACE_FROM_CLIENT] = {"client",    " -> : ", false, PACKET_TO_SERVER},
	[TRACE_TO_SERVER]   = {"-> server", ": ",     true,  PACKET_TO_SERVER},
	[TRACE_FROM_SERVER] = {"server",    " -> : ", true,  PACKET_TO_CLIENT},
	[TRACE_TO_CLIENT]   = {"-> client", ": ",     false, PACKET_TO_CLIENT},
};

/* What an admin can do about a path. */
static const struct {
	int error;
	const char *hint;
} hints[] = {
	{EISDIR, " (a trace needs the name of a file)"},
	{ENOENT, " (its directory must be there)"},
	{ENOTDIR, " (its directory must be one)"},
	{ELOOP,  " (symbolic links are not followed)"},
	{EACCES, " (the user that runs Kurafuto must be allowed to write there)"},
	{EPERM,  " (the user that runs Kurafuto must be allowed to write there)"},
	{ENXIO,  " (a trace needs a regular file)"},
	{EFBIG,  " (move it away, or trace to another one)"},
};
/* clang-format on */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- lines ---- */

__attribute__((format(printf, 2, 3))) static void add(struct line *line, const char *format,
						      ...)
{
	size_t room = line->size - line->length;
	va_list args;

	va_start(args, format);
	int n = vsnprintf(line->out + line->length, room, format, args);
	va_end(args);
	if (n > 0)
		line->length += (size_t)n < room ? (size_t)n : room - 1;
}

static void add_escaped(struct line *line, const char *utf8)
{
	line->length +=
		log_escape(line->out + line->length, line->size - line->length, utf8, false);
}

static void add_hex(struct line *line, const uint8_t *p, size_t n, size_t most)
{
	add(line, "hex:");
	for (size_t i = 0; i < n && i < most; i++)
		add(line, "%02x", p[i]);
	if (n > most)
		add(line, "...%zu", n);
}

/* What an errno means; unlike strerror(3) safe in a thread. */
static const char *error_text(int error)
{
	const char *text = strerrordesc_np(error);

	return text != NULL ? text : "unknown error";
}

/* 0, or -1 with errno. */
static int write_all(int fd, const char *data, size_t size)
{
	while (size > 0) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		data += n;
		size -= (size_t)n;
	}
	return 0;
}

static void flush(struct trace *trace)
{
	if (trace->fill > 0 && write_all(trace->fd, trace->buffer, trace->fill) != 0) {
		trace->has_ended = true;
		log_warn("the trace of %s has ended: %s", trace->player, error_text(errno));
	}
	trace->size += (int64_t)trace->fill;
	trace->fill = 0;
}

/* There is always room for one more line. */
static struct line begin_line(struct trace *trace, const char *stamp)
{
	struct line line = {trace->buffer + trace->fill, LINE_SIZE - 1, 0};

	add(&line, "%s", stamp);
	return line;
}

/* Puts a line into the buffer. The one that is too much makes room for the last one. */
static void end_line(struct trace *trace, struct line *line, const char *stamp)
{
	int64_t size = trace->size + (int64_t)(trace->fill + line->length) + 1;

	if (size > SIZE_LIMIT - END_ROOM) {
		line->length = 0;
		add(line, "%sthe trace ends here: a file holds %d MiB", stamp,
		    (int)(SIZE_LIMIT >> 20));
		trace->has_ended = true;
	}
	line->out[line->length++] = '\n';
	trace->fill += line->length;
	if (trace->fill + LINE_SIZE > sizeof(trace->buffer))
		flush(trace);
}

/* ---- secrets ---- */

void trace_mask(const char *secret)
{
	size_t at = 0;

	if (secret == NULL || *secret == '\0')
		return;
	pthread_mutex_lock(&masked.lock);
	while (at < TRACE_SECRETS - 1 && strcmp(masked.all[at].text, secret) != 0)
		at++;
	memmove(&masked.all[1], &masked.all[0], at * sizeof(masked.all[0]));
	struct secret *latest = &masked.all[0];
	strlcpy(latest->text, secret, sizeof(latest->text));
	latest->length = strlen(latest->text);
	pthread_mutex_unlock(&masked.lock);
}

static void copy_secrets(struct secret out[static TRACE_SECRETS])
{
	pthread_mutex_lock(&masked.lock);
	memcpy(out, masked.all, sizeof(masked.all));
	pthread_mutex_unlock(&masked.lock);
}

/* Does a secret, or its first n bytes, stand at p. */
static bool is_secret(const struct secret *secret, const char *p, size_t n)
{
	return strncasecmp(p, secret->text, n) == 0;
}

static bool has_secret(const struct trace *trace, const uint8_t *p, size_t n)
{
	const char *bytes = (const char *)p;

	for (size_t k = 0; k < TRACE_SECRETS && trace->secrets[k].length > 0; k++)
		for (size_t i = 0; i + trace->secrets[k].length <= n; i++)
			if (is_secret(&trace->secrets[k], bytes + i, trace->secrets[k].length))
				return true;
	return false;
}

/* The end of what the next text continues without a space: a full field, or a word that a line
 * for MCGalaxy has torn with " <". 0 if the text stands alone. */
static size_t open_end(const struct text *text)
{
	size_t n = text->end - text->start;

	if (n >= 2 && strcmp(text->bytes + text->end - 2, " <") == 0)
		return text->end - 2;
	return n == PACKET_STRING_LEN ? text->end : 0;
}

static void hide(struct text *text, size_t from, size_t to)
{
	memset(text->is_hidden + from, true, to - from);
}

/* Hides a secret wherever it stands, also its beginning where the next text goes on. */
static void hide_secret(const struct secret *secret, struct text *text)
{
	size_t open = open_end(text);

	for (size_t i = 0; i < text->end; i++) {
		size_t left = text->end - i;

		if (left >= secret->length &&
		    is_secret(secret, text->bytes + i, secret->length))
			hide(text, i, i + secret->length);
		else if (open > i && open - i < secret->length &&
			 is_secret(secret, text->bytes + i, open - i))
			hide(text, i, open);
	}
}

static void hide_secrets(const struct trace *trace, struct text *text)
{
	for (size_t k = 0; k < TRACE_SECRETS && trace->secrets[k].length > 0; k++)
		hide_secret(&trace->secrets[k], text);
}

/* Reads the 64 bytes of a text behind what the run holds. */
static void read_text(struct text *text, const uint8_t *field, const struct run *run)
{
	memset(text, 0, sizeof(*text));
	memcpy(text->bytes, run->tail, run->n_tail);
	text->start = run->n_tail;
	text->end = text->start + packet_get_string(text->bytes + text->start, field);
}

/* Keeps what may be the beginning of a secret, also one that is not known yet. */
static void keep_tail(struct run *run, const struct text *text)
{
	size_t end = open_end(text), n = TRACE_SECRET_MAX - 1;

	run->n_tail = n < end ? n : end;
	memcpy(run->tail, text->bytes + end - run->n_tail, run->n_tail);
}

static void hide_password(const struct subject *subject, struct text *text, struct run *run)
{
	const char *own = text->bytes + text->start;
	const char *password = run->is_password ? own : mask_password(own, subject->direction);

	run->is_password = password != NULL && subject->direction == PACKET_TO_SERVER &&
			   mask_goes_on(subject->dialect, subject->packet, own);
	if (password != NULL)
		hide(text, (size_t)(password - text->bytes), text->end);
}

/* ---- packets ---- */

/* The text itself in quotes, as UTF-8. */
static void add_text(struct line *line, const struct text *text)
{
	char plain[MASK_LEN * PACKET_STRING_LEN + 1];
	char utf8[3 * sizeof(plain)];
	size_t n = 0;

	for (size_t i = text->start; i < text->end; i++) {
		bool is_more = i > text->start && text->is_hidden[i - 1];

		if (text->is_hidden[i]) {
			n += is_more ? 0 : strlcpy(plain + n, MASK, sizeof(plain) - n);
			continue;
		}
		if (text->bytes[i] == '"' || text->bytes[i] == '\\')
			plain[n++] = '\\';
		plain[n++] = text->bytes[i];
	}
	plain[n] = '\0';
	text_to_utf8(utf8, sizeof(utf8), plain);
	add(line, "\"");
	add_escaped(line, utf8);
	add(line, "\"");
}

static void add_string(const struct trace *trace, struct line *line,
		       const struct subject *subject, const uint8_t *field, struct run *run)
{
	struct text text;

	read_text(&text, field, run);
	hide_secrets(trace, &text);
	keep_tail(run, &text);
	if (subject->packet[0] == OP_MESSAGE)
		hide_password(subject, &text, run);
	add_text(line, &text);
}

static void add_bytes(const struct trace *trace, struct line *line, uint8_t opcode,
		      const uint8_t *p, size_t n)
{
	if (opcode == OP_LEVEL_DATA_CHUNK || opcode == OP_BULK_BLOCK_UPDATE) {
		add(line, "(%zu bytes)", n);
		return;
	}
	while (n > 0 && p[n - 1] == 0) /* the zeros that fill an array up say nothing */
		n--;
	if (has_secret(trace, p, n))
		add(line, MASK);
	else
		add_hex(line, p, n, SHOWN_BYTES);
}

static void add_float(struct line *line, const uint8_t *p)
{
	uint32_t bits = packet_get_u32(p);
	float value;

	memcpy(&value, &bits, sizeof(value));
	add(line, "%g", (double)value);
}

static void add_field(const struct trace *trace, struct line *line,
		      const struct subject *subject, const struct layout_field *field,
		      struct run *run)
{
	const uint8_t *p = subject->packet + field->offset;
	uint8_t opcode = subject->packet[0];

	add(line, " %s=", field->name);
	if (opcode == OP_IDENTIFICATION && strcmp(field->name, "Key") == 0)
		add(line, MASK);
	else if (field->type == LAYOUT_STRING)
		add_string(trace, line, subject, p, run);
	else if (field->type == LAYOUT_BYTES)
		add_bytes(trace, line, opcode, p, field->width);
	else if (field->type == LAYOUT_FLOAT)
		add_float(line, p);
	else
		add(line, "%lld", (long long)layout_field_get(field, subject->packet));
}

static void add_name(struct line *line, enum packet_direction direction, uint8_t opcode)
{
	if (packet_info(NULL, direction, opcode) != NULL)
		add(line, "%s", packet_name(NULL, direction, opcode));
	else
		add(line, "0x%02x", opcode);
}

/* A text may go on in the next field, that of a Message in the next packet. */
static void add_packet(const struct trace *trace, struct line *line,
		       const struct subject *subject, struct run *run)
{
	uint8_t opcode = subject->packet[0];
	struct run own = {.n_tail = 0};
	struct layout_field field;
	struct layout_iter iter;

	add_name(line, subject->direction, opcode);
	layout_begin(&iter, subject->dialect, subject->direction, opcode);
	while (layout_next(&iter, &field) && field.offset + field.width <= subject->size)
		add_field(trace, line, subject, &field, opcode == OP_MESSAGE ? run : &own);
}

/* What there is instead of a whole packet. Of half a packet nobody knows what would be secret.
 */
static void add_rest(const struct trace *trace, struct line *line,
		     const struct subject *subject, size_t left)
{
	const uint8_t *p = subject->packet;

	if (subject->size > 0) {
		add_name(line, subject->direction, p[0]);
		add(line, " cut short: %zu of %zu bytes", left, subject->size);
		return;
	}
	add(line, "0x%02x is no packet here, %zu bytes: ", p[0], left);
	if (has_secret(trace, p, left))
		add(line, MASK);
	else
		add_hex(line, p, left, UNKNOWN_BYTES);
}

static void add_way(struct line *line, enum trace_way way, const char *server)
{
	add(line, "%s", ways[way].before);
	if (ways[way].has_name && server != NULL) {
		add(line, " ");
		add_escaped(line, server);
	}
	add(line, "%s", ways[way].after);
}

/* ---- the file ---- */

static void make_stamp(char out[static STAMP_SIZE])
{
	struct timespec now;
	struct tm tm;
	size_t n = 0;

	clock_gettime(CLOCK_REALTIME, &now);
	if (localtime_r(&now.tv_sec, &tm) != NULL)
		n = strftime(out, STAMP_SIZE, "%T", &tm);
	snprintf(out + n, STAMP_SIZE - n, ".%03d ", (int)(now.tv_nsec / 1000000));
}

void trace_packets(struct trace *trace, enum trace_way way, const char *server,
		   const struct dialect *dialect, const uint8_t *data, size_t size)
{
	struct subject subject = {.dialect = dialect, .direction = ways[way].direction};
	char stamp[STAMP_SIZE];

	pthread_mutex_lock(&trace->lock);
	copy_secrets(trace->secrets);
	make_stamp(stamp);
	while (size > 0 && !trace->has_ended) {
		struct line line = begin_line(trace, stamp);

		subject.packet = data;
		subject.size = dialect_size(dialect, subject.direction, data[0]);
		size_t taken = subject.size;
		add_way(&line, way, server);
		if (taken > 0 && taken <= size) {
			add_packet(trace, &line, &subject, &trace->runs[way]);
		} else {
			add_rest(trace, &line, &subject, size);
			taken = size;
		}
		end_line(trace, &line, stamp);
		data += taken;
		size -= taken;
	}
	flush(trace);
	pthread_mutex_unlock(&trace->lock);
}

static int refuse(int fd, const char *path, int error, char *why, size_t why_size)
{
	const char *hint = "";

	for (size_t i = 0; i < COUNT(hints); i++)
		if (hints[i].error == error)
			hint = hints[i].hint;
	snprintf(why, why_size, "cannot write a trace to %s: %s%s", path, error_text(error),
		 hint);
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Opens the file and tells its size. The fd, or -1 with why. */
static int open_file(const char *path, int64_t *size, char *why, size_t why_size)
{
	/* O_NONBLOCK for a pipe that nobody reads: it must not keep us waiting */
	int flags =
		O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	int fd = open(path, flags, 0600);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0)
		return refuse(fd, path, errno, why, why_size);
	if (!S_ISREG(st.st_mode))
		return refuse(fd, path, ENXIO, why, why_size);
	if (st.st_size > SIZE_LIMIT - LINE_SIZE)
		return refuse(fd, path, EFBIG, why, why_size);
	*size = st.st_size;
	return fd;
}

/* The first line; false with errno if it cannot be written. */
static bool write_head(struct trace *trace)
{
	struct line line = begin_line(trace, "");
	time_t now = time(NULL);
	char stamp[64] = "";
	struct tm tm;

	if (localtime_r(&now, &tm) != NULL)
		strftime(stamp, sizeof(stamp), "%F %T %z", &tm);
	add(&line, "%s: the packets of ", stamp);
	add_escaped(&line, trace->player);
	line.out[line.length++] = '\n';
	trace->size += (int64_t)line.length;
	return write_all(trace->fd, line.out, line.length) == 0;
}

struct trace *trace_open(const char *path, const char *player, char *why, size_t why_size)
{
	struct trace *trace;
	int64_t size = 0;

	int fd = open_file(path, &size, why, why_size);
	if (fd < 0)
		return NULL;
	trace = calloc(1, sizeof(*trace));
	if (trace == NULL) {
		refuse(fd, path, ENOMEM, why, why_size);
		return NULL;
	}
	atomic_init(&trace->refs, 1);
	pthread_mutex_init(&trace->lock, NULL);
	trace->fd = fd;
	trace->size = size;
	strlcpy(trace->player, player, sizeof(trace->player));
	if (write_head(trace))
		return trace;
	snprintf(why, why_size, "cannot write a trace to %s: %s", path, error_text(errno));
	trace_unref(trace);
	return NULL;
}

void trace_ref(struct trace *trace)
{
	atomic_fetch_add(&trace->refs, 1);
}

void trace_unref(struct trace *trace)
{
	if (trace == NULL || atomic_fetch_sub(&trace->refs, 1) > 1)
		return;
	close(trace->fd);
	pthread_mutex_destroy(&trace->lock);
	explicit_bzero(trace, sizeof(*trace));
	free(trace);
}
