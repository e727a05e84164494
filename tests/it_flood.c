/* SPDX-License-Identifier: MIT */
/*
 * Players who send more than their limits allow: they are slowed, then kicked, and nobody else
 * notices. How much comes at once is the time of a burst and one read; only that it is not
 * sooner than the limit allows is looked at, never how much later.
 */
#include "flood.h"
#include "stage.h"
#include "steward.h"

#define READ       4096 /* what Kurafuto reads from a client at once, see session_private.h */
#define DATA_MAX   131072
#define SLOWED     "a second (limits), and is slowed down"
#define CHAT_SIZE  66
#define BLOCK_SIZE 9
#define MOVE_SIZE  10
#define NO_KICK    "'flood-kick-s':0"

/* What is sent too much of, at a limit that is paid off soon and one that never is. */
static const struct {
	const char *limit, *word;
	uint8_t opcode;
	unsigned size;           /* of a packet, */
	unsigned weight;         /* and what it counts */
	unsigned quickly, never; /* a second */
} kinds[] = {
	{"chat-per-s", "chat lines", OP_MESSAGE, CHAT_SIZE, 1, 100, 10},
	{"blocks-per-s", "blocks", OP_SET_BLOCK_CLIENT, BLOCK_SIZE, 1, 1000, 100},
	{"packets-per-s", "packets", OP_POSITION, MOVE_SIZE, 1, 1000, 100},
	{"bytes-per-s", "bytes", OP_POSITION, MOVE_SIZE, MOVE_SIZE, 8000, 1000},
};
#define KINDS ((int)(sizeof(kinds) / sizeof(kinds[0])))

/* The limits with one of these alone. */
static const char *alone(int kind, unsigned per_s)
{
	static char limits[256];
	int n = 0;

	for (int i = 0; i < KINDS; i++)
		n += snprintf(limits + n, sizeof(limits) - (size_t)n, "'%s':%u,",
			      kinds[i].limit, i == kind ? per_s : 0);
	return limits;
}

static uint8_t data[DATA_MAX];
static struct peer *bob, *link_bob;

/* n packets of a kind in data[]; they are numbered as far as a byte goes. */
static size_t write_packets(uint8_t opcode, unsigned size, unsigned n)
{
	ck_assert_uint_le(n * size, sizeof(data));
	memset(data, 0, n * size);
	for (unsigned i = 0; i < n; i++) {
		uint8_t *packet = data + i * size;

		if (opcode == OP_MESSAGE)
			packet_write_message(packet, PACKET_SELF, "flood");
		packet[0] = opcode;
		packet[1] = opcode == OP_SET_BLOCK_CLIENT ? 0 : PACKET_SELF;
		packet[size - 1] = (uint8_t)(opcode == OP_MESSAGE ? 'a' + i % 26 : i);
	}
	return n * size;
}

/* How many of them arrive, in their order, before the link closes or there are n. */
static unsigned arrive(struct peer *link, int kind, unsigned n)
{
	unsigned got = 0;
	const uint8_t *packet;

	while (got < n && (packet = peer_next(link)) != NULL) {
		if (packet[0] != kinds[kind].opcode)
			continue;
		ck_assert_mem_eq(packet, data + got * kinds[kind].size, kinds[kind].size);
		got++;
	}
	return got;
}

static void bob_on_alpha(void)
{
	bob = join(proxy, &alpha, "Bob", "Alpha", &link_bob);
	exchange(bob, link_bob);
}

static void all_end(void)
{
	peer_close(bob);
	peer_close(link_bob);
	finish();
}

/* ---- slowed ---- */

/* More than a burst, twice what is read at once: the last of it is not read before what is
 * owed for the first has been paid. And nothing is lost. */
START_TEST(who_sends_too_much_is_slowed)
{
	unsigned rate = kinds[_i].quickly, weight = kinds[_i].weight;
	unsigned burst = rate * FLOOD_BURST_S / weight, read = READ / kinds[_i].size;
	unsigned n = burst + 2 * read;
	char line[96];

	proxy = proxy_start(ONE_SERVER CALM ",'limits':{%s" NO_KICK "}", alpha.port,
			    alone(_i, rate));
	alice_on_alpha(false);
	bob_on_alpha();
	int64_t since_ms = harness_now();
	peer_send(alice, data, write_packets(kinds[_i].opcode, kinds[_i].size, n));
	snprintf(line, sizeof(line), "sends too many %s " SLOWED, kinds[_i].word);
	proxy_wait_log(proxy, line);
	exchange(bob, link_bob);
	ck_assert_uint_eq(arrive(link_a, _i, n), n);
	/* what was there when the flood began: a full bucket at most */
	ck_assert_int_ge(harness_now() - since_ms, (read - 1) * weight * 1000 / rate);
	ck_assert_uint_eq(proxy_count_log(proxy, SLOWED), 1);
	all_end();
}
END_TEST

