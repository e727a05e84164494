/* SPDX-License-Identifier: MIT */
/*
 * Dialect to dialect, for the packets whose size is the same on both sides. A server's dialect
 * is a subset of the client's, so every rule has the form "the client has an extension that the
 * server lacks". Pure code.
 */
#ifndef TRANSLATE_H
#define TRANSLATE_H

#include <stdbool.h>
#include <stdint.h>

#include "packet.h"

enum translate_verdict {
	TRANSLATE_PASS,   /* the packet goes on, perhaps rewritten in place */
	TRANSLATE_DROP,   /* the other side can't know it */
	TRANSLATE_ANSWER, /* goes back to its sender, rewritten in place: a pong for a server
			     that has no TwoWayPing */
};

/* Does an opcode need translate_packet() between these two dialects. */
bool translate_wants(const struct dialect *client, const struct dialect *server,
		     enum packet_direction direction, uint8_t opcode);

/* Rewrites one whole packet, framed by the sending side's dialect, in place. */
enum translate_verdict translate_packet(const struct dialect *client,
					const struct dialect *server,
					enum packet_direction direction, uint8_t *packet);

#endif
