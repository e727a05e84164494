/* SPDX-License-Identifier: MIT */
/*
 * The lobby's plan is changed while scripted players (lobby_player.h) stand there, walk, talk,
 * log in or don't listen: everybody ends up on the new island, whole, and nobody is lost.
 */
#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config.h"
#include "lobby_player.h"
#include "net.h"
#include "server.h"
#include "suite.h"
#include "world.h"

#define ALPHABET "abcdefghijklmnopqrstuvwxyz" /* a server for each, named so */
#define LETTERS  (sizeof ALPHABET - 1)
#define CHANGES  50
#define CROWD    110
#define BLOCK    8 /* size of what answers a block change */

static struct config *config;
static struct registry *registry;
static atomic_uint portal_calls;
static struct server *_Atomic portal_target; /* of the last call */

static void on_portal(void *context, const char *player, struct server *target, char *answer,
		      size_t size)
{
	(void)context, (void)player, (void)answer, (void)size;
	atomic_store(&portal_target, target);
	atomic_fetch_add(&portal_calls, 1);
}

static bool name_place(void *context, const char *player, char *name, size_t size)
{
	(void)context, (void)player, (void)name, (void)size;
	return false;
}

static void report_fault(void *context, bool is_fault, const char *message)
{
	(void)context;
	fprintf(stderr, "configuration: %s%s\n", is_fault ? "fault: " : "", message);
}

/* Plans: a letter for each portal. */

static struct server *server_of(char letter)
{
	return config->servers[letter - 'a'].server;
}

/* Whatever the lobby has not copied is gone when this returns. */
static bool with_plan(const char *name, const char *letters, int64_t login_timeout_ms)
{
	struct server *portals[LETTERS];
	char texts[3][32], why[100] = "";
	struct lobby_plan plan = {
		.name = texts[0],
		.motd = texts[1],
		.command_prefix = texts[2],
		.edge_commands = true,
		.login_timeout_ms = login_timeout_ms,
		.portals = portals,
		.n_portals = strlen(letters),
	};

	snprintf(texts[0], sizeof texts[0], "%s", name);
	snprintf(texts[1], sizeof texts[1], "%s's motd", name);
	snprintf(texts[2], sizeof texts[2], ":%s", name);
	for (size_t i = 0; i < plan.n_portals; i++)
		portals[i] = server_of(letters[i]);
	const struct lobby_calls calls = {.portal = on_portal, .name = name_place};

	if (lobby != NULL)
		return lobby_change(lobby, &plan);
	lobby = lobby_new(&plan, &calls, why, sizeof why);
	return lobby != NULL;
}

static void change(const char *letters)
{
	ck_assert(with_plan("plain", letters, PATIENCE_MS));
}

static void setup(void)
{
	char json[4096] = "{\"servers\":[";
	size_t len = strlen(json);

	for (size_t i = 0; i < LETTERS; i++)
		len += (size_t)snprintf(json + len, sizeof json - len,
					"%s{\"name\":\"%c\",\"address\":\"127.0.0.1\","
					"\"port\":%zu}",
					i == 0 ? "" : ",", ALPHABET[i], 20000 + i);
	snprintf(json + len, sizeof json - len, "],\"verify-names\":false}");
	packet_catalog_init(&catalog);
	config = config_parse("test.json", json, strlen(json), report_fault, NULL);
	ck_assert_ptr_nonnull(config);
	registry = registry_new();
	ck_assert_ptr_nonnull(registry);
	ck_assert(registry_prepare(registry, config));
	registry_commit(registry, config);
	change("abc");
}

static void teardown(void)
{
	lobby_free(lobby);
	registry_free(registry);
	config_free(config);
}

/* What players see */

static size_t portals_of(const char *letters)
{
	return strlen(letters) < WORLD_PORTALS_MAX ? strlen(letters) : WORLD_PORTALS_MAX;
}

