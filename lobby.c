/* SPDX-License-Identifier: MIT */
/*
 * The embedded server: logins, what players do, the tick. Where things are is world.c's matter,
 * how they are shown lobby_show.c's; jumping is the caller's, through a call.
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

#include "config_current.h"
#include "lobby_private.h"
#include "net.h"
#include "server.h"
#include "text.h"

enum {
	TICK_MS = 50,
	LOGIN_POLL_MS = 2, /* how often to look at connections that have not identified yet */
	SECOND_MS = 1000,
	ARRIVAL_MS = 10000, /* for the way to the spawn of a new island, at most */
	ARRIVAL_NEAR = 64,  /* that far from it, in 1/32 block, is there */
	IN_ROUNDS = 16,     /* reads a tick, so that no flood holds up the others */
	CHAT_BURST = 20,    /* lines at once; then one every CHAT_REFILL_MS */
	CHAT_REFILL_MS = 200,
};

/* Login */

static void put_at_spawn(struct lobby *lobby, struct player *player)
{
	player->at = *world_spawn(lobby->setup->world);
	player->at.y += LOBBY_EYE;
	player->portal = -1;
	player->moved = false;
}

static void on_identification(struct lobby *lobby, struct player *player, const uint8_t *packet)
{
	struct packet_identification who;

	if (player->logged_in) {
		lobby_disconnect(player, MESSAGE_LOBBY_TWICE);
		return;
	}
	packet_read_identification(&who, packet,
				   dialect_size(&player->dialect, PACKET_TO_SERVER, packet[0]));
	text_make_safe(who.name, false);
	strlcpy(player->name, who.name[0] != '\0' ? who.name : "?", sizeof player->name);
	put_at_spawn(lobby, player);
	if (!lobby_welcome(lobby, player)) {
		lobby_disconnect(player, MESSAGE_LOBBY_MEMORY);
		return;
	}
	player->logged_in = true;
	lobby_appear(lobby, player);
	lobby_greet(lobby, player);
	lobby_say(lobby, NULL, MESSAGE_LOBBY_CAME, "player", player->name, NULL);
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
	int block = world_block(lobby->setup->world, change.x, change.y, change.z,
				player->dialect.protocol);

	if (block >= 0)
		lobby_put(player, answer,
			  packet_write_set_block(answer, &player->dialect, change.x, change.y,
						 change.z, (uint16_t)block));
}

/* Put back in front of it first, so that whoever stays does not stand in it. */
static void enter_portal(struct lobby *lobby, struct player *player, size_t index)
{
	struct server *server = lobby->setup->portals[index];
	char answer[LOBBY_TEXT] = "";

	lobby_put_self(player, &world_portal(lobby->setup->world, index)->exit);
	if (server_is_up(server)) {
		lobby->calls.portal(lobby->calls.context, player->name, server, answer,
				    sizeof answer);
		lobby_tell(lobby, player, answer);
	} else {
		lobby_say(lobby, player, MESSAGE_LOBBY_PORTAL_DOWN, "server",
			  server_name(server), NULL);
	}
}

/* Is this position one on the island that is there now? What was on its way from one that has
 * gone could be in a portal of this one by chance. */
static bool has_arrived(const struct lobby *lobby, struct player *player,
			const struct packet_position *at)
{
	const struct packet_position *spawn = world_spawn(lobby->setup->world);

	if (player->stale)
		return false;
	if (lobby->now_ms < player->arrival_ms &&
	    (abs(at->x - spawn->x) > ARRIVAL_NEAR || abs(at->z - spawn->z) > ARRIVAL_NEAR))
		return false;
	player->arrival_ms = 0;
	return true;
}

static void on_position(struct lobby *lobby, struct player *player, const uint8_t *packet)
{
	struct packet_position at;
	uint16_t held;

	packet_read_client_position(&at, &held, &player->dialect, packet);
	if (!has_arrived(lobby, player, &at))
		return;
	player->moved |= at.x != player->at.x || at.y != player->at.y || at.z != player->at.z ||
			 at.yaw != player->at.yaw || at.pitch != player->at.pitch;
	player->at = at;

	at.y -= LOBBY_EYE;
	int portal = world_portal_at(lobby->setup->world, &at);

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
		lobby_say(lobby, player, MESSAGE_LOBBY_NOT_SO_FAST, NULL);
	return true;
}

