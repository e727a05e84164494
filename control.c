/* SPDX-License-Identifier: MIT */
/*
 * Reload, stop, and the thread for what happens now and then. The one idea: a reload first
 * makes everything that can fail (the snapshot, room in the registry, new sockets), and only
 * then changes anything; from there on nothing can fail. Bans do not wait for that.
 */
#include "control.h"

#include <bsd/string.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bans.h"
#include "config_current.h"
#include "config_diff.h"
#include "log.h"
#include "net.h"
#include "session.h"
#include "store.h"
#include "trace.h"

#define TICK_MS    250  /* how often the thread looks around */
#define WATCH_MS   1000 /* how often it looks at the file */
#define REOPEN_MS  1000 /* how often it tries to listen again */
#define STOP_MS    1000 /* how long what the thread does may take at the end */
#define REASON_MAX 128

#define WARNING "warning: " /* in front of warnings, for whoever asked for a reload */

/* A reload that somebody waits for. */
struct request {
	char *said; /* lines, each with its newline; NULL: none */
	size_t size;
	bool is_cut; /* there was no memory for more */
	bool works, is_done;
};

struct control {
	struct control_parts parts; /* I */
	char *path;                 /* I, what parts.path points to */
	pthread_mutex_t lock;       /* of what follows */
	pthread_cond_t wake;        /* is_ending, has_ended, wants_reload, request, is_done */
	bool is_ending;             /* the thread is to end */
	bool has_ended;             /* it uses nothing any more */
	bool is_alive;              /* it runs */
	bool wants_reload;
	struct request *request;
	bool is_over;            /* the program is to end */
	bool when_empty;         /* it is to end with the last player */
	int64_t stop_ms;         /* it is to end then; 0: no */
	int64_t told_s;          /* the players have heard that so many are left */
	char reason[REASON_MAX]; /* of the stop; may be empty */
	bool is_running;         /* main thread only */
	pthread_t thread;        /* main thread only */
	bool is_shut;            /* the thread's: nobody new comes */
	bool is_barred;    /* the thread's: nobody new can come, and the log has said so */
	int64_t reopen_ms; /* the thread's: when to listen again; 0: that is done */
	struct store_stamp seen;   /* the thread's: as loaded, */
	struct store_stamp before; /* and as it was a moment ago */
	int64_t watch_ms;          /* the thread's */
};

struct control *control_new(const struct control_parts *parts)
{
	struct control *control = calloc(1, sizeof(*control));
	pthread_condattr_t attr;

	if (control == NULL)
		return NULL;
	control->parts = *parts;
	if (parts->path != NULL) {
		control->path = strdup(parts->path); /* the first snapshot's is not for ever */
		control->parts.path = control->path;
	}
	pthread_mutex_init(&control->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&control->wake, &attr);
	pthread_condattr_destroy(&attr);
	return control;
}

void control_free(struct control *control)
{
	if (control == NULL || !control_stop(control))
		return;
	pthread_cond_destroy(&control->wake);
	pthread_mutex_destroy(&control->lock);
	free(control->path);
	free(control);
}

enum log_level control_log_level(const struct config *config, int verbosity)
{
	int level = (int)config->log_level + verbosity;

	return level < LOG_TRACE ? (enum log_level)level : LOG_TRACE;
}

struct server **control_plan_lobby(struct lobby_plan *plan, const struct config *config)
{
	struct server **portals = calloc(config->n_servers + 1, sizeof(struct server *));

	if (portals == NULL)
		return NULL;
	*plan = (struct lobby_plan){
		.name = config->name,
		.motd = config->motd,
		.command_prefix = config->command_prefix,
		.edge_commands = config->edge_commands,
		.login_timeout_ms = config->login_timeout_ms,
		.portals = portals,
	};
	for (size_t i = 0; i < config->n_servers; i++)
		if (!config->servers[i].hidden)
			portals[plan->n_portals++] = config->servers[i].server;
	return portals;
}

/* ---- reload ---- */

/* Who hears of a reload: the log, and perhaps whoever asked for it. */
struct audience {
	commands_say_fn *say;
	void *context;
	const char *path;
	bool has_lists; /* they have been told that lists have changed */
};