/* A whole level, these figures on it, and so many other players. */
static bool sees(const struct client *client, const char *letters, size_t others)
{
	for (size_t i = 0; i < portals_of(letters); i++) {
		char name[32];

		snprintf(name, sizeof name, "&a%c &7(0)", letters[i]);
		if (!client->entities[i].here || strcmp(client->entities[i].name, name) != 0)
			return false;
	}
	return client->level_done && visible(client) == portals_of(letters) + others;
}

static bool is_at(const struct client *client, int id, const struct packet_position *feet)
{
	const struct packet_position *at = &client->entities[id].at;

	return at->x == feet->x && at->z == feet->z &&
	       at->y == feet->y + (id == PACKET_SELF ? EYE_SELF : EYE_OTHERS);
}

/* The level is that of this world, block by block, and the figures stand in its portals. */
static void assert_on(const struct client *client, const struct world *world)
{
	uint8_t *plain = unpack(client);
	size_t wrong = 0;

	for (int y = 0; y < WORLD_Y; y++)
		for (int z = 0; z < WORLD_Z; z++)
			for (int x = 0; x < WORLD_X; x++)
				wrong += block_at(plain + 4, x, y, z) !=
					 world_block(world, (unsigned)x, (unsigned)y,
						     (unsigned)z, client->dialect.protocol);
	free(plain);
	ck_assert_uint_eq(wrong, 0);
	for (size_t i = 0; i < world_portal_count(world); i++)
		ck_assert(is_at(client, (int)i, &world_portal(world, i)->figure));
	ck_assert(is_at(client, PACKET_SELF, world_spawn(world)));
}

static void go_through(struct client *client, const struct world *world, size_t portal)
{
	stand_on(client, world_spawn(world));
	stand_on(client, &world_portal(world, portal)->figure);
	settle(client);
}

/* More, fewer, other portals */

static const struct step {
	const char *from, *to;
} steps[] = {
	{"abc", "abcd"},     {"abc", "a"},      {"abc", ""},
	{"", "abc"},         {"abc", "xyz"},    {"abc", "cba"},
	{"abcdefgh", "bdh"}, {"abc", ALPHABET}, {ALPHABET, "abcdefg"},
};

START_TEST(everybody_gets_the_new_island)
{
	static const char *const names[] = {"Alice", "Bob", "Carol"};
	const struct step *step = &steps[_i];
	struct world *world = world_new(strlen(step->to));
	struct client *players[3];

	change(step->from);
	for (int i = 0; i < 3; i++)
		players[i] = join((uint8_t)(7 - 2 * i), names[i]);
	walk_to(players[0], 800, 544, 800, 7);
	AWAIT(players[1], players[1]->entities[find_entity(players[1], "Alice")].at.x == 800);
	change(step->to);
	for (int i = 0; i < 3; i++) {
		AWAIT(players[i], players[i]->levels == 2 && sees(players[i], step->to, 2));
		assert_on(players[i], world);
		for (int j = 0; j < 3; j++)
			ck_assert(i == j || is_at(players[i], find_entity(players[i], names[j]),
						  world_spawn(world)));
	}
	stand_on(players[2], world_spawn(world));
	walk_to(players[2], 1000, 544, 1000, 7);
	chat(players[1], "we are all here");
	for (int i = 0; i < 3; i++)
		AWAIT(players[i], has_said(players[i], "Bob: we are all here"));
	AWAIT(players[0], players[0]->entities[find_entity(players[0], "Carol")].at.x == 1000);
	for (size_t i = 0; i < world_portal_count(world); i++) {
		go_through(players[i % 3], world, i);
		ck_assert_uint_eq(atomic_load(&portal_calls), i + 1);
		ck_assert_ptr_eq(atomic_load(&portal_target), server_of(step->to[i]));
	}
	for (int i = 0; i < 3; i++) {
		ck_assert_uint_eq(players[i]->levels, 2);
		leave(players[i]);
	}
	world_free(world);
}
END_TEST

