/* SPDX-License-Identifier: MIT */
/*
 * Bans and the allow list. The one idea: the lists in memory are what counts, and each change
 * is followed by a write of the whole file, made from a copy, so that a slow disk holds up
 * nobody who logs in.
 */
#include "bans.h"

#include <bsd/string.h>
#include <bsd/sys/queue.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>

#include "auth.h"
#include "bans_target.h"
#include "log.h"
#include "store.h"
#include "text.h"

#define UNTIL_END 1e12 /* seconds, as far as we look ahead: 30,000 years */

struct ban {
	TAILQ_ENTRY(ban) entries;
	struct bans_target target;
	struct bans_entry entry;
};

struct allowed {
	TAILQ_ENTRY(allowed) entries;
	char name[BANS_WHAT_MAX];
};

/* l: guarded by lock; I: immutable once loaded. */
struct bans {
	pthread_mutex_t saving;                         /* held while a file is written, */
	pthread_mutex_t lock;                           /* outside of this one */
	TAILQ_HEAD(ban_list, ban) all;                  /* l */
	TAILQ_HEAD(allow_list, allowed) allowed;        /* l */
	bool allow_is_on;                               /* l */
	bool bans_readonly, allow_readonly;             /* I: must not be overwritten */
	char bans_path[PATH_MAX], allow_path[PATH_MAX]; /* I */
};

/* ---- files ---- */

static bool is_over(const struct ban *ban, int64_t now_s)
{
	return ban->entry.until_s != 0 && ban->entry.until_s <= now_s;
}

static void forget(struct bans *bans, struct ban *ban)
{
	TAILQ_REMOVE(&bans->all, ban, entries);
	free(ban);
}

/* The ban as JSON; NULL without memory. */
static cJSON *print_ban(const struct bans_entry *entry)
{
	cJSON *item = cJSON_CreateObject();

	if (cJSON_AddStringToObject(item, "what", entry->what) != NULL &&
	    cJSON_AddStringToObject(item, "reason", entry->reason) != NULL &&
	    cJSON_AddStringToObject(item, "by", entry->by) != NULL &&
	    cJSON_AddNumberToObject(item, "until", (double)entry->until_s) != NULL)
		return item;
	cJSON_Delete(item);
	return NULL;
}

static bool add_item(cJSON *list, cJSON *item)
{
	if (item != NULL && cJSON_AddItemToArray(list, item))
		return true;
	cJSON_Delete(item);
	return false;
}

/* All that a file is to hold; NULL without memory, for half a list is worse than none. Bans
 * that are over are forgotten. */
static cJSON *print_bans_locked(struct bans *bans)
{
	cJSON *root = cJSON_CreateObject();
	cJSON *list = cJSON_AddArrayToObject(root, "bans");
	bool is_whole = list != NULL;
	int64_t now_s = time(NULL);
	struct ban *ban, *next;

	for (ban = TAILQ_FIRST(&bans->all); ban != NULL && is_whole; ban = next) {
		next = TAILQ_NEXT(ban, entries);
		if (is_over(ban, now_s))
			forget(bans, ban);
		else
			is_whole = add_item(list, print_ban(&ban->entry));
	}
	if (is_whole)
		return root;
	cJSON_Delete(root);
	return NULL;
}

static cJSON *print_allowed_locked(struct bans *bans)
{
	cJSON *root = cJSON_CreateObject();
	bool is_whole = cJSON_AddBoolToObject(root, "on", bans->allow_is_on) != NULL;
	cJSON *list = cJSON_AddArrayToObject(root, "names");
	const struct allowed *allowed;

	is_whole = is_whole && list != NULL;
	TAILQ_FOREACH (allowed, &bans->allowed, entries)
		is_whole = is_whole && add_item(list, cJSON_CreateString(allowed->name));
	if (is_whole)
		return root;
	cJSON_Delete(root);
	return NULL;
}

/* Whoever waited for `saving` writes what has become of the lists by then: the file that is
 * written last is the newest. */
