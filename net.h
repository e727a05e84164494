/* SPDX-License-Identifier: MIT */
/*
 * Sockets with deadlines. Knows nothing of Minecraft. Deadlines are absolute CLOCK_MONOTONIC
 * milliseconds (net_now_ms() plus something); NET_FOREVER means none.
 */
#ifndef NET_H
#define NET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

#define NET_FOREVER   INT64_MAX
#define NET_ADDR_TEXT 128     /* room for an address and port as text, terminated */
#define NET_UNIX      "unix:" /* in front of the path of a UNIX socket */

/* A socket address of IPv4, IPv6 or a UNIX socket. */
struct net_addr {
	struct sockaddr_storage storage;
	socklen_t len;
};

int64_t net_now_ms(void);
/* The same as a struct timespec, for waits on conditions with CLOCK_MONOTONIC. */
struct timespec net_timespec(int64_t deadline_ms);
int64_t net_deadline_ms(
	int64_t timeout_ms); /* now + timeout; a timeout of 0 or less: NET_FOREVER */

/* Waits for poll(2) events on one fd until the deadline. 1 ready (also on error or hang-up), 0
 * deadline, -1 errno. */
int net_wait(int fd, short events, int64_t deadline_ms);

/*
 * Reads what is there, at least one byte, waiting until the deadline. >0 bytes, 0 the peer has
 * closed, -1 with errno; ETIMEDOUT when the deadline has passed, also with bytes still there.
 */
ssize_t net_recv(int fd, void *buffer, size_t size, int64_t deadline_ms);

/*
 * Writes all bytes, waiting until the deadline, and no longer than a moment after *cancel (may
 * be NULL) turns true. 0 all written; -1 with errno: ETIMEDOUT, ECANCELED, EPIPE, ... The
 * number of bytes that did go out is left in *sent if that is not NULL. Never raises SIGPIPE.
 */
int net_send_all(int fd, const void *data, size_t size, int64_t deadline_ms,
		 const atomic_bool *cancel, size_t *sent);
/* The same for several parts, one behind the other in as few writes as can be; they are used
 * up.
 */
int net_send_parts(int fd, struct iovec *parts, size_t n, int64_t deadline_ms,
		   const atomic_bool *cancel, size_t *sent);

/*
 * Parses a numeric IPv4 or IPv6 address, or "unix:PATH"; false if it is none. PATH has 1 to 107
 * bytes and is taken from the working directory unless it begins with a slash; a UNIX socket
 * has no port.
 */
bool net_addr_parse(struct net_addr *out, const char *text, uint16_t port);
/*
 * Resolves a name or a numeric address. Blocks for as long as the resolver does, and needs a
 * stack of 256 KiB: background threads and start-up only. Up to `max` addresses; returns how
 * many, 0 with a reason in why.
 */
size_t net_resolve(struct net_addr *out, size_t max, const char *host, uint16_t port, char *why,
		   size_t why_size);
/* "1.2.3.4:5", "[::1]:5" or "unix:PATH"; "socketpair" for an address without a family or a
 * path. */
void net_addr_text(char out[static NET_ADDR_TEXT], const struct net_addr *addr, bool with_port);
/* Loopback, link-local, private (RFC 1918, RFC 4193, also IPv4 mapped into IPv6): what MCGalaxy
 * calls a LAN address; and UNIX sockets. */
bool net_addr_is_lan(const struct net_addr *addr);
/* The same address and port, or the same path, letter by letter. */
bool net_addr_is_same(const struct net_addr *a, const struct net_addr *b);
/* 0 where there is none. */
uint16_t net_addr_port(const struct net_addr *addr);

/* Opens a listening TCP socket, SO_REUSEADDR, close-on-exec. Returns the fd, or -1 with a
 * sentence in why. */
int net_listen(const struct net_addr *addr, char *why, size_t why_size);
/* Starts a connect without waiting: a non-blocking, close-on-exec socket, or -1 with errno. A
 * UNIX socket whose queue is full counts as one that gives no answer: ETIMEDOUT, at once. */
int net_connect_start(const struct net_addr *addr);
/* Waits for such a connect; then the socket is blocking again and tuned. 0, or -1 with errno
 * (ETIMEDOUT). */
int net_connect_finish(int fd, int64_t deadline_ms);
/* TCP_NODELAY and SO_KEEPALIVE, and blocking mode. Harmless on a UNIX socket. */
void net_tune(int fd);
/* A receive time-out for blocking recv(2): 0 = none. Then recv fails with EAGAIN. */
void net_set_recv_timeout(int fd, int64_t timeout_ms);
/* Smoothed round trip time of a TCP socket in microseconds; -1 if unknown. */
int net_rtt_us(int fd);

#endif
