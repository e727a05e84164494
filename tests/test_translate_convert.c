/* SPDX-License-Identifier: MIT */
/*
 * Translation into packets of another size, or into other packets: blocks of all ids, and
 * scenes of packets in a row, with every byte of what becomes of them.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "../blocks.h"
#include "../translate.h"
#include "samples.h"
#include "suite.h"

#define TO_SERVER PACKET_TO_SERVER
#define TO_CLIENT PACKET_TO_CLIENT

#define EB  VECTOR_EB
#define EP  VECTOR_EP
#define ET  VECTOR_ET
#define FM  VECTOR_FM
#define MA2 VECTOR_MA2
#define MS2 VECTOR_MS2
#define BD2 VECTOR_BD2
#define CM2 VECTOR_CM2

static struct translate *state;
static uint8_t out[TRANSLATE_OUT_MAX];
static size_t out_size;

static void begin(void)
{
	setup();
	state = translate_new(false);
	ck_assert_ptr_nonnull(state);
}

static void end(void)
{
	translate_free(state);
	translate_free(NULL);
}

/* ---- blocks towards the server ---- */

/* Blocks 50 to 65 on a server without CustomBlocks. Snow would be air, and placing that is
 * breaking: white. */
static const uint8_t without_custom_blocks[] = {
	44, 39, 12, BLOCK_WHITE, 10, 33, 25, 3, 29, 28, 20, 42, 49, 36, 5, 1,
};

static unsigned expected_block(unsigned block, const struct dialect *server)
{
	if (block > 255 && !dialect_has(server, EXT_EXTENDED_BLOCKS))
		return BLOCK_STONE;
	if (block >= 66)
		return dialect_has(server, EXT_BLOCK_DEFINITIONS) ? block : BLOCK_STONE;
	if (dialect_has(server, EXT_CUSTOM_BLOCKS) || block < 50)
		return block;
	return without_custom_blocks[block - 50];
}

/* Packets with a block of the client's between head and tail. */
static const struct block_packet {
	size_t n_head, n_tail;
	uint8_t head[8], tail[8];
} block_packets[] = {
	{8, 0, {0x05, 1, 2, 3, 4, 5, 6, 1}, {0}},
	{8, 0, {0x05, 50, 50, 50, 50, 50, 50, 0}, {0}}, /* only the block is one */
	{1, 8, {0x08}, {1, 2, 3, 4, 5, 6, 50, 50}},
};

static size_t put_block(uint8_t *bytes, const struct block_packet *row,
			const struct dialect *dialect, unsigned block)
{
	uint8_t *p = bytes + row->n_head;

	memcpy(bytes, row->head, row->n_head);
	if (dialect_has(dialect, EXT_EXTENDED_BLOCKS))
		*p++ = (uint8_t)(block >> 8);
	*p++ = (uint8_t)block;
	memcpy(p, row->tail, row->n_tail);
	return (size_t)(p - bytes) + row->n_tail;
}

/* Check's assertions are slow: only a failure reaches one. A size of 0: dropped. */
static void check_packet(const struct dialect *client, const struct dialect *server,
			 enum packet_direction direction, uint8_t *packet, size_t size,
			 const uint8_t *wanted, size_t wanted_size, const char *what)
{
	enum translate_verdict verdict =
		translate_packet(state, client, server, direction, packet, out, &out_size);
	bool is_same_size = size == wanted_size;
	enum translate_verdict expected = is_same_size ? TRANSLATE_PASS : TRANSLATE_REPLACE;

	if (wanted_size == 0)
		expected = TRANSLATE_DROP;
	if (verdict != expected)
		ck_abort_msg("%s: verdict %d", what, verdict);
	if (verdict == TRANSLATE_REPLACE && out_size != wanted_size)
		ck_abort_msg("%s: %zu bytes", what, out_size);
	if (wanted_size != 0 && memcmp(is_same_size ? packet : out, wanted, wanted_size) != 0)
		ck_abort_msg("%s: other bytes", what);
}

