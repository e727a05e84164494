/* SPDX-License-Identifier: MIT */
/*
 * What servers say about where a player should go: tables of what counts and what does not, for
 * kicks, PluginMessages and chat lines, and random texts that must neither count nor crash.
 */
#include <bsd/string.h>
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "redirect.h"
#include "suite.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ROUNDS       20000
#define OP16         "Operator_16_char" /* MCGalaxy's longest name */
#define X10          "xxxxxxxxxx"
#define X60          X10 X10 X10 X10 X10 X10
#define CHANNEL      75

/* The reason as it arrives: cut at 64 characters. */
static const char *cut(char out[PACKET_STRING_LEN + 1], const char *text)
{
	uint8_t field[PACKET_STRING_LEN];

	packet_put_string(field, text);
	packet_get_string(out, field);
	return out;
}

/* ---- kicks ---- */

/* clang-format off */
static const struct {
	const char *reason, *prefix, *name; /* no name: an ordinary kick */
} kicks[] = {
	{":kura jump beta", ":kura", "beta"},
	{"CCJOIN beta", ":kura", "beta"},
	{":KURA Jump Beta-2", ":kura", "Beta-2"},
	{"ccjoin beta", ":kura", "beta"},
	{"#go jump beta", "#GO", "beta"},
	{"  :kura   jump   beta  and more", ":kura", "beta"},
	/* MCGalaxy: /kick Bob :kura jump beta, with and without the code that it may drop */
	{"Kicked by Op&f: :kura jump beta", ":kura", "beta"},
	{"Kicked by Op: :kura jump beta", ":kura", "beta"},
	{"Kicked by (console)&f: CCJOIN beta", ":kura", "beta"},
	{"Kicked by " OP16 "&f: :kura jump abcdefghijklmnopqrstuvw", ":kura", "abcdefghijklmnopqrstuvw"},
	{"Kicked by " OP16 "&f: :kura jump abcdefghijklmnopqrstuvwxyz", ":kura", "abcdefghijklmnopqrstuvw"},
	{"Kicked by " OP16 "&f: CCJOIN abcdefghijklmnopqrstuvwxyz_", ":kura", "abcdefghijklmnopqrstuvwxyz_"},
	{"Kicked by " OP16 "&f: and all of his good friends: :kura jump beta", ":kura", NULL},
	/* colours */
	{"&c:kura&e jump &fbeta", ":kura", "beta"},
	{"%c:kura%e %fjump%0 %1beta%f", ":kura", "beta"},
	{":kura &e%a &b jump &c beta&f", ":kura", "beta"},
	{"&e&f%aCCJOIN&S&Tbeta", ":kura", NULL},
	{"&SCCJOIN &Tbeta", ":kura", "beta"}, /* custom colours */
	{"CCJOIN &e", ":kura", NULL},
	{"CCJOIN %z", ":kura", "%z"}, /* no colour is typed like this */
	/* the last one counts */
	{":kura jump a :kura jump b", ":kura", "b"},
	{":kura jump a CCJOIN b", ":kura", "b"},
	{"CCJOIN a :kura jump b", ":kura", "b"},
	{":kura jump a, see :kura jump", ":kura", "a,"},
	{":kura :kura jump a", ":kura", "a"},
	{":kura jump a CCJOIN", ":kura", "a"},
	{"CCJOIN jump beta", "CCJOIN", "beta"},
	/* nothing there */
	{"", ":kura", NULL},
	{"   ", ":kura", NULL},
	{"&e", ":kura", NULL},
	{"&", ":kura", NULL},
	{"%", ":kura", NULL},
	{X60 "xxxx", ":kura", NULL},
	{":kura", ":kura", NULL},
	{":kura jump", ":kura", NULL},
	{":kura jump   ", ":kura", NULL},
	{":kura jump &e ", ":kura", NULL},
	{"CCJOIN", ":kura", NULL},
	{"CCJOIN    ", ":kura", NULL},
	{":kura list", ":kura", NULL},
	{":kura now jump beta", ":kura", NULL},
	{"jump beta", ":kura", NULL},
	{"jump beta", "", NULL},
	{" jump beta", "", NULL},
	{"CCJOIN beta", "", "beta"},
	/* inside another word */
	{"x:kura jump beta", ":kura", NULL},
	{":kurafuto jump beta", ":kura", NULL},
	{":kura jumps beta", ":kura", NULL},
	{":kurajump beta", ":kura", NULL},
	{"CCJOINED beta", ":kura", NULL},
	{"ACCJOIN beta", ":kura", NULL},
	{"by Op:CCJOIN beta", ":kura", NULL},
};
/* clang-format on */

