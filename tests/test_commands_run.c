/* SPDX-License-Identifier: MIT */
/*
 * The commands as the terminal gives them, with nobody online: what they say and do to servers,
 * bans and the program, whose part is played here; and what completes a line.
 */
#include "commands.h"

#include <fcntl.h>
#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config_current.h"
#include "said.h"
#include "suite.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MANY         3000 /* bans */
#define PORT         "\"address\":\"127.0.0.1\",\"port\":1"

static const char json[] =
	"{\"servers\":[{\"name\":\"alpha\"," PORT "},{\"name\":\"alps\"," PORT
	"},{\"name\":\"beta\"," PORT "}],"
	"\"groups\":{\"both\":{\"servers\":[\"alpha\",\"beta\"]}},\"hubs\":[\"alpha\"]}";

static struct registry *registry;
static struct session_world world;
static struct commands *commands;
static char directory[] = "/tmp/kurafuto-commands-XXXXXX", output[16384];

/* ---- the program's part ---- */

/* What was asked of the program. */
static struct {
	int64_t stop_s;
	char reason[64];
	bool stops_when_empty, is_stopping, fails;
	unsigned changes, warnings, level;
} asked;

static bool reload(void *context, commands_say_fn *say, void *say_context)
{
	char line[32];

	ck_assert_ptr_eq(context, &asked);
	for (unsigned i = 0; i < asked.changes; i++) {
		snprintf(line, sizeof(line), "%sline %u", i % 2 ? "reload: " : "", i);
		say(say_context, line);
	}
	for (unsigned i = 0; i < asked.warnings; i++) {
		snprintf(line, sizeof(line), "warning: %sodd %u", i % 2 ? "reload: " : "", i);
		say(say_context, line);
	}
	return !asked.fails;
}

static void stop(void *context, int64_t in_s, const char *reason)
{
	ck_assert_ptr_eq(context, &asked);
	asked.stop_s = in_s;
	strlcpy(asked.reason, reason, sizeof(asked.reason));
}

static void stop_when_empty(void *context)
{
	ck_assert_ptr_eq(context, &asked);
	asked.stops_when_empty = true;
}

static bool stop_not(void *context)
{
	ck_assert_ptr_eq(context, &asked);
	return asked.is_stopping;
}

static void set_log_level(void *context, enum log_level level)
{
	ck_assert_ptr_eq(context, &asked);
	asked.level = level;
}

static const struct commands_control whole = {&asked,          reload,   stop,
					      stop_when_empty, stop_not, set_log_level};
static const struct commands_control none;

/* ---- the stage ---- */

static void remake(const struct commands_control *control)
{
	commands_free(commands);
	commands = commands_new(&world, control);
	ck_assert_ptr_nonnull(commands);
}

static void setup(void)
{
	struct config *config = good(json);

	memset(&asked, 0, sizeof(asked));
	asked.stop_s = -1;
	strlcpy(directory + strlen(directory) - 6, "XXXXXX", 7);
	ck_assert_ptr_nonnull(mkdtemp(directory));
	log_init(LOG_ERROR, LOG_COLOR_NEVER, false);
	registry = registry_new();
	ck_assert_ptr_nonnull(registry);
	ck_assert(registry_prepare(registry, config));
	registry_commit(registry, config);
	config_publish(config);
	config_settle();
	world = (struct session_world){
		.registry = registry,
		.bans = bans_new(directory),
		.version = "Kurafuto 9.9",
	};
	ck_assert_ptr_nonnull(world.bans);
	commands = NULL;
	remake(&whole);
}

static void drop_file(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	unlink(path);
}

static void teardown(void)
{
	session_set_door(SESSION_DOOR_OPEN);
	commands_free(commands);
	bans_free(world.bans);
	registry_free(registry);
	config_retire();
	config_settle();
	drop_file("bans.json");
	drop_file("allowed.json");
	rmdir(directory);
}

