/* SPDX-License-Identifier: MIT */
/* The memory of players who are offered less: who counts as the same, for how long, and who is
 * forgotten when there are too many. */
#include "session_offer.h"

#include <check.h>
#include <pthread.h>
#include <stdio.h>

#include "suite.h"

#define KEEP_MS SESSION_OFFER_KEEP_MS

static struct net_addr home;
static int64_t now;

/* Every test begins when all that others have left behind has run out. */
static void setup(void)
{
	now += 10 * KEEP_MS;
	ck_assert(net_addr_parse(&home, "192.0.2.1", 1000));
}

static struct net_addr at(const char *address, uint16_t port)
{
	struct net_addr addr;

	ck_assert(net_addr_parse(&addr, address, port));
	return addr;
}

START_TEST(remembered_and_forgotten)
{
	ck_assert(!session_offer_is_reduced("Alice", &home, now));
	session_offer_forget("Alice", &home);
	session_offer_remember("Alice", &home, now);
	ck_assert(session_offer_is_reduced("Alice", &home, now));
	ck_assert(session_offer_is_reduced("Alice", &home, now));
	session_offer_forget("Bob", &home);
	ck_assert(session_offer_is_reduced("Alice", &home, now));
	session_offer_forget("Alice", &home);
	ck_assert(!session_offer_is_reduced("Alice", &home, now));
}
END_TEST

START_TEST(who_is_the_same_player)
{
	struct net_addr other_port = at("192.0.2.1", 2000), mapped = at("::ffff:192.0.2.1", 1),
			elsewhere = at("192.0.2.10", 1000), v6 = at("2001:db8::1", 1);

	session_offer_remember("Alice", &home, now);
	ck_assert(session_offer_is_reduced("aLICE", &home, now));
	ck_assert(session_offer_is_reduced("Alice", &other_port, now));
	ck_assert(session_offer_is_reduced("Alice", &mapped, now));
	ck_assert(!session_offer_is_reduced("Alice", &elsewhere, now));
	ck_assert(!session_offer_is_reduced("Alice", &v6, now));
	ck_assert(!session_offer_is_reduced("Alic", &home, now));
	ck_assert(!session_offer_is_reduced("Alice_", &home, now));
	session_offer_remember("Alice", &v6, now);
	session_offer_forget("ALICE", &other_port);
	ck_assert(!session_offer_is_reduced("Alice", &home, now));
	ck_assert(session_offer_is_reduced("Alice", &v6, now));
}
END_TEST

START_TEST(remembered_for_a_day)
{
	ck_assert_int_eq(KEEP_MS, 86400000);
	session_offer_remember("Alice", &home, now);
	ck_assert(session_offer_is_reduced("Alice", &home, now + KEEP_MS - 1));
	ck_assert(!session_offer_is_reduced("Alice", &home, now + KEEP_MS));
	session_offer_remember("Alice", &home, now + KEEP_MS - 1);
	ck_assert(session_offer_is_reduced("Alice", &home, now + KEEP_MS));
	ck_assert(!session_offer_is_reduced("Alice", &home, now + 2 * KEEP_MS));
	session_offer_remember("Alice", &home, now + 2 * KEEP_MS);
	ck_assert(session_offer_is_reduced("Alice", &home, now + 2 * KEEP_MS));
	session_offer_forget("Alice", &home);
	ck_assert(!session_offer_is_reduced("Alice", &home, now + 2 * KEEP_MS));
}
END_TEST

static void remember_number(unsigned number, int64_t when)
{
	char name[17];

	snprintf(name, sizeof(name), "Player%u", number);
	session_offer_remember(name, &home, when);
}

static bool knows_number(unsigned number, int64_t when)
{
	char name[17];

	snprintf(name, sizeof(name), "Player%u", number);
	return session_offer_is_reduced(name, &home, when);
}

/* The table is full: the one whose time ends first goes, and that is not who has come back. */
START_TEST(too_many_players)
{
	for (unsigned i = 0; i < SESSION_OFFER_MEMORY; i++)
		remember_number(i, now + i);
	now += SESSION_OFFER_MEMORY;
	for (unsigned i = 0; i < SESSION_OFFER_MEMORY; i++)
		ck_assert_msg(knows_number(i, now), "%u", i);
	remember_number(0, now);
	remember_number(1000, now);
	ck_assert(knows_number(0, now));
	ck_assert(!knows_number(1, now));
	ck_assert(knows_number(2, now));
	ck_assert(knows_number(1000, now));
	session_offer_forget("Player77", &home);
	remember_number(1001, now);
	ck_assert(knows_number(2, now));
	ck_assert(knows_number(1001, now));
}
END_TEST

static void *busy(void *argument)
{
	unsigned first = *(const unsigned *)argument;

	for (unsigned i = first; i < first + 100; i++) {
		remember_number(i, now);
		knows_number(i, now);
		if (i % 2 != 0)
			session_offer_forget("Player5", &home);
	}
	return NULL;
}

START_TEST(two_at_once)
{
	unsigned first[2] = {10, 110};
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, busy, &first[0]), 0);
	busy(&first[1]);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	for (unsigned i = 10; i < 210; i++)
		ck_assert_msg(knows_number(i, now), "%u", i);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("session_offer");
	TCase *tcase = tcase_create("memory");

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, remembered_and_forgotten);
	tcase_add_test(tcase, who_is_the_same_player);
	tcase_add_test(tcase, remembered_for_a_day);
	tcase_add_test(tcase, too_many_players);
	tcase_add_test(tcase, two_at_once);
	suite_add_tcase(suite, tcase);
	return suite_main(suite);
}
