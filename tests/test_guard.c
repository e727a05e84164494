/* SPDX-License-Identifier: MIT */
/*
 * The door, with a clock of its own: each limit by itself, who is exempt, probes, a /64 whose
 * addresses are used up one by one, what is kept in memory, and connections that a proxy passes
 * on.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "guard_suite.h"

#define MANY 100000

/* How many of n visits are let in, and that all others get this verdict. */
static int visits(const char *peer, int n, enum guard_verdict other)
{
	int admitted = 0;

	for (int i = 0; i < n; i++) {
		enum guard_verdict verdict = visit(peer);

		admitted += verdict == GUARD_ADMITS;
		REQUIRE(verdict == GUARD_ADMITS || verdict == other);
	}
	return admitted;
}

/* ---- connections ---- */

/* clang-format off */
static const struct {
	const char *first, *same_address, *same_network, *other;
} places[] = {
	{"192.0.2.1", "192.0.2.1", "192.0.2.255", "192.0.3.1"},
	{"192.0.2.1", "::ffff:192.0.2.1", "::ffff:192.0.2.9", "::ffff:192.0.1.1"},
	{"2001:db8::1", "2001:db8::1", "2001:db8::ffff:0:0:1", "2001:db8:0:1::1"},
};
/* clang-format on */

START_TEST(an_address_has_so_many_connections)
{
	struct guard_ticket *tickets[3], *ticket;

	config.limits.connections_per_address = 2;
	tickets[0] = enter(places[_i].first);
	tickets[1] = enter(places[_i].same_address);
	ck_assert_int_eq(try_fd(places[_i].first, -1, &ticket), GUARD_ADDRESS_FULL);
	ck_assert_ptr_null(ticket);
	ck_assert_int_eq(visit(places[_i].same_network), GUARD_ADMITS);
	ck_assert_int_eq(visit(places[_i].other), GUARD_ADMITS);
	leave(tickets[0]);
	tickets[0] = enter(places[_i].first);
	ck_assert_int_eq(visit(places[_i].first), GUARD_ADDRESS_FULL);
	config.limits.connections_per_address = 3;
	tickets[2] = enter(places[_i].first);
	config.limits.connections_per_address = 1;
	ck_assert_int_eq(visit(places[_i].first), GUARD_ADDRESS_FULL);
	config.limits.connections_per_address = 0;
	ck_assert_int_eq(visit(places[_i].first), GUARD_ADMITS);
	for (size_t i = 0; i < COUNT(tickets); i++)
		leave(tickets[i]);
	ck_assert_uint_eq(counts_now().refused[GUARD_ADDRESS_FULL], 3);
	ck_assert_uint_eq(counts_now().connections, 0);
	ck_assert_uint_eq(counts_now().addresses, 0);
}
END_TEST

START_TEST(a_network_has_so_many_connections)
{
	struct guard_ticket *tickets[2];

	config.limits.connections_per_network = 2;
	tickets[0] = enter(places[_i].first);
	tickets[1] = enter(places[_i].same_network);
	ck_assert_int_eq(visit(places[_i].same_address), GUARD_NETWORK_FULL);
	ck_assert_int_eq(visit(places[_i].same_network), GUARD_NETWORK_FULL);
	ck_assert_int_eq(visit(places[_i].other), GUARD_ADMITS);
	leave(tickets[0]);
	ck_assert_int_eq(visit(places[_i].same_network), GUARD_ADMITS);
	leave(tickets[1]);
	ck_assert_uint_eq(counts_now().refused[GUARD_NETWORK_FULL], 2);
	ck_assert_uint_eq(counts_now().addresses, 0);
}
END_TEST

/* ---- rates ---- */

