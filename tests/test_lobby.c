/* SPDX-License-Identifier: MIT */
/*
 * The lobby, played by scripted players (lobby_player.h): logins of every protocol, what they
 * see of each other, chat, portals, and clients that do what they should not.
 */
#include <check.h>
#include <pthread.h>
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

#define CROWD 200
#define SERVERS_JSON                                                                     \
	"\"servers\":[{\"name\":\"Survival\",\"address\":\"127.0.0.1\",\"port\":25570}," \
	"{\"name\":\"Creative\",\"address\":\"127.0.0.1\",\"port\":25571},"              \
	"{\"name\":\"Lava\",\"address\":\"127.0.0.1\",\"port\":25572}],"
#define CONFIG_JSON(servers, more)                                                         \
	"{\"name\":\"Caf\\u00e9 & co\",\"motd\":\"Hello\",\"verify-names\":false," servers \
		more "\"login-timeout-ms\":10000}"

static struct config *config;
static struct registry *registry;

/* What the portal callback has been told. */
static pthread_mutex_t portal_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct server *portal_target;
static char portal_player[PACKET_STRING_LEN + 1];
static unsigned portal_calls;

static void on_portal(void *context, const char *player, struct server *target, char *answer,
		      size_t size)
{
	ck_assert_ptr_eq(context, &portal_calls);
	pthread_mutex_lock(&portal_mutex);
	portal_target = target;
	snprintf(portal_player, sizeof portal_player, "%s", player);
	portal_calls++;
	pthread_mutex_unlock(&portal_mutex);
	if (strcmp(player, "Stranger") == 0)
		snprintf(answer, size, "&cNot you!\nPerhaps %s.", "another");
}

static bool name_place(void *context, const char *player, char *name, size_t size)
{
	ck_assert_ptr_eq(context, &portal_calls);
	snprintf(name, size, "%s's place", player);
	return strcmp(player, "Stranger") == 0;
}

static const struct lobby_calls calls = {&portal_calls, on_portal, name_place};

static unsigned calls_so_far(void)
{
	pthread_mutex_lock(&portal_mutex);
	unsigned n = portal_calls;

	pthread_mutex_unlock(&portal_mutex);
	return n;
}

static void report_fault(void *context, bool is_fault, const char *message)
{
	(void)context;
	if (is_fault)
		fprintf(stderr, "configuration: %s\n", message);
}

static void open_lobby(const char *json)
{
	struct server *portals[CONFIG_SERVERS_MAX];
	char why[200] = "";

	packet_catalog_init(&catalog);
	config = config_parse("test.json", json, strlen(json), report_fault, NULL);
	ck_assert_ptr_nonnull(config);
	registry = registry_new();
	ck_assert_ptr_nonnull(registry);
	ck_assert(registry_prepare(registry, config));
	registry_commit(registry, config);
	for (size_t i = 0; i < config->n_servers; i++)
		portals[i] = config->servers[i].server;
	lobby = lobby_new(&(struct lobby_plan){.name = config->name,
					       .motd = config->motd,
					       .command_prefix = config->command_prefix,
					       .edge_commands = config->edge_commands,
					       .login_timeout_ms = config->login_timeout_ms,
					       .portals = portals,
					       .n_portals = config->n_servers},
			  &calls, why, sizeof why);
	ck_assert_msg(lobby != NULL, "%s", why);
}

static void setup(void)
{
	open_lobby(CONFIG_JSON(SERVERS_JSON, ""));
}

static void teardown(void)
{
	lobby_free(lobby);
	registry_free(registry);
	config_free(config);
}

/* The level */

static const struct login {
	uint8_t protocol, highest;
} logins[] = {{3, 18}, {4, 18}, {5, 20}, {6, 41}, {7, 49}};

