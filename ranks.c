/* SPDX-License-Identifier: MIT */
/*
 * Who may do what. The one idea: a permission is something that a rank gives, so all ranks of a
 * player are asked one after the other, and none can take away what another gives. A name that
 * was not verified is nobody's: it counts for no rank and on no list.
 */
#include "ranks.h"

#include <stddef.h>
#include <strings.h>

#define DEFAULT_RANK "default"
#define RANK_SIGN    '@' /* in front of a rank's name among players' */

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/*
 * Only the last * seen can need another try: what the ones before it have matched need not be
 * questioned, since it can take whatever they would have. So the time is at most the product of
 * both lengths.
 */
bool ranks_match(const char *pattern, const char *text)
{
	const char *star = NULL, *retry = NULL;

	while (*text != '\0') {
		if (*pattern == '*') {
			star = ++pattern;
			retry = text;
		} else if (*pattern == '?' ||
			   (*pattern != '\0' && lower(*pattern) == lower(*text))) {
			pattern++;
			text++;
		} else if (star != NULL) {
			pattern = star;
			text = ++retry;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

static bool matches_any(const struct config_list *patterns, const char *text)
{
	for (size_t i = 0; i < patterns->n; i++)
		if (ranks_match(patterns->items[i], text))
			return true;
	return false;
}

static bool has_name(const struct config_list *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++)
		if (strcasecmp(names->items[i], name) == 0)
			return true;
	return false;
}

static bool is_default(const struct config_rank *rank)
{
	return strcasecmp(rank->name, DEFAULT_RANK) == 0;
}

static bool has_rank(const struct config_rank *rank, const char *player, bool is_verified)
{
	return is_default(rank) || (is_verified && has_name(&rank->names, player));
}

bool ranks_may_command(const struct config *config, const char *player, bool is_verified,
		       const char *command, bool is_public)
{
	for (size_t i = 0; i < config->n_ranks; i++) {
		const struct config_rank *rank = &config->ranks[i];

		if (has_rank(rank, player, is_verified) &&
		    matches_any(&rank->commands, command))
			return true;
		if (is_default(rank) && rank->commands.n > 0)
			is_public = false; /* its list says it all */
	}
	return is_public;
}

/* Is the rank on a list of players. */
static bool is_listed(const struct config_list *list, const struct config_rank *rank)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->items[i][0] == RANK_SIGN &&
		    strcasecmp(list->items[i] + 1, rank->name) == 0)
			return true;
	return false;
}

bool ranks_may_join(const struct config *config, const char *player, bool is_verified,
		    const struct config_server *server)
{
	if (!server->is_restricted)
		return true;
	/* names of players may begin with the sign, too; on the list it means a rank */
	if (is_verified && player[0] != RANK_SIGN && has_name(&server->restricted, player))
		return true;
	for (size_t i = 0; i < config->n_ranks; i++) {
		const struct config_rank *rank = &config->ranks[i];

		if (has_rank(rank, player, is_verified) &&
		    (is_listed(&server->restricted, rank) ||
		     matches_any(&rank->servers, server->name)))
			return true;
	}
	return false;
}
