/* SPDX-License-Identifier: MIT */
/*
 * Every sentence that a player can read, in one table: a key, the default text, and the names
 * in braces that it may use ("{server}"). `messages` of the configuration replaces any of them.
 * Pure code; the configuration's own module uses it, so it knows no configuration.
 */
#ifndef MESSAGES_H
#define MESSAGES_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#define MESSAGES_TEXT_MAX 512 /* longest text of a message, in bytes */

struct text_list;

/* One row each in messages_table.h, MESSAGE_ROW(NAME, "key", "names", "text"). */
enum message {
#define MESSAGE_ROW(name, key, names, text) MESSAGE_##name,
#include "messages_table.h"
#undef MESSAGE_ROW
	MESSAGE_COUNT
};

/* The key in `messages`, the default text, and the names that it may use: words with spaces
 * between them, perhaps none. */
const char *message_key(enum message message);
const char *message_default(enum message message);
const char *message_names(enum message message);
/* The message with that key, or MESSAGE_COUNT. */
enum message message_find(const char *key);
/* Is a text good for a message: names in braces only that it has, "{{" for a brace, UTF-8
 * without control characters, at most MESSAGES_TEXT_MAX bytes. Else a reason in why. An empty
 * text is good: nothing is said. */
bool message_check(enum message message, const char *text, char *why, size_t why_size);

/*
 * Writes the text in force with its names filled in. `texts` are the configuration's, by enum
 * message, NULL where the default counts (`config->messages.items`); itself NULL, all are the
 * defaults. The arguments behind are pairs of const char * (name, value), and a NULL at the
 * end; names that are not used are passed over, and one without a value is an empty text.
 * Values are copied as they are. Cut to size, never within a character of UTF-8. Returns out.
 */
char *message_format(char *out, size_t size, char *const *texts, enum message message, ...)
	__attribute__((sentinel));
/* The same; `pairs` is used up. */
char *message_vformat(char *out, size_t size, char *const *texts, enum message message,
		      va_list pairs);
/* text_list_end() for a list that players read: it ends in MESSAGE_MORE_NAMES. */
void message_list_end(struct text_list *list, char *const *texts);

#endif
