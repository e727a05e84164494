/* SPDX-License-Identifier: MIT */
/*
 * The terminal's mouth: one thread that reads lines from stdin. On a terminal there is a prompt
 * with history and completion (libedit), and the log goes through the same thread, above the
 * line that is being typed; else plain lines. The one idea: while somebody may type, only this
 * thread writes to the terminal.
 */
#ifndef CONSOLE_H
#define CONSOLE_H

#include <stdbool.h>
#include <stddef.h>

/* A line was entered: without its newline, never empty or blank, at most 1,024 bytes of UTF-8
 * that can be shown (what cannot is a ?). On the console's thread. */
typedef void console_line_fn(void *context, const char *line);
/* Takes a word that could stand where the cursor is, whole; copies what it needs, at once. */
typedef void console_offer_fn(void *choice, const char *word);
/* Offers all words that complete `line` (the text up to the cursor), each once: offer(choice,
 * word). A word may differ from what was typed in its case; one with a space or control
 * characters is skipped. On the console's thread; must not block. */
typedef void console_complete_fn(void *context, const char *line, console_offer_fn *offer,
				 void *choice);

struct console_options {
	console_line_fn *line;
	console_complete_fn *complete; /* NULL: none */
	void *context;
};

/*
 * Starts the thread; false if there is no stdin to read (closed, /dev/null, or the terminal of
 * a process in the background) or no thread: then nothing has changed. At the end of stdin the
 * thread ends, and the program goes on without a console. Once, after log_init(), on the main
 * thread. While it runs, SIGCONT has a handler, so that poll(2) may end with EINTR after a
 * stop.
 */
bool console_start(const struct console_options *options);
/* Ends the thread, gives the terminal back as it was and the log back to stderr. Waits for a
 * line that is being run, a second at most. False if that one hangs: the thread is still there,
 * and what options.context leads to must not be freed. Main thread. */
bool console_stop(void);

/* One line of a reply: UTF-8 with colour codes, which are left out where nothing shows colours,
 * escaped and cut like the log's, to stdout (above the prompt on a terminal). Lines that nobody
 * reads wait, up to 1,000, then they are counted. Any thread; only the console's own may be
 * held up by it, and not for longer than the log is. */
void console_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
