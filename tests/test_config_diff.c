/* SPDX-License-Identifier: MIT */
/*
 * What the log of a reload says: a line for each change, by the name of what has changed, and
 * nothing of secrets.
 */
#include "config_diff.h"

#include <bsd/string.h>
#include <check.h>
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "said.h"
#include "suite.h"

#define COUNT(array)  (sizeof(array) / sizeof((array)[0]))
#define A(more)       "{'name':'a','address':'127.0.0.1','port':1" more "}"
#define B(more)       "{'name':'b','address':'127.0.0.1','port':2" more "}"
#define LIST(more)    "{'type':'notchian','url':'http://a.b/c'" more "}"
#define LONG          "0123456789012345678901234567890123456789"
#define DOOR(port, m) "{'address':'::','port':" port m "}"

/* clang-format off */
static const struct {
	const char *from, *to, *lines;
} cases[] = {
	/* nothing */
	{"{}", "{}", ""},
	{"{'port':25565,'lobby':true}", "{'lobby':true}", ""},
	{"{'servers':[" A("") "]}", "{'servers':[" A(",'weight':1") "],'hubs':['a']}", ""},
	{"{'drop-packets':'0x1f'}", "{'drop-packets':[31]}", ""},

	/* simple values, also such that get their default again */
	{"{}", "{'port':1}", "port: 1, was 25565\n"},
	{"{'port':1}", "{}", "port: 25565, was 1\n"},
	{"{}", "{'name':'X','return':false}", "name: \"X\", was \"Kurafuto\"\nreturn: false, was true\n"},
	{"{}", "{'health':{'interval-ms':100,'check':'classic'}}",
	 "health.interval-ms: 100, was 5000\nhealth.check: \"classic\", was \"tcp\"\n"},
	{"{}", "{'log':{'level':'debug'}}", "log.level: \"debug\", was \"info\"\n"},
	{"{}", "{'rejoin':'last','watch':true}", "rejoin: \"last\", was \"hub\"\nwatch: true, was false\n"},

	/* secrets */
	{"{}", "{'salt':'first'}", "salt: changed\n"},
	{"{'salt':'first'}", "{'salt':'second'}", "salt: changed\n"},
	{"{'salt':'first'}", "{}", "salt: changed\n"},
	{"{'redirect-token':'12345678'}", "{'redirect-token':'abcdefgh'}", "redirect-token: changed\n"},

	{"{'servers':[" A(",'secret':'one'") "]}", "{'servers':[" A(",'secret':'two'") "]}", "servers.a.secret: changed\n"},
	{"{'servers':[" A("") "]}", "{'servers':[" A(",'secret':'two'") "]}", "servers.a.secret: changed\n"},
	{"{'servers':[" A("") "]}", "{'servers':[{'name':'A','address':'127.0.0.1','port':1}]}", "servers.A.name: \"A\", was \"a\"\nhubs: [\"A\"], was [\"a\"]\n"},
	{"{'heartbeats':[" LIST(",'private-key':'one'") "]}", "{'heartbeats':[" LIST(",'private-key':'two'") "]}",
	 "heartbeats.http://a.b/c.private-key: changed\n"},

	/* server lists, by their addresses */
	{"{}", "{'heartbeats':[" LIST("") "]}", "heartbeats.http://a.b/c: added\n"},
	{"{'heartbeats':[" LIST("") "]}", "{}", "heartbeats.http://a.b/c: removed\n"},
	{"{'heartbeats':[" LIST("") "]}", "{'heartbeats':[" LIST(",'name':'N','name-suffix':'+'") "]}",
	 "heartbeats.http://a.b/c.name: \"N\", was null\nheartbeats.http://a.b/c.name-suffix: \"+\", was null\n"},
	{"{'port':7,'heartbeats':[" LIST("") "]}", "{'port':7,'heartbeats':[" LIST(",'listener':7") "]}",
	 "heartbeats.http://a.b/c port 7: added\nheartbeats.http://a.b/c: removed\n"},
	{"{}", "{'heartbeat':true}", "heartbeat: true, was false\n"},

	/* servers, by their names */
	{"{'servers':[" A("") "]}", "{'servers':[" A("") "," B("") "]}", "servers.b: added\n"},
	{"{'servers':[" A("") "," B("") "]}", "{'servers':[" A("") "]}", "servers.b: removed\n"},
	{"{}", "{'servers':[" A("") "],'hubs':['a']}", "servers.a: added\nhubs: [\"a\"], was []\n"},
	{"{'servers':[" A("") "],'hubs':['a']}", "{}", "servers.a: removed\nhubs: [], was [\"a\"]\n"},
	{"{'servers':[" A("") "," B("") "],'hubs':['a']}", "{'servers':[" B("") "," A("") "],'hubs':['a']}",
	 "servers: in another order\n"},
	{"{'servers':[" A("") "]}", "{'servers':[{'name':'a','address':'::1','port':9}]}",
	 "servers.a.address: \"::1\", was \"127.0.0.1\"\nservers.a.port: 9, was 1\n"},
	{"{'servers':[" A("") "," B("") "]}",
	 "{'servers':[" B(",'motd':'Hi','aliases':['bee'],'backup':true") "," A(",'max-players':5") "],'hubs':['a']}",
	 "servers.b.aliases: [\"bee\"], was []\nservers.b.backup: true, was false\nservers.b.motd: \"Hi\", was null\n"
	 "servers.a.max-players: 5, was 0\n"},
	{"{'servers':[" A("") "]}", "{'servers':[" A(",'restricted':[]") "]}", "servers.a.restricted: [], was null\n"},

	/* groups, hubs, ranks, messages, listeners */
	{"{'servers':[" A("") "]}", "{'servers':[" A("") "],'groups':{'g':{'servers':['a']}}}", "groups.g: added\n"},
	{"{'servers':[" A("") "],'groups':{'g':{'servers':['a']}}}", "{'servers':[" A("") "]}", "groups.g: removed\n"},
	{"{'servers':[" A("") "," B("") "],'groups':{'g':{'servers':['a','b']}}}",
	 "{'servers':[" A("") "," B("") "],'groups':{'g':{'servers':['b','a'],'balance':'hash'}}}",
	 "groups.g.servers: [\"b\",\"a\"], was [\"a\",\"b\"]\ngroups.g.balance: \"hash\", was \"least-players\"\n"},
	{"{}", "{'ranks':{'admin':{'names':['X'],'commands':['*']}}}", "ranks.admin: added\n"},
	{"{'ranks':{'admin':{'names':['X']}}}", "{'ranks':{'admin':{'names':['X','Y']}}}",
	 "ranks.admin.names: [\"X\",\"Y\"], was [\"X\"]\n"},
	{"{}", "{'messages':{'full':'No'}}", "messages.full: added\n"},
	{"{'messages':{'full':'No'}}", "{'messages':{'full':'Not now'}}", "messages.full: \"Not now\", was \"No\"\n"},
	{"{'messages':{'full':'No'}}", "{}", "messages.full: removed\n"},
	{"{}", "{'listeners':[" DOOR("7", "") "]}", "listeners.:: port 7: added\n"},
	{"{'listeners':[" DOOR("7", "") "," DOOR("8", "") "]}", "{'listeners':[" DOOR("8", "") "]}",
	 "listeners.:: port 7: removed\n"},
	{"{'listeners':[" DOOR("7", ",'name':'N'") "]}", "{'listeners':[" DOOR("7", ",'name':'M'") "]}",
	 "listeners.:: port 7.name: \"M\", was \"N\"\n"},
	{"{'servers':[" A("") "," B("") "],'paths':{'/x':'a'}}", "{'servers':[" A("") "," B("") "],'paths':{'/x/':'b','h.net/y':'a'}}",
	 "paths./x: \"b\", was \"a\"\npaths.h.net/y: added\n"},
	{"{'servers':[" A("") "],'listeners':[" DOOR("7", ",'paths':{'h.secret':'a'}") "]}",
	 "{'servers':[" A("") "],'listeners':[" DOOR("7", ",'websocket':false") "]}",
	 "listeners.:: port 7.websocket: false, was true\nlisteners.:: port 7.paths.h.secret: removed\n"},
	{"{'servers':[" A("") "],'paths':{'/x':'a','/y':'a'}}", "{'servers':[" A("") "],'paths':{'/y/':'a','/x':'a'}}", ""},
	{"{}", "{'limits':{'half-open':0,'connects-per-s':0}}",
	 "limits.connects-per-s: 0, was 4\nlimits.connects-burst: 0, was 160\nlimits.half-open: 0, was 512\n"},
	{"{}", "{'log-addresses':'none'}", "log-addresses: \"none\", was \"full\"\n"},

	/* values that are long are cut */
	{"{}", "{'kick-pass':['" LONG LONG "']}",
	 "kick-pass: [\"0123456789012345678901234567890123456789012345678901234567..., was "
	 "[\"(^|[^[:alnum:]_])(ip|temp|perma?)?ban(ned)?([^[:alnum:]_]|...\n"},
};
/* clang-format on */

