/* SPDX-License-Identifier: MIT */
/*
 * A play: a player, the servers of a jump, and how far it goes. Many are on stage at once, all
 * with one proxy: turn() has everybody read, answer and show that they are alive, so whoever
 * waits in one play keeps all others going. perform() takes one to its fault; what must follow
 * is the matter of the suite of faults during jumps, which includes this once.
 */
#ifndef IT_JUMP_PLAY_H
#define IT_JUMP_PLAY_H

#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "it_jump_script.h"

#define OUTCOME_MS 10000 /* what must come true has come true by then */
#define PLAYS_MAX  512
#define TURN_MS    10 /* a turn in which nothing happens */
#define GATE_X     77 /* where a player goes to try the gate */

/* HOME is alpha, for a player who falls back, or for whoever takes the name of one who is gone.
 */
enum who { CLIENT, ALPHA, BETA, GAMMA, HOME, PARTIES };
enum kind { CLOSE, RESET, SILENCE, GARBAGE, KINDS }; /* of a fault */

/* Where a fault leaves the player. Bits. */
enum place {
	STAYS_ON_ALPHA = 1,
	STAYS_ON_BETA = 2,
	ON_BETA = 4,
	ON_GAMMA = 8,
	BACK_ON_ALPHA = 16,
	IN_LOBBY = 32,
	GONE = 64,
};

/* What else is so in a play. */
enum {
	CPE = 1,
	RECODED = 2,   /* beta has too few extensions to pass its level on as it is */
	MID_LEVEL = 4, /* alpha is sending a level when the jump is asked for */
	TWICE = 8,     /* a second jump to gamma is asked for before the fault */
	HASTY = 16,    /* the fault does not wait until Kurafuto has seen the step */
	HOMELESS = 32, /* alpha does not take the player back */
};

/* One case. */
struct play {
	size_t variant;
	unsigned flags; /* the variant's */
	enum step step;
	enum who victim;
	enum kind kind;
	char name[17]; /* of the player: the case in short */
	struct party parties[PARTIES];
	int64_t again_ms;
	struct peer *again;  /* who has logged in under the name of a player that is gone */
	bool is_level_open;  /* the client is between LevelInitialize and LevelFinalize */
	bool is_level_whole; /* the stream of a level without CPE has ended */
	z_stream level;      /* that stream */
	bool has_spawned, has_ping; /* since the last server identification */
	bool keeps_ping;
	uint8_t ping[4];
	char reason[65];  /* of the Disconnect */
	bool is_faulted;  /* the fault has happened */
	enum place place; /* where the player has arrived after it, or 0 */
	char mark[32];
	bool is_done;        /* and can chat and move there */
	const char *trouble; /* what went wrong; NULL: nothing */
	int64_t beat_ms;     /* when the parties show next that they are alive */
};

static struct backend alpha, beta, gamma_server;
static struct proxy *proxy;
static struct play *plays[PLAYS_MAX];
static size_t n_plays;
static int64_t beat_every_ms;
/* What has become of a play since its fault; set by the suite. */
static void (*judge)(struct play *play);

/* ---- coming and going ---- */

static inline struct play *new_play(const struct play *plan)
{
	static const char *const names[PARTIES] = {"", "Alpha", "Beta", "Gamma", "Alpha"};
	struct play *play = calloc(1, sizeof(*play));

	ck_assert_ptr_nonnull(play);
	*play = *plan;
	snprintf(play->name, sizeof(play->name), "%zu_%s_%c%c", plan->variant,
		 step_names[plan->step], "cabg"[plan->victim], "frsg"[plan->kind]);
	for (int who = ALPHA; who < PARTIES; who++) {
		play->parties[who].server = names[who];
		play->parties[who].goal = GATE;
	}
	play->parties[BETA].goal = NAMED;
	play->parties[BETA].is_plain = plan->flags & RECODED;
	if (!(plan->flags & HASTY))
		play->parties[GAMMA].goal = NAMED;
	ck_assert_int_eq(inflateInit2(&play->level, 15 + 16), Z_OK);
	return play;
}

static inline void free_play(struct play *play)
{
	for (int who = CLIENT; who < PARTIES; who++)
		party_leave(&play->parties[who]);
	peer_close(play->again);
	inflateEnd(&play->level);
	free(play);
}

/* ---- what a client sees ---- */

static inline void blame(struct play *play, const char *trouble)
{
	if (play->trouble == NULL)
		play->trouble = trouble;
}

/* ClassiCube wants each level ended before the next; without CPE a level begins anew, but must
 * be whole when it ends. */
