/* SPDX-License-Identifier: MIT */
/*
 * The CPE negotiation through the real binary: what clients are offered, what they and the
 * servers answer, tidily or not, and ClassiCube with its custom blocks switched off.
 */
#include <string.h>

#include "harness.h"
#include "vectors.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ONE_SERVER   "'servers':[" SERVER("alpha") "]"

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

/* ---- the offer, and what clients make of it ---- */

/* Reads a list of Kurafuto's: its offer, or its reply to a server. */
static void read_list(struct peer *peer)
{
	const uint8_t *info = peer_expect(peer, OP_EXT_INFO);
	unsigned n = packet_get_u16(info + 65);
	struct packet_ext_entry entry;

	packet_get_string(peer->software, info + 1);
	ck_assert_uint_le(n, PEER_EXTS);
	for (peer->n_ext = 0; peer->n_ext < n; peer->n_ext++) {
		packet_read_ext_entry(&entry, peer_expect(peer, OP_EXT_ENTRY));
		memcpy(peer->ext[peer->n_ext].name, entry.name, sizeof(entry.name));
		peer->ext[peer->n_ext].version = entry.version;
	}
}

static bool lists(const struct peer *peer, const char *name)
{
	for (size_t i = 0; i < peer->n_ext; i++)
		if (strcmp(peer->ext[i].name, name) == 0)
			return true;
	return false;
}

/* Connects as a CPE client and reads the offer. */
static struct peer *read_offer(const char *name)
{
	struct peer *client = client_connect(proxy);

	client_identify(client, PACKET_PROTOCOL, true, name, NULL);
	read_list(client);
	return client;
}

/* ExtInfo announces as many entries as there are, and `more`. */
static void send_list(struct peer *peer, const char *software, const struct extension *list,
		      size_t n, int more)
{
	uint8_t out[67 + 69 * PEER_EXTS];
	size_t size = packet_write_ext_info(out, software, (uint16_t)((int)n + more));

	for (size_t i = 0; i < n; i++)
		size += packet_write_ext_entry(out + size, list[i].name, list[i].version);
	peer_send(peer, out, size);
}

/* Whoever plays on a vanilla server and leaves again. */
static void play(struct peer *client)
{
	struct peer *link = backend_accept(&alpha);

	link_welcome(link, "Alpha");
	client_arrive(client, "Alpha");
	exchange(client, link);
	peer_close(client);
	peer_expect_close(link);
	peer_close(link);
}

#define GLOW                                                                     \
	",'packets':[{'id':160,'name':'Glow','size':40,'direction':'to-client'," \
	"'extension':'GlowSticks','version':3}]"

/* clang-format off */
static const struct {
	const char *members;
	const char *without[3];
	const char *last;
	uint32_t last_version;
} offers[] = {
	{"", {NULL}, "AmpersandSupport", 1},
	{",'drop-extensions':['fastmap','AmpersandSupport']", {"FastMap", "AmpersandSupport"}, "ExtendedBlocks", 1},
	{GLOW ",'drop-extensions':['ExtPlayerList']", {"ExtPlayerList"}, "GlowSticks", 3},
};
/* clang-format on */

/* All names of the reference, as it writes them, at the highest version, in its order; less
 * what is dropped, and then what is configured. */
START_TEST(everything_is_offered)
{
	const char *const *without = offers[_i].without;
	struct peer *client;
	size_t n = 0;

	proxy = proxy_start(ONE_SERVER "%s", alpha.port, offers[_i].members);
	client = read_offer("Alice");
	ck_assert(harness_says(client->software, "Kurafuto"));
	for (size_t i = 0; i < COUNT(vector_extensions); i++) {
		const struct vector_extension *wanted = &vector_extensions[i];

		if ((without[0] != NULL && strcmp(without[0], wanted->name) == 0) ||
		    (without[1] != NULL && strcmp(without[1], wanted->name) == 0))
			continue;
		ck_assert_str_eq(client->ext[n].name, wanted->name);
		ck_assert_uint_eq(client->ext[n++].version, wanted->version);
	}
	ck_assert_uint_ge(n, 40);
	ck_assert_uint_eq(client->n_ext, n + (strcmp(offers[_i].last, "GlowSticks") == 0));
	ck_assert_str_eq(client->ext[client->n_ext - 1].name, offers[_i].last);
	ck_assert_uint_eq(client->ext[client->n_ext - 1].version, offers[_i].last_version);
	peer_close(client);
	proxy_stop(proxy);
}
END_TEST

