/* SPDX-License-Identifier: MIT */
/*
 * Edge commands. A command is a row: name, usage, one sentence of help, function; dispatch and
 * help come from the same table. Everything here runs on the client reader of the player who
 * typed it, with no lock held.
 */
#include "commands.h"

#include <bsd/string.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "packet.h"
#include "text.h"

#define WORD_MAX 64
#define LIST_MAX 900 /* of a reply; session_tell wraps it */

/* One command as typed. */
struct call {
	const struct session_world *world;
	struct session *session;
	const char *arguments; /* what follows the command's name */
};

struct command {
	const char *name, *usage, *help;
	void (*run)(const struct call *call);
};

static void run_help(const struct call *call);

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

/* The first argument, cut to WORD_MAX; false without one. */
static bool first_argument(const struct call *call, char word[static WORD_MAX + 1])
{
	const char *text = call->arguments, *start;
	size_t length = commands_word(&text, &start);

	snprintf(word, WORD_MAX + 1, "%.*s", (int)length, start);
	return length > 0;
}

static const char *prefix(const struct call *call)
{
	return call->world->config->command_prefix;
}

static void list_server(const struct call *call, struct server *server)
{
	unsigned players = server_players(server);

	session_tell(call->session, "%s%s &7%s, %u player%s%s%s",
		     server_is_up(server) ? "&a" : "&c", server_name(server),
		     server_is_up(server) ? "up" : "down", players, players == 1 ? "" : "s",
		     registry_is_hub(call->world->registry, server) ? ", hub" : "",
		     session_server(call->session) == server ? " &e<- you are here" : "");
}

static void run_list(const struct call *call)
{
	const struct registry *registry = call->world->registry;

	session_tell(call->session, "&eServers (&a%s jump NAME&e):", prefix(call));
	for (size_t i = 0; i < registry_count(registry); i++)
		list_server(call, registry_server(registry, i));
	if (registry_lobby(registry) != NULL)
		list_server(call, registry_lobby(registry));
}

static void jump_to(const struct call *call, struct server *target)
{
	if (session_server(call->session) == target) {
		session_tell(call->session,
			     session_cancel(call->session, false)
				     ? "&eYou stay on &f%s&e."
				     : "&eYou are on &f%s&e already.",
			     server_name(target));
		return;
	}
	session_tell(call->session, "&eJumping to &f%s&e...", server_name(target));
	switch (session_jump(call->session, target)) {
	case SESSION_JUMP_TOO_SOON:
		session_tell(call->session, "&cNot so fast, you stay where you are.");
		break;
	case SESSION_JUMP_FULL:
		session_tell(call->session, "&cKurafuto is full, you stay where you are.");
		break;
	case SESSION_JUMPS:
		break;
	}
}

static void run_jump(const struct call *call)
{
	char word[WORD_MAX + 1], candidates[LIST_MAX];
	struct server *target = NULL;
	enum registry_match match;

	if (!first_argument(call, word)) {
		session_tell(call->session, "&eWhere to? &a%s jump NAME&e, see &a%s list",
			     prefix(call), prefix(call));
		return;
	}
	match = registry_find(call->world->registry, word, &target, candidates,
			      sizeof(candidates));
	if (match == REGISTRY_FOUND)
		jump_to(call, target);
	else if (match == REGISTRY_AMBIGUOUS)
		session_tell(call->session, "&c\"%s\" could be any of: &f%s", word, candidates);
	else
		session_tell(call->session, "&cThere is no server \"%s\", only: &f%s", word,
			     candidates);
}

/* The hub to go to: the first that is up, else the first. */
static struct server *best_hub(const struct registry *registry)
{
	for (size_t i = 0; i < registry_hub_count(registry); i++)
		if (server_is_up(registry_hub(registry, i)))
			return registry_hub(registry, i);
	return registry_hub_count(registry) > 0 ? registry_hub(registry, 0)
						: registry_lobby(registry);
}

static void run_hub(const struct call *call)
{
	jump_to(call, best_hub(call->world->registry));
}

static void run_lobby(const struct call *call)
{
	struct server *lobby = registry_lobby(call->world->registry);

	if (lobby == NULL)
		session_tell(call->session, "&cThere is no lobby here.");
	else
		jump_to(call, lobby);
}

static void run_stay(const struct call *call)
{
	struct server *lost = session_stay(call->session);

	if (lost == NULL)
		session_tell(call->session, "&eNobody is about to bring you anywhere.");
	else
		session_tell(call->session, "&eYou stay here. Back to &f%s&e: &a%s jump %s",
			     server_name(lost), prefix(call), server_name(lost));
}

static void run_info(const struct call *call)
{
	struct server *server = session_server(call->session);
	long long up_s = (net_now_ms() - call->world->started_ms) / 1000;
	int ping_ms = session_ping_ms(call->session);
	unsigned players = session_players();
	char ping[32] = "unknown";

	if (ping_ms >= 0)
		snprintf(ping, sizeof(ping), "%d ms", ping_ms);
	session_tell(call->session, "&e%s, up %lld d %02lld:%02lld:%02lld, %u player%s",
		     call->world->version, up_s / 86400, up_s / 3600 % 24, up_s / 60 % 60,
		     up_s % 60, players, players == 1 ? "" : "s");
	session_tell(call->session, "&eYou are on &f%s&e, your ping to Kurafuto is &f%s",
		     server != NULL ? server_name(server) : "no server", ping);
}

