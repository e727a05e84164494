/* SPDX-License-Identifier: MIT */
#include "invite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "auth.h"
#include "salts.h"

void invite_address(char out[static NET_ADDR_TEXT], const struct config *config, uint16_t port)
{
	bool is_any = strcmp(config->address, "0.0.0.0") == 0,
	     is_any6 = strcmp(config->address, "::") == 0;
	struct net_addr address = {0};

	net_addr_parse(&address,
		       is_any    ? "127.0.0.1"
		       : is_any6 ? "::1"
				 : config->address,
		       port);
	net_addr_text(out, &address, true);
}

/* The suffix of the first list with keys; NULL: it has none. */
static const char *first_suffix(const struct config *config)
{
	for (size_t i = 0; i < config->n_heartbeats; i++)
		if (config_heartbeat_has_keys(&config->heartbeats[i]))
			return config->heartbeats[i].name_suffix;
	return NULL;
}

int invite_print(const struct config *config, const char *name)
{
	char key[AUTH_KEY_LEN + 1], salt[SALTS_MAX + 1], address[NET_ADDR_TEXT];

	if (!auth_name_is_valid(name)) {
		fprintf(stderr,
			"kurafuto: --key %s: a name is 1 to 16 of letters, digits and _ . @ + "
			"-\n",
			name);
		return EX_USAGE;
	}
	const char *suffix = salts_borrowed_suffix(config, name);
	if (suffix != NULL) {
		fprintf(stderr,
			"kurafuto: --key %s: only a server list may add %s, its name-suffix: "
			"give "
			"the name without it\n",
			name, suffix);
		return EX_USAGE;
	}
	if (config->salt == NULL && !salts_peek(config, salt)) {
		fputs("kurafuto: --key needs a \"salt\" in the configuration, or a "
		      "\"salt-file\" that has one of a server list: without them it is "
		      "random at each start\n",
		      stderr);
		return EX_CONFIG;
	}
	auth_key(key, config->salt != NULL ? config->salt : salt, name);
	invite_address(address, config, config->port);
	printf("%s\nmc://%s/%s/%s\n", key, address, name, key);
	fputs("kurafuto: the link is for this machine: others need your public address in it\n",
	      stderr);
	suffix = first_suffix(config);
	if (config->salt == NULL && suffix != NULL)
		fprintf(stderr,
			"kurafuto: the key is of the first server list: they join as %s%s\n",
			name, suffix);
	return EXIT_SUCCESS;
}
