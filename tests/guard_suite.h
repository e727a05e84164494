/* SPDX-License-Identifier: MIT */
/* What the suites of the door share: one guard, a configuration and a clock for each test. */
#ifndef GUARD_SUITE_H
#define GUARD_SUITE_H

#include <check.h>
#include <string.h>

#include "guard.h"
#include "suite.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define START        INT64_C(987654321)
#define SECOND       1000

static struct guard *guard;
static struct config config; /* without limits */
static int64_t now;

static inline void set_up(void)
{
	memset(&config, 0, sizeof(config));
	now = START;
	guard = guard_new();
	ck_assert_ptr_nonnull(guard);
}

static inline void tear_down(void)
{
	guard_free(guard);
}

static inline struct net_addr address_of(const char *text)
{
	struct net_addr address;

	ck_assert_msg(net_addr_parse(&address, text, 25565), "%s", text);
	return address;
}

static inline enum guard_verdict try_fd(const char *peer, int fd, struct guard_ticket **out)
{
	struct net_addr address = address_of(peer);

	return guard_enter(guard, &config, &address, fd, now, out);
}

/* A connection that stays. */
static inline struct guard_ticket *enter(const char *peer)
{
	struct guard_ticket *ticket;

	ck_assert_int_eq(try_fd(peer, -1, &ticket), GUARD_ADMITS);
	ck_assert_ptr_nonnull(ticket);
	return ticket;
}

static inline void leave(struct guard_ticket *ticket)
{
	guard_heard(guard, ticket);
	guard_leave(guard, ticket, now);
}

/* What one gets who comes, says something, and leaves if it is let in. */
static inline enum guard_verdict visit(const char *peer)
{
	struct guard_ticket *ticket;
	enum guard_verdict verdict = try_fd(peer, -1, &ticket);

	ck_assert((ticket != NULL) == (verdict == GUARD_ADMITS));
	if (ticket != NULL)
		leave(ticket);
	return verdict;
}

static inline struct guard_counts counts_now(void)
{
	struct guard_counts counts;

	guard_get_counts(guard, &counts);
	return counts;
}

static inline enum guard_verdict move(struct guard_ticket *ticket, const char *player)
{
	struct net_addr address = address_of(player);

	return guard_move(guard, &config, ticket, &address, now);
}

#endif
