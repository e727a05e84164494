/* SPDX-License-Identifier: MIT */
/*
 * The registry of servers: names, hubs, reports of links and counts without a socket; dials
 * against real ports on the loopback; what a new configuration changes, and what it does not.
 */
#include "server.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "capture.h"
#include "linked.h"
#include "suite.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TOLD         256
#define SERVERS_MAX  70

/* One end of a socketpair; the context remembers the other end. */
static int dial_lobby(void *context)
{
	int fds[2], *other = context;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0)
		return -1;
	*other = fds[1];
	return fds[0];
}

static int dial_nothing(void *context)
{
	(void)context;
	errno = EMFILE;
	return -1;
}

/* ---- names ---- */

#define LOBBY -1
#define NONE  -2

/* clang-format off */
static const struct find {
	const char *servers[5];
	bool has_lobby;
	const char *name;
	enum registry_match match;
	int found;              /* index, LOBBY or NONE */
	const char *candidates; /* unless found */
} finds[] = {
	{{"hub", "mini", "museum"}, true, "hub",    REGISTRY_FOUND,     0,     NULL},
	{{"hub", "mini", "museum"}, true, "museum", REGISTRY_FOUND,     2,     NULL},
	{{"hub", "mini", "museum"}, true, "MINI",   REGISTRY_FOUND,     1,     NULL},
	{{"hub", "Mini", "museum"}, true, "mInI",   REGISTRY_FOUND,     1,     NULL},
	{{"hub", "mini", "museum"}, true, "h",      REGISTRY_FOUND,     0,     NULL},
	{{"hub", "mini", "museum"}, true, "MU",     REGISTRY_FOUND,     2,     NULL},
	{{"hub", "mini", "museum"}, true, "m",      REGISTRY_AMBIGUOUS, NONE,  "mini, museum"},
	{{"hub", "mini", "museum"}, true, "hubs",   REGISTRY_UNKNOWN,   NONE,  "hub, mini, museum, lobby"},
	{{"hub", "mini", "museum"}, true, "ub",     REGISTRY_UNKNOWN,   NONE,  "hub, mini, museum, lobby"},
	{{"hub", "mini", "museum"}, true, "",       REGISTRY_UNKNOWN,   NONE,  "hub, mini, museum, lobby"},
	{{"hub", "mini", "museum"}, true, "hub ",   REGISTRY_UNKNOWN,   NONE,  "hub, mini, museum, lobby"},
	{{"mini", "minigames"},     true, "mini",   REGISTRY_FOUND,     0,     NULL},
	{{"minigames", "mini"},     true, "MINI",   REGISTRY_FOUND,     1,     NULL},
	{{"minigames", "mini"},     true, "min",    REGISTRY_AMBIGUOUS, NONE,  "minigames, mini"},
	{{"minigames", "mini"},     true, "minig",  REGISTRY_FOUND,     0,     NULL},
	{{"hub", "mini"},           true, "lobby",  REGISTRY_FOUND,     LOBBY, NULL},
	{{"hub", "mini"},           true, "LOBBY",  REGISTRY_FOUND,     LOBBY, NULL},
	{{"hub", "mini"},           true, "lo",     REGISTRY_FOUND,     LOBBY, NULL},
	{{"hub", "love"},           true, "lo",     REGISTRY_AMBIGUOUS, NONE,  "love, lobby"},
	{{"hub", "lobby2"},         true, "lobby",  REGISTRY_FOUND,     LOBBY, NULL},
	{{"hub", "lobby"},          true, "lobby",  REGISTRY_FOUND,     1,     NULL},
	{{"hub", "LOBBY"},          true, "lobby",  REGISTRY_FOUND,     1,     NULL},
	{{"hub", "mini"},           false, "lobby", REGISTRY_UNKNOWN,   NONE,  "hub, mini"},
	{{"hub", "lobby2"},         false, "lobby", REGISTRY_FOUND,     1,     NULL},
	{{NULL},                    true, "l",      REGISTRY_FOUND,     LOBBY, NULL},
	{{NULL},                    true, "hub",    REGISTRY_UNKNOWN,   NONE,  "lobby"},
	{{NULL},                    false, "lobby", REGISTRY_UNKNOWN,   NONE,  ""},
	{{NULL},                    false, "",      REGISTRY_UNKNOWN,   NONE,  ""},
};
/* clang-format on */

