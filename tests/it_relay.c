/* SPDX-License-Identifier: MIT */
/*
 * Bytes in, the same bytes out: every opcode in both directions under every dialect that is on
 * offer, however the bytes are cut into segments; and what must not pass: unknown opcodes,
 * dropped packets, dropped extensions.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "harness.h"

#define ONE_SERVER "'servers':[" SERVER("alpha") "]"

static struct backend alpha;
static struct proxy *proxy;

static void setup(void)
{
	backend_open(&alpha);
}

static void teardown(void)
{
	backend_close(&alpha);
}

/* ---- streams ---- */

struct stream {
	uint8_t *data;
	size_t size, capacity;
};

static void stream_add(struct stream *stream, const uint8_t *packet, size_t size)
{
	if (size == 0)
		return;
	if (stream->size + size > stream->capacity) {
		stream->capacity = (stream->capacity + size) * 2;
		stream->data = realloc(stream->data, stream->capacity);
		ck_assert_ptr_nonnull(stream->data);
	}
	memcpy(stream->data + stream->size, packet, size);
	stream->size += size;
}

static bool is_consumed(enum packet_direction direction, uint8_t opcode)
{
	if (opcode == OP_EXT_INFO || opcode == OP_EXT_ENTRY || opcode == OP_CUSTOM_BLOCK_LEVEL)
		return true;
	if (direction == PACKET_TO_CLIENT)
		return opcode == OP_DISCONNECT;
	return opcode == OP_IDENTIFICATION || opcode == OP_PING;
}

/* A packet with a random body, but for what has a meaning that would be acted on. */
static size_t random_packet(uint8_t *out, const struct dialect *dialect,
			    enum packet_direction direction, uint8_t opcode)
{
	size_t size = dialect_size(dialect, direction, opcode);

	if (size == 0 || is_consumed(direction, opcode))
		return 0;
	harness_random(out, size);
	out[0] = opcode;
	if (opcode == OP_IDENTIFICATION)
		out[1] = dialect->protocol;
	if (opcode == OP_TWO_WAY_PING) /* each side starts a ping of its own; nobody answers */
		out[1] = direction == PACKET_TO_CLIENT ? 1 : 0;
	return size;
}

/* Sends a stream in pieces into one end and reads exactly it from the other, at the same time.
 */
static void pump(struct peer *from, struct peer *to, const struct stream *stream, size_t piece)
{
	int64_t deadline = harness_now() + harness_ms(15000);
	uint8_t in[16384];
	size_t sent = 0, got = 0;

	ck_assert_uint_eq(to->start, to->end);
	while (got < stream->size) {
		struct pollfd polled[2] = {{to->fd, POLLIN, 0}, {from->fd, POLLOUT, 0}};
		ssize_t n;

		ck_assert_msg(poll(polled, sent < stream->size ? 2 : 1,
				   (int)(deadline - harness_now())) > 0,
			      "%zu of %zu bytes came, %zu were sent", got, stream->size, sent);
		if (sent < stream->size && polled[1].revents != 0) {
			size_t size = stream->size - sent < piece ? stream->size - sent : piece;

			n = send(from->fd, stream->data + sent, size,
				 MSG_DONTWAIT | MSG_NOSIGNAL);
			ck_assert_msg(n > 0 || errno == EAGAIN, "send: %s", strerror(errno));
			sent += n > 0 ? (size_t)n : 0;
		}
		if (polled[0].revents == 0)
			continue;
		n = recv(to->fd, in, sizeof(in), MSG_DONTWAIT);
		ck_assert_msg(n > 0, "closed after %zu of %zu bytes", got, stream->size);
		ck_assert_uint_le((size_t)n, stream->size - got);
		for (ssize_t i = 0; i < n; i++, got++)
			ck_assert_msg(in[i] == stream->data[got],
				      "byte %zu of %zu: 0x%02x instead of 0x%02x", got,
				      stream->size, in[i], stream->data[got]);
	}
}

/* ---- dialects ---- */

struct setting {
	const char *name;
	uint8_t protocol;
	bool cpe;
};

static const struct setting settings[] = {
	{"cpe", 7, true},
	{"vanilla 7", 7, false},
	{"vanilla 6", 6, false},
	{"vanilla 3", 3, false},
};
#define N_SETTINGS ((int)(sizeof(settings) / sizeof(settings[0])))

/* A player and their link in one dialect; nothing is under way when it returns. */
static struct peer *join_setting(const struct setting *setting, struct peer **link)
{
	struct peer *client;

