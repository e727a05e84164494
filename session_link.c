/* SPDX-License-Identifier: MIT */
/*
 * Links: dialling a server, adopting its link as the session's current one, and where to go
 * when it ends. The one idea: joining, jumping and falling back are the same journey of one
 * thread. It makes a link to a server, and only when that server has let the player in does it
 * become current; when it ends, the same thread travels on.
 */
#include <bsd/string.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "session_private.h"
#include "text.h"

#define NOTE_MAX      (SESSION_WHY_MAX + 64)
#define LEVEL_WAIT_MS 10000 /* how long a swap waits for the old server's level to end */

/* What a server reader is up to. Only its thread touches it. */
struct journey {
	struct link *link; /* the link being made, or running */
	size_t next;       /* next candidate of a fallback: the hubs in order, then the lobby */
	int64_t started_ms;
	char note[NOTE_MAX]; /* why the player was moved, to be told on arrival; empty if they
				asked */
	char last_words[NOTE_MAX]; /* of the last server that failed or kicked the player */
};

struct link *link_new(struct session *session, struct server *server)
{
	struct link *link = calloc(1, sizeof(*link));

	if (link == NULL)
		return NULL;
	atomic_init(&link->refs, 1);
	atomic_init(&link->is_closed, false);
	atomic_init(&link->published, NULL);
	session_ref(session);
	link->session = session;
	link->server = server;
	link->fd = -1;
	pthread_mutex_init(&link->tx, NULL);
	dialect_init(&link->dialect, &session->world->config->catalog,
		     session->dialect.protocol, session->dialect.cpe);
	return link;
}

void link_ref(struct link *link)
{
	atomic_fetch_add(&link->refs, 1);
}

void link_unref(struct link *link)
{
	struct session *session = link->session;

	if (atomic_fetch_sub(&link->refs, 1) != 1)
		return;
	if (link->fd >= 0)
		close(link->fd);
	pthread_mutex_destroy(&link->tx);
	free(link->in);
	free(link->held);
	free(link);
	session_unref(session);
}

void link_shut_locked(struct link *link)
{
	atomic_store(&link->is_closed, true);
	if (link->fd >= 0)
		shutdown(link->fd, SHUT_RDWR);
}

void link_send(struct link *link, const uint8_t *data, size_t size)
{
	const struct config *config = link->session->world->config;

	pthread_mutex_lock(&link->tx);
	if (net_send_all(link->fd, data, size, net_deadline_ms(config->server_timeout_ms),
			 &link->is_closed, NULL) != 0)
		shutdown(link->fd, SHUT_RDWR); /* its reader wakes and sees to the rest */
	pthread_mutex_unlock(&link->tx);
}

/* A server that fails this player is left alone by fallbacks for a while. `lock` held. */
static void avoid_locked(struct session *session, struct server *server)
{
	session->avoid[session->next_avoid].server = server;
	session->avoid[session->next_avoid].until_ms = net_now_ms() + SESSION_AVOID_MS;
	session->next_avoid = (session->next_avoid + 1) % SESSION_AVOID_MAX;
}

static bool is_avoided_locked(const struct session *session, const struct server *server)
{
	int64_t now = net_now_ms();

	for (size_t i = 0; i < SESSION_AVOID_MAX; i++)
		if (session->avoid[i].server == server && now < session->avoid[i].until_ms)
			return true;
	return false;
}

/*
 * The next server that a journey may try without being asked: hubs that are up, the lobby, and
 * when there is none the hubs that are thought to be down. NULL when nothing is left. `lock`
 * held.
 */
static struct server *next_candidate_locked(struct journey *journey, struct session *session)
{
	const struct registry *registry = session->world->registry;
	size_t n = registry_hub_count(registry);

	while (journey->next <= 2 * n) {
		size_t i = journey->next++;
		struct server *server =
			i == n ? registry_lobby(registry) : registry_hub(registry, i % (n + 1));

		if (server != NULL && !is_avoided_locked(session, server) &&
		    (i >= n || server_is_up(server)))
			return server;
	}
	return NULL;
}

/* Gives the link its socket, unless the session or the journey is over. */
static bool give_socket(struct link *link, int fd)
{
	struct session *session = link->session;

	pthread_mutex_lock(&session->lock);
	bool is_wanted = session->pending == link && !atomic_load(&session->is_ending);
	if (is_wanted)
		link->fd = fd;
	pthread_mutex_unlock(&session->lock);
	if (!is_wanted)
		close(fd);
	return is_wanted;
}

