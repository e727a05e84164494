/* SPDX-License-Identifier: MIT */
/* Private to bans*.c: what a ban is about, a name or a network. Pure code. */
#ifndef BANS_TARGET_H
#define BANS_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bans.h"

struct bans_target {
	bool is_network;          /* else a name */
	uint8_t bytes[16];        /* IPv4 as mapped into IPv6 */
	unsigned prefix;          /* 0 to 128: of the bytes, so many bits count */
	char text[BANS_WHAT_MAX]; /* canonical; equal (but for case) only for the same target */
};

/* Reads a name, an address or a CIDR. False, with a reason, if it is none; else `why` is empty.
 */
bool bans_target_parse(struct bans_target *target, const char *what, char *why,
		       size_t why_size);
/* An address as 16 bytes; false if it is neither IPv4 nor IPv6. */
bool bans_target_address(uint8_t out[static 16], const struct net_addr *peer);
/* Is such an address in a network. */
bool bans_target_has(const struct bans_target *target, const uint8_t bytes[static 16]);

#endif
