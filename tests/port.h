/* SPDX-License-Identifier: MIT */
/*
 * Ports of the loopback for tests of one's own: nobody else gets them, and whether something
 * listens there is the test's choice, again and again.
 */
#ifndef PORT_H
#define PORT_H

#include <check.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../net.h"

/* A port of the loopback that nobody else gets: bound by a socket that never listens. */
struct port {
	int holder;
	int listener; /* -1: connections are refused */
	uint16_t number;
};

static inline void port_take(struct port *port)
{
	struct net_addr addr;
	int one = 1;

	port->listener = -1;
	ck_assert(net_addr_parse(&addr, "127.0.0.1", 0));
	port->holder = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(port->holder, 0);
	setsockopt(port->holder, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	ck_assert_int_eq(bind(port->holder, (struct sockaddr *)&addr.storage, addr.len), 0);
	ck_assert_int_eq(getsockname(port->holder, (struct sockaddr *)&addr.storage, &addr.len),
			 0);
	port->number = net_addr_port(&addr);
}

static inline void port_open(struct port *port)
{
	struct net_addr addr;
	char why[256] = "";

	ck_assert(net_addr_parse(&addr, "127.0.0.1", port->number));
	port->listener = net_listen(&addr, why, sizeof(why));
	ck_assert_msg(port->listener >= 0, "%s", why);
}

static inline void port_shut(struct port *port)
{
	close(port->listener);
	port->listener = -1;
}

static inline void port_give_back(struct port *port)
{
	if (port->number == 0)
		return;
	if (port->listener >= 0)
		close(port->listener);
	close(port->holder);
	port->number = 0;
}

/* Takes the next connection off a listener and closes it; false if there is none in time. */
static inline bool port_meet(const struct port *port, int64_t timeout_ms)
{
	int64_t deadline_ms = net_now_ms() + timeout_ms;
	int fd;

	if (net_wait(port->listener, POLLIN, deadline_ms) != 1)
		return false;
	fd = accept(port->listener, NULL, NULL);
	ck_assert_int_ge(fd, 0);
	close(fd);
	return true;
}

#endif
