/* SPDX-License-Identifier: MIT */
/*
 * A crowd on one server: all join, chat for a while, and leave; what they took of the process
 * must be given back, and their threads' stacks must have room to spare. KURAFUTO_CROWD_PLAYERS
 * (200) and KURAFUTO_CROWD_SECONDS (3) make it larger and longer. One thread plays all of them
 * with poll(2).
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"

#define PLAYERS_MAX 1000
#define CHAT_MS     250 /* from one echo to the next line */
#define STACK_KIB   64  /* of a thread that serves a player, see session.c */
#define STACK_MAX   48  /* so much of it may be touched */

/* What the allocator may keep of a second wave beyond a quarter. Sanitizers hold freed memory
 * back, and their stacks are larger. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define KEPT_KIB    16384
#define SMALL_STACK false
#else
#define KEPT_KIB    4096
#define SMALL_STACK true
#endif

struct player {
	struct peer *client, *link;
	bool has_arrived;
	unsigned said, heard;
	int64_t next_ms; /* when to say the next line */
};

static struct backend alpha;
static struct proxy *proxy;
static struct player players[PLAYERS_MAX];
static unsigned n_players;

static void setup(void)
{
	backend_open(&alpha);
}

static void teardown(void)
{
	backend_close(&alpha);
}

static unsigned setting(const char *name, unsigned otherwise)
{
	const char *text = getenv(name);

	return text != NULL ? (unsigned)strtoul(text, NULL, 10) : otherwise;
}

/* ---- the server ---- */

static void echo(struct peer *link, const uint8_t *packet)
{
	uint8_t out[66];

	memcpy(out, packet, sizeof(out));
	out[1] = 0;
	peer_send(link, out, sizeof(out));
}

static void take_link(void)
{
	struct peer *link = backend_try(&alpha);
	unsigned i;

	if (link == NULL)
		return;
	ck_assert_int_eq(sscanf(link->id.name, "Player%u", &i), 1);
	ck_assert_uint_lt(i, n_players);
	ck_assert_ptr_null(players[i].link);
	players[i].link = link;
	link_welcome(link, "Alpha");
}

static void serve(struct player *player)
{
	const uint8_t *packet;
	bool closed;

	while ((packet = peer_try(player->link, &closed)) != NULL)
		if (packet[0] == OP_MESSAGE)
			echo(player->link, packet);
	if (!closed)
		return;
	ck_assert_msg(player->client == NULL, "a link closed while its player is online");
	peer_close(player->link);
	player->link = NULL;
}

/* ---- the players ---- */

static void hear(struct player *player, const uint8_t *packet)
{
	char text[PACKET_STRING_LEN + 1], wanted[32];

	if (packet[0] == OP_SPAWN_PLAYER && packet[1] == PACKET_SELF)
		player->has_arrived = true;
	if (packet[0] == OP_DISCONNECT) {
		packet_get_string(text, packet + 1);
		ck_abort_msg("%s was disconnected: %s", player->client->server, text);
	}
	if (packet[0] != OP_MESSAGE)
		return;
	packet_get_string(text, packet + 2);
	snprintf(wanted, sizeof(wanted), "line %u of %u", player->said,
		 (unsigned)(player - players));
	if (strcmp(text, wanted) != 0)
		return;
	player->heard++;
	player->next_ms = harness_now() + CHAT_MS;
}

static void listen_to(struct player *player)
{
	const uint8_t *packet;
	bool closed;

	while ((packet = peer_try(player->client, &closed)) != NULL)
		hear(player, packet);
	ck_assert_msg(!closed, "a player was cut off");
}

static void speak(struct player *player)
{
	char text[32];

	if (player->client == NULL || player->said > player->heard ||
	    harness_now() < player->next_ms)
		return;
	snprintf(text, sizeof(text), "line %u of %u", ++player->said,
		 (unsigned)(player - players));
	peer_chat(player->client, text);
}

/* ---- the loop ---- */

/* Serves whatever is ready within a moment. */
static void turn(void)
{
	static struct pollfd polled[2 * PLAYERS_MAX + 1 + BACKEND_PENDING];
	unsigned n = 0, k;

	for (unsigned i = 0; i < n_players; i++) {
		polled[n++] = (struct pollfd){
			players[i].client != NULL ? players[i].client->fd : -1, POLLIN, 0};
		polled[n++] = (struct pollfd){
			players[i].link != NULL ? players[i].link->fd : -1, POLLIN, 0};
	}
	polled[n++] = (struct pollfd){alpha.fd, POLLIN, 0};
	for (unsigned i = 0; i < alpha.n_pending; i++)
		polled[n++] = (struct pollfd){alpha.pending[i], POLLIN, 0};
	if (poll(polled, n, 20) <= 0)
		return;
	for (unsigned i = 0; i < n_players; i++) {
		if (polled[2 * i].revents != 0)
			listen_to(&players[i]);
		if (polled[2 * i + 1].revents != 0)
			serve(&players[i]);
	}
	for (k = 2 * n_players; k < n; k++)
		if (polled[k].revents != 0)
			take_link();
}

static unsigned count(bool (*is_so)(const struct player *))
{
	unsigned n = 0;

	for (unsigned i = 0; i < n_players; i++)
		n += is_so(&players[i]);
	return n;
}

static bool has_arrived(const struct player *player)
{
	return player->has_arrived;
}