/* Runs a line; what it answers is in `output`, and must contain `answer`. */
static void run(const char *line, const char *answer)
{
	int fds[2], terminal = dup(STDOUT_FILENO);
	ssize_t n;
	size_t size = 0;

	fflush(stdout);
	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(dup2(fds[1], STDOUT_FILENO), STDOUT_FILENO);
	close(fds[1]);
	commands_run_line(commands, line);
	dup2(terminal, STDOUT_FILENO);
	close(terminal);
	while ((n = read(fds[0], output + size, sizeof(output) - 1 - size)) > 0)
		size += (size_t)n;
	output[size] = '\0';
	close(fds[0]);
	ck_assert_msg(strstr(output, answer) != NULL, "%s: \"%s\" instead of \"%s\"", line,
		      output, answer);
}

static struct server *server(const char *name)
{
	const struct config *config = config_now();

	for (size_t i = 0; i < config->n_servers; i++)
		if (strcmp(config->servers[i].name, name) == 0)
			return config->servers[i].server;
	ck_abort_msg("%s", name);
}

static unsigned lines(void)
{
	unsigned n = 0;

	for (const char *c = output; *c != '\0'; c++)
		n += *c == '\n';
	return n;
}

/* ---- lines ---- */

/* clang-format off */
static const struct {
	const char *line, *answer;
} answers[] = {
	{"frobnicate",          "no command \"frobnicate\""},
	{"kik Bob",             "did you mean kick"},
	{"help kick",           "kick NAME [REASON]"},
	{"jump alpha",          "jump is for players"},
	{"players",             "Players online: 0"},
	{"players beta",        "Nobody is on beta"},
	{"players al",          "could be any of: alpha, alps"},
	{"players nosuch",      "no server \"nosuch\""},
	{"find",                "It goes like this: find NAME"},
	{"find Bob",            "Nobody called \"Bob\" is online"},
	{"send",                "It goes like this: send"},
	{"send Bob",            "It goes like this: send"},
	{"send Bob nosuch",     "no server \"nosuch\""},
	{"send Bob al",         "could be any of: alpha, alps"},
	{"send Bob beta",       "Nobody called \"Bob\" is online"},
	{"send all beta",       "nobody to send"},
	{"send alpha beta",     "nobody to send"},
	{"send b both",         "nobody to send"},
	{"send server:b both",  "nobody to send"},
	{"send player:b both",  "Nobody called \"b\" is online"},
	{"send both beta",      "both is a group: name one of its servers, alpha, beta"},
	{"send alpha beta x",   "It goes like this: send"},
	{"players both",        "both is a group: name one of its servers, alpha, beta"},
	{"players alpha beta",  "It goes like this: players"},
	{"kick",                "It goes like this: kick"},
	{"kick Bob",            "Nobody called \"Bob\" is online"},
	{"say",                 "It goes like this: say TEXT"},
	{"say hello",           "Said to 0 players"},
	{"ban",                 "It goes like this: ban"},
	{"ban Bob",             "Bob is banned."},
	{"ban Bob 10m",         "Bob is banned for 10 min."},
	{"ban Bob 1h30m bad",   "Bob is banned for 1 h 30 min."},
	{"ban 10.0.0.0/8 x",    "10.0.0.0/8 is banned."},
	{"ban Bob 10x",         "\"10x\" is no time"},
	{"ban B*b",             "\"B*b\" can't be banned"},
	{"ban 1.2.3.4/99",      "\"1.2.3.4/99\" can't be banned"},
	{"ban 192.168.1",       "\"192.168.1\" is no address such as 192.0.2.7 or 10.0.0.0/8"},
	{"ban 300.1.1.1",       "is no address"},
	{"ban 10",              "If a player is called so: ban \"10\""},
	{"ban 1.2.3.4",         "1.2.3.4 is banned"},
	{"ban \"10\"",          "10 is banned."},
	{"unban \"10\"",        "10 is not banned"},
	{"unban Bob Al",        "It goes like this: unban"},
	{"bans Bob",            "It goes like this: bans"},
	{"unban",               "It goes like this: unban"},
	{"unban Bob",           "Bob is not banned"},
	{"unban ?",             "? is not banned"},
	{"bans",                "Nobody is banned"},
	{"allow",               "The allow list is off"},
	{"allow list",          "Nobody is on the allow list"},
	{"allow add",           "It goes like this: allow"},
	{"allow remove",        "It goes like this: allow"},
	{"allow add Bob",       "Bob is on the allow list now"},
	{"allow add B?b",       "\"B?b\" can't be on the allow list"},
	{"allow remove Bob",    "Bob is not on the allow list"},
	{"allow add Al 2d Bo",  "Al is on the allow list for 2 d"},
	{"allow add 10.0.0.0/8 school", "10.0.0.0/8 is on the allow list now"},
	{"allow add 10.0.0.0/99", "\"10.0.0.0/99\" can't be on the allow list"},
	{"allow list Bo",       "It goes like this: allow"},
	{"allow on",            "The allow list is on"},
	{"allow off",           "The allow list is off"},
	{"allow maybe",         "\"maybe\" is neither on nor off"},
	{"servers",             "beta 127.0.0.1:1, up, 0 players"},
	{"drain",               "It goes like this: drain SERVER"},
	{"drain nosuch",        "no server \"nosuch\""},
	{"drain both",          "both is a group: name one of its servers, alpha, beta"},
	{"drain alpha beta",    "It goes like this: drain SERVER"},
	{"maintenance BOTH on", "both is a group"},
	{"maintenance all on x", "It goes like this: maintenance"},
	{"ready both",          "both is a group"},
	{"ready all beta",      "It goes like this: ready"},
	{"move-off both",       "both is a group"},
	{"maintenance",         "It goes like this: maintenance"},
	{"maintenance alpha",   "It goes like this: maintenance"},
	{"maintenance all",     "It goes like this: maintenance"},
	{"maintenance beta x",  "\"x\" is neither on nor off"},
	{"ready",               "It goes like this: ready"},
	{"ready nosuch",        "no server \"nosuch\""},
	{"ready beta",          "beta takes players already"},
	{"move-off",            "It goes like this: move-off"},
	{"move-off nosuch",     "no server \"nosuch\""},
	{"move-off alpha",      "no other server for the players of alpha"},
	{"move-off beta",       "Nobody is left on beta"},
	{"reload now",          "It goes like this: reload"},
	{"log info x",          "It goes like this: log LEVEL"},
	{"log",                 "It goes like this: log LEVEL"},
	{"log loud",            "\"loud\" is no log level"},
	{"trace",               "It goes like this: trace"},
	{"trace Bob",           "It goes like this: trace"},
	{"trace Bob maybe",     "\"maybe\" is neither on nor off"},
	{"trace Bob on",        "Nobody called \"Bob\" is online"},
	{"stats",               "Players: 0 of 1000, connections 0"},
	{"version",             "Kurafuto 9.9"},
	{"stop abc",            "\"abc\" is no number of seconds"},
	{"stop -1",             "\"-1\" is no number of seconds"},
	{"stop 86401",          "\"86401\" is no number of seconds"},
	{"stop when-empty 5 x", "It goes like this: stop"},
	{"stop not now",        "It goes like this: stop"},
	{"stop not",            "There was no stop to call off"},
	{"STOP NOT",            "There was no stop to call off"},
};
/* clang-format on */

