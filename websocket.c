/* SPDX-License-Identifier: MIT */
/*
 * Frames of WebSocket (RFC 6455, 5). The one idea: a header is collected byte by byte and
 * judged as it grows, for it is short and may be torn anywhere; a payload is moved and unmasked
 * in one piece, as much of it as there is.
 */
#include "websocket.h"

#include <string.h>

#define FIN        0x80
#define RESERVED   0x70 /* bits that only extensions use */
#define OPCODE     0x0f
#define IS_CONTROL 0x08 /* among the opcodes */
#define MASKED     0x80
#define LENGTH     0x7f
#define LENGTH_16  126 /* the length is in the next 2 bytes */
#define LENGTH_64  127 /* the length is in the next 8 bytes */
#define BASIC      2   /* bytes that each header has */
#define MASK_SIZE  4

#define BIT(opcode) (1U << (opcode))
static const unsigned known_opcodes = BIT(WEBSOCKET_CONTINUATION) | BIT(WEBSOCKET_TEXT) |
				      BIT(WEBSOCKET_BINARY) | BIT(WEBSOCKET_CLOSE) |
				      BIT(WEBSOCKET_PING) | BIT(WEBSOCKET_PONG);

/* Statuses that may be sent (7.4, and the registry of IANA). */
static const struct {
	uint16_t first, last;
} statuses[] = {{1000, 1003}, {1007, 1014}, {3000, 4999}};

void websocket_reader_init(struct websocket_reader *reader, enum websocket_role role)
{
	*reader = (struct websocket_reader){.role = role, .header_needed = BASIC};
}

static void fail(struct websocket_reader *reader, const char *fault)
{
	reader->fault = fault;
	reader->status = WEBSOCKET_PROTOCOL_ERROR;
}

/* ---- headers ---- */

static size_t length_size(const uint8_t *header)
{
	uint8_t length = header[1] & LENGTH;

	return length == LENGTH_16 ? 2 : length == LENGTH_64 ? 8 : 0;
}

static uint64_t read_length(const uint8_t *header)
{
	size_t size = length_size(header);
	uint64_t length = 0;

	if (size == 0)
		return header[1] & LENGTH;
	for (size_t i = 0; i < size; i++)
		length = length << 8 | header[BASIC + i];
	return length;
}

/* The byte with the opcode. */
static void judge_opcode(struct websocket_reader *reader)
{
	uint8_t byte = reader->header[0], opcode = byte & OPCODE;
	bool is_last = (byte & FIN) != 0;

	if (byte & RESERVED)
		fail(reader, "a frame has a reserved bit set");
	else if (!(known_opcodes & BIT(opcode)))
		fail(reader, "a frame has a reserved opcode");
	else if (opcode & IS_CONTROL) {
		if (!is_last)
			fail(reader, "a control frame is in pieces");
	} else if (opcode == WEBSOCKET_CONTINUATION && !reader->is_in_message)
		fail(reader, "a frame continues no message");
	else if (opcode != WEBSOCKET_CONTINUATION && reader->is_in_message)
		fail(reader, "a message begins within another");
	else
		reader->is_in_message = !is_last;
}

/* The byte with the mask bit and the length, or where to find it. */
static void judge_size(struct websocket_reader *reader)
{
	bool is_masked = (reader->header[1] & MASKED) != 0;
	bool is_control = (reader->header[0] & IS_CONTROL) != 0;

	if (is_masked && reader->role == WEBSOCKET_CLIENT)
		fail(reader, "a frame of the server is masked");
	else if (!is_masked && reader->role == WEBSOCKET_SERVER)
		fail(reader, "a frame is not masked");
	else if (is_control && (reader->header[1] & LENGTH) > WEBSOCKET_CONTROL_MAX)
		fail(reader, "a control frame is longer than 125 bytes");
	reader->header_needed =
		(uint8_t)(BASIC + length_size(reader->header) + (is_masked ? MASK_SIZE : 0));
}

/* The length is whole. */
static void judge_length(struct websocket_reader *reader)
{
	uint64_t length = read_length(reader->header);
	size_t size = length_size(reader->header);

	if ((size == 2 && length < LENGTH_16) || (size == 8 && length <= UINT16_MAX))
		fail(reader, "a length is not in its shortest form");
	else if (length > INT64_MAX)
		fail(reader, "a frame is longer than 2^63 bytes");
	reader->left = length;
	reader->at = 0;
}

/* ---- frames ---- */

static bool may_be_sent(unsigned status)
{
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (status >= statuses[i].first && status <= statuses[i].last)
			return true;
	return false;
}

static void take_close(struct websocket_reader *reader)
{
	unsigned status = (unsigned)(reader->body[0] << 8 | reader->body[1]);

	if (reader->at == 1)
		fail(reader, "a close has half a status");
	else if (reader->at > 0 && !may_be_sent(status))
		fail(reader, "a close has a status that is never sent");
	else {
		reader->status = reader->at > 0 ? (uint16_t)status : WEBSOCKET_NO_STATUS;
		reader->is_closed = true;
	}
}

