/* SPDX-License-Identifier: MIT */
/*
 * The handshake of WebSocket: the example of RFC 6455, tables of requests and answers, good and
 * bad; what is written, letter by letter; where players are and where requests go.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"
#include "upgrade.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define KEY          "dGhlIHNhbXBsZSBub25jZQ==" /* RFC 6455, 1.3 */
#define ACCEPT       "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
#define X10          "xxxxxxxxxx"
#define X100         X10 X10 X10 X10 X10 X10 X10 X10 X10 X10

/* Parts of good requests and answers. */
#define GET  "GET / HTTP/1.1\r\nHost: x\r\n"
#define UP   "Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define V13  "Sec-WebSocket-Version: 13\r\n"
#define K    "Sec-WebSocket-Key: " KEY "\r\n"
#define P    "Sec-WebSocket-Protocol: ClassiCube\r\n"
#define A    "Sec-WebSocket-Accept: " ACCEPT "\r\n"
#define S101 "HTTP/1.1 101 Switching Protocols\r\n"
#define END  "\r\n"

static struct http_head read_request(const char *text)
{
	struct http_head head;
	const char *why = "it is too short";

	ck_assert_msg(http_read_request(&head, text, strlen(text), &why) == HTTP_WHOLE,
		      "%s: %s", text, why);
	ck_assert_uint_eq(head.size, strlen(text));
	return head;
}

static struct http_head read_response(const char *text)
{
	struct http_head head;
	const char *why = "it is too short";

	ck_assert_msg(http_read_response(&head, text, strlen(text), &why) == HTTP_WHOLE,
		      "%s: %s", text, why);
	return head;
}

/* ---- keys ---- */

START_TEST(accept_values)
{
	char out[UPGRADE_ACCEPT_TEXT];

	ck_assert(upgrade_accept(out, KEY));
	ck_assert_str_eq(out, ACCEPT);
	ck_assert(upgrade_accept(out, "AAAAAAAAAAAAAAAAAAAAAA=="));
	ck_assert_str_eq(out, "ICX+Yqv66kxgM0FcWaLWlFLwTAI=");
}
END_TEST

static const char *const bad_keys[] = {
	"",
	"dGhlIHNhbXBsZSBub25jZQ=",
	"dGhlIHNhbXBsZSBub25jZQ",
	"dGhlIHNhbXBsZSBub25jZQ== ",
	" dGhlIHNhbXBsZSBub25jZQ==",
	"dGhlIHNhbXBsZSBub25j",     /* 15 bytes */
	"dGhlIHNhbXBsZSBub25jZWU=", /* 17 bytes */
	"dGhlIHNhbXBsZSBub25jZWVl", /* 18 bytes */
	"dGhlIHNh XBsZSBub25jZQ==",
	"dGhlIHNh!XBsZSBub25jZQ==",
	"dGhlIHNhb=BsZSBub25jZQ==",
	"dGhlIHNhbXBsZSBub25jZQ=Q",
};

START_TEST(a_bad_key)
{
	char out[UPGRADE_ACCEPT_TEXT];

	ck_assert(!upgrade_accept(out, bad_keys[_i]));
}
END_TEST

START_TEST(random_keys)
{
	char key[UPGRADE_KEY_TEXT], other[UPGRADE_KEY_TEXT], out[UPGRADE_ACCEPT_TEXT];

	for (int i = 0; i < 100; i++) {
		upgrade_make_key(key);
		upgrade_make_key(other);
		ck_assert_uint_eq(strlen(key), UPGRADE_KEY_TEXT - 1);
		ck_assert_str_ne(key, other);
		ck_assert(upgrade_accept(out, key));
		ck_assert_uint_eq(strlen(out), UPGRADE_ACCEPT_TEXT - 1);
	}
}
END_TEST

/* ---- requests ---- */

