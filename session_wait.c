/* SPDX-License-Identifier: MIT */
/*
 * Waiting: for a server to answer, with a word and a Ping for the player meanwhile, and for a
 * server to let go of a player. The one idea: a link that is not wanted any more is half-closed
 * and read to its end, since only then has its server forgotten the player's name.
 */
#include <errno.h>
#include <string.h>

#include "config_current.h"
#include "session_private.h"
#include "text.h"

void link_abandon_locked(struct link *link)
{
	if (link->stream.fd >= 0)
		link_retire_locked(link);
	else
		link_shut_locked(link);
}

void link_retire_locked(struct link *link)
{
	struct session *session = link->session;

	if (link->is_retired)
		return;
	link->is_retired = link->is_leaving = true;
	atomic_store(&link->is_closed, true);
	link_say_close_locked(link);
	shutdown(link->stream.fd, SHUT_WR);
	link_ref(link);
	link->leave_deadline_ms = net_now_ms() + SESSION_LEAVE_MS;
	TAILQ_INSERT_TAIL(&session->leaving, link, leaving_entries);
	pthread_cond_broadcast(&session->link_left);
}

/* The server has let go of the link, or had its time. True if it was in session.leaving. */
static bool forget_leaving(struct link *link)
{
	struct session *session = link->session;

	pthread_mutex_lock(&session->lock);
	bool was_leaving = link->is_leaving;
	if (was_leaving)
		TAILQ_REMOVE(&session->leaving, link, leaving_entries);
	link->is_leaving = false;
	pthread_cond_broadcast(&session->link_left);
	pthread_mutex_unlock(&session->lock);
	return was_leaving;
}

void link_leave(struct link *link)
{
	struct session *session = link->session;
	uint8_t scrap[512];

	pthread_mutex_lock(&session->lock);
	if (!atomic_load(&session->is_ending))
		link_abandon_locked(link);
	bool is_leaving = link->is_leaving;
	pthread_mutex_unlock(&session->lock);
	if (!is_leaving)
		return;
	/* session_sweep() ends this if the server says nothing more and does not close */
	while (recv(link->stream.fd, scrap, sizeof(scrap), 0) > 0 &&
	       net_now_ms() < link->leave_deadline_ms)
		;
	shutdown(link->stream.fd, SHUT_RDWR); /* the end comes before the next login */
	if (forget_leaving(link))
		link_unref(link);
}

/* Is there a link of this player's that the same server may not have let go of. */
static bool is_known_there_locked(const struct session *session, const struct server *server)
{
	const struct link *link;

	TAILQ_FOREACH (link, &session->leaving, leaving_entries)
		if (server_is_same_place(link->server, server))
			return true;
	return false;
}

static void await_leaving(struct link *link)
{
	struct session *session = link->session;
	struct timespec until = net_timespec(net_now_ms() + SESSION_LEAVE_MS);
	int error = 0;

	pthread_mutex_lock(&session->lock);
	while (is_known_there_locked(session, link->server) && session->pending == link &&
	       !atomic_load(&link->is_closed) && error != ETIMEDOUT)
		error = pthread_cond_timedwait(&session->link_left, &session->lock, &until);
	pthread_mutex_unlock(&session->lock);
}

void link_make_way(struct link *link)
{
	struct session *session = link->session;
	struct link *old = NULL;

	session_lock_tx(session);
	pthread_mutex_lock(&session->lock);
	if (session->pending == link && session->current != NULL &&
	    !atomic_load(&session->is_ending) &&
	    server_is_same_place(session->current->server, link->server)) {
		old = session->current;
		session->current = NULL;
		link_retire_locked(old);
		server_player_left(old->server);
	}
	pthread_mutex_unlock(&session->lock);
	pthread_mutex_unlock(&session->client_tx);
	await_leaving(link);
	if (old != NULL)
		link_unref(old); /* the reference of `current` */
}

static bool is_pending(const struct link *link)
{
	struct session *session = link->session;

	pthread_mutex_lock(&session->lock);
	bool is_pending = session->pending == link && !atomic_load(&link->is_closed);
	pthread_mutex_unlock(&session->lock);
	return is_pending;
}

/* What the client shows while it loads. Returns its size. */
static size_t write_loading_screen(const struct session *session,
				   uint8_t packet[static PACKET_SIZE_MAX], const char *server)
{
	char utf8[SESSION_WHY_MAX], motd[SESSION_WHY_MAX], title[SESSION_WHY_MAX];

	config_message(utf8, sizeof(utf8), MESSAGE_WAITING_SCREEN, "server", server, NULL);
	text_from_utf8(motd, sizeof(motd), utf8);
	text_make_safe(motd, dialect_has(&session->dialect, EXT_FULL_CP437));
	session_place_name(session, utf8, sizeof(utf8));
	text_from_utf8(title, sizeof(title), utf8);
	return packet_write_server_identification(packet, &session->dialect, title, motd, 0);
}

/* A player without a server gets a Ping, so that their client does not give up, and whoever
 * waits is told for what: by the loading screen, in the centre of the screen, or in the chat.
 */
void link_keep_company(struct link *link)
{
	struct session *session = link->session;
	const char *name = server_name(link->server);
	uint8_t packet[PACKET_SIZE_MAX];

	link->company_ms = net_now_ms() + SESSION_COMPANY_MS;
	if (!is_pending(link))
		return;
	session_lock_tx(session);
	if (session->is_in_game && session->current == NULL) {
		session_send_locked(session, packet, packet_write_ping(packet));
	} else if (!session->is_in_game) {
		link_write_locked(link, packet, write_loading_screen(session, packet, name));
	}
	pthread_mutex_unlock(&session->client_tx);
	if (!session_show(session, SESSION_PLACE_CENTER, MESSAGE_WAITING, "server", name,
			  NULL) &&
	    !link->has_company && !session_is_unasked(link))
		session_say(session, MESSAGE_WAITING, "server", name, NULL);
	link->has_company = true;
}

int link_wait(struct link *link, short events, int64_t deadline_ms)
{
	bool has_player = atomic_load(&link->published) != NULL;

	for (;;) {
		int64_t until_ms = !has_player && link->company_ms < deadline_ms
					   ? link->company_ms
					   : deadline_ms;
		int n = net_wait(link->stream.fd, events, until_ms);

		if (atomic_load(&link->is_closed) || n < 0)
			return -1;
		if (!has_player && net_now_ms() >= link->company_ms)
			link_keep_company(link);
		if (n > 0)
			return 1;
		if (net_now_ms() >= deadline_ms)
			return 0;
	}
}
