/* SPDX-License-Identifier: MIT */
/*
 * What follows the loss of a server: the lobby holds the player and brings them back, unless
 * they decline or were kicked; and a kick that is final ends the session.
 */
#include <stdio.h>

#include "server.h"
#include "stage.h"

#define CROWD (SERVER_RETURNS_MAX + 3)

/* ---- the way back ---- */

START_TEST(a_player_is_brought_back_to_the_server_they_lost)
{
	bool cpe = _i == 1;

	proxy = proxy_start(ONE_SERVER QUICK, alpha.port);
	alice_on_alpha(cpe);
	lose(&link_a);
	client_arrive(alice, "Limbo");
	peer_wait_text(alice, "brought to alpha");
	link_a = backend_accept(&alpha);
	if (cpe)
		link_negotiate(link_a, NULL, 0);
	link_welcome(link_a, "Alpha");
	client_arrive(alice, "Alpha");
	peer_wait_text(alice, "back on alpha");
	exchange(alice, link_a);
	proxy_wait_log(proxy, "returns from lobby to alpha");
	finish();
}
END_TEST

START_TEST(who_joins_while_the_hub_is_down_is_brought_to_it)
{
	backend_refuse(&alpha);
	proxy = proxy_start(ONE_SERVER QUICK, alpha.port);
	alice = client_login(proxy, "Alice");
	client_arrive(alice, "Limbo");
	peer_wait_text(alice, "brought to alpha");
	backend_reopen(&alpha);
	link_a = backend_accept(&alpha);
	link_welcome(link_a, "Alpha");
	client_arrive(alice, "Alpha");
	exchange(alice, link_a);
	finish();
}
END_TEST

/* The attempts that fail are not the player's concern. */
START_TEST(a_way_back_that_fails_is_tried_again)
{
	proxy = proxy_start(ONE_SERVER QUICK, alpha.port);
	alice_on_alpha(false);
	lose(&link_a);
	client_arrive(alice, "Limbo");
	link_a = backend_accept(&alpha);
	peer_wait_text(alice, "brought to alpha");
	peer_forget(alice);
	lose(&link_a);
	link_a = backend_accept(&alpha);
	link_welcome(link_a, "Alpha");
	client_arrive(alice, "Alpha");
	ck_assert_msg(!harness_says(alice->text, "stay"), "the player reads: %s", alice->text);
	finish();
}
END_TEST

/* Carol is lost later than Alice, and brought back: whoever is still in the lobby then is not
 * being brought back. */
static void carol_is_brought_back(const struct proxy *carols)
{
	struct peer *link, *carol = join(carols, &alpha, "Carol", "Alpha", &link);

	lose(&link);
	client_arrive(carol, "Limbo");
	link = backend_accept(&alpha);
	ck_assert_str_eq(link->id.name, "Carol");
	peer_close(link);
	peer_close(carol);
}

START_TEST(a_player_may_stay_in_the_lobby)
{
	proxy = proxy_start(ONE_SERVER QUICK, alpha.port);
	alice_on_alpha(false);
	peer_chat(alice, ":kura stay");
	peer_wait_text(alice, "nobody is about");
	lose(&link_a);
	client_arrive(alice, "Limbo");
	peer_wait_text(alice, ":kura stay");
	peer_chat(alice, ":kura stay");
	peer_wait_text(alice, "you stay here");
	carol_is_brought_back(proxy);
	finish();
}
END_TEST

START_TEST(who_may_not_stay_is_not_told_how)
{
	proxy = proxy_start(ONE_SERVER QUICK ",'ranks':{'default':{'commands':['jump']}}",
			    alpha.port);
	alice_on_alpha(false);
	lose(&link_a);
	client_arrive(alice, "Limbo");
	peer_wait_text(alice, "You will be brought to alpha when it is up.");
	ck_assert(!harness_says(alice->text, "kura stay"));
	finish();
}
END_TEST

START_TEST(no_return_if_it_is_switched_off)
{
	struct proxy *other = proxy_start(ONE_SERVER QUICK, alpha.port);

	proxy = proxy_start(ONE_SERVER QUICK ",'return':false", alpha.port);
	alice_on_alpha(false);
	lose(&link_a);
	client_arrive(alice, "Limbo");
	carol_is_brought_back(other);
	proxy_stop(other);
	finish();
}
END_TEST

