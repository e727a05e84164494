/* SPDX-License-Identifier: MIT */
/*
 * The background thread: sees to it that each server is checked when its time has come, that
 * host names are resolved, and that the pool is full. The one idea: nothing here waits for one
 * server. What is on its way is polled together, with the descriptor that wakes the thread, and
 * until the next thing is due.
 */
#include "config_current.h"
#include "server_private.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#define TROUBLE_MS 100 /* a pause when there is not even the memory to wait */

/* The thread's own. */
struct health {
	struct registry *registry;
	struct health_check *checks; /* on their way */
	size_t n_checks, checks_room;
	struct pollfd *fds; /* the wake-up, then the checks, then the pool */
	size_t fds_room;
};

/* What is to be done about a server now. */
enum due { DUE_NOTHING, DUE_RESOLVE, DUE_CHECK };

static enum due check_due_locked(struct server *server, int64_t now_ms)
{
	if (server->is_checking || server->next_check_ms > now_ms)
		return DUE_NOTHING;
	server->is_suspect = false;
	server->is_checking = true;
	server->checked_ms = now_ms;
	return server->n_addresses > 0 ? DUE_CHECK : DUE_RESOLVE;
}

/* When its name is to be resolved again. */
static int64_t outdated_ms_locked(const struct server *server)
{
	if (server->is_numeric || server->n_addresses == 0 || server->is_resolving)
		return NET_FOREVER;
	return server->resolved_ms + SERVER_RESOLVE_EVERY_MS;
}

static int64_t sooner(int64_t a_ms, int64_t b_ms)
{
	return a_ms < b_ms ? a_ms : b_ms;
}

static enum due due_locked(struct server *server, int64_t now_ms, int64_t *until_ms)
{
	enum due due = DUE_NOTHING;

	if (!atomic_load(&server->is_linked))
		return DUE_NOTHING;
	due = outdated_ms_locked(server) <= now_ms ? DUE_RESOLVE
						   : check_due_locked(server, now_ms);
	*until_ms =
		sooner(*until_ms, server->is_checking ? NET_FOREVER : server->next_check_ms);
	*until_ms = sooner(*until_ms, outdated_ms_locked(server));
	return due;
}

/* The next server of which something is due, or NULL; *until_ms moves to where the others are.
 */
static struct server *next_due(struct registry *registry, enum due *due, int64_t *until_ms)
{
	int64_t now_ms = net_now_ms();
	struct server *server;

	pthread_mutex_lock(&registry->lock);
	TAILQ_FOREACH (server, &registry->servers, entries) {
		*due = due_locked(server, now_ms, until_ms);
		if (*due != DUE_NOTHING)
			break;
	}
	pthread_mutex_unlock(&registry->lock);
	return server;
}

/* Room for one more check; false without memory. */
static bool make_room(struct health *health)
{
	size_t room = health->checks_room * 2 + 16;

	if (health->n_checks < health->checks_room)
		return true;
	struct health_check *checks = reallocarray(health->checks, room, sizeof(*checks));
	if (checks == NULL)
		return false;
	health->checks = checks;
	health->checks_room = room;
	return true;
}

static void begin_check(struct health *health, struct server *server,
			const struct config *config)
{
	struct health_check *check = &health->checks[health->n_checks];

	health_check_start(check, server, config);
	health->n_checks += check->stream.fd >= 0;
}

/* Starts all that is due. Returns until when nothing else is. */
static int64_t begin_due(struct health *health, const struct config *config, int64_t until_ms)
{
	struct server *server;
	enum due due;

	while ((server = next_due(health->registry, &due, &until_ms)) != NULL) {
		if (due == DUE_RESOLVE)
			health_resolve(server);
		else if (make_room(health))
			begin_check(health, server, config);
		else
			server_skip_check(server, server_generation(server));
	}
	return until_ms;
}

