/* SPDX-License-Identifier: MIT */
/*
 * A directory of its own for each test: files in it are written, read and counted by their
 * names. For suites that include it once; their tests run in processes of their own.
 */
#ifndef SCRATCH_H
#define SCRATCH_H

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCRATCH_PATH 512
#define NOBODY       65534

static char scratch[256];

static inline void scratch_setup(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(scratch, sizeof(scratch), "%s/kurafuto-scratch-XXXXXX",
		 tmp != NULL && tmp[0] != '\0' ? tmp : "/tmp");
	ck_assert_msg(mkdtemp(scratch) != NULL, "%s: %s", scratch, strerror(errno));
}

/* The path of a file of the directory; good until the next four calls. */
static inline const char *in_scratch(const char *name)
{
	static char paths[4][SCRATCH_PATH];
	static unsigned next;
	char *path = paths[next++ % 4];

	ck_assert_int_lt(snprintf(path, SCRATCH_PATH, "%s/%s", scratch, name), SCRATCH_PATH);
	return path;
}

static inline void scratch_teardown(void)
{
	DIR *dir = opendir(scratch);
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			remove(in_scratch(entry->d_name));
	if (dir != NULL)
		closedir(dir);
	rmdir(scratch);
}

static inline void scratch_write_bytes(const char *name, const void *data, size_t size)
{
	FILE *file = fopen(in_scratch(name), "w");

	ck_assert_msg(file != NULL, "%s: %s", name, strerror(errno));
	ck_assert_uint_eq(fwrite(data, 1, size, file), size);
	ck_assert_int_eq(fclose(file), 0);
}

static inline void scratch_write(const char *name, const char *text)
{
	scratch_write_bytes(name, text, strlen(text));
}

static inline bool scratch_has(const char *name)
{
	struct stat info;

	return lstat(in_scratch(name), &info) == 0;
}

/* What is in a file, cut at 16 KiB; good until the next call. */
static inline const char *scratch_read(const char *name)
{
	static char text[16384];
	FILE *file = fopen(in_scratch(name), "r");

	ck_assert_msg(file != NULL, "%s: %s", name, strerror(errno));
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	return text;
}

/* How many files there are. */
static inline unsigned scratch_count(void)
{
	DIR *dir = opendir(scratch);
	unsigned n = 0;

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n - 2;
}

/* From now on as somebody whom permissions stop, and who owns the directory; true if nothing
 * but permissions does. Root takes them back with be_root(). */
static inline bool be_nobody(void)
{
	if (geteuid() != 0)
		return true;
	return chown(scratch, NOBODY, NOBODY) == 0 && seteuid(NOBODY) == 0;
}

static inline void be_root(void)
{
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(0), 0);
}

#endif
