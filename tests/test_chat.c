/* SPDX-License-Identifier: MIT */
/*
 * Long chat lines: tables of examples for each style of server, what becomes of commands, and
 * the properties that must hold for any text, tried on random ones. The random texts follow
 * from the number of the round alone, so a failure can be repeated. What MCGalaxy makes of the
 * packets is written down here a second time, from its side.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chat.h"
#include "suite.h"
#include "text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PACKET       (2 + PACKET_STRING_LEN)
#define ROUNDS       4000
#define X10          "xxxxxxxxxx"
#define X60          X10 X10 X10 X10 X10 X10
#define SPACES10     "          "
#define SPACES60     SPACES10 SPACES10 SPACES10 SPACES10 SPACES10 SPACES10

/* What a line became: the texts without their padding. */
struct sent {
	enum chat_verdict verdict;
	size_t n;
	char lines[CHAT_PACKETS_MAX][PACKET_STRING_LEN + 1];
};

static enum chat_verdict put(struct chat *chat, enum chat_style style, uint8_t type,
			     const char *piece, uint8_t *out, size_t *size)
{
	uint8_t packet[PACKET];

	packet_write_message(packet, type, piece);
	return chat_take(chat, style, packet, out, size);
}

/* Sends a text as ClassiCube does: in pieces of 64 characters. */
static struct sent say(enum chat_style style, const char *text)
{
	struct chat chat = {.length = 0};
	struct sent sent = {.n = 0};
	uint8_t out[CHAT_OUT_MAX];
	size_t size = 99;

	for (; strlen(text) > PACKET_STRING_LEN; text += PACKET_STRING_LEN) {
		ck_assert_int_eq(put(&chat, style, 1, text, out, &size), CHAT_MORE);
		ck_assert_uint_eq(size, 0);
	}
	sent.verdict = put(&chat, style, 0, text, out, &size);
	ck_assert_uint_eq(chat.length, 0);
	ck_assert_uint_eq(chat.pieces, 0);
	ck_assert_uint_le(size, sizeof(out));
	ck_assert_uint_eq(size % PACKET, 0);
	for (; sent.n < size / PACKET; sent.n++) {
		ck_assert_uint_eq(out[sent.n * PACKET], OP_MESSAGE);
		ck_assert_uint_eq(out[sent.n * PACKET + 1], 255);
		packet_get_string(sent.lines[sent.n], out + sent.n * PACKET + 2);
	}
	ck_assert_int_eq(sent.n > 0, sent.verdict == CHAT_DONE);
	return sent;
}

/* ---- examples ---- */

struct example {
	enum chat_style style;
	const char *text, *lines[4];
};

