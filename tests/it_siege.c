/* SPDX-License-Identifier: MIT */
/*
 * Crowds in front of the door: thousands of logins that are never finished, while those who are
 * in play on and others come in; and a list of bans that changes while players come and go, by
 * commands and by hand. The door itself is it_door's.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>

#include "door_stage.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A fifth with sanitizers, whose threads take their time. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ATTACKERS 400
#define PLAYERS   10
#else
#define ATTACKERS 2000
#define PLAYERS   50
#endif
#define HALF_OPEN (ATTACKERS / 4)
#define AT_ONCE   40 /* attackers between two lines of chat */

/* ---- half-open logins ---- */

static struct backend alpha;
static int attackers[ATTACKERS];
static struct {
	struct peer *client, *link;
} players[PLAYERS + ATTACKERS / AT_ONCE];
static unsigned n_in;

static void one_joins(void)
{
	char name[16];

	snprintf(name, sizeof(name), "Player%u", n_in);
	players[n_in].client = join(proxy, &alpha, name, "Alpha", &players[n_in].link);
	n_in++;
}

static void all_play(void)
{
	for (unsigned i = 0; i < n_in; i++)
		exchange(players[i].client, players[i].link);
}

static void all_leave(void)
{
	while (n_in > 0) {
		peer_close(players[--n_in].client);
		peer_close(players[n_in].link);
	}
}

/* From the loopback, as through a proxy that says nothing, or from 40 addresses. */
static int attack(unsigned i, bool from_loopback)
{
	static const char *const beginnings[] = {"", "\0\7Somebody           ",
						 "GET / HTTP/1.1\r\nHost: exam"};
	static const size_t sizes[] = {0, 21, 26};
	char address[32] = "127.0.0.1";

	if (!from_loopback)
		snprintf(address, sizeof(address), "198.18.%u.%u", i % 4, 1 + i % 40);
	struct peer *peer = connect_from(address);
	int fd = peer->fd;
	peer_send(peer, beginnings[i % 3], sizes[i % 3]);
	free(peer); /* its buffers are large */
	return fd;
}

START_TEST(half_open_logins_without_end)
{
	way = DIRECTLY;
	backend_open(&alpha);
	steward_edits_at(network_is_open() ? "'address':'::','port':0"
					   : "'address':'127.0.0.1','port':0",
			 "'servers':[" SERVER("alpha") "],'login-timeout-ms':60000,"
						       "'health':{'interval-ms':3600000},"
						       "'limits':{'half-open':%u,"
						       "'all-connects-per-s':0}",
			 alpha.port, HALF_OPEN);
	proxy = steward_starts();
	steward_asks("stats", "Process:");
	unsigned empty_threads = proxy_threads(proxy), empty_fds = proxy_fds(proxy);
	while (n_in < PLAYERS)
		one_joins();
	all_play();
	unsigned threads = proxy_threads(proxy), fds = proxy_fds(proxy);
	for (unsigned i = 0; i < ATTACKERS; i++) {
		attackers[i] = attack(i, _i == 0);
		if (i % AT_ONCE == 0)
			exchange(players[i / AT_ONCE % PLAYERS].client,
				 players[i / AT_ONCE % PLAYERS].link);
		if (i % (10 * AT_ONCE) == 0)
			one_joins();
	}
	one_joins();
	all_play();
	unsigned n_new = n_in - PLAYERS;
	ck_assert_uint_le(UNDER_WAY(), HALF_OPEN);
	ck_assert_uint_ge(CUT_SHORT(), ATTACKERS - HALF_OPEN);
	proxy_wait_counts(proxy, threads + HALF_OPEN + 2 * n_new, fds + HALF_OPEN + 2 * n_new);
	for (unsigned i = 0; i < ATTACKERS; i++)
		close(attackers[i]);
	proxy_wait_counts(proxy, threads + 2 * n_new, fds + 2 * n_new);
	all_play();
	ck_assert_uint_le(proxy_count_log(proxy, "turned away"), 4);
	all_leave();
	proxy_wait_counts(proxy, empty_threads, empty_fds);
	steward_stops();
	backend_close(&alpha);
}
END_TEST

/* ---- bans ---- */

/* Somebody who comes and goes without a rest. */
static struct visitor {
	const char *name, *address;
	struct peer *client;
	atomic_uint in, banned, lost;
} visitors[] = {
	{.name = "Vandal", .address = "203.0.113.1"},
	{.name = "Goth", .address = "203.0.113.2"},
	{.name = "Hun", .address = "203.0.113.3"},
	{.name = "Griefer", .address = "198.18.0.1"},
	{.name = "Ann", .address = "198.18.0.2"},
	{.name = "Ben", .address = "198.51.100.1"},
	{.name = "Cat", .address = "2001:db8::1"},
	{.name = "Dan", .address = "198.18.1.1"},
};
static atomic_bool is_over;

