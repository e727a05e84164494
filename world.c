/* SPDX-License-Identifier: MIT */
/*
 * Generates the lobby's island and packs it for each protocol. Knows blocks and places, no
 * player and no server.
 *
 * Everything is integer arithmetic on hashed coordinates, so the island is the same everywhere.
 * The sea is as high as the endless ocean that clients draw around a map (half the map's
 * height), so the edge does not show. All that is built lies on a flat square around the
 * middle, whose size follows from the number of portals.
 */
#include "world.h"

#include <stdbool.h>
#include <stdlib.h>
#include <zlib.h>

#include "blocks.h"

enum {
	MIDDLE = WORLD_X / 2,  /* the middle cell, in both axes */
	SEA = WORLD_Y / 2 - 1, /* the topmost block of water */
	FLOOR = SEA + 1,       /* the ground of the plaza */
	SEABED = SEA - 6,      /* not deeper than this */
	SHORE = 26,            /* distance of the shore from the middle, give or take two */
	BEACH = 3,             /* its width */
	OPENING = 3,           /* height of an arch's opening */
	PITCH = 4,             /* from one arch to the next */
	RING_MIN = 7,          /* distance of the arches from the middle */
	MARGIN = 2,            /* flat ground behind the arches */
	DISC = 5,              /* radius of the paved disc in the middle */
	LAWN_RING = 12,        /* from this distance on, the plaza has lawns with trees */
	UNITS = 32,            /* a block in units of positions */
	SIDES = 4,
	LEVEL_CLASSES = 4, /* protocols 3 and 4, 5, 6, 7 */
};

struct level {
	uint8_t *data;
	size_t size;
};

struct world {
	uint8_t blocks[WORLD_VOLUME];
	struct packet_position spawn;
	struct world_portal portals[WORLD_PORTALS_MAX];
	size_t n_portals;
	int ring; /* distance of the arches from the middle */
	struct level levels[LEVEL_CLASSES];
};

/* A side of the plaza: the way out, and where somebody at its arches looks who faces the
 * middle. */
struct side {
	int out_x, out_z;
	uint8_t inward_yaw;
};

static const struct side sides[SIDES] = {
	{0, -1, 128}, /* ahead of who has just spawned */
	{1, 0, 192},
	{-1, 0, 64},
	{0, 1, 0},
};

static uint8_t *cell(struct world *world, int x, int y, int z)
{
	return &world->blocks[(y * WORLD_Z + z) * WORLD_X + x];
}

static int get(const struct world *world, int x, int y, int z)
{
	return world->blocks[(y * WORLD_Z + z) * WORLD_X + x];
}

static int clamp(int value, int low, int high)
{
	return value < low ? low : value > high ? high : value;
}

/* Distance from the middle as the larger of both axes: what is built is square. */
static int square_distance(int x, int z)
{
	int dx = abs(x - MIDDLE), dz = abs(z - MIDDLE);

	return dx > dz ? dx : dz;
}

/* Distance from the middle in 1/16 block. */
static int round_distance(int x, int z)
{
	int dx = x - MIDDLE, dz = z - MIDDLE;
	int square = (dx * dx + dz * dz) * 256;
	int root = 0;

	for (int bit = 1 << 10; bit != 0; bit >>= 1)
		if ((root + bit) * (root + bit) <= square)
			root += bit;
	return root;
}

static uint32_t hash(int x, int z, uint32_t salt)
{
	uint32_t h = (uint32_t)x * 0x9e3779b1u ^ (uint32_t)z * 0x85ebca77u ^ salt * 0xc2b2ae3du;

	h = (h ^ h >> 15) * 0x2c1b3c6du;
	h = (h ^ h >> 12) * 0x297a2d39u;
	return h ^ h >> 15;
}

/* Smooth noise 0..255: hashes on a grid of 8 blocks, blended in between. */
static int noise(int x, int z, uint32_t salt)
{
	int gx = x / 8, gz = z / 8, fx = x % 8, fz = z % 8;
	int a = (int)(hash(gx, gz, salt) & 255), b = (int)(hash(gx + 1, gz, salt) & 255);
	int c = (int)(hash(gx, gz + 1, salt) & 255),
	    d = (int)(hash(gx + 1, gz + 1, salt) & 255);
	int near = a * (8 - fx) + b * fx, far = c * (8 - fx) + d * fx;

	return (near * (8 - fz) + far * fz) / 64;
}

