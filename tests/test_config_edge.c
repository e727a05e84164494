/* SPDX-License-Identifier: MIT */
/*
 * The keys of kurafuto.json about the edge: web clients and their paths, limits, and what the
 * log shows of addresses. Defaults, good and bad values, the way back to JSON, and where a path
 * leads.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "said.h"
#include "suite.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define X10          "xxxxxxxxxx"
#define X60          X10 X10 X10 X10 X10 X10
#define SERVERS                                                                                \
	"\"servers\":[{\"name\":\"Main\",\"address\":\"h\"},{\"name\":\"Survival\","           \
	"\"address\":\"h\"},{\"name\":\"Build\",\"address\":\"h\",\"aliases\":\"creative\"}]," \
	"\"groups\":{\"PvP\":{\"servers\":\"Main,Build\"}}"
#define PATHS(list) "{" SERVERS ",\"paths\":{" list "}}"
#define OF_LISTENER "{" SERVERS ",\"listeners\":[{\"port\":1,\"paths\":{\"/a\":\"main\"}}]}"

/* The name of what a place leads to; "" for nothing. */
static const char *place_of(const struct config *config, const struct config_listener *listener,
			    const char *host, const char *path)
{
	const struct config_hubs *hubs = config_find_path(listener, host, path);

	if (hubs == NULL)
		return "";
	const struct config_hub *hub = &hubs->items[0];
	return hub->is_group ? config->groups[hub->index].name
			     : config->servers[hub->index].name;
}

/* ---- what is there without a word ---- */

START_TEST(defaults)
{
	struct config *config = good("{\"listeners\":[{\"port\":1}]}");
	static const struct config_limits limits = {.connections_per_address = 128,
						    .connections_per_network = 512,
						    .connects_per_s = 4,
						    .connects_burst = 160,
						    .all_connects_per_s = 500,
						    .all_connects_burst = 2000,
						    .failed_logins_per_min = 120,
						    .half_open = 512,
						    .packets_per_s = 400,
						    .bytes_per_s = 65536,
						    .chat_per_s = 10,
						    .blocks_per_s = 100,
						    .flood_kick_s = 10};

	ck_assert_mem_eq(&config->limits, &limits, sizeof(limits));
	ck_assert(config->websocket && config->answer_http);
	for (size_t i = 0; i < 2; i++) {
		ck_assert(config->listeners[i].websocket);
		ck_assert_uint_eq(config->listeners[i].n_paths, 0);
		ck_assert_ptr_null(config_find_path(&config->listeners[i], "h", "/"));
	}
	ck_assert_int_eq(config->log_addresses, CONFIG_ADDRESSES_FULL);
	config_free(config);
}
END_TEST

/* Each listener for itself; the plain address and port are the first. */
START_TEST(which_listener)
{
	struct config *config =
		good("{" SERVERS ",\"websocket\":true,\"paths\":{\"/p\":\"PvP\"},"
		     "\"listeners\":[{\"port\":1},{\"port\":2,\"websocket\":false},"
		     "{\"port\":3,\"paths\":{\"/p\":\"build\",\"/q\":\"main\"}}]}");
	const struct config_listener *listeners = config->listeners;

	ck_assert(listeners[0].websocket && listeners[1].websocket);
	ck_assert(!listeners[2].websocket && listeners[3].websocket);
	ck_assert_str_eq(place_of(config, &listeners[0], "h", "/p"), "PvP");
	ck_assert_str_eq(place_of(config, &listeners[1], "h", "/p"), "");
	ck_assert_str_eq(place_of(config, &listeners[3], "h", "/p"), "Build");
	ck_assert_str_eq(place_of(config, &listeners[3], "h", "/q"), "Main");
	config_free(config);
}
END_TEST

