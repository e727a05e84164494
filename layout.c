/* SPDX-License-Identifier: MIT */
/*
 * The fields of every standard packet as one table, and the walk over it. Sizes come from
 * packet.c and are not computed here; the tests hold both tables against each other. Nothing
 * here decides what a value means.
 *
 * The one idea: a packet is a list of rows in wire order, some of them present only under a
 * condition.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "layout.h"

#define SHOWN_BYTES 16 /* of a byte array in a description */

/* When a field is there. */
enum when {
	ALWAYS,
	PROTOCOL6, /* from protocol 6 on */
	FM,        /* FastMap */
	MA2,       /* EnvMapAppearance 2 */
	MS2,       /* EnvMapAspect 2 */
	BD1,       /* BlockDefinitionsExt below 2 */
	BD2,
	BD1_ET, /* the same with ExtendedTextures */
	CM1,    /* CustomModels below 2 */
	CM2,
	EB, /* ExtendedBlocks */
};

struct layout_row {
	const char *name; /* NULL ends a list */
	uint8_t type;     /* enum layout_type */
	uint8_t when;     /* enum when */
	uint16_t width;   /* of LAYOUT_BYTES; 0 = the rest of the packet */
};

/* clang-format off */
#define FIELDS(...) (const struct layout_row[]){__VA_ARGS__, {NULL, 0, 0, 0}}
#define F(name, type) {#name, LAYOUT_##type, ALWAYS, 0}
#define IF(when, name, type) {#name, LAYOUT_##type, when, 0}
#define BYTES(when, name, width) {#name, LAYOUT_BYTES, when, width}

