/* SPDX-License-Identifier: MIT */
/*
 * Sockets with deadlines, over socketpairs and the loopback. Times are only ever checked from
 * below: a loaded machine may be late, but nothing may end before its deadline.
 */
#include "net.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "suite.h"

#define SHORT_MS 60
#define LONG_MS  30000 /* never reached unless a test fails */
#define BIG      (4 * 1024 * 1024)

static int pair[2];

static void open_pair(void)
{
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
}

static void close_pair(void)
{
	close(pair[0]);
	close(pair[1]);
}

START_TEST(test_deadline)
{
	int64_t now = net_now_ms();

	ck_assert_int_eq(net_deadline_ms(0), NET_FOREVER);
	ck_assert_int_eq(net_deadline_ms(-5), NET_FOREVER);
	ck_assert_int_eq(net_deadline_ms(INT64_MAX), NET_FOREVER);
	ck_assert_int_ge(net_deadline_ms(1000), now + 1000);
	ck_assert_int_ge(net_now_ms(), now);
}
END_TEST

START_TEST(test_wait)
{
	int64_t start = net_now_ms();

	ck_assert_int_eq(net_wait(pair[0], POLLIN, start + SHORT_MS), 0);
	ck_assert_int_ge(net_now_ms(), start + SHORT_MS);
	ck_assert_int_eq(net_wait(pair[0], POLLIN, start - 1), 0); /* long past */
	ck_assert_int_eq(net_wait(pair[0], POLLOUT, NET_FOREVER), 1);
	ck_assert_int_eq(write(pair[1], "x", 1), 1);
	ck_assert_int_eq(net_wait(pair[0], POLLIN, start - 1), 1); /* past, but ready */
	shutdown(pair[1], SHUT_RDWR);
	ck_assert_int_eq(net_wait(pair[0], POLLIN, NET_FOREVER), 1);
	ck_assert_int_eq(net_wait(1 << 20, POLLIN, start), -1);
	ck_assert_int_eq(errno, EBADF);
}
END_TEST

START_TEST(test_recv)
{
	char buffer[8];
	int64_t start = net_now_ms();

	ck_assert_int_eq(net_recv(pair[0], buffer, sizeof buffer, start + SHORT_MS), -1);
	ck_assert_int_eq(errno, ETIMEDOUT);
	ck_assert_int_ge(net_now_ms(), start + SHORT_MS);
	ck_assert_int_eq(write(pair[1], "hello", 5), 5);
	ck_assert_int_eq(net_recv(pair[0], buffer, 3, NET_FOREVER), 3);
	/* a deadline that has passed counts also when there is something to read */
	errno = 0;
	ck_assert_int_eq(net_recv(pair[0], buffer, sizeof buffer, 0), -1);
	ck_assert_int_eq(errno, ETIMEDOUT);
	ck_assert_int_eq(net_recv(pair[0], buffer, sizeof buffer, NET_FOREVER), 2);
	ck_assert_mem_eq(buffer, "lo", 2);
	close(pair[1]);
	ck_assert_int_eq(net_recv(pair[0], buffer, sizeof buffer, net_deadline_ms(LONG_MS)), 0);
	pair[1] = dup(pair[0]);
	ck_assert_int_eq(net_recv(1 << 20, buffer, sizeof buffer, NET_FOREVER), -1);
	ck_assert_int_eq(errno, EBADF);
}
END_TEST

/* No deadline means none, whatever the socket says of itself. */
static void *write_later(void *context)
{
	poll(NULL, 0, SHORT_MS);
	ck_assert_int_eq(write(*(int *)context, "x", 1), 1);
	return NULL;
}

START_TEST(test_recv_forever)
{
	char buffer[8];
	pthread_t thread;

	if (_i == 1)
		net_set_recv_timeout(pair[0], 10);
	if (_i == 2)
		fcntl(pair[0], F_SETFL, O_NONBLOCK);
	ck_assert_int_eq(pthread_create(&thread, NULL, write_later, &pair[1]), 0);
	ck_assert_int_eq(net_recv(pair[0], buffer, sizeof buffer, NET_FOREVER), 1);
	pthread_join(thread, NULL);
}
END_TEST

static void on_signal(int number)
{
	(void)number;
}

static void *signal_often(void *context)
{
	for (int i = 0; i < 5; i++) {
		poll(NULL, 0, SHORT_MS / 6);
		pthread_kill(*(pthread_t *)context, SIGUSR1);
	}
	return NULL;
}

