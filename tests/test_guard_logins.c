/* SPDX-License-Identifier: MIT */
/* The door, and logins under way: who makes room for newer ones, and many threads at once. */
#include <bsd/stdlib.h>
#include <check.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "guard_suite.h"

/* ---- half-open logins ---- */

/* A connection with a socket, of which the test has the other end. */
struct login {
	struct guard_ticket *ticket;
	int ends[2];
};

static void log_in(struct login *login, const char *peer)
{
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, login->ends), 0);
	ck_assert_int_eq(try_fd(peer, login->ends[0], &login->ticket), GUARD_ADMITS);
}

static void log_out(struct login *login)
{
	leave(login->ticket);
	close(login->ends[0]);
	close(login->ends[1]);
}

/* Cut, or not: by what is said of it, and by what its thread would notice. */
static bool is_cut(struct login *login)
{
	struct pollfd ends[2] = {{.fd = login->ends[0], .events = POLLIN},
				 {.fd = login->ends[1], .events = POLLIN}};
	bool is_said = guard_was_cut(guard, login->ticket);

	ck_assert_int_eq(poll(ends, 2, 0), is_said ? 2 : 0);
	return is_said;
}

START_TEST(the_oldest_of_who_has_most_makes_room)
{
	static const char *const who[] = {"192.0.2.1",   "198.51.100.1", "2001:db8::1",
					  "2001:db8::2", "198.51.100.1", "2001:db8::3",
					  "127.0.0.1",   "10.0.0.1"};
	static const size_t order[] = {2, 1, 3, 0}; /* 3: of equal ones the oldest, see below */
	struct login logins[COUNT(who)], more[COUNT(order)];

	config.limits.half_open = COUNT(who);
	for (size_t i = 0; i < COUNT(who); i++)
		log_in(&logins[i], who[i]);
	for (size_t i = 0; i < COUNT(who); i++)
		ck_assert(!is_cut(&logins[i]));
	/* The /64 has three; then it and 198.51.100.1 have two; then each has one at most... */
	log_in(&more[0], "203.0.113.1");
	ck_assert(is_cut(&logins[order[0]]));
	log_in(&more[1], "203.0.113.2");
	ck_assert(is_cut(&logins[order[1]]));
	log_in(&more[2], "203.0.113.3");
	ck_assert(is_cut(&logins[order[2]]));
	log_in(&more[3], "203.0.113.4");
	ck_assert(is_cut(&logins[order[3]]));
	for (size_t i = 4; i < COUNT(who); i++)
		ck_assert(!is_cut(&logins[i]));
	for (size_t i = 0; i < COUNT(more); i++)
		ck_assert(!is_cut(&more[i]));
	ck_assert_uint_eq(counts_now().cut, COUNT(order));
	ck_assert_uint_eq(counts_now().half_open, COUNT(who));
	for (size_t i = 0; i < COUNT(who); i++)
		log_out(&logins[i]);
	for (size_t i = 0; i < COUNT(more); i++)
		log_out(&more[i]);
	ck_assert_uint_eq(counts_now().half_open, 0);
}
END_TEST

START_TEST(the_exempt_are_like_one_address)
{
	static const char *const who[] = {"192.0.2.1", "127.0.0.1", "192.0.2.1", "::1",
					  "unix:/run/kurafuto"};
	struct login logins[COUNT(who)], newer;

	config.limits.half_open = COUNT(who);
	for (size_t i = 0; i < COUNT(who); i++)
		log_in(&logins[i], who[i]);
	log_in(&newer, "192.0.2.9");
	for (size_t i = 0; i < COUNT(who); i++)
		ck_assert(is_cut(&logins[i]) == (i == 1));
	for (size_t i = 0; i < COUNT(who); i++)
		log_out(&logins[i]);
	log_out(&newer);
}
END_TEST

START_TEST(who_is_logged_in_is_never_cut)
{
	struct login player, other, newer;

	config.limits.half_open = 1;
	log_in(&player, "192.0.2.1");
	guard_logged_in(guard, player.ticket);
	guard_logged_in(guard, player.ticket);
	ck_assert_uint_eq(counts_now().half_open, 0);
	log_in(&other, "192.0.2.1");
	log_in(&newer, "192.0.2.1");
	ck_assert(!is_cut(&player) && is_cut(&other) && !is_cut(&newer));
	guard_logged_in(guard, other.ticket); /* its thread has not noticed yet */
	ck_assert_uint_eq(counts_now().half_open, 1);
	log_out(&newer);
	log_out(&other);
	log_out(&player);
}
END_TEST

START_TEST(a_moved_login_makes_room_by_its_age)
{
	struct login logins[4], newer;

	config.limits.half_open = 0;
	for (size_t i = 0; i < COUNT(logins); i++)
		log_in(&logins[i], i == 3 ? "192.0.2.7" : "127.0.0.1");
	ck_assert_int_eq(move(logins[2].ticket, "192.0.2.1"), GUARD_ADMITS);
	ck_assert_int_eq(move(logins[0].ticket, "192.0.2.1"), GUARD_ADMITS);
	ck_assert_int_eq(move(logins[1].ticket, "192.0.2.1"), GUARD_ADMITS);
	config.limits.half_open = 3; /* less than there are: two of them go */
	log_in(&newer, "192.0.2.1");
	ck_assert(is_cut(&logins[0]) && is_cut(&logins[1]) && !is_cut(&logins[2]) &&
		  !is_cut(&logins[3]));
	ck_assert_int_eq(move(logins[0].ticket, "192.0.2.2"), GUARD_ADMITS); /* a late one */
	ck_assert_uint_eq(counts_now().half_open, 3);
	for (size_t i = 0; i < COUNT(logins); i++)
		log_out(&logins[i]);
	log_out(&newer);
	ck_assert_uint_eq(counts_now().half_open, 0);
}
END_TEST

