/* SPDX-License-Identifier: MIT */
/*
 * A level under way between two sides of which one has FastMap and the other has not: gzip with
 * its size prefix against raw deflate (protocol 2.7, 5.7), recoded in a stream, in bounded
 * memory. With ExtendedBlocks on both sides the Percent byte of a chunk selects one of two
 * arrays, each a stream of its own; a receiver with ExtendedBlocks must read Percent 0 for the
 * only array of a sender without; with it on neither side Percent is progress, and that of the
 * sender's latest chunk goes on. Pure code apart from memory.
 *
 * Whatever the sender says costs no more than 256 KiB for each array that has chunks, and no
 * more work than inflating the volume that it announced, once an array.
 */
#ifndef LEVEL_H
#define LEVEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet.h"

/* Belongs to one thread at a time. */
struct level;

/* Called with whole packets of the receiver's dialect, about ten at most, from within the
 * functions below; `packets` is theirs. False: stop, and the caller fails, too. */
typedef bool level_emit_fn(void *context, const uint8_t *packets, size_t size);

/* Does a level have to be recoded on its way from one dialect to another: FastMap on exactly
 * one side. (Otherwise chunks pass as they are, but for Percent, which is translate.h's.) */
bool level_wants(const struct dialect *from, const struct dialect *to);

/*
 * Begins at the sender's LevelInitialize `packet`, framed by `from`; level_wants() is true, and
 * a sender with ExtendedBlocks has a receiver with it. Both dialects must outlive the level.
 * Towards gzip the receiver's LevelInitialize is emitted at once; towards FastMap it has to
 * wait until the volume is known, which the first chunk tells. NULL without memory, or if emit
 * failed.
 */
struct level *level_new(const struct dialect *from, const struct dialect *to,
			const uint8_t *packet, level_emit_fn *emit, void *context);
void level_free(struct level *level); /* NULL is fine */

/* Has the receiver's LevelInitialize been emitted. Until then the caller keeps back whatever
 * else its sender says, since LevelInitialize would undo some of it. */
bool level_has_begun(const struct level *level);

/*
 * Takes a LevelDataChunk. What follows behind the end of a stream, or behind its volume, is
 * ignored, gzip's trailer as well. Of two arrays that differ in their volume the first that
 * is known counts for both. False if emit failed, there is no memory, or the data is damaged:
 * level_fault() says how. From then on the level is silent: all that follows is false.
 */
bool level_chunk(struct level *level, const uint8_t *packet);

/*
 * Takes LevelFinalize: emits the rest of the data, a LevelInitialize if there has been none
 * (volume by the packet's sizes, at most 2^32 - 1), and LevelFinalize itself. An array that was
 * cut short is closed as it is, if need be in the middle of a block, which no reader takes for
 * a whole stream; a level without any chunk gets an empty low array. False as above. What
 * remains is level_free().
 */
bool level_finalize(struct level *level, const uint8_t *packet);

/* Why level_chunk() or level_finalize() has failed, as in "its level is damaged: incorrect
 * header check" or "Kurafuto is out of memory"; NULL if it was emit or nothing. Lives as long
 * as the level. */
const char *level_fault(const struct level *level);

#endif