START_TEST(test_signals_do_not_end_a_wait)
{
	struct sigaction action = {.sa_handler = on_signal};
	pthread_t thread, self = pthread_self();
	char buffer[8];
	int64_t start;

	sigaction(SIGUSR1, &action, NULL);
	start = net_now_ms();
	ck_assert_int_eq(pthread_create(&thread, NULL, signal_often, &self), 0);
	ck_assert_int_eq(net_recv(pair[0], buffer, sizeof buffer, start + 2 * SHORT_MS), -1);
	ck_assert_int_eq(errno, ETIMEDOUT);
	ck_assert_int_ge(net_now_ms(), start + 2 * SHORT_MS);
	pthread_join(thread, NULL);
}
END_TEST

START_TEST(test_recv_timeout)
{
	char c;
	int64_t start = net_now_ms();

	net_set_recv_timeout(pair[0], SHORT_MS);
	ck_assert_int_eq(recv(pair[0], &c, 1, 0), -1);
	ck_assert_int_eq(errno, EAGAIN);
	ck_assert_int_ge(net_now_ms(),
			 start + SHORT_MS / 2); /* the kernel counts in its own ticks */
	net_set_recv_timeout(pair[0], 0);
	ck_assert_int_eq(write(pair[1], "x", 1), 1);
	ck_assert_int_eq(recv(pair[0], &c, 1, 0), 1);
}
END_TEST

static void *read_all(void *context)
{
	static uint8_t buffer[65536];
	size_t total = 0, expected = 0;
	ssize_t n;

	while ((n = net_recv(*(int *)context, buffer, sizeof buffer,
			     net_deadline_ms(LONG_MS))) > 0) {
		for (ssize_t i = 0; i < n; i++)
			expected += buffer[i] == (uint8_t)(total + (size_t)i);
		total += (size_t)n;
	}
	ck_assert_uint_eq(total, BIG);
	ck_assert_uint_eq(expected, BIG);
	return NULL;
}

START_TEST(test_send_all)
{
	uint8_t *data = malloc(BIG);
	pthread_t thread;
	atomic_bool cancel = false;
	size_t sent = 0;

	for (size_t i = 0; i < BIG; i++)
		data[i] = (uint8_t)i;
	ck_assert_int_eq(pthread_create(&thread, NULL, read_all, &pair[1]), 0);
	ck_assert_int_eq(net_send_all(pair[0], data, BIG, net_deadline_ms(LONG_MS),
				      _i == 0 ? NULL : &cancel, &sent),
			 0);
	ck_assert_uint_eq(sent, BIG);
	shutdown(pair[0], SHUT_WR);
	pthread_join(thread, NULL);
	ck_assert_int_eq(net_send_all(pair[0], data, 0, 0, NULL, NULL), 0);
	free(data);
}
END_TEST

/* Nobody reads: the deadline ends it, and what did go out is known. */
START_TEST(test_send_deadline)
{
	uint8_t *data = calloc(1, BIG);
	atomic_bool cancel = false;
	int64_t start = net_now_ms();
	/* The second round is longer than one slice between two looks at cancel. */
	int64_t deadline = start + (_i == 0 ? SHORT_MS : 4 * SHORT_MS);
	size_t sent = BIG;

	ck_assert_int_eq(
		net_send_all(pair[0], data, BIG, deadline, _i == 0 ? NULL : &cancel, &sent),
		-1);
	ck_assert_int_eq(errno, ETIMEDOUT);
	ck_assert_int_ge(net_now_ms(), deadline);
	ck_assert_uint_gt(sent, 0);
	ck_assert_uint_lt(sent, BIG);
	free(data);
}
END_TEST

static void *cancel_later(void *context)
{
	poll(NULL, 0, SHORT_MS);
	atomic_store((atomic_bool *)context, true);
	return NULL;
}

START_TEST(test_send_cancel)
{
	uint8_t *data = calloc(1, BIG);
	atomic_bool cancel = false;
	pthread_t thread;
	size_t sent = 0;

	ck_assert_int_eq(pthread_create(&thread, NULL, cancel_later, &cancel), 0);
	ck_assert_int_eq(net_send_all(pair[0], data, BIG, NET_FOREVER, &cancel, &sent), -1);
	ck_assert_int_eq(errno, ECANCELED);
	ck_assert_uint_lt(sent, BIG);
	pthread_join(thread, NULL);
	free(data);
}
END_TEST

