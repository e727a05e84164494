/* SPDX-License-Identifier: MIT */
/*
 * A terminal for tests, as small as it can be: what a program writes becomes rows of
 * characters, with those that have left at the top. Knows what TERM=xterm makes libedit send,
 * and fails on anything else. A character that is two columns wide has a TERMINAL_HALF behind
 * it.
 */
#ifndef TERMINAL_H
#define TERMINAL_H

#include <check.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

#define TERMINAL_ROWS    24
#define TERMINAL_COLUMNS 100 /* at most */
#define TERMINAL_HISTORY 20000
#define TERMINAL_HALF    0x110000 /* no character */

struct terminal {
	int columns;
	uint32_t rows[TERMINAL_HISTORY][TERMINAL_COLUMNS];
	int top;         /* the first row that is on the screen */
	int row, column; /* of the cursor; row counts from the very first */
	bool is_full;    /* the last column is written, the next character wraps */
	bool inserts;
	char unit[32]; /* an escape sequence or a character that is not complete */
	size_t n_unit;
	unsigned bells;
};

static inline void terminal_init(struct terminal *t, int columns)
{
	memset(t, 0, sizeof(*t));
	t->columns = columns;
}

static inline void terminal_down(struct terminal *t)
{
	if (++t->row == TERMINAL_HISTORY) { /* the older half is forgotten */
		memmove(t->rows, t->rows + TERMINAL_HISTORY / 2, sizeof(t->rows) / 2);
		memset(t->rows + TERMINAL_HISTORY / 2, 0, sizeof(t->rows) / 2);
		t->row -= TERMINAL_HISTORY / 2;
		t->top -= TERMINAL_HISTORY / 2;
	}
	if (t->row >= t->top + TERMINAL_ROWS)
		t->top++;
	t->is_full = false;
}

static inline void terminal_move(struct terminal *t, int row, int column)
{
	int last = t->top + TERMINAL_ROWS - 1;

	t->row = row < t->top ? t->top : row > last ? last : row;
	t->column = column < 0 ? 0 : column >= t->columns ? t->columns - 1 : column;
	t->is_full = false;
}

/* Moves the rest of the row by n columns from the cursor on: to the right, or (n < 0) left. */
static inline void terminal_shift(struct terminal *t, int n)
{
	uint32_t *row = t->rows[t->row], copy[TERMINAL_COLUMNS];

	memcpy(copy, row, sizeof(copy));
	for (int i = t->column; i < t->columns; i++)
		row[i] = i - n >= t->column && i - n < t->columns ? copy[i - n] : ' ';
}

static inline bool terminal_is_wide(uint32_t code)
{
	return code >= 0x1100 && code < 0x10000; /* those that the tests use */
}

/* What was half overwritten, or cut at the edge, is gone. */
static inline void terminal_mend(struct terminal *t)
{
	uint32_t *row = t->rows[t->row];

	for (int i = 0; i < t->columns; i++) {
		if (terminal_is_wide(row[i]) &&
		    (i + 1 == t->columns || row[i + 1] != TERMINAL_HALF))
			row[i] = ' ';
		if (row[i] == TERMINAL_HALF && (i == 0 || !terminal_is_wide(row[i - 1])))
			row[i] = ' ';
	}
}

static inline void terminal_put(struct terminal *t, uint32_t code)
{
	bool is_wide = terminal_is_wide(code);

	if (t->is_full || t->column + is_wide >= t->columns) {
		terminal_down(t);
		t->column = 0;
	}
	if (t->inserts)
		terminal_shift(t, 1 + is_wide);
	t->rows[t->row][t->column++] = code;
	if (is_wide)
		t->rows[t->row][t->column++] = TERMINAL_HALF;
	t->is_full = t->column >= t->columns;
	t->column -= t->is_full;
	terminal_mend(t);
}

static inline void terminal_wipe(struct terminal *t, int row, int from, int to)
{
	for (int i = from; i < to; i++)
		t->rows[row][i] = 0;
}

