/* SPDX-License-Identifier: MIT */
/*
 * Packets with random values. They are filled in field by field along the layout, so that they
 * fit every dialect; rows of tables say how a value is picked where not every value will do.
 * Ids come from small sets, so that packets often speak of the same thing.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../layout.h"
#include "harness_traffic_private.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ANY          (-1) /* every opcode */

void dice_init(struct dice *dice, uint64_t seed)
{
	dice->state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	for (unsigned i = 0; i < 4; i++)
		dice_below(dice, 2);
}

unsigned dice_below(struct dice *dice, unsigned n)
{
	dice->state =
		dice->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)((dice->state >> 33) % n);
}

uint8_t *script_room(struct traffic *traffic)
{
	if (traffic->room - traffic->size < PACKET_SIZE_MAX) {
		traffic->room = 2 * traffic->room + 8 * PACKET_SIZE_MAX;
		traffic->bytes = realloc(traffic->bytes, traffic->room);
		ck_assert_ptr_nonnull(traffic->bytes);
	}
	return traffic->bytes + traffic->size;
}

/* ---- numbers ---- */

typedef int64_t pick_fn(struct script *s, int32_t low, int32_t high);

int64_t script_in_range(struct script *s, int32_t low, int32_t high)
{
	return low + (int64_t)script_below(s, (unsigned)(high - low) + 1);
}

static int64_t always(struct script *s, int32_t low, int32_t high)
{
	(void)s;
	(void)high;
	return low;
}

/* One of the two. */
static int64_t either(struct script *s, int32_t low, int32_t high)
{
	return script_one_in(s, 2) ? low : high;
}

static int64_t any_entity(struct script *s, int32_t low, int32_t high)
{
	static const uint8_t ids[] = {PACKET_SELF, 0, 1, 2, 3, 64, 127, 128, 200, 254};
	unsigned n = s->dialect->cpe ? COUNT(ids) : 7; /* vanilla: the rest is the player */

	(void)low;
	(void)high;
	return s->entity != SCRIPT_NOBODY ? s->entity : ids[script_below(s, n)];
}

int64_t script_any_block(struct script *s, int32_t low, int32_t high)
{
	static const uint16_t blocks[] = {1,  2,  3,  7,  8,  10,  11,  17,  44,  49,
					  50, 61, 65, 66, 67, 200, 255, 256, 300, 767};
	unsigned n = COUNT(blocks);

	while (n > 1 && blocks[n - 1] > s->last_block)
		n--;
	if (low == 0 && script_one_in(s, 8))
		return 0;
	if (high > 0 && blocks[n - 1] > high)
		return script_in_range(s, 1, s->last_block < 65 ? (int32_t)s->last_block : 65);
	return script_one_in(s, 4) ? script_in_range(s, 1, (int32_t)s->last_block)
				   : blocks[script_below(s, n)];
}

static int64_t any_color_code(struct script *s, int32_t low, int32_t high)
{
	static const uint8_t codes[] = {'0', '7', 'a', 'c', 'f', 'A', 'F', 'g', 'h', 'z', '!'};

	(void)low;
	(void)high;
	return codes[script_below(s, COUNT(codes))];
}

static int64_t any_text_type(struct script *s, int32_t low, int32_t high)
{
	static const uint8_t places[] = {0, 0, 1, 2, 3, 11, 12, 13, 100, 101, 102};
	static const uint8_t senders[] = {0, 1, 2, 11, 100, 127, 255, 255};

	(void)low;
	(void)high;
	if (script_has(s, EXT_MESSAGE_TYPES))
		return places[script_below(s, COUNT(places))];
	return senders[script_below(s, COUNT(senders))];
}

/* Coordinates of blocks, some of them outside. */
static int64_t any_x(struct script *s, int32_t low, int32_t high)
{
	(void)low;
	(void)high;
	return script_one_in(s, 10) ? script_below(s, 1024) : script_below(s, s->size_x + 1u);
}

static int64_t any_y(struct script *s, int32_t low, int32_t high)
{
	(void)low;
	(void)high;
	return script_below(s, s->size_y + 1u);
}

