/* SPDX-License-Identifier: MIT */
/*
 * The model client's world: levels, entities with their tab entries, blocks and the block menu.
 * One row a packet.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "harness_level.h"
#include "harness_model_private.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define OWN_SHIFT    29 /* of Y in positions that spawn the player, */
#define SPAWN_SHIFT  51 /* and in SetSpawnpoint */
#define PROPERTY_YAW 1

/* ---- levels ---- */

static void remove_entity(struct model *m, unsigned id)
{
	state_drop(m->state, STATE_ENTITY, id);
	state_drop(m->state, STATE_MODEL, id);
	for (unsigned type = 0; type < STATE_PROPERTIES; type++)
		state_drop(m->state, STATE_PROPERTY, id * STATE_PROPERTIES + type);
}

static void remove_linked_tab(struct model *m, unsigned id)
{
	if (m->is_linked[id])
		state_drop(m->state, STATE_TAB, id);
	m->is_linked[id] = false;
}

static void on_level_initialize(struct model *m, const uint8_t *p)
{
	if (m->is_level_open)
		model_fail(m, "a level begins inside another");
	m->is_level_open = true;
	m->volume = model_has(m, p, "Volume") ? packet_get_u32(p + 1) : 0;
	m->size_x = m->size_y = m->size_z = 0;
	m->streams[0].size = m->streams[1].size = 0;
	if (!m->dialect.cpe)
		return; /* a vanilla client keeps its entities, and has no surroundings */
	model_reset_surroundings(m);
	for (unsigned id = 0; id < PACKET_SELF; id++) {
		remove_entity(m, id);
		remove_linked_tab(m, id);
	}
}

/* With ExtendedBlocks the last byte says which array this is, else it is the progress. */
static unsigned chunk_stream(struct model *m, uint8_t percent)
{
	if (dialect_has(&m->dialect, EXT_EXTENDED_BLOCKS))
		return percent != 0;
	if (percent > 100)
		model_fail(m, "a level's progress is %u percent", percent);
	return 0;
}

static void on_level_chunk(struct model *m, const uint8_t *p)
{
	unsigned which = chunk_stream(m, p[1027]);
	size_t n = packet_get_u16(p + 1), size = m->streams[which].size;

	if (!m->is_level_open) {
		model_fail(m, "level data without a level");
		return;
	}
	if (size + n > m->streams[which].room) {
		m->streams[which].room = 2 * (size + n);
		m->streams[which].bytes =
			realloc(m->streams[which].bytes, m->streams[which].room);
		ck_assert_ptr_nonnull(m->streams[which].bytes);
	}
	if (n > 0)
		memcpy(m->streams[which].bytes + size, p + 3, n);
	m->streams[which].size += n;
}

static bool unpack(struct model *m, unsigned which, uint8_t *blocks, size_t volume)
{
	bool is_fast = dialect_has(&m->dialect, EXT_FAST_MAP);
	const char *why = harness_level_unpack(blocks, volume, m->streams[which].bytes,
					       m->streams[which].size, is_fast);

	if (why != NULL)
		model_fail(m, "the level's %s bytes: the stream of %zu bytes for %zu blocks %s",
			   which == 0 ? "low" : "high", m->streams[which].size, volume, why);
	return why == NULL;
}

static void unpack_level(struct model *m, size_t volume)
{
	uint8_t *bytes = calloc(2, volume);

	ck_assert_ptr_nonnull(bytes);
	free(m->blocks);
	m->blocks = calloc(volume, sizeof(*m->blocks));
	ck_assert_ptr_nonnull(m->blocks);
	if (unpack(m, 0, bytes, volume) && m->streams[1].size > 0)
		unpack(m, 1, bytes + volume, volume);
	for (size_t i = 0; i < volume; i++) {
		m->blocks[i] = (uint16_t)(bytes[volume + i] << 8 | bytes[i]);
		if (m->blocks[i] >= STATE_BLOCKS)
			model_fail(m, "block %u in the level", m->blocks[i]);
	}
	free(bytes);
}

