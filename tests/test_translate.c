/* SPDX-License-Identifier: MIT */
/*
 * The translation rules that keep a packet's size, a row a rule and a row an edge: a client
 * with everything, a server that lacks something of it, a packet before and after; and which
 * packets are translated at all. test_translate_convert.c has what becomes another packet.
 */
#include "translate.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "samples.h"
#include "suite.h"

#define TO_SERVER    PACKET_TO_SERVER
#define TO_CLIENT    PACKET_TO_CLIENT
#define NOTHING      EXT_CPE   /* the server lacks nothing of what the client has */
#define VANILLA      EXT_COUNT /* the server lacks all of it, and CPE */
#define MESSAGE_SIZE 66

static struct translate *state;
static uint8_t out[TRANSLATE_OUT_MAX];
static size_t out_size;

static void begin(void)
{
	char why[200];

	setup();
	ck_assert(packet_catalog_add(&catalog, 200, "ToServer", 7, TO_SERVER, "Kura.Up", 1, why,
				     sizeof(why)));
	ck_assert(packet_catalog_add(&catalog, 200, "ToClient", 9, TO_CLIENT, "Kura.Down", 1,
				     why, sizeof(why)));
	state = translate_new(false);
	ck_assert_ptr_nonnull(state);
}

static void end(void)
{
	translate_free(state);
}

/* A client with everything but the options that change sizes, and a server without one
 * extension (or NOTHING, or VANILLA). */
static void make_pair(struct dialect *client, struct dialect *server, unsigned lacking)
{
	dialect_with(client, 0);
	dialect_with(server, 0);
	if (lacking == VANILLA)
		dialect_init(server, &catalog, PACKET_PROTOCOL, false);
	else if (lacking != NOTHING)
		dialect_set(server, &catalog, lacking, 0);
}

/* ---- whole packets ---- */

