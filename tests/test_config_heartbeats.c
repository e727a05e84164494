/* SPDX-License-Identifier: MIT */
/*
 * The server lists of kurafuto.json: good values and what is printed of them, faults and
 * warnings word by word, and what they come to.
 */
#include <bsd/string.h>
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "said.h"
#include "suite.h"

#define COUNT(array)  (sizeof(array) / sizeof((array)[0]))
#define X50           "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X180          X50 X50 X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define L(more)       "{'heartbeats':[{'type':'classicube'" more "}]}"
#define TWO(one, two) "{'heartbeats':[{'type':'classicube'" one "},{'type':'notchian'" two "}]}"
#define URL_WANTED    "an address that begins with https:// or http://, of up to 200 characters"
#define CLASSICUBE    "https://www.classicube.net/server/heartbeat/"
#define BETACRAFT     "https://betacraft.uk/heartbeat.jsp"

static char *quoted(const char *text)
{
	char *json = strdup(text);

	ck_assert_ptr_nonnull(json);
	for (char *c = json; *c != '\0'; c++)
		if (*c == '\'')
			*c = '"';
	return json;
}

static struct config *load(const char *text, struct said *said)
{
	char *json = quoted(text);
	struct config *config = parse(json, said);

	free(json);
	return config;
}

/* clang-format off */
static const struct {
	const char *json, *shown;
} values[] = {
	{"{}", "'heartbeats':\t[]"},
	{"{'heartbeat':true}", "'heartbeats':\t[]"},
	{"{'public':true}", "'public':\ttrue"},
	{"{}", "'public':\tfalse"},
	{"{}", "'salt-file':\tnull"},
	{"{'salt-file':'salts.json'}", "'salt-file':\t'salts.json'"},
	{"{'salt-rotation-h':8760}", "'salt-rotation-h':\t8760"},
	{"{'salt-grace-s':0}", "'salt-grace-s':\t0"},
	{L(""), "'url':\t'" CLASSICUBE "'"},
	{L(""), "'public':\tfalse,\n\t\t\t'public-port':\t0,\n\t\t\t'max-players':\t0,\n\t\t\t'interval-s':\t30,\n\t\t\t'name-suffix':\tnull"},
	{"{'heartbeats':[{'type':'notchian'}]}", "'url':\t'" BETACRAFT "'"},
	{"{'heartbeats':[{'type':'betacraft-v2','public-address':'mc.example.org'}]}", "'url':\t'https://api.betacraft.uk'"},
	{L(",'url':'HTTP://x'"), "'HTTP://x'"},
	{L(",'url':'http://x" X180 "/123456789/'"), "/123456789/'"},
	{L(",'url':null,'name':null,'name-suffix':null"), "'url':\t'" CLASSICUBE "'"},
	{L(",'name':'N'"), "'name':\t'N'"},
	{L(",'interval-s':5"), "'interval-s':\t5"},
	{L(",'interval-s':3600"), "'interval-s':\t3600"},
	{L(",'name-suffix':'@b_c'"), "'name-suffix':\t'@b_c'"},
	{L(",'public-port':65535"), "'public-port':\t65535"},
	{L(",'listener':25565"), "'listener':\t25565"},
	{L(",'private-key':'k'"), "'private-key':\t'k'"},
	{TWO("", ",'name-suffix':'+'"), "'+'"},
	{"{'servers':[{'name':'a','address':'h','secret':'s3'}]}", "'secret':\t's3'"},
};

