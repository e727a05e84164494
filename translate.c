/* SPDX-License-Identifier: MIT */
/*
 * The translation rules as rows: (direction, opcode, the version of an extension that the
 * client has and the server lacks, what to do). Whatever has another size on the other side is
 * converted field by field (layout.h) without a row of its own, and dropped where the other
 * side has no such packet.
 *
 * The one idea: no packet has two layouts of one size, so a packet that no row names goes on as
 * it is if its size stays.
 */
#include "translate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "blocks.h"
#include "layout.h"
#include "text.h"

#define MESSAGE_SYSTEM  255  /* the type byte of a server's own lines without MessageTypes */
#define NO_HELD_BLOCK   255  /* C>S 0x08 without HeldBlock: the player's own id */
#define CLOUDS_DEFAULT  (-1) /* stands for height + 2 if it comes while a level is loading */
#define CLOUDS_ABOVE    2
#define PROPERTY_CLOUDS 3 /* types of 0x29 */
#define PROPERTY_VIEW   4
#define PROPERTY_YAW    1 /* of SetEntityProperty: rotation around Y */
#define ENTITIES        256
#define ENTITY_SIZE     130 /* 0x17; 0x21 is the same with a position behind it */
#define LATER_MAX       200 /* a model and 19 properties; 7 are known */

/* An entity of ExtPlayerList 1: its position comes with a packet of its own. */
struct pending {
	uint8_t entity[ENTITY_SIZE];
	uint8_t later[LATER_MAX]; /* packets for it, to follow its appearance */
	size_t later_size;
};

struct translate {
	int16_t clouds, view; /* as the client has them now, or CLOUDS_DEFAULT */
	bool is_classicube;
	struct pending **pending; /* by entity; NULL until one must wait for its position */
};

/* One packet on its way. */
struct passage {
	struct translate *translate; /* NULL towards the server */
	const struct dialect *client, *server;
	uint8_t *packet;
	uint8_t *out;
	size_t *out_size;
};

/* TRANSLATE_PASS: the next rule, or the conversion, goes on with the packet. */
typedef enum translate_verdict rule_fn(const struct passage *p);

/* ---- blocks ---- */

static size_t block_width(const struct dialect *dialect)
{
	return dialect_has(dialect, EXT_EXTENDED_BLOCKS) ? 2 : 1;
}

static size_t texture_width(const struct dialect *dialect)
{
	return dialect_has(dialect, EXT_EXTENDED_TEXTURES) ? 2 : 1;
}

static uint16_t get_id(const uint8_t *p, size_t width)
{
	return width == 2 ? packet_get_u16(p) : *p;
}

static void put_id(uint8_t *p, size_t width, uint16_t id)
{
	if (width == 2)
		packet_put_u16(p, id);
	else
		*p = (uint8_t)id;
}

/* The block itself, or what stands for it where the server cannot know it. Snow would become
 * air, and placing that is breaking: white instead. */
static uint16_t known_block(const struct dialect *server, uint16_t block)
{
	if (block > UINT8_MAX && !dialect_has(server, EXT_EXTENDED_BLOCKS))
		return BLOCK_STONE;
	if (block >= BLOCK_STANDARD_COUNT)
		return dialect_has(server, EXT_BLOCK_DEFINITIONS) ? block : BLOCK_STONE;
	if (dialect_has(server, EXT_CUSTOM_BLOCKS))
		return block;
	uint8_t fallback = block_fallback((uint8_t)block, server->protocol, false);

	return fallback == BLOCK_AIR && block != BLOCK_AIR ? BLOCK_WHITE : fallback;
}

/* C>S 0x05 (CustomBlocks, ExtendedBlocks, BlockDefinitions). */
static enum translate_verdict plain_block(const struct passage *p)
{
	size_t width = block_width(p->client);
	uint8_t *at = p->packet + 8;

	put_id(at, width, known_block(p->server, get_id(at, width)));
	return TRANSLATE_PASS;
}

