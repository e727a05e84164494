/* SPDX-License-Identifier: MIT */
/*
 * The stage with Alice on the web, and what the suites of web clients share. For suites that
 * include it once; their tests run in processes of their own.
 */
#ifndef WEB_STAGE_H
#define WEB_STAGE_H

#include "harness_web.h"
#include "stage.h"

/* Members of the configuration. Those who are believed are 127.0.0.8 and .9. */
#define TRUST   ",'trusted-proxies':['127.0.0.8/31']"
#define ANYBODY ",'verify-names':false"
#define CLOSED  ",'websocket':false"
#define MUTE    ",'answer-http':false"
/* What is torn takes its time. */
#define SLOWLY ",'login-timeout-ms':60000"

/* Parts of requests. */
#define REQUEST(fields) "GET / HTTP/1.1\r\nHost: x\r\n" fields "\r\n"
#define UPGRADE(version)                                                               \
	"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: " version \
	"\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define PROTOCOL "Sec-WebSocket-Protocol: ClassiCube\r\n"

/* Bytes with their number. */
#define BYTES(text) (text), sizeof(text) - 1

static inline void alice_on_web(bool cpe)
{
	alice = web_join(proxy, &alpha, cpe, "Alice", "Alpha", &link_a);
	exchange(alice, link_a);
	peer_forget(alice);
	peer_forget(link_a);
}

/* The rest of a login whose client has sent its identification. */
static inline void take_in(struct peer *client)
{
	link_a = backend_accept(&alpha);
	link_welcome(link_a, "Alpha");
	client_arrive(client, "Alpha");
	exchange(client, link_a);
}

#endif
