/* SPDX-License-Identifier: MIT */
/*
 * What the lobby shows its players: the island, each other, the figures at the portals, chat
 * and greeting. Decides nothing and reads nothing; every function turns what is so into
 * packets.
 *
 * Nothing here waits: packets go to a bounded queue for each player, and who lets it overflow
 * is gone.
 */
#include "lobby_private.h"

#include <bsd/string.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "config_current.h"
#include "log.h"
#include "server.h"
#include "text.h"

enum {
	EYE_SELF = 29,    /* LOBBY_EYE for the receiver itself */
	GREETED_MAX = 12, /* servers named in the greeting */
	CHUNK = 1024,
	NUMBER_MAX = 24,
};

/* Output */

void lobby_put(struct player *player, const uint8_t *data, size_t size)
{
	if (player->dead)
		return;
	if (size > LOBBY_OUT_SIZE - player->out_len) {
		log_debug("lobby: %s does not keep up, closed", player->name);
		player->dead = true;
		return;
	}
	memcpy(player->out + player->out_len, data, size);
	player->out_len += size;
}

void lobby_flush(struct player *player)
{
	size_t sent = 0;

	while (!player->dead && sent < player->out_len) {
		ssize_t n = send(player->fd, player->out + sent, player->out_len - sent,
				 MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n >= 0)
			sent += (size_t)n;
		else if (errno == EAGAIN)
			break;
		else if (errno != EINTR)
			player->dead = true;
	}
	player->out_len -= sent;
	if (player->out_len > 0 && sent > 0)
		memmove(player->out, player->out + sent, player->out_len);
}

void lobby_disconnect(struct player *player, enum message message)
{
	char utf8[LOBBY_TEXT], reason[LOBBY_TEXT];
	uint8_t packet[PACKET_SIZE_MAX];

	log_debug("lobby: %s: %s", player->logged_in ? player->name : "login",
		  message_default(message));
	config_message(utf8, sizeof utf8, message, NULL);
	text_from_utf8(reason, sizeof reason, utf8);
	text_make_safe(reason, false);
	lobby_put(player, packet, packet_write_disconnect(packet, reason));
	lobby_flush(player);
	player->dead = true;
}

void lobby_broadcast(struct lobby *lobby, const struct player *except, const uint8_t *data,
		     size_t size)
{
	struct player *player;

	TAILQ_FOREACH (player, &lobby->players, entry)
		if (player->logged_in && player != except)
			lobby_put(player, data, size);
}

/* The type byte is always 0, which every client shows as plain chat; others mean a sender to
 * some clients and a place on the screen to others. */
static void put_lines(struct lobby *lobby, struct player *to, const char *text)
{
	char line[TEXT_LINE + 1], color = 0;

	while (text_wrap(line, &text, &color)) {
		uint8_t packet[PACKET_SIZE_MAX];

		text_make_safe(line, false);
		size_t size = packet_write_message(packet, 0, line);

		if (to != NULL)
			lobby_put(to, packet, size);
		else
			lobby_broadcast(lobby, NULL, packet, size);
	}
}

void lobby_tell(struct lobby *lobby, struct player *to, const char *utf8)
{
	char text[LOBBY_TEXT];

	text_from_utf8(text, sizeof text, utf8);
	put_lines(lobby, to, text);
}

void lobby_say(struct lobby *lobby, struct player *to, enum message message, ...)
{
	char utf8[LOBBY_TEXT];
	va_list pairs;

	va_start(pairs, message);
	config_vmessage(utf8, sizeof utf8, message, pairs);
	va_end(pairs);
	lobby_tell(lobby, to, utf8);
}

/* Entities */

/* Does this player see what stands and moves on the island. */
static bool is_watching(const struct player *player)
{
	return player->logged_in && !player->stale;
}

static struct packet_position on_wire(const struct packet_position *feet, int eye)
{
	struct packet_position at = *feet;

	at.y += eye;
	return at;
}

static void put_spawn(struct player *to, int id, const char *name,
		      const struct packet_position *at)
{
	uint8_t packet[PACKET_SIZE_MAX];

	lobby_put(to, packet, packet_write_spawn(packet, &to->dialect, (uint8_t)id, name, at));
}

static void put_figure(struct lobby *lobby, struct player *to, size_t index)
{
	struct packet_position at =
		on_wire(&world_portal(lobby->setup->world, index)->figure, LOBBY_EYE);

	put_spawn(to, (int)index, lobby->figures[index], &at);
}

/* Before c0.0.18a a teleport of oneself has no effect, a new spawn has; c0.0.16a also reads the
 * angles of its own spawn in another way, but agrees on 0. */
