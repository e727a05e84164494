/* SPDX-License-Identifier: MIT */
/*
 * Texts of the game: code page 437 to and from UTF-8, colour codes, lines of 64 characters, and
 * the nearest word for "did you mean". Knows no packets and no sockets. The one idea: a colour
 * code is only written when a character follows it, so no line can end in one, and no code can
 * be torn apart at the end of a line.
 */
#include "text.h"

#include <stdio.h>
#include <string.h>

#define WORD_MAX 64 /* longer words have no nearest candidate */

/* clang-format off */
/* Code page 437 below the space and from 0x7f up. Between them it is ASCII. */
static const uint16_t low_half[0x20] = {
	0x0000, 0x263a, 0x263b, 0x2665, 0x2666, 0x2663, 0x2660, 0x2022,
	0x25d8, 0x25cb, 0x25d9, 0x2642, 0x2640, 0x266a, 0x266b, 0x263c,
	0x25ba, 0x25c4, 0x2195, 0x203c, 0x00b6, 0x00a7, 0x25ac, 0x21a8,
	0x2191, 0x2193, 0x2192, 0x2190, 0x221f, 0x2194, 0x25b2, 0x25bc,
};
static const uint16_t high_half[0x81] = {
	0x2302,
	0x00c7, 0x00fc, 0x00e9, 0x00e2, 0x00e4, 0x00e0, 0x00e5, 0x00e7,
	0x00ea, 0x00eb, 0x00e8, 0x00ef, 0x00ee, 0x00ec, 0x00c4, 0x00c5,
	0x00c9, 0x00e6, 0x00c6, 0x00f4, 0x00f6, 0x00f2, 0x00fb, 0x00f9,
	0x00ff, 0x00d6, 0x00dc, 0x00a2, 0x00a3, 0x00a5, 0x20a7, 0x0192,
	0x00e1, 0x00ed, 0x00f3, 0x00fa, 0x00f1, 0x00d1, 0x00aa, 0x00ba,
	0x00bf, 0x2310, 0x00ac, 0x00bd, 0x00bc, 0x00a1, 0x00ab, 0x00bb,
	0x2591, 0x2592, 0x2593, 0x2502, 0x2524, 0x2561, 0x2562, 0x2556,
	0x2555, 0x2563, 0x2551, 0x2557, 0x255d, 0x255c, 0x255b, 0x2510,
	0x2514, 0x2534, 0x252c, 0x251c, 0x2500, 0x253c, 0x255e, 0x255f,
	0x255a, 0x2554, 0x2569, 0x2566, 0x2560, 0x2550, 0x256c, 0x2567,
	0x2568, 0x2564, 0x2565, 0x2559, 0x2558, 0x2552, 0x2553, 0x256b,
	0x256a, 0x2518, 0x250c, 0x2588, 0x2584, 0x258c, 0x2590, 0x2580,
	0x03b1, 0x00df, 0x0393, 0x03c0, 0x03a3, 0x03c3, 0x00b5, 0x03c4,
	0x03a6, 0x0398, 0x03a9, 0x03b4, 0x221e, 0x03c6, 0x03b5, 0x2229,
	0x2261, 0x00b1, 0x2265, 0x2264, 0x2320, 0x2321, 0x00f7, 0x2248,
	0x00b0, 0x2219, 0x00b7, 0x221a, 0x207f, 0x00b2, 0x25a0, 0x00a0,
};

/* The same places in ASCII. Two question marks in a row could begin a trigraph. */
static const char low_ascii[0x20 + 1] =
	" \?\?*****" "*oo\?\?\?\?*"
	"><|!PS-|"   "^v><L-^v";
static const char high_ascii[0x81 + 1] =
	"^"
	"Cueaaaac" "eeeiiiAA"
	"EaAooouu" "yOUcLYPf"
	"aiounNao" "\?--\?\?!<>"
	"###|++++" "++|+++++"
	"++++-+++" "+++++=++"
	"++++++++" "+++#####"
	"asGpSsut" "FTOd\?fen"
	"=+><||/~" "o*.\?n2# ";
/* clang-format on */

static uint32_t code_of(uint8_t byte)
{
	if (byte < 0x20)
		return low_half[byte];
	return byte < 0x7f ? byte : high_half[byte - 0x7f];
}

static char byte_of(uint32_t code)
{
	if ((code >= 0x20 && code < 0x7f) || code == '\n')
		return (char)code;
	for (unsigned byte = 1; byte < 256; byte++)
		if (code_of((uint8_t)byte) == code)
			return (char)byte;
	return '?';
}