/* What two hands can do, and a lag burst of it, is far below. */
START_TEST(an_honest_builder_is_not)
{
	proxy = proxy_start(ONE_SERVER CALM ",'limits':{}", alpha.port);
	alice_on_alpha(false);
	for (unsigned i = 0; i < 40; i++) {
		peer_send(alice, data, write_packets(OP_MESSAGE, CHAT_SIZE, 1));
		peer_send(alice, data, write_packets(OP_SET_BLOCK_CLIENT, BLOCK_SIZE, 10));
		peer_send(alice, data, write_packets(OP_POSITION, MOVE_SIZE, 20));
	}
	exchange(alice, link_a);
	ck_assert(!proxy_logged(proxy, SLOWED));
	finish();
}
END_TEST

/* While they are slowed they hear what is said; and a reload forgives what they owe. */
START_TEST(a_reload_forgives)
{
	uint8_t line[CHAT_SIZE];

	steward_edits(ONE_SERVER CALM ",'limits':{'chat-per-s':1," NO_KICK "}", alpha.port);
	proxy = steward_starts();
	alice_on_alpha(false);
	peer_send(alice, data, write_packets(OP_MESSAGE, CHAT_SIZE, 200));
	proxy_wait_log(proxy, SLOWED);
	packet_write_message(line, 0, "good morning");
	peer_send(link_a, line, sizeof(line));
	peer_wait_text(alice, "good morning");
	steward_edits(ONE_SERVER CALM ",'limits':{'chat-per-s':0," NO_KICK "}", alpha.port);
	steward_reloads();
	ck_assert_uint_eq(arrive(link_a, 0, 200), 200);
	finish();
	steward_leaves();
}
END_TEST

/* Neither who leaves nor who is kicked has to wait until they have paid. */
START_TEST(who_is_slowed_can_go)
{
	unsigned threads, fds;

	steward_edits(ONE_SERVER CALM ",'limits':{'chat-per-s':1," NO_KICK "}", alpha.port);
	proxy = steward_starts();
	bob_on_alpha();
	threads = proxy_threads(proxy);
	fds = proxy_fds(proxy);
	alice_on_alpha(false);
	peer_send(alice, data, write_packets(OP_MESSAGE, CHAT_SIZE, 200));
	proxy_wait_log(proxy, SLOWED);
	if (_i == 0) {
		steward_asks("kick Alice", "has been kicked");
		peer_expect_disconnect(alice, "kicked");
	}
	lose(&alice);
	peer_expect_close(link_a);
	lose(&link_a);
	proxy_wait_counts(proxy, threads, fds);
	all_end();
	steward_leaves();
}
END_TEST

/* ---- kicked ---- */

START_TEST(who_goes_on_is_kicked)
{
	unsigned rate = kinds[_i].never, weight = kinds[_i].weight;
	unsigned burst = rate * FLOOD_BURST_S / weight, read = READ / kinds[_i].size;
	char reason[96];

	proxy = proxy_start(ONE_SERVER CALM ",'limits':{%s'flood-kick-s':1}", alpha.port,
			    alone(_i, rate));
	alice_on_alpha(false);
	bob_on_alpha();
	int64_t since_ms = harness_now();
	peer_send(alice, data,
		  write_packets(kinds[_i].opcode, kinds[_i].size, burst + 4 * read));
	snprintf(reason, sizeof(reason), "too many %s for too long", kinds[_i].word);
	peer_expect_disconnect(alice, reason);
	ck_assert_int_ge(harness_now() - since_ms, 1000);
	proxy_wait_log(proxy, reason);
	exchange(bob, link_bob);
	unsigned got = arrive(link_a, _i, UINT32_MAX);
	int64_t took_s = (harness_now() - since_ms) / 1000 + 1;
	ck_assert_uint_ge(got, burst);
	ck_assert_uint_le(got, burst + read + 1 + took_s * rate / weight);
	all_end();
}
END_TEST

