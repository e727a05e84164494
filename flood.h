/* SPDX-License-Identifier: MIT */
/*
 * How much one player may send: packets, bytes, chat lines and blocks a second. The one idea:
 * whoever sends more is not read for a while, so that on average they stay within the limits
 * and their own connection is what fills up; only who keeps it up for long is kicked.
 *
 * Each kind has a token bucket of FLOOD_BURST_S seconds' worth. What a player has sent is
 * always taken out, and while that leaves a debt they are held up: nothing more is read from
 * them. A lag burst costs a short wait at most, as its debt is paid while nothing is read.
 *
 * Held up in a row is the time spent in such pauses, for any kinds, without a rest in between.
 * They have rested when every bucket has FLOOD_REST_S seconds' worth in it again: after a
 * second in which nothing comes, or two at half of the limit. So the short pauses of somebody
 * who is near the limit count as what they are, and somebody who always has more to send is
 * held up all the time. At once, all may come that is allowed in FLOOD_BURST_S + flood-kick-s
 * seconds.
 *
 * Pure code; the clock is an argument. A struct flood belongs to one thread.
 */
#ifndef FLOOD_H
#define FLOOD_H

#include <stdint.h>

#include "bucket.h"
#include "config.h"

#define FLOOD_BURST_S      5
#define FLOOD_REST_S       1
#define FLOOD_PAUSE_MAX_MS 250  /* that flood_take() asks for at once */
#define FLOOD_KICK         (-1) /* what it returns */

enum flood_kind { FLOOD_PACKETS, FLOOD_BYTES, FLOOD_CHAT, FLOOD_BLOCKS, FLOOD_KINDS };

/* A player. Private to flood.c. */
struct flood {
	struct bucket buckets[FLOOD_KINDS];
	unsigned limits[FLOOD_KINDS]; /* of the last call: by other ones no debt is left */
	int64_t last_ms;              /* that call */
	int64_t wait_ms;              /* what it has asked for */
	int64_t held_ms;              /* held up in a row */
};

/* Of somebody who has sent nothing yet. */
void flood_init(struct flood *flood, int64_t now_ms);

/*
 * Takes what has come since the last call, how much of each kind, and says what to do: 0, read
 * on at once; 1 to FLOOD_PAUSE_MAX_MS, read nothing for so many milliseconds and then call
 * again with nothing new (all counts 0); FLOOD_KICK, they have been held up for more than
 * limits->flood_kick_s seconds in a row (0: that never happens). *worst gets what they are held
 * up or kicked for, the kind that takes longest, and is left alone with 0. now_ms is
 * net_now_ms(). The limits may be others in each call, and a limit of 0 is none: when one
 * changes, its debt is forgiven, so that a reload holds nobody up for what they have sent
 * before it. Never blocks.
 */
int flood_take(struct flood *flood, const struct config_limits *limits,
	       const unsigned counts[static FLOOD_KINDS], int64_t now_ms,
	       enum flood_kind *worst);

#endif
