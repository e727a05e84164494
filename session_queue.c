/* SPDX-License-Identifier: MIT */
/*
 * Lines in front of full servers. The one idea: one list of all who wait, in the order in which
 * they came; a tick walks through it, and a server whose first in line could not be moved is
 * closed to all behind them. Who is being moved counts no more, but is forgotten only when they
 * have arrived: should the server die meanwhile, they are first again. The list's lock is never
 * held while a player is told or moved, and the tick waits for nobody: only it shows positions,
 * and what a player could not be shown is tried again at the next one.
 */
#include <stdio.h>
#include <stdlib.h>

#include "config_current.h"
#include "session_private.h"

#define SAVE_TICKS    20   /* between two looks whether places need saving */
#define POSITION_LINE 2    /* MessageTypes: the second status line, top right */
#define SET_OUT_MS    2000 /* how long a move may take until a link is on its way */
#define NOTICES_MS    50   /* how long a tick's notices wait for clients, all together */

struct waiter {
	TAILQ_ENTRY(waiter) entries;
	struct session *session; /* a reference */
	struct server *server;
	int64_t moved_ms;             /* when they were moved; 0: they wait */
	unsigned told;                /* the position that was shown last, 0: none, */
	const struct server *told_on; /* and where: another server clears the screen */
};

static struct {
	pthread_mutex_t lock; /* taken before session.lock and the registry's */
	TAILQ_HEAD(, waiter) all;
	size_t n;
} line = {.lock = PTHREAD_MUTEX_INITIALIZER, .all = TAILQ_HEAD_INITIALIZER(line.all)};

/* Those who wait for a server: all of them, or as far as to one of them. */
static unsigned count_locked(const struct server *server, const struct waiter *up_to)
{
	const struct waiter *waiter;
	unsigned n = 0;

	TAILQ_FOREACH (waiter, &line.all, entries) {
		n += waiter->server == server && waiter->moved_ms == 0 ? 1 : 0;
		if (waiter == up_to)
			break;
	}
	return n;
}

static struct waiter *find_locked(const struct session *session)
{
	struct waiter *waiter;

	TAILQ_FOREACH (waiter, &line.all, entries)
		if (waiter->session == session)
			return waiter;
	return NULL;
}

/* Takes one out; the caller has the reference to its session then. */
static struct session *remove_locked(struct waiter *waiter)
{
	struct session *session = waiter->session;

	TAILQ_REMOVE(&line.all, waiter, entries);
	line.n--;
	server_set_waiting(waiter->server, count_locked(waiter->server, NULL));
	free(waiter);
	return session;
}

unsigned session_queue(struct session *session, struct server *server)
{
	struct waiter *waiter = calloc(1, sizeof(*waiter));

	if (waiter == NULL)
		return 0;
	session_unqueue(session);
	session_ref(session);
	*waiter = (struct waiter){.session = session, .server = server};
	pthread_mutex_lock(&line.lock);
	TAILQ_INSERT_TAIL(&line.all, waiter, entries);
	line.n++;
	unsigned position = count_locked(server, waiter);
	server_set_waiting(server, position);
	pthread_mutex_unlock(&line.lock);
	return position;
}

/* The screen is cleared if that can be done by then. */
static struct server *unqueue_by(struct session *session, int64_t deadline_ms)
{
	struct server *server = NULL;

	pthread_mutex_lock(&line.lock);
	struct waiter *waiter = find_locked(session);
	if (waiter != NULL) {
		server = waiter->server;
		remove_locked(waiter);
	}
	pthread_mutex_unlock(&line.lock);
	if (server != NULL) {
		session_notify_clear(session, deadline_ms, POSITION_LINE);
		session_unref(session);
	}
	return server;
}

struct server *session_unqueue(struct session *session)
{
	return unqueue_by(session, net_now_ms() + SESSION_NOTIFY_MS);
}

struct server *session_queued(struct session *session, unsigned *position)
{
	pthread_mutex_lock(&line.lock);
	const struct waiter *waiter = find_locked(session);
	struct server *server = waiter != NULL ? waiter->server : NULL;
	bool is_waiting = waiter != NULL && waiter->moved_ms == 0;
	*position = is_waiting ? count_locked(server, waiter) : 0;
	pthread_mutex_unlock(&line.lock);
	return session_server(session) != server ? server : NULL;
}

/* A copy of what waits, to be acted upon without the lock. */
struct turn {
	struct session *session; /* a reference */
	struct server *server;
	const struct server *here; /* where the player is */
	int64_t moved_ms;
	unsigned position;
	bool is_news; /* the player has not been shown the position yet */
};

static struct turn turn_locked(const struct waiter *waiter)
{
	struct turn turn = {
		.session = waiter->session,
		.server = waiter->server,
		.here = session_server(waiter->session),
		.moved_ms = waiter->moved_ms,
		.position = count_locked(waiter->server, waiter),
	};

	turn.is_news = turn.position != waiter->told || turn.here != waiter->told_on;
	session_ref(waiter->session);
	return turn;
}

static struct turn *copy_line(size_t *n)
{
	struct turn *turns = NULL;
	struct waiter *waiter;

	*n = 0;
	pthread_mutex_lock(&line.lock);
	if (line.n > 0)
		turns = calloc(line.n, sizeof(*turns));
	TAILQ_FOREACH (waiter, &line.all, entries)
		if (turns != NULL)
			turns[(*n)++] = turn_locked(waiter);
	pthread_mutex_unlock(&line.lock);
	return turns;
}

