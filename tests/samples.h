/* SPDX-License-Identifier: MIT */
/*
 * The vectors of the protocol reference as samples: their bytes and the dialect in which they
 * travel. For tests that include it once; it brings the catalog that they share.
 */
#ifndef SAMPLES_H
#define SAMPLES_H

#include <check.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "../packet.h"
#include "vectors.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct packet_catalog catalog;

static inline void setup(void)
{
	packet_catalog_init(&catalog);
}

/* Which extension, and which version of it, stands behind an option; without it version 1 or
 * none is in force. */
/* clang-format off */
static const struct {
	unsigned option;
	unsigned extension;
	uint8_t on, off;
} size_options[] = {
	{VECTOR_EB, EXT_EXTENDED_BLOCKS, 1, 0},        {VECTOR_EP, EXT_ENTITY_POSITIONS, 1, 0},
	{VECTOR_ET, EXT_EXTENDED_TEXTURES, 1, 0},      {VECTOR_FM, EXT_FAST_MAP, 1, 0},
	{VECTOR_MA2, EXT_ENV_MAP_APPEARANCE, 2, 1},    {VECTOR_MS2, EXT_ENV_MAP_ASPECT, 2, 1},
	{VECTOR_BD2, EXT_BLOCK_DEFINITIONS_EXT, 2, 1}, {VECTOR_CM2, EXT_CUSTOM_MODELS, 2, 1},
};
/* clang-format on */

/* A dialect with every extension, and of the eight options the given ones. */
static inline void dialect_with(struct dialect *d, unsigned mask)
{
	dialect_init(d, &catalog, PACKET_PROTOCOL, true);
	for (unsigned i = 0; i < packet_extension_count(&catalog); i++)
		dialect_set(d, &catalog, i, UINT8_MAX);
	for (size_t i = 0; i < COUNT(size_options); i++)
		dialect_set(d, &catalog, size_options[i].extension,
			    (mask & size_options[i].option) != 0 ? size_options[i].on
								 : size_options[i].off);
}

static inline unsigned hex_byte(const char *p)
{
	char digits[3] = {p[0], p[1], '\0'};

	ck_assert_msg(isxdigit((unsigned char)p[0]) && isxdigit((unsigned char)p[1]),
		      "bad hex at %s", p);
	return (unsigned)strtoul(digits, NULL, 16);
}

/* Expands the tokens of a vector into bytes; returns how many. */
static inline size_t expand(uint8_t *out, size_t size, const char *hex)
{
	size_t n = 0;

	while (*hex != '\0') {
		if (*hex == ' ') {
			hex++;
			continue;
		}
		uint8_t byte = (uint8_t)hex_byte(hex);
		size_t repeat = 1;
		hex += 2;
		if (*hex == '*') {
			char *end;
			repeat = strtoul(hex + 1, &end, 10);
			hex = end;
		}
		ck_assert_msg(n + repeat <= size, "the vector is longer than %zu bytes", size);
		memset(out + n, byte, repeat);
		n += repeat;
	}
	return n;
}

/* A vector's bytes and the dialect in which they travel. */
struct sample {
	const struct vector *vector;
	enum packet_direction direction;
	struct dialect dialect;
	uint8_t bytes[PACKET_SIZE_MAX];
	size_t size;
};

static inline void load(struct sample *sample, const struct vector *vector)
{
	sample->vector = vector;
	sample->direction = vector->direction;
	dialect_with(&sample->dialect, vector->options);
	if (vector->protocol != PACKET_PROTOCOL)
		dialect_init(&sample->dialect, &catalog, vector->protocol, false);
	sample->size = expand(sample->bytes, sizeof(sample->bytes), vector->hex);
	ck_assert_uint_eq(sample->bytes[0], vector->opcode);
}

#endif
