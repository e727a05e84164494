/* SPDX-License-Identifier: MIT */
/*
 * Servers that Kurafuto speaks to as a web client (`forward` is "websocket"): what they are
 * asked, what they may answer, and frames of every shape. The real `ws` is tests/npm's.
 */
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "steward.h"
#include "web_stage.h"

#define WEB(name)   "{'name':'" name "','address':'127.0.0.1','port':%u,'forward':'websocket'}"
#define ONE_WEB     "'servers':[" WEB("alpha") "]"
#define WEB_TO_WEB  "'servers':[" WEB("alpha") "," WEB("beta") "]"
#define WEB_TO_BETA "'servers':[" WEB("alpha") "," SERVER("beta") "],'hubs':['alpha','beta']"
#define BETA_TO_WEB "'servers':[" SERVER("beta") "," WEB("alpha") "]"

/* Parts of answers; @ is the accept value. */
#define SWITCHED "HTTP/1.1 101 Switching Protocols\r\n"
#define UPGRADED "Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define ACCEPTED "Sec-WebSocket-Accept: @\r\n"

static struct web_server web;
static void setup(void)
{
	stage_setup();
	memset(&web, 0, sizeof(web));
	alpha.web = &web;
}

/* An answer to the request with this head. Returns its size. */
static size_t write_answer(char out[static WEB_HEAD_MAX], const char *answer, const char *head)
{
	size_t size = strcspn(answer, "@");
	bool is_accepting = answer[size] == '@';

	return (size_t)snprintf(out, WEB_HEAD_MAX, "%.*s%s%s", (int)size, answer,
				is_accepting ? web_accept_value(head) : "",
				answer + size + is_accepting);
}

/* ---- requests ---- */

/* The request must be this and no more; players are named by their address alone. */
static void check_request(const char *head, const char *player)
{
	char expected[WEB_HEAD_MAX], key[32] = "";
	const char *value = web_field(head, "Sec-WebSocket-Key");

	ck_assert_msg(value != NULL && strlen(value) == 24 && strcmp(value + 22, "==") == 0,
		      "no good key in:\n%s", head);
	snprintf(key, sizeof(key), "%s", value);
	int n = snprintf(expected, sizeof(expected),
			 "GET / HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n"
			 "Origin: http://127.0.0.1:%u\r\nConnection: Upgrade\r\n"
			 "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
			 "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Protocol: ClassiCube\r\n",
			 alpha.port, alpha.port, key);
	if (player != NULL)
		snprintf(expected + n, sizeof(expected) - (size_t)n,
			 "X-Real-IP: %s\r\nX-Forwarded-For: %s\r\n", player, player);
	ck_assert_str_eq(head, expected);
}

START_TEST(a_server_is_asked)
{
	char key[32];

	proxy = proxy_start(ONE_WEB CALM, alpha.port);
	alice = client_connect_from("127.0.0.7", proxy_port(proxy));
	client_identify(alice, PACKET_PROTOCOL, false, "Alice", NULL);
	take_in(alice);
	check_request(web.request, "127.0.0.7");
	snprintf(key, sizeof(key), "%s", web_field(web.request, "Sec-WebSocket-Key"));
	lose(&alice);
	peer_expect_close(link_a);
	lose(&link_a);
	alice_on_alpha(true);
	check_request(web.request, "127.0.0.1");
	ck_assert_str_ne(key, web_field(web.request, "Sec-WebSocket-Key"));
	ck_assert_uint_eq(web.upgrades, 2); /* the checks have asked for nothing */
	finish();
}
END_TEST

