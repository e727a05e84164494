/* SPDX-License-Identifier: MIT */
/* Log lines: escaping as a table of texts, and whole lines as they arrive at the other end of a
 * pipe. */
#include "log.h"

#include <check.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "capture.h"
#include "net.h"
#include "suite.h"

#define RESET      "\x1b[0m"
#define BOUND_MS   10000 /* far above what a lost line may take */
#define LOST_LINES 500

/* clang-format off */
static const struct {
	const char *text;
	bool color;
	const char *escaped;
} escapes[] = {
	{"", false, ""},
	{"plain text", false, "plain text"},
	{"a\nb\rc\td", false, "a\\x0ab\\x0dc\\x09d"},
	{"\x01\x1f\x7f~", false, "\\x01\\x1f\\x7f~"},
	{"\x1b[2J", false, "\\x1b[2J"},
	{"gr\xc3\xbc\xc3\x9f", false, "gr\xc3\xbc\xc3\x9f"},
	{"\xe2\x82\xac \xf0\x9f\x8e\xae", false, "\xe2\x82\xac \xf0\x9f\x8e\xae"},
	{"\xff\xfe", false, "\\xff\\xfe"},
	{"\x80", false, "\\x80"},
	{"\xc3", false, "\\xc3"},                          /* cut short at the end */
	{"\xc3(", false, "\\xc3("},                        /* no continuation */
	{"\xe2\x82(", false, "\\xe2\\x82("},
	{"\xc0\xaf", false, "\\xc0\\xaf"},                 /* overlong / */
	{"\xe0\x80\x8a", false, "\\xe0\\x80\\x8a"},        /* overlong newline */
	{"\xed\xa0\x80", false, "\\xed\\xa0\\x80"},        /* a surrogate */
	{"\xf4\x90\x80\x80", false, "\\xf4\\x90\\x80\\x80"}, /* above U+10FFFF */
	{"\xf8\x88\x80\x80\x80", false, "\\xf8\\x88\\x80\\x80\\x80"},
	{"\xc2\x9b" "2J", false, "\\xc2\\x9b2J"},          /* C1: what ESC [ is in one character */
	{"\xe2\x80\xa8|\xe2\x80\xae", false, "\\xe2\\x80\\xa8|\\xe2\\x80\\xae"}, /* line separator, right-to-left */
	{"&eyellow &g &", false, "&eyellow &g &"},
	{"&eyellow", true, "\x1b[93myellow" RESET},
	{"&0a&7b&9c&Ad&ff", true, "\x1b[90ma\x1b[37mb\x1b[94mc\x1b[92md\x1b[97mf" RESET},
	{"&g&& &", true, "&g&& &" RESET},
	{"&\x1b", true, "&\\x1b" RESET},
	{"plain", true, "plain" RESET},
};

/* Cut at a size: whole units only, always terminated, the reset always there. */
static const struct {
	size_t size;
	const char *text;
	bool color;
	const char *escaped;
} cuts[] = {
	{1, "abc", false, ""},
	{3, "abc", false, "ab"},
	{4, "abc", false, "abc"},
	{5, "a\nb", false, "a"},
	{6, "a\nb", false, "a\\x0a"},
	{3, "a\xc3\xbc", false, "a"},
	{4, "a\xc3\xbc", false, "a\xc3\xbc"},
	{7, "abc", true, "ab" RESET},
	{9, "&ex", true, RESET},
	{10, "&ex", true, "\x1b[93m" RESET},
	{4, "&ex", true, "&ex"}, /* no room for a reset: no colour */
};
/* clang-format on */

START_TEST(test_escape)
{
	char out[256];
	size_t n = log_escape(out, sizeof out, escapes[_i].text, escapes[_i].color);

	ck_assert_str_eq(out, escapes[_i].escaped);
	ck_assert_uint_eq(n, strlen(out));
}
END_TEST

START_TEST(test_cut)
{
	char out[64];
	size_t n;

	memset(out, '#', sizeof out);
	n = log_escape(out, cuts[_i].size, cuts[_i].text, cuts[_i].color);
	ck_assert_str_eq(out, cuts[_i].escaped);
	ck_assert_uint_eq(n, strlen(out));
	ck_assert_int_eq(out[cuts[_i].size], '#');
	ck_assert_uint_eq(log_escape(out, 0, "abc", false), 0);
}
END_TEST

START_TEST(test_lines)
{
	char out[512];

	capture();
	log_info("listening on %s", "0.0.0.0:25565");
	log_line(LOG_WARN, "#12 Alice", "says &ehi\nerror forged");
	log_line(LOG_ERROR, "#13 \x1b[31m", "x");
	log_debug("not shown");
	log_error("last");
	release(out, sizeof out);
	ck_assert_str_eq(out, "info  listening on 0.0.0.0:25565\n"
			      "warn  #12 Alice: says &ehi\\x0aerror forged\n"
			      "error #13 \\x1b[31m: x\n"
			      "error last\n");
}
END_TEST