START_TEST(who_comes_after_a_change)
{
	change("xy");
	change("xyz");
	struct client *client = join(7, "Alice");

	ck_assert(sees(client, "xyz", 0));
	ck_assert_uint_eq(client->levels, 1);
	ck_assert(has_said(client, "&ax&e, &ay&e, &az"));
	leave(client);
}
END_TEST

/* Nobody who is there notices, and who comes then reads the new texts. */
START_TEST(texts_alone)
{
	struct client *alice = join(7, "Alice");

	walk_to(alice, 800, 544, 800, 7);
	settle(alice);
	ck_assert(with_plan("fancy", "abc", 300));
	struct client *bob = join(7, "Bob");

	ck_assert_str_eq(bob->server, "fancy");
	ck_assert_str_eq(bob->motd, "fancy's motd");
	ck_assert(has_said(bob, "Welcome to &ffancy"));
	ck_assert(has_said(bob, ":fancy jump"));
	ck_assert_int_eq(bob->entities[find_entity(bob, "Alice")].at.x, 800);
	settle(alice);
	ck_assert_uint_eq(alice->levels, 1);
	ck_assert_uint_eq(alice->entities[PACKET_SELF].spawns, 1);
	for (int i = 0; i < 3; i++)
		ck_assert_uint_eq(alice->entities[i].spawns, 1);

	struct client *mute = dial(7);

	AWAIT(mute, mute->closed);
	ck_assert_ptr_nonnull(strstr(mute->kick, "in time"));
	leave(mute);
	leave(alice);
	leave(bob);
}
END_TEST

/* What a client says before it can know of the new island must not count there. */
START_TEST(a_walk_on_the_old_island)
{
	struct world *world = world_new(1);
	struct client *alice = join(7, "Alice"), *bob = join(7, "Bob");
	const struct packet_position *figure = &world_portal(world, 0)->figure;

	change("z");
	AWAIT(alice, alice->levels == 2 && sees(alice, "z", 1));
	AWAIT(bob, bob->levels == 2 && sees(bob, "z", 1));
	stand_on(alice, figure);
	settle(alice);
	ck_assert_uint_eq(atomic_load(&portal_calls), 0);
	stand_on(alice, world_spawn(world));
	walk_to(alice, 1000, 544, 1000, 7);
	AWAIT(bob, bob->entities[find_entity(bob, "Alice")].at.x == 1000);
	ck_assert_uint_eq(bob->entities[find_entity(bob, "Alice")].moves, 1);
	go_through(alice, world, 0);
	ck_assert_uint_eq(atomic_load(&portal_calls), 1);
	ck_assert_ptr_eq(atomic_load(&portal_target), server_of('z'));
	leave(alice);
	leave(bob);
	world_free(world);
}
END_TEST

/* Who can be seen follows from how many ids the figures leave. */
START_TEST(a_crowd_and_many_portals)
{
	static struct client *crowd[CROWD];
	size_t seen = 128 - WORLD_PORTALS_MAX;
	char name[32];

	for (int i = 0; i < CROWD; i++) {
		snprintf(name, sizeof name, "Player%03d", i);
		crowd[i] = join((uint8_t)(3 + i % 5), name);
	}
	for (int i = 0; i < CROWD; i++)
		AWAIT(crowd[i], sees(crowd[i], "abc", CROWD - 1));
	change(ALPHABET);
	for (size_t i = 0; i < CROWD; i++)
		AWAIT(crowd[i], sees(crowd[i], ALPHABET, i < seen ? seen - 1 : seen));
	ck_assert_int_eq(find_entity(crowd[0], "Player104"), -1);
	leave(crowd[5]);
	AWAIT(crowd[0], find_entity(crowd[0], "Player104") >= 0);
	change("");
	for (int i = 0; i < CROWD; i++)
		if (i != 5)
			AWAIT(crowd[i], sees(crowd[i], "", CROWD - 2));
	for (int i = 0; i < CROWD; i++)
		if (i != 5)
			leave(crowd[i]);
}
END_TEST

/* Slow players */

