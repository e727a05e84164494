/* SPDX-License-Identifier: MIT */
/*
 * The CPE negotiation on both sides: with the client Kurafuto is the server, with each server
 * it is the client. Pure state machines: packets in, packets out, a dialect that grows. A
 * client answers its list once, and its dialect is fixed from then on; a server's dialect is
 * always a subset of it.
 */
#ifndef NEGOTIATE_H
#define NEGOTIATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet.h"

/* Room for ExtInfo and an ExtEntry for every extension. */
#define NEGOTIATE_LIST_MAX    (67 + 69 * EXT_COUNT)
#define NEGOTIATE_BLOCK_LEVEL 1 /* the only level of CustomBlocks that exists */

/* The common part: counts ExtEntry packets against ExtInfo's number, in whatever order they
 * come. */
struct negotiate {
	char software[PACKET_STRING_LEN + 1]; /* the peer's, CP437; empty until ExtInfo */
	int remaining;                        /* entries announced less entries seen */
	bool has_info;
	bool is_done; /* the whole list has been seen once */
};

/* Writes Kurafuto's list for a client: every extension on offer. Returns the bytes written. */
size_t negotiate_offer(uint8_t out[static NEGOTIATE_LIST_MAX],
		       const struct packet_catalog *catalog, const char *software);

/* Takes an ExtInfo packet of either side. */
void negotiate_info(struct negotiate *negotiate, const uint8_t *packet);

/*
 * Takes an ExtEntry of the client and puts what is common in force in its dialect: the lower of
 * the offered and the client's version. What was not on offer is ignored.
 */
void negotiate_client_entry(struct negotiate *negotiate, struct dialect *client,
			    const struct packet_catalog *catalog, const uint8_t *packet);

/*
 * Takes an ExtEntry of a server and puts what the client has, too, in force in the server's
 * dialect, at the lower version; of several entries of one name the highest counts; a version
 * below 1 counts as 1.
 */
void negotiate_server_entry(struct negotiate *negotiate, struct dialect *server,
			    const struct dialect *client, const struct packet_catalog *catalog,
			    const uint8_t *packet);

/* Writes the reply to a server whose list is done: what is in force, in the client's software
 * name. */
size_t negotiate_reply(uint8_t out[static NEGOTIATE_LIST_MAX],
		       const struct packet_catalog *catalog, const struct dialect *server,
		       const char *software);

/* The extensions in force as text, for the log: "ClickDistance 1, CustomBlocks 1". `size` at
 * least 32. */
void negotiate_describe(char *out, size_t size, const struct packet_catalog *catalog,
			const struct dialect *dialect);

#endif
