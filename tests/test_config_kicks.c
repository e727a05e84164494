/* SPDX-License-Identifier: MIT */
/*
 * The keys of kurafuto.json about kicks and redirection: defaults, good and bad values, what a
 * server has for itself, the way back to JSON, and which reasons of kicks are final.
 */
#include <bsd/string.h>
#include <check.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "said.h"
#include "suite.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define X50          "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define A            "\"name\":\"a\",\"address\":\"h\"" /* a server, but for the braces */
#define B            "\"name\":\"b\",\"address\":\"h\""
#define ALL_WAYS     (CONFIG_REDIRECT_KICK | CONFIG_REDIRECT_PLUGIN | CONFIG_REDIRECT_CHAT)

#define ON_KICK_WANTED  "one of fallback, disconnect"
#define WAY_WANTED      "one of kick, plugin, chat"
#define REDIRECT_WANTED "a list of kick, plugin and chat, or a text with commas"
#define TOKEN_WANTED    "a text of 8-32 printable ASCII characters without spaces, & and %"

/* A configuration that differs from the defaults in each of the keys. */
/* clang-format off */
#define EVERYTHING \
	"{\"return\":false,\"on-kick\":\"disconnect\",\"kick-pass\":[\"a, b\",\"\\\\d\\\"\\n\"]," \
	"\"redirect\":[\"plugin\"],\"redirect-channel\":255,\"redirect-token\":\"a!~,\\\"\\\\/z\"," \
	"\"servers\":[{" A "},{" B ",\"on-kick\":\"fallback\",\"redirect\":[]}]}"
/* clang-format on */

START_TEST(defaults)
{
	struct config *config = good("{\"servers\":[{" A "}]}");

	ck_assert(config->return_players);
	ck_assert_int_eq(config->on_kick, CONFIG_KICK_FALLBACK);
	ck_assert_uint_gt(config->kick_pass.n, 0);
	ck_assert_uint_eq(config->redirect, ALL_WAYS);
	ck_assert_uint_eq(config->redirect_channel, 75);
	ck_assert_ptr_null(config->redirect_token);
	ck_assert_int_eq(config->servers[0].on_kick, CONFIG_KICK_FALLBACK);
	ck_assert_uint_eq(config->servers[0].redirect, ALL_WAYS);
	config_free(config);
}
END_TEST

/* ---- good values: what is printed when they have been loaded ---- */