/* A caller may look at errno after it has logged, even if nobody takes the line. */
START_TEST(test_errno_stays)
{
	int saved = dup(STDERR_FILENO);

	close(STDERR_FILENO);
	errno = ENOENT;
	log_error("lost");
	ck_assert_int_eq(errno, ENOENT);
	dup2(saved, STDERR_FILENO);
	close(saved);
}
END_TEST

START_TEST(test_color_and_times)
{
	static const char shape[] = "0000-00-00 00:00:00";
	char out[256];

	capture();
	log_init(LOG_TRACE, LOG_COLOR_ALWAYS, true);
	log_line(LOG_TRACE, "#1 &eBob", "&chot");
	release(out, sizeof out);
	for (size_t i = 0; i < sizeof shape - 1; i++)
		ck_assert_msg(shape[i] == '0' ? isdigit((unsigned char)out[i])
					      : out[i] == shape[i],
			      "%s", out);
	ck_assert_str_eq(out + sizeof shape - 1,
			 " \x1b[90mtrace" RESET " #1 &eBob: \x1b[91mhot" RESET "\n");
}
END_TEST

/* A pipe is no terminal. */
START_TEST(test_auto_color)
{
	char out[64];

	capture();
	log_init(LOG_INFO, LOG_COLOR_AUTO, false);
	log_info("&ehi");
	release(out, sizeof out);
	ck_assert_str_eq(out, "info  &ehi\n");
}
END_TEST

START_TEST(test_long_line)
{
	char text[3000], out[4096];

	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	if (_i == 1) { /* of units that do not divide the length */
		for (size_t i = 0; i + 2 < sizeof text; i += 2)
			memcpy(text + i, "\xc3\xbc", 2);
	}
	capture();
	log_info("%s", text);
	log_line(LOG_INFO, text, "message");
	log_line(LOG_INFO, text, "%s", text);
	release(out, sizeof out);
	for (char *line = out; *line != '\0';) {
		char *end = strchr(line, '\n');

		ck_assert_ptr_nonnull(end);
		ck_assert_uint_le((size_t)(end + 1 - line), 1000);
		ck_assert_uint_ge((size_t)(end + 1 - line), 990);
		ck_assert_ptr_null(memchr(line, '\\', (size_t)(end - line)));
		line = end + 1;
	}
}
END_TEST

static void *write_lines(void *context)
{
	for (int i = 0; i < 100; i++)
		log_line(LOG_INFO, context, "0123456789");
	return NULL;
}

/* Lines of several threads come out whole. The pipe holds them all, so nobody need read
 * meanwhile. */
START_TEST(test_threads)
{
	static char subjects[][4] = {"a", "bb", "ccc"};
	pthread_t threads[3];
	char out[16384];
	int lines = 0;

	capture();
	for (size_t i = 0; i < 3; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, write_lines, subjects[i]),
				 0);
	for (size_t i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	release(out, sizeof out);
	for (char *line = out, *end; (end = strchr(line, '\n')) != NULL;
	     line = end + 1, lines++) {
		*end = '\0';
		ck_assert(strcmp(line, "info  a: 0123456789") == 0 ||
			  strcmp(line, "info  bb: 0123456789") == 0 ||
			  strcmp(line, "info  ccc: 0123456789") == 0);
	}
	ck_assert_int_eq(lines, 300);
}
END_TEST

START_TEST(test_levels)
{
	for (int level = LOG_ERROR; level <= LOG_TRACE; level++) {
		log_init((enum log_level)level, LOG_COLOR_NEVER, false);
		for (int other = LOG_ERROR; other <= LOG_TRACE; other++)
			ck_assert_int_eq(log_shows((enum log_level)other), other <= level);
	}
}
END_TEST

START_TEST(test_change_level)
{
	log_set_level(LOG_TRACE);
	ck_assert_int_eq(log_level(), LOG_TRACE);
	ck_assert(log_shows(LOG_TRACE));
	log_set_level(LOG_ERROR);
	ck_assert_int_eq(log_level(), LOG_ERROR);
	ck_assert(!log_shows(LOG_WARN));
}
END_TEST

START_TEST(test_has_color)
{
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert(!log_has_color(fds[1]));
	log_init(LOG_INFO, LOG_COLOR_AUTO, false);
	ck_assert(!log_has_color(fds[1]));
	log_init(LOG_INFO, LOG_COLOR_ALWAYS, false);
	ck_assert(log_has_color(fds[1]));
	close(fds[0]);
	close(fds[1]);
}
END_TEST

/* ---- a sink ---- */

static void collect(void *context, const char *line, size_t n)
{
	ck_assert_int_eq(line[n - 1], '\n');
	strncat(context, line, n);
}

