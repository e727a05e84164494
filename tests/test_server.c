/* SPDX-License-Identifier: MIT */
/*
 * The registry of servers: names, hubs, reports and counts without a socket; dials and health
 * checks against real ports on the loopback. Nothing sleeps for a result: tests poll for it
 * until a deadline.
 */
#include "server.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "capture.h"
#include "log.h"
#include "net.h"
#include "port.h"
#include "suite.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PATIENCE_MS  10000
#define TOLD         256
#define SERVERS_MAX  70

/* ---- a configuration by hand ---- */

static struct port ports[3]; /* by the index of their servers */
static struct config_server servers[SERVERS_MAX];
static size_t hubs[8];
static struct config config;
static struct registry *registry; /* freed after each test */

static void setup(void)
{
	memset(servers, 0, sizeof(servers));
	memset(&config, 0, sizeof(config));
	config.servers = servers;
	config.hubs = hubs;
	config.connect_timeout_ms = 2000;
	config.health_interval_ms = 50;
	log_init(LOG_ERROR, LOG_COLOR_NEVER, false);
}

static void add_server(const char *name, const char *address, uint16_t port)
{
	struct config_server *server = &servers[config.n_servers++];

	server->name = strdup(name);
	server->address = strdup(address);
	server->port = port;
}

static void teardown(void)
{
	registry_free(registry);
	registry = NULL;
	for (size_t i = 0; i < config.n_servers; i++) {
		free(servers[i].name);
		free(servers[i].address);
	}
	for (size_t i = 0; i < config.n_servers && i < COUNT(ports); i++)
		port_give_back(&ports[i]);
}

/* Adds a server at a port of its own. */
static void add_port(const char *address, bool is_open)
{
	static const char *const names[COUNT(ports)] = {"a", "b", "c"};
	struct port *port = &ports[config.n_servers];

	port_take(port);
	if (is_open)
		port_open(port);
	add_server(names[config.n_servers], address, port->number);
}

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

static void make(void)
{
	registry = registry_new(&config);
	ck_assert_ptr_nonnull(registry);
}

