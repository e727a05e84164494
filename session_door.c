/* SPDX-License-Identifier: MIT */
/*
 * The door as sessions see it: who is turned away without a thread, and what the guard hears of
 * those who are let in. The one idea: who is turned away hears why and is closed a moment later
 * by the main thread, since a close that comes before their first bytes would take the reason
 * away with it.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config_current.h"
#include "session_private.h"

#define LINGERING_MAX 64    /* connections that have been answered and are not closed yet */
#define LINGERING_MS  1000  /* their time to read it */
#define TELL_EVERY_MS 10000 /* how often the log tells of the door */

/* ---- turning away ---- */

/* Main thread only; the oldest first, from `first` on. */
static struct {
	struct lingering {
		int fd;
		int64_t until_ms;
	} items[LINGERING_MAX];
	size_t first, n;
} lingering;

/* What a client reads: a Disconnect, or an answer to the request that a web client has sent
 * already. */
static void answer(int fd, enum message message)
{
	char reason[SESSION_WHY_MAX], http[UPGRADE_WRITE_MAX], first = '\0';
	uint8_t packet[PACKET_SIZE_MAX];
	size_t size;

	config_message(reason, sizeof(reason), message, NULL);
	if (recv(fd, &first, 1, MSG_PEEK | MSG_DONTWAIT) == 1 && first == 'G') {
		size = upgrade_write_refusal(http, 503, reason);
		if (config_now()->answer_http)
			(void)!send(fd, http, size, MSG_DONTWAIT | MSG_NOSIGNAL);
	} else {
		size = session_write_disconnect(packet, reason, false);
		(void)!send(fd, packet, size, MSG_DONTWAIT | MSG_NOSIGNAL);
	}
	shutdown(fd, SHUT_WR);
}

void session_refuse(int fd, enum message message)
{
	uint8_t scrap[512];

	answer(fd, message);
	/* unread bytes would turn the close into a reset */
	(void)!recv(fd, scrap, sizeof(scrap), MSG_DONTWAIT);
	close(fd);
}

static void close_first(void)
{
	uint8_t scrap[512];
	int fd = lingering.items[lingering.first].fd;

	(void)!recv(fd, scrap, sizeof(scrap), MSG_DONTWAIT);
	close(fd);
	lingering.first = (lingering.first + 1) % LINGERING_MAX;
	lingering.n--;
}

void session_turn_away(int fd, enum message message)
{
	answer(fd, message);
	if (lingering.n == LINGERING_MAX)
		close_first();
	lingering.items[(lingering.first + lingering.n++) % LINGERING_MAX] =
		(struct lingering){.fd = fd, .until_ms = net_now_ms() + LINGERING_MS};
}

static void close_lingering(int64_t now_ms)
{
	while (lingering.n > 0 && lingering.items[lingering.first].until_ms <= now_ms)
		close_first();
}

/* ---- who may come in ---- */

/* By verdict; the limit is named in the log. */
static const struct {
	enum message message;
	const char *limit;
} refusals[GUARD_VERDICTS] = {
	[GUARD_ADDRESS_FULL] = {MESSAGE_DOOR_ADDRESS, "connections-per-address"},
	[GUARD_NETWORK_FULL] = {MESSAGE_DOOR_NETWORK, "connections-per-network"},
	[GUARD_LOGINS_FAILED] = {MESSAGE_DOOR_FAILED, "failed-logins-per-min"},
	[GUARD_TOO_FAST] = {MESSAGE_DOOR_TOO_FAST, "connects-per-s"},
	[GUARD_ALL_TOO_FAST] = {MESSAGE_DOOR_BUSY, "all-connects-per-s"},
	[GUARD_NO_MEMORY] = {MESSAGE_FULL, NULL},
};

/* What the log has heard of the door. Main thread only. */
static struct {
	struct guard_counts counts;
	int64_t next_ms;
} told;

static void append(char *out, size_t size, unsigned long n, const char *what)
{
	size_t length = strlen(out);

	if (n > 0)
		snprintf(out + length, size - length, "%s%lu %s", length > 0 ? ", " : "", n,
			 what);
}

