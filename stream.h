/* SPDX-License-Identifier: MIT */
/*
 * A connection's bytes over its socket: as they are, or in frames of WebSocket (RFC 6455). The
 * one idea: whoever reads and writes packets does not know which. Knows nothing of Minecraft.
 *
 * One thread reads; who writes holds a lock of the caller's, and so does who begins with
 * frames.
 */
#ifndef STREAM_H
#define STREAM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "websocket.h"

struct stream_web;

/* Filled by its owner with a socket, or -1, and nothing else. */
struct stream {
	int fd;
	struct stream_web *web; /* NULL: plain */
};

/* From now on there are frames. False without memory. Blocks nowhere. */
bool stream_begin_web(struct stream *stream, enum websocket_role role);
/* Closes the socket, if there is one, and frees what is kept. */
void stream_close(struct stream *stream);

/*
 * As recv(2), blocking or as the flags say. 0: the other end has closed, by a frame or without
 * one. -1 with errno: EINTR, too, when what came was of no use to the caller, as a ping, or
 * half a header; EPROTO: no frames, see stream_fault(). The reader.
 */
ssize_t stream_recv(struct stream *stream, void *buffer, size_t size, int flags);
/* The same until a deadline (net_recv()). */
ssize_t stream_recv_by(struct stream *stream, void *buffer, size_t size, int64_t deadline_ms);
/* Takes raw bytes that came behind the handshake for what they are in frames, in place. Returns
 * how many are left, which may be none. The reader. */
size_t stream_take(struct stream *stream, uint8_t *bytes, size_t size);
/* How many bytes have been read since the last call that were no payload: headers, pings and
 * the like. The reader. */
size_t stream_overhead(struct stream *stream);
/* What is wrong with the other end's frames; NULL: nothing. The reader. */
const char *stream_fault(const struct stream *stream);

/* Does what has been read want an answer: a pong, a close, or the note that a close of ours
 * must name a fault. To be asked after each stream_recv(), whatever it has returned. The
 * reader. */
bool stream_wants_answer(const struct stream *stream);
/* Writes that answer, if there is room for it; only a pong that has begun is waited for. As
 * net_send_all(): when it has failed, the pong is torn. The reader, with the lock of the
 * writers. */
int stream_answer(struct stream *stream, int64_t deadline_ms, const atomic_bool *cancel);

/*
 * Writes bytes, as net_send_all(). When it has failed, the next call must go on with the same
 * bytes, or there must be none: a frame that has begun has promised them. stream_owed() says
 * how many more those are; fewer than that fail with EPIPE.
 */
int stream_send(struct stream *stream, const uint8_t *data, size_t size, int64_t deadline_ms,
		const atomic_bool *cancel, size_t *sent);
size_t stream_owed(const struct stream *stream);
/* Says with a close frame that nothing follows, with this status or that of the fault, unless
 * that has been said, or a frame has been cut short, or there is no room for it at the moment.
 * Never waits. */
void stream_send_close(struct stream *stream, enum websocket_status status);

#endif