/* How far inside the shore, in 1/16 block; negative in the sea. */
static int inland(int x, int z)
{
	return SHORE * 16 + (noise(x, z, 1) - 128) / 4 - round_distance(x, z);
}

static int ground_height(const struct world *world, int x, int z)
{
	int depth = inland(x, z);
	int beyond = square_distance(x, z) - (world->ring + MARGIN);

	if (beyond <= 0)
		return FLOOR;
	if (depth < 0)
		return clamp(SEA - 1 + depth / 24, SEABED, SEA);
	if (depth < BEACH * 16)
		return depth < 16 ? SEA : FLOOR;
	return FLOOR + noise(x, z, 2) * clamp(beyond - 1, 0, 6) *
			       clamp(depth / 16 - BEACH, 0, 4) / (255 * 8);
}

static void fill_column(struct world *world, int x, int z)
{
	int ground = ground_height(world, x, z);
	bool built = square_distance(x, z) <= world->ring + MARGIN;
	bool beach = !built && inland(x, z) < BEACH * 16;
	bool gravel = beach && ground < SEA && noise(x, z, 3) > 150;

	*cell(world, x, 0, z) = BLOCK_BEDROCK;
	for (int y = 1; y <= ground; y++)
		*cell(world, x, y, z) = y <= ground - 3 ? BLOCK_STONE
					: beach         ? BLOCK_SAND
							: BLOCK_DIRT;
	*cell(world, x, ground, z) = gravel ? BLOCK_GRAVEL : beach ? BLOCK_SAND : BLOCK_GRASS;
	for (int y = ground + 1; y <= SEA; y++)
		*cell(world, x, y, z) = BLOCK_STILL_WATER;
}

/* A disc in the middle, paths along the axes, and a band beneath the arches. */
static void pave(struct world *world)
{
	int edge = world->ring + MARGIN;

	for (int z = MIDDLE - edge; z <= MIDDLE + edge; z++) {
		for (int x = MIDDLE - edge; x <= MIDDLE + edge; x++) {
			int distance = square_distance(x, z);
			bool disc = round_distance(x, z) <= DISC * 16 + 8;
			bool path = abs(x - MIDDLE) <= 1 || abs(z - MIDDLE) <= 1;
			bool band = distance >= world->ring - 3;

			if (distance == edge)
				*cell(world, x, FLOOR, z) = BLOCK_COBBLESTONE;
			else if (disc || path || band)
				*cell(world, x, FLOOR, z) = BLOCK_DOUBLE_SLAB;
		}
	}
	*cell(world, MIDDLE, FLOOR, MIDDLE) = BLOCK_MOSSY_COBBLESTONE;
}

static void plant_tree(struct world *world, int x, int z, int trunk)
{
	int ground = ground_height(world, x, z);
	int top = ground + trunk;

	for (int y = top - 2; y <= top + 1; y++) {
		int reach = y < top ? 2 : 1;

		for (int dz = -reach; dz <= reach; dz++)
			for (int dx = -reach; dx <= reach; dx++)
				if (abs(dx) + abs(dz) < 2 * reach ||
				    (y < top && hash(x + dx, z + dz, (uint32_t)y) % 2))
					*cell(world, x + dx, y, z + dz) = BLOCK_LEAVES;
	}
	for (int y = ground + 1; y <= top; y++)
		*cell(world, x, y, z) = BLOCK_LOG;
	*cell(world, x, ground, z) = BLOCK_DIRT;
}

/* Is there anything but air above this ground within `reach`? */
static bool is_shaded(const struct world *world, int x, int z, int reach)
{
	for (int dz = -reach; dz <= reach; dz++)
		for (int dx = -reach; dx <= reach; dx++)
			for (int y = FLOOR + 4; y < FLOOR + 9; y++)
				if (get(world, x + dx, y, z + dz) != BLOCK_AIR)
					return true;
	return false;
}

