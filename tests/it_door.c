/* SPDX-License-Identifier: MIT */
/*
 * Who may come in, by address: with real ones in a network of the test's own, and with those
 * that proxies and web servers name. Crowds in front of the door are it_siege's, those who are
 * in it_flood's.
 */
#include <signal.h>
#include <unistd.h>

#include "door_stage.h"

#define COUNT(array)  (sizeof(array) / sizeof((array)[0]))
#define SALT          "0123456789abcdef"
#define ALICE_KEY     "df6a3b90ac7c3bff94d12056b2edc58c" /* md5(SALT "Alice") */
#define WRONG_KEY     "df6a3b90ac7c3bff94d12056b2edc58d"
#define NO_RATES      "'connects-per-s':0,'all-connects-per-s':0"
#define PROBES        60 /* in a row that are none, see guard.h */
#define FLOOD         500
#define LINGERING_MAX 64 /* who has been turned away and may read why, see session_door.c */

/* Sanitizers hold freed memory back, and each thread takes its time. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MANY         400
#define KNOWS_MEMORY false
#else
#define MANY         3000
#define KNOWS_MEMORY true
#endif
#define MEMORY_KIB 8192 /* what so many may leave behind: a record has some 200 bytes */

static struct peer *crowd[FLOOD];
static size_t n_crowd;

static void stays(struct peer *client)
{
	ck_assert_uint_lt(n_crowd, FLOOD);
	crowd[n_crowd++] = client;
}

static void all_leave(void)
{
	while (n_crowd > 0)
		peer_close(crowd[--n_crowd]);
}

static void the_end(void)
{
	all_leave();
	steward_stops();
}

/* So many may have come by this rate and burst since then. */
static size_t most(size_t per_s, size_t burst, int64_t since_ms)
{
	return burst + per_s * (size_t)(harness_now() - since_ms) / 1000 + 1;
}

/* What the proxy takes while nobody is there. */
static struct {
	unsigned threads, fds, rss_kib;
	size_t lines;
} quiet;

static void measure(void)
{
	steward_asks("stats", "Process:"); /* the console is there, too */
	quiet.threads = proxy_threads(proxy);
	quiet.fds = proxy_fds(proxy);
	quiet.rss_kib = proxy_rss_kib(proxy);
	quiet.lines = proxy_count_log(proxy, "\n");
}

static void all_is_quiet(void)
{
	proxy_wait_counts(proxy, quiet.threads, quiet.fds);
}

/* Whoever was before them in the queue of the accept loop is counted, too. */
static void await_turned_away(size_t n)
{
	int64_t deadline = harness_now() + harness_ms(10000);
	size_t away;

	while ((away = TURNED_AWAY()) < n)
		ck_assert_msg(harness_now() < deadline, "only %zu of %zu", away, n);
}

/* ---- limits by address ---- */

/* For each way and both families: what _i of a loop means. */
#define PLACES (WAYS * FAMILIES)
static void choose_way(int i)
{
	way = (enum way)(i / FAMILIES);
}

START_TEST(so_many_at_once)
{
	const char *first = places[_i % FAMILIES].first, *second = places[_i % FAMILIES].second;

	choose_way(_i);
	door_opens("'connections-per-address':2,'connections-per-network':4," NO_RATES, "");
	stays(gets_in(first));
	stays(gets_in(first));
	is_refused(first, "from your address");
	stays(gets_in(second));
	stays(gets_in(second));
	is_refused(places[_i % FAMILIES].third, "from your network");
	stays(gets_in(places[_i % FAMILIES].elsewhere));
	ck_assert_uint_eq(TURNED_AWAY(), 2);
	peer_close(crowd[0]);
	crowd[0] = gets_in_at_last(first);
	is_refused(first, "from your address");
	the_end();
}
END_TEST

