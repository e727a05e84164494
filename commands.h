/* SPDX-License-Identifier: MIT */
/*
 * The one table of edge commands, with two mouths: chat lines with the prefix (":kura") that
 * Kurafuto answers itself, and lines typed on the terminal, without it.
 */
#ifndef COMMANDS_H
#define COMMANDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "console.h"
#include "hooks.h"
#include "session.h"

struct commands;

/* A line of an answer: UTF-8 with colour codes. */
typedef void commands_say_fn(void *context, const char *line);

/* What only the whole program can do. Any thread; all may block for a moment. */
struct commands_control {
	void *context;
	/* Reads the configuration again. Every fault, or every change, is said, and every
	 * warning behind "warning: ". False after a fault: nothing has changed. */
	bool (*reload)(void *context, commands_say_fn *say, void *say_context);
	/* Ends the program in so many seconds, with a countdown for the players; 0: now.
	 * `reason` may be empty. */
	void (*stop)(void *context, int64_t in_s, const char *reason);
	/* Stops listening, and ends with the last player. */
	void (*stop_when_empty)(void *context);
	/* Calls either off; false if there was none. */
	bool (*stop_not)(void *context);
	/* Shows or hides details in the log, until the next change of `log.level`. */
	void (*set_log_level)(void *context, enum log_level level);
};

/* `world` must outlive it; so must what `control` points to. NULL without memory. */
struct commands *commands_new(const struct session_world *world,
			      const struct commands_control *control);
void commands_free(struct commands *commands);
/* Registers the hook that answers chat lines while `edge-commands` is on. False without memory.
 * Main, before the first session. */
bool commands_attach(struct commands *commands, struct hooks *hooks);

/*
 * A player of the lobby walks into a portal: that is the command jump, without a word if they
 * are on their way. Else `answer` gets why not, as for session_tell(): lines with a newline
 * between them. Waits for no client. Any thread.
 */
void commands_enter_portal(const char *player, struct server *target, char *answer,
			   size_t size);

/* Runs a line of the terminal: everything is allowed, answers go to console_print(). A
 * console_line_fn. */
void commands_run_line(void *commands, const char *line);
/* A console_complete_fn: names of commands, and of what their arguments name. */
void commands_complete(void *commands, const char *line, console_offer_fn *take, void *choice);

/*
 * Is a chat line an edge command: the prefix, without regard to case, alone or followed by a
 * space. Then *rest is what follows, without spaces in front. ":kurax" and the prefix in
 * mid-line are ordinary chat.
 */
bool commands_match(const char *prefix, const char *line, const char **rest);

/* Takes the next word off *text: its length, 0 at the end; *word points into the text. */
size_t commands_word(const char **text, const char **word);

#endif
