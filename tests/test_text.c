/* SPDX-License-Identifier: MIT */
/*
 * Texts of the game: tables of examples, and for text_wrap() the properties that must hold for
 * any text, tried on random ones. The random texts follow from the number of the round alone,
 * so a failure can be repeated.
 */
#include <bsd/string.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"
#include "text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ROUNDS       3000
#define LINES_MAX    16
#define X10          "xxxxxxxxxx"
#define X60          X10 X10 X10 X10 X10 X10

/* ---- code page 437 ---- */

/* clang-format off */
static const struct {
	const char *cp437, *utf8;
} pairs[] = {
	{"", ""},
	{"plain &e text ~", "plain &e text ~"},
	{"\x01\x02\x0f\x10\x1f", "☺☻☼►▼"},
	{"\x0a", "◙"},
	{"\x7f\x80\xff", "⌂Ç\xc2\xa0"},
	{"\x9b\x9e\x9f\xa8\xa9", "¢₧ƒ¿⌐"},
	{"\xb0\xb3\xc9\xdb\xdf", "░│╔█▀"},
	{"\xe0\xe1\xe6\xea\xee\xef", "αßµΩε∩"},
	{"\xf0\xf8\xfb\xfe", "≡°√■"},
};

static const struct {
	const char *utf8, *cp437;
} foreign[] = {
	{"日本", "??"},
	{"a😀b", "a?b"},
	{"caf\xe9", "caf?"},                   /* not UTF-8 */
	{"\xc0\xaf", "??"},                    /* an overlong form */
	{"\xed\xa0\x80", "???"},               /* a surrogate */
	{"\xf4\x90\x80\x80", "????"},          /* beyond Unicode */
	{"\xe2\x98", "??"},                    /* cut short */
	{"tab\there", "tab?here"},
	{"two\nlines", "two\nlines"},
};
/* clang-format on */

START_TEST(converts_both_ways)
{
	char out[128];

	ck_assert_uint_eq(text_to_utf8(out, sizeof(out), pairs[_i].cp437),
			  strlen(pairs[_i].utf8));
	ck_assert_str_eq(out, pairs[_i].utf8);
	ck_assert_uint_eq(text_from_utf8(out, sizeof(out), pairs[_i].utf8),
			  strlen(pairs[_i].cp437));
	ck_assert_str_eq(out, pairs[_i].cp437);
}
END_TEST

START_TEST(every_byte_comes_back)
{
	for (unsigned byte = 1; byte < 256; byte++) {
		char cp437[2] = {(char)byte, '\0'}, utf8[8], back[8];

		ck_assert_uint_ge(text_to_utf8(utf8, sizeof(utf8), cp437), 1);
		ck_assert_uint_eq(text_from_utf8(back, sizeof(back), utf8), 1);
		ck_assert_msg(strcmp(cp437, back) == 0, "0x%02x came back as 0x%02x", byte,
			      (uint8_t)back[0]);
	}
}
END_TEST

START_TEST(foreign_characters_become_question_marks)
{
	char out[64];

	text_from_utf8(out, sizeof(out), foreign[_i].utf8);
	ck_assert_str_eq(out, foreign[_i].cp437);
}
END_TEST

START_TEST(conversions_respect_the_room)
{
	char out[8];

	memset(out, 'z', sizeof(out));
	ck_assert_uint_eq(text_to_utf8(out, 6, "\x01\x01\x01"),
			  3); /* the second one would fill all six */
	ck_assert_str_eq(out, "☺");
	ck_assert_int_eq(out[6], 'z');
	ck_assert_uint_eq(text_from_utf8(out, 3, "☺☺☺"), 2);
	ck_assert_str_eq(out, "\x01\x01");
	ck_assert_uint_eq(text_to_utf8(out, 1, "abc"), 0);
	ck_assert_str_eq(out, "");
	out[0] = 'z';
	ck_assert_uint_eq(text_to_utf8(out, 0, "abc"), 0);
	ck_assert_uint_eq(text_from_utf8(out, 0, "abc"), 0);
	ck_assert_uint_eq(text_strip_colors(out, 0, "abc"), 0);
	ck_assert_int_eq(out[0], 'z');
}
END_TEST

