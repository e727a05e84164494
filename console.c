/* SPDX-License-Identifier: MIT */
/*
 * The console's thread and plain lines. Responsible for when it starts and ends, for waiting,
 * and for what reaches the commands: whole lines of clean UTF-8. The one idea: the thread waits
 * in one place only, console_wait(), which watches stdin, those who wake it and the end.
 */
#include "console.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "console_private.h"
#include "log.h"
#include "text.h"

#define STOP_MS 1000 /* how long a line that is being run may take to end */

enum event {
	WAKE,
	STOP,  /* never read: it stays */
	ENDED, /* the thread has nothing more to do */
	N_EVENTS,
};

static struct console_options options;
/* An eventfd each; set before the thread starts, closed after it has ended. */
static int events[N_EVENTS] = {-1, -1, -1};
static atomic_int waker = -1; /* events[WAKE], while it is open */
static pthread_t thread;
static bool is_started; /* main thread */

/* ---- waiting ---- */

static void raise_event(int fd)
{
	uint64_t one = 1;

	(void)!write(fd, &one, sizeof(one));
}

void console_wake(void)
{
	int saved = errno; /* this may be a signal handler */

	raise_event(atomic_load(&waker));
	errno = saved;
}

bool console_is_stopped(int timeout_ms)
{
	struct pollfd fd = {.fd = events[STOP], .events = POLLIN};

	return poll(&fd, 1, timeout_ms) > 0;
}

bool console_is_foreground(void)
{
	pid_t group = tcgetpgrp(STDIN_FILENO);

	return group < 0 || group == getpgrp();
}

unsigned console_wait(int timeout_ms)
{
	bool is_ours = console_is_foreground();
	struct pollfd fds[] = {
		{.fd = events[STOP], .events = POLLIN},
		{.fd = events[WAKE], .events = POLLIN},
		{.fd = is_ours ? STDIN_FILENO : -1, .events = POLLIN},
	};
	uint64_t count;

	if (!is_ours && timeout_ms < 0)
		timeout_ms = CONSOLE_ABSENT_MS;
	if (poll(fds, 3, timeout_ms) <= 0)
		return 0;
	if (fds[1].revents != 0)
		(void)!read(events[WAKE], &count, sizeof(count));
	return (fds[0].revents != 0 ? CONSOLE_STOPPED : 0) |
	       (fds[1].revents != 0 ? CONSOLE_WOKEN : 0) |
	       (fds[2].revents != 0 ? CONSOLE_READABLE : 0);
}

int console_read(char *out, size_t size)
{
	ssize_t n = read(STDIN_FILENO, out, size);

	if (n >= 0)
		return (int)n;
	/* EIO is the end of a terminal, and what the background gets instead of input */
	return errno == EINTR || errno == EAGAIN || (errno == EIO && !console_is_foreground())
		       ? -1
		       : 0;
}

/* ---- lines ---- */

/* Leaves only what can be shown: the rest becomes ?, a tab a space. */
static void make_clean(char *text)
{
	uint32_t code;

	for (size_t len; *text != '\0'; text += len) {
		len = text_utf8_next(text, &code);
		if (len == 0 || code < 0x20 || code == 0x7f) {
			len = 1;
			*text = *text == '\t' ? ' ' : '?';
		}
	}
}

void console_enter(char *text, size_t n)
{
	if (n > 0 && text[n - 1] == '\r')
		n--;
	if (n > CONSOLE_LINE) {
		console_print("That line is too long: %d bytes are the most.", CONSOLE_LINE);
		return;
	}
	for (char *nul; (nul = memchr(text, '\0', n)) != NULL;)
		*nul = '?';
	text[n] = '\0';
	make_clean(text);
	if (text[strspn(text, " ")] != '\0')
		options.line(options.context, text);
}

/* What was read of a line that has no end yet. */
struct partial {
	size_t n;                     /* stays above CONSOLE_LINE once it is too long */
	char bytes[CONSOLE_LINE + 3]; /* with "\r", one byte too many, and a NUL */
};