static void settle_height(struct model *m, unsigned type, int height)
{
	uint8_t *kept = state_at(m->state, STATE_MAP_PROPERTY, type);

	if (state_get(kept, "Value") == MODEL_BY_HEIGHT)
		state_put(kept, "Value", height);
}

static void on_level_finalize(struct model *m, const uint8_t *p)
{
	size_t volume;

	m->size_x = packet_get_u16(p + 1);
	m->size_y = packet_get_u16(p + 3);
	m->size_z = packet_get_u16(p + 5);
	volume = (size_t)m->size_x * m->size_y * m->size_z;
	if (!m->is_level_open)
		model_fail(m, "the end of a level that has not begun");
	else if (volume == 0)
		model_fail(m, "a level of no size");
	else if (dialect_has(&m->dialect, EXT_FAST_MAP) && m->volume != volume)
		model_fail(m, "a level of %zu blocks was announced with %u", volume, m->volume);
	else
		unpack_level(m, volume);
	m->is_level_open = false;
	if (!m->dialect.cpe)
		return;
	settle_height(m, MODEL_EDGE_LEVEL, m->size_y / 2);
	settle_height(m, MODEL_CLOUD_LEVEL, m->size_y + 2);
}

/* Changes that come while a level is loading are lost, those outside it too. */
static void on_set_block(struct model *m, const uint8_t *p)
{
	unsigned x = packet_get_u16(p + 1), y = packet_get_u16(p + 3),
		 z = packet_get_u16(p + 5);

	if (x < m->size_x && y < m->size_y && z < m->size_z)
		m->blocks[((size_t)y * m->size_z + z) * m->size_x + x] =
			(uint16_t)model_number(m, p, "Block");
}

static void on_bulk_update(struct model *m, const uint8_t *p)
{
	bool is_wide = dialect_has(&m->dialect, EXT_EXTENDED_BLOCKS);

	for (unsigned i = 0; i <= p[1]; i++) {
		uint32_t index = packet_get_u32(p + 2 + 4 * i);
		unsigned high = is_wide ? p[1282 + i / 4] >> (2 * (i % 4)) & 3u : 0;
		unsigned block = high << 8 | p[1026 + i];

		if (block >= STATE_BLOCKS)
			model_fail(m, "block %u in a bulk update", block);
		else if (index < model_volume(m))
			m->blocks[index] = (uint16_t)block;
	}
}

/* ---- entities ---- */

static void forget_turn(struct model *m, unsigned id)
{
	state_drop(m->state, STATE_PROPERTY, id * STATE_PROPERTIES + PROPERTY_YAW);
}

static void set_respawn(struct model *m, const uint8_t *p, int shift)
{
	uint8_t *kept = model_keep(m, STATE_RESPAWN, 0, p);

	state_put(kept, "Y", state_get(kept, "Y") - shift);
}

/* The entity's own record, for the three packets that bring it. */
static void on_entity(struct model *m, const uint8_t *p)
{
	unsigned id = p[1];
	uint8_t *kept;

	if (id != PACKET_SELF)
		remove_entity(m, id);
	if (id != PACKET_SELF)
		model_init_entity(m, id);
	kept = state_at(m->state, STATE_ENTITY, id);
	state_merge(kept, &m->dialect, p);
	state_put_text(kept, "InGameName", p + 2);
	state_put_text(kept, "SkinName",
		       p[0] == OP_SPAWN_PLAYER || model_is_blank(p + 66) ? p + 2 : p + 66);
	if (p[0] == OP_ADD_ENTITY)
		return;
	forget_turn(m, id);
	if (id == PACKET_SELF)
		set_respawn(m, p, OWN_SHIFT);
}

static void on_spawn_player(struct model *m, const uint8_t *p)
{
	on_entity(m, p);
	if (!m->dialect.cpe)
		return;
	model_set_tab(m, p[1], p + 2, "Players");
	m->is_linked[p[1]] = true;
}

