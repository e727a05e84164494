/* SPDX-License-Identifier: MIT */
/*
 * The thread that tells server lists about us. The one idea: all transfers are in one curl
 * multi handle, and the thread sleeps in curl_multi_poll() until one of them moves, one is due,
 * or somebody wakes it; so the slowest list costs the others nothing. Host names are resolved
 * by threads of curl, which are let go of when nobody waits for them any more
 * (CURLOPT_QUICK_EXIT), and not waited for.
 */
#include "heartbeat.h"

#include <bsd/stdlib.h>
#include <bsd/string.h>
#include <bsd/sys/queue.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bans.h"
#include "config_current.h"
#include "heartbeat_private.h"
#include "log.h"
#include "net.h"
#include "web_port.h"

#define STOP_WAIT_MS 1000
#define WAIT_MAX_MS  60000 /* the clock of salts may be set */
#define BACKOFF_MAX  8     /* intervals */
#define FILE_NAME    "kurafuto.url"
#define PATH_SIZE    4096
#define REASON_MAX   512

/* A list, and how it is going. */
struct beat {
	TAILQ_ENTRY(beat) entries;
	/* what it goes by */
	enum config_heartbeat_type type;
	char *url;
	uint16_t listener_port;

	size_t row;     /* in the configuration */
	char whose[24]; /* " for port 25565", if another list has that URL; or empty */
	bool is_wanted;
	bool is_public;
	char *told;       /* what it was told last, but for the players */
	bool has_listing; /* betacraft-v2: it knows all but the players */
	uint16_t port;    /* the last one that the listener had */
	int64_t next_ms;  /* when it is told again */
	unsigned failures;
	int64_t failing_ms;      /* since then */
	char reason[REASON_MAX]; /* of the failures; empty: none */
	char play_url[HEARTBEAT_WORDS_MAX + 1];
	char words[HEARTBEAT_WORDS_MAX + 1]; /* what it said besides */

	/* while it is being told */
	struct heartbeat_wire wire;
	int64_t begun_ms;
	char *telling; /* will be `told` */
};

/* Keys: I immutable, l lock, others the thread's alone. */
struct heartbeat {
	struct heartbeat_parts parts; /* I */
	char *directory;              /* I */
	CURLM *multi;                 /* I; others only wake it */
	pthread_t thread;             /* l */
	pthread_mutex_t lock;
	pthread_cond_t ended;                  /* with lock: has_ended */
	bool is_running, is_ending, has_ended; /* l */

	TAILQ_HEAD(beat_list, beat) beats;     /* in the order of the configuration */
	const struct config *config;           /* the one that they follow; only compared */
	int64_t salts_s;                       /* when salts are to be looked after */
	char written[HEARTBEAT_WORDS_MAX + 1]; /* what is in the file; empty: there is none */
	bool has_looked;                       /* `written` is true of it */
	bool has_warned;                       /* of the file */
};

/* ---- what a list is told ---- */

static const struct config_heartbeat *row_of(const struct beat *beat)
{
	return &config_now()->heartbeats[beat->row];
}

/* Can browsers connect: they do not go to every port. */
static bool has_web(const struct config_listener *listener, uint16_t port)
{
	return listener->websocket && web_port_is_open(port);
}

static const char *address_of(const struct config_heartbeat *row,
			      const struct config_listener *listener)
{
	bool is_any = strcmp(listener->address, "0.0.0.0") == 0 ||
		      strchr(listener->address, ':') != NULL;

	return row->public_address != NULL ? row->public_address
					   : (is_any ? NULL : listener->address);
}

/* The port that players connect to; 0 if the listener never had one. */
static uint16_t port_of(const struct heartbeat *heartbeat, struct beat *beat)
{
	const struct config_heartbeat *row = row_of(beat);
	uint16_t port =
		heartbeat->parts.port(heartbeat->parts.context, config_now(), row->listener);

	if (port != 0)
		beat->port = port;
	return row->public_port != 0 ? row->public_port : beat->port;
}