START_TEST(find)
{
	const struct find *row = &finds[_i];
	struct server *found = NULL;
	char candidates[TOLD];
	int other;

	for (size_t i = 0; row->servers[i] != NULL; i++)
		add_server(row->servers[i], "127.0.0.1", 25566, "");
	link_all();
	if (row->has_lobby)
		registry_set_lobby(registry, dial_lobby, &other);
	ck_assert_int_eq(registry_find(registry, config_now(), row->name, &found, NULL,
				       candidates, sizeof(candidates)),
			 row->match);
	if (row->match == REGISTRY_FOUND)
		ck_assert_ptr_eq(found, row->found == LOBBY ? registry_lobby(registry)
							    : nth((size_t)row->found));
	else
		ck_assert_str_eq(candidates, row->candidates);
}
END_TEST

/* A list that does not fit has whole names and says how many more there are. */
START_TEST(find_counts_what_does_not_fit)
{
	struct server *found = NULL;
	char name[32], candidates[TOLD], want[2 * TOLD] = "";
	unsigned n = 0, more = 0;

	for (; n < SERVERS_MAX; n++) {
		snprintf(name, sizeof(name), "game-number-%u", n);
		add_server(name, "127.0.0.1", 25566, "");
	}
	link_all();
	ck_assert_int_eq(registry_find(registry, config_now(), _i == 0 ? "game" : "unknown",
				       &found, NULL, candidates, sizeof(candidates)),
			 _i == 0 ? REGISTRY_AMBIGUOUS : REGISTRY_UNKNOWN);
	ck_assert_int_eq(sscanf(strstr(candidates, " and "), " and %u more", &more), 1);
	for (unsigned i = 0; i + more < n; i++)
		snprintf(want + strlen(want), sizeof(want) - strlen(want), "%sgame-number-%u",
			 i > 0 ? ", " : "", i);
	snprintf(want + strlen(want), sizeof(want) - strlen(want), " and %u more", more);
	ck_assert_str_eq(candidates, want);
	ck_assert_uint_gt(strlen(candidates), TOLD / 2);
}
END_TEST

/* Aliases and groups are names, too; a hidden server is found, but not named. */
START_TEST(find_aliases_and_groups)
{
	const struct config_group *group = NULL;
	struct server *found = NULL;
	char candidates[TOLD];

	add_server("hub", "127.0.0.1", 1, "'aliases':['spawn']");
	add_server("secret", "127.0.0.1", 2, "'hidden':true");
	link_with("'groups':{'games':{'servers':['hub','secret']}}");
	ck_assert_int_eq(
		registry_find(registry, config_now(), "sp", &found, &group, candidates, TOLD),
		REGISTRY_FOUND);
	ck_assert_ptr_eq(found, nth(0));
	ck_assert_int_eq(registry_find(registry, config_now(), "GAMES", &found, &group,
				       candidates, TOLD),
			 REGISTRY_FOUND_GROUP);
	ck_assert_str_eq(group->name, "games");
	ck_assert_int_eq(
		registry_find(registry, config_now(), "games", &found, NULL, candidates, TOLD),
		REGISTRY_UNKNOWN);
	ck_assert_str_eq(candidates, "hub");
	ck_assert_int_eq(registry_find(registry, config_now(), "secret", &found, &group,
				       candidates, TOLD),
			 REGISTRY_FOUND);
	ck_assert_ptr_eq(found, nth(1));
}
END_TEST

/* A group whose servers are in no list is in none either. */
START_TEST(hidden_groups_are_not_named)
{
	const struct config_group *group = NULL;
	struct server *found = NULL;
	char candidates[TOLD];

	add_server("hub", "127.0.0.1", 1, "");
	add_server("secret", "127.0.0.1", 2, "'hidden':true");
	link_with("'groups':{'staff':{'servers':['secret']},'some':{'servers':['hub','secret']}"
		  "}");
	ck_assert_int_eq(
		registry_find(registry, config_now(), "nix", &found, &group, candidates, TOLD),
		REGISTRY_UNKNOWN);
	ck_assert_str_eq(candidates, "hub, some");
	ck_assert_int_eq(registry_find(registry, config_now(), "staff", &found, &group,
				       candidates, TOLD),
			 REGISTRY_FOUND_GROUP);
}
END_TEST

