/* SPDX-License-Identifier: MIT */
/*
 * Web clients, on the port of all others: frames of every shape, and the ends of connections.
 * What they ask for before is it_web_requests'; the real `ws`, Chromium and nginx are
 * tests/npm's.
 */
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "web_stage.h"

static const struct proxy_options verbose = {.args = (const char *const[]){"-v", NULL}};

/* ---- frames ---- */

/* How a client sends what it has to say. */
static const struct shape {
	const char *name;
	bool is_torn, is_fragmented;
	size_t frame_max;
} shapes[] = {
	{.name = "a packet a frame"},
	{.name = "torn", .is_torn = true},
	{.name = "a byte a frame", .frame_max = 1},
	{.name = "frames that end within packets", .frame_max = 7},
	{.name = "fragments", .frame_max = 3, .is_fragmented = true},
	{.name = "torn fragments", .frame_max = 50, .is_fragmented = true, .is_torn = true},
};
#define N_SHAPES ((int)(sizeof(shapes) / sizeof(shapes[0])))

/* A client of vanilla or of CPE joins, chats, jumps and chats, however its bytes come. */
START_TEST(a_player_on_the_web)
{
	static const struct extension extensions[] = {
		{"CustomBlocks", 1}, {"FastMap", 1}, {"LongerMessages", 1}, {"TwoWayPing", 1}};
	const struct shape *shape = &shapes[_i / 2];
	const struct web_request request = {.is_torn = shape->is_torn};
	bool cpe = _i % 2 == 1;

	proxy = proxy_start(TWO_SERVERS CALM SLOWLY, alpha.port, beta.port);
	alice = web_connect_from("127.0.0.1", proxy_port(proxy), &request);
	alice->web->is_torn = shape->is_torn;
	alice->web->is_fragmented = shape->is_fragmented;
	alice->web->frame_max = shape->frame_max;
	client_identify(alice, PACKET_PROTOCOL, cpe, "Alice", NULL);
	if (cpe) /* few: to send them one by one takes its time */
		client_negotiate(alice, extensions, 4);
	link_a = backend_accept(&alpha);
	if (cpe)
		link_negotiate(link_a, NULL, 0);
	link_welcome(link_a, "Alpha");
	client_arrive(alice, "Alpha");
	exchange(alice, link_a);
	peer_chat(alice, ":kura jump beta");
	link_b = backend_accept(&beta);
	if (cpe)
		link_negotiate(link_b, NULL, 0);
	link_welcome(link_b, "Beta");
	client_arrive(alice, "Beta");
	exchange(alice, link_b);
	ck_assert_uint_eq(alice->web->pings, 0);
	finish();
}
END_TEST

static size_t put_chat(uint8_t *out, unsigned n)
{
	char text[32];

	snprintf(text, sizeof(text), "line %u.", n);
	return packet_write_message(out, PACKET_SELF, text);
}

/* Many packets in one frame, the last of them torn between it and the next. */
START_TEST(many_packets_in_a_frame)
{
	uint8_t chat[66 * 3];

	proxy = proxy_start(ONE_SERVER CALM, alpha.port);
	alice_on_web(false);
	for (unsigned i = 0; i < 3; i++)
		put_chat(chat + 66 * i, i);
	web_frame(alice, WEB_FIN | WEB_BINARY, chat, 66 * 2 + 11);
	peer_wait_text(link_a, "line 1.");
	ck_assert(!harness_says(link_a->text, "line 2."));
	web_frame(alice, WEB_FIN | WEB_BINARY, chat + 66 * 2 + 11, 66 - 11);
	peer_wait_text(link_a, "line 2.");
	exchange(alice, link_a);
	finish();
}
END_TEST

/* What goes over the network at once: the request, and with it a ping and a part of the login,
 * which a browser would never send before the answer. */
START_TEST(frames_behind_the_request)
{
	const char request[] =
		"GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\n"
		"Upgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\n"
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
		"Sec-WebSocket-Protocol: chat, ClassiCube\r\n\r\n";
	uint8_t all[sizeof(request) + 200], login[131] = {0x00, PACKET_PROTOCOL};
	size_t size = sizeof(request) - 1, left = _i == 0 ? 0 : 100;

	proxy = proxy_start(ONE_SERVER CALM, alpha.port);
	packet_put_string(login + 2, "Alice");
	packet_put_string(login + 66, "");
	memcpy(all, request, size);
	size += web_write_frame(all + size, WEB_FIN | WEB_PING, true, "hey", 3);
	size += web_write_frame(all + size, WEB_FIN | WEB_BINARY, true, login, sizeof(login));
	alice = client_connect(proxy);
	peer_send(alice, all, size - left);
	web_enter(alice);
	web_expect_pong(alice, 1, "hey", 3);
	peer_send_raw(alice, all + size - left, left);
	take_in(alice);
	finish();
}
END_TEST

