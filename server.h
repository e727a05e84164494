/* SPDX-License-Identifier: MIT */
/*
 * The registry of servers: who is linked, up or down, with how many players, and how to dial
 * them. One background thread resolves host names and checks health by connecting. The lobby is
 * one more server here, with a dial function of its own.
 */
#ifndef SERVER_H
#define SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"

struct registry;
struct server;

/* Dials the lobby: one end of a socketpair, or -1 with errno. */
typedef int server_dial_fn(void *context);

/* The servers of a configuration, which must outlive the registry. NULL without memory. */
struct registry *registry_new(const struct config *config);
/* Adds the lobby, before the first session. */
void registry_set_lobby(struct registry *registry, server_dial_fn *dial, void *context);
/* Starts the background thread; false if it could not be created. */
bool registry_start(struct registry *registry);
/* Stops it, waiting a second at most: false if it is stuck in the resolver, and then the
 * registry must not be freed. */
bool registry_stop(struct registry *registry);
void registry_free(struct registry *registry);

/* Linked servers by index, in the order of the configuration; the lobby is not among them. */
size_t registry_count(const struct registry *registry);
struct server *registry_server(const struct registry *registry, size_t index);
struct server *registry_lobby(const struct registry *registry); /* NULL when switched off */
/* Hubs in order. */
size_t registry_hub_count(const struct registry *registry);
struct server *registry_hub(const struct registry *registry, size_t index);
bool registry_is_hub(const struct registry *registry, const struct server *server);

enum registry_match { REGISTRY_FOUND, REGISTRY_UNKNOWN, REGISTRY_AMBIGUOUS };
/*
 * Finds a server by name, without regard to case: the exact name, else a unique prefix. "lobby"
 * finds the lobby unless a server has that name. Otherwise `candidates` gets the names it could
 * have meant, comma-separated: those with the prefix, or all of them if there is none.
 */
enum registry_match registry_find(const struct registry *registry, const char *name,
				  struct server **out, char *candidates, size_t size);

/* A server's facts; any thread. Names live as long as the registry. */
const char *server_name(const struct server *server);
const char *server_address(const struct server *server); /* "host:port" as configured */
/* Its place in the configuration; the lobby's is registry_count(). */
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

/* A link has become a session's current one, or has ceased to be. */
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
/* Waits for the connection until the deadline. 0, or -1 as above; the caller closes fd. */
int server_dial_finish(struct server *server, int fd, int64_t deadline_ms, char *why,
		       size_t why_size);
/* Does an errno of these speak of this machine (no descriptors, no memory) and not of the
 * server. */
bool server_fault_is_ours(int error);

/* What dials and logins showed: moves the server up or down, and logs that once. `why` as in
 * "connection refused". */
void server_report(struct server *server, bool works, const char *why);

#endif
