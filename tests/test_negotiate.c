/* SPDX-License-Identifier: MIT */
/*
 * The negotiation as lists of entries: what is offered, what a client's and a server's answers
 * put in force, and when a list is done. A case is a row of packets; expected bytes are
 * composed here, without the writers of the packet module.
 */
#include "negotiate.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "entries.h"
#include "samples.h"
#include "suite.h"
#include "vectors.h"

#define CUSTOM "Kura.Compass" /* a custom extension of version 3 */

static void add_custom(unsigned opcode, const char *extension, unsigned version)
{
	char why[200];

	ck_assert_msg(packet_catalog_add(&catalog, opcode, "Custom", 4, PACKET_TO_CLIENT,
					 extension, version, why, sizeof(why)),
		      "%s", why);
}

/* ---- the offer ---- */

/* An offer taken apart. */
struct offer {
	char software[PACKET_STRING_LEN + 1];
	unsigned announced, n;
	struct packet_ext_entry entries[EXT_COUNT];
};

/* Writes an offer into a buffer that ends where its contract says, and reads it back. */
static void write_offer(struct offer *offer, const struct dialect *offered,
			const char *software)
{
	uint8_t *bytes = malloc(NEGOTIATE_LIST_MAX);
	size_t size = negotiate_offer(bytes, &catalog, offered, software);

	ck_assert_uint_le(size, NEGOTIATE_LIST_MAX);
	ck_assert_uint_ge(size, INFO_SIZE);
	ck_assert_uint_eq((size - INFO_SIZE) % ENTRY_SIZE, 0);
	ck_assert_uint_eq(bytes[0], 0x10);
	packet_get_string(offer->software, bytes + 1);
	offer->announced = packet_get_u16(bytes + 65);
	offer->n = (unsigned)((size - INFO_SIZE) / ENTRY_SIZE);
	ck_assert_uint_le(offer->n, EXT_COUNT);
	for (unsigned i = 0; i < offer->n; i++) {
		const uint8_t *entry = bytes + INFO_SIZE + i * ENTRY_SIZE;

		ck_assert_uint_eq(entry[0], 0x11);
		packet_read_ext_entry(&offer->entries[i], entry);
	}
	free(bytes);
	ck_assert_uint_eq(offer->announced, offer->n);
}

/* The whole offer. */
static void make_offer(struct offer *offer, const char *software)
{
	struct dialect offered;

	negotiate_init_offer(&offered, &catalog);
	write_offer(offer, &offered, software);
}

/* The version at which a name is offered, 0 if it is not; it must not be there twice. */
static uint32_t version_of(const struct offer *offer, const char *name)
{
	uint32_t version = 0;

	for (unsigned i = 0; i < offer->n; i++) {
		if (strcmp(offer->entries[i].name, name) != 0)
			continue;
		ck_assert_msg(version == 0, "%s is offered twice", name);
		ck_assert_uint_ge(offer->entries[i].version, 1);
		version = offer->entries[i].version;
	}
	return version;
}

/* Every extension of the reference, in its order, at the highest version: the reference's last
 * one has only version 1, as the entry that ClassiCube sees last should. */
START_TEST(offer_is_the_reference)
{
	struct offer offer;

	make_offer(&offer, "Kurafuto 1.0");
	ck_assert_str_eq(offer.software, "Kurafuto 1.0");
	ck_assert_uint_eq(offer.n, 42);
	ck_assert_uint_eq(COUNT(vector_extensions), 42);
	for (unsigned i = 0; i < offer.n; i++) {
		ck_assert_str_eq(offer.entries[i].name, vector_extensions[i].name);
		ck_assert_uint_eq(offer.entries[i].version, vector_extensions[i].version);
	}
	ck_assert_uint_eq(offer.entries[offer.n - 1].version, 1);
}
END_TEST

/* With all that is on offer in force, every packet has its largest size: nothing is held back.
 */
START_TEST(offer_is_a_dialect_with_everything)
{
	struct dialect offered, all;

	negotiate_init_offer(&offered, &catalog);
	dialect_with(&all, VECTOR_OPTIONS - 1);
	ck_assert_mem_eq(&offered, &all, sizeof(all));
}
END_TEST