START_TEST(an_address_comes_so_often)
{
	const char *peer = places[_i].first;

	config.limits.connects_per_s = 4;
	config.limits.connects_burst = 10;
	ck_assert_int_eq(visits(peer, 30, GUARD_TOO_FAST), 10);
	ck_assert_int_eq(visits(places[_i].same_address, 1, GUARD_TOO_FAST), 0);
	ck_assert_int_eq(visits(places[_i].other, 30, GUARD_TOO_FAST), 10);
	now += 249; /* not yet a token */
	ck_assert_int_eq(visits(peer, 5, GUARD_TOO_FAST), 0);
	now += 1;
	ck_assert_int_eq(visits(peer, 5, GUARD_TOO_FAST), 1);
	now += SECOND;
	ck_assert_int_eq(visits(peer, 9, GUARD_TOO_FAST), 4);
	now += 3600 * SECOND; /* no more than the burst */
	ck_assert_int_eq(visits(peer, 30, GUARD_TOO_FAST), 10);
	now -= 3600 * SECOND; /* the clock goes back: nothing is gained */
	ck_assert_int_eq(visits(peer, 5, GUARD_TOO_FAST), 0);
	now += 3601 * SECOND;
	ck_assert_int_eq(visits(peer, 9, GUARD_TOO_FAST), 4);
	ck_assert_uint_eq(counts_now().admitted, 10 + 10 + 1 + 4 + 10 + 4);
}
END_TEST

START_TEST(a_rate_may_change_at_any_time)
{
	config.limits.connects_per_s = 1;
	config.limits.connects_burst = 5;
	ck_assert_int_eq(visits("192.0.2.1", 9, GUARD_TOO_FAST), 5);
	config.limits.connects_burst = 8;
	ck_assert_int_eq(visits("192.0.2.1", 9, GUARD_TOO_FAST), 3);
	config.limits.connects_burst = 2; /* who is six over that owes nothing */
	now += SECOND;
	ck_assert_int_eq(visits("192.0.2.1", 9, GUARD_TOO_FAST), 1);
	config.limits.connects_burst = 0; /* as many as a second brings */
	config.limits.connects_per_s = 3;
	now += 10 * SECOND;
	ck_assert_int_eq(visits("192.0.2.1", 9, GUARD_TOO_FAST), 3);
	config.limits.connects_per_s = 0;
	ck_assert_int_eq(visits("192.0.2.1", 99, GUARD_TOO_FAST), 99);
	config.limits.connects_per_s = 2;
	ck_assert_int_eq(visits("192.0.2.1", 9, GUARD_TOO_FAST), 2);
}
END_TEST

/* Nobody loses a part of a token because the door is looked at too often. */
START_TEST(nothing_is_lost_by_rounding)
{
	int admitted = 0;

	config.limits.connects_per_s = 3;
	config.limits.connects_burst = 1;
	ck_assert_int_eq(visit("192.0.2.1"), GUARD_ADMITS);
	for (int i = 0; i < 100 * SECOND; i++) {
		now++;
		admitted += visit("192.0.2.1") == GUARD_ADMITS;
	}
	/* A token comes each 333.3 ms, and is taken within the next one; it holds one only. */
	ck_assert_int_ge(admitted, 299);
	ck_assert_int_le(admitted, 300);
}
END_TEST

START_TEST(all_together_come_so_often)
{
	char peer[32];
	int admitted = 0;

	config.limits.all_connects_per_s = 10;
	config.limits.all_connects_burst = 50;
	config.limits.connects_per_s = 1;
	for (int i = 0; i < 200; i++) {
		snprintf(peer, sizeof(peer), "10.0.%d.1", i);
		admitted += visits(peer, 2, i < 50 ? GUARD_TOO_FAST : GUARD_ALL_TOO_FAST);
	}
	ck_assert_int_eq(admitted, 50);
	/* Who is refused for that keeps their own, and leaves no trace. */
	ck_assert_uint_eq(counts_now().addresses, 50);
	ck_assert_int_eq(visit("127.0.0.1"), GUARD_ALL_TOO_FAST);
	now += 100;
	ck_assert_int_eq(visit("10.0.199.1"), GUARD_ADMITS);
	now += 100;
	ck_assert_int_eq(visit("::1"), GUARD_ADMITS);
	ck_assert_int_eq(visit("::1"), GUARD_ALL_TOO_FAST);
}
END_TEST

