/* SPDX-License-Identifier: MIT */
/*
 * What to show instead of a block that a side does not know. One table: a row a block, from the
 * first that some protocol lacks, and a column a class of protocols.
 */
#include "blocks.h"

#include "packet.h"

enum column { PROTOCOL_7, PROTOCOL_6, PROTOCOL_5, PROTOCOL_4, COLUMNS };

/* clang-format off */
static const uint8_t fallbacks[BLOCK_STANDARD_COUNT - BLOCK_SPONGE][COLUMNS] = {
#define ROW(block, p7, p6, p5, p4) [BLOCK_##block - BLOCK_SPONGE] = {BLOCK_##p7, BLOCK_##p6, BLOCK_##p5, BLOCK_##p4}
	/*  block               protocol 7       6            5            3, 4 */
	ROW(SPONGE,            SPONGE,           SPONGE,      SPONGE,      GOLD_ORE),
	ROW(GLASS,             GLASS,            GLASS,       GLASS,       LEAVES),
	ROW(RED,               RED,              RED,         SAND,        SAND),
	ROW(ORANGE,            ORANGE,           ORANGE,      SAND,        SAND),
	ROW(YELLOW,            YELLOW,           YELLOW,      SAND,        SAND),
	ROW(LIME,              LIME,             LIME,        SAND,        SAND),
	ROW(GREEN,             GREEN,            GREEN,       SAND,        SAND),
	ROW(TEAL,              TEAL,             TEAL,        SAND,        SAND),
	ROW(AQUA,              AQUA,             AQUA,        SAND,        SAND),
	ROW(CYAN,              CYAN,             CYAN,        SAND,        SAND),
	ROW(BLUE,              BLUE,             BLUE,        SAND,        SAND),
	ROW(INDIGO,            INDIGO,           INDIGO,      SAND,        SAND),
	ROW(VIOLET,            VIOLET,           VIOLET,      SAND,        SAND),
	ROW(MAGENTA,           MAGENTA,          MAGENTA,     SAND,        SAND),
	ROW(PINK,              PINK,             PINK,        SAND,        SAND),
	ROW(BLACK,             BLACK,            BLACK,       STONE,       STONE),
	ROW(GRAY,              GRAY,             GRAY,        STONE,       STONE),
	ROW(WHITE,             WHITE,            WHITE,       SAND,        SAND),
	ROW(DANDELION,         DANDELION,        DANDELION,   SAPLING,     SAPLING),
	ROW(ROSE,              ROSE,             ROSE,        SAPLING,     SAPLING),
	ROW(BROWN_MUSHROOM,    BROWN_MUSHROOM,   BROWN_MUSHROOM, SAPLING,  SAPLING),
	ROW(RED_MUSHROOM,      RED_MUSHROOM,     RED_MUSHROOM, SAPLING,    SAPLING),
	ROW(GOLD,              GOLD,             GOLD,        SPONGE,      GOLD_ORE),
	ROW(IRON,              IRON,             STONE,       STONE,       STONE),
	ROW(DOUBLE_SLAB,       DOUBLE_SLAB,      GRAY,        STONE,       STONE),
	ROW(SLAB,              SLAB,             GRAY,        STONE,       STONE),
	ROW(BRICK,             BRICK,            RED,         COBBLESTONE, COBBLESTONE),
	ROW(TNT,               TNT,              RED,         SAND,        SAND),
	ROW(BOOKSHELF,         BOOKSHELF,        PLANKS,      PLANKS,      PLANKS),
	ROW(MOSSY_COBBLESTONE, MOSSY_COBBLESTONE, COBBLESTONE, COBBLESTONE, COBBLESTONE),
	ROW(OBSIDIAN,          OBSIDIAN,         BLACK,       COBBLESTONE, COBBLESTONE),
	ROW(COBBLESTONE_SLAB,  SLAB,             COBBLESTONE, COBBLESTONE, COBBLESTONE),
	ROW(ROPE,              BROWN_MUSHROOM,   BROWN_MUSHROOM, SAPLING,  SAPLING),
	ROW(SANDSTONE,         SAND,             SAND,        SAND,        SAND),
	ROW(SNOW,              AIR,              AIR,         AIR,         AIR),
	ROW(FIRE,              LAVA,             LAVA,        LAVA,        LAVA),
	ROW(LIGHT_PINK,        PINK,             PINK,        SAND,        SAND),
	ROW(FOREST_GREEN,      GREEN,            GREEN,       SAND,        SAND),
	ROW(BROWN,             DIRT,             DIRT,        DIRT,        DIRT),
	ROW(DEEP_BLUE,         BLUE,             BLUE,        SAND,        SAND),
	ROW(TURQUOISE,         CYAN,             CYAN,        SAND,        SAND),
	ROW(ICE,               GLASS,            GLASS,       GLASS,       LEAVES),
	ROW(CERAMIC_TILE,      IRON,             GOLD,        STONE,       STONE),
	ROW(MAGMA,             OBSIDIAN,         COBBLESTONE, COBBLESTONE, COBBLESTONE),
	ROW(PILLAR,            WHITE,            WHITE,       STONE,       STONE),
	ROW(CRATE,             PLANKS,           PLANKS,      PLANKS,      PLANKS),
	ROW(STONE_BRICK,       STONE,            STONE,       STONE,       STONE),
#undef ROW
};
/* clang-format on */

static enum column column_of(uint8_t protocol)
{
	static const uint8_t columns[] = {[5] = PROTOCOL_5, [6] = PROTOCOL_6, [7] = PROTOCOL_7};

	if (protocol < 5)
		return PROTOCOL_4;
	return columns[protocol > PACKET_PROTOCOL ? PACKET_PROTOCOL : protocol];
}

uint8_t block_fallback(uint8_t block, uint8_t protocol, bool custom_blocks)
{
	if (block < BLOCK_SPONGE)
		return block;
	if (block >= BLOCK_STANDARD_COUNT)
		return BLOCK_STONE;
	if (custom_blocks && protocol >= PACKET_PROTOCOL)
		return block;
	return fallbacks[block - BLOCK_SPONGE][column_of(protocol)];
}
