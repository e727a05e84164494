/* SPDX-License-Identifier: MIT */
/*
 * A player with every extension on servers that have few or none: what both sides read is in
 * their own dialect, nothing is lost on the way, and the old world stays until the new one is
 * there.
 */
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "fields.h"
#include "stage.h"

#define EDGE 16 /* of the harness's level */

static void setup(void)
{
	stage_setup();
	proxy = proxy_start(TWO_SERVERS CALM, alpha.port, beta.port);
}

static void teardown(void)
{
	finish();
	stage_teardown();
}

/* Alice has everything; alpha what the list says, NULL and 0: it does not negotiate at all. */
static void alice_joins(const struct extension *list, size_t n)
{
	alice = client_login_cpe(proxy, "Alice");
	link_a = backend_accept(&alpha);
	if (n > 0)
		link_negotiate(link_a, list, n);
	link_welcome(link_a, "Alpha");
	client_arrive(alice, "Alpha");
	exchange(alice, link_a);
	peer_forget(alice);
	peer_forget(link_a);
}

/* ---- positions and blocks ---- */

START_TEST(positions_widen_and_saturate)
{
	struct packet_position at;
	uint16_t held;
	uint8_t out[PACKET_SIZE_MAX] = {OP_POSITION, 0, 1};

	alice_joins(NULL, 0);
	link_spawn(link_a, 7, "Bob", -5, 32767, -32768);
	at = field_position(&alice->dialect, peer_until(alice, OP_SPAWN_PLAYER));
	ck_assert_int_eq(at.x, -5);
	ck_assert_int_eq(at.y, 32767);
	ck_assert_int_eq(at.z, -32768);
	packet_put_u32(out + 3, 40000);
	packet_put_u32(out + 7, (uint32_t)-40000);
	packet_put_u32(out + 11, 77);
	peer_send(alice, out, 17);
	packet_read_client_position(&at, &held, &link_a->dialect,
				    peer_until(link_a, OP_POSITION));
	ck_assert_int_eq(at.x, 32767);
	ck_assert_int_eq(at.y, -32768);
	ck_assert_int_eq(at.z, 77);
	ck_assert_uint_eq(held, PACKET_SELF);
}
END_TEST

START_TEST(blocks_change_their_width)
{
	const uint8_t *packet;

	alice_joins(NULL, 0);
	peer_send(link_a, "\x06\0\x01\0\x02\0\x03\xff", 8);
	packet = peer_until(alice, OP_SET_BLOCK);
	ck_assert_int_eq(field_number(&alice->dialect, PACKET_TO_CLIENT, packet, "Block"), 255);
	peer_send(alice, "\x05\0\x01\0\x02\0\x03\x01\x01\x2c", 10);
	packet = peer_until(link_a, OP_SET_BLOCK_CLIENT);
	ck_assert_int_eq(packet[8], 1);
	peer_send(alice, "\x05\0\x01\0\x02\0\x03\x01\0\x34", 10);
	ck_assert_int_eq(peer_until(link_a, OP_SET_BLOCK_CLIENT)[8], 12);
}
END_TEST

/* ---- levels ---- */

/* Bytes of the level that the client gets, which must be whole. */
static void read_level(uint8_t level[static EDGE * EDGE * EDGE])
{
	z_stream z = {.next_out = level, .avail_out = EDGE * EDGE * EDGE};
	const uint8_t *packet = peer_until(alice, OP_LEVEL_INITIALIZE);

	ck_assert_uint_eq(packet_get_u32(packet + 1), EDGE * EDGE * EDGE);
	ck_assert_int_eq(inflateInit2(&z, -15), Z_OK);
	while ((packet = peer_next(alice)) != NULL && packet[0] != OP_LEVEL_FINALIZE) {
		uint8_t chunk[1024];

		if (packet[0] != OP_LEVEL_DATA_CHUNK)
			continue;
		ck_assert_uint_eq(packet[1027], 0); /* else it would be the high array */
		memcpy(chunk, packet + 3, sizeof(chunk));
		z.next_in = chunk;
		z.avail_in = packet_get_u16(packet + 1);
		ck_assert_int_ge(inflate(&z, Z_NO_FLUSH), 0);
	}
	ck_assert_uint_eq(z.avail_out, 0);
	inflateEnd(&z);
}

START_TEST(a_gzip_level_becomes_a_fast_one)
{
	uint8_t level[EDGE * EDGE * EDGE];

	alice_joins(NULL, 0);
	link_level(link_a);
	read_level(level);
	for (size_t i = 0; i < sizeof(level); i++)
		ck_assert_uint_eq(level[i], 2);
}
END_TEST

