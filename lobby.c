/* SPDX-License-Identifier: MIT */
/*
 * The embedded server: logins, what players do, the tick. Where things are is world.c's matter,
 * how they are shown lobby_show.c's; jumping is the caller's, through the portal callback.
 *
 * The one idea: a game tick, not a reader thread a player. One thread, twenty times a second,
 * reads whatever has come, lets it change the state, and sends everybody what changed. It never
 * waits for a player. While nobody is here it sleeps.
 */
#include "lobby.h"

#include <bsd/string.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lobby_private.h"
#include "net.h"
#include "text.h"

enum {
	TICK_MS = 50,
	LOGIN_POLL_MS = 2, /* how often to look at connections that have not identified yet */
	SECOND_MS = 1000,
	IN_ROUNDS = 16,  /* reads a tick, so that no flood holds up the others */
	CHAT_BURST = 20, /* lines at once; then one every CHAT_REFILL_MS */
	CHAT_REFILL_MS = 200,
};

/* Login */

static void on_identification(struct lobby *lobby, struct player *player, const uint8_t *packet)
{
	struct packet_identification who;

	if (player->logged_in) {
		lobby_disconnect(player, "You have identified twice");
		return;
	}
	packet_read_identification(&who, packet,
				   dialect_size(&player->dialect, PACKET_TO_SERVER, packet[0]));
	text_make_safe(who.name, false);
	strlcpy(player->name, who.name[0] != '\0' ? who.name : "?", sizeof player->name);
	player->at = *world_spawn(lobby->world);
	player->at.y += LOBBY_EYE;
	if (!lobby_welcome(lobby, player)) {
		lobby_disconnect(player, "The lobby is out of memory");
		return;
	}
	player->logged_in = true;
	lobby_appear(lobby, player);
	lobby_greet(lobby, player);
	lobby_tell(lobby, NULL, "&a+ &f%s &ehas come to the lobby", player->name);
	lobby_flush(player);
}

/* What players do */

static void on_ping(struct lobby *lobby, struct player *player, const uint8_t *packet)
{
	(void)lobby, (void)player, (void)packet;
}

/* The client has already shown its change: show it what is really there. */
static void on_set_block(struct lobby *lobby, struct player *player, const uint8_t *packet)
{
	struct packet_set_block change;
	uint8_t answer[PACKET_SIZE_MAX];

	packet_read_set_block(&change, &player->dialect, packet);
	int block = world_block(lobby->world, change.x, change.y, change.z,
				player->dialect.protocol);

	if (block >= 0)
		lobby_put(player, answer,
			  packet_write_set_block(answer, &player->dialect, change.x, change.y,
						 change.z, (uint16_t)block));
}

/* Put back in front of it first, so that whoever stays does not stand in it. */
static void enter_portal(struct lobby *lobby, struct player *player, size_t index)
{
	struct server *server = registry_server(lobby->registry, index);

	lobby_put_self(player, &world_portal(lobby->world, index)->exit);
	if (server_is_up(server))
		lobby->portal(lobby->context, player->name, server);
	else
		lobby_tell(lobby, player,
			   "&c%s is down at the moment. Its portal opens when it is back.",
			   server_name(server));
}

static void on_position(struct lobby *lobby, struct player *player, const uint8_t *packet)
{
	struct packet_position at;
	uint16_t held;

	packet_read_client_position(&at, &held, &player->dialect, packet);
	player->moved |= at.x != player->at.x || at.y != player->at.y || at.z != player->at.z ||
			 at.yaw != player->at.yaw || at.pitch != player->at.pitch;
	player->at = at;

	at.y -= LOBBY_EYE;
	int portal = world_portal_at(lobby->world, &at);

	if (portal >= 0 && portal != player->portal)
		enter_portal(lobby, player, (size_t)portal);
	player->portal = portal;
}

/* May this player say another line? A bucket that fills over time, so that a flood reaches
 * nobody. */
static bool take_chat_token(struct lobby *lobby, struct player *player)
{
	int64_t fresh = (lobby->now_ms - player->chat_refilled_ms) / CHAT_REFILL_MS;

	if (fresh > 0) {
		player->chat_refilled_ms += fresh * CHAT_REFILL_MS;
		player->chat_tokens = fresh + player->chat_tokens > CHAT_BURST
					      ? CHAT_BURST
					      : player->chat_tokens + (unsigned)fresh;
	}
	if (player->chat_tokens == 0)
		return false;
	if (--player->chat_tokens == 0)
		lobby_tell(lobby, player, "&cNot so fast: what you say now is lost.");
	return true;
}

static void on_message(struct lobby *lobby, struct player *player, const uint8_t *packet)
{
	char text[PACKET_STRING_LEN + 1], line[2 * PACKET_STRING_LEN + 3];

	packet_get_string(text, packet + 2);
	for (char *p = text; *p != '\0'; p++)
		if (*p == '%' && text_is_color(p[1]))
			*p = '&';
	text_make_safe(text, false);
	if (text[0] == '\0' || !take_chat_token(lobby, player))
		return;
	/* Meant for a server, perhaps with a password: not for everybody's eyes. */
	if (text[0] == '/') {
		lobby_tell(lobby, player, "&eThe lobby has no commands of its own.");
		return;
	}
	snprintf(line, sizeof line, "%s: %s", player->name, text);
	lobby_say(lobby, NULL, line);
}

