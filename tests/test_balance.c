/* SPDX-License-Identifier: MIT */
/*
 * Every policy over 10,000 simulated joins: the shares that servers get, what happens when one
 * comes or goes, and how one that returns grows into its share. The random numbers are the same
 * in every run.
 */
#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "balance.h"
#include "suite.h"

#define COUNT(array)   (sizeof(array) / sizeof((array)[0]))
#define JOINS          10000
#define ONE            BALANCE_WEIGHT_ONE
#define SERVERS_MAX    6
#define SLOW_MS        30000
#define RANDOM_PERCENT 2 /* of all joins: how far chance may lead from a share */

/* ---- a simulated group ---- */

static struct group {
	struct balance_candidate servers[SERVERS_MAX];
	int64_t credits[SERVERS_MAX];
	unsigned joins[SERVERS_MAX]; /* since the last forget() */
	size_t n;
} group;

static uint64_t seed;

/* SplitMix64's upper half. */
static uint32_t draw(void)
{
	uint64_t x = seed += 0x9e3779b97f4a7c15;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return (uint32_t)((x ^ x >> 31) >> 32);
}

/* One server for each weight. */
static void set_up(const unsigned *weights, size_t n)
{
	static const char *const names[SERVERS_MAX] = {"alpha", "beta",    "gamma",
						       "delta", "epsilon", "zeta"};

	memset(&group, 0, sizeof(group));
	group.n = n;
	for (size_t i = 0; i < n; i++)
		group.servers[i] = (struct balance_candidate){
			.name = names[i],
			.weight = weights[i] * ONE,
			.credit = &group.credits[i],
		};
}

static size_t pick(enum config_balance balance, const char *player)
{
	size_t i = balance_pick(balance, group.servers, group.n, player, draw());

	REQUIRE(i < group.n);
	return i;
}

static size_t join(enum config_balance balance, const char *player)
{
	size_t i = pick(balance, player);

	group.joins[i]++;
	group.servers[i].players++;
	return i;
}

static void forget(void)
{
	memset(group.joins, 0, sizeof(group.joins));
}

/* Player number i, never the same name twice. */
static const char *player_name(unsigned i)
{
	static char name[17];

	snprintf(name, sizeof(name), "Player%u", i);
	return name;
}

static void join_many(enum config_balance balance, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		join(balance, player_name(i));
}

/* What a server should have of so many joins. */
static double share(size_t i, unsigned joins)
{
	double total = 0;

	for (size_t k = 0; k < group.n; k++)
		total += group.servers[k].weight;
	return joins * (group.servers[i].weight / total);
}

/* Everybody has got their share, give or take so many. */
static void check_shares(unsigned joins, double tolerance)
{
	unsigned sum = 0;

	for (size_t i = 0; i < group.n; i++) {
		REQUIRE(group.joins[i] <= share(i, joins) + tolerance);
		REQUIRE(group.joins[i] >= share(i, joins) - tolerance);
		sum += group.joins[i];
	}
	REQUIRE(sum == joins);
}

static const struct {
	size_t n;
	unsigned weights[SERVERS_MAX];
} plans[] = {
	{1, {1}},       {2, {1, 1}},       {3, {1, 1, 1}},          {3, {2, 1, 1}},
	{3, {5, 1, 1}}, {4, {1, 2, 3, 4}}, {6, {7, 3, 3, 1, 1, 1}}, {2, {256, 1}},
};

static void set_up_plan(int i)
{
	seed = (uint64_t)(unsigned)i;
	set_up(plans[i].weights, plans[i].n);
}

/* ---- the policies ---- */

START_TEST(first_is_first)
{
	set_up_plan(_i);
	join_many(CONFIG_BALANCE_FIRST, 100);
	ck_assert_uint_eq(group.joins[0], 100);
}
END_TEST

START_TEST(round_robin_is_smooth)
{
	static const struct {
		unsigned weights[SERVERS_MAX];
		const char *order;
	} orders[] = {
		{{1, 1, 1}, "abcabcabc"},
		{{2, 1, 1}, "abcaabca"},
		{{5, 1, 1}, "aabacaaaabacaa"},
	};

	for (size_t i = 0; i < COUNT(orders); i++) {
		set_up(orders[i].weights, 3);
		for (const char *p = orders[i].order; *p != '\0'; p++)
			ck_assert_int_eq('a' + (int)join(CONFIG_BALANCE_ROUND_ROBIN, ""), *p);
	}
}
END_TEST

