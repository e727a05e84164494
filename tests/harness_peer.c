/* SPDX-License-Identifier: MIT */
/*
 * The scripted ends of connections: clients that join Kurafuto and servers that it links to. A
 * peer frames what it reads by its own dialect, as the program that it plays would; every read
 * has a deadline.
 */
#include "harness_web.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include "../net.h"

#define POLL_MS     20 /* between two looks for who has dialled */
#define DEADLINE_MS 10000
#define LEVEL_EDGE  16
#define LEVEL_SIZE  (LEVEL_EDGE * LEVEL_EDGE * LEVEL_EDGE)

static struct peer *peer_new(int fd, enum packet_direction reads)
{
	struct peer *peer = calloc(1, sizeof(*peer));
	int on = 1;

	ck_assert_ptr_nonnull(peer);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	peer->fd = fd;
	peer->reads = reads;
	dialect_init(&peer->dialect, harness_catalog(), PACKET_PROTOCOL, false);
	return peer;
}

void peer_close(struct peer *peer)
{
	if (peer == NULL)
		return;
	close(peer->fd);
	free(peer->web);
	free(peer);
}

void peer_send(struct peer *peer, const void *data, size_t size)
{
	(peer->web != NULL ? web_send : peer_send_raw)(peer, data, size);
}

void peer_send_raw(struct peer *peer, const void *data, size_t size)
{
	int64_t deadline = harness_now() + harness_ms(DEADLINE_MS);
	const uint8_t *at = data;

	while (size > 0) {
		struct pollfd polled = {peer->fd, POLLOUT, 0};
		ssize_t n = send(peer->fd, at, size, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EAGAIN)
			ck_assert_msg(poll(&polled, 1, (int)(deadline - harness_now())) > 0,
				      "nobody reads what is sent");
		else if (n < 0)
			return; /* the other side has closed: what is read next shows why */
		at += n > 0 ? n : 0;
		size -= n > 0 ? (size_t)n : 0;
	}
}

/* ---- reading ---- */

/* More bytes. 1 some, 0 closed, -1 deadline. */
static int peer_fill(struct peer *peer, int64_t deadline)
{
	int64_t left = deadline - harness_now();
	struct pollfd polled = {peer->fd, POLLIN, 0};
	ssize_t n;

	if (poll(&polled, 1, left > 0 ? (int)left : 0) <= 0)
		return -1;
	memmove(peer->in, peer->in + peer->start, peer->end - peer->start);
	peer->end -= peer->start;
	peer->start = 0;
	n = recv(peer->fd, peer->in + peer->end, sizeof(peer->in) - peer->end, 0);
	if (n <= 0)
		return 0;
	if (peer->web != NULL)
		n = (ssize_t)web_take(peer, peer->in + peer->end, (size_t)n);
	peer->end += (size_t)n;
	return 1;
}

static void note_chat(struct peer *peer, const uint8_t *packet)
{
	char text[PACKET_STRING_LEN + 1];
	size_t at = strlen(peer->text);

	if (at + PACKET_STRING_LEN + 2 > sizeof(peer->text)) {
		memmove(peer->text, peer->text + at / 2, at - at / 2 + 1);
		at = strlen(peer->text);
	}
	packet_get_string(text, packet + 2);
	if (at > 0)
		peer->text[at++] = ' ';
	for (const char *c = text; *c != '\0'; c++) {
		if (c[0] == '&' && c[1] != '\0')
			c++;
		else
			peer->text[at++] = *c;
	}
	peer->text[at] = '\0';
}

static void note_packet(struct peer *peer, const uint8_t *packet)
{
	struct packet_identification id;

	if (packet[0] == OP_MESSAGE)
		note_chat(peer, packet);
	if (peer->reads != PACKET_TO_CLIENT)
		return;
	if (packet[0] == OP_LEVEL_FINALIZE)
		peer->levels++;
	if (packet[0] == OP_TWO_WAY_PING && packet[1] == 1 && !peer->keeps_pings)
		peer_send(peer, packet, 4);
	if (packet[0] == OP_IDENTIFICATION) {
		packet_read_identification(&id, packet, peer_size(peer, packet));
		memcpy(peer->server, id.name, sizeof(peer->server));
	}
}

size_t peer_size(const struct peer *peer, const uint8_t *packet)
{
	return dialect_size(&peer->dialect, peer->reads, packet[0]);
}

/* The next packet, NULL on close; *late is set instead of failing when there is none until the
 * deadline. */
