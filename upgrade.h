/* SPDX-License-Identifier: MIT */
/*
 * The handshake of WebSocket (RFC 6455, 4), both sides: what a web client asks and is answered,
 * and what Kurafuto asks of a server. Pure code, but for random bytes.
 */
#ifndef UPGRADE_H
#define UPGRADE_H

#include <stdbool.h>
#include <stddef.h>

#include "http_head.h"
#include "net.h"

#define UPGRADE_PROTOCOL    "ClassiCube" /* the subprotocol */
#define UPGRADE_KEY_TEXT    25           /* room for a Sec-WebSocket-Key, terminated */
#define UPGRADE_ACCEPT_TEXT 29           /* room for a Sec-WebSocket-Accept, terminated */
#define UPGRADE_WRITE_MAX   1024         /* room for what the writers below write, terminated */

/* The accept value of a key: base64 of SHA-1 (4.2.2). False if the key is not 16 bytes in
 * base64. */
bool upgrade_accept(char out[static UPGRADE_ACCEPT_TEXT], const char *key);

/* ---- as a server ---- */

enum upgrade_verdict {
	UPGRADE_OK,
	UPGRADE_NOT_ASKED, /* a plain request: no Upgrade: websocket, or no Connection: Upgrade
			    */
	UPGRADE_BAD_VERSION, /* it does not speak version 13 of WebSocket */
	UPGRADE_BAD_REQUEST, /* no GET, HTTP/1.0, a body, no or two Host, no or a bad key, no
				subprotocol ClassiCube */
};

/*
 * What a request wants. *why: what is missing, as in "it does not ask for the subprotocol
 * ClassiCube", also for those who cannot see our log; NULL with UPGRADE_OK.
 */
enum upgrade_verdict upgrade_read_request(const struct http_head *head, const char **why);
/* The status that answers a verdict other than UPGRADE_OK: 426 or 400. */
unsigned upgrade_status(enum upgrade_verdict verdict);
/* The 101 that lets the client in: *head is one that upgrade_read_request() calls UPGRADE_OK.
 * Returns its size. */
size_t upgrade_write_welcome(char out[static UPGRADE_WRITE_MAX], const struct http_head *head);
/*
 * Another answer, after which the connection is closed: `words`, a line of UTF-8 without its
 * end, as text/plain; they are cut if they are too long. Status 400, 403, 426 (which also says
 * what is wanted: websocket, version 13), 431 or 503; another one goes without its reason in
 * words. Returns its size.
 */
size_t upgrade_write_refusal(char out[static UPGRADE_WRITE_MAX], unsigned status,
			     const char *words);

/*
 * Where the player is, in the words of a proxy in front that is believed: the last X-Real-IP,
 * else the address in X-Forwarded-For furthest to the right that `is_trusted` does not know
 * (all known: the leftmost). IPv4 or IPv6, also [v6], v4:port and [v6]:port; port 0 where none
 * is said. IPv4 that is mapped into IPv6 stays so. False: neither is there (*why is NULL), or
 * what counts is no address (*why says so).
 */
bool upgrade_player_address(struct net_addr *out, const struct http_head *head,
			    bool (*is_trusted)(const void *context,
					       const struct net_addr *addr),
			    const void *context, const char **why);
/* Does a request show that a proxy has passed it on: has it any of the fields Forwarded, Via,
 * X-Real-IP, CF-Connecting-IP and those that begin with X-Forwarded-. */
bool upgrade_is_relayed(const struct http_head *head);
/*
 * Does a request come from no web page, as that of a program does (no Origin), or from one that
 * a local machine has served: from "localhost" or a local address (net_addr_is_lan()). A page
 * from anywhere else can have a browser connect to local addresses, too (RFC 6455, 10.2).
 */
bool upgrade_is_local_page(const struct http_head *head);
/*
 * Where a request goes: Host in lower case without its port ("[::1]" keeps its brackets), and
 * the path of the target without its query, "/" if there is none. Both are cut to fit and
 * terminated; what is no printable ASCII is '?'. Nothing of a path is decoded. Sizes of 1 and
 * more.
 */
void upgrade_place(const struct http_head *head, char *host, size_t host_size, char *path,
		   size_t path_size);

/* ---- as a client ---- */

/* A random key. */
void upgrade_make_key(char out[static UPGRADE_KEY_TEXT]);
/*
 * The request: GET / with all that a server wants to see. `host` is as in "127.0.0.1:25566" or
 * "[::1]:25566", and cut at 261 bytes. X-Real-IP and X-Forwarded-For name the player's address
 * without its port, IPv4 that is mapped into IPv6 as IPv4; they are left out where it is NULL
 * or neither IPv4 nor IPv6. Returns its size.
 */
size_t upgrade_write_request(char out[static UPGRADE_WRITE_MAX], const char *host,
			     const char *key, const struct net_addr *player);
/*
 * Does the answer to a request with that key let us in. False with *why, as in "its status is
 * not 101": also if the accept value is not the key's, or if it wants an extension or another
 * subprotocol than ClassiCube. One that names no subprotocol is good.
 */
bool upgrade_read_answer(const struct http_head *head, const char *key, const char **why);
/* That `why` for the log, or the status, as in "it answers 403 Forbidden", if that is no 101.
 */
#define UPGRADE_WHY_MAX 160
void upgrade_explain(char *out, size_t size, const struct http_head *head, const char *why);

#endif
