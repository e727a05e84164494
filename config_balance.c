/* SPDX-License-Identifier: MIT */
/*
 * Where players go by kurafuto.json: groups of servers, hubs, and the listeners, which can have
 * hubs of their own. Who is chosen in the end is not decided here. The one idea: names become
 * indices when they are loaded, and names again when they are printed, so that nobody else
 * looks a hub up by its name.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config_values.h"
#include "net.h"

#define RESERVED_NAME "lobby"
#define NAMES_WHAT    "a list of names of servers, or a text with commas"
#define HUBS_WHAT     "a list of names of servers and groups, or a text with commas"

/* On their way in or out: what the table fills comes first, and the rest of the configuration
 * is beside it. */
struct group_row {
	struct config_group group;
	const struct config *config;
};

static const char *const balances[] = {
	[CONFIG_BALANCE_FIRST] = "first",
	[CONFIG_BALANCE_ROUND_ROBIN] = "round-robin",
	[CONFIG_BALANCE_RANDOM] = "random",
	[CONFIG_BALANCE_LEAST_PLAYERS] = "least-players",
	[CONFIG_BALANCE_MOST_PLAYERS] = "most-players",
	[CONFIG_BALANCE_HASH] = "hash",
	NULL,
};

static void load_group_servers(struct config_reader *reader, const struct config_key *key,
			       const cJSON *value, void *base);
static cJSON *print_group_servers(const void *base);
static void load_listener_hubs(struct config_reader *reader, const struct config_key *key,
			       const cJSON *value, void *base);
static cJSON *print_listener_hubs(const void *base);

/* clang-format off */
const struct config_key config_group_keys[] = {
	{CONFIG_ROW_NO_MEMBER("servers", CUSTOM), .flags = CONFIG_REQUIRED,
	 .load = load_group_servers, .print = print_group_servers,
	 .what = NAMES_WHAT,
	 .help = "The servers of the group, in an order that matters for some kinds of "
		 "balance."},
	{CONFIG_ROW("balance", CHOICE, config_group, balance),
	 .choices = balances, .fallback = "\"least-players\"",
	 .help = "How one of them is chosen for a player."},
	{.name = NULL},
};

const struct config_key config_listener_keys[] = {
	{CONFIG_ROW("address", TEXT, config_listener, address),
	 .check = config_check_address, .fallback = "\"0.0.0.0\"",
	 .what = "a numeric IPv4 or IPv6 address, such as 0.0.0.0 or ::",
	 .help = "The address to listen on."},
	{CONFIG_ROW("port", NUMBER, config_listener, port), .flags = CONFIG_REQUIRED,
	 .min = 0, .max = 65535,
	 .what = "a port",
	 .help = "The TCP port to listen on. 0 takes any free one, and the log says which."},
	{CONFIG_ROW("name", TEXT, config_listener, name),
	 .flags = CONFIG_OR_NULL, .check = config_check_title,
	 .what = "a text of 1-64 characters",
	 .help = "The name that those who come in here see in the lobby. Without it, name of all "
		 "counts."},
	{CONFIG_ROW("motd", TEXT, config_listener, motd),
	 .flags = CONFIG_OR_NULL, .check = config_check_line,
	 .what = "a text of up to 64 characters",
	 .help = "The line that those who come in here see under it. Without it, motd of all "
		 "counts."},
	{CONFIG_ROW_NO_MEMBER("hubs", CUSTOM),
	 .load = load_listener_hubs, .print = print_listener_hubs,
	 .what = HUBS_WHAT,
	 .help = "Where new players who come in here are sent, best first. Without it, or if "
		 "it is empty, hubs of all counts."},
	{CONFIG_ROW("accept-proxy", BOOL, config_listener, accept_proxy), .fallback = "false",
	 .help = "Whether only trusted-proxies may connect here, with a header of the PROXY "
		 "protocol."},
	{CONFIG_ROW("websocket", BOOL, config_listener, websocket), .fallback = "true",
	 .help = "Whether web clients may connect here, too."},
	{CONFIG_ROW_NO_MEMBER("paths", CUSTOM),
	 .load = config_load_listener_paths, .print = config_print_listener_paths,
	 .fallback = "{}",
	 .what = "an object with the name of a server or group for each place",
	 .help = "Where web clients who come in here are sent, as paths says for address and "
		 "port."},
	{.name = NULL},
};
/* clang-format on */

