/* SPDX-License-Identifier: MIT */
/*
 * Tests of layout.c, and of the readers and writers of packet.c against it: the fields of every
 * packet of the protocol reference, every opcode under every combination of options,
 * descriptions, conversions from one dialect to another.
 *
 * The one idea: three descriptions of the wire that were written apart must agree everywhere:
 * the fields of layout.c, the sizes and code of packet.c, the data of vectors.h.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../layout.h"
#include "../packet.h"
#include "fields.h"
#include "samples.h"
#include "suite.h"
#include "vectors.h"

/* Takes NAME=VALUE off a vector's fields; the value keeps its quotes. False at the end. */
static bool next_value(const char **at, char *name, char *value, size_t size)
{
	const char *p = *at + strspn(*at, " ");
	size_t n = strcspn(p, "=");

	if (*p == '\0')
		return false;
	snprintf(name, size, "%.*s", (int)n, p);
	p += n + 1;
	n = *p == '"' ? strcspn(p + 1, "\"") + 2 : strcspn(p, " ");
	snprintf(value, size, "%.*s", (int)n, p);
	*at = p + n;
	return true;
}

static bool is_text(const uint8_t *field, const char *quoted)
{
	char text[PACKET_STRING_LEN + 1];
	char wanted[PACKET_STRING_LEN + 1];
	size_t n = 0;

	for (const char *p = quoted + 1; *p != '"'; p++) {
		bool newline = p[0] == '\\' && p[1] == 'n';
		wanted[n++] = newline ? '\n' : *p;
		p += newline ? 1 : 0;
	}
	wanted[n] = '\0';
	return packet_get_string(text, field) == n && strcmp(text, wanted) == 0;
}

static bool is_bytes(const uint8_t *field, size_t width, const char *hex)
{
	uint8_t wanted[1024] = {0};

	expand(wanted, sizeof(wanted), hex + strlen("hex:"));
	return memcmp(field, wanted, width) == 0;
}

static bool is_float(const uint8_t *field, const char *value)
{
	float wanted = strtof(value, NULL);
	uint32_t bits;

	memcpy(&bits, &wanted, sizeof(bits));
	return packet_get_u32(field) == bits;
}

static bool is_value(const struct sample *s, const struct layout_field *field,
		     const char *value)
{
	const uint8_t *at = s->bytes + field->offset;

	switch (field->type) {
	case LAYOUT_STRING:
		return value[0] == '"' && is_text(at, value);
	case LAYOUT_BYTES:
		return strncmp(value, "hex:", 4) == 0 && is_bytes(at, field->width, value);
	case LAYOUT_FLOAT:
		return is_float(at, value);
	default:
		return layout_field_get(field, s->bytes) == strtoll(value, NULL, 10);
	}
}

static void check_fields(const struct vector *vector)
{
	struct sample s;
	struct layout_field field;
	char name[2100];
	char value[2100];

	load(&s, vector);
	const char *at = s.vector->fields;
	while (next_value(&at, name, value, sizeof(value))) {
		ck_assert_msg(field_find(&field, &s.dialect, s.direction, s.bytes[0], name),
			      "%s: no field %s", s.vector->name, name);
		ck_assert_msg(is_value(&s, &field, value), "%s: %s is not %s", s.vector->name,
			      name, value);
	}
}

START_TEST(vectors_have_their_fields)
{
	for (size_t i = 0; i < COUNT(vectors); i++)
		check_fields(&vectors[i]);
}
END_TEST

/* ---- readers and writers ---- */

/* An integer field of a sample, which must be there. */
static int64_t number(const struct sample *s, const char *name)
{
	return field_number(&s->dialect, s->direction, s->bytes, name);
}

/* A text field of a sample. The next call but three reuses the memory. */
static const char *text(const struct sample *s, const char *name)
{
	static char texts[4][PACKET_STRING_LEN + 1];
	static unsigned next;
	struct layout_field field;

	ck_assert_msg(field_find(&field, &s->dialect, s->direction, s->bytes[0], name),
		      "no field %s", name);
	char *out = texts[next++ % COUNT(texts)];
	packet_get_string(out, s->bytes + field.offset);
	return out;
}

