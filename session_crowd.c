/* SPDX-License-Identifier: MIT */
/*
 * What the log tells of many players who lose a server at once. The one idea: they all have the
 * same story, so that the first few tell it line by line, and the rest become one line with
 * counts when no more have come for a moment. With -v every player's lines are there.
 */
#include <bsd/string.h>
#include <stdio.h>

#include "session_private.h"
#include "text.h"

#define CROWD_TOLD     2     /* players of a crowd who have lines of their own */
#define CROWD_QUIET_MS 1000  /* after so long without another player a story is over, */
#define CROWD_LONG_MS  10000 /* or when it has gone on for so long */
#define CROWDS_MAX     8     /* stories at a time; players of others have their own lines */
#define PLACES_MAX     8     /* servers where the players of one are */
#define LIST_MAX       320

/* The players who have lost a server for the same reason. */
struct crowd {
	const struct server *server; /* NULL: free */
	char why[SESSION_WHY_MAX];
	int64_t first_ms, last_ms;
	unsigned lost, arrived;
	struct {
		const struct server *server;
		unsigned players;
	} places[PLACES_MAX]; /* where those are who have no lines of their own */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* innermost */
static struct crowd crowds[CROWDS_MAX];

/* Does the story of a crowd go on: with another loss for this reason, or, without one, with an
 * arrival. */
static bool is_about_locked(const struct crowd *crowd, const struct server *server,
			    const char *why)
{
	return crowd->server == server &&
	       (why != NULL ? strcmp(crowd->why, why) == 0 : crowd->arrived < crowd->lost);
}

static struct crowd *find_locked(const struct server *server, const char *why)
{
	for (size_t i = 0; i < CROWDS_MAX; i++)
		if (is_about_locked(&crowds[i], server, why))
			return &crowds[i];
	return NULL;
}

static struct crowd *begin_locked(const struct server *server, const char *why)
{
	struct crowd *crowd = find_locked(NULL, "");

	if (crowd == NULL)
		return NULL;
	*crowd = (struct crowd){.server = server, .first_ms = net_now_ms()};
	strlcpy(crowd->why, why, sizeof(crowd->why));
	return crowd;
}

enum log_level crowd_loses(const struct server *server, const char *why)
{
	enum log_level level = LOG_INFO;

	pthread_mutex_lock(&lock);
	struct crowd *crowd = find_locked(server, why);
	if (crowd == NULL)
		crowd = begin_locked(server, why);
	if (crowd != NULL) {
		crowd->last_ms = net_now_ms();
		if (++crowd->lost > CROWD_TOLD)
			level = LOG_DEBUG;
	}
	pthread_mutex_unlock(&lock);
	return level;
}

static void count_locked(struct crowd *crowd, const struct server *server)
{
	for (size_t i = 0; i < PLACES_MAX; i++) {
		if (crowd->places[i].server != NULL && crowd->places[i].server != server)
			continue;
		crowd->places[i].server = server;
		crowd->places[i].players++;
		return;
	}
}

enum log_level crowd_falls(const struct server *from, const struct server *to)
{
	enum log_level level = LOG_INFO;

	pthread_mutex_lock(&lock);
	struct crowd *crowd = from != NULL ? find_locked(from, NULL) : NULL;
	if (crowd != NULL) {
		crowd->last_ms = net_now_ms();
		if (++crowd->arrived > CROWD_TOLD) {
			level = LOG_DEBUG;
			count_locked(crowd, to);
		}
	}
	pthread_mutex_unlock(&lock);
	return level;
}

static void tell(const struct crowd *crowd)
{
	char places[LIST_MAX], place[LIST_MAX];
	struct text_list list;

	if (crowd->lost <= CROWD_TOLD)
		return;
	text_list_begin(&list, places, sizeof(places));
	for (size_t i = 0; i < PLACES_MAX && crowd->places[i].server != NULL; i++) {
		snprintf(place, sizeof(place), "%u on %s", crowd->places[i].players,
			 server_name(crowd->places[i].server));
		text_list_add(&list, place);
	}
	text_list_end(&list);
	log_info("%u more lose %s: %s%s%s", crowd->lost - CROWD_TOLD,
		 server_name(crowd->server), crowd->why, places[0] != '\0' ? "; now " : "",
		 places);
}

/* Takes a story that is over; false if none is. */
static bool take_ended(struct crowd *out, int64_t now_ms)
{
	bool has_ended = false;

	pthread_mutex_lock(&lock);
	for (size_t i = 0; !has_ended && i < CROWDS_MAX; i++) {
		struct crowd *crowd = &crowds[i];

		has_ended =
			crowd->server != NULL && (now_ms - crowd->last_ms >= CROWD_QUIET_MS ||
						  now_ms - crowd->first_ms >= CROWD_LONG_MS);
		if (!has_ended)
			continue;
		*out = *crowd;
		*crowd = (struct crowd){.server = NULL};
	}
	pthread_mutex_unlock(&lock);
	return has_ended;
}

void crowd_tick(void)
{
	struct crowd crowd;

	while (take_ended(&crowd, net_now_ms()))
		tell(&crowd);
}
