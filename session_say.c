/* SPDX-License-Identifier: MIT */
/*
 * What a player reads of Kurafuto in the chat and in a Disconnect. The one idea: it is a
 * message that the configuration may replace, but the log has the default, so that it reads the
 * same everywhere.
 */
#include <stdarg.h>
#include <stdlib.h>

#include "config_current.h"
#include "session_private.h"
#include "text.h"

size_t session_write_lines(const struct session *session, uint8_t *out, size_t room,
			   const char *text)
{
	bool has_types = dialect_has(&session->dialect, EXT_MESSAGE_TYPES);
	bool has_cp437 = dialect_has(&session->dialect, EXT_FULL_CP437);
	char line[TEXT_LINE + 1], color = 0;
	size_t size = 0;

	while (text_wrap(line, &text, &color)) {
		size_t packet_size =
			dialect_size(&session->dialect, PACKET_TO_CLIENT, OP_MESSAGE);

		if (size + packet_size > room)
			break;
		text_make_safe(line, has_cp437);
		size += packet_write_message(out + size, has_types ? 0 : PACKET_SELF, line);
	}
	return size;
}

void session_tell(struct session *session, const char *utf8)
{
	char text[SESSION_TEXT_MAX];
	uint8_t *packets = malloc(SESSION_LINES_SIZE);

	if (packets == NULL)
		return;
	text_from_utf8(text, sizeof(text), utf8);
	session_send(session, packets,
		     session_write_lines(session, packets, SESSION_LINES_SIZE, text));
	free(packets);
}

void session_say(struct session *session, enum message message, ...)
{
	char utf8[SESSION_TEXT_MAX];
	va_list pairs;

	va_start(pairs, message);
	config_vmessage(utf8, sizeof(utf8), message, pairs);
	va_end(pairs);
	if (utf8[0] != '\0')
		session_tell(session, utf8);
}

size_t session_write_disconnect(uint8_t out[static PACKET_SIZE_MAX], const char *utf8,
				bool has_cp437)
{
	char text[SESSION_WHY_MAX];

	text_from_utf8(text, sizeof(text), utf8);
	text[PACKET_STRING_LEN] = '\0';
	text_make_safe(text, has_cp437);
	return packet_write_disconnect(out, text);
}

void session_vreason(struct session_reason *reason, enum message message, va_list pairs)
{
	va_list again;

	reason->message = message;
	reason->is_of_many = reason->is_no_try = false;
	va_copy(again, pairs);
	config_vmessage(reason->said, sizeof(reason->said), message, pairs);
	message_vformat(reason->logged, sizeof(reason->logged), NULL, message, again);
	va_end(again);
}

void session_reason(struct session_reason *reason, enum message message, ...)
{
	va_list pairs;

	va_start(pairs, message);
	session_vreason(reason, message, pairs);
	va_end(pairs);
}

void session_end(struct session *session, enum message message, ...)
{
	struct session_reason reason;
	va_list pairs;

	va_start(pairs, message);
	session_vreason(&reason, message, pairs);
	va_end(pairs);
	session_end_for(session, &reason);
}
