/* SPDX-License-Identifier: MIT */
/*
 * The footprint: a row for each state that a server can leave behind, with the exact bytes that
 * undo it, and a model of a client that random servers change and the undo packets must bring
 * back. The one idea: the model knows what packets mean, not how they are undone.
 */
#include <check.h>
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "footprint.h"
#include "suite.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NAME         "Alice"
#define STREAM_ROOM  65536

struct stream {
	size_t size;
	size_t calls;
	uint8_t bytes[STREAM_ROOM];
};

struct extension {
	unsigned number;
	uint8_t version;
};

/* BYTE*COUNT repeats a byte, 'text is a field of 64. */
struct row {
	const char *what;
	struct extension extensions[3]; /* up to version 0; EXT_CLASSIC: without CPE */
	const char *noted;
	const char *undone;
};

#define SELF_ENTRY "16 00ff 'Alice 'Alice 20*64 00"
#define EMPTY      "20*64 "
#define MODEL      "00*50"
#define DEFINITION "00*14"

/* clang-format off */
static const struct row rows[] = {
	{ "entities", { { EXT_CLASSIC, 0 } },
		"07 05 'Bob 00*8 07 00 'Eve 00*8 07 ff 'Alice 00*8", "0c 00 0c 05" },
	{ "entities gone by themselves", { { EXT_CLASSIC, 0 } },
		"07 05 'Bob 00*8 07 06 'Eve 00*8 0c 05", "0c 06" },
	{ "entities with CPE", { { EXT_CPE, 0 } }, "07 05 'Bob 00*8", "" },

	{ "tab entries", { { EXT_PLAYER_LIST, 2 } },
		"16 0005 'Bob 'Bob 'Guests 00 16 0007 'Eve 'Eve 20*64 00 "
		"16 0005 'Bob '&aBob 20*64 00",
		"18 0005 18 0007" },
	{ "tab entry removed", { { EXT_PLAYER_LIST, 1 } },
		"16 0005 'Bob 'Bob 'Guests 00 16 0007 'Eve 'Eve 20*64 00 18 0005", "18 0007" },
	{ "own tab entry", { { EXT_PLAYER_LIST, 2 } },
		"16 00ff 'Alice '&cAlice 'Admins 03", SELF_ENTRY },
	{ "own tab entry of a spawn", { { EXT_PLAYER_LIST, 2 } },
	  "07 ff 20*64 0000 0000 0000 00 00", SELF_ENTRY },
	{ "own tab entry removed", { { EXT_PLAYER_LIST, 2 } }, "18 00ff", SELF_ENTRY },
	{ "all of the tab list", { { EXT_PLAYER_LIST, 2 } },
		"16 00ff 'Alice '&cAlice 'Admins 03 16 00fe 'Eve 'Eve 20*64 00",
		"18 00fe " SELF_ENTRY },

	{ "definitions", { { EXT_BLOCK_DEFINITIONS, 1 } },
		"23 42 'Lamp " DEFINITION " 23 07 'Soft " DEFINITION
		" 23 43 'Post " DEFINITION " 24 43", "24 07 24 42" },
	{ "extended definitions",
		{ { EXT_BLOCK_DEFINITIONS, 1 }, { EXT_BLOCK_DEFINITIONS_EXT, 1 } },
		"25 42 'Lamp 00*19 25 ff 'Post 00*19", "24 42 24 ff" },
	{ "wide definitions",
		{ { EXT_BLOCK_DEFINITIONS, 1 }, { EXT_EXTENDED_BLOCKS, 1 }, { EXT_EXTENDED_TEXTURES, 1 } },
		"23 02ff 'Lamp 00*17 23 012c 'Post 00*17 24 012c 23 0342 'Slab 00*17",
		"24 0042 24 02ff" },

	{ "permissions", { { EXT_BLOCK_PERMISSIONS, 1 } },
		"1c 07 01 01 1c 00 01 01 1c 08 01 01 1c 0b 00 01 1c 01 00 00 1c 42 00 01",
		"1c 00 00 01 1c 01 01 01 1c 07 00 00 1c 08 00 00 1c 0b 00 00 1c 42 01 01" },
	{ "permissions at their defaults", { { EXT_BLOCK_PERMISSIONS, 1 } },
		"1c 07 01 01 1c 07 00 00 1c 00 00 01 1c 02 00 00 1c 02 05 01 1c 0c 01 01 "
		"1c 0a 00 00 1c 06 01 01", "" },
	{ "wide permissions", { { EXT_BLOCK_PERMISSIONS, 1 }, { EXT_EXTENDED_BLOCKS, 1 } },
		"1c 012c 00 01", "1c 012c 01 01" },

	{ "hotbar", { { EXT_SET_HOTBAR, 1 } }, "2d 01 08 2d 01 02",
		"2d 2d 02 2d 2c 08" },
	{ "wide hotbar", { { EXT_SET_HOTBAR, 1 }, { EXT_EXTENDED_BLOCKS, 1 } }, "2d 012c 00",
		"2d 0001 00" },
	{ "hotbar slot that is none", { { EXT_SET_HOTBAR, 1 } }, "2d 2c 09", "" },

	{ "held block", { { EXT_HELD_BLOCK, 1 } }, "14 05 01 14 06 01", "14 06 00" },
	{ "held block unlocked", { { EXT_HELD_BLOCK, 1 } }, "14 05 01 14 06 00", "" },
	{ "custom block unlocked", { { EXT_HELD_BLOCK, 1 } }, "14 42 00", "14 01 00" },
	{ "held custom block", { { EXT_HELD_BLOCK, 1 }, { EXT_CUSTOM_BLOCKS, 1 } },
		"14 42 01", "14 01 00" },
	{ "held block of CustomBlocks", { { EXT_HELD_BLOCK, 1 }, { EXT_CUSTOM_BLOCKS, 1 } },
		"14 41 01", "14 41 00" },
	{ "held block without CustomBlocks", { { EXT_HELD_BLOCK, 1 } },
		"14 32 01", "14 01 00" },
	{ "wide held block", { { EXT_HELD_BLOCK, 1 }, { EXT_EXTENDED_BLOCKS, 1 } },
		"14 0005 01", "14 0005 00" },

	{ "view distance", { { EXT_ENV_MAP_ASPECT, 1 } }, "29 04 00000040", "29 04 00000000" },
	{ "view distance unlimited again", { { EXT_ENV_MAP_ASPECT, 1 } },
		"29 04 00000040 29 04 ffffffff 29 09 00000005", "" },
	{ "view distance by appearance", { { EXT_ENV_MAP_APPEARANCE, 2 } },
		"1e " EMPTY "07 08 0020 0042 0040", "1e " EMPTY "07 08 0000 0000 0000" },
	{ "view distance by appearance, unlimited", { { EXT_ENV_MAP_APPEARANCE, 2 } },
		"1e " EMPTY "07 08 0020 0042 0040 1e " EMPTY "07 08 0020 0042 ffff", "" },
	{ "view distance by appearance, undone by aspect",
		{ { EXT_ENV_MAP_APPEARANCE, 2 }, { EXT_ENV_MAP_ASPECT, 2 } },
		"1e " EMPTY "07 08 0020 0042 0040", "29 04 00000000" },
	{ "texture", { { EXT_ENV_MAP_ASPECT, 1 } }, "28 'http://a/t.zip", "28 20*64" },
	{ "long texture", { { EXT_ENV_MAP_ASPECT, 2 } },
		"28 'http://a/t.zip 20*64", "28 20*128" },
	{ "long texture, second half", { { EXT_ENV_MAP_ASPECT, 2 } },
		"28 20*64 'a.zip", "28 20*128" },
	{ "texture taken back", { { EXT_ENV_MAP_ASPECT, 2 } },
		"28 'http://a/t.zip 00*64 28 20*64 00*64", "" },
	{ "texture by appearance 1", { { EXT_ENV_MAP_APPEARANCE, 1 } },
		"1e 'http://a/t.png 07 08 0020", "1e " EMPTY "07 08 0000" },
	{ "texture and view by appearance 2", { { EXT_ENV_MAP_APPEARANCE, 2 } },
		"1e 'http://a/t.png 07 08 0020 0042 0040", "1e " EMPTY "07 08 0000 0000 0000" },
	{ "texture and view, both extensions",
		{ { EXT_ENV_MAP_APPEARANCE, 2 }, { EXT_ENV_MAP_ASPECT, 1 } },
		"1e 'http://a/t.png 07 08 0020 0042 0040", "28 20*64 29 04 00000000" },
	{ "appearance that stays within the level", { { EXT_ENV_MAP_APPEARANCE, 1 } },
		"1e " EMPTY "01 02 0020", "" },

	{ "reach", { { EXT_CLICK_DISTANCE, 1 } }, "12 0140", "12 00a0" },
	{ "reach at its default", { { EXT_CLICK_DISTANCE, 1 } }, "12 0140 12 00a0", "" },
	{ "hacks", { { EXT_HACK_CONTROL, 1 } },
		"20 00 00 00 01 01 0040", "20 01 01 01 01 01 ffff" },
	{ "hacks at their default", { { EXT_HACK_CONTROL, 1 } },
		"20 00*7 20 01 01 01 01 01 ffff", "" },
	{ "lighting", { { EXT_LIGHTING_MODE, 1 } }, "37 02 01", "37 00 00" },
	{ "lighting of the user's choice", { { EXT_LIGHTING_MODE, 1 } },
		"37 02 01 37 00 00", "" },
	{ "cinematic view", { { EXT_CINEMATIC_GUI, 1 } },
		"38 00 00 01 00 00 00 ff 8000", "38 00*9" },
	{ "cinematic view over", { { EXT_CINEMATIC_GUI, 1 } },
		"38 01 01 01 00 00 00 ff 8000 38 00*9", "" },
	{ "block menu", { { EXT_TOGGLE_BLOCK_LIST, 1 } }, "3b 00", "3b 01" },
	{ "block menu closed", { { EXT_TOGGLE_BLOCK_LIST, 1 } }, "3b 00 3b 01", "" },

	{ "own model", { { EXT_CHANGE_MODEL, 1 } },
		"1d 05 'pig 1d ff 'chicken", "1d ff 'humanoid" },
	{ "own model taken back", { { EXT_CHANGE_MODEL, 1 } },
		"1d ff 'chicken 1d ff 'Humanoid 1d 05 'pig", "" },
	{ "own rotation", { { EXT_ENTITY_PROPERTY, 1 } },
		"2a ff 00 0000005a 2a ff 01 0000005a 2a ff 02 000000b4",
		"2a ff 00 00000000 2a ff 02 00000000" },
	{ "own rotation taken back", { { EXT_ENTITY_PROPERTY, 1 } },
		"2a ff 00 0000005a 2a ff 02 000000b4 2a ff 00 00000000 2a 05 00 00000001",
		"2a ff 02 00000000" },
	{ "own scale and push", { { EXT_ENTITY_PROPERTY, 2 } },
		"2a ff 03 000007d0 2a ff 04 000007d0 2a ff 05 000007d0 2a ff 06 00000000 "
		"2a ff 04 000003e8",
		"2a ff 03 000003e8 2a ff 05 000003e8 2a ff 06 000003e8" },
	{ "own scale gone with the model",
		{ { EXT_ENTITY_PROPERTY, 2 }, { EXT_CHANGE_MODEL, 1 } },
		"2a ff 03 000007d0 2a ff 06 00000000 1d ff 'humanoid 2a ff 05 00000001",
		"2a ff 05 000003e8 2a ff 06 000003e8" },

	{ "hotkeys", { { EXT_TEXT_HOTKEY, 1 } },
		"15 'Spawn '/spawn 00000019 01 15 'Home '/home 00000019 00 "
		"15 'Home '/home 000000c7 07 15 'Spawn '/s 00000019 01",
		"15 " EMPTY EMPTY "00000019 01 15 " EMPTY EMPTY "00000019 00 "
		"15 " EMPTY EMPTY "000000c7 07" },
	{ "hotkey removed", { { EXT_TEXT_HOTKEY, 1 } },
		"15 'a 'a 00000019 01 15 'b 'b 00000020 00 15 'a " EMPTY "00000019 01 "
		"15 'a " EMPTY "00000021 00",
		"15 " EMPTY EMPTY "00000020 00" },
	{ "hotkey that is no key", { { EXT_TEXT_HOTKEY, 1 } },
		"15 'a 'a 00000119 01 15 'a 'a 80000019 01", "" },

	{ "text colours", { { EXT_TEXT_COLORS, 1 } },
		"27 ff 80 00 ff 67 27 01 02 03 ff 30 27 01 02 03 ff 38 27 01 02 03 ff 65 "
		"27 00 00 00 00 43 27 01 01 01 ff 36",
		"27 00 00 00 ff 30 27 bf bf 00 ff 36 27 40 40 40 ff 38 27 ff 40 40 ff 43 "
		"27 ff ff 40 ff 65 27 00 00 00 00 67" },
	{ "text colours taken back", { { EXT_TEXT_COLORS, 1 } },
		"27 ff 80 00 ff 67 27 ff 80 00 00 67 27 01 02 03 ff 33 27 00 bf bf ff 33", "" },
	{ "text colours that are none", { { EXT_TEXT_COLORS, 1 } },
		"27 ff 80 00 ff 00 27 ff 80 00 ff 20 27 ff 80 00 ff ff 27 ff 80 00 ff 25 "
		"27 ff 80 00 ff 26", "" },

	{ "custom models", { { EXT_CUSTOM_MODELS, 1 } },
		"32 00 'cube " MODEL " 32 3f 'ball " MODEL " 32 05 'car " MODEL " 34 05 "
		"32 41 'none " MODEL, "34 00 34 3f" },
	{ "the model before its definition",
		{ { EXT_CUSTOM_MODELS, 2 }, { EXT_CHANGE_MODEL, 1 } },
		"32 00 'cube " MODEL " 1d ff 'cube", "1d ff 'humanoid 34 00" },

	{ "messages", { { EXT_MESSAGE_TYPES, 1 } },
		"0d 00 'hi 0d 01 'a 0d 02 'b 0d 03 'c 0d 0b 'd 0d 0c 'e 0d 0d 'f 0d 64 'g "
		"0d 65 'h 0d 66 'i 0d 67 'j 0d ff 'k",
		"0d 01 20*64 0d 02 20*64 0d 03 20*64 0d 0b 20*64 0d 0c 20*64 0d 0d 20*64 "
		"0d 64 20*64 0d 65 20*64 0d 66 20*64" },
	{ "messages taken back", { { EXT_MESSAGE_TYPES, 1 } },
		"0d 01 'a 0d 02 'b 0d 01 20*64 0d 02 00*64", "" },
	{ "detail line", { { EXT_MESSAGE_TYPES, 1 } }, "0d 00 '^Detail.User=x", "0d 03 20*64" },
	{ "detail line taken back", { { EXT_MESSAGE_TYPES, 1 } },
		"0d 00 '^detail.user=x 0d 01 '^detail.user=", "" },
	{ "messages without types", { { EXT_TEXT_COLORS, 1 } },
		"0d 01 'a 0d 64 'b 0d 00 '^detail.user=x", "" },

	{ "order of a custom block", { { EXT_INVENTORY_ORDER, 1 }, { EXT_CUSTOM_BLOCKS, 1 } },
		"2c 42 00", "" },
	{ "what the next level resets",
		{ { EXT_ENV_COLORS, 1 }, { EXT_ENV_WEATHER, 1 }, { EXT_SELECTION_CUBOID, 1 } },
		"19 00 0099 00cc 00ff 1f 01 1a 07 'zone 00*20 0f 64 08 ff 00*8", "" },
	{ "the menu and the hand before the definitions",
		{ { EXT_BLOCK_DEFINITIONS, 1 }, { EXT_TOGGLE_BLOCK_LIST, 1 }, { EXT_HELD_BLOCK, 1 } },
		"23 42 'Lamp " DEFINITION " 14 42 01 3b 00", "3b 01 14 01 00 24 42" },
};
/* clang-format on */