/* Players who came through others are where those say. */
START_TEST(a_player_through_proxies)
{
	static const struct {
		const char *header, *fields, *player;
	} rows[] = {
		{"PROXY TCP4 203.0.113.7 198.51.100.2 4321 25565\r\n", NULL, "203.0.113.7"},
		{"PROXY TCP6 2001:db8::7 2001:db8::1 4321 25565\r\n", NULL, "2001:db8::7"},
		{"PROXY TCP6 ::ffff:203.0.113.7 ::1 4321 25565\r\n", NULL, "203.0.113.7"},
		{"PROXY UNKNOWN\r\n", NULL, "127.0.0.9"},
		{NULL, "X-Real-IP: 203.0.113.9\r\n", "203.0.113.9"},
		{NULL, "X-Forwarded-For: [2001:db8::9]:1234\r\n", "2001:db8::9"},
		{"PROXY TCP4 127.0.0.8 127.0.0.1 1 2\r\n", "X-Real-IP: 203.0.113.9\r\n",
		 "203.0.113.9"},
	};
	const struct web_request request = {.fields = rows[_i].fields};

	proxy = proxy_start(ONE_WEB CALM ANYBODY TRUST "%s", alpha.port,
			    rows[_i].header != NULL ? ",'accept-proxy':true" : "");
	alice = client_connect_from("127.0.0.9", proxy_port(proxy));
	if (rows[_i].header != NULL)
		peer_send(alice, rows[_i].header, strlen(rows[_i].header));
	if (rows[_i].fields != NULL) {
		web_ask(alice, &request);
		web_enter(alice);
	}
	client_identify(alice, PACKET_PROTOCOL, false, "Alice", NULL);
	take_in(alice);
	check_request(web.request, rows[_i].player);
	finish();
}
END_TEST

/* A player of IPv4 at a listener of IPv6 is one of IPv4. */
START_TEST(ipv4_through_ipv6)
{
	static const struct proxy_options own = {.own_address = true};

	proxy = proxy_start_with(&own, "'address':'::','port':0," ONE_WEB CALM, alpha.port);
	alice = client_connect_from("127.0.0.7", proxy_port(proxy));
	client_identify(alice, PACKET_PROTOCOL, false, "Alice", NULL);
	take_in(alice);
	check_request(web.request, "127.0.0.7");
	finish();
}
END_TEST

/* A connection that was dialled early and is dead: the next one is asked, too. */
START_TEST(a_second_dial_asks_again)
{
	proxy = proxy_start(ONE_WEB CALM, alpha.port);
	alice = client_connect(proxy);
	client_identify(alice, PACKET_PROTOCOL, true, "Alice", NULL);
	backend_wait_dialled(&alpha);
	ck_assert_uint_eq(alpha.n_pending, 1);
	close(alpha.pending[--alpha.n_pending]);
	client_negotiate(alice, NULL, 0);
	link_a = backend_accept(&alpha);
	check_request(web.request, "127.0.0.1");
	link_negotiate(link_a, NULL, 0);
	link_welcome(link_a, "Alpha");
	client_arrive(alice, "Alpha");
	exchange(alice, link_a);
	finish();
}
END_TEST

/* ---- frames ---- */

/* How a server sends. */
static const struct shape {
	size_t frame_max;
	bool is_fragmented, is_torn;
} shapes[] = {
	{.frame_max = 0},
	{.is_torn = true},
	{.frame_max = 1},
	{.frame_max = 100},
	{.frame_max = 3, .is_fragmented = true},
	{.frame_max = 50, .is_fragmented = true, .is_torn = true},
};
#define N_SHAPES ((int)(sizeof(shapes) / sizeof(shapes[0])))

/* Welcomes a client of vanilla or of CPE, however the server's bytes come. What Kurafuto sends
 * is looked at by the harness: masked, and whole packets in each frame. */
START_TEST(a_server_with_frames)
{
	static const struct extension extensions[] = {
		{"CustomBlocks", 1}, {"FastMap", 1}, {"LongerMessages", 1}, {"TwoWayPing", 1}};
	const struct shape *shape = &shapes[_i / 2];
	bool cpe = _i % 2 == 1;

	web.is_torn = shape->is_torn;
	proxy = proxy_start(ONE_WEB CALM SLOWLY, alpha.port);
	alice = (cpe ? client_login_cpe : client_login)(proxy, "Alice");
	link_a = backend_accept(&alpha);
	link_a->web->frame_max = shape->frame_max;
	link_a->web->is_fragmented = shape->is_fragmented;
	link_a->web->is_torn = shape->is_torn;
	if (cpe) /* few: to send them one by one takes its time */
		link_negotiate(link_a, extensions, 4);
	link_welcome(link_a, "Alpha");
	client_arrive(alice, "Alpha");
	exchange(alice, link_a);
	exchange(alice, link_a);
	ck_assert_uint_eq(link_a->web->pings, 0);
	ck_assert_uint_gt(link_a->web->frames, 0);
	finish();
}
END_TEST

