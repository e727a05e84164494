/* SPDX-License-Identifier: MIT */
/*
 * `"rejoin": "last"`: a player who comes back is sent where they were, also after a restart, as
 * long as that server can take them.
 */
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "harness.h"
#include "scratch.h"

#define FILE_NAME "places.json"
#define TWO       "'servers':[" SERVER("alpha") "," SERVER("beta") "]"
#define LAST      ",'rejoin':'last','health':{'interval-ms':100},'state-dir':'%s'"

static struct backend alpha, beta;
static struct proxy *proxy;

static void setup(void)
{
	backend_open(&alpha);
	backend_open(&beta);
	scratch_setup();
}

static void teardown(void)
{
	backend_close(&alpha);
	backend_close(&beta);
	scratch_teardown();
}

static void start(void)
{
	proxy = proxy_start(TWO LAST, alpha.port, beta.port, scratch);
}

/* Alice joins and is brought to that server; perhaps she jumps to another; then she leaves. */
static void visit(struct backend *first, const char *jump, struct backend *second)
{
	size_t left = proxy_count_log(proxy, "Alice: leaves");
	struct peer *next = NULL, *link, *alice = join(proxy, first, "Alice", "There", &link);

	exchange(alice, link);
	if (jump != NULL)
		peer_chat(alice, jump);
	if (second != NULL) {
		next = backend_accept(second);
		link_welcome(next, "Next");
	}
	if (jump != NULL)
		client_arrive(alice, second != NULL ? "Next" : NULL);
	peer_close(alice);
	proxy_wait_count_log(proxy, "Alice: leaves", left + 1);
	peer_close(link);
	peer_close(next);
}

START_TEST(players_come_back_to_where_they_were)
{
	start();
	visit(&alpha, ":kura jump beta", &beta);
	visit(&beta, NULL, NULL);
	proxy_stop(proxy);
	start();
	visit(&beta, ":kura jump alpha", &alpha);
	visit(&alpha, ":kura jump beta", &beta);
	visit(&beta, ":kura lobby", NULL); /* which is no place to come back to */
	visit(&beta, NULL, NULL);
	proxy_stop(proxy);
}
END_TEST

START_TEST(by_default_they_come_to_a_hub)
{
	proxy = proxy_start(TWO ",'state-dir':'%s'", alpha.port, beta.port, scratch);
	visit(&alpha, ":kura jump beta", &beta);
	visit(&alpha, ":kura jump beta", &beta);
	proxy_stop(proxy);
	start(); /* but where they were is known */
	visit(&beta, NULL, NULL);
	proxy_stop(proxy);
}
END_TEST

/* A crash loses little: the file is written every few seconds. */
START_TEST(places_outlive_a_crash)
{
	int64_t deadline = harness_now() + harness_ms(10000);

	start();
	visit(&alpha, ":kura jump beta", &beta);
	while (!scratch_has(FILE_NAME) && harness_now() < deadline)
		poll(NULL, 0, 20); /* a file can't be waited for */
	ck_assert(strstr(scratch_read(FILE_NAME), "beta") != NULL);
	proxy_signal(proxy, SIGKILL);
	ck_assert(WIFSIGNALED(proxy_wait(proxy)));
	proxy_free(proxy);
	start();
	visit(&beta, NULL, NULL);
	proxy_stop(proxy);
}
END_TEST

/* ---- when that server can't take them ---- */

START_TEST(a_server_that_is_down_is_not_waited_for)
{
	start();
	visit(&alpha, ":kura jump beta", &beta);
	backend_refuse(&beta);
	proxy_wait_log(proxy, "server beta (127.0.0.1");
	visit(&alpha, NULL, NULL);
	proxy_stop(proxy);
}
END_TEST

START_TEST(nor_one_that_takes_nobody)
{
	start();
	visit(&alpha, ":kura jump beta", &beta);
	proxy_stop(proxy);
	if (_i == 0)
		proxy = proxy_start("'servers':[" SERVER("alpha") "]" LAST, alpha.port,
				    scratch);
	else
		proxy = proxy_start(
			"'servers':[" SERVER(
				"alpha") ",{'name':'beta','address':'127.0.0.1','port':%u,"
					 "'restricted':[]}]" LAST,
			alpha.port, beta.port, scratch);
	visit(&alpha, NULL, NULL);
	proxy_stop(proxy);
}
END_TEST

START_TEST(a_full_server_is_passed_over)
{
	struct peer *bob, *link, *to_beta;

	proxy = proxy_start("'servers':[" SERVER("alpha") ",{'name':'beta','address':'127.0.0."
							  "1','port':%u,'max-players':1}]" LAST,
			    alpha.port, beta.port, scratch);
	visit(&alpha, ":kura jump beta", &beta);
	bob = join(proxy, &alpha, "Bob", "Alpha", &link);
	exchange(bob, link);
	peer_chat(bob, ":kura jump beta");
	to_beta = backend_accept(&beta);
	link_welcome(to_beta, "Beta");
	client_arrive(bob, "Beta");
	visit(&alpha, NULL, NULL);
	peer_close(bob);
	peer_close(link);
	peer_close(to_beta);
	proxy_stop(proxy);
}
END_TEST

/* ---- the file ---- */

START_TEST(a_damaged_file_is_set_aside)
{
	static const char *const damage[] = {"{\"players\":{\"Alice\":\"be", "", "[]",
					     "{\"players\":{\"Alice\":\"beta\"}}}"};

	scratch_write(FILE_NAME, damage[_i]);
	start();
	proxy_wait_log(proxy, "is damaged");
	ck_assert(proxy_logged(proxy, "warn"));
	ck_assert(proxy_logged(proxy, FILE_NAME ".damaged-1"));
	ck_assert_str_eq(scratch_read(FILE_NAME ".damaged-1"), damage[_i]);
	visit(&alpha, ":kura jump beta", &beta);
	proxy_stop(proxy);
	start();
	visit(&beta, NULL, NULL);
	ck_assert(!proxy_logged(proxy, "is damaged"));
	proxy_stop(proxy);
}
END_TEST

/* What is JSON, but not what we write, is passed over. */
START_TEST(strange_entries_are_passed_over)
{
	scratch_write(FILE_NAME,
		      "{\"players\":{\"Bob\":7,\"no name\":\"beta\",\"Alice\":\"beta\","
		      "\"Eve\":\"a-name-that-no-server-can-have-as-it-is-so-long\"}}");
	start();
	visit(&beta, NULL, NULL);
	proxy_stop(proxy);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rejoin");
	TCase *tcase = harness_case(suite, "rejoin");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, players_come_back_to_where_they_were);
	tcase_add_test(tcase, by_default_they_come_to_a_hub);
	tcase_add_test(tcase, places_outlive_a_crash);
	tcase_add_test(tcase, a_server_that_is_down_is_not_waited_for);
	tcase_add_loop_test(tcase, nor_one_that_takes_nobody, 0, 2);
	tcase_add_test(tcase, a_full_server_is_passed_over);
	tcase_add_loop_test(tcase, a_damaged_file_is_set_aside, 0, 4);
	tcase_add_test(tcase, strange_entries_are_passed_over);
	return harness_run(suite);
}
