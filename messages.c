/* SPDX-License-Identifier: MIT */
/*
 * The texts of all messages, and filling in their names. The one idea: checking a text and
 * writing it take it apart by the same function, so what passes the check comes out as it
 * reads.
 */
#include "messages.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

static const struct {
	const char *key, *names, *text;
} rows[] = {
#define MESSAGE_ROW(name, key, names, text) {key, names, text},
#include "messages_table.h"
#undef MESSAGE_ROW
};

const char *message_key(enum message message)
{
	return rows[message].key;
}

const char *message_default(enum message message)
{
	return rows[message].text;
}

const char *message_names(enum message message)
{
	return rows[message].names;
}

enum message message_find(const char *key)
{
	unsigned i = 0;

	while (i < MESSAGE_COUNT && strcmp(rows[i].key, key) != 0)
		i++;
	return (enum message)i;
}

/* A piece of a text: characters as they are, a name in braces, a brace that is neither. */
struct piece {
	enum { PIECE_END, PIECE_PLAIN, PIECE_NAME, PIECE_BROKEN } kind;
	const char *start;
	size_t size;
};

/* Takes the next piece off *text. */
static struct piece next_piece(const char **text)
{
	const char *start = *text;
	size_t n = strcspn(start, "{");

	if (n == 0 && *start == '{') {
		n = strcspn(start + 1, "{}");
		*text = start + 1;
		if (start[1] == '{') {
			*text = start + 2;
			return (struct piece){PIECE_PLAIN, start, 1};
		}
		if (start[1 + n] != '}')
			return (struct piece){PIECE_BROKEN, start, 1};
		*text = start + 1 + n + 1;
		return (struct piece){PIECE_NAME, start + 1, n};
	}
	*text = start + n;
	return (struct piece){n > 0 ? PIECE_PLAIN : PIECE_END, start, n};
}

/* Room for a text, always terminated. Once something did not fit, nothing more is added. */
struct room {
	char *out;
	size_t size, used;
	bool is_full;
};

static void add(struct room *room, const char *text, size_t n)
{
	size_t left = room->size - 1 - room->used;

	if (room->is_full)
		return;
	if (n > left) {
		room->is_full = true;
		for (n = left; n > 0 && ((uint8_t)text[n] & 0xc0) == 0x80; n--)
			; /* within a character */
	}
	memcpy(room->out + room->used, text, n);
	room->used += n;
	room->out[room->used] = '\0';
}

static void add_text(struct room *room, const char *text)
{
	add(room, text, strlen(text));
}

/* ---- checking ---- */

/* Is the name one of a row's. */
static bool has_name(const char *names, const char *name, size_t n)
{
	for (const char *p = names; *p != '\0'; p += strspn(p, " ")) {
		size_t length = strcspn(p, " ");

		if (length == n && strncmp(p, name, n) == 0)
			return true;
		p += length;
	}
	return false;
}

/* A reason that says what is in the braces, and what may be. */
static void explain_name(const char *names, const struct piece *piece, char *why,
			 size_t why_size)
{
	struct room room = {.out = why, .size = why_size};

	add_text(&room, "{");
	add(&room, piece->start, piece->size);
	add_text(&room, "} means nothing here: ");
	if (names[0] == '\0')
		add_text(&room, "this message has no names, and {{ is a brace");
	for (const char *p = names; *p != '\0'; p += strspn(p, " ")) {
		size_t n = strcspn(p, " ");

		add_text(&room, p == names ? "it may be {" : " or {");
		add(&room, p, n);
		add_text(&room, "}");
		p += n;
	}
}

static bool check_characters(const char *text, char *why, size_t why_size)
{
	uint32_t code = 0;

	for (size_t at = 0, n; text[at] != '\0'; at += n) {
		n = text_utf8_next(text + at, &code);
		if (n == 0)
			snprintf(why, why_size, "byte %zu is not UTF-8", at + 1);
		else if (code < 0x20 || (code >= 0x7f && code < 0xa0))
			snprintf(why, why_size, "byte %zu is a control character (0x%02x)",
				 at + 1, (unsigned)code);
		else
			continue;
		return false;
	}
	return true;
}

static bool check_names(const char *names, const char *text, char *why, size_t why_size)
{
	struct piece piece;

	while ((piece = next_piece(&text)).kind != PIECE_END) {
		if (piece.kind == PIECE_BROKEN) {
			snprintf(why, why_size,
				 "a { has no } behind it: write {{ if it is to be a brace");
			return false;
		}
		if (piece.kind == PIECE_NAME && !has_name(names, piece.start, piece.size)) {
			explain_name(names, &piece, why, why_size);
			return false;
		}
	}
	return true;
}

bool message_check(enum message message, const char *text, char *why, size_t why_size)
{
	size_t size = strlen(text);

	if (size > MESSAGES_TEXT_MAX) {
		snprintf(why, why_size, "it has %zu bytes, %d are allowed", size,
			 MESSAGES_TEXT_MAX);
		return false;
	}
	return check_characters(text, why, why_size) &&
	       check_names(rows[message].names, text, why, why_size);
}

/* ---- writing ---- */

/* The value of a name among the pairs; an empty text if it has none. */
static const char *find_value(va_list pairs, const struct piece *name)
{
	const char *value = NULL, *key;
	va_list rest;

	va_copy(rest, pairs);
	while (value == NULL && (key = va_arg(rest, const char *)) != NULL) {
		const char *candidate = va_arg(rest, const char *);

		if (strlen(key) == name->size && strncmp(key, name->start, name->size) == 0)
			value = candidate;
	}
	va_end(rest);
	return value != NULL ? value : "";
}

char *message_vformat(char *out, size_t size, char *const *texts, enum message message,
		      va_list pairs)
{
	const char *text =
		texts != NULL && texts[message] != NULL ? texts[message] : rows[message].text;
	struct room room = {.out = out, .size = size};
	struct piece piece;

	out[0] = '\0';
	while ((piece = next_piece(&text)).kind != PIECE_END) {
		if (piece.kind == PIECE_NAME)
			add_text(&room, find_value(pairs, &piece));
		else
			add(&room, piece.start, piece.size);
	}
	return out;
}

char *message_format(char *out, size_t size, char *const *texts, enum message message, ...)
{
	va_list pairs;

	va_start(pairs, message);
	message_vformat(out, size, texts, message, pairs);
	va_end(pairs);
	return out;
}

static void write_more(char out[static MESSAGES_TEXT_MAX + 1], char *const *texts, unsigned n)
{
	char count[16];

	snprintf(count, sizeof(count), "%u", n);
	message_format(out, MESSAGES_TEXT_MAX + 1, texts, MESSAGE_MORE_NAMES, "count", count,
		       NULL);
}

void message_list_end(struct text_list *list, char *const *texts)
{
	char more[MESSAGES_TEXT_MAX + 1];

	if (list->left_out == 0)
		return;
	write_more(more, texts, list->left_out);
	while (!text_list_has_room(list, more) && text_list_drop(list))
		write_more(more, texts, list->left_out);
	text_list_end_with(list, more);
}
