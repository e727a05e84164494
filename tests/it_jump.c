/* SPDX-License-Identifier: MIT */
/*
 * Jumps and fallbacks: the old server's link lives until the new one has let the player in,
 * nothing of the old world reaches the new one, and a player is never left without a server as
 * long as there is one.
 */
#include <string.h>
#include <unistd.h>

#include "harness.h"

#define TWO_SERVERS   "'servers':[" SERVER("alpha") "," SERVER("beta") "]"
#define THREE_SERVERS "'servers':[" SERVER("alpha") "," SERVER("beta") "," SERVER("gamma") "]"

static struct backend alpha, beta, gamma_server;
static struct proxy *proxy;
static struct peer *alice, *link_a, *link_b;

static void setup(void)
{
	backend_open(&alpha);
	backend_open(&beta);
	backend_open(&gamma_server);
	alice = link_a = link_b = NULL;
}

static void teardown(void)
{
	backend_close(&alpha);
	backend_close(&beta);
	backend_close(&gamma_server);
}

static void alice_on_alpha(bool cpe)
{
	alice = (cpe ? join_cpe : join)(proxy, &alpha, "Alice", "Alpha", &link_a);
	exchange(alice, link_a);
	peer_forget(alice);
}

static void start_two(bool cpe)
{
	proxy = proxy_start(TWO_SERVERS, alpha.port, beta.port);
	alice_on_alpha(cpe);
}

static void finish(void)
{
	peer_close(alice);
	peer_close(link_a);
	peer_close(link_b);
	proxy_stop(proxy);
}

/* Asks for a jump to beta; link_b has the player's identification then, and beta has not
 * answered. */
static void ask_for_beta(bool cpe)
{
	peer_chat(alice, ":kura jump beta");
	link_b = backend_accept(&beta);
	if (cpe)
		link_negotiate(link_b, NULL, 0);
}

static void position_arrives(struct peer *link, int16_t x)
{
	const uint8_t *packet = peer_until(link, OP_POSITION);

	ck_assert_int_eq(link_position_x(link, packet), x);
}

/* ---- make before break ---- */

START_TEST(old_link_lives_until_the_new_server_answers)
{
	bool cpe = _i == 1;

	start_two(cpe);
	ask_for_beta(cpe);
	ck_assert_str_eq(link_b->id.name, "Alice");
	ck_assert_uint_eq(link_b->id.last, cpe ? PACKET_CPE_MAGIC : 0);
	exchange(alice, link_a);
	client_move(alice, 123, 200, 300);
	position_arrives(link_a, 123);
	link_welcome(link_b, "Beta");
	client_arrive(alice, "Beta");
	peer_expect_close(link_a);
	exchange(alice, link_b);
	client_move(alice, 321, 200, 300);
	position_arrives(link_b, 321);
	finish();
}
END_TEST

START_TEST(players_of_old_versions_jump)
{
	proxy = proxy_start(TWO_SERVERS, alpha.port, beta.port);
	alice = client_connect(proxy);
	client_identify(alice, (uint8_t)_i, false, "Alice", NULL);
	link_a = backend_accept(&alpha);
	link_welcome(link_a, "Alpha");
	client_arrive(alice, "Alpha");
	ask_for_beta(false);
	ck_assert_uint_eq(link_b->id.protocol, (unsigned)_i);
	link_welcome(link_b, "Beta");
	client_arrive(alice, "Beta");
	exchange(alice, link_b);
	finish();
}
END_TEST

START_TEST(cpe_player_jumps_to_a_vanilla_server_and_back)
{
	struct peer *back;

	start_two(true);
	ask_for_beta(false);
	link_welcome(link_b, "Beta");
	client_arrive(alice, "Beta");
	exchange(alice, link_b);
	peer_chat(alice, ":kura jump alpha");
	back = backend_accept(&alpha);
	link_negotiate(back, NULL, 0);
	link_welcome(back, "Alpha");
	client_arrive(alice, "Alpha");
	peer_expect_close(link_b);
	exchange(alice, back);
	peer_close(back);
	finish();
}
END_TEST

/* ---- a jump that fails ---- */