/* C>S 0x08: the held block becomes the player's own id (HeldBlock). */
static enum translate_verdict hide_held_block(const struct passage *p)
{
	put_id(p->packet + 1, block_width(p->client), NO_HELD_BLOCK);
	return TRANSLATE_PASS;
}

/* C>S 0x08 (CustomBlocks, ExtendedBlocks, BlockDefinitions). */
static enum translate_verdict plain_held_block(const struct passage *p)
{
	size_t width = block_width(p->client);
	uint16_t held = get_id(p->packet + 1, width);

	if (held != NO_HELD_BLOCK)
		put_id(p->packet + 1, width, known_block(p->server, held));
	return TRANSLATE_PASS;
}

/* C>S 0x39: the value of action 0 is a block, always of 16 bits (CustomBlocks, ExtendedBlocks,
 * BlockDefinitions). */
static enum translate_verdict plain_chosen_block(const struct passage *p)
{
	uint8_t *value = p->packet + 3;

	if (packet_get_u16(p->packet + 1) == 0)
		packet_put_u16(value, known_block(p->server, packet_get_u16(value)));
	return TRANSLATE_PASS;
}

/* S>C 0x03: the only array of a server with blocks of 8 bits; any other value would make it the
 * upper one (ExtendedBlocks). */
static enum translate_verdict clear_percent(const struct passage *p)
{
	p->packet[1027] = 0;
	return TRANSLATE_PASS;
}

static enum translate_verdict convert(const struct passage *p)
{
	*p->out_size =
		layout_convert(p->out, p->client, p->server, PACKET_TO_CLIENT, p->packet);
	return TRANSLATE_REPLACE;
}

/* Where the textures of the sides begin in 0x25: behind id, name, collision, speed, top. */
static size_t side_offset(const struct dialect *dialect)
{
	return 1 + block_width(dialect) + PACKET_STRING_LEN + 2 + texture_width(dialect);
}

/* S>C 0x25: one texture for all four sides (BlockDefinitionsExt 2). */
static enum translate_verdict repeat_side(const struct passage *p)
{
	uint16_t side = get_id(p->packet + side_offset(p->server), texture_width(p->server));
	size_t width = texture_width(p->client);
	uint8_t *sides = p->out + side_offset(p->client);

	convert(p);
	for (size_t i = 0; i < 4; i++)
		put_id(sides + i * width, width, side);
	return TRANSLATE_REPLACE;
}

/* ---- messages ---- */

/* C>S 0x0D: the type byte has no meaning there, and is the player's own id (LongerMessages).
 * Joining the pieces of a line is chat.h's. */
static enum translate_verdict plain_message(const struct passage *p)
{
	p->packet[1] = PACKET_SELF;
	return TRANSLATE_PASS;
}

/* C>S 0x0D: servers without FullCP437 may kick for anything but printable ASCII. */
static enum translate_verdict ascii_message(const struct passage *p)
{
	for (size_t i = 2; i < 2 + PACKET_STRING_LEN; i++)
		p->packet[i] = (uint8_t)text_to_ascii(p->packet[i]);
	return TRANSLATE_PASS;
}

/* C>S 0x0D: a server without AmpersandSupport knows only % as the sign of a colour. */
static enum translate_verdict percent_message(const struct passage *p)
{
	for (size_t i = 2; i < 2 + PACKET_STRING_LEN; i++)
		if (p->packet[i] == '&')
			p->packet[i] = '%';
	return TRANSLATE_PASS;
}

/* C>S 0x2B: the client's own ping is answered here; an echo was meant for another server
 * (TwoWayPing). */
static enum translate_verdict answer_ping(const struct passage *p)
{
	return p->packet[1] == 0 ? TRANSLATE_ANSWER : TRANSLATE_DROP;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\0';
}

/* A yellow text that leaves no room for its colour goes on in a second line, in the colour that
 * it has there. */
