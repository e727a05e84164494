/* SPDX-License-Identifier: MIT */
/*
 * Private to config*.c: the functions behind those rows of the table of keys that need some.
 * Loaders take the struct config that is being filled as `base`; printers take it too.
 */
#ifndef CONFIG_VALUES_H
#define CONFIG_VALUES_H

#include "config.h"
#include "config_keys.h"

/* The items of `servers` and of `packets`. */
extern const struct config_key config_server_keys[];
extern const struct config_key config_packet_keys[];

/* A text for one line of the game; a title is one that is not empty. */
bool config_check_line(const char *text, char *why, size_t why_size);
bool config_check_title(const char *text, char *why, size_t why_size);
/* A numeric address. */
bool config_check_address(const char *text, char *why, size_t why_size);
bool config_check_salt(const char *text, char *why, size_t why_size);
bool config_check_prefix(const char *text, char *why, size_t why_size);

#define CONFIG_VALUE(name)                                                                  \
	void config_load_##name(struct config_reader *reader, const struct config_key *key, \
				const cJSON *value, void *base);                            \
	cJSON *config_print_##name(const void *base)

/* To be loaded after lobby, whose name is reserved while it is on. */
CONFIG_VALUE(servers);
/* After servers. */
CONFIG_VALUE(hubs);
CONFIG_VALUE(ignore_packets);
CONFIG_VALUE(drop_packets);
CONFIG_VALUE(packets);
/* After packets, whose extensions can be dropped too. */
CONFIG_VALUE(drop_extensions);

#undef CONFIG_VALUE

#endif