START_TEST(half_logged_in)
{
	struct client *alice = join(7, "Alice"), *slow = dial(7);
	uint8_t packet[PACKET_SIZE_MAX];
	size_t size = packet_write_player_identification(packet, &slow->dialect, "Slow", "key");

	send_bytes(slow, packet, size - 1);
	change("xyz");
	AWAIT(alice, alice->levels == 2 && sees(alice, "xyz", 0));
	send_bytes(slow, packet + size - 1, 1);
	AWAIT(slow, sees(slow, "xyz", 1) && has_said(slow, "Slow &ehas come"));
	AWAIT(alice, sees(alice, "xyz", 1));
	ck_assert_uint_eq(slow->levels, 1);
	leave(alice);
	leave(slow);
}
END_TEST

/* The first level is on its way to somebody who has not read any of it. */
START_TEST(in_the_middle_of_a_level)
{
	struct world *world = world_new(5);
	struct client *alice = join(7, "Alice"), *slow = dial(7);

	identify(slow, "Slow");
	AWAIT(alice, has_said(alice, "Slow &ehas come"));
	change("vwxyz");
	AWAIT(alice, alice->levels == 2 && sees(alice, "vwxyz", 1));
	AWAIT(slow, slow->levels == 2 && sees(slow, "vwxyz", 1));
	assert_on(slow, world);
	leave(alice);
	leave(slow);
	world_free(world);
}
END_TEST

/* Has the lobby answer more than a socket takes, so that output waits in its queue. */
static void stop_up(struct client *slow, struct client *witness)
{
	int room = 0;
	socklen_t size = sizeof room;
	uint8_t packets[100][9];

	for (size_t i = 0; i < 100; i++)
		memcpy(packets[i], (uint8_t[]){OP_SET_BLOCK_CLIENT, 0, 1, 0, 1, 0, 1, 1, 1}, 9);
	ck_assert_int_eq(getsockopt(slow->fd, SOL_SOCKET, SO_SNDBUF, &room, &size), 0);
	for (int sent = 0; sent < room / BLOCK + 4000; sent += 100)
		send_bytes(slow, packets[0], sizeof packets);
	chat(slow, "my ears are full");
	AWAIT(witness, has_said(witness, "Slow: my ears are full"));
}

/* A player who does not read gets one island, the last, once there is room for it; what happens
 * there before does not reach it. */
START_TEST(a_slow_player_is_not_drowned)
{
	struct world *world = world_new(2);
	struct client *alice = join(7, "Alice"), *bob = join(7, "Bob");
	struct client *slow = join(6, "Slow");
	char letters[] = "abc";

	stop_up(slow, alice);
	for (unsigned i = 0; i < CHANGES; i++) {
		letters[i % 3] = (char)('d' + i % 20);
		change(letters);
		AWAIT(alice, alice->levels == i + 2 && sees(alice, letters, 2));
	}
	change("yz");
	leave(bob);
	AWAIT(alice, alice->levels == CHANGES + 2 && sees(alice, "yz", 1));
	struct client *carol = join(7, "Carol");

	ck_assert(is_at(carol, find_entity(carol, "Slow"), world_spawn(world)));
	stand_on(alice, world_spawn(world));
	walk_to(alice, 1000, 544, 1000, 7);
	AWAIT(carol, carol->entities[find_entity(carol, "Alice")].at.x == 1000);
	stand_on(slow, &world_portal(world, 0)->figure);
	chat(slow, "where am I");
	AWAIT(carol, has_said(carol, "Slow: where am I"));
	ck_assert_uint_eq(atomic_load(&portal_calls), 0);
	AWAIT(slow, slow->levels == 2 && sees(slow, "yz", 2));
	assert_on(slow, world);
	ck_assert_int_eq(slow->entities[find_entity(slow, "Alice")].at.x, 1000);
	ck_assert_int_ge(find_entity(slow, "Carol"), 0);
	go_through(slow, world, 1);
	ck_assert_ptr_eq(atomic_load(&portal_target), server_of('z'));
	ck_assert_uint_eq(slow->levels, 2);
	leave(alice);
	leave(carol);
	leave(slow);
	world_free(world);
}
END_TEST

