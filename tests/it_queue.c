/* SPDX-License-Identifier: MIT */
/*
 * Full servers, and the lines in front of them: who is told what, who comes in when a place is
 * free, and what becomes of a line when its server or its people go away.
 */
#include <sys/socket.h>

#include "steward.h"

#define HUB     SERVER("hub")
#define SMALL   "{'name':'small','address':'127.0.0.1','port':%u,'max-players':1}"
#define TINY    "{'name':'tiny','address':'127.0.0.1','port':%u,'max-players':1}"
#define BOTH    "'servers':[" HUB "," SMALL "]"
#define QUICK   ",'health':{'interval-ms':100}"
#define STATUS  2 /* MessageTypes: the second status line */
#define PLAYERS 4
#define DEAF    50   /* players who do not read, */
#define HELD_MS 5000 /* who may hold up the control thread less than this: 100 ms each */

/* A player who begins on the hub. */
struct player {
	const char *name;
	struct peer *client, *link;
};

static struct backend hub, small;
static struct proxy *proxy;
static struct player alice = {.name = "Alice"}, bob = {.name = "Bob"},
		     carol = {.name = "Carol"}, dave = {.name = "Dave"};
static struct player *const everybody[PLAYERS] = {&alice, &bob, &carol, &dave};

static void setup(void)
{
	backend_open(&hub);
	backend_open(&small);
}

static void teardown(void)
{
	backend_close(&hub);
	backend_close(&small);
}

static void start(const char *more)
{
	steward_edits(BOTH "%s", hub.port, small.port, more);
	proxy = steward_starts();
}

/* Their server lets go of them only when they have left: they must not look for another. */
static void leave(struct player *player)
{
	char text[64];
	size_t left;

	snprintf(text, sizeof(text), " %s: leaves", player->name);
	left = proxy_count_log(proxy, text);
	peer_close(player->client);
	proxy_wait_count_log(proxy, text, left + 1);
	peer_close(player->link);
	player->client = player->link = NULL;
}

/* The player's server drops them. */
static void lose(struct player *player)
{
	peer_close(player->link);
	player->link = NULL;
}

static void finish(void)
{
	for (size_t i = 0; i < PLAYERS; i++) {
		peer_close(everybody[i]->client);
		peer_close(everybody[i]->link);
	}
	steward_stops();
}

static void enter(struct player *player)
{
	player->client = join_cpe(proxy, &hub, player->name, "Hub", &player->link);
	exchange(player->client, player->link);
	peer_forget(player->client);
}

/* A server's link for this player. Several who move at once come in any order: others' links
 * are kept for their turn. */
static struct peer *link_of(const struct player *player, struct backend *backend)
{
	static struct peer *early[PLAYERS];
	size_t i = 0;

	for (i = 0; i < PLAYERS; i++) {
		struct peer *link = early[i];

		if (link == NULL || strcmp(link->id.name, player->name) != 0)
			continue;
		early[i] = NULL;
		return link;
	}
	for (i = 0; i < PLAYERS; i++) {
		struct peer *link = backend_accept(backend);

		if (strcmp(link->id.name, player->name) == 0)
			return link;
		size_t k = 0;
		while (k < PLAYERS && early[k] != NULL)
			k++;
		ck_assert_uint_lt(k, PLAYERS);
		early[k] = link;
	}
	ck_abort_msg("no link of %s comes", player->name);
}

/* The player arrives on the server. */
static void arrive(struct player *player, struct backend *backend, const char *name)
{
	struct peer *link = link_of(player, backend);

	link_negotiate(link, NULL, 0);
	link_welcome(link, name);
	client_arrive(player->client, name);
	peer_close(player->link);
	player->link = link;
	exchange(player->client, link);
}

static void ask(const struct player *player, const char *command, const char *answer)
{
	peer_forget(player->client);
	peer_chat(player->client, command);
	peer_wait_text(player->client, answer);
}

/* Reads until the status line shows a text, without its colours. */
static void shows(const struct player *player, const char *text)
{
	const uint8_t *packet;
	char line[PACKET_STRING_LEN + 1], plain[PACKET_STRING_LEN + 1];

	do {
		size_t n = 0;

		packet = peer_until(player->client, OP_MESSAGE);
		packet_get_string(line, packet + 2);
		for (const char *c = line; *c != '\0'; c++) {
			if (c[0] == '&' && c[1] != '\0')
				c++;
			else
				plain[n++] = *c;
		}
		plain[n] = '\0';
	} while (packet[1] != STATUS || strcmp(plain, text) != 0);
}

/* A player gets in line, and reads where they stand on the screen and in the answer. */
static void wait_in_line(const struct player *player, const char *position)
{
	char text[64];

	peer_forget(player->client);
	peer_chat(player->client, ":kura queue small");
	snprintf(text, sizeof(text), "In line for small: %s", position);
	shows(player, text);
	snprintf(text, sizeof(text), "You are in line for small: %s.", position);
	peer_wait_text(player->client, text);
}