static const uint8_t *peer_read(struct peer *peer, int64_t deadline, bool *late)
{
	const uint8_t *packet;
	size_t size = 1;

	*late = false;
	for (;;) {
		size_t have = peer->end - peer->start;
		int got;

		packet = peer->in + peer->start;
		if (have > 0) {
			size = peer_size(peer, packet);
			ck_assert_msg(size > 0,
				      "received opcode 0x%02x, which was not negotiated",
				      packet[0]);
		}
		if (have >= size)
			break;
		got = peer_fill(peer, deadline);
		*late = got < 0;
		if (got <= 0)
			return NULL;
	}
	if (peer->web != NULL)
		web_check_packet(peer, size);
	peer->start += size;
	note_packet(peer, packet);
	return packet;
}

const uint8_t *peer_next(struct peer *peer)
{
	bool late;
	const uint8_t *packet = peer_read(peer, harness_now() + harness_ms(DEADLINE_MS), &late);

	ck_assert_msg(!late, "no packet came in time; chat so far: \"%s\"", peer->text);
	return packet;
}

const uint8_t *peer_try(struct peer *peer, bool *closed)
{
	bool late;
	const uint8_t *packet = peer_read(peer, 0, &late);

	*closed = packet == NULL && !late;
	return packet;
}

static const char *opcode_name(const struct peer *peer, uint8_t opcode)
{
	return packet_name(harness_catalog(), peer->reads, opcode);
}

static void fail_close(const struct peer *peer, uint8_t wanted)
{
	ck_abort_msg("closed while waiting for 0x%02x %s; chat so far: \"%s\"", wanted,
		     opcode_name(peer, wanted), peer->text);
}

const uint8_t *peer_expect(struct peer *peer, uint8_t opcode)
{
	const uint8_t *packet;
	char reason[PACKET_STRING_LEN + 1] = "";

	do {
		packet = peer_next(peer);
	} while (
		packet != NULL && packet[0] != opcode &&
		(packet[0] == OP_PING || (packet[0] == OP_TWO_WAY_PING && !peer->keeps_pings)));
	if (packet == NULL)
		fail_close(peer, opcode);
	if (packet[0] == OP_DISCONNECT)
		packet_get_string(reason, packet + 1);
	ck_assert_msg(packet[0] == opcode, "0x%02x %s instead of 0x%02x %s; %s", packet[0],
		      opcode_name(peer, packet[0]), opcode, opcode_name(peer, opcode), reason);
	return packet;
}

const uint8_t *peer_until(struct peer *peer, uint8_t opcode)
{
	char reason[PACKET_STRING_LEN + 1];
	const uint8_t *packet;

	while ((packet = peer_next(peer)) != NULL && packet[0] != opcode) {
		if (packet[0] != OP_DISCONNECT || peer->reads != PACKET_TO_CLIENT)
			continue;
		packet_get_string(reason, packet + 1);
		ck_abort_msg("disconnected while waiting for 0x%02x %s: %s", opcode,
			     opcode_name(peer, opcode), reason);
	}
	if (packet == NULL)
		fail_close(peer, opcode);
	return packet;
}

void peer_expect_bytes(struct peer *peer, const void *data, size_t size)
{
	const uint8_t *wanted = data;
	const uint8_t *packet = peer_expect(peer, wanted[0]);

	ck_assert_uint_eq(peer_size(peer, packet), size);
	for (size_t i = 0; i < size; i++)
		ck_assert_msg(packet[i] == wanted[i],
			      "0x%02x: byte %zu is 0x%02x instead of 0x%02x", wanted[0], i,
			      packet[i], wanted[i]);
}

void peer_forget(struct peer *peer)
{
	peer->text[0] = '\0';
}

void peer_wait_text(struct peer *peer, const char *text)
{
	int64_t deadline = harness_now() + harness_ms(DEADLINE_MS);
	char reason[PACKET_STRING_LEN + 1] = "";
	bool late = false;

	while (strcasestr(peer->text, text) == NULL) {
		const uint8_t *packet = peer_read(peer, deadline, &late);

		if (packet == NULL)
			break;
		if (packet[0] == OP_DISCONNECT && peer->reads == PACKET_TO_CLIENT)
			packet_get_string(reason, packet + 1);
	}
	ck_assert_msg(strcasestr(peer->text, text) != NULL,
		      "%s, no chat with \"%s\"; there was: \"%s\" %s",
		      late ? "in time" : "closed", text, peer->text, reason);
}

void peer_chat(struct peer *peer, const char *text)
{
	uint8_t out[PACKET_SIZE_MAX];

	peer_send(peer, out, packet_write_message(out, peer->cpe ? 0 : 255, text));
}

void peer_expect_close(struct peer *peer)
{
	while (peer_next(peer) != NULL)
		;
}

