/* SPDX-License-Identifier: MIT */
/*
 * What a server says: its login and negotiation, then the relay to the client. The one idea: a
 * run of packets that nobody wants to see goes out with one send; one byte a opcode
 * (link.wants) tells whether somebody does.
 */
#include <bsd/string.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session_private.h"
#include "text.h"
#include "translate.h"

#define HELD_MAX (256 * 1024) /* what a server may say before it lets a player in */

enum {
	WANT_INSPECT = 1, /* a handler here, a hook or a translation */
	WANT_TRACK = 2,   /* leaves something behind in the client */
};

enum verdict {
	VERDICT_PASS,
	VERDICT_DROP,
	VERDICT_END, /* the link is over: kick or fault says why */
};

typedef enum verdict handler_fn(struct link *link, uint8_t *packet);

/* The first one on a link means "logged in"; the client hears its own version in all of them.
 */
static enum verdict on_identification(struct link *link, uint8_t *packet)
{
	packet[1] = link->session->dialect.protocol;
	link->is_logged_in = true;
	return VERDICT_PASS;
}

static enum verdict on_disconnect(struct link *link, uint8_t *packet)
{
	char reason[PACKET_STRING_LEN + 1];

	packet_get_string(reason, packet + 1);
	text_to_utf8(link->kick, sizeof(link->kick),
		     reason[0] != '\0' ? reason : "no reason given");
	return VERDICT_END;
}

/* Replies once, in one write, when the server's list is done. */
static void reply_when_done(struct link *link)
{
	struct session *session = link->session;
	uint8_t list[NEGOTIATE_LIST_MAX];

	if (!link->negotiate.is_done || link->has_replied)
		return;
	link->has_replied = true;
	link_send(link, list,
		  negotiate_reply(list, &session->world->config->catalog, &link->dialect,
				  session->software));
	if (atomic_load(&link->published) == NULL)
		return;
	pthread_mutex_lock(&session->lock);
	link_publish(link);
	pthread_mutex_unlock(&session->lock);
	session_log_dialect(session, server_name(link->server), link->negotiate.software,
			    &link->dialect);
}

static enum verdict on_ext_info(struct link *link, uint8_t *packet)
{
	if (!link->has_replied)
		negotiate_info(&link->negotiate, packet);
	reply_when_done(link);
	return VERDICT_DROP;
}

static enum verdict on_ext_entry(struct link *link, uint8_t *packet)
{
	struct session *session = link->session;

	if (!link->has_replied)
		negotiate_server_entry(&link->negotiate, &link->dialect, &session->dialect,
				       &session->world->config->catalog, packet);
	reply_when_done(link);
	return VERDICT_DROP;
}

static enum verdict on_custom_block_level(struct link *link, uint8_t *packet)
{
	link_send(link, packet, packet_write_custom_block_level(packet, NEGOTIATE_BLOCK_LEVEL));
	return VERDICT_DROP;
}

/* A position for the player that follows a whole level is their spawn: the old world's
 * positions end there. */
static enum verdict on_level_finalize(struct link *link, uint8_t *packet)
{
	struct session *session = link->session;

	(void)packet;
	link->has_level = true;
	pthread_mutex_lock(&session->lock);
	if (!session->is_gate_open && session->current == link)
		session->gate_deadline_ms = net_now_ms() + SESSION_GATE_LEVEL_MS;
	pthread_mutex_unlock(&session->lock);
	return VERDICT_PASS;
}

static enum verdict on_spawn(struct link *link, uint8_t *packet)
{
	if (packet[1] == PACKET_SELF && link->has_level)
		link->opens_gate = true;
	return VERDICT_PASS;
}

/* While the gate is closed, echoes with these ids are the new server's; all others are stale
 * (TwoWayPing). */
static enum verdict on_two_way_ping(struct link *link, uint8_t *packet)
{
	struct session *session = link->session;