/* What a client and a server of everything have in common. */
START_TEST(clients_answer_as_they_like)
{
	static const struct extension of_client[] = {
		{"hELDbLOCK", 1},  {"HackControl", 200},          {"ClickDistance", 0},
		{"Nonsense", 7},   {"ExtPlayerList", UINT32_MAX}, {"", 1},
		{"TEXTCOLORS", 1}, {"EntityProperty", 1}};
	static const struct extension common[] = {{"HeldBlock", 1},
						  {"ExtPlayerList", 2},
						  {"HackControl", 1},
						  {"TextColors", 1},
						  {"EntityProperty", 1}};
	struct peer *client, *link;

	proxy = proxy_start(ONE_SERVER, alpha.port);
	client = read_offer("Alice");
	send_list(client, "Freely 1.0", of_client, COUNT(of_client), 0);
	link = backend_accept(&alpha);
	link_negotiate(link, NULL, 0);
	ck_assert_str_eq(link->software, "Freely 1.0");
	ck_assert_uint_eq(link->n_ext, COUNT(common));
	for (size_t i = 0; i < COUNT(common); i++) {
		ck_assert_str_eq(link->ext[i].name, common[i].name);
		ck_assert_uint_eq(link->ext[i].version, common[i].version);
	}
	link_welcome(link, "Alpha");
	client_arrive(client, "Alpha");
	exchange(client, link);
	peer_close(client);
	peer_close(link);
	proxy_stop(proxy);
}
END_TEST

/*
 * A client may use what it has read in the offer before its own list is done; afterwards it is
 * read by what it has listed, also while its level of custom blocks is awaited.
 */
START_TEST(positions_during_the_negotiation)
{
	static const struct extension wide[] = {{"ExtEntityPositions", 1},
						{"ExtendedBlocks", 1}};
	uint8_t out[512], position[17] = {OP_POSITION};
	struct peer *client, *link;
	size_t size;

	proxy = proxy_start(ONE_SERVER, alpha.port);
	client = read_offer("Wide");
	peer_send(client, position, 17);
	send_list(client, "Tester 1.0", wide, 1, 1);
	peer_send(client, position, 17);
	peer_send(client, out, packet_write_ext_entry(out, wide[1].name, 1));
	link = backend_accept(&alpha);
	peer_close(client);
	peer_expect_close(link);
	peer_close(link);
	client = read_offer("Narrow");
	size = packet_write_ext_info(out, "Tester 1.0", 1);
	size += packet_write_ext_entry(out + size, "CustomBlocks", 1);
	memcpy(out + size, position, 10);
	size += 10;
	size += packet_write_custom_block_level(out + size, 1);
	peer_send(client, out, size);
	dialect_set(&client->dialect, harness_catalog(), EXT_CUSTOM_BLOCKS, 1);
	peer_expect_bytes(client, "\x13\x01", 2);
	play(client);
	proxy_stop(proxy);
}
END_TEST

/* ---- servers ---- */

START_TEST(servers_get_what_both_sides_have)
{
	static const struct extension of_client[] = {
		{"CustomBlocks", 1}, {"HackControl", 1}, {"HeldBlock", 1}};
	static const struct extension of_server[] = {{"ClickDistance", 1},
						     {"CustomBlocks", 1},
						     {"NobodyKnows", 3},
						     {"HackControl", 2}};
	struct peer *client, *link;
	unsigned seen = 0;

	proxy = proxy_start(ONE_SERVER, alpha.port);
	client = client_connect(proxy);
	client_identify(client, 7, true, "Alice", NULL);
	client_negotiate(client, of_client, 3);
	link = backend_accept(&alpha);
	link_negotiate(link, of_server, 4);
	ck_assert_uint_eq(link->n_ext, 2);
	for (size_t i = 0; i < link->n_ext; i++) {
		seen |= strcmp(link->ext[i].name, "CustomBlocks") == 0 ? 1 : 0;
		seen |= strcmp(link->ext[i].name, "HackControl") == 0 ? 2 : 0;
		ck_assert_uint_eq(link->ext[i].version, 1);
	}
	ck_assert_uint_eq(seen, 3);
	peer_send(link, "\x13\x01", 2);
	peer_expect_bytes(link, "\x13\x01", 2);
	link_welcome(link, "Alpha");
	client_arrive(client, "Alpha");
	exchange(client, link);
	peer_close(client);
	peer_close(link);
	proxy_stop(proxy);
}
END_TEST

