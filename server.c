/* SPDX-License-Identifier: MIT */
/*
 * The registry of servers. Names and addresses are immutable; what changes (up or down,
 * resolved addresses) is guarded by registry.lock or atomic. Nothing here waits under the lock:
 * the background thread copies what it needs, waits without it, and reports back through
 * server_report() like every dial does.
 */
#include "server.h"

#include <bsd/string.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "net.h"
#include "text.h"

#define ADDRESSES_MAX      4
#define RESOLVE_EVERY_MS   60000 /* how long a host name's addresses are believed */
#define STOP_SLICE_MS      200   /* how often a round of checks looks whether to stop */
#define STOP_WAIT_MS       1000  /* how long a stop waits for the resolver */
#define SERVER_ADDRESS_MAX 300

/* Keys: I immutable once the registry has started, r registry.lock, a atomic. */
struct server {
	struct registry *registry;                /* I */
	const struct config_server *config;       /* I, NULL for the lobby */
	char address_text[SERVER_ADDRESS_MAX];    /* I */
	server_dial_fn *dial;                     /* I, the lobby's */
	void *dial_context;                       /* I */
	struct net_addr addresses[ADDRESSES_MAX]; /* r */
	size_t n_addresses;                       /* r */
	size_t preferred;                         /* r, index of the address to dial next */
	size_t misses;                            /* r, health checks failed in a row */
	int64_t resolved_ms;                      /* r, last attempt; 0 = never */
	int64_t changed_ms;                       /* r, when it last went up or down */
	bool reported;                            /* r, something is known about it */
	bool is_numeric;                          /* I */
	atomic_bool up;                           /* a, written under r */
	_Atomic int64_t up_since_ms;              /* a, written under r; 0: always */
	atomic_uint players;                      /* a */
};

struct registry {
	const struct config *config; /* I */
	struct server *servers;      /* I */
	struct server lobby;         /* I, present if lobby.dial is set */
	pthread_mutex_t lock;
	pthread_cond_t wake; /* with lock: stopping, has_ended, resolved_ms */
	bool stopping;       /* r */
	bool has_ended;      /* r, the thread has */
	bool running;        /* main thread only */
	pthread_t thread;    /* main thread only */
};

/* One connect of a round of health checks. */
struct check {
	struct server *server;
	int fd; /* -1 when settled */
};

static void server_init(struct server *server, struct registry *registry,
			const struct config_server *config)
{
	bool v6 = strchr(config->address, ':') != NULL;

	server->registry = registry;
	server->config = config;
	snprintf(server->address_text, sizeof(server->address_text), v6 ? "[%s]:%u" : "%s:%u",
		 config->address, config->port);
	server->is_numeric =
		net_addr_parse(&server->addresses[0], config->address, config->port);
	server->n_addresses = server->is_numeric ? 1 : 0;
	atomic_init(&server->up, true);
	atomic_init(&server->players, 0);
}

struct registry *registry_new(const struct config *config)
{
	struct registry *registry = calloc(1, sizeof(*registry));
	pthread_condattr_t attr;

	if (registry == NULL)
		return NULL;
	registry->servers = calloc(config->n_servers + 1, sizeof(*registry->servers));
	if (registry->servers == NULL) {
		free(registry);
		return NULL;
	}
	registry->config = config;
	for (size_t i = 0; i < config->n_servers; i++)
		server_init(&registry->servers[i], registry, &config->servers[i]);
	pthread_mutex_init(&registry->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&registry->wake, &attr);
	pthread_condattr_destroy(&attr);
	return registry;
}

void registry_set_lobby(struct registry *registry, server_dial_fn *dial, void *context)
{
	struct server *lobby = &registry->lobby;

	lobby->registry = registry;
	lobby->dial = dial;
	lobby->dial_context = context;
	strlcpy(lobby->address_text, "embedded", sizeof(lobby->address_text));
	atomic_init(&lobby->up, true);
	atomic_init(&lobby->players, 0);
}

/* Gives a server with a host name its addresses, unless they are fresh. Blocks; background
 * thread only. */
static void server_resolve(struct server *server)
{
	struct registry *registry = server->registry;
	struct net_addr found[ADDRESSES_MAX];
	char why[160];
	int64_t now = net_now_ms();
	size_t n;

	pthread_mutex_lock(&registry->lock);
	bool fresh = server->n_addresses > 0 && now - server->resolved_ms < RESOLVE_EVERY_MS;
	pthread_mutex_unlock(&registry->lock);
	if (server->is_numeric || fresh)
		return;
	n = net_resolve(found, ADDRESSES_MAX, server->config->address, server->config->port,
			why, sizeof(why));
	pthread_mutex_lock(&registry->lock);
	bool is_lost = n == 0 && server->n_addresses == 0;
	if (n > 0) {
		memcpy(server->addresses, found, n * sizeof(*found));
		server->n_addresses = n;
		server->preferred %= n;
	}
	server->resolved_ms = now;
	pthread_cond_broadcast(&registry->wake);
	pthread_mutex_unlock(&registry->lock);
	if (is_lost)
		server_report(server, false, why);
}

