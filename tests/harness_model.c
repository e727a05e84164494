/* SPDX-License-Identifier: MIT */
/*
 * The model client as a whole: how it begins, how it frames what arrives and what is legal in
 * it, and how two of them compare. What a packet does is in the other two files.
 */
#include "harness_model.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "../layout.h"
#include "fields.h"
#include "harness_model_private.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TEXTURE_LAST 511
#define LAST_CLASSIC 49 /* blocks; */
#define LAST_CUSTOM  65 /* the rest only with CustomBlocks */

void model_fail(struct model *m, const char *format, ...)
{
	char what[MODEL_WHY_MAX / 4], packet[MODEL_WHY_MAX / 2];
	va_list args;

	if (m->fault[0] != '\0')
		return;
	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	layout_describe(packet, sizeof(packet), &m->dialect, PACKET_TO_CLIENT, m->in);
	snprintf(m->fault, sizeof(m->fault), "packet %lu, %s: %s", m->packets, packet, what);
}

int64_t model_number(const struct model *m, const uint8_t *p, const char *field)
{
	return state_number(&m->dialect, p, field);
}

bool model_has(const struct model *m, const uint8_t *p, const char *name)
{
	struct layout_field field;

	return field_find(&field, &m->dialect, PACKET_TO_CLIENT, p[0], name);
}

bool model_is_blank(const uint8_t text[static PACKET_STRING_LEN])
{
	char out[PACKET_STRING_LEN + 1];

	return packet_get_string(out, text) == 0;
}

uint8_t *model_keep(struct model *m, enum state_group group, unsigned index, const uint8_t *p)
{
	return state_keep(m->state, group, index, &m->dialect, p);
}

/* ---- a new client ---- */

static void set_property(struct model *m, unsigned id, unsigned type, int32_t value)
{
	uint8_t *kept = state_make(m->state, STATE_PROPERTY, id * STATE_PROPERTIES + type);

	state_put(kept, "EntityID", id);
	state_put(kept, "Type", type);
	state_put(kept, "Value", value);
}

void model_set_scales(struct model *m, unsigned id)
{
	for (unsigned type = 3; type <= 5; type++)
		set_property(m, id, type, 1000);
}

void model_init_entity(struct model *m, unsigned id)
{
	uint8_t humanoid[PACKET_STRING_LEN];
	uint8_t *model = state_make(m->state, STATE_MODEL, id);

	packet_put_string(humanoid, "humanoid");
	state_put(state_make(m->state, STATE_ENTITY, id), "EntityID", id);
	state_put(model, "EntityID", id);
	state_put_text(model, "Model", humanoid);
	set_property(m, id, 0, 0);
	set_property(m, id, 2, 0);
	model_set_scales(m, id);
	set_property(m, id, 6, 1000);
}

void model_set_tab(struct model *m, unsigned id, const uint8_t name[PACKET_STRING_LEN],
		   const char *group)
{
	uint8_t *kept = state_make(m->state, STATE_TAB, id);
	uint8_t text[PACKET_STRING_LEN];

	packet_put_string(text, group);
	state_put(kept, "NameID", id);
	state_put_text(kept, "PlayerName", name);
	state_put_text(kept, "ListName", name);
	state_put_text(kept, "GroupName", text);
}

static void init_self(struct model *m)
{
	uint8_t name[PACKET_STRING_LEN], *self;

	packet_put_string(name, m->name);
	model_init_entity(m, PACKET_SELF);
	self = state_at(m->state, STATE_ENTITY, PACKET_SELF);
	state_put_text(self, "InGameName", name);
	state_put_text(self, "SkinName", name);
	state_make(m->state, STATE_RESPAWN, 0);
	if (m->dialect.cpe)
		model_set_tab(m, PACKET_SELF, name, "");
}

void model_set_permission(struct model *m, unsigned block, bool place, bool delete)
{
	uint8_t *kept = state_make(m->state, STATE_PERMISSION, block);

	state_put(kept, "Block", block);
	state_put(kept, "Place", place);
	state_put(kept, "Delete", delete);
}

static void init_blocks(struct model *m)
{
	static const uint8_t hotbar[STATE_HOTBAR_SLOTS] = {1, 4, 45, 3, 5, 17, 18, 20, 44};

	for (unsigned block = 0; block < STATE_BLOCKS; block++) {
		bool is_special = block >= MODEL_BEDROCK && block <= MODEL_LAST_LIQUID;

		model_set_permission(m, block, block != 0 && !is_special, !is_special);
	}
	for (unsigned slot = 0; slot < STATE_HOTBAR_SLOTS; slot++) {
		uint8_t *kept = state_make(m->state, STATE_HOTBAR, slot);

		state_put(kept, "Block", hotbar[slot]);
		state_put(kept, "Slot", slot);
	}
	m->last_standard =
		dialect_has(&m->dialect, EXT_CUSTOM_BLOCKS) ? LAST_CUSTOM : LAST_CLASSIC;
	for (unsigned block = 1; block <= m->last_standard; block++)
		m->menu[block - 1] = (uint16_t)block;
}

