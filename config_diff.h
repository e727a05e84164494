/* SPDX-License-Identifier: MIT */
/*
 * What differs between two configurations, one line a change, for the log of a reload.
 */
#ifndef CONFIG_DIFF_H
#define CONFIG_DIFF_H

#include "config.h"

/* "servers.alpha.port: 25566, was 25565", "groups.hubs: removed", "salt: changed" (secrets are
 * not shown). UTF-8. */
typedef void config_change_fn(void *context, const char *line);

/* Says each change from one to the other; *n is how many. False without memory: then nothing is
 * said, whatever has changed, and *n is 0. Any thread. */
bool config_diff(const struct config *from, const struct config *to, config_change_fn *change,
		 void *context, size_t *n);

#endif
