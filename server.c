/* SPDX-License-Identifier: MIT */
/*
 * The registry of servers: names, facts and dials. All is guarded by registry.lock or atomic;
 * a name that has become another's spelling is kept. Nothing here waits under the lock. The one
 * idea: a server is found again by its name and outlives all configurations, so whoever has a
 * pointer to one keeps it.
 */
#include "server.h"

#include <bsd/string.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "config_current.h"
#include "log.h"
#include "messages.h"
#include "net.h"
#include "server_private.h"
#include "text.h"

#define STOP_WAIT_MS 1000 /* how long a stop waits for resolvers */

/* Knows nothing about the server at its address, and believes that it is up. */
static void forget_locked(struct server *server)
{
	server->n_addresses = server->preferred = 0;
	server->resolved_ms = server->checked_ms = server->next_check_ms = 0;
	server->is_resolving = server->is_checking = server->is_suspect = false;
	server->misses = server->link_misses = server->login_misses = server->hits = 0;
	server->fails = server->relapses = 0;
	server->changed_ms = 0;
	server->reported = false;
	server->latency_us = -1;
	atomic_store(&server->up, true);
	atomic_store(&server->up_since_ms, 0);
}

/* Gives a server the address of its configuration. What the old one has shown does not count
 * any more, nor what is still on its way to it; players who are on their way keep theirs. */
static void set_address_locked(struct server *server, const struct config_server *config)
{
	if (strcmp(server->host, config->address) == 0 && server->port == config->port)
		return;
	forget_locked(server);
	strlcpy(server->host, config->address, sizeof(server->host));
	server->port = config->port;
	server->generation++;
	server->is_numeric =
		net_addr_parse(&server->addresses[0], config->address, config->port);
	server->n_addresses = server->is_numeric ? 1 : 0;
}

static struct server *find_locked(const struct registry *registry, const char *name)
{
	struct server *server;

	TAILQ_FOREACH (server, &registry->servers, entries)
		if (strcasecmp(server_name(server), name) == 0)
			return server;
	return NULL;
}

static void init_server(struct server *server, struct registry *registry)
{
	server->registry = registry;
	forget_locked(server); /* nobody else knows it yet */
	atomic_init(&server->is_draining, false);
	atomic_init(&server->is_in_maintenance, false);
	atomic_init(&server->is_emptying, false);
	atomic_init(&server->is_linked, false);
}

/* Gives a server a name, or another spelling of it. False without memory: all is as before. */
static bool set_name_locked(struct server *server, const char *name)
{
	struct server_spelling *new = calloc(1, sizeof(*new));

	if (new == NULL)
		return false;
	strlcpy(new->text, name, sizeof(new->text));
	SLIST_INSERT_HEAD(&server->names, new, entries);
	atomic_store(&server->name, new->text);
	return true;
}

static void free_server(struct server *server)
{
	struct server_spelling *name;

	while ((name = SLIST_FIRST(&server->names)) != NULL) {
		SLIST_REMOVE_HEAD(&server->names, entries);
		free(name);
	}
	free(server->pool);
	free(server);
}

/* A server that has not been seen before. NULL without memory. */
static struct server *add_server_locked(struct registry *registry, const char *name)
{
	struct server *server = calloc(1, sizeof(*server));

	if (server == NULL)
		return NULL;
	init_server(server, registry);
	if (!set_name_locked(server, name)) {
		free(server);
		return NULL;
	}
	server->index = registry->n_servers++;
	TAILQ_INSERT_TAIL(&registry->servers, server, entries);
	return server;
}

struct registry *registry_new(void)
{
	struct registry *registry = calloc(1, sizeof(*registry));
	pthread_condattr_t attr;

	if (registry == NULL)
		return NULL;
	registry->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (registry->wake_fd < 0) {
		free(registry);
		return NULL;
	}
	TAILQ_INIT(&registry->servers);
	registry->rise = registry->fall = 1;
	pthread_mutex_init(&registry->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&registry->wake, &attr);
	pthread_condattr_destroy(&attr);
	return registry;
}

bool registry_prepare(struct registry *registry, struct config *config)
{
	bool has_all = true;

	pthread_mutex_lock(&registry->lock);
	for (size_t i = 0; has_all && i < config->n_servers; i++) {
		struct config_server *row = &config->servers[i];

		row->server = find_locked(registry, row->name);
		if (row->server == NULL)
			row->server = add_server_locked(registry, row->name);
		has_all = row->server != NULL;
	}
	pthread_mutex_unlock(&registry->lock);
	return has_all;
}

