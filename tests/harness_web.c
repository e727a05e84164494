/* SPDX-License-Identifier: MIT */
/*
 * WebSocket for the scripted ends of connections: frames both ways, the heads of HTTP, and both
 * sides of the handshake.
 */
#include "harness_web.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sha1.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define DEADLINE_MS 10000
#define HEADER_MAX  14
#define PROTOCOL    "ClassiCube"
#define KEY         "dGhlIHNhbXBsZSBub25jZQ=="
#define GUID        "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" /* RFC 6455, 1.3 */

/* ---- frames out ---- */

static uint8_t *allocate(size_t size)
{
	uint8_t *bytes = malloc(size);

	ck_assert_ptr_nonnull(bytes);
	return bytes;
}

size_t web_write_frame(uint8_t *out, unsigned first, bool is_masked, const void *payload,
		       size_t size)
{
	static unsigned number;
	const uint8_t *data = payload;
	size_t at = 2, length = size > 65535 ? 8 : size > 125 ? 2 : 0;
	uint8_t mask[4] = {0};

	out[0] = (uint8_t)first;
	out[1] = (uint8_t)(length == 8 ? 127 : length == 2 ? 126 : size);
	for (size_t i = length; i-- > 0;)
		out[at++] = (uint8_t)((uint64_t)size >> 8 * i);
	if (is_masked) {
		out[1] |= 0x80;
		packet_put_u32(mask, ++number * 2654435761U); /* another one each time */
		memcpy(out + at, mask, sizeof(mask));
		at += sizeof(mask);
	}
	for (size_t i = 0; i < size; i++)
		out[at + i] = data[i] ^ mask[i % 4];
	return at + size;
}

static void send_bytes(struct peer *peer, const uint8_t *bytes, size_t size)
{
	(peer->web->is_torn ? web_send_torn : peer_send_raw)(peer, bytes, size);
}

void web_frame(struct peer *peer, unsigned first, const void *payload, size_t size)
{
	uint8_t *out = allocate(size + HEADER_MAX);

	send_bytes(peer, out,
		   web_write_frame(out, first, !peer->web->is_server, payload, size));
	free(out);
}

void web_send(struct peer *peer, const void *data, size_t size)
{
	const struct web *web = peer->web;
	const uint8_t *bytes = data;

	for (size_t at = 0, n; at < size; at += n) {
		bool continues = web->is_fragmented && at > 0;

		n = web->frame_max > 0 && web->frame_max < size - at ? web->frame_max
								     : size - at;
		web_frame(peer,
			  (continues ? WEB_MORE : WEB_BINARY) |
				  (web->is_fragmented && at + n < size ? 0 : WEB_FIN),
			  bytes + at, n);
	}
}

void web_send_close(struct peer *peer, unsigned status)
{
	const uint8_t payload[2] = {(uint8_t)(status >> 8), (uint8_t)status};

	peer->web->has_said_close = true;
	web_frame(peer, WEB_FIN | WEB_CLOSE, payload, status == WEB_NO_STATUS ? 0 : 2);
}

void web_send_torn(struct peer *peer, const void *bytes, size_t size)
{
	int64_t deadline = harness_now() + harness_ms(DEADLINE_MS);
	struct pollfd gone = {peer->fd, POLLRDHUP, 0};
	const uint8_t *at = bytes;

	for (size_t i = 0; i < size; i++) {
		peer_send_raw(peer, at + i, 1);
		while (poll(&gone, 1, 0) == 0 && proxy_unread(peer) > 0)
			ck_assert_msg(harness_now() < deadline, "nobody reads what is sent");
	}
}

/* ---- frames in ---- */

void web_begin(struct peer *peer, bool is_server)
{
	peer->web = calloc(1, sizeof(*peer->web));
	ck_assert_ptr_nonnull(peer->web);
	peer->web->is_server = is_server;
}

static unsigned opcode(const struct web *web)
{
	return web->head[0] & 0x0fu;
}