/* The body of a heartbeat with so many players; NULL without memory, a port or a salt. */
static char *compose(const struct heartbeat *heartbeat, struct beat *beat, unsigned users,
		     bool is_ping)
{
	const struct config *config = config_now();
	const struct config_heartbeat *row = row_of(beat);
	const struct config_listener *listener = &config->listeners[row->listener];
	char salt[SALTS_MAX + 1];
	bool has_salt = salts_get(heartbeat->parts.salts, row, salt);
	uint16_t port = port_of(heartbeat, beat);
	const struct heartbeat_form form = {
		.name = row->name != NULL ? row->name : listener->name,
		.port = port,
		.users = users,
		.max = row->max_players != 0 ? row->max_players : config->max_players,
		.is_public = row->is_public,
		.has_web = has_web(listener, port),
		.salt = salt,
		.software = heartbeat->parts.software,
		.description = listener->motd,
		.address = address_of(row, listener),
		.private_key = row->private_key,
		.verifies_names = config->verify_names,
	};
	char *body = NULL;

	if (form.port != 0 && has_salt == config_heartbeat_has_keys(row))
		body = heartbeat_body(&form, row->type, is_ping);
	explicit_bzero(salt, sizeof(salt));
	return body;
}

static void free_secret(char *text)
{
	if (text != NULL)
		explicit_bzero(text, strlen(text));
	free(text);
}

/* ---- telling it ---- */

/* Ends what is being told, if anything is. */
static void hang_up(const struct heartbeat *heartbeat, struct beat *beat)
{
	heartbeat_wire_end(&beat->wire, heartbeat->multi);
	free_secret(beat->telling);
	beat->telling = NULL;
}

static void tell(const struct heartbeat *heartbeat, struct beat *beat)
{
	unsigned users = heartbeat->parts.players(heartbeat->parts.context);

	beat->begun_ms = net_now_ms();
	beat->next_ms = beat->begun_ms + (int64_t)row_of(beat)->interval_s * 1000;
	beat->telling = compose(heartbeat, beat, 0, false);
	bool is_ping = beat->has_listing && beat->telling != NULL && beat->told != NULL &&
		       strcmp(beat->told, beat->telling) == 0;
	char *body = compose(heartbeat, beat, users, is_ping);
	const struct heartbeat_request request = {
		.type = beat->type,
		.url = beat->url,
		.is_ping = is_ping,
		.software = heartbeat->parts.software,
		.body = body,
		.owner = beat,
	};
	bool is_begun = beat->telling != NULL && body != NULL &&
			heartbeat_wire_begin(&beat->wire, heartbeat->multi, &request);
	free_secret(body);
	if (is_begun)
		return;
	log_debug("heartbeat to %s%s: not now, there is no port to tell of, or no memory",
		  beat->url, beat->whose);
	hang_up(heartbeat, beat);
}

/* ---- what it answers ---- */

/* It does not work. One line when that begins, or the reason is another one. */
static void note_failure(struct beat *beat, const struct heartbeat_reply *reply)
{
	const struct config_heartbeat *row = row_of(beat);
	int64_t now_ms = net_now_ms(), interval_ms = (int64_t)row->interval_s * 1000;
	int64_t factor = beat->failures < 3 ? (int64_t)1 << beat->failures : BACKOFF_MAX;
	bool is_new = strcmp(beat->reason, reply->reason) != 0;

	if (beat->failures == 0)
		beat->failing_ms = now_ms;
	beat->failures++;
	beat->has_listing = false;
	beat->next_ms = now_ms + factor * interval_ms -
			arc4random_uniform((uint32_t)(factor * interval_ms / 4));
	strlcpy(beat->reason, reply->reason, sizeof(beat->reason));
	log_line(is_new ? LOG_WARN : LOG_DEBUG, NULL, "heartbeat to %s%s fails: %s%s%s%s",
		 beat->url, beat->whose, reply->reason, reply->words[0] != '\0' ? " (" : "",
		 reply->words, reply->words[0] != '\0' ? ")" : "");
}

