/* SPDX-License-Identifier: MIT */
/*
 * Levels recoded: what a server sends, encoded here by zlib and cut into chunks, must come out
 * as whole packets of the receiver's dialect that hold the same volume and the same blocks; and
 * whatever a hostile server sends costs no more memory and work than level.h says. The one
 * idea: zlib's own functions are replaced here by ones that count, or refuse, what level.c asks
 * of them, and pass everything on.
 */
#include <check.h>
#include <dlfcn.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ZLIB_CONST
#include <zlib.h>

#include "level.h"
#include "suite.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define CHUNK_MAX    1024
#define CHUNK_SIZE   1028 /* of the packet */
#define VOLUME_LEN   4
#define KIB          1024
#define DAMAGED      "its level is damaged: "

/* ---- zlib, watched ---- */

static struct {
	size_t now, peak; /* bytes that zlib holds */
	unsigned calls;
	unsigned fail_at;  /* the allocation that fails, from 1; 0 = none */
	uint64_t inflated; /* bytes */
} watch;

static voidpf watched_alloc(voidpf opaque, uInt items, uInt size)
{
	void *p = malloc((size_t)items * size);

	(void)opaque;
	ck_assert_ptr_nonnull(p);
	if (++watch.calls == watch.fail_at) {
		free(p);
		return NULL;
	}
	watch.now += malloc_usable_size(p);
	if (watch.peak < watch.now)
		watch.peak = watch.now;
	return p;
}

static void watched_free(voidpf opaque, voidpf p)
{
	(void)opaque;
	watch.now -= malloc_usable_size(p);
	free(p);
}

static void unwatched(void *function, size_t size, const char *name)
{
	void *symbol = dlsym(RTLD_NEXT, name);

	ck_assert_ptr_nonnull(symbol);
	memcpy(function, &symbol, size);
}

int inflateInit2_(z_streamp stream, int bits, const char *version, int size)
{
	int (*next)(z_streamp, int, const char *, int);

	unwatched(&next, sizeof(next), "inflateInit2_");
	stream->zalloc = watched_alloc;
	stream->zfree = watched_free;
	return next(stream, bits, version, size);
}

int deflateInit2_(z_streamp stream, int level, int method, int bits, int memory, int strategy,
		  const char *version, int size)
{
	int (*next)(z_streamp, int, int, int, int, int, const char *, int);

	unwatched(&next, sizeof(next), "deflateInit2_");
	stream->zalloc = watched_alloc;
	stream->zfree = watched_free;
	return next(stream, level, method, bits, memory, strategy, version, size);
}

int inflate(z_streamp stream, int flush)
{
	int (*next)(z_streamp, int), status;
	uInt room = stream->avail_out;

	unwatched(&next, sizeof(next), "inflate");
	status = next(stream, flush);
	watch.inflated += room - stream->avail_out;
	return status;
}

/* ---- bytes ---- */

static uint64_t seed;

static uint32_t rnd(uint32_t below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % below;
}

struct bytes {
	uint8_t *data;
	size_t size, room;
};

static void append(struct bytes *bytes, const void *data, size_t size)
{
	if (bytes->room < bytes->size + size) {
		bytes->room = 2 * (bytes->size + size);
		bytes->data = realloc(bytes->data, bytes->room);
		ck_assert_ptr_nonnull(bytes->data);
	}
	if (size > 0)
		memcpy(bytes->data + bytes->size, data, size);
	bytes->size += size;
}

static void clear(struct bytes *bytes)
{
	free(bytes->data);
	*bytes = (struct bytes){0};
}

enum kind { RANDOM, LAYERED, CONSTANT, KINDS };

/* An array as gzip carries it: a volume, and `count` blocks. */
static struct bytes make_array(enum kind kind, uint32_t volume, size_t count)
{
	struct bytes array = {malloc(VOLUME_LEN + count), VOLUME_LEN + count, 0};

	ck_assert_ptr_nonnull(array.data);
	packet_put_u32(array.data, volume);
	memset(array.data + VOLUME_LEN, 7, count);
	for (size_t i = 0; i < count && kind != CONSTANT; i++) {
		uint32_t noise = rnd(256);

		if (kind == LAYERED)
			noise = (uint32_t)(i / 777 % 7) + (noise > 225);
		array.data[VOLUME_LEN + i] = (uint8_t)noise;
	}
	return array;
}

