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

#include "bans.h"
#include "config.h"
#include "guard.h"
#include "hooks.h"
#include "messages.h"
#include "net.h"
#include "packet.h"
#include "places.h"
#include "salts.h"
#include "server.h"
#include "trace.h"

#define SESSION_SOFTWARE_MAX (PACKET_STRING_LEN * 3 + 1)

struct session;

/* What all sessions share. Immutable once the first has started; the caller keeps it alive
 * until the last is gone. */
struct session_world {
	struct registry *registry;
	const struct hooks *hooks;
	struct bans *bans;     /* NULL: nobody is banned */
	struct places *places; /* NULL: nobody is remembered */
	struct guard *guard;   /* NULL: everybody may connect */
	const char *salt;      /* for mppass keys, where the configuration has none */
	struct salts *salts;   /* of server lists; NULL: there are none */
	const char *version;   /* "Kurafuto 0.1.0": named to clients and servers */
	const char *state_dir; /* where traces go; NULL: the current directory */
	int64_t started_ms;    /* when the program started, CLOCK_MONOTONIC */
};

/*
 * Takes over an accepted socket and starts its client reader. False: the guard has turned it
 * away, or there are no threads or no memory; the client is told why, without blocking, and the
 * fd is closed a moment later. `listener` is where it came in, copied. Main thread.
 */
bool session_start(const struct session_world *world, int fd, const struct net_addr *peer,
		   const struct config_listener *listener);

/* Tells a client why it can't come in, as far as that goes without waiting, and closes its
 * socket: at once, or a moment later, so that the client can read it. Main thread. */
void session_refuse(int fd, enum message message);
void session_turn_away(int fd, enum message message);
/* Closes those whose moment is over, and has the log tell of the door. To be called about once
 * a second. Main thread. */
void session_sweep_door(const struct session_world *world);
/* Closes them all: at the end. */
void session_close_door(void);

/* Sessions that exist, logged in or not; the players among them. */
unsigned session_count(void);
unsigned session_players(void);

/*
 * Asks for a jump and returns at once: a new server reader does the work, the player stays
 * where they are until the target has answered, and is told if it did not work. A jump to
 * another server that is under way is replaced; one to the same server goes on. With `among`
 * *target is chosen from these, and may be NULL before. Any thread, no lock held.
 */
enum session_jump {
	SESSION_JUMPS,
	SESSION_JUMP_TOO_SOON,    /* this player asks too often */
	SESSION_JUMP_NO_ROOM,     /* there is no thread or memory to be had */
	SESSION_JUMP_FULL,        /* the server is */
	SESSION_JUMP_DRAINING,    /* takes nobody new */
	SESSION_JUMP_MAINTENANCE, /* is being worked on */
	SESSION_JUMP_RESTRICTED,  /* is not for this player */
	SESSION_JUMP_GONE,        /* is not linked any more */
	SESSION_JUMP_NONE,        /* none of `among` can take the player now */
};
enum session_how {
	SESSION_FORCED = 1,  /* an admin wants it: no throttle, no full or restricted server
				stands in the way */
	SESSION_TOLD = 2,    /* the player hears that they are jumping */
	SESSION_QUEUED = 4,  /* they have waited for it: no throttle, and the line is theirs */
	SESSION_PUT_OUT = 8, /* to the lobby for want of a hub: they are brought back */
};
enum session_jump session_jump(struct session *session, struct server **target,
			       const struct config_hubs *among, unsigned how);
/* Where this player is sent without a wish: their listener's hubs, by config_now(). */
const struct config_hubs *session_hubs(const struct session *session);

/*
 * Calls off the jump that is under way, if the player has a server to stay on; with
 * `only_return` only one that nobody has asked for. False if there was none. Waits less than
 * half a second for a client that does not read. Any thread, no lock held.
 */
bool session_cancel(struct session *session, bool only_return);

/*
 * Lines in front of full servers. A player waits in one line at most; they are moved when a
 * place is free, in the order in which they came, and nobody else is let in meanwhile.
 */
/* Puts the player at the end of the line for a server, out of any other; their position, from
 * 1, which session_tick() shows them. 0 if their session is ending. Any thread. */
unsigned session_queue(struct session *session, struct server *server);
/* Takes the player out of their line: its server, NULL if they were in none. */
struct server *session_unqueue(struct session *session);
/* Their server and *position, 0 while they are being moved; NULL if they are in none. */
struct server *session_queued(struct session *session, unsigned *position);

/* What happens now and then: moves the lines on, empties servers, has files kept up to date. To
 * be called about four times a second, by one thread with a large stack. Clients that don't
 * read hold it up for 50 ms at most, however many they are, and the disk not at all. */
void session_tick(const struct session_world *world);

/* Gives up the return of a player, who is in the lobby, to the server that they lost. That
 * server, or NULL if no return was planned. May block as long as the client does not read: for
 * the player's own client reader. */
struct server *session_stay(struct session *session);

/* Cuts what servers have not let go of in time. To be called about once a second. Main thread.
 */
void session_sweep(void);

/*
 * Players are told messages of config_now(); behind the message come pairs of names and values
 * and a NULL, as for message_format(). An empty text says nothing.
 */
/* Says a message to the player: wrapped to lines with the colour carried over. May block as
 * long as the client does not read, up to the send time-out. Any thread, no lock held. */
void session_say(struct session *session, enum message message, ...) __attribute__((sentinel));
/* The same with a text that is made of messages: UTF-8, colours allowed. */
void session_tell(struct session *session, const char *utf8);

