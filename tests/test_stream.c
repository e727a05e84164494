/* SPDX-License-Identifier: MIT */
/* Bytes over a socket with and without frames: torn reads, full sockets, what is owed, closes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../net.h"
#include "../stream.h"
#include "suite.h"

#define LONG_SIZE (1024 * 1024)

static int ends[2];
static struct stream stream;

static void setup(void)
{
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	stream = (struct stream){.fd = ends[0]};
}

static void teardown(void)
{
	stream_close(&stream);
	close(ends[1]);
}

static void begin(enum websocket_role role)
{
	ck_assert(stream_begin_web(&stream, role));
}

/* The other end of one with frames. */
static struct stream other_end(enum websocket_role role)
{
	struct stream other = {.fd = ends[1]};

	ck_assert(stream_begin_web(&other, role));
	return other;
}

static void feed(const void *bytes, size_t size)
{
	ck_assert_int_eq(write(ends[1], bytes, size), (ssize_t)size);
}

static void demand(const void *bytes, size_t size)
{
	uint8_t in[256];

	ck_assert_int_eq(recv(ends[1], in, sizeof(in), MSG_DONTWAIT), (ssize_t)size);
	ck_assert_mem_eq(in, bytes, size);
}

static int64_t soon(void)
{
	return net_now_ms() + 5000;
}

/* Fills the socket until nothing more goes out; what was not sent of the frame is owed. Returns
 * how much of `bytes` was. */
static size_t send_until_full(const uint8_t *bytes, size_t size)
{
	size_t sent;

	ck_assert_int_eq(stream_send(&stream, bytes, size, net_now_ms(), NULL, &sent), -1);
	ck_assert_int_eq(errno, ETIMEDOUT);
	ck_assert_uint_lt(sent, size);
	return sent;
}

START_TEST(without_frames_bytes_stay_as_they_are)
{
	uint8_t in[8];

	ck_assert_int_eq(stream_send(&stream, (const uint8_t *)"abc", 3, soon(), NULL, NULL),
			 0);
	demand("abc", 3);
	feed("G\x82\x00", 3);
	ck_assert_int_eq(stream_recv(&stream, in, sizeof(in), 0), 3);
	ck_assert_mem_eq(in, "G\x82\x00", 3);
	ck_assert(!stream_wants_answer(&stream));
	ck_assert_uint_eq(stream_owed(&stream), 0);
	stream_send_close(&stream, WEBSOCKET_NORMAL);
	ck_assert_int_eq(recv(ends[1], in, sizeof(in), MSG_DONTWAIT), -1);
	close(ends[1]);
	ck_assert_int_eq(stream_recv(&stream, in, sizeof(in), 0), 0);
	ends[1] = dup(STDERR_FILENO);
}
END_TEST

START_TEST(a_server_writes_one_frame_and_no_mask)
{
	begin(WEBSOCKET_SERVER);
	ck_assert_int_eq(stream_send(&stream, (const uint8_t *)"\x01", 1, soon(), NULL, NULL),
			 0);
	demand("\x82\x01\x01", 3);
}
END_TEST

START_TEST(a_client_writes_masked_frames)
{
	struct stream server = other_end(WEBSOCKET_SERVER);
	uint8_t in[64];

	begin(WEBSOCKET_CLIENT);
	ck_assert_int_eq(stream_send(&stream, (const uint8_t *)"hello", 5, soon(), NULL, NULL),
			 0);
	ck_assert_int_eq(recv(ends[1], in, sizeof(in), MSG_PEEK | MSG_DONTWAIT), 2 + 4 + 5);
	ck_assert_int_eq(in[1], 0x80 | 5);
	ck_assert_int_eq(stream_recv(&server, in, sizeof(in), 0), 5);
	ck_assert_mem_eq(in, "hello", 5);
	server.fd = -1;
	stream_close(&server);
}
END_TEST

START_TEST(torn_frames_are_no_bytes_and_no_end)
{
	static const uint8_t frame[] = {0x82, 0x82, 1, 2, 3, 4, 0x13 ^ 1, 0x01 ^ 2};
	uint8_t in[8];

	begin(WEBSOCKET_SERVER);
	for (size_t i = 0; i + 2 < sizeof(frame); i++) {
		feed(frame + i, 1);
		ck_assert_int_eq(stream_recv(&stream, in, sizeof(in), 0), -1);
		ck_assert_int_eq(errno, EINTR);
	}
	ck_assert_int_eq(stream_recv(&stream, in, sizeof(in), MSG_DONTWAIT), -1);
	ck_assert_int_eq(errno, EAGAIN);
	feed(frame + sizeof(frame) - 2, 2);
	ck_assert_int_eq(stream_recv_by(&stream, in, sizeof(in), soon()), 2);
	ck_assert_mem_eq(in, "\x13\x01", 2);
	ck_assert_int_eq(stream_recv_by(&stream, in, sizeof(in), net_now_ms()), -1);
	ck_assert_int_eq(errno, ETIMEDOUT);
}
END_TEST