void registry_commit(struct registry *registry, const struct config *config)
{
	struct server *server;

	pthread_mutex_lock(&registry->lock);
	registry->rise = config->health_rise > 0 ? config->health_rise : 1;
	registry->fall = config->health_fall > 0 ? config->health_fall : 1;
	registry->interval_ms = config->health_interval_ms;
	registry->slow_start_ms = (int64_t)config->slow_start_s * 1000;
	TAILQ_FOREACH (server, &registry->servers, entries) {
		atomic_store(&server->is_linked, false);
		memset(server->credit, 0, sizeof(server->credit));
	}
	for (size_t i = 0; i < config->n_servers; i++) {
		const struct config_server *row = &config->servers[i];

		if (strcmp(server_name(row->server), row->name) != 0)
			set_name_locked(row->server, row->name);
		set_address_locked(row->server, row);
		atomic_store(&row->server->is_linked, true);
	}
	pthread_mutex_unlock(&registry->lock);
}

void registry_set_lobby(struct registry *registry, server_dial_fn *dial, void *context)
{
	struct server *lobby = &registry->lobby;

	init_server(lobby, registry);
	atomic_store(&lobby->name, "lobby");
	lobby->dial = dial;
	lobby->dial_context = context;
	atomic_store(&lobby->is_linked, true);
}

bool registry_start(struct registry *registry)
{
	bool runs = pthread_create(&registry->thread, NULL, health_main, registry) == 0;

	pthread_mutex_lock(&registry->lock);
	registry->running = runs;
	pthread_mutex_unlock(&registry->lock);
	return runs;
}

void registry_kick(struct registry *registry)
{
	const uint64_t one = 1;

	(void)!write(registry->wake_fd, &one, sizeof(one)); /* full: it is awake anyway */
}

void registry_wake(struct registry *registry)
{
	pthread_mutex_lock(&registry->lock);
	registry->is_woken = true;
	pthread_mutex_unlock(&registry->lock);
	registry_kick(registry);
}

bool registry_stop(struct registry *registry)
{
	struct timespec until = net_timespec(net_now_ms() + STOP_WAIT_MS);
	int error = 0;

	if (registry == NULL)
		return true;
	pthread_mutex_lock(&registry->lock);
	registry->stopping = true;
	pthread_cond_broadcast(&registry->wake);
	registry_kick(registry);
	while (((registry->running && !registry->has_ended) || registry->resolvers > 0) &&
	       error != ETIMEDOUT)
		error = pthread_cond_timedwait(&registry->wake, &registry->lock, &until);
	bool is_joinable = registry->has_ended && registry->running;
	if (is_joinable)
		registry->running = false;
	bool is_over = !registry->running && registry->resolvers == 0;
	pthread_mutex_unlock(&registry->lock);
	if (is_joinable)
		pthread_join(registry->thread, NULL);
	return is_over;
}

void registry_free(struct registry *registry)
{
	struct server *server;

	if (registry == NULL || !registry_stop(registry))
		return;
	while ((server = TAILQ_FIRST(&registry->servers)) != NULL) {
		TAILQ_REMOVE(&registry->servers, server, entries);
		free_server(server);
	}
	close(registry->wake_fd);
	pthread_cond_destroy(&registry->wake);
	pthread_mutex_destroy(&registry->lock);
	free(registry);
}

struct server *registry_lobby(const struct registry *registry)
{
	/* the registry is ours; const only says that looking changes nothing */
	return registry->lobby.dial != NULL && config_now()->lobby
		       ? &registry->lobby.registry->lobby
		       : NULL;
}

static bool group_has(const struct config *config, const struct config_group *group,
		      const struct server *server)
{
	for (size_t i = 0; i < group->n_servers; i++)
		if (config->servers[group->servers[i]].server == server)
			return true;
	return false;
}

bool registry_is_hub(const struct config *config, const struct config_hubs *hubs,
		     const struct server *server)
{
	for (size_t i = 0; i < hubs->n; i++) {
		size_t index = hubs->items[i].index;

		if (hubs->items[i].is_group ? group_has(config, &config->groups[index], server)
					    : config->servers[index].server == server)
			return true;
	}
	return false;
}

