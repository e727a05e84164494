/* SPDX-License-Identifier: MIT */
/*
 * The negotiation with peers whose lists have something wrong: extensions without those that
 * they need, a count that is too high, and ClassiCube with its custom blocks switched off.
 */
#include "negotiate.h"

#include <check.h>
#include <string.h>

#include "entries.h"
#include "samples.h"
#include "suite.h"
#include "vectors.h"

/* ---- what needs what ---- */

/* clang-format off */
static const struct {
	const char *what;
	struct step server[STEPS_MAX]; /* what it lists, at version 200 */
	const char *client_lacks;      /* NULL: nothing */
	struct step reply[STEPS_MAX];  /* in the order of the catalog */
} prunings[] = {
	{"all there",
		{{"ExtendedBlocks", 200}, {"BlockDefinitionsExt", 200}, {"BlockDefinitions", 200}, {"HeldBlock", 200}}, NULL,
		{{"HeldBlock", 1}, {"BlockDefinitions", 1}, {"BlockDefinitionsExt", 2}, {"ExtendedBlocks", 1}}},
	{"no held block",
		{{"ExtendedBlocks", 200}, {"BlockDefinitions", 200}, {"BlockDefinitionsExt", 200}}, NULL,
		{{"BlockDefinitions", 1}, {"BlockDefinitionsExt", 2}}},
	{"no held block in the client",
		{{"ExtendedBlocks", 200}, {"BlockDefinitions", 200}, {"HeldBlock", 200}}, "HeldBlock",
		{{"BlockDefinitions", 1}}},
	{"no definitions",
		{{"ExtendedBlocks", 200}, {"HeldBlock", 200}, {"BlockDefinitionsExt", 200}}, NULL,
		{{"HeldBlock", 1}}},
	{"no definitions in the client",
		{{"HeldBlock", 200}, {"BlockDefinitions", 200}, {"BlockDefinitionsExt", 200}, {"ExtendedBlocks", 200}}, "BlockDefinitions",
		{{"HeldBlock", 1}}},
	{"extended blocks alone", {{"ExtendedBlocks", 200}}, NULL, {{NULL, 0}}},
	{"other block sizes need no more",
		{{"ExtendedTextures", 200}, {"InventoryOrder", 200}, {"CustomModels", 200}, {"EntityProperty", 200}}, NULL,
		{{"EntityProperty", 2}, {"InventoryOrder", 1}, {"CustomModels", 2}, {"ExtendedTextures", 1}}},
};
/* clang-format on */

/* The reply, and the sizes by which the server is read from then on. */
START_TEST(reply_leaves_out_what_lacks_what_it_needs)
{
	uint8_t expected[NEGOTIATE_LIST_MAX], reply[NEGOTIATE_LIST_MAX];
	const struct step *wanted = prunings[_i].reply;
	struct dialect client, server, pruned;
	size_t n = count_steps(wanted), size;

	negotiate_init_offer(&client, &catalog);
	if (prunings[_i].client_lacks != NULL)
		dialect_set(&client, &catalog, number(prunings[_i].client_lacks), 0);
	take_list(&server, &client, prunings[_i].server, count_steps(prunings[_i].server));
	dialect_init(&pruned, &catalog, PACKET_PROTOCOL, true);
	size = put_info(expected, "Us", (unsigned)n);
	for (size_t i = 0; i < n; i++) {
		size += put_entry(expected + size, wanted[i].name, wanted[i].version);
		dialect_set(&pruned, &catalog, number(wanted[i].name),
			    (uint8_t)wanted[i].version);
	}
	ck_assert_msg(negotiate_reply(reply, &catalog, &server, "Us") == size, "%s: the size",
		      prunings[_i].what);
	ck_assert_msg(memcmp(reply, expected, size) == 0, "%s", prunings[_i].what);
	ck_assert_mem_eq(&server, &pruned, sizeof(server));
}
END_TEST

