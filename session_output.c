/* SPDX-License-Identifier: MIT */
/*
 * From a server's packets to the client's socket: gathering, holding back, sending, noting what
 * they leave behind, and the gate that the player's spawn opens. The one idea: packets that go
 * as they are stay where they were received (the run) and are sent from there; only behind a
 * rewritten packet is everything else of that wake-up copied, too (out).
 */
#include <bsd/string.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_current.h"
#include "session_private.h"
#include "text.h"

/* What a server may say before it lets a player in; before its first level, if the swap is to
 * wait for it; between a LevelInitialize and the size of its level. */
#define HELD_MAX         (256 * 1024)
#define HELD_PATIENT     (128 * 1024)
#define KEPT_MAX         (256 * 1024)
#define OUT_SIZE         16384
#define GATE_PING_MARGIN 1024 /* ids from where the server counts */
#define NOTICE_SHARE_MS  10   /* what a client may take of the time for many notices */

/* False without memory, or room: `max` bytes at most. */
static bool bytes_add(struct bytes *bytes, const uint8_t *data, size_t size, size_t max)
{
	size_t room = bytes->room > 0 ? bytes->room : 1024;
	uint8_t *grown = bytes->data;

	if (size > max - bytes->size)
		return false;
	while (room < bytes->size + size)
		room *= 2;
	if (room > bytes->room)
		grown = realloc(bytes->data, room);
	if (grown == NULL)
		return false;
	bytes->data = grown;
	bytes->room = room;
	memcpy(grown + bytes->size, data, size);
	bytes->size += size;
	return true;
}

static bool too_much(struct link *link, const char *when)
{
	snprintf(link->fault, sizeof(link->fault), "it sends too much before %s", when);
	return false;
}

/* Keeps packets for the client until the link is current. */
static bool hold(struct link *link, const uint8_t *data, size_t size)
{
	if (link->held.size + size > HELD_PATIENT)
		link->waits_for_level = false;
	return bytes_add(&link->held, data, size, HELD_MAX) ||
	       too_much(link, "it lets a player in");
}

bool link_is_tracked(uint8_t opcode)
{
	return opcode == OP_IDENTIFICATION || opcode == OP_LEVEL_INITIALIZE ||
	       opcode == OP_LEVEL_FINALIZE || footprint_wants(opcode);
}

/* Notes what a run of packets changes in the client. client_tx held. */
static void track_locked(struct session *session, const uint8_t *data, size_t size)
{
	for (size_t at = 0, n; at < size; at += n) {
		uint8_t opcode = data[at];

		n = dialect_size(&session->dialect, PACKET_TO_CLIENT, opcode);
		if (n == 0 || n > size - at)
			return; /* not the client's dialect: a fault of ours */
		if (!link_is_tracked(opcode))
			continue;
		if (opcode == OP_IDENTIFICATION)
			session->is_in_game = true;
		else if (opcode == OP_LEVEL_INITIALIZE)
			atomic_store(&session->is_level_open, true);
		else if (opcode == OP_LEVEL_FINALIZE) {
			atomic_store(&session->is_level_open, false);
			pthread_cond_broadcast(&session->level_done);
		} else
			footprint_note(session->footprint, &session->dialect, data + at);
	}
}

void link_write_locked(struct link *link, const uint8_t *data, size_t size)
{
	track_locked(link->session, data, size);
	session_send_locked(link->session, data, size);
}

/* Sends a run to the client, unless another link has become current: an old server never speaks
 * again. */
static bool send_run(struct link *link, const uint8_t *data, size_t size, uint8_t wants)
{
	struct session *session = link->session;

	session_lock_tx(session);
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
	if (session->current == link) {
		session->is_gate_open = true;
		session->loaded_ms = net_now_ms();
	}
	pthread_mutex_unlock(&session->lock);
	session_log(session, LOG_DEBUG, "the gate opens: %s has spawned the player",
		    server_name(link->server));
}

/* An id for a ping of our own: not one of ours before, and far from where the server counts. */
static uint16_t gate_ping_locked(struct session *session, const struct link *link)
{
	uint16_t id = session->next_gate_ping++;

	if ((uint16_t)(id - link->last_ping + GATE_PING_MARGIN) < 2 * GATE_PING_MARGIN) {
		id = (uint16_t)(link->last_ping + GATE_PING_MARGIN);
		session->next_gate_ping = (uint16_t)(id + 1);
	}
	return id;
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
		session->loaded_ms = net_now_ms();
		session->gate_ping = gate_ping_locked(session, link);
	}
	packet_write_two_way_ping(packet, 1, session->gate_ping);
	pthread_mutex_unlock(&session->lock);
	if (is_needed)
		send_run(link, packet, sizeof(packet), 0);
}

/* Passes packets on: into store before the adoption, to the client after it. */
static bool flush(struct link *link, const uint8_t *data, size_t size, uint8_t wants,
		  bool has_spawn)
{
	bool has_ping = dialect_has(&link->session->dialect, EXT_TWO_WAY_PING);

	if (size == 0)
		return true;
	if (atomic_load(&link->published) == NULL)
		return hold(link, data, size);
	if (has_spawn && !has_ping)
		open_gate(link);
	if (!send_run(link, data, size, wants))
		return false;
	if (has_spawn && has_ping)
		ping_gate(link);
	if (has_spawn)
		link_prepare(link, false);
	return true;
}

