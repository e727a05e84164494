/* SPDX-License-Identifier: MIT */
/*
 * Which of several servers a player goes to. Pure code: who calls brings the facts, and random
 * numbers, and keeps the state.
 */
#ifndef BALANCE_H
#define BALANCE_H

#include <stddef.h>
#include <stdint.h>

#include "config.h"

#define BALANCE_WEIGHT_ONE 1000 /* weights are in thousandths, for slow starts */

/* A server that could take the player now. */
struct balance_candidate {
	const char *name; /* unique; what `hash` goes by, without regard to case */
	uint32_t weight;  /* in thousandths, 1 to 256000 */
	uint32_t players; /* on it or on their way */
	int64_t *credit;  /* round-robin's memory, one a server and group; starts at 0 */
};

/*
 * The index of the one to take, of n (1 or more). `random` is a uniform random number; `player`
 * matters for `hash`, without regard to case.
 * round-robin is smooth: with weights 2, 1, 1 the order is a b c a. Ties of least-players go to
 * the heavier one and then by `random`; those of most-players go to the first.
 */
size_t balance_pick(enum config_balance balance, const struct balance_candidate *candidates,
		    size_t n, const char *player, uint32_t random);

/*
 * The weight of a server that has been up again for so long, in thousandths: grows in a
 * straight line from a tenth of its own to all of it within `slow_start_ms`. At least 1 unless
 * the weight is 0. `up_ms` < 0: it has not been down.
 */
uint32_t balance_weight(unsigned weight, int64_t up_ms, int64_t slow_start_ms);

#endif