/* Whole lines go to the sink while there is one, and only there. */
START_TEST(test_sink)
{
	char collected[16384] = "", out[256];
	pthread_t threads[2];
	static char subject[] = "a";

	capture();
	log_info("before");
	log_set_sink(collect, collected);
	log_line(LOG_WARN, "#1 Alice", "says \n");
	log_debug("not shown");
	ck_assert_str_eq(collected, "warn  #1 Alice: says \\x0a\n");
	for (size_t i = 0; i < 2; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, write_lines, subject), 0);
	for (size_t i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	ck_assert_uint_eq(strlen(collected), strlen("warn  #1 Alice: says \\x0a\n") +
						     200 * strlen("info  a: 0123456789\n"));
	log_set_sink(NULL, NULL);
	log_info("after");
	release(out, sizeof out);
	ck_assert_str_eq(out, "info  before\ninfo  after\n");
}
END_TEST

/* ---- a stderr that nobody reads ---- */

/* Makes the pipe behind stderr as small as it can be, and fills it. */
static void stuff_pipe(void)
{
	char stuffing[4096];
	int flags = fcntl(STDERR_FILENO, F_GETFL);

	memset(stuffing, '.', sizeof stuffing);
	ck_assert_int_gt(fcntl(STDERR_FILENO, F_SETPIPE_SZ, (int)sizeof stuffing), 0);
	ck_assert_int_eq(fcntl(STDERR_FILENO, F_SETFL, flags | O_NONBLOCK), 0);
	while (write(STDERR_FILENO, stuffing, sizeof stuffing) > 0)
		;
	ck_assert_int_eq(fcntl(STDERR_FILENO, F_SETFL, flags), 0);
}

/* Reads what is in the pipe, at most n bytes; returns how many. */
static size_t drain(char *out, size_t n)
{
	struct pollfd fd = {.fd = capture_fds[0], .events = POLLIN};
	size_t got = 0;

	while (got < n && poll(&fd, 1, 0) > 0) {
		ssize_t size = read(fd.fd, out + got, n - got);

		ck_assert_int_gt(size, 0);
		got += (size_t)size;
	}
	return got;
}

/* The first line waits a moment, the others do not, and they are counted. */
START_TEST(test_nobody_reads)
{
	char stuffing[4096], out[8192];
	int64_t started_ms;
	size_t size;

	capture();
	stuff_pipe();
	started_ms = net_now_ms();
	for (int i = 0; i < LOST_LINES; i++)
		log_error("lost");
	started_ms = net_now_ms() - started_ms;
	ck_assert_int_lt(started_ms, BOUND_MS);
	drain(stuffing, sizeof stuffing);
	log_error("heard");
	size = drain(out, sizeof out);
	log_error("heard again");
	release(out + size, sizeof out - size);
	ck_assert_str_eq(out, "(500 lines lost: nobody read them)\n"
			      "error heard\nerror heard again\n");
}
END_TEST

/* A reader too slow for it all: each line arrives whole or is counted. */
START_TEST(test_slow_reader)
{
	static char out[1 << 16];
	unsigned long arrived = 0, counted = 0, n;
	size_t size = 0;

	capture();
	stuff_pipe();
	for (int i = 0; i < LOST_LINES; i++) {
		log_error("0123456789");
		if (i % 60 == 59)
			size += drain(out + size, sizeof out - size);
	}
	size += drain(out + size, sizeof out - size);
	log_error("the end");
	release(out + size, sizeof out - size);
	for (char *rest = out + strspn(out, "."), *line; (line = strsep(&rest, "\n")) != NULL;)
		if (sscanf(line, "(%lu lines lost: nobody read them)", &n) == 1)
			counted += n;
		else if (*line != '\0')
			arrived += strcmp(line, "error 0123456789") == 0 ||
				   strcmp(line, "error the end") == 0;
	ck_assert_uint_gt(arrived, 1);
	ck_assert_uint_eq(arrived + counted, LOST_LINES + 1);
}
END_TEST

static void setup(void)
{
	log_init(LOG_INFO, LOG_COLOR_NEVER, false);
}

int main(void)
{
	Suite *suite = suite_create("log");
	TCase *tcase = tcase_create("log");

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_loop_test(tcase, test_escape, 0, sizeof escapes / sizeof escapes[0]);
	tcase_add_loop_test(tcase, test_cut, 0, sizeof cuts / sizeof cuts[0]);
	tcase_add_test(tcase, test_lines);
	tcase_add_test(tcase, test_errno_stays);
	tcase_add_test(tcase, test_color_and_times);
	tcase_add_test(tcase, test_auto_color);
	tcase_add_loop_test(tcase, test_long_line, 0, 2);
	tcase_add_test(tcase, test_threads);
	tcase_add_test(tcase, test_levels);
	tcase_add_test(tcase, test_change_level);
	tcase_add_test(tcase, test_has_color);
	tcase_add_test(tcase, test_sink);
	tcase_add_test(tcase, test_nobody_reads);
	tcase_add_test(tcase, test_slow_reader);
	suite_add_tcase(suite, tcase);
	return suite_main(suite);
}