/* ---- facts ---- */

/* A name that differs in its case only is that of the same server; who has read the old one
 * may go on. */
START_TEST(a_name_is_spelled_anew)
{
	char name[8];

	add_server("alpha", "127.0.0.1", 1, "");
	link_all();
	struct server *server = nth(0);
	const char *old = server_name(server);
	unlink_all();
	add_server("ALPHA", "127.0.0.1", 1, "");
	link_all();
	ck_assert_ptr_eq(nth(0), server);
	ck_assert_str_eq(server_name(server), "ALPHA");
	ck_assert_str_eq(strcpy(name, old), "alpha");
}
END_TEST

static const char *address_of(size_t index)
{
	static char address[SERVER_ADDRESS_MAX];

	server_address(nth(index), address);
	return address;
}

START_TEST(linked_servers)
{
	add_server("hub", "127.0.0.1", 25566, "");
	add_server("six", "::1", 1, "");
	add_server("named", "play.example.org", 65535, "");
	add_server("local", "unix:/run/a", 1, "");
	link_all();
	ck_assert_str_eq(server_name(nth(0)), "hub");
	ck_assert_str_eq(address_of(0), "127.0.0.1:25566");
	ck_assert_str_eq(address_of(1), "[::1]:1");
	ck_assert_str_eq(address_of(2), "play.example.org:65535");
	ck_assert_str_eq(address_of(3), "unix:/run/a");
	for (size_t i = 0; i < 4; i++) {
		ck_assert(!server_is_lobby(nth(i)));
		ck_assert_uint_eq(server_index(nth(i)), i);
		ck_assert(server_is_up(nth(i)));
		ck_assert_int_eq(server_up_since_ms(nth(i)), 0);
		ck_assert_uint_eq(server_players(nth(i)), 0);
		ck_assert_ptr_eq(server_config(nth(i), config_now()),
				 &config_now()->servers[i]);
	}
}
END_TEST

static bool is_hub(const struct server *server)
{
	return registry_is_hub(config_now(), &config_now()->hubs, server);
}

START_TEST(hubs_by_name_and_by_group)
{
	add_server("a", "127.0.0.1", 1, "");
	add_server("b", "127.0.0.1", 2, "");
	add_server("c", "127.0.0.1", 3, "");
	add_server("d", "127.0.0.1", 4, "");
	link_with("'hubs':['c','g'],'groups':{'g':{'servers':['a']}}");
	registry_set_lobby(registry, dial_nothing, NULL);
	ck_assert(is_hub(nth(0)));
	ck_assert(!is_hub(nth(1)));
	ck_assert(is_hub(nth(2)));
	ck_assert(!is_hub(nth(3)));
	ck_assert(!is_hub(registry_lobby(registry)));
}
END_TEST

START_TEST(no_server_at_all)
{
	link_all();
	ck_assert_ptr_null(registry_lobby(registry));
	start_registry();
	ck_assert(registry_stop(registry));
	registry_free(NULL);
}
END_TEST

#define VISITS 2000

static void *come_and_go(void *server)
{
	for (int i = 0; i < VISITS; i++) {
		visit(server);
		server_report(server, i % 2 == 0, "a test");
		if (i > 0)
			server_player_left(server);
	}
	return NULL;
}

START_TEST(players_come_from_all_threads)
{
	struct server_counts counts;
	pthread_t threads[4];

	add_server("a", "127.0.0.1", 1, "");
	add_server("b", "127.0.0.1", 2, "");
	link_all();
	for (size_t i = 0; i < COUNT(threads); i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, come_and_go, nth(0)), 0);
	for (size_t i = 0; i < COUNT(threads); i++)
		pthread_join(threads[i], NULL);
	ck_assert_uint_eq(server_players(nth(0)), COUNT(threads));
	ck_assert_uint_eq(server_players(nth(1)), 0);
	server_get_counts(nth(0), &counts);
	ck_assert_uint_eq(counts.incoming, 0);
	ck_assert_uint_eq(counts.joins, COUNT(threads) * VISITS);
	ck_assert_uint_eq(counts.failures, COUNT(threads) * VISITS / 2);
}
END_TEST

