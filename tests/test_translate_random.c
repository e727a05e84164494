/* SPDX-License-Identifier: MIT */
/*
 * Random packets between random dialects. They follow from the number of the round alone, so a
 * failure can be repeated.
 *
 * The one idea: whatever the dialects are, fields that both sides have keep their value, or the
 * nearest one that there is room for, and what comes out is whole packets of the receiver's.
 */
#include <check.h>
#include <string.h>

#include "../translate.h"
#include "fields.h"
#include "samples.h"
#include "suite.h"

#define TO_SERVER PACKET_TO_SERVER
#define TO_CLIENT PACKET_TO_CLIENT

#define ROUNDS  4
#define PAIRS   1500
#define PACKETS 150 /* of each pair */

static unsigned draw(uint32_t *seed, unsigned n)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 8) % n;
}

/* Bytes from the ends of all ranges more often than others. */
static void draw_packet(uint8_t *packet, size_t size, uint8_t opcode, uint32_t *seed)
{
	static const uint8_t edges[] = {0x00, 0xff, 0x7f, 0x80, 0x01, 0xfe};

	packet[0] = opcode;
	for (size_t i = 1; i < size; i++)
		packet[i] = draw(seed, 4) != 0 ? edges[draw(seed, COUNT(edges))]
					       : (uint8_t)draw(seed, 256);
}

/* The server has of everything at most what the client has. */
static void draw_dialects(struct dialect *client, struct dialect *server, uint32_t *seed)
{
	bool has_cpe = draw(seed, 8) != 0;

	dialect_init(client, &catalog, PACKET_PROTOCOL, true);
	dialect_init(server, &catalog, PACKET_PROTOCOL, has_cpe);
	for (unsigned i = 0; i < EXT_STANDARD_COUNT; i++) {
		unsigned best = packet_extension(&catalog, i)->version;
		unsigned version = draw(seed, 4) != 0 ? best : draw(seed, best + 1);

		dialect_set(client, &catalog, i, (uint8_t)version);
		dialect_set(server, &catalog, i, (uint8_t)draw(seed, version + 1));
	}
}

/* Fields that rules change on purpose where the server lacks the extension. */
/* clang-format off */
static const struct {
	enum packet_direction direction;
	uint8_t opcode;
	const char *name;
	unsigned extension;
} changed[] = {
	{TO_SERVER, 0x05, "Block",    EXT_CUSTOM_BLOCKS},   {TO_SERVER, 0x05, "Block",    EXT_EXTENDED_BLOCKS},
	{TO_SERVER, 0x08, "HeldOrID", EXT_CUSTOM_BLOCKS},   {TO_SERVER, 0x08, "HeldOrID", EXT_EXTENDED_BLOCKS},
	{TO_SERVER, 0x05, "Block",    EXT_BLOCK_DEFINITIONS}, {TO_SERVER, 0x08, "HeldOrID", EXT_BLOCK_DEFINITIONS},
	{TO_SERVER, 0x39, "Value",    EXT_BLOCK_DEFINITIONS},
	{TO_SERVER, 0x08, "HeldOrID", EXT_HELD_BLOCK},      {TO_SERVER, 0x0d, "Type",     EXT_LONGER_MESSAGES},
	{TO_SERVER, 0x0d, "Text",     EXT_FULL_CP437},      {TO_SERVER, 0x0d, "Text",     EXT_AMPERSAND},
	{TO_SERVER, 0x39, "Value",    EXT_CUSTOM_BLOCKS},   {TO_SERVER, 0x39, "Value",    EXT_EXTENDED_BLOCKS},
	{TO_CLIENT, 0x03, "Percent",  EXT_EXTENDED_BLOCKS}, {TO_CLIENT, 0x0d, "Type",     EXT_MESSAGE_TYPES},
	{TO_CLIENT, 0x0d, "Text",     EXT_MESSAGE_TYPES},
};
/* clang-format on */

/* One packet on its way. */
struct trip {
	const struct dialect *client, *server, *from, *to;
	enum packet_direction direction;
	uint8_t before[PACKET_SIZE_MAX], packet[PACKET_SIZE_MAX];
	size_t size;
	const uint8_t *after;
	size_t after_size;
};

static bool is_changed(const struct trip *trip, const char *name)
{
	/* without bit 4 of its flags the orientation of a teleport means nothing */
	if (trip->before[0] == OP_ENTITY_TELEPORT && trip->after[0] == OP_ADD_ENTITY2 &&
	    (trip->before[2] & 0x10) == 0 &&
	    (strcmp(name, "Yaw") == 0 || strcmp(name, "Pitch") == 0))
		return true;
	for (size_t i = 0; i < COUNT(changed); i++)
		if (changed[i].direction == trip->direction &&
		    changed[i].opcode == trip->before[0] &&
		    strcmp(changed[i].name, name) == 0 &&
		    dialect_has(trip->client, changed[i].extension) &&
		    !dialect_has(trip->server, changed[i].extension))
			return true;
	return false;
}

static int64_t saturated(int64_t value, const struct layout_field *field)
{
	bool is_signed = field->type == LAYOUT_S8 || field->type == LAYOUT_S16 ||
			 field->type == LAYOUT_S32 || field->type == LAYOUT_COORD;
	int64_t values = INT64_C(1) << 8 * field->width;
	int64_t least = is_signed ? -values / 2 : 0;

	if (value < least)
		return least;
	return value < least + values ? value : least + values - 1;
}