/* A /64 is one home: it gains nothing by another address each time. */
START_TEST(so_many_a_second)
{
	int64_t since_ms = harness_now();
	struct peer *client;
	char address[64];

	choose_way(_i);
	door_opens("'connects-per-s':4,'connects-burst':3", "");
	do {
		snprintf(address, sizeof(address),
			 _i % FAMILIES == 0 ? "203.0.113.%u" : "2001:db8:0:7::%x",
			 _i % FAMILIES == 0 ? 7 : (unsigned)n_crowd + 1);
		client = try_from(address);
		if (client != NULL)
			stays(client);
	} while (client != NULL);
	ck_assert_msg(harness_says(why, "too often"), "%s", why);
	ck_assert_uint_ge(n_crowd, 3);
	ck_assert_uint_le(n_crowd, most(4, 3, since_ms));
	stays(gets_in(places[_i % FAMILIES].elsewhere));
	stays(gets_in_at_last(address));
	ck_assert_uint_ge(TURNED_AWAY(), 1);
	the_end();
}
END_TEST

/* Wrong keys, as many as are allowed in a minute: then nobody of that address gets in, not even
 * with a right one, until another is allowed. Others do, and who is in stays. */
START_TEST(so_many_wrong_keys)
{
	int64_t since_ms = harness_now();
	size_t n = 0;

	choose_way(_i);
	names = "'verify-names':true,'salt':'" SALT "'";
	player = "Alice";
	door_opens("'failed-logins-per-min':60," NO_RATES, "");
	stays(try_with(places[_i % FAMILIES].first, ALICE_KEY));
	ck_assert_msg(crowd[0] != NULL, "%s", why);
	do {
		ck_assert_ptr_null(try_with(places[_i % FAMILIES].first, WRONG_KEY));
		n++;
	} while (harness_says(why, "verified") && n < FLOOD);
	ck_assert_msg(harness_says(why, "Too many failed logins from your address"), "%s", why);
	ck_assert_uint_gt(n, 60);
	ck_assert_uint_le(n, most(1, 60, since_ms) + 1);
	if (_i % FAMILIES == 1) /* another address of the same home */
		is_refused(places[1].second, "Too many failed logins");
	player = "Bob"; /* whose key is not Alice's: only the door knows no names */
	ck_assert_ptr_null(try_with(places[_i % FAMILIES].elsewhere, ALICE_KEY));
	ck_assert_msg(harness_says(why, "verified"), "%s", why);
	ck_assert(!peer_closes_within(crowd[0], 0));
	player = "Alice";
	stays(try_with(places[_i % FAMILIES].elsewhere, ALICE_KEY));
	ck_assert_msg(crowd[1] != NULL, "%s", why);
	the_end();
}
END_TEST

/* ... until another is allowed. */
START_TEST(wrong_keys_are_forgotten)
{
	int64_t deadline = harness_now() + harness_ms(10000);
	struct peer *client;

	way = BY_PROXY;
	names = "'verify-names':true,'salt':'" SALT "'";
	player = "Alice";
	door_opens("'failed-logins-per-min':60," NO_RATES, "");
	do
		ck_assert_ptr_null(try_with(places[0].first, WRONG_KEY));
	while (harness_says(why, "verified"));
	while ((client = try_with(places[0].first, ALICE_KEY)) == NULL) {
		ck_assert_msg(harness_now() < deadline, "%s", why);
		poll(NULL, 0, 20);
	}
	stays(client);
	the_end();
}
END_TEST

START_TEST(all_together_have_a_limit)
{
	struct peer *client;

	choose_way(_i);
	door_opens("'connects-per-s':0,'all-connects-per-s':1,'all-connects-burst':2", "");
	while ((client = try_from(places[n_crowd % 2].first)) != NULL)
		stays(client);
	ck_assert_msg(harness_says(why, "Too many players are coming in"), "%s", why);
	ck_assert_uint_ge(n_crowd, 2);
	the_end();
}
END_TEST

/* ---- who makes room ---- */