static struct packet_catalog catalog;
static struct stream noted, undone, expected;

static void put_bytes(struct stream *s, const void *bytes, size_t n)
{
	ck_assert_uint_le(s->size + n, sizeof(s->bytes));
	memcpy(s->bytes + s->size, bytes, n);
	s->size += n;
}

static const char *parse_field(struct stream *s, const char *text)
{
	char field[PACKET_STRING_LEN];
	size_t n = strcspn(text, " ");

	memset(field, ' ', sizeof(field));
	memcpy(field, text, n);
	put_bytes(s, field, sizeof(field));
	return text + n;
}

static const char *parse_byte(struct stream *s, const char *text)
{
	char digits[3] = {text[0], text[1], '\0'};
	uint8_t byte = (uint8_t)strtoul(digits, NULL, 16);
	unsigned long n = 1;
	char *end = NULL;

	ck_assert(isxdigit((unsigned char)text[0]) && isxdigit((unsigned char)text[1]));
	text += 2;
	if (*text == '*') {
		n = strtoul(text + 1, &end, 10);
		text = end;
	}
	while (n-- > 0)
		put_bytes(s, &byte, 1);
	return text;
}

static void parse(struct stream *s, const char *text)
{
	s->size = 0;
	while (*text != '\0') {
		if (*text == ' ')
			text++;
		else
			text = *text == '\'' ? parse_field(s, text + 1) : parse_byte(s, text);
	}
}