typedef void handler_fn(struct lobby *lobby, struct player *player, const uint8_t *packet);

static handler_fn *const handlers[PACKET_OPCODES] = {
	[OP_IDENTIFICATION] = on_identification,
	[OP_PING] = on_ping,
	[OP_SET_BLOCK_CLIENT] = on_set_block,
	[OP_POSITION] = on_position,
	[OP_MESSAGE] = on_message,
};

/* Input */

/* Size of the packet whose first bytes are here; 0 if it is none, more than `have` if it is not
 * complete. */
static size_t packet_size(struct lobby *lobby, struct player *player, const uint8_t *packet,
			  size_t have)
{
	if (player->logged_in)
		return handlers[packet[0]] == NULL
			       ? 0
			       : dialect_size(&player->dialect, PACKET_TO_SERVER, packet[0]);
	if (packet[0] != OP_IDENTIFICATION)
		return 0;
	if (have < 2)
		return 2;
	if (packet[1] < PACKET_PROTOCOL_MIN || packet[1] > PACKET_PROTOCOL)
		return 0;
	dialect_init(&player->dialect, &lobby->config->catalog, packet[1], false);
	return dialect_size(&player->dialect, PACKET_TO_SERVER, OP_IDENTIFICATION);
}

static void handle_input(struct lobby *lobby, struct player *player)
{
	size_t at = 0;

	while (!player->dead && at < player->in_len) {
		const uint8_t *packet = player->in + at;
		size_t size = packet_size(lobby, player, packet, player->in_len - at);

		if (size == 0) {
			lobby_disconnect(player,
					 "The lobby got a packet that it does not know");
			return;
		}
		if (size > player->in_len - at)
			break;
		handlers[packet[0]](lobby, player, packet);
		at += size;
	}
	player->in_len -= at;
	memmove(player->in, player->in + at, player->in_len);
}

static void receive(struct lobby *lobby, struct player *player)
{
	for (int round = 0; round < IN_ROUNDS && !player->dead; round++) {
		ssize_t n = recv(player->fd, player->in + player->in_len,
				 LOBBY_IN_SIZE - player->in_len, MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			player->dead = true;
			return;
		}
		player->in_len += (size_t)n;
		handle_input(lobby, player);
	}
}

/* The thread */

static void free_player(struct player *player)
{
	close(player->fd);
	free(player->out);
	free(player);
}

/* Removes the dead. What they leave may overflow others, which the next turn finds. */
static void sweep(struct lobby *lobby)
{
	struct player *player, *next;

	TAILQ_FOREACH_SAFE (player, &lobby->players, entry, next) {
		if (!player->dead)
			continue;
		TAILQ_REMOVE(&lobby->players, player, entry);
		if (player->logged_in) {
			lobby_disappear(lobby, player);
			lobby_tell(lobby, NULL, "&c- &f%s &ehas left the lobby", player->name);
		}
		free_player(player);
	}
}

static void each_second(struct lobby *lobby)
{
	uint8_t ping[PACKET_SIZE_MAX];

	lobby->next_second_ms = lobby->now_ms + SECOND_MS;
	lobby_refresh_figures(lobby);
	lobby_broadcast(lobby, NULL, ping, packet_write_ping(ping));
}

static void check_login(struct lobby *lobby, struct player *player)
{
	if (!player->logged_in && !player->dead && lobby->now_ms >= player->login_deadline_ms)
		lobby_disconnect(player, "You have not identified in time");
}

/* One turn: connections that are logging in are served in every turn, the others at every tick.
 */
static void take_turn(struct lobby *lobby)
{
	bool tick = lobby->now_ms >= lobby->next_tick_ms;
	struct player *player;

	TAILQ_FOREACH (player, &lobby->players, entry) {
		if (tick || !player->logged_in)
			receive(lobby, player);
		check_login(lobby, player);
	}
	sweep(lobby);
	if (!tick)
		return;
	if (lobby->now_ms >= lobby->next_second_ms)
		each_second(lobby);
	lobby_send_moves(lobby);
	TAILQ_FOREACH (player, &lobby->players, entry)
		lobby_flush(player);
	lobby->next_tick_ms += TICK_MS;
	if (lobby->next_tick_ms <= lobby->now_ms)
		lobby->next_tick_ms = lobby->now_ms + TICK_MS;
}

/* When the next turn is due, if nobody dials before. */
static int64_t next_turn_ms(const struct lobby *lobby)
{
	const struct player *player;
	int64_t soon = net_now_ms() + LOGIN_POLL_MS;

	if (TAILQ_EMPTY(&lobby->players))
		return NET_FOREVER;
	TAILQ_FOREACH (player, &lobby->players, entry)
		if (!player->logged_in && soon < lobby->next_tick_ms)
			return soon;
	return lobby->next_tick_ms;
}

