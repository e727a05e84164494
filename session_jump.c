/* SPDX-License-Identifier: MIT */
/*
 * Asking for a jump: may this player have one now, and does the server take them. The one idea:
 * the answer is there at once, with a place taken; the journey itself is a thread's.
 */
#include "session_private.h"

#define JUMP_BURST    20  /* jumps that a player may ask for at once, */
#define JUMP_EVERY_MS 500 /* and how often after that */

/* Jumps cost a thread and a connection: a burst is fine, a script that does nothing else is
 * not. */
static bool may_jump(struct session *session, bool is_free)
{
	int64_t now = net_now_ms();

	pthread_mutex_lock(&session->lock);
	if (session->next_jump_ms < now - JUMP_BURST * JUMP_EVERY_MS)
		session->next_jump_ms = now - JUMP_BURST * JUMP_EVERY_MS;
	bool may = is_free || session->next_jump_ms <= now;
	if (may && !is_free)
		session->next_jump_ms += JUMP_EVERY_MS;
	pthread_mutex_unlock(&session->lock);
	return may;
}

static const enum session_jump refusals[] = {
	[SERVER_ADMITS] = SESSION_JUMPS,
	[SERVER_IS_FULL] = SESSION_JUMP_FULL,
	[SERVER_IS_DRAINING] = SESSION_JUMP_DRAINING,
	[SERVER_IS_IN_MAINTENANCE] = SESSION_JUMP_MAINTENANCE,
	[SERVER_IS_RESTRICTED] = SESSION_JUMP_RESTRICTED,
	[SERVER_IS_GONE] = SESSION_JUMP_GONE,
};

/* Takes a place for a jump. */
static enum session_jump reserve(struct session *session, struct server **target,
				 const struct config_hubs *among, unsigned how)
{
	enum session_jump result = SESSION_JUMPS;

	pthread_mutex_lock(&session->lock);
	struct server_guest guest = session_guest(session, among != NULL);
	guest.is_forced = (how & SESSION_FORCED) != 0;
	guest.has_waited = (how & SESSION_QUEUED) != 0;
	if (among == NULL)
		result = refusals[server_reserve(*target, &guest)];
	else
		*target = server_choose(session->world->registry, among, &guest, false);
	pthread_mutex_unlock(&session->lock);
	return *target != NULL ? result : SESSION_JUMP_NONE;
}

enum session_jump session_jump(struct session *session, struct server **target,
			       const struct config_hubs *among, unsigned how)
{
	if (!may_jump(session, (how & (SESSION_FORCED | SESSION_QUEUED)) != 0))
		return SESSION_JUMP_TOO_SOON;
	enum session_jump result = reserve(session, target, among, how);
	if (result != SESSION_JUMPS)
		return result;
	if (how & SESSION_TOLD)
		session_say(session, MESSAGE_JUMPING, "server", server_name(*target), NULL);
	if (session_set_out(session, *target, how))
		return SESSION_JUMPS;
	session_log(session, LOG_ERROR, "no thread or memory for a jump");
	return SESSION_JUMP_NO_ROOM;
}
