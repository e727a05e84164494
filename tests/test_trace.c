/* SPDX-License-Identifier: MIT */
/*
 * What the lines of a trace look like, and what is masked in them.
 *
 * The one idea: a test speaks through trace_packets() alone and then reads the file, as whoever
 * looks for a fault would.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "../layout.h"
#include "fields.h"
#include "suite.h"
#include "traced.h"

/* ---- lines ---- */

/* clang-format off */
static const struct {
	enum trace_way way;
	unsigned options;
	const char *hex, *line;
} lines[] = {
	{TRACE_FROM_CLIENT, 0, "05 0001 0002 0003 01 31", "client -> : SetBlock X=1 Y=2 Z=3 Mode=1 Block=49"},
	{TRACE_TO_SERVER, VECTOR_EB, "05 0001 0002 0003 01 0131", "-> server alpha: SetBlock X=1 Y=2 Z=3 Mode=1 Block=305"},
	{TRACE_FROM_SERVER, 0, "0d 00 68656c6c6f 20*59", "server alpha -> : Message Type=0 Text=\"hello\""},
	{TRACE_TO_CLIENT, 0, "01", "-> client: Ping"},
	{TRACE_FROM_SERVER, VECTOR_EP, "08 05 ffff8000 00000001 00007fff 40 80",
	 "server alpha -> : Teleport EntityID=5 X=-32768 Y=1 Z=32767 Yaw=64 Pitch=128"},
	/* texts: code page 437, quotes, backslashes, control bytes, colours */
	{TRACE_FROM_SERVER, 0, "0d 00 22 5c 26 61 0a 0d 1b 7f 80 ff 20*54",
	 "server alpha -> : Message Type=0 Text=\"\\\"\\\\&a◙♪←⌂Ç\xc2\xa0\""},
	{TRACE_FROM_SERVER, 0, "0d 00 20 61 00 62 00*60", "server alpha -> : Message Type=0 Text=\" a b\""},
	{TRACE_FROM_SERVER, 0, "0d 00 20*64", "server alpha -> : Message Type=0 Text=\"\""},
	{TRACE_FROM_SERVER, 0, "0e db*64", "server alpha -> : Disconnect Reason=\""
	 "████████████████████████████████████████████████████████████████\""},
	/* keys */
	{TRACE_FROM_CLIENT, 0, "00 07 426f62 20*61 30*32 20*32 42",
	 "client -> : Identification ProtocolVersion=7 Username=\"Bob\" Key=*** Padding=66"},
	{TRACE_TO_SERVER, 0, "00 07 426f62 20*61 30*64 42",
	 "-> server alpha: Identification ProtocolVersion=7 Username=\"Bob\" Key=*** Padding=66"},
	{TRACE_FROM_SERVER, 0, "00 07 426f62 20*61 30*3 20*61 64",
	 "server alpha -> : Identification ProtocolVersion=7 ServerName=\"Bob\" MOTD=\"000\" UserType=100"},
	/* arrays */
	{TRACE_FROM_SERVER, 0, "03 0400 11*1024 32", "server alpha -> : LevelDataChunk Length=1024 Data=(1024 bytes) Percent=50"},
	{TRACE_FROM_SERVER, VECTOR_EB, "26 00 11*1344",
	 "server alpha -> : BulkBlockUpdate Count=0 Indices=(1024 bytes) Blocks=(256 bytes) Upper=(64 bytes)"},
	{TRACE_FROM_CLIENT, 0, "35 c8 0102 00 03 00*60", "client -> : PluginMessage Channel=200 Data=hex:01020003"},
	{TRACE_FROM_CLIENT, 0, "35 c8 00*64", "client -> : PluginMessage Channel=200 Data=hex:"},
	{TRACE_FROM_SERVER, 0, "35 01 ab*64", "server alpha -> : PluginMessage Channel=1 Data=hex:"
	 "abababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababab"},
	{TRACE_FROM_SERVER, 0, "50 ab*99", "server alpha -> : 0x50 Data=hex:"
	 "abababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababab...99"},
	/* what is no packet */
	{TRACE_FROM_SERVER, 0, "05 0102", "server alpha -> : 0x05 is no packet here, 3 bytes: hex:050102"},
	{TRACE_FROM_CLIENT, 0, "7f 11*20", "client -> : 0x7f is no packet here, 21 bytes: hex:7f111111111111111111111111111111...21"},
	{TRACE_FROM_CLIENT, 0, "7f 53 4553414d452d343200", "client -> : 0x7f is no packet here, 11 bytes: ***"},
	{TRACE_FROM_CLIENT, 0, "0d 00 61*63", "client -> : Message cut short: 65 of 66 bytes"},
	{TRACE_FROM_CLIENT, 0, "00", "client -> : Identification cut short: 1 of 131 bytes"},
	{TRACE_FROM_SERVER, 0, "50 ab", "server alpha -> : 0x50 cut short: 2 of 100 bytes"},
};
/* clang-format on */