bool peer_closes_within(struct peer *peer, int64_t ms)
{
	int64_t deadline = harness_now() + ms;
	int got;

	do {
		peer->start = peer->end;
		got = peer_fill(peer, deadline);
	} while (got > 0);
	return got == 0;
}

void peer_expect_disconnect(struct peer *peer, const char *word)
{
	char reason[PACKET_STRING_LEN + 1];
	const uint8_t *packet;

	while ((packet = peer_next(peer)) != NULL && packet[0] != OP_DISCONNECT)
		;
	ck_assert_msg(packet != NULL, "closed without a Disconnect; chat so far: \"%s\"",
		      peer->text);
	packet_get_string(reason, packet + 1);
	ck_assert_msg(harness_says(reason, word), "Disconnect says \"%s\", not \"%s\"", reason,
		      word);
	ck_assert_ptr_null(peer_next(peer));
}

/* ---- clients ---- */

static struct sockaddr_in loopback(uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return address;
}

struct peer *client_connect(const struct proxy *proxy)
{
	return client_connect_at(proxy_port(proxy));
}

struct peer *client_connect_at(uint16_t port)
{
	struct sockaddr_in address = loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_msg(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0,
		      "connect: %s", strerror(errno));
	return peer_new(fd, PACKET_TO_CLIENT);
}

struct peer *client_connect_from(const char *address, uint16_t port)
{
	struct net_addr to, from;
	int on = 1;

	ck_assert_msg(net_addr_parse(&from, address, 0), "%s", address);
	bool is_v6 = from.storage.ss_family == AF_INET6;
	ck_assert(net_addr_parse(&to, is_v6 ? "::1" : "127.0.0.1", port));
	int fd = socket(from.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(fd, 0);
	if (is_v6) /* else only addresses that an interface has */
		ck_assert_int_eq(setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &on, sizeof(on)),
				 0);
	ck_assert_msg(bind(fd, (struct sockaddr *)&from.storage, from.len) == 0, "%s: %s",
		      address, strerror(errno));
	ck_assert_msg(connect(fd, (struct sockaddr *)&to.storage, to.len) == 0,
		      "connect from %s: %s", address, strerror(errno));
	return peer_new(fd, PACKET_TO_CLIENT);
}

void client_identify(struct peer *client, uint8_t protocol, bool cpe, const char *name,
		     const char *key)
{
	uint8_t out[131] = {0x00, protocol};

	packet_put_string(out + 2, name);
	packet_put_string(out + 66, key != NULL ? key : "");
	out[130] = cpe ? PACKET_CPE_MAGIC : 0x00;
	client->cpe = cpe;
	dialect_init(&client->dialect, harness_catalog(), protocol, cpe);
	peer_send(client, out, protocol <= 5 ? 130 : 131);
}

struct peer *client_login(const struct proxy *proxy, const char *name)
{
	struct peer *client = client_connect(proxy);

	client_identify(client, PACKET_PROTOCOL, false, name, NULL);
	return client;
}

struct peer *client_login_cpe(const struct proxy *proxy, const char *name)
{
	struct peer *client = client_connect(proxy);

	client_identify(client, PACKET_PROTOCOL, true, name, NULL);
	client_negotiate(client, NULL, 0);
	return client;
}

void client_arrive(struct peer *client, const char *server)
{
	unsigned levels = client->levels;
	const uint8_t *packet;

	do {
		packet = peer_until(client, OP_SPAWN_PLAYER);
	} while (packet[1] != PACKET_SELF || client->levels == levels);
	if (server != NULL)
		ck_assert_str_eq(client->server, server);
}

void client_move(struct peer *client, int16_t x, int16_t y, int16_t z)
{
	const struct dialect *dialect = &client->dialect;
	size_t held = dialect_has(dialect, EXT_EXTENDED_BLOCKS) ? 2 : 1;
	size_t width = dialect_has(dialect, EXT_ENTITY_POSITIONS) ? 4 : 2;
	const int16_t at[3] = {x, y, z};
	uint8_t out[PACKET_SIZE_MAX] = {OP_POSITION};

	out[held] = dialect_has(dialect, EXT_HELD_BLOCK) ? 1 : PACKET_SELF;
	for (size_t i = 0; i < 3; i++)
		for (size_t byte = 0; byte < width; byte++)
			out[1 + held + (i + 1) * width - 1 - byte] =
				(uint8_t)(at[i] >> 8 * byte);
	peer_send(client, out, dialect_size(dialect, PACKET_TO_SERVER, OP_POSITION));
}

/* ---- servers ---- */

