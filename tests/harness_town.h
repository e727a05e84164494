/* SPDX-License-Identifier: MIT */
/*
 * A town: several scripted servers and many players, played by one thread with poll(2). Servers
 * let everybody in under their own name and echo chat; players say a line now and then and
 * check that it comes back. A player who is cut off, or gets a Disconnect, fails the test.
 */
#ifndef HARNESS_TOWN_H
#define HARNESS_TOWN_H

#include "harness.h"

#define TOWN_SERVERS 8
#define TOWN_PLAYERS 400

struct town_player {
	struct peer *client; /* NULL: not there */
	int server;          /* where they have been spawned; -1: nowhere, or in the lobby */
	bool is_spawned;
	unsigned said, heard;
	int64_t next_ms; /* when to say the next line */
};

struct town_link {
	struct peer *peer; /* NULL: free */
	int server;
};

struct town {
	struct proxy *proxy;
	struct backend backends[TOWN_SERVERS];
	bool is_open[TOWN_SERVERS];
	size_t n_servers;
	struct town_player players[TOWN_PLAYERS];
	size_t n_players;
	struct town_link links[2 * TOWN_PLAYERS];
	bool chats; /* players talk */
};

/* Opens so many servers. They are called "s0", "s1", ... in worlds of their own name. */
void town_open(struct town *town, size_t servers);
/* Closes everything but the proxy. Twice is fine. */
void town_close(struct town *town);
/* So many more players connect and identify, "P0", "P1", ... They need not have arrived. */
void town_join(struct town *town, size_t players);
/* The last player leaves. */
void town_leave(struct town *town);
/* A server dies: its links are cut, nobody is taken any more; and it is there again, at the
 * same port. */
void town_kill(struct town *town, size_t server);
void town_revive(struct town *town, size_t server);
/* Serves what is ready within a moment. */
void town_turn(struct town *town);
/* Players on a server; -1: spawned nowhere that is known. */
size_t town_count(const struct town *town, int server);
/* Turns until everybody is on some server, or in the lobby for -1 among them. */
void town_settle(struct town *town);
/* Turns until so many are on the server. */
void town_until_count(struct town *town, int server, size_t n);
/* Turns until a player has read a text in the chat, since peer_forget(). */
void town_until_text(struct town *town, size_t player, const char *text);
/* Turns until each player has heard so many more of their own lines. */
void town_hear(struct town *town, unsigned lines);

#endif
