/* SPDX-License-Identifier: MIT */
/*
 * The registry of servers: who is linked, up or down, ready or not, with how many players, and
 * how to dial them. A server is found again by its name at each reload and lives as long as the
 * registry, also when it is not configured any more. One background thread checks health
 * (server_health.c). The lobby is one more server here, with a dial function of its own.
 */
#ifndef SERVER_H
#define SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "proxy_header.h"

#define SERVER_ADDRESS_MAX 300 /* room for "host:port" or "unix:PATH", terminated */

struct registry;
struct server;

/* Dials the lobby: one end of a socketpair, or -1 with errno. */
typedef int server_dial_fn(void *context);

/* NULL without memory. */
struct registry *registry_new(void);
/*
 * Makes room for what a configuration has, and fills in the `server` of each of its servers.
 * Nothing else changes. False without memory. One thread at a time.
 */
bool registry_prepare(struct registry *registry, struct config *config);
/* Puts a prepared configuration in force for the servers: addresses, limits, who is linked.
 * To be called right before config_publish(), with registry_wake() after it. Any thread, one at
 * a time. */
void registry_commit(struct registry *registry, const struct config *config);
/* Adds the lobby, before the first session. */
void registry_set_lobby(struct registry *registry, server_dial_fn *dial, void *context);
/* Starts the background thread, which goes by config_now(); false if it could not be created.
 */
bool registry_start(struct registry *registry);
/* Has it look at the servers now: after a reload. */
void registry_wake(struct registry *registry);
/* Stops it, waiting a second at most: false if a resolver is stuck, and then the registry must
 * not be freed. */
bool registry_stop(struct registry *registry);
void registry_free(struct registry *registry);

/* NULL while it is switched off, by config_now(). */
struct server *registry_lobby(const struct registry *registry);
/* Does `hubs` lead to this server, by itself or in a group. */
bool registry_is_hub(const struct config *config, const struct config_hubs *hubs,
		     const struct server *server);

enum registry_match {
	REGISTRY_FOUND,
	REGISTRY_FOUND_GROUP,
	REGISTRY_UNKNOWN,
	REGISTRY_AMBIGUOUS
};
/*
 * Finds a server by name or alias, or a group by name (*group; may be NULL: groups don't
 * count), without regard to case: the exact name, else a unique prefix. "lobby" finds the lobby
 * unless a server has that name. Otherwise `candidates` gets the names it could have meant,
 * comma-separated: those with the prefix, or all of them if there is none. Hidden servers, and
 * groups of nothing else, are found, but not named.
 */
enum registry_match registry_find(const struct registry *registry, const struct config *config,
				  const char *name, struct server **out,
				  const struct config_group **group, char *candidates,
				  size_t size);

/*
 * The same for a command about one server: a group only by its whole name, which is never the
 * beginning of a server's; `with_removed`: also servers that are not configured any more and
 * still have players.
 */
enum registry_match registry_find_server(struct registry *registry, const struct config *config,
					 const char *name, bool with_removed,
					 struct server **out, const struct config_group **group,
					 char *candidates, size_t size);
/* The servers that are not configured any more and still have players: the first so many of
 * them. Any thread. */
#define REGISTRY_REMOVED_MAX 16
size_t registry_removed(struct registry *registry,
			struct server *servers[static REGISTRY_REMOVED_MAX]);

/* A server's facts; any thread. Names live as long as the registry, also those that a reload
 * has spelled in another way since. */
const char *server_name(const struct server *server);
/* "host:port" or "unix:PATH", as configured now. */
void server_address(const struct server *server, char out[static SERVER_ADDRESS_MAX]);
/* Its row in a configuration; NULL for the lobby and for one that is not there any more. */
const struct config_server *server_config(const struct server *server,
					  const struct config *config);
/* A number of its own, from 0, in the order in which servers were first seen; the lobby's is 0,
 * too. */
size_t server_index(const struct server *server);
bool server_is_lobby(const struct server *server);
/* Unknown counts as up until proven otherwise. */
bool server_is_up(const struct server *server);
/* When it last came up again, by net_now_ms(); 0 if it has not been down. */
int64_t server_up_since_ms(const struct server *server);
/* Do two names lead to the same server, as far as is known: the same address and port. A player
 * can't be on both. */
bool server_is_same_place(const struct server *a, const struct server *b);
unsigned server_players(const struct server *server);

/* What follows from all that the admin has said about it, which outlasts reloads, not the
 * program. The lobby is always ready. */
enum server_mode {
	SERVER_READY,
	SERVER_DRAINING,    /* nobody new comes; who is there stays */
	SERVER_MAINTENANCE, /* nobody but who is sent by an admin comes */
	SERVER_MODE_COUNT
};
enum server_mode server_mode(const struct server *server);
/* What the admin has said, each for itself: drained, in maintenance, all in maintenance. */
bool server_is_draining(const struct server *server);
void server_set_draining(struct server *server, bool is_draining);
bool server_is_in_maintenance(const struct server *server);
void server_set_maintenance(struct server *server, bool is_in_maintenance);
bool registry_is_in_maintenance(const struct registry *registry);
void registry_set_maintenance(struct registry *registry, bool is_in_maintenance);
/* Does the admin want its players moved elsewhere, a few a second. */
bool server_is_emptying(const struct server *server);
void server_set_emptying(struct server *server, bool is_emptying);