static inline void note_level(struct play *play, const uint8_t *packet)
{
	bool is_vanilla = !(play->flags & CPE);

	if (packet[0] == OP_LEVEL_INITIALIZE) {
		if (play->is_level_open && !is_vanilla)
			blame(play, "a level in a level");
		play->is_level_open = true;
		play->is_level_whole = false;
		inflateReset(&play->level);
	} else if (!play->is_level_open) {
		blame(play, "a part of a level outside of one");
	} else if (packet[0] == OP_LEVEL_FINALIZE) {
		if (is_vanilla && !play->is_level_whole)
			blame(play, "the end of a torn level");
		play->is_level_open = false;
	} else if (is_vanilla && !play->is_level_whole) {
		uint8_t bytes[CHUNK], out[4096];
		int status = Z_OK;

		memcpy(bytes, packet + 3, sizeof(bytes));
		play->level.next_in = bytes;
		play->level.avail_in = packet_get_u16(packet + 1);
		while (status == Z_OK && play->level.avail_in > 0) {
			play->level.next_out = out;
			play->level.avail_out = sizeof(out);
			status = inflate(&play->level, Z_NO_FLUSH);
		}
		play->is_level_whole = status == Z_STREAM_END;
	}
}

static inline void note_client(struct play *play, const uint8_t *packet)
{
	switch (packet[0]) {
	case OP_IDENTIFICATION:
		play->has_spawned = play->has_ping = false;
		break;
	case OP_LEVEL_INITIALIZE:
	case OP_LEVEL_DATA_CHUNK:
	case OP_LEVEL_FINALIZE:
		note_level(play, packet);
		break;
	case OP_SPAWN_PLAYER:
		play->has_spawned |= packet[1] == PACKET_SELF;
		break;
	case OP_TWO_WAY_PING:
		play->has_ping = true;
		memcpy(play->ping, packet, sizeof(play->ping));
		break;
	case OP_DISCONNECT:
		packet_get_string(play->reason, packet + 1);
		break;
	}
}

static inline bool is_at(const struct play *play, const char *server)
{
	const struct peer *client = play->parties[CLIENT].peer;

	return client != NULL && strcmp(client->server, server) == 0;
}

static inline bool has_read(const struct play *play, const char *text)
{
	const struct peer *client = play->parties[CLIENT].peer;

	return client != NULL && strcasestr(client->text, text) != NULL;
}

static inline bool is_in_game(const struct play *play, const char *server)
{
	return is_at(play, server) && play->has_spawned &&
	       (play->has_ping || play->keeps_ping || !(play->flags & CPE));
}

static inline bool is_open(const struct party *party)
{
	return party->peer != NULL && !party->is_mute && !party->has_ended;
}

/* ---- all plays at once ---- */

static inline void come(struct play *play, enum who who, struct peer *link)
{
	struct party *party = &play->parties[who];

	if (party->was_there && who == ALPHA)
		party = &play->parties[HOME];
	if (party->was_there)
		blame(play, "a login too many");
	if (party->was_there || (play->flags & HOMELESS && party == &play->parties[HOME]))
		peer_close(link);
	else
		party_come(party, link);
	party->was_there = true;
}

static inline void take_links(struct backend *backend, enum who who)
{
	for (unsigned idle = 0; idle < 2; idle++) {
		struct peer *link = backend_try(backend);
		size_t i = 0;

		if (link == NULL)
			continue;
		while (i < n_plays && strcmp(plays[i]->name, link->id.name) != 0)
			i++;
		if (i < n_plays)
			come(plays[i], who, link);
		else
			peer_close(link);
		idle = 0;
	}
}

/* A server that is to fail, and that Kurafuto has left already, does not close its side before.
 */
static inline bool is_tardy(const struct play *play, enum who who)
{
	return who != CLIENT && who == play->victim && !play->is_faulted;
}

static inline void read_party(struct play *play, enum who who)
{
	struct party *party = &play->parties[who];
	const uint8_t *packet;
	bool closed = false;

	while (is_open(party) && (packet = peer_try(party->peer, &closed)) != NULL) {
		if (who == CLIENT)
			note_client(play, packet);
		else
			party_note(party, packet);
	}
	if (closed && is_tardy(play, who))
		party->has_ended = true;
	else if (closed)
		party_leave(party);
}

