/* SPDX-License-Identifier: MIT */
/*
 * kurafuto.json to an immutable struct. Every key is a row of one table: loading, ranges,
 * defaults, --print-config, unknown-key errors and the table of kurafuto.json(5) all come from
 * it.
 */
#ifndef CONFIG_H
#define CONFIG_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "log.h"
#include "packet.h"

#define CONFIG_SERVERS_MAX    256
#define CONFIG_LISTENERS_MAX  32
#define CONFIG_GROUPS_MAX     64
#define CONFIG_HEARTBEATS_MAX 32
#define CONFIG_PATHS_MAX      256 /* of a listener */
#define CONFIG_ADDRESS_MAX    46  /* room for a numeric address, terminated */
#define CONFIG_NAME_MAX       32  /* longest name of a server */

/* What a kick by a server means for the player: `on-kick`. */
enum config_on_kick {
	CONFIG_KICK_FALLBACK,   /* they fall back to another server */
	CONFIG_KICK_DISCONNECT, /* it ends their session */
};

/* The ways in which a server may send a player elsewhere: `redirect`, as bits. */
enum config_redirect {
	CONFIG_REDIRECT_KICK = 1,   /* a kick whose reason names a server */
	CONFIG_REDIRECT_PLUGIN = 2, /* a PluginMessage on `redirect-channel` */
	CONFIG_REDIRECT_CHAT = 4,   /* a chat line that begins with `redirect-token` */
};

/* How a server learns the addresses of players: `forward`. */
enum config_forward {
	CONFIG_FORWARD_NONE,      /* it sees Kurafuto's */
	CONFIG_FORWARD_PROXY_V1,  /* by a header of the PROXY protocol, as a line of text */
	CONFIG_FORWARD_PROXY_V2,  /* or in bytes */
	CONFIG_FORWARD_WEBSOCKET, /* Kurafuto is a web client, and names them in its request */
};

/* How much of players' addresses the log shows: `log-addresses`. */
enum config_log_addresses {
	CONFIG_ADDRESSES_FULL,
	CONFIG_ADDRESSES_MASKED, /* the network: IPv4 /24, IPv6 /64 */
	CONFIG_ADDRESSES_NONE,
};

/* `limits`: what the door lets in, and how much one player may send. 0 is no limit. */
struct config_limits {
	unsigned connections_per_address;
	unsigned connections_per_network; /* IPv4 /24, IPv6 /64 */
	/* A rate and its burst are both 0, or neither. */
	unsigned connects_per_s, connects_burst;         /* of an address */
	unsigned all_connects_per_s, all_connects_burst; /* of all together */
	unsigned failed_logins_per_min;                  /* of an address */
	unsigned half_open;                              /* logins under way at once */
	unsigned packets_per_s, bytes_per_s, chat_per_s, blocks_per_s; /* of a player */
	unsigned flood_kick_s; /* a player who is held up for longer is kicked; 0: nobody is */
};

/* Texts, in the order of the file. */
struct config_list {
	char **items;
	size_t n;
};

struct net_addr;
struct server; /* the registry's, opaque here */

struct config_server {
	char *name;    /* ^[a-zA-Z_-][a-zA-Z0-9_-]*$, unique without regard to case */
	char *address; /* IPv4, IPv6, host name, or "unix:PATH" */
	uint16_t port;
	enum config_on_kick on_kick;   /* its own, else the global one */
	unsigned redirect;             /* CONFIG_REDIRECT_ bits, its own or the global ones */
	struct config_list aliases;    /* other names, as unique as names */
	unsigned weight;               /* 0-256; 0: only who asks for it by name goes there */
	unsigned max_players;          /* 0: no limit */
	bool backup;                   /* chosen only when no other is to be had */
	bool hidden;                   /* not in lists, and without a portal */
	struct config_list restricted; /* names of players, "@RANK": who may go there */
	bool is_restricted;            /* `restricted` is there, perhaps empty */
	char *motd;   /* what its players see instead of its own; NULL: its own */
	char *secret; /* keys handed to it are made with that; NULL: the players' own */
	enum config_forward forward;
	struct server *server; /* set by the registry when the snapshot is put in force */
};

