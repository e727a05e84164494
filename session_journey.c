/* SPDX-License-Identifier: MIT */
/*
 * Where a player goes. The one idea: joining, jumping and falling back are the same journey of
 * one thread, the server reader. It makes a link to a server, and only when that server has let
 * the player in does the link become current; when it ends, the same thread travels on.
 */
#include <bsd/string.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config_current.h"
#include "session_private.h"
#include "text.h"

#define TRIED_WORDS 8
#define HOPS_MAX    8     /* servers in a row that send a player on by a kick */
#define LASTING_MS  10000 /* a link that lasted so long has been a good one */

/* What became of a link: a message, told when and as often as need be. */
struct news {
	enum message message;
	const char *server;           /* its name; NULL: there is no news */
	const char *target;           /* where it sends the player on to */
	char reason[SESSION_WHY_MAX]; /* UTF-8; or the name that is no other server's */
};

/* What a server reader is up to. Only its thread touches it. */
struct journey {
	struct session *session;     /* a reference */
	struct link *link;           /* the link being made, or running */
	uint64_t tried[TRIED_WORDS]; /* bits by server_index(): next_candidate() is past them */
	bool has_tried_lobby;
	int64_t started_ms;
	unsigned wish;             /* its number among the player's (s), 0: unasked */
	bool is_asked;             /* the player, or somebody for them, wants to be there */
	bool is_put_out;           /* SESSION_PUT_OUT */
	bool was_kicked;           /* on the way */
	unsigned hops;             /* how often a kick has named the next server, in a row */
	int64_t arrived_ms;        /* at the server of the link */
	const char *from;          /* the server before, or NULL */
	const struct server *lost; /* the server that they fall back from */
	struct news news;          /* why the player was moved, to be told on arrival */
	struct news last;          /* for the Disconnect when nothing is left */
};

static bool has_tried(const struct journey *journey, const struct server *server)
{
	size_t bit = server_index(server) % (TRIED_WORDS * 64);

	return (journey->tried[bit / 64] >> bit % 64 & 1) != 0;
}

static void note_tried(struct journey *journey, const struct server *server)
{
	size_t bit = server_index(server) % (TRIED_WORDS * 64);

	journey->tried[bit / 64] |= (uint64_t)1 << bit % 64;
}

static bool shuns_tried(void *context, const struct server *server)
{
	const struct journey *journey = context;

	return has_tried(journey, server) ||
	       session_is_avoided_locked(journey->session, server);
}

static struct server *reserve_lobby(struct journey *journey)
{
	struct server *lobby = registry_lobby(journey->session->world->registry);
	struct server_guest guest = session_guest(journey->session, false);

	if (lobby == NULL || journey->has_tried_lobby ||
	    session_is_avoided_locked(journey->session, lobby) ||
	    server_reserve(lobby, &guest) != SERVER_ADMITS)
		return NULL;
	journey->has_tried_lobby = true;
	return lobby;
}

/*
 * The next server that a journey may try without being asked: hubs that are up, the lobby, and
 * when there is none the hubs that are thought to be down. NULL when nothing is left. `lock`
 * held.
 */
static struct server *next_candidate_locked(struct journey *journey)
{
	struct session *session = journey->session;
	const struct config_hubs *hubs = session_hubs(session);
	struct server_guest guest = session_guest(session, false);

	guest.shuns = shuns_tried;
	guest.context = journey;
	struct server *server = server_choose(session->world->registry, hubs, &guest, false);
	if (server == NULL) {
		struct server *lobby = reserve_lobby(journey);

		if (lobby != NULL)
			return lobby;
		server = server_choose(session->world->registry, hubs, &guest, true);
	}
	if (server != NULL)
		note_tried(journey, server);
	return server;
}

const struct config_listener *session_listener_row(const struct session *session,
						   const struct config *config)
{
	for (size_t i = 0; i < config->n_listeners; i++) {
		const struct config_listener *listener = &config->listeners[i];

		if (listener->port == session->listener_port &&
		    strcmp(listener->address, session->listener_address) == 0)
			return listener;
	}
	return NULL;
}