/* clang-format off */
static const struct example examples[] = {
	/* what fits stays as it is */
	{CHAT_PLAIN,    "hello", {"hello"}},
	{CHAT_MCGALAXY, X60 "xx >", {X60 "xx >"}},
	{CHAT_COLORED,  "%a  two  spaces " X10 X10 X10 X10 "%b", {"%a  two  spaces " X10 X10 X10 X10 "%b"}},
	{CHAT_PLAIN,    SPACES60 SPACES60 SPACES10, {""}},
	{CHAT_PLAIN,    "hello" SPACES60 SPACES60, {"hello"}},
	/* word ends */
	{CHAT_PLAIN,    X60 "abcd efg", {X60 "abcd", "efg"}},
	{CHAT_PLAIN,    X60 "abc defg", {X60 "abc", "defg"}},
	{CHAT_PLAIN,    X60 " abcde f", {X60, "abcde f"}},
	{CHAT_PLAIN,    X60 "ab    cd  ef", {X60 "ab", "cd  ef"}},
	{CHAT_PLAIN,    "a  " X60 " b", {"a  " X60, "b"}},
	{CHAT_PLAIN,    "a " X60 "xxx b", {"a", X60 "xxx", "b"}},
	{CHAT_COLORED,  X60 " abcde f", {X60, "abcde f"}},
	{CHAT_MCGALAXY, X60 " abcde f", {X60 " >", "abcde f"}},
	{CHAT_MCGALAXY, X60 "ab cdef g", {X60 "ab >", "cdef g"}},
	{CHAT_MCGALAXY, X60 "abc def g", {X60 "ab <", "c def g"}},
	/* long words */
	{CHAT_PLAIN,    X60 X10, {X60 "xxxx", "xxxxxx"}},
	{CHAT_PLAIN,    "a " X60 X10, {"a", X60 "xxxx", "xxxxxx"}},
	{CHAT_MCGALAXY, X60 X10, {X60 "xx <", "xxxxxxxx"}},
	/* no colour is torn */
	{CHAT_PLAIN,    X60 "abc%def", {X60 "abc", "%def"}},
	{CHAT_PLAIN,    X60 "ab%cdef", {X60 "ab%c", "def"}},
	{CHAT_PLAIN,    X60 "abc&def", {X60 "abc", "&def"}},
	{CHAT_PLAIN,    X60 "abc%xyz", {X60 "abc%", "xyz"}},
	{CHAT_PLAIN,    X60 "%a%b%c", {X60 "%a%b", "%c"}},
	{CHAT_MCGALAXY, X60 "a%bcdef", {X60 "a <", "%bcdef"}},
	/* colours are repeated */
	{CHAT_COLORED,  "&a" X60 " hello", {"&a" X60, "%ahello"}},
	{CHAT_COLORED,  "%C" X60 " hello", {"%C" X60, "%Chello"}},
	{CHAT_COLORED,  "%a" X60 " %bhello", {"%a" X60, "%bhello"}},
	{CHAT_COLORED,  "%a" X60 " &bhello", {"%a" X60, "&bhello"}},
	{CHAT_COLORED,  "%a%" X60 " %ghello", {"%a%" X60, "%a%ghello"}},
	{CHAT_COLORED,  "%a" X10 X10 X10 "%b" X10 X10 X10 " hello", {"%a" X10 X10 X10 "%b" X10 X10 X10, "%bhello"}},
	{CHAT_COLORED,  "%a" X60 "%b hello", {"%a" X60 "%b", "%bhello"}},
	{CHAT_COLORED,  "%a" X60 X60 "xxxx%b y", {"%a" X60 "xx", "%a" X60 "xx", "%b y"}},
	{CHAT_COLORED,  "%a" X60 " " X60 "yy z", {"%a" X60, "%a" X60 "yy", "%az"}},
	{CHAT_PLAIN,    "%a" X60 " hello", {"%a" X60, "hello"}},
	{CHAT_MCGALAXY, "%a" X60 " hello", {"%a" X60 " >", "hello"}},
	/* spaces in front */
	{CHAT_PLAIN,    "   " X60 " hello", {"   " X60, "hello"}},
	{CHAT_PLAIN,    "   " X60 X10, {"   " X60 "x", "xxxxxxxxx"}},
	{CHAT_PLAIN,    SPACES10 X60 " hello", {X60, "hello"}},
	{CHAT_PLAIN,    SPACES60 SPACES60 "hello", {"hello"}},
	{CHAT_PLAIN,    SPACES60 X60 X10, {X60 "xxxx", "xxxxxx"}},
	{CHAT_MCGALAXY, "  " X60 " hello", {"  " X60 " >", "hello"}},
	/* a new line is no command and no whisper, unless the server joins it first */
	{CHAT_PLAIN,    X10 X10 X10 X10 X10 " abcdefgh /kick Bob", {X10 X10 X10 X10 X10, "abcdefgh /kick Bob"}},
	{CHAT_COLORED,  X10 X10 X10 X10 X10 " abcdefghi   @Bob  hi", {X10 X10 X10 X10 X10, "abcdefghi   @Bob  hi"}},
	{CHAT_PLAIN,    X60 "   /kick Bob", {X60 "   /", "kick Bob"}},
	{CHAT_PLAIN,    X60 "xxxx /kick Bob", {X60 "xxx", "x /kick Bob"}},
	{CHAT_PLAIN,    X60 "xxxx/kick Bob", {X60 "xxx", "x/kick Bob"}},
	{CHAT_MCGALAXY, X60 " /kick Bob", {X60 " >", "/kick Bob"}},
	/* signs without end */
	{CHAT_PLAIN,    "a//////////////////////////////////////////////////////////////////////",
	 {"a///////////////////////////////////////////////////////////////", "///////"}},
};
/* clang-format on */

