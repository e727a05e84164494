/* SPDX-License-Identifier: MIT */
/* Token buckets that count what is missing. */
#include "bucket.h"

#define MISSING_MAX (INT64_MAX / 2) /* of a debt that nobody waits for */

static int64_t parts(const struct bucket_rate *rate, unsigned tokens)
{
	return (int64_t)tokens * rate->period_ms;
}

static int64_t size_of(const struct bucket_rate *rate)
{
	return parts(rate, rate->size > 0 ? rate->size : rate->tokens);
}

void bucket_refill(struct bucket *bucket, const struct bucket_rate *rate, int64_t now_ms)
{
	int64_t passed = now_ms - bucket->since_ms;

	if (rate->tokens == 0 || bucket->missing == 0) {
		bucket->missing = 0;
		bucket->since_ms = now_ms;
	} else if (passed > 0) {
		/* Compared like this, no product can overflow. */
		bool is_full = passed > bucket->missing / rate->tokens;

		bucket->missing = is_full ? 0 : bucket->missing - passed * rate->tokens;
		bucket->since_ms = now_ms;
	}
}

void bucket_forgive(struct bucket *bucket, const struct bucket_rate *rate)
{
	if (bucket->missing > size_of(rate))
		bucket->missing = size_of(rate);
}

bool bucket_is_full(const struct bucket *bucket)
{
	return bucket->missing == 0;
}

bool bucket_has(const struct bucket *bucket, const struct bucket_rate *rate, unsigned n)
{
	return rate->tokens == 0 || bucket->missing <= size_of(rate) - parts(rate, n);
}

void bucket_take(struct bucket *bucket, const struct bucket_rate *rate, unsigned n)
{
	if (rate->tokens == 0)
		return;
	bucket->missing += parts(rate, n);
	if (bucket->missing > MISSING_MAX)
		bucket->missing = MISSING_MAX;
}

void bucket_give(struct bucket *bucket, const struct bucket_rate *rate, unsigned n)
{
	bucket->missing -= parts(rate, n);
	if (bucket->missing < 0)
		bucket->missing = 0;
}

int64_t bucket_debt_ms(const struct bucket *bucket, const struct bucket_rate *rate)
{
	int64_t debt = rate->tokens == 0 ? 0 : bucket->missing - size_of(rate);

	return debt <= 0 ? 0 : (debt + rate->tokens - 1) / rate->tokens;
}
