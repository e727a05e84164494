/* SPDX-License-Identifier: MIT */
/*
 * Logging in through the real binary: every protocol version, and all the ways in which a
 * client can identify itself late, wrongly or never.
 */
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"

#define ONE_SERVER    "'servers':[" SERVER("alpha") "]"
#define QUICK         ",'login-timeout-ms':%d"
#define LOGIN_TIMEOUT ((int)harness_ms(300))
#define PATIENT       (LOGIN_TIMEOUT * 10) /* who is in time is so on a busy machine, too */
#define SOON_MS       5000                 /* "in time" for what has to end */

static struct backend alpha;
static struct proxy *proxy;

static void setup(void)
{
	backend_open(&alpha);
}

static void teardown(void)
{
	backend_close(&alpha);
}

/* ---- protocol versions ---- */

START_TEST(vanilla_identification_is_relayed_exactly)
{
	struct peer *client, *link;
	uint8_t wanted[131] = {0x00, 0x07}, answer[131] = {0x00, 0x07};

	proxy = proxy_start(ONE_SERVER, alpha.port);
	client = client_connect(proxy);
	client_identify(client, 7, false, "Alice", "0123456789abcdef0123456789abcdef");
	link = backend_accept(&alpha);
	packet_put_string(wanted + 2, "Alice");
	ck_assert_str_eq(link->id.name, "Alice");
	ck_assert_uint_eq(link->id.protocol, 7);
	ck_assert_uint_eq(link->id.last, 0);
	packet_put_string(answer + 2, "The alpha server");
	packet_put_string(answer + 66, "Its words +hax");
	answer[130] = 0x64;
	peer_send(link, answer, sizeof(answer));
	link_level(link);
	link_spawn(link, PACKET_SELF, "Alice", 256, 320, 256);
	peer_expect_bytes(client, answer, sizeof(answer));
	peer_expect(client, OP_LEVEL_INITIALIZE);
	peer_expect(client, OP_LEVEL_DATA_CHUNK);
	peer_expect_bytes(client, "\x04\0\x10\0\x10\0\x10", 7);
	peer_expect(client, OP_SPAWN_PLAYER);
	exchange(client, link);
	peer_close(client);
	peer_expect_close(link);
	peer_close(link);
	proxy_stop(proxy);
}
END_TEST

START_TEST(every_protocol_version_plays)
{
	struct peer *client, *link;
	uint8_t protocol = (uint8_t)_i;

	proxy = proxy_start(ONE_SERVER, alpha.port);
	client = client_connect(proxy);
	client_identify(client, protocol, false, "Old", NULL);
	if (protocol <= 5)
		peer_send(client, "\x01", 1); /* ClassiCube's 131st byte */
	link = backend_accept(&alpha);
	ck_assert_uint_eq(link->id.protocol, protocol);
	ck_assert_str_eq(link->id.name, "Old");
	link_welcome(link, "Alpha");
	client_arrive(client, "Alpha");
	exchange(client, link);
	peer_close(client);
	peer_close(link);
	proxy_stop(proxy);
}
END_TEST

START_TEST(other_versions_are_refused_by_name)
{
	static const uint8_t versions[] = {0, 1, 2, 8, 'D', 255};
	struct peer *client;

	proxy = proxy_start(ONE_SERVER, alpha.port);
	client = client_connect(proxy);
	client_identify(client, versions[_i], false, "New", NULL);
	peer_expect_disconnect(client, "3 to 7");
	peer_close(client);
	proxy_stop(proxy);
}
END_TEST

START_TEST(server_is_dialled_while_the_client_negotiates)
{
	struct peer *client, *link;
	unsigned before;

	proxy = proxy_start(ONE_SERVER ",'health':{'interval-ms':600000}", alpha.port);
	client = client_connect(proxy);
	client_identify(client, 7, true, "Alice", NULL);
	backend_wait_dialled(&alpha);
	before = alpha.n_pending;
	ck_assert_uint_ge(before, 1);
	client_negotiate(client, NULL, 0);
	link = backend_accept(&alpha);
	/* It came over what was there before the negotiation had ended. */
	ck_assert_uint_lt(alpha.n_pending, before);
	link_negotiate(link, NULL, 0);
	link_welcome(link, "Alpha");
	client_arrive(client, "Alpha");
	peer_close(client);
	peer_close(link);
	proxy_stop(proxy);
}
END_TEST

/* ---- a place is for who has come ---- */

#define CALM      ",'health':{'interval-ms':600000}"
#define FEW       "{'name':'alpha','address':'127.0.0.1','port':%u,'max-players':%u}"
#define SILENT    5
#define SILENT_AS "Same"