/* A peer that has gone is an error, not a signal. */
START_TEST(test_send_to_nobody)
{
	size_t sent = 1;

	close(pair[1]);
	ck_assert_int_eq(net_send_all(pair[0], "x", 1, NET_FOREVER, NULL, &sent), -1);
	ck_assert_int_eq(errno, EPIPE);
	ck_assert_uint_eq(sent, 0);
	pair[1] = dup(pair[0]);
}
END_TEST

static void *shutdown_later(void *context)
{
	poll(NULL, 0, SHORT_MS);
	shutdown(*(int *)context, SHUT_RDWR);
	return NULL;
}

/* shutdown(2) from another thread is how a blocked writer is woken. */
START_TEST(test_shutdown_wakes)
{
	uint8_t *data = calloc(1, BIG);
	char c;
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, shutdown_later, &pair[0]), 0);
	if (_i == 0)
		ck_assert_int_eq(net_send_all(pair[0], data, BIG, NET_FOREVER, NULL, NULL), -1);
	else
		ck_assert_int_eq(net_recv(pair[0], &c, 1,
					  _i == 1 ? NET_FOREVER : net_deadline_ms(LONG_MS)),
				 0);
	pthread_join(thread, NULL);
	free(data);
}
END_TEST

/* clang-format off */
static const struct {
	const char *text;
	bool valid, lan;
	const char *with_port, *without;
} addresses[] = {
	{"127.0.0.1", true, true, "127.0.0.1:25565", "127.0.0.1"},
	{"127.255.0.1", true, true, "127.255.0.1:25565", "127.255.0.1"},
	{"10.0.0.1", true, true, "10.0.0.1:25565", "10.0.0.1"},
	{"11.0.0.1", true, false, "11.0.0.1:25565", "11.0.0.1"},
	{"172.15.255.255", true, false, "172.15.255.255:25565", "172.15.255.255"},
	{"172.16.0.0", true, true, "172.16.0.0:25565", "172.16.0.0"},
	{"172.31.255.255", true, true, "172.31.255.255:25565", "172.31.255.255"},
	{"172.32.0.0", true, false, "172.32.0.0:25565", "172.32.0.0"},
	{"192.168.3.4", true, true, "192.168.3.4:25565", "192.168.3.4"},
	{"192.169.3.4", true, false, "192.169.3.4:25565", "192.169.3.4"},
	{"169.254.1.1", true, true, "169.254.1.1:25565", "169.254.1.1"},
	{"169.253.1.1", true, false, "169.253.1.1:25565", "169.253.1.1"},
	{"8.8.8.8", true, false, "8.8.8.8:25565", "8.8.8.8"},
	{"0.0.0.0", true, false, "0.0.0.0:25565", "0.0.0.0"},
	{"::1", true, true, "[::1]:25565", "::1"},
	{"::", true, false, "[::]:25565", "::"},
	{"fe80::1", true, true, "[fe80::1]:25565", "fe80::1"},
	{"febf::1", true, true, "[febf::1]:25565", "febf::1"},
	{"fec0::1", true, false, "[fec0::1]:25565", "fec0::1"},
	{"fc00::1", true, true, "[fc00::1]:25565", "fc00::1"},
	{"fdff::1", true, true, "[fdff::1]:25565", "fdff::1"},
	{"fe00::1", true, false, "[fe00::1]:25565", "fe00::1"},
	{"2001:db8::5", true, false, "[2001:db8::5]:25565", "2001:db8::5"},
	{"::ffff:192.168.0.9", true, true, "192.168.0.9:25565", "192.168.0.9"},
	{"::ffff:8.8.8.8", true, false, "8.8.8.8:25565", "8.8.8.8"},
	{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true, false,
	 "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:25565", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
	{"", false, false, NULL, NULL},
	{"localhost", false, false, NULL, NULL},
	{"127.1", false, false, NULL, NULL},
	{"127.0.0.256", false, false, NULL, NULL},
	{"127.0.0.1:80", false, false, NULL, NULL},
	{"[::1]", false, false, NULL, NULL},
	{":::", false, false, NULL, NULL},
};

/* Paths of UNIX sockets: 107 bytes are the most. */
#define X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
static const struct {
	const char *text;
	bool valid;
} paths[] = {
	{"unix:/run/beta.sock", true},
	{"unix:beta.sock", true},
	{"unix:@beta", true},
	{"unix:unix:1.2.3.4", true},
	{"unix:x", true},
	{"unix:" X50 X50 "1234567", true},
	{"unix:" X50 X50 "12345678", false},
	{"unix:" X50 X50 X50, false},
	{"unix:", false},
	{"unix", false},
	{"UNIX:/run/beta.sock", false},
	{"/run/beta.sock", false},
};
/* clang-format on */

START_TEST(test_address)
{
	struct net_addr addr;
	char text[NET_ADDR_TEXT];

	memset(&addr, 0xff, sizeof addr);
	ck_assert_int_eq(net_addr_parse(&addr, addresses[_i].text, 25565), addresses[_i].valid);
	if (!addresses[_i].valid)
		return;
	ck_assert_int_eq(net_addr_port(&addr), 25565);
	ck_assert_int_eq(net_addr_is_lan(&addr), addresses[_i].lan);
	net_addr_text(text, &addr, true);
	ck_assert_str_eq(text, addresses[_i].with_port);
	net_addr_text(text, &addr, false);
	ck_assert_str_eq(text, addresses[_i].without);
}
END_TEST

START_TEST(test_path)
{
	struct net_addr addr, same;
	char text[NET_ADDR_TEXT];

	memset(&addr, 0xff, sizeof addr);
	ck_assert_int_eq(net_addr_parse(&addr, paths[_i].text, 25565), paths[_i].valid);
	if (!paths[_i].valid)
		return;
	ck_assert_int_eq(net_addr_port(&addr), 0);
	ck_assert(net_addr_is_lan(&addr));
	net_addr_text(text, &addr, true);
	ck_assert_str_eq(text, paths[_i].text);
	net_addr_text(text, &addr, false);
	ck_assert_str_eq(text, paths[_i].text);
	ck_assert(net_addr_parse(&same, paths[_i].text, 80));
	ck_assert(net_addr_is_same(&addr, &same));
}
END_TEST

/* clang-format off */
static const struct {
	const char *a, *b;
	uint16_t port_b; /* a's is 5 */
	bool same;
} places[] = {
	{"1.2.3.4", "1.2.3.4", 5, true},
	{"1.2.3.4", "1.2.3.4", 6, false},
	{"1.2.3.4", "1.2.3.5", 5, false},
	{"1.2.3.4", "::ffff:1.2.3.4", 5, true},
	{"::1", "::1", 5, true},
	{"::1", "::2", 5, false},
	{"::1", "1.2.3.4", 5, false},
	{"unix:/a", "unix:/a", 6, true},
	{"unix:/a", "unix:/A", 5, false},
	{"unix:/a", "unix:/a/", 5, false},
	{"unix:/a", "unix:/ab", 5, false},
	{"unix:/a", "1.2.3.4", 0, false},
	{"unix:/a", "::1", 0, false},
	{"unix:/a", "::", 0, false},
};
/* clang-format on */

START_TEST(test_same_place)
{
	struct net_addr a, b;

	ck_assert(net_addr_parse(&a, places[_i].a, 5));
	ck_assert(net_addr_parse(&b, places[_i].b, places[_i].port_b));
	ck_assert_int_eq(net_addr_is_same(&a, &b), places[_i].same);
	ck_assert_int_eq(net_addr_is_same(&b, &a), places[_i].same);
}
END_TEST

START_TEST(test_address_of_a_socketpair)
{
	struct net_addr peer = {.len = sizeof peer.storage};
	struct net_addr none;
	char text[NET_ADDR_TEXT];

	memset(&none, 0, sizeof none);
	net_addr_text(text, &none, true);
	ck_assert_str_eq(text, "socketpair");
	ck_assert(!net_addr_is_lan(&none));
	ck_assert_int_eq(net_addr_port(&none), 0);
	open_pair();
	ck_assert_int_eq(getpeername(pair[0], (struct sockaddr *)&peer.storage, &peer.len), 0);
	net_addr_text(text, &peer, true);
	ck_assert_str_eq(text, "socketpair");
	ck_assert(net_addr_is_lan(&peer));
	close_pair();
}
END_TEST

START_TEST(test_resolve)
{
	struct net_addr found[4];
	char why[128] = "", text[NET_ADDR_TEXT];

	ck_assert_uint_eq(net_resolve(found, 4, "127.0.0.1", 25566, why, sizeof why), 1);
	net_addr_text(text, &found[0], true);
	ck_assert_str_eq(text, "127.0.0.1:25566");
	ck_assert_uint_eq(net_resolve(found, 4, "::1", 80, why, sizeof why), 1);
	net_addr_text(text, &found[0], true);
	ck_assert_str_eq(text, "[::1]:80");
	ck_assert_str_eq(why, "");
	ck_assert_uint_eq(net_resolve(found, 4, "not a host name", 80, why, sizeof why), 0);
	ck_assert_ptr_nonnull(strstr(why, "cannot resolve not a host name: "));
}
END_TEST

/* A listener on a free port of 127.0.0.1, and its address. */
static int listen_somewhere(struct net_addr *addr)
{
	char why[256] = "";
	int fd;

	ck_assert(net_addr_parse(addr, "127.0.0.1", 0));
	fd = net_listen(addr, why, sizeof why);
	ck_assert_msg(fd >= 0, "%s", why);
	addr->len = sizeof addr->storage;
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&addr->storage, &addr->len), 0);
	return fd;
}