/* ESC [ n final. */
static inline void terminal_obey(struct terminal *t, int n, char final, const char *unit)
{
	int count = n > 0 ? n : 1;

	switch (final) {
	case 'A':
		terminal_move(t, t->row - count, t->column);
		break;
	case 'B':
		terminal_move(t, t->row + count, t->column);
		break;
	case 'C':
		terminal_move(t, t->row, t->column + count);
		break;
	case 'D':
		terminal_move(t, t->row, t->column - count);
		break;
	case 'G':
		terminal_move(t, t->row, count - 1);
		break;
	case 'P':
		terminal_shift(t, -count);
		break;
	case '@':
		terminal_shift(t, count);
		break;
	case 'J':
		ck_assert_int_eq(n, 0);
		for (int row = t->row + 1; row < t->top + TERMINAL_ROWS; row++)
			terminal_wipe(t, row, 0, t->columns);
		__attribute__((fallthrough));
	case 'K':
		ck_assert_int_eq(n, 0);
		terminal_wipe(t, t->row, t->column, t->columns);
		break;
	case 'h':
	case 'l':
		ck_assert_int_eq(n, 4);
		t->inserts = final == 'h';
		break;
	case 'm':
		break;
	default:
		ck_abort_msg("unknown escape sequence: ESC%s", unit + 1);
	}
	terminal_mend(t);
}

static inline void terminal_control(struct terminal *t, char c)
{
	switch (c) {
	case '\r':
		terminal_move(t, t->row, 0);
		break;
	case '\n':
		terminal_down(t);
		break;
	case '\b':
		terminal_move(t, t->row, t->column - 1);
		break;
	case '\t':
		terminal_move(t, t->row, (t->column | 7) + 1);
		break;
	case '\a':
		t->bells++;
		break;
	default:
		ck_abort_msg("unknown control character: %#x", (unsigned)c);
	}
}

static inline void terminal_take(struct terminal *t, char c)
{
	uint32_t code;

	if (t->n_unit == 0 && (unsigned char)c < 0x20 && c != '\x1b') {
		terminal_control(t, c);
		return;
	}
	ck_assert_uint_lt(t->n_unit, sizeof(t->unit) - 1);
	t->unit[t->n_unit++] = c;
	t->unit[t->n_unit] = '\0';
	if (t->unit[0] != '\x1b') {
		if (text_utf8_next(t->unit, &code) == 0)
			return;
		terminal_put(t, code);
	} else if (t->n_unit < 3 || (c >= '0' && c <= '9')) {
		ck_assert(t->n_unit < 2 || t->unit[1] == '[');
		return;
	} else {
		terminal_obey(t, atoi(t->unit + 2), c, t->unit);
	}
	t->n_unit = 0;
}

/* Adds a character as UTF-8; returns where the next one goes. */
static inline char *terminal_encode(char *end, uint32_t code)
{
	if (code < 0x80) {
		*end++ = (char)code;
	} else if (code < 0x800) {
		*end++ = (char)(0xc0 | code >> 6);
		*end++ = (char)(0x80 | (code & 0x3f));
	} else {
		*end++ = (char)(0xe0 | code >> 12);
		*end++ = (char)(0x80 | (code >> 6 & 0x3f));
		*end++ = (char)(0x80 | (code & 0x3f));
	}
	return end;
}

/* A row as UTF-8, without the spaces at its end. */
static inline void terminal_row(char out[static 4 * TERMINAL_COLUMNS + 1],
				const struct terminal *t, int row)
{
	char *end = out, *last = out;

	for (int i = 0; i < t->columns; i++) {
		uint32_t code = t->rows[row][i];

		if (code == TERMINAL_HALF)
			continue;
		end = terminal_encode(end, code == 0 ? ' ' : code);
		if (end[-1] != ' ')
			last = end;
	}
	*last = '\0';
}

/* All rows from the first one to the last that is not empty, each with its newline. The caller
 * frees it. */
static inline char *terminal_text(const struct terminal *t)
{
	int n = t->top + TERMINAL_ROWS;
	char *text = malloc((size_t)n * (4 * TERMINAL_COLUMNS + 2) + 1), *end = text,
	     *last = text;

	ck_assert_ptr_nonnull(text);
	for (int row = 0; row < n && row < TERMINAL_HISTORY; row++) {
		char *start = end;

		terminal_row(end, t, row);
		end += strlen(end);
		*end++ = '\n';
		if (end - start > 1)
			last = end;
	}
	*last = '\0';
	return text;
}

#endif