/* Not only in the end: at any time nobody is ahead or behind by more than their neighbours'
 * turns. */
START_TEST(round_robin_shares_by_weight)
{
	set_up_plan(_i);
	for (unsigned n = 1; n <= JOINS; n++) {
		join(CONFIG_BALANCE_ROUND_ROBIN, "");
		check_shares(n, (double)group.n - 0.5);
	}
}
END_TEST

/* Who was away has no turns to catch up on, and their absence costs nobody else a turn. */
START_TEST(round_robin_forgives_absence)
{
	struct balance_candidate away;
	unsigned in_a_row = 0;

	set_up((const unsigned[]){1, 1, 1}, 3);
	for (unsigned round = 0; round < 100; round++) {
		join_many(CONFIG_BALANCE_ROUND_ROBIN, round);
		away = group.servers[2];
		group.n = 2;
		forget();
		join_many(CONFIG_BALANCE_ROUND_ROBIN, 100);
		check_shares(100, 2);
		group.n = 3;
		group.servers[2] = away;
		forget();
		for (unsigned i = 0; i < 30; i++) {
			in_a_row = join(CONFIG_BALANCE_ROUND_ROBIN, "") == 2 ? in_a_row + 1 : 0;
			ck_assert_uint_le(in_a_row, 2);
		}
		check_shares(30, 2);
	}
}
END_TEST

START_TEST(random_shares_by_weight)
{
	set_up_plan(_i);
	join_many(CONFIG_BALANCE_RANDOM, JOINS);
	check_shares(JOINS, JOINS * RANDOM_PERCENT / 100.0);
}
END_TEST

/* The ends of the range of random numbers. */
START_TEST(random_reaches_both_ends)
{
	set_up((const unsigned[]){1, 256, 1}, 3);
	ck_assert_uint_eq(balance_pick(CONFIG_BALANCE_RANDOM, group.servers, 3, "", 0), 0);
	ck_assert_uint_eq(balance_pick(CONFIG_BALANCE_RANDOM, group.servers, 3, "", UINT32_MAX),
			  2);
	ck_assert_uint_eq(
		balance_pick(CONFIG_BALANCE_LEAST_PLAYERS, group.servers, 3, "", UINT32_MAX),
		1);
	group.servers[1].weight = ONE;
	ck_assert_uint_eq(
		balance_pick(CONFIG_BALANCE_LEAST_PLAYERS, group.servers, 3, "", UINT32_MAX),
		2);
	ck_assert_uint_eq(balance_pick(CONFIG_BALANCE_LEAST_PLAYERS, group.servers, 3, "", 0),
			  0);
}
END_TEST

static unsigned sum_of(const unsigned *numbers, size_t n)
{
	unsigned sum = 0;

	while (n > 0)
		sum += numbers[--n];
	return sum;
}

/* At any time nobody is a whole player behind; who is ahead is so by the others' fractions, and
 * when the weights go up in the number of players, everybody has exactly their share. */
START_TEST(least_players_shares_by_weight)
{
	unsigned turn = sum_of(plans[_i].weights, plans[_i].n);

	set_up_plan(_i);
	for (unsigned n = 1; n <= JOINS; n++) {
		join(CONFIG_BALANCE_LEAST_PLAYERS, "");
		for (size_t i = 0; i < group.n; i++) {
			REQUIRE(group.joins[i] > share(i, n) - 1);
			REQUIRE(group.joins[i] < share(i, n) + (double)group.n);
		}
		if (n % turn == 0)
			check_shares(n, 0.001);
	}
}
END_TEST

/* At any time within one player of the ideal. */
START_TEST(least_players_spreads_over_equals)
{
	set_up((const unsigned[]){3, 3, 3, 3, 3, 3}, 1 + (size_t)_i);
	for (unsigned n = 1; n <= JOINS; n++) {
		join(CONFIG_BALANCE_LEAST_PLAYERS, "");
		check_shares(n, 0.99999);
	}
}
END_TEST

/* Whatever was there before, and whoever leaves: the join goes to the emptiest for its weight.
 */