/* 2000 who sit there, and players who log in within a second, one each 50 ms. */
START_TEST(a_slowloris_makes_room_for_players)
{
	static struct guard_ticket *sitting[2000], *players[1000];
	char peer[64];

	config.limits.half_open = 256;
	for (size_t i = 0; i < COUNT(players); i++) {
		for (size_t j = 2 * i; j < 2 * i + 2 && j < COUNT(sitting); j++) {
			snprintf(peer, sizeof(peer), "192.0.%zu.%zu", j % 8, j % 250);
			sitting[j] = enter(peer);
		}
		snprintf(peer, sizeof(peer), "10.0.%zu.%zu", i / 250, i % 250);
		players[i] = enter(peer);
		if (i >= 20)
			guard_logged_in(guard, players[i - 20]);
		now += 50;
	}
	for (size_t i = 0; i < COUNT(players); i++) {
		ck_assert(!guard_was_cut(guard, players[i]));
		leave(players[i]);
	}
	ck_assert_uint_ge(counts_now().cut, COUNT(sitting) - 256);
	for (size_t i = 0; i < COUNT(sitting); i++)
		leave(sitting[i]);
	ck_assert_uint_eq(counts_now().half_open, 0);
	ck_assert_uint_eq(counts_now().addresses, 0);
}
END_TEST

/* ---- many threads ---- */

#define THREADS 8
#define ROUNDS  4000
#define HELD    6

/* A thread's own; the peers are everybody's. Check's functions are for the main thread, so
 * faults are counted. */
struct worker {
	pthread_t thread;
	struct login logins[HELD];
	unsigned long admitted, cut;
	unsigned faults;
};

static void expect(struct worker *worker, bool condition)
{
	worker->faults += !condition;
}

static void begin_login(struct worker *worker, struct login *login)
{
	struct net_addr peer, player;
	char text[64];

	snprintf(text, sizeof(text), arc4random_uniform(2) ? "192.0.2.%u" : "2001:db8::%u",
		 1 + arc4random_uniform(9));
	expect(worker, net_addr_parse(&player, text, 1));
	expect(worker, net_addr_parse(&peer, arc4random_uniform(4) ? text : "127.0.0.1", 1));
	expect(worker, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, login->ends) == 0);
	if (guard_enter(guard, &config, &peer, login->ends[0], net_now_ms(), &login->ticket) !=
	    GUARD_ADMITS) {
		close(login->ends[0]);
		close(login->ends[1]);
		return;
	}
	worker->admitted++;
	if (arc4random_uniform(3) == 0)
		guard_move(guard, &config, login->ticket, &player, net_now_ms());
}

static void end_login(struct worker *worker, struct login *login)
{
	if (arc4random_uniform(2) == 0)
		guard_heard(guard, login->ticket);
	if (arc4random_uniform(4) == 0)
		guard_login_failed(guard, &config, login->ticket, net_now_ms());
	if (arc4random_uniform(2) == 0)
		guard_logged_in(guard, login->ticket);
	worker->cut += guard_was_cut(guard, login->ticket);
	guard_leave(guard, login->ticket, net_now_ms());
	login->ticket = NULL;
	close(login->ends[0]);
	close(login->ends[1]);
}

static void *hammer(void *context)
{
	struct worker *worker = context;
	struct guard_counts counts;

	for (unsigned i = 0; i < ROUNDS + HELD; i++) {
		struct login *login = &worker->logins[i % HELD];

		if (login->ticket != NULL)
			end_login(worker, login);
		if (i < ROUNDS)
			begin_login(worker, login);
		guard_get_counts(guard, &counts);
		expect(worker, counts.half_open <= counts.connections);
		expect(worker, counts.connections <= THREADS * HELD);
	}
	return NULL;
}

START_TEST(many_threads_leave_nothing_behind)
{
	static struct worker workers[THREADS];
	unsigned long admitted = 0, cut = 0;
	struct guard_counts counts;

	config.limits = (struct config_limits){.connections_per_address = 5,
					       .connections_per_network = 30,
					       .connects_per_s = 1000,
					       .connects_burst = 2000,
					       .failed_logins_per_min = 6000,
					       .half_open = 12};
	for (size_t i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, hammer, &workers[i]),
				 0);
	for (size_t i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		admitted += workers[i].admitted;
		cut += workers[i].cut;
		ck_assert_uint_eq(workers[i].faults, 0);
	}
	counts = counts_now();
	ck_assert_uint_gt(admitted, ROUNDS);
	ck_assert_uint_eq(counts.admitted, admitted);
	ck_assert_uint_le(cut, counts.cut);
	ck_assert_uint_gt(counts.cut, 0);
	ck_assert_uint_eq(counts.connections, 0);
	ck_assert_uint_eq(counts.half_open, 0);
	/* After an hour there is nothing to remember. */
	now = net_now_ms() + INT64_C(3600) * SECOND;
	for (int i = 0; i < 100; i++)
		visit("127.0.0.1");
	ck_assert_uint_eq(counts_now().addresses, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("guard_logins");
	TCase *tcase = tcase_create("guard_logins");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, the_oldest_of_who_has_most_makes_room);
	tcase_add_test(tcase, the_exempt_are_like_one_address);
	tcase_add_test(tcase, who_is_logged_in_is_never_cut);
	tcase_add_test(tcase, a_moved_login_makes_room_by_its_age);
	tcase_add_test(tcase, a_slowloris_makes_room_for_players);
	tcase_add_test(tcase, many_threads_leave_nothing_behind);
	suite_add_tcase(suite, tcase);
	return suite_main(suite);
}
