/* SPDX-License-Identifier: MIT */
/*
 * Lines on stderr: "2026-11-23 12:34:56 info  #12 Alice: message". Responsible for levels,
 * escaping and colour; not for what is worth a line. The one idea: a line is built on the stack
 * from units (a character, an escape, a colour sequence) that are either copied whole or not at
 * all, and leaves with a single write, so that lines of many threads never mix and nothing
 * that a peer sends can start a line or steer a terminal.
 */
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "text.h"

#define LINE_SIZE   1000 /* of a whole line, its newline included */
#define UNIT_SIZE   17   /* the longest unit: four escaped bytes, terminated */
#define PATIENCE_MS 100  /* how long a line waits for somebody to read stderr */
#define RESET       "\x1b[0m"
#define RESET_LEN   (sizeof RESET - 1)

struct level {
	const char *name;
	const char *color; /* of its name on a terminal */
};

struct range {
	uint32_t first, last;
};

/* clang-format off */
static const struct level levels[] = {
	[LOG_ERROR] = {"error", "\x1b[1;31m"},
	[LOG_WARN]  = {"warn",  "\x1b[33m"},
	[LOG_INFO]  = {"info",  "\x1b[32m"},
	[LOG_DEBUG] = {"debug", "\x1b[36m"},
	[LOG_TRACE] = {"trace", "\x1b[90m"},
};

/* The game's sixteen colours; black is shown as dark grey, or a dark terminal would swallow it. */
static const char ansi[16][3] = {
	"90", "34", "32", "36", "31", "35", "33", "37",
	"90", "94", "92", "96", "91", "95", "93", "97",
};

/* Valid UTF-8 that a terminal obeys instead of showing it: C1 controls, line separators, text direction. */
static const struct range unsafe[] = {
	{0x80, 0x9f}, {0x200e, 0x200f}, {0x2028, 0x202e}, {0x2066, 0x2069},
};
/* clang-format on */

#define N_LEVELS (sizeof levels / sizeof levels[0])
#define N_UNSAFE (sizeof unsafe / sizeof unsafe[0])

/* Set before the first thread; the level is atomic because a reload may change it later. */
static atomic_int shown = LOG_INFO;
static enum log_color color_wanted = LOG_COLOR_NEVER;
static bool with_color; /* on stderr */
static bool with_times;
static int output = STDERR_FILENO;

/* Where lines leave. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned long lost; /* under lock */
static log_sink_fn *sink;  /* under lock */
static void *sink_context; /* under lock */

static bool terminal_has_color(int fd)
{
	const char *term = getenv("TERM");
	const char *no_color = getenv("NO_COLOR");

	if (no_color != NULL && no_color[0] != '\0')
		return false;
	return isatty(fd) && term != NULL && strcmp(term, "dumb") != 0;
}

bool log_has_color(int fd)
{
	return color_wanted == LOG_COLOR_ALWAYS ||
	       (color_wanted == LOG_COLOR_AUTO && terminal_has_color(fd));
}

/*
 * A terminal is opened anew, so that writing to it can be made non-blocking without touching
 * what others share with us: one that is stopped says that it has room, and then blocks. Pipes
 * keep their word, and files never block.
 */
static void open_output(void)
{
	int fd = isatty(STDERR_FILENO)
			 ? open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
			 : -1;

	if (output != STDERR_FILENO)
		close(output);
	output = fd >= 0 ? fd : STDERR_FILENO;
}

void log_init(enum log_level level, enum log_color color, bool timestamps)
{
	atomic_store(&shown, level);
	color_wanted = color;
	with_color = log_has_color(STDERR_FILENO);
	with_times = timestamps;
	open_output();
	tzset();
}

void log_set_level(enum log_level level)
{
	atomic_store(&shown, level);
}

enum log_level log_level(void)
{
	return (enum log_level)atomic_load(&shown);
}

void log_set_sink(log_sink_fn *new_sink, void *context)
{
	pthread_mutex_lock(&lock);
	sink = new_sink;
	sink_context = context;
	pthread_mutex_unlock(&lock);
}

bool log_shows(enum log_level level)
{
	return (int)level <= atomic_load_explicit(&shown, memory_order_relaxed);
}

static bool is_unsafe(uint32_t code)
{
	if (code < 0x20 || code == 0x7f)
		return true;
	for (size_t i = 0; i < N_UNSAFE; i++) {
		if (code >= unsafe[i].first && code <= unsafe[i].last)
			return true;
	}
	return false;
}

