/* SPDX-License-Identifier: MIT */
/*
 * The keys of kurafuto.json, and the way from the file to a struct and back. How tables of keys
 * work is config_keys.c; the values that need more than a row are config_values.c,
 * config_servers.c, config_balance.c, config_paths.c, config_proxies.c, config_limits.c,
 * config_heartbeats.c, config_ranks.c and config_kicks.c.
 * The one idea: the table here is the configuration; a new key is a new row and a member of
 * struct config, and everything else follows. Rows are loaded in their order, so a row may rely
 * on the rows above it.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config_keys.h"
#include "config_values.h"

#define FILE_MAX_SIZE (1024L * 1024)
#define REASON_MAX    128
#define PROXIES_MAX   64

/* ---- the older name of verify-names ---- */

static void load_authentication(struct config_reader *reader, const struct config_key *key,
				const cJSON *value, void *base)
{
	struct config *config = base;
	bool wanted;

	if (!config_keys_load_bool(reader, key, value, &wanted))
		return;
	if (cJSON_GetObjectItemCaseSensitive(reader->root, "verify-names") == NULL)
		config->verify_names = wanted;
	else if (wanted != config->verify_names)
		config_keys_warn(reader,
				 "differs from verify-names, which counts: names are %s",
				 config->verify_names ? "verified" : "not verified");
}

/* ---- the keys ---- */

static const char *const log_levels[] = {"error", "warn", "info", "debug", "trace", NULL};
static const char *const checks[] = {
	[CONFIG_CHECK_TCP] = "tcp", [CONFIG_CHECK_CLASSIC] = "classic", NULL};
static const char *const rejoins[] = {"hub", "last", NULL};
static const char *const log_addresses[] = {[CONFIG_ADDRESSES_FULL] = "full",
					    [CONFIG_ADDRESSES_MASKED] = "masked",
					    [CONFIG_ADDRESSES_NONE] = "none",
					    NULL};
static const char *const log_colors[] = {"auto", "always", "never", NULL};

/* clang-format off */
#define BOOL(name_, member, default_) \
	CONFIG_ROW(name_, BOOL, config, member), .fallback = (default_)
#define NUMBER(name_, member, min_, max_, default_) \
	CONFIG_ROW(name_, NUMBER, config, member), \
	.min = (min_), .max = (max_), .fallback = (default_)
#define TEXT(name_, member, default_) \
	CONFIG_ROW(name_, TEXT, config, member), .fallback = (default_)
#define CHOICE(name_, member, choices_, default_) \
	CONFIG_ROW(name_, CHOICE, config, member), .choices = (choices_), .fallback = (default_)
#define OBJECT(name_, sub_) \
	CONFIG_ROW_NO_MEMBER(name_, OBJECT), \
	.what = "an object", .sub = (sub_), .fallback = "{}"
#define CUSTOM(name_, function, default_) \
	CONFIG_ROW_NO_MEMBER(name_, CUSTOM), .load = config_load_##function, \
	.print = config_print_##function, .fallback = (default_)
#define LIST(name_, function) CUSTOM(name_, function, "[]")

/* Bans and whitelists, as words: not "urban", not "abandoned". POSIX has no sign for the edge
 * of a word. */
#define WORD(alternatives) "(^|[^[:alnum:]_])" alternatives "([^[:alnum:]_]|$)"
#define KICK_PASS \
	"[\"" WORD("(ip|temp|perma?)?ban(ned)?") "\",\"" WORD("(white|black)[ -]?list(ed)?") "\"]"