static void beta_kicks(void)
{
	link_kick(link_b, "You are not on the list");
	peer_expect_close(link_b);
}

static void beta_closes(void)
{
	peer_close(link_b);
	link_b = NULL;
}

static void beta_is_silent(void)
{
}

static void beta_talks_nonsense(void)
{
	peer_send(link_b, "\xee nonsense", 10);
}

static void beta_sends_half_an_identification(void)
{
	peer_send(link_b,
		  "\0\x07"
		  "Half",
		  6);
	beta_closes();
}

START_TEST(a_jump_that_fails_leaves_the_player_where_they_are)
{
	static const struct {
		void (*act)(void);
		const char *told;
	} cases[] = {{beta_kicks, "You are not on the list"},
		     {beta_closes, "beta"},
		     {beta_is_silent, "beta"},
		     {beta_talks_nonsense, "beta"},
		     {beta_sends_half_an_identification, "beta"}};

	proxy = proxy_start(TWO_SERVERS ",'login-timeout-ms':%d", alpha.port, beta.port,
			    (int)harness_ms(cases[_i].act == beta_is_silent ? 2000 : 60000));
	alice_on_alpha(false);
	ask_for_beta(false);
	peer_forget(alice);
	cases[_i].act();
	peer_wait_text(alice, cases[_i].told);
	peer_wait_text(alice, "stay");
	exchange(alice, link_a);
	client_move(alice, 55, 200, 300);
	position_arrives(link_a, 55);
	finish();
}
END_TEST

START_TEST(a_server_that_refuses_connections_is_named)
{
	start_two(false);
	backend_refuse(&beta);
	peer_chat(alice, ":kura jump beta");
	peer_wait_text(alice, "beta");
	exchange(alice, link_a);
	finish();
}
END_TEST

START_TEST(a_second_jump_replaces_the_first)
{
	struct peer *link_c;

	proxy = proxy_start(THREE_SERVERS, alpha.port, beta.port, gamma_server.port);
	alice_on_alpha(false);
	ask_for_beta(false);
	peer_chat(alice, ":kura jump gamma");
	link_c = backend_accept(&gamma_server);
	peer_expect_close(link_b);
	link_welcome(link_c, "Gamma");
	client_arrive(alice, "Gamma");
	exchange(alice, link_c);
	peer_close(link_c);
	finish();
}
END_TEST

START_TEST(a_client_that_leaves_during_a_jump_leaves_both)
{
	start_two(false);
	ask_for_beta(false);
	peer_close(alice);
	alice = NULL;
	peer_expect_close(link_a);
	peer_expect_close(link_b);
	finish();
}
END_TEST

START_TEST(old_server_dies_while_the_new_one_answers)
{
	start_two(false);
	ask_for_beta(false);
	peer_close(link_a);
	link_a = NULL;
	link_welcome(link_b, "Beta");
	client_arrive(alice, "Beta");
	exchange(alice, link_b);
	finish();
}
END_TEST

/* ---- the gate, and who may speak ---- */

START_TEST(gate_keeps_the_old_world_from_the_new_server)
{
	static const uint8_t block[9] = {OP_SET_BLOCK_CLIENT, 0, 1, 0, 2, 0, 3, 1, 4};

	start_two(false);
	ask_for_beta(false);
	link_identify(link_b, "Beta");
	link_level(link_b);
	peer_until(alice, OP_LEVEL_FINALIZE);
	ck_assert_str_eq(alice->server, "Beta");
	client_move(alice, 1000, 200, 300);
	peer_send(alice, block, sizeof(block));
	peer_chat(alice, "chat is not of a world");
	peer_expect(link_b, OP_MESSAGE);
	link_spawn(link_b, PACKET_SELF, "Alice", 640, 320, 640);
	peer_until(alice, OP_SPAWN_PLAYER);
	exchange(alice, link_b);
	client_move(alice, 2000, 200, 300);
	position_arrives(link_b, 2000);
	peer_send(alice, block, sizeof(block));
	peer_expect_bytes(link_b, block, sizeof(block));
	finish();
}
END_TEST

/* With TwoWayPing the gate knows which positions the client sent after it had read the spawn.
 */
