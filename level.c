/* SPDX-License-Identifier: MIT */
/*
 * Levels between gzip and raw deflate. The one idea: an array is a stream that is inflated a
 * piece at a time, never beyond the volume that was announced, and never kept. Towards FastMap
 * the pieces are deflated again; towards gzip the sender's deflate bytes themselves go on
 * between a header and a trailer, and the pieces only make the CRC. What comes out is cut anew
 * into chunks, which leave when they are full.
 *
 * Memory of a level, as zlib 1.2.13 asks for it (tests/test_level.c holds it to its bounds):
 * inflate 39 KiB and deflate 102 KiB for an array, and 21 KiB here. That is 162 KiB with one
 * array and 303 KiB with two; towards gzip, where nothing is deflated, 60 and 99 KiB.
 */
#include "level.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ZLIB_CONST
#include <zlib.h>

#define ARRAYS     2 /* the low and the high bytes of the block ids */
#define CHUNK_MAX  1024
#define VOLUME_LEN 4 /* in front of the blocks of a gzip stream */

/* What zlib is asked for. A sender may have used the whole window, so inflate needs all of it;
 * a terrain deflates no better with more than these 16 KiB, as its layers are further apart. */
#define INFLATE_BITS 15
#define GZIP_BITS    (INFLATE_BITS + 16)
#define DEFLATE_BITS 14
#define MEM_LEVEL    6

#define PIECE_LEN 8192                  /* inflated at a time */
#define QUEUE_LEN (8 * PACKET_SIZE_MAX) /* packets that leave together */

struct array {
	bool is_made;    /* its first chunk has come */
	bool is_closed;  /* the sender's stream has ended as it should */
	bool is_over;    /* the rest of what comes is ignored */
	bool is_between; /* what inflate has read ends between two blocks and two bytes */
	uint64_t seen;   /* bytes inflated, volume included */
	uint32_t prefix; /* the volume in front of them, as far as it is known; to FastMap */
	uint32_t crc;    /* of volume and blocks; to gzip */
	z_stream in, out;
	uint8_t chunk[CHUNK_MAX]; /* the one being filled */
	size_t size;
};

struct level {
	const struct recoder *recoder;
	const struct dialect *to;
	level_emit_fn *emit;
	void *context;
	bool is_split;   /* Percent selects the array */
	uint8_t percent; /* of the sender's latest chunk */
	bool is_known;   /* the volume is */
	bool has_begun;
	bool is_stopped; /* failed or finalized */
	uint32_t volume;
	struct array arrays[ARRAYS];
	uint8_t piece[PIECE_LEN]; /* the last that was inflated: `got` bytes */
	size_t got;
	uint8_t queue[QUEUE_LEN];
	size_t queued;
	char fault[96];
};

/* A direction. `begin` makes the state of an array, `take` recodes what a chunk holds, `end`
 * closes the receiver's stream. All are false once the level has failed. */
struct recoder {
	bool (*begin)(struct level *level, struct array *array);
	bool (*take)(struct level *level, struct array *array, const uint8_t *data,
		     size_t size);
	bool (*end)(struct level *level, struct array *array);
};

__attribute__((format(printf, 2, 3))) static bool fail(struct level *level, const char *why,
						       ...)
{
	va_list args;

	va_start(args, why);
	vsnprintf(level->fault, sizeof(level->fault), why, args);
	va_end(args);
	level->is_stopped = true;
	return false;
}

static bool fail_zlib(struct level *level, int status, const z_stream *stream)
{
	if (status == Z_MEM_ERROR)
		return fail(level, "Kurafuto is out of memory");
	return fail(level, "its level is damaged: %s",
		    stream->msg != NULL ? stream->msg : zError(status));
}

/* ---- out: packets, and the chunks of an array ---- */

/* Whatever is emitted begins with LevelInitialize. */
static bool flush(struct level *level)
{
	if (level->queued > 0 && !level->emit(level->context, level->queue, level->queued)) {
		level->is_stopped = true;
		return false;
	}
	if (level->queued > 0)
		level->has_begun = true;
	level->queued = 0;
	return true;
}

