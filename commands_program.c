/* SPDX-License-Identifier: MIT */
/*
 * The admins' commands about the program: its configuration, its log, its counts, its end. What
 * only the whole program can do comes through commands_control; where that has no function,
 * the command says so.
 */
#include <bsd/stdlib.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "bans.h"
#include "commands_private.h"
#include "trace.h"

#define STOP_MAX_S 86400
#define PATH_SIZE  4096

#define RELOAD_PREFIX  "reload: "  /* of lines that are for the log, too */
#define WARNING_PREFIX "warning: " /* of what is neither a change nor a fault */
#define UNSAID         WARNING_PREFIX "there is no memory to say all of it"

const char *const command_levels[] = {
	[LOG_ERROR] = "error", [LOG_WARN] = "warn",   [LOG_INFO] = "info",
	[LOG_DEBUG] = "debug", [LOG_TRACE] = "trace", NULL,
};

static void say_not_here(const struct call *call)
{
	call_answer(call, MESSAGE_COMMAND_NOT_HERE, "command", call->command->name, NULL);
}

/* ---- reload ---- */

/* What a reload says: kept until it is known whether that is faults or changes. */
struct said {
	char *lines; /* each with its '\n'; NULL: none */
	size_t size, n;
	size_t warnings; /* of the n lines */
	bool is_cut;     /* there was no memory for more */
};

/* Takes a prefix off a line, if it has it. */
static bool skip(const char **line, const char *prefix)
{
	bool has_it = strncmp(*line, prefix, strlen(prefix)) == 0;

	*line += has_it ? strlen(prefix) : 0;
	return has_it;
}

static void keep_line(void *context, const char *line)
{
	struct said *said = context;
	const char *text = line;

	bool is_warning = skip(&text, WARNING_PREFIX);
	skip(&text, RELOAD_PREFIX);
	size_t mark = is_warning ? strlen(WARNING_PREFIX) : 0, length = strlen(text);
	char *grown = realloc(said->lines, said->size + mark + length + 1);
	said->is_cut |= grown == NULL;
	if (grown == NULL)
		return;
	memcpy(grown + said->size, line, mark);
	memcpy(grown + said->size + mark, text, length);
	said->size += mark + length + 1;
	grown[said->size - 1] = '\n';
	said->lines = grown;
	said->n++;
	said->warnings += is_warning;
}

static void say_line(const struct call *call, const char *line, bool is_done)
{
	const char *text = line;

	if (!is_done)
		call_answer(call, MESSAGE_RELOAD_FAULT, "fault", line, NULL);
	else if (skip(&text, WARNING_PREFIX))
		call_answer(call, MESSAGE_RELOAD_WARNING, "warning", line, NULL);
	else
		call_answer(call, MESSAGE_RELOAD_CHANGE, "change", line, NULL);
}

static void say_lines(const struct call *call, struct said *said, bool is_done)
{
	char *line = said->lines;

	for (size_t i = 0; i < said->n; i++) {
		char *end = strchr(line, '\n');

		*end = '\0';
		if (call_has_room(call, i))
			say_line(call, line, is_done);
		line = end + 1;
	}
	call_left_out(call, said->n);
	if (said->is_cut)
		call_answer(call, MESSAGE_RELOAD_WARNING, "warning", UNSAID, NULL);
}

static void say_outcome(const struct call *call, const struct said *said)
{
	char count[16], warnings[16];

	snprintf(count, sizeof(count), "%zu", said->n - said->warnings);
	snprintf(warnings, sizeof(warnings), "%zu", said->warnings + said->is_cut);
	if (said->warnings > 0 || said->is_cut)
		call_answer(call, MESSAGE_RELOAD_WARNED, "count", count, "warnings", warnings,
			    NULL);
	else if (said->n > 0)
		call_answer(call, MESSAGE_RELOAD_DONE, "count", count, NULL);
	else
		call_answer(call, MESSAGE_RELOAD_SAME, NULL);
}

void run_reload(const struct call *call)
{
	const struct commands_control *control = &call->commands->control;
	struct said said = {.lines = NULL};

	if (control->reload == NULL) {
		say_not_here(call);
		return;
	}
	bool is_done = control->reload(control->context, keep_line, &said);
	if (is_done)
		say_outcome(call, &said);
	else
		call_answer(call, MESSAGE_RELOAD_FAILED, NULL);
	say_lines(call, &said, is_done);
	free(said.lines);
}

/* ---- the log and traces ---- */

