/* SPDX-License-Identifier: MIT */
/*
 * Reading the files of bans, at the start and again when an admin has edited them. The one
 * idea: a file is read into a list of its own, which takes the place of the one that counts
 * only when it is whole; until then, and without one, nothing has changed.
 */
#include "bans_private.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "log.h"

#define UNTIL_END 1e12 /* seconds, as far as we look ahead: 30,000 years */

/* ---- what is in a file ---- */

/* One reading of one file: what is wrong with it is said, counted, and left out. */
struct reader {
	const char *path;
	bans_tell_fn *tell; /* NULL: the log */
	void *context;
	unsigned faults;
};

/* A warning about a file as a whole, or about something in it. */
__attribute__((format(printf, 2, 3))) static void warn(const struct reader *reader,
						       const char *format, ...)
{
	char text[PATH_MAX + 512];
	va_list arguments;

	int n = snprintf(text, sizeof(text), "%s", reader->path);
	va_start(arguments, format);
	vsnprintf(text + n, sizeof(text) - (size_t)n, format, arguments);
	va_end(arguments);
	if (reader->tell != NULL)
		reader->tell(reader->context, true, text);
	else
		log_warn("%s", text);
}

__attribute__((format(printf, 2, 3))) static void complain(struct reader *reader,
							   const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	warn(reader, ": %s", text);
	reader->faults++;
}

/* How the entries of a list are read. What is damaged must ban too long rather than too short,
 * and not let in at all rather than too long. */
struct kind {
	const char *list, *wanted, *if_unsure;
	bool may_be_text;  /* its target alone */
	bool must_be_sure; /* else it does not count */
};

static const struct kind ban_kind = {
	.list = "bans",
	.wanted = "a ban, {\"what\": NAME OR ADDRESS, ...}",
	.if_unsure = "the ban counts without that",
};

static const struct kind allowed_kind = {
	.list = "names",
	.wanted = "a name, an address or {\"what\": NAME OR ADDRESS, ...}",
	.if_unsure = "it is left out",
	.may_be_text = true,
	.must_be_sure = true,
};

/* Where in the file we are: "bans[2] (Alice)". */
struct spot {
	const struct kind *kind;
	unsigned index;
	const char *what;
};

static void take_text(struct reader *reader, const struct spot *spot, const cJSON *value,
		      char *out, size_t size)
{
	if (!cJSON_IsString(value))
		complain(reader, "%s[%u] (%s): %s is not a text", spot->kind->list, spot->index,
			 spot->what, value->string);
	else if (!bans_copy_text(out, size, value->valuestring))
		complain(reader,
			 "%s[%u] (%s): %s is longer than %zu bytes, or has what is no "
			 "character: it counts as \"%s\"",
			 spot->kind->list, spot->index, spot->what, value->string, size - 1,
			 out);
}

/* False if it is none; *until_s stays as it is then. */
static bool take_until(struct reader *reader, const struct spot *spot, const cJSON *value,
		       int64_t *until_s)
{
	double number = value->valuedouble;
	bool is_good = cJSON_IsNumber(value) && number >= 0 && number < UNTIL_END &&
		       number == (double)(int64_t)number;

	if (is_good)
		*until_s = (int64_t)number;
	else
		complain(reader,
			 "%s[%u] (%s): until is not a time in seconds since 1970, or 0 for no "
			 "end: %s",
			 spot->kind->list, spot->index, spot->what, spot->kind->if_unsure);
	return is_good;
}

/* Takes the members of an entry that has a target. False if one may have limited it and is not
 * understood. */
static bool take_members(struct reader *reader, const struct spot *spot, const cJSON *item,
			 struct bans_entry *entry)
{
	const cJSON *value;
	bool is_sure = true;

	cJSON_ArrayForEach (value, item) {
		if (strcmp(value->string, "reason") == 0) {
			take_text(reader, spot, value, entry->reason, sizeof(entry->reason));
		} else if (strcmp(value->string, "by") == 0) {
			take_text(reader, spot, value, entry->by, sizeof(entry->by));
		} else if (strcmp(value->string, "until") == 0) {
			is_sure &= take_until(reader, spot, value, &entry->until_s);
		} else if (strcmp(value->string, "what") != 0) {
			complain(reader,
				 "%s[%u] (%s): \"%s\" is none of what, reason, by, until: %s",
				 spot->kind->list, spot->index, spot->what, value->string,
				 spot->kind->if_unsure);
			is_sure = false;
		}
	}
	return is_sure;
}