/* Bob fills the small server, and the others wait for it. */
static void line_up(const char *more)
{
	start(more);
	enter(&bob);
	peer_chat(bob.client, ":kura jump small");
	arrive(&bob, &small, "Small");
	enter(&alice);
	enter(&carol);
	enter(&dave);
	wait_in_line(&alice, "1");
	wait_in_line(&carol, "2");
	wait_in_line(&dave, "3");
}

/* ---- asking ---- */

START_TEST(who_is_refused_hears_how_to_wait)
{
	start("");
	enter(&alice);
	ask(&alice, ":kura queue", "You are not in line for any server.");
	peer_wait_text(alice.client, ":kura queue NAME");
	ask(&alice, ":kura queue leave", "You are not in line for any server.");
	ask(&alice, ":kura queue nowhere", "There is no server \"nowhere\"");
	ask(&alice, ":kura queue hub", "You are on hub already");
	enter(&bob);
	peer_chat(bob.client, ":kura queue small"); /* there is room */
	arrive(&bob, &small, "Small");
	ask(&alice, ":kura jump small", "small is full");
	peer_wait_text(alice.client, ":kura queue small");
	wait_in_line(&alice, "1");
	ask(&alice, ":kura queue small", "You are in line for small already: 1");
	ask(&alice, ":kura queue", "In line for small: 1");
	ask(&alice, ":kura help queue", "wait in line");
	exchange(alice.client, alice.link);
	finish();
}
END_TEST

/* Nobody is told of commands that they may not give. */
START_TEST(who_may_not_wait_is_not_told_how)
{
	start(",'ranks':{'default':{'commands':['jump']}}");
	enter(&alice);
	enter(&bob);
	peer_chat(bob.client, ":kura jump small");
	arrive(&bob, &small, "Small");
	ask(&alice, ":kura jump small", "small is full");
	ask(&alice, ":kura queue small", "You may not use \"queue\"");
	exchange(alice.client, alice.link);
	ck_assert(!harness_says(alice.client->text, "in line"));
	finish();
}
END_TEST

START_TEST(some_servers_have_no_line)
{
	steward_edits("'servers':[" HUB ",{'name':'staff','address':'127.0.0.1','port':%u,"
		      "'restricted':[],'max-players':1}]",
		      hub.port, small.port);
	proxy = steward_starts();
	enter(&alice);
	ask(&alice, ":kura queue staff", "You may not go to staff");
	ask(&alice, ":kura queue", "not in line");
	finish();
}
END_TEST

/* ---- waiting ---- */

START_TEST(places_are_given_in_order)
{
	line_up("");
	leave(&bob);
	arrive(&alice, &small, "Small");
	shows(&carol, "In line for small: 1");
	shows(&dave, "In line for small: 2");
	enter(&bob);
	leave(&alice);
	/* the place is Carol's, whoever asks first */
	ask(&bob, ":kura jump small", "small is full");
	arrive(&carol, &small, "Small");
	ck_assert(harness_says(carol.client->text, "There is a place for you on small now."));
	shows(&dave, "In line for small: 1");
	wait_in_line(&bob, "2");
	leave(&carol);
	arrive(&dave, &small, "Small");
	ask(&dave, ":kura queue", "not in line");
	ask(&bob, ":kura queue", "In line for small: 1");
	finish();
}
END_TEST

START_TEST(leaving_the_line)
{
	line_up("");
	ask(&alice, ":kura queue leave", "no longer in line for small");
	ask(&alice, ":kura queue leave", "not in line");
	shows(&carol, "In line for small: 1");
	shows(&dave, "In line for small: 2");
	leave(&carol); /* and who disconnects leaves it, too */
	shows(&dave, "In line for small: 1");
	wait_in_line(&alice, "2");
	leave(&bob);
	arrive(&dave, &small, "Small");
	finish();
}
END_TEST

START_TEST(leaving_clears_the_screen)
{
	line_up("");
	peer_chat(alice.client, ":kura queue leave");
	shows(&alice, "");
	finish();
}
END_TEST

/* A player stands in one line at most. */
START_TEST(another_line_is_instead)
{
	struct backend tiny;
	struct player erin = {.name = "Erin"};

	backend_open(&tiny);
	steward_edits("'servers':[" HUB "," SMALL "," TINY "]", hub.port, small.port,
		      tiny.port);
	proxy = steward_starts();
	enter(&bob);
	peer_chat(bob.client, ":kura jump small");
	arrive(&bob, &small, "Small");
	enter(&erin);
	peer_chat(erin.client, ":kura jump tiny");
	arrive(&erin, &tiny, "Tiny");
	enter(&alice);
	enter(&carol);
	wait_in_line(&alice, "1");
	wait_in_line(&carol, "2");
	ask(&alice, ":kura queue tiny", "You are in line for tiny: 1.");
	shows(&carol, "In line for small: 1");
	leave(&bob);
	arrive(&carol, &small, "Small");
	leave(&erin);
	arrive(&alice, &tiny, "Tiny");
	backend_close(&tiny);
	finish();
}
END_TEST