/* Connects and identifies the player. False: link->fault says why. */
static bool link_dial(struct link *link)
{
	struct session *session = link->session;
	const struct config *config = session->world->config;
	int64_t deadline_ms = net_deadline_ms(config->connect_timeout_ms);
	uint8_t packet[PACKET_SIZE_MAX];
	int fd = link->fd;

	if (!link->is_predialled) {
		fd = server_dial_start(link->server, link->fault, sizeof(link->fault));
		if (fd < 0 || !give_socket(link, fd))
			return false;
	}
	if (server_dial_finish(link->server, fd, deadline_ms, link->fault,
			       sizeof(link->fault)) != 0)
		return false;
	link->has_connected = true;
	server_report(link->server, true, NULL);
	net_tune(fd);
	link_send(link, packet,
		  packet_write_player_identification(packet, &link->dialect, session->name,
						     session->key));
	return true;
}

/* The old server may be in the middle of a level: give it the time to finish (design: the jump,
 * step 3). */
static void await_level(struct session *session)
{
	int64_t deadline_ms = net_now_ms() + LEVEL_WAIT_MS;
	struct timespec until = {.tv_sec = deadline_ms / 1000,
				 .tv_nsec = deadline_ms % 1000 * 1000000};
	int error = 0;

	pthread_mutex_lock(&session->client_tx);
	while (session->is_level_open && session->current != NULL &&
	       !atomic_load(&session->is_ending) && error != ETIMEDOUT)
		error = pthread_cond_timedwait(&session->level_done, &session->client_tx,
					       &until);
	pthread_mutex_unlock(&session->client_tx);
}

static void emit_to_client(void *context, const uint8_t *packets, size_t size)
{
	session_send_locked(context, packets, size);
}

/*
 * Ends a level that its server never finished. ClassiCube needs LevelFinalize before it takes
 * another LevelInitialize (protocol 6.1). A client without CPE is taken for a vanilla one,
 * which starts anew at a second LevelInitialize but dies when LevelFinalize finds a torn level:
 * it gets a whole new one of a single block first.
 */
static void finish_level_locked(struct session *session)
{
	static const uint8_t one_block[] = {/* gzip, a stored block: volume 1, air */
					    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00,
					    0x00, 0x00, 0xff, 0x01, 0x05, 0x00, 0xfa,
					    0xff, 0x00, 0x00, 0x00, 0x01, 0x00, 0x5c,
					    0xc6, 0x39, 0xdf, 0x05, 0x00, 0x00, 0x00};
	uint8_t packet[2048];
	size_t size = 0;

	if (!session->is_level_open)
		return;
	if (!session->dialect.cpe) {
		size += packet_write_level_initialize(packet, &session->dialect, 1);
		size += packet_write_level_chunk(packet + size, one_block, sizeof(one_block),
						 100);
	}
	size += packet_write_level_finalize(packet + size, 1, 1, 1);
	session_send_locked(session, packet, size);
	session->is_level_open = false;
}

/* Steps 4 and 5 of the jump. False: the session is over, or another journey has overtaken this
 * one. */
static bool link_adopt(struct link *link)
{
	struct session *session = link->session;
	struct link *old;

	await_level(session);
	pthread_mutex_lock(&session->lock);
	if (session->pending != link || atomic_load(&session->is_ending)) {
		pthread_mutex_unlock(&session->lock);
		return false;
	}
	pthread_mutex_lock(&session->client_tx);
	old = session->current;
	session->current = link; /* the reference of `pending` */
	session->pending = NULL;
	if (old != NULL)
		link_shut_locked(old);
	session->is_gate_open = !session->is_in_game;
	session->gate_deadline_ms = net_now_ms() + SESSION_GATE_MS;
	session->has_gate_ping = false;
	session->n_early_pings = 0;
	link_publish(link);
	pthread_mutex_unlock(&session->lock);
	finish_level_locked(session);
	footprint_undo(session->footprint, &session->dialect, session->name, emit_to_client,
		       session);
	link_write_locked(link, link->held, link->held_size);
	pthread_mutex_unlock(&session->client_tx);
	free(link->held);
	link->held = NULL;
	server_player_joined(link->server);
	if (old != NULL) {
		server_player_left(old->server);
		link_unref(old);
	}
	return true;
}

/* One line in the log for a join, a jump and a fallback, and a word to a player who was moved.
 */
