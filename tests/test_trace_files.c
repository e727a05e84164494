/* SPDX-License-Identifier: MIT */
/*
 * Traces as files: which paths are refused, what happens at the limit and on a full disk, lines
 * of many threads, and what becomes of random bytes in random dialects.
 *
 * The one idea: whatever comes in, a file of whole lines comes out, with nothing in it that a
 * terminal obeys and no secret.
 */
#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../text.h"
#include "capture.h"
#include "suite.h"
#include "traced.h"

#define LIMIT   (64 << 20)
#define SEEDS   10
#define ROUNDS  300 /* of each seed */
#define THREADS 4
#define LINES   300 /* of each thread */

/* ---- files ---- */

START_TEST(the_file_is_private_and_goes_on)
{
	struct stat st;
	size_t size;

	umask(0);
	open_trace(NULL);
	put_hex(TRACE_TO_CLIENT, "01");
	trace_ref(trace);
	trace_unref(trace);
	put_hex(TRACE_TO_CLIENT, "01");
	trace_unref(trace);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0600);
	open_trace(NULL);
	put_hex(TRACE_TO_CLIENT, "01");
	char *text = contents(&size);
	int year, n = 0;
	ck_assert_int_eq(sscanf(text,
				"%4d-%*2d-%*2d %*2d:%*2d:%*2d %*5s: the packets of Alice%n",
				&year, &n),
			 1);
	ck_assert_int_ge(year, 2024);
	ck_assert_int_eq(text[n], '\n');
	ck_assert_ptr_nonnull(strstr(text + n, " the packets of Alice\n"));
	free(text);
	trace_unref(NULL);
}
END_TEST

/* No program that Kurafuto starts inherits it. */
START_TEST(the_file_is_ours_alone)
{
	struct stat file, st;
	int found = 0;

	open_trace(NULL);
	ck_assert_int_eq(stat(path, &file), 0);
	for (int fd = 0; fd < 256; fd++) {
		if (fstat(fd, &st) != 0 || st.st_dev != file.st_dev || st.st_ino != file.st_ino)
			continue;
		ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
		found++;
	}
	ck_assert_int_eq(found, 1);
	trace_unref(trace);
	trace = NULL;
	for (int fd = 0; fd < 256; fd++)
		ck_assert(fstat(fd, &st) != 0 || st.st_dev != file.st_dev ||
			  st.st_ino != file.st_ino);
}
END_TEST

static void check_refused(const char *wanted)
{
	char sentence[512];

	why[0] = '\0';
	trace = trace_open(path, "Alice", why, sizeof(why));
	ck_assert_ptr_null(trace);
	snprintf(sentence, sizeof(sentence), "cannot write a trace to %s: %s", path, wanted);
	ck_assert_str_eq(why, sentence);
}

START_TEST(bad_paths_are_refused)
{
	char target[128];

	snprintf(target, sizeof(target), "%s/target", directory);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	check_refused("Is a directory (a trace needs the name of a file)");
	rmdir(path);
	ck_assert_int_eq(symlink(target, path), 0);
	check_refused("Too many levels of symbolic links (symbolic links are not followed)");
	ck_assert_int_ne(access(target, F_OK), 0);
	unlink(path);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	check_refused("No such device or address (a trace needs a regular file)");
	int reader = open(path, O_RDONLY | O_NONBLOCK);
	check_refused("No such device or address (a trace needs a regular file)");
	close(reader);
	unlink(path);
	strlcat(path, "/no/file", sizeof(path));
	check_refused("No such file or directory (its directory must be there)");
	strlcpy(path, "", sizeof(path));
	check_refused("No such file or directory (its directory must be there)");
}
END_TEST

START_TEST(no_permission_is_refused)
{
	bool is_root = geteuid() == 0;

	ck_assert_int_eq(chmod(directory, 0500), 0);
	if (is_root)
		ck_assert_int_eq(seteuid(65534), 0);
	check_refused("Permission denied (the user that runs Kurafuto must be allowed to write "
		      "there)");
	if (is_root)
		ck_assert_int_eq(seteuid(0), 0);
	chmod(directory, 0700);
}
END_TEST

