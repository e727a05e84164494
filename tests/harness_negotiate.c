/* SPDX-License-Identifier: MIT */
/*
 * The negotiation of CPE, for scripted clients and servers: lists of extensions, and the
 * dialects that they end in.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "harness.h"

static void take_entry(struct peer *peer, const uint8_t *packet)
{
	struct packet_ext_entry entry;

	ck_assert_uint_lt(peer->n_ext, PEER_EXTS);
	packet_read_ext_entry(&entry, packet);
	memcpy(peer->ext[peer->n_ext].name, entry.name, sizeof(entry.name));
	peer->ext[peer->n_ext++].version = entry.version;
}

static void read_list(struct peer *peer)
{
	const uint8_t *packet = peer_expect(peer, OP_EXT_INFO);
	unsigned count = packet_get_u16(packet + 65);

	packet_get_string(peer->software, packet + 1);
	peer->n_ext = 0;
	while (count-- > 0)
		take_entry(peer, peer_expect(peer, OP_EXT_ENTRY));
}

/* The entry of a list; with no list everything that the table of extensions has, at its highest
 * version. */
static bool list_has(const struct extension *list, size_t n, const char *name,
		     uint32_t *version)
{
	for (size_t i = 0; list != NULL && i < n; i++) {
		if (strcasecmp(list[i].name, name) != 0)
			continue;
		*version = list[i].version;
		return true;
	}
	*version = 255;
	return list == NULL;
}

static void put_in_force(struct peer *peer, const char *name, uint32_t version)
{
	int extension = packet_extension_find(harness_catalog(), name);

	if (extension >= 0 && version <= 255)
		dialect_set(&peer->dialect, harness_catalog(), (unsigned)extension,
			    (uint8_t)version);
}

void client_negotiate(struct peer *client, const struct extension *list, size_t n)
{
	client_negotiate_as(client, "Tester 1.0", list, n);
}

void client_negotiate_as(struct peer *client, const char *software,
			 const struct extension *list, size_t n)
{
	uint8_t *out = malloc(67 + 69 * PEER_EXTS);
	size_t size = 67, count = 0;

	ck_assert_ptr_nonnull(out);
	read_list(client);
	for (size_t i = 0; i < client->n_ext; i++) {
		uint32_t version;

		if (!list_has(list, n, client->ext[i].name, &version))
			continue;
		if (version > client->ext[i].version)
			version = client->ext[i].version;
		size += packet_write_ext_entry(out + size, client->ext[i].name, version);
		put_in_force(client, client->ext[i].name, version);
		count++;
	}
	packet_write_ext_info(out, software, (uint16_t)count);
	peer_send(client, out, size);
	free(out);
	if (dialect_has(&client->dialect, EXT_CUSTOM_BLOCKS)) {
		peer_expect_bytes(client, "\x13\x01", 2);
		peer_send(client, "\x13\x01", 2);
	}
}

void link_negotiate(struct peer *link, const struct extension *list, size_t n)
{
	uint8_t *out = malloc(67 + 69 * PEER_EXTS);
	size_t size = 67, count = 0;

	ck_assert_ptr_nonnull(out);
	for (unsigned i = 0; list == NULL && i < packet_extension_count(harness_catalog());
	     i++) {
		const struct packet_extension_info *info =
			packet_extension(harness_catalog(), i);

		size += packet_write_ext_entry(out + size, info->name, info->version);
		count++;
	}
	for (size_t i = 0; list != NULL && i < n; i++, count++)
		size += packet_write_ext_entry(out + size, list[i].name, list[i].version);
	packet_write_ext_info(out, "TestServer", (uint16_t)count);
	peer_send(link, out, size);
	free(out);
	read_list(link);
	for (size_t i = 0; i < link->n_ext; i++)
		put_in_force(link, link->ext[i].name, link->ext[i].version);
}
