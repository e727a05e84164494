/* SPDX-License-Identifier: MIT */
/* Floods: buckets that may be in debt, and how long their debts have held the player up. */
#include "flood.h"

#include <limits.h>
#include <string.h>

#define SECOND_MS INT64_C(1000)

static void read_rates(struct bucket_rate rates[static FLOOD_KINDS],
		       const struct config_limits *limits)
{
	const unsigned per_s[FLOOD_KINDS] = {
		[FLOOD_PACKETS] = limits->packets_per_s,
		[FLOOD_BYTES] = limits->bytes_per_s,
		[FLOOD_CHAT] = limits->chat_per_s,
		[FLOOD_BLOCKS] = limits->blocks_per_s,
	};

	for (size_t i = 0; i < FLOOD_KINDS; i++) {
		unsigned most = UINT_MAX / FLOOD_BURST_S;

		rates[i].tokens = per_s[i] < most ? per_s[i] : most;
		rates[i].period_ms = BUCKET_SECOND_MS;
		rates[i].size = rates[i].tokens * FLOOD_BURST_S;
	}
}

/* The time that has passed counts for all buckets, and as a pause of the player if they were
 * asked for one. */
static void pass_time(struct flood *flood, const struct bucket_rate rates[static FLOOD_KINDS],
		      int64_t now_ms)
{
	int64_t passed = now_ms - flood->last_ms;
	bool has_rested = true;

	if (passed > flood->wait_ms)
		passed = flood->wait_ms;
	if (passed > 0)
		flood->held_ms += passed;
	for (size_t i = 0; i < FLOOD_KINDS; i++) {
		bucket_refill(&flood->buckets[i], &rates[i], now_ms);
		if (rates[i].tokens != flood->limits[i])
			bucket_forgive(&flood->buckets[i], &rates[i]);
		flood->limits[i] = rates[i].tokens;
		has_rested = has_rested && bucket_has(&flood->buckets[i], &rates[i],
						      rates[i].tokens * FLOOD_REST_S);
	}
	if (has_rested)
		flood->held_ms = 0;
	flood->last_ms = now_ms;
}

void flood_init(struct flood *flood, int64_t now_ms)
{
	memset(flood, 0, sizeof(*flood));
	flood->last_ms = now_ms;
}

/* Takes what has come, and returns the longest debt, of *worst. */
static int64_t take(struct flood *flood, const struct bucket_rate rates[static FLOOD_KINDS],
		    const unsigned counts[static FLOOD_KINDS], enum flood_kind *worst)
{
	int64_t longest_ms = 0;

	for (size_t i = 0; i < FLOOD_KINDS; i++) {
		bucket_take(&flood->buckets[i], &rates[i], counts[i]);
		int64_t debt_ms = bucket_debt_ms(&flood->buckets[i], &rates[i]);

		if (debt_ms > longest_ms) {
			longest_ms = debt_ms;
			*worst = (enum flood_kind)i;
		}
	}
	return longest_ms;
}

int flood_take(struct flood *flood, const struct config_limits *limits,
	       const unsigned counts[static FLOOD_KINDS], int64_t now_ms,
	       enum flood_kind *worst)
{
	struct bucket_rate rates[FLOOD_KINDS];
	int64_t debt_ms, kick_ms = limits->flood_kick_s * SECOND_MS;

	read_rates(rates, limits);
	pass_time(flood, rates, now_ms);
	debt_ms = take(flood, rates, counts, worst);
	flood->wait_ms = debt_ms < FLOOD_PAUSE_MAX_MS ? debt_ms : FLOOD_PAUSE_MAX_MS;
	if (debt_ms > 0 && kick_ms > 0 && flood->held_ms > kick_ms)
		return FLOOD_KICK;
	return (int)flood->wait_ms;
}