/* Counts a failed check; true when every address of the server has failed in turn. */
static bool has_missed_all(struct server *server)
{
	pthread_mutex_lock(&server->registry->lock);
	bool has = ++server->misses >= server->n_addresses;
	pthread_mutex_unlock(&server->registry->lock);
	return has;
}

static void check_failed(struct server *server, int error, const char *why)
{
	if (!server_fault_is_ours(error) && has_missed_all(server))
		server_report(server, false, why);
}

/* Ends a check: what the connect has come to by now goes to the registry. */
static void settle(struct check *check)
{
	char why[160];

	if (server_dial_finish(check->server, check->fd, net_now_ms(), why, sizeof(why)) == 0)
		server_report(check->server, true, NULL);
	else
		check_failed(check->server, errno, why);
	close(check->fd);
	check->fd = -1;
}

static bool is_stopping(struct registry *registry)
{
	pthread_mutex_lock(&registry->lock);
	bool stopping = registry->stopping;
	pthread_mutex_unlock(&registry->lock);
	return stopping;
}

/* Waits a little for the connects that are still open, together, and settles those that have an
 * answer. Returns how many are left. */
static size_t poll_checks(struct check *checks, struct pollfd *fds, size_t n,
			  int64_t deadline_ms)
{
	int64_t left_ms = deadline_ms - net_now_ms();
	int slice_ms = (int)(left_ms < 0               ? 0
			     : left_ms < STOP_SLICE_MS ? left_ms
						       : STOP_SLICE_MS);
	size_t open = 0;

	for (size_t i = 0; i < n; i++)
		fds[i] = (struct pollfd){.fd = checks[i].fd, .events = POLLOUT};
	if (poll(fds, n, slice_ms) < 0)
		return n;
	for (size_t i = 0; i < n; i++) {
		if (checks[i].fd >= 0 && fds[i].revents != 0)
			settle(&checks[i]);
		if (checks[i].fd >= 0)
			open++;
	}
	return open;
}

/* Waits for all connects together; whoever has no answer by the deadline is down. */
static void await_checks(struct registry *registry, struct check *checks, struct pollfd *fds,
			 size_t n, int64_t deadline_ms)
{
	size_t open = n;

	while (open > 0 && net_now_ms() < deadline_ms && !is_stopping(registry))
		open = poll_checks(checks, fds, n, deadline_ms);
	for (size_t i = 0; i < n; i++) {
		if (checks[i].fd >= 0 && is_stopping(registry))
			close(checks[i].fd); /* it may still have answered in time */
		else if (checks[i].fd >= 0)
			settle(&checks[i]);
	}
}

/* One round: servers with players are proven alive by their links and are left alone. */
static void check_health(struct registry *registry, struct check *checks, struct pollfd *fds)
{
	int64_t deadline_ms;
	char why[160];
	size_t n = 0;

	for (size_t i = 0; i < registry->config->n_servers && !is_stopping(registry); i++)
		server_resolve(&registry->servers[i]);
	deadline_ms = net_deadline_ms(registry->config->connect_timeout_ms);
	for (size_t i = 0; i < registry->config->n_servers; i++) {
		struct server *server = &registry->servers[i];

		if (server_players(server) > 0 && server_is_up(server))
			continue;
		checks[n].server = server;
		checks[n].fd = server_dial_start(server, why, sizeof(why));
		if (checks[n].fd >= 0)
			n++;
		else
			check_failed(server, errno, why);
	}
	await_checks(registry, checks, fds, n, deadline_ms);
}

/* Sleeps one interval; true when the registry is stopping. */
static bool wait_interval(struct registry *registry)
{
	int64_t until_ms = net_now_ms() + registry->config->health_interval_ms;
	struct timespec until = net_timespec(until_ms);
	int error = 0;

	pthread_mutex_lock(&registry->lock);
	while (!registry->stopping && error != ETIMEDOUT)
		error = pthread_cond_timedwait(&registry->wake, &registry->lock, &until);
	bool stopping = registry->stopping;
	pthread_mutex_unlock(&registry->lock);
	return stopping;
}