/* What a player hears whose waiting is over, by how the jump went; MESSAGE_COUNT: they wait on.
 */
static enum message ending(enum session_jump result)
{
	switch (result) {
	case SESSION_JUMPS:
		return MESSAGE_QUEUE_MOVED;
	case SESSION_JUMP_RESTRICTED:
		return MESSAGE_QUEUE_RESTRICTED;
	case SESSION_JUMP_GONE:
		return MESSAGE_JUMP_GONE;
	default:
		return MESSAGE_COUNT;
	}
}

static bool waits_for(const struct session *session, const struct server *server)
{
	pthread_mutex_lock(&line.lock);
	const struct waiter *waiter = find_locked(session);
	bool waits = waiter != NULL && waiter->server == server;
	pthread_mutex_unlock(&line.lock);
	return waits;
}

/* `end` MESSAGE_COUNT: there is nothing to say. Here as below notices wait until `by_ms`. */
static void end_turn(const struct turn *turn, enum message end, int64_t by_ms)
{
	if (!waits_for(turn->session, turn->server))
		return; /* they have left the line meanwhile, or stand in another */
	unqueue_by(turn->session, by_ms);
	if (end != MESSAGE_COUNT)
		session_notify_by(turn->session, by_ms, end, "server",
				  server_name(turn->server), NULL);
}

/* Notes when a player was moved, or, with 0, that they wait again. */
static void note_moved(const struct turn *turn, int64_t moved_ms)
{
	pthread_mutex_lock(&line.lock);
	struct waiter *waiter = find_locked(turn->session);
	if (waiter != NULL && waiter->server == turn->server) {
		waiter->moved_ms = moved_ms;
		waiter->told = 0;
		server_set_waiting(turn->server, count_locked(turn->server, NULL));
	}
	pthread_mutex_unlock(&line.lock);
}

/* Notes that a position has been shown. False: they do not wait there any more. */
static bool note_told(const struct turn *turn)
{
	pthread_mutex_lock(&line.lock);
	struct waiter *waiter = find_locked(turn->session);
	bool waits = waiter != NULL && waiter->server == turn->server;
	if (waits) {
		waiter->told = turn->position;
		waiter->told_on = turn->here;
	}
	pthread_mutex_unlock(&line.lock);
	return waits;
}

/* Does not wait for the client: there is another tick. */
static void show_position(const struct turn *turn, int64_t by_ms)
{
	char number[16];

	snprintf(number, sizeof(number), "%u", turn->position);
	if (session_notify_at(turn->session, 0, POSITION_LINE, MESSAGE_QUEUE_STATUS, "server",
			      server_name(turn->server), "position", number, NULL) &&
	    !note_told(turn)) /* they have left the line meanwhile */
		session_notify_clear(turn->session, by_ms, POSITION_LINE);
}

static bool is_on_the_way(struct session *session, const struct server *server)
{
	pthread_mutex_lock(&session->lock);
	bool is_on_the_way = session->pending != NULL && session->pending->server == server;
	pthread_mutex_unlock(&session->lock);
	return is_on_the_way;
}

/* Looks after a player who has been moved: they have had their turn, unless the server is down.
 */
static void follow(const struct turn *turn, int64_t by_ms)
{
	if (net_now_ms() - turn->moved_ms < SET_OUT_MS ||
	    is_on_the_way(turn->session, turn->server))
		return;
	if (server_is_up(turn->server))
		end_turn(turn, MESSAGE_COUNT, by_ms);
	else
		note_moved(turn, 0);
}

/* Moves the first in line, if there is a place. False: they wait on. */
static bool move_on(const struct turn *turn, int64_t by_ms)
{
	struct server *target = turn->server;

	if (!waits_for(turn->session, target))
		return true; /* they have changed their mind */
	if (!server_is_up(target))
		return false;
	enum message end = ending(session_jump(turn->session, &target, NULL, SESSION_QUEUED));
	if (end == MESSAGE_COUNT)
		return false;
	if (end != MESSAGE_QUEUE_MOVED) {
		end_turn(turn, end, by_ms);
		return true;
	}
	note_moved(turn, net_now_ms());
	session_notify_clear(turn->session, by_ms, POSITION_LINE);
	session_notify_by(turn->session, by_ms, end, "server", server_name(target), NULL);
	return true;
}

static void take_turn(const struct turn *turn, int64_t by_ms)
{
	if (session_server(turn->session) == turn->server)
		end_turn(turn, MESSAGE_COUNT, by_ms);
	else if (turn->moved_ms != 0)
		follow(turn, by_ms);
	else if (server_config(turn->server, config_now()) == NULL)
		end_turn(turn, MESSAGE_JUMP_GONE, by_ms); /* whatever their position */
	else if ((turn->position > 1 || !move_on(turn, by_ms)) && turn->is_news)
		show_position(turn, by_ms);
}

static void move_lines(int64_t until_ms)
{
	size_t n;
	struct turn *turns = copy_line(&n);

	for (size_t i = 0; i < n; i++) {
		take_turn(&turns[i], session_notice_by(until_ms));
		session_unref(turns[i].session);
	}
	free(turns);
}

void session_tick(const struct session_world *world)
{
	static unsigned ticks;
	int64_t until_ms = net_now_ms() + NOTICES_MS;

	move_lines(until_ms);
	session_move_off(until_ms);
	crowd_tick();
	if (world->places != NULL && ++ticks % SAVE_TICKS == 0)
		places_save(world->places);
}
