/* SPDX-License-Identifier: MIT */
/*
 * Who may do what: patterns (against a slow but simple matcher, too, and within a time that
 * only a fast one keeps), commands with and without a rank "default", restricted servers, and
 * names that were not verified.
 */
#include <bsd/string.h>
#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ranks.h"
#include "suite.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- patterns ---- */

static const struct {
	const char *pattern, *text;
	bool matches;
} patterns[] = {
	{"", "", true},
	{"", "a", false},
	{"a", "", false},
	{"jump", "jump", true},
	{"jump", "JUMP", true},
	{"JuMp", "jUmP", true},
	{"jump", "jumps", false},
	{"jumps", "jump", false},
	{"jump", "xjump", false},
	{"*", "", true},
	{"*", "anything", true},
	{"***", "", true},
	{"***", "a", true},
	{"?", "", false},
	{"?", "a", true},
	{"?", "ab", false},
	{"*?", "", false},
	{"*?", "a", true},
	{"?*", "abc", true},
	{"j*", "jump", true},
	{"j*", "J", true},
	{"j*", "hub", false},
	{"*p", "jump", true},
	{"*p", "jumps", false},
	{"*u*", "jump", true},
	{"*x*", "jump", false},
	{"j?mp", "jump", true},
	{"j?mp", "jmp", false},
	{"build-*", "build-2", true},
	{"build-*", "build", false},
	{"*a*b", "aab", true},
	{"*a*b", "abab", true},
	{"*ab", "aab", true},
	{"a*a", "a", false},
	{"a*a", "aa", true},
	{"*aab", "aaaaaab", true},
	{"a*b*c", "a-b-b-c", true},
	{"a*b*c", "a-b-c-b", false},
	{"[a-z]", "b", false},
	{"\\*", "*", false},
	{"_", "?", false}, /* 0x5f and 0x3f: no letters */
	{"@", "`", false},
	{"[", "{", false},
};

START_TEST(matches_patterns)
{
	ck_assert_int_eq(ranks_match(patterns[_i].pattern, patterns[_i].text),
			 patterns[_i].matches);
}
END_TEST

/* As simple as it gets. */
static bool simple_match(const char *pattern, const char *text)
{
	if (*pattern == '*')
		return simple_match(pattern + 1, text) ||
		       (*text != '\0' && simple_match(pattern, text + 1));
	if (*text == '\0' || *pattern == '\0')
		return *text == *pattern;
	return (*pattern == '?' || strncasecmp(pattern, text, 1) == 0) &&
	       simple_match(pattern + 1, text + 1);
}

static uint32_t seed = 1;

static void draw_text(char *out, size_t most, const char *letters)
{
	size_t n = 0;

	seed = seed * 1103515245 + 12345;
	for (size_t left = (seed >> 16) % (most + 1); left > 0; left--) {
		seed = seed * 1103515245 + 12345;
		out[n++] = letters[(seed >> 16) % strlen(letters)];
	}
	out[n] = '\0';
}

START_TEST(matches_like_a_simple_matcher)
{
	char pattern[16], text[16];
	unsigned matches = 0;

	for (int round = 0; round < 100000; round++) {
		draw_text(pattern, 8, "aB**?");
		draw_text(text, 8, "ab");
		bool is_match = simple_match(pattern, text);

		matches += is_match;
		ck_assert_msg(ranks_match(pattern, text) == is_match, "%s, %s", pattern, text);
	}
	ck_assert_uint_gt(matches, 10000);
	ck_assert_uint_lt(matches, 90000);
}
END_TEST

/* A matcher that tries everything would need longer than the universe. */
START_TEST(no_pattern_takes_long)
{
	char pattern[1000], text[2000];

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	pattern[0] = '\0';
	for (int i = 0; i < 400; i++)
		strlcat(pattern, "*a", sizeof(pattern));
	ck_assert(ranks_match(pattern, text));
	strlcat(pattern, "b", sizeof(pattern));
	for (int i = 0; i < 100; i++)
		ck_assert(!ranks_match(pattern, text));
}
END_TEST

/* ---- a configuration ---- */

/* A list of the words of a text, which it changes. */
static struct config_list list_of(char *text)
{
	static char *items[64];
	static size_t used;
	struct config_list list = {.items = items + used};
	char *word;

