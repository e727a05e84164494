/* SPDX-License-Identifier: MIT */
/*
 * The table of sessions, and what concerns a session as a whole: starting, telling the player
 * something, ending. The one idea: a session ends by its client reader. Whoever wants it gone
 * says so to the client (Disconnect and a half-close); the client closes, the reader wakes,
 * everything else follows from there.
 */
#include "session.h"

#include <bsd/string.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "config_current.h"
#include "session_private.h"
#include "text.h"

/*
 * A reader's stack, with a guard page below. 12 KiB of it are touched by logins, jumps and
 * every edge command under -vv (tests/it_crowd.c measures it); resolving names happens
 * elsewhere. Sanitizers need several times as much.
 */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define STACK_SIZE (1024 * 1024)
#else
#define STACK_SIZE (64 * 1024)
#endif

#define REJOIN_MS       1000   /* how long a name's older session may take to end */
#define GATE_PING_FIRST 0x8000 /* servers mostly count from 0 */

/* Keys: T table.lock. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;    /* with lock: count has fallen */
	TAILQ_HEAD(, session) all; /* T, from start to leave */
	unsigned count;            /* T, sessions not freed yet */
	unsigned players;          /* T, sessions that hold a name */
	unsigned long next_id;     /* T */
} table = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.all = TAILQ_HEAD_INITIALIZER(table.all),
};
static pthread_once_t table_once = PTHREAD_ONCE_INIT;

static void init_cond(pthread_cond_t *cond)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(cond, &attr);
	pthread_condattr_destroy(&attr);
}

static void table_init(void)
{
	init_cond(&table.changed);
}

bool session_spawn(void *(*thread_main)(void *), void *argument)
{
	pthread_attr_t attr;
	pthread_t thread;
	int error;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	error = pthread_create(&thread, &attr, thread_main, argument);
	pthread_attr_destroy(&attr);
	return error == 0;
}

void session_ref(struct session *session)
{
	atomic_fetch_add(&session->refs, 1);
}

static void session_free(struct session *session)
{
	stream_close(&session->stream);
	free(session->host);
	free(session->path);
	footprint_free(session->footprint);
	config_release(session->config);
	trace_unref(session->trace);
	pthread_cond_destroy(&session->left);
	pthread_cond_destroy(&session->level_done);
	pthread_cond_destroy(&session->link_left);
	pthread_mutex_destroy(&session->client_tx);
	pthread_mutex_destroy(&session->turn);
	pthread_mutex_destroy(&session->lock);
	free(session);
}

void session_unref(struct session *session)
{
	if (atomic_fetch_sub(&session->refs, 1) != 1)
		return;
	session_free(session);
	pthread_mutex_lock(&table.lock);
	table.count--;
	pthread_cond_broadcast(&table.changed);
	pthread_mutex_unlock(&table.lock);
}

static struct session *session_new(const struct session_world *world, int fd,
				   const struct net_addr *peer,
				   const struct config_listener *listener)
{
	struct session *session = calloc(1, sizeof(*session));

	if (session == NULL)
		return NULL;
	session->footprint = footprint_new();
	if (session->footprint == NULL) {
		free(session);
		return NULL;
	}
	session->config = config_hold();
	strlcpy(session->listener_address, listener->address,
		sizeof(session->listener_address));
	session->listener_port = listener->port;
	session->wants_header = listener->accept_proxy;
	session->takes_web = listener->websocket;
	atomic_init(&session->refs, 1);
	atomic_init(&session->is_ending, false);
	atomic_init(&session->is_level_open, false);
	atomic_init(&session->is_traced, false);
	session->next_gate_ping = GATE_PING_FIRST;
	session->world = world;
	session->stream = (struct stream){.fd = fd};
	session->peer = *peer;
	session->started_ms = net_now_ms();
	session->is_gate_open = true;
	pthread_mutex_init(&session->lock, NULL);
	pthread_mutex_init(&session->turn, NULL);
	pthread_mutex_init(&session->client_tx, NULL);
	TAILQ_INIT(&session->leaving);
	init_cond(&session->link_left);
	init_cond(&session->level_done);
	init_cond(&session->left);
	return session;
}

