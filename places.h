/* SPDX-License-Identifier: MIT */
/*
 * Which server each player was on last, for `"rejoin": "last"`. Kept in places.json, so that a
 * restart of Kurafuto forgets nobody. A thread of its own writes the file, so that nobody else
 * waits for the disk. Any thread.
 */
#ifndef PLACES_H
#define PLACES_H

#include <stdbool.h>

#include "config.h"

struct places;

/* Loads the file of a directory, and starts the thread, which inherits the signal mask. What is
 * not understood is left out with a warning, and a copy of the file as it was is kept
 * (store_copy_aside). NULL without memory or a thread. Blocks on the disk. */
struct places *places_new(const char *directory);
/* Has the thread write what is not on disk yet, and end: waits a second at most. False if it
 * still waits for the disk then: it uses all this, so nothing must be freed. NULL is fine. One
 * thread, the last that uses it. */
bool places_stop(struct places *places);
/* Stops it, and frees it if that works. */
void places_free(struct places *places);

/* The player is on that server now. Only in memory: cheap, never blocks on the disk. Of more
 * than 20,000 players those who were seen longest ago are forgotten. */
void places_note(struct places *places, const char *player, const char *server);
/* Where the player was last; false if that is not known. As cheap. */
bool places_find(struct places *places, const char *player,
		 char server[static CONFIG_NAME_MAX + 1]);
/* Has the thread write the file, if anything has changed since the last time. Never blocks on
 * the disk. */
void places_save(struct places *places);

#endif
