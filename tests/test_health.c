/* SPDX-License-Identifier: MIT */
/*
 * The background thread against real ports on the loopback: checks by connection and by login,
 * and when they come. Nothing sleeps for a result: tests poll for it until a deadline.
 */
#include <fcntl.h>
#include <sys/resource.h>

#include "capture.h"
#include "linked.h"
#include "packet.h"
#include "server_private.h"
#include "suite.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define QUICK        "'health':{'interval-ms':50},'connect-timeout-ms':2000"
#define SELDOM       "'health':{'interval-ms':3600000}"
#define FILLERS      4

/* ---- connections ---- */

static void drain(size_t index)
{
	while (port_meet(&ports[index], 0))
		;
}

START_TEST(health_follows_a_server)
{
	struct server_counts counts;

	add_port("127.0.0.1", false);
	link_with(QUICK);
	start_registry();
	await_up(0, false);
	for (int i = 0; i < 3; i++) {
		port_open(&ports[0]);
		await_up(0, true);
		server_get_counts(nth(0), &counts);
		ck_assert_int_ge(counts.latency_us, 0);
		port_shut(&ports[0]);
		await_up(0, false);
	}
	ck_assert(registry_stop(registry)); /* teardown stops it once more */
}
END_TEST

/* One that is down says nothing about another. */
START_TEST(health_of_each_server_is_its_own)
{
	add_port("127.0.0.1", false);
	add_port("127.0.0.1", true);
	add_port("127.0.0.1", false);
	link_with(QUICK);
	start_registry();
	await_up(0, false);
	await_up(2, false);
	ck_assert(server_is_up(nth(1)));
	port_open(&ports[2]);
	await_up(2, true);
	ck_assert(server_is_up(nth(1)));
	ck_assert(!server_is_up(nth(0)));
	port_shut(&ports[1]);
	await_up(1, false);
	ck_assert(server_is_up(nth(2)));
}
END_TEST

/* Players on it prove nothing about its door: it goes down and comes up under them. */
START_TEST(health_asks_a_server_with_players)
{
	add_port("127.0.0.1", true);
	link_with(QUICK);
	visit(nth(0));
	start_registry();
	meet_checks(0, 3);
	port_shut(&ports[0]);
	await_up(0, false);
	ck_assert_uint_eq(server_players(nth(0)), 1);
	port_open(&ports[0]);
	await_up(0, true);
	meet_checks(0, 3);
}
END_TEST

/* Sooner than in its turn when a link was cut. */
START_TEST(health_asks_a_server_that_is_suspect)
{
	add_port("127.0.0.1", true);
	link_with(SELDOM);
	start_registry();
	meet_checks(0, 1);
	visit(nth(0));
	server_suspect(nth(0));
	meet_checks(0, 1);
	port_shut(&ports[0]);
	server_suspect(nth(0));
	await_up(0, false);
}
END_TEST

/* Fills the queue of server 0's listener: whoever connects from now on waits. */
static void fill_queue(int fillers[static FILLERS])
{
	char why[256];

	ck_assert_int_eq(listen(ports[0].listener, 0), 0);
	for (size_t i = 0; i < FILLERS; i++)
		fillers[i] = server_dial_start(nth(0), why, sizeof(why));
}

static void empty_queue(const int fillers[static FILLERS])
{
	for (size_t i = 0; i < FILLERS; i++)
		close(fillers[i]);
}

/* A listener that takes no connection is down after the connect time-out, also with a player
 * behind it, and nobody else waits for that. */
START_TEST(health_gives_up_on_silence)
{
	int fillers[FILLERS];

	add_port("127.0.0.1", true);
	add_port("127.0.0.1", true);
	link_with("'health':{'interval-ms':50},'connect-timeout-ms':1000");
	fill_queue(fillers);
	visit(nth(0));
	start_registry();
	meet_checks(1, 3);
	ck_assert(server_is_up(nth(0)));
	await_up(0, false);
	ck_assert(server_is_up(nth(1)));
	registry_stop(registry);
	empty_queue(fillers);
}
END_TEST

