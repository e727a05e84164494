/* SPDX-License-Identifier: MIT */
/* Routes of the type "local" are asked for as in rtnetlink(7): no program has to be there. */
#include "harness_network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

struct request {
	struct nlmsghdr head;
	struct rtmsg route;
	uint8_t attributes[64];
};

struct answer {
	struct nlmsghdr head;
	struct nlmsgerr body;
	uint8_t rest[512];
};

static bool is_open;

static _Noreturn void give_up(const char *what)
{
	printf("the network of this test: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

static void add_attribute(struct request *request, unsigned short type, const void *data,
			  size_t size)
{
	struct rtattr head = {.rta_type = type, .rta_len = (unsigned short)RTA_LENGTH(size)};
	uint8_t *at = (uint8_t *)request + NLMSG_ALIGN(request->head.nlmsg_len);

	memcpy(at, &head, sizeof(head));
	memcpy(at + RTA_LENGTH(0), data, size);
	request->head.nlmsg_len = NLMSG_ALIGN(request->head.nlmsg_len) + RTA_SPACE(size);
}

static void make_local(int netlink, int family, const char *address, unsigned char prefix)
{
	struct request request = {
		.head = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct rtmsg)),
			 .nlmsg_type = RTM_NEWROUTE,
			 .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE},
		.route = {.rtm_family = (unsigned char)family,
			  .rtm_dst_len = prefix,
			  .rtm_table = RT_TABLE_LOCAL,
			  .rtm_protocol = RTPROT_STATIC,
			  .rtm_scope = RT_SCOPE_HOST,
			  .rtm_type = RTN_LOCAL},
	};
	unsigned loopback = if_nametoindex("lo");
	uint8_t bytes[16];
	struct answer answer;

	inet_pton(family, address, bytes);
	add_attribute(&request, RTA_DST, bytes, family == AF_INET ? 4 : 16);
	add_attribute(&request, RTA_OIF, &loopback, sizeof(loopback));
	if (send(netlink, &request, request.head.nlmsg_len, 0) < 0 ||
	    recv(netlink, &answer, sizeof(answer), 0) < (ssize_t)NLMSG_LENGTH(sizeof(int)))
		give_up("netlink");
	errno = -answer.body.error;
	if (answer.head.nlmsg_type != NLMSG_ERROR || errno != 0)
		give_up(address);
}

static void raise_loopback(void)
{
	struct ifreq interface = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &interface) != 0)
		give_up("lo");
	close(fd);
}

bool network_open(const char *left_out)
{
	static const struct {
		int family;
		const char *address;
		unsigned char prefix;
	} networks[] = {{AF_INET, "198.18.0.0", 15},
			{AF_INET, "198.51.100.0", 24},
			{AF_INET, "203.0.113.0", 24},
			{AF_INET6, "2001:db8::", 32}};
	int netlink;

	/* root has what it takes; others get it by a namespace of users, where that is allowed
	 */
	if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) {
		printf("SKIPPED: %s: no network of its own is to be had (unshare: %s)\n",
		       left_out, strerror(errno));
		return false;
	}
	raise_loopback();
	netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (netlink < 0)
		give_up("netlink");
	for (size_t i = 0; i < sizeof(networks) / sizeof(networks[0]); i++)
		make_local(netlink, networks[i].family, networks[i].address,
			   networks[i].prefix);
	close(netlink);
	is_open = true;
	return true;
}

bool network_is_open(void)
{
	return is_open;
}
