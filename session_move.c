/* SPDX-License-Identifier: MIT */
/*
 * Players whom an admin sends elsewhere in numbers: all at once, a number at a time, and one by
 * one off a server that is being emptied. The one idea: nothing is remembered of players but
 * names, so that whoever leaves meanwhile is not kept.
 */
#include <bsd/string.h>
#include <stdlib.h>
#include <string.h>

#include "config_current.h"
#include "messages.h"
#include "session_private.h"

#define SEND_A_CALL   20   /* players sent by one call of session_move_off() */
#define EMPTY_A_CALL  16   /* servers that lose a player in one call */
#define MOVE_AGAIN_MS 5000 /* how long until a player is asked to move again */

/* A player to be sent to a server or group. */
struct passenger {
	STAILQ_ENTRY(passenger) entries;
	char player[PACKET_STRING_LEN + 1];
	char target[CONFIG_NAME_MAX + 1];
};

static struct {
	pthread_mutex_t lock; /* taken before all others */
	STAILQ_HEAD(, passenger) all;
} queue = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.all = STAILQ_HEAD_INITIALIZER(queue.all),
};

/* ---- many at once ---- */

struct boarding {
	const struct server *from, *to; /* NULL: any; a group */
	struct config_hubs among;       /* that group: who is on it stays */
	const char *target;
	size_t n;
};

/* queue.lock held. */
static void board_locked(void *context, struct session *session)
{
	struct boarding *boarding = context;
	const struct server *here = session_server(session);
	struct passenger *passenger;

	if ((boarding->from != NULL && here != boarding->from) ||
	    (here != NULL &&
	     (here == boarding->to || registry_is_hub(config_now(), &boarding->among, here))))
		return;
	passenger = calloc(1, sizeof(*passenger));
	if (passenger == NULL)
		return;
	strlcpy(passenger->player, session->name, sizeof(passenger->player));
	strlcpy(passenger->target, boarding->target, sizeof(passenger->target));
	STAILQ_INSERT_TAIL(&queue.all, passenger, entries);
	boarding->n++;
}

size_t session_send_players(const struct server *from, const struct server *to,
			    const struct config_group *group)
{
	struct config_hub hub = {.is_group = true};
	struct boarding boarding = {
		.from = from,
		.to = to,
		.target = group != NULL ? group->name : server_name(to),
	};

	if (group != NULL) {
		hub.index = (size_t)(group - config_now()->groups);
		boarding.among = (struct config_hubs){&hub, 1};
	}
	pthread_mutex_lock(&queue.lock);
	session_each(board_locked, &boarding);
	pthread_mutex_unlock(&queue.lock);
	return boarding.n;
}

static struct passenger *next_passenger(void)
{
	pthread_mutex_lock(&queue.lock);
	struct passenger *passenger = STAILQ_FIRST(&queue.all);
	if (passenger != NULL)
		STAILQ_REMOVE_HEAD(&queue.all, entries);
	pthread_mutex_unlock(&queue.lock);
	return passenger;
}

static void send_one(struct session *session, const char *target)
{
	const struct config_group *group = NULL;
	struct server *server = NULL;
	char text[SESSION_TEXT_MAX];
	struct config_hub hub = {.is_group = true};
	const struct config_hubs among = {&hub, 1};

	registry_find(session->world->registry, config_now(), target, &server, &group, text,
		      sizeof(text));
	if (group != NULL)
		hub.index = (size_t)(group - config_now()->groups);
	if ((server == NULL && group == NULL) ||
	    (server != NULL && session_server(session) == server))
		return;
	if (session_jump(session, &server, group != NULL ? &among : NULL, SESSION_FORCED) ==
	    SESSION_JUMPS)
		session_notify(session, MESSAGE_SENT, "server", server_name(server), NULL);
	else
		session_log(session, LOG_WARN, "can't be sent to %s", target);
}

static void send_some(void)
{
	struct passenger *passenger;

	for (int i = 0; i < SEND_A_CALL && (passenger = next_passenger()) != NULL; i++) {
		struct session *session = session_find(passenger->player);

		if (session != NULL)
			send_one(session, passenger->target);
		session_release(session);
		free(passenger);
	}
}

