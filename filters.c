/* SPDX-License-Identifier: MIT */
/*
 * Hooks made of configuration alone. A packet is logged decoded, on the side that it came from,
 * before anything else sees it.
 */
#include "filters.h"

#include <stdio.h>

#include "config_current.h"
#include "layout.h"
#include "log.h"
#include "session.h"

static enum hook_verdict log_packet(void *context, const struct hook_packet *packet)
{
	char text[512], subject[64];

	(void)context;
	if (config_now()->ignore_packets[packet->data[0]] || !log_shows(LOG_TRACE))
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

static bool wants_log(void *context, uint8_t opcode)
{
	(void)context;
	return log_shows(LOG_TRACE) && !config_now()->ignore_packets[opcode];
}

static bool wants_drop(void *context, uint8_t opcode)
{
	(void)context;
	return config_now()->drop_packets[opcode];
}

bool filters_attach(struct hooks *hooks)
{
	bool ok = true;

	for (unsigned direction = 0; direction < PACKET_DIRECTIONS; direction++)
		ok = ok && hooks_add_filter(hooks, direction, wants_log, log_packet, NULL) &&
		     hooks_add_filter(hooks, direction, wants_drop, drop_packet, NULL);
	return ok;
}