START_TEST(a_login_of_each_protocol)
{
	const struct login *login = &logins[_i];
	struct client *client = join(login->protocol, "Alice");
	const struct packet_position *self = &client->entities[PACKET_SELF].at;

	ck_assert_str_eq(client->server, "Caf? % co");
	ck_assert_str_eq(client->motd, "Hello");
	ck_assert(client->level_done);
	ck_assert_uint_eq(client->size[0] * client->size[1] * client->size[2], WORLD_VOLUME);
	ck_assert_str_eq(client->entities[PACKET_SELF].name, "Alice");
	ck_assert_int_eq((self->y - EYE_SELF) % 32, 0);

	uint8_t *plain = unpack(client), *blocks = plain + 4;
	int x = self->x / 32, y = (self->y - EYE_SELF) / 32, z = self->z / 32;
	size_t unknown = 0;

	ck_assert_uint_eq(packet_get_u32(plain), WORLD_VOLUME);
	for (size_t i = 0; i < WORLD_VOLUME; i++)
		unknown += blocks[i] > login->highest;
	ck_assert_uint_eq(unknown, 0);
	ck_assert_uint_ne(block_at(blocks, x, y - 1, z), 0);
	ck_assert_uint_eq(block_at(blocks, x, y, z), 0);
	ck_assert_uint_eq(block_at(blocks, x, y + 1, z), 0);
	free(plain);
	leave(client);
}
END_TEST

/* The login byte by byte, the second packet behind the first in one piece, and a stray ping. */
START_TEST(login_in_pieces)
{
	struct client *client = dial(7);
	uint8_t packet[PACKET_SIZE_MAX * 2];
	size_t size =
		packet_write_player_identification(packet, &client->dialect, "Alice", "key");

	packet[size++] = OP_PING;
	size += packet_write_message(packet + size, 255, "hi");
	for (size_t i = 0; i < 131; i++)
		send_bytes(client, packet + i, 1);
	send_bytes(client, packet + 131, size - 131);
	AWAIT(client, has_said(client, "Alice: hi"));
	leave(client);
}
END_TEST

START_TEST(greeting)
{
	struct client *client = join(7, "Alice");

	ck_assert(has_said(client, "Caf? % co"));
	ck_assert(has_said(client, "&aSurvival"));
	ck_assert(has_said(client, "&aLava"));
	ck_assert(has_said(client, "portal"));
	ck_assert(has_said(client, ":kura jump NAME"));
	ck_assert(has_said(client, ":kura list"));
	leave(client);
}
END_TEST

START_TEST(greeting_without_servers)
{
	open_lobby(CONFIG_JSON("", ""));
	struct client *client = join(7, "Alice");

	ck_assert(has_said(client, "kurafuto.json"));
	ck_assert(!has_said(client, ":kura"));
	for (int i = 0; i < 24; i++)
		ck_assert(!client->entities[i].here ||
			  strcmp(client->entities[i].name, "Alice") == 0);
	leave(client);
	teardown();
}
END_TEST

START_TEST(greeting_without_commands)
{
	open_lobby(CONFIG_JSON(SERVERS_JSON, "\"edge-commands\":false,"));
	struct client *client = join(7, "Alice");

	ck_assert(has_said(client, "portal"));
	ck_assert(!has_said(client, ":kura"));
	leave(client);
	teardown();
}
END_TEST

/* Whatever a player does to a block, the answer is what is really there. The column goes
 * through an arch. */
START_TEST(blocks_stay)
{
	struct client *client = join((uint8_t)_i, "Alice");
	uint8_t *plain = unpack(client);
	uint8_t change[9] = {OP_SET_BLOCK_CLIENT, 0, 31, 0, 0, 0, 24, 0, 1};
	uint8_t outside[9] = {OP_SET_BLOCK_CLIENT, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 1};

	send_bytes(client, outside, sizeof outside);
	for (uint8_t y = 0; y < WORLD_Y; y++) {
		change[4] = y;
		change[7] = y % 2;
		send_bytes(client, change, sizeof change);
	}
	AWAIT(client, client->n_blocks == WORLD_Y);
	for (int y = 0; y < WORLD_Y; y++) {
		const struct packet_set_block *block = &client->blocks[y];

		ck_assert(block->x == 31 && block->y == y && block->z == 24);
		ck_assert_uint_eq(block->block, block_at(plain + 4, 31, y, 24));
	}
	free(plain);
	leave(client);
}
END_TEST

