/* SPDX-License-Identifier: MIT */
/*
 * Up or down by what checks and links report, without a socket: rise and fall, what makes up
 * for what, when the next check comes, and what is logged.
 */
#include "capture.h"
#include "linked.h"
#include "server_private.h"
#include "suite.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	int64_t interval_ms;
	unsigned fails;
	int64_t pause_ms;
} pauses[] = {
	{5000, 0, 5000},   {5000, 1, 10000}, {5000, 2, 20000},       {5000, 3, 20000},
	{5000, 99, 20000}, {50, 0, 50},      {3600000, 2, 14400000},
};

START_TEST(pauses_with_jitter)
{
	int64_t least = INT64_MAX, most = 0, want = pauses[_i].pause_ms;

	for (uint32_t random = 0; random < 20000; random++) {
		int64_t pause = server_check_pause_ms(pauses[_i].interval_ms, pauses[_i].fails,
						      random * 214748u);

		least = pause < least ? pause : least;
		most = pause > most ? pause : most;
	}
	ck_assert_int_ge(least, want - want / 10);
	ck_assert_int_lt(least, want - want / 12);
	ck_assert_int_le(most, want + want / 10);
	ck_assert_int_gt(most, want + want / 12);
}
END_TEST

static void check(size_t index, bool works)
{
	server_report_check(nth(index), server_generation(nth(index)), works, 77, "a test");
}

/* C works, c does not: a check; L, l: a player's dial, or a login that worked; x: a login that
 * died. */
static void tell(char what)
{
	if (what == 'C' || what == 'c')
		check(0, what == 'C');
	else if (what == 'x')
		server_report_login(nth(0), "a test");
	else
		server_report(nth(0), what == 'L', "a test");
}

/* The pause until the next check, as a share of the interval of 1000 ms. */
static int64_t pause_of(size_t index)
{
	pthread_mutex_lock(&registry->lock);
	int64_t pause_ms = nth(index)->next_check_ms - net_now_ms();
	pthread_mutex_unlock(&registry->lock);
	return (pause_ms + 500) / 1000;
}

static const struct {
	const char *reports; /* see tell() */
	int64_t pause;       /* in intervals */
} schedules[] = {
	{"C", 1},      {"CC", 1},     {"c", 1},    {"cc", 2},    {"ccc", 4},
	{"cccccc", 4}, {"cC", 1},     {"cccC", 1}, {"cccCc", 1}, {"Cc", 1},
	{"Ccc", 2},    {"cccCcc", 2}, {"Cl", 1},   {"ClC", 1},   {"lClClC", 1},
};

START_TEST(schedule)
{
	add_server("a", "127.0.0.1", 25566, "");
	link_with("'health':{'interval-ms':1000}");
	for (const char *c = schedules[_i].reports; *c != '\0'; c++)
		tell(*c);
	ck_assert_msg(pause_of(0) == schedules[_i].pause, "%s: %d", schedules[_i].reports,
		      (int)pause_of(0));
}
END_TEST

/* A server that takes connections but lets nobody in comes up again later each time. */
START_TEST(relapses)
{
	static const int64_t pauses_s[] = {1, 2, 4, 8, 16, 20, 20};

	add_server("a", "127.0.0.1", 25566, "");
	link_with("'health':{'interval-ms':5000}");
	for (size_t i = 0; i < COUNT(pauses_s); i++) {
		nth(0)->next_check_ms = INT64_MAX;
		server_report(nth(0), false, "a test");
		ck_assert_int_eq(pause_of(0), pauses_s[i]);
		check(0, true);
		ck_assert(server_is_up(nth(0)));
	}
	server_report(nth(0), true, NULL);
	nth(0)->next_check_ms = INT64_MAX;
	server_report(nth(0), false, "a test");
	ck_assert_int_eq(pause_of(0), 1);
}
END_TEST

/* clang-format off */
static const struct {
	const char *reports, *states; /* see tell(); + up, - down */
	unsigned rise, fall;
} mixtures[] = {
	{"CccC",      "++++",      2, 3},
	{"Cccc",      "+++-",      2, 3},
	{"ClClCl",    "+++++-",    2, 3}, /* a connection does not make up for logins that fail */
	{"ClClLCll",  "++++++++",  2, 3},
	{"Clcl",      "+++-",      2, 3},
	{"CccCll",    "++++++",    2, 3},
	{"CccccCcCC", "+++-----+", 2, 3},
	{"CcccCL",    "+++--+",    2, 3},
	{"CcccCCl",   "+++--++",   2, 3}, /* all is forgotten when it comes up */
	{"Cxxx",      "+++-",      2, 3}, /* a login that died may be its player's fault, */
	{"CxCxCx",    "+++++-",    2, 3},
	{"CxxLxx",    "++++++",    2, 3}, /* unless nobody gets in */
	{"Cxxcc",     "+++++",     2, 3},
	{"Cxxx",      "+++-",      1, 1},
	{"xxx",       "++-",       1, 1}, /* even if it is the first that is known */
	{"Cxxl",      "+++-",      1, 1},
	{"Cxxxxx",    "+++++-",    1, 5},
	{"xxxCxx",    "++-+++",    1, 1},
};
/* clang-format on */