/* Who is still logging in counts when others are spread, but has no place. */
START_TEST(who_is_expected_has_no_place)
{
	const struct server_guest early = {.name = "Alice", .is_early = true},
				  guest = {.name = "Bob"};
	struct config_hub town = {.is_group = true};
	const struct config_hubs hubs = {&town, 1};
	size_t n[2] = {0};

	add_server("a", "127.0.0.1", 1, "'max-players':1");
	add_server("b", "127.0.0.1", 2, "'max-players':1");
	link_with("'groups':{'town':{'servers':['a','b']}}");
	for (size_t i = 0; i < 10; i++)
		n[server_choose(registry, &hubs, &early, false) == nth(1)]++;
	ck_assert_uint_eq(n[0], 5);
	ck_assert_uint_eq(n[1], 5);
	ck_assert_int_eq(server_reserve_expected(nth(0), &guest), SERVER_ADMITS);
	ck_assert_int_eq(server_reserve_expected(nth(0), &guest), SERVER_IS_FULL);
	ck_assert_int_eq(server_reserve(nth(0), &guest), SERVER_IS_FULL);
	server_give_back(nth(0));
	for (size_t i = 0; i < 3; i++)
		server_call_off(nth(0)); /* nobody is expected there any more */
	ck_assert_ptr_eq(server_choose(registry, &hubs, &guest, false), nth(0));
}
END_TEST

START_TEST(few_are_brought_back_at_once)
{
	const struct server_guest brought = {.name = "Alice", .is_brought = true},
				  guest = {.name = "Bob"};

	add_server("a", "127.0.0.1", 1, "");
	link_all();
	for (size_t i = 0; i < SERVER_RETURNS_MAX; i++)
		ck_assert_int_eq(server_reserve(nth(0), &brought), SERVER_ADMITS);
	ck_assert_int_eq(server_reserve(nth(0), &brought), SERVER_IS_FULL);
	ck_assert_int_eq(server_reserve(nth(0), &guest), SERVER_ADMITS);
	server_return_ended(nth(0));
	ck_assert_int_eq(server_reserve(nth(0), &brought), SERVER_ADMITS);
	ck_assert_int_eq(server_reserve(nth(0), &brought), SERVER_IS_FULL);
}
END_TEST

/* ---- another configuration ---- */

/* A server is found again by its name; what is known about it counts as long as it has its
 * address. */
START_TEST(a_server_outlives_configurations)
{
	struct server *a, *b;
	unsigned generation;

	add_server("a", "127.0.0.1", 1, "");
	add_server("b", "127.0.0.1", 2, "");
	link_all();
	a = nth(0);
	b = nth(1);
	generation = server_generation(a);
	visit(b);
	server_report(a, false, "a test");
	server_report(b, false, "a test");
	unlink_all();
	add_server("B", "127.0.0.1", 3, "");
	add_server("a", "127.0.0.1", 1, "");
	link_all();
	ck_assert_ptr_eq(nth(0), b);
	ck_assert_ptr_eq(nth(1), a);
	ck_assert(!server_is_up(a));
	ck_assert(server_is_up(b)); /* nothing is known about the new address */
	ck_assert_uint_eq(server_players(b), 1);
	ck_assert_uint_eq(server_generation(a), generation);
	ck_assert_uint_ne(server_generation(b), generation);
	ck_assert_str_eq(address_of(0), "127.0.0.1:3");
}
END_TEST

START_TEST(a_server_that_is_gone)
{
	const struct server_guest guest = {.name = "Alice", .is_forced = true};
	struct server *a;

	add_server("a", "127.0.0.1", 1, "");
	link_all();
	a = nth(0);
	visit(a);
	unlink_all();
	link_all();
	ck_assert_ptr_null(server_config(a, config_now()));
	ck_assert_int_eq(server_reserve(a, &guest), SERVER_IS_GONE);
	ck_assert_str_eq(server_name(a), "a");
	server_report(a, false, "a test"); /* nobody wants to know */
	ck_assert(server_is_up(a));
	server_player_left(a);
	add_server("a", "127.0.0.1", 1, "");
	link_all();
	ck_assert_ptr_eq(nth(0), a);
	ck_assert_int_eq(server_reserve(a, &guest), SERVER_ADMITS);
	server_give_back(a);
}
END_TEST

