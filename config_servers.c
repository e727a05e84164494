/* SPDX-License-Identifier: MIT */
/*
 * The linked servers of kurafuto.json, and who is meant by a name. The one idea: names and
 * aliases are one set, in which nothing stands twice without regard to case, so that a name
 * that is found needs no second look.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config_values.h"
#include "text.h"

#define ALIASES_MAX   16
#define WEIGHT_MAX    256
#define RESERVED_NAME "lobby"

/* clang-format off */
const struct config_key config_server_keys[] = {
	{CONFIG_ROW("name", TEXT, config_server, name),
	 .flags = CONFIG_REQUIRED, .check = config_check_name,
	 .what = CONFIG_NAME_WHAT,
	 .help = "The name by which players and messages call the server."},
	{CONFIG_ROW("address", TEXT, config_server, address),
	 .flags = CONFIG_REQUIRED, .check = config_check_server_address,
	 .what = "an IPv4 or IPv6 address, a host name, or unix: and the path of a socket",
	 .help = "Where the server listens."},
	{CONFIG_ROW("port", NUMBER, config_server, port),
	 .min = 1, .max = 65535, .fallback = "25565",
	 .what = "a port",
	 .help = "The TCP port on which the server listens. A UNIX socket has none."},
	{CONFIG_ROW("aliases", TEXTS, config_server, aliases),
	 .check = config_check_name, .max = ALIASES_MAX, .fallback = "[]",
	 .what = "a list of up to 16 names, or a text with commas", .item = CONFIG_NAME_WHAT,
	 .help = "Other names for it, as unique as names are."},
	{CONFIG_ROW("weight", NUMBER, config_server, weight),
	 .min = 0, .max = WEIGHT_MAX, .fallback = "1",
	 .what = "a weight",
	 .help = "Its share of the players of a group, compared with the other servers there. "
		 "0 means that only those go there who ask for it by name."},
	{CONFIG_ROW("max-players", NUMBER, config_server, max_players),
	 .flags = CONFIG_OR_ZERO, .min = 1, .max = 65535, .fallback = "0",
	 .what = "a number of players",
	 .help = "How many of the players of Kurafuto may be on it at once. 0 means any number."},
	{CONFIG_ROW("backup", BOOL, config_server, backup), .fallback = "false",
	 .help = "Whether it is chosen only when no other server can take the player."},
	{CONFIG_ROW("hidden", BOOL, config_server, hidden), .fallback = "false",
	 .help = "Whether lists leave it out, and the lobby has no portal to it."},
	{CONFIG_ROW_NO_MEMBER("restricted", CUSTOM),
	 .load = config_load_restricted, .print = config_print_restricted,
	 .what = "a list of names of players and @ranks, or a text with commas",
	 .help = "Who may go there: players by name, and every player of a rank with @ in front "
		 "of its name. Without it, or with null, everybody may."},
	{CONFIG_ROW("motd", TEXT, config_server, motd),
	 .flags = CONFIG_OR_NULL, .check = config_check_line,
	 .what = "a text of up to 64 characters",
	 .help = "The line that its players see under its name while they join. Without it, or "
		 "with null, they see its own."},
	{CONFIG_ROW("on-kick", CHOICE, config_server, on_kick), .choices = config_on_kicks,
	 .help = "What a kick by this server means. Without it, on-kick of all servers counts."},
	{CONFIG_ROW("redirect", CUSTOM, config_server, redirect),
	 .load = config_load_redirect, .print = config_print_server_redirect,
	 .what = "a list of kick, plugin and chat, or a text with commas",
	 .help = "How this server may send players elsewhere. Without it, redirect of all "
		 "servers counts."},
	{CONFIG_ROW("secret", TEXT, config_server, secret),
	 .flags = CONFIG_OR_NULL | CONFIG_SECRET, .check = config_check_salt,
	 .what = "a text of 1-64 printable ASCII characters without spaces",
	 .help = "The salt that this server checks keys with: it gets keys made with that, and can "
		 "verify names. Without it, or with null, it gets the key that the player has sent."},
	{CONFIG_ROW("forward", CHOICE, config_server, forward),
	 .choices = config_forwards, .fallback = "\"none\"",
	 .help = "How it learns the addresses of players: none, it sees Kurafuto's; proxy-v1 and "
		 "proxy-v2, each connection begins with that header of the PROXY protocol, which the "
		 "server must expect; websocket, Kurafuto connects as a web client and names them in "
		 "X-Real-IP, which MCGalaxy and others believe on the same machine."},
	{.name = NULL},
};
/* clang-format on */

/* ---- names ---- */