/* ---- garbage ---- */

static void be_web(struct peer *client)
{
	static const char request[] =
		"GET / HTTP/1.1\r\nHost: example.org\r\nConnection: Upgrade\r\n"
		"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
		"Sec-WebSocket-Protocol: ClassiCube\r\n\r\n";

	peer_send(client, request, sizeof(request) - 1);
}

/* A login in a frame: a mask of zeros changes nothing. */
static void identify_by_web(struct peer *client, const char *name)
{
	static const uint8_t frame[] = {0x82, 0x80 | 126, 0, 131, 0, 0, 0, 0};

	peer_send(client, frame, sizeof(frame));
	client_identify(client, PACKET_PROTOCOL, false, name, NULL);
}

/* Instead of a login, behind its beginning, behind a request, in the game, in frames. Whoever
 * sends it is gone soon, and nobody else. */
START_TEST(garbage_ends)
{
	unsigned threads, fds;

	proxy = proxy_start(ONE_SERVER CALM ",'limits':{}", alpha.port);
	bob_on_alpha();
	threads = proxy_threads(proxy);
	fds = proxy_fds(proxy);
	for (unsigned i = 0; i < 40; i++) {
		harness_random(data, 65536);
		alice = client_connect(proxy);
		if (_i == 0)
			data[0] |= 1;
		if (_i == 1)
			peer_send(alice, "\x00\x07", 2);
		if (_i == 2)
			be_web(alice);
		if (_i == 3)
			peer_send(alice, "GET ", 4);
		peer_send(alice, data, 65536);
		ck_assert(peer_closes_within(alice, harness_ms(10000)));
		lose(&alice);
	}
	exchange(bob, link_bob);
	proxy_wait_counts(proxy, threads, fds);
	all_end();
}
END_TEST

START_TEST(garbage_in_the_game_ends)
{
	proxy = proxy_start(ONE_SERVER CALM ",'limits':{}", alpha.port);
	bob_on_alpha();
	for (unsigned i = 0; i < 10; i++) {
		alice_on_alpha(_i == 1);
		harness_random(data, 65536);
		peer_send(alice, data, 65536);
		ck_assert(peer_closes_within(alice, harness_ms(10000)));
		lose(&alice);
		peer_expect_close(link_a);
		lose(&link_a);
	}
	exchange(bob, link_bob);
	all_end();
}
END_TEST

/* Frames without anything in them count, too: pings, and empty ones. */
START_TEST(a_flood_of_empty_frames)
{
	static const uint8_t opcodes[] = {0x82, 0x89};

	proxy = proxy_start(ONE_SERVER CALM
			    ",'limits':{'packets-per-s':1,'flood-kick-s':1,'chat-per-s':0}",
			    alpha.port);
	alice = client_connect(proxy);
	be_web(alice);
	identify_by_web(alice, "Alice");
	link_a = backend_accept(&alpha);
	link_welcome(link_a, "Alpha");
	memset(data, 0, 65536);
	for (size_t at = 0; at + 6 <= 65536; at += 6) {
		data[at] = opcodes[_i];
		data[at + 1] = 0x80;
	}
	for (unsigned i = 0; i < 2; i++)
		peer_send(alice, data, 65536 / 6 * 6);
	proxy_wait_log(proxy, "too many packets for too long");
	ck_assert(peer_closes_within(alice, harness_ms(10000)));
	finish();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("flood");
	TCase *slow = stage_case(suite, "slowed"), *kicked = stage_case(suite, "kicked");
	TCase *garbage = stage_case(suite, "garbage");

	tcase_add_loop_test(slow, who_sends_too_much_is_slowed, 0, KINDS);
	tcase_add_test(slow, an_honest_builder_is_not);
	tcase_add_test(slow, a_reload_forgives);
	tcase_add_loop_test(slow, who_is_slowed_can_go, 0, 2);
	tcase_add_loop_test(kicked, who_goes_on_is_kicked, 0, KINDS);
	tcase_add_loop_test(garbage, garbage_ends, 0, 4);
	tcase_add_loop_test(garbage, garbage_in_the_game_ends, 0, 2);
	tcase_add_loop_test(garbage, a_flood_of_empty_frames, 0, 2);
	return harness_run(suite);
}