/* The client reader: login, then the relay, then the end. */
static void *client_main(void *argument)
{
	struct session *session = argument;
	struct client_input in = {.bytes = malloc(CLIENT_INPUT_SIZE)};
	struct predial predial = {.fd = -1};

	if (in.bytes == NULL) {
		session_log(session, LOG_ERROR, "no memory for another player");
		session_end(session, MESSAGE_FULL, NULL);
	}
	bool is_in = in.bytes != NULL && session_login(session, &in, &predial) &&
		     session_enter(session, &predial);
	session_note_logged_in(session);
	session_drop_predial(&predial);
	if (is_in)
		session_relay_client(session, &in);
	free(in.bytes);
	session_linger(session);
	session_leave(session);
	session_unref(session);
	return NULL;
}

static void list_session(struct session *session)
{
	pthread_once(&table_once, table_init);
	pthread_mutex_lock(&table.lock);
	session->id = ++table.next_id;
	snprintf(session->subject, sizeof(session->subject), "#%lu", session->id);
	table.count++;
	TAILQ_INSERT_TAIL(&table.all, session, entries);
	pthread_mutex_unlock(&table.lock);
}

/* Takes the session out of the table and gives its name free. True if it had one. */
static bool unlist_session(struct session *session)
{
	pthread_mutex_lock(&table.lock);
	bool was_player = session->is_listed;
	TAILQ_REMOVE(&table.all, session, entries);
	if (was_player)
		table.players--;
	session->is_listed = false;
	session->has_left = true;
	pthread_cond_broadcast(&session->left);
	pthread_mutex_unlock(&table.lock);
	return was_player;
}

bool session_start(const struct session_world *world, int fd, const struct net_addr *peer,
		   const struct config_listener *listener)
{
	struct guard_ticket *ticket;

	if (!session_admit(world, fd, peer, &ticket))
		return false;
	struct session *session = session_new(world, fd, peer, listener);
	if (session == NULL) {
		log_error("no memory for another player");
		if (world->guard != NULL)
			guard_leave(world->guard, ticket, net_now_ms());
		session_turn_away(fd, MESSAGE_FULL);
		return false;
	}
	session->ticket = ticket;
	net_tune(fd);
	list_session(session);
	if (!session_spawn(client_main, session)) {
		session_log(session, LOG_ERROR, "no thread for another player (%u sessions)",
			    session_count());
		unlist_session(session);
		session_leave_door(session);
		session->stream.fd = -1;
		session_unref(session);
		session_turn_away(fd, MESSAGE_FULL);
		return false;
	}
	return true;
}

void session_log(const struct session *session, enum log_level level, const char *format, ...)
{
	char text[1100];
	va_list arguments;

	if (!log_shows(level))
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	log_line(level, session->subject, "%s", text);
}

void session_log_dialect(const struct session *session, const char *who, const char *software,
			 const struct dialect *dialect)
{
	char extensions[880], plain[PACKET_STRING_LEN + 1], name[PACKET_STRING_LEN * 3 + 1];

	if (!log_shows(LOG_DEBUG))
		return;
	text_strip_colors(plain, sizeof(plain), software);
	text_to_utf8(name, sizeof(name), plain);
	negotiate_describe(extensions, sizeof(extensions), &session->config->catalog, dialect);
	session_log(session, LOG_DEBUG, "%s (%s) speaks version %u, %s%s", who,
		    name[0] != '\0' ? name : "no software name", dialect->protocol,
		    extensions[0] != '\0' ? "extensions " : "no extensions", extensions);
}

unsigned session_count(void)
{
	pthread_mutex_lock(&table.lock);
	unsigned count = table.count;
	pthread_mutex_unlock(&table.lock);
	return count;
}

unsigned session_players(void)
{
	pthread_mutex_lock(&table.lock);
	unsigned players = table.players;
	pthread_mutex_unlock(&table.lock);
	return players;
}

/* The player of that name, other than `except`; the table is locked. */
static struct session *find_locked(const char *name, const struct session *except)
{
	struct session *session;

	TAILQ_FOREACH (session, &table.all, entries)
		if (session->is_listed && session != except &&
		    strcasecmp(session->name, name) == 0)
			return session;
	return NULL;
}