	while ((word = strsep(&text, " ")) != NULL) {
		if (word[0] == '\0')
			continue;
		ck_assert_uint_lt(used, COUNT(items));
		items[used++] = word;
		list.n++;
	}
	return list;
}

static char storage[1024];
static size_t stored;

static char *keep(const char *text)
{
	char *copy = storage + stored;

	ck_assert_uint_lt(stored + strlen(text) + 1, sizeof(storage));
	stored += strlcpy(copy, text, sizeof(storage) - stored) + 1;
	return copy;
}

static struct config_rank ranks[4];
static struct config config = {.ranks = ranks};

static void add_rank(const char *name, const char *names, const char *commands,
		     const char *servers)
{
	ck_assert_uint_lt(config.n_ranks, COUNT(ranks));
	ranks[config.n_ranks++] = (struct config_rank){
		.name = keep(name),
		.names = list_of(keep(names)),
		.commands = list_of(keep(commands)),
		.servers = list_of(keep(servers)),
	};
}

static struct config_server server_of(const char *name, const char *restricted)
{
	struct config_server server = {.name = keep(name)};

	server.is_restricted = restricted != NULL;
	if (restricted != NULL)
		server.restricted = list_of(keep(restricted));
	return server;
}

/* May they give "jump", which is public, and "stop", which is not. */
#define MAY(player, is_verified, command)                        \
	ranks_may_command(&config, player, is_verified, command, \
			  strcmp(command, "stop") != 0 && strcmp(command, "kick") != 0)

/* ---- commands ---- */

START_TEST(without_ranks_public_commands_are_for_all)
{
	ck_assert(MAY("Alice", true, "jump"));
	ck_assert(MAY("Alice", false, "jump"));
	ck_assert(!MAY("Alice", true, "stop"));
	ck_assert(!MAY("Alice", false, "stop"));
}
END_TEST

START_TEST(a_rank_adds_to_them)
{
	add_rank("admin", "Alice bob", "*", "");
	add_rank("helper", "Carol ALICE", "k?ck", "");
	ck_assert(MAY("alice", true, "stop"));
	ck_assert(MAY("BOB", true, "stop"));
	ck_assert(MAY("Bob", true, "jump"));
	ck_assert(!MAY("Carol", true, "stop"));
	ck_assert(MAY("Carol", true, "Kick"));
	ck_assert(MAY("Carol", true, "jump"));
	ck_assert(!MAY("Dave", true, "kick"));
	ck_assert(MAY("Dave", true, "jump"));
	ck_assert(!MAY("Al", true, "stop"));
	ck_assert(!MAY("Alice2", true, "stop"));
}
END_TEST

START_TEST(a_name_that_was_not_verified_has_no_rank)
{
	add_rank("admin", "Alice", "*", "");
	ck_assert(!MAY("Alice", false, "stop"));
	ck_assert(MAY("Alice", false, "jump"));
}
END_TEST

/* Wherever it stands. */
START_TEST(the_default_says_it_all)
{
	if (_i == 0)
		add_rank("Default", "", "help l*", "");
	add_rank("helper", "Carol", "kick", "");
	add_rank("jumper", "Dave", "jump", "");
	if (_i == 1)
		add_rank("DEFAULT", "", "help l*", "");
	for (int is_verified = 0; is_verified < 2; is_verified++) {
		ck_assert(MAY("Alice", is_verified, "help"));
		ck_assert(MAY("Alice", is_verified, "list"));
		ck_assert(!MAY("Alice", is_verified, "jump"));
		ck_assert(!MAY("Alice", is_verified, "stop"));
	}
	ck_assert(MAY("Carol", true, "kick"));
	ck_assert(MAY("Carol", true, "list"));
	ck_assert(!MAY("Carol", true, "jump"));
	ck_assert(MAY("Dave", true, "jump"));
	ck_assert(!MAY("Dave", false, "jump"));
	ck_assert(!MAY("Dave", true, "who"));
}
END_TEST

START_TEST(the_default_may_give_more)
{
	add_rank("default", "", "*", "");
	ck_assert(MAY("Alice", false, "stop"));
	ck_assert(MAY("Alice", false, "jump"));
}
END_TEST