START_TEST(logins_fail_so_often)
{
	const char *peer = places[_i].first;
	struct guard_ticket *ticket;

	config.limits.failed_logins_per_min = 6;
	for (int i = 0; i < 6; i++) {
		ticket = enter(peer);
		guard_login_failed(guard, &config, ticket, now);
		leave(ticket);
	}
	ck_assert_int_eq(visit(places[_i].same_address), GUARD_LOGINS_FAILED);
	ck_assert_int_eq(visit(places[_i].other), GUARD_ADMITS);
	bool is_v6 = strchr(peer, ':') != NULL;
	ck_assert_int_eq(visit(places[_i].same_network),
			 is_v6 ? GUARD_LOGINS_FAILED : GUARD_ADMITS);
	now += 9999;
	ck_assert_int_eq(visit(peer), GUARD_LOGINS_FAILED);
	now += 1;
	/* Many at once count for no longer than a minute. */
	ticket = enter(peer);
	for (int i = 0; i < 1000; i++)
		guard_login_failed(guard, &config, ticket, now);
	leave(ticket);
	now += 9999;
	ck_assert_int_eq(visit(peer), GUARD_LOGINS_FAILED);
	now += 1;
	ck_assert_int_eq(visits(peer, 50, GUARD_LOGINS_FAILED), 50);
	config.limits.failed_logins_per_min = 0;
	ticket = enter(peer);
	for (int i = 0; i < 10; i++)
		guard_login_failed(guard, &config, ticket, now);
	leave(ticket);
	config.limits.failed_logins_per_min = 6;
	ck_assert_int_eq(visit(peer), GUARD_ADMITS);
	now += 61 * SECOND;
	visit("198.51.100.1");
	ck_assert_uint_eq(counts_now().addresses, 0);
}
END_TEST

/* ---- exempt ---- */

/* clang-format off */
static const struct {
	const char *peer;
	bool is_exempt;
} peers[] = {
	{"127.0.0.1", true}, {"127.255.0.9", true}, {"::1", true}, {"::ffff:127.0.0.1", true},
	{"unix:/run/kurafuto", true},
	{"10.1.2.3", true}, {"::ffff:10.255.0.1", true}, {"fd00:1::5", true}, /* trusted */
	{"128.0.0.1", false}, {"::2", false}, {"::ffff:128.0.0.1", false}, {"11.0.0.1", false},
	{"fd00:2::5", false}, {"192.168.0.1", false}, {"::127.0.0.1", false},
};
/* clang-format on */

START_TEST(some_are_exempt)
{
	char *trusted[] = {(char[]){"10.0.0.0/8"}, (char[]){"fd00:1::/32"}};
	struct guard_ticket *tickets[20];
	const char *peer = peers[_i].peer;

	config.trusted_proxies = (struct config_list){trusted, COUNT(trusted)};
	config.limits = (struct config_limits){.connections_per_address = 1,
					       .connections_per_network = 1,
					       .connects_per_s = 1,
					       .failed_logins_per_min = 1};
	if (!peers[_i].is_exempt) {
		ck_assert_int_eq(visits(peer, 9, GUARD_TOO_FAST), 1);
		return;
	}
	for (size_t i = 0; i < COUNT(tickets); i++) {
		tickets[i] = enter(peer);
		guard_login_failed(guard, &config, tickets[i], now);
	}
	ck_assert_uint_eq(counts_now().addresses, 0);
	ck_assert_uint_eq(counts_now().half_open, COUNT(tickets));
	for (size_t i = 0; i < COUNT(tickets); i++)
		leave(tickets[i]);
	ck_assert_int_eq(visit(peer), GUARD_ADMITS);
}
END_TEST

START_TEST(a_peer_without_an_address_is_exempt)
{
	struct net_addr none = {.len = 0};
	struct guard_ticket *tickets[3];

	config.limits.connections_per_address = 1;
	for (size_t i = 0; i < COUNT(tickets); i++)
		ck_assert_int_eq(guard_enter(guard, &config, &none, -1, now, &tickets[i]),
				 GUARD_ADMITS);
	for (size_t i = 0; i < COUNT(tickets); i++)
		leave(tickets[i]);
}
END_TEST

/* ---- probes ---- */

/* How many of n connections that say nothing are let in. */
static int probes(const char *peer, int n)
{
	struct guard_ticket *ticket;
	int admitted = 0;

	for (int i = 0; i < n; i++) {
		admitted += try_fd(peer, -1, &ticket) == GUARD_ADMITS;
		guard_leave(guard, ticket, now);
	}
	return admitted;
}

