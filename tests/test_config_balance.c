/* SPDX-License-Identifier: MIT */
/*
 * The keys of kurafuto.json about where players go: what a server says about itself, groups,
 * hubs, listeners, ranks, health and the pool, also messages and state-dir. Defaults, good and
 * bad values, who is found by a name, and the way back to JSON.
 */
#include <bsd/string.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "messages.h"
#include "said.h"
#include "suite.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define X10          "xxxxxxxxxx"
#define X50          X10 X10 X10 X10 X10
#define A            "\"name\":\"a\",\"address\":\"h\"" /* a server, but for the braces */
#define B            "\"name\":\"b\",\"address\":\"h\""
#define C            "\"name\":\"c\",\"address\":\"h\""
#define ABC          "\"servers\":[{" A "},{" B ",\"aliases\":[\"bee\"]},{" C "}]"

#define NAME_WANTED \
	"a name of 1-32 letters, digits, '_' and '-' that does not start with a digit"
#define HOST_WANTED     "an IPv4 or IPv6 address, a host name, or unix: and the path of a socket"
#define PLAYER_WANTED   "a player's name of 1-20 letters, digits, _ . @ + and -"
#define PROBE_WANTED    "a player's name of 1-16 letters, digits, _ . @ + and -"
#define PATTERN_WANTED  "a pattern of 1-32 letters, digits, '_', '-', '*' and '?'"
#define BALANCE_WANTED  "one of first, round-robin, random, least-players, most-players, hash"
#define ADDRESS_WANTED  "a numeric IPv4 or IPv6 address, such as 0.0.0.0 or ::"
#define PLAYERS_WANTED  "a list of names of players, or a text with commas"
#define PATTERNS_WANTED "a list of patterns, or a text with commas"

/* A configuration that differs from the defaults in each of the keys. */
/* clang-format off */
#define EVERYTHING \
	"{\"name\":\"N\",\"motd\":\"M\",\"address\":\"127.0.0.1\",\"port\":7," \
	"\"groups\":{\"every\":{\"servers\":\"c,bee,a\",\"balance\":\"hash\"},\"two\":{\"servers\":[\"A\",\"C\"],\"balance\":\"first\"}}," \
	"\"hubs\":[\"two\",\"bee\"]," \
	"\"listeners\":[{\"port\":8},{\"address\":\"::1\",\"port\":0,\"name\":\"NN\",\"motd\":\"\",\"hubs\":\"every,c\"}," \
	"{\"address\":\"::1\",\"port\":0,\"hubs\":[]}]," \
	"\"servers\":[{" A ",\"weight\":0,\"max-players\":65535,\"backup\":true,\"hidden\":true,\"aliases\":\"x,y\"," \
	"\"restricted\":\"Bob@mojang,@MOD, a+\",\"motd\":\"&eHi\"},{" B ",\"aliases\":[\"bee\"],\"restricted\":[]}," \
	"{\"name\":\"c\",\"address\":\"unix:run/c.sock\",\"weight\":256,\"max-players\":1,\"restricted\":null,\"motd\":null}]," \
	"\"ranks\":{\"mod\":{\"names\":[\"Bob\",\"_.@+-\"],\"commands\":\"kick,ban*\",\"servers\":\"?\"},\"default\":{\"commands\":[\"jump\",\"*\"]}}," \
	"\"rejoin\":\"last\",\"health\":{\"interval-ms\":60,\"check\":\"classic\",\"probe-name\":\"P+\",\"rise\":100,\"fall\":2,\"slow-start-s\":86400}," \
	"\"pool\":{\"size\":64,\"max-age-s\":3600},\"state-dir\":\"/var/lib/kura\",\"watch\":true}"
/* clang-format on */

START_TEST(defaults)
{
	struct config *config = good("{\"servers\":[{" A "}]}");
	const struct config_server *server = &config->servers[0];
	const struct config_listener *listener = &config->listeners[0];

	ck_assert_uint_eq(server->aliases.n, 0);
	ck_assert_uint_eq(server->weight, 1);
	ck_assert_uint_eq(server->max_players, 0);
	ck_assert(!server->backup && !server->hidden && !server->is_restricted);
	ck_assert_uint_eq(server->restricted.n, 0);
	ck_assert_ptr_null(server->motd);
	ck_assert_ptr_null(server->server);
	ck_assert_uint_eq(config->n_groups, 0);
	ck_assert_uint_eq(config->n_ranks, 0);
	ck_assert_uint_eq(config->hubs.n, 1);
	ck_assert(!config->hubs.items[0].is_group);
	ck_assert_uint_eq(config->hubs.items[0].index, 0);
	ck_assert_uint_eq(config->n_listeners, 1);
	ck_assert_str_eq(listener->address, "0.0.0.0");
	ck_assert_uint_eq(listener->port, 25565);
	ck_assert_str_eq(listener->name, "Kurafuto");
	ck_assert_str_eq(listener->motd, "Welcome!");
	ck_assert_uint_eq(listener->hubs.n, 1);
	ck_assert_int_eq(config->health_check, CONFIG_CHECK_TCP);
	ck_assert_str_eq(config->health_probe_name, "Kurafuto");
	ck_assert_uint_eq(config->health_rise, 1);
	ck_assert_uint_eq(config->health_fall, 1);
	ck_assert_uint_eq(config->slow_start_s, 0);
	ck_assert_uint_eq(config->pool_size, 0);
	ck_assert_uint_eq(config->pool_max_age_s, 30);
	ck_assert(!config->rejoin_last && !config->watch);
	ck_assert_str_eq(config->state_dir, ".");
	ck_assert_uint_eq(config->messages.n, MESSAGE_COUNT);
	for (size_t i = 0; i < MESSAGE_COUNT; i++)
		ck_assert_ptr_null(config->messages.items[i]);
	config_free(config);
}
END_TEST