/* Alpha has been dialled for the player when this returns. */
static struct peer *begin_login(const char *name)
{
	struct peer *client = client_connect(proxy);

	client_identify(client, 7, true, name, NULL);
	return client;
}

START_TEST(who_never_comes_takes_no_place)
{
	struct peer *silent[SILENT], *client, *link;

	proxy = proxy_start("'servers':[" FEW "]" CALM, alpha.port, SILENT);
	for (size_t i = 0; i < SILENT; i++) {
		silent[i] = begin_login(SILENT_AS);
		peer_until(silent[i], OP_EXT_INFO);
	}
	client = join(proxy, &alpha, "Alice", "Alpha", &link);
	exchange(client, link);
	for (size_t i = 0; i < SILENT; i++)
		peer_close(silent[i]);
	peer_close(client);
	peer_close(link);
	proxy_stop(proxy);
}
END_TEST

/* Alpha was chosen, and is full when the login is over. The early connection is given up. */
START_TEST(a_server_that_fills_up_meanwhile_is_passed_over)
{
	struct peer *slow, *link, *client, *link_of_client;
	struct pollfd early = {.events = POLLIN};
	struct backend beta;

	backend_open(&beta);
	proxy = proxy_start("'servers':[" FEW
			    "," SERVER("beta") "],'hubs':['alpha','beta']" CALM,
			    alpha.port, 1, beta.port);
	slow = begin_login("Slow");
	backend_wait_dialled(&alpha);
	client = join(proxy, &alpha, "Alice", "Alpha", &link_of_client);
	ck_assert_uint_ge(alpha.n_pending, 1);
	client_negotiate(slow, NULL, 0);
	link = backend_accept(&beta);
	ck_assert_str_eq(link->id.name, "Slow");
	link_negotiate(link, NULL, 0);
	link_welcome(link, "Beta");
	client_arrive(slow, "Beta");
	exchange(slow, link);
	exchange(client, link_of_client);
	for (unsigned i = 0; i < alpha.n_pending; i++) {
		early.fd = alpha.pending[i];
		ck_assert_int_eq(poll(&early, 1, (int)harness_ms(SOON_MS)), 1);
	}
	peer_close(slow);
	peer_close(link);
	peer_close(client);
	peer_close(link_of_client);
	backend_close(&beta);
	proxy_stop(proxy);
}
END_TEST

/* ---- late, wrong, never ---- */

/* Disconnected with a reason, and not much later than at the time-out. */
static void expect_timely_end(struct peer *client, int64_t since)
{
	peer_expect_disconnect(client, "");
	ck_assert_int_lt(harness_now() - since, harness_ms(SOON_MS));
	peer_close(client);
}

START_TEST(silence_ends_in_time)
{
	static const size_t sent[] = {0, 1, 2, 60, 130};
	uint8_t half[131] = {0x00, 0x07};
	int64_t since = harness_now();
	struct peer *client;

	proxy = proxy_start(ONE_SERVER QUICK, alpha.port, LOGIN_TIMEOUT);
	packet_put_string(half + 2, "Alice");
	client = client_connect(proxy);
	since = harness_now();
	peer_send(client, half, sent[_i]);
	expect_timely_end(client, since);
	proxy_stop(proxy);
}
END_TEST

START_TEST(trickle_ends_in_time)
{
	uint8_t byte = 0;
	int64_t since;
	struct peer *client;
	struct pollfd polled;

	proxy = proxy_start(ONE_SERVER QUICK, alpha.port, LOGIN_TIMEOUT);
	client = client_connect(proxy);
	since = harness_now();
	polled = (struct pollfd){client->fd, POLLIN, 0};
	peer_send(client, "\0\x07", 2);
	/* One more byte whenever nothing has come for a moment. */
	while (poll(&polled, 1, (int)(LOGIN_TIMEOUT / 10)) == 0) {
		ck_assert_int_lt(harness_now() - since, harness_ms(SOON_MS));
		peer_send(client, &byte, 1);
	}
	expect_timely_end(client, since);
	proxy_stop(proxy);
}
END_TEST

START_TEST(unfinished_negotiation_ends_in_time)
{
	int64_t since;
	struct peer *client;

	proxy = proxy_start(ONE_SERVER QUICK, alpha.port, LOGIN_TIMEOUT);
	client = client_connect(proxy);
	since = harness_now();
	client_identify(client, 7, true, "Alice", NULL);
	expect_timely_end(client, since);
	proxy_stop(proxy);
}
END_TEST