START_TEST(line_is_answered)
{
	run(answers[_i].line, answers[_i].answer);
	ck_assert_int_eq(asked.stop_s, -1);
}
END_TEST

/* What can't be done here says so, and does not crash. */
START_TEST(without_a_program)
{
	static const char *const commands_of_it[] = {
		"reload", "stop", "stop 5", "stop not", "stop when-empty", "log debug"};

	remake(&none);
	for (size_t i = 0; i < COUNT(commands_of_it); i++)
		run(commands_of_it[i], "There is no ");
}
END_TEST

START_TEST(without_bans)
{
	static const char *const commands_of_it[] = {"ban Bob", "unban Bob", "bans",
						     "allow on"};
	struct bans *bans = world.bans;

	world.bans = NULL;
	for (size_t i = 0; i < COUNT(commands_of_it); i++)
		run(commands_of_it[i], "There is no ");
	world.bans = bans;
}
END_TEST

/* What is wrong with the disk is said once. */
START_TEST(a_ban_that_is_not_saved_says_why)
{
	char wanted[256];

	ck_assert_int_eq(rmdir(directory), 0);
	snprintf(wanted, sizeof(wanted),
		 "That counts only until Kurafuto stops, since it could not be saved: "
		 "%s/bans.json: No such file or directory.\n",
		 directory);
	run("ban Bob", wanted);
}
END_TEST

