/* SPDX-License-Identifier: MIT */
/*
 * The command of players who wait in line for a full server. The lines themselves are
 * session_queue.c's; here a player asks for a server, and only one who finds it full waits.
 */
#include <stdio.h>
#include <strings.h>

#include "commands_private.h"

/* Where somebody stands; 0: they are on their way. */
static void say_position(const struct call *call, enum message message,
			 const struct server *server, unsigned position)
{
	char text[CALL_WORD_MAX], prefix[CALL_WORD_MAX];

	snprintf(text, sizeof(text), "%u", position);
	call_answer(call, position > 0 ? message : MESSAGE_QUEUE_MOVED, "server",
		    server_name(server), "position", text, "prefix", call_prefix(call, prefix),
		    NULL);
}

static void tell_place(const struct call *call)
{
	char prefix[CALL_WORD_MAX];
	unsigned position;
	const struct server *server = session_queued(call->session, &position);

	if (server != NULL) {
		say_position(call, MESSAGE_QUEUE_STATUS, server, position);
		return;
	}
	call_answer(call, MESSAGE_QUEUE_NONE, NULL);
	call_answer(call, MESSAGE_QUEUE_WHERE, "prefix", call_prefix(call, prefix), NULL);
}

static void leave_line(const struct call *call)
{
	const struct server *server = session_unqueue(call->session);

	if (server != NULL)
		call_answer(call, MESSAGE_QUEUE_LEFT, "server", server_name(server), NULL);
	else
		call_answer(call, MESSAGE_QUEUE_NONE, NULL);
}

/* A jump, if there is room; else to the end of the line, unless they stand in it already. */
static void wait_for(const struct call *call, struct server *target)
{
	unsigned position;

	if (session_server(call->session) == target) {
		call_answer(call, MESSAGE_JUMP_ALREADY, "server", server_name(target), NULL);
		return;
	}
	if (session_queued(call->session, &position) == target) {
		say_position(call, MESSAGE_QUEUE_ALREADY, target, position);
		return;
	}
	enum session_jump result = session_jump(call->session, &target, NULL, SESSION_TOLD);
	if (result != SESSION_JUMP_FULL) {
		call_refusal(call, result, server_name(target));
		return;
	}
	position = session_queue(call->session, target);
	if (position > 0)
		say_position(call, MESSAGE_QUEUE_JOINED, target, position);
}

void run_queue(const struct call *call)
{
	const char *rest = call->arguments;
	char word[CALL_WORD_MAX + 1];

	if (!call_word(&rest, word)) {
		tell_place(call);
	} else if (strcasecmp(word, "leave") == 0) {
		leave_line(call);
	} else {
		struct server *target = call_server(call, word, NULL);

		if (target != NULL)
			wait_for(call, target);
	}
}