static size_t packet_size_at(const struct dialect *d, const struct stream *s, size_t at)
{
	size_t size = dialect_size(d, PACKET_TO_CLIENT, s->bytes[at]);

	ck_assert_msg(size != 0, "no packet 0x%02x at %zu", s->bytes[at], at);
	ck_assert_msg(size <= s->size - at, "packet 0x%02x is cut off", s->bytes[at]);
	return size;
}

static void note_stream(struct footprint *f, const struct dialect *d, const struct stream *s)
{
	for (size_t at = 0; at < s->size;) {
		size_t size = packet_size_at(d, s, at);
		uint8_t *packet = malloc(size); /* exactly its bytes, for the sanitizers */
		ck_assert_ptr_nonnull(packet);
		memcpy(packet, s->bytes + at, size);
		ck_assert(footprint_note(f, d, packet));
		free(packet);
		at += size;
	}
}

struct collector {
	const struct dialect *dialect;
	struct stream *stream;
};

/* Each call must consist of whole packets. */
static void collect(void *context, const uint8_t *packets, size_t size)
{
	struct collector *c = context;
	size_t at = c->stream->size;

	ck_assert_uint_ne(size, 0);
	put_bytes(c->stream, packets, size);
	while (at < c->stream->size)
		at += packet_size_at(c->dialect, c->stream, at);
	c->stream->calls++;
}

