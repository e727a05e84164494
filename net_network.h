/* SPDX-License-Identifier: MIT */
/* Networks of IPv4 and IPv6 addresses, as CIDRs name them. Pure code. */
#ifndef NET_NETWORK_H
#define NET_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net.h"

#define NET_NETWORK_TEXT 64 /* room for a CIDR, terminated */

struct net_network {
	uint8_t bytes[16]; /* IPv4 as mapped into IPv6; 0 behind the prefix */
	unsigned prefix;   /* 0 to 128: of the bytes, so many bits count */
};

/*
 * Reads an address or a CIDR; an address alone is a network of one. False if it is none: `why`
 * is a sentence without its full stop if the address is good and the prefix is not, else it is
 * left alone.
 */
bool net_network_parse(struct net_network *out, const char *text, char *why, size_t why_size);
/* An address as 16 bytes, IPv4 as mapped into IPv6; false if it is neither. */
bool net_network_address(uint8_t out[static 16], const struct net_addr *addr);
/* Are such bytes those of IPv4. */
bool net_network_is_v4(const uint8_t bytes[static 16]);
/* Is it loopback: 127.0.0.0/8, also mapped, or ::1. */
bool net_network_is_loopback(const uint8_t address[static 16]);
/* Is such an address in the network. A network of IPv6 around all of IPv4 has none of that. */
bool net_network_has(const struct net_network *network, const uint8_t bytes[static 16]);
/* "10.0.0.0/8": canonical, equal only for the same network. */
void net_network_text(char out[static NET_NETWORK_TEXT], const struct net_network *network);

#endif
