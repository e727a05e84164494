/* SPDX-License-Identifier: MIT */
/*
 * The client reader after the login: client to server. The one idea: where the packets go (the
 * link, its dialect, whether the gate is open) is looked up once for all that one recv brought;
 * those bytes were sent before any later swap, so they belong to that server or to none.
 */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_current.h"
#include "session_private.h"
#include "text.h"

#define FLOOD_LOG_MS   10000 /* how often the log tells of one player's flood */
#define CLIENT_OUT_MAX (CHAT_OUT_MAX > TRANSLATE_OUT_MAX ? CHAT_OUT_MAX : TRANSLATE_OUT_MAX)

struct client_reader {
	struct session *session;
	struct client_input *in;
	struct link *link;            /* the current one, a reference; NULL between links */
	const struct dialect *server; /* its dialect; NULL without a link */
	bool is_gate_open;
	const struct config *config; /* that `wants` is for; only compared */
	bool wants[PACKET_OPCODES];  /* opcodes that inspect() must see */
	bool is_traced;              /* it sees all, for the session's trace */
	bool is_logged;              /* the log shows packets */
	uint8_t out[CLIENT_OUT_MAX]; /* what a packet was translated to, */
	size_t out_size;             /* if it is another one; else 0 */
	bool is_in_line;             /* the next message packet continues a long chat line, */
	bool is_line_dropped;        /* whose beginning was dropped or answered */
	struct chat *chat;           /* a long line being joined for a server that takes none */
	struct flood flood;          /* how much the player sends */
	unsigned counts[FLOOD_KINDS]; /* since the last look at that */
	int64_t flood_log_ms;         /* when the log may tell of it next */
	size_t offset;                /* bytes framed so far, for the log */
	bool has_fault;
	struct session_reason fault; /* why the session must end */
};

typedef enum verdict handler_fn(struct client_reader *reader, uint8_t *packet);

/* What belongs to the client's own side of the connection: Ping, the CPE negotiation. */
static enum verdict on_edge_packet(struct client_reader *reader, uint8_t *packet)
{
	(void)reader;
	(void)packet;
	return VERDICT_DROP;
}

/* The session must end: pairs of names and values, and NULL. */
__attribute__((sentinel)) static void fail(struct client_reader *reader, enum message message,
					   ...)
{
	va_list pairs;

	va_start(pairs, message);
	session_vreason(&reader->fault, message, pairs);
	va_end(pairs);
	reader->has_fault = true;
}

static enum verdict on_identification(struct client_reader *reader, uint8_t *packet)
{
	(void)packet;
	fail(reader, MESSAGE_CLIENT_TWICE, NULL);
	return VERDICT_DROP;
}

/* Is this the echo of a ping that the current server sent. Before the gate opens, only those
 * count. */
static bool is_early_ping_locked(const struct link *link, uint16_t id)
{
	for (unsigned i = 0; link != NULL && i < link->n_pings && i < SESSION_EARLY_PINGS; i++)
		if (link->pings[i] == id)
			return true;
	return false;
}

static void prepare(struct client_reader *reader);

/* Echoes: Kurafuto's own opens the gate, a stale one is dropped, all others are the server's
 * (TwoWayPing). */
static enum verdict on_echo(struct client_reader *reader, uint16_t id)
{
	struct session *session = reader->session;

	pthread_mutex_lock(&session->lock);
	bool is_ours = session->has_gate_ping && session->gate_ping == id;
	bool is_stale = !session->is_gate_open && !is_early_ping_locked(session->current, id);
	bool opens = is_ours && session->current == reader->link;
	if (is_ours)
		session->has_gate_ping = false;
	if (opens)
		session->is_gate_open = true;
	pthread_mutex_unlock(&session->lock);
	if (opens) {
		session_log(session, LOG_DEBUG,
			    "the gate opens: the client has answered the ping");
		reader->is_gate_open = true;
		prepare(reader);
	}
	return is_ours || is_stale ? VERDICT_DROP : VERDICT_PASS;
}

static enum verdict on_two_way_ping(struct client_reader *reader, uint8_t *packet)
{
	if (packet[1] == 1)
		return on_echo(reader, packet_get_u16(packet + 2));
	if (reader->link != NULL)
		return VERDICT_PASS;
	session_send(reader->session, packet,
		     4); /* the client's own ping, and no server to answer it */
	return VERDICT_DROP;
}

/* While the gate is closed these speak of the old world. */
static enum verdict on_world_packet(struct client_reader *reader, uint8_t *packet)
{
	(void)packet;
	return reader->is_gate_open ? VERDICT_PASS : VERDICT_DROP;
}

/* On the channel of the signals a server must be able to believe what it reads: that is
 * Kurafuto's own. */