START_TEST(the_oldest_of_the_biggest_group_makes_room)
{
	/* who comes, and whom of those that costs their place */
	static const struct {
		char from;
		int goes;
	} comings[] = {{'a', -1}, {'a', -1}, {'a', -1}, {'b', -1},
		       {'b', 0},  {'c', 1},  {'a', 3},  {'c', 2}};
	static const char *const addresses[] = {"203.0.113.7", "198.51.100.7", "198.18.0.7"};
	bool has_gone[COUNT(comings)] = {false};

	way = _i == 0 ? BY_WEB : DIRECTLY;
	door_opens("'half-open':4," NO_RATES, ",'login-timeout-ms':60000");
	for (size_t i = 0; i < COUNT(comings); i++) {
		int goes = comings[i].goes;

		stays(come(addresses[comings[i].from - 'a']));
		ck_assert(is_heard(crowd[i]));
		if (goes < 0)
			continue;
		ck_assert_msg(peer_closes_within(crowd[goes], harness_ms(10000)),
			      "%zu comes, but %d stays", i, goes);
		has_gone[goes] = true;
	}
	ck_assert_uint_eq(CUT_SHORT(), 4);
	for (size_t i = 0; i < COUNT(comings); i++)
		ck_assert_msg(has_gone[i] || is_let_in(crowd[i], NULL), "%zu: %s", i, why);
	ck_assert_uint_eq(UNDER_WAY(), 0);
	if (way == DIRECTLY)
		proxy_wait_log(proxy, "4 in the middle of their login for limits.half-open");
	the_end();
}
END_TEST

/* ---- who is exempt ---- */

START_TEST(loopback_is_exempt)
{
	way = DIRECTLY;
	door_opens("'connections-per-address':1,'connections-per-network':1,'connects-per-s':1,"
		   "'connects-burst':1",
		   "");
	for (unsigned i = 0; i < 10; i++) {
		stays(gets_in("127.0.0.1"));
		if (network_is_open())
			stays(gets_in("::1"));
	}
	ck_assert_uint_eq(TURNED_AWAY(), 0);
	the_end();
}
END_TEST

/* Through trusted proxies as many come as there are players, each by their own address. */
START_TEST(proxies_are_exempt)
{
	char address[32];

	way = (enum way)_i;
	door_opens("'connections-per-address':1,'connections-per-network':2,'connects-per-s':1,"
		   "'connects-burst':1",
		   "");
	for (unsigned i = 0; i < 4; i++) /* the proxy has not said yet who they are */
		stays(connect_from(front()));
	for (unsigned i = 0; i < 10; i++) {
		snprintf(address, sizeof(address), "198.18.%u.7", i);
		stays(gets_in(address));
		is_refused(address, "from your address");
	}
	the_end();
}
END_TEST

/* What strangers say of themselves is nothing. */
START_TEST(strangers_name_nobody)
{
	int64_t deadline = harness_now() + harness_ms(10000);

	way = DIRECTLY;
	door_opens("'connections-per-address':2," NO_RATES, "");
	for (unsigned i = 0; i < 4; i++) {
		char address[32];

		snprintf(address, sizeof(address), "198.18.%u.7", i);
		stays(connect_from("203.0.113.7"));
		ask_upgrade(crowd[i], address);
	}
	while (TURNED_AWAY() < 2)
		ck_assert_int_lt(harness_now(), deadline);
	ck_assert_uint_eq(TURNED_AWAY(), 2);
	ck_assert(peer_closes_within(crowd[3], harness_ms(10000)));
	the_end();
}
END_TEST

/* ---- reload, and the log ---- */

START_TEST(a_reload_counts_at_once)
{
	way = network_is_open() ? DIRECTLY : BY_PROXY;
	door_opens("'connections-per-address':1," NO_RATES, "");
	stays(gets_in(places[0].first));
	is_refused(places[0].first, "from your address");
	door_changes("'connections-per-address':3," NO_RATES, "");
	stays(gets_in(places[0].first));
	stays(gets_in(places[0].first));
	is_refused(places[0].first, "from your address");
	door_changes("'connections-per-address':1," NO_RATES, "");
	is_refused(places[0].first, "from your address");
	door_changes("'connections-per-address':0,'connects-per-s':1,'connects-burst':1", "");
	peer_close(
		try_from(places[0].first)); /* starts that were no matter may count, or not */
	is_refused(places[0].first, "too often");
	door_changes("'connections-per-address':0," NO_RATES, "");
	stays(gets_in(places[0].first));
	for (size_t i = 0; i < n_crowd; i++) /* whatever changes, who is in stays */
		ck_assert(!peer_closes_within(crowd[i], 0));
	the_end();
}
END_TEST

/* Who is in, and who was turned away: that is told of all together, and up to a second later.
 */
