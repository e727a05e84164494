/* SPDX-License-Identifier: MIT */
/*
 * Headers of the PROXY protocol: tables of good and bad ones, each read at once and byte by
 * byte; what is written, byte for byte; and random bytes, which must not crash.
 */
#include <stdlib.h>
#include <string.h>

#include "proxy_header.h"
#include "suite.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ROUNDS       20000
#define MARK         "\x0d\x0a\x0d\x0a\x00\x0d\x0a\x51\x55\x49\x54\x0a"
#define X10          "xxxxxxxxxx"
#define X90          X10 X10 X10 X10 X10 X10 X10 X10 X10
#define F16          "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"

/* Bytes with their number, NULs and all. */
#define BYTES(text) (text), sizeof(text) - 1

/* Reads a copy of just these bytes, so that ASan sees a byte too many. */
static enum proxy_header_result read_copy(struct proxy_header *header, const void *data,
					  size_t size, const char **why)
{
	uint8_t *copy = malloc(size + (size == 0));

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, data, size);
	enum proxy_header_result result = proxy_header_read(header, copy, size, why);
	free(copy);
	return result;
}

static void expect_address(const struct net_addr *addr, const char *expected)
{
	char text[NET_ADDR_TEXT];

	net_addr_text(text, addr, true);
	ck_assert_str_eq(text, expected);
}

/* ---- good ones ---- */

/* clang-format off */
static const struct {
	const char *data;
	size_t size;
	const char *source, *destination; /* NULL: it names nobody */
} good[] = {
	/* the examples and the longest lines of the specification */
	{BYTES("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n"), "192.168.0.1:56324", "192.168.0.11:443"},
	{BYTES("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n"),
	 "255.255.255.255:65535", "255.255.255.255:65535"},
	{BYTES("PROXY TCP6 " F16 " " F16 " 65535 65535\r\n"), "[" F16 "]:65535", "[" F16 "]:65535"},
	{BYTES("PROXY UNKNOWN\r\n"), NULL, NULL},
	{BYTES("PROXY UNKNOWN " F16 " " F16 " 65535 65535\r\n"), NULL, NULL},
	/* the ends of what is allowed */
	{BYTES("PROXY TCP4 0.0.0.0 1.2.3.4 0 1\r\n"), "0.0.0.0:0", "1.2.3.4:1"},
	{BYTES("PROXY TCP6 2001:DB8::1 ::1 1 2\r\n"), "[2001:db8::1]:1", "[::1]:2"},
	{BYTES("PROXY TCP6 ::ffff:203.0.113.7 ::ffff:198.51.100.2 7 8\r\n"), "203.0.113.7:7", "198.51.100.2:8"},
	{BYTES("PROXY UNKNOWN \r\n"), NULL, NULL},
	{BYTES("PROXY UNKNOWN  what ever 1.2.3\r\n"), NULL, NULL},
	/* version 2: LOCAL, whatever it says behind that */
	{BYTES(MARK "\x20\x00\x00\x00"), NULL, NULL},
	{BYTES(MARK "\x20\x11\x00\x0c\x01\x02\x03\x04\x05\x06\x07\x08\x00\x01\x00\x02"), NULL, NULL},
	{BYTES(MARK "\x20\x11\x00\x00"), NULL, NULL},
	{BYTES(MARK "\x20\xff\x00\x03\x04\x00\x00"), NULL, NULL},
	/* PROXY */
	{BYTES(MARK "\x21\x11\x00\x0c\xc0\xa8\x00\x01\xc0\xa8\x00\x0b\xdc\x04\x01\xbb"),
	 "192.168.0.1:56324", "192.168.0.11:443"},
	{BYTES(MARK "\x21\x21\x00\x24\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x07"
	       "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x12\x34\x63\xdd"),
	 "[2001:db8::7]:4660", "[::1]:25565"},
	{BYTES(MARK "\x21\x21\x00\x24\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xcb\x00\x71\x07"
	       "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xc6\x33\x64\x02\x00\x07\x00\x08"),
	 "203.0.113.7:7", "198.51.100.2:8"},
	/* nobody says who: AF_UNSPEC, UDP, no protocol */
	{BYTES(MARK "\x21\x00\x00\x00"), NULL, NULL},
	{BYTES(MARK "\x21\x00\x00\x02\xaa\xbb"), NULL, NULL},
	{BYTES(MARK "\x21\x01\x00\x00"), NULL, NULL},
	{BYTES(MARK "\x21\x10\x00\x0c\x01\x02\x03\x04\x05\x06\x07\x08\x00\x01\x00\x02"), NULL, NULL},
	{BYTES(MARK "\x21\x12\x00\x0c\x01\x02\x03\x04\x05\x06\x07\x08\x00\x01\x00\x02"), NULL, NULL},
	/* TLVs: ALPN and a NOOP; SSL with its version and a name within; nonsense */
	{BYTES(MARK "\x21\x11\x00\x17\x01\x02\x03\x04\x05\x06\x07\x08\x00\x01\x00\x02"
	       "\x01\x00\x02h2\x04\x00\x03\x00\x00\x00"), "1.2.3.4:1", "5.6.7.8:2"},
	{BYTES(MARK "\x21\x11\x00\x26\x01\x02\x03\x04\x05\x06\x07\x08\x00\x01\x00\x02"
	       "\x20\x00\x17\x07\x00\x00\x00\x00\x21\x00\x07TLSv1.3\x22\x00\x05" "alice"),
	 "1.2.3.4:1", "5.6.7.8:2"},
	{BYTES(MARK "\x21\x11\x00\x0e\x01\x02\x03\x04\x05\x06\x07\x08\x00\x01\x00\x02\x20\xff"),
	 "1.2.3.4:1", "5.6.7.8:2"},
};
/* clang-format on */

