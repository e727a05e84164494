/* SPDX-License-Identifier: MIT */
/*
 * Frames of WebSocket: the examples of RFC 6455, tables of good and bad streams, each read at
 * once and torn in two at every place, byte for byte what is written, and long streams of
 * random frames in random pieces.
 */
#include <stdlib.h>
#include <string.h>

#include "suite.h"
#include "websocket.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ROUNDS       60
#define X25          "xxxxxxxxxxxxxxxxxxxxxxxxx"
#define X125         X25 X25 X25 X25 X25

/* Bytes with their number, NULs and all. */
#define BYTES(text) (text), sizeof(text) - 1

/* A mask of zeros leaves what it masks readable. */
#define Z "\0\0\0\0"

/* ---- reading ---- */

/* Reads copies of just these bytes, so that ASan sees a byte too many; adds to payload. */
static size_t read_copy(struct websocket_reader *reader, uint8_t *payload, const char *data,
			size_t size)
{
	uint8_t *copy = malloc(size + (size == 0));

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, data, size);
	size_t n = websocket_read(reader, copy, size);
	ck_assert_uint_le(n, size);
	memcpy(payload, copy, n);
	free(copy);
	return n;
}

/* In two pieces, the first of which has `cut` bytes. */
static size_t read_torn(struct websocket_reader *reader, enum websocket_role role,
			uint8_t *payload, const char *data, size_t size, size_t cut)
{
	size_t n;

	websocket_reader_init(reader, role);
	n = read_copy(reader, payload, data, cut);
	return n + read_copy(reader, payload + n, data + cut, size - cut);
}