static void check_block(const struct dialect *client, const struct dialect *server,
			unsigned block)
{
	for (size_t i = 0; i < COUNT(block_packets); i++) {
		uint8_t packet[PACKET_SIZE_MAX], wanted[PACKET_SIZE_MAX];
		bool is_held = block_packets[i].head[0] == 0x08;
		bool is_none =
			is_held && (block == 255 || !dialect_has(server, EXT_HELD_BLOCK));
		unsigned becomes = is_none ? 255 : expected_block(block, server);
		size_t size = put_block(packet, &block_packets[i], client, block);
		size_t n = put_block(wanted, &block_packets[i], server, becomes);
		char what[64];

		snprintf(what, sizeof(what), "block %u in 0x%02x", block, packet[0]);
		check_packet(client, server, TO_SERVER, packet, size, wanted, n, what);
	}
}

/* What a server may lack of all that has to do with blocks: a combination a round. */
static const unsigned block_extensions[] = {
	EXT_EXTENDED_BLOCKS,
	EXT_CUSTOM_BLOCKS,
	EXT_BLOCK_DEFINITIONS,
	EXT_HELD_BLOCK,
};

static void make_block_pair(struct dialect *client, struct dialect *server, int lacking)
{
	dialect_with(client, EB);
	dialect_with(server, EB);
	for (size_t i = 0; i < COUNT(block_extensions); i++)
		if ((lacking & 1 << i) != 0)
			dialect_set(server, &catalog, block_extensions[i], 0);
}

START_TEST(blocks_that_the_server_knows)
{
	struct dialect client, server;

	make_block_pair(&client, &server, _i);
	for (unsigned block = 0; block < 768; block++)
		check_block(&client, &server, block);
	check_block(&client, &server, 65535);
	dialect_set(&client, &catalog, EXT_EXTENDED_BLOCKS, 0);
	dialect_set(&server, &catalog, EXT_EXTENDED_BLOCKS, 0);
	for (unsigned block = 0; block < 256; block++)
		check_block(&client, &server, block);
}
END_TEST

/* The value of NotifyAction is a block for action 0 alone, and always of 16 bits. */
START_TEST(chosen_blocks_that_the_server_knows)
{
	struct dialect client, server;

	make_block_pair(&client, &server, _i);
	for (unsigned i = 0; i < 2 * 768; i++) {
		unsigned action = i & 1, block = i >> 1;
		unsigned becomes = action == 0 ? expected_block(block, &server) : block;
		uint8_t packet[] = {0x39, 0, (uint8_t)action, (uint8_t)(block >> 8),
				    (uint8_t)block};
		uint8_t wanted[] = {0x39, 0, (uint8_t)action, (uint8_t)(becomes >> 8),
				    (uint8_t)becomes};

		check_packet(&client, &server, TO_SERVER, packet, sizeof(packet), wanted,
			     sizeof(wanted), "chosen");
	}
}
END_TEST

/* ---- blocks and textures towards the client ---- */

#define NAME  " 4c616d70 20*60 02 80 "
#define LIGHT " 00 06 cf "
#define BOX   "00 01 02 0d 0e 0f "
#define FOG   " 01 02 03 04 05"

/* Blocks at @. */
static const char *const client_block_packets[] = {
	"06 0001 0002 ff03 @",
	"14 @ 01",
	"1c @ 01 00",
	"23 @" NAME "01 02 03" LIGHT "10" FOG,
	"24 @",
	"25 @" NAME "01 02 03" LIGHT BOX FOG,
	"2c @ @",
	"2d @ 08",
};

static size_t expand_block(uint8_t *bytes, const char *hex, const struct dialect *dialect,
			   unsigned block)
{
	int width = dialect_has(dialect, EXT_EXTENDED_BLOCKS) ? 2 : 1;
	char text[256];
	size_t n = 0;

	for (; *hex != '\0'; hex++)
		if (*hex == '@')
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%0*x", 2 * width,
					      block);
		else
			text[n++] = *hex;
	text[n] = '\0';
	return expand(bytes, PACKET_SIZE_MAX, text);
}