/* As a server encodes an array: gzip with the volume in front, or raw deflate. `finish` is
 * Z_FINISH, or Z_SYNC_FLUSH for a server that does not end its stream. */
static struct bytes encode(const struct bytes *array, bool is_gzip, int compression, int finish)
{
	size_t skip = is_gzip ? 0 : VOLUME_LEN, room = array->size + array->size / 100 + 1000;
	struct bytes out = {malloc(room), 0, room};
	z_stream stream = {.next_in = array->data + skip,
			   .avail_in = (uInt)(array->size - skip),
			   .next_out = out.data,
			   .avail_out = (uInt)room};

	ck_assert_ptr_nonnull(out.data);
	ck_assert_int_eq(deflateInit2(&stream, compression, Z_DEFLATED, is_gzip ? 31 : -15, 8,
				      Z_DEFAULT_STRATEGY),
			 Z_OK);
	ck_assert_int_eq(deflate(&stream, finish), finish == Z_FINISH ? Z_STREAM_END : Z_OK);
	out.size = room - stream.avail_out;
	deflateEnd(&stream);
	return out;
}

/* Inflates as much as can be. Strictly: one whole stream, CRC and length included, and nothing
 * behind it; else it may break off, but not be wrong. */
static struct bytes decode(const struct bytes *in, bool is_gzip, bool is_strict)
{
	z_stream stream = {.next_in = in->data, .avail_in = (uInt)in->size};
	struct bytes out = {0};
	uint8_t piece[4096];
	int status;

	ck_assert_int_eq(inflateInit2(&stream, is_gzip ? 31 : -15), Z_OK);
	do {
		stream.next_out = piece;
		stream.avail_out = sizeof(piece);
		status = inflate(&stream, Z_NO_FLUSH);
		append(&out, piece, sizeof(piece) - stream.avail_out);
	} while (status == Z_OK);
	ck_assert_msg(status == Z_STREAM_END || (status == Z_BUF_ERROR && !is_strict), "%d: %s",
		      status, stream.msg);
	ck_assert_uint_eq(stream.avail_in, 0);
	inflateEnd(&stream);
	return out;
}

/* ---- a transfer ---- */

/* A receiver with FastMap means a sender without, and the other way round. */
static const struct way {
	bool to_fast_map, from_eb, to_eb;
} ways[] = {
	{false, false, false}, {false, false, true}, {false, true, true},
	{true, false, false},  {true, false, true},  {true, true, true},
};
enum { TO_GZIP = 0, TO_FAST_MAP = 3, TO_FAST_MAP_EB = 5, WAYS = 6 };

struct transfer {
	struct way way;
	struct dialect from, to;
	struct bytes arrays[2], streams[2]; /* the sender's; the same, encoded */
	struct level *level;
	unsigned emits, emit_fails_at, memory_fails_at; /* from 1; 0 = never */
	uint8_t percent; /* of the latest chunk that the sender sent */
	struct bytes emitted;
	/* what emit() has found in that: */
	bool is_final;
	uint32_t volume;
	size_t chunks;
	struct bytes got[2]; /* the receiver's streams */
};

static void init_dialect(struct dialect *dialect, bool fast_map, bool extended_blocks)
{
	static struct packet_catalog catalog;

	packet_catalog_init(&catalog);
	dialect_init(dialect, &catalog, PACKET_PROTOCOL, true);
	dialect_set(dialect, &catalog, EXT_FAST_MAP, fast_map);
	dialect_set(dialect, &catalog, EXT_EXTENDED_BLOCKS, extended_blocks);
}

static struct transfer prepare(int way)
{
	struct transfer t = {.way = ways[way]};

	init_dialect(&t.from, !t.way.to_fast_map, t.way.from_eb);
	init_dialect(&t.to, t.way.to_fast_map, t.way.to_eb);
	ck_assert(level_wants(&t.from, &t.to));
	ck_assert(!level_wants(&t.from, &t.from));
	ck_assert(!level_wants(&t.to, &t.to));
	return t;
}