static enum translate_verdict split_message(const struct passage *p)
{
	const char *text = (const char *)p->packet + 2;
	char line[PACKET_STRING_LEN + 1] = "&e";
	size_t n = PACKET_STRING_LEN - 2;
	char color = 'e';

	if (text[n - 1] == '&' && text_is_color(text[n]))
		n--;
	for (size_t i = 0; i + 1 < n; i++)
		if (text[i] == '&' && text_is_color(text[i + 1]))
			color = text[i + 1];
	memcpy(line + 2, text, n);
	line[2 + n] = '\0';
	*p->out_size = packet_write_message(p->out, 0, line);
	bool has_color = text[n] == '&' && text_is_color(text[n + 1]);
	snprintf(line, sizeof(line), "%s%c%.*s", has_color ? "" : "&", has_color ? '&' : color,
		 (int)(PACKET_STRING_LEN - n) - has_color, text + n + has_color);
	*p->out_size += packet_write_message(p->out + *p->out_size, 0, line);
	return TRANSLATE_REPLACE;
}

/* S>C 0x0D: a player id would be taken for a place on the screen. 255 meant yellow, which gives
 * way to a colour of the text's own (MessageTypes). */
static enum translate_verdict place_message(const struct passage *p)
{
	char *text = (char *)p->packet + 2;
	bool is_yellow =
		p->packet[1] == MESSAGE_SYSTEM && !(text[0] == '&' && text_is_color(text[1]));

	p->packet[1] = 0;
	if (!is_yellow)
		return TRANSLATE_PASS;
	if (!is_blank(text[PACKET_STRING_LEN - 2]) || !is_blank(text[PACKET_STRING_LEN - 1]))
		return split_message(p);
	memmove(text + 2, text, PACKET_STRING_LEN - 2);
	text[0] = '&';
	text[1] = 'e';
	return TRANSLATE_PASS;
}

/* ---- the map's appearance: EnvMapAppearance 1 at the server, 2 at the client ---- */

static int16_t nearest_short(int32_t value)
{
	return (int16_t)(value < INT16_MIN ? INT16_MIN : value > INT16_MAX ? INT16_MAX : value);
}

/* S>C 0x02: a new level clears the clouds, and keeps the view distance. */
static enum translate_verdict forget_clouds(const struct passage *p)
{
	p->translate->clouds = CLOUDS_DEFAULT;
	return TRANSLATE_PASS;
}

/* S>C 0x04: the client does the same. */
static enum translate_verdict settle_clouds(const struct passage *p)
{
	uint16_t height = packet_get_u16(p->packet + 3);

	if (p->translate->clouds == CLOUDS_DEFAULT)
		p->translate->clouds = nearest_short(height + CLOUDS_ABOVE);
	return TRANSLATE_PASS;
}

/* S>C 0x29. */
static enum translate_verdict note_property(const struct passage *p)
{
	int16_t value = nearest_short((int32_t)packet_get_u32(p->packet + 2));

	if (p->packet[1] == PROPERTY_CLOUDS)
		p->translate->clouds = value;
	else if (p->packet[1] == PROPERTY_VIEW)
		p->translate->view = value;
	return TRANSLATE_PASS;
}

/* S>C 0x1E: what this server cannot say stays as it is. */
static enum translate_verdict add_clouds_and_view(const struct passage *p)
{
	convert(p);
	packet_put_u16(p->out + *p->out_size - 4, (uint16_t)p->translate->clouds);
	packet_put_u16(p->out + *p->out_size - 2, (uint16_t)p->translate->view);
	return TRANSLATE_REPLACE;
}

/* ---- entities: ExtPlayerList 1 at the server, 2 at the client ---- */

static struct pending *find_pending(const struct translate *translate, unsigned id)
{
	return translate->pending != NULL ? translate->pending[id] : NULL;
}

static void forget(struct translate *translate, unsigned id)
{
	if (find_pending(translate, id) == NULL)
		return;
	free(translate->pending[id]);
	translate->pending[id] = NULL;
}