START_TEST(reads_kicks)
{
	char reason[PACKET_STRING_LEN + 1], name[REDIRECT_NAME_MAX + 1] = "old";
	bool found = redirect_from_kick(name, cut(reason, kicks[_i].reason), kicks[_i].prefix);

	ck_assert_int_eq(found, kicks[_i].name != NULL);
	ck_assert_str_eq(name, found ? kicks[_i].name : "");
}
END_TEST

START_TEST(a_name_of_any_length_is_safe)
{
	char name[REDIRECT_NAME_MAX + 1];

	ck_assert(redirect_from_kick(name, "CCJOIN " X60 "xxxx", ""));
	ck_assert_uint_eq(strlen(name), REDIRECT_NAME_MAX);
	ck_assert(!redirect_from_kick(name, "CCJOIN " X60 "xxxxx", ""));
	ck_assert_str_eq(name, "");
	ck_assert(redirect_from_kick(name, X60 X60 " CCJOIN beta", X60));
	ck_assert_str_eq(name, "beta");
}
END_TEST

/* ---- PluginMessages ---- */

static const struct {
	const char *data;
	enum redirect_word word;
	const char *name;
} messages[] = {
	{"jump beta", REDIRECT_JUMP, "beta"},
	{"jump   beta  ", REDIRECT_JUMP, "beta"},
	{"jump " X10 X10 X10 X10 X10 "xxxxxxxxx", REDIRECT_JUMP,
	 X10 X10 X10 X10 X10 "xxxxxxxxx"},
	{"info", REDIRECT_INFO, ""},
	{"info   ", REDIRECT_INFO, ""},
	{"", REDIRECT_NONE, ""},
	{"   ", REDIRECT_NONE, ""},
	{"jump", REDIRECT_NONE, ""},
	{"jump  ", REDIRECT_NONE, ""},
	{"Jump beta", REDIRECT_NONE, ""},
	{"INFO", REDIRECT_NONE, ""},
	{"jump beta now", REDIRECT_NONE, ""},
	{"info beta", REDIRECT_NONE, ""},
	{"information", REDIRECT_NONE, ""},
	{"jumps beta", REDIRECT_NONE, ""},
	{"jumpbeta", REDIRECT_NONE, ""},
	{X60 "xxxx", REDIRECT_NONE, ""},
};

START_TEST(reads_plugin_messages)
{
	static const uint8_t paddings[] = {0, ' '};
	const char *text = messages[_i].data;
	uint8_t data[PACKET_STRING_LEN];
	char name[REDIRECT_NAME_MAX + 1];

	for (size_t i = 0; i < COUNT(paddings); i++) {
		strlcpy(name, "old", sizeof(name));
		memset(data, paddings[i], sizeof(data));
		memcpy(data, text, strlen(text));
		ck_assert_int_eq(redirect_from_plugin(name, data), messages[_i].word);
		ck_assert_str_eq(name, messages[_i].name);
	}
}
END_TEST

START_TEST(a_plugin_message_ends_at_a_nul)
{
	uint8_t data[PACKET_STRING_LEN] = "jump beta\0 jump gamma";
	char name[REDIRECT_NAME_MAX + 1];

	ck_assert_int_eq(redirect_from_plugin(name, data), REDIRECT_JUMP);
	ck_assert_str_eq(name, "beta");
	memcpy(data, "info\0garbage", 12);
	ck_assert_int_eq(redirect_from_plugin(name, data), REDIRECT_INFO);
}
END_TEST

static const struct {
	const char *text;
	size_t length;
} answers[] = {
	{"", 0},          {"info end", 8},      {"info server \xe1 3 up", 18},
	{X60 "abcd", 64}, {X60 "abcdefgh", 64},
};

START_TEST(writes_plugin_messages)
{
	uint8_t out[PACKET_SIZE_MAX], expected[66] = {0x35, CHANNEL};

	memset(out, 'z', sizeof(out));
	memcpy(expected + 2, answers[_i].text, answers[_i].length);
	ck_assert_uint_eq(redirect_write(out, CHANNEL, answers[_i].text), sizeof(expected));
	ck_assert_mem_eq(out, expected, sizeof(expected));
	ck_assert_int_eq(out[sizeof(expected)], 'z');
}
END_TEST

/* ---- chat ---- */