START_TEST(the_file_is_limited)
{
	uint8_t packets[2000];
	struct stat st;
	char line[128] = "";

	open_trace(NULL);
	trace_unref(trace);
	ck_assert_int_eq(truncate(path, LIMIT - 8192), 0);
	open_trace(NULL);
	memset(packets, OP_PING, sizeof(packets));
	put(TRACE_TO_CLIENT, packets, sizeof(packets));
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_le(st.st_size, LIMIT);
	ck_assert_int_gt(st.st_size, LIMIT - 256);
	put(TRACE_TO_CLIENT, packets, sizeof(packets));
	off_t size = st.st_size;
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_size, size);

	static const char last[] = "the trace ends here: a file holds 64 MiB\n";
	int fd = open(path, O_RDONLY);
	ck_assert_int_eq(pread(fd, line, sizeof(last) - 1, size - (off_t)sizeof(last) + 1),
			 sizeof(last) - 1);
	close(fd);
	ck_assert_str_eq(line, last);
	trace_unref(trace);
	check_refused("File too large (move it away, or trace to another one)");
}
END_TEST

static struct rlimit unlimited;

/* No file grows beyond `size`, until end_limit(). Nothing may be asserted meanwhile: Check
 * itself writes to a file. */
static void begin_limit(rlim_t size)
{
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &unlimited), 0);
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &(struct rlimit){size, unlimited.rlim_max});
}

static void end_limit(void)
{
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &unlimited), 0);
}

/* A file that takes no more: the warning says so, once, and nothing else happens. */
START_TEST(a_full_disk_ends_the_trace)
{
	const uint8_t pings[4] = {OP_PING, OP_PING, OP_PING, OP_PING};
	char said[1024];
	struct stat st;

	open_trace(NULL);
	capture();
	begin_limit(300);
	for (int i = 0; i < 50; i++)
		trace_packets(trace, TRACE_TO_CLIENT, NULL, &dialect, pings, sizeof(pings));
	end_limit();
	release(said, sizeof(said));
	ck_assert_str_eq(said, "warn  the trace of Alice has ended: File too large\n");
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_le(st.st_size, 300);
}
END_TEST

START_TEST(a_full_disk_is_refused)
{
	begin_limit(0);
	trace = trace_open(path, "Alice", why, sizeof(why));
	end_limit();
	ck_assert_ptr_null(trace);
	ck_assert_ptr_nonnull(strstr(why, "/trace: File too large"));
}
END_TEST

/* ---- threads ---- */

static void *speak(void *context)
{
	enum trace_way way = *(const enum trace_way *)context;
	uint8_t pings[50];

	memset(pings, OP_PING, sizeof(pings));
	for (int i = 0; i < LINES / 50; i++)
		trace_packets(trace, way, "alpha", &dialect, pings, sizeof(pings));
	trace_unref(trace);
	return NULL;
}

START_TEST(lines_of_threads_do_not_mix)
{
	static const char *const wanted[THREADS] = {"client -> : Ping", "-> server alpha: Ping",
						    "server alpha -> : Ping",
						    "-> client: Ping"};
	enum trace_way way[THREADS];
	pthread_t threads[THREADS];
	size_t seen[THREADS] = {0}, size;

	open_trace(NULL);
	for (unsigned i = 0; i < THREADS; i++) {
		way[i] = (enum trace_way)i;
		trace_ref(trace);
		ck_assert_int_eq(pthread_create(&threads[i], NULL, speak, &way[i]), 0);
	}
	trace_unref(trace);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	trace = NULL;
	char *text = contents(&size), *p = strchr(text, '\n') + 1;
	for (char *line; (line = strsep(&p, "\n")) != NULL && *line != '\0';) {
		unsigned i = 0;

		ck_assert(is_stamp(line));
		while (i < THREADS && strcmp(line + STAMP_LEN, wanted[i]) != 0)
			i++;
		ck_assert_msg(i < THREADS, "%s", line);
		seen[i]++;
	}
	for (unsigned i = 0; i < THREADS; i++)
		ck_assert_uint_eq(seen[i], LINES);
	free(text);
}
END_TEST

/* ---- random bytes ---- */

static unsigned draw(uint32_t *seed, unsigned n)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 8) % n;
}

static void draw_dialect(uint32_t *seed)
{
	dialect_init(&dialect, &catalog, (uint8_t)(3 + draw(seed, 5)), draw(seed, 4) != 0);
	for (unsigned i = 0; i < packet_extension_count(&catalog); i++)
		dialect_set(&dialect, &catalog, i, (uint8_t)draw(seed, 4));
	/* once in a while sizes that no fields fit */
	for (unsigned i = draw(seed, 8) == 0 ? 50 : 0; i > 0; i--)
		dialect.size[draw(seed, PACKET_DIRECTIONS)][draw(seed, PACKET_OPCODES)] =
			(uint16_t)draw(seed, 300);
}