/* The answer, and with it the first frames, the last of which is torn. */
START_TEST(frames_behind_the_answer)
{
	char head[WEB_HEAD_MAX];
	uint8_t out[WEB_HEAD_MAX], id[PACKET_SIZE_MAX];

	proxy = proxy_start(ONE_WEB CALM, alpha.port);
	alice = client_login(proxy, "Alice");
	link_a = web_accept(&alpha, head);
	size_t size = write_answer((char *)out, SWITCHED UPGRADED ACCEPTED "\r\n", head);
	size_t id_size =
		packet_write_server_identification(id, &link_a->dialect, "Alpha", "A test", 0);
	size += web_write_frame(out + size, WEB_FIN | WEB_PING, false, "hey", 3);
	size += web_write_frame(out + size, WEB_FIN | WEB_BINARY, false, id, id_size);
	peer_send(link_a, out, size - 50);
	web_begin(link_a, true);
	web_expect_pong(link_a, 1, "hey", 3);
	peer_send_raw(link_a, out + size - 50, 50);
	link_level(link_a);
	link_spawn(link_a, PACKET_SELF, "Alice", 256, 320, 256);
	client_arrive(alice, "Alpha");
	exchange(alice, link_a);
	finish();
}
END_TEST

/* Alice jumps there; the link that she has then. */
static struct peer *jump(struct backend *backend, const char *command, const char *name,
			 bool is_cpe)
{
	peer_chat(alice, command);
	struct peer *link = backend_accept(backend);
	if (is_cpe)
		link_negotiate(link, NULL, 0);
	link_welcome(link, name);
	client_arrive(alice, name);
	return link;
}

/* Web clients on web servers, jumping from one to the other. */
START_TEST(web_on_both_sides)
{
	struct web_server other = {0};

	beta.web = &other;
	proxy = proxy_start(WEB_TO_WEB CALM, alpha.port, beta.port);
	alice = web_join(proxy, &alpha, _i == 1, "Alice", "Alpha", &link_a);
	exchange(alice, link_a);
	link_b = jump(&beta, ":kura jump beta", "Beta", _i == 1);
	exchange(alice, link_b);
	web_expect_close(link_a, 1000);
	ck_assert_uint_eq(other.upgrades, 1);
	ck_assert_uint_eq(alice->web->pings + link_a->web->pings + link_b->web->pings, 0);
	finish();
}
END_TEST

/* From a plain server to one of the web, and back, and once more. */
START_TEST(jumps_between_plain_and_web)
{
	proxy = proxy_start(BETA_TO_WEB CALM, beta.port, alpha.port);
	alice = (_i == 1 ? join_cpe : join)(proxy, &beta, "Alice", "Beta", &link_b);
	for (unsigned round = 0; round < 3; round++) {
		exchange(alice, link_b);
		link_a = jump(&alpha, ":kura jump alpha", "Alpha", _i == 1);
		exchange(alice, link_a);
		peer_expect_close(link_b);
		lose(&link_b);
		link_b = jump(&beta, ":kura jump beta", "Beta", _i == 1);
		web_expect_close(link_a, 1000);
		ck_assert_uint_eq(link_a->web->pings, 0);
		lose(&link_a);
	}
	finish();
}
END_TEST

/* In the login and in the game, in one piece and torn. */
START_TEST(a_servers_pings_are_answered)
{
	static const size_t sizes[] = {0, 1, WEB_CONTROL_MAX};
	uint8_t payload[WEB_CONTROL_MAX];
	size_t size = sizes[_i % 3];

	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)(i * 7);
	proxy = proxy_start(ONE_WEB CALM SLOWLY, alpha.port);
	alice = client_login(proxy, "Alice");
	link_a = backend_accept(&alpha);
	link_a->web->is_torn = _i >= 3;
	web_frame(link_a, WEB_FIN | WEB_PING, payload, size);
	web_expect_pong(link_a, 1, payload, size);
	link_welcome(link_a, "Alpha");
	client_arrive(alice, "Alpha");
	web_frame(link_a, WEB_FIN | WEB_PING, payload, size);
	web_expect_pong(link_a, 2, payload, size);
	web_frame(link_a, WEB_BINARY, "\x01\x01", 2); /* a Ping packet, and another */
	web_frame(link_a, WEB_FIN | WEB_PING, payload, size);
	web_expect_pong(link_a, 3, payload, size);
	web_frame(link_a, WEB_FIN | WEB_MORE, "\x01", 1);
	web_frame(link_a, WEB_FIN | WEB_BINARY, "", 0);
	web_frame(link_a, WEB_FIN | WEB_PONG, "unasked", 7);
	exchange(alice, link_a);
	finish();
}
END_TEST