/* clang-format off */
static const struct {
	const char *what;
	unsigned lacking;
	enum packet_direction direction;
	uint8_t in[16];
	enum translate_verdict verdict;
	uint8_t out[16]; /* of what is not dropped */
} packets[] = {
	{"held block", EXT_HELD_BLOCK, TO_SERVER,
		{0x08, 0x31, 1, 2, 3, 4, 5, 6, 7, 8}, TRANSLATE_PASS, {0x08, 0xff, 1, 2, 3, 4, 5, 6, 7, 8}},
	{"held air", EXT_HELD_BLOCK, TO_SERVER,
		{0x08, 0x00, 1, 2, 3, 4, 5, 6, 7, 8}, TRANSLATE_PASS, {0x08, 0xff, 1, 2, 3, 4, 5, 6, 7, 8}},
	{"held block 255", EXT_HELD_BLOCK, TO_SERVER,
		{0x08, 0xff, 1, 2, 3, 4, 5, 6, 7, 8}, TRANSLATE_PASS, {0x08, 0xff, 1, 2, 3, 4, 5, 6, 7, 8}},
	{"held block, vanilla", VANILLA, TO_SERVER,
		{0x08, 0x31, 0xff, 2, 3, 4, 5, 6, 7, 8}, TRANSLATE_PASS, {0x08, 0xff, 0xff, 2, 3, 4, 5, 6, 7, 8}},
	{"held block, known", EXT_TWO_WAY_PING, TO_SERVER,
		{0x08, 0x41, 1, 2, 3, 4, 5, 6, 7, 8}, TRANSLATE_PASS, {0x08, 0x41, 1, 2, 3, 4, 5, 6, 7, 8}},

	{"placed block", EXT_CUSTOM_BLOCKS, TO_SERVER,
		{0x05, 0x3c, 2, 0x3c, 4, 0x3c, 6, 1, 0x3c}, TRANSLATE_PASS, {0x05, 0x3c, 2, 0x3c, 4, 0x3c, 6, 1, 0x14}},
	{"broken block", EXT_CUSTOM_BLOCKS, TO_SERVER,
		{0x05, 1, 2, 3, 4, 5, 6, 0, 0x32}, TRANSLATE_PASS, {0x05, 1, 2, 3, 4, 5, 6, 0, 0x2c}},
	{"placed block, vanilla", VANILLA, TO_SERVER,
		{0x05, 1, 2, 3, 4, 5, 6, 1, 0x41}, TRANSLATE_PASS, {0x05, 1, 2, 3, 4, 5, 6, 1, 0x01}},
	{"placed block, known", EXT_HELD_BLOCK, TO_SERVER,
		{0x05, 1, 2, 3, 4, 5, 6, 1, 0x41}, TRANSLATE_PASS, {0x05, 1, 2, 3, 4, 5, 6, 1, 0x41}},

	{"the client's ping", EXT_TWO_WAY_PING, TO_SERVER,
		{0x2b, 0, 0x12, 0x34}, TRANSLATE_ANSWER, {0x2b, 0, 0x12, 0x34}},
	{"the client's ping, vanilla", VANILLA, TO_SERVER,
		{0x2b, 0, 0xff, 0xff}, TRANSLATE_ANSWER, {0x2b, 0, 0xff, 0xff}},
	{"an echo", EXT_TWO_WAY_PING, TO_SERVER, {0x2b, 1, 0x12, 0x34}, TRANSLATE_DROP, {0}},
	{"an echo, vanilla", VANILLA, TO_SERVER, {0x2b, 1, 0, 0}, TRANSLATE_DROP, {0}},
	{"the client's ping, known", EXT_HELD_BLOCK, TO_SERVER,
		{0x2b, 0, 0x12, 0x34}, TRANSLATE_PASS, {0x2b, 0, 0x12, 0x34}},
	{"an echo, known", EXT_HELD_BLOCK, TO_SERVER,
		{0x2b, 1, 0x12, 0x34}, TRANSLATE_PASS, {0x2b, 1, 0x12, 0x34}},

	{"PlayerClicked",        EXT_PLAYER_CLICK,    TO_SERVER, {0x22, 1, 2},    TRANSLATE_DROP, {0}},
	{"PluginMessage",        EXT_PLUGIN_MESSAGES, TO_SERVER, {0x35, 1, 2},    TRANSLATE_DROP, {0}},
	{"NotifyAction",         EXT_NOTIFY_ACTION,   TO_SERVER, {0x39, 1, 2},    TRANSLATE_DROP, {0}},
	{"NotifyPositionAction", EXT_NOTIFY_ACTION,   TO_SERVER, {0x3a, 1, 2},    TRANSLATE_DROP, {0}},
	{"block level",          EXT_CUSTOM_BLOCKS,   TO_SERVER, {0x13, 1},       TRANSLATE_DROP, {0}},
	{"PlayerClicked",        VANILLA,             TO_SERVER, {0x22, 1, 2},    TRANSLATE_DROP, {0}},
	{"PluginMessage",        VANILLA,             TO_SERVER, {0x35, 1, 2},    TRANSLATE_DROP, {0}},
	{"NotifyAction",         VANILLA,             TO_SERVER, {0x39, 1, 2},    TRANSLATE_DROP, {0}},
	{"NotifyPositionAction", VANILLA,             TO_SERVER, {0x3a, 1, 2},    TRANSLATE_DROP, {0}},
	{"ExtInfo",              VANILLA,             TO_SERVER, {0x10, 1, 2},    TRANSLATE_DROP, {0}},
	{"ExtEntry",             VANILLA,             TO_SERVER, {0x11, 1, 2},    TRANSLATE_DROP, {0}},
	{"custom",               EXT_CUSTOM,          TO_SERVER, {200, 1, 2},     TRANSLATE_DROP, {0}},
	{"custom",               VANILLA,             TO_SERVER, {200, 1, 2},     TRANSLATE_DROP, {0}},
	{"custom, known",        EXT_CUSTOM + 1,      TO_SERVER, {200, 1, 2},     TRANSLATE_PASS, {200, 1, 2}},
	{"PlayerClicked, known", EXT_NOTIFY_ACTION,   TO_SERVER, {0x22, 1, 2},    TRANSLATE_PASS, {0x22, 1, 2}},
};
/* clang-format on */