static bool is_control(const struct web *web)
{
	return opcode(web) >= WEB_CLOSE;
}

/* Bytes of the header, as far as its beginning tells. */
static size_t header_size(const struct web *web)
{
	unsigned length = web->head[1] & 0x7fu;

	if (web->head_size < 2)
		return 2;
	return 2 + (length == 127 ? 8 : length == 126 ? 2 : 0) + (web->is_server ? 4 : 0);
}

static void read_length(struct web *web)
{
	unsigned length = web->head[1] & 0x7fu, n = length == 127 ? 8 : length == 126 ? 2 : 0;

	web->size = n == 0 ? length : 0;
	for (unsigned i = 0; i < n; i++)
		web->size = web->size << 8 | web->head[2 + i];
	ck_assert_msg(n == 0 || web->size > (n == 2 ? 125 : 65535),
		      "a length of %llu in %u bytes", (unsigned long long)web->size, n);
}

/* What nobody may send (RFC 6455, 5.2 to 5.5). */
static void check_header(const struct web *web)
{
	bool ends_message = (web->head[0] & WEB_FIN) != 0;

	ck_assert_msg((web->head[0] & 0x70) == 0, "a frame with reserved bits");
	ck_assert_msg(!web->has_closed, "a frame behind the close frame");
	ck_assert_msg(!is_control(web) || (ends_message && web->size <= WEB_CONTROL_MAX),
		      "a torn or a long control frame");
	ck_assert_msg(is_control(web) || (opcode(web) == WEB_MORE) == web->is_in_message,
		      "opcode %u %s a message", opcode(web),
		      web->is_in_message ? "within" : "outside");
	ck_assert_msg(is_control(web) || opcode(web) == WEB_BINARY || opcode(web) == WEB_MORE,
		      "opcode %u, but packets are binary", opcode(web));
	ck_assert_msg(opcode(web) <= WEB_PONG, "a frame of opcode %u", opcode(web));
	ck_assert_msg(!web->is_server || is_control(web) || web->size <= WEB_FRAME_MAX,
		      "a frame of %llu bytes", (unsigned long long)web->size);
}

static void take_close(struct peer *peer)
{
	struct web *web = peer->web;

	ck_assert_msg(web->size != 1, "a close frame with half a status");
	web->has_closed = true;
	web->status = web->size >= 2 ? packet_get_u16(web->control) : WEB_NO_STATUS;
	if (!web->has_said_close && !web->keeps_closes)
		web_send_close(peer, web->status);
}

static void note_data(struct web *web)
{
	web->is_in_message = (web->head[0] & WEB_FIN) == 0;
	web->frames++;
	if (web->size > web->longest)
		web->longest = (size_t)web->size;
	if (!web->is_server)
		return;
	ck_assert_uint_lt(web->n_ends, WEB_ENDS);
	web->ends[web->n_ends++] = web->taken;
}

static void end_frame(struct peer *peer)
{
	struct web *web = peer->web;

	if (opcode(web) == WEB_CLOSE) {
		take_close(peer);
	} else if (opcode(web) == WEB_PING) {
		web->pings++;
		web_frame(peer, WEB_FIN | WEB_PONG, web->control, (size_t)web->size);
	} else if (opcode(web) == WEB_PONG) {
		web->pongs++;
		web->pong_size = (size_t)web->size;
		memcpy(web->pong, web->control, web->pong_size);
	} else {
		note_data(web);
	}
	web->head_size = web->at = 0;
}

/* A byte of a header. Is it whole now. */
static bool take_header(struct web *web, uint8_t byte)
{
	web->head[web->head_size++] = byte;
	if (web->head_size == 2)
		ck_assert_msg((byte >= 0x80) == web->is_server, "a frame that is %smasked",
			      byte >= 0x80 ? "" : "not ");
	if (web->head_size < header_size(web))
		return false;
	read_length(web);
	check_header(web);
	return true;
}