/* Random bytes, so that nothing packs them: as many packets as for a level of some MB, in long
 * frames that end within them. The client must read the same. */
START_TEST(a_big_level)
{
	enum { CHUNKS = 4000, AT_ONCE = 200 };
	static uint8_t chunks[CHUNKS][1024], out[AT_ONCE * 1028];
	uint8_t edge[PACKET_SIZE_MAX];
	unsigned sent = 0, got = 0;

	proxy = proxy_start(ONE_WEB CALM, alpha.port);
	alice = client_login(proxy, "Alice");
	link_a = backend_accept(&alpha);
	link_a->web->frame_max = _i == 0 ? 0 : 65535;
	link_a->web->is_fragmented = _i == 2;
	link_identify(link_a, "Alpha");
	peer_send(link_a, edge, packet_write_level_initialize(edge, &link_a->dialect, 1));
	harness_random(chunks[0], sizeof(chunks));
	peer_until(alice, OP_LEVEL_INITIALIZE);
	while (sent < CHUNKS) {
		size_t size = 0;

		for (unsigned i = 0; i < AT_ONCE; i++)
			size += packet_write_level_chunk(out + size, chunks[sent++], 1024, 0);
		peer_send(link_a, out, size);
		for (; got < sent; got++) {
			const uint8_t *packet = peer_expect(alice, OP_LEVEL_DATA_CHUNK);
			if (memcmp(packet + 3, chunks[got], 1024) != 0)
				ck_abort_msg("chunk %u is another one", got);
		}
	}
	peer_send(link_a, edge, packet_write_level_finalize(edge, 16, 16, 16));
	link_spawn(link_a, PACKET_SELF, "Alice", 256, 320, 256);
	client_arrive(alice, "Alpha");
	exchange(alice, link_a);
	finish();
}
END_TEST

static size_t put_chat(uint8_t *out, unsigned n)
{
	char text[32];

	snprintf(text, sizeof(text), "line %u.", n);
	return packet_write_message(out, 255, text);
}

/* A server that reads nothing for a while has missed nothing then; each frame has whole
 * packets, though the network has cut them. */
START_TEST(a_slow_server)
{
	uint8_t lines[66 * 50];
	size_t left = 0; /* of them */
	unsigned sent = 0;

	proxy = proxy_start(ONE_WEB CALM ",'server-timeout-ms':0,'client-timeout-ms':0,"
					 "'limits':{'packets-per-s':0,'bytes-per-s':0,"
					 "'chat-per-s':0}",
			    alpha.port);
	alice_on_alpha(_i == 1);
	for (ssize_t n = 0; n >= 0 || !proxy_is_stuck(proxy, alice);) {
		for (unsigned i = 0; left == 0 && i < 50; i++)
			put_chat(lines + 66 * i, sent++);
		left = left > 0 ? left : sizeof(lines);
		n = send(alice->fd, lines + sizeof(lines) - left, left,
			 MSG_NOSIGNAL | MSG_DONTWAIT);
		left -= n > 0 ? (size_t)n : 0;
	}
	ck_assert_uint_gt(sent, 100);
	for (unsigned got = 0; got < sent; got++) {
		char text[32], line[65];

		if (got + 100 == sent)
			peer_send(alice, lines + sizeof(lines) - left, left);
		const uint8_t *packet = peer_expect(link_a, OP_MESSAGE);
		packet_get_string(line, packet + 2);
		snprintf(text, sizeof(text), "line %u.", got);
		if (strcmp(line, text) != 0)
			ck_abort_msg("\"%s\" instead of \"%s\"", line, text);
	}
	exchange(alice, link_a);
	finish();
}
END_TEST