static size_t rewrite_server_identification(uint8_t *out, const struct sample *s)
{
	struct packet_identification in;

	packet_read_identification(&in, s->bytes, s->size);
	ck_assert_uint_eq(in.protocol, s->dialect.protocol);
	return packet_write_server_identification(out, &s->dialect, in.name, in.text, in.last);
}

static size_t rewrite_player_identification(uint8_t *out, const struct sample *s)
{
	struct packet_identification in;
	struct dialect d;

	packet_read_identification(&in, s->bytes, s->size);
	dialect_init(&d, &catalog, in.protocol, in.last == PACKET_CPE_MAGIC);
	return packet_write_player_identification(out, &d, in.name, in.text);
}

static size_t rewrite_ping(uint8_t *out, const struct sample *s)
{
	(void)s;
	return packet_write_ping(out);
}

static size_t rewrite_level_initialize(uint8_t *out, const struct sample *s)
{
	bool has_volume = dialect_has(&s->dialect, EXT_FAST_MAP);

	return packet_write_level_initialize(out, &s->dialect,
					     has_volume ? (uint32_t)number(s, "Volume") : 0);
}

static size_t rewrite_level_chunk(uint8_t *out, const struct sample *s)
{
	return packet_write_level_chunk(out, s->bytes + 3, (size_t)number(s, "Length"),
					(uint8_t)number(s, "Percent"));
}

static size_t rewrite_level_finalize(uint8_t *out, const struct sample *s)
{
	return packet_write_level_finalize(out, (uint16_t)number(s, "XSize"),
					   (uint16_t)number(s, "YSize"),
					   (uint16_t)number(s, "ZSize"));
}

static size_t rewrite_set_block(uint8_t *out, const struct sample *s)
{
	return packet_write_set_block(out, &s->dialect, (uint16_t)number(s, "X"),
				      (uint16_t)number(s, "Y"), (uint16_t)number(s, "Z"),
				      (uint16_t)number(s, "Block"));
}

static size_t rewrite_spawn(uint8_t *out, const struct sample *s)
{
	struct packet_position at = field_position(&s->dialect, s->bytes);

	return packet_write_spawn(out, &s->dialect, (uint8_t)number(s, "EntityID"),
				  text(s, "Name"), &at);
}

static size_t rewrite_teleport(uint8_t *out, const struct sample *s)
{
	struct packet_position at = field_position(&s->dialect, s->bytes);

	return packet_write_teleport(out, &s->dialect, (uint8_t)number(s, "EntityID"), &at);
}

static size_t rewrite_despawn(uint8_t *out, const struct sample *s)
{
	return packet_write_despawn(out, (uint8_t)number(s, "EntityID"));
}

static size_t rewrite_message(uint8_t *out, const struct sample *s)
{
	return packet_write_message(out, (uint8_t)number(s, "Type"), text(s, "Text"));
}

static size_t rewrite_disconnect(uint8_t *out, const struct sample *s)
{
	return packet_write_disconnect(out, text(s, "Reason"));
}

static size_t rewrite_ext_info(uint8_t *out, const struct sample *s)
{
	return packet_write_ext_info(out, text(s, "AppName"), (uint16_t)number(s, "Count"));
}

static size_t rewrite_ext_entry(uint8_t *out, const struct sample *s)
{
	struct packet_ext_entry entry;

	packet_read_ext_entry(&entry, s->bytes);
	return packet_write_ext_entry(out, entry.name, entry.version);
}

static size_t rewrite_custom_block_level(uint8_t *out, const struct sample *s)
{
	return packet_write_custom_block_level(out, (uint8_t)number(s, "Level"));
}

static size_t rewrite_two_way_ping(uint8_t *out, const struct sample *s)
{
	return packet_write_two_way_ping(out, (uint8_t)number(s, "Direction"),
					 (uint16_t)number(s, "Data"));
}

