/* SPDX-License-Identifier: MIT */
/*
 * Connections kept ready, against a listener on the loopback: how many there are and for which
 * servers, what a player gets, and what becomes of them when the server, its state or the
 * configuration changes. Nothing sleeps for a result: tests poll for it until a deadline.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "capture.h"
#include "linked.h"
#include "server_private.h"
#include "suite.h"

#define GUESTS_MAX 1024
#define CALM       "'health':{'interval-ms':3600000}"
#define POOL(n)    CALM ",'pool':{'size':" #n ",'max-age-s':3600}"

/* The connections that a port has taken in and that are still open. */
struct guests {
	int fds[GUESTS_MAX];
	int64_t came_ms[GUESTS_MAX];
	size_t n;
	int64_t patience_ms; /* how long one may say nothing before we close; 0: for ever */
	unsigned left;       /* how many went by themselves */
	unsigned met;        /* all that ever came; a health check is one, too */
	char greeting;       /* sent at once, if not 0; 'X' closes instead */
};
static struct guests guests[PORTS];

static void setup(void)
{
	linked_setup();
	memset(guests, 0, sizeof(guests));
}

static void teardown(void)
{
	linked_teardown();
	for (size_t i = 0; i < PORTS; i++)
		while (guests[i].n > 0)
			close(guests[i].fds[--guests[i].n]);
}

static void let_in(struct guests *list, int fd)
{
	list->met++;
	if (list->greeting == 'X') {
		close(fd);
		return;
	}
	if (list->greeting != 0)
		ck_assert_int_eq(send(fd, &list->greeting, 1, MSG_NOSIGNAL), 1);
	ck_assert_uint_lt(list->n, GUESTS_MAX);
	list->came_ms[list->n] = net_now_ms();
	list->fds[list->n++] = fd;
}

static void let_all_in(size_t index)
{
	while (ports[index].listener >= 0 &&
	       net_wait(ports[index].listener, POLLIN, net_now_ms()) == 1)
		let_in(&guests[index],
		       accept4(ports[index].listener, NULL, NULL, SOCK_CLOEXEC));
}

