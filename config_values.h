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

/* The items of `servers` and of `packets`. */
extern const struct config_key config_server_keys[];
extern const struct config_key config_packet_keys[];
/* The words of `on-kick`, by enum config_on_kick; ends in NULL. */
extern const char *const config_on_kicks[];

/* What a list of simple items is filled by: takes one item, or reports its fault. */
typedef void config_item_fn(struct config_reader *reader, void *base, const cJSON *item);
/* Goes through a list that may be an array or a text with commas. */
void config_each_item(struct config_reader *reader, const struct config_key *key,
		      const cJSON *value, void *base, config_item_fn *each);

/* A text for one line of the game; a title is one that is not empty. */
bool config_check_line(const char *text, char *why, size_t why_size);
bool config_check_title(const char *text, char *why, size_t why_size);
/* A numeric address. */
bool config_check_address(const char *text, char *why, size_t why_size);
bool config_check_salt(const char *text, char *why, size_t why_size);
bool config_check_token(const char *text, char *why, size_t why_size);
bool config_check_prefix(const char *text, char *why, size_t why_size);

#define CONFIG_VALUE(name)                                                                  \
	void config_load_##name(struct config_reader *reader, const struct config_key *key, \
				const cJSON *value, void *base);                            \
	cJSON *config_print_##name(const void *base)

/* To be loaded after lobby, whose name is reserved while it is on, and after on-kick and
 * redirect, which count where a server has none of its own. */
CONFIG_VALUE(servers);
/* After servers. */
CONFIG_VALUE(hubs);
CONFIG_VALUE(ignore_packets);
CONFIG_VALUE(drop_packets);
CONFIG_VALUE(packets);
/* After packets, whose extensions can be dropped too. */
CONFIG_VALUE(drop_extensions);
CONFIG_VALUE(kick_pass);

#undef CONFIG_VALUE

void config_free_kick_pass(struct config *config);

/* `redirect` of a struct config, to be loaded before servers, or of a struct config_server. */
void config_load_redirect(struct config_reader *reader, const struct config_key *key,
			  const cJSON *value, void *base);
cJSON *config_print_redirect(const void *config);
cJSON *config_print_server_redirect(const void *server);

#endif