/* A client is read by what it has listed: ExtendedBlocks stays, whatever is missing. */
START_TEST(client_without_what_it_needs)
{
	struct dialect client, before;

	negotiate_init_offer(&client, &catalog);
	before = client;
	negotiate_prune_client(&client, &catalog);
	ck_assert_mem_eq(&client, &before, sizeof(client));
	dialect_set(&client, &catalog, EXT_HELD_BLOCK, 0);
	dialect_set(&client, &catalog, EXT_BLOCK_DEFINITIONS, 0);
	before = client;
	dialect_set(&before, &catalog, EXT_BLOCK_DEFINITIONS_EXT, 0);
	negotiate_prune_client(&client, &catalog);
	ck_assert_mem_eq(&client, &before, sizeof(client));
	ck_assert_uint_eq(dialect_size(&client, PACKET_TO_SERVER, OP_SET_BLOCK_CLIENT), 10);
}
END_TEST

/* ---- lists that do not end ---- */

/* clang-format off */
static const struct {
	const char *what;
	struct step steps[STEPS_MAX];
	bool is_stuck;
} silences[] = {
	{"nothing said",       {{NULL, 0}}, false},
	{"done",               {{INFO, 1}, {"HeldBlock", 1}}, false},
	{"an empty list",      {{INFO, 0}}, false},
	{"done, then more",    {{INFO, 1}, {"HeldBlock", 1}, {"TextColors", 1}}, false},
	{"done, backwards",    {{"HeldBlock", 1}, {INFO, 1}}, false},
	{"ExtInfo alone",      {{INFO, 1}}, true},
	{"an entry alone",     {{"HeldBlock", 1}}, true},
	{"only unknown ones",  {{"Nonsense", 1}, {"More", 1}}, true},
	{"one too few",        {{INFO, 3}, {"HeldBlock", 1}, {"TextColors", 1}}, true},
	{"many too few",       {{INFO, 65535}, {"HeldBlock", 1}}, true},
	{"half of it before",  {{"HeldBlock", 1}, {INFO, 2}}, true},
};
/* clang-format on */

START_TEST(stuck_lists)
{
	struct negotiate negotiate = {.is_done = false};
	uint8_t packet[ENTRY_SIZE];
	struct dialect client, server;

	negotiate_init_offer(&client, &catalog);
	dialect_init(&server, &catalog, PACKET_PROTOCOL, true);
	for (size_t i = 0; i < count_steps(silences[_i].steps); i++) {
		const struct step *step = &silences[_i].steps[i];

		if (is_info(step)) {
			put_info(packet, "Some Server", step->version);
			negotiate_info(&negotiate, packet);
			continue;
		}
		put_entry(packet, step->name, step->version);
		negotiate_server_entry(&negotiate, &server, &client, &catalog, packet);
	}
	ck_assert_msg(negotiate_is_stuck(&negotiate) == silences[_i].is_stuck, "%s",
		      silences[_i].what);
}
END_TEST

/* What was announced but never came is not waited for; what came is in force. */
START_TEST(given_up_lists)
{
	uint8_t packet[ENTRY_SIZE], expected[NEGOTIATE_LIST_MAX], reply[NEGOTIATE_LIST_MAX];
	struct negotiate negotiate = {.is_done = false};
	struct dialect client, server;
	size_t size;

	negotiate_init_offer(&client, &catalog);
	dialect_init(&server, &catalog, PACKET_PROTOCOL, true);
	put_info(packet, "Some Server", 2);
	negotiate_info(&negotiate, packet);
	put_entry(packet, "HeldBlock", 1);
	negotiate_server_entry(&negotiate, &server, &client, &catalog, packet);
	negotiate_give_up(&negotiate);
	ck_assert(negotiate.is_done);
	ck_assert(!negotiate_is_stuck(&negotiate));
	size = put_info(expected, "Us", 1);
	size += put_entry(expected + size, "HeldBlock", 1);
	ck_assert_uint_eq(negotiate_reply(reply, &catalog, &server, "Us"), size);
	ck_assert_mem_eq(reply, expected, size);
	put_info(packet, "Some Server", 9);
	negotiate_info(&negotiate, packet);
	ck_assert(negotiate.is_done);
	ck_assert(!negotiate_is_stuck(&negotiate));
}
END_TEST