/* Where to write a packet; the caller adds its size to `queued`. NULL if emit failed. */
static uint8_t *room(struct level *level)
{
	if (QUEUE_LEN - level->queued < PACKET_SIZE_MAX && !flush(level))
		return NULL;
	return level->queue + level->queued;
}

/* Passes on the chunk of an array. Percent: 2.7 of the protocol. */
static bool array_flush(struct level *level, struct array *array)
{
	uint8_t percent = dialect_has(level->to, EXT_EXTENDED_BLOCKS)
				  ? (uint8_t)(array - level->arrays)
				  : level->percent;
	uint8_t *packet;

	if (array->size == 0)
		return true;
	packet = room(level);
	if (packet == NULL)
		return false;
	level->queued += packet_write_level_chunk(packet, array->chunk, array->size, percent);
	array->size = 0;
	return true;
}

static bool array_write(struct level *level, struct array *array, const uint8_t *data,
			size_t size)
{
	while (size > 0) {
		size_t n = CHUNK_MAX - array->size;

		if (n > size)
			n = size;
		memcpy(array->chunk + array->size, data, n);
		array->size += n;
		data += n;
		size -= n;
		if (array->size == CHUNK_MAX && !array_flush(level, array))
			return false;
	}
	return true;
}

/* The same, deflated; `how` is Z_NO_FLUSH or Z_FINISH. zlib has taken and written all that it
 * will when it leaves room in the chunk. */
static bool array_deflate(struct level *level, struct array *array, const uint8_t *data,
			  size_t size, int how)
{
	z_stream *out = &array->out;

	out->next_in = data;
	out->avail_in = (uInt)size;
	for (;;) {
		out->next_out = array->chunk + array->size;
		out->avail_out = (uInt)(CHUNK_MAX - array->size);
		deflate(out, how);
		array->size = CHUNK_MAX - out->avail_out;
		if (array->size < CHUNK_MAX)
			return true;
		if (!array_flush(level, array))
			return false;
	}
}

/* ---- in ---- */

/* Bytes of an array that are inflated at most. The volume is not known before it has been read
 * itself. */
static uint64_t limit_of(const struct level *level)
{
	return VOLUME_LEN + (level->is_known ? (uint64_t)level->volume : 0);
}

/* Is inflate between two blocks, and between two bytes (see zlib.h). */
static bool is_between(const z_stream *in)
{
	enum { UNUSED_BITS = 63, LAST_BLOCK = 64, BETWEEN_BLOCKS = 128 };

	return (in->data_type & (UNUSED_BITS | LAST_BLOCK | BETWEEN_BLOCKS)) == BETWEEN_BLOCKS;
}

/*
 * Inflates a piece of what `in` holds, within the limit; `got` is 0 when there is no more to be
 * had. At the limit zlib still reads the end of a stream, but stalls at anything else. Of where
 * it is, it tells only after a call that brought something.
 */
static bool inflate_piece(struct level *level, struct array *array)
{
	uint64_t left = limit_of(level) - array->seen;
	uInt size = left < PIECE_LEN ? (uInt)left : PIECE_LEN;
	uInt unread = array->in.avail_in;
	int status;

	array->in.next_out = level->piece;
	array->in.avail_out = size;
	status = inflate(&array->in, Z_NO_FLUSH);
	if (status != Z_OK && status != Z_BUF_ERROR && status != Z_STREAM_END)
		return fail_zlib(level, status, &array->in);
	array->is_closed = status == Z_STREAM_END;
	level->got = size - array->in.avail_out;
	array->seen += level->got;
	if (level->got > 0 || array->in.avail_in < unread)
		array->is_between = is_between(&array->in);
	return true;
}

/* ---- raw deflate to gzip: the prefix trick of 5.7 of the protocol ---- */