/* ---- names ---- */

/* Who may be meant by a name. */
struct naming {
	const struct registry *registry;
	const struct config *config;
	bool has_groups;
	struct server *removed[REGISTRY_REMOVED_MAX];
	size_t n_removed;
};

/* What a name is compared with: server `index`, then the groups, the lobby, and at the end the
 * servers that are not configured any more. */
struct named {
	const char *name;
	const struct config_list *aliases;
	struct server *server;
	const struct config_group *group;
	bool is_hidden;
};

/* Is there nobody in a group who is in a list. */
static bool is_hidden(const struct config *config, const struct config_group *group)
{
	for (size_t i = 0; i < group->n_servers; i++)
		if (!config->servers[group->servers[i]].hidden)
			return false;
	return true;
}

/* Number `index` of all that has a name; false at the end. */
static bool named_at(struct named *named, const struct naming *naming, size_t index)
{
	const struct config *config = naming->config;
	size_t n_groups = naming->has_groups ? config->n_groups : 0;
	struct server *lobby = registry_lobby(naming->registry);

	*named = (struct named){0};
	if (index < config->n_servers) {
		const struct config_server *row = &config->servers[index];

		*named = (struct named){
			.name = row->name,
			.aliases = &row->aliases,
			.server = row->server,
			.is_hidden = row->hidden,
		};
		return true;
	}
	index -= config->n_servers;
	if (index < n_groups) {
		named->group = &config->groups[index];
		named->name = named->group->name;
		named->is_hidden = is_hidden(config, named->group);
		return true;
	}
	index -= n_groups;
	if (lobby != NULL && index-- == 0)
		named->server = lobby;
	else if (index < naming->n_removed)
		named->server = naming->removed[index];
	named->name = named->server != NULL ? server_name(named->server) : NULL;
	return named->server != NULL;
}

/* Is `name` the beginning, of `length` characters, of a name of it; or all of one. */
static bool is_called(const struct named *named, const char *name, size_t length, bool whole)
{
	size_t n = named->aliases != NULL ? named->aliases->n : 0;

	for (size_t i = 0; i <= n; i++) {
		const char *candidate = i == 0 ? named->name : named->aliases->items[i - 1];

		if (strncasecmp(candidate, name, length) == 0 &&
		    (!whole || candidate[length] == '\0'))
			return true;
	}
	return false;
}

static enum registry_match match_of(const struct named *named, struct server **out,
				    const struct config_group **group)
{
	if (named->group == NULL) {
		*out = named->server;
		return REGISTRY_FOUND;
	}
	*group = named->group;
	return REGISTRY_FOUND_GROUP;
}

/* The only one that has this very name. */
static bool find_whole(const struct naming *naming, const char *name, struct named *found)
{
	for (size_t i = 0; named_at(found, naming, i); i++)
		if (is_called(found, name, strlen(name), true))
			return true;
	return false;
}

/* What `name` is the beginning of: how many, and the last of them. */
static size_t find_beginnings(const struct naming *naming, const char *name,
			      struct named *found, struct text_list *list)
{
	size_t matches = 0, length = strlen(name);
	struct named named;

	for (size_t i = 0; length > 0 && named_at(&named, naming, i); i++) {
		if (!is_called(&named, name, length, false))
			continue;
		*found = named;
		matches++;
		if (!named.is_hidden)
			text_list_add(list, named.name);
	}
	return matches;
}

/* By a beginning; else the names that there are. */
static enum registry_match find_like(const struct naming *naming, const char *name,
				     struct named *found, char *candidates, size_t size)
{
	struct text_list list;
	struct named named;

	text_list_begin(&list, candidates, size);
	size_t matches = find_beginnings(naming, name, found, &list);
	if (matches == 1)
		return REGISTRY_FOUND;
	for (size_t i = 0; matches == 0 && named_at(&named, naming, i); i++)
		if (!named.is_hidden)
			text_list_add(&list, named.name);
	message_list_end(&list, naming->config->messages.items);
	return matches > 1 ? REGISTRY_AMBIGUOUS : REGISTRY_UNKNOWN;
}