/* Many changes */

START_TEST(each_of_many_changes_is_seen)
{
	struct client *alice = join(7, "Alice"), *bob = join(4, "Bob");
	char text[32];

	for (unsigned i = 0; i < CHANGES; i++) {
		const char *letters = steps[i % (sizeof steps / sizeof steps[0])].to;

		walk_to(alice, 700 + (int32_t)i * 10, 544, 1088, 3);
		change(letters);
		walk_to(bob, 700 + (int32_t)i * 10, 544, 1088, 3);
		AWAIT(alice, alice->levels == i + 2 && sees(alice, letters, 1));
		AWAIT(bob, bob->levels == i + 2 && sees(bob, letters, 1));
		if (i % 7 != 0)
			continue;
		snprintf(text, sizeof text, "change %u", i);
		chat(alice, text);
		AWAIT(bob, has_said(bob, text));
	}
	leave(alice);
	leave(bob);
}
END_TEST

static atomic_uint changing; /* threads */

static void *change_often(void *arg)
{
	size_t first = *(const size_t *)arg;

	for (size_t i = first; i < first + CHANGES; i++) {
		const char *letters = steps[i % (sizeof steps / sizeof steps[0])].to;

		if (!with_plan(i % 5 == 0 ? "fancy" : "plain", letters, PATIENCE_MS))
			abort();
	}
	atomic_fetch_sub(&changing, 1);
	return NULL;
}

/* From several threads, as fast as they can, while players walk and others come and go. */
START_TEST(many_changes_at_once)
{
	static size_t firsts[] = {0, 4};
	struct client *alice = join(7, "Alice"), *bob = join(3, "Bob"), *guest;
	pthread_t threads[2];
	int32_t x = 600;

	atomic_store(&changing, 2);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, change_often, &firsts[i]),
				 0);
	for (int round = 0; atomic_load(&changing) > 0 || round < 10; round++) {
		guest = dial(7);
		identify(guest, "Guest");
		walk_to(alice, x++ % 1400, 544, 1120, 9);
		walk_to(bob, 1100, 544, x % 1400, 9);
		pump(alice);
		pump(bob);
		if (round % 2 == 0)
			AWAIT(guest, guest->level_done);
		leave(guest);
	}
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	change("qrst");
	AWAIT(alice, sees(alice, "qrst", 1));
	AWAIT(bob, sees(bob, "qrst", 1));
	ck_assert_uint_gt(alice->levels, 1);
	chat(alice, "phew");
	AWAIT(bob, has_said(bob, "Alice: phew"));
	leave(alice);
	leave(bob);
}
END_TEST

/* Whether or not the thread has seen the last change, nothing is left behind. */
START_TEST(the_end_right_after_a_change)
{
	struct client *alice = join(7, "Alice");

	change("xyz");
	lobby_free(lobby);
	lobby = NULL;
	AWAIT(alice, alice->closed);
	leave(alice);
	change("abc");
	change("xyz");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lobby, changed");
	TCase *tcase = tcase_create("change");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, everybody_gets_the_new_island, 0,
			    sizeof steps / sizeof steps[0]);
	tcase_add_test(tcase, who_comes_after_a_change);
	tcase_add_test(tcase, texts_alone);
	tcase_add_test(tcase, a_walk_on_the_old_island);
	tcase_add_test(tcase, a_crowd_and_many_portals);
	tcase_add_test(tcase, half_logged_in);
	tcase_add_test(tcase, in_the_middle_of_a_level);
	tcase_add_test(tcase, a_slow_player_is_not_drowned);
	tcase_add_test(tcase, each_of_many_changes_is_seen);
	tcase_add_test(tcase, many_changes_at_once);
	tcase_add_test(tcase, the_end_right_after_a_change);
	suite_add_tcase(suite, tcase);
	return suite_main(suite);
}
