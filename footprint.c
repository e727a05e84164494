/* SPDX-License-Identifier: MIT */
/*
 * What a server has left behind in the client and how it is undone. Responsible for the states
 * that outlive a new level; what LevelInitialize, the next identification or the next own spawn
 * reset by themselves is not noted. Not responsible for when a jump happens, nor for what a
 * level in transfer needs.
 *
 * The one idea: two tables. `notes` has a function for every opcode that leaves something
 * behind; `undo_steps` has the emitters in the order in which a client wants them. Between them
 * stand bits: one per state that has a single value, a bitmap per kind of id. A state that is
 * back at its normal value has no bit, so what a server has undone by itself is not undone
 * again.
 */
#include "footprint.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BLOCKS          768
#define BLOCK_STONE     1
#define BLOCK_BEDROCK   7
#define BLOCK_WATER     8
#define BLOCK_LAST_LAVA 11
#define HOTBAR_SLOTS    9
#define MODELS          64
#define HOTKEYS_MAX     256 /* ClassiCube keeps no more */
#define HOTKEYS_FIRST   8
#define UNDO_BUFFER     2048

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Ids of a kind that are not as they were: bitmaps in one allocation, made when first needed.
 */
enum footprint_set {
	SET_ENTITIES, /* alive; only for clients that forget none by themselves */
	SET_NAMES,    /* tab entries */
	SET_COLORS,   /* text colours, by code */
	SET_BLOCKS,   /* definitions */
	SET_ORDERS,   /* blocks without a normal place that were given one in the block menu */
	SET_PERMISSIONS, /* of blocks */
	SET_MODELS,
};

/* clang-format off */
static const struct {
	uint16_t word;
	uint16_t ids;
} sets[] = {
	[SET_ENTITIES]    = {  0, 256 },
	[SET_NAMES]       = {  4, 256 },
	[SET_COLORS]      = {  8, 256 },
	[SET_BLOCKS]      = { 12, BLOCKS },
	[SET_ORDERS]      = { 24, BLOCKS },
	[SET_PERMISSIONS] = { 36, BLOCKS },
	[SET_MODELS]      = { 48, MODELS },
};
#define SET_WORDS 49

/* States that one packet of fixed layout sets, with its normal bytes behind the opcode. */
static const struct {
	uint8_t opcode;
	uint8_t size;
	uint8_t normal[9];
} fixed[] = {
	{ OP_TOGGLE_BLOCK_LIST, 1, { 1 } },
	{ OP_CINEMATIC_GUI,     9, { 0 } },
	{ OP_LIGHTING_MODE,     2, { 0, 0 } },
	{ OP_CLICK_DISTANCE,    2, { 0, 160 } },
	{ OP_HACK_CONTROL,      7, { 1, 1, 1, 1, 1, 0xff, 0xff } },
};

/* Types of message that stay on the screen. */
static const uint8_t places[] = { 1, 2, 3, 11, 12, 13, 100, 101, 102 };
#define PLACE_STATUS_3 2

/* Types of entity property that the player's next spawn does not set. */
static const struct {
	uint8_t type;
	uint16_t normal;
} properties[] = {
	{ 0, 0 },    /* rotation around X */
	{ 2, 0 },    /* rotation around Z */
	{ 3, 1000 }, /* scales */
	{ 4, 1000 },
	{ 5, 1000 },
	{ 6, 1000 }, /* push strength */
};
#define PROPERTY_SCALES 2u
/* clang-format on */

/* Bits of `traces`. */
enum footprint_trace {
	TRACE_HELD,
	TRACE_ORDER, /* some place of the standard blocks in the block menu */
	TRACE_VIEW,
	TRACE_TEXTURE,
	TRACE_MODEL,
	TRACE_FIXED, /* a bit for each row of the tables above */
	TRACE_PLACE = TRACE_FIXED + COUNT(fixed),
	TRACE_PROPERTY = TRACE_PLACE + COUNT(places),
	TRACE_COUNT = TRACE_PROPERTY + COUNT(properties),
};
_Static_assert(TRACE_COUNT <= 32, "the traces fit into 32 bits");

