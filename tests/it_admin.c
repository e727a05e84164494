/* SPDX-License-Identifier: MIT */
/*
 * The admins' commands about players, in chat: who may give them, what they do, and what they
 * answer.
 */
#include <poll.h>
#include <time.h>

#include "admin_stage.h"

/* ---- who may ---- */

static const char *const commands[] = {"players",
				       "find Bob",
				       "send Bob beta",
				       "kick Bob",
				       "ban Bob",
				       "unban Bob",
				       "bans",
				       "allow on",
				       "say hello",
				       "servers",
				       "drain beta",
				       "ready all",
				       "maintenance all on",
				       "move-off alpha",
				       "reload",
				       "log debug",
				       "trace Bob on",
				       "stats",
				       "version",
				       "stop"};

START_TEST(others_are_denied)
{
	char line[64], denied[64], logged[64];

	proxy = proxy_start(USUAL);
	bob = enter("Bob", true, &alpha, "Alpha", &link_bob);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		int length = (int)strcspn(commands[i], " ");

		snprintf(line, sizeof(line), ":kura %s", commands[i]);
		snprintf(denied, sizeof(denied), "You may not use \"%.*s\"", length,
			 commands[i]);
		snprintf(logged, sizeof(logged), "Bob: is denied the command %.*s", length,
			 commands[i]);
		say_as(bob, line, denied);
		proxy_wait_log(proxy, logged);
	}
	say_as(bob, ":kura help", "info");
	exchange(bob, link_bob);
	ck_assert(!harness_says(bob->text, "kick"));
	ck_assert(!harness_says(bob->text, "maintenance"));
	all_leave();
}
END_TEST

/* A name without its key has no rank. */
START_TEST(an_unverified_name_is_nobody)
{
	proxy = proxy_start(USUAL);
	alice = enter("Alice", false, &alpha, "Alpha", &link_a);
	ask(":kura kick Bob", "You may not use \"kick\"");
	ask(":kura help kick", "no command \"kick\"");
	all_leave();
}
END_TEST

START_TEST(an_admin_may)
{
	proxy = proxy_start(USUAL);
	both_join();
	ask(":kura help", "end a player's session");
	ask(":kura help kick", ":kura kick NAME [REASON]");
	ask(":kura kick", "It goes like this: :kura kick NAME [REASON]");
	ask(":kura version", "Kurafuto");
	proxy_wait_log(proxy, "Alice: gives the command version");
	ask(":kura stats", "2 of 1000, connections 2");
	peer_wait_text(alice, "joins 2, jumps 0");
	peer_wait_text(alice, "beta: up");
	ask(":kura servers", "alpha 127.0.0.1:");
	peer_wait_text(alice, ", 2 players");
	nothing_has_leaked();
	all_leave();
}
END_TEST

/* ---- players ---- */

START_TEST(players_and_find_tell_all)
{
	char place[64];

	proxy = proxy_start(USUAL);
	both_join();
	ask(":kura players", "Alice on alpha, from 127.0.0.1:");
	peer_wait_text(alice, "Bob on alpha, from 127.0.0.1:");
	peer_wait_text(alice, "Players online: 2");
	ask(":kura players beta", "Nobody is on beta");
	ask(":kura players alpha", "Players online: 2");
	ask(":kura find bo", "Bob is on alpha, from 127.0.0.1:");
	peer_wait_text(alice, "a Classic client");
	peer_wait_text(alice, "Protocol 7, ping");
	snprintf(place, sizeof(place), "came in at 127.0.0.1:%u.", proxy_port(proxy));
	peer_wait_text(alice, place);
	peer_wait_text(alice, "The name Bob was not verified");
	ask(":kura find Alice", "Alice is on alpha");
	ask(":kura find Bop", "did you mean Bob?");
	ask(":kura find zzzzzz", "Nobody called \"zzzzzz\" is online.");
	nothing_has_leaked();
	all_leave();
}
END_TEST

