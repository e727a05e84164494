/* SPDX-License-Identifier: MIT */
/*
 * Edge commands: the table, and the way from a line to a row of it. A command is a row: name,
 * usage, the message that is its help, function, what its arguments are; dispatch, help and
 * completion come from the same table. A command runs with no lock held: on the client reader
 * of the player who typed it, or on the terminal's thread.
 */
#include "commands.h"

#include <bsd/string.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "commands_private.h"
#include "console.h"
#include "packet.h"
#include "ranks.h"
#include "text.h"

#define ANY COMMAND_ANY_WORDS

static call_fn run_help;

/* clang-format off */
const struct command command_table[] = {
	{ "help",        "help [COMMAND]",                MESSAGE_HELP_HELP,        run_help,        true, false, 1, {ARGUMENT_COMMAND} },
	{ "list",        "list",                          MESSAGE_HELP_LIST,        run_list,        true, false, 0, {0} },
	{ "jump",        "jump SERVER",                   MESSAGE_HELP_JUMP,        run_jump,        true, true, 1, {ARGUMENT_PLACE} },
	{ "queue",       "queue [SERVER|leave]",          MESSAGE_HELP_QUEUE,       run_queue,       true, true, 1, {ARGUMENT_SERVER} },
	{ "hub",         "hub",                           MESSAGE_HELP_HUB,         run_hub,         true, true, 0, {0} },
	{ "lobby",       "lobby",                         MESSAGE_HELP_LOBBY,       run_lobby,       true, true, 0, {0} },
	{ "stay",        "stay",                          MESSAGE_HELP_STAY,        run_stay,        true, true, 0, {0} },
	{ "who",         "who",                           MESSAGE_HELP_WHO,         run_who,         true, false, 0, {0} },
	{ "info",        "info",                          MESSAGE_HELP_INFO,        run_info,        true, false, 0, {0} },

	{ "players",     "players [SERVER]",              MESSAGE_HELP_PLAYERS,     run_players,     false, false, 1, {ARGUMENT_SERVER} },
	{ "find",        "find NAME",                     MESSAGE_HELP_FIND,        run_find,        false, false, 1, {ARGUMENT_PLAYER} },
	{ "send",        "send NAME|SERVER|all SERVER",   MESSAGE_HELP_SEND,        run_send,        false, false, 2, {ARGUMENT_PLAYERS, ARGUMENT_PLACE} },
	{ "kick",        "kick NAME [REASON]",            MESSAGE_HELP_KICK,        run_kick,        false, false, ANY, {ARGUMENT_PLAYER} },
	{ "ban",         "ban NAME|NETWORK [TIME] [REASON]",MESSAGE_HELP_BAN,         run_ban,         false, false, ANY, {ARGUMENT_PLAYER} },
	{ "unban",       "unban NAME|NETWORK",            MESSAGE_HELP_UNBAN,       run_unban,       false, false, 1, {ARGUMENT_BAN} },
	{ "bans",        "bans",                          MESSAGE_HELP_BANS,        run_bans,        false, false, 0, {0} },
	{ "allow",       "allow [on|off|list|add NAME|NETWORK [TIME] [REASON]|remove NAME|NETWORK]", MESSAGE_HELP_ALLOW, run_allow, false, false, COMMAND_ANY_WORDS, {ARGUMENT_ALLOW, ARGUMENT_PLAYER} },
	{ "say",         "say TEXT",                      MESSAGE_HELP_SAY,         run_say,         false, false, ANY, {0} },

	{ "servers",     "servers",                       MESSAGE_HELP_SERVERS,     run_servers,     false, false, 0, {0} },
	{ "drain",       "drain SERVER",                  MESSAGE_HELP_DRAIN,       run_drain,       false, false, 1, {ARGUMENT_SERVER} },
	{ "maintenance", "maintenance SERVER|all on|off", MESSAGE_HELP_MAINTENANCE, run_maintenance, false, false, 2, {ARGUMENT_SERVERS, ARGUMENT_SWITCH} },
	{ "ready",       "ready SERVER|all",              MESSAGE_HELP_READY,       run_ready,       false, false, 1, {ARGUMENT_SERVERS} },
	{ "move-off",    "move-off SERVER",               MESSAGE_HELP_MOVE_OFF,    run_move_off,    false, false, 1, {ARGUMENT_SERVER} },

	{ "reload",      "reload",                        MESSAGE_HELP_RELOAD,      run_reload,      false, false, 0, {0} },
	{ "log",         "log LEVEL",                     MESSAGE_HELP_LOG,         run_log,         false, false, 1, {ARGUMENT_LEVEL} },
	{ "trace",       "trace NAME on|off",             MESSAGE_HELP_TRACE,       run_trace,       false, false, 2, {ARGUMENT_PLAYER, ARGUMENT_SWITCH} },
	{ "stats",       "stats",                         MESSAGE_HELP_STATS,       run_stats,       false, false, 0, {0} },
	{ "version",     "version",                       MESSAGE_HELP_VERSION,     run_version,     false, false, 0, {0} },
	{ "stop",        "stop [SECONDS [REASON]] | when-empty | not",MESSAGE_HELP_STOP,        run_stop,        false, false, ANY, {ARGUMENT_STOP} },
	{ NULL, NULL, MESSAGE_COUNT, NULL, false, false, 0, {0} },
};
/* clang-format on */

