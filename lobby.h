/* SPDX-License-Identifier: MIT */
/*
 * The embedded server: a small island where players stand when no server is linked or
 * reachable, and from which portals lead to every server. It speaks plain Classic (protocol
 * versions 3 to 7, no CPE) over socketpairs, so that sessions need no special case. One thread
 * of its own runs the game tick.
 */
#ifndef LOBBY_H
#define LOBBY_H

#include <stdbool.h>
#include <stddef.h>

#include "config.h"
#include "server.h"

struct lobby;

/* A player walked into a portal. Called from the lobby's thread; must not block. */
typedef void lobby_portal_fn(void *context, const char *player, struct server *target);

/* Builds the island and starts the thread. NULL on failure, with a sentence in why. */
struct lobby *lobby_new(const struct config *config, struct registry *registry,
			lobby_portal_fn *portal, void *context, char *why, size_t why_size);
/* A server_dial_fn: a new connection to the lobby. Any thread. */
int lobby_dial(void *lobby);
/* Stops the thread and closes every connection. */
void lobby_free(struct lobby *lobby);

#endif