static struct config *parsed(const char *text)
{
	struct config *config;
	char *json = strdup(text);

	ck_assert_ptr_nonnull(json);
	for (char *c = json; *c != '\0'; c++)
		if (*c == '\'')
			*c = '"';
	config = good(json);
	free(json);
	return config;
}

static void take_line(void *context, const char *line)
{
	struct said *said = context;

	strlcat(said->text, line, sizeof(said->text));
	strlcat(said->text, "\n", sizeof(said->text));
}

START_TEST(a_line_for_each_change)
{
	struct config *from = parsed(cases[_i].from), *to = parsed(cases[_i].to);
	struct said said = {.text = ""};
	size_t n, lines = 0;

	ck_assert(config_diff(from, to, take_line, &said, &n));
	ck_assert_str_eq(said.text, cases[_i].lines);
	for (const char *c = said.text; *c != '\0'; c++)
		lines += *c == '\n';
	ck_assert_uint_eq(n, lines);
	config_free(from);
	config_free(to);
}
END_TEST

static unsigned allocations_left;

static void *allocate(size_t size)
{
	if (allocations_left == 0)
		return NULL;
	allocations_left--;
	return malloc(size);
}

/* Without memory for the two trees nothing is said, and not that nothing has changed. */
START_TEST(no_memory_is_no_change)
{
	cJSON_Hooks scarce = {.malloc_fn = allocate, .free_fn = free};
	struct config *from = parsed("{}"), *to = parsed("{'port':1}");
	bool is_told = false;
	unsigned most = 0;

	cJSON_InitHooks(&scarce);
	for (; !is_told; most++) {
		struct said said = {.text = ""};
		size_t n = 7;

		allocations_left = most;
		is_told = config_diff(from, to, take_line, &said, &n);
		ck_assert(is_told == (strncmp(said.text, "port: ", 6) == 0));
		ck_assert(is_told == (said.text[0] != '\0'));
		ck_assert_uint_eq(n, is_told);
	}
	cJSON_InitHooks(NULL);
	ck_assert_uint_gt(most, 100);
	config_free(from);
	config_free(to);
}
END_TEST

