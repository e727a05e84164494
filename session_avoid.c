/* SPDX-License-Identifier: MIT */
/*
 * Servers that have failed a player, and that fallbacks leave alone for a while. The one idea:
 * a handful of them, by time; one that has come up since is another server. All with `lock`
 * held.
 */
#include "config_current.h"
#include "session_private.h"

static struct session_avoided *find_avoided_locked(struct session *session,
						   const struct server *server)
{
	for (size_t i = 0; i < SESSION_AVOIDED_MAX; i++)
		if (session->avoided[i].server == server)
			return &session->avoided[i];
	return NULL;
}

void session_avoid_locked(struct session *session, const struct server *server)
{
	struct session_avoided *entry = find_avoided_locked(session, server);

	for (size_t i = 0; i < SESSION_AVOIDED_MAX && entry == NULL; i++)
		if (session->avoided[i].server == NULL)
			entry = &session->avoided[i];
	if (entry == NULL)
		entry = &session->avoided[0];
	for (size_t i = 0; entry->server != server && i < SESSION_AVOIDED_MAX; i++)
		if (session->avoided[i].until_ms < entry->until_ms)
			entry = &session->avoided[i]; /* free ones and the oldest first */
	*entry = (struct session_avoided){server, net_now_ms() + SESSION_AVOID_MS};
}

void session_forgive_locked(struct session *session, const struct server *server)
{
	struct session_avoided *entry = find_avoided_locked(session, server);

	if (entry != NULL)
		*entry = (struct session_avoided){0};
}

/* A server that has come up since is another server. */
bool session_is_avoided_locked(const struct session *session, const struct server *server)
{
	for (size_t i = 0; i < SESSION_AVOIDED_MAX; i++) {
		int64_t until_ms = session->avoided[i].until_ms;

		if (session->avoided[i].server == server)
			return net_now_ms() < until_ms &&
			       server_up_since_ms(server) < until_ms - SESSION_AVOID_MS;
	}
	return false;
}

static bool shuns_avoided(void *context, const struct server *server)
{
	return session_is_avoided_locked(context, server);
}

struct server_guest session_guest(struct session *session, bool with_avoided)
{
	return (struct server_guest){
		.name = session->name,
		.is_verified = session->is_verified,
		.shuns = with_avoided ? shuns_avoided : NULL,
		.context = session,
	};
}
