/* SPDX-License-Identifier: MIT */
/*
 * The header of the PROXY protocol (haproxy, doc/proxy-protocol.txt). The one idea: a header is
 * short, so it is read from its beginning each time there is more of it, and needs no state. It
 * is strict, since whoever can bend it can be anybody; but what may stand behind the addresses
 * (TLVs) is nobody's business here, and skipped.
 */
#include "proxy_header.h"

#include <arpa/inet.h>
#include <bsd/string.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net_network.h"

#define V2_FIXED 16 /* bytes of version 2 in front of its addresses */

static const uint8_t v1_mark[6] = {'P', 'R', 'O', 'X', 'Y', ' '};
static const uint8_t v2_mark[12] = {0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d,
				    0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};

enum command { COMMAND_LOCAL = 0x20, COMMAND_PROXY = 0x21 };
enum { FAMILY_UNSPEC, FAMILY_INET, FAMILY_INET6, FAMILY_UNIX, FAMILY_COUNT };
enum { PROTOCOL_UNSPEC, PROTOCOL_STREAM, PROTOCOL_DGRAM, PROTOCOL_COUNT };

/* Bytes of both addresses and ports. */
static const size_t address_sizes[FAMILY_COUNT] = {
	[FAMILY_INET] = 2 * 4 + 2 * 2,
	[FAMILY_INET6] = 2 * 16 + 2 * 2,
	[FAMILY_UNIX] = 2 * 108,
};

static enum proxy_header_result bad(const char **why, const char *what)
{
	*why = what;
	return PROXY_HEADER_BAD;
}

static bool begins_like(const uint8_t *data, size_t size, const uint8_t *mark, size_t mark_size)
{
	return memcmp(data, mark, size < mark_size ? size : mark_size) == 0;
}

/* ---- version 1 ---- */

/* A decimal number up to 65535 without zeros in front. */
static bool read_port(uint16_t *port, const char *text)
{
	size_t n = strlen(text);
	long value = n <= 5 ? strtol(text, NULL, 10) : 0;

	if (n == 0 || n > 5 || strspn(text, "0123456789") != n || (n > 1 && text[0] == '0') ||
	    value > UINT16_MAX)
		return false;
	*port = (uint16_t)value;
	return true;
}

/* The next word, which ends at a space or, the last one, at the end. NULL: it does not, and
 * there are no more. */
static char *next_word(char **rest, bool is_last)
{
	char *word = *rest, *space = word != NULL ? strchr(word, ' ') : NULL;

	*rest = space != NULL ? space + 1 : NULL;
	if (word == NULL || is_last != (space == NULL)) {
		*rest = NULL;
		return NULL;
	}
	if (space != NULL)
		*space = '\0';
	return word;
}

/* inet_pton(3) takes no zeros in front of IPv4's numbers, which is what the protocol wants. */
static bool read_address(struct net_addr *out, int family, const char *text, uint16_t port)
{
	return text != NULL && strncmp(text, NET_UNIX, strlen(NET_UNIX)) != 0 &&
	       net_addr_parse(out, text, port) && out->storage.ss_family == family;
}

/* "192.0.2.1 198.51.100.2 56324 25565" */
static enum proxy_header_result read_addresses(struct proxy_header *out, int family, char *rest,
					       const char **why)
{
	const char *source = next_word(&rest, false), *destination = next_word(&rest, false);
	const char *from = next_word(&rest, false), *to = next_word(&rest, true);
	uint16_t from_port, to_port;

	if (to == NULL)
		return bad(why, "it does not have two addresses and two ports");
	if (!read_port(&from_port, from) || !read_port(&to_port, to))
		return bad(why, "a port is no number from 0 to 65535");
	if (!read_address(&out->source, family, source, from_port) ||
	    !read_address(&out->destination, family, destination, to_port))
		return bad(why, "an address is not of the family that it names");
	out->has_addresses = true;
	return PROXY_HEADER_WHOLE;
}

