/* SPDX-License-Identifier: MIT */
/*
 * The client's login: identification, name and key, the CPE negotiation, the claim to the name.
 * All of it on the client reader, within one deadline. The first hub is dialled as soon as the
 * player may come in by what they have said, before the negotiation, so that the connection is
 * there when the client is; a place on it is taken only with the name.
 */
#include <bsd/string.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "auth.h"
#include "config_current.h"
#include "ranks.h"
#include "session_offer.h"
#include "session_private.h"
#include "text.h"

#define NUMBER_MAX   24    /* room for a number */
#define OVERHEAD_MAX 65536 /* bytes of a login that are headers of frames, pings, ... */

struct login {
	struct session *session;
	struct client_input *in;
	int64_t deadline_ms;
	struct dialect offered; /* to this client, see negotiate.h */
	struct negotiate negotiate;
	size_t overhead;      /* bytes of frames without any for us */
	bool has_block_level; /* the client has answered CustomBlockSupportLevel */
};

/* Ends the login: the reason to the player, and a line in the log. Always false. */
static bool refuse_for(struct login *login, const struct session_reason *reason)
{
	struct session *session = login->session;
	char address[NET_ADDR_TEXT], name[PACKET_STRING_LEN * 3 + 1];
	/* connections that are held open without a word come in crowds */
	bool is_quiet = reason->is_of_many ||
			(reason->message == MESSAGE_LOGIN_TIMEOUT && !session->was_heard);

	log_address(address, &session->peer, true);
	text_to_utf8(name, sizeof(name), session->name);
	if (!atomic_load(&session->is_ending))
		session_log(session, is_quiet ? LOG_DEBUG : LOG_INFO,
			    "login%s%s from %s refused: %s", name[0] != '\0' ? " as " : "",
			    name, address, reason->logged);
	session_count_event(SESSION_REFUSED);
	if (!reason->is_no_try)
		session_note_refused(session, reason->message);
	session_end_for(session, reason);
	return false;
}

/* The same with a message, pairs of names and values, and NULL. */
__attribute__((sentinel)) static bool refuse(struct login *login, enum message message, ...)
{
	struct session_reason reason;
	va_list pairs;

	va_start(pairs, message);
	session_vreason(&reason, message, pairs);
	va_end(pairs);
	return refuse_for(login, &reason);
}

/* Writes to the client within the deadline of its login. */
static bool say(struct login *login, const uint8_t *data, size_t size)
{
	struct session *session = login->session;

	session_lock_tx(session);
	if (!session->is_broken && stream_send(&session->stream, data, size, login->deadline_ms,
					       &session->is_ending, NULL) != 0)
		session->is_broken = true;
	bool is_said = !session->is_broken;
	pthread_mutex_unlock(&session->client_tx);
	return is_said || refuse(login, MESSAGE_LOGIN_NOT_READING, NULL);
}

static bool refuse_late(struct login *login)
{
	char ms[NUMBER_MAX];

	snprintf(ms, sizeof(ms), "%lld", (long long)config_now()->login_timeout_ms);
	return refuse(login, MESSAGE_LOGIN_TIMEOUT, "ms", ms, NULL);
}

/* Reads more bytes of the login. */
static bool read_more(struct login *login)
{
	struct client_input *in = login->in;
	char address[NET_ADDR_TEXT];
	ssize_t n;

	do {
		n = session_recv_by(login->session, in->bytes + in->fill,
				    CLIENT_INPUT_SIZE - in->fill, login->deadline_ms);
		login->overhead += stream_overhead(&login->session->stream);
	} while (n < 0 && errno == EINTR && login->overhead < OVERHEAD_MAX);
	if (n > 0) {
		in->fill += (size_t)n;
		return true;
	}
	if (n < 0 && errno == ETIMEDOUT)
		return refuse_late(login);
	if (n < 0 && errno == EINTR)
		return refuse(login, MESSAGE_CLIENT_FRAMES, "fault", "there is nothing in them",
			      NULL);
	if (n < 0 && errno == EPROTO)
		return refuse(login, MESSAGE_CLIENT_FRAMES, "fault",
			      stream_fault(&login->session->stream), NULL);
	log_address(address, &login->session->peer, true);
	session_log(login->session, LOG_DEBUG, "%s %s", address,
		    session_was_cut(login->session) ? "has made room for newer logins"
						    : "went away during its login");
	return false;
}

static bool need(struct login *login, size_t size)
{
	while (login->in->fill < size)
		if (!read_more(login))
			return false;
	return true;
}