START_TEST(offer_may_be_reduced)
{
	struct offer whole, reduced;
	struct dialect offered;

	make_offer(&whole, "Kurafuto");
	negotiate_init_offer(&offered, &catalog);
	dialect_set(&offered, &catalog, EXT_EXTENDED_BLOCKS, 0);
	dialect_set(&offered, &catalog, EXT_CUSTOM_MODELS, 1);
	write_offer(&reduced, &offered, "Kurafuto");
	ck_assert_uint_eq(reduced.n, whole.n - 1);
	ck_assert_uint_eq(version_of(&reduced, "ExtendedBlocks"), 0);
	ck_assert_uint_eq(version_of(&reduced, "CustomModels"), 1);
	for (unsigned i = 0; i < whole.n; i++)
		if (strcmp(whole.entries[i].name, "ExtendedBlocks") != 0)
			ck_assert_uint_ge(version_of(&reduced, whole.entries[i].name), 1);
}
END_TEST

/* Whatever is dropped is not on offer, and nothing else is missing. */
static void assert_dropped(const struct offer *before, const char *name)
{
	char upper[PACKET_STRING_LEN + 1];
	struct offer after;

	for (size_t i = 0; i <= strlen(name); i++)
		upper[i] = name[i] >= 'a' && name[i] <= 'z' ? (char)(name[i] - 32) : name[i];
	ck_assert(packet_catalog_drop(&catalog, upper));
	make_offer(&after, "Kurafuto");
	ck_assert_uint_eq(version_of(&after, name), 0);
	ck_assert_uint_eq(after.n, before->n - 1);
}

START_TEST(offer_without_a_dropped_extension)
{
	struct offer before;

	make_offer(&before, "Kurafuto");
	for (unsigned i = 0; i < EXT_STANDARD_COUNT; i++) {
		setup();
		assert_dropped(&before, packet_extension(&catalog, i)->name);
	}
}
END_TEST

START_TEST(offer_of_nothing)
{
	struct offer offer;

	for (unsigned i = 0; i < EXT_STANDARD_COUNT; i++)
		ck_assert(packet_catalog_drop(&catalog, packet_extension(&catalog, i)->name));
	make_offer(&offer, "Kurafuto");
	ck_assert_uint_eq(offer.n, 0);
}
END_TEST

/* Several packets of one custom extension are one entry; a dropped one is none. */
START_TEST(offer_with_custom_extensions)
{
	struct offer plain, offer;

	make_offer(&plain, "Kurafuto");
	add_custom(200, CUSTOM, 3);
	add_custom(201, CUSTOM, 3);
	add_custom(202, "Other", 1);
	add_custom(203, "Dropped", 1);
	ck_assert(packet_catalog_drop(&catalog, "Dropped"));
	make_offer(&offer, "Kurafuto");
	ck_assert_uint_eq(version_of(&offer, CUSTOM), 3);
	ck_assert_uint_eq(version_of(&offer, "Other"), 1);
	ck_assert_uint_eq(version_of(&offer, "Dropped"), 0);
	ck_assert_uint_eq(offer.n, plain.n + 2);
}
END_TEST

START_TEST(offer_has_room_for_all_that_can_be_configured)
{
	struct offer plain, offer;
	char name[PACKET_STRING_LEN + 1];
	char software[] = "A software's name of eighty characters: sixty-four of them go out, "
			  "as the field has";

	make_offer(&plain, "Kurafuto");
	for (unsigned i = 0; i < PACKET_CUSTOM_EXT_MAX; i++) {
		snprintf(name, sizeof(name), "%063u%c", i, 'x');
		add_custom(100 + i, name, 255);
	}
	make_offer(&offer, software);
	ck_assert_uint_eq(offer.n, plain.n + PACKET_CUSTOM_EXT_MAX);
	ck_assert_uint_eq(version_of(&offer, name), 255);
	ck_assert_uint_eq(strlen(offer.software), PACKET_STRING_LEN);
	ck_assert_int_eq(strncmp(offer.software, software, PACKET_STRING_LEN), 0);
}
END_TEST

/* ---- lists of a peer ---- */