/* The screen is another server's after a jump, and the line is still there. */
START_TEST(the_place_is_shown_on_the_next_server)
{
	line_up("");
	peer_chat(alice.client, ":kura lobby");
	client_arrive(alice.client, NULL);
	shows(&alice, "In line for small: 1");
	leave(&bob);
	arrive(&alice, &small, "Small");
	finish();
}
END_TEST

/* An admin need not wait, nor whom they send. */
START_TEST(who_is_sent_has_left_the_line)
{
	line_up("");
	steward_asks("send Carol small", "Sending Carol to small");
	arrive(&carol, &small, "Small");
	shows(&dave, "In line for small: 2");
	ask(&carol, ":kura queue", "not in line");
	finish();
}
END_TEST

START_TEST(a_drained_server_keeps_its_line)
{
	line_up("");
	steward_asks("drain small", "takes no new players");
	leave(&bob);
	ask(&alice, ":kura queue", "In line for small: 1");
	ck_assert(!backend_has_player(&small, 600)); /* two looks at the line */
	steward_asks("ready small", "takes players again");
	arrive(&alice, &small, "Small");
	finish();
}
END_TEST

/* ---- what becomes of the server ---- */

START_TEST(a_server_that_dies_keeps_its_line)
{
	line_up(QUICK);
	backend_refuse(&small);
	lose(&bob);
	arrive(&bob, &hub, "Hub");
	proxy_wait_log(proxy, "server small (127.0.0.1");
	ask(&bob, ":kura queue small", "You are in line for small: 4.");
	ask(&alice, ":kura queue", "In line for small: 1");
	ask(&dave, ":kura queue", "In line for small: 3");
	backend_reopen(&small);
	arrive(&alice, &small, "Small");
	shows(&dave, "In line for small: 2");
	ask(&bob, ":kura queue", "In line for small: 3");
	finish();
}
END_TEST

/* It lets the first one in to die at once; who came for nothing is still the first. */
START_TEST(a_server_that_dies_on_arrival_keeps_its_line)
{
	struct peer *link;

	line_up(QUICK);
	lose(&bob);
	arrive(&bob, &hub, "Hub");
	link = backend_accept(&small);
	ck_assert_str_eq(link->id.name, "Alice");
	backend_refuse(&small);
	peer_close(link);
	peer_wait_text(alice.client, "You stay where you are");
	shows(&alice, "In line for small: 1");
	backend_reopen(&small);
	arrive(&alice, &small, "Small");
	shows(&dave, "In line for small: 2");
	finish();
}
END_TEST

START_TEST(a_server_that_is_removed_has_no_line)
{
	line_up(QUICK);
	if (_i == 1) { /* also one that is down */
		backend_refuse(&small);
		lose(&bob);
		arrive(&bob, &hub, "Hub");
		proxy_wait_log(proxy, "is down");
		ask(&dave, ":kura queue", "In line for small: 3");
	}
	for (size_t i = 0; i < PLAYERS; i++)
		peer_forget(everybody[i]->client);
	steward_edits("'servers':[" HUB "]" QUICK, hub.port);
	steward_reloads();
	peer_wait_text(alice.client, "small is not linked any more");
	peer_wait_text(carol.client, "small is not linked any more");
	peer_wait_text(dave.client, "small is not linked any more");
	/* all at once: nobody has moved up before */
	ck_assert(!harness_says(carol.client->text, "In line for small: 1"));
	ck_assert(!harness_says(dave.client->text, "In line for small: 2"));
	ask(&dave, ":kura queue", "not in line");
	exchange(bob.client, bob.link);
	finish();
}
END_TEST

START_TEST(more_room_by_a_reload)
{
	line_up("");
	steward_edits("'servers':[" HUB ",{'name':'small','address':'127.0.0.1','port':%u,"
		      "'max-players':3}]",
		      hub.port, small.port);
	steward_reloads();
	arrive(&alice, &small, "Small");
	arrive(&carol, &small, "Small");
	shows(&dave, "In line for small: 1");
	steward_edits("'servers':[" HUB "," SERVER("small") "]", hub.port, small.port);
	steward_reloads();
	arrive(&dave, &small, "Small");
	exchange(bob.client, bob.link);
	finish();
}
END_TEST