const struct config_hubs *session_hubs(const struct session *session)
{
	const struct config *config = config_now();

	const struct config_listener *listener = session_listener_row(session, config);

	const struct config_hubs *own =
		listener != NULL && session->path != NULL
			? config_find_path(listener, session->host, session->path)
			: NULL;

	return own != NULL ? own : listener != NULL ? &listener->hubs : &config->hubs;
}

/* Is the player being brought back: nobody has asked for it, nobody hears of its failure. */
bool session_is_unasked(const struct link *link)
{
	struct session *session = link->session;

	pthread_mutex_lock(&session->lock);
	bool is_unasked = link->is_return;
	pthread_mutex_unlock(&session->lock);
	return is_unasked;
}

/* From its arrival on a link is like any other. */
static void asked_for(struct link *link)
{
	pthread_mutex_lock(&link->session->lock);
	link->is_return = false;
	pthread_mutex_unlock(&link->session->lock);
}

static bool ends_sentence(const char *text)
{
	size_t length = strlen(text);

	return length > 0 && strchr(".!?", text[length - 1]) != NULL;
}

/* Tells news, as the {why} of a message that may have a {server}, too. */
static void tell_news(struct session *session, enum message message, const struct news *news,
		      const char *server)
{
	char why[SESSION_TEXT_MAX];

	config_message(why, sizeof(why), news->message, "server", news->server, "target",
		       news->target, "reason", news->reason, "name", news->reason, "dot",
		       ends_sentence(news->reason) ? "" : ".", NULL);
	session_say(session, message, "why", why, "server", server, NULL);
}

/* One line in the log for a join, a jump and a fallback, and a word to a player who was moved.
 */
static void announce(struct journey *journey, bool is_first)
{
	struct session *session = journey->session;
	const char *to = server_name(journey->link->server);
	int64_t since_ms = is_first ? session->started_ms : journey->started_ms;
	long long ms = (long long)(net_now_ms() - since_ms);
	bool is_return = session_is_unasked(journey->link);
	bool falls = journey->news.server != NULL;
	char address[NET_ADDR_TEXT], software[SESSION_SOFTWARE_MAX];

	session_count_event(is_first ? SESSION_JOINS : !falls ? SESSION_MOVES : SESSION_FALLS);
	log_address(address, &session->peer, true);
	session_software(session, software);
	if (is_first)
		session_log(session, LOG_INFO, "joins %s from %s with %s%s in %lld ms%s", to,
			    address,
			    session->dialect.cpe ? software : "a Classic client without CPE",
			    session->path != NULL ? " by WebSocket" : "", ms,
			    session->is_verified ? "" : ", name unverified");
	else if (!falls)
		session_log(session, LOG_INFO, "%s%s%s to %s in %lld ms",
			    is_return ? "returns" : "jumps",
			    journey->from != NULL ? " from " : "",
			    journey->from != NULL ? journey->from : "", to, ms);
	else
		session_log(session, crowd_falls(journey->lost, journey->link->server),
			    "falls back to %s in %lld ms", to, ms);
	if (falls)
		tell_news(session, MESSAGE_MOVED, &journey->news, to);
	else if (is_return)
		session_say(session, MESSAGE_RETURN_DONE, "server", to, NULL);
	journey->news.server = NULL;
}

static bool log_in(struct link *link)
{
	return link_dial(link) &&
	       link_login(link, net_deadline_ms(config_now()->login_timeout_ms));
}

/* Why the player is in the lobby decides whether they are brought back. `previous`: where they
 * were until now, or NULL. */
static void stand_in_lobby(const struct journey *journey, struct server *previous)
{
	struct session *session = journey->session;

	pthread_mutex_lock(&session->lock);
	if (journey->is_put_out && previous != NULL)
		return_remember_locked(session, previous, true);
	pthread_mutex_unlock(&session->lock);
	return_promise(session, !journey->is_asked && !journey->was_kicked);
}