static enum bans_result save(struct bans *bans, const char *path, bool is_readonly,
			     cJSON *(*print)(struct bans *), char *why, size_t why_size)
{
	char text[128];

	pthread_mutex_lock(&bans->saving);
	pthread_mutex_lock(&bans->lock);
	cJSON *root = print(bans);
	pthread_mutex_unlock(&bans->lock);
	bool is_saved = root != NULL && !is_readonly && store_save(path, root);
	int error = root == NULL ? ENOMEM : errno;
	pthread_mutex_unlock(&bans->saving);
	if (root == NULL)
		log_error("%s can't be written: out of memory", path);
	cJSON_Delete(root);
	if (!is_saved)
		snprintf(why, why_size, "%s: %s", path,
			 is_readonly && root != NULL
				 ? "it could not be read or set aside at the start"
				 : strerror_r(error, text, sizeof(text)));
	return is_saved ? BANS_DONE : BANS_NOT_SAVED;
}

static enum bans_result save_bans(struct bans *bans, char *why, size_t why_size)
{
	return save(bans, bans->bans_path, bans->bans_readonly, print_bans_locked, why,
		    why_size);
}

static enum bans_result save_allowed(struct bans *bans, char *why, size_t why_size)
{
	return save(bans, bans->allow_path, bans->allow_readonly, print_allowed_locked, why,
		    why_size);
}

/* ---- bans ---- */

static struct ban *find_ban_locked(struct bans *bans, const struct bans_target *target)
{
	struct ban *ban;

	TAILQ_FOREACH (ban, &bans->all, entries)
		if (ban->target.is_network == target->is_network &&
		    strcasecmp(ban->target.text, target->text) == 0)
			return ban;
	return NULL;
}

static void put_locked(struct bans *bans, struct ban *ban)
{
	struct ban *old = find_ban_locked(bans, &ban->target);

	if (old != NULL)
		forget(bans, old);
	TAILQ_INSERT_TAIL(&bans->all, ban, entries);
}

/* Copies a text, as many whole characters as fit; what is no character becomes a ?. False if
 * it is not the same any more. */
static bool copy_text(char *out, size_t size, const char *text)
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

static struct ban *new_ban(const struct bans_target *target, int64_t until_s,
			   const char *reason, const char *by)
{
	struct ban *ban = calloc(1, sizeof(*ban));

	if (ban == NULL)
		return NULL;
	ban->target = *target;
	strlcpy(ban->entry.what, target->text, sizeof(ban->entry.what));
	copy_text(ban->entry.reason, sizeof(ban->entry.reason), reason);
	copy_text(ban->entry.by, sizeof(ban->entry.by), by);
	ban->entry.until_s = until_s;
	return ban;
}

enum bans_result bans_add(struct bans *bans, const char *what, int64_t until_s,
			  const char *reason, const char *by, char *why, size_t why_size)
{
	struct bans_target target;

	if (!bans_target_parse(&target, what, why, why_size))
		return BANS_BAD;
	if (until_s < 0 || (until_s > 0 && until_s <= time(NULL))) {
		snprintf(why, why_size, "a ban can't end in the past");
		return BANS_BAD;
	}
	struct ban *ban = new_ban(&target, until_s, reason, by);
	if (ban == NULL) {
		snprintf(why, why_size, "out of memory");
		return BANS_BAD;
	}
	pthread_mutex_lock(&bans->lock);
	put_locked(bans, ban);
	pthread_mutex_unlock(&bans->lock);
	return save_bans(bans, why, why_size);
}

enum bans_result bans_remove(struct bans *bans, const char *what, char *why, size_t why_size)
{
	struct bans_target target;

	if (!bans_target_parse(&target, what, why, why_size))
		return BANS_BAD;
	pthread_mutex_lock(&bans->lock);
	struct ban *ban = find_ban_locked(bans, &target);
	if (ban != NULL)
		TAILQ_REMOVE(&bans->all, ban, entries);
	pthread_mutex_unlock(&bans->lock);
	free(ban);
	return ban != NULL ? save_bans(bans, why, why_size) : BANS_UNCHANGED;
}

bool bans_find(struct bans *bans, const char *name, const struct net_addr *peer, int64_t now_s,
	       struct bans_entry *entry)
{
	uint8_t bytes[16];
	bool has_bytes = peer != NULL && net_network_address(bytes, peer), is_banned = false;
	const struct ban *ban;

