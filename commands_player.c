/* SPDX-License-Identifier: MIT */
/*
 * The commands that every player may give: where to go, and who is where. A portal of the lobby
 * is the command jump without words.
 */
#include <bsd/string.h>
#include <stdio.h>
#include <string.h>

#include "commands_private.h"
#include "ranks.h"
#include "text.h"

static const enum message modes[SERVER_MODE_COUNT] = {
	[SERVER_READY] = MESSAGE_COUNT,
	[SERVER_DRAINING] = MESSAGE_LIST_DRAINING,
	[SERVER_MAINTENANCE] = MESSAGE_LIST_MAINTENANCE,
};

/* A message that is a part of another, or nothing. Returns out. */
static const char *part(char out[static CALL_PART_MAX], enum message message, bool is_so)
{
	out[0] = '\0';
	return is_so ? config_message(out, CALL_PART_MAX, message, NULL) : out;
}

static void list_server(const struct call *call, struct server *server)
{
	const struct config *config = config_now();
	const struct config_server *row = server_config(server, config);
	const struct config_hubs *hubs =
		call->session != NULL ? session_hubs(call->session) : &config->hubs;
	struct server *here = call->session != NULL ? session_server(call->session) : NULL;
	enum message mode = modes[server_mode(server)];
	char players[CALL_TEXT_MAX], hub_part[CALL_PART_MAX], mode_part[CALL_PART_MAX],
		here_part[CALL_PART_MAX];

	if (row != NULL && row->hidden && here != server && call->session != NULL)
		return;
	call_answer(call, server_is_up(server) ? MESSAGE_LIST_UP : MESSAGE_LIST_DOWN, "server",
		    server_name(server), "players",
		    call_players(players, server_players(server),
				 row != NULL ? row->max_players : 0),
		    "hub",
		    part(hub_part, MESSAGE_LIST_HUB, registry_is_hub(config, hubs, server)),
		    "mode", part(mode_part, mode, mode != MESSAGE_COUNT), "here",
		    part(here_part, MESSAGE_LIST_HERE, here == server), NULL);
}

void run_list(const struct call *call)
{
	const struct config *config = config_now();
	struct server *lobby = registry_lobby(call->world->registry);
	char prefix[CALL_WORD_MAX];

	call_answer(call, MESSAGE_LIST_TITLE, "prefix", call_prefix(call, prefix), "command",
		    call->session != NULL ? "jump" : "players", NULL);
	for (size_t i = 0; i < config->n_servers; i++)
		list_server(call, config->servers[i].server);
	if (lobby != NULL)
		list_server(call, lobby);
}

/* What the player hears when a jump does not begin. */
static const enum message refusals[] = {
	[SESSION_JUMPS] = MESSAGE_COUNT,
	[SESSION_JUMP_TOO_SOON] = MESSAGE_JUMP_TOO_SOON,
	[SESSION_JUMP_NO_ROOM] = MESSAGE_JUMP_NO_ROOM,
	[SESSION_JUMP_FULL] = MESSAGE_JUMP_FULL,
	[SESSION_JUMP_DRAINING] = MESSAGE_JUMP_DRAINING,
	[SESSION_JUMP_MAINTENANCE] = MESSAGE_JUMP_MAINTENANCE,
	[SESSION_JUMP_RESTRICTED] = MESSAGE_JUMP_RESTRICTED,
	[SESSION_JUMP_GONE] = MESSAGE_JUMP_GONE,
	[SESSION_JUMP_NONE] = MESSAGE_JUMP_NONE,
};

void call_refusal(const struct call *call, enum session_jump result, const char *name)
{
	if (refusals[result] != MESSAGE_COUNT)
		call_answer(call, refusals[result], "server", name, NULL);
}

static void say_there_already(const struct call *call, const struct server *server)
{
	bool stays = session_cancel(call->session, false);

	call_answer(call, stays ? MESSAGE_JUMP_STAY : MESSAGE_JUMP_ALREADY, "server",
		    server_name(server), NULL);
}

/* How a player jumps: who may close a server for maintenance may look at it meanwhile. */
static unsigned how_to_jump(const struct session *session, const struct server *target)
{
	bool is_admin = ranks_may_command(config_now(), session_name(session),
					  session_is_verified(session), "maintenance", false);

	return is_admin && server_mode(target) == SERVER_MAINTENANCE ? SESSION_FORCED : 0;
}

static void jump_to(const struct call *call, struct server *target)
{
	char prefix[CALL_WORD_MAX];

	if (session_server(call->session) == target) {
		say_there_already(call, target);
		return;
	}
	enum session_jump result =
		session_jump(call->session, &target, NULL,
			     SESSION_TOLD | how_to_jump(call->session, target));
	call_refusal(call, result, server_name(target));
	if (result == SESSION_JUMP_FULL && commands_may(call->session, "queue"))
		call_answer(call, MESSAGE_QUEUE_OFFER, "server", server_name(target), "prefix",
			    call_prefix(call, prefix), NULL);
}