START_TEST(a_bare_probe_counts_for_nothing)
{
	const char *peer = places[_i].first;

	config.limits.connects_per_s = 1;
	config.limits.connects_burst = 5;
	ck_assert_int_eq(probes(peer, GUARD_PROBES), GUARD_PROBES);
	ck_assert_int_eq(visits(peer, 9, GUARD_TOO_FAST), 5);
	/* A probe each second, for hours, beside a connection each second. */
	now += 60 * SECOND;
	for (int i = 0; i < 10000; i++) {
		REQUIRE(probes(peer, 1) == 1);
		REQUIRE(visits(peer, 1, GUARD_TOO_FAST) == 1);
		now += SECOND;
	}
}
END_TEST

START_TEST(a_flood_of_probes_is_a_flood)
{
	config.limits.connects_per_s = 1;
	config.limits.connects_burst = 5;
	ck_assert_int_eq(probes("192.0.2.1", 1000), GUARD_PROBES + 5);
	/* Then a second brings two: one is given back, and one is not. */
	now += SECOND;
	ck_assert_int_eq(probes("192.0.2.1", 10), 2);
	ck_assert_int_eq(probes("192.0.2.2", 1), 1);
}
END_TEST

START_TEST(who_stays_or_speaks_is_no_probe)
{
	struct guard_ticket *ticket;

	config.limits.connects_per_s = 1;
	config.limits.connects_burst = 1;
	config.limits.half_open = 1;
	ticket = enter("192.0.2.1");
	guard_leave(guard, ticket, now + GUARD_PROBE_MS); /* and the clock goes back */
	ck_assert_int_eq(visit("192.0.2.1"), GUARD_TOO_FAST);
	ticket = enter("192.0.2.2");
	guard_heard(guard, ticket);
	guard_heard(guard, ticket);
	guard_leave(guard, ticket, now);
	ck_assert_int_eq(visit("192.0.2.2"), GUARD_TOO_FAST);
	ticket = enter("192.0.2.3");
	visit("192.0.2.4"); /* cuts it */
	ck_assert(guard_was_cut(guard, ticket));
	guard_leave(guard, ticket, now);
	ck_assert_int_eq(visit("192.0.2.3"), GUARD_TOO_FAST);
	ticket = enter("192.0.2.5");
	guard_leave(guard, ticket, now + GUARD_PROBE_MS - 1);
	ck_assert_int_eq(visit("192.0.2.5"), GUARD_ADMITS);
	guard_leave(guard, NULL, now);
}
END_TEST

/* ---- IPv6, memory ---- */

START_TEST(addresses_of_one_64_are_one_host)
{
	char peer[64];
	int admitted = 0;

	config.limits.connects_per_s = 10;
	config.limits.connects_burst = 20;
	for (int i = 0; i < MANY; i++) {
		snprintf(peer, sizeof(peer), "2001:db8::%x:%x", i >> 16, i & 0xffff);
		admitted += visit(peer) == GUARD_ADMITS;
		now += i % 10 == 0; /* 10 s in all */
		REQUIRE(counts_now().addresses <= 2);
	}
	ck_assert_int_ge(admitted, 100);
	ck_assert_int_le(admitted, 20 + 100);
	ck_assert_uint_eq(counts_now().refused[GUARD_TOO_FAST], MANY - (unsigned)admitted);
	ck_assert_int_eq(visit("2001:db8:0:1::1"), GUARD_ADMITS);
}
END_TEST

START_TEST(failed_logins_of_one_64_are_those_of_one_host)
{
	struct guard_ticket *ticket;
	char peer[64];
	int admitted = 0;

	config.limits.failed_logins_per_min = 30;
	for (int i = 0; i < MANY; i++) {
		snprintf(peer, sizeof(peer), "2001:db8::%x:%x", i >> 16, i & 0xffff);
		if (try_fd(peer, -1, &ticket) != GUARD_ADMITS)
			continue;
		guard_login_failed(guard, &config, ticket, now);
		leave(ticket);
		admitted++;
	}
	ck_assert_int_eq(admitted, 30);
	ck_assert_uint_eq(counts_now().addresses, 1);
}
END_TEST