START_TEST(a_ping_is_answered_once)
{
	static const uint8_t ping[] = {0x89, 0x82, 0, 0, 0, 0, 'h', 'i'};
	uint8_t in[16];

	begin(WEBSOCKET_SERVER);
	feed(ping, sizeof(ping));
	ck_assert_int_eq(stream_recv(&stream, in, sizeof(in), 0), -1);
	ck_assert_int_eq(errno, EINTR);
	ck_assert(stream_wants_answer(&stream));
	ck_assert_int_eq(stream_answer(&stream, soon(), NULL), 0);
	demand("\x8a\x02hi", 4);
	ck_assert(!stream_wants_answer(&stream));
}
END_TEST

START_TEST(a_close_is_answered_and_is_the_end)
{
	static const uint8_t close_frame[] = {0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe9};
	uint8_t in[16];

	begin(WEBSOCKET_SERVER);
	feed(close_frame, sizeof(close_frame));
	ck_assert_int_eq(stream_recv(&stream, in, sizeof(in), 0), 0);
	ck_assert(stream_wants_answer(&stream));
	ck_assert_int_eq(stream_answer(&stream, soon(), NULL), 0);
	demand("\x88\x02\x03\xe9", 4);
	ck_assert(!stream_wants_answer(&stream));
	ck_assert_int_eq(stream_recv(&stream, in, sizeof(in), 0), 0);
	ck_assert_int_eq(stream_send(&stream, (const uint8_t *)"x", 1, soon(), NULL, NULL), -1);
	ck_assert_int_eq(errno, EPIPE);
	stream_send_close(&stream, WEBSOCKET_NORMAL);
	ck_assert_int_eq(recv(ends[1], in, sizeof(in), MSG_DONTWAIT), -1);
}
END_TEST

START_TEST(bytes_before_a_fault_count)
{
	static const uint8_t frames[] = {0x82, 0x81, 0, 0, 0, 0, 'a', 0x82, 0x01, 'b'};
	uint8_t in[16];

	begin(WEBSOCKET_SERVER);
	feed(frames, sizeof(frames));
	ck_assert_int_eq(stream_recv(&stream, in, sizeof(in), 0), 1);
	ck_assert_int_eq(in[0], 'a');
	ck_assert_ptr_nonnull(stream_fault(&stream));
	ck_assert_int_eq(stream_recv(&stream, in, sizeof(in), 0), -1);
	ck_assert_int_eq(errno, EPROTO);
	ck_assert(stream_wants_answer(&stream));
	ck_assert_int_eq(stream_answer(&stream, soon(), NULL), 0);
	ck_assert(!stream_wants_answer(&stream));
	/* there may be a last word to say first */
	ck_assert_int_eq(stream_send(&stream, (const uint8_t *)"x", 1, soon(), NULL, NULL), 0);
	demand("\x82\x01x", 3);
	stream_send_close(&stream, WEBSOCKET_NORMAL);
	demand("\x88\x02\x03\xea", 4);
}
END_TEST

START_TEST(what_came_behind_the_handshake_counts)
{
	uint8_t bytes[] = {0x82, 0x81, 0, 0, 0, 0, 'a', 0x82};

	begin(WEBSOCKET_SERVER);
	ck_assert_uint_eq(stream_take(&stream, bytes, sizeof(bytes)), 1);
	ck_assert_int_eq(bytes[0], 'a');
	feed("\x81\x00\x00\x00\x00x", 6);
	ck_assert_int_eq(stream_recv(&stream, bytes, sizeof(bytes), 0), 1);
	ck_assert_int_eq(bytes[0], 'x');
}
END_TEST

/* Reads all that is in the socket, and undoes the frames. */
static size_t drain(struct stream *other, uint8_t *out, size_t room)
{
	size_t n = 0;
	ssize_t got;

	while ((got = stream_recv(other, out + n, room - n, MSG_DONTWAIT)) > 0 ||
	       errno == EINTR)
		n += got > 0 ? (size_t)got : 0;
	return n;
}

/* Both roles: _i. */
START_TEST(a_full_socket_loses_nothing)
{
	enum websocket_role role = _i == 0 ? WEBSOCKET_SERVER : WEBSOCKET_CLIENT;
	struct stream other = other_end(_i == 0 ? WEBSOCKET_CLIENT : WEBSOCKET_SERVER);
	uint8_t *bytes = malloc(LONG_SIZE), *in = malloc(2 * LONG_SIZE);
	size_t sent = 0, got = 0;

	for (size_t i = 0; i < LONG_SIZE; i++)
		bytes[i] = (uint8_t)(i * 7 + i / 251);
	begin(role);
	while (sent < LONG_SIZE) {
		size_t n;
		int result = stream_send(&stream, bytes + sent, LONG_SIZE - sent, net_now_ms(),
					 NULL, &n);

		sent += n;
		ck_assert(result == 0 || stream_owed(&stream) <= LONG_SIZE - sent);
		ck_assert(result != 0 || stream_owed(&stream) == 0);
		got += drain(&other, in + got, 2 * LONG_SIZE - got);
	}
	got += drain(&other, in + got, 2 * LONG_SIZE - got);
	ck_assert_uint_eq(got, LONG_SIZE);
	ck_assert(memcmp(in, bytes, LONG_SIZE) == 0);
	ck_assert_ptr_null(stream_fault(&other));
	other.fd = -1;
	stream_close(&other);
	free(bytes);
	free(in);
}
END_TEST

