/* SPDX-License-Identifier: MIT */
/*
 * The server lists of kurafuto.json. The one idea: `heartbeat: true` is an item like those of
 * `heartbeats` and stands in front of them, so that nobody else need know of it; only printing
 * leaves it out.
 */
#include <bsd/string.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "auth.h"
#include "config_values.h"

#define URL_MAX         200
#define KEY_MAX         128
#define PUBLIC_PORT_MAX 65535
#define INTERVAL_S      30
#define INTERVAL_TEXT   "30"

static bool check_url(const char *text, char *why, size_t why_size);
static bool check_suffix(const char *text, char *why, size_t why_size);
static bool check_host(const char *text, char *why, size_t why_size);
static bool check_key(const char *text, char *why, size_t why_size);

static const char *const types[] = {
	[CONFIG_HEARTBEAT_CLASSICUBE] = "classicube",
	[CONFIG_HEARTBEAT_NOTCHIAN] = "notchian",
	[CONFIG_HEARTBEAT_BETACRAFT_V2] = "betacraft-v2",
	NULL,
};
static const char *const urls[] = {
	[CONFIG_HEARTBEAT_CLASSICUBE] = "https://www.classicube.net/server/heartbeat/",
	[CONFIG_HEARTBEAT_NOTCHIAN] = "https://betacraft.uk/heartbeat.jsp",
	[CONFIG_HEARTBEAT_BETACRAFT_V2] = "https://api.betacraft.uk",
};

/* clang-format off */
const struct config_key config_heartbeat_keys[] = {
	{CONFIG_ROW("type", CHOICE, config_heartbeat, type),
	 .flags = CONFIG_REQUIRED, .choices = types,
	 .help = "What the list speaks. notchian is what www.minecraft.net did. Players get no keys "
		 "from betacraft-v2."},
	{CONFIG_ROW("url", TEXT, config_heartbeat, url),
	 .flags = CONFIG_OR_NULL, .check = check_url,
	 .what = "an address that begins with https:// or http://, of up to 200 characters",
	 .help = "Where it is. Without it, or with null, https://www.classicube.net/server/heartbeat/ "
		 "for classicube, https://betacraft.uk/heartbeat.jsp for notchian, and "
		 "https://api.betacraft.uk for betacraft-v2."},
	{CONFIG_ROW("name", TEXT, config_heartbeat, name),
	 .flags = CONFIG_OR_NULL, .check = config_check_title,
	 .what = "a text of 1-64 characters",
	 .help = "The name in the list, which gets it without colours. Without it, or with null, "
		 "name of the listener counts."},
	{CONFIG_ROW("public", BOOL, config_heartbeat, is_public), .fallback = "false",
	 .help = "Whether the list shows Kurafuto to everybody, and not only to those who have the "
		 "address of its page."},
	{CONFIG_ROW("public-port", NUMBER, config_heartbeat, public_port),
	 .flags = CONFIG_OR_ZERO, .min = 1, .max = PUBLIC_PORT_MAX, .fallback = "0",
	 .what = "a port",
	 .help = "The port that players connect to, if a router maps it to another one. 0 means that "
		 "of the listener."},
	{CONFIG_ROW("max-players", NUMBER, config_heartbeat, max_players),
	 .flags = CONFIG_OR_ZERO, .min = 1, .max = 100000, .fallback = "0",
	 .what = "a number of players",
	 .help = "How many the list says can be online. 0 means max-players of all."},
	{CONFIG_ROW("interval-s", NUMBER, config_heartbeat, interval_s),
	 .min = 5, .max = 3600, .fallback = INTERVAL_TEXT,
	 .what = "a time in seconds",
	 .help = "How often it is told. After failures up to eight times as long passes."},
	{CONFIG_ROW("name-suffix", TEXT, config_heartbeat, name_suffix),
	 .flags = CONFIG_OR_NULL, .check = check_suffix,
	 .what = "1-4 letters, digits, _ . @ + and -",
	 .help = "What is added to the names of players whose keys are of this list, so that they are "
		 "not taken for others of the same name. Nobody's own name may end in it, nor another suffix. _b, say, "
		 "is good: MCGalaxy and mcchost take letters, digits and _ only, and names of up to 16. "
		 "Without it, or with null, names stay as they are."},
	{CONFIG_ROW("listener", NUMBER, config_heartbeat, listener_port),
	 .flags = CONFIG_OR_ZERO, .min = 1, .max = 65535, .fallback = "0",
	 .what = "a port",
	 .help = "The port of the listening address that the list is told of. 0 means the first, "
		 "which is port."},
	{CONFIG_ROW("public-address", TEXT, config_heartbeat, public_address),
	 .flags = CONFIG_OR_NULL, .check = check_host,
	 .what = "an IPv4 address or a host name",
	 .help = "The address that players connect to. Only betacraft-v2 needs it: other lists take "
		 "the one that a heartbeat comes from. Without it, or with null, it is the address "
		 "listened on, if that is one."},
	{CONFIG_ROW("private-key", TEXT, config_heartbeat, private_key),
	 .flags = CONFIG_OR_NULL | CONFIG_SECRET, .check = check_key,
	 .what = "a text of 1-128 printable ASCII characters without spaces",
	 .help = "What betacraft-v2 knows you by, if it has given you one."},
	{.name = NULL},
};
/* clang-format on */

