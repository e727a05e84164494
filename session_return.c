/* SPDX-License-Identifier: MIT */
/*
 * The way back: a player whom the lobby holds for want of a server is brought to it when it is
 * up again. The one idea: it is a jump that nobody has asked for, so nobody hears of its
 * failures, and each one makes the next attempt wait longer. A crowd that has lost a server
 * comes back little by little: it has turns for a few at once, and who gets none asks again at
 * the lobby's next ping.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_current.h"
#include "ranks.h"
#include "session_private.h"

#define RETURN_MS     1000  /* how long after a loss the way back is tried first, */
#define RETURN_MAX_MS 60000 /* and how long between two attempts at most */

int64_t return_pause_ms(unsigned tries, uint32_t random)
{
	int64_t pause_ms = RETURN_MS << (tries < 8 ? tries : 8);

	if (pause_ms > RETURN_MAX_MS)
		pause_ms = RETURN_MAX_MS;
	return pause_ms - random % (pause_ms / 2 + 1);
}

/* The server that the lobby will bring the player to. One that has not kept them for long must
 * wait as if that had been another attempt. `lock` held. */
void return_remember_locked(struct session *session, struct server *server, bool has_lasted)
{
	if (!config_now()->return_players)
		return;
	if (has_lasted)
		session->return_tries = 0;
	session->lost = server;
	session->wants_any_hub = false;
	session->return_ms =
		net_now_ms() + return_pause_ms(session->return_tries, arc4random());
}

/* The server that stands for the hubs, NULL if there are none; is it the only one. */
static struct server *first_hub(const struct config_hubs *hubs, bool *is_only)
{
	const struct config *config = config_now();

	*is_only = hubs->n == 1;
	if (hubs->n == 0)
		return NULL;
	if (!hubs->items[0].is_group)
		return config->servers[hubs->items[0].index].server;
	const struct config_group *group = &config->groups[hubs->items[0].index];
	*is_only = *is_only && group->n_servers == 1;
	return config->servers[group->servers[0]].server;
}

/* A player who is in the lobby for want of a server hears that they will be brought to it: to
 * the one that they lost, or, who has not been on any, to whichever hub is up first. */
void return_promise(struct session *session, bool is_new)
{
	static const enum message promises[2][2] = {
		{MESSAGE_RETURN_COMES, MESSAGE_RETURN_COMES_HUB},
		{MESSAGE_RETURN_PROMISE, MESSAGE_RETURN_PROMISE_HUB},
	};
	const struct config *config = config_now();
	bool may_stay = config->edge_commands &&
			ranks_may_command(config, session->name, session_is_verified(session),
					  "stay", true);
	char prefix[PACKET_STRING_LEN + 2];
	bool is_only;

	pthread_mutex_lock(&session->lock);
	struct server *hub = first_hub(session_hubs(session), &is_only);
	if (session->lost == NULL && is_new && hub != NULL) {
		return_remember_locked(session, hub, true);
		session->wants_any_hub = session->lost != NULL && !is_only;
	}
	const struct server *lost = session->lost;
	bool is_any = session->wants_any_hub;
	pthread_mutex_unlock(&session->lock);
	if (lost == NULL)
		return;
	snprintf(prefix, sizeof(prefix), "%s ", config_now()->command_prefix);
	session_say(session, promises[may_stay][is_any], "server", server_name(lost), "prefix",
		    prefix, NULL);
	session_show(session, SESSION_PLACE_TOP,
		     is_any ? MESSAGE_RETURN_STATUS_HUB : MESSAGE_RETURN_STATUS, "server",
		     server_name(lost), NULL);
}

/* A server that kicks a player who is brought back is not tried again for a while, or ever.
 * They hear of the kick; of other failures only when the way back is there. */
bool return_put_off(struct session *session, const struct link *link)
{
	if (link->kick[0] == '\0')
		return false;
	pthread_mutex_lock(&session->lock);
	bool wants_them_here = link->onward != NULL && link->onward_fault == NULL;
	bool gives_up =
		wants_them_here || (!session->wants_any_hub && link_is_final_kick(link));
	if (!session->wants_any_hub)
		session->return_ms = net_now_ms() + SESSION_AVOID_MS;
	if (gives_up)
		session->lost = NULL;
	pthread_mutex_unlock(&session->lock);
	if (gives_up)
		session_clear(session, SESSION_PLACE_TOP);
	return true;
}

/* Where a player in the lobby is to be brought, if it is up and it is their turn: a place there
 * is taken. `lock` held. */
static struct server *way_back_locked(struct session *session)
{
	/* a server that a reload has taken away never comes back */
	session->wants_any_hub |= server_config(session->lost, config_now()) == NULL;
	struct server_guest guest = session_guest(session, session->wants_any_hub);
	guest.is_brought = true;
	if (session->wants_any_hub)
		return server_choose(session->world->registry, session_hubs(session), &guest,
				     false);
	return server_is_up(session->lost) &&
			       server_reserve(session->lost, &guest) == SERVER_ADMITS
		       ? session->lost
		       : NULL;
}

void session_consider_return(struct session *session)
{
	struct server *target = NULL;
	int64_t now_ms = net_now_ms();

	pthread_mutex_lock(&session->lock);
	if (session->lost != NULL && session->pending == NULL && now_ms >= session->return_ms)
		target = way_back_locked(session);
	if (target != NULL)
		session->return_ms =
			now_ms + return_pause_ms(session->return_tries++, arc4random());
	pthread_mutex_unlock(&session->lock);
	if (target != NULL)
		session_bring_back(session, target);
}
