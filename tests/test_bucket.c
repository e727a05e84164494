/* SPDX-License-Identifier: MIT */
/* Token buckets: sizes, refills, debts, and numbers at their ends. */
#include <check.h>
#include <limits.h>

#include "bucket.h"
#include "suite.h"

static const struct bucket_rate seven_a_minute = {7, BUCKET_MINUTE_MS, 3};
static const struct bucket_rate none = {0, BUCKET_SECOND_MS, 3};

START_TEST(holds_its_size)
{
	struct bucket bucket = {0};

	bucket_refill(&bucket, &seven_a_minute, 5);
	ck_assert(bucket_is_full(&bucket));
	ck_assert(bucket_has(&bucket, &seven_a_minute, 3));
	ck_assert(!bucket_has(&bucket, &seven_a_minute, 4));
	bucket_take(&bucket, &seven_a_minute, 2);
	ck_assert(!bucket_is_full(&bucket));
	ck_assert(bucket_has(&bucket, &seven_a_minute, 1));
	ck_assert(!bucket_has(&bucket, &seven_a_minute, 2));
	bucket_give(&bucket, &seven_a_minute, 9);
	ck_assert(bucket_is_full(&bucket));
	ck_assert(!bucket_has(&bucket, &seven_a_minute, 4));
}
END_TEST

/* A token each 8571.4 ms, however often the bucket is looked at. */
START_TEST(refills_without_a_loss)
{
	struct bucket bucket = {0};

	bucket_refill(&bucket, &seven_a_minute, 0);
	bucket_take(&bucket, &seven_a_minute, 3);
	for (int64_t ms = 1; ms <= 3 * BUCKET_MINUTE_MS / 7 + 1; ms++) {
		bucket_refill(&bucket, &seven_a_minute, ms);
		for (unsigned n = 1; n <= 3; n++)
			REQUIRE(bucket_has(&bucket, &seven_a_minute, n) ==
				(ms * 7 >= (int64_t)n * BUCKET_MINUTE_MS));
	}
	ck_assert(bucket_is_full(&bucket));
}
END_TEST

START_TEST(a_debt_takes_its_time_or_is_forgiven)
{
	struct bucket bucket = {0};

	bucket_refill(&bucket, &seven_a_minute, 0);
	bucket_take(&bucket, &seven_a_minute, 3);
	ck_assert_int_eq(bucket_debt_ms(&bucket, &seven_a_minute), 0);
	bucket_take(&bucket, &seven_a_minute, 7);
	ck_assert_int_eq(bucket_debt_ms(&bucket, &seven_a_minute), BUCKET_MINUTE_MS);
	bucket_refill(&bucket, &seven_a_minute, BUCKET_MINUTE_MS - 1);
	ck_assert_int_eq(bucket_debt_ms(&bucket, &seven_a_minute), 1);
	bucket_forgive(&bucket, &seven_a_minute);
	ck_assert_int_eq(bucket_debt_ms(&bucket, &seven_a_minute), 0);
	ck_assert(!bucket_has(&bucket, &seven_a_minute, 1));
}
END_TEST

START_TEST(no_limit_is_none)
{
	struct bucket bucket = {0};

	bucket_take(&bucket, &none, UINT_MAX);
	ck_assert(bucket_is_full(&bucket));
	bucket_take(&bucket, &seven_a_minute, 99);
	ck_assert(bucket_has(&bucket, &none, UINT_MAX));
	ck_assert_int_eq(bucket_debt_ms(&bucket, &none), 0);
	bucket_refill(&bucket, &none, 1);
	ck_assert(bucket_is_full(&bucket));
}
END_TEST

START_TEST(no_number_is_too_large)
{
	static const struct bucket_rate most = {UINT_MAX, BUCKET_MINUTE_MS, UINT_MAX};
	static const struct bucket_rate least = {1, BUCKET_MINUTE_MS, 1};
	struct bucket bucket = {0};

	for (int i = 0; i < 100000; i++)
		bucket_take(&bucket, &least, UINT_MAX);
	ck_assert_int_gt(bucket_debt_ms(&bucket, &least), INT64_C(1) << 60);
	bucket_refill(&bucket, &most, INT64_C(1) << 62);
	ck_assert(bucket_is_full(&bucket));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bucket");
	TCase *tcase = tcase_create("bucket");

	tcase_add_test(tcase, holds_its_size);
	tcase_add_test(tcase, refills_without_a_loss);
	tcase_add_test(tcase, a_debt_takes_its_time_or_is_forgiven);
	tcase_add_test(tcase, no_limit_is_none);
	tcase_add_test(tcase, no_number_is_too_large);
	suite_add_tcase(suite, tcase);
	return suite_main(suite);
}