START_TEST(splits)
{
	const struct example *example = &examples[_i];
	struct sent sent = say(example->style, example->text);

	ck_assert_int_eq(sent.verdict, CHAT_DONE);
	for (size_t i = 0; i < sent.n; i++) {
		ck_assert_ptr_nonnull(example->lines[i]);
		ck_assert_str_eq(sent.lines[i], example->lines[i]);
	}
	ck_assert_ptr_null(example->lines[sent.n]);
}
END_TEST

/* ---- pieces ---- */

START_TEST(a_single_piece_keeps_its_bytes)
{
	struct chat chat = {.length = 0};
	uint8_t packet[PACKET], out[CHAT_OUT_MAX];
	size_t size;

	packet_write_message(packet, 255, " /say a");
	memcpy(packet + 2 + 10, "\0b\0\0", 4);
	ck_assert_int_eq(chat_take(&chat, CHAT_MCGALAXY, packet, out, &size), CHAT_DONE);
	ck_assert_uint_eq(size, PACKET);
	ck_assert_mem_eq(out, packet, PACKET);
}
END_TEST

START_TEST(inner_pieces_count_whole)
{
	struct chat chat = {.length = 0};
	uint8_t out[CHAT_OUT_MAX];
	char text[PACKET_STRING_LEN + 1];
	size_t size;

	put(&chat, CHAT_PLAIN, 1, X60, out, &size);
	ck_assert_int_eq(put(&chat, CHAT_PLAIN, 0, "b", out, &size), CHAT_DONE);
	ck_assert_uint_eq(size, 2 * PACKET);
	packet_get_string(text, out + 2);
	ck_assert_str_eq(text, X60);
	packet_get_string(text, out + PACKET + 2);
	ck_assert_str_eq(text, "b");
	/* the next line starts from nothing */
	ck_assert_int_eq(put(&chat, CHAT_PLAIN, 0, "c", out, &size), CHAT_DONE);
	ck_assert_uint_eq(size, PACKET);
	packet_get_string(text, out + 2);
	ck_assert_str_eq(text, "c");
}
END_TEST

START_TEST(a_nul_hides_nothing)
{
	struct chat chat = {.length = 0};
	uint8_t packet[PACKET], out[CHAT_OUT_MAX];
	char text[PACKET_STRING_LEN + 1];
	size_t size;

	packet_write_message(packet, 1, "hello");
	packet[2 + 5] = '\0';
	packet[2 + 6] = 'y';
	chat_take(&chat, CHAT_PLAIN, packet, out, &size);
	ck_assert_int_eq(put(&chat, CHAT_PLAIN, 0, "", out, &size), CHAT_DONE);
	ck_assert_uint_eq(size, PACKET);
	packet_get_string(text, out + 2);
	ck_assert_str_eq(text, "hello y");
}
END_TEST

static void say_pieces(struct chat *chat, unsigned n, const char *piece, uint8_t *out,
		       size_t *size)
{
	for (unsigned i = 0; i < n; i++) {
		*size = 99;
		ck_assert_int_eq(put(chat, CHAT_MCGALAXY, 1, piece, out, size), CHAT_MORE);
		ck_assert_uint_eq(*size, 0);
	}
}

START_TEST(a_line_without_end_is_given_up)
{
	struct chat chat = {.length = 0};
	uint8_t out[CHAT_OUT_MAX];
	size_t size = 99;

	say_pieces(&chat, CHAT_PIECES_MAX - 1, X60 "xxxx", out, &size);
	ck_assert_int_eq(put(&chat, CHAT_MCGALAXY, 0, X60 "xxxx", out, &size), CHAT_DONE);
	say_pieces(&chat, CHAT_PIECES_MAX, X60 "xxxx", out, &size);
	ck_assert_int_eq(put(&chat, CHAT_MCGALAXY, 0, "y", out, &size), CHAT_TOO_LONG);
	ck_assert_uint_eq(size, 0);
	/* not even its end becomes a line */
	say_pieces(&chat, 5 * CHAT_PIECES_MAX, "/msg Bob secret", out, &size);
	ck_assert_int_eq(put(&chat, CHAT_MCGALAXY, 0, "y", out, &size), CHAT_TOO_LONG);
	ck_assert_uint_eq(size, 0);
	ck_assert_int_eq(put(&chat, CHAT_MCGALAXY, 0, "y", out, &size), CHAT_DONE);
	ck_assert_uint_eq(size, PACKET);
}
END_TEST

