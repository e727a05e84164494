/* SPDX-License-Identifier: MIT */
/*
 * Who wants to see what: a chain of hooks per opcode and direction, plus one for every packet.
 * Built in main before the first session and read-only from then on, so running a chain takes
 * no lock.
 */
#ifndef HOOKS_H
#define HOOKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet.h"

#define HOOKS_ALL (-1) /* every packet of a direction: the original's 0xff */

struct session;

enum hook_verdict {
	HOOK_PASS,   /* leave it as it is */
	HOOK_CHANGE, /* the hook rewrote bytes in place; opcode and size stay */
	HOOK_DROP,   /* the packet goes no further */
	HOOK_ANSWER, /* as HOOK_DROP: the hook has answered the sender itself */
};

/* What a hook sees. The bytes are valid, and may be rewritten, until it returns. */
struct hook_packet {
	struct session *session;
	enum packet_direction direction;
	const struct dialect *dialect; /* of the side that sent it */
	uint8_t *data;                 /* data[0] is the opcode */
	size_t size;
	bool continues; /* a message that goes on from the one before (LongerMessages) */
};

/* Called by the reader thread of the side that sent the packet, with no lock held; may write to
 * either side. */
typedef enum hook_verdict hook_fn(void *context, const struct hook_packet *packet);

struct hooks;

struct hooks *hooks_new(void); /* NULL without memory */
void hooks_free(struct hooks *hooks);

/* Appends a hook; opcode 0..255 or HOOKS_ALL. Hooks run in the order of registration. False
 * without memory. */
bool hooks_add(struct hooks *hooks, enum packet_direction direction, int opcode, hook_fn *fn,
	       void *context);

/* Does a hook want an opcode, at present. Cheap. */
typedef bool hook_wants_fn(void *context, uint8_t opcode);
/* Appends a hook for every opcode that `wants` says yes to: asked when a reader works out what
 * it must look at, and again for each packet. */
bool hooks_add_filter(struct hooks *hooks, enum packet_direction direction,
		      hook_wants_fn *wants, hook_fn *fn, void *context);

/* Does anyone want this opcode. */
bool hooks_want(const struct hooks *hooks, enum packet_direction direction, uint8_t opcode);

/* Runs the chain until one drops or answers. HOOK_CHANGE if any changed it, else HOOK_PASS. */
enum hook_verdict hooks_run(const struct hooks *hooks, const struct hook_packet *packet);

#endif
