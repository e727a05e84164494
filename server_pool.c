/* SPDX-License-Identifier: MIT */
/*
 * Connections to hubs that are kept ready, so that a join need not wait for the dial
 * (`pool.size`, `pool.max-age-s`). The background thread dials, renews and drops them; a player
 * who joins takes the youngest one that is still silent and open. The one idea: a pool may be
 * wrong about everything, since whoever takes a connection looks again, and dials if there is
 * none. A server that closes connections which say nothing is therefore no trouble: they are
 * renewed before it would, or if it does so at once, it is tried with one now and then.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"
#include "server_private.h"

#define STEADY_MS    3000 /* a server that keeps a connection for so long bears waiting ones */
#define FORGET_MS    600000 /* after so long, how long it does is to be seen anew */
#define PAUSE_MIN_MS 1000   /* after one that it does not, none for so long, */
#define PAUSE_MAX_MS 60000  /* and twice as long each time, up to this */
#define SPARE_MS     5000   /* none for anybody so long after there was no descriptor for one */

struct pool_connection {
	int fd;
	bool is_ready; /* else it is being dialled */
	int64_t born_ms;
	int64_t until_ms; /* when its dial has taken too long, or it is too old */
	uint32_t age;     /* random: how much younger it must go */
	size_t slot;      /* its place among those that poll(2) waited for last */
};

/* Of one server. Keys: r registry.lock, h background thread only. */
struct pool {
	struct pool_connection connections[POOL_SIZE_MAX]; /* r, oldest first */
	size_t n;                                          /* r */
	unsigned generation;  /* r, the server's, when they were dialled */
	size_t wanted;        /* h */
	int64_t pause_ms;     /* h, 0, or how long the server was left alone last, */
	int64_t not_until_ms; /* h, and when that is over */
	bool has_complained;  /* h */
	int64_t life_ms;      /* h, at which age the server closes them; 0: at none, it seems */
	int64_t life_until_ms; /* h, when that is forgotten */
	bool is_back;          /* h, one was made since that was seen */
	bool has_told;         /* h, of it */
};

int64_t pool_age_ms(int64_t max_ms, uint32_t random)
{
	return max_ms - random % (max_ms / 5 + 1);
}

/* How old a connection may become: it must go well before the server closes it. */
static int64_t most_ms(const struct pool *pool, const struct config *config)
{
	int64_t max_ms = (int64_t)config->pool_max_age_s * 1000,
		safe_ms = pool->life_ms * 3 / 4;

	return safe_ms > 0 && safe_ms < max_ms ? safe_ms : max_ms;
}

int64_t pool_pause_ms(int64_t last_ms)
{
	int64_t pause_ms = last_ms == 0 ? PAUSE_MIN_MS : 2 * last_ms;

	return pause_ms < PAUSE_MAX_MS ? pause_ms : PAUSE_MAX_MS;
}