static void note_success(struct beat *beat, const struct heartbeat_reply *reply)
{
	bool is_first = !beat->has_listing && beat->failures == 0;
	char time[64];

	if (beat->failures > 0) {
		bans_duration_text(time, sizeof(time),
				   (net_now_ms() - beat->failing_ms + 999) / 1000);
		log_info("heartbeat to %s%s works again, after %s", beat->url, beat->whose,
			 time);
	}
	beat->failures = 0;
	beat->reason[0] = '\0';
	beat->has_listing = true;
	if (reply->url[0] != '\0' && strcmp(beat->play_url, reply->url) != 0)
		log_info("heartbeat to %s%s: players join at %s%s", beat->url, beat->whose,
			 reply->url,
			 beat->is_public ? "" : ", which is not in the public list");
	if (reply->url[0] == '\0' && is_first)
		log_info("heartbeat to %s%s: the list has been told; it names no page to join "
			 "at",
			 beat->url, beat->whose);
	if (reply->words[0] != '\0' && strcmp(beat->words, reply->words) != 0)
		log_info("heartbeat to %s%s: it says %s", beat->url, beat->whose, reply->words);
	if (reply->url[0] != '\0')
		strlcpy(beat->play_url, reply->url, sizeof(beat->play_url));
	strlcpy(beat->words, reply->words, sizeof(beat->words));
	log_debug("heartbeat to %s%s: done in %lld ms", beat->url, beat->whose,
		  (long long)(net_now_ms() - beat->begun_ms));
}

/* ---- kurafuto.url ---- */

static bool write_line(const char *path, const char *line)
{
	char fresh[PATH_SIZE + 8], text[HEARTBEAT_WORDS_MAX + 2];
	int n = snprintf(text, sizeof(text), "%s\n", line);

	snprintf(fresh, sizeof(fresh), "%s.new", path);
	int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	bool is_written = fd >= 0 && fchmod(fd, 0644) == 0 && write(fd, text, (size_t)n) == n;
	int error = errno;
	if (fd >= 0)
		close(fd);
	if (is_written && rename(fresh, path) == 0)
		return true;
	error = is_written ? errno : error;
	if (fd >= 0)
		unlink(fresh);
	errno = error;
	return false;
}

/* True if it is not there afterwards. It is looked at first: a read-only file system refuses to
 * remove also what is not there. */
static bool remove_file(const char *path)
{
	struct stat status;

	return (lstat(path, &status) != 0 && errno == ENOENT) || unlink(path) == 0 ||
	       errno == ENOENT;
}

/* Keeps the file at the address that the first of the lists has given; without any there is no
 * file, also none of an earlier run. */
static void keep_url(struct heartbeat *heartbeat)
{
	char path[PATH_SIZE], why[128];
	const struct beat *beat;

	TAILQ_FOREACH (beat, &heartbeat->beats, entries)
		if (beat->play_url[0] != '\0')
			break;
	const char *url = beat != NULL ? beat->play_url : "";
	if (heartbeat->has_looked && strcmp(url, heartbeat->written) == 0)
		return;
	snprintf(path, sizeof(path), "%s/" FILE_NAME, heartbeat->directory);
	if (beat != NULL ? write_line(path, url) : remove_file(path)) {
		strlcpy(heartbeat->written, url, sizeof(heartbeat->written));
		heartbeat->has_looked = true;
		heartbeat->has_warned = false;
	} else if (!heartbeat->has_warned) {
		int error = errno;

		heartbeat->has_warned = true;
		log_warn("%s can't be %s: %s", path, beat != NULL ? "written" : "removed",
			 strerror_r(error, why, sizeof(why)));
	}
}

/* ---- lists come and go ---- */

static struct beat *find(const struct heartbeat *heartbeat, const struct config_heartbeat *row)
{
	struct beat *beat;

	TAILQ_FOREACH (beat, &heartbeat->beats, entries)
		if (beat->type == row->type && beat->listener_port == row->listener_port &&
		    strcmp(beat->url, row->url) == 0)
			return beat;
	return NULL;
}

static void drop(struct heartbeat *heartbeat, struct beat *beat)
{
	hang_up(heartbeat, beat);
	TAILQ_REMOVE(&heartbeat->beats, beat, entries);
	free_secret(beat->told);
	free(beat->url);
	free(beat);
}

static struct beat *add(struct heartbeat *heartbeat, const struct config_heartbeat *row)
{
	struct beat *beat = calloc(1, sizeof(*beat));

	if (beat != NULL)
		beat->url = strdup(row->url);
	if (beat == NULL || beat->url == NULL) {
		log_error("heartbeat to %s: no memory", row->url);
		free(beat);
		return NULL;
	}
	beat->type = row->type;
	beat->listener_port = row->listener_port;
	TAILQ_INSERT_TAIL(&heartbeat->beats, beat, entries);
	return beat;
}

