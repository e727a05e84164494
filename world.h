/* SPDX-License-Identifier: MIT */
/*
 * The lobby's island: generated once, the same on every machine, never changed afterwards. A
 * plaza in the middle with the spawn, and around it a portal for each linked server, as far as
 * there is room. Positions here are the feet's, in 1/32 block; what the wire adds to Y is the
 * caller's matter.
 */
#ifndef WORLD_H
#define WORLD_H

#include <stddef.h>
#include <stdint.h>

#include "packet.h"

#define WORLD_X           64
#define WORLD_Y           32 /* height */
#define WORLD_Z           64
#define WORLD_VOLUME      (WORLD_X * WORLD_Y * WORLD_Z)
#define WORLD_PORTALS_MAX 24

struct world;

/* An arch. Whoever steps into its opening, or onto the figure behind it, has entered. */
struct world_portal {
	struct packet_position min, max; /* what counts as inside: min <= feet < max */
	struct packet_position
		figure; /* where the figure stands, seen through the arch from the plaza */
	struct packet_position exit; /* in front of the arch, the back turned to it */
};

/* Builds the island with so many portals, at most WORLD_PORTALS_MAX. NULL without memory. */
struct world *world_new(size_t portals);
void world_free(struct world *world);

size_t world_portal_count(const struct world *world);
const struct world_portal *world_portal(const struct world *world, size_t index);
/* The portal that these feet are in, or -1. */
int world_portal_at(const struct world *world, const struct packet_position *feet);
const struct packet_position *world_spawn(const struct world *world);

/* The block as a client of that protocol sees it; -1 outside the map. */
int world_block(const struct world *world, unsigned x, unsigned y, unsigned z,
		uint8_t protocol);

/*
 * The gzip stream of a level transfer to a client of that protocol. Made at the first call for
 * it and kept until world_free(), so one thread at a time. NULL without memory.
 */
const uint8_t *world_level(struct world *world, uint8_t protocol, size_t *size);

#endif
