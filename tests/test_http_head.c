/* SPDX-License-Identifier: MIT */
/*
 * Heads of HTTP: tables of good and bad ones, each read at once and byte by byte; the limits;
 * fields and lists; and random bytes, which must not crash.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http_head.h"
#include "suite.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ROUNDS       20000
#define R            "GET / HTTP/1.1\r\n"

/* Bytes with their number, NULs and all. */
#define BYTES(text) (text), sizeof(text) - 1

typedef enum http_result (*read_fn)(struct http_head *out, const char *bytes, size_t size,
				    const char **why);

/* Reads a copy of just these bytes, so that ASan sees a byte too many. The head, if it is
 * whole, is read again from where it stays. */
static enum http_result read_copy(read_fn read, struct http_head *head, const char *data,
				  size_t size, const char **why)
{
	char *copy = malloc(size + 1);

	ck_assert_ptr_nonnull(copy);
	memcpy(copy + 1, data, size);
	enum http_result result = read(head, copy + 1, size, why);
	free(copy);
	if (result == HTTP_WHOLE)
		ck_assert_int_eq(read(head, data, size, why), HTTP_WHOLE);
	return result;
}

static void expect_text(struct http_text text, const char *expected)
{
	ck_assert_msg(text.size == strlen(expected) &&
			      memcmp(text.data, expected, text.size) == 0,
		      "\"%.*s\" is not \"%s\"", (int)text.size, text.data, expected);
}

/* ---- good ones ---- */

/* clang-format off */
static const struct {
	read_fn read;
	const char *data;
	const char *start[3];
	const char *fields; /* "name=value|" each */
} good[] = {
	{http_read_request, "GET / HTTP/1.1\r\n\r\n", {"GET", "/", "HTTP/1.1"}, ""},
	{http_read_request, "GET /a?b=c HTTP/1.0\r\nHost: x\r\n\r\n", {"GET", "/a?b=c", "HTTP/1.0"}, "Host=x|"},
	{http_read_request, "OPTIONS * HTTP/1.9\r\n\r\n", {"OPTIONS", "*", "HTTP/1.9"}, ""},
	{http_read_request, "get http://[::1]:80/~x HTTP/1.1\r\n\r\n", {"get", "http://[::1]:80/~x", "HTTP/1.1"}, ""},
	{http_read_request, "!#$%&'*+-.^_`|~09azAZ !\"<>{}\\^ HTTP/1.1\r\n\r\n",
	 {"!#$%&'*+-.^_`|~09azAZ", "!\"<>{}\\^", "HTTP/1.1"}, ""},
	/* what may be in fields and around them */
	{http_read_request, R "a:b\r\nc:\r\nd: \t \r\ne:\t f g \t\r\n\r\n", {"GET", "/", "HTTP/1.1"}, "a=b|c=|d=|e=f g|"},
	{http_read_request, R "X: a:b, \"c\" \xc3\xa4\xff\tz\r\n\r\n", {"GET", "/", "HTTP/1.1"}, "X=a:b, \"c\" \xc3\xa4\xff\tz|"},
	{http_read_request, R "a: 1\r\nA: 2\r\na: 3\r\n\r\n", {"GET", "/", "HTTP/1.1"}, "a=1|A=2|a=3|"},
	/* the example of RFC 6455, 1.2 */
	{http_read_request, "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
	 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://example.com\r\n\r\n", {"GET", "/chat", "HTTP/1.1"},
	 "Host=server.example.com|Upgrade=websocket|Connection=Upgrade|Sec-WebSocket-Key=dGhlIHNhbXBsZSBub25jZQ==|"
	 "Origin=http://example.com|"},
	/* answers */
	{http_read_response, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
	 {"HTTP/1.1", "101", "Switching Protocols"}, "Upgrade=websocket|"},
	{http_read_response, "HTTP/1.0 200 \r\n\r\n", {"HTTP/1.0", "200", ""}, ""},
	{http_read_response, "HTTP/1.1 404  It's n\xc3\xa4t\there \r\nA: b\r\n\r\n", {"HTTP/1.1", "404", " It's n\xc3\xa4t\there "}, "A=b|"},
};
/* clang-format on */