static bool gzip_begin(struct level *level, struct array *array)
{
	uint8_t start[] = {0x1f, 0x8b, Z_DEFLATED, 0,    0,    0, 0, 0, 0, 0xff, /* header */
			   0,    4,    0,          0xfb, 0xff,                   /* stored */
			   0,    0,    0,          0};
	uint8_t *volume = start + sizeof(start) - VOLUME_LEN;
	int status = inflateInit2(&array->in, -INFLATE_BITS);

	if (status != Z_OK)
		return fail_zlib(level, status, &array->in);
	packet_put_u32(volume, level->volume);
	array->crc = (uint32_t)crc32(0, volume, VOLUME_LEN);
	array->seen = VOLUME_LEN;
	array->is_between = true;
	return array_write(level, array, start, sizeof(start));
}

/* Whatever inflate has read goes on: the blocks, and the end of the stream behind them. */
static bool gzip_take(struct level *level, struct array *array, const uint8_t *data,
		      size_t size)
{
	do {
		if (!inflate_piece(level, array))
			return false;
		array->crc = (uint32_t)crc32(array->crc, level->piece, (uInt)level->got);
	} while (level->got > 0 && !array->is_closed);
	array->is_over = array->is_closed || array->in.avail_in > 0;
	return array_write(level, array, data, size - array->in.avail_in);
}

/* A sender that flushes (Z_SYNC_FLUSH) and never finishes leaves its stream between two blocks:
 * an empty one closes it. In the middle of a block not even a trailer would be taken for one,
 * but for more of the block. */
static bool gzip_end(struct level *level, struct array *array)
{
	static const uint8_t last_block[] = {0x03, 0x00}; /* empty */
	uint32_t fields[] = {array->crc, (uint32_t)array->seen};
	uint8_t trailer[sizeof(fields)];

	if (!array->is_closed && !array->is_between)
		return true;
	for (size_t i = 0; i < sizeof(trailer); i++) /* little-endian, RFC 1952 */
		trailer[i] = (uint8_t)(fields[i / 4] >> 8 * (i % 4));
	if (!array->is_closed && !array_write(level, array, last_block, sizeof(last_block)))
		return false;
	return array_write(level, array, trailer, sizeof(trailer));
}

/* ---- gzip to raw deflate ---- */

/* LevelInitialize with a volume, which holds for both arrays. */
static bool begin_fast_map(struct level *level, uint32_t volume)
{
	uint8_t *packet = room(level);

	if (packet == NULL)
		return false;
	level->volume = volume;
	level->is_known = true;
	level->queued += packet_write_level_initialize(packet, level->to, volume);
	return true;
}

static bool fast_map_begin(struct level *level, struct array *array)
{
	int status = inflateInit2(&array->in, GZIP_BITS);

	if (status != Z_OK)
		return fail_zlib(level, status, &array->in);
	status = deflateInit2(&array->out, Z_BEST_SPEED, Z_DEFLATED, -DEFLATE_BITS, MEM_LEVEL,
			      Z_DEFAULT_STRATEGY);
	return status == Z_OK || fail_zlib(level, status, &array->out);
}

/* Takes as much of the volume as there is in a piece; returns how many bytes that is. */
static size_t take_volume(const struct level *level, struct array *array)
{
	uint64_t before = array->seen - level->got;
	size_t n = 0;

	while (n < level->got && before + n < VOLUME_LEN)
		array->prefix = array->prefix << 8 | level->piece[n++];
	return n;
}

static bool recode_piece(struct level *level, struct array *array)
{
	size_t skip = take_volume(level, array);

	if (!level->is_known && array->seen == VOLUME_LEN &&
	    !begin_fast_map(level, array->prefix))
		return false;
	return array_deflate(level, array, level->piece + skip, level->got - skip, Z_NO_FLUSH);
}

/* Nothing is read behind the volume, not even the trailer: the blocks are all there. */
static bool fast_map_take(struct level *level, struct array *array, const uint8_t *data,
			  size_t size)
{
	(void)data; /* `in` holds it */
	(void)size;
	do {
		if (!inflate_piece(level, array) || !recode_piece(level, array))
			return false;
		array->is_over =
			array->is_closed || (level->is_known && array->seen == limit_of(level));
	} while (level->got > 0 && !array->is_over);
	return true;
}

static bool fast_map_end(struct level *level, struct array *array)
{
	return array_deflate(level, array, NULL, 0, Z_FINISH);
}

/* ---- the whole ---- */

