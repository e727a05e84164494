/* SPDX-License-Identifier: MIT */
/*
 * Networks of addresses. The one idea: IPv4 is kept as it is mapped into IPv6, so that one
 * comparison of bits does for both.
 */
#include "net_network.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define V4_BITS 96 /* in front of the bits of an IPv4 address */

static void map_v4(uint8_t out[static 16], const uint8_t v4[static 4])
{
	memset(out, 0, 10);
	memset(out + 10, 0xff, 2);
	memcpy(out + 12, v4, 4);
}

bool net_network_address(uint8_t out[static 16], const struct net_addr *addr)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (addr->storage.ss_family == AF_INET) {
		memcpy(&v4, &addr->storage, sizeof(v4));
		map_v4(out, (const uint8_t *)&v4.sin_addr);
	} else if (addr->storage.ss_family == AF_INET6) {
		memcpy(&v6, &addr->storage, sizeof(v6));
		memcpy(out, &v6.sin6_addr, 16);
	}
	return addr->storage.ss_family == AF_INET || addr->storage.ss_family == AF_INET6;
}

bool net_network_is_v4(const uint8_t bytes[static 16])
{
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

	return memcmp(bytes, mapped, sizeof(mapped)) == 0;
}

bool net_network_has(const struct net_network *network, const uint8_t bytes[static 16])
{
	unsigned whole = network->prefix / 8, rest = network->prefix % 8;

	if (net_network_is_v4(bytes) && network->prefix < V4_BITS)
		return false;
	return memcmp(network->bytes, bytes, whole) == 0 &&
	       (rest == 0 || (network->bytes[whole] ^ bytes[whole]) >> (8 - rest) == 0);
}

void net_network_text(char out[static NET_NETWORK_TEXT], const struct net_network *network)
{
	bool v4 = network->prefix >= V4_BITS && net_network_is_v4(network->bytes);
	char address[INET6_ADDRSTRLEN];

	inet_ntop(v4 ? AF_INET : AF_INET6, network->bytes + (v4 ? 12 : 0), address,
		  sizeof(address));
	snprintf(out, NET_NETWORK_TEXT, "%s/%u", address,
		 v4 ? network->prefix - V4_BITS : network->prefix);
}

static void clear_host_bits(struct net_network *network)
{
	for (unsigned bit = network->prefix; bit < 128; bit++)
		network->bytes[bit / 8] &= (uint8_t) ~(0x80u >> bit % 8);
}

/* The digits behind a slash; -1 if they are no number up to `max`. */
static int read_prefix(const char *text, int max)
{
	size_t n = strspn(text, "0123456789");
	int prefix = n > 0 && n <= 3 && text[n] == '\0' ? (int)strtol(text, NULL, 10) : -1;

	return prefix <= max ? prefix : -1;
}

bool net_network_parse(struct net_network *out, const char *text, char *why, size_t why_size)
{
	char address[INET6_ADDRSTRLEN];
	size_t length = strcspn(text, "/");
	uint8_t v4[4];

	if (length >= sizeof(address))
		return false;
	memcpy(address, text, length);
	address[length] = '\0';
	bool has_v4 = inet_pton(AF_INET, address, v4) == 1;
	int max = has_v4 ? 32 : 128;
	int prefix = text[length] == '/' ? read_prefix(text + length + 1, max) : max;

	if (has_v4)
		map_v4(out->bytes, v4);
	else if (inet_pton(AF_INET6, address, out->bytes) != 1)
		return false;
	if (prefix < 0) {
		snprintf(why, why_size,
			 "\"%s\" has no good prefix: %s is followed by / and 0-%d", text,
			 address, max);
		return false;
	}
	out->prefix = (unsigned)prefix + (has_v4 ? V4_BITS : 0);
	clear_host_bits(out);
	return true;
}

bool net_network_is_loopback(const uint8_t address[static 16])
{
	static const uint8_t v6[16] = {[15] = 1};

	return net_network_is_v4(address) ? address[12] == 127
					  : memcmp(address, v6, sizeof(v6)) == 0;
}
