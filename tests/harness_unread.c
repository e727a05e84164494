/* SPDX-License-Identifier: MIT */
/*
 * What has arrived at the proxy and not been read: the kernel knows. It is asked by netlink,
 * sock_diag(7), for one connection; where it does not know that, /proc lists all of them, which
 * takes a hundred times as long.
 */
#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"

struct ends {
	struct sockaddr_in ours, proxys;
};

static bool ask_diag(const struct ends *ends, unsigned *unread)
{
	struct {
		struct nlmsghdr header;
		struct inet_diag_req_v2 body;
	} request = {.header = {.nlmsg_len = sizeof(request),
				.nlmsg_type = SOCK_DIAG_BY_FAMILY,
				.nlmsg_flags = NLM_F_REQUEST},
		     .body = {.sdiag_family = AF_INET,
			      .sdiag_protocol = IPPROTO_TCP,
			      .idiag_states = UINT32_MAX}};
	struct {
		struct nlmsghdr header;
		struct inet_diag_msg body;
		char more[1024];
	} answer = {.header.nlmsg_type = NLMSG_ERROR};
	struct inet_diag_sockid *id = &request.body.id;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

	id->idiag_sport = ends->proxys.sin_port;
	id->idiag_dport = ends->ours.sin_port;
	id->idiag_src[0] = ends->proxys.sin_addr.s_addr;
	id->idiag_dst[0] = ends->ours.sin_addr.s_addr;
	memset(id->idiag_cookie, 0xff, sizeof(id->idiag_cookie)); /* any */
	bool is_answered = fd >= 0 &&
			   send(fd, &request, sizeof(request), 0) == sizeof(request) &&
			   recv(fd, &answer, sizeof(answer), 0) >=
				   (ssize_t)(sizeof(answer.header) + sizeof(answer.body)) &&
			   answer.header.nlmsg_type == SOCK_DIAG_BY_FAMILY;
	if (fd >= 0)
		close(fd);
	*unread = answer.body.idiag_rqueue;
	return is_answered;
}

static bool read_proc(const struct ends *ends, unsigned *unread)
{
	FILE *file = fopen("/proc/net/tcp", "r");
	unsigned here, there;
	bool found = false;
	char line[256];

	ck_assert_ptr_nonnull(file);
	while (!found && fgets(line, sizeof(line), file) != NULL)
		if (sscanf(line, "%*u: %*x:%x %*x:%x %*x %*x:%x", &here, &there, unread) == 3)
			found = here == ntohs(ends->proxys.sin_port) &&
				there == ntohs(ends->ours.sin_port);
	fclose(file);
	return found;
}

size_t proxy_unread(const struct peer *peer)
{
	struct ends ends;
	socklen_t length = sizeof(ends.ours);
	unsigned unread = 0;

	ck_assert(getsockname(peer->fd, (struct sockaddr *)&ends.ours, &length) == 0 &&
		  getpeername(peer->fd, (struct sockaddr *)&ends.proxys, &length) == 0);
	ck_assert_msg(ask_diag(&ends, &unread) || read_proc(&ends, &unread),
		      "the kernel does not know the connection");
	return unread;
}
