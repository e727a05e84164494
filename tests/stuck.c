/* SPDX-License-Identifier: MIT */
/*
 * A disk that hangs, preloaded into a Kurafuto: fsync(2) and stat(2) wait as long as there is a
 * file "fsync" or "stat" in the directory $STUCK_DIR, and leave a file "fsync.waits" there, or
 * "stat.waits".
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_SIZE 512

static void wait_while_stuck(const char *call)
{
	const char *directory = getenv("STUCK_DIR");
	char stuck[NAME_SIZE], waits[NAME_SIZE];

	snprintf(stuck, sizeof(stuck), "%s/%s", directory, call);
	snprintf(waits, sizeof(waits), "%s/%s.waits", directory, call);
	if (access(stuck, F_OK) != 0)
		return;
	close(open(waits, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	while (access(stuck, F_OK) == 0)
		poll(NULL, 0, 5); /* a file can't be waited for */
}

int fsync(int fd)
{
	wait_while_stuck("fsync");
	return fdatasync(fd);
}

int stat(const char *restrict path, struct stat *restrict status)
{
	wait_while_stuck("stat");
	return fstatat(AT_FDCWD, path, status, 0);
}