static void expect_good(const struct http_head *head, int row)
{
	char fields[512] = "";
	size_t n = 0;

	for (int i = 0; i < 3; i++)
		expect_text(head->start[i], good[row].start[i]);
	for (size_t i = 0; i < head->n_fields; i++) {
		const struct http_field *field = &head->fields[i];
		n += (size_t)snprintf(fields + n, sizeof(fields) - n, "%.*s=%.*s|",
				      (int)field->name.size, field->name.data,
				      (int)field->value.size, field->value.data);
	}
	ck_assert_str_eq(fields, good[row].fields);
}

START_TEST(a_good_head)
{
	struct http_head head;
	const char *data = good[_i].data, *why = NULL;
	size_t size = strlen(data);
	char more[512] = "";

	for (size_t n = 0; n < size; n++)
		ck_assert_msg(read_copy(good[_i].read, &head, data, n, &why) == HTTP_PART,
			      "%zu bytes: %s", n, why);
	ck_assert_int_eq(read_copy(good[_i].read, &head, data, size, &why), HTTP_WHOLE);
	ck_assert_uint_eq(head.size, size);
	expect_good(&head, _i);
	/* what comes behind it is no part of it, whatever it is */
	snprintf(more, sizeof(more), "%s%c\n \r\n%s", data, 1, data);
	ck_assert_int_eq(read_copy(good[_i].read, &head, more, sizeof(more), &why), HTTP_WHOLE);
	ck_assert_uint_eq(head.size, size);
	expect_good(&head, _i);
	ck_assert_ptr_null(why);
}
END_TEST

/* ---- bad ones ---- */

/* clang-format off */
static const struct {
	read_fn read;
	const char *data;
	size_t size; /* at which the fault is seen, and not before */
	const char *why;
} bad[] = {
	/* no requests */
	{http_read_request, BYTES(" "), "no request"},
	{http_read_request, BYTES("\r"), "no request"},
	{http_read_request, BYTES("\0"), "no request"},
	{http_read_request, BYTES("\x16"), "no request"},
	{http_read_request, BYTES("GET\r"), "no request"},
	{http_read_request, BYTES("GET:"), "no request"},
	{http_read_request, BYTES("GET  "), "no request"},
	{http_read_request, BYTES("GET\t"), "no request"},
	{http_read_request, BYTES("GE\xc3"), "no request"},
	{http_read_request, BYTES("GET /\r"), "no request"},
	{http_read_request, BYTES("GET /\n"), "no request"},
	{http_read_request, BYTES("GET /\x7f"), "no request"},
	{http_read_request, BYTES("GET /\xc3"), "no request"},
	{http_read_request, BYTES("GET / \r"), "no request"},
	{http_read_request, BYTES("GET / h"), "no request"},
	{http_read_request, BYTES("GET / HTTP/2"), "no request"},
	{http_read_request, BYTES("GET / HTTP/1.\r"), "no request"},
	{http_read_request, BYTES("GET / HTTP/1.x"), "no request"},
	{http_read_request, BYTES("GET / HTTP/1.1 "), "does not belong"},
	{http_read_request, BYTES("GET / HTTP/1.11"), "does not belong"},
	{http_read_request, BYTES("GET / HTTP/1.1\n"), "CR LF"},
	{http_read_request, BYTES("GET / HTTP/1.1\rx"), "CR LF"},
	{http_read_request, BYTES("HTTP/"), "no request"},
	/* no answers */
	{http_read_response, BYTES("G"), "no answer"},
	{http_read_response, BYTES("\0"), "no answer"},
	{http_read_response, BYTES("HTTP/2"), "no answer"},
	{http_read_response, BYTES("HTTP/1.1\r"), "no answer"},
	{http_read_response, BYTES("HTTP/1.1 \r"), "no answer"},
	{http_read_response, BYTES("HTTP/1.1  "), "no answer"},
	{http_read_response, BYTES("HTTP/1.1 10\r"), "no answer"},
	{http_read_response, BYTES("HTTP/1.1 1a"), "no answer"},
	{http_read_response, BYTES("HTTP/1.1 101\r"), "no answer"},
	{http_read_response, BYTES("HTTP/1.1 1011"), "no answer"},
	{http_read_response, BYTES("HTTP/1.1 101 OK\n"), "CR LF"},
	{http_read_response, BYTES("HTTP/1.1 101 OK\0"), "does not belong"},
	{http_read_response, BYTES("HTTP/1.1 101 OK\x7f"), "does not belong"},
	/* fields */
	{http_read_request, BYTES(R "\n"), "CR LF"},
	{http_read_request, BYTES(R "\rx"), "CR LF"},
	{http_read_request, BYTES(R "\r\r"), "CR LF"},
	{http_read_request, BYTES(R " "), "folded"},
	{http_read_request, BYTES(R "\t"), "folded"},
	{http_read_request, BYTES(R "a: b\r\n "), "folded"},
	{http_read_request, BYTES(R "a: b\r\n\t"), "folded"},
	{http_read_request, BYTES(R ":"), "a name and a colon"},
	{http_read_request, BYTES(R "a "), "a name and a colon"},
	{http_read_request, BYTES(R "a\t"), "a name and a colon"},
	{http_read_request, BYTES(R "a\r"), "a name and a colon"},
	{http_read_request, BYTES(R "a\0"), "a name and a colon"},
	{http_read_request, BYTES(R "("), "a name and a colon"},
	{http_read_request, BYTES(R "a/"), "a name and a colon"},
	{http_read_request, BYTES(R "\xc3"), "a name and a colon"},
	{http_read_request, BYTES(R "a: b\n"), "CR LF"},
	{http_read_request, BYTES(R "a: b\r\r"), "CR LF"},
	{http_read_request, BYTES(R "a: b\rc"), "CR LF"},
	{http_read_request, BYTES(R "a:\n"), "CR LF"},
	{http_read_request, BYTES(R "a: b\0"), "does not belong"},
	{http_read_request, BYTES(R "a: b\x1b"), "does not belong"},
	{http_read_request, BYTES(R "a: b\x7f"), "does not belong"},
	{http_read_request, BYTES(R "a: b\x0b"), "does not belong"},
};
/* clang-format on */