/* Takes in who has come, and closes for who has left; how many are there. */
static size_t count(size_t index)
{
	struct guests *list = &guests[index];

	let_all_in(index);
	for (size_t i = list->n; i-- > 0;) {
		char byte;

		bool is_there = recv(list->fds[i], &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
				errno == EAGAIN;
		bool is_late = list->patience_ms > 0 &&
			       net_now_ms() - list->came_ms[i] >= list->patience_ms;

		if (is_there && !is_late)
			continue;
		list->left += !is_there;
		close(list->fds[i]);
		list->fds[i] = list->fds[--list->n];
		list->came_ms[i] = list->came_ms[list->n];
	}
	return list->n;
}

/* Polls until so many are there; a moment later they still are. */
static void await_count(size_t index, size_t n)
{
	int64_t deadline_ms = net_now_ms() + PATIENCE_MS, since_ms = 0;

	while (since_ms == 0 || net_now_ms() < since_ms + 50) {
		bool is_right = count(index) == n;

		if (!is_right)
			since_ms = 0;
		else if (since_ms == 0)
			since_ms = net_now_ms();
		ck_assert_msg(net_now_ms() < deadline_ms, "%zu connections, not %zu",
			      count(index), n);
		poll(NULL, 0, 2);
	}
}

/* Polls until the pool has one to give. */
static int take(size_t index)
{
	int64_t deadline_ms = net_now_ms() + PATIENCE_MS;
	int fd;

	while ((fd = server_take_ready(nth(index))) < 0) {
		ck_assert_msg(net_now_ms() < deadline_ms, "none is ready in time");
		poll(NULL, 0, 2);
	}
	return fd;
}

/* Takes in who has come; has a byte arrived at any guest. */
static bool has_arrived(size_t index)
{
	char byte = 0;

	let_all_in(index);
	for (size_t i = 0; i < guests[index].n; i++)
		if (recv(guests[index].fds[i], &byte, 1, MSG_DONTWAIT) == 1)
			return true;
	return false;
}

/* What is sent into a taken connection arrives at one of the guests: perhaps the newest. */
static void expect_alive(size_t index, int fd)
{
	int64_t deadline_ms = net_now_ms() + PATIENCE_MS;

	ck_assert_int_eq(send(fd, "x", 1, MSG_NOSIGNAL), 1);
	while (!has_arrived(index)) {
		ck_assert_msg(net_now_ms() < deadline_ms, "it arrives at nobody");
		poll(NULL, 0, 2);
	}
}

/* ---- what a player gets ---- */

START_TEST(a_taken_one_is_replaced)
{
	char why[256] = "";

	add_port("127.0.0.1", true);
	link_with(POOL(2));
	start_registry();
	await_count(0, 2);
	int first = take(0), second = take(0);
	ck_assert_int_ne(first, second);
	await_count(0, 4);
	ck_assert_int_eq(server_dial_finish(nth(0), first, net_now_ms(), why, sizeof(why)), 0);
	ck_assert_int_eq(fcntl(first, F_GETFL) & O_NONBLOCK, 0);
	expect_alive(0, first);
	expect_alive(0, second);
	close(first);
	await_count(0, 3);
	close(second);
	await_count(0, 2);
}
END_TEST

/* Some have died, and the pool may not know it yet: nobody gets one of those. The servers'
 * turns overlap, since a pool that has lost some waits before it dials again. */
START_TEST(nobody_gets_a_dead_one)
{
	for (size_t i = 0; i < PORTS; i++)
		add_port("127.0.0.1", true);
	link_with(POOL(4) ",'hubs':['a','b','c','d']");
	start_registry();
	for (size_t turn = 0; turn < 2 * PORTS; turn++) {
		size_t server = turn % PORTS;

		await_count(server, 4);
		int fd = take(server);
		close(fd);
		await_count(server, 4);
		for (int i = 0; i < 3; i++)
			close(guests[server].fds[--guests[server].n]);
		fd = server_take_ready(nth(server));
		if (fd >= 0) {
			expect_alive(server, fd);
			close(fd);
		}
	}
}
END_TEST

START_TEST(without_a_pool_there_is_none)
{
	add_port("127.0.0.1", true);
	link_with(CALM);
	start_registry();
	meet_checks(0, 1);
	registry_wake(registry);
	meet_checks(0, 1);
	ck_assert_int_eq(server_take_ready(nth(0)), -1);
	await_count(0, 0);
}
END_TEST

#define TAKERS 4
#define TAKES  200

static void *take_many(void *server)
{
	unsigned long taken = 0;

	for (int i = 0; i < TAKES; i++) {
		int fd = server_take_ready(server);

		taken += fd >= 0;
		if (fd >= 0)
			close(fd);
		poll(NULL, 0, 1);
	}
	return (void *)taken; // NOLINT(performance-no-int-to-ptr)
}

START_TEST(many_take_at_once)
{
	pthread_t threads[TAKERS];
	unsigned long taken = 0;
	void *result;

	add_port("127.0.0.1", true);
	link_with(POOL(8));
	start_registry();
	await_count(0, 8);
	for (size_t i = 0; i < TAKERS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, take_many, nth(0)), 0);
	for (int i = 0; i < TAKES; i++) {
		count(0);
		poll(NULL, 0, 1);
	}
	for (size_t i = 0; i < TAKERS; i++) {
		pthread_join(threads[i], &result);
		taken += (unsigned long)result;
	}
	ck_assert_uint_gt(taken, 8);
	await_count(0, 8);
}
END_TEST

/* ---- which servers ---- */