static const struct {
	const char *json, *said;
} faults[] = {
	{"{'heartbeats':7}", "heartbeats: 7 is a number, and not a list of objects\n"},
	{"{'heartbeats':[7]}", "heartbeats[0]: 7 is a number, and not an object { ... }\n"},
	{"{'heartbeats':[{}]}", "heartbeats[0].type: missing: one of classicube, notchian, betacraft-v2\n"},
	{"{'heartbeats':[{'type':'mojang'}]}", "heartbeats[0].type: \"mojang\" is not one of classicube, notchian, betacraft-v2\n"},
	{L(",'ur':1"), "heartbeats[0].ur: unknown key; did you mean \"url\"?\n"},
	{L(",'url':'ftp://x'"), "heartbeats[0].url: \"ftp://x\" is not " URL_WANTED "\n"},
	{L(",'url':'http://'"), "heartbeats[0].url: \"http://\" is not " URL_WANTED "\n"},
	{L(",'url':'http:///x'"), "heartbeats[0].url: \"http:///x\" is not " URL_WANTED "\n"},
	{L(",'url':'http://a b'"), "heartbeats[0].url: \"http://a b\" is not " URL_WANTED "\n"},
	{L(",'interval-s':4"), "heartbeats[0].interval-s: 4 is not a time in seconds (5-3600)\n"},
	{L(",'name-suffix':''"), "heartbeats[0].name-suffix: \"\" is not 1-4 letters, digits, _ . @ + and -\n"},
	{L(",'name-suffix':'12345'"), "heartbeats[0].name-suffix: \"12345\" is not 1-4 letters, digits, _ . @ + and -\n"},
	{L(",'name-suffix':'~'"), "heartbeats[0].name-suffix: \"~\" is not 1-4 letters, digits, _ . @ + and -\n"},
	{L(",'listener':7"), "heartbeats[0].listener: 7 is not the port of a listening address\n"},
	{L(",'public-address':'unix:/x'"), "heartbeats[0].public-address: \"unix:/x\" is not an IPv4 address or a host name\n"},
	{L(",'private-key':'a b'"), "heartbeats[0].private-key: the value is not a text of 1-128 printable ASCII characters without spaces\n"},
	{"{'heartbeats':[{'type':'notchian'},{'type':'notchian'}]}",
	 "heartbeats[1].url: " BETACRAFT " is that of heartbeats[0] already, for the same listener\n"},
	{"{'port':7,'heartbeats':[{'type':'notchian'},{'type':'notchian','listener':7}]}",
	 "heartbeats[1].url: " BETACRAFT " is that of heartbeats[0] already, for the same listener\n"},
	{"{'heartbeat':true,'heartbeats':[{'type':'classicube'}]}",
	 "heartbeats[0].url: " CLASSICUBE " is what \"heartbeat\": true stands for already\n"},
	{"{'heartbeat':true,'heartbeats':[{'type':'notchian','name-suffix':'+'},{'type':'notchian','name-suffix':'+'}]}",
	 "heartbeats[1].url: " BETACRAFT " is that of heartbeats[0] already, for the same listener\n"},
	{"{'salt-rotation-h':8761}", "salt-rotation-h: 8761 is not a time in hours (0 or 1-8760)\n"},
	{"{'salt-grace-s':-1}", "salt-grace-s: -1 is not a time in seconds (0-604800)\n"},
	{"{'salt-file':''}", "salt-file: \"\" is not the path of a file, from state-dir on\n"},
	{"{'public':1}", "public: 1 is a number, and not true or false\n"},
	{"{'servers':[{'name':'a','address':'h','secret':'a b'}]}",
	 "servers[0].secret: the value is not a text of 1-64 printable ASCII characters without spaces\n"},
};

static const struct {
	const char *json, *said;
} warnings[] = {
	{TWO("", ""), "warning: heartbeats[1].name-suffix: " CLASSICUBE " has the same: whoever has a name there can join as the one "
	 "who has it at " BETACRAFT "\n"},
	{TWO(",'name-suffix':'@A'", ",'name-suffix':'@a'"), "warning: heartbeats[1].name-suffix: " CLASSICUBE
	 " has the same: whoever has a name there can join as the one who has it at " BETACRAFT "\n"},
	{TWO("", ",'name-suffix':'+'"), ""},
	{"{'listeners':[{'port':7}],'heartbeats':[{'type':'classicube'},{'type':'classicube','listener':7}]}", ""},
	{"{'heartbeats':[{'type':'classicube'},{'type':'betacraft-v2','public-address':'h'}]}", ""},
	{"{'heartbeats':[{'type':'betacraft-v2'}]}",
	 "warning: heartbeats[0].public-address: missing: betacraft-v2 lists the IPv4 address or host name that it is told\n"},
	{"{'address':'192.0.2.7','heartbeats':[{'type':'betacraft-v2'}]}", ""},
};
/* clang-format on */