static const struct recoder to_gzip = {gzip_begin, gzip_take, gzip_end};
static const struct recoder to_fast_map = {fast_map_begin, fast_map_take, fast_map_end};

bool level_wants(const struct dialect *from, const struct dialect *to)
{
	return dialect_has(from, EXT_FAST_MAP) != dialect_has(to, EXT_FAST_MAP);
}

/* The receiver of gzip needs no volume in its LevelInitialize. */
static bool begin_gzip(struct level *level, const uint8_t *packet)
{
	level->volume = packet_get_u32(packet + 1);
	level->is_known = true;
	level->queued = packet_write_level_initialize(level->queue, level->to, level->volume);
	return flush(level);
}

struct level *level_new(const struct dialect *from, const struct dialect *to,
			const uint8_t *packet, level_emit_fn *emit, void *context)
{
	struct level *level = calloc(1, sizeof(*level));

	if (level == NULL)
		return NULL;
	level->recoder = dialect_has(to, EXT_FAST_MAP) ? &to_fast_map : &to_gzip;
	level->to = to;
	level->emit = emit;
	level->context = context;
	level->is_split =
		dialect_has(from, EXT_EXTENDED_BLOCKS) && dialect_has(to, EXT_EXTENDED_BLOCKS);
	if (level->recoder == &to_gzip && !begin_gzip(level, packet)) {
		level_free(level);
		return NULL;
	}
	return level;
}

/* zlib's ends are harmless where nothing was begun. */
void level_free(struct level *level)
{
	if (level == NULL)
		return;
	for (struct array *array = level->arrays; array < level->arrays + ARRAYS; array++) {
		inflateEnd(&array->in);
		deflateEnd(&array->out);
	}
	free(level);
}

bool level_has_begun(const struct level *level)
{
	return level->has_begun;
}

const char *level_fault(const struct level *level)
{
	return level->fault[0] != '\0' ? level->fault : NULL;
}

static bool array_make(struct level *level, struct array *array)
{
	if (array->is_made)
		return true;
	array->is_made = true;
	return level->recoder->begin(level, array);
}

bool level_chunk(struct level *level, const uint8_t *packet)
{
	int size = (int16_t)packet_get_u16(packet + 1);
	const uint8_t *data = packet + 3;
	struct array *array;

	if (level->is_stopped)
		return false;
	if (size < 0 || size > CHUNK_MAX)
		return fail(level, "its level is damaged: a chunk of %d bytes", size);
	level->percent = data[CHUNK_MAX];
	array = &level->arrays[level->is_split && level->percent != 0];
	if (!array_make(level, array))
		return false;
	array->in.next_in = data;
	array->in.avail_in = (uInt)size;
	if (!array->is_over && !level->recoder->take(level, array, data, (size_t)size))
		return false;
	return flush(level);
}

/* X * Y * Z of LevelFinalize, as far as it fits. */
static uint32_t volume_of(const uint8_t *packet)
{
	uint64_t volume = (uint64_t)packet_get_u16(packet + 1) * packet_get_u16(packet + 3) *
			  packet_get_u16(packet + 5);

	return volume < UINT32_MAX ? (uint32_t)volume : UINT32_MAX;
}

/* Ends the streams there are; a level without any gets an empty one. */
static bool end_arrays(struct level *level)
{
	struct array *array = level->arrays;

	if (!array[1].is_made && !array_make(level, array))
		return false;
	for (; array < level->arrays + ARRAYS; array++)
		if (array->is_made &&
		    !(level->recoder->end(level, array) && array_flush(level, array)))
			return false;
	return true;
}

bool level_finalize(struct level *level, const uint8_t *packet)
{
	uint8_t *out;

	if (level->is_stopped ||
	    (!level->is_known && !begin_fast_map(level, volume_of(packet))))
		return false;
	if (!end_arrays(level))
		return false;
	out = room(level);
	if (out == NULL)
		return false;
	level->queued += packet_write_level_finalize(out, packet_get_u16(packet + 1),
						     packet_get_u16(packet + 3),
						     packet_get_u16(packet + 5));
	if (!flush(level))
		return false;
	level->is_stopped = true;
	return true;
}