/* Dials, logs in and becomes current. A player in a game stays in it until the new level is
 * there. */
static bool arrive(struct journey *journey)
{
	struct link *link = journey->link;
	struct session *session = journey->session;
	struct server *previous = session_server(session);

	session_lock_tx(session);
	bool is_first = !session->has_joined;
	link->waits_for_level = session->is_in_game;
	pthread_mutex_unlock(&session->client_tx);
	link_make_way(link);
	bool is_in = log_in(link);
	if (!is_in && link_try_again(link))
		is_in = log_in(link);
	link_report(link, is_in);
	if (!is_in || !link_adopt(link))
		return false;
	session_log_dialect(session, server_name(link->server), link->negotiate.software,
			    &link->dialect);
	if (previous != NULL)
		journey->from = server_name(previous);
	announce(journey, is_first);
	asked_for(link);
	if (server_is_lobby(link->server))
		stand_in_lobby(journey, previous);
	else if (session->world->places != NULL)
		places_note(session->world->places, session->name, server_name(link->server));
	journey->arrived_ms = net_now_ms();
	journey->was_kicked = false;
	journey->last.server = NULL;
	return true;
}

enum onward {
	ONWARD_NOWHERE, /* the session is ending, or another link has taken this one's place */
	ONWARD_STAY,    /* a jump has failed: the player is where they were */
	ONWARD_JUMP,    /* a jump is on its way, and is all that the player has now */
	ONWARD_FALL,    /* the player has no link */
};

/* What the end of a link means for the player. `lock` held, the link is taken out already. */
static enum onward judge_locked(const struct session *session, bool has_arrived)
{
	if (atomic_load(&session->is_ending))
		return ONWARD_NOWHERE;
	if (session->current != NULL)
		return ONWARD_STAY;
	if (session->pending != NULL)
		return has_arrived ? ONWARD_JUMP : ONWARD_NOWHERE;
	return ONWARD_FALL;
}

/* Takes an ended link out of the session, and says what that means for the journey. */
static enum onward detach(const struct journey *journey, bool has_arrived)
{
	struct link *link = journey->link;
	struct session *session = link->session;
	bool has_lasted = has_arrived && net_now_ms() - journey->arrived_ms >= LASTING_MS;
	struct link **place = has_arrived ? &session->current : &session->pending;
	enum onward onward = ONWARD_NOWHERE;

	session_lock_tx(session);
	pthread_mutex_lock(&session->lock);
	bool was_there = *place == link;
	if (was_there) {
		*place = NULL;
		onward = judge_locked(session, has_arrived);
	}
	if (has_arrived && was_there)
		server_player_left(link->server);
	if ((onward == ONWARD_FALL || onward == ONWARD_JUMP) && !link->is_our_fault &&
	    link->onward == NULL) {
		if (!has_arrived || link->generation == server_generation(link->server))
			session_avoid_locked(session, link->server); /* else it has moved */
		if (link->kick[0] == '\0' && has_arrived && !server_is_lobby(link->server))
			return_remember_locked(session, link->server, has_lasted);
	}
	if (onward == ONWARD_STAY &&
	    (link->kick[0] != '\0' || (link->is_return && session->wants_any_hub)))
		session_avoid_locked(session, link->server);
	atomic_store(&link->is_closed, true);
	pthread_mutex_unlock(&session->lock);
	pthread_cond_broadcast(&session->level_done);
	pthread_mutex_unlock(&session->client_tx);
	if (was_there)
		link_unref(link); /* the reference of `current` or `pending` */
	return onward;
}

/* Why the link ended. */
static struct news news_of(const struct link *link, bool has_arrived)
{
	bool is_kick = link->kick[0] != '\0';
	struct news news = {.server = server_name(link->server)};
	char fault[SESSION_WHY_MAX];
	const char *reason = is_kick ? link->kick : link_said_fault(link, fault);