struct footprint {
	uint64_t *words; /* SET_WORDS of them, or NULL as long as no bit was set */
	uint16_t *hotkeys;
	uint16_t n_hotkeys;
	uint16_t hotkeys_room;
	uint16_t held;   /* with TRACE_HELD: the block in the hand */
	uint16_t hotbar; /* a bit for each slot that was set */
	uint32_t traces;
};

/* Packets on their way out. */
struct undo {
	const struct dialect *dialect;
	const char *name;
	footprint_emit_fn *emit;
	void *context;
	size_t used;
	uint8_t buffer[UNDO_BUFFER];
};

typedef bool note_fn(struct footprint *f, const struct dialect *d, const uint8_t *p);
typedef void undo_fn(struct undo *u, const struct footprint *f);

/* Always true, for the sake of the notes that end with it: nothing is allocated here. */
static bool trace(struct footprint *f, unsigned bit, bool on)
{
	f->traces = (f->traces & ~(UINT32_C(1) << bit)) | (uint32_t)on << bit;
	return true;
}

static bool traced(const struct footprint *f, unsigned bit)
{
	return (f->traces >> bit & 1) != 0;
}

static bool mark(struct footprint *f, enum footprint_set set, unsigned id, bool on)
{
	if (f->words == NULL) {
		if (!on)
			return true;
		f->words = calloc(SET_WORDS, sizeof(f->words[0]));
		if (f->words == NULL)
			return false;
	}
	uint64_t *word = &f->words[sets[set].word + id / 64];
	uint64_t bit = UINT64_C(1) << id % 64;
	*word = on ? *word | bit : *word & ~bit;
	return true;
}

static bool marked(const struct footprint *f, enum footprint_set set, unsigned id)
{
	return f->words != NULL && (f->words[sets[set].word + id / 64] >> id % 64 & 1) != 0;
}

static bool is_blank(const uint8_t field[static PACKET_STRING_LEN])
{
	for (size_t i = 0; i < PACKET_STRING_LEN; i++) {
		if (field[i] != ' ' && field[i] != '\0')
			return false;
	}
	return true;
}

static size_t block_size(const struct dialect *d)
{
	return dialect_has(d, EXT_EXTENDED_BLOCKS) ? 2 : 1;
}

static unsigned get_block(const struct dialect *d, const uint8_t *p)
{
	return block_size(d) == 2 ? packet_get_u16(p) % BLOCKS : p[0];
}

/* Returns what stands behind the block. */
static uint8_t *put_block(const struct dialect *d, uint8_t *p, unsigned block)
{
	if (block_size(d) == 2)
		packet_put_u16(p, (uint16_t)block);
	else
		p[0] = (uint8_t)block;
	return p + block_size(d);
}

/* The last block that exists without a definition. */
static unsigned last_standard(const struct dialect *d)
{
	return dialect_has(d, EXT_CUSTOM_BLOCKS) ? 65 : 49;
}

static bool may_delete(unsigned block)
{
	return block < BLOCK_BEDROCK || block > BLOCK_LAST_LAVA;
}

static bool may_place(unsigned block)
{
	return block != 0 && may_delete(block);
}

/* The number of a standard colour, -1 for the code of a custom one. */
static int color_number(unsigned code)
{
	if (code >= '0' && code <= '9')
		return (int)(code - '0');
	if (code >= 'a' && code <= 'f')
		return (int)(code - 'a') + 10;
	if (code >= 'A' && code <= 'F')
		return (int)(code - 'A') + 10;
	return -1;
}

/* What SetTextColor says of a code that nobody has touched: red, green, blue, alpha. */
static void color_normal(uint8_t rgba[static 4], unsigned code)
{
	int number = color_number(code);

	memset(rgba, 0, 4);
	if (number < 0)
		return;
	for (int i = 0; i < 3; i++)
		rgba[i] = (uint8_t)((number >> (2 - i) & 1) * 0xbf + (number >> 3) * 0x40);
	rgba[3] = 0xff;
}