/* clang-format off */
static const struct {
	unsigned opcode;
	unsigned direction;
	size_t (*write)(uint8_t *out, const struct sample *sample);
	unsigned vectors; /* how many there are */
} rewriters[] = {
	{OP_IDENTIFICATION, PACKET_TO_CLIENT, rewrite_server_identification, 2},
	{OP_IDENTIFICATION, PACKET_TO_SERVER, rewrite_player_identification, 3},
	{OP_PING, PACKET_TO_CLIENT, rewrite_ping, 1},
	{OP_PING, PACKET_TO_SERVER, rewrite_ping, 1},
	{OP_LEVEL_INITIALIZE, PACKET_TO_CLIENT, rewrite_level_initialize, 2},
	{OP_LEVEL_DATA_CHUNK, PACKET_TO_CLIENT, rewrite_level_chunk, 4},
	{OP_LEVEL_FINALIZE, PACKET_TO_CLIENT, rewrite_level_finalize, 1},
	{OP_SET_BLOCK, PACKET_TO_CLIENT, rewrite_set_block, 2},
	{OP_SPAWN_PLAYER, PACKET_TO_CLIENT, rewrite_spawn, 2},
	{OP_POSITION, PACKET_TO_CLIENT, rewrite_teleport, 2},
	{OP_DESPAWN, PACKET_TO_CLIENT, rewrite_despawn, 1},
	{OP_MESSAGE, PACKET_TO_CLIENT, rewrite_message, 3},
	{OP_MESSAGE, PACKET_TO_SERVER, rewrite_message, 3},
	{OP_DISCONNECT, PACKET_TO_CLIENT, rewrite_disconnect, 1},
	{OP_EXT_INFO, PACKET_TO_CLIENT, rewrite_ext_info, 1},
	{OP_EXT_INFO, PACKET_TO_SERVER, rewrite_ext_info, 1},
	{OP_EXT_ENTRY, PACKET_TO_CLIENT, rewrite_ext_entry, 1},
	{OP_EXT_ENTRY, PACKET_TO_SERVER, rewrite_ext_entry, 1},
	{OP_CUSTOM_BLOCK_LEVEL, PACKET_TO_CLIENT, rewrite_custom_block_level, 1},
	{OP_CUSTOM_BLOCK_LEVEL, PACKET_TO_SERVER, rewrite_custom_block_level, 1},
	{OP_TWO_WAY_PING, PACKET_TO_CLIENT, rewrite_two_way_ping, 1},
	{OP_TWO_WAY_PING, PACKET_TO_SERVER, rewrite_two_way_ping, 2},
};
/* clang-format on */

START_TEST(writers_write_what_was_read)
{
	unsigned seen = 0;
	struct sample s;

	for (size_t i = 0; i < COUNT(vectors); i++) {
		uint8_t out[PACKET_SIZE_MAX];
		if (vectors[i].opcode != rewriters[_i].opcode ||
		    vectors[i].direction != rewriters[_i].direction)
			continue;
		load(&s, &vectors[i]);
		memset(out, 0xaa, sizeof(out));
		size_t n = rewriters[_i].write(out, &s);
		ck_assert_msg(n == s.size, "%s: wrote %zu bytes", s.vector->name, n);
		ck_assert_msg(memcmp(out, s.bytes, n) == 0, "%s: wrote other bytes",
			      s.vector->name);
		seen++;
	}
	ck_assert_uint_eq(seen, rewriters[_i].vectors);
}
END_TEST

static void check_position(const struct sample *s, const struct packet_position *at)
{
	ck_assert_int_eq(at->x, number(s, "X"));
	ck_assert_int_eq(at->y, number(s, "Y"));
	ck_assert_int_eq(at->z, number(s, "Z"));
	ck_assert_int_eq(at->yaw, number(s, "Yaw"));
	ck_assert_int_eq(at->pitch, number(s, "Pitch"));
}

