/* SPDX-License-Identifier: MIT */
/*
 * Reading a server: framing what arrives, the login, the relay to the client. The one idea: a
 * packet that nobody wants to see is looked at only for its opcode and size; it becomes part of
 * a run that goes out with one send.
 */
#include <bsd/string.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_current.h"
#include "session_private.h"

#define LIST_SILENCE_MS 500 /* a list of extensions that stops short ends with this silence */

/* Is the link past what the caller of walk() waits for. */
static bool is_login_over(const struct link *link)
{
	return link->is_logged_in && (link->has_begun || !link->waits_for_level) &&
	       atomic_load(&link->published) == NULL;
}

static void unknown_packet(struct link *link)
{
	const struct packet_catalog *catalog = &link->session->config->catalog;
	const uint8_t *packet = link->in + link->at;
	uint8_t opcode = packet[0];
	bool is_known = packet_info(catalog, PACKET_TO_CLIENT, opcode) != NULL;

	snprintf(link->fault, sizeof(link->fault),
		 "it sent packet 0x%02x (%s), %s, at byte %zu", opcode,
		 packet_name(catalog, PACKET_TO_CLIENT, opcode),
		 is_known ? "which was not negotiated" : "which does not exist", link->offset);
	if (link->is_traced)
		session_trace_packets(link->session, TRACE_FROM_SERVER, link->server,
				      &link->dialect, packet, link->in_fill - link->at);
}

/* Everything is of interest while a level's beginning is held back: it must wait as well. */
static bool is_of_interest(const struct link *link, uint8_t opcode)
{
	return (link->wants[opcode] & WANT_INSPECT) ||
	       (link->level != NULL && !level_has_begun(link->level));
}

/* Takes the whole packet at link->at. False: the link is over. */
static bool take(struct link *link, size_t size)
{
	uint8_t *packet = link->in + link->at;

	if (link->is_stale)
		link_prepare(link, link->watches_spawn);
	uint8_t wants = link->wants[packet[0]];
	enum verdict verdict = is_of_interest(link, packet[0])
				       ? link_inspect(link, packet, size)
				       : VERDICT_PASS;

	link->offset += size;
	link->was_hack_control = packet[0] == OP_HACK_CONTROL && link->has_stray_bytes;
	if (verdict == VERDICT_PASS) {
		link->run_wants |= wants;
		link->run_spawns |= link->has_spawned;
		link->at += size;
	} else {
		link->out_spawns |= link->has_spawned && link->out.size > 0;
		bool is_sent = link_settle_run(link);

		link->at += size;
		link->run = link->at;
		if (!is_sent || verdict == VERDICT_END)
			return false;
	}
	link->has_spawned = false;
	return true;
}

/* Servers that call themselves so send a byte too many behind HackControl, 0x00 or 0xFF. */
static bool skip_stray_byte(struct link *link)
{
	uint8_t byte = link->in[link->at];

	if (!link->was_hack_control)
		return false;
	link->was_hack_control = false;
	if ((byte != 0x00 && byte != 0xff) || !link_settle_run(link))
		return false;
	link->run = ++link->at;
	link->offset++;
	return true;
}

/*
 * Frames what has arrived and passes it on, up to the end of the last whole packet, or of the
 * login. False: the link is over.
 */
static bool walk(struct link *link)
{
	bool is_alive = true;

	link->run = link->at = 0;
	link->run_wants = 0;
	link->run_spawns = false;
	link->is_stale |= link->is_traced != session_is_traced(link->session) ||
			  link->is_logged != log_shows(LOG_TRACE);
	while (is_alive && link->at < link->in_fill && !is_login_over(link)) {
		if (skip_stray_byte(link))
			continue;
		uint8_t opcode = link->in[link->at];
		size_t size = dialect_size(&link->dialect, PACKET_TO_CLIENT, opcode);

		if (size == 0)
			unknown_packet(link);
		else if (link->in_fill - link->at < size)
			break;
		is_alive = size > 0 && take(link, size);
	}
	is_alive = link_settle(link) && is_alive;
	link->in_fill -= link->at;
	memmove(link->in, link->in + link->at, link->in_fill);
	return is_alive;
}

static void explain_silence(struct link *link, ssize_t n)
{
	char text[96];

	link->is_cut = n == 0 || errno == ECONNRESET;
	if (n < 0 && errno == EPROTO)
		snprintf(link->fault, sizeof(link->fault), "its WebSocket frames are wrong: %s",
			 stream_fault(&link->stream));
	else if (n == 0)
		link_set_fault(link, MESSAGE_WHY_CLOSED);
	else if (errno == ECONNRESET)
		link_set_fault(link, MESSAGE_WHY_BROKEN);
	else if (errno == EAGAIN || errno == ETIMEDOUT)
		link_set_fault(link, MESSAGE_WHY_SILENT);
	else
		strlcpy(link->fault, strerror_r(errno, text, sizeof(text)),
			sizeof(link->fault));
}

/* Reads what is there, or waits for it. As recv(2). */
static ssize_t receive(struct link *link, int flags)
{
	ssize_t n;

	do
		n = link_recv(link, link->in + link->in_fill, LINK_INPUT_SIZE - link->in_fill,
			      flags);
	while (n < 0 && errno == EINTR && flags == 0 && !atomic_load(&link->is_closed));
	if (n < 0 && errno == EINTR)
		errno = EAGAIN; /* only pings, or a part of a frame: there may be more later */
	if (n > 0) {
		link->in_fill += (size_t)n;
		link->heard_ms = net_now_ms();
	}
	return n;
}