static void consume(struct client_input *in, size_t size)
{
	in->fill -= size;
	memmove(in->bytes, in->bytes + size, in->fill);
}

/* What a proxy in front says of the player, where the listener wants that. */
static bool read_header(struct login *login)
{
	enum session_header header;
	struct session_reason reason;

	if (!login->session->wants_header)
		return true;
	while ((header = session_take_header(login->session, login->in, &reason)) ==
	       SESSION_HEADER_PART)
		if (!read_more(login))
			return false;
	if (header == SESSION_HEADER_TAKEN)
		return true;
	session_decline_request(login->session, login->in, &reason);
	return refuse_for(login, &reason);
}

/* A web client begins with a request (GET; HEAD is one, too), any other with its
 * identification. */
static bool read_request(struct login *login)
{
	struct session *session = login->session;
	enum session_web web;
	struct session_reason reason;

	if (!need(login, 1))
		return false;
	session_note_heard(session);
	if (strchr("GH", login->in->bytes[0]) == NULL || login->in->bytes[0] == '\0')
		return true;
	while ((web = session_take_request(session, login->in, &reason)) == SESSION_WEB_PART)
		if (!read_more(login))
			return false;
	return web == SESSION_WEB_TAKEN || refuse_for(login, &reason);
}

static bool refuse_packet(struct login *login, enum message message, uint8_t opcode)
{
	char packet[NUMBER_MAX];

	snprintf(packet, sizeof(packet), "0x%02x", opcode);
	return refuse(login, message, "packet", packet, NULL);
}

static bool refuse_version(struct login *login, enum message message, unsigned protocol)
{
	char version[NUMBER_MAX], min[NUMBER_MAX], max[NUMBER_MAX];

	snprintf(version, sizeof(version), "%u", protocol);
	snprintf(min, sizeof(min), "%d", PACKET_PROTOCOL_MIN);
	snprintf(max, sizeof(max), "%d", PACKET_PROTOCOL);
	return refuse(login, message, "version", version, "min", min, "max", max, NULL);
}

/* Reads the first packet as far as its size, and refuses what is no Classic client that we
 * know. */
static bool read_version(struct login *login, size_t *size)
{
	const uint8_t *bytes = login->in->bytes;

	if (!need(login, 2))
		return false;
	if (memcmp(bytes, "PR", 2) == 0 || memcmp(bytes, "\r\n", 2) == 0)
		return refuse(login, MESSAGE_LOGIN_STRAY_HEADER,
			      NULL); /* version 1, version 2 */
	if (bytes[0] != OP_IDENTIFICATION)
		return refuse_packet(login, MESSAGE_LOGIN_FIRST_PACKET, bytes[0]);
	if (bytes[1] >= 'A' && bytes[1] <= 'z') /* a name: c0.0.15a has no version byte */
		return refuse_version(login, MESSAGE_LOGIN_TOO_OLD, bytes[1]);
	if (bytes[1] < PACKET_PROTOCOL_MIN || bytes[1] > PACKET_PROTOCOL)
		return refuse_version(login, MESSAGE_LOGIN_VERSION, bytes[1]);
	dialect_init(&login->session->dialect, &login->session->config->catalog, bytes[1],
		     false);
	*size = dialect_size(&login->session->dialect, PACKET_TO_SERVER, OP_IDENTIFICATION);
	return true;
}

/* The server that a returning player left, if `rejoin` says so and it takes them. */
static struct server *reserve_last(struct session *session, const struct server_guest *guest)
{
	const struct config *config = config_now();
	struct places *places = session->world->places;
	char name[CONFIG_NAME_MAX + 1];

	if (!config->rejoin_last || places == NULL || !places_find(places, session->name, name))
		return NULL;
	size_t index = config_find_server(config, name);
	struct server *server =
		index < config->n_servers ? config->servers[index].server : NULL;
	return server != NULL && server_is_up(server) &&
			       server_reserve(server, guest) == SERVER_ADMITS
		       ? server
		       : NULL;
}

/* The first server of a player whose name is known, which expects them now; NULL: none is up.
 */
static struct server *expect_somewhere(struct session *session)
{
	pthread_mutex_lock(&session->lock);
	struct server_guest guest = session_guest(session, true);
	guest.is_early = true;
	struct server *server = reserve_last(session, &guest);
	if (server == NULL)
		server = server_choose(session->world->registry, session_hubs(session), &guest,
				       false);
	pthread_mutex_unlock(&session->lock);
	return server;
}

