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

#include "session_private.h"
#include "text.h"

#define JUMP_BURST    20    /* jumps that a player may ask for at once, */
#define JUMP_EVERY_MS 500   /* and how often after that */
#define HOPS_MAX      8     /* servers in a row that send a player on by a kick */
#define LASTING_MS    10000 /* a link that lasted so long has been a good one */
#define NOTE_MAX      (SESSION_WHY_MAX + 64)

/* What a server reader is up to. Only its thread touches it. */
struct journey {
	struct session *session; /* a reference */
	struct link *link;       /* the link being made, or running */
	size_t next;             /* where next_candidate_locked() goes on */
	int64_t started_ms;
	unsigned wish;       /* its number among the player's, 0: unasked */
	bool is_asked;       /* the player, or somebody for them, wants to be there */
	bool was_kicked;     /* on the way */
	unsigned hops;       /* how often a kick has named the next server, in a row */
	int64_t arrived_ms;  /* at the server of the link */
	const char *from;    /* the server before, or NULL */
	char note[NOTE_MAX]; /* why the player was moved, to be told on arrival; or empty */
	char last_words[NOTE_MAX]; /* for the Disconnect when nothing is left */
};

/* A server that fails this player is left alone by fallbacks for a while. `lock` held. */
static void avoid_locked(struct session *session, const struct server *server)
{
	session->avoid_until_ms[server_index(server)] = net_now_ms() + SESSION_AVOID_MS;
}

/* A server that has come up since is another server. */
bool session_is_avoided_locked(const struct session *session, const struct server *server)
{
	int64_t until_ms = session->avoid_until_ms[server_index(server)];

	return net_now_ms() < until_ms &&
	       server_up_since_ms(server) < until_ms - SESSION_AVOID_MS;
}

/*
 * The next server that a journey may try without being asked: hubs that are up, the lobby, and
 * when there is none the hubs that are thought to be down. NULL when nothing is left. `lock`
 * held.
 */
static struct server *next_candidate_locked(struct journey *journey)
{
	const struct registry *registry = journey->session->world->registry;
	size_t n = registry_hub_count(registry);

	while (journey->next <= 2 * n) {
		size_t i = journey->next++;
		struct server *server =
			i == n ? registry_lobby(registry) : registry_hub(registry, i % (n + 1));

		if (server != NULL && !session_is_avoided_locked(journey->session, server) &&
		    (i >= n || server_is_up(server)))
			return server;
	}
	return NULL;
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

/* One line in the log for a join, a jump and a fallback, and a word to a player who was moved.
 */
static void announce(struct journey *journey, bool is_first)
{
	struct session *session = journey->session;
	const char *to = server_name(journey->link->server);
	int64_t since_ms = is_first ? session->started_ms : journey->started_ms;
	long long ms = (long long)(net_now_ms() - since_ms);
	bool is_return = session_is_unasked(journey->link);
	char address[NET_ADDR_TEXT], plain[PACKET_STRING_LEN + 1];
	char software[PACKET_STRING_LEN * 3 + 1];

	net_addr_text(address, &session->peer, true);
	text_strip_colors(plain, sizeof(plain), session->software);
	text_to_utf8(software, sizeof(software), plain);
	if (is_first)
		session_log(session, LOG_INFO, "joins %s from %s with %s in %lld ms%s", to,
			    address,
			    session->dialect.cpe ? software : "a Classic client without CPE",
			    ms, session->is_verified ? "" : ", name unverified");
	else if (journey->note[0] == '\0')
		session_log(session, LOG_INFO, "%s%s%s to %s in %lld ms",
			    is_return ? "returns" : "jumps",
			    journey->from != NULL ? " from " : "",
			    journey->from != NULL ? journey->from : "", to, ms);
	else
		session_log(session, LOG_INFO, "falls back to %s in %lld ms", to, ms);
	if (journey->note[0] != '\0')
		session_tell(session, "&e%s &eYou are on &f%s&e now.", journey->note, to);
	else if (is_return)
		session_tell(session, "&eYou are back on &f%s&e.", to);
	journey->note[0] = '\0';
}

/* Dials, logs in and becomes current. A player in a game stays in it until the new level is
 * there. */
static bool arrive(struct journey *journey)
{
	struct link *link = journey->link;
	struct session *session = journey->session;
	int64_t timeout_ms = session->world->config->login_timeout_ms;
	struct server *previous = session_server(session);

	session_lock_tx(session);
	bool is_first = !session->has_joined;
	link->waits_for_level = session->is_in_game;
	pthread_mutex_unlock(&session->client_tx);
	link_make_way(link);
	if (!link_dial(link) || !link_login(link, net_deadline_ms(timeout_ms)) ||
	    !link_adopt(link))
		return false;
	session_log_dialect(session, server_name(link->server), link->negotiate.software,
			    &link->dialect);
	if (previous != NULL)
		journey->from = server_name(previous);
	announce(journey, is_first);
	asked_for(link);
	if (server_is_lobby(link->server))
		return_promise(session, !journey->is_asked && !journey->was_kicked);
	journey->arrived_ms = net_now_ms();
	journey->was_kicked = false;
	journey->last_words[0] = '\0';
	return true;
}

/* A socket that was dialled early may have been given up by its server since: one fresh
 * attempt. */
static bool deserves_retry(const struct link *link, bool has_arrived)
{
	return !has_arrived && link->is_predialled && link->has_connected && link->offset == 0;
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
	    link->onward == NULL && !deserves_retry(link, has_arrived)) {
		avoid_locked(session, link->server);
		if (link->kick[0] == '\0' && has_arrived && !server_is_lobby(link->server))
			return_remember_locked(session, link->server, has_lasted);
	}
	if (onward == ONWARD_STAY && link->kick[0] != '\0')
		avoid_locked(session, link->server);
	atomic_store(&link->is_closed, true);
	pthread_mutex_unlock(&session->lock);
	pthread_cond_broadcast(&session->level_done);
	pthread_mutex_unlock(&session->client_tx);
	if (was_there)
		link_unref(link); /* the reference of `current` or `pending` */
	return onward;
}