static int option(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof value;

	ck_assert_int_eq(getsockopt(fd, level, name, &value, &len), 0);
	return value;
}

START_TEST(test_connect)
{
	struct net_addr addr;
	int listener = listen_somewhere(&addr), client, server;
	char c;

	ck_assert_int_ne(fcntl(listener, F_GETFD) & FD_CLOEXEC, 0);
	client = net_connect_start(&addr);
	ck_assert_int_ge(client, 0);
	ck_assert_int_ne(fcntl(client, F_GETFD) & FD_CLOEXEC, 0);
	ck_assert_int_ne(fcntl(client, F_GETFL) & O_NONBLOCK, 0);
	ck_assert_int_eq(net_connect_finish(client, net_deadline_ms(LONG_MS)), 0);
	ck_assert_int_eq(fcntl(client, F_GETFL) & O_NONBLOCK, 0);
	ck_assert_int_ne(option(client, IPPROTO_TCP, TCP_NODELAY), 0);
	ck_assert_int_ne(option(client, SOL_SOCKET, SO_KEEPALIVE), 0);
	server = accept(listener, NULL, NULL);
	ck_assert_int_ge(server, 0);
	ck_assert_int_eq(net_send_all(client, "x", 1, NET_FOREVER, NULL, NULL), 0);
	ck_assert_int_eq(net_recv(server, &c, 1, net_deadline_ms(LONG_MS)), 1);
	ck_assert_int_gt(net_rtt_us(client), 0);
	close(server);
	close(client);
	close(listener);
}
END_TEST