/* clang-format off */
static const struct client_case {
	const char *what;
	struct step steps[STEPS_MAX];
	int done_after;       /* steps; 0 = never */
	const char *name;     /* the extension in question */
	uint8_t expected;     /* its version in force */
} client_cases[] = {
	{"the version on offer",  {{INFO, 1}, {"ExtPlayerList", 2}}, 2, "ExtPlayerList", 2},
	{"a lower version",       {{INFO, 1}, {"ExtPlayerList", 1}}, 2, "ExtPlayerList", 1},
	{"a higher version",      {{INFO, 1}, {"ExtPlayerList", 9}}, 2, "ExtPlayerList", 2},
	{"less than is on offer", {{INFO, 1}, {"EnvMapAppearance", 1}}, 2, "EnvMapAppearance", 1},
	{"more than is on offer", {{INFO, 1}, {"CustomModels", 2}}, 2, "CustomModels", 1},
	{"a low byte of 0",       {{INFO, 1}, {"ExtPlayerList", 0x100}}, 2, "ExtPlayerList", 2},
	{"a low byte of 1",       {{INFO, 1}, {"ExtPlayerList", 0x101}}, 2, "ExtPlayerList", 2},
	{"all bits",              {{INFO, 1}, {"CustomBlocks", UINT32_MAX}}, 2, "CustomBlocks", 1},
	{"version 0",             {{INFO, 1}, {"CustomBlocks", 0}}, 2, "CustomBlocks", 0},
	{"unknown",               {{INFO, 1}, {"ExtPlayerLists", 1}}, 2, "ExtPlayerList", 0},
	{"a prefix of a name",    {{INFO, 1}, {"ExtPlayer", 1}}, 2, "ExtPlayerList", 0},
	{"an empty name",         {{INFO, 1}, {"", 1}}, 2, "ExtPlayerList", 0},
	{"unknown, then known",   {{INFO, 2}, {"Nonsense", 1}, {"HeldBlock", 1}}, 3, "HeldBlock", 1},
	{"resizes",               {{INFO, 1}, {"ExtEntityPositions", 1}}, 2, "ExtEntityPositions", 1},
	{"not on offer",          {{INFO, 1}, {"FastMap", 1}}, 2, "FastMap", 0},
	{"not on offer, higher",  {{INFO, 1}, {"fastmap", 255}}, 2, "FastMap", 0},
	{"two ExtInfo",           {{INFO, 2}, {INFO, 5}, {"HeldBlock", 1}, {"CustomBlocks", 1}}, 4, "HeldBlock", 1},
	{"dropped",               {{INFO, 1}, {"EmoteFix", 1}}, 2, "EmoteFix", 0},
	{"custom",                {{INFO, 1}, {CUSTOM, 3}}, 2, CUSTOM, 3},
	{"custom, lower",         {{INFO, 1}, {CUSTOM, 2}}, 2, CUSTOM, 2},
	{"custom, higher",        {{INFO, 1}, {CUSTOM, 4}}, 2, CUSTOM, 3},
	{"small letters",         {{INFO, 1}, {"extplayerlist", 2}}, 2, "ExtPlayerList", 2},
	{"capital letters",       {{INFO, 1}, {"EXTPLAYERLIST", 2}}, 2, "ExtPlayerList", 2},
	{"custom, other case",    {{INFO, 1}, {"kura.COMPASS", 3}}, 2, CUSTOM, 3},
	{"count 0",               {{INFO, 0}}, 1, "HeldBlock", 0},
	{"entry before ExtInfo",  {{"HeldBlock", 1}, {INFO, 1}}, 2, "HeldBlock", 1},
	{"all before ExtInfo",    {{"HeldBlock", 1}, {"EmoteFix", 1}, {"Nonsense", 1}, {INFO, 3}}, 4, "HeldBlock", 1},
	{"around ExtInfo",        {{"HeldBlock", 1}, {INFO, 2}, {"CustomBlocks", 1}}, 3, "CustomBlocks", 1},
	{"entries, no ExtInfo",   {{"HeldBlock", 1}, {"CustomBlocks", 1}}, 0, "HeldBlock", 1},
	{"one too few",           {{INFO, 3}, {"HeldBlock", 1}, {"CustomBlocks", 1}}, 0, "HeldBlock", 1},
	{"65,535 announced",      {{INFO, 65535}, {"HeldBlock", 1}, {"CustomBlocks", 1}}, 0, "HeldBlock", 1},
	{"one too many",          {{INFO, 1}, {"HeldBlock", 1}, {"CustomBlocks", 1}}, 2, "HeldBlock", 1},
	{"more than announced before it", {{"HeldBlock", 1}, {"CustomBlocks", 1}, {INFO, 1}}, 3, "HeldBlock", 1},
	{"one name twice counts twice",   {{INFO, 2}, {"HeldBlock", 1}, {"HeldBlock", 1}}, 3, "HeldBlock", 1},
};