START_TEST(packets_are_lines)
{
	ck_assert(packet_catalog_add(&catalog, 0x50, "Own", 100, PACKET_TO_CLIENT, "OwnExt", 1,
				     why, sizeof(why)));
	dialect_with(&dialect, lines[_i].options);
	open_trace(SECRET);
	put_hex(lines[_i].way, lines[_i].hex);
	ck_assert_str_eq(line_at(0), lines[_i].line);
	ck_assert_str_eq(line_at(1), "");
}
END_TEST

START_TEST(a_run_of_packets_is_a_line_each)
{
	open_trace(NULL);
	put_hex(TRACE_FROM_SERVER, "");
	ck_assert_str_eq(line_at(0), "");
	put_hex(TRACE_FROM_SERVER, "01 0c 05 7f 01 01");
	ck_assert_str_eq(line_at(0), "server alpha -> : Ping");
	ck_assert_str_eq(line_at(1), "server alpha -> : Despawn EntityID=5");
	ck_assert_str_eq(line_at(2),
			 "server alpha -> : 0x7f is no packet here, 3 bytes: hex:7f0101");
	ck_assert_str_eq(line_at(3), "");
}
END_TEST

/* More than the buffer holds. */
START_TEST(a_long_run_is_a_line_each)
{
	uint8_t bytes[4000];

	memset(bytes, OP_PING, sizeof(bytes));
	open_trace(NULL);
	put(TRACE_TO_CLIENT, bytes, sizeof(bytes));
	ck_assert_str_eq(line_at(0), "-> client: Ping");
	ck_assert_str_eq(line_at(3999), "-> client: Ping");
	ck_assert_str_eq(line_at(4000), "");
}
END_TEST

START_TEST(names_are_escaped)
{
	const uint8_t ping = OP_PING;
	size_t size;

	trace = trace_open(path, "A\nB\x1b[31m", why, sizeof(why));
	trace_packets(trace, TRACE_TO_SERVER, "x\ny\x1b", &dialect, &ping, 1);
	trace_packets(trace, TRACE_FROM_SERVER, NULL, &dialect, &ping, 1);
	ck_assert_str_eq(line_at(0), "-> server x\\x0ay\\x1b: Ping");
	ck_assert_str_eq(line_at(1), "server -> : Ping");
	char *text = contents(&size);
	ck_assert_ptr_nonnull(strstr(text, ": the packets of A\\x0aB\\x1b[31m\n"));
	free(text);
}
END_TEST

/* The value as a trace shows it; false for those that have a test of their own. */
static bool shown_value(char *out, size_t size, const struct layout_field *field,
			const uint8_t *packet)
{
	char text[PACKET_STRING_LEN + 1];

	if (strcmp(field->name, "Key") == 0)
		return false;
	if (field_is_integer(field)) {
		snprintf(out, size, " %s=%lld", field->name,
			 (long long)layout_field_get(field, packet));
		return true;
	}
	if (field->type != LAYOUT_STRING)
		return false;
	packet_get_string(text, packet + field->offset);
	snprintf(out, size, " %s=\"%s\"", field->name, text);
	return strpbrk(text, "\n\\\"") == NULL;
}

/* Every packet of the reference, with each of its fields. */
START_TEST(vectors_are_shown_whole)
{
	const struct vector *vector = &vectors[_i];
	struct layout_field field;
	struct layout_iter iter;
	struct sample s;

	load(&s, vector);
	dialect = s.dialect;
	open_trace(SECRET);
	put(s.direction == PACKET_TO_CLIENT ? TRACE_FROM_SERVER : TRACE_FROM_CLIENT, s.bytes,
	    s.size);
	const char *line = line_at(0);
	ck_assert_ptr_nonnull(strstr(line, packet_name(NULL, s.direction, s.bytes[0])));
	layout_begin(&iter, &dialect, s.direction, s.bytes[0]);
	while (layout_next(&iter, &field)) {
		char value[256] = "";

		snprintf(value, sizeof(value), " %s=", field.name);
		ck_assert_msg(strstr(line, value) != NULL, "%s: no%s", vector->name, value);
		if (shown_value(value, sizeof(value), &field, s.bytes))
			ck_assert_msg(strstr(line, value) != NULL, "%s: no%s in %s",
				      vector->name, value, line);
	}
	ck_assert_str_eq(line_at(1), "");
}
END_TEST