START_TEST(test_connect_refused)
{
	struct net_addr addr;
	int fd;

	close(listen_somewhere(&addr));
	fd = net_connect_start(&addr);
	if (fd >= 0) {
		ck_assert_int_eq(net_connect_finish(fd, net_deadline_ms(LONG_MS)), -1);
		close(fd);
	}
	ck_assert_int_eq(errno, ECONNREFUSED);
}
END_TEST

/* A listener whose queue is full answers nobody. */
START_TEST(test_connect_timeout)
{
	struct net_addr addr;
	int listener = listen_somewhere(&addr), fds[16], n = 0, result = 0;
	int64_t start = 0;

	ck_assert_int_eq(listen(listener, 0), 0);
	while (n < 16 && result == 0) {
		start = net_now_ms();
		fds[n] = net_connect_start(&addr);
		ck_assert_int_ge(fds[n], 0);
		result = net_connect_finish(fds[n++], start + SHORT_MS);
	}
	ck_assert_int_eq(result, -1);
	ck_assert_int_eq(errno, ETIMEDOUT);
	ck_assert_int_ge(net_now_ms(), start + SHORT_MS);
	while (n > 0)
		close(fds[--n]);
	close(listener);
}
END_TEST

/* A socket that has connected to its own port counts as refused. */
START_TEST(test_connect_to_itself)
{
	struct net_addr addr;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert(net_addr_parse(&addr, "127.0.0.1", 0));
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&addr.storage, addr.len), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&addr.storage, &addr.len), 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&addr.storage, addr.len), 0);
	ck_assert_int_eq(net_connect_finish(fd, net_deadline_ms(LONG_MS)), -1);
	ck_assert_int_eq(errno, ECONNREFUSED);
	close(fd);
}
END_TEST

/* ---- UNIX sockets ---- */