START_TEST(a_good_header)
{
	struct proxy_header header;
	const char *why = NULL;

	for (size_t n = 0; n < good[_i].size; n++)
		ck_assert_msg(read_copy(&header, good[_i].data, n, &why) == PROXY_HEADER_PART,
			      "%zu bytes: %s", n, why != NULL ? why : "whole");
	ck_assert_int_eq(read_copy(&header, good[_i].data, good[_i].size, &why),
			 PROXY_HEADER_WHOLE);
	ck_assert_uint_eq(header.size, good[_i].size);
	ck_assert_int_eq(header.version,
			 good[_i].data[0] == 'P' ? PROXY_HEADER_V1 : PROXY_HEADER_V2);
	ck_assert_int_eq(header.has_addresses, good[_i].source != NULL);
	if (good[_i].source == NULL)
		return;
	expect_address(&header.source, good[_i].source);
	expect_address(&header.destination, good[_i].destination);
}
END_TEST

/* What comes behind it is not its business. */
START_TEST(a_header_and_more)
{
	char data[512];
	struct proxy_header header;
	const char *why;

	for (size_t more = 1; more <= 200; more++) {
		memcpy(data, good[_i].data, good[_i].size);
		memset(data + good[_i].size, (int)more, more);
		ck_assert_int_eq(read_copy(&header, data, good[_i].size + more, &why),
				 PROXY_HEADER_WHOLE);
		ck_assert_uint_eq(header.size, good[_i].size);
	}
}
END_TEST

/* The addresses of a UNIX socket count for nobody, but must be there. */
START_TEST(unix_sockets)
{
	uint8_t data[16 + 216] = MARK "\x21\x31\x00\xd8/run/haproxy.sock";
	struct proxy_header header;
	const char *why;

	ck_assert_int_eq(read_copy(&header, data, sizeof(data) - 1, &why), PROXY_HEADER_PART);
	ck_assert_int_eq(read_copy(&header, data, sizeof(data), &why), PROXY_HEADER_WHOLE);
	ck_assert(!header.has_addresses);
	data[13] = 0x32;
	ck_assert_int_eq(read_copy(&header, data, sizeof(data), &why), PROXY_HEADER_WHOLE);
	ck_assert(!header.has_addresses);
	data[15]--;
	ck_assert_int_eq(read_copy(&header, data, 16, &why), PROXY_HEADER_BAD);
}
END_TEST

START_TEST(a_header_has_a_limit)
{
	uint8_t data[PROXY_HEADER_MAX] = MARK "\x21\x11\x0f\xf0\x01\x02\x03\x04";
	struct proxy_header header;
	const char *why;

	ck_assert_int_eq(read_copy(&header, data, sizeof(data) - 1, &why), PROXY_HEADER_PART);
	ck_assert_int_eq(read_copy(&header, data, sizeof(data), &why), PROXY_HEADER_WHOLE);
	ck_assert_uint_eq(header.size, PROXY_HEADER_MAX);
	data[15]++;
	ck_assert_int_eq(read_copy(&header, data, 15, &why), PROXY_HEADER_PART);
	ck_assert_int_eq(read_copy(&header, data, 16, &why), PROXY_HEADER_BAD);
	ck_assert_ptr_nonnull(strstr(why, "longer than 4096"));
	data[12] = 0x20; /* also of the proxy's own */
	ck_assert_int_eq(read_copy(&header, data, 16, &why), PROXY_HEADER_BAD);
}
END_TEST