static bool is_kept(const struct trip *trip, const struct layout_field *before,
		    const struct layout_field *after)
{
	if (field_is_integer(after))
		return layout_field_get(after, trip->after) ==
		       saturated(layout_field_get(before, trip->before), after);
	return before->width == after->width &&
	       memcmp(trip->after + after->offset, trip->before + before->offset,
		      after->width) == 0;
}

/* Every field that the packet had, and that the one at `after` has, too. */
static void check_values(const struct trip *trip)
{
	struct layout_field field, source;
	struct layout_iter iter;

	layout_begin(&iter, trip->to, trip->direction, trip->after[0]);
	while (layout_next(&iter, &field)) {
		if (is_changed(trip, field.name) ||
		    !field_find(&source, trip->from, trip->direction, trip->before[0],
				field.name))
			continue;
		if (!is_kept(trip, &source, &field))
			ck_abort_msg("0x%02x: %s is another", trip->before[0], field.name);
	}
}

/* Whole packets and nothing else; the first one is the packet itself, or a 0x21 that a position
 * has completed. */
static bool is_whole(const struct trip *trip)
{
	uint8_t before = trip->before[0], after = trip->after[0];
	size_t at = 0, n = 0;

	for (; at < trip->after_size; at += n) {
		n = dialect_size(trip->to, trip->direction, trip->after[at]);
		if (n == 0 || n > trip->after_size - at)
			return false;
	}
	return (after == before && (n == trip->after_size || before == OP_MESSAGE)) ||
	       (after == OP_ADD_ENTITY2 && before == OP_POSITION) ||
	       (after == OP_ADD_ENTITY2 && before == OP_ENTITY_TELEPORT);
}

/* What may be kept from the receiver. */
static bool may_drop(const struct trip *trip)
{
	uint8_t opcode = trip->before[0];

	if (trip->direction == TO_SERVER)
		return dialect_size(trip->to, TO_SERVER, opcode) == 0;
	return trip->client->version[EXT_PLAYER_LIST] == 2 &&
	       trip->server->version[EXT_PLAYER_LIST] == 1 &&
	       (opcode == OP_ADD_ENTITY || opcode == OP_CHANGE_MODEL ||
		opcode == OP_ENTITY_PROPERTY);
}

/* Check's assertions are slow: here only a failure reaches one. */
static void check_trip(struct translate *state, struct trip *trip)
{
	uint8_t opcode = trip->before[0], out[TRANSLATE_OUT_MAX];
	size_t out_size = 0;
	bool is_wanted = translate_wants(trip->client, trip->server, trip->direction, opcode);
	enum translate_verdict verdict =
		translate_packet(trip->direction == TO_CLIENT ? state : NULL, trip->client,
				 trip->server, trip->direction, trip->packet, out, &out_size);

	trip->after = verdict == TRANSLATE_REPLACE ? out : trip->packet;
	trip->after_size = verdict == TRANSLATE_REPLACE ? out_size : trip->size;
	if (!is_wanted &&
	    (verdict != TRANSLATE_PASS || memcmp(trip->packet, trip->before, trip->size) != 0))
		ck_abort_msg("0x%02x: not wanted, yet not the same", opcode);
	if (verdict == TRANSLATE_DROP || verdict == TRANSLATE_ANSWER) {
		if (!may_drop(trip))
			ck_abort_msg("0x%02x: dropped", opcode);
		return;
	}
	if (!is_whole(trip))
		ck_abort_msg("0x%02x: other packets", opcode);
	check_values(trip);
}

static void try_packets(struct translate *state, const struct dialect *client,
			const struct dialect *server, enum packet_direction direction,
			uint32_t *seed)
{
	struct trip trip = {
		.client = client,
		.server = server,
		.from = direction == TO_CLIENT ? server : client,
		.to = direction == TO_CLIENT ? client : server,
		.direction = direction,
	};

	for (unsigned i = 0; i < PACKETS; i++) {
		uint8_t opcode =
			(uint8_t)(i < OP_STANDARD_COUNT ? i : draw(seed, OP_STANDARD_COUNT));
		trip.size = dialect_size(trip.from, direction, opcode);
		if (trip.size == 0)
			continue;
		draw_packet(trip.packet, trip.size, opcode, seed);
		memcpy(trip.before, trip.packet, trip.size);
		check_trip(state, &trip);
	}
}

START_TEST(anything_between_any_two_dialects)
{
	struct dialect client, server;
	uint32_t seed = (uint32_t)_i * 2654435761u + 1;

	for (unsigned i = 0; i < PAIRS; i++) {
		struct translate *state = translate_new(false);

		ck_assert_ptr_nonnull(state);
		draw_dialects(&client, &server, &seed);
		try_packets(state, &client, &server, TO_CLIENT, &seed);
		try_packets(state, &client, &server, TO_SERVER, &seed);
		translate_free(state);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("translate_random");
	TCase *tcase = tcase_create("random");

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_loop_test(tcase, anything_between_any_two_dialects, 0, ROUNDS);
	suite_add_tcase(suite, tcase);
	return suite_main(suite);
}