static enum verdict on_plugin_message(struct client_reader *reader, uint8_t *packet)
{
	bool is_reserved = reader->link != NULL &&
			   link_may_signal(reader->link, CONFIG_REDIRECT_PLUGIN) &&
			   packet[1] == config_now()->redirect_channel;

	return is_reserved ? VERDICT_DROP : VERDICT_PASS;
}

/* clang-format off */
static const struct handler {
	handler_fn *run;
	bool only_when_closed; /* of no use while the gate is open and there is a link */
} handlers[PACKET_OPCODES] = {
	[OP_IDENTIFICATION]         = { on_identification, false },
	[OP_PING]                   = { on_edge_packet, false },
	[OP_EXT_INFO]               = { on_edge_packet, false },
	[OP_EXT_ENTRY]              = { on_edge_packet, false },
	[OP_CUSTOM_BLOCK_LEVEL]     = { on_edge_packet, false },
	[OP_TWO_WAY_PING]           = { on_two_way_ping, false },
	[OP_SET_BLOCK_CLIENT]       = { on_world_packet, true },
	[OP_POSITION]               = { on_world_packet, true },
	[OP_PLAYER_CLICKED]         = { on_world_packet, true },
	[OP_PLUGIN_MESSAGE]         = { on_plugin_message, false },
	[OP_NOTIFY_ACTION]          = { on_world_packet, true },
	[OP_NOTIFY_POSITION_ACTION] = { on_world_packet, true },
};
/* clang-format on */

/* Works out reader->wants for the link and the gate of the moment. */
static void prepare(struct client_reader *reader)
{
	const struct session *session = reader->session;

	reader->is_traced = session_is_traced(session);
	reader->is_logged = log_shows(LOG_TRACE);
	for (unsigned op = 0; op < PACKET_OPCODES; op++) {
		uint8_t opcode = (uint8_t)op;
		const struct handler *handler = &handlers[op];

		reader->wants[op] =
			reader->link == NULL || reader->is_traced ||
			hooks_want(session->world->hooks, PACKET_TO_SERVER, opcode) ||
			(handler->run != NULL &&
			 !(handler->only_when_closed && reader->is_gate_open)) ||
			translate_wants(&session->dialect, reader->server, PACKET_TO_SERVER,
					opcode);
	}
}

/* Looks up where the packets of this batch go. */
static void look_up(struct client_reader *reader)
{
	struct session *session = reader->session;
	struct link *old = NULL;

	pthread_mutex_lock(&session->lock);
	bool is_late = !session->is_gate_open && session->current != NULL &&
		       net_now_ms() >= session->gate_deadline_ms;
	session->is_gate_open |= is_late;
	const struct dialect *server =
		session->current != NULL ? atomic_load(&session->current->published) : NULL;
	bool is_news = session->current != reader->link || server != reader->server ||
		       session->is_gate_open != reader->is_gate_open;
	if (session->current != reader->link) {
		reader->is_line_dropped =
			true; /* the rest of a long line was for the old one */
		free(reader->chat);
		reader->chat = NULL;
		old = reader->link;
		reader->link = session->current;
		if (reader->link != NULL)
			link_ref(reader->link);
	}
	reader->server = server;
	reader->is_gate_open = session->is_gate_open;
	pthread_mutex_unlock(&session->lock);
	if (old != NULL)
		link_unref(old);
	if (is_late)
		session_log(session, LOG_DEBUG, "the gate opens: no spawn came in time");
	if (is_news || reader->is_traced != session_is_traced(session) ||
	    reader->is_logged != log_shows(LOG_TRACE))
		prepare(reader);
}

/* A hook that drops the beginning of a long chat line (LongerMessages) drops the rest of it,
 * too. */
static enum verdict run_hooks(struct client_reader *reader, uint8_t *packet, size_t size)
{
	struct session *session = reader->session;
	struct hook_packet seen = {
		.session = session,
		.direction = PACKET_TO_SERVER,
		.dialect = &session->dialect,
		.data = packet,
		.size = size,
		.continues = packet[0] == OP_MESSAGE && reader->is_in_line,
	};
	bool is_message = packet[0] == OP_MESSAGE;
	bool is_dropped = is_message && reader->is_in_line && reader->is_line_dropped;

	if (!is_dropped) {
		enum hook_verdict hooked = hooks_run(session->world->hooks, &seen);

		is_dropped = hooked == HOOK_DROP || hooked == HOOK_ANSWER;
	}
	if (is_message) {
		reader->is_in_line =
			dialect_has(&session->dialect, EXT_LONGER_MESSAGES) && packet[1] == 1;
		reader->is_line_dropped = is_dropped;
	}
	return is_dropped ? VERDICT_DROP : VERDICT_PASS;
}

static void say_too_long(struct session *session)
{
	char max[16];

	snprintf(max, sizeof(max), "%d", PACKET_STRING_LEN);
	session_say(session, MESSAGE_CHAT_TOO_LONG, "max", max, NULL);
}