START_TEST(packet_row)
{
	struct dialect client, server;
	uint8_t packet[PACKET_SIZE_MAX] = {0};

	make_pair(&client, &server, packets[_i].lacking);
	memcpy(packet, packets[_i].in, sizeof(packets[_i].in));
	ck_assert_msg(translate_packet(state, &client, &server, packets[_i].direction, packet,
				       out, &out_size) == packets[_i].verdict,
		      "%s: another verdict", packets[_i].what);
	if (packets[_i].verdict != TRANSLATE_DROP)
		ck_assert_msg(memcmp(packet, packets[_i].out, sizeof(packets[_i].out)) == 0,
			      "%s: other bytes", packets[_i].what);
	for (size_t i = sizeof(packets[_i].out); i < sizeof(packet); i++)
		ck_assert_uint_eq(packet[i], 0);
}
END_TEST

/* ---- messages ---- */

#define TEXT_10  "0123456789"
#define LINES_8  "\n\n\n\n\n\n\n\n"
#define LINES_62 LINES_8 LINES_8 LINES_8 LINES_8 LINES_8 LINES_8 LINES_8 "\n\n\n\n\n\n"
#define LINES    LINES_62 "\n\n" /* of emotes */
#define TEXT_60  TEXT_10 TEXT_10 TEXT_10 TEXT_10 TEXT_10 TEXT_10

