/* SPDX-License-Identifier: MIT */
/*
 * What a hostile peer's packets go through between two dialects that the input chooses: a level
 * recoded, packets translated, chat lines joined, the footprint noted and undone. Whatever
 * comes out must be whole packets of the receiver's dialect. First byte: direction and whether
 * there is CPE; then two bytes an extension (the client's version, the server's); then the
 * stream.
 */
#include <stdlib.h>
#include <string.h>

#include "chat.h"
#include "footprint.h"
#include "level.h"
#include "translate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct packet_catalog catalog;
static struct dialect client, server;
static struct footprint *footprint;

/* Aborts unless these are whole packets of a dialect. */
static void check(const struct dialect *dialect, enum packet_direction direction,
		  const uint8_t *packets, size_t size)
{
	size_t at = 0;

	while (at < size) {
		size_t n = dialect_size(dialect, direction, packets[at]);

		if (n == 0 || n > size - at)
			abort();
		if (direction == PACKET_TO_CLIENT)
			footprint_note(footprint, dialect, packets + at);
		at += n;
	}
}

static bool emit(void *context, const uint8_t *packets, size_t size)
{
	(void)context;
	check(&client, PACKET_TO_CLIENT, packets, size);
	return true;
}

static void emit_undo(void *context, const uint8_t *packets, size_t size)
{
	emit(context, packets, size);
}

/* False: the level is damaged, and the link would end. */
static bool recode(struct level **level, const uint8_t *packet)
{
	bool is_good = true;

	if (packet[0] == OP_LEVEL_INITIALIZE && *level == NULL)
		return (*level = level_new(&server, &client, packet, emit, NULL)) != NULL;
	if (*level == NULL)
		return true;
	if (packet[0] == OP_LEVEL_DATA_CHUNK)
		return level_chunk(*level, packet);
	if (packet[0] == OP_LEVEL_FINALIZE) {
		is_good = level_finalize(*level, packet);
		level_free(*level);
		*level = NULL;
	}
	return is_good;
}

static void translate(struct translate *state, struct chat *chat,
		      enum packet_direction direction, uint8_t *packet)
{
	const struct dialect *to = direction == PACKET_TO_CLIENT ? &client : &server;
	uint8_t *out = malloc(TRANSLATE_OUT_MAX + CHAT_OUT_MAX);
	size_t out_size = 0;

	if (out == NULL)
		abort();
	switch (translate_packet(state, &client, &server, direction, packet, out, &out_size)) {
	case TRANSLATE_PASS:
		check(to, direction, packet, dialect_size(to, direction, packet[0]));
		if (direction == PACKET_TO_SERVER && packet[0] == OP_MESSAGE) {
			packet[1] &= 1;
			chat_take(chat, packet[2] % 3, packet, out, &out_size);
			check(to, direction, out, out_size);
		}
		break;
	case TRANSLATE_REPLACE:
		check(to, direction, out, out_size);
		break;
	default:
		break;
	}
	free(out);
}

static void walk(enum packet_direction direction, const uint8_t *p, const uint8_t *end)
{
	const struct dialect *from = direction == PACKET_TO_CLIENT ? &server : &client;
	struct translate *state = translate_new(false);
	struct chat chat = {.length = 0};
	struct level *level = NULL;
	size_t n;

	while (p < end && (n = dialect_size(from, direction, p[0])) != 0 &&
	       n <= (size_t)(end - p)) {
		uint8_t *copy = malloc(n); /* exact, so that ASan sees a byte too many */

		if (copy == NULL || state == NULL)
			abort();
		memcpy(copy, p, n);
		bool is_good = direction == PACKET_TO_SERVER ||
			       !level_wants(&server, &client) || recode(&level, copy);
		translate(state, &chat, direction, copy);
		free(copy);
		if (!is_good)
			break;
		p += n;
	}
	level_free(level);
	translate_free(state);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const size_t head = 1 + 2 * EXT_STANDARD_COUNT;

	if (size < head)
		return 0;
	packet_catalog_init(&catalog);
	dialect_init(&client, &catalog, PACKET_PROTOCOL, (data[0] & 2) != 0);
	dialect_init(&server, &catalog, PACKET_PROTOCOL, (data[0] & 2) != 0);
	for (unsigned i = 0; i < EXT_STANDARD_COUNT; i++) {
		uint8_t theirs = data[1 + 2 * i] % 3, common = data[2 + 2 * i] % 3;

		dialect_set(&client, &catalog, i, theirs);
		dialect_set(&server, &catalog, i, common < theirs ? common : theirs);
	}
	footprint = footprint_new();
	if (footprint == NULL)
		abort();
	walk(data[0] & 1 ? PACKET_TO_SERVER : PACKET_TO_CLIENT, data + head, data + size);
	footprint_undo(footprint, &client, "Alice", emit_undo, NULL);
	footprint_free(footprint);
	return 0;
}
