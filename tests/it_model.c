/* SPDX-License-Identifier: MIT */
/*
 * The model client that the oracle trusts: it reads every packet of the protocol reference, in
 * every form; what leaves something behind makes it differ, and says where; and it is strict.
 * No proxy is started here.
 */
#include <check.h>
#include <string.h>

#include "harness.h"
#include "harness_model.h"
#include "harness_traffic.h"
#include "samples.h"

/* Two clients of one dialect, of which only one hears something. */
static struct model model, untouched;
static char why[MODEL_WHY_MAX];

static void begin(const struct dialect *dialect)
{
	model_init(&model, dialect, "Alice");
	model_init(&untouched, dialect, "Alice");
}

static void end(void)
{
	model_fini(&model);
	model_fini(&untouched);
}

static bool feed_hex(const char *hex)
{
	static uint8_t bytes[8 * PACKET_SIZE_MAX];

	return model_feed(&model, bytes, expand(bytes, sizeof(bytes), hex));
}

/* ---- what packets leave behind ---- */

/* How the difference to an untouched client begins, or with "fault" what is wrong; the rest
 * leaves nothing behind by itself. */
/* clang-format off */
static const struct {
	const char *vector;
	const char *trace;
} traces[] = {
	{"V04 ", "name and MOTD should not be: Identification"},
	{"V05 ", "name and MOTD should not be: Identification"},
	{"V08 ", "the level is 0 x 0 x 0 (open) instead"},
	{"V09 ", "the level is 0 x 0 x 0 (open) instead"},
	{"V10 ", "fault: level data without a level"},
	{"V11 ", "fault: level data without a level"},
	{"V12 ", "fault: level data without a level"},
	{"V13 ", "fault: level data without a level"},
	{"V14 ", "fault: the end of a level that has not begun"},
	{"V19 ", "tab entry 5 should not be: ExtAddPlayerName"},
	{"V20 ", "tab entry 255: GroupName is \"Players\" instead of \"\""},
	{"V32 ", "text on the screen 6 should not be: Message Type=100"},
	{"V37 ", "fault: disconnected: Server restarting"},
	{"V38 ", "user type: UserType is 100 instead of 0"},
	{"V39 ", "fault: ExtInfo after the login"},
	{"V41 ", "fault: ExtEntry after the login"},
	{"V44 ", "fault: CustomBlockSupportLevel after the login"},
	{"V46 ", "held block: PreventChange is 1 instead of 0"},
	{"V47 ", "held block: PreventChange is 1 instead of 0"},
	{"V48 ", "hotkey 25, 1 should not be: SetTextHotKey"},
	{"V49 ", "tab entry 255: ListName is \"&aAlice\" instead of \"Alice\""},
	{"V50 ", "entity 5 should not be: ExtAddEntity2"},
	{"V52 ", "environment colour 0 should not be: EnvSetColor"},
	{"V54 ", "selection 7 should not be: MakeSelection"},
	{"V56 ", "permission of block 7: Delete is 1 instead of 0"},
	{"V57 ", "permission of block 7: Delete is 1 instead of 0"},
	{"V59 ", "map property 1: Value is 8 instead of 9"},
	{"V60 ", "map property 1: Value is 8 instead of 9"},
	{"V61 ", "weather: Weather is 1 instead of 0"},
	{"V62 ", "hack control should not be: HackControl"},
	{"V63 ", "entity 5 should not be: ExtAddEntity2"},
	{"V64 ", "entity 255: X is -35208 instead of 0"},
	{"V66 ", "definition of block 66 should not be: DefineBlockExt"},
	{"V67 ", "definition of block 300 should not be: DefineBlockExt"},
	{"V70 ", "definition of block 66 should not be: DefineBlockExt"},
	{"V71 ", "definition of block 66 should not be: DefineBlockExt"},
	{"V72 ", "definition of block 66 should not be: DefineBlockExt"},
	{"V73 ", "definition of block 300 should not be: DefineBlockExt"},
	{"V76 ", "text colour 103 should not be: SetTextColor"},
	{"V77 ", "texture pack: URL is \"http://example.org/t.zip\" instead of \"\""},
	{"V78 ", "texture pack: URL is \"http://example.org/ttt"},
	{"V84 ", "place 1 of the block menu has 66 instead of 1"},
	{"V87 ", "hotbar slot 0: Block is 300 instead of 1"},
	{"V88 ", "respawn point: X is 528 instead of 0"},
	{"V89 ", "respawn point: X is 528 instead of 0"},
	{"V93 ", "custom model 0 should not be: DefineModel"},
	{"V94 ", "fault: a part too many for custom model 0"},
	{"V95 ", "fault: a part too many for custom model 0"},
	{"V99 ", "entity 255: Y is 32 instead of 0"},
	{"V101 ", "lighting: Mode is 2 instead of 0"},
	{"V102 ", "cinematic view: HideCrosshair is 1 instead of 0"},
};
/* clang-format on */