/* ---- commands ---- */

static const struct {
	const char *text;
	bool is_command;
} commands[] = {
	{"/msg Bob " X60, true},       {"/" X60 X60, true},
	{"@Bob " X60, true},           {"  /msg Bob " X60, true}, /* vanilla servers trim */
	{"/msg Bob" SPACES60, false},  {"/" X60 "xxx", false},
	{X10 " /msg Bob " X60, false}, {"!" X60 X60, false},
};

START_TEST(no_command_is_torn)
{
	static const enum chat_style styles[] = {CHAT_PLAIN, CHAT_COLORED};
	const char *text = commands[_i].text;

	for (size_t i = 0; i < COUNT(styles); i++)
		ck_assert_int_eq(say(styles[i], text).verdict,
				 commands[_i].is_command ? CHAT_TOO_LONG : CHAT_DONE);
	ck_assert_int_eq(say(CHAT_MCGALAXY, text).verdict, CHAT_DONE);
}
END_TEST

/* ---- any text ---- */

static bool ends_in(const char *text, const char *end)
{
	size_t n = strlen(text), k = strlen(end);

	return n >= k && strcmp(text + n - k, end) == 0;
}

/* Runs of spaces become one, and none is left at either end. */
static void squeeze(char *text)
{
	size_t n = 0;

	for (const char *p = text; *p != '\0'; p++)
		if (*p != ' ' || (n > 0 && text[n - 1] != ' '))
			text[n++] = *p;
	while (n > 0 && text[n - 1] == ' ')
		n--;
	text[n] = '\0';
}

/* As MCGalaxy's Player.FilterChat() reads lines; true if the last one ended the message. */
static bool mcgalaxy_reads(char *message, const struct sent *sent)
{
	static const struct {
		const char *end, *join;
	} marks[] = {{" >", " "}, {" /", " "}, {" <", ""}, {" \\", ""}};
	bool is_partial = true;

	message[0] = '\0';
	for (size_t i = 0; i < sent->n; i++) {
		ck_assert_msg(is_partial, "line %zu comes behind the end", i);
		is_partial = false;
		strcat(message, sent->lines[i]);
		for (size_t m = 0; m < COUNT(marks) && !is_partial; m++) {
			if (!ends_in(sent->lines[i], marks[m].end))
				continue;
			is_partial = true;
			strcpy(message + strlen(message) - 2, marks[m].join);
		}
	}
	squeeze(message);
	return !is_partial;
}

static size_t add_spaces(char *text, size_t n, size_t length, int spaces)
{
	for (; spaces > 0 && n < length; spaces--)
		text[n++] = ' ';
	return n;
}

static uint32_t seed = 1;

/* 0 to 2^15 - 1, the same in every run. */
static int draw(void)
{
	seed = seed * 1103515245 + 12345;
	return (int)(seed >> 16 & 0x7fff);
}

/* A text of words of up to `word_max` characters, with a space or more between them and now and
 * then some in front. `letters` has no space. */
static void invent(char *text, size_t size, const char *letters, unsigned word_max)
{
	size_t length = (size_t)draw() % size;
	size_t n = add_spaces(text, 0, length, draw() % 4 == 0 ? draw() % 70 : 0);

	while (n < length) {
		for (unsigned left = 1 + (unsigned)draw() % word_max; left > 0 && n < length;
		     left--)
			text[n++] = letters[(size_t)draw() % strlen(letters)];
		n = add_spaces(text, n, length, draw() % 8 == 0 ? 1 + draw() % 8 : 1);
	}
	while (n > 0 && text[n - 1] == ' ')
		n--;
	text[n] = '\0';
}