/* For the player itself this also makes a tab entry, which a new level does not take away. */
static bool note_spawn(struct footprint *f, const struct dialect *d, const uint8_t *p)
{
	if (p[1] == PACKET_SELF)
		return !dialect_has(d, EXT_PLAYER_LIST) ||
		       mark(f, SET_NAMES, PACKET_SELF, true);
	return d->cpe || mark(f, SET_ENTITIES, p[1], true);
}

static bool note_despawn(struct footprint *f, const struct dialect *d, const uint8_t *p)
{
	(void)d;
	return mark(f, SET_ENTITIES, p[1], false);
}

/* ClassiCube shows a text with this prefix as the third status line, whatever its type. */
static bool note_message(struct footprint *f, const struct dialect *d, const uint8_t *p)
{
	static const char detail[] = "^detail.user=";
	const size_t length = sizeof(detail) - 1;
	const char *text = (const char *)p + 2;

	(void)d;
	if (text[0] == detail[0] && strncasecmp(text, detail, length) == 0) {
		char line[PACKET_STRING_LEN + 1];
		return trace(f, TRACE_PLACE + PLACE_STATUS_3,
			     packet_get_string(line, p + 2) > length);
	}
	for (unsigned i = 0; i < COUNT(places); i++) {
		if (places[i] == p[1])
			return trace(f, TRACE_PLACE + i, !is_blank(p + 2));
	}
	return true;
}

static bool note_fixed(struct footprint *f, const struct dialect *d, const uint8_t *p)
{
	(void)d;
	for (unsigned i = 0; i < COUNT(fixed); i++) {
		if (fixed[i].opcode == p[0])
			return trace(f, TRACE_FIXED + i,
				     memcmp(p + 1, fixed[i].normal, fixed[i].size) != 0);
	}
	return true;
}

/* A hand that is locked, or that holds a block which will be undefined. */
static bool note_hold(struct footprint *f, const struct dialect *d, const uint8_t *p)
{
	f->held = (uint16_t)get_block(d, p + 1);
	return trace(f, TRACE_HELD, p[1 + block_size(d)] != 0 || f->held > last_standard(d));
}

static bool hotkeys_grow(struct footprint *f)
{
	uint16_t room = f->hotkeys_room == 0 ? HOTKEYS_FIRST : (uint16_t)(f->hotkeys_room * 2);
	uint16_t *grown = reallocarray(f->hotkeys, room, sizeof(f->hotkeys[0]));

	if (grown == NULL)
		return false;
	f->hotkeys = grown;
	f->hotkeys_room = room;
	return true;
}

/* Key codes above 255 exist in no client, so a key and its modifiers fit into 16 bits. */
static bool note_hotkey(struct footprint *f, const struct dialect *d, const uint8_t *p)
{
	(void)d;
	uint32_t code = packet_get_u32(p + 129);
	if (code > UINT8_MAX)
		return true;
	uint16_t key = (uint16_t)(code << 8 | p[133]);
	bool empty = is_blank(p + 65);
	size_t i = 0;
	while (i < f->n_hotkeys && f->hotkeys[i] != key)
		i++;
	if (i < f->n_hotkeys) {
		if (empty)
			f->hotkeys[i] = f->hotkeys[--f->n_hotkeys];
		return true;
	}
	if (empty || f->n_hotkeys == HOTKEYS_MAX)
		return true;
	if (f->n_hotkeys == f->hotkeys_room && !hotkeys_grow(f))
		return false;
	f->hotkeys[f->n_hotkeys++] = key;
	return true;
}

static bool note_add_name(struct footprint *f, const struct dialect *d, const uint8_t *p)
{
	(void)d;
	return mark(f, SET_NAMES, p[2], true);
}

/* The player's own entry belongs there, so taking it away is a change too. */
static bool note_remove_name(struct footprint *f, const struct dialect *d, const uint8_t *p)
{
	(void)d;
	return mark(f, SET_NAMES, p[2], p[2] == PACKET_SELF);
}

