/* SPDX-License-Identifier: MIT */
/*
 * What admins ask and want of players: who is there, a word to all of them, the door, traces.
 * The one idea: whoever looks at many sessions collects references under the table's lock and
 * does the work afterwards, so that nobody waits for a client that does not read.
 */
#include <bsd/string.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config_current.h"
#include "messages.h"
#include "session_private.h"
#include "text.h"

#define FEW 16 /* players whom a ban ends at a time, if there is no memory for more */

static _Atomic enum session_door door = SESSION_DOOR_OPEN;
static atomic_ulong events[SESSION_EVENTS];
static pthread_mutex_t trace_lock = PTHREAD_MUTEX_INITIALIZER; /* of every session's `trace` */

/* ---- who is there ---- */

struct held {
	struct session **sessions; /* NULL without memory */
	size_t n, room;
};

static void hold_one(void *context, struct session *session)
{
	struct held *held = context;

	if (atomic_load(&session->is_ending))
		return;
	if (held->n == held->room) {
		size_t room = held->room * 2;
		struct session **grown =
			reallocarray(held->sessions, room, sizeof(struct session *));

		if (grown == NULL)
			return;
		held->sessions = grown;
		held->room = room;
	}
	session_ref(session);
	held->sessions[held->n++] = session;
}

struct session **session_hold_players(size_t *n)
{
	struct held held = {.room = 64};

	held.sessions = calloc(held.room, sizeof(struct session *));
	if (held.sessions != NULL)
		session_each(hold_one, &held);
	*n = held.n;
	return held.sessions;
}

void session_release_all(struct session **sessions, size_t n)
{
	for (size_t i = 0; i < n; i++)
		session_unref(sessions[i]);
	free(sessions);
}

void session_release(struct session *session)
{
	if (session != NULL)
		session_unref(session);
}

struct search {
	const char *name;
	size_t length;           /* of `name`, if a beginning will do */
	struct session *exact;   /* with a reference */
	struct session *partial; /* with a reference: one of those that begin so */
	unsigned matches;        /* how many do */
	struct text_list list;   /* their names */
};

static void look_at(void *context, struct session *session)
{
	struct search *search = context;

	if (atomic_load(&session->is_ending))
		return;
	if (strcasecmp(session->name, search->name) == 0) {
		session_ref(session);
		search->exact = session;
	} else if (search->length > 0 &&
		   strncasecmp(session->name, search->name, search->length) == 0) {
		search->matches++;
		text_list_add(&search->list, session->name);
		if (search->partial == NULL) {
			session_ref(session);
			search->partial = session;
		}
	}
}

struct session *session_find(const char *name)
{
	struct search search = {.name = name};

	session_each(look_at, &search);
	return search.exact;
}

/* The name that is most like one that nobody has. */
static void find_nearest(const char *name, char *out, size_t size)
{
	size_t n;
	struct session **held = session_hold_players(&n);
	const char **names = calloc(n + 1, sizeof(*names));
	const char *nearest = NULL;

	for (size_t i = 0; names != NULL && i < n; i++)
		names[i] = held[i]->name;
	if (names != NULL)
		nearest = text_nearest(name, names, n);
	strlcpy(out, nearest != NULL ? nearest : "", size);
	free(names);
	session_release_all(held, n);
}

enum session_match session_find_like(const char *name, struct session **out, char *candidates,
				     size_t size)
{
	struct search search = {.name = name, .length = strlen(name)};

	text_list_begin(&search.list, candidates, size);
	session_each(look_at, &search);
	message_list_end(&search.list, config_now()->messages.items);
	*out = search.exact != NULL ? search.exact : search.partial;
	if (search.exact != NULL)
		session_release(search.partial);
	if (search.exact != NULL || search.matches == 1)
		return SESSION_FOUND;
	session_release(search.partial);
	*out = NULL;
	if (search.matches > 1)
		return SESSION_AMBIGUOUS;
	find_nearest(name, candidates, size);
	return SESSION_UNKNOWN;
}

/* ---- a word to players ---- */

/* Waits for a mutex until the deadline. gcc's ThreadSanitizer does not see
 * pthread_mutex_clocklock(), and so would take the mutex for free. */
bool session_lock_by(pthread_mutex_t *mutex, int64_t deadline_ms)
{
#ifdef __SANITIZE_THREAD__
	int64_t left_ms = deadline_ms - net_now_ms();
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += left_ms > 0 ? left_ms / 1000 + 1 : 0;
	return pthread_mutex_timedlock(mutex, &until) == 0;
#else
	struct timespec until = net_timespec(deadline_ms);

	return pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, &until) == 0;
#endif
}