	if (link->onward != NULL) {
		bool is_refused = link->onward_fault != NULL;

		news.message = is_refused ? MESSAGE_SENT_REFUSED : MESSAGE_SENT_ONWARD;
		news.target = server_name(link->onward);
		reason = link_said_fault(link, fault);
	} else if (link->stray[0] != '\0') {
		news.message = MESSAGE_SENT_NOWHERE;
		reason = link->stray;
	} else if (is_kick) {
		news.message = MESSAGE_SERVER_KICKED;
	} else {
		news.message = has_arrived ? MESSAGE_SERVER_GONE : MESSAGE_SERVER_UNREACHABLE;
	}
	strlcpy(news.reason, reason, sizeof(news.reason));
	return news;
}

/* Why the link ended, for the log: a player of a crowd has no line of their own. */
static void log_end(struct journey *journey, bool has_arrived)
{
	const struct link *link = journey->link;
	bool is_kick = link->kick[0] != '\0';
	enum log_level level = session_is_unasked(link) && !is_kick ? LOG_DEBUG : LOG_INFO;
	char why[SESSION_WHY_MAX + 16];

	snprintf(why, sizeof(why), "%s%s", is_kick ? "kicked: " : "",
		 is_kick ? link->kick : link->fault);
	if (has_arrived) {
		level = crowd_loses(link->server, why);
		journey->lost = link->server;
	}
	session_log(journey->session, level, "%s %s: %s", has_arrived ? "loses" : "can't join",
		    server_name(link->server), why);
}

/*
 * Why the link ended, for the player and the log. Of several failures in a row the player hears
 * the first, which is why they travel at all; a kick's own words go before ours.
 */
static void describe_end(struct journey *journey, bool has_arrived)
{
	const struct link *link = journey->link;
	const struct news news = news_of(link, has_arrived);
	bool is_kick = link->kick[0] != '\0';

	journey->was_kicked |= is_kick;
	if (journey->news.server == NULL)
		journey->news = news;
	if ((is_kick && link->onward == NULL) || journey->last.server == NULL)
		journey->last = news;
	if (!is_kick && link->is_our_fault)
		journey->last.message = MESSAGE_FULL;
	log_end(journey, has_arrived);
}

/* Nothing is left for the player: the session ends with what they heard last. */
static void end_journey(const struct journey *journey)
{
	const struct news *last = &journey->last;

	if (last->server == NULL)
		session_end(journey->session, MESSAGE_FULL, NULL);
	else if (last->message == MESSAGE_SERVER_KICKED)
		session_end_with(journey->session, last->reason);
	else
		session_end(journey->session, last->message, "server", last->server, "target",
			    last->target, "reason", last->reason, "name", last->reason, NULL);
}

/* The journey's next link, to a server where a place has been taken, is on its way from now on.
 * NULL without memory. `lock` held. */
static struct link *pend_locked(struct session *session, struct server *server)
{
	struct link *link = link_new(session, server);

	if (link == NULL) {
		server_give_back(server);
		return NULL;
	}
	link_ref(link);
	session->pending = link;
	return link;
}

/* Is nothing else on its way. `falls`: the player had no link a moment ago; who has one now
 * needs no other. `lock` held. */
static bool is_free_locked(const struct session *session, bool falls)
{
	return session->pending == NULL && !atomic_load(&session->is_ending) &&
	       (!falls || session->current == NULL);
}

/* A link to the next server that a player without a link may try. */
static struct link *next_link(struct journey *journey)
{
	struct session *session = journey->session;
	struct server *server = NULL;
	struct link *link = NULL;

	pthread_mutex_lock(&session->lock);
	bool is_wanted = is_free_locked(session, true);
	if (is_wanted)
		server = next_candidate_locked(journey);
	if (server != NULL)
		link = pend_locked(session, server);
	pthread_mutex_unlock(&session->lock);
	if (is_wanted && link == NULL)
		end_journey(journey);
	return link;
}

/* Why a server that a kick names does not take the player; it admits them: for want of memory.
 */