/* Every character of the code page has at most 16 bits, hence at most three bytes. */
static size_t encode(char out[static 3], uint32_t code)
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xc0 | code >> 6);
		out[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	out[0] = (char)(0xe0 | code >> 12);
	out[1] = (char)(0x80 | (code >> 6 & 0x3f));
	out[2] = (char)(0x80 | (code & 0x3f));
	return 3;
}

/* How many bytes the first byte announces, and the bits of the code that it carries itself. */
static size_t lead_byte(uint8_t lead, uint32_t *bits)
{
	static const struct {
		uint8_t mask, value;
	} forms[] = {{0x80, 0x00}, {0xe0, 0xc0}, {0xf0, 0xe0}, {0xf8, 0xf0}};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if ((lead & forms[i].mask) == forms[i].value) {
			*bits = lead & (uint8_t)~forms[i].mask;
			return i + 1;
		}
	}
	return 0;
}

size_t text_utf8_next(const char *utf8, uint32_t *code)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	uint32_t value = 0;
	size_t n = lead_byte((uint8_t)utf8[0], &value);

	for (size_t i = 1; i < n; i++) {
		uint8_t byte = (uint8_t)utf8[i];

		if ((byte & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (byte & 0x3f);
	}
	if (n == 0 || value < least[n] || value > 0x10ffff ||
	    (value >= 0xd800 && value < 0xe000))
		return 0;
	*code = value;
	return n;
}

size_t text_to_utf8(char *out, size_t size, const char *cp437)
{
	size_t n = 0;

	if (size == 0)
		return 0;
	for (; *cp437 != '\0'; cp437++) {
		char bytes[3];
		size_t k = encode(bytes, code_of((uint8_t)*cp437));

		if (n + k >= size)
			break;
		memcpy(out + n, bytes, k);
		n += k;
	}
	out[n] = '\0';
	return n;
}

size_t text_from_utf8(char *out, size_t size, const char *utf8)
{
	size_t n = 0;

	if (size == 0)
		return 0;
	while (*utf8 != '\0' && n + 1 < size) {
		uint32_t code = 0;
		size_t k = text_utf8_next(utf8, &code);

		out[n] = '?';
		if (k > 0)
			out[n] = byte_of(code);
		n++;
		utf8 += k > 0 ? k : 1;
	}
	out[n] = '\0';
	return n;
}

char text_to_ascii(uint8_t cp437)
{
	if (cp437 < 0x20)
		return low_ascii[cp437];
	return cp437 < 0x7f ? (char)cp437 : high_ascii[cp437 - 0x7f];
}

bool text_is_color(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_code(const char *text)
{
	return text[0] == '&' && text_is_color(text[1]);
}

size_t text_strip_colors(char *out, size_t size, const char *text)
{
	size_t n = 0;

	if (size == 0)
		return 0;
	while (*text != '\0' && n + 1 < size) {
		if (is_code(text))
			text += 2;
		else
			out[n++] = *text++;
	}
	out[n] = '\0';
	return n;
}

/* The length of a line without the spaces and colour codes at its end; each & in it starts one.
 */
static size_t trimmed(const char *line, size_t n)
{
	for (;;) {
		if (n > 0 && line[n - 1] == ' ')
			n--;
		else if (n > 1 && line[n - 2] == '&')
			n -= 2;
		else
			return n;
	}
}

/* What belongs to neither line at a break: spaces, colour codes (which count), and a line's end
 * right behind them. */
static const char *skip_break(const char *p, char *color)
{
	while (*p == ' ' || is_code(p)) {
		if (*p == ' ') {
			p++;
		} else {
			*color = p[1];
			p += 2;
		}
	}
	if (*p == '\n') {
		*color = '\0';
		p++;
	}
	return p;
}

/* A line in the making. */
struct wrap {
	const char *p;
	size_t n;     /* bytes of the line so far */
	char color;   /* in force at p */
	bool pending; /* the colour is still to be written, in front of the next character */
	bool has_ink; /* something other than a space is on the line: from here on it may end at
			 a space */
	const char
		*space; /* where the line may end, or NULL; the next two are what held there */
	size_t space_n;
	char space_color;
};

/* Puts the character at p on the line, with its colour if that is due; false if they do not
 * fit. */
static bool wrap_char(struct wrap *w, char *line)
{
	char c = *w->p;

	if (c == '&')
		c = '%';
	if (c == ' ' && w->has_ink) {
		w->space = w->p;
		w->space_n = w->n;
		w->space_color = w->color;
	}
	if (w->n + (w->pending ? 3 : 1) > TEXT_LINE)
		return false;
	if (w->pending) {
		line[w->n++] = '&';
		line[w->n++] = w->color;
		w->pending = false;
	}
	line[w->n++] = c;
	w->has_ink |= c != ' ';
	w->p++;
	return true;
}

/* Ends a full line: at its last space if it has one, else in mid-word. */
static void wrap_break(struct wrap *w)
{
	if (w->space != NULL) {
		w->p = w->space;
		w->n = w->space_n;
		w->color = w->space_color;
	}
	w->p = skip_break(w->p, &w->color);
}

bool text_wrap(char line[static TEXT_LINE + 1], const char **text, char *color)
{
	struct wrap w = {.p = *text, .color = *color, .pending = *color != '\0'};
	bool fits = true;

	if (*w.p == '\0')
		return false;
	while (fits && *w.p != '\0' && *w.p != '\n') {
		if (is_code(w.p)) {
			w.color = w.p[1];
			w.pending = true;
			w.p += 2;
		} else {
			fits = wrap_char(&w, line);
		}
	}
	if (!fits) {
		wrap_break(&w);
	} else if (*w.p == '\n') {
		w.p++;
		w.color = '\0';
	}
	line[trimmed(line, w.n)] = '\0';
	*text = w.p;
	*color = w.color;
	return true;
}

void text_make_safe(char *text, bool has_cp437)
{
	size_t n = strnlen(text, TEXT_LINE);

	text[n] = '\0';
	for (size_t i = 0; i < n; i++) {
		if (text[i] == '&' && !text_is_color(text[i + 1]))
			text[i] = '%';
		else if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f ||
			 ((unsigned char)text[i] > 0x7f && !has_cp437))
			text[i] = '?';
	}
	text[trimmed(text, n)] = '\0';
}

#define LIST_END 24 /* room for " and 4294967295 more" */

void text_list_begin(struct text_list *list, char *text, size_t size)
{
	*list = (struct text_list){.text = text, .size = size};
	text[0] = '\0';
}

void text_list_add(struct text_list *list, const char *name)
{
	size_t used = strlen(list->text);
	const char *comma = used > 0 ? ", " : "";

	if (list->left_out > 0 || used + strlen(comma) + strlen(name) + LIST_END > list->size)
		list->left_out++;
	else
		snprintf(list->text + used, list->size - used, "%s%s", comma, name);
}

bool text_list_has_room(const struct text_list *list, const char *more)
{
	return strlen(list->text) + strlen(" ") + strlen(more) < list->size;
}

bool text_list_drop(struct text_list *list)
{
	char *last = strrchr(list->text, ',');

	if (list->text[0] == '\0')
		return false;
	*(last != NULL ? last : list->text) = '\0';
	list->left_out++;
	return true;
}

void text_list_end_with(struct text_list *list, const char *more)
{
	size_t used = strlen(list->text);

	snprintf(list->text + used, list->size - used, "%s%s",
		 used > 0 && more[0] != '\0' ? " " : "", more);
}

void text_list_end(struct text_list *list)
{
	char more[LIST_END];

	if (list->left_out == 0)
		return;
	snprintf(more, sizeof(more), "and %u more", list->left_out);
	text_list_end_with(list, more);
}

static char lower(char c)
{
	if (c >= 'A' && c <= 'Z')
		c = (char)(c + ('a' - 'A'));
	return c;
}

static size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Edit distance without regard to case; two neighbours swapped count as one edit, as in `prot`
 * for `port`. */
static size_t distance(const char *a, const char *b)
{
	/* Three rows of the matrix, in turns: two before, before, and this one. */
	size_t rows[3][WORD_MAX + 1] = {{0}};
	size_t n_a = strlen(a), n_b = strlen(b);

	for (size_t i = 0; i <= n_a; i++) {
		size_t *now = rows[i % 3], *before = rows[(i + 2) % 3],
		       *two_before = rows[(i + 1) % 3];

		for (size_t j = 0; j <= n_b; j++) {
			if (i == 0 || j == 0) {
				now[j] = i + j;
				continue;
			}
			bool same = lower(a[i - 1]) == lower(b[j - 1]);

			now[j] = min_size(before[j - 1] + !same,
					  min_size(before[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
			    lower(a[i - 2]) == lower(b[j - 1]))
				now[j] = min_size(now[j], two_before[j - 2] + 1);
		}
	}
	return rows[n_a % 3][n_b];
}

const char *text_nearest(const char *word, const char *const *candidates, size_t n)
{
	size_t length = strlen(word);
	size_t least = (length > 3 ? length / 3 : 1) + 1;
	const char *nearest = NULL;

	if (length > WORD_MAX)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		if (strlen(candidates[i]) > WORD_MAX)
			continue;
		size_t d = distance(word, candidates[i]);

		if (d < least) {
			least = d;
			nearest = candidates[i];
		}
	}
	return nearest;
}