/* Is it the name of a server, or one of its first n aliases. */
static bool has_name(const struct config_server *server, size_t n, const char *name)
{
	if (server->name != NULL && strcasecmp(server->name, name) == 0)
		return true;
	for (size_t i = 0; i < n; i++)
		if (strcasecmp(server->aliases.items[i], name) == 0)
			return true;
	return false;
}

/* The server of that name among the first n, or n. */
static size_t find_among(const struct config *config, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (has_name(&config->servers[i], config->servers[i].aliases.n, name))
			return i;
	return n;
}

size_t config_find_server(const struct config *config, const char *name)
{
	return find_among(config, config->n_servers, name);
}

const char *config_nearer(const char *word, const char *nearest, const char *candidate)
{
	const char *both[] = {nearest != NULL ? nearest : candidate, candidate};

	return text_nearest(word, both, 2);
}

const char *config_nearest_server(const struct config *config, const char *word,
				  const char *nearest)
{
	for (size_t i = 0; i < config->n_servers; i++) {
		const struct config_server *server = &config->servers[i];

		if (server->name != NULL)
			nearest = config_nearer(word, nearest, server->name);
		for (size_t k = 0; k < server->aliases.n; k++)
			nearest = config_nearer(word, nearest, server->aliases.items[k]);
	}
	return nearest;
}

/* A name of server i, whose first `aliases` aliases are known to be good. */
static void check_name_is_free(struct config_reader *reader, const struct config *config,
			       size_t i, size_t aliases, const char *name, bool is_own)
{
	size_t other = find_among(config, i, name);

	if (other < i)
		config_keys_fault(reader, "\"%s\" is the name of servers[%zu] already", name,
				  other);
	else if (!is_own && has_name(&config->servers[i], aliases, name))
		config_keys_fault(reader, "\"%s\" is a name of this server already", name);
	if (config->lobby && strcasecmp(name, RESERVED_NAME) == 0)
		config_keys_fault(reader,
				  "\"%s\" is the embedded lobby; choose another name, or set "
				  "lobby to false",
				  name);
	if (strcasecmp(name, CONFIG_WORD_ALL) == 0)
		config_keys_fault(reader,
				  "\"%s\" means every server in commands; choose "
				  "another name",
				  name);
}

static void check_names_are_free(struct config_reader *reader, const struct config *config,
				 size_t i)
{
	const struct config_server *server = &config->servers[i];
	size_t mark = config_keys_enter_key(reader, "name");

	if (server->name != NULL)
		check_name_is_free(reader, config, i, 0, server->name, true);
	config_keys_leave(reader, mark);
	mark = config_keys_enter_key(reader, "aliases");
	for (size_t k = 0; k < server->aliases.n; k++)
		check_name_is_free(reader, config, i, k, server->aliases.items[k], false);
	config_keys_leave(reader, mark);
}

/* ---- in and out ---- */

static void load_server(struct config_reader *reader, struct config *config, const cJSON *item)
{
	struct config_server_row row = {.config = config,
					.server.on_kick = config->on_kick,
					.server.redirect = config->redirect};
	size_t i = config->n_servers;

	config_keys_load(reader, config_server_keys, item, &row);
	config->servers[i] = row.server;
	config->n_servers++;
	check_names_are_free(reader, config, i);
}

void config_load_servers(struct config_reader *reader, const struct config_key *key,
			 const cJSON *value, void *base)
{
	struct config *config = base;
	int n = cJSON_GetArraySize(value);
	const cJSON *item;

	if (!cJSON_IsArray(value)) {
		config_keys_wrong_type(reader, key, value);
		return;
	}
	if (n > CONFIG_SERVERS_MAX) {
		config_keys_fault(reader, "%d servers are too many; up to %d can be linked", n,
				  CONFIG_SERVERS_MAX);
		return;
	}
	config->servers = calloc((size_t)n + 1, sizeof(*config->servers));
	if (config->servers == NULL) {
		config_keys_fault(reader, "out of memory");
		return;
	}
	cJSON_ArrayForEach (item, value) {
		size_t mark = config_keys_enter(reader, "[%zu]", config->n_servers);

		load_server(reader, config, item);
		config_keys_leave(reader, mark);
	}
}

cJSON *config_print_servers(const void *base)
{
	const struct config *config = base;
	cJSON *array = cJSON_CreateArray();

	for (size_t i = 0; array != NULL && i < config->n_servers; i++)
		array = config_keys_add(
			array, config_keys_print(config_server_keys, &config->servers[i]));
	return array;
}

void config_free_servers(struct config *config)
{
	for (size_t i = 0; i < config->n_servers; i++) {
		config_keys_free(config_server_keys, &config->servers[i]);
		config_keys_free_list(&config->servers[i].restricted);
	}
	free(config->servers);
}