static const enum message onward_faults[] = {
	[SERVER_ADMITS] = MESSAGE_WHY_MEMORY,
	[SERVER_IS_FULL] = MESSAGE_WHY_FULL,
	[SERVER_IS_DRAINING] = MESSAGE_WHY_DRAINING,
	[SERVER_IS_IN_MAINTENANCE] = MESSAGE_WHY_MAINTENANCE,
	[SERVER_IS_RESTRICTED] = MESSAGE_WHY_RESTRICTED,
	[SERVER_IS_GONE] = MESSAGE_WHY_REMOVED,
};

/* A link to where a kick sends the player. NULL: the link that has ended says why not, or
 * something else is on its way. */
static struct link *onward_link(const struct journey *journey, bool falls)
{
	struct session *session = journey->session;
	struct link *ended = journey->link, *link = NULL;

	pthread_mutex_lock(&session->lock);
	bool is_wanted = is_free_locked(session, falls);
	struct server_guest guest = session_guest(session, false);
	enum server_refusal refusal =
		is_wanted ? server_reserve(ended->onward, &guest) : SERVER_ADMITS;
	if (is_wanted && refusal == SERVER_ADMITS)
		link = pend_locked(session, ended->onward);
	if (is_wanted && link == NULL) {
		session_avoid_locked(session, ended->server); /* it would only do it again */
		ended->onward_fault = message_default(onward_faults[refusal]);
	}
	pthread_mutex_unlock(&session->lock);
	return link;
}

/* Does a kick end the session of a player who has no other server. */
bool link_is_final_kick(const struct link *link)
{
	if (link->kick[0] == '\0' || link->onward != NULL || server_is_lobby(link->server))
		return false;
	return link->on_kick == CONFIG_KICK_DISCONNECT ||
	       config_is_final_kick(config_now(), link->kick);
}

/* A player without a link: on to the next server, if there is one. */
static struct link *fall(struct journey *journey, bool has_arrived)
{
	if (has_arrived) {
		memset(journey->tried, 0, sizeof(journey->tried));
		journey->has_tried_lobby = false;
		journey->started_ms = net_now_ms();
		journey->is_asked = false;
	}
	return next_link(journey);
}

/* Says why a journey is over, to a player who has or will have another link. */
static void explain_end(struct journey *journey, enum onward onward)
{
	struct session *session = journey->session;

	if (journey->link->has_company)
		session_clear(session, SESSION_PLACE_CENTER);
	if (!session_is_unasked(journey->link))
		tell_news(session,
			  onward == ONWARD_STAY ? MESSAGE_STAY_THERE : MESSAGE_ON_YOUR_WAY,
			  &journey->news, NULL);
	else if (return_put_off(session, journey->link))
		tell_news(session, MESSAGE_STAY_HERE, &journey->news, NULL);
}

/* A kick that names another server. One that names where the player is, or one of too many in a
 * row, is just a kick. */
static bool sends_onward(struct journey *journey, bool has_arrived)
{
	struct link *link = journey->link;

	if (has_arrived && net_now_ms() - journey->arrived_ms >= LASTING_MS)
		journey->hops = 0;
	if (link->onward == NULL)
		return false;
	if (link->onward == session_server(journey->session) || journey->hops++ >= HOPS_MAX) {
		pthread_mutex_lock(&journey->session->lock);
		session_avoid_locked(journey->session, link->server);
		pthread_mutex_unlock(&journey->session->lock);
		return false;
	}
	session_log(journey->session, LOG_INFO, "%s sends them to %s",
		    server_name(link->server), server_name(link->onward));
	return true;
}

/* On to the server that a kick names. NULL: it does not take the player (onward_fault), or is
 * not wanted. */
static struct link *go_onward(struct journey *journey, bool has_arrived, enum onward onward)
{
	const struct link *ended = journey->link;
	struct link *link = onward_link(journey, onward == ONWARD_FALL);

