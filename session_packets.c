/* SPDX-License-Identifier: MIT */
/*
 * What a server's packets mean to Kurafuto: login, negotiation, levels, spawns, pings; then
 * hooks and translation. The one idea: a byte an opcode (link.wants) says whether anybody wants
 * to see it, and whoever does is a row of a table.
 */
#include <bsd/string.h>
#include <stdio.h>
#include <string.h>

#include "blocks.h"
#include "config_current.h"
#include "session_private.h"
#include "text.h"

typedef enum verdict handler_fn(struct link *link, uint8_t *packet);

/* A client with BlockPermissions does not derive from the user type what may be done to bedrock
 * and liquids; a server without the extension relies on it. */
static bool lacks_permissions(const struct link *link)
{
	return dialect_has(&link->session->dialect, EXT_BLOCK_PERMISSIONS) &&
	       !dialect_has(&link->dialect, EXT_BLOCK_PERMISSIONS);
}

/* A client with CustomBlocks offers its blocks for ever; a server that can't know them should
 * not be built with them. */
static bool lacks_custom_blocks(const struct link *link)
{
	const struct dialect *client = &link->session->dialect;

	return dialect_has(client, EXT_BLOCK_PERMISSIONS) &&
	       dialect_has(client, EXT_CUSTOM_BLOCKS) &&
	       !dialect_has(&link->dialect, EXT_CUSTOM_BLOCKS) &&
	       !dialect_has(&link->dialect, EXT_BLOCK_DEFINITIONS);
}

/* What may be done to some blocks, on their way to the client. */
struct permissions {
	uint8_t packets[(5 + 16) * 5];
	size_t size;
};

static void permit(struct permissions *permissions, const struct dialect *client,
		   unsigned block, bool may_place, bool may_delete)
{
	size_t size = dialect_size(client, PACKET_TO_CLIENT, OP_BLOCK_PERMISSION);
	uint8_t *p = permissions->packets + permissions->size;

	memset(p, 0, size);
	p[0] = OP_BLOCK_PERMISSION;
	p[size - 3] = (uint8_t)block;
	p[size - 2] = may_place;
	p[size - 1] = may_delete;
	permissions->size += size;
}

static bool put_permissions(struct link *link, const struct permissions *permissions)
{
	return permissions->size == 0 ||
	       link_put(link, permissions->packets, permissions->size);
}

/* Bedrock may be placed and deleted by operators, liquids placed. Says only what is news. */
static enum verdict permit_operator(struct link *link, uint8_t user_type)
{
	const struct dialect *client = &link->session->dialect;
	bool is_operator = user_type >= PACKET_USER_OP && user_type <= 127;
	struct permissions permissions = {.size = 0};

	if (!lacks_permissions(link) || link->is_operator == is_operator)
		return VERDICT_PASS;
	link->is_operator = is_operator;
	permit(&permissions, client, BLOCK_BEDROCK, is_operator, is_operator);
	for (unsigned block = BLOCK_WATER; block <= BLOCK_STILL_LAVA; block++)
		permit(&permissions, client, block, is_operator, false);
	return put_permissions(link, &permissions) ? VERDICT_PASS : VERDICT_END;
}

/* CustomBlocks may be placed by nobody where the server has none. Not before the level: some
 * servers identify first and negotiate then. */
static enum verdict forbid_custom_blocks(struct link *link)
{
	struct permissions permissions = {.size = 0};

	if (!lacks_custom_blocks(link) || link->has_forbidden)
		return VERDICT_PASS;
	link->has_forbidden = true;
	for (unsigned block = BLOCK_COBBLESTONE_SLAB; block <= BLOCK_STONE_BRICK; block++)
		permit(&permissions, &link->session->dialect, block, false, false);
	return put_permissions(link, &permissions) ? VERDICT_PASS : VERDICT_END;
}

static void put_text(uint8_t field[static PACKET_STRING_LEN], const char *utf8)
{
	char text[SESSION_WHY_MAX];

	text_from_utf8(text, sizeof(text), utf8);
	packet_put_string(field, text);
}

/* What the configuration has the player see instead of a server's own words: the server's
 * `motd`; in the lobby, the name and motd of the listener. */