static void on_message(struct lobby *lobby, struct player *player, const uint8_t *packet)
{
	char text[PACKET_STRING_LEN + 1];

	packet_get_string(text, packet + 2);
	for (char *p = text; *p != '\0'; p++)
		if (*p == '%' && text_is_color(p[1]))
			*p = '&';
	text_make_safe(text, false);
	if (text[0] == '\0' || !take_chat_token(lobby, player))
		return;
	/* Meant for a server, perhaps with a password: not for everybody's eyes. */
	if (text[0] == '/') {
		lobby_say(lobby, player, MESSAGE_LOBBY_NO_COMMANDS, NULL);
		return;
	}
	lobby_say(lobby, NULL, MESSAGE_LOBBY_CHAT, "player", player->name, "text", text, NULL);
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
	dialect_init(&player->dialect, &lobby->catalog, packet[1], false);
	return dialect_size(&player->dialect, PACKET_TO_SERVER, OP_IDENTIFICATION);
}

static void handle_input(struct lobby *lobby, struct player *player)
{
	size_t at = 0;

	while (!player->dead && at < player->in_len) {
		const uint8_t *packet = player->in + at;
		size_t size = packet_size(lobby, player, packet, player->in_len - at);

		if (size == 0) {
			lobby_disconnect(player, MESSAGE_LOBBY_PACKET);
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

/* What the lobby goes by */

static void free_setup(struct lobby_setup *setup)
{
	if (setup == NULL)
		return;
	free(setup->name);
	free(setup->motd);
	free(setup->command_prefix);
	world_free(setup->world);
	free(setup);
}

static struct lobby_setup *new_setup(const struct lobby_plan *plan)
{
	struct lobby_setup *setup =
		calloc(1, sizeof *setup + plan->n_portals * sizeof(struct server *));

	if (setup == NULL)
		return NULL;
	setup->name = strdup(plan->name);
	setup->motd = strdup(plan->motd);
	setup->command_prefix = strdup(plan->command_prefix);
	setup->edge_commands = plan->edge_commands;
	setup->world = world_new(plan->n_portals);
	setup->n_portals = plan->n_portals;
	for (size_t i = 0; i < plan->n_portals; i++)
		setup->portals[i] = plan->portals[i];
	if (setup->name != NULL && setup->motd != NULL && setup->command_prefix != NULL &&
	    setup->world != NULL)
		return setup;
	free_setup(setup);
	return NULL;
}

static bool has_same_portals(const struct lobby_setup *a, const struct lobby_setup *b)
{
	if (a->n_portals != b->n_portals)
		return false;
	for (size_t i = 0; i < a->n_portals; i++)
		if (a->portals[i] != b->portals[i])
			return false;
	return true;
}

/* The figures' names and ids, and then the players': at the spawn, and shown to those who see
 * the island. */
static void populate(struct lobby *lobby)
{
	struct player *player;

	for (size_t i = 0; i < LOBBY_ENTITIES; i++)
		lobby->taken[i] = i < world_portal_count(lobby->setup->world);
	lobby_refresh_figures(lobby);
	TAILQ_FOREACH (player, &lobby->players, entry)
		player->id = LOBBY_NOBODY;
	TAILQ_FOREACH (player, &lobby->players, entry) {
		if (!player->logged_in)
			continue;
		put_at_spawn(lobby, player);
		lobby_appear(lobby, player);
	}
}

/* Everybody is stale before the new island is populated, so nobody sees that happen. */
static void change_setup(struct lobby *lobby, struct lobby_setup *next)
{
	struct lobby_setup *last = lobby->setup;

	if (has_same_portals(last, next)) {
		struct world *spare = next->world;

		next->world = last->world; /* with its packed levels */
		last->world = spare;
		lobby->setup = next;
	} else {
		lobby_clear_island(lobby);
		lobby->setup = next;
		populate(lobby);
	}
	free_setup(last);
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
			lobby_say(lobby, NULL, MESSAGE_LOBBY_LEFT, "player", player->name,
				  NULL);
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

static void renew_island(struct lobby *lobby, struct player *player)
{
	if (player->stale && !player->dead && lobby_renew(lobby, player))
		player->arrival_ms = lobby->now_ms + ARRIVAL_MS;
}

static void check_login(struct lobby *lobby, struct player *player)
{
	if (!player->logged_in && !player->dead && lobby->now_ms >= player->login_deadline_ms)
		lobby_disconnect(player, MESSAGE_LOBBY_TIMEOUT);
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
	TAILQ_FOREACH (player, &lobby->players, entry)
		renew_island(lobby, player);
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

/* Sleeps until a turn is due, somebody dials, or there is another setup to go by, which it
 * changes to. False: the lobby is to stop. */
static bool await_turn(struct lobby *lobby)
{
	int64_t deadline_ms = next_turn_ms(lobby);

	pthread_mutex_lock(&lobby->mutex);
	while (!lobby->stop && TAILQ_EMPTY(&lobby->fresh) && lobby->next == NULL &&
	       net_now_ms() < deadline_ms)
		wait_locked(lobby, deadline_ms);
	TAILQ_CONCAT(&lobby->players, &lobby->fresh, entry);
	bool go_on = !lobby->stop;
	struct lobby_setup *next = lobby->next;

	lobby->next = NULL;
	pthread_mutex_unlock(&lobby->mutex);
	lobby->now_ms = net_now_ms();
	if (next != NULL)
		change_setup(lobby, next);
	return go_on;
}

static void *run(void *arg)
{
	struct lobby *lobby = arg;

	pthread_setname_np(pthread_self(), "lobby");
	while (await_turn(lobby)) {
		config_settle();
		take_turn(lobby);
	}
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

struct lobby *lobby_new(const struct lobby_plan *plan, const struct lobby_calls *calls,
			char *why, size_t why_size)
{
	struct lobby *lobby = calloc(1, sizeof *lobby);

	strlcpy(why, "out of memory for the lobby", why_size);
	if (lobby == NULL)
		return NULL;
	lobby->calls = *calls;
	lobby->login_timeout_ms = plan->login_timeout_ms;
	TAILQ_INIT(&lobby->fresh);
	TAILQ_INIT(&lobby->players);
	packet_catalog_init(&lobby->catalog);
	dialect_init(&lobby->plain, &lobby->catalog, PACKET_PROTOCOL, false);
	lobby->setup = new_setup(plan);
	if (lobby->setup == NULL)
		goto free_lobby;
	populate(lobby);
	if (!init_wake(lobby))
		goto drop_setup;
	pthread_mutex_init(&lobby->mutex, NULL);
	int error = pthread_create(&lobby->thread, NULL, run, lobby);

	if (error == 0)
		return lobby;
	snprintf(why, why_size, "the lobby's thread could not be started (error %d)", error);
	pthread_mutex_destroy(&lobby->mutex);
	pthread_cond_destroy(&lobby->wake);
drop_setup:
	free_setup(lobby->setup);
free_lobby:
	free(lobby);
	return NULL;
}

bool lobby_change(struct lobby *lobby, const struct lobby_plan *plan)
{
	struct lobby_setup *next = new_setup(plan);

	if (next == NULL)
		return false;
	pthread_mutex_lock(&lobby->mutex);
	struct lobby_setup *unseen = lobby->next;

	lobby->next = next;
	lobby->login_timeout_ms = plan->login_timeout_ms;
	pthread_cond_signal(&lobby->wake);
	pthread_mutex_unlock(&lobby->mutex);
	free_setup(unseen);
	return true;
}

static struct player *new_player(int fd)
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
	player->chat_tokens = CHAT_BURST;
	player->chat_refilled_ms = net_now_ms();
	return player;
}

int lobby_dial(void *context)
{
	struct lobby *lobby = context;
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
		return -1;
	struct player *player = new_player(fds[0]);

	if (player == NULL) {
		close(fds[0]);
		close(fds[1]);
		errno = ENOMEM;
		return -1;
	}
	pthread_mutex_lock(&lobby->mutex);
	player->login_deadline_ms = net_deadline_ms(lobby->login_timeout_ms);
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
	free_setup(lobby->setup); /* the thread has taken the next one, too, if any */
	free(lobby);
}