static void undo(struct footprint *f, const struct dialect *d)
{
	struct collector c = {d, &undone};

	undone.size = 0;
	undone.calls = 0;
	footprint_undo(f, d, NAME, collect, &c);
}

static bool is_vanilla(const struct row *row)
{
	return row->extensions[0].number == EXT_CLASSIC;
}

static void dialect_of_row(struct dialect *d, const struct row *row)
{
	dialect_init(d, &catalog, PACKET_PROTOCOL, !is_vanilla(row));
	for (size_t i = 0; i < COUNT(row->extensions) && row->extensions[i].version != 0; i++)
		dialect_set(d, &catalog, row->extensions[i].number, row->extensions[i].version);
}

static void assert_undone(const char *what)
{
	ck_assert_msg(undone.size == expected.size, "%s: %zu bytes instead of %zu", what,
		      undone.size, expected.size);
	for (size_t i = 0; i < undone.size; i++)
		ck_assert_msg(undone.bytes[i] == expected.bytes[i],
			      "%s: byte %zu is %02x instead of %02x", what, i, undone.bytes[i],
			      expected.bytes[i]);
}

START_TEST(test_row)
{
	const struct row *row = &rows[_i];
	struct dialect d;
	struct footprint *f = footprint_new();

	dialect_of_row(&d, row);
	parse(&noted, row->noted);
	parse(&expected, row->undone);
	note_stream(f, &d, &noted);
	undo(f, &d);
	assert_undone(row->what);
	undo(f, &d);
	ck_assert_msg(undone.calls == 0, "%s: undone twice", row->what);
	note_stream(f, &d, &noted);
	undo(f, &d);
	assert_undone(row->what);
	footprint_free(f);
}
END_TEST