static int color_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Writes the unit that *text starts with to out, moves *text behind it, and returns the length
 * of what it wrote. */
static size_t escape_unit(char out[static UNIT_SIZE], const char **text, bool color)
{
	const char *s = *text;
	uint32_t code;
	size_t taken = text_utf8_next(s, &code);
	size_t len = 0;

	if (color && s[0] == '&' && color_digit(s[1]) >= 0) {
		*text += 2;
		return (size_t)snprintf(out, UNIT_SIZE, "\x1b[%sm", ansi[color_digit(s[1])]);
	}
	if (taken > 0 && !is_unsafe(code)) {
		memcpy(out, s, taken);
		*text += taken;
		return taken;
	}
	if (taken == 0)
		taken = 1;
	for (size_t i = 0; i < taken; i++)
		len += (size_t)snprintf(out + len, UNIT_SIZE - len, "\\x%02x",
					(unsigned char)s[i]);
	*text += taken;
	return len;
}

size_t log_escape(char *out, size_t size, const char *text, bool color)
{
	size_t n = 0, room;

	if (size == 0)
		return 0;
	color = color && size > RESET_LEN;
	room = size - 1 - (color ? RESET_LEN : 0);
	while (*text != '\0') {
		char unit[UNIT_SIZE];
		size_t len = escape_unit(unit, &text, color);

		if (len > room - n)
			break;
		memcpy(out + n, unit, len);
		n += len;
	}
	if (color) {
		memcpy(out + n, RESET, RESET_LEN);
		n += RESET_LEN;
	}
	out[n] = '\0';
	return n;
}

/* Time and level, as far as they are shown; always far shorter than a line. */
static size_t put_prefix(char *out, size_t size, enum log_level level)
{
	const struct level *row = &levels[level];
	size_t n = 0;

	if (with_times) {
		time_t now = time(NULL);
		struct tm tm;

		if (localtime_r(&now, &tm) != NULL)
			n = strftime(out, size, "%F %T ", &tm);
	}
	n += (size_t)snprintf(out + n, size - n, "%s%-5s%s ", with_color ? row->color : "",
			      row->name, with_color ? RESET : "");
	return n;
}

/* Is there room on stderr, now or within the patience. */
static bool has_room(int patience_ms)
{
	struct pollfd fd = {.fd = output, .events = POLLOUT};

	return poll(&fd, 1, patience_ms) > 0;
}

/*
 * Writes a line, or counts it as lost when nobody reads: a stopped terminal must not stop the
 * game. Only the first lost line waits; once there is room again, the loss is said in front of
 * the next one, together with it: a small pipe may have no room for a second write.
 */
static void write_line_locked(char *line, size_t n)
{
	char note[64];
	struct iovec parts[] = {{note, 0}, {line, n}};

	if (!has_room(lost == 0 ? PATIENCE_MS : 0)) {
		lost++;
		return;
	}
	if (lost > 0)
		parts[0].iov_len = (size_t)snprintf(
			note, sizeof(note), "(%lu lines lost: nobody read them)\n", lost);
	lost = 0;
	(void)!writev(output, parts, 2);
}

static void put_line(char *line, size_t n)
{
	pthread_mutex_lock(&lock);
	if (sink != NULL)
		sink(sink_context, line, n);
	else
		write_line_locked(line, n);
	pthread_mutex_unlock(&lock);
}

void log_line(enum log_level level, const char *subject, const char *format, ...)
{
	char text[LINE_SIZE], line[LINE_SIZE];
	int saved = errno; /* for %m, and for a caller that logs before it looks at errno */
	va_list args;
	size_t n, room = sizeof line - 1; /* without the newline */

	if ((size_t)level >= N_LEVELS || !log_shows(level))
		return;
	va_start(args, format);
	if (vsnprintf(text, sizeof text, format, args) < 0)
		text[0] = '\0';
	va_end(args);

	n = put_prefix(line, room, level);
	if (subject != NULL) {
		n += log_escape(line + n, room - n, subject, false);
		n += (size_t)snprintf(line + n, room - n, ": ") < room - n ? 2 : 0;
	}
	n += log_escape(line + n, room - n, text, with_color);
	line[n++] = '\n';
	put_line(line, n);
	errno = saved;
}
