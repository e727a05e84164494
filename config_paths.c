/* SPDX-License-Identifier: MIT */
/*
 * `paths` of a listener: where web clients are sent by the address that they have typed. The
 * one idea: a place is brought into one form when it is loaded, and so is what a client asks
 * for, so that finding it is comparing texts, from the most exact one on.
 */
#include <arpa/inet.h>
#include <bsd/string.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "config_values.h"

#define HOST_MAX      253
#define HOST_SIZE     (HOST_MAX + 3) /* with brackets, terminated */
#define PATH_SIZE_MAX 128
#define PLACE_SIZE    (HOST_SIZE + PATH_SIZE_MAX)

/* A key of `paths`, or what a client asks for; in the form in which they are compared. */
struct place {
	char host[HOST_SIZE]; /* "": none */
	const char *path;     /* within the text that it was made from */
	size_t path_size;     /* without slashes at the end; 0: the root */
};

/* ---- one form ---- */

/* A host in lower case, IPv6 without brackets and as it is written shortest, and without the
 * dot that a whole name may end in. False if it is too long for one. */
static bool take_host(char out[static HOST_SIZE], const char *host, size_t size)
{
	bool has_brackets = size > 2 && host[0] == '[' && host[size - 1] == ']' &&
			    memchr(host, ':', size) != NULL;
	struct in6_addr v6;

	out[0] = '\0';
	if (size >= HOST_SIZE)
		return false;
	if (has_brackets) {
		host++;
		size -= 2;
	}
	if (size > 1 && host[size - 1] == '.')
		size--;
	for (size_t i = 0; i < size; i++)
		out[i] = (char)tolower((unsigned char)host[i]);
	out[size] = '\0';
	if (inet_pton(AF_INET6, out, &v6) == 1)
		inet_ntop(AF_INET6, &v6, out, HOST_SIZE);
	return true;
}

static void take_path(struct place *place, const char *path)
{
	place->path = path;
	place->path_size = strlen(path);
	while (place->path_size > 0 && path[place->path_size - 1] == '/')
		place->path_size--;
}

/* "/path", "host", "host/path". */
static void write_place(char out[static PLACE_SIZE], const char *host, const char *path,
			size_t path_size)
{
	if (host[0] == '\0' && path_size == 0)
		strlcpy(out, "/", PLACE_SIZE);
	else
		snprintf(out, PLACE_SIZE, "%s%.*s", host, (int)path_size, path);
}

/* ---- checks ---- */

/* False, with a fault, if it can't be a path. */
static bool check_path(struct config_reader *reader, const struct place *place)
{
	for (size_t i = 0; i < place->path_size; i++) {
		char c = place->path[i];

		if (c == '?' || c == '#') {
			config_keys_fault(reader, "has a '%c', where a path ends", c);
			return false;
		}
		if (c <= ' ' || c > '~') {
			config_keys_fault(
				reader,
				"has a %s, which is not in a path; it must be written as "
				"browsers send it, with %s",
				c == ' '                   ? "space"
				: (unsigned char)c >= 0x80 ? "character beyond ASCII"
							   : "control character",
				c == ' ' ? "%20" : "% and its bytes");
			return false;
		}
	}
	if (place->path_size > PATH_SIZE_MAX)
		config_keys_fault(reader, "has a path of %zu bytes; there can be up to %d",
				  place->path_size, PATH_SIZE_MAX);
	return place->path_size <= PATH_SIZE_MAX;
}

/* "host:25565". */
static bool has_port(const char *host)
{
	const char *colon = strrchr(host, ':');

	return colon != NULL && colon > host && colon[1] != '\0' &&
	       colon[1 + strspn(colon + 1, "0123456789")] == '\0';
}

/* False, with a fault, if it can't be a host. */
static bool check_host(struct config_reader *reader, const char *host)
{
	size_t length = strlen(host);

	if (config_check_host(host) && host[length - 1] != '.')
		return true;
	if (length > 0 && host[length - 1] == ':')
		config_keys_fault(reader,
				  "begins with \"%s//\": a host stands without it, as in "
				  "\"play.example.net/pvp\"",
				  host);
	else if (has_port(host))
		config_keys_fault(reader, "names a port: a host stands without one, as in "
					  "\"play.example.net/pvp\"");
	else
		config_keys_fault(reader, "does not begin with a host name, an address or a "
					  "slash; a good one is \"/path\", \"host\" or "
					  "\"host/path\"");
	return false;
}

/* The place that a key names. False after a fault. */
static bool read_place(struct config_reader *reader, char out[static PLACE_SIZE],
		       const char *key)
{
	struct place place;
	size_t host_size = strcspn(key, "/");
	bool has_room = take_host(place.host, key, host_size);

	take_path(&place, key + host_size);
	if (!has_room) {
		config_keys_fault(reader, "has a host of %zu bytes; there can be up to %d",
				  host_size, HOST_MAX);
		return false;
	}
	if ((key[0] != '/' && !check_host(reader, place.host)) || !check_path(reader, &place))
		return false;
	write_place(out, place.host, place.path, place.path_size);
	return true;
}

/* ---- in and out ---- */

/* A listener whose paths are on their way in. */
struct paths_row {
	struct config_listener *listener;
	const struct config *config;
};

static const struct config_path *find_place(const struct config_listener *listener,
					    const char *place)
{
	for (size_t i = 0; i < listener->n_paths; i++)
		if (strcmp(listener->paths[i].place, place) == 0)
			return &listener->paths[i];
	return NULL;
}

