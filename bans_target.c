/* SPDX-License-Identifier: MIT */
/*
 * What a ban is about: a name or a network. The one idea: IPv4 is kept as it is mapped into
 * IPv6, so that one comparison of bits does for both.
 */
#include "bans_target.h"

#include <arpa/inet.h>
#include <bsd/string.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth.h"

static void map_v4(uint8_t out[static 16], const uint8_t v4[static 4])
{
	memset(out, 0, 10);
	memset(out + 10, 0xff, 2);
	memcpy(out + 12, v4, 4);
}

bool bans_target_address(uint8_t out[static 16], const struct net_addr *peer)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (peer->storage.ss_family == AF_INET) {
		memcpy(&v4, &peer->storage, sizeof(v4));
		map_v4(out, (const uint8_t *)&v4.sin_addr);
	} else if (peer->storage.ss_family == AF_INET6) {
		memcpy(&v6, &peer->storage, sizeof(v6));
		memcpy(out, &v6.sin6_addr, 16);
	}
	return peer->storage.ss_family == AF_INET || peer->storage.ss_family == AF_INET6;
}

static bool is_v4(const uint8_t bytes[static 16])
{
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

	return memcmp(bytes, mapped, sizeof(mapped)) == 0;
}

static void clear_host_bits(uint8_t bytes[static 16], unsigned prefix)
{
	for (unsigned bit = prefix; bit < 128; bit++)
		bytes[bit / 8] &= (uint8_t) ~(0x80u >> bit % 8);
}

bool bans_target_has(const struct bans_target *target, const uint8_t bytes[static 16])
{
	unsigned whole = target->prefix / 8, rest = target->prefix % 8;

	if (is_v4(bytes) && target->prefix < 96)
		return false; /* a network of IPv6, around all of IPv4 */
	return memcmp(target->bytes, bytes, whole) == 0 &&
	       (rest == 0 || (target->bytes[whole] ^ bytes[whole]) >> (8 - rest) == 0);
}

static void write_network(struct bans_target *target)
{
	bool v4 = target->prefix >= 96 && is_v4(target->bytes);
	char address[INET6_ADDRSTRLEN];

	inet_ntop(v4 ? AF_INET : AF_INET6, target->bytes + (v4 ? 12 : 0), address,
		  sizeof(address));
	snprintf(target->text, sizeof(target->text), "%s/%u", address,
		 v4 ? target->prefix - 96 : target->prefix);
}

/* The digits behind a slash; -1 if they are no number up to `max`. */
static int read_prefix(const char *text, int max)
{
	size_t n = strspn(text, "0123456789");
	int prefix = n > 0 && n <= 3 && text[n] == '\0' ? (int)strtol(text, NULL, 10) : -1;

	return prefix <= max ? prefix : -1;
}

static bool parse_network(struct bans_target *target, const char *what, char *why,
			  size_t why_size)
{
	char address[BANS_WHAT_MAX];
	const char *slash = strchr(what, '/');
	uint8_t v4[4];

	snprintf(address, sizeof(address), "%.*s",
		 (int)(slash != NULL ? slash - what : (ptrdiff_t)strlen(what)), what);
	bool has_v4 = inet_pton(AF_INET, address, v4) == 1;
	int max = has_v4 ? 32 : 128;
	int prefix = slash != NULL ? read_prefix(slash + 1, max) : max;

	if (has_v4)
		map_v4(target->bytes, v4);
	else if (inet_pton(AF_INET6, address, target->bytes) != 1)
		return false;
	if (prefix < 0) {
		snprintf(why, why_size,
			 "\"%s\" has no good prefix: %s is followed by / and 0-%d", what,
			 address, max);
		return false;
	}
	target->is_network = true;
	target->prefix = (unsigned)prefix + (has_v4 ? 96 : 0);
	clear_host_bits(target->bytes, target->prefix);
	write_network(target);
	return true;
}

bool bans_target_parse(struct bans_target *target, const char *what, char *why, size_t why_size)
{
	*target = (struct bans_target){0};
	snprintf(why, why_size,
		 "\"%s\" is neither a name (1 to 20 letters, digits and _ . @ + -) nor an "
		 "address such as 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32",
		 what);
	bool is_good =
		strlen(what) < BANS_WHAT_MAX &&
		(parse_network(target, what, why, why_size) || auth_full_name_is_valid(what));
	if (!is_good)
		return false;
	if (!target->is_network)
		strlcpy(target->text, what, sizeof(target->text));
	snprintf(why, why_size, "%s", "");
	return true;
}