static void assert_list(const struct config_list *list, const char *wanted)
{
	char text[512] = "";

	for (size_t i = 0; i < list->n; i++) {
		strlcat(text, i > 0 ? " " : "", sizeof(text));
		strlcat(text, list->items[i], sizeof(text));
	}
	ck_assert_str_eq(text, wanted);
}

static void assert_hubs(const struct config *config, const struct config_hubs *hubs,
			const char *wanted)
{
	char text[512] = "";

	for (size_t i = 0; i < hubs->n; i++) {
		const struct config_hub *hub = &hubs->items[i];

		strlcat(text, i > 0 ? " " : "", sizeof(text));
		strlcat(text, hub->is_group ? "@" : "", sizeof(text));
		strlcat(text,
			hub->is_group ? config->groups[hub->index].name
				      : config->servers[hub->index].name,
			sizeof(text));
	}
	ck_assert_str_eq(text, wanted);
}

static void assert_everything(const struct config *config)
{
	const struct config_server *server = config->servers;
	const struct config_group *group = config->groups;
	const struct config_listener *listener = config->listeners;
	const struct config_rank *rank = config->ranks;

	ck_assert_uint_eq(config->n_servers, 3);
	assert_list(&server[0].aliases, "x y");
	ck_assert(server[0].weight == 0 && server[1].weight == 1 && server[2].weight == 256);
	ck_assert_uint_eq(server[0].max_players, 65535);
	ck_assert_uint_eq(server[2].max_players, 1);
	ck_assert(server[0].backup && !server[1].backup);
	ck_assert(server[0].hidden && !server[1].hidden);
	ck_assert(server[0].is_restricted && server[1].is_restricted &&
		  !server[2].is_restricted);
	assert_list(&server[0].restricted, "Bob@mojang @MOD a+");
	assert_list(&server[1].restricted, "");
	ck_assert_str_eq(server[0].motd, "&eHi");
	ck_assert_ptr_null(server[2].motd);
	ck_assert_str_eq(server[2].address, "unix:run/c.sock");

	ck_assert_uint_eq(config->n_groups, 2);
	ck_assert_str_eq(group[0].name, "every");
	ck_assert_uint_eq(group[0].n_servers, 3);
	ck_assert(group[0].servers[0] == 2 && group[0].servers[1] == 1 &&
		  group[0].servers[2] == 0);
	ck_assert_int_eq(group[0].balance, CONFIG_BALANCE_HASH);
	ck_assert_int_eq(group[1].balance, CONFIG_BALANCE_FIRST);
	assert_hubs(config, &config->hubs, "@two b");

	ck_assert_uint_eq(config->n_listeners, 4);
	ck_assert_str_eq(listener[0].address, "127.0.0.1");
	ck_assert_uint_eq(listener[0].port, 7);
	ck_assert_str_eq(listener[0].name, "N");
	ck_assert_str_eq(listener[0].motd, "M");
	assert_hubs(config, &listener[0].hubs, "@two b");
	ck_assert_str_eq(listener[1].address, "0.0.0.0");
	ck_assert_uint_eq(listener[1].port, 8);
	ck_assert_str_eq(listener[1].name, "N");
	ck_assert_str_eq(listener[1].motd, "M");
	assert_hubs(config, &listener[1].hubs, "@two b");
	ck_assert_str_eq(listener[2].name, "NN");
	ck_assert_str_eq(listener[2].motd, "");
	assert_hubs(config, &listener[2].hubs, "@every c");
	assert_hubs(config, &listener[3].hubs, "@two b");

	ck_assert_uint_eq(config->n_ranks, 2);
	ck_assert_str_eq(rank[0].name, "mod");
	assert_list(&rank[0].names, "Bob _.@+-");
	assert_list(&rank[0].commands, "kick ban*");
	assert_list(&rank[0].servers, "?");
	ck_assert_str_eq(rank[1].name, "default");
	assert_list(&rank[1].names, "");
	assert_list(&rank[1].commands, "jump *");

	ck_assert_int_eq(config->health_check, CONFIG_CHECK_CLASSIC);
	ck_assert_str_eq(config->health_probe_name, "P+");
	ck_assert(config->health_rise == 100 && config->health_fall == 2);
	ck_assert_uint_eq(config->slow_start_s, 86400);
	ck_assert(config->pool_size == 64 && config->pool_max_age_s == 3600);
	ck_assert(config->rejoin_last && config->watch);
	ck_assert_str_eq(config->state_dir, "/var/lib/kura");
}