START_TEST(everything_has_help)
{
	static const char *const names[] = {
		"help",   "list",        "who",   "info",  "players", "find",
		"send",   "kick",        "ban",   "bans",  "unban",   "allow",
		"say",    "servers",     "drain", "ready", "log",     "move-off",
		"reload", "maintenance", "trace", "stats", "stop",    "version"};
	char row[32];

	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(row, sizeof(row), "\n%s", names[i]);
		run("help", row);
	}
	ck_assert_ptr_null(strstr(output, "\njump")); /* that is for players */
}
END_TEST

/* ---- in other words ---- */

static void put_in_force(const char *text)
{
	struct config *config = good(text);

	ck_assert(registry_prepare(registry, config));
	registry_commit(registry, config);
	config_publish(config);
	config_settle();
}

/* clang-format off */
static const struct {
	const char *message, *line, *answer;
} others[] = {
	{"'help-kick':'wirft hinaus'",      "help kick",   "kick NAME [REASON]: wirft hinaus\n"},
	{"'help-stop':''",                  "help stop",   "when-empty | not: \n"},
	{"'command-for-players':'{command} nicht hier'", "jump alpha", "jump nicht hier\n"},
	{"'time-minutes':'{count} Minuten'", "ban Bob 10m", "Bob is banned for 10 Minuten."},
	{"'time-hours':'{count} Std.','time-minutes':'{count} Min.'", "ban Bob 1h30m", "for 1 Std. 30 Min."},
	{"'time-days':'{count} Tage'",      "ban Bob 2w",  "for 14 Tage."},
	{"'time-seconds':'{count} Sek.'",   "stop 5",      "Stopping in 5 Sek."},
	{"'stats-program':'{version} seit {time}'", "stats", "Kurafuto 9.9 seit "},
	{"'stats-players':'{players}/{max}/{connections}'", "stats", "\n0/1000/0\n"},
	{"'stats-events':'{joins} {jumps} {fallbacks} {refused} {denied}'", "stats", "\n0 0 0 0 0\n"},
	{"'stats-process':'Speicher {memory}'", "stats",   "\nSpeicher "},
	{"'stats-server':'{server} {state}{since}{latency}','state-up':'da','stats-since-start':' immer'", "stats", "\nbeta da immer\n"},
};
/* clang-format on */

START_TEST(other_words_are_said)
{
	char text[1024];

	snprintf(text, sizeof(text), "%.*s,\"messages\":{%s}}", (int)strlen(json) - 1, json,
		 others[_i].message);
	for (char *c = text; *c != '\0'; c++)
		if (*c == '\'')
			*c = '"';
	put_in_force(text);
	run(others[_i].line, others[_i].answer);
}
END_TEST

/* The list has 900 bytes. */
START_TEST(a_long_list_ends_in_other_words)
{
	char text[1024], line[64];
	unsigned listed = 0;

	snprintf(text, sizeof(text), "%.*s,\"messages\":{\"more-names\":\"%s\"}}",
		 (int)strlen(json) - 1, json, "sowie {count} andere, deren Namen hier fehlen");
	put_in_force(text);
	for (unsigned i = 0; i < 100; i++) {
		snprintf(line, sizeof(line), "allow add Player%010u", i);
		run(line, "");
	}
	run("allow list", "On the allow list (100): Player0000000000, ");
	for (const char *c = output; (c = strstr(c, "Player00")) != NULL; c++)
		listed++;
	snprintf(line, sizeof(line), " sowie %u andere, deren Namen hier fehlen\n",
		 100 - listed);
	ck_assert_msg(strstr(output, line) != NULL, "%u, %s", listed, output);
}
END_TEST

