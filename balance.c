/* SPDX-License-Identifier: MIT */
/*
 * Which of several servers a player goes to. A policy is a row of a table: a function over the
 * servers that could take the player now. What a server is, and whether it is up, is not known
 * here.
 *
 * The one idea: with a weight in every sum, a server that warms up, or a mightier one, is no
 * special case anywhere.
 */
#include "balance.h"

#include <math.h>
#include <stdbool.h>

/* All that a policy goes by. */
struct choice {
	const struct balance_candidate *candidates;
	size_t n;
	const char *player;
	uint32_t random;
};

typedef size_t pick_fn(const struct choice *choice);

static uint64_t total_weight(const struct choice *choice)
{
	uint64_t total = 0;

	for (size_t i = 0; i < choice->n; i++)
		total += choice->candidates[i].weight;
	return total;
}

/* The random number, scaled to 0 .. limit - 1. */
static uint64_t scale(uint32_t random, uint64_t limit)
{
	return random * limit >> 32;
}

static size_t pick_first(const struct choice *choice)
{
	(void)choice;
	return 0;
}

/* nginx's way: everybody earns their weight, the richest pays what all have earned. Nobody's
 * turns come in one lump, and the sum of the credits stays as it was. */
static size_t pick_round_robin(const struct choice *choice)
{
	const struct balance_candidate *candidates = choice->candidates;
	size_t best = 0;

	for (size_t i = 0; i < choice->n; i++) {
		*candidates[i].credit += candidates[i].weight;
		if (*candidates[i].credit > *candidates[best].credit)
			best = i;
	}
	*candidates[best].credit -= (int64_t)total_weight(choice);
	return best;
}

static size_t pick_random(const struct choice *choice)
{
	uint64_t left = scale(choice->random, total_weight(choice));
	size_t i = 0;

	while (i + 1 < choice->n && left >= choice->candidates[i].weight)
		left -= choice->candidates[i++].weight;
	return i;
}

/* Which of two would be emptier for its weight with one more player: less than 0 if `a`, 0 if
 * there is nothing to choose between them. */
static int compare_load(const struct balance_candidate *a, const struct balance_candidate *b)
{
	uint64_t load_a = ((uint64_t)a->players + 1) * b->weight;
	uint64_t load_b = ((uint64_t)b->players + 1) * a->weight;

	if (load_a != load_b)
		return load_a < load_b ? -1 : 1;
	return (a->weight < b->weight) - (a->weight > b->weight);
}

static size_t pick_least_players(const struct choice *choice)
{
	const struct balance_candidate *candidates = choice->candidates, *best = candidates;
	size_t equals = 0, i = 0;

	for (i = 1; i < choice->n; i++)
		if (compare_load(&candidates[i], best) < 0)
			best = &candidates[i];
	for (i = 0; i < choice->n; i++)
		equals += compare_load(&candidates[i], best) == 0;
	uint64_t skipped = scale(choice->random, equals);

	for (i = 0; compare_load(&candidates[i], best) != 0 || skipped > 0; i++)
		skipped -= compare_load(&candidates[i], best) == 0;
	return i;
}

static size_t pick_most_players(const struct choice *choice)
{
	size_t best = 0;

	for (size_t i = 1; i < choice->n; i++)
		if (choice->candidates[i].players > choice->candidates[best].players)
			best = i;
	return best;
}

/* FNV-1a over a text in lower case and its final NUL. */
static uint64_t digest(uint64_t hash, const char *text)
{
	do {
		uint8_t c = (uint8_t)*text;

		if (c >= 'A' && c <= 'Z')
			c = (uint8_t)(c + ('a' - 'A'));
		hash = (hash ^ c) * 0x100000001b3;
	} while (*text++ != '\0');
	return hash;
}

/* Lets every bit count for every other: the last step of SplitMix64. */
static uint64_t mix(uint64_t hash)
{
	hash = (hash ^ hash >> 30) * 0xbf58476d1ce4e5b9;
	hash = (hash ^ hash >> 27) * 0x94d049bb133111eb;
	return hash ^ hash >> 31;
}

/*
 * Rendezvous hashing: each pair of player and server has a number of its own between 0 and 1,
 * whoever else is there. Its logarithm makes it a waiting time that is the shorter the heavier
 * the server is, and the shortest wins as often as the weight says.
 */
static double waiting_time(const char *player, const struct balance_candidate *candidate)
{
	uint64_t hash = mix(digest(digest(0xcbf29ce484222325, player), candidate->name));
	double number = ((double)(hash >> 12) + 0.5) * 0x1p-52; /* neither 0 nor 1 */

	return -log(number) / candidate->weight;
}

static size_t pick_hash(const struct choice *choice)
{
	double shortest = waiting_time(choice->player, &choice->candidates[0]);
	size_t best = 0;

	for (size_t i = 1; i < choice->n; i++) {
		double time = waiting_time(choice->player, &choice->candidates[i]);

		if (time < shortest) {
			shortest = time;
			best = i;
		}
	}
	return best;
}

static pick_fn *const policies[] = {
	[CONFIG_BALANCE_FIRST] = pick_first,
	[CONFIG_BALANCE_ROUND_ROBIN] = pick_round_robin,
	[CONFIG_BALANCE_RANDOM] = pick_random,
	[CONFIG_BALANCE_LEAST_PLAYERS] = pick_least_players,
	[CONFIG_BALANCE_MOST_PLAYERS] = pick_most_players,
	[CONFIG_BALANCE_HASH] = pick_hash,
};

size_t balance_pick(enum config_balance balance, const struct balance_candidate *candidates,
		    size_t n, const char *player, uint32_t random)
{
	struct choice choice = {candidates, n, player, random};

	return policies[balance](&choice);
}

uint32_t balance_weight(unsigned weight, int64_t up_ms, int64_t slow_start_ms)
{
	uint32_t whole = weight * BALANCE_WEIGHT_ONE, least = whole / 10;

	if (up_ms < 0 || up_ms >= slow_start_ms)
		return whole;
	return least + (uint32_t)((whole - least) * up_ms / slow_start_ms);
}