static const struct config_key health_keys[] = {
	{NUMBER("interval-ms", health_interval_ms, 50, 3600000, "5000"),
	 .what = "a time in milliseconds",
	 .help = "How often each server is checked, to know which are up."},
	{CHOICE("check", health_check, checks, "\"tcp\""),
	 .help = "What a server must do: tcp, take a connection; classic, also answer a login."},
	{TEXT("probe-name", health_probe_name, "\"Kurafuto\""), .check = config_check_probe,
	 .what = CONFIG_PROBE_WHAT,
	 .help = "The name that the check classic logs in with."},
	{NUMBER("rise", health_rise, 1, 100, "1"),
	 .what = "a number of tries",
	 .help = "How many checks or logins must succeed in a row before a server that was down is "
		 "up."},
	{NUMBER("fall", health_fall, 1, 100, "1"),
	 .what = "a number of tries",
	 .help = "How many checks or dials must fail in a row before a server that was up is down."},
	{NUMBER("slow-start-s", slow_start_s, 1, 86400, "0"), .flags = CONFIG_OR_ZERO,
	 .what = "a time in seconds",
	 .help = "Within which time a server that was down gets its whole share of players "
		 "again. 0 means at once."},
	{.name = NULL},
};

static const struct config_key pool_keys[] = {
	{NUMBER("size", pool_size, 0, 64, "0"),
	 .what = "a number of connections",
	 .help = "How many are kept ready for each hub. 0 means none."},
	{NUMBER("max-age-s", pool_max_age_s, 1, 3600, "30"),
	 .what = "a time in seconds",
	 .help = "How old one may be before another takes its place."},
	{.name = NULL},
};

static const struct config_key log_keys[] = {
	{CHOICE("level", log_level, log_levels, "\"info\""),
	 .help = "The least important lines that are still logged."},
	{CHOICE("color", log_color, log_colors, "\"auto\""),
	 .help = "Whether lines are coloured; auto means only on a terminal."},
	{BOOL("timestamps", log_timestamps, "true"),
	 .help = "Whether each line starts with the time."},
	{.name = NULL},
};