static const char *trace_of(const struct vector *vector)
{
	for (size_t i = 0; i < COUNT(traces); i++)
		if (strncmp(traces[i].vector, vector->name, strlen(traces[i].vector)) == 0)
			return traces[i].trace;
	return "nothing";
}

/* What the sample has left behind, in the words of the table. */
static void say_trace(char *out, size_t size, const struct sample *sample)
{
	begin(&sample->dialect);
	if (!model_feed(&model, sample->bytes, sample->size))
		snprintf(out, size, "fault: %s", strstr(model.fault, ": ") + 2);
	else if (model_same(&model, &untouched, why))
		snprintf(out, size, "nothing");
	else
		snprintf(out, size, "%s", why);
	end();
}

START_TEST(packets_leave_their_trace)
{
	char trace[MODEL_WHY_MAX + 8];
	struct sample sample;

	setup();
	for (size_t i = 0; i < COUNT(vectors); i++) {
		const char *wanted = trace_of(&vectors[i]);

		if (vectors[i].direction != PACKET_TO_CLIENT)
			continue;
		load(&sample, &vectors[i]);
		say_trace(trace, sizeof(trace), &sample);
		ck_assert_msg(strncmp(trace, wanted, strlen(wanted)) == 0,
			      "%s: \"%s\" instead of \"%s\"", vectors[i].name, trace, wanted);
	}
}
END_TEST

/* ---- what is not legal ---- */

#define GZIP_LEVEL                                                                        \
	"03 0023 1f8b08000000000000ff010c00f3ff000000080707070702020000ada3c7090c000000 " \
	"00*989 64 "
#define FAST_LOW  "03 000d 010800f7ff0707070702020000 00*1011 00 "
#define FAST_HIGH "03 000d 010800f7ff0000000000000102 00*1011 01 "
#define FINALIZE  "04 0002 0002 0002 "

/* clang-format off */
static const struct {
	unsigned options; /* VECTOR_ bits */
	const char *hex;
	const char *fault; /* NULL: none */
} sequences[] = {
	{0, "02 " GZIP_LEVEL FINALIZE, NULL},
	{VECTOR_FM | VECTOR_EB, "02 00000008 " FAST_LOW FAST_HIGH FINALIZE, NULL},
	{VECTOR_FM | VECTOR_EB, "02 00000008 " FAST_LOW FINALIZE, NULL},
	{0, "3c", "opcode 0x3c"},
	{0, "05", "opcode 0x05"},
	{0, "02 02", "a level begins inside another"},
	{0, "02 " FINALIZE, "of 0 bytes for 8 blocks is cut short"},
	{0, "02 " GZIP_LEVEL "04 0002 0002 0001 ", "is longer than the level"},
	{0, "02 " GZIP_LEVEL "04 0003 0002 0002 ", "is shorter than the level"},
	{0, "02 " GZIP_LEVEL GZIP_LEVEL FINALIZE, "has bytes behind its end"},
	{0, "02 04 0000 0002 0002", "a level of no size"},
	{0, "02 03 0000 00*1024 65", "is 101 percent"},
	{0, "02 03 0401 00*1024 00", "Length is 1025"},
	{0, "02 03 0004 1f8b0800 00*1020 00 " FINALIZE, "is cut short"},
	{0, "02 03 0004 1f8b0900 00*1020 00 " FINALIZE, "is damaged"},
	{VECTOR_FM, "02 00000009 " FAST_LOW FINALIZE, "a level of 8 blocks was announced with 9"},
	{VECTOR_FM | VECTOR_EB, "02 00000008 " FAST_HIGH FINALIZE, "low bytes"},
	{0, "00 06 20*128 00", "the server speaks version 6"},
	{0, "0d ff 20*64", "there is no place 255"},
	{VECTOR_EB, "24 0300", "Block is no block"},
	{0, "24 00", "Block is 0"},
	{0, "2d 01 09", "Slot is 9"},
	{0, "1f 03", "Weather is 3"},
};
/* clang-format on */