/* No more is said of many servers than of a few. */
START_TEST(many_servers_are_compared_by_name)
{
	static char json[2][32768];
	struct said said = {.text = ""};
	struct config *from, *to;
	size_t n;

	for (int list = 0; list < 2; list++) {
		size_t at = strlcpy(json[list], "{'servers':[", sizeof(json[list]));

		for (int i = 0; i < 200; i++)
			at += (size_t)snprintf(
				json[list] + at, sizeof(json[list]) - at,
				"%s{'name':'s%d','address':'127.0.0.1','port':%d}",
				i > 0 ? "," : "", list == 1 ? 199 - i : i,
				list == 1 && i == 99 ? 9 : 7);
		strlcat(json[list], "],'hubs':['s7']}", sizeof(json[list]));
	}
	from = parsed(json[0]);
	to = parsed(json[1]);
	ck_assert(config_diff(from, to, take_line, &said, &n));
	ck_assert_uint_eq(n, 1);
	ck_assert_str_eq(said.text, "servers.s100.port: 9, was 7\n");
	config_free(from);
	config_free(to);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("config_diff");
	TCase *tcase = tcase_create("config_diff");

	tcase_add_loop_test(tcase, a_line_for_each_change, 0, (int)COUNT(cases));
	tcase_add_test(tcase, no_memory_is_no_change);
	tcase_add_test(tcase, many_servers_are_compared_by_name);
	suite_add_tcase(suite, tcase);
	return suite_main(suite);
}
