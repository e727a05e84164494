/* SPDX-License-Identifier: MIT */
/*
 * What a client or a terminal does on purpose: floods, lists without end, jumps without end, a
 * login that is never read, a screen that is stopped. Kurafuto answers or ends it, and a
 * SIGTERM always works.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

#define CALM       ",'name':'Limbo','health':{'interval-ms':3600000}"
#define ONE_SERVER "'servers':[" SERVER("alpha") "]" CALM
#define ONSCREEN   12 /* players that join while nobody reads the terminal */

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

/* Sends what the other side takes within a moment; false once it takes nothing more. */
static bool push(int fd, const void *data, size_t size)
{
	struct pollfd writable = {.fd = fd, .events = POLLOUT};

	if (poll(&writable, 1, (int)harness_ms(300)) <= 0)
		return false;
	return send(fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL) > 0 || errno == EAGAIN;
}

/* A CPE client that has identified itself, has small buffers and will not read. */
static struct peer *deaf_client(void)
{
	struct peer *client = client_connect(proxy);
	int small = 1024;

	setsockopt(client->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	client_identify(client, 7, true, "Alice", NULL);
	return client;
}

/* Pings during the login: with TwoWayPing in its list the answers fill the socket up, without
 * it there are none. Either way the login's deadline holds. */
START_TEST(a_deaf_login_ends_in_time)
{
	static const char name[] = "TwoWayPing";
	uint8_t info[67 + 69] = {OP_EXT_INFO}, pings[4096];
	struct peer *client;
	int64_t until;

	proxy = proxy_start("'login-timeout-ms':%d" CALM, (int)harness_ms(1000));
	client = deaf_client();
	memset(info + 1, ' ', 64);
	info[66] = 9;
	info[67] = OP_EXT_ENTRY;
	memset(info + 68, ' ', 64);
	memcpy(info + 68, name, sizeof(name) - 1);
	memcpy(info + 132, "\0\0\0\1", 4);
	if (_i == 1)
		push(client->fd, info, sizeof(info));
	for (size_t i = 0; i < sizeof(pings); i += 4)
		memcpy(pings + i, "\x2b\0\x12\x34", 4);
	until = harness_now() + harness_ms(4000);
	while (harness_now() < until && push(client->fd, pings, sizeof(pings)))
		; /* without a pause: there is always something to read */
	proxy_wait_log(proxy, "refused");
	peer_close(client);
	proxy_stop(proxy);
}
END_TEST

START_TEST(sigterm_during_a_deaf_login)
{
	uint8_t pings[4096];
	struct peer *client;

	proxy = proxy_start("'login-timeout-ms':600000" CALM);
	client = deaf_client();
	for (size_t i = 0; i < sizeof(pings); i += 4)
		memcpy(pings + i, "\x2b\0\x12\x34", 4);
	for (unsigned i = 0; i < 200 && push(client->fd, pings, sizeof(pings)); i++)
		;
	proxy_stop(proxy);
	peer_close(client);
}
END_TEST

/* As many lists as fit into a login; each counts its entries. */
START_TEST(lists_without_end)
{
	struct peer *client, *other;
	uint8_t info[67] = {OP_EXT_INFO};
	unsigned n = 0;

	proxy = proxy_start("'login-timeout-ms':%d" CALM, (int)harness_ms(3000));
	client = client_connect(proxy);
	client_identify(client, 7, true, "Alice", NULL);
	info[65] = info[66] = 0xff;
	while (n < 40000 && push(client->fd, info, sizeof(info)))
		n++;
	other = client_login(proxy, "Bob");
	client_arrive(other, "Limbo");
	peer_close(client);
	peer_close(other);
	proxy_stop(proxy);
}
END_TEST

START_TEST(sigterm_during_a_negotiation)
{
	struct peer *clients[8];
	uint8_t info[67 + 69] = {OP_EXT_INFO};

	proxy = proxy_start("'login-timeout-ms':600000" CALM);
	info[66] = 40;
	info[67] = OP_EXT_ENTRY;
	for (size_t i = 0; i < 8; i++) {
		clients[i] = client_connect(proxy);
		client_identify(clients[i], 7, true, "Alice", NULL);
		peer_send(clients[i], info, sizeof(info));
		peer_until(clients[i], OP_EXT_ENTRY);
	}
	proxy_stop(proxy);
	for (size_t i = 0; i < 8; i++)
		peer_close(clients[i]);
}
END_TEST

/* A script that asks for jumps as fast as it can is told to slow down; it stays where it is. */
START_TEST(jumps_without_end)
{
	struct peer *alice, *link;

	proxy = proxy_start(
		"'servers':[" SERVER(
			"alpha") ",{'name':'dead','address':'127.0.0.1','port':1}]" CALM,
		alpha.port);
	alice = join(proxy, &alpha, "Alice", "Alpha", &link);
	for (unsigned i = 0; i < 30; i++)
		peer_chat(alice, ":kura jump dead");
	peer_wait_text(alice, "not so fast");
	peer_close(alice);
	peer_close(link);
	proxy_stop(proxy);
}
END_TEST

/* The prefix in the middle of a long line is chat, also where a packet happens to begin. */
START_TEST(the_prefix_in_a_later_piece_is_chat)
{
	struct peer *alice, *link;
	uint8_t piece[66] = {OP_MESSAGE, 1};
	const uint8_t *packet;

	proxy = proxy_start(ONE_SERVER, alpha.port);
	alice = join_cpe(proxy, &alpha, "Alice", "Alpha", &link);
	exchange(alice, link);
	memset(piece + 2, 'a', 64);
	peer_send(alice, piece, sizeof(piece));
	piece[1] = 0;
	memset(piece + 2, ' ', 64);
	memcpy(piece + 2, ":kura list", 10);
	peer_send(alice, piece, sizeof(piece));
	packet = peer_until(link, OP_MESSAGE);
	ck_assert_uint_eq(packet[1], 1);
	peer_expect_bytes(link, piece, sizeof(piece));
	exchange(alice, link);
	peer_close(alice);
	peer_close(link);
	proxy_stop(proxy);
}
END_TEST

/* ---- a terminal that nobody reads ---- */

static uint16_t free_port(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t length = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, length), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	close(fd);
	return ntohs(address.sin_port);
}