static void init_text_colors(struct model *m)
{
	static const char digits[] = "0123456789abcdefABCDEF";

	for (unsigned i = 0; digits[i] != '\0'; i++) {
		unsigned color = i < 16 ? i : i - 6;
		unsigned on = color < 8 ? 0xbf : 0xff, off = color < 8 ? 0 : 0x40;
		uint8_t *kept = state_make(m->state, STATE_TEXT_COLOR, (uint8_t)digits[i]);

		state_put(kept, "R", (color & 4) != 0 ? on : off);
		state_put(kept, "G", (color & 2) != 0 ? on : off);
		state_put(kept, "B", (color & 1) != 0 ? on : off);
		state_put(kept, "A", 255);
		state_put(kept, "Code", digits[i]);
	}
}

void model_set_map_property(struct model *m, unsigned type, int64_t value)
{
	uint8_t *kept = state_make(m->state, STATE_MAP_PROPERTY, type);

	state_put(kept, "Type", type);
	state_put(kept, "Value", type == MODEL_VIEW_DISTANCE && value < 0 ? 0 : value);
}

/* What a new level puts back, apart from entities. */
void model_reset_surroundings(struct model *m)
{
	static const int32_t normal[STATE_MAP_PROPERTIES] = {
		7, 9, MODEL_BY_HEIGHT, MODEL_BY_HEIGHT, 0, 256, 256, 128, 0, -2, 0, 0};

	for (unsigned type = 0; type < STATE_MAP_PROPERTIES; type++)
		if (type != MODEL_VIEW_DISTANCE)
			model_set_map_property(m, type, normal[type]);
	for (unsigned variable = 0; variable < 8; variable++)
		state_drop(m->state, STATE_ENV_COLOR, variable);
	for (unsigned id = 0; id < 256; id++)
		state_drop(m->state, STATE_SELECTION, id);
	state_make(m->state, STATE_WEATHER, 0);
}

void model_init(struct model *m, const struct dialect *dialect, const char *name)
{
	memset(m, 0, sizeof(*m));
	m->dialect = *dialect;
	m->state = state_new();
	snprintf(m->name, sizeof(m->name), "%s", name);
	init_self(m);
	init_blocks(m);
	init_text_colors(m);
	model_reset_surroundings(m);
	model_set_map_property(m, MODEL_VIEW_DISTANCE, 0);
	state_make(m->state, STATE_USER_TYPE, 0);
	state_make(m->state, STATE_TEXTURE, 0);
	state_make(m->state, STATE_HELD, 0);
	state_make(m->state, STATE_LIGHTING, 0);
	state_make(m->state, STATE_CINEMATIC, 0);
	state_put(state_make(m->state, STATE_MENU, 0), "Close", 1);
	state_put(state_make(m->state, STATE_REACH, 0), "Distance", 160);
	state_put(state_make(m->state, STATE_JUMP, 0), "Jump", -1);
}

void model_fini(struct model *m)
{
	state_free(m->state);
	free(m->blocks);
	free(m->streams[0].bytes);
	free(m->streams[1].bytes);
}