static int64_t any_z(struct script *s, int32_t low, int32_t high)
{
	(void)low;
	(void)high;
	return script_below(s, s->size_z + 1u);
}

/* Only while a level is loading -1 stands for what follows from its height. */
static int64_t any_clouds(struct script *s, int32_t low, int32_t high)
{
	return s->is_loading && script_one_in(s, 3) ? -1 : script_in_range(s, low, high);
}

/* clang-format off */
static const struct rule {
	int opcode;
	const char *field;
	pick_fn *pick;
	int32_t low, high;
} rules[] = {
	{ OP_IDENTIFICATION,     "UserType",      either,         0,    PACKET_USER_OP },
	{ OP_USER_TYPE,          "UserType",      either,         0,    PACKET_USER_OP },
	{ OP_SET_BLOCK,          "X",             any_x,          0,    0 },
	{ OP_SET_BLOCK,          "Y",             any_y,          0,    0 },
	{ OP_SET_BLOCK,          "Z",             any_z,          0,    0 },
	{ OP_SET_BLOCK,          "Block",         script_any_block,      0,    0 },
	{ OP_MESSAGE,            "Type",          any_text_type,  0,    0 },
	{ OP_CLICK_DISTANCE,     "Distance",      script_in_range,       0,    400 },
	{ OP_HOLD_THIS,          "Block",         script_any_block,      0,    0 },
	{ OP_TEXT_HOTKEY,        "KeyCode",       script_in_range,       10,   16 },
	{ OP_TEXT_HOTKEY,        "KeyMods",       script_in_range,       0,    7 },
	{ OP_ADD_PLAYER_NAME,    "NameID",        any_entity,     0,    0 },
	{ OP_REMOVE_PLAYER_NAME, "NameID",        any_entity,     0,    0 },
	{ OP_ENV_COLOR,          "Variable",      script_in_range,       0,    7 },
	{ OP_ENV_COLOR,          "R",             script_in_range,       -20,  255 },
	{ OP_ENV_COLOR,          "G",             script_in_range,       -20,  255 },
	{ OP_ENV_COLOR,          "B",             script_in_range,       -20,  255 },
	{ OP_MAKE_SELECTION,     "ID",            script_in_range,       0,    5 },
	{ OP_MAKE_SELECTION,     "R",             script_in_range,       0,    255 },
	{ OP_MAKE_SELECTION,     "G",             script_in_range,       0,    255 },
	{ OP_MAKE_SELECTION,     "B",             script_in_range,       0,    255 },
	{ OP_MAKE_SELECTION,     "A",             script_in_range,       0,    255 },
	{ OP_REMOVE_SELECTION,   "ID",            script_in_range,       0,    5 },
	{ OP_ENV_MAP_APPEARANCE, "SideBlock",     script_any_block,      0,    255 },
	{ OP_ENV_MAP_APPEARANCE, "EdgeBlock",     script_any_block,      0,    255 },
	{ OP_ENV_MAP_APPEARANCE, "SideLevel",     script_in_range,       0,    300 },
	{ OP_ENV_MAP_APPEARANCE, "CloudsLevel",   any_clouds,     0,    300 },
	{ OP_ENV_MAP_APPEARANCE, "MaxView",       script_in_range,       -100, 500 },
	{ OP_ENV_WEATHER,        "Weather",       script_in_range,       0,    2 },
	{ OP_HACK_CONTROL,       "Jump",          script_in_range,       -1,   100 },
	{ OP_INVENTORY_ORDER,    "Block",         script_any_block,      1,    0 },
	{ OP_INVENTORY_ORDER,    "Order",         script_any_block,      0,    0 },
	{ OP_TEXT_COLOR,         "Code",          any_color_code, 0,    0 },
	{ OP_TEXT_COLOR,         "A",             either,         0,    255 },
	{ OP_ENTITY_PROPERTY,    "Type",          script_in_range,       0,    6 },
	{ OP_ENTITY_PROPERTY,    "Value",         script_in_range,       0,    3000 },
	{ OP_TWO_WAY_PING,       "Direction",     always,         1,    0 },
	{ OP_HOTBAR,             "Slot",          script_in_range,       0,    8 },
	{ OP_HOTBAR,             "Block",         script_any_block,      0,    0 },
	{ OP_DEFINE_MODEL,       "ID",            script_in_range,       0,    3 },
	{ OP_DEFINE_MODEL,       "Flags",         script_in_range,       0,    15 },
	{ OP_DEFINE_MODEL,       "Parts",         script_in_range,       1,    3 },
	{ OP_DEFINE_MODEL_PART,  "Flags",         script_in_range,       0,    3 },
	{ OP_UNDEFINE_MODEL,     "ID",            script_in_range,       0,    3 },
	{ OP_ENTITY_TELEPORT,    "Flags",         script_in_range,       0,    63 },
	{ OP_LIGHTING_MODE,      "Mode",          script_in_range,       0,    2 },
	{ ANY,                   "ModeX",         script_in_range,       0,    1 },
	{ ANY,                   "ModeY",         script_in_range,       0,    1 },
	{ ANY,                   "ModeZ",         script_in_range,       0,    1 },
	{ ANY,                   "EntityID",      any_entity,     0,    0 },
	{ ANY,                   "Block",         script_any_block,      1,    0 },
	{ ANY,                   "PreventChange", script_in_range,       0,    1 },
	{ ANY,                   "Place",         script_in_range,       0,    1 },
	{ ANY,                   "Delete",        script_in_range,       0,    1 },
	{ OP_HACK_CONTROL,       "Fly",           script_in_range,       0,    1 },
	{ OP_HACK_CONTROL,       "NoClip",        script_in_range,       0,    1 },
	{ OP_HACK_CONTROL,       "Speed",         script_in_range,       0,    1 },
	{ OP_HACK_CONTROL,       "Spawn",         script_in_range,       0,    1 },
	{ OP_HACK_CONTROL,       "Third",         script_in_range,       0,    1 },
	{ OP_DEFINE_BLOCK,       "Collide",       script_in_range,       0,    7 },
	{ OP_DEFINE_BLOCK_EXT,   "Collide",       script_in_range,       0,    7 },
	{ ANY,                   "Light",         script_in_range,       0,    1 },
	{ ANY,                   "Sound",         script_in_range,       0,    9 },
	{ ANY,                   "Shape",         script_in_range,       0,    16 },
	{ ANY,                   "Draw",          script_in_range,       0,    4 },
	{ OP_DEFINE_BLOCK_EXT,   "MinX",          script_in_range,       0,    7 },
	{ OP_DEFINE_BLOCK_EXT,   "MinY",          script_in_range,       0,    7 },
	{ OP_DEFINE_BLOCK_EXT,   "MinZ",          script_in_range,       0,    7 },
	{ OP_DEFINE_BLOCK_EXT,   "MaxX",          script_in_range,       8,    16 },
	{ OP_DEFINE_BLOCK_EXT,   "MaxY",          script_in_range,       8,    16 },
	{ OP_DEFINE_BLOCK_EXT,   "MaxZ",          script_in_range,       8,    16 },
	{ ANY,                   "Locked",        script_in_range,       0,    1 },
	{ ANY,                   "HideCrosshair", script_in_range,       0,    1 },
	{ ANY,                   "HideHand",      script_in_range,       0,    1 },
	{ ANY,                   "HideHotbar",    script_in_range,       0,    1 },
	{ ANY,                   "Close",         script_in_range,       0,    1 },
};