static const struct config_key keys[] = {
	{TEXT("name", name, "\"Kurafuto\""), .check = config_check_title,
	 .what = "a text of 1-64 characters",
	 .help = "The name that the lobby and server lists show. A server's own name passes "
		 "through on its link."},
	{TEXT("motd", motd, "\"Welcome!\""), .check = config_check_line,
	 .what = "a text of up to 64 characters",
	 .help = "The line that clients show under the name while they join the lobby."},
	{TEXT("address", address, "\"0.0.0.0\""), .check = config_check_address,
	 .what = "a numeric IPv4 or IPv6 address, such as 0.0.0.0 or ::",
	 .help = "The address to listen on. 0.0.0.0 means all of IPv4; :: means all of IPv6."},
	{NUMBER("port", port, 0, 65535, "25565"),
	 .what = "a port",
	 .help = "The TCP port to listen on. 0 takes any free one, and the log says which."},
	{BOOL("accept-proxy", accept_proxy, "false"),
	 .help = "Whether only trusted-proxies may connect to address and port, with a header of "
		 "the PROXY protocol (v1 or v2) that says who the player is."},
	{CONFIG_ROW("trusted-proxies", TEXTS, config, trusted_proxies),
	 .check = config_check_network, .max = PROXIES_MAX, .fallback = "[]",
	 .what = "a list of up to 64 addresses and networks, or a text with commas",
	 .item = "an address or a network, such as 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32",
	 .help = "The proxies, such as HAProxy and nginx, that are believed whose connections they "
		 "pass on: by the PROXY protocol where accept-proxy is true, and of web clients by "
		 "X-Real-IP and X-Forwarded-For."},
	{BOOL("websocket", websocket, "true"),
	 .help = "Whether web clients (WebSocket) may connect to address and port, beside others. "
		 "TLS is for a web server in front, such as nginx."},
	{BOOL("answer-http", answer_http, "true"),
	 .help = "Whether a web browser that opens the address as a page gets a short answer "
		 "(HTTP 426), which says that this is a game. Else the connection is just closed."},
	{BOOL("verify-names", verify_names, "true"),
	 .help = "Whether a player must prove the name with a key from a server list, made "
		 "with the salt."},
	{CONFIG_ROW_NO_MEMBER("authentication", CUSTOM),
	 .flags = CONFIG_HIDDEN, .load = load_authentication,
	 .what = "true or false",
	 .help = "The older name of verify-names, which counts if both are there."},
	{BOOL("verify-lan", verify_lan, "false"),
	 .help = "Whether players from loopback and private addresses must prove their names "
		 "too."},
	{BOOL("heartbeat", heartbeat, "false"),
	 .help = "Whether to announce Kurafuto to the server list of ClassiCube, which hands out "
		 "keys to players: the same as an item {\"type\": \"classicube\"} of heartbeats, "
		 "but for public, and for the salt if there is one."},
	{BOOL("public", is_public, "false"),
	 .help = "Whether that list shows Kurafuto to everybody, and not only to those who have the "
		 "address of its page. An item of heartbeats has its own."},
	{TEXT("salt", salt, NULL),
	 .flags = CONFIG_OR_NULL | CONFIG_SECRET, .check = config_check_salt,
	 .what = "a text of 1-64 printable ASCII characters without spaces",
	 .help = "The secret that keys are made with, for every name: guard it like a "
		 "password. Without it, or with null, each start takes a random one. Server lists in "
		 "heartbeats have salts of their own."},
	{TEXT("salt-file", salt_file, NULL),
	 .flags = CONFIG_OR_NULL, .check = config_check_directory,
	 .what = "the path of a file, from state-dir on",
	 .help = "Where the salts of server lists are kept, so that the keys of players survive a "
		 "restart. It is a file of its own, and nobody else may read it. Without it, or with null, each start takes new "
		 "salts."},
	{NUMBER("salt-rotation-h", salt_rotation_h, 1, 8760, "0"), .flags = CONFIG_OR_ZERO,
	 .what = "a time in hours",
	 .help = "How old the salt of a server list may be before another takes its place. 0 means "
		 "any age."},
	{NUMBER("salt-grace-s", salt_grace_s, 0, 604800, "3600"),
	 .what = "a time in seconds",
	 .help = "How long keys still count that were made with the salt before."},
	{BOOL("edge-commands", edge_commands, "true"),
	 .help = "Whether Kurafuto answers commands of players itself."},
	{TEXT("command-prefix", command_prefix, "\":kura\""), .check = config_check_prefix,
	 .what = "a text of 1-16 printable ASCII characters without spaces",
	 .help = "The word that such commands start with."},
	{NUMBER("max-players", max_players, 1, 100000, "1000"),
	 .what = "a number of players",
	 .help = "How many may be online at once."},
	{OBJECT("limits", config_limit_keys),
	 .help = "What the door lets in, and how much one player may send. 0 means no limit. "
		 "Loopback, UNIX sockets and trusted-proxies are not counted by address; who comes "
		 "through such a proxy is counted by their own. A connection that ends without a "
		 "word, such as the check of a server list, is not counted as one that was made."},
	{NUMBER("login-timeout-ms", login_timeout_ms, 100, 600000, "5000"),
	 .what = "a time in milliseconds",
	 .help = "How long a client may take to log in, and a server to let a player in."},
	{NUMBER("client-timeout-ms", client_timeout_ms, 100, 3600000, "60000"),
	 .flags = CONFIG_OR_ZERO,
	 .what = "a time in milliseconds",
	 .help = "How long a client may stay silent or refuse to read before it is "
		 "disconnected. 0 means for ever."},
	{NUMBER("server-timeout-ms", server_timeout_ms, 100, 3600000, "60000"),
	 .flags = CONFIG_OR_ZERO,
	 .what = "a time in milliseconds",
	 .help = "How long a server may stay silent or refuse to read before its players "
		 "leave it. 0 means for ever."},
	{NUMBER("connect-timeout-ms", connect_timeout_ms, 10, 60000, "3000"),
	 .what = "a time in milliseconds",
	 .help = "How long connecting to a server may take."},
	{OBJECT("health", health_keys),
	 .help = "How Kurafuto learns which servers are up."},
	{OBJECT("pool", pool_keys),
	 .help = "Connections to hubs that are made before players need them."},
	{BOOL("lobby", lobby, "true"),
	 .help = "Whether the embedded lobby takes players when no server can."},
	{BOOL("return", return_players, "true"),
	 .help = "Whether players who lost their server, or were moved off it, are brought back to "
		 "it from the lobby once it is up again."},
	{CHOICE("on-kick", on_kick, config_on_kicks, "\"fallback\""),
	 .help = "What a kick by a server means: the player falls back to another server, or "
		 "is disconnected. A server can have its own."},
	{CONFIG_ROW_NO_MEMBER("kick-pass", CUSTOM),
	 .load = config_load_kick_pass, .print = config_print_kick_pass, .fallback = KICK_PASS,
	 .what = "a list of up to 64 regular expressions",
	 .help = "A kick whose reason matches one of these always ends the session, with the "
		 "server's own words."},
	{CONFIG_ROW("redirect", CUSTOM, config, redirect),
	 .load = config_load_redirect, .print = config_print_redirect,
	 .fallback = "[\"kick\",\"plugin\",\"chat\"]",
	 .what = "a list of kick, plugin and chat, or a text with commas",
	 .help = "The ways in which servers may send players elsewhere. A server can have its "
		 "own."},
	{NUMBER("redirect-channel", redirect_channel, 0, 255, "75"),
	 .what = "a channel",
	 .help = "The channel of the PluginMessages with which servers send players elsewhere."},
	{TEXT("redirect-token", redirect_token, NULL),
	 .flags = CONFIG_OR_NULL | CONFIG_SECRET, .check = config_check_token,
	 .what = "a text of 8-32 printable ASCII characters without spaces, & and %",
	 .help = "The secret with which a chat line of a server must begin to send a player "
		 "elsewhere: guard it like a password. Without it, or with null, no chat line "
		 "can."},
	{CUSTOM("ranks", ranks, "{}"), .sub = config_rank_keys,
	 .what = "an object with an object for the name of each rank",
	 .help = "What some players may do that not everybody may. Case does not matter in names "
		 "and patterns."},
	{LIST("servers", servers), .sub = config_server_keys,
	 .what = "a list of objects",
	 .help = "The servers to link. Names must differ in more than case; lobby is taken "
		 "while there is one."},
	{CUSTOM("groups", groups, "{}"), .sub = config_group_keys,
	 .what = "an object with an object for the name of each group",
	 .help = "Servers that stand for each other. A group has a name as servers have, and "
		 "players can jump to it."},
	{LIST("hubs", hubs),
	 .what = "a list of names of servers and groups, or a text with commas",
	 .help = "The servers and groups that new players are sent to, best first. An empty "
		 "list means the first server."},
	{LIST("listeners", listeners), .sub = config_listener_keys,
	 .what = "a list of objects",
	 .help = "More addresses to listen on, beside address and port."},
	{CUSTOM("paths", paths, "{}"),
	 .what = "an object with the name of a server or group for each place",
	 .help = "Where web clients are sent who connect to address and port, by what they have "
		 "asked for. A place is \"/path\", \"host\" or \"host/path\"; the most exact one "
		 "counts. Others go to the hubs."},
	{LIST("heartbeats", heartbeats), .sub = config_heartbeat_keys,
	 .what = "a list of objects",
	 .help = "Server lists that Kurafuto is announced to, each with a salt of its own."},
	{CHOICE("rejoin", rejoin_last, rejoins, "\"hub\""),
	 .help = "Where a player who comes back is sent: to a hub, or to the server that they "
		 "were on last, as long as it can take them."},
	{LIST("ignore-packets", ignore_packets),
	 .what = "a list of opcodes, or a text with commas such as \"0x01,0x0d\"",
	 .help = "Packets that debug logs leave out."},
	{LIST("drop-packets", drop_packets),
	 .what = "a list of opcodes, or a text with commas such as \"0x01,0x0d\"",
	 .help = "Packets that are never relayed, either way. Those that a login needs can't "
		 "be dropped."},
	{LIST("packets", packets), .sub = config_packet_keys,
	 .what = "a list of objects",
	 .help = "Packets beyond the standard ones that clients and servers of yours speak. "
		 "Kurafuto relays them and offers their extensions."},
	{LIST("drop-extensions", drop_extensions),
	 .what = "a list of names of extensions, or a text with commas",
	 .help = "Extensions that are never negotiated."},
	{CUSTOM("messages", messages, "{}"), .mdoc = config_mdoc_messages,
	 .what = "an object with a text for each key",
	 .help = "What players read, in other words. These are the keys, each with its "
		 "default."},
	{TEXT("state-dir", state_dir, NULL),
	 .flags = CONFIG_OR_NULL, .check = config_check_directory,
	 .what = "the path of a directory",
	 .help = "Where bans, the allow list, the places of players, traces and kurafuto.url are kept. "
		 "Without it, or with null, the directory of the configuration."},
	{BOOL("watch", watch, "false"),
	 .help = "Whether the file is read again by itself when it has changed."},
	{CHOICE("log-addresses", log_addresses, log_addresses, "\"full\""),
	 .help = "How much of players' addresses the log shows: full, all; masked, their networks, "
		 "as in 198.51.100.x; none, nothing."},
	{OBJECT("log", log_keys),
	 .help = "What is logged, and how."},
	{.name = NULL},
};
/* clang-format on */

