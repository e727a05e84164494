/* SPDX-License-Identifier: MIT */
/*
 * Sockets with deadlines: waiting, reading, writing, addresses, listening and connecting.
 * Responsible for EINTR, SIGPIPE, close-on-exec and time, so that no caller thinks of them;
 * knows nothing of what the bytes mean. The one idea: try first without waiting, and poll(2)
 * only when the kernel has nothing to give or no room to take, so a deadline costs nothing
 * while data flows.
 */
#include "net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <bsd/string.h>

#define CANCEL_SLICE_MS 100 /* how long a cancelled writer may go on waiting */
#define UNIX_PATH_SIZE  (sizeof(((struct sockaddr_un *)0)->sun_path) + 1)

/* ---- time and bytes ---- */

int64_t net_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct timespec net_timespec(int64_t deadline_ms)
{
	return (struct timespec){.tv_sec = deadline_ms / 1000,
				 .tv_nsec = deadline_ms % 1000 * 1000000};
}

int64_t net_deadline_ms(int64_t timeout_ms)
{
	int64_t now = net_now_ms();

	return timeout_ms <= 0 || timeout_ms > NET_FOREVER - now ? NET_FOREVER
								 : now + timeout_ms;
}

/* What is left until a deadline, as poll(2) wants it. A long rest is waited for in several
 * rounds. */
static int poll_timeout(int64_t deadline_ms)
{
	int64_t left;

	if (deadline_ms == NET_FOREVER)
		return -1;
	left = deadline_ms - net_now_ms();
	return left <= 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

int net_wait(int fd, short events, int64_t deadline_ms)
{
	for (;;) {
		struct pollfd p = {.fd = fd, .events = events};
		int timeout = poll_timeout(deadline_ms);
		int n = poll(&p, 1, timeout);

		if (n > 0 && (p.revents & POLLNVAL) != 0) {
			errno = EBADF;
			return -1;
		}
		if (n > 0)
			return 1;
		if (n == 0 && net_now_ms() >= deadline_ms)
			return 0;
		if (n < 0 && errno != EINTR)
			return -1;
	}
}

ssize_t net_recv(int fd, void *buffer, size_t size, int64_t deadline_ms)
{
	/* Without a deadline the kernel may do the waiting: one call instead of three. */
	int flags = deadline_ms == NET_FOREVER ? 0 : MSG_DONTWAIT;

	if (deadline_ms != NET_FOREVER && net_now_ms() >= deadline_ms) {
		errno = ETIMEDOUT; /* also when a peer sends without end */
		return -1;
	}
	for (;;) {
		ssize_t n = recv(fd, buffer, size, flags);
		int ready;

		if (n >= 0)
			return n;
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return -1;
		ready = net_wait(fd, POLLIN, deadline_ms);
		if (ready == 0)
			errno = ETIMEDOUT;
		if (ready <= 0)
			return -1;
	}
}

/* Waits for room to send. 0, or -1 with errno. */
static int wait_for_room(int fd, int64_t deadline_ms, const atomic_bool *cancel)
{
	for (;;) {
		int64_t until = deadline_ms;
		int ready;

		if (cancel != NULL) {
			int64_t slice = net_now_ms() + CANCEL_SLICE_MS;

			if (atomic_load(cancel)) {
				errno = ECANCELED;
				return -1;
			}
			until = slice < deadline_ms ? slice : deadline_ms;
		}
		ready = net_wait(fd, POLLOUT, until);
		if (ready != 0)
			return ready > 0 ? 0 : -1;
		if (until == deadline_ms) {
			errno = ETIMEDOUT;
			return -1;
		}
	}
}

/* Takes off what has been sent, and parts without bytes. */
static void take_off(struct msghdr *message, size_t sent)
{
	while (message->msg_iovlen > 0 && message->msg_iov[0].iov_len <= sent) {
		sent -= message->msg_iov[0].iov_len;
		message->msg_iov++;
		message->msg_iovlen--;
	}
	if (message->msg_iovlen == 0)
		return;
	message->msg_iov[0].iov_base = (uint8_t *)message->msg_iov[0].iov_base + sent;
	message->msg_iov[0].iov_len -= sent;
}

int net_send_parts(int fd, struct iovec *parts, size_t n, int64_t deadline_ms,
		   const atomic_bool *cancel, size_t *sent)
{
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = n};
	size_t done = 0;
	int result = 0;

	take_off(&message, 0);
	while (message.msg_iovlen > 0 && result == 0) {
		ssize_t written = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (written >= 0) {
			done += (size_t)written;
			take_off(&message, (size_t)written);
		} else if (errno == EAGAIN) {
			result = wait_for_room(fd, deadline_ms, cancel);
		} else if (errno != EINTR) {
			result = -1;
		}
	}
	if (sent != NULL)
		*sent = done;
	return result;
}