/* Where the type alone decides. */
static const struct { int32_t low, high; } type_ranges[] = {
	[LAYOUT_U8]      = { 0,      255 },
	[LAYOUT_S8]      = { -128,   127 },
	[LAYOUT_U16]     = { 0,      65535 },
	[LAYOUT_S16]     = { -32768, 32767 },
	[LAYOUT_S32]     = { -100000, 100000 },
	[LAYOUT_COORD]   = { -32768, 32767 },
	[LAYOUT_BLOCK]   = { 0,      255 },
	[LAYOUT_TEXTURE] = { 0,      255 },
};
/* clang-format on */

static int64_t pick_number(struct script *s, uint8_t opcode, const struct layout_field *field)
{
	for (size_t i = 0; i < COUNT(rules); i++)
		if ((rules[i].opcode == opcode || rules[i].opcode == ANY) &&
		    strcmp(rules[i].field, field->name) == 0)
			return rules[i].pick(s, rules[i].low, rules[i].high);
	if (field->type == LAYOUT_COORD && field->width == 4 && script_one_in(s, 2))
		return script_in_range(s, -1000000, 1000000);
	if (field->type == LAYOUT_TEXTURE && field->width == 2)
		return script_in_range(s, 0, 511);
	return script_in_range(s, type_ranges[field->type].low, type_ranges[field->type].high);
}

