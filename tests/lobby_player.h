/* SPDX-License-Identifier: MIT */
/*
 * A scripted player in the lobby, over a socket that lobby_dial() gives. It remembers what it
 * has been told, and a test waits with AWAIT(), up to a deadline, until that is what should be.
 * For tests that include it once; it brings the lobby and the catalog, which the test fills in.
 */
#ifndef LOBBY_PLAYER_H
#define LOBBY_PLAYER_H

#include <check.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "../lobby.h"
#include "../net.h"
#include "../packet.h"
#include "../world.h"
#include "fields.h"

#define PATIENCE_MS 20000 /* only a broken lobby takes that long */
#define MESSAGES    600
#define LEVEL_MAX   65536
/* Heights of the eyes in 1/32 block: in all packets, and in those about oneself. */
#define EYE_OTHERS 51
#define EYE_SELF   29

struct entity {
	bool here;
	unsigned spawns, moves;
	char name[PACKET_STRING_LEN + 1];
	struct packet_position at;
};

struct client {
	int fd;
	struct dialect dialect;
	uint8_t in[8192];
	size_t in_len;
	bool identified, closed, level_done;
	char server[PACKET_STRING_LEN + 1], motd[PACKET_STRING_LEN + 1];
	char kick[PACKET_STRING_LEN + 1];
	uint8_t level[LEVEL_MAX]; /* packed, as it came; the last one */
	size_t level_len;
	unsigned levels; /* how many have begun */
	uint16_t size[3];
	struct entity entities[PACKET_OPCODES];
	char messages[MESSAGES][PACKET_STRING_LEN + 1];
	size_t n_messages;
	unsigned pings, n_blocks;
	struct packet_set_block blocks[WORLD_Y]; /* the last ones */
};

static struct lobby *lobby;
static struct packet_catalog catalog;

/* What a client makes of a packet. */

static inline void read_entity(struct client *client, const uint8_t *p)
{
	struct entity *entity = &client->entities[p[1]];

	if (p[0] == OP_DESPAWN) {
		ck_assert_msg(entity->here, "entity %u leaves without having come", p[1]);
		entity->here = false;
		return;
	}
	entity->at = field_position(&client->dialect, p);
	if (p[0] == OP_SPAWN_PLAYER) {
		ck_assert_msg(!entity->here || p[1] == PACKET_SELF, "entity %u comes twice",
			      p[1]);
		packet_get_string(entity->name, p + 2);
		entity->here = true;
		entity->spawns++;
	} else {
		ck_assert_msg(entity->here, "entity %u moves without having come", p[1]);
		entity->moves++;
	}
}

/* Nothing may be left of one level when the next begins, but the player itself. */
static inline void begin_level(struct client *client)
{
	for (unsigned i = 0; i < PACKET_SELF; i++)
		if (client->entities[i].here)
			ck_abort_msg("entity %u stands where there is no level", i);
	client->levels++;
	client->level_len = 0;
	client->level_done = false;
}

static inline void read_level(struct client *client, const uint8_t *p)
{
	if (p[0] == OP_LEVEL_INITIALIZE) {
		begin_level(client);
	} else if (p[0] == OP_LEVEL_DATA_CHUNK) {
		size_t n = packet_get_u16(p + 1);

		ck_assert(client->levels > 0 && !client->level_done);
		ck_assert_uint_le(n, 1024);
		ck_assert_uint_le(client->level_len + n, LEVEL_MAX);
		memcpy(client->level + client->level_len, p + 3, n);
		client->level_len += n;
	} else if (p[0] == OP_LEVEL_FINALIZE) {
		for (int i = 0; i < 3; i++)
			client->size[i] = packet_get_u16(p + 1 + 2 * i);
		client->level_done = true;
	}
}

static inline void read_identification(struct client *client, const uint8_t *p)
{
	ck_assert(!client->identified);
	packet_get_string(client->server, p + 2);
	packet_get_string(client->motd, p + 66);
	ck_assert_uint_eq(p[1], client->dialect.protocol);
	client->identified = true;
}

static inline void read_block(struct client *client, const uint8_t *p)
{
	client->blocks[client->n_blocks++ % WORLD_Y] = (struct packet_set_block){
		.x = packet_get_u16(p + 1),
		.y = packet_get_u16(p + 3),
		.z = packet_get_u16(p + 5),
		.block = p[7],
	};
}

static inline void read_text(struct client *client, const uint8_t *p)
{
	if (p[0] == OP_DISCONNECT) {
		packet_get_string(client->kick, p + 1);
		return;
	}
	ck_assert_uint_lt(p[1], 128);
	packet_get_string(client->messages[client->n_messages % MESSAGES], p + 2);
	client->n_messages++;
}

static inline void read_packet(struct client *client, const uint8_t *p)
{
	switch (p[0]) {
	case OP_IDENTIFICATION:
		read_identification(client, p);
		break;
	case OP_PING:
		client->pings++;
		break;
	case OP_LEVEL_INITIALIZE:
	case OP_LEVEL_DATA_CHUNK:
	case OP_LEVEL_FINALIZE:
		read_level(client, p);
		break;
	case OP_SET_BLOCK:
		read_block(client, p);
		break;
	case OP_SPAWN_PLAYER:
	case OP_POSITION:
	case OP_DESPAWN:
		read_entity(client, p);
		break;
	case OP_MESSAGE:
	case OP_DISCONNECT:
		read_text(client, p);
		break;
	default:
		ck_abort_msg("opcode %u from the lobby", p[0]);
	}
}