/* clang-format off */
static const struct {
	const char *json, *shown;
} values[] = {
	{"{\"return\":false}", "\"return\":\tfalse"},
	{"{\"return\":true}", "\"return\":\ttrue"},
	{"{\"on-kick\":\"disconnect\"}", "\"on-kick\":\t\"disconnect\""},
	{"{\"on-kick\":\"fallback\"}", "\"on-kick\":\t\"fallback\""},
	{"{\"kick-pass\":[]}", "\"kick-pass\":\t[]"},
	{"{\"kick-pass\":[\"a, b\",\"[c]\"]}", "\"kick-pass\":\t[\"a, b\", \"[c]\"]"},
	{"{\"kick-pass\":[\"a\",\"a\"]}", "\"kick-pass\":\t[\"a\", \"a\"]"},
	{"{\"kick-pass\":[\"\\\\\\\\\\\"\\n\xe2\x98\xba\"]}", "\"kick-pass\":\t[\"\\\\\\\\\\\"\\n\xe2\x98\xba\"]"},
	{"{\"kick-pass\":[\"" X50 X50 X50 X50 "\"]}", "\"kick-pass\":\t[\"" X50},
	{"{\"kick-pass\":[\".{0,64}\",\"(a{8}){8}\",\"a{63,}\",\"([0-9]{1,3}[.]){3}\"]}", "\"(a{8}){8}\""},
	{"{\"kick-pass\":[\"a+b+c+d+e+f+g+h+i+\",\"((((a*)+)+)+)?\",\"x{0}y{,3}\"]}", "\"a+b+c+d+e+f+g+h+i+\""},
	{"{\"redirect\":[]}", "\"redirect\":\t[]"},
	{"{\"redirect\":\"\"}", "\"redirect\":\t[]"},
	{"{\"redirect\":[\"kick\"]}", "\"redirect\":\t[\"kick\"]"},
	{"{\"redirect\":[\"plugin\"]}", "\"redirect\":\t[\"plugin\"]"},
	{"{\"redirect\":\"chat\"}", "\"redirect\":\t[\"chat\"]"},
	{"{\"redirect\":\"chat, kick\"}", "\"redirect\":\t[\"kick\", \"chat\"]"},
	{"{\"redirect\":[\"chat\",\"kick\",\"chat\"]}", "\"redirect\":\t[\"kick\", \"chat\"]"},
	{"{\"redirect-channel\":0}", "\"redirect-channel\":\t0,"},
	{"{\"redirect-channel\":255}", "\"redirect-channel\":\t255,"},
	{"{\"redirect-token\":null}", "\"redirect-token\":\tnull"},
	{"{\"redirect-token\":\"!2345678\"}", "\"redirect-token\":\t\"!2345678\""},
	{"{\"redirect-token\":\"0123456789abcdef0123456789ABCDE~\"}", "\"0123456789abcdef0123456789ABCDE~\""},
	{"{\"servers\":[{" A ",\"on-kick\":\"disconnect\"}]}", "\"on-kick\":\t\"disconnect\",\n\t\t\t\"redirect\":\t[\"kick\", \"plugin\", \"chat\"]"},
	{"{\"servers\":[{" A ",\"redirect\":[]}]}", "\"on-kick\":\t\"fallback\",\n\t\t\t\"redirect\":\t[]"},
	{"{\"servers\":[{" A "}],\"on-kick\":\"disconnect\",\"redirect\":\"plugin\"}", "\"on-kick\":\t\"disconnect\",\n\t\t\t\"redirect\":\t[\"plugin\"]"},
	{EVERYTHING, "\"redirect-token\":\t\"a!~,\\\"\\\\/z\""},
};
/* clang-format on */

START_TEST(good_values_are_taken)
{
	struct config *config = good(values[_i].json);
	char *text = printed(config);

	ck_assert_msg(strstr(text, values[_i].shown) != NULL, "%s: no %s in %s",
		      values[_i].json, values[_i].shown, text);
	free(text);
	config_free(config);
}
END_TEST

static void assert_same(const struct config *a, const struct config *b)
{
	ck_assert_int_eq(a->return_players, b->return_players);
	ck_assert_int_eq(a->on_kick, b->on_kick);
	ck_assert_uint_eq(a->redirect, b->redirect);
	ck_assert_uint_eq(a->redirect_channel, b->redirect_channel);
	ck_assert_pstr_eq(a->redirect_token, b->redirect_token);
	ck_assert_uint_eq(a->kick_pass.n, b->kick_pass.n);
	for (size_t i = 0; i < a->kick_pass.n; i++)
		ck_assert_str_eq(a->kick_pass.texts[i], b->kick_pass.texts[i]);
	ck_assert_uint_eq(a->n_servers, b->n_servers);
	for (size_t i = 0; i < a->n_servers; i++) {
		ck_assert_int_eq(a->servers[i].on_kick, b->servers[i].on_kick);
		ck_assert_uint_eq(a->servers[i].redirect, b->servers[i].redirect);
	}
}

/* What is printed loads without a fault, is the same, and prints the same. */
START_TEST(printing_round_trips)
{
	struct config *first = good(values[_i].json);
	char *text = printed(first);
	struct config *second = good(text);
	char *again = printed(second);

	assert_same(first, second);
	ck_assert_str_eq(text, again);
	free(text);
	free(again);
	config_free(first);
	config_free(second);
}
END_TEST

/* ---- what a server has for itself ---- */