/* ---- ends ---- */

/* A close frame is an end like any other: the player goes elsewhere. So it is behind a kick,
 * when nobody looks at it any more. */
START_TEST(the_server_closes)
{
	static const unsigned statuses[] = {1000, 1001, WEB_NO_STATUS};
	bool is_kick = _i == 3;
	unsigned status = statuses[_i % 3];

	proxy = proxy_start(WEB_TO_BETA CALM, alpha.port, beta.port);
	alice_on_alpha(false);
	if (is_kick)
		link_kick(link_a, "Out of order");
	web_send_close(link_a, status);
	if (is_kick)
		peer_expect_close(link_a);
	else
		web_expect_close(link_a, status);
	link_b = backend_accept(&beta);
	link_welcome(link_b, "Beta");
	client_arrive(alice, "Beta");
	exchange(alice, link_b);
	finish();
}
END_TEST

/* Players who leave are said goodbye for. */
START_TEST(a_player_leaves)
{
	proxy = proxy_start(ONE_WEB CALM, alpha.port);
	unsigned threads = proxy_threads(proxy), fds = proxy_fds(proxy);
	alice_on_alpha(false);
	lose(&alice);
	web_expect_close(link_a, 1000);
	lose(&link_a);
	proxy_wait_counts(proxy, threads, fds);
	finish();
}
END_TEST

/* clang-format off */
static const struct {
	const char *bytes;
	size_t size;
	const char *fault;
} faults[] = {
	{BYTES("\x82\x81" "abcd" "x"), "masked"},
	{BYTES("\xc2\x01" "x"), "reserved"},
	{BYTES("\x83\x01" "x"), "opcode"},
	{BYTES("\x89\x7e\x00\x7e"), "control"},
	{BYTES("\x80\x01" "x"), "continu"},
	{BYTES("\x82\x7e\x00\x05"), "length"},
};
/* clang-format on */
#define N_FAULTS ((int)(sizeof(faults) / sizeof(faults[0])))

/* In the login and in the game: the log says what is wrong, and the player goes elsewhere. */
START_TEST(a_server_with_wrong_frames)
{
	bool in_login = _i >= N_FAULTS;
	int i = _i % N_FAULTS;

	proxy = proxy_start(WEB_TO_BETA CALM, alpha.port, beta.port);
	if (in_login) {
		alice = client_login(proxy, "Alice");
		link_a = backend_accept(&alpha);
	} else {
		alice_on_alpha(false);
	}
	peer_send_raw(link_a, faults[i].bytes, faults[i].size);
	web_expect_close(link_a, 1002);
	proxy_wait_log(proxy, "its WebSocket frames are wrong: ");
	proxy_wait_log(proxy, faults[i].fault);
	link_b = backend_accept(&beta);
	link_welcome(link_b, "Beta");
	client_arrive(alice, "Beta");
	exchange(alice, link_b);
	finish();
}
END_TEST

/* ---- answers ---- */

/* clang-format off */
static const struct {
	const char *answer;
	const char *fault;
	bool closes;
} answers[] = {
	{"HTTP/1.1 403 Forbidden\r\n\r\n", "it answers 403 Forbidden", true},
	{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "it answers 200 OK", false},
	{"HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nabc", "it answers 404 Not Found", false},
	{SWITCHED UPGRADED "\r\n", "Accept", false},
	{SWITCHED UPGRADED "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n", "Accept", false},
	{SWITCHED ACCEPTED "\r\n", "pgrade", false},
	{SWITCHED UPGRADED ACCEPTED "Sec-WebSocket-Protocol: chat\r\n\r\n", "protocol", false},
	{SWITCHED UPGRADED ACCEPTED "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n", "extension", false},
	{"SSH-2.0-OpenSSH_9.2p1\r\n", "HTTP", false},
	{"\x0e" "You must not be here", "HTTP", false},
	{"HTTP/1.1 101 Switch\n\n", "CR LF", false},
	{SWITCHED "Upgrade: webs", "closed", true},
	{SWITCHED "Upgrade: webs", "silent for too long", false},
	{"", "silent for too long", false},
};
/* clang-format on */
#define N_ANSWERS ((int)(sizeof(answers) / sizeof(answers[0])))

