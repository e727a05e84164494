/* SPDX-License-Identifier: MIT */
/*
 * The admins' commands about servers: what they are like, and who may go to them. A mode is an
 * atomic of the server's; whoever joins or jumps goes by it at once, who is there stays.
 */
#include <bsd/string.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "bans.h"
#include "commands_private.h"

#define REMOVED_MAX 16 /* servers that are shown though they are not configured any more */

/* ---- servers ---- */

/* What there is to a server besides being up or down: ", draining, backup". */
static void describe_more(char out[static CALL_TEXT_MAX], const struct server *server)
{
	static const enum message modes[SERVER_MODE_COUNT] = {
		[SERVER_READY] = MESSAGE_COUNT,
		[SERVER_DRAINING] = MESSAGE_STATE_DRAINING,
		[SERVER_MAINTENANCE] = MESSAGE_STATE_MAINTENANCE,
	};
	const struct config_server *row = server_config(server, config_now());
	bool is_removed = row == NULL && !server_is_lobby(server);
	const enum message states[] = {
		is_removed ? MESSAGE_STATE_REMOVED : modes[server_mode(server)],
		server_is_emptying(server) ? MESSAGE_STATE_EMPTYING : MESSAGE_COUNT,
		row != NULL && row->backup ? MESSAGE_STATE_BACKUP : MESSAGE_COUNT,
	};
	char word[CALL_PART_MAX];

	out[0] = '\0';
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		if (states[i] == MESSAGE_COUNT)
			continue;
		strlcat(out, ", ", CALL_TEXT_MAX);
		strlcat(out, config_message(word, sizeof(word), states[i], NULL),
			CALL_TEXT_MAX);
	}
}

static void say_server(const struct call *call, struct server *server)
{
	const struct config_server *row = server_config(server, config_now());
	char address[SERVER_ADDRESS_MAX], state[CALL_PART_MAX], more[CALL_TEXT_MAX];
	char time[CALL_WORD_MAX], since[CALL_PART_MAX] = "", players[CALL_TEXT_MAX];
	struct server_counts counts;

	server_address(server, address);
	config_message(state, sizeof(state),
		       server_is_up(server) ? MESSAGE_STATE_UP : MESSAGE_STATE_DOWN, NULL);
	describe_more(more, server);
	server_get_counts(server, &counts);
	bans_duration_text(time, sizeof(time), (net_now_ms() - counts.changed_ms) / 1000);
	if (counts.changed_ms != 0)
		config_message(since, sizeof(since), MESSAGE_STATE_SINCE, "time", time, NULL);
	call_answer(call, MESSAGE_SERVERS_LINE, "server", server_name(server), "address",
		    address, "state", state, "since", since, "more", more, "players",
		    call_players(players, server_players(server),
				 row != NULL ? row->max_players : 0),
		    NULL);
}

/* Servers that a reload has taken out, and that still have players. */
struct removed {
	struct server *servers[REMOVED_MAX];
	size_t n;
};

static void find_removed(void *context, struct session *session)
{
	struct removed *removed = context;
	struct server *server = session_server(session);

	if (server == NULL || server_is_lobby(server) || removed->n == REMOVED_MAX ||
	    server_config(server, config_now()) != NULL)
		return;
	for (size_t i = 0; i < removed->n; i++)
		if (removed->servers[i] == server)
			return;
	removed->servers[removed->n++] = server;
}

void run_servers(const struct call *call)
{
	const struct config *config = config_now();
	struct server *lobby = registry_lobby(call->world->registry);
	struct removed removed = {.n = 0};

	for (size_t i = 0; i < config->n_servers; i++)
		say_server(call, config->servers[i].server);
	if (config->n_servers == 0)
		call_answer(call, MESSAGE_SERVERS_NONE, NULL);
	session_each(find_removed, &removed);
	for (size_t i = 0; i < removed.n; i++)
		say_server(call, removed.servers[i]);
	if (lobby != NULL)
		say_server(call, lobby);
}

/* ---- modes ---- */

/* The server of a command's first word, which is not the lobby. NULL, and an answer. */
static struct server *one_server(const struct call *call, const char **rest)
{
	char word[CALL_WORD_MAX + 1], prefix[CALL_WORD_MAX];

	if (!call_word(rest, word)) {
		call_usage(call);
		return NULL;
	}
	struct server *server = call_server(call, word, NULL);
	if (server == NULL || !server_is_lobby(server))
		return server;
	call_answer(call, MESSAGE_LOBBY_IS_OPEN, "prefix", call_prefix(call, prefix), NULL);
	return NULL;
}