/* What is loaded, and what is loaded from what is printed. */
START_TEST(everything_twice)
{
	struct config *first = good(EVERYTHING);
	char *text = printed(first);
	struct config *second = good(text);
	char *again = printed(second);

	assert_everything(first);
	assert_everything(second);
	ck_assert_str_eq(text, again);
	free(text);
	free(again);
	config_free(first);
	config_free(second);
}
END_TEST

/* ---- good values: what is printed when they have been loaded ---- */

/* clang-format off */
static const struct {
	const char *json, *shown;
} values[] = {
	{"{\"servers\":[{" A ",\"aliases\":[\"" X10 X10 X10 "12\"]}]}", "\"aliases\":\t[\"" X10 X10 X10 "12\"]"},
	{"{\"servers\":[{" A ",\"aliases\":\"lobby\"}],\"lobby\":false}", "\"aliases\":\t[\"lobby\"]"},
	{"{\"servers\":[{\"name\":\"a\",\"address\":\"unix:/" X50 X50 "1234\\u00e9\"}]}", "unix:/" X50 X50},
	{"{\"servers\":[{\"name\":\"a\",\"address\":\"unix:x\",\"port\":25565}]}", "\"unix:x\""},
	{"{\"servers\":[{" A ",\"weight\":256}]}", "\"weight\":\t256,"},
	{"{\"servers\":[{" A ",\"max-players\":0}]}", "\"max-players\":\t0,\n\t\t\t\"backup\""},
	{"{\"servers\":[{" A ",\"restricted\":[]}]}", "\"restricted\":\t[]"},
	{"{\"servers\":[{" A ",\"restricted\":\"\"}]}", "\"restricted\":\t[]"},
	{"{\"servers\":[{" A ",\"restricted\":null}]}", "\"restricted\":\tnull"},
	{"{\"servers\":[{" A "}]}", "\"restricted\":\tnull,\n\t\t\t\"motd\":\tnull"},
	{"{\"servers\":[{" A ",\"restricted\":[\"1234567890123456\",\"x@y+\"]}]}", "[\"1234567890123456\", \"x@y+\"]"},
	{"{\"servers\":[{" A ",\"motd\":\"\"}]}", "\"motd\":\t\"\",\n\t\t\t\"on-kick\""},
	{"{" ABC ",\"groups\":{\"g\":{\"servers\":\"a\"}}}", "\"servers\":\t[\"a\"],\n\t\t\t\"balance\":\t\"least-players\""},
	{"{" ABC ",\"groups\":{\"g\":{\"servers\":[\"bee\",\"A\"],\"balance\":\"round-robin\"}}}", "\"servers\":\t[\"b\", \"a\"]"},
	{"{" ABC ",\"groups\":{\"g\":{\"servers\":\"a\",\"balance\":\"random\"}},\"hubs\":\"G,a\"}", "\"hubs\":\t[\"g\", \"a\"]"},
	{"{" ABC ",\"groups\":{\"g\":{\"servers\":\"a\",\"balance\":\"most-players\"},\"h\":{\"servers\":\"a\"}}}", "\"h\":\t{"},
	{"{" ABC ",\"hubs\":[\"BEE\",\"c\"]}", "\"hubs\":\t[\"b\", \"c\"]"},
	{"{" ABC ",\"listeners\":[{\"port\":1}]}", "\"address\":\t\"0.0.0.0\",\n\t\t\t\"port\":\t1,\n\t\t\t\"name\":\t\"Kurafuto\",\n\t\t\t\"motd\":\t\"Welcome!\",\n\t\t\t\"hubs\":\t[\"a\"]"},
	{"{\"listeners\":[{\"port\":1,\"name\":null,\"motd\":null,\"hubs\":\"\"}]}", "\"hubs\":\t[]"},
	{"{\"listeners\":[{\"port\":25565,\"address\":\"127.0.0.1\"},{\"port\":25565,\"address\":\"::1\"}]}", "\"::1\""},
	{"{\"port\":0,\"listeners\":[{\"port\":0},{\"port\":0}]}", "\"port\":\t0,\n\t\t\t\"name\""},
	{"{\"ranks\":{\"r\":{}}}", "\"names\":\t[],\n\t\t\t\"commands\":\t[],\n\t\t\t\"servers\":\t[]"},
	{"{\"ranks\":{\"r\":{\"commands\":[\"a-_?*\",\"b,c\"]}}}", "\"commands\":\t[\"a-_?*\", \"b\", \"c\"]"},
	{"{\"rejoin\":\"hub\"}", "\"rejoin\":\t\"hub\""},
	{"{\"rejoin\":\"last\"}", "\"rejoin\":\t\"last\""},
	{"{\"health\":{\"rise\":1,\"fall\":100}}", "\"rise\":\t1,\n\t\t\"fall\":\t100"},
	{"{\"health\":{\"slow-start-s\":1}}", "\"slow-start-s\":\t1\n"},
	{"{\"health\":{\"slow-start-s\":0,\"check\":\"tcp\"}}", "\"slow-start-s\":\t0\n"},
	{"{\"pool\":{\"max-age-s\":1}}", "\"size\":\t0,\n\t\t\"max-age-s\":\t1\n"},
	{"{\"state-dir\":\"x/\"}", "\"state-dir\":\t\"x/\""},
	{"{\"state-dir\":null}", "\"state-dir\":\t\".\""},
	{"{\"watch\":true}", "\"watch\":\ttrue"},
	{"{\"messages\":{}}", "\"messages\":\t{\n\t}"},
	{EVERYTHING, "\"rejoin\":\t\"last\""},
};
/* clang-format on */