static bool note_permission(struct footprint *f, const struct dialect *d, const uint8_t *p)
{
	unsigned block = get_block(d, p + 1);
	const uint8_t *may = p + 1 + block_size(d);
	bool changed = (may[0] != 0) != may_place(block) || (may[1] != 0) != may_delete(block);

	return mark(f, SET_PERMISSIONS, block, changed);
}

/* Every new model comes with the scale in its name, so the scales set before are gone. */
static bool note_model(struct footprint *f, const struct dialect *d, const uint8_t *p)
{
	char model[PACKET_STRING_LEN + 1];

	(void)d;
	if (p[1] != PACKET_SELF)
		return true;
	for (unsigned i = 0; i < 3; i++)
		trace(f, TRACE_PROPERTY + PROPERTY_SCALES + i, false);
	packet_get_string(model, p + 2);
	return trace(f, TRACE_MODEL, strcasecmp(model, "humanoid") != 0);
}

static bool note_appearance(struct footprint *f, const struct dialect *d, const uint8_t *p)
{
	trace(f, TRACE_TEXTURE, !is_blank(p + 1));
	if (d->version[EXT_ENV_MAP_APPEARANCE] >= 2)
		trace(f, TRACE_VIEW, (int16_t)packet_get_u16(p + 71) > 0);
	return true;
}

static bool note_define_block(struct footprint *f, const struct dialect *d, const uint8_t *p)
{
	return mark(f, SET_BLOCKS, get_block(d, p + 1), true);
}

/* This also takes the block out of the block menu. */
static bool note_undefine_block(struct footprint *f, const struct dialect *d, const uint8_t *p)
{
	unsigned block = get_block(d, p + 1);

	return mark(f, SET_ORDERS, block, false) && mark(f, SET_BLOCKS, block, false);
}

static bool note_color(struct footprint *f, const struct dialect *d, const uint8_t *p)
{
	uint8_t normal[4];
	uint8_t code = p[5];

	(void)d;
	if (code == 0 || code == ' ' || code == 0xff || code == '%' || code == '&')
		return true; /* clients ignore these */
	color_normal(normal, code);
	if (normal[3] == 0) /* its colour means nothing then */
		return mark(f, SET_COLORS, code, p[4] != 0);
	return mark(f, SET_COLORS, code, memcmp(p + 1, normal, sizeof(normal)) != 0);
}

static bool note_map_url(struct footprint *f, const struct dialect *d, const uint8_t *p)
{
	bool two = d->version[EXT_ENV_MAP_ASPECT] >= 2;

	return trace(f, TRACE_TEXTURE,
		     !is_blank(p + 1) || (two && !is_blank(p + 1 + PACKET_STRING_LEN)));
}

static bool note_map_property(struct footprint *f, const struct dialect *d, const uint8_t *p)
{
	(void)d;
	if (p[1] == 4)
		trace(f, TRACE_VIEW, (int32_t)packet_get_u32(p + 2) > 0);
	return true;
}

static bool note_entity_property(struct footprint *f, const struct dialect *d, const uint8_t *p)
{
	(void)d;
	for (unsigned i = 0; p[1] == PACKET_SELF && i < COUNT(properties); i++) {
		if (properties[i].type == p[2])
			return trace(f, TRACE_PROPERTY + i,
				     packet_get_u32(p + 3) != properties[i].normal);
	}
	return true;
}

/*
 * A block takes its new place from the one that was there, so the standard blocks are put back
 * all at once. A block without a normal place is at home when it has none.
 */
static bool note_order(struct footprint *f, const struct dialect *d, const uint8_t *p)
{
	unsigned block = get_block(d, p + 1);
	unsigned place = get_block(d, p + 1 + block_size(d));
	bool standard = block <= last_standard(d);

	if (!standard && !mark(f, SET_ORDERS, block, place != 0))
		return false;
	if (standard || place != 0)
		trace(f, TRACE_ORDER, true);
	return true;
}

static bool note_hotbar(struct footprint *f, const struct dialect *d, const uint8_t *p)
{
	unsigned slot = p[1 + block_size(d)];

	if (slot < HOTBAR_SLOTS)
		f->hotbar |= (uint16_t)(1u << slot);
	return true;
}

