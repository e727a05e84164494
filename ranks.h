/* SPDX-License-Identifier: MIT */
/*
 * Who may do what. A player has every rank that names them, if their name was verified, and the
 * rank "default" in any case. Pure code over a configuration.
 */
#ifndef RANKS_H
#define RANKS_H

#include <stdbool.h>

#include "config.h"

/* Does a pattern with * and ? match all of a text, without regard to case. */
bool ranks_match(const char *pattern, const char *text);

/* May this player give this command. `is_public`: it is one that everybody may give unless the
 * configuration has a rank "default" with `commands` of its own, which then says it all. */
bool ranks_may_command(const struct config *config, const char *player, bool is_verified,
		       const char *command, bool is_public);
/* May this player go to this server: it is not restricted, or its list names the player or one
 * of their ranks, or a pattern of `servers` of one of their ranks matches its name. */
bool ranks_may_join(const struct config *config, const char *player, bool is_verified,
		    const struct config_server *server);

#endif