static void retitle(const struct link *link, uint8_t *packet)
{
	const struct config *config = config_now();
	const struct config_server *row = server_config(link->server, config);
	const struct config_listener *listener = session_listener_row(link->session, config);

	if (row != NULL && row->motd != NULL)
		put_text(packet + 2 + PACKET_STRING_LEN, row->motd);
	if (!server_is_lobby(link->server) || listener == NULL)
		return;
	put_text(packet + 2, listener->name);
	put_text(packet + 2 + PACKET_STRING_LEN, listener->motd);
}

/* The first one on a link means "logged in"; the client hears its own version in all of them.
 */
static enum verdict on_identification(struct link *link, uint8_t *packet)
{
	size_t size = dialect_size(&link->dialect, PACKET_TO_CLIENT, OP_IDENTIFICATION);

	packet[1] = link->session->dialect.protocol;
	link->is_logged_in = true;
	retitle(link, packet);
	return permit_operator(link, packet[size - 1]);
}

static enum verdict on_user_type(struct link *link, uint8_t *packet)
{
	return permit_operator(link, packet[1]);
}

static enum verdict on_disconnect(struct link *link, uint8_t *packet)
{
	char reason[PACKET_STRING_LEN + 1];

	packet_get_string(reason, packet + 1);
	link_take_kick(link, reason);
	text_to_utf8(link->kick, sizeof(link->kick), reason);
	if (link->kick[0] == '\0')
		config_message(link->kick, sizeof(link->kick), MESSAGE_NO_REASON, NULL);
	if (link->kick[0] == '\0') /* that it is a kick must be seen */
		strlcpy(link->kick, message_default(MESSAGE_NO_REASON), sizeof(link->kick));
	return VERDICT_END;
}

void link_reply_when_done(struct link *link)
{
	struct session *session = link->session;

	if (!link->negotiate.is_done || link->has_replied)
		return;
	link->has_replied = true;
	link_reply(link);
	link->is_stale = true;
	atomic_store(&link->chat_style, chat_style(&link->dialect, link->negotiate.software));
	if (atomic_load(&link->published) != NULL)
		session_log_dialect(session, server_name(link->server),
				    link->negotiate.software, &link->dialect);
}

/*
 * What a server has listed it may use before it has our reply, as far as that goes without
 * knowing it: no packet may change its size yet.
 */
static void take_listed(struct link *link)
{
	const struct packet_catalog *catalog = &link->session->config->catalog;

	for (unsigned i = 0; i < packet_extension_count(catalog); i++)
		if (link->dialect.version[i] != link->listed.version[i] &&
		    !packet_extension_resizes(i))
			dialect_set(&link->dialect, catalog, i, link->listed.version[i]);
	link->is_stale = true;
}

static enum verdict on_ext_info(struct link *link, uint8_t *packet)
{
	if (!link->has_replied)
		negotiate_info(&link->negotiate, packet);
	link->has_stray_bytes = strncmp(link->negotiate.software, "D3 server", 9) == 0;
	link_reply_when_done(link);
	return VERDICT_DROP;
}

static enum verdict on_ext_entry(struct link *link, uint8_t *packet)
{
	struct session *session = link->session;

	if (!link->has_replied) {
		negotiate_server_entry(&link->negotiate, &link->listed, &session->dialect,
				       &session->config->catalog, packet);
		take_listed(link);
	}
	link_reply_when_done(link);
	return VERDICT_DROP;
}

static enum verdict on_custom_block_level(struct link *link, uint8_t *packet)
{
	link_send(link, packet, packet_write_custom_block_level(packet, NEGOTIATE_BLOCK_LEVEL));
	return VERDICT_DROP;
}

static enum verdict on_level_initialize(struct link *link, uint8_t *packet)
{
	(void)packet;
	link->has_begun = true;
	link->has_level = link->spawned_early = false;
	return forbid_custom_blocks(link);
}

/* A position for the player that follows a whole level is their spawn: the old world's
 * positions end there. */
static enum verdict on_level_finalize(struct link *link, uint8_t *packet)
{
	struct session *session = link->session;