_Static_assert(sizeof(keys) / sizeof(keys[0]) <= CONFIG_KEYS_MAX, "a table has too many keys");

/* ---- loading ---- */

/* Does somebody who connects to `address` reach a listener at `listening`. */
static bool is_same_place(const char *address, const char *listening)
{
	bool has_v4 = strcmp(listening, "0.0.0.0") == 0 || strcmp(listening, "::") == 0;
	bool has_v6 = strcmp(listening, "::") == 0;

	if (strcasecmp(address, listening) == 0)
		return true;
	if (strncmp(address, "127.", 4) == 0 || strcasecmp(address, "localhost") == 0)
		return has_v4;
	return has_v6 && strcmp(address, "::1") == 0;
}

/* Would somebody who connects to that server reach a listener. */
static bool is_where_we_listen(const struct config *config, const struct config_server *server)
{
	for (size_t i = 0; i < config->n_listeners; i++) {
		const struct config_listener *listener = &config->listeners[i];

		if (listener->address != NULL && listener->port != 0 &&
		    listener->port == server->port &&
		    is_same_place(server->address, listener->address))
			return true;
	}
	return false;
}

/* A server with our own address would send players round in a circle. An easy slip: its port
 * has the same default. */
static void check_no_circle(struct config_reader *reader, const struct config *config)
{
	for (size_t i = 0; i < config->n_servers; i++) {
		const struct config_server *server = &config->servers[i];

		if (server->address != NULL && is_where_we_listen(config, server))
			config_keys_fault(
				reader,
				"servers[%zu]: %s port %u is where Kurafuto itself listens; "
				"give one of them another port",
				i, server->address, server->port);
	}
}

