/* SPDX-License-Identifier: MIT */
/*
 * Small files of state. The one idea: nothing is ever lost by us. A file appears whole under
 * its name or not at all, and one that we can't read keeps its bytes under another name.
 */
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"

#define FILE_MAX_SIZE (16L * 1024 * 1024)
#define ASIDE_MAX     1000 /* so many damaged files are kept apart */

static const char *text_of(int error, char *text, size_t size)
{
	return strerror_r(error, text, size);
}

static struct store_stamp stamp_of(const struct stat *status)
{
	return (struct store_stamp){status->st_mtim, status->st_size, status->st_ino};
}

struct store_stamp store_look(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 ? stamp_of(&status) : (struct store_stamp){0};
}

bool store_is_same(const struct store_stamp *a, const struct store_stamp *b)
{
	return a->time.tv_sec == b->time.tv_sec && a->time.tv_nsec == b->time.tv_nsec &&
	       a->size == b->size && a->inode == b->inode;
}

/* The whole of an open file, terminated; NULL with errno. */
static char *read_all(int fd, size_t *size)
{
	struct stat status;
	size_t n = 0;

	if (fstat(fd, &status) != 0)
		return NULL;
	if (!S_ISREG(status.st_mode) || status.st_size > FILE_MAX_SIZE) {
		errno = S_ISDIR(status.st_mode) ? EISDIR : EFBIG;
		return NULL;
	}
	char *text = calloc(1, (size_t)status.st_size + 1);
	while (text != NULL && n < (size_t)status.st_size) {
		ssize_t got = read(fd, text + n, (size_t)status.st_size - n);

		if (got < 0 && errno != EINTR) {
			free(text);
			return NULL;
		}
		if (got == 0)
			break;
		n += got > 0 ? (size_t)got : 0;
	}
	*size = n;
	return text;
}

/* The first name of PATH.damaged-N that is free; false with errno. */
static bool find_aside(char aside[static PATH_MAX], const char *path)
{
	struct stat status;

	for (unsigned n = 1; n <= ASIDE_MAX; n++) {
		if (snprintf(aside, PATH_MAX, "%s.damaged-%u", path, n) >= PATH_MAX) {
			errno = ENAMETOOLONG;
			return false;
		}
		if (lstat(aside, &status) != 0)
			return errno == ENOENT;
	}
	errno = EEXIST;
	return false;
}

/* Always false. */
static bool fail_aside(const char *path, const char *fault)
{
	char why[128];

	log_error("%s is damaged (%s) and can't be kept under another name: %s; it stays as it "
		  "is, and changes count until Kurafuto ends",
		  path, fault, text_of(errno, why, sizeof(why)));
	return false;
}

/* What is set aside is as private as what store_save() writes. A warning if it can't be. */
static void close_to_others(const char *aside)
{
	char why[128];
	struct stat status;

	if (stat(aside, &status) == 0 && (status.st_mode & 077) != 0 && chmod(aside, 0600) != 0)
		log_warn("%s can be read by others, and its mode can't be changed: %s", aside,
			 text_of(errno, why, sizeof(why)));
}

/* Gives a damaged file another name. False, with an error in the log, if that fails. */
static bool set_aside(const char *path, const char *fault)
{
	char aside[PATH_MAX];

	if (!find_aside(aside, path) || rename(path, aside) != 0)
		return fail_aside(path, fault);
	close_to_others(aside);
	log_warn("%s is damaged (%s): it is set aside as %s, and a new one is begun", path,
		 fault, aside);
	return true;
}

bool store_copy_aside(const char *path)
{
	char aside[PATH_MAX];

	/* A second name is the copy as soon as another file takes over the first. Where files
	 * have one name only, it is the new one until then. */
	if (!find_aside(aside, path) || (link(path, aside) != 0 && rename(path, aside) != 0))
		return fail_aside(path, "a part of it does not count");
	close_to_others(aside);
	log_warn("%s: what does not count is left out; the file as it was is kept as %s", path,
		 aside);
	return true;
}

static unsigned line_of(const char *text, const char *at)
{
	unsigned line = 1;

	for (const char *p = text; p < at; p++)
		line += *p == '\n' ? 1 : 0;
	return line;
}