/* Hubs, by name, in a group, or of a listener; but not one to which nobody is sent. */
START_TEST(only_hubs_have_one)
{
	add_port("127.0.0.1", true);
	add_port("127.0.0.1", true);
	add_port("127.0.0.1", true);
	add_port("127.0.0.1", true);
	link_with(POOL(2) ",'hubs':['b','g'],'groups':{'g':{'servers':['c']}}");
	start_registry();
	await_count(1, 2);
	await_count(2, 2);
	await_count(0, 0);
	await_count(3, 0);
	link_with(POOL(1) ",'hubs':['a'],'listeners':[{'address':'127.0.0.1','port':1,'hubs':["
			  "'d']}]");
	await_count(0, 1);
	await_count(3, 1);
	await_count(1, 0);
	await_count(2, 0);
}
END_TEST

/* The first bytes of each connection say who the player is: one that says nothing yet is of no
 * use, and goes when the server begins to want that. */
START_TEST(a_server_that_hears_of_players_has_none)
{
	add_port("127.0.0.1", true);
	for (unsigned round = 0; round < 2; round++) {
		unlink_all();
		add_server("a", "127.0.0.1", ports[0].number,
			   round == 0 ? "" : "'forward':'proxy-v2'");
		add_server("b", "127.0.0.1", ports[0].number, "'forward':'proxy-v1'");
		link_with(POOL(2) ",'hubs':['a','b']");
		if (round == 0)
			start_registry();
		await_count(0, round == 0 ? 2 : 0);
	}
	ck_assert_int_eq(server_take_ready(nth(0)), -1);
	ck_assert_int_eq(server_take_ready(nth(1)), -1);
}
END_TEST

static void go_down(void)
{
	server_report(nth(0), false, "a test");
}

static void go_into_maintenance(void)
{
	server_set_maintenance(nth(0), true);
}

static void drain(void)
{
	server_set_draining(nth(0), true);
}

static void go_away(void)
{
	unlink_all();
	add_server("z", "127.0.0.1", 1, "");
	link_with(POOL(3));
}

static void be_no_hub(void)
{
	unlink_all();
	add_server("a", "127.0.0.1", ports[0].number, "'weight':0");
	link_with(POOL(3));
}

static void do_without(void)
{
	link_with(CALM);
}

static void stop(void)
{
	ck_assert(registry_stop(registry));
}

static void (*const reasons[])(void) = {go_down,   go_into_maintenance, drain, go_away,
					be_no_hub, do_without,          stop};

START_TEST(a_server_that_nobody_joins_has_none)
{
	struct server *server;

	add_port("127.0.0.1", true);
	link_with(POOL(3));
	start_registry();
	await_count(0, 3);
	server = nth(0);
	reasons[_i]();
	await_count(0, 0);
	ck_assert_int_eq(server_take_ready(server), -1);
}
END_TEST

START_TEST(it_comes_back_with_the_server)
{
	add_port("127.0.0.1", true);
	link_with(POOL(2));
	start_registry();
	await_count(0, 2);
	drain();
	await_count(0, 0);
	server_set_draining(nth(0), false);
	await_count(0, 2);
	go_down();
	await_count(0, 0);
	server_report(nth(0), true, NULL);
	await_count(0, 2);
}
END_TEST

/* ---- other configurations ---- */

START_TEST(another_size)
{
	add_port("127.0.0.1", true);
	link_with(POOL(5));
	start_registry();
	await_count(0, 5);
	link_with(POOL(2));
	await_count(0, 2);
	link_with(POOL(4));
	await_count(0, 4);
	link_with(POOL(64));
	await_count(0, 64);
}
END_TEST

START_TEST(another_address)
{
	add_port("127.0.0.1", true);
	add_port("127.0.0.1", true);
	link_with(POOL(2) ",'hubs':['a']");
	start_registry();
	await_count(0, 2);
	unlink_all();
	add_server("a", "127.0.0.1", ports[1].number, "");
	link_with(POOL(2) ",'hubs':['a']");
	await_count(0, 0);
	await_count(1, 2);
}
END_TEST

/* ---- age ---- */

START_TEST(ages)
{
	int64_t least = INT64_MAX, most = 0;

	for (uint32_t random = 0; random < 20000; random++) {
		int64_t age = pool_age_ms(30000, random * 214748u);

		least = age < least ? age : least;
		most = age > most ? age : most;
	}
	ck_assert_int_ge(least, 24000);
	ck_assert_int_lt(least, 24500);
	ck_assert_int_le(most, 30000);
	ck_assert_int_gt(most, 29500);
	ck_assert_int_eq(pool_age_ms(1000, 0), 1000);
}
END_TEST