START_TEST(who_was_kicked_is_not_brought_back)
{
	proxy = proxy_start(ONE_SERVER QUICK, alpha.port);
	alice_on_alpha(false);
	link_kick(link_a, "Sit down");
	client_arrive(alice, "Limbo");
	peer_wait_text(alice, "Sit down");
	carol_is_brought_back(proxy);
	finish();
}
END_TEST

/* Alice is in the lobby, and alpha has been dialled to bring her back; it has not answered. */
static void the_way_back_begins(void)
{
	proxy = proxy_start(ONE_SERVER QUICK ",'log':{'level':'debug'}", alpha.port);
	alice_on_alpha(false);
	lose(&link_a);
	client_arrive(alice, "Limbo");
	link_a = backend_accept(&alpha);
	peer_wait_text(alice, "brought to alpha");
	peer_forget(alice);
}

START_TEST(who_stays_is_not_brought_back_after_all)
{
	the_way_back_begins();
	peer_chat(alice, ":kura stay");
	peer_wait_text(alice, "you stay here");
	link_welcome(link_a, "Alpha");
	peer_expect_close(link_a);
	peer_chat(alice, ":kura info");
	peer_wait_text(alice, "you are on lobby");
	finish();
}
END_TEST

/* The end of the way back is said, and so is what comes after it. */
START_TEST(a_kick_on_the_way_back_is_heard)
{
	the_way_back_begins();
	link_kick(link_a, "You are banned");
	peer_wait_text(alice, "alpha kicked you: you are banned. you stay here");
	peer_chat(alice, ":kura stay");
	peer_wait_text(alice, "nobody is about");
	finish();
}
END_TEST

START_TEST(who_was_brought_back_is_like_anybody_else)
{
	the_way_back_begins();
	link_welcome(link_a, "Alpha");
	client_arrive(alice, "Alpha");
	exchange(alice, link_a);
	link_kick(link_a, "Sit down");
	client_arrive(alice, "Limbo");
	proxy_wait_log(proxy, "info  #1 Alice: loses alpha: kicked: Sit down");
	finish();
}
END_TEST

START_TEST(any_hub_will_do_for_who_has_seen_none)
{
	backend_refuse(&alpha);
	backend_refuse(&beta);
	proxy = proxy_start(TWO_SERVERS ",'hubs':['alpha','beta']" QUICK, alpha.port,
			    beta.port);
	alice = client_login(proxy, "Alice");
	client_arrive(alice, "Limbo");
	peer_wait_text(alice, "brought to a hub");
	backend_reopen(&beta);
	link_b = backend_accept(&beta);
	link_welcome(link_b, "Beta");
	client_arrive(alice, "Beta");
	exchange(alice, link_b);
	finish();
}
END_TEST

static void await_first_checks(void)
{
	char line[2][80];

	snprintf(line[0], sizeof(line[0]), "server alpha (127.0.0.1:%u) is up", alpha.port);
	snprintf(line[1], sizeof(line[1]), "server beta (127.0.0.1:%u) is up", beta.port);
	proxy_wait_log(proxy, line[0]);
	proxy_wait_log(proxy, line[1]);
}

/* A hub that has failed a player is another one when it is up again: the login itself finds
 * them down here, before the checks do. */
START_TEST(a_hub_that_comes_up_again_is_forgiven)
{
	const struct proxy_options options = {.args = (const char *const[]){"-v", NULL}};

	proxy = proxy_start_with(&options,
				 TWO_SERVERS ",'hubs':['alpha','beta']" LIMBO
					     ",'health':{'interval-ms':1500}",
				 alpha.port, beta.port);
	await_first_checks();
	backend_refuse(&alpha);
	backend_refuse(&beta);
	alice = client_login(proxy, "Alice");
	client_arrive(alice, "Limbo");
	peer_wait_text(alice, "brought to a hub");
	backend_reopen(&beta);
	link_b = backend_accept(&beta);
	link_welcome(link_b, "Beta");
	client_arrive(alice, "Beta");
	finish();
}
END_TEST

/* What was on its way unasked is what the player wants now, and so hears of. */
START_TEST(who_asks_for_the_way_back_hears_of_its_failure)
{
	the_way_back_begins();
	peer_chat(alice, ":kura jump alpha");
	proxy_wait_log(proxy, "asks for what is on its way");
	lose(&link_a);
	peer_wait_text(alice, "stay where you are");
	finish();
}
END_TEST

