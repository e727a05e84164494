/* SPDX-License-Identifier: MIT */
/*
 * The door: who may connect, by address. What is too much stands in `limits` of the
 * configuration, and is looked up at each use, so that a reload counts at once; a limit of 0 is
 * none. What is counted where:
 *
 *                                          IPv4       IPv6
 *     connections-per-address              address    address
 *     connections-per-network              /24        /64
 *     connects-per-s, connects-burst       address    /64
 *     failed-logins-per-min                address    /64
 *     half-open: who makes room            address    /64
 *     all-connects-per-s, -burst, half-open: everybody together
 *
 * A /64 of IPv6 is what a single home or host usually has, so whoever takes another address of
 * it for each connection gains nothing but connections, up to those of the network.
 *
 * Exempt are loopback (also IPv4 mapped into IPv6), UNIX sockets and other peers without an
 * address, and trusted-proxies: they count with everybody together, and as half-open, but never
 * by their address. Players whose address a proxy names count there, from guard_move() on.
 *
 * A bare TCP probe, a connection that says nothing and is closed by its peer within
 * GUARD_PROBE_MS, counts against nobody's address: its start is given back when it leaves. For
 * an address that happens GUARD_PROBES times in a row, and once a second from then on, so that
 * a flood of probes is a flood. With all-connects-per-s they do count.
 *
 * Half-open is a connection from guard_enter() to guard_logged_in() or guard_leave(). When a
 * new one comes and limits.half-open of them are there, others make room: each time the oldest
 * of the address that has most of them (the exempt are like one address; of equal ones the
 * oldest). An honest login is over in a second, so that hits who just sits there.
 *
 * Memory is bounded: an address or network without a connection is kept only while there is
 * something to remember of it, and of those the GUARD_IDLE_MAX that were seen last.
 *
 * All functions: any thread, one ticket in one thread at a time; nothing blocks but the guard's
 * own lock, which is held for moments, and no other is taken under it. Times are net_now_ms();
 * a clock that stands still or goes back does no harm.
 */
#ifndef GUARD_H
#define GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "net.h"

#define GUARD_IDLE_MAX 16384
#define GUARD_PROBE_MS 5000 /* as long as a bare probe may take, at most */
#define GUARD_PROBES   60

struct guard;
struct guard_ticket; /* a connection, from the accept until it is closed */

enum guard_verdict {
	GUARD_ADMITS,
	GUARD_ADDRESS_FULL,  /* limits.connections-per-address */
	GUARD_NETWORK_FULL,  /* limits.connections-per-network */
	GUARD_LOGINS_FAILED, /* limits.failed-logins-per-min */
	GUARD_TOO_FAST,      /* limits.connects-per-s, connects-burst */
	GUARD_ALL_TOO_FAST,  /* limits.all-connects-per-s, all-connects-burst */
	GUARD_NO_MEMORY,
	GUARD_VERDICTS,
};

struct guard *guard_new(void); /* NULL without memory */
/* No ticket is left. NULL is fine. */
void guard_free(struct guard *guard);

/*
 * A connection has come from `peer`. GUARD_ADMITS: it counts, and *out gets its ticket, which
 * the caller owns until guard_leave(). Any other verdict: it counts nowhere, not even towards a
 * rate, and *out gets NULL. Of several reasons the first in the order of enum guard_verdict.
 * `fd` stays the caller's, must be open until guard_leave(), and is only ever shut down
 * (shutdown(2)), to make room for newer logins; -1: none.
 */
enum guard_verdict guard_enter(struct guard *guard, const struct config *config,
			       const struct net_addr *peer, int fd, int64_t now_ms,
			       struct guard_ticket **out);

/*
 * The connection is really `player`'s, as a proxy says, who must be one of trusted-proxies: it
 * counts there from now on, with its start, and no longer at the proxy's address; at loopback,
 * too, which is exempt only where a connection really comes from it. Any verdict but
 * GUARD_ADMITS: the connection is to be closed; until guard_leave() it counts by no address,
 * nor with everybody together. Never GUARD_ALL_TOO_FAST: there it has been counted already.
 */
enum guard_verdict guard_move(struct guard *guard, const struct config *config,
			      struct guard_ticket *ticket, const struct net_addr *player,
			      int64_t now_ms);

/* It has sent something, and is no bare probe. What a proxy says in front of it does not count.
 * Cheap after the first time, but for the lock. */
void guard_heard(struct guard *guard, struct guard_ticket *ticket);
/* The login is over, well or not: it is not half-open any more. */
void guard_logged_in(struct guard *guard, struct guard_ticket *ticket);
/* The login has failed in a way that guessing does: a key that is wrong, and the like. Of no
 * weight for the exempt. */
void guard_login_failed(struct guard *guard, const struct config *config,
			struct guard_ticket *ticket, int64_t now_ms);
/* Was it shut down to make room for newer logins. That never happens after guard_logged_in().
 */
bool guard_was_cut(struct guard *guard, const struct guard_ticket *ticket);
/* The connection is over; its fd is still open. Frees the ticket; NULL is fine. */
void guard_leave(struct guard *guard, struct guard_ticket *ticket, int64_t now_ms);

struct guard_counts {
	unsigned long admitted;                /* by guard_enter(), since the start */
	unsigned long refused[GUARD_VERDICTS]; /* by verdict, also by guard_move() */
	unsigned long cut;                     /* to make room */
	unsigned connections, half_open;       /* now */
	struct net_addr last;                  /* who was refused last; no length: nobody yet */
	size_t addresses,
		idle; /* addresses and networks in memory; those without connections */
};
void guard_get_counts(struct guard *guard, struct guard_counts *out);

#endif