START_TEST(blocks_for_the_client)
{
	static const unsigned blocks[] = {0, 1, 49, 50, 65, 66, 127, 128, 255};
	const char *hex = client_block_packets[_i];
	struct dialect client, server;

	dialect_with(&client, EB);
	dialect_with(&server, 0);
	for (size_t i = 0; i < COUNT(blocks); i++) {
		uint8_t packet[PACKET_SIZE_MAX], wanted[PACKET_SIZE_MAX];
		size_t size = expand_block(packet, hex, &server, blocks[i]);
		size_t n = expand_block(wanted, hex, &client, blocks[i]);

		ck_assert_uint_eq(n, dialect_size(&client, TO_CLIENT, packet[0]));
		check_packet(&client, &server, TO_CLIENT, packet, size, wanted, n, hex);
	}
}
END_TEST

/* ---- packets in a row ---- */

#define SAME    "=" /* passes as it is */
#define DROPPED ""

#define STEPS_MAX 9

/* clang-format off */
#define BOB      " 2661426f62 20*59 426f62 20*61 "
#define ANN      " 416e6e 20*61 20*64 "
#define CHICKEN  "1d 05 636869636b656e 20*57 "
#define PIG      "1d 05 706967 20*61 "
#define SCALE2   "2a 05 03 000007d0 "
#define SCALE3   "2a 05 03 00000bb8 "
#define TURN     "2a 05 02 000000b4 "
#define BOB_HERE "08 05 0210 0453 0110 40 00"
#define BOB_SEEN "V63"
#define MAP_SAYS "1e 20*64 07 08 0020 "
#define PART     "33 00 bf000000 00000000 bf000000 3f000000 40000000 3f000000 0000 0001 0002 0003 0008 0009 000a 000b " \
	"0010 0011 0012 0013 0018 0019 001a 001b 0020 0021 0022 0023 0028 0029 002a 002b 00000000 3f800000 00000000 " \
	"42b40000 00000000 c2b40000 "