/* A new one, or the one that there is. NULL without memory. */
static struct pending *make_pending(struct translate *translate, unsigned id)
{
	if (translate->pending == NULL)
		translate->pending = calloc(ENTITIES, sizeof(struct pending *));
	if (translate->pending != NULL && translate->pending[id] == NULL)
		translate->pending[id] = malloc(sizeof(struct pending));
	return find_pending(translate, id);
}

/* S>C 0x02: there are no entities in a new level but the client's own, which starts anew. */
static enum translate_verdict forget_entities(const struct passage *p)
{
	for (unsigned id = 0; id < ENTITIES; id++)
		forget(p->translate, id);
	return TRANSLATE_PASS;
}

/* S>C 0x07, 0x0C. */
static enum translate_verdict forget_entity(const struct passage *p)
{
	forget(p->translate, p->packet[1]);
	return TRANSLATE_PASS;
}

/* S>C 0x17. Without memory it goes on: ClassiCube reads it in version 2, too. */
static enum translate_verdict await_position(const struct passage *p)
{
	struct pending *pending = NULL;

	if (!p->translate->is_classicube)
		pending = make_pending(p->translate, p->packet[1]);
	if (pending == NULL)
		return TRANSLATE_PASS;
	memcpy(pending->entity, p->packet, ENTITY_SIZE);
	pending->later_size = 0;
	return TRANSLATE_DROP;
}

/* Does the newer one of two packets for an entity undo all that the older one did. */
static bool overrides(const uint8_t *newer, const uint8_t *older)
{
	return newer[0] == older[0] && (newer[0] == OP_CHANGE_MODEL || newer[2] == older[2]);
}

static void drop_overridden(struct pending *pending, const struct dialect *dialect,
			    const uint8_t *newer)
{
	for (size_t at = 0; at < pending->later_size;) {
		uint8_t *older = pending->later + at;
		size_t size = dialect_size(dialect, PACKET_TO_CLIENT, older[0]);

		if (overrides(newer, older)) {
			pending->later_size -= size;
			memmove(older, older + size, pending->later_size - at);
			return;
		}
		at += size;
	}
}

/* S>C 0x1D, 0x2A: for an entity that the client does not know yet. In all dialects the same. */
static enum translate_verdict keep_back(const struct passage *p)
{
	struct pending *pending = find_pending(p->translate, p->packet[1]);
	size_t size = dialect_size(p->server, PACKET_TO_CLIENT, p->packet[0]);

	if (pending == NULL)
		return TRANSLATE_PASS;
	if (p->packet[0] == OP_ENTITY_PROPERTY && p->packet[2] == PROPERTY_YAW)
		return TRANSLATE_DROP; /* the position will come with another */
	drop_overridden(pending, p->server, p->packet);
	if (size <= LATER_MAX - pending->later_size) {
		memcpy(pending->later + pending->later_size, p->packet, size);
		pending->later_size += size;
	}
	return TRANSLATE_DROP;
}

/* The packet has an entity's position from offset `at` to its end. */
static enum translate_verdict place(const struct passage *p, size_t at)
{
	struct pending *pending = find_pending(p->translate, p->packet[1]);

	if (pending == NULL)
		return TRANSLATE_PASS;
	convert(p);
	size_t n = *p->out_size - at;
	uint8_t *end = p->out + ENTITY_SIZE + n;

	memmove(p->out + ENTITY_SIZE, p->out + at, n);
	memcpy(p->out, pending->entity, ENTITY_SIZE);
	p->out[0] = OP_ADD_ENTITY2;
	memcpy(end, pending->later, pending->later_size);
	*p->out_size = ENTITY_SIZE + n + pending->later_size;
	forget(p->translate, p->packet[1]);
	return TRANSLATE_REPLACE;
}

/* S>C 0x08. */
static enum translate_verdict place_by_position(const struct passage *p)
{
	return place(p, 2);
}

/* S>C 0x36, if it has a position (bit 0) that is absolute (modes 0 and 1 in bits 1 and 2). Its
 * yaw and pitch mean nothing without bit 4. */