bool session_is_client_gone(const struct session *session)
{
	struct pollfd fd = {.fd = session->stream.fd, .events = POLLRDHUP};

	return poll(&fd, 1, 0) > 0;
}

/* Ends an older session of the same verified player. Its links are shut, so its name is free at
 * once; that its client has gone, perhaps long ago, need not be waited for. */
static void replace(struct session *older)
{
	session_log(older, LOG_INFO, "replaced by a new login of the same player");
	session_end(older, MESSAGE_REPLACED, NULL);
	pthread_mutex_lock(&table.lock);
	if (older->is_listed)
		table.players--;
	older->is_listed = false;
	pthread_mutex_unlock(&table.lock);
}

/* Waits until the client reader is done or the deadline has passed; the table is locked. */
static bool wait_left_locked(struct session *session, int64_t deadline_ms)
{
	struct timespec until = net_timespec(deadline_ms);
	int error = 0;

	while (!session->has_left && error != ETIMEDOUT)
		error = pthread_cond_timedwait(&session->left, &table.lock, &until);
	return session->has_left;
}

/* Is an older session over, whether or not its reader has noticed. Who has closed it and comes
 * again need only wait a moment. */
static bool is_going(const struct session *older, int64_t deadline_ms)
{
	return (atomic_load(&older->is_ending) || session_is_client_gone(older)) &&
	       net_now_ms() < deadline_ms;
}

bool session_claim_name(struct session *session, enum message *why)
{
	int64_t deadline_ms = net_now_ms() + REJOIN_MS;
	struct session *older;

	pthread_mutex_lock(&table.lock);
	while ((older = find_locked(session->name, session)) != NULL) {
		if (!session->is_verified && !is_going(older, deadline_ms)) {
			pthread_mutex_unlock(&table.lock);
			*why = MESSAGE_LOGIN_NAME_TAKEN;
			return false;
		}
		session_ref(older);
		if (!session->is_verified)
			wait_left_locked(older, deadline_ms);
		pthread_mutex_unlock(&table.lock);
		if (session->is_verified)
			replace(older);
		session_unref(older);
		pthread_mutex_lock(&table.lock);
	}
	bool has_room = table.players < config_now()->max_players;
	if (has_room) {
		session->is_listed = true;
		table.players++;
	}
	pthread_mutex_unlock(&table.lock);
	*why = MESSAGE_FULL;
	return has_room;
}

/* The end of the packet that byte `at` of a run of whole packets lies in; `at` itself between
 * two, and 0 if these are no packets that the client knows. */
static size_t packet_end(const struct session *session, const uint8_t *data, size_t at)
{
	size_t end = 0, size = 1;

	while (end < at && size > 0) {
		size = dialect_size(&session->dialect, PACKET_TO_CLIENT, data[end]);
		end += size;
	}
	return size > 0 ? end : 0;
}

/* Puts what the client gets into the session's trace. client_tx held. */
static void trace_locked(const struct session *session, const uint8_t *data, size_t size)
{
	const struct link *link = session->current;

	if (session_is_traced(session))
		session_trace_packets(session, TRACE_TO_CLIENT,
				      link != NULL ? link->server : NULL, &session->dialect,
				      data, size);
}

void session_send_locked(struct session *session, const uint8_t *data, size_t size)
{
	int64_t timeout_ms = config_now()->client_timeout_ms;
	size_t sent = 0;

	if (session->is_broken || size == 0 || atomic_load(&session->is_ending))
		return;
	trace_locked(session, data, size);
	if (stream_send(&session->stream, data, size, net_deadline_ms(timeout_ms),
			&session->is_ending, &sent) == 0)
		return;
	if (errno == ECANCELED) { /* the goodbye must begin where a packet can begin */
		size_t end = packet_end(session, data, sent + stream_owed(&session->stream));

		if (end == sent ||
		    (end > sent &&
		     stream_send(&session->stream, data + sent, end - sent,
				 net_deadline_ms(SESSION_LINGER_MS / 2), NULL, NULL) == 0))
			return;
	}
	session->is_broken = true;
	shutdown(session->stream.fd, SHUT_RDWR);
}

void session_lock_tx(struct session *session)
{
	pthread_mutex_lock(&session->turn);
	pthread_mutex_lock(&session->client_tx);
	pthread_mutex_unlock(&session->turn);
}