struct names {
	const struct server *server;
	unsigned count;
	struct text_list list;
};

static void add_name(void *context, struct session *session)
{
	struct names *names = context;

	if (session_server(session) != names->server)
		return;
	names->count++;
	text_list_add(&names->list, session_name(session));
}

static void who_on(const struct call *call, const struct server *server, const char *title)
{
	struct names names = {.server = server};
	char text[LIST_MAX];

	text_list_begin(&names.list, text, sizeof(text));
	session_each(add_name, &names);
	text_list_end(&names.list);
	if (names.count > 0)
		session_tell(call->session, "&e%s (%u): &f%s", title, names.count, text);
}

static void run_who(const struct call *call)
{
	const struct registry *registry = call->world->registry;

	session_tell(call->session, "&ePlayers online: %u", session_players());
	for (size_t i = 0; i < registry_count(registry); i++)
		who_on(call, registry_server(registry, i),
		       server_name(registry_server(registry, i)));
	if (registry_lobby(registry) != NULL)
		who_on(call, registry_lobby(registry), "lobby");
	who_on(call, NULL, "on their way");
}

/* clang-format off */
static const struct command commands[] = {
	{ "help",  "help [COMMAND]", "this list, or one command",             run_help },
	{ "list",  "list",           "the servers, who is up, where you are", run_list },
	{ "jump",  "jump SERVER",    "go there; a unique beginning will do",  run_jump },
	{ "hub",   "hub",            "back to the hub",                       run_hub },
	{ "lobby", "lobby",          "to the lobby",                          run_lobby },
	{ "stay",  "stay",           "don't be brought back to a server that was lost", run_stay },
	{ "who",   "who",            "who is online, and where",              run_who },
	{ "info",  "info",           "version, uptime, your server and ping", run_info },
	{ NULL,    NULL,             NULL,                                    NULL },
};
/* clang-format on */

static const struct command *find_command(const char *name)
{
	for (const struct command *command = commands; command->name != NULL; command++)
		if (strcasecmp(command->name, name) == 0)
			return command;
	return NULL;
}

static void help_all(const struct call *call)
{
	session_tell(call->session, "&eKurafuto: one address, many servers. Commands:");
	for (const struct command *command = commands; command->name != NULL; command++)
		session_tell(call->session, "&a%s %s &7%s", prefix(call), command->usage,
			     command->help);
}

static void run_help(const struct call *call)
{
	char word[WORD_MAX + 1];
	const struct command *command;

	if (!first_argument(call, word)) {
		help_all(call);
		return;
	}
	command = find_command(word);
	if (command == NULL)
		session_tell(call->session, "&cThere is no command \"%s\", see &a%s help", word,
			     prefix(call));
	else
		session_tell(call->session, "&a%s %s &7%s", prefix(call), command->usage,
			     command->help);
}

/* Says that there is no such command, with the nearest that there is. */
static void unknown_command(const struct call *call, const char *word)
{
	const char *names[sizeof(commands) / sizeof(commands[0])];
	const char *nearest;
	size_t n = 0;

	for (const struct command *command = commands; command->name != NULL; command++)
		names[n++] = command->name;
	nearest = text_nearest(word, names, n);
	if (nearest != NULL)
		session_tell(call->session,
			     "&cThere is no command \"%s\", did you mean &a%s %s&c?", word,
			     prefix(call), nearest);
	else
		session_tell(call->session, "&cThere is no command \"%s\", see &a%s help", word,
			     prefix(call));
}

/* Runs what follows the prefix; nothing at all means help. */
static void dispatch(struct call *call)
{
	char word[WORD_MAX + 1];
	const struct command *command;
	const char *start;

	if (!first_argument(call, word)) {
		help_all(call);
		return;
	}
	commands_word(&call->arguments, &start);
	command = find_command(word);
	if (command != NULL)
		command->run(call);
	else
		unknown_command(call, word);
}

static enum hook_verdict on_chat(void *context, const struct hook_packet *packet)
{
	const struct session_world *world = context;
	struct call call = {.world = world, .session = packet->session};
	char line[PACKET_STRING_LEN + 1], text[PACKET_STRING_LEN * 3 + 1];

	if (packet->continues)
		return HOOK_PASS;
	packet_get_string(line, packet->data + 2);
	if (!commands_match(world->config->command_prefix, line, &call.arguments))
		return HOOK_PASS;
	text_to_utf8(text, sizeof(text), call.arguments);
	call.arguments = text;
	dispatch(&call);
	return HOOK_ANSWER;
}

bool commands_attach(struct hooks *hooks, struct session_world *world)
{
	if (!world->config->edge_commands)
		return true;
	return hooks_add(hooks, PACKET_TO_SERVER, OP_MESSAGE, on_chat, world);
}