/* An entry that has a target; NULL if it does not count. */
static struct ban *take_target(struct reader *reader, const struct spot *spot,
			       const struct bans_target *target, const cJSON *item)
{
	struct ban *ban = bans_make(target, 0, "", "");

	if (ban == NULL) {
		complain(reader, "out of memory");
		return NULL;
	}
	if (!take_members(reader, spot, item, &ban->entry) && spot->kind->must_be_sure) {
		free(ban);
		return NULL;
	}
	return ban;
}

static void take_entry(struct reader *reader, const struct kind *kind, struct bans_list *list,
		       const cJSON *item, unsigned index)
{
	const cJSON *what = cJSON_GetObjectItemCaseSensitive(item, "what");
	struct bans_target target;
	char why[256];

	if (kind->may_be_text && cJSON_IsString(item))
		what = item;
	if (!cJSON_IsString(what)) {
		complain(reader, "%s[%u] is not %s", kind->list, index, kind->wanted);
		return;
	}
	if (!bans_target_parse(&target, what->valuestring, why, sizeof(why))) {
		complain(reader, "%s[%u]: %s", kind->list, index, why);
		return;
	}
	const struct spot spot = {kind, index, target.text};
	struct ban *ban = take_target(reader, &spot, &target, item);
	if (ban == NULL)
		return;
	if (bans_list_find(list, &target) != NULL)
		complain(reader, "%s[%u] (%s): it is there already: the later one counts",
			 kind->list, index, target.text);
	bans_list_put(list, ban);
}

static void take_entries(struct reader *reader, const struct kind *kind, struct bans_list *list,
			 const cJSON *items)
{
	const cJSON *item;
	unsigned index = 0;

	cJSON_ArrayForEach (item, items) {
		take_entry(reader, kind, list, item, index++);
	}
}

static void take_bans(struct reader *reader, struct bans_list *list, const cJSON *root)
{
	const cJSON *value;

	cJSON_ArrayForEach (value, root) {
		if (strcmp(value->string, "bans") == 0 && cJSON_IsArray(value))
			take_entries(reader, &ban_kind, list, value);
		else
			complain(reader,
				 "\"%s\" is not what this file has: \"bans\" with a list",
				 value->string);
	}
}

static void take_allowed_member(struct reader *reader, struct bans_list *list,
				const cJSON *value)
{
	bool is_switch = strcmp(value->string, "on") == 0;

	if (strcmp(value->string, "names") == 0 && cJSON_IsArray(value)) {
		take_entries(reader, &allowed_kind, list, value);
		return;
	}
	if (is_switch)
		list->allow_is_on = !cJSON_IsFalse(value);
	if (is_switch && !cJSON_IsBool(value))
		complain(reader, "on is neither true nor false: the allow list is on");
	else if (!is_switch)
		complain(reader,
			 "\"%s\" is not what this file has: \"on\" with true or false, and "
			 "\"names\" with a list",
			 value->string);
}

static void take_allowed(struct reader *reader, struct bans_list *list, const cJSON *root)
{
	const cJSON *value;

	list->allow_is_on = true;
	cJSON_ArrayForEach (value, root) {
		take_allowed_member(reader, list, value);
	}
	if (cJSON_GetObjectItemCaseSensitive(root, "on") == NULL)
		complain(reader, "\"on\" is missing, with true or false: the allow list is on");
}

/* ---- a file ---- */

/* A list takes the place of the one that counts; *fresh is that then. */
static void put_in_force(struct bans *bans, enum bans_kind kind, struct bans_list *fresh)
{
	struct bans_list *list = &bans->lists[kind];

	pthread_mutex_lock(&bans->lock);
	TAILQ_SWAP(&list->all, &fresh->all, ban, entries);
	bool was_on = list->allow_is_on;
	list->allow_is_on = fresh->allow_is_on;
	fresh->allow_is_on = was_on;
	pthread_mutex_unlock(&bans->lock);
}

/* What is in a file counts from now on; it is written anew if there was anything in it that
 * does not: else the next start would find the same again. */
static void take(struct bans *bans, enum bans_kind kind, struct reader *reader,
		 const cJSON *root)
{
	static void (*const take_list[])(struct reader *, struct bans_list *, const cJSON *) = {
		[BANS_OF_BANS] = take_bans,
		[BANS_OF_ALLOWED] = take_allowed,
	};
	struct bans_file *file = &bans->files[kind];
	char why[PATH_MAX + 128];
	struct bans_list fresh;

	bans_list_init(&fresh);
	take_list[kind](reader, &fresh, root);
	put_in_force(bans, kind, &fresh);
	bans_list_clear(&fresh);
	file->is_unsaved = file->is_unread = false;
	file->is_readonly = reader->faults > 0 && !store_copy_aside(file->path);
	if (reader->faults > 0 && !file->is_readonly)
		bans_save(bans, kind, why, sizeof(why));
}