static bool ends_sentence(const char *text)
{
	size_t length = strlen(text);

	return length > 0 && strchr(".!?", text[length - 1]) != NULL;
}

/*
 * Why the link ended, as the player and the log read it. Of several failures in a row the
 * player hears the first, which is why they travel at all; a kick's own words go before ours.
 */
static void describe_end(struct journey *journey, bool has_arrived)
{
	const struct link *link = journey->link;
	const char *name = server_name(link->server);
	bool is_kick = link->kick[0] != '\0';
	char note[NOTE_MAX];

	journey->was_kicked |= is_kick;
	if (link->onward != NULL)
		snprintf(note, sizeof(note), "%s sends you on to %s.", name,
			 server_name(link->onward));
	else if (is_kick)
		snprintf(note, sizeof(note), "%s kicked you: &f%s&e%s", name, link->kick,
			 ends_sentence(link->kick) ? "" : ".");
	else
		snprintf(note, sizeof(note),
			 has_arrived ? "%s is gone: %s." : "%s can't be reached: %s.", name,
			 link->fault);
	if (journey->note[0] == '\0')
		strlcpy(journey->note, note, sizeof(journey->note));
	if (is_kick && link->onward == NULL)
		strlcpy(journey->last_words, link->kick, sizeof(journey->last_words));
	else if (link->is_our_fault)
		strlcpy(journey->last_words, SESSION_FULL, sizeof(journey->last_words));
	else if (journey->last_words[0] == '\0')
		strlcpy(journey->last_words, note, sizeof(journey->last_words));
	session_log(journey->session,
		    session_is_unasked(link) && !is_kick ? LOG_DEBUG : LOG_INFO, "%s %s: %s%s",
		    has_arrived ? "loses" : "can't join", name, is_kick ? "kicked: " : "",
		    is_kick ? link->kick : link->fault);
}

/* The next link of the journey, unless something else is on its way: to `server`, or if that is
 * NULL to the next that a player without a link may try. `falls`: they had no link a moment
 * ago; who has one now needs no other. */
static struct link *next_link(struct journey *journey, struct server *server, bool falls)
{
	struct session *session = journey->session;
	struct link *link = NULL;

	pthread_mutex_lock(&session->lock);
	bool is_wanted = session->pending == NULL && !atomic_load(&session->is_ending) &&
			 (!falls || session->current == NULL);
	if (is_wanted && server == NULL)
		server = next_candidate_locked(journey);
	if (is_wanted && server != NULL)
		link = link_new(session, server);
	if (link != NULL) {
		link_ref(link);
		session->pending = link;
	}
	bool is_over = link == NULL && is_wanted && session->current == NULL;
	pthread_mutex_unlock(&session->lock);
	if (is_over)
		session_end(session, journey->last_words[0] != '\0' ? journey->last_words
								    : SESSION_FULL);
	return link;
}

/* Does a kick end the session of a player who has no other server. */
bool link_is_final_kick(const struct link *link)
{
	const struct config *config = link->session->world->config;

	if (link->kick[0] == '\0' || link->onward != NULL || server_is_lobby(link->server))
		return false;
	return config->servers[server_index(link->server)].on_kick == CONFIG_KICK_DISCONNECT ||
	       config_is_final_kick(config, link->kick);
}

/* A player without a link: on to the next server, if there is one. */
static struct link *fall(struct journey *journey, bool has_arrived)
{
	if (has_arrived) {
		journey->next = 0;
		journey->started_ms = net_now_ms();
		journey->is_asked = false;
	}
	return next_link(journey, NULL, true);
}