START_TEST(least_players_evens_out)
{
	set_up((const unsigned[]){1, 1, 1}, 3);
	group.servers[0].players = 300;
	join_many(CONFIG_BALANCE_LEAST_PLAYERS, 600);
	for (size_t i = 0; i < 3; i++)
		REQUIRE(group.servers[i].players == 300);
	for (unsigned i = 0; i < JOINS; i++) {
		uint32_t left = draw() % 3;

		if (group.servers[left].players == 0)
			continue;
		group.servers[left].players--;
		size_t to = join(CONFIG_BALANCE_LEAST_PLAYERS, "");

		for (size_t k = 0; k < 3; k++)
			REQUIRE(group.servers[to].players - 1 <= group.servers[k].players);
	}
}
END_TEST

START_TEST(ties_of_least_players)
{
	/* the heavier one, wherever it stands */
	set_up((const unsigned[]){1, 3, 1, 3}, 4);
	for (unsigned i = 0; i < JOINS; i++)
		group.joins[pick(CONFIG_BALANCE_LEAST_PLAYERS, "")]++;
	ck_assert_uint_eq(group.joins[0] + group.joins[2], 0);
	ck_assert_double_eq_tol(group.joins[1], JOINS / 2.0, JOINS * RANDOM_PERCENT / 100.0);
	/* (5 + 1) / 2 is (2 + 1) / 1 */
	set_up((const unsigned[]){1, 2}, 2);
	group.servers[0].players = 2;
	group.servers[1].players = 5;
	ck_assert_uint_eq(pick(CONFIG_BALANCE_LEAST_PLAYERS, ""), 1);
	/* chance among equals */
	set_up((const unsigned[]){1, 1, 1}, 3);
	group.servers[1].players = 1;
	for (unsigned i = 0; i < JOINS; i++)
		group.joins[pick(CONFIG_BALANCE_LEAST_PLAYERS, "")]++;
	ck_assert_uint_eq(group.joins[1], 0);
	ck_assert_double_eq_tol(group.joins[0], JOINS / 2.0, JOINS * RANDOM_PERCENT / 100.0);
}
END_TEST

START_TEST(least_players_bears_large_numbers)
{
	set_up((const unsigned[]){256, 256}, 2);
	group.servers[0].players = UINT32_MAX;
	group.servers[1].players = UINT32_MAX - 1;
	ck_assert_uint_eq(pick(CONFIG_BALANCE_LEAST_PLAYERS, ""), 1);
}
END_TEST

/* Only servers with room are offered. */
START_TEST(most_players_fills_up)
{
	struct balance_candidate offered[3];
	size_t of[3];

	set_up((const unsigned[]){1, 1, 1}, 3);
	group.servers[1].players = 1;
	for (unsigned joins = 0; joins < JOINS; joins++) {
		size_t n = 0;

		for (size_t i = 0; i < 3; i++) {
			if (group.servers[i].players == 4000)
				continue;
			of[n] = i;
			offered[n++] = group.servers[i];
		}
		size_t to =
			of[balance_pick(CONFIG_BALANCE_MOST_PLAYERS, offered, n, "", draw())];

		ck_assert_uint_eq(to, joins < 3999 ? 1 : joins < 7999 ? 0 : 2);
		group.servers[to].players++;
	}
}
END_TEST

/* ---- hash ---- */

/* Where everybody goes. */
static void hash_all(size_t to[static JOINS])
{
	for (unsigned i = 0; i < JOINS; i++)
		to[i] = pick(CONFIG_BALANCE_HASH, player_name(i));
}

START_TEST(hash_shares_by_weight)
{
	set_up_plan(_i);
	join_many(CONFIG_BALANCE_HASH, JOINS);
	check_shares(JOINS, JOINS * RANDOM_PERCENT / 100.0);
}
END_TEST

/* By names alone: not by their case, by the order of the servers, by chance, by who is where.
 */
START_TEST(hash_goes_by_names)
{
	static size_t before[JOINS], after[JOINS];

	set_up((const unsigned[]){1, 2, 3, 1}, 4);
	hash_all(before);
	for (size_t i = 0; i < 2; i++) {
		struct balance_candidate other = group.servers[i];

		group.servers[i] = group.servers[3 - i];
		group.servers[3 - i] = other;
	}
	group.servers[0].name = "DELTA";
	group.servers[1].players = 1000;
	hash_all(after);
	for (unsigned i = 0; i < JOINS; i++)
		REQUIRE(before[i] == 3 - after[i]);
	for (unsigned i = 0; i < 100; i++) {
		size_t to = pick(CONFIG_BALANCE_HASH, "Alice_42");

		ck_assert_uint_eq(pick(CONFIG_BALANCE_HASH, "aLICE_42"), to);
	}
}
END_TEST

