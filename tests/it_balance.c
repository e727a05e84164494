/* SPDX-License-Identifier: MIT */
/*
 * Crowds and groups through the real binary: who comes where, and what happens when a server
 * dies and returns. The policies themselves are test_balance's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness_town.h"

#define CROWD         300
#define MOVED_MS      2500 /* a crowd's time to be elsewhere: a second, and the test's own */
#define S(name, more) "{'name':'" name "','address':'127.0.0.1','port':%u" more "}"
#define THREE         "'servers':[" S("a", "") "," S("b", "") "," S("c", "") "]"
#define ALL           "'groups':{'town':{'servers':['a','b','c']}},'hubs':['town']"
#define QUICK         ",'health':{'interval-ms':100}"

/* Three servers in `members`, in whatever order. */
#define START(members)                                                                   \
	(town.proxy = proxy_start(members, town.backends[0].port, town.backends[1].port, \
				  town.backends[2].port))

static struct town town;

static void setup(void)
{
	town_open(&town, 3);
}

static void teardown(void)
{
	town_close(&town);
}

static void join_all(size_t players)
{
	town_join(&town, players);
	town_settle(&town);
}

/* So many players on a, b and c. */
static void expect_counts(size_t a, size_t b, size_t c)
{
	const size_t wanted[] = {a, b, c};

	for (int i = 0; i < 3; i++)
		town_until_count(&town, i, wanted[i]);
	for (int i = 0; i < 3; i++)
		ck_assert_uint_eq(town_count(&town, i), wanted[i]);
}

static void ask(size_t player, const char *command, const char *answer)
{
	struct peer *client = town.players[player].client;

	peer_forget(client);
	peer_chat(client, command);
	town_until_text(&town, player, answer);
}

static void finish(void)
{
	town_close(&town);
	proxy_stop(town.proxy);
}

/* The most that a server has beyond another. */
static size_t spread(void)
{
	size_t most = 0, fewest = SIZE_MAX;

	for (int i = 0; i < 3; i++) {
		size_t n = town_count(&town, i);

		most = n > most ? n : most;
		fewest = n < fewest ? n : fewest;
	}
	return most - fewest;
}

/* ---- a crowd ---- */

/* One server of three dies with its hundred players: they are elsewhere at once, evenly, and
 * the log tells that in a handful of lines. Then it is back. */
START_TEST(a_crowd_spreads_and_survives)
{
	int64_t killed_ms, moved_ms;
	size_t lines;

	START(THREE "," ALL ",'health':{'interval-ms':100,'slow-start-s':3600}");
	join_all(CROWD);
	ck_assert_uint_le(spread(), 1);
	proxy_wait_count_log(town.proxy, ": joins ", CROWD);
	lines = proxy_count_log(town.proxy, "\n");
	killed_ms = harness_now();
	town_kill(&town, 1);
	town_until_count(&town, 1, 0);
	town_settle(&town);
	moved_ms = harness_now() - killed_ms;
	ck_assert_int_le(moved_ms, harness_ms(MOVED_MS));
	expect_counts(CROWD / 2, 0, CROWD / 2);
	proxy_wait_log(town.proxy, "more lose b: ");
	proxy_wait_log(town.proxy, "server b (127.0.0.1");
	lines = proxy_count_log(town.proxy, "\n") - lines;
	ck_assert_uint_le(lines, 8);
	dprintf(STDOUT_FILENO,
		"%d players of a dead server were elsewhere in %lld ms, %zu "
		"lines in the log\n",
		CROWD / 3, (long long)moved_ms, lines);
	town_revive(&town, 1);
	proxy_wait_log(town.proxy, "is up again");
	/* in an hour it has its whole share; now a tenth, for which 17 are as many as 150 */
	join_all(60);
	ck_assert_uint_ge(town_count(&town, 1), 12);
	ck_assert_uint_le(town_count(&town, 1), 22);
	town_hear(&town, 1);
	finish();
}
END_TEST

START_TEST(a_server_that_is_back_gets_its_whole_share_in_the_end)
{
	int64_t warm_ms;

	START(THREE "," ALL ",'health':{'interval-ms':100,'slow-start-s':1}");
	join_all(30);
	town_kill(&town, 1);
	expect_counts(15, 0, 15);
	proxy_wait_log(town.proxy, "server b (127.0.0.1");
	town_revive(&town, 1);
	proxy_wait_log(town.proxy, "is up again");
	warm_ms = harness_now() + 1000;
	while (harness_now() < warm_ms)
		town_turn(&town);
	join_all(15);
	expect_counts(15, 15, 15);
	finish();
}
END_TEST

/* A few players have a line each, as always. */
START_TEST(two_players_are_no_crowd)
{
	START(THREE "," ALL QUICK);
	join_all(6);
	town_kill(&town, 1);
	expect_counts(3, 0, 3);
	town_hear(&town, 1); /* by then both lines are there */
	ck_assert_uint_eq(proxy_count_log(town.proxy, ": loses b: "), 2);
	ck_assert_uint_eq(proxy_count_log(town.proxy, ": falls back to "), 2);
	finish();
}
END_TEST

/* ---- groups ---- */

START_TEST(a_jump_to_a_group_goes_by_its_balance)
{
	START(THREE ",'groups':{'games':{'servers':['b','c']}},'hubs':['a']");
	join_all(10);
	expect_counts(10, 0, 0);
	for (size_t i = 0; i < 8; i++)
		ask(i, i % 2 == 0 ? ":kura jump games" : ":kura jump GAM", "Jumping to ");
	expect_counts(2, 4, 4);
	ask(0, ":kura jump games", "already");
	ask(1, ":kura hub", "Jumping to a");
	town_until_count(&town, 0, 3);
	ask(9, ":kura jump g", "Jumping to ");
	town_until_count(&town, 0, 2);
	finish();
}
END_TEST

