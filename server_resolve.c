/* SPDX-License-Identifier: MIT */
/*
 * Host names. The one idea: getaddrinfo(3) takes as long as it likes, so each name that is due
 * gets a thread of its own, and what it finds counts only if the server still has that name.
 */
#include <bsd/string.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "server_private.h"

#define STACK_SIZE ((size_t)512 << 10) /* the resolver wants 256 KiB, sanitizers more */

/* One name, for the thread that resolves it. */
struct job {
	struct server *server;
	unsigned generation;
	char host[SERVER_HOST_MAX];
	uint16_t port;
	struct net_addr found[SERVER_ADDRESSES_MAX];
	size_t n;
	char why[SERVER_HOST_MAX + 100];
};

/* Where an address is among those that were found, or 0. */
static size_t find_address(const struct job *job, const struct net_addr *address)
{
	for (size_t i = 0; i < job->n; i++)
		if (net_addr_is_same(&job->found[i], address))
			return i;
	return 0;
}

/* The address that works stays the one to dial, whatever order they come in. */
static void take_addresses_locked(struct server *server, const struct job *job)
{
	size_t preferred = server->n_addresses > 0
				   ? find_address(job, &server->addresses[server->preferred])
				   : 0;

	memcpy(server->addresses, job->found, job->n * sizeof(job->found[0]));
	server->n_addresses = job->n;
	server->preferred = preferred;
}

/* True if the check that waited for this has failed. */
static bool finish_locked(const struct job *job)
{
	struct server *server = job->server;
	struct registry *registry = server->registry;
	bool is_first = server->n_addresses == 0;

	if (server->generation != job->generation || registry->stopping)
		return false;
	server->is_resolving = false;
	server->resolved_ms = net_now_ms();
	if (job->n > 0)
		take_addresses_locked(server, job);
	if (!is_first)
		return false;
	if (job->n > 0) {
		server->is_checking = false; /* it begins in earnest now */
		server->next_check_ms = 0;
	}
	return job->n == 0;
}

static void *resolver_main(void *argument)
{
	struct job *job = argument;
	struct server *server = job->server;
	struct registry *registry = server->registry;

	pthread_setname_np(pthread_self(), "resolver");
	job->n = net_resolve(job->found, SERVER_ADDRESSES_MAX, job->host, job->port, job->why,
			     sizeof(job->why));
	pthread_mutex_lock(&registry->lock);
	bool is_lost = finish_locked(job);
	pthread_mutex_unlock(&registry->lock);
	if (is_lost)
		server_report_check(server, job->generation, false, -1, job->why);
	else if (job->n == 0)
		log_debug("server %s: %s", server_name(server), job->why);
	pthread_mutex_lock(&registry->lock);
	registry_kick(registry);
	registry->resolvers--; /* from here on it may be freed */
	pthread_cond_broadcast(&registry->wake);
	pthread_mutex_unlock(&registry->lock);
	free(job);
	return NULL;
}

static bool spawn(struct job *job)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	bool is_spawned = pthread_create(&thread, &attr, resolver_main, job) == 0;
	pthread_attr_destroy(&attr);
	return is_spawned;
}

/* No thread or memory to be had: another time. */
static void put_off(struct server *server, unsigned generation)
{
	struct registry *registry = server->registry;

	pthread_mutex_lock(&registry->lock);
	registry->resolvers--;
	bool is_first = server->n_addresses == 0;
	if (server->generation == generation) {
		server->is_resolving = false;
		server->resolved_ms = net_now_ms();
	}
	pthread_cond_broadcast(&registry->wake);
	pthread_mutex_unlock(&registry->lock);
	if (is_first) /* the check that waited for it */
		server_skip_check(server, generation);
}

void health_resolve(struct server *server)
{
	struct registry *registry = server->registry;
	struct job *job = calloc(1, sizeof(*job));

	pthread_mutex_lock(&registry->lock);
	unsigned generation = server->generation;
	registry->resolvers++;
	server->is_resolving = true;
	if (job != NULL) {
		job->server = server;
		job->generation = generation;
		strlcpy(job->host, server->host, sizeof(job->host));
		job->port = server->port;
	}
	pthread_mutex_unlock(&registry->lock);
	if (job != NULL && spawn(job))
		return;
	free(job);
	put_off(server, generation);
}