/* Hex as in vectors.h, or the name of a vector there. */
static const struct scene {
	const char *what;
	enum packet_direction direction;
	unsigned client, server; /* VECTOR_ options */
	uint8_t players;         /* version of the server's ExtPlayerList */
	struct {
		const char *in, *out;
	} steps[STEPS_MAX];
} scenes[] = {
	{"positions", TO_CLIENT, EP, 0, 2, {
		{"07 05 416e6e 20*61 ffff 8000 7fff 80 ff", "07 05 416e6e 20*61 ffffffff ffff8000 00007fff 80 ff"},
		{"08 05 ffff 8000 7fff 80 ff", "08 05 ffffffff ffff8000 00007fff 80 ff"},
		{"21 05" BOB "ffff 8000 7fff 80 ff", "21 05" BOB "ffffffff ffff8000 00007fff 80 ff"},
		{"2e ffff 8000 7fff 80 ff", "2e ffffffff ffff8000 00007fff 80 ff"},
		{"36 05 31 ffff 8000 7fff 80 ff", "36 05 31 ffffffff ffff8000 00007fff 80 ff"},
		{"09 05 80 7f ff 80 ff", SAME},
		{"0a 05 80 7f ff", SAME},
		{"31 01 00000030 00000040 ffffffa0 00000030 00000040 ffffffa0", SAME}}},
	{"positions, both", TO_CLIENT, EP, EP, 2, {
		{"08 05 ffffffff ffff8000 00007fff 80 ff", SAME},
		{"21 05" BOB "ffffffff ffff8000 00007fff 80 ff", SAME}}},
	{"positions of the player", TO_SERVER, EP, 0, 2, {
		{"08 ff 00007fff ffff8000 ffffffff 80 ff", "08 ff 7fff 8000 ffff 80 ff"},
		{"08 01 00008000 ffff7fff 00000000 80 ff", "08 01 7fff 8000 0000 80 ff"},
		{"08 02 7fffffff 80000000 00010000 80 ff", "08 02 7fff 8000 7fff 80 ff"},
		{"08 03 fffeffff 0000ffff ffff0000 80 ff", "08 03 8000 7fff 8000 80 ff"},
		{"V25", "08 01 0010 0433 0010 50 00"}}},
	{"positions and blocks of the player", TO_SERVER, EB | EP, 0, 2, {
		{"V26", "08 01 0010 0433 0010 50 00"},
		{"08 00ff 00008000 ffff7fff 00000000 80 ff", "08 ff 7fff 8000 0000 80 ff"},
		{"08 0100 00008000 ffff7fff 00000000 80 ff", "08 01 7fff 8000 0000 80 ff"}}},
	{"the block in hand keeps its width", TO_SERVER, EB | EP, EB, 2, {
		{"08 012c 00008000 ffff7fff 00000000 80 ff", "08 012c 7fff 8000 0000 80 ff"},
		{"08 00ff 00008000 ffff7fff 00000000 80 ff", "08 00ff 7fff 8000 0000 80 ff"}}},

	{"bulk updates", TO_CLIENT, EB, 0, 2, {
		{"V74", "26 01 00000000 00010000 00*1016 01 31 00*254 00*64"},
		{"26 ff ab*1024 ff*256", "26 ff ab*1024 ff*256 00*64"}}},
	{"textures", TO_CLIENT, ET, 0, 2, {
		{"V66", "23 42" NAME "0001 0002 0003 00 06 cf 10 00 00 00 00 00"},
		{"23 42" NAME "80 ff 00" LIGHT "10" FOG, "23 42" NAME "0080 00ff 0000" LIGHT "10" FOG},
		{"V70", "V71"},
		{"25 42" NAME "80 ff 00" LIGHT BOX FOG, "25 42" NAME "0080 00ff 0000" LIGHT BOX FOG "000000"}}},
	{"textures, version 2", TO_CLIENT, BD2 | ET, BD2, 2, {
		{"25 42" NAME "80 81 82 fe ff 00" LIGHT BOX FOG,
			"25 42" NAME "0080 0081 0082 00fe 00ff 0000" LIGHT BOX FOG}}},
	{"textures and blocks", TO_CLIENT, EB | ET, 0, 2, {
		{"23 ff" NAME "80 ff 00" LIGHT "10" FOG, "23 00ff" NAME "0080 00ff 0000" LIGHT "10" FOG}}},
	{"boxes with four sides", TO_CLIENT, BD2, 0, 2, {
		{"V70", "25 42 506f7374 20*60 02 80 01 02 02 02 02 03 01 04 00 04 00 04 0c 08 0c 01 00 00 00 00"},
		{"25 42" NAME "00 ff 01" LIGHT BOX FOG, "25 42" NAME "00 ff ff ff ff 01" LIGHT BOX FOG}}},
	{"boxes with four sides, textures", TO_CLIENT, BD2 | ET, ET, 2, {
		{"V71", "25 42 506f7374 20*60 02 80 0001 0002 0002 0002 0002 0003 01 04 00 04 00 04 0c 08 0c 01 00 00 00 00"},
		{"25 42" NAME "0100 01ff 0102" LIGHT BOX FOG "000000",
			"25 42" NAME "0100 01ff 01ff 01ff 01ff 0102" LIGHT BOX FOG}}},
	{"boxes with four wide sides", TO_CLIENT, BD2 | ET, 0, 2, {
		{"25 42" NAME "01 ff 03" LIGHT BOX FOG, "25 42" NAME "0001 00ff 00ff 00ff 00ff 0003" LIGHT BOX FOG}}},
	{"boxes with four sides, blocks", TO_CLIENT, BD2 | EB, 0, 2, {
		{"25 ff" NAME "01 02 03" LIGHT BOX FOG, "25 00ff" NAME "01 02 02 02 02 03" LIGHT BOX FOG}}},
	{"boxes with four sides, blocks, textures", TO_CLIENT, BD2 | EB | ET, EB | ET, 2, {
		{"25 02ff" NAME "0100 01ff 0102" LIGHT BOX FOG "000000",
			"25 02ff" NAME "0100 01ff 01ff 01ff 01ff 0102" LIGHT BOX FOG}}},
	{"boxes with four sides, all wide", TO_CLIENT, BD2 | EB | ET, 0, 2, {
		{"25 ff" NAME "01 02 03" LIGHT BOX FOG, "25 00ff" NAME "0001 0002 0002 0002 0002 0003" LIGHT BOX FOG}}},
	{"boxes, both", TO_CLIENT, BD2, BD2, 2, {{"V72", SAME}}},

	{"percent", TO_CLIENT, EB, 0, 2, {
		{"03 0001 ff*1024 64", "03 0001 ff*1024 00"},
		{"03 0400 ff*1024 01", "03 0400 ff*1024 00"},
		{"03 0400 ff*1024 00", SAME}}},
	{"percent, both", TO_CLIENT, EB, EB, 2, {{"03 0001 ff*1024 64", SAME}}},
	{"percent, neither", TO_CLIENT, EP, 0, 2, {{"03 0001 ff*1024 64", SAME}}},
	{"volume", TO_CLIENT, FM, 0, 2, {{"02", "02 00000000"}, {"03 0001 ff*1024 64", SAME}}},
	{"addresses", TO_CLIENT, MS2, 0, 2, {
		{"V77", "28 687474703a2f2f6578616d706c652e6f72672f742e7a6970 20*40 20*64"},
		{"28 61*64", "28 61*64 20*64"}}},
	{"addresses, both", TO_CLIENT, MS2, MS2, 2, {{"V78", SAME}}},
	{"model parts", TO_CLIENT, CM2, 0, 2, {
		{"V94", PART "00*68 01"},
		{PART "ff ffffffff 80", PART "00*68 80"}}},
	{"model parts, both", TO_CLIENT, CM2, CM2, 2, {{"V95", SAME}}},

	{"appearance before and in the first level", TO_CLIENT, MA2, 0, 2, {
		{"V59", MAP_SAYS "ffff 0000"},
		{"02", SAME},
		{"V59", MAP_SAYS "ffff 0000"},
		{"04 0010 0040 0020", SAME},
		{"V59", "V60"},
		{"1e 61*64 fe ff 8000", "1e 61*64 fe ff 8000 0042 0000"}}},
	{"appearance, what was set", TO_CLIENT, MA2, 0, 2, {
		{"04 0010 0040 0020", SAME},
		{"29 03 00000005", SAME},
		{"V59", MAP_SAYS "0005 0000"},
		{"29 04 00000080", SAME},
		{"V59", MAP_SAYS "0005 0080"},
		{"29 02 00000007", SAME},
		{"29 05 00000008", SAME},
		{"V59", MAP_SAYS "0005 0080"}}},
	{"appearance, the farthest", TO_CLIENT, MA2, 0, 2, {
		{"29 03 00008000", SAME},
		{"29 04 ffff7fff", SAME},
		{"V59", MAP_SAYS "7fff 8000"},
		{"29 03 80000000", SAME},
		{"29 04 7fffffff", SAME},
		{"V59", MAP_SAYS "8000 7fff"},
		{"29 03 ffff8000", SAME},
		{"29 04 00007fff", SAME},
		{"V59", MAP_SAYS "8000 7fff"}}},
	{"appearance, a new level keeps the view", TO_CLIENT, MA2, 0, 2, {
		{"04 0010 0040 0020", SAME},
		{"29 03 00000005", SAME},
		{"29 04 00000080", SAME},
		{"02", SAME},
		{"V59", MAP_SAYS "ffff 0080"},
		{"04 0010 0080 0020", SAME},
		{"V59", MAP_SAYS "0082 0080"}}},
	{"appearance, a new level without settings", TO_CLIENT, MA2, 0, 2, {
		{"02", SAME},
		{"04 0010 0040 0020", SAME},
		{"02", SAME},
		{"V59", MAP_SAYS "ffff 0000"},
		{"04 0010 0080 0020", SAME},
		{"V59", MAP_SAYS "0082 0000"}}},
	{"appearance, set while loading", TO_CLIENT, MA2, 0, 2, {
		{"02", SAME},
		{"29 03 00000005", SAME},
		{"V59", MAP_SAYS "0005 0000"},
		{"04 0010 0080 0020", SAME},
		{"V59", MAP_SAYS "0005 0000"},
		{"29 03 ffffffff", SAME},
		{"V59", MAP_SAYS "ffff 0000"}}},
	{"appearance, the default set while loading", TO_CLIENT, MA2, 0, 2, {
		{"02", SAME},
		{"29 03 ffffffff", SAME},
		{"V59", MAP_SAYS "ffff 0000"},
		{"04 0010 0080 0020", SAME},
		{"V59", MAP_SAYS "0082 0000"}}},
	{"appearance, high levels", TO_CLIENT, MA2, 0, 2, {
		{"04 0010 7ffd 0020", SAME},
		{"V59", MAP_SAYS "7fff 0000"},
		{"02", SAME},
		{"04 0010 7ffe 0020", SAME},
		{"V59", MAP_SAYS "7fff 0000"},
		{"02", SAME},
		{"04 0010 ffff 0020", SAME},
		{"V59", MAP_SAYS "7fff 0000"}}},
	{"appearance, both", TO_CLIENT, MA2, MA2, 2, {{"V60", SAME}}},

	{"an entity", TO_CLIENT, 0, 0, 1, {
		{"V50", DROPPED},
		{BOB_HERE, BOB_SEEN},
		{BOB_HERE, SAME},
		{CHICKEN, SAME}}},
	{"an entity, wide", TO_CLIENT, EP, 0, 1, {
		{BOB_HERE, "08 05 00000210 00000453 00000110 40 00"},
		{"17 ff" ANN, DROPPED},
		{"08 ff ffff 8000 7fff 01 02", "21 ff" ANN "ffffffff ffff8000 00007fff 01 02"},
		{"08 ff ffff 8000 7fff 01 02", "08 ff ffffffff ffff8000 00007fff 01 02"}}},
	{"an entity, wide on both sides", TO_CLIENT, EP, EP, 1, {
		{"17 00" ANN, DROPPED},
		{"08 00 fffeffff 00018000 00007fff 01 02", "21 00" ANN "fffeffff 00018000 00007fff 01 02"}}},
	{"an entity with what came between", TO_CLIENT, 0, 0, 1, {
		{"V50", DROPPED},
		{TURN, DROPPED},
		{CHICKEN, DROPPED},
		{SCALE2, DROPPED},
		{BOB_HERE, "21 05" BOB "0210 0453 0110 40 00 " TURN CHICKEN SCALE2},
		{SCALE2, SAME}}},
	{"what came later counts", TO_CLIENT, 0, 0, 1, {
		{"V50", DROPPED},
		{CHICKEN, DROPPED},
		{SCALE2, DROPPED},
		{TURN, DROPPED},
		{SCALE3, DROPPED},
		{PIG, DROPPED},
		{BOB_HERE, "21 05" BOB "0210 0453 0110 40 00 " TURN SCALE3 PIG}}},
	{"what concerns others passes", TO_CLIENT, 0, 0, 1, {
		{"V50", DROPPED},
		{"1d 04 706967 20*61", SAME},
		{"2a 06 03 00000bb8", SAME},
		{"08 06 0210 0453 0110 40 00", SAME},
		{"0c 06", SAME},
		{BOB_HERE, BOB_SEEN}}},
	{"the latest entity counts", TO_CLIENT, 0, 0, 1, {
		{"17 05" ANN, DROPPED},
		{CHICKEN, DROPPED},
		{"V50", DROPPED},
		{TURN, DROPPED},
		{BOB_HERE, "21 05" BOB "0210 0453 0110 40 00 " TURN}}},
	{"an entity that leaves", TO_CLIENT, 0, 0, 1, {
		{"V50", DROPPED},
		{CHICKEN, DROPPED},
		{"0c 05", SAME},
		{CHICKEN, SAME},
		{BOB_HERE, SAME}}},
	{"a new level", TO_CLIENT, 0, 0, 1, {
		{"17 00" ANN, DROPPED},
		{"V50", DROPPED},
		{"17 ff" ANN, DROPPED},
		{"02", SAME},
		{"08 00 0210 0453 0110 40 00", SAME},
		{BOB_HERE, SAME},
		{"08 ff 0210 0453 0110 40 00", SAME},
		{"V50", DROPPED},
		{BOB_HERE, BOB_SEEN}}},
	{"a new level of another encoding", TO_CLIENT, FM | MA2, 0, 1, {
		{"V50", DROPPED},
		{"29 03 00000005", SAME},
		{"02", "02 00000000"},
		{"V59", MAP_SAYS "ffff 0000"},
		{BOB_HERE, SAME}}},
	{"two entities", TO_CLIENT, 0, 0, 1, {
		{"V50", DROPPED},
		{"17 06" ANN, DROPPED},
		{CHICKEN, DROPPED},
		{"2a 06 02 00000001", DROPPED},
		{"08 06 0001 0002 0003 04 05", "21 06" ANN "0001 0002 0003 04 05 2a 06 02 00000001"},
		{BOB_HERE, "21 05" BOB "0210 0453 0110 40 00 " CHICKEN}}},
	{"an entity spawned after all", TO_CLIENT, 0, 0, 1, {
		{"V50", DROPPED},
		{CHICKEN, DROPPED},
		{"V19", SAME},
		{BOB_HERE, SAME}}},
	{"relative moves pass", TO_CLIENT, 0, 0, 1, {
		{"V50", DROPPED},
		{"09 05 01 02 03 04 05", SAME},
		{"0a 05 01 02 03", SAME},
		{"0b 05 01 02", SAME},
		{BOB_HERE, BOB_SEEN}}},
	{"teleports that place it", TO_CLIENT, 0, 0, 1, {
		{"V50", DROPPED},
		{CHICKEN, DROPPED},
		{"36 05 31 0210 0453 0110 40 00", "21 05" BOB "0210 0453 0110 40 00 " CHICKEN},
		{"36 05 31 0210 0453 0110 40 00", SAME},
		{"V50", DROPPED},
		{"36 05 03 0210 0453 0110 40 00", "21 05" BOB "0210 0453 0110 00 00"}}},
	{"a rotation is that of the position", TO_CLIENT, 0, 0, 1, {
		{"V50", DROPPED},
		{"2a 05 01 00000040", DROPPED},
		{BOB_HERE, BOB_SEEN}}},
	{"a wide teleport", TO_CLIENT, EP, 0, 1, {
		{"V50", DROPPED},
		{"36 05 31 ffff 8000 7fff 40 00", "21 05" BOB "ffffffff ffff8000 00007fff 40 00"}}},
	{"teleports that do not place it", TO_CLIENT, 0, 0, 1, {
		{"V50", DROPPED},
		{"36 05 05 0210 0453 0110 40 00", SAME}, /* by a difference */
		{"36 05 07 0210 0453 0110 40 00", SAME},
		{"36 05 30 0210 0453 0110 40 00", SAME}, /* turns only */
		{BOB_HERE, BOB_SEEN}}},
	{"entities, both", TO_CLIENT, 0, 0, 2, {
		{"V50", SAME},
		{BOB_HERE, SAME},
		{"V63", SAME}}},
};
/* clang-format on */