static void tell(const struct audience *audience, enum log_level level, const char *line)
{
	char text[1024];

	log_line(level, NULL, "%s", line);
	if (audience->say == NULL)
		return;
	snprintf(text, sizeof(text), "%s%s", level == LOG_WARN ? WARNING : "", line);
	audience->say(audience->context, text);
}

static void on_fault(void *context, bool is_fault, const char *message)
{
	const struct audience *audience = context;
	char line[1024];
	bool has_path = strncmp(message, audience->path, strlen(audience->path)) == 0;

	snprintf(line, sizeof(line), "%s%s%s", has_path ? "" : audience->path,
		 has_path ? "" : ": ", message);
	tell(audience, is_fault ? LOG_ERROR : LOG_WARN, line);
}

static void on_change(void *context, const char *line)
{
	char text[1024];

	snprintf(text, sizeof(text), "reload: %s", line);
	tell(context, LOG_INFO, text);
}

static void wake_main(struct control *control)
{
	const uint64_t one = 1;

	(void)!write(control->parts.wake_fd, &one, sizeof(one));
}

/* Makes all that a new configuration needs. False, and nothing has changed, if that fails. */
static bool prepare(struct control *control, struct config *config,
		    const struct lobby_plan *plan, const struct audience *audience)
{
	char why[256];

	if (!listeners_prepare(control->parts.listeners, config, why, sizeof(why))) {
		tell(audience, LOG_ERROR, why);
		return false;
	}
	if (lobby_change(control->parts.lobby, plan))
		return true;
	tell(audience, LOG_ERROR, "reload: no memory for the lobby");
	listeners_cancel(control->parts.listeners);
	return false;
}

/* What is only read at the start. */
static void warn_of_restart(const struct audience *audience, const struct config *from,
			    const struct config *to)
{
	if (from->log_color != to->log_color || from->log_timestamps != to->log_timestamps)
		tell(audience, LOG_WARN,
		     "reload: log.color and log.timestamps count from the next start on");
	if (strcmp(from->state_dir, to->state_dir) != 0)
		tell(audience, LOG_WARN, "reload: state-dir counts from the next start on");
}

static void tell_changes(struct audience *audience, const struct config *from,
			 const struct config *to)
{
	size_t n;

	if (!config_diff(from, to, on_change, audience, &n))
		tell(audience, LOG_WARN,
		     "reload: done, but there is no memory to say what has "
		     "changed");
	else if (n == 0 && !audience->has_lists)
		log_info("reload: nothing has changed");
}

/* From here on nothing can fail. */
static void commit(struct control *control, struct config *config, struct audience *audience)
{
	const struct config *before = config_hold();
	enum log_level level = control_log_level(config, control->parts.verbosity);

	if (!log_shows(level)) /* the log tells more, also of this */
		log_set_level(level);
	tell_changes(audience, before, config);
	warn_of_restart(audience, before, config);
	log_set_level(level); /* whatever an admin had set meanwhile */
	registry_commit(control->parts.registry, config);
	listeners_commit(control->parts.listeners, config);
	salts_follow(control->parts.world->salts, config, time(NULL));
	trace_mask(config->redirect_token);
	config_publish(config);
	config_settle();
	heartbeat_wake(control->parts.heartbeat);
	registry_wake(control->parts.registry);
	wake_main(control);
	config_release(before);
}

static bool put_in_force(struct control *control, struct config *config,
			 struct audience *audience)
{
	struct lobby_plan plan;

	bool has_room = registry_prepare(control->parts.registry, config);
	struct server **portals = has_room ? control_plan_lobby(&plan, config) : NULL;
	if (portals == NULL)
		tell(audience, LOG_ERROR, "reload: no memory");
	bool is_ready = portals != NULL && prepare(control, config, &plan, audience);
	free(portals);
	if (is_ready)
		commit(control, config, audience);
	return is_ready;
}

/* What is wrong with a list, or that it was read: a bans_tell_fn. */
static void on_list(void *context, bool is_warning, const char *line)
{
	if (is_warning)
		tell(context, LOG_WARN, line);
	else
		on_change(context, line);
}