static const struct server_case {
	const char *what;
	struct step steps[STEPS_MAX];
	int done_after;
	const char *name;
	uint8_t client;       /* the client's version of it */
	uint8_t expected;     /* in force with the server */
} server_cases[] = {
	{"both have it",            {{INFO, 1}, {"HeldBlock", 1}}, 2, "HeldBlock", 1, 1},
	{"the client lacks it",     {{INFO, 1}, {"HeldBlock", 1}}, 2, "HeldBlock", 0, 0},
	{"the server lacks it",     {{INFO, 1}, {"EmoteFix", 1}}, 2, "HeldBlock", 1, 0},
	{"1 then 2, client 1",      {{INFO, 2}, {"EnvMapAppearance", 1}, {"EnvMapAppearance", 2}}, 3, "EnvMapAppearance", 1, 1},
	{"1 then 2, client 2",      {{INFO, 2}, {"EnvMapAppearance", 1}, {"EnvMapAppearance", 2}}, 3, "EnvMapAppearance", 2, 2},
	{"2 then 1, client 1",      {{INFO, 2}, {"EnvMapAppearance", 2}, {"EnvMapAppearance", 1}}, 3, "EnvMapAppearance", 1, 1},
	{"2 then 1, client 2",      {{INFO, 2}, {"EnvMapAppearance", 2}, {"EnvMapAppearance", 1}}, 3, "EnvMapAppearance", 2, 2},
	{"1 then 2, client none",   {{INFO, 2}, {"EnvMapAppearance", 1}, {"EnvMapAppearance", 2}}, 3, "EnvMapAppearance", 0, 0},
	{"player list twice",       {{INFO, 2}, {"ExtPlayerList", 1}, {"ExtPlayerList", 2}}, 3, "ExtPlayerList", 2, 2},
	{"player list, falling",    {{INFO, 2}, {"ExtPlayerList", 2}, {"ExtPlayerList", 1}}, 3, "ExtPlayerList", 2, 2},
	{"player list, client 1",   {{INFO, 2}, {"ExtPlayerList", 1}, {"ExtPlayerList", 2}}, 3, "ExtPlayerList", 1, 1},
	{"twice the same",          {{INFO, 2}, {"ExtPlayerList", 2}, {"ExtPlayerList", 2}}, 3, "ExtPlayerList", 2, 2},
	{"one of two is lacking",   {{INFO, 2}, {"ExtPlayerList", 1}}, 0, "ExtPlayerList", 2, 1},
	{"version 0",               {{INFO, 1}, {"CustomBlocks", 0}}, 2, "CustomBlocks", 1, 1},
	{"version 0 of 2",          {{INFO, 1}, {"ExtPlayerList", 0}}, 2, "ExtPlayerList", 2, 1},
	{"version 0, client none",  {{INFO, 1}, {"CustomBlocks", 0}}, 2, "CustomBlocks", 0, 0},
	{"2 then 0",                {{INFO, 2}, {"ExtPlayerList", 2}, {"ExtPlayerList", 0}}, 3, "ExtPlayerList", 2, 2},
	{"higher than known",       {{INFO, 1}, {"ExtPlayerList", 7}}, 2, "ExtPlayerList", 2, 2},
	{"a low byte of 0",         {{INFO, 1}, {"ExtPlayerList", 0x200}}, 2, "ExtPlayerList", 2, 2},
	{"more than a byte",        {{INFO, 1}, {"ExtPlayerList", 0x03110003}}, 2, "ExtPlayerList", 1, 1},
	{"resizes",                 {{INFO, 1}, {"FastMap", 1}}, 2, "FastMap", 1, 1},
	{"resizes, client none",    {{INFO, 1}, {"FastMap", 1}}, 2, "FastMap", 0, 0},
	{"unknown",                 {{INFO, 1}, {"Nonsense", 1}}, 2, "HeldBlock", 1, 0},
	{"other case",              {{INFO, 1}, {"hELDbLOCK", 1}}, 2, "HeldBlock", 1, 1},
	{"dropped",                 {{INFO, 1}, {"EmoteFix", 1}}, 2, "EmoteFix", 1, 0},
	{"custom",                  {{INFO, 1}, {CUSTOM, 3}}, 2, CUSTOM, 2, 2},
	{"custom, lower",           {{INFO, 1}, {CUSTOM, 1}}, 2, CUSTOM, 3, 1},
	{"count 0",                 {{INFO, 0}}, 1, "HeldBlock", 1, 0},
	{"entry before ExtInfo",    {{"HeldBlock", 1}, {INFO, 1}}, 2, "HeldBlock", 1, 1},
	{"around ExtInfo",          {{"EmoteFix", 1}, {INFO, 2}, {"HeldBlock", 1}}, 3, "HeldBlock", 1, 1},
	{"all before ExtInfo",      {{"EnvMapAppearance", 2}, {"EnvMapAppearance", 1}, {INFO, 2}}, 3, "EnvMapAppearance", 2, 2},
	{"entries, no ExtInfo",     {{"HeldBlock", 1}}, 0, "HeldBlock", 1, 1},
	{"two ExtInfo",             {{INFO, 2}, {"HeldBlock", 1}, {INFO, 9}, {"EmoteFix", 1}}, 4, "HeldBlock", 1, 1},
	{"twice, in other cases",   {{INFO, 2}, {"EXTplayerLIST", 1}, {"extPLAYERlist", 2}}, 3, "ExtPlayerList", 2, 2},
	{"1, then 2 elsewhere",     {{INFO, 3}, {"CustomModels", 1}, {"HeldBlock", 1}, {"customModels", 2}}, 4, "CustomModels", 2, 2},
	{"three times",             {{INFO, 3}, {"ExtPlayerList", 1}, {"ExtPlayerList", 2}, {"ExtPlayerList", 1}}, 4, "ExtPlayerList", 2, 2},
	{"one too many",            {{INFO, 1}, {"EmoteFix", 1}, {"HeldBlock", 1}}, 2, "HeldBlock", 1, 1},
};
/* clang-format on */

