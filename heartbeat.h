/* SPDX-License-Identifier: MIT */
/*
 * Announces the listeners to server lists, as `heartbeat` and `heartbeats` of config_now() say,
 * on a thread of its own. No list holds up another, or players, or the end of the program.
 */
#ifndef HEARTBEAT_H
#define HEARTBEAT_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "salts.h"

struct heartbeat;

/* What it needs to know; all must outlive it. The functions are called by its thread, and must
 * not block. */
struct heartbeat_parts {
	struct salts *salts;
	const char *directory;              /* where kurafuto.url is written, copied */
	const char *software;               /* "Kurafuto 0.1.0" */
	unsigned (*players)(void *context); /* online now */
	/* The port that a listener of the configuration really has; 0: it is not open. */
	uint16_t (*port)(void *context, const struct config *config, size_t listener);
	void *context;
};

/* For main(), before the first thread. False: there can be no heartbeats. */
bool heartbeat_init(void);

/* NULL without memory. */
struct heartbeat *heartbeat_new(const struct heartbeat_parts *parts);
/* False if there is no thread to be had. */
bool heartbeat_start(struct heartbeat *heartbeat);
/* There is a new configuration. Any thread; never blocks. */
void heartbeat_wake(struct heartbeat *heartbeat);
/* Ends the thread, whatever lists do, within a second. False if it is stuck all the same: then
 * what it uses must stay. */
bool heartbeat_stop(struct heartbeat *heartbeat);
/* Also stops it. Leaves it alone if that fails. NULL is fine. */
void heartbeat_free(struct heartbeat *heartbeat);

#endif
