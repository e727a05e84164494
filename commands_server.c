/* SPDX-License-Identifier: MIT */
/*
 * The admins' commands about servers: what they are like, and who may go to them. The one
 * idea: drained, in maintenance, all in maintenance are facts of their own, so that the end of
 * one is not that of another; whoever joins or jumps goes by them at once, who is there stays.
 */
#include <bsd/string.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "bans.h"
#include "commands_private.h"
#include "text.h"

/* ---- servers ---- */

/* Has a reload taken it out; it has players still. */
static bool is_removed(const struct server *server)
{
	return server_config(server, config_now()) == NULL && !server_is_lobby(server);
}

/* What there is to a server besides being up or down: ", draining, backup". */
static void describe_more(const struct call *call, char out[static CALL_TEXT_MAX],
			  const struct server *server)
{
	const struct config_server *row = server_config(server, config_now());
	const struct {
		bool is_so;
		enum message state;
	} states[] = {
		{is_removed(server), MESSAGE_STATE_REMOVED},
		{server_is_draining(server), MESSAGE_STATE_DRAINING},
		{server_is_in_maintenance(server), MESSAGE_STATE_MAINTENANCE},
		{row != NULL && registry_is_in_maintenance(call->world->registry),
		 MESSAGE_STATE_MAINTENANCE_ALL},
		{server_is_emptying(server), MESSAGE_STATE_EMPTYING},
		{row != NULL && row->backup, MESSAGE_STATE_BACKUP},
	};
	char word[CALL_PART_MAX];

	out[0] = '\0';
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		if (!states[i].is_so)
			continue;
		strlcat(out, ", ", CALL_TEXT_MAX);
		strlcat(out, config_message(word, sizeof(word), states[i].state, NULL),
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
	describe_more(call, more, server);
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

void run_servers(const struct call *call)
{
	const struct config *config = config_now();
	struct server *lobby = registry_lobby(call->world->registry);
	struct server *removed[REGISTRY_REMOVED_MAX];
	size_t n_removed = registry_removed(call->world->registry, removed);

	for (size_t i = 0; i < config->n_servers; i++)
		say_server(call, config->servers[i].server);
	if (config->n_servers == 0)
		call_answer(call, MESSAGE_SERVERS_NONE, NULL);
	for (size_t i = 0; i < n_removed; i++)
		say_server(call, removed[i]);
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

/* The same of a server that the configuration has. */
static struct server *linked_server(const struct call *call, const char **rest)
{
	struct server *server = one_server(call, rest);

	if (server == NULL || !is_removed(server))
		return server;
	call_answer(call, MESSAGE_SERVER_IS_REMOVED, "server", server_name(server), NULL);
	return NULL;
}

static void make_ready(struct server *server)
{
	server_set_emptying(server, false);
	server_set_draining(server, false);
	server_set_maintenance(server, false);
}

void run_drain(const struct call *call)
{
	const char *rest = call->arguments;
	struct server *server = linked_server(call, &rest);
	char players[CALL_TEXT_MAX];

	if (server == NULL)
		return;
	server_set_draining(server, true);
	call_answer(call, MESSAGE_DRAIN_ON, "server", server_name(server), "players",
		    call_players(players, server_players(server), 0), NULL);
}

/* Names the servers that still take nobody new. */
static void say_not_ready(const struct call *call)
{
	const struct config *config = config_now();
	char names[CALL_LIST_MAX];
	struct text_list list;

	text_list_begin(&list, names, sizeof(names));
	for (size_t i = 0; i < config->n_servers; i++)
		if (server_mode(config->servers[i].server) != SERVER_READY)
			text_list_add(&list, config->servers[i].name);
	message_list_end(&list, config->messages.items);
	if (names[0] != '\0')
		call_answer(call, MESSAGE_MAINTENANCE_LEFT, "names", names, NULL);
}

static void maintain_all(const struct call *call, bool is_on)
{
	session_set_door(is_on ? SESSION_DOOR_MAINTENANCE : SESSION_DOOR_OPEN);
	registry_set_maintenance(call->world->registry, is_on);
	call_answer(call, is_on ? MESSAGE_MAINTENANCE_ALL : MESSAGE_MAINTENANCE_ALL_OFF, NULL);
	if (!is_on)
		say_not_ready(call);
}

/* What stands in the way of players though one thing has ended. */
static void say_what_stays(const struct call *call, const struct server *server)
{
	static const enum message messages[SERVER_MODE_COUNT] = {
		[SERVER_READY] = MESSAGE_COUNT,
		[SERVER_DRAINING] = MESSAGE_STILL_DRAINING,
		[SERVER_MAINTENANCE] = MESSAGE_STILL_MAINTENANCE,
	};
	enum message message = messages[server_mode(server)];
	char prefix[CALL_WORD_MAX];

	if (message != MESSAGE_COUNT)
		call_answer(call, message, "server", server_name(server), "prefix",
			    call_prefix(call, prefix), NULL);
}

static void maintain_one(const struct call *call, struct server *server, bool is_on)
{
	server_set_maintenance(server, is_on);
	call_answer(call, is_on ? MESSAGE_MAINTENANCE_ON : MESSAGE_MAINTENANCE_OFF, "server",
		    server_name(server), NULL);
	if (!is_on)
		say_what_stays(call, server);
}

void run_maintenance(const struct call *call)
{
	const char *rest = call->arguments;
	char word[CALL_WORD_MAX + 1];
	bool all = is_all(&rest), is_on;
	struct server *server = all ? NULL : linked_server(call, &rest);

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

static void ready_all(const struct call *call)
{
	const struct config *config = config_now();

	session_set_door(SESSION_DOOR_OPEN);
	registry_set_maintenance(call->world->registry, false);
	for (size_t i = 0; i < config->n_servers; i++)
		make_ready(config->servers[i].server);
	call_answer(call, MESSAGE_READY_ALL, NULL);
}

void run_ready(const struct call *call)
{
	const char *rest = call->arguments;

	if (is_all(&rest)) {
		ready_all(call);
		return;
	}
	struct server *server = linked_server(call, &rest);
	if (server == NULL)
		return;
	bool was_ready = server_mode(server) == SERVER_READY;
	make_ready(server);
	if (server_mode(server) != SERVER_READY)
		say_what_stays(call, server);
	else
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
	if (!is_removed(server)) /* else nobody comes in any case */
		server_set_draining(server, true);
	server_set_emptying(server, true);
	call_answer(call, players > 0 ? MESSAGE_MOVE_OFF : MESSAGE_MOVE_OFF_DONE, "server",
		    server_name(server), "players", call_players(text, players, 0), NULL);
}