/* clang-format off */
/* What a value may be, where not everything that fits is legal. */
static const struct range {
	uint8_t opcode;
	const char *field;
	int32_t low, high;
} ranges[] = {
	{ OP_LEVEL_DATA_CHUNK,   "Length",        0, 1024 },
	{ OP_HOLD_THIS,          "PreventChange", 0, 1 },
	{ OP_TEXT_HOTKEY,        "KeyMods",       0, STATE_KEY_MODS - 1 },
	{ OP_ADD_PLAYER_NAME,    "NameID",        0, 255 },
	{ OP_REMOVE_PLAYER_NAME, "NameID",        0, 255 },
	{ OP_ENV_COLOR,          "Variable",      0, 7 },
	{ OP_BLOCK_PERMISSION,   "Place",         0, 1 },
	{ OP_BLOCK_PERMISSION,   "Delete",        0, 1 },
	{ OP_ENV_WEATHER,        "Weather",       0, 2 },
	{ OP_HACK_CONTROL,       "Fly",           0, 1 },
	{ OP_HACK_CONTROL,       "Third",         0, 1 },
	{ OP_DEFINE_BLOCK,       "Block",         1, STATE_BLOCKS - 1 },
	{ OP_DEFINE_BLOCK,       "Collide",       0, 7 },
	{ OP_DEFINE_BLOCK,       "Light",         0, 1 },
	{ OP_DEFINE_BLOCK,       "Sound",         0, 9 },
	{ OP_DEFINE_BLOCK,       "Shape",         0, 16 },
	{ OP_DEFINE_BLOCK,       "Draw",          0, 4 },
	{ OP_UNDEFINE_BLOCK,     "Block",         1, STATE_BLOCKS - 1 },
	{ OP_DEFINE_BLOCK_EXT,   "Block",         1, STATE_BLOCKS - 1 },
	{ OP_DEFINE_BLOCK_EXT,   "Collide",       0, 7 },
	{ OP_DEFINE_BLOCK_EXT,   "Light",         0, 1 },
	{ OP_DEFINE_BLOCK_EXT,   "Sound",         0, 9 },
	{ OP_DEFINE_BLOCK_EXT,   "MinX",          0, 16 },
	{ OP_DEFINE_BLOCK_EXT,   "MaxY",          1, 16 },
	{ OP_DEFINE_BLOCK_EXT,   "MaxZ",          1, 16 },
	{ OP_DEFINE_BLOCK_EXT,   "Draw",          0, 4 },
	{ OP_ENV_MAP_PROPERTY,   "Type",          0, STATE_MAP_PROPERTIES - 1 },
	{ OP_ENTITY_PROPERTY,    "Type",          0, STATE_PROPERTIES - 1 },
	{ OP_TWO_WAY_PING,       "Direction",     0, 1 },
	{ OP_HOTBAR,             "Slot",          0, STATE_HOTBAR_SLOTS - 1 },
	{ OP_DEFINE_MODEL,       "ID",            0, STATE_CUSTOM_MODELS - 1 },
	{ OP_DEFINE_MODEL,       "Parts",         0, STATE_PARTS },
	{ OP_DEFINE_MODEL_PART,  "ID",            0, STATE_CUSTOM_MODELS - 1 },
	{ OP_UNDEFINE_MODEL,     "ID",            0, STATE_CUSTOM_MODELS - 1 },
	{ OP_ENTITY_TELEPORT,    "Flags",         0, 63 },
	{ OP_LIGHTING_MODE,      "Mode",          0, 2 },
	{ OP_LIGHTING_MODE,      "Locked",        0, 1 },
	{ OP_CINEMATIC_GUI,      "HideHotbar",    0, 1 },
	{ OP_TOGGLE_BLOCK_LIST,  "Close",         0, 1 },
};
/* clang-format on */

/* ---- framing ---- */

static void check_ranges(struct model *m, const uint8_t *p)
{
	for (size_t i = 0; i < COUNT(ranges); i++) {
		const struct range *range = &ranges[i];

		if (range->opcode != p[0])
			continue;
		int64_t value = model_number(m, p, range->field);
		if (value < range->low || value > range->high)
			model_fail(m, "%s is %lld, not %d to %d", range->field,
				   (long long)value, range->low, range->high);
	}
}

/* A vanilla client dies of an & that does not begin a colour. */
static bool is_safe_text(const char *text)
{
	for (; *text != '\0'; text++)
		if (text[0] == '&' &&
		    (text[1] == '\0' || strchr("0123456789abcdefABCDEF", text[1]) == NULL))
			return false;
	return true;
}

static void check_text(struct model *m, const char *field, const uint8_t *p)
{
	char text[PACKET_STRING_LEN + 1];

	packet_get_string(text, p);
	if (!m->dialect.cpe && !is_safe_text(text))
		model_fail(m, "%s is \"%s\", of which a vanilla client dies", field, text);
	for (unsigned i = 0; i < PACKET_STRING_LEN; i++)
		if (p[i] >= 0x80 && !dialect_has(&m->dialect, EXT_FULL_CP437))
			model_fail(m, "%s has the byte 0x%02x", field, p[i]);
}

static void check_fields(struct model *m, const uint8_t *p)
{
	struct layout_field field;
	struct layout_iter iter;

	layout_begin(&iter, &m->dialect, PACKET_TO_CLIENT, p[0]);
	while (layout_next(&iter, &field)) {
		if (field.type == LAYOUT_STRING)
			check_text(m, field.name, p + field.offset);
		else if (field.type == LAYOUT_BLOCK &&
			 layout_field_get(&field, p) >= STATE_BLOCKS)
			model_fail(m, "%s is no block", field.name);
		else if (field.type == LAYOUT_TEXTURE &&
			 layout_field_get(&field, p) > TEXTURE_LAST)
			model_fail(m, "%s is no texture", field.name);
		else if (!m->dialect.cpe && strcmp(field.name, "EntityID") == 0 &&
			 p[field.offset] > 127 && p[field.offset] != PACKET_SELF)
			model_fail(m, "entity %u is the player for a vanilla client",
				   p[field.offset]);
	}
}