static bool is_of(const struct visitor *visitor, const char *what)
{
	return strcmp(visitor->name, what) == 0 ||
	       strncmp(visitor->address, what, strcspn(what, "/") - 1) == 0;
}

/* One step of a visit. */
static void visit(struct visitor *visitor)
{
	char reason[PACKET_STRING_LEN + 1];
	const uint8_t *packet;
	bool has_closed;

	if (visitor->client == NULL) {
		visitor->client = come(visitor->address);
		client_identify(visitor->client, PACKET_PROTOCOL, false, visitor->name, NULL);
	}
	packet = peer_try(visitor->client, &has_closed);
	if (packet == NULL && !has_closed)
		return;
	if (packet != NULL && packet[0] != OP_LEVEL_FINALIZE && packet[0] != OP_DISCONNECT)
		return;
	if (packet != NULL && packet[0] == OP_DISCONNECT)
		packet_get_string(reason, packet + 1);
	atomic_uint *count = packet == NULL                       ? &visitor->lost
			     : packet[0] == OP_LEVEL_FINALIZE     ? &visitor->in
			     : harness_says(reason, "banned for") ? &visitor->banned
								  : &visitor->lost;
	peer_close(visitor->client);
	visitor->client = NULL;
	atomic_fetch_add(count, 1);
}

static void *visit_all(void *unused)
{
	while (!atomic_load(&is_over))
		for (size_t i = 0; i < COUNT(visitors); i++)
			visit(&visitors[i]);
	for (size_t i = 0; i < COUNT(visitors); i++)
		peer_close(visitors[i].client);
	return unused;
}

/* Waits until so many more visits have ended as `counter` says. */
static void await_more(const atomic_uint *counter, unsigned more, const char *name)
{
	int64_t deadline = harness_now() + harness_ms(10000);
	unsigned since = atomic_load(counter);

	while (atomic_load(counter) - since < more) {
		ck_assert_msg(harness_now() < deadline, "%s comes to nothing", name);
		poll(NULL, 0, 1);
	}
}

/* Once those that were under way are over, whom it meets is refused each time, and all others
 * come and go. */
static void expect_ban(const char *what)
{
	unsigned in[COUNT(visitors)];

	for (size_t i = 0; i < COUNT(visitors); i++) {
		struct visitor *visitor = &visitors[i];

		await_more(is_of(visitor, what) ? &visitor->banned : &visitor->in, 2,
			   visitor->name);
		in[i] = atomic_load(&visitor->in);
	}
	for (size_t i = 0; i < COUNT(visitors); i++) {
		struct visitor *visitor = &visitors[i];

		if (!is_of(visitor, what))
			continue;
		await_more(&visitor->banned, 3, visitor->name);
		ck_assert_uint_eq(atomic_load(&visitor->in), in[i]);
	}
}

/* Who is in is out. */
static void ban(const char *what, const char *sitter)
{
	struct peer *client = sitter != NULL ? gets_in(sitter) : NULL;
	char line[128];

	snprintf(line, sizeof(line), "ban %s 1h", what);
	steward_asks(line, "banned for 1 h");
	if (client != NULL) {
		peer_expect_disconnect(client, "banned for");
		peer_close(client);
		is_refused(sitter, "banned for");
	}
	expect_ban(what);
	snprintf(line, sizeof(line), "unban %s", what);
	steward_asks(line, "no longer banned");
	for (size_t i = 0; i < COUNT(visitors); i++)
		await_more(&visitors[i].in, 2, visitors[i].name);
}

static const struct {
	const char *what, *sitter;
} bans[] = {
	{"203.0.113.0/24", "203.0.113.9"}, {"Griefer", NULL}, {"2001:db8::/64", "2001:db8::9"}};

START_TEST(bans_change_while_players_come_and_go)
{
	pthread_t thread;

	way = _i == 0 ? BY_PROXY : DIRECTLY;
	door_opens("'connects-per-s':0,'all-connects-per-s':0", "");
	ck_assert_int_eq(pthread_create(&thread, NULL, visit_all, NULL), 0);
	for (unsigned i = 0; i < 2 * COUNT(bans); i++) {
		ban(bans[i % COUNT(bans)].what, bans[i % COUNT(bans)].sitter);
		door_changes("'connects-per-s':0,'all-connects-per-s':0",
			     i % 2 == 0 ? ",'max-players':99" : "");
	}
	atomic_store(&is_over, true);
	pthread_join(thread, NULL);
	for (size_t i = 0; i < COUNT(visitors); i++)
		ck_assert_msg(atomic_load(&visitors[i].lost) == 0, "%s is lost",
			      visitors[i].name);
	steward_stops();
}
END_TEST