START_TEST(illegal_sequences_are_faults)
{
	struct dialect dialect;

	setup();
	dialect_with(&dialect, sequences[_i].options);
	begin(&dialect);
	if (feed_hex(sequences[_i].hex))
		ck_assert_msg(sequences[_i].fault == NULL, "no fault: %s", sequences[_i].hex);
	else
		ck_assert_msg(sequences[_i].fault != NULL &&
				      strstr(model.fault, sequences[_i].fault) != NULL,
			      "\"%s\": %s", model.fault, sequences[_i].hex);
	end();
}
END_TEST

START_TEST(a_vanilla_client_is_strict_too)
{
	struct dialect dialect;

	setup();
	dialect_init(&dialect, &catalog, PACKET_PROTOCOL, false);
	begin(&dialect);
	ck_assert(!feed_hex("12 00a0") && strstr(model.fault, "0x12") != NULL);
	end();
	begin(&dialect);
	ck_assert(!feed_hex("0d 00 61 26 20*62"));
	end();
	begin(&dialect);
	ck_assert(!feed_hex("0d 00 80 20*63"));
	end();
	begin(&dialect);
	ck_assert(!feed_hex("0c 80"));
	end();
}
END_TEST

START_TEST(blocks_of_a_level_are_where_they_should_be)
{
	static const uint16_t blocks[] = {7, 7, 7, 7, 2, 2, 256, 512};
	struct dialect dialect;

	setup();
	dialect_with(&dialect, VECTOR_FM | VECTOR_EB);
	begin(&dialect);
	ck_assert(feed_hex("02 00000008 " FAST_HIGH FAST_LOW FINALIZE));
	ck_assert_mem_eq(model.blocks, blocks, sizeof(blocks));
	ck_assert(feed_hex("06 0001 0001 0000 0005 06 0002 0000 0000 0005"));
	ck_assert_uint_eq(model.blocks[5], 5);
	ck_assert(!model_same(&model, &untouched, why));
	end();
}
END_TEST

/* ---- random servers ---- */

/* Also in pieces, which come out as the whole does. */
START_TEST(traffic_is_legal_and_repeatable)
{
	struct traffic once = {.size = 0}, twice = {.size = 0};
	struct dialect dialect;
	struct dice dice;

	setup();
	dice_init(&dice, (uint64_t)_i);
	dialect_init(&dialect, &catalog, PACKET_PROTOCOL, _i % 8 != 0);
	for (unsigned i = 0; i < EXT_STANDARD_COUNT; i++)
		dialect_set(&dialect, &catalog, i, (uint8_t)dice_below(&dice, 3));
	for (unsigned i = 0; i < 2; i++) {
		struct traffic *traffic = i == 0 ? &once : &twice;

		traffic_greet(traffic, (uint32_t)_i, &dialect);
		traffic_identify(traffic, (uint32_t)_i, &dialect);
		traffic_play(traffic, (uint32_t)_i, &dialect, "Alice", "the end");
	}
	ck_assert_uint_eq(once.size, twice.size);
	ck_assert_int_eq(memcmp(once.bytes, twice.bytes, once.size), 0);
	begin(&dialect);
	ck_assert_msg(model_feed(&model, once.bytes, once.size), "%s", model.fault);
	for (size_t at = 0, n; at < twice.size; at += n) {
		n = 1 + dice_below(&dice, 3000);
		n = n < twice.size - at ? n : twice.size - at;
		model_feed(&untouched, twice.bytes + at, n);
	}
	ck_assert_msg(model_same(&model, &untouched, why), "%s", why);
	ck_assert_uint_eq(model.packets, untouched.packets);
	end();
	traffic_free(&once);
	traffic_free(&twice);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("model");
	TCase *tcase = harness_case(suite, "model");

	tcase_add_test(tcase, packets_leave_their_trace);
	tcase_add_loop_test(tcase, illegal_sequences_are_faults, 0, (int)COUNT(sequences));
	tcase_add_test(tcase, a_vanilla_client_is_strict_too);
	tcase_add_test(tcase, blocks_of_a_level_are_where_they_should_be);
	tcase_add_loop_test(tcase, traffic_is_legal_and_repeatable, 0, 40);
	return harness_run(suite);
}