/* The log says what is wrong, and the next hub takes the player. */
START_TEST(an_answer_that_is_none)
{
	char head[WEB_HEAD_MAX], answer[WEB_HEAD_MAX];

	proxy = proxy_start(WEB_TO_BETA CALM ",'login-timeout-ms':1500", alpha.port, beta.port);
	alice = client_login(proxy, "Alice");
	link_a = web_accept(&alpha, head);
	peer_send(link_a, answer, write_answer(answer, answers[_i].answer, head));
	if (answers[_i].closes)
		lose(&link_a);
	link_b = backend_accept(&beta);
	link_welcome(link_b, "Beta");
	client_arrive(alice, "Beta");
	exchange(alice, link_b);
	proxy_wait_log(proxy, answers[_i].fault);
	finish();
}
END_TEST

/* An answer that never ends is not read for ever. */
START_TEST(an_answer_that_is_too_long)
{
	char head[WEB_HEAD_MAX], filler[256];

	proxy = proxy_start(WEB_TO_BETA CALM, alpha.port, beta.port);
	alice = client_login(proxy, "Alice");
	link_a = web_accept(&alpha, head);
	peer_send(link_a, BYTES(SWITCHED));
	snprintf(filler, sizeof(filler), "X: %0200u\r\n", 0);
	for (unsigned i = 0; i < 25; i++)
		peer_send(link_a, filler, strlen(filler));
	link_b = backend_accept(&beta);
	link_welcome(link_b, "Beta");
	client_arrive(alice, "Beta");
	proxy_wait_log(proxy, "longer than 4096 bytes");
	finish();
}
END_TEST

/* One that names no subprotocol is good: there are servers that don't know of it. */
START_TEST(an_answer_without_a_subprotocol)
{
	web.fields = "Server: of another kind\r\n";
	proxy = proxy_start(ONE_WEB CALM, alpha.port);
	alice_on_alpha(true);
	finish();
}
END_TEST

/* One that waits for a packet, and one that is gone at once: the player does not wait for ever.
 */
START_TEST(a_jump_to_a_server_without_websocket)
{
	char head[WEB_HEAD_MAX];

	proxy = proxy_start(BETA_TO_WEB CALM ",'login-timeout-ms':1500", beta.port, alpha.port);
	alice = join(proxy, &beta, "Alice", "Beta", &link_b);
	peer_chat(alice, ":kura jump alpha");
	link_a = web_accept(&alpha, head);
	if (_i == 1)
		lose(&link_a);
	peer_wait_text(alice, "you stay where you are");
	proxy_wait_log(proxy, _i == 0 ? "silent for too long" : "it closed the connection");
	exchange(alice, link_b);
	finish();
}
END_TEST

/* ---- checks ---- */

/* A check of the port is one of the port: nothing is said. */
START_TEST(a_check_of_the_port)
{
	char byte;

	proxy = proxy_start(ONE_WEB QUICK, alpha.port);
	for (unsigned n = 0; n < 3; n++) {
		struct pollfd polled = {alpha.fd, POLLIN, 0};
		ck_assert_int_eq(poll(&polled, 1, (int)harness_ms(10000)), 1);
		int fd = accept(alpha.fd, NULL, NULL);
		ck_assert_int_ge(fd, 0);
		ck_assert_int_eq(recv(fd, &byte, 1, 0), 0);
		close(fd);
	}
	ck_assert(!proxy_logged(proxy, "down"));
	finish();
}
END_TEST

/* A check that logs in comes as a web client, too, and names no player. */
START_TEST(a_check_that_logs_in)
{
	proxy = proxy_start(ONE_WEB LIMBO ",'health':{'interval-ms':100,'check':'classic',"
					  "'probe-name':'Probe'}",
			    alpha.port);
	for (unsigned n = 0; n < 3; n++) {
		struct peer *probe = backend_accept(&alpha);

		ck_assert_str_eq(probe->id.name, "Probe");
		check_request(web.request, NULL);
		link_kick(probe, "No bots");
		ck_assert(peer_closes_within(probe, harness_ms(10000)));
		peer_close(probe);
	}
	ck_assert(!proxy_logged(proxy, "down"));
	finish();
}
END_TEST