/* Who comes by a path has the listener's hubs, too, each once. */
START_TEST(a_path_comes_before_the_hubs)
{
	struct config *config =
		good("{" SERVERS ",\"hubs\":[\"Main\",\"Build\"],\"paths\":{\"/b\":\"build\","
		     "\"/p\":\"PvP\"}}");
	const struct config_hubs *build = config_find_path(config->listeners, "h", "/b");
	const struct config_hubs *pvp = config_find_path(config->listeners, "h", "/p");

	ck_assert_uint_eq(build->n, 2);
	ck_assert_str_eq(config->servers[build->items[0].index].name, "Build");
	ck_assert_str_eq(config->servers[build->items[1].index].name, "Main");
	ck_assert_uint_eq(pvp->n, 3);
	ck_assert(pvp->items[0].is_group && !pvp->items[1].is_group);
	ck_assert_str_eq(config->servers[pvp->items[1].index].name, "Main");
	config_free(config);
}
END_TEST

/* ---- where a path leads ---- */

/* clang-format off */
#define PLACES \
	"\"/survival\":\"Survival\",\"Play.Example.Net\":\"creative\",\"play.example.net/pvp\":\"pvp\"," \
	"\"/\":\"Main\",\"/pvp/\":\"Survival\",\"/Deep/er\":\"PvP\",\"two.example.net/\":\"Main\"," \
	"\"[2001:DB8:0::1]/pvp\":\"Build\",\"192.0.2.7\":\"PvP\",\"/a%20b\":\"Build\",\"dot.example.net.\":\"Build\""

static const struct {
	const char *host, *path, *leads_to;
} asked[] = {
	/* the path alone */
	{"", "/survival", "Survival"}, {"other.example.net", "/survival", "Survival"},
	{"other.example.net", "/survival/", "Survival"}, {"h", "/survival//", "Survival"},
	{"h", "/pvp", "Survival"}, {"h", "/Deep/er", "PvP"}, {"h", "/a%20b", "Build"},
	{"h", "/Survival", ""}, {"h", "/deep/er", ""}, {"h", "/survival/x", ""}, {"h", "/surviva", ""},
	{"h", "/Deep", ""}, {"h", "//survival", ""}, {"h", "/a b", ""}, {"h", "survival", ""}, {"h", "*", ""},
	/* the root */
	{"h", "/", "Main"}, {"h", "", "Main"}, {"", "", "Main"}, {"", "/", "Main"}, {"h", "//", "Main"},
	/* the host alone, any path; then with its path */
	{"play.example.net", "/", "Build"}, {"play.example.net", "", "Build"},
	{"play.example.net", "/survival", "Build"}, {"PLAY.example.net", "/x", "Build"},
	{"play.example.net.", "/x", "Build"}, {"play.example.net", "*", "Build"},
	{"play.example.net", "/pvp", "PvP"}, {"Play.Example.NET", "/pvp/", "PvP"},
	{"play.example.net", "/PvP", "Build"}, {"play.example.ne", "/pvp", "Survival"},
	{"two.example.net", "/", "Main"}, {"two.example.net", "/pvp", "Main"},
	{"dot.example.net", "/", "Build"},
	/* addresses */
	{"2001:db8::1", "/pvp", "Build"}, {"[2001:db8::1]", "/pvp", "Build"},
	{"[2001:db8:0:0::1]", "/pvp/", "Build"}, {"2001:db8::1", "/", "Main"}, {"2001:db8::2", "/pvp", "Survival"},
	{"192.0.2.7", "/x", "PvP"}, {"[192.0.2.7]", "/x", ""}, {"192.0.2.70", "/x", ""},
	/* nothing of what a client may say does harm */
	{"[]", "/x", ""}, {".", "/x", ""}, {"[", "/x", ""}, {"[:", "/x", ""}, {"/", "/x", ""}, {"/survival", "/x", ""}, {"/", "", "Main"},
	{X60 X60 X60 X60 X10 X10 X10 X10 X10, "/survival", "Survival"},
	{"h", "/" X60 X60 X60 X60 X60 X60 X60, ""}, {"play.example.net", "/" X60 X60 X60 X60, "Build"},
	{X60 X60 X60 X60, "/" X60 X60, ""},
};
/* clang-format on */

START_TEST(the_most_exact_place_counts)
{
	struct config *config = good(PATHS(PLACES));
	char *text = printed(config);
	struct config *again = good(text);
	char *text_again = printed(again);

	ck_assert_str_eq(text, text_again);
	for (size_t i = 0; i < COUNT(asked); i++) {
		const char *leads_to =
			place_of(config, &config->listeners[0], asked[i].host, asked[i].path);

		ck_assert_msg(strcmp(leads_to, asked[i].leads_to) == 0, "%s %s: \"%s\"",
			      asked[i].host, asked[i].path, leads_to);
		ck_assert_str_eq(
			place_of(again, &again->listeners[0], asked[i].host, asked[i].path),
			leads_to);
	}
	free(text);
	free(text_again);
	config_free(config);
	config_free(again);
}
END_TEST