/* clang-format off */
static const struct {
	const char *cp437, *ascii;
} spelled[] = {
	{"plain & %e text ~", "plain & %e text ~"},
	{"\x80\x81\x82\x87\x8b\x8e\x90\x91\x92\x99\xa4\xa5\xa7", "CueciAEaAOnNo"},
	{"\x9b\x9c\x9d\x9e\x9f", "cLYPf"},
	{"\xc9\xcd\xcb\xc4\xc2\xb3\xba\xb4\xd9\xd8", "+=+-+||+++"},
	{"\xb0\xb1\xb2\xdb\xdc\xdf\xfe", "#######"},
	{"\x10\x11\x18\x19\x1a\x1b\x1e\x1f\xae\xaf\xf2\xf3", "><^v><^v<>><"},
	{"\x07\x08\x0f\xf9\x04\xfa\xf8\x09", "****" "*.oo"},
	{"\xe0\xe1\xe3\xe4\xe6\xea\xee", "aspSuOe"},
	{"\xf0\xf1\xf6\xf7\xfc\xfd\xff\x7f\xad\xa8\x13", "=+/~n2 ^!?!"},
	{"\x01\x02\x0b\x0c\x0d\x0e\xab\xac\xec\xfb", "??????????"},
};
/* clang-format on */

START_TEST(spells_in_ascii)
{
	const char *cp437 = spelled[_i].cp437, *ascii = spelled[_i].ascii;

	ck_assert_uint_eq(strlen(cp437), strlen(ascii));
	for (size_t i = 0; cp437[i] != '\0'; i++)
		ck_assert_msg(text_to_ascii((uint8_t)cp437[i]) == ascii[i],
			      "0x%02x became %c instead of %c", (uint8_t)cp437[i],
			      text_to_ascii((uint8_t)cp437[i]), ascii[i]);
}
END_TEST

/* And nothing becomes a sign that the text did not have. */
START_TEST(every_byte_has_printable_ascii)
{
	ck_assert_int_eq(text_to_ascii(0), ' ');
	for (unsigned byte = 0; byte < 256; byte++) {
		char c = text_to_ascii((uint8_t)byte);

		ck_assert_msg(c >= 0x20 && c <= 0x7e, "0x%02x became 0x%02x", byte, (uint8_t)c);
		if (byte >= 0x20 && byte <= 0x7e)
			ck_assert_int_eq(c, (char)byte);
		else
			ck_assert_msg(c != '&' && c != '%', "0x%02x became %c", byte, c);
	}
}
END_TEST

/* ---- colours ---- */

START_TEST(knows_the_color_digits)
{
	for (int c = -128; c < 256; c++) {
		bool is_digit = c > 0 && c < 128 && strchr("0123456789abcdefABCDEF", c) != NULL;

		ck_assert_int_eq(text_is_color((char)c), c < 128 && is_digit);
	}
}
END_TEST

static const struct {
	const char *text, *stripped;
} colored[] = {
	{"", ""},   {"&eHello &Fyou", "Hello you"},
	{"&", "&"}, {"100 & more &z", "100 & more &z"},
	{"&e", ""}, {"&&e", "&"},
};

START_TEST(strips_colors)
{
	char out[64];

	ck_assert_uint_eq(text_strip_colors(out, sizeof(out), colored[_i].text),
			  strlen(colored[_i].stripped));
	ck_assert_str_eq(out, colored[_i].stripped);
}
END_TEST

/* clang-format off */
static const struct {
	const char *text;
	bool has_cp437;
	const char *safe;
} unsafe[] = {
	{"",                           false, ""},
	{"as it is",                   false, "as it is"},
	{"R&Dnot",                     false, "R&Dnot"}, /* D is a colour digit */
	{"you & me",                   false, "you % me"},
	{"ends in &",                  false, "ends in %"},
	{"ends in &e",                 false, "ends in"},
	{"ends &e &f  ",               false, "ends"},
	{"&&e",                        false, "%"},
	{"&z",                         false, "%z"},
	{"a\tb\x01\x80\xff\x7f",       false, "a?b????"},
	{X60 "123&e45",                false, X60 "123%"}, /* cut at 64, which leaves the & alone */
	{X60 "12&e45",                 false, X60 "12"},
	{X60 "123456789",              false, X60 "1234"},
	{"",                           true,  ""},
	{"a\tb\x01\x80\xff\x7f",       true,  "a?b?\x80\xff?"},
	{"\xe1 &\xe1 &",               true,  "\xe1 %\xe1 %"},
	{"\xe1 &e ",                   true,  "\xe1"},
	{X60 "123\xdb\xdb",            true,  X60 "123\xdb"},
};
/* clang-format on */