/* A whole line, without its CRLF and the mark. */
static enum proxy_header_result read_line(struct proxy_header *out, char *line,
					  const char **why)
{
	if (strcmp(line, "UNKNOWN") == 0 || strncmp(line, "UNKNOWN ", 8) == 0)
		return PROXY_HEADER_WHOLE;
	if (strncmp(line, "TCP4 ", 5) == 0)
		return read_addresses(out, AF_INET, line + 5, why);
	if (strncmp(line, "TCP6 ", 5) == 0)
		return read_addresses(out, AF_INET6, line + 5, why);
	return bad(why, "it is neither TCP4, TCP6 nor UNKNOWN");
}

static enum proxy_header_result read_v1(struct proxy_header *out, const uint8_t *data,
					size_t size, const char **why)
{
	char line[PROXY_HEADER_V1_MAX + 1];
	size_t max = size < PROXY_HEADER_V1_MAX ? size : PROXY_HEADER_V1_MAX, n = 0;

	while (n < max && data[n] != '\r' && data[n] != '\n' && data[n] != '\0')
		n++;
	if (n > PROXY_HEADER_V1_MAX - 2)
		return bad(why, "its line has no end within 107 bytes");
	if (n == max)
		return PROXY_HEADER_PART;
	if (data[n] != '\r' || (n + 1 < max && data[n + 1] != '\n'))
		return bad(why, "its line does not end with CR LF");
	if (n + 1 == max)
		return PROXY_HEADER_PART;
	memcpy(line, data, n);
	line[n] = '\0';
	out->version = PROXY_HEADER_V1;
	out->size = n + 2;
	return read_line(out, line + sizeof(v1_mark), why);
}

/* ---- version 2 ---- */

static struct net_addr make_v4(const uint8_t *address, const uint8_t *port)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct net_addr out = {.len = sizeof(v4)};

	memcpy(&v4.sin_addr, address, 4);
	memcpy(&v4.sin_port, port, 2);
	memcpy(&out.storage, &v4, sizeof(v4));
	return out;
}

static struct net_addr make_v6(const uint8_t *address, const uint8_t *port)
{
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	struct net_addr out = {.len = sizeof(v6)};

	memcpy(&v6.sin6_addr, address, 16);
	memcpy(&v6.sin6_port, port, 2);
	memcpy(&out.storage, &v6, sizeof(v6));
	return out;
}

/* Addresses of UNIX sockets and of UDP are as good as none: no player comes by those. */
static void take_addresses(struct proxy_header *out, uint8_t kind, const uint8_t *at)
{
	if (kind == (FAMILY_INET << 4 | PROTOCOL_STREAM)) {
		out->source = make_v4(at, at + 8);
		out->destination = make_v4(at + 4, at + 10);
		out->has_addresses = true;
	} else if (kind == (FAMILY_INET6 << 4 | PROTOCOL_STREAM)) {
		out->source = make_v6(at, at + 32);
		out->destination = make_v6(at + 16, at + 34);
		out->has_addresses = true;
	}
}

static enum proxy_header_result read_v2(struct proxy_header *out, const uint8_t *data,
					size_t size, const char **why)
{
	size_t length = size >= V2_FIXED ? (size_t)(data[14] << 8 | data[15]) : 0;
	bool is_local = size > 12 && data[12] == COMMAND_LOCAL;

	if (size > 12 && !is_local && data[12] != COMMAND_PROXY)
		return bad(why, "its version is not 2, or its command neither LOCAL nor PROXY");
	if (size > 13 && !is_local &&
	    (data[13] >> 4 >= FAMILY_COUNT || (data[13] & 15) >= PROTOCOL_COUNT))
		return bad(why, "there is no such family or protocol");
	if (V2_FIXED + length > PROXY_HEADER_MAX)
		return bad(why, "it is longer than 4096 bytes");
	if (size >= V2_FIXED && !is_local && length < address_sizes[data[13] >> 4])
		return bad(why, "it is too short for its addresses");
	if (size < V2_FIXED + length)
		return PROXY_HEADER_PART;
	out->version = PROXY_HEADER_V2;
	out->size = V2_FIXED + length;
	if (!is_local)
		take_addresses(out, data[13], data + V2_FIXED);
	return PROXY_HEADER_WHOLE;
}