/* ---- groups ---- */

static void add_group_server(struct config_reader *reader, void *base, const cJSON *item)
{
	struct group_row *row = base;
	struct config_group *group = &row->group;
	const char *name = cJSON_IsString(item) ? item->valuestring : NULL;
	size_t server =
		name != NULL ? config_find_server(row->config, name) : row->config->n_servers;

	if (server == row->config->n_servers) {
		config_keys_bad_item(
			reader, item, "the name of a linked server",
			name != NULL ? config_nearest_server(row->config, name, NULL) : NULL);
		return;
	}
	for (size_t i = 0; i < group->n_servers; i++) {
		if (group->servers[i] == server) {
			config_keys_fault(reader, "\"%s\" stands there twice", name);
			return;
		}
	}
	group->servers[group->n_servers++] = server; /* no more than there are servers */
}

static void load_group_servers(struct config_reader *reader, const struct config_key *key,
			       const cJSON *value, void *base)
{
	struct group_row *row = base;
	unsigned faults = reader->faults;

	config_keys_each_item(reader, key, value, row, add_group_server);
	if (reader->faults == faults && row->group.n_servers == 0)
		config_keys_fault(reader, "a group needs at least one server");
}

static cJSON *print_group_servers(const void *base)
{
	const struct group_row *row = base;
	cJSON *array = cJSON_CreateArray();

	for (size_t i = 0; array != NULL && i < row->group.n_servers; i++)
		array = config_keys_add(
			array,
			cJSON_CreateString(row->config->servers[row->group.servers[i]].name));
	return array;
}

size_t config_find_group(const struct config *config, const char *name)
{
	size_t i = 0;

	while (i < config->n_groups && strcasecmp(config->groups[i].name, name) != 0)
		i++;
	return i;
}

static void check_group_name(struct config_reader *reader, const struct config *config,
			     const char *name)
{
	size_t server = config_find_server(config, name);
	char why[8];

	if (!config_check_name(name, why, sizeof(why)))
		config_keys_fault(reader, "the name of a group must be " CONFIG_NAME_WHAT);
	else if (server < config->n_servers)
		config_keys_fault(reader, "\"%s\" is the name of servers[%zu] already", name,
				  server);
	else if (config_find_group(config, name) < config->n_groups)
		config_keys_fault(reader,
				  "\"%s\" is a group already; names must differ in "
				  "more than case",
				  name);
	else if (strcasecmp(name, RESERVED_NAME) == 0)
		config_keys_fault(reader,
				  "\"%s\" is the name of the embedded lobby; choose another",
				  name);
	else if (strcasecmp(name, CONFIG_WORD_ALL) == 0)
		config_keys_fault(reader,
				  "\"%s\" means every server in commands; choose "
				  "another name",
				  name);
}

static void add_group(struct config_reader *reader, void *base, const cJSON *item)
{
	struct config *config = base;
	struct group_row row = {.config = config};

	check_group_name(reader, config, item->string);
	row.group.name = config_keys_copy(reader, item->string);
	row.group.servers = calloc(config->n_servers + 1, sizeof(*row.group.servers));
	if (row.group.name == NULL || row.group.servers == NULL) {
		config_keys_fault(reader, "out of memory");
		free(row.group.name);
		free(row.group.servers);
		return;
	}
	config_keys_load(reader, config_group_keys, item, &row);
	config->groups[config->n_groups++] = row.group;
}

void config_load_groups(struct config_reader *reader, const struct config_key *key,
			const cJSON *value, void *base)
{
	struct config *config = base;

	config->groups = config_keys_rows(reader, cJSON_IsObject(value) ? value : NULL,
					  CONFIG_GROUPS_MAX, sizeof(*config->groups));
	if (config->groups != NULL)
		config_keys_each_named(reader, key, value, config, add_group);
}