static void add_array(struct transfer *t, int i, enum kind kind, uint32_t volume, size_t count,
		      int compression)
{
	t->arrays[i] = make_array(kind, volume, count);
	t->streams[i] = encode(&t->arrays[i], t->way.to_fast_map, compression, Z_FINISH);
}

static struct transfer prepare_level(int way, enum kind kind, uint32_t volume, int compression)
{
	struct transfer t = prepare(way);

	add_array(&t, 0, kind, volume, volume, compression);
	add_array(&t, 1, rnd(KINDS), volume, volume, compression);
	return t;
}

/* Progress goes on as it is, and with ExtendedBlocks Percent selects an array. */
static void receive_chunk(struct transfer *t, const uint8_t *packet)
{
	static const uint8_t zeros[CHUNK_MAX];
	size_t size = packet_get_u16(packet + 1);
	uint8_t percent = packet[CHUNK_SIZE - 1];

	ck_assert_uint_ge(size, 1);
	ck_assert_uint_le(size, CHUNK_MAX);
	ck_assert_int_eq(memcmp(packet + 3 + size, zeros, CHUNK_MAX - size), 0);
	if (t->way.to_eb)
		ck_assert_uint_le(percent, t->way.from_eb);
	else
		ck_assert_uint_eq(percent, t->percent);
	append(&t->got[t->way.to_eb && percent != 0], packet + 3, size);
	t->chunks++;
}

/* Whole packets: LevelInitialize first and once, chunks, and nothing behind LevelFinalize. */
static bool emit(void *context, const uint8_t *packets, size_t size)
{
	struct transfer *t = context;
	size_t n;

	ck_assert_uint_gt(size, 0);
	ck_assert(t->emit_fails_at == 0 || t->emits < t->emit_fails_at);
	if (++t->emits == t->emit_fails_at)
		return false;
	for (size_t at = 0; at < size; at += n) {
		n = dialect_size(&t->to, PACKET_TO_CLIENT, packets[at]);
		ck_assert_uint_gt(n, 0);
		ck_assert_uint_le(at + n, size);
		ck_assert(!t->is_final);
		ck_assert_int_eq(packets[at] == OP_LEVEL_INITIALIZE, t->emitted.size == 0);
		append(&t->emitted, packets + at, n);
		if (packets[at] == OP_LEVEL_DATA_CHUNK)
			receive_chunk(t, packets + at);
		else if (packets[at] == OP_LEVEL_FINALIZE)
			t->is_final = true;
		else if (t->way.to_fast_map)
			t->volume = packet_get_u32(packets + at + 1);
	}
	return true;
}

static bool begin(struct transfer *t, uint32_t volume)
{
	uint8_t packet[PACKET_SIZE_MAX];

	t->emits = 0;
	memset(&watch, 0, sizeof(watch));
	watch.fail_at = t->memory_fails_at;
	packet_write_level_initialize(packet, &t->from, volume);
	t->level = level_new(&t->from, &t->to, packet, emit, t);
	ck_assert_uint_eq(watch.now, 0); /* until there is a chunk */
	return t->level != NULL;
}

/* Ends a level, and what it has left; the sender's side stays for another. */
static void stop(struct transfer *t)
{
	level_free(t->level);
	t->level = NULL;
	t->is_final = false;
	t->chunks = 0;
	ck_assert_uint_eq(watch.now, 0);
	clear(&t->emitted);
	clear(&t->got[0]);
	clear(&t->got[1]);
}

static void end(struct transfer *t)
{
	stop(t);
	for (int i = 0; i < 2; i++) {
		clear(&t->arrays[i]);
		clear(&t->streams[i]);
	}
}

/* The length may be none; then there is no data. The sender's padding is no zeros, which must
 * show nowhere. */
static bool send_chunk(struct transfer *t, const void *data, int length, uint8_t percent)
{
	size_t n = length < 0 || length > CHUNK_MAX ? 0 : (size_t)length;
	uint8_t packet[PACKET_SIZE_MAX];

	packet_write_level_chunk(packet, data, n, percent);
	memset(packet + 3 + n, 0xaa, CHUNK_MAX - n);
	packet_put_u16(packet + 1, (uint16_t)length);
	t->percent = percent;
	return level_chunk(t->level, packet);
}