/* clang-format off */
static const struct {
	const char *json;
	enum config_on_kick on_kick[2];
	unsigned redirect[2];
} overrides[] = {
	{"{\"servers\":[{" A ",\"on-kick\":\"disconnect\",\"redirect\":\"chat\"},{" B "}]}",
	 {CONFIG_KICK_DISCONNECT, CONFIG_KICK_FALLBACK}, {CONFIG_REDIRECT_CHAT, ALL_WAYS}},
	{"{\"on-kick\":\"disconnect\",\"redirect\":[\"kick\",\"plugin\"],\"servers\":[{" A "},{" B ",\"on-kick\":\"fallback\",\"redirect\":[\"chat\"]}]}",
	 {CONFIG_KICK_DISCONNECT, CONFIG_KICK_FALLBACK}, {CONFIG_REDIRECT_KICK | CONFIG_REDIRECT_PLUGIN, CONFIG_REDIRECT_CHAT}},
	{"{\"servers\":[{" A ",\"redirect\":[]},{" B ",\"on-kick\":\"disconnect\"}],\"redirect\":\"plugin\",\"on-kick\":\"disconnect\"}",
	 {CONFIG_KICK_DISCONNECT, CONFIG_KICK_DISCONNECT}, {0, CONFIG_REDIRECT_PLUGIN}},
	{"{\"redirect\":[],\"servers\":[{" A ",\"redirect\":\"kick,plugin,chat\"},{" B "}]}",
	 {CONFIG_KICK_FALLBACK, CONFIG_KICK_FALLBACK}, {ALL_WAYS, 0}},
};
/* clang-format on */

START_TEST(servers_have_their_own)
{
	struct config *config = good(overrides[_i].json);

	for (size_t i = 0; i < 2; i++) {
		ck_assert_int_eq(config->servers[i].on_kick, overrides[_i].on_kick[i]);
		ck_assert_uint_eq(config->servers[i].redirect, overrides[_i].redirect[i]);
	}
	config_free(config);
}
END_TEST

/* ---- bad values: each fault, word by word ---- */

