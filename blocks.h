/* SPDX-License-Identifier: MIT */
/*
 * The standard blocks by name, and what to show instead of a block that a side does not know.
 * Pure code. Ids above BLOCK_STONE_BRICK have no meaning of their own: a server defines them.
 */
#ifndef BLOCKS_H
#define BLOCKS_H

#include <stdbool.h>
#include <stdint.h>

enum block {
	BLOCK_AIR,
	BLOCK_STONE,
	BLOCK_GRASS,
	BLOCK_DIRT,
	BLOCK_COBBLESTONE,
	BLOCK_PLANKS,
	BLOCK_SAPLING,
	BLOCK_BEDROCK,
	BLOCK_WATER,
	BLOCK_STILL_WATER,
	BLOCK_LAVA,
	BLOCK_STILL_LAVA,
	BLOCK_SAND,
	BLOCK_GRAVEL,
	BLOCK_GOLD_ORE,
	BLOCK_IRON_ORE,
	BLOCK_COAL_ORE,
	BLOCK_LOG,
	BLOCK_LEAVES, /* the highest id of protocols 3 and 4 */
	BLOCK_SPONGE,
	BLOCK_GLASS, /* the highest id of protocol 5 */
	BLOCK_RED,
	BLOCK_ORANGE,
	BLOCK_YELLOW,
	BLOCK_LIME,
	BLOCK_GREEN,
	BLOCK_TEAL,
	BLOCK_AQUA,
	BLOCK_CYAN,
	BLOCK_BLUE,
	BLOCK_INDIGO,
	BLOCK_VIOLET,
	BLOCK_MAGENTA,
	BLOCK_PINK,
	BLOCK_BLACK,
	BLOCK_GRAY,
	BLOCK_WHITE,
	BLOCK_DANDELION,
	BLOCK_ROSE,
	BLOCK_BROWN_MUSHROOM,
	BLOCK_RED_MUSHROOM,
	BLOCK_GOLD, /* the highest id of protocol 6 */
	BLOCK_IRON,
	BLOCK_DOUBLE_SLAB,
	BLOCK_SLAB,
	BLOCK_BRICK,
	BLOCK_TNT,
	BLOCK_BOOKSHELF,
	BLOCK_MOSSY_COBBLESTONE,
	BLOCK_OBSIDIAN, /* the highest id of protocol 7 without CustomBlocks */
	BLOCK_COBBLESTONE_SLAB,
	BLOCK_ROPE,
	BLOCK_SANDSTONE,
	BLOCK_SNOW,
	BLOCK_FIRE,
	BLOCK_LIGHT_PINK,
	BLOCK_FOREST_GREEN,
	BLOCK_BROWN,
	BLOCK_DEEP_BLUE,
	BLOCK_TURQUOISE,
	BLOCK_ICE,
	BLOCK_CERAMIC_TILE,
	BLOCK_MAGMA,
	BLOCK_PILLAR,
	BLOCK_CRATE,
	BLOCK_STONE_BRICK, /* the highest id with CustomBlocks level 1 */
	BLOCK_STANDARD_COUNT,
};

/*
 * The block to show for `block` on a side of `protocol` 3 to 7; the block itself where the side
 * knows it. `custom_blocks`: the side has CustomBlocks (protocol 7 only). Ids without a
 * standard meaning become stone: ask only for those that the side has no definition of.
 */
uint8_t block_fallback(uint8_t block, uint8_t protocol, bool custom_blocks);

#endif
