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
#include "store.h"

#define PLACES_MAX 20000
#define PATH_SIZE  4096
#define FILE_NAME  "places.json"

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

/* Takes the players of a file, the first of which was seen last. */
static void load(struct places *places)
{
	cJSON *root = store_load(places->path, &places->is_readonly);
	const cJSON *item;

	cJSON_ArrayForEach (item, cJSON_GetObjectItemCaseSensitive(root, "players")) {
		if (places->n < PLACES_MAX && cJSON_IsString(item) && item->string != NULL &&
		    auth_full_name_is_valid(item->string) &&
		    strlen(item->valuestring) <= CONFIG_NAME_MAX)
			put_locked(places, NULL, item->string, item->valuestring, false);
	}
	places->is_dirty = false;
	cJSON_Delete(root);
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