/* Chooses the player's first server and starts the connection. Without one, the login goes on
 * alone. */
static void start_predial(struct session *session, struct predial *predial)
{
	char why[SESSION_WHY_MAX];

	predial->server = expect_somewhere(session);
	if (predial->server == NULL)
		return;
	predial->generation = server_generation(predial->server);
	predial->fd = server_take_ready(predial->server);
	predial->is_pooled = predial->fd >= 0;
	if (predial->fd < 0)
		predial->fd = server_dial_start(predial->server, why, sizeof(why));
}

void session_drop_predial(struct predial *predial)
{
	if (predial->fd >= 0)
		close(predial->fd);
	predial->fd = -1;
	if (predial->server != NULL)
		server_call_off(predial->server);
	predial->server = NULL;
}

/* Refuses with a sentence that has a reason and a time, or not. */
static bool refuse_banned(struct login *login, const struct bans_entry *ban, int64_t now_s)
{
	struct session_reason reason;

	session_ban_reason(&reason, ban, now_s);
	return refuse_for(login, &reason);
}

/* Bans, the allow list, and the door. */
static bool check_admission(struct login *login)
{
	const struct session *session = login->session;
	struct bans *bans = session->world->bans;
	int64_t now_s = time(NULL);
	struct bans_entry ban;

	if (bans != NULL && bans_find(bans, session->name, &session->peer, now_s, &ban))
		return refuse_banned(login, &ban, now_s);
	if (bans != NULL && !bans_is_allowed(bans, session->name, &session->peer, now_s))
		return refuse(login, MESSAGE_LOGIN_NOT_ALLOWED, NULL);
	if (session_door() == SESSION_DOOR_MAINTENANCE &&
	    !ranks_may_command(config_now(), session->name, session->is_verified, "maintenance",
			       false))
		return refuse(login, MESSAGE_LOGIN_MAINTENANCE, NULL);
	return true;
}

/* Is the key of the name as the client has sent it. From here on the name has the suffix of the
 * list that has made the key. */
static void verify(struct session *session)
{
	const struct config *config = config_now();
	const char *salt = config->salt != NULL ? config->salt : session->world->salt;
	struct salts *salts = session->world->salts;
	char suffix[AUTH_SUFFIX_MAX + 1] = "";

	session->is_verified = auth_key_is_valid(salt, session->name, session->key) ||
			       (salts != NULL && salts_match(salts, config, session->name,
							     session->key, time(NULL), suffix));
	strlcat(session->name, suffix, sizeof(session->name));
}

static bool check_name(struct login *login)
{
	struct session *session = login->session;
	const struct config *config = config_now();

	if (!auth_name_is_valid(session->name))
		return refuse(login, MESSAGE_LOGIN_NAME, NULL);
	const char *suffix = salts_borrowed_suffix(config, session->name);
	if (suffix != NULL)
		return refuse(login, MESSAGE_LOGIN_SUFFIX, "suffix", suffix, NULL);
	verify(session);
	snprintf(session->subject, sizeof(session->subject), "#%lu %.20s", session->id,
		 session->name);
	if (session->is_verified || !config->verify_names ||
	    (!config->verify_lan && net_addr_is_lan(&session->peer) && !session->needs_key))
		return check_admission(login);
	return refuse(login, MESSAGE_LOGIN_UNVERIFIED, NULL);
}

/* Takes the identification apart. */
static bool identify(struct login *login, size_t size)
{
	struct session *session = login->session;
	struct packet_identification packet;

	packet_read_identification(&packet, login->in->bytes, size);
	consume(login->in, size);
	strlcpy(session->name, packet.name, sizeof(session->name));
	strlcpy(session->key, packet.text, sizeof(session->key));
	dialect_init(&session->dialect, &session->config->catalog, packet.protocol,
		     packet.protocol == PACKET_PROTOCOL && packet.last == PACKET_CPE_MAGIC);
	return check_name(login);
}

static bool take_packet(struct login *login, const uint8_t *packet)
{
	struct session *session = login->session;
	const struct packet_catalog *catalog = &session->config->catalog;

	switch (packet[0]) {
	case OP_EXT_INFO:
		negotiate_info(&login->negotiate, packet);
		break;
	case OP_EXT_ENTRY:
		negotiate_client_entry(&login->negotiate, &session->dialect, &login->offered,
				       catalog, packet);
		break;
	case OP_CUSTOM_BLOCK_LEVEL:
		login->has_block_level = true;
		if (packet[1] < NEGOTIATE_BLOCK_LEVEL)
			dialect_set(&session->dialect, catalog, EXT_CUSTOM_BLOCKS, 0);
		break;
	case OP_TWO_WAY_PING:
		if (packet[1] == 0 && dialect_has(&session->dialect, EXT_TWO_WAY_PING))
			return say(login, packet, 4);
		break;
	default: /* a client that does not wait for the world; there is nobody yet to hear it */
		break;
	}
	return true;
}