/* ---- one by one ---- */

/* The players to be moved in one call, each off another server. */
struct movers {
	struct session *sessions[EMPTY_A_CALL]; /* with references */
	struct server *servers[EMPTY_A_CALL];
	size_t n;
};

static bool has_server(const struct movers *movers, const struct server *server)
{
	for (size_t i = 0; i < movers->n; i++)
		if (movers->servers[i] == server)
			return true;
	return false;
}

/* Is it the player's turn to be moved, unless they are on their way somewhere already. */
static struct server *due_to_leave(struct session *session)
{
	struct server *server = NULL;

	pthread_mutex_lock(&session->lock);
	if (session->current != NULL && session->pending == NULL &&
	    server_is_emptying(session->current->server) && net_now_ms() >= session->move_ms)
		server = session->current->server;
	pthread_mutex_unlock(&session->lock);
	return server;
}

static void choose_mover(void *context, struct session *session)
{
	struct movers *movers = context;
	struct server *server = due_to_leave(session);

	if (server == NULL || movers->n == EMPTY_A_CALL || has_server(movers, server))
		return;
	session_ref(session);
	movers->sessions[movers->n] = session;
	movers->servers[movers->n++] = server;
}

/* Do the hubs lead anywhere but to this server. */
static bool lead_elsewhere(const struct config_hubs *hubs, const struct server *server)
{
	const struct config *config = config_now();

	for (size_t i = 0; i < hubs->n; i++) {
		const struct config_hub *hub = &hubs->items[i];

		if (!hub->is_group && config->servers[hub->index].server != server)
			return true;
		for (size_t k = 0; hub->is_group && k < config->groups[hub->index].n_servers;
		     k++)
			if (config->servers[config->groups[hub->index].servers[k]].server !=
			    server)
				return true;
	}
	return false;
}

/* When the player may be tried again. True the first time that they are tried. */
static bool put_off(struct session *session)
{
	pthread_mutex_lock(&session->lock);
	bool is_first = session->move_ms == 0;
	session->move_ms = net_now_ms() + MOVE_AGAIN_MS;
	pthread_mutex_unlock(&session->lock);
	return is_first;
}

static void move(struct session *session, struct server *from)
{
	const struct config_hubs *hubs = session_hubs(session);
	struct server *lobby = registry_lobby(session->world->registry), *target = NULL;
	char why[SESSION_TEXT_MAX];
	bool to_lobby = !lead_elsewhere(hubs, from) && lobby != NULL;
	bool is_first = put_off(session);

	if (to_lobby)
		target = lobby;
	enum session_jump result = session_jump(session, &target, to_lobby ? NULL : hubs, 0);
	config_message(why, sizeof(why), MESSAGE_MOVED_OFF, "server", server_name(from), NULL);
	if (result == SESSION_JUMPS) {
		session_log(session, LOG_DEBUG, "is moved off %s to %s", server_name(from),
			    server_name(target));
		session_notify(session, MESSAGE_ON_YOUR_WAY, "why", why, NULL);
	} else if (is_first && result != SESSION_JUMP_TOO_SOON) {
		session_notify(session, MESSAGE_STAY_HERE, "why", why, NULL);
	}
}

/* A server is being emptied until nobody is left on it, or on the way to it. */
static void finish_emptying(void)
{
	const struct config *config = config_now();

	for (size_t i = 0; i < config->n_servers; i++) {
		struct server *server = config->servers[i].server;
		struct server_counts counts;

		if (!server_is_emptying(server))
			continue;
		server_get_counts(server, &counts);
		if (counts.incoming > 0 || server_players(server) > 0)
			continue;
		server_set_emptying(server, false);
		log_info("server %s is empty: nobody is left on it", server_name(server));
	}
}

void session_move_off(void)
{
	struct movers movers = {.n = 0};

	send_some();
	session_each(choose_mover, &movers);
	for (size_t i = 0; i < movers.n; i++) {
		move(movers.sessions[i], movers.servers[i]);
		session_unref(movers.sessions[i]);
	}
	finish_emptying();
}