/* How one server of several is chosen: `balance`. */
enum config_balance {
	CONFIG_BALANCE_FIRST,         /* the first that can take the player */
	CONFIG_BALANCE_ROUND_ROBIN,   /* in turn, by weight */
	CONFIG_BALANCE_RANDOM,        /* by weight */
	CONFIG_BALANCE_LEAST_PLAYERS, /* the emptiest, by weight */
	CONFIG_BALANCE_MOST_PLAYERS,  /* the fullest that has room */
	CONFIG_BALANCE_HASH,          /* by the player's name (rendezvous hashing), by weight */
};

struct config_group {
	char *name;      /* as a server's, and unique among servers, too */
	size_t *servers; /* indices */
	size_t n_servers;
	enum config_balance balance;
};

/* Where players without a wish are sent, best first. */
struct config_hub {
	bool is_group;
	size_t index; /* into servers, or into groups */
};
struct config_hubs {
	struct config_hub *items;
	size_t n;
};

/* Where players are sent who come in by a web address: `paths` of a listener. No two have the
 * same place. */
struct config_path {
	char *place; /* "/path", "host" or "host/path"; the host in lower case, without a port
		      */
	struct config_hub hub;
	struct config_hubs hubs; /* that one, then the listener's others */
};

struct config_listener {
	char *address;     /* numeric */
	uint16_t port;     /* 0: any free port */
	bool accept_proxy; /* each connection begins with a header of trusted_proxies */
	bool websocket;    /* it takes web clients, too */
	struct config_path *paths;
	size_t n_paths;
	char *name, *motd;       /* never NULL: its own or the global ones */
	struct config_hubs hubs; /* its own, or a copy of the global ones */
};

/* What a server list speaks. */
enum config_heartbeat_type {
	CONFIG_HEARTBEAT_CLASSICUBE,
	CONFIG_HEARTBEAT_NOTCHIAN,     /* as www.minecraft.net was */
	CONFIG_HEARTBEAT_BETACRAFT_V2, /* JSON, and no keys */
};

/* A server list that hears of one of the listeners. No two have the same url and listener. */
struct config_heartbeat {
	enum config_heartbeat_type type;
	char *url;            /* never NULL; of betacraft-v2 what its paths are added to */
	char *name;           /* NULL: the listener's */
	bool is_public;       /* shown to everybody */
	uint16_t public_port; /* 0: the one that the listener really has */
	unsigned max_players; /* 0: that of all */
	unsigned interval_s;
	char *name_suffix;      /* of players with a key of this list; NULL: none */
	uint16_t listener_port; /* 0: the first listener */
	size_t listener;        /* its index */
	char *public_address;   /* betacraft-v2: where players join; NULL: the listener's */
	char *private_key;      /* betacraft-v2; NULL: none */
	bool is_plain; /* what `heartbeat: true` stands for; the first if it is there */
};

/* Who may do what. Patterns have * and ?, without regard to case. */
struct config_rank {
	char *name;
	struct config_list names;    /* of players, whose names must be verified */
	struct config_list commands; /* patterns of commands that they may give */
	struct config_list servers;  /* patterns of restricted servers that they may go to */
};

enum config_check {
	CONFIG_CHECK_TCP,     /* it takes connections */
	CONFIG_CHECK_CLASSIC, /* it answers a login of `health.probe-name` */
};

/* POSIX extended regular expressions, compared without regard to case. */
struct config_patterns {
	char **texts;
	regex_t *compiled;
	size_t n;
};