static const char *const alphabets[] = {
	"abcdefghijklmnopqrstuvwxyz", "aaaaaaaaaa%&", "ab%%%&1\xe1\x01", "az/@",
	"az/////////////////",        "<>/\\|z",
};

static void round_text(char *text, size_t size, int round)
{
	static const unsigned words[] = {3, 12, 40, 63, 64, 90, 1000};

	seed = (uint32_t)((unsigned)round);
	unsigned word_max = words[(size_t)draw() % COUNT(words)];
	invent(text, draw() % 4 == 0 ? size : 250, alphabets[(size_t)round % COUNT(alphabets)],
	       word_max);
}

START_TEST(mcgalaxy_gets_the_text_back)
{
	char text[CHAT_LINE_MAX + 1], message[2 * CHAT_LINE_MAX];

	for (int round = 0; round < ROUNDS; round++) {
		round_text(text, sizeof(text), round);
		/* such an end is the player's own mark */
		if (strlen(text) > 0 && strchr("<>/\\", text[strlen(text) - 1]) != NULL)
			text[strlen(text) - 1] = '.';
		struct sent sent = say(CHAT_MCGALAXY, text);
		ck_assert_msg(mcgalaxy_reads(message, &sent), "round %d", round);
		squeeze(text);
		ck_assert_msg(strcmp(message, text) == 0, "round %d: \"%s\" became \"%s\"",
			      round, text, message);
		ck_assert_msg(sent.n <= 20, "round %d: %zu lines", round, sent.n);
	}
}
END_TEST

static bool is_code(const char *p)
{
	return (p[0] == '&' || p[0] == '%') && text_is_color(p[1]);
}

/* The last colour in what lies before `end`; 0 if there is none. */
static char last_color(const char *text, const char *end)
{
	char color = '\0';

	for (; text < end; text++)
		if (is_code(text))
			color = text[1];
	return color;
}

/* Follows a line through its text, from `p` on: the end of what it holds. NULL if it holds
 * something else. */
static const char *follow(const char *p, const char *line, char color)
{
	if (color != '\0' && !is_code(p)) {
		if (line[0] != '%' || line[1] != color)
			return NULL;
		line += 2;
	}
	return strncmp(p, line, strlen(line)) == 0 ? p + strlen(line) : NULL;
}

/* May the text be split at p, with no space there? */
static bool may_split(const char *p)
{
	return !is_code(p - 1);
}

/* May a line start at p? Not with a sign, unless a run of them has left no choice. */
static bool may_start(const char *p)
{
	return strchr("/@", *p) == NULL || strspn(p - 7, "/@ ") >= 7;
}

/* A line's first character is no sign: such texts are commands. */
static void make_chat(char *text)
{
	char *first = text + strspn(text, " ");

	if (*first == '/' || *first == '@')
		*first = 'x';
}

START_TEST(nothing_is_lost_or_torn)
{
	enum chat_style style = (enum chat_style)_i;
	char text[CHAT_LINE_MAX + 1];

	for (int round = 0; round < ROUNDS; round++) {
		round_text(text, sizeof(text), round);
		make_chat(text);
		struct sent sent = say(style, text);
		const char *p = follow(text, sent.lines[0], '\0');

		if (p == NULL)
			p = follow(text + strspn(text, " "), sent.lines[0], '\0');
		ck_assert_msg(p != NULL, "round %d: \"%s\"", round, sent.lines[0]);
		for (size_t i = 1; i < sent.n; i++) {
			size_t spaces = strspn(p, " ");
			char color = style == CHAT_COLORED ? last_color(text, p) : '\0';

			ck_assert_msg(spaces > 0 || may_split(p), "round %d: %s", round, p);
			p += spaces;
			ck_assert_msg(may_start(p), "round %d: %s", round, p);
			p = follow(p, sent.lines[i], color);
			ck_assert_msg(p != NULL, "round %d: \"%s\"", round, sent.lines[i]);
		}
		ck_assert_msg(*p == '\0', "round %d lost \"%s\"", round, p);
	}
}
END_TEST