	(void)packet;
	link->has_level = true;
	link->has_spawned = link->spawned_early && link->watches_spawn;
	link->spawned_early = false;
	pthread_mutex_lock(&session->lock);
	if (session->current == link)
		session->loaded_ms = net_now_ms();
	if (!session->is_gate_open && session->current == link)
		session->gate_deadline_ms = net_now_ms() + SESSION_GATE_LEVEL_MS;
	pthread_mutex_unlock(&session->lock);
	return VERDICT_PASS;
}

static enum verdict on_spawn(struct link *link, uint8_t *packet)
{
	if (packet[1] == PACKET_SELF) {
		link->has_spawned = link->has_level;
		link->spawned_early = !link->has_level;
	}
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
	if (session->current != link || !session->is_gate_open)
		link->pings[link->n_pings++ % SESSION_EARLY_PINGS] = link->last_ping;
	pthread_mutex_unlock(&session->lock);
	return VERDICT_PASS;
}

static enum verdict on_signal(struct link *link, uint8_t *packet)
{
	return link_take_signal(link, packet) ? VERDICT_DROP : VERDICT_PASS;
}

/* Opcodes that are inspected only while the player has not been spawned: too many of them
 * afterwards. */
static bool wants_spawn(const struct link *link)
{
	return link->watches_spawn;
}

static bool wants_chat(const struct link *link)
{
	(void)link;
	return config_now()->redirect_token != NULL;
}

static bool wants_plugin(const struct link *link)
{
	return link_may_signal(link, CONFIG_REDIRECT_PLUGIN);
}

/* clang-format off */
static const struct handler {
	handler_fn *run;
	bool (*applies)(const struct link *link); /* NULL: always */
} handlers[PACKET_OPCODES] = {
	[OP_IDENTIFICATION]     = { on_identification,     NULL },
	[OP_LEVEL_INITIALIZE]   = { on_level_initialize,   NULL },
	[OP_LEVEL_FINALIZE]     = { on_level_finalize,     NULL },
	[OP_SPAWN_PLAYER]       = { on_spawn,              wants_spawn },
	[OP_POSITION]           = { on_spawn,              wants_spawn },
	[OP_MESSAGE]            = { on_signal,             wants_chat },
	[OP_DISCONNECT]         = { on_disconnect,         NULL },
	[OP_USER_TYPE]          = { on_user_type,          NULL },
	[OP_EXT_INFO]           = { on_ext_info,           NULL },
	[OP_EXT_ENTRY]          = { on_ext_entry,          NULL },
	[OP_CUSTOM_BLOCK_LEVEL] = { on_custom_block_level, NULL },
	[OP_ADD_ENTITY2]        = { on_spawn,              wants_spawn },
	[OP_TWO_WAY_PING]       = { on_two_way_ping,       NULL },
	[OP_PLUGIN_MESSAGE]     = { on_signal,             wants_plugin },
	[OP_ENTITY_TELEPORT]    = { on_spawn,              wants_spawn },
};
/* clang-format on */

static bool is_recoded(const struct link *link, uint8_t opcode)
{
	return opcode >= OP_LEVEL_INITIALIZE && opcode <= OP_LEVEL_FINALIZE &&
	       level_wants(&link->dialect, &link->session->dialect);
}

static bool wants_inspection(const struct link *link, uint8_t opcode)
{
	const struct session *session = link->session;
	const struct handler *handler = &handlers[opcode];

	return link->is_traced ||
	       (handler->run != NULL && (handler->applies == NULL || handler->applies(link))) ||
	       hooks_want(session->world->hooks, PACKET_TO_CLIENT, opcode) ||
	       translate_wants(&session->dialect, &link->dialect, PACKET_TO_CLIENT, opcode) ||
	       is_recoded(link, opcode);
}

void link_prepare(struct link *link, bool watches_spawn)
{
	link->watches_spawn = watches_spawn;
	link->is_traced = session_is_traced(link->session);
	link->is_logged = log_shows(LOG_TRACE);
	link->is_stale = false;
	for (unsigned op = 0; op < PACKET_OPCODES; op++) {
		uint8_t opcode = (uint8_t)op;

		link->wants[op] =
			(uint8_t)((wants_inspection(link, opcode) ? WANT_INSPECT : 0) |
				  (link_is_tracked(opcode) ? WANT_TRACK : 0));
	}
}