/* ---- the log ---- */

/* Which of stdin and stderr is a terminal: only who types where the log is shown has seen the
 * line. */
START_TEST(the_log_repeats_nothing_that_was_just_typed)
{
	bool types = (_i & 1) != 0, shows = (_i & 2) != 0;
	int master, slave, fds[2], in = dup(STDIN_FILENO), err = dup(STDERR_FILENO);
	char text[4096] = "";
	size_t size = 0;

	ck_assert_int_eq(openpty(&master, &slave, NULL, NULL, NULL), 0);
	ck_assert_int_eq(pipe(fds), 0);
	log_init(LOG_INFO, LOG_COLOR_NEVER, false);
	dup2(types ? slave : fds[0], STDIN_FILENO);
	dup2(shows ? slave : fds[1], STDERR_FILENO);
	run("drain alpha", "takes no new players");
	log_info("that was all");
	dup2(in, STDIN_FILENO);
	dup2(err, STDERR_FILENO);
	while (strstr(text, "that was all") == NULL) {
		ssize_t n = read(shows ? master : fds[0], text + size, sizeof(text) - 1 - size);

		ck_assert_int_gt(n, 0);
		size += (size_t)n;
	}
	ck_assert_msg((strstr(text, "console: gives the command drain alpha") == NULL) ==
			      (types && shows),
		      "%s", text);
	close(master);
	close(slave);
	close(fds[0]);
	close(fds[1]);
	close(in);
	close(err);
}
END_TEST

/* ---- what they do ---- */

/* For how long it has been down stands behind that, and not behind what else it is. */
START_TEST(a_server_is_down_for_so_long)
{
	server_report(server("beta"), false, "gone");
	run("servers", "beta 127.0.0.1:1, down for ");
	run("drain beta", "no new players");
	run("servers", "beta 127.0.0.1:1, down for ");
	ck_assert_ptr_nonnull(strstr(output, " s, draining, 0 players"));
	run("move-off beta", "");
	run("servers", " s, draining, being emptied, 0 players");
}
END_TEST

START_TEST(modes_change)
{
	run("drain alpha", "alpha takes no new players, 0 players still on it");
	ck_assert_int_eq(server_mode(server("alpha")), SERVER_DRAINING);
	run("servers", "draining");
	run("maintenance beta on", "beta is closed for maintenance");
	ck_assert_int_eq(server_mode(server("beta")), SERVER_MAINTENANCE);
	run("maintenance alpha off", "no longer closed"); /* it never was: it drains on */
	ck_assert_int_eq(server_mode(server("alpha")), SERVER_DRAINING);
	run("ready alpha", "alpha takes players again");
	ck_assert_int_eq(server_mode(server("alpha")), SERVER_READY);
	run("maintenance beta off", "no longer closed");
	ck_assert_int_eq(server_mode(server("beta")), SERVER_READY);
}
END_TEST

/* The end of one thing is not that of another. */
START_TEST(modes_are_facts_of_their_own)
{
	run("drain alpha", "takes no new players");
	run("maintenance all on", "All servers are closed");
	run("servers", "alpha 127.0.0.1:1, up, draining, maintenance of all, 0 players");
	run("maintenance all off", "players can join");
	ck_assert_msg(strstr(output, "still closed to new players: alpha\n") != NULL, "%s",
		      output);
	ck_assert_int_eq(server_mode(server("alpha")), SERVER_DRAINING);
	run("maintenance alpha on", "closed for maintenance");
	run("maintenance alpha on", "closed for maintenance");
	ck_assert_int_eq(server_mode(server("alpha")), SERVER_MAINTENANCE);
	run("servers", "alpha 127.0.0.1:1, up, draining, maintenance, 0 players");
	run("maintenance alpha off",
	    "alpha is drained, and takes nobody new until: ready alpha");
	ck_assert_int_eq(server_mode(server("alpha")), SERVER_DRAINING);
	run("maintenance beta on", "closed for maintenance");
	run("maintenance all on", "All servers are closed");
	run("maintenance all off", "still closed to new players: alpha, beta\n");
	ck_assert_int_eq(server_mode(server("beta")), SERVER_MAINTENANCE);
	run("move-off beta", "Nobody is left");
	run("maintenance beta off", "beta is drained");
	ck_assert(server_is_emptying(server("beta")));
	run("ready alpha", "takes players again");
	ck_assert_int_eq(server_mode(server("alpha")), SERVER_READY);
}
END_TEST

