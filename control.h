/* SPDX-License-Identifier: MIT */
/*
 * What changes the running program as a whole: reload, stop, the level of the log. A thread of
 * its own does what happens now and then: it counts down, empties servers, moves queues on,
 * looks whether the configuration file has changed.
 */
#ifndef CONTROL_H
#define CONTROL_H

#include <stdbool.h>

#include "commands.h"
#include "config.h"
#include "heartbeat.h"
#include "listeners.h"
#include "lobby.h"
#include "server.h"

struct control;

/* What it works on; all but the path must outlive it. */
struct control_parts {
	const char *path; /* the configuration file; NULL: there is none to reload */
	int verbosity;    /* so many levels of the log more than configured */
	struct registry *registry;
	struct listeners *listeners;
	struct lobby *lobby;
	const struct session_world *world;
	struct heartbeat *heartbeat;
	int wake_fd; /* an eventfd(2): written when the main thread should look */
};

/* NULL without memory. */
struct control *control_new(const struct control_parts *parts);
/* Starts the thread; false if there is none to be had: then nothing is reloaded or counted. */
bool control_start(struct control *control);
/* Ends the thread; waits for a reload that is under way, a second at most. False if it hangs,
 * say in reading the configuration: it uses all this, so nothing must be freed. NULL is fine.
 * Main thread. */
bool control_stop(struct control *control);
/* Stops it, and frees it if that works. */
void control_free(struct control *control);

/* What the commands need. */
struct commands_control control_for_commands(struct control *control);

/* Asks for a reload, as SIGHUP does: the thread does it, and the log tells. Never blocks. */
void control_ask_reload(struct control *control);
/* Is it time for the main thread to end: also when the thread above hangs. */
bool control_is_over(struct control *control);
/* How long the main thread may wait, at most `most_ms`, before it asks that again. */
int control_wait_ms(struct control *control, int most_ms);
/* The reason that was given for the end, copied to out; perhaps empty. */
void control_reason(struct control *control, char *out, size_t size);

/* The portals and texts of the lobby by a configuration. The caller frees the array that this
 * returns, which the plan points to; NULL without memory. */
struct server **control_plan_lobby(struct lobby_plan *plan, const struct config *config);

/* The level of the log: the configured one, and so many more for -v. */
enum log_level control_log_level(const struct config *config, int verbosity);

#endif