/* Has the server announced more extensions than it lists, and now waits for the reply. */
static bool is_list_stuck(const struct link *link)
{
	return !link->has_replied && negotiate_is_stuck(&link->negotiate);
}

/* Waits for input while a list may be stuck. As recv(2). */
static ssize_t receive_by(struct link *link, int64_t deadline_ms)
{
	for (;;) {
		int64_t list_ms = link->heard_ms + LIST_SILENCE_MS;
		bool is_stuck = is_list_stuck(link);

		if (net_now_ms() >= deadline_ms) {
			errno = ETIMEDOUT;
			return -1;
		}
		int ready =
			link_wait(link, POLLIN,
				  is_stuck && list_ms < deadline_ms ? list_ms : deadline_ms);

		ssize_t n = ready > 0 ? receive(link, MSG_DONTWAIT) : 0;
		if (ready > 0 && (n >= 0 || errno != EAGAIN))
			return n;
		if (ready > 0)
			continue; /* a part of a frame */
		if (ready < 0) {
			errno = ECANCELED;
			return -1;
		}
		if (!is_stuck || net_now_ms() < list_ms) {
			errno = ETIMEDOUT;
			return -1;
		}
		session_log(link->session, LOG_DEBUG,
			    "%s has announced more extensions than it lists",
			    server_name(link->server));
		negotiate_give_up(&link->negotiate);
		link_reply_when_done(link);
	}
}

/* Until when to wait for the rest of a login: once the server has let the player in, only its
 * level is missing, and that is no condition. */
static int64_t login_deadline(const struct link *link, int64_t deadline_ms,
			      int64_t logged_in_ms)
{
	int64_t level_ms = logged_in_ms + SESSION_LEVEL_MS;

	return link->is_logged_in && level_ms < deadline_ms ? level_ms : deadline_ms;
}

/* Makes a new connection one of WebSocket, if the server is to be spoken to so. */
static bool upgrade(struct link *link, int64_t deadline_ms)
{
	char key[UPGRADE_KEY_TEXT];
	enum session_web answer;

	if (!link_ask_upgrade(link, key))
		return true;
	while ((answer = link_take_answer(link, key)) == SESSION_WEB_PART) {
		ssize_t n = receive_by(link, deadline_ms);

		if (n > 0)
			continue;
		explain_silence(link, n);
		return false;
	}
	return answer == SESSION_WEB_TAKEN;
}

bool link_login(struct link *link, int64_t deadline_ms)
{
	int64_t logged_in_ms = 0;

	if (link->in == NULL) /* else this is the second try */
		link->in = malloc(LINK_INPUT_SIZE);
	if (link->in == NULL || link->translate == NULL) {
		link->is_our_fault = true;
		link_set_fault(link, MESSAGE_WHY_MEMORY);
		return false;
	}
	if (!upgrade(link, deadline_ms))
		return false;
	link_identify_player(link);
	link_prepare(link, true);
	while (!is_login_over(link)) {
		ssize_t n = receive_by(link, login_deadline(link, deadline_ms, logged_in_ms));

		if (n < 0 && errno == ETIMEDOUT && link->is_logged_in) {
			link->waits_for_level = false;
			break;
		}
		if (n <= 0) {
			explain_silence(link, n);
			return false;
		}
		bool was_logged_in = link->is_logged_in;
		if (!walk(link))
			return false;
		if (link->is_logged_in && !was_logged_in)
			logged_in_ms = net_now_ms();
	}
	return true;
}

bool link_is_welcome(struct link *link)
{
	ssize_t n = receive(link, MSG_DONTWAIT);

	if ((n == 0 && link->in_fill == 0) || (n < 0 && errno != EAGAIN)) {
		explain_silence(link, n);
		return false;
	}
	if (link->in_fill < 1 + PACKET_STRING_LEN || link->in[0] != OP_DISCONNECT)
		return true;
	return link_inspect(link, link->in, 1 + PACKET_STRING_LEN) != VERDICT_END;
}

/* One more recv of the relay. Deadlines other than the server's own are rare. */
static ssize_t receive_more(struct link *link)
{
	int64_t timeout_ms = config_now()->server_timeout_ms;

	return is_list_stuck(link) ? receive_by(link, net_deadline_ms(timeout_ms))
				   : receive(link, 0);
}

/* A reload may have other packets dropped. */
static void follow_config(struct link *link)
{
	config_settle();
	link->is_stale |= link->config != config_now();
	link->config = config_now();
}

void link_relay(struct link *link)
{
	bool is_lobby = server_is_lobby(link->server);

	net_set_recv_timeout(link->stream.fd, config_now()->server_timeout_ms);
	while (!atomic_load(&link->is_closed)) {
		follow_config(link);
		if (!walk(link))
			break;
		ssize_t n = receive_more(link);

		if (n <= 0) {
			explain_silence(link, n);
			if (link->is_cut && !atomic_load(&link->is_closed) &&
			    link->generation == server_generation(link->server))
				server_suspect(link->server);
			break;
		}
		if (is_lobby) /* it pings every second */
			session_consider_return(link->session);
	}
}