/* The check that was on its way has nothing to say about the new address. */
START_TEST(a_new_address_while_the_old_one_is_checked)
{
	int fillers[FILLERS];

	add_port("127.0.0.1", true);
	add_port("127.0.0.1", true);
	link_with("'health':{'interval-ms':50},'connect-timeout-ms':300");
	fill_queue(fillers);
	start_registry();
	meet_checks(1, 1);
	unlink_all();
	add_server("a", "127.0.0.1", ports[1].number, "");
	link_with("'health':{'interval-ms':50},'connect-timeout-ms':300");
	int64_t deadline_ms = net_now_ms() + 400; /* the old one's has passed by then */
	while (net_now_ms() < deadline_ms) {
		port_meet(&ports[1], 20);
		ck_assert(server_is_up(nth(0)));
	}
	registry_stop(registry);
	empty_queue(fillers);
}
END_TEST

START_TEST(health_leaves_servers_that_are_gone_alone)
{
	add_port("127.0.0.1", true);
	add_port("127.0.0.1", true);
	link_with(QUICK);
	start_registry();
	meet_checks(0, 1);
	unlink_all();
	add_server("b", "127.0.0.1", ports[1].number, "");
	link_with(QUICK);
	drain(1);
	meet_checks(1, 2);
	drain(0);
	meet_checks(1, 3);
	ck_assert(!port_meet(&ports[0], 0));
}
END_TEST

/* A reload is acted on at once, however long the interval was. */
START_TEST(health_wakes_up)
{
	add_port("127.0.0.1", true);
	link_with(SELDOM);
	start_registry();
	meet_checks(0, 1);
	registry_wake(registry);
	meet_checks(0, 1);
	unlink_all();
	add_port("127.0.0.1", true); /* the first one's name */
	link_with(QUICK);
	await_up(0, true);
}
END_TEST

/* Stopping does not wait for the end of the interval. */
START_TEST(health_stops_at_once)
{
	int64_t started_ms;

	add_port("127.0.0.1", true);
	link_with(SELDOM);
	start_registry();
	meet_checks(0, 1);
	started_ms = net_now_ms();
	ck_assert(registry_stop(registry));
	ck_assert_int_lt(net_now_ms() - started_ms, PATIENCE_MS);
}
END_TEST