/* Whoever there is room for moves at the same time: nobody moves up in the line before. */
START_TEST(all_for_whom_there_is_room_move_at_once)
{
	line_up("");
	steward_edits("'servers':[" HUB ",{'name':'small','address':'127.0.0.1','port':%u,"
		      "'max-players':4}]",
		      hub.port, small.port);
	steward_reloads();
	arrive(&alice, &small, "Small");
	arrive(&carol, &small, "Small");
	arrive(&dave, &small, "Small");
	ck_assert(!harness_says(carol.client->text, "In line for small: 1"));
	ck_assert(!harness_says(dave.client->text, "In line for small: 2"));
	exchange(bob.client, bob.link);
	finish();
}
END_TEST

/* ---- who does not read ---- */

/* Their server says so much to players that Kurafuto waits for them to read. */
static void deafen(const struct player *players, size_t n)
{
	struct peer *links[DEAF];

	for (size_t i = 0; i < n; i++)
		links[i] = players[i].link;
	proxy_deafen(proxy, links, n);
}

/* Dave's place is shown behind hers: then she has missed hers. */
START_TEST(a_place_that_was_missed_is_shown_again)
{
	line_up("");
	deafen(&carol, 1);
	peer_chat(alice.client, ":kura queue leave");
	shows(&dave, "In line for small: 2");
	shows(&carol, "In line for small: 1");
	finish();
}
END_TEST

/* They have left the line while they did not read: the old position is not there for ever. */
START_TEST(a_line_that_could_not_be_cleared_is_cleared_later)
{
	line_up("");
	deafen(&carol, 1);
	steward_edits("'servers':[" HUB "]", hub.port);
	steward_reloads();
	peer_wait_text(dave.client, "small is not linked any more");
	shows(&carol, "");
	finish();
}
END_TEST

static void everybody_moves_up(void)
{
	ask(&alice, ":kura queue leave", "no longer in line");
}

static void everybody_is_sent(void)
{
	steward_asks("send hub small", "Sending ");
}

static void the_line_is_closed(void)
{
	steward_edits("'servers':[" HUB "]", hub.port);
}

/* A reload waits for what the lines and the senders are at; of several in a row each but the
 * first has a tick before it. */
START_TEST(the_deaf_hold_up_nothing)
{
	static void (*const causes[])(void) = {everybody_moves_up, everybody_is_sent,
					       the_line_is_closed};
	static struct player deaf[DEAF];
	char names[DEAF][8];
	int small_room = 1024;
	int64_t begin;

	start("");
	enter(&bob);
	peer_chat(bob.client, ":kura jump small");
	arrive(&bob, &small, "Small");
	enter(&alice);
	wait_in_line(&alice, "1");
	for (size_t i = 0; i < DEAF; i++) {
		snprintf(names[i], sizeof(names[i]), "Deaf%zu", i);
		deaf[i].name = names[i];
		enter(&deaf[i]);
		ask(&deaf[i], ":kura queue small", "You are in line for small");
		setsockopt(deaf[i].client->fd, SOL_SOCKET, SO_RCVBUF, &small_room,
			   sizeof(small_room));
	}
	deafen(deaf, DEAF);
	causes[_i]();
	begin = harness_now();
	for (unsigned i = 0; i < 3; i++)
		steward_reloads();
	ck_assert_int_lt(harness_now() - begin, harness_ms(HELD_MS));
	for (size_t i = 0; i < DEAF; i++) {
		peer_close(deaf[i].client);
		peer_close(deaf[i].link);
	}
	finish();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("queue");
	TCase *tcase = harness_case(suite, "queue");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, who_is_refused_hears_how_to_wait);
	tcase_add_test(tcase, who_may_not_wait_is_not_told_how);
	tcase_add_test(tcase, some_servers_have_no_line);
	tcase_add_test(tcase, places_are_given_in_order);
	tcase_add_test(tcase, leaving_the_line);
	tcase_add_test(tcase, leaving_clears_the_screen);
	tcase_add_test(tcase, another_line_is_instead);
	tcase_add_test(tcase, the_place_is_shown_on_the_next_server);
	tcase_add_test(tcase, who_is_sent_has_left_the_line);
	tcase_add_test(tcase, a_drained_server_keeps_its_line);
	tcase_add_test(tcase, a_server_that_dies_keeps_its_line);
	tcase_add_test(tcase, a_server_that_dies_on_arrival_keeps_its_line);
	tcase_add_loop_test(tcase, a_server_that_is_removed_has_no_line, 0, 2);
	tcase_add_test(tcase, more_room_by_a_reload);
	tcase_add_test(tcase, all_for_whom_there_is_room_move_at_once);
	tcase_add_test(tcase, a_place_that_was_missed_is_shown_again);
	tcase_add_test(tcase, a_line_that_could_not_be_cleared_is_cleared_later);
	tcase_add_loop_test(tcase, the_deaf_hold_up_nothing, 0, 3);
	return harness_run(suite);
}