static enum translate_verdict place_by_teleport(const struct passage *p)
{
	uint8_t flags = p->packet[2];

	if ((flags & 0x05) != 0x01 || find_pending(p->translate, p->packet[1]) == NULL)
		return TRANSLATE_PASS;
	if ((flags & 0x10) == 0)
		memset(p->packet + dialect_size(p->server, PACKET_TO_CLIENT, p->packet[0]) - 2,
		       0, 2);
	return place(p, 3);
}

/* ---- the rules ---- */

/* clang-format off */
/* Of one packet, in the order in which they are applied. */
static const struct rule {
	uint8_t direction, opcode, extension;
	uint8_t version; /* the client has it, the server only what was before */
	rule_fn *apply;
} rules[] = {
	{ PACKET_TO_SERVER, OP_SET_BLOCK_CLIENT,   EXT_CUSTOM_BLOCKS,         1, plain_block },
	{ PACKET_TO_SERVER, OP_SET_BLOCK_CLIENT,   EXT_EXTENDED_BLOCKS,       1, plain_block },
	{ PACKET_TO_SERVER, OP_SET_BLOCK_CLIENT,   EXT_BLOCK_DEFINITIONS,     1, plain_block },
	{ PACKET_TO_SERVER, OP_POSITION,           EXT_HELD_BLOCK,            1, hide_held_block },
	{ PACKET_TO_SERVER, OP_POSITION,           EXT_CUSTOM_BLOCKS,         1, plain_held_block },
	{ PACKET_TO_SERVER, OP_POSITION,           EXT_EXTENDED_BLOCKS,       1, plain_held_block },
	{ PACKET_TO_SERVER, OP_POSITION,           EXT_BLOCK_DEFINITIONS,     1, plain_held_block },
	{ PACKET_TO_SERVER, OP_NOTIFY_ACTION,      EXT_CUSTOM_BLOCKS,         1, plain_chosen_block },
	{ PACKET_TO_SERVER, OP_NOTIFY_ACTION,      EXT_EXTENDED_BLOCKS,       1, plain_chosen_block },
	{ PACKET_TO_SERVER, OP_NOTIFY_ACTION,      EXT_BLOCK_DEFINITIONS,     1, plain_chosen_block },
	{ PACKET_TO_SERVER, OP_MESSAGE,            EXT_LONGER_MESSAGES,       1, plain_message },
	{ PACKET_TO_SERVER, OP_MESSAGE,            EXT_FULL_CP437,            1, ascii_message },
	{ PACKET_TO_SERVER, OP_MESSAGE,            EXT_AMPERSAND,             1, percent_message },
	{ PACKET_TO_SERVER, OP_TWO_WAY_PING,       EXT_TWO_WAY_PING,          1, answer_ping },

	{ PACKET_TO_CLIENT, OP_MESSAGE,            EXT_MESSAGE_TYPES,         1, place_message },
	{ PACKET_TO_CLIENT, OP_LEVEL_DATA_CHUNK,   EXT_EXTENDED_BLOCKS,       1, clear_percent },
	{ PACKET_TO_CLIENT, OP_DEFINE_BLOCK_EXT,   EXT_BLOCK_DEFINITIONS_EXT, 2, repeat_side },

	{ PACKET_TO_CLIENT, OP_LEVEL_INITIALIZE,   EXT_ENV_MAP_APPEARANCE,    2, forget_clouds },
	{ PACKET_TO_CLIENT, OP_LEVEL_FINALIZE,     EXT_ENV_MAP_APPEARANCE,    2, settle_clouds },
	{ PACKET_TO_CLIENT, OP_ENV_MAP_PROPERTY,   EXT_ENV_MAP_APPEARANCE,    2, note_property },
	{ PACKET_TO_CLIENT, OP_ENV_MAP_APPEARANCE, EXT_ENV_MAP_APPEARANCE,    2, add_clouds_and_view },

	{ PACKET_TO_CLIENT, OP_LEVEL_INITIALIZE,   EXT_PLAYER_LIST,           2, forget_entities },
	{ PACKET_TO_CLIENT, OP_ADD_ENTITY,         EXT_PLAYER_LIST,           2, await_position },
	{ PACKET_TO_CLIENT, OP_CHANGE_MODEL,       EXT_PLAYER_LIST,           2, keep_back },
	{ PACKET_TO_CLIENT, OP_ENTITY_PROPERTY,    EXT_PLAYER_LIST,           2, keep_back },
	{ PACKET_TO_CLIENT, OP_POSITION,           EXT_PLAYER_LIST,           2, place_by_position },
	{ PACKET_TO_CLIENT, OP_ENTITY_TELEPORT,    EXT_PLAYER_LIST,           2, place_by_teleport },
	{ PACKET_TO_CLIENT, OP_SPAWN_PLAYER,       EXT_PLAYER_LIST,           2, forget_entity },
	{ PACKET_TO_CLIENT, OP_DESPAWN,            EXT_PLAYER_LIST,           2, forget_entity },
};
/* clang-format on */