/* Says why a journey is over, to a player who has or will have another link. */
static void explain_end(struct journey *journey, enum onward onward)
{
	struct session *session = journey->session;

	if (journey->link->has_company)
		session_show(session, SESSION_PLACE_CENTER, "%s", "");
	if (session_is_unasked(journey->link))
		return_put_off(session, journey->link, journey->note);
	else if (journey->note[0] != '\0')
		session_tell(session, "&e%s &e%s", journey->note,
			     onward == ONWARD_STAY ? "You stay where you are."
						   : "You are on your way.");
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
		avoid_locked(journey->session, link->server);
		pthread_mutex_unlock(&journey->session->lock);
		return false;
	}
	session_log(journey->session, LOG_INFO, "%s sends them to %s",
		    server_name(link->server), server_name(link->onward));
	if (has_arrived)
		journey->from = server_name(link->server);
	journey->started_ms = net_now_ms();
	return true;
}

/* After the end of a link: where the journey goes on, or NULL. */
static struct link *travel_on(struct journey *journey, bool has_arrived)
{
	struct link *link = journey->link;
	enum onward onward = detach(journey, has_arrived);

	if (onward == ONWARD_NOWHERE)
		return NULL;
	if (onward == ONWARD_FALL && deserves_retry(link, has_arrived)) {
		session_log(journey->session, LOG_DEBUG, "%s has given up an early connection",
			    server_name(link->server));
		return next_link(journey, link->server, true);
	}
	if (onward == ONWARD_JUMP && link->onward != NULL)
		return NULL; /* the player has a wish of their own */
	if (sends_onward(journey, has_arrived))
		return next_link(journey, link->onward, onward == ONWARD_FALL);
	describe_end(journey, has_arrived);
	if (onward != ONWARD_STAY && link_is_final_kick(link)) {
		session_end(journey->session, link->kick);
		return NULL;
	}
	if (onward == ONWARD_FALL)
		return fall(journey, has_arrived);
	explain_end(journey, onward);
	return NULL;
}

/* Tells a link that another has overtaken it, and lets go of it. */
static void overtake(struct session *session, struct link *link)
{
	session_lock_tx(session);
	pthread_cond_broadcast(&session->level_done);
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
	session_show(session, SESSION_PLACE_CENTER, "%s", "");
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

/* Sends a thread off on this journey, first to `target`, perhaps with a socket on its way
 * there. Nothing has happened if there is no thread or memory. */
static bool set_off(const struct journey *plan, struct server *target, int predialled,
		    bool is_return)
{
	struct session *session = plan->session;
	struct journey *journey = calloc(1, sizeof(*journey));
	struct link *link = journey != NULL ? link_new(session, target) : NULL;

	if (link == NULL) {
		free(journey);
		return false;
	}
	link->fd = predialled;
	link->is_predialled = predialled >= 0;
	link->is_return = is_return;
	*journey = *plan;
	journey->link = link;
	journey->started_ms = net_now_ms();
	session_ref(session);
	if (session_spawn(server_main, journey))
		return true;
	session_unref(session);
	link->fd = -1; /* still the caller's */
	link_unref(link);
	free(journey);
	return false;
}

bool session_enter(struct session *session, struct predial *predial)
{
	struct journey plan = {.session = session};
	struct server *target;
	bool is_early;

	pthread_mutex_lock(&session->lock);
	target = next_candidate_locked(&plan);
	pthread_mutex_unlock(&session->lock);
	if (target == NULL) {
		session_end(session, "No server is linked here yet");
		return false;
	}
	is_early = predial->server == target;
	if (!set_off(&plan, target, is_early ? predial->fd : -1, false)) {
		session_log(session, LOG_ERROR, "no thread or memory for another player");
		session_end(session, SESSION_FULL);
		return false;
	}
	if (is_early)
		predial->fd = -1;
	return true;
}

/* Jumps cost a thread and a connection: a burst is fine, a script that does nothing else is
 * not. They are numbered here, since their threads may start in any order, and the last one
 * wins. */
static bool may_jump(struct session *session, unsigned *wish)
{
	int64_t now = net_now_ms();

	pthread_mutex_lock(&session->lock);
	if (session->next_jump_ms < now - JUMP_BURST * JUMP_EVERY_MS)
		session->next_jump_ms = now - JUMP_BURST * JUMP_EVERY_MS;
	bool may = session->next_jump_ms <= now;
	if (may) {
		session->next_jump_ms += JUMP_EVERY_MS;
		*wish = ++session->wishes;
	}
	pthread_mutex_unlock(&session->lock);
	return may;
}

enum session_jump session_jump(struct session *session, struct server *target)
{
	struct journey plan = {.session = session, .is_asked = true};

	if (!may_jump(session, &plan.wish))
		return SESSION_JUMP_TOO_SOON;
	if (set_off(&plan, target, -1, false))
		return SESSION_JUMPS;
	session_log(session, LOG_ERROR, "no thread or memory for a jump");
	return SESSION_JUMP_FULL;
}

void session_bring_back(struct session *session, struct server *target)
{
	const struct journey plan = {.session = session};

	set_off(&plan, target, -1, true);
}