/* One that is refused says so; the server is up again when it lets the check in. */
START_TEST(a_check_that_is_refused)
{
	char head[WEB_HEAD_MAX];

	proxy = proxy_start(ONE_WEB LIMBO ",'health':{'interval-ms':100,'check':'classic'}",
			    alpha.port);
	while (!proxy_logged(
		proxy, ") is down: it does not take the WebSocket: it answers 403 Forbidden")) {
		struct peer *probe = web_accept(&alpha, head);

		peer_send(probe, BYTES("HTTP/1.1 403 Forbidden\r\n\r\n"));
		ck_assert(peer_closes_within(probe, harness_ms(10000)));
		peer_close(probe);
	}
	while (!proxy_logged(proxy, ") is up again")) {
		struct peer *probe = backend_accept(&alpha);

		link_kick(probe, "No bots");
		ck_assert(peer_closes_within(probe, harness_ms(10000)));
		peer_close(probe);
	}
	finish();
}
END_TEST

/* ---- reload ---- */

/* A server that begins to take web clients: who is there stays, who comes is on the web. */
START_TEST(what_a_server_wants_changes)
{
	struct peer *bob, *link;

	alpha.web = NULL;
	steward_edits(ONE_SERVER CALM, alpha.port);
	proxy = steward_starts();
	alice_on_alpha(false);
	steward_edits(ONE_WEB CALM, alpha.port);
	steward_reloads();
	alpha.web = &web;
	bob = join(proxy, &alpha, "Bob", "Alpha", &link);
	check_request(web.request, "127.0.0.1");
	exchange(bob, link);
	exchange(alice, link_a);
	peer_close(bob);
	peer_close(link);
	finish();
	steward_leaves();
}
END_TEST

static TCase *web_case(Suite *suite, const char *name)
{
	TCase *tcase = harness_case(suite, name);

	tcase_add_checked_fixture(tcase, setup, stage_teardown);
	return tcase;
}

int main(void)
{
	Suite *suite = suite_create("forward web");
	TCase *tcase = web_case(suite, "requests");

	tcase_add_test(tcase, a_server_is_asked);
	tcase_add_loop_test(tcase, a_player_through_proxies, 0, 7);
	tcase_add_test(tcase, ipv4_through_ipv6);
	tcase_add_test(tcase, a_second_dial_asks_again);
	tcase = web_case(suite, "frames");
	tcase_add_loop_test(tcase, a_server_with_frames, 0, 2 * N_SHAPES);
	tcase_add_test(tcase, frames_behind_the_answer);
	tcase_add_loop_test(tcase, web_on_both_sides, 0, 2);
	tcase_add_loop_test(tcase, jumps_between_plain_and_web, 0, 2);
	tcase_add_loop_test(tcase, a_servers_pings_are_answered, 0, 6);
	tcase_add_loop_test(tcase, a_big_level, 0, 3);
	tcase_add_loop_test(tcase, a_slow_server, 0, 2);
	tcase = web_case(suite, "ends");
	tcase_add_loop_test(tcase, the_server_closes, 0, 4);
	tcase_add_test(tcase, a_player_leaves);
	tcase_add_loop_test(tcase, a_server_with_wrong_frames, 0, 2 * N_FAULTS);
	tcase = web_case(suite, "answers");
	tcase_add_loop_test(tcase, an_answer_that_is_none, 0, N_ANSWERS);
	tcase_add_test(tcase, an_answer_that_is_too_long);
	tcase_add_test(tcase, an_answer_without_a_subprotocol);
	tcase_add_loop_test(tcase, a_jump_to_a_server_without_websocket, 0, 2);
	tcase = web_case(suite, "checks");
	tcase_add_test(tcase, a_check_of_the_port);
	tcase_add_test(tcase, a_check_that_logs_in);
	tcase_add_test(tcase, a_check_that_is_refused);
	tcase = web_case(suite, "reload");
	tcase_add_test(tcase, what_a_server_wants_changes);
	return harness_run(suite);
}
