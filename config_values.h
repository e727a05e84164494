/* SPDX-License-Identifier: MIT */
/*
 * Private to config*.c: the functions behind those rows of the table of keys that need some.
 * Loaders take the struct config that is being filled as `base`; printers take it too. Those of
 * a key that a server can have for itself say what they take.
 */
#ifndef CONFIG_VALUES_H
#define CONFIG_VALUES_H

#include "config.h"
#include "config_keys.h"

/* A server on its way in. Its table of keys fills the server, which comes first; a loader finds
 * the rest of the configuration beside it. */
struct config_server_row {
	struct config_server server;
	const struct config *config;
};

/* A listener on its way in or out, likewise. */
struct config_listener_row {
	struct config_listener listener;
	const struct config *config;
};

#define CONFIG_NAME_WHAT \
	"a name of 1-32 letters, digits, '_' and '-' that does not start with a digit"
#define CONFIG_PLAYER_WHAT "a player's name of 1-20 letters, digits, _ . @ + and -"
#define CONFIG_PROBE_WHAT  "a player's name of 1-16 letters, digits, _ . @ + and -"

/* The items of `servers`, `packets`, `groups`, `listeners` and `ranks`. */
/* The word of the commands for every server: no server or group may have it for a name. */
#define CONFIG_WORD_ALL "all"

/* The keys of the whole file. */
const struct config_key *config_table(void);

extern const struct config_key config_server_keys[];
extern const struct config_key config_packet_keys[];
extern const struct config_key config_group_keys[];
extern const struct config_key config_listener_keys[];
extern const struct config_key config_heartbeat_keys[];
extern const struct config_key config_rank_keys[];
/* The keys of `limits`, which fill a struct config. (config_limits.c) */
extern const struct config_key config_limit_keys[];
/* Fault: a rate without a burst; a burst without a rate is taken away. */
void config_check_limits(struct config_reader *reader, struct config_limits *limits);
/* The words of `on-kick`, by enum config_on_kick; ends in NULL. */
extern const char *const config_on_kicks[];

/* The words of `forward`, by enum config_forward; ends in NULL. (config_proxies.c) */
extern const char *const config_forwards[];
/* An address or a CIDR. */
bool config_check_network(const char *text, char *why, size_t why_size);
/* Fault: a listener wants headers of proxies, and there is no proxy. */
void config_check_proxies(struct config_reader *reader, const struct config *config);
/* Warning: everybody is trusted. */
void config_check_trust(struct config_reader *reader, const struct config *config);

/* A text for one line of the game; a title is one that is not empty. */
bool config_check_line(const char *text, char *why, size_t why_size);
bool config_check_title(const char *text, char *why, size_t why_size);
/* A numeric address. */
bool config_check_address(const char *text, char *why, size_t why_size);
/* A numeric address or a host name. */
bool config_check_host(const char *text);
/* Where a server is: an address, a host name, or a UNIX socket. */
bool config_check_server_address(const char *text, char *why, size_t why_size);
/* The name of a server, group or rank: CONFIG_NAME_WHAT. */
bool config_check_name(const char *text, char *why, size_t why_size);
/* CONFIG_PLAYER_WHAT: with the suffix that a server list may add; CONFIG_PROBE_WHAT: without.
 */
bool config_check_player(const char *text, char *why, size_t why_size);
bool config_check_probe(const char *text, char *why, size_t why_size);
/* A pattern of names, with * and ?. */
bool config_check_pattern(const char *text, char *why, size_t why_size);
bool config_check_directory(const char *text, char *why, size_t why_size);
bool config_check_salt(const char *text, char *why, size_t why_size);
bool config_check_token(const char *text, char *why, size_t why_size);
bool config_check_prefix(const char *text, char *why, size_t why_size);

#define CONFIG_VALUE(name)                                                                  \
	void config_load_##name(struct config_reader *reader, const struct config_key *key, \
				const cJSON *value, void *base);                            \
	cJSON *config_print_##name(const void *base)

CONFIG_VALUE(ranks);
/* To be loaded after lobby, whose name is reserved while it is on, after on-kick and redirect,
 * which count where a server has none of its own, and after ranks, which `restricted` names. */
CONFIG_VALUE(servers);
/* After servers. */
CONFIG_VALUE(groups);
/* After groups. */
CONFIG_VALUE(hubs);
/* After hubs, name and motd, which count where a listener has none of its own, and after
 * address and port, which make the first. */
CONFIG_VALUE(listeners);
/* Of the first listener. After listeners. */
CONFIG_VALUE(paths);
/* Of a struct config_listener_row. */
CONFIG_VALUE(listener_paths);
/* After listeners, which they name, and after heartbeat and public, which make the first. */
CONFIG_VALUE(heartbeats);
CONFIG_VALUE(messages);
CONFIG_VALUE(ignore_packets);
CONFIG_VALUE(drop_packets);
CONFIG_VALUE(packets);
/* After packets, whose extensions can be dropped too. */
CONFIG_VALUE(drop_extensions);
CONFIG_VALUE(kick_pass);

#undef CONFIG_VALUE

void config_free_kick_pass(struct config *config);
void config_free_servers(struct config *config);
void config_free_balance(struct config *config); /* groups, hubs and listeners */
void config_free_paths(struct config_listener *listener);
/* Fills in the hubs of all paths, once listeners and paths are there. */
void config_join_paths(struct config_reader *reader, struct config *config);
void config_free_ranks(struct config *config);
void config_free_heartbeats(struct config *config);
/* Fault: salt-file is a file of something else. Warnings: keys that count for less than
 * salt-grace-s; `public` of no list. Looks at the disk. (config_heartbeats.c) */
void config_check_salts(struct config_reader *reader, const struct config *config);

/* The server or group whose name an item is. False, with a fault, if it is none. */
bool config_load_hub(struct config_reader *reader, const struct config *config,
		     const cJSON *item, struct config_hub *out);
const char *config_hub_name(const struct config *config, const struct config_hub *hub);

/* The name most like a word among servers, with their aliases; `nearest` of others, or NULL,
 * competes. */
const char *config_nearest_server(const struct config *config, const char *word,
				  const char *nearest);
/* The better of two for text_nearest(); `nearest` may be NULL. */
const char *config_nearer(const char *word, const char *nearest, const char *candidate);

/* The messages with their texts, for the manual. */
void config_mdoc_messages(FILE *out);

/* `restricted` of a struct config_server that is the first member of a struct
 * config_server_row. */
void config_load_restricted(struct config_reader *reader, const struct config_key *key,
			    const cJSON *value, void *base);
cJSON *config_print_restricted(const void *server);

/* `redirect` of a struct config, to be loaded before servers, or of a struct config_server. */
void config_load_redirect(struct config_reader *reader, const struct config_key *key,
			  const cJSON *value, void *base);
cJSON *config_print_redirect(const void *config);
cJSON *config_print_server_redirect(const void *server);

#endif
