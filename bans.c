/* SPDX-License-Identifier: MIT */
/*
 * Bans and the allow list. The one idea: the lists in memory are what counts, and each change
 * is followed by a write of the whole file, made from a copy, so that a slow disk holds up
 * nobody who logs in.
 */
#include "bans_private.h"

#include <bsd/string.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "text.h"

/* ---- lists ---- */

bool bans_is_over(const struct ban *ban, int64_t now_s)
{
	return ban->entry.until_s != 0 && ban->entry.until_s <= now_s;
}

void bans_list_init(struct bans_list *list)
{
	TAILQ_INIT(&list->all);
	list->allow_is_on = false;
}

void bans_list_clear(struct bans_list *list)
{
	struct ban *ban;

	while ((ban = TAILQ_FIRST(&list->all)) != NULL) {
		TAILQ_REMOVE(&list->all, ban, entries);
		free(ban);
	}
}

struct ban *bans_list_find(struct bans_list *list, const struct bans_target *target)
{
	struct ban *ban;

	TAILQ_FOREACH (ban, &list->all, entries)
		if (ban->target.is_network == target->is_network &&
		    strcasecmp(ban->target.text, target->text) == 0)
			return ban;
	return NULL;
}

void bans_list_put(struct bans_list *list, struct ban *ban)
{
	struct ban *old = bans_list_find(list, &ban->target);

	if (old != NULL)
		TAILQ_REMOVE(&list->all, old, entries);
	free(old);
	TAILQ_INSERT_TAIL(&list->all, ban, entries);
}

/* The first entry that meets a name or an address (NULL: not asked), and is not over. */
static const struct ban *find_met(const struct bans_list *list, const char *name,
				  const struct net_addr *peer, int64_t now_s)
{
	uint8_t bytes[16];
	bool has_bytes = peer != NULL && net_network_address(bytes, peer);
	const struct ban *ban;

	TAILQ_FOREACH (ban, &list->all, entries) {
		const struct bans_target *target = &ban->target;
		bool is_met = target->is_network
				      ? has_bytes && net_network_has(&target->network, bytes)
				      : name != NULL && strcasecmp(name, target->text) == 0;

		if (is_met && !bans_is_over(ban, now_s))
			return ban;
	}
	return NULL;
}

/* ---- changes ---- */

bool bans_copy_text(char *out, size_t size, const char *text)
{
	bool is_same = true;
	size_t n = 0;

	while (*text != '\0') {
		uint32_t code = 0;
		size_t step = text_utf8_next(text, &code);
		bool is_good = step > 0 && code >= 0x20 && code != 0x7f;

		step = step > 0 ? step : 1;
		is_same &= is_good && n + step < size;
		if (n + (is_good ? step : 1) >= size)
			break;
		if (is_good)
			memcpy(out + n, text, step);
		else
			out[n] = '?';
		n += is_good ? step : 1;
		text += step;
	}
	out[n] = '\0';
	return is_same;
}

struct ban *bans_make(const struct bans_target *target, int64_t until_s, const char *reason,
		      const char *by)
{
	struct ban *ban = calloc(1, sizeof(*ban));

	if (ban == NULL)
		return NULL;
	ban->target = *target;
	strlcpy(ban->entry.what, target->text, sizeof(ban->entry.what));
	bans_copy_text(ban->entry.reason, sizeof(ban->entry.reason), reason);
	bans_copy_text(ban->entry.by, sizeof(ban->entry.by), by);
	ban->entry.until_s = until_s;
	return ban;
}

/* The lists are the caller's until end_change(). */
static void begin_change(struct bans *bans)
{
	pthread_rwlock_rdlock(&bans->turn);
	pthread_mutex_lock(&bans->lock);
}

static enum bans_result end_change(struct bans *bans, enum bans_kind kind, bool is_changed,
				   char *why, size_t why_size)
{
	pthread_mutex_unlock(&bans->lock);
	enum bans_result result =
		is_changed ? bans_save(bans, kind, why, why_size) : BANS_UNCHANGED;
	pthread_rwlock_unlock(&bans->turn);
	return result;
}

/* Puts an entry on a list, unless the same is on it and `keeps_same`. */
static enum bans_result put(struct bans *bans, enum bans_kind kind, struct ban *ban,
			    bool keeps_same, char *why, size_t why_size)
{
	struct bans_list *list = &bans->lists[kind];

	begin_change(bans);
	const struct ban *old = bans_list_find(list, &ban->target);
	bool is_new = !keeps_same || old == NULL || old->entry.until_s != ban->entry.until_s ||
		      strcmp(old->entry.reason, ban->entry.reason) != 0;
	if (is_new)
		bans_list_put(list, ban);
	else
		free(ban);
	return end_change(bans, kind, is_new, why, why_size);
}

/* The entry for what is meant; NULL, and `why`, if there can be none. */
static struct ban *make_checked(const char *what, int64_t until_s, const char *reason,
				const char *by, char *why, size_t why_size)
{
	struct bans_target target;

	if (!bans_target_parse(&target, what, why, why_size))
		return NULL;
	if (until_s < 0 || (until_s > 0 && until_s <= time(NULL))) {
		snprintf(why, why_size, "the end can't be in the past");
		return NULL;
	}
	struct ban *ban = bans_make(&target, until_s, reason, by);
	if (ban == NULL)
		snprintf(why, why_size, "out of memory");
	return ban;
}