/* The arrays first..last in chunks of `cut` bytes (0: random), in random turns. */
static bool send_arrays(struct transfer *t, uint32_t first, uint32_t last, size_t cut)
{
	size_t at[2] = {0}, left = 0;

	for (uint32_t i = first; i <= last; i++)
		left += t->streams[i].size;
	while (left > 0) {
		uint32_t i = first + rnd(last - first + 1), high = i * (1 + rnd(255));
		size_t size = cut != 0 ? cut : 1 + rnd(CHUNK_MAX), all = t->streams[i].size;
		size_t percent = t->way.from_eb ? high : 100 * at[i] / all;

		if (size > all - at[i])
			size = all - at[i];
		if (size > 0 &&
		    !send_chunk(t, t->streams[i].data + at[i], (int)size, (uint8_t)percent))
			return false;
		at[i] += size;
		left -= size;
	}
	return true;
}

static bool finalize(struct transfer *t, uint16_t x, uint16_t y, uint16_t z)
{
	uint8_t packet[PACKET_SIZE_MAX];

	packet_write_level_finalize(packet, x, y, z);
	ck_assert_int_eq(level_finalize(t->level, packet), t->is_final);
	return t->is_final;
}

/* ---- what came out ---- */

/* An array has arrived, the volume and the first `count` blocks of the sender's. Not strict:
 * the stream may lack its end, and the array the last of its blocks. Returns their number. */
static size_t check_array(struct transfer *t, int i, uint32_t volume, size_t count,
			  bool is_strict)
{
	size_t skip = t->way.to_fast_map ? 0 : VOLUME_LEN, blocks;
	struct bytes got = decode(&t->got[i], skip > 0, is_strict);

	ck_assert_uint_ge(got.size, skip);
	blocks = got.size - skip;
	ck_assert_uint_eq(skip > 0 ? packet_get_u32(got.data) : t->volume, volume);
	ck_assert_uint_le(blocks, count);
	ck_assert(!is_strict || blocks == count);
	if (blocks > 0)
		ck_assert_mem_eq(got.data + skip, t->arrays[i].data + VOLUME_LEN, blocks);
	clear(&got);
	return blocks;
}

/* The arrays first..last go through whole, in chunks that are full but for the last of an
 * array, and within the memory that is due to them. */
static void recode(struct transfer *t, int first, int last, size_t cut)
{
	uint32_t volume = packet_get_u32(t->arrays[0].data);
	size_t chunks = 0;

	ck_assert(begin(t, volume));
	ck_assert(send_arrays(t, (uint32_t)first, (uint32_t)last, cut));
	ck_assert(level_has_begun(t->level));
	ck_assert(finalize(t, 1, 2, 3));
	ck_assert_ptr_null(level_fault(t->level));
	ck_assert_uint_le(watch.peak + malloc_usable_size(t->level),
			  (size_t)(last - first + 1) * 256 * KIB);
	for (int i = 0; i < 2; i++) {
		if (i >= first && i <= last)
			check_array(t, i, volume, volume, true);
		else
			ck_assert_uint_eq(t->got[i].size, 0);
		chunks += (t->got[i].size + CHUNK_MAX - 1) / CHUNK_MAX;
	}
	ck_assert_uint_eq(t->chunks, chunks);
	ck_assert_mem_eq(t->emitted.data + t->emitted.size - 7, "\x04\0\1\0\2\0\3", 7);
	stop(t);
}

/* ---- levels that are as they should be ---- */

START_TEST(arrives_whole)
{
	static const uint32_t volumes[] = {1, 2, 1000, 8188, 8192, 8193, 40000};
	static const size_t cuts[] = {0, 1000, 1023, CHUNK_MAX, 3, 1}; /* small levels: all */
	static const int compressions[] = {0, 1, 9};

	for (size_t i = 0; i < COUNT(volumes) * COUNT(compressions) * KINDS; i++) {
		uint32_t volume = volumes[i / KINDS / COUNT(compressions)];
		uint32_t n_cuts = volume < 10000 ? COUNT(cuts) : COUNT(cuts) - 2;
		struct transfer t;

		seed = i;
		t = prepare_level(_i, i % KINDS, volume,
				  compressions[i / KINDS % COUNT(compressions)]);
		recode(&t, 0, 0, cuts[rnd(n_cuts)]);
		if (t.way.from_eb)
			recode(&t, 0, 1, cuts[rnd(n_cuts)]);
		if (t.way.from_eb && volume < 10000)
			recode(&t, 1, 1, cuts[rnd(n_cuts)]);
		end(&t);
	}
}
END_TEST