/* Where the file is; "." for none. */
static char *directory_of(struct config_reader *reader, const char *path)
{
	const char *slash = path != NULL ? strrchr(path, '/') : NULL;
	char *directory = config_keys_copy(reader, slash != NULL ? path : ".");

	if (directory != NULL && slash != NULL)
		directory[slash > path ? slash - path : 1] = '\0';
	return directory;
}

/* What no single key can tell. */
static void check_whole(struct config_reader *reader, struct config *config)
{
	const cJSON *lobby = cJSON_GetObjectItemCaseSensitive(reader->root, "lobby");
	const cJSON *servers = cJSON_GetObjectItemCaseSensitive(reader->root, "servers");
	bool has_none =
		servers == NULL || (cJSON_IsArray(servers) && cJSON_GetArraySize(servers) == 0);

	if (cJSON_IsFalse(lobby) && has_none)
		config_keys_fault(reader, "servers: no servers are linked and the lobby is "
					  "off: nobody could join");
	check_no_circle(reader, config);
	config_join_paths(reader, config);
	config_check_proxies(reader, config);
	config_check_trust(reader, config);
	config_check_limits(reader, &config->limits);
	config_check_salts(reader, config);
}

struct config *config_parse(const char *path, const char *text, size_t size,
			    config_report_fn *report, void *context)
{
	struct config_reader reader = {.report = report, .context = context};
	struct config *config = NULL;
	cJSON *root = NULL;

	if (size > FILE_MAX_SIZE)
		config_keys_fault(&reader, "%s has more than %ld KiB",
				  path != NULL ? path : "configuration", FILE_MAX_SIZE / 1024);
	else
		root = config_keys_parse(&reader, path, text, size);
	if (root == NULL)
		return NULL;
	reader.root = root;
	config = calloc(1, sizeof(*config));
	if (config != NULL)
		config->path = path != NULL ? strdup(path) : NULL;
	if (config == NULL || (path != NULL && config->path == NULL)) {
		config_keys_fault(&reader, "out of memory");
	} else {
		packet_catalog_init(&config->catalog);
		config_keys_load(&reader, keys, root, config);
		if (config->state_dir == NULL)
			config->state_dir = directory_of(&reader, path);
		check_whole(&reader, config);
	}
	cJSON_Delete(root);
	if (reader.faults > 0) {
		config_free(config);
		config = NULL;
	}
	return config;
}

