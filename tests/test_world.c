/* SPDX-License-Identifier: MIT */
/* The island: whole at every number of portals, walkable, and packed rightly for each protocol.
 */
#include <check.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "blocks.h"
#include "suite.h"
#include "world.h"

#define UNITS 32

static struct world *make(size_t portals)
{
	struct world *world = world_new(portals);

	ck_assert_ptr_nonnull(world);
	return world;
}

static int at(const struct world *world, int x, int y, int z)
{
	int block = world_block(world, (unsigned)x, (unsigned)y, (unsigned)z, 7);

	REQUIRE(block >= 0);
	return block;
}

static bool is_solid(int block)
{
	return block != BLOCK_AIR && block != BLOCK_STILL_WATER && block != BLOCK_ROSE &&
	       block != BLOCK_DANDELION;
}

/* Somebody two blocks tall can stand here, on firm ground. */
static void assert_standable(const struct world *world, const struct packet_position *feet)
{
	int x = feet->x / UNITS, y = feet->y / UNITS, z = feet->z / UNITS;

	ck_assert_int_eq(feet->y % UNITS, 0);
	ck_assert(is_solid(at(world, x, y - 1, z)));
	ck_assert_int_eq(at(world, x, y, z), BLOCK_AIR);
	ck_assert_int_eq(at(world, x, y + 1, z), BLOCK_AIR);
}

START_TEST(an_island_in_the_sea)
{
	struct world *world = make((size_t)_i);
	int logs = 0, flowers = 0;

	for (int z = 0; z < WORLD_Z; z++) {
		for (int x = 0; x < WORLD_X; x++) {
			bool edge = x == 0 || z == 0 || x == WORLD_X - 1 || z == WORLD_Z - 1;

			REQUIRE(at(world, x, 0, z) == BLOCK_BEDROCK);
			REQUIRE(at(world, x, WORLD_Y - 1, z) == BLOCK_AIR);
			if (edge) {
				REQUIRE(at(world, x, WORLD_Y / 2 - 1, z) == BLOCK_STILL_WATER);
				REQUIRE(at(world, x, WORLD_Y / 2, z) == BLOCK_AIR);
			}
			for (int y = 1; y < WORLD_Y; y++) {
				int block = at(world, x, y, z);

				logs += block == BLOCK_LOG;
				flowers += block == BLOCK_ROSE || block == BLOCK_DANDELION;
				if (block == BLOCK_LOG || block == BLOCK_ROSE ||
				    block == BLOCK_STILL_WATER)
					REQUIRE(at(world, x, y - 1, z) != BLOCK_AIR);
			}
		}
	}
	ck_assert_int_ge(logs, 4 * 4);
	ck_assert_int_ge(flowers, 10);
	assert_standable(world, world_spawn(world));
	ck_assert_int_eq(world_portal_at(world, world_spawn(world)), -1);
	world_free(world);
}
END_TEST

/* The number of arches around a portal's opening: its four neighbours that are obsidian at
 * head's height. */
static int pillars(const struct world *world, int x, int y, int z)
{
	return (at(world, x - 1, y, z) == BLOCK_OBSIDIAN) +
	       (at(world, x + 1, y, z) == BLOCK_OBSIDIAN) +
	       (at(world, x, y, z - 1) == BLOCK_OBSIDIAN) +
	       (at(world, x, y, z + 1) == BLOCK_OBSIDIAN);
}

static int sign(int value)
{
	return (value > 0) - (value < 0);
}

/* Walks from the exit to the figure: first outside, then through the arch, and at last inside.
 */
static void assert_walk(const struct world *world, int index)
{
	const struct world_portal *portal = world_portal(world, (size_t)index);
	struct packet_position feet = portal->exit;
	int dx = sign(portal->figure.x - feet.x), dz = sign(portal->figure.z - feet.z);
	int arches = 0;

	ck_assert_int_eq(abs(dx) + abs(dz), 1);
	ck_assert_int_eq(world_portal_at(world, &feet), -1);
	for (int step = 0; feet.x != portal->figure.x || feet.z != portal->figure.z; step++) {
		int x = feet.x / UNITS, y = feet.y / UNITS, z = feet.z / UNITS;
		bool arch = pillars(world, x, y, z) == 2;

		ck_assert_int_lt(step, 10);
		assert_standable(world, &feet);
		ck_assert_int_eq(world_portal_at(world, &feet), arch ? index : -1);
		if (arch)
			ck_assert_int_eq(at(world, x, y + 3, z), BLOCK_OBSIDIAN);
		arches += arch;
		feet.x += dx * UNITS;
		feet.z += dz * UNITS;
	}
	ck_assert_int_eq(arches, 1);
	assert_standable(world, &feet);
	ck_assert_int_eq(world_portal_at(world, &feet), index);
}

START_TEST(portals_can_be_walked_through)
{
	struct world *world = make((size_t)_i);
	size_t expected = _i < WORLD_PORTALS_MAX ? (size_t)_i : WORLD_PORTALS_MAX;

	ck_assert_uint_eq(world_portal_count(world), expected);
	for (size_t i = 0; i < expected; i++)
		assert_walk(world, (int)i);
	world_free(world);
}
END_TEST

/* A figure and who comes out look towards the middle: along the way from the figure to the
 * exit. */