START_TEST(makes_texts_safe)
{
	char text[128];

	snprintf(text, sizeof(text), "%s", unsafe[_i].text);
	text_make_safe(text, unsafe[_i].has_cp437);
	ck_assert_str_eq(text, unsafe[_i].safe);
}
END_TEST

/* ---- lists ---- */

/* clang-format off */
static const struct {
	size_t size; /* 24 bytes of it are for the end and its NUL */
	const char *names[5];
	const char *list;
} lists[] = {
	{32, {NULL},                            ""},
	{32, {"Alice"},                         "Alice"},
	{32, {"Eve", "Bob"},                    "Eve, Bob"},          /* fits exactly */
	{32, {"Eve", "Bobb"},                   "Eve and 1 more"},
	{31 + 2, {"Eve", "Bobb"},               "Eve, Bobb"},
	{32, {"Eve", "Bob", "X"},               "Eve, Bob and 1 more"},
	{32, {"Eve", "Alexander", "X", "Y"},    "Eve and 3 more"},    /* none behind a gap */
	{32, {"Alexander", "X"},                "and 2 more"},
	{200, {"Alice", "Bob", "Carol", "Dan"}, "Alice, Bob, Carol, Dan"},
};
/* clang-format on */

START_TEST(lists_names)
{
	struct text_list list;
	char text[200];

	text_list_begin(&list, text, lists[_i].size);
	for (size_t i = 0; lists[_i].names[i] != NULL; i++)
		text_list_add(&list, lists[_i].names[i]);
	text_list_end(&list);
	ck_assert_str_eq(text, lists[_i].list);
}
END_TEST

/* As many names of 1 to 16 letters as the round says, in every size: as many whole names as the
 * list does not count at its end. */
START_TEST(lists_in_any_size)
{
	static const char letters[] = "abcdefghijklmnop";

	for (size_t size = 32; size <= 200; size++) {
		char text[201], want[1024] = "", *end;
		struct text_list list;
		int more = 0;

		memset(text, '#', sizeof(text));
		text_list_begin(&list, text, size);
		for (int i = 0; i < _i; i++)
			text_list_add(&list, letters + i * 7 % 16);
		text_list_end(&list);
		ck_assert_int_eq(text[size], '#');
		ck_assert_uint_lt(strlen(text), size);
		if ((end = strstr(text, "and ")) != NULL)
			more = atoi(end + 4);
		for (int i = 0; i < _i - more; i++) {
			strlcat(want, i > 0 ? ", " : "", sizeof(want));
			strlcat(want, letters + i * 7 % 16, sizeof(want));
		}
		if (more > 0)
			snprintf(want + strlen(want), sizeof(want) - strlen(want),
				 "%sand %d more", more < _i ? " " : "", more);
		ck_assert_str_eq(text, want);
	}
}
END_TEST

/* ---- lines ---- */