static char directory[64];

/* A directory of its own to work in, so that paths may be relative. */
static void enter_directory(void)
{
	strlcpy(directory, "/tmp/test_net.XXXXXX", sizeof directory);
	ck_assert_ptr_nonnull(mkdtemp(directory));
	ck_assert_int_eq(chdir(directory), 0);
}

static void leave_directory(void)
{
	unlink("beta");
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(rmdir(directory), 0);
}

/* Listens on the file beta; `addr` is its address, relative or absolute. */
static int listen_on_path(struct net_addr *addr, bool is_absolute, int backlog)
{
	char text[128] = NET_UNIX "beta";
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (is_absolute)
		snprintf(text, sizeof text, NET_UNIX "%s/beta", directory);
	ck_assert(net_addr_parse(addr, text, 25565));
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&addr->storage, addr->len), 0);
	ck_assert_int_eq(listen(fd, backlog), 0);
	return fd;
}

START_TEST(test_unix_connect)
{
	struct net_addr addr, peer = {.len = sizeof peer.storage};
	int listener = listen_on_path(&addr, _i == 0, 8), client, server;
	char c, text[NET_ADDR_TEXT];

	client = net_connect_start(&addr);
	ck_assert_int_ge(client, 0);
	ck_assert_int_ne(fcntl(client, F_GETFD) & FD_CLOEXEC, 0);
	ck_assert_int_ne(fcntl(client, F_GETFL) & O_NONBLOCK, 0);
	ck_assert_int_eq(net_connect_finish(client, net_deadline_ms(LONG_MS)), 0);
	ck_assert_int_eq(fcntl(client, F_GETFL) & O_NONBLOCK, 0);
	server = accept(listener, NULL, NULL);
	ck_assert_int_ge(server, 0);
	ck_assert_int_eq(net_send_all(client, "x", 1, NET_FOREVER, NULL, NULL), 0);
	ck_assert_int_eq(net_recv(server, &c, 1, net_deadline_ms(LONG_MS)), 1);
	ck_assert_int_eq(net_rtt_us(client), -1);
	ck_assert_int_eq(getpeername(client, (struct sockaddr *)&peer.storage, &peer.len), 0);
	ck_assert(net_addr_is_same(&addr, &peer));
	net_addr_text(text, &peer, true);
	ck_assert_ptr_nonnull(strstr(text, "beta"));
	close(server);
	close(client);
	close(listener);
}
END_TEST

/* A server that accepts nobody gives no answer, and does not keep us waiting for it. */
START_TEST(test_unix_queue_is_full)
{
	struct net_addr addr;
	int listener = listen_on_path(&addr, false, 0), fds[16], n = 0;

	while (n < 16 && (fds[n] = net_connect_start(&addr)) >= 0) {
		ck_assert_int_eq(net_connect_finish(fds[n], net_deadline_ms(LONG_MS)), 0);
		n++;
	}
	ck_assert_int_eq(errno, ETIMEDOUT);
	ck_assert_int_lt(n, 16);
	ck_assert_int_gt(n, 0);
	while (n > 0)
		close(fds[--n]);
	close(listener);
}
END_TEST

START_TEST(test_unix_faults)
{
	struct net_addr addr;

	ck_assert(net_addr_parse(&addr, NET_UNIX "beta", 0));
	ck_assert_int_eq(net_connect_start(&addr), -1);
	ck_assert_int_eq(errno, ENOENT);
	close(listen_on_path(&addr, false, 8)); /* its file stays */
	ck_assert_int_eq(net_connect_start(&addr), -1);
	ck_assert_int_eq(errno, ECONNREFUSED);
}
END_TEST

START_TEST(test_listen_faults)
{
	struct net_addr addr;
	char why[256], expected[256], text[NET_ADDR_TEXT];
	int listener = listen_somewhere(&addr);

	ck_assert_int_eq(net_listen(&addr, why, sizeof why), -1);
	net_addr_text(text, &addr, true);
	snprintf(expected, sizeof expected,
		 "cannot listen on %s: Address already in use (is another Kurafuto running? "
		 "another "
		 "\"port\" in kurafuto.json helps)",
		 text);
	ck_assert_str_eq(why, expected);
	close(listener);

	ck_assert(net_addr_parse(&addr, "192.0.2.1",
				 0)); /* kept for documentation: nobody has it */
	ck_assert_int_eq(net_listen(&addr, why, sizeof why), -1);
	ck_assert_ptr_nonnull(
		strstr(why, "cannot listen on 192.0.2.1:0: Cannot assign requested address ("));
}
END_TEST