START_TEST(players_see_each_other)
{
	struct client *alice = join(7, "Alice"), *bob = join(5, "Bob");

	AWAIT(alice, find_entity(alice, "Bob") >= 0);
	AWAIT(bob, find_entity(bob, "Alice") >= 0);
	int id = find_entity(alice, "Bob");

	ck_assert_int_lt(id, 128);
	ck_assert_int_eq(alice->entities[id].at.y - EYE_OTHERS,
			 bob->entities[PACKET_SELF].at.y - EYE_SELF);
	walk_to(bob, 1000, 544, 900, 77);
	AWAIT(alice, alice->entities[id].at.x == 1000);
	ck_assert_int_eq(alice->entities[id].at.y, 544 + EYE_OTHERS);
	ck_assert_int_eq(alice->entities[id].at.z, 900);
	ck_assert_uint_eq(alice->entities[id].at.yaw, 77);
	settle(bob);
	ck_assert_uint_eq(bob->entities[PACKET_SELF].moves, 0);
	ck_assert(has_said(alice, "&f"
				  "Bob &ehas come"));
	leave(bob);
	AWAIT(alice, !alice->entities[id].here && has_said(alice, "Bob &ehas left"));
	leave(alice);
}
END_TEST

/* Somebody who stands still is not sent over and over; who moves with others gets all but
 * itself. */
START_TEST(only_moves_are_sent)
{
	struct client *crowd[4];
	char name[] = "P0";

	for (int i = 0; i < 4; i++) {
		name[1] = (char)('0' + i);
		crowd[i] = join(7, name);
	}
	for (int i = 0; i < 3; i++)
		walk_to(crowd[i], 800 + i, 544, 800, 0);
	for (int i = 0; i < 4; i++) {
		for (int j = 0; j < 3; j++) {
			name[1] = (char)('0' + j);
			if (i != j)
				AWAIT(crowd[i],
				      find_entity(crowd[i], name) >= 0 &&
					      crowd[i]->entities[find_entity(crowd[i], name)]
							      .at.x == 800 + j);
		}
		name[1] = (char)('0' + i);
		ck_assert_int_eq(find_entity(crowd[i], name), -1);
	}
	walk_to(crowd[0], 800, 544, 800, 0);
	unsigned pings = crowd[3]->pings;

	AWAIT(crowd[3], crowd[3]->pings > pings);
	ck_assert_uint_eq(crowd[3]->entities[find_entity(crowd[3], "P0")].moves, 1);
	for (int i = 0; i < 4; i++)
		leave(crowd[i]);
}
END_TEST

START_TEST(chat_reaches_everybody)
{
	static const char words[] =
		"%cred words that go on so long that they have to wrap twice.....";
	struct client *alice = join(7, "Alice"), *bob = join(6, "Bob");

	chat(alice, "Hello %aworld & 100% %");
	chat(alice, words);
	chat(alice, "   ");
	chat(alice, "/login secret");
	chat(alice, "Bye");
	AWAIT(bob, has_said(bob, "Alice: Bye"));
	AWAIT(alice, has_said(alice, "Alice: Bye"));
	ck_assert(has_said(bob, "Alice: Hello &aworld % 100% %"));
	ck_assert(has_said(bob, "Alice: &cred words"));
	ck_assert(!has_said(bob, "secret"));
	ck_assert(has_said(alice, "no commands"));
	ck_assert_msg(strncmp(bob->messages[bob->n_messages - 2], "&c", 2) == 0, "%s",
		      bob->messages[bob->n_messages - 2]);
	leave(alice);
	leave(bob);
}
END_TEST

START_TEST(a_flood_of_chat_is_dammed)
{
	struct client *alice = join(7, "Alice"), *bob = join(7, "Bob");
	size_t before = bob->n_messages;

	for (int i = 0; i < 400; i++)
		chat(alice, "spam");
	settle(alice);
	settle(bob);
	ck_assert(has_said(alice, "Not so fast"));
	ck_assert_uint_ge(bob->n_messages - before, 20);
	ck_assert_uint_lt(bob->n_messages - before, 400);
	leave(alice);
	leave(bob);
}
END_TEST

/* Portals */

static void assert_put_back(struct client *client, const struct world_portal *portal,
			    uint8_t protocol)
{
	const struct packet_position *self = &client->entities[PACKET_SELF].at;

	ck_assert_int_eq(self->x, portal->exit.x);
	ck_assert_int_eq(self->y, portal->exit.y + EYE_SELF);
	ck_assert_int_eq(self->z, portal->exit.z);
	ck_assert_uint_eq(self->yaw, protocol == 3 ? 0 : portal->exit.yaw);
	/* The oldest clients only move when they are spawned again. */
	ck_assert_int_eq(client->entities[PACKET_SELF].moves == 0, protocol <= 4);
}