void run_log(const struct call *call)
{
	const struct commands_control *control = &call->commands->control;
	const char *rest = call->arguments;
	char word[CALL_WORD_MAX + 1];
	size_t level = 0;

	if (!call_word(&rest, word)) {
		call_usage(call);
		return;
	}
	while (command_levels[level] != NULL && strcasecmp(command_levels[level], word) != 0)
		level++;
	if (command_levels[level] == NULL) {
		call_answer(call, MESSAGE_LOG_BAD, "level", word, NULL);
	} else if (control->set_log_level == NULL) {
		say_not_here(call);
	} else {
		control->set_log_level(control->context, (enum log_level)level);
		call_answer(call, MESSAGE_LOG_LEVEL, "level", command_levels[level], NULL);
	}
}

static void trace_on(const struct call *call, struct session *session)
{
	const char *directory = call->world->state_dir, *name = session_name(session);
	char path[PATH_SIZE], stamp[32], why[256] = "";
	time_t now = time(NULL);
	struct tm local;

	if (session_is_traced(session)) {
		call_answer(call, MESSAGE_TRACE_ALREADY, "player", name, NULL);
		return;
	}
	localtime_r(&now, &local);
	strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", &local);
	snprintf(path, sizeof(path), "%s/trace-%s-%s.log", directory != NULL ? directory : ".",
		 name, stamp);
	struct trace *trace = trace_open(path, name, why, sizeof(why));
	if (trace == NULL) {
		call_answer(call, MESSAGE_TRACE_FAILED, "player", name, "reason", why, NULL);
		return;
	}
	session_trace(session, trace);
	trace_unref(trace);
	call_answer(call, MESSAGE_TRACE_ON, "player", name, "file", path, NULL);
}

void run_trace(const struct call *call)
{
	const char *rest = call->arguments;
	char who[CALL_WORD_MAX + 1], word[CALL_WORD_MAX + 1];
	bool is_on;

	if (!call_word(&rest, who) || !call_word(&rest, word)) {
		call_usage(call);
		return;
	}
	if (!call_switch(call, word, &is_on))
		return;
	struct session *session = call_player(call, who);
	if (session == NULL)
		return;
	if (is_on)
		trace_on(call, session);
	else
		call_answer(call,
			    session_trace(session, NULL) ? MESSAGE_TRACE_OFF
							 : MESSAGE_TRACE_NONE,
			    "player", session_name(session), NULL);
	session_release(session);
}

/* ---- counts ---- */

#define COUNT_MAX 24

/* A number as a text. Returns out. */
static const char *count_text(char out[static COUNT_MAX], unsigned long n)
{
	snprintf(out, COUNT_MAX, "%lu", n);
	return out;
}

/* The number behind a key of /proc/self/status; -1 if there is none. */
static long status_of(const char *status, const char *key)
{
	const char *line = strstr(status, key);

	return line != NULL ? strtol(line + strlen(key), NULL, 10) : -1;
}

static long count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	long n = -3; /* . and .. and the directory itself */

	if (dir == NULL)
		return -1;
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

static void say_process(const struct call *call)
{
	char status[4096] = "", threads[COUNT_MAX], memory[COUNT_MAX], descriptors[COUNT_MAX];
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, status, sizeof(status) - 1) : 0;

	if (fd >= 0)
		close(fd);
	status[n > 0 ? n : 0] = '\0';
	snprintf(threads, sizeof(threads), "%ld", status_of(status, "\nThreads:"));
	snprintf(memory, sizeof(memory), "%ld", status_of(status, "\nVmRSS:"));
	snprintf(descriptors, sizeof(descriptors), "%ld", count_descriptors());
	call_answer(call, MESSAGE_STATS_PROCESS, "threads", threads, "memory", memory,
		    "descriptors", descriptors, NULL);
}

/* How long a server has been as it is. Returns out. */
static const char *since(char out[static CALL_PART_MAX], const struct server_counts *counts)
{
	char time[64];

	bans_duration_text(time, sizeof(time), (net_now_ms() - counts->changed_ms) / 1000);
	return config_message(out, CALL_PART_MAX,
			      counts->changed_ms != 0 ? MESSAGE_STATE_SINCE
						      : MESSAGE_STATS_SINCE_START,
			      "time", time, NULL);
}

/* How quickly it answers, if that is known. Returns out. */
static const char *latency(char out[static CALL_PART_MAX], const struct server_counts *counts)
{
	char ms[32];

	out[0] = '\0';
	snprintf(ms, sizeof(ms), "%.1f", (double)counts->latency_us / 1000);
	return counts->latency_us < 0 ? out
				      : config_message(out, CALL_PART_MAX,
						       MESSAGE_STATS_LATENCY, "ms", ms, NULL);
}

