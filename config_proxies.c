/* SPDX-License-Identifier: MIT */
/* What kurafuto.json says of other proxies: those in front, and what servers behind get. */
#include "config_values.h"
#include "net_network.h"

const char *const config_forwards[] = {
	[CONFIG_FORWARD_NONE] = "none",
	[CONFIG_FORWARD_PROXY_V1] = "proxy-v1",
	[CONFIG_FORWARD_PROXY_V2] = "proxy-v2",
	[CONFIG_FORWARD_WEBSOCKET] = "websocket",
	NULL,
};

bool config_check_network(const char *text, char *why, size_t why_size)
{
	struct net_network network;

	return net_network_parse(&network, text, why, why_size);
}

void config_check_proxies(struct config_reader *reader, const struct config *config)
{
	static const char *const missing =
		"accept-proxy: true, but there are no trusted-proxies: nobody could come in";

	for (size_t i = 0; config->trusted_proxies.n == 0 && i < config->n_listeners; i++) {
		if (!config->listeners[i].accept_proxy)
			continue;
		if (i == 0) /* `address` and `port` */
			config_keys_fault(reader, "%s", missing);
		else
			config_keys_fault(reader, "listeners[%zu].%s", i - 1, missing);
	}
}

void config_check_trust(struct config_reader *reader, const struct config *config)
{
	struct net_network network;
	char why[8];

	for (size_t i = 0; i < config->trusted_proxies.n; i++) {
		const char *text = config->trusted_proxies.items[i];

		if (net_network_parse(&network, text, why, sizeof(why)) &&
		    (network.prefix == 0 ||
		     (net_network_is_v4(network.bytes) && network.prefix == 96)))
			config_keys_warn(reader,
					 "trusted-proxies[%zu]: \"%s\" is everybody: they may "
					 "all say that they are somewhere else, and no limit "
					 "of addresses counts for them",
					 i, text);
	}
}

bool config_trusts(const struct config *config, const struct net_addr *peer)
{
	struct net_network network;
	uint8_t address[16];
	char why[8];

	if (!net_network_address(address, peer))
		return false;
	for (size_t i = 0; i < config->trusted_proxies.n; i++)
		if (net_network_parse(&network, config->trusted_proxies.items[i], why,
				      sizeof(why)) &&
		    net_network_has(&network, address))
			return true;
	return false;
}