/* Until the size of the level is known its LevelInitialize waits, and so must all that it would
 * wipe out; chat need not. */
START_TEST(what_follows_a_level_that_waits_must_wait)
{
	static const struct extension list[] = {{"EnvWeatherType", 1}};
	uint8_t nothing[1028] = {OP_LEVEL_DATA_CHUNK}, out[PACKET_SIZE_MAX];
	uint8_t prefix[] = {0x1f, 0x8b, 8, 0,   0,   0, 0, 0, 0, 255,
			    0,    4,    0, 251, 255, 0, 0, 0, 1};
	const uint8_t *packet;

	alice_joins(list, 1);
	peer_send(link_a, "\x02\x1f\x01", 3);
	peer_send(link_a, nothing, sizeof(nothing));
	exchange(alice, link_a);
	peer_send(link_a, out, packet_write_level_chunk(out, prefix, sizeof(prefix), 0));
	packet = peer_expect(alice, OP_LEVEL_INITIALIZE);
	ck_assert_uint_eq(packet_get_u32(packet + 1), 1);
	peer_expect_bytes(alice, "\x1f\x01", 2);
}
END_TEST

START_TEST(a_damaged_level_ends_the_link)
{
	uint8_t out[PACKET_SIZE_MAX];

	alice_joins(NULL, 0);
	peer_send(link_a, "\x02", 1);
	peer_send(link_a, out,
		  packet_write_level_chunk(out, (const uint8_t *)"nonsense", 8, 0));
	client_arrive(alice, "Limbo");
	peer_wait_text(alice, "its level is damaged");
}
END_TEST

/* ---- texts ---- */

static void say_long(const char *first, const char *second, const char *third)
{
	uint8_t out[3 * 66];
	size_t size = packet_write_message(out, 1, first);

	size += packet_write_message(out + size, 1, second);
	size += packet_write_message(out + size, 0, third);
	peer_send(alice, out, size);
}

#define TENS(word) word word word word word word

START_TEST(a_long_line_is_joined_and_split_anew)
{
	static const char ten[] = TENS("ten chars ") "four", odd[] = TENS("12345678 *") "abcd";
	char joined[300] = "", *end = joined;

	alice_joins(NULL, 0);
	say_long(ten, odd, "the end.");
	while (strstr(joined, "the end.") == NULL) {
		const uint8_t *packet = peer_until(link_a, OP_MESSAGE);
		char text[65];

		ck_assert_uint_eq(packet[1], PACKET_SELF);
		packet_get_string(text, packet + 2);
		if (end != joined)
			*end++ = ' ';
		end += strlen(strcpy(end, text));
	}
	ck_assert_msg(strstr(joined, "ten chars four12345678 *") != NULL, "%s", joined);
	ck_assert_msg(strstr(joined, "*abcdthe end.") != NULL, "%s", joined);
}
END_TEST

START_TEST(a_long_command_is_not_torn)
{
	alice_joins(NULL, 0);
	say_long("/msg bob " TENS("secrets 1"), "more secrets", "the end.");
	peer_wait_text(alice, "too long");
	exchange(alice, link_a);
	ck_assert_msg(!harness_says(link_a->text, "secret"), "alpha reads: %s", link_a->text);
}
END_TEST

/* ---- what a client does by itself ---- */

static void expect_permission(unsigned block, uint8_t may_place, uint8_t may_delete)
{
	const uint8_t bytes[] = {OP_BLOCK_PERMISSION, 0, (uint8_t)block, may_place, may_delete};

	peer_expect_bytes(alice, bytes, sizeof(bytes));
}

/* A client with BlockPermissions does not look at the user type; alpha has no other means. */
START_TEST(operators_may_place_bedrock)
{
	alice_joins(NULL, 0);
	for (unsigned op = 2; op-- > 0;) {
		peer_send(link_a, op ? "\x0f\x64" : "\x0f\0", 2);
		expect_permission(7, (uint8_t)op, (uint8_t)op);
		for (unsigned block = 8; block <= 11; block++)
			expect_permission(block, (uint8_t)op, 0);
		peer_expect(alice, OP_USER_TYPE);
	}
	peer_send(link_a, "\x0f\0", 2);
	peer_expect(alice, OP_USER_TYPE);
	exchange(alice, link_a);
}
END_TEST

