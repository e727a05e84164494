/* SPDX-License-Identifier: MIT */
/*
 * Players whom an admin sends elsewhere in numbers: all at once, a number at a time, and one by
 * one off a server that is being emptied. The one idea: nothing is remembered of players but
 * names, so that whoever leaves meanwhile is not kept; and where they are sent is decided when
 * the admin says it, whatever a reload makes of the name.
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
	struct server *server;           /* NULL: to the group */
	char group[CONFIG_NAME_MAX + 1]; /* groups are made anew by a reload */
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
	const struct server *from;        /* NULL: any */
	struct server *to;                /* NULL: the group */
	const struct config_group *group; /* NULL: the server */
	struct config_hubs among;         /* that group: who is on it stays */
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
	passenger->server = boarding->to;
	if (boarding->group != NULL)
		strlcpy(passenger->group, boarding->group->name, sizeof(passenger->group));
	STAILQ_INSERT_TAIL(&queue.all, passenger, entries);
	boarding->n++;
}

size_t session_send_players(const struct server *from, struct server *to,
			    const struct config_group *group)
{
	struct config_hub hub = {.is_group = true};
	struct boarding boarding = {.from = from, .to = to, .group = group};

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

/* Nobody waits for an answer any more: the log has it. */
static void log_unsent(const struct session *session, const struct passenger *passenger,
		       enum session_jump result)
{
	bool is_group = passenger->server == NULL;
	const char *why = "there is no thread or memory to be had";

	if (result == SESSION_JUMP_GONE)
		why = is_group ? "there is no such group any more"
			       : "it is not linked any more";
	else if (result == SESSION_JUMP_NONE)
		why = "no server of it is up";
	session_log(session, LOG_WARN, "can't be sent to %s%s: %s",
		    is_group ? "the group " : "",
		    is_group ? passenger->group : server_name(passenger->server), why);
}

/* A forced jump to where the passenger is to go: *target. */
static enum session_jump jump_to(struct session *session, const struct passenger *passenger,
				 struct server **target)
{
	const struct config *config = config_now();
	struct config_hub hub = {.is_group = true};
	const struct config_hubs among = {&hub, 1};

	*target = passenger->server;
	if (passenger->server != NULL)
		return session_jump(session, target, NULL, SESSION_FORCED);
	hub.index = config_find_group(config, passenger->group);
	if (hub.index == config->n_groups)
		return SESSION_JUMP_GONE;
	return session_jump(session, target, &among, SESSION_FORCED);
}

static void send_one(struct session *session, const struct passenger *passenger, int64_t by_ms)
{
	struct server *target;

	if (passenger->server != NULL && session_server(session) == passenger->server)
		return;
	enum session_jump result = jump_to(session, passenger, &target);
	if (result == SESSION_JUMPS)
		session_notify_by(session, by_ms, MESSAGE_SENT, "server", server_name(target),
				  NULL);
	else
		log_unsent(session, passenger, result);
}

static void send_some(int64_t until_ms)
{
	struct passenger *passenger;

	for (int i = 0; i < SEND_A_CALL && (passenger = next_passenger()) != NULL; i++) {
		struct session *session = session_find(passenger->player);

		if (session != NULL)
			send_one(session, passenger, session_notice_by(until_ms));
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

/* When the player may be tried again. True the first time that they are tried. */
static bool put_off(struct session *session)
{
	pthread_mutex_lock(&session->lock);
	bool is_first = session->move_ms == 0;
	session->move_ms = net_now_ms() + MOVE_AGAIN_MS;
	pthread_mutex_unlock(&session->lock);
	return is_first;
}

/* To a hub that can take the player now, else to the lobby, if there is one. */
static enum session_jump jump_off(struct session *session, struct server **target)
{
	struct server *lobby = registry_lobby(session->world->registry);

	enum session_jump result = session_jump(session, target, session_hubs(session), 0);
	if (result != SESSION_JUMP_NONE || lobby == NULL)
		return result;
	*target = lobby; /* forced: the throttle has had its say */
	return session_jump(session, target, NULL, SESSION_FORCED | SESSION_PUT_OUT);
}

static void move(struct session *session, const struct server *from, int64_t by_ms)
{
	struct server *target = NULL;
	char why[SESSION_TEXT_MAX];
	bool is_first = put_off(session);

	enum session_jump result = jump_off(session, &target);
	config_message(why, sizeof(why), MESSAGE_MOVED_OFF, "server", server_name(from), NULL);
	if (result == SESSION_JUMPS) {
		session_log(session, LOG_DEBUG, "is moved off %s to %s", server_name(from),
			    server_name(target));
		session_notify_by(session, by_ms, MESSAGE_ON_YOUR_WAY, "why", why, NULL);
	} else if (is_first && result != SESSION_JUMP_TOO_SOON) {
		session_notify_by(session, by_ms, MESSAGE_STAY_HERE, "why", why, NULL);
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

void session_move_off(int64_t until_ms)
{
	struct movers movers = {.n = 0};

	send_some(until_ms);
	session_each(choose_mover, &movers);
	for (size_t i = 0; i < movers.n; i++) {
		move(movers.sessions[i], movers.servers[i], session_notice_by(until_ms));
		session_unref(movers.sessions[i]);
	}
	finish_emptying();
}