static bool note_define_model(struct footprint *f, const struct dialect *d, const uint8_t *p)
{
	(void)d;
	return p[1] >= MODELS || mark(f, SET_MODELS, p[1], true);
}

static bool note_undefine_model(struct footprint *f, const struct dialect *d, const uint8_t *p)
{
	(void)d;
	return p[1] >= MODELS || mark(f, SET_MODELS, p[1], false);
}

/* clang-format off */
static note_fn *const notes[OP_STANDARD_COUNT] = {
	[OP_SPAWN_PLAYER]       = note_spawn,
	[OP_DESPAWN]            = note_despawn,
	[OP_MESSAGE]            = note_message,
	[OP_CLICK_DISTANCE]     = note_fixed,
	[OP_HOLD_THIS]          = note_hold,
	[OP_TEXT_HOTKEY]        = note_hotkey,
	[OP_ADD_PLAYER_NAME]    = note_add_name,
	[OP_REMOVE_PLAYER_NAME] = note_remove_name,
	[OP_BLOCK_PERMISSION]   = note_permission,
	[OP_CHANGE_MODEL]       = note_model,
	[OP_ENV_MAP_APPEARANCE] = note_appearance,
	[OP_HACK_CONTROL]       = note_fixed,
	[OP_DEFINE_BLOCK]       = note_define_block,
	[OP_UNDEFINE_BLOCK]     = note_undefine_block,
	[OP_DEFINE_BLOCK_EXT]   = note_define_block,
	[OP_TEXT_COLOR]         = note_color,
	[OP_ENV_MAP_URL]        = note_map_url,
	[OP_ENV_MAP_PROPERTY]   = note_map_property,
	[OP_ENTITY_PROPERTY]    = note_entity_property,
	[OP_INVENTORY_ORDER]    = note_order,
	[OP_HOTBAR]             = note_hotbar,
	[OP_DEFINE_MODEL]       = note_define_model,
	[OP_UNDEFINE_MODEL]     = note_undefine_model,
	[OP_LIGHTING_MODE]      = note_fixed,
	[OP_CINEMATIC_GUI]      = note_fixed,
	[OP_TOGGLE_BLOCK_LIST]  = note_fixed,
};
/* clang-format on */

static void flush(struct undo *u)
{
	if (u->used != 0)
		u->emit(u->context, u->buffer, u->used);
	u->used = 0;
}

/* A packet of zeros to be filled in, or NULL if the client has not negotiated it. */
static uint8_t *put(struct undo *u, uint8_t opcode)
{
	size_t size = dialect_size(u->dialect, PACKET_TO_CLIENT, opcode);

	if (size == 0)
		return NULL;
	if (size > sizeof(u->buffer) - u->used)
		flush(u);
	uint8_t *p = u->buffer + u->used;
	u->used += size;
	memset(p, 0, size);
	p[0] = opcode;
	return p;
}

static void undo_fixed(struct undo *u, const struct footprint *f)
{
	for (unsigned i = 0; i < COUNT(fixed); i++) {
		uint8_t *p = traced(f, TRACE_FIXED + i) ? put(u, fixed[i].opcode) : NULL;
		if (p != NULL)
			memcpy(p + 1, fixed[i].normal, fixed[i].size);
	}
}

static void undo_entities(struct undo *u, const struct footprint *f)
{
	for (unsigned id = 0; id < sets[SET_ENTITIES].ids; id++) {
		uint8_t *p = marked(f, SET_ENTITIES, id) ? put(u, OP_DESPAWN) : NULL;
		if (p != NULL)
			p[1] = (uint8_t)id;
	}
}

static void undo_names(struct undo *u, const struct footprint *f)
{
	for (unsigned id = 0; id < PACKET_SELF; id++) {
		uint8_t *p = marked(f, SET_NAMES, id) ? put(u, OP_REMOVE_PLAYER_NAME) : NULL;
		if (p != NULL)
			p[2] = (uint8_t)id;
	}
	uint8_t *own = marked(f, SET_NAMES, PACKET_SELF) ? put(u, OP_ADD_PLAYER_NAME) : NULL;
	if (own == NULL)
		return;
	own[2] = PACKET_SELF;
	packet_put_string(own + 3, u->name);
	packet_put_string(own + 67, u->name);
	packet_put_string(own + 131, "");
}