void lobby_put_self(struct player *player, const struct packet_position *feet)
{
	struct packet_position at = on_wire(feet, EYE_SELF);
	uint8_t packet[PACKET_SIZE_MAX];

	if (player->dialect.protocol == PACKET_PROTOCOL_MIN)
		at.yaw = at.pitch = 0;
	if (player->dialect.protocol <= 4)
		put_spawn(player, PACKET_SELF, player->name, &at);
	else
		lobby_put(player, packet,
			  packet_write_teleport(packet, &player->dialect, PACKET_SELF, &at));
}

static void put_despawn(struct player *to, int id)
{
	uint8_t packet[PACKET_SIZE_MAX];

	lobby_put(to, packet, packet_write_despawn(packet, (uint8_t)id));
}

static void despawn(struct lobby *lobby, const struct player *except, int id)
{
	struct player *player;

	TAILQ_FOREACH (player, &lobby->players, entry)
		if (player != except && is_watching(player))
			put_despawn(player, id);
}

void lobby_appear(struct lobby *lobby, struct player *player)
{
	struct player *other;
	int id = 0;

	while (id < LOBBY_ENTITIES && lobby->taken[id])
		id++;
	if (id == LOBBY_ENTITIES)
		return;
	lobby->taken[id] = true;
	player->id = id;
	TAILQ_FOREACH (other, &lobby->players, entry)
		if (other != player && is_watching(other))
			put_spawn(other, id, player->name, &player->at);
}

void lobby_disappear(struct lobby *lobby, struct player *player)
{
	struct player *other;

	if (player->id == LOBBY_NOBODY)
		return;
	despawn(lobby, player, player->id);
	lobby->taken[player->id] = false;
	player->id = LOBBY_NOBODY;
	TAILQ_FOREACH (other, &lobby->players, entry) {
		if (other->logged_in && !other->dead && other != player &&
		    other->id == LOBBY_NOBODY) {
			lobby_appear(lobby, other);
			return;
		}
	}
}

/* The figure's name now; true if it is another than before. */
static bool name_figure(struct lobby *lobby, size_t index)
{
	const struct server *server = lobby->setup->portals[index];
	char name[LOBBY_FIGURE];

	snprintf(name, sizeof name, "%s%s &7(%u)", server_is_up(server) ? "&a" : "&c",
		 server_name(server), server_players(server));
	if (strcmp(name, lobby->figures[index]) == 0)
		return false;
	strlcpy(lobby->figures[index], name, LOBBY_FIGURE);
	return true;
}

void lobby_refresh_figures(struct lobby *lobby)
{
	struct player *player;

	for (size_t i = 0; i < world_portal_count(lobby->setup->world); i++) {
		if (!name_figure(lobby, i))
			continue;
		despawn(lobby, NULL, (int)i);
		TAILQ_FOREACH (player, &lobby->players, entry)
			if (is_watching(player))
				put_figure(lobby, player, i);
	}
}

/* Login */

static bool put_level(struct lobby *lobby, struct player *player)
{
	uint8_t packet[PACKET_SIZE_MAX];
	size_t size = 0;
	const uint8_t *level =
		world_level(lobby->setup->world, player->dialect.protocol, &size);

	if (level == NULL)
		return false;
	lobby_put(player, packet,
		  packet_write_level_initialize(packet, &player->dialect, WORLD_VOLUME));
	for (size_t at = 0; at < size; at += CHUNK) {
		size_t n = size - at < CHUNK ? size - at : CHUNK;
		uint8_t percent = (uint8_t)((at + n) * 100 / size);

		lobby_put(player, packet,
			  packet_write_level_chunk(packet, level + at, n, percent));
	}
	lobby_put(player, packet,
		  packet_write_level_finalize(packet, WORLD_X, WORLD_Y, WORLD_Z));
	return true;
}

static void put_identification(struct lobby *lobby, struct player *player)
{
	char name[LOBBY_TEXT], motd[LOBBY_TEXT];
	uint8_t packet[PACKET_SIZE_MAX];

	text_from_utf8(name, sizeof name, lobby->setup->name);
	text_from_utf8(motd, sizeof motd, lobby->setup->motd);
	text_make_safe(name, false);
	text_make_safe(motd, false);
	lobby_put(player, packet,
		  packet_write_server_identification(packet, &player->dialect, name, motd, 0));
}

static void put_entities(struct lobby *lobby, struct player *player)
{
	struct packet_position at = on_wire(world_spawn(lobby->setup->world), EYE_SELF);
	struct player *other;

	put_spawn(player, PACKET_SELF, player->name, &at);
	for (size_t i = 0; i < world_portal_count(lobby->setup->world); i++)
		put_figure(lobby, player, i);
	TAILQ_FOREACH (other, &lobby->players, entry)
		if (other != player && other->id != LOBBY_NOBODY)
			put_spawn(player, other->id, other->name, &other->at);
}