int net_send_all(int fd, const void *data, size_t size, int64_t deadline_ms,
		 const atomic_bool *cancel, size_t *sent)
{
	struct iovec part = {.iov_len = size};

	memcpy(&part.iov_base, &data, sizeof(data)); /* which sendmsg(2) only reads */
	return net_send_parts(fd, &part, 1, deadline_ms, cancel, sent);
}

/* ---- addresses ---- */

/* The address as IPv4, also where it is mapped into IPv6. False if it is neither. */
static bool as_ipv4(struct in_addr *out, const struct net_addr *addr)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (addr->storage.ss_family == AF_INET) {
		memcpy(&v4, &addr->storage, sizeof v4);
		*out = v4.sin_addr;
		return true;
	}
	memcpy(&v6, &addr->storage, sizeof v6);
	if (addr->storage.ss_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr))
		return false;
	memcpy(out, &v6.sin6_addr.s6_addr[12], sizeof *out);
	return true;
}

/* The path of a UNIX socket; false if the address is none, or has none, as socketpairs have. */
static bool as_path(char path[static UNIX_PATH_SIZE], const struct net_addr *addr)
{
	size_t start = offsetof(struct sockaddr_un, sun_path);
	size_t n = addr->len > start ? addr->len - start : 0;

	if (addr->storage.ss_family != AF_UNIX)
		return false;
	if (n >= UNIX_PATH_SIZE)
		n = UNIX_PATH_SIZE - 1;
	memcpy(path, (const char *)&addr->storage + start, n);
	path[n] = '\0';
	return path[0] != '\0';
}

static void parse_path(struct net_addr *out, const char *path)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	size_t n = strlen(path);

	if (n == 0 || n >= sizeof un.sun_path)
		return;
	memcpy(un.sun_path, path, n);
	memcpy(&out->storage, &un, sizeof un);
	out->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + 1);
}

bool net_addr_parse(struct net_addr *out, const char *text, uint16_t port)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

	memset(out, 0, sizeof *out);
	if (strncmp(text, NET_UNIX, strlen(NET_UNIX)) == 0) {
		parse_path(out, text + strlen(NET_UNIX));
	} else if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
		memcpy(&out->storage, &v4, sizeof v4);
		out->len = sizeof v4;
	} else if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1) {
		memcpy(&out->storage, &v6, sizeof v6);
		out->len = sizeof v6;
	}
	return out->len != 0;
}

/* What an errno means; unlike strerror(3) safe in a thread. */
static const char *error_text(int error)
{
	const char *text = strerrordesc_np(error);

	return text != NULL ? text : "unknown error";
}