START_TEST(a_bad_head)
{
	struct http_head head;
	const char *why = NULL;
	size_t size = bad[_i].size;
	char more[128];

	for (size_t n = 0; n < size; n++)
		ck_assert_msg(read_copy(bad[_i].read, &head, bad[_i].data, n, &why) ==
				      HTTP_PART,
			      "%zu bytes: %s", n, why);
	ck_assert_int_eq(read_copy(bad[_i].read, &head, bad[_i].data, size, &why), HTTP_BAD);
	ck_assert_msg(strstr(why, bad[_i].why) != NULL, "%s", why);
	memcpy(more, bad[_i].data, size);
	memcpy(more + size, "\r\n\r\n", 4);
	ck_assert_int_eq(read_copy(bad[_i].read, &head, more, size + 4, &why), HTTP_BAD);
}
END_TEST

/* ---- limits ---- */

/* A request of just so many bytes; room for 16 more. */
static char *long_request(size_t size)
{
	static const char begin[] = R "a: ";
	char *text = malloc(size + 16);

	ck_assert_ptr_nonnull(text);
	memset(text, 'x', size + 16);
	memcpy(text, begin, sizeof(begin) - 1);
	memcpy(text + size - 4, "\r\n\r\n", 4);
	return text;
}

START_TEST(the_longest_head)
{
	char *just = long_request(HTTP_HEAD_MAX), *more = long_request(HTTP_HEAD_MAX + 1);
	struct http_head head;
	const char *why = NULL;

	ck_assert_int_eq(read_copy(http_read_request, &head, just, HTTP_HEAD_MAX - 1, &why),
			 HTTP_PART);
	ck_assert_int_eq(read_copy(http_read_request, &head, just, HTTP_HEAD_MAX, &why),
			 HTTP_WHOLE);
	ck_assert_int_eq(read_copy(http_read_request, &head, just, HTTP_HEAD_MAX + 16, &why),
			 HTTP_WHOLE);
	ck_assert_uint_eq(head.size, HTTP_HEAD_MAX);

	ck_assert_int_eq(read_copy(http_read_request, &head, more, HTTP_HEAD_MAX - 1, &why),
			 HTTP_PART);
	ck_assert_ptr_null(why);
	for (size_t n = HTTP_HEAD_MAX; n <= HTTP_HEAD_MAX + 16; n++) {
		why = "";
		ck_assert_int_eq(read_copy(http_read_request, &head, more, n, &why),
				 HTTP_TOO_BIG);
		ck_assert_ptr_nonnull(strstr(why, "4096 bytes"));
	}
	free(just);
	free(more);
}
END_TEST

