/* SPDX-License-Identifier: MIT */
/*
 * Frames are our own and not a library's: they are read where they lie and written from where
 * they lie, header and payload in one write, and a connection without them costs nothing.
 */
#include "stream.h"

#include <bsd/stdlib.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "net.h"

/* Payload of a frame: what is relayed at once. Masked ones are copied first, on the stack; they
 * have room for all that is sent in one piece, since cserver wants whole packets in each. */
#define FRAME_MAX  16384
#define MASKED_MAX 8192

_Static_assert(FRAME_MAX <= WEBSOCKET_FRAME_MAX && MASKED_MAX <= WEBSOCKET_FRAME_MAX,
	       "a frame is too long for servers");

/* Keys: r the reader, w the lock of the writers, I immutable. */
struct stream_web {
	enum websocket_role role;       /* I */
	struct websocket_reader reader; /* r */
	size_t overhead;                /* r, bytes read that were no payload */
	bool has_answered;              /* r, what is_closed or a fault want has been done */
	bool has_closed;                /* w, a close frame has been sent */
	uint16_t fault_status;          /* w, what it must say after a fault; else 0 */
	uint8_t header[WEBSOCKET_HEADER_MAX]; /* w, of the frame that is being sent */
	uint8_t mask[4];                      /* w */
	size_t header_size, header_sent;      /* w */
	size_t size, sent;                    /* w, of its payload; the same: there is none */
};

bool stream_begin_web(struct stream *stream, enum websocket_role role)
{
	struct stream_web *web = calloc(1, sizeof(*web));

	if (web == NULL)
		return false;
	web->role = role;
	websocket_reader_init(&web->reader, role);
	stream->web = web;
	return true;
}

void stream_close(struct stream *stream)
{
	if (stream->fd >= 0)
		close(stream->fd);
	stream->fd = -1;
	free(stream->web);
	stream->web = NULL;
}

/* ---- reading ---- */

size_t stream_take(struct stream *stream, uint8_t *bytes, size_t size)
{
	if (stream->web == NULL)
		return size;
	size_t payload = websocket_read(&stream->web->reader, bytes, size);
	stream->web->overhead += size - payload;
	return payload;
}

size_t stream_overhead(struct stream *stream)
{
	if (stream->web == NULL)
		return 0;
	size_t overhead = stream->web->overhead;
	stream->web->overhead = 0;
	return overhead;
}

/* What can be said without reading: 1 nothing, else as recv(2). */
static ssize_t look_back(const struct stream *stream)
{
	if (stream->web == NULL)
		return 1;
	if (stream->web->reader.fault != NULL) {
		errno = EPROTO;
		return -1;
	}
	return !stream->web->reader.is_closed;
}

/* What a read of n bytes has brought. */
static ssize_t look_into(struct stream *stream, void *buffer, ssize_t n)
{
	if (n <= 0 || stream->web == NULL)
		return n;
	size_t payload = stream_take(stream, buffer, (size_t)n);
	if (payload > 0)
		return (ssize_t)payload;
	n = look_back(stream);
	if (n > 0)
		errno = EINTR;
	return n > 0 ? -1 : n;
}

ssize_t stream_recv(struct stream *stream, void *buffer, size_t size, int flags)
{
	ssize_t n = look_back(stream);

	return n <= 0 ? n : look_into(stream, buffer, recv(stream->fd, buffer, size, flags));
}

ssize_t stream_recv_by(struct stream *stream, void *buffer, size_t size, int64_t deadline_ms)
{
	ssize_t n = look_back(stream);

	return n <= 0 ? n
		      : look_into(stream, buffer,
				  net_recv(stream->fd, buffer, size, deadline_ms));
}

const char *stream_fault(const struct stream *stream)
{
	return stream->web != NULL ? stream->web->reader.fault : NULL;
}

/* ---- writing ---- */

/* A mask for a frame of ours, NULL where there must be none (RFC 6455, 5.1). */
static const uint8_t *new_mask(struct stream_web *web)
{
	if (web->role == WEBSOCKET_SERVER)
		return NULL;
	arc4random_buf(web->mask, sizeof(web->mask));
	return web->mask;
}

static void begin_frame(struct stream_web *web, size_t size)
{
	size_t max = web->role == WEBSOCKET_SERVER ? FRAME_MAX : MASKED_MAX;

	web->size = size < max ? size : max;
	web->sent = web->header_sent = 0;
	web->header_size =
		websocket_write_header(web->header, WEBSOCKET_BINARY, web->size, new_mask(web));
}

/* Notes what has been written of the frame. Returns how much of that was payload. */
static size_t account(struct stream_web *web, size_t written)
{
	size_t left = web->header_size - web->header_sent;
	size_t header = written < left ? written : left;

	web->header_sent += header;
	web->sent += written - header;
	return written - header;
}

