/* SPDX-License-Identifier: MIT */
/*
 * A model of a client: bytes in, state out. With CPE it keeps and clears what ClassiCube does,
 * without it what the vanilla client does (protocol 2 and 6.2). No socket, no time.
 *
 * It is strict: whatever a real client would choke on, or could not have got from a server of
 * its own dialect, is a fault, and the model reads nothing more.
 */
#ifndef HARNESS_MODEL_H
#define HARNESS_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "../packet.h"
#include "harness_state.h"

#define MODEL_WHY_MAX 1024

/* Called with every whole packet, before it counts. */
typedef void model_packet_fn(void *context, const uint8_t *packet, size_t size);

struct model {
	struct dialect dialect;
	char name[PACKET_STRING_LEN + 1]; /* the player's */
	struct state *state;
	bool is_linked[256];             /* tab entries that end with their entity */
	uint16_t menu[STATE_BLOCKS];     /* blocks by place in the block menu; 0 = none */
	unsigned last_standard;          /* the last block that exists without a definition */
	uint16_t size_x, size_y, size_z; /* of the level; 0 = none */
	uint16_t *blocks;
	bool is_level_open;
	uint32_t volume; /* that LevelInitialize announced (FastMap) */
	struct {
		uint8_t *bytes;
		size_t size, room;
	} streams[2];                           /* of the open level: low, high bytes */
	uint8_t parts_due[STATE_CUSTOM_MODELS]; /* of models that are being defined */
	uint8_t in[PACKET_SIZE_MAX];            /* the beginning of a packet */
	size_t in_size;
	unsigned long packets; /* read so far */
	char fault[MODEL_WHY_MAX];
	model_packet_fn *on_packet; /* NULL: nobody wants them */
	void *context;
};

/* A client of that dialect behind its login: the negotiation is over. */
void model_init(struct model *model, const struct dialect *dialect, const char *name);
void model_fini(struct model *model);

/* Takes what has arrived, in pieces of any size. False: model->fault says what is wrong. */
bool model_feed(struct model *model, const uint8_t *bytes, size_t size);

/*
 * For clients of different dialects: makes `model` like `other` in what they can't have in
 * common: the menu, and the permissions of blocks that only one of them knows by itself
 * (CustomBlocks) and that nobody has defined.
 */
void model_concede(struct model *model, const struct model *other);

/* Are two clients in the same state. If not, `why` says the first difference. */
bool model_same(const struct model *got, const struct model *wanted, char why[MODEL_WHY_MAX]);

/* Prints what differs from a client that has just logged in. */
void model_dump(FILE *out, const struct model *model);

#endif