/* As long as there can be. */
START_TEST(long_places)
{
	struct config *config =
		good(PATHS("\"/" X60 X60 "1234567\":\"Main\",\"" X60 "." X60 "." X60 "." X60
			   ".a23456789\":\"PvP\",\"" X60 "." X60 "." X60 "." X60 ".net/" X60 X60
			   "1234567/\":\"Build\""));
	const struct config_listener *listener = &config->listeners[0];

	ck_assert_uint_eq(listener->n_paths, 3);
	ck_assert_str_eq(place_of(config, listener, "h", "/" X60 X60 "1234567"), "Main");
	ck_assert_str_eq(place_of(config, listener, "h", "/" X60 X60 "123456"), "");
	ck_assert_str_eq(place_of(config, listener, X60 "." X60 "." X60 "." X60 ".net",
				  "/" X60 X60 "1234567"),
			 "Build");
	config_free(config);
}
END_TEST

/* ---- back to JSON ---- */

/* clang-format off */
static const struct {
	const char *json, *part;
} goods[] = {
	{"{}", "\"websocket\":\ttrue"},
	{"{\"websocket\":false}", "\"websocket\":\tfalse"},
	{"{\"answer-http\":false}", "\"answer-http\":\tfalse"},
	{"{\"log-addresses\":\"masked\"}", "\"log-addresses\":\t\"masked\""},
	{"{\"log-addresses\":\"none\"}", "\"log-addresses\":\t\"none\""},
	{PATHS("\"/Survival/\":\"survival\""), "\"/Survival\":\t\"Survival\""},
	{PATHS("\"Play.Example.Net/PvP\":\"pvp\""), "\"play.example.net/PvP\":\t\"PvP\""},
	{OF_LISTENER, "\"/a\":\t\"Main\""},
	{"{\"limits\":{\"half-open\":0}}", "\"half-open\":\t0"},
	{"{\"limits\":{\"flood-kick-s\":0}}", "\"flood-kick-s\":\t0"},
	{"{\"limits\":{\"connects-per-s\":0}}", "\"connects-burst\":\t0"},
	{"{\"limits\":{\"connects-per-s\":0,\"connects-burst\":0}}", "\"connects-burst\":\t0"},
	{"{\"limits\":{\"all-connects-per-s\":0}}", "\"all-connects-burst\":\t0"},
	{"{\"limits\":{\"connections-per-network\":0}}", "\"connections-per-network\":\t0"},
	{"{\"limits\":{\"connections-per-address\":0}}", "\"connections-per-address\":\t0"},
	{"{\"limits\":{\"connections-per-address\":100000,\"connections-per-network\":100000,"
	 "\"connects-per-s\":100000,\"connects-burst\":100000,\"all-connects-per-s\":100000,"
	 "\"all-connects-burst\":100000,\"failed-logins-per-min\":100000,\"half-open\":100000,"
	 "\"packets-per-s\":100000,\"bytes-per-s\":100000000,\"chat-per-s\":100000,"
	 "\"blocks-per-s\":100000,\"flood-kick-s\":3600}}", "\"flood-kick-s\":\t3600"},
};
/* clang-format on */

START_TEST(what_is_printed_gives_the_same)
{
	struct config *config = good(goods[_i].json);
	char *text = printed(config);
	struct config *again = good(text);
	char *text_again = printed(again);

	ck_assert_msg(strstr(text, goods[_i].part) != NULL, "%s: %s", goods[_i].json, text);
	ck_assert_str_eq(text, text_again);
	ck_assert_mem_eq(&config->limits, &again->limits, sizeof(config->limits));
	free(text);
	free(text_again);
	config_free(config);
	config_free(again);
}
END_TEST