static void on_despawn(struct model *m, const uint8_t *p)
{
	if (p[1] == PACKET_SELF)
		return;
	remove_entity(m, p[1]);
	remove_linked_tab(m, p[1]);
}

/* Where a packet's field has another name in the entity's record. */
static void shift(const struct model *m, uint8_t *kept, const uint8_t *p, const char *field,
		  const char *by)
{
	state_put(kept, field, state_get(kept, field) + model_number(m, p, by));
}

/* 0x08..0x0B: what the packet has of X, Y, Z, Yaw and Pitch, or of differences. */
static void on_move(struct model *m, const uint8_t *p)
{
	uint8_t *kept = state_at(m->state, STATE_ENTITY, p[1]);

	if (kept == NULL)
		return;
	state_merge(kept, &m->dialect, p);
	if (p[0] == OP_MOVE || p[0] == OP_MOVE_ROTATE) {
		shift(m, kept, p, "X", "dX");
		shift(m, kept, p, "Y", "dY");
		shift(m, kept, p, "Z", "dZ");
	}
	if (p[0] != OP_MOVE)
		forget_turn(m, p[1]);
}

static void on_entity_teleport(struct model *m, const uint8_t *p)
{
	static const char *const axes[] = {"X", "Y", "Z"};
	static const char *const angles[] = {"Yaw", "Pitch"};
	uint8_t *kept = state_at(m->state, STATE_ENTITY, p[1]);
	bool has_position = (p[2] & 0x01) != 0, is_relative = (p[2] & 0x04) != 0;
	bool has_angles = (p[2] & 0x10) != 0;

	for (unsigned i = 0; kept != NULL && has_position && i < COUNT(axes); i++) {
		if (is_relative)
			shift(m, kept, p, axes[i], axes[i]);
		else
			state_put(kept, axes[i], model_number(m, p, axes[i]));
	}
	for (unsigned i = 0; kept != NULL && has_angles && i < COUNT(angles); i++)
		state_put(kept, angles[i], model_number(m, p, angles[i]));
	if (kept != NULL && has_angles)
		forget_turn(m, p[1]);
}

static void on_change_model(struct model *m, const uint8_t *p)
{
	if (state_at(m->state, STATE_ENTITY, p[1]) == NULL)
		return;
	model_keep(m, STATE_MODEL, p[1], p);
	model_set_scales(m, p[1]);
}

static void on_entity_property(struct model *m, const uint8_t *p)
{
	if (state_at(m->state, STATE_ENTITY, p[1]) != NULL)
		model_keep(m, STATE_PROPERTY, p[1] * STATE_PROPERTIES + p[2], p);
}

static void on_spawnpoint(struct model *m, const uint8_t *p)
{
	set_respawn(m, p, SPAWN_SHIFT);
}

/* An entry of its own does not end with the entity of that id. */
static void on_add_name(struct model *m, const uint8_t *p)
{
	model_keep(m, STATE_TAB, p[2], p);
	m->is_linked[p[2]] = false;
}

static void on_remove_name(struct model *m, const uint8_t *p)
{
	state_drop(m->state, STATE_TAB, p[2]);
	m->is_linked[p[2]] = false;
}

/* ---- blocks ---- */

static void leave_menu(struct model *m, unsigned block)
{
	for (unsigned i = 0; i < STATE_BLOCKS; i++)
		if (m->menu[i] == block)
			m->menu[i] = 0;
}

static bool is_in_menu(const struct model *m, unsigned block)
{
	for (unsigned i = 0; i < STATE_BLOCKS; i++)
		if (m->menu[i] == block)
			return true;
	return false;
}

/* The block takes its place from the one that was there. */
static void on_inventory_order(struct model *m, const uint8_t *p)
{
	unsigned block = (unsigned)model_number(m, p, "Block");
	unsigned order = (unsigned)model_number(m, p, "Order");

	leave_menu(m, block);
	if (order != 0)
		m->menu[order - 1] = (uint16_t)block;
}