static const struct {
	const char *text;
	const char *lines[6];
} wraps[] = {
	{"", {NULL}},
	{"short", {"short"}},
	{"  indented  ", {"  indented"}},
	{"one\ntwo\n", {"one", "two"}},
	{"one\n\n  two", {"one", "", "  two"}},
	{"\n", {""}},
	{"   ", {""}},
	{"&e", {""}},
	{"&eOne\ntwo", {"&eOne", "two"}}, /* a new line starts white */
	{"trailing &e", {"trailing"}},
	{"lone & and &", {"lone % and %"}},
	{"&a&b&cthree", {"&cthree"}},
	{"&eone &ftwo", {"&eone &ftwo"}}, /* codes stay where they are */
	{X60 "1234", {X60 "1234"}},
	{X60 "1234 next", {X60 "1234", "next"}},
	{X60 "1234\nnext", {X60 "1234", "next"}},
	{X60 "1234 \nnext", {X60 "1234", "next"}},
	{X60 "1234\n\nnext", {X60 "1234", "", "next"}},
	{X60 " 123 next", {X60 " 123", "next"}},
	{X60 " 1234 next", {X60, "1234 next"}},
	{X60 "123456789", {X60 "1234", "56789"}}, /* a word longer than a line */
	{"hi " X60 "123456789 there", {"hi", X60 "1234", "56789 there"}},
	{"   " X60 "123", {"   " X60 "1", "23"}}, /* not a line of spaces alone */
	{"&c" X60 "123456789", {"&c" X60 "12", "&c3456789"}},
	{"&cred " X60 " &agreen", {"&cred", "&c" X60, "&agreen"}},
	{X60 "  &e  next", {X60, "&enext"}},
	{X60 "123&e4", {X60 "123", "&e4"}}, /* the code would straddle the end */
	{X60 "12&e34", {X60 "12", "&e34"}},
	{X60 "1&e234", {X60 "1&e2", "&e34"}},
	{"word " X60 "&e", {"word", X60}},
	{X60 "1234&e", {X60 "1234"}},
	{X60 "1234&e  ", {X60 "1234"}},
	{X60 "123&", {X60 "123%"}},
	{X60 " " X60 " there", {X60, X60, "there"}},
	{"\x01\x80\xff bytes", {"\x01\x80\xff bytes"}},
};

START_TEST(wraps_examples)
{
	const char *text = wraps[_i].text;
	char line[TEXT_LINE + 1], color = '\0';
	size_t i = 0;

	for (; text_wrap(line, &text, &color); i++) {
		ck_assert_ptr_nonnull(wraps[_i].lines[i]);
		ck_assert_str_eq(line, wraps[_i].lines[i]);
	}
	ck_assert_ptr_null(wraps[_i].lines[i]);
	ck_assert_int_eq(*text, '\0');
	ck_assert(!text_wrap(line, &text, &color));
}
END_TEST

/* A small generator of its own, so that a round is the same everywhere. */
static unsigned draw(uint32_t *state, unsigned below)
{
	*state = *state * 1664525u + 1013904223u;
	return (*state >> 8) % below;
}

/* Words, long words, spaces, colour codes, lone ampersands and, if wanted, ends of lines, in a
 * random order. */
static void random_text(char *out, size_t size, unsigned seed, bool with_newlines)
{
	static const char *const pieces[] = {"a",  "bc", "word", " ", "  ", "&e", "&A", "&0",
					     "& ", "&z", "&",    " ", " ",  X10,  X60,  "\n"};
	uint32_t state = seed * 2654435761u + 1;
	unsigned n = draw(&state, 40), kinds = COUNT(pieces) - (with_newlines ? 0 : 1);

	out[0] = '\0';
	while (n-- > 0) {
		const char *piece = pieces[draw(&state, kinds)];

		if (strlen(out) + strlen(piece) < size)
			strlcat(out, piece, size);
	}
}

/* What a reader sees: each character that is no space with its colour, the spaces gone. */
static void seen(char *out, const char *text, bool is_source)
{
	char color = 'f';

	for (; *text != '\0'; text++) {
		if (text[0] == '&' && text_is_color(text[1])) {
			color = *++text;
		} else if (*text == '\n') {
			color = 'f';
		} else if (*text != ' ') {
			*out++ = color;
			*out++ = is_source && *text == '&' ? '%' : *text;
		}
	}
	*out = '\0';
}

static void check_line(const char *line, unsigned round)
{
	size_t n = strlen(line);

	ck_assert_msg(n <= TEXT_LINE, "round %u: %zu characters", round, n);
	ck_assert_msg(n == 0 || line[n - 1] != ' ', "round %u: a space at the end of '%s'",
		      round, line);
	ck_assert_msg(n < 2 || line[n - 2] != '&', "round %u: a code at the end of '%s'", round,
		      line);
	for (const char *p = strchr(line, '&'); p != NULL; p = strchr(p + 1, '&'))
		ck_assert_msg(text_is_color(p[1]), "round %u: a lone & in '%s'", round, line);
}