	if (packet[1] != 1)
		return VERDICT_PASS;
	link->last_ping = packet_get_u16(packet + 2);
	pthread_mutex_lock(&session->lock);
	if (!session->is_gate_open && session->current == link)
		session->early_pings[session->n_early_pings++ % SESSION_EARLY_PINGS] =
			link->last_ping;
	pthread_mutex_unlock(&session->lock);
	return VERDICT_PASS;
}

/* clang-format off */
static handler_fn *const handlers[PACKET_OPCODES] = {
	[OP_IDENTIFICATION]     = on_identification,
	[OP_LEVEL_FINALIZE]     = on_level_finalize,
	[OP_SPAWN_PLAYER]       = on_spawn,
	[OP_POSITION]           = on_spawn,
	[OP_DISCONNECT]         = on_disconnect,
	[OP_EXT_INFO]           = on_ext_info,
	[OP_EXT_ENTRY]          = on_ext_entry,
	[OP_CUSTOM_BLOCK_LEVEL] = on_custom_block_level,
	[OP_ADD_ENTITY2]        = on_spawn,
	[OP_TWO_WAY_PING]       = on_two_way_ping,
	[OP_ENTITY_TELEPORT]    = on_spawn,
};
/* clang-format on */

/* Opcodes that are inspected only while the player has not been spawned: too many of them
 * afterwards. */
static bool is_spawn(uint8_t opcode)
{
	return handlers[opcode] == on_spawn;
}

static bool is_tracked(uint8_t opcode)
{
	return opcode == OP_IDENTIFICATION || opcode == OP_LEVEL_INITIALIZE ||
	       opcode == OP_LEVEL_FINALIZE || footprint_wants(opcode);
}

/* Works out link.wants; again whenever the dialect has grown or the gate has opened. */
static void prepare(struct link *link, bool is_gate_open)
{
	const struct session *session = link->session;

	for (unsigned op = 0; op < PACKET_OPCODES; op++) {
		uint8_t opcode = (uint8_t)op;
		bool has_handler = handlers[op] != NULL && !(is_gate_open && is_spawn(opcode));
		bool inspect = has_handler ||
			       hooks_want(session->world->hooks, PACKET_TO_CLIENT, opcode) ||
			       translate_wants(&session->dialect, &link->dialect,
					       PACKET_TO_CLIENT, opcode);

		link->wants[op] = (uint8_t)((inspect ? WANT_INSPECT : 0) |
					    (is_tracked(opcode) ? WANT_TRACK : 0));
	}
}

void link_publish(struct link *link)
{
	struct dialect *agreed = &link->agreed[atomic_load(&link->published) != NULL];

	*agreed = link->dialect;
	atomic_store(&link->published, agreed);
	prepare(link, link->session->is_gate_open);
}

/* Notes what a run of packets changes in the client. client_tx held. */
static void track_locked(struct link *link, const uint8_t *data, size_t size)
{
	struct session *session = link->session;

	for (size_t at = 0; at < size;
	     at += dialect_size(&link->dialect, PACKET_TO_CLIENT, data[at])) {
		uint8_t opcode = data[at];

		if (!is_tracked(opcode))
			continue;
		if (opcode == OP_IDENTIFICATION)
			session->is_in_game = true;
		else if (opcode == OP_LEVEL_INITIALIZE)
			session->is_level_open = true;
		else if (opcode == OP_LEVEL_FINALIZE) {
			session->is_level_open = false;
			pthread_cond_broadcast(&session->level_done);
		} else
			footprint_note(session->footprint, &session->dialect, data + at);
	}
}

void link_write_locked(struct link *link, const uint8_t *data, size_t size)
{
	track_locked(link, data, size);
	session_send_locked(link->session, data, size);
}

/* Keeps packets for the client until the link is current. */
static bool hold(struct link *link, const uint8_t *data, size_t size)
{
	size_t room = link->held_room > 0 ? link->held_room : 1024;
	uint8_t *held;

	if (link->held_size + size > HELD_MAX) {
		strlcpy(link->fault, "it sends too much before it lets a player in",
			sizeof(link->fault));
		return false;
	}
	while (room < link->held_size + size)
		room *= 2;
	held = room > link->held_room ? realloc(link->held, room) : link->held;
	if (held == NULL) {
		strlcpy(link->fault, "Kurafuto is out of memory", sizeof(link->fault));
		return false;
	}
	link->held = held;
	link->held_room = room;
	memcpy(held + link->held_size, data, size);
	link->held_size += size;
	return true;
}