static void *health_main(void *argument)
{
	struct registry *registry = argument;
	size_t n = registry->config->n_servers;
	struct check *checks = calloc(n, sizeof(*checks));
	struct pollfd *fds = calloc(n, sizeof(*fds));

	if (checks == NULL || fds == NULL) {
		log_error("no memory for health checks: servers are tried only when players "
			  "join");
	} else {
		do
			check_health(registry, checks, fds);
		while (!wait_interval(registry));
	}
	free(checks);
	free(fds);
	pthread_mutex_lock(&registry->lock);
	registry->has_ended = true;
	pthread_cond_broadcast(&registry->wake);
	pthread_mutex_unlock(&registry->lock);
	return NULL;
}

bool registry_start(struct registry *registry)
{
	if (registry->config->n_servers == 0)
		return true;
	registry->running = pthread_create(&registry->thread, NULL, health_main, registry) == 0;
	return registry->running;
}

bool registry_stop(struct registry *registry)
{
	struct timespec until = net_timespec(net_now_ms() + STOP_WAIT_MS);
	int error = 0;

	if (registry == NULL || !registry->running)
		return true;
	pthread_mutex_lock(&registry->lock);
	registry->stopping = true;
	pthread_cond_broadcast(&registry->wake);
	while (!registry->has_ended && error != ETIMEDOUT)
		error = pthread_cond_timedwait(&registry->wake, &registry->lock, &until);
	bool has_ended = registry->has_ended;
	pthread_mutex_unlock(&registry->lock);
	if (!has_ended)
		return false;
	pthread_join(registry->thread, NULL);
	registry->running = false;
	return true;
}

void registry_free(struct registry *registry)
{
	if (registry == NULL || !registry_stop(registry))
		return;
	pthread_cond_destroy(&registry->wake);
	pthread_mutex_destroy(&registry->lock);
	free(registry->servers);
	free(registry);
}

size_t registry_count(const struct registry *registry)
{
	return registry->config->n_servers;
}

struct server *registry_server(const struct registry *registry, size_t index)
{
	return &registry->servers[index];
}

struct server *registry_lobby(const struct registry *registry)
{
	/* the registry is ours; const only says that looking changes nothing */
	return registry->lobby.dial != NULL ? &registry->lobby.registry->lobby : NULL;
}

size_t registry_hub_count(const struct registry *registry)
{
	return registry->config->n_hubs;
}

struct server *registry_hub(const struct registry *registry, size_t index)
{
	return &registry->servers[registry->config->hubs[index]];
}

bool registry_is_hub(const struct registry *registry, const struct server *server)
{
	for (size_t i = 0; i < registry_hub_count(registry); i++)
		if (registry_hub(registry, i) == server)
			return true;
	return false;
}

/* Server `index`, with the lobby behind the linked ones; NULL at the end. */
static struct server *server_at(const struct registry *registry, size_t index)
{
	if (index < registry_count(registry))
		return registry_server(registry, index);
	return index == registry_count(registry) ? registry_lobby(registry) : NULL;
}

enum registry_match registry_find(const struct registry *registry, const char *name,
				  struct server **out, char *candidates, size_t size)
{
	size_t length = strlen(name), matches = 0;
	struct text_list list;
	struct server *server;

	text_list_begin(&list, candidates, size);
	for (size_t i = 0; (server = server_at(registry, i)) != NULL; i++) {
		if (strcasecmp(server_name(server), name) == 0) {
			*out = server;
			return REGISTRY_FOUND;
		}
	}
	for (size_t i = 0; length > 0 && (server = server_at(registry, i)) != NULL; i++) {
		if (strncasecmp(server_name(server), name, length) != 0)
			continue;
		*out = server;
		matches++;
		text_list_add(&list, server_name(server));
	}
	if (matches == 1)
		return REGISTRY_FOUND;
	for (size_t i = 0; matches == 0 && (server = server_at(registry, i)) != NULL; i++)
		text_list_add(&list, server_name(server));
	text_list_end(&list);
	return matches > 1 ? REGISTRY_AMBIGUOUS : REGISTRY_UNKNOWN;
}

const char *server_name(const struct server *server)
{
	return server->config != NULL ? server->config->name : "lobby";
}

const char *server_address(const struct server *server)
{
	return server->address_text;
}

size_t server_index(const struct server *server)
{
	const struct registry *registry = server->registry;

	return server_is_lobby(server) ? registry_count(registry)
				       : (size_t)(server - registry->servers);
}

bool server_is_lobby(const struct server *server)
{
	return server->config == NULL;
}

bool server_is_up(const struct server *server)
{
	return atomic_load(&server->up);
}

int64_t server_up_since_ms(const struct server *server)
{
	return atomic_load(&server->up_since_ms);
}