/* Words that fit into a line come out as they went in, one by one. */
START_TEST(short_words_stay_whole)
{
	char text[CHAT_LINE_MAX + 1], all[2 * CHAT_LINE_MAX];

	for (int round = 0; round < ROUNDS; round++) {
		seed = (uint32_t)((unsigned)round);
		invent(text, sizeof(text), alphabets[0], _i == CHAT_MCGALAXY ? 11 : 62);
		struct sent sent = say((enum chat_style)_i, text);

		all[0] = '\0';
		for (size_t i = 0; i < sent.n; i++) {
			size_t n = strlen(sent.lines[i]);

			if (_i == CHAT_MCGALAXY && i + 1 < sent.n) {
				ck_assert(ends_in(sent.lines[i], " >"));
				sent.lines[i][n - 2] = '\0';
			}
			strcat(all, sent.lines[i]);
			strcat(all, " ");
		}
		squeeze(all);
		squeeze(text);
		ck_assert_msg(strcmp(all, text) == 0, "round %d", round);
	}
}
END_TEST

/* As many lines as possible: a short one before each word that does not fit behind it. */
START_TEST(has_room_for_the_worst)
{
	static const char *const units[] = {
		"a " X60 "xx ",
		"a " X60 "xxx ",
		"a " X60 "x ",
		"%aa " X60 " ",
		"a b " X60 "x /",
		"bc////////////////////////////////////////////////////////////// ",
	};

	for (int style = CHAT_PLAIN; style <= CHAT_MCGALAXY; style++) {
		for (size_t i = 0; i < COUNT(units); i++) {
			char text[2 * CHAT_LINE_MAX] = "";

			while (strlen(text) < CHAT_LINE_MAX)
				strcat(text, units[i]);
			text[CHAT_LINE_MAX] = '\0';
			struct sent sent = say((enum chat_style)style, text);
			ck_assert_int_eq(sent.verdict, CHAT_DONE);
			ck_assert_uint_lt(sent.n, CHAT_PACKETS_MAX);
			if (style == CHAT_MCGALAXY)
				ck_assert_uint_le(sent.n, 20);
		}
	}
}
END_TEST

/* ---- styles ---- */

static const struct {
	bool cpe;
	const char *software;
	enum chat_style style;
} servers[] = {
	{true, "MCGalaxy 1.9.5.3", CHAT_MCGALAXY},
	{true, "mcgalaxy", CHAT_MCGALAXY},
	{false, "MCGALAXY X", CHAT_MCGALAXY},
	{true, "MCGalax", CHAT_COLORED},
	{true, "My MCGalaxy", CHAT_COLORED},
	{true, "ProCraft", CHAT_COLORED},
	{true, "", CHAT_PLAIN},
	{false, "ProCraft", CHAT_PLAIN},
	{false, "", CHAT_PLAIN},
};

START_TEST(knows_the_style_of_a_server)
{
	struct packet_catalog catalog;
	struct dialect dialect;

	packet_catalog_init(&catalog);
	dialect_init(&dialect, &catalog, PACKET_PROTOCOL, servers[_i].cpe);
	ck_assert_int_eq(chat_style(&dialect, servers[_i].software), servers[_i].style);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("chat");
	TCase *tcase = tcase_create("chat");

	tcase_add_loop_test(tcase, splits, 0, COUNT(examples));
	tcase_add_test(tcase, a_single_piece_keeps_its_bytes);
	tcase_add_test(tcase, inner_pieces_count_whole);
	tcase_add_test(tcase, a_nul_hides_nothing);
	tcase_add_test(tcase, a_line_without_end_is_given_up);
	tcase_add_loop_test(tcase, no_command_is_torn, 0, COUNT(commands));
	tcase_add_test(tcase, mcgalaxy_gets_the_text_back);
	tcase_add_loop_test(tcase, nothing_is_lost_or_torn, CHAT_PLAIN, CHAT_COLORED + 1);
	tcase_add_loop_test(tcase, short_words_stay_whole, CHAT_PLAIN, CHAT_MCGALAXY + 1);
	tcase_add_test(tcase, has_room_for_the_worst);
	tcase_add_loop_test(tcase, knows_the_style_of_a_server, 0, COUNT(servers));
	suite_add_tcase(suite, tcase);
	return suite_main(suite);
}
