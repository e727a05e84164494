/* SPDX-License-Identifier: MIT */
/*
 * What the files of the registry share: server.c (names, facts, dials), server_choose.c (who
 * goes where), server_report.c (up or down), server_health.c (the background thread),
 * server_check.c (one check), server_resolve.c (host names), server_pool.c (connections kept
 * ready). Nobody else includes this.
 */
#ifndef SERVER_PRIVATE_H
#define SERVER_PRIVATE_H

#include <bsd/sys/queue.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

#include "net.h"
#include "server.h"
#include "stream.h"

#define SERVER_ADDRESSES_MAX 4
#define SERVER_GROUPS_MAX    CONFIG_GROUPS_MAX
#define SERVER_HOST_MAX      256

/* A name that a server has, or has had: whoever has read it may go on reading. */
struct server_spelling {
	SLIST_ENTRY(server_spelling) entries;
	char text[CONFIG_NAME_MAX + 1];
};

/* Keys: I immutable once made, r registry.lock, a atomic (ra: written under r), h health thread
 * only. */
struct server {
	struct registry *registry;                       /* I */
	TAILQ_ENTRY(server) entries;                     /* r */
	_Atomic(const char *) name;                      /* ra, in names */
	SLIST_HEAD(, server_spelling) names;             /* r, the latest first */
	size_t index;                                    /* I */
	server_dial_fn *dial;                            /* I, the lobby's; NULL for others */
	void *dial_context;                              /* I */
	char host[SERVER_HOST_MAX];                      /* r, as configured */
	uint16_t port;                                   /* r */
	bool is_numeric;                                 /* r */
	struct net_addr addresses[SERVER_ADDRESSES_MAX]; /* r */
	size_t n_addresses;                              /* r */
	size_t preferred;      /* r, index of the address to dial next */
	unsigned generation;   /* r, how often it has got another address */
	int64_t resolved_ms;   /* r, last attempt; 0 = never */
	bool is_resolving;     /* r, this generation's name */
	bool is_checking;      /* r, this generation's address */
	bool is_suspect;       /* r, to be checked sooner */
	int64_t checked_ms;    /* r, when its last check began */
	int64_t next_check_ms; /* r */
	unsigned misses;       /* r, checks failed in a row */
	unsigned link_misses;  /* r, dials and logins of players failed in a row */
	unsigned login_misses; /* r, logins that died, in a row */
	unsigned hits;         /* r, anything succeeded in a row */
	unsigned fails;        /* r, checks failed since it went down, in a row: the back-off */
	unsigned relapses;     /* r, how often links took it down since one has worked */
	int64_t changed_ms;    /* r, when it last went up or down */
	bool reported;         /* r, something is known about it */
	unsigned long joins, failures, downs; /* r */
	int64_t latency_us;                   /* r */
	int64_t credit[SERVER_GROUPS_MAX];    /* r, round-robin's, by the index of the group */
	unsigned incoming;                    /* r, places taken by players on their way */
	unsigned returning;            /* r, those of them who are brought back unasked */
	unsigned expected;             /* r, who are still logging in, without a place */
	unsigned waiting;              /* r, in line for it */
	unsigned players;              /* r */
	atomic_bool is_linked;         /* ra, in the configuration in force */
	atomic_bool up;                /* ra */
	_Atomic int64_t up_since_ms;   /* ra; 0: always */
	atomic_bool is_draining;       /* a */
	atomic_bool is_in_maintenance; /* a, by itself */
	atomic_bool is_emptying;       /* a */
	struct pool *pool;             /* r, NULL until it has one (server_pool.c) */
};

struct registry {
	TAILQ_HEAD(, server) servers;  /* r, with those that are not configured any more */
	size_t n_servers;              /* r */
	struct server lobby;           /* I, present if lobby.dial is set */
	atomic_bool is_in_maintenance; /* a, all servers are */
	unsigned rise, fall;           /* r */
	int64_t interval_ms;           /* r, between two checks of a server that is up */
	int64_t slow_start_ms;         /* r */
	pthread_mutex_t lock;
	pthread_cond_t wake; /* with lock: stopping, has_ended, resolved_ms, resolvers */
	int wake_fd;         /* I, an eventfd that ends the background thread's sleep */
	unsigned resolvers;  /* r, threads that are resolving */
	bool stopping;       /* r */
	bool is_woken;       /* r, all servers are to be checked now */
	bool has_ended;      /* r, the thread has */
	bool running;        /* r, written by the main thread */
	pthread_t thread;    /* main thread only */
};

