/* SPDX-License-Identifier: MIT */
/*
 * The salts of server lists, one for each list and listener, and the ones before them, whose
 * keys count for a while longer; kept in `salt-file` if there is one. Whoever has a salt can
 * make keys for any name, so no salt is ever logged. Times are wall-clock seconds, time(2).
 */
#ifndef SALTS_H
#define SALTS_H

#include <stdbool.h>
#include <stdint.h>

#include "auth.h"
#include "config.h"

#define SALTS_MAX 64 /* longest salt that can be configured */

struct salts;

/* None yet. `directory` is where a relative salt-file is. NULL without memory. */
struct salts *salts_new(const char *directory);
void salts_free(struct salts *salts); /* NULL is fine */

/*
 * Follows a configuration that is about to be in force: makes salts for lists that have none,
 * reads the file if it is a new one (it stays as it is, with an error in the log, if it is no
 * file of salts), and remembers the `salt` of all that was there before.
 * Blocks on the disk. One thread at a time, in the order of the configurations.
 */
void salts_follow(struct salts *salts, const struct config *config, int64_t now_s);
/* Replaces salts that are too old (`salt-rotation-h`), and writes the file if that has failed
 * before. Returns when there will be something to do again, INT64_MAX for never. Blocks on the
 * disk. Any thread. */
int64_t salts_rotate(struct salts *salts, int64_t now_s);

/* The salt of a list, copied to out; false, with an empty one, if it has none (yet). Never
 * blocks for long, as the next. Any thread. */
bool salts_get(struct salts *salts, const struct config_heartbeat *heartbeat,
	       char out[static SALTS_MAX + 1]);
/*
 * Is a key made with the former `salt` of all, which has no suffix, or for one of the lists of
 * `config`, with the salt that it has now or had a short while ago. *suffix gets what that list
 * adds to names, or "". `name` is as the client has sent it. `salt` itself is not looked at.
 */
bool salts_match(struct salts *salts, const struct config *config, const char *name,
		 const char *key, int64_t now_s, char suffix[static AUTH_SUFFIX_MAX + 1]);

/* The salt of the first list of a configuration as its file has it, without any change to the
 * file unless it is damaged; false if there is none. Blocks on the disk. */
bool salts_peek(const struct config *config, char out[static SALTS_MAX + 1]);
/* The name-suffix that a player's own name ends in, though only server lists may add it; or
 * NULL. Any thread. */
const char *salts_borrowed_suffix(const struct config *config, const char *name);
/* Can the salt-file of a configuration be written where it is, as things are; true without one.
 * False, with a sentence in why. Blocks on the disk. */
bool salts_check(const struct config *config, char *why, size_t why_size);

#endif