/* Ends a session with a Disconnect that says why; the log has the default text. Blocks for a
 * second if the client does not read; the session follows within about 2 s. */
void session_end(struct session *session, enum message message, ...) __attribute__((sentinel));
/* The same with somebody's own words, UTF-8. */
void session_end_with(struct session *session, const char *words);
/* Ends all of them, waits until they are gone or the time is up, then cuts the rest. Main
 * thread, at shutdown. */
void session_end_all(int64_t timeout_ms, enum message message, ...) __attribute__((sentinel));

/*
 * A message for a player who may not read: waits at most 200 ms for its turn, and gives up if
 * the client's socket has no room, or the player is not in the game yet. True if it was sent.
 * Any thread, no lock held.
 */
bool session_notify(struct session *session, enum message message, ...)
	__attribute__((sentinel));
/* The same for everybody in the game: who can take it at once gets it first, the others share
 * the 200 ms. Returns how many have got it. */
unsigned session_notify_all(enum message message, ...) __attribute__((sentinel));

/* The player of that name, whole and without regard to case, with a reference that
 * session_release() gives back. NULL if nobody of that name is online, or their session is
 * ending. Any thread, no lock held. */
struct session *session_find(const char *name);
void session_release(struct session *session); /* NULL is fine */

enum session_match { SESSION_FOUND, SESSION_UNKNOWN, SESSION_AMBIGUOUS };
/*
 * The same for a name or the beginning of just one: *out gets the player with a reference.
 * Otherwise `candidates` (room for CONFIG_NAME_MAX at least) gets the names it could be the
 * beginning of, comma-separated; or the one that is most like it, empty if none is.
 */
enum session_match session_find_like(const char *name, struct session **out, char *candidates,
				     size_t size);

/* References to all players whose sessions are not ending, *n of them, to be given back by
 * session_release_all(). NULL with *n = 0 without memory. Any thread, no lock held. */
struct session **session_hold_players(size_t *n);
void session_release_all(struct session **sessions, size_t n);

/* Ends the sessions of all players whom a ban meets, at once, with a Disconnect that says so;
 * without memory 16 at a time. `names` gets who they are. Returns how many. Blocks as
 * session_end() does, once for all. */
unsigned session_end_banned(struct bans *bans, char *names, size_t size);

/* Who may log in: everybody, or only those who may give the command "maintenance". At first
 * open. Any thread. */
enum session_door { SESSION_DOOR_OPEN, SESSION_DOOR_MAINTENANCE };
void session_set_door(enum session_door door);
enum session_door session_door(void);

/* Writes the player's packets to a trace from now on, with a reference of its own; NULL: no
 * more. False if there was nothing to end. Any thread. */
bool session_trace(struct session *session, struct trace *trace);
bool session_is_traced(const struct session *session);

/* Counts since the start. */
struct session_counts {
	unsigned long joins;   /* players who came */
	unsigned long jumps;   /* who went to another server, or were brought back */
	unsigned long falls;   /* who fell back to another server */
	unsigned long refused; /* logins */
};
void session_get_counts(struct session_counts *counts);

/*
 * Sends all players who are on a server now (NULL: who are online) to a server, or a group of
 * config_now() if that is not NULL, whether it is full or restricted, or not; those who are
 * there stay. Returns how many; session_move_off() does it. If the server or the group is taken
 * out of the configuration meanwhile, who has not been sent stays, and the log says so. Any
 * thread.
 */
size_t session_send_players(const struct server *from, struct server *to,
			    const struct config_group *group);
/*
 * To be called four times a second by a background thread that does config_settle(): goes on
 * with session_send_players(), 20 players a call, and moves a player off each server that is
 * being emptied (server_set_emptying()), to another of their hubs that can take them, or the
 * lobby if none can. Who can't be moved stays, and is tried again later. A server with nobody
 * left is being emptied no more. Notices wait for clients that don't read until `until_ms`
 * (net_now_ms()) at most, and are lost on those.
 */
void session_move_off(int64_t until_ms);

/* Facts; valid as long as the caller holds a reference, or is in a hook of that session or in
 * session_each(). */
const char *session_name(const struct session *session);
unsigned long session_id(const struct session *session);
struct server *session_server(
	struct session *session); /* the current link's; NULL between links */
const char *session_subject(const struct session *session); /* "#12 Alice", for log_line() */
bool session_is_verified(const struct session *session);    /* by its key */
int session_ping_ms(const struct session *session);         /* -1 if unknown */
int64_t session_age_ms(const struct session *session);
const struct net_addr *session_peer(const struct session *session);
/* What the client calls itself: UTF-8 without colours; empty without CPE. */
void session_software(const struct session *session, char out[static SESSION_SOFTWARE_MAX]);
unsigned session_protocol(const struct session *session);
bool session_has_cpe(const struct session *session);
/* What the place that they came to is called: the `name` of their listener in config_now(). */
void session_place_name(const struct session *session, char *out, size_t size);
/* For the log: does the next Message of a direction go on with a password. At first not. */
bool session_hides(const struct session *session, enum packet_direction direction);
void session_set_hides(struct session *session, enum packet_direction direction, bool hides);
/* The address and port at which the player's connection has arrived: "192.0.2.1:25565". */
void session_listener(const struct session *session, char out[static NET_ADDR_TEXT]);

/* Calls fn for every player (logged in), under the lock of all sessions: it must not block or
 * call session_* functions other than the facts above. */
typedef void session_each_fn(void *context, struct session *session);
void session_each(session_each_fn *fn, void *context);

#endif