enum registry_match registry_find(const struct registry *registry, const struct config *config,
				  const char *name, struct server **out,
				  const struct config_group **group, char *candidates,
				  size_t size)
{
	const struct naming naming = {registry, config, group != NULL, {NULL}, 0};
	enum registry_match match = REGISTRY_FOUND;
	const struct config_group *none = NULL;
	struct named found;

	if (!find_whole(&naming, name, &found))
		match = find_like(&naming, name, &found, candidates, size);
	return match == REGISTRY_FOUND ? match_of(&found, out, group != NULL ? group : &none)
				       : match;
}

enum registry_match registry_find_server(struct registry *registry, const struct config *config,
					 const char *name, bool with_removed,
					 struct server **out, const struct config_group **group,
					 char *candidates, size_t size)
{
	struct naming naming = {registry, config, true, {NULL}, 0};
	enum registry_match match = REGISTRY_FOUND;
	struct named found;

	if (with_removed)
		naming.n_removed = registry_removed(registry, naming.removed);
	if (!find_whole(&naming, name, &found)) {
		naming.has_groups = false;
		match = find_like(&naming, name, &found, candidates, size);
	}
	return match == REGISTRY_FOUND ? match_of(&found, out, group) : match;
}

size_t registry_removed(struct registry *registry,
			struct server *servers[static REGISTRY_REMOVED_MAX])
{
	struct server *server;
	size_t n = 0;

	pthread_mutex_lock(&registry->lock);
	TAILQ_FOREACH (server, &registry->servers, entries)
		if (!atomic_load(&server->is_linked) && server->players > 0 &&
		    n < REGISTRY_REMOVED_MAX)
			servers[n++] = server;
	pthread_mutex_unlock(&registry->lock);
	return n;
}

/* ---- facts ---- */

const char *server_name(const struct server *server)
{
	return atomic_load(&server->name);
}

void server_address(const struct server *server, char out[static SERVER_ADDRESS_MAX])
{
	if (server_is_lobby(server)) {
		strlcpy(out, "embedded", SERVER_ADDRESS_MAX);
		return;
	}
	pthread_mutex_lock(&server->registry->lock);
	bool is_unix = strncmp(server->host, NET_UNIX, strlen(NET_UNIX)) == 0;
	bool is_v6 = strchr(server->host, ':') != NULL;
	if (is_unix)
		strlcpy(out, server->host, SERVER_ADDRESS_MAX);
	else
		snprintf(out, SERVER_ADDRESS_MAX, is_v6 ? "[%s]:%u" : "%s:%u", server->host,
			 server->port);
	pthread_mutex_unlock(&server->registry->lock);
}

const struct config_server *server_config(const struct server *server,
					  const struct config *config)
{
	for (size_t i = 0; i < config->n_servers; i++)
		if (config->servers[i].server == server)
			return &config->servers[i];
	return NULL;
}

size_t server_index(const struct server *server)
{
	return server->index;
}

bool server_is_lobby(const struct server *server)
{
	return server->dial != NULL;
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
	bool is_unix = strncmp(a->host, NET_UNIX, strlen(NET_UNIX)) == 0;

	if (is_unix ? strcmp(a->host, b->host) == 0
		    : strcasecmp(a->host, b->host) == 0 && a->port == b->port)
		return true;
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
	pthread_mutex_lock(&a->registry->lock);
	bool is_same = has_common_address_locked(a, b);
	pthread_mutex_unlock(&a->registry->lock);
	return is_same;
}

unsigned server_generation(const struct server *server)
{
	pthread_mutex_lock(&server->registry->lock);
	unsigned generation = server->generation;
	pthread_mutex_unlock(&server->registry->lock);
	return generation;
}

unsigned server_players(const struct server *server)
{
	pthread_mutex_lock(&server->registry->lock);
	unsigned players = server->players;
	pthread_mutex_unlock(&server->registry->lock);
	return players;
}

enum server_mode server_mode(const struct server *server)
{
	if (server_is_lobby(server))
		return SERVER_READY;
	if (server_is_in_maintenance(server) || registry_is_in_maintenance(server->registry))
		return SERVER_MAINTENANCE;
	return server_is_draining(server) ? SERVER_DRAINING : SERVER_READY;
}

bool server_is_draining(const struct server *server)
{
	return atomic_load(&server->is_draining);
}

void server_set_draining(struct server *server, bool is_draining)
{
	atomic_store(&server->is_draining, is_draining);
	registry_kick(server->registry); /* the pool goes by it */
}