START_TEST(connections_from_one_64_have_the_network_s_limit)
{
	static struct guard_ticket *tickets[64];
	struct guard_ticket *ticket;
	char peer[64];

	config.limits.connections_per_address = 2;
	config.limits.connections_per_network = 64;
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(peer, sizeof(peer), "2001:db8::%x", i);
		enum guard_verdict verdict = try_fd(peer, -1, &ticket);

		ck_assert_int_eq(verdict, i < 64 ? GUARD_ADMITS : GUARD_NETWORK_FULL);
		if (i < 64)
			tickets[i] = ticket;
	}
	ck_assert_uint_eq(counts_now().addresses, 65);
	for (size_t i = 0; i < COUNT(tickets); i++)
		leave(tickets[i]);
	ck_assert_uint_eq(counts_now().addresses, 0);
}
END_TEST

START_TEST(idle_addresses_are_bounded)
{
	struct guard_ticket *held;
	struct guard_counts counts;
	char peer[64];

	config.limits.connects_per_s = 1;
	config.limits.connects_burst = 1;
	held = enter("192.0.2.1");
	visit("192.0.2.2");
	for (int i = 0; i < MANY; i++) {
		snprintf(peer, sizeof(peer), "%d.%d.%d.1", 11 + (i >> 16), i >> 8 & 255,
			 i & 255);
		REQUIRE(visit(peer) == GUARD_ADMITS);
		if (i % 1000 == 0) /* seen again and again, and so never forgotten */
			REQUIRE(visit("192.0.2.2") == GUARD_TOO_FAST);
	}
	counts = counts_now();
	ck_assert_uint_eq(counts.idle, GUARD_IDLE_MAX);
	ck_assert_uint_eq(counts.addresses, GUARD_IDLE_MAX + 2); /* and what is held */
	ck_assert_int_eq(visit("192.0.2.1"), GUARD_TOO_FAST);
	ck_assert_int_eq(visit(peer), GUARD_TOO_FAST);
	ck_assert_int_eq(visit("11.0.0.1"), GUARD_ADMITS); /* seen too long ago */
	/* What has nothing more to be remembered goes bit by bit. */
	now += 2 * SECOND;
	for (int i = 0; i < GUARD_IDLE_MAX / 2; i++)
		visit("127.0.0.1");
	ck_assert_uint_eq(counts_now().idle, 0);
	leave(held);
	now += 2 * SECOND;
	visit("127.0.0.1");
	ck_assert_uint_eq(counts_now().addresses, 0);
}
END_TEST

/* ---- behind a proxy ---- */

START_TEST(a_moved_connection_counts_at_the_player_s)
{
	struct guard_ticket *tickets[4];

	config.limits.connections_per_address = 2;
	config.limits.failed_logins_per_min = 1;
	for (size_t i = 0; i < COUNT(tickets); i++)
		tickets[i] = enter("127.0.0.1");
	ck_assert_int_eq(move(tickets[0], "192.0.2.1"), GUARD_ADMITS);
	ck_assert_int_eq(move(tickets[1], "192.0.2.1"), GUARD_ADMITS);
	ck_assert_int_eq(move(tickets[2], "192.0.2.1"), GUARD_ADDRESS_FULL);
	ck_assert_int_eq(move(tickets[3], "192.0.2.2"), GUARD_ADMITS);
	ck_assert_int_eq(visit("192.0.2.1"), GUARD_ADDRESS_FULL);
	ck_assert_uint_eq(counts_now().half_open, 4);
	ck_assert_uint_eq(counts_now().connections, 4);
	guard_login_failed(guard, &config, tickets[2], now); /* counts nowhere */
	leave(tickets[2]);
	leave(tickets[0]);
	ck_assert_int_eq(visit("192.0.2.1"), GUARD_ADMITS);
	guard_login_failed(guard, &config, tickets[3], now);
	ck_assert_int_eq(visit("192.0.2.2"), GUARD_LOGINS_FAILED);
	ck_assert_int_eq(visit("127.0.0.1"), GUARD_ADMITS);
	leave(tickets[1]);
	leave(tickets[3]);
	ck_assert_uint_eq(counts_now().connections, 0);
	ck_assert_uint_eq(counts_now().addresses, 1); /* whose login has failed */
}
END_TEST

/* Else whoever can have a proxy say so would be exempt. */
START_TEST(loopback_that_a_proxy_names_counts)
{
	struct guard_ticket *tickets[2];

	config.limits.connections_per_address = 1;
	for (size_t i = 0; i < COUNT(tickets); i++)
		tickets[i] = enter("127.0.0.1");
	ck_assert_int_eq(move(tickets[0], "127.0.0.1"), GUARD_ADMITS);
	ck_assert_int_eq(move(tickets[1], "127.0.0.1"), GUARD_ADDRESS_FULL);
	ck_assert_int_eq(visit("127.0.0.1"), GUARD_ADMITS); /* really there */
	leave(tickets[0]);
	leave(tickets[1]);
}
END_TEST

