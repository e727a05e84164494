/* SPDX-License-Identifier: MIT */
/* How long the way back waits between two attempts. */
#include <check.h>
#include <limits.h>

#include "session_private.h"
#include "suite.h"

#define FIRST_MS 1000
#define MOST_MS  60000

/* The longest pause and the shortest of a number of tries; random % (longest / 2 + 1) is what
 * is taken off. */
static void expect_between(unsigned tries, int64_t longest_ms)
{
	int64_t shortest_ms = longest_ms - longest_ms / 2;

	ck_assert_int_eq(return_pause_ms(tries, 0), longest_ms);
	ck_assert_int_eq(return_pause_ms(tries, (uint32_t)(longest_ms / 2)), shortest_ms);
	for (uint32_t random = 0; random < UINT32_MAX - 12345678; random += 12345678) {
		ck_assert_int_le(return_pause_ms(tries, random), longest_ms);
		ck_assert_int_ge(return_pause_ms(tries, random), shortest_ms);
	}
	ck_assert_int_ge(return_pause_ms(tries, UINT32_MAX), shortest_ms);
}

START_TEST(pauses_double_up_to_a_minute)
{
	int64_t longest_ms = FIRST_MS;

	for (unsigned tries = 0; tries < 12; tries++) {
		expect_between(tries, longest_ms < MOST_MS ? longest_ms : MOST_MS);
		longest_ms *= 2;
	}
	expect_between(UINT_MAX, MOST_MS);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("session_return");
	TCase *tcase = tcase_create("pauses");

	tcase_add_test(tcase, pauses_double_up_to_a_minute);
	suite_add_tcase(suite, tcase);
	return suite_main(suite);
}