#define RULES (sizeof(rules) / sizeof(rules[0]))

static bool rule_applies(const struct rule *rule, const struct dialect *client,
			 const struct dialect *server, enum packet_direction direction,
			 uint8_t opcode)
{
	return rule->opcode == opcode && rule->direction == direction &&
	       client->version[rule->extension] >= rule->version &&
	       server->version[rule->extension] == rule->version - 1;
}

bool translate_wants(const struct dialect *client, const struct dialect *server,
		     enum packet_direction direction, uint8_t opcode)
{
	const struct dialect *from = direction == PACKET_TO_CLIENT ? server : client;
	const struct dialect *to = direction == PACKET_TO_CLIENT ? client : server;
	size_t size = dialect_size(from, direction, opcode);

	if (size == 0 || size != dialect_size(to, direction, opcode))
		return size != 0;
	for (size_t i = 0; i < RULES; i++)
		if (rule_applies(&rules[i], client, server, direction, opcode))
			return true;
	return false;
}

struct translate *translate_new(bool is_classicube)
{
	struct translate *translate = calloc(1, sizeof(*translate));

	if (translate == NULL)
		return NULL;
	translate->clouds = CLOUDS_DEFAULT;
	translate->is_classicube = is_classicube;
	return translate;
}

void translate_free(struct translate *translate)
{
	if (translate == NULL)
		return;
	for (unsigned id = 0; id < ENTITIES; id++)
		forget(translate, id);
	free(translate->pending);
	free(translate);
}

/* Also a LevelInitialize whose volume only the level's data tells: it becomes 0 here, and
 * level.h's is sent instead. */
static enum translate_verdict deliver(const struct passage *p, enum packet_direction direction)
{
	const struct dialect *from = direction == PACKET_TO_CLIENT ? p->server : p->client;
	const struct dialect *to = direction == PACKET_TO_CLIENT ? p->client : p->server;
	uint8_t opcode = p->packet[0];

	if (dialect_size(from, direction, opcode) == dialect_size(to, direction, opcode))
		return TRANSLATE_PASS;
	*p->out_size = layout_convert(p->out, to, from, direction, p->packet);
	return *p->out_size != 0 ? TRANSLATE_REPLACE : TRANSLATE_DROP;
}

enum translate_verdict translate_packet(struct translate *translate,
					const struct dialect *client,
					const struct dialect *server,
					enum packet_direction direction, uint8_t *packet,
					uint8_t out[static TRANSLATE_OUT_MAX], size_t *out_size)
{
	struct passage p = {translate, client, server, packet, out, out_size};

	for (size_t i = 0; i < RULES; i++) {
		if (!rule_applies(&rules[i], client, server, direction, packet[0]))
			continue;
		enum translate_verdict verdict = rules[i].apply(&p);

		if (verdict != TRANSLATE_PASS)
			return verdict;
	}
	return deliver(&p, direction);
}