/* The vectors V10, V11 and V13 of the protocol. */
static const uint8_t v10[] = "\x1f\x8b\x08\0\0\0\0\0\0\xff\x01\x0c\0\xf3\xff\0\0\0\x08"
			     "\x07\x07\x07\x07\x02\x02\0\0\xad\xa3\xc7\x09\x0c\0\0";
static const uint8_t v11[] = "\x01\x08\0\xf7\xff\x07\x07\x07\x07\x02\x02\0";
static const uint8_t v13[] = "\x1f\x8b\x08\0\0\0\0\0\0\xff\0\x04\0\xfb\xff\0\0\0\x08"
			     "\x01\x08\0\xf7\xff\x07\x07\x07\x07\x02\x02\0\0"
			     "\xad\xa3\xc7\x09\x0c\0\0";

START_TEST(vectors)
{
	struct transfer to_gzip = prepare(TO_GZIP), to_fast_map = prepare(TO_FAST_MAP);
	uint8_t expected[3 * PACKET_SIZE_MAX];
	size_t size = packet_write_level_initialize(expected, &to_gzip.to, 8);

	size += packet_write_level_chunk(expected + size, v13, sizeof(v13), 100);
	size += packet_write_level_finalize(expected + size, 2, 2, 2);
	ck_assert(begin(&to_gzip, 8));
	ck_assert(send_chunk(&to_gzip, v11, sizeof(v11), 100));
	ck_assert(finalize(&to_gzip, 2, 2, 2));
	ck_assert_uint_eq(to_gzip.emitted.size, size);
	ck_assert_mem_eq(to_gzip.emitted.data, expected, size);
	end(&to_gzip);
	append(&to_fast_map.arrays[0], "\0\0\0\x08\7\7\7\7\2\2\0", 12);
	append(&to_fast_map.streams[0], v10, sizeof(v10));
	recode(&to_fast_map, 0, 0, CHUNK_MAX);
	to_fast_map.streams[0].data[sizeof(v10) - 8] ^=
		1; /* CRC: ignored, as the blocks are there */
	recode(&to_fast_map, 0, 0, 1);
	end(&to_fast_map);
}
END_TEST

/* Towards gzip it begins at once. Towards FastMap nothing goes out until the last byte of the
 * volume has come, and then LevelInitialize does, alone. */
START_TEST(begins_with_the_volume)
{
	struct transfer t = prepare_level(_i, RANDOM, 70000, 0);
	size_t at = 0,
	       expected = t.way.to_fast_map ? 10 + 5 + 4 : 0; /* header, stored, volume */

	ck_assert(begin(&t, 70000));
	while (!level_has_begun(t.level)) {
		ck_assert_uint_eq(t.emits, 0);
		ck_assert(send_chunk(&t, t.streams[0].data + at++, 1, 0));
	}
	ck_assert_uint_eq(at, expected);
	ck_assert_uint_eq(t.emits, 1);
	ck_assert_uint_eq(t.emitted.size, t.way.to_fast_map ? 5 : 1);
	if (t.way.to_fast_map)
		ck_assert_uint_eq(packet_get_u32(t.emitted.data + 1), 70000);
	end(&t);
}
END_TEST

/* ---- streams that end early, or not at all ---- */

/* Towards FastMap the volume is that of LevelFinalize's sizes then, as far as it fits. */
START_TEST(no_blocks_at_all)
{
	static const struct {
		bool has_chunk; /* an empty one */
		uint16_t x, y, z;
		uint32_t volume;
	} rows[] = {
		{false, 100, 200, 300, 6000000},
		{true, 100, 200, 300, 6000000},
		{true, 0, 1, 2, 0},
		{false, 65535, 65535, 65535, UINT32_MAX},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct transfer t = prepare(_i);

		ck_assert(begin(&t, 7));
		ck_assert(!rows[i].has_chunk || send_chunk(&t, NULL, 0, 0));
		ck_assert_int_eq(level_has_begun(t.level), !t.way.to_fast_map);
		ck_assert(finalize(&t, rows[i].x, rows[i].y, rows[i].z));
		ck_assert(level_has_begun(t.level));
		check_array(&t, 0, t.way.to_fast_map ? rows[i].volume : 7, 0, true);
		ck_assert_uint_eq(t.got[1].size, 0);
		end(&t);
	}
}
END_TEST