START_TEST(pauses)
{
	static const int64_t want[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000};
	int64_t pause_ms = 0;

	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		pause_ms = pool_pause_ms(pause_ms);
		ck_assert_int_eq(pause_ms, want[i]);
	}
}
END_TEST

/* Old ones are given up, new ones take their place, and none gets older than a second. */
START_TEST(old_ones_are_renewed)
{
	int64_t deadline_ms = net_now_ms() + PATIENCE_MS;
	unsigned before;

	add_port("127.0.0.1", true);
	link_with(CALM ",'pool':{'size':3,'max-age-s':3600}");
	start_registry();
	await_count(0, 3);
	link_with(CALM
		  ",'pool':{'size':3,'max-age-s':1}"); /* counts for those that are there */
	before = guests[0].met;
	while (guests[0].met < before + 9) {
		ck_assert_uint_le(count(0), 3);
		ck_assert_int_lt(net_now_ms(), deadline_ms);
		poll(NULL, 0, 5);
	}
	await_count(0, 3);
	close(take(0));
}
END_TEST

/* ---- servers that do not bear it ---- */

/* Those that speak first, and those that close at once, are asked less and less often. */
START_TEST(servers_that_bear_none)
{
	int64_t until_ms;

	guests[0].greeting = 'H';
	guests[1].greeting = 'X';
	for (size_t i = 0; i < 2; i++)
		add_port("127.0.0.1", true);
	link_with(POOL(8) ",'hubs':['a','b']");
	start_registry();
	until_ms = net_now_ms() + 2500;
	while (net_now_ms() < until_ms) {
		count(0);
		count(1);
		poll(NULL, 0, 5);
	}
	for (size_t i = 0; i < 2; i++) {
		/* a check, eight at first, one after 1 s, perhaps one after 3 s */
		ck_assert_uint_ge(guests[i].met, 9);
		ck_assert_uint_le(guests[i].met, 11);
		guests[i].greeting = 0; /* now it does */
	}
	for (size_t i = 0; i < 2; i++) {
		await_count(i, 8);
		close(take(i));
	}
}
END_TEST

/* How often a text is in another. */
static unsigned occurrences(const char *text, const char *word)
{
	unsigned n = 0;

	while ((text = strstr(text, word)) != NULL) {
		text += strlen(word);
		n++;
	}
	return n;
}

/* Those that let a connection say nothing for a time: a short one, and they are tried less and
 * less often; a longer one, and connections leave before it is over. */
START_TEST(servers_that_lose_patience)
{
	enum { SIZE = 4, SHORT_MS = 1200, LONG_MS = 3500 };
	int64_t began_ms, deadline_ms;
	char log[4096];

	add_port("127.0.0.1", true);
	add_port("127.0.0.1", true);
	guests[0].patience_ms = SHORT_MS;
	log_init(LOG_INFO, LOG_COLOR_NEVER, false);
	capture();
	link_with(POOL(4) ",'hubs':['a','b']");
	start_registry();
	await_count(1, SIZE);
	guests[1].patience_ms = LONG_MS; /* the check has gone */
	guests[1].left = 0;
	began_ms = net_now_ms();
	deadline_ms = began_ms + 2LL * PATIENCE_MS;
	while (guests[1].left < SIZE || net_now_ms() < began_ms + 6000) {
		count(0);
		count(1);
		ck_assert_int_lt(net_now_ms(), deadline_ms);
		poll(NULL, 0, 5);
	}
	await_count(1, SIZE);
	release(log, sizeof(log));
	/* a check, all at first, one after each pause of 1 s, 2 s, perhaps 4 s */
	ck_assert_uint_ge(guests[0].met, 1 + SIZE + 1);
	ck_assert_uint_le(guests[0].met, 1 + SIZE + 3);
	/* a check, all at first, and others for those alone that left */
	ck_assert_uint_le(guests[1].met, 1 + SIZE + SIZE + guests[1].left);
	ck_assert_msg(occurrences(log, "server b closes connections that say nothing after 3 "
				       "s") == 1,
		      "%s", log);
	ck_assert_msg(occurrences(log, "say nothing") == 1, "%s", log);
}
END_TEST