/* clang-format off */
static const struct {
	const char *json, *said;
} faults[] = {
	{"{\"return\":1}", "return: 1 is a number, and not true or false\n"},
	{"{\"return\":\"lobby\"}", "return: \"lobby\" is a text, and not true or false\n"},
	{"{\"on-kick\":\"kick\"}", "on-kick: \"kick\" is not " ON_KICK_WANTED "\n"},
	{"{\"on-kick\":\"Fallback\"}", "on-kick: \"Fallback\" is not " ON_KICK_WANTED "\n"},
	{"{\"on-kick\":true}", "on-kick: true is a truth value, and not " ON_KICK_WANTED "\n"},
	{"{\"servers\":[{" A "},{" B ",\"on-kick\":\"no\",\"redirect\":[\"kick\",\"no\"]}]}",
	 "servers[1].on-kick: \"no\" is not " ON_KICK_WANTED "\nservers[1].redirect[1]: \"no\" is not " WAY_WANTED "\n"},
	{"{\"servers\":[{" A ",\"on-kick\":null,\"redirect\":null}]}",
	 "servers[0].on-kick: null is nothing, and not " ON_KICK_WANTED "\n"
	 "servers[0].redirect: null is nothing, and not " REDIRECT_WANTED "\n"},
	{"{\"kick-pass\":\"banned\"}", "kick-pass: \"banned\" is a text, and not a list of up to 64 regular expressions\n"},
	{"{\"kick-pass\":null}", "kick-pass: null is nothing, and not a list of up to 64 regular expressions\n"},
	{"{\"kick-pass\":[7,\"ok\",\"\",[\"a\"],null]}",
	 "kick-pass[0]: 7 is a number, and not a regular expression\n"
	 "kick-pass[2]: \"\" is empty, and would match every kick\n"
	 "kick-pass[3]: [\"a\"] is a list, and not a regular expression\n"
	 "kick-pass[4]: null is nothing, and not a regular expression\n"},
	{"{\"kick-pass\":[\"" X50 X50 X50 X50 "x\"]}",
	 "kick-pass[0]: \"" X50 "xxxxxxxxx... is longer than 200 bytes\n"},
	{"{\"kick-pass\":[\"a{65}\",\"a{64,}\",\"a{,65}\",\"a{9999999999999999999999}\",\"x{-1}\"]}",
	 "kick-pass[0]: \"a{65}\" repeats its parts more than 64 times\n"
	 "kick-pass[1]: \"a{64,}\" repeats its parts more than 64 times\n"
	 "kick-pass[2]: \"a{,65}\" repeats its parts more than 64 times\n"
	 "kick-pass[3]: \"a{9999999999999999999999}\" repeats its parts more than 64 times\n"
	 "kick-pass[4]: \"x{-1}\" repeats its parts more than 64 times\n"},
	{"{\"kick-pass\":[\"(a{33}){2}\",\"(a|b){9}{8}\",\"a++++++++++++++++++++++++++++++++++++++\",\"(((((((a+)+)+)+)+)+)+)+\"]}",
	 "kick-pass[0]: \"(a{33}){2}\" repeats its parts more than 64 times\n"
	 "kick-pass[1]: \"(a|b){9}{8}\" repeats its parts more than 64 times\n"
	 "kick-pass[2]: \"a++++++++++++++++++++++++++++++++++++++\" repeats its parts more than 64 times\n"
	 "kick-pass[3]: \"(((((((a+)+)+)+)+)+)+)+\" repeats its parts more than 64 times\n"},
	{"{\"redirect\":[\"kick\",\"chta\",\"\",\"Plugin\",4]}",
	 "redirect[1]: \"chta\" is not " WAY_WANTED "\n"
	 "redirect[3]: \"Plugin\" is not " WAY_WANTED "\n"
	 "redirect[4]: 4 is a number, and not " WAY_WANTED "\n"},
	{"{\"redirect\":\"kick, jump\"}", "redirect: \"jump\" is not " WAY_WANTED "\n"},
	{"{\"redirect\":true}", "redirect: true is a truth value, and not " REDIRECT_WANTED "\n"},
	{"{\"redirect-channel\":-1}", "redirect-channel: -1 is not a channel (0-255)\n"},
	{"{\"redirect-channel\":256}", "redirect-channel: 256 is not a channel (0-255)\n"},
	{"{\"redirect-channel\":7.5}", "redirect-channel: 7.5 is not a channel (0-255)\n"},
	{"{\"redirect-channel\":\"75\"}", "redirect-channel: \"75\" is a text, and not a channel (0-255)\n"},
	{"{\"redirect-token\":\"\"}", "redirect-token: the value is not " TOKEN_WANTED "\n"},
	{"{\"redirect-token\":\"1234567\"}", "redirect-token: the value is not " TOKEN_WANTED "\n"},
	{"{\"redirect-token\":\"0123456789abcdef0123456789abcdef0\"}", "redirect-token: the value is not " TOKEN_WANTED "\n"},
	{"{\"redirect-token\":\"12345 678\"}", "redirect-token: the value is not " TOKEN_WANTED "\n"},
	{"{\"redirect-token\":\"12345&678\"}", "redirect-token: the value is not " TOKEN_WANTED "\n"},
	{"{\"redirect-token\":\"12345678%\"}", "redirect-token: the value is not " TOKEN_WANTED "\n"},
	{"{\"redirect-token\":\"12345678\xc3\xa9\"}", "redirect-token: the value is not " TOKEN_WANTED "\n"},
	{"{\"redirect-token\":12345678}", "redirect-token: the value is a number, and not " TOKEN_WANTED "\n"},

	/* keys that do not exist, and keys that servers do not have */
	{"{\"onkick\":\"\"}", "onkick: unknown key; did you mean \"on-kick\"?\n"},
	{"{\"kickpass\":[]}", "kickpass: unknown key; did you mean \"kick-pass\"?\n"},
	{"{\"redirect_token\":\"\"}", "redirect_token: unknown key; did you mean \"redirect-token\"?\n"},
	{"{\"servers\":[{" A ",\"on-kik\":1,\"redirekt\":1,\"kick-pass\":[]}]}",
	 "servers[0].on-kik: unknown key; did you mean \"on-kick\"?\n"
	 "servers[0].redirekt: unknown key; did you mean \"redirect\"?\n"
	 "servers[0].kick-pass: unknown key\n"},
	{"{\"redirect\":[],\"redirect\":[]}", "redirect: stands there twice\n"},
};
/* clang-format on */