static void end_frame(struct websocket_reader *reader)
{
	uint8_t opcode = reader->header[0] & OPCODE;

	if (opcode == WEBSOCKET_PING) {
		memcpy(reader->control, reader->body, sizeof(reader->control));
		reader->control_size = (uint8_t)reader->at;
		reader->has_ping = true;
	} else if (opcode == WEBSOCKET_CLOSE)
		take_close(reader);
	reader->header_size = 0;
	reader->header_needed = BASIC;
}

static void take_header_byte(struct websocket_reader *reader, uint8_t byte)
{
	reader->header[reader->header_size++] = byte;
	if (reader->header_size == 1) {
		judge_opcode(reader);
		return;
	}
	if (reader->header_size == BASIC)
		judge_size(reader);
	if (reader->fault == NULL && reader->header_size == BASIC + length_size(reader->header))
		judge_length(reader);
	if (reader->fault == NULL && reader->header_size == reader->header_needed &&
	    reader->left == 0)
		end_frame(reader);
}

/* Takes `size` bytes of the payload, which `to` may overlap. Returns how many are data. */
static size_t take_payload(struct websocket_reader *reader, uint8_t *to, const uint8_t *from,
			   size_t size)
{
	bool is_control = (reader->header[0] & IS_CONTROL) != 0;
	uint8_t *payload = is_control ? reader->body + reader->at : to;

	if (payload != from)
		memmove(payload, from, size);
	if (reader->role == WEBSOCKET_SERVER)
		websocket_mask(payload, size,
			       reader->header + reader->header_needed - MASK_SIZE, reader->at);
	reader->at += size;
	reader->left -= size;
	if (reader->left == 0)
		end_frame(reader);
	return is_control ? 0 : size;
}

size_t websocket_read(struct websocket_reader *reader, uint8_t *bytes, size_t size)
{
	size_t in = 0, out = 0;

	while (in < size && !reader->is_closed && reader->fault == NULL) {
		if (reader->header_size < reader->header_needed) {
			take_header_byte(reader, bytes[in++]);
			continue;
		}
		size_t n = size - in < reader->left ? size - in : (size_t)reader->left;
		out += take_payload(reader, bytes + out, bytes + in, n);
		in += n;
	}
	return out;
}

/* ---- writing ---- */

size_t websocket_write_header(uint8_t out[static WEBSOCKET_HEADER_MAX],
			      enum websocket_opcode opcode, size_t size, const uint8_t *mask)
{
	uint8_t length = size < LENGTH_16     ? (uint8_t)size
			 : size <= UINT16_MAX ? LENGTH_16
					      : LENGTH_64;
	size_t at = BASIC;

	out[0] = (uint8_t)(FIN | opcode);
	out[1] = (uint8_t)(length | (mask != NULL ? MASKED : 0));
	for (size_t n = length_size(out); n > 0; n--)
		out[at++] = (uint8_t)((uint64_t)size >> (n - 1) * 8);
	if (mask != NULL) {
		memcpy(out + at, mask, MASK_SIZE);
		at += MASK_SIZE;
	}
	return at;
}

/* Eight bytes at a time: this is what each byte of a browser's stream goes through. */
void websocket_mask(uint8_t *bytes, size_t size, const uint8_t mask[static 4], uint64_t at)
{
	uint8_t turned[sizeof(uint64_t)];
	uint64_t pattern, word;
	size_t i = 0;

	for (size_t n = 0; n < sizeof(turned); n++)
		turned[n] = mask[(at + n) % MASK_SIZE];
	memcpy(&pattern, turned, sizeof(pattern));
	for (; size - i >= sizeof(word); i += sizeof(word)) {
		memcpy(&word, bytes + i, sizeof(word));
		word ^= pattern;
		memcpy(bytes + i, &word, sizeof(word));
	}
	for (; i < size; i++)
		bytes[i] ^= turned[i % MASK_SIZE];
}

static size_t write_control(uint8_t *out, enum websocket_opcode opcode, const uint8_t *body,
			    size_t size, const uint8_t *mask)
{
	size_t at = websocket_write_header(out, opcode, size, mask);

	memcpy(out + at, body, size);
	if (mask != NULL)
		websocket_mask(out + at, size, mask, 0);
	return at + size;
}

size_t websocket_write_pong(uint8_t out[static WEBSOCKET_REPLY_MAX],
			    const struct websocket_reader *reader, const uint8_t *mask)
{
	return write_control(out, WEBSOCKET_PONG, reader->control, reader->control_size, mask);
}

size_t websocket_write_close(uint8_t out[static WEBSOCKET_REPLY_MAX], uint16_t status,
			     const uint8_t *mask)
{
	uint8_t body[2] = {(uint8_t)(status >> 8), (uint8_t)status};

	return write_control(out, WEBSOCKET_CLOSE, body,
			     status == WEBSOCKET_NO_STATUS ? 0 : sizeof(body), mask);
}