/* Takes raw bytes and leaves the payload of frames with data; returns its size. */
size_t web_take(struct peer *peer, uint8_t *bytes, size_t size)
{
	struct web *web = peer->web;
	size_t kept = 0;

	for (size_t i = 0; i < size; i++) {
		if (web->head_size < header_size(web)) {
			if (take_header(web, bytes[i]) && web->size == 0)
				end_frame(peer);
			continue;
		}
		uint8_t byte = bytes[i];
		if (web->is_server)
			byte ^= web->head[header_size(web) - 4 + web->at % 4];
		if (is_control(web)) {
			web->control[web->at] = byte;
		} else {
			bytes[kept++] = byte;
			web->taken++;
		}
		if (++web->at == web->size)
			end_frame(peer);
	}
	return kept;
}

/* Is the packet that is at the front of the input, as long as this, whole in one frame: there
 * are servers that read no others. */
void web_check_packet(const struct peer *peer, size_t size)
{
	struct web *web = peer->web;
	uint64_t from = web->taken - (peer->end - peer->start);
	size_t kept = 0;

	for (size_t i = 0; i < web->n_ends; i++) {
		ck_assert_msg(web->ends[i] <= from || web->ends[i] >= from + size,
			      "a frame ends within packet 0x%02x", peer->in[peer->start]);
		if (web->ends[i] > from)
			web->ends[kept++] = web->ends[i];
	}
	web->n_ends = kept;
}

void web_expect_close(struct peer *peer, unsigned status)
{
	peer_expect_close(peer);
	ck_assert_msg(peer->web->has_closed, "the end came without a close frame");
	ck_assert_uint_eq(peer->web->status, status);
}

void web_expect_pong(struct peer *peer, unsigned n, const void *payload, size_t size)
{
	int64_t deadline = harness_now() + harness_ms(DEADLINE_MS);
	bool closed = false;

	while (peer->web->pongs < n && !closed) {
		struct pollfd polled = {peer->fd, POLLIN, 0};

		ck_assert_msg(poll(&polled, 1, (int)(deadline - harness_now())) > 0,
			      "no pong came in time");
		peer_try(peer, &closed);
	}
	ck_assert_uint_eq(peer->web->pongs, n);
	ck_assert_uint_eq(peer->web->pong_size, size);
	ck_assert_mem_eq(peer->web->pong, payload, size);
}

/* ---- heads ---- */

size_t web_read_head(struct peer *peer, char head[static WEB_HEAD_MAX])
{
	int64_t deadline = harness_now() + harness_ms(DEADLINE_MS);
	size_t size = 0;

	head[0] = '\0';
	while (size < 4 || memcmp(head + size - 4, "\r\n\r\n", 4) != 0) {
		struct pollfd polled = {peer->fd, POLLIN, 0};

		ck_assert_uint_lt(size, WEB_HEAD_MAX - 1);
		ck_assert_msg(poll(&polled, 1, (int)(deadline - harness_now())) > 0,
			      "no head came in time, only: %s", head);
		if (recv(peer->fd, head + size, 1, 0) <= 0)
			break;
		head[++size] = '\0';
	}
	ck_assert_msg(size == 0 || strstr(head, "\r\n\r\n") != NULL, "half a head: %s", head);
	head[size > 2 ? size - 2 : 0] = '\0';
	return size > 2 ? size - 2 : 0;
}

unsigned web_status(const char *head)
{
	unsigned status = 0;

	ck_assert_msg(sscanf(head, "HTTP/1.1 %3u ", &status) == 1, "no answer of HTTP/1.1: %s",
		      head);
	return status;
}

/* The line behind a field's name; NULL: there is none behind `from`. */
static const char *find_field(const char *from, const char *name)
{
	size_t size = strlen(name);

	for (const char *at = from; (at = strstr(at, "\r\n")) != NULL;) {
		at += 2;
		if (strncasecmp(at, name, size) == 0 && at[size] == ':')
			return at + size + 1;
	}
	return NULL;
}

