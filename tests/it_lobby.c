/* SPDX-License-Identifier: MIT */
/*
 * The embedded lobby as players meet it: a level that unpacks, a spawn, words of welcome, other
 * players, and portals that follow what the servers do.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "fields.h"
#include "harness.h"
#include "steward.h"

#define ONE_SERVER "'servers':[" SERVER("alpha") "],'health':{'interval-ms':100}"

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

/* Reads a whole level; true if its gzip stream unpacks to the volume and that many blocks. */
static bool level_is_sound(struct peer *client)
{
	static uint8_t level[1 << 22];
	z_stream z = {.next_out = level, .avail_out = sizeof(level)};
	bool is_fast = dialect_has(&client->dialect, EXT_FAST_MAP);
	const uint8_t *packet;
	uint32_t volume, told = 0;
	size_t size, prefix = is_fast ? 0 : 4;

	packet = peer_until(client, OP_LEVEL_INITIALIZE);
	if (is_fast)
		told = packet_get_u32(packet + 1);
	ck_assert_int_eq(inflateInit2(&z, is_fast ? -15 : 15 + 16), Z_OK);
	while ((packet = peer_next(client)) != NULL && packet[0] == OP_LEVEL_DATA_CHUNK) {
		uint8_t chunk[1024];

		memcpy(chunk, packet + 3, sizeof(chunk));
		z.next_in = chunk;
		z.avail_in = packet_get_u16(packet + 1);
		inflate(&z, Z_NO_FLUSH);
	}
	size = sizeof(level) - z.avail_out;
	inflateEnd(&z);
	ck_assert(packet != NULL && packet[0] == OP_LEVEL_FINALIZE && size > 4);
	volume = (uint32_t)packet_get_u16(packet + 1) * packet_get_u16(packet + 3) *
		 packet_get_u16(packet + 5);
	if (!is_fast)
		told = packet_get_u32(level);
	return told == volume && size == volume + prefix;
}

/* Reads until a spawn of somebody else whose name contains a text. */
static struct packet_position someone(struct peer *client, const char *name, uint8_t *id)
{
	char text[PACKET_STRING_LEN + 1];
	const uint8_t *packet;

	do {
		packet = peer_until(client, OP_SPAWN_PLAYER);
		packet_get_string(text, packet + 2);
	} while (packet[1] == PACKET_SELF || strstr(text, name) == NULL);
	*id = packet[1];
	return field_position(&client->dialect, packet);
}

START_TEST(players_of_all_versions_stand_in_the_lobby)
{
	struct peer *client;

	proxy = proxy_start("%s", "'name':'Our place','motd':'Come in'");
	client = client_connect(proxy);
	client_identify(client, (uint8_t)_i, false, "Alice", NULL);
	ck_assert(level_is_sound(client));
	ck_assert_str_eq(client->server, "Our place");
	ck_assert_uint_eq(peer_until(client, OP_SPAWN_PLAYER)[1], PACKET_SELF);
	peer_wait_text(client, "Our place");
	peer_close(client);
	proxy_stop(proxy);
}
END_TEST

START_TEST(cpe_players_stand_in_the_lobby)
{
	struct peer *client;

	proxy = proxy_start(ONE_SERVER, alpha.port);
	backend_refuse(&alpha);
	client = client_login_cpe(proxy, "Alice");
	ck_assert(level_is_sound(client));
	ck_assert_uint_eq(peer_until(client, OP_SPAWN_PLAYER)[1], PACKET_SELF);
	peer_wait_text(client, "lobby");
	peer_wait_text(client, ":kura");
	peer_wait_text(client, "jump");
	peer_wait_text(client, "list");
	peer_close(client);
	proxy_stop(proxy);
}
END_TEST