/* ---- secrets ---- */

#define X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X55 X50 "xxxxx"
#define X60 X50 "xxxxxxxxxx"

/* clang-format off */
static const struct {
	const char *texts[4], *shown[4];
	uint8_t types[4];
	bool from_server;
} masked[] = {
	/* the secret */
	{{SECRET " jump beta"}, {"*** jump beta"}, {0}, true},
	{{"a sESAME-42b"}, {"a ***b"}, {0}, true},
	{{SECRET SECRET " Sesame-4 Sesame-42"}, {"*** Sesame-4 ***"}, {0}, true},
	{{"Sesame-4", "2"}, {"Sesame-4", "2"}, {0}, true},
	/* in two packets, and in three */
	{{X60 "Sesa", "mE-42 and"}, {X60 "***", "*** and"}, {1, 0}, false},
	{{X60 "Sesa", "me-43 and"}, {X60 "***", "me-43 and"}, {1, 0}, false},
	{{X60 "xxxS", "esame-42"}, {X60 "xxx***", "***"}, {1, 0}, false},
	{{X55 "Sesame-42", "x"}, {X55 "***", "x"}, {1, 0}, false},
	{{X50 "xxxxxxSesame-4", "2x"}, {X50 "xxxxxx***", "***x"}, {1, 0}, false},
	{{X60 "xxxS", "esame-42"}, {X60 "xxx***", "***"}, {0, 0}, true},
	{{X50 "Sesame- <", "42 x"}, {X50 "*** <", "*** x"}, {255, 255}, false},
	{{X60 "Ses", "ame-42"}, {X60 "Ses", "ame-42"}, {255, 255}, false},
	/* passwords */
	{{"/pass hunter2"}, {"/pass ***"}, {255}, false},
	{{"/SetPass hunter2 hunter2"}, {"/SetPass ***"}, {0}, false},
	{{"  %e/login   a b"}, {"  %e/login   ***"}, {0}, false},
	{{"&e//register x"}, {"&e//register ***"}, {0}, false},
	{{"/reg x", "/region x"}, {"/reg ***", "/region x"}, {0}, false},
	{{"/pass", "/pass ", "hunter2"}, {"/pass", "/pass", "hunter2"}, {0}, false},
	{{"say /pass x"}, {"say /pass x"}, {0}, false},
	{{"pass x"}, {"pass x"}, {0}, false},
	{{"/"}, {"/"}, {0}, false},
	/* what a server says */
	{{"/pass x"}, {"/pass ***"}, {0}, true},
	{{"Lo: /password SECRET4"}, {"Lo: /password ***"}, {0}, true},
	{{"<&eLo&f/login a b"}, {"<&eLo&f/login ***"}, {0}, true},
	{{"/tp, then /pass x"}, {"/tp, then /pass ***"}, {0}, true},
	{{"http://a.b/pass x"}, {"http://a.b/pass x"}, {0}, true},
	{{"/pass >", "hello"}, {"/pass ***", "hello"}, {0, 0}, true},
	/* that go on */
	{{"/pass " X50 "x", "y", "z"}, {"/pass ***", "***", "z"}, {1, 0, 0}, false},
	{{"/pass x", "y", "z", "a"}, {"/pass ***", "***", "***", "a"}, {1, 1, 0, 0}, false},
	{{"/pass >", "hunter2", "x"}, {"/pass ***", "***", "x"}, {0, 0, 0}, false},
	{{"/pass hun <", "ter2 >", "x", "y"}, {"/pass ***", "***", "***", "y"}, {0}, false},
	{{"/pass x", "y", "z"}, {"/pass ***", "***", "z"}, {2, 0, 0}, false},
	{{"/tp a >", "b"}, {"/tp a >", "b"}, {0}, false},
};
/* clang-format on */

START_TEST(secrets_are_masked)
{
	open_trace(SECRET);
	for (size_t i = 0; i < 4 && masked[_i].texts[i] != NULL; i++) {
		enum trace_way way =
			masked[_i].from_server ? TRACE_FROM_SERVER : TRACE_FROM_CLIENT;
		char wanted[256];

		put_message(way, masked[_i].types[i], masked[_i].texts[i]);
		snprintf(wanted, sizeof(wanted), " Text=\"%s\"", masked[_i].shown[i]);
		const char *line = line_at(i);
		ck_assert_ptr_nonnull(strstr(line, " Text="));
		ck_assert_str_eq(strstr(line, " Text="), wanted);
	}
}
END_TEST

