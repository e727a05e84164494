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

#define ADDRESSES_MAX      4
#define RESOLVE_EVERY_MS   60000 /* how long a host name's addresses are believed */
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
	int64_t resolved_ms;                      /* r, 0 = never */
	int64_t changed_ms;                       /* r, when it last went up or down */
	bool reported;                            /* r, something is known about it */
	bool is_numeric;                          /* I */
	atomic_bool up;                           /* a, written under r */
	atomic_uint players;                      /* a */
};

struct registry {
	const struct config *config; /* I */
	struct server *servers;      /* I */
	struct server lobby;         /* I, present if lobby.dial is set */
	pthread_mutex_t lock;
	pthread_cond_t wake; /* with lock: stopping has changed */
	bool stopping;       /* r */
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
	if (n == 0) {
		server_report(server, false, why);
		return;
	}
	pthread_mutex_lock(&registry->lock);
	memcpy(server->addresses, found, n * sizeof(*found));
	server->n_addresses = n;
	server->preferred %= n;
	server->resolved_ms = now;
	pthread_mutex_unlock(&registry->lock);
}

/* Settles every check whose connect has an answer; returns how many are still open. */
static size_t settle_checks(struct check *checks, const struct pollfd *fds, size_t n)
{
	size_t open = 0;

	for (size_t i = 0; i < n; i++) {
		char why[160];

		if (checks[i].fd < 0)
			continue;
		if (fds[i].revents == 0) {
			open++;
			continue;
		}
		bool works = server_dial_finish(checks[i].server, checks[i].fd, net_now_ms(),
						why, sizeof(why)) == 0;
		if (works)
			server_report(checks[i].server, true, NULL);
		close(checks[i].fd);
		checks[i].fd = -1;
	}
	return open;
}

/* Waits for all connects together; whoever has no answer by the deadline is down. */
static void await_checks(struct check *checks, struct pollfd *fds, size_t n,
			 int64_t deadline_ms)
{
	char why[160];
	size_t open = n;

	while (open > 0) {
		int64_t left = deadline_ms - net_now_ms();

		for (size_t i = 0; i < n; i++)
			fds[i] = (struct pollfd){.fd = checks[i].fd, .events = POLLOUT};
		if (left <= 0 || (poll(fds, n, (int)left) < 0 && errno != EINTR))
			break;
		open = settle_checks(checks, fds, n);
	}
	for (size_t i = 0; i < n; i++) {
		if (checks[i].fd < 0)
			continue;
		server_dial_finish(checks[i].server, checks[i].fd, 0, why, sizeof(why));
		close(checks[i].fd);
	}
}

/* One round: servers with players are proven alive by their links and are left alone. */
static void check_health(struct registry *registry, struct check *checks, struct pollfd *fds)
{
	int64_t deadline_ms = net_deadline_ms(registry->config->connect_timeout_ms);
	char why[160];
	size_t n = 0;

	for (size_t i = 0; i < registry->config->n_servers; i++) {
		struct server *server = &registry->servers[i];

		server_resolve(server);
		if (server_players(server) > 0 && server_is_up(server))
			continue;
		checks[n].server = server;
		checks[n].fd = server_dial_start(server, why, sizeof(why));
		if (checks[n].fd >= 0)
			n++;
	}
	await_checks(checks, fds, n, deadline_ms);
}

/* Sleeps one interval; true when the registry is stopping. */
static bool wait_interval(struct registry *registry)
{
	int64_t until_ms = net_now_ms() + registry->config->health_interval_ms;
	struct timespec until = {.tv_sec = until_ms / 1000,
				 .tv_nsec = until_ms % 1000 * 1000000};
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
		log_error("no memory for health checks: servers are only checked when players "
			  "join them");
	} else {
		do
			check_health(registry, checks, fds);
		while (!wait_interval(registry));
	}
	free(checks);
	free(fds);
	return NULL;
}

bool registry_start(struct registry *registry)
{
	if (registry->config->n_servers == 0)
		return true;
	registry->running = pthread_create(&registry->thread, NULL, health_main, registry) == 0;
	return registry->running;
}

void registry_stop(struct registry *registry)
{
	if (!registry->running)
		return;
	pthread_mutex_lock(&registry->lock);
	registry->stopping = true;
	pthread_cond_signal(&registry->wake);
	pthread_mutex_unlock(&registry->lock);
	pthread_join(registry->thread, NULL);
	registry->running = false;
}

void registry_free(struct registry *registry)
{
	if (registry == NULL)
		return;
	registry_stop(registry);
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

/* Adds a name to a comma-separated list. */
static void list_add(char *list, size_t size, const char *name)
{
	if (list[0] != '\0')
		strlcat(list, ", ", size);
	strlcat(list, name, size);
}

enum registry_match registry_find(const struct registry *registry, const char *name,
				  struct server **out, char *candidates, size_t size)
{
	size_t length = strlen(name), matches = 0;
	struct server *server;

	candidates[0] = '\0';
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
		list_add(candidates, size, server_name(server));
	}
	if (matches == 1)
		return REGISTRY_FOUND;
	if (matches > 1)
		return REGISTRY_AMBIGUOUS;
	for (size_t i = 0; (server = server_at(registry, i)) != NULL; i++)
		list_add(candidates, size, server_name(server));
	return REGISTRY_UNKNOWN;
}

const char *server_name(const struct server *server)
{
	return server->config != NULL ? server->config->name : "lobby";
}

const char *server_address(const struct server *server)
{
	return server->address_text;
}

bool server_is_lobby(const struct server *server)
{
	return server->config == NULL;
}

bool server_is_up(const struct server *server)
{
	return atomic_load(&server->up);
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

/* Says what errno means and passes it on as a fault of the server. */
static void dial_failed(struct server *server, int error, char *why, size_t why_size)
{
	bool is_full = error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS;
	char text[96];

	if (is_full)
		strlcpy(why, "Kurafuto is full, try again later", why_size);
	else if (error == ETIMEDOUT)
		strlcpy(why, "no answer in time", why_size);
	else
		strlcpy(why, strerror_r(error, text, sizeof(text)), why_size);
	if (is_full || server_is_lobby(server))
		return; /* our own trouble, not the server's */
	pthread_mutex_lock(&server->registry->lock);
	if (server->n_addresses > 0)
		server->preferred = (server->preferred + 1) % server->n_addresses;
	pthread_mutex_unlock(&server->registry->lock);
	server_report(server, false, why);
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
			snprintf(why, why_size, "the address of %s is not known yet",
				 server->config->address);
			return -1;
		}
		fd = net_connect_start(&address);
	}
	if (fd < 0)
		dial_failed(server, errno, why, why_size);
	return fd;
}

int server_dial_finish(struct server *server, int fd, int64_t deadline_ms, char *why,
		       size_t why_size)
{
	if (server->dial != NULL || net_connect_finish(fd, deadline_ms) == 0)
		return 0;
	dial_failed(server, errno, why, why_size);
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
	if (server->reported == false || atomic_load(&server->up) != works) {
		first = !server->reported;
		news = !first || !works;
		lasted_s = (now - server->changed_ms) / 1000;
		server->reported = true;
		server->changed_ms = now;
		atomic_store(&server->up, works);
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