void commands_enter_portal(const char *player, struct server *target, char *answer, size_t size)
{
	const struct config *config = config_now();
	struct session *session = session_find(player);
	char prefix[CALL_WORD_MAX], offer[CALL_TEXT_MAX];

	answer[0] = '\0';
	if (session == NULL)
		return;
	enum session_jump result =
		session_jump(session, &target, NULL, how_to_jump(session, target));
	bool may_wait = config->edge_commands && commands_may(session, "queue");
	session_release(session);
	if (refusals[result] != MESSAGE_COUNT)
		config_message(answer, size, refusals[result], "server", server_name(target),
			       NULL);
	if (result != SESSION_JUMP_FULL || !may_wait)
		return;
	snprintf(prefix, sizeof(prefix), "%s ", config->command_prefix);
	config_message(offer, sizeof(offer), MESSAGE_QUEUE_OFFER, "server", server_name(target),
		       "prefix", prefix, NULL);
	if (answer[0] != '\0')
		strlcat(answer, "\n", size);
	strlcat(answer, offer, size);
}

/* Goes to one of a group, unless the player is on one of them. */
static enum session_jump jump_to_group(const struct call *call,
				       const struct config_group *group)
{
	struct config_hub hub = {true, (size_t)(group - config_now()->groups)};
	const struct config_hubs among = {&hub, 1};
	struct server *here = session_server(call->session), *target = NULL;

	if (here != NULL && registry_is_hub(config_now(), &among, here)) {
		say_there_already(call, here);
		return SESSION_JUMPS;
	}
	return session_jump(call->session, &target, &among, SESSION_TOLD);
}

void run_jump(const struct call *call)
{
	const struct config_group *group = NULL;
	const char *rest = call->arguments;
	char word[CALL_WORD_MAX + 1], prefix[CALL_WORD_MAX];

	if (!call_word(&rest, word)) {
		call_answer(call, MESSAGE_JUMP_WHERE, "prefix", call_prefix(call, prefix),
			    NULL);
		return;
	}
	struct server *target = call_server(call, word, &group);
	if (target != NULL)
		jump_to(call, target);
	else if (group != NULL)
		call_refusal(call, jump_to_group(call, group), group->name);
}

/* May a hub be chosen in the first place: it is, or has, a server that is up and no backup. */
static bool is_first_choice(const struct config *config, const struct config_hub *hub)
{
	const struct config_group *group = hub->is_group ? &config->groups[hub->index] : NULL;
	size_t n = group != NULL ? group->n_servers : 1;

	for (size_t i = 0; i < n; i++) {
		const struct config_server *row =
			&config->servers[group != NULL ? group->servers[i] : hub->index];

		if (!row->backup && server_is_up(row->server))
			return true;
	}
	return false;
}

/* Those of the hubs that come before the one that the player is on. */
static void find_better(const struct config_hubs *hubs, const struct server *here,
			struct config_hubs *better)
{
	const struct config *config = config_now();

	for (size_t i = 0; i < hubs->n; i++) {
		const struct config_hubs one = {&hubs->items[i], 1};

		if (registry_is_hub(config, &one, here))
			return;
		if (is_first_choice(config, &hubs->items[i]))
			better->items[better->n++] = hubs->items[i];
	}
}

/* From one hub to another that comes before it, if there is one that takes the player. */
static enum session_jump jump_to_better(const struct call *call, struct server *here)
{
	struct config_hub items[CONFIG_SERVERS_MAX + CONFIG_GROUPS_MAX];
	struct config_hubs better = {items, 0};
	enum session_jump result = SESSION_JUMP_NONE;
	struct server *target = NULL;

	find_better(session_hubs(call->session), here, &better);
	if (better.n > 0)
		result = session_jump(call->session, &target, &better, SESSION_TOLD);
	if (result != SESSION_JUMP_NONE)
		return result;
	say_there_already(call, here);
	return SESSION_JUMPS;
}

/* To the hub that a join would lead to; if none takes the player, the first says why not. */
void run_hub(const struct call *call)
{
	const struct config *config = config_now();
	const struct config_hubs *hubs = session_hubs(call->session);
	struct server *here = session_server(call->session), *target = NULL;
	struct server *lobby = registry_lobby(call->world->registry);
	enum session_jump result = SESSION_JUMP_NONE;
	char name[CALL_PART_MAX];

	if (here != NULL && registry_is_hub(config, hubs, here))
		result = jump_to_better(call, here);
	else if (hubs->n > 0)
		result = session_jump(call->session, &target, hubs, SESSION_TOLD);
	if (result == SESSION_JUMP_NONE && hubs->n > 0 && !hubs->items[0].is_group)
		jump_to(call, config->servers[hubs->items[0].index].server);
	else if (hubs->n == 0 && lobby != NULL)
		jump_to(call, lobby);
	else
		call_refusal(call, result, part(name, MESSAGE_JUMP_HUB, true));
}