/* A client that has CustomBlocks goes on offering them; alpha would not know them, beta does.
 */
START_TEST(blocks_that_a_server_lacks_are_not_built_with)
{
	static const struct extension some[] = {{"CustomBlocks", 1}, {"FastMap", 1}};

	alice = client_login_cpe(proxy, "Alice");
	link_a = backend_accept(&alpha);
	link_welcome(link_a, "Alpha");
	peer_until(alice, OP_IDENTIFICATION);
	for (unsigned block = 50; block <= 65; block++)
		expect_permission(block, 0, 0);
	client_arrive(alice, "Alpha");
	peer_chat(alice, ":kura jump beta");
	link_b = backend_accept(&beta);
	link_identify(link_b, "Beta");
	link_negotiate(link_b, some, 2);
	link_level(link_b);
	peer_until(alice, OP_BLOCK_PERMISSION);
	for (unsigned block = 51; block <= 65; block++)
		expect_permission(block, 1, 1);
	peer_expect(alice, OP_IDENTIFICATION);
	peer_expect(alice, OP_LEVEL_INITIALIZE);
}
END_TEST

/* ---- the swap ---- */

/* Alpha's world goes on while beta prepares its level. */
START_TEST(the_old_world_stays_until_the_level_begins)
{
	alice_joins(NULL, 0);
	peer_chat(alice, ":kura jump beta");
	link_b = backend_accept(&beta);
	link_negotiate(link_b, NULL, 0);
	link_identify(link_b, "Beta");
	peer_send(link_b, "\x12\0\x20", 3);
	exchange(alice, link_a);
	ck_assert_str_eq(alice->server, "Alpha");
	link_level(link_b);
	peer_until(alice, OP_IDENTIFICATION);
	peer_expect_bytes(alice, "\x12\0\x20", 3);
	peer_expect(alice, OP_LEVEL_INITIALIZE);
	link_spawn(link_b, PACKET_SELF, "Alice", 1, 2, 3);
	client_arrive(alice, "Beta");
	exchange(alice, link_b);
}
END_TEST

/* A server without a level is joined all the same, a moment later. */
START_TEST(a_server_without_a_level_is_joined)
{
	alice_joins(NULL, 0);
	peer_chat(alice, ":kura jump beta");
	link_b = backend_accept(&beta);
	link_identify(link_b, "Beta");
	peer_chat(link_b, "beta has no worlds");
	peer_wait_text(alice, "beta has no worlds");
	ck_assert_str_eq(alice->server, "Beta");
	exchange(alice, link_b);
}
END_TEST

/* Of a ping that beta has sent before it became current the echo is beta's. */
START_TEST(early_pings_are_echoed)
{
	static const uint8_t early[] = {OP_TWO_WAY_PING, 1, 0x12, 0x34};

	alice_joins(NULL, 0);
	peer_chat(alice, ":kura jump beta");
	link_b = backend_accept(&beta);
	link_negotiate(link_b, NULL, 0);
	link_identify(link_b, "Beta");
	peer_send(link_b, early, sizeof(early));
	link_level(link_b);
	peer_until(alice, OP_LEVEL_FINALIZE);
	peer_expect_bytes(link_b, early, sizeof(early));
}
END_TEST

static void arrives_at(struct backend *backend, const char *server, struct peer **link)
{
	char command[32];

	snprintf(command, sizeof(command), ":kura jump %s", server);
	peer_chat(alice, command);
	*link = backend_accept(backend);
	link_welcome(*link, server);
	client_arrive(alice, server);
}

/* Two jumps in a row, and a client so far away that both are over before its first echo comes.
 */
START_TEST(the_echo_of_an_older_gate_opens_none)
{
	uint8_t first[4], second[4];
	struct peer *back;

	alice_joins(NULL, 0);
	alice->keeps_pings = true;
	arrives_at(&beta, "beta", &link_b);
	memcpy(first, peer_until(alice, OP_TWO_WAY_PING), sizeof(first));
	lose(&link_a);
	arrives_at(&alpha, "alpha", &back);
	memcpy(second, peer_until(alice, OP_TWO_WAY_PING), sizeof(second));
	peer_send(alice, first, sizeof(first));
	client_move(alice, 111, 0, 0);
	peer_send(alice, second, sizeof(second));
	client_move(alice, 222, 0, 0);
	ck_assert_int_eq(link_position_x(back, peer_until(back, OP_POSITION)), 222);
	peer_close(back);
}
END_TEST