/* The catalog of the cases: one custom extension, EmoteFix dropped. */
static void setup_cases(void)
{
	setup();
	add_custom(200, CUSTOM, 3);
	ck_assert(packet_catalog_drop(&catalog, "EmoteFix"));
}

/* The offer of the cases: without FastMap, and CustomModels only in version 1. */
static void make_reduced_offer(struct dialect *offered)
{
	negotiate_init_offer(offered, &catalog);
	dialect_set(offered, &catalog, EXT_FAST_MAP, 0);
	dialect_set(offered, &catalog, EXT_CUSTOM_MODELS, 1);
}

/* A list is done from one step on, and stays so. */
static void assert_done(const struct negotiate *negotiate, const char *what, int step,
			int done_after)
{
	ck_assert_msg(negotiate->is_done == (done_after != 0 && step >= done_after),
		      "%s: is_done is %d after step %d", what, negotiate->is_done, step);
}

/* Nothing but the extension in question may be in force, unless the steps name it, too. */
static void assert_unnamed(const struct dialect *dialect, const struct step *steps,
			   const char *what)
{
	for (unsigned i = 0; i < packet_extension_count(&catalog); i++) {
		bool is_named = false;

		for (int j = 0; j < STEPS_MAX && steps[j].name != NULL; j++)
			if (strcasecmp(steps[j].name, packet_extension(&catalog, i)->name) == 0)
				is_named = true;
		ck_assert_msg(is_named || !dialect_has(dialect, i), "%s: %s is in force", what,
			      packet_extension(&catalog, i)->name);
	}
}