/* The same notes, but a client that has negotiated nothing. */
START_TEST(test_row_not_negotiated)
{
	const struct row *row = &rows[_i];
	struct dialect d, plain;
	struct footprint *f = footprint_new();

	if (!is_vanilla(row)) {
		dialect_of_row(&d, row);
		dialect_init(&plain, &catalog, PACKET_PROTOCOL, true);
		parse(&noted, row->noted);
		note_stream(f, &d, &noted);
		undo(f, &plain);
		ck_assert_msg(undone.size == 0, "%s", row->what);
	}
	footprint_free(f);
}
END_TEST

/* Every byte that a server may send first, to a dialect that has no such packet. */
START_TEST(test_wants)
{
	static const uint8_t wanted[] = {0x07, 0x0c, 0x0d, 0x12, 0x14, 0x15, 0x16, 0x18, 0x1c,
					 0x1d, 0x1e, 0x20, 0x23, 0x24, 0x25, 0x27, 0x28, 0x29,
					 0x2a, 0x2c, 0x2d, 0x32, 0x34, 0x37, 0x38, 0x3b};
	struct footprint *f = footprint_new();
	struct dialect d;

	dialect_init(&d, &catalog, PACKET_PROTOCOL, true);
	for (unsigned op = 0; op < PACKET_OPCODES; op++) {
		uint8_t packet[PACKET_SIZE_MAX] = {(uint8_t)op};
		bool is_wanted = memchr(wanted, (int)op, sizeof(wanted)) != NULL;
		ck_assert_msg(footprint_wants((uint8_t)op) == is_wanted, "0x%02x", op);
		if (!is_wanted)
			ck_assert(footprint_note(f, &d, packet));
	}
	undo(f, &d);
	ck_assert_uint_eq(undone.calls, 0);
	footprint_free(f);
}
END_TEST

