/* SPDX-License-Identifier: MIT */
/*
 * Lines in front of full servers, without clients: who is in which line after calls from many
 * threads, and who is refused. The sessions are bare: nobody reads or writes for them.
 */
#include <pthread.h>
#include <stdlib.h>

#include "linked.h"
#include "session_private.h"
#include "suite.h"

#define CALLERS 4
#define ROUNDS  2000

static struct session_world world;
static struct session *alice, *bob;

/* With a reference of the test's own, so that none is ever freed for real. */
static struct session *bare_session(void)
{
	struct session *session = calloc(1, sizeof(*session));

	ck_assert_ptr_nonnull(session);
	atomic_init(&session->refs, 1);
	session->world = &world;
	pthread_mutex_init(&session->lock, NULL);
	pthread_mutex_init(&session->turn, NULL);
	pthread_mutex_init(&session->client_tx, NULL);
	return session;
}

static void setup(void)
{
	linked_setup();
	add_server("a", "127.0.0.1", 1, "'max-players':1");
	add_server("b", "127.0.0.1", 2, "'max-players':1");
	link_all();
	world = (struct session_world){.registry = registry};
	alice = bare_session();
	bob = bare_session();
}

static void free_session(struct session *session)
{
	session_unqueue(session);
	ck_assert_uint_eq(atomic_load(&session->refs), 1);
	free(session);
}

static void teardown(void)
{
	free_session(alice);
	free_session(bob);
	linked_teardown();
}

/* How many wait for a server. */
static unsigned waiting(size_t index)
{
	return server_add_waiting(nth(index), 0);
}

static void expect_queued(struct session *session, const struct server *server,
			  unsigned position)
{
	unsigned got;

	ck_assert_ptr_eq(session_queued(session, &got), server);
	ck_assert_uint_eq(got, position);
}

START_TEST(one_line_at_most)
{
	ck_assert_uint_eq(session_queue(alice, nth(0)), 1);
	ck_assert_uint_eq(session_queue(bob, nth(0)), 2);
	expect_queued(bob, nth(0), 2);
	ck_assert_uint_eq(session_queue(alice, nth(1)), 1);
	expect_queued(alice, nth(1), 1);
	expect_queued(bob, nth(0), 1);
	ck_assert_uint_eq(session_queue(alice, nth(0)), 2); /* at the end, as everybody */
	ck_assert_uint_eq(session_queue(bob, nth(0)), 2);
	expect_queued(alice, nth(0), 1);
	ck_assert_uint_eq(waiting(0), 2);
	ck_assert_uint_eq(waiting(1), 0);
	ck_assert_ptr_eq(session_unqueue(alice), nth(0));
	ck_assert_ptr_null(session_unqueue(alice));
	expect_queued(alice, NULL, 0);
	expect_queued(bob, nth(0), 1);
	ck_assert_uint_eq(waiting(0), 1);
}
END_TEST

/* Their client reader takes them out of the line but once. */
START_TEST(who_is_leaving_gets_into_no_line)
{
	atomic_store(&alice->is_ending, true);
	ck_assert_uint_eq(session_queue(alice, nth(0)), 0);
	expect_queued(alice, NULL, 0);
	ck_assert_uint_eq(waiting(0), 0);
	ck_assert_uint_eq(atomic_load(&alice->refs), 1);
}
END_TEST

static void *get_in_line(void *number)
{
	struct server *server = nth(*(const size_t *)number % 2);

	for (int i = 0; i < ROUNDS; i++) {
		session_queue(alice, server);
		if (i % 3 == 0)
			session_unqueue(alice);
	}
	config_settle();
	return NULL;
}

/* Commands of one player run on one thread today; whoever calls, nobody waits twice. */
START_TEST(many_callers_make_one_waiter)
{
	pthread_t threads[CALLERS];
	size_t numbers[CALLERS];

	for (size_t i = 0; i < CALLERS; i++) {
		numbers[i] = i;
		ck_assert_int_eq(pthread_create(&threads[i], NULL, get_in_line, &numbers[i]),
				 0);
	}
	for (size_t i = 0; i < CALLERS; i++)
		pthread_join(threads[i], NULL);
	session_unqueue(alice);
	expect_queued(alice, NULL, 0);
	ck_assert_uint_eq(waiting(0), 0);
	ck_assert_uint_eq(waiting(1), 0);
	ck_assert_uint_eq(atomic_load(&alice->refs), 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("session_queue");
	TCase *tcase = tcase_create("session_queue");

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, one_line_at_most);
	tcase_add_test(tcase, who_is_leaving_gets_into_no_line);
	tcase_add_test(tcase, many_callers_make_one_waiter);
	return suite_main(suite);
}