static enum bans_result take_off(struct bans *bans, enum bans_kind kind, const char *what,
				 char *why, size_t why_size)
{
	struct bans_list *list = &bans->lists[kind];
	struct bans_target target;

	if (!bans_target_parse(&target, what, why, why_size))
		return BANS_BAD;
	begin_change(bans);
	struct ban *ban = bans_list_find(list, &target);
	bool is_there = ban != NULL && !bans_is_over(ban, time(NULL));
	if (is_there) {
		TAILQ_REMOVE(&list->all, ban, entries);
		free(ban);
	}
	return end_change(bans, kind, is_there, why, why_size);
}

static void each(struct bans *bans, enum bans_kind kind, int64_t now_s, bans_each_fn *fn,
		 void *context)
{
	const struct ban *ban;

	pthread_mutex_lock(&bans->lock);
	TAILQ_FOREACH (ban, &bans->lists[kind].all, entries)
		if (!bans_is_over(ban, now_s))
			fn(context, &ban->entry);
	pthread_mutex_unlock(&bans->lock);
}

/* ---- bans ---- */

enum bans_result bans_add(struct bans *bans, const char *what, int64_t until_s,
			  const char *reason, const char *by, char *why, size_t why_size)
{
	struct ban *ban = make_checked(what, until_s, reason, by, why, why_size);

	return ban == NULL ? BANS_BAD : put(bans, BANS_OF_BANS, ban, false, why, why_size);
}

enum bans_result bans_remove(struct bans *bans, const char *what, char *why, size_t why_size)
{
	return take_off(bans, BANS_OF_BANS, what, why, why_size);
}

bool bans_find(struct bans *bans, const char *name, const struct net_addr *peer, int64_t now_s,
	       struct bans_entry *entry)
{
	pthread_mutex_lock(&bans->lock);
	const struct ban *ban = find_met(&bans->lists[BANS_OF_BANS], name, peer, now_s);
	if (ban != NULL && entry != NULL)
		*entry = ban->entry;
	pthread_mutex_unlock(&bans->lock);
	return ban != NULL;
}

void bans_each(struct bans *bans, int64_t now_s, bans_each_fn *fn, void *context)
{
	each(bans, BANS_OF_BANS, now_s, fn, context);
}

/* ---- the allow list ---- */

bool bans_allow_is_on(struct bans *bans)
{
	pthread_mutex_lock(&bans->lock);
	bool is_on = bans->lists[BANS_OF_ALLOWED].allow_is_on;
	pthread_mutex_unlock(&bans->lock);
	return is_on;
}

enum bans_result bans_allow_switch(struct bans *bans, bool on, char *why, size_t why_size)
{
	struct bans_list *list = &bans->lists[BANS_OF_ALLOWED];

	snprintf(why, why_size, "%s", "");
	begin_change(bans);
	bool is_new = list->allow_is_on != on;
	list->allow_is_on = on;
	return end_change(bans, BANS_OF_ALLOWED, is_new, why, why_size);
}

enum bans_result bans_allow_add(struct bans *bans, const char *what, int64_t until_s,
				const char *reason, const char *by, char *why, size_t why_size)
{
	struct ban *ban = make_checked(what, until_s, reason, by, why, why_size);

	return ban == NULL ? BANS_BAD : put(bans, BANS_OF_ALLOWED, ban, true, why, why_size);
}

enum bans_result bans_allow_remove(struct bans *bans, const char *what, char *why,
				   size_t why_size)
{
	return take_off(bans, BANS_OF_ALLOWED, what, why, why_size);
}

bool bans_is_allowed(struct bans *bans, const char *name, const struct net_addr *peer,
		     int64_t now_s)
{
	const struct bans_list *list = &bans->lists[BANS_OF_ALLOWED];

	pthread_mutex_lock(&bans->lock);
	bool is_allowed = !list->allow_is_on || find_met(list, name, peer, now_s) != NULL;
	pthread_mutex_unlock(&bans->lock);
	return is_allowed;
}

void bans_each_allowed(struct bans *bans, int64_t now_s, bans_each_fn *fn, void *context)
{
	each(bans, BANS_OF_ALLOWED, now_s, fn, context);
}

/* ---- all of it ---- */

struct bans *bans_new(const char *directory)
{
	static const char *const names[] = {"bans.json", "allowed.json"};
	struct bans *bans = calloc(1, sizeof(*bans));

	if (bans == NULL)
		return NULL;
	pthread_rwlock_init(&bans->turn, NULL);
	pthread_mutex_init(&bans->saving, NULL);
	pthread_mutex_init(&bans->lock, NULL);
	for (size_t i = 0; i < BANS_KINDS; i++) {
		struct bans_file *file = &bans->files[i];

		bans_list_init(&bans->lists[i]);
		file->name = names[i];
		snprintf(file->path, sizeof(file->path), "%s/%s", directory, names[i]);
	}
	bans_load(bans);
	return bans;
}

void bans_free(struct bans *bans)
{
	if (bans == NULL)
		return;
	for (size_t i = 0; i < BANS_KINDS; i++)
		bans_list_clear(&bans->lists[i]);
	pthread_mutex_destroy(&bans->lock);
	pthread_mutex_destroy(&bans->saving);
	pthread_rwlock_destroy(&bans->turn);
	free(bans);
}
