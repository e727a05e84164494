/* SPDX-License-Identifier: MIT */
/*
 * The header of the PROXY protocol, versions 1 and 2: the first bytes of a connection, in which
 * a proxy says whose connection it is. Pure code: no socket, nothing is kept between calls.
 */
#ifndef PROXY_HEADER_H
#define PROXY_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net.h"

#define PROXY_HEADER_V1_MAX 107 /* a whole line of version 1, with its CRLF */
#define PROXY_HEADER_MAX \
	4096 /* a whole header of version 2, with all that is behind its addresses */
#define PROXY_HEADER_WRITE_MAX 107 /* what proxy_header_write() writes at most */

enum proxy_header_version { PROXY_HEADER_NONE, PROXY_HEADER_V1, PROXY_HEADER_V2 = 2 };

/* A header that has been read. Addresses of IPv4 that are mapped into IPv6 stay so. */
struct proxy_header {
	enum proxy_header_version version;
	size_t size;        /* in bytes: what comes behind it is the player's */
	bool has_addresses; /* else the connection is the proxy's own, or nobody knows whose */
	struct net_addr source, destination; /* who has connected, and to where */
};

enum proxy_header_result {
	PROXY_HEADER_WHOLE,
	PROXY_HEADER_PART, /* nothing is wrong yet, but there must be more */
	PROXY_HEADER_BAD,
};
/*
 * Reads the header that `data` begins with. While the result is PROXY_HEADER_PART it is to be
 * called again with the same bytes and at least one more; it never wants more than
 * PROXY_HEADER_MAX. A fault is found as soon as it can be seen: *why says what it is, as in
 * "it is too short for its addresses".
 */
enum proxy_header_result proxy_header_read(struct proxy_header *out, const uint8_t *data,
					   size_t size, const char **why);

/*
 * Writes the header of a connection from `source` to `destination`. IPv4 that is mapped into
 * IPv6 is IPv4; an address of each kind goes as two of IPv6. Where one of them is neither, as a
 * UNIX socket, the header says that the addresses are unknown (UNKNOWN; AF_UNSPEC). Returns its
 * size.
 */
size_t proxy_header_write(uint8_t out[static PROXY_HEADER_WRITE_MAX],
			  enum proxy_header_version version, const struct net_addr *source,
			  const struct net_addr *destination);
/* The header of a connection that is the sender's own, such as a check (UNKNOWN; LOCAL). */
size_t proxy_header_write_local(uint8_t out[static PROXY_HEADER_WRITE_MAX],
				enum proxy_header_version version);

#endif