static void plant_trees(struct world *world)
{
	int lawn = world->ring / 2;

	for (int z = 4; z < WORLD_Z - 4; z++)
		for (int x = 4; x < WORLD_X - 4; x++)
			if (hash(x, z, 4) % 31 == 0 && inland(x, z) > (BEACH + 1) * 16 &&
			    square_distance(x, z) > world->ring + MARGIN + 2 &&
			    !is_shaded(world, x, z, 3))
				plant_tree(world, x, z, 4 + (int)(hash(x, z, 5) % 2));
	if (world->ring < LAWN_RING)
		return;
	for (int corner = 0; corner < SIDES; corner++)
		plant_tree(world, MIDDLE + (corner & 1 ? lawn : -lawn),
			   MIDDLE + (corner & 2 ? lawn : -lawn), 5);
}

static void plant_flowers(struct world *world)
{
	for (int z = 0; z < WORLD_Z; z++) {
		for (int x = 0; x < WORLD_X; x++) {
			int ground = ground_height(world, x, z);
			uint32_t luck = hash(x, z, 6);

			if (luck % 23 == 0 && get(world, x, ground, z) == BLOCK_GRASS &&
			    get(world, x, ground + 1, z) == BLOCK_AIR)
				*cell(world, x, ground + 1, z) =
					luck & 1 << 16 ? BLOCK_ROSE : BLOCK_DANDELION;
		}
	}
}

/* The middle of a block's floor, at the height of the plaza. */
static struct packet_position stand_at(int x, int z, uint8_t yaw)
{
	return (struct packet_position){
		.x = x * UNITS + UNITS / 2,
		.y = (FLOOR + 1) * UNITS,
		.z = z * UNITS + UNITS / 2,
		.yaw = yaw,
	};
}

/* An arch around the opening at x, z: two pillars, a lintel, and a mat that leads through it to
 * the figure. */
static void build_arch(struct world *world, int x, int z, const struct side *side)
{
	int right_x = -side->out_z, right_z = side->out_x;

	for (int y = FLOOR + 1; y <= FLOOR + OPENING; y++) {
		*cell(world, x - right_x, y, z - right_z) = BLOCK_OBSIDIAN;
		*cell(world, x + right_x, y, z + right_z) = BLOCK_OBSIDIAN;
	}
	for (int i = -1; i <= 1; i++) {
		*cell(world, x + i * right_x, FLOOR + OPENING + 1, z + i * right_z) =
			BLOCK_OBSIDIAN;
		*cell(world, x + i * right_x, FLOOR, z + i * right_z) = BLOCK_OBSIDIAN;
		*cell(world, x + i * side->out_x, FLOOR, z + i * side->out_z) = BLOCK_GOLD;
	}
}

static void add_portal(struct world *world, const struct side *side, int index, int of)
{
	struct world_portal *portal = &world->portals[world->n_portals++];
	int along = PITCH * index - PITCH / 2 * (of - 1);
	int x = MIDDLE + side->out_x * world->ring - side->out_z * along;
	int z = MIDDLE + side->out_z * world->ring + side->out_x * along;
	int behind_x = x + side->out_x, behind_z = z + side->out_z;

	build_arch(world, x, z, side);
	portal->figure = stand_at(behind_x, behind_z, side->inward_yaw);
	portal->exit = stand_at(x - 2 * side->out_x, z - 2 * side->out_z, side->inward_yaw);
	/* A block of slack below, because clients report their height 22/32 too low right after
	 * a teleport. */
	portal->min = (struct packet_position){
		.x = (x < behind_x ? x : behind_x) * UNITS,
		.y = FLOOR * UNITS,
		.z = (z < behind_z ? z : behind_z) * UNITS,
	};
	portal->max = (struct packet_position){
		.x = ((x > behind_x ? x : behind_x) + 1) * UNITS,
		.y = (FLOOR + 1 + OPENING) * UNITS,
		.z = ((z > behind_z ? z : behind_z) + 1) * UNITS,
	};
}

/* Up to three stand in one row ahead of the spawn; more are spread evenly, ahead first, behind
 * last. */
