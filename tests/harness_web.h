/* SPDX-License-Identifier: MIT */
/*
 * WebSocket (RFC 6455) for the scripted ends of connections: a client that upgrades, a server
 * that answers, and frames of every kind. Once a peer has its frames, all that works with plain
 * peers works with it. Nothing of it is Kurafuto's code, and it is as strict as others are:
 * what Kurafuto may not send fails the test.
 */
#ifndef HARNESS_WEB_H
#define HARNESS_WEB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness.h"

#define WEB_HEAD_MAX    8192
#define WEB_CONTROL_MAX 125
#define WEB_FRAME_MAX   65535 /* payload of a frame to a server: some know no more */
#define WEB_ENDS        16384
#define WEB_NO_STATUS   1005

/* The first byte of a frame: what it is, and whether it is the last one of its message. */
#define WEB_FIN 0x80u
enum web_opcode {
	WEB_MORE = 0,
	WEB_TEXT = 1,
	WEB_BINARY = 2,
	WEB_CLOSE = 8,
	WEB_PING = 9,
	WEB_PONG = 10,
};

/* ---- frames ---- */

/* What a peer does with its frames, and what has come in. A ping is answered at once. */
struct web {
	/* how peer_send() goes out; to be changed at any time */
	size_t frame_max;   /* bytes of payload a frame; 0: as many as there are */
	bool is_fragmented; /* the frames of a call are one message */
	bool is_torn;       /* as web_send_torn() */
	bool keeps_closes;  /* a close frame is not answered at once */
	/* what has come */
	unsigned frames; /* with data */
	size_t longest;  /* payload of one of them */
	unsigned pings, pongs;
	uint8_t pong[WEB_CONTROL_MAX]; /* payload of the last one */
	size_t pong_size;
	bool has_closed; /* a close frame has come: the peer waits for the end behind it */
	unsigned status; /* of it, or WEB_NO_STATUS */
	/* private */
	bool is_server, is_in_message, has_said_close;
	uint8_t head[14], control[WEB_CONTROL_MAX];
	size_t head_size, at;    /* bytes of the header, and of the payload behind it */
	uint64_t size;           /* of the payload */
	uint64_t taken;          /* bytes of all payloads so far */
	uint64_t ends[WEB_ENDS]; /* where frames with data end in them, if not yet read */
	size_t n_ends;
};

/* From now on the bytes of a peer go through frames: those of a server, or those of a client.
 */
void web_begin(struct peer *peer, bool is_server);
/* One frame as it is: `first` is WEB_FIN, or not, and an opcode. */
void web_frame(struct peer *peer, unsigned first, const void *payload, size_t size);
/* The same, masked or not, into a buffer with 14 bytes of room more than the payload. Returns
 * its size. */
size_t web_write_frame(uint8_t *out, unsigned first, bool is_masked, const void *payload,
		       size_t size);
/* A close frame with a status; WEB_NO_STATUS: without one. */
void web_send_close(struct peer *peer, unsigned status);
/* Reads until a close frame with that status has come, and then the end of the connection. */
void web_expect_close(struct peer *peer, unsigned status);
/* Reads until that many pongs have come; the last one must have this payload. */
void web_expect_pong(struct peer *peer, unsigned n, const void *payload, size_t size);
/* Bytes one by one; the next when Kurafuto has read the last, or has closed. */
void web_send_torn(struct peer *peer, const void *bytes, size_t size);

/* For peer_send() and its like. */
void web_send(struct peer *peer, const void *data, size_t size);
size_t web_take(struct peer *peer, uint8_t *bytes, size_t size);
void web_check_packet(const struct peer *peer, size_t size);

/* ---- heads of HTTP ---- */

/* Reads to the end of a head, and nothing behind it. Returns its size without the empty line;
 * 0: the other side has closed. */
size_t web_read_head(struct peer *peer, char head[static WEB_HEAD_MAX]);
/* The status of an answer. */
unsigned web_status(const char *head);
/* The value of a field without regard to case, valid until the next call; NULL: there is none,
 * or it is there twice. */
const char *web_field(const char *head, const char *name);

/* ---- clients ---- */

/* What a client asks for; NULL is what ClassiCube's web client would say. */
struct web_request {
	const char *path;     /* "/" */
	const char *host;     /* where it has connected to */
	const char *protocol; /* "ClassiCube"; "": none */
	const char *fields;   /* more lines, each with CR LF */
	bool is_torn;         /* as web_send_torn() */
};

/* Sends a request. `request` may be NULL. */
void web_ask(struct peer *client, const struct web_request *request);
/* Reads the answer, which must let the client in; its frames begin. */
void web_enter(struct peer *client);
/* The answer must be of that status, have a body that contains `word` (NULL: whatever), and
 * then the connection must close. */
void web_expect_refusal(struct peer *client, unsigned status, const char *word);
/* Connects, asks and enters. */
struct peer *web_connect(const struct proxy *proxy);
struct peer *web_connect_from(const char *address, uint16_t port,
			      const struct web_request *request);
/* As client_login() and client_login_cpe(). */
struct peer *web_login(const struct proxy *proxy, bool cpe, const char *name);
/* As join() and join_cpe(). */
struct peer *web_join(const struct proxy *proxy, struct backend *backend, bool cpe,
		      const char *player, const char *server, struct peer **link);

/* ---- servers ---- */

/* A backend that takes web clients: `backend.web` points to it, and links are upgraded before
 * their player is read. A connection that does not ask for it is one of Classic. */
struct web_server {
	char request[WEB_HEAD_MAX]; /* the head of the last one; "": it was a plain one */
	unsigned upgrades;
	const char *fields; /* more lines of the answer, each with CR LF; NULL: the subprotocol
			     */
	bool is_torn;       /* the answer goes out as web_send_torn() */
};

/* Waits for a connection and reads the head of its request; whoever calls it answers. */
struct peer *web_accept(struct backend *backend, char head[static WEB_HEAD_MAX]);
/* What proves that a request has been understood (RFC 6455, 4.2.2). Valid until the next call.
 */
const char *web_accept_value(const char *head);
/* Lets a client in that has sent this head; its frames begin. */
void web_welcome(struct peer *link, const struct web_server *server, const char *head);
/* The same for one whose head is still to come, if it is not one of Classic. For
 * backend_accept(). */
void web_answer(struct web_server *server, struct peer *link);

#endif