#define TABLE_SIZE (sizeof(command_table) / sizeof(command_table[0]))

bool commands_match(const char *prefix, const char *line, const char **rest)
{
	size_t length = strlen(prefix);

	if (strncasecmp(line, prefix, length) != 0 ||
	    (line[length] != '\0' && line[length] != ' '))
		return false;
	*rest = line + length + strspn(line + length, " ");
	return true;
}

size_t commands_word(const char **text, const char **word)
{
	size_t length;

	*word = *text + strspn(*text, " ");
	length = strcspn(*word, " ");
	*text = *word + length + strspn(*word + length, " ");
	return length;
}

bool call_word(const char **text, char word[static CALL_WORD_MAX + 1])
{
	const char *start;
	size_t length = commands_word(text, &start);

	snprintf(word, CALL_WORD_MAX + 1, "%.*s", (int)length, start);
	return length > 0;
}

const char *call_prefix(const struct call *call, char out[static CALL_WORD_MAX])
{
	snprintf(out, CALL_WORD_MAX, "%s ", config_now()->command_prefix);
	return call->session != NULL ? out : "";
}

const char *call_name(const struct call *call)
{
	return call->session != NULL ? session_name(call->session) : "console";
}

const char *call_said_name(const struct call *call, char out[static CALL_PART_MAX])
{
	return call->session != NULL
		       ? session_name(call->session)
		       : config_message(out, CALL_PART_MAX, MESSAGE_CONSOLE, NULL);
}

static void answer(const struct call *call, const char *text)
{
	if (text[0] == '\0')
		return;
	if (call->session != NULL)
		session_tell(call->session, text);
	else
		console_print("%s", text);
}

void call_answer(const struct call *call, enum message message, ...)
{
	char text[CALL_TEXT_MAX];
	va_list pairs;

	va_start(pairs, message);
	config_vmessage(text, sizeof(text), message, pairs);
	va_end(pairs);
	answer(call, text);
}

void call_usage(const struct call *call)
{
	char prefix[CALL_WORD_MAX];

	call_answer(call, MESSAGE_COMMAND_USAGE, "prefix", call_prefix(call, prefix), "usage",
		    call->command->usage, NULL);
}

bool call_switch(const struct call *call, const char *word, bool *is_on)
{
	*is_on = strcasecmp(word, "on") == 0;
	if (*is_on || strcasecmp(word, "off") == 0)
		return true;
	call_answer(call, MESSAGE_COMMAND_NO_SWITCH, "text", word, NULL);
	return false;
}

const char *call_players(char out[static CALL_TEXT_MAX], unsigned players, unsigned room)
{
	char count[CALL_WORD_MAX], max[CALL_WORD_MAX];

	snprintf(count, sizeof(count), "%u", players);
	snprintf(max, sizeof(max), "%u", room);
	return config_message(out, CALL_TEXT_MAX,
			      room > 0       ? MESSAGE_PLAYERS_OF
			      : players == 1 ? MESSAGE_PLAYERS_ONE
					     : MESSAGE_PLAYERS_MANY,
			      "count", count, "max", max, NULL);
}

bool call_has_room(const struct call *call, size_t n)
{
	return call->session == NULL || n < CALL_LINES_MAX;
}

void call_left_out(const struct call *call, size_t n)
{
	char count[CALL_WORD_MAX];

	if (call->session == NULL || n <= CALL_LINES_MAX)
		return;
	snprintf(count, sizeof(count), "%zu", n - CALL_LINES_MAX);
	call_answer(call, MESSAGE_MORE, "count", count, NULL);
}

static const struct command *find_command(const char *name)
{
	for (const struct command *command = command_table; command->name != NULL; command++)
		if (strcasecmp(command->name, name) == 0)
			return command;
	return NULL;
}

bool commands_may(const struct session *session, const char *name)
{
	const struct command *command = find_command(name);

	return command != NULL && ranks_may_command(config_now(), session_name(session),
						    session_is_verified(session), command->name,
						    command->is_public);
}

/* May whoever calls give this command. */
static bool may_run(const struct call *call, const struct command *command)
{
	return call->session == NULL || commands_may(call->session, command->name);
}

/* Are there more words than the command has a use for. */
static bool has_surplus(const struct call *call)
{
	const char *rest = call->arguments, *word;
	int n = 0;

	while (commands_word(&rest, &word) > 0)
		n++;
	return call->command->words != COMMAND_ANY_WORDS && n > call->command->words;
}

/* Is it a command for this caller, to be listed and found. */
static bool is_offered(const struct call *call, const struct command *command)
{
	return may_run(call, command) && (call->session != NULL || !command->needs_player);
}

