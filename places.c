/* SPDX-License-Identifier: MIT */
/*
 * Where players were. The one idea: a list with the latest player in front, so that whoever has
 * been away longest is at the end and can be forgotten, and a table of the same players by
 * their names. Both are only held for moments: the thread that writes the file copies them
 * first, and waits for the disk without a lock.
 */
#include "places.h"

#include <bsd/stdlib.h>
#include <bsd/string.h>
#include <bsd/sys/queue.h>
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "auth.h"
#include "log.h"
#include "net.h"
#include "store.h"

#define PLACES_MAX  20000
#define BUCKETS     8192 /* a power of two */
#define STOP_MS     1000 /* how long the file may take at the end */
#define PATH_SIZE   4096
#define FILE_NAME   "places.json"
#define FAULTS_SAID 10 /* of a damaged file; the others are counted */

struct place {
	TAILQ_ENTRY(place) entries;
	LIST_ENTRY(place) same; /* hash */
	char player[AUTH_FULL_NAME_MAX + 1];
	char server[CONFIG_NAME_MAX + 1];
};

LIST_HEAD(bucket, place);

struct places {
	pthread_mutex_t lock; /* of what follows */
	TAILQ_HEAD(place_list, place) all;
	struct bucket buckets[BUCKETS]; /* the same places, by name */
	size_t n;
	bool is_dirty, is_readonly;
	pthread_cond_t wake; /* wants_save, is_ending, has_ended */
	bool wants_save, is_ending, has_ended;
	uint32_t seed;        /* I, so that nobody can choose names of one bucket */
	char path[PATH_SIZE]; /* I */
	pthread_t thread;     /* of whoever ends it */
	bool is_running;      /* the same */
};

/* Only by what does not depend on case, as far as names have letters. */
static struct bucket *bucket_of(struct places *places, const char *player)
{
	uint32_t hash = places->seed;

	for (const char *p = player; *p != '\0'; p++)
		hash = (hash ^ ((uint8_t)*p | 0x20U)) * UINT32_C(16777619);
	return &places->buckets[(hash ^ hash >> 16) % BUCKETS];
}

static struct place *find_locked(struct places *places, const char *player)
{
	struct place *place;

	LIST_FOREACH (place, bucket_of(places, player), same)
		if (strcasecmp(place->player, player) == 0)
			return place;
	return NULL;
}

static void take_out_locked(struct places *places, struct place *place)
{
	TAILQ_REMOVE(&places->all, place, entries);
	LIST_REMOVE(place, same);
	places->n--;
}

/* Puts a player in front of all others, or behind them, by `place` if that is not NULL, which
 * is not in the list now. */
static void put_locked(struct places *places, struct place *place, const char *player,
		       const char *server, bool is_first)
{
	if (place == NULL)
		place = calloc(1, sizeof(*place));
	if (place == NULL)
		return;
	strlcpy(place->player, player, sizeof(place->player));
	strlcpy(place->server, server, sizeof(place->server));
	if (is_first)
		TAILQ_INSERT_HEAD(&places->all, place, entries);
	else
		TAILQ_INSERT_TAIL(&places->all, place, entries);
	LIST_INSERT_HEAD(bucket_of(places, player), place, same);
	places->n++;
	places->is_dirty = true;
}

void places_note(struct places *places, const char *player, const char *server)
{
	pthread_mutex_lock(&places->lock);
	const struct place *latest = TAILQ_FIRST(&places->all);
	bool is_known = latest != NULL && strcasecmp(latest->player, player) == 0 &&
			strcmp(latest->server, server) == 0;
	struct place *place = is_known ? NULL : find_locked(places, player);
	if (place == NULL && places->n >= PLACES_MAX)
		place = TAILQ_LAST(&places->all, place_list);
	if (place != NULL && !is_known)
		take_out_locked(places, place);
	if (!is_known)
		put_locked(places, place, player, server, true);
	pthread_mutex_unlock(&places->lock);
}

bool places_find(struct places *places, const char *player,
		 char server[static CONFIG_NAME_MAX + 1])
{
	pthread_mutex_lock(&places->lock);
	const struct place *place = find_locked(places, player);
	if (place != NULL)
		strlcpy(server, place->server, CONFIG_NAME_MAX + 1);
	pthread_mutex_unlock(&places->lock);
	return place != NULL;
}

/* ---- the file ---- */

/* A copy of all places, the latest first, *n of them, if there is something to write; from then
 * on there is not. NULL if there is nothing, or no memory. */
static struct place *copy_locked(struct places *places, size_t *n)
{
	bool is_wanted = places->is_dirty && !places->is_readonly;
	struct place *copy = is_wanted ? calloc(places->n + 1, sizeof(*copy)) : NULL;
	const struct place *place;

	*n = 0;
	if (copy == NULL)
		return NULL;
	TAILQ_FOREACH (place, &places->all, entries)
		copy[(*n)++] = *place;
	places->is_dirty = false;
	return copy;
}

/* As JSON; NULL without memory. */
static cJSON *print(const struct place *copy, size_t n)
{
	cJSON *root = cJSON_CreateObject();
	cJSON *list = root != NULL ? cJSON_AddObjectToObject(root, "players") : NULL;
	bool is_whole = list != NULL;

	for (size_t i = 0; is_whole && i < n; i++)
		is_whole =
			cJSON_AddStringToObject(list, copy[i].player, copy[i].server) != NULL;
	if (is_whole)
		return root;
	cJSON_Delete(root);
	return NULL;
}

