/* SPDX-License-Identifier: MIT */
/*
 * Floods: a reader with a clock of its own, and what players send in front of it. Fast honest
 * builders, with a network that stalls, are never kept waiting; who sends more is slowed to the
 * limit, and kicked only if they keep it up.
 */
#include <check.h>
#include <limits.h>
#include <string.h>

#include "flood.h"
#include "suite.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECOND       1000
#define START        INT64_C(123456789)
#define NEVER        (-1)
#define READ_MAX     4096 /* bytes that the reader takes at once */

/* clang-format off */
static const struct config_limits defaults = {
	.packets_per_s = 400, .bytes_per_s = 65536, .chat_per_s = 10, .blocks_per_s = 100, .flood_kick_s = 10,
};
/* clang-format on */

static int take(struct flood *flood, const struct config_limits *limits, enum flood_kind kind,
		unsigned n, int64_t now_ms, enum flood_kind *worst)
{
	unsigned counts[FLOOD_KINDS] = {0};

	counts[kind] = n;
	return flood_take(flood, limits, counts, now_ms, worst);
}

/* ---- one bucket ---- */

/* clang-format off */
static const struct {
	enum flood_kind kind;
	unsigned per_s;
} kinds[] = {{FLOOD_PACKETS, 400}, {FLOOD_BYTES, 65536}, {FLOOD_CHAT, 10}, {FLOOD_BLOCKS, 100}};
/* clang-format on */

START_TEST(each_kind_has_its_limit)
{
	enum flood_kind kind = kinds[_i].kind, worst = FLOOD_KINDS;
	unsigned per_s = kinds[_i].per_s;
	struct flood flood;

	flood_init(&flood, START);
	ck_assert_int_eq(take(&flood, &defaults, kind, per_s * FLOOD_BURST_S, START, &worst),
			 0);
	ck_assert_int_eq(worst, FLOOD_KINDS);
	int one_ms = (int)((SECOND + per_s - 1) / per_s);
	ck_assert_int_eq(take(&flood, &defaults, kind, 1, START, &worst), one_ms);
	ck_assert_int_eq(worst, kind);
	ck_assert_int_eq(take(&flood, &defaults, kind, 0, START + one_ms, &worst), 0);
	/* Two seconds later two seconds' worth is there again, and not one more. */
	int64_t later = START + one_ms + (int64_t)2 * SECOND;
	ck_assert_int_eq(take(&flood, &defaults, kind, 2 * per_s, later, &worst), 0);
	ck_assert_int_eq(take(&flood, &defaults, kind, per_s, later, &worst), 250);
	/* Other kinds are not touched. */
	flood_init(&flood, START);
	take(&flood, &defaults, kind, per_s * FLOOD_BURST_S, START, &worst);
	for (size_t i = 0; i < COUNT(kinds); i++)
		if (kinds[i].kind != kind)
			ck_assert_int_eq(
				take(&flood, &defaults, kinds[i].kind, 1, START, &worst), 0);
}
END_TEST

START_TEST(a_limit_of_0_is_none)
{
	static const struct config_limits none = {.flood_kick_s = 1};
	enum flood_kind worst = FLOOD_KINDS;
	struct flood flood;

	flood_init(&flood, START);
	for (size_t i = 0; i < COUNT(kinds); i++)
		for (int n = 0; n < 10; n++)
			ck_assert_int_eq(
				take(&flood, &none, kinds[i].kind, UINT_MAX, START, &worst), 0);
	/* Nor is any of it remembered when there are limits. */
	for (size_t i = 0; i < COUNT(kinds); i++)
		ck_assert_int_eq(
			take(&flood, &defaults, kinds[i].kind, kinds[i].per_s, START, &worst),
			0);
}
END_TEST

START_TEST(the_longest_wait_is_the_worst)
{
	const unsigned counts[FLOOD_KINDS] = {
		[FLOOD_PACKETS] = 2000 + 40, [FLOOD_CHAT] = 50 + 2, [FLOOD_BLOCKS] = 500 + 1};
	enum flood_kind worst = FLOOD_KINDS;
	struct flood flood;

	flood_init(&flood, START);
	ck_assert_int_eq(flood_take(&flood, &defaults, counts, START, &worst), 200);
	ck_assert_int_eq(worst, FLOOD_CHAT);
}
END_TEST