/* Frames without data, and text that is meant as bytes. */
START_TEST(frames_of_other_kinds)
{
	uint8_t chat[66];

	proxy = proxy_start(ONE_SERVER CALM, alpha.port);
	alice = web_connect(proxy);
	web_frame(alice, WEB_FIN | WEB_BINARY, "", 0);
	web_frame(alice, WEB_FIN | WEB_TEXT, "", 0);
	client_identify(alice, PACKET_PROTOCOL, false, "Alice", NULL);
	web_frame(alice, WEB_BINARY, "", 0);
	web_frame(alice, WEB_FIN | WEB_MORE, "", 0);
	take_in(alice);
	put_chat(chat, 1);
	web_frame(alice, WEB_FIN | WEB_TEXT, chat, sizeof(chat));
	peer_wait_text(link_a, "line 1.");
	put_chat(chat, 2);
	web_frame(alice, WEB_TEXT, chat, 20);
	web_frame(alice, WEB_MORE, "", 0);
	web_frame(alice, WEB_MORE, chat + 20, 20);
	web_frame(alice, WEB_FIN | WEB_MORE, chat + 40, sizeof(chat) - 40);
	peer_wait_text(link_a, "line 2.");
	web_frame(alice, WEB_FIN | WEB_PONG, "unasked", 7);
	exchange(alice, link_a);
	finish();
}
END_TEST

/* In the login, in the game, and between the fragments of a message. */
START_TEST(pings_are_answered)
{
	uint8_t payload[WEB_CONTROL_MAX], chat[66];
	static const size_t sizes[] = {0, 1, WEB_CONTROL_MAX};
	size_t size = sizes[_i % 3];

	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)(i * 7);
	proxy = proxy_start(ONE_SERVER CALM SLOWLY, alpha.port);
	alice = web_connect(proxy);
	alice->web->is_torn = _i >= 3;
	web_frame(alice, WEB_FIN | WEB_PING, payload, size);
	web_expect_pong(alice, 1, payload, size);
	client_identify(alice, PACKET_PROTOCOL, false, "Alice", NULL);
	take_in(alice);
	web_frame(alice, WEB_FIN | WEB_PING, payload, size);
	web_expect_pong(alice, 2, payload, size);
	put_chat(chat, 1);
	web_frame(alice, WEB_BINARY, chat, 33);
	web_frame(alice, WEB_FIN | WEB_PING, payload, size);
	web_expect_pong(alice, 3, payload, size);
	web_frame(alice, WEB_FIN | WEB_MORE, chat + 33, 33);
	peer_wait_text(link_a, "line 1.");
	exchange(alice, link_a);
	finish();
}
END_TEST

/* Pings that come while a level does cut no frame in two: the frames are read strictly. */
START_TEST(pings_within_a_level)
{
	static const uint8_t chunk[1024];
	uint8_t out[PACKET_SIZE_MAX];
	unsigned n = 0;

	proxy = proxy_start(TWO_SERVERS CALM, alpha.port, beta.port);
	alice_on_web(true);
	peer_chat(alice, ":kura jump beta");
	link_b = backend_accept(&beta);
	link_negotiate(link_b, NULL, 0);
	link_identify(link_b, "Beta");
	peer_send(link_b, out, packet_write_level_initialize(out, &link_b->dialect, 4096));
	for (unsigned i = 0; i < 256; i++) {
		peer_send(link_b, out, packet_write_level_chunk(out, chunk, sizeof(chunk), 0));
		web_frame(alice, WEB_FIN | WEB_PING, "x", 1);
		n++;
	}
	peer_send(link_b, out, packet_write_level_finalize(out, 16, 16, 16));
	link_spawn(link_b, PACKET_SELF, "Alice", 256, 320, 256);
	client_arrive(alice, "Beta");
	exchange(alice, link_b);
	/* of pings that came together only the last must have an answer */
	ck_assert_uint_ge(alice->web->pongs, 1);
	ck_assert_uint_le(alice->web->pongs, n);
	finish();
}
END_TEST

/* ---- the end ---- */

static const unsigned statuses[] = {1000, 1001, WEB_NO_STATUS, 4321};

/* The client closes: it is told the same, and the player has left. What comes behind is not
 * looked at. */