	pthread_mutex_lock(&bans->lock);
	TAILQ_FOREACH (ban, &bans->all, entries) {
		const struct bans_target *target = &ban->target;

		if (is_over(ban, now_s))
			continue;
		is_banned = target->is_network
				    ? has_bytes && net_network_has(&target->network, bytes)
				    : name != NULL && strcasecmp(name, target->text) == 0;
		if (is_banned)
			break;
	}
	if (is_banned && entry != NULL)
		*entry = ban->entry;
	pthread_mutex_unlock(&bans->lock);
	return is_banned;
}

void bans_each(struct bans *bans, int64_t now_s, bans_each_fn *fn, void *context)
{
	const struct ban *ban;

	pthread_mutex_lock(&bans->lock);
	TAILQ_FOREACH (ban, &bans->all, entries)
		if (!is_over(ban, now_s))
			fn(context, &ban->entry);
	pthread_mutex_unlock(&bans->lock);
}

/* ---- the allow list ---- */

static struct allowed *find_allowed_locked(struct bans *bans, const char *name)
{
	struct allowed *allowed;

	TAILQ_FOREACH (allowed, &bans->allowed, entries)
		if (strcasecmp(allowed->name, name) == 0)
			return allowed;
	return NULL;
}

bool bans_allow_is_on(struct bans *bans)
{
	pthread_mutex_lock(&bans->lock);
	bool is_on = bans->allow_is_on;
	pthread_mutex_unlock(&bans->lock);
	return is_on;
}

enum bans_result bans_allow_switch(struct bans *bans, bool on, char *why, size_t why_size)
{
	snprintf(why, why_size, "%s", "");
	pthread_mutex_lock(&bans->lock);
	bool was_on = bans->allow_is_on;
	bans->allow_is_on = on;
	pthread_mutex_unlock(&bans->lock);
	return was_on != on ? save_allowed(bans, why, why_size) : BANS_UNCHANGED;
}

static bool check_name(const char *name, char *why, size_t why_size)
{
	bool is_good = auth_full_name_is_valid(name);

	if (!is_good)
		snprintf(why, why_size,
			 "\"%s\" is not a name: 1 to 20 letters, digits and _ . @ + -", name);
	return is_good;
}

static bool allow_locked(struct bans *bans, const char *name)
{
	struct allowed *allowed = NULL;

	if (find_allowed_locked(bans, name) == NULL)
		allowed = calloc(1, sizeof(*allowed));
	if (allowed == NULL)
		return false;
	strlcpy(allowed->name, name, sizeof(allowed->name));
	TAILQ_INSERT_TAIL(&bans->allowed, allowed, entries);
	return true;
}

enum bans_result bans_allow_add(struct bans *bans, const char *name, char *why, size_t why_size)
{
	if (!check_name(name, why, why_size))
		return BANS_BAD;
	pthread_mutex_lock(&bans->lock);
	bool is_new = allow_locked(bans, name);
	pthread_mutex_unlock(&bans->lock);
	return is_new ? save_allowed(bans, why, why_size) : BANS_UNCHANGED;
}

enum bans_result bans_allow_remove(struct bans *bans, const char *name, char *why,
				   size_t why_size)
{
	if (!check_name(name, why, why_size))
		return BANS_BAD;
	pthread_mutex_lock(&bans->lock);
	struct allowed *allowed = find_allowed_locked(bans, name);
	if (allowed != NULL)
		TAILQ_REMOVE(&bans->allowed, allowed, entries);
	pthread_mutex_unlock(&bans->lock);
	free(allowed);
	return allowed != NULL ? save_allowed(bans, why, why_size) : BANS_UNCHANGED;
}

bool bans_is_allowed(struct bans *bans, const char *name)
{
	pthread_mutex_lock(&bans->lock);
	bool is_allowed = !bans->allow_is_on || find_allowed_locked(bans, name) != NULL;
	pthread_mutex_unlock(&bans->lock);
	return is_allowed;
}

void bans_each_allowed(struct bans *bans, bans_allowed_fn *fn, void *context)
{
	const struct allowed *allowed;

	pthread_mutex_lock(&bans->lock);
	TAILQ_FOREACH (allowed, &bans->allowed, entries)
		fn(context, allowed->name);
	pthread_mutex_unlock(&bans->lock);
}

/* ---- loading ---- */

