/* SPDX-License-Identifier: MIT */
/*
 * A crowd on one server: all join, chat for a while, and leave; what they took of the process
 * must be given back. KURAFUTO_CROWD_PLAYERS (200) and KURAFUTO_CROWD_SECONDS (3) make it
 * larger and longer. One thread plays all of them with poll(2).
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

#define PLAYERS_MAX 1000
#define CHAT_MS     250 /* from one echo to the next line */

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

	n_players = setting("KURAFUTO_CROWD_PLAYERS", 200);
	ck_assert_uint_le(n_players, PLAYERS_MAX);
	proxy = proxy_start("'health':{'interval-ms':3600000},'servers':[" SERVER("alpha") "]",
			    alpha.port);
	proxy_wait_log(proxy, "linked server"); /* by then all of its own threads run */
	threads = proxy_threads(proxy);
	fds = proxy_fds(proxy);
	wave(CHAT_MS);
	proxy_wait_counts(proxy, threads, fds);
	/* What the first wave has left is the allocator's; a second one must not add to it. */
	rss = proxy_rss_kib(proxy);
	wave(setting("KURAFUTO_CROWD_SECONDS", 3) * INT64_C(1000));
	proxy_wait_counts(proxy, threads, fds);
	ck_assert_uint_le(proxy_rss_kib(proxy), rss + rss / 4 + (unsigned)harness_ms(4096));
	ck_assert(!proxy_logged(proxy, "error"));
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
	return harness_run(suite);
}
