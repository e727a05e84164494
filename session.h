/* SPDX-License-Identifier: MIT */
/*
 * A player: from accept to close. A client reader thread (login, then client to server) and,
 * for each link, a server reader thread (server to client) that owns its link from dial to
 * close. Sessions and links are reference-counted; the last of their threads frees them.
 *
 * No dial, sleep, hook or write to a socket under the table's lock or session.lock; the order
 * of the locks and what each guards stands in session_private.h.
 */
#ifndef SESSION_H
#define SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "hooks.h"
#include "net.h"
#include "server.h"

struct session;

/* What all sessions share. Immutable once the first has started; the caller keeps it alive
 * until the last is gone. */
struct session_world {
	const struct config *config;
	struct registry *registry;
	const struct hooks *hooks;
	const char *salt;    /* for mppass keys */
	const char *version; /* "Kurafuto 0.1.0": named to clients and servers */
	int64_t started_ms;  /* when the program started, CLOCK_MONOTONIC */
};

/*
 * Takes over an accepted socket and starts its client reader. On failure (threads, memory) the
 * client is told that the server is full, without blocking, and the fd is closed. Main thread.
 */
bool session_start(const struct session_world *world, int fd, const struct net_addr *peer);

/* Tells a client that there is no room, as far as that goes without waiting, and closes its
 * socket. */
void session_refuse(int fd);

/* Sessions that exist, logged in or not; the players among them. */
unsigned session_count(void);
unsigned session_players(void);

/*
 * Asks for a jump and returns at once: a new server reader does the work, the player stays
 * where they are until the target has answered, and is told if it did not work. A jump to
 * another server that is under way is replaced; one to the same server goes on. Any thread, no
 * lock held.
 */
enum session_jump {
	SESSION_JUMPS,
	SESSION_JUMP_TOO_SOON, /* this player asks too often */
	SESSION_JUMP_FULL,     /* there is no thread or memory to be had */
};
enum session_jump session_jump(struct session *session, struct server *target);

/*
 * Calls off the jump that is under way, if the player has a server to stay on; with
 * `only_return` only one that nobody has asked for. False if there was none. May block as long
 * as the client does not read. Any thread, no lock held.
 */
bool session_cancel(struct session *session, bool only_return);

/* A jump of a player by name, for the lobby's portals. False if nobody of that name is
 * online. */
bool session_jump_by_name(const char *name, struct server *target);

/* Gives up the return of a player, who is in the lobby, to the server that they lost. That
 * server, or NULL if no return was planned. Any thread. */
struct server *session_stay(struct session *session);

/* Cuts what servers have not let go of in time. To be called about once a second. Main thread.
 */
void session_sweep(void);

/* Sends a text to the player: UTF-8, colours allowed, wrapped to lines with the colour carried
 * over. May block as long as the client does not read, up to the send time-out. Any thread, no
 * lock held. */
void session_tell(struct session *session, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Ends a session with a Disconnect that says why. Blocks for a second if the client does not
 * read; the session follows within about 2 s. */
void session_end(struct session *session, const char *reason);
/* Ends all of them, waits until they are gone or the time is up, then cuts the rest. Main
 * thread, at shutdown. */
void session_end_all(const char *reason, int64_t timeout_ms);

/* Facts; valid as long as the caller is in a hook of that session or in session_each(). */
const char *session_name(const struct session *session);
unsigned long session_id(const struct session *session);
struct server *session_server(
	struct session *session);                   /* the current link's; NULL between links */
int session_ping_ms(const struct session *session); /* -1 if unknown */
int64_t session_age_ms(const struct session *session);

/* Calls fn for every player (logged in), under the lock of all sessions: it must not block or
 * call session_* functions other than the facts above. */
typedef void session_each_fn(void *context, struct session *session);
void session_each(session_each_fn *fn, void *context);

#endif
