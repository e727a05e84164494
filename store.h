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
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

/* When a file was as it is: good enough to see that it has changed. */
struct store_stamp {
	struct timespec time; /* of the last change of its bytes */
	off_t size;
	ino_t inode; /* 0: there is no such file */
};

/* Of a file as it is now. */
struct store_stamp store_look(const char *path);
bool store_is_same(const struct store_stamp *a, const struct store_stamp *b);

/*
 * Reads a JSON object. NULL when there is no file, or when it was damaged: then it is renamed
 * to PATH.damaged-N (the first N from 1 that is free) and a warning names both, with line or
 * reason. The caller owns the tree. Also NULL, with a logged error and *is_readonly set (may be
 * NULL; else it is cleared), when it can't be read or set aside: then it must not be
 * overwritten. Blocks on the disk.
 */
cJSON *store_load(const char *path, bool *is_readonly);

enum store_result { STORE_READ, STORE_MISSING, STORE_UNREADABLE, STORE_DAMAGED };
/* Reads a JSON object and leaves the file as it is, whatever is wrong with it; logs nothing.
 * STORE_READ: the caller owns *root, else it is NULL and `why` says what is wrong ("line 3 is
 * not JSON"). Blocks on the disk. */
enum store_result store_read(const char *path, cJSON **root, char *why, size_t why_size);

/* Keeps a copy of a file that has something in it that its owner does not have, and that the
 * next store_save() would lose: PATH.damaged-N, with a warning. False with a logged error: then
 * the file must not be overwritten. Blocks on the disk. */
bool store_copy_aside(const char *path);
/* Writes PATH.new, syncs it, renames it over PATH, mode 0600. False with a logged error, and
 * its errno. Blocks on the disk. */
bool store_save(const char *path, const cJSON *object);
/* The same; *stamp gets that of what was written, and stays as it is without success. */
bool store_save_stamped(const char *path, const cJSON *object, struct store_stamp *stamp);
/* Can files be made in a directory, as things are. False with errno. Any thread. */
bool store_has_directory(const char *path);

#endif