/* Names are not run together: "xa" on "b" and "x" on "ab" are two things. */
START_TEST(hash_tells_names_apart)
{
	unsigned same = 0;

	set_up((const unsigned[]){1, 1}, 2);
	for (int i = 0; i < 26; i++) {
		char c = (char)('a' + i);
		const char player[] = {c, 'a', '\0'}, shorter[] = {c, '\0'};

		group.servers[0].name = "b";
		group.servers[1].name = "c";
		size_t to = pick(CONFIG_BALANCE_HASH, player);

		group.servers[0].name = "ab";
		group.servers[1].name = "ac";
		same += pick(CONFIG_BALANCE_HASH, shorter) == to;
	}
	ck_assert_uint_gt(same, 5);
	ck_assert_uint_lt(same, 21);
}
END_TEST

/* Server number `last` is there, then not: only its players move, and those who are left share
 * them by weight. Read backwards, it comes: players move only to it. */
START_TEST(hash_moves_the_least)
{
	static size_t with[JOINS], without[JOINS];
	unsigned moved = 0;

	set_up_plan(_i);
	hash_all(with);
	group.n--;
	hash_all(without);
	for (unsigned i = 0; i < JOINS; i++) {
		REQUIRE(without[i] == with[i] || with[i] == group.n);
		if (with[i] != group.n)
			continue;
		moved++;
		group.joins[without[i]]++;
	}
	check_shares(moved, JOINS * RANDOM_PERCENT / 100.0);
	group.n++;
	ck_assert_double_eq_tol(moved, share(group.n - 1, JOINS),
				JOINS * RANDOM_PERCENT / 100.0);
}
END_TEST

/* Those whom a heavier server gets come to it, and nobody goes elsewhere. */
START_TEST(hash_follows_weights)
{
	static size_t before[JOINS], after[JOINS];
	unsigned moved = 0;

	set_up((const unsigned[]){1, 1, 1}, 3);
	hash_all(before);
	group.servers[1].weight = 2 * ONE;
	hash_all(after);
	for (unsigned i = 0; i < JOINS; i++) {
		REQUIRE(after[i] == before[i] || after[i] == 1);
		moved += after[i] != before[i];
	}
	/* from a third to a half */
	ck_assert_double_eq_tol(moved, JOINS / 6.0, JOINS * RANDOM_PERCENT / 100.0);
}
END_TEST

/* ---- slow start ---- */

static const struct {
	unsigned weight;
	int64_t up_ms, slow_start_ms;
	uint32_t expected;
} weights[] = {
	{1, -1, 30000, 1000},
	{1, 0, 30000, 100},
	{1, 1, 30000, 100},
	{1, 15000, 30000, 550},
	{1, 29999, 30000, 999},
	{1, 30000, 30000, 1000},
	{1, INT64_MAX, 30000, 1000},
	{1, 0, 0, 1000},
	{1, 0, -1, 1000},
	{256, 0, 3600000, 25600},
	{256, 1800000, 3600000, 140800},
	{256, 3599999, 3600000, 255999},
	{256, -1, 3600000, 256000},
	{0, -1, 30000, 0},
	{0, 0, 30000, 0},
	{0, 15000, 30000, 0},
	{0, 30000, 30000, 0},
};

START_TEST(weighs)
{
	ck_assert_uint_eq(balance_weight(weights[_i].weight, weights[_i].up_ms,
					 weights[_i].slow_start_ms),
			  weights[_i].expected);
}
END_TEST

START_TEST(weights_grow_steadily)
{
	uint32_t last = 0;

	for (int64_t up_ms = 0; up_ms <= SLOW_MS; up_ms++) {
		uint32_t weight = balance_weight(3, up_ms, SLOW_MS);

		ck_assert_uint_ge(weight, last);
		ck_assert_uint_le(weight, 3 * ONE);
		ck_assert(last == 0 || weight - last <= 1);
		last = weight;
	}
	ck_assert_uint_eq(last, 3 * ONE);
}
END_TEST