static void say_server(const struct call *call, const struct server *server)
{
	const struct config_server *row = server_config(server, config_now());
	struct server_counts counts;
	char state[CALL_PART_MAX], since_part[CALL_PART_MAX], latency_part[CALL_PART_MAX],
		players[CALL_TEXT_MAX], numbers[4][COUNT_MAX];

	server_get_counts(server, &counts);
	config_message(state, sizeof(state),
		       server_is_up(server) ? MESSAGE_STATE_UP : MESSAGE_STATE_DOWN, NULL);
	call_answer(call, MESSAGE_STATS_SERVER, "server", server_name(server), "state", state,
		    "since", since(since_part, &counts), "players",
		    call_players(players, server_players(server),
				 row != NULL ? row->max_players : 0),
		    "incoming", count_text(numbers[0], counts.incoming), "joins",
		    count_text(numbers[1], counts.joins), "failures",
		    count_text(numbers[2], counts.failures), "downs",
		    count_text(numbers[3], counts.downs), "latency",
		    latency(latency_part, &counts), NULL);
}

static void say_events(const struct call *call)
{
	struct session_counts counts;
	char numbers[5][COUNT_MAX];

	session_get_counts(&counts);
	call_answer(call, MESSAGE_STATS_EVENTS, "joins", count_text(numbers[0], counts.joins),
		    "jumps", count_text(numbers[1], counts.jumps), "fallbacks",
		    count_text(numbers[2], counts.falls), "refused",
		    count_text(numbers[3], counts.refused), "denied",
		    count_text(numbers[4], atomic_load(&call->commands->denied)), NULL);
}

static void say_door(const struct call *call)
{
	struct guard_counts counts;
	unsigned long away = 0;
	char numbers[3][COUNT_MAX];

	if (call->world->guard == NULL)
		return;
	guard_get_counts(call->world->guard, &counts);
	for (size_t i = 0; i < GUARD_VERDICTS; i++)
		away += counts.refused[i];
	call_answer(call, MESSAGE_STATS_DOOR, "away", count_text(numbers[0], away), "cut",
		    count_text(numbers[1], counts.cut), "logins",
		    count_text(numbers[2], counts.half_open), NULL);
}

void run_stats(const struct call *call)
{
	const struct config *config = config_now();
	struct server *lobby = registry_lobby(call->world->registry);
	char up[64], numbers[3][COUNT_MAX];

	bans_duration_text(up, sizeof(up), (net_now_ms() - call->world->started_ms) / 1000);
	call_answer(call, MESSAGE_STATS_PROGRAM, "version", call->world->version, "time", up,
		    NULL);
	call_answer(call, MESSAGE_STATS_PLAYERS, "players",
		    count_text(numbers[0], session_players()), "max",
		    count_text(numbers[1], config->max_players), "connections",
		    count_text(numbers[2], session_count()), NULL);
	say_events(call);
	say_door(call);
	say_process(call);
	for (size_t i = 0; i < config->n_servers; i++)
		say_server(call, config->servers[i].server);
	if (lobby != NULL)
		say_server(call, lobby);
}

void run_version(const struct call *call)
{
	call_answer(call, MESSAGE_VERSION, "version", call->world->version, NULL);
}

/* ---- the end ---- */

static void stop_in(const struct call *call, const char *word, const char *reason)
{
	const struct commands_control *control = &call->commands->control;
	const char *problem = NULL;
	long long seconds = word[0] != '\0' ? strtonum(word, 0, STOP_MAX_S, &problem) : 0;
	char left[64];

	if (problem != NULL) {
		call_answer(call, MESSAGE_STOP_BAD, "text", word, NULL);
	} else if (control->stop == NULL) {
		say_not_here(call);
	} else {
		bans_duration_text(left, sizeof(left), seconds);
		call_answer(call, seconds > 0 ? MESSAGE_STOP_IN : MESSAGE_STOP_NOW, "time",
			    left, NULL);
		control->stop(control->context, seconds, reason);
	}
}

void run_stop(const struct call *call)
{
	const struct commands_control *control = &call->commands->control;
	const char *rest = call->arguments;
	char word[CALL_WORD_MAX + 1];
	bool is_off, waits;

	call_word(&rest, word);
	is_off = strcasecmp(word, "not") == 0;
	waits = strcasecmp(word, "when-empty") == 0;
	if ((is_off || waits) && rest[0] != '\0') {
		call_usage(call);
	} else if (!is_off && !waits) {
		stop_in(call, word, rest);
	} else if (control->stop_not == NULL || control->stop_when_empty == NULL) {
		say_not_here(call);
	} else if (is_off) {
		call_answer(call,
			    control->stop_not(control->context) ? MESSAGE_STOP_NOT
								: MESSAGE_STOP_NONE,
			    NULL);
	} else {
		call_answer(call, MESSAGE_STOP_WHEN_EMPTY, NULL);
		control->stop_when_empty(control->context);
	}
}
