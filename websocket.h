/* SPDX-License-Identifier: MIT */
/*
 * Frames of WebSocket (RFC 6455). Pure code: no socket, no memory. A connection is one stream
 * of bytes: where one frame ends and the next begins means nothing to those who read it.
 */
#ifndef WEBSOCKET_H
#define WEBSOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WEBSOCKET_HEADER_MAX  14    /* a frame's header, with its mask */
#define WEBSOCKET_CONTROL_MAX 125   /* the payload of a ping, pong or close */
#define WEBSOCKET_FRAME_MAX   65535 /* payload of one of ours: servers know no longer lengths */
#define WEBSOCKET_REPLY_MAX   (WEBSOCKET_HEADER_MAX + WEBSOCKET_CONTROL_MAX)

/* Which end we are. The client's frames are masked, the server's are not (5.1). */
enum websocket_role { WEBSOCKET_SERVER, WEBSOCKET_CLIENT };

enum websocket_opcode {
	WEBSOCKET_CONTINUATION = 0,
	WEBSOCKET_TEXT = 1,
	WEBSOCKET_BINARY = 2,
	WEBSOCKET_CLOSE = 8,
	WEBSOCKET_PING = 9,
	WEBSOCKET_PONG = 10,
};

/* Status codes of a close (7.4.1). */
enum websocket_status {
	WEBSOCKET_NORMAL = 1000,
	WEBSOCKET_GOING_AWAY = 1001,
	WEBSOCKET_PROTOCOL_ERROR = 1002,
	WEBSOCKET_NO_STATUS = 1005, /* a close frame without one; never sent */
	WEBSOCKET_TOO_BIG = 1009,
};

/* What has been read of the other end's frames. The first part is for the caller, after
 * websocket_read(). */
struct websocket_reader {
	enum websocket_role role;
	bool has_ping;     /* to be answered by a pong with `control`; the caller clears it */
	bool is_closed;    /* a close frame has come: nothing behind it counts */
	uint16_t status;   /* of the close; with a fault: what to answer; else 0 */
	const char *fault; /* what is wrong, as in "a frame is not masked"; NULL: nothing */
	uint8_t control[WEBSOCKET_CONTROL_MAX]; /* of the last ping */
	uint8_t control_size;
	/* private: the frame that is under way */
	uint8_t header[WEBSOCKET_HEADER_MAX];
	uint8_t header_size;   /* bytes of it that are there */
	uint8_t header_needed; /* bytes of it that are known to come */
	bool is_in_message;    /* a message has begun, and its last frame has not */
	uint64_t left, at;     /* of the payload, once the header is whole: to come, and read */
	uint8_t body[WEBSOCKET_CONTROL_MAX]; /* of a control frame, as far as it is there */
};

void websocket_reader_init(struct websocket_reader *reader, enum websocket_role role);

/*
 * Takes raw bytes as they came off the socket, however torn, and leaves the payload of data
 * frames (binary, text and their continuations; empty ones add nothing) at the beginning of
 * `bytes`, unmasked. Returns its size, which may be 0. All the bytes are used, unless there is
 * a close or a fault: what came before that still counts, what comes behind it never will, in
 * later calls neither. Of several pings the last is kept; pongs are passed over.
 *
 * Faults, all with WEBSOCKET_PROTOCOL_ERROR: reserved bits or opcodes, a mask that is missing
 * or should not be there, torn or long control frames, a continuation of nothing, a new message
 * within another, a length of 2^63 or more or not in its shortest form, a close with half a
 * status or one that is never sent. What is wrong with a header is found before its payload.
 */
size_t websocket_read(struct websocket_reader *reader, uint8_t *bytes, size_t size);

/*
 * Writes the header of a whole (unfragmented) frame with a payload of `size` bytes; returns the
 * header's own size. `mask` is 4 bytes for WEBSOCKET_CLIENT, else NULL.
 */
size_t websocket_write_header(uint8_t out[static WEBSOCKET_HEADER_MAX],
			      enum websocket_opcode opcode, size_t size, const uint8_t *mask);
/* Masks or unmasks; `at` is how many bytes of the frame's payload came before these. */
void websocket_mask(uint8_t *bytes, size_t size, const uint8_t mask[static 4], uint64_t at);

/*
 * A whole control frame: a pong with the payload of the last ping, or a close with a status and
 * no words. A status of WEBSOCKET_NO_STATUS makes a close without one, so that a close can be
 * answered with reader->status as it is. Returns its size. `mask` as above.
 */
size_t websocket_write_pong(uint8_t out[static WEBSOCKET_REPLY_MAX],
			    const struct websocket_reader *reader, const uint8_t *mask);
size_t websocket_write_close(uint8_t out[static WEBSOCKET_REPLY_MAX], uint16_t status,
			     const uint8_t *mask);

#endif