size_t net_resolve(struct net_addr *out, size_t max, const char *host, uint16_t port, char *why,
		   size_t why_size)
{
	struct addrinfo hints = {
		.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	struct addrinfo *found = NULL;
	char service[8];
	size_t n = 0;
	int error;

	snprintf(service, sizeof service, "%u", port);
	error = getaddrinfo(host, service, &hints, &found);
	if (error != 0) {
		snprintf(why, why_size, "cannot resolve %s: %s", host,
			 error == EAI_SYSTEM ? error_text(errno) : gai_strerror(error));
		return 0;
	}
	for (const struct addrinfo *a = found; a != NULL && n < max; a = a->ai_next) {
		if (a->ai_addrlen > sizeof out[n].storage)
			continue;
		memset(&out[n], 0, sizeof out[n]);
		memcpy(&out[n].storage, a->ai_addr, a->ai_addrlen);
		out[n++].len = a->ai_addrlen;
	}
	freeaddrinfo(found);
	if (n == 0)
		snprintf(why, why_size, "cannot resolve %s: it has no address", host);
	return n;
}

void net_addr_text(char out[static NET_ADDR_TEXT], const struct net_addr *addr, bool with_port)
{
	char host[INET6_ADDRSTRLEN] = "", path[UNIX_PATH_SIZE];
	struct sockaddr_in6 v6;
	struct in_addr v4;
	bool is_v4 = as_ipv4(&v4, addr);

	if (is_v4) {
		inet_ntop(AF_INET, &v4, host, sizeof host);
	} else if (addr->storage.ss_family == AF_INET6) {
		memcpy(&v6, &addr->storage, sizeof v6);
		inet_ntop(AF_INET6, &v6.sin6_addr, host, sizeof host);
	} else if (as_path(path, addr)) {
		snprintf(out, NET_ADDR_TEXT, NET_UNIX "%s", path);
		return;
	} else {
		strlcpy(out, "socketpair", NET_ADDR_TEXT);
		return;
	}
	if (with_port)
		snprintf(out, NET_ADDR_TEXT, is_v4 ? "%s:%u" : "[%s]:%u", host,
			 net_addr_port(addr));
	else
		strlcpy(out, host, NET_ADDR_TEXT);
}

bool net_addr_is_lan(const struct net_addr *addr)
{
	/* clang-format off */
	static const struct {
		uint32_t net, mask;
	} lans[] = {
		{0x7f000000, 0xff000000}, /* 127.0.0.0/8 */
		{0x0a000000, 0xff000000}, /* 10.0.0.0/8 */
		{0xac100000, 0xfff00000}, /* 172.16.0.0/12 */
		{0xc0a80000, 0xffff0000}, /* 192.168.0.0/16 */
		{0xa9fe0000, 0xffff0000}, /* 169.254.0.0/16 */
	};
	/* clang-format on */
	struct in_addr v4;
	struct sockaddr_in6 v6;

	if (as_ipv4(&v4, addr)) {
		for (size_t i = 0; i < sizeof lans / sizeof lans[0]; i++) {
			if ((ntohl(v4.s_addr) & lans[i].mask) == lans[i].net)
				return true;
		}
		return false;
	}
	if (addr->storage.ss_family != AF_INET6)
		return addr->storage.ss_family == AF_UNIX;
	memcpy(&v6, &addr->storage, sizeof v6);
	return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr) || IN6_IS_ADDR_LINKLOCAL(&v6.sin6_addr) ||
	       (v6.sin6_addr.s6_addr[0] & 0xfe) == 0xfc;
}

uint16_t net_addr_port(const struct net_addr *addr)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	switch (addr->storage.ss_family) {
	case AF_INET:
		memcpy(&v4, &addr->storage, sizeof v4);
		return ntohs(v4.sin_port);
	case AF_INET6:
		memcpy(&v6, &addr->storage, sizeof v6);
		return ntohs(v6.sin6_port);
	default:
		return 0;
	}
}

bool net_addr_is_same(const struct net_addr *a, const struct net_addr *b)
{
	char path_a[UNIX_PATH_SIZE], path_b[UNIX_PATH_SIZE];
	struct in_addr v4_a, v4_b;
	struct sockaddr_in6 v6_a, v6_b;

	if (net_addr_port(a) != net_addr_port(b))
		return false;
	bool is_v4 = as_ipv4(&v4_a, a);
	if (as_ipv4(&v4_b, b) != is_v4)
		return false;
	if (is_v4)
		return v4_a.s_addr == v4_b.s_addr;
	bool is_path = as_path(path_a, a);
	if (as_path(path_b, b) != is_path)
		return false;
	if (is_path)
		return strcmp(path_a, path_b) == 0;
	memcpy(&v6_a, &a->storage, sizeof v6_a);
	memcpy(&v6_b, &b->storage, sizeof v6_b);
	return memcmp(&v6_a.sin6_addr, &v6_b.sin6_addr, sizeof v6_a.sin6_addr) == 0;
}

