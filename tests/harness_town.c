/* SPDX-License-Identifier: MIT */
/* The town of harness_town.h. */
#include "harness_town.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHAT_MS     100
#define DEADLINE_MS 20000

void town_open(struct town *town, size_t servers)
{
	memset(town, 0, sizeof(*town));
	town->n_servers = servers;
	for (size_t i = 0; i < servers; i++) {
		backend_open(&town->backends[i]);
		town->is_open[i] = true;
	}
}

void town_close(struct town *town)
{
	for (size_t i = 0; i < town->n_players; i++)
		peer_close(town->players[i].client);
	for (size_t i = 0; i < 2 * TOWN_PLAYERS; i++)
		peer_close(town->links[i].peer);
	for (size_t i = 0; i < town->n_servers; i++)
		backend_close(&town->backends[i]);
	town->n_players = town->n_servers = 0;
	memset(town->links, 0, sizeof(town->links));
}

void town_join(struct town *town, size_t players)
{
	for (size_t i = 0; i < players; i++) {
		struct town_player *player = &town->players[town->n_players];
		char name[17];

		ck_assert_uint_lt(town->n_players, TOWN_PLAYERS);
		snprintf(name, sizeof(name), "P%zu", town->n_players++);
		*player = (struct town_player){.server = -1};
		player->client = client_login(town->proxy, name);
		town_turn(town);
	}
}

void town_leave(struct town *town)
{
	struct town_player *player = &town->players[--town->n_players];

	peer_close(player->client);
	player->client = NULL;
}

void town_kill(struct town *town, size_t server)
{
	struct backend *backend = &town->backends[server];

	town->is_open[server] = false;
	backend_refuse(backend);
	while (backend->n_pending > 0)
		close(backend->pending[--backend->n_pending]);
	for (size_t i = 0; i < 2 * TOWN_PLAYERS; i++) {
		struct town_link *link = &town->links[i];

		if (link->peer == NULL || link->server != (int)server)
			continue;
		peer_close(link->peer);
		link->peer = NULL;
	}
}

void town_revive(struct town *town, size_t server)
{
	backend_reopen(&town->backends[server]);
	town->is_open[server] = true;
}

/* ---- servers ---- */

static void take_links(struct town *town, int server)
{
	struct peer *peer;
	char name[8];

	while ((peer = backend_try(&town->backends[server])) != NULL) {
		struct town_link *link = town->links;

		while (link->peer != NULL)
			link++;
		ck_assert(link < town->links + 2 * TOWN_PLAYERS);
		*link = (struct town_link){peer, server};
		snprintf(name, sizeof(name), "s%d", server);
		link_welcome(peer, name);
	}
}

static void serve(struct town_link *link)
{
	const uint8_t *packet;
	bool closed = false;

	while ((packet = peer_try(link->peer, &closed)) != NULL) {
		uint8_t echo[66];

		if (packet[0] != OP_MESSAGE)
			continue;
		memcpy(echo, packet, sizeof(echo));
		echo[1] = 0;
		/* the link may be a retired one: what is lost then was never owed */
		(void)!write(link->peer->fd, echo, sizeof(echo));
	}
	if (!closed)
		return;
	peer_close(link->peer);
	link->peer = NULL;
}

/* ---- players ---- */

static void hear(struct town_player *player, const uint8_t *packet)
{
	char text[PACKET_STRING_LEN + 1];
	unsigned line;
	int server;

	if (packet[0] == OP_DISCONNECT) {
		packet_get_string(text, packet + 1);
		ck_abort_msg("a player was disconnected: %s", text);
	}
	if (packet[0] == OP_IDENTIFICATION)
		player->is_spawned = false;
	if (packet[0] == OP_SPAWN_PLAYER && packet[1] == PACKET_SELF) {
		player->is_spawned = true;
		player->server =
			sscanf(player->client->server, "s%d", &server) == 1 ? server : -1;
	}
	if (packet[0] != OP_MESSAGE)
		return;
	packet_get_string(text, packet + 2);
	if (sscanf(text, "line %u", &line) != 1 || line != player->said)
		return;
	player->heard++;
	player->next_ms = harness_now() + CHAT_MS;
}

static void listen_to(struct town_player *player)
{
	const uint8_t *packet;
	bool closed = false;

	while ((packet = peer_try(player->client, &closed)) != NULL)
		hear(player, packet);
	ck_assert_msg(!closed, "a player was cut off");
}