/* All members are immutable once loaded. Texts are UTF-8. */
struct config {
	char *path; /* the file, or NULL for built-in defaults */
	char *name, *motd;
	char *address;                      /* numeric listening address */
	uint16_t port;                      /* 0: any free port (it is logged) */
	bool accept_proxy;                  /* of that one: `accept-proxy` */
	struct config_list trusted_proxies; /* addresses and CIDRs */
	bool websocket;                     /* of that one */
	bool answer_http; /* web browsers that open the address as a page get an answer */
	struct config_limits limits;
	enum config_log_addresses log_addresses;
	bool verify_names; /* `verify-names`, or its older name `authentication` */
	bool verify_lan;
	bool heartbeat; /* stands for a classicube heartbeat, see is_plain */
	bool is_public; /* `public`, which counts for that one */
	bool edge_commands;
	char *salt; /* NULL: none configured, random at start */
	char *command_prefix;
	unsigned max_players;
	int64_t login_timeout_ms, client_timeout_ms,
		server_timeout_ms; /* client/server: 0 = off */
	int64_t connect_timeout_ms;
	int64_t health_interval_ms; /* `health.interval-ms`, and so on */
	char *health_probe_name;
	enum config_check health_check;
	unsigned health_rise, health_fall; /* checks in a row, 1-100 */
	unsigned slow_start_s;             /* until a server that returns has its whole share */
	unsigned pool_size;                /* `pool.size`, connections per hub; 0: none */
	unsigned pool_max_age_s;           /* `pool.max-age-s` */
	bool lobby;
	bool return_players; /* `return`: from the lobby to the server that they lost */
	enum config_on_kick on_kick;
	struct config_patterns kick_pass; /* reasons of kicks that always end the session */
	unsigned redirect;
	uint8_t redirect_channel;
	char *redirect_token; /* NULL: none, and no chat line means anything */
	struct config_server *servers;
	size_t n_servers;
	struct config_group *groups;
	size_t n_groups;
	struct config_hubs hubs;           /* default: the first server */
	struct config_listener *listeners; /* the plain address and port are the first */
	size_t n_listeners;
	struct config_heartbeat *heartbeats;
	size_t n_heartbeats;
	char *salt_file;           /* below state_dir, unless it begins with /; NULL: none */
	unsigned salt_rotation_h;  /* 0: never */
	unsigned salt_grace_s;     /* how long keys of a previous salt still count */
	struct config_rank *ranks; /* the one named "default" is everybody's */
	size_t n_ranks;
	struct config_list messages; /* by enum message; NULL where the default counts */
	char *state_dir;             /* where bans and the like are kept; default: the file's */
	bool rejoin_last;            /* `rejoin` is "last" */
	bool watch;                  /* reload when the file changes */
	bool ignore_packets[PACKET_OPCODES]; /* kept out of debug logs */
	bool drop_packets[PACKET_OPCODES];   /* never relayed, either direction */
	struct packet_catalog catalog;       /* with `packets` and `drop-extensions` */
	enum log_level log_level;
	enum log_color log_color;
	bool log_timestamps;
	/* Private to config_current.c, and under its lock: how many hold it, and itself, to be
	 * counted by those who may change nothing else. */
	size_t references;
	struct config *self;
};

/* Reports one fault or warning, as `servers[2].port: 70000 is not a port (1-65535)`. */
typedef void config_report_fn(void *context, bool is_fault, const char *message);

/*
 * Loads a file, or the built-in defaults when `path` is NULL. Reports every fault, all at once,
 * each with its JSON path and value (a syntax error with line and column), and then returns
 * NULL. The caller owns the result.
 */
struct config *config_load(const char *path, config_report_fn *report, void *context);
/* The same from a text in memory; `path` is only for messages. For tests and fuzzing. */
struct config *config_parse(const char *path, const char *text, size_t size,
			    config_report_fn *report, void *context);
void config_free(struct config *config);

/* The server with that name or alias, or n_servers; the group with that name, or n_groups. The
 * whole name, without regard to case. */
size_t config_find_server(const struct config *config, const char *name);
size_t config_find_group(const struct config *config, const char *name);

/*
 * Is the reason of a kick one that always ends the session: does any pattern of `kick-pass`
 * match it. `reason` is UTF-8; colour codes, & or % and a colour digit, are passed over, and
 * what goes beyond 256 bytes, four lines' worth, is not looked at. Any thread.
 */
bool config_is_final_kick(const struct config *config, const char *reason);

/* Is this the address of a proxy that is believed whose connections it passes on:
 * `trusted-proxies`. Any thread. */
bool config_trusts(const struct config *config, const struct net_addr *peer);

/*
 * The hubs of a web client that has asked for `path` ("/survival", without its query) at
 * `host` (as in the field Host of its request, without the port; "" for none): by the most
 * exact of the listener's paths, which is one of host and path, then one of the host alone,
 * then one of the path alone. NULL: by none of them. Case does not matter in the host, nor does
 * a slash at the end of the path. It lives as long as the listener. Any thread.
 */
const struct config_hubs *config_find_path(const struct config_listener *listener,
					   const char *host, const char *path);

/* Do players get keys from that list: has it a salt. */
bool config_heartbeat_has_keys(const struct config_heartbeat *heartbeat);

/* The effective configuration as JSON with every key; the salt and other secrets are shown, and
 * each server has its own on-kick and redirect. Loading the output gives the same. */
bool config_print(const struct config *config, FILE *out);

/* The rows of the table of keys as mdoc, for kurafuto.json.5 (make man). */
void config_print_mdoc(FILE *out);

#endif
