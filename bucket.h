/* SPDX-License-Identifier: MIT */
/*
 * Token buckets: so much a second (or minute), and so much at once. The one idea: a bucket
 * remembers what is missing from it, not what is in it, so that a new one is full as it is, and
 * a change of its rate counts at once. Whole numbers only, and nothing is lost by rounding:
 * what is missing is counted in parts of a token, as many as the period has milliseconds. Pure
 * code; the clock is an argument, and one that stands still or goes back refills nothing.
 */
#ifndef BUCKET_H
#define BUCKET_H

#include <stdbool.h>
#include <stdint.h>

#define BUCKET_SECOND_MS 1000
#define BUCKET_MINUTE_MS 60000

/* What a bucket allows. It is not part of the bucket: each use may come with another one. */
struct bucket_rate {
	unsigned tokens;    /* that a period brings; 0: no limit, and nothing is missing */
	unsigned period_ms; /* BUCKET_SECOND_MS or BUCKET_MINUTE_MS, always the same one */
	unsigned size;      /* how many it holds; 0: as many as a period brings */
};

/* All zero is a full one. */
struct bucket {
	int64_t missing;  /* parts of tokens; more than the size: a debt */
	int64_t since_ms; /* when that was so */
};

/* Puts in what the time since the last call has brought. Call it before the others. */
void bucket_refill(struct bucket *bucket, const struct bucket_rate *rate, int64_t now_ms);
/* Forgives a debt: at worst the bucket is empty. */
void bucket_forgive(struct bucket *bucket, const struct bucket_rate *rate);
bool bucket_is_full(const struct bucket *bucket);
/* Are n whole tokens in it. */
bool bucket_has(const struct bucket *bucket, const struct bucket_rate *rate, unsigned n);
/* Takes n tokens, whether they are there or not, or puts n back: it never holds more than its
 * size. */
void bucket_take(struct bucket *bucket, const struct bucket_rate *rate, unsigned n);
void bucket_give(struct bucket *bucket, const struct bucket_rate *rate, unsigned n);
/* How long until there is no debt any more, in milliseconds; 0: there is none. */
int64_t bucket_debt_ms(const struct bucket *bucket, const struct bucket_rate *rate);

#endif