/* One that closes all of them at once: no more than one round a second. */
START_TEST(a_server_that_closes_them_later)
{
	int64_t until_ms;
	unsigned met;

	add_port("127.0.0.1", true);
	link_with(POOL(4));
	start_registry();
	await_count(0, 4);
	poll(NULL, 0, 1100); /* its patience */
	met = guests[0].met;
	until_ms = net_now_ms() + 500;
	while (guests[0].n > 0)
		close(guests[0].fds[--guests[0].n]);
	while (net_now_ms() < until_ms) {
		count(0);
		poll(NULL, 0, 5);
	}
	ck_assert_uint_eq(guests[0].met, met);
	await_count(0, 4);
}
END_TEST

/* A dial that nobody answers ends, and a refused one does no harm. */
START_TEST(a_server_that_does_not_answer)
{
	add_port("127.0.0.1", true);
	link_with(POOL(2));
	start_registry();
	await_count(0, 2);
	port_shut(&ports[0]);
	int fd = take(0);
	close(fd);
	fd = server_take_ready(nth(0));
	if (fd >= 0)
		close(fd);
	ck_assert_int_eq(server_take_ready(nth(0)), -1);
	port_open(&ports[0]);
	await_count(0, 2);
}
END_TEST

/* ---- short of descriptors ---- */

/* No descriptor is to be had any more, or as many as before. */
static void limit_descriptors(bool is_short)
{
	static rlim_t before;
	struct rlimit limit;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	if (is_short)
		before = limit.rlim_cur;
	limit.rlim_cur = is_short ? 3 : before;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* Then players need those of the pools, of all servers; which is not the servers' fault, so
 * there are as many as before when it is over. */
START_TEST(descriptors_are_left_to_players)
{
	add_port("127.0.0.1", true);
	add_port("127.0.0.1", true);
	link_with(POOL(4) ",'hubs':['a','b']");
	start_registry();
	await_count(0, 4);
	await_count(1, 4);
	limit_descriptors(true);
	close(take(1)); /* is to be replaced, and can't */
	await_count(0, 0);
	await_count(1, 0);
	limit_descriptors(false);
	await_count(0, 4);
	await_count(1, 4);
}
END_TEST

static TCase *pool_tests(void)
{
	TCase *tcase = tcase_create("pool");
	tcase_set_timeout(tcase, 60);

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_taken_one_is_replaced);
	tcase_add_test(tcase, nobody_gets_a_dead_one);
	tcase_add_test(tcase, without_a_pool_there_is_none);
	tcase_add_test(tcase, many_take_at_once);
	tcase_add_test(tcase, only_hubs_have_one);
	tcase_add_test(tcase, a_server_that_hears_of_players_has_none);
	tcase_add_loop_test(tcase, a_server_that_nobody_joins_has_none, 0,
			    sizeof(reasons) / sizeof(reasons[0]));
	tcase_add_test(tcase, it_comes_back_with_the_server);
	tcase_add_test(tcase, another_size);
	tcase_add_test(tcase, another_address);
	tcase_add_test(tcase, ages);
	tcase_add_test(tcase, pauses);
	tcase_add_test(tcase, old_ones_are_renewed);
	tcase_add_test(tcase, servers_that_bear_none);
	tcase_add_test(tcase, servers_that_lose_patience);
	tcase_add_test(tcase, a_server_that_closes_them_later);
	tcase_add_test(tcase, a_server_that_does_not_answer);
	tcase_add_test(tcase, descriptors_are_left_to_players);
	return tcase;
}

int main(void)
{
	Suite *suite = suite_create("pool");

	suite_add_tcase(suite, pool_tests());
	return suite_main(suite);
}