enum proxy_header_result proxy_header_read(struct proxy_header *out, const uint8_t *data,
					   size_t size, const char **why)
{
	*out = (struct proxy_header){0};
	if (size == 0)
		return PROXY_HEADER_PART;
	if (begins_like(data, size, v1_mark, sizeof(v1_mark)))
		return read_v1(out, data, size, why);
	if (begins_like(data, size, v2_mark, sizeof(v2_mark)))
		return read_v2(out, data, size, why);
	return bad(why, "there is none");
}

/* ---- writing ---- */

/* A connection as it is written. */
struct ends {
	uint8_t source[16], destination[16]; /* IPv4 as mapped into IPv6 */
	uint16_t source_port, destination_port;
	bool is_v4;
};

static bool find_ends(struct ends *ends, const struct net_addr *source,
		      const struct net_addr *destination)
{
	if (!net_network_address(ends->source, source) ||
	    !net_network_address(ends->destination, destination))
		return false;
	ends->source_port = net_addr_port(source);
	ends->destination_port = net_addr_port(destination);
	ends->is_v4 = net_network_is_v4(ends->source) && net_network_is_v4(ends->destination);
	return true;
}

static size_t write_v1(uint8_t *out, const struct ends *ends)
{
	int family = ends->is_v4 ? AF_INET : AF_INET6;
	size_t skipped = ends->is_v4 ? 12 : 0;
	char source[INET6_ADDRSTRLEN], destination[INET6_ADDRSTRLEN];
	char line[PROXY_HEADER_WRITE_MAX + 1];

	inet_ntop(family, ends->source + skipped, source, sizeof(source));
	inet_ntop(family, ends->destination + skipped, destination, sizeof(destination));
	int n = snprintf(line, sizeof(line), "PROXY %s %s %s %u %u\r\n",
			 ends->is_v4 ? "TCP4" : "TCP6", source, destination, ends->source_port,
			 ends->destination_port);
	memcpy(out, line, (size_t)n);
	return (size_t)n;
}

static size_t write_v2_fixed(uint8_t *out, enum command command, uint8_t kind, size_t length)
{
	memcpy(out, v2_mark, sizeof(v2_mark));
	out[12] = (uint8_t)command;
	out[13] = kind;
	out[14] = 0;
	out[15] = (uint8_t)length;
	return V2_FIXED;
}

static uint8_t *put(uint8_t *at, const void *data, size_t size)
{
	memcpy(at, data, size);
	return at + size;
}

static size_t write_v2(uint8_t *out, const struct ends *ends)
{
	uint8_t family = ends->is_v4 ? FAMILY_INET : FAMILY_INET6;
	size_t skipped = ends->is_v4 ? 12 : 0;
	uint16_t ports[2] = {htons(ends->source_port), htons(ends->destination_port)};
	uint8_t *at = out + write_v2_fixed(out, COMMAND_PROXY,
					   (uint8_t)(family << 4 | PROTOCOL_STREAM),
					   address_sizes[family]);

	at = put(at, ends->source + skipped, 16 - skipped);
	at = put(at, ends->destination + skipped, 16 - skipped);
	at = put(at, ports, sizeof(ports));
	return (size_t)(at - out);
}

static size_t write_unknown(uint8_t *out, enum proxy_header_version version,
			    enum command command)
{
	static const char line[] = "PROXY UNKNOWN\r\n";

	if (version == PROXY_HEADER_V2)
		return write_v2_fixed(out, command, FAMILY_UNSPEC << 4 | PROTOCOL_UNSPEC, 0);
	memcpy(out, line, sizeof(line) - 1);
	return sizeof(line) - 1;
}

size_t proxy_header_write(uint8_t out[static PROXY_HEADER_WRITE_MAX],
			  enum proxy_header_version version, const struct net_addr *source,
			  const struct net_addr *destination)
{
	struct ends ends;

	if (!find_ends(&ends, source, destination))
		return write_unknown(out, version, COMMAND_PROXY);
	return version == PROXY_HEADER_V2 ? write_v2(out, &ends) : write_v1(out, &ends);
}

size_t proxy_header_write_local(uint8_t out[static PROXY_HEADER_WRITE_MAX],
				enum proxy_header_version version)
{
	return write_unknown(out, version, COMMAND_LOCAL);
}
