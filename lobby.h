/* SPDX-License-Identifier: MIT */
/*
 * The embedded server: a small island where players stand when no server is linked or
 * reachable, and from which portals lead to the servers. It speaks plain Classic (protocol
 * versions 3 to 7, no CPE) over socketpairs, so that sessions need no special case. One thread
 * of its own runs the game tick.
 *
 * What it is called and where its portals lead is a plan, which can be changed while people
 * play: it keeps a copy, and takes nothing from the configuration but the messages.
 */
#ifndef LOBBY_H
#define LOBBY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lobby;
struct server;

/* What a lobby is to be like. Texts are UTF-8, never NULL. All of it is copied, but for the
 * servers, which must live as long as the lobby. */
struct lobby_plan {
	const char *name, *motd;
	const char *command_prefix; /* as in ":kura" */
	bool edge_commands;         /* tell players of the commands */
	int64_t login_timeout_ms;
	/* Where portals lead, in order. Those beyond WORLD_PORTALS_MAX have no portal and are
	 * only named. NULL is fine if there are none. */
	struct server *const *portals;
	size_t n_portals;
};

/* What the lobby asks of others. Called from its thread; must not block. */
struct lobby_calls {
	void *context;
	/* A player walked into a portal. `answer` (UTF-8, lines with a newline between them,
	 * perhaps empty) is what the lobby says to them. */
	void (*portal)(void *context, const char *player, struct server *target, char *answer,
		       size_t size);
	/* What this place is called for a player, UTF-8; false: as in the plan. */
	bool (*name)(void *context, const char *player, char *name, size_t size);
};

/* Builds the island and starts the thread. `calls` is copied. NULL on failure, with a sentence
 * in why. */
struct lobby *lobby_new(const struct lobby_plan *plan, const struct lobby_calls *calls,
			char *why, size_t why_size);
/*
 * Goes by another plan from the thread's next turn on, without losing anybody. If the portals
 * are others, or in another order, there is a new island, and everybody in the lobby gets it as
 * at a login, and stands at its spawn; who is slow to read gets it once they have read what
 * came before. Else nobody notices: texts count for those who come from now on. Of several
 * plans in a row only the last may be seen. False without memory, and then nothing has changed.
 * Any thread; takes the few milliseconds that an island needs to build, and waits for nobody.
 */
bool lobby_change(struct lobby *lobby, const struct lobby_plan *plan);
/* A server_dial_fn: a new connection to the lobby. Any thread. */
int lobby_dial(void *lobby);
/* Stops the thread and closes every connection. No other call may be under way. */
void lobby_free(struct lobby *lobby);

#endif
