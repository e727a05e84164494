/* SPDX-License-Identifier: MIT */
/*
 * The CPE negotiation, without a socket. The list of a peer is done when as many ExtEntry
 * packets as ExtInfo announced have been seen; entries may come before ExtInfo, as ClassiCube
 * counts. Both lists that Kurafuto writes are a dialect written out: what is on offer, and what
 * a server and the client have in common.
 */
#include "negotiate.h"

#include <stdio.h>
#include <string.h>

#include "text.h"

/* Its software's name; a version comes behind it, and " web" or another platform. */
#define CLASSICUBE "ClassiCube"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct dependency {
	uint8_t extension;
	uint8_t needs;
	bool is_for_servers; /* a client has it in force even without what it needs */
} dependencies[] = {
	/* MCGalaxy takes HeldBlock for granted where it reads positions with ExtendedBlocks. */
	{EXT_EXTENDED_BLOCKS, EXT_HELD_BLOCK, true},
	{EXT_EXTENDED_BLOCKS, EXT_BLOCK_DEFINITIONS, true},
	{EXT_BLOCK_DEFINITIONS_EXT, EXT_BLOCK_DEFINITIONS, false},
};

/* What ClassiCube leaves out of its list with its custom blocks switched off. */
static const uint8_t block_extensions[] = {
	EXT_BLOCK_DEFINITIONS,
	EXT_BLOCK_DEFINITIONS_EXT,
	EXT_EXTENDED_BLOCKS,
};

static size_t write_list(uint8_t *out, const struct packet_catalog *catalog,
			 const struct dialect *dialect, const char *software)
{
	size_t size = packet_write_ext_info(out, software, 0);
	uint16_t count = 0;

	for (unsigned i = 0; i < packet_extension_count(catalog); i++) {
		if (!dialect_has(dialect, i))
			continue;
		size += packet_write_ext_entry(out + size, packet_extension(catalog, i)->name,
					       dialect->version[i]);
		count++;
	}
	packet_write_ext_info(out, software, count);
	return size;
}

void negotiate_init_offer(struct dialect *offered, const struct packet_catalog *catalog)
{
	dialect_init(offered, catalog, PACKET_PROTOCOL, true);
	for (unsigned i = 0; i < packet_extension_count(catalog); i++)
		dialect_set(offered, catalog, i, packet_extension(catalog, i)->version);
}

size_t negotiate_offer(uint8_t out[static NEGOTIATE_LIST_MAX],
		       const struct packet_catalog *catalog, const struct dialect *offered,
		       const char *software)
{
	return write_list(out, catalog, offered, software);
}

/* Is the list complete now for the first time. */
static void check_done(struct negotiate *negotiate)
{
	if (negotiate->has_info && negotiate->remaining <= 0)
		negotiate->is_done = true;
}

void negotiate_info(struct negotiate *negotiate, const uint8_t *packet)
{
	if (negotiate->has_info)
		return; /* one is enough, and any number of them would overflow the count */
	packet_get_string(negotiate->software, packet + 1);
	negotiate->remaining += packet_get_u16(packet + 65);
	negotiate->has_info = true;
	check_done(negotiate);
}

/* The extension that an entry names, as a number; -1 for an unknown one. Counts it. */
static int take_entry(struct negotiate *negotiate, const struct packet_catalog *catalog,
		      const uint8_t *packet, uint32_t *version)
{
	struct packet_ext_entry entry;

	packet_read_ext_entry(&entry, packet);
	*version = entry.version;
	negotiate->remaining--;
	int extension = packet_extension_find(catalog, entry.name);
	if (extension >= 0)
		negotiate->listed[extension] = true;
	return extension;
}

static uint8_t lower(uint32_t a, uint32_t b)
{
	return (uint8_t)(a < b ? a : b);
}

void negotiate_client_entry(struct negotiate *negotiate, struct dialect *client,
			    const struct dialect *offered, const struct packet_catalog *catalog,
			    const uint8_t *packet)
{
	uint32_t version;
	int extension = take_entry(negotiate, catalog, packet, &version);

	if (extension >= 0)
		dialect_set(client, catalog, (unsigned)extension,
			    lower(version, offered->version[extension]));
	check_done(negotiate);
}

static void prune(struct dialect *dialect, const struct packet_catalog *catalog, bool is_server)
{
	for (size_t i = 0; i < COUNT(dependencies); i++)
		if ((is_server || !dependencies[i].is_for_servers) &&
		    !dialect_has(dialect, dependencies[i].needs))
			dialect_set(dialect, catalog, dependencies[i].extension, 0);
}

void negotiate_prune_client(struct dialect *client, const struct packet_catalog *catalog)
{
	prune(client, catalog, false);
}

bool negotiate_is_classicube(const char *software)
{
	return strncmp(software, CLASSICUBE, strlen(CLASSICUBE)) == 0;
}

bool negotiate_is_without_blocks(const struct negotiate *negotiate)
{
	for (size_t i = 0; i < COUNT(block_extensions); i++)
		if (negotiate->listed[block_extensions[i]])
			return false;
	return negotiate_is_classicube(negotiate->software);
}

void negotiate_server_entry(struct negotiate *negotiate, struct dialect *server,
			    const struct dialect *client, const struct packet_catalog *catalog,
			    const uint8_t *packet)
{
	uint32_t version;
	int extension = take_entry(negotiate, catalog, packet, &version);

	if (extension >= 0) {
		uint8_t common = lower(version == 0 ? 1 : version, client->version[extension]);

		if (common > server->version[extension])
			dialect_set(server, catalog, (unsigned)extension, common);
	}
	check_done(negotiate);
}

bool negotiate_is_stuck(const struct negotiate *negotiate)
{
	return !negotiate->is_done && (negotiate->has_info || negotiate->remaining != 0);
}

void negotiate_give_up(struct negotiate *negotiate)
{
	negotiate->is_done = true;
}

size_t negotiate_reply(uint8_t out[static NEGOTIATE_LIST_MAX],
		       const struct packet_catalog *catalog, struct dialect *server,
		       const char *software)
{
	prune(server, catalog, true);
	return write_list(out, catalog, server, software);
}

void negotiate_describe(char *out, size_t size, const struct packet_catalog *catalog,
			const struct dialect *dialect)
{
	char item[PACKET_STRING_LEN + 8];
	struct text_list list;

	text_list_begin(&list, out, size);
	for (unsigned i = 0; i < packet_extension_count(catalog); i++) {
		if (!dialect_has(dialect, i))
			continue;
		snprintf(item, sizeof(item), "%s %u", packet_extension(catalog, i)->name,
			 dialect->version[i]);
		text_list_add(&list, item);
	}
	text_list_end(&list);
}
