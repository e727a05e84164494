/* SPDX-License-Identifier: MIT */
/*
 * The CPE negotiation, without a socket. The list of a peer is done when as many ExtEntry
 * packets as ExtInfo announced have been seen; entries may come before ExtInfo, as ClassiCube
 * counts.
 */
#include "negotiate.h"

#include <stdio.h>
#include <string.h>

#include "text.h"

size_t negotiate_offer(uint8_t out[static NEGOTIATE_LIST_MAX],
		       const struct packet_catalog *catalog, const char *software)
{
	size_t size = packet_write_ext_info(out, software, 0);
	uint16_t count = 0;

	for (unsigned i = 0; i < packet_extension_count(catalog); i++) {
		const struct packet_extension_info *info = packet_extension(catalog, i);

		if (info->offer == 0 || catalog->dropped[i])
			continue;
		size += packet_write_ext_entry(out + size, info->name, info->offer);
		count++;
	}
	packet_write_ext_info(out, software, count);
	return size;
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
	return packet_extension_find(catalog, entry.name);
}

static uint8_t lower(uint32_t a, uint32_t b)
{
	return (uint8_t)(a < b ? a : b);
}

void negotiate_client_entry(struct negotiate *negotiate, struct dialect *client,
			    const struct packet_catalog *catalog, const uint8_t *packet)
{
	uint32_t version;
	int extension = take_entry(negotiate, catalog, packet, &version);

	if (extension >= 0)
		dialect_set(
			client, catalog, (unsigned)extension,
			lower(version, packet_extension(catalog, (unsigned)extension)->offer));
	check_done(negotiate);
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

size_t negotiate_reply(uint8_t out[static NEGOTIATE_LIST_MAX],
		       const struct packet_catalog *catalog, const struct dialect *server,
		       const char *software)
{
	size_t size = packet_write_ext_info(out, software, 0);
	uint16_t count = 0;

	for (unsigned i = 0; i < packet_extension_count(catalog); i++) {
		if (!dialect_has(server, i))
			continue;
		size += packet_write_ext_entry(out + size, packet_extension(catalog, i)->name,
					       server->version[i]);
		count++;
	}
	packet_write_ext_info(out, software, count);
	return size;
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