START_TEST(late_but_in_time_is_accepted)
{
	uint8_t whole[131] = {0x00, 0x07};
	struct pollfd polled;
	struct peer *client, *link;

	proxy = proxy_start(ONE_SERVER QUICK, alpha.port, PATIENT);
	packet_put_string(whole + 2, "Alice");
	packet_put_string(whole + 66, "");
	client = client_connect(proxy);
	polled = (struct pollfd){client->fd, POLLIN, 0};
	peer_send(client, whole, 70);
	ck_assert_int_eq(poll(&polled, 1, LOGIN_TIMEOUT / 2), 0);
	peer_send(client, whole + 70, 61);
	link = backend_accept(&alpha);
	link_welcome(link, "Alpha");
	client_arrive(client, "Alpha");
	exchange(client, link);
	peer_close(client);
	peer_close(link);
	proxy_stop(proxy);
}
END_TEST

START_TEST(what_is_no_client_is_told_so_and_others_play_on)
{
	static const struct {
		const char *bytes;
		size_t size;
	} cases[] = {
		{"\x0d\xff hello", 8},
		{"\xff\xff\xff\xff", 4},
		{"SSH-2.0-x\r\n", 11},
		{"\x01", 1},
	};
	struct peer *client, *link, *other;

	proxy = proxy_start(ONE_SERVER QUICK, alpha.port, PATIENT);
	client = join(proxy, &alpha, "Alice", "Alpha", &link);
	other = client_connect(proxy);
	peer_send(other, cases[_i].bytes, cases[_i].size);
	peer_expect_disconnect(other, "");
	peer_close(other);
	exchange(client, link);
	peer_close(client);
	peer_close(link);
	proxy_stop(proxy);
}
END_TEST

START_TEST(bad_names_are_refused)
{
	static const char *const names[] = {"",           "two words", "seventeen_letters",
					    "semi;colon", "caf\x82",   "a\001b",
					    "&aRed",      "slash/",    "  lead"};
	struct peer *client;

	proxy = proxy_start(ONE_SERVER, alpha.port);
	client = client_login(proxy, names[_i]);
	peer_expect_disconnect(client, "name");
	peer_close(client);
	proxy_stop(proxy);
}
END_TEST

START_TEST(good_names_are_accepted)
{
	static const char *const names[] = {"A",   "sixteen_letters_", "a.b", "x@y", "p+q-r",
					    "0123"};
	struct peer *client, *link;

	proxy = proxy_start(ONE_SERVER, alpha.port);
	client = join(proxy, &alpha, names[_i], "Alpha", &link);
	ck_assert_str_eq(link->id.name, names[_i]);
	peer_close(client);
	peer_close(link);
	proxy_stop(proxy);
}
END_TEST

START_TEST(a_join_is_one_line_of_the_log)
{
	struct peer *client, *link;

	proxy = proxy_start(ONE_SERVER, alpha.port);
	client = join_cpe(proxy, &alpha, "Alice", "Alpha", &link);
	exchange(client, link);
	proxy_wait_log(proxy, "Alice");
	proxy_wait_log(proxy, "Tester 1.0");
	proxy_wait_log(proxy, "127.0.0.1:");
	proxy_wait_log(proxy, "alpha");
	proxy_wait_log(proxy, " ms");
	peer_close(client);
	peer_close(link);
	proxy_stop(proxy);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("login");
	TCase *tcase = harness_case(suite, "login");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, vanilla_identification_is_relayed_exactly);
	tcase_add_loop_test(tcase, every_protocol_version_plays, 3, 8);
	tcase_add_loop_test(tcase, other_versions_are_refused_by_name, 0, 6);
	tcase_add_test(tcase, server_is_dialled_while_the_client_negotiates);
	tcase_add_test(tcase, who_never_comes_takes_no_place);
	tcase_add_test(tcase, a_server_that_fills_up_meanwhile_is_passed_over);
	tcase_add_loop_test(tcase, silence_ends_in_time, 0, 5);
	tcase_add_test(tcase, trickle_ends_in_time);
	tcase_add_test(tcase, unfinished_negotiation_ends_in_time);
	tcase_add_test(tcase, late_but_in_time_is_accepted);
	tcase_add_loop_test(tcase, what_is_no_client_is_told_so_and_others_play_on, 0, 4);
	tcase_add_loop_test(tcase, bad_names_are_refused, 0, 9);
	tcase_add_loop_test(tcase, good_names_are_accepted, 0, 6);
	tcase_add_test(tcase, a_join_is_one_line_of_the_log);
	return harness_run(suite);
}