START_TEST(good_values_are_taken)
{
	struct said said;
	struct config *config;
	char *text, *again, *shown;

	config = load(values[_i].json, &said);
	ck_assert_msg(config != NULL && said.text[0] == '\0', "%s: %s", values[_i].json,
		      said.text);
	text = printed(config);
	shown = quoted(values[_i].shown);
	ck_assert_msg(strstr(text, shown) != NULL, "%s: no %s in %s", values[_i].json, shown,
		      text);
	config_free(config);
	config = load(text, &said);
	ck_assert_msg(config != NULL, "%s", said.text);
	again = printed(config);
	ck_assert_str_eq(text, again);
	config_free(config);
	free(text);
	free(again);
	free(shown);
}
END_TEST

START_TEST(faults_are_said)
{
	struct said said;

	ck_assert_ptr_null(load(faults[_i].json, &said));
	ck_assert_str_eq(said.text, faults[_i].said);
}
END_TEST

START_TEST(warnings_are_said)
{
	struct said said;
	struct config *config = load(warnings[_i].json, &said);

	ck_assert_ptr_nonnull(config);
	ck_assert_str_eq(said.text, warnings[_i].said);
	config_free(config);
}
END_TEST

START_TEST(heartbeat_true_is_the_first)
{
	struct said said;
	struct config *config = load("{'heartbeat':true,'public':true,'heartbeats':[{'type':"
				     "'notchian','name-suffix':'+'}]}",
				     &said);

	ck_assert_msg(config != NULL && said.text[0] == '\0', "%s", said.text);
	ck_assert_uint_eq(config->n_heartbeats, 2);
	const struct config_heartbeat *first = &config->heartbeats[0];
	const struct config_heartbeat *second = &config->heartbeats[1];
	ck_assert(first->is_plain && first->is_public && first->interval_s == 30);
	ck_assert_str_eq(first->url, CLASSICUBE);
	ck_assert_ptr_null(first->name_suffix);
	ck_assert(!second->is_plain && !second->is_public);
	ck_assert_str_eq(second->url, BETACRAFT);
	ck_assert_str_eq(second->name_suffix, "+");
	ck_assert(config_heartbeat_has_keys(first) && config_heartbeat_has_keys(second));
	config_free(config);
}
END_TEST

START_TEST(listeners_are_found_by_their_ports)
{
	struct said said;
	struct config *config =
		load("{'port':0,'listeners':[{'port':8},{'port':7}],'heartbeats':[{'type':'"
		     "notchian',"
		     "'listener':7},{'type':'notchian'},{'type':'betacraft-v2','listener':8,"
		     "'public-address':'h'}]}",
		     &said);

	ck_assert_msg(config != NULL && said.text[0] == '\0', "%s", said.text);
	ck_assert_uint_eq(config->heartbeats[0].listener, 2);
	ck_assert_uint_eq(config->heartbeats[1].listener, 0);
	ck_assert_uint_eq(config->heartbeats[2].listener, 1);
	ck_assert(!config_heartbeat_has_keys(&config->heartbeats[2]));
	config_free(config);
}
END_TEST

START_TEST(too_many_are_refused)
{
	char json[8192];
	size_t n = strlcpy(json, "{'heartbeats':[", sizeof(json));
	struct said said;

	for (int i = 0; i <= CONFIG_HEARTBEATS_MAX; i++)
		n += (size_t)snprintf(json + n, sizeof(json) - n,
				      "%s{'type':'notchian','url':'http://x/%d'}",
				      i > 0 ? "," : "", i);
	strlcat(json, "]}", sizeof(json));
	ck_assert_ptr_null(load(json, &said));
	ck_assert_str_eq(said.text, "heartbeats: 33 are too many; there can be up to 32\n");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("config_heartbeats");
	TCase *tcase = tcase_create("config_heartbeats");

	tcase_add_loop_test(tcase, good_values_are_taken, 0, (int)COUNT(values));
	tcase_add_loop_test(tcase, faults_are_said, 0, (int)COUNT(faults));
	tcase_add_loop_test(tcase, warnings_are_said, 0, (int)COUNT(warnings));
	tcase_add_test(tcase, heartbeat_true_is_the_first);
	tcase_add_test(tcase, listeners_are_found_by_their_ports);
	tcase_add_test(tcase, too_many_are_refused);
	suite_add_tcase(suite, tcase);
	return suite_main(suite);
}