static void lose_a_crowd(struct peer *clients[static CROWD])
{
	struct peer *links[CROWD];
	char name[17];

	for (unsigned i = 0; i < CROWD; i++) {
		snprintf(name, sizeof(name), "P%u", i);
		clients[i] = join(proxy, &alpha, name, "Alpha", &links[i]);
	}
	for (unsigned i = 0; i < CROWD; i++)
		peer_close(links[i]);
	for (unsigned i = 0; i < CROWD; i++)
		client_arrive(clients[i], "Limbo");
}

/* So many at once are brought back, and nobody else before one of them is there or has failed.
 */
START_TEST(a_crowd_comes_back_little_by_little)
{
	struct peer *clients[CROWD], *links[CROWD];
	unsigned n = 0;

	proxy = proxy_start(ONE_SERVER QUICK ",'login-timeout-ms':60000", alpha.port);
	lose_a_crowd(clients);
	while (n < SERVER_RETURNS_MAX)
		links[n++] = backend_accept(&alpha);
	ck_assert(!backend_has_player(&alpha, 2500)); /* a second, and the lobby's ping */
	link_welcome(links[0], "Alpha");
	links[n++] = backend_accept(&alpha);
	peer_close(links[1]);
	links[1] = backend_accept(&alpha);
	ck_assert(!backend_has_player(&alpha, 1500));
	for (unsigned i = 1; i < n; i++)
		link_welcome(links[i], "Alpha");
	while (n < CROWD) {
		links[n] = backend_accept(&alpha);
		link_welcome(links[n++], "Alpha");
	}
	for (unsigned i = 0; i < CROWD; i++)
		client_arrive(clients[i], "Alpha");
	for (unsigned i = 0; i < CROWD; i++) {
		peer_close(clients[i]);
		peer_close(links[i]);
	}
	proxy_stop(proxy);
}
END_TEST

/* ---- kicks ---- */

static const struct {
	const char *config, *reason;
	bool ends;
	const char *word; /* of the reason */
} kicks[] = {
	{"", "You are banned: grief", true, "grief"},
	{"", "Not on the whitelist", true, "whitelist"},
	{"", "&cYou were &4BANNED", true, "BANNED"},
	{"", "Urban server is full", false, ""},
	{",'on-kick':'disconnect'", "Server restarting", true, "restarting"},
	{",'kick-pass':['^go away']", "&eGo away!", true, "Go away!"},
	{",'kick-pass':['^go away']", "You are banned", false, ""},
	{",'kick-pass':[]", "You are banned", false, ""},
};

START_TEST(a_final_kick_ends_the_session)
{
	proxy = proxy_start(ONE_SERVER CALM "%s", alpha.port, kicks[_i].config);
	alice_on_alpha(false);
	link_kick(link_a, kicks[_i].reason);
	if (kicks[_i].ends)
		peer_expect_disconnect(alice, kicks[_i].word);
	else
		client_arrive(alice, "Limbo");
	finish();
}
END_TEST

START_TEST(each_server_has_its_own_way_with_kicks)
{
	proxy = proxy_start(
		"'servers':[{'name':'alpha','address':'127.0.0.1','port':%u,"
		"'on-kick':'fallback'}," SERVER("beta") "],'on-kick':'disconnect'"
							",'hubs':['alpha','beta']" CALM,
		alpha.port, beta.port);
	alice_on_alpha(false);
	link_kick(link_a, "Out");
	link_b = backend_accept(&beta);
	link_welcome(link_b, "Beta");
	client_arrive(alice, "Beta");
	link_kick(link_b, "And out");
	peer_expect_disconnect(alice, "And out");
	finish();
}
END_TEST

/* The last words are those of what came last. */
START_TEST(an_old_kick_is_not_quoted_again)
{
	proxy = proxy_start(TWO_SERVERS ",'hubs':['alpha','beta'],'lobby':false"
					",'health':{'interval-ms':3600000}",
			    alpha.port, beta.port);
	alice_on_alpha(false);
	link_kick(link_a, "You were idle");
	link_b = backend_accept(&beta);
	link_welcome(link_b, "Beta");
	client_arrive(alice, "Beta");
	exchange(alice, link_b);
	lose(&link_b);
	peer_expect_disconnect(alice, "beta is gone");
	finish();
}
END_TEST