START_TEST(test_nothing_noted)
{
	struct footprint *f = footprint_new();
	struct dialect d;

	for (int cpe = 0; cpe < 2; cpe++) {
		dialect_init(&d, &catalog, PACKET_PROTOCOL, cpe != 0);
		for (unsigned i = 0; i < EXT_STANDARD_COUNT; i++)
			dialect_set(&d, &catalog, i, UINT8_MAX);
		undo(f, &d);
		ck_assert_uint_eq(undone.calls, 0);
	}
	footprint_free(f);
	footprint_free(NULL);
}
END_TEST

/* 1..65, or 1..49, in ascending order, and what has no place there taken out before. */
static void expect_order(const struct dialect *d, unsigned last, const char *before)
{
	parse(&expected, before);
	for (unsigned block = 1; block <= last; block++) {
		uint8_t narrow[] = {OP_INVENTORY_ORDER, (uint8_t)block, (uint8_t)block};
		uint8_t wide[] = {OP_INVENTORY_ORDER, 0, (uint8_t)block, 0, (uint8_t)block};
		if (dialect_has(d, EXT_EXTENDED_BLOCKS))
			put_bytes(&expected, wide, sizeof(wide));
		else
			put_bytes(&expected, narrow, sizeof(narrow));
	}
}

/* clang-format off */
static const struct {
	struct row row;
	unsigned last;
} order_rows[] = {
	{ { "standard", { { EXT_INVENTORY_ORDER, 1 }, { EXT_CUSTOM_BLOCKS, 1 } },
		"2c 05 06", "" }, 65 },
	{ { "hidden", { { EXT_INVENTORY_ORDER, 1 }, { EXT_CUSTOM_BLOCKS, 1 } },
		"2c 41 00", "" }, 65 },
	{ { "no CustomBlocks", { { EXT_INVENTORY_ORDER, 1 } },
		"2c 05 00 2c 32 07", "2c 32 00" }, 49 },
	{ { "custom", { { EXT_INVENTORY_ORDER, 1 }, { EXT_CUSTOM_BLOCKS, 1 } },
		"2c 42 07 2c 43 01 2c 43 00",
		"2c 42 00" }, 65 },
	{ { "defined", { { EXT_INVENTORY_ORDER, 1 }, { EXT_CUSTOM_BLOCKS, 1 }, { EXT_BLOCK_DEFINITIONS, 1 } },
		"23 42 'Lamp " DEFINITION " 2c 42 07 23 43 'Post " DEFINITION " 2c 43 08 24 43",
		"24 42" }, 65 },
	{ { "wide", { { EXT_INVENTORY_ORDER, 1 }, { EXT_CUSTOM_BLOCKS, 1 }, { EXT_EXTENDED_BLOCKS, 1 } },
		"2c 02ff 0001", "2c 02ff 0000" }, 65 },
};
/* clang-format on */