/* ---- bad ones ---- */

/* clang-format off */
static const struct {
	const char *data;
	size_t size; /* at which the fault is seen, and not before */
	const char *why;
} bad[] = {
	/* none at all: a Classic client, the web, somebody else */
	{BYTES("\0"), "there is none"},
	{BYTES("G"), "there is none"},
	{BYTES("p"), "there is none"},
	{BYTES("PROXX"), "there is none"},
	{BYTES("PROXY\r"), "there is none"},
	{BYTES("PROXYS"), "there is none"},
	{BYTES("\r\n\r\n\1"), "there is none"},
	{BYTES("\r\n\r\n\0\r\nQUIT\r"), "there is none"},
	/* words */
	{BYTES("PROXY \r\n"), "neither TCP4"},
	{BYTES("PROXY TCP5 1.2.3.4 1.2.3.4 1 2\r\n"), "neither TCP4"},
	{BYTES("PROXY tcp4 1.2.3.4 1.2.3.4 1 2\r\n"), "neither TCP4"},
	{BYTES("PROXY  TCP4 1.2.3.4 1.2.3.4 1 2\r\n"), "neither TCP4"},
	{BYTES("PROXY TCP4\r\n"), "neither TCP4"},
	{BYTES("PROXY UNKNOWNS\r\n"), "neither TCP4"},
	{BYTES("PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n"), "neither TCP4"},
	{BYTES("PROXY TCP4 \r\n"), "two addresses"},
	{BYTES("PROXY TCP4 1.2.3.4\r\n"), "two addresses"},
	{BYTES("PROXY TCP4 1.2.3.4 1.2.3.4\r\n"), "two addresses"},
	{BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n"), "two addresses"},
	{BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n"), "two addresses"},
	{BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1 2 \r\n"), "two addresses"},
	/* ports */
	{BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1 \r\n"), "a port"},
	{BYTES("PROXY TCP4 1.2.3.4 1.2.3.4  2\r\n"), "a port"},
	{BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n"), "a port"},
	{BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1 00\r\n"), "a port"},
	{BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n"), "a port"},
	{BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1 99999\r\n"), "a port"},
	{BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1 4294967297\r\n"), "a port"},
	{BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 -1 2\r\n"), "a port"},
	{BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 +1 2\r\n"), "a port"},
	{BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1 0x2\r\n"), "a port"},
	{BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1 \t2\r\n"), "a port"},
	/* addresses */
	{BYTES("PROXY TCP4 01.2.3.4 1.2.3.4 1 2\r\n"), "an address"},
	{BYTES("PROXY TCP4 1.2.3.4 1.2.3.04 1 2\r\n"), "an address"},
	{BYTES("PROXY TCP4 1.2.3 1.2.3.4 1 2\r\n"), "an address"},
	{BYTES("PROXY TCP4 1.2.3.256 1.2.3.4 1 2\r\n"), "an address"},
	{BYTES("PROXY TCP4 1.2.3.4.5 1.2.3.4 1 2\r\n"), "an address"},
	{BYTES("PROXY TCP4 ::1 ::1 1 2\r\n"), "an address"},
	{BYTES("PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n"), "an address"},
	{BYTES("PROXY TCP6 ::1 1.2.3.4 1 2\r\n"), "an address"},
	{BYTES("PROXY TCP6 ::1::2 ::1 1 2\r\n"), "an address"},
	{BYTES("PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n"), "an address"},
	{BYTES("PROXY TCP6 12345::1 ::1 1 2\r\n"), "an address"},
	{BYTES("PROXY TCP4 localhost 1.2.3.4 1 2\r\n"), "an address"},
	{BYTES("PROXY TCP4 unix:/x 1.2.3.4 1 2\r\n"), "an address"},
	{BYTES("PROXY TCP4  1.2.3.4 1 2\r\n"), "an address"},
	/* the end of the line */
	{BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n"), "CR LF"},
	{BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\r"), "CR LF"},
	{BYTES("PROXY TCP4 1.2.3.4\r1"), "CR LF"},
	{BYTES("PROXY UNKNOWN\n"), "CR LF"},
	{BYTES("PROXY UNKNOWN\rx"), "CR LF"},
	{BYTES("PROXY TCP4 1.2.3.4\0"), "CR LF"},
	{BYTES("PROXY UNKNOWN " X90 "xx"), "no end within 107"},
	/* version 2: its version and command, family and protocol, length */
	{BYTES(MARK "\x10"), "version"},
	{BYTES(MARK "\x30"), "version"},
	{BYTES(MARK "\x22"), "version"},
	{BYTES(MARK "\x2f"), "version"},
	{BYTES(MARK "\x01"), "version"},
	{BYTES(MARK "\x21\x41"), "family"},
	{BYTES(MARK "\x21\xf1"), "family"},
	{BYTES(MARK "\x21\x13"), "family"},
	{BYTES(MARK "\x21\x0f"), "family"},
	{BYTES(MARK "\x21\x11\x00\x0b"), "too short"},
	{BYTES(MARK "\x21\x11\x00\x00"), "too short"},
	{BYTES(MARK "\x21\x12\x00\x0b"), "too short"},
	{BYTES(MARK "\x21\x21\x00\x23"), "too short"},
	{BYTES(MARK "\x21\x21\x00\x0c"), "too short"},
	{BYTES(MARK "\x21\x31\x00\xd7"), "too short"},
	{BYTES(MARK "\x21\x11\xff\xff"), "longer"},
	{BYTES(MARK "\x20\x00\xff\xff"), "longer"},
};
/* clang-format on */

START_TEST(a_bad_header)
{
	struct proxy_header header;
	const char *why = "";

	for (size_t n = 0; n < bad[_i].size; n++)
		ck_assert_msg(read_copy(&header, bad[_i].data, n, &why) == PROXY_HEADER_PART,
			      "%zu bytes: %s", n, why);
	ck_assert_int_eq(read_copy(&header, bad[_i].data, bad[_i].size, &why),
			 PROXY_HEADER_BAD);
	ck_assert_msg(strstr(why, bad[_i].why) != NULL, "%s", why);
	ck_assert(!header.has_addresses || strstr(why, "port") == NULL);
}
END_TEST

/* 107 bytes are a line, 108 are none, and that is seen as soon as it can't end any more. */
START_TEST(the_longest_line)
{
	char line[] = "PROXY UNKNOWN " X90 "x\r\n";
	struct proxy_header header;
	const char *why;

	ck_assert_uint_eq(sizeof(line) - 1, PROXY_HEADER_V1_MAX);
	ck_assert_int_eq(read_copy(&header, line, PROXY_HEADER_V1_MAX, &why),
			 PROXY_HEADER_WHOLE);
	line[PROXY_HEADER_V1_MAX - 2] = 'x';
	ck_assert_int_eq(read_copy(&header, line, PROXY_HEADER_V1_MAX - 2, &why),
			 PROXY_HEADER_PART);
	ck_assert_int_eq(read_copy(&header, line, PROXY_HEADER_V1_MAX - 1, &why),
			 PROXY_HEADER_BAD);
	line[PROXY_HEADER_V1_MAX - 1] = '\r';
	ck_assert_int_eq(read_copy(&header, line, PROXY_HEADER_V1_MAX, &why), PROXY_HEADER_BAD);
}
END_TEST

/* ---- writing ---- */

/* clang-format off */
static const struct {
	const char *source;
	uint16_t source_port;
	const char *destination;
	uint16_t destination_port;
	const char *v1, *v2;
	size_t v2_size;
} written[] = {
	{"192.168.0.1", 56324, "192.168.0.11", 443, "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n",
	 BYTES(MARK "\x21\x11\x00\x0c\xc0\xa8\x00\x01\xc0\xa8\x00\x0b\xdc\x04\x01\xbb")},
	{"::ffff:203.0.113.7", 7, "::ffff:198.51.100.2", 8, "PROXY TCP4 203.0.113.7 198.51.100.2 7 8\r\n",
	 BYTES(MARK "\x21\x11\x00\x0c\xcb\x00\x71\x07\xc6\x33\x64\x02\x00\x07\x00\x08")},
	{"203.0.113.7", 7, "::ffff:198.51.100.2", 8, "PROXY TCP4 203.0.113.7 198.51.100.2 7 8\r\n",
	 BYTES(MARK "\x21\x11\x00\x0c\xcb\x00\x71\x07\xc6\x33\x64\x02\x00\x07\x00\x08")},
	{"2001:db8::7", 4660, "::1", 25565, "PROXY TCP6 2001:db8::7 ::1 4660 25565\r\n",
	 BYTES(MARK "\x21\x21\x00\x24\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x07"
	       "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x12\x34\x63\xdd")},
	{"203.0.113.7", 7, "2001:db8::2", 8, "PROXY TCP6 ::ffff:203.0.113.7 2001:db8::2 7 8\r\n",
	 BYTES(MARK "\x21\x21\x00\x24\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xcb\x00\x71\x07"
	       "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x07\x00\x08")},
	{F16, 65535, F16, 65535, "PROXY TCP6 " F16 " " F16 " 65535 65535\r\n",
	 BYTES(MARK "\x21\x21\x00\x24\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
	       "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")},
	{"unix:/run/x", 0, "1.2.3.4", 8, "PROXY UNKNOWN\r\n", BYTES(MARK "\x21\x00\x00\x00")},
	{"1.2.3.4", 8, NULL, 0, "PROXY UNKNOWN\r\n", BYTES(MARK "\x21\x00\x00\x00")},
};
/* clang-format on */

static void expect_bytes(const uint8_t *out, size_t n, const char *expected, size_t size)
{
	ck_assert_uint_eq(n, size);
	ck_assert_mem_eq(out, expected, size);
}

START_TEST(what_is_written)
{
	uint8_t out[PROXY_HEADER_WRITE_MAX];
	struct net_addr source, destination = {0};
	struct proxy_header header;
	const char *why;
	size_t n;

	ck_assert(net_addr_parse(&source, written[_i].source, written[_i].source_port));
	ck_assert(written[_i].destination == NULL ||
		  net_addr_parse(&destination, written[_i].destination,
				 written[_i].destination_port));
	n = proxy_header_write(out, PROXY_HEADER_V1, &source, &destination);
	expect_bytes(out, n, written[_i].v1, strlen(written[_i].v1));
	n = proxy_header_write(out, PROXY_HEADER_V2, &source, &destination);
	expect_bytes(out, n, written[_i].v2, written[_i].v2_size);
	ck_assert_int_eq(read_copy(&header, out, n, &why), PROXY_HEADER_WHOLE);
	if (header.has_addresses)
		ck_assert(net_addr_is_same(&header.source, &source) &&
			  net_addr_is_same(&header.destination, &destination));
}
END_TEST

START_TEST(what_is_written_of_its_own)
{
	uint8_t out[PROXY_HEADER_WRITE_MAX];

	expect_bytes(out, proxy_header_write_local(out, PROXY_HEADER_V1),
		     BYTES("PROXY UNKNOWN\r\n"));
	expect_bytes(out, proxy_header_write_local(out, PROXY_HEADER_V2),
		     BYTES(MARK "\x20\x00\x00\x00"));
}
END_TEST

/* Good ones with some bytes changed: whatever they are, they fit in what is there. */
START_TEST(random_bytes)
{
	uint8_t data[128];
	struct proxy_header header;
	const char *why;

	srandom(1);
	for (unsigned round = 0; round < ROUNDS; round++) {
		size_t from = (size_t)random() % COUNT(good), size = good[from].size;

		memcpy(data, good[from].data, size);
		for (long changes = random() % 4; changes > 0; changes--)
			data[(size_t)random() % size] = (uint8_t)random();
		if (read_copy(&header, data, size, &why) == PROXY_HEADER_WHOLE)
			REQUIRE(header.size <= size);
	}
}
END_TEST

static Suite *proxy_header_suite(void)
{
	Suite *suite = suite_create("proxy_header");
	TCase *tcase = tcase_create("all");

	suite_add_tcase(suite, tcase);
	tcase_add_loop_test(tcase, a_good_header, 0, COUNT(good));
	tcase_add_loop_test(tcase, a_header_and_more, 0, COUNT(good));
	tcase_add_test(tcase, unix_sockets);
	tcase_add_test(tcase, a_header_has_a_limit);
	tcase_add_loop_test(tcase, a_bad_header, 0, COUNT(bad));
	tcase_add_test(tcase, the_longest_line);
	tcase_add_loop_test(tcase, what_is_written, 0, COUNT(written));
	tcase_add_test(tcase, what_is_written_of_its_own);
	tcase_add_test(tcase, random_bytes);
	return suite;
}

int main(void)
{
	return suite_main(proxy_header_suite());
}
