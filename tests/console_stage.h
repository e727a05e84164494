/* SPDX-License-Identifier: MIT */
/*
 * A program with a console, and the one who sits in front of it. The program is the test
 * itself, executed anew with PROGRAM_FLAG: on a terminal of its own, or with pipes for stdin
 * and stdout. It obeys orders (a pipe): what its main thread is to log, print or stop; and it
 * reports (another pipe) each line that its console ran, each signal, and that an order was
 * carried out.
 */
#ifndef CONSOLE_STAGE_H
#define CONSOLE_STAGE_H

#include <bsd/string.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <pty.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "console.h"
#include "console_private.h"
#include "log.h"
#include "net.h"
#include "terminal.h"

#define PROGRAM_FLAG "--program"
#define ORDERS_FD    3
#define REPORTS_FD   4
#define WAIT_MS      20000 /* far above what anything here may take */

/* ---- the program: it is no test, and has none of Check's assertions ---- */

static atomic_bool program_may_go; /* ends the line "wait" */

__attribute__((format(printf, 1, 2))) static inline void report(const char *format, ...)
{
	char text[2048];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (write(REPORTS_FD, text, (size_t)n) != n)
		abort();
}

/* The console's commands. */
static inline void program_line(void *context, const char *line)
{
	int n;

	if (strcmp(context, "context") != 0)
		abort();
	if (strncmp(line, "echo ", 5) == 0) {
		console_print("said: %s", line + 5);
	} else if (sscanf(line, "count %d", &n) == 1) {
		for (int i = 1; i <= n; i++)
			console_print("number %d", i);
	} else if (strcmp(line, "wait for stop") == 0) {
		report("waiting\n");
		while (!console_is_stopped(WAIT_MS))
			;
	} else if (strcmp(line, "wait") == 0) {
		report("waiting\n");
		console_print("before");
		while (!atomic_load(&program_may_go))
			poll(NULL, 0, 1);
		console_print("after");
	} else if (strcmp(line, "hang") == 0) {
		report("hanging\n");
		while (true)
			pause();
	}
	report("line: %s\n", line);
}

static inline void program_complete(void *context, const char *line, console_offer_fn *offer,
				    void *choice)
{
	static const char *const first[] = {"send", "servers", "say", "stop"};
	static const char *const players[] = {"Alice", "alan",          "\x1b[2J",
					      "Bob",   "J\xc3\xbcrgen", "J\xc3\xb6rg"};
	const char *space = strrchr(line, ' '), *word = space != NULL ? space + 1 : line;
	const char *const *words = space != NULL ? players : first;
	size_t n = space != NULL ? 6 : 4;

	if (strcmp(context, "context") != 0)
		abort();
	for (unsigned i = 0; i < 150 && strncmp(line, "many ", 5) == 0; i++) {
		char candidate[32];

		snprintf(candidate, sizeof(candidate), "candidate%u", i);
		offer(choice, candidate);
	}
	if (strncmp(line, "many ", 5) == 0)
		return;
	if (line[0] == '#') {
		report("completing\n");
		return;
	}
	for (size_t i = 0; i < n; i++)
		if (strncasecmp(words[i], word, strlen(word)) == 0)
			offer(choice, words[i]);
}

/* Logs as fast as it can, for as long as the line "wait" would wait. */
static inline void *program_flood(void *unused)
{
	(void)unused;
	while (!atomic_load(&program_may_go))
		log_info("flood");
	return NULL;
}

/* Carries out one order; false at the end. */
static inline bool program_obey(const char *order)
{
	static pthread_t flooder;
	int64_t started_ms = net_now_ms();
	const char *more = "";
	int n;

	if (strncmp(order, "log ", 4) == 0)
		log_info("%s", order + 4);
	else if (strncmp(order, "print ", 6) == 0)
		console_print("%s", order + 6);
	else if (sscanf(order, "flood %d", &n) == 1)
		for (int i = 1; i <= n; i++)
			log_info("line %d of the flood", i);
	else if (strcmp(order, "flood without end") == 0)
		pthread_create(&flooder, NULL, program_flood, NULL);
	else if (strcmp(order, "no flood") == 0) {
		atomic_store(&program_may_go, true);
		pthread_join(flooder, NULL);
	} else if (strcmp(order, "go") == 0)
		atomic_store(&program_may_go, true);
	else if (strcmp(order, "stop") == 0) {
		atomic_store(&program_may_go, true);
		more = console_stop() ? "" : "console hangs\n";
	} else
		return false;
	report("done in %d ms\n%s", (int)(net_now_ms() - started_ms), more);
	return true;
}

