/* SPDX-License-Identifier: MIT */
/*
 * The table of messages (every row is good, and all there is to know of it), what texts a
 * configuration may put in their place, and filling in names: braces, missing and surplus
 * names, texts that are cut.
 */
#include <bsd/string.h>
#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "messages.h"
#include "suite.h"
#include "text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define X10          "xxxxxxxxxx"
#define X100         X10 X10 X10 X10 X10 X10 X10 X10 X10 X10
#define X512         X100 X100 X100 X100 X100 "xxxxxxxxxxxx"

enum { WHY = 256 };

/* ---- the table ---- */

static bool is_word(const char *text, size_t n)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz";

	return n > 0 && strspn(text, letters) >= n;
}

/* Also: nothing of the braces is left, even if nobody gives any value. */
START_TEST(every_default_is_good)
{
	for (unsigned i = 0; i < MESSAGE_COUNT; i++) {
		enum message message = (enum message)i;
		char why[WHY] = "", out[2 * MESSAGES_TEXT_MAX];

		ck_assert_msg(
			message_check(message, message_default(message), why, sizeof(why)),
			"%s: %s", message_key(message), why);
		ck_assert_str_ne(message_default(message), "");
		message_format(out, sizeof(out), NULL, message, NULL);
		ck_assert_msg(strpbrk(out, "{}") == NULL, "%s", out);
	}
}
END_TEST

/* Words with a - between two. */
static bool is_key(const char *key)
{
	for (;;) {
		size_t n = strcspn(key, "-");

		if (!is_word(key, n))
			return false;
		if (key[n] == '\0')
			return true;
		key += n + 1;
	}
}

START_TEST(every_key_is_one_of_a_kind)
{
	for (unsigned i = 0; i < MESSAGE_COUNT; i++) {
		const char *key = message_key((enum message)i);

		ck_assert_msg(is_key(key), "\"%s\"", key);
		ck_assert_msg(message_find(key) == (enum message)i, "%s is there twice", key);
	}
}
END_TEST

/* Names are words, none of them twice, and each is good in a text. */
static void check_names(enum message message)
{
	char names[128], seen[256] = " ", text[160], why[WHY], *rest = names, *name;

	ck_assert_uint_lt(strlcpy(names, message_names(message), sizeof(names)), sizeof(names));
	while (names[0] != '\0' && (name = strsep(&rest, " ")) != NULL) {
		ck_assert_msg(is_word(name, strlen(name)), "%s: \"%s\"", message_key(message),
			      message_names(message));
		snprintf(text, sizeof(text), " %s ", name);
		ck_assert_msg(strstr(seen, text) == NULL, "%s: %s twice", message_key(message),
			      name);
		strlcat(seen, text + 1, sizeof(seen));
		snprintf(text, sizeof(text), "{%s}", name);
		ck_assert(message_check(message, text, why, sizeof(why)));
	}
}

START_TEST(every_name_is_a_word)
{
	for (unsigned i = 0; i < MESSAGE_COUNT; i++)
		check_names((enum message)i);
}
END_TEST

START_TEST(finds_keys)
{
	ck_assert_int_eq(message_find("jumping"), MESSAGE_JUMPING);
	ck_assert_int_eq(message_find("Jumping"), MESSAGE_COUNT);
	ck_assert_int_eq(message_find("jump"), MESSAGE_COUNT);
	ck_assert_int_eq(message_find(""), MESSAGE_COUNT);
}
END_TEST

/* Those that end a session, or stand in a place on the screen, with values of a usual length:
 * what is behind 64 characters nobody sees. */
