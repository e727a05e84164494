/* SPDX-License-Identifier: MIT */
/*
 * Texts of the game: code page 437, colour codes (& and a hexadecimal digit), lines of 64
 * characters. Pure code. Strings here are NUL-terminated.
 */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEXT_LINE 64

/* CP437 to UTF-8 (up to three bytes a character) and back (`?` for what CP437 lacks and for
 * bytes that are not UTF-8; '\n' stays). Always terminated; returns the length. */
size_t text_to_utf8(char *out, size_t size, const char *cp437);
size_t text_from_utf8(char *out, size_t size, const char *utf8);

/* The length in bytes (1 to 4) of the character that `utf8` starts with, and its code; 0 if it
 * is not valid UTF-8. */
size_t text_utf8_next(const char *utf8, uint32_t *code);

/*
 * The printable ASCII character (0x20 to 0x7e) that looks or reads most like one of CP437:
 * letters without their accent, + - | = for boxes, < > ^ v for arrows, a space for NUL; `?` for
 * what has none. Never a `&` or `%` that was not one: they would make colours.
 */
char text_to_ascii(uint8_t cp437);

/* Is this byte a colour digit: 0-9, a-f, A-F. */
bool text_is_color(char c);
/* Copies without colour codes (&x). */
size_t text_strip_colors(char *out, size_t size, const char *text);

/*
 * Takes the next line off *text for a packet of 64 characters: broken at a space where
 * possible, with the colour in force repeated in front of the continuation, no colour code or
 * space at its end, no lone & (they crash vanilla clients). *text moves on; *color (0 at the
 * start) carries the colour between calls. Returns false at the end. A '\n' in the text ends a
 * line and the colour.
 */
bool text_wrap(char line[static TEXT_LINE + 1], const char **text, char *color);

/* Makes a text safe for a client that crashes on a lone & and for a single packet: cut at
 * TEXT_LINE, & that starts no colour code becomes %, control bytes become ?, and so do bytes
 * above 0x7e unless `has_cp437` (FullCP437); colour codes and spaces are cut off the end. In
 * place. */
void text_make_safe(char *text, bool has_cp437);

/*
 * A list of names with commas in a text of limited size. What does not fit is counted: at the
 * end text_list_end() adds "and 12 more". `text` is the caller's, `size` at least 32.
 */
struct text_list {
	char *text;
	size_t size;
	unsigned left_out;
};
void text_list_begin(struct text_list *list, char *text, size_t size);
void text_list_add(struct text_list *list, const char *name);
void text_list_end(struct text_list *list);
/* The same with other words, cut to what room there is; is there room for all of them; and
 * taking the last name back to make some, false if there is none. */
void text_list_end_with(struct text_list *list, const char *more);
bool text_list_has_room(const struct text_list *list, const char *more);
bool text_list_drop(struct text_list *list);

/* The candidate most like `word` (edit distance without regard to case, at most a third of
 * its length and at least 1 allowed), or NULL. */
const char *text_nearest(const char *word, const char *const *candidates, size_t n);

#endif