/* ---- reports ---- */

/* clang-format off */
static const struct {
	const char *what;
	unsigned rise, fall;
	const char *reports; /* + works, - does not */
	const char *states;  /* after each: + up, - down */
	const char *lines;   /* which lines are logged: + up again, - down */
} reports[] = {
	{"nothing known",       1, 1, "",         "",         ""},
	{"works",               1, 1, "+",        "+",        ""},
	{"down at first",       1, 1, "-",        "-",        "-"},
	{"down for long",       1, 1, "---",      "---",      "-"},
	{"goes down",           1, 1, "++--",     "++--",     "-"},
	{"comes up",            1, 1, "-+",       "-+",       "-+"},
	{"comes and stays",     1, 1, "--++",     "--++",     "-+"},
	{"to and fro",          1, 1, "+-+-+-",   "+-+-+-",   "-+-+-"},
	{"falls slowly",        1, 3, "+---",     "+++-",     "-"},
	{"the first word",      3, 3, "--+++",    "----+",    "-+"},
	{"the first good word", 3, 3, "+-",       "++",       ""},
	{"does not flap",       2, 3, "+--+--+-", "++++++++", ""},
	{"nor the other way",   3, 2, "-++-++-",  "-------",  "-"},
	{"counts anew",         2, 2, "+--++-+-", "++--++++", "-+"},
	{"many",                1, 9, "+---------", "+++++++++-", "-"},
};
/* clang-format on */

/* What is logged: a + or - for each line. */
static void read_lines(char lines[static 16], char *out, unsigned failures)
{
	char down[64];
	size_t n = 0;

	snprintf(down, sizeof(down), " is down after %u failures: connection refused",
		 failures);
	for (char *line; (line = strsep(&out, "\n")) != NULL && *line != '\0';) {
		bool is_down = strstr(line, " is down") != NULL;

		ck_assert_msg(strstr(line, "mini (127.0.0.1:25566)") != NULL, "%s", line);
		ck_assert_msg(strstr(line, is_down ? ": connection refused"
						   : " is up again after 0 s") != NULL,
			      "%s", line);
		ck_assert_msg(!is_down || (strstr(line, down) != NULL) == (failures > 1), "%s",
			      line);
		ck_assert_uint_lt(n, 15);
		lines[n++] = is_down ? '-' : '+';
	}
	lines[n] = '\0';
}

START_TEST(report)
{
	const char *states = reports[_i].states;
	char out[4096], lines[16];
	unsigned fall = reports[_i].fall;

	add_server("mini", "127.0.0.1", 25566, "");
	link_with("'health':{'rise':%u,'fall':%u}", reports[_i].rise, fall);
	log_init(LOG_INFO, LOG_COLOR_NEVER, false);
	capture();
	for (const char *c = reports[_i].reports; *c != '\0'; c++) {
		server_report(nth(0), *c == '+', *c == '+' ? NULL : "connection refused");
		ck_assert_msg(server_is_up(nth(0)) == (*states == '+'), "%s: at %s",
			      reports[_i].what, c);
		states++;
	}
	release(out, sizeof(out));
	read_lines(lines, out, reports[_i].reports[0] == '-' ? 1 : fall);
	ck_assert_msg(strcmp(lines, reports[_i].lines) == 0, "%s: %s", reports[_i].what, lines);
}
END_TEST