	proxy = proxy_start(ONE_SERVER, alpha.port);
	client = client_connect(proxy);
	client_identify(client, setting->protocol, setting->cpe, "Alice", NULL);
	if (setting->cpe)
		client_negotiate(client, NULL, 0);
	*link = backend_accept(&alpha);
	if (setting->cpe)
		link_negotiate(*link, NULL, 0);
	link_welcome(*link, "Alpha");
	client_arrive(client, "Alpha");
	exchange(client, *link);
	exchange(client, *link);
	ck_assert(memcmp(client->dialect.size, (*link)->dialect.size,
			 sizeof(client->dialect.size)) == 0);
	return client;
}

static void leave(struct peer *client, struct peer *link, struct stream *stream)
{
	free(stream->data);
	peer_close(client);
	peer_close(link);
	proxy_stop(proxy);
}

static void every_packet(struct stream *stream, const struct dialect *dialect,
			 enum packet_direction direction)
{
	uint8_t packet[PACKET_SIZE_MAX];

	for (unsigned op = 0; op < PACKET_OPCODES; op++)
		stream_add(stream, packet,
			   random_packet(packet, dialect, direction, (uint8_t)op));
}

static void relay_every_opcode(enum packet_direction direction, const struct setting *setting,
			       size_t piece)
{
	struct stream stream = {0};
	struct peer *link, *client = join_setting(setting, &link);

	every_packet(&stream, &client->dialect, direction);
	ck_assert_uint_gt(stream.size, 50);
	if (direction == PACKET_TO_CLIENT)
		pump(link, client, &stream, piece);
	else
		pump(client, link, &stream, piece);
	leave(client, link, &stream);
}

START_TEST(every_opcode_to_the_client)
{
	relay_every_opcode(PACKET_TO_CLIENT, &settings[_i], SIZE_MAX);
}
END_TEST

START_TEST(every_opcode_to_the_client_byte_by_byte)
{
	relay_every_opcode(PACKET_TO_CLIENT, &settings[_i], 1);
}
END_TEST

START_TEST(every_opcode_to_the_server)
{
	relay_every_opcode(PACKET_TO_SERVER, &settings[_i], SIZE_MAX);
}
END_TEST

START_TEST(every_opcode_to_the_server_byte_by_byte)
{
	relay_every_opcode(PACKET_TO_SERVER, &settings[_i], 1);
}
END_TEST

START_TEST(a_thousand_packets_at_once)
{
	struct stream stream = {0};
	uint8_t packet[PACKET_SIZE_MAX];
	struct peer *link, *client = join_setting(&settings[_i / 2], &link);
	enum packet_direction direction = _i % 2 == 0 ? PACKET_TO_CLIENT : PACKET_TO_SERVER;

	for (unsigned n = 0; n < 1000;) {
		uint8_t op;
		size_t size;

		harness_random(&op, 1);
		size = random_packet(packet, &client->dialect, direction,
				     op % OP_STANDARD_COUNT);
		stream_add(&stream, packet, size);
		n += size > 0;
	}
	if (direction == PACKET_TO_CLIENT)
		pump(link, client, &stream, SIZE_MAX);
	else
		pump(client, link, &stream, SIZE_MAX);
	leave(client, link, &stream);
}
END_TEST

START_TEST(a_thousand_small_packets_in_one_segment)
{
	struct stream stream = {0};
	uint8_t packet[PACKET_SIZE_MAX];
	struct peer *link, *client = join_setting(&settings[1], &link);

	for (unsigned n = 0; n < 1000; n++)
		stream_add(&stream, packet,
			   random_packet(packet, &client->dialect, PACKET_TO_CLIENT,
					 n % 2 ? OP_DESPAWN : OP_ROTATE));
	pump(link, client, &stream, SIZE_MAX);
	stream.size = 0;
	for (unsigned n = 0; n < 1000; n++)
		stream_add(
			&stream, packet,
			random_packet(packet, &client->dialect, PACKET_TO_SERVER, OP_POSITION));
	pump(client, link, &stream, SIZE_MAX);
	leave(client, link, &stream);
}
END_TEST

/* Both ends of a TwoWayPing exchange see the other's bytes. */
START_TEST(two_way_pings_pass)
{
	struct stream none = {0};
	struct peer *link, *client = join_setting(&settings[0], &link);

	client->keeps_pings = true;
	link->keeps_pings = true;
	peer_send(link, "\x2b\x01\x12\x34", 4);
	peer_expect_bytes(client, "\x2b\x01\x12\x34", 4);
	peer_send(client, "\x2b\x01\x12\x34", 4);
	peer_expect_bytes(link, "\x2b\x01\x12\x34", 4);
	peer_send(client, "\x2b\x00\x00\x07", 4);
	peer_expect_bytes(link, "\x2b\x00\x00\x07", 4);
	peer_send(link, "\x2b\x00\x00\x07", 4);
	peer_expect_bytes(client, "\x2b\x00\x00\x07", 4);
	leave(client, link, &none);
}
END_TEST