static inline void program_take_orders(int signals)
{
	static char buffer[65536];
	struct pollfd fds[] = {{.fd = signals, .events = POLLIN},
			       {.fd = ORDERS_FD, .events = POLLIN}};
	struct signalfd_siginfo info;
	ssize_t n;

	for (;;) {
		if (poll(fds, 2, -1) < 0)
			continue; /* continued after a stop */
		if (fds[0].revents != 0 && read(signals, &info, sizeof(info)) > 0)
			report("signal %d\n", (int)info.ssi_signo);
		if (fds[1].revents == 0)
			continue;
		n = read(ORDERS_FD, buffer, sizeof(buffer) - 1);
		if (n <= 0)
			return;
		buffer[n - 1] = '\0'; /* the tests send one at a time */
		if (!program_obey(buffer))
			return;
	}
}

static inline int program_run(void)
{
	static char context[] = "context";
	struct console_options options = {program_line, program_complete, context};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	log_init(LOG_INFO, LOG_COLOR_NEVER, false);
	report(console_start(&options) ? "started\n" : "refused\n");
	program_take_orders(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
	return EXIT_SUCCESS;
}

/* ---- the one in front of it ---- */

struct stage {
	pid_t pid;
	int in, out; /* the terminal, twice, or two pipes; -1: closed */
	int slave;   /* kept, so that its modes can be looked at */
	int orders, reports;
	int extra; /* 1 more than a descriptor that the program has as number 5; 0: none */
	struct termios modes; /* before the program started */
	char heard[65536];    /* reports that nobody asked for yet */
	char text[1 << 20];   /* from a pipe */
	size_t n_text;
};

static struct stage stage;
static struct terminal terminal;

static inline int high(int fd)
{
	int moved = fcntl(fd, F_DUPFD_CLOEXEC, 10);

	ck_assert_int_ge(moved, 10);
	close(fd);
	return moved;
}

static inline void open_pipe(int fds[static 2])
{
	ck_assert_int_eq(pipe(fds), 0);
	fds[0] = high(fds[0]);
	fds[1] = high(fds[1]);
}

/* In the new process: becomes the program, with these as its descriptors. -1 leaves one closed.
 */
static inline void become_program(const int fds[static 6], const char *how)
{
	char *const argv[] = {(char[]){"test_console"}, (char[]){PROGRAM_FLAG}, strdup(how),
			      NULL};

	for (int i = 0; i < 6; i++) {
		if (fds[i] >= 0)
			dup2(fds[i], i);
		else
			close(i);
	}
	execv("/proc/self/exe", argv);
	_exit(127);
}

/* Starts the program; `fds`: its stdin, stdout and stderr. */
static inline void start_program(int in, int out, int err, bool is_terminal, const char *how)
{
	int orders[2], reports[2];

	open_pipe(orders);
	open_pipe(reports);
	stage.heard[0] = '\0';
	stage.pid = fork();
	ck_assert_int_ge(stage.pid, 0);
	if (stage.pid == 0) {
		setsid();
		if (is_terminal)
			ioctl(in, TIOCSCTTY, 0);
		become_program((int[]){in, out, err, orders[0], reports[1], stage.extra - 1},
			       how);
	}
	close(orders[0]);
	close(reports[1]);
	stage.orders = orders[1];
	stage.reports = reports[0];
}

/* Takes what the program has written, if it writes something within the time. */
static inline void watch(int timeout_ms)
{
	struct pollfd fds[] = {{.fd = stage.out, .events = POLLIN},
			       {.fd = stage.reports, .events = POLLIN}};
	char buffer[4096];
	ssize_t n;

	if (poll(fds, 2, timeout_ms) <= 0)
		return;
	if (fds[0].revents != 0) {
		n = read(stage.out, buffer, sizeof(buffer));
		for (ssize_t i = 0; i < n && stage.slave >= 0; i++)
			terminal_take(&terminal, buffer[i]);
		if (n <= 0) {
			close(stage.out);
			stage.out = -1;
		} else if (stage.slave < 0) {
			ck_assert_uint_lt(stage.n_text + (size_t)n, sizeof(stage.text));
			memcpy(stage.text + stage.n_text, buffer, (size_t)n);
			stage.n_text += (size_t)n;
			stage.text[stage.n_text] = '\0';
		}
	}
	if (fds[1].revents != 0) {
		n = read(stage.reports, buffer, sizeof(buffer) - 1);
		buffer[n > 0 ? n : 0] = '\0';
		if (n <= 0) {
			close(stage.reports);
			stage.reports = -1;
		}
		ck_assert_uint_lt(strlcat(stage.heard, buffer, sizeof(stage.heard)),
				  sizeof(stage.heard));
	}
}

/* Waits for a report that starts so, and forgets it and all before it. Returns the number that
 * stands behind it, if any. */
static inline int hear(const char *wanted)
{
	int64_t deadline_ms = net_now_ms() + WAIT_MS;

	for (;;) {
		char *found = strstr(stage.heard, wanted),
		     *end = found != NULL ? strchr(found, '\n') : NULL;

		if (end != NULL) {
			int n = atoi(found + strlen(wanted));

			memmove(stage.heard, end + 1, strlen(end + 1) + 1);
			return n;
		}
		ck_assert_msg(net_now_ms() < deadline_ms, "not reported: %s, but: %s", wanted,
			      stage.heard);
		watch(100);
	}
}

static inline void send_order(const char *text)
{
	char line[512];
	int n = snprintf(line, sizeof(line), "%s\n", text);

	ck_assert_int_eq(write(stage.orders, line, (size_t)n), n);
}

/* Has an order carried out; returns how long that took. */
static inline int order(const char *text)
{
	send_order(text);
	return hear("done in ");
}

static inline void type_keys(const char *keys)
{
	size_t n = strlen(keys);

	ck_assert_int_eq(write(stage.in, keys, n), (ssize_t)n);
}

/* The end of a text: Check has no room for long ones. */
static inline const char *text_end(const char *text)
{
	size_t n = strlen(text);

	return text + (n > 1000 ? n - 1000 : 0);
}

/* Waits until all that the terminal ever showed ends in this; from the start of a row. */
static inline void see(const char *wanted)
{
	int64_t deadline_ms = net_now_ms() + WAIT_MS;

	for (;;) {
		char *text = terminal_text(&terminal);
		size_t n = strlen(text), n_wanted = strlen(wanted);
		bool ends = n >= n_wanted && strcmp(text + n - n_wanted, wanted) == 0 &&
			    (n == n_wanted || text[n - n_wanted - 1] == '\n');

		ck_assert_msg(ends || net_now_ms() < deadline_ms, "wanted:\n%s\nbut it is:\n%s",
			      text_end(wanted), text_end(text));
		free(text);
		if (ends)
			return;
		watch(100);
	}
}

/* Waits until the terminal shows this somewhere. */
static inline void see_part(const char *wanted)
{
	int64_t deadline_ms = net_now_ms() + WAIT_MS;
	bool is_there;

	do {
		char *text = terminal_text(&terminal);

		is_there = strstr(text, wanted) != NULL;
		ck_assert_msg(is_there || net_now_ms() < deadline_ms,
			      "wanted:\n%s\nbut it is:\n%s", wanted, text_end(text));
		free(text);
		if (!is_there)
			watch(100);
	} while (!is_there);
}

/* Waits until the pipe has delivered this and nothing else. */
static inline void read_text(const char *wanted)
{
	int64_t deadline_ms = net_now_ms() + WAIT_MS;

	while (strcmp(stage.text, wanted) != 0) {
		ck_assert_msg(net_now_ms() < deadline_ms, "wanted:\n%s\nbut it is:\n%s",
			      text_end(wanted), text_end(stage.text));
		watch(100);
	}
}

static inline void open_terminal(int columns)
{
	struct winsize size = {.ws_row = TERMINAL_ROWS, .ws_col = (unsigned short)columns};

	ck_assert_int_eq(openpty(&stage.in, &stage.slave, NULL, NULL, &size), 0);
	stage.in = high(stage.in);
	stage.slave = high(stage.slave);
	stage.out = stage.in;
	ck_assert_int_eq(tcgetattr(stage.slave, &stage.modes), 0);
	stage.modes.c_iflag |= IXANY; /* which is not what libedit would leave */
	stage.modes.c_lflag &= ~(tcflag_t)ECHOE;
	stage.modes.c_cc[VEOL2] = 'E';
	ck_assert_int_eq(tcsetattr(stage.slave, TCSANOW, &stage.modes), 0);
	terminal_init(&terminal, columns);
}

/* The program on a terminal of its own. */
static inline void start_on_terminal(int columns)
{
	open_terminal(columns);
	start_program(stage.slave, stage.slave, stage.slave, true, "");
	hear("started");
	see(">\n");
}

static inline void assert_modes_are_back(void)
{
	struct termios now;

	ck_assert_int_eq(tcgetattr(stage.slave, &now), 0);
	ck_assert_uint_eq(now.c_iflag, stage.modes.c_iflag);
	ck_assert_uint_eq(now.c_oflag, stage.modes.c_oflag);
	ck_assert_uint_eq(now.c_cflag, stage.modes.c_cflag);
	ck_assert_uint_eq(now.c_lflag, stage.modes.c_lflag);
	ck_assert_mem_eq(now.c_cc, stage.modes.c_cc, sizeof(now.c_cc));
}

/* The program ends, without a sanitizer's complaint. */
static inline void end_program(void)
{
	int status;

	close(stage.orders);
	while (waitpid(stage.pid, &status, WNOHANG) == 0)
		watch(10);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %#x", status);
}

/* The end of most tests: the console stops at once, the terminal is as it was. */
static inline void stop_and_end(void)
{
	ck_assert_int_lt(order("stop"), 1000); /* when it would give up */
	if (stage.slave >= 0)
		assert_modes_are_back();
	end_program();
}

#endif
