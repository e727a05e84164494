/* SPDX-License-Identifier: MIT */
/*
 * Dialect to dialect. A server's dialect is a subset of the client's, so every rule has the
 * form "the client has an extension, or a version of one, that the server lacks". Fields that
 * both dialects have go over by layout.h; what only the client's has is filled in by the rows
 * of a table. Level data is level.h's, joining long chat lines chat.h's. Pure code apart from
 * memory.
 */
#ifndef TRANSLATE_H
#define TRANSLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet.h"

/* Room for what one packet becomes: an entity, and what was kept back for it. */
#define TRANSLATE_OUT_MAX (2 * PACKET_SIZE_MAX)

enum translate_verdict {
	TRANSLATE_PASS,    /* the packet goes on, perhaps rewritten in place: same size */
	TRANSLATE_REPLACE, /* `out` holds whole packets of the receiver's dialect instead */
	TRANSLATE_DROP,   /* the other side can't know it, or hears of it with a later packet */
	TRANSLATE_ANSWER, /* goes back to its sender, rewritten in place: a pong for a server
			     that has no TwoWayPing */
};

/* What the packets of one server must be remembered for: the last map appearance, entities
 * that have no position yet. Belongs to the thread that reads the server. */
struct translate;
/* `is_classicube`: the client takes ExtAddEntity with version 2 of ExtPlayerList, too, and
 * makes the entity at once; others get ExtAddEntity2 when its position is known. NULL without
 * memory. */
struct translate *translate_new(bool is_classicube);
void translate_free(struct translate *translate); /* NULL is fine */

/* Does an opcode need translate_packet() between these two dialects: because it may change, or
 * because a later one depends on it. */
bool translate_wants(const struct dialect *client, const struct dialect *server,
		     enum packet_direction direction, uint8_t opcode);

/*
 * Translates one whole packet, framed by the sending side's dialect. `translate` is only used
 * towards the client; NULL towards the server. *out_size is set with TRANSLATE_REPLACE. Where
 * level.h writes the packets of a level, LevelInitialize and LevelFinalize still have to come
 * through here to be remembered: what they become is then not sent.
 */
enum translate_verdict translate_packet(struct translate *translate,
					const struct dialect *client,
					const struct dialect *server,
					enum packet_direction direction, uint8_t *packet,
					uint8_t out[static TRANSLATE_OUT_MAX],
					size_t *out_size);

#endif
