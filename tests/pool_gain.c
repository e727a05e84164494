/* SPDX-License-Identifier: MIT */
/*
 * The parts of the measurement that tests/pool-gain makes: a server that lets everybody in, a
 * player who joins over and over and says how long it took, and a wire with a delay for kernels
 * that have no netem.
 *
 *	pool_gain serve ADDRESS PORT
 *	pool_gain join PORT TIMES
 *	pool_gain wire DEVICE DEVICE MS
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../net.h"
#include "../packet.h"

#define TIMES_MAX  10000
#define PAUSE_MS   250 /* players do not come in step with the pool */
#define TIMEOUT_MS 10000
#define PACKETS    4096 /* on the wire at once, each way */
#define MTU        2048

static struct packet_catalog catalog;

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "pool_gain: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static struct net_addr address_of(const char *text, const char *port)
{
	struct net_addr address;

	if (!net_addr_parse(&address, text, (uint16_t)atoi(port)))
		fail(text);
	return address;
}

/* ---- the server ---- */

/* Lets the player into a level of a single block. */
static size_t write_welcome(uint8_t *out, const struct dialect *dialect)
{
	static const uint8_t gzip[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00,
				       0x00, 0x00, 0xff, 0x01, 0x05, 0x00, 0xfa,
				       0xff, 0x00, 0x00, 0x00, 0x01, 0x00, 0x5c,
				       0xc6, 0x39, 0xdf, 0x05, 0x00, 0x00, 0x00};
	size_t size = packet_write_server_identification(out, dialect, "Gain", "", 0);

	size += packet_write_level_initialize(out + size, dialect, 1);
	size += packet_write_level_chunk(out + size, gzip, sizeof(gzip), 100);
	return size + packet_write_level_finalize(out + size, 1, 1, 1);
}

static void *serve_one(void *argument)
{
	int fd = *(int *)argument;
	uint8_t in[4096], out[4 * PACKET_SIZE_MAX];
	struct dialect dialect;
	size_t n = 0, size;

	free(argument);
	net_tune(fd);
	dialect_init(&dialect, &catalog, PACKET_PROTOCOL, false);
	size = dialect_size(&dialect, PACKET_TO_SERVER, OP_IDENTIFICATION);
	while (n < size) {
		ssize_t got = recv(fd, in + n, sizeof(in) - n, 0);

		if (got <= 0)
			break;
		n += (size_t)got;
	}
	if (n >= size)
		send(fd, out, write_welcome(out, &dialect), MSG_NOSIGNAL);
	while (n >= size && recv(fd, in, sizeof(in), 0) > 0)
		;
	close(fd);
	return NULL;
}

static _Noreturn void serve(const struct net_addr *address)
{
	char why[256];
	int listener = net_listen(address, why, sizeof(why));

	if (listener < 0) {
		fprintf(stderr, "pool_gain: %s\n", why);
		exit(EXIT_FAILURE);
	}
	for (;;) {
		int *fd = malloc(sizeof(*fd));
		pthread_t thread;

		if (fd == NULL)
			fail("malloc");
		*fd = accept(listener, NULL, NULL);
		if (*fd < 0 || pthread_create(&thread, NULL, serve_one, fd) != 0)
			fail("accept");
		pthread_detach(thread);
	}
}

/* ---- the player ---- */

/* Reads packets until this one. */
static void read_until(int fd, const struct dialect *dialect, uint8_t opcode)
{
	uint8_t packet[PACKET_SIZE_MAX];

	do {
		size_t size = 1, n = 0;

		while (n < size) {
			ssize_t got =
				net_recv(fd, packet + n, size - n, net_now_ms() + TIMEOUT_MS);

			if (got <= 0)
				fail("no answer from Kurafuto");
			n += (size_t)got;
			size = dialect_size(dialect, PACKET_TO_CLIENT, packet[0]);
			if (packet[0] == OP_DISCONNECT || size == 0)
				fail("Kurafuto does not let the player in");
		}
	} while (packet[0] != opcode);
}