/* A jump that ends in a ban costs nothing. */
START_TEST(a_ban_elsewhere_is_no_ban_here)
{
	proxy = proxy_start(TWO_SERVERS CALM, alpha.port, beta.port);
	alice_on_alpha(false);
	peer_chat(alice, ":kura jump beta");
	link_b = backend_accept(&beta);
	if (_i == 1)
		link_identify(link_b, "Beta");
	link_kick(link_b, "You are banned");
	peer_wait_text(alice, "stay where you are");
	exchange(alice, link_a);
	finish();
}
END_TEST

/* Whoever is on their way elsewhere is not let off. */
START_TEST(a_ban_ends_a_jump_too)
{
	proxy = proxy_start(TWO_SERVERS CALM, alpha.port, beta.port);
	alice_on_alpha(false);
	peer_chat(alice, ":kura jump beta");
	link_b = backend_accept(&beta);
	link_kick(link_a, "You are banned!");
	peer_expect_disconnect(alice, "You are banned!");
	finish();
}
END_TEST

/* Beta has thrown the player out a moment ago: no fallback goes there. */
START_TEST(who_kicks_a_jump_is_no_fallback)
{
	proxy = proxy_start(TWO_SERVERS ",'hubs':['alpha','beta']" CALM, alpha.port, beta.port);
	alice_on_alpha(false);
	peer_chat(alice, ":kura jump beta");
	link_b = backend_accept(&beta);
	link_kick(link_b, "Not now.");
	peer_wait_text(alice, "not now. you stay");
	backend_refuse(&alpha);
	lose(&link_a);
	client_arrive(alice, "Limbo");
	peer_wait_text(alice, "brought to alpha");
	ck_assert_ptr_null(backend_try(&beta));
	finish();
}
END_TEST

START_TEST(a_jump_can_be_called_off)
{
	proxy = proxy_start(TWO_SERVERS CALM, alpha.port, beta.port);
	alice_on_alpha(false);
	peer_chat(alice, ":kura jump beta");
	link_b = backend_accept(&beta);
	peer_chat(alice, ":kura jump alpha");
	peer_wait_text(alice, "you stay on alpha");
	peer_expect_close(link_b);
	peer_chat(alice, ":kura jump alpha");
	peer_wait_text(alice, "you are on alpha already");
	exchange(alice, link_a);
	finish();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("return");
	TCase *tcase = stage_case(suite, "return");

	tcase_add_loop_test(tcase, a_player_is_brought_back_to_the_server_they_lost, 0, 2);
	tcase_add_test(tcase, who_joins_while_the_hub_is_down_is_brought_to_it);
	tcase_add_test(tcase, a_way_back_that_fails_is_tried_again);
	tcase_add_test(tcase, a_player_may_stay_in_the_lobby);
	tcase_add_test(tcase, who_may_not_stay_is_not_told_how);
	tcase_add_test(tcase, no_return_if_it_is_switched_off);
	tcase_add_test(tcase, who_was_kicked_is_not_brought_back);
	tcase_add_test(tcase, who_stays_is_not_brought_back_after_all);
	tcase_add_test(tcase, a_kick_on_the_way_back_is_heard);
	tcase_add_test(tcase, who_was_brought_back_is_like_anybody_else);
	tcase_add_test(tcase, any_hub_will_do_for_who_has_seen_none);
	tcase_add_test(tcase, a_hub_that_comes_up_again_is_forgiven);
	tcase_add_test(tcase, who_asks_for_the_way_back_hears_of_its_failure);
	tcase_add_test(tcase, a_crowd_comes_back_little_by_little);
	tcase_add_loop_test(tcase, a_final_kick_ends_the_session, 0,
			    sizeof(kicks) / sizeof(kicks[0]));
	tcase_add_test(tcase, each_server_has_its_own_way_with_kicks);
	tcase_add_test(tcase, an_old_kick_is_not_quoted_again);
	tcase_add_loop_test(tcase, a_ban_elsewhere_is_no_ban_here, 0, 2);
	tcase_add_test(tcase, a_ban_ends_a_jump_too);
	tcase_add_test(tcase, who_kicks_a_jump_is_no_fallback);
	tcase_add_test(tcase, a_jump_can_be_called_off);
	return harness_run(suite);
}