START_TEST(the_lobby)
{
	struct server *lobby;
	char why[TOLD] = "";
	int other = -1, fd;

	add_server("hub", "127.0.0.1", 25566, "");
	link_all();
	ck_assert_ptr_null(registry_lobby(registry));
	registry_set_lobby(registry, dial_lobby, &other);
	lobby = registry_lobby(registry);
	ck_assert_ptr_nonnull(lobby);
	ck_assert_str_eq(server_name(lobby), "lobby");
	ck_assert(server_is_lobby(lobby));
	ck_assert_uint_eq(server_index(lobby), 0);
	server_report(lobby, false, "a test");
	ck_assert(server_is_up(lobby));
	visit(lobby);
	ck_assert_uint_eq(server_players(lobby), 1);
	fd = server_dial_start(lobby, why, sizeof(why));
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(server_dial_finish(lobby, fd, 0, why, sizeof(why)), 0);
	ck_assert_int_eq(send(other, "x", 1, 0), 1);
	ck_assert_int_eq(recv(fd, why, 1, 0), 1);
	close(fd);
	close(other);
}
END_TEST

START_TEST(a_lobby_without_room)
{
	char why[TOLD] = "";

	link_all();
	registry_set_lobby(registry, dial_nothing, NULL);
	ck_assert_int_eq(server_dial_start(registry_lobby(registry), why, sizeof(why)), -1);
	ck_assert_str_ne(why, "");
	ck_assert(server_is_up(registry_lobby(registry)));
}
END_TEST

/* ---- dials ---- */