static const enum message short_ones[] = {
	MESSAGE_FULL,
	MESSAGE_NO_SERVERS,
	MESSAGE_LOGIN_TIMEOUT,
	MESSAGE_LOGIN_NOT_READING,
	MESSAGE_LOGIN_WEB,
	MESSAGE_LOGIN_FIRST_PACKET,
	MESSAGE_LOGIN_TOO_OLD,
	MESSAGE_LOGIN_VERSION,
	MESSAGE_LOGIN_PACKET,
	MESSAGE_LOGIN_NAME,
	MESSAGE_LOGIN_UNVERIFIED,
	MESSAGE_LOGIN_CUSTOM_BLOCKS,
	MESSAGE_LOGIN_NAME_TAKEN,
	MESSAGE_LOGIN_MAINTENANCE,
	MESSAGE_LOGIN_NOT_ALLOWED,
	MESSAGE_BANNED,
	MESSAGE_BANNED_REASON,
	MESSAGE_BANNED_FOR,
	MESSAGE_BANNED_FOR_REASON,
	MESSAGE_REPLACED,
	MESSAGE_KICKED,
	MESSAGE_KICKED_REASON,
	MESSAGE_SHUTDOWN,
	MESSAGE_SHUTDOWN_REASON,
	MESSAGE_CLIENT_SILENT,
	MESSAGE_CLIENT_TWICE,
	MESSAGE_WAITING,
	MESSAGE_WAITING_SCREEN,
	MESSAGE_RETURN_STATUS,
	MESSAGE_RETURN_STATUS_HUB,
	MESSAGE_QUEUE_STATUS,
	MESSAGE_LOBBY_TWICE,
	MESSAGE_LOBBY_TIMEOUT,
	MESSAGE_LOBBY_PACKET,
	MESSAGE_LOBBY_MEMORY,
};

START_TEST(fits_a_packet)
{
	char out[MESSAGES_TEXT_MAX];

	message_format(out, sizeof(out), NULL, short_ones[_i], "ms", "15000", "packet", "0x47",
		       "min", "3", "max", "7", "version", "255", "time", "2 d 3 h", "reason",
		       "griefing", "server", "survival", "position", "12", NULL);
	ck_assert_msg(strlen(out) <= TEXT_LINE, "%s", out);
}
END_TEST

/* ---- checking ---- */

/* clang-format off */
static const struct {
	enum message message;
	const char *text, *why; /* no reason: it is good */
} checks[] = {
	{MESSAGE_JUMPING, "", NULL},
	{MESSAGE_JUMPING, "Off you go!", NULL},
	{MESSAGE_JUMPING, "{server}", NULL},
	{MESSAGE_JUMPING, "{server}{server} and {server}.", NULL},
	{MESSAGE_JUMPING, "{{server}", NULL},
	{MESSAGE_JUMPING, "{{{server}}}", NULL},
	{MESSAGE_JUMPING, "a } alone", NULL},
	{MESSAGE_JUMPING, "&eÄ über ß ☺ 😀", NULL},
	{MESSAGE_JUMPING, X512, NULL},
	{MESSAGE_JUMPING, X512 "y", "it has 513 bytes, 512 are allowed"},
	{MESSAGE_JUMPING, "to {Server}", "{Server} means nothing here: it may be {server}"},
	{MESSAGE_JUMPING, "to {serve}", "{serve} means nothing here: it may be {server}"},
	{MESSAGE_JUMPING, "to {servers}", "{servers} means nothing here: it may be {server}"},
	{MESSAGE_JUMPING, "to { server }", "{ server } means nothing here: it may be {server}"},
	{MESSAGE_JUMPING, "to {}", "{} means nothing here: it may be {server}"},
	{MESSAGE_JUMPING, "{server} {x}", "{x} means nothing here: it may be {server}"},
	{MESSAGE_QUEUE_STATUS, "{position}/{server}", NULL},
	{MESSAGE_QUEUE_STATUS, "{server position}", "{server position} means nothing here: it may be {server} or {position}"},
	{MESSAGE_JUMP_NO_ROOM, "{server}", "{server} means nothing here: this message has no names, and {{ is a brace"},
	{MESSAGE_JUMP_NO_ROOM, "{}", "{} means nothing here: this message has no names, and {{ is a brace"},
	{MESSAGE_JUMP_NO_ROOM, "{{}", NULL},
	{MESSAGE_JUMPING, "{", "a { has no } behind it: write {{ if it is to be a brace"},
	{MESSAGE_JUMPING, "{server", "a { has no } behind it: write {{ if it is to be a brace"},
	{MESSAGE_JUMPING, "{ser{server}", "a { has no } behind it: write {{ if it is to be a brace"},
	{MESSAGE_JUMPING, "{{{", "a { has no } behind it: write {{ if it is to be a brace"},
	{MESSAGE_JUMPING, "{{{server}", NULL},
	{MESSAGE_JUMPING, "two\nlines", "byte 4 is a control character (0x0a)"},
	{MESSAGE_JUMPING, "\t", "byte 1 is a control character (0x09)"},
	{MESSAGE_JUMPING, "\x7f", "byte 1 is a control character (0x7f)"},
	{MESSAGE_JUMPING, "a\xc2\x9b", "byte 2 is a control character (0x9b)"},
	{MESSAGE_JUMPING, "ab\xff", "byte 3 is not UTF-8"},
	{MESSAGE_JUMPING, "\xc3", "byte 1 is not UTF-8"},
	{MESSAGE_JUMPING, "\xed\xa0\x80", "byte 1 is not UTF-8"},
};
/* clang-format on */