START_TEST(a_portal_leads_to_its_server)
{
	struct world *world = world_new(3);
	uint8_t protocol = (uint8_t)(3 + _i % 5);
	struct client *client = join(protocol, "Alice");

	for (size_t i = 0; i < 3; i++) {
		const struct world_portal *portal = world_portal(world, i);

		stand_on(client, &portal->exit);
		stand_on(client, &portal->figure);
		stand_on(client, &portal->figure);
		settle(client);
		ck_assert_uint_eq(calls_so_far(), i * 2 + 1);
		ck_assert_ptr_eq(portal_target, config->servers[i].server);
		ck_assert_str_eq(portal_player, "Alice");
		assert_put_back(client, portal, protocol);
		stand_on(client, &portal->exit);
		stand_on(client, &portal->figure);
		settle(client);
		ck_assert_uint_eq(calls_so_far(), i * 2 + 2);
	}
	leave(client);
	world_free(world);
}
END_TEST

/* Of two lines, and without a message of its own for who is on their way. */
START_TEST(a_portal_says_what_it_is_told)
{
	struct world *world = world_new(3);
	struct client *client = join(7, _i == 0 ? "Stranger" : "Alice");
	size_t before;

	settle(client);
	before = client->n_messages;
	stand_on(client, &world_portal(world, 0)->figure);
	settle(client);
	ck_assert_uint_eq(calls_so_far(), 1);
	ck_assert_uint_eq(client->n_messages, _i == 0 ? before + 2 : before);
	ck_assert(has_said(client, "&cNot you!") == (_i == 0));
	ck_assert(has_said(client, "Perhaps another.") == (_i == 0));
	leave(client);
	world_free(world);
}
END_TEST

START_TEST(the_welcome_names_the_place_of_the_player)
{
	struct client *stranger = join(7, "Stranger"), *alice = join(7, "Alice");

	ck_assert(has_said(stranger, "Welcome to &fStranger's place&e!"));
	ck_assert(!has_said(alice, "'s place"));
	ck_assert(has_said(alice, "Welcome to "));
	leave(stranger);
	leave(alice);
}
END_TEST

START_TEST(a_portal_to_a_dead_server_stays_shut)
{
	struct world *world = world_new(3);
	const struct world_portal *portal = world_portal(world, 1);
	struct client *client = join(7, "Alice");

	server_report(config->servers[1].server, false, "connection refused");
	stand_on(client, &portal->figure);
	settle(client);
	ck_assert_uint_eq(calls_so_far(), 0);
	ck_assert(has_said(client, "Creative is down"));
	assert_put_back(client, portal, 7);
	server_report(config->servers[1].server, true, NULL);
	stand_on(client, &portal->exit);
	stand_on(client, &portal->figure);
	settle(client);
	ck_assert_uint_eq(calls_so_far(), 1);
	leave(client);
	world_free(world);
}
END_TEST

START_TEST(figures_follow_their_servers)
{
	struct world *world = world_new(3);
	struct client *client = join(7, "Alice");
	const struct packet_position *at = &world_portal(world, 1)->figure;
	struct server *creative = config->servers[1].server;

	ck_assert_int_eq(find_entity(client, "&aSurvival &7(0)"), 0);
	ck_assert_int_eq(find_entity(client, "&aCreative &7(0)"), 1);
	ck_assert_int_eq(client->entities[1].at.x, at->x);
	ck_assert_int_eq(client->entities[1].at.y, at->y + EYE_OTHERS);
	ck_assert_int_eq(client->entities[1].at.z, at->z);
	ck_assert_uint_eq(client->entities[1].at.yaw, at->yaw);
	server_report(creative, false, "connection refused");
	AWAIT(client, find_entity(client, "&cCreative &7(0)") == 1);
	server_player_joined(creative);
	server_player_joined(creative);
	server_report(creative, true, NULL);
	AWAIT(client, find_entity(client, "&aCreative &7(2)") == 1);
	server_player_left(creative);
	struct client *late =
		join(7, "Bob"); /* sees it at once, and the others do not miss it */

	ck_assert_int_eq(find_entity(late, "&aCreative &7(1)"), 1);
	AWAIT(client, find_entity(client, "&aCreative &7(1)") == 1);
	ck_assert_uint_eq(client->entities[0].spawns, 1);
	server_player_left(creative);
	leave(client);
	leave(late);
	world_free(world);
}
END_TEST