static void take_byte(struct partial *partial, char c)
{
	if (c == '\n') {
		console_enter(partial->bytes, partial->n);
		partial->n = 0;
	} else if (partial->n < sizeof(partial->bytes) - 1) {
		partial->bytes[partial->n++] = c;
	}
}

/* Lines as they come: no prompt, and the log goes its own way. */
static void run_plain(void)
{
	struct partial partial = {0};
	char buffer[1024];
	unsigned seen;
	int n = -1;

	while (n != 0) {
		seen = console_wait(console_output_flush() ? CONSOLE_RETRY_MS : -1);
		if ((seen & CONSOLE_STOPPED) != 0)
			return;
		if ((seen & CONSOLE_READABLE) == 0)
			continue;
		n = console_read(buffer, sizeof(buffer));
		for (int i = 0; i < n && !console_is_stopped(0); i++)
			take_byte(&partial, buffer[i]);
	}
	take_byte(&partial, '\n'); /* the last line may have no end */
}

/* ---- the thread ---- */

static void *run(void *is_terminal)
{
	sigset_t set;

	pthread_setname_np(pthread_self(), "console");
	/* so that a process in the background gets errors instead of being stopped */
	sigemptyset(&set);
	sigaddset(&set, SIGTTIN);
	sigaddset(&set, SIGTTOU);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	console_output_own();
	if (is_terminal == NULL || !console_edit_run(&options))
		run_plain();
	console_output_flush();
	raise_event(events[ENDED]);
	return NULL;
}

/* Is there a stdin that somebody may type into or feed? */
static bool has_input(void)
{
	struct stat status;

	if (fstat(STDIN_FILENO, &status) != 0)
		return false;
	if (S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3)) /* /dev/null */
		return false;
	return console_is_foreground();
}

static void close_events(void)
{
	atomic_store(&waker, -1);
	for (size_t i = 0; i < N_EVENTS; i++) {
		if (events[i] >= 0)
			close(events[i]);
		events[i] = -1;
	}
}

static bool open_events(void)
{
	bool is_open = true;

	for (size_t i = 0; i < N_EVENTS; i++) {
		events[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		is_open = is_open && events[i] >= 0;
	}
	atomic_store(&waker, events[WAKE]);
	return is_open;
}

bool console_start(const struct console_options *wanted)
{
	static char yes;

	if (!has_input())
		return false;
	options = *wanted;
	if (open_events()) {
		console_output_open();
		if (pthread_create(&thread, NULL, run, console_edit_prepare() ? &yes : NULL) ==
		    0) {
			is_started = true;
			return true;
		}
		console_output_close();
	}
	close_events();
	return false;
}

bool console_stop(void)
{
	struct pollfd ended = {.fd = events[ENDED], .events = POLLIN};
	int n;

	if (!is_started)
		return true;
	is_started = false;
	raise_event(events[STOP]);
	do
		n = poll(&ended, 1, STOP_MS);
	while (n < 0 && errno == EINTR);
	if (n > 0) {
		pthread_join(thread, NULL);
		console_output_close();
		close_events();
		return true;
	}
	/* A command hangs: what it may still use stays open. */
	pthread_detach(thread);
	log_set_sink(NULL, NULL);
	console_output_release();
	console_edit_restore();
	return false;
}

void console_print(const char *format, ...)
{
	char text[CONSOLE_PRINTED], line[CONSOLE_PRINTED];
	va_list args;
	size_t n;

	va_start(args, format);
	if (vsnprintf(text, sizeof(text), format, args) < 0)
		text[0] = '\0';
	va_end(args);
	bool has_color = log_has_color(STDOUT_FILENO);
	if (!has_color)
		text_strip_colors(text, sizeof(text), text);
	n = log_escape(line, sizeof(line) - 1, text, has_color);
	line[n++] = '\n';
	console_output_put(line, n);
}