static void undo_model(struct undo *u, const struct footprint *f)
{
	uint8_t *p = traced(f, TRACE_MODEL) ? put(u, OP_CHANGE_MODEL) : NULL;

	if (p == NULL)
		return;
	p[1] = PACKET_SELF;
	packet_put_string(p + 2, "humanoid");
}

static void undo_properties(struct undo *u, const struct footprint *f)
{
	for (unsigned i = 0; i < COUNT(properties); i++) {
		uint8_t *p = traced(f, TRACE_PROPERTY + i) ? put(u, OP_ENTITY_PROPERTY) : NULL;
		if (p == NULL)
			continue;
		p[1] = PACKET_SELF;
		p[2] = properties[i].type;
		packet_put_u32(p + 3, properties[i].normal);
	}
}

static void undo_models(struct undo *u, const struct footprint *f)
{
	for (unsigned id = 0; id < sets[SET_MODELS].ids; id++) {
		uint8_t *p = marked(f, SET_MODELS, id) ? put(u, OP_UNDEFINE_MODEL) : NULL;
		if (p != NULL)
			p[1] = (uint8_t)id;
	}
}

/* Leaves no block in the hand that ends with its definition: servers kick for those. */
static void undo_hold(struct undo *u, const struct footprint *f)
{
	uint8_t *p = traced(f, TRACE_HELD) ? put(u, OP_HOLD_THIS) : NULL;

	if (p != NULL)
		put_block(u->dialect, p + 1,
			  f->held <= last_standard(u->dialect) ? f->held : BLOCK_STONE);
}

static void undo_blocks(struct undo *u, const struct footprint *f)
{
	for (unsigned block = 0; block < sets[SET_BLOCKS].ids; block++) {
		uint8_t *p = marked(f, SET_BLOCKS, block) ? put(u, OP_UNDEFINE_BLOCK) : NULL;
		if (p != NULL)
			put_block(u->dialect, p + 1, block);
	}
}

static void put_order(struct undo *u, unsigned block, unsigned place)
{
	uint8_t *p = put(u, OP_INVENTORY_ORDER);

	if (p != NULL)
		put_block(u->dialect, put_block(u->dialect, p + 1, block), place);
}

/* Stands behind undo_blocks(), which has taken the defined ones out of the menu. */
static void undo_orders(struct undo *u, const struct footprint *f)
{
	if (!traced(f, TRACE_ORDER))
		return;
	for (unsigned block = 0; block < sets[SET_ORDERS].ids; block++) {
		if (marked(f, SET_ORDERS, block) && !marked(f, SET_BLOCKS, block))
			put_order(u, block, 0);
	}
	for (unsigned block = 1; block <= last_standard(u->dialect); block++)
		put_order(u, block, block);
}

static void undo_permissions(struct undo *u, const struct footprint *f)
{
	for (unsigned block = 0; block < sets[SET_PERMISSIONS].ids; block++) {
		uint8_t *p =
			marked(f, SET_PERMISSIONS, block) ? put(u, OP_BLOCK_PERMISSION) : NULL;
		if (p == NULL)
			continue;
		p = put_block(u->dialect, p + 1, block);
		p[0] = may_place(block);
		p[1] = may_delete(block);
	}
}

static void undo_hotbar(struct undo *u, const struct footprint *f)
{
	static const uint8_t blocks[HOTBAR_SLOTS] = {1, 4, 45, 3, 5, 17, 18, 20, 44};

	for (unsigned slot = 0; slot < HOTBAR_SLOTS; slot++) {
		uint8_t *p = (f->hotbar >> slot & 1) != 0 ? put(u, OP_HOTBAR) : NULL;
		if (p != NULL)
			*put_block(u->dialect, p + 1, blocks[slot]) = (uint8_t)slot;
	}
}

