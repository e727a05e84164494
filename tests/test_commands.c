/* SPDX-License-Identifier: MIT */
/*
 * How edge commands are told from chat and taken apart, and when their hook is there. What each
 * command says needs a session, and so the real binary.
 */
#include "commands.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "config_current.h"
#include "said.h"
#include "suite.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- the prefix ---- */

/* clang-format off */
static const struct {
	const char *prefix, *line;
	const char *rest; /* NULL: ordinary chat */
} matches[] = {
	{":kura", ":kura",            ""},
	{":kura", ":kura ",           ""},
	{":kura", ":kura    ",        ""},
	{":kura", ":kura list",       "list"},
	{":kura", ":kura   list",     "list"},
	{":kura", ":kura jump mini",  "jump mini"},
	{":kura", ":kura jump  mini ", "jump  mini "},
	{":kura", ":KURA list",       "list"},
	{":kura", ":KuRa LIST",       "LIST"},
	{":kura", ":Kura",            ""},
	{":kura", ":kura :kura",      ":kura"},
	{":kura", ":kura X",          "X"},
	{":kura", ":kura \x80\xff",   "\x80\xff"},
	{":kura", ":kuraX",           NULL},
	{":kura", ":kuralist",        NULL},
	{":kura", ":kura:",           NULL},
	{":kura", ":kura,list",       NULL},
	{":kura", ":kura\tlist",      NULL},
	{":kura", ":kura\xff",        NULL},
	{":kura", " :kura",           NULL},
	{":kura", " :kura list",      NULL},
	{":kura", "::kura list",      NULL},
	{":kura", "&c:kura list",     NULL},
	{":kura", "try :kura list",   NULL},
	{":kura", "try :kura",        NULL},
	{":kura", "kura list",        NULL},
	{":kura", "/kura list",       NULL},
	{":kura", ": kura list",      NULL},
	{":kura", ":kur",             NULL},
	{":kura", ":kur list",        NULL},
	{":kura", ":",                NULL},
	{":kura", " ",                NULL},
	{":kura", "",                 NULL},
	{"!",     "!",                ""},
	{"!",     "! list",           "list"},
	{"!",     "!list",            NULL},
	{"!",     "!!",               NULL},
	{"!",     "",                 NULL},
	{"k",     "K jump mini",      "jump mini"},
	{"k",     "k",                ""},
	{"k",     "kk",               NULL},
	{":Net",  ":nET who",         "who"},
	{":Net",  ":kura who",        NULL},
	{"%s%n",  "%s%n list",        "list"},
	{"[a-z]*", "[a-z]* list",     "list"},
	{"[a-z]*", "abc list",        NULL},
};
/* clang-format on */

START_TEST(match)
{
	const char *rest = NULL;
	bool is_command = commands_match(matches[_i].prefix, matches[_i].line, &rest);

	ck_assert_msg(is_command == (matches[_i].rest != NULL), "\"%s\" is%s a command",
		      matches[_i].line, is_command ? "" : " not");
	if (is_command)
		ck_assert_str_eq(rest, matches[_i].rest);
}
END_TEST

/* The rest is part of the line, no copy. */
START_TEST(match_points_into_the_line)
{
	char line[] = ":kura  jump";
	const char *rest = NULL;

	ck_assert(commands_match(":kura", line, &rest));
	ck_assert_ptr_eq(rest, line + 7);
}
END_TEST

/* ---- words ---- */

#define WORDS_MAX 4

/* clang-format off */
static const struct {
	const char *text;
	const char *words[WORDS_MAX];
	const char *rests[WORDS_MAX]; /* what is left behind each */
} texts[] = {
	{"",                 {NULL},               {NULL}},
	{" ",                {NULL},               {NULL}},
	{"        ",         {NULL},               {NULL}},
	{"a",                {"a"},                {""}},
	{"jump",             {"jump"},             {""}},
	{"  jump",           {"jump"},             {""}},
	{"jump   ",          {"jump"},             {""}},
	{"jump mini",        {"jump", "mini"},     {"mini", ""}},
	{"  jump   mini  ",  {"jump", "mini"},     {"mini  ", ""}},
	{"a b c",            {"a", "b", "c"},      {"b c", "c", ""}},
	{"a\tb",             {"a\tb"},             {""}},
	{"\x80 \xff",        {"\x80", "\xff"},     {"\xff", ""}},
	{"0123456789012345678901234567890123456789012345678901234567890123456789 x",
		{"0123456789012345678901234567890123456789012345678901234567890123456789", "x"}, {"x", ""}},
};
/* clang-format on */