START_TEST(a_kick_ends_the_session)
{
	proxy = proxy_start(USUAL);
	both_join();
	ask(":kura kick bo too  much lava", "Bob has been kicked");
	peer_expect_disconnect(bob, "Kicked by an admin: too  much lava");
	close_link_of_bob();
	proxy_wait_log(proxy, "Bob: leaves after");
	peer_close(bob);
	bob = enter("Bob", false, &alpha, "Alpha", &link_bob);
	ask(":kura kick Bob", "Bob has been kicked");
	peer_expect_disconnect(bob, "You were kicked by an admin");
	ask(":kura kick Bob", "Nobody called \"Bob\" is online");
	ask(":kura kick Alice", "Alice has been kicked"); /* why not */
	peer_expect_disconnect(alice, "You were kicked");
	all_leave();
}
END_TEST

START_TEST(beginnings_must_be_unique)
{
	struct peer *bobby, *link_bobby;

	proxy = proxy_start(USUAL);
	both_join();
	bobby = enter("Bobby", false, &alpha, "Alpha", &link_bobby);
	ask(":kura kick bo", "\"bo\" could be any of: Bob, Bobby");
	ask(":kura kick bobb", "Bobby has been kicked");
	peer_expect_disconnect(bobby, "kicked");
	exchange(bob, link_bob);
	peer_close(bobby);
	proxy_wait_log(proxy, "Bobby: leaves after");
	peer_close(link_bobby);
	bobby = enter("Bobby", false, &alpha, "Alpha", &link_bobby);
	ask(":kura kick bob", "Bob has been kicked"); /* a whole name is one */
	peer_expect_disconnect(bob, "kicked");
	exchange(bobby, link_bobby);
	peer_close(bobby);
	peer_close(link_bobby);
	all_leave();
}
END_TEST

START_TEST(a_ban_keeps_them_out)
{
	time_t banned_s;

	proxy = proxy_start(USUAL);
	both_join();
	ask(":kura ban bob 2h griefing", "bob is banned for 2 h.");
	peer_wait_text(alice, "online until now (1): Bob");
	banned_s = time(NULL);
	peer_expect_disconnect(bob, "You are banned for another 2 h: griefing");
	close_link_of_bob();
	peer_close(bob);
	while (time(NULL) <= banned_s) /* the clock goes on */
		poll(NULL, 0, 10);
	bob = login("Bob", true);
	/* a while later it is still two hours, as was said */
	peer_expect_disconnect(bob, "You are banned for another 2 h: griefing");
	proxy_wait_log(proxy, "login as Bob from 127.0.0.1");
	proxy_wait_log(proxy, "refused: You are banned for another 2 h");
	ask(":kura bans", "bob by Alice, for another 2 h: griefing");
	peer_wait_text(alice, ": griefing");
	ask(":kura stats", "logins refused 1");
	ask(":kura unban BOB", "no longer banned");
	peer_close(bob);
	bob = enter("Bob", false, &alpha, "Alpha", &link_bob);
	nothing_has_leaked();
	all_leave();
}
END_TEST

/* Who is online goes by a beginning of their name, unless that is in quotes. */
START_TEST(a_beginning_is_banned_in_full)
{
	struct peer *number, *link;

	proxy = proxy_start(USUAL);
	both_join();
	ask(":kura ban \"Bo\" 5m", "Bo is banned for 5 min.");
	exchange(bob, link_bob);
	ask(":kura unban Bo", "no longer banned");
	ask(":kura ban bo 5m", "Bob is banned for 5 min.");
	peer_expect_disconnect(bob, "You are banned");
	close_link_of_bob();
	peer_close(bob);
	ask(":kura unban Bob", "no longer banned");
	bob = enter("Bob", false, &alpha, "Alpha", &link_bob);
	number = enter("1024", false, &alpha, "Alpha", &link);
	ask(":kura ban 10", "\"10\" is no address");
	ask(":kura ban 1024", "1024 is banned.");
	peer_expect_disconnect(number, "You are banned");
	peer_close(number);
	peer_close(link);
	number = enter("Bobby", false, &alpha, "Alpha", &link);
	ask(":kura ban bo", "\"bo\" could be any of: Bob, Bobby");
	ask(":kura bans", "Bans: 1");
	peer_close(number);
	peer_close(link);
	ask(":kura ban Al", "would ban yourself");
	all_leave();
}
END_TEST