START_TEST(a_jump_to_a_group_that_is_down_fails)
{
	START(THREE ",'groups':{'games':{'servers':['b','c']}},'hubs':['a']" QUICK);
	join_all(1);
	town_kill(&town, 1);
	town_kill(&town, 2);
	proxy_wait_log(town.proxy, "server b (127.0.0.1");
	proxy_wait_log(town.proxy, "server c (127.0.0.1");
	ask(0, ":kura jump games", "No server there can take you now");
	expect_counts(1, 0, 0);
	finish();
}
END_TEST

START_TEST(hubs_are_tried_in_order)
{
	START(THREE ",'groups':{'pair':{'servers':['a','b']}},'hubs':['pair','c']" QUICK);
	join_all(4);
	expect_counts(2, 2, 0);
	town_kill(&town, 0);
	expect_counts(0, 4, 0);
	town_kill(&town, 1);
	expect_counts(0, 0, 4);
	proxy_wait_log(town.proxy, "server a (127.0.0.1");
	proxy_wait_log(town.proxy, "server b (127.0.0.1");
	join_all(1);
	expect_counts(0, 0, 5);
	town_revive(&town, 0);
	proxy_wait_log(town.proxy, "is up again");
	join_all(1);
	expect_counts(1, 0, 5);
	town_kill(&town, 2);
	expect_counts(6, 0, 0);
	finish();
}
END_TEST

/* A backup's turn comes last, wherever it stands. */
START_TEST(the_hub_is_where_a_join_would_lead)
{
	START("'servers':[" S("a", ",'backup':true") "," S("b", "") "," S(
		"c", "") "],'hubs':['a','b']");
	join_all(1);
	expect_counts(0, 1, 0);
	ask(0, ":kura jump c", "Jumping to c");
	expect_counts(0, 0, 1);
	ask(0, ":kura hub", "Jumping to b");
	expect_counts(0, 1, 0);
	ask(0, ":kura hub", "You are on b already");
	ask(0, ":kura jump a", "Jumping to a");
	expect_counts(1, 0, 0);
	ask(0, ":kura hub", "You are on a already");
	finish();
}
END_TEST

START_TEST(weights_are_kept)
{
	START("'servers':[" S("a", ",'weight':3") "," S("b", "") "," S(
		"c", ",'weight':2") "]"
				    ",'groups':{'town':{'servers':['a','b','c'],'balance':'"
				    "round-robin'}}"
				    ",'hubs':['town']");
	join_all(24);
	expect_counts(12, 4, 8);
	finish();
}
END_TEST

/* Nobody is sent to a server without weight, but who asks for it comes in. */
START_TEST(a_server_without_weight_is_only_for_those_who_ask)
{
	START("'servers':[" S("a", "") "," S("b", ",'weight':0") "," S(
		"c", "") "]"
			 ",'groups':{'pair':{'servers':['a','b']}},'hubs':['pair']" QUICK);
	join_all(6);
	expect_counts(6, 0, 0);
	ask(0, ":kura jump b", "Jumping to b");
	expect_counts(5, 1, 0);
	town_kill(&town, 0);
	town_until_count(&town, -1, 5); /* rather the lobby */
	expect_counts(0, 1, 0);
	finish();
}
END_TEST

START_TEST(a_backup_is_only_for_want_of_another)
{
	START("'servers':[" S("a", ",'max-players':4") "," S("b", ",'backup':true") "," S(
		"c", "") "],'groups':{'pair':{'servers':['a','b']}},'hubs':['pair']" QUICK);
	join_all(4);
	expect_counts(4, 0, 0);
	join_all(1); /* a is full */
	expect_counts(4, 1, 0);
	town_kill(&town, 0);
	expect_counts(0, 5, 0);
	proxy_wait_log(town.proxy, "server a (127.0.0.1");
	town_revive(&town, 0);
	proxy_wait_log(town.proxy, "is up again");
	join_all(2);
	expect_counts(2, 5, 0);
	finish();
}
END_TEST

START_TEST(full_servers_are_passed_over)
{
	START("'servers':[" S("a", ",'max-players':2") "," S("b", ",'max-players':3") "," S(
		"c", "") "],'groups':{'town':{'servers':['a','b','c'],'balance':'first'}},'"
			 "hubs':['town']" QUICK);
	join_all(9);
	expect_counts(2, 3, 4);
	ask(8, ":kura list", "a up, 2/2 players");
	town_kill(&town, 2);
	town_until_count(&town, -1, 4); /* there is no room elsewhere */
	expect_counts(2, 3, 0);
	finish();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("balance");
	TCase *tcase = harness_case(suite, "balance");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_crowd_spreads_and_survives);
	tcase_add_test(tcase, a_server_that_is_back_gets_its_whole_share_in_the_end);
	tcase_add_test(tcase, two_players_are_no_crowd);
	tcase_add_test(tcase, a_jump_to_a_group_goes_by_its_balance);
	tcase_add_test(tcase, a_jump_to_a_group_that_is_down_fails);
	tcase_add_test(tcase, hubs_are_tried_in_order);
	tcase_add_test(tcase, the_hub_is_where_a_join_would_lead);
	tcase_add_test(tcase, weights_are_kept);
	tcase_add_test(tcase, a_server_without_weight_is_only_for_those_who_ask);
	tcase_add_test(tcase, a_backup_is_only_for_want_of_another);
	tcase_add_test(tcase, full_servers_are_passed_over);
	return harness_run(suite);
}
