/* SPDX-License-Identifier: MIT */
/*
 * Remembers the players whose client must not be offered ExtendedBlocks: ClassiCube with its
 * custom blocks switched off (negotiate_is_without_blocks()). It shows only when the offer has
 * been made, and then it is too late for that connection; so the next one is offered less.
 *
 * A player is a name, without regard to case, at an address, whatever the port. All functions
 * may be called by any thread and block only for each other.
 */
#ifndef SESSION_OFFER_H
#define SESSION_OFFER_H

#include <stdbool.h>
#include <stdint.h>

#include "net.h"

#define SESSION_OFFER_MEMORY  256                         /* players remembered */
#define SESSION_OFFER_KEEP_MS (INT64_C(24) * 3600 * 1000) /* and for how long */

/* Remembers a player for SESSION_OFFER_KEEP_MS from now on, at the cost of the one whose time
 * ends first if there are too many. `name` is of 1 to 64 characters, `now_ms` net_now_ms(). */
void session_offer_remember(const char *name, const struct net_addr *peer, int64_t now_ms);

/* Forgets a player, if remembered. */
void session_offer_forget(const char *name, const struct net_addr *peer);

/* Is a player remembered. */
bool session_offer_is_reduced(const char *name, const struct net_addr *peer, int64_t now_ms);

#endif