START_TEST(nobody_bans_themselves)
{
	static const char *const lines[] = {":kura ban Alice", ":kura ban alice 5m oops",
					    ":kura ban 127.0.0.1", ":kura ban 127.0.0.0/8"};

	proxy = proxy_start(USUAL);
	both_join();
	ask(lines[_i], "would ban yourself");
	ask(":kura bans", "Nobody is banned");
	exchange(bob, link_bob);
	all_leave();
}
END_TEST

/* Bans outlast the program. */
START_TEST(bans_are_kept)
{
	proxy = proxy_start(USUAL);
	both_join();
	ask(":kura ban Bob", "Bob is banned.");
	peer_expect_disconnect(bob, "You are banned");
	all_leave();
	bob = link_bob = link_a = NULL;
	proxy = proxy_start(USUAL);
	alice = enter("Alice", true, &alpha, "Alpha", &link_a);
	bob = login("Bob", false);
	peer_expect_disconnect(bob, "You are banned");
	all_leave();
}
END_TEST

START_TEST(the_allow_list_shuts_others_out)
{
	proxy = proxy_start(USUAL);
	both_join();
	ask(":kura allow on", "only who is on it may come in");
	peer_wait_text(alice, "not on it yourself: :kura allow add Alice");
	ask(":kura allow add Alice", "Alice is on the allow list now");
	exchange(bob, link_bob); /* who is there stays */
	peer_close(bob);
	close_link_of_bob();
	bob = login("Bob", true);
	peer_expect_disconnect(bob, "not on the list");
	proxy_wait_log(proxy, "refused: You are not on the list");
	peer_close(bob);
	ask(":kura allow add Bob", "Bob is on the allow list now");
	bob = enter("Bob", false, &alpha, "Alpha", &link_bob);
	ask(":kura allow", "On the allow list (2): Alice, Bob");
	ask(":kura allow remove Bob", "no longer on the allow list");
	ask(":kura allow off", "everybody may come in");
	all_leave();
}
END_TEST

START_TEST(everybody_hears_a_word)
{
	proxy = proxy_start(USUAL);
	both_join();
	ask(":kura say dinner is &aready", "Said to 2 players");
	peer_wait_text(alice, "[Alice] dinner is ready");
	peer_wait_text(bob, "[Alice] dinner is ready");
	nothing_has_leaked();
	all_leave();
}
END_TEST

/* Who does not read holds up nobody. */
START_TEST(the_deaf_hold_up_nobody)
{
	int64_t begin;

	proxy = proxy_start(USUAL);
	both_join();
	proxy_deafen(proxy, &link_bob, 1);
	begin = harness_now();
	ask(":kura say hello", "[Alice] hello");
	peer_wait_text(alice, "Said to 1 player.");
	ck_assert_int_lt(harness_now() - begin, harness_ms(3000));
	all_leave();
}
END_TEST

/* ---- sending ---- */

START_TEST(a_player_is_sent)
{
	proxy = proxy_start(USUAL);
	both_join();
	peer_forget(bob);
	ask(":kura send bo be", "Sending Bob to beta.");
	peer_wait_text(bob, "An admin sends you to beta");
	moves(bob, &link_bob, &beta, "Beta");
	ask(":kura send Bob beta", "Bob is on beta already");
	ask(":kura send Bob lobby", "Sending Bob to lobby");
	client_arrive(bob, "Limbo");
	ask(":kura send Rob beta", "did you mean Bob?");
	ask(":kura send Bob nowhere", "There is no server \"nowhere\"");
	nothing_has_leaked();
	all_leave();
}
END_TEST

/* An admin's word counts for more than what would keep the player out. */
START_TEST(a_full_server_takes_who_is_sent)
{
	proxy = proxy_start("'servers':[" SERVER("alpha") ",{'name':'beta','address':"
							  "'127.0.0.1','port':%u,'restricted':["
							  "],'max-players':1}]" ADMINS,
			    alpha.port, beta.port, state);
	both_join();
	say_as(bob, ":kura jump beta", "may not go");
	ask(":kura send Bob beta", "Sending Bob to beta");
	moves(bob, &link_bob, &beta, "Beta");
	ask(":kura send Alice beta", "Sending Alice to beta");
	moves(alice, &link_a, &beta, "Beta");
	all_leave();
}
END_TEST

/* A player does not read and is on their way: an admin who calls that off waits for them no
 * longer than a moment. In the second round the way ends in waiting for a level's end. */