/* One packet for both states; the borders and levels that it sets end with the next level. */
static void put_appearance(struct undo *u)
{
	uint8_t *p = put(u, OP_ENV_MAP_APPEARANCE);

	if (p == NULL)
		return;
	packet_put_string(p + 1, "");
	p[65] = BLOCK_BEDROCK;
	p[66] = BLOCK_WATER;
}

static void undo_surroundings(struct undo *u, const struct footprint *f)
{
	bool texture = traced(f, TRACE_TEXTURE);
	bool view = traced(f, TRACE_VIEW);

	if (!dialect_has(u->dialect, EXT_ENV_MAP_ASPECT)) {
		if (texture || view)
			put_appearance(u);
		return;
	}
	uint8_t *p = texture ? put(u, OP_ENV_MAP_URL) : NULL;
	if (p != NULL)
		memset(p + 1, ' ', dialect_size(u->dialect, PACKET_TO_CLIENT, p[0]) - 1);
	p = view ? put(u, OP_ENV_MAP_PROPERTY) : NULL;
	if (p != NULL)
		p[1] = 4;
}

static void undo_hotkeys(struct undo *u, const struct footprint *f)
{
	for (size_t i = 0; i < f->n_hotkeys; i++) {
		uint8_t *p = put(u, OP_TEXT_HOTKEY);
		if (p == NULL)
			return;
		packet_put_string(p + 1, "");
		packet_put_string(p + 65, "");
		p[132] = (uint8_t)(f->hotkeys[i] >> 8);
		p[133] = (uint8_t)f->hotkeys[i];
	}
}

static void undo_colors(struct undo *u, const struct footprint *f)
{
	for (unsigned code = 0; code < sets[SET_COLORS].ids; code++) {
		uint8_t *p = marked(f, SET_COLORS, code) ? put(u, OP_TEXT_COLOR) : NULL;
		if (p == NULL)
			continue;
		color_normal(p + 1, code);
		p[5] = (uint8_t)code;
	}
}

static void undo_messages(struct undo *u, const struct footprint *f)
{
	if (!dialect_has(u->dialect, EXT_MESSAGE_TYPES))
		return;
	for (unsigned i = 0; i < COUNT(places); i++) {
		uint8_t *p = traced(f, TRACE_PLACE + i) ? put(u, OP_MESSAGE) : NULL;
		if (p == NULL)
			continue;
		p[1] = places[i];
		packet_put_string(p + 2, "");
	}
}

/*
 * Before a definition goes, what uses it: the menu (in `fixed`) and the hand before the blocks,
 * the player's model before the models. After the blocks, what their end disturbs: menu order
 * and hotbar.
 */
static undo_fn *const undo_steps[] = {
	undo_fixed,  undo_entities,     undo_names,   undo_model,  undo_properties,
	undo_models, undo_hold,         undo_blocks,  undo_orders, undo_permissions,
	undo_hotbar, undo_surroundings, undo_hotkeys, undo_colors, undo_messages,
};

static void footprint_forget(struct footprint *f)
{
	free(f->words);
	free(f->hotkeys);
	memset(f, 0, sizeof(*f));
}

struct footprint *footprint_new(void)
{
	return calloc(1, sizeof(struct footprint));
}

void footprint_free(struct footprint *footprint)
{
	if (footprint == NULL)
		return;
	footprint_forget(footprint);
	free(footprint);
}

bool footprint_wants(uint8_t opcode)
{
	return opcode < COUNT(notes) && notes[opcode] != NULL;
}

bool footprint_note(struct footprint *footprint, const struct dialect *dialect,
		    const uint8_t *packet)
{
	return !footprint_wants(packet[0]) || notes[packet[0]](footprint, dialect, packet);
}

void footprint_undo(struct footprint *footprint, const struct dialect *dialect,
		    const char *name, footprint_emit_fn *emit, void *context)
{
	struct undo u = {.dialect = dialect, .name = name, .emit = emit, .context = context};

	for (size_t i = 0; i < COUNT(undo_steps); i++)
		undo_steps[i](&u, footprint);
	flush(&u);
	footprint_forget(footprint);
}
