/* SPDX-License-Identifier: MIT */
/*
 * The way back: a player whom the lobby holds for want of a server is brought to it when it is
 * up again. The one idea: it is a jump that nobody has asked for, so nobody hears of its
 * failures, and each one makes the next attempt wait longer.
 */
#include <string.h>

#include "session_private.h"

#define RETURN_MS     1000  /* how long after a loss the way back is tried first, */
#define RETURN_MAX_MS 60000 /* and how long between two attempts at most */

/* How long until the next attempt to bring a player back: longer each time. */
static int64_t return_pause_ms(unsigned tries)
{
	int64_t pause_ms = RETURN_MS << (tries < 8 ? tries : 8);

	return pause_ms < RETURN_MAX_MS ? pause_ms : RETURN_MAX_MS;
}

/* The server that the lobby will bring the player to. One that has not kept them for long must
 * wait as if that had been another attempt. `lock` held. */
void return_remember_locked(struct session *session, struct server *server, bool has_lasted)
{
	if (!session->world->config->return_players)
		return;
	if (has_lasted)
		session->return_tries = 0;
	session->lost = server;
	session->wants_any_hub = false;
	session->return_ms = net_now_ms() + return_pause_ms(session->return_tries);
}

/* A player who is in the lobby for want of a server hears that they will be brought to it: to
 * the one that they lost, or, who has not been on any, to whichever hub is up first. */
void return_promise(struct session *session, bool is_new)
{
	const struct session_world *world = session->world;
	size_t hubs = registry_hub_count(world->registry);

	pthread_mutex_lock(&session->lock);
	if (session->lost == NULL && is_new && hubs > 0) {
		return_remember_locked(session, registry_hub(world->registry, 0), true);
		session->wants_any_hub = session->lost != NULL && hubs > 1;
	}
	const struct server *lost = session->lost;
	const char *name = session->wants_any_hub ? "a hub"
			   : lost != NULL         ? server_name(lost)
						  : "";
	pthread_mutex_unlock(&session->lock);
	if (lost == NULL)
		return;
	session_tell(session,
		     "&eYou will be brought to &f%s&e when it is up; to stay here: &a%s stay",
		     name, world->config->command_prefix);
	session_show(session, SESSION_PLACE_TOP, "&eWaiting for &f%s", name);
}

/* A server that kicks a player who is brought back is not tried again for a while, or ever.
 * They hear of the kick; of other failures only when the way back is there. */
void return_put_off(struct session *session, const struct link *link, const char *note)
{
	if (link->kick[0] == '\0')
		return;
	pthread_mutex_lock(&session->lock);
	bool gives_up = !session->wants_any_hub && link_is_final_kick(link);
	if (!session->wants_any_hub)
		session->return_ms = net_now_ms() + SESSION_AVOID_MS;
	if (gives_up)
		session->lost = NULL;
	pthread_mutex_unlock(&session->lock);
	session_tell(session, "&e%s &eYou stay here.", note);
	if (gives_up)
		session_show(session, SESSION_PLACE_TOP, "%s", "");
}

/* Where a player in the lobby is to be brought, if it is up. `lock` held. */
static struct server *way_back_locked(const struct session *session)
{
	const struct registry *registry = session->world->registry;
	size_t n = session->wants_any_hub ? registry_hub_count(registry) : 0;

	for (size_t i = 0; i < n; i++) {
		struct server *hub = registry_hub(registry, (session->return_tries + i) % n);

		if (server_is_up(hub) && !session_is_avoided_locked(session, hub))
			return hub;
	}
	if (n > 0)
		return NULL;
	return server_is_up(session->lost) ? session->lost : NULL;
}

void session_consider_return(struct session *session)
{
	struct server *target = NULL;
	int64_t now_ms = net_now_ms();

	pthread_mutex_lock(&session->lock);
	if (session->lost != NULL && session->pending == NULL && now_ms >= session->return_ms)
		target = way_back_locked(session);
	if (target != NULL)
		session->return_ms = now_ms + return_pause_ms(session->return_tries++);
	pthread_mutex_unlock(&session->lock);
	if (target != NULL)
		session_bring_back(session, target);
}
