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
	bool is_done;           /* the whole list has been seen once */
	bool listed[EXT_COUNT]; /* the extensions with an entry, in force or not */
};

/* ---- with the client ---- */

/* Makes `offered` the whole offer to a client: every extension of the catalog that is not
 * dropped, at its highest version. The caller may take something out with dialect_set(). */
void negotiate_init_offer(struct dialect *offered, const struct packet_catalog *catalog);

/* Writes an offer as Kurafuto's list, each name once, in the catalog's order. Returns the bytes
 * written. */
size_t negotiate_offer(uint8_t out[static NEGOTIATE_LIST_MAX],
		       const struct packet_catalog *catalog, const struct dialect *offered,
		       const char *software);

/* Takes an ExtInfo packet of either side; any but the first is ignored. */
void negotiate_info(struct negotiate *negotiate, const uint8_t *packet);

/*
 * Takes an ExtEntry of the client and puts what is common in force in its dialect: the lower of
 * the offered and the client's version. What was not on offer is ignored: clients list all that
 * they know.
 */
void negotiate_client_entry(struct negotiate *negotiate, struct dialect *client,
			    const struct dialect *offered, const struct packet_catalog *catalog,
			    const uint8_t *packet);

/*
 * For a client whose list is done: takes out what it has listed without what that needs.
 * ExtendedBlocks stays in any case: once both sides have listed it, it decides how the client
 * writes its blocks, whatever else there is.
 */
void negotiate_prune_client(struct dialect *client, const struct packet_catalog *catalog);

/* Is a client's software name ClassiCube's: "ClassiCube 1.3.8", "ClassiCube 1.3.8 web". */
bool negotiate_is_classicube(const char *software);

/*
 * Is this list, once done, that of a ClassiCube client whose custom blocks are switched off: it
 * lists none of BlockDefinitions, BlockDefinitionsExt and ExtendedBlocks. If ExtendedBlocks was
 * on offer, such a client writes blocks of two bytes all the same, and reads them from packets
 * sized for one: nobody can talk to it any more.
 */
bool negotiate_is_without_blocks(const struct negotiate *negotiate);

/* ---- with a server ---- */

/*
 * Takes an ExtEntry of a server and puts what the client has, too, in force in the server's
 * dialect, at the lower version; of several entries of one name the highest counts; a version
 * below 1 counts as 1.
 */
void negotiate_server_entry(struct negotiate *negotiate, struct dialect *server,
			    const struct dialect *client, const struct packet_catalog *catalog,
			    const uint8_t *packet);

/* Has the list begun and not ended: if its sender has fallen silent, its count was too high. */
bool negotiate_is_stuck(const struct negotiate *negotiate);

/* Takes a list that is stuck as done. */
void negotiate_give_up(struct negotiate *negotiate);

/*
 * Writes the reply to a server whose list is done: what is in force, in the client's software
 * name. First takes out of the server's dialect for good what lacks what it needs:
 * ExtendedBlocks without HeldBlock or BlockDefinitions, BlockDefinitionsExt without
 * BlockDefinitions. Returns the bytes written.
 */
size_t negotiate_reply(uint8_t out[static NEGOTIATE_LIST_MAX],
		       const struct packet_catalog *catalog, struct dialect *server,
		       const char *software);

/* The extensions in force as text, for the log: "ClickDistance 1, CustomBlocks 1". `size` at
 * least 32. */
void negotiate_describe(char *out, size_t size, const struct packet_catalog *catalog,
			const struct dialect *dialect);

#endif