START_TEST(ready_says_if_all_are_closed)
{
	run("maintenance all on", "All servers are closed");
	run("maintenance beta on", "closed");
	run("maintenance beta off",
	    "beta is still closed, as all servers are: maintenance all off");
	run("drain beta", "no new players");
	run("ready beta", "beta is still closed, as all servers are: maintenance all off");
	ck_assert(!server_is_draining(server("beta")));
	ck_assert_int_eq(server_mode(server("beta")), SERVER_MAINTENANCE);
	run("maintenance all off", "players can join");
	ck_assert_ptr_null(strstr(output, "still"));
	ck_assert_int_eq(server_mode(server("beta")), SERVER_READY);
}
END_TEST

/* The name of a group is not the beginning of a server's. */
START_TEST(a_group_is_no_server)
{
	static const char *const lines[] = {"drain ARENA",   "maintenance arena on",
					    "ready Arena",   "move-off Arena",
					    "players Arena", "send Arena alpha"};

	put_in_force("{\"servers\":[{\"name\":\"ArenaMain\"," PORT "},{\"name\":\"Other\"," PORT
		     ",\"hidden\":true},{\"name\":\"alpha\"," PORT
		     "}],\"groups\":{\"Arena\":{\"servers\":[\"ArenaMain\",\"Other\"]}},"
		     "\"hubs\":[\"alpha\"]}");
	for (size_t i = 0; i < COUNT(lines); i++)
		run(lines[i], "Arena is a group: name one of its servers, ArenaMain, Other\n");
	ck_assert_int_eq(server_mode(server("ArenaMain")), SERVER_READY);
	ck_assert(!server_is_emptying(server("ArenaMain")));
	run("drain Aren", "ArenaMain takes no new players");
}
END_TEST

START_TEST(the_door_closes_and_opens)
{
	run("drain alps", "takes no new players");
	run("maintenance all on", "All servers are closed");
	ck_assert_int_eq(session_door(), SESSION_DOOR_MAINTENANCE);
	ck_assert_int_eq(server_mode(server("alps")), SERVER_MAINTENANCE);
	ck_assert_int_eq(server_mode(server("alpha")), SERVER_MAINTENANCE);
	run("drain alps", "takes no new players");
	run("maintenance all off", "The maintenance is over");
	ck_assert_int_eq(session_door(), SESSION_DOOR_OPEN);
	ck_assert_int_eq(server_mode(server("alps")), SERVER_DRAINING);
	ck_assert_int_eq(server_mode(server("alpha")), SERVER_READY);
	run("maintenance all on", "All servers are closed");
	run("ready all", "All servers take players");
	ck_assert_int_eq(session_door(), SESSION_DOOR_OPEN);
	ck_assert_int_eq(server_mode(server("alps")), SERVER_READY);
}
END_TEST

START_TEST(a_server_is_emptied)
{
	run("move-off beta", "Nobody is left");
	ck_assert(server_is_emptying(server("beta")));
	ck_assert_int_eq(server_mode(server("beta")), SERVER_DRAINING);
	run("servers", "being emptied");
	session_move_off(0); /* nobody is there: done */
	ck_assert(!server_is_emptying(server("beta")));
	ck_assert_int_eq(server_mode(server("beta")), SERVER_DRAINING);
	run("move-off beta", "Nobody is left");
	run("ready beta", "takes players again");
	ck_assert(!server_is_emptying(server("beta")));
	run("move-off alpha", "no other server");
	ck_assert(!server_is_emptying(server("alpha")));
}
END_TEST

