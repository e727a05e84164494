/* SPDX-License-Identifier: MIT */
/* What is shown instead of blocks that a side does not know. */
#include <check.h>

#include "blocks.h"
#include "packet.h"
#include "suite.h"

/* The highest id that a protocol shows, with and without CustomBlocks. */
/* clang-format off */
static const struct limit {
	uint8_t protocol;
	bool custom_blocks;
	uint8_t highest;
} limits[] = {
	{3, false, 18}, {4, false, 18}, {5, false, 20}, {6, false, 41}, {7, false, 49}, {7, true, 65},
	{6, true, 41}, /* CustomBlocks needs protocol 7 */
};

static const struct vector {
	uint8_t block, protocol_7, protocol_6, protocol_5, protocol_4;
} vectors[] = {
	{0, 0, 0, 0, 0}, {18, 18, 18, 18, 18}, {19, 19, 19, 19, 14}, {20, 20, 20, 20, 18}, {21, 21, 21, 12, 12},
	{33, 33, 33, 12, 12}, {34, 34, 34, 1, 1}, {35, 35, 35, 1, 1}, {36, 36, 36, 12, 12}, {37, 37, 37, 6, 6},
	{40, 40, 40, 6, 6}, {41, 41, 41, 19, 14}, {42, 42, 1, 1, 1}, {43, 43, 35, 1, 1}, {44, 44, 35, 1, 1},
	{45, 45, 21, 4, 4}, {46, 46, 21, 12, 12}, {47, 47, 5, 5, 5}, {48, 48, 4, 4, 4}, {49, 49, 34, 4, 4},
	{50, 44, 4, 4, 4}, {51, 39, 39, 6, 6}, {52, 12, 12, 12, 12}, {53, 0, 0, 0, 0}, {54, 10, 10, 10, 10},
	{55, 33, 33, 12, 12}, {56, 25, 25, 12, 12}, {57, 3, 3, 3, 3}, {58, 29, 29, 12, 12}, {59, 28, 28, 12, 12},
	{60, 20, 20, 20, 18}, {61, 42, 41, 1, 1}, {62, 49, 4, 4, 4}, {63, 36, 36, 1, 1}, {64, 5, 5, 5, 5},
	{65, 1, 1, 1, 1}, {66, 1, 1, 1, 1}, {255, 1, 1, 1, 1},
};
/* clang-format on */

START_TEST(stays_within_the_limit)
{
	const struct limit *limit = &limits[_i];

	for (unsigned block = 0; block < 256; block++) {
		uint8_t shown =
			block_fallback((uint8_t)block, limit->protocol, limit->custom_blocks);

		ck_assert_uint_le(shown, limit->highest);
		if (block <= limit->highest)
			ck_assert_uint_eq(shown, block);
	}
}
END_TEST

START_TEST(table)
{
	const struct vector *vector = &vectors[_i];

	ck_assert_uint_eq(block_fallback(vector->block, 7, false), vector->protocol_7);
	ck_assert_uint_eq(block_fallback(vector->block, 6, false), vector->protocol_6);
	ck_assert_uint_eq(block_fallback(vector->block, 5, false), vector->protocol_5);
	ck_assert_uint_eq(block_fallback(vector->block, 4, false), vector->protocol_4);
	ck_assert_uint_eq(block_fallback(vector->block, 3, false), vector->protocol_4);
}
END_TEST

START_TEST(names_are_the_ids)
{
	ck_assert_int_eq(BLOCK_BEDROCK, 7);
	ck_assert_int_eq(BLOCK_LEAVES, 18);
	ck_assert_int_eq(BLOCK_GLASS, 20);
	ck_assert_int_eq(BLOCK_GOLD, 41);
	ck_assert_int_eq(BLOCK_OBSIDIAN, 49);
	ck_assert_int_eq(BLOCK_STONE_BRICK, 65);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("blocks");
	TCase *tcase = tcase_create("fallback");

	tcase_add_loop_test(tcase, stays_within_the_limit, 0, sizeof limits / sizeof limits[0]);
	tcase_add_loop_test(tcase, table, 0, sizeof vectors / sizeof vectors[0]);
	tcase_add_test(tcase, names_are_the_ids);
	suite_add_tcase(suite, tcase);
	return suite_main(suite);
}