static size_t expand_any(uint8_t *bytes, size_t size, const char *hex)
{
	char name[16];

	if (hex[0] != 'V')
		return expand(bytes, size, hex);
	snprintf(name, sizeof(name), "%s ", hex);
	for (size_t i = 0; i < COUNT(vectors); i++)
		if (strncmp(vectors[i].name, name, strlen(name)) == 0)
			return expand(bytes, size, vectors[i].hex);
	ck_abort_msg("no vector %s", hex);
}

START_TEST(scene_row)
{
	const struct scene *scene = &scenes[_i];
	struct dialect client, server;

	dialect_with(&client, scene->client);
	dialect_with(&server, scene->server);
	dialect_set(&server, &catalog, EXT_PLAYER_LIST, scene->players);
	for (size_t i = 0; i < STEPS_MAX && scene->steps[i].in != NULL; i++) {
		uint8_t packet[PACKET_SIZE_MAX], wanted[TRANSLATE_OUT_MAX];
		bool is_same = strcmp(scene->steps[i].out, SAME) == 0;
		const struct dialect *sender =
			scene->direction == TO_CLIENT ? &server : &client;
		size_t size = expand_any(packet, sizeof(packet), scene->steps[i].in);
		size_t n = expand_any(wanted, sizeof(wanted),
				      is_same ? scene->steps[i].in : scene->steps[i].out);
		char what[80];

		snprintf(what, sizeof(what), "%s, step %zu", scene->what, i);
		ck_assert_msg(size == dialect_size(sender, scene->direction, packet[0]),
			      "%s: not a packet", what);
		if (!is_same)
			ck_assert_msg(
				translate_wants(&client, &server, scene->direction, packet[0]),
				"%s: not wanted", what);
		check_packet(&client, &server, scene->direction, packet, size, wanted, n, what);
	}
}
END_TEST