static void announce(struct journey *journey, bool is_first, const char *from)
{
	struct session *session = journey->link->session;
	const char *to = server_name(journey->link->server);
	long long ms = (long long)(net_now_ms() -
				   (is_first ? session->started_ms : journey->started_ms));
	char address[NET_ADDR_TEXT], software[PACKET_STRING_LEN * 3 + 1];

	net_addr_text(address, &session->peer, true);
	text_to_utf8(software, sizeof(software), session->software);
	if (is_first)
		session_log(session, LOG_INFO, "joins %s from %s with %s in %lld ms%s", to,
			    address,
			    session->dialect.cpe ? software : "a Classic client without CPE",
			    ms, session->is_verified ? "" : ", name unverified");
	else if (journey->note[0] == '\0')
		session_log(session, LOG_INFO, "jumps from %s to %s in %lld ms", from, to, ms);
	else
		session_log(session, LOG_INFO, "falls back to %s in %lld ms", to, ms);
	if (journey->note[0] != '\0')
		session_tell(session, "&e%s &eYou are on &f%s&e now.", journey->note, to);
	journey->note[0] = '\0';
}

/* Dials, logs in and becomes current. */
static bool arrive(struct journey *journey)
{
	struct link *link = journey->link;
	struct session *session = link->session;
	char from[CONFIG_NAME_MAX + 1] = "nowhere";
	struct server *previous;

	if (!link_dial(link) ||
	    !link_login(link, net_deadline_ms(session->world->config->login_timeout_ms)))
		return false;
	previous = session_server(session);
	if (previous != NULL)
		strlcpy(from, server_name(previous), sizeof(from));
	pthread_mutex_lock(&session->client_tx);
	bool is_first = !session->is_in_game;
	pthread_mutex_unlock(&session->client_tx);
	if (!link_adopt(link))
		return false;
	announce(journey, is_first, from);
	return true;
}

enum onward {
	ONWARD_NOWHERE, /* the session is ending, or another link has taken this one's place */
	ONWARD_STAY,    /* a jump has failed: the player is where they were */
	ONWARD_FALL,    /* the player has no link */
};

/* Takes an ended link out of the session and says what that means for the journey. */
static enum onward detach(struct link *link, bool has_arrived)
{
	struct session *session = link->session;
	struct link **place = has_arrived ? &session->current : &session->pending;
	enum onward onward = ONWARD_FALL;

	pthread_mutex_lock(&session->lock);
	pthread_mutex_lock(&session->client_tx);
	bool was_there = *place == link;
	if (was_there)
		*place = NULL;
	pthread_cond_broadcast(&session->level_done);
	pthread_mutex_unlock(&session->client_tx);
	if (!was_there || atomic_load(&session->is_ending) || session->pending != NULL)
		onward = ONWARD_NOWHERE;
	else if (session->current != NULL)
		onward = ONWARD_STAY;
	else
		avoid_locked(session, link->server);
	pthread_mutex_unlock(&session->lock);
	if (!was_there)
		return onward;
	if (has_arrived)
		server_player_left(link->server);
	link_unref(link); /* the reference of `current` or `pending` */
	return onward;
}

/* Why the link ended, as the player and the log read it. */
static void describe_end(struct journey *journey, bool has_arrived)
{
	const struct link *link = journey->link;
	const char *name = server_name(link->server);

	if (link->kick[0] != '\0') {
		snprintf(journey->note, sizeof(journey->note), "%s kicked you: &f%s&e.", name,
			 link->kick);
		strlcpy(journey->last_words, link->kick, sizeof(journey->last_words));
	} else {
		snprintf(journey->note, sizeof(journey->note),
			 has_arrived ? "%s is gone: %s." : "%s can't be reached: %s.", name,
			 link->fault);
		strlcpy(journey->last_words, journey->note, sizeof(journey->last_words));
	}
	session_log(link->session, LOG_INFO, "%s %s: %s%s",
		    has_arrived ? "loses" : "can't join", name,
		    link->kick[0] != '\0' ? "kicked: " : "",
		    link->kick[0] != '\0' ? link->kick : link->fault);
}

/* A socket that was dialled too early may have been given up by its server meanwhile: one fresh
 * attempt. */
static bool deserves_retry(const struct link *link, bool has_arrived)
{
	return !has_arrived && link->is_predialled && link->has_connected &&
	       link->kick[0] == '\0';
}

/* The next link of a player who has none; NULL, and the session ends, when nothing is left to
 * try. */
static struct link *next_link(struct journey *journey, bool has_arrived)
{
	struct session *session = journey->link->session;
	struct server *server;
	struct link *link = NULL;