/* Bans and the allow list, if an admin has edited them: they do not wait for a configuration
 * without a fault. Whom the bans meet is out. */
static void reload_lists(const struct control *control, struct audience *audience)
{
	struct bans *bans = control->parts.world->bans;
	char names[512], line[sizeof(names) + 64];

	audience->has_lists = bans != NULL && bans_reload(bans, on_list, audience);
	if (!audience->has_lists)
		return;
	unsigned met = session_end_banned(bans, names, sizeof(names));
	snprintf(line, sizeof(line), "players who are banned now: %u: %s", met, names);
	if (met > 0)
		on_change(audience, line);
}

/* On the control thread, which has the stack for it. */
static bool reload(struct control *control, commands_say_fn *say, void *context)
{
	struct audience audience = {say, context, control->parts.path, false};

	reload_lists(control, &audience);
	if (audience.path == NULL) {
		tell(&audience, LOG_WARN,
		     "reload: Kurafuto was started without a configuration file");
		return false;
	}
	control->seen = store_look(audience.path);
	struct config *config = config_load(audience.path, on_fault, &audience);
	bool is_done = config != NULL && put_in_force(control, config, &audience);
	if (!is_done)
		log_error("reload: nothing was changed in the configuration");
	if (!is_done)
		config_free(config);
	return is_done;
}

/* A line for whoever waits: a commands_say_fn. */
static void collect(void *context, const char *line)
{
	struct request *request = context;
	size_t length = strlen(line);
	char *more = realloc(request->said, request->size + length + 2);

	request->is_cut |= more == NULL;
	if (more == NULL)
		return;
	memcpy(more + request->size, line, length);
	request->size += length + 1;
	more[request->size - 1] = '\n';
	more[request->size] = '\0';
	request->said = more;
}

/* Has the control thread reload, and waits for that. False if there is no such thread. */
static bool await_reload(struct control *control, struct request *request)
{
	pthread_mutex_lock(&control->lock);
	while (control->is_alive && control->request != NULL)
		pthread_cond_wait(&control->wake, &control->lock);
	bool is_possible = control->is_alive;
	if (is_possible) {
		control->request = request;
		pthread_cond_broadcast(&control->wake);
	}
	while (is_possible && !request->is_done)
		pthread_cond_wait(&control->wake, &control->lock);
	pthread_mutex_unlock(&control->lock);
	return is_possible;
}

static bool reload_now(void *context, commands_say_fn *say, void *say_context)
{
	struct request request = {0};
	char *rest, *line;

	if (!await_reload(context, &request)) {
		say(say_context, "Kurafuto is stopping: nothing is reloaded");
		return false;
	}
	rest = request.said;
	while ((line = strsep(&rest, "\n")) != NULL)
		if (*line != '\0')
			say(say_context, line);
	if (request.is_cut)
		say(say_context, WARNING "there is no memory to say all of it");
	free(request.said);
	return request.works;
}

/* Does what is asked for; `ends`: nobody will do it any more. */
static void answer_request(struct control *control, bool ends)
{
	pthread_mutex_lock(&control->lock);
	struct request *request = control->request;
	control->is_alive &= !ends;
	pthread_mutex_unlock(&control->lock);
	bool works = request != NULL && !ends && reload(control, collect, request);
	pthread_mutex_lock(&control->lock);
	if (request != NULL) {
		request->works = works;
		request->is_done = true;
		control->request = NULL;
	}
	pthread_cond_broadcast(&control->wake);
	pthread_mutex_unlock(&control->lock);
}

void control_ask_reload(struct control *control)
{
	pthread_mutex_lock(&control->lock);
	control->wants_reload = true;
	pthread_cond_broadcast(&control->wake);
	pthread_mutex_unlock(&control->lock);
}

/* Has the file changed, and then stayed the same for a moment: nobody is writing it now. */
static bool has_new_file(struct control *control)
{
	int64_t now_ms = net_now_ms();

	if (!config_now()->watch || control->parts.path == NULL || now_ms < control->watch_ms)
		return false;
	control->watch_ms = now_ms + WATCH_MS;
	struct store_stamp stamp = store_look(control->parts.path);
	bool is_gone = stamp.inode == 0;
	bool is_new = !is_gone && !store_is_same(&stamp, &control->seen) &&
		      store_is_same(&stamp, &control->before);
	control->before = stamp;
	return is_new;
}

