/* SPDX-License-Identifier: MIT */
/*
 * Who may go where, and who is sent where. The one idea: choosing a server and taking a place
 * on it is one step under the registry's lock, so that a crowd that comes at once spreads like
 * one that comes in turn.
 */
#include <stdlib.h>
#include <string.h>

#include "balance.h"
#include "config_current.h"
#include "ranks.h"
#include "server_private.h"

/* One choice: who for, and by which rules. */
struct choice {
	struct registry *registry;
	const struct config *config;
	const struct server_guest *guest;
	bool any_state; /* also what is thought to be down */
	bool backups;   /* those that are, or those that are not */
};

static bool is_full_locked(const struct server *server, const struct config_server *row,
			   const struct server_guest *guest)
{
	unsigned taken = server->players + server->incoming;

	if (guest->is_brought && server->returning >= SERVER_RETURNS_MAX)
		return true;
	return row->max_players > 0 &&
	       taken + (guest->has_waited ? 0 : server->waiting) >= row->max_players;
}

/* registry.lock held. */
static enum server_refusal refuse_locked(const struct server *server,
					 const struct config *config,
					 const struct server_guest *guest)
{
	const struct config_server *row = server_config(server, config);
	enum server_mode mode = server_mode(server);

	if (server_is_lobby(server))
		return SERVER_ADMITS;
	if (row == NULL || !atomic_load(&server->is_linked))
		return SERVER_IS_GONE;
	if (guest->is_forced)
		return SERVER_ADMITS;
	if (mode == SERVER_MAINTENANCE)
		return SERVER_IS_IN_MAINTENANCE;
	if (!ranks_may_join(config, guest->name, guest->is_verified, row))
		return SERVER_IS_RESTRICTED;
	if (mode == SERVER_DRAINING)
		return SERVER_IS_DRAINING;
	return is_full_locked(server, row, guest) ? SERVER_IS_FULL : SERVER_ADMITS;
}

/* Takes the place of a guest who is admitted, or writes them down. registry.lock held. */
static void admit_locked(struct server *server, const struct server_guest *guest)
{
	if (guest->is_early) {
		server->expected++;
		return;
	}
	server->incoming++;
	server->returning += guest->is_brought;
}

static enum server_refusal reserve_locked(struct server *server,
					  const struct server_guest *guest)
{
	enum server_refusal refusal = refuse_locked(server, config_now(), guest);

	if (refusal == SERVER_ADMITS)
		admit_locked(server, guest);
	return refusal;
}

enum server_refusal server_reserve(struct server *server, const struct server_guest *guest)
{
	struct registry *registry = server->registry;

	pthread_mutex_lock(&registry->lock);
	enum server_refusal refusal = reserve_locked(server, guest);
	pthread_mutex_unlock(&registry->lock);
	return refusal;
}

enum server_refusal server_reserve_expected(struct server *server,
					    const struct server_guest *guest)
{
	struct registry *registry = server->registry;

	pthread_mutex_lock(&registry->lock);
	server->expected--;
	enum server_refusal refusal = reserve_locked(server, guest);
	pthread_mutex_unlock(&registry->lock);
	return refusal;
}

void server_call_off(struct server *server)
{
	pthread_mutex_lock(&server->registry->lock);
	server->expected--;
	pthread_mutex_unlock(&server->registry->lock);
}

void server_return_ended(struct server *server)
{
	pthread_mutex_lock(&server->registry->lock);
	server->returning--;
	pthread_mutex_unlock(&server->registry->lock);
}

void server_give_back(struct server *server)
{
	pthread_mutex_lock(&server->registry->lock);
	server->incoming--;
	pthread_mutex_unlock(&server->registry->lock);
}

unsigned server_add_waiting(struct server *server, int n)
{
	pthread_mutex_lock(&server->registry->lock);
	server->waiting += (unsigned)n;
	unsigned waiting = server->waiting;
	pthread_mutex_unlock(&server->registry->lock);
	return waiting;
}

static bool is_eligible_locked(const struct choice *choice, const struct config_server *row)
{
	const struct server_guest *guest = choice->guest;
	const struct server *server = row->server;

	return row->backup == choice->backups && row->weight > 0 &&
	       (choice->any_state || server_is_up(server)) &&
	       refuse_locked(server, choice->config, guest) == SERVER_ADMITS &&
	       (guest->shuns == NULL || !guest->shuns(guest->context, server));
}

static struct server *pick_server_locked(const struct choice *choice, size_t index)
{
	const struct config_server *row = &choice->config->servers[index];

	return is_eligible_locked(choice, row) ? row->server : NULL;
}

static struct server *pick_in_group_locked(const struct choice *choice,
					   const struct config_group *group)
{
	struct balance_candidate *candidates = calloc(group->n_servers, sizeof(*candidates));
	size_t *rows = calloc(group->n_servers, sizeof(*rows));
	size_t n = 0, number = (size_t)(group - choice->config->groups);
	struct server *picked = NULL;

	for (size_t i = 0; candidates != NULL && rows != NULL && i < group->n_servers; i++) {
		const struct config_server *row = &choice->config->servers[group->servers[i]];
		struct server *server = row->server;
		int64_t since_ms = server_up_since_ms(server);

		if (!is_eligible_locked(choice, row))
			continue;
		candidates[n].name = server_name(server);
		candidates[n].weight = balance_weight(
			row->weight, since_ms == 0 ? -1 : net_now_ms() - since_ms,
			choice->registry->slow_start_ms);
		candidates[n].players = server->players + server->incoming + server->expected;
		candidates[n].credit = &server->credit[number];
		rows[n++] = group->servers[i];
	}
	if (n > 0)
		picked =
			choice->config
				->servers[rows[balance_pick(group->balance, candidates, n,
							    choice->guest->name, arc4random())]]
				.server;
	free(candidates);
	free(rows);
	return picked;
}

/* The first of the hubs, servers and groups, that has somebody to offer. */
static struct server *pick_hub_locked(const struct choice *choice,
				      const struct config_hubs *hubs)
{
	struct server *picked = NULL;

	for (size_t i = 0; picked == NULL && i < hubs->n; i++) {
		size_t index = hubs->items[i].index;

		picked = hubs->items[i].is_group
				 ? pick_in_group_locked(choice, &choice->config->groups[index])
				 : pick_server_locked(choice, index);
	}
	return picked;
}

struct server *server_choose(struct registry *registry, const struct config_hubs *hubs,
			     const struct server_guest *guest, bool any_state)
{
	struct choice choice = {
		.registry = registry,
		.config = config_now(),
		.guest = guest,
		.any_state = any_state,
	};

	pthread_mutex_lock(&registry->lock);
	struct server *server = pick_hub_locked(&choice, hubs);
	choice.backups = true;
	if (server == NULL)
		server = pick_hub_locked(&choice, hubs);
	if (server != NULL)
		admit_locked(server, guest);
	pthread_mutex_unlock(&registry->lock);
	return server;
}
