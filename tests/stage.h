/* SPDX-License-Identifier: MIT */
/*
 * The stage of most integration suites: a proxy, the servers alpha and beta, and Alice, who
 * begins on alpha. For suites that include it once; their tests run in processes of their own.
 */
#ifndef STAGE_H
#define STAGE_H

#include "harness.h"

#define ONE_SERVER  "'servers':[" SERVER("alpha") "]"
#define TWO_SERVERS "'servers':[" SERVER("alpha") "," SERVER("beta") "]"
/* A lobby with a name to know it by; one look at the servers at the start and no more, or many.
 */
#define LIMBO ",'name':'Limbo'"
#define CALM  LIMBO ",'health':{'interval-ms':3600000}"
#define QUICK LIMBO ",'health':{'interval-ms':100}"

static struct backend alpha, beta;
static struct proxy *proxy;
static struct peer *alice, *link_a, *link_b;

static inline void stage_setup(void)
{
	backend_open(&alpha);
	backend_open(&beta);
	proxy = NULL;
	alice = link_a = link_b = NULL;
}

static inline void stage_teardown(void)
{
	backend_close(&alpha);
	backend_close(&beta);
}

/* Everybody leaves, and the proxy must end well. */
static inline void finish(void)
{
	peer_close(alice);
	peer_close(link_a);
	peer_close(link_b);
	proxy_stop(proxy);
}

static inline void alice_on_alpha(bool cpe)
{
	alice = (cpe ? join_cpe : join)(proxy, &alpha, "Alice", "Alpha", &link_a);
	exchange(alice, link_a);
	peer_forget(alice);
}

static inline void lose(struct peer **link)
{
	peer_close(*link);
	*link = NULL;
}

/* A case of a suite with this stage. Owned by the suite. */
static inline TCase *stage_case(Suite *suite, const char *name)
{
	TCase *tcase = harness_case(suite, name);

	tcase_add_checked_fixture(tcase, stage_setup, stage_teardown);
	return tcase;
}

#endif
