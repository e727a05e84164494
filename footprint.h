/* SPDX-License-Identifier: MIT */
/*
 * What a server has left behind in the client, and the packets that undo it before another
 * server speaks (entities, tab list, definitions, colours, hotkeys, texts, ...). Pure code, one
 * owner at a time: the caller holds the session's client_tx. Notes only what a server really
 * touched; memory is allocated when first needed.
 */
#ifndef FOOTPRINT_H
#define FOOTPRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet.h"

struct footprint;

struct footprint *footprint_new(void); /* NULL without memory */
void footprint_free(struct footprint *footprint);

/* Does a clientbound opcode leave something behind that footprint_note() wants to see. Constant
 * over time. */
bool footprint_wants(uint8_t opcode);

/* Notes one whole clientbound packet, framed by `dialect` (the client's). False without memory:
 * nothing noted. */
bool footprint_note(struct footprint *footprint, const struct dialect *dialect,
		    const uint8_t *packet);

/*
 * Writes the packets that undo all that was noted, in the client's dialect, and forgets it.
 * `emit` is called with whole packets, several at a time. `name` is the player's own (for its
 * tab entry). Only packets that the client has negotiated are written. What a new
 * LevelInitialize clears by itself in ClassiCube is left out for clients with CPE; vanilla
 * clients get a Despawn for every entity.
 */
typedef void footprint_emit_fn(void *context, const uint8_t *packets, size_t size);
void footprint_undo(struct footprint *footprint, const struct dialect *dialect,
		    const char *name, footprint_emit_fn *emit, void *context);

#endif