/* Says a line; one that got lost with a server is said again after a while. */
static void speak(struct town_player *player)
{
	char text[32];

	if (!player->is_spawned || harness_now() < player->next_ms)
		return;
	snprintf(text, sizeof(text), "line %u", ++player->said);
	peer_chat(player->client, text);
	player->next_ms = harness_now() + 5 * CHAT_MS;
}

/* ---- the loop ---- */

static size_t fill(const struct town *town, struct pollfd *fds)
{
	size_t n = 0;

	for (size_t i = 0; i < town->n_players; i++)
		fds[n++] = (struct pollfd){town->players[i].client->fd, POLLIN, 0};
	for (size_t i = 0; i < 2 * TOWN_PLAYERS; i++)
		fds[n++] = (struct pollfd){
			town->links[i].peer != NULL ? town->links[i].peer->fd : -1, POLLIN, 0};
	for (size_t i = 0; i < town->n_servers; i++) {
		const struct backend *backend = &town->backends[i];

		if (!town->is_open[i])
			continue;
		fds[n++] = (struct pollfd){backend->fd, POLLIN, 0};
		for (unsigned k = 0; k < backend->n_pending; k++)
			fds[n++] = (struct pollfd){backend->pending[k], POLLIN, 0};
	}
	return n;
}

void town_turn(struct town *town)
{
	static struct pollfd fds[3 * TOWN_PLAYERS + TOWN_SERVERS * (1 + BACKEND_PENDING)];
	size_t n = fill(town, fds), players = town->n_players;

	if (poll(fds, n, 10) < 0)
		return;
	for (size_t i = 0; i < players; i++)
		if (fds[i].revents != 0)
			listen_to(&town->players[i]);
	for (size_t i = 0; i < 2 * TOWN_PLAYERS; i++)
		if (fds[players + i].revents != 0 && town->links[i].peer != NULL)
			serve(&town->links[i]);
	for (size_t i = 0; i < town->n_servers; i++)
		if (town->is_open[i])
			take_links(town, (int)i);
	for (size_t i = 0; town->chats && i < town->n_players; i++)
		speak(&town->players[i]);
}

size_t town_count(const struct town *town, int server)
{
	size_t n = 0;

	for (size_t i = 0; i < town->n_players; i++)
		n += town->players[i].is_spawned && town->players[i].server == server;
	return n;
}

static size_t count_spawned(const struct town *town)
{
	size_t n = 0;

	for (size_t i = 0; i < town->n_players; i++)
		n += town->players[i].is_spawned;
	return n;
}

void town_settle(struct town *town)
{
	int64_t deadline = harness_now() + harness_ms(DEADLINE_MS);

	while (count_spawned(town) < town->n_players) {
		ck_assert_msg(harness_now() < deadline, "only %zu of %zu players are in",
			      count_spawned(town), town->n_players);
		town_turn(town);
	}
}

void town_until_count(struct town *town, int server, size_t n)
{
	int64_t deadline = harness_now() + harness_ms(DEADLINE_MS);

	while (town_count(town, server) != n) {
		ck_assert_msg(harness_now() < deadline, "%zu players on s%d instead of %zu",
			      town_count(town, server), server, n);
		town_turn(town);
	}
}

void town_until_text(struct town *town, size_t player, const char *text)
{
	const struct peer *client = town->players[player].client;
	int64_t deadline = harness_now() + harness_ms(DEADLINE_MS);

	while (strcasestr(client->text, text) == NULL) {
		ck_assert_msg(harness_now() < deadline, "no \"%s\", only: %s", text,
			      client->text);
		town_turn(town);
	}
}

void town_hear(struct town *town, unsigned lines)
{
	int64_t deadline = harness_now() + harness_ms(DEADLINE_MS);
	bool was_chatting = town->chats;
	unsigned heard[TOWN_PLAYERS];

	for (size_t i = 0; i < town->n_players; i++)
		heard[i] = town->players[i].heard;
	town->chats = true;
	for (size_t i = 0; i < town->n_players; i++)
		while (town->players[i].heard < heard[i] + lines) {
			ck_assert_msg(harness_now() < deadline, "P%zu hears nothing", i);
			town_turn(town);
		}
	town->chats = was_chatting;
}