/* server.c. Ends the sleep of the background thread. Any thread, with or without the lock. */
void registry_kick(struct registry *registry);
/* Starts a new connection to the address to dial next. As server_dial_start(). */
int server_connect_start(struct server *server, char *why, size_t why_size);
/* Has the next dial try the next address, if there are several. */
void server_turn_address(struct server *server);
void server_turn_address_locked(struct server *server);

/* server_report.c. What a check of the address of that generation has shown; it is over by
 * this. `latency_us` counts if it works. */
void server_report_check(struct server *server, unsigned generation, bool works,
			 int64_t latency_us, const char *why);
/* The check has shown nothing: it is over, and the next one comes in its time. */
void server_skip_check(struct server *server, unsigned generation);
/*
 * How long from one check to the next: the interval, twice as long after the first check that
 * found the server still down, four times after the second and all others; and up to a tenth
 * more or less, by a uniform `random`, so that servers do not stay in step.
 */
int64_t server_check_pause_ms(int64_t interval_ms, unsigned fails, uint32_t random);

/* server_health.c: the background thread. */
void *health_main(void *registry);

/* server_check.c: one check, without ever blocking. Background thread. */
struct health_upgrade;
struct health_check {
	struct server *server;
	unsigned generation;            /* of the address */
	struct stream stream;           /* its fd is -1: it is over */
	bool has_asked;                 /* it is connected, and waits for an answer */
	bool is_web;                    /* the server is to be spoken to by WebSocket, */
	struct health_upgrade *upgrade; /* and has been asked for it; else NULL */
	size_t tries;                   /* addresses left to try */
	int64_t started_us, deadline_ms;
	int64_t timeout_ms;               /* for each address */
	enum proxy_header_version header; /* what it must send first */
	char probe[PACKET_STRING_LEN +
		   1]; /* the name to log in with; "": a connection will do */
	char why[256]; /* what was wrong with the last address */
};
/* Begins one; fd is -1 if it is over already. */
void health_check_start(struct health_check *check, struct server *server,
			const struct config *config);
/* Which events of poll(2) it waits for. */
short health_check_events(const struct health_check *check);
/* Goes on, as there are events or the deadline has passed. What it has shown is reported. */
void health_check_step(struct health_check *check);
/* Gives it up: it has shown nothing. */
void health_check_cancel(struct health_check *check);

/*
 * server_resolve.c: host names, each by a thread of its own, so that a name server that does
 * not answer holds up nobody. Resolves the name of that generation; a name without any address
 * is a failed check. One at a time a server (is_resolving). Any thread; registry.lock not held.
 */
#define SERVER_RESOLVE_EVERY_MS 60000 /* how long addresses are believed */
void health_resolve(struct server *server);

/*
 * server_pool.c: connections kept ready for hubs. All on the background thread; others only
 * take them.
 */
#define POOL_SIZE_MAX 64
/* Closes what has no business any more and dials what is missing. Returns until when it has
 * nothing more to do, at most until_ms. */
int64_t pool_tend(struct registry *registry, const struct config *config, int64_t until_ms);
/* How many connections there are; puts what they wait for into fds, if they have room. */
size_t pool_watch(struct registry *registry, struct pollfd *fds, size_t room);
/* Deals with what poll(2) has found since. */
void pool_look(struct registry *registry, const struct pollfd *fds, size_t n);
/* Closes all. */
void pool_close(struct registry *registry);
/* How long a connection is kept, by a uniform `random`: up to a fifth less than the most,
 * so that they are not all renewed at once. */
int64_t pool_age_ms(int64_t max_ms, uint32_t random);
/* How long a server that bears no waiting connections is left alone, after so long last time;
 * 0: never yet. */
int64_t pool_pause_ms(int64_t last_ms);

#endif
