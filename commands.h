/* SPDX-License-Identifier: MIT */
/*
 * The one table of edge commands: chat lines with the prefix (":kura") that Kurafuto answers
 * itself.
 */
#ifndef COMMANDS_H
#define COMMANDS_H

#include <stdbool.h>
#include <stddef.h>

#include "hooks.h"
#include "session.h"

/* Registers the hook that answers edge commands, if the configuration has them on. `world` must
 * outlive the hooks. False without memory. Main, before the first session. */
bool commands_attach(struct hooks *hooks, struct session_world *world);

/*
 * Is a chat line an edge command: the prefix, without regard to case, alone or followed by a
 * space. Then *rest is what follows, without spaces in front. ":kurax" and the prefix in
 * mid-line are ordinary chat.
 */
bool commands_match(const char *prefix, const char *line, const char **rest);

/* Takes the next word off *text: its length, 0 at the end; *word points into the text. */
size_t commands_word(const char **text, const char **word);

#endif