/* Each limit is the member of its name. */
START_TEST(each_limit_is_its_own)
{
	static const struct config_limits limits = {.connections_per_address = 1,
						    .connections_per_network = 2,
						    .connects_per_s = 3,
						    .connects_burst = 4,
						    .all_connects_per_s = 5,
						    .all_connects_burst = 6,
						    .failed_logins_per_min = 7,
						    .half_open = 8,
						    .packets_per_s = 90,
						    .bytes_per_s = 1000,
						    .chat_per_s = 11,
						    .blocks_per_s = 12,
						    .flood_kick_s = 13};
	struct config *config =
		good("{\"limits\":{\"connections-per-address\":1,\"connections-per-network\":2,"
		     "\"connects-per-s\":3,\"connects-burst\":4,\"all-connects-per-s\":5,"
		     "\"all-connects-burst\":6,\"failed-logins-per-min\":7,\"half-open\":8,"
		     "\"packets-per-s\":90,\"bytes-per-s\":1000,\"chat-per-s\":11,"
		     "\"blocks-per-s\":12,\"flood-kick-s\":13}}");

	ck_assert_mem_eq(&config->limits, &limits, sizeof(limits));
	config_free(config);
}
END_TEST

/* ---- what is wrong ---- */

/* clang-format off */
#define TWICE    "stands there twice: case in a host, and a slash at the end, make no difference"
#define NO_PLACE "does not begin with a host name, an address or a slash; a good one is " \
	"\"/path\", \"host\" or \"host/path\""
#define NO_PORT  "names a port: a host stands without one, as in \"play.example.net/pvp\""
#define ASCII    ", which is not in a path; it must be written as browsers send it, with "
#define NO_HUB   " is not the name of a linked server or of a group"