/* ---- stop ---- */

static void end_program(struct control *control)
{
	pthread_mutex_lock(&control->lock);
	control->is_over = true;
	pthread_mutex_unlock(&control->lock);
	wake_main(control);
}

static void stop(void *context, int64_t in_s, const char *reason)
{
	struct control *control = context;

	pthread_mutex_lock(&control->lock);
	strlcpy(control->reason, reason, sizeof(control->reason));
	control->stop_ms = net_now_ms() + in_s * 1000;
	control->told_s = INT64_MAX;
	control->is_over |= in_s <= 0;
	pthread_cond_broadcast(&control->wake);
	pthread_mutex_unlock(&control->lock);
	if (in_s > 0)
		log_info("stopping in %lld s%s%s", (long long)in_s, *reason != '\0' ? ": " : "",
			 reason);
	wake_main(control);
}

static void stop_when_empty(void *context)
{
	struct control *control = context;

	pthread_mutex_lock(&control->lock);
	control->when_empty = true;
	pthread_mutex_unlock(&control->lock);
	log_info("stopping when the last player has left, players online: %u",
		 session_players());
}

/* Listens again. What is in the way may go away: until then each second. */
static void reopen_listeners(struct control *control)
{
	char why[256];

	if (listeners_reopen(control->parts.listeners, config_now(), why, sizeof(why))) {
		if (control->is_barred)
			log_info("players can join again");
		control->is_barred = false;
		control->reopen_ms = 0;
		wake_main(control);
		return;
	}
	if (!control->is_barred)
		log_error("%s; until that works, which is tried every second, nobody can join",
			  why);
	control->is_barred = true;
	control->reopen_ms = net_now_ms() + REOPEN_MS;
}

/* Nobody new comes while a stop waits for the last player; when that is called off they do. */
static void mind_listeners(struct control *control)
{
	pthread_mutex_lock(&control->lock);
	bool is_shut = control->when_empty;
	pthread_mutex_unlock(&control->lock);
	if (is_shut && !control->is_shut) {
		control->is_barred = false;
		control->reopen_ms = 0;
		listeners_shut(control->parts.listeners);
		wake_main(control);
	} else if (!is_shut && control->is_shut) {
		control->reopen_ms = net_now_ms();
	}
	control->is_shut = is_shut;
	if (control->reopen_ms != 0 && control->reopen_ms <= net_now_ms())
		reopen_listeners(control);
}

static bool stop_not(void *context)
{
	struct control *control = context;

	pthread_mutex_lock(&control->lock);
	bool was_counting = control->stop_ms != 0 && !control->is_over;
	bool was_stopping = was_counting || (control->when_empty && !control->is_over);
	if (was_stopping) {
		control->stop_ms = 0;
		control->when_empty = false;
	}
	pthread_mutex_unlock(&control->lock);
	if (was_stopping)
		log_info("the stop was called off");
	if (was_counting)
		session_notify_all(MESSAGE_STOP_OFF, NULL);
	return was_stopping;
}

/* The moments at which players hear how much time is left. */
static int64_t next_word_s(int64_t left_s)
{
	static const int64_t words[] = {600, 300, 120, 60, 30, 10, 5, 4, 3, 2, 1};

	for (size_t i = sizeof(words) / sizeof(words[0]); i-- > 0;)
		if (left_s <= words[i])
			return words[i];
	return INT64_MAX - 1;
}

/* Is the countdown over, or the last player gone. */
static bool is_due_locked(const struct control *control)
{
	return control->is_over ||
	       (control->stop_ms != 0 && control->stop_ms <= net_now_ms()) ||
	       (control->when_empty && session_players() == 0);
}

