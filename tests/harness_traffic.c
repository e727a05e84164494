/* SPDX-License-Identifier: MIT */
/*
 * What a random server says when: acts of one packet or several that belong together, levels,
 * and the order of it all. Which acts there are, and how often, are rows of a table.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "harness_level.h"
#include "harness_traffic_private.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define CHUNK        1024
#define SIZE_X       32 /* of the largest level */
#define SIZE_Y       16
#define SIZE_Z       32
#define PALETTE      6

void traffic_free(struct traffic *traffic)
{
	free(traffic->bytes);
	memset(traffic, 0, sizeof(*traffic));
}

static void add(struct script *s, const uint8_t *p)
{
	s->out->size += dialect_size(s->dialect, PACKET_TO_CLIENT, p[0]);
}

static bool can(const struct script *s, uint8_t opcode)
{
	return dialect_size(s->dialect, PACKET_TO_CLIENT, opcode) != 0;
}

typedef void act_fn(struct script *s, uint8_t opcode);

static void act_simply(struct script *s, uint8_t opcode)
{
	add(s, script_fill(s, opcode));
}

/* Where an entity is, in one of the two ways to say it; all but the position may be left out.
 */
static void act_position(struct script *s)
{
	uint8_t *p;

	if (!can(s, OP_ENTITY_TELEPORT) || script_one_in(s, 2)) {
		act_simply(s, OP_POSITION);
		return;
	}
	p = script_fill(s, OP_ENTITY_TELEPORT);
	p[2] = (uint8_t)((p[2] & ~0x04u) | 0x01u); /* a position, and an absolute one */
	add(s, p);
}

/* An entity of ExtPlayerList 1 gets its position from a packet of its own, perhaps behind
 * others. */
static void act_entity(struct script *s, uint8_t opcode)
{
	static const uint8_t between[] = {OP_CHANGE_MODEL, OP_ENTITY_PROPERTY, OP_ROTATE,
					  OP_MOVE};
	const uint8_t *p = script_fill(s, opcode);
	int outer = s->entity;

	s->entity = p[1];
	add(s, p);
	for (size_t i = 0; i < COUNT(between); i++)
		if (script_one_in(s, 6) && can(s, between[i]))
			act_simply(s, between[i]);
	act_position(s);
	s->entity = outer;
}

static void act_bulk(struct script *s, uint8_t opcode)
{
	unsigned volume = (unsigned)s->size_x * s->size_y * s->size_z;
	unsigned count = script_one_in(s, 4) ? 256 : 1 + script_below(s, 20);
	uint8_t *p = script_fill(s, opcode);

	p[1] = (uint8_t)(count - 1);
	for (unsigned i = 0; i < count; i++) {
		unsigned block = (unsigned)script_any_block(s, 0, 0);

		packet_put_u32(p + 2 + 4 * i, script_below(s, volume + volume / 16 + 1));
		p[1026 + i] = (uint8_t)block;
		if (script_has(s, EXT_EXTENDED_BLOCKS))
			p[1282 + i / 4] |= (uint8_t)((block >> 8) << (2 * (i % 4)));
	}
	add(s, p);
}

static void act_map_property(struct script *s, uint8_t opcode)
{
	static const struct {
		int32_t low, high;
	} values[] = {{0, 0},    {0, 0},    {0, 300}, {0, 300},  {-50, 500},    {0, 1000},
		      {0, 1000}, {0, 1000}, {0, 1},   {-10, 10}, {-2000, 2000}, {-2000, 2000}};
	uint8_t *p = script_fill(s, opcode);

	p[1] = (uint8_t)script_below(s, COUNT(values));
	script_put_number(p + 2, 4,
			  p[1] < 2 ? script_any_block(s, 0, 0)
				   : script_in_range(s, values[p[1]].low, values[p[1]].high));
	add(s, p);
}