/* Is the next word "all"; then it is taken off. */
static bool is_all(const char **rest)
{
	const char *next = *rest;
	char word[CALL_WORD_MAX + 1];

	if (!call_word(&next, word) || strcasecmp(word, "all") != 0)
		return false;
	*rest = next;
	return true;
}

static void make_ready(struct server *server)
{
	server_set_emptying(server, false);
	server_set_mode(server, SERVER_READY);
}

void run_drain(const struct call *call)
{
	const char *rest = call->arguments;
	struct server *server = one_server(call, &rest);
	char players[CALL_TEXT_MAX];

	if (server == NULL)
		return;
	server_set_mode(server, SERVER_DRAINING);
	call_answer(call, MESSAGE_DRAIN_ON, "server", server_name(server), "players",
		    call_players(players, server_players(server), 0), NULL);
}

static void maintain_all(const struct call *call, bool is_on)
{
	const struct config *config = config_now();

	session_set_door(is_on ? SESSION_DOOR_MAINTENANCE : SESSION_DOOR_OPEN);
	for (size_t i = 0; i < config->n_servers; i++) {
		struct server *server = config->servers[i].server;

		if (is_on)
			server_set_mode(server, SERVER_MAINTENANCE);
		else if (server_mode(server) == SERVER_MAINTENANCE)
			make_ready(server);
	}
	call_answer(call, is_on ? MESSAGE_MAINTENANCE_ALL : MESSAGE_MAINTENANCE_ALL_OFF, NULL);
}

static void maintain_one(const struct call *call, struct server *server, bool is_on)
{
	if (is_on)
		server_set_mode(server, SERVER_MAINTENANCE);
	else if (server_mode(server) == SERVER_MAINTENANCE)
		make_ready(server);
	call_answer(call, is_on ? MESSAGE_MAINTENANCE_ON : MESSAGE_MAINTENANCE_OFF, "server",
		    server_name(server), NULL);
}

void run_maintenance(const struct call *call)
{
	const char *rest = call->arguments;
	char word[CALL_WORD_MAX + 1];
	bool all = is_all(&rest), is_on;
	struct server *server = all ? NULL : one_server(call, &rest);

	if (!all && server == NULL)
		return;
	if (!call_word(&rest, word))
		call_usage(call);
	else if (!call_switch(call, word, &is_on))
		return;
	else if (all)
		maintain_all(call, is_on);
	else
		maintain_one(call, server, is_on);
}

void run_ready(const struct call *call)
{
	const struct config *config = config_now();
	const char *rest = call->arguments;

	if (is_all(&rest)) {
		session_set_door(SESSION_DOOR_OPEN);
		for (size_t i = 0; i < config->n_servers; i++)
			make_ready(config->servers[i].server);
		call_answer(call, MESSAGE_READY_ALL, NULL);
		return;
	}
	struct server *server = one_server(call, &rest);
	if (server == NULL)
		return;
	bool was_ready = server_mode(server) == SERVER_READY;
	make_ready(server);
	call_answer(call, was_ready ? MESSAGE_READY_ALREADY : MESSAGE_READY, "server",
		    server_name(server), NULL);
}

/* Do anybody's hubs lead to a server: those of all, or a listener's own. */
static bool is_a_hub(const struct config *config, const struct server *server)
{
	bool is_hub = registry_is_hub(config, &config->hubs, server);

	for (size_t i = 0; !is_hub && i < config->n_listeners; i++)
		is_hub = registry_is_hub(config, &config->listeners[i].hubs, server);
	return is_hub;
}

/* Is there anywhere else for any of its players to go: another hub, or the lobby. */
static bool has_elsewhere(const struct call *call, const struct server *server)
{
	const struct config *config = config_now();

	for (size_t i = 0; i < config->n_servers; i++)
		if (config->servers[i].server != server &&
		    is_a_hub(config, config->servers[i].server))
			return true;
	return registry_lobby(call->world->registry) != NULL;
}

void run_move_off(const struct call *call)
{
	const char *rest = call->arguments;
	struct server *server = one_server(call, &rest);
	char text[CALL_TEXT_MAX];

	if (server == NULL)
		return;
	unsigned players = server_players(server);
	if (!has_elsewhere(call, server)) {
		call_answer(call, MESSAGE_MOVE_OFF_NOWHERE, "server", server_name(server),
			    NULL);
		return;
	}
	if (server_mode(server) == SERVER_READY)
		server_set_mode(server, SERVER_DRAINING);
	server_set_emptying(server, true);
	call_answer(call, players > 0 ? MESSAGE_MOVE_OFF : MESSAGE_MOVE_OFF_DONE, "server",
		    server_name(server), "players", call_players(text, players, 0), NULL);
}
