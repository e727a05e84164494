/* SPDX-License-Identifier: MIT */
/*
 * What main() of every unit test does with its suite. The environment says how: CK_VERBOSITY,
 * CK_FORK, CK_RUN_CASE and the like, see Check's manual.
 */
#ifndef SUITE_H
#define SUITE_H

#include <check.h>
#include <stdlib.h>

/* For loops over very much: ck_assert() tells its runner of each call, which takes its time. */
#define REQUIRE(condition)                              \
	do {                                            \
		if (!(condition))                       \
			ck_abort_msg("%s", #condition); \
	} while (0)

/* Runs a suite and frees it; returns what main() is to return. */
static inline int suite_main(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