	if (ended->onward_fault != NULL)
		session_log(journey->session, LOG_INFO, "%s does not take them: %s",
			    server_name(ended->onward), ended->onward_fault);
	if (link == NULL)
		return NULL;
	if (has_arrived)
		journey->from = server_name(ended->server);
	journey->started_ms = net_now_ms();
	journey->is_asked = true; /* by that server */
	return link;
}

/* After the end of a link: where the journey goes on, or NULL. */
static struct link *travel_on(struct journey *journey, bool has_arrived)
{
	struct link *link = journey->link;
	enum onward onward = detach(journey, has_arrived);

	if (onward == ONWARD_NOWHERE)
		return NULL;
	if (onward == ONWARD_JUMP && link->onward != NULL)
		return NULL; /* the player has a wish of their own */
	if (sends_onward(journey, has_arrived)) {
		struct link *next = go_onward(journey, has_arrived, onward);

		if (next != NULL || link->onward_fault == NULL)
			return next;
	}
	describe_end(journey, has_arrived);
	if (onward != ONWARD_STAY && link_is_final_kick(link)) {
		end_journey(journey);
		return NULL;
	}
	if (onward == ONWARD_FALL)
		return fall(journey, has_arrived);
	explain_end(journey, onward);
	return NULL;
}

/*
 * Tells a link that has been given up that another has overtaken it, and lets go of it. Whoever
 * does this may be another player, so it is bounded. The lock makes sure that a link that waits
 * for a level hears it; without the lock one that was just about to wait would look again when
 * it keeps its player company, within SESSION_COMPANY_MS.
 */
static void overtake(struct session *session, struct link *link)
{
	bool is_locked = session_lock_tx_by(session, net_now_ms() + SESSION_NOTIFY_MS);

	pthread_cond_broadcast(&session->level_done);
	if (is_locked)
		pthread_mutex_unlock(&session->client_tx);
	link_unref(link);
}

static bool is_alive_at(const struct link *link, const struct server *server)
{
	return link != NULL && link->server == server && !atomic_load(&link->is_closed);
}

bool session_cancel(struct session *session, bool only_return)
{
	struct link *link = NULL;

	pthread_mutex_lock(&session->lock);
	if (!only_return)
		session->wishes++; /* also for a jump whose thread has not started yet */
	if (session->pending != NULL && session->current != NULL &&
	    (!only_return || session->pending->is_return)) {
		link = session->pending;
		session->pending = NULL;
		link_abandon_locked(link);
	}
	pthread_mutex_unlock(&session->lock);
	if (link == NULL)
		return false;
	overtake(session, link);
	session_notify_clear(session, net_now_ms() + SESSION_NOTIFY_MS, SESSION_PLACE_CENTER);
	return true;
}

/* Sets out: a new link to the target takes the place of whatever was pending. NULL if the
 * session is ending, or the player is there, or on the way there already. */
static struct link *set_out(struct journey *journey)
{
	struct session *session = journey->session;
	struct link *link = journey->link, *overtaken = NULL;

	pthread_mutex_lock(&session->lock);
	bool is_pending = is_alive_at(session->pending, link->server);
	bool is_outdated = link->is_return
				   ? session->pending != NULL || session->lost == NULL
				   : journey->wish != 0 && journey->wish != session->wishes;
	bool is_wanted = !atomic_load(&session->is_ending) && !is_pending && !is_outdated &&
			 !is_alive_at(session->current, link->server);
	if (is_pending)
		session->pending->is_return &= link->is_return;
	if (is_wanted) {
		overtaken = session->pending;
		if (overtaken != NULL)
			link_abandon_locked(overtaken);
		link_ref(link);
		session->pending = link;
	}
	pthread_mutex_unlock(&session->lock);
	if (is_pending)
		session_log(session, LOG_DEBUG, "asks for what is on its way: %s",
			    server_name(link->server));
	if (overtaken != NULL)
		overtake(session, overtaken);
	if (is_wanted)
		return link;
	link_unref(link);
	return NULL;
}