START_TEST(players_see_each_other_and_talk)
{
	struct peer *alice, *bob;
	struct packet_position at;
	const uint8_t *packet;
	uint8_t id;

	proxy = proxy_start("%s", "");
	alice = client_login(proxy, "Alice");
	client_arrive(alice, NULL);
	bob = client_login(proxy, "Bob");
	client_arrive(bob, NULL);
	someone(bob, "Alice", &id);
	at = someone(alice, "Bob", &id);
	ck_assert_int_lt(id, 128);
	peer_chat(bob, "good morning");
	peer_wait_text(alice, "good morning");
	ck_assert(harness_says(alice->text, "Bob"));
	client_move(bob, (int16_t)(at.x + 64), (int16_t)at.y, (int16_t)at.z);
	do {
		packet = peer_next(alice);
		ck_assert_ptr_nonnull(packet);
	} while (packet[0] < OP_POSITION || packet[0] > OP_ROTATE || packet[1] != id);
	peer_close(bob);
	do
		packet = peer_until(alice, OP_DESPAWN);
	while (packet[1] != id);
	peer_close(alice);
	proxy_stop(proxy);
}
END_TEST

START_TEST(blocks_cannot_be_changed)
{
	static const uint8_t dig[9] = {OP_SET_BLOCK_CLIENT, 0, 32, 0, 0, 0, 32, 0, 1};
	struct peer *alice, *bob;
	const uint8_t *packet;

	proxy = proxy_start("%s", "");
	alice = client_login(proxy, "Alice");
	client_arrive(alice, NULL);
	bob = client_login(proxy, "Bob");
	client_arrive(bob, NULL);
	peer_send(alice, dig, sizeof(dig));
	packet = peer_until(alice, OP_SET_BLOCK);
	ck_assert_int_eq(memcmp(packet + 1, dig + 1, 6), 0);
	ck_assert_uint_ne(packet[7], 0);
	peer_chat(alice, "I tried");
	while (strstr(bob->text, "I tried") == NULL) {
		packet = peer_next(bob);
		ck_assert_ptr_nonnull(packet);
		ck_assert_uint_ne(packet[0], OP_SET_BLOCK);
	}
	peer_close(alice);
	peer_close(bob);
	proxy_stop(proxy);
}
END_TEST

START_TEST(portals_lead_to_servers)
{
	struct peer *alice, *link;
	struct packet_position at;
	uint8_t id;

	proxy = proxy_start(ONE_SERVER ",'hubs':[]", alpha.port);
	alice = join(proxy, &alpha, "Alice", "Alpha", &link);
	peer_chat(alice, ":kura lobby");
	peer_expect_close(link);
	peer_close(link);
	peer_until(alice, OP_LEVEL_FINALIZE);
	at = someone(alice, "alpha", &id);
	/* A round trip, so that her position counts: what belongs to the old world does not. */
	peer_chat(alice, "off I go");
	peer_wait_text(alice, "off I go");
	client_move(alice, (int16_t)at.x, (int16_t)at.y, (int16_t)at.z);
	link = backend_accept(&alpha);
	link_welcome(link, "Alpha");
	client_arrive(alice, "Alpha");
	exchange(alice, link);
	peer_close(alice);
	peer_close(link);
	proxy_stop(proxy);
}
END_TEST

START_TEST(portal_of_a_server_that_is_down_says_so)
{
	struct peer *alice;
	struct packet_position at;
	uint8_t id;

	backend_refuse(&alpha);
	proxy = proxy_start(ONE_SERVER, alpha.port);
	proxy_wait_log(proxy, "down");
	alice = client_login(proxy, "Alice");
	client_arrive(alice, NULL);
	at = someone(alice, "&calpha", &id);
	client_move(alice, (int16_t)at.x, (int16_t)at.y, (int16_t)at.z);
	peer_wait_text(alice, "alpha is down");
	peer_close(alice);
	proxy_stop(proxy);
}
END_TEST

/* Why a portal stays shut: because of what the configuration says of alpha, of a command, or of
 * Bob, who stands there. */
static const struct {
	const char *about, *command, *done, *said;
} shut[] = {
	{",'restricted':[]", "version", "Kurafuto", "You may not go to alpha."},
	{"", "drain alpha", "takes no new players", "alpha takes nobody new at the moment."},
	{"", "maintenance alpha on", "is closed", "alpha is closed for maintenance"},
	{",'max-players':1", "version", "Kurafuto", "alpha is full, you stay"},
};