const char *web_field(const char *head, const char *name)
{
	static char value[1024];
	const char *at = find_field(head, name);

	if (at == NULL || find_field(at, name) != NULL)
		return NULL;
	at += strspn(at, " \t");
	snprintf(value, sizeof(value), "%.*s", (int)strcspn(at, "\r"), at);
	return value;
}

static void expect_field(const char *head, const char *name, const char *wanted)
{
	const char *value = web_field(head, name);

	ck_assert_msg(value != NULL && strcasecmp(value, wanted) == 0,
		      "%s should be \"%s\" in:\n%s", name, wanted, head);
}

static void write_base64(char *out, const uint8_t *bytes, size_t size)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < size; i += 3) {
		uint32_t three = (uint32_t)bytes[i] << 16;

		three |= i + 1 < size ? (uint32_t)bytes[i + 1] << 8 : 0;
		three |= i + 2 < size ? (uint32_t)bytes[i + 2] : 0;
		for (unsigned n = 0; n < 4; n++)
			*out++ = i + n > size ? '=' : digits[three >> (18 - 6 * n) & 63];
	}
	*out = '\0';
}

/* What proves that a key has been understood (RFC 6455, 4.2.2). */
static const char *accept_value(const char *key)
{
	static char text[29];
	uint8_t digest[SHA1_DIGEST_LENGTH];
	char joined[128];
	SHA1_CTX sha1;
	int n = snprintf(joined, sizeof(joined), "%s" GUID, key);

	SHA1Init(&sha1);
	SHA1Update(&sha1, (const uint8_t *)joined, (size_t)n);
	SHA1Final(digest, &sha1);
	write_base64(text, digest, sizeof(digest));
	return text;
}

/* ---- clients ---- */

/* "127.0.0.1:25565": where a peer has connected to. */
static const char *address_of_other(const struct peer *peer)
{
	static char text[INET_ADDRSTRLEN + 8];
	char address[INET_ADDRSTRLEN];
	struct sockaddr_in other;
	socklen_t length = sizeof(other);

	ck_assert_int_eq(getpeername(peer->fd, (struct sockaddr *)&other, &length), 0);
	ck_assert_ptr_nonnull(inet_ntop(AF_INET, &other.sin_addr, address, sizeof(address)));
	snprintf(text, sizeof(text), "%s:%u", address, ntohs(other.sin_port));
	return text;
}

static const char *or_else(const char *text, const char *usual)
{
	return text != NULL ? text : usual;
}

void web_ask(struct peer *client, const struct web_request *request)
{
	static const struct web_request usual;
	const struct web_request *wanted = request != NULL ? request : &usual;
	const char *protocol = or_else(wanted->protocol, PROTOCOL);
	char head[WEB_HEAD_MAX * 2];
	int n = snprintf(
		head, sizeof(head),
		"GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " KEY "\r\n%s%s%s%s\r\n",
		or_else(wanted->path, "/"), or_else(wanted->host, address_of_other(client)),
		protocol[0] != '\0' ? "Sec-WebSocket-Protocol: " : "", protocol,
		protocol[0] != '\0' ? "\r\n" : "", or_else(wanted->fields, ""));

	ck_assert_int_lt(n, (int)sizeof(head));
	(wanted->is_torn ? web_send_torn : peer_send_raw)(client, head, (size_t)n);
}

void web_enter(struct peer *client)
{
	char head[WEB_HEAD_MAX];

	ck_assert_msg(web_read_head(client, head) > 0, "closed instead of an answer");
	ck_assert_msg(web_status(head) == 101, "not let in:\n%s", head);
	expect_field(head, "Upgrade", "websocket");
	expect_field(head, "Connection", "Upgrade");
	ck_assert_str_eq(or_else(web_field(head, "Sec-WebSocket-Accept"), ""),
			 accept_value(KEY));
	expect_field(head, "Sec-WebSocket-Protocol", PROTOCOL);
	ck_assert_msg(find_field(head, "Sec-WebSocket-Extensions") == NULL, "%s", head);
	web_begin(client, false);
}