static inline void read_all(struct client *client)
{
	size_t at = 0;

	while (at < client->in_len) {
		const uint8_t *p = client->in + at;
		size_t size = dialect_size(&client->dialect, PACKET_TO_CLIENT, p[0]);

		ck_assert_msg(size != 0, "opcode %u is no packet of this protocol", p[0]);
		if (size > client->in_len - at)
			break;
		read_packet(client, p);
		at += size;
	}
	client->in_len -= at;
	memmove(client->in, client->in + at, client->in_len);
}

/* Waits a moment for bytes, and reads what is there. */
static inline void pump(struct client *client)
{
	if (client->closed)
		return;
	ssize_t n = net_recv(client->fd, client->in + client->in_len,
			     sizeof client->in - client->in_len, net_now_ms() + 5);

	if (n < 0 && errno == ETIMEDOUT)
		return;
	if (n <= 0) {
		client->closed = true;
		return;
	}
	client->in_len += (size_t)n;
	read_all(client);
}

#define AWAIT(client, condition)                                                         \
	do {                                                                             \
		int64_t deadline_ = net_now_ms() + PATIENCE_MS;                          \
		while (!(condition)) {                                                   \
			ck_assert_msg(net_now_ms() < deadline_, "waited in vain for %s", \
				      #condition);                                       \
			pump(client);                                                    \
		}                                                                        \
	} while (0)

/* What a client does. */

static inline void send_bytes(struct client *client, const uint8_t *data, size_t size)
{
	ck_assert_int_eq(
		net_send_all(client->fd, data, size, net_now_ms() + PATIENCE_MS, NULL, NULL),
		0);
}

static inline struct client *dial(uint8_t protocol)
{
	struct client *client = calloc(1, sizeof *client);

	ck_assert_ptr_nonnull(client);
	dialect_init(&client->dialect, &catalog, protocol, false);
	client->fd = lobby_dial(lobby);
	ck_assert_int_ge(client->fd, 0);
	return client;
}

static inline void identify(struct client *client, const char *name)
{
	uint8_t packet[PACKET_SIZE_MAX];

	send_bytes(client, packet,
		   packet_write_player_identification(packet, &client->dialect, name, ""));
}

static inline bool has_said(const struct client *client, const char *text)
{
	for (size_t i = 0; i < client->n_messages && i < MESSAGES; i++)
		if (strstr(client->messages[i], text) != NULL)
			return true;
	return false;
}

/* Logs in and waits for the last line of the login. */
static inline struct client *join(uint8_t protocol, const char *name)
{
	struct client *client = dial(protocol);
	char arrival[100];

	snprintf(arrival, sizeof arrival, "&f%s &ehas come", name);
	identify(client, name);
	AWAIT(client, has_said(client, arrival));
	return client;
}

static inline void leave(struct client *client)
{
	close(client->fd);
	free(client);
}

static inline void walk_to(struct client *client, int32_t x, int32_t y, int32_t z, uint8_t yaw)
{
	uint8_t packet[10] = {OP_POSITION, 255};

	packet_put_u16(packet + 2, (uint16_t)x);
	packet_put_u16(packet + 4, (uint16_t)(y + EYE_OTHERS));
	packet_put_u16(packet + 6, (uint16_t)z);
	packet[8] = yaw;
	send_bytes(client, packet, sizeof packet);
}

static inline void stand_on(struct client *client, const struct packet_position *feet)
{
	walk_to(client, feet->x, feet->y, feet->z, feet->yaw);
}

static inline void chat(struct client *client, const char *text)
{
	uint8_t packet[PACKET_SIZE_MAX];

	send_bytes(client, packet, packet_write_message(packet, 255, text));
}

/* Waits until everything sent before has been handled: the answer to a block change comes
 * behind it. */
static inline void settle(struct client *client)
{
	uint8_t packet[9] = {OP_SET_BLOCK_CLIENT, 0, 0, 0, 0, 0, 0, 1, 1};
	unsigned before = client->n_blocks;

	send_bytes(client, packet, sizeof packet);
	AWAIT(client, client->n_blocks > before);
}

static inline int find_entity(const struct client *client, const char *name)
{
	for (int i = 0; i < PACKET_SELF; i++)
		if (client->entities[i].here && strcmp(client->entities[i].name, name) == 0)
			return i;
	return -1;
}

/* How many others the client sees. */
static inline size_t visible(const struct client *client)
{
	size_t n = 0;

	for (int i = 0; i < PACKET_SELF; i++)
		n += client->entities[i].here;
	return n;
}

/* The last level, with the four bytes of its size before it. To be freed. */
static inline uint8_t *unpack(const struct client *client)
{
	uint8_t *plain = malloc(WORLD_VOLUME + 5), *packed = malloc(client->level_len);

	ck_assert(plain != NULL && packed != NULL);
	memcpy(packed, client->level, client->level_len);
	z_stream stream = {.next_in = packed,
			   .avail_in = (uInt)client->level_len,
			   .next_out = plain,
			   .avail_out = WORLD_VOLUME + 5};

	ck_assert_int_eq(inflateInit2(&stream, MAX_WBITS + 16), Z_OK);
	ck_assert_int_eq(inflate(&stream, Z_FINISH), Z_STREAM_END);
	ck_assert_uint_eq(stream.total_out, WORLD_VOLUME + 4);
	inflateEnd(&stream);
	free(packed);
	return plain;
}

static inline uint8_t block_at(const uint8_t *blocks, int x, int y, int z)
{
	return blocks[(y * WORLD_Z + z) * WORLD_X + x];
}

#endif