START_TEST(who_is_deaf_is_sent_at_once)
{
	int64_t begin;

	proxy = proxy_start(TWO_SERVERS ADMINS
			    ",'login-timeout-ms':600000,'client-timeout-ms':3600000",
			    alpha.port, beta.port, state);
	both_join();
	if (_i == 1) {
		link_begin_level(link_bob);
		peer_until(bob, OP_LEVEL_DATA_CHUNK);
	}
	ask(":kura send Bob beta", "Sending Bob to beta");
	link_b = backend_accept(&beta);
	if (_i == 1)
		link_welcome(link_b, "Beta");
	proxy_deafen(proxy, &link_bob, 1);
	begin = harness_now();
	ask(":kura send Bob alpha", "Bob is on alpha already");
	peer_expect_close(link_b);
	ask(":kura send Bob lobby", "Sending Bob to lobby");
	ask(":kura send Bob alpha", "Bob is on alpha already");
	ck_assert_int_lt(harness_now() - begin, harness_ms(5000));
	all_leave();
}
END_TEST

START_TEST(a_whole_server_is_sent)
{
	static const char *const lines[] = {":kura send alpha beta", ":kura send all beta",
					    ":kura send all pair"};
	struct peer *links[2], *first, *other;

	proxy = proxy_start("'servers':[" SERVER("alpha") "," SERVER(
				    "beta") "],'groups':{'pair':{'servers':['beta']}}" ADMINS,
			    alpha.port, beta.port, state);
	both_join();
	ask(lines[_i], _i == 2 ? "Sending 2 players to pair." : "Sending 2 players to beta.");
	for (int i = 0; i < 2; i++)
		links[i] = backend_accept(&beta);
	first = strcmp(links[0]->id.name, "Alice") == 0 ? alice : bob;
	other = first == alice ? bob : alice;
	link_welcome(links[0], "Beta");
	link_welcome(links[1], "Beta");
	client_arrive(first, "Beta");
	client_arrive(other, "Beta");
	exchange(first, links[0]);
	exchange(other, links[1]);
	ask(lines[_i], "There is nobody to send");
	peer_close(links[0]);
	peer_close(links[1]);
	all_leave();
}
END_TEST

/* A word that could be a player or a server is not guessed at. */
START_TEST(who_is_meant_must_be_clear)
{
	proxy = proxy_start(USUAL);
	both_join();
	ask(":kura send al beta", "could be the player Alice or the server alpha: write");
	peer_wait_text(alice, "player:Alice or server:alpha");
	ask(":kura send player:al alpha", "Alice is on alpha already");
	ask(":kura send server:be beta", "nobody to send");
	ask(":kura send alp beta", "Sending 2 players to beta");
	peer_close(backend_accept(&beta));
	peer_close(backend_accept(&beta));
	all_leave();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("admin");
	TCase *ranks = admin_case(suite, "ranks"), *players = admin_case(suite, "players"),
	      *sending = admin_case(suite, "sending");

	tcase_add_test(ranks, others_are_denied);
	tcase_add_test(ranks, an_unverified_name_is_nobody);
	tcase_add_test(ranks, an_admin_may);
	tcase_add_test(players, players_and_find_tell_all);
	tcase_add_test(players, a_kick_ends_the_session);
	tcase_add_test(players, beginnings_must_be_unique);
	tcase_add_test(players, a_ban_keeps_them_out);
	tcase_add_test(players, a_beginning_is_banned_in_full);
	tcase_add_loop_test(players, nobody_bans_themselves, 0, 4);
	tcase_add_test(players, bans_are_kept);
	tcase_add_test(players, the_allow_list_shuts_others_out);
	tcase_add_test(players, everybody_hears_a_word);
	tcase_add_test(players, the_deaf_hold_up_nobody);
	tcase_add_test(sending, a_player_is_sent);
	tcase_add_test(sending, a_full_server_takes_who_is_sent);
	tcase_add_loop_test(sending, who_is_deaf_is_sent_at_once, 0, 2);
	tcase_add_loop_test(sending, a_whole_server_is_sent, 0, 3);
	tcase_add_test(sending, who_is_meant_must_be_clear);
	return harness_run(suite);
}