static void add_path(struct config_reader *reader, void *base, const cJSON *item)
{
	const struct paths_row *row = base;
	struct config_listener *listener = row->listener;
	struct config_path *path = &listener->paths[listener->n_paths];
	char place[PLACE_SIZE];
	bool is_good = read_place(reader, place, item->string);

	if (!config_load_hub(reader, row->config, item, &path->hub) || !is_good)
		return;
	if (find_place(listener, place) != NULL) {
		config_keys_fault(reader,
				  "stands there twice: case in a host, and a slash at the end, "
				  "make no difference");
		return;
	}
	path->place = config_keys_copy(reader, place);
	listener->n_paths += path->place != NULL;
}

static void load(struct config_reader *reader, const struct config_key *key, const cJSON *value,
		 struct config_listener *listener, const struct config *config)
{
	struct paths_row row = {.listener = listener, .config = config};

	listener->paths = config_keys_rows(reader, cJSON_IsObject(value) ? value : NULL,
					   CONFIG_PATHS_MAX, sizeof(*listener->paths));
	if (listener->paths != NULL)
		config_keys_each_named(reader, key, value, &row, add_path);
}

static cJSON *print(const struct config_listener *listener, const struct config *config)
{
	cJSON *object = cJSON_CreateObject();

	for (size_t i = 0; object != NULL && i < listener->n_paths; i++) {
		const char *name = config_hub_name(config, &listener->paths[i].hub);

		object = config_keys_add_named(object, listener->paths[i].place,
					       cJSON_CreateString(name));
	}
	return object;
}

void config_load_listener_paths(struct config_reader *reader, const struct config_key *key,
				const cJSON *value, void *base)
{
	struct config_listener_row *row = base;

	load(reader, key, value, &row->listener, row->config);
}

cJSON *config_print_listener_paths(const void *base)
{
	const struct config_listener_row *row = base;

	return print(&row->listener, row->config);
}

/* Without memory there is no first listener, and that is a fault already. */
void config_load_paths(struct config_reader *reader, const struct config_key *key,
		       const cJSON *value, void *base)
{
	struct config *config = base;

	if (config->n_listeners > 0)
		load(reader, key, value, &config->listeners[0], config);
}

cJSON *config_print_paths(const void *base)
{
	const struct config *config = base;

	return print(&config->listeners[0], config);
}

void config_free_paths(struct config_listener *listener)
{
	for (size_t i = 0; i < listener->n_paths; i++) {
		free(listener->paths[i].place);
		free(listener->paths[i].hubs.items);
	}
	free(listener->paths);
}

/* Puts the listener's hubs behind a path's own. */
static void join(struct config_reader *reader, struct config_path *path,
		 const struct config_hubs *others)
{
	struct config_hub *items = calloc(others->n + 1, sizeof(*items));
	size_t n = 0;

	if (items == NULL) {
		config_keys_fault(reader, "out of memory");
		return;
	}
	items[n++] = path->hub;
	for (size_t i = 0; i < others->n; i++)
		if (others->items[i].is_group != path->hub.is_group ||
		    others->items[i].index != path->hub.index)
			items[n++] = others->items[i];
	path->hubs = (struct config_hubs){.items = items, .n = n};
}

/* Warnings about what is most likely a slip. `where` is "" or "listeners[0].". */
static void check_sense(struct config_reader *reader, const char *where,
			const struct config_listener *listener)
{
	if (listener->n_paths > 0 && !listener->websocket)
		config_keys_warn(reader,
				 "%spaths: nobody comes by them while %swebsocket is false",
				 where, where);
	for (size_t i = 0; i < listener->n_paths; i++) {
		const char *place = listener->paths[i].place;

		if (strpbrk(place, "./:") == NULL && strcmp(place, "localhost") != 0)
			config_keys_warn(reader,
					 "%spaths.\"%s\" is the name of a host; if a path is "
					 "meant, it is \"/%s\"",
					 where, place, place);
	}
}

void config_join_paths(struct config_reader *reader, struct config *config)
{
	for (size_t i = 0; i < config->n_listeners; i++) {
		struct config_listener *listener = &config->listeners[i];
		char where[40] = "";

		for (size_t j = 0; j < listener->n_paths; j++)
			join(reader, &listener->paths[j], &listener->hubs);
		if (i > 0)
			snprintf(where, sizeof(where), "listeners[%zu].", i - 1);
		check_sense(reader, where, listener);
	}
}

/* ---- what a client asks for ---- */

const struct config_hubs *config_find_path(const struct config_listener *listener,
					   const char *host, const char *path)
{
	const struct config_path *found = NULL;
	struct place place = {.host = ""};
	char wanted[PLACE_SIZE];
	bool has_host = strchr(host, '/') == NULL &&
			take_host(place.host, host, strlen(host)) && place.host[0] != '\0';

	take_path(&place, path);
	bool has_path = place.path_size <= PATH_SIZE_MAX && (path[0] == '/' || path[0] == '\0');
	if (has_host && has_path) {
		write_place(wanted, place.host, place.path, place.path_size);
		found = find_place(listener, wanted);
	}
	if (has_host && found == NULL)
		found = find_place(listener, place.host);
	if (has_path && found == NULL) {
		write_place(wanted, "", place.path, place.path_size);
		found = find_place(listener, wanted);
	}
	return found != NULL ? &found->hubs : NULL;
}