/* Tells lists with the same URL apart in the log: by the port of the listener. */
static void name_listener(const struct heartbeat *heartbeat, struct beat *beat)
{
	const struct config *config = config_now();
	const struct config_heartbeat *row = row_of(beat);
	uint16_t port = config->listeners[row->listener].port;
	unsigned n = 0;

	for (size_t i = 0; i < config->n_heartbeats; i++)
		n += strcmp(config->heartbeats[i].url, beat->url) == 0;
	if (port == 0) /* any: the one that it has */
		port = heartbeat->parts.port(heartbeat->parts.context, config, row->listener);
	beat->whose[0] = '\0';
	if (n > 1)
		snprintf(beat->whose, sizeof(beat->whose), " for port %u", port);
}

/* Takes the lists of a new configuration, in its order. */
static void follow(struct heartbeat *heartbeat)
{
	const struct config *config = config_now();
	struct beat *beat, *next;

	TAILQ_FOREACH (beat, &heartbeat->beats, entries)
		beat->is_wanted = false;
	for (size_t i = 0; i < config->n_heartbeats; i++) {
		const struct config_heartbeat *row = &config->heartbeats[i];
		int64_t until_ms = net_now_ms() + (int64_t)row->interval_s * 1000;

		beat = find(heartbeat, row);
		if (beat == NULL)
			beat = add(heartbeat, row);
		if (beat == NULL)
			continue;
		TAILQ_REMOVE(&heartbeat->beats, beat, entries);
		TAILQ_INSERT_TAIL(&heartbeat->beats, beat, entries);
		beat->row = i;
		beat->is_wanted = true;
		beat->is_public = row->is_public;
		name_listener(heartbeat, beat);
		if (beat->failures == 0 && beat->next_ms > until_ms)
			beat->next_ms = until_ms;
	}
	TAILQ_FOREACH_SAFE (beat, &heartbeat->beats, entries, next)
		if (!beat->is_wanted)
			drop(heartbeat, beat);
	heartbeat->config = config;
	keep_url(heartbeat);
}

/* A list that has been told something that is not true any more is told at once. */
static void hurry(const struct heartbeat *heartbeat, struct beat *beat)
{
	if (beat->told == NULL)
		return;
	char *now = compose(heartbeat, beat, 0, false);
	if (now != NULL && strcmp(now, beat->told) != 0)
		beat->next_ms = 0;
	free_secret(now);
}

/* ---- the thread ---- */

static void finish(struct heartbeat *heartbeat, struct beat *beat, CURLcode code)
{
	struct heartbeat_reply reply;

	heartbeat_wire_read(&beat->wire, beat->type, code, &reply);
	free_secret(beat->told);
	beat->told = beat->telling;
	beat->telling = NULL;
	hang_up(heartbeat, beat);
	if (reply.works)
		note_success(beat, &reply);
	else
		note_failure(beat, &reply);
	hurry(heartbeat, beat);
	keep_url(heartbeat);
}

static void take_results(struct heartbeat *heartbeat)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(heartbeat->multi, &left)) != NULL) {
		CURLcode code = message->data.result;
		char *beat = NULL;

		if (message->msg == CURLMSG_DONE &&
		    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &beat) ==
			    CURLE_OK)
			finish(heartbeat, (struct beat *)(void *)beat, code);
	}
}

/* Looks for a new configuration and new salts. */
static void look_around(struct heartbeat *heartbeat)
{
	bool is_new = heartbeat->config != config_now();
	int64_t now_s = time(NULL);
	struct beat *beat;

	if (is_new)
		follow(heartbeat);
	if (!is_new && now_s < heartbeat->salts_s)
		return;
	heartbeat->salts_s = salts_rotate(heartbeat->parts.salts, now_s);
	TAILQ_FOREACH (beat, &heartbeat->beats, entries)
		if (beat->wire.easy == NULL)
			hurry(heartbeat, beat);
}

/* Tells those whose time has come. */
static void tell_due(const struct heartbeat *heartbeat)
{
	int64_t now_ms = net_now_ms();
	struct beat *beat;

	TAILQ_FOREACH (beat, &heartbeat->beats, entries)
		if (beat->wire.easy == NULL && beat->next_ms <= now_ms)
			tell(heartbeat, beat);
}