static void share_out(size_t portals, int per_side[static SIDES])
{
	static const int extra[SIDES][SIDES] = {
		{0, 0, 0, 0}, {1, 0, 0, 0}, {0, 1, 1, 0}, {1, 1, 1, 0}};
	int each = (int)portals / SIDES, rest = (int)portals % SIDES;

	for (int i = 0; i < SIDES; i++)
		per_side[i] = each > 0 ? each + extra[rest][i] : i == 0 ? rest : 0;
}

static void build(struct world *world, const int per_side[static SIDES])
{
	pave(world);
	for (int i = 0; i < SIDES; i++)
		for (int j = 0; j < per_side[i]; j++)
			add_portal(world, &sides[i], j, per_side[i]);
	plant_trees(world);
	plant_flowers(world);
	world->spawn = stand_at(MIDDLE, MIDDLE + 3, 0);
}

struct world *world_new(size_t portals)
{
	struct world *world = calloc(1, sizeof *world);
	int per_side[SIDES], most = 0;

	if (world == NULL)
		return NULL;
	share_out(portals < WORLD_PORTALS_MAX ? portals : WORLD_PORTALS_MAX, per_side);
	for (int i = 0; i < SIDES; i++)
		most = per_side[i] > most ? per_side[i] : most;
	world->ring = PITCH / 2 * most + 2 > RING_MIN ? PITCH / 2 * most + 2 : RING_MIN;
	for (int z = 0; z < WORLD_Z; z++)
		for (int x = 0; x < WORLD_X; x++)
			fill_column(world, x, z);
	build(world, per_side);
	return world;
}

void world_free(struct world *world)
{
	if (world == NULL)
		return;
	for (size_t i = 0; i < LEVEL_CLASSES; i++)
		free(world->levels[i].data);
	free(world);
}

size_t world_portal_count(const struct world *world)
{
	return world->n_portals;
}

const struct world_portal *world_portal(const struct world *world, size_t index)
{
	return &world->portals[index];
}

int world_portal_at(const struct world *world, const struct packet_position *feet)
{
	for (size_t i = 0; i < world->n_portals; i++) {
		const struct packet_position *min = &world->portals[i].min,
					     *max = &world->portals[i].max;

		if (feet->x >= min->x && feet->x < max->x && feet->y >= min->y &&
		    feet->y < max->y && feet->z >= min->z && feet->z < max->z)
			return (int)i;
	}
	return -1;
}

const struct packet_position *world_spawn(const struct world *world)
{
	return &world->spawn;
}

int world_block(const struct world *world, unsigned x, unsigned y, unsigned z, uint8_t protocol)
{
	if (x >= WORLD_X || y >= WORLD_Y || z >= WORLD_Z)
		return -1;
	return block_fallback((uint8_t)get(world, (int)x, (int)y, (int)z), protocol, false);
}

/* Packs `in` into a gzip stream of its own allocation. */
static bool pack(struct level *level, uint8_t *in, size_t size)
{
	z_stream stream = {.next_in = in, .avail_in = (uInt)size};

	if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS + 16, 8,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		return false;
	size_t bound = deflateBound(&stream, (uLong)size);
	uint8_t *out = malloc(bound);
	bool done = false;

	if (out != NULL) {
		stream.next_out = out;
		stream.avail_out = (uInt)bound;
		done = deflate(&stream, Z_FINISH) == Z_STREAM_END;
	}
	deflateEnd(&stream);
	if (!done) {
		free(out);
		return false;
	}
	level->data = out;
	level->size = stream.total_out;
	return true;
}

const uint8_t *world_level(struct world *world, uint8_t protocol, size_t *size)
{
	struct level *level = &world->levels[clamp(protocol, 4, PACKET_PROTOCOL) - 4];

	if (level->data == NULL) {
		uint8_t *plain = malloc(4 + WORLD_VOLUME);

		if (plain == NULL)
			return NULL;
		packet_put_u32(plain, WORLD_VOLUME);
		for (size_t i = 0; i < WORLD_VOLUME; i++)
			plain[4 + i] = block_fallback(world->blocks[i], protocol, false);
		bool packed = pack(level, plain, 4 + WORLD_VOLUME);

		free(plain);
		if (!packed)
			return NULL;
	}
	*size = level->size;
	return level->data;
}