/* Writes the file if it is not as it should be. */
static void save(struct places *places)
{
	size_t n;

	pthread_mutex_lock(&places->lock);
	struct place *copy = copy_locked(places, &n);
	pthread_mutex_unlock(&places->lock);
	if (copy == NULL)
		return;
	cJSON *root = print(copy, n);
	bool is_lost = root == NULL || !store_save(places->path, root);
	pthread_mutex_lock(&places->lock);
	places->is_dirty |= is_lost; /* another time */
	pthread_mutex_unlock(&places->lock);
	cJSON_Delete(root);
	free(copy);
}

/* ---- loading ---- */

/* What is wrong with an entry; NULL: nothing. */
static const char *fault_of(const cJSON *item)
{
	if (!auth_full_name_is_valid(item->string))
		return "that is not a name: 1 to 20 letters, digits and _ . @ + -";
	if (!cJSON_IsString(item))
		return "that should be the name of a server";
	return strlen(item->valuestring) > CONFIG_NAME_MAX
		       ? "that is longer than the name of a server can be"
		       : NULL;
}

/* Takes the players of a list, the first of whom was seen last. Returns how many entries are
 * not understood; the first few are named. */
static unsigned take_players(struct places *places, const cJSON *list)
{
	unsigned faults = 0;
	const cJSON *item;

	cJSON_ArrayForEach (item, list) {
		const char *fault = fault_of(item);

		if (fault == NULL && places->n < PLACES_MAX &&
		    find_locked(places, item->string) == NULL)
			put_locked(places, NULL, item->string, item->valuestring, false);
		if (fault != NULL && faults++ < FAULTS_SAID)
			log_warn("%s: players.%s: %s", places->path, item->string, fault);
	}
	if (faults > FAULTS_SAID)
		log_warn("%s: and %u more of players", places->path, faults - FAULTS_SAID);
	return faults;
}

/* The same for all members of the file. */
static unsigned take_file(struct places *places, const cJSON *root)
{
	unsigned faults = 0;
	const cJSON *value;

	cJSON_ArrayForEach (value, root) {
		if (strcmp(value->string, "players") == 0 && cJSON_IsObject(value)) {
			faults += take_players(places, value);
			continue;
		}
		log_warn("%s: \"%s\" is not what this file has: \"players\" with an object",
			 places->path, value->string);
		faults++;
	}
	return faults;
}

/* Reads the file, and writes it anew if there was anything in it that does not count: else the
 * next start would find the same again. */
static void load(struct places *places)
{
	cJSON *root = store_load(places->path, &places->is_readonly);
	unsigned faults = take_file(places, root);

	cJSON_Delete(root);
	places->is_dirty = faults > 0;
	if (faults == 0)
		return;
	places->is_readonly = !store_copy_aside(places->path);
	save(places);
}

/* ---- the thread ---- */

void places_save(struct places *places)
{
	pthread_mutex_lock(&places->lock);
	places->wants_save = true;
	pthread_cond_broadcast(&places->wake);
	pthread_mutex_unlock(&places->lock);
}

/* Waits until the file is wanted; false at the end, when it is written once more. */
static bool wait_for_work(struct places *places)
{
	pthread_mutex_lock(&places->lock);
	while (!places->wants_save && !places->is_ending)
		pthread_cond_wait(&places->wake, &places->lock);
	places->wants_save = false;
	bool goes_on = !places->is_ending;
	pthread_mutex_unlock(&places->lock);
	return goes_on;
}

static void *places_main(void *argument)
{
	struct places *places = argument;
	bool goes_on;

	pthread_setname_np(pthread_self(), "places");
	do {
		goes_on = wait_for_work(places);
		save(places);
	} while (goes_on);
	pthread_mutex_lock(&places->lock);
	places->has_ended = true;
	pthread_cond_broadcast(&places->wake);
	pthread_mutex_unlock(&places->lock);
	return NULL;
}

struct places *places_new(const char *directory)
{
	struct places *places = calloc(1, sizeof(*places));
	pthread_condattr_t attr;

	if (places == NULL)
		return NULL;
	pthread_mutex_init(&places->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&places->wake, &attr);
	pthread_condattr_destroy(&attr);
	TAILQ_INIT(&places->all);
	places->seed = arc4random();
	snprintf(places->path, sizeof(places->path), "%s/" FILE_NAME, directory);
	load(places);
	places->is_running = pthread_create(&places->thread, NULL, places_main, places) == 0;
	if (places->is_running)
		return places;
	places_free(places);
	return NULL;
}

bool places_stop(struct places *places)
{
	struct timespec until = net_timespec(net_now_ms() + STOP_MS);
	int error = 0;

	if (places == NULL || !places->is_running)
		return true;
	pthread_mutex_lock(&places->lock);
	places->is_ending = true;
	pthread_cond_broadcast(&places->wake);
	while (!places->has_ended && error != ETIMEDOUT)
		error = pthread_cond_timedwait(&places->wake, &places->lock, &until);
	bool is_over = places->has_ended;
	pthread_mutex_unlock(&places->lock);
	if (is_over)
		pthread_join(places->thread, NULL);
	places->is_running = !is_over;
	return is_over;
}

void places_free(struct places *places)
{
	struct place *place, *next;

	if (places == NULL || !places_stop(places))
		return;
	TAILQ_FOREACH_SAFE (place, &places->all, entries, next)
		free(place);
	pthread_cond_destroy(&places->wake);
	pthread_mutex_destroy(&places->lock);
	free(places);
}
