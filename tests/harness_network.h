/* SPDX-License-Identifier: MIT */
/*
 * A network for a test program alone, in which clients come from any address that is meant for
 * documentation and tests. The one idea: it has nothing but a loopback, and the kernel takes
 * those addresses for local ones there, so that connections of theirs are real and need no
 * wire.
 */
#ifndef HARNESS_NETWORK_H
#define HARNESS_NETWORK_H

#include <stdbool.h>

/*
 * Leaves for such a network, with all that this program starts from now on. Local are
 * 198.18.0.0/15, 198.51.100.0/24, 203.0.113.0/24 and 2001:db8::/32. To be called by main()
 * before there are threads. False: namespaces are not to be had, which is said on stdout with
 * what that leaves out, and all is as it was.
 */
bool network_open(const char *left_out);
/* Has network_open() succeeded. */
bool network_is_open(void);

#endif