START_TEST(checks_and_links_count_together)
{
	const char *state = mixtures[_i].states;

	add_server("a", "127.0.0.1", 25566, "");
	link_with("'health':{'rise':%u,'fall':%u}", mixtures[_i].rise, mixtures[_i].fall);
	for (const char *c = mixtures[_i].reports; *c != '\0'; c++, state++) {
		tell(*c);
		ck_assert_msg(server_is_up(nth(0)) == (*state == '+'), "%s at %s",
			      mixtures[_i].reports, c);
	}
}
END_TEST

START_TEST(checks_are_no_failures_of_players)
{
	struct server_counts counts;

	add_server("a", "127.0.0.1", 25566, "");
	link_all();
	server_get_counts(nth(0), &counts);
	ck_assert_int_eq(counts.latency_us, -1);
	check(0, true);
	check(0, false);
	server_report(nth(0), false, "a test");
	server_get_counts(nth(0), &counts);
	ck_assert_uint_eq(counts.failures, 1);
	ck_assert_uint_eq(counts.downs, 1);
	ck_assert_int_eq(counts.latency_us, 77);
}
END_TEST

/* A result of a check of the old address. */
START_TEST(a_check_of_another_address)
{
	unsigned before;

	add_server("a", "127.0.0.1", 25566, "");
	link_all();
	before = server_generation(nth(0));
	unlink_all();
	add_server("a", "127.0.0.1", 25567, "");
	link_all();
	server_report_check(nth(0), before, false, -1, "a test");
	ck_assert(server_is_up(nth(0)));
	server_report_check(nth(0), server_generation(nth(0)), false, -1, "a test");
	ck_assert(!server_is_up(nth(0)));
}
END_TEST

/* Nothing that the old address has shown counts at the new one. */
START_TEST(another_address_is_another_server)
{
	struct server_counts counts;
	struct server *server;

	add_server("a", "127.0.0.1", 25566, "");
	link_with("'health':{'rise':2,'fall':3}");
	server = nth(0);
	for (const char *c = "CcccCCxxcl"; *c != '\0'; c++) /* down, up, and nearly down */
		tell(*c);
	ck_assert(server_is_up(server));
	ck_assert_int_gt(server_up_since_ms(server), 0);
	server_suspect(server);
	unlink_all();
	add_server("a", "127.0.0.1", 25567, "");
	link_with("'health':{'rise':2,'fall':3}");
	ck_assert_ptr_eq(nth(0), server);
	ck_assert_int_eq(server_up_since_ms(server), 0);
	server_get_counts(server, &counts);
	ck_assert_int_eq(counts.changed_ms, 0);
	ck_assert_int_eq(counts.latency_us, -1);
	ck_assert_uint_eq(counts.downs, 1); /* since the start, by its name */
	pthread_mutex_lock(&registry->lock);
	ck_assert(!server->is_suspect && !server->reported);
	ck_assert_int_eq(server->next_check_ms, 0);
	ck_assert_uint_eq(server->misses + server->link_misses + server->login_misses, 0);
	pthread_mutex_unlock(&registry->lock);
	for (const char *c = "Cxxlc"; *c != '\0'; c++) {
		tell(*c);
		ck_assert_msg(server_is_up(server), "down at %s", c);
	}
	tell('x');
	ck_assert(!server_is_up(server));
}
END_TEST

/* One that was down is up, at its whole share. */
START_TEST(another_address_is_up)
{
	add_server("a", "127.0.0.1", 25566, "");
	link_all();
	for (int i = 0; i < 3; i++)
		check(0, i == 1);
	ck_assert(!server_is_up(nth(0)));
	unlink_all();
	add_server("a", "127.0.0.1", 25567, "");
	link_all();
	ck_assert(server_is_up(nth(0)));
	check(0, true);
	ck_assert_int_eq(server_up_since_ms(nth(0)), 0);
}
END_TEST

START_TEST(how_long_it_was_down)
{
	static const struct {
		int64_t ms;
		const char *said;
	} spans[] = {{119000, "after 119 s"},
		     {120000, "after 2 min"},
		     {9000000, "after 2 h 30 min"}};
	char out[2048];

	add_server("a", "127.0.0.1", 25566, "");
	link_all();
	log_init(LOG_INFO, LOG_COLOR_NEVER, false);
	capture();
	for (size_t i = 0; i < COUNT(spans); i++) {
		check(0, false);
		nth(0)->changed_ms -= spans[i].ms;
		check(0, true);
	}
	release(out, sizeof(out));
	for (size_t i = 0; i < COUNT(spans); i++)
		ck_assert_msg(strstr(out, spans[i].said) != NULL, "%s", out);
}
END_TEST

static TCase *schedule_tests(void)
{
	TCase *tcase = tcase_create("schedule");

	tcase_add_checked_fixture(tcase, linked_setup, linked_teardown);
	tcase_add_loop_test(tcase, pauses_with_jitter, 0, COUNT(pauses));
	tcase_add_loop_test(tcase, schedule, 0, COUNT(schedules));
	tcase_add_test(tcase, relapses);
	tcase_add_loop_test(tcase, checks_and_links_count_together, 0, COUNT(mixtures));
	tcase_add_test(tcase, checks_are_no_failures_of_players);
	tcase_add_test(tcase, a_check_of_another_address);
	tcase_add_test(tcase, another_address_is_another_server);
	tcase_add_test(tcase, another_address_is_up);
	tcase_add_test(tcase, how_long_it_was_down);
	return tcase;
}

int main(void)
{
	Suite *suite = suite_create("server_report");

	suite_add_tcase(suite, schedule_tests());
	return suite_main(suite);
}