START_TEST(gate_waits_for_the_echo_behind_the_spawn)
{
	uint8_t echo[4];

	start_two(true);
	ask_for_beta(true);
	alice->keeps_pings = true;
	link_welcome(link_b, "Beta");
	client_arrive(alice, "Beta");
	memcpy(echo, peer_until(alice, OP_TWO_WAY_PING), sizeof(echo));
	ck_assert_uint_eq(echo[1], 1);
	client_move(alice, 1000, 200, 300);
	peer_send(alice, echo, sizeof(echo));
	client_move(alice, 2000, 200, 300);
	peer_chat(alice, "behind it");
	position_arrives(link_b, 2000);
	finish();
}
END_TEST

/* A server's own ping behind the spawn serves as well, and its echo reaches it. */
START_TEST(gate_uses_the_servers_own_ping)
{
	start_two(true);
	ask_for_beta(true);
	alice->keeps_pings = true;
	link_welcome(link_b, "Beta");
	peer_send(link_b, "\x2b\x01\x12\x34", 4);
	client_arrive(alice, "Beta");
	client_move(alice, 1000, 200, 300);
	alice->keeps_pings = false;
	exchange(alice, link_b);
	client_move(alice, 2000, 200, 300);
	position_arrives(link_b, 2000);
	finish();
}
END_TEST

START_TEST(old_server_never_speaks_after_the_swap)
{
	uint8_t words[66 * 64];
	const uint8_t *packet;
	size_t size = 0;

	for (unsigned i = 0; i < 64; i++)
		size += packet_write_message(words + size, 0, "alpha speaks");
	start_two(false);
	ask_for_beta(false);
	for (unsigned i = 0; i < 8; i++)
		peer_send(link_a, words, size);
	link_welcome(link_b, "Beta");
	for (unsigned i = 0; i < 8; i++)
		peer_send(link_a, words, size);
	peer_chat(link_b, "beta speaks");
	do {
		packet = peer_next(alice);
		ck_assert_ptr_nonnull(packet);
		ck_assert(packet[0] != OP_MESSAGE || strcmp(alice->server, "Beta") != 0 ||
			  !harness_says((const char *)packet + 2, "alpha speaks"));
	} while (strstr(alice->text, "beta speaks") == NULL);
	finish();
}
END_TEST

START_TEST(a_level_under_way_is_finished_first)
{
	const uint8_t *packet;

	start_two(_i == 1);
	link_begin_level(link_a);
	peer_until(alice, OP_LEVEL_DATA_CHUNK);
	ask_for_beta(_i == 1);
	link_welcome(link_b, "Beta");
	peer_send(link_a, "\x0f\x64", 2);
	peer_until(alice, OP_USER_TYPE);
	ck_assert_str_eq(alice->server, "Alpha");
	peer_send(link_a, "\x04\0\x10\0\x10\0\x10", 7);
	do {
		packet = peer_next(alice);
		ck_assert_ptr_nonnull(packet);
		ck_assert_uint_ne(packet[0], OP_IDENTIFICATION);
	} while (packet[0] != OP_LEVEL_FINALIZE);
	client_arrive(alice, "Beta");
	exchange(alice, link_b);
	finish();
}
END_TEST

START_TEST(a_torn_level_is_closed_before_the_next)
{
	bool is_open = true;
	const uint8_t *packet;

	start_two(true);
	link_begin_level(link_a);
	peer_until(alice, OP_LEVEL_DATA_CHUNK);
	backend_refuse(&alpha);
	peer_close(link_a);
	link_a = NULL;
	do {
		packet = peer_next(alice);
		ck_assert_ptr_nonnull(packet);
		ck_assert(packet[0] != OP_LEVEL_INITIALIZE || !is_open);
		is_open = packet[0] == OP_LEVEL_FINALIZE ? false : is_open;
	} while (packet[0] != OP_LEVEL_INITIALIZE);
	client_arrive(alice, NULL);
	finish();
}
END_TEST

/* ---- fallbacks ---- */

