/* SPDX-License-Identifier: MIT */
/*
 * What the console writes to stdout: replies, and on a terminal with a prompt the log too.
 * Responsible for that nobody waits for a reader and that no line is torn; not for what is on
 * the screen. The one idea: every line goes through one queue; whoever adds a line also writes
 * what the terminal takes at once, unless the queue is held because somebody is typing.
 */
#include <bsd/sys/queue.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "console_private.h"

#define PATIENCE_MS 100 /* how long the console's own thread waits for room */

struct waiting {
	STAILQ_ENTRY(waiting) entry;
	size_t n, sent;
	char bytes[];
};
STAILQ_HEAD(queue, waiting);

/* Under lock, but for fd: that changes only while the console's thread is not there. */
static struct output {
	int fd;
	struct queue queue;
	size_t n;
	unsigned long lost; /* lines since the last one in the queue */
	bool is_held;
	bool has_owner;
	pthread_t owner; /* the console's thread */
} output = {.fd = STDOUT_FILENO, .queue = STAILQ_HEAD_INITIALIZER(output.queue)};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* A terminal or pipe is opened anew, so that it can be made non-blocking without touching what
 * others share with us; files never block. */
void console_output_open(void)
{
	struct stat status;
	int fd = -1;

	if (fstat(STDOUT_FILENO, &status) == 0 &&
	    (isatty(STDOUT_FILENO) || S_ISFIFO(status.st_mode)))
		fd = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	output.fd = fd >= 0 ? fd : STDOUT_FILENO;
}

static bool has_room(int timeout_ms)
{
	struct pollfd fd = {.fd = output.fd, .events = POLLOUT};

	return poll(&fd, 1, timeout_ms) > 0;
}

/* Writes what there is room for: how many bytes, all of them if nobody will ever read them. */
static size_t write_some(const char *bytes, size_t n)
{
	ssize_t sent = -1;

	errno = EAGAIN;
	if (has_room(0))
		sent = write(output.fd, bytes, n);
	if (sent >= 0)
		return (size_t)sent;
	return errno == EAGAIN || errno == EINTR ? 0 : n;
}

static void append_locked(const char *line, size_t n)
{
	struct waiting *waiting = malloc(sizeof(*waiting) + n);

	if (waiting == NULL) {
		output.lost++;
		return;
	}
	waiting->n = n;
	waiting->sent = 0;
	memcpy(waiting->bytes, line, n);
	STAILQ_INSERT_TAIL(&output.queue, waiting, entry);
	output.n++;
}

/* The loss takes its place in the queue, if there is one to tell of. */
static void append_loss_locked(void)
{
	char note[64];
	unsigned long lost = output.lost;

	if (lost == 0)
		return;
	output.lost = 0;
	append_locked(note, (size_t)snprintf(note, sizeof(note),
					     "(%lu lines lost: nobody read them)\n", lost));
	if (output.lost > 0)
		output.lost += lost - 1; /* no memory: for later */
}

/* The line whose turn it is, or NULL. */
static struct waiting *first_locked(void)
{
	if (STAILQ_EMPTY(&output.queue))
		append_loss_locked();
	return STAILQ_FIRST(&output.queue);
}

static void remove_first_locked(struct waiting *first)
{
	STAILQ_REMOVE_HEAD(&output.queue, entry);
	output.n--;
	free(first);
}

static bool flush_locked(void)
{
	struct waiting *first;

	while ((first = first_locked()) != NULL) {
		first->sent += write_some(first->bytes + first->sent, first->n - first->sent);
		if (first->sent < first->n)
			return true;
		remove_first_locked(first);
	}
	return false;
}

bool console_output_flush(void)
{
	bool waits;

	pthread_mutex_lock(&lock);
	waits = !output.is_held && flush_locked();
	pthread_mutex_unlock(&lock);
	return waits;
}

/* A command that prints much waits for its reader, but not for one who has left. */
static bool may_wait_locked(void)
{
	return output.n >= CONSOLE_WAITING && output.lost == 0 && !output.is_held &&
	       output.has_owner && pthread_equal(output.owner, pthread_self());
}

void console_output_put(const char *line, size_t n)
{
	bool waits;

	pthread_mutex_lock(&lock);
	if (may_wait_locked()) {
		pthread_mutex_unlock(&lock);
		has_room(PATIENCE_MS);
		pthread_mutex_lock(&lock);
		flush_locked();
	}
	if (output.n >= CONSOLE_WAITING) {
		output.lost++;
	} else {
		append_loss_locked();
		append_locked(line, n);
	}
	waits = output.is_held || flush_locked();
	pthread_mutex_unlock(&lock);
	if (waits)
		console_wake();
}

void console_output_own(void)
{
	pthread_mutex_lock(&lock);
	output.owner = pthread_self();
	output.has_owner = true;
	pthread_mutex_unlock(&lock);
}

void console_output_release(void)
{
	pthread_mutex_lock(&lock);
	output.is_held = false;
	flush_locked();
	pthread_mutex_unlock(&lock);
}

size_t console_output_take(char line[static CONSOLE_PRINTED])
{
	struct waiting *first;
	size_t n = 0;

	pthread_mutex_lock(&lock);
	first = output.is_held ? first_locked() : NULL;
	if (first != NULL) {
		n = first->n;
		memcpy(line, first->bytes, n);
		remove_first_locked(first);
	}
	pthread_mutex_unlock(&lock);
	return n;
}

void console_output_write(const char *bytes, size_t n)
{
	bool lies = false; /* a terminal that is stopped may say that it has room */

	while (n > 0) {
		size_t sent = write_some(bytes, n);

		bytes += sent;
		n -= sent;
		if (sent > 0)
			lies = false;
		else if (console_is_stopped(lies ? CONSOLE_RETRY_MS : 0))
			return;
		else
			lies = has_room(lies ? 0 : CONSOLE_RETRY_MS);
	}
}

bool console_output_hold(void)
{
	char rest[CONSOLE_PRINTED];
	struct waiting *first;
	size_t n = 0;

	pthread_mutex_lock(&lock);
	flush_locked();
	output.is_held = true;
	first = STAILQ_FIRST(&output.queue);
	if (first != NULL && first->sent > 0) {
		n = first->n - first->sent;
		memcpy(rest, first->bytes + first->sent, n);
		remove_first_locked(first);
	}
	pthread_mutex_unlock(&lock);
	console_output_write(rest, n);
	return !console_is_stopped(0);
}

void console_output_close(void)
{
	pthread_mutex_lock(&lock);
	output.is_held = false;
	output.has_owner = false;
	flush_locked();
	for (struct waiting *first; (first = STAILQ_FIRST(&output.queue)) != NULL;)
		remove_first_locked(first);
	if (output.fd != STDOUT_FILENO)
		close(output.fd);
	output.fd = STDOUT_FILENO;
	pthread_mutex_unlock(&lock);
}