START_TEST(checks_texts)
{
	char why[WHY] = "";
	bool is_good = message_check(checks[_i].message, checks[_i].text, why, sizeof(why));

	ck_assert_int_eq(is_good, checks[_i].why == NULL);
	ck_assert_str_eq(why, is_good ? "" : checks[_i].why);
}
END_TEST

/* A reason is cut to its room like any text. */
START_TEST(reasons_fit)
{
	char why[16] = "", one[1] = "";

	ck_assert(!message_check(MESSAGE_JUMPING,
				 "{where\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4}", why,
				 sizeof(why)));
	ck_assert_str_eq(why, "{where\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4");
	ck_assert(!message_check(MESSAGE_JUMPING, "{where}", one, sizeof(one)));
	ck_assert_str_eq(one, "");
}
END_TEST

/* ---- writing ---- */

/* The texts of a configuration with one of its own. */
static char *texts[MESSAGE_COUNT];

static void set_text(enum message message, const char *text)
{
	static char own[2 * MESSAGES_TEXT_MAX];

	strlcpy(own, text, sizeof(own));
	memset(texts, 0, sizeof(texts));
	texts[message] = own;
}

static const struct {
	const char *text, *out;
} formats[] = {
	{"", ""},
	{"no names", "no names"},
	{"{server}", "alpha"},
	{"{server}{server}", "alphaalpha"},
	{"[{position}] {server}!", "[3] alpha!"},
	{"{{server}", "{server}"},
	{"{{{server}}}", "{alpha}}"},
	{"{{{{", "{{"},
	{"} {{}", "} {}"},
	{"{nobody}", ""},
	{"a{nothing}b", "ab"},
	{"{serve}{servers}{Server}", ""},
	{"{braces}", "{server} {{"}, /* values are not texts */
	{"{raw}", "&e\xe1%"},
	/* never past message_check(), but harmless */
	{"{", "{"},
	{"a {server", "a {server"},
	{"{ser{server}", "{seralpha"},
	{"{}", ""},
};

START_TEST(fills_in_names)
{
	char out[64];

	set_text(MESSAGE_QUEUE_STATUS, formats[_i].text);
	ck_assert_ptr_eq(message_format(out, sizeof(out), texts, MESSAGE_QUEUE_STATUS, "unused",
					"never", "server", "alpha", "nothing", NULL, "position",
					"3", "braces", "{server} {{", "raw", "&e\xe1%", NULL),
			 out);
	ck_assert_str_eq(out, formats[_i].out);
}
END_TEST

START_TEST(the_default_counts_where_there_is_no_other)
{
	char out[64];

	ck_assert_str_eq(
		message_format(out, sizeof(out), NULL, MESSAGE_JUMPING, "server", "beta", NULL),
		"&eJumping to &fbeta&e...");
	set_text(MESSAGE_JUMP_NO_ROOM, "Voll.");
	ck_assert_str_eq(message_format(out, sizeof(out), texts, MESSAGE_JUMPING, "server",
					"beta", NULL),
			 "&eJumping to &fbeta&e...");
	ck_assert_str_eq(message_format(out, sizeof(out), texts, MESSAGE_JUMP_NO_ROOM, NULL),
			 "Voll.");
}
END_TEST

/* Every size, with characters of one to four bytes in text and value: valid UTF-8, a beginning
 * of the whole, as much as fits, and not a byte behind its room. */