START_TEST(the_client_closes)
{
	unsigned status = statuses[_i % 4];
	bool in_login = _i >= 4;
	uint8_t chat[66];

	proxy = proxy_start_with(&verbose, ONE_SERVER CALM, alpha.port);
	if (in_login)
		alice = web_connect(proxy);
	else
		alice_on_web(false);
	web_send_close(alice, status);
	put_chat(chat, 1);
	web_frame(alice, WEB_FIN | WEB_BINARY, chat, sizeof(chat));
	web_expect_close(alice, status);
	if (in_login) {
		proxy_wait_log(proxy, "went away during its login");
	} else {
		peer_expect_close(link_a);
		ck_assert(!harness_says(link_a->text, "line 1."));
		proxy_wait_log(proxy, "Alice: leaves after");
	}
	finish();
}
END_TEST

/* They go without a word: no frame, or half a one. */
START_TEST(the_client_vanishes)
{
	struct linger at_once = {.l_onoff = 1};

	proxy = proxy_start(ONE_SERVER CALM, alpha.port);
	alice_on_web(false);
	if (_i % 2 == 1)
		peer_send_raw(alice, "\x82\xfe\x10", 3);
	if (_i >= 2) /* a reset */
		setsockopt(alice->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	lose(&alice);
	peer_expect_close(link_a);
	proxy_wait_log(proxy, "Alice: leaves after");
	finish();
}
END_TEST

/* A Disconnect with its reason, then a close frame, then the end. */
START_TEST(kurafuto_closes)
{
	proxy = proxy_start(ONE_SERVER CALM ",'on-kick':'disconnect'", alpha.port);
	alice_on_web(_i % 2 == 1);
	if (_i < 2)
		link_kick(link_a, "No reason at all");
	else
		proxy_signal(proxy, SIGTERM);
	peer_expect_disconnect(alice, _i < 2 ? "No reason at all" : "shutting down");
	ck_assert(alice->web->has_closed);
	ck_assert_uint_eq(alice->web->status, 1000);
	if (_i < 2) {
		finish();
		return;
	}
	ck_assert_int_eq(proxy_wait(proxy), 0);
	proxy_free(proxy);
}
END_TEST

/* Who does not answer a close frame is not waited for. */
START_TEST(the_client_does_not_answer_the_close)
{
	proxy = proxy_start(ONE_SERVER CALM ",'on-kick':'disconnect'", alpha.port);
	unsigned threads = proxy_threads(proxy), fds = proxy_fds(proxy);
	alice_on_web(false);
	alice->web->keeps_closes = true;
	link_kick(link_a, "No reason at all");
	peer_expect_disconnect(alice, "No reason at all");
	ck_assert_uint_eq(alice->web->status, 1000);
	lose(&link_a);
	proxy_wait_counts(proxy, threads, fds);
	finish();
}
END_TEST

/* A login that is refused says why in a packet, as to all others. */
START_TEST(a_refused_login)
{
	proxy = proxy_start(ONE_SERVER CALM, alpha.port);
	alice = web_connect(proxy);
	client_identify(alice, PACKET_PROTOCOL, false, "Nobody is called so", NULL);
	peer_expect_disconnect(alice, "Invalid name");
	ck_assert_uint_eq(alice->web->status, 1000);
	peer_close(alice);
	alice = web_connect(proxy);
	web_frame(alice, WEB_FIN | WEB_BINARY, "\xfe\x07", 2);
	peer_expect_disconnect(alice, "0xfe");
	ck_assert_uint_eq(alice->web->status, 1000);
	finish();
}
END_TEST

/* ---- frames that are none ---- */

/* clang-format off */
static const struct {
	const char *bytes;
	size_t size;
	const char *fault;
} faults[] = {
	{BYTES("\x82\x03" "abc"), "not masked"},
	{BYTES("\x89\x00"), "not masked"},
	{BYTES("\xc2\x80" "abcd"), "reserved"},
	{BYTES("\x83\x80" "abcd"), "opcode"},
	{BYTES("\x8b\x80" "abcd"), "opcode"},
	{BYTES("\x09\x80" "abcd"), "control"},
	{BYTES("\x89\xfe\x00\x7e" "abcd"), "control"},
	{BYTES("\x80\x80" "abcd"), "continu"},
	{BYTES("\x02\x80" "abcd" "\x82\x80" "abcd"), "message"},
	{BYTES("\x82\xfe\x00\x05" "abcd"), "length"},
	{BYTES("\x82\xff\x00\x00\x00\x00\x00\x00\xff\xff" "abcd"), "length"},
	{BYTES("\x82\xff\x80\x00\x00\x00\x00\x00\x00\x00" "abcd"), "2^63"},
	{BYTES("\x88\x81" "abcd" "a"), "close"},
};
/* clang-format on */
#define N_FAULTS ((int)(sizeof(faults) / sizeof(faults[0])))

/* The client learns it by the status, the admin by the log; in the login and in the game. */
START_TEST(frames_that_are_wrong)
{
	bool in_login = _i >= N_FAULTS;
	int i = _i % N_FAULTS;

	proxy = proxy_start(ONE_SERVER CALM, alpha.port);
	if (in_login)
		alice = web_connect(proxy);
	else
		alice_on_web(true);
	peer_send_raw(alice, faults[i].bytes, faults[i].size);
	web_expect_close(alice, 1002);
	proxy_wait_log(proxy, "WebSocket frames are wrong: ");
	proxy_wait_log(proxy, faults[i].fault);
	if (!in_login)
		peer_expect_close(link_a);
	finish();
}
END_TEST

/* What came before the fault counts. */
START_TEST(packets_before_a_fault)
{
	uint8_t out[66 + 14 + 2], chat[66];

	proxy = proxy_start(ONE_SERVER CALM, alpha.port);
	alice_on_web(false);
	put_chat(chat, 1);
	size_t size = web_write_frame(out, WEB_FIN | WEB_BINARY, true, chat, sizeof(chat));
	memcpy(out + size, "\x82\x00", 2);
	peer_send_raw(alice, out, size + 2);
	peer_wait_text(link_a, "line 1.");
	web_expect_close(alice, 1002);
	finish();
}
END_TEST

/* ---- all together ---- */

/* Web clients and others on one port, in one world. */
START_TEST(all_on_one_port)
{
	struct peer *players[8], *links[8];
	char name[16];

	proxy = proxy_start(ONE_SERVER CALM, alpha.port);
	unsigned threads = proxy_threads(proxy), fds = proxy_fds(proxy);
	for (unsigned i = 0; i < 8; i++) {
		snprintf(name, sizeof(name), "Player%u", i);
		if (i % 2 == 0)
			players[i] = web_join(proxy, &alpha, i >= 4, name, "Alpha", &links[i]);
		else
			players[i] = (i >= 4 ? join_cpe : join)(proxy, &alpha, name, "Alpha",
								&links[i]);
	}
	for (unsigned round = 0; round < 3; round++)
		for (unsigned i = 0; i < 8; i++)
			exchange(players[i], links[i]);
	for (unsigned i = 0; i < 8; i++) {
		if (i % 4 == 0) {
			web_send_close(players[i], 1000);
			web_expect_close(players[i], 1000);
		}
		peer_close(players[i]);
		peer_expect_close(links[i]);
		peer_close(links[i]);
	}
	proxy_wait_counts(proxy, threads, fds);
	finish();
}
END_TEST

/* Whatever becomes of a connection, nothing of it stays. */
START_TEST(nothing_is_left_behind)
{
	proxy = proxy_start(ONE_SERVER CALM ",'login-timeout-ms':500", alpha.port);
	alice_on_web(false);
	lose(&alice);
	peer_expect_close(link_a);
	lose(&link_a);
	proxy_wait_log(proxy, "Alice: leaves after");
	unsigned threads = proxy_threads(proxy), fds = proxy_fds(proxy);
	for (unsigned i = 0; i < 40; i++) {
		static const char *const beginnings[] = {"G", "GET / HT", REQUEST(""),
							 REQUEST(UPGRADE("13") PROTOCOL)};
		struct peer *client = client_connect(proxy);

		peer_send(client, beginnings[i % 4], strlen(beginnings[i % 4]));
		if (i % 8 >= 4)
			peer_send(client, BYTES("\x82\x83"
						"abcd"
						"xyz"));
		if (i % 3 == 0)
			peer_closes_within(client, harness_ms(2000));
		peer_close(client);
	}
	proxy_wait_counts(proxy, threads, fds);
	alice_on_web(true);
	finish();
}
END_TEST

/* A web client that reads nothing is noticed as any other is, and hinders nobody. */
START_TEST(a_deaf_web_client)
{
	struct peer *bob, *link;

	proxy = proxy_start(ONE_SERVER CALM ",'client-timeout-ms':1500", alpha.port);
	alice_on_web(_i == 1);
	proxy_deafen(proxy, &link_a, 1);
	bob = join(proxy, &alpha, "Bob", "Alpha", &link);
	exchange(bob, link);
	while (!proxy_logged(proxy, "Alice: leaves after")) {
		client_move(bob, 1, 2, 3); /* he is not silent */
		poll(NULL, 0, 20);
	}
	ck_assert(peer_closes_within(link_a, harness_ms(10000)));
	exchange(bob, link);
	peer_close(bob);
	peer_close(link);
	finish();
}
END_TEST

/* One that reads on a moment after Kurafuto has given up waiting: the frame that it was stuck
 * in goes on to its end, and the next says why it is to go. A slow build may come too late for
 * that; then there is nothing behind the frames. */
START_TEST(a_deaf_web_client_is_told_to_go)
{
	const uint8_t *packet;
	struct pollfd quiet;

	proxy = proxy_start(ONE_SERVER CALM ",'client-timeout-ms':600000", alpha.port);
	alice_on_web(_i % 2 == 1);
	proxy_deafen(proxy, &link_a, 1);
	proxy_signal(proxy, SIGTERM);
	ck_assert(peer_closes_within(link_a, harness_ms(10000)));
	quiet = (struct pollfd){alice->fd, POLLRDHUP, 0};
	ck_assert_int_eq(poll(&quiet, 1, 250), 0);
	do
		packet = peer_next(alice);
	while (packet != NULL && packet[0] != OP_DISCONNECT);
	if (packet != NULL)
		ck_assert_ptr_null(peer_next(alice));
	ck_assert(alice->web->has_closed == (packet != NULL));
	lose(&alice);
	ck_assert_int_eq(proxy_wait(proxy), 0);
	proxy_free(proxy);
}
END_TEST

/* Sends numbered lines until Kurafuto takes no more. Returns how many of them are under way;
 * of the last one *rest bytes are still to be sent. */
static unsigned send_lines(struct peer *link, size_t *rest)
{
	unsigned n = 0;

	for (;;) {
		uint8_t chat[66];
		ssize_t sent;

		put_chat(chat, n);
		do
			sent = send(link->fd, chat, sizeof(chat), MSG_NOSIGNAL | MSG_DONTWAIT);
		while (sent < 0 && !proxy_is_stuck(proxy, link));
		if (sent < 0)
			return n;
		n++;
		*rest = sizeof(chat) - (size_t)sent;
		if (*rest > 0)
			return n;
	}
}

/* One that reads in the end has missed nothing: no frame has been torn in the wrong place. */
START_TEST(a_slow_web_client)
{
	uint8_t chat[66];
	size_t rest = 0;

	proxy = proxy_start(ONE_SERVER CALM ",'client-timeout-ms':0", alpha.port);
	alice_on_web(_i == 1);
	unsigned n = send_lines(link_a, &rest);
	for (unsigned i = 0; i < n; i++) {
		put_chat(chat, i);
		if (i + 1 == n)
			peer_send(link_a, chat + sizeof(chat) - rest, rest);
		const uint8_t *packet = peer_expect(alice, OP_MESSAGE);
		if (memcmp(packet, chat, sizeof(chat)) != 0)
			ck_abort_msg("line %u is another one", i);
	}
	exchange(alice, link_a);
	finish();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("websocket");
	TCase *tcase = stage_case(suite, "frames");

	tcase_add_loop_test(tcase, a_player_on_the_web, 0, 2 * N_SHAPES);
	tcase_add_test(tcase, many_packets_in_a_frame);
	tcase_add_loop_test(tcase, frames_behind_the_request, 0, 2);
	tcase_add_test(tcase, frames_of_other_kinds);
	tcase_add_loop_test(tcase, pings_are_answered, 0, 6);
	tcase_add_test(tcase, pings_within_a_level);
	tcase_add_loop_test(tcase, frames_that_are_wrong, 0, 2 * N_FAULTS);
	tcase_add_test(tcase, packets_before_a_fault);
	tcase = stage_case(suite, "ends");
	tcase_add_loop_test(tcase, the_client_closes, 0, 8);
	tcase_add_loop_test(tcase, the_client_vanishes, 0, 4);
	tcase_add_loop_test(tcase, kurafuto_closes, 0, 4);
	tcase_add_test(tcase, the_client_does_not_answer_the_close);
	tcase_add_test(tcase, a_refused_login);
	tcase = stage_case(suite, "all together");
	tcase_add_test(tcase, all_on_one_port);
	tcase_add_test(tcase, nothing_is_left_behind);
	tcase_add_loop_test(tcase, a_deaf_web_client, 0, 2);
	tcase_add_loop_test(tcase, a_deaf_web_client_is_told_to_go, 0, 4);
	tcase_add_loop_test(tcase, a_slow_web_client, 0, 2);
	return harness_run(suite);
}