/* ---- checks ---- */

static bool is_printable(const char *text, size_t max)
{
	size_t n = 0;

	for (; text[n] != '\0'; n++)
		if (text[n] <= ' ' || text[n] > '~' || n == max)
			return false;
	return n > 0;
}

static bool check_url(const char *text, char *why, size_t why_size)
{
	const char *host = strstr(text, "://");

	(void)why;
	(void)why_size;
	return is_printable(text, URL_MAX) &&
	       (strncasecmp(text, "https://", 8) == 0 ||
		strncasecmp(text, "http://", 7) == 0) &&
	       strcspn(host + 3, "/?#") > 0;
}

static bool check_suffix(const char *text, char *why, size_t why_size)
{
	(void)why;
	(void)why_size;
	return auth_suffix_is_valid(text);
}

static bool check_host(const char *text, char *why, size_t why_size)
{
	return strchr(text, ':') == NULL && config_check_server_address(text, why, why_size);
}

static bool check_key(const char *text, char *why, size_t why_size)
{
	(void)why;
	(void)why_size;
	return is_printable(text, KEY_MAX);
}

/* ---- in and out ---- */

/* The listener that an item names; n_listeners if there is none of that port. */
static size_t find_listener(const struct config *config, unsigned port)
{
	size_t i = 0;

	while (i < config->n_listeners && port != 0 && config->listeners[i].port != port)
		i++;
	return i;
}

static void check_listener(struct config_reader *reader, const struct config *config,
			   const struct config_heartbeat *heartbeat)
{
	if (heartbeat->listener == config->n_listeners)
		config_keys_fault(reader, "%u is not the port of a listening address",
				  heartbeat->listener_port);
}

/* Is it told of the same as an item that was there before. */
static void check_is_unique(struct config_reader *reader, const struct config *config,
			    const struct config_heartbeat *heartbeat)
{
	for (size_t i = 0; i < config->n_heartbeats; i++) {
		const struct config_heartbeat *other = &config->heartbeats[i];

		if (other->url == NULL || strcmp(other->url, heartbeat->url) != 0 ||
		    other->listener != heartbeat->listener)
			continue;
		if (other->is_plain)
			config_keys_fault(reader,
					  "%s is what \"heartbeat\": true stands for already",
					  heartbeat->url);
		else
			config_keys_fault(reader,
					  "%s is that of heartbeats[%zu] already, for the "
					  "same listener",
					  heartbeat->url, i - config->heartbeats[0].is_plain);
		return;
	}
}

bool config_heartbeat_has_keys(const struct config_heartbeat *heartbeat)
{
	return heartbeat->type != CONFIG_HEARTBEAT_BETACRAFT_V2;
}

static const char *suffix_of(const struct config_heartbeat *heartbeat)
{
	return heartbeat->name_suffix != NULL ? heartbeat->name_suffix : "";
}

/* Players of two lists can't be told from each other if their names end in the same. */
static void check_is_distinct(struct config_reader *reader, const struct config *config,
			      const struct config_heartbeat *heartbeat)
{
	for (size_t i = 0; i < config->n_heartbeats; i++) {
		const struct config_heartbeat *other = &config->heartbeats[i];

		if (!config_heartbeat_has_keys(heartbeat) ||
		    !config_heartbeat_has_keys(other) || other->url == NULL ||
		    strcmp(other->url, heartbeat->url) == 0 ||
		    strcasecmp(suffix_of(heartbeat), suffix_of(other)) != 0)
			continue;
		config_keys_warn(reader,
				 "%s has the same: whoever has a name there can join "
				 "as the one who has it at %s",
				 other->url, heartbeat->url);
		return;
	}
}