/* Type 255 says nothing without LongerMessages. */
START_TEST(lines_end_without_longer_messages)
{
	dialect_set(&dialect, &catalog, EXT_LONGER_MESSAGES, 0);
	open_trace(SECRET);
	put_message(TRACE_TO_SERVER, 255, "/pass x");
	put_message(TRACE_TO_SERVER, 255, "y");
	ck_assert_str_eq(line_at(0), "-> server alpha: Message Type=255 Text=\"/pass ***\"");
	ck_assert_str_eq(line_at(1), "-> server alpha: Message Type=255 Text=\"y\"");
}
END_TEST

/* What goes one way does not go on another way. */
START_TEST(ways_are_apart)
{
	open_trace(SECRET);
	put_message(TRACE_FROM_CLIENT, 1, "/pass x");
	put_message(TRACE_TO_SERVER, 0, "y");
	put_message(TRACE_FROM_CLIENT, 0, "z");
	ck_assert_str_eq(line_at(1), "-> server alpha: Message Type=0 Text=\"y\"");
	ck_assert_str_eq(line_at(2), "client -> : Message Type=0 Text=\"***\"");
}
END_TEST

START_TEST(other_fields_are_masked)
{
	uint8_t packet[PACKET_SIZE_MAX] = {OP_ENV_MAP_URL};

	dialect_with(&dialect, VECTOR_MS2);
	open_trace(SECRET);
	packet_put_string(packet + 1, "http://sesame-42/");
	packet_put_string(packet + 65, "x");
	put(TRACE_TO_CLIENT, packet, 129);
	ck_assert_str_eq(line_at(0), "-> client: SetMapEnvUrl URL=\"http://***/\" URL2=\"x\"");
	packet_put_string(packet + 1, X60 "Sesa");
	packet_put_string(packet + 65, "me-42");
	put(TRACE_TO_CLIENT, packet, 129);
	ck_assert_str_eq(line_at(1), "-> client: SetMapEnvUrl URL=\"" X60 "***\" URL2=\"***\"");
	memset(packet, 0, sizeof(packet));
	packet[0] = OP_PLUGIN_MESSAGE;
	memcpy(packet + 2 + 55, "SESAME-42", 9);
	put(TRACE_TO_CLIENT, packet, 66);
	ck_assert_str_eq(line_at(2), "-> client: PluginMessage Channel=0 Data=***");
	packet[2 + 63]++;
	put(TRACE_TO_CLIENT, packet, 66);
	ck_assert_ptr_nonnull(strstr(line_at(3), "Data=hex:0000"));
}
END_TEST

START_TEST(no_secret_masks_nothing)
{
	open_trace(_i == 0 ? NULL : "");
	put_message(TRACE_FROM_SERVER, 0, X60 "abcd");
	put_message(TRACE_FROM_SERVER, 0, "x");
	put_hex(TRACE_FROM_SERVER, "35 00 01 00*63");
	ck_assert_str_eq(line_at(0), "server alpha -> : Message Type=0 Text=\"" X60 "abcd\"");
	ck_assert_str_eq(line_at(1), "server alpha -> : Message Type=0 Text=\"x\"");
	ck_assert_str_eq(line_at(2), "server alpha -> : PluginMessage Channel=0 Data=hex:01");
}
END_TEST

START_TEST(a_long_secret_is_masked)
{
	char secret[TRACE_SECRET_MAX + 2];

	memset(secret, 'x', sizeof(secret));
	secret[TRACE_SECRET_MAX + _i] = '\0';
	open_trace(secret);
	for (int i = 0; i < 4; i++)
		put_message(TRACE_FROM_SERVER, 0, i < 3 ? X60 "xxxx" : X60 "xxx");
	for (unsigned i = 0; i < 4; i++)
		ck_assert_str_eq(line_at(i), "server alpha -> : Message Type=0 Text=\"***\"");
}
END_TEST