/* Puts a piece of a long chat line to the others (LongerMessages). `type` is the client's. */
static enum verdict join_chat(struct client_reader *reader, uint8_t *packet, uint8_t type)
{
	enum chat_style style = atomic_load(&reader->link->chat_style);

	if (reader->chat == NULL)
		reader->chat = calloc(1, sizeof(*reader->chat));
	if (reader->chat == NULL)
		return VERDICT_PASS; /* a line of its own, then */
	packet[1] = type;
	if (chat_take(reader->chat, style, packet, reader->out, &reader->out_size) ==
	    CHAT_TOO_LONG)
		say_too_long(reader->session);
	return VERDICT_DROP;
}

static enum verdict translate(struct client_reader *reader, uint8_t *packet, size_t size)
{
	struct session *session = reader->session;
	uint8_t type = packet[1];
	bool is_chat = packet[0] == OP_MESSAGE &&
		       dialect_has(&session->dialect, EXT_LONGER_MESSAGES) &&
		       !dialect_has(reader->server, EXT_LONGER_MESSAGES);

	switch (translate_packet(NULL, &session->dialect, reader->server, PACKET_TO_SERVER,
				 packet, reader->out, &reader->out_size)) {
	case TRANSLATE_PASS:
		return is_chat ? join_chat(reader, packet, type) : VERDICT_PASS;
	case TRANSLATE_ANSWER:
		session_send(session, packet, size);
		return VERDICT_DROP;
	default: /* dropped, or replaced by what is in reader->out */
		return VERDICT_DROP;
	}
}

static enum verdict inspect(struct client_reader *reader, uint8_t *packet, size_t size)
{
	const struct handler *handler = &handlers[packet[0]];

	if (reader->is_traced)
		session_trace_packets(reader->session, TRACE_FROM_CLIENT, NULL,
				      &reader->session->dialect, packet, size);
	if (handler->run != NULL && handler->run(reader, packet) == VERDICT_DROP)
		return VERDICT_DROP;
	if (run_hooks(reader, packet, size) == VERDICT_DROP)
		return VERDICT_DROP;
	if (reader->link != NULL)
		return translate(reader, packet, size);
	if (packet[0] == OP_MESSAGE)
		session_say(reader->session, MESSAGE_BETWEEN_SERVERS, NULL);
	return VERDICT_DROP;
}

static void unknown_packet(struct client_reader *reader, const uint8_t *packet, size_t size)
{
	const struct packet_catalog *catalog = &reader->session->config->catalog;
	uint8_t opcode = packet[0];
	bool is_known = packet_info(catalog, PACKET_TO_SERVER, opcode) != NULL;
	char number[8];

	snprintf(number, sizeof(number), "0x%02x", opcode);
	fail(reader, is_known ? MESSAGE_CLIENT_UNAGREED : MESSAGE_CLIENT_UNKNOWN, "packet",
	     number, "name", packet_name(catalog, PACKET_TO_SERVER, opcode), NULL);
	if (reader->is_traced)
		session_trace_packets(reader->session, TRACE_FROM_CLIENT, NULL,
				      &reader->session->dialect, packet, size);
}

static void flush(struct client_reader *reader, const uint8_t *data, size_t size)
{
	if (size > 0 && reader->link != NULL)
		link_pass(reader->link, reader->server, data, size);
}

/* Counts a whole packet for the limits of the player. */
static void count(struct client_reader *reader, const uint8_t *packet)
{
	reader->counts[FLOOD_PACKETS]++;
	if (packet[0] == OP_SET_BLOCK_CLIENT)
		reader->counts[FLOOD_BLOCKS]++;
	if (packet[0] == OP_MESSAGE) /* each part of a long line, which need not have an end */
		reader->counts[FLOOD_CHAT]++;
}

/* Frames what has arrived and passes it on, up to the end of the last whole packet or a fault.
 */
static void walk(struct client_reader *reader)
{
	struct client_input *in = reader->in;
	size_t start = 0, at = 0;

	while (at < in->fill && !reader->has_fault) {
		uint8_t *packet = in->bytes + at;
		size_t size =
			dialect_size(&reader->session->dialect, PACKET_TO_SERVER, packet[0]);

		if (size == 0)
			unknown_packet(reader, packet, in->fill - at);
		if (size == 0 || in->fill - at < size)
			break;
		reader->out_size = 0;
		count(reader, packet);
		if (reader->wants[packet[0]] && inspect(reader, packet, size) == VERDICT_DROP) {
			flush(reader, in->bytes + start, at - start);
			flush(reader, reader->out, reader->out_size);
			start = at + size;
		}
		at += size;
		reader->offset += size;
	}
	flush(reader, in->bytes + start, at - start);
	in->fill -= at;
	memmove(in->bytes, in->bytes + at, in->fill);
}