START_TEST(cuts_between_characters)
{
	static const char whole[] = "aä☺😀-aß€😀-😀☺äa";
	size_t size = (size_t)_i;
	char out[sizeof(whole) + 8];

	memset(out, 'z', sizeof(out));
	set_text(MESSAGE_JUMPING, "aä☺😀-{server}-😀☺äa");
	message_format(out, size, texts, MESSAGE_JUMPING, "server", "aß€😀", NULL);
	ck_assert_int_eq(out[size], 'z');
	size_t n = strnlen(out, size), at = 0;
	uint32_t code;

	ck_assert_uint_lt(n, size);
	ck_assert_mem_eq(out, whole, n);
	ck_assert(n == sizeof(whole) - 1 || n + text_utf8_next(whole + n, &code) >= size);
	while (at < n) {
		size_t length = text_utf8_next(out + at, &code);

		ck_assert_uint_gt(length, 0);
		at += length;
	}
}
END_TEST

/* What is behind a piece that did not fit is not put in its place. */
START_TEST(nothing_follows_a_cut)
{
	char out[8];

	set_text(MESSAGE_QUEUE_STATUS, "abc{server}{position}");
	message_format(out, sizeof(out), texts, MESSAGE_QUEUE_STATUS, "server", "de😀",
		       "position", "3", NULL);
	ck_assert_str_eq(out, "abcde");
}
END_TEST

/* clang-format off */
static const struct {
	const char *more;
	size_t size;
	const char *list;
} ends[] = {
	{NULL,             64, "Alice, Bob, Carol and 9 more"},
	{"+{count}",       64, "Alice, Bob, Carol +9"},
	{"",               64, "Alice, Bob, Carol"},
	{"und noch {count} andere, die hier fehlen", 64, "Alice, Bob, Carol und noch 9 andere, die hier fehlen"},
	{"und noch {count} andere, die hier fehlen", 54, "Alice, Bob, Carol und noch 9 andere, die hier fehlen"},
	{"und noch {count} andere, die hier fehlen", 50, "Alice, Bob und noch 10 andere, die hier fehlen"},
	{"und noch {count} andere, die hier fehlen", 45, "Alice und noch 11 andere, die hier fehlen"},
	{"und noch {count} andere, die hier fehlen", 40, "und noch 12 andere, die hier fehlen"},
	{"und noch {count} andere, die hier fehlen", 32, "und noch 12 andere, die hier fe"},
};
/* clang-format on */

START_TEST(lists_end_in_the_words_of_a_message)
{
	char *own_texts[MESSAGE_COUNT] = {0};
	char out[64 + 1] = "", own[64];
	struct text_list list;

	strlcpy(own, ends[_i].more != NULL ? ends[_i].more : "", sizeof(own));
	own_texts[MESSAGE_MORE_NAMES] = ends[_i].more != NULL ? own : NULL;
	text_list_begin(&list, out, sizeof(out));
	text_list_add(&list, "Alice");
	text_list_add(&list, "Bob");
	text_list_add(&list, "Carol");
	message_list_end(&list, own_texts);
	ck_assert_str_eq(out, "Alice, Bob, Carol");
	list.size = ends[_i].size;
	list.left_out = 9;
	message_list_end(&list, own_texts);
	ck_assert_str_eq(out, ends[_i].list);
}
END_TEST

static TCase *table_case(void)
{
	TCase *tcase = tcase_create("table");

	tcase_add_test(tcase, every_default_is_good);
	tcase_add_test(tcase, every_key_is_one_of_a_kind);
	tcase_add_test(tcase, every_name_is_a_word);
	tcase_add_test(tcase, finds_keys);
	tcase_add_loop_test(tcase, fits_a_packet, 0, COUNT(short_ones));
	return tcase;
}

static TCase *texts_case(void)
{
	TCase *tcase = tcase_create("texts");

	tcase_add_loop_test(tcase, checks_texts, 0, COUNT(checks));
	tcase_add_test(tcase, reasons_fit);
	tcase_add_loop_test(tcase, fills_in_names, 0, COUNT(formats));
	tcase_add_test(tcase, the_default_counts_where_there_is_no_other);
	tcase_add_loop_test(tcase, cuts_between_characters, 1, 40);
	tcase_add_test(tcase, nothing_follows_a_cut);
	tcase_add_loop_test(tcase, lists_end_in_the_words_of_a_message, 0, COUNT(ends));
	return tcase;
}

int main(void)
{
	Suite *suite = suite_create("messages");

	suite_add_tcase(suite, table_case());
	suite_add_tcase(suite, texts_case());
	return suite_main(suite);
}
