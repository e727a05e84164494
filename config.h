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

#define CONFIG_SERVERS_MAX 256
#define CONFIG_NAME_MAX    32 /* longest name of a server */

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

struct config_server {
	char *name;    /* ^[a-zA-Z_-][a-zA-Z0-9_-]*$, unique without regard to case */
	char *address; /* IPv4, IPv6 or host name */
	uint16_t port;
	enum config_on_kick on_kick; /* its own, else the global one */
	unsigned redirect;           /* CONFIG_REDIRECT_ bits, its own or the global ones */
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
	char *address;     /* numeric listening address */
	uint16_t port;     /* 0: any free port (it is logged) */
	bool verify_names; /* `verify-names`, or its older name `authentication` */
	bool verify_lan;
	bool heartbeat; /* accepted, not acted on yet */
	char *salt;     /* NULL: none configured, random at start */
	bool edge_commands;
	char *command_prefix;
	unsigned max_players;
	int64_t login_timeout_ms, client_timeout_ms,
		server_timeout_ms; /* client/server: 0 = off */
	int64_t connect_timeout_ms;
	int64_t health_interval_ms; /* `health.interval-ms` */
	bool lobby;
	bool return_players; /* `return`: from the lobby to the server that they lost */
	enum config_on_kick on_kick;
	struct config_patterns kick_pass; /* reasons of kicks that always end the session */
	unsigned redirect;
	uint8_t redirect_channel;
	char *redirect_token; /* NULL: none, and no chat line means anything */
	struct config_server *servers;
	size_t n_servers;
	size_t *hubs; /* indices into servers, in order; default: the first server */
	size_t n_hubs;
	bool ignore_packets[PACKET_OPCODES]; /* kept out of debug logs */
	bool drop_packets[PACKET_OPCODES];   /* never relayed, either direction */
	struct packet_catalog catalog;       /* with `packets` and `drop-extensions` */
	enum log_level log_level;
	enum log_color log_color;
	bool log_timestamps;
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

/*
 * Is the reason of a kick one that always ends the session: does any pattern of `kick-pass`
 * match it. `reason` is UTF-8; colour codes, & or % and a colour digit, are passed over, and
 * what goes beyond 256 bytes, four lines' worth, is not looked at. Any thread.
 */
bool config_is_final_kick(const struct config *config, const char *reason);

/* The effective configuration as JSON with every key; the salt and the token are shown, and
 * each server has its own on-kick and redirect. Loading the output gives the same. */
bool config_print(const struct config *config, FILE *out);

/* The rows of the table of keys as mdoc, for kurafuto.json.5 (make man). */
void config_print_mdoc(FILE *out);

#endif