/* clang-format off */
static const struct message {
	const char *what;
	enum packet_direction direction;
	unsigned lacking, also; /* extensions */
	uint8_t type_in;
	const char *in;
	uint8_t type_out;
	const char *out;
} messages[] = {
	{"the last piece",     TO_SERVER, EXT_LONGER_MESSAGES, NOTHING, 0,   "hello", 255, "hello"},
	{"a piece",            TO_SERVER, EXT_LONGER_MESSAGES, NOTHING, 1,   "hello", 255, "hello"},
	{"already plain",      TO_SERVER, EXT_LONGER_MESSAGES, NOTHING, 255, "hello", 255, "hello"},
	{"a full piece",       TO_SERVER, EXT_LONGER_MESSAGES, NOTHING, 1,   TEXT_60 "abcd", 255, TEXT_60 "abcd"},
	{"a piece, CP437",     TO_SERVER, EXT_LONGER_MESSAGES, NOTHING, 1,   "\x80", 255, "\x80"},
	{"CP437, 0x80",        TO_SERVER, EXT_FULL_CP437, NOTHING, 0,        "\x80", 0, "C"},
	{"CP437, 0xff",        TO_SERVER, EXT_FULL_CP437, NOTHING, 0,        "a\xff" "b", 0, "a b"},
	{"CP437, 0x1f",        TO_SERVER, EXT_FULL_CP437, NOTHING, 0,        "\x01\x1f", 0, "?v"},
	{"CP437, 0x7f",        TO_SERVER, EXT_FULL_CP437, NOTHING, 0,        "\x7f", 0, "^"},
	{"CP437, a box",       TO_SERVER, EXT_FULL_CP437, NOTHING, 0,        "\xc9\xcd\xbb", 0, "+=+"},
	{"CP437, 0x7e",        TO_SERVER, EXT_FULL_CP437, NOTHING, 0,        "~", 0, "~"},
	{"CP437, mixed",       TO_SERVER, EXT_FULL_CP437, NOTHING, 1,        "na\x8bve caf\x82 &cred", 1, "naive cafe &cred"},
	{"CP437, at the ends", TO_SERVER, EXT_FULL_CP437, NOTHING, 1,        "\xdb" TEXT_60 "ab\xdb", 1, "#" TEXT_60 "ab#"},
	{"CP437, plain text",  TO_SERVER, EXT_FULL_CP437, NOTHING, 255,      "hello", 255, "hello"},
	{"an ampersand",       TO_SERVER, EXT_AMPERSAND, NOTHING, 0,         "&cred & b", 0, "%cred % b"},
	{"both",               TO_SERVER, EXT_FULL_CP437, EXT_LONGER_MESSAGES, 1, "caf\x82", 255, "cafe"},
	{"neither",            TO_SERVER, NOTHING, NOTHING, 1,               "caf\x82", 1, "caf\x82"},
	{"something else",     TO_SERVER, EXT_MESSAGE_TYPES, NOTHING, 1,     "caf\x82", 1, "caf\x82"},
	{"vanilla",            TO_SERVER, VANILLA, NOTHING, 1,               "caf\x82", 255, "cafe"},

	{"a place known",      TO_CLIENT, NOTHING, NOTHING, 100,             "hello", 100, "hello"},
	{"255 known",          TO_CLIENT, NOTHING, NOTHING, 255,             "hello", 255, "hello"},
	{"CP437 to the client", TO_CLIENT, EXT_FULL_CP437, EXT_LONGER_MESSAGES, 1, "caf\x82", 1, "caf\x82"},
	{"player 0",           TO_CLIENT, EXT_MESSAGE_TYPES, NOTHING, 0,     "&fA: hello", 0, "&fA: hello"},
	{"player 1",           TO_CLIENT, EXT_MESSAGE_TYPES, NOTHING, 1,     "&fA: hello", 0, "&fA: hello"},
	{"player 11",          TO_CLIENT, EXT_MESSAGE_TYPES, NOTHING, 11,    "&fA: hello", 0, "&fA: hello"},
	{"player 100",         TO_CLIENT, EXT_MESSAGE_TYPES, NOTHING, 100,   "&fA: hello", 0, "&fA: hello"},
	{"player 127",         TO_CLIENT, EXT_MESSAGE_TYPES, NOTHING, 127,   "&fA: hello", 0, "&fA: hello"},
	{"player 254",         TO_CLIENT, EXT_MESSAGE_TYPES, NOTHING, 254,   "&fA: hello", 0, "&fA: hello"},
	{"a full line",        TO_CLIENT, EXT_MESSAGE_TYPES, NOTHING, 1,     TEXT_60 "abc&", 0, TEXT_60 "abc&"},
	{"yellow",             TO_CLIENT, EXT_MESSAGE_TYPES, NOTHING, 255,   "hello", 0, "&ehello"},
	{"yellow, coloured",   TO_CLIENT, EXT_MESSAGE_TYPES, NOTHING, 255,   "&chello", 0, "&chello"},
	{"yellow, 61",         TO_CLIENT, EXT_MESSAGE_TYPES, NOTHING, 255,   TEXT_60 "a", 0, "&e" TEXT_60 "a"},
	{"yellow, 62",         TO_CLIENT, EXT_MESSAGE_TYPES, NOTHING, 255,   TEXT_60 "ab", 0, "&e" TEXT_60 "ab"},
	{"yellow, & in the middle",   TO_CLIENT, EXT_MESSAGE_TYPES, NOTHING, 255, "a&b", 0, "&ea&b"},
	{"yellow, vanilla",    TO_CLIENT, VANILLA, NOTHING, 255,             "hello", 0, "&ehello"},
	{"place, vanilla",     TO_CLIENT, VANILLA, NOTHING, 2,               "hello", 0, "hello"},
};
/* clang-format on */

static void put_message(uint8_t packet[static MESSAGE_SIZE], uint8_t type, const char *text)
{
	char padded[PACKET_STRING_LEN + 1];

	snprintf(padded, sizeof(padded), "%-64s", text);
	packet[0] = 0x0d;
	packet[1] = type;
	memcpy(packet + 2, padded, PACKET_STRING_LEN);
}

/* A yellow text that leaves no room for its colour becomes two lines. */
START_TEST(yellow_without_room)
{
	static const struct {
		const char *in, *first, *second;
	} rows[] = {
		{TEXT_60 "abc", "&e" TEXT_60 "ab", "&ec"},
		{TEXT_60 "abcd", "&e" TEXT_60 "ab", "&ecd"},
		{TEXT_60 "a&cd", "&e" TEXT_60 "a", "&cd"},
		{TEXT_60 "ab&c", "&e" TEXT_60 "ab", "&c"},
		{LINES, "&e" LINES_62, "&e\n\n"},
	};
	uint8_t packet[MESSAGE_SIZE], expected[2 * MESSAGE_SIZE];
	struct dialect client, server;

	make_pair(&client, &server, EXT_MESSAGE_TYPES);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		put_message(packet, 255, rows[i].in);
		put_message(expected, 0, rows[i].first);
		put_message(expected + MESSAGE_SIZE, 0, rows[i].second);
		ck_assert_int_eq(translate_packet(state, &client, &server, TO_CLIENT, packet,
						  out, &out_size),
				 TRANSLATE_REPLACE);
		ck_assert_uint_eq(out_size, sizeof(expected));
		ck_assert_mem_eq(out, expected, sizeof(expected));
	}
}
END_TEST