static void join_once(const struct net_addr *address, unsigned number, int64_t *login_us,
		      int64_t *level_us)
{
	uint8_t packet[PACKET_SIZE_MAX];
	struct dialect dialect;
	char name[32];
	int64_t since_us = now_us();
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	snprintf(name, sizeof(name), "Gain%u", number);
	dialect_init(&dialect, &catalog, PACKET_PROTOCOL, false);
	size_t size = packet_write_player_identification(packet, &dialect, name, "");
	if (fd < 0 ||
	    connect(fd, (const struct sockaddr *)&address->storage, address->len) != 0)
		fail("connect");
	net_tune(fd);
	if (send(fd, packet, size, MSG_NOSIGNAL) != (ssize_t)size)
		fail("send");
	read_until(fd, &dialect, OP_IDENTIFICATION);
	*login_us = now_us() - since_us;
	read_until(fd, &dialect, OP_LEVEL_FINALIZE);
	*level_us = now_us() - since_us;
	close(fd);
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void print_times(const char *what, int64_t *times_us, size_t n)
{
	qsort(times_us, n, sizeof(*times_us), compare);
	int64_t median_us = times_us[n / 2];
	printf("%s: median %.1f ms, fastest %.1f ms, slowest %.1f ms (%zu joins)\n", what,
	       (double)median_us / 1000, (double)times_us[0] / 1000,
	       (double)times_us[n - 1] / 1000, n);
}

static int join(const struct net_addr *address, size_t times)
{
	static int64_t login_us[TIMES_MAX], level_us[TIMES_MAX];

	if (times < 1 || times > TIMES_MAX) {
		fprintf(stderr, "pool_gain: 1 to %d times\n", TIMES_MAX);
		return EXIT_FAILURE;
	}
	for (size_t i = 0; i < times; i++) {
		join_once(address, (unsigned)i, &login_us[i], &level_us[i]);
		poll(NULL, 0, PAUSE_MS);
	}
	print_times("  to the end of the login", login_us, times);
	print_times("  to the end of the level", level_us, times);
	return EXIT_SUCCESS;
}

/* ---- the wire ---- */

/* Packets of one direction, in the order in which they are due. */
struct direction {
	struct {
		uint8_t bytes[MTU];
		size_t size;
		int64_t due_us;
	} packets[PACKETS];
	size_t first, n;
};

static int open_device(const char *name)
{
	struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &request) != 0)
		fail(name);
	return fd;
}

static void take_in(struct direction *way, int fd, int64_t delay_us)
{
	uint8_t scrap[MTU];

	for (;;) {
		bool has_room = way->n < PACKETS;
		size_t last = (way->first + way->n) % PACKETS;
		ssize_t size = read(fd, has_room ? way->packets[last].bytes : scrap, MTU);

		if (size <= 0)
			return;
		if (!has_room)
			continue; /* as wires do */
		way->packets[last].size = (size_t)size;
		way->packets[last].due_us = now_us() + delay_us;
		way->n++;
	}
}

/* Returns when the next packet is due. */
static int64_t let_out(struct direction *way, int fd)
{
	while (way->n > 0 && way->packets[way->first].due_us <= now_us()) {
		(void)!write(fd, way->packets[way->first].bytes, way->packets[way->first].size);
		way->first = (way->first + 1) % PACKETS;
		way->n--;
	}
	return way->n > 0 ? way->packets[way->first].due_us : INT64_MAX;
}

static _Noreturn void wire(const char *left, const char *right, int64_t delay_us)
{
	static struct direction there, back;
	struct pollfd fds[2] = {{.fd = open_device(left), .events = POLLIN},
				{.fd = open_device(right), .events = POLLIN}};

	for (;;) {
		int64_t there_us = let_out(&there, fds[1].fd);
		int64_t back_us = let_out(&back, fds[0].fd);
		int64_t next_us = there_us < back_us ? there_us : back_us;
		int64_t left_us = next_us == INT64_MAX ? 1000000 : next_us - now_us();
		struct timespec rest = {.tv_nsec = left_us > 0 ? left_us % 1000000 * 1000 : 0};

		ppoll(fds, 2, &rest, NULL);
		take_in(&there, fds[0].fd, delay_us);
		take_in(&back, fds[1].fd, delay_us);
	}
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	packet_catalog_init(&catalog);
	if (strcmp(mode, "serve") == 0 && argc == 4) {
		struct net_addr address = address_of(argv[2], argv[3]);

		serve(&address);
	}
	if (strcmp(mode, "join") == 0 && argc == 4) {
		struct net_addr address = address_of("127.0.0.1", argv[2]);

		return join(&address, strtoul(argv[3], NULL, 10));
	}
	if (strcmp(mode, "wire") == 0 && argc == 5) /* half of it each way */
		wire(argv[2], argv[3], strtol(argv[4], NULL, 10) * 500);
	fprintf(stderr, "see tests/pool-gain\n");
	return EXIT_FAILURE;
}
