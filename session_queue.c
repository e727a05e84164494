/* SPDX-License-Identifier: MIT */
/*
 * Lines in front of full servers. The one idea: one list of all who wait, in the order in which
 * they came; a tick walks through it once and moves whom it can, and a server whose first in
 * line could not be moved is closed to all behind them. Who is being moved counts no more, but
 * is forgotten only when they have arrived: should the server die meanwhile, they are first
 * again. The list's lock is never held while a player is told or moved, and the tick waits for
 * nobody: what a player could not be shown is tried again at the next one. For that, who has
 * left a line stays in the list until their screen is clear.
 */
#include <stdio.h>
#include <stdlib.h>

#include "config_current.h"
#include "session_private.h"

#define SAVE_TICKS    20   /* between two looks whether places need saving */
#define POSITION_LINE 2    /* MessageTypes: the second status line, top right */
#define SET_OUT_MS    2000 /* how long a move may take until a link is on its way */
#define NOTICES_MS    50   /* how long a tick's notices wait for clients, all together */

static struct {
	pthread_mutex_t lock; /* taken before session.lock and the registry's */
	TAILQ_HEAD(, session) all;
	size_t n;
} line = {.lock = PTHREAD_MUTEX_INITIALIZER, .all = TAILQ_HEAD_INITIALIZER(line.all)};

static bool waits_locked(const struct session *session)
{
	return session->waiter.server != NULL && session->waiter.moved_ms == 0;
}

/* Where somebody stands, from 1. */
static unsigned position_locked(const struct session *session)
{
	const struct session *other;
	unsigned n = 0;

	TAILQ_FOREACH (other, &line.all, waiter.entries) {
		n += waits_locked(other) && other->waiter.server == session->waiter.server;
		if (other == session)
			break;
	}
	return n;
}

/* From now on they wait for this server, or, with `moved_ms`, are being moved to it; or for
 * none (NULL). How many wait for it then. */
static unsigned aim_locked(struct session *session, struct server *server, int64_t moved_ms)
{
	if (waits_locked(session))
		server_add_waiting(session->waiter.server, -1);
	session->waiter.server = server;
	session->waiter.moved_ms = moved_ms;
	session->waiter.told = 0;
	return waits_locked(session) ? server_add_waiting(server, 1) : 0;
}

/* Puts them at the end of the list, wherever they have been. */
static void list_locked(struct session *session)
{
	if (session->waiter.is_listed) {
		TAILQ_REMOVE(&line.all, session, waiter.entries);
	} else {
		session_ref(session);
		session->waiter.is_listed = true;
		line.n++;
	}
	TAILQ_INSERT_TAIL(&line.all, session, waiter.entries);
}

unsigned session_queue(struct session *session, struct server *server)
{
	unsigned position = 0;

	pthread_mutex_lock(&line.lock);
	if (!atomic_load(&session->is_ending)) { /* else they have left their line for good */
		list_locked(session);
		position = aim_locked(session, server, 0);
	}
	pthread_mutex_unlock(&line.lock);
	return position;
}

/* Is the last position that was shown still on the screen of one who waits for nothing. */
static bool is_stale_locked(struct session *session)
{
	return session->waiter.told_on != NULL &&
	       session->waiter.told_on == session_server(session);
}

/* Forgets somebody who has left the line, if the screen can be cleared by then; else a tick
 * does. */
static void clear_screen(struct session *session, int64_t deadline_ms)
{
	pthread_mutex_lock(&line.lock);
	bool is_stale = is_stale_locked(session);
	pthread_mutex_unlock(&line.lock);
	if (is_stale && !atomic_load(&session->is_ending) &&
	    !session_notify_clear(session, deadline_ms, POSITION_LINE))
		return;
	pthread_mutex_lock(&line.lock);
	bool is_over = session->waiter.is_listed && session->waiter.server == NULL;
	if (is_over) {
		TAILQ_REMOVE(&line.all, session, waiter.entries);
		line.n--;
		session->waiter = (struct waiter){.is_listed = false};
	}
	pthread_mutex_unlock(&line.lock);
	if (is_over)
		session_unref(session);
}

struct server *session_unqueue(struct session *session)
{
	pthread_mutex_lock(&line.lock);
	struct server *server = session->waiter.server;
	bool is_listed = session->waiter.is_listed;
	aim_locked(session, NULL, 0);
	pthread_mutex_unlock(&line.lock);
	if (is_listed)
		clear_screen(session, net_now_ms() + SESSION_NOTIFY_MS);
	return server;
}

struct server *session_queued(struct session *session, unsigned *position)
{
	pthread_mutex_lock(&line.lock);
	struct server *server = session->waiter.server;
	*position = waits_locked(session) ? position_locked(session) : 0;
	pthread_mutex_unlock(&line.lock);
	return session_server(session) != server ? server : NULL;
}

/* A copy of what waits, to be acted upon without the lock. */
struct turn {
	struct session *session;   /* a reference */
	struct server *server;     /* NULL: their screen must be cleared */
	const struct server *here; /* where the player is */
	int64_t moved_ms;
	unsigned told; /* what was shown last, and where */
	const struct server *told_on;
};

/* How the line of one server has gone in this tick. */
struct course {
	unsigned waiting; /* so many wait on, of those who have had their turn */
	bool is_closed;   /* one of them could not be moved */
};