/* Up to one byte more than is allowed, so that config_parse() can tell; NULL with errno. */
static char *read_open_file(int fd, size_t *size)
{
	char *text = malloc(FILE_MAX_SIZE + 1);
	ssize_t n = 1;

	*size = 0;
	while (text != NULL && n != 0 && *size <= FILE_MAX_SIZE) {
		n = read(fd, text + *size, (size_t)FILE_MAX_SIZE + 1 - *size);
		if (n < 0 && errno != EINTR) {
			free(text);
			return NULL;
		}
		*size += n > 0 ? (size_t)n : 0;
	}
	return text;
}

/* The same; NULL with the reason in why. Whoever reads a FIFO might wait for ever: none is. */
static char *read_file(const char *path, size_t *size, char why[static REASON_MAX])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char *text = NULL, reason[REASON_MAX];
	bool is_odd = false;
	struct stat status;

	if (fd >= 0 && fstat(fd, &status) == 0) {
		is_odd = !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
		text = is_odd ? NULL : read_open_file(fd, size);
	}
	int error = errno;
	if (fd >= 0)
		close(fd);
	if (text == NULL)
		snprintf(why, REASON_MAX, "%s",
			 is_odd ? "it is no regular file"
				: strerror_r(error, reason, sizeof(reason)));
	return text;
}

struct config *config_load(const char *path, config_report_fn *report, void *context)
{
	char message[PATH_MAX + 200], why[REASON_MAX];
	size_t size = 0;

	if (path == NULL)
		return config_parse(NULL, "{}", 2, report, context);
	char *text = read_file(path, &size, why);
	if (text == NULL) {
		snprintf(message, sizeof(message), "%s can't be read: %s", path, why);
		report(context, true, message);
		return NULL;
	}
	struct config *config = config_parse(path, text, size, report, context);
	free(text);
	return config;
}

void config_free(struct config *config)
{
	if (config == NULL)
		return;
	config_free_servers(config);
	config_free_balance(config);
	config_free_ranks(config);
	config_free_heartbeats(config);
	config_keys_free_list(&config->messages);
	config_free_kick_pass(config);
	config_keys_free(keys, config);
	free(config->path);
	free(config);
}

/* ---- printing ---- */

const struct config_key *config_table(void)
{
	return keys;
}

bool config_print(const struct config *config, FILE *out)
{
	cJSON *root = config_keys_print(keys, config);
	char *text = root != NULL ? cJSON_Print(root) : NULL;
	bool written = text != NULL && fprintf(out, "%s\n", text) > 0 && fflush(out) == 0;

	cJSON_free(text);
	cJSON_Delete(root);
	return written;
}

void config_print_mdoc(FILE *out)
{
	config_keys_mdoc(keys, out);
}