/* ---- what must not pass ---- */

START_TEST(unknown_opcode_of_a_client_ends_its_session_alone)
{
	static const uint8_t opcodes[] = {0x02, 0x09, 0x0e, 0x22, 0x3c, 0x80, 0xff};
	struct peer *alice, *bob, *alice_link, *bob_link;

	proxy = proxy_start(ONE_SERVER, alpha.port);
	alice = join(proxy, &alpha, "Alice", "Alpha", &alice_link);
	bob = join(proxy, &alpha, "Bob", "Alpha", &bob_link);
	peer_send(bob, &opcodes[_i], 1);
	peer_expect_disconnect(bob, "packet");
	peer_expect_close(bob_link);
	exchange(alice, alice_link);
	peer_close(alice);
	peer_close(alice_link);
	peer_close(bob);
	peer_close(bob_link);
	proxy_stop(proxy);
}
END_TEST

START_TEST(unknown_opcode_of_a_server_ends_the_link_alone)
{
	static const uint8_t opcodes[] = {0x05, 0x22, 0x3c, 0xff, 0x1f};
	struct peer *alice, *link;

	proxy = proxy_start(ONE_SERVER, alpha.port);
	alice = join(proxy, &alpha, "Alice", "Alpha", &link);
	exchange(alice, link);
	peer_forget(alice);
	peer_send(link, &opcodes[_i], 1);
	peer_expect_close(link);
	client_arrive(alice, NULL);
	ck_assert_str_ne(alice->server, "Alpha");
	peer_wait_text(alice, "alpha");
	peer_close(alice);
	peer_close(link);
	proxy_stop(proxy);
}
END_TEST

START_TEST(dropped_packets_never_pass)
{
	static const char *const forms[] = {"'0x1f,0x35'", "['0x1f','0x35']", "[31,53]"};
	uint8_t plugin[66] = {OP_PLUGIN_MESSAGE, 7};
	struct peer *client, *link;
	const uint8_t *packet;

	proxy = proxy_start(ONE_SERVER ",'drop-packets':%s", alpha.port, forms[_i]);
	client = join_cpe(proxy, &alpha, "Alice", "Alpha", &link);
	exchange(client, link);
	peer_send(link, "\x1f\x01", 2);
	peer_send(link, "\x0f\x64", 2);
	do {
		packet = peer_next(client);
		ck_assert_ptr_nonnull(packet);
		ck_assert_uint_ne(packet[0], OP_ENV_WEATHER);
	} while (packet[0] != OP_USER_TYPE);
	peer_send(client, plugin, sizeof(plugin));
	peer_chat(client, "after");
	peer_expect(link, OP_MESSAGE);
	exchange(client, link);
	peer_close(client);
	peer_close(link);
	proxy_stop(proxy);
}
END_TEST

static bool offers(const struct peer *peer, const char *name)
{
	for (size_t i = 0; i < peer->n_ext; i++)
		if (strcmp(peer->ext[i].name, name) == 0)
			return true;
	return false;
}

START_TEST(dropped_extensions_are_not_negotiated)
{
	static const char *const forms[] = {"'HackControl,EnvColors'",
					    "['HackControl','EnvColors']"};
	static const struct extension of_server[] = {
		{"HackControl", 1}, {"EnvColors", 1}, {"ClickDistance", 1}};
	struct peer *client, *link;

	proxy = proxy_start(ONE_SERVER ",'drop-extensions':%s", alpha.port, forms[_i]);
	client = client_login_cpe(proxy, "Alice");
	ck_assert(offers(client, "ClickDistance"));
	ck_assert(!offers(client, "HackControl"));
	ck_assert(!offers(client, "EnvColors"));
	link = backend_accept(&alpha);
	link_negotiate(link, of_server, 3);
	ck_assert_uint_eq(link->n_ext, 1);
	ck_assert_str_eq(link->ext[0].name, "ClickDistance");
	link_welcome(link, "Alpha");
	client_arrive(client, "Alpha");
	peer_close(client);
	peer_close(link);
	proxy_stop(proxy);
}
END_TEST

