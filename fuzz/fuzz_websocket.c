/* SPDX-License-Identifier: MIT */
/*
 * Reads bytes as frames of WebSocket, as both ends: at once, in pieces whose sizes the bytes
 * themselves name, and byte by byte, which must come to the same. Then what they hold is
 * written in frames of ours, and read back.
 */
#include <stdlib.h>
#include <string.h>

#include "websocket.h"

#define INPUT_MAX 4096 /* bytes; a longer input says nothing new */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool is_so)
{
	if (!is_so)
		abort();
}

/* All that one reader says. */
struct outcome {
	struct websocket_reader reader;
	uint8_t payload[INPUT_MAX];
	size_t size;
};

/* The buffer is exact, so that ASan sees a byte too many. */
static void read_piece(struct outcome *out, const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size + 1);

	demand(copy != NULL);
	uint8_t *at = copy + 1; /* so that it ends where the memory does, and may be empty */
	memcpy(at, data, size);
	bool is_over = out->reader.is_closed || out->reader.fault != NULL;
	size_t n = websocket_read(&out->reader, at, size);
	demand(n <= size && (!is_over || n == 0));
	memcpy(out->payload + out->size, at, n);
	out->size += n;
	free(copy);
}

static void begin(struct outcome *out, enum websocket_role role)
{
	websocket_reader_init(&out->reader, role);
	out->size = 0;
}

static void expect_sense(const struct websocket_reader *reader)
{
	demand(reader->control_size <= WEBSOCKET_CONTROL_MAX);
	demand(!reader->is_closed || reader->fault == NULL);
	demand((reader->status != 0) == (reader->is_closed || reader->fault != NULL));
	demand(reader->fault == NULL || reader->status == WEBSOCKET_PROTOCOL_ERROR);
}

static void expect_same(const struct outcome *a, const struct outcome *b)
{
	demand(a->size == b->size && memcmp(a->payload, b->payload, a->size) == 0);
	demand(a->reader.fault == b->reader.fault && a->reader.status == b->reader.status);
	demand(a->reader.is_closed == b->reader.is_closed);
	demand(a->reader.has_ping == b->reader.has_ping);
	demand(a->reader.control_size == b->reader.control_size);
	demand(memcmp(a->reader.control, b->reader.control, a->reader.control_size) == 0);
}

/* What is torn anywhere is the same. */
static void read_torn(const struct outcome *whole, const uint8_t *data, size_t size,
		      bool is_by_byte)
{
	static struct outcome torn;

	begin(&torn, whole->reader.role);
	for (size_t i = 0, n; i < size; i += n) {
		n = is_by_byte ? 1 : data[size - 1 - i] % 32;
		n = n < size - i ? n : size - i;
		if (n == 0) { /* is a piece too */
			read_piece(&torn, data + i, 0);
			n = 1;
		}
		read_piece(&torn, data + i, n);
	}
	expect_same(whole, &torn);
}

/* The other end's answer to what this one has read: control frames that its reader takes. */
static void read_replies(const struct websocket_reader *reader, const uint8_t *mask)
{
	uint8_t out[WEBSOCKET_REPLY_MAX];
	static struct outcome other;

	begin(&other, mask != NULL ? WEBSOCKET_SERVER : WEBSOCKET_CLIENT);
	read_piece(&other, out, websocket_write_pong(out, reader, mask));
	demand(other.reader.fault == NULL && !other.reader.has_ping);
	if (reader->status == 0)
		return;
	read_piece(&other, out, websocket_write_close(out, reader->status, mask));
	demand(other.reader.is_closed && other.reader.status == reader->status);
}

/* The bytes as a payload: in frames of sizes that the bytes name, and back. */
static void write_and_read(const uint8_t *data, size_t size, const uint8_t *mask)
{
	static uint8_t frame[WEBSOCKET_HEADER_MAX + INPUT_MAX];
	static struct outcome back;

	begin(&back, mask != NULL ? WEBSOCKET_SERVER : WEBSOCKET_CLIENT);
	for (size_t i = 0, n; i < size; i += n) {
		n = 1 + data[i] * 2U;
		n = n < size - i ? n : size - i;
		size_t header = websocket_write_header(frame, WEBSOCKET_BINARY, n, mask);
		memcpy(frame + header, data + i, n);
		if (mask != NULL) { /* in two goes */
			websocket_mask(frame + header, n / 3, mask, 0);
			websocket_mask(frame + header + n / 3, n - n / 3, mask, n / 3);
		}
		read_piece(&back, frame, header + n);
	}
	demand(back.reader.fault == NULL && back.size == size);
	demand(memcmp(back.payload, data, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct outcome whole;

	if (size > INPUT_MAX)
		return 0;
	for (int role = WEBSOCKET_SERVER; role <= WEBSOCKET_CLIENT; role++) {
		const uint8_t *mask = role == WEBSOCKET_CLIENT && size >= 4 ? data : NULL;

		begin(&whole, role == WEBSOCKET_SERVER ? WEBSOCKET_SERVER : WEBSOCKET_CLIENT);
		read_piece(&whole, data, size);
		expect_sense(&whole.reader);
		read_torn(&whole, data, size, true);
		read_torn(&whole, data, size, false);
		read_replies(&whole.reader, mask);
		write_and_read(data, size, mask);
	}
	return 0;
}