START_TEST(client_list)
{
	const struct client_case *row = &client_cases[_i];
	struct negotiate negotiate = {.is_done = false};
	struct dialect client, offered;
	uint8_t packet[ENTRY_SIZE];

	make_reduced_offer(&offered);
	dialect_init(&client, &catalog, PACKET_PROTOCOL, true);
	for (int i = 0; i < STEPS_MAX && row->steps[i].name != NULL; i++) {
		if (is_info(&row->steps[i])) {
			put_info(packet, "Some Client", row->steps[i].version);
			negotiate_info(&negotiate, packet);
			ck_assert_str_eq(negotiate.software, "Some Client");
		} else {
			put_entry(packet, row->steps[i].name, row->steps[i].version);
			negotiate_client_entry(&negotiate, &client, &offered, &catalog, packet);
		}
		assert_done(&negotiate, row->what, i + 1, row->done_after);
	}
	ck_assert_msg(client.version[number(row->name)] == row->expected,
		      "%s: %s is in force at %u", row->what, row->name,
		      client.version[number(row->name)]);
	assert_unnamed(&client, row->steps, row->what);
}
END_TEST

/* The client of the server cases: it has everything, and of one extension a given version. */
static void make_client(struct dialect *client, const char *name, uint8_t version)
{
	negotiate_init_offer(client, &catalog);
	dialect_set(client, &catalog, number(name), version);
}

START_TEST(server_list)
{
	const struct server_case *row = &server_cases[_i];
	struct negotiate negotiate = {.is_done = false};
	struct dialect client, before, server;
	uint8_t packet[ENTRY_SIZE];

	make_client(&client, row->name, row->client);
	before = client;
	dialect_init(&server, &catalog, PACKET_PROTOCOL, true);
	for (int i = 0; i < STEPS_MAX && row->steps[i].name != NULL; i++) {
		if (is_info(&row->steps[i])) {
			put_info(packet, "Some Server", row->steps[i].version);
			negotiate_info(&negotiate, packet);
			ck_assert_str_eq(negotiate.software, "Some Server");
		} else {
			put_entry(packet, row->steps[i].name, row->steps[i].version);
			negotiate_server_entry(&negotiate, &server, &client, &catalog, packet);
		}
		assert_done(&negotiate, row->what, i + 1, row->done_after);
	}
	ck_assert_msg(server.version[number(row->name)] == row->expected,
		      "%s: %s is in force at %u", row->what, row->name,
		      server.version[number(row->name)]);
	assert_unnamed(&server, row->steps, row->what);
	for (unsigned i = 0; i < EXT_COUNT; i++)
		ck_assert_uint_le(server.version[i], client.version[i]);
	ck_assert_mem_eq(client.version, before.version, sizeof(client.version));
}
END_TEST

/* A number below n, the same in every run. */
static unsigned pick(uint32_t *state, unsigned n)
{
	*state = *state * 1664525 + 1013904223;
	return (*state >> 16) % n;
}

/* Whatever a client may have, and whatever a server lists: the server gets no more than the
 * client. */
START_TEST(server_is_a_subset_of_any_client)
{
	struct negotiate negotiate = {.is_done = false};
	unsigned count = packet_extension_count(&catalog);
	struct dialect client, server;
	uint8_t packet[ENTRY_SIZE];
	uint32_t state = (uint32_t)_i;

	dialect_init(&client, &catalog, PACKET_PROTOCOL, true);
	dialect_init(&server, &catalog, PACKET_PROTOCOL, true);
	for (unsigned i = 0; i < count; i++)
		dialect_set(&client, &catalog, i, (uint8_t)pick(&state, 3));
	put_info(packet, "", 200);
	negotiate_info(&negotiate, packet);
	for (int i = 0; i < 200; i++) {
		unsigned extension = pick(&state, count);

		ck_assert(!negotiate.is_done);
		put_entry(packet, packet_extension(&catalog, extension)->name, pick(&state, 4));
		negotiate_server_entry(&negotiate, &server, &client, &catalog, packet);
		ck_assert_int_eq(dialect_has(&server, extension),
				 dialect_has(&client, extension));
	}
	ck_assert(negotiate.is_done);
	for (unsigned i = 0; i < EXT_COUNT; i++)
		ck_assert_uint_le(server.version[i], client.version[i]);
}
END_TEST