/* Those who are alive and not in the middle of a packet show it. */
static inline void beat(struct play *play)
{
	const struct party *client = &play->parties[CLIENT];

	if (harness_now() < play->beat_ms)
		return;
	play->beat_ms = harness_now() + beat_every_ms;
	if (is_open(client) && play->has_spawned)
		client_move(client->peer, 1, 2000, 300);
	if (is_open(client) && play->flags & CPE)
		peer_send(client->peer, "\x2b\0\0\x01", 4);
	for (int who = ALPHA; who <= HOME; who++) {
		struct party *party = &play->parties[who];

		if (is_open(party) && party->size > 0 && party->told == party->size)
			peer_send(party->peer, "\x01", 1);
	}
}

static inline nfds_t watch(struct pollfd *polled, nfds_t n, const struct backend *backend)
{
	polled[n++] = (struct pollfd){backend->fd, POLLIN, 0};
	for (unsigned i = 0; i < backend->n_pending; i++)
		polled[n++] = (struct pollfd){backend->pending[i], POLLIN, 0};
	return n;
}

static inline bool is_any_ready(const struct pollfd *polled, nfds_t n)
{
	for (nfds_t i = 0; i < n; i++)
		if (polled[i].revents != 0)
			return true;
	return false;
}

/* Waits a little for whatever comes, and has everybody deal with it. */
static inline void turn(void)
{
	static struct pollfd polled[PLAYS_MAX * PARTIES + 3 * (BACKEND_PENDING + 1)];
	nfds_t n_links = watch(polled, 0, &alpha), n;

	n_links = watch(polled, n_links, &beta);
	n_links = n = watch(polled, n_links, &gamma_server);
	for (size_t i = 0; i < n_plays * PARTIES; i++) {
		const struct party *party = &plays[i / PARTIES]->parties[i % PARTIES];

		polled[n++] = (struct pollfd){is_open(party) ? party->peer->fd : -1, POLLIN, 0};
	}
	poll(polled, n, TURN_MS);
	for (size_t i = 0; i < n_plays * PARTIES; i++)
		if (polled[n_links + i].revents != 0)
			read_party(plays[i / PARTIES], (enum who)(i % PARTIES));
	if (is_any_ready(polled, n_links)) {
		take_links(&alpha, ALPHA);
		take_links(&beta, BETA);
		take_links(&gamma_server, GAMMA);
	}
	for (size_t i = 0; i < n_plays; i++) {
		beat(plays[i]);
		if (plays[i]->is_faulted && !plays[i]->is_done)
			judge(plays[i]);
	}
}

typedef bool condition(const struct play *play);

/* Waits until it is so; else the play has failed. */
static inline void await(struct play *play, condition *is_so, const char *trouble)
{
	int64_t deadline = harness_now() + harness_ms(OUTCOME_MS);

	while (play->trouble == NULL && !is_so(play)) {
		if (harness_now() >= deadline)
			blame(play, trouble);
		turn();
	}
}

/* ---- the jump ---- */

static inline bool is_on_alpha(const struct play *play)
{
	return is_at(play, "Alpha") && play->has_spawned &&
	       play->parties[ALPHA].told == play->parties[ALPHA].size &&
	       has_read(play, "Alpha at spawn");
}

static inline bool is_in_mid_level(const struct play *play)
{
	return has_read(play, "Alpha at half-chunk");
}

static inline bool has_dialled_beta(const struct play *play)
{
	return play->parties[BETA].was_there;
}

static inline bool has_dialled_gamma(const struct play *play)
{
	return play->parties[GAMMA].was_there;
}

static inline bool has_agreed(const struct play *play)
{
	return play->parties[BETA].missing == 0;
}

static inline bool is_swapped_in(const struct play *play)
{
	return is_at(play, "Beta");
}

/* Kurafuto has read all that beta has said so far. */
static inline bool is_read(const struct play *play)
{
	const struct party *party = &play->parties[BETA];
	char text[32];

	if (party->goal <= WAITING)
		return party->answers > (party->goal == WAITING) || !(play->flags & CPE) ||
		       party->goal <= REPLIED;
	snprintf(text, sizeof(text), "Beta at %s",
		 step_names[party->goal == GATE ? SPAWN : party->goal]);
	return party->goal == BEGUN ? is_swapped_in(play) : has_read(play, text);
}

static inline bool has_gate_ping(const struct play *play)
{
	return play->has_ping || !(play->flags & CPE);
}

static inline bool is_gate_open(const struct play *play)
{
	return play->parties[BETA].has_moved;
}

static inline void reach(struct play *play, enum step step)
{
	if (play->trouble != NULL)
		return;
	party_go(&play->parties[BETA], step);
	if (!(play->flags & HASTY))
		await(play, is_read, "Kurafuto does not read what beta says");
}