bool lobby_welcome(struct lobby *lobby, struct player *player)
{
	put_identification(lobby, player);
	if (!put_level(lobby, player))
		return false;
	lobby_refresh_figures(lobby);
	put_entities(lobby, player);
	return true;
}

/* A new island */

static void clear_for(struct lobby *lobby, struct player *player)
{
	struct player *other;

	for (size_t i = 0; i < world_portal_count(lobby->setup->world); i++)
		put_despawn(player, (int)i);
	TAILQ_FOREACH (other, &lobby->players, entry)
		if (other != player && other->id != LOBBY_NOBODY)
			put_despawn(player, other->id);
}

void lobby_clear_island(struct lobby *lobby)
{
	struct player *player;

	TAILQ_FOREACH (player, &lobby->players, entry) {
		if (!is_watching(player))
			continue;
		clear_for(lobby, player);
		player->stale = true;
	}
}

bool lobby_renew(struct lobby *lobby, struct player *player)
{
	lobby_flush(player);
	if (player->out_len > 0 || !put_level(lobby, player))
		return false;
	put_entities(lobby, player);
	player->stale = false;
	return true;
}

static void greet_servers(struct lobby *lobby, struct player *player)
{
	size_t n = lobby->setup->n_portals, named = n < GREETED_MAX ? n : GREETED_MAX;
	char list[LOBBY_TEXT] = "", rest[NUMBER_MAX];
	size_t len = 0;

	for (size_t i = 0; i < named && len < sizeof list; i++) {
		const struct server *server = lobby->setup->portals[i];

		len += (size_t)snprintf(
			list + len, sizeof list - len, "%s%s%s", i == 0 ? "" : "&e, ",
			server_is_up(server) ? "&a" : "&c", server_name(server));
	}
	snprintf(rest, sizeof rest, "%zu", n - named);
	lobby_say(lobby, player, n > named ? MESSAGE_LOBBY_MORE_SERVERS : MESSAGE_LOBBY_SERVERS,
		  "servers", list, "count", rest, NULL);
}

static void greet_portals(struct lobby *lobby, struct player *player)
{
	size_t n = lobby->setup->n_portals, portals = world_portal_count(lobby->setup->world);
	char number[NUMBER_MAX], count[NUMBER_MAX];

	lobby_say(lobby, player, MESSAGE_LOBBY_PORTALS, NULL);
	snprintf(number, sizeof number, "%zu", portals);
	snprintf(count, sizeof count, "%zu", n);
	if (portals < n)
		lobby_say(lobby, player, MESSAGE_LOBBY_FEW_PORTALS, "portals", number, "count",
			  count, NULL);
}

void lobby_greet(struct lobby *lobby, struct player *player)
{
	const struct lobby_setup *setup = lobby->setup;
	char prefix[TEXT_LINE + 1], name[LOBBY_TEXT];

	if (!lobby->calls.name(lobby->calls.context, player->name, name, sizeof name))
		strlcpy(name, setup->name, sizeof name);
	lobby_say(lobby, player, MESSAGE_LOBBY_WELCOME, "name", name, NULL);
	if (setup->n_portals == 0) {
		lobby_say(lobby, player, MESSAGE_LOBBY_NO_SERVERS, NULL);
		return;
	}
	greet_servers(lobby, player);
	greet_portals(lobby, player);
	snprintf(prefix, sizeof prefix, "%s ", setup->command_prefix);
	if (setup->edge_commands)
		lobby_say(lobby, player, MESSAGE_LOBBY_COMMANDS, "prefix", prefix, NULL);
}

/* All that moved since the last tick in one buffer: each receiver gets it without its own part.
 */
static void collect_moves(struct lobby *lobby)
{
	struct player *player;
	uint8_t packet[PACKET_SIZE_MAX];

	lobby->moves_len = 0;
	TAILQ_FOREACH (player, &lobby->players, entry) {
		player->moved = player->moved && player->id != LOBBY_NOBODY;
		if (!player->moved)
			continue;
		size_t size = packet_write_teleport(packet, &lobby->plain, (uint8_t)player->id,
						    &player->at);

		player->move_at = lobby->moves_len;
		memcpy(lobby->moves + lobby->moves_len, packet, size);
		lobby->moves_len += size;
	}
}

void lobby_send_moves(struct lobby *lobby)
{
	struct player *player;

	collect_moves(lobby);
	TAILQ_FOREACH (player, &lobby->players, entry) {
		size_t own = player->moved ? LOBBY_MOVE : 0;
		size_t before = player->moved ? player->move_at : lobby->moves_len;

		player->moved = false;
		if (!is_watching(player))
			continue;
		lobby_put(player, lobby->moves, before);
		lobby_put(player, lobby->moves + before + own, lobby->moves_len - before - own);
	}
}