/* The readers without a writer, for whichever vectors are theirs. */
static void check_readers(const struct vector *vector)
{
	struct packet_position at;
	struct packet_set_block set;
	struct sample s;
	uint16_t held;

	load(&s, vector);
	if (s.direction == PACKET_TO_SERVER && s.bytes[0] == OP_POSITION) {
		packet_read_client_position(&at, &held, &s.dialect, s.bytes);
		check_position(&s, &at);
		ck_assert_int_eq(held, number(&s, "HeldOrID"));
	} else if (s.bytes[0] == OP_SET_BLOCK_CLIENT) {
		packet_read_set_block(&set, &s.dialect, s.bytes);
		ck_assert_int_eq(set.x, number(&s, "X"));
		ck_assert_int_eq(set.y, number(&s, "Y"));
		ck_assert_int_eq(set.z, number(&s, "Z"));
		ck_assert_int_eq(set.mode, number(&s, "Mode"));
		ck_assert_int_eq(set.block, number(&s, "Block"));
	}
}

START_TEST(readers_read_what_the_layout_says)
{
	for (size_t i = 0; i < COUNT(vectors); i++)
		check_readers(&vectors[i]);
}
END_TEST

/* ---- sizes ---- */

/* Opcode and fields, as layout.c has them; 0 for what is no packet. */
static size_t layout_size(const struct dialect *d, enum packet_direction direction,
			  unsigned opcode)
{
	struct layout_field field;
	struct layout_iter iter;
	size_t sum = 1;

	layout_begin(&iter, d, direction, (uint8_t)opcode);
	while (layout_next(&iter, &field)) {
		ck_assert_uint_eq(field.offset, sum);
		ck_assert_uint_ge(field.width, 1);
		sum += field.width;
	}
	return dialect_size(d, direction, (uint8_t)opcode) == 0 && sum == 1 ? 0 : sum;
}

static void check_sums(const struct dialect *d)
{
	for (unsigned i = 0; i < PACKET_DIRECTIONS * PACKET_OPCODES; i++) {
		enum packet_direction direction = (enum packet_direction)(i / PACKET_OPCODES);
		unsigned op = i % PACKET_OPCODES;
		size_t wanted = dialect_size(d, direction, (uint8_t)op);
		size_t sum = layout_size(d, direction, op);
		ck_assert_msg(sum == wanted, "0x%02x: fields of %zu, not %zu", op, sum, wanted);
	}
}

static bool add_custom(unsigned opcode, unsigned size, enum packet_direction direction)
{
	char why[256];

	return packet_catalog_add(&catalog, opcode, "Fireworks", size, direction, "Party", 1,
				  why, sizeof(why));
}

START_TEST(fields_fill_their_packets)
{
	struct dialect d;

	ck_assert(add_custom(0x50, 9, PACKET_TO_CLIENT));
	ck_assert(add_custom(0x50, 1, PACKET_TO_SERVER));
	ck_assert(add_custom(0xff, PACKET_SIZE_MAX, PACKET_TO_CLIENT));
	for (unsigned mask = 0; mask < VECTOR_OPTIONS; mask++) {
		dialect_with(&d, mask);
		check_sums(&d);
	}
	for (uint8_t protocol = PACKET_PROTOCOL_MIN; protocol <= PACKET_PROTOCOL; protocol++) {
		dialect_init(&d, &catalog, protocol, false);
		check_sums(&d);
		dialect_init(&d, &catalog, protocol, true);
		check_sums(&d);
	}
}
END_TEST

/* ---- fields ---- */

/* The words of the reference for the types. */
/* clang-format off */
static const char *const type_words[] = {
	[LAYOUT_U8] = "byte", [LAYOUT_S8] = "sbyte", [LAYOUT_U16] = "ushort", [LAYOUT_S16] = "short",
	[LAYOUT_S32] = "int", [LAYOUT_COORD] = "coord", [LAYOUT_BLOCK] = "block",
	[LAYOUT_TEXTURE] = "texture", [LAYOUT_FLOAT] = "float", [LAYOUT_STRING] = "string",
	[LAYOUT_BYTES] = "bytes[",
};
/* clang-format on */

/* All fields that the layout has here stand in the reference in the same order, with the same
 * type. */