cJSON *config_print_groups(const void *base)
{
	const struct config *config = base;
	cJSON *object = cJSON_CreateObject();

	for (size_t i = 0; object != NULL && i < config->n_groups; i++) {
		struct group_row row = {.group = config->groups[i], .config = config};

		object = config_keys_add_named(object, row.group.name,
					       config_keys_print(config_group_keys, &row));
	}
	return object;
}

/* ---- hubs ---- */

/* Hubs on their way in. */
struct hubs_row {
	struct config_hubs *hubs;
	const struct config *config;
};

static void append_hub(struct config_reader *reader, struct config_hubs *hubs,
		       const struct config_hub *hub)
{
	struct config_hub *items = realloc(hubs->items, (hubs->n + 1) * sizeof(*items));

	if (items == NULL) {
		config_keys_fault(reader, "out of memory");
		return;
	}
	items[hubs->n++] = *hub;
	hubs->items = items;
}

/* False if nothing has that name. A name is never that of a server and of a group. */
static bool find_hub(const struct config *config, const char *name, struct config_hub *hub)
{
	size_t server = config_find_server(config, name),
	       group = config_find_group(config, name);

	hub->is_group = server == config->n_servers;
	hub->index = hub->is_group ? group : server;
	return !hub->is_group || group < config->n_groups;
}

static const char *nearest_hub(const struct config *config, const char *word)
{
	const char *nearest = NULL;

	for (size_t i = 0; i < config->n_groups; i++)
		nearest = config_nearer(word, nearest, config->groups[i].name);
	return config_nearest_server(config, word, nearest);
}

bool config_load_hub(struct config_reader *reader, const struct config *config,
		     const cJSON *item, struct config_hub *out)
{
	const char *name = cJSON_IsString(item) ? item->valuestring : NULL;
	bool is_known = name != NULL && find_hub(config, name, out);

	if (!is_known)
		config_keys_bad_item(reader, item, "the name of a linked server or of a group",
				     name != NULL ? nearest_hub(config, name) : NULL);
	return is_known;
}

const char *config_hub_name(const struct config *config, const struct config_hub *hub)
{
	return hub->is_group ? config->groups[hub->index].name
			     : config->servers[hub->index].name;
}

static void add_hub(struct config_reader *reader, void *base, const cJSON *item)
{
	const struct hubs_row *row = base;
	struct config_hub hub;

	if (!config_load_hub(reader, row->config, item, &hub))
		return;
	for (size_t i = 0; i < row->hubs->n; i++) {
		if (row->hubs->items[i].is_group == hub.is_group &&
		    row->hubs->items[i].index == hub.index) {
			config_keys_fault(reader, "\"%s\" stands there twice",
					  item->valuestring);
			return;
		}
	}
	append_hub(reader, row->hubs, &hub);
}

void config_load_hubs(struct config_reader *reader, const struct config_key *key,
		      const cJSON *value, void *base)
{
	struct config *config = base;
	struct hubs_row row = {.hubs = &config->hubs, .config = config};

	config_keys_each_item(reader, key, value, &row, add_hub);
	if (config->hubs.n == 0 && config->n_servers > 0)
		append_hub(reader, &config->hubs, &(struct config_hub){.index = 0});
}

static cJSON *print_hubs(const struct config *config, const struct config_hubs *hubs)
{
	cJSON *array = cJSON_CreateArray();

	for (size_t i = 0; array != NULL && i < hubs->n; i++) {
		const char *name = config_hub_name(config, &hubs->items[i]);

		array = config_keys_add(array, cJSON_CreateString(name));
	}
	return array;
}

cJSON *config_print_hubs(const void *base)
{
	const struct config *config = base;

	return print_hubs(config, &config->hubs);
}

/* ---- listeners ---- */

static void load_listener_hubs(struct config_reader *reader, const struct config_key *key,
			       const cJSON *value, void *base)
{
	struct config_listener_row *row = base;
	struct hubs_row hubs = {.hubs = &row->listener.hubs, .config = row->config};

	config_keys_each_item(reader, key, value, &hubs, add_hub);
}

static cJSON *print_listener_hubs(const void *base)
{
	const struct config_listener_row *row = base;

	return print_hubs(row->config, &row->listener.hubs);
}