bool session_lock_tx_by(struct session *session, int64_t deadline_ms)
{
	if (!session_lock_by(&session->turn, deadline_ms))
		return false;
	bool is_locked = session_lock_by(&session->client_tx, deadline_ms);
	pthread_mutex_unlock(&session->turn);
	return is_locked;
}

bool session_has_room(const struct session *session)
{
	struct pollfd fd = {.fd = session->stream.fd, .events = POLLOUT};

	return poll(&fd, 1, 0) > 0 && (fd.revents & POLLOUT) != 0;
}

/* Sends a text (CP437) to a player who is in the game. False if they could not have it by then.
 */
static bool notify_by(struct session *session, const char *text, int64_t deadline_ms)
{
	uint8_t packets[SESSION_LINES_SIZE];
	size_t size = session_write_lines(session, packets, sizeof(packets), text);

	if (!session_lock_tx_by(session, deadline_ms))
		return false;
	bool is_sent = session->is_in_game && !session->is_broken &&
		       !atomic_load(&session->is_ending) && session_has_room(session);
	if (is_sent)
		session_send_locked(session, packets, size);
	pthread_mutex_unlock(&session->client_tx);
	return is_sent;
}

/* A message in CP437. */
static void format_text(char text[static SESSION_TEXT_MAX], enum message message, va_list pairs)
{
	char utf8[SESSION_TEXT_MAX];

	config_vmessage(utf8, sizeof(utf8), message, pairs);
	text_from_utf8(text, SESSION_TEXT_MAX, utf8);
}

bool session_notify(struct session *session, enum message message, ...)
{
	char text[SESSION_TEXT_MAX];
	va_list pairs;

	va_start(pairs, message);
	format_text(text, message, pairs);
	va_end(pairs);
	return text[0] != '\0' && notify_by(session, text, net_now_ms() + SESSION_NOTIFY_MS);
}

bool session_notify_by(struct session *session, int64_t deadline_ms, enum message message, ...)
{
	char text[SESSION_TEXT_MAX];
	va_list pairs;

	va_start(pairs, message);
	format_text(text, message, pairs);
	va_end(pairs);
	return text[0] != '\0' && notify_by(session, text, deadline_ms);
}

unsigned session_notify_all(enum message message, ...)
{
	char text[SESSION_TEXT_MAX];
	unsigned sent = 0;
	size_t n, left = 0;
	va_list pairs;

	va_start(pairs, message);
	format_text(text, message, pairs);
	va_end(pairs);
	if (text[0] == '\0')
		return 0;
	struct session **held = session_hold_players(&n);
	for (size_t i = 0; i < n; i++) { /* who can't at once goes to the front of the array */
		struct session *session = held[i];

		if (notify_by(session, text, 0)) {
			sent++;
			continue;
		}
		held[i] = held[left];
		held[left++] = session;
	}
	int64_t deadline_ms = net_now_ms() + SESSION_NOTIFY_MS;
	for (size_t i = 0; i < left; i++)
		sent += notify_by(held[i], text, deadline_ms) ? 1 : 0;
	session_release_all(held, n);
	return sent;
}

void session_ban_reason(struct session_reason *reason, const struct bans_entry *ban,
			int64_t now_s)
{
	static const enum message messages[2][2] = {
		{MESSAGE_BANNED, MESSAGE_BANNED_REASON},
		{MESSAGE_BANNED_FOR, MESSAGE_BANNED_FOR_REASON},
	};
	char left[64];

	bans_left_text(left, sizeof(left), ban->until_s - now_s);
	session_reason(reason, messages[ban->until_s != 0][ban->reason[0] != '\0'], "time",
		       left, "reason", ban->reason, NULL);
}

/* The next sessions in the order of their numbers, so that nobody is looked at twice. */
struct batch {
	struct session **sessions;      /* references */
	struct session_reason *reasons; /* of those whom a ban meets */
	size_t n, room;
	unsigned long after; /* the number of the last one */
};

static void take_next(void *context, struct session *session)
{
	struct batch *batch = context;

	if (batch->n == batch->room || session->id <= batch->after ||
	    atomic_load(&session->is_ending))
		return;
	session_ref(session);
	batch->sessions[batch->n++] = session;
}

/* Ends those of a batch whom a ban meets, all at once. How many. */
static size_t end_batch(struct batch *batch, struct bans *bans, struct text_list *names)
{
	struct bans_entry ban;
	int64_t now_s = time(NULL);
	size_t met = 0;

	for (size_t i = 0; i < batch->n; i++) {
		struct session *session = batch->sessions[i];

		if (!bans_find(bans, session->name, &session->peer, now_s, &ban))
			continue;
		session_ban_reason(&batch->reasons[met], &ban, now_s);
		text_list_add(names, session->name);
		batch->sessions[i] = batch->sessions[met]; /* they go to the front */
		batch->sessions[met++] = session;
	}
	session_end_each(batch->sessions, batch->reasons, met);
	return met;
}