	pthread_mutex_lock(&session->lock);
	bool is_wanted = session->pending == NULL && !atomic_load(&session->is_ending);
	server = deserves_retry(journey->link, has_arrived)
			 ? journey->link->server
			 : next_candidate_locked(journey, session);
	if (is_wanted && server != NULL)
		link = link_new(session, server);
	if (link != NULL) {
		link_ref(link);
		session->pending = link;
	}
	pthread_mutex_unlock(&session->lock);
	if (link == NULL && is_wanted) {
		session_end(session, journey->last_words);
		session_await_end(session);
	}
	return link;
}

/* After the end of a link: where the journey goes on, or NULL. */
static struct link *travel_on(struct journey *journey, bool has_arrived)
{
	struct session *session = journey->link->session;
	enum onward onward = detach(journey->link, has_arrived);

	if (onward == ONWARD_NOWHERE)
		return NULL;
	describe_end(journey, has_arrived);
	if (onward == ONWARD_STAY) {
		session_tell(session, "&e%s &eYou stay where you are.", journey->note);
		return NULL;
	}
	if (has_arrived) {
		journey->next = 0;
		journey->started_ms = net_now_ms();
	}
	return next_link(journey, has_arrived);
}

/* The server reader: a thread a journey, one link after the other. */
static void *server_main(void *argument)
{
	struct journey *journey = argument;

	while (journey->link != NULL) {
		struct link *link = journey->link;
		bool has_arrived = arrive(journey);

		if (has_arrived)
			link_relay(link);
		journey->link = travel_on(journey, has_arrived);
		link_unref(link);
	}
	free(journey);
	return NULL;
}

/* Sends a thread off with a link that is `pending` already; on failure undoes that. */
static bool set_off(struct session *session, struct link *link, size_t next)
{
	struct journey *journey = calloc(1, sizeof(*journey));

	if (journey != NULL) {
		journey->link = link;
		journey->next = next;
		journey->started_ms = net_now_ms();
		if (session_spawn(server_main, journey))
			return true;
	}
	free(journey);
	pthread_mutex_lock(&session->lock);
	bool was_pending = session->pending == link;
	if (was_pending)
		session->pending = NULL;
	pthread_mutex_unlock(&session->lock);
	if (was_pending)
		link_unref(link);
	link_unref(link);
	return false;
}

/* Puts a new link to `server` in the place of whatever was pending. NULL if the session is
 * ending. */
static struct link *put_pending(struct session *session, struct server *server, int predialled)
{
	struct link *link = link_new(session, server), *overtaken;

	if (link == NULL) {
		if (predialled >= 0)
			close(predialled);
		return NULL;
	}
	link->fd = predialled;
	link->is_predialled = predialled >= 0;
	pthread_mutex_lock(&session->lock);
	bool is_over = atomic_load(&session->is_ending);
	overtaken = is_over ? NULL : session->pending;
	if (!is_over) {
		link_ref(link);
		session->pending = link;
	}
	if (overtaken != NULL)
		link_shut_locked(overtaken);
	pthread_mutex_unlock(&session->lock);
	if (overtaken != NULL)
		link_unref(overtaken);
	if (!is_over)
		return link;
	link_unref(link);
	return NULL;
}

static int take_socket(struct predial *predial)
{
	int fd = predial->fd;

	predial->fd = -1;
	return fd;
}

bool session_enter(struct session *session, struct predial *predial)
{
	struct journey first = {0};
	struct server *server;
	struct link *link;

	pthread_mutex_lock(&session->lock);
	server = next_candidate_locked(&first, session);
	pthread_mutex_unlock(&session->lock);
	if (server == NULL) {
		session_end(session, "No server is linked here yet");
		return false;
	}
	link = put_pending(session, server,
			   predial->server == server ? take_socket(predial) : -1);
	if (link != NULL && set_off(session, link, first.next))
		return true;
	if (!atomic_load(&session->is_ending))
		session_log(session, LOG_ERROR, "no thread or memory for another player");
	session_end(session, "The server is full, try again later");
	return false;
}

bool session_jump(struct session *session, struct server *target)
{
	struct link *link = put_pending(session, target, -1);

	if (link != NULL && set_off(session, link, 0))
		return true;
	if (!atomic_load(&session->is_ending)) {
		session_log(session, LOG_ERROR, "no thread or memory for a jump");
		session_tell(session, "&cKurafuto is full, you stay where you are.");
	}
	return false;
}