/* One reading of one file: what is wrong with it is said, counted, and left out. */
struct reader {
	const char *path;
	unsigned faults;
};

__attribute__((format(printf, 2, 3))) static void complain(struct reader *reader,
							   const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	log_warn("%s: %s", reader->path, text);
	reader->faults++;
}

/* Where in the file we are: "bans[2] (Alice)". */
struct spot {
	unsigned index;
	const char *what;
};

static void take_text(struct reader *reader, const struct spot *spot, const cJSON *value,
		      char *out, size_t size)
{
	if (!cJSON_IsString(value))
		complain(reader, "bans[%u] (%s): %s is not a text", spot->index, spot->what,
			 value->string);
	else if (!copy_text(out, size, value->valuestring))
		complain(reader,
			 "bans[%u] (%s): %s is longer than %zu bytes, or has what is no "
			 "character: it counts as \"%s\"",
			 spot->index, spot->what, value->string, size - 1, out);
}

static void take_until(struct reader *reader, const struct spot *spot, const cJSON *value,
		       int64_t *until_s)
{
	double number = value->valuedouble;
	bool is_good = cJSON_IsNumber(value) && number >= 0 && number < UNTIL_END &&
		       number == (double)(int64_t)number;

	if (is_good)
		*until_s = (int64_t)number;
	else
		complain(reader,
			 "bans[%u] (%s): until is not a time in seconds since 1970, or 0 for a "
			 "ban without end: this one has no end",
			 spot->index, spot->what);
}

/* Takes the members of an entry that has a target. */
static void take_members(struct reader *reader, const struct spot *spot, const cJSON *item,
			 struct bans_entry *entry)
{
	const cJSON *value;

	cJSON_ArrayForEach (value, item) {
		if (strcmp(value->string, "reason") == 0)
			take_text(reader, spot, value, entry->reason, sizeof(entry->reason));
		else if (strcmp(value->string, "by") == 0)
			take_text(reader, spot, value, entry->by, sizeof(entry->by));
		else if (strcmp(value->string, "until") == 0)
			take_until(reader, spot, value, &entry->until_s);
		else if (strcmp(value->string, "what") != 0)
			complain(reader,
				 "bans[%u] (%s): \"%s\" is none of: what, reason, by, until",
				 spot->index, spot->what, value->string);
	}
}

static void take_ban(struct reader *reader, struct bans *bans, const cJSON *item,
		     unsigned index)
{
	const cJSON *what = cJSON_GetObjectItemCaseSensitive(item, "what");
	struct bans_target target;
	char why[256];

	if (!cJSON_IsObject(item) || !cJSON_IsString(what)) {
		complain(reader, "bans[%u] is not a ban, {\"what\": NAME OR ADDRESS, ...}",
			 index);
		return;
	}
	if (!bans_target_parse(&target, what->valuestring, why, sizeof(why))) {
		complain(reader, "bans[%u]: %s", index, why);
		return;
	}
	struct ban *ban = new_ban(&target, 0, "", "");
	if (ban == NULL) {
		complain(reader, "out of memory");
		return;
	}
	const struct spot spot = {index, target.text};
	take_members(reader, &spot, item, &ban->entry);
	if (find_ban_locked(bans, &target) != NULL)
		complain(reader, "bans[%u] (%s): it is there already: the later one counts",
			 index, target.text);
	put_locked(bans, ban);
}

static void take_bans(struct reader *reader, struct bans *bans, const cJSON *root)
{
	const cJSON *value, *item;
	unsigned index = 0;

	cJSON_ArrayForEach (value, root) {
		if (strcmp(value->string, "bans") != 0 || !cJSON_IsArray(value)) {
			complain(reader,
				 "\"%s\" is not what this file has: \"bans\" with a list",
				 value->string);
			continue;
		}
		cJSON_ArrayForEach (item, value) {
			take_ban(reader, bans, item, index++);
		}
	}
}

static void take_names(struct reader *reader, struct bans *bans, const cJSON *list)
{
	const cJSON *item;
	unsigned index = 0;

	cJSON_ArrayForEach (item, list) {
		const char *name = cJSON_IsString(item) ? item->valuestring : "";
		char why[256];

		if (!check_name(name, why, sizeof(why)))
			complain(reader, "names[%u]: %s", index, why);
		else if (!allow_locked(bans, name))
			complain(reader, "names[%u] (%s): it is there already", index, name);
		index++;
	}
}