START_TEST(others_do_not_pay_for_who_is_refused_behind_a_proxy)
{
	config.limits.connections_per_address = 1;
	config.limits.all_connects_per_s = 1;
	config.limits.all_connects_burst = 3;
	struct guard_ticket *one = enter("127.0.0.1");
	ck_assert_int_eq(move(one, "192.0.2.1"), GUARD_ADMITS);
	for (int i = 0; i < 20; i++) {
		struct guard_ticket *flood = enter("127.0.0.1");

		ck_assert_int_eq(move(flood, "192.0.2.1"), GUARD_ADDRESS_FULL);
		leave(flood);
	}
	struct net_addr last = address_of("192.0.2.1"), told = counts_now().last;
	ck_assert(net_addr_is_same(&told, &last));
	ck_assert_int_eq(visit("198.51.100.1"), GUARD_ADMITS);
	leave(one);
}
END_TEST

START_TEST(a_moved_connection_has_its_start_at_the_player_s)
{
	struct guard_ticket *ticket;

	config.limits.connects_per_s = 1;
	config.limits.connects_burst = 2;
	for (int i = 0; i < 5; i++) {
		ticket = enter("::1");
		ck_assert_int_eq(move(ticket, "2001:db8::1"),
				 i < 2 ? GUARD_ADMITS : GUARD_TOO_FAST);
		leave(ticket);
	}
	/* A probe through the proxy. */
	for (int i = 0; i < 5; i++) {
		ticket = enter("::1");
		ck_assert_int_eq(move(ticket, "192.0.2.1"), GUARD_ADMITS);
		guard_leave(guard, ticket, now);
	}
	/* From an address that counts: it is given back there, to the same place, too. */
	ticket = enter("198.51.100.1");
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(move(ticket, "198.51.100.1"), GUARD_ADMITS);
	ck_assert_int_eq(move(ticket, "127.0.0.1"), GUARD_ADMITS);
	ck_assert_int_eq(visits("198.51.100.1", 5, GUARD_TOO_FAST), 2);
	leave(ticket);
	ck_assert_uint_eq(counts_now().refused[GUARD_TOO_FAST], 3 + 3);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("guard");
	TCase *tcase = tcase_create("guard");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase, an_address_has_so_many_connections, 0, COUNT(places));
	tcase_add_loop_test(tcase, a_network_has_so_many_connections, 0, COUNT(places));
	tcase_add_loop_test(tcase, an_address_comes_so_often, 0, COUNT(places));
	tcase_add_test(tcase, a_rate_may_change_at_any_time);
	tcase_add_test(tcase, nothing_is_lost_by_rounding);
	tcase_add_test(tcase, all_together_come_so_often);
	tcase_add_loop_test(tcase, logins_fail_so_often, 0, COUNT(places));
	tcase_add_loop_test(tcase, some_are_exempt, 0, COUNT(peers));
	tcase_add_test(tcase, a_peer_without_an_address_is_exempt);
	tcase_add_loop_test(tcase, a_bare_probe_counts_for_nothing, 0, COUNT(places));
	tcase_add_test(tcase, a_flood_of_probes_is_a_flood);
	tcase_add_test(tcase, who_stays_or_speaks_is_no_probe);
	tcase_add_test(tcase, addresses_of_one_64_are_one_host);
	tcase_add_test(tcase, failed_logins_of_one_64_are_those_of_one_host);
	tcase_add_test(tcase, connections_from_one_64_have_the_network_s_limit);
	tcase_add_test(tcase, idle_addresses_are_bounded);
	tcase_add_test(tcase, a_moved_connection_counts_at_the_player_s);
	tcase_add_test(tcase, loopback_that_a_proxy_names_counts);
	tcase_add_test(tcase, others_do_not_pay_for_who_is_refused_behind_a_proxy);
	tcase_add_test(tcase, a_moved_connection_has_its_start_at_the_player_s);
	suite_add_tcase(suite, tcase);
	return suite_main(suite);
}
