/* SPDX-License-Identifier: MIT */
/*
 * The configuration in force: which snapshot a thread works with, how long each one lives, and
 * many threads that read while others publish. That snapshots are freed, and not too early, is
 * what AddressSanitizer sees here; that nothing is read half written, ThreadSanitizer.
 */
#include <check.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "config_current.h"
#include "said.h"
#include "suite.h"

#define READERS    6
#define RELOADS    300
#define MIN_ROUNDS 2000

/* A configuration that can be told by its port. */
static struct config *numbered(unsigned port)
{
	char json[200];

	snprintf(json, sizeof(json),
		 "{\"port\":%u,\"max-players\":%u,\"servers\":[{\"name\":\"a\",\"address\":"
		 "\"h\","
		 "\"port\":1}]}",
		 port, port);
	return good(json);
}

START_TEST(nothing_is_in_force)
{
	ck_assert_ptr_null(config_now());
	ck_assert_ptr_null(config_hold());
	config_settle();
	config_release(NULL);
	config_retire();
	ck_assert_ptr_null(config_now());
}
END_TEST

/* A thread keeps its snapshot until it says that it is done with it. */
START_TEST(a_round_sees_one_snapshot)
{
	struct config *first = numbered(1000), *second = numbered(2000);

	config_publish(first);
	ck_assert_ptr_eq(config_now(), first);
	config_settle();
	ck_assert_ptr_eq(config_now(), first);
	config_publish(second);
	ck_assert_ptr_eq(config_now(), first);
	ck_assert_uint_eq(config_now()->port, 1000);
	ck_assert_str_eq(config_now()->servers[0].name, "a");
	config_settle();
	ck_assert_ptr_eq(config_now(), second);
	config_retire();
	ck_assert_uint_eq(config_now()->port, 2000);
	config_settle();
	ck_assert_ptr_null(config_now());
}
END_TEST

START_TEST(many_that_nobody_saw)
{
	for (unsigned i = 1000; i < 1020; i++)
		config_publish(numbered(i));
	ck_assert_uint_eq(config_now()->port, 1019);
	config_retire();
	config_settle();
}
END_TEST

/* References outlast rounds, and are let go in any order. */
START_TEST(held_snapshots_live)
{
	const struct config *held[4];

	for (unsigned i = 0; i < 4; i++) {
		config_publish(numbered(1000 + i));
		config_settle();
		held[i] = config_hold();
		ck_assert_ptr_eq(held[i], config_now());
	}
	ck_assert_ptr_eq(config_hold(), held[3]);
	config_retire();
	config_settle();
	for (unsigned i = 0; i < 4; i++)
		ck_assert_uint_eq(held[i]->port, 1000 + i);
	config_release(held[1]);
	config_release(held[3]);
	config_release(held[0]);
	ck_assert_uint_eq(held[2]->port, 1002);
	ck_assert_uint_eq(held[3]->port, 1003);
	config_release(held[3]);
	config_release(held[2]);
}
END_TEST

static void *look_and_end(void *port)
{
	*(unsigned *)port = config_now()->port;
	return NULL;
}

/* A thread that ends without a word lets its snapshot go, and the next one, at the same place
 * in memory perhaps, starts afresh. */
START_TEST(threads_that_end)
{
	for (unsigned i = 1000; i < 1004; i++) {
		unsigned port = 0;
		pthread_t thread;

		config_publish(numbered(i));
		ck_assert_int_eq(pthread_create(&thread, NULL, look_and_end, &port), 0);
		ck_assert_int_eq(pthread_join(thread, NULL), 0);
		ck_assert_uint_eq(port, i);
	}
	config_retire();
}
END_TEST

/* ---- many threads ---- */

struct crowd {
	atomic_bool is_over;
	atomic_uint rounds, seen[READERS]; /* the newest port that each has seen */
	atomic_bool is_bad;
};
struct reader {
	struct crowd *crowd;
	unsigned index;
	const struct config *kept; /* at its end, for another thread to release */
};

static bool is_whole(const struct config *config)
{
	return config != NULL && config->port == config->max_players &&
	       config->n_servers == 1 && strcmp(config->servers[0].name, "a") == 0;
}

/* One round after the other, with a reference kept for a few of them. */
static void *read_rounds(void *argument)
{
	struct reader *reader = argument;
	struct crowd *crowd = reader->crowd;
	const struct config *held = NULL;
	unsigned newest = 0;

	for (unsigned i = 0; !atomic_load(&crowd->is_over); i++) {
		const struct config *config = config_now();

		if (!is_whole(config) || config->port < newest || config_now() != config)
			atomic_store(&crowd->is_bad, true);
		newest = config->port;
		atomic_store(&crowd->seen[reader->index], newest);
		if (i % 16 == reader->index) {
			if (held != NULL && !is_whole(held))
				atomic_store(&crowd->is_bad, true);
			config_release(held);
			held = config_hold();
		}
		atomic_fetch_add(&crowd->rounds, 1);
		config_settle();
	}
	reader->kept = held;
	return NULL;
}

/* No reader sees half a snapshot, a freed one, or an older one after a newer one. */
START_TEST(reloads_under_load)
{
	static struct crowd crowd;
	struct reader readers[READERS];
	pthread_t threads[READERS];
	unsigned port = 1000, slowest;

	config_publish(numbered(port));
	for (unsigned i = 0; i < READERS; i++) {
		readers[i] = (struct reader){.crowd = &crowd, .index = i};
		ck_assert_int_eq(pthread_create(&threads[i], NULL, read_rounds, &readers[i]),
				 0);
	}
	while (port < 1000 + RELOADS || atomic_load(&crowd.rounds) < MIN_ROUNDS)
		config_publish(numbered(port < 60000 ? ++port : port));
	do { /* all come to the last one; Check's time limit ends this if they don't */
		sched_yield();
		slowest = port;
		for (unsigned i = 0; i < READERS; i++)
			if (atomic_load(&crowd.seen[i]) < slowest)
				slowest = atomic_load(&crowd.seen[i]);
	} while (slowest < port);
	atomic_store(&crowd.is_over, true);
	for (unsigned i = 0; i < READERS; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	config_retire();
	for (unsigned i = 0; i < READERS; i++) {
		ck_assert(readers[i].kept == NULL || is_whole(readers[i].kept));
		config_release(readers[i].kept);
	}
	ck_assert(!atomic_load(&crowd.is_bad));
}
END_TEST

static void *publish_some(void *unused)
{
	for (unsigned i = 0; i < 50; i++) {
		config_publish(numbered(1000 + i));
		config_settle();
		(void)config_now();
	}
	return unused;
}

/* Who publishes last wins, and nothing leaks. */
START_TEST(publishers_at_once)
{
	pthread_t threads[READERS];

	for (unsigned i = 0; i < READERS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, publish_some, NULL), 0);
	for (unsigned i = 0; i < READERS; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	ck_assert_uint_eq(config_now()->port, 1049);
	config_retire();
	config_settle();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("config_current");
	TCase *t = tcase_create("config_current");

	suite_add_tcase(s, t);
	tcase_add_test(t, nothing_is_in_force);
	tcase_add_test(t, a_round_sees_one_snapshot);
	tcase_add_test(t, many_that_nobody_saw);
	tcase_add_test(t, held_snapshots_live);
	tcase_add_test(t, threads_that_end);
	tcase_add_test(t, reloads_under_load);
	tcase_add_test(t, publishers_at_once);
	return suite_main(s);
}
