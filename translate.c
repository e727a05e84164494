/* SPDX-License-Identifier: MIT */
/*
 * The translation rules as rows: (direction, opcode, the extension that the client has and the
 * server lacks, what to do). An opcode that the server lacks altogether is dropped without a
 * row of its own.
 */
#include "translate.h"

#include <string.h>

#include "blocks.h"
#include "text.h"

#define MESSAGE_SYSTEM 255 /* the type byte of a server's own lines without MessageTypes */

typedef enum translate_verdict rule_fn(const struct dialect *server, uint8_t *packet);

/* C>S 0x08: the held block becomes the player's own id (HeldBlock). */
static enum translate_verdict hide_held_block(const struct dialect *server, uint8_t *packet)
{
	(void)server;
	packet[1] = PACKET_SELF;
	return TRANSLATE_PASS;
}

/* C>S 0x05: blocks 50..65 become ones that the server knows (CustomBlocks). Snow would become
 * air: white instead. */
static enum translate_verdict plain_block(const struct dialect *server, uint8_t *packet)
{
	uint8_t block = block_fallback(packet[8], server->protocol, false);

	packet[8] = block == BLOCK_AIR && packet[8] != BLOCK_AIR ? BLOCK_WHITE : block;
	return TRANSLATE_PASS;
}

/* C>S 0x0D: each piece of a longer message is a line of its own (LongerMessages). */
static enum translate_verdict plain_message(const struct dialect *server, uint8_t *packet)
{
	(void)server;
	packet[1] = PACKET_SELF;
	return TRANSLATE_PASS;
}

/* C>S 0x0D: a server without FullCP437 kicks for bytes above 0x7f. */
static enum translate_verdict ascii_message(const struct dialect *server, uint8_t *packet)
{
	(void)server;
	for (size_t i = 2; i < 2 + PACKET_STRING_LEN; i++)
		if (packet[i] >= 0x80)
			packet[i] = '?';
	return TRANSLATE_PASS;
}

/* C>S 0x0D: a server without AmpersandSupport knows only % as the sign of a colour. */
static enum translate_verdict percent_message(const struct dialect *server, uint8_t *packet)
{
	(void)server;
	for (size_t i = 2; i < 2 + PACKET_STRING_LEN; i++)
		if (packet[i] == '&')
			packet[i] = '%';
	return TRANSLATE_PASS;
}

/* C>S 0x2B: the client's own ping is answered here; an echo was meant for another server
 * (TwoWayPing). */
static enum translate_verdict answer_ping(const struct dialect *server, uint8_t *packet)
{
	(void)server;
	return packet[1] == 0 ? TRANSLATE_ANSWER : TRANSLATE_DROP;
}

/* S>C 0x0D: a player id would be taken for a place on the screen. 255 meant yellow, which gives
 * way to a colour of the text's own, and to a text that leaves no room for it (MessageTypes).
 */
static enum translate_verdict place_message(const struct dialect *server, uint8_t *packet)
{
	uint8_t *end = packet + 2 + PACKET_STRING_LEN;

	(void)server;
	if (packet[1] == MESSAGE_SYSTEM && memcmp(end - 2, "  ", 2) == 0 &&
	    !(packet[2] == '&' && text_is_color((char)packet[3]))) {
		memmove(packet + 4, packet + 2, PACKET_STRING_LEN - 2);
		packet[2] = '&';
		packet[3] = 'e';
	}
	packet[1] = 0;
	return TRANSLATE_PASS;
}

/* clang-format off */
static const struct rule {
	uint8_t direction, opcode, extension;
	rule_fn *apply;
} rules[] = {
	{ PACKET_TO_SERVER, OP_SET_BLOCK_CLIENT, EXT_CUSTOM_BLOCKS,   plain_block },
	{ PACKET_TO_SERVER, OP_POSITION,         EXT_HELD_BLOCK,      hide_held_block },
	{ PACKET_TO_SERVER, OP_MESSAGE,          EXT_LONGER_MESSAGES, plain_message },
	{ PACKET_TO_SERVER, OP_MESSAGE,          EXT_FULL_CP437,      ascii_message },
	{ PACKET_TO_SERVER, OP_MESSAGE,          EXT_AMPERSAND,       percent_message },
	{ PACKET_TO_SERVER, OP_TWO_WAY_PING,     EXT_TWO_WAY_PING,    answer_ping },
	{ PACKET_TO_CLIENT, OP_MESSAGE,          EXT_MESSAGE_TYPES,   place_message },
};
/* clang-format on */

#define RULES (sizeof(rules) / sizeof(rules[0]))

static bool rule_applies(const struct rule *rule, const struct dialect *client,
			 const struct dialect *server, enum packet_direction direction,
			 uint8_t opcode)
{
	return rule->opcode == opcode && rule->direction == direction &&
	       dialect_has(client, rule->extension) && !dialect_has(server, rule->extension);
}

/* A packet of the client's that the server would kick for. */
static bool server_lacks(const struct dialect *client, const struct dialect *server,
			 enum packet_direction direction, uint8_t opcode)
{
	return direction == PACKET_TO_SERVER && dialect_size(client, direction, opcode) != 0 &&
	       dialect_size(server, direction, opcode) == 0;
}

bool translate_wants(const struct dialect *client, const struct dialect *server,
		     enum packet_direction direction, uint8_t opcode)
{
	for (size_t i = 0; i < RULES; i++)
		if (rule_applies(&rules[i], client, server, direction, opcode))
			return true;
	return server_lacks(client, server, direction, opcode);
}

enum translate_verdict translate_packet(const struct dialect *client,
					const struct dialect *server,
					enum packet_direction direction, uint8_t *packet)
{
	enum translate_verdict verdict = server_lacks(client, server, direction, packet[0])
						 ? TRANSLATE_DROP
						 : TRANSLATE_PASS;

	for (size_t i = 0; i < RULES; i++) {
		if (!rule_applies(&rules[i], client, server, direction, packet[0]))
			continue;
		verdict = rules[i].apply(server, packet);
		if (verdict != TRANSLATE_PASS)
			return verdict;
	}
	return verdict;
}