void session_send(struct session *session, const uint8_t *data, size_t size)
{
	session_lock_tx(session);
	session_send_locked(session, data, size);
	pthread_mutex_unlock(&session->client_tx);
}

/* Says goodbye on the wire: a Disconnect, if a packet can still begin, and the end of our half.
 * After begin_end(), so whoever holds client_tx lets go within a good second. */
static void say_goodbye(struct session *session, const char *reason, int64_t deadline_ms)
{
	uint8_t packet[PACKET_SIZE_MAX];

	session_lock_tx(session);
	/* the dialect is the login's until the game has begun */
	size_t size = session_write_disconnect(
		packet, reason,
		session->is_in_game && dialect_has(&session->dialect, EXT_FULL_CP437));
	if (!session->is_broken) {
		trace_locked(session, packet, size);
		if (stream_send(&session->stream, packet, size, deadline_ms, NULL, NULL) == 0)
			stream_send_close(&session->stream, WEBSOCKET_NORMAL);
	}
	session->is_broken = true;
	pthread_cond_broadcast(&session->level_done);
	pthread_mutex_unlock(&session->client_tx);
	shutdown(session->stream.fd, SHUT_WR);
}

/* Ends what is left of links that servers should have ended by now: by the deadline, or all.
 * session.lock held. */
static void cut_leaving_locked(struct session *session, int64_t now_ms)
{
	struct link *link;

	TAILQ_FOREACH (link, &session->leaving, leaving_entries)
		if (now_ms >= link->leave_deadline_ms)
			shutdown(link->stream.fd, SHUT_RDWR);
}

void session_sweep(void)
{
	struct session *session;

	pthread_mutex_lock(&table.lock);
	TAILQ_FOREACH (session, &table.all, entries) {
		pthread_mutex_lock(&session->lock);
		cut_leaving_locked(session, net_now_ms());
		pthread_mutex_unlock(&session->lock);
	}
	pthread_mutex_unlock(&table.lock);
}

/* Marks the session as ending; false if it was already. */
static bool begin_end(struct session *session, const char *reason)
{
	pthread_mutex_lock(&session->lock);
	bool first = !atomic_exchange(&session->is_ending, true);
	if (first)
		strlcpy(session->end_reason, reason, sizeof(session->end_reason));
	if (session->current != NULL)
		link_shut_locked(session->current);
	if (session->pending != NULL)
		link_shut_locked(session->pending);
	cut_leaving_locked(session, INT64_MAX);
	pthread_mutex_unlock(&session->lock);
	return first;
}

static void end(struct session *session, const char *said, const char *logged)
{
	if (begin_end(session, logged))
		say_goodbye(session, said, net_deadline_ms(SESSION_LINGER_MS / 2));
}

void session_end_for(struct session *session, const struct session_reason *reason)
{
	end(session, reason->said, reason->logged);
}

void session_end_each(struct session *const *sessions, const struct session_reason *reasons,
		      size_t n)
{
	int64_t deadline_ms = net_deadline_ms(SESSION_LINGER_MS / 2);

	for (size_t i = 0; i < n; i++)
		begin_end(sessions[i], reasons[i].logged);
	for (size_t i = 0; i < n; i++)
		say_goodbye(sessions[i], reasons[i].said, deadline_ms);
}

void session_end_with(struct session *session, const char *words)
{
	end(session, words, words);
}

void session_await_end(struct session *session)
{
	pthread_mutex_lock(&table.lock);
	if (!wait_left_locked(session, net_now_ms() + SESSION_LINGER_MS)) {
		shutdown(session->stream.fd, SHUT_RDWR);
		wait_left_locked(session, net_now_ms() + SESSION_LINGER_MS);
	}
	pthread_mutex_unlock(&table.lock);
}

void session_linger(struct session *session)
{
	int64_t deadline_ms = net_now_ms() + SESSION_LINGER_MS;
	uint8_t scrap[512];

	while (atomic_load(&session->is_ending) &&
	       net_recv(session->stream.fd, scrap, sizeof(scrap), deadline_ms) > 0)
		;
}