/* clang-format off */
static const struct {
	struct extension list[4];
	size_t n;
	int more; /* than there are, ExtInfo announces */
	struct extension common[3];
	size_t n_common;
} server_lists[] = {
	{{{"EnvMapAppearance", 2}, {"EnvMapAppearance", 1}, {"Nonsense", 1}, {"heldBLOCK", 1}}, 4, 0,
	 {{"HeldBlock", 1}, {"EnvMapAppearance", 2}}, 2},
	{{{"ExtendedBlocks", 1}, {"BlockDefinitionsExt", 2}, {"BlockDefinitions", 1}}, 3, 0,
	 {{"BlockDefinitions", 1}, {"BlockDefinitionsExt", 2}}, 2},
	{{{"ExtendedBlocks", 1}, {"HeldBlock", 1}, {"BlockDefinitionsExt", 2}}, 3, 0,
	 {{"HeldBlock", 1}}, 1},
	{{{"ExtendedBlocks", 1}, {"HeldBlock", 1}, {"BlockDefinitions", 1}, {"FastMap", 1}}, 4, -1,
	 {{"HeldBlock", 1}, {"BlockDefinitions", 1}, {"ExtendedBlocks", 1}}, 3},
	{{{"FastMap", 1}, {"HeldBlock", 1}}, 2, 1, {{"HeldBlock", 1}, {"FastMap", 1}}, 2},
};
/* clang-format on */

/* What a server that lists this hears from a client that has everything. */
START_TEST(servers_list_as_they_like)
{
	struct peer *client, *link;

	proxy = proxy_start(ONE_SERVER, alpha.port);
	client = client_login_cpe(proxy, "Alice");
	link = backend_accept(&alpha);
	send_list(link, "Server", server_lists[_i].list, server_lists[_i].n,
		  server_lists[_i].more);
	read_list(link);
	ck_assert_uint_eq(link->n_ext, server_lists[_i].n_common);
	for (size_t i = 0; i < link->n_ext; i++) {
		ck_assert_str_eq(link->ext[i].name, server_lists[_i].common[i].name);
		ck_assert_uint_eq(link->ext[i].version, server_lists[_i].common[i].version);
	}
	peer_close(client);
	peer_close(link);
	proxy_stop(proxy);
}
END_TEST

/* An entry before ExtInfo counts, a second ExtInfo and entries behind the reply do not. */
START_TEST(a_server_list_in_disorder)
{
	static const struct extension common[] = {{"HackControl", 1}, {"ClickDistance", 1}};
	uint8_t out[512];
	struct peer *client, *link;
	size_t size;

	proxy = proxy_start(ONE_SERVER, alpha.port);
	client = client_connect(proxy);
	client_identify(client, 7, true, "Alice", NULL);
	client_negotiate(client, common, 2);
	link = backend_accept(&alpha);
	size = packet_write_ext_entry(out, "ClickDistance", 1);
	size += packet_write_ext_info(out + size, "Untidy", 2);
	size += packet_write_ext_info(out + size, "Untidy", 300);
	size += packet_write_ext_entry(out + size, "Nonsense", 1);
	size += packet_write_ext_entry(out + size, "HackControl", 1);
	peer_send(link, out, size);
	read_list(link);
	ck_assert_uint_eq(link->n_ext, 1);
	ck_assert(lists(link, "ClickDistance"));
	dialect_set(&link->dialect, harness_catalog(), EXT_CLICK_DISTANCE, 1);
	link_welcome(link, "Alpha");
	client_arrive(client, "Alpha");
	exchange(client, link);
	peer_close(client);
	peer_close(link);
	proxy_stop(proxy);
}
END_TEST

/* Before the reply nobody knows which version of a packet is meant: it ends the link, and not
 * the proxy. */
START_TEST(a_packet_of_several_sizes_comes_before_the_reply)
{
	uint8_t out[512], map[69] = {OP_ENV_MAP_APPEARANCE};
	struct peer *client, *link;
	size_t size;

	memset(map + 1, ' ', sizeof(map) - 1);
	proxy = proxy_start(ONE_SERVER, alpha.port);
	client = client_login_cpe(proxy, "Alice");
	link = backend_accept(&alpha);
	size = packet_write_ext_info(out, "Hasty", 2);
	size += packet_write_ext_entry(out + size, "EnvMapAppearance", 1);
	memcpy(out + size, map, sizeof(map));
	peer_send(link, out, size + sizeof(map));
	proxy_wait_log(proxy, "0x1e (EnvSetMapAppearance), which was not negotiated");
	client_arrive(client, NULL);
	peer_close(client);
	peer_close(link);
	proxy_stop(proxy);
}
END_TEST