START_TEST(registered_packets_are_offered_and_relayed)
{
	char why[128];
	uint8_t packet[40] = {0xa0};
	struct peer *client, *link;

	ck_assert(packet_catalog_add(harness_catalog(), 0xa0, "Glow", 40, PACKET_TO_CLIENT,
				     "GlowSticks", 2, why, sizeof(why)));
	ck_assert(packet_catalog_add(harness_catalog(), 0xa0, "GlowBack", 5, PACKET_TO_SERVER,
				     "GlowSticks", 2, why, sizeof(why)));
	proxy = proxy_start(ONE_SERVER
			    ",'packets':["
			    "{'id':160,'name':'Glow','size':40,'direction':'to-client',"
			    "'extension':'GlowSticks','version':2},"
			    "{'id':160,'name':'GlowBack','size':5,'direction':'to-server',"
			    "'extension':'GlowSticks','version':2}]",
			    alpha.port);
	client = join_cpe(proxy, &alpha, "Alice", "Alpha", &link);
	ck_assert(offers(client, "GlowSticks"));
	ck_assert(offers(link, "GlowSticks"));
	exchange(client, link);
	harness_random(packet + 1, sizeof(packet) - 1);
	peer_send(link, packet, sizeof(packet));
	peer_expect_bytes(client, packet, sizeof(packet));
	peer_send(client, "\xa0glow", 5);
	peer_expect_bytes(link, "\xa0glow", 5);
	exchange(client, link);
	peer_close(client);
	peer_close(link);
	proxy_stop(proxy);
	packet_catalog_init(harness_catalog());
}
END_TEST

/* ---- ends ---- */

START_TEST(a_client_that_leaves_takes_its_link_along)
{
	struct peer *link, *client;

	proxy = proxy_start(ONE_SERVER, alpha.port);
	client = join(proxy, &alpha, "Alice", "Alpha", &link);
	exchange(client, link);
	peer_close(client);
	peer_expect_close(link);
	peer_close(link);
	proxy_stop(proxy);
}
END_TEST

/* A client that does not read stalls its own server only, and loses nothing when it reads
 * again. */
START_TEST(a_slow_client_gets_everything)
{
	struct stream stream = {0};
	uint8_t packet[PACKET_SIZE_MAX];
	struct peer *link, *other_link, *client = join_setting(&settings[1], &link);
	struct peer *other = join(proxy, &alpha, "Bob", "Alpha", &other_link);
	size_t sent = 0;
	ssize_t n;
	struct pollfd polled = {link->fd, POLLOUT, 0};

	for (unsigned i = 0; i < 12000; i++)
		stream_add(&stream, packet,
			   random_packet(packet, &client->dialect, PACKET_TO_CLIENT,
					 OP_LEVEL_DATA_CHUNK));
	while (sent < stream.size && poll(&polled, 1, (int)harness_ms(200)) > 0) {
		n = send(link->fd, stream.data + sent, stream.size - sent,
			 MSG_DONTWAIT | MSG_NOSIGNAL);
		ck_assert(n > 0 || errno == EAGAIN);
		sent += n > 0 ? (size_t)n : 0;
	}
	exchange(other, other_link);
	stream.size = sent / 1028 * 1028;
	for (size_t got = 0; got < stream.size;) {
		uint8_t in[65536];

		n = recv(client->fd, in, sizeof(in), 0);
		ck_assert_msg(n > 0, "closed after %zu of %zu bytes", got, stream.size);
		if ((size_t)n > stream.size - got)
			n = (ssize_t)(stream.size - got);
		ck_assert(memcmp(in, stream.data + got, (size_t)n) == 0);
		got += (size_t)n;
	}
	peer_close(other);
	peer_close(other_link);
	leave(client, link, &stream);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("relay");
	TCase *tcase = harness_case(suite, "relay");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, every_opcode_to_the_client, 0, N_SETTINGS);
	tcase_add_loop_test(tcase, every_opcode_to_the_client_byte_by_byte, 0, N_SETTINGS);
	tcase_add_loop_test(tcase, every_opcode_to_the_server, 0, N_SETTINGS);
	tcase_add_loop_test(tcase, every_opcode_to_the_server_byte_by_byte, 0, N_SETTINGS);
	tcase_add_loop_test(tcase, a_thousand_packets_at_once, 0, 2 * N_SETTINGS);
	tcase_add_test(tcase, a_thousand_small_packets_in_one_segment);
	tcase_add_test(tcase, two_way_pings_pass);
	tcase_add_loop_test(tcase, unknown_opcode_of_a_client_ends_its_session_alone, 0, 7);
	tcase_add_loop_test(tcase, unknown_opcode_of_a_server_ends_the_link_alone, 0, 5);
	tcase_add_loop_test(tcase, dropped_packets_never_pass, 0, 3);
	tcase_add_loop_test(tcase, dropped_extensions_are_not_negotiated, 0, 2);
	tcase_add_test(tcase, registered_packets_are_offered_and_relayed);
	tcase_add_test(tcase, a_client_that_leaves_takes_its_link_along);
	tcase_add_test(tcase, a_slow_client_gets_everything);
	return harness_run(suite);
}