/* A long level with a ping a second: none of the echoes is taken for a stale one. */
START_TEST(many_early_pings_are_echoed)
{
	uint8_t pings[40][4];

	alice_joins(NULL, 0);
	peer_chat(alice, ":kura jump beta");
	link_b = backend_accept(&beta);
	link_negotiate(link_b, NULL, 0);
	link_identify(link_b, "Beta");
	for (uint8_t i = 0; i < 40; i++)
		memcpy(pings[i], (uint8_t[]){OP_TWO_WAY_PING, 1, 0, i}, 4);
	link_begin_level(link_b);
	peer_send(link_b, pings, sizeof(pings));
	alice->keeps_pings = true;
	for (unsigned i = 0; i < 40; i++)
		peer_until(alice, OP_TWO_WAY_PING);
	peer_send(alice, pings, sizeof(pings));
	for (unsigned i = 0; i < 40; i++)
		peer_expect_bytes(link_b, pings[i], 4);
}
END_TEST

/* Some servers spawn the player before the level is whole. */
START_TEST(a_spawn_within_the_level_opens_the_gate)
{
	alice_joins(NULL, 0);
	alice->keeps_pings = true;
	peer_chat(alice, ":kura jump beta");
	link_b = backend_accept(&beta);
	link_negotiate(link_b, NULL, 0);
	link_identify(link_b, "Beta");
	link_begin_level(link_b);
	link_spawn(link_b, PACKET_SELF, "Alice", 1, 2, 3);
	peer_send(link_b, "\x04\0\x01\0\x01\0\x01", 7);
	peer_until(alice, OP_LEVEL_FINALIZE);
	peer_until(alice, OP_TWO_WAY_PING);
}
END_TEST

/* Old servers of this name send a byte too many behind HackControl. */
START_TEST(a_stray_byte_is_passed_over)
{
	static const uint8_t hacks[] = {OP_HACK_CONTROL, 1, 1, 1, 1, 1, 255, 255};
	uint8_t out[256];
	size_t size;

	alice = client_login_cpe(proxy, "Alice");
	link_a = backend_accept(&alpha);
	size = packet_write_ext_info(out, "D3 server 2", 1);
	size += packet_write_ext_entry(out + size, "HackControl", 1);
	peer_send(link_a, out, size);
	peer_until(link_a, OP_EXT_ENTRY);
	link_welcome(link_a, "Alpha");
	client_arrive(alice, "Alpha");
	for (unsigned i = 0; i < 2; i++) {
		peer_send(link_a, hacks, sizeof(hacks));
		peer_send(link_a, i == 0 ? "\0" : "\xff", 1);
		peer_chat(link_a, i == 0 ? "zero" : "ones");
	}
	peer_wait_text(alice, "ones");
	exchange(alice, link_a);
}
END_TEST

/* A packet of an extension that was not agreed on ends the link. */
START_TEST(a_packet_outside_the_dialect_is_named)
{
	alice_joins(NULL, 0);
	peer_send(link_a, "\x12\0\x20", 3);
	client_arrive(alice, "Limbo");
	proxy_wait_log(proxy, "0x12 (SetClickDistance), which was not negotiated");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("translate");
	TCase *tcase = harness_case(suite, "translate");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, positions_widen_and_saturate);
	tcase_add_test(tcase, blocks_change_their_width);
	tcase_add_test(tcase, a_gzip_level_becomes_a_fast_one);
	tcase_add_test(tcase, what_follows_a_level_that_waits_must_wait);
	tcase_add_test(tcase, a_damaged_level_ends_the_link);
	tcase_add_test(tcase, a_long_line_is_joined_and_split_anew);
	tcase_add_test(tcase, a_long_command_is_not_torn);
	tcase_add_test(tcase, operators_may_place_bedrock);
	tcase_add_test(tcase, blocks_that_a_server_lacks_are_not_built_with);
	tcase_add_test(tcase, the_old_world_stays_until_the_level_begins);
	tcase_add_test(tcase, a_server_without_a_level_is_joined);
	tcase_add_test(tcase, early_pings_are_echoed);
	tcase_add_test(tcase, the_echo_of_an_older_gate_opens_none);
	tcase_add_test(tcase, many_early_pings_are_echoed);
	tcase_add_test(tcase, a_spawn_within_the_level_opens_the_gate);
	tcase_add_test(tcase, a_stray_byte_is_passed_over);
	tcase_add_test(tcase, a_packet_outside_the_dialect_is_named);
	return harness_run(suite);
}