/* Dials server 0 to the end; the socket, or -1 with the reason. */
static int dial(char why[static TOLD])
{
	int fd = server_dial_start(nth(0), why, TOLD), error;

	if (fd < 0)
		return -1;
	if (server_dial_finish(nth(0), fd, net_now_ms() + PATIENCE_MS, why, TOLD) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

START_TEST(a_dial_that_works)
{
	char why[TOLD] = "", byte = 0;
	int fd, peer;

	add_port("127.0.0.1", true);
	link_all();
	fd = dial(why);
	ck_assert_msg(fd >= 0, "%s", why);
	peer = accept(ports[0].listener, NULL, NULL);
	ck_assert_int_ge(peer, 0);
	ck_assert_int_eq(send(peer, "x", 1, 0), 1);
	ck_assert_int_eq(recv(fd, &byte, 1, 0), 1); /* waits: the socket blocks again */
	ck_assert_int_eq(byte, 'x');
	close(fd);
	close(peer);
}
END_TEST

START_TEST(a_dial_that_is_refused)
{
	char why[TOLD] = "";

	add_port("127.0.0.1", false);
	link_all();
	ck_assert_int_eq(dial(why), -1);
	ck_assert_int_eq(errno, ECONNREFUSED);
	ck_assert(!server_fault_is_ours(errno));
	ck_assert_msg(strcasestr(why, "refused") != NULL, "%s", why);
	ck_assert(server_is_up(nth(0))); /* the caller reports, not the dial */
}
END_TEST

#define FILLERS 4

/* Fills the queue of server 0's listener: whoever connects from now on waits. */
static void fill_queue(int fillers[static FILLERS])
{
	char why[TOLD];

	ck_assert_int_eq(listen(ports[0].listener, 0), 0);
	for (size_t i = 0; i < FILLERS; i++)
		fillers[i] = server_dial_start(nth(0), why, sizeof(why));
}

START_TEST(a_dial_that_nobody_answers)
{
	char why[TOLD] = "";
	int fillers[FILLERS], fd;
	int64_t started_ms;

	add_port("127.0.0.1", true);
	link_all();
	fill_queue(fillers);
	started_ms = net_now_ms();
	fd = server_dial_start(nth(0), why, sizeof(why));
	ck_assert_int_ge(fd, 0);
	ck_assert(server_is_up(nth(0)));
	ck_assert_int_eq(server_dial_finish(nth(0), fd, started_ms + 100, why, sizeof(why)),
			 -1);
	ck_assert_int_eq(errno, ETIMEDOUT);
	ck_assert(!server_fault_is_ours(errno));
	ck_assert_int_ge(net_now_ms() - started_ms, 100);
	ck_assert_int_lt(net_now_ms() - started_ms, PATIENCE_MS);
	ck_assert_msg(strstr(why, "no answer in time") != NULL, "%s", why);
	ck_assert(server_is_up(nth(0)));
	close(fd);
	for (size_t i = 0; i < FILLERS; i++)
		close(fillers[i]);
}
END_TEST

/* A name that nobody has resolved yet fails at once. */
START_TEST(a_dial_to_an_unresolved_name)
{
	char why[TOLD] = "";

	add_server("a", "play.example.org", 25566, "");
	link_all();
	ck_assert_int_eq(dial(why), -1);
	ck_assert(!server_fault_is_ours(errno));
	ck_assert_msg(strstr(why, "play.example.org") != NULL, "%s", why);
}
END_TEST

/* Without descriptors the trouble is here, and passes. */
START_TEST(a_dial_without_descriptors)
{
	struct rlimit before, none;
	char why[TOLD] = "";
	int fd, error;

	add_port("127.0.0.1", true);
	link_all();
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	fd = dial(why);
	error = errno;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
	ck_assert_int_eq(fd, -1);
	ck_assert(server_fault_is_ours(error));
	ck_assert_str_ne(why, "");
	fd = dial(why);
	ck_assert_int_ge(fd, 0);
	close(fd);
}
END_TEST

START_TEST(a_dial_to_a_unix_socket)
{
	char path[64], why[TOLD] = "";
	struct net_addr address;
	int listener, fd;

	snprintf(path, sizeof(path), "unix:/tmp/kurafuto-test-%ld", (long)getpid());
	add_server("a", path, 1, "");
	link_all();
	ck_assert_int_eq(dial(why), -1);
	ck_assert(net_addr_parse(&address, path, 0));
	listener = net_listen(&address, why, sizeof(why));
	ck_assert_msg(listener >= 0, "%s", why);
	fd = dial(why);
	ck_assert_msg(fd >= 0, "%s", why);
	close(fd);
	close(listener);
	unlink(path + strlen("unix:"));
}
END_TEST

/* A number is known at once; nobody waits for a name that nobody resolves. */
START_TEST(waiting_for_an_address)
{
	int64_t started_ms = net_now_ms();

	add_server("a", "127.0.0.1", 25566, "");
	add_server("b", "play.example.org", 25566, "");
	link_all();
	registry_set_lobby(registry, dial_nothing, NULL);
	server_await_address(nth(0), started_ms + PATIENCE_MS);
	server_await_address(registry_lobby(registry), started_ms + PATIENCE_MS);
	server_await_address(nth(1),
			     started_ms + 50); /* no thread runs that would resolve it */
	ck_assert_int_lt(net_now_ms(), started_ms + PATIENCE_MS);
}
END_TEST

static TCase *server_tests(void)
{
	TCase *tcase = tcase_create("server");

	tcase_add_checked_fixture(tcase, linked_setup, linked_teardown);
	tcase_add_loop_test(tcase, find, 0, COUNT(finds));
	tcase_add_loop_test(tcase, find_counts_what_does_not_fit, 0, 2);
	tcase_add_test(tcase, find_aliases_and_groups);
	tcase_add_test(tcase, hidden_groups_are_not_named);
	tcase_add_test(tcase, a_name_is_spelled_anew);
	tcase_add_test(tcase, linked_servers);
	tcase_add_test(tcase, hubs_by_name_and_by_group);
	tcase_add_test(tcase, no_server_at_all);
	tcase_add_test(tcase, players_come_from_all_threads);
	tcase_add_test(tcase, who_is_expected_has_no_place);
	tcase_add_test(tcase, few_are_brought_back_at_once);
	tcase_add_test(tcase, a_server_outlives_configurations);
	tcase_add_test(tcase, a_server_that_is_gone);
	tcase_add_loop_test(tcase, report, 0, COUNT(reports));
	tcase_add_test(tcase, the_lobby);
	tcase_add_test(tcase, a_lobby_without_room);
	tcase_add_test(tcase, a_dial_that_works);
	tcase_add_test(tcase, a_dial_that_is_refused);
	tcase_add_test(tcase, a_dial_that_nobody_answers);
	tcase_add_test(tcase, a_dial_to_an_unresolved_name);
	tcase_add_test(tcase, a_dial_without_descriptors);
	tcase_add_test(tcase, a_dial_to_a_unix_socket);
	tcase_add_test(tcase, waiting_for_an_address);
	return tcase;
}

int main(void)
{
	Suite *suite = suite_create("server");

	suite_add_tcase(suite, server_tests());
	return suite_main(suite);
}