/* ---- sockets ---- */

static void set_option(int fd, int level, int option, int value)
{
	setsockopt(fd, level, option, &value, sizeof value);
}

/* close(2) in the path of an error whose errno the caller wants. */
static int close_failed(int fd)
{
	int saved = errno;

	close(fd);
	errno = saved;
	return -1;
}

/* What an admin can do about it; empty if there is nothing to say. */
static const char *listen_hint(int error)
{
	switch (error) {
	case EADDRINUSE:
		return " (is another Kurafuto running? another \"port\" in kurafuto.json "
		       "helps)";
	case EACCES:
		return " (ports below 1024 are for root; another \"port\" in kurafuto.json "
		       "helps)";
	case EADDRNOTAVAIL:
		return " (this machine has no such address; see \"address\" in kurafuto.json)";
	default:
		return "";
	}
}

/* 0 once fd listens on addr, else -1 with errno. */
static int bind_and_listen(int fd, const struct net_addr *addr)
{
	set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (addr->storage.ss_family == AF_INET6)
		set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0); /* "::" takes IPv4 as well */
	if (bind(fd, (const struct sockaddr *)&addr->storage, addr->len) != 0)
		return -1;
	return listen(fd, SOMAXCONN);
}

int net_listen(const struct net_addr *addr, char *why, size_t why_size)
{
	char text[NET_ADDR_TEXT];
	int fd = socket(addr->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && bind_and_listen(fd, addr) == 0)
		return fd;
	if (fd >= 0)
		close_failed(fd);
	net_addr_text(text, addr, true);
	snprintf(why, why_size, "cannot listen on %s: %s%s", text, error_text(errno),
		 listen_hint(errno));
	return -1;
}

int net_connect_start(const struct net_addr *addr)
{
	int fd = socket(addr->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	if (connect(fd, (const struct sockaddr *)&addr->storage, addr->len) == 0 ||
	    errno == EINPROGRESS || errno == EINTR)
		return fd;
	if (errno == EAGAIN && addr->storage.ss_family == AF_UNIX)
		errno = ETIMEDOUT; /* its queue is full: nobody accepts */
	return close_failed(fd);
}

/* A connect to a free local port can pick that very port as its own and so meet itself. */
static bool is_connected_to_itself(int fd)
{
	struct net_addr here = {.len = sizeof here.storage},
			there = {.len = sizeof there.storage};

	if (getsockname(fd, (struct sockaddr *)&here.storage, &here.len) != 0 ||
	    getpeername(fd, (struct sockaddr *)&there.storage, &there.len) != 0)
		return false;
	return net_addr_port(&here) != 0 && here.len == there.len &&
	       memcmp(&here.storage, &there.storage, here.len) == 0;
}

int net_connect_finish(int fd, int64_t deadline_ms)
{
	int error = 0;
	socklen_t len = sizeof error;
	int ready = net_wait(fd, POLLOUT, deadline_ms);

	if (ready < 0)
		return -1;
	if (ready == 0)
		error = ETIMEDOUT;
	else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		return -1;
	if (error == 0 && is_connected_to_itself(fd))
		error = ECONNREFUSED;
	if (error != 0) {
		errno = error;
		return -1;
	}
	net_tune(fd);
	return 0;
}

void net_tune(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	if (flags >= 0 && (flags & O_NONBLOCK) != 0)
		fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
}

void net_set_recv_timeout(int fd, int64_t timeout_ms)
{
	struct timeval timeout = {.tv_sec = timeout_ms / 1000,
				  .tv_usec = timeout_ms % 1000 * 1000};

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
}

int net_rtt_us(int fd)
{
	struct tcp_info info = {0};
	socklen_t len = sizeof info;

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0 || info.tcpi_rtt == 0)
		return -1;
	return (int)info.tcpi_rtt;
}