/* Some servers fill texts up with NULs. */
START_TEST(yellow_with_nuls)
{
	uint8_t packet[MESSAGE_SIZE] = {0x0d, 255, 'h', 'i'};
	struct dialect client, server;

	make_pair(&client, &server, EXT_MESSAGE_TYPES);
	ck_assert_int_eq(
		translate_packet(state, &client, &server, TO_CLIENT, packet, out, &out_size),
		TRANSLATE_PASS);
	ck_assert_mem_eq(packet, "\x0d\0&ehi\0", 7);
}
END_TEST

START_TEST(message_row)
{
	const struct message *row = &messages[_i];
	uint8_t packet[MESSAGE_SIZE], expected[MESSAGE_SIZE];
	struct dialect client, server;
	bool is_changed;

	make_pair(&client, &server, row->lacking);
	if (row->also != NOTHING)
		dialect_set(&server, &catalog, row->also, 0);
	put_message(packet, row->type_in, row->in);
	put_message(expected, row->type_out, row->out);
	is_changed = memcmp(packet, expected, MESSAGE_SIZE) != 0;
	ck_assert_int_eq(translate_packet(state, &client, &server, row->direction, packet, out,
					  &out_size),
			 TRANSLATE_PASS);
	ck_assert_msg(memcmp(packet, expected, MESSAGE_SIZE) == 0, "%s: %u %.64s", row->what,
		      packet[1], (const char *)packet + 2);
	if (is_changed)
		ck_assert(translate_wants(&client, &server, row->direction, 0x0d));
}
END_TEST

/* ---- who wants what ---- */

