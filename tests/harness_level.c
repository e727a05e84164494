/* SPDX-License-Identifier: MIT */
/*
 * zlib's streams around the blocks of small levels, in one piece each.
 */
#include "harness_level.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "../packet.h"

#define PREFIX 4

static int window_bits(bool is_fast)
{
	return is_fast ? -MAX_WBITS : MAX_WBITS + 16;
}

size_t harness_level_pack(uint8_t **stream, const uint8_t *blocks, size_t volume, bool is_fast,
			  int effort)
{
	size_t prefix = is_fast ? 0 : PREFIX, size;
	uint8_t *plain = malloc(prefix + volume);
	z_stream z = {.next_in = plain, .avail_in = (uInt)(prefix + volume)};

	ck_assert_ptr_nonnull(plain);
	if (!is_fast)
		packet_put_u32(plain, (uint32_t)volume);
	memcpy(plain + prefix, blocks, volume);
	ck_assert_int_eq(deflateInit2(&z, effort, Z_DEFLATED, window_bits(is_fast), 8,
				      Z_DEFAULT_STRATEGY),
			 Z_OK);
	size = deflateBound(&z, (uLong)(prefix + volume));
	*stream = malloc(size);
	ck_assert_ptr_nonnull(*stream);
	z.next_out = *stream;
	z.avail_out = (uInt)size;
	ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	free(plain);
	return size - z.avail_out;
}

/* One byte of room more than there should be, so that what is too long shows. */
static const char *inflate_into(uint8_t *plain, size_t wanted, const uint8_t *stream,
				size_t size, bool is_fast)
{
	z_stream z = {.avail_in = (uInt)size, .next_out = plain, .avail_out = (uInt)wanted + 1};
	uint8_t *copy = malloc(size + 1);
	const char *why = NULL;
	int status;

	ck_assert_ptr_nonnull(copy);
	if (size > 0)
		memcpy(copy, stream, size);
	z.next_in = copy;
	ck_assert_int_eq(inflateInit2(&z, window_bits(is_fast)), Z_OK);
	status = inflate(&z, Z_FINISH);
	if (z.avail_out == 0)
		why = "is longer than the level";
	else if (status == Z_BUF_ERROR || status == Z_OK)
		why = "is cut short";
	else if (status != Z_STREAM_END)
		why = "is damaged";
	else if (z.avail_in > 0)
		why = "has bytes behind its end";
	else if (z.avail_out > 1)
		why = "is shorter than the level";
	inflateEnd(&z);
	free(copy);
	return why;
}

const char *harness_level_unpack(uint8_t *blocks, size_t volume, const uint8_t *stream,
				 size_t size, bool is_fast)
{
	size_t prefix = is_fast ? 0 : PREFIX;
	uint8_t *plain = malloc(prefix + volume + 1);
	const char *why;

	ck_assert_ptr_nonnull(plain);
	why = inflate_into(plain, prefix + volume, stream, size, is_fast);
	if (why == NULL && !is_fast && packet_get_u32(plain) != volume)
		why = "names another volume than the level";
	if (why == NULL)
		memcpy(blocks, plain + prefix, volume);
	free(plain);
	return why;
}