static void check_reference(const struct dialect *d, const struct vector_layout *reference)
{
	const char *at = reference->fields;
	struct layout_field field;
	struct layout_iter iter;

	layout_begin(&iter, d, (enum packet_direction)reference->direction, reference->opcode);
	while (layout_next(&iter, &field)) {
		char wanted[64];
		int n = snprintf(wanted, sizeof(wanted), "%s %s", field.name,
				 type_words[field.type]);
		if (field.type == LAYOUT_BYTES)
			n += snprintf(wanted + n, sizeof(wanted) - (size_t)n, "%zu]",
				      field.width);
		const char *found = strstr(at, wanted);
		ck_assert_msg(found != NULL &&
				      (found == reference->fields || found[-1] == ' ') &&
				      strchr(" ", found[n]) != NULL,
			      "0x%02x: no \"%s\" in \"%s\"", reference->opcode, wanted, at);
		at = found + n;
	}
}

START_TEST(fields_are_those_of_the_reference)
{
	struct dialect d;

	for (unsigned mask = 0; mask < VECTOR_OPTIONS; mask++) {
		dialect_with(&d, mask);
		for (size_t i = 0; i < COUNT(vector_layouts); i++)
			check_reference(&d, &vector_layouts[i]);
	}
}
END_TEST

/* clang-format off */
static const struct {
	uint8_t direction;
	const char *hex;
	const char *text;
} descriptions[] = {
	{PACKET_TO_CLIENT, "06 0001 0002 0003 31", "SetBlock X=1 Y=2 Z=3 Block=49"},
	{PACKET_TO_CLIENT, "01", "Ping"},
	{PACKET_TO_CLIENT, "0a 05 7f 80 00", "Move EntityID=5 dX=127 dY=-128 dZ=0"},
	{PACKET_TO_CLIENT, "0d 00 22 5c 0a e1 7f 7e 20 61 20*56",
	 "Message Type=0 Text=\"\\x22\\x5c\\x0a\\xe1\\x7f~ a\""},
	{PACKET_TO_SERVER, "00 07 426f62 20*61 736563726574 20*58 42",
	 "Identification ProtocolVersion=7 Username=\"Bob\" Key=*** Padding=66"},
	{PACKET_TO_CLIENT, "35 c8 0102 00*62", "PluginMessage Channel=200 Data=hex:0102"},
	{PACKET_TO_CLIENT, "35 00 00*64", "PluginMessage Channel=0 Data=hex:"},
	{PACKET_TO_CLIENT, "35 c8 ab*16 00*48",
	 "PluginMessage Channel=200 Data=hex:abababababababababababababababab"},
	{PACKET_TO_CLIENT, "35 c8 ab*64",
	 "PluginMessage Channel=200 Data=hex:abababababababababababababababab...64"},
	{PACKET_TO_CLIENT, "33 02 3fc00000 bf000000 00*94 04 01000000 80",
	 "DefineModelPart ID=2 MinX=1.5 MinY=-0.5 MinZ=0 "},
	{PACKET_TO_CLIENT, "50 01 02", "0x50 Data=hex:0102"},
	{PACKET_TO_CLIENT, "77", "0x77"},
	{PACKET_TO_SERVER, "06", "0x06"},
};
/* clang-format on */

START_TEST(packets_are_described)
{
	uint8_t bytes[PACKET_SIZE_MAX] = {0};
	char out[1024];
	char cut[8];
	struct dialect d;

	ck_assert(add_custom(0x50, 3, PACKET_TO_CLIENT));
	dialect_with(&d, 0);
	expand(bytes, sizeof(bytes), descriptions[_i].hex);
	enum packet_direction direction = (enum packet_direction)descriptions[_i].direction;
	size_t n = layout_describe(out, sizeof(out), &d, direction, bytes);
	ck_assert_uint_eq(n, strlen(out));
	bool is_start = descriptions[_i].text[strlen(descriptions[_i].text) - 1] == ' ';
	if (is_start)
		out[strlen(descriptions[_i].text)] = '\0';
	ck_assert_str_eq(out, descriptions[_i].text);
	n = layout_describe(cut, sizeof(cut), &d, direction, bytes);
	ck_assert_uint_eq(n, strlen(cut));
	ck_assert_uint_le(n, 7);
	ck_assert_int_eq(strncmp(cut, out, n), 0);
	ck_assert_uint_eq(layout_describe(cut, 1, &d, direction, bytes), 0);
	ck_assert_str_eq(cut, "");
}
END_TEST