static bool flush_out(struct link *link)
{
	size_t size = link->out.size;
	bool has_spawn = link->out_spawns;

	link->out.size = 0;
	link->out_spawns = false;
	return flush(link, link->out.data, size, WANT_TRACK, has_spawn);
}

static bool append(struct link *link, const uint8_t *data, size_t size)
{
	if (link->out.size + size > OUT_SIZE && !flush_out(link))
		return false;
	if (size > OUT_SIZE)
		return flush(link, data, size, WANT_TRACK, false);
	if (bytes_add(&link->out, data, size, OUT_SIZE))
		return true;
	link_set_fault(link, MESSAGE_WHY_MEMORY);
	return false;
}

/* The run so far, without the packet under inspection, goes behind what has been rewritten. */
static bool append_run(struct link *link)
{
	size_t start = link->run, size = link->at - start;
	bool has_spawn = link->run_spawns;

	link->run = link->at;
	link->run_wants = 0;
	link->run_spawns = false;
	if (size > 0 && !append(link, link->in + start, size))
		return false;
	link->out_spawns |= has_spawn;
	return true;
}

bool link_put_level(void *link, const uint8_t *packets, size_t size)
{
	return append_run(link) && append(link, packets, size);
}

bool link_put(struct link *link, const uint8_t *packets, size_t size)
{
	if (link->level == NULL || level_has_begun(link->level))
		return link_put_level(link, packets, size);
	return bytes_add(&link->kept, packets, size, KEPT_MAX) ||
	       too_much(link, "its level begins");
}

bool link_put_kept(struct link *link)
{
	struct bytes kept = link->kept;

	link->kept = (struct bytes){0};
	bool is_put = kept.size == 0 || link_put_level(link, kept.data, kept.size);
	free(kept.data);
	return is_put;
}

bool link_settle_run(struct link *link)
{
	size_t start = link->run;
	uint8_t wants = link->run_wants;
	bool has_spawn = link->run_spawns;

	if (link->out.size > 0)
		return append_run(link);
	link->run = link->at;
	link->run_wants = 0;
	link->run_spawns = false;
	return flush(link, link->in + start, link->at - start, wants, has_spawn);
}

bool link_settle(struct link *link)
{
	return link_settle_run(link) && flush_out(link);
}

/* Puts a text (UTF-8) in a place of the screen; client_tx held. */
static bool show_locked(struct session *session, uint8_t place, const char *utf8)
{
	char text[SESSION_WHY_MAX];
	uint8_t packet[PACKET_SIZE_MAX];
	bool has_place =
		session->is_in_game && dialect_has(&session->dialect, EXT_MESSAGE_TYPES);

	text_from_utf8(text, sizeof(text), utf8);
	text[PACKET_STRING_LEN] = '\0';
	text_make_safe(text, dialect_has(&session->dialect, EXT_FULL_CP437));
	if (has_place) {
		size_t size = packet_write_message(packet, place, text);

		track_locked(session, packet, size);
		session_send_locked(session, packet, size);
	}
	return has_place;
}

static bool show(struct session *session, uint8_t place, const char *utf8)
{
	session_lock_tx(session);
	bool has_place = show_locked(session, place, utf8);
	pthread_mutex_unlock(&session->client_tx);
	return has_place;
}

/* The same within bounds. A client without such places lacks nothing. */
static bool notify(struct session *session, int64_t deadline_ms, uint8_t place,
		   const char *utf8)
{
	if (!dialect_has(&session->dialect, EXT_MESSAGE_TYPES))
		return true;
	if (!session_lock_tx_by(session, deadline_ms))
		return false;
	bool is_shown = session_has_room(session) && show_locked(session, place, utf8);
	pthread_mutex_unlock(&session->client_tx);
	return is_shown;
}

bool session_show(struct session *session, uint8_t place, enum message message, ...)
{
	char utf8[SESSION_WHY_MAX];
	va_list pairs;

	va_start(pairs, message);
	config_vmessage(utf8, sizeof(utf8), message, pairs);
	va_end(pairs);
	return utf8[0] == '\0' || show(session, place, utf8);
}

void session_clear(struct session *session, uint8_t place)
{
	show(session, place, "");
}

int64_t session_notice_by(int64_t until_ms)
{
	int64_t share_ms = net_now_ms() + NOTICE_SHARE_MS;

	return share_ms < until_ms ? share_ms : until_ms;
}

bool session_notify_at(struct session *session, int64_t deadline_ms, uint8_t place,
		       enum message message, ...)
{
	char utf8[SESSION_WHY_MAX];
	va_list pairs;

	va_start(pairs, message);
	config_vmessage(utf8, sizeof(utf8), message, pairs);
	va_end(pairs);
	return utf8[0] == '\0' || notify(session, deadline_ms, place, utf8);
}

bool session_notify_clear(struct session *session, int64_t deadline_ms, uint8_t place)
{
	return notify(session, deadline_ms, place, "");
}