START_TEST(a_reload_counts_at_once_and_forgives)
{
	struct config_limits limits = defaults;
	enum flood_kind worst = FLOOD_KINDS;
	struct flood flood;

	flood_init(&flood, START);
	take(&flood, &limits, FLOOD_BLOCKS, 450, START, &worst);
	limits.blocks_per_s = 10;
	/* 450 were right when they came: no debt of 400 blocks, at 10 a second, comes of them.
	 */
	ck_assert_int_eq(take(&flood, &limits, FLOOD_BLOCKS, 0, START, &worst), 0);
	ck_assert_int_eq(take(&flood, &limits, FLOOD_BLOCKS, 2, START, &worst), 200);
	limits.blocks_per_s = 1000;
	ck_assert_int_eq(take(&flood, &limits, FLOOD_BLOCKS, 2000, START, &worst), 0);
	limits.blocks_per_s = 0;
	ck_assert_int_eq(take(&flood, &limits, FLOOD_BLOCKS, 9000, START, &worst), 0);
}
END_TEST

START_TEST(any_numbers_and_clocks_are_safe)
{
	static const unsigned most[FLOOD_KINDS] = {UINT_MAX, UINT_MAX, UINT_MAX, UINT_MAX};
	static const int64_t steps[] = {0, -5000, INT64_C(1) << 40, 1, -(INT64_C(1) << 40)};
	struct config_limits limits = {.packets_per_s = UINT_MAX,
				       .bytes_per_s = 1,
				       .chat_per_s = UINT_MAX,
				       .blocks_per_s = 1};
	enum flood_kind worst = FLOOD_KINDS;
	struct flood flood;
	int64_t now = START;

	flood_init(&flood, now);
	for (int i = 0; i < 100000; i++) {
		int wait_ms = flood_take(&flood, &limits, most, now, &worst);

		REQUIRE(wait_ms >= 0 && wait_ms <= FLOOD_PAUSE_MAX_MS);
		now += steps[(size_t)i % COUNT(steps)];
	}
	/* A clock that stands still: no tokens, and nobody is held up by no time. */
	limits = defaults;
	flood_init(&flood, now);
	for (int i = 0; i < 100000; i++)
		REQUIRE(take(&flood, &limits, FLOOD_CHAT, i == 0 ? 1000 : 0, now, &worst) ==
			FLOOD_PAUSE_MAX_MS);
}
END_TEST

START_TEST(who_owes_nothing_is_not_kicked)
{
	enum flood_kind worst = FLOOD_KINDS;
	struct flood flood;
	int64_t ms = START;

	flood_init(&flood, ms);
	for (unsigned n = 150; take(&flood, &defaults, FLOOD_CHAT, n, ms, &worst) > 0; n = 0)
		ms += FLOOD_PAUSE_MAX_MS;
	ck_assert_int_eq(ms, START + (int64_t)10 * SECOND);
	/* Exactly as long as may be; a line more, and its pause, and then all is paid. */
	ck_assert_int_eq(take(&flood, &defaults, FLOOD_CHAT, 1, ms, &worst), 100);
	ck_assert_int_eq(take(&flood, &defaults, FLOOD_CHAT, 0, ms + 100, &worst), 0);
	struct flood rested = flood;
	worst = FLOOD_KINDS;
	ck_assert_int_eq(take(&flood, &defaults, FLOOD_CHAT, 1, ms + 100, &worst), FLOOD_KICK);
	ck_assert_int_eq(worst, FLOOD_CHAT);
	/* After a second without anything they begin anew. */
	ms += 100 + SECOND;
	ck_assert_int_eq(take(&rested, &defaults, FLOOD_CHAT, 11, ms, &worst), 100);
}
END_TEST

START_TEST(a_clock_that_goes_back_lets_nobody_off)
{
	enum flood_kind worst = FLOOD_KINDS;
	struct flood flood;
	int64_t ms = START;
	int calls = 1;

	flood_init(&flood, ms);
	take(&flood, &defaults, FLOOD_CHAT, 1000, ms, &worst);
	while (take(&flood, &defaults, FLOOD_CHAT, 0, ms, &worst) != FLOOD_KICK) {
		ms += calls == 30 ? -5 * SECOND : FLOOD_PAUSE_MAX_MS;
		ck_assert_int_lt(calls++, 50);
	}
	ck_assert_int_eq(calls, 1 + 10 * SECOND / FLOOD_PAUSE_MAX_MS + 1 + 1);
}
END_TEST

/* ---- players ---- */

/* What somebody sends, and how it reaches the reader. Rates are per second. */
struct player {
	const char *who;
	unsigned blocks, moves, chat;      /* of 9, 10 and 66 bytes */
	int for_s;                         /* how long they go on */
	int stall_from_s, stall_s;         /* the network stands still, then brings all */
	int busy_s, idle_s;                /* they pause now and then; 0: never */
	unsigned kick_s;                   /* the limit */
	int waits_from_ms, waits_until_ms; /* when they may be kept waiting; -1: never */
	int kicked_from_ms, kicked_until_ms;
	enum flood_kind by;
};

#define HONEST 10, NEVER, NEVER, NEVER, NEVER, FLOOD_KINDS