/* The whole line; *courses gets room for the courses of its servers, by server_index(). NULL
 * without memory, or if there is none. */
static struct turn *copy_line(size_t *n, struct course **courses)
{
	struct session *session;
	struct turn *turns = NULL;
	size_t last = 0;

	*n = 0;
	pthread_mutex_lock(&line.lock);
	if (line.n > 0)
		turns = calloc(line.n, sizeof(*turns));
	TAILQ_FOREACH (session, &line.all, waiter.entries) {
		const struct waiter *waiter = &session->waiter;

		if (turns == NULL)
			break;
		session_ref(session);
		turns[(*n)++] = (struct turn){
			.session = session,
			.server = waiter->server,
			.here = session_server(session),
			.moved_ms = waiter->moved_ms,
			.told = waiter->told,
			.told_on = waiter->told_on,
		};
		if (waiter->server != NULL && server_index(waiter->server) > last)
			last = server_index(waiter->server);
	}
	pthread_mutex_unlock(&line.lock);
	*courses = calloc(last + 1, sizeof(**courses));
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
	bool waits = session->waiter.server == server && !atomic_load(&session->is_ending);
	pthread_mutex_unlock(&line.lock);
	return waits;
}

/* `end` MESSAGE_COUNT: there is nothing to say. Here as below notices wait until `by_ms`. */
static void end_turn(const struct turn *turn, enum message end, int64_t by_ms)
{
	pthread_mutex_lock(&line.lock);
	bool waits = turn->session->waiter.server == turn->server;
	if (waits)
		aim_locked(turn->session, NULL, 0);
	pthread_mutex_unlock(&line.lock);
	if (!waits)
		return; /* they have left the line meanwhile, or stand in another */
	clear_screen(turn->session, by_ms);
	if (end != MESSAGE_COUNT)
		session_notify_by(turn->session, by_ms, end, "server",
				  server_name(turn->server), NULL);
}

/* Notes when a player was moved, or, with 0, that they wait again. */
static void note_moved(const struct turn *turn, int64_t moved_ms)
{
	pthread_mutex_lock(&line.lock);
	if (turn->session->waiter.server == turn->server)
		aim_locked(turn->session, turn->server, moved_ms);
	pthread_mutex_unlock(&line.lock);
}

/* Notes that a position has been shown. False: they have left the line meanwhile, and it must
 * be cleared. */
static bool note_told(const struct turn *turn, unsigned position)
{
	struct waiter *waiter = &turn->session->waiter;

	pthread_mutex_lock(&line.lock);
	waiter->told_on = turn->here;
	if (waiter->server == turn->server)
		waiter->told = position;
	bool must_clear = waiter->server == NULL && !atomic_load(&turn->session->is_ending);
	if (must_clear)
		list_locked(turn->session);
	pthread_mutex_unlock(&line.lock);
	return !must_clear;
}

/* Does not wait for the client: there is another tick. */
static void show_position(const struct turn *turn, unsigned position, int64_t by_ms)
{
	char number[16];

	if (position == turn->told && turn->here == turn->told_on)
		return;
	snprintf(number, sizeof(number), "%u", position);
	if (session_notify_at(turn->session, 0, POSITION_LINE, MESSAGE_QUEUE_STATUS, "server",
			      server_name(turn->server), "position", number, NULL) &&
	    !note_told(turn, position))
		clear_screen(turn->session, by_ms);
}

static bool is_on_the_way(struct session *session, const struct server *server)
{
	pthread_mutex_lock(&session->lock);
	bool is_on_the_way = session->pending != NULL && session->pending->server == server;
	pthread_mutex_unlock(&session->lock);
	return is_on_the_way;
}

/* Somebody waits on, and all behind them. Their position. */
static unsigned wait_on(struct course *course)
{
	course->is_closed = true;
	return ++course->waiting;
}

/* Looks after a player who has been moved: they have had their turn, unless the server is down:
 * then they wait again. */
static void follow(const struct turn *turn, struct course *course, int64_t by_ms)
{
	if (net_now_ms() - turn->moved_ms < SET_OUT_MS ||
	    is_on_the_way(turn->session, turn->server))
		return;
	if (server_is_up(turn->server)) {
		end_turn(turn, MESSAGE_COUNT, by_ms);
	} else {
		note_moved(turn, 0);
		wait_on(course);
	}
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

static void take_turn(const struct turn *turn, struct course *course, int64_t by_ms)
{
	if (session_server(turn->session) == turn->server)
		end_turn(turn, MESSAGE_COUNT, by_ms);
	else if (turn->moved_ms != 0)
		follow(turn, course, by_ms);
	else if (server_config(turn->server, config_now()) == NULL)
		end_turn(turn, MESSAGE_JUMP_GONE, by_ms); /* whatever their position */
	else if (course->is_closed || !move_on(turn, by_ms))
		show_position(turn, wait_on(course), by_ms);
}

static void move_lines(int64_t until_ms)
{
	size_t n;
	struct course *courses;
	struct turn *turns = copy_line(&n, &courses);

	for (size_t i = 0; i < n; i++) {
		const struct turn *turn = &turns[i];

		if (turn->server == NULL)
			clear_screen(turn->session, 0);
		else if (courses != NULL)
			take_turn(turn, &courses[server_index(turn->server)],
				  session_notice_by(until_ms));
		session_unref(turn->session);
	}
	free(courses);
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