void session_leave(struct session *session)
{
	begin_end(session, "the client closed the connection");
	session_lock_tx(session);
	session->is_broken = true;
	pthread_cond_broadcast(&session->level_done);
	pthread_mutex_unlock(&session->client_tx);
	shutdown(session->stream.fd, SHUT_RDWR);
	session_unqueue(session);
	session_leave_door(session);
	if (unlist_session(session))
		session_log(session, LOG_INFO, "leaves after %lld s: %s",
			    (long long)session_age_ms(session) / 1000, session->end_reason);
}

/* Waits until no session is left or the deadline has passed; the table is locked. */
static bool wait_empty_locked(int64_t deadline_ms)
{
	struct timespec until = net_timespec(deadline_ms);
	int error = 0;

	while (table.count > 0 && error != ETIMEDOUT)
		error = pthread_cond_timedwait(&table.changed, &table.lock, &until);
	return table.count == 0;
}

/* References to all sessions, so that they can be ended without the table's lock. */
static struct session **hold_all(size_t *n)
{
	struct session *session, **held;

	*n = 0;
	pthread_mutex_lock(&table.lock);
	held = calloc(table.count + 1, sizeof(struct session *));
	TAILQ_FOREACH (session, &table.all, entries) {
		if (held == NULL)
			break;
		session_ref(session);
		held[(*n)++] = session;
	}
	pthread_mutex_unlock(&table.lock);
	return held;
}

void session_end_all(int64_t timeout_ms, enum message message, ...)
{
	int64_t deadline_ms = net_now_ms() + timeout_ms;
	int64_t goodbye_ms = net_now_ms() + timeout_ms / 2; /* shared: some may not read */
	struct session *session, **held;
	struct session_reason reason;
	va_list pairs;
	size_t n;

	va_start(pairs, message);
	session_vreason(&reason, message, pairs);
	va_end(pairs);
	pthread_once(&table_once, table_init);
	held = hold_all(&n);
	for (size_t i = 0; i < n; i++)
		begin_end(held[i], reason.logged);
	for (size_t i = 0; i < n; i++)
		say_goodbye(held[i], reason.said, goodbye_ms);
	for (size_t i = 0; i < n; i++)
		session_unref(held[i]);
	free(held);
	pthread_mutex_lock(&table.lock);
	if (!wait_empty_locked(deadline_ms)) {
		TAILQ_FOREACH (session, &table.all, entries)
			shutdown(session->stream.fd, SHUT_RDWR);
		wait_empty_locked(net_now_ms() + timeout_ms);
	}
	pthread_mutex_unlock(&table.lock);
}

const char *session_name(const struct session *session)
{
	return session->name;
}

const char *session_subject(const struct session *session)
{
	return session->subject;
}

bool session_is_verified(const struct session *session)
{
	return session->is_verified;
}

unsigned long session_id(const struct session *session)
{
	return session->id;
}

struct server *session_server(struct session *session)
{
	pthread_mutex_lock(&session->lock);
	struct server *server = session->current != NULL ? session->current->server : NULL;
	pthread_mutex_unlock(&session->lock);
	return server;
}

struct server *session_stay(struct session *session)
{
	pthread_mutex_lock(&session->lock);
	struct server *lost = session->lost;
	session->lost = NULL;
	pthread_mutex_unlock(&session->lock);
	session_cancel(session, true);
	if (lost != NULL)
		session_clear(session, SESSION_PLACE_TOP);
	return lost;
}

void session_place_name(const struct session *session, char *out, size_t size)
{
	const struct config *config = config_now();
	const struct config_listener *listener = session_listener_row(session, config);

	strlcpy(out, listener != NULL ? listener->name : config->name, size);
}

int session_ping_ms(const struct session *session)
{
	int us = net_rtt_us(session->stream.fd);

	return us < 0 ? -1 : (us + 500) / 1000;
}

int64_t session_age_ms(const struct session *session)
{
	return net_now_ms() - session->started_ms;
}

void session_each(session_each_fn *fn, void *context)
{
	struct session *session;

	pthread_mutex_lock(&table.lock);
	TAILQ_FOREACH (session, &table.all, entries)
		if (session->is_listed)
			fn(context, session);
	pthread_mutex_unlock(&table.lock);
}