/* clang-format off */
static const struct player players[] = {
	/* within the limits: never kept waiting */
	{"a builder", 30, 20, 1, 600, 0, 0, 0, 0, HONEST},
	{"a builder, and a stall of 10 s", 30, 20, 1, 60, 20, 10, 0, 0, HONEST},
	{"who does all at just the limits", 100, 290, 10, 600, 0, 0, 0, 0, HONEST},
	{"nine tenths, and a stall of 5 s", 90, 290, 9, 60, 20, 5, 0, 0, HONEST},
	{"a fast flyer, and a stall of 30 s", 0, 60, 0, 120, 20, 30, 0, 0, HONEST},
	{"twice the limit for 4 s of 12", 200, 50, 1, 600, 0, 0, 4, 8, HONEST},
	/* a lag burst beyond the bucket: kept waiting for a moment, and that is all */
	{"a builder, and a stall of 25 s", 30, 20, 1, 120, 20, 25, 0, 0, 10, 45000, 50000, NEVER, NEVER, FLOOD_BLOCKS},
	{"half of the limits, and a stall of 15 s", 50, 150, 2, 120, 20, 15, 0, 0, 10, 35000, 45000, NEVER, NEVER, FLOOD_KINDS},
	/* a little over: slowed, and after that they are fine */
	{"a tenth over for 70 s", 110, 50, 1, 70, 0, 0, 0, 0, 0, 49000, 80000, NEVER, NEVER, FLOOD_BLOCKS},
	{"a tenth over for 55 s", 110, 50, 1, 55, 0, 0, 0, 0, 10, 49000, 56000, NEVER, NEVER, FLOOD_BLOCKS},
	{"a tenth over, who rests at times", 110, 50, 1, 600, 0, 0, 58, 7, 10, 49000, 600000, NEVER, NEVER, FLOOD_BLOCKS},
	/* a flood: delayed, then kicked */
	{"ten times the limit for 11 s", 1000, 0, 0, 11, 0, 0, 0, 0, 10, 500, 11000, 10400, 11200, FLOOD_BLOCKS},
	{"ten times the limit, positions", 0, 4000, 0, 11, 0, 0, 0, 0, 10, 500, 11000, 10400, 11200, FLOOD_PACKETS},
	{"ten times the limit, chat", 0, 0, 100, 11, 0, 0, 0, 0, 10, 400, 11500, 10400, 11800, FLOOD_CHAT},
	{"a hundred times", 10000, 40000, 1000, 15, 0, 0, 0, 0, 10, 0, 11000, 10000, 12000, FLOOD_KINDS},
	{"kicked after 3 s", 1000, 0, 0, 11, 0, 0, 0, 0, 3, 500, 4200, 3400, 4300, FLOOD_BLOCKS},
	{"ten times the limit for 1 s", 1000, 0, 0, 1, 0, 0, 0, 0, 10, 500, 7000, NEVER, NEVER, FLOOD_BLOCKS},
	{"a flood that nobody is kicked for", 1000, 100, 0, 30, 0, 0, 0, 0, 0, 500, 400000, NEVER, NEVER, FLOOD_BLOCKS},
};
/* clang-format on */

static const unsigned sizes[] = {9, 10, 66}; /* blocks, moves, chat */

/* Sent and not yet read. The reader takes kinds in turn, as they came mixed. */
struct line {
	unsigned long waiting[3], done[3]; /* thousandths; whole ones */
};

static bool is_sending(const struct player *player, int64_t ms)
{
	int64_t cycle = (int64_t)(player->busy_s + player->idle_s) * SECOND;

	return ms < (int64_t)player->for_s * SECOND &&
	       (cycle == 0 || ms % cycle < (int64_t)player->busy_s * SECOND);
}

static void send_for_a_ms(struct line *line, const struct player *player, int64_t ms)
{
	if (!is_sending(player, ms))
		return;
	line->waiting[0] += player->blocks;
	line->waiting[1] += player->moves;
	line->waiting[2] += player->chat;
}

static bool is_stalled(const struct player *player, int64_t ms)
{
	int64_t from = (int64_t)player->stall_from_s * SECOND;

	return ms >= from && ms < from + (int64_t)player->stall_s * SECOND;
}

/* What one read brings: up to READ_MAX bytes. False: nothing is there. */
static bool read_some(struct line *line, unsigned counts[static FLOOD_KINDS])
{
	bool any = true;

	memset(counts, 0, FLOOD_KINDS * sizeof(counts[0]));
	while (any && counts[FLOOD_BYTES] < READ_MAX) {
		any = false;
		for (size_t i = 0; i < COUNT(sizes); i++) {
			if (line->waiting[i] < 1000)
				continue;
			line->waiting[i] -= 1000;
			line->done[i]++;
			counts[FLOOD_PACKETS]++;
			counts[FLOOD_BYTES] += sizes[i];
			counts[FLOOD_BLOCKS] += i == 0;
			counts[FLOOD_CHAT] += i == 2;
			any = true;
		}
	}
	return counts[FLOOD_PACKETS] > 0;
}