START_TEST(good_values_are_taken)
{
	struct config *config = good(values[_i].json);
	char *text = printed(config);

	ck_assert_msg(strstr(text, values[_i].shown) != NULL, "%s: no %s in %s",
		      values[_i].json, values[_i].shown, text);
	struct config *second = good(text);
	char *again = printed(second);
	ck_assert_str_eq(text, again);
	free(text);
	free(again);
	config_free(config);
	config_free(second);
}
END_TEST

static const char *const balances[] = {"first",         "round-robin",  "random",
				       "least-players", "most-players", "hash"};

START_TEST(balances_are_the_enum)
{
	char json[200];

	snprintf(json, sizeof(json),
		 "{" ABC ",\"groups\":{\"g\":{\"servers\":\"a\",\"balance\":\"%s\"}}}",
		 balances[_i]);
	struct config *config = good(json);
	ck_assert_int_eq(config->groups[0].balance, (enum config_balance)_i);
	config_free(config);
}
END_TEST

/* ---- bad values: each fault, word by word ---- */

/* clang-format off */
static const struct {
	const char *json, *said;
} faults[] = {
	/* servers */
	{"{\"servers\":[{" A ",\"aliases\":[\"1a\",\"ok\",7,\"a b\",\"" X10 X10 X10 "123\"]}]}",
	 "servers[0].aliases[0]: \"1a\" is not " NAME_WANTED "\n"
	 "servers[0].aliases[2]: 7 is not " NAME_WANTED "\n"
	 "servers[0].aliases[3]: \"a b\" is not " NAME_WANTED "\n"
	 "servers[0].aliases[4]: \"" X10 X10 X10 "123\" is not " NAME_WANTED "\n"},
	{"{\"servers\":[{" A ",\"aliases\":\"x,,y\"}]}", "servers[0].aliases: \"\" is not " NAME_WANTED "\n"},
	{"{\"servers\":[{" A ",\"aliases\":null}]}",
	 "servers[0].aliases: null is nothing, and not a list of up to 16 names, or a text with commas\n"},
	{"{\"servers\":[{" A ",\"aliases\":\"A,x,X,Lobby,All\"}]}",
	 "servers[0].aliases: \"A\" is a name of this server already\n"
	 "servers[0].aliases: \"X\" is a name of this server already\n"
	 "servers[0].aliases: \"Lobby\" is the embedded lobby; choose another name, or set lobby to false\n"
	 "servers[0].aliases: \"All\" means every server in commands; choose another name\n"},
	{"{\"servers\":[{" A ",\"aliases\":\"x\"},{" B ",\"aliases\":[\"X\",\"A\"]},{\"name\":\"x\",\"address\":\"h\"}]}",
	 "servers[1].aliases: \"X\" is the name of servers[0] already\n"
	 "servers[1].aliases: \"A\" is the name of servers[0] already\n"
	 "servers[2].name: \"x\" is the name of servers[0] already\n"},
	{"{\"servers\":[{\"name\":\"a\",\"address\":\"unix:\"},{\"name\":\"b\",\"address\":\"unix:a\\tb\"},"
	 "{\"name\":\"c\",\"address\":\"Unix:/x\"},{\"name\":\"d\",\"address\":\"unix:" X50 X50 "12345678\"}]}",
	 "servers[0].address: \"unix:\" is not " HOST_WANTED "\n"
	 "servers[1].address: \"unix:a\\tb\" is not " HOST_WANTED "\n"
	 "servers[2].address: \"Unix:/x\" is not " HOST_WANTED "\n"
	 "servers[3].address: \"unix:" X50 "xxxx... has a path of 108 bytes, and that of a UNIX socket has 107 at most\n"},
	{"{\"servers\":[{" A ",\"weight\":257,\"max-players\":65536,\"backup\":1,\"hidden\":\"no\",\"motd\":7}]}",
	 "servers[0].weight: 257 is not a weight (0-256)\n"
	 "servers[0].max-players: 65536 is not a number of players (0 or 1-65535)\n"
	 "servers[0].backup: 1 is a number, and not true or false\n"
	 "servers[0].hidden: \"no\" is a text, and not true or false\n"
	 "servers[0].motd: 7 is a number, and not a text of up to 64 characters\n"},
	{"{\"servers\":[{" A ",\"weight\":-1,\"max-players\":-1,\"motd\":\"" X50 X10 "12345\"}]}",
	 "servers[0].weight: -1 is not a weight (0-256)\n"
	 "servers[0].max-players: -1 is not a number of players (0 or 1-65535)\n"
	 "servers[0].motd: \"" X50 "xxxxxxxxx... has 65 characters, and only 64 fit into a line of the game\n"},
	{"{\"servers\":[{" A ",\"alias\":1,\"max_players\":1,\"wieght\":1}]}",
	 "servers[0].alias: unknown key\n"
	 "servers[0].max_players: unknown key; did you mean \"max-players\"?\n"
	 "servers[0].wieght: unknown key; did you mean \"weight\"?\n"},

	/* who may go there */
	{"{\"servers\":[{" A ",\"restricted\":[\"a b\",7,\"\",\"123456789012345678901\",\"@\",\"@mdo\",\"@other\",\"ok\"]}],\"ranks\":{\"mod\":{}}}",
	 "servers[0].restricted[0]: \"a b\" is not " PLAYER_WANTED ", or that of a rank with @ in front\n"
	 "servers[0].restricted[1]: 7 is not " PLAYER_WANTED ", or that of a rank with @ in front\n"
	 "servers[0].restricted[3]: \"123456789012345678901\" is not " PLAYER_WANTED ", or that of a rank with @ in front\n"
	 "servers[0].restricted[4]: \"@\" is not the name of a rank with @ in front\n"
	 "servers[0].restricted[5]: \"@mdo\" is not the name of a rank with @ in front; did you mean \"@mod\"?\n"
	 "servers[0].restricted[6]: \"@other\" is not the name of a rank with @ in front\n"},
	{"{\"servers\":[{" A ",\"restricted\":\"@mods\"}],\"ranks\":{\"mod\":{}}}",
	 "servers[0].restricted: \"@mods\" is not the name of a rank with @ in front; did you mean \"@mod\"?\n"},
	{"{\"servers\":[{" A ",\"restricted\":true}]}",
	 "servers[0].restricted: true is a truth value, and not a list of names of players and @ranks, or a text with commas\n"},
	{"{\"ranks\":[]}", "ranks: [] is a list, and not an object with an object for the name of each rank\n"},
	{"{\"ranks\":{\"m\":[],\"\":{},\"a b\":{},\"1\":{}}}",
	 "ranks.m: [] is a list, and not an object { ... }\n"
	 "ranks.\"\": the name of a rank must be " NAME_WANTED "\n"
	 "ranks.\"a b\": the name of a rank must be " NAME_WANTED "\n"
	 "ranks.1: the name of a rank must be " NAME_WANTED "\n"},
	{"{\"ranks\":{\"mod\":{},\"Mod\":{},\"mod\":{}}}",
	 "ranks.Mod: \"Mod\" is a rank already; names must differ in more than case\n"
	 "ranks.mod: \"mod\" is a rank already; names must differ in more than case\n"},
	{"{\"ranks\":{\"m\":{\"names\":[\"a b\",1],\"commands\":[\"/x\",\"a b\",\"" X10 X10 X10 "123\",null],\"servers\":\"a.b,*\",\"name\":1}}}",
	 "ranks.m.name: unknown key; did you mean \"names\"?\n"
	 "ranks.m.names[0]: \"a b\" is not " PLAYER_WANTED "\n"
	 "ranks.m.names[1]: 1 is not " PLAYER_WANTED "\n"
	 "ranks.m.commands[0]: \"/x\" is not " PATTERN_WANTED "\n"
	 "ranks.m.commands[1]: \"a b\" is not " PATTERN_WANTED "\n"
	 "ranks.m.commands[2]: \"" X10 X10 X10 "123\" is not " PATTERN_WANTED "\n"
	 "ranks.m.commands[3]: null is not " PATTERN_WANTED "\n"
	 "ranks.m.servers: \"a.b\" is not " PATTERN_WANTED "\n"},
	{"{\"ranks\":{\"m\":{\"names\":null,\"commands\":true,\"servers\":{}}}}",
	 "ranks.m.names: null is nothing, and not " PLAYERS_WANTED "\n"
	 "ranks.m.commands: true is a truth value, and not " PATTERNS_WANTED "\n"
	 "ranks.m.servers: {} is an object, and not " PATTERNS_WANTED "\n"},

	/* groups and hubs */
	{"{\"groups\":\"a\"}", "groups: \"a\" is a text, and not an object with an object for the name of each group\n"},
	{"{" ABC ",\"groups\":{\"g\":{},\"h\":7,\"i\":{\"servers\":[]},\"j\":{\"servers\":{}},\"k\":{\"servers\":\"a\",\"balance\":\"Hash\"}}}",
	 "groups.g.servers: missing: a list of names of servers, or a text with commas\n"
	 "groups.h: 7 is a number, and not an object { ... }\n"
	 "groups.i.servers: a group needs at least one server\n"
	 "groups.j.servers: {} is an object, and not a list of names of servers, or a text with commas\n"
	 "groups.k.balance: \"Hash\" is not " BALANCE_WANTED "\n"},
	{"{" ABC ",\"groups\":{\"g\":{\"servers\":[\"a\",\"A\",\"bee\",\"b\",\"beee\",7]},\"h\":{\"servers\":\"g\",\"weight\":1}}}",
	 "groups.g.servers[1]: \"A\" stands there twice\n"
	 "groups.g.servers[3]: \"b\" stands there twice\n"
	 "groups.g.servers[4]: \"beee\" is not the name of a linked server; did you mean \"bee\"?\n"
	 "groups.g.servers[5]: 7 is not the name of a linked server\n"
	 "groups.h.weight: unknown key\n"
	 "groups.h.servers: \"g\" is not the name of a linked server; did you mean \"a\"?\n"},
	{"{" ABC ",\"lobby\":false,\"groups\":{\"A\":{\"servers\":\"a\"},\"Bee\":{\"servers\":\"a\"},\"1\":{\"servers\":\"a\"},"
	 "\"g\":{\"servers\":\"a\"},\"G\":{\"servers\":\"a\"},\"Lobby\":{\"servers\":\"a\"},\"ALL\":{\"servers\":\"a\"}}}",
	 "groups.A: \"A\" is the name of servers[0] already\n"
	 "groups.Bee: \"Bee\" is the name of servers[1] already\n"
	 "groups.1: the name of a group must be " NAME_WANTED "\n"
	 "groups.G: \"G\" is a group already; names must differ in more than case\n"
	 "groups.Lobby: \"Lobby\" is the name of the embedded lobby; choose another\n"
	 "groups.ALL: \"ALL\" means every server in commands; choose another name\n"},
	{"{" ABC ",\"groups\":{\"pvp\":{\"servers\":\"a\"}},\"hubs\":[\"pvp\",\"b\",\"PVP\",\"bee\",\"pvq\",\"bea\",\"lobby\"]}",
	 "hubs[2]: \"PVP\" stands there twice\n"
	 "hubs[3]: \"bee\" stands there twice\n"
	 "hubs[4]: \"pvq\" is not the name of a linked server or of a group; did you mean \"pvp\"?\n"
	 "hubs[5]: \"bea\" is not the name of a linked server or of a group; did you mean \"bee\"?\n"
	 "hubs[6]: \"lobby\" is not the name of a linked server or of a group\n"},

	/* listeners */
	{"{\"listeners\":{\"a\":1,\"b\":2}}", "listeners: {\"a\":1,\"b\":2} is an object, and not a list of objects\n"},
	{"{\"listeners\":[7,{},{\"port\":65536,\"address\":\"localhost\",\"name\":\"\",\"motd\":1,\"hubs\":\"a\",\"hub\":1}]}",
	 "listeners[0]: 7 is a number, and not an object { ... }\n"
	 "listeners[1].port: missing: a port (0-65535)\n"
	 "listeners[2].hub: unknown key; did you mean \"hubs\"?\n"
	 "listeners[2].address: \"localhost\" is not " ADDRESS_WANTED "\n"
	 "listeners[2].port: 65536 is not a port (0-65535)\n"
	 "listeners[2].name: \"\" is not a text of 1-64 characters\n"
	 "listeners[2].motd: 1 is a number, and not a text of up to 64 characters\n"
	 "listeners[2].hubs: \"a\" is not the name of a linked server or of a group\n"},
	{"{" ABC ",\"listeners\":[{\"port\":1,\"hubs\":[\"a\",\"A\"]}]}", "listeners[0].hubs[1]: \"A\" stands there twice\n"},
	{"{\"listeners\":[{\"port\":25565},{\"port\":7},{\"port\":7,\"address\":\"::1\"},{\"port\":7,\"address\":\"0::0:1\"},{\"port\":7}]}",
	 "listeners[0]: 0.0.0.0 port 25565 is what address and port say already\n"
	 "listeners[3]: 0::0:1 port 7 is that of listeners[2] already\n"
	 "listeners[4]: 0.0.0.0 port 7 is that of listeners[1] already\n"},
	{"{\"address\":\"x\",\"port\":7,\"listeners\":[{\"port\":7,\"address\":\"y\"}]}",
	 "address: \"x\" is not " ADDRESS_WANTED "\nlisteners[0].address: \"y\" is not " ADDRESS_WANTED "\n"},
	{"{\"port\":1,\"listeners\":[{\"port\":7},{\"port\":8,\"address\":\"::\"}],\"servers\":[{\"name\":\"a\",\"address\":\"127.0.0.1\",\"port\":7},"
	 "{\"name\":\"b\",\"address\":\"::1\",\"port\":8},{\"name\":\"c\",\"address\":\"::1\",\"port\":7},{\"name\":\"d\",\"address\":\"unix:0.0.0.0\",\"port\":7}]}",
	 "servers[0]: 127.0.0.1 port 7 is where Kurafuto itself listens; give one of them another port\n"
	 "servers[1]: ::1 port 8 is where Kurafuto itself listens; give one of them another port\n"},

	/* the rest */
	{"{\"rejoin\":\"Last\"}", "rejoin: \"Last\" is not one of hub, last\n"},
	{"{\"rejoin\":true}", "rejoin: true is a truth value, and not one of hub, last\n"},
	{"{\"health\":{\"check\":\"ping\",\"probe-name\":\"a b\",\"rise\":0,\"fall\":101,\"slow-start-s\":86401}}",
	 "health.check: \"ping\" is not one of tcp, classic\n"
	 "health.probe-name: \"a b\" is not " PROBE_WANTED "\n"
	 "health.rise: 0 is not a number of tries (1-100)\n"
	 "health.fall: 101 is not a number of tries (1-100)\n"
	 "health.slow-start-s: 86401 is not a time in seconds (0 or 1-86400)\n"},
	{"{\"health\":{\"probe-name\":null,\"slow-start\":1},\"slow-start-s\":1}",
	 "slow-start-s: unknown key\n"
	 "health.slow-start: unknown key; did you mean \"slow-start-s\"?\n"
	 "health.probe-name: null is nothing, and not " PROBE_WANTED "\n"},
	{"{\"pool\":{\"size\":65,\"max-age-s\":0}}",
	 "pool.size: 65 is not a number of connections (0-64)\npool.max-age-s: 0 is not a time in seconds (1-3600)\n"},
	{"{\"pool\":{\"max-age-s\":3601}}", "pool.max-age-s: 3601 is not a time in seconds (1-3600)\n"},
	{"{\"pool\":4}", "pool: 4 is a number, and not an object { ... }\n"},
	{"{\"state-dir\":\"\"}", "state-dir: \"\" is not the path of a directory\n"},
	{"{\"state-dir\":\"a\\nb\"}", "state-dir: \"a\\nb\" is not the path of a directory\n"},
	{"{\"state-dir\":1}", "state-dir: 1 is a number, and not the path of a directory\n"},
	{"{\"watch\":1}", "watch: 1 is a number, and not true or false\n"},
	{"{\"messages\":[]}", "messages: [] is a list, and not an object with a text for each key\n"},
	{"{\"messages\":{\"\":1,\"nothing like any of them\":\"x\"}}",
	 "messages.\"\": unknown key\nmessages.\"nothing like any of them\": unknown key\n"},
};
/* clang-format on */