/* What is kept for an entity has an end: a model and 19 properties, the first ones. */
/* ClassiCube makes the entity of an ExtAddEntity at once, whatever the version. */
START_TEST(classicube_takes_entities_without_a_position)
{
	uint8_t packet[PACKET_SIZE_MAX];
	struct dialect client, server;

	translate_free(state);
	state = translate_new(true);
	dialect_with(&client, 0);
	dialect_with(&server, 0);
	dialect_set(&server, &catalog, EXT_PLAYER_LIST, 1);
	size_t n = expand_any(packet, sizeof(packet), "V50");
	ck_assert_int_eq(
		translate_packet(state, &client, &server, TO_CLIENT, packet, out, &out_size),
		TRANSLATE_PASS);
	n = expand(packet, sizeof(packet), BOB_HERE);
	ck_assert_uint_eq(n, 10);
	ck_assert_int_eq(
		translate_packet(state, &client, &server, TO_CLIENT, packet, out, &out_size),
		TRANSLATE_PASS);
}
END_TEST

START_TEST(what_is_kept_has_an_end)
{
	uint8_t packet[PACKET_SIZE_MAX], wanted[TRANSLATE_OUT_MAX];
	struct dialect client, server;

	dialect_with(&client, 0);
	dialect_with(&server, 0);
	dialect_set(&server, &catalog, EXT_PLAYER_LIST, 1);
	size_t n = expand_any(packet, sizeof(packet), "V50");
	check_packet(&client, &server, TO_CLIENT, packet, n, NULL, 0, "entity");
	n = expand_any(wanted, sizeof(wanted), BOB_SEEN);
	for (uint8_t type = 2; type < 30; type++) {
		uint8_t property[] = {0x2a, 5, type, 0, 0, 0, type};
		if (type == 10) {
			size_t size = expand(packet, sizeof(packet), PIG);
			memcpy(wanted + n, packet, size);
			n += size;
			check_packet(&client, &server, TO_CLIENT, packet, size, NULL, 0, PIG);
		}
		if (type < 2 + 19) {
			memcpy(wanted + n, property, sizeof(property));
			n += sizeof(property);
		}
		check_packet(&client, &server, TO_CLIENT, property, sizeof(property), NULL, 0,
			     "property");
	}
	check_packet(&client, &server, TO_CLIENT, packet,
		     expand(packet, sizeof(packet), BOB_HERE), wanted, n, "position");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("translate_convert");
	TCase *tcase = tcase_create("packets");

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_loop_test(tcase, blocks_that_the_server_knows, 0,
			    1 << COUNT(block_extensions));
	tcase_add_loop_test(tcase, chosen_blocks_that_the_server_knows, 0,
			    1 << COUNT(block_extensions));
	tcase_add_loop_test(tcase, blocks_for_the_client, 0, COUNT(client_block_packets));
	tcase_add_loop_test(tcase, scene_row, 0, COUNT(scenes));
	tcase_add_test(tcase, classicube_takes_entities_without_a_position);
	tcase_add_test(tcase, what_is_kept_has_an_end);
	suite_add_tcase(suite, tcase);
	return suite_main(suite);
}