/* Version 2 has room for the rest of an address that fills the first field. */
static void act_map_url(struct script *s, uint8_t opcode)
{
	uint8_t *p = script_fill(s, opcode);

	if (s->dialect->version[EXT_ENV_MAP_ASPECT] >= 2 && script_one_in(s, 2)) {
		memset(p + 1, 'u', PACKET_STRING_LEN);
		packet_put_string(p + 1 + PACKET_STRING_LEN, "v.zip");
	}
	add(s, p);
}

static void act_define_model(struct script *s, uint8_t opcode)
{
	const uint8_t *p = script_fill(s, opcode);
	uint8_t id = p[1], parts = p[115];

	add(s, p);
	for (unsigned i = 0; i < parts; i++) {
		uint8_t *part = script_fill(s, OP_DEFINE_MODEL_PART);

		part[1] = id;
		add(s, part);
	}
}

/* clang-format off */
static const struct act {
	uint8_t opcode;
	uint8_t weight;
	act_fn *run;
} acts[] = {
	{ OP_IDENTIFICATION,     1, act_simply }, /* InstantMOTD */
	{ OP_PING,               1, act_simply },
	{ OP_SET_BLOCK,          4, act_simply },
	{ OP_SPAWN_PLAYER,       4, act_simply },
	{ OP_POSITION,           3, act_simply },
	{ OP_MOVE_ROTATE,        2, act_simply },
	{ OP_MOVE,               2, act_simply },
	{ OP_ROTATE,             2, act_simply },
	{ OP_DESPAWN,            2, act_simply },
	{ OP_MESSAGE,            4, act_simply },
	{ OP_USER_TYPE,          1, act_simply },
	{ OP_CLICK_DISTANCE,     1, act_simply },
	{ OP_HOLD_THIS,          2, act_simply },
	{ OP_TEXT_HOTKEY,        3, act_simply },
	{ OP_ADD_PLAYER_NAME,    3, act_simply },
	{ OP_ADD_ENTITY,         3, act_entity },
	{ OP_REMOVE_PLAYER_NAME, 2, act_simply },
	{ OP_ENV_COLOR,          3, act_simply },
	{ OP_MAKE_SELECTION,     2, act_simply },
	{ OP_REMOVE_SELECTION,   1, act_simply },
	{ OP_BLOCK_PERMISSION,   3, act_simply },
	{ OP_CHANGE_MODEL,       3, act_simply },
	{ OP_ENV_MAP_APPEARANCE, 3, act_simply },
	{ OP_ENV_WEATHER,        1, act_simply },
	{ OP_HACK_CONTROL,       2, act_simply },
	{ OP_ADD_ENTITY2,        3, act_simply },
	{ OP_DEFINE_BLOCK,       3, act_simply },
	{ OP_UNDEFINE_BLOCK,     2, act_simply },
	{ OP_DEFINE_BLOCK_EXT,   3, act_simply },
	{ OP_BULK_BLOCK_UPDATE,  1, act_bulk },
	{ OP_TEXT_COLOR,         3, act_simply },
	{ OP_ENV_MAP_URL,        1, act_map_url },
	{ OP_ENV_MAP_PROPERTY,   3, act_map_property },
	{ OP_ENTITY_PROPERTY,    3, act_simply },
	{ OP_TWO_WAY_PING,       1, act_simply },
	{ OP_INVENTORY_ORDER,    3, act_simply },
	{ OP_HOTBAR,             2, act_simply },
	{ OP_SPAWNPOINT,         1, act_simply },
	{ OP_VELOCITY,           1, act_simply },
	{ OP_DEFINE_EFFECT,      1, act_simply },
	{ OP_SPAWN_EFFECT,       1, act_simply },
	{ OP_DEFINE_MODEL,       2, act_define_model },
	{ OP_UNDEFINE_MODEL,     1, act_simply },
	{ OP_PLUGIN_MESSAGE,     1, act_simply },
	{ OP_ENTITY_TELEPORT,    3, act_simply },
	{ OP_LIGHTING_MODE,      1, act_simply },
	{ OP_CINEMATIC_GUI,      1, act_simply },
	{ OP_TOGGLE_BLOCK_LIST,  1, act_simply },
};
/* clang-format on */