/* ---- custom blocks switched off ---- */

/* clang-format off */
static const struct {
	const char *software;
	struct step lacks[STEPS_MAX];
	bool is_without;
} blocks[] = {
	{"ClassiCube 1.3.7",        {{"BlockDefinitions", 0}, {"BlockDefinitionsExt", 0}, {"ExtendedBlocks", 0}}, true},
	{"ClassiCube 1.3.7 web",    {{"BlockDefinitions", 0}, {"BlockDefinitionsExt", 0}, {"ExtendedBlocks", 0}}, true},
	{"ClassiCube",              {{"BlockDefinitions", 0}, {"BlockDefinitionsExt", 0}, {"ExtendedBlocks", 0}}, true},
	{"ClassiCube 1.3.7",        {{NULL, 0}}, false},
	{"ClassiCube 1.3.7 GBA",    {{"ExtendedBlocks", 0}, {"ExtendedTextures", 0}}, false},
	{"ClassiCube 1.3.7",        {{"BlockDefinitions", 0}, {"BlockDefinitionsExt", 0}}, false},
	{"ClassiCube 1.3.7",        {{"BlockDefinitionsExt", 0}, {"ExtendedBlocks", 0}}, false},
	{"ClassiCube 1.3.7",        {{"BlockDefinitions", 0}, {"ExtendedBlocks", 0}}, false},
	{"ClassiCub",               {{"BlockDefinitions", 0}, {"BlockDefinitionsExt", 0}, {"ExtendedBlocks", 0}}, false},
	{"My ClassiCube",           {{"BlockDefinitions", 0}, {"BlockDefinitionsExt", 0}, {"ExtendedBlocks", 0}}, false},
	{"",                        {{"BlockDefinitions", 0}, {"BlockDefinitionsExt", 0}, {"ExtendedBlocks", 0}}, false},
};
/* clang-format on */

/* Does a client list all that it knows but this one. */
static bool is_lacking(const struct step *lacks, const char *name)
{
	for (size_t i = 0; i < count_steps(lacks); i++)
		if (strcmp(lacks[i].name, name) == 0)
			return true;
	return false;
}

/* What counts are the names in the list, not what is in force: here nothing is, since nothing
 * was on offer. */
START_TEST(custom_blocks_switched_off)
{
	struct negotiate negotiate = {.is_done = false};
	struct dialect offered, client;
	uint8_t packet[ENTRY_SIZE];

	dialect_init(&offered, &catalog, PACKET_PROTOCOL, true);
	dialect_init(&client, &catalog, PACKET_PROTOCOL, true);
	put_info(packet, blocks[_i].software, 38);
	negotiate_info(&negotiate, packet);
	for (unsigned i = 0; i < COUNT(vector_extensions); i++) {
		put_entry(packet, vector_extensions[i].name, vector_extensions[i].version);
		if (!is_lacking(blocks[_i].lacks, vector_extensions[i].name))
			negotiate_client_entry(&negotiate, &client, &offered, &catalog, packet);
	}
	ck_assert_int_eq(negotiate_is_without_blocks(&negotiate), blocks[_i].is_without);
	for (unsigned i = 0; i < EXT_COUNT; i++)
		ck_assert_uint_eq(client.version[i], 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("negotiate trouble");
	TCase *tcase = tcase_create("trouble");

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_loop_test(tcase, reply_leaves_out_what_lacks_what_it_needs, 0,
			    COUNT(prunings));
	tcase_add_test(tcase, client_without_what_it_needs);
	tcase_add_loop_test(tcase, stuck_lists, 0, COUNT(silences));
	tcase_add_test(tcase, given_up_lists);
	tcase_add_loop_test(tcase, custom_blocks_switched_off, 0, COUNT(blocks));
	return suite_main(suite);
}
