/* SPDX-License-Identifier: MIT */
/*
 * What a random server says to a player: legal packets of its dialect with random values, in
 * the order of a real server (protocol 2.3). The same seed and dialect give the same bytes,
 * everywhere.
 */
#ifndef HARNESS_TRAFFIC_H
#define HARNESS_TRAFFIC_H

#include <stddef.h>
#include <stdint.h>

#include "../packet.h"

/* A source of random numbers. */
struct dice {
	uint64_t state;
};
void dice_init(struct dice *dice, uint64_t seed);
/* 0 to n - 1; n at least 1. */
unsigned dice_below(struct dice *dice, unsigned n);

struct traffic {
	uint8_t *bytes;
	size_t size, room;
};

/* Appends the server identification of that seed. */
void traffic_identify(struct traffic *traffic, uint32_t seed, const struct dialect *dialect);

/*
 * Appends all the rest: perhaps some packets before the level, a small level, the player's own
 * spawn, a random mix of everything that leaves something behind, sometimes a second level, and
 * a line of chat that contains `marker` at the end. `player` is the receiver's name.
 */
void traffic_play(struct traffic *traffic, uint32_t seed, const struct dialect *dialect,
		  const char *player, const char *marker);
/* The packets that some servers send before they let a player in: colours and chat, or none. */
void traffic_greet(struct traffic *traffic, uint32_t seed, const struct dialect *dialect);

void traffic_free(struct traffic *traffic);

#endif