static bool has_link(const struct player *player)
{
	return player->link != NULL;
}

static bool is_answered(const struct player *player)
{
	return player->said == player->heard;
}

static void turn_until(bool (*is_so)(const struct player *), unsigned n)
{
	int64_t deadline = harness_now() + harness_ms(15000);

	while (count(is_so) != n) {
		ck_assert_msg(harness_now() < deadline, "%u instead of %u", count(is_so), n);
		turn();
	}
}

/* The most KiB that any of the players' threads has touched of its stack, and how many stacks
 * there are. */
static unsigned deepest_stack(unsigned *n)
{
	char path[64], line[512], mode[5];
	unsigned size = 0, rss, deepest = 0;
	bool is_data = false;
	FILE *smaps;

	snprintf(path, sizeof(path), "/proc/%ld/smaps", (long)proxy_pid(proxy));
	smaps = fopen(path, "r");
	ck_assert_ptr_nonnull(smaps);
	*n = 0;
	while (fgets(line, sizeof(line), smaps) != NULL) {
		if (sscanf(line, "%*x-%*x %4s", mode) == 1)
			is_data = strcmp(mode, "rw-p") == 0;
		sscanf(line, "Size: %u kB", &size);
		if (!is_data || size != STACK_KIB || sscanf(line, "Rss: %u kB", &rss) != 1)
			continue;
		++*n;
		deepest = rss > deepest ? rss : deepest;
	}
	fclose(smaps);
	return deepest;
}

/* Everybody tries all commands that leave him where he is, and says one more line. */
static void try_commands(void)
{
	static const char *const commands[] = {":kura", ":kura list", ":kura who", ":kura info",
					       ":kura jump alpha"};

	for (unsigned i = 0; i < n_players; i++) {
		for (size_t k = 0; k < sizeof(commands) / sizeof(commands[0]); k++)
			peer_chat(players[i].client, commands[k]);
		players[i].next_ms = 0;
		speak(&players[i]);
		turn();
	}
	turn_until(is_answered, n_players);
}

static void check_stacks(void)
{
	unsigned n, deepest = deepest_stack(&n);

	ck_assert_msg(n >= n_players, "%u stacks of %u KiB", n, STACK_KIB);
	dprintf(STDOUT_FILENO, "%u players, %u stacks of %u KiB: at most %u KiB touched\n",
		n_players, n, STACK_KIB, deepest);
	ck_assert_uint_le(deepest, STACK_MAX);
}

/* All join, chat for so long, and leave. */
static void wave(int64_t chat_ms)
{
	int64_t end;

	memset(players, 0, sizeof(players));
	for (unsigned i = 0; i < n_players; i++) {
		char name[17];

		snprintf(name, sizeof(name), "Player%u", i);
		players[i].client = client_login(proxy, name);
		turn();
	}
	turn_until(has_arrived, n_players);
	end = harness_now() + chat_ms;
	while (harness_now() < end) {
		for (unsigned i = 0; i < n_players; i++)
			speak(&players[i]);
		turn();
	}
	turn_until(is_answered, n_players);
	try_commands();
	if (SMALL_STACK)
		check_stacks();
	for (unsigned i = 0; i < n_players; i++) {
		ck_assert_uint_ge(players[i].heard, 1);
		peer_close(players[i].client);
		players[i].client = NULL;
	}
	turn_until(has_link, 0);
}

START_TEST(a_crowd_leaves_nothing_behind)
{
	unsigned threads, fds, rss;
	struct peer *first, *link;

	n_players = setting("KURAFUTO_CROWD_PLAYERS", 200);
	ck_assert_uint_le(n_players, PLAYERS_MAX);
	proxy = proxy_start("'health':{'interval-ms':3600000},'servers':[" SERVER("alpha") "]",
			    alpha.port);
	/* Who is in proves that all of the proxy's own threads run; he stays, and counts. */
	first = join(proxy, &alpha, "First", "Alpha", &link);
	threads = proxy_threads(proxy);
	fds = proxy_fds(proxy);
	wave(CHAT_MS);
	proxy_wait_counts(proxy, threads, fds);
	/* What the first wave has left is the allocator's; a second one must not add to it. */
	rss = proxy_rss_kib(proxy);
	wave(setting("KURAFUTO_CROWD_SECONDS", 3) * INT64_C(1000));
	proxy_wait_counts(proxy, threads, fds);
	ck_assert_uint_le(proxy_rss_kib(proxy), rss + rss / 4 + KEPT_KIB);
	ck_assert(!proxy_logged(proxy, "error"));
	peer_close(first);
	peer_close(link);
	proxy_stop(proxy);
}
END_TEST

/* Describing every packet in a log line takes the most stack. */
START_TEST(stacks_suffice_for_trace_lines)
{
	const struct proxy_options options = {.args = (const char *const[]){"-vv", NULL}};

	n_players = 20;
	proxy = proxy_start_with(&options, "'servers':[" SERVER("alpha") "]", alpha.port);
	wave(CHAT_MS);
	proxy_stop(proxy);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("crowd");
	TCase *tcase = harness_case(suite, "crowd");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, (double)harness_ms(30000) / 1000 +
					 2.0 * setting("KURAFUTO_CROWD_SECONDS", 3));
	tcase_add_test(tcase, a_crowd_leaves_nothing_behind);
	tcase_add_test(tcase, stacks_suffice_for_trace_lines);
	return harness_run(suite);
}