/* What has one size only may come as soon as it was listed. */
START_TEST(a_packet_of_one_size_comes_before_the_reply)
{
	static const uint8_t color[] = {OP_TEXT_COLOR, 1, 2, 3, 255, 'g'};
	uint8_t out[512];
	struct peer *client, *link;
	size_t size;

	proxy = proxy_start(ONE_SERVER, alpha.port);
	client = client_login_cpe(proxy, "Alice");
	link = backend_accept(&alpha);
	size = packet_write_ext_info(out, "Hasty", 2);
	size += packet_write_ext_entry(out + size, "TextColors", 1);
	memcpy(out + size, color, sizeof(color));
	peer_send(link, out, size + sizeof(color));
	peer_send(link, out, packet_write_ext_entry(out, "HeldBlock", 1));
	read_list(link);
	ck_assert_uint_eq(link->n_ext, 2);
	dialect_set(&link->dialect, harness_catalog(), EXT_TEXT_COLORS, 1);
	dialect_set(&link->dialect, harness_catalog(), EXT_HELD_BLOCK, 1);
	link_welcome(link, "Alpha");
	peer_until(client, OP_TEXT_COLOR);
	client_arrive(client, "Alpha");
	exchange(client, link);
	peer_close(client);
	peer_close(link);
	proxy_stop(proxy);
}
END_TEST

/* Without the last entry the list would never be done; a short silence ends it. */
START_TEST(a_list_may_stop_short_behind_the_identification)
{
	static const struct extension of_server[] = {{"HackControl", 1}, {"ClickDistance", 1}};
	struct peer *client, *link;

	proxy = proxy_start(ONE_SERVER, alpha.port);
	client = client_login_cpe(proxy, "Alice");
	link = backend_accept(&alpha);
	link_identify(link, "Alpha");
	peer_until(client, OP_IDENTIFICATION);
	send_list(link, "Server", of_server, 2, 1);
	read_list(link);
	ck_assert_uint_eq(link->n_ext, 2);
	dialect_set(&link->dialect, harness_catalog(), EXT_HACK_CONTROL, 1);
	dialect_set(&link->dialect, harness_catalog(), EXT_CLICK_DISTANCE, 1);
	peer_send(link, "\x12\x01\x00", 3);
	peer_until(client, OP_CLICK_DISTANCE);
	exchange(client, link);
	peer_close(client);
	peer_close(link);
	proxy_stop(proxy);
}
END_TEST

START_TEST(server_may_identify_before_it_negotiates)
{
	static const struct extension of_server[] = {{"HackControl", 1}, {"ClickDistance", 1}};
	struct peer *client, *link;

	proxy = proxy_start(ONE_SERVER, alpha.port);
	client = client_login_cpe(proxy, "Alice");
	link = backend_accept(&alpha);
	link_identify(link, "Alpha");
	link_negotiate(link, of_server, 2);
	ck_assert_uint_eq(link->n_ext, 2);
	link_level(link);
	link_spawn(link, PACKET_SELF, "Alice", 256, 320, 256);
	client_arrive(client, "Alpha");
	exchange(client, link);
	peer_close(client);
	peer_close(link);
	proxy_stop(proxy);
}
END_TEST

START_TEST(cpe_client_plays_on_a_vanilla_server)
{
	struct peer *client, *link;

	proxy = proxy_start(ONE_SERVER, alpha.port);
	client = client_login_cpe(proxy, "Alice");
	link = backend_accept(&alpha);
	ck_assert_uint_eq(link->id.last, PACKET_CPE_MAGIC);
	link_welcome(link, "Alpha");
	client_arrive(client, "Alpha");
	exchange(client, link);
	peer_close(client);
	peer_close(link);
	proxy_stop(proxy);
}
END_TEST

/* ---- ClassiCube with its custom blocks switched off ---- */

#define CLASSICUBE "ClassiCube 1.3.8"
#define PLEASE     "Switch custom blocks on, or reconnect to play without them"

/* Lists that leave sizes alone, apart from what the last one has that is not on offer. */
static const struct extension switched_off[] = {{"HeldBlock", 1}, {"HackControl", 1}};
static const struct extension switched_on[] = {{"HeldBlock", 1},
					       {"BlockDefinitions", 1},
					       {"BlockDefinitionsExt", 1},
					       {"ExtendedBlocks", 1}};

static void expect_offer(const struct peer *client, bool has_extended_blocks)
{
	ck_assert_int_eq(lists(client, "ExtendedBlocks"), has_extended_blocks);
	ck_assert_uint_eq(client->n_ext,
			  COUNT(vector_extensions) - (has_extended_blocks ? 0 : 1));
}

