/* SPDX-License-Identifier: MIT */
/*
 * Where players were. The one idea: a list with the latest player in front, so that whoever has
 * been away longest is at the end and can be forgotten.
 */
#include "places.h"

#include <bsd/string.h>
#include <bsd/sys/queue.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "auth.h"
#include "log.h"
#include "store.h"

#define PLACES_MAX  20000
#define PATH_SIZE   4096
#define FILE_NAME   "places.json"
#define FAULTS_SAID 10 /* of a damaged file; the others are counted */

struct place {
	TAILQ_ENTRY(place) entries;
	char player[AUTH_FULL_NAME_MAX + 1];
	char server[CONFIG_NAME_MAX + 1];
};

struct places {
	pthread_mutex_t saving; /* held while the file is written, outside of lock */
	pthread_mutex_t lock;   /* of what follows */
	TAILQ_HEAD(place_list, place) all;
	size_t n;
	bool is_dirty, is_readonly;
	char path[PATH_SIZE]; /* I */
};

static struct place *find_locked(struct places *places, const char *player)
{
	struct place *place;

	TAILQ_FOREACH (place, &places->all, entries)
		if (strcasecmp(place->player, player) == 0)
			return place;
	return NULL;
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
	if (place != NULL && !is_known) {
		TAILQ_REMOVE(&places->all, place, entries);
		places->n--;
	}
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

/* All of it as JSON, the latest first; NULL without memory. */
static cJSON *print_locked(const struct places *places)
{
	cJSON *root = cJSON_CreateObject();
	cJSON *list = root != NULL ? cJSON_AddObjectToObject(root, "players") : NULL;
	const struct place *place;

	TAILQ_FOREACH (place, &places->all, entries) {
		if (list == NULL ||
		    cJSON_AddStringToObject(list, place->player, place->server) == NULL) {
			cJSON_Delete(root);
			return NULL;
		}
	}
	return root;
}

void places_save(struct places *places)
{
	cJSON *root = NULL;

	pthread_mutex_lock(&places->saving);
	pthread_mutex_lock(&places->lock);
	if (places->is_dirty && !places->is_readonly)
		root = print_locked(places);
	if (root != NULL)
		places->is_dirty = false;
	pthread_mutex_unlock(&places->lock);
	bool is_lost = root != NULL && !store_save(places->path, root);
	pthread_mutex_lock(&places->lock);
	places->is_dirty |= is_lost; /* another time */
	pthread_mutex_unlock(&places->lock);
	pthread_mutex_unlock(&places->saving);
	cJSON_Delete(root);
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

		if (fault == NULL && places->n < PLACES_MAX)
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
	places_save(places);
}

struct places *places_new(const char *directory)
{
	struct places *places = calloc(1, sizeof(*places));

	if (places == NULL)
		return NULL;
	pthread_mutex_init(&places->lock, NULL);
	pthread_mutex_init(&places->saving, NULL);
	TAILQ_INIT(&places->all);
	snprintf(places->path, sizeof(places->path), "%s/" FILE_NAME, directory);
	load(places);
	return places;
}

void places_free(struct places *places)
{
	struct place *place;

	if (places == NULL)
		return;
	places_save(places);
	while ((place = TAILQ_FIRST(&places->all)) != NULL) {
		TAILQ_REMOVE(&places->all, place, entries);
		free(place);
	}
	pthread_mutex_destroy(&places->lock);
	pthread_mutex_destroy(&places->saving);
	free(places);
}