/* ---- the start ---- */

/* False if there was nothing to read. */
static bool load(struct bans *bans, enum bans_kind kind)
{
	struct bans_file *file = &bans->files[kind];
	struct reader reader = {.path = file->path};

	file->seen = store_look(file->path);
	cJSON *root = store_load(file->path, &file->is_readonly);
	bool is_read = root != NULL;
	if (is_read) {
		take(bans, kind, &reader, root);
	} else {
		file->seen = store_look(file->path); /* it may have been set aside */
		file->is_unread = file->is_readonly;
	}
	cJSON_Delete(root);
	return is_read;
}

/* A file that is there and does not say whether the list is on leaves it on: damage must not
 * open a door that was closed. That goes for the next start, too. */
static void load_allowed(struct bans *bans)
{
	const struct bans_file *file = &bans->files[BANS_OF_ALLOWED];
	struct stat status;
	char why[PATH_MAX + 128];

	bool has_file = stat(file->path, &status) == 0 || errno != ENOENT;
	if (load(bans, BANS_OF_ALLOWED) || !has_file)
		return;
	bans->lists[BANS_OF_ALLOWED].allow_is_on = true;
	if (!file->is_readonly)
		bans_save(bans, BANS_OF_ALLOWED, why, sizeof(why));
	log_error("%s does not tell who may log in, so the allow list is on, and nobody is on "
		  "it: `allow off` at the terminal lets everybody in, `allow add NAME` one "
		  "player",
		  file->path);
}

void bans_load(struct bans *bans)
{
	load(bans, BANS_OF_BANS);
	load_allowed(bans);
}

/* ---- a reload ---- */

/* Says why a file is not read again, and what that means. */
static void tell_unread(const struct reader *reader, enum store_result result, const char *why)
{
	if (result == STORE_MISSING)
		warn(reader, " is gone: the list that counted goes on counting, and the next "
			     "command that changes it writes a new file");
	else if (result == STORE_UNREADABLE)
		warn(reader,
		     " can't be read: %s: the list that counted goes on counting; what "
		     "commands change of it is not written until a reload can read the file",
		     why);
	else
		warn(reader,
		     " is damaged (%s): the list that counted goes on counting; mend the file "
		     "and reload: the next command that changes the list writes a new one, and "
		     "keeps this one under another name",
		     why);
}

/* In a few words: what counts now. */
static void tell_read(const struct bans *bans, enum bans_kind kind, const struct reader *reader)
{
	const struct bans_list *list = &bans->lists[kind];
	const struct ban *ban;
	char line[128];
	int64_t now_s = time(NULL);
	unsigned n = 0;

	TAILQ_FOREACH (ban, &list->all, entries)
		n += bans_is_over(ban, now_s) ? 0 : 1;
	if (kind == BANS_OF_BANS)
		snprintf(line, sizeof(line), "bans.json: read again, bans: %u", n);
	else
		snprintf(line, sizeof(line),
			 "allowed.json: read again, the list is %s, entries: %u",
			 list->allow_is_on ? "on" : "off", n);
	reader->tell(reader->context, false, line);
}

/* Has a list changed. */
static bool reload(struct bans *bans, enum bans_kind kind, bans_tell_fn *tell, void *context)
{
	struct bans_file *file = &bans->files[kind];
	struct reader reader = {.path = file->path, .tell = tell, .context = context};
	struct store_stamp now = store_look(file->path);
	char why[256];
	cJSON *root;

	if (!file->is_unread && store_is_same(&now, &file->seen))
		return false;
	file->seen = now;
	enum store_result result = store_read(file->path, &root, why, sizeof(why));
	if (result != STORE_READ) {
		file->is_unread = true;
		file->is_readonly = result == STORE_UNREADABLE;
		tell_unread(&reader, result, why);
		return false;
	}
	if (file->is_unsaved)
		warn(&reader, ": what commands have changed and could not be written does not "
			      "count any more");
	take(bans, kind, &reader, root);
	cJSON_Delete(root);
	tell_read(bans, kind, &reader);
	return true;
}

bool bans_reload(struct bans *bans, bans_tell_fn *tell, void *context)
{
	bool has_changed = false;

	pthread_rwlock_wrlock(&bans->turn);
	for (enum bans_kind kind = 0; kind < BANS_KINDS; kind++)
		has_changed |= reload(bans, kind, tell, context);
	pthread_rwlock_unlock(&bans->turn);
	return has_changed;
}