/* For how long there is nothing to do, unless a transfer moves. */
static int wait_ms(const struct heartbeat *heartbeat)
{
	int64_t now_ms = net_now_ms(), left_ms = WAIT_MAX_MS, now_s = time(NULL);
	const struct beat *beat;

	if (heartbeat->salts_s < now_s + WAIT_MAX_MS / 1000)
		left_ms = (heartbeat->salts_s - now_s) * 1000;
	TAILQ_FOREACH (beat, &heartbeat->beats, entries)
		if (beat->wire.easy == NULL && beat->next_ms - now_ms < left_ms)
			left_ms = beat->next_ms - now_ms;
	return left_ms > 0 ? (int)left_ms : 0;
}

static bool is_ending(struct heartbeat *heartbeat)
{
	pthread_mutex_lock(&heartbeat->lock);
	bool ends = heartbeat->is_ending;
	pthread_mutex_unlock(&heartbeat->lock);
	return ends;
}

static void run(struct heartbeat *heartbeat)
{
	int running;

	while (!is_ending(heartbeat)) {
		config_settle();
		if (config_now() == NULL) /* the program is ending */
			return;
		look_around(heartbeat);
		tell_due(heartbeat);
		curl_multi_perform(heartbeat->multi, &running);
		take_results(heartbeat);
		curl_multi_poll(heartbeat->multi, NULL, 0, wait_ms(heartbeat), NULL);
	}
}

static void *heartbeat_main(void *argument)
{
	struct heartbeat *heartbeat = argument;
	struct beat *beat;

	pthread_setname_np(pthread_self(), "heartbeat");
	run(heartbeat);
	while ((beat = TAILQ_FIRST(&heartbeat->beats)) != NULL)
		drop(heartbeat, beat);
	pthread_mutex_lock(&heartbeat->lock);
	heartbeat->has_ended = true;
	pthread_cond_broadcast(&heartbeat->ended);
	pthread_mutex_unlock(&heartbeat->lock);
	return NULL;
}

/* ---- the whole ---- */

bool heartbeat_init(void)
{
	return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

struct heartbeat *heartbeat_new(const struct heartbeat_parts *parts)
{
	struct heartbeat *heartbeat = calloc(1, sizeof(*heartbeat));
	pthread_condattr_t attr;

	if (heartbeat == NULL)
		return NULL;
	heartbeat->parts = *parts;
	heartbeat->directory = strdup(parts->directory);
	heartbeat->multi = curl_multi_init();
	if (heartbeat->directory == NULL || heartbeat->multi == NULL) {
		curl_multi_cleanup(heartbeat->multi);
		free(heartbeat->directory);
		free(heartbeat);
		return NULL;
	}
	TAILQ_INIT(&heartbeat->beats);
	pthread_mutex_init(&heartbeat->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&heartbeat->ended, &attr);
	pthread_condattr_destroy(&attr);
	return heartbeat;
}

bool heartbeat_start(struct heartbeat *heartbeat)
{
	pthread_mutex_lock(&heartbeat->lock);
	heartbeat->is_running =
		pthread_create(&heartbeat->thread, NULL, heartbeat_main, heartbeat) == 0;
	bool is_running = heartbeat->is_running;
	pthread_mutex_unlock(&heartbeat->lock);
	return is_running;
}

void heartbeat_wake(struct heartbeat *heartbeat)
{
	curl_multi_wakeup(heartbeat->multi);
}

bool heartbeat_stop(struct heartbeat *heartbeat)
{
	struct timespec until = net_timespec(net_now_ms() + STOP_WAIT_MS);
	int error = 0;

	if (heartbeat == NULL)
		return true;
	pthread_mutex_lock(&heartbeat->lock);
	heartbeat->is_ending = true;
	heartbeat_wake(heartbeat);
	while (heartbeat->is_running && !heartbeat->has_ended && error != ETIMEDOUT)
		error = pthread_cond_timedwait(&heartbeat->ended, &heartbeat->lock, &until);
	bool is_joinable = heartbeat->is_running && heartbeat->has_ended;
	if (is_joinable)
		heartbeat->is_running = false;
	bool is_over = !heartbeat->is_running;
	pthread_mutex_unlock(&heartbeat->lock);
	if (is_joinable)
		pthread_join(heartbeat->thread, NULL);
	return is_over;
}

void heartbeat_free(struct heartbeat *heartbeat)
{
	if (heartbeat == NULL || !heartbeat_stop(heartbeat))
		return;
	curl_multi_cleanup(heartbeat->multi);
	pthread_cond_destroy(&heartbeat->ended);
	pthread_mutex_destroy(&heartbeat->lock);
	free(heartbeat->directory);
	free(heartbeat);
}