/* May a client have nothing to say: it is loading, or has no server. Vanilla clients are silent
 * until they have been spawned, and must not pay for a server that hangs. */
static bool may_be_silent(struct session *session)
{
	int64_t now_ms = net_now_ms();

	pthread_mutex_lock(&session->lock);
	bool has_spawned = session->is_gate_open || session->has_gate_ping ||
			   now_ms >= session->gate_deadline_ms;
	bool has_server = session->current != NULL;
	int64_t loaded_ms = session->loaded_ms;
	pthread_mutex_unlock(&session->lock);
	return !has_server || !has_spawned || atomic_load(&session->is_level_open) ||
	       now_ms - loaded_ms < config_now()->client_timeout_ms;
}

static void fail_silent(struct client_reader *reader)
{
	char ms[24];

	snprintf(ms, sizeof(ms), "%lld", (long long)config_now()->client_timeout_ms);
	fail(reader, MESSAGE_CLIENT_SILENT, "ms", ms, NULL);
}

static void log_flood(struct client_reader *reader, const char *what)
{
	int64_t now_ms = net_now_ms();

	if (now_ms < reader->flood_log_ms)
		return;
	reader->flood_log_ms = now_ms + FLOOD_LOG_MS;
	session_log(reader->session, LOG_INFO,
		    "sends too many %s a second (limits), and is slowed down", what);
}

/* A reload may have other packets dropped. */
static void follow_config(struct client_reader *reader)
{
	config_settle();
	if (reader->config == config_now())
		return;
	reader->config = config_now();
	prepare(reader);
}

/* Who sends too much is not read for a while, and kicked if that does not help. False: the
 * session is over. */
static bool pay_for_flood(struct client_reader *reader)
{
	static const char *const words[FLOOD_KINDS] = {
		[FLOOD_PACKETS] = "packets",
		[FLOOD_BYTES] = "bytes",
		[FLOOD_CHAT] = "chat lines",
		[FLOOD_BLOCKS] = "blocks",
	};
	struct session *session = reader->session;
	enum flood_kind worst;
	int wait_ms;

	while ((wait_ms = flood_take(&reader->flood, &config_now()->limits, reader->counts,
				     net_now_ms(), &worst)) != 0) {
		memset(reader->counts, 0, sizeof(reader->counts));
		if (wait_ms == FLOOD_KICK) {
			fail(reader, MESSAGE_CLIENT_FLOOD, "what", words[worst], NULL);
			return false;
		}
		log_flood(reader, words[worst]);
		/* who has gone meanwhile is done with */
		if (net_wait(session->stream.fd, POLLRDHUP, net_now_ms() + wait_ms) != 0 ||
		    atomic_load(&session->is_ending))
			return false;
		follow_config(reader); /* which may have other limits */
	}
	memset(reader->counts, 0, sizeof(reader->counts));
	return true;
}

/* Waits for more bytes. False: the client is gone, or has been told to go. */
static bool receive(struct client_reader *reader)
{
	struct session *session = reader->session;
	struct client_input *in = reader->in;
	bool is_timeout;
	ssize_t n;

	do {
		if (!pay_for_flood(reader))
			return false;
		n = session_recv(session, in->bytes + in->fill, CLIENT_INPUT_SIZE - in->fill);
		reader->counts[FLOOD_PACKETS] += n < 0; /* such as a frame without bytes */
		reader->counts[FLOOD_BYTES] += (unsigned)stream_overhead(&session->stream);
		is_timeout = n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
	} while ((n < 0 && errno == EINTR) || (is_timeout && may_be_silent(session)));
	if (is_timeout)
		fail_silent(reader);
	if (n < 0 && errno == EPROTO)
		fail(reader, MESSAGE_CLIENT_FRAMES, "fault", stream_fault(&session->stream),
		     NULL);
	if (n <= 0 || atomic_load(&session->is_ending))
		return false;
	reader->counts[FLOOD_BYTES] += (unsigned)n;
	in->fill += (size_t)n;
	return true;
}

void session_relay_client(struct session *session, struct client_input *in)
{
	struct client_reader reader = {.session = session, .in = in};

	flood_init(&reader.flood, net_now_ms());
	net_set_recv_timeout(session->stream.fd, config_now()->client_timeout_ms);
	do {
		follow_config(&reader);
		look_up(&reader);
		walk(&reader);
	} while (!reader.has_fault && receive(&reader));
	if (reader.has_fault) {
		session_log(session, LOG_WARN, "%s (at byte %zu)", reader.fault.logged,
			    reader.offset);
		session_end_for(session, &reader.fault);
	}
	if (reader.link != NULL)
		link_unref(reader.link);
	free(reader.chat);
}