/* One line for all who were turned away since the last one. */
static void tell(struct guard *guard, int64_t now_ms)
{
	char text[512] = "", what[96], last[NET_ADDR_TEXT];
	struct guard_counts counts;

	if (now_ms < told.next_ms)
		return;
	guard_get_counts(guard, &counts);
	for (size_t i = 0; i < GUARD_VERDICTS; i++) {
		if (refusals[i].limit == NULL)
			continue;
		snprintf(what, sizeof(what), "for limits.%s", refusals[i].limit);
		append(text, sizeof(text), counts.refused[i] - told.counts.refused[i], what);
	}
	append(text, sizeof(text),
	       counts.refused[GUARD_NO_MEMORY] - told.counts.refused[GUARD_NO_MEMORY],
	       "for want of memory");
	append(text, sizeof(text), counts.cut - told.counts.cut,
	       "in the middle of their login for limits.half-open");
	told.counts = counts;
	if (text[0] == '\0')
		return;
	told.next_ms = now_ms + TELL_EVERY_MS;
	if (counts.last.len > 0)
		log_address(last, &counts.last, false);
	log_warn("connections turned away: %s%s%s", text,
		 counts.last.len > 0 ? "; the last one that was refused came from " : "",
		 counts.last.len > 0 ? last : "");
}

void session_sweep_door(const struct session_world *world)
{
	close_lingering(net_now_ms());
	if (world->guard != NULL)
		tell(world->guard, net_now_ms());
}

void session_close_door(void)
{
	close_lingering(INT64_MAX);
}

bool session_admit(const struct session_world *world, int fd, const struct net_addr *peer,
		   struct guard_ticket **ticket)
{
	*ticket = NULL;
	if (world->guard == NULL)
		return true;
	enum guard_verdict verdict =
		guard_enter(world->guard, config_now(), peer, fd, net_now_ms(), ticket);
	if (verdict == GUARD_ADMITS)
		return true;
	session_turn_away(fd, refusals[verdict].message);
	tell(world->guard, net_now_ms());
	return false;
}

/* ---- who has come in ---- */

bool session_move_peer(struct session *session, const struct net_addr *player,
		       struct session_reason *reason)
{
	struct guard *guard = session->world->guard;

	session->peer = *player;
	if (guard == NULL)
		return true;
	enum guard_verdict verdict =
		guard_move(guard, config_now(), session->ticket, player, net_now_ms());
	if (verdict == GUARD_ADMITS)
		return true;
	session_reason(reason, refusals[verdict].message, NULL);
	reason->is_of_many = true;
	return false;
}

void session_note_heard(struct session *session)
{
	session->was_heard = true;
	if (session->world->guard != NULL)
		guard_heard(session->world->guard, session->ticket);
}

void session_note_logged_in(struct session *session)
{
	if (session->world->guard != NULL)
		guard_logged_in(session->world->guard, session->ticket);
}

bool session_was_cut(const struct session *session)
{
	return session->world->guard != NULL &&
	       guard_was_cut(session->world->guard, session->ticket);
}

void session_note_refused(struct session *session, enum message message)
{
	/* what guessing and breaking look like; others only come at a bad time */
	static const enum message faults[] = {
		MESSAGE_LOGIN_TIMEOUT,      MESSAGE_LOGIN_NOT_READING,  MESSAGE_LOGIN_WEB,
		MESSAGE_LOGIN_FIRST_PACKET, MESSAGE_LOGIN_STRAY_HEADER, MESSAGE_LOGIN_VERSION,
		MESSAGE_LOGIN_PACKET,       MESSAGE_LOGIN_SUFFIX,       MESSAGE_LOGIN_NAME,
		MESSAGE_LOGIN_UNVERIFIED,   MESSAGE_CLIENT_FRAMES,
	};

	/* who has not said a word has not tried anything */
	if (session->world->guard == NULL || !session->was_heard || session_was_cut(session))
		return;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (faults[i] == message)
			guard_login_failed(session->world->guard, config_now(), session->ticket,
					   net_now_ms());
}

void session_leave_door(struct session *session)
{
	if (session->world->guard != NULL)
		guard_leave(session->world->guard, session->ticket, net_now_ms());
	session->ticket = NULL;
}