static void set_box(uint8_t *kept, int from, int x, int y, int z)
{
	state_put(kept, "MinX", from);
	state_put(kept, "MinY", from);
	state_put(kept, "MinZ", from);
	state_put(kept, "MaxX", x);
	state_put(kept, "MaxY", y);
	state_put(kept, "MaxZ", z);
}

/* Kept as a DefineBlockExt of version 2; a sprite is a box of nothing. */
static void on_define_block(struct model *m, const uint8_t *p)
{
	static const char *const sides[] = {"TexLeft", "TexRight", "TexFront", "TexBack"};
	unsigned block = (unsigned)model_number(m, p, "Block");
	uint8_t *kept = model_keep(m, STATE_DEFINITION, block, p);

	for (unsigned i = 0; model_has(m, p, "TexSide") && i < COUNT(sides); i++)
		state_put(kept, sides[i], model_number(m, p, "TexSide"));
	if (model_has(m, p, "Shape")) {
		int height = (int)model_number(m, p, "Shape"), width = height == 0 ? 0 : 16;

		set_box(kept, 0, width, height, width);
	}
	if (!is_in_menu(m, block))
		m->menu[block - 1] = (uint16_t)block;
}

static void on_undefine_block(struct model *m, const uint8_t *p)
{
	unsigned block = (unsigned)model_number(m, p, "Block");

	state_drop(m->state, STATE_DEFINITION, block);
	leave_menu(m, block);
	if (block <= m->last_standard)
		m->menu[block - 1] = (uint16_t)block;
}

static void on_permission(struct model *m, const uint8_t *p)
{
	model_keep(m, STATE_PERMISSION, (unsigned)model_number(m, p, "Block"), p);
}

/* Which block it puts into the hand is the player's to change. */
static void on_hold_this(struct model *m, const uint8_t *p)
{
	state_put(model_keep(m, STATE_HELD, 0, p), "Block", 0);
}

static void on_hotbar(struct model *m, const uint8_t *p)
{
	model_keep(m, STATE_HOTBAR, (unsigned)model_number(m, p, "Slot"), p);
}

/* clang-format off */
static model_apply_fn *const applies[OP_STANDARD_COUNT] = {
	[OP_LEVEL_INITIALIZE]    = on_level_initialize,
	[OP_LEVEL_DATA_CHUNK]    = on_level_chunk,
	[OP_LEVEL_FINALIZE]      = on_level_finalize,
	[OP_SET_BLOCK]           = on_set_block,
	[OP_SPAWN_PLAYER]        = on_spawn_player,
	[OP_POSITION]            = on_move,
	[OP_MOVE_ROTATE]         = on_move,
	[OP_MOVE]                = on_move,
	[OP_ROTATE]              = on_move,
	[OP_DESPAWN]             = on_despawn,
	[OP_HOLD_THIS]           = on_hold_this,
	[OP_ADD_PLAYER_NAME]     = on_add_name,
	[OP_ADD_ENTITY]          = on_entity,
	[OP_REMOVE_PLAYER_NAME]  = on_remove_name,
	[OP_BLOCK_PERMISSION]    = on_permission,
	[OP_CHANGE_MODEL]        = on_change_model,
	[OP_ADD_ENTITY2]         = on_entity,
	[OP_DEFINE_BLOCK]        = on_define_block,
	[OP_UNDEFINE_BLOCK]      = on_undefine_block,
	[OP_DEFINE_BLOCK_EXT]    = on_define_block,
	[OP_BULK_BLOCK_UPDATE]   = on_bulk_update,
	[OP_ENTITY_PROPERTY]     = on_entity_property,
	[OP_INVENTORY_ORDER]     = on_inventory_order,
	[OP_HOTBAR]              = on_hotbar,
	[OP_SPAWNPOINT]          = on_spawnpoint,
	[OP_ENTITY_TELEPORT]     = on_entity_teleport,
};
/* clang-format on */

void model_apply_world(struct model *m, const uint8_t *p)
{
	if (applies[p[0]] != NULL)
		applies[p[0]](m, p);
}