bool server_is_in_maintenance(const struct server *server)
{
	return atomic_load(&server->is_in_maintenance);
}

void server_set_maintenance(struct server *server, bool is_in_maintenance)
{
	atomic_store(&server->is_in_maintenance, is_in_maintenance);
	registry_kick(server->registry);
}

bool registry_is_in_maintenance(const struct registry *registry)
{
	return atomic_load(&registry->is_in_maintenance);
}

void registry_set_maintenance(struct registry *registry, bool is_in_maintenance)
{
	atomic_store(&registry->is_in_maintenance, is_in_maintenance);
	registry_kick(registry);
}

bool server_is_emptying(const struct server *server)
{
	return atomic_load(&server->is_emptying);
}

void server_set_emptying(struct server *server, bool is_emptying)
{
	atomic_store(&server->is_emptying, is_emptying);
}

void server_get_counts(const struct server *server, struct server_counts *counts)
{
	pthread_mutex_lock(&server->registry->lock);
	*counts = (struct server_counts){
		.joins = server->joins,
		.failures = server->failures,
		.downs = server->downs,
		.incoming = server->incoming,
		.changed_ms = server->changed_ms,
		.latency_us = server->latency_us,
	};
	pthread_mutex_unlock(&server->registry->lock);
}

void server_player_joined(struct server *server)
{
	pthread_mutex_lock(&server->registry->lock);
	server->incoming--;
	server->players++;
	server->joins++;
	pthread_mutex_unlock(&server->registry->lock);
}

void server_player_left(struct server *server)
{
	pthread_mutex_lock(&server->registry->lock);
	server->players--;
	bool is_over = server->players == 0 && !atomic_load(&server->is_linked) &&
		       atomic_exchange(&server->is_emptying, false);
	pthread_mutex_unlock(&server->registry->lock);
	if (is_over)
		log_info("server %s, which is removed, is empty: nobody is left on it",
			 server_name(server));
}

/* ---- dials ---- */

bool server_wants_header(const struct config_server *row, enum proxy_header_version *version)
{
	static const enum proxy_header_version versions[] = {
		[CONFIG_FORWARD_NONE] = PROXY_HEADER_NONE,
		[CONFIG_FORWARD_PROXY_V1] = PROXY_HEADER_V1,
		[CONFIG_FORWARD_PROXY_V2] = PROXY_HEADER_V2,
		[CONFIG_FORWARD_WEBSOCKET] = PROXY_HEADER_NONE,
	};

	*version = row != NULL ? versions[row->forward] : PROXY_HEADER_NONE;
	return *version != PROXY_HEADER_NONE;
}

void server_web_host(const struct server *server, char out[static SERVER_ADDRESS_MAX])
{
	server_address(server, out);
	if (strncmp(out, NET_UNIX, strlen(NET_UNIX)) == 0)
		strlcpy(out, "localhost", SERVER_ADDRESS_MAX);
}

bool server_fault_is_ours(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS;
}

void server_turn_address_locked(struct server *server)
{
	if (server->n_addresses > 0)
		server->preferred = (server->preferred + 1) % server->n_addresses;
}

void server_turn_address(struct server *server)
{
	pthread_mutex_lock(&server->registry->lock);
	server_turn_address_locked(server);
	pthread_mutex_unlock(&server->registry->lock);
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
	server_turn_address(server);
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
	       registry->running && error != ETIMEDOUT)
		error = pthread_cond_timedwait(&registry->wake, &registry->lock, &until);
	pthread_mutex_unlock(&registry->lock);
}

int server_connect_start(struct server *server, char *why, size_t why_size)
{
	struct net_addr address;
	int fd;

	pthread_mutex_lock(&server->registry->lock);
	size_t n = server->n_addresses;
	if (n > 0)
		address = server->addresses[server->preferred];
	else
		snprintf(why, why_size, "the address of %s is not known", server->host);
	pthread_mutex_unlock(&server->registry->lock);
	if (n == 0) {
		errno = EHOSTUNREACH;
		return -1;
	}
	fd = net_connect_start(&address);
	if (fd < 0)
		explain_fault(server, why, why_size);
	return fd;
}

int server_dial_start(struct server *server, char *why, size_t why_size)
{
	if (server->dial == NULL)
		return server_connect_start(server, why, why_size);
	int fd = server->dial(server->dial_context);
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