/* Sends a run to the client, unless another link has become current: an old server never speaks
 * again. */
static bool send_run(struct link *link, const uint8_t *data, size_t size, uint8_t wants)
{
	struct session *session = link->session;

	while (atomic_load(&session->tx_waiters) > 0)
		sched_yield();
	pthread_mutex_lock(&session->client_tx);
	bool is_current = session->current == link;
	if (is_current && (wants & WANT_TRACK))
		link_write_locked(link, data, size);
	else if (is_current)
		session_send_locked(session, data, size);
	pthread_mutex_unlock(&session->client_tx);
	return is_current;
}

/*
 * The player's spawn goes out with the next run. A client without TwoWayPing is taken at its
 * word from then on: the gate opens just before, so that nothing that answers the spawn is
 * lost.
 */
static void open_gate(struct link *link)
{
	struct session *session = link->session;

	pthread_mutex_lock(&session->lock);
	if (session->current == link)
		session->is_gate_open = true;
	pthread_mutex_unlock(&session->lock);
	session_log(session, LOG_DEBUG, "the gate opens: %s has spawned the player",
		    server_name(link->server));
}

/* A client with TwoWayPing gets a ping behind its spawn, whose echo opens the gate: whatever
 * comes before that echo was sent in the old world. */
static void ping_gate(struct link *link)
{
	struct session *session = link->session;
	uint8_t packet[4];

	pthread_mutex_lock(&session->lock);
	bool is_needed =
		!session->is_gate_open && !session->has_gate_ping && session->current == link;
	if (is_needed) {
		session->has_gate_ping = true;
		session->gate_ping = (uint16_t)(link->last_ping + 0x8000);
	}
	packet_write_two_way_ping(packet, 1, session->gate_ping);
	pthread_mutex_unlock(&session->lock);
	if (is_needed)
		send_run(link, packet, sizeof(packet), 0);
}

/* Passes a run on: into store before the adoption, to the client after it. */
static bool flush(struct link *link, const uint8_t *data, size_t size, uint8_t wants)
{
	bool has_spawn = link->opens_gate;
	bool has_ping = dialect_has(&link->session->dialect, EXT_TWO_WAY_PING);

	if (size == 0)
		return true;
	if (atomic_load(&link->published) == NULL)
		return hold(link, data, size);
	link->opens_gate = false;
	if (has_spawn && !has_ping)
		open_gate(link);
	if (!send_run(link, data, size, wants))
		return false;
	if (has_spawn && has_ping)
		ping_gate(link);
	if (has_spawn)
		prepare(link, true);
	return true;
}

/* Hooks, and translation into the client's dialect. */
static enum verdict hook_and_translate(struct link *link, uint8_t *packet, size_t size)
{
	struct session *session = link->session;
	struct hook_packet seen = {
		.session = session,
		.direction = PACKET_TO_CLIENT,
		.dialect = &link->dialect,
		.data = packet,
		.size = size,
	};
	enum hook_verdict hooked = hooks_run(session->world->hooks, &seen);

	if (hooked == HOOK_DROP || hooked == HOOK_ANSWER)
		return VERDICT_DROP;
	return translate_packet(&session->dialect, &link->dialect, PACKET_TO_CLIENT, packet) ==
			       TRANSLATE_PASS
		       ? VERDICT_PASS
		       : VERDICT_DROP;
}

static enum verdict inspect(struct link *link, uint8_t *packet, size_t size)
{
	handler_fn *handler = handlers[packet[0]];
	enum verdict verdict = handler != NULL ? handler(link, packet) : VERDICT_PASS;

	return verdict == VERDICT_PASS ? hook_and_translate(link, packet, size) : verdict;
}

/* Is the link past what the caller of walk() waits for. */
static bool is_login_over(const struct link *link)
{
	return link->is_logged_in && atomic_load(&link->published) == NULL;
}