/* Blocks need a level; an identification without one needs InstantMOTD, and belongs to no
 * loading level. */
static bool is_timely(const struct script *s, uint8_t opcode)
{
	if (opcode == OP_IDENTIFICATION)
		return script_has(s, EXT_INSTANT_MOTD) && !s->is_loading && s->size_x != 0;
	if (opcode == OP_SET_BLOCK || opcode == OP_BULK_BLOCK_UPDATE)
		return s->size_x != 0;
	return can(s, opcode);
}

static void act(struct script *s)
{
	unsigned total = 0;

	for (size_t i = 0; i < COUNT(acts); i++)
		total += acts[i].weight;
	for (;;) {
		unsigned luck = script_below(s, total);
		const struct act *chosen = acts;

		while (luck >= chosen->weight)
			luck -= chosen++->weight;
		if (!can(s, chosen->opcode) || !is_timely(s, chosen->opcode))
			continue;
		chosen->run(s, chosen->opcode);
		return;
	}
}

static void act_often(struct script *s, unsigned times)
{
	while (times-- > 0)
		act(s);
}

/* ---- levels ---- */

/* The low or high bytes of a level on their way. */
struct plane {
	uint8_t *stream;
	size_t size, sent;
	uint8_t percent; /* with ExtendedBlocks */
};

/* Runs of a few kinds of blocks. True if one has an id above 255. */
static bool build(struct script *s, uint8_t *low, uint8_t *high, size_t volume)
{
	unsigned palette[PALETTE], run = 0, block = 0;
	bool is_high = false;

	for (unsigned i = 0; i < PALETTE; i++)
		palette[i] = (unsigned)script_any_block(s, 0, 0);
	for (size_t i = 0; i < volume; i++) {
		if (run == 0) {
			run = 1 + script_below(s, 60);
			block = palette[script_below(s, PALETTE)];
		}
		run--;
		low[i] = (uint8_t)block;
		high[i] = (uint8_t)(block >> 8);
		is_high |= block > 255;
	}
	return is_high;
}

static void pack(struct script *s, struct plane *plane, const uint8_t *bytes, size_t volume,
		 uint8_t percent)
{
	static const int efforts[] = {0, 1, 1, 6};

	plane->sent = 0;
	plane->percent = percent;
	plane->size =
		harness_level_pack(&plane->stream, bytes, volume, script_has(s, EXT_FAST_MAP),
				   efforts[script_below(s, COUNT(efforts))]);
}

static void send_chunk(struct script *s, struct plane *plane, size_t n)
{
	uint8_t percent = plane->percent;

	if (n > plane->size - plane->sent)
		n = plane->size - plane->sent;
	if (!script_has(s, EXT_EXTENDED_BLOCKS))
		percent = (uint8_t)(plane->sent * 100 / plane->size);
	s->out->size += packet_write_level_chunk(script_room(s->out),
						 plane->stream + plane->sent, n, percent);
	plane->sent += n;
}

/* Whole chunks as most servers do, or some of odd lengths; the two planes in any order. */
static void send_planes(struct script *s, struct plane planes[static 2])
{
	bool is_odd = script_one_in(s, 3), is_mixed = script_one_in(s, 2);

	while (planes[0].sent < planes[0].size || planes[1].sent < planes[1].size) {
		unsigned which = is_mixed ? script_below(s, 2) : 0;

		if (planes[which].sent == planes[which].size)
			which = 1 - which;
		send_chunk(s, &planes[which], is_odd ? script_below(s, CHUNK + 1) : CHUNK);
		if (script_one_in(s, 3))
			act(s);
	}
}