/* Lists all that poll(2) is to wait for; returns how many, 0 without memory. */
static size_t list_fds(struct health *health)
{
	struct registry *registry = health->registry;
	size_t need = 1 + health->n_checks + pool_watch(registry, NULL, 0);

	if (health->fds == NULL || need > health->fds_room) {
		struct pollfd *fds = reallocarray(health->fds, need * 2, sizeof(*fds));

		if (fds == NULL)
			return 0;
		health->fds = fds;
		health->fds_room = need * 2;
	}
	health->fds[0] = (struct pollfd){.fd = registry->wake_fd, .events = POLLIN};
	for (size_t i = 0; i < health->n_checks; i++)
		health->fds[i + 1] = (struct pollfd){
			.fd = health->checks[i].stream.fd,
			.events = health_check_events(&health->checks[i]),
		};
	return 1 + health->n_checks +
	       pool_watch(registry, health->fds + 1 + health->n_checks,
			  health->fds_room - 1 - health->n_checks);
}

static int poll_ms(int64_t until_ms)
{
	int64_t left_ms = until_ms - net_now_ms();

	if (left_ms < 0)
		return 0;
	return left_ms < INT32_MAX ? (int)left_ms : INT32_MAX;
}

/* The checks that have an answer, or no more time, go on; those that are over leave. */
static void step_checks(struct health *health)
{
	int64_t now_ms = net_now_ms();
	size_t kept = 0;

	for (size_t i = 0; i < health->n_checks; i++) {
		struct health_check *check = &health->checks[i];

		if (health->fds[i + 1].revents != 0 || check->deadline_ms <= now_ms)
			health_check_step(check);
		if (check->stream.fd >= 0)
			health->checks[kept++] = *check;
	}
	health->n_checks = kept;
}

/* Sleeps until something happens, and deals with it. */
static void wait_for_events(struct health *health, int64_t until_ms)
{
	struct registry *registry = health->registry;
	size_t before = health->n_checks, n = list_fds(health);
	uint64_t wakes;

	for (size_t i = 0; i < health->n_checks; i++)
		until_ms = sooner(until_ms, health->checks[i].deadline_ms);
	if (n == 0 || poll(health->fds, n, poll_ms(until_ms)) < 0)
		poll(NULL, 0, TROUBLE_MS);
	if (n == 0)
		return;
	if (health->fds[0].revents != 0)
		(void)!read(registry->wake_fd, &wakes, sizeof(wakes));
	step_checks(health);
	pool_look(registry, health->fds + 1 + before, n - 1 - before);
}

/* Has all servers checked now if somebody wants that. True when the registry is stopping. */
static bool follow_wake(struct registry *registry)
{
	struct server *server;

	pthread_mutex_lock(&registry->lock);
	if (registry->is_woken)
		TAILQ_FOREACH (server, &registry->servers, entries)
			server->next_check_ms = 0;
	registry->is_woken = false;
	bool stopping = registry->stopping;
	pthread_mutex_unlock(&registry->lock);
	return stopping;
}

static void run(struct health *health)
{
	struct registry *registry = health->registry;

	while (!follow_wake(registry)) {
		config_settle();
		const struct config *config = config_now();
		int64_t until_ms = NET_FOREVER;

		if (config != NULL) { /* else the program is ending */
			until_ms = begin_due(health, config, until_ms);
			until_ms = pool_tend(registry, config, until_ms);
		}
		wait_for_events(health, until_ms);
	}
}

void *health_main(void *argument)
{
	struct registry *registry = argument;
	struct health health = {.registry = registry};

	pthread_setname_np(pthread_self(), "health");
	run(&health);
	for (size_t i = 0; i < health.n_checks; i++)
		health_check_cancel(&health.checks[i]);
	pool_close(registry);
	free(health.checks);
	free(health.fds);
	pthread_mutex_lock(&registry->lock);
	registry->has_ended = true;
	pthread_cond_broadcast(&registry->wake);
	pthread_mutex_unlock(&registry->lock);
	return NULL;
}