START_TEST(a_dead_server_leads_to_the_next_hub_and_then_the_lobby)
{
	proxy = proxy_start(TWO_SERVERS ",'hubs':['alpha','beta']", alpha.port, beta.port);
	alice_on_alpha(_i == 1);
	backend_refuse(&alpha);
	peer_close(link_a);
	link_a = NULL;
	link_b = backend_accept(&beta);
	if (_i == 1)
		link_negotiate(link_b, NULL, 0);
	link_welcome(link_b, "Beta");
	client_arrive(alice, "Beta");
	peer_wait_text(alice, "alpha");
	exchange(alice, link_b);
	backend_refuse(&beta);
	peer_close(link_b);
	link_b = NULL;
	peer_forget(alice);
	client_arrive(alice, NULL);
	ck_assert_str_ne(alice->server, "Beta");
	peer_wait_text(alice, "beta");
	finish();
}
END_TEST

START_TEST(a_kick_is_quoted)
{
	proxy = proxy_start(TWO_SERVERS ",'hubs':['alpha','beta']", alpha.port, beta.port);
	alice_on_alpha(false);
	link_kick(link_a, "No digging at spawn");
	link_b = backend_accept(&beta);
	link_welcome(link_b, "Beta");
	client_arrive(alice, "Beta");
	peer_wait_text(alice, "No digging at spawn");
	exchange(alice, link_b);
	finish();
}
END_TEST

START_TEST(a_kick_at_the_first_login_leads_on)
{
	proxy = proxy_start(TWO_SERVERS, alpha.port, beta.port);
	alice = client_login(proxy, "Alice");
	link_a = backend_accept(&alpha);
	link_kick(link_a, "Come back tomorrow");
	client_arrive(alice, NULL);
	peer_wait_text(alice, "Come back tomorrow");
	finish();
}
END_TEST

START_TEST(nothing_left_ends_in_the_servers_words)
{
	proxy = proxy_start("'lobby':false,'servers':[" SERVER("alpha") "]", alpha.port);
	alice = client_login(proxy, "Alice");
	link_a = backend_accept(&alpha);
	if (_i == 1) {
		link_welcome(link_a, "Alpha");
		client_arrive(alice, "Alpha");
	}
	link_kick(link_a, "Banned for good");
	peer_expect_disconnect(alice, "Banned for good");
	finish();
}
END_TEST

START_TEST(nothing_reachable_and_no_lobby)
{
	proxy = proxy_start("'lobby':false,'servers':[" SERVER("alpha") "]", alpha.port);
	backend_refuse(&alpha);
	alice = client_login(proxy, "Alice");
	peer_expect_disconnect(alice, "alpha");
	peer_close(alice);
	alice = client_connect(proxy);
	peer_close(alice);
	alice = NULL;
	finish();
}
END_TEST

/* ---- what the old server left behind ---- */

START_TEST(footprint_is_undone_before_the_new_server_speaks)
{
	uint8_t tab[196] = {0x16, 0, 5}, hotkey[134] = {0x15},
		color[6] = {0x27, 255, 128, 0, 255, 'g'};
	unsigned undone = 0;
	const uint8_t *packet;

	start_two(true);
	memset(tab + 3, ' ', 192);
	memset(hotkey + 1, ' ', 128);
	memcpy(hotkey + 1, "Spawn", 5);
	memcpy(hotkey + 65, "/spawn\n", 7);
	packet_put_u32(hotkey + 129, 25);
	hotkey[133] = 1;
	peer_send(link_a, tab, sizeof(tab));
	peer_send(link_a, hotkey, sizeof(hotkey));
	peer_send(link_a, color, sizeof(color));
	exchange(alice, link_a);
	ask_for_beta(true);
	link_welcome(link_b, "Beta");
	while ((packet = peer_next(alice)) != NULL && packet[0] != OP_IDENTIFICATION) {
		if (packet[0] == OP_REMOVE_PLAYER_NAME && packet_get_u16(packet + 1) == 5)
			undone |= 1;
		if (packet[0] == OP_TEXT_HOTKEY) {
			undone |= 2;
			ck_assert_int_eq(packet[65], ' ');
			ck_assert_int_eq(memcmp(packet + 129, hotkey + 129, 5), 0);
		}
		if (packet[0] == OP_TEXT_COLOR && packet[5] == 'g' && packet[4] == 0)
			undone |= 4;
	}
	ck_assert_ptr_nonnull(packet);
	ck_assert_uint_eq(undone, 7);
	finish();
}
END_TEST

