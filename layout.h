/* SPDX-License-Identifier: MIT */
/*
 * What is inside a packet: its fields by name, with their types and places, in any dialect. For
 * debug logs, and for sides that differ in dialect; the relay itself needs sizes only
 * (packet.h). Pure code over one table.
 *
 * The one idea: a field's place is never written down. It follows from the fields before it,
 * whose widths follow from the dialect.
 */
#ifndef LAYOUT_H
#define LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet.h"

enum layout_type {
	LAYOUT_U8,
	LAYOUT_S8,
	LAYOUT_U16,
	LAYOUT_S16,
	LAYOUT_S32,
	LAYOUT_COORD,   /* signed: 2 bytes, 4 with ExtEntityPositions */
	LAYOUT_BLOCK,   /* unsigned: 1 byte, 2 with ExtendedBlocks */
	LAYOUT_TEXTURE, /* unsigned: 1 byte, 2 with ExtendedTextures */
	LAYOUT_FLOAT,   /* IEEE-754 single */
	LAYOUT_STRING,  /* PACKET_STRING_LEN bytes, see packet_get_string() */
	LAYOUT_BYTES,
};

struct layout_field {
	const char *name; /* as in the protocol reference */
	enum layout_type type;
	size_t offset; /* from the opcode, which is at 0 */
	size_t width;  /* bytes in this dialect, >= 1 */
};

/* The position of a walk; opaque. Lives as long as the dialect. */
struct layout_iter {
	const struct layout_row *row;
	const struct dialect *dialect;
	size_t offset;
	size_t size;
};

/* Begins a walk over the fields of a packet. One that is no packet in this dialect has no
 * field. */
void layout_begin(struct layout_iter *iter, const struct dialect *dialect,
		  enum packet_direction direction, uint8_t opcode);

/* The next field in wire order; false at the end. Opcode and fields together are dialect_size()
 * bytes. */
bool layout_next(struct layout_iter *iter, struct layout_field *field);

/* The value of a field of a whole packet; its type must be an integer's, one of those up to
 * LAYOUT_TEXTURE. */
int64_t layout_field_get(const struct layout_field *field, const uint8_t *packet);

/*
 * Writes a whole packet of dialect `from` in dialect `to`. Fields that both have keep their
 * value: integers saturate to the width and sign they get, texts and byte arrays are copied.
 * Fields that only `to` has become zero, texts spaces; those that only `from` has are left out.
 * `out` has room for PACKET_SIZE_MAX bytes and does not overlap the packet. Returns
 * dialect_size() of `to`; 0, with nothing written, if it is no packet in one of the two.
 */
size_t layout_convert(uint8_t *out, const struct dialect *to, const struct dialect *from,
		      enum packet_direction direction, const uint8_t *packet);

/*
 * Describes a whole packet for logs: `SetBlock X=1 Y=2 Z=3 Block=49`. Texts stand in quotes
 * without their padding, with everything but printable ASCII as \xNN; long byte arrays are cut;
 * the key of a login is masked. The result is cut at `size` (>= 1), always terminated, and its
 * length returned. Custom packets are named by their opcode.
 */
size_t layout_describe(char *out, size_t size, const struct dialect *dialect,
		       enum packet_direction direction, const uint8_t *packet);

#endif