START_TEST(faults_are_said)
{
	struct said said;

	ck_assert_ptr_null(parse(faults[_i].json, &said));
	ck_assert_str_eq(said.text, faults[_i].said);
}
END_TEST

/* ---- names ---- */

START_TEST(names_and_aliases_are_found)
{
	struct config *config = good(
		"{" ABC ",\"groups\":{\"pvp\":{\"servers\":\"a\"},\"g\":{\"servers\":\"a\"}}}");

	ck_assert_uint_eq(config_find_server(config, "a"), 0);
	ck_assert_uint_eq(config_find_server(config, "B"), 1);
	ck_assert_uint_eq(config_find_server(config, "Bee"), 1);
	ck_assert_uint_eq(config_find_server(config, "c"), 2);
	ck_assert_uint_eq(config_find_server(config, "be"), 3);
	ck_assert_uint_eq(config_find_server(config, ""), 3);
	ck_assert_uint_eq(config_find_server(config, "pvp"), 3);
	ck_assert_uint_eq(config_find_group(config, "PvP"), 0);
	ck_assert_uint_eq(config_find_group(config, "g"), 1);
	ck_assert_uint_eq(config_find_group(config, "a"), 2);
	config_free(config);
}
END_TEST

/* ---- as many as there can be, and one more ---- */

