/* SPDX-License-Identifier: MIT */
/*
 * Tests of packet.c: every opcode under every combination of the options that change sizes, the
 * catalog of custom packets, texts, and the edges of readers and writers (test_layout.c has
 * their round trips).
 *
 * The one idea: what packet.c computes must agree with vectors.h, which was written apart from
 * it.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "../packet.h"
#include "fields.h"
#include "samples.h"
#include "suite.h"
#include "vectors.h"

static char why[256];

static void check_size(const struct vector *vector)
{
	struct sample s;

	load(&s, vector);
	ck_assert_msg(s.size == s.vector->size, "%s: %zu bytes of data", s.vector->name,
		      s.size);
	size_t size = dialect_size(&s.dialect, s.direction, s.vector->opcode);
	ck_assert_msg(size == s.size, "%s: %zu by its dialect, not %zu", s.vector->name, size,
		      s.size);
}

START_TEST(vectors_have_their_size)
{
	for (size_t i = 0; i < COUNT(vectors); i++)
		check_size(&vectors[i]);
}
END_TEST

START_TEST(short_identification_has_no_last_byte)
{
	struct packet_identification in;
	uint8_t p[131] = {OP_IDENTIFICATION, 5};

	p[130] = PACKET_CPE_MAGIC;
	packet_read_identification(&in, p, 130);
	ck_assert_uint_eq(in.last, 0);
	packet_read_identification(&in, p, 131);
	ck_assert_uint_eq(in.last, PACKET_CPE_MAGIC);
}
END_TEST

START_TEST(writers_saturate_coordinates)
{
	static const struct packet_position at = {64000, -40000, -96, 1, 2};
	uint8_t out[PACKET_SIZE_MAX];
	struct packet_position in;
	struct dialect d;

	dialect_with(&d, 0);
	ck_assert_uint_eq(packet_write_teleport(out, &d, 3, &at), 10);
	ck_assert_mem_eq(out, "\x08\x03\x7f\xff\x80\x00\xff\xa0\x01\x02", 10);
	ck_assert_uint_eq(packet_write_spawn(out, &d, 3, "x", &at), 74);
	ck_assert_mem_eq(out + 66, "\x7f\xff\x80\x00\xff\xa0\x01\x02", 8);
	dialect_with(&d, VECTOR_EP);
	ck_assert_uint_eq(packet_write_teleport(out, &d, 3, &at), 16);
	in = field_position(&d, out);
	ck_assert_int_eq(in.x, 64000);
	ck_assert_int_eq(in.y, -40000);
	ck_assert_int_eq(in.z, -96);
}
END_TEST

START_TEST(chunks_are_padded_and_bounded)
{
	uint8_t data[1100];
	uint8_t out[PACKET_SIZE_MAX];

	memset(data, 7, sizeof(data));
	memset(out, 0xaa, sizeof(out));
	ck_assert_uint_eq(packet_write_level_chunk(out, data, 0, 100), 1028);
	ck_assert_uint_eq(packet_get_u16(out + 1), 0);
	for (size_t i = 3; i < 1027; i++)
		ck_assert_uint_eq(out[i], 0);
	ck_assert_uint_eq(packet_write_level_chunk(out, data, sizeof(data), 9), 1028);
	ck_assert_uint_eq(packet_get_u16(out + 1), 1024);
	ck_assert_uint_eq(out[1026], 7);
	ck_assert_uint_eq(out[1027], 9);
	ck_assert_uint_eq(out[1028], 0xaa);
}
END_TEST

START_TEST(integers_are_big_endian)
{
	uint8_t p[5] = {0};

	packet_put_u16(p + 1, 0xfe01);
	ck_assert_mem_eq(p, "\x00\xfe\x01\x00\x00", 5);
	ck_assert_uint_eq(packet_get_u16(p + 1), 0xfe01);
	packet_put_u32(p + 1, 0xfedcba98);
	ck_assert_mem_eq(p, "\x00\xfe\xdc\xba\x98", 5);
	ck_assert_uint_eq(packet_get_u32(p + 1), 0xfedcba98);
}
END_TEST

/* clang-format off */
static const struct {
	const char *field; /* tokens as in vectors.h */
	const char *text;
} strings[] = {
	{"20*64", ""},
	{"00*64", ""},
	{"6162 20*62", "ab"},
	{"6162 00*62", "ab"},
	{"6162 20 00 20 00 20*58", "ab"},
	{"20 6162 20*61", " ab"},
	{"61 00 62 20*61", "a b"},
	{"00 62 20*62", " b"},
	{"e1 ff 01 20*61", "\xe1\xff\x01"},
	{"78*63 20", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"},
	{"78*64", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"},
};
/* clang-format on */

START_TEST(strings_are_read)
{
	uint8_t field[PACKET_STRING_LEN + 1];
	char out[PACKET_STRING_LEN + 1];

	ck_assert_uint_eq(expand(field, sizeof(field), strings[_i].field), PACKET_STRING_LEN);
	memset(out, 'z', sizeof(out));
	ck_assert_uint_eq(packet_get_string(out, field), strlen(strings[_i].text));
	ck_assert_str_eq(out, strings[_i].text);
}
END_TEST

START_TEST(strings_are_written)
{
	uint8_t field[PACKET_STRING_LEN + 1];
	char in[PACKET_STRING_LEN * 2];
	char out[PACKET_STRING_LEN + 1];

	memset(in, 'q', sizeof(in) - 1);
	in[sizeof(in) - 1] = '\0';
	field[PACKET_STRING_LEN] = 0xaa;
	packet_put_string(field, in);
	ck_assert_uint_eq(packet_get_string(out, field), PACKET_STRING_LEN);
	ck_assert_uint_eq(field[PACKET_STRING_LEN], 0xaa);
	packet_put_string(field, "hi");
	ck_assert_mem_eq(field, "hi   ", 5);
	ck_assert_uint_eq(field[63], ' ');
	packet_put_string(field, "");
	ck_assert_uint_eq(packet_get_string(out, field), 0);
	ck_assert_uint_eq(field[PACKET_STRING_LEN], 0xaa);
}
END_TEST

/* ---- sizes ---- */

static const struct vector_sizes *find_sizes(enum packet_direction direction, unsigned opcode)
{
	for (size_t i = 0; i < COUNT(vector_sizes); i++) {
		if (vector_sizes[i].opcode == opcode && vector_sizes[i].direction == direction)
			return &vector_sizes[i];
	}
	return NULL;
}

/* The size that the reference gives a packet under these options, 0 if there is no such
 * packet.
 */
static size_t wanted_size(enum packet_direction direction, unsigned opcode, unsigned mask)
{
	const struct vector_sizes *row = find_sizes(direction, opcode);
	unsigned relevant = 0;

	if (row == NULL)
		return 0;
	for (size_t i = 0; row->sizes[i].size != 0; i++)
		relevant |= row->sizes[i].options;
	for (size_t i = 0; row->sizes[i].size != 0; i++) {
		if (row->sizes[i].options == (mask & relevant))
			return row->sizes[i].size;
	}
	ck_abort_msg("no size for 0x%02x with options %u", opcode, mask);
	return 0;
}

START_TEST(every_opcode_under_all_options)
{
	enum packet_direction direction = (enum packet_direction)_i;
	struct dialect d;

	for (unsigned mask = 0; mask < VECTOR_OPTIONS; mask++) {
		dialect_with(&d, mask);
		for (unsigned op = 0; op < PACKET_OPCODES; op++) {
			size_t wanted = wanted_size(direction, op, mask);
			size_t size = dialect_size(&d, direction, (uint8_t)op);
			ck_assert_msg(size == wanted, "0x%02x with options %u: %zu, not %zu",
				      op, mask, size, wanted);
			ck_assert_uint_le(size, PACKET_SIZE_MAX);
		}
	}
}
END_TEST

/* A packet has a size exactly when its extension is in force, in a version that has it.
 */
static void check_presence(const struct dialect *d)
{
	for (unsigned i = 0; i < PACKET_DIRECTIONS * PACKET_OPCODES; i++) {
		enum packet_direction direction = (enum packet_direction)(i / PACKET_OPCODES);
		unsigned op = i % PACKET_OPCODES;
		const struct vector_sizes *row = find_sizes(direction, op);
		bool wanted = row != NULL && (row->extension[0] == '\0' || d->cpe);
		if (wanted && row->version > 0)
			wanted = d->version[packet_extension_find(&catalog, row->extension)] >=
				 row->version;
		bool is_packet = dialect_size(d, direction, (uint8_t)op) != 0;
		ck_assert_msg(is_packet == wanted, "0x%02x is %sa packet", op,
			      is_packet ? "" : "not ");
	}
}

START_TEST(each_extension_brings_its_packets)
{
	struct dialect d;

	for (uint8_t version = 1; version <= packet_extension(&catalog, (unsigned)_i)->version;
	     version++) {
		dialect_init(&d, &catalog, PACKET_PROTOCOL, true);
		check_presence(&d);
		dialect_set(&d, &catalog, (unsigned)_i, version);
		ck_assert(dialect_has(&d, (unsigned)_i));
		ck_assert_uint_eq(d.version[_i], version);
		check_presence(&d);
	}
}
END_TEST

START_TEST(no_extension_leaves_a_trace)
{
	struct dialect plain;
	struct dialect d;

	dialect_init(&plain, &catalog, PACKET_PROTOCOL, true);
	dialect_with(&d, VECTOR_OPTIONS - 1);
	for (unsigned i = packet_extension_count(&catalog); i-- > 0;)
		dialect_set(&d, &catalog, i, 0);
	ck_assert_mem_eq(&d, &plain, sizeof(d));
}
END_TEST

START_TEST(old_protocols_know_classic_only)
{
	uint8_t protocol = (uint8_t)_i;
	struct dialect d;

	dialect_init(&d, &catalog, protocol, true);
	ck_assert_uint_eq(d.protocol, protocol);
	ck_assert(d.cpe == (protocol == 7));
	dialect_init(&d, &catalog, protocol, false);
	ck_assert(!d.cpe);
	for (unsigned i = 0; i < packet_extension_count(&catalog); i++)
		dialect_set(&d, &catalog, i, 1);
	for (unsigned i = 0; i < PACKET_DIRECTIONS * PACKET_OPCODES; i++) {
		enum packet_direction direction = (enum packet_direction)(i / PACKET_OPCODES);
		unsigned op = i % PACKET_OPCODES;
		size_t wanted = op <= OP_USER_TYPE ? wanted_size(direction, op, 0) : 0;
		if (op == OP_IDENTIFICATION)
			wanted = protocol <= 5 ? 130 : 131;
		if (op == OP_USER_TYPE && protocol < 7)
			wanted = 0;
		ck_assert_uint_eq(dialect_size(&d, direction, (uint8_t)op), wanted);
	}
}
END_TEST

START_TEST(identifications_fit_their_protocol)
{
	uint8_t out[PACKET_SIZE_MAX];
	struct dialect d;

	dialect_init(&d, &catalog, (uint8_t)_i, false);
	size_t n = packet_write_server_identification(out, &d, "name", "motd", PACKET_USER_OP);
	ck_assert_uint_eq(n, dialect_size(&d, PACKET_TO_CLIENT, OP_IDENTIFICATION));
	ck_assert_uint_eq(out[1], _i);
	n = packet_write_player_identification(out, &d, "name", "key");
	ck_assert_uint_eq(n, dialect_size(&d, PACKET_TO_SERVER, OP_IDENTIFICATION));
}
END_TEST

START_TEST(other_protocols_count_as_seven)
{
	static const uint8_t protocols[] = {0, 2, 8, 255};
	struct dialect d;

	dialect_init(&d, &catalog, protocols[_i], true);
	ck_assert_uint_eq(d.protocol, 7);
	ck_assert(d.cpe);
}
END_TEST

START_TEST(versions_are_limited_to_the_known)
{
	struct dialect d;

	dialect_init(&d, &catalog, 7, true);
	dialect_set(&d, &catalog, EXT_CLICK_DISTANCE, 200);
	ck_assert_uint_eq(d.version[EXT_CLICK_DISTANCE], 1);
	dialect_set(&d, &catalog, EXT_CUSTOM_MODELS, 3);
	ck_assert_uint_eq(d.version[EXT_CUSTOM_MODELS], 2);
	dialect_set(&d, &catalog, EXT_COUNT, 1);
	dialect_set(&d, &catalog, (unsigned)-1, 1);
}
END_TEST

START_TEST(every_packet_has_a_row)
{
	for (unsigned i = 0; i < PACKET_DIRECTIONS * PACKET_OPCODES; i++) {
		enum packet_direction direction = (enum packet_direction)(i / PACKET_OPCODES);
		uint8_t op = (uint8_t)(i % PACKET_OPCODES);
		const struct packet_info *row = packet_info(&catalog, direction, op);
		ck_assert((row != NULL) == (find_sizes(direction, op) != NULL));
		ck_assert_ptr_eq(packet_info(NULL, direction, op), row);
		if (row == NULL) {
			ck_assert_str_eq(packet_name(&catalog, direction, op), "unknown");
			continue;
		}
		ck_assert_uint_eq(row->opcode, op);
		ck_assert_uint_eq(row->direction, direction);
		ck_assert_uint_eq(row->size, wanted_size(direction, op, 0));
		ck_assert_uint_eq(row->version, find_sizes(direction, op)->version);
		ck_assert_str_eq(packet_name(&catalog, direction, op), row->name);
	}
	ck_assert_str_eq(packet_name(&catalog, PACKET_TO_SERVER, OP_SET_BLOCK_CLIENT),
			 "SetBlock");
}
END_TEST

/* ---- the catalog ---- */

static bool add(unsigned opcode, const char *name, unsigned size, const char *extension,
		unsigned version)
{
	why[0] = '\0';
	return packet_catalog_add(&catalog, opcode, name, size, PACKET_TO_CLIENT, extension,
				  version, why, sizeof(why));
}

START_TEST(custom_packets_follow_their_extension)
{
	char name[] = "Fireworks";
	struct dialect d;

	ck_assert(add(0x50, name, 9, "Party", 2));
	memset(name, 'x', strlen(name)); /* the catalog has its own copy */
	ck_assert(packet_catalog_add(&catalog, 0x50, "Clap", 1, PACKET_TO_SERVER, "pARTY", 2,
				     why, sizeof(why)));
	ck_assert(add(0xff, "Confetti", PACKET_SIZE_MAX, "Party", 2));
	int extension = packet_extension_find(&catalog, "PARTY");
	ck_assert_int_eq(extension, EXT_CUSTOM);
	ck_assert_uint_eq(packet_extension_count(&catalog), EXT_CUSTOM + 1);
	ck_assert_str_eq(packet_extension(&catalog, EXT_CUSTOM)->name, "Party");
	ck_assert_uint_eq(packet_extension(&catalog, EXT_CUSTOM)->version, 2);
	ck_assert_str_eq(packet_name(&catalog, PACKET_TO_CLIENT, 0x50), "Fireworks");
	ck_assert_str_eq(packet_name(&catalog, PACKET_TO_SERVER, 0x50), "Clap");
	ck_assert_ptr_null(packet_info(NULL, PACKET_TO_CLIENT, 0x50));

	dialect_init(&d, &catalog, PACKET_PROTOCOL, true);
	ck_assert_uint_eq(dialect_size(&d, PACKET_TO_CLIENT, 0x50), 0);
	dialect_set(&d, &catalog, EXT_CUSTOM, 1);
	ck_assert_uint_eq(dialect_size(&d, PACKET_TO_CLIENT, 0x50), 0);
	dialect_set(&d, &catalog, EXT_CUSTOM, 7);
	ck_assert_uint_eq(dialect_size(&d, PACKET_TO_CLIENT, 0x50), 9);
	ck_assert_uint_eq(dialect_size(&d, PACKET_TO_SERVER, 0x50), 1);
	ck_assert_uint_eq(dialect_size(&d, PACKET_TO_CLIENT, 0xff), PACKET_SIZE_MAX);
	ck_assert_uint_eq(dialect_size(&d, PACKET_TO_SERVER, 0xff), 0);
}
END_TEST

#define LONG_NAME "12345678901234567890123456789012345678901234567890123456789012345"

/* clang-format off */
static const struct {
	unsigned opcode;
	unsigned size;
	const char *name;
	const char *extension;
	unsigned version;
	const char *why[2]; /* it must name the value, and what would be right */
} refusals[] = {
	{0x3b, 9, "New", "New", 1, {"opcode 59", "60 (0x3c) to 255"}},
	{0, 9, "New", "New", 1, {"opcode 0 ", "60 (0x3c) to 255"}},
	{256, 9, "New", "New", 1, {"opcode 256", "60 (0x3c) to 255"}},
	{0x40, 9, "New", "New", 1,
	 {"opcode 64 (0x40) is \"Old\"", "one packet per opcode and direction"}},
	{0x50, 0, "New", "New", 1, {"size 0", "1 to 1346"}},
	{0x50, PACKET_SIZE_MAX + 1, "New", "New", 1, {"size 1347", "1 to 1346"}},
	{0x50, 9, "New", "New", 0, {"version 0", "1 to 255"}},
	{0x50, 9, "New", "New", 256, {"version 256", "1 to 255"}},
	{0x50, 9, "New", "oldies", 2, {"version 2 of extension \"oldies\"", "must be 1"}},
	{0x50, 9, "", "New", 1, {"name \"\"", "1 to 64"}},
	{0x50, 9, LONG_NAME, "New", 1, {"name \"" LONG_NAME "\"", "1 to 64"}},
	{0x50, 9, "caf\xc3\xa9", "New", 1, {"name \"caf", "ASCII"}},
	{0x50, 9, "New", "", 1, {"extension \"\"", "1 to 64"}},
	{0x50, 9, "New", "New ", 1, {"extension \"New \"", "no space at either end"}},
	{0x50, 9, "New", " New", 1, {"extension \" New\"", "no space at either end"}},
	{0x50, 9, "New", "a\tb", 1, {"extension \"a\tb\"", "ASCII"}},
	{0x50, 9, "New", LONG_NAME, 1, {"extension \"" LONG_NAME "\"", "1 to 64"}},
	{0x50, 9, "New", "fastmap", 1,
	 {"extension \"fastmap\" is a standard one", "a name of their own"}},
};
/* clang-format on */

START_TEST(bad_custom_packets_are_refused)
{
	static struct packet_catalog before;

	ck_assert(add(0x40, "Old", 4, "Oldies", 1));
	before = catalog;
	ck_assert(!add(refusals[_i].opcode, refusals[_i].name, refusals[_i].size,
		       refusals[_i].extension, refusals[_i].version));
	for (size_t i = 0; i < COUNT(refusals[_i].why); i++)
		ck_assert_msg(strstr(why, refusals[_i].why[i]) != NULL,
			      "\"%s\" does not say \"%s\"", why, refusals[_i].why[i]);
	ck_assert_mem_eq(&catalog, &before, sizeof(catalog));
}
END_TEST

START_TEST(any_printable_name_will_do)
{
	ck_assert(add(0x3c, "~ !", 1, "A B~", 1));
	ck_assert_int_eq(packet_extension_find(&catalog, "a b~"), EXT_CUSTOM);
}
END_TEST

START_TEST(names_may_fill_their_field)
{
	char name[PACKET_STRING_LEN + 1];

	snprintf(name, sizeof(name), "%.64s", LONG_NAME);
	ck_assert(add(0x3c, name, 1, name, 255));
	ck_assert_str_eq(packet_name(&catalog, PACKET_TO_CLIENT, 0x3c), name);
	ck_assert_int_eq(packet_extension_find(&catalog, name), EXT_CUSTOM);
}
END_TEST

START_TEST(the_catalog_is_bounded)
{
	char name[16];

	for (unsigned i = 0; i < PACKET_CUSTOM_EXT_MAX; i++) {
		snprintf(name, sizeof(name), "Extension%u", i);
		ck_assert(add(0x50 + i, name, 2, name, 1));
	}
	ck_assert(!add(0x80, "Seventeenth", 2, "Seventeenth", 1));
	ck_assert_ptr_nonnull(strstr(why, "\"Seventeenth\" is one too many"));
	ck_assert_ptr_nonnull(strstr(why, "at most 16"));
	for (unsigned i = PACKET_CUSTOM_EXT_MAX; i < PACKET_CUSTOM_MAX; i++) {
		snprintf(name, sizeof(name), "Packet%u", i);
		ck_assert(add(0x50 + i, name, 2, "Extension0", 1));
	}
	ck_assert(!add(0x90, "Last", 2, "Extension0", 1));
	ck_assert_ptr_nonnull(strstr(why, "\"Last\" is one too many"));
	ck_assert_ptr_nonnull(strstr(why, "at most 32"));
	ck_assert_uint_eq(packet_extension_count(&catalog), EXT_COUNT);
	ck_assert_str_eq(packet_extension(&catalog, EXT_COUNT - 1)->name, "Extension15");
	ck_assert_str_eq(packet_name(&catalog, PACKET_TO_CLIENT, 0x50 + PACKET_CUSTOM_MAX - 1),
			 "Packet31");
}
END_TEST

START_TEST(dropped_extensions_stay_out)
{
	struct dialect d;

	ck_assert(add(0x50, "Fireworks", 9, "Party", 1));
	ck_assert(packet_catalog_drop(&catalog, "clickDISTANCE"));
	ck_assert(packet_catalog_drop(&catalog, "party"));
	ck_assert(!packet_catalog_drop(&catalog, "ClickDistances"));
	ck_assert(!packet_catalog_drop(&catalog, ""));
	dialect_with(&d, 0);
	ck_assert(!dialect_has(&d, EXT_CLICK_DISTANCE));
	ck_assert(!dialect_has(&d, EXT_CUSTOM));
	ck_assert(dialect_has(&d, EXT_HELD_BLOCK));
	ck_assert_uint_eq(dialect_size(&d, PACKET_TO_CLIENT, OP_CLICK_DISTANCE), 0);
	ck_assert_uint_eq(dialect_size(&d, PACKET_TO_CLIENT, 0x50), 0);
	packet_catalog_init(&catalog);
	ck_assert(!catalog.dropped[EXT_CLICK_DISTANCE]);
	ck_assert_int_eq(packet_extension_find(&catalog, "Party"), -1);
}
END_TEST

START_TEST(extensions_are_those_of_the_reference)
{
	ck_assert_uint_eq(packet_extension_count(&catalog), COUNT(vector_extensions));
	for (unsigned i = 0; i < COUNT(vector_extensions); i++) {
		ck_assert_str_eq(packet_extension(&catalog, i)->name,
				 vector_extensions[i].name);
		ck_assert_uint_eq(packet_extension(&catalog, i)->version,
				  vector_extensions[i].version);
	}
}
END_TEST

START_TEST(extensions_are_found_by_name)
{
	for (unsigned i = 0; i < packet_extension_count(&catalog); i++)
		ck_assert_int_eq(
			packet_extension_find(&catalog, packet_extension(&catalog, i)->name),
			(int)i);
	ck_assert_int_eq(packet_extension_find(&catalog, "envmapASPECT"), EXT_ENV_MAP_ASPECT);
	ck_assert_int_eq(packet_extension_find(&catalog, "EnvMap"), -1);
	ck_assert_int_eq(packet_extension_find(&catalog, ""), -1);
}
END_TEST

static TCase *add_case(Suite *suite, const char *name)
{
	TCase *tcase = tcase_create(name);

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_set_timeout(tcase, 60);
	suite_add_tcase(suite, tcase);
	return tcase;
}

static void add_vector_cases(Suite *suite)
{
	TCase *tcase = add_case(suite, "vectors");

	tcase_add_test(tcase, vectors_have_their_size);
	tcase = add_case(suite, "readers and writers");
	tcase_add_test(tcase, short_identification_has_no_last_byte);
	tcase_add_test(tcase, writers_saturate_coordinates);
	tcase_add_test(tcase, chunks_are_padded_and_bounded);
	tcase_add_test(tcase, integers_are_big_endian);
	tcase_add_loop_test(tcase, strings_are_read, 0, COUNT(strings));
	tcase_add_test(tcase, strings_are_written);
}

static void add_size_cases(Suite *suite)
{
	TCase *tcase = add_case(suite, "sizes");

	tcase_add_loop_test(tcase, every_opcode_under_all_options, 0, PACKET_DIRECTIONS);
	tcase_add_loop_test(tcase, each_extension_brings_its_packets, 0, EXT_STANDARD_COUNT);
	tcase_add_test(tcase, no_extension_leaves_a_trace);
	tcase_add_loop_test(tcase, old_protocols_know_classic_only, 3, 8);
	tcase_add_loop_test(tcase, identifications_fit_their_protocol, 3, 8);
	tcase_add_loop_test(tcase, other_protocols_count_as_seven, 0, 4);
	tcase_add_test(tcase, versions_are_limited_to_the_known);
	tcase_add_test(tcase, every_packet_has_a_row);
}

static void add_catalog_cases(Suite *suite)
{
	TCase *tcase = add_case(suite, "catalog");

	tcase_add_test(tcase, custom_packets_follow_their_extension);
	tcase_add_loop_test(tcase, bad_custom_packets_are_refused, 0, COUNT(refusals));
	tcase_add_test(tcase, any_printable_name_will_do);
	tcase_add_test(tcase, names_may_fill_their_field);
	tcase_add_test(tcase, the_catalog_is_bounded);
	tcase_add_test(tcase, dropped_extensions_stay_out);
	tcase_add_test(tcase, extensions_are_those_of_the_reference);
	tcase_add_test(tcase, extensions_are_found_by_name);
}

int main(void)
{
	Suite *suite = suite_create("packet");

	add_vector_cases(suite);
	add_size_cases(suite);
	add_catalog_cases(suite);
	return suite_main(suite);
}
