/* SPDX-License-Identifier: MIT */
/*
 * A scripted server that lets a player in step by step, and may stop at each: in front of its
 * list, in the middle of a packet, between two chunks. It never waits: party_go() says how far
 * to go, party_note() takes what Kurafuto answers, and what can be sent is sent. For the suite
 * of faults during jumps, which includes it once.
 *
 * In front of what ends a step stands, in the same segment, something that is answered or
 * passed on at once, so that a test knows that Kurafuto has the bytes: a
 * CustomBlockSupportLevel until the player's level begins, a line of chat from then on.
 */
#ifndef IT_JUMP_SCRIPT_H
#define IT_JUMP_SCRIPT_H

#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "harness.h"

#define LEVEL_X      16
#define LEVEL_Y      64
#define LEVEL_VOLUME (LEVEL_X * LEVEL_Y * LEVEL_X)
#define LEVEL_ROOM   (LEVEL_VOLUME + 1024)
#define CHUNK        1024

/* How far a jump has come when the fault happens, by what the new server has said. */
enum step {
	DIALS,      /* it has not even accepted */
	NAMED,      /* it has the player's identification */
	HALF_LIST,  /* in the middle of an entry of its list */
	REPLIED,    /* it has the reply to its list */
	HALF_IDENT, /* in the middle of its identification */
	IDENT,      /* behind it */
	WAITING,    /* LevelInitialize, while the old server's level is under way */
	BEGUN,      /* LevelInitialize; the player is there from now on */
	HALF_CHUNK, /* in the middle of a chunk */
	HALF_LEVEL, /* behind half the chunks */
	LEVEL,      /* behind LevelFinalize */
	HALF_SPAWN, /* in the middle of the spawn */
	SPAWN,      /* behind it, and the gate is closed */
	GATE,       /* the gate is open */
	STEPS,
};

static const char *const step_names[STEPS] = {
	"dials", "named",      "half-list",  "replied", "half-ident", "ident", "waiting",
	"begun", "half-chunk", "half-level", "level",   "half-spawn", "spawn", "gate"};

/* An end of the play: a server, or the client, of which only the first three count. */
struct party {
	struct peer *peer;   /* NULL before it comes and when it has gone */
	bool was_there;      /* it has come, some time */
	bool is_mute;        /* neither reads nor writes any more */
	bool has_ended;      /* Kurafuto has closed, and it has not */
	const char *server;  /* its name */
	enum step goal;      /* how far it goes */
	bool is_plain;       /* its list has but two extensions */
	size_t listed, told; /* bytes that it has sent of its list, and of its script */
	int missing;         /* entries of the reply that are still to come; -1 before it */
	unsigned answers;    /* CustomBlockSupportLevels that have come */
	bool has_moved;      /* the player has moved to wanted_x */
	int32_t wanted_x;
	size_t size, end[STEPS]; /* of the script; end[] is where a step ends */
	uint8_t script[LEVEL_ROOM + 16 * 1024];
};

/* A level as a stream of gzip, and as one of deflate alone (FastMap). */
static struct level_stream {
	uint8_t bytes[LEVEL_ROOM];
	size_t size;
} streams[2];

static inline void make_streams(void)
{
	static uint8_t level[4 + LEVEL_VOLUME];

	packet_put_u32(level, LEVEL_VOLUME);
	harness_random(level + 4, LEVEL_VOLUME);
	for (size_t i = 4; i < sizeof(level); i++)
		level[i] %= 50; /* blocks that every client has */
	for (int is_fast = 0; is_fast < 2; is_fast++) {
		size_t from = is_fast ? 4 : 0;
		z_stream z = {.next_in = level + from,
			      .avail_in = (uInt)(sizeof(level) - from),
			      .next_out = streams[is_fast].bytes,
			      .avail_out = LEVEL_ROOM};

		ck_assert_int_eq(deflateInit2(&z, 6, Z_DEFLATED, is_fast ? -15 : 15 + 16, 8,
					      Z_DEFAULT_STRATEGY),
				 Z_OK);
		ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
		streams[is_fast].size = z.total_out;
		deflateEnd(&z);
	}
}

/* ---- the script ---- */

static inline uint8_t *room(struct party *party)
{
	return party->script + party->size;
}

static inline void add_question(struct party *party)
{
	if (dialect_has(&party->peer->dialect, EXT_CUSTOM_BLOCKS))
		party->size += packet_write_custom_block_level(room(party), 1);
}

static inline void add_mark(struct party *party, enum step step)
{
	char text[32];

	snprintf(text, sizeof(text), "%s at %s", party->server, step_names[step]);
	party->size += packet_write_message(room(party), 0, text);
}

static inline void add_chunks(struct party *party, const struct level_stream *stream,
			      size_t from, size_t to)
{
	for (size_t at = from * CHUNK; at < to * CHUNK && at < stream->size; at += CHUNK) {
		size_t n = stream->size - at < CHUNK ? stream->size - at : CHUNK;

		party->size += packet_write_level_chunk(room(party), stream->bytes + at, n, 0);
	}
}