/* Trouble */

/* clang-format off */
static const struct garbage {
	const char *what;
	bool after_login;
	uint8_t bytes[4];
	size_t size;
} garbages[] = {
	{"an HTTP request", false, "GET ", 4},
	{"protocol 8", false, {0, 8}, 2},
	{"protocol 2", false, {0, 2}, 2},
	{"chat before the login", false, {OP_MESSAGE}, 1},
	{"an opcode of CPE", true, {OP_EXT_INFO}, 1},
	{"an opcode of the other direction", true, {OP_SPAWN_PLAYER}, 1},
	{"an unknown opcode", true, {0xee}, 1},
};
/* clang-format on */

START_TEST(garbage_ends_that_connection_only)
{
	const struct garbage *garbage = &garbages[_i];
	struct client *witness = join(7, "Bob");
	struct client *client = garbage->after_login ? join(7, "Alice") : dial(7);

	send_bytes(client, garbage->bytes, garbage->size);
	AWAIT(client, client->closed);
	ck_assert_msg(client->kick[0] != '\0', "%s: no reason given", garbage->what);
	settle(witness);
	chat(witness, "still here");
	AWAIT(witness, has_said(witness, "Bob: still here"));
	leave(client);
	leave(witness);
}
END_TEST

START_TEST(a_second_identification_ends_it)
{
	struct client *client = join(7, "Alice");

	identify(client, "Eve");
	AWAIT(client, client->closed);
	ck_assert_str_ne(client->kick, "");
	leave(client);
}
END_TEST

START_TEST(a_late_login_is_refused)
{
	static const char json[] = "{\"login-timeout-ms\":200}";

	open_lobby(json);
	struct client *client = dial(7);
	uint8_t start[] = {OP_IDENTIFICATION, 7, 'A'};

	send_bytes(client, start, sizeof start);
	AWAIT(client, client->closed);
	ck_assert_ptr_nonnull(strstr(client->kick, "in time"));
	leave(client);
	teardown();
}
END_TEST

/* Makes so much noise that a deaf client's queue must overflow; everybody else gets all of it.
 */
START_TEST(a_deaf_client_stalls_nobody)
{
	struct client *deaf = join(7, "Deaf"), *alice = join(7, "Alice"), *bob = join(7, "Bob");
	int32_t x = 0;
	int64_t deadline_ms = net_now_ms() + PATIENCE_MS;
	uint8_t packet[8 * 9];

	for (size_t i = 0; i < sizeof packet; i += 9)
		memcpy(packet + i, (uint8_t[]){OP_SET_BLOCK_CLIENT, 0, 1, 0, 1, 0, 1, 1, 1}, 9);
	while (!has_said(alice, "Deaf &ehas left")) {
		ck_assert_msg(net_now_ms() < deadline_ms, "nothing becomes of a deaf client");
		for (int i = 0; i < 100; i++)
			if (send(deaf->fd, packet, sizeof packet,
				 MSG_DONTWAIT | MSG_NOSIGNAL) != sizeof packet)
				break;
		walk_to(bob, x++ % 1000, 544, 900, 0);
		pump(alice);
		pump(bob);
	}
	settle(alice);
	settle(bob);
	walk_to(bob, 1500, 544, 900, 0);
	AWAIT(alice, alice->entities[find_entity(alice, "Bob")].at.x == 1500);
	leave(deaf);
	leave(alice);
	leave(bob);
}
END_TEST

/* More than there are entity ids: some are not seen, but they see, speak, and appear when there
 * is room. */
START_TEST(a_crowd)
{
	static struct client *crowd[CROWD];
	char name[32];
	size_t ids = 128 - 3;

	for (int i = 0; i < CROWD; i++) {
		snprintf(name, sizeof name, "Player%03d", i);
		crowd[i] = dial((uint8_t)(3 + i % 5));
		identify(crowd[i], name);
	}
	for (int i = 0; i < CROWD; i++)
		AWAIT(crowd[i], has_said(crowd[i], "Player199 &ehas come"));
	for (int i = 0; i < CROWD; i++)
		ck_assert_uint_eq(visible(crowd[i]), (size_t)i < ids ? 127 : 128);
	chat(crowd[CROWD - 1], "can you see me");
	for (int i = 0; i < CROWD; i++)
		AWAIT(crowd[i], has_said(crowd[i], "Player199: can you see me"));
	ck_assert_int_eq(find_entity(crowd[0], "Player150"), -1);
	for (int i = 60; i < 150; i++)
		leave(crowd[i]);
	AWAIT(crowd[0], visible(crowd[0]) == 3 + CROWD - 90 - 1);
	ck_assert_int_ge(find_entity(crowd[0], "Player150"), 3);
	for (int i = 0; i < CROWD; i++)
		if (i < 60 || i >= 150)
			leave(crowd[i]);
}
END_TEST