static void take_allowed_member(struct reader *reader, struct bans *bans, const cJSON *value)
{
	bool is_switch = strcmp(value->string, "on") == 0;

	if (strcmp(value->string, "names") == 0 && cJSON_IsArray(value)) {
		take_names(reader, bans, value);
		return;
	}
	if (is_switch)
		bans->allow_is_on = !cJSON_IsFalse(value);
	if (is_switch && !cJSON_IsBool(value))
		complain(reader, "on is neither true nor false: the allow list is on");
	else if (!is_switch)
		complain(reader,
			 "\"%s\" is not what this file has: \"on\" with true or false, and "
			 "\"names\" with a list",
			 value->string);
}

static void take_allowed(struct reader *reader, struct bans *bans, const cJSON *root)
{
	const cJSON *value;

	cJSON_ArrayForEach (value, root) {
		take_allowed_member(reader, bans, value);
	}
	if (root != NULL && cJSON_GetObjectItemCaseSensitive(root, "on") == NULL)
		complain(reader, "\"on\" is missing, with true or false: the allow list is on");
}

/* Reads a file, and writes it anew if there was anything in it that does not count: else the
 * next start would find the same again. False if there was nothing to read. */
static bool load(struct bans *bans, const char *path, bool *is_readonly,
		 void (*take)(struct reader *, struct bans *, const cJSON *),
		 enum bans_result (*save_again)(struct bans *, char *, size_t))
{
	struct reader reader = {.path = path};
	cJSON *root = store_load(path, is_readonly);
	char why[PATH_MAX + 128];

	pthread_mutex_lock(&bans->lock);
	take(&reader, bans, root);
	pthread_mutex_unlock(&bans->lock);
	bool is_read = root != NULL;
	cJSON_Delete(root);
	if (reader.faults == 0)
		return is_read;
	*is_readonly = !store_copy_aside(path);
	if (!*is_readonly)
		save_again(bans, why, sizeof(why));
	return is_read;
}

/* A file that is there and does not say whether the list is on leaves it on: damage must not
 * open a door that was closed. That goes for the next start, too. */
static void load_allowed(struct bans *bans)
{
	struct stat status;
	char why[PATH_MAX + 128];

	bool has_file = stat(bans->allow_path, &status) == 0 || errno != ENOENT;
	bans->allow_is_on = has_file;
	if (load(bans, bans->allow_path, &bans->allow_readonly, take_allowed, save_allowed) ||
	    !has_file)
		return;
	if (!bans->allow_readonly)
		save_allowed(bans, why, sizeof(why));
	log_error("%s does not tell who may log in, so the allow list is on, and nobody is on "
		  "it: `allow off` at the terminal lets everybody in, `allow add NAME` one "
		  "player",
		  bans->allow_path);
}

struct bans *bans_new(const char *directory)
{
	struct bans *bans = calloc(1, sizeof(*bans));

	if (bans == NULL)
		return NULL;
	pthread_mutex_init(&bans->lock, NULL);
	pthread_mutex_init(&bans->saving, NULL);
	TAILQ_INIT(&bans->all);
	TAILQ_INIT(&bans->allowed);
	snprintf(bans->bans_path, sizeof(bans->bans_path), "%s/bans.json", directory);
	snprintf(bans->allow_path, sizeof(bans->allow_path), "%s/allowed.json", directory);
	load(bans, bans->bans_path, &bans->bans_readonly, take_bans, save_bans);
	load_allowed(bans);
	return bans;
}

void bans_free(struct bans *bans)
{
	struct ban *ban;
	struct allowed *allowed;

	if (bans == NULL)
		return;
	while ((ban = TAILQ_FIRST(&bans->all)) != NULL) {
		TAILQ_REMOVE(&bans->all, ban, entries);
		free(ban);
	}
	while ((allowed = TAILQ_FIRST(&bans->allowed)) != NULL) {
		TAILQ_REMOVE(&bans->allowed, allowed, entries);
		free(allowed);
	}
	pthread_mutex_destroy(&bans->lock);
	pthread_mutex_destroy(&bans->saving);
	free(bans);
}
