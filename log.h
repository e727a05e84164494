/* SPDX-License-Identifier: MIT */
/*
 * One line an event on stderr: optional time, level, what it is about, the message. Knows
 * nothing of Minecraft beyond the colour codes (& and a hexadecimal digit) that it renders on a
 * terminal. Every function here may be called from any thread; a line is written with one
 * write(2), or handed over to whoever owns the terminal (a sink).
 */
#ifndef LOG_H
#define LOG_H

#include <stdbool.h>
#include <stddef.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG, LOG_TRACE };
enum log_color { LOG_COLOR_AUTO, LOG_COLOR_ALWAYS, LOG_COLOR_NEVER };

/* Before the first thread: what is shown, whether in colour (auto: only if stderr is a
 * terminal), and with times. */
void log_init(enum log_level level, enum log_color color, bool timestamps);

/* What is shown from now on, and what is shown now. */
void log_set_level(enum log_level level);
enum log_level log_level(void);

/* True if lines of this level are shown; lets callers skip preparing them. */
bool log_shows(enum log_level level);

/*
 * Writes one line. `subject` may be NULL, else it stands in front ("#12 Alice"). Control bytes,
 * DEL and bytes that are not UTF-8 come out as \xNN, so no peer can forge or break a line. A
 * line is cut at 1,000 bytes.
 */
void log_line(enum log_level level, const char *subject, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Whole lines, each with its newline, go to `sink` instead of stderr; NULL: to stderr again. A
 * sink must not block and must not log; it is called by one thread at a time, and no longer
 * once this function has returned after taking it away.
 */
typedef void log_sink_fn(void *context, const char *line, size_t n);
void log_set_sink(log_sink_fn *sink, void *context);

/* True if a text for this descriptor is to be in colour: as log_init() was told, auto asks
 * whether it is a terminal that shows any. */
bool log_has_color(int fd);

#define log_error(...) log_line(LOG_ERROR, NULL, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_WARN, NULL, __VA_ARGS__)
#define log_info(...)  log_line(LOG_INFO, NULL, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, NULL, __VA_ARGS__)

/*
 * The escaping that log_line() applies to a message, for tests and for other outputs: writes
 * `text` to out[size], always terminated, and returns the length written. With `color`, colour
 * codes become ANSI sequences and the result ends in a reset; without, they stay visible as
 * they are ("&e").
 */
size_t log_escape(char *out, size_t size, const char *text, bool color);

#endif