static size_t open_descriptors(void)
{
	size_t n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* Checks, working and failing, leave no descriptor behind. */
START_TEST(health_leaks_no_descriptor)
{
	size_t before;

	add_port("127.0.0.1", true);
	add_port("127.0.0.1", false);
	link_with(QUICK);
	before = open_descriptors();
	start_registry();
	meet_checks(0, 10);
	registry_stop(registry);
	ck_assert_uint_eq(open_descriptors(), before);
}
END_TEST

static int64_t checked_ms(size_t index)
{
	pthread_mutex_lock(&registry->lock);
	int64_t at_ms = nth(index)->is_checking ? 0 : nth(index)->checked_ms;
	pthread_mutex_unlock(&registry->lock);
	return at_ms;
}

/* Without descriptors the trouble is here. */
START_TEST(our_own_faults_do_not_count)
{
	int64_t deadline_ms = net_now_ms() + PATIENCE_MS, since_ms;
	struct rlimit before, none;

	add_port("127.0.0.1", true);
	link_with(QUICK);
	start_registry();
	meet_checks(0, 1);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	int spare = open("/dev/null", O_RDONLY | O_CLOEXEC); /* the lowest that is free */
	ck_assert_int_ge(spare, 0);
	close(spare);
	none = before;
	none.rlim_cur =
		(rlim_t)spare; /* poll(2) fails, too, if it is less than its array has */
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	since_ms = net_now_ms();
	while (checked_ms(0) <= since_ms + 100 && net_now_ms() < deadline_ms)
		poll(NULL, 0, 2);
	bool is_up = server_is_up(nth(0));
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
	ck_assert(is_up);
	ck_assert_int_lt(net_now_ms(), deadline_ms);
}
END_TEST

/* ---- logins ---- */

#define CLASSIC                                                                        \
	"'health':{'interval-ms':50,'check':'classic','probe-name':'Probe'},'connect-" \
	"timeout-ms':500"

/* Takes the probe in and reads its login. */
static int take_probe(void)
{
	uint8_t login[131], more;
	size_t n = 0;

	ck_assert_int_eq(net_wait(ports[0].listener, POLLIN, net_now_ms() + PATIENCE_MS), 1);
	int fd = accept(ports[0].listener, NULL, NULL);
	ck_assert_int_ge(fd, 0);
	while (n < sizeof(login)) {
		ssize_t got =
			net_recv(fd, login + n, sizeof(login) - n, net_now_ms() + PATIENCE_MS);
		ck_assert_int_gt(got, 0);
		n += (size_t)got;
	}
	struct packet_identification id;
	packet_read_identification(&id, login, sizeof(login));
	ck_assert_uint_eq(login[0], OP_IDENTIFICATION);
	ck_assert_uint_eq(id.protocol, 7);
	ck_assert_str_eq(id.name, "Probe");
	ck_assert_str_eq(id.text, "");
	ck_assert_uint_eq(id.last, 0);
	ck_assert_int_lt(recv(fd, &more, 1, MSG_DONTWAIT), 1);
	return fd;
}

/* clang-format off */
static const struct {
	const char *what;
	const char *bytes; /* NULL: none */
	bool stays;        /* does not close then */
	const char *why;   /* NULL: it is up */
} answers[] = {
	{"lets the probe in",  "\0",      true,  NULL},
	{"and closes",         "\0\7abc", false, NULL},
	{"kicks it",           "\16",     false, NULL},
	{"speaks to nobody",   "\1",      true,  "answered the login of Probe with packet 0x01"},
	{"speaks HTTP",        "HTTP",    false, "answered the login of Probe with packet 0x48"},
	{"just closes",        NULL,      false, "closed the connection instead of answering"},
	{"says nothing",       NULL,      true,  "did not answer the login of Probe in time"},
};
/* clang-format on */

START_TEST(classic)
{
	const char *bytes = answers[_i].bytes;
	char out[4096], byte;
	int fd;

	add_port("127.0.0.1", true);
	link_with(CLASSIC);
	server_report(nth(0), answers[_i].why != NULL, "a test"); /* the opposite */
	log_init(LOG_INFO, LOG_COLOR_NEVER, false);
	capture();
	start_registry();
	fd = take_probe();
	if (bytes != NULL)
		ck_assert_int_gt(
			send(fd, bytes, bytes[0] == '\0' ? 1 : strlen(bytes), MSG_NOSIGNAL), 0);
	if (!answers[_i].stays)
		close(fd);
	await_up(0, answers[_i].why == NULL);
	if (answers[_i].stays) { /* the probe leaves */
		ck_assert_int_le(net_recv(fd, &byte, 1, net_now_ms() + PATIENCE_MS), 0);
		close(fd);
	}
	registry_stop(registry);
	release(out, sizeof(out));
	ck_assert_msg(strstr(out, answers[_i].why != NULL ? answers[_i].why : "is up again") !=
			      NULL,
		      "%s: %s", answers[_i].what, out);
}
END_TEST

START_TEST(classic_without_a_listener)
{
	add_port("127.0.0.1", false);
	link_with(CLASSIC);
	start_registry();
	await_up(0, false);
}
END_TEST

static TCase *connection_tests(void)
{
	TCase *tcase = tcase_create("connections");

	tcase_add_checked_fixture(tcase, linked_setup, linked_teardown);
	tcase_add_test(tcase, health_follows_a_server);
	tcase_add_test(tcase, health_of_each_server_is_its_own);
	tcase_add_test(tcase, health_asks_a_server_with_players);
	tcase_add_test(tcase, health_asks_a_server_that_is_suspect);
	tcase_add_test(tcase, health_gives_up_on_silence);
	tcase_add_test(tcase, a_new_address_while_the_old_one_is_checked);
	tcase_add_test(tcase, health_leaves_servers_that_are_gone_alone);
	tcase_add_test(tcase, health_wakes_up);
	tcase_add_test(tcase, health_stops_at_once);
	tcase_add_test(tcase, health_leaks_no_descriptor);
	tcase_add_test(tcase, our_own_faults_do_not_count);
	return tcase;
}

static TCase *login_tests(void)
{
	TCase *tcase = tcase_create("logins");

	tcase_add_checked_fixture(tcase, linked_setup, linked_teardown);
	tcase_add_loop_test(tcase, classic, 0, COUNT(answers));
	tcase_add_test(tcase, classic_without_a_listener);
	return tcase;
}

int main(void)
{
	Suite *suite = suite_create("health");

	suite_add_tcase(suite, connection_tests());
	suite_add_tcase(suite, login_tests());
	return suite_main(suite);
}