static bool ends_in(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return m > 0 && n > m && strcasecmp(text + n - m, end) == 0;
}

/* Ann with b_a is Annb with _a. */
static void check_is_no_end(struct config_reader *reader, const struct config *config,
			    const struct config_heartbeat *heartbeat)
{
	const char *suffix = suffix_of(heartbeat);

	for (size_t i = 0; i < config->n_heartbeats; i++) {
		const char *other = suffix_of(&config->heartbeats[i]);
		bool is_longer = ends_in(suffix, other);

		if (!config_heartbeat_has_keys(heartbeat) ||
		    !config_heartbeat_has_keys(&config->heartbeats[i]) ||
		    (!is_longer && !ends_in(other, suffix)))
			continue;
		config_keys_fault(reader,
				  is_longer ? "\"%s\" ends in \"%s\", that of heartbeats[%zu]: "
					      "two players could come to have the same name"
					    : "\"%s\" is the end of \"%s\", that of "
					      "heartbeats[%zu]: two players could come to have "
					      "the same name",
				  suffix, other, i - config->heartbeats[0].is_plain);
		return;
	}
}

/* A list that is told an address, and knows no better. */
static void check_address(struct config_reader *reader, const struct config *config,
			  const struct config_heartbeat *heartbeat)
{
	const char *address = heartbeat->listener < config->n_listeners
				      ? config->listeners[heartbeat->listener].address
				      : NULL;

	if (heartbeat->type == CONFIG_HEARTBEAT_BETACRAFT_V2 &&
	    heartbeat->public_address == NULL && address != NULL &&
	    (strcmp(address, "0.0.0.0") == 0 || strchr(address, ':') != NULL))
		config_keys_warn(reader, "missing: betacraft-v2 lists the IPv4 "
					 "address or host name that it is told");
}

static void add(struct config_reader *reader, struct config *config,
		struct config_heartbeat heartbeat)
{
	static const struct {
		const char *key;
		void (*check)(struct config_reader *, const struct config *,
			      const struct config_heartbeat *);
	} checks[] = {
		{"url", check_is_unique},          {"name-suffix", check_is_distinct},
		{"name-suffix", check_is_no_end},  {"listener", check_listener},
		{"public-address", check_address},
	};

	if (heartbeat.url == NULL)
		heartbeat.url = config_keys_copy(reader, urls[heartbeat.type]);
	heartbeat.listener = find_listener(config, heartbeat.listener_port);
	for (size_t i = 0; heartbeat.url != NULL && i < sizeof(checks) / sizeof(checks[0]);
	     i++) {
		size_t mark = config_keys_enter_key(reader, checks[i].key);

		checks[i].check(reader, config, &heartbeat);
		config_keys_leave(reader, mark);
	}
	config->heartbeats[config->n_heartbeats++] = heartbeat;
}

void config_load_heartbeats(struct config_reader *reader, const struct config_key *key,
			    const cJSON *value, void *base)
{
	struct config *config = base;
	const cJSON *item, *items = cJSON_IsArray(value) ? value : NULL;
	int i = 0;

	if (items == NULL)
		config_keys_wrong_type(reader, key, value);
	config->heartbeats = config_keys_rows(reader, items, CONFIG_HEARTBEATS_MAX,
					      sizeof(*config->heartbeats));
	if (config->heartbeats == NULL)
		return;
	if (config->heartbeat)
		add(reader, config,
		    (struct config_heartbeat){.type = CONFIG_HEARTBEAT_CLASSICUBE,
					      .is_public = config->is_public,
					      .interval_s = INTERVAL_S,
					      .is_plain = true});
	cJSON_ArrayForEach (item, items) {
		struct config_heartbeat heartbeat = {.url = NULL};
		size_t mark = config_keys_enter(reader, "[%d]", i++);

		config_keys_load(reader, config_heartbeat_keys, item, &heartbeat);
		add(reader, config, heartbeat);
		config_keys_leave(reader, mark);
	}
}

cJSON *config_print_heartbeats(const void *base)
{
	const struct config *config = base;
	cJSON *array = cJSON_CreateArray();

	for (size_t i = 0; array != NULL && i < config->n_heartbeats; i++)
		if (!config->heartbeats[i].is_plain)
			array = config_keys_add(array,
						config_keys_print(config_heartbeat_keys,
								  &config->heartbeats[i]));
	return array;
}