static const struct {
	const char *text, *token, *name; /* no name: it goes nowhere */
	bool is_secret;
} lines[] = {
	{"s3cret jump beta", "s3cret", "beta", true},
	{"&e&fs3cret &ajump %bbeta&f ", "s3cret", "beta", true},
	{"  &Ss3cret&a   JUMP   Beta", "s3cret", "Beta", true},
	{"s3cret&ejump beta", "s3cret", "beta", true},
	{"\xe1-key jump beta", "ß-key", "beta", true},
	{"%akey jump beta", "%akey", "beta", true},
	{"&e%akey jump beta", "%akey", "beta", true},
	/* it is the server's secret all the same */
	{"s3cret", "s3cret", NULL, true},
	{"s3cret jump", "s3cret", NULL, true},
	{"s3cret jump  ", "s3cret", NULL, true},
	{"s3cret jump beta now", "s3cret", NULL, true},
	{"s3cret info", "s3cret", NULL, true},
	{"s3cretjump beta", "s3cret", NULL, true},
	{"s3cret! jump beta", "s3cret", NULL, true},
	/* anything else is chat */
	{"", "s3cret", NULL, false},
	{"   ", "s3cret", NULL, false},
	{"&e", "s3cret", NULL, false},
	{"s3cre jump beta", "s3cret", NULL, false},
	{"S3cret jump beta", "s3cret", NULL, false},
	{"xs3cret jump beta", "s3cret", NULL, false},
	{"Bob: s3cret jump beta", "s3cret", NULL, false},
	{"> s3cret jump beta", "s3cret", NULL, false},
	{X60 "xxxx", "s3cret", NULL, false},
	/* no token, no secret */
	{"jump beta", "", NULL, false},
	{" jump beta", "", NULL, false},
	{"", "", NULL, false},
};

START_TEST(reads_chat)
{
	char name[REDIRECT_NAME_MAX + 1] = "old";
	bool found = redirect_from_chat(name, lines[_i].text, lines[_i].token);

	ck_assert_int_eq(found, lines[_i].name != NULL);
	ck_assert_str_eq(name, found ? lines[_i].name : "");
	ck_assert_int_eq(redirect_is_secret(lines[_i].text, lines[_i].token),
			 lines[_i].is_secret);
}
END_TEST

START_TEST(a_token_longer_than_a_line_is_in_none)
{
	char token[400];

	memset(token, 'x', sizeof(token) - 1);
	token[sizeof(token) - 1] = '\0';
	ck_assert(!redirect_is_secret(X60 "xxxx", token));
}
END_TEST

/* ---- any text ---- */

/* Whatever bytes a server sends: a name has 1 to 64 bytes, none of them a space. */
static void check_name(bool found, const char *name, int round)
{
	size_t n = strnlen(name, REDIRECT_NAME_MAX + 1);

	ck_assert_msg(n <= REDIRECT_NAME_MAX, "round %d", round);
	ck_assert_msg(found == (n > 0), "round %d", round);
	ck_assert_msg(strchr(name, ' ') == NULL, "round %d", round);
}

static uint32_t seed = 1;

/* 0 to 2^15 - 1, the same in every run. */
static int draw(void)
{
	seed = seed * 1103515245 + 12345;
	return (int)(seed >> 16 & 0x7fff);
}

START_TEST(random_texts_give_names_or_nothing)
{
	static const char *const parts[] = {":kura", "jump", "CCJOIN", " ", "  ",   "&",   "%",
					    "&e",    "%a",   "beta",   "x", "info", "\xff"};
	uint8_t data[PACKET_STRING_LEN];
	char text[PACKET_STRING_LEN + 1], name[REDIRECT_NAME_MAX + 1];
	unsigned jumps = 0;

	for (int round = 0; round < ROUNDS; round++) {
		seed = (uint32_t)((unsigned)round);
		text[0] = '\0';
		for (int n = draw() % 20; n > 0; n--)
			strlcat(text, parts[(size_t)draw() % COUNT(parts)], sizeof(text));
		bool is_kick = redirect_from_kick(name, text, ":kura");

		jumps += is_kick;
		check_name(is_kick, name, round);
		check_name(redirect_from_chat(name, text, "x"), name, round);
		memset(data, 0, sizeof(data));
		memcpy(data, text, strlen(text));
		check_name(redirect_from_plugin(name, data) == REDIRECT_JUMP, name, round);
	}
	ck_assert_uint_gt(jumps, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("redirect");
	TCase *tcase = tcase_create("redirect");

	tcase_add_loop_test(tcase, reads_kicks, 0, COUNT(kicks));
	tcase_add_test(tcase, a_name_of_any_length_is_safe);
	tcase_add_loop_test(tcase, reads_plugin_messages, 0, COUNT(messages));
	tcase_add_test(tcase, a_plugin_message_ends_at_a_nul);
	tcase_add_loop_test(tcase, writes_plugin_messages, 0, COUNT(answers));
	tcase_add_loop_test(tcase, reads_chat, 0, COUNT(lines));
	tcase_add_test(tcase, a_token_longer_than_a_line_is_in_none);
	tcase_add_test(tcase, random_texts_give_names_or_nothing);
	suite_add_tcase(suite, tcase);
	return suite_main(suite);
}
