/* SPDX-License-Identifier: MIT */
/*
 * A level's blocks as streams, for scripted servers that send them and model clients that read
 * them: with FastMap raw deflate, else gzip with the number of blocks in front. Strict: a
 * stream that does not end exactly where it should is an error.
 */
#ifndef HARNESS_LEVEL_H
#define HARNESS_LEVEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Packs the bytes of `volume` blocks with zlib's level `effort` 0..9. Returns the size; the
 * stream is the caller's to free. */
size_t harness_level_pack(uint8_t **stream, const uint8_t *blocks, size_t volume, bool is_fast,
			  int effort);

/* Unpacks a whole stream into `volume` bytes. NULL, or what is wrong with it. */
const char *harness_level_unpack(uint8_t *blocks, size_t volume, const uint8_t *stream,
				 size_t size, bool is_fast);

#endif