static enum verdict run_handler(struct link *link, uint8_t *packet)
{
	const struct handler *handler = &handlers[packet[0]];

	/* others may want to see the packet, too */
	if (handler->run == NULL || (handler->applies != NULL && !handler->applies(link)))
		return VERDICT_PASS;
	return handler->run(link, packet);
}

static enum verdict run_hooks(struct link *link, uint8_t *packet, size_t size)
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

	return hooked == HOOK_DROP || hooked == HOOK_ANSWER ? VERDICT_DROP : VERDICT_PASS;
}

static enum verdict put(struct link *link, const uint8_t *packets, size_t size)
{
	return link_put(link, packets, size) ? VERDICT_DROP : VERDICT_END;
}

static enum verdict translate(struct link *link, uint8_t *packet)
{
	uint8_t out[TRANSLATE_OUT_MAX];
	size_t out_size = 0;

	switch (translate_packet(link->translate, &link->session->dialect, &link->dialect,
				 PACKET_TO_CLIENT, packet, out, &out_size)) {
	case TRANSLATE_PASS:
		return VERDICT_PASS;
	case TRANSLATE_REPLACE:
		return put(link, out, out_size);
	default:
		return VERDICT_DROP;
	}
}

/* Like ClassiCube, takes no second LevelInitialize while a level is open. */
static bool begin_level(struct link *link, const uint8_t *packet)
{
	if (link->level == NULL)
		link->level = level_new(&link->dialect, &link->session->dialect, packet,
					link_put_level, link);
	return link->level != NULL;
}

static bool end_level(struct link *link, const uint8_t *packet)
{
	bool is_done = level_finalize(link->level, packet) && link_put_kept(link);

	if (is_done) {
		level_free(link->level);
		link->level = NULL;
	}
	return is_done;
}

static bool feed_level(struct link *link, const uint8_t *packet)
{
	switch (packet[0]) {
	case OP_LEVEL_INITIALIZE:
		return begin_level(link, packet);
	case OP_LEVEL_DATA_CHUNK:
		return level_chunk(link->level, packet) &&
		       (!level_has_begun(link->level) || link_put_kept(link));
	default:
		return end_level(link, packet);
	}
}

/* A level that the client wants encoded in another way (FastMap). What translate.h remembers of
 * levels it must see all the same. */
static enum verdict recode(struct link *link, uint8_t *packet)
{
	uint8_t out[TRANSLATE_OUT_MAX];
	size_t out_size;
	const char *why;

	if (packet[0] != OP_LEVEL_DATA_CHUNK)
		translate_packet(link->translate, &link->session->dialect, &link->dialect,
				 PACKET_TO_CLIENT, packet, out, &out_size);
	if (packet[0] != OP_LEVEL_INITIALIZE && link->level == NULL)
		return VERDICT_DROP;
	if (feed_level(link, packet))
		return VERDICT_DROP;
	why = link->level != NULL ? level_fault(link->level) : NULL;
	if (why != NULL)
		snprintf(link->fault, sizeof(link->fault), "%s", why);
	else if (link->fault[0] == '\0')
		link_set_fault(link, MESSAGE_WHY_MEMORY);
	return VERDICT_END;
}

/* What has passed so far may have to wait for a level's beginning. */
static enum verdict pass(struct link *link, const uint8_t *packet, size_t size)
{
	bool waits = link->level != NULL && !level_has_begun(link->level) &&
		     packet[0] != OP_MESSAGE && packet[0] != OP_PING;

	return waits ? put(link, packet, size) : VERDICT_PASS;
}

enum verdict link_inspect(struct link *link, uint8_t *packet, size_t size)
{
	if (link->is_traced)
		session_trace_packets(link->session, TRACE_FROM_SERVER, link->server,
				      &link->dialect, packet, size);
	enum verdict verdict = run_handler(link, packet);

	if (verdict == VERDICT_PASS)
		verdict = run_hooks(link, packet, size);
	if (verdict == VERDICT_PASS)
		verdict = is_recoded(link, packet[0]) ? recode(link, packet)
						      : translate(link, packet);
	return verdict == VERDICT_PASS ? pass(link, packet, size) : verdict;
}
