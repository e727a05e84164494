/* SPDX-License-Identifier: MIT */
/*
 * What the parts of the lobby share: lobby.c reads, decides and keeps the time, lobby_show.c
 * sends. All of it runs in the lobby's thread, but for what lobby_dial(), lobby_change() and
 * lobby_free() do under the mutex.
 */
#ifndef LOBBY_PRIVATE_H
#define LOBBY_PRIVATE_H

#include <bsd/sys/queue.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lobby.h"
#include "messages.h"
#include "packet.h"
#include "world.h"

#define LOBBY_ENTITIES                                                         \
	128 /* ids from here on look like the player itself to vanilla clients \
	     */
#define LOBBY_NOBODY   (-1)
#define LOBBY_IN_SIZE  1024         /* more than any packet that a plain client sends */
#define LOBBY_OUT_SIZE (256 * 1024) /* who lets more than that wait is gone */
#define LOBBY_MOVE     10           /* size of a teleport packet */
#define LOBBY_FIGURE   (PACKET_STRING_LEN + 1)
#define LOBBY_EYE      51 /* what the wire adds to the height of others' feet, in 1/32 block */
#define LOBBY_TEXT     1024 /* room for what is said at once, with its NUL */

/*
 * A connection. Made by lobby_dial() and handed over in lobby.fresh; from then on all of it
 * belongs to the lobby's thread.
 */
struct player {
	TAILQ_ENTRY(player) entry;
	int fd;
	bool logged_in;
	bool dead;  /* to be removed at the next sweep; nothing more is sent */
	bool stale; /* the island that it sees is gone: it gets the new one when there is room,
		       and nothing that stands or moves there before */
	int64_t arrival_ms; /* until then, positions far from the spawn are of the old island */
	int64_t login_deadline_ms;
	struct dialect dialect;
	char name[PACKET_STRING_LEN + 1];
	int id;     /* as an entity; LOBBY_NOBODY: not to be seen */
	int portal; /* the one it stands in, or -1 */
	bool moved;
	size_t move_at; /* offset of its packet in lobby.moves; only if moved and seen */
	struct packet_position at; /* as others see it: wire height */
	unsigned chat_tokens;
	int64_t chat_refilled_ms;
	size_t out_len, in_len;
	uint8_t *out; /* LOBBY_OUT_SIZE bytes, of which the kernel maps those that have ever
			 been used */
	uint8_t in[LOBBY_IN_SIZE];
};

TAILQ_HEAD(player_list, player);

/* The copy of a plan, with the island for it. Immutable, but that levels are packed at their
 * first use. */
struct lobby_setup {
	char *name, *motd, *command_prefix;
	bool edge_commands;
	struct world *world;
	size_t n_portals;         /* the world may have fewer */
	struct server *portals[]; /* not owned */
};

/* Key: I immutable after creation, m mutex, t the lobby's thread alone */
struct lobby {
	struct lobby_calls calls;      /* I */
	struct packet_catalog catalog; /* I the standard one */
	struct dialect plain;          /* I what is the same for everybody */
	pthread_t thread;              /* I */
	pthread_mutex_t mutex;
	pthread_cond_t wake;      /* m */
	bool stop;                /* m */
	struct player_list fresh; /* m dialled, not yet seen by the thread */
	struct lobby_setup *next; /* m to be changed to, not yet seen by the thread; or NULL */
	int64_t login_timeout_ms; /* m */
	struct player_list players; /* t */
	struct lobby_setup *setup;  /* t in force */
	int64_t now_ms;             /* t when this turn began */
	int64_t next_tick_ms;       /* t */
	int64_t next_second_ms;     /* t */
	bool taken[LOBBY_ENTITIES]; /* t entity ids in use */
	/* t names of the figures as last shown; a figure's id is its portal's index */
	char figures[WORLD_PORTALS_MAX][LOBBY_FIGURE];
	uint8_t moves[LOBBY_ENTITIES * LOBBY_MOVE]; /* t of this tick */
	size_t moves_len;                           /* t */
};

/* Queues bytes. A player who does not keep up is marked dead; the dead get nothing. */
void lobby_put(struct player *player, const uint8_t *data, size_t size);
/* Sends as much of the queue as the socket takes. */
void lobby_flush(struct player *player);
/* Says why and gives the connection up. */
void lobby_disconnect(struct player *player, enum message message);
/* Everybody who has logged in, but `except` (may be NULL). */
void lobby_broadcast(struct lobby *lobby, const struct player *except, const uint8_t *data,
		     size_t size);

/* A message to one player, or to all when `to` is NULL: wrapped to lines and made safe. Behind
 * it come pairs of names and values and a NULL, as for message_format(). */
void lobby_say(struct lobby *lobby, struct player *to, enum message message, ...)
	__attribute__((sentinel));

/* The same with a text, UTF-8; one line or more. */
void lobby_tell(struct lobby *lobby, struct player *to, const char *utf8);

/* The island is about to be replaced: takes away whatever stands on it before everybody's eyes.
 * They are stale from now on. */
void lobby_clear_island(struct lobby *lobby);
/* Shows the island that is there now to somebody who is stale. False: not yet, because output
 * from before is still waiting, or for want of memory. */
bool lobby_renew(struct lobby *lobby, struct player *player);

/* What comes before a login is complete: identification, level, entities. False without memory.
 */
bool lobby_welcome(struct lobby *lobby, struct player *player);
/* The lines that say where the player is and where they can go. */
void lobby_greet(struct lobby *lobby, struct player *player);

/* Puts the player itself somewhere. */
void lobby_put_self(struct player *player, const struct packet_position *feet);
/* Gives the player an entity id, if there is one left, and shows it to the others. */
void lobby_appear(struct lobby *lobby, struct player *player);
/* Takes the entity away, and hands its id to somebody who has been waiting for one. */
void lobby_disappear(struct lobby *lobby, struct player *player);
/* Shows the figures anew whose names have changed: server up or down, number of players. */
void lobby_refresh_figures(struct lobby *lobby);
/* Shows everybody who has moved since the last call. */
void lobby_send_moves(struct lobby *lobby);

#endif
