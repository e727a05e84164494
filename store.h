/* SPDX-License-Identifier: MIT */
/*
 * Small JSON files that Kurafuto keeps for itself (bans, where players were). A file is written
 * as a whole and atomically, so that a crash leaves the old one or the new one; one that can't
 * be read is set aside with a warning, never overwritten. Any thread, but one call at a time
 * for the same file.
 */
#ifndef STORE_H
#define STORE_H

#include <cjson/cJSON.h>
#include <stdbool.h>

/*
 * Reads a JSON object. NULL when there is no file, or when it was damaged: then it is renamed
 * to PATH.damaged-N (the first N from 1 that is free) and a warning names both, with line or
 * reason. The caller owns the tree. Also NULL, with a logged error and *is_readonly set (may be
 * NULL; else it is cleared), when it can't be read or set aside: then it must not be
 * overwritten. Blocks on the disk.
 */
cJSON *store_load(const char *path, bool *is_readonly);
/* Keeps a copy of a file that could be read, but has something in it that its owner does not
 * understand and that the next store_save() would lose: PATH.damaged-N, with a warning. False
 * with a logged error: then the file must not be overwritten. Blocks on the disk. */
bool store_copy_aside(const char *path);
/* Writes PATH.new, syncs it, renames it over PATH, mode 0600. False with a logged error, and
 * its errno. Blocks on the disk. */
bool store_save(const char *path, const cJSON *object);
/* Can files be made in a directory, as things are. False with errno. Any thread. */
bool store_has_directory(const char *path);

#endif