static const struct {
	const char *before, *left, *right, *after; /* a number stands between left and right */
	const char *path;
	unsigned max;
} limits[] = {
	{"{\"servers\":[{" A ",\"aliases\":[", "\"x", "\"", "]}]}", "servers[0].aliases", 16},
	{"{\"ranks\":{", "\"r", "\":{}", "}}", "ranks", 256},
	{"{" ABC ",\"groups\":{", "\"g", "\":{\"servers\":\"a\"}", "}}", "groups",
	 CONFIG_GROUPS_MAX},
	{"{\"listeners\":[", "{\"port\":", "}", "]}", "listeners", CONFIG_LISTENERS_MAX},
};

START_TEST(limits_are_kept)
{
	static char json[32768];

	for (unsigned n = limits[_i].max; n <= limits[_i].max + 1; n++) {
		char wanted[200] = "";
		struct said said;

		strlcpy(json, limits[_i].before, sizeof(json));
		for (unsigned i = 0; i < n; i++) {
			size_t end = strlen(json);

			snprintf(json + end, sizeof(json) - end, "%s%s%u%s", i > 0 ? "," : "",
				 limits[_i].left, 1000 + i, limits[_i].right);
		}
		ck_assert_uint_lt(strlcat(json, limits[_i].after, sizeof(json)), sizeof(json));
		if (n > limits[_i].max)
			snprintf(wanted, sizeof(wanted),
				 "%s: %u are too many; there can be up to %u\n",
				 limits[_i].path, n, limits[_i].max);
		struct config *config = parse(json, &said);
		ck_assert_str_eq(said.text, wanted);
		ck_assert_int_eq(config != NULL, n == limits[_i].max);
		config_free(config);
	}
}
END_TEST