void run_lobby(const struct call *call)
{
	struct server *lobby = registry_lobby(call->world->registry);

	if (lobby == NULL)
		call_answer(call, MESSAGE_JUMP_NO_LOBBY, NULL);
	else
		jump_to(call, lobby);
}

void run_stay(const struct call *call)
{
	struct server *lost = session_stay(call->session);
	struct server *queued = session_unqueue(call->session);
	char prefix[CALL_WORD_MAX];

	if (queued != NULL)
		call_answer(call, MESSAGE_QUEUE_LEFT, "server", server_name(queued), NULL);
	else if (lost == NULL)
		call_answer(call, MESSAGE_RETURN_NONE, NULL);
	if (lost != NULL)
		call_answer(call, MESSAGE_RETURN_OFF, "server", server_name(lost), "prefix",
			    call_prefix(call, prefix), NULL);
}

static void say_proxy(const struct call *call)
{
	long long up_s = (net_now_ms() - call->world->started_ms) / 1000;
	char days[CALL_WORD_MAX], up[CALL_WORD_MAX], players[CALL_TEXT_MAX];

	snprintf(days, sizeof(days), "%lld", up_s / 86400);
	snprintf(up, sizeof(up), "%02lld:%02lld:%02lld", up_s / 3600 % 24, up_s / 60 % 60,
		 up_s % 60);
	call_answer(call, MESSAGE_INFO_PROXY, "version", call->world->version, "days", days,
		    "time", up, "players", call_players(players, session_players(), 0), NULL);
}

void run_info(const struct call *call)
{
	char number[CALL_WORD_MAX], ping[CALL_PART_MAX], none[CALL_PART_MAX];

	say_proxy(call);
	if (call->session == NULL)
		return;
	const struct server *server = session_server(call->session);
	int ping_ms = session_ping_ms(call->session);
	snprintf(number, sizeof(number), "%d", ping_ms);
	config_message(ping, sizeof(ping),
		       ping_ms >= 0 ? MESSAGE_INFO_PING : MESSAGE_INFO_NO_PING, "ms", number,
		       NULL);
	part(none, MESSAGE_INFO_NO_SERVER, server == NULL);
	call_answer(call, MESSAGE_INFO_PLAYER, "server",
		    server != NULL ? server_name(server) : none, "ping", ping, NULL);
}

/* May a place be named to whoever asks: to players, no hidden one but where they are. */
static bool may_see(const struct call *call, struct server *server)
{
	const struct config_server *row = server_config(server, config_now());

	if (call->session == NULL || server_is_lobby(server) ||
	    session_server(call->session) == server)
		return true;
	return (row != NULL && !row->hidden) || commands_may(call->session, "players");
}

/* Players who are listed together. */
struct names {
	const struct call *call;
	const struct server *server; /* NULL: on none */
	bool is_elsewhere;           /* those on servers that have no line of their own */
	unsigned count;
	struct text_list list;
};

/* Has a server no line of its own. */
static bool is_elsewhere(const struct call *call, struct server *server)
{
	return server != NULL && !server_is_lobby(server) &&
	       (server_config(server, config_now()) == NULL || !may_see(call, server));
}

static void add_name(void *context, struct session *session)
{
	struct names *names = context;
	struct server *server = session_server(session);

	if (names->is_elsewhere ? !is_elsewhere(names->call, server) : server != names->server)
		return;
	names->count++;
	text_list_add(&names->list, session_name(session));
}

static void who_line(struct names *names, const char *title)
{
	char text[CALL_LIST_MAX], count[CALL_WORD_MAX];

	text_list_begin(&names->list, text, sizeof(text));
	session_each(add_name, names);
	message_list_end(&names->list, config_now()->messages.items);
	snprintf(count, sizeof(count), "%u", names->count);
	if (names->count > 0)
		call_answer(names->call, MESSAGE_WHO_LINE, "where", title, "count", count,
			    "names", text, NULL);
}

static void who_on(const struct call *call, struct server *server, const char *title)
{
	struct names names = {.call = call, .server = server};

	who_line(&names, title);
}

void run_who(const struct call *call)
{
	const struct config *config = config_now();
	struct server *lobby = registry_lobby(call->world->registry);
	struct names elsewhere = {.call = call, .is_elsewhere = true};
	char count[CALL_WORD_MAX], where[CALL_PART_MAX];

	snprintf(count, sizeof(count), "%u", session_players());
	call_answer(call, MESSAGE_WHO_TITLE, "count", count, NULL);
	for (size_t i = 0; i < config->n_servers; i++)
		if (may_see(call, config->servers[i].server))
			who_on(call, config->servers[i].server, config->servers[i].name);
	if (lobby != NULL)
		who_on(call, lobby, part(where, MESSAGE_WHO_LOBBY, true));
	who_line(&elsewhere, part(where, MESSAGE_WHO_ELSEWHERE, true));
	who_on(call, NULL, part(where, MESSAGE_WHO_TRAVELLING, true));
}