START_TEST(words)
{
	const char *text = texts[_i].text, *word = NULL;
	size_t n = 0, length;

	while ((length = commands_word(&text, &word)) > 0) {
		ck_assert_uint_lt(n, WORDS_MAX);
		ck_assert_ptr_nonnull(texts[_i].words[n]);
		ck_assert_uint_eq(length, strlen(texts[_i].words[n]));
		ck_assert_int_eq(strncmp(word, texts[_i].words[n], length), 0);
		ck_assert_str_eq(text, texts[_i].rests[n]);
		n++;
	}
	ck_assert(n == WORDS_MAX || texts[_i].words[n] == NULL);
	ck_assert_str_eq(text, "");
	ck_assert_uint_eq(commands_word(&text, &word), 0); /* the end stays the end */
	ck_assert_ptr_nonnull(word);
}
END_TEST

/* ---- the hook ---- */

static struct session_world world;
static struct commands *commands;

static struct hooks *attach(bool edge_commands)
{
	struct hooks *hooks = hooks_new();

	ck_assert_ptr_nonnull(hooks);
	config_publish(good(edge_commands ? "{}" : "{\"edge-commands\":false}"));
	config_settle();
	commands = commands_new(&world, &(struct commands_control){0});
	ck_assert_ptr_nonnull(commands);
	ck_assert(commands_attach(commands, hooks));
	return hooks;
}

static void detach(struct hooks *hooks)
{
	hooks_free(hooks);
	commands_free(commands);
	config_retire();
	config_settle();
}

/* Whether commands are on is asked for each line: it may change at any time. */
START_TEST(only_chat_is_looked_at)
{
	struct hooks *hooks = attach(_i == 1);

	for (unsigned i = 0; i < PACKET_DIRECTIONS * PACKET_OPCODES; i++) {
		enum packet_direction direction = i / PACKET_OPCODES;
		uint8_t opcode = (uint8_t)(i % PACKET_OPCODES);

		ck_assert_int_eq(hooks_want(hooks, direction, opcode),
				 direction == PACKET_TO_SERVER && opcode == OP_MESSAGE);
	}
	detach(hooks);
}
END_TEST

static enum hook_verdict say(const struct hooks *hooks, const char *text)
{
	uint8_t data[66], before[66];
	struct hook_packet packet = {
		.direction = PACKET_TO_SERVER, .data = data, .size = sizeof(data)};
	enum hook_verdict verdict;

	packet_write_message(data, PACKET_SELF, text);
	memcpy(before, data, sizeof(data));
	verdict = hooks_run(hooks, &packet);
	ck_assert_mem_eq(data, before, sizeof(data));
	return verdict;
}

/* Ordinary chat goes on as it is: rows of the table above that are not for a custom prefix. */
START_TEST(ordinary_chat_passes)
{
	struct hooks *hooks = attach(true);

	for (size_t i = 0; i < COUNT(matches); i++)
		if (matches[i].rest == NULL && strcmp(matches[i].prefix, ":kura") == 0)
			ck_assert_int_eq(say(hooks, matches[i].line), HOOK_PASS);
	detach(hooks);
}
END_TEST

/* With edge commands off even a command is chat. */
START_TEST(commands_pass_when_they_are_off)
{
	struct hooks *hooks = attach(false);

	ck_assert_int_eq(say(hooks, ":kura list"), HOOK_PASS);
	detach(hooks);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("commands");
	TCase *tcase = tcase_create("parsing");

	tcase_add_loop_test(tcase, match, 0, COUNT(matches));
	tcase_add_test(tcase, match_points_into_the_line);
	tcase_add_loop_test(tcase, words, 0, COUNT(texts));
	tcase_add_loop_test(tcase, only_chat_is_looked_at, 0, 2);
	tcase_add_test(tcase, ordinary_chat_passes);
	tcase_add_test(tcase, commands_pass_when_they_are_off);
	suite_add_tcase(suite, tcase);
	return suite_main(suite);
}