void script_put_number(uint8_t *p, size_t width, int64_t value)
{
	for (size_t i = width; i-- > 0; value >>= 8)
		p[i] = (uint8_t)value;
}

static void put_float(struct script *s, uint8_t *p)
{
	float value = (float)script_in_range(s, -64, 64) / 16;
	uint32_t bits;

	memcpy(&bits, &value, sizeof(bits));
	packet_put_u32(p, bits);
}

/* ---- texts ---- */

typedef void text_fn(struct script *s, char out[static PACKET_STRING_LEN + 1]);

static void pick_text(struct script *s, char *out, const char *const *texts, size_t n)
{
	snprintf(out, PACKET_STRING_LEN + 1, "%s", texts[script_below(s, (unsigned)n)]);
}

/* Any length, with colour codes; bytes above 0x7f where both sides know them. */
static void any_text(struct script *s, char out[static PACKET_STRING_LEN + 1])
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyz ABCXYZ 0123456789 .,-+<>()#'\"!?";
	unsigned n = script_one_in(s, 5)   ? 0
		     : script_one_in(s, 8) ? PACKET_STRING_LEN
					   : script_below(s, 20);
	size_t at = 0;

	while (at + 3 < n) {
		if (script_one_in(s, 10)) {
			out[at++] = '&';
			out[at++] = "0123456789abcdef"[script_below(s, 16)];
		}
		bool is_high = script_has(s, EXT_FULL_CP437) && script_one_in(s, 8);
		out[at++] = is_high ? (char)script_in_range(s, 128, 255)
				    : plain[script_below(s, sizeof(plain) - 1)];
	}
	while (at < n)
		out[at++] = '.';
	out[at] = '\0';
}

static void any_name(struct script *s, char out[static PACKET_STRING_LEN + 1])
{
	static const char *const names[] = {"Bob", "&aCarl", "Dora+", "&4E&cve", "Frank_7"};

	pick_text(s, out, names, COUNT(names));
}

/* A client refuses another name for itself. */
static void own_name(struct script *s, char out[static PACKET_STRING_LEN + 1])
{
	snprintf(out, PACKET_STRING_LEN + 1, "%s%s", script_one_in(s, 2) ? "&a" : "",
		 s->player);
}

static void any_motd(struct script *s, char out[static PACKET_STRING_LEN + 1])
{
	static const char *const motds[] = {"",
					    "Welcome",
					    "-hax",
					    "&eFly! +fly -noclip",
					    "-hax +ophax",
					    "+speed horspeed=2 jumps=3",
					    "-push -respawn +thirdperson"};

	pick_text(s, out, motds, COUNT(motds));
}

static void any_skin(struct script *s, char out[static PACKET_STRING_LEN + 1])
{
	static const char *const skins[] = {"", "Bob", "http://example.org/skin.png"};

	pick_text(s, out, skins, COUNT(skins));
}

static void any_model(struct script *s, char out[static PACKET_STRING_LEN + 1])
{
	static const char *const models[] = {"humanoid", "chicken", "creeper", "cube",
					     "robot",    "1",       "42",      "pig|0.5"};

	pick_text(s, out, models, COUNT(models));
}