/* Alive, and the server has said nothing yet. */
static bool is_silent(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

static void remove_locked(struct pool *pool, size_t i)
{
	pool->n--;
	memmove(&pool->connections[i], &pool->connections[i + 1],
		(pool->n - i) * sizeof(pool->connections[0]));
}

static void drop_locked(struct pool *pool, size_t i)
{
	close(pool->connections[i].fd);
	remove_locked(pool, i);
}

static void drop_all_locked(struct pool *pool)
{
	while (pool->n > 0)
		drop_locked(pool, pool->n - 1);
	pool->pause_ms = pool->not_until_ms = pool->life_ms = 0;
}

/* Begins anew, at the address that the server has now. */
static void follow_locked(struct server *server)
{
	struct pool *pool = server->pool;

	if (pool->generation == server->generation)
		return;
	drop_all_locked(pool);
	pool->generation = server->generation;
	pool->has_complained = pool->has_told = false;
}

/* ---- players ---- */

/* The youngest that is ready, not the pool's any more; -1: none. */
static int pop_ready(struct server *server)
{
	struct registry *registry = server->registry;
	int fd = -1;

	pthread_mutex_lock(&registry->lock);
	struct pool *pool = server->pool;
	size_t i = pool != NULL && pool->generation == server->generation ? pool->n : 0;
	while (fd < 0 && i-- > 0) {
		if (!pool->connections[i].is_ready)
			continue;
		fd = pool->connections[i].fd;
		remove_locked(pool, i);
	}
	pthread_mutex_unlock(&registry->lock);
	return fd;
}

int server_take_ready(struct server *server)
{
	int fd = pop_ready(server);

	if (fd < 0)
		return -1;
	while (fd >= 0 && !is_silent(fd)) {
		close(fd);
		fd = pop_ready(server);
	}
	registry_kick(server->registry); /* the next player wants one, too */
	return fd;
}

/* ---- the background thread ---- */

static bool is_hub(const struct config *config, const struct server *server)
{
	bool is_hub = registry_is_hub(config, &config->hubs, server);

	for (size_t i = 0; !is_hub && i < config->n_listeners; i++)
		is_hub = registry_is_hub(config, &config->listeners[i].hubs, server);
	return is_hub;
}

/* How many connections a server should have. None if the first bytes of each say who the player
 * is: it would wait for them, and complain. */
static size_t wanted_locked(const struct server *server, const struct config *config)
{
	const struct config_server *row = server_config(server, config);
	size_t size = config->pool_size < POOL_SIZE_MAX ? config->pool_size : POOL_SIZE_MAX;

	return size > 0 && row != NULL && row->weight > 0 &&
			       row->forward == CONFIG_FORWARD_NONE && server->n_addresses > 0 &&
			       atomic_load(&server->is_linked) && server_is_up(server) &&
			       server_mode(server) == SERVER_READY && is_hub(config, server)
		       ? size
		       : 0;
}

/* A connection has come to nothing: the server is left alone for a while, and if it does not
 * bear waiting ones at all, for longer each time. */
static void suffer(struct pool *pool, bool was_young)
{
	int64_t now_ms = net_now_ms();

	if (now_ms < pool->not_until_ms)
		return; /* it has just been said of another one */
	if (was_young)
		pool->pause_ms = pool_pause_ms(pool->pause_ms);
	pool->not_until_ms =
		now_ms + (pool->pause_ms > PAUSE_MIN_MS ? pool->pause_ms : PAUSE_MIN_MS);
}

/* The server has closed a connection, or spoken first, at that age. */
static void learn(struct pool *pool, int64_t age_ms)
{
	bool is_young = age_ms < STEADY_MS;

	suffer(pool, is_young);
	if (is_young)
		return;
	if (pool->life_ms == 0 || age_ms < pool->life_ms)
		pool->life_ms = age_ms;
	pool->life_until_ms = net_now_ms() + FORGET_MS;
	pool->is_back = false;
}

/* What is too old goes, and what has not been dialled in time. */
static void expire_locked(struct pool *pool, const struct config *config)
{
	int64_t now_ms = net_now_ms();

	if (now_ms >= pool->life_until_ms)
		pool->life_ms = 0;
	for (size_t i = pool->n; i-- > 0;) {
		struct pool_connection *one = &pool->connections[i];
		bool is_ready = one->is_ready;

		if (is_ready)
			one->until_ms =
				one->born_ms + pool_age_ms(most_ms(pool, config), one->age);
		if (now_ms < one->until_ms)
			continue;
		drop_locked(pool, i);
		if (is_ready)
			pool->pause_ms = 0; /* the server has borne it as long as it is kept */
		else
			suffer(pool, true);
	}
}

/* Has the server proven that it bears waiting connections. */
static void forgive_locked(struct pool *pool)
{
	int64_t now_ms = net_now_ms();

	for (size_t i = 0; i < pool->n; i++)
		if (pool->connections[i].is_ready &&
		    now_ms - pool->connections[i].born_ms >= STEADY_MS)
			pool->pause_ms = 0;
}

/* Drops what must go, and works out how many there should be. */
static void prune_locked(struct server *server, const struct config *config)
{
	struct pool *pool = server->pool;
	size_t wanted = wanted_locked(server, config);

	follow_locked(server);
	if (wanted == 0)
		drop_all_locked(pool);
	expire_locked(pool, config);
	while (pool->n > wanted)
		drop_locked(pool, 0);
	forgive_locked(pool);
	pool->wanted = pool->pause_ms > 0 && wanted > 1 ? 1 : wanted; /* one tells enough */
}

/* When there is something to do about a pool again. */
static int64_t next_look_locked(const struct pool *pool)
{
	int64_t next_ms = pool->n < pool->wanted ? pool->not_until_ms : NET_FOREVER;

	for (size_t i = 0; i < pool->n; i++) {
		const struct pool_connection *one = &pool->connections[i];
		int64_t steady_ms = one->born_ms + STEADY_MS;

		if (one->until_ms < next_ms)
			next_ms = one->until_ms;
		if (one->is_ready && pool->pause_ms > 0 && steady_ms < next_ms)
			next_ms = steady_ms;
	}
	return next_ms;
}

/* We are short of descriptors or memory: players need them more than pools do. */
static void spare(struct registry *registry)
{
	int64_t until_ms = net_now_ms() + SPARE_MS;
	struct server *server;

	pthread_mutex_lock(&registry->lock);
	TAILQ_FOREACH (server, &registry->servers, entries) {
		struct pool *pool = server->pool;

		if (pool == NULL)
			continue;
		while (pool->n > 0)
			drop_locked(pool, pool->n - 1);
		if (pool->not_until_ms < until_ms)
			pool->not_until_ms = until_ms;
	}
	pthread_mutex_unlock(&registry->lock);
}

/* Puts a new connection into the pool, unless the server has moved meanwhile. */
static bool add_locked(struct server *server, unsigned generation, int fd, int64_t timeout_ms)
{
	struct pool *pool = server->pool;

	if (server->generation != generation || pool->n == POOL_SIZE_MAX)
		return false;
	pool->connections[pool->n++] = (struct pool_connection){
		.fd = fd,
		.born_ms = net_now_ms(),
		.until_ms = net_now_ms() + timeout_ms,
		.age = arc4random(),
		.slot = SIZE_MAX,
	};
	return true;
}

/* Starts to dial one; false if that is no use now. */
static bool dial(struct server *server, const struct config *config)
{
	struct registry *registry = server->registry;
	unsigned generation = server_generation(server);
	char why[128];
	int fd = server_connect_start(server, why, sizeof(why));

	if (fd < 0 && server_fault_is_ours(errno))
		spare(registry);
	else if (fd < 0)
		suffer(server->pool, true);
	if (fd < 0)
		return false;
	pthread_mutex_lock(&registry->lock);
	bool is_kept = add_locked(server, generation, fd, config->connect_timeout_ms);
	pthread_mutex_unlock(&registry->lock);
	if (!is_kept)
		close(fd);
	return is_kept;
}

static void complain(const struct server *server)
{
	struct pool *pool = server->pool;

	if (pool->life_ms > 0 && pool->is_back && !pool->has_told) {
		pool->has_told = true;
		log_info("server %s closes connections that say nothing after %lld s: those "
			 "of the pool are renewed before that",
			 server_name(server), (long long)pool->life_ms / 1000);
	}
	if (pool->pause_ms < PAUSE_MAX_MS || pool->has_complained)
		return;
	pool->has_complained = true;
	log_info("server %s keeps no connection that says nothing: the pool is no use to it",
		 server_name(server));
}

/* Sees to one server's pool; returns when to do so again. */
static int64_t tend(struct server *server, const struct config *config)
{
	struct registry *registry = server->registry;

	pthread_mutex_lock(&registry->lock);
	if (server->pool == NULL && wanted_locked(server, config) > 0)
		server->pool = calloc(1, sizeof(*server->pool));
	struct pool *pool = server->pool;
	if (pool != NULL)
		prune_locked(server, config);
	size_t missing = pool != NULL && pool->wanted > pool->n ? pool->wanted - pool->n : 0;
	pthread_mutex_unlock(&registry->lock);
	if (pool == NULL)
		return NET_FOREVER;
	while (missing > 0 && net_now_ms() >= pool->not_until_ms && dial(server, config))
		missing--;
	complain(server);
	pthread_mutex_lock(&registry->lock);
	int64_t next_ms = next_look_locked(pool);
	pthread_mutex_unlock(&registry->lock);
	return next_ms;
}

/* Servers are never taken off the list. */
static struct server *next_server(struct registry *registry, struct server *server)
{
	pthread_mutex_lock(&registry->lock);
	struct server *next =
		server == NULL ? TAILQ_FIRST(&registry->servers) : TAILQ_NEXT(server, entries);
	pthread_mutex_unlock(&registry->lock);
	return next;
}

int64_t pool_tend(struct registry *registry, const struct config *config, int64_t until_ms)
{
	struct server *server = NULL;

	while ((server = next_server(registry, server)) != NULL) {
		int64_t next_ms = tend(server, config);

		if (next_ms < until_ms)
			until_ms = next_ms;
	}
	return until_ms;
}

size_t pool_watch(struct registry *registry, struct pollfd *fds, size_t room)
{
	const struct server *server;
	size_t n = 0;

	pthread_mutex_lock(&registry->lock);
	TAILQ_FOREACH (server, &registry->servers, entries)
		for (size_t i = 0; server->pool != NULL && i < server->pool->n; i++, n++) {
			struct pool_connection *one = &server->pool->connections[i];

			one->slot = n;
			if (n < room)
				fds[n] = (struct pollfd){
					.fd = one->fd,
					.events = one->is_ready ? POLLIN | POLLRDHUP : POLLOUT,
				};
		}
	pthread_mutex_unlock(&registry->lock);
	return n < room || room == 0 ? n : room;
}

/* Something has happened to a connection: it is made, or it is no good. */
static void settle_locked(struct server *server, size_t i)
{
	struct pool *pool = server->pool;
	struct pool_connection *one = &pool->connections[i];
	int64_t now_ms = net_now_ms();

	if (pool->generation != server->generation)
		return; /* they all go in a moment, and tell nothing of the new address */
	if (one->is_ready && is_silent(one->fd))
		return;
	if (!one->is_ready && net_connect_finish(one->fd, now_ms) == 0) {
		one->is_ready = true;
		one->born_ms = now_ms;
		pool->is_back = true;
		return;
	}
	if (!one->is_ready)
		server_turn_address_locked(server);
	learn(pool, one->is_ready ? now_ms - one->born_ms : 0);
	drop_locked(pool, i);
}

void pool_look(struct registry *registry, const struct pollfd *fds, size_t n)
{
	struct server *server;

	pthread_mutex_lock(&registry->lock);
	TAILQ_FOREACH (server, &registry->servers, entries)
		for (size_t i = server->pool != NULL ? server->pool->n : 0; i-- > 0;) {
			size_t slot = server->pool->connections[i].slot;

			if (slot < n && fds[slot].revents != 0)
				settle_locked(server, i);
		}
	pthread_mutex_unlock(&registry->lock);
}

void pool_close(struct registry *registry)
{
	struct server *server;

	pthread_mutex_lock(&registry->lock);
	TAILQ_FOREACH (server, &registry->servers, entries)
		if (server->pool != NULL)
			drop_all_locked(server->pool);
	pthread_mutex_unlock(&registry->lock);
}