/* The server reader: a thread a journey, one link after the other. */
static void *server_main(void *argument)
{
	struct journey *journey = argument;
	struct session *session = journey->session;

	journey->link = set_out(journey);
	while (journey->link != NULL) {
		struct link *link = journey->link;
		bool has_arrived = arrive(journey);

		if (has_arrived)
			link_relay(link);
		journey->link = travel_on(journey, has_arrived);
		if (journey->link != NULL)
			link_shut(link);
		else
			link_leave(link);
		link_unref(link);
	}
	free(journey);
	if (atomic_load(&session->is_ending))
		session_await_end(session);
	session_unref(session);
	return NULL;
}

/*
 * Starts the thread of a journey. A jump is counted here, while its thread waits for the lock:
 * threads may come to set_out() in any order, and the last wish wins; but one that gets no
 * thread overtakes nothing.
 */
static bool spawn(struct journey *journey)
{
	struct session *session = journey->session;

	pthread_mutex_lock(&session->lock);
	bool is_off = session_spawn(server_main, journey);
	if (is_off && journey->is_asked)
		journey->wish = ++session->wishes;
	pthread_mutex_unlock(&session->lock);
	return is_off;
}

/* Sends a thread off on this journey, first to `target`, where a place is taken, perhaps with a
 * socket on its way there. Without a thread or memory the place is given back. */
static bool set_off(const struct journey *plan, struct server *target,
		    const struct predial *predial, bool is_return)
{
	struct session *session = plan->session;
	struct journey *journey = calloc(1, sizeof(*journey));
	struct link *link = journey != NULL ? link_new(session, target) : NULL;

	if (link == NULL) {
		server_give_back(target);
		if (is_return)
			server_return_ended(target);
		free(journey);
		return false;
	}
	if (predial != NULL) {
		link->stream.fd = predial->fd;
		link->is_predialled = predial->fd >= 0;
		link->is_pooled = predial->is_pooled;
		link->generation = predial->generation;
	}
	link->is_return = link->has_turn = is_return;
	*journey = *plan;
	journey->link = link;
	journey->started_ms = net_now_ms();
	session_ref(session);
	if (spawn(journey))
		return true;
	session_unref(session);
	link->stream.fd = -1; /* still the caller's */
	link_unref(link);
	free(journey);
	return false;
}

/* Where a player who holds their name comes in, with a place taken there: where they are
 * expected, unless that server does not take them any more. A connection to what is another
 * server or address by now is dropped. */
static struct server *first_target(struct journey *plan, struct predial *predial)
{
	struct session *session = plan->session;
	struct server *target = predial->server;

	pthread_mutex_lock(&session->lock);
	struct server_guest guest = session_guest(session, false);
	predial->server = NULL;
	if (target != NULL && server_reserve_expected(target, &guest) != SERVER_ADMITS)
		target = NULL;
	bool is_as_dialled = target != NULL && predial->generation == server_generation(target);
	if (target == NULL)
		target = next_candidate_locked(plan);
	else
		note_tried(plan, target);
	pthread_mutex_unlock(&session->lock);
	if (!is_as_dialled)
		session_drop_predial(predial);
	return target;
}

bool session_enter(struct session *session, struct predial *predial)
{
	struct journey plan = {.session = session};
	struct server *target = first_target(&plan, predial);

	if (target == NULL) {
		session_end(session, MESSAGE_NO_SERVERS, NULL);
		return false;
	}
	if (!set_off(&plan, target, predial, false)) {
		session_log(session, LOG_ERROR, "no thread or memory for another player");
		session_end(session, MESSAGE_FULL, NULL);
		return false;
	}
	predial->fd = -1;
	return true;
}

bool session_set_out(struct session *session, struct server *target, unsigned how)
{
	const struct journey plan = {
		.session = session,
		.is_asked = true,
		.is_put_out = (how & SESSION_PUT_OUT) != 0,
	};

	return set_off(&plan, target, NULL, false);
}

void session_bring_back(struct session *session, struct server *target)
{
	const struct journey plan = {.session = session};

	set_off(&plan, target, NULL, true);
}