void config_free_heartbeats(struct config *config)
{
	for (size_t i = 0; i < config->n_heartbeats; i++)
		config_keys_free(config_heartbeat_keys, &config->heartbeats[i]);
	free(config->heartbeats);
}

/* ---- the salts ---- */

/* The next part of a path that is not empty and not "."; its length, 0 at the end. */
static size_t next_part(const char **path)
{
	size_t n;

	do {
		*path += strspn(*path, "/");
		n = strcspn(*path, "/");
	} while (n == 1 && **path == '.' && (*path)++);
	return n;
}

/* Do two paths read the same, but for more slashes and dots than they need. */
static bool reads_the_same(const char *a, const char *b)
{
	size_t n, m;

	if ((*a == '/') != (*b == '/'))
		return false;
	for (;; a += n, b += m) {
		n = next_part(&a);
		m = next_part(&b);
		if (n != m || strncmp(a, b, n) != 0)
			return false;
		if (n == 0)
			return true;
	}
}

static bool is_one_file(const char *a, const char *b)
{
	struct stat one, two;

	return stat(a, &one) == 0 && stat(b, &two) == 0 && one.st_dev == two.st_dev &&
	       one.st_ino == two.st_ino;
}

/* The directory of a path, as a path; what stands behind it is the name. */
static const char *split(char directory[static PATH_MAX], const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		strlcpy(directory, ".", PATH_MAX);
	else
		strlcpy(directory, path,
			(size_t)(slash - path) + 2 < PATH_MAX ? (size_t)(slash - path) + 2
							      : PATH_MAX);
	return slash != NULL ? slash + 1 : path;
}

/* Do two paths lead to the same file, or would they if there were one. */
static bool is_same_file(const char *a, const char *b)
{
	char one[PATH_MAX], two[PATH_MAX];

	if (is_one_file(a, b) || reads_the_same(a, b))
		return true;
	return strcmp(split(one, a), split(two, b)) == 0 && is_one_file(one, two);
}

/* The salts would take the place of what is in the file, or the other way round. */
static void check_salt_file(struct config_reader *reader, const struct config *config)
{
	static const char *const taken[] = {"bans.json", "allowed.json", "places.json",
					    "kurafuto.url"};
	char path[PATH_MAX], other[PATH_MAX];
	const char *file = config->salt_file;

	if (file == NULL || config->state_dir == NULL)
		return;
	if (file[0] == '/')
		strlcpy(path, file, sizeof(path));
	else
		snprintf(path, sizeof(path), "%s/%s", config->state_dir, file);
	if (config->path != NULL && is_same_file(path, config->path))
		config_keys_fault(reader,
				  "\"%s\" is the configuration itself; salts need a file of "
				  "their own, such as salts.json",
				  file);
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
		snprintf(other, sizeof(other), "%s/%s", config->state_dir, taken[i]);
		if (is_same_file(path, other))
			config_keys_fault(reader,
					  "\"%s\" is %s of the state-dir, where Kurafuto "
					  "keeps something else; salts need a file of their "
					  "own, such as salts.json",
					  file, taken[i]);
	}
}

/* A salt is forgotten when the one behind it is replaced. */
static void check_grace(struct config_reader *reader, const struct config *config)
{
	unsigned rotation_s = config->salt_rotation_h * 3600;

	if (rotation_s > 0 && config->salt_grace_s > rotation_s)
		config_keys_warn(reader,
				 "%u s are longer than salt-rotation-h, which is %u: only one "
				 "salt before is kept, so its keys count for %u s at most",
				 config->salt_grace_s, config->salt_rotation_h, rotation_s);
}

static void check_public(struct config_reader *reader, const struct config *config)
{
	if (config->is_public && !config->heartbeat)
		config_keys_warn(reader, "does nothing without \"heartbeat\": true; an item of "
					 "heartbeats has its own");
}

void config_check_salts(struct config_reader *reader, const struct config *config)
{
	static const struct {
		const char *key;
		void (*check)(struct config_reader *, const struct config *);
	} checks[] = {
		{"public", check_public},
		{"salt-file", check_salt_file},
		{"salt-grace-s", check_grace},
	};

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		size_t mark = config_keys_enter_key(reader, checks[i].key);

		checks[i].check(reader, config);
		config_keys_leave(reader, mark);
	}
}
