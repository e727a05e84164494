/* SPDX-License-Identifier: MIT */
/*
 * The fields of a packet by their names, on top of the walk that layout.h offers. Only tests
 * look for one field; the program describes them all.
 */
#ifndef FIELDS_H
#define FIELDS_H

#include <check.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "../layout.h"
#include "../packet.h"

/* False if the packet has no such field in this dialect. */
static inline bool field_find(struct layout_field *field, const struct dialect *dialect,
			      enum packet_direction direction, uint8_t opcode, const char *name)
{
	struct layout_iter iter;

	layout_begin(&iter, dialect, direction, opcode);
	while (layout_next(&iter, field))
		if (strcmp(field->name, name) == 0)
			return true;
	return false;
}

/* Is it one of those that layout_field_get() reads. */
static inline bool field_is_integer(const struct layout_field *field)
{
	return field->type <= LAYOUT_TEXTURE;
}

/* The value of an integer field, which must be there. */
static inline int64_t field_number(const struct dialect *dialect,
				   enum packet_direction direction, const uint8_t *packet,
				   const char *name)
{
	struct layout_field field;

	ck_assert_msg(field_find(&field, dialect, direction, packet[0], name),
		      "packet 0x%02x has no field %s", packet[0], name);
	ck_assert_msg(field_is_integer(&field), "%s is no integer", name);
	return layout_field_get(&field, packet);
}

/* Where a spawned or moved entity is; for clients. */
static inline struct packet_position field_position(const struct dialect *dialect,
						    const uint8_t *packet)
{
	return (struct packet_position){
		.x = (int32_t)field_number(dialect, PACKET_TO_CLIENT, packet, "X"),
		.y = (int32_t)field_number(dialect, PACKET_TO_CLIENT, packet, "Y"),
		.z = (int32_t)field_number(dialect, PACKET_TO_CLIENT, packet, "Z"),
		.yaw = (uint8_t)field_number(dialect, PACKET_TO_CLIENT, packet, "Yaw"),
		.pitch = (uint8_t)field_number(dialect, PACKET_TO_CLIENT, packet, "Pitch"),
	};
}

#endif