/* What has become of a player; times are -1 if that never was. */
struct fate {
	int64_t first_wait_ms, last_wait_ms, kicked_ms;
	unsigned long blocks;
	enum flood_kind by;
};

static void live(const struct player *player, const struct config_limits *limits,
		 struct fate *fate)
{
	int64_t free_ms = 0, end_ms = (int64_t)(player->for_s + 400) * SECOND;
	unsigned counts[FLOOD_KINDS] = {0};
	struct line line = {0};
	struct flood flood;

	*fate = (struct fate){NEVER, NEVER, NEVER, 0, FLOOD_KINDS};
	flood_init(&flood, START);
	for (int64_t ms = 0; ms < end_ms && fate->kicked_ms == NEVER; ms++) {
		send_for_a_ms(&line, player, ms);
		int wait_ms = 0;

		while (ms >= free_ms && wait_ms == 0 && !is_stalled(player, ms)) {
			bool was_held = free_ms > 0;

			free_ms = 0;
			memset(counts, 0, sizeof(counts));
			if (!was_held && !read_some(&line, counts))
				break;
			wait_ms = flood_take(&flood, limits, counts, START + ms, &fate->by);
		}
		if (wait_ms == FLOOD_KICK)
			fate->kicked_ms = ms;
		if (wait_ms <= 0)
			continue;
		free_ms = ms + wait_ms;
		fate->last_wait_ms = ms;
		if (fate->first_wait_ms == NEVER)
			fate->first_wait_ms = ms;
	}
	fate->blocks = line.done[0];
}

START_TEST(players_fare_as_they_should)
{
	const struct player *player = &players[_i];
	struct config_limits limits = defaults;
	struct fate fate;

	limits.flood_kick_s = player->kick_s;
	live(player, &limits, &fate);
	ck_assert_msg((fate.first_wait_ms == NEVER) == (player->waits_from_ms == NEVER) &&
			      fate.first_wait_ms >= player->waits_from_ms &&
			      fate.last_wait_ms <= player->waits_until_ms,
		      "%s: kept waiting from %lld to %lld", player->who,
		      (long long)fate.first_wait_ms, (long long)fate.last_wait_ms);
	ck_assert_msg((fate.kicked_ms == NEVER) == (player->kicked_from_ms == NEVER) &&
			      fate.kicked_ms >= player->kicked_from_ms &&
			      fate.kicked_ms <= player->kicked_until_ms,
		      "%s: kicked at %lld", player->who, (long long)fate.kicked_ms);
	if (player->by != FLOOD_KINDS)
		ck_assert_int_eq(fate.by, player->by);
	if (fate.kicked_ms == NEVER && player->idle_s == 0) /* nothing is lost */
		ck_assert_uint_eq(fate.blocks,
				  (unsigned long)player->blocks * (unsigned)player->for_s);
}
END_TEST

/* Whatever they send, what is read stays within the limit and the bucket, but for one read. */
START_TEST(who_floods_is_slowed_to_the_limit)
{
	static const struct player flooder = {.who = "", .blocks = 5000, .for_s = 60};
	struct config_limits limits = defaults;
	struct player player = flooder;
	struct fate fate;

	limits.flood_kick_s = 20;
	live(&player, &limits, &fate);
	ck_assert_int_gt(fate.kicked_ms, 20000);
	ck_assert_int_lt(fate.kicked_ms, 22000);
	unsigned long most =
		100UL * FLOOD_BURST_S + 100UL * (unsigned long)fate.kicked_ms / 1000;
	ck_assert_uint_le(fate.blocks, most + READ_MAX / 9 + 1);
	ck_assert_uint_ge(fate.blocks, most - 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("flood");
	TCase *tcase = tcase_create("flood");

	tcase_add_loop_test(tcase, each_kind_has_its_limit, 0, COUNT(kinds));
	tcase_add_test(tcase, a_limit_of_0_is_none);
	tcase_add_test(tcase, the_longest_wait_is_the_worst);
	tcase_add_test(tcase, a_reload_counts_at_once_and_forgives);
	tcase_add_test(tcase, any_numbers_and_clocks_are_safe);
	tcase_add_test(tcase, who_owes_nothing_is_not_kicked);
	tcase_add_test(tcase, a_clock_that_goes_back_lets_nobody_off);
	tcase_add_loop_test(tcase, players_fare_as_they_should, 0, COUNT(players));
	tcase_add_test(tcase, who_floods_is_slowed_to_the_limit);
	suite_add_tcase(suite, tcase);
	return suite_main(suite);
}
