/* SPDX-License-Identifier: MIT */
/*
 * Hooks made of configuration alone. A packet is logged decoded, on the side that it came from,
 * before anything else sees it, without the passwords in chat.
 */
#include "filters.h"

#include <stdio.h>
#include <string.h>

#include "config_current.h"
#include "layout.h"
#include "log.h"
#include "mask.h"
#include "session.h"

#define MESSAGE_SIZE (2 + PACKET_STRING_LEN)

static enum hook_verdict log_packet(void *context, const struct hook_packet *packet)
{
	uint8_t masked[MESSAGE_SIZE], *data = packet->data;
	char text[512], subject[64];

	(void)context;
	if (config_now()->ignore_packets[packet->data[0]] || !log_shows(LOG_TRACE))
		return HOOK_PASS;
	if (data[0] == OP_MESSAGE && packet->size == sizeof(masked)) {
		bool goes_on = session_hides(packet->session, packet->direction);

		data = memcpy(masked, data, sizeof(masked));
		mask_message(data, packet->dialect, packet->direction,
			     config_now()->redirect_token, &goes_on);
		session_set_hides(packet->session, packet->direction, goes_on);
	}
	layout_describe(text, sizeof(text), packet->dialect, packet->direction, data);
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