START_TEST(wraps_anything)
{
	static char text[2600], joined[2600 * 2], want[2600 * 4], got[2600 * 4];

	for (unsigned round = 0; round < ROUNDS; round++) {
		char line[TEXT_LINE + 1], color = '\0';

		random_text(text, sizeof(text), round, round % 2 == 0);
		joined[0] = '\0';
		for (const char *rest = text, *before = NULL; text_wrap(line, &rest, &color);) {
			ck_assert_msg(rest != before, "round %u: no progress", round);
			before = rest;
			check_line(line, round);
			strlcat(joined, line, sizeof(joined));
			strlcat(joined, "\n",
				sizeof(joined)); /* each line starts white, as a packet does */
		}
		seen(want, text, true);
		seen(got, joined, false);
		ck_assert_msg(strcmp(want, got) == 0, "round %u: '%s' became '%s'", round, text,
			      joined);
	}
}
END_TEST

/* Words that fit into a line are never torn apart. */
START_TEST(keeps_words_whole)
{
	static const char *const words[] = {"a", "bee",  "&ccolour", "sea&adee",
					    X10, "it's", X60};

	for (unsigned round = 0; round < ROUNDS; round++) {
		char text[1400] = "", line[TEXT_LINE + 1], color = '\0', want[1400],
		     got[1400] = "";
		uint32_t state = round * 40503u + 7;

		for (unsigned n = 1 + draw(&state, 16); n > 0; n--) {
			strlcat(text, words[draw(&state, COUNT(words))], sizeof(text));
			strlcat(text, n > 1 ? " " : "", sizeof(text));
		}
		for (const char *rest = text; text_wrap(line, &rest, &color);) {
			size_t n = strlen(got);

			if (n > 0)
				got[n++] = ' ';
			text_strip_colors(got + n, sizeof(got) - n, line);
		}
		text_strip_colors(want, sizeof(want), text);
		ck_assert_str_eq(got, want);
	}
}
END_TEST

/* ---- the nearest word ---- */

static const char *const candidates[] = {"port",         "name",  "address",
					 "verify-names", "lobby", "log"};

static const struct {
	const char *word, *nearest;
} words[] = {
	{"port", "port"},
	{"Port", "port"},
	{"prot", "port"}, /* two swapped letters are one edit */
	{"prt", "port"},
	{"ports", "port"},
	{"pp", NULL},
	{"adress", "address"},
	{"adres", NULL}, /* two edits are too many for five letters */
	{"verify_name", "verify-names"},
	{"verifynames", "verify-names"},
	{"Lob", "log"},
	{"", NULL},
	{"something", NULL},
	{"xlog", "log"},
	{X60 X10, NULL},
};

START_TEST(finds_the_nearest)
{
	const char *found = text_nearest(words[_i].word, candidates, COUNT(candidates));

	if (words[_i].nearest == NULL)
		ck_assert_ptr_null(found);
	else
		ck_assert_pstr_eq(found, words[_i].nearest);
	ck_assert_ptr_null(text_nearest(words[_i].word, candidates, 0));
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("text");
	TCase *t = tcase_create("text");

	suite_add_tcase(s, t);
	tcase_add_loop_test(t, converts_both_ways, 0, COUNT(pairs));
	tcase_add_test(t, every_byte_comes_back);
	tcase_add_loop_test(t, foreign_characters_become_question_marks, 0, COUNT(foreign));
	tcase_add_test(t, conversions_respect_the_room);
	tcase_add_loop_test(t, spells_in_ascii, 0, COUNT(spelled));
	tcase_add_test(t, every_byte_has_printable_ascii);
	tcase_add_test(t, knows_the_color_digits);
	tcase_add_loop_test(t, strips_colors, 0, COUNT(colored));
	tcase_add_loop_test(t, makes_texts_safe, 0, COUNT(unsafe));
	tcase_add_loop_test(t, lists_names, 0, COUNT(lists));
	tcase_add_loop_test(t, lists_in_any_size, 0, 60);
	tcase_add_loop_test(t, wraps_examples, 0, COUNT(wraps));
	tcase_add_test(t, wraps_anything);
	tcase_add_test(t, keeps_words_whole);
	tcase_add_loop_test(t, finds_the_nearest, 0, COUNT(words));
	return s;
}

int main(void)
{
	return suite_main(suite());
}