/* Counts down, and ends the program at the end. */
static void count_down(struct control *control)
{
	char reason[REASON_MAX], time[64];

	pthread_mutex_lock(&control->lock);
	int64_t stop_ms = control->stop_ms;
	int64_t left_s = (stop_ms - net_now_ms() + 999) / 1000;
	int64_t word_s = next_word_s(left_s);
	bool says = stop_ms != 0 && left_s > 0 && word_s < control->told_s;
	if (says)
		control->told_s = word_s;
	strlcpy(reason, control->reason, sizeof(reason));
	bool ends = is_due_locked(control);
	pthread_mutex_unlock(&control->lock);
	bans_duration_text(time, sizeof(time), left_s);
	if (says)
		session_notify_all(reason[0] != '\0' ? MESSAGE_STOPPING_REASON
						     : MESSAGE_STOPPING,
				   "time", time, "reason", reason, NULL);
	if (ends)
		end_program(control);
}

bool control_is_over(struct control *control)
{
	pthread_mutex_lock(&control->lock);
	control->is_over = is_due_locked(control); /* and can't be called off any more */
	bool is_over = control->is_over;
	pthread_mutex_unlock(&control->lock);
	return is_over;
}

int control_wait_ms(struct control *control, int most_ms)
{
	pthread_mutex_lock(&control->lock);
	int64_t left_ms = control->stop_ms != 0 ? control->stop_ms - net_now_ms() : most_ms;
	pthread_mutex_unlock(&control->lock);
	if (left_ms < 0)
		return 0;
	return left_ms < most_ms ? (int)left_ms : most_ms;
}

void control_reason(struct control *control, char *out, size_t size)
{
	pthread_mutex_lock(&control->lock);
	strlcpy(out, control->reason, size);
	pthread_mutex_unlock(&control->lock);
}

/* ---- the thread ---- */

/* Sleeps a tick, less if somebody wants something; false at the end. */
static bool wait_tick(struct control *control, bool *wants_reload)
{
	struct timespec until = net_timespec(net_now_ms() + TICK_MS);
	int error = 0;

	pthread_mutex_lock(&control->lock);
	while (!control->is_ending && !control->wants_reload && control->request == NULL &&
	       error != ETIMEDOUT)
		error = pthread_cond_timedwait(&control->wake, &control->lock, &until);
	*wants_reload = control->wants_reload;
	control->wants_reload = false;
	bool goes_on = !control->is_ending;
	pthread_mutex_unlock(&control->lock);
	return goes_on;
}

static void *control_main(void *argument)
{
	struct control *control = argument;
	bool wants_reload;

	pthread_setname_np(pthread_self(), "control");
	while (wait_tick(control, &wants_reload)) {
		config_settle();
		if (wants_reload || has_new_file(control))
			reload(control, NULL, NULL);
		answer_request(control, false);
		mind_listeners(control);
		count_down(control);
		session_tick(control->parts.world);
	}
	answer_request(control, true);
	pthread_mutex_lock(&control->lock);
	control->has_ended = true;
	pthread_cond_broadcast(&control->wake);
	pthread_mutex_unlock(&control->lock);
	return NULL;
}

bool control_start(struct control *control)
{
	if (control->parts.path != NULL)
		control->seen = control->before = store_look(control->parts.path);
	control->is_alive = true;
	control->is_running =
		pthread_create(&control->thread, NULL, control_main, control) == 0;
	if (!control->is_running)
		control->is_alive = false; /* else the thread may read it already */
	return control->is_running;
}

bool control_stop(struct control *control)
{
	struct timespec until = net_timespec(net_now_ms() + STOP_MS);
	int error = 0;

	if (control == NULL || !control->is_running)
		return true;
	pthread_mutex_lock(&control->lock);
	control->is_ending = true;
	pthread_cond_broadcast(&control->wake);
	while (!control->has_ended && error != ETIMEDOUT)
		error = pthread_cond_timedwait(&control->wake, &control->lock, &until);
	bool is_over = control->has_ended;
	pthread_mutex_unlock(&control->lock);
	if (is_over)
		pthread_join(control->thread, NULL);
	control->is_running = !is_over;
	return is_over;
}

static void set_log_level(void *context, enum log_level level)
{
	(void)context;
	log_set_level(level);
}

struct commands_control control_for_commands(struct control *control)
{
	return (struct commands_control){
		.context = control,
		.reload = reload_now,
		.stop = stop,
		.stop_when_empty = stop_when_empty,
		.stop_not = stop_not,
		.set_log_level = set_log_level,
	};
}
