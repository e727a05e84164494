/* SPDX-License-Identifier: MIT */
/*
 * Walks bytes as a stream of packets, as the relay does, under a dialect that the input
 * chooses: first byte the direction and protocol, then how many extensions, then pairs of
 * extension and version, then the stream. Every packet that Kurafuto inspects is read.
 */
#include "packet.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads the packet at p if it is one that has a reader. The buffer is exact, so that ASan sees
 * a byte too many. */
static void read_packet(const struct dialect *dialect, enum packet_direction direction,
			const uint8_t *p, size_t size)
{
	struct packet_identification identification;
	struct packet_ext_entry entry;
	struct packet_position position;
	struct packet_set_block block;
	uint16_t held;

	switch (p[0]) {
	case OP_IDENTIFICATION:
		packet_read_identification(&identification, p, size);
		break;
	case OP_EXT_ENTRY:
		packet_read_ext_entry(&entry, p);
		break;
	case OP_SET_BLOCK_CLIENT:
		if (direction == PACKET_TO_SERVER)
			packet_read_set_block(&block, dialect, p);
		break;
	case OP_POSITION:
		if (direction == PACKET_TO_SERVER)
			packet_read_client_position(&position, &held, dialect, p);
		break;
	default:
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct packet_catalog catalog;
	static struct dialect dialect;
	enum packet_direction direction;
	const uint8_t *p, *end = data + size;
	size_t n;

	if (size < 2 || (size_t)data[1] * 2 + 2 > size)
		return 0;
	packet_catalog_init(&catalog);
	direction = data[0] & 1 ? PACKET_TO_SERVER : PACKET_TO_CLIENT;
	dialect_init(&dialect, &catalog, data[0] >> 2, (data[0] & 2) != 0);
	p = data + 2;
	for (unsigned i = 0; i < data[1]; i++, p += 2)
		dialect_set(&dialect, &catalog, p[0] % EXT_STANDARD_COUNT, p[1] % 4);
	while (p < end && (n = dialect_size(&dialect, direction, p[0])) != 0 &&
	       n <= (size_t)(end - p)) {
		uint8_t *copy = malloc(n);

		if (n > PACKET_SIZE_MAX || copy == NULL)
			abort();
		memcpy(copy, p, n);
		read_packet(&dialect, direction, copy, n);
		free(copy);
		p += n;
	}
	return 0;
}