START_TEST(test_order)
{
	const struct row *row = &order_rows[_i].row;
	struct footprint *f = footprint_new();
	struct dialect d;

	dialect_of_row(&d, row);
	parse(&noted, row->noted);
	note_stream(f, &d, &noted);
	undo(f, &d);
	expect_order(&d, order_rows[_i].last, row->undone);
	assert_undone(row->what);
	footprint_free(f);
}
END_TEST

/* More than one buffer, every id of a kind, and a bound on what a hostile server can make us
 * keep. */
START_TEST(test_many)
{
	struct footprint *f = footprint_new();
	struct dialect d;
	uint8_t packet[PACKET_SIZE_MAX] = {0};

	dialect_init(&d, &catalog, PACKET_PROTOCOL, true);
	dialect_set(&d, &catalog, EXT_TEXT_HOTKEY, 1);
	dialect_set(&d, &catalog, EXT_BLOCK_DEFINITIONS, 1);
	dialect_set(&d, &catalog, EXT_EXTENDED_BLOCKS, 1);
	for (unsigned i = 0; i < 768; i++) {
		packet[0] = OP_DEFINE_BLOCK;
		packet_put_u16(packet + 1, (uint16_t)i);
		ck_assert(footprint_note(f, &d, packet));
		packet[0] = OP_TEXT_HOTKEY;
		packet_put_string(packet + 65, "/spawn");
		packet_put_u32(packet + 129, i % 256);
		packet[133] = (uint8_t)(i / 256);
		ck_assert(footprint_note(f, &d, packet));
	}
	undo(f, &d);
	ck_assert_uint_eq(undone.size, 768 * 3 + 256 * 134);
	ck_assert_uint_lt(undone.calls, 40);
	footprint_free(f);
}
END_TEST

static Suite *footprint_suite(void)
{
	Suite *suite = suite_create("footprint");
	TCase *tcase = tcase_create("footprint");

	packet_catalog_init(&catalog);
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, test_row, 0, COUNT(rows));
	tcase_add_loop_test(tcase, test_row_not_negotiated, 0, COUNT(rows));
	tcase_add_loop_test(tcase, test_order, 0, COUNT(order_rows));
	tcase_add_test(tcase, test_wants);
	tcase_add_test(tcase, test_nothing_noted);
	tcase_add_test(tcase, test_many);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return suite_main(footprint_suite());
}