/* The binary with -vv on a terminal of its own; *screen is its other end. */
static pid_t start_on_screen(uint16_t port, int *screen)
{
	const char *binary = getenv("KURAFUTO");
	char path[HARNESS_PATH], json[128];
	int terminal;
	pid_t child;

	snprintf(json, sizeof(json), "{\"address\":\"127.0.0.1\",\"port\":%u}", port);
	harness_file(path, "screen.json", json);
	ck_assert_int_eq(openpty(screen, &terminal, NULL, NULL, NULL), 0);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		dup2(terminal, STDERR_FILENO);
		execl(binary, binary, "-vv", "-c", path, (char *)NULL);
		_exit(127);
	}
	close(terminal);
	return child;
}

static int connect_to(uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
	int64_t until = harness_now() + harness_ms(10000);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	while (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		ck_assert_msg(harness_now() < until, "it does not listen");
		poll(NULL, 0, 5);
	}
	return fd;
}

/* Logs in as a vanilla client and waits for the first byte of the answer. */
static int join_by_hand(uint16_t port, unsigned number)
{
	uint8_t login[131] = {OP_IDENTIFICATION, PACKET_PROTOCOL}, first;
	struct pollfd readable = {.fd = connect_to(port), .events = POLLIN};

	memset(login + 2, ' ', 128);
	login[2] = 'P';
	login[3] = (uint8_t)('a' + number);
	ck_assert_int_eq(send(readable.fd, login, sizeof(login), MSG_NOSIGNAL), sizeof(login));
	ck_assert_msg(poll(&readable, 1, (int)harness_ms(10000)) == 1, "player %u waits",
		      number);
	ck_assert_int_eq(recv(readable.fd, &first, 1, 0), 1);
	ck_assert_uint_eq(first, OP_IDENTIFICATION);
	return readable.fd;
}

START_TEST(a_stopped_terminal_stops_nothing)
{
	uint16_t port = free_port();
	int fds[ONSCREEN], screen, status;
	pid_t child = start_on_screen(port, &screen);
	int64_t until;

	for (unsigned i = 0; i < ONSCREEN; i++)
		fds[i] = join_by_hand(port, i);
	ck_assert_int_eq(kill(child, SIGTERM), 0);
	for (unsigned i = 0; i < ONSCREEN; i++)
		close(fds[i]);
	until = harness_now() + harness_ms(10000);
	while (waitpid(child, &status, WNOHANG) == 0) {
		poll(NULL, 0, 5);
		if (harness_now() > until) {
			kill(child, SIGKILL);
			ck_abort_msg("SIGTERM has no effect");
		}
	}
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	close(screen);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("abuse");
	TCase *tcase = harness_case(suite, "abuse");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, a_deaf_login_ends_in_time, 0, 2);
	tcase_add_test(tcase, sigterm_during_a_deaf_login);
	tcase_add_test(tcase, lists_without_end);
	tcase_add_test(tcase, sigterm_during_a_negotiation);
	tcase_add_test(tcase, jumps_without_end);
	tcase_add_test(tcase, the_prefix_in_a_later_piece_is_chat);
	tcase_add_test(tcase, a_stopped_terminal_stops_nothing);
	return harness_run(suite);
}