START_TEST(the_log_hides_addresses)
{
	static const struct {
		enum way way;
		int family;
		const char *more, *shown;
	} cases[] = {
		{BY_PROXY, 1, ",'log-addresses':'masked'", "2001:db8:0:7::x"},
		{BY_WEB, 0, ",'log-addresses':'none'", "(address hidden)"},
		{DIRECTLY, 0, ",'log-addresses':'masked'", "203.0.113.x"},
		{DIRECTLY, 1, ",'log-addresses':'none'", "(address hidden)"},
		{DIRECTLY, 0, "", "203.0.113.7"},
	};
	const char *address = places[cases[_i].family].first;
	char refused[64];

	way = cases[_i].way;
	door_opens("'connections-per-address':1," NO_RATES, cases[_i].more);
	stays(gets_in(address));
	proxy_wait_log(proxy, cases[_i].shown);
	is_refused(address, "from your address");
	snprintf(refused, sizeof(refused), "refused came from %s", cases[_i].shown);
	proxy_wait_log(proxy, "turned away: 1 for limits.connections-per-address");
	proxy_wait_log(proxy, refused);
	ck_assert(cases[_i].more[0] == '\0' || !proxy_logged(proxy, address));
	the_end();
}
END_TEST

/* ---- the accept loop ---- */

/* Who is turned away costs no thread, however long they stay, and reads why. */
START_TEST(a_flood_of_connections)
{
	int64_t since_ms = harness_now();

	way = DIRECTLY;
	door_opens("'connects-per-s':1,'connects-burst':3", "");
	measure();
	while (n_crowd < FLOOD) {
		stays(come(places[0].first));
		ck_assert_uint_le(proxy_threads(proxy), quiet.threads + most(1, 3, since_ms));
		ck_assert_uint_le(proxy_fds(proxy),
				  quiet.fds + most(1, 3, since_ms) + LINGERING_MAX + 1);
	}
	peer_expect_disconnect(crowd[FLOOD - 1], "You connect too often");
	peer_close(gets_in(places[0].elsewhere));
	size_t away = TURNED_AWAY();
	ck_assert_uint_ge(away, FLOOD - most(1, 3, since_ms));
	ck_assert_uint_le(away, FLOOD - 3);
	ck_assert_uint_le(proxy_count_log(proxy, "turned away"), most(1, 1, since_ms));
	ck_assert_uint_le(proxy_count_log(proxy, "\n"), quiet.lines + 4 + most(1, 3, since_ms));
	all_leave();
	all_is_quiet();
	peer_close(gets_in_at_last(places[0].first));
	the_end();
}
END_TEST

/* Whose request is there already gets an answer to it; any other gets a packet. */
START_TEST(web_clients_are_answered_in_http)
{
	way = DIRECTLY;
	door_opens("'connections-per-address':1," NO_RATES,
		   _i == 0 ? "" : ",'answer-http':false");
	stays(gets_in(places[0].first));
	proxy_signal(proxy, SIGSTOP); /* a request that is late would meet a race */
	stays(come(places[0].first));
	ask_upgrade(crowd[1], places[0].elsewhere);
	proxy_signal(proxy, SIGCONT);
	way = BY_WEB;
	ck_assert(!is_heard(crowd[1]));
	if (_i == 0)
		ck_assert_msg(strncmp(why, "HTTP/1.1 503 ", 13) == 0 &&
				      harness_says(why, "Too many connections"),
			      "%s", why);
	else
		ck_assert_str_eq(why, "");
	the_end();
}
END_TEST

/* ---- memory ---- */

/* Who comes from ever other addresses of one /64 gets as far as anybody; and of ever other
 * networks little is kept. */
