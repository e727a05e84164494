/* SPDX-License-Identifier: MIT */
/*
 * The ranks of kurafuto.json, and the servers that are for some players only. Who then may do
 * what is not decided here. The one idea: `restricted` can only name ranks that are there, so
 * ranks are loaded before servers, wherever they stand in the file.
 */
#include <bsd/string.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config_values.h"

#define RANKS_MAX     256
#define PLAYERS_WHAT  "a list of names of players, or a text with commas"
#define PATTERNS_WHAT "a list of patterns, or a text with commas"
#define PATTERN_WHAT  "a pattern of 1-32 letters, digits, '_', '-', '*' and '?'"

/* clang-format off */
const struct config_key config_rank_keys[] = {
	{CONFIG_ROW("names", TEXTS, config_rank, names),
	 .check = config_check_player, .fallback = "[]",
	 .what = PLAYERS_WHAT, .item = CONFIG_PLAYER_WHAT,
	 .help = "The players who have the rank, once their names are verified. Everybody has "
		 "the one that is called default."},
	{CONFIG_ROW("commands", TEXTS, config_rank, commands),
	 .check = config_check_pattern, .fallback = "[]",
	 .what = PATTERNS_WHAT, .item = PATTERN_WHAT,
	 .help = "The commands that they may give. A * stands for any text, a ? for any one "
		 "character."},
	{CONFIG_ROW("servers", TEXTS, config_rank, servers),
	 .check = config_check_pattern, .fallback = "[]",
	 .what = PATTERNS_WHAT, .item = PATTERN_WHAT,
	 .help = "The restricted servers that they may go to."},
	{.name = NULL},
};
/* clang-format on */

/* ---- ranks ---- */

static size_t find_rank(const struct config *config, const char *name)
{
	size_t i = 0;

	while (i < config->n_ranks && strcasecmp(config->ranks[i].name, name) != 0)
		i++;
	return i;
}

static void add_rank(struct config_reader *reader, void *base, const cJSON *item)
{
	struct config *config = base;
	struct config_rank *rank = &config->ranks[config->n_ranks];
	const char *name = item->string;
	char why[8];

	if (!config_check_name(name, why, sizeof(why)))
		config_keys_fault(reader, "the name of a rank must be " CONFIG_NAME_WHAT);
	else if (find_rank(config, name) < config->n_ranks)
		config_keys_fault(reader,
				  "\"%s\" is a rank already; names must differ in more "
				  "than case",
				  name);
	rank->name = config_keys_copy(reader, name);
	if (rank->name == NULL)
		return;
	config->n_ranks++;
	config_keys_load(reader, config_rank_keys, item, rank);
}

void config_load_ranks(struct config_reader *reader, const struct config_key *key,
		       const cJSON *value, void *base)
{
	struct config *config = base;

	config->ranks = config_keys_rows(reader, cJSON_IsObject(value) ? value : NULL,
					 RANKS_MAX, sizeof(*config->ranks));
	if (config->ranks != NULL)
		config_keys_each_named(reader, key, value, config, add_rank);
}

cJSON *config_print_ranks(const void *base)
{
	const struct config *config = base;
	cJSON *object = cJSON_CreateObject();

	for (size_t i = 0; object != NULL && i < config->n_ranks; i++)
		object = config_keys_add_named(
			object, config->ranks[i].name,
			config_keys_print(config_rank_keys, &config->ranks[i]));
	return object;
}

void config_free_ranks(struct config *config)
{
	for (size_t i = 0; i < config->n_ranks; i++) {
		free(config->ranks[i].name);
		config_keys_free(config_rank_keys, &config->ranks[i]);
	}
	free(config->ranks);
}

/* ---- servers for some ---- */

/* "@rank", for a rank that is not there. */
static void unknown_rank(struct config_reader *reader, const struct config *config,
			 const cJSON *item)
{
	const char *nearest = NULL;
	char shown[CONFIG_NAME_MAX + sizeof("@")];

	for (size_t i = 0; i < config->n_ranks; i++)
		nearest = config_nearer(item->valuestring + 1, nearest, config->ranks[i].name);
	snprintf(shown, sizeof(shown), "@%s", nearest != NULL ? nearest : "");
	config_keys_bad_item(reader, item, "the name of a rank with @ in front",
			     nearest != NULL ? shown : NULL);
}

static void add_restricted(struct config_reader *reader, void *base, const cJSON *item)
{
	struct config_server_row *row = base;
	const char *name = cJSON_IsString(item) ? item->valuestring : "";
	char why[8];

	if (*name == '@' ? find_rank(row->config, name + 1) < row->config->n_ranks
			 : config_check_player(name, why, sizeof(why)))
		config_keys_append(reader, &row->server.restricted, name);
	else if (*name == '@')
		unknown_rank(reader, row->config, item);
	else
		config_keys_bad_item(reader, item,
				     CONFIG_PLAYER_WHAT ", or that of a rank with @ in front",
				     NULL);
}

void config_load_restricted(struct config_reader *reader, const struct config_key *key,
			    const cJSON *value, void *base)
{
	struct config_server_row *row = base;

	if (cJSON_IsNull(value))
		return;
	row->server.is_restricted = true;
	config_keys_each_item(reader, key, value, row, add_restricted);
}

cJSON *config_print_restricted(const void *server)
{
	const struct config_server *of = server;

	return of->is_restricted ? config_keys_print_list(&of->restricted) : cJSON_CreateNull();
}
