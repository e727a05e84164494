/* SPDX-License-Identifier: MIT */
/*
 * stderr as a pipe for the length of a test: what is logged between capture() and release() is
 * what the test reads. It must fit into a pipe's buffer.
 */
#ifndef CAPTURE_H
#define CAPTURE_H

#include <check.h>
#include <unistd.h>

static int capture_fds[2], capture_stderr;

static inline void capture(void)
{
	ck_assert_int_eq(pipe(capture_fds), 0);
	capture_stderr = dup(STDERR_FILENO);
	ck_assert_int_eq(dup2(capture_fds[1], STDERR_FILENO), STDERR_FILENO);
	close(capture_fds[1]);
}

/* Ends the capture; what was written is in out. */
static inline void release(char *out, size_t size)
{
	size_t n = 0;
	ssize_t got;

	dup2(capture_stderr, STDERR_FILENO);
	close(capture_stderr);
	while ((got = read(capture_fds[0], out + n, size - 1 - n)) > 0)
		n += (size_t)got;
	out[n] = '\0';
	close(capture_fds[0]);
}

#endif