/* clang-format off */
static const struct {
	enum packet_direction direction;
	uint8_t opcode;
	unsigned extension;
	uint8_t version; /* the server's */
} wanted[] = {
	{TO_SERVER, 0x05, EXT_CUSTOM_BLOCKS, 0},    {TO_SERVER, 0x08, EXT_CUSTOM_BLOCKS, 0},
	{TO_SERVER, 0x39, EXT_CUSTOM_BLOCKS, 0},    {TO_SERVER, 0x13, EXT_CUSTOM_BLOCKS, 0},
	{TO_SERVER, 0x05, EXT_EXTENDED_BLOCKS, 0},  {TO_SERVER, 0x08, EXT_EXTENDED_BLOCKS, 0},
	{TO_SERVER, 0x39, EXT_EXTENDED_BLOCKS, 0},  {TO_SERVER, 0x08, EXT_ENTITY_POSITIONS, 0},
	{TO_SERVER, 0x05, EXT_BLOCK_DEFINITIONS, 0}, {TO_SERVER, 0x08, EXT_BLOCK_DEFINITIONS, 0},
	{TO_SERVER, 0x39, EXT_BLOCK_DEFINITIONS, 0},
	{TO_SERVER, 0x08, EXT_HELD_BLOCK, 0},       {TO_SERVER, 0x0d, EXT_LONGER_MESSAGES, 0},
	{TO_SERVER, 0x0d, EXT_FULL_CP437, 0},       {TO_SERVER, 0x0d, EXT_AMPERSAND, 0},
	{TO_SERVER, 0x22, EXT_PLAYER_CLICK, 0},     {TO_SERVER, 0x2b, EXT_TWO_WAY_PING, 0},
	{TO_SERVER, 0x35, EXT_PLUGIN_MESSAGES, 0},  {TO_SERVER, 0x39, EXT_NOTIFY_ACTION, 0},
	{TO_SERVER, 0x3a, EXT_NOTIFY_ACTION, 0},    {TO_SERVER, 200,  EXT_CUSTOM, 0},

	{TO_CLIENT, 0x0d, EXT_MESSAGE_TYPES, 0},    {TO_CLIENT, 0x02, EXT_FAST_MAP, 0},
	{TO_CLIENT, 0x03, EXT_EXTENDED_BLOCKS, 0},  {TO_CLIENT, 0x06, EXT_EXTENDED_BLOCKS, 0},
	{TO_CLIENT, 0x14, EXT_EXTENDED_BLOCKS, 0},  {TO_CLIENT, 0x1c, EXT_EXTENDED_BLOCKS, 0},
	{TO_CLIENT, 0x23, EXT_EXTENDED_BLOCKS, 0},  {TO_CLIENT, 0x24, EXT_EXTENDED_BLOCKS, 0},
	{TO_CLIENT, 0x25, EXT_EXTENDED_BLOCKS, 0},  {TO_CLIENT, 0x26, EXT_EXTENDED_BLOCKS, 0},
	{TO_CLIENT, 0x2c, EXT_EXTENDED_BLOCKS, 0},  {TO_CLIENT, 0x2d, EXT_EXTENDED_BLOCKS, 0},
	{TO_CLIENT, 0x07, EXT_ENTITY_POSITIONS, 0}, {TO_CLIENT, 0x08, EXT_ENTITY_POSITIONS, 0},
	{TO_CLIENT, 0x21, EXT_ENTITY_POSITIONS, 0}, {TO_CLIENT, 0x2e, EXT_ENTITY_POSITIONS, 0},
	{TO_CLIENT, 0x36, EXT_ENTITY_POSITIONS, 0}, {TO_CLIENT, 0x23, EXT_EXTENDED_TEXTURES, 0},
	{TO_CLIENT, 0x25, EXT_EXTENDED_TEXTURES, 0},

	{TO_CLIENT, 0x02, EXT_PLAYER_LIST, 1},      {TO_CLIENT, 0x07, EXT_PLAYER_LIST, 1},
	{TO_CLIENT, 0x08, EXT_PLAYER_LIST, 1},      {TO_CLIENT, 0x0c, EXT_PLAYER_LIST, 1},
	{TO_CLIENT, 0x17, EXT_PLAYER_LIST, 1},      {TO_CLIENT, 0x1d, EXT_PLAYER_LIST, 1},
	{TO_CLIENT, 0x2a, EXT_PLAYER_LIST, 1},      {TO_CLIENT, 0x36, EXT_PLAYER_LIST, 1},
	{TO_CLIENT, 0x02, EXT_ENV_MAP_APPEARANCE, 1}, {TO_CLIENT, 0x04, EXT_ENV_MAP_APPEARANCE, 1},
	{TO_CLIENT, 0x1e, EXT_ENV_MAP_APPEARANCE, 1}, {TO_CLIENT, 0x29, EXT_ENV_MAP_APPEARANCE, 1},
	{TO_CLIENT, 0x25, EXT_BLOCK_DEFINITIONS_EXT, 1}, {TO_CLIENT, 0x28, EXT_ENV_MAP_ASPECT, 1},
	{TO_CLIENT, 0x33, EXT_CUSTOM_MODELS, 1},
};
/* clang-format on */

static bool is_wanted(enum packet_direction direction, uint8_t opcode, unsigned extension,
		      uint8_t version)
{
	for (size_t i = 0; i < COUNT(wanted); i++)
		if (wanted[i].direction == direction && wanted[i].opcode == opcode &&
		    wanted[i].version == version &&
		    (extension == VANILLA || wanted[i].extension == extension))
			return true;
	return extension == VANILLA && direction == TO_SERVER &&
	       (opcode == 0x10 || opcode == 0x11);
}

/* With one extension lower at the server, exactly the packets of its rules are wanted, of those
 * that the sender may send. */