static void wait_locked(struct lobby *lobby, int64_t deadline_ms)
{
	struct timespec at = {.tv_sec = deadline_ms / 1000,
			      .tv_nsec = deadline_ms % 1000 * 1000000};

	if (deadline_ms == NET_FOREVER)
		pthread_cond_wait(&lobby->wake, &lobby->mutex);
	else
		pthread_cond_timedwait(&lobby->wake, &lobby->mutex, &at);
}

/* Sleeps until a turn is due or somebody dials. False: the lobby is to stop. */
static bool await_turn(struct lobby *lobby)
{
	int64_t deadline_ms = next_turn_ms(lobby);

	pthread_mutex_lock(&lobby->mutex);
	while (!lobby->stop && TAILQ_EMPTY(&lobby->fresh) && net_now_ms() < deadline_ms)
		wait_locked(lobby, deadline_ms);
	TAILQ_CONCAT(&lobby->players, &lobby->fresh, entry);
	bool go_on = !lobby->stop;

	pthread_mutex_unlock(&lobby->mutex);
	lobby->now_ms = net_now_ms();
	return go_on;
}

static void *run(void *arg)
{
	struct lobby *lobby = arg;

	while (await_turn(lobby))
		take_turn(lobby);
	return NULL;
}

/* Life */

static bool init_wake(struct lobby *lobby)
{
	pthread_condattr_t attr;

	if (pthread_condattr_init(&attr) != 0)
		return false;
	bool done = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0 &&
		    pthread_cond_init(&lobby->wake, &attr) == 0;

	pthread_condattr_destroy(&attr);
	return done;
}

/* The island and the figures' ids, which come before the players'. */
static bool populate(struct lobby *lobby)
{
	lobby->world = world_new(registry_count(lobby->registry));
	if (lobby->world == NULL)
		return false;
	for (size_t i = 0; i < world_portal_count(lobby->world); i++)
		lobby->taken[i] = true;
	return true;
}

struct lobby *lobby_new(const struct config *config, struct registry *registry,
			lobby_portal_fn *portal, void *context, char *why, size_t why_size)
{
	struct lobby *lobby = calloc(1, sizeof *lobby);

	strlcpy(why, "out of memory for the lobby", why_size);
	if (lobby == NULL)
		return NULL;
	lobby->config = config;
	lobby->registry = registry;
	lobby->portal = portal;
	lobby->context = context;
	TAILQ_INIT(&lobby->fresh);
	TAILQ_INIT(&lobby->players);
	dialect_init(&lobby->plain, &config->catalog, PACKET_PROTOCOL, false);
	if (!populate(lobby))
		goto free_lobby;
	if (!init_wake(lobby))
		goto free_world;
	pthread_mutex_init(&lobby->mutex, NULL);
	int error = pthread_create(&lobby->thread, NULL, run, lobby);

	if (error == 0)
		return lobby;
	snprintf(why, why_size, "the lobby's thread could not be started (error %d)", error);
	pthread_mutex_destroy(&lobby->mutex);
	pthread_cond_destroy(&lobby->wake);
free_world:
	world_free(lobby->world);
free_lobby:
	free(lobby);
	return NULL;
}

static struct player *new_player(const struct lobby *lobby, int fd)
{
	struct player *player = calloc(1, sizeof *player);
	uint8_t *out = malloc(LOBBY_OUT_SIZE);

	if (player == NULL || out == NULL) {
		free(player);
		free(out);
		return NULL;
	}
	player->fd = fd;
	player->out = out;
	player->id = LOBBY_NOBODY;
	player->portal = -1;
	player->chat_tokens = CHAT_BURST;
	player->chat_refilled_ms = net_now_ms();
	player->login_deadline_ms = net_deadline_ms(lobby->config->login_timeout_ms);
	return player;
}

int lobby_dial(void *context)
{
	struct lobby *lobby = context;
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
		return -1;
	struct player *player = new_player(lobby, fds[0]);

	if (player == NULL) {
		close(fds[0]);
		close(fds[1]);
		errno = ENOMEM;
		return -1;
	}
	pthread_mutex_lock(&lobby->mutex);
	TAILQ_INSERT_TAIL(&lobby->fresh, player, entry);
	pthread_cond_signal(&lobby->wake);
	pthread_mutex_unlock(&lobby->mutex);
	return fds[1];
}

void lobby_free(struct lobby *lobby)
{
	struct player *player, *next;

	if (lobby == NULL)
		return;
	pthread_mutex_lock(&lobby->mutex);
	lobby->stop = true;
	pthread_cond_signal(&lobby->wake);
	pthread_mutex_unlock(&lobby->mutex);
	pthread_join(lobby->thread, NULL);
	TAILQ_CONCAT(&lobby->players, &lobby->fresh, entry);
	TAILQ_FOREACH_SAFE (player, &lobby->players, entry, next)
		free_player(player);
	pthread_mutex_destroy(&lobby->mutex);
	pthread_cond_destroy(&lobby->wake);
	world_free(lobby->world);
	free(lobby);
}