/* Takes the packets that have arrived, until the condition holds: later ones belong to the
 * game. */
static bool take_packets(struct login *login, const struct dialect *dialect,
			 const bool *condition)
{
	struct client_input *in = login->in;

	while (in->fill > 0 && !*condition) {
		size_t size = dialect_size(dialect, PACKET_TO_SERVER, in->bytes[0]);

		if (size == 0 || in->bytes[0] == OP_IDENTIFICATION)
			return refuse_packet(login, MESSAGE_LOGIN_PACKET, in->bytes[0]);
		if (in->fill < size)
			break;
		if (!take_packet(login, in->bytes))
			return false;
		consume(in, size);
	}
	return true;
}

static bool await(struct login *login, const struct dialect *dialect, const bool *condition)
{
	while (!*condition)
		if (!take_packets(login, dialect, condition) ||
		    (!*condition && !read_more(login)))
			return false;
	return true;
}

/* Everything, except to a client that is known not to bear ExtendedBlocks. */
static void init_offer(struct login *login)
{
	const struct session *session = login->session;
	const struct packet_catalog *catalog = &session->config->catalog;

	negotiate_init_offer(&login->offered, catalog);
	if (session_offer_is_reduced(session->name, &session->peer, net_now_ms()))
		dialect_set(&login->offered, catalog, EXT_EXTENDED_BLOCKS, 0);
}

/* Refuses a client that its own custom blocks setting has made unreadable, and remembers to
 * offer it less next time. */
static bool check_blocks(struct login *login)
{
	const struct session *session = login->session;

	if (login->negotiate.listed[EXT_BLOCK_DEFINITIONS])
		session_offer_forget(session->name, &session->peer);
	if (!negotiate_is_without_blocks(&login->negotiate))
		return true;
	session_offer_remember(session->name, &session->peer, net_now_ms());
	return !dialect_has(&login->offered, EXT_EXTENDED_BLOCKS) ||
	       refuse(login, MESSAGE_LOGIN_CUSTOM_BLOCKS, NULL);
}

/*
 * The negotiation with a CPE client: ExtInfo, ExtEntry, CustomBlockSupportLevel. Until its list
 * is done it may use an extension as soon as it has read our entry, so that all that is on
 * offer frames what it sends; from then on it is what it has listed.
 */
static bool negotiate(struct login *login)
{
	struct session *session = login->session;
	const struct session_world *world = session->world;
	const struct packet_catalog *catalog = &session->config->catalog;
	uint8_t list[NEGOTIATE_LIST_MAX];

	init_offer(login);
	if (!say(login, list, negotiate_offer(list, catalog, &login->offered, world->version)))
		return false;
	if (!await(login, &login->offered, &login->negotiate.is_done))
		return false;
	negotiate_prune_client(&session->dialect, catalog);
	strlcpy(session->software, login->negotiate.software, sizeof(session->software));
	session_log_dialect(session, "the client", session->software, &session->dialect);
	if (!check_blocks(login))
		return false;
	if (!dialect_has(&session->dialect, EXT_CUSTOM_BLOCKS))
		return true;
	if (!say(login, list, packet_write_custom_block_level(list, NEGOTIATE_BLOCK_LEVEL)))
		return false;
	return await(login, &session->dialect, &login->has_block_level);
}

static bool claim(struct login *login)
{
	enum message why;

	return session_claim_name(login->session, &why) || refuse(login, why, NULL);
}

bool session_login(struct session *session, struct client_input *in, struct predial *predial)
{
	struct login login = {
		.session = session,
		.in = in,
		.deadline_ms = session->started_ms + config_now()->login_timeout_ms,
	};
	size_t size = 0;

	if (!read_header(&login) || !read_request(&login) || !read_version(&login, &size) ||
	    !need(&login, size) || !identify(&login, size))
		return false;
	start_predial(session, predial);
	/* a ban that came during the negotiation has not seen this player: they see it */
	return (!session->dialect.cpe || negotiate(&login)) && claim(&login) &&
	       check_admission(&login);
}
