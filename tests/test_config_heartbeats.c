/* SPDX-License-Identifier: MIT */
/*
 * The server lists of kurafuto.json: good values and what is printed of them, faults and
 * warnings word by word, and what they come to.
 */
#include <bsd/string.h>
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "said.h"
#include "scratch.h"
#include "suite.h"

#define COUNT(array)  (sizeof(array) / sizeof((array)[0]))
#define HERE_SIZE     512
#define X50           "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X180          X50 X50 X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define L(more)       "{'heartbeats':[{'type':'classicube'" more "}]}"
#define TWO(one, two) "{'heartbeats':[{'type':'classicube'" one "},{'type':'notchian'" two "}]}"
#define URL_WANTED    "an address that begins with https:// or http://, of up to 200 characters"
#define CLASSICUBE    "https://www.classicube.net/server/heartbeat/"
/* A salt-file that is another file of the state-dir, and what is said of it. */
#define TAKEN(file, name)                                                                     \
	"{'state-dir':'/nonexistent','salt-file':'" file "'}",                                \
		"salt-file: \"" file "\" is " name " of the state-dir, where Kurafuto keeps " \
		"something else; salts need a file of "                                       \
		"their own, such as salts.json\n"
#define BETACRAFT "https://betacraft.uk/heartbeat.jsp"

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
	{"{'heartbeat':true,'public':true}", "'public':\ttrue"},
	{"{}", "'public':\tfalse"},
	{"{}", "'salt-file':\tnull"},
	{"{'salt-file':'salts.json'}", "'salt-file':\t'salts.json'"},
	{"{'state-dir':'/nonexistent','salt-file':'x/bans.json'}", "'salt-file':\t'x/bans.json'"},
	{"{'salt-file':'kurafuto.json'}", "'salt-file':\t'kurafuto.json'"},
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
	{TAKEN("bans.json", "bans.json")},
	{TAKEN("allowed.json", "allowed.json")},
	{TAKEN("places.json", "places.json")},
	{TAKEN("kurafuto.url", "kurafuto.url")},
	{TAKEN(".//./bans.json", "bans.json")},
	{TAKEN("/nonexistent/./bans.json", "bans.json")},
	{TWO(",'name-suffix':'_a'", ",'name-suffix':'b_A'"),
	 "heartbeats[1].name-suffix: \"b_A\" ends in \"_a\", that of heartbeats[0]: two players could come to have the same name\n"},
	{TWO(",'name-suffix':'b_a'", ",'name-suffix':'_A'"),
	 "heartbeats[1].name-suffix: \"_A\" is the end of \"b_a\", that of heartbeats[0]: two players could come to have the same name\n"},
	{"{'heartbeat':true,'listeners':[{'port':7}],'heartbeats':[{'type':'notchian','name-suffix':'_'},{'type':'notchian','listener':7,'name-suffix':'+_'}]}",
	 "heartbeats[1].name-suffix: \"+_\" ends in \"_\", that of heartbeats[0]: two players could come to have the same name\n"},
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
	{TWO(",'name-suffix':'_ab'", ",'name-suffix':'_a'"), ""},
	{"{'heartbeats':[{'type':'classicube','name-suffix':'_a'},{'type':'betacraft-v2','public-address':'h','name-suffix':'b_a'}]}", ""},
	{"{'public':true}", "warning: public: does nothing without \"heartbeat\": true; an item of heartbeats has its own\n"},
	{"{'salt-rotation-h':1,'salt-grace-s':3601}", "warning: salt-grace-s: 3601 s are longer than salt-rotation-h, which is 1: "
	 "only one salt before is kept, so its keys count for 3600 s at most\n"},
	{"{'salt-rotation-h':1,'salt-grace-s':3600}", ""},
	{"{'salt-grace-s':604800}", ""},
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

/* However it is called: by its name, by another path, by a link. */
START_TEST(the_configuration_is_no_salt_file)
{
	static const struct {
		const char *before, *name;
		enum { NOTHING, LAST, WHOLE } middle; /* of the scratch directory's path */
	} files[] = {
		{"", "k.json", NOTHING}, {"../", "/k.json", LAST},
		{"", "/k.json", WHOLE},  {"", "other/../k.json", NOTHING},
		{"", "l.json", NOTHING},
	};
	char name[HERE_SIZE], file[HERE_SIZE], json[HERE_SIZE + 100], wanted[HERE_SIZE + 200];
	struct said said = {.text = ""};

	scratch_setup();
	strlcpy(name, in_scratch("k.json"), sizeof(name));
	ck_assert_int_eq(symlink("k.json", in_scratch("l.json")), 0);
	ck_assert_int_eq(mkdir(in_scratch("other"), 0700), 0);
	const char *last = strrchr(scratch, '/') + 1;
	const char *middle = files[_i].middle == WHOLE  ? scratch
			     : files[_i].middle == LAST ? last
							: "";
	snprintf(file, sizeof(file), "%s%s%s", files[_i].before, middle, files[_i].name);
	snprintf(json, sizeof(json), "{\"salt-file\":\"%s\"}", file);
	scratch_write("k.json", json);
	ck_assert_ptr_null(config_load(name, hear, &said));
	snprintf(wanted, sizeof(wanted),
		 "salt-file: \"%s\" is the configuration itself; salts need a file of their "
		 "own, "
		 "such as salts.json\n",
		 file);
	ck_assert_str_eq(said.text, wanted);
	scratch_write("k.json", "{\"salt-file\":\"other/k.json\"}");
	struct config *config = config_load(name, hear, &said);
	ck_assert_ptr_nonnull(config);
	config_free(config);
	ck_assert_int_eq(rmdir(in_scratch("other")), 0);
	scratch_teardown();
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
	tcase_add_loop_test(tcase, the_configuration_is_no_salt_file, 0, 5);
	suite_add_tcase(suite, tcase);
	return suite_main(suite);
}