/* A socket at a port, 0 for one that is free. */
static int bind_at(uint16_t port)
{
	struct sockaddr_in address = loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

void backend_open(struct backend *backend)
{
	struct sockaddr_in address;
	socklen_t length = sizeof(address);

	memset(backend, 0, sizeof(*backend));
	backend->keeper = bind_at(0);
	ck_assert_int_eq(getsockname(backend->keeper, (struct sockaddr *)&address, &length), 0);
	backend->port = ntohs(address.sin_port);
	backend_reopen(backend);
}

void backend_reopen(struct backend *backend)
{
	backend->fd = bind_at(backend->port);
	ck_assert_int_eq(listen(backend->fd, 512), 0);
}

void backend_refuse(struct backend *backend)
{
	if (backend->fd >= 0)
		close(backend->fd);
	backend->fd = -1;
}

void backend_close(struct backend *backend)
{
	backend_refuse(backend);
	if (backend->keeper >= 0)
		close(backend->keeper);
	backend->keeper = -1;
	while (backend->n_pending > 0)
		close(backend->pending[--backend->n_pending]);
}

static void forget_pending(struct backend *backend, unsigned i)
{
	backend->pending[i] = backend->pending[--backend->n_pending];
}

/* One round: takes in what connects and drops what has closed. The index of one that has sent
 * bytes, or -1. */
static int backend_poll(struct backend *backend, int timeout_ms)
{
	struct pollfd polled[BACKEND_PENDING + 1] = {{backend->fd, POLLIN, 0}};
	unsigned n = backend->n_pending;

	for (unsigned i = 0; i < n; i++)
		polled[i + 1] = (struct pollfd){backend->pending[i], POLLIN, 0};
	if (poll(polled, n + 1, timeout_ms > 0 ? timeout_ms : 0) <= 0)
		return -1;
	for (unsigned i = n; i-- > 0;) {
		char byte;

		if (polled[i + 1].revents == 0)
			continue;
		if (recv(backend->pending[i], &byte, 1, MSG_PEEK) > 0)
			return (int)i;
		close(backend->pending[i]);
		forget_pending(backend, i);
	}
	if (polled[0].revents != 0 && backend->n_pending < BACKEND_PENDING) {
		int fd = accept4(backend->fd, NULL, NULL, SOCK_CLOEXEC);

		if (fd >= 0)
			backend->pending[backend->n_pending++] = fd;
	}
	return -1;
}

static void read_player(struct peer *link)
{
	int64_t deadline = harness_now() + harness_ms(DEADLINE_MS);
	const uint8_t *packet;
	size_t size;

	while (link->end - link->start < 2)
		ck_assert_msg(peer_fill(link, deadline) > 0, "no identification on the link");
	ck_assert_uint_eq(link->in[link->start], OP_IDENTIFICATION);
	dialect_init(&link->dialect, harness_catalog(), link->in[link->start + 1], false);
	packet = peer_expect(link, OP_IDENTIFICATION);
	size = peer_size(link, packet);
	packet_read_identification(&link->id, packet, size);
	link->cpe = link->id.last == PACKET_CPE_MAGIC;
	dialect_init(&link->dialect, harness_catalog(), link->id.protocol, link->cpe);
}

static struct peer *take_link(struct backend *backend, int found)
{
	struct peer *link = peer_new(backend->pending[found], PACKET_TO_SERVER);

	forget_pending(backend, (unsigned)found);
	return link;
}

/* Reads who it is that has come. */
static struct peer *meet(const struct backend *backend, struct peer *link)
{
	if (backend->web != NULL)
		web_answer(backend->web, link);
	read_player(link);
	return link;
}

struct peer *backend_try(struct backend *backend)
{
	int found = backend_poll(backend, 0);

	return found >= 0 ? meet(backend, take_link(backend, found)) : NULL;
}

bool backend_has_player(struct backend *backend, int64_t ms)
{
	int64_t deadline = harness_now() + ms;
	int found;

	while ((found = backend_poll(backend, (int)(deadline - harness_now()))) < 0)
		if (harness_now() >= deadline)
			return false;
	return true;
}

struct peer *backend_accept_raw(struct backend *backend)
{
	int64_t deadline = harness_now() + harness_ms(DEADLINE_MS);
	int found;

	while ((found = backend_poll(backend, (int)(deadline - harness_now()))) < 0)
		ck_assert_msg(harness_now() < deadline, "no link came in time");
	return take_link(backend, found);
}

struct peer *backend_accept(struct backend *backend)
{
	return meet(backend, backend_accept_raw(backend));
}

void backend_wait_dialled(struct backend *backend)
{
	int64_t deadline = harness_now() + harness_ms(DEADLINE_MS);

	for (;;) {
		struct pollfd quiet = {-1, POLLIN, 0};

		ck_assert_msg(harness_now() < deadline, "nobody dialled in time");
		/* who has dialled already is pending, and says nothing that would wake us */
		ck_assert_int_lt(backend_poll(backend, backend->n_pending > 0 ? 0 : POLL_MS),
				 0);
		if (backend->n_pending == 0)
			continue;
		/* A health check closes at once; a link waits for its player. */
		quiet.fd = backend->pending[0];
		if (poll(&quiet, 1, (int)harness_ms(300)) == 0)
			return;
	}
}

void link_identify(struct peer *link, const char *name)
{
	uint8_t out[PACKET_SIZE_MAX];

	peer_send(link, out,
		  packet_write_server_identification(out, &link->dialect, name, "A test", 0));
}

/* As many blocks of grass: a gzip stream with the volume before them, or with FastMap a raw
 * deflate stream. */
static size_t level_stream(uint8_t *out, size_t room, bool is_fast)
{
	static uint8_t level[4 + LEVEL_SIZE];
	z_stream z = {.next_in = is_fast ? level + 4 : level,
		      .avail_in = is_fast ? LEVEL_SIZE : sizeof(level),
		      .next_out = out,
		      .avail_out = (uInt)room};

	packet_put_u32(level, LEVEL_SIZE);
	memset(level + 4, 2, LEVEL_SIZE);
	ck_assert_int_eq(
		deflateInit2(&z, 6, Z_DEFLATED, is_fast ? -15 : 15 + 16, 8, Z_DEFAULT_STRATEGY),
		Z_OK);
	ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return room - z.avail_out;
}

void link_level(struct peer *link)
{
	uint8_t out[8 * PACKET_SIZE_MAX], stream[1024];
	size_t n =
		level_stream(stream, sizeof(stream), dialect_has(&link->dialect, EXT_FAST_MAP));
	size_t size = packet_write_level_initialize(out, &link->dialect, LEVEL_SIZE);

	size += packet_write_level_chunk(out + size, stream, n, 0);
	size += packet_write_level_finalize(out + size, LEVEL_EDGE, LEVEL_EDGE, LEVEL_EDGE);
	peer_send(link, out, size);
}

void link_begin_level(struct peer *link)
{
	static const uint8_t nonsense[16];
	uint8_t out[2 * PACKET_SIZE_MAX];
	size_t size = packet_write_level_initialize(out, &link->dialect, 1);

	size += packet_write_level_chunk(out + size, nonsense, sizeof(nonsense), 0);
	peer_send(link, out, size);
}

int32_t link_position_x(const struct peer *link, const uint8_t *packet)
{
	struct packet_position at;
	uint16_t held;

	packet_read_client_position(&at, &held, &link->dialect, packet);
	return at.x;
}

void link_spawn(struct peer *link, uint8_t id, const char *name, int16_t x, int16_t y,
		int16_t z)
{
	struct packet_position at = {.x = x, .y = y, .z = z, .yaw = 64};
	uint8_t out[PACKET_SIZE_MAX];

	peer_send(link, out, packet_write_spawn(out, &link->dialect, id, name, &at));
}

void link_welcome(struct peer *link, const char *name)
{
	link_identify(link, name);
	link_level(link);
	link_spawn(link, PACKET_SELF, link->id.name, 256, 320, 256);
}

void link_kick(struct peer *link, const char *reason)
{
	uint8_t out[PACKET_SIZE_MAX];

	peer_send(link, out, packet_write_disconnect(out, reason));
}

/* ---- both ---- */

struct peer *join(const struct proxy *proxy, struct backend *backend, const char *player,
		  const char *server, struct peer **link)
{
	struct peer *client = client_login(proxy, player);

	*link = backend_accept(backend);
	link_welcome(*link, server);
	client_arrive(client, server);
	return client;
}

struct peer *join_cpe(const struct proxy *proxy, struct backend *backend, const char *player,
		      const char *server, struct peer **link)
{
	struct peer *client = client_login_cpe(proxy, player);

	*link = backend_accept(backend);
	link_negotiate(*link, NULL, 0);
	link_welcome(*link, server);
	client_arrive(client, server);
	return client;
}

void exchange(struct peer *client, struct peer *link)
{
	static unsigned number;
	char mark[32];

	snprintf(mark, sizeof(mark), "mark %u.", ++number);
	peer_chat(link, mark);
	peer_wait_text(client, mark);
	peer_chat(client, mark);
	peer_wait_text(link, mark);
}