/* ---- bans by hand ---- */

/* The list of bans is another one: renamed into its place beside the configuration. NULL: what
 * is no ban is on it. */
static void edit_bans(const char *what)
{
	char path[HARNESS_PATH], fresh[HARNESS_PATH], text[256];

	snprintf(text, sizeof(text), "{\"bans\":[{\"what\":\"Nobody\"}%s%s%s]}",
		 what != NULL ? ",{\"until\":17900000000,\"what\":\"" : "",
		 what != NULL ? what : "", what != NULL ? "\"}" : "");
	harness_file(path, "bans.json", NULL);
	harness_file(fresh, "bans.json.edit", text);
	ck_assert_int_eq(rename(fresh, path), 0);
}

/* Reads them again, asked for by a signal or at the terminal. */
static void reads_bans(unsigned i, unsigned n_bans)
{
	char line[64];
	size_t before = proxy_count_log(proxy, "reload: bans.json: read again");

	if (i % 2 == 0) {
		snprintf(line, sizeof(line), "bans.json: read again, bans: %u", n_bans);
		steward_asks("reload", line);
	} else {
		proxy_signal(proxy, SIGHUP);
	}
	proxy_wait_count_log(proxy, "reload: bans.json: read again", before + 1);
}

static void ban_by_hand(unsigned i, const char *what, const char *sitter)
{
	struct peer *client = sitter != NULL ? gets_in(sitter) : NULL;

	edit_bans(what);
	reads_bans(i, 2);
	if (client != NULL) {
		peer_expect_disconnect(client, "banned for");
		peer_close(client);
		is_refused(sitter, "banned for");
	}
	expect_ban(what);
	if (i % 3 == 0)
		steward_asks("ban Attila", "Attila is banned"); /* the file is the command's */
	edit_bans(NULL);
	reads_bans(i + 1, 1);
	for (size_t k = 0; k < COUNT(visitors); k++)
		await_more(&visitors[k].in, 2, visitors[k].name);
}

/* Also while the configuration has a fault, which changes nothing else. */
START_TEST(the_ban_list_is_reloaded_under_load)
{
	pthread_t thread;

	way = _i == 0 ? BY_PROXY : DIRECTLY;
	edit_bans(NULL);
	door_opens("'connects-per-s':0,'all-connects-per-s':0", "");
	ck_assert_int_eq(pthread_create(&thread, NULL, visit_all, NULL), 0);
	struct peer *stays = gets_in("198.51.100.77");
	for (unsigned i = 0; i < 2 * COUNT(bans); i++) {
		door_has("'connects-per-s':0,'all-connects-per-s':0",
			 i == 2 ? ",'max-players':0" : "");
		ban_by_hand(i, bans[i % COUNT(bans)].what, bans[i % COUNT(bans)].sitter);
	}
	atomic_store(&is_over, true);
	pthread_join(thread, NULL);
	for (size_t i = 0; i < COUNT(visitors); i++)
		ck_assert_msg(atomic_load(&visitors[i].lost) == 0, "%s is lost",
			      visitors[i].name);
	ck_assert(!peer_closes_within(stays, 0));
	peer_close(stays);
	steward_stops();
}
END_TEST

/* A limit of files that is too low for the crowd. */
static bool has_room(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return false;
	limit.rlim_cur = limit.rlim_max;
	if (limit.rlim_cur > 2 * ATTACKERS && setrlimit(RLIMIT_NOFILE, &limit) == 0)
		return true;
	printf("SKIPPED: half-open logins without end: at most %lu files may be open\n",
	       (unsigned long)limit.rlim_max);
	return false;
}

int main(void)
{
	bool is_open = network_open("crowds from many addresses");
	Suite *suite = suite_create("siege");
	TCase *tcase = harness_case(suite, "siege");

	if (has_room())
		tcase_add_loop_test(tcase, half_open_logins_without_end, 0, is_open ? 2 : 1);
	tcase_add_loop_test(tcase, bans_change_while_players_come_and_go, 0, is_open ? 2 : 1);
	tcase_add_loop_test(tcase, the_ban_list_is_reloaded_under_load, 0, is_open ? 2 : 1);
	return harness_run(suite);
}