START_TEST(faults_are_said)
{
	struct said said;

	ck_assert_ptr_null(parse(faults[_i].json, &said));
	ck_assert_str_eq(said.text, faults[_i].said);
}
END_TEST

/* No letter of a pattern here is escaped in JSON. */
static const char *const bad_patterns[] = {"a(b", "a)(",    "[b",  "[[:nonsense:]]",
					   "*a",  "a{2,1}", "a{1", "[z-a]"};

/* The fault says where, which pattern, and what regcomp() has against it. */
START_TEST(faults_of_regcomp_are_said)
{
	const char *pattern = bad_patterns[_i];
	char json[80], wanted[300], reason[128];
	struct said said;
	regex_t compiled;
	int error = regcomp(&compiled, pattern, REG_EXTENDED | REG_ICASE | REG_NOSUB);

	ck_assert_int_ne(error, 0);
	regerror(error, &compiled, reason, sizeof(reason));
	snprintf(json, sizeof(json), "{\"kick-pass\":[\"a\",\"b\",\"%s\",\"c\"]}", pattern);
	snprintf(wanted, sizeof(wanted),
		 "kick-pass[2]: \"%s\" is not a regular expression: %s\n", pattern, reason);
	ck_assert_ptr_null(parse(json, &said));
	ck_assert_str_eq(said.text, wanted);
}
END_TEST

START_TEST(many_patterns)
{
	for (unsigned n = 64; n <= 65; n++) {
		char json[1024] = "{\"kick-pass\":[";
		struct said said;

		for (unsigned i = 0; i < n; i++)
			snprintf(json + strlen(json), sizeof(json) - strlen(json), "%s\"<%u>\"",
				 i > 0 ? "," : "", i);
		strlcat(json, "]}", sizeof(json));
		struct config *config = parse(json, &said);
		ck_assert_str_eq(said.text, n == 64 ? ""
						    : "kick-pass: 65 patterns are too many; up "
						      "to 64 can be compared\n");
		ck_assert_int_eq(config != NULL, n == 64);
		if (config != NULL) {
			ck_assert_uint_eq(config->kick_pass.n, 64);
			ck_assert(config_is_final_kick(config, "<0>"));
			ck_assert(config_is_final_kick(config, "<63>"));
			ck_assert(!config_is_final_kick(config, "<64>"));
		}
		config_free(config);
	}
}
END_TEST

/* ---- which kicks are final ---- */

static const struct {
	const char *reason;
	bool is_final;
} reasons[] = {
	{"You are banned", true},
	{"banned", true},
	{"Banned by X", true},
	{"IP-banned", true},
	{"ip banned", true},
	{"IPbanned", true},
	{"temp-banned", true},
	{"tempbanned", true},
	{"Permabanned.", true},
	{"You have an IP ban (grief)", true},
	{"You're not on the whitelist", true},
	{"not whitelisted", true},
	{"white-list", true},
	{"This server has a white list!", true},
	{"blacklisted", true},
	{"&cYou were BANNED: grief", true},
	{"%cYou were BANNED: grief", true},
	{"&cYou were &f%ebanned", true},
	{"You are ba&cnn%Fed", true},
	{"\xe2\x98\xba banned \xe2\x98\xba", true},
	{"(banned)", true},
	{"urban", false},
	{"Urbandale is full", false},
	{"turban", false},
	{"bandana", false},
	{"abandoned", false},
	{"band", false},
	{"You were unbanned, come back", false},
	{"Kicked by Banned_Guy", false},
	{"Server is restarting", false},
	{"kicked for whitespace", false},
	{"a white hot list", false},
	{"&", false},
	{"%", false},
	{"", false},
};