START_TEST(vanilla_clients_lose_the_old_entities)
{
	bool gone[128] = {false};
	const uint8_t *packet;

	start_two(false);
	link_spawn(link_a, 3, "Bob", 100, 100, 100);
	link_spawn(link_a, 4, "Carl", 100, 100, 100);
	link_spawn(link_a, 5, "Dora", 100, 100, 100);
	peer_send(link_a, "\x0c\x04", 2);
	exchange(alice, link_a);
	ask_for_beta(false);
	link_welcome(link_b, "Beta");
	while ((packet = peer_next(alice)) != NULL && packet[0] != OP_IDENTIFICATION)
		if (packet[0] == OP_DESPAWN && packet[1] < 128)
			gone[packet[1]] = true;
	ck_assert_ptr_nonnull(packet);
	ck_assert(gone[3] && gone[5] && !gone[4]);
	finish();
}
END_TEST

START_TEST(many_jumps_leave_nothing_behind)
{
	unsigned threads, fds;

	start_two(true);
	threads = proxy_threads(proxy);
	fds = proxy_fds(proxy);
	for (unsigned i = 0; i < 10; i++) {
		ask_for_beta(true);
		link_welcome(link_b, "Beta");
		client_arrive(alice, "Beta");
		peer_expect_close(link_a);
		peer_close(link_a);
		exchange(alice, link_b);
		peer_chat(alice, ":kura jump alpha");
		link_a = backend_accept(&alpha);
		link_negotiate(link_a, NULL, 0);
		link_welcome(link_a, "Alpha");
		client_arrive(alice, "Alpha");
		peer_expect_close(link_b);
		peer_close(link_b);
		link_b = NULL;
		exchange(alice, link_a);
	}
	proxy_wait_counts(proxy, threads, fds);
	finish();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("jump");
	TCase *tcase = harness_case(suite, "jump");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, old_link_lives_until_the_new_server_answers, 0, 2);
	tcase_add_loop_test(tcase, players_of_old_versions_jump, 3, 7);
	tcase_add_test(tcase, cpe_player_jumps_to_a_vanilla_server_and_back);
	tcase_add_loop_test(tcase, a_jump_that_fails_leaves_the_player_where_they_are, 0, 5);
	tcase_add_test(tcase, a_server_that_refuses_connections_is_named);
	tcase_add_test(tcase, a_second_jump_replaces_the_first);
	tcase_add_test(tcase, a_client_that_leaves_during_a_jump_leaves_both);
	tcase_add_test(tcase, old_server_dies_while_the_new_one_answers);
	tcase_add_test(tcase, gate_keeps_the_old_world_from_the_new_server);
	tcase_add_test(tcase, gate_waits_for_the_echo_behind_the_spawn);
	tcase_add_test(tcase, gate_uses_the_servers_own_ping);
	tcase_add_test(tcase, old_server_never_speaks_after_the_swap);
	tcase_add_loop_test(tcase, a_level_under_way_is_finished_first, 0, 2);
	tcase_add_test(tcase, a_torn_level_is_closed_before_the_next);
	tcase_add_loop_test(tcase, a_dead_server_leads_to_the_next_hub_and_then_the_lobby, 0,
			    2);
	tcase_add_test(tcase, a_kick_is_quoted);
	tcase_add_test(tcase, a_kick_at_the_first_login_leads_on);
	tcase_add_loop_test(tcase, nothing_left_ends_in_the_servers_words, 0, 2);
	tcase_add_test(tcase, nothing_reachable_and_no_lobby);
	tcase_add_test(tcase, footprint_is_undone_before_the_new_server_speaks);
	tcase_add_test(tcase, vanilla_clients_lose_the_old_entities);
	tcase_add_test(tcase, many_jumps_leave_nothing_behind);
	return harness_run(suite);
}