/* Random bytes, or whole packets full of them, the last one perhaps cut. Returns the size. */
static size_t draw_bytes(uint8_t *out, size_t most, enum packet_direction direction,
			 uint32_t *seed)
{
	size_t n = 0, wanted = draw(seed, (unsigned)most);

	for (size_t i = 0; i < most; i++)
		out[i] = draw(seed, 8) == 0 ? (uint8_t)draw(seed, 256)
					    : (uint8_t)(0x20 + draw(seed, 96));
	while (draw(seed, 4) != 0 && n < wanted) {
		uint8_t opcode = (uint8_t)draw(seed, 0x60);
		size_t size = dialect_size(&dialect, direction, opcode);

		if (size == 0)
			continue;
		if (draw(seed, 3) == 0 && size > sizeof(SECRET))
			memcpy(out + n + 1 + draw(seed, (unsigned)(size - sizeof(SECRET))),
			       SECRET, sizeof(SECRET) - 1);
		out[n] = opcode;
		n += size;
		if (n + PACKET_SIZE_MAX > most)
			break;
	}
	return draw(seed, 2) == 0 ? wanted : n;
}

/* How many lines the bytes make. */
static size_t count_packets(const uint8_t *p, size_t size, enum packet_direction direction)
{
	size_t count = 0, at = 0;

	while (at < size) {
		size_t n = dialect_size(&dialect, direction, p[at]);

		at += n > 0 ? n : size;
		count++;
	}
	return count;
}

/* Every line is whole, begins with its time, is UTF-8 and nothing that a terminal obeys. */
static void check_text(const char *text, size_t lines_wanted)
{
	size_t n = 0;

	for (const char *p = text; *p != '\0';) {
		const char *end = strchr(p, '\n');

		ck_assert_ptr_nonnull(end);
		ck_assert_msg(n == 0 || is_stamp(p), "%.100s", p);
		while (p < end) {
			uint32_t code = 0;
			size_t k = text_utf8_next(p, &code);

			ck_assert_uint_gt(k, 0);
			ck_assert_uint_ge(code, 0x20);
			ck_assert(code < 0x7f || code >= 0xa0);
			p += k;
		}
		p = end + 1;
		n++;
	}
	ck_assert_uint_eq(n, lines_wanted + 1);
}

START_TEST(random_bytes_are_safe)
{
	uint32_t seed = (uint32_t)_i * 7919 + 1;
	size_t wanted = 0, size;
	uint8_t bytes[4096];

	ck_assert(packet_catalog_add(&catalog, 0x50, "Own", 900, PACKET_TO_CLIENT, "OwnExt", 1,
				     why, sizeof(why)));
	open_trace(SECRET);
	for (int i = 0; i < ROUNDS; i++) {
		enum trace_way way = (enum trace_way)draw(&seed, TRACE_WAYS);
		enum packet_direction direction =
			way <= TRACE_TO_SERVER ? PACKET_TO_SERVER : PACKET_TO_CLIENT;

		draw_dialect(&seed);
		size_t n = draw_bytes(bytes, sizeof(bytes), direction, &seed);
		wanted += count_packets(bytes, n, direction);
		put(way, bytes, n);
	}
	char *text = contents(&size);
	ck_assert_uint_eq(strlen(text), size);
	check_text(text, wanted);
	ck_assert_ptr_null(strcasestr(text, SECRET));
	free(text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("trace files");
	TCase *tcase = tcase_create("trace files");

	tcase_add_checked_fixture(tcase, begin, finish);
	tcase_add_test(tcase, the_file_is_private_and_goes_on);
	tcase_add_test(tcase, the_file_is_ours_alone);
	tcase_add_test(tcase, bad_paths_are_refused);
	tcase_add_test(tcase, no_permission_is_refused);
	tcase_add_test(tcase, the_file_is_limited);
	tcase_add_test(tcase, a_full_disk_ends_the_trace);
	tcase_add_test(tcase, a_full_disk_is_refused);
	tcase_add_test(tcase, lines_of_threads_do_not_mix);
	tcase_add_loop_test(tcase, random_bytes_are_safe, 0, SEEDS);
	suite_add_tcase(suite, tcase);
	return suite_main(suite);
}