START_TEST(bans_and_whitelists_are_final)
{
	struct config *config = good("{}");

	ck_assert_msg(config_is_final_kick(config, reasons[_i].reason) == reasons[_i].is_final,
		      "%s", reasons[_i].reason);
	config_free(config);
}
END_TEST

START_TEST(no_pattern_means_no_final_kick)
{
	struct config *config = good("{\"kick-pass\":[]}");

	ck_assert_uint_eq(config->kick_pass.n, 0);
	for (size_t i = 0; i < COUNT(reasons); i++)
		ck_assert(!config_is_final_kick(config, reasons[i].reason));
	config_free(config);
}
END_TEST

/* A list of one's own replaces the default. It is extended syntax, case does not matter, and
 * spaces and anchors count. */
START_TEST(patterns_of_ones_own)
{
	struct config *config =
		good("{\"kick-pass\":[\"^(bye|so long)$\",\"le{2}t\",\"100% full\"]}");

	ck_assert(config_is_final_kick(config, "Bye"));
	ck_assert(config_is_final_kick(config, "&eSO LONG&f"));
	ck_assert(!config_is_final_kick(config, "bye bye"));
	ck_assert(config_is_final_kick(config, "you are so LEET"));
	ck_assert(!config_is_final_kick(config, "let"));
	ck_assert(config_is_final_kick(config, "Server is 100% full"));
	ck_assert(!config_is_final_kick(config, "Server is 100%full"));
	ck_assert(!config_is_final_kick(config, "You are banned"));
	config_free(config);
}
END_TEST

/* Only the first 256 bytes are looked at. */
START_TEST(endless_reasons)
{
	struct config *config = good("{}");
	char reason[5000];

	memset(reason, 'x', sizeof(reason));
	strlcpy(reason + sizeof(reason) - 20, " banned", 20);
	ck_assert(!config_is_final_kick(config, reason));
	memcpy(reason + 249, " banned", 7);
	ck_assert(config_is_final_kick(config, reason));
	memcpy(reason, "banned ", 7);
	ck_assert(config_is_final_kick(config, reason));
	config_free(config);
}
END_TEST

/* ---- the manual ---- */

START_TEST(the_manual_has_the_keys)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	config_print_mdoc(out);
	fclose(out);
	ck_assert_ptr_nonnull(strstr(text, "\nDefault: 75; a channel (0-255).\n"));
	ck_assert_ptr_nonnull(strstr(text, "\nDefault: \"fallback\"; " ON_KICK_WANTED ".\n"));
	ck_assert_ptr_nonnull(strstr(text, "\nOptional: " ON_KICK_WANTED ".\n"));
	ck_assert_ptr_nonnull(strstr(text, "; a list of up to 64 regular expressions.\n"));
	ck_assert_ptr_nonnull(strstr(text, "\nOptional: " REDIRECT_WANTED ".\n"));
	ck_assert_ptr_nonnull(strstr(text, "\nOptional: " TOKEN_WANTED ".\n"));
	free(text);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("config_kicks");
	TCase *t = tcase_create("config_kicks");

	suite_add_tcase(s, t);
	tcase_add_test(t, defaults);
	tcase_add_loop_test(t, good_values_are_taken, 0, COUNT(values));
	tcase_add_loop_test(t, printing_round_trips, 0, COUNT(values));
	tcase_add_loop_test(t, servers_have_their_own, 0, COUNT(overrides));
	tcase_add_loop_test(t, faults_are_said, 0, COUNT(faults));
	tcase_add_loop_test(t, faults_of_regcomp_are_said, 0, COUNT(bad_patterns));
	tcase_add_test(t, many_patterns);
	tcase_add_loop_test(t, bans_and_whitelists_are_final, 0, COUNT(reasons));
	tcase_add_test(t, no_pattern_means_no_final_kick);
	tcase_add_test(t, patterns_of_ones_own);
	tcase_add_test(t, endless_reasons);
	tcase_add_test(t, the_manual_has_the_keys);
	return suite_main(s);
}