START_TEST(addresses_without_end)
{
	int64_t since_ms = harness_now();
	bool is_one_home = _i == 0;
	char address[64];

	way = DIRECTLY;
	door_opens("'connects-per-s':1,'connects-burst':5,'all-connects-per-s':0", "");
	measure();
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(address, sizeof(address), "2001:db8:%x:7::%x", is_one_home ? 0 : i,
			 i + 1);
		struct peer *client = connect_from(address);
		peer_send(client, "\xff", 1); /* no probe: it is remembered */
		peer_close(client);
	}
	if (is_one_home) {
		await_turned_away(MANY - most(1, 5, since_ms));
		is_refused("2001:db8:0:7:ffff::1", "too often");
	}
	stays(gets_in("2001:db8:ffff:8::1"));
	stays(gets_in("203.0.113.7"));
	ck_assert(is_one_home || TURNED_AWAY() == 0);
	all_leave();
	all_is_quiet();
	if (KNOWS_MEMORY)
		ck_assert_uint_le(proxy_rss_kib(proxy), quiet.rss_kib + MEMORY_KIB);
	the_end();
}
END_TEST

/* ---- probes ---- */

/* Connects and closes without a word, now and then with a reset. */
static void probe(const char *address, unsigned i)
{
	struct linger at_once = {.l_onoff = 1};
	struct peer *client = connect_from(address);

	if (i % 2 == 1)
		setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	peer_close(client);
}

static void several_get_in(const char *address, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		stays(gets_in(address));
}

/* One after the other, as many as a monitor makes in a minute, of each of a few addresses. */
START_TEST(probes_count_against_nobody)
{
	static const unsigned burst = 8, addresses = 4;
	char address[32];

	way = DIRECTLY;
	door_opens("'connects-per-s':1,'connects-burst':8,'all-connects-per-s':0",
		   ",'log':{'level':'debug'}");
	measure();
	for (unsigned i = 0; i < addresses * PROBES; i++) {
		snprintf(address, sizeof(address), "203.0.113.%u", 1 + i % addresses);
		probe(address, i);
		if (i % addresses != addresses - 1)
			continue;
		proxy_wait_count_log(proxy, "went away during its login", i + 1);
		all_is_quiet();
	}
	for (unsigned i = 0; i < addresses; i++) {
		snprintf(address, sizeof(address), "203.0.113.%u", 1 + i);
		several_get_in(address, burst);
	}
	ck_assert_uint_eq(TURNED_AWAY(), 0);
	the_end();
}
END_TEST

/* A flood of probes is one. But it locks its own address out for a moment at most. */
START_TEST(a_flood_of_probes)
{
	way = DIRECTLY;
	door_opens("'connects-per-s':2,'connects-burst':8", "");
	measure();
	for (unsigned i = 0; i < FLOOD; i++)
		probe(places[0].first, i);
	several_get_in(places[0].elsewhere, 8);
	stays(gets_in_at_last(places[0].first));
	all_leave();
	all_is_quiet();
	the_end();
}
END_TEST

int main(void)
{
	bool is_open = network_open("who comes by themselves, and not through a proxy");
	int ways = is_open ? PLACES : DIRECTLY * FAMILIES;
	Suite *suite = suite_create("door");
	TCase *by_address = harness_case(suite, "by address");
	TCase *accepting = harness_case(suite, "the accept loop");

	tcase_add_loop_test(by_address, so_many_at_once, 0, ways);
	tcase_add_loop_test(by_address, so_many_a_second, 0, ways);
	tcase_add_loop_test(by_address, so_many_wrong_keys, 0, ways);
	tcase_add_test(by_address, wrong_keys_are_forgotten);
	tcase_add_loop_test(by_address, all_together_have_a_limit, 0, ways);
	tcase_add_loop_test(by_address, the_oldest_of_the_biggest_group_makes_room, 0,
			    is_open ? 2 : 1);
	tcase_add_test(by_address, loopback_is_exempt);
	tcase_add_loop_test(by_address, proxies_are_exempt, 0, DIRECTLY);
	tcase_add_test(by_address, a_reload_counts_at_once);
	tcase_add_loop_test(by_address, the_log_hides_addresses, 0, is_open ? 5 : 2);
	if (is_open) {
		tcase_add_test(by_address, strangers_name_nobody);
		tcase_add_test(accepting, a_flood_of_connections);
		tcase_add_loop_test(accepting, web_clients_are_answered_in_http, 0, 2);
		tcase_add_loop_test(accepting, addresses_without_end, 0, 2);
		tcase_add_test(accepting, probes_count_against_nobody);
		tcase_add_test(accepting, a_flood_of_probes);
	}
	return harness_run(suite);
}
