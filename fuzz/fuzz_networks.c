/* SPDX-License-Identifier: MIT */
/*
 * Reads a text wherever one with addresses in it is read: as a network, as what a ban is about,
 * as trusted-proxies and a key of paths, as a line for the log. What is understood is written
 * again, and must read the same.
 */
#include <bsd/string.h>
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "bans_target.h"
#include "config_current.h"
#include "net_network.h"

#define TEXT_MAX 600

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool is_so)
{
	if (!is_so)
		abort();
}

/* ---- alone ---- */

/* What is written of a network is the same network, and the one form of it. */
static void read_network(const char *text)
{
	struct net_network network, again;
	char first[NET_NETWORK_TEXT], second[NET_NETWORK_TEXT], why[200] = "";

	if (!net_network_parse(&network, text, why, sizeof(why)))
		return;
	demand(network.prefix <= 128 && why[0] == '\0');
	net_network_text(first, &network);
	demand(net_network_parse(&again, first, why, sizeof(why)));
	demand(again.prefix == network.prefix &&
	       memcmp(again.bytes, network.bytes, sizeof(again.bytes)) == 0);
	net_network_text(second, &again);
	demand(strcmp(first, second) == 0);
	/* of IPv6 around all of IPv4 there is nothing in that */
	if (network.prefix >= 96 || !net_network_is_v4(network.bytes))
		demand(net_network_has(&network, network.bytes));
}

static void read_target(const char *text)
{
	struct bans_target target, again;
	char why[1200];

	bool is_good = bans_target_parse(&target, text, why, sizeof(why));
	demand(is_good == (why[0] == '\0'));
	if (!is_good)
		return;
	demand(bans_target_parse(&again, target.text, why, sizeof(why)));
	demand(again.is_network == target.is_network && strcmp(again.text, target.text) == 0);
}

/* An address of a peer. */
static void read_address(const char *text)
{
	struct net_network network;
	struct net_addr addr;
	char shown[NET_ADDR_TEXT], why[200];
	uint8_t bytes[16];

	if (!net_addr_parse(&addr, text, 0) || !net_network_address(bytes, &addr))
		return;
	net_addr_text(shown, &addr, false);
	demand(net_network_parse(&network, shown, why, sizeof(why)));
	demand(network.prefix == 128 && net_network_has(&network, bytes));
}

/* ---- in the configuration ---- */

static void hear(void *context, bool is_fault, const char *message)
{
	(void)message;
	*(unsigned *)context += is_fault;
}

/* NULL with a fault, and never without. */
static struct config *load(const char *json)
{
	unsigned faults = 0;
	struct config *config = config_parse("fuzz.json", json, strlen(json), hear, &faults);

	demand((config == NULL) == (faults > 0));
	return config;
}

static char *print(const struct config *config)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	demand(out != NULL && config_print(config, out) && fclose(out) == 0);
	return text;
}

/* The text as the key of a path, whose place must then be found. */
static void find_again(const struct config *config)
{
	const struct config_listener *listener = &config->listeners[0];
	char host[TEXT_MAX + 1];

	if (listener->n_paths == 0)
		return;
	strlcpy(host, listener->paths[0].place, sizeof(host));
	size_t end = strcspn(host, "/");
	const char *path = listener->paths[0].place + end;
	host[end] = '\0';
	demand(config_find_path(listener, host, path) == &listener->paths[0].hubs);
}

/* The text as a key of paths, or as all of trusted-proxies. */
static void configure(const char *text, bool is_path)
{
	cJSON *root = cJSON_Parse("{\"servers\":[{\"name\":\"a\",\"address\":\"h\"}]}");

	demand(is_path ? cJSON_AddStringToObject(cJSON_AddObjectToObject(root, "paths"), text,
						 "a") != NULL
		       : cJSON_AddStringToObject(root, "trusted-proxies", text) != NULL);
	char *json = cJSON_PrintUnformatted(root);
	struct config *config = load(json);
	cJSON_Delete(root);
	cJSON_free(json);
	if (config == NULL)
		return;
	find_again(config);
	char *first = print(config);
	config_free(config);
	config = load(first);
	demand(config != NULL);
	char *second = print(config);
	demand(strcmp(first, second) == 0);
	free(first);
	free(second);
	config_free(config);
}

/* ---- in a line for the log ---- */

/* Is a word of a text, between signs that no address has, one that the log may not show. */
static bool shows_an_address(const char *text)
{
	static const char of_addresses[] = "0123456789abcdefABCDEF.:/",
			  v6_loopback[16] = {[15] = 1};
	struct net_network network;
	char word[TEXT_MAX + 1], why[1200];

	for (size_t n; *text != '\0'; text += n + strcspn(text + n, of_addresses)) {
		n = strspn(text, of_addresses);
		snprintf(word, sizeof(word), "%.*s", (int)n, text);
		if (net_network_parse(&network, word, why, sizeof(why)) &&
		    memcmp(network.bytes, v6_loopback, sizeof(v6_loopback)) != 0 &&
		    !(net_network_is_v4(network.bytes) && network.bytes[12] == 127))
			return true;
	}
	return false;
}

/* All at once, and cut: there is never more than there is room for. */
static void hide(const char *text)
{
	char out[TEXT_MAX * 20], small[8];

	log_addresses_in(out, sizeof(out), text);
	demand(!shows_an_address(out));
	log_addresses_in(small, sizeof(small), text);
	demand(strncmp(small, out, sizeof(small) - 1) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[TEXT_MAX + 1];

	if (config_now() == NULL)
		config_publish(load("{\"log-addresses\":\"none\"}"));
	size = size < TEXT_MAX ? size : TEXT_MAX;
	memcpy(text, data, size);
	text[size] = '\0';
	read_network(text);
	read_target(text);
	read_address(text);
	configure(text, false);
	configure(text, true);
	hide(text);
	return 0;
}
