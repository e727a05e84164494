/* SPDX-License-Identifier: MIT */
/*
 * What a server says to Kurafuto and not to the player: that the player should go elsewhere, by
 * a kick, a PluginMessage or a chat line; and the question who the player really is. Reading
 * these is redirect.h's. Clients never see any of it.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "config_current.h"
#include "redirect.h"
#include "session_private.h"
#include "text.h"

#define CANDIDATES_MAX 256
#define WARN_EVERY_MS  60000

bool link_may_signal(const struct link *link, unsigned way)
{
	return (link->redirect & way) != 0;
}

/* Is it time to complain of the same again. */
static bool is_time(int64_t *next_ms)
{
	int64_t now_ms = net_now_ms();

	if (now_ms < *next_ms)
		return false;
	*next_ms = now_ms + WARN_EVERY_MS;
	return true;
}

static bool may_warn(struct link *link)
{
	return is_time(&link->warn_ms);
}

/* The server of a name (CP437) that a server has said; NULL, and a line in the log, if there is
 * none. */
static struct server *find_target(struct link *link, const char *name)
{
	const struct session *session = link->session;
	char candidates[CANDIDATES_MAX], text[PACKET_STRING_LEN * 3 + 1];
	struct server *target = NULL;

	text_to_utf8(text, sizeof(text), name);
	enum registry_match match =
		registry_find(session->world->registry, config_now(), text, &target, NULL,
			      candidates, sizeof(candidates));

	if (match == REGISTRY_FOUND)
		return target;
	if (may_warn(link))
		session_log(session, LOG_WARN, "%s sends them to \"%s\", which %s: %s",
			    server_name(link->server), text,
			    match == REGISTRY_AMBIGUOUS ? "could be any of" : "is none of",
			    candidates);
	return NULL;
}

/* The player hears why a server to which another sends them does not take them. */
static void tell_refusal(const struct link *link, const struct server *target,
			 enum session_jump result)
{
	static const enum message whys[] = {
		[SESSION_JUMP_NO_ROOM] = MESSAGE_WHY_MEMORY,
		[SESSION_JUMP_FULL] = MESSAGE_WHY_FULL,
		[SESSION_JUMP_DRAINING] = MESSAGE_WHY_DRAINING,
		[SESSION_JUMP_MAINTENANCE] = MESSAGE_WHY_MAINTENANCE,
		[SESSION_JUMP_RESTRICTED] = MESSAGE_WHY_RESTRICTED,
		[SESSION_JUMP_GONE] = MESSAGE_WHY_REMOVED,
	};
	char reason[SESSION_WHY_MAX], why[SESSION_WHY_MAX];

	config_message(reason, sizeof(reason), whys[result], NULL);
	config_message(why, sizeof(why), MESSAGE_SENT_REFUSED, "server",
		       server_name(link->server), "target", server_name(target), "reason",
		       reason, NULL);
	session_notify(link->session, MESSAGE_STAY_THERE, "why", why, NULL);
}

static void jump(struct link *link, const char *name)
{
	struct session *session = link->session;
	struct server *target = find_target(link, name);

	if (target == NULL || atomic_load(&link->is_closed))
		return;
	session_log(session, LOG_DEBUG, "%s sends them to %s", server_name(link->server),
		    server_name(target));
	enum session_jump result = session_jump(session, &target, NULL, 0);
	if (result == SESSION_JUMPS)
		return;
	if (is_time(&link->refusal_ms))
		session_log(session, LOG_WARN, "%s sends them to %s%s",
			    server_name(link->server), server_name(target),
			    result == SESSION_JUMP_TOO_SOON ? " too often"
							    : ", which can't take them");
	if (result != SESSION_JUMP_TOO_SOON)
		tell_refusal(link, target, result);
}

void link_take_kick(struct link *link, const char *reason)
{
	char name[REDIRECT_NAME_MAX + 1];

	if (!link_may_signal(link, CONFIG_REDIRECT_KICK) ||
	    !redirect_from_kick(name, reason, config_now()->command_prefix))
		return;
	struct server *target = find_target(link, name);
	if (target != NULL && target != link->server) {
		link->onward = target;
		return;
	}
	text_to_utf8(link->stray, sizeof(link->stray), name);
	if (target != NULL && may_warn(link))
		session_log(link->session, LOG_WARN, "%s sends them to \"%s\", which is itself",
			    server_name(link->server), link->stray);
}

/* One line of an answer. */
__attribute__((format(printf, 2, 3))) static void answer(struct link *link, const char *format,
							 ...)
{
	uint8_t packet[PACKET_SIZE_MAX];
	char text[PACKET_STRING_LEN + 1];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	link_send(link, packet, redirect_write(packet, config_now()->redirect_channel, text));
}

static void answer_server(struct link *link, const struct server *server)
{
	answer(link, "info server %s %u %s", server_name(server), server_players(server),
	       server_is_up(server) ? "up" : "down");
}

/* Who the player really is, and who plays where: a line each. */
static void answer_info(struct link *link)
{
	const struct session *session = link->session;
	const struct config *config = config_now();
	struct server *lobby = registry_lobby(session->world->registry);
	char address[NET_ADDR_TEXT];

	net_addr_text(address, &session->peer, false);
	answer(link, "info name %s", session->name);
	answer(link, "info address %s", address);
	answer(link, "info software %s", session->software);
	answer(link, "info verified %s", session->is_verified ? "yes" : "no");
	for (size_t i = 0; i < config->n_servers; i++)
		answer_server(link, config->servers[i].server);
	if (lobby != NULL)
		answer_server(link, lobby);
	answer(link, "info end");
}

static bool take_plugin(struct link *link, const uint8_t *packet)
{
	char name[REDIRECT_NAME_MAX + 1];

	if (packet[1] != config_now()->redirect_channel)
		return false;
	switch (redirect_from_plugin(name, packet + 2)) {
	case REDIRECT_JUMP:
		jump(link, name);
		break;
	case REDIRECT_INFO:
		answer_info(link);
		break;
	case REDIRECT_NONE:
		session_log(link->session, LOG_DEBUG,
			    "%s says something on channel %u that is neither jump nor info",
			    server_name(link->server), packet[1]);
		break;
	}
	return true;
}

/* The token stays secret even where it means nothing. */
static bool take_chat(struct link *link, const uint8_t *packet)
{
	const char *token = config_now()->redirect_token;
	char text[PACKET_STRING_LEN + 1], name[REDIRECT_NAME_MAX + 1];

	packet_get_string(text, packet + 2);
	if (!redirect_is_secret(text, token))
		return false;
	if (link_may_signal(link, CONFIG_REDIRECT_CHAT) &&
	    redirect_from_chat(name, text, token))
		jump(link, name);
	return true;
}

bool link_take_signal(struct link *link, const uint8_t *packet)
{
	return packet[0] == OP_PLUGIN_MESSAGE ? take_plugin(link, packet)
					      : take_chat(link, packet);
}