/* Goes through all players, as many at a time as a batch has room for. */
static size_t end_batches(struct batch *batch, struct bans *bans, struct text_list *names)
{
	size_t met = 0;

	do {
		batch->n = 0;
		session_each(take_next, batch);
		if (batch->n > 0)
			batch->after = batch->sessions[batch->n - 1]->id;
		met += end_batch(batch, bans, names);
		for (size_t i = 0; i < batch->n; i++)
			session_unref(batch->sessions[i]);
	} while (batch->n == batch->room);
	return met;
}

unsigned session_end_banned(struct bans *bans, char *names, size_t size)
{
	struct session *few[FEW];
	struct session_reason few_reasons[FEW];
	struct batch batch = {.room = session_count() + FEW};
	struct text_list list;

	batch.sessions = calloc(batch.room, sizeof(struct session *));
	batch.reasons = calloc(batch.room, sizeof(*batch.reasons));
	bool has_memory = batch.sessions != NULL && batch.reasons != NULL;
	struct batch small = {.sessions = few, .reasons = few_reasons, .room = FEW};
	text_list_begin(&list, names, size);
	size_t met = end_batches(has_memory ? &batch : &small, bans, &list);
	message_list_end(&list, config_now()->messages.items);
	free(batch.sessions);
	free(batch.reasons);
	return (unsigned)met;
}

/* ---- the door ---- */

void session_set_door(enum session_door new_door)
{
	atomic_store(&door, new_door);
}

enum session_door session_door(void)
{
	return atomic_load(&door);
}

/* ---- counts ---- */

void session_count_event(enum session_event event)
{
	atomic_fetch_add_explicit(&events[event], 1, memory_order_relaxed);
}

void session_get_counts(struct session_counts *counts)
{
	*counts = (struct session_counts){
		.joins = atomic_load(&events[SESSION_JOINS]),
		.jumps = atomic_load(&events[SESSION_MOVES]),
		.falls = atomic_load(&events[SESSION_FALLS]),
		.refused = atomic_load(&events[SESSION_REFUSED]),
	};
}

/* ---- traces ---- */

bool session_is_traced(const struct session *session)
{
	return atomic_load_explicit(&session->is_traced, memory_order_relaxed);
}

bool session_trace(struct session *session, struct trace *trace)
{
	if (trace != NULL)
		trace_ref(trace);
	pthread_mutex_lock(&trace_lock);
	struct trace *old = session->trace;
	session->trace = trace;
	atomic_store(&session->is_traced, trace != NULL);
	pthread_mutex_unlock(&trace_lock);
	trace_unref(old);
	return trace != NULL || old != NULL;
}

void session_trace_packets(const struct session *session, enum trace_way way,
			   const struct server *server, const struct dialect *dialect,
			   const uint8_t *data, size_t size)
{
	pthread_mutex_lock(&trace_lock);
	struct trace *trace = session->trace;
	if (trace != NULL)
		trace_ref(trace);
	pthread_mutex_unlock(&trace_lock);
	if (trace == NULL)
		return;
	trace_packets(trace, way, server != NULL ? server_name(server) : NULL, dialect, data,
		      size);
	trace_unref(trace);
}

/* ---- facts ---- */

const struct net_addr *session_peer(const struct session *session)
{
	return &session->peer;
}

void session_software(const struct session *session, char out[static SESSION_SOFTWARE_MAX])
{
	char plain[PACKET_STRING_LEN + 1];

	text_strip_colors(plain, sizeof(plain), session->software);
	text_to_utf8(out, SESSION_SOFTWARE_MAX, plain);
}

unsigned session_protocol(const struct session *session)
{
	return session->dialect.protocol;
}

bool session_has_cpe(const struct session *session)
{
	return session->dialect.cpe;
}

void session_listener(const struct session *session, char out[static NET_ADDR_TEXT])
{
	struct net_addr here = {.len = sizeof(here.storage)};

	strlcpy(out, "?", NET_ADDR_TEXT);
	if (getsockname(session->stream.fd, (struct sockaddr *)&here.storage, &here.len) == 0)
		net_addr_text(out, &here, true);
}

bool session_hides(const struct session *session, enum packet_direction direction)
{
	return atomic_load_explicit(&session->hides[direction], memory_order_relaxed);
}

void session_set_hides(struct session *session, enum packet_direction direction, bool hides)
{
	atomic_store_explicit(&session->hides[direction], hides, memory_order_relaxed);
}