/* What follows until the end of the connection. */
static void read_body(const struct peer *client, char *out, size_t size)
{
	int64_t deadline = harness_now() + harness_ms(DEADLINE_MS);
	size_t at = 0;
	ssize_t n;

	do {
		struct pollfd polled = {client->fd, POLLIN, 0};

		ck_assert_msg(poll(&polled, 1, (int)(deadline - harness_now())) > 0,
			      "not closed in time");
		n = recv(client->fd, out + at, size - 1 - at, 0);
		at += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	ck_assert_msg(n == 0, "the connection was broken off, not closed");
	out[at] = '\0';
}

void web_expect_refusal(struct peer *client, unsigned status, const char *word)
{
	char head[WEB_HEAD_MAX], body[1024];

	ck_assert_msg(web_read_head(client, head) > 0, "closed instead of an answer");
	ck_assert_msg(web_status(head) == status, "not %u, but:\n%s", status, head);
	ck_assert_str_eq(or_else(web_field(head, "Connection"), ""),
			 status == 426 ? "Upgrade, close" : "close");
	read_body(client, body, sizeof(body));
	ck_assert_str_eq(or_else(web_field(head, "Content-Type"), ""),
			 "text/plain; charset=utf-8");
	ck_assert_uint_eq(strtoul(or_else(web_field(head, "Content-Length"), "0"), NULL, 10),
			  strlen(body));
	ck_assert_msg(word == NULL || strcasestr(body, word) != NULL,
		      "\"%s\" does not say \"%s\"", body, word);
}

struct peer *web_connect_from(const char *address, uint16_t port,
			      const struct web_request *request)
{
	struct peer *client = client_connect_from(address, port);

	web_ask(client, request);
	web_enter(client);
	return client;
}

struct peer *web_connect(const struct proxy *proxy)
{
	return web_connect_from("127.0.0.1", proxy_port(proxy), NULL);
}

struct peer *web_login(const struct proxy *proxy, bool cpe, const char *name)
{
	struct peer *client = web_connect(proxy);

	client_identify(client, PACKET_PROTOCOL, cpe, name, NULL);
	if (cpe)
		client_negotiate(client, NULL, 0);
	return client;
}

struct peer *web_join(const struct proxy *proxy, struct backend *backend, bool cpe,
		      const char *player, const char *server, struct peer **link)
{
	struct peer *client = web_login(proxy, cpe, player);

	*link = backend_accept(backend);
	if (cpe)
		link_negotiate(*link, NULL, 0);
	link_welcome(*link, server);
	client_arrive(client, server);
	return client;
}

/* ---- servers ---- */

struct peer *web_accept(struct backend *backend, char head[static WEB_HEAD_MAX])
{
	struct peer *link = backend_accept_raw(backend);

	ck_assert_msg(web_read_head(link, head) > 0, "closed instead of a request");
	return link;
}

const char *web_accept_value(const char *head)
{
	const char *key = web_field(head, "Sec-WebSocket-Key");

	ck_assert_msg(key != NULL, "no key in:\n%s", head);
	return accept_value(key);
}

void web_welcome(struct peer *link, const struct web_server *server, const char *head)
{
	char answer[WEB_HEAD_MAX];
	int n = snprintf(answer, sizeof(answer),
			 "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
			 "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n%s\r\n",
			 web_accept_value(head),
			 or_else(server->fields, "Sec-WebSocket-Protocol: " PROTOCOL "\r\n"));
	(server->is_torn ? web_send_torn : peer_send_raw)(link, answer, (size_t)n);
	web_begin(link, true);
}

void web_answer(struct web_server *server, struct peer *link)
{
	char first;

	server->request[0] = '\0';
	ck_assert_int_eq(recv(link->fd, &first, 1, MSG_PEEK), 1);
	if (first == 0) /* a check logs in without */
		return;
	ck_assert_msg(web_read_head(link, server->request) > 0, "closed instead of a request");
	server->upgrades++;
	web_welcome(link, server, server->request);
}
