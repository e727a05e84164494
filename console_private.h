/* SPDX-License-Identifier: MIT */
/*
 * What the console's parts know of each other: console.c has the thread and plain lines,
 * console_edit.c the prompt on a terminal, console_output.c everything that is written. Unless
 * it says otherwise, a function here is for the console's thread.
 */
#ifndef CONSOLE_PRIVATE_H
#define CONSOLE_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "console.h"

#define CONSOLE_LINE     1024 /* bytes of a line that is entered, at most */
#define CONSOLE_PRINTED  1000 /* bytes of a line that is written, its newline included */
#define CONSOLE_WAITING  1000 /* lines that wait to be written, at most */
#define CONSOLE_RETRY_MS 50   /* how often a terminal that takes nothing is tried again */
#define CONSOLE_ABSENT_MS \
	500 /* how often a process in the background looks whether it still is */

/* ---- console.c ---- */

/* What console_wait() has seen: any of these, or 0 when the time is over. */
#define CONSOLE_STOPPED  1u /* console_stop() was called */
#define CONSOLE_READABLE 2u /* stdin has something, and it is ours to read */
#define CONSOLE_WOKEN    4u /* by console_wake() */

/* Waits for one of the above; timeout_ms as for poll(2), but that in the background it looks up
 * now and then. */
unsigned console_wait(int timeout_ms);
/* Makes console_wait() return. Any thread, signal handlers too. */
void console_wake(void);
/* Has console_stop() been called? If not, waits for that: timeout_ms at most. Any thread. */
bool console_is_stopped(int timeout_ms);
/* May we read the terminal on stdin and set its modes, or has the shell put us into the
 * background? True for anything but a terminal. Any thread. */
bool console_is_foreground(void);
/* read(2) of stdin that gives 0 at its end and after an error, and -1 if it is to be tried
 * again later. */
int console_read(char *out, size_t size);
/* Runs a line of `n` bytes that was entered: made clean in place, skipped if it is empty or too
 * long (which is said). text[n] must be writable. */
void console_enter(char *text, size_t n);

/* ---- console_edit.c ---- */

/* Is there a terminal to edit on? Remembers its modes. Main thread, before the console's. */
bool console_edit_prepare(void);
/* Prompts for and runs lines until the end of stdin or console_stop(); false, having done
 * nothing, if the terminal or libedit cannot do that. */
bool console_edit_run(const struct console_options *options);
/* The terminal's modes as console_edit_prepare() saw them, if that was a terminal. Any thread.
 */
void console_edit_restore(void);

/* ---- console_output.c ---- */

/* Opens stdout anew where that lets it be written without waiting. Main thread. */
void console_output_open(void);
/* Back to plain stdout. Lines that wait are written as far as there is room, and freed. */
void console_output_close(void);
/* Writes a line, with its newline, or lets it wait; what is more than CONSOLE_WAITING is
 * counted, and said later. Any thread; does not wait, but for the console's own thread, and
 * that a moment. */
void console_output_put(const char *line, size_t n);
/* Says that this thread is the console's. */
void console_output_own(void);
/* Lines wait for console_output_take() from now on, because there is to be a prompt. Finishes a
 * line that was written in part; false if console_stop() comes first. */
bool console_output_hold(void);
/* The opposite: lines leave as they come. */
void console_output_release(void);
/* The next line that waits: its length, 0 if there is none or the queue is not held. */
size_t console_output_take(char line[static CONSOLE_PRINTED]);
/* Tries to write what waits; true if something still does. */
bool console_output_flush(void);
/* Writes all of it, waiting for a reader if need be; what is left when console_stop() comes is
 * dropped. Only between console_output_hold() and console_output_release(). */
void console_output_write(const char *bytes, size_t n);

#endif