START_TEST(the_most_fields)
{
	struct http_head head;
	char text[1024] = R;
	const char *why = NULL;
	size_t size = strlen(R);

	for (int i = 0; i < HTTP_FIELDS_MAX; i++)
		size += (size_t)snprintf(text + size, sizeof(text) - size, "f%d: %d\r\n", i, i);
	memcpy(text + size, "\r\n", 2);
	ck_assert_int_eq(read_copy(http_read_request, &head, text, size + 2, &why), HTTP_WHOLE);
	ck_assert_uint_eq(head.n_fields, HTTP_FIELDS_MAX);
	expect_text(*http_field(&head, "f63", 0), "63");
	text[size] = 'f';
	ck_assert_int_eq(read_copy(http_read_request, &head, text, size, &why), HTTP_PART);
	ck_assert_int_eq(read_copy(http_read_request, &head, text, size + 1, &why),
			 HTTP_TOO_BIG);
	ck_assert_ptr_nonnull(strstr(why, "64 fields"));
}
END_TEST

/* ---- fields and lists ---- */

START_TEST(fields)
{
	static const char text[] =
		R "Connection: keep-alive, Upgrade\r\n"
		  "a: 1\r\nb: \r\nA: 2,\t3 ,, x y ,\r\nconnection: ,z\r\n\r\n";
	struct http_head head;
	const char *why;

	ck_assert_int_eq(http_read_request(&head, text, sizeof(text) - 1, &why), HTTP_WHOLE);
	expect_text(*http_field(&head, "a", 0), "1");
	expect_text(*http_field(&head, "A", 1), "2,\t3 ,, x y ,");
	ck_assert_ptr_null(http_field(&head, "a", 2));
	expect_text(*http_field(&head, "b", 0), "");
	ck_assert_ptr_null(http_field(&head, "c", 0));
	ck_assert_ptr_null(http_field(&head, "connectio", 0));
	ck_assert_ptr_null(http_field(&head, "connections", 0));

	ck_assert(http_has_word(&head, "CONNECTION", "upgrade"));
	ck_assert(http_has_word(&head, "connection", "Keep-Alive"));
	ck_assert(http_has_word(&head, "connection", "Z"));
	ck_assert(http_has_word(&head, "a", "1") && http_has_word(&head, "a", "2") &&
		  http_has_word(&head, "a", "3") && http_has_word(&head, "a", "x y"));
	ck_assert(!http_has_word(&head, "a", "x") && !http_has_word(&head, "a", "") &&
		  !http_has_word(&head, "b", "") && !http_has_word(&head, "c", "1"));
	ck_assert(!http_has_word(&head, "connection", "keep") &&
		  !http_has_word(&head, "connection", "upgrades"));
}
END_TEST

START_TEST(lists)
{
	struct http_text list = {.data = " , a,b c ,\t,d", .size = 13}, word;

	ck_assert(http_next_word(&list, &word));
	expect_text(word, "a");
	ck_assert(http_next_word(&list, &word));
	expect_text(word, "b c");
	ck_assert(http_next_word(&list, &word));
	expect_text(word, "d");
	ck_assert(!http_next_word(&list, &word) && !http_next_word(&list, &word));
	list = (struct http_text){.data = ",,,x", .size = 3};
	ck_assert(!http_next_word(&list, &word));
}
END_TEST

/* Good ones with some bytes changed: whatever they are, they fit in what is there. */
START_TEST(random_bytes)
{
	char data[512];
	struct http_head head;
	const char *why;

	srandom(1);
	for (unsigned round = 0; round < ROUNDS; round++) {
		size_t from = (size_t)random() % COUNT(good), size = strlen(good[from].data);

		memcpy(data, good[from].data, size);
		for (long changes = random() % 4; changes > 0; changes--)
			data[(size_t)random() % size] = (char)random();
		if (read_copy(good[from].read, &head, data, size, &why) == HTTP_WHOLE)
			REQUIRE(head.size <= size && head.n_fields <= HTTP_FIELDS_MAX);
	}
}
END_TEST

static Suite *http_head_suite(void)
{
	Suite *suite = suite_create("http_head");
	TCase *tcase = tcase_create("all");

	suite_add_tcase(suite, tcase);
	tcase_add_loop_test(tcase, a_good_head, 0, COUNT(good));
	tcase_add_loop_test(tcase, a_bad_head, 0, COUNT(bad));
	tcase_add_test(tcase, the_longest_head);
	tcase_add_test(tcase, the_most_fields);
	tcase_add_test(tcase, fields);
	tcase_add_test(tcase, lists);
	tcase_add_test(tcase, random_bytes);
	return suite;
}

int main(void)
{
	return suite_main(http_head_suite());
}