static inline void add_level(struct party *party)
{
	const struct dialect *dialect = &party->peer->dialect;
	const struct level_stream *stream = &streams[dialect_has(dialect, EXT_FAST_MAP)];
	size_t half = stream->size / CHUNK / 2;

	add_question(party);
	party->size += packet_write_level_initialize(room(party), dialect, LEVEL_VOLUME);
	party->end[WAITING] = party->end[BEGUN] = party->size;
	add_chunks(party, stream, 0, half - 1);
	add_mark(party, HALF_CHUNK);
	party->end[HALF_CHUNK] = party->size + CHUNK / 2;
	add_chunks(party, stream, half - 1, half);
	add_mark(party, HALF_LEVEL);
	party->end[HALF_LEVEL] = party->size;
	add_chunks(party, stream, half, LEVEL_ROOM / CHUNK);
	party->size += packet_write_level_finalize(room(party), LEVEL_X, LEVEL_Y, LEVEL_X);
	add_mark(party, LEVEL);
	party->end[LEVEL] = party->size;
}

static inline void write_script(struct party *party)
{
	const struct packet_position at = {.x = 256, .y = 1100, .z = 256};
	struct peer *link = party->peer;

	add_question(party);
	party->end[HALF_IDENT] = party->size + 70;
	party->size += packet_write_server_identification(room(party), &link->dialect,
							  party->server, "A test", 0);
	party->end[IDENT] = party->size;
	add_level(party);
	add_mark(party, HALF_SPAWN);
	party->end[HALF_SPAWN] = party->size + 50;
	party->size += packet_write_spawn(room(party), &link->dialect, PACKET_SELF,
					  link->id.name, &at);
	add_mark(party, SPAWN);
	party->end[SPAWN] = party->end[GATE] = party->size;
}

/* All extensions, or two: enough for the questions and the gate, and too little to pass a level
 * on as it is. */
static inline size_t write_list(uint8_t *out, bool is_plain)
{
	const struct packet_catalog *catalog = harness_catalog();
	unsigned count = 0;
	size_t size = 67;

	for (unsigned i = 0; i < packet_extension_count(catalog); i++) {
		const struct packet_extension_info *info = packet_extension(catalog, i);

		if (is_plain && i != EXT_CUSTOM_BLOCKS && i != EXT_TWO_WAY_PING)
			continue;
		size += packet_write_ext_entry(out + size, info->name, info->version);
		count++;
	}
	packet_write_ext_info(out, "TestServer", (uint16_t)count);
	return size;
}

static inline void go_through_list(struct party *party)
{
	uint8_t list[67 + 69 * PEER_EXTS];
	size_t size = write_list(list, party->is_plain);
	size_t end = party->goal >= REPLIED ? size : party->goal == HALF_LIST ? size - 35 : 0;

	if (end > party->listed)
		peer_send(party->peer, list + party->listed, end - party->listed);
	party->listed = end > party->listed ? end : party->listed;
}

/* Sends what can be sent now. */
static inline void party_go(struct party *party, enum step goal)
{
	party->goal = goal;
	if (party->peer == NULL || party->is_mute)
		return;
	if (party->peer->cpe && party->missing != 0) {
		go_through_list(party);
		return;
	}
	if (party->size == 0)
		write_script(party);
	if (party->end[goal] > party->told) {
		peer_send(party->peer, party->script + party->told,
			  party->end[goal] - party->told);
		party->told = party->end[goal];
	}
}

/* Sends its level once more from the beginning. */
static inline void party_go_again(struct party *party, enum step goal)
{
	party->told = party->end[IDENT];
	party_go(party, goal);
}

static inline void party_come(struct party *party, struct peer *link)
{
	party->peer = link;
	party->was_there = true;
	party->missing = -1;
	party_go(party, party->goal);
}

static inline void party_leave(struct party *party)
{
	peer_close(party->peer);
	party->peer = NULL;
}

/* ---- what it reads ---- */

static inline void take_extension(struct party *party, const uint8_t *packet)
{
	struct packet_ext_entry entry;
	int extension;

	packet_read_ext_entry(&entry, packet);
	extension = packet_extension_find(harness_catalog(), entry.name);
	ck_assert_msg(extension >= 0, "a reply with %s", entry.name);
	dialect_set(&party->peer->dialect, harness_catalog(), (unsigned)extension,
		    (uint8_t)entry.version);
	party->missing--;
}

/* Takes a packet that has come in on its link. */
static inline void party_note(struct party *party, const uint8_t *packet)
{
	int was_missing = party->missing;

	if (packet[0] == OP_EXT_INFO)
		party->missing = packet_get_u16(packet + 65);
	if (packet[0] == OP_EXT_ENTRY)
		take_extension(party, packet);
	if (packet[0] == OP_CUSTOM_BLOCK_LEVEL)
		party->answers++;
	if (packet[0] == OP_POSITION)
		party->has_moved |= link_position_x(party->peer, packet) == party->wanted_x;
	if (was_missing != party->missing && party->missing == 0)
		party_go(party, party->goal);
}

#endif