static bool has_common_address_locked(const struct server *a, const struct server *b)
{
	for (size_t i = 0; i < a->n_addresses; i++)
		for (size_t j = 0; j < b->n_addresses; j++)
			if (net_addr_is_same(&a->addresses[i], &b->addresses[j]))
				return true;
	return false;
}

bool server_is_same_place(const struct server *a, const struct server *b)
{
	if (a == b || server_is_lobby(a) || server_is_lobby(b))
		return a == b;
	if (strcasecmp(a->address_text, b->address_text) == 0)
		return true;
	pthread_mutex_lock(&a->registry->lock);
	bool is_same = has_common_address_locked(a, b);
	pthread_mutex_unlock(&a->registry->lock);
	return is_same;
}

unsigned server_players(const struct server *server)
{
	return atomic_load(&server->players);
}

void server_player_joined(struct server *server)
{
	atomic_fetch_add(&server->players, 1);
}

void server_player_left(struct server *server)
{
	atomic_fetch_sub(&server->players, 1);
}

bool server_fault_is_ours(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS;
}

/* Says what errno means, keeps it, and has the next dial try the next address. */
static void explain_fault(struct server *server, char *why, size_t why_size)
{
	int error = errno;
	char text[96];

	if (server_fault_is_ours(error))
		strlcpy(why, "Kurafuto is full, try again later", why_size);
	else if (error == ETIMEDOUT)
		strlcpy(why, "no answer in time", why_size);
	else
		strlcpy(why, strerror_r(error, text, sizeof(text)), why_size);
	pthread_mutex_lock(&server->registry->lock);
	if (server->n_addresses > 0)
		server->preferred = (server->preferred + 1) % server->n_addresses;
	pthread_mutex_unlock(&server->registry->lock);
	errno = error;
}

size_t server_address_count(struct server *server)
{
	pthread_mutex_lock(&server->registry->lock);
	size_t n = server->n_addresses;
	pthread_mutex_unlock(&server->registry->lock);
	return n > 0 ? n : 1;
}

void server_await_address(struct server *server, int64_t deadline_ms)
{
	struct registry *registry = server->registry;
	struct timespec until = net_timespec(deadline_ms);
	int error = 0;

	pthread_mutex_lock(&registry->lock);
	while (!server_is_lobby(server) && !server->is_numeric && server->resolved_ms == 0 &&
	       error != ETIMEDOUT)
		error = pthread_cond_timedwait(&registry->wake, &registry->lock, &until);
	pthread_mutex_unlock(&registry->lock);
}

int server_dial_start(struct server *server, char *why, size_t why_size)
{
	struct net_addr address;
	int fd;

	if (server->dial != NULL) {
		fd = server->dial(server->dial_context);
	} else {
		pthread_mutex_lock(&server->registry->lock);
		size_t n = server->n_addresses;
		if (n > 0)
			address = server->addresses[server->preferred];
		pthread_mutex_unlock(&server->registry->lock);
		if (n == 0) {
			snprintf(why, why_size, "the address of %s is not known",
				 server->config->address);
			errno = EHOSTUNREACH;
			return -1;
		}
		fd = net_connect_start(&address);
	}
	if (fd < 0)
		explain_fault(server, why, why_size);
	return fd;
}

int server_dial_finish(struct server *server, int fd, int64_t deadline_ms, char *why,
		       size_t why_size)
{
	if (server->dial != NULL || net_connect_finish(fd, deadline_ms) == 0)
		return 0;
	explain_fault(server, why, why_size);
	return -1;
}

void server_report(struct server *server, bool works, const char *why)
{
	struct registry *registry = server->registry;
	int64_t now = net_now_ms();
	bool news = false, first = false;
	int64_t lasted_s = 0;

	if (server_is_lobby(server))
		return;
	pthread_mutex_lock(&registry->lock);
	if (works)
		server->misses = 0;
	if (server->reported == false || atomic_load(&server->up) != works) {
		first = !server->reported;
		news = !first || !works;
		lasted_s = (now - server->changed_ms) / 1000;
		server->reported = true;
		server->changed_ms = now;
		atomic_store(&server->up, works);
		if (news && works)
			atomic_store(&server->up_since_ms, now);
	}
	pthread_mutex_unlock(&registry->lock);
	if (first && works)
		log_debug("server %s (%s) is up", server_name(server), server_address(server));
	else if (news && works)
		log_info("server %s (%s) is up again after %lld s", server_name(server),
			 server_address(server), (long long)lasted_s);
	else if (news)
		log_warn("server %s (%s) is down: %s", server_name(server),
			 server_address(server), why);
}