/* From alpha to the step of the case. */
static inline void jump(struct play *play)
{
	struct party *party = &play->parties[BETA];

	peer_forget(play->parties[CLIENT].peer);
	peer_chat(play->parties[CLIENT].peer,
		  play->step == DIALS ? ":kura jump hole" : ":kura jump beta");
	if (play->step == DIALS)
		return;
	await(play, has_dialled_beta, "no link to beta");
	if (play->flags & CPE && play->step >= REPLIED) {
		reach(play, REPLIED);
		await(play, has_agreed, "no reply to beta's list");
	}
	if (play->step > BEGUN && !(play->flags & HASTY))
		reach(play, BEGUN);
	reach(play, play->step);
	if (play->step != GATE || play->trouble != NULL)
		return;
	await(play, has_gate_ping, "no ping behind the spawn");
	party->wanted_x = GATE_X;
	if (play->trouble == NULL)
		client_move(play->parties[CLIENT].peer, GATE_X, 2000, 300);
	await(play, is_gate_open, "the gate stays closed");
}

static inline void ask_for_gamma(struct play *play)
{
	if (play->trouble != NULL)
		return;
	peer_chat(play->parties[CLIENT].peer, ":kura jump gamma");
	if (!(play->flags & HASTY))
		await(play, has_dialled_gamma, "no link to gamma");
}

/* ---- the fault ---- */

static inline void hang_up(struct party *party)
{
	party_leave(party);
}

static inline void reset(struct party *party)
{
	const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

	setsockopt(party->peer->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	party_leave(party);
}

static inline void fall_silent(struct party *party)
{
	party->is_mute = true;
}

/* Enough opcodes that do not exist for the rest of any packet and one more, then anything. */
static inline void rave(struct party *party)
{
	uint8_t garbage[2 * PACKET_SIZE_MAX];

	harness_random(garbage, sizeof(garbage));
	for (size_t i = 0; i <= PACKET_SIZE_MAX; i++)
		garbage[i] |= 0x80;
	peer_send(party->peer, garbage, sizeof(garbage));
}

static void (*const faults[KINDS])(struct party *) = {hang_up, reset, fall_silent, rave};

static inline void strike(struct play *play)
{
	struct party *victim = &play->parties[play->victim];

	read_party(play, play->victim); /* with bytes unread a close is a reset */
	if (play->victim == BETA && play->step == DIALS)
		return; /* the hole is silent from the beginning */
	if (victim->peer == NULL)
		blame(play, "the victim has gone before its fault");
	else
		faults[play->kind](victim);
}

static inline bool is_on_the_way(const struct play *play)
{
	return has_read(play, "on your way");
}

/* Is it known when alpha is lost: before beta goes on, that is. */
static inline bool is_seen(const struct play *play)
{
	return play->victim == ALPHA && play->step >= NAMED && play->step < BEGUN &&
	       play->kind != SILENCE && !(play->flags & HASTY);
}

/* The others go on as if nothing had happened. */
static inline void carry_on(struct play *play)
{
	struct peer *client = play->parties[CLIENT].peer;
	struct party *victim = &play->parties[play->victim];

	play->is_faulted = true;
	if (victim->has_ended && !victim->is_mute)
		party_leave(victim);
	for (int who = ALPHA; who <= GAMMA; who++)
		if (who != (int)play->victim)
			party_go(&play->parties[who], GATE);
	if (play->keeps_ping && client != NULL && !play->parties[CLIENT].is_mute) {
		client->keeps_pings = false;
		if (play->has_ping)
			peer_send(client, play->ping, sizeof(play->ping));
	}
	play->keeps_ping = false;
}

static inline void perform(struct play *play)
{
	struct party *client = &play->parties[CLIENT];

	client->peer = (play->flags & CPE ? client_login_cpe : client_login)(proxy, play->name);
	await(play, is_on_alpha, "no login at alpha");
	if (play->flags & MID_LEVEL && play->trouble == NULL) {
		peer_forget(client->peer);
		party_go_again(&play->parties[ALPHA], HALF_CHUNK);
		await(play, is_in_mid_level, "no level from alpha");
	}
	if (play->trouble != NULL)
		return;
	play->keeps_ping = client->peer->keeps_pings = play->step == SPAWN;
	jump(play);
	bool is_behind = play->flags & HASTY && play->victim != CLIENT;
	if (play->flags & TWICE && !is_behind)
		ask_for_gamma(play);
	if (play->trouble != NULL)
		return;
	peer_forget(client->peer);
	strike(play);
	if (play->flags & TWICE && is_behind)
		ask_for_gamma(play);
	if (is_seen(play))
		await(play, is_on_the_way, "the loss of alpha goes unnoticed");
	carry_on(play);
}

#endif