/* An entry decides about its packets at once: servers send them before their list has ended. */
START_TEST(an_entry_is_in_force_at_once)
{
	struct negotiate negotiate = {.is_done = false};
	struct dialect client, server;
	uint8_t packet[ENTRY_SIZE];

	make_client(&client, "TextColors", 1);
	dialect_init(&server, &catalog, PACKET_PROTOCOL, true);
	put_info(packet, "Some Server", 9);
	negotiate_info(&negotiate, packet);
	ck_assert_uint_eq(dialect_size(&server, PACKET_TO_CLIENT, OP_TEXT_COLOR), 0);
	put_entry(packet, "TextColors", 1);
	negotiate_server_entry(&negotiate, &server, &client, &catalog, packet);
	ck_assert_uint_eq(dialect_size(&server, PACKET_TO_CLIENT, OP_TEXT_COLOR), 6);
	ck_assert(!negotiate.is_done);
}
END_TEST

/* A second ExtInfo counts for nothing: any number of them could overflow the count. */
START_TEST(one_info_is_enough)
{
	struct negotiate negotiate = {.is_done = false};
	uint8_t packet[INFO_SIZE];

	put_info(packet, "first", 2);
	negotiate_info(&negotiate, packet);
	put_info(packet, "second", 0xffff);
	negotiate_info(&negotiate, packet);
	ck_assert_str_eq(negotiate.software, "first");
	ck_assert_int_eq(negotiate.remaining, 2);
}
END_TEST

/* The name of a software fills its field, or is padded with NULs. */
START_TEST(software_names)
{
	struct negotiate negotiate = {.is_done = false};
	uint8_t packet[INFO_SIZE];

	ck_assert_str_eq(negotiate.software, "");
	put_info(packet, "0123456789012345678901234567890123456789012345678901234567890123", 1);
	negotiate_info(&negotiate, packet);
	ck_assert_uint_eq(strlen(negotiate.software), PACKET_STRING_LEN);
	put_info(packet, "Classi\xff", 1);
	memset(packet + 1 + 7, 0, PACKET_STRING_LEN - 7);
	negotiate = (struct negotiate){.is_done = false};
	negotiate_info(&negotiate, packet);
	ck_assert_str_eq(negotiate.software, "Classi\xff");
}
END_TEST

/* ---- the reply ---- */

START_TEST(reply_is_what_is_common)
{
	static const struct step steps[] = {
		{CUSTOM, 9},       {"FastMap", 1},          {"extplayerlist", 1},
		{"Nonsense", 3},   {"EnvMapAppearance", 1}, {"EnvMapAppearance", 2},
		{"HeldBlock", 0},  {"EmoteFix", 1},         {"ClickDistance", 1},
		{"EnvColors", 300}};
	uint8_t expected[NEGOTIATE_LIST_MAX], reply[NEGOTIATE_LIST_MAX];
	struct dialect client, server;
	size_t size;

	make_client(&client, "ClickDistance", 0);
	take_list(&server, &client, steps, COUNT(steps));
	size = put_info(expected, "ClassiCube 1.3.7 \x01", 6);
	size += put_entry(expected + size, "HeldBlock", 1);
	size += put_entry(expected + size, "ExtPlayerList", 1);
	size += put_entry(expected + size, "EnvColors", 1);
	size += put_entry(expected + size, "EnvMapAppearance", 2);
	size += put_entry(expected + size, "FastMap", 1);
	size += put_entry(expected + size, CUSTOM, 3);
	ck_assert_uint_eq(negotiate_reply(reply, &catalog, &server, "ClassiCube 1.3.7 \x01"),
			  size);
	ck_assert_mem_eq(reply, expected, size);
}
END_TEST

START_TEST(reply_of_nothing)
{
	static const struct step steps[] = {{"FastMap", 1}, {"Nonsense", 1}};
	uint8_t expected[NEGOTIATE_LIST_MAX], reply[NEGOTIATE_LIST_MAX];
	struct dialect client, server;
	size_t size = put_info(expected, "", 0);

	make_client(&client, "FastMap", 0);
	take_list(&server, &client, steps, COUNT(steps));
	ck_assert_uint_eq(negotiate_reply(reply, &catalog, &server, ""), size);
	ck_assert_mem_eq(reply, expected, size);
}
END_TEST

