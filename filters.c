/* SPDX-License-Identifier: MIT */
/*
 * Hooks made of configuration alone. A packet is logged decoded, on the side that it came from,
 * before anything else sees it.
 */
#include "filters.h"

#include <stdio.h>

#include "layout.h"
#include "log.h"
#include "session.h"

static enum hook_verdict log_packet(void *context, const struct hook_packet *packet)
{
	const struct config *config = context;
	char text[512], subject[64];

	if (config->ignore_packets[packet->data[0]] || !log_shows(LOG_TRACE))
		return HOOK_PASS;
	layout_describe(text, sizeof(text), packet->dialect, packet->direction, packet->data);
	snprintf(subject, sizeof(subject), "#%lu %s", session_id(packet->session),
		 session_name(packet->session));
	log_line(LOG_TRACE, subject, "%s %s",
		 packet->direction == PACKET_TO_CLIENT ? "server:" : "client:", text);
	return HOOK_PASS;
}

static enum hook_verdict drop_packet(void *context, const struct hook_packet *packet)
{
	(void)context;
	(void)packet;
	return HOOK_DROP;
}

bool filters_attach(struct hooks *hooks, struct config *config)
{
	bool ok = true;

	for (unsigned direction = 0; direction < PACKET_DIRECTIONS; direction++) {
		if (log_shows(LOG_TRACE))
			ok = ok && hooks_add(hooks, direction, HOOKS_ALL, log_packet, config);
		for (int opcode = 0; opcode < PACKET_OPCODES; opcode++)
			if (config->drop_packets[opcode])
				ok = ok &&
				     hooks_add(hooks, direction, opcode, drop_packet, NULL);
	}
	return ok;
}