/* Wherever it is cut: what came goes on, and no more. What a flush has ended closes well. */
START_TEST(cut_short)
{
	struct transfer t = prepare_level(_i, LAYERED, 3000, 6);
	size_t whole = t.streams[0].size;

	for (size_t size = 0; size <= whole; size++) {
		t.streams[0].size = size;
		if (size == whole) {
			clear(&t.streams[0]);
			t.streams[0] = encode(&t.arrays[0], t.way.to_fast_map, 6, Z_SYNC_FLUSH);
		}
		ck_assert(begin(&t, 3000));
		ck_assert(send_arrays(&t, 0, 0, 50));
		ck_assert(finalize(&t, 3000, 1, 1));
		check_array(&t, 0, 3000, 3000, size == whole);
		stop(&t);
	}
	end(&t);
}
END_TEST

/* ---- hostile senders ---- */

/* clang-format off */
#define STREAM(text) text, sizeof(text) - 1
#define GZIP         "\x1f\x8b\x08\0\0\0\0\0\0\xff"
static const struct hostile {
	int way;
	uint32_t volume; /* in LevelInitialize, to gzip */
	const char *data;
	int length;
	const char *fault; /* behind DAMAGED; NULL: none */
} hostiles[] = {
	{TO_FAST_MAP, 0, STREAM("garbage"), "incorrect header check"},
	{TO_FAST_MAP, 0, STREAM("\x78\x9c\x03\0\0\0\0\1"), "incorrect header check"}, /* zlib's */
	{TO_FAST_MAP, 0, STREAM("\x1f\x8b\x07\0\0\0\0\0\0\xff"), "unknown compression method"},
	{TO_FAST_MAP, 0, STREAM("\x1f\x8b\x08\xff\0\0\0\0\0\xff"), "unknown header flags set"},
	{TO_FAST_MAP, 0, STREAM(GZIP "\x07"), "invalid block type"},
	{TO_FAST_MAP, 0, STREAM(GZIP "\0\5\0\xfa\xff\0\0\0\2\1\x07"), "invalid block type"},
	{TO_FAST_MAP, 0, STREAM(GZIP "\1\4\0\0\0"), "invalid stored block lengths"},
	{TO_GZIP, 1000, STREAM("\x07"), "invalid block type"},
	{TO_GZIP, 1000, STREAM("\1\4\0\0\0"), "invalid stored block lengths"},
	{TO_GZIP, 1000, STREAM("\x03\x02\0"), "invalid distance too far back"},
	{TO_GZIP, 1000, "", -1, "a chunk of -1 bytes"},
	{TO_GZIP, 1000, "", INT16_MAX, "a chunk of 32767 bytes"},
	{TO_FAST_MAP, 0, "", INT16_MIN, "a chunk of -32768 bytes"},
	{TO_FAST_MAP, 0, "", CHUNK_MAX + 1, "a chunk of 1025 bytes"},
	/* volumes 0, 2^31 and 2^32 - 1, and a name that never ends */
	{TO_FAST_MAP, 0, STREAM(GZIP "\1\4\0\xfb\xff\0\0\0\0"), NULL},
	{TO_FAST_MAP, 0, STREAM(GZIP "\1\5\0\xfa\xff\x80\0\0\0\1"), NULL},
	{TO_FAST_MAP, 0, STREAM(GZIP "\1\5\0\xfa\xff\xff\xff\xff\xff\1"), NULL},
	{TO_FAST_MAP, 0, STREAM("\x1f\x8b\x08\x08\0\0\0\0\0\xffname"), NULL},
	{TO_GZIP, 0, STREAM("\x01\x08\0\xf7\xff\7\7\7\7\2\2\0\0"), NULL},
	{TO_GZIP, 1u << 31, STREAM("\x01\x08\0\xf7\xff\7\7\7\7\2\2\0\0"), NULL},
	{TO_GZIP, UINT32_MAX, STREAM("\x01\x08\0\xf7\xff\7\7\7\7\2\2\0\0"), NULL},
};
/* clang-format on */

