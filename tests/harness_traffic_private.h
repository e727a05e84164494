/* SPDX-License-Identifier: MIT */
/*
 * What the two files of the random server share: harness_script.c (single packets with random
 * values), harness_traffic.c (what is said when). Nobody else includes this.
 */
#ifndef HARNESS_TRAFFIC_PRIVATE_H
#define HARNESS_TRAFFIC_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness_traffic.h"

#define SCRIPT_NOBODY (-1)

/* A server while it speaks. */
struct script {
	struct traffic *out;
	const struct dialect *dialect;
	const char *player;
	struct dice dice;
	unsigned last_block;             /* the highest that it may use */
	uint16_t size_x, size_y, size_z; /* of the level; 0 = none yet */
	bool is_loading;
	int entity; /* the entity that all is about, or SCRIPT_NOBODY in particular */
};

static inline unsigned script_below(struct script *s, unsigned n)
{
	return dice_below(&s->dice, n);
}

static inline bool script_one_in(struct script *s, unsigned n)
{
	return script_below(s, n) == 0;
}

static inline bool script_has(const struct script *s, unsigned extension)
{
	return dialect_has(s->dialect, extension);
}

/* low to high. */
int64_t script_in_range(struct script *s, int32_t low, int32_t high);
/* A block that the server may use, up to `high` (0: any); 0 only if `low` is 0. */
int64_t script_any_block(struct script *s, int32_t low, int32_t high);
/* Big-endian, in two's complement. */
void script_put_number(uint8_t *p, size_t width, int64_t value);

/* Room behind what has been said for one more packet. */
uint8_t *script_room(struct traffic *traffic);
/* Writes a packet with random values there, without adding it. */
uint8_t *script_fill(struct script *s, uint8_t opcode);

#endif