static void take(struct model *m, const uint8_t *p, size_t size)
{
	if (m->on_packet != NULL)
		m->on_packet(m->context, p, size);
	m->packets++;
	check_fields(m, p);
	check_ranges(m, p);
	if (m->fault[0] == '\0')
		model_apply_world(m, p);
	if (m->fault[0] == '\0')
		model_apply_screen(m, p);
}

bool model_feed(struct model *m, const uint8_t *bytes, size_t size)
{
	while (size > 0 && m->fault[0] == '\0') {
		uint8_t opcode = m->in_size > 0 ? m->in[0] : bytes[0];
		size_t whole = dialect_size(&m->dialect, PACKET_TO_CLIENT, opcode);
		size_t n = whole - m->in_size < size ? whole - m->in_size : size;

		if (whole == 0 || opcode >= OP_STANDARD_COUNT) {
			model_fail(m,
				   "behind packet %lu: opcode 0x%02x (%s) is not the client's",
				   m->packets, opcode,
				   packet_name(NULL, PACKET_TO_CLIENT, opcode));
			break;
		}
		memcpy(m->in + m->in_size, bytes, n);
		m->in_size += n;
		bytes += n;
		size -= n;
		if (m->in_size == whole) {
			m->in_size = 0;
			take(m, m->in, whole);
		}
	}
	return m->fault[0] == '\0';
}

/* ---- comparing ---- */

static bool same_level(const struct model *got, const struct model *wanted, char *why)
{
	if (got->size_x != wanted->size_x || got->size_y != wanted->size_y ||
	    got->size_z != wanted->size_z || got->is_level_open != wanted->is_level_open) {
		snprintf(why, MODEL_WHY_MAX,
			 "the level is %u x %u x %u%s instead of %u x %u x %u%s", got->size_x,
			 got->size_y, got->size_z, got->is_level_open ? " (open)" : "",
			 wanted->size_x, wanted->size_y, wanted->size_z,
			 wanted->is_level_open ? " (open)" : "");
		return false;
	}
	for (size_t i = 0; i < model_volume(got); i++) {
		size_t x = i % got->size_x, z = i / got->size_x % got->size_z;

		if (got->blocks[i] == wanted->blocks[i])
			continue;
		snprintf(why, MODEL_WHY_MAX, "the block at %zu, %zu, %zu is %u instead of %u",
			 x, i / got->size_x / got->size_z, z, got->blocks[i],
			 wanted->blocks[i]);
		return false;
	}
	return true;
}

static bool same_menu(const struct model *got, const struct model *wanted, char *why)
{
	for (unsigned i = 0; i < STATE_BLOCKS; i++) {
		if (got->menu[i] == wanted->menu[i])
			continue;
		snprintf(why, MODEL_WHY_MAX, "place %u of the block menu has %u instead of %u",
			 i + 1, got->menu[i], wanted->menu[i]);
		return false;
	}
	return true;
}

void model_concede(struct model *m, const struct model *other)
{
	if (m->last_standard == other->last_standard)
		return;
	memcpy(m->menu, other->menu, sizeof(m->menu));
	for (unsigned block = LAST_CLASSIC + 1; block <= LAST_CUSTOM; block++)
		if (state_at(m->state, STATE_DEFINITION, block) == NULL)
			state_copy(m->state, other->state, STATE_PERMISSION, block);
}

bool model_same(const struct model *got, const struct model *wanted, char why[MODEL_WHY_MAX])
{
	return state_same(got->state, wanted->state, why, MODEL_WHY_MAX) &&
	       same_menu(got, wanted, why) && same_level(got, wanted, why);
}

void model_dump(FILE *out, const struct model *m)
{
	struct model initial;

	model_init(&initial, &m->dialect, m->name);
	state_dump(out, m->state, initial.state);
	for (unsigned i = 0; i < STATE_BLOCKS; i++)
		if (m->menu[i] != initial.menu[i])
			fprintf(out, "    place %u of the block menu: %u\n", i + 1, m->menu[i]);
	fprintf(out, "    level: %u x %u x %u%s\n", m->size_x, m->size_y, m->size_z,
		m->is_level_open ? ", open" : "");
	model_fini(&initial);
}