/* Another one while the trace goes on: whoever does not know it yet still says the old one. */
START_TEST(a_new_secret_is_masked_and_the_old_ones)
{
	static const char *const secrets[] = {SECRET, "Mellon-7", "Alohomora"};

	open_trace(SECRET);
	put_message(TRACE_FROM_SERVER, 0, "Sesame-42 Mellon-7 Alohomora");
	ck_assert_str_eq(line_at(0),
			 "server alpha -> : Message Type=0 Text=\"*** Mellon-7 Alohomora\"");
	put_message(TRACE_FROM_CLIENT, 1, X60 "Aloh");
	for (size_t i = 1; i < 3; i++)
		trace_mask(secrets[i]);
	put_message(TRACE_FROM_CLIENT, 0, "omora Sesame-42");
	ck_assert_str_eq(line_at(2), "client -> : Message Type=0 Text=\"*** ***\"");
	put_message(TRACE_FROM_SERVER, 0, "Sesame-42 Mellon-7 Alohomora");
	ck_assert_str_eq(line_at(3), "server alpha -> : Message Type=0 Text=\"*** *** ***\"");
	trace_unref(trace);
	open_trace(NULL);
	put_message(TRACE_FROM_SERVER, 0, "Sesame-42");
	ck_assert_ptr_nonnull(strstr(line_at(5), "Text=\"***\""));
}
END_TEST

/* One that is used again and again does not push out the others; too many do. */
START_TEST(the_latest_secrets_are_masked)
{
	char secret[32], line[65] = "";

	for (int i = 0; i < 10; i++)
		trace_mask("again-and-again");
	trace_mask(SECRET);
	for (int i = 0; i < 10; i++)
		trace_mask("again-and-again");
	open_trace("");
	put_message(TRACE_FROM_SERVER, 0, SECRET " again-and-again");
	ck_assert_str_eq(line_at(0), "server alpha -> : Message Type=0 Text=\"*** ***\"");
	for (int i = 0; i <= TRACE_SECRETS; i++) {
		snprintf(secret, sizeof(secret), "secret-%d ", i);
		strlcat(line, secret, sizeof(line));
		secret[strlen(secret) - 1] = '\0';
		trace_mask(secret);
	}
	put_message(TRACE_FROM_SERVER, 0, line);
	ck_assert_str_eq(line_at(1), "server alpha -> : Message Type=0 Text=\"secret-0 *** *** "
				     "*** ***\"");
}
END_TEST

/* A line with the secret anywhere, in pieces of 64 characters: nothing of it is left that
 * could be put together again. */
START_TEST(pieces_hide_the_secret)
{
	char line[192 + 1], said[256] = "";

	memset(line, 'x', 192);
	line[192] = '\0';
	memcpy(line + _i, SECRET, strlen(SECRET));
	open_trace(SECRET);
	for (unsigned i = 0; i < 3; i++) {
		char piece[PACKET_STRING_LEN + 1];

		strlcpy(piece, line + (size_t)i * 64, sizeof(piece));
		put_message(TRACE_FROM_CLIENT, i < 2, piece);
		const char *text = strchr(line_at(i), '"') + 1;
		strncat(said, text, strcspn(text, "\""));
	}
	ck_assert_uint_eq(strspn(said, "x*"), strlen(said));
	size_t shown = 0;
	for (const char *p = said; *p != '\0'; p++)
		shown += *p == 'x';
	ck_assert_uint_eq(shown, 192 - strlen(SECRET));
}
END_TEST

static TCase *add_case(Suite *suite, const char *name)
{
	TCase *tcase = tcase_create(name);

	tcase_add_checked_fixture(tcase, begin, finish);
	suite_add_tcase(suite, tcase);
	return tcase;
}

int main(void)
{
	Suite *suite = suite_create("trace");
	TCase *tcase = add_case(suite, "lines");

	tcase_add_loop_test(tcase, packets_are_lines, 0, COUNT(lines));
	tcase_add_test(tcase, a_run_of_packets_is_a_line_each);
	tcase_add_test(tcase, a_long_run_is_a_line_each);
	tcase_add_test(tcase, names_are_escaped);
	tcase_add_loop_test(tcase, vectors_are_shown_whole, 0, COUNT(vectors));
	tcase = add_case(suite, "secrets");
	tcase_add_loop_test(tcase, secrets_are_masked, 0, COUNT(masked));
	tcase_add_test(tcase, lines_end_without_longer_messages);
	tcase_add_test(tcase, ways_are_apart);
	tcase_add_test(tcase, other_fields_are_masked);
	tcase_add_loop_test(tcase, no_secret_masks_nothing, 0, 2);
	tcase_add_loop_test(tcase, a_long_secret_is_masked, 0, 2);
	tcase_add_test(tcase, a_new_secret_is_masked_and_the_old_ones);
	tcase_add_test(tcase, the_latest_secrets_are_masked);
	tcase_add_loop_test(tcase, pieces_hide_the_secret, 0, 192 - (int)strlen(SECRET) + 1);
	return suite_main(suite);
}