#define XYZ(type) F(X, type), F(Y, type), F(Z, type)
#define LOOK F(Yaw, U8), F(Pitch, U8)
#define RGB(type) F(R, type), F(G, type), F(B, type)
#define BLOCK_HEAD F(Block, BLOCK), F(Name, STRING), F(Collide, U8), F(Speed, U8), F(TexTop, TEXTURE)
#define BLOCK_LIGHT F(Light, U8), F(Sound, U8), F(Bright, U8)
#define BLOCK_TAIL F(Draw, U8), F(FogDensity, U8), F(FogR, U8), F(FogG, U8), F(FogB, U8)
#define BOX(type) F(MinX, type), F(MinY, type), F(MinZ, type), F(MaxX, type), F(MaxY, type), F(MaxZ, type)
#define FACE(n) F(U1_##n, U16), F(V1_##n, U16), F(U2_##n, U16), F(V2_##n, U16)
#define ANIMATION(n) IF(CM2, Anim##n, U8), IF(CM2, A##n, FLOAT), IF(CM2, B##n, FLOAT), \
	IF(CM2, C##n, FLOAT), IF(CM2, D##n, FLOAT)

static const struct layout_row *const to_client[OP_STANDARD_COUNT] = {
	[OP_IDENTIFICATION] = FIELDS(F(ProtocolVersion, U8), F(ServerName, STRING), F(MOTD, STRING),
		IF(PROTOCOL6, UserType, U8)),
	[OP_LEVEL_INITIALIZE] = FIELDS(IF(FM, Volume, S32)),
	[OP_LEVEL_DATA_CHUNK] = FIELDS(F(Length, S16), BYTES(ALWAYS, Data, 1024), F(Percent, U8)),
	[OP_LEVEL_FINALIZE] = FIELDS(F(XSize, U16), F(YSize, U16), F(ZSize, U16)),
	[OP_SET_BLOCK] = FIELDS(XYZ(U16), F(Block, BLOCK)),
	[OP_SPAWN_PLAYER] = FIELDS(F(EntityID, U8), F(Name, STRING), XYZ(COORD), LOOK),
	[OP_POSITION] = FIELDS(F(EntityID, U8), XYZ(COORD), LOOK),
	[OP_MOVE_ROTATE] = FIELDS(F(EntityID, U8), F(dX, S8), F(dY, S8), F(dZ, S8), LOOK),
	[OP_MOVE] = FIELDS(F(EntityID, U8), F(dX, S8), F(dY, S8), F(dZ, S8)),
	[OP_ROTATE] = FIELDS(F(EntityID, U8), LOOK),
	[OP_DESPAWN] = FIELDS(F(EntityID, U8)),
	[OP_MESSAGE] = FIELDS(F(Type, U8), F(Text, STRING)),
	[OP_DISCONNECT] = FIELDS(F(Reason, STRING)),
	[OP_USER_TYPE] = FIELDS(F(UserType, U8)),
	[OP_EXT_INFO] = FIELDS(F(AppName, STRING), F(Count, S16)),
	[OP_EXT_ENTRY] = FIELDS(F(ExtName, STRING), F(Version, S32)),
	[OP_CLICK_DISTANCE] = FIELDS(F(Distance, U16)),
	[OP_CUSTOM_BLOCK_LEVEL] = FIELDS(F(Level, U8)),
	[OP_HOLD_THIS] = FIELDS(F(Block, BLOCK), F(PreventChange, U8)),
	[OP_TEXT_HOTKEY] = FIELDS(F(Label, STRING), F(Action, STRING), F(KeyCode, S32), F(KeyMods, U8)),
	[OP_ADD_PLAYER_NAME] = FIELDS(F(NameID, S16), F(PlayerName, STRING), F(ListName, STRING),
		F(GroupName, STRING), F(GroupRank, U8)),
	[OP_ADD_ENTITY] = FIELDS(F(EntityID, U8), F(InGameName, STRING), F(SkinName, STRING)),
	[OP_REMOVE_PLAYER_NAME] = FIELDS(F(NameID, S16)),
	[OP_ENV_COLOR] = FIELDS(F(Variable, U8), RGB(S16)),
	[OP_MAKE_SELECTION] = FIELDS(F(ID, U8), F(Label, STRING), F(X1, S16), F(Y1, S16), F(Z1, S16),
		F(X2, S16), F(Y2, S16), F(Z2, S16), RGB(S16), F(A, S16)),
	[OP_REMOVE_SELECTION] = FIELDS(F(ID, U8)),
	[OP_BLOCK_PERMISSION] = FIELDS(F(Block, BLOCK), F(Place, U8), F(Delete, U8)),
	[OP_CHANGE_MODEL] = FIELDS(F(EntityID, U8), F(Model, STRING)),
	[OP_ENV_MAP_APPEARANCE] = FIELDS(F(URL, STRING), F(SideBlock, U8), F(EdgeBlock, U8),
		F(SideLevel, S16), IF(MA2, CloudsLevel, S16), IF(MA2, MaxView, S16)),
	[OP_ENV_WEATHER] = FIELDS(F(Weather, U8)),
	[OP_HACK_CONTROL] = FIELDS(F(Fly, U8), F(NoClip, U8), F(Speed, U8), F(Spawn, U8), F(Third, U8),
		F(Jump, S16)),
	[OP_ADD_ENTITY2] = FIELDS(F(EntityID, U8), F(InGameName, STRING), F(SkinName, STRING), XYZ(COORD),
		LOOK),
	[OP_DEFINE_BLOCK] = FIELDS(BLOCK_HEAD, F(TexSide, TEXTURE), F(TexBottom, TEXTURE), BLOCK_LIGHT,
		F(Shape, U8), BLOCK_TAIL),
	[OP_UNDEFINE_BLOCK] = FIELDS(F(Block, BLOCK)),
	[OP_DEFINE_BLOCK_EXT] = FIELDS(BLOCK_HEAD, IF(BD2, TexLeft, TEXTURE), IF(BD2, TexRight, TEXTURE),
		IF(BD2, TexFront, TEXTURE), IF(BD2, TexBack, TEXTURE), IF(BD1, TexSide, TEXTURE),
		F(TexBottom, TEXTURE), BLOCK_LIGHT, BOX(U8), BLOCK_TAIL, BYTES(BD1_ET, Unused, 3)),
	[OP_BULK_BLOCK_UPDATE] = FIELDS(F(Count, U8), BYTES(ALWAYS, Indices, 1024),
		BYTES(ALWAYS, Blocks, 256), BYTES(EB, Upper, 64)),
	[OP_TEXT_COLOR] = FIELDS(RGB(U8), F(A, U8), F(Code, U8)),
	[OP_ENV_MAP_URL] = FIELDS(F(URL, STRING), IF(MS2, URL2, STRING)),
	[OP_ENV_MAP_PROPERTY] = FIELDS(F(Type, U8), F(Value, S32)),
	[OP_ENTITY_PROPERTY] = FIELDS(F(EntityID, U8), F(Type, U8), F(Value, S32)),
	[OP_TWO_WAY_PING] = FIELDS(F(Direction, U8), F(Data, U16)),
	[OP_INVENTORY_ORDER] = FIELDS(F(Block, BLOCK), F(Order, BLOCK)),
	[OP_HOTBAR] = FIELDS(F(Block, BLOCK), F(Slot, U8)),
	[OP_SPAWNPOINT] = FIELDS(XYZ(COORD), LOOK),
	[OP_VELOCITY] = FIELDS(F(VX, S32), F(VY, S32), F(VZ, S32), F(ModeX, U8), F(ModeY, U8), F(ModeZ, U8)),
	[OP_DEFINE_EFFECT] = FIELDS(F(ID, U8), F(U1, U8), F(V1, U8), F(U2, U8), F(V2, U8), F(TintR, U8),
		F(TintG, U8), F(TintB, U8), F(Frames, U8), F(Particles, U8), F(Size, U8), F(SizeVar, S32),
		F(Spread, U16), F(Speed, S32), F(Gravity, S32), F(Life, S32), F(LifeVar, S32), F(Collide, U8),
		F(FullBright, U8)),
	[OP_SPAWN_EFFECT] = FIELDS(F(ID, U8), XYZ(S32), F(OX, S32), F(OY, S32), F(OZ, S32)),
	[OP_DEFINE_MODEL] = FIELDS(F(ID, U8), F(Name, STRING), F(Flags, U8), F(NameY, FLOAT), F(EyeY, FLOAT),
		F(CollX, FLOAT), F(CollY, FLOAT), F(CollZ, FLOAT), BOX(FLOAT), F(UScale, U16), F(VScale, U16),
		F(Parts, U8)),
	[OP_DEFINE_MODEL_PART] = FIELDS(F(ID, U8), BOX(FLOAT), FACE(0), FACE(1), FACE(2), FACE(3), FACE(4),
		FACE(5), F(RotOX, FLOAT), F(RotOY, FLOAT), F(RotOZ, FLOAT), F(RotX, FLOAT), F(RotY, FLOAT),
		F(RotZ, FLOAT), ANIMATION(0), ANIMATION(1), ANIMATION(2), ANIMATION(3),
		IF(CM1, Legacy, U8), IF(CM1, LegacyF, FLOAT), F(Flags, U8)),
	[OP_UNDEFINE_MODEL] = FIELDS(F(ID, U8)),
	[OP_PLUGIN_MESSAGE] = FIELDS(F(Channel, U8), BYTES(ALWAYS, Data, 64)),
	[OP_ENTITY_TELEPORT] = FIELDS(F(EntityID, U8), F(Flags, U8), XYZ(COORD), LOOK),
	[OP_LIGHTING_MODE] = FIELDS(F(Mode, U8), F(Locked, U8)),
	[OP_CINEMATIC_GUI] = FIELDS(F(HideCrosshair, U8), F(HideHand, U8), F(HideHotbar, U8), RGB(U8),
		F(A, U8), F(BarSize, U16)),
	[OP_TOGGLE_BLOCK_LIST] = FIELDS(F(Close, U8)),
};

static const struct layout_row *const to_server[OP_STANDARD_COUNT] = {
	[OP_IDENTIFICATION] = FIELDS(F(ProtocolVersion, U8), F(Username, STRING), F(Key, STRING),
		IF(PROTOCOL6, Padding, U8)),
	[OP_SET_BLOCK_CLIENT] = FIELDS(XYZ(U16), F(Mode, U8), F(Block, BLOCK)),
	[OP_POSITION] = FIELDS(F(HeldOrID, BLOCK), XYZ(COORD), LOOK),
	[OP_MESSAGE] = FIELDS(F(Type, U8), F(Text, STRING)),
	[OP_EXT_INFO] = FIELDS(F(AppName, STRING), F(Count, S16)),
	[OP_EXT_ENTRY] = FIELDS(F(ExtName, STRING), F(Version, S32)),
	[OP_CUSTOM_BLOCK_LEVEL] = FIELDS(F(Level, U8)),
	[OP_PLAYER_CLICKED] = FIELDS(F(Button, U8), F(Action, U8), F(Yaw, U16), F(Pitch, U16), F(Entity, U8),
		XYZ(U16), F(Face, U8)),
	[OP_TWO_WAY_PING] = FIELDS(F(Direction, U8), F(Data, U16)),
	[OP_PLUGIN_MESSAGE] = FIELDS(F(Channel, U8), BYTES(ALWAYS, Data, 64)),
	[OP_NOTIFY_ACTION] = FIELDS(F(Action, U16), F(Value, U16)),
	[OP_NOTIFY_POSITION_ACTION] = FIELDS(F(Action, U16), XYZ(U16)),
};

static const struct layout_row custom[] = {BYTES(ALWAYS, Data, 0), {NULL, 0, 0, 0}};
static const struct layout_row empty[] = {{NULL, 0, 0, 0}};
/* clang-format on */

static bool holds(enum when when, const struct dialect *d)
{
	switch (when) {
	case ALWAYS:
		return true;
	case PROTOCOL6:
		return d->protocol >= 6;
	case FM:
		return dialect_has(d, EXT_FAST_MAP);
	case MA2:
		return d->version[EXT_ENV_MAP_APPEARANCE] >= 2;
	case MS2:
		return d->version[EXT_ENV_MAP_ASPECT] >= 2;
	case BD1:
		return d->version[EXT_BLOCK_DEFINITIONS_EXT] < 2;
	case BD2:
		return d->version[EXT_BLOCK_DEFINITIONS_EXT] >= 2;
	case BD1_ET:
		return holds(BD1, d) && dialect_has(d, EXT_EXTENDED_TEXTURES);
	case CM1:
		return d->version[EXT_CUSTOM_MODELS] < 2;
	case CM2:
		return d->version[EXT_CUSTOM_MODELS] >= 2;
	case EB:
		return dialect_has(d, EXT_EXTENDED_BLOCKS);
	}
	return false;
}

/* One row per type: its width, the extension that makes it wide and that width, and whether it
 * has a sign. */
static const struct type_info {
	uint8_t width; /* 0 = the row says it */
	uint8_t extension;
	uint8_t wide;
	bool is_signed;
} types[] = {
	[LAYOUT_U8] = {1, EXT_CLASSIC, 0, false},
	[LAYOUT_S8] = {1, EXT_CLASSIC, 0, true},
	[LAYOUT_U16] = {2, EXT_CLASSIC, 0, false},
	[LAYOUT_S16] = {2, EXT_CLASSIC, 0, true},
	[LAYOUT_S32] = {4, EXT_CLASSIC, 0, true},
	[LAYOUT_COORD] = {2, EXT_ENTITY_POSITIONS, 4, true},
	[LAYOUT_BLOCK] = {1, EXT_EXTENDED_BLOCKS, 2, false},
	[LAYOUT_TEXTURE] = {1, EXT_EXTENDED_TEXTURES, 2, false},
	[LAYOUT_FLOAT] = {4, EXT_CLASSIC, 0, false},
	[LAYOUT_STRING] = {PACKET_STRING_LEN, EXT_CLASSIC, 0, false},
	[LAYOUT_BYTES] = {0, EXT_CLASSIC, 0, false},
};

static size_t row_width(const struct layout_iter *iter, const struct layout_row *row)
{
	const struct type_info *type = &types[row->type];

	if (type->width == 0)
		return row->width != 0 ? row->width : iter->size - iter->offset;
	if (type->extension != EXT_CLASSIC && dialect_has(iter->dialect, type->extension))
		return type->wide;
	return type->width;
}

void layout_begin(struct layout_iter *iter, const struct dialect *dialect,
		  enum packet_direction direction, uint8_t opcode)
{
	*iter = (struct layout_iter){
		.row = empty,
		.dialect = dialect,
		.offset = 1,
		.size = dialect_size(dialect, direction, opcode),
	};
	if (iter->size == 0)
		return;
	if (opcode >= OP_STANDARD_COUNT)
		iter->row = custom;
	else
		iter->row =
			direction == PACKET_TO_CLIENT ? to_client[opcode] : to_server[opcode];
	if (iter->row == NULL)
		iter->row = empty;
}

/* The field that a row is in this dialect, at the iterator's place; false if it is none. */
static bool take(struct layout_iter *iter, const struct layout_row *row,
		 struct layout_field *field)
{
	size_t width = row_width(iter, row);

	if (width == 0 || !holds(row->when, iter->dialect))
		return false;
	*field = (struct layout_field){row->name, row->type, iter->offset, width};
	iter->offset += width;
	return true;
}

bool layout_next(struct layout_iter *iter, struct layout_field *field)
{
	while (iter->row->name != NULL)
		if (take(iter, iter->row++, field))
			return true;
	return false;
}

int64_t layout_field_get(const struct layout_field *field, const uint8_t *packet)
{
	int64_t value = 0;

	for (size_t i = 0; i < field->width; i++)
		value = value << 8 | packet[field->offset + i];
	int64_t sign = INT64_C(1) << (8 * field->width - 1);
	if (types[field->type].is_signed && (value & sign) != 0)
		value -= 2 * sign;
	return value;
}

/* Writes the value that the field can hold and that is nearest. */
static void put_nearest(uint8_t *out, const struct layout_field *field, int64_t value)
{
	bool is_signed = types[field->type].is_signed;
	int64_t max = (INT64_C(1) << (8 * field->width - is_signed)) - 1;
	int64_t min = is_signed ? -max - 1 : 0;
	uint64_t bits = (uint64_t)(value < min ? min : value > max ? max : value);

	for (size_t i = field->width; i-- > 0; bits >>= 8)
		out[field->offset + i] = (uint8_t)bits;
}

/* Of a row that both dialects have. Only integers and custom packets change their width. */
static void convert_field(uint8_t *out, const struct layout_field *to, const uint8_t *packet,
			  const struct layout_field *from)
{
	if (to->type <= LAYOUT_TEXTURE)
		put_nearest(out, to, layout_field_get(from, packet));
	else
		memcpy(out + to->offset, packet + from->offset,
		       to->width < from->width ? to->width : from->width);
}

size_t layout_convert(uint8_t *out, const struct dialect *to, const struct dialect *from,
		      enum packet_direction direction, const uint8_t *packet)
{
	struct layout_field field, source_field;
	struct layout_iter target, source;

	layout_begin(&target, to, direction, packet[0]);
	layout_begin(&source, from, direction, packet[0]);
	if (target.size == 0 || source.size == 0)
		return 0;
	out[0] = packet[0];
	for (const struct layout_row *row = target.row; row->name != NULL; row++) {
		bool has_source = take(&source, row, &source_field);

		if (!take(&target, row, &field))
			continue;
		memset(out + field.offset, field.type == LAYOUT_STRING ? ' ' : 0, field.width);
		if (has_source)
			convert_field(out, &field, packet, &source_field);
	}
	return target.size;
}

/* A description under way: what does not fit is cut. */
struct sink {
	char *out;
	size_t size;
	size_t length;
};

__attribute__((format(printf, 2, 3))) static void add(struct sink *sink, const char *format,
						      ...)
{
	size_t room = sink->size - sink->length;
	va_list args;

	va_start(args, format);
	int n = vsnprintf(sink->out + sink->length, room, format, args);
	va_end(args);
	if (n > 0)
		sink->length += (size_t)n < room ? (size_t)n : room - 1;
}

static void add_string(struct sink *sink, const uint8_t *p)
{
	char text[PACKET_STRING_LEN + 1];
	size_t n = packet_get_string(text, p);

	add(sink, "\"");
	for (size_t i = 0; i < n; i++) {
		if (text[i] < 0x20 || text[i] > 0x7e || text[i] == '"' || text[i] == '\\')
			add(sink, "\\x%02x", (unsigned)(uint8_t)text[i]);
		else
			add(sink, "%c", text[i]);
	}
	add(sink, "\"");
}

/* The zeros that fill an array up say nothing. */
static void add_bytes(struct sink *sink, const uint8_t *p, size_t n)
{
	while (n > 0 && p[n - 1] == 0)
		n--;
	add(sink, "hex:");
	for (size_t i = 0; i < n && i < SHOWN_BYTES; i++)
		add(sink, "%02x", p[i]);
	if (n > SHOWN_BYTES)
		add(sink, "...%zu", n);
}

static void add_float(struct sink *sink, const uint8_t *p)
{
	uint32_t bits = packet_get_u32(p);
	float value;

	memcpy(&value, &bits, sizeof(value));
	add(sink, "%g", (double)value);
}

static void add_field(struct sink *sink, const struct layout_field *field,
		      const uint8_t *packet, bool secret)
{
	const uint8_t *p = packet + field->offset;

	add(sink, " %s=", field->name);
	if (secret)
		add(sink, "***");
	else if (field->type == LAYOUT_STRING)
		add_string(sink, p);
	else if (field->type == LAYOUT_BYTES)
		add_bytes(sink, p, field->width);
	else if (field->type == LAYOUT_FLOAT)
		add_float(sink, p);
	else
		add(sink, "%lld", (long long)layout_field_get(field, packet));
}

size_t layout_describe(char *out, size_t size, const struct dialect *dialect,
		       enum packet_direction direction, const uint8_t *packet)
{
	struct sink sink = {out, size, 0};
	struct layout_field field;
	struct layout_iter iter;
	uint8_t opcode = packet[0];

	if (packet_info(NULL, direction, opcode) != NULL)
		add(&sink, "%s", packet_name(NULL, direction, opcode));
	else
		add(&sink, "0x%02x", opcode);
	layout_begin(&iter, dialect, direction, opcode);
	while (layout_next(&iter, &field)) {
		bool secret = opcode == OP_IDENTIFICATION && strcmp(field.name, "Key") == 0;
		add_field(&sink, &field, packet, secret);
	}
	return sink.length;
}