/* Blocks of one byte are read as such, although the client has listed ExtendedBlocks. */
static void build_and_leave(struct peer *client)
{
	struct peer *link = backend_accept(&alpha);
	uint8_t block[9] = {OP_SET_BLOCK_CLIENT, 0, 1, 0, 2, 0, 3, 1, 4};

	link_welcome(link, "Alpha");
	client_arrive(client, "Alpha");
	peer_send(client, block, sizeof(block));
	peer_expect_bytes(link, block, sizeof(block));
	exchange(client, link);
	peer_close(client);
	peer_expect_close(link);
	peer_close(link);
}

/* Sent away once, served from then on, and offered everything again when it has them on. */
START_TEST(custom_blocks_off_and_on_again)
{
	struct peer *client;

	proxy = proxy_start(ONE_SERVER, alpha.port);
	client = read_offer("Alice");
	expect_offer(client, true);
	send_list(client, CLASSICUBE, switched_off, COUNT(switched_off), 0);
	peer_expect_disconnect(client, PLEASE);
	peer_close(client);
	proxy_wait_log(proxy, "login as Alice from 127.0.0.1:");
	proxy_wait_log(proxy, " refused: " PLEASE);

	client = read_offer("Bob");
	expect_offer(client, true);
	peer_close(client);
	for (int i = 0; i < 2; i++) {
		client = read_offer(i == 0 ? "Alice" : "aLICE");
		expect_offer(client, false);
		send_list(client, CLASSICUBE, switched_off, COUNT(switched_off), 0);
		build_and_leave(client);
	}
	client = read_offer("Alice");
	expect_offer(client, false);
	send_list(client, CLASSICUBE, switched_on, COUNT(switched_on), 0);
	build_and_leave(client);
	client = read_offer("Alice");
	expect_offer(client, true);
	peer_close(client);
	proxy_stop(proxy);
}
END_TEST

/* clang-format off */
static const struct {
	const char *members;
	const char *software;
	struct extension list[2];
} unaffected[] = {
	{"", "Tester 1.0", {{"HeldBlock", 1}, {"HackControl", 1}}},
	{"", "Not ClassiCube", {{"HeldBlock", 1}, {"HackControl", 1}}},
	{"", CLASSICUBE " GBA", {{"HeldBlock", 1}, {"BlockDefinitions", 1}}},
	{"", CLASSICUBE, {{"HeldBlock", 1}, {"blockdefinitionsEXT", 1}}},
	{",'drop-extensions':['ExtendedBlocks']", CLASSICUBE, {{"HeldBlock", 1}, {"HackControl", 1}}},
	{",'drop-extensions':['BlockDefinitions']", CLASSICUBE, {{"HeldBlock", 1}, {"BlockDefinitions", 1}}},
};
/* clang-format on */

/* Other software, a ClassiCube that lacks ExtendedBlocks alone, and one to which it was not
 * offered: they play at once, and are offered the same next time. */
START_TEST(clients_that_just_lack_extended_blocks)
{
	struct peer *client;
	size_t n;

	proxy = proxy_start(ONE_SERVER "%s", alpha.port, unaffected[_i].members);
	client = read_offer("Alice");
	n = client->n_ext;
	send_list(client, unaffected[_i].software, unaffected[_i].list, 2, 0);
	play(client);
	client = read_offer("Alice");
	ck_assert_uint_eq(client->n_ext, n);
	peer_close(client);
	proxy_stop(proxy);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("negotiate");
	TCase *tcase = harness_case(suite, "negotiate");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, everything_is_offered, 0, COUNT(offers));
	tcase_add_test(tcase, clients_answer_as_they_like);
	tcase_add_test(tcase, positions_during_the_negotiation);
	tcase_add_test(tcase, servers_get_what_both_sides_have);
	tcase_add_loop_test(tcase, servers_list_as_they_like, 0, COUNT(server_lists));
	tcase_add_test(tcase, a_server_list_in_disorder);
	tcase_add_test(tcase, server_may_identify_before_it_negotiates);
	tcase_add_test(tcase, a_packet_of_several_sizes_comes_before_the_reply);
	tcase_add_test(tcase, a_packet_of_one_size_comes_before_the_reply);
	tcase_add_test(tcase, a_list_may_stop_short_behind_the_identification);
	tcase_add_test(tcase, cpe_client_plays_on_a_vanilla_server);
	tcase_add_test(tcase, custom_blocks_off_and_on_again);
	tcase_add_loop_test(tcase, clients_that_just_lack_extended_blocks, 0,
			    COUNT(unaffected));
	return harness_run(suite);
}