static struct server *nth(size_t index)
{
	return registry_server(registry, index);
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
		add_server(row->servers[i], "127.0.0.1", 25566);
	make();
	if (row->has_lobby)
		registry_set_lobby(registry, dial_lobby, &other);
	ck_assert_int_eq(
		registry_find(registry, row->name, &found, candidates, sizeof(candidates)),
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
		add_server(name, "127.0.0.1", 25566);
	}
	make();
	ck_assert_int_eq(registry_find(registry, _i == 0 ? "game" : "unknown", &found,
				       candidates, sizeof(candidates)),
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

/* ---- facts ---- */

START_TEST(linked_servers)
{
	add_server("hub", "127.0.0.1", 25566);
	add_server("six", "::1", 1);
	add_server("named", "play.example.org", 65535);
	make();
	ck_assert_uint_eq(registry_count(registry), 3);
	ck_assert_str_eq(server_name(nth(0)), "hub");
	ck_assert_str_eq(server_address(nth(0)), "127.0.0.1:25566");
	ck_assert_str_eq(server_address(nth(1)), "[::1]:1");
	ck_assert_str_eq(server_address(nth(2)), "play.example.org:65535");
	for (size_t i = 0; i < 3; i++) {
		ck_assert(!server_is_lobby(nth(i)));
		ck_assert_uint_eq(server_index(nth(i)), i);
		ck_assert(server_is_up(nth(i)));
		ck_assert_uint_eq(server_players(nth(i)), 0);
	}
}
END_TEST

START_TEST(hubs_in_order)
{
	add_server("a", "127.0.0.1", 1);
	add_server("b", "127.0.0.1", 2);
	add_server("c", "127.0.0.1", 3);
	hubs[0] = 2;
	hubs[1] = 0;
	config.n_hubs = 2;
	make();
	registry_set_lobby(registry, dial_nothing, NULL);
	ck_assert_uint_eq(registry_hub_count(registry), 2);
	ck_assert_str_eq(server_name(registry_hub(registry, 0)), "c");
	ck_assert_str_eq(server_name(registry_hub(registry, 1)), "a");
	ck_assert(registry_is_hub(registry, nth(0)));
	ck_assert(!registry_is_hub(registry, nth(1)));
	ck_assert(registry_is_hub(registry, nth(2)));
	ck_assert(!registry_is_hub(registry, registry_lobby(registry)));
}
END_TEST

START_TEST(no_server_at_all)
{
	make();
	ck_assert_uint_eq(registry_count(registry), 0);
	ck_assert_uint_eq(registry_hub_count(registry), 0);
	ck_assert_ptr_null(registry_lobby(registry));
	ck_assert(registry_start(registry));
	ck_assert(registry_stop(registry));
	registry_free(NULL);
}
END_TEST

#define VISITS 2000

static void *visit(void *context)
{
	for (int i = 0; i < VISITS; i++) {
		server_player_joined(context);
		server_report(context, i % 2 == 0, "a test");
		if (i > 0)
			server_player_left(context);
	}
	return NULL;
}

START_TEST(players_come_from_all_threads)
{
	pthread_t threads[4];

	add_server("a", "127.0.0.1", 1);
	add_server("b", "127.0.0.1", 2);
	make();
	for (size_t i = 0; i < COUNT(threads); i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, visit, nth(0)), 0);
	for (size_t i = 0; i < COUNT(threads); i++)
		pthread_join(threads[i], NULL);
	ck_assert_uint_eq(server_players(nth(0)), COUNT(threads));
	ck_assert_uint_eq(server_players(nth(1)), 0);
}
END_TEST

/* ---- reports ---- */

/* clang-format off */
static const struct {
	const char *what;
	const char *reports; /* + works, - does not */
	bool is_up;
	const char *lines;   /* which lines are logged: + up again, - down */
} reports[] = {
	{"nothing known",    "",       true,  ""},
	{"works",            "+",      true,  ""},
	{"down at first",    "-",      false, "-"},
	{"down for long",    "---",    false, "-"},
	{"goes down",        "++--",   false, "-"},
	{"comes up",         "-+",     true,  "-+"},
	{"comes and stays",  "--++",   true,  "-+"},
	{"to and fro",       "+-+-+-", false, "-+-+-"},
};
/* clang-format on */

START_TEST(report)
{
	char out[2048], lines[16] = "";
	struct server *server;
	size_t n = 0;

	add_server("mini", "127.0.0.1", 25566);
	make();
	server = nth(0);
	log_init(LOG_INFO, LOG_COLOR_NEVER, false);
	capture();
	for (const char *c = reports[_i].reports; *c != '\0'; c++) {
		server_report(server, *c == '+', *c == '+' ? NULL : "connection refused");
		ck_assert_int_eq(server_is_up(server), *c == '+');
	}
	release(out, sizeof(out));
	ck_assert_int_eq(server_is_up(server), reports[_i].is_up);
	for (char *rest = out, *line; (line = strsep(&rest, "\n")) != NULL && *line != '\0';) {
		bool is_down = strstr(line, " is down: connection refused") != NULL;

		ck_assert_msg(strstr(line, "mini (127.0.0.1:25566)") != NULL, "%s", line);
		ck_assert_msg(is_down || strstr(line, " is up again") != NULL, "%s", line);
		ck_assert_uint_lt(n, sizeof(lines) - 1);
		lines[n++] = is_down ? '-' : '+';
	}
	ck_assert_msg(strcmp(lines, reports[_i].lines) == 0, "%s: %s", reports[_i].what, lines);
}
END_TEST

START_TEST(the_lobby)
{
	struct server *lobby;
	char why[TOLD] = "";
	int other = -1, fd;

	add_server("hub", "127.0.0.1", 25566);
	make();
	ck_assert_ptr_null(registry_lobby(registry));
	registry_set_lobby(registry, dial_lobby, &other);
	lobby = registry_lobby(registry);
	ck_assert_ptr_nonnull(lobby);
	ck_assert_uint_eq(registry_count(registry), 1);
	ck_assert_str_eq(server_name(lobby), "lobby");
	ck_assert(server_is_lobby(lobby));
	ck_assert_uint_eq(server_index(lobby), 1);
	server_report(lobby, false, "a test");
	ck_assert(server_is_up(lobby));
	server_player_joined(lobby);
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
	make();
	char why[TOLD] = "";

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
	make();
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
	make();
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
	make();
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

	add_server("a", "play.example.org", 25566);
	make();
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
	make();
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

/* ---- health ---- */

static void start(void)
{
	make();
	ck_assert(registry_start(registry));
}

/* Polls until a server is up or down. */
static void await(size_t index, bool is_up)
{
	int64_t deadline_ms = net_now_ms() + PATIENCE_MS;

	while (server_is_up(nth(index)) != is_up) {
		ck_assert_msg(net_now_ms() < deadline_ms, "%s is not %s in time",
			      server_name(nth(index)), is_up ? "up" : "down");
		poll(NULL, 0, 2);
	}
}

/* Waits for that many checks of a server. */
static void meet_rounds(size_t index, int rounds)
{
	for (int i = 0; i < rounds; i++)
		ck_assert_msg(port_meet(&ports[index], PATIENCE_MS), "no check in time");
}

static void drain(size_t index)
{
	while (port_meet(&ports[index], 0))
		;
}

START_TEST(health_follows_a_server)
{
	add_port("127.0.0.1", false);
	start();
	await(0, false);
	for (int i = 0; i < 3; i++) {
		port_open(&ports[0]);
		await(0, true);
		port_shut(&ports[0]);
		await(0, false);
	}
	ck_assert(registry_stop(registry)); /* teardown stops it once more */
}
END_TEST

/* One that is down says nothing about another. */
START_TEST(health_of_each_server_is_its_own)
{
	add_port("127.0.0.1", false);
	add_port("127.0.0.1", true);
	add_port("127.0.0.1", false);
	start();
	await(0, false);
	await(2, false);
	ck_assert(server_is_up(nth(1)));
	port_open(&ports[2]);
	await(2, true);
	ck_assert(server_is_up(nth(1)));
	ck_assert(!server_is_up(nth(0)));
	port_shut(&ports[1]);
	await(1, false);
	ck_assert(server_is_up(nth(2)));
}
END_TEST

/* A server with players is proven alive by them and is not asked; an empty one next to it tells
 * when a round is over. */
START_TEST(health_leaves_servers_with_players_alone)
{
	add_port("127.0.0.1", true);
	add_port("127.0.0.1", true);
	start();
	meet_rounds(0, 2);
	server_player_joined(nth(0));
	drain(1);
	meet_rounds(1, 3);
	drain(0);
	meet_rounds(1, 3);
	ck_assert(!port_meet(&ports[0], 0));
	server_player_left(nth(0));
	meet_rounds(0, 2);
}
END_TEST

/* But if its links say that it is down, it is asked. */
START_TEST(health_asks_a_server_with_players_that_is_down)
{
	add_port("127.0.0.1", true);
	make();
	server_player_joined(nth(0));
	server_report(nth(0), false, "a test");
	ck_assert(registry_start(registry));
	await(0, true);
}
END_TEST

/* A host name is resolved in the background; whichever of its addresses works is the one. */
START_TEST(health_resolves_names)
{
	int64_t deadline_ms = net_now_ms() + PATIENCE_MS;
	char why[TOLD] = "";
	int fd;

	add_port("localhost", true);
	start();
	server_await_address(nth(0), deadline_ms);
	ck_assert_int_lt(net_now_ms(), deadline_ms);
	while ((fd = dial(why)) < 0)
		ck_assert_msg(net_now_ms() < deadline_ms, "%s", why);
	close(fd);
	await(0, true);
}
END_TEST

/* A number is known at once; a name that nobody resolves, at the deadline. */
START_TEST(waiting_for_an_address)
{
	int64_t started_ms = net_now_ms();

	add_server("a", "127.0.0.1", 25566);
	add_server("b", "play.example.org", 25566);
	make();
	registry_set_lobby(registry, dial_nothing, NULL);
	server_await_address(nth(0), started_ms + PATIENCE_MS);
	server_await_address(registry_lobby(registry), started_ms + PATIENCE_MS);
	ck_assert_int_lt(net_now_ms(), started_ms + PATIENCE_MS);
	server_await_address(nth(1), started_ms + 50);
	ck_assert_int_ge(net_now_ms(), started_ms + 50);
}
END_TEST

/* A listener that takes no connection is down after the connect time-out. */
START_TEST(health_gives_up_on_silence)
{
	int fillers[FILLERS];

	config.connect_timeout_ms = 100;
	add_port("127.0.0.1", true);
	add_port("127.0.0.1", true);
	make();
	fill_queue(fillers);
	ck_assert(registry_start(registry));
	await(0, false);
	meet_rounds(1, 2);
	ck_assert(server_is_up(nth(1)));
	registry_stop(registry);
	for (size_t i = 0; i < FILLERS; i++)
		close(fillers[i]);
}
END_TEST

/* Stopping does not wait for the end of the interval. */
START_TEST(health_stops_at_once)
{
	int64_t started_ms;

	config.health_interval_ms = 3600000;
	add_port("127.0.0.1", true);
	start();
	meet_rounds(0, 1);
	started_ms = net_now_ms();
	ck_assert(registry_stop(registry));
	ck_assert_int_lt(net_now_ms() - started_ms, PATIENCE_MS);
}
END_TEST

static size_t open_descriptors(void)
{
	size_t n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* Rounds of checks, working and failing, leave no descriptor behind. */
START_TEST(health_leaks_no_descriptor)
{
	size_t before;

	add_port("127.0.0.1", true);
	add_port("127.0.0.1", false);
	before = open_descriptors();
	start();
	meet_rounds(0, 10);
	registry_stop(registry);
	ck_assert_uint_eq(open_descriptors(), before);
}
END_TEST

static TCase *server_tests(void)
{
	TCase *tcase = tcase_create("server");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, find, 0, COUNT(finds));
	tcase_add_loop_test(tcase, find_counts_what_does_not_fit, 0, 2);
	tcase_add_test(tcase, linked_servers);
	tcase_add_test(tcase, hubs_in_order);
	tcase_add_test(tcase, no_server_at_all);
	tcase_add_test(tcase, players_come_from_all_threads);
	tcase_add_loop_test(tcase, report, 0, COUNT(reports));
	tcase_add_test(tcase, the_lobby);
	tcase_add_test(tcase, a_lobby_without_room);
	tcase_add_test(tcase, a_dial_that_works);
	tcase_add_test(tcase, a_dial_that_is_refused);
	tcase_add_test(tcase, a_dial_that_nobody_answers);
	tcase_add_test(tcase, a_dial_to_an_unresolved_name);
	tcase_add_test(tcase, a_dial_without_descriptors);
	tcase_add_test(tcase, health_follows_a_server);
	tcase_add_test(tcase, health_of_each_server_is_its_own);
	tcase_add_test(tcase, health_leaves_servers_with_players_alone);
	tcase_add_test(tcase, health_asks_a_server_with_players_that_is_down);
	tcase_add_test(tcase, waiting_for_an_address);
	tcase_add_test(tcase, health_resolves_names);
	tcase_add_test(tcase, health_gives_up_on_silence);
	tcase_add_test(tcase, health_stops_at_once);
	tcase_add_test(tcase, health_leaks_no_descriptor);
	return tcase;
}

int main(void)
{
	Suite *suite = suite_create("server");

	suite_add_tcase(suite, server_tests());
	return suite_main(suite);
}