/* What a client answers to the whole offer, and a server to that: all of it, the same both
 * times. */
START_TEST(a_server_that_has_everything_gets_the_offer)
{
	struct dialect client, server;
	struct step steps[EXT_COUNT];
	uint8_t offer[NEGOTIATE_LIST_MAX], reply[NEGOTIATE_LIST_MAX];
	unsigned n = packet_extension_count(&catalog);
	size_t size;

	make_client(&client, "HeldBlock", 1);
	size = negotiate_offer(offer, &catalog, &client, "Same");
	for (unsigned i = 0; i < n; i++)
		steps[i] = (struct step){packet_extension(&catalog, n - 1 - i)->name, 200};
	take_list(&server, &client, steps, n);
	ck_assert_uint_eq(negotiate_reply(reply, &catalog, &server, "Same"), size);
	ck_assert_mem_eq(reply, offer, size);
}
END_TEST

/* ---- the description ---- */

/* clang-format off */
static const struct {
	size_t size;
	struct step in_force[STEPS_MAX];
	const char *text;
} descriptions[] = {
	{200, {{NULL, 0}},                                                 ""},
	{200, {{"CustomBlocks", 1}},                                       "CustomBlocks 1"},
	{200, {{"EnvMapAspect", 2}, {"ClickDistance", 1}, {CUSTOM, 3}},    "ClickDistance 1, EnvMapAspect 2, " CUSTOM " 3"},
	{200, {{"CustomBlocks", 0}, {"HeldBlock", 1}},                     "HeldBlock 1"},
	{40,  {{"ClickDistance", 1}, {"EnvMapAspect", 2}, {"HeldBlock", 1}}, "ClickDistance 1 and 2 more"},
};
/* clang-format on */

START_TEST(description)
{
	struct dialect dialect;
	char text[200];

	dialect_init(&dialect, &catalog, PACKET_PROTOCOL, true);
	for (const struct step *step = descriptions[_i].in_force; step->name != NULL; step++)
		dialect_set(&dialect, &catalog, number(step->name), (uint8_t)step->version);
	negotiate_describe(text, descriptions[_i].size, &catalog, &dialect);
	ck_assert_str_eq(text, descriptions[_i].text);
}
END_TEST

static TCase *offer_tests(void)
{
	TCase *tcase = tcase_create("offer");

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, offer_is_the_reference);
	tcase_add_test(tcase, offer_is_a_dialect_with_everything);
	tcase_add_test(tcase, offer_may_be_reduced);
	tcase_add_test(tcase, offer_without_a_dropped_extension);
	tcase_add_test(tcase, offer_of_nothing);
	tcase_add_test(tcase, offer_with_custom_extensions);
	tcase_add_test(tcase, offer_has_room_for_all_that_can_be_configured);
	return tcase;
}

static TCase *list_tests(void)
{
	TCase *tcase = tcase_create("lists");

	tcase_add_checked_fixture(tcase, setup_cases, NULL);
	tcase_add_loop_test(tcase, client_list, 0, COUNT(client_cases));
	tcase_add_loop_test(tcase, server_list, 0, COUNT(server_cases));
	tcase_add_loop_test(tcase, server_is_a_subset_of_any_client, 0, 20);
	tcase_add_test(tcase, an_entry_is_in_force_at_once);
	tcase_add_test(tcase, software_names);
	tcase_add_test(tcase, one_info_is_enough);
	tcase_add_test(tcase, reply_is_what_is_common);
	tcase_add_test(tcase, reply_of_nothing);
	tcase_add_test(tcase, a_server_that_has_everything_gets_the_offer);
	tcase_add_loop_test(tcase, description, 0, COUNT(descriptions));
	return tcase;
}

int main(void)
{
	Suite *suite = suite_create("negotiate");

	suite_add_tcase(suite, offer_tests());
	suite_add_tcase(suite, list_tests());
	return suite_main(suite);
}
