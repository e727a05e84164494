/* SPDX-License-Identifier: MIT */
/*
 * Which server each player was on last, for `"rejoin": "last"`. Kept in places.json, so that a
 * restart of Kurafuto forgets nobody. Any thread.
 */
#ifndef PLACES_H
#define PLACES_H

#include <stdbool.h>

#include "config.h"

struct places;

/* Loads the file of a directory. What is not understood is left out with a warning, and a copy
 * of the file as it was is kept (store_copy_aside). NULL without memory. Blocks on the disk. */
struct places *places_new(const char *directory);
/* Saves what is not on disk yet, and frees. */
void places_free(struct places *places);

/* The player is on that server now. Only in memory: cheap, never blocks on the disk. Of more
 * than 20,000 players those who were seen longest ago are forgotten. */
void places_note(struct places *places, const char *player, const char *server);
/* Where the player was last; false if that is not known. */
bool places_find(struct places *places, const char *player,
		 char server[static CONFIG_NAME_MAX + 1]);
/* Writes the file if anything has changed since the last time. Blocks on the disk. */
void places_save(struct places *places);

#endif