/* A failed level says why, and is silent from then on. */
static void check_failed(struct transfer *t, const char *fault)
{
	size_t before = t->emitted.size;

	for (int i = 0; i < 2; i++) {
		if (fault == NULL)
			ck_assert_ptr_null(level_fault(t->level));
		else
			ck_assert_str_eq(level_fault(t->level), fault);
		ck_assert(!send_chunk(t, v11, sizeof(v11), 0));
		ck_assert(!finalize(t, 1, 2, 3));
	}
	ck_assert_uint_eq(t->emitted.size, before);
}

START_TEST(hostile)
{
	const struct hostile *h = &hostiles[_i];
	struct transfer t = prepare(h->way);
	bool is_good = h->fault == NULL;
	char fault[128] = DAMAGED;

	ck_assert(begin(&t, h->volume));
	ck_assert_int_eq(send_chunk(&t, h->data, h->length, 0), is_good);
	ck_assert_uint_le(watch.inflated, is_good && h->volume == 0 ? 5 : 8);
	if (is_good)
		ck_assert(finalize(&t, 1, 2, 3));
	else
		check_failed(&t, strncat(fault, h->fault, 64));
	if (is_good && h->way == TO_GZIP) /* behind the header and that of a stored block */
		ck_assert_uint_eq(packet_get_u32(t.got[0].data + 15), h->volume);
	end(&t);
}
END_TEST

/* More blocks than the volume says, and then anything at all: neither inflated nor kept.
 * Towards gzip the sender's own bytes go on, as far as they were read. */
START_TEST(behind_the_volume)
{
	static const size_t surplus[] = {0, 1, 40000};
	size_t count = 20000 + surplus[_i % 3];
	struct transfer t = prepare(_i / 3);
	bool is_strict = count == 20000 || t.way.to_fast_map;

	add_array(&t, 0, LAYERED, 20000, count, 6);
	ck_assert(begin(&t, 20000));
	ck_assert(send_arrays(&t, 0, 0, 700));
	for (int i = 0; i < 300; i++)
		ck_assert(send_chunk(&t, t.arrays[0].data + i, CHUNK_MAX, 0));
	ck_assert(finalize(&t, 1, 2, 3));
	ck_assert_uint_le(watch.inflated, VOLUME_LEN + 20000);
	ck_assert_uint_le(t.emitted.size, 2 * t.streams[0].size + 4 * CHUNK_SIZE);
	ck_assert_uint_ge(check_array(&t, 0, 20000, is_strict ? 20000 : count, is_strict),
			  20000);
	end(&t);
}
END_TEST

/* The second array says another volume: the first that was known holds for both. */
START_TEST(two_volumes)
{
	struct transfer t = prepare(TO_FAST_MAP_EB);

	add_array(&t, 0, LAYERED, 300, 300, 6);
	add_array(&t, 1, LAYERED, 100000, 100000, 6);
	ck_assert(begin(&t, 0));
	ck_assert(send_arrays(&t, 0, 0, 0));
	ck_assert(send_arrays(&t, 1, 1, 0));
	ck_assert(finalize(&t, 1, 2, 3));
	ck_assert_uint_le(watch.inflated, 2 * (VOLUME_LEN + 300));
	check_array(&t, 0, 300, 300, true);
	check_array(&t, 1, 300, 300, true);
	end(&t);
}
END_TEST

/* 8 MiB of the same block in 8 KiB, of an honest volume, of a huge one, or of a tiny one. */
START_TEST(bomb)
{
	static const uint32_t volumes[] = {8 * KIB * KIB, 1u << 31, 1000};
	uint32_t volume = volumes[_i % 3];
	struct transfer t = prepare(_i / 3);

	add_array(&t, 0, CONSTANT, volume, (size_t)8 * KIB * KIB, 9);
	ck_assert_uint_le(t.streams[0].size, 10 * KIB);
	ck_assert(begin(&t, volume));
	ck_assert(send_arrays(&t, 0, 0, CHUNK_MAX));
	ck_assert(finalize(&t, 1, 2, 3));
	ck_assert_uint_le(watch.inflated, VOLUME_LEN + (uint64_t)volume);
	ck_assert_uint_le(watch.peak + malloc_usable_size(t.level), 256 * KIB);
	ck_assert_uint_le(t.emitted.size, (volume == 1000 ? 3 : 60) * CHUNK_SIZE);
	end(&t);
}
END_TEST

