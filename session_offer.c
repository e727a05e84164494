/* SPDX-License-Identifier: MIT */
/*
 * The memory of players whose client must not be offered ExtendedBlocks. It knows nothing of
 * why; session_login.c does. The one idea: a fixed table without order. A row that has run out
 * is as good as an empty one, so the row whose time ends first is always the one to take, and
 * nothing ever has to be tidied up.
 */
#include "session_offer.h"

#include <bsd/string.h>
#include <pthread.h>
#include <stddef.h>
#include <strings.h>

#include "packet.h"

struct player {
	int64_t until_ms; /* 0: an empty row */
	char name[PACKET_STRING_LEN + 1];
	char address[NET_ADDR_TEXT];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct player players[SESSION_OFFER_MEMORY]; /* under the lock */

/* The row of a player, run out or not; NULL if there is none. */
static struct player *find_locked(const char *name, const char *address)
{
	for (size_t i = 0; i < SESSION_OFFER_MEMORY; i++)
		if (strcasecmp(players[i].name, name) == 0 &&
		    strcmp(players[i].address, address) == 0)
			return &players[i];
	return NULL;
}

static struct player *oldest_locked(void)
{
	struct player *oldest = &players[0];

	for (size_t i = 1; i < SESSION_OFFER_MEMORY; i++)
		if (players[i].until_ms < oldest->until_ms)
			oldest = &players[i];
	return oldest;
}

void session_offer_remember(const char *name, const struct net_addr *peer, int64_t now_ms)
{
	char address[NET_ADDR_TEXT];

	net_addr_text(address, peer, false);
	pthread_mutex_lock(&lock);
	struct player *player = find_locked(name, address);
	if (player == NULL)
		player = oldest_locked();
	strlcpy(player->name, name, sizeof(player->name));
	strlcpy(player->address, address, sizeof(player->address));
	player->until_ms = now_ms + SESSION_OFFER_KEEP_MS;
	pthread_mutex_unlock(&lock);
}

void session_offer_forget(const char *name, const struct net_addr *peer)
{
	char address[NET_ADDR_TEXT];

	net_addr_text(address, peer, false);
	pthread_mutex_lock(&lock);
	struct player *player = find_locked(name, address);
	if (player != NULL)
		*player = (struct player){.until_ms = 0};
	pthread_mutex_unlock(&lock);
}

bool session_offer_is_reduced(const char *name, const struct net_addr *peer, int64_t now_ms)
{
	char address[NET_ADDR_TEXT];

	net_addr_text(address, peer, false);
	pthread_mutex_lock(&lock);
	const struct player *player = find_locked(name, address);
	bool is_reduced = player != NULL && now_ms < player->until_ms;
	pthread_mutex_unlock(&lock);
	return is_reduced;
}