START_TEST(no_close_cuts_a_frame_short)
{
	uint8_t *bytes = calloc(1, LONG_SIZE), *in = malloc(LONG_SIZE);
	struct stream other = other_end(WEBSOCKET_CLIENT);

	begin(WEBSOCKET_SERVER);
	size_t sent = send_until_full(bytes, LONG_SIZE);
	ck_assert_uint_gt(stream_owed(&stream), 0);
	stream_send_close(&stream, WEBSOCKET_NORMAL);
	ck_assert_uint_eq(drain(&other, in, LONG_SIZE), sent);
	ck_assert(!stream_wants_answer(&other)); /* no close has come */
	other.fd = -1;
	stream_close(&other);
	free(bytes);
	free(in);
}
END_TEST

/* A frame that was cut short goes on with what it has promised, or not at all. */
START_TEST(other_bytes_do_not_end_a_frame)
{
	uint8_t *bytes = calloc(1, LONG_SIZE), *in = malloc(LONG_SIZE), other[3] = "abc";

	begin(WEBSOCKET_CLIENT);
	send_until_full(bytes, LONG_SIZE);
	ck_assert_uint_gt(stream_owed(&stream), sizeof(other));
	while (recv(ends[1], in, LONG_SIZE, MSG_DONTWAIT) > 0)
		;
	ck_assert_int_eq(stream_send(&stream, other, sizeof(other), soon(), NULL, NULL), -1);
	ck_assert_int_eq(errno, EPIPE);
	ck_assert_int_eq(recv(ends[1], in, LONG_SIZE, MSG_DONTWAIT), -1);
	free(bytes);
	free(in);
}
END_TEST

/* Who does not read gets no pong, and nobody waits for them. */
START_TEST(no_pong_is_waited_for)
{
	uint8_t in[8], scrap[1024] = {0};

	begin(WEBSOCKET_CLIENT);
	while (send(ends[0], scrap, sizeof(scrap), MSG_DONTWAIT) > 0)
		;
	feed("\x89\x00", 2);
	ck_assert_int_eq(stream_recv(&stream, in, sizeof(in), 0), -1);
	ck_assert(stream_wants_answer(&stream));
	ck_assert_int_eq(stream_answer(&stream, soon(), NULL), 0);
	ck_assert(!stream_wants_answer(&stream));
}
END_TEST

START_TEST(what_is_no_payload_is_counted)
{
	uint8_t in[8];

	begin(WEBSOCKET_CLIENT);
	feed("\x89\x01x\x82\x02yz", 7);
	ck_assert_int_eq(stream_recv(&stream, in, sizeof(in), 0), 2);
	ck_assert_uint_eq(stream_overhead(&stream), 5);
	ck_assert_uint_eq(stream_overhead(&stream), 0);
}
END_TEST

START_TEST(a_cancelled_send_ends)
{
	uint8_t *bytes = calloc(1, LONG_SIZE);
	atomic_bool cancel = true;
	size_t sent;

	begin(WEBSOCKET_SERVER);
	ck_assert_int_eq(stream_send(&stream, bytes, LONG_SIZE, soon(), &cancel, &sent), -1);
	ck_assert_int_eq(errno, ECANCELED);
	free(bytes);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("stream");
	TCase *tcase = tcase_create("stream");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, without_frames_bytes_stay_as_they_are);
	tcase_add_test(tcase, a_server_writes_one_frame_and_no_mask);
	tcase_add_test(tcase, a_client_writes_masked_frames);
	tcase_add_test(tcase, torn_frames_are_no_bytes_and_no_end);
	tcase_add_test(tcase, a_ping_is_answered_once);
	tcase_add_test(tcase, a_close_is_answered_and_is_the_end);
	tcase_add_test(tcase, bytes_before_a_fault_count);
	tcase_add_test(tcase, what_came_behind_the_handshake_counts);
	tcase_add_loop_test(tcase, a_full_socket_loses_nothing, 0, 2);
	tcase_add_test(tcase, no_close_cuts_a_frame_short);
	tcase_add_test(tcase, other_bytes_do_not_end_a_frame);
	tcase_add_test(tcase, no_pong_is_waited_for);
	tcase_add_test(tcase, what_is_no_payload_is_counted);
	tcase_add_test(tcase, a_cancelled_send_ends);
	suite_add_tcase(suite, tcase);
	return suite_main(suite);
}