static void help_row(const struct call *call, const struct command *command)
{
	char prefix[CALL_WORD_MAX], help[CALL_TEXT_MAX];

	call_answer(call, MESSAGE_HELP_LINE, "prefix", call_prefix(call, prefix), "usage",
		    command->usage, "help",
		    config_message(help, sizeof(help), command->help, NULL), NULL);
}

static void help_all(const struct call *call)
{
	call_answer(call, MESSAGE_HELP_TITLE, NULL);
	for (const struct command *command = command_table; command->name != NULL; command++)
		if (is_offered(call, command))
			help_row(call, command);
}

/* Says that there is no such command, with the nearest that there is. */
static void unknown_command(const struct call *call, const char *word)
{
	const char *names[TABLE_SIZE];
	char prefix[CALL_WORD_MAX];
	const char *nearest;
	size_t n = 0;

	for (const struct command *command = command_table; command->name != NULL; command++)
		if (is_offered(call, command))
			names[n++] = command->name;
	nearest = text_nearest(word, names, n);
	call_answer(call, nearest != NULL ? MESSAGE_COMMAND_NEAREST : MESSAGE_COMMAND_UNKNOWN,
		    "command", word, "prefix", call_prefix(call, prefix), "nearest", nearest,
		    NULL);
}

static void run_help(const struct call *call)
{
	const char *rest = call->arguments;
	char word[CALL_WORD_MAX + 1], prefix[CALL_WORD_MAX];
	const struct command *command;

	if (!call_word(&rest, word)) {
		help_all(call);
		return;
	}
	command = find_command(word);
	if (command == NULL || !is_offered(call, command))
		call_answer(call, MESSAGE_COMMAND_UNKNOWN, "command", word, "prefix",
			    call_prefix(call, prefix), NULL);
	else
		help_row(call, command);
}

/* Is the log on the terminal where the line has just been typed, so that it is there already.
 */
static bool is_seen(const struct call *call)
{
	return call->session == NULL && isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

/* What admins do is in the log; addresses as far as that may show them. */
static void log_command(const struct call *call)
{
	char arguments[CALL_TEXT_MAX];

	log_addresses_in(arguments, sizeof(arguments), call->arguments);
	log_line(is_seen(call) ? LOG_DEBUG : LOG_INFO,
		 call->session != NULL ? session_subject(call->session) : "console",
		 "gives the command %s%s%s", call->command->name,
		 arguments[0] != '\0' ? " " : "", arguments);
}

static void run(const struct call *call)
{
	const struct command *command = call->command;

	if (!may_run(call, command)) {
		call_answer(call, MESSAGE_COMMAND_DENIED, "command", command->name, NULL);
		log_line(LOG_INFO, session_subject(call->session), "is denied the command %s",
			 command->name);
		atomic_fetch_add(&call->commands->denied, 1);
	} else if (call->session == NULL && command->needs_player) {
		call_answer(call, MESSAGE_COMMAND_FOR_PLAYERS, "command", command->name, NULL);
	} else {
		if (!command->is_public)
			log_command(call);
		if (has_surplus(call))
			call_usage(call);
		else
			command->run(call);
	}
}

/* Runs a line without the prefix; nothing at all means help. */
static void dispatch(struct call *call)
{
	char word[CALL_WORD_MAX + 1];

	if (!call_word(&call->arguments, word)) {
		help_all(call);
		return;
	}
	call->command = find_command(word);
	if (call->command != NULL)
		run(call);
	else
		unknown_command(call, word);
}

static enum hook_verdict on_chat(void *context, const struct hook_packet *packet)
{
	struct commands *commands = context;
	struct call call = {
		.commands = commands, .world = commands->world, .session = packet->session};
	char line[PACKET_STRING_LEN + 1], text[PACKET_STRING_LEN * 3 + 1];

	if (packet->continues || !config_now()->edge_commands)
		return HOOK_PASS;
	packet_get_string(line, packet->data + 2);
	if (!commands_match(config_now()->command_prefix, line, &call.arguments))
		return HOOK_PASS;
	text_to_utf8(text, sizeof(text), call.arguments);
	call.arguments = text;
	dispatch(&call);
	return HOOK_ANSWER;
}

struct commands *commands_new(const struct session_world *world,
			      const struct commands_control *control)
{
	struct commands *commands = calloc(1, sizeof(*commands));

	if (commands != NULL)
		*commands = (struct commands){.world = world, .control = *control};
	return commands;
}

void commands_free(struct commands *commands)
{
	free(commands);
}

bool commands_attach(struct commands *commands, struct hooks *hooks)
{
	return hooks_add(hooks, PACKET_TO_SERVER, OP_MESSAGE, on_chat, commands);
}

void commands_run_line(void *commands, const char *line)
{
	struct commands *mine = commands;
	struct call call = {.commands = mine, .world = mine->world, .arguments = line};

	config_settle();
	dispatch(&call);
}