/* ---- conversions ---- */

/* clang-format off */
static const struct conversion {
	const char *what;
	uint8_t direction;
	unsigned from, to; /* VECTOR_ options */
	const char *in, *out;
} conversions[] = {
	{"signs go along", PACKET_TO_CLIENT, 0, VECTOR_EP,
	 "08 05 8000 ffff 7fff 40 80", "08 05 ffff8000 ffffffff 00007fff 40 80"},
	{"what fits stays", PACKET_TO_CLIENT, VECTOR_EP, 0,
	 "08 05 ffff8000 ffffffff 00007fff 40 80", "08 05 8000 ffff 7fff 40 80"},
	{"the nearest of what does not", PACKET_TO_CLIENT, VECTOR_EP, 0,
	 "08 05 ffff7fff 00008000 00010000 40 80", "08 05 8000 7fff 7fff 40 80"},
	{"the farthest", PACKET_TO_CLIENT, VECTOR_EP, 0,
	 "08 05 80000000 7fffffff fffeffff 40 80", "08 05 8000 7fff 8000 40 80"},
	{"no sign where there is none", PACKET_TO_CLIENT, 0, VECTOR_EB, "2c 80 ff", "2c 0080 00ff"},
	{"large ids", PACKET_TO_CLIENT, VECTOR_EB, 0, "2c 00ff 0100", "2c ff ff"},
	{"the largest id", PACKET_TO_CLIENT, VECTOR_EB, 0, "2c ffff 8000", "2c ff ff"},
	{"to the server", PACKET_TO_SERVER, VECTOR_EB | VECTOR_EP, VECTOR_EP,
	 "08 0100 ffff7fff 00008000 00000001 40 80", "08 ff ffff7fff 00008000 00000001 40 80"},
	{"to the server, both", PACKET_TO_SERVER, VECTOR_EB | VECTOR_EP, 0,
	 "08 0031 ffff7fff 00008000 00000001 40 80", "08 31 8000 7fff 0001 40 80"},
	{"a new number", PACKET_TO_CLIENT, 0, VECTOR_FM, "02", "02 00000000"},
	{"no number", PACKET_TO_CLIENT, VECTOR_FM, 0, "02 00000008", "02"},
	{"new numbers", PACKET_TO_CLIENT, 0, VECTOR_MA2,
	 "1e 61 20*63 07 08 fffe", "1e 61 20*63 07 08 fffe 0000 0000"},
	{"a new text", PACKET_TO_CLIENT, 0, VECTOR_MS2, "28 61*64", "28 61*64 20*64"},
	{"no text", PACKET_TO_CLIENT, VECTOR_MS2, 0, "28 61*64 62*64", "28 61*64"},
	{"new bytes", PACKET_TO_CLIENT, 0, VECTOR_EB,
	 "26 ff 01*1024 ff*256", "26 ff 01*1024 ff*256 00*64"},
	{"no bytes", PACKET_TO_CLIENT, VECTOR_EB, 0,
	 "26 ff 01*1024 ff*256 03*64", "26 ff 01*1024 ff*256"},
	{"unused bytes", PACKET_TO_CLIENT, 0, VECTOR_ET,
	 "25 42 61*64 02 80 01 ff 03 06*14", "25 42 61*64 02 80 0001 00ff 0003 06*14 00*3"},
	{"no unused bytes", PACKET_TO_CLIENT, VECTOR_ET, 0,
	 "25 42 61*64 02 80 0001 01ff 0003 06*14 07*3", "25 42 61*64 02 80 01 ff 03 06*14"},
	{"fields of two versions", PACKET_TO_CLIENT, VECTOR_ET, VECTOR_BD2 | VECTOR_EB | VECTOR_ET,
	 "25 42 61*64 02 80 0001 0002 0003 06*14 07*3",
	 "25 0042 61*64 02 80 0001 00*8 0003 06*14"},
	{"and back", PACKET_TO_CLIENT, VECTOR_BD2, VECTOR_ET,
	 "25 42 61*64 02 80 01 02 03 04 05 06 07*14", "25 42 61*64 02 80 0001 0000 0006 07*14 00*3"},
	{"fields in the middle", PACKET_TO_CLIENT, 0, VECTOR_CM2,
	 "33 00 7f*96 01 02*4 03", "33 00 7f*96 00*68 03"},
	{"none in the middle", PACKET_TO_CLIENT, VECTOR_CM2, 0,
	 "33 00 7f*96 01*68 03", "33 00 7f*96 00*5 03"},
	{"bytes with a sign", PACKET_TO_CLIENT, 0, VECTOR_EP, "09 05 80 7f ff 80 ff", "09 05 80 7f ff 80 ff"},
	{"a custom packet", PACKET_TO_CLIENT, 0, VECTOR_EP, "50 01 ff", "50 01 ff"},
	{"nothing to carry", PACKET_TO_CLIENT, 0, VECTOR_EP, "01", "01"},
};
/* clang-format on */