static void assert_wants(unsigned extension, uint8_t version)
{
	struct dialect client, server;

	dialect_with(&client, VECTOR_OPTIONS - 1);
	dialect_with(&server, VECTOR_OPTIONS - 1);
	if (extension == VANILLA)
		dialect_init(&server, &catalog, PACKET_PROTOCOL, false);
	else
		dialect_set(&server, &catalog, extension, version);
	for (unsigned i = 0; i < PACKET_DIRECTIONS * PACKET_OPCODES; i++) {
		enum packet_direction direction = i / PACKET_OPCODES;
		uint8_t opcode = (uint8_t)(i % PACKET_OPCODES);
		const struct dialect *sender = direction == TO_SERVER ? &client : &server;
		bool expected = dialect_size(sender, direction, opcode) != 0 &&
				is_wanted(direction, opcode, extension, version);

		ck_assert_msg(translate_wants(&client, &server, direction, opcode) == expected,
			      "direction %d, opcode 0x%02x, extension %u of version %u",
			      direction, opcode, extension, version);
	}
}

START_TEST(wants_only_what_a_rule_names)
{
	for (unsigned i = 0; i < packet_extension_count(&catalog); i++)
		for (uint8_t v = 0; v < packet_extension(&catalog, i)->version; v++)
			assert_wants(i, v);
	assert_wants(VANILLA, 0);
}
END_TEST

#define EQUAL_FIRST   PACKET_PROTOCOL_MIN
#define EQUAL_OPTIONS (PACKET_PROTOCOL + 2)
#define EQUAL_END     (EQUAL_OPTIONS + 16)

/* The dialects of the tests of equal ones: plain ones of each protocol, CPE without any
 * extension, and with all of them but for some of the options: each of two halves of the bits
 * has all its values. */
static void make_equal(struct dialect *dialect, int which)
{
	if (which <= PACKET_PROTOCOL)
		dialect_init(dialect, &catalog, (uint8_t)which, false);
	else if (which == PACKET_PROTOCOL + 1)
		dialect_init(dialect, &catalog, PACKET_PROTOCOL, true);
	else
		dialect_with(dialect, 17 * (unsigned)(which - EQUAL_OPTIONS));
}

START_TEST(equal_dialects_want_nothing)
{
	struct dialect client, server;

	make_equal(&client, _i);
	make_equal(&server, _i);
	for (unsigned i = 0; i < PACKET_DIRECTIONS * PACKET_OPCODES; i++)
		ck_assert_msg(!translate_wants(&client, &server, i / PACKET_OPCODES,
					       (uint8_t)(i % PACKET_OPCODES)),
			      "direction %u, opcode 0x%02x", i / PACKET_OPCODES,
			      i % PACKET_OPCODES);
}
END_TEST

START_TEST(equal_dialects_change_nothing)
{
	struct dialect client, server;
	uint8_t packet[PACKET_SIZE_MAX], before[PACKET_SIZE_MAX];

	make_equal(&client, _i);
	make_equal(&server, _i);
	for (unsigned i = 0; i < PACKET_DIRECTIONS * PACKET_OPCODES; i++) {
		memset(packet, 0xfe, sizeof(packet));
		packet[0] = (uint8_t)(i % PACKET_OPCODES);
		memcpy(before, packet, sizeof(packet));
		if (dialect_size(&client, i / PACKET_OPCODES, packet[0]) == 0)
			continue;
		ck_assert_int_eq(translate_packet(state, &client, &server, i / PACKET_OPCODES,
						  packet, out, &out_size),
				 TRANSLATE_PASS);
		ck_assert_mem_eq(packet, before, sizeof(packet));
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("translate");
	TCase *tcase = tcase_create("rules");

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_loop_test(tcase, packet_row, 0, COUNT(packets));
	tcase_add_test(tcase, yellow_without_room);
	tcase_add_test(tcase, yellow_with_nuls);
	tcase_add_loop_test(tcase, message_row, 0, COUNT(messages));
	tcase_add_test(tcase, wants_only_what_a_rule_names);
	tcase_add_loop_test(tcase, equal_dialects_want_nothing, EQUAL_FIRST, EQUAL_END);
	tcase_add_loop_test(tcase, equal_dialects_change_nothing, EQUAL_FIRST, EQUAL_END);
	suite_add_tcase(suite, tcase);
	return suite_main(suite);
}