/* Writes the rest of the frame, whose payload goes on with `data`, and returns as
 * net_send_all(); *sent gets how much of the payload. */
static int send_rest(struct stream *stream, void *data, int64_t deadline_ms,
		     const atomic_bool *cancel, size_t *sent)
{
	struct stream_web *web = stream->web;
	struct iovec parts[] = {
		{.iov_base = web->header + web->header_sent,
		 .iov_len = web->header_size - web->header_sent},
		{.iov_base = data, .iov_len = web->size - web->sent},
	};
	size_t written;
	int result = net_send_parts(stream->fd, parts, 2, deadline_ms, cancel, &written);

	*sent = account(web, written);
	return result;
}

/* A function of its own: only links to servers with WebSocket pay for the room on the stack. */
__attribute__((noinline)) static int send_masked(struct stream *stream, const uint8_t *data,
						 int64_t deadline_ms, const atomic_bool *cancel,
						 size_t *sent)
{
	const struct stream_web *web = stream->web;
	size_t size = web->size - web->sent;
	uint8_t masked[MASKED_MAX];

	memcpy(masked, data, size);
	websocket_mask(masked, size, web->mask, web->sent);
	return send_rest(stream, masked, deadline_ms, cancel, sent);
}

static int send_frame(struct stream *stream, const uint8_t *data, int64_t deadline_ms,
		      const atomic_bool *cancel, size_t *sent)
{
	void *bytes;

	if (stream->web->role == WEBSOCKET_CLIENT)
		return send_masked(stream, data, deadline_ms, cancel, sent);
	memcpy(&bytes, &data, sizeof(bytes)); /* which are only read */
	return send_rest(stream, bytes, deadline_ms, cancel, sent);
}

int stream_send(struct stream *stream, const uint8_t *data, size_t size, int64_t deadline_ms,
		const atomic_bool *cancel, size_t *sent)
{
	struct stream_web *web = stream->web;
	size_t done = 0, n;
	int result = 0;

	if (web == NULL)
		return net_send_all(stream->fd, data, size, deadline_ms, cancel, sent);
	/* too few bytes can't be those that a frame that was cut short has promised */
	if (web->has_closed || stream_owed(stream) > size) {
		errno = EPIPE;
		result = -1;
	}
	while (done < size && result == 0) {
		if (web->sent == web->size)
			begin_frame(web, size - done);
		result = send_frame(stream, data + done, deadline_ms, cancel, &n);
		done += n;
	}
	if (sent != NULL)
		*sent = done;
	return result;
}

size_t stream_owed(const struct stream *stream)
{
	return stream->web != NULL ? stream->web->size - stream->web->sent : 0;
}

void stream_send_close(struct stream *stream, enum websocket_status status)
{
	struct stream_web *web = stream->web;
	uint8_t frame[WEBSOCKET_REPLY_MAX];

	if (web == NULL || web->has_closed || stream_owed(stream) > 0)
		return;
	web->has_closed = true;
	size_t size = websocket_write_close(
		frame, web->fault_status != 0 ? web->fault_status : (uint16_t)status,
		new_mask(web));
	(void)!send(stream->fd, frame, size, MSG_DONTWAIT | MSG_NOSIGNAL);
}

bool stream_wants_answer(const struct stream *stream)
{
	const struct stream_web *web = stream->web;

	return web != NULL &&
	       (web->reader.has_ping ||
		(!web->has_answered && (web->reader.is_closed || web->reader.fault != NULL)));
}

int stream_answer(struct stream *stream, int64_t deadline_ms, const atomic_bool *cancel)
{
	struct stream_web *web = stream->web;
	uint8_t frame[WEBSOCKET_REPLY_MAX];

	web->has_answered |= web->reader.is_closed || web->reader.fault != NULL;
	if (web->reader.fault != NULL)
		web->fault_status = web->reader.status;
	else if (web->reader.is_closed)
		stream_send_close(stream, web->reader.status);
	if (!web->reader.has_ping)
		return 0;
	web->reader.has_ping = false;
	if (web->has_closed || stream_owed(stream) > 0)
		return 0;
	size_t size = websocket_write_pong(frame, &web->reader, new_mask(web));
	ssize_t n = send(stream->fd, frame, size, MSG_DONTWAIT | MSG_NOSIGNAL);
	/* no room: whoever does not read can't wait for it; whoever is gone is noticed
	 * elsewhere */
	if (n <= 0 || (size_t)n == size)
		return 0;
	return net_send_all(stream->fd, frame + n, size - (size_t)n, deadline_ms, cancel, NULL);
}