/* Every byte of the result is written, and none behind it. */
static void check_conversion(const struct conversion *row, uint8_t filler)
{
	uint8_t in[PACKET_SIZE_MAX], wanted[PACKET_SIZE_MAX], out[PACKET_SIZE_MAX + 1];
	struct dialect from, to;

	dialect_with(&from, row->from);
	dialect_with(&to, row->to);
	size_t n_in = expand(in, sizeof(in), row->in);
	size_t n = expand(wanted, sizeof(wanted), row->out);
	ck_assert_uint_eq(n_in, dialect_size(&from, row->direction, in[0]));
	memset(out, filler, sizeof(out));
	ck_assert_uint_eq(layout_convert(out, &to, &from, row->direction, in), n);
	ck_assert_msg(memcmp(out, wanted, n) == 0, "%s: other bytes", row->what);
	for (size_t i = n; i < sizeof(out); i++)
		ck_assert_uint_eq(out[i], filler);
}

START_TEST(fields_are_converted)
{
	ck_assert(add_custom(0x50, 3, PACKET_TO_CLIENT));
	check_conversion(&conversions[_i], 0xaa);
	check_conversion(&conversions[_i], 0x55);
}
END_TEST

/* A packet that one of the two lacks. */
START_TEST(what_is_no_packet_is_not_converted)
{
	uint8_t in[PACKET_SIZE_MAX] = {OP_HOTBAR}, out[PACKET_SIZE_MAX] = {0xaa};
	struct dialect full, classic;

	dialect_with(&full, 0);
	dialect_init(&classic, &catalog, PACKET_PROTOCOL, false);
	ck_assert_uint_eq(layout_convert(out, &classic, &full, PACKET_TO_CLIENT, in), 0);
	ck_assert_uint_eq(layout_convert(out, &full, &classic, PACKET_TO_CLIENT, in), 0);
	ck_assert_uint_eq(layout_convert(out, &full, &full, PACKET_TO_SERVER, in), 0);
	in[0] = 0x77;
	ck_assert_uint_eq(layout_convert(out, &full, &full, PACKET_TO_CLIENT, in), 0);
	ck_assert_uint_eq(out[0], 0xaa);
}
END_TEST

/* In all wider dialects a packet keeps what it says: there and back again it is the same. */
static void check_there_and_back(const struct sample *s, unsigned mask)
{
	uint8_t there[PACKET_SIZE_MAX], back[PACKET_SIZE_MAX];
	struct dialect wide;

	dialect_with(&wide, mask);
	size_t n = layout_convert(there, &wide, &s->dialect, s->direction, s->bytes);
	ck_assert_uint_eq(n, dialect_size(&wide, s->direction, s->bytes[0]));
	n = layout_convert(back, &s->dialect, &wide, s->direction, there);
	ck_assert_uint_eq(n, s->size);
	ck_assert_msg(memcmp(back, s->bytes, n) == 0, "%s: not the same, options 0x%02x",
		      s->vector->name, mask);
}

