/* SPDX-License-Identifier: MIT */
/*
 * Writing the files of bans. The one idea: a file is made from the list as it is when its turn
 * comes, so what is written last is the newest; and what an admin has typed that does not count
 * is kept under another name first.
 */
#include "bans_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "log.h"

/* The entry as JSON; NULL without memory. */
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

/* A name or a network alone is a text, which an admin types more easily. */
static cJSON *print_allowed_entry(const struct bans_entry *entry)
{
	bool is_plain = entry->reason[0] == '\0' && entry->by[0] == '\0' && entry->until_s == 0;

	return is_plain ? cJSON_CreateString(entry->what) : print_ban(entry);
}

typedef cJSON *print_entry_fn(const struct bans_entry *entry);

/* Entries that are over are forgotten. */
static bool print_entries(cJSON *root, const char *name, struct bans_list *list,
			  print_entry_fn *print_entry)
{
	cJSON *items = cJSON_AddArrayToObject(root, name);
	bool is_whole = items != NULL;
	int64_t now_s = time(NULL);
	struct ban *ban, *next;

	for (ban = TAILQ_FIRST(&list->all); ban != NULL && is_whole; ban = next) {
		next = TAILQ_NEXT(ban, entries);
		if (bans_is_over(ban, now_s)) {
			TAILQ_REMOVE(&list->all, ban, entries);
			free(ban);
		} else {
			is_whole = add_item(items, print_entry(&ban->entry));
		}
	}
	return is_whole;
}

/* Fills in all that a file is to hold; false without memory, for half a list is worse than
 * none. */
typedef bool print_fn(cJSON *root, struct bans_list *list);

static bool print_bans(cJSON *root, struct bans_list *list)
{
	return print_entries(root, "bans", list, print_ban);
}

static bool print_allowed(cJSON *root, struct bans_list *list)
{
	return cJSON_AddBoolToObject(root, "on", list->allow_is_on) != NULL &&
	       print_entries(root, "names", list, print_allowed_entry);
}

/* NULL without memory. */
static cJSON *print(struct bans *bans, enum bans_kind kind)
{
	static print_fn *const print_list[] = {
		[BANS_OF_BANS] = print_bans,
		[BANS_OF_ALLOWED] = print_allowed,
	};
	cJSON *root = cJSON_CreateObject();

	pthread_mutex_lock(&bans->lock);
	bool is_whole = print_list[kind](root, &bans->lists[kind]);
	pthread_mutex_unlock(&bans->lock);
	if (is_whole)
		return root;
	cJSON_Delete(root);
	return NULL;
}

/* May the file be overwritten; if it is not the one that we know by heart, because it is
 * damaged or an admin has edited it and not reloaded, that is kept first. */
static bool make_way(struct bans_file *file)
{
	struct store_stamp now = store_look(file->path);
	bool is_known = !file->is_unread && store_is_same(&now, &file->seen);

	if (file->is_readonly)
		return false;
	if (now.inode == 0 || is_known)
		return true;
	if (!file->is_unread)
		log_warn("%s was edited, but not read again by a reload before a command has "
			 "changed the list: it is written anew without that",
			 file->path);
	if (!store_copy_aside(file->path))
		return false;
	file->seen = now;
	file->is_unread = false;
	return true;
}

enum bans_result bans_save(struct bans *bans, enum bans_kind kind, char *why, size_t why_size)
{
	struct bans_file *file = &bans->files[kind];
	char text[128];

	pthread_mutex_lock(&bans->saving);
	cJSON *root = print(bans, kind);
	bool has_way = root != NULL && make_way(file);
	bool is_saved = has_way && store_save_stamped(file->path, root, &file->seen);
	int error = root == NULL ? ENOMEM : errno;
	file->is_unread &= !is_saved;
	file->is_unsaved = !is_saved;
	pthread_mutex_unlock(&bans->saving);
	if (root == NULL)
		log_error("%s can't be written: out of memory", file->path);
	if (!is_saved)
		snprintf(why, why_size, "%s: %s", file->path,
			 root != NULL && !has_way ? "it could not be read or set aside"
						  : strerror_r(error, text, sizeof(text)));
	cJSON_Delete(root);
	return is_saved ? BANS_DONE : BANS_NOT_SAVED;
}
