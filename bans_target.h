/* SPDX-License-Identifier: MIT */
/* Private to bans*.c: what a ban is about, a name or a network. Pure code. */
#ifndef BANS_TARGET_H
#define BANS_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bans.h"
#include "net_network.h"

struct bans_target {
	bool is_network; /* else a name */
	struct net_network network;
	char text[BANS_WHAT_MAX]; /* canonical; equal (but for case) only for the same target */
};

/* Reads a name, an address or a CIDR. False, with a reason, if it is none; else `why` is empty.
 */
bool bans_target_parse(struct bans_target *target, const char *what, char *why,
		       size_t why_size);
#endif
