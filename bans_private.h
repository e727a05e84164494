/* SPDX-License-Identifier: MIT */
/*
 * What bans.c (the lists: questions and changes), bans_file.c (writing them) and bans_load.c
 * (reading them, at the start and again) share. Nobody else includes this.
 *
 * Lock order, outermost first: turn, saving, lock. Commands hold `turn` for reading from their
 * change until it is on disk, a reload for writing from its look at the files until what is in
 * them counts: so neither gets in between the other's two steps, and commands do not wait for
 * each other's disk before they count.
 */
#ifndef BANS_PRIVATE_H
#define BANS_PRIVATE_H

#include <bsd/sys/queue.h>
#include <limits.h>
#include <pthread.h>

#include "bans.h"
#include "bans_target.h"
#include "store.h"

/* A ban, or an entry of the allow list. */
struct ban {
	TAILQ_ENTRY(ban) entries;
	struct bans_target target;
	struct bans_entry entry;
};

TAILQ_HEAD(ban_list, ban);

/* The bans, or the allow list. */
struct bans_list {
	struct ban_list all;
	bool allow_is_on; /* the allow list */
};

enum bans_kind { BANS_OF_BANS, BANS_OF_ALLOWED, BANS_KINDS };

/* What is on disk. */
struct bans_file {
	const char *name; /* without its directory */
	char path[PATH_MAX];
	struct store_stamp seen; /* as last read, tried to read, or written */
	bool is_unread;          /* what is in it could not be read: it is not what counts */
	bool is_readonly;        /* must not be overwritten */
	bool is_unsaved;         /* what counts has changes that are not in it */
};

/* Keys: l lock; f saving, or turn for writing (paths and names never change). */
struct bans {
	pthread_rwlock_t turn;
	pthread_mutex_t saving; /* held while a file is written */
	pthread_mutex_t lock;
	struct bans_list lists[BANS_KINDS]; /* l, each has only its own */
	struct bans_file files[BANS_KINDS]; /* f */
};

/* An empty list, and an allow list that is off. */
void bans_list_init(struct bans_list *list);
void bans_list_clear(struct bans_list *list);
struct ban *bans_list_find(struct bans_list *list, const struct bans_target *target);
/* Takes over a ban; in the place of one of the same thing. */
void bans_list_put(struct bans_list *list, struct ban *ban);

bool bans_is_over(const struct ban *ban, int64_t now_s);
/* NULL without memory. */
struct ban *bans_make(const struct bans_target *target, int64_t until_s, const char *reason,
		      const char *by);
/* Copies a text, as many whole characters as fit; what is no character becomes a ?. False if
 * it is not the same any more. */
bool bans_copy_text(char *out, size_t size, const char *text);

/* Writes what has become of a list by now; as in bans.h. With `turn`, without other locks. */
enum bans_result bans_save(struct bans *bans, enum bans_kind kind, char *why, size_t why_size);
/* Reads both files at the start. */
void bans_load(struct bans *bans);

#endif