/* clang-format off */
static const struct {
	enum websocket_role role;
	const char *data;
	size_t size;
	const char *payload;
	size_t payload_size;
	const char *ping; /* NULL: there is none */
	unsigned status;  /* of a close; 0: there is none */
} good[] = {
	/* RFC 6455, 5.7 */
	{WEBSOCKET_CLIENT, BYTES("\x81\x05Hello"), BYTES("Hello"), NULL, 0},
	{WEBSOCKET_SERVER, BYTES("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), BYTES("Hello"), NULL, 0},
	{WEBSOCKET_CLIENT, BYTES("\x01\x03Hel\x80\x02lo"), BYTES("Hello"), NULL, 0},
	{WEBSOCKET_CLIENT, BYTES("\x89\x05Hello"), BYTES(""), "Hello", 0},
	{WEBSOCKET_SERVER, BYTES("\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), BYTES(""), NULL, 0},
	{WEBSOCKET_SERVER, BYTES("\x89\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), BYTES(""), "Hello", 0},
	/* packets of Classic */
	{WEBSOCKET_CLIENT, BYTES("\x82\x01\x01"), BYTES("\x01"), NULL, 0},
	{WEBSOCKET_SERVER, BYTES("\x82\x82\x01\x02\x03\x04\x12\x03"), BYTES("\x13\x01"), NULL, 0},
	/* lengths: 125, 126 and those of two bytes */
	{WEBSOCKET_CLIENT, BYTES("\x82\x7d" X125), BYTES(X125), NULL, 0},
	{WEBSOCKET_CLIENT, BYTES("\x82\x7e\x00\x7e" X125 "y"), BYTES(X125 "y"), NULL, 0},
	{WEBSOCKET_SERVER, BYTES("\x82\xfe\x00\x7e" Z X125 "y"), BYTES(X125 "y"), NULL, 0},
	{WEBSOCKET_SERVER, BYTES("\x82\xfe\x01\x03" Z X125 X125 "123456789"), BYTES(X125 X125 "123456789"), NULL, 0},
	/* nothing, also between */
	{WEBSOCKET_SERVER, BYTES(""), BYTES(""), NULL, 0},
	{WEBSOCKET_CLIENT, BYTES("\x82\x00"), BYTES(""), NULL, 0},
	{WEBSOCKET_SERVER, BYTES("\x81\x80" "abcd"), BYTES(""), NULL, 0},
	{WEBSOCKET_CLIENT, BYTES("\x82\x00\x82\x01" "a\x82\x00\x82\x01" "b"), BYTES("ab"), NULL, 0},
	{WEBSOCKET_CLIENT, BYTES("\x02\x00\x00\x00\x80\x00\x82\x01" "b"), BYTES("b"), NULL, 0},
	/* pieces, with control frames between; each frame has its own mask */
	{WEBSOCKET_CLIENT, BYTES("\x02\x01" "a\x89\x01p\x00\x01" "b\x8a\x00\x80\x01" "c\x82\x01" "d"), BYTES("abcd"), "p", 0},
	{WEBSOCKET_SERVER, BYTES("\x02\x83\x01\x02\x03\x04" "```" "\x80\x81\x03\x02\x01\x00" "b"), BYTES("abca"), NULL, 0},
	{WEBSOCKET_SERVER, BYTES("\x82\x85" "ABCD" "     " "\x89\x81" "ABCD" "1" "\x82\x81" "DCBA" " "), BYTES("abcdad"), "p", 0},
	/* the last ping; an empty one; the longest */
	{WEBSOCKET_CLIENT, BYTES("\x89\x03" "one\x89\x02" "tw"), BYTES(""), "tw", 0},
	{WEBSOCKET_CLIENT, BYTES("\x89\x03" "one\x89\x00"), BYTES(""), "", 0},
	{WEBSOCKET_SERVER, BYTES("\x89\xfd" Z X125), BYTES(""), X125, 0},
	{WEBSOCKET_CLIENT, BYTES("\x89\x01p\x8a\x02no\x88\x00"), BYTES(""), "p", 1005},
	/* closes, behind which nothing counts */
	{WEBSOCKET_CLIENT, BYTES("\x82\x01" "a\x88\x00\x82\x01" "b\xff\xff"), BYTES("a"), NULL, 1005},
	{WEBSOCKET_SERVER, BYTES("\x88\x80" "abcd"), BYTES(""), NULL, 1005},
	{WEBSOCKET_CLIENT, BYTES("\x88\x02\x03\xe8"), BYTES(""), NULL, 1000},
	{WEBSOCKET_CLIENT, BYTES("\x88\x05\x03\xe9" "bye"), BYTES(""), NULL, 1001},
	{WEBSOCKET_CLIENT, BYTES("\x02\x01" "a\x88\x02\x03\xeb"), BYTES("a"), NULL, 1003},
	{WEBSOCKET_CLIENT, BYTES("\x88\x02\x03\xef"), BYTES(""), NULL, 1007},
	{WEBSOCKET_CLIENT, BYTES("\x88\x02\x03\xf6"), BYTES(""), NULL, 1014},
	{WEBSOCKET_CLIENT, BYTES("\x88\x02\x0b\xb8"), BYTES(""), NULL, 3000},
	{WEBSOCKET_SERVER, BYTES("\x88\x82" Z "\x13\x87"), BYTES(""), NULL, 4999},
	{WEBSOCKET_CLIENT, BYTES("\x88\x7d\x03\xe8" X25 X25 X25 X25 "xxxxxxxxxxxxxxxxxxxxxxx"), BYTES(""), NULL, 1000},
};
/* clang-format on */

static void expect_good(const struct websocket_reader *reader, size_t row)
{
	const char *ping = good[row].ping;

	ck_assert_msg(reader->fault == NULL, "%s", reader->fault);
	ck_assert_uint_eq(reader->status, good[row].status);
	ck_assert_int_eq(reader->is_closed, good[row].status != 0);
	ck_assert_int_eq(reader->has_ping, ping != NULL);
	if (ping != NULL) {
		ck_assert_uint_eq(reader->control_size, strlen(ping));
		ck_assert_mem_eq(reader->control, ping, strlen(ping));
	}
}

START_TEST(a_good_stream)
{
	struct websocket_reader reader;
	uint8_t payload[512];

	for (size_t cut = 0; cut <= good[_i].size; cut++) {
		size_t n = read_torn(&reader, good[_i].role, payload, good[_i].data,
				     good[_i].size, cut);
		ck_assert_uint_eq(n, good[_i].payload_size);
		ck_assert_mem_eq(payload, good[_i].payload, n);
		expect_good(&reader, (size_t)_i);
	}
}
END_TEST

/* Each is found at its last byte, and not before. */
/* clang-format off */
static const struct {
	enum websocket_role role;
	const char *data;
	size_t size;
	const char *fault;
} bad[] = {
	{WEBSOCKET_CLIENT, BYTES("\xc2"), "reserved bit"},
	{WEBSOCKET_CLIENT, BYTES("\xa2"), "reserved bit"},
	{WEBSOCKET_SERVER, BYTES("\x92"), "reserved bit"},
	{WEBSOCKET_SERVER, BYTES("\x42"), "reserved bit"},
	{WEBSOCKET_CLIENT, BYTES("\x82\x01" "a\xc8"), "reserved bit"},
	{WEBSOCKET_CLIENT, BYTES("\x83"), "reserved opcode"},
	{WEBSOCKET_CLIENT, BYTES("\x84"), "reserved opcode"},
	{WEBSOCKET_CLIENT, BYTES("\x05"), "reserved opcode"},
	{WEBSOCKET_CLIENT, BYTES("\x86"), "reserved opcode"},
	{WEBSOCKET_CLIENT, BYTES("\x87"), "reserved opcode"},
	{WEBSOCKET_SERVER, BYTES("\x8b"), "reserved opcode"},
	{WEBSOCKET_SERVER, BYTES("\x8c"), "reserved opcode"},
	{WEBSOCKET_SERVER, BYTES("\x8d"), "reserved opcode"},
	{WEBSOCKET_SERVER, BYTES("\x8e"), "reserved opcode"},
	{WEBSOCKET_SERVER, BYTES("\x8f"), "reserved opcode"},
	/* masks */
	{WEBSOCKET_SERVER, BYTES("\x82\x01"), "not masked"},
	{WEBSOCKET_SERVER, BYTES("\x82\x00"), "not masked"},
	{WEBSOCKET_SERVER, BYTES("\x88\x7e"), "not masked"},
	{WEBSOCKET_SERVER, BYTES("\x82\x81" "ABCD" " " "\x82\x01"), "not masked"},
	{WEBSOCKET_CLIENT, BYTES("\x82\x81"), "is masked"},
	{WEBSOCKET_CLIENT, BYTES("\x8a\x80"), "is masked"},
	/* control frames */
	{WEBSOCKET_CLIENT, BYTES("\x08"), "in pieces"},
	{WEBSOCKET_CLIENT, BYTES("\x09"), "in pieces"},
	{WEBSOCKET_SERVER, BYTES("\x0a"), "in pieces"},
	{WEBSOCKET_CLIENT, BYTES("\x89\x7e"), "longer than 125"},
	{WEBSOCKET_CLIENT, BYTES("\x88\x7f"), "longer than 125"},
	{WEBSOCKET_SERVER, BYTES("\x8a\xfe"), "longer than 125"},
	/* messages */
	{WEBSOCKET_CLIENT, BYTES("\x80"), "no message"},
	{WEBSOCKET_CLIENT, BYTES("\x00"), "no message"},
	{WEBSOCKET_CLIENT, BYTES("\x82\x01" "a\x80"), "no message"},
	{WEBSOCKET_CLIENT, BYTES("\x02\x01" "a\x80\x01" "b\x80"), "no message"},
	{WEBSOCKET_CLIENT, BYTES("\x02\x00\x82"), "within another"},
	{WEBSOCKET_CLIENT, BYTES("\x01\x01" "a\x00\x01" "b\x8a\x00\x01"), "within another"},
	/* lengths */
	{WEBSOCKET_CLIENT, BYTES("\x82\x7e\x00\x00"), "shortest"},
	{WEBSOCKET_CLIENT, BYTES("\x82\x7e\x00\x7d"), "shortest"},
	{WEBSOCKET_SERVER, BYTES("\x82\xfe\x00\x7d"), "shortest"},
	{WEBSOCKET_CLIENT, BYTES("\x82\x7f\0\0\0\0\0\0\0\0"), "shortest"},
	{WEBSOCKET_CLIENT, BYTES("\x82\x7f\0\0\0\0\0\0\xff\xff"), "shortest"},
	{WEBSOCKET_SERVER, BYTES("\x82\xff\0\0\0\0\0\0\x01\x00"), "shortest"},
	{WEBSOCKET_CLIENT, BYTES("\x82\x7f\x80\0\0\0\0\0\0\0"), "2^63"},
	{WEBSOCKET_SERVER, BYTES("\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff"), "2^63"},
	/* closes */
	{WEBSOCKET_CLIENT, BYTES("\x88\x01\x03"), "half a status"},
	{WEBSOCKET_CLIENT, BYTES("\x88\x02\0\0"), "never sent"},
	{WEBSOCKET_CLIENT, BYTES("\x88\x02\x03\xe7"), "never sent"},
	{WEBSOCKET_CLIENT, BYTES("\x88\x02\x03\xec"), "never sent"},
	{WEBSOCKET_CLIENT, BYTES("\x88\x02\x03\xed"), "never sent"},
	{WEBSOCKET_CLIENT, BYTES("\x88\x03\x03\xeex"), "never sent"},
	{WEBSOCKET_CLIENT, BYTES("\x88\x02\x03\xf7"), "never sent"},
	{WEBSOCKET_CLIENT, BYTES("\x88\x02\x0b\xb7"), "never sent"},
	{WEBSOCKET_SERVER, BYTES("\x88\x82" Z "\x13\x88"), "never sent"},
	{WEBSOCKET_CLIENT, BYTES("\x88\x02\xff\xff"), "never sent"},
};
/* clang-format on */

START_TEST(a_bad_stream)
{
	struct websocket_reader reader;
	uint8_t payload[512];
	size_t size = bad[_i].size;
	char more[64];

	read_torn(&reader, bad[_i].role, payload, bad[_i].data, size - 1, 0);
	ck_assert_msg(reader.fault == NULL, "too early: %s", reader.fault);
	for (size_t cut = 0; cut <= size; cut++) {
		read_torn(&reader, bad[_i].role, payload, bad[_i].data, size, cut);
		ck_assert_ptr_nonnull(reader.fault);
		ck_assert_msg(strstr(reader.fault, bad[_i].fault) != NULL, "%s", reader.fault);
		ck_assert_uint_eq(reader.status, WEBSOCKET_PROTOCOL_ERROR);
		ck_assert(!reader.is_closed);
	}
	/* nothing counts behind it, be it ever so good */
	ck_assert_uint_eq(read_copy(&reader, payload,
				    BYTES("\x82\x01"
					  "a")),
			  0);
	ck_assert_ptr_nonnull(reader.fault);
	memcpy(more, bad[_i].data, size);
	memcpy(more + size,
	       "\x82\x01"
	       "a",
	       3);
	size_t n = read_torn(&reader, bad[_i].role, payload, more, size, 0);
	ck_assert_uint_eq(read_torn(&reader, bad[_i].role, payload, more, size + 3, 0), n);
}
END_TEST

/* What came before a fault and before a close counts. */
START_TEST(what_comes_before_counts)
{
	struct websocket_reader reader;
	uint8_t payload[16];

	websocket_reader_init(&reader, WEBSOCKET_CLIENT);
	ck_assert_uint_eq(read_copy(&reader, payload,
				    BYTES("\x82\x02"
					  "ab\x89\x01p\x83"
					  "xx")),
			  2);
	ck_assert_mem_eq(payload, "ab", 2);
	ck_assert(reader.has_ping && reader.fault != NULL);

	websocket_reader_init(&reader, WEBSOCKET_CLIENT);
	ck_assert_uint_eq(read_copy(&reader, payload,
				    BYTES("\x82\x02"
					  "ab\x88\x00\x83")),
			  2);
	ck_assert_uint_eq(read_copy(&reader, payload,
				    BYTES("\x82\x01"
					  "c\x83")),
			  0);
	ck_assert(reader.is_closed && reader.fault == NULL && !reader.has_ping);
}
END_TEST

/* A ping that is half there leaves the one before it whole. */
START_TEST(half_a_ping)
{
	struct websocket_reader reader;
	uint8_t payload[16], out[WEBSOCKET_REPLY_MAX];

	websocket_reader_init(&reader, WEBSOCKET_CLIENT);
	read_copy(&reader, payload, BYTES("\x89\x03one\x89\x03tw"));
	ck_assert(reader.has_ping);
	ck_assert_uint_eq(websocket_write_pong(out, &reader, NULL), 5);
	ck_assert_mem_eq(out, "\x8a\x03one", 5);
	reader.has_ping = false;
	read_copy(&reader, payload, BYTES("o"));
	ck_assert(reader.has_ping);
	ck_assert_uint_eq(websocket_write_pong(out, &reader, NULL), 5);
	ck_assert_mem_eq(out, "\x8a\x03two", 5);
}
END_TEST

/* A frame of 2^63 - 1 bytes is as good as any other: nobody keeps it. */
START_TEST(the_longest_frame)
{
	struct websocket_reader reader;
	uint8_t payload[16];

	websocket_reader_init(&reader, WEBSOCKET_CLIENT);
	read_copy(&reader, payload, BYTES("\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff"));
	for (int i = 0; i < 100; i++)
		ck_assert_uint_eq(read_copy(&reader, payload, BYTES("\x88\x01\x83")), 3);
	ck_assert(reader.fault == NULL && !reader.is_closed);
}
END_TEST

/* ---- writing ---- */

static const uint8_t mask[4] = {1, 2, 3, 4};

/* clang-format off */
static const struct {
	size_t size;
	const char *header, *masked; /* of a binary frame */
	size_t header_size, masked_size;
} headers[] = {
	{0, "\x82\x00", "\x82\x80\1\2\3\4", 2, 6},
	{1, "\x82\x01", "\x82\x81\1\2\3\4", 2, 6},
	{125, "\x82\x7d", "\x82\xfd\1\2\3\4", 2, 6},
	{126, "\x82\x7e\x00\x7e", "\x82\xfe\x00\x7e\1\2\3\4", 4, 8},
	{131, "\x82\x7e\x00\x83", "\x82\xfe\x00\x83\1\2\3\4", 4, 8},
	{65535, "\x82\x7e\xff\xff", "\x82\xfe\xff\xff\1\2\3\4", 4, 8},
	{65536, "\x82\x7f\0\0\0\0\0\1\0\0", "\x82\xff\0\0\0\0\0\1\0\0\1\2\3\4", 10, 14},
};
/* clang-format on */

START_TEST(a_header)
{
	uint8_t out[WEBSOCKET_HEADER_MAX];
	size_t size = headers[_i].size;

	ck_assert_uint_eq(websocket_write_header(out, WEBSOCKET_BINARY, size, NULL),
			  headers[_i].header_size);
	ck_assert_mem_eq(out, headers[_i].header, headers[_i].header_size);
	ck_assert_uint_eq(websocket_write_header(out, WEBSOCKET_BINARY, size, mask),
			  headers[_i].masked_size);
	ck_assert_mem_eq(out, headers[_i].masked, headers[_i].masked_size);
}
END_TEST

START_TEST(control_frames)
{
	struct websocket_reader reader;
	uint8_t out[WEBSOCKET_REPLY_MAX], payload[16];
	size_t n;

	websocket_reader_init(&reader, WEBSOCKET_CLIENT);
	read_copy(&reader, payload, BYTES("\x89\x02\x13\x01"));
	ck_assert_uint_eq(websocket_write_pong(out, &reader, NULL), 4);
	ck_assert_mem_eq(out, "\x8a\x02\x13\x01", 4);
	ck_assert_uint_eq(websocket_write_pong(out, &reader, mask), 8);
	ck_assert_mem_eq(out, "\x8a\x82\1\2\3\4\x12\x03", 8);
	read_copy(&reader, payload, BYTES("\x89\x7d" X125));
	n = websocket_write_pong(out, &reader, mask);
	ck_assert_uint_eq(n, 131);
	ck_assert_uint_eq(out[130], 'x' ^ 1);

	ck_assert_uint_eq(websocket_write_close(out, WEBSOCKET_GOING_AWAY, NULL), 4);
	ck_assert_mem_eq(out, "\x88\x02\x03\xe9", 4);
	ck_assert_uint_eq(websocket_write_close(out, WEBSOCKET_PROTOCOL_ERROR, mask), 8);
	ck_assert_mem_eq(out, "\x88\x82\1\2\3\4\x02\xe8", 8);
	ck_assert_uint_eq(websocket_write_close(out, WEBSOCKET_NO_STATUS, NULL), 2);
	ck_assert_mem_eq(out, "\x88\x00", 2);
	ck_assert_uint_eq(websocket_write_close(out, WEBSOCKET_NO_STATUS, mask), 6);
	ck_assert_mem_eq(out, "\x88\x80\1\2\3\4", 6);
}
END_TEST

/* Against the definition (5.3), at each place of a word and each place of the mask. */
START_TEST(masking)
{
	uint8_t bytes[80], expected[80];

	for (size_t from = 0; from < 9; from++)
		for (size_t size = 0; from + size <= sizeof(bytes); size++)
			for (uint64_t at = 0; at < 9; at++) {
				for (size_t i = 0; i < sizeof(bytes); i++)
					expected[i] = bytes[i] = (uint8_t)random();
				for (size_t i = 0; i < size; i++)
					expected[from + i] ^= mask[(at + i) % 4];
				websocket_mask(bytes + from, size, mask, at);
				REQUIRE(memcmp(bytes, expected, sizeof(bytes)) == 0);
			}
}
END_TEST

/* ---- long streams ---- */

#define STREAM_MAX (1 << 19)

/* A stream of frames, and what is in them. */
struct stream {
	enum websocket_role reader; /* whom they go to */
	uint8_t frames[STREAM_MAX], payload[STREAM_MAX];
	size_t size, payload_size;
};

static void add_frame(struct stream *stream, enum websocket_opcode opcode, size_t size)
{
	uint8_t key[4];
	const uint8_t *used = stream->reader == WEBSOCKET_SERVER ? key : NULL;

	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)random();
	stream->size +=
		websocket_write_header(stream->frames + stream->size, opcode, size, used);
	uint8_t *body = stream->frames + stream->size;
	for (size_t i = 0, first = (size_t)random(); i < size; i++)
		body[i] = (uint8_t)((first + i) * 2654435761U >> 16);
	if (opcode == WEBSOCKET_BINARY) {
		memcpy(stream->payload + stream->payload_size, body, size);
		stream->payload_size += size;
	}
	if (used != NULL)
		websocket_mask(body, size, key, 0);
	stream->size += size;
}

static void fill(struct stream *stream, enum websocket_role reader)
{
	static const size_t sizes[] = {1, 20, 126, 127, 1400, 65536, 70000};

	stream->reader = reader;
	stream->size = stream->payload_size = 0;
	for (int i = 0; i < 40 && stream->size + 70014 <= STREAM_MAX; i++) {
		bool is_control = random() % 4 == 0;
		size_t max = is_control ? 126 : sizes[(size_t)random() % COUNT(sizes)];
		add_frame(stream, is_control ? WEBSOCKET_PING : WEBSOCKET_BINARY,
			  (size_t)random() % max);
	}
}

/* In pieces of up to `most` bytes; the payload takes the place of the frames. */
static void expect_payload(struct stream *stream, size_t most)
{
	struct websocket_reader reader;
	size_t in = 0, out = 0;

	websocket_reader_init(&reader, stream->reader);
	while (in < stream->size) {
		size_t n = 1 + (size_t)random() % most, left = stream->size - in;
		size_t got = websocket_read(&reader, stream->frames + in, n < left ? n : left);

		memmove(stream->frames + out, stream->frames + in, got);
		in += n < left ? n : left;
		out += got;
	}
	REQUIRE(reader.fault == NULL && !reader.is_closed);
	REQUIRE(out == stream->payload_size);
	REQUIRE(memcmp(stream->frames, stream->payload, out) == 0);
}

START_TEST(long_streams)
{
	static const size_t most[] = {1, 3, 100, 4096, 100000, STREAM_MAX};
	struct stream *stream = malloc(sizeof(*stream));

	ck_assert_ptr_nonnull(stream);
	srandom(1);
	for (size_t round = 0; round < ROUNDS; round++) {
		fill(stream, round % 2 ? WEBSOCKET_SERVER : WEBSOCKET_CLIENT);
		expect_payload(stream, most[round % COUNT(most)]);
	}
	free(stream);
}
END_TEST

static Suite *websocket_suite(void)
{
	Suite *suite = suite_create("websocket");
	TCase *tcase = tcase_create("all");

	suite_add_tcase(suite, tcase);
	tcase_add_loop_test(tcase, a_good_stream, 0, COUNT(good));
	tcase_add_loop_test(tcase, a_bad_stream, 0, COUNT(bad));
	tcase_add_test(tcase, what_comes_before_counts);
	tcase_add_test(tcase, half_a_ping);
	tcase_add_test(tcase, the_longest_frame);
	tcase_add_loop_test(tcase, a_header, 0, COUNT(headers));
	tcase_add_test(tcase, control_frames);
	tcase_add_test(tcase, masking);
	tcase_add_test(tcase, long_streams);
	return suite;
}

int main(void)
{
	return suite_main(websocket_suite());
}