START_TEST(vectors_survive_wider_dialects)
{
	struct sample s;

	for (size_t i = 0; i < COUNT(vectors); i++) {
		/* The texture of the sides has no place in version 2. */
		unsigned fixed = vectors[i].opcode == OP_DEFINE_BLOCK_EXT ? VECTOR_BD2 : 0;
		if (vectors[i].protocol != PACKET_PROTOCOL)
			continue;
		load(&s, &vectors[i]);
		for (unsigned mask = 0; mask < VECTOR_OPTIONS; mask++)
			if ((mask & vectors[i].options) == vectors[i].options &&
			    ((mask ^ vectors[i].options) & fixed) == 0)
				check_there_and_back(&s, mask);
	}
}
END_TEST

/* The places and widths of a packet's fields, as text. */
static void signature(char *out, size_t size, const struct dialect *d,
		      enum packet_direction direction, uint8_t opcode)
{
	struct layout_field field;
	struct layout_iter iter;
	size_t n = 0;

	out[0] = '\0';
	layout_begin(&iter, d, direction, opcode);
	while (layout_next(&iter, &field) && n < size)
		n += (size_t)snprintf(out + n, size - n, "%s:%zu+%zu ", field.name,
				      field.offset, field.width);
	if (n >= size)
		ck_abort_msg("0x%02x has too many fields", opcode);
}

/* Compares each dialect's layout of a packet with that of the first one with its size. */
static void check_layouts(const struct dialect *dialects, enum packet_direction direction,
			  uint8_t opcode)
{
	for (unsigned mask = 0; mask < VECTOR_OPTIONS; mask++) {
		size_t size = dialect_size(&dialects[mask], direction, opcode);
		char here[2048], there[2048];
		unsigned first = 0;
		while (dialect_size(&dialects[first], direction, opcode) != size)
			first++;
		signature(here, sizeof(here), &dialects[mask], direction, opcode);
		signature(there, sizeof(there), &dialects[first], direction, opcode);
		if (strcmp(here, there) != 0)
			ck_abort_msg("0x%02x: %s, but also %s", opcode, here, there);
	}
}

/* So a packet that keeps its size keeps its fields. */
START_TEST(equal_sizes_are_equal_layouts)
{
	static struct dialect dialects[VECTOR_OPTIONS];

	for (unsigned mask = 0; mask < VECTOR_OPTIONS; mask++)
		dialect_with(&dialects[mask], mask);
	for (unsigned opcode = 0; opcode < OP_STANDARD_COUNT; opcode++) {
		check_layouts(dialects, PACKET_TO_CLIENT, (uint8_t)opcode);
		check_layouts(dialects, PACKET_TO_SERVER, (uint8_t)opcode);
	}
}
END_TEST

static TCase *add_case(Suite *suite, const char *name)
{
	TCase *tcase = tcase_create(name);

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_set_timeout(tcase, 60);
	suite_add_tcase(suite, tcase);
	return tcase;
}

int main(void)
{
	Suite *suite = suite_create("layout");
	TCase *tcase = add_case(suite, "vectors");

	tcase_add_test(tcase, vectors_have_their_fields);
	tcase = add_case(suite, "readers and writers");
	tcase_add_test(tcase, readers_read_what_the_layout_says);
	tcase_add_loop_test(tcase, writers_write_what_was_read, 0, COUNT(rewriters));
	tcase = add_case(suite, "fields");
	tcase_add_test(tcase, fields_fill_their_packets);
	tcase_add_test(tcase, fields_are_those_of_the_reference);
	tcase_add_loop_test(tcase, packets_are_described, 0, COUNT(descriptions));
	tcase = add_case(suite, "conversions");
	tcase_add_loop_test(tcase, fields_are_converted, 0, COUNT(conversions));
	tcase_add_test(tcase, what_is_no_packet_is_not_converted);
	tcase_add_test(tcase, vectors_survive_wider_dialects);
	tcase_add_test(tcase, equal_sizes_are_equal_layouts);
	return suite_main(suite);
}