/* gamma is back: in each second of its slow start it gets what its weight says, from a
 * twenty-first to a third. */
START_TEST(a_returning_server_grows_into_its_share)
{
	static const enum config_balance balances[] = {
		CONFIG_BALANCE_ROUND_ROBIN,
		CONFIG_BALANCE_RANDOM,
		CONFIG_BALANCE_HASH,
	};
	double tolerance = JOINS * RANDOM_PERCENT / 100.0;

	set_up((const unsigned[]){1, 1, 1}, 3);
	for (int64_t up_ms = 0; up_ms <= SLOW_MS; up_ms += 1000) {
		group.servers[2].weight = balance_weight(1, up_ms, SLOW_MS);
		forget();
		join_many(balances[_i], JOINS);
		check_shares(JOINS, tolerance);
		if (up_ms == 0)
			ck_assert_double_eq_tol(group.joins[2], JOINS / 21.0, tolerance);
	}
	ck_assert_double_eq_tol(group.joins[2], JOINS / 3.0, tolerance);
}
END_TEST

/* Empty among full ones, least-players would give it everybody at once. It fills up in step
 * with its weight, and ends where the others are. */
START_TEST(a_returning_server_is_not_overrun)
{
	set_up((const unsigned[]){1, 1, 1}, 3);
	group.servers[0].players = group.servers[1].players = 100;
	for (int64_t up_ms = 0; up_ms < SLOW_MS; up_ms += 100) {
		uint32_t weight = balance_weight(1, up_ms, SLOW_MS);

		group.servers[2].weight = weight;
		join(CONFIG_BALANCE_LEAST_PLAYERS, "");
		ck_assert_uint_le((uint64_t)group.servers[2].players * ONE,
				  (uint64_t)(group.servers[0].players + 1) * weight);
	}
	group.servers[2].weight = ONE;
	join_many(CONFIG_BALANCE_LEAST_PLAYERS, 100);
	for (size_t i = 0; i < 3; i++)
		ck_assert_uint_eq(group.servers[i].players, 200);
}
END_TEST

static TCase *policies_case(void)
{
	TCase *tcase = tcase_create("policies");

	tcase_add_loop_test(tcase, first_is_first, 0, COUNT(plans));
	tcase_add_test(tcase, round_robin_is_smooth);
	tcase_add_loop_test(tcase, round_robin_shares_by_weight, 0, COUNT(plans));
	tcase_add_test(tcase, round_robin_forgives_absence);
	tcase_add_loop_test(tcase, random_shares_by_weight, 0, COUNT(plans));
	tcase_add_test(tcase, random_reaches_both_ends);
	tcase_add_loop_test(tcase, least_players_shares_by_weight, 0, COUNT(plans));
	tcase_add_loop_test(tcase, least_players_spreads_over_equals, 0, SERVERS_MAX);
	tcase_add_test(tcase, least_players_evens_out);
	tcase_add_test(tcase, ties_of_least_players);
	tcase_add_test(tcase, least_players_bears_large_numbers);
	tcase_add_test(tcase, most_players_fills_up);
	return tcase;
}

static TCase *hash_case(void)
{
	TCase *tcase = tcase_create("hash");

	tcase_add_loop_test(tcase, hash_shares_by_weight, 0, COUNT(plans));
	tcase_add_test(tcase, hash_goes_by_names);
	tcase_add_test(tcase, hash_tells_names_apart);
	tcase_add_loop_test(tcase, hash_moves_the_least, 1, COUNT(plans));
	tcase_add_test(tcase, hash_follows_weights);
	return tcase;
}

static TCase *slow_start_case(void)
{
	TCase *tcase = tcase_create("slow start");

	tcase_add_loop_test(tcase, weighs, 0, COUNT(weights));
	tcase_add_test(tcase, weights_grow_steadily);
	tcase_set_timeout(tcase, 60); /* each assertion is a write of its own */
	tcase_add_loop_test(tcase, a_returning_server_grows_into_its_share, 0, 3);
	tcase_add_test(tcase, a_returning_server_is_not_overrun);
	return tcase;
}

int main(void)
{
	Suite *suite = suite_create("balance");

	suite_add_tcase(suite, policies_case());
	suite_add_tcase(suite, hash_case());
	suite_add_tcase(suite, slow_start_case());
	return suite_main(suite);
}