static void any_custom_model(struct script *s, char out[static PACKET_STRING_LEN + 1])
{
	static const char *const models[] = {"cube", "robot", "car"};

	pick_text(s, out, models, COUNT(models));
}

static void any_url(struct script *s, char out[static PACKET_STRING_LEN + 1])
{
	static const char *const urls[] = {"", "", "http://example.org/a.zip",
					   "http://example.org/terrain.png"};

	pick_text(s, out, urls, COUNT(urls));
}

static void no_text(struct script *s, char out[static PACKET_STRING_LEN + 1])
{
	(void)s;
	out[0] = '\0';
}

static void any_action(struct script *s, char out[static PACKET_STRING_LEN + 1])
{
	static const char *const actions[] = {"", "/spawn\n", "/me ", "hello\n"};

	pick_text(s, out, actions, COUNT(actions));
}

static void any_message(struct script *s, char out[static PACKET_STRING_LEN + 1])
{
	if (script_has(s, EXT_MESSAGE_TYPES) && script_one_in(s, 12))
		snprintf(out, PACKET_STRING_LEN + 1, "^detail.user=%s",
			 script_one_in(s, 2) ? "" : "here");
	else if (script_one_in(s, 4))
		out[0] = '\0';
	else
		any_text(s, out);
}

/* clang-format off */
static const struct text_rule {
	int opcode;
	const char *field;
	text_fn *pick;
} text_rules[] = {
	{ OP_IDENTIFICATION,     "MOTD",       any_motd },
	{ OP_MESSAGE,            "Text",       any_message },
	{ OP_TEXT_HOTKEY,        "Action",     any_action },
	{ OP_SPAWN_PLAYER,       "Name",       any_name },
	{ ANY,                   "InGameName", any_name },
	{ ANY,                   "SkinName",   any_skin },
	{ ANY,                   "PlayerName", any_name },
	{ ANY,                   "Model",      any_model },
	{ OP_DEFINE_MODEL,       "Name",       any_custom_model },
	{ ANY,                   "URL",        any_url },
	{ ANY,                   "URL2",       no_text },
};
/* clang-format on */

/* Is this the name of the player's own entity or tab entry. */
static bool is_own_name(const uint8_t *p, text_fn *pick)
{
	return pick == any_name && p[p[0] == OP_ADD_PLAYER_NAME ? 2 : 1] == PACKET_SELF;
}

static void put_text(struct script *s, uint8_t *p, const struct layout_field *field)
{
	char text[PACKET_STRING_LEN + 1];
	text_fn *pick = any_text;

	for (size_t i = 0; i < COUNT(text_rules); i++)
		if ((text_rules[i].opcode == p[0] || text_rules[i].opcode == ANY) &&
		    strcmp(text_rules[i].field, field->name) == 0)
			pick = text_rules[i].pick;
	(is_own_name(p, pick) ? own_name : pick)(s, text);
	packet_put_string(p + field->offset, text);
}

/* ---- packets ---- */

static void put_bytes(struct script *s, uint8_t *p, const struct layout_field *field)
{
	memset(p + field->offset, 0, field->width);
	if (p[0] == OP_PLUGIN_MESSAGE)
		for (unsigned i = script_below(s, 20); i > 0; i--)
			p[field->offset + i] = (uint8_t)script_below(s, 256);
}

uint8_t *script_fill(struct script *s, uint8_t opcode)
{
	uint8_t *p = script_room(s->out);
	struct layout_field field;
	struct layout_iter iter;

	p[0] = opcode;
	layout_begin(&iter, s->dialect, PACKET_TO_CLIENT, opcode);
	while (layout_next(&iter, &field)) {
		if (field.type == LAYOUT_STRING)
			put_text(s, p, &field);
		else if (field.type == LAYOUT_BYTES)
			put_bytes(s, p, &field);
		else if (field.type == LAYOUT_FLOAT)
			put_float(s, p + field.offset);
		else
			script_put_number(p + field.offset, field.width,
					  pick_number(s, opcode, &field));
	}
	if (opcode == OP_IDENTIFICATION)
		p[1] = s->dialect->protocol;
	return p;
}