static void send_level(struct script *s)
{
	size_t volume;
	uint8_t *bytes;
	struct plane planes[2] = {{.size = 0}};
	bool has_high;

	s->size_x = (uint16_t)(1 + script_below(s, SIZE_X));
	s->size_y = (uint16_t)(1 + script_below(s, SIZE_Y));
	s->size_z = (uint16_t)(1 + script_below(s, SIZE_Z));
	volume = (size_t)s->size_x * s->size_y * s->size_z;
	bytes = malloc(2 * volume);
	ck_assert_ptr_nonnull(bytes);
	has_high = build(s, bytes, bytes + volume, volume);
	pack(s, &planes[0], bytes, volume, 0);
	if (has_high || (script_has(s, EXT_EXTENDED_BLOCKS) && script_one_in(s, 4)))
		pack(s, &planes[1], bytes + volume, volume,
		     (uint8_t)script_in_range(s, 1, 255));
	s->out->size += packet_write_level_initialize(script_room(s->out), s->dialect,
						      (uint32_t)volume);
	s->is_loading = true;
	act_often(s, script_one_in(s, 2) ? script_below(s, 10) : 0);
	send_planes(s, planes);
	s->is_loading = false;
	s->out->size += packet_write_level_finalize(script_room(s->out), s->size_x, s->size_y,
						    s->size_z);
	free(bytes);
	free(planes[0].stream);
	free(planes[1].stream);
}

/* ---- the whole ---- */

static void spawn_player(struct script *s)
{
	bool is_second = s->dialect->version[EXT_PLAYER_LIST] >= 2 && script_one_in(s, 2);

	s->entity = PACKET_SELF;
	act_simply(s, is_second ? OP_ADD_ENTITY2 : OP_SPAWN_PLAYER);
	s->entity = SCRIPT_NOBODY;
}

/* The highest block that a server of that dialect may use (protocol 1.9, 2.1). */
static unsigned last_block(const struct dialect *d)
{
	static const uint8_t by_protocol[] = {18, 18, 20, 41, 49};

	if (dialect_has(d, EXT_BLOCK_DEFINITIONS))
		return dialect_has(d, EXT_EXTENDED_BLOCKS) ? 767 : 255;
	if (dialect_has(d, EXT_CUSTOM_BLOCKS))
		return 65;
	return by_protocol[d->protocol - PACKET_PROTOCOL_MIN];
}

static struct script script_of(struct traffic *traffic, uint32_t seed, unsigned part,
			       const struct dialect *dialect)
{
	struct script s = {.out = traffic,
			   .dialect = dialect,
			   .player = "",
			   .last_block = last_block(dialect),
			   .entity = SCRIPT_NOBODY};

	dice_init(&s.dice, (uint64_t)seed * 3 + part);
	return s;
}

void traffic_greet(struct traffic *traffic, uint32_t seed, const struct dialect *dialect)
{
	struct script s = script_of(traffic, seed, 0, dialect);

	for (unsigned i = script_one_in(&s, 4) ? script_below(&s, 6) : 0; i > 0; i--)
		act_simply(&s, can(&s, OP_TEXT_COLOR) && script_one_in(&s, 2) ? OP_TEXT_COLOR
									      : OP_MESSAGE);
}

void traffic_identify(struct traffic *traffic, uint32_t seed, const struct dialect *dialect)
{
	struct script s = script_of(traffic, seed, 1, dialect);

	act_simply(&s, OP_IDENTIFICATION);
}

void traffic_play(struct traffic *traffic, uint32_t seed, const struct dialect *dialect,
		  const char *player, const char *marker)
{
	struct script s = script_of(traffic, seed, 2, dialect);

	s.player = player;
	act_often(&s, script_one_in(&s, 2) ? script_below(&s, 12) : 0);
	send_level(&s);
	act_often(&s, script_one_in(&s, 4) ? script_below(&s, 6) : 0);
	spawn_player(&s);
	act_often(&s, script_below(&s, 120));
	if (script_one_in(&s, 4)) {
		if (script_one_in(&s, 2))
			act_simply(&s, OP_IDENTIFICATION);
		send_level(&s);
		spawn_player(&s);
		act_often(&s, script_below(&s, 40));
	}
	traffic->size += packet_write_message(script_room(traffic), 0, marker);
}