START_TEST(bans_are_kept)
{
	run("ban Bob 2h likes lava", "banned for 2 h");
	run("ban 10.0.0.0/8", "is banned");
	run("bans", "Bob by console, for another 2 h: likes lava");
	ck_assert_msg(strstr(output, "10.0.0.0/8 by console, for ever") != NULL, "%s", output);
	ck_assert_msg(strstr(output, "Bans: 2") != NULL, "%s", output);
	run("unban bob", "bob is no longer banned");
	run("bans", "Bans: 1");
}
END_TEST

/* A Disconnect has room for 64 characters. */
START_TEST(long_reasons_are_cut)
{
	run("ban Bob 123456789 123456789 123456789 123456789 123456789 123456789 end",
	    "is no time");
	run("ban Bob x23456789 123456789 123456789 123456789 123456789 123456789 end",
	    "players read \"You are banned: x23456789 123456789 123456789 123456789 "
	    "12345678\"");
	run("ban Bob x23456789 123456789 123456789 123456789", "is banned");
	ck_assert_ptr_null(strstr(output, "players read"));
}
END_TEST

START_TEST(the_allow_list_is_kept)
{
	run("allow add Bob", "now");
	run("allow add BOB", "on the allow list already");
	run("allow add Eve", "now");
	run("allow list", "On the allow list (2): Bob, Eve");
	run("allow remove bob", "no longer on the allow list");
	run("allow on", "is on: only");
	run("allow", "On the allow list (1): Eve");
	ck_assert(bans_allow_is_on(world.bans));
	ck_assert(!bans_is_allowed(world.bans, "Bob", NULL, time(NULL)));
}
END_TEST

/* ---- the program ---- */

START_TEST(reload_says_what_changed)
{
	asked.changes = 3;
	run("reload", "Reloaded, changes: 3");
	ck_assert_msg(strstr(output, "line 0\nline 1\nline 2\n") != NULL, "%s", output);
	asked.changes = 0;
	run("reload", "nothing has changed");
	asked.warnings = 2;
	run("reload", "Reloaded, changes: 0, warnings: 2");
	ck_assert_msg(strstr(output, "warning: odd 0\nwarning: odd 1\n") != NULL, "%s", output);
	asked.changes = 2;
	run("reload", "Reloaded, changes: 2, warnings: 2");
	ck_assert_uint_eq(lines(), 5);
	asked.fails = true;
	run("reload", "Nothing has changed in the configuration:");
	ck_assert_msg(strstr(output, "line 0\nline 1\nwarning: odd 0\n") != NULL, "%s", output);
	ck_assert_uint_eq(lines(), 5);
}
END_TEST

START_TEST(stop_passes_on_when_and_why)
{
	run("stop 30 see you  later", "Stopping in 30 s");
	ck_assert_int_eq(asked.stop_s, 30);
	ck_assert_str_eq(asked.reason, "see you  later");
	run("stop", "Stopping now");
	ck_assert_int_eq(asked.stop_s, 0);
	ck_assert_str_eq(asked.reason, "");
	ck_assert(!asked.stops_when_empty);
	run("stop when-empty", "when the last player has left");
	ck_assert(asked.stops_when_empty);
	asked.is_stopping = true;
	run("stop not", "The stop is called off");
}
END_TEST

START_TEST(the_log_level_changes)
{
	static const char *const names[] = {"error", "warn", "info", "debug", "trace"};
	char line[32];

	for (unsigned i = 0; i < COUNT(names); i++) {
		snprintf(line, sizeof(line), "log %s", names[i]);
		run(line, names[i]);
		ck_assert_uint_eq(asked.level, i);
	}
}
END_TEST

/* ---- completion ---- */