static const struct {
	const char *json, *fault;
} faults[] = {
	{"{\"websocket\":1}", "websocket: 1 is a number, and not true or false"},
	{"{\"listeners\":[{\"port\":1,\"websocket\":\"yes\"}]}",
	 "listeners[0].websocket: \"yes\" is a text, and not true or false"},
	{"{\"answer-http\":null}", "answer-http: null is nothing, and not true or false"},
	{"{\"log-addresses\":\"some\"}", "log-addresses: \"some\" is not one of full, masked, none"},

	{"{\"paths\":[]}", "paths: [] is a list, and not an object with the name of a server or group for each place"},
	{"{\"listeners\":[{\"port\":1,\"paths\":\"/a\"}]}", "listeners[0].paths: \"/a\" is a text, and not an object"},
	{PATHS("\"/a\":\"Surviva\""), "paths.\"/a\": \"Surviva\"" NO_HUB "; did you mean \"Survival\"?"},
	{PATHS("\"/a\":\"Pvq\""), "paths.\"/a\": \"Pvq\"" NO_HUB "; did you mean \"PvP\"?"},
	{PATHS("\"/a\":7"), "paths.\"/a\": 7" NO_HUB},
	{PATHS("\"/a\":[\"Main\"]"), "paths.\"/a\": [\"Main\"]" NO_HUB},
	{"{\"listeners\":[{\"port\":1,\"paths\":{\"/a\":\"lobby\"}}]}", "listeners[0].paths.\"/a\": \"lobby\"" NO_HUB},
	{PATHS("\"\":\"Main\""), "paths.\"\": " NO_PLACE},
	{PATHS("\"a b\":\"Main\""), "paths.\"a b\": " NO_PLACE},
	{PATHS("\"?x\":\"Main\""), "paths.\"?x\": " NO_PLACE},
	{PATHS("\"-a/b\":\"Main\""), "paths.\"-a/b\": " NO_PLACE},
	{PATHS("\"1.2.3/b\":\"Main\""), "paths.\"1.2.3/b\": " NO_PLACE},
	{PATHS("\"[1.2.3.4]\":\"Main\""), "paths.\"[1.2.3.4]\": " NO_PLACE},
	{PATHS("\"a.net../b\":\"Main\""), "paths.\"a.net../b\": " NO_PLACE},
	{PATHS("\"unix:x\":\"Main\""), "paths.\"unix:x\": " NO_PLACE},
	{PATHS("\"play.example.net:25565/b\":\"Main\""), "paths.\"play.example.net:25565/b\": " NO_PORT},
	{PATHS("\"[::1]:80\":\"Main\""), "paths.\"[::1]:80\": " NO_PORT},
	{PATHS("\"ws://play.example.net/b\":\"Main\""),
	 "paths.\"ws://play.example.net/b\": begins with \"ws://\": a host stands without it"},
	{PATHS("\"/a?b\":\"Main\""), "paths.\"/a?b\": has a '?', where a path ends"},
	{PATHS("\"h/a#b\":\"Main\""), "paths.\"h/a#b\": has a '#', where a path ends"},
	{PATHS("\"/a b\":\"Main\""), "paths.\"/a b\": has a space" ASCII "%20"},
	{PATHS("\"/\\u0009\":\"Main\""), "has a control character" ASCII "%"},
	{PATHS("\"/\\u007f\":\"Main\""), "has a control character" ASCII "%"},
	{PATHS("\"/\xc3\xbc\":\"Main\""), "paths.\"/\xc3\xbc\": has a character beyond ASCII" ASCII "% and its bytes"},
	{PATHS("\"/" X60 X60 "12345678\":\"Main\""), "has a path of 129 bytes; there can be up to 128"},
	{PATHS("\"" X60 X60 X60 X60 X10 X10 "\":\"Main\""), "has a host of 260 bytes; there can be up to 253"},
	{PATHS("\"/a\":\"Main\",\"/a\":\"PvP\""), "paths.\"/a\": " TWICE},
	{PATHS("\"/a\":\"Main\",\"/a/\":\"Main\""), "paths.\"/a/\": " TWICE},
	{PATHS("\"Play.Net/a\":\"Main\",\"play.net/a/\":\"Main\""), "paths.\"play.net/a/\": " TWICE},
	{PATHS("\"play.net\":\"Main\",\"PLAY.net/\":\"Main\""), "paths.\"PLAY.net/\": " TWICE},
	{PATHS("\"::1\":\"Main\",\"[0::1]\":\"Main\""), "paths.\"[0::1]\": " TWICE},
	{PATHS("\"/\":\"Main\",\"//\":\"Main\""), "paths.\"//\": " TWICE},

	{"{\"limits\":7}", "limits: 7 is a number, and not an object { ... }"},
	{"{\"limits\":{\"half-opn\":1}}", "limits.half-opn: unknown key; did you mean \"half-open\"?"},
	{"{\"limits\":{\"half-open\":-1}}", "limits.half-open: -1 is not a number of logins (0 or 1-100000)"},
	{"{\"limits\":{\"connections-per-address\":100001}}",
	 "limits.connections-per-address: 100001 is not a number of connections (0 or 1-100000)"},
	{"{\"limits\":{\"packets-per-s\":1.5}}", "limits.packets-per-s: 1.5 is not a number of packets (0 or 1-100000)"},
	{"{\"limits\":{\"bytes-per-s\":100000001}}", "is not a number of bytes (0 or 1-100000000)"},
	{"{\"limits\":{\"flood-kick-s\":3601}}", "limits.flood-kick-s: 3601 is not a time in seconds (0 or 1-3600)"},
	{"{\"limits\":{\"chat-per-s\":\"9\"}}", "limits.chat-per-s: \"9\" is a text, and not a number of lines (0 or 1-100000)"},
	{"{\"limits\":{\"blocks-per-s\":null}}", "limits.blocks-per-s: null is nothing, and not a number of blocks"},
	{"{\"limits\":{\"connects-burst\":0}}",
	 "limits.connects-burst: 0 would let nobody in, as connects-per-s is 4; set connects-per-s to 0 for no limit"},
	{"{\"limits\":{\"all-connects-per-s\":9,\"all-connects-burst\":0}}",
	 "limits.all-connects-burst: 0 would let nobody in, as all-connects-per-s is 9; set all-connects-per-s to 0"},
};