static void unknown_packet(struct link *link, uint8_t opcode)
{
	const struct packet_catalog *catalog = &link->session->world->config->catalog;
	bool is_known = packet_info(catalog, PACKET_TO_CLIENT, opcode) != NULL;

	snprintf(link->fault, sizeof(link->fault),
		 "it sent packet 0x%02x (%s), %s, at byte %zu", opcode,
		 packet_name(catalog, PACKET_TO_CLIENT, opcode),
		 is_known ? "which was not negotiated" : "which does not exist", link->offset);
}

/*
 * Frames what has arrived and passes it on, up to the end of the last whole packet, or of the
 * login. False: the link is over.
 */
static bool walk(struct link *link)
{
	uint8_t *in = link->in, wants = 0;
	size_t start = 0, at = 0;
	bool is_alive = true;

	while (is_alive && at < link->in_fill && !is_login_over(link)) {
		size_t size = dialect_size(&link->dialect, PACKET_TO_CLIENT, in[at]);
		enum verdict verdict = VERDICT_PASS;

		if (size == 0) {
			unknown_packet(link, in[at]);
			verdict = VERDICT_END;
		} else if (link->in_fill - at < size) {
			break;
		} else if (link->wants[in[at]] & WANT_INSPECT) {
			verdict = inspect(link, in + at, size);
		}
		wants |= link->wants[in[at]];
		link->offset += size;
		if (verdict != VERDICT_PASS) {
			is_alive = flush(link, in + start, at - start, wants) &&
				   verdict == VERDICT_DROP;
			start = at + size;
		}
		at += size;
	}
	is_alive = is_alive && flush(link, in + start, at - start, wants);
	if (is_alive) {
		link->in_fill -= at;
		memmove(in, in + at, link->in_fill);
	}
	return is_alive;
}

static void explain_silence(struct link *link, ssize_t n)
{
	char text[96];

	if (n == 0)
		strlcpy(link->fault, "it closed the connection", sizeof(link->fault));
	else if (errno == EAGAIN || errno == ETIMEDOUT)
		strlcpy(link->fault, "it has been silent for too long", sizeof(link->fault));
	else
		strlcpy(link->fault, strerror_r(errno, text, sizeof(text)),
			sizeof(link->fault));
}

bool link_login(struct link *link, int64_t deadline_ms)
{
	link->in = malloc(LINK_INPUT_SIZE);
	if (link->in == NULL) {
		strlcpy(link->fault, "Kurafuto is out of memory", sizeof(link->fault));
		return false;
	}
	prepare(link, false);
	while (!link->is_logged_in) {
		ssize_t n = net_recv(link->fd, link->in + link->in_fill,
				     LINK_INPUT_SIZE - link->in_fill, deadline_ms);

		if (n <= 0) {
			explain_silence(link, n);
			return false;
		}
		link->in_fill += (size_t)n;
		if (!walk(link))
			return false;
	}
	return true;
}

bool link_is_welcome(struct link *link)
{
	ssize_t n = recv(link->fd, link->in + link->in_fill, LINK_INPUT_SIZE - link->in_fill,
			 MSG_DONTWAIT);

	if (n > 0)
		link->in_fill += (size_t)n;
	if (n == 0 && link->in_fill == 0) {
		explain_silence(link, 0);
		return false;
	}
	if (link->in_fill < 1 + PACKET_STRING_LEN || link->in[0] != OP_DISCONNECT)
		return true;
	on_disconnect(link, link->in);
	return false;
}

void link_relay(struct link *link)
{
	net_set_recv_timeout(link->fd, link->session->world->config->server_timeout_ms);
	while (!atomic_load(&link->is_closed) && walk(link)) {
		ssize_t n;

		do
			n = recv(link->fd, link->in + link->in_fill,
				 LINK_INPUT_SIZE - link->in_fill, 0);
		while (n < 0 && errno == EINTR);
		if (n <= 0) {
			explain_silence(link, n);
			break;
		}
		link->in_fill += (size_t)n;
	}
}
