/* SPDX-License-Identifier: MIT */
/*
 * Lists of ExtInfo and ExtEntry for the tests: as rows of a table, and as bytes that are
 * composed here, without the writers of the packet module. For tests that include it once, with
 * samples.h for the catalog.
 */
#ifndef ENTRIES_H
#define ENTRIES_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "../negotiate.h"
#include "samples.h"

#define INFO_SIZE  67
#define ENTRY_SIZE 69
#define STEPS_MAX  6

static inline size_t put_info(uint8_t *out, const char *software, unsigned count)
{
	char text[PACKET_STRING_LEN + 1];

	snprintf(text, sizeof(text), "%-64s", software);
	out[0] = 0x10;
	memcpy(out + 1, text, PACKET_STRING_LEN);
	out[65] = (uint8_t)(count >> 8);
	out[66] = (uint8_t)count;
	return INFO_SIZE;
}

static inline size_t put_entry(uint8_t *out, const char *name, uint32_t version)
{
	char text[PACKET_STRING_LEN + 1];

	snprintf(text, sizeof(text), "%-64s", name);
	out[0] = 0x11;
	memcpy(out + 1, text, PACKET_STRING_LEN);
	for (int i = 0; i < 4; i++)
		out[65 + i] = (uint8_t)(version >> (24 - 8 * i));
	return ENTRY_SIZE;
}

/* One packet of a list: an entry, or with INFO as its name ExtInfo with its count. */
struct step {
	const char *name;
	uint32_t version;
};

#define INFO "\x10"

static inline bool is_info(const struct step *step)
{
	return strcmp(step->name, INFO) == 0;
}

/* How many of STEPS_MAX rows there are. */
static inline size_t count_steps(const struct step *steps)
{
	size_t n = 0;

	while (n < STEPS_MAX && steps[n].name != NULL)
		n++;
	return n;
}

static inline unsigned number(const char *name)
{
	int found = packet_extension_find(&catalog, name);

	ck_assert_msg(found >= 0, "no extension %s", name);
	return (unsigned)found;
}

/* Gives a server dialect what a list in the server's order leaves in force. */
static inline void take_list(struct dialect *server, const struct dialect *client,
			     const struct step *steps, size_t n)
{
	struct negotiate negotiate = {.is_done = false};
	uint8_t packet[ENTRY_SIZE];

	dialect_init(server, &catalog, PACKET_PROTOCOL, true);
	put_info(packet, "Some Server", (unsigned)n);
	negotiate_info(&negotiate, packet);
	for (size_t i = 0; i < n; i++) {
		put_entry(packet, steps[i].name, steps[i].version);
		negotiate_server_entry(&negotiate, server, client, &catalog, packet);
	}
	ck_assert(negotiate.is_done);
}

#endif