/* What a listener has none of its own of is that of all. Takes the listener over. */
static void append_listener(struct config_reader *reader, struct config *config,
			    struct config_listener listener)
{
	if (listener.name == NULL)
		listener.name = config_keys_copy(reader, config->name);
	if (listener.motd == NULL)
		listener.motd = config_keys_copy(reader, config->motd);
	if (listener.hubs.n == 0)
		for (size_t i = 0; i < config->hubs.n; i++)
			append_hub(reader, &listener.hubs, &config->hubs.items[i]);
	config->listeners[config->n_listeners++] = listener;
}

static bool is_same_listener(const struct config_listener *a, const struct config_listener *b)
{
	struct net_addr addr_a, addr_b;
	char text_a[NET_ADDR_TEXT], text_b[NET_ADDR_TEXT];

	if (a->port == 0 || a->address == NULL || b->address == NULL ||
	    !net_addr_parse(&addr_a, a->address, a->port) ||
	    !net_addr_parse(&addr_b, b->address, b->port))
		return false;
	net_addr_text(text_a, &addr_a, true);
	net_addr_text(text_b, &addr_b, true);
	return strcmp(text_a, text_b) == 0;
}

/* The last one, among those that were there. */
static void check_listener_is_unique(struct config_reader *reader, const struct config *config)
{
	size_t last = config->n_listeners - 1, other = 0;
	const struct config_listener *listener = &config->listeners[last];

	while (other < last && !is_same_listener(listener, &config->listeners[other]))
		other++;
	if (other == 0 && last > 0)
		config_keys_fault(reader, "%s port %u is what address and port say already",
				  listener->address, listener->port);
	else if (other < last)
		config_keys_fault(reader, "%s port %u is that of listeners[%zu] already",
				  listener->address, listener->port, other - 1);
}

void config_load_listeners(struct config_reader *reader, const struct config_key *key,
			   const cJSON *value, void *base)
{
	struct config *config = base;
	const cJSON *item, *items = cJSON_IsArray(value) ? value : NULL;
	int n = cJSON_GetArraySize(items), i = 0;

	if (items == NULL)
		config_keys_wrong_type(reader, key, value);
	if (n > CONFIG_LISTENERS_MAX) {
		config_keys_fault(reader, "%d are too many; there can be up to %d", n,
				  CONFIG_LISTENERS_MAX);
		items = NULL;
		n = 0;
	}
	config->listeners = calloc((size_t)n + 1, sizeof(*config->listeners));
	if (config->listeners == NULL) {
		config_keys_fault(reader, "out of memory");
		return;
	}
	append_listener(
		reader, config,
		(struct config_listener){.address = config_keys_copy(reader, config->address),
					 .port = config->port,
					 .accept_proxy = config->accept_proxy,
					 .websocket = config->websocket});
	cJSON_ArrayForEach (item, items) {
		struct config_listener_row row = {.config = config};
		size_t mark = config_keys_enter(reader, "[%d]", i++);

		config_keys_load(reader, config_listener_keys, item, &row);
		append_listener(reader, config, row.listener);
		check_listener_is_unique(reader, config);
		config_keys_leave(reader, mark);
	}
}

cJSON *config_print_listeners(const void *base)
{
	const struct config *config = base;
	cJSON *array = cJSON_CreateArray();

	/* The first is `address` and `port`. */
	for (size_t i = 1; array != NULL && i < config->n_listeners; i++) {
		struct config_listener_row row = {.listener = config->listeners[i],
						  .config = config};

		array = config_keys_add(array, config_keys_print(config_listener_keys, &row));
	}
	return array;
}

void config_free_balance(struct config *config)
{
	for (size_t i = 0; i < config->n_groups; i++) {
		free(config->groups[i].name);
		free(config->groups[i].servers);
	}
	for (size_t i = 0; i < config->n_listeners; i++) {
		config_keys_free(config_listener_keys, &config->listeners[i]);
		free(config->listeners[i].hubs.items);
		config_free_paths(&config->listeners[i]);
	}
	free(config->groups);
	free(config->listeners);
	free(config->hubs.items);
}