/* ---- the directory for what is kept ---- */

static const struct {
	const char *path, *directory;
} directories[] = {
	{NULL, "."},           {"k.json", "."},
	{"/k.json", "/"},      {"/etc/kura/k.json", "/etc/kura"},
	{"./k.json", "."},     {"../a b/k.json", "../a b"},
	{"etc/k.json", "etc"},
};

START_TEST(the_state_is_beside_the_file)
{
	struct said said = {""};
	struct config *config = config_parse(directories[_i].path, "{}", 2, hear, &said);

	ck_assert_str_eq(said.text, "");
	ck_assert_str_eq(config->state_dir, directories[_i].directory);
	config_free(config);
}
END_TEST

/* ---- messages, whatever they are called ---- */

START_TEST(messages_are_replaced)
{
	const enum message last = MESSAGE_COUNT - 1;
	char json[200], wanted[200];

	snprintf(json, sizeof(json), "{\"messages\":{\"%s\":\"Hm \\u2665.\"}}",
		 message_key(last));
	snprintf(wanted, sizeof(wanted),
		 "\"messages\":\t{\n\t\t\"%s\":\t\"Hm \xe2\x99\xa5.\"\n\t}", message_key(last));
	struct config *first = good(json);
	char *text = printed(first);
	struct config *second = good(text);

	ck_assert_ptr_nonnull(strstr(text, wanted));
	for (enum message i = 0; i < MESSAGE_COUNT; i++)
		ck_assert_pstr_eq(second->messages.items[i],
				  i == last ? "Hm \xe2\x99\xa5." : NULL);
	free(text);
	config_free(first);
	config_free(second);
}
END_TEST

