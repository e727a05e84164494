/* SPDX-License-Identifier: MIT */
/*
 * Waiting for a server: one that still knows the player is left before it is joined again, and
 * whoever waits for a slow one hears of it.
 */
#include "stage.h"

/* ---- one server, two links ---- */

/* The server reads to the end of a link that Kurafuto has left; nobody comes before it has
 * closed its side. */
static void leaves_before_it_comes(struct peer **old, const char *command)
{
	peer_chat(alice, command);
	peer_expect_close(*old);
	ck_assert(!backend_has_player(&alpha, 300));
	lose(old);
	link_a = backend_accept(&alpha);
	link_welcome(link_a, "Alpha");
	client_arrive(alice, "Alpha");
	exchange(alice, link_a);
}

START_TEST(two_names_of_one_server_are_one_place)
{
	proxy = proxy_start(TWO_SERVERS CALM, alpha.port, alpha.port);
	alice_on_alpha(false);
	leaves_before_it_comes(&link_a, ":kura jump beta");
	finish();
}
END_TEST

/* Packets that were meant for the link that is being left do not cut it short. */
START_TEST(packets_behind_a_jump_do_not_hurry_it)
{
	uint8_t out[66 + 10] = {0};
	size_t size = packet_write_message(out, PACKET_SELF, ":kura jump beta");

	proxy = proxy_start(TWO_SERVERS CALM, alpha.port, alpha.port);
	alice_on_alpha(false);
	out[size] = OP_POSITION;
	out[size + 1] = PACKET_SELF;
	peer_send(alice, out, size + 10);
	for (unsigned i = 0; i < 20; i++)
		client_move(alice, 1, 2, 3);
	ck_assert(!backend_has_player(&alpha, 300));
	lose(&link_a);
	ck_assert(backend_has_player(&alpha, harness_ms(5000)));
	finish();
}
END_TEST

START_TEST(a_server_just_left_has_let_go_before_it_is_joined_again)
{
	struct peer *old;

	proxy = proxy_start(TWO_SERVERS CALM, alpha.port, beta.port);
	alice_on_alpha(false);
	peer_chat(alice, ":kura jump beta");
	link_b = backend_accept(&beta);
	link_welcome(link_b, "Beta");
	client_arrive(alice, "Beta");
	old = link_a;
	link_a = NULL;
	leaves_before_it_comes(&old, ":kura jump alpha");
	finish();
}
END_TEST

/* A server that never closes is left alone after a while. */
START_TEST(a_server_that_does_not_let_go_is_joined_again_all_the_same)
{
	struct peer *old;

	proxy = proxy_start(TWO_SERVERS CALM, alpha.port, alpha.port);
	alice_on_alpha(false);
	old = link_a;
	peer_chat(alice, ":kura jump beta");
	link_a = backend_accept(&alpha);
	link_welcome(link_a, "Alpha");
	client_arrive(alice, "Alpha");
	exchange(alice, link_a);
	peer_close(old);
	finish();
}
END_TEST

/* ---- waiting ---- */

/* The loading screen says for whom; then come pings. */
START_TEST(a_slow_first_login_is_kept_company)
{
	proxy = proxy_start(ONE_SERVER CALM, alpha.port);
	alice = (_i == 1 ? client_login_cpe : client_login)(proxy, "Alice");
	link_a = backend_accept(&alpha);
	const uint8_t *packet = peer_until(alice, OP_IDENTIFICATION);
	char motd[65];
	packet_get_string(motd, packet + 66);
	ck_assert_str_eq(motd, "Waiting for alpha...");
	ck_assert_str_eq(alice->server, "Limbo"); /* the configured name */
	peer_until(alice, OP_PING);
	if (_i == 1)
		link_negotiate(link_a, NULL, 0);
	link_welcome(link_a, "Alpha");
	client_arrive(alice, "Alpha");
	exchange(alice, link_a);
	finish();
}
END_TEST

START_TEST(a_slow_jump_is_announced)
{
	bool cpe = _i == 1;

	proxy = proxy_start(TWO_SERVERS CALM, alpha.port, beta.port);
	alice_on_alpha(cpe);
	peer_chat(alice, ":kura jump beta");
	link_b = backend_accept(&beta);
	peer_wait_text(alice, "waiting for beta");
	link_kick(link_b, "No");
	if (cpe) {
		const uint8_t *packet = peer_until(alice, OP_MESSAGE);
		char text[65];

		while (packet[1] != 100)
			packet = peer_until(alice, OP_MESSAGE);
		packet_get_string(text, packet + 2);
		ck_assert_str_eq(text, "");
	}
	peer_wait_text(alice, "stay where you are");
	exchange(alice, link_a);
	finish();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("waits");
	TCase *tcase = stage_case(suite, "waits");

	tcase_add_test(tcase, two_names_of_one_server_are_one_place);
	tcase_add_test(tcase, packets_behind_a_jump_do_not_hurry_it);
	tcase_add_test(tcase, a_server_just_left_has_let_go_before_it_is_joined_again);
	tcase_add_test(tcase, a_server_that_does_not_let_go_is_joined_again_all_the_same);
	tcase_add_loop_test(tcase, a_slow_first_login_is_kept_company, 0, 2);
	tcase_add_loop_test(tcase, a_slow_jump_is_announced, 0, 2);
	return harness_run(suite);
}