/* What is wrong with a text that should be a JSON object; NULL: *out is one. */
static const char *parse(cJSON **out, const char *text, size_t size, char *fault,
			 size_t fault_size)
{
	const char *end = NULL;

	if (memchr(text, '\0', size) != NULL)
		return "it has zero bytes";
	*out = cJSON_ParseWithLengthOpts(text, size + 1, &end, true);
	if (*out == NULL) {
		snprintf(fault, fault_size, "line %u is not JSON",
			 end != NULL ? line_of(text, end) : 1);
		return fault;
	}
	if (cJSON_IsObject(*out))
		return NULL;
	cJSON_Delete(*out);
	*out = NULL;
	return "it holds no JSON object";
}

enum store_result store_read(const char *path, cJSON **root, char *why, size_t why_size)
{
	char fault[128];
	char *text = NULL;
	size_t size = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool is_missing = fd < 0 && errno == ENOENT;

	*root = NULL;
	if (fd >= 0)
		text = read_all(fd, &size);
	int error = errno;
	if (fd >= 0)
		close(fd);
	if (text == NULL) {
		snprintf(why, why_size, "%s", text_of(error, fault, sizeof(fault)));
		return is_missing ? STORE_MISSING : STORE_UNREADABLE;
	}
	const char *wrong = parse(root, text, size, fault, sizeof(fault));
	free(text);
	snprintf(why, why_size, "%s", wrong != NULL ? wrong : "");
	return wrong == NULL ? STORE_READ : STORE_DAMAGED;
}

cJSON *store_load(const char *path, bool *is_readonly)
{
	char why[128];
	cJSON *root;

	enum store_result result = store_read(path, &root, why, sizeof(why));
	if (result == STORE_UNREADABLE)
		log_error("%s can't be read: %s; changes count until Kurafuto ends", path, why);
	bool is_stuck = result == STORE_DAMAGED && !set_aside(path, why);
	if (is_readonly != NULL)
		*is_readonly = result == STORE_UNREADABLE || is_stuck;
	return root;
}

static bool write_all(int fd, const char *text)
{
	size_t n = 0, size = strlen(text);

	while (n < size) {
		ssize_t put = write(fd, text + n, size - n);

		if (put < 0 && errno != EINTR)
			return false;
		n += put > 0 ? (size_t)put : 0;
	}
	return true;
}

/* The name of a new file is on disk only once its directory is. */
static void sync_directory(const char *path)
{
	char directory[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int length = slash == NULL ? 1 : slash == path ? 1 : (int)(slash - path);

	snprintf(directory, sizeof(directory), "%.*s", length, slash == NULL ? "." : path);
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

bool store_save(const char *path, const cJSON *object)
{
	struct store_stamp stamp;

	return store_save_stamped(path, object, &stamp);
}

/* Writes all of it to the disk, and says what that looks like. */
static bool write_fresh(int fd, const char *text, struct stat *status)
{
	return fd >= 0 && fchmod(fd, 0600) == 0 && write_all(fd, text) && write_all(fd, "\n") &&
	       fsync(fd) == 0 && fstat(fd, status) == 0;
}

bool store_save_stamped(const char *path, const cJSON *object, struct store_stamp *stamp)
{
	char fresh[PATH_MAX], why[128];
	char *text = cJSON_Print(object);
	struct stat status;

	if (text == NULL) {
		log_error("%s can't be written: out of memory", path);
		errno = ENOMEM;
		return false;
	}
	snprintf(fresh, sizeof(fresh), "%s.new", path);
	int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	bool is_written = write_fresh(fd, text, &status);
	int error = errno;
	cJSON_free(text);
	if (fd >= 0)
		close(fd);
	if (is_written && rename(fresh, path) == 0) {
		*stamp = stamp_of(&status);
		sync_directory(path);
		return true;
	}
	error = is_written ? errno : error;
	if (fd >= 0)
		unlink(fresh);
	log_error("%s can't be written: %s", path, text_of(error, why, sizeof(why)));
	errno = error;
	return false;
}

bool store_has_directory(const char *path)
{
	struct stat status;

	if (stat(path, &status) != 0)
		return false;
	if (!S_ISDIR(status.st_mode)) {
		errno = ENOTDIR;
		return false;
	}
	return faccessat(AT_FDCWD, path, W_OK | X_OK, AT_EACCESS) == 0;
}
