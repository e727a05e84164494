/* SPDX-License-Identifier: MIT */
/*
 * `log-addresses`: what the log may show of players' addresses. The one idea: whoever writes a
 * line asks here for the address as text, and need not know what is configured.
 */
#include <bsd/string.h>
#include <stdio.h>
#include <string.h>

#include "config_current.h"
#include "net_network.h"

#define HIDDEN   "(address hidden)"
#define V4_BITS  96 /* in front of those of an IPv4 address */
#define V4_SHOWN 24
#define V6_SHOWN 64

static enum config_log_addresses what_is_shown(void)
{
	const struct config *config = config_now();

	return config != NULL ? config->log_addresses : CONFIG_ADDRESSES_FULL;
}

/* An address, or a network that is smaller than what is shown: "198.51.100.x". */
static void show_masked(char out[static NET_ADDR_TEXT], const uint8_t bytes[static 16])
{
	struct net_network network = {.prefix = V6_SHOWN};
	char text[NET_NETWORK_TEXT];

	if (net_network_is_v4(bytes)) {
		snprintf(out, NET_ADDR_TEXT, "%d.%d.%d.x", bytes[12], bytes[13], bytes[14]);
		return;
	}
	memcpy(network.bytes, bytes, V6_SHOWN / 8);
	net_network_text(text, &network);
	text[strcspn(text, "/")] = '\0'; /* ends in ::, as the longest row of zeros is there */
	snprintf(out, NET_ADDR_TEXT, "%sx", text);
}

void log_address(char out[static NET_ADDR_TEXT], const struct net_addr *addr, bool with_port)
{
	enum config_log_addresses shown = what_is_shown();
	uint8_t bytes[16];

	if (shown == CONFIG_ADDRESSES_FULL || !net_network_address(bytes, addr) ||
	    net_network_is_loopback(bytes))
		net_addr_text(out, addr, with_port && net_addr_port(addr) != 0);
	else if (shown == CONFIG_ADDRESSES_MASKED)
		show_masked(out, bytes);
	else
		strlcpy(out, HIDDEN, NET_ADDR_TEXT);
}

/* ---- addresses within a text ---- */

#define OF_ADDRESSES "0123456789abcdefABCDEF.:/"

/* The address or network that `text` begins with, of up to `size` bytes: how long it is; 0 for
 * none. */
static size_t read_address(struct net_network *network, const char *text, size_t size)
{
	char word[NET_NETWORK_TEXT], why[8];

	if (size >= sizeof(word))
		size = sizeof(word) - 1;
	memcpy(word, text, size);
	for (word[size] = '\0'; size > 0; word[size] = '\0') {
		if (net_network_parse(network, word, why, sizeof(why)))
			return size;
		/* what is behind the last sign is no part of it, nor is the sign */
		while (--size > 0 && strchr(".:/", text[size]) == NULL)
			;
	}
	return 0;
}

static void show_network(char out[static NET_ADDR_TEXT], const struct net_network *network,
			 const char *text, size_t size)
{
	bool is_v4 = net_network_is_v4(network->bytes) && network->prefix >= V4_BITS;
	unsigned fine = is_v4 ? V4_BITS + V4_SHOWN : V6_SHOWN;

	if (what_is_shown() == CONFIG_ADDRESSES_NONE &&
	    !net_network_is_loopback(network->bytes))
		strlcpy(out, HIDDEN, NET_ADDR_TEXT);
	else if (network->prefix > fine && !net_network_is_loopback(network->bytes))
		show_masked(out, network->bytes);
	else
		snprintf(out, NET_ADDR_TEXT, "%.*s", (int)size, text);
}

void log_addresses_in(char *out, size_t size, const char *text)
{
	char shown[NET_ADDR_TEXT];
	struct net_network network;

	if (what_is_shown() == CONFIG_ADDRESSES_FULL) {
		strlcpy(out, text, size);
		return;
	}
	out[0] = '\0';
	for (size_t n; *text != '\0'; text += n) {
		size_t word = strspn(text, OF_ADDRESSES);

		n = read_address(&network, text, word);
		if (n > 0) {
			show_network(shown, &network, text, n);
		} else {
			n = word > 0 ? strcspn(text, ".:/") + 1 : strcspn(text, OF_ADDRESSES);
			n = word > 0 && n > word ? word : n;
			n = n < sizeof(shown) ? n : sizeof(shown) - 1;
			snprintf(shown, sizeof(shown), "%.*s", (int)n, text);
		}
		strlcat(out, shown, size);
	}
}