/* clang-format off */
static const struct {
	const char *text;
	enum upgrade_verdict verdict;
	const char *why; /* NULL: nothing */
} requests[] = {
	{GET UP V13 K P END, UPGRADE_OK, NULL},
	/* Firefox, another order, other cases, a newer version, several subprotocols, no body */
	{GET "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n" V13 K P END, UPGRADE_OK, NULL},
	{"GET /play?x HTTP/1.1\r\n" P K V13 "UPGRADE: h2c, WebSocket\r\nconnection: upgrade\r\nhost: y\r\n\r\n", UPGRADE_OK, NULL},
	{"GET / HTTP/1.2\r\nHost:\r\n" UP V13 K P END, UPGRADE_OK, NULL},
	{GET UP V13 K "Sec-WebSocket-Protocol: chat, ClassiCube\r\nContent-Length: 0\r\n\r\n", UPGRADE_OK, NULL},
	{GET UP V13 K "Sec-WebSocket-Protocol: chat\r\n" P "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n", UPGRADE_OK, NULL},
	/* plain requests */
	{GET END, UPGRADE_NOT_ASKED, "WebSocket"},
	{GET "Upgrade: h2c\r\nConnection: Upgrade\r\n" V13 K P END, UPGRADE_NOT_ASKED, "WebSocket"},
	{GET "Upgrade: websocket\r\nConnection: close\r\n" V13 K P END, UPGRADE_NOT_ASKED, "WebSocket"},
	{GET "Upgrade: websocket\r\n" V13 K P END, UPGRADE_NOT_ASKED, "WebSocket"},
	{GET "Connection: Upgrade\r\n" V13 K P END, UPGRADE_NOT_ASKED, "WebSocket"},
	{GET "Upgrade: websockets\r\nConnection: Upgraded\r\n" V13 K P END, UPGRADE_NOT_ASKED, "WebSocket"},
	/* versions */
	{GET UP K P END, UPGRADE_BAD_VERSION, "version 13"},
	{GET UP "Sec-WebSocket-Version: 8\r\n" K P END, UPGRADE_BAD_VERSION, "version 13"},
	{GET UP "Sec-WebSocket-Version: 13, 8\r\n" K P END, UPGRADE_BAD_VERSION, "version 13"},
	{GET UP V13 "Sec-WebSocket-Version: 8\r\n" K P END, UPGRADE_BAD_VERSION, "version 13"},
	/* keys */
	{GET UP V13 P END, UPGRADE_BAD_REQUEST, "Key"},
	{GET UP V13 K K P END, UPGRADE_BAD_REQUEST, "Key"},
	{GET UP V13 "Sec-WebSocket-Key:\r\n" P END, UPGRADE_BAD_REQUEST, "Key"},
	{GET UP V13 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ\r\n" P END, UPGRADE_BAD_REQUEST, "Key"},
	{GET UP V13 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQQ=\r\n" P END, UPGRADE_BAD_REQUEST, "Key"},
	{GET UP V13 "Sec-WebSocket-Key: " X100 "\r\n" P END, UPGRADE_BAD_REQUEST, "Key"},
	/* subprotocols */
	{GET UP V13 K END, UPGRADE_BAD_REQUEST, "subprotocol ClassiCube"},
	{GET UP V13 K "Sec-WebSocket-Protocol: classicube\r\n\r\n", UPGRADE_BAD_REQUEST, "subprotocol"},
	{GET UP V13 K "Sec-WebSocket-Protocol: ClassiCube2, chat\r\n\r\n", UPGRADE_BAD_REQUEST, "subprotocol"},
	/* what is wrong with any request */
	{"POST / HTTP/1.1\r\nHost: x\r\n" UP V13 K P END, UPGRADE_BAD_REQUEST, "method"},
	{"get / HTTP/1.1\r\nHost: x\r\n" UP V13 K P END, UPGRADE_BAD_REQUEST, "method"},
	{"GET / HTTP/1.0\r\nHost: x\r\n" UP V13 K P END, UPGRADE_BAD_REQUEST, "HTTP/1.1"},
	{"GET / HTTP/1.1\r\n" UP V13 K P END, UPGRADE_BAD_REQUEST, "Host"},
	{GET "hOST: y\r\n" UP V13 K P END, UPGRADE_BAD_REQUEST, "Host"},
	{GET UP V13 K P "Content-Length: 1\r\n\r\n", UPGRADE_BAD_REQUEST, "body"},
	{GET UP V13 K P "Content-Length: 0\r\nContent-Length: 1\r\n\r\n", UPGRADE_BAD_REQUEST, "body"},
	{GET UP V13 K P "Transfer-Encoding: chunked\r\n\r\n", UPGRADE_BAD_REQUEST, "body"},
};
/* clang-format on */

START_TEST(a_request)
{
	struct http_head head = read_request(requests[_i].text);
	const char *why = "?";

	ck_assert_int_eq(upgrade_read_request(&head, &why), requests[_i].verdict);
	if (requests[_i].why == NULL)
		ck_assert_msg(why == NULL, "%s", why);
	else
		ck_assert_msg(strstr(why, requests[_i].why) != NULL, "%s", why);
}
END_TEST

/* ---- answers of ours ---- */

static void expect_written(const char *out, size_t size, const char *expected)
{
	ck_assert_str_eq(out, expected);
	ck_assert_uint_eq(size, strlen(expected));
}

START_TEST(the_welcome)
{
	struct http_head head = read_request(GET UP V13 K P END), answer;
	char out[UPGRADE_WRITE_MAX];
	const char *why;

	expect_written(out, upgrade_write_welcome(out, &head),
		       "HTTP/1.1 101 Switching Protocols\r\n"
		       "Upgrade: websocket\r\n"
		       "Connection: Upgrade\r\n"
		       "Sec-WebSocket-Accept: " ACCEPT "\r\n"
		       "Sec-WebSocket-Protocol: ClassiCube\r\n\r\n");
	answer = read_response(out);
	ck_assert(upgrade_read_answer(&answer, KEY, &why));
}
END_TEST

START_TEST(refusals)
{
	char out[UPGRADE_WRITE_MAX];

	expect_written(out, upgrade_write_refusal(out, 426, "Play here."),
		       "HTTP/1.1 426 Upgrade Required\r\n"
		       "Connection: Upgrade, close\r\n"
		       "Upgrade: websocket\r\n"
		       "Sec-WebSocket-Version: 13\r\n"
		       "Content-Type: text/plain; charset=utf-8\r\n"
		       "Content-Length: 11\r\n\r\n"
		       "Play here.\n");
	expect_written(out, upgrade_write_refusal(out, 400, "N\xc3\xb6"),
		       "HTTP/1.1 400 Bad Request\r\n"
		       "Connection: close\r\n"
		       "Content-Type: text/plain; charset=utf-8\r\n"
		       "Content-Length: 4\r\n\r\n"
		       "N\xc3\xb6\n");
	upgrade_write_refusal(out, 431, "");
	ck_assert_ptr_nonnull(strstr(out, "HTTP/1.1 431 Request Header Fields Too Large\r\n"));
	ck_assert_ptr_nonnull(strstr(out, "Content-Length: 1\r\n\r\n\n"));
	upgrade_write_refusal(out, 503, "");
	ck_assert_ptr_nonnull(strstr(out, "HTTP/1.1 503 Service Unavailable\r\n"));
	upgrade_write_refusal(out, 418, "");
	ck_assert_ptr_nonnull(strstr(out, "HTTP/1.1 418 \r\nConnection: close\r\n"));
	read_response(out);
	ck_assert_uint_eq(upgrade_status(UPGRADE_NOT_ASKED), 426);
	ck_assert_uint_eq(upgrade_status(UPGRADE_BAD_VERSION), 426);
	ck_assert_uint_eq(upgrade_status(UPGRADE_BAD_REQUEST), 400);
}
END_TEST

/* Words of any length: the length that is said is that which comes, and no letter is torn. */
START_TEST(long_words)
{
	char out[UPGRADE_WRITE_MAX], words[1200], said[64];

	for (size_t n = 0; n < 1000; n++) {
		size_t room = n < 512 ? 512 - n : 0;
		size_t kept = n < 512 ? n + (room < 6 ? room / 3 * 3 : 6) : 512;
		memset(words, 'x', n);
		memcpy(words + n, "\xe2\x82\xac\xe2\x82\xac", 7);
		size_t size = upgrade_write_refusal(out, 426, words);
		ck_assert_uint_eq(size, strlen(out));
		const char *body = strstr(out, "\r\n\r\n") + 4;
		snprintf(said, sizeof(said), "Content-Length: %zu\r\n", kept + 1);
		ck_assert_ptr_nonnull(strstr(out, said));
		ck_assert_uint_eq(strlen(body), kept + 1);
		ck_assert_mem_eq(body, words, kept);
		ck_assert_int_eq(body[kept], '\n');
	}
}
END_TEST

/* ---- where the player is ---- */

static bool is_ten(const void *context, const struct net_addr *addr)
{
	char text[NET_ADDR_TEXT];

	ck_assert_str_eq(context, "context");
	net_addr_text(text, addr, false);
	return strncmp(text, "10.", 3) == 0 || strcmp(text, "[::1]") == 0 ||
	       strcmp(text, "::1") == 0;
}

/* clang-format off */
static const struct {
	const char *fields;
	const char *address; /* NULL: it is not said */
	const char *why;     /* NULL: there is none */
} players[] = {
	{"", NULL, NULL},
	{"X-Real: 1.2.3.4\r\nForwarded: for=1.2.3.4\r\n", NULL, NULL},
	{"X-Real-IP:\r\nX-Forwarded-For: , ,\r\n", NULL, NULL},
	/* forms */
	{"X-Real-IP: 1.2.3.4\r\n", "1.2.3.4:0", NULL},
	{"x-real-ip: 1.2.3.4:5\r\n", "1.2.3.4:5", NULL},
	{"X-Real-IP: 1.2.3.4:65535\r\n", "1.2.3.4:65535", NULL},
	{"X-Real-IP: 2001:db8::1\r\n", "[2001:db8::1]:0", NULL},
	{"X-Real-IP: [2001:db8::1]\r\n", "[2001:db8::1]:0", NULL},
	{"X-Real-IP: [2001:db8::1]:443\r\n", "[2001:db8::1]:443", NULL},
	{"X-Real-IP: [2001:0db8:1111:2222:3333:4444:255.255.255.255]:65535\r\n",
	 "[2001:db8:1111:2222:3333:4444:ffff:ffff]:65535", NULL},
	/* the last X-Real-IP, and rather than X-Forwarded-For; it may be anybody's */
	{"X-Real-IP: 1.2.3.4\r\nX-Real-IP: 5.6.7.8\r\nX-Forwarded-For: 9.9.9.9\r\n", "5.6.7.8:0", NULL},
	{"X-Real-IP: 1.2.3.4, 10.0.0.1\r\n", "10.0.0.1:0", NULL},
	{"X-Real-IP:\r\nX-Forwarded-For: 9.9.9.9\r\n", "9.9.9.9:0", NULL},
	{"X-Real-IP: x\r\nX-Forwarded-For: 9.9.9.9\r\n", NULL, "X-Real-IP"},
	/* the one furthest to the right that is not known */
	{"X-Forwarded-For: 1.2.3.4\r\n", "1.2.3.4:0", NULL},
	{"X-Forwarded-For: 9.9.9.9, 1.2.3.4\r\n", "1.2.3.4:0", NULL},
	{"X-Forwarded-For: 9.9.9.9, 1.2.3.4, 10.0.0.1\r\n", "1.2.3.4:0", NULL},
	{"X-Forwarded-For: 9.9.9.9, 1.2.3.4:7, 10.0.0.1:9, [::1]:8\r\n", "1.2.3.4:7", NULL},
	{"X-Forwarded-For: 9.9.9.9\r\nX-Forwarded-For: 1.2.3.4\r\nX-Forwarded-For: 10.0.0.1\r\n", "1.2.3.4:0", NULL},
	{"X-Forwarded-For: 9.9.9.9,10.0.0.3\r\nX-Forwarded-For: 10.0.0.2, 10.0.0.1\r\n", "9.9.9.9:0", NULL},
	{"X-Forwarded-For: 10.0.0.3,10.0.0.2, 10.0.0.1\r\n", "10.0.0.3:0", NULL},
	{"X-Forwarded-For: 10.0.0.3\r\n", "10.0.0.3:0", NULL},
	/* what is no address counts only if it is the one */
	{"X-Forwarded-For: unknown, 1.2.3.4, 10.0.0.1\r\n", "1.2.3.4:0", NULL},
	{"X-Forwarded-For: 1.2.3.4, unknown, 10.0.0.1\r\n", NULL, "X-Forwarded-For"},
	{"X-Forwarded-For: unknown, 10.0.0.1\r\n", NULL, "X-Forwarded-For"},
	{"X-Forwarded-For: 1.2.3.4, _hidden\r\n", NULL, "X-Forwarded-For"},
	{"X-Forwarded-For: x\r\n", NULL, "X-Forwarded-For"},
	/* no addresses */
	{"X-Real-IP: 1.2.3\r\n", NULL, "X-Real-IP"},
	{"X-Real-IP: 1.2.3.256\r\n", NULL, "X-Real-IP"},
	{"X-Real-IP: 1.2.3.4:\r\n", NULL, "X-Real-IP"},
	{"X-Real-IP: 1.2.3.4:65536\r\n", NULL, "X-Real-IP"},
	{"X-Real-IP: 1.2.3.4:123456\r\n", NULL, "X-Real-IP"},
	{"X-Real-IP: 1.2.3.4:+1\r\n", NULL, "X-Real-IP"},
	{"X-Real-IP: 1.2.3.4 5\r\n", NULL, "X-Real-IP"},
	{"X-Real-IP: [1.2.3.4]\r\n", NULL, "X-Real-IP"},
	{"X-Real-IP: [1.2.3.4]:5\r\n", NULL, "X-Real-IP"},
	{"X-Real-IP: [::1\r\n", NULL, "X-Real-IP"},
	{"X-Real-IP: [::1]5\r\n", NULL, "X-Real-IP"},
	{"X-Real-IP: [::1]:\r\n", NULL, "X-Real-IP"},
	{"X-Real-IP: []\r\n", NULL, "X-Real-IP"},
	{"X-Real-IP: [\r\n", NULL, "X-Real-IP"},
	{"X-Real-IP: :\r\n", NULL, "X-Real-IP"},
	{"X-Real-IP: fe80::1%eth0\r\n", NULL, "X-Real-IP"},
	{"X-Real-IP: unix:/run/x\r\n", NULL, "X-Real-IP"},
	{"X-Real-IP: unix:/run/x:y\r\n", NULL, "X-Real-IP"},
	{"X-Real-IP: [unix:/run/x]\r\n", NULL, "X-Real-IP"},
	{"X-Real-IP: localhost\r\n", NULL, "X-Real-IP"},
	{"X-Real-IP: " X100 "\r\n", NULL, "X-Real-IP"},
};
/* clang-format on */

START_TEST(a_player)
{
	char request[512], text[NET_ADDR_TEXT];
	struct net_addr addr;
	const char *why = "?";

	snprintf(request, sizeof(request), GET "%s\r\n", players[_i].fields);
	struct http_head head = read_request(request);
	bool is_said = upgrade_player_address(&addr, &head, is_ten, "context", &why);
	ck_assert_int_eq(is_said, players[_i].address != NULL);
	if (is_said) {
		net_addr_text(text, &addr, true);
		ck_assert_str_eq(text, players[_i].address);
	}
	if (players[_i].why == NULL)
		ck_assert_msg(why == NULL, "%s", why);
	else
		ck_assert_msg(why != NULL && strstr(why, players[_i].why) != NULL, "%s", why);
}
END_TEST

/* ---- where a request goes ---- */

/* clang-format off */
static const struct {
	const char *target, *fields;
	const char *host, *path;
} places[] = {
	{"/", "Host: example.com\r\n", "example.com", "/"},
	{"/survival", "Host: Play.Example.COM:25565\r\n", "play.example.com", "/survival"},
	{"/Survival/?x=/y#z", "Host: 127.0.0.1:25565\r\n", "127.0.0.1", "/Survival/"},
	{"/a#b", "Host: [2001:DB8::1]:25565\r\n", "[2001:db8::1]", "/a"},
	{"/a://b", "Host: [::1]\r\n", "[::1]", "/a://b"},
	{"/?a", "Host: :80\r\n", "", "/"},
	{"/%2F%20", "Host:\r\n", "", "/%2F%20"},
	{"//x", "", "", "//x"},
	/* other forms of targets */
	{"http://other/survival?x", "Host: x\r\n", "x", "/survival"},
	{"ws://other?x", "Host: x\r\n", "x", "/"},
	{"ws://other", "Host: x\r\n", "x", "/"},
	{"other:443", "Host: x\r\n", "x", "/"},
	{"*", "Host: x\r\n", "x", "/"},
	{"?x", "Host: x\r\n", "x", "/"},
	/* what is odd, and what is long */
	{"/", "Host: a b\xc3\xa4\tc\r\n", "a?b???c", "/"},
	{"/", "Host: [::1\r\n", "[::1", "/"},
	{"/" X10 X10, "Host: " X10 X10 "\r\n", X10 "xxxxxx", "/xxxxxxxxx"},
	{"/xxxxxxxxx", "Host: xxxxxxxxxxxxxxxx:1\r\n", X10 "xxxxxx", "/xxxxxxxxx"},
};
/* clang-format on */

START_TEST(a_place)
{
	char request[256], host[17], path[11];

	snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\n%s\r\n", places[_i].target,
		 places[_i].fields);
	struct http_head head = read_request(request);
	upgrade_place(&head, host, sizeof(host), path, sizeof(path));
	ck_assert_str_eq(host, places[_i].host);
	ck_assert_str_eq(path, places[_i].path);
	upgrade_place(&head, host, 1, path, 1);
	ck_assert_str_eq(host, "");
	ck_assert_str_eq(path, "");
}
END_TEST

/* ---- as a client ---- */

static void expect_request(const char *player, const char *fields)
{
	struct net_addr addr = {0};
	char out[UPGRADE_WRITE_MAX], expected[UPGRADE_WRITE_MAX];
	const char *why;

	ck_assert(player == NULL || net_addr_parse(&addr, player, 4711));
	snprintf(expected, sizeof(expected),
		 "GET / HTTP/1.1\r\n"
		 "Host: 127.0.0.1:25566\r\n"
		 "Origin: http://127.0.0.1:25566\r\n"
		 "Connection: Upgrade\r\n"
		 "Upgrade: websocket\r\n"
		 "Sec-WebSocket-Version: 13\r\n"
		 "Sec-WebSocket-Key: " KEY "\r\n"
		 "Sec-WebSocket-Protocol: ClassiCube\r\n"
		 "%s\r\n",
		 fields);
	size_t size = upgrade_write_request(out, "127.0.0.1:25566", KEY, player ? &addr : NULL);
	expect_written(out, size, expected);
	struct http_head head = read_request(out);
	ck_assert_int_eq(upgrade_read_request(&head, &why), UPGRADE_OK);
}

START_TEST(requests_of_ours)
{
	static const char longest[] = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
	char out[UPGRADE_WRITE_MAX], host[1500];
	struct net_addr addr;

	expect_request(NULL, "");
	expect_request("unix:/run/x", "");
	expect_request("1.2.3.4", "X-Real-IP: 1.2.3.4\r\nX-Forwarded-For: 1.2.3.4\r\n");
	expect_request("::ffff:1.2.3.4", "X-Real-IP: 1.2.3.4\r\nX-Forwarded-For: 1.2.3.4\r\n");
	expect_request("2001:DB8::0:1",
		       "X-Real-IP: 2001:db8::1\r\nX-Forwarded-For: 2001:db8::1\r\n");

	memset(host, 'x', sizeof(host) - 1);
	host[sizeof(host) - 1] = '\0';
	ck_assert(net_addr_parse(&addr, longest, 65535));
	size_t size = upgrade_write_request(out, host, KEY, &addr);
	ck_assert_uint_eq(size, strlen(out));
	struct http_head head = read_request(out);
	ck_assert_uint_eq(http_field(&head, "Host", 0)->size, 261);
	ck_assert(http_has_word(&head, "X-Forwarded-For", longest));
}
END_TEST

/* clang-format off */
static const struct {
	const char *text;
	const char *why; /* NULL: it lets us in */
} answers[] = {
	{S101 UP A END, NULL},
	{S101 UP A P END, NULL},
	{"HTTP/1.1 101 \r\nconnection: keep-alive, upgrade\r\nUPGRADE: WebSocket\r\nServer: x\r\nsec-websocket-accept:" ACCEPT "\r\n" P END, NULL},
	{"HTTP/1.1 200 OK\r\n" UP A P END, "status"},
	{"HTTP/1.1 426 Upgrade Required\r\n\r\n", "status"},
	{"HTTP/1.0 101 OK\r\n" UP A P END, "HTTP/1.1"},
	{S101 "Upgrade: websocket\r\n" A P END, "Connection"},
	{S101 "Connection: Upgrade\r\n" A P END, "Upgrade"},
	{S101 "Upgrade: h2c\r\nConnection: Upgrade\r\n" A P END, "Upgrade"},
	{S101 UP P END, "Accept"},
	{S101 UP A A P END, "Accept"},
	{S101 UP "Sec-WebSocket-Accept: " KEY "\r\n" P END, "Accept"},
	{S101 UP "Sec-WebSocket-Accept: S3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" P END, "Accept"},
	{S101 UP "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo\r\n" P END, "Accept"},
	{S101 UP A P "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n", "extension"},
	{S101 UP A "Sec-WebSocket-Protocol: chat\r\n\r\n", "subprotocol"},
	{S101 UP A "Sec-WebSocket-Protocol: ClassiCube, chat\r\n\r\n", "subprotocol"},
	{S101 UP A P "Sec-WebSocket-Protocol: chat\r\n\r\n", "subprotocol"},
	{S101 UP A "Sec-WebSocket-Protocol: classicube\r\n\r\n", "subprotocol"},
};
/* clang-format on */

START_TEST(an_answer)
{
	struct http_head head = read_response(answers[_i].text);
	const char *why = "?";

	ck_assert_int_eq(upgrade_read_answer(&head, KEY, &why), answers[_i].why == NULL);
	if (answers[_i].why == NULL)
		ck_assert_msg(why == NULL, "%s", why);
	else
		ck_assert_msg(strstr(why, answers[_i].why) != NULL, "%s", why);
	ck_assert(!upgrade_read_answer(&head, "AAAAAAAAAAAAAAAAAAAAAA==", &why));
	ck_assert(!upgrade_read_answer(&head, "no key", &why));
}
END_TEST

START_TEST(answers_in_words)
{
	char why[UPGRADE_WHY_MAX];
	struct http_head head = read_response("HTTP/1.1 403 Forbidden\r\n" END);

	upgrade_explain(why, sizeof(why), &head, "?");
	ck_assert_str_eq(why, "it answers 403 Forbidden");
	head = read_response(S101 END);
	upgrade_explain(why, sizeof(why), &head, "there is no key");
	ck_assert_str_eq(why, "there is no key");
	head = read_response("HTTP/1.1 500 " X100 X100 END END);
	upgrade_explain(why, 12, &head, "?");
	ck_assert_str_eq(why, "it answers ");
}
END_TEST

static const struct {
	const char *field;
	bool is_relayed;
} relays[] = {
	{"", false},
	{"X-Forward: a\r\n", false},
	{"Accept: Via\r\n", false},
	{"X-Real-IP: 1.2.3.4\r\n", true},
	{"x-forwarded-for: 1.2.3.4\r\n", true},
	{"X-Forwarded-Proto: https\r\n", true},
	{"Forwarded: for=8.8.8.8\r\n", true},
	{"via: 1.1 varnish\r\n", true},
	{"CF-Connecting-IP: 8.8.8.8\r\n", true},
};

START_TEST(a_relay)
{
	char text[256];

	snprintf(text, sizeof(text), GET "%s" END, relays[_i].field);
	struct http_head head = read_request(text);
	ck_assert_int_eq(upgrade_is_relayed(&head), relays[_i].is_relayed);
}
END_TEST

static const struct {
	const char *field;
	bool is_local;
} pages[] = {
	{"", true},
	{"Origin: http://localhost\r\n", true},
	{"Origin: http://LOCALHOST:8000\r\n", true},
	{"Origin: http://127.0.0.1:8000\r\n", true},
	{"Origin: https://192.168.1.7\r\n", true},
	{"Origin: http://[::1]:8000\r\n", true},
	{"Origin: http://evil.example\r\n", false},
	{"Origin: http://www.classicube.net\r\n", false},
	{"Origin: http://localhost.evil.example\r\n", false},
	{"Origin: http://127.0.0.1.evil.example\r\n", false},
	{"Origin: http://203.0.113.1\r\n", false},
	{"Origin: http://localhost:1.evil.example\r\n", false},
	{"Origin: null\r\n", false},
	{"Origin:\r\n", false},
	{"Origin: file://localhost\r\n", false},
	{"Origin: http://localhost\r\nOrigin: http://evil.example\r\n", false},
};

START_TEST(a_page)
{
	char text[256];

	snprintf(text, sizeof(text), GET "%s" END, pages[_i].field);
	struct http_head head = read_request(text);
	ck_assert_msg(upgrade_is_local_page(&head) == pages[_i].is_local, "%s", text);
}
END_TEST

static Suite *upgrade_suite(void)
{
	Suite *suite = suite_create("upgrade");
	TCase *tcase = tcase_create("all");

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, accept_values);
	tcase_add_loop_test(tcase, a_bad_key, 0, COUNT(bad_keys));
	tcase_add_test(tcase, random_keys);
	tcase_add_loop_test(tcase, a_request, 0, COUNT(requests));
	tcase_add_test(tcase, the_welcome);
	tcase_add_test(tcase, refusals);
	tcase_add_test(tcase, long_words);
	tcase_add_loop_test(tcase, a_player, 0, COUNT(players));
	tcase_add_loop_test(tcase, a_place, 0, COUNT(places));
	tcase_add_test(tcase, requests_of_ours);
	tcase_add_loop_test(tcase, an_answer, 0, COUNT(answers));
	tcase_add_test(tcase, answers_in_words);
	tcase_add_loop_test(tcase, a_relay, 0, COUNT(relays));
	tcase_add_loop_test(tcase, a_page, 0, COUNT(pages));
	return suite;
}

int main(void)
{
	return suite_main(upgrade_suite());
}