START_TEST(a_default_without_commands_changes_nothing)
{
	add_rank("default", "Alice", "", "vip");
	ck_assert(MAY("Alice", true, "jump"));
	ck_assert(MAY("Bob", false, "jump"));
	ck_assert(!MAY("Alice", true, "stop"));
}
END_TEST

/* ---- servers ---- */

START_TEST(an_open_server_is_for_all)
{
	struct config_server server = server_of("alpha", NULL);

	ck_assert(ranks_may_join(&config, "Alice", false, &server));
	add_rank("default", "", "help", "beta");
	ck_assert(ranks_may_join(&config, "Alice", false, &server));
}
END_TEST

START_TEST(a_restricted_server_is_for_its_list)
{
	struct config_server server = server_of("vip", "Alice @Staff");

	add_rank("staff", "Bob", "", "");
	add_rank("other", "Carol", "", "alpha");
	ck_assert(ranks_may_join(&config, "ALICE", true, &server));
	ck_assert(!ranks_may_join(&config, "Alice", false, &server));
	ck_assert(ranks_may_join(&config, "bob", true, &server));
	ck_assert(!ranks_may_join(&config, "bob", false, &server));
	ck_assert(!ranks_may_join(&config, "Carol", true, &server));
	ck_assert(!ranks_may_join(&config, "staff", true, &server));
	ck_assert(!ranks_may_join(&config, "other", true, &server));
}
END_TEST

/* A player may be called like the sign of a rank. */
START_TEST(a_name_is_no_sign_of_a_rank)
{
	struct config_server server = server_of("vip", "@staff");

	add_rank("staff", "Bob", "", "");
	ck_assert(!ranks_may_join(&config, "@staff", true, &server));
	ck_assert(ranks_may_join(&config, "Bob", true, &server));
}
END_TEST

START_TEST(an_empty_list_is_for_nobody)
{
	struct config_server server = server_of("vip", "");

	ck_assert(!ranks_may_join(&config, "Alice", true, &server));
	add_rank("staff", "Alice", "*", "v*");
	ck_assert(ranks_may_join(&config, "Alice", true, &server));
	ck_assert(!ranks_may_join(&config, "Alice", false, &server));
}
END_TEST

START_TEST(servers_of_a_rank_are_patterns)
{
	struct config_server build = server_of("Build-2", ""), vip = server_of("vip", "");

	add_rank("builder", "Alice", "", "alpha build-?");
	ck_assert(ranks_may_join(&config, "Alice", true, &build));
	ck_assert(!ranks_may_join(&config, "Alice", true, &vip));
	ck_assert(!ranks_may_join(&config, "Bob", true, &build));
}
END_TEST

/* It is everybody's, verified or not. */
START_TEST(the_default_opens_servers)
{
	struct config_server beta = server_of("beta", ""),
			     gamma = server_of("gamma", "@default");

	add_rank("Default", "", "", "b*");
	ck_assert(ranks_may_join(&config, "Alice", false, &beta));
	ck_assert(ranks_may_join(&config, "Alice", true, &beta));
	ck_assert(ranks_may_join(&config, "Alice", false, &gamma));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ranks");
	TCase *tcase = tcase_create("ranks");

	tcase_add_loop_test(tcase, matches_patterns, 0, COUNT(patterns));
	tcase_add_test(tcase, matches_like_a_simple_matcher);
	tcase_add_test(tcase, no_pattern_takes_long);
	tcase_add_test(tcase, without_ranks_public_commands_are_for_all);
	tcase_add_test(tcase, a_rank_adds_to_them);
	tcase_add_test(tcase, a_name_that_was_not_verified_has_no_rank);
	tcase_add_loop_test(tcase, the_default_says_it_all, 0, 2);
	tcase_add_test(tcase, the_default_may_give_more);
	tcase_add_test(tcase, a_default_without_commands_changes_nothing);
	tcase_add_test(tcase, an_open_server_is_for_all);
	tcase_add_test(tcase, a_restricted_server_is_for_its_list);
	tcase_add_test(tcase, a_name_is_no_sign_of_a_rank);
	tcase_add_test(tcase, an_empty_list_is_for_nobody);
	tcase_add_test(tcase, servers_of_a_rank_are_patterns);
	tcase_add_test(tcase, the_default_opens_servers);
	suite_add_tcase(suite, tcase);
	return suite_main(suite);
}