/* Connections in every state are closed when the lobby goes, with no word. */
START_TEST(the_end)
{
	struct client *alice = join(7, "Alice"), *mute = dial(7);

	lobby_free(lobby);
	lobby = NULL;
	AWAIT(alice, alice->closed);
	AWAIT(mute, mute->closed);
	ck_assert_str_eq(alice->kick, "");
	leave(alice);
	leave(mute);
}
END_TEST

/* While somebody dials and leaves at any moment from several threads, nothing is lost. */
static void *come_and_go(void *arg)
{
	(void)arg;
	for (int i = 0; i < 50; i++) {
		struct client *client = dial(7);

		if (i % 3 != 0)
			identify(client, "Visitor");
		if (i % 3 == 2)
			AWAIT(client, client->level_done);
		leave(client);
	}
	return NULL;
}

START_TEST(dialling_from_many_threads)
{
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, come_and_go, NULL), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	leave(join(7, "Alice"));
}
END_TEST

START_TEST(more_servers_than_portals)
{
	static char json[8192];
	size_t len =
		(size_t)snprintf(json, sizeof json, "{\"verify-names\":false,\"servers\":[");

	for (int i = 0; i < 30; i++)
		len += (size_t)snprintf(json + len, sizeof json - len,
					"%s{\"name\":\"Server-with-a-long-name-%02d\","
					"\"address\":\"127.0.0.1\",\"port\":%d}",
					i == 0 ? "" : ",", i, 20000 + i);
	snprintf(json + len, sizeof json - len, "]}");
	open_lobby(json);
	struct client *client = join(7, "Alice");

	ck_assert_uint_eq(visible(client), WORLD_PORTALS_MAX);
	ck_assert(has_said(client, "18 more"));
	ck_assert(has_said(client, "24 of 30"));
	leave(client);
	teardown();
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *play = tcase_create("play"), *other = tcase_create("other configurations");

	tcase_add_checked_fixture(play, setup, teardown);
	tcase_set_timeout(play, 120);
	tcase_set_timeout(other, 120);
	tcase_add_loop_test(play, a_login_of_each_protocol, 0,
			    sizeof logins / sizeof logins[0]);
	tcase_add_test(play, login_in_pieces);
	tcase_add_test(play, greeting);
	tcase_add_loop_test(play, blocks_stay, 3, 8);
	tcase_add_test(play, players_see_each_other);
	tcase_add_test(play, only_moves_are_sent);
	tcase_add_test(play, chat_reaches_everybody);
	tcase_add_test(play, a_flood_of_chat_is_dammed);
	tcase_add_loop_test(play, a_portal_leads_to_its_server, 0, 5);
	tcase_add_loop_test(play, a_portal_says_what_it_is_told, 0, 2);
	tcase_add_test(play, a_portal_to_a_dead_server_stays_shut);
	tcase_add_test(play, the_welcome_names_the_place_of_the_player);
	tcase_add_test(play, figures_follow_their_servers);
	tcase_add_loop_test(play, garbage_ends_that_connection_only, 0,
			    sizeof garbages / sizeof garbages[0]);
	tcase_add_test(play, a_second_identification_ends_it);
	tcase_add_test(play, a_deaf_client_stalls_nobody);
	tcase_add_test(play, a_crowd);
	tcase_add_test(play, the_end);
	tcase_add_test(play, dialling_from_many_threads);
	tcase_add_test(other, greeting_without_servers);
	tcase_add_test(other, greeting_without_commands);
	tcase_add_test(other, a_late_login_is_refused);
	tcase_add_test(other, more_servers_than_portals);
	suite_add_tcase(suite, play);
	suite_add_tcase(suite, other);
}

int main(void)
{
	Suite *suite = suite_create("lobby");

	add_cases(suite);
	return suite_main(suite);
}