/* clang-format off */
static const struct {
	const char *line, *words; /* all that complete it */
} completions[] = {
	{"",                 "help list who info players find send kick ban unban bans allow say servers drain maintenance ready move-off reload log trace stats version stop"},
	{"l",                "list log"},
	{"  l",              "list log"},
	{"MAIN",             "maintenance"},
	{"jump",             ""},
	{"nosuch ",          ""},
	{"help ma",          "maintenance"},
	{"help maintenance ", ""},
	{"players ",         "alpha alps beta"},
	{"players al",       "alpha alps"},
	{"drain AL",         "alpha alps"},
	{"maintenance a",    "alpha alps all"},
	{"maintenance all ", "on off"},
	{"maintenance all of", "off"},
	{"maintenance all on ", ""},
	{"ready  b",         "beta"},
	{"send ",            "alpha alps beta all"},
	{"send all b",       "beta both"},
	{"send all both x",  ""},
	{"kick ",            ""},
	{"kick Bob ",        ""},
	{"unban ",           "Bob 10.0.0.0/8"},
	{"allow ",           "on off list add remove"},
	{"log ",             "error warn info debug trace"},
	{"trace Bob o",      "on off"},
	{"stop ",            "when-empty not"},
	{"stop 3",           ""},
	{"say a",            ""},
};
/* clang-format on */

static void gather(void *words, const char *word)
{
	char *text = words;

	strlcat(text, text[0] != '\0' ? " " : "", 512);
	strlcat(text, word, 512);
}

START_TEST(lines_are_completed)
{
	char words[512] = "";

	run("ban Bob", "banned");
	run("ban 10.0.0.0/8", "banned");
	commands_complete(commands, completions[_i].line, gather, words);
	ck_assert_str_eq(words, completions[_i].words);
}
END_TEST

/* Takes words in order, "P0" before "P1": each counts once. */
static void expect_next(void *taken, const char *word)
{
	char wanted[16];

	snprintf(wanted, sizeof(wanted), "P%u", (*(unsigned *)taken)++);
	ck_assert_str_eq(word, wanted);
}

/* However many they are, they are gone through once. */
START_TEST(many_bans_are_offered_once)
{
	char path[64];
	unsigned taken = 0;

	snprintf(path, sizeof(path), "%s/bans.json", directory);
	FILE *file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	fprintf(file, "{\"bans\":[");
	for (unsigned i = 0; i < MANY; i++)
		fprintf(file, "%s{\"what\":\"P%u\"}", i > 0 ? "," : "", i);
	fprintf(file, "]}");
	ck_assert_int_eq(fclose(file), 0);
	bans_free(world.bans);
	world.bans = bans_new(directory);
	commands_complete(commands, "unban p", expect_next, &taken);
	ck_assert_uint_eq(taken, MANY);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("commands on the terminal");
	TCase *tcase = tcase_create("lines");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, line_is_answered, 0, COUNT(answers));
	tcase_add_test(tcase, without_a_program);
	tcase_add_test(tcase, without_bans);
	tcase_add_test(tcase, a_ban_that_is_not_saved_says_why);
	tcase_add_test(tcase, everything_has_help);
	tcase_add_loop_test(tcase, other_words_are_said, 0, COUNT(others));
	tcase_add_test(tcase, a_long_list_ends_in_other_words);
	tcase_add_loop_test(tcase, the_log_repeats_nothing_that_was_just_typed, 0, 4);
	tcase_add_test(tcase, a_server_is_down_for_so_long);
	tcase_add_test(tcase, modes_change);
	tcase_add_test(tcase, modes_are_facts_of_their_own);
	tcase_add_test(tcase, ready_says_if_all_are_closed);
	tcase_add_test(tcase, a_group_is_no_server);
	tcase_add_test(tcase, the_door_closes_and_opens);
	tcase_add_test(tcase, a_server_is_emptied);
	tcase_add_test(tcase, bans_are_kept);
	tcase_add_test(tcase, long_reasons_are_cut);
	tcase_add_test(tcase, the_allow_list_is_kept);
	tcase_add_test(tcase, reload_says_what_changed);
	tcase_add_test(tcase, stop_passes_on_when_and_why);
	tcase_add_test(tcase, the_log_level_changes);
	tcase_add_loop_test(tcase, lines_are_completed, 0, COUNT(completions));
	tcase_add_test(tcase, many_bans_are_offered_once);
	suite_add_tcase(suite, tcase);
	return suite_main(suite);
}