static const struct {
	const char *json, *warning;
} warnings[] = {
	{"{\"limits\":{\"connects-per-s\":0,\"connects-burst\":9}}",
	 "warning: limits.connects-burst: counts for nothing, as connects-per-s is 0: no limit\n"},
	{"{\"limits\":{\"all-connects-per-s\":0,\"all-connects-burst\":2000}}",
	 "warning: limits.all-connects-burst: counts for nothing, as all-connects-per-s is 0: no limit\n"},
	{"{\"limits\":{\"connections-per-network\":127}}",
	 "warning: limits.connections-per-network: 127 is less than connections-per-address, 128, which never counts then\n"},
	{"{\"limits\":{\"connects-per-s\":501}}",
	 "warning: limits.all-connects-per-s: 500 is less than connects-per-s, 501, which never counts then\n"},
	{"{\"limits\":{\"packets-per-s\":39}}",
	 "warning: limits.packets-per-s: 39 slows players who only walk about: 40 or more is good, and 0 is no limit\n"},
	{"{\"limits\":{\"bytes-per-s\":511}}",
	 "warning: limits.bytes-per-s: 511 slows players who only walk about: 512 or more is good, and 0 is no limit\n"},
	{"{\"trusted-proxies\":[\"10.0.0.1\",\"0.0.0.0/0\"]}",
	 "warning: trusted-proxies[1]: \"0.0.0.0/0\" is everybody: they may all say that they are somewhere else, and no "
	 "limit of addresses counts for them\n"},
	{"{\"trusted-proxies\":[\"::/0\"]}",
	 "warning: trusted-proxies[0]: \"::/0\" is everybody: they may all say that they are somewhere else, and no limit "
	 "of addresses counts for them\n"},
	{PATHS("\"survival\":\"Main\""),
	 "warning: paths.\"survival\" is the name of a host; if a path is meant, it is \"/survival\"\n"},
	{"{" SERVERS ",\"listeners\":[{\"port\":1,\"websocket\":false,\"paths\":{\"/a\":\"main\"}}]}",
	 "warning: listeners[0].paths: nobody comes by them while listeners[0].websocket is false\n"},
};
/* clang-format on */

START_TEST(what_is_wrong)
{
	struct said said;

	ck_assert_ptr_null(parse(faults[_i].json, &said));
	ck_assert_msg(strstr(said.text, faults[_i].fault) != NULL, "%s: %s", faults[_i].json,
		      said.text);
	ck_assert_msg(strchr(said.text, '\n')[1] == '\0', "%s: %s", faults[_i].json, said.text);
}
END_TEST

START_TEST(what_is_odd)
{
	struct said said;
	struct config *config = parse(warnings[_i].json, &said);

	ck_assert_ptr_nonnull(config);
	ck_assert_str_eq(said.text, warnings[_i].warning);
	config_free(config);
}
END_TEST

START_TEST(too_many_paths)
{
	char json[16384] = "{" SERVERS ",\"paths\":{", item[32];
	struct said said;

	for (unsigned i = 0; i < CONFIG_PATHS_MAX; i++) {
		snprintf(item, sizeof(item), "\"/%u\":\"Main\",", i);
		strlcat(json, item, sizeof(json));
	}
	size_t end = strlen(json) - 1;
	strlcpy(json + end, "}}", sizeof(json) - end);
	struct config *config = good(json);
	ck_assert_str_eq(place_of(config, &config->listeners[0], "", "/255"), "Main");
	config_free(config);
	strlcpy(json + end, ",\"/more\":\"Main\"}}", sizeof(json) - end);
	ck_assert_ptr_null(parse(json, &said));
	ck_assert_str_eq(said.text, "paths: 257 are too many; there can be up to 256\n");
}
END_TEST

static Suite *config_edge_suite(void)
{
	Suite *suite = suite_create("config_edge");
	TCase *tcase = tcase_create("all");

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, defaults);
	tcase_add_test(tcase, which_listener);
	tcase_add_test(tcase, a_path_comes_before_the_hubs);
	tcase_add_test(tcase, the_most_exact_place_counts);
	tcase_add_test(tcase, long_places);
	tcase_add_loop_test(tcase, what_is_printed_gives_the_same, 0, COUNT(goods));
	tcase_add_test(tcase, each_limit_is_its_own);
	tcase_add_loop_test(tcase, what_is_wrong, 0, COUNT(faults));
	tcase_add_loop_test(tcase, what_is_odd, 0, COUNT(warnings));
	tcase_add_test(tcase, too_many_paths);
	return suite;
}

int main(void)
{
	return suite_main(config_edge_suite());
}