static void overturn(struct transfer *t)
{
	for (uint32_t i = rnd(4); i < 5; i++) {
		struct bytes *stream = &t->streams[rnd(2)];

		stream->data[rnd(40 + rnd(1000)) % stream->size] ^= (uint8_t)(1 + rnd(255));
	}
}

/* Bytes of the streams overturned: no failure that is not told, and whole packets always. */
START_TEST(corrupt)
{
	unsigned damaged = 0, rounds = 500;

	for (unsigned round = 0; round < rounds; round++) {
		struct transfer t;
		const char *fault;
		bool is_done;

		seed = round;
		t = prepare_level(_i, rnd(KINDS), 3000, (int)rnd(10));
		overturn(&t);
		ck_assert(begin(&t, 3000));
		is_done = send_arrays(&t, 0, t.way.from_eb, 1 + rnd(CHUNK_MAX)) &&
			  finalize(&t, 1, 2, 3);
		fault = level_fault(t.level);
		ck_assert_int_eq(is_done, fault == NULL);
		ck_assert(is_done || strncmp(fault, DAMAGED, strlen(DAMAGED)) == 0);
		damaged += !is_done;
		end(&t);
	}
	ck_assert_uint_gt(damaged, rounds / 4); /* or it tests nothing */
	ck_assert_uint_lt(damaged, rounds);
}
END_TEST

/* ---- failing neighbours ---- */

/* A level of two arrays, where there can be, all through; false as soon as anything is. */
static bool run(struct transfer *t)
{
	return begin(t, packet_get_u32(t->arrays[0].data)) &&
	       send_arrays(t, 0, t->way.from_eb, 0) && finalize(t, 1, 2, 3);
}

START_TEST(emit_fails)
{
	struct transfer t = prepare_level(_i, RANDOM, 60000, 6);
	unsigned n = 1;

	for (t.emit_fails_at = n; !run(&t); t.emit_fails_at = ++n) {
		ck_assert_uint_eq(t.emits, n);
		if (t.level == NULL)
			ck_assert_uint_eq(n, 1);
		else
			check_failed(&t, NULL);
		stop(&t);
	}
	ck_assert_uint_gt(n, 10);
	end(&t);
}
END_TEST

START_TEST(no_memory)
{
	struct transfer t = prepare_level(_i, LAYERED, 60000, 6);
	unsigned n = 1;

	for (t.memory_fails_at = n; !run(&t); t.memory_fails_at = ++n) {
		check_failed(&t, "Kurafuto is out of memory");
		stop(&t);
	}
	ck_assert_uint_gt(n, t.way.from_eb ? 4 : 2);
	end(&t);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("level");
	TCase *tcase = tcase_create("level");

	tcase_add_loop_test(tcase, arrives_whole, 0, WAYS);
	tcase_add_test(tcase, vectors);
	tcase_add_loop_test(tcase, begins_with_the_volume, 0, WAYS);
	tcase_add_loop_test(tcase, no_blocks_at_all, 0, WAYS);
	tcase_add_loop_test(tcase, cut_short, 0, WAYS);
	tcase_add_loop_test(tcase, hostile, 0, COUNT(hostiles));
	tcase_add_loop_test(tcase, behind_the_volume, 0, 3 * WAYS);
	tcase_add_test(tcase, two_volumes);
	tcase_add_loop_test(tcase, bomb, 0, 3 * WAYS);
	tcase_add_loop_test(tcase, corrupt, 0, WAYS);
	tcase_add_loop_test(tcase, emit_fails, 0, WAYS);
	tcase_add_loop_test(tcase, no_memory, 0, WAYS);
	suite_add_tcase(suite, tcase);
	return suite_main(suite);
}