/* "::" takes both families, where the machine has IPv6 at all. */
START_TEST(test_listen_dual)
{
	struct net_addr addr, v4, peer = {.len = sizeof peer.storage};
	char why[256], text[NET_ADDR_TEXT];
	int listener, client, server;

	ck_assert(net_addr_parse(&addr, "::", 0));
	listener = net_listen(&addr, why, sizeof why);
	if (listener < 0 && errno == EAFNOSUPPORT)
		return;
	ck_assert_msg(listener >= 0, "%s", why);
	addr.len = sizeof addr.storage;
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&addr.storage, &addr.len), 0);
	ck_assert(net_addr_parse(&v4, "127.0.0.1", net_addr_port(&addr)));
	client = net_connect_start(&v4);
	ck_assert_int_eq(net_connect_finish(client, net_deadline_ms(LONG_MS)), 0);
	server = accept(listener, (struct sockaddr *)&peer.storage, &peer.len);
	ck_assert_int_ge(server, 0);
	net_addr_text(text, &peer, false);
	ck_assert_str_eq(text, "127.0.0.1");
	ck_assert(net_addr_is_lan(&peer));
	close(server);
	close(client);
	close(listener);
}
END_TEST

/* The lobby is reached over a socketpair: nothing there may trip. */
START_TEST(test_socketpair_is_fine)
{
	fcntl(pair[0], F_SETFL, O_NONBLOCK);
	net_tune(pair[0]);
	ck_assert_int_eq(fcntl(pair[0], F_GETFL) & O_NONBLOCK, 0);
	ck_assert_int_eq(net_connect_finish(pair[0], net_deadline_ms(LONG_MS)), 0);
	ck_assert_int_eq(net_rtt_us(pair[0]), -1);
}
END_TEST

static void add_path_tests(TCase *tcase)
{
	tcase_add_checked_fixture(tcase, enter_directory, leave_directory);
	tcase_add_loop_test(tcase, test_unix_connect, 0, 2);
	tcase_add_test(tcase, test_unix_queue_is_full);
	tcase_add_test(tcase, test_unix_faults);
}

static void add_pair_tests(TCase *tcase)
{
	tcase_add_checked_fixture(tcase, open_pair, close_pair);
	tcase_add_test(tcase, test_wait);
	tcase_add_test(tcase, test_recv);
	tcase_add_loop_test(tcase, test_recv_forever, 0, 3);
	tcase_add_test(tcase, test_signals_do_not_end_a_wait);
	tcase_add_test(tcase, test_recv_timeout);
	tcase_add_loop_test(tcase, test_send_all, 0, 2);
	tcase_add_loop_test(tcase, test_send_deadline, 0, 2);
	tcase_add_test(tcase, test_send_cancel);
	tcase_add_test(tcase, test_send_to_nobody);
	tcase_add_loop_test(tcase, test_shutdown_wakes, 0, 3);
	tcase_add_test(tcase, test_socketpair_is_fine);
}

int main(void)
{
	Suite *suite = suite_create("net");
	TCase *tcase = tcase_create("net"), *pairs = tcase_create("socketpair"),
	      *unix_sockets = tcase_create("unix");

	tcase_add_test(tcase, test_deadline);
	tcase_add_loop_test(tcase, test_address, 0, sizeof addresses / sizeof addresses[0]);
	tcase_add_loop_test(tcase, test_path, 0, sizeof paths / sizeof paths[0]);
	tcase_add_loop_test(tcase, test_same_place, 0, sizeof places / sizeof places[0]);
	tcase_add_test(tcase, test_address_of_a_socketpair);
	tcase_add_test(tcase, test_resolve);
	tcase_add_test(tcase, test_connect);
	tcase_add_test(tcase, test_connect_refused);
	tcase_add_test(tcase, test_connect_timeout);
	tcase_add_test(tcase, test_connect_to_itself);
	tcase_add_test(tcase, test_listen_faults);
	tcase_add_test(tcase, test_listen_dual);
	add_pair_tests(pairs);
	add_path_tests(unix_sockets);
	suite_add_tcase(suite, tcase);
	suite_add_tcase(suite, unix_sockets);
	suite_add_tcase(suite, pairs);
	return suite_main(suite);
}