START_TEST(messages_with_faults)
{
	const char *key = message_key((enum message)0);
	char json[600], wanted[1000], why[200] = "";
	struct said said;

	ck_assert(!message_check((enum message)0, "a\nb", why, sizeof(why)));
	snprintf(json, sizeof(json),
		 "{\"messages\":{\"%sx\":\"a\",\"%s\":\"a\\nb\",\"%s\":7,\"%s\":\"ok\","
		 "\"%s\":\"ok\"}}",
		 key, key, key, key, key);
	snprintf(wanted, sizeof(wanted),
		 "messages.%sx: unknown key; did you mean \"%s\"?\n"
		 "messages.%s: \"a\\nb\" %s\n"
		 "messages.%s: 7 is a number, and not a text\n"
		 "messages.%s: stands there twice\n",
		 key, key, key, why, key, key);
	ck_assert_ptr_null(parse(json, &said));
	ck_assert_str_eq(said.text, wanted);
}
END_TEST

/* ---- the manual ---- */

START_TEST(the_manual_has_the_keys)
{
	char *text = NULL, item[200];
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	config_print_mdoc(out);
	fclose(out);
	ck_assert_ptr_nonnull(strstr(text, "\n.It Cm groups\n"));
	ck_assert_ptr_nonnull(
		strstr(text, "\nDefault: \"least-players\"; " BALANCE_WANTED ".\n"));
	ck_assert_ptr_nonnull(
		strstr(text, "\nDefault: 0; a time in seconds (0 or 1-86400).\n"));
	ck_assert_ptr_nonnull(strstr(text, "\nDefault: 1; a weight (0-256).\n"));
	for (enum message i = 0; i < MESSAGE_COUNT; i++) {
		snprintf(item, sizeof(item), "\n.It Cm %s\nDefault: \"", message_key(i));
		ck_assert_ptr_nonnull(strstr(text, item));
	}
	free(text);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("config_balance");
	TCase *t = tcase_create("config_balance");

	suite_add_tcase(s, t);
	tcase_add_test(t, defaults);
	tcase_add_test(t, everything_twice);
	tcase_add_loop_test(t, good_values_are_taken, 0, COUNT(values));
	tcase_add_loop_test(t, balances_are_the_enum, 0, COUNT(balances));
	tcase_add_loop_test(t, faults_are_said, 0, COUNT(faults));
	tcase_add_test(t, names_and_aliases_are_found);
	tcase_add_loop_test(t, limits_are_kept, 0, COUNT(limits));
	tcase_add_loop_test(t, the_state_is_beside_the_file, 0, COUNT(directories));
	tcase_add_test(t, messages_are_replaced);
	tcase_add_test(t, messages_with_faults);
	tcase_add_test(t, the_manual_has_the_keys);
	return suite_main(s);
}