/* Counts since the start. */
struct server_counts {
	unsigned long joins, failures; /* players who came; dials and logins that failed */
	unsigned long downs;           /* how often it went down */
	unsigned incoming;             /* players on their way, now */
	int64_t changed_ms;            /* when it last went up or down; 0: never */
	int64_t latency_us;            /* of the last check that succeeded; -1: none */
};
void server_get_counts(const struct server *server, struct server_counts *counts);

/* Why a player can't go to a server, if so. */
enum server_refusal {
	SERVER_ADMITS,
	SERVER_IS_FULL,
	SERVER_IS_DRAINING,
	SERVER_IS_IN_MAINTENANCE,
	SERVER_IS_RESTRICTED,
	SERVER_IS_GONE, /* not configured any more */
};

/* Who wants to go somewhere. */
struct server_guest {
	const char *name;
	bool is_verified;
	bool has_waited; /* in the line for the server: a free place is theirs */
	bool is_forced;  /* by an admin: nothing but SERVER_IS_GONE stands in the way */
	bool is_early;   /* still logging in: they get no place, and are only expected */
	bool is_brought; /* back, unasked: few at a time, see SERVER_RETURNS_MAX */
	/* Further reasons against a server, NULL: none. Called with the registry's lock held.
	 */
	bool (*shuns)(void *context, const struct server *server);
	void *context;
};

/* Takes a place on a server for a guest, or says why not; by config_now(), as all that follow.
 * A place is given back by server_give_back(), or used by server_player_joined(). */
enum server_refusal server_reserve(struct server *server, const struct server_guest *guest);
void server_give_back(struct server *server);
/*
 * Who is still logging in (`is_early`) may never come: they count for the balance, so that a
 * crowd spreads, but keep no place from anybody. When such a guest is there, they get their
 * place, or not; a guest who does not come has to be called off. Either way they are not
 * expected any more.
 */
enum server_refusal server_reserve_expected(struct server *server,
					    const struct server_guest *guest);
void server_call_off(struct server *server);
/*
 * Players who are brought back (`is_brought`) have all waited for the same moment. So many of
 * them at once may be on their way to a server, which is SERVER_IS_FULL for others. Each that
 * got a place has to be reported when they have arrived or given up, besides the place itself.
 */
#define SERVER_RETURNS_MAX 20
void server_return_ended(struct server *server);
/* So many players more (or less) wait in line: as many places are not for others. How many wait
 * now. */
unsigned server_add_waiting(struct server *server, int n);
/* Chooses a server that is up and admits the guest, as server_reserve() does there: NULL if
 * there is none. Backups come last. `any_state`: also those that are thought to be down. */
struct server *server_choose(struct registry *registry, const struct config_hubs *hubs,
			     const struct server_guest *guest, bool any_state);

/* A link with a place has become a session's current one; a current one has ceased to be. */
void server_player_joined(struct server *server);
void server_player_left(struct server *server);

/* Waits until a host name has been resolved for the first time, well or badly. */
void server_await_address(struct server *server, int64_t deadline_ms);
/* How many addresses its host name has, at least 1: each failed dial moves on to the next. */
size_t server_address_count(struct server *server);
/*
 * Starts to dial: a socket that server_dial_finish() must be called on, or -1 with a sentence
 * in why and errno set. Never blocks. Neither function reports what it saw: the caller knows
 * better.
 */
int server_dial_start(struct server *server, char *why, size_t why_size);
/*
 * Takes a connection that has been kept ready (`pool.size`) and was alive a moment ago, or -1:
 * then it is server_dial_start()'s turn. server_dial_finish() is fine with it. Whoever finds it
 * dead after all dials anew, and without this. Never blocks.
 */
int server_take_ready(struct server *server);
/* Waits for the connection until the deadline. 0, or -1 as above; the caller closes fd. */
int server_dial_finish(struct server *server, int fd, int64_t deadline_ms, char *why,
		       size_t why_size);
/* Must a connection to it begin with a header of the PROXY protocol, by its row (NULL: none);
 * of which version. */
bool server_wants_header(const struct config_server *row, enum proxy_header_version *version);
/* What a request for WebSocket calls the server (Host): its address, or "localhost" for a UNIX
 * socket, which has no name. Any thread. */
void server_web_host(const struct server *server, char out[static SERVER_ADDRESS_MAX]);
/* Does an errno of these speak of this machine (no descriptors, no memory) and not of the
 * server. */
bool server_fault_is_ours(int error);

/*
 * What a player's link has shown: counts, with the checks, towards `health.rise` and
 * `health.fall`, moves the server up or down, and logs that once. It works when the server has
 * let the player in, or has kicked them: that, too, is an answer. A mere connection says
 * nothing yet. It does not when the dial or the login has failed; `why` as in "connection
 * refused".
 */
void server_report(struct server *server, bool works, const char *why);
/* A login has died on a connection that worked. It counts for less than a failed dial, since it
 * may be about this player alone, and has the server checked at once. */
void server_report_login(struct server *server, const char *why);
/* How often its address has changed: what was dialled before a change says nothing about the
 * server any more, and should not be reported. */
unsigned server_generation(const struct server *server);
/* A link has been cut without a word: nothing is proven, but the server is to be checked at
 * once. */
void server_suspect(struct server *server);

#endif