START_TEST(figures_face_the_plaza)
{
	struct world *world = make(WORLD_PORTALS_MAX);

	for (size_t i = 0; i < WORLD_PORTALS_MAX; i++) {
		const struct world_portal *portal = world_portal(world, i);
		int dx = sign(portal->exit.x - portal->figure.x),
		    dz = sign(portal->exit.z - portal->figure.z);
		int yaw = dz < 0 ? 0 : dx > 0 ? 64 : dz > 0 ? 128 : 192;

		ck_assert_int_eq(portal->figure.yaw, yaw);
		ck_assert_int_eq(portal->exit.yaw, yaw);
	}
	world_free(world);
}
END_TEST

/* The arches of each side stand evenly left and right of the middle, which is straight ahead of
 * the spawn. */
START_TEST(rows_are_centred)
{
	struct world *world = make((size_t)_i);
	int off_centre[4] = {0}, middle = world_spawn(world)->x;

	for (size_t i = 0; i < world_portal_count(world); i++) {
		const struct packet_position *figure = &world_portal(world, i)->figure;
		int side = figure->yaw / 64;

		off_centre[side] += (side % 2 == 0 ? figure->x : figure->z) - middle;
	}
	for (int side = 0; side < 4; side++)
		ck_assert_int_eq(off_centre[side], 0);
	world_free(world);
}
END_TEST

START_TEST(a_portal_has_a_roof)
{
	struct world *world = make(1);
	struct packet_position feet = world_portal(world, 0)->figure;

	feet.y -= 22; /* what clients report right after a teleport */
	ck_assert_int_eq(world_portal_at(world, &feet), 0);
	feet.y += 22 + 4 * UNITS;
	ck_assert_int_eq(world_portal_at(world, &feet), -1);
	feet.y = 0;
	ck_assert_int_eq(world_portal_at(world, &feet), -1);
	world_free(world);
}
END_TEST

static size_t inflate_level(uint8_t *out, size_t room, const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size);

	memcpy(copy, data, size);
	z_stream stream = {.next_in = copy,
			   .avail_in = (uInt)size,
			   .next_out = out,
			   .avail_out = (uInt)room};

	ck_assert_int_eq(inflateInit2(&stream, MAX_WBITS + 16), Z_OK);
	ck_assert_int_eq(inflate(&stream, Z_FINISH), Z_STREAM_END);
	ck_assert_uint_eq(stream.avail_in, 0);
	inflateEnd(&stream);
	free(copy);
	return stream.total_out;
}

START_TEST(a_level_fits_its_protocol)
{
	static const uint8_t highest[] = {[3] = 18, [4] = 18, [5] = 20, [6] = 41, [7] = 49};
	static uint8_t plain[4 + WORLD_VOLUME + 1];
	struct world *world = make(5);
	uint8_t protocol = (uint8_t)_i;
	size_t size = 0, again = 0;
	const uint8_t *level = world_level(world, protocol, &size);

	ck_assert_ptr_nonnull(level);
	ck_assert_ptr_eq(world_level(world, protocol, &again), level);
	ck_assert_uint_eq(again, size);
	ck_assert_uint_eq(inflate_level(plain, sizeof plain, level, size), 4 + WORLD_VOLUME);
	ck_assert_uint_eq(packet_get_u32(plain), WORLD_VOLUME);
	for (unsigned i = 0; i < WORLD_VOLUME; i++) {
		unsigned x = i % WORLD_X, z = i / WORLD_X % WORLD_Z, y = i / WORLD_X / WORLD_Z;

		REQUIRE(plain[4 + i] <= highest[protocol]);
		REQUIRE(plain[4 + i] == world_block(world, x, y, z, protocol));
	}
	world_free(world);
}
END_TEST

START_TEST(outside_is_no_block)
{
	struct world *world = make(0);

	ck_assert_int_eq(world_block(world, WORLD_X, 0, 0, 7), -1);
	ck_assert_int_eq(world_block(world, 0, WORLD_Y, 0, 7), -1);
	ck_assert_int_eq(world_block(world, 0, 0, WORLD_Z, 7), -1);
	ck_assert_int_eq(world_block(world, 65535, 65535, 65535, 7), -1);
	world_free(world);
	world_free(NULL);
}
END_TEST

START_TEST(always_the_same)
{
	struct world *one = make(9), *two = make(9);
	size_t size_one = 0, size_two = 0;
	const uint8_t *level_one = world_level(one, 7, &size_one);
	const uint8_t *level_two = world_level(two, 7, &size_two);

	ck_assert_uint_eq(size_one, size_two);
	ck_assert_mem_eq(level_one, level_two, size_one);
	world_free(one);
	world_free(two);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("world");
	TCase *tcase = tcase_create("island");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, an_island_in_the_sea, 0, WORLD_PORTALS_MAX + 2);
	tcase_add_loop_test(tcase, portals_can_be_walked_through, 0, WORLD_PORTALS_MAX + 2);
	tcase_add_test(tcase, figures_face_the_plaza);
	tcase_add_loop_test(tcase, rows_are_centred, 0, WORLD_PORTALS_MAX + 1);
	tcase_add_test(tcase, a_portal_has_a_roof);
	tcase_add_loop_test(tcase, a_level_fits_its_protocol, 3, 8);
	tcase_add_test(tcase, outside_is_no_block);
	tcase_add_test(tcase, always_the_same);
	suite_add_tcase(suite, tcase);
	return suite_main(suite);
}