/* What the command jump would say, as often as they try. */
START_TEST(a_portal_that_does_not_open_says_why)
{
	bool is_full = strstr(shut[_i].about, "max-players") != NULL;
	struct peer *alice, *bob = NULL, *link = NULL;
	struct packet_position at;
	uint8_t id;

	steward_edits("'servers':[{'name':'alpha','address':'127.0.0.1','port':%u%s}],"
		      "'health':{'interval-ms':3600000}",
		      alpha.port, shut[_i].about);
	proxy = steward_starts();
	steward_asks(shut[_i].command, shut[_i].done);
	if (is_full)
		bob = join(proxy, &alpha, "Bob", "Alpha", &link);
	alice = client_login(proxy, "Alice");
	client_arrive(alice, NULL);
	at = someone(alice, "alpha", &id);
	peer_wait_text(alice, ":kura list");
	for (int i = 0; i < 2; i++) {
		peer_forget(alice);
		client_move(alice, (int16_t)at.x, (int16_t)at.y, (int16_t)at.z);
		peer_wait_text(alice, shut[_i].said);
		if (is_full)
			peer_wait_text(alice, "in line for it: :kura queue alpha");
		client_move(alice, (int16_t)at.x, (int16_t)(at.y + 320), (int16_t)at.z);
	}
	peer_close(alice);
	peer_close(bob);
	peer_close(link);
	steward_stops();
}
END_TEST

/* Up, down: the figure's colour changes while the player stands there. */
START_TEST(figures_follow_their_servers)
{
	struct peer *alice, *link;
	uint8_t id;

	proxy = proxy_start(ONE_SERVER, alpha.port);
	alice = join(proxy, &alpha, "Alice", "Alpha", &link);
	peer_chat(alice, ":kura lobby");
	peer_until(alice, OP_LEVEL_FINALIZE);
	someone(alice, "&aalpha", &id);
	backend_close(&alpha);
	someone(alice, "&calpha", &id);
	peer_close(alice);
	peer_close(link);
	proxy_stop(proxy);
}
END_TEST

START_TEST(no_server_linked_is_said)
{
	struct peer *alice;

	proxy = proxy_start("%s", "");
	alice = client_login(proxy, "Alice");
	client_arrive(alice, NULL);
	peer_wait_text(alice, "server");
	peer_wait_text(alice, "kurafuto.json");
	peer_close(alice);
	proxy_stop(proxy);
}
END_TEST

START_TEST(nobody_floods_the_lobby)
{
	struct peer *alice, *bob;
	uint8_t out[PACKET_SIZE_MAX];
	size_t size = packet_write_message(out, 255, "spam");

	proxy = proxy_start("%s", "");
	alice = client_login(proxy, "Alice");
	client_arrive(alice, NULL);
	bob = client_login(proxy, "Bob");
	client_arrive(bob, NULL);
	for (unsigned i = 0; i < 300; i++)
		peer_send(alice, out, size);
	peer_chat(bob, "still here");
	peer_wait_text(bob, "still here");
	peer_close(alice);
	peer_close(bob);
	proxy_stop(proxy);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lobby");
	TCase *tcase = harness_case(suite, "lobby");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, players_of_all_versions_stand_in_the_lobby, 3, 8);
	tcase_add_test(tcase, cpe_players_stand_in_the_lobby);
	tcase_add_test(tcase, players_see_each_other_and_talk);
	tcase_add_test(tcase, blocks_cannot_be_changed);
	tcase_add_test(tcase, portals_lead_to_servers);
	tcase_add_test(tcase, portal_of_a_server_that_is_down_says_so);
	tcase_add_loop_test(tcase, a_portal_that_does_not_open_says_why, 0,
			    sizeof(shut) / sizeof(shut[0]));
	tcase_add_test(tcase, figures_follow_their_servers);
	tcase_add_test(tcase, no_server_linked_is_said);
	tcase_add_test(tcase, nobody_floods_the_lobby);
	return harness_run(suite);
}
