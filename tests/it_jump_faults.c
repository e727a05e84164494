/* SPDX-License-Identifier: MIT */
/*
 * A fault at every step of a jump, on every socket that takes part in it, of every kind; for
 * clients with and without CPE, over a level that is under way, with a second jump on top.
 * Afterwards the player is where a small rule says (allowed()), can chat and move there, and
 * Kurafuto has exactly the threads and descriptors of those who still play; memory does not
 * grow.
 *
 * Many plays share a proxy, and wait for their outcomes together. Silence costs a time-out: of
 * its cases a plain build takes every second, and a build with a sanitizer takes a part of all
 * cases. KURAFUTO_FAULTS=all takes all of them, as CI should now and then.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"
#include "it_jump_play.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#else
#define SANITIZED false
#endif

#define SERVERS                                                                          \
	"'servers':[" SERVER("alpha") "," SERVER("beta") "," SERVER("gamma") "," SERVER( \
		"hole") "],'hubs':['alpha'],'name':'Limbo','return':false,"              \
			"'health':{'interval-ms':3600000,'fall':100}"
/* Nothing is found by waiting. */
#define PATIENT                                                        \
	SERVERS ",'login-timeout-ms':60000,'client-timeout-ms':60000," \
		"'server-timeout-ms':60000"
/* All is found by waiting. */
#define BRIEF                                                                           \
	SERVERS ",'login-timeout-ms':%d,'client-timeout-ms':%d,'server-timeout-ms':%d," \
		"'connect-timeout-ms':%d"
#define BRIEF_MS     1500 /* the lobby shows every 1000 that it is alive */
#define AGAIN_MS     100  /* from one try of a name to the next */
#define BATCH        16   /* plays that wait together where nothing takes long */
#define FILLERS      4
#define ROUNDS       6      /* of which the memory must not grow in those that follow */
#define ROUNDS_FIRST 2      /* the first ones */
#define GROWTH_KIB   2048   /* the allocator keeps that much more at one time than at another */
#define KEPT_WORD    "stay" /* of what a player hears whose jump has failed */

static const struct variant {
	const char *name;
	unsigned flags;
} variants[] = {
	{"vanilla", 0},
	{"CPE", CPE},
	{"CPE, recoded", CPE | RECODED},
	{"vanilla in mid-level", MID_LEVEL},
	{"CPE in mid-level", CPE | MID_LEVEL},
	{"vanilla, two jumps", TWICE},
	{"CPE, two jumps", CPE | TWICE},
	{"vanilla in mid-level, two jumps", MID_LEVEL | TWICE},
	{"CPE in mid-level, two jumps", CPE | MID_LEVEL | TWICE},
	{"vanilla in haste", HASTY},
	{"CPE in haste", CPE | HASTY},
	{"vanilla in haste, two jumps", HASTY | TWICE},
	{"CPE in haste, two jumps", CPE | HASTY | TWICE},
	{"vanilla, no way back", HOMELESS},
	{"CPE, no way back", CPE | HOMELESS},
};
#define VARIANTS (sizeof(variants) / sizeof(variants[0]))

static struct backend hole; /* in the end it neither takes connections nor refuses them */
static int fillers[FILLERS];
static unsigned base_threads, base_fds; /* of a proxy without players */
static unsigned failures, cases;

/* ---- the rule ---- */

static bool is_swapped(const struct play *play)
{
	bool is_late = play->victim == BETA && play->kind == SILENCE &&
		       (play->step == IDENT || play->step == WAITING);

	return play->step >= BEGUN || is_late; /* a level is waited for, but no condition */
}

static unsigned allowed(const struct play *play)
{
	bool is_swapped_then = is_swapped(play);
	/* what is known of beta only behind what let the player in */
	bool is_race = (play->flags & HASTY) ? play->step >= BEGUN
					     : play->step == WAITING && play->kind == GARBAGE;

	if (play->victim == CLIENT)
		return GONE;
	if (play->victim == GAMMA)
		return play->step >= BEGUN ? STAYS_ON_BETA : STAYS_ON_ALPHA;
	if (play->flags & TWICE)
		return ON_GAMMA;
	if (play->victim == ALPHA)
		return play->step == DIALS ? IN_LOBBY : ON_BETA;
	if (is_race)
		return STAYS_ON_ALPHA | BACK_ON_ALPHA;
	if (!is_swapped_then)
		return STAYS_ON_ALPHA;
	return play->flags & HOMELESS ? IN_LOBBY : BACK_ON_ALPHA;
}

/* Is there such a case. */
static bool applies(const struct play *play)
{
	unsigned flags = play->flags;

	if ((play->step == HALF_LIST || play->step == REPLIED) && !(flags & CPE))
		return false;
	if (flags & MID_LEVEL ? play->step > WAITING : play->step == WAITING)
		return false;
	if (play->victim == GAMMA && (!(flags & TWICE) || (flags & HASTY)))
		return false;
	if (flags & HOMELESS && (play->victim != BETA || play->step < BEGUN))
		return false;
	if (flags & HASTY && (play->kind == SILENCE || play->step == GATE))
		return false;
	return play->step != DIALS || ((play->victim != BETA || play->kind == SILENCE) &&
				       !(flags & (RECODED | MID_LEVEL | HASTY)));
}

/* The line that the log must have: garbage is named. Empty if there need not be one. */
static void wanted_line(const struct play *play, char line[static 96])
{
	bool is_beaten = play->flags & TWICE && play->victim != GAMMA;

	line[0] = '\0';
	if (play->kind != GARBAGE)
		return;
	if (play->victim == CLIENT)
		snprintf(line, 96, "%s: Your client sent packet 0x", play->name);
	else if (play->victim == GAMMA)
		snprintf(line, 96, "%s: can't join gamma: it sent packet 0x", play->name);
	else if (play->victim == BETA && !is_beaten && !(play->flags & RECODED))
		snprintf(line, 96, "%s: %s beta: it sent packet 0x", play->name,
			 play->place == STAYS_ON_ALPHA ? "can't join" : "loses");
	else if (play->victim == ALPHA && !is_beaten && !(play->flags & HASTY) &&
		 play->step < BEGUN)
		snprintf(line, 96, "%s: loses alpha: it sent packet 0x", play->name);
}

/* ---- the outcome ---- */

/* Kurafuto has closed all sockets of a player who has gone, or will find that nobody is there.
 */
static bool has_ended(const struct play *play)
{
	for (int who = CLIENT; who <= GAMMA; who++)
		if (is_open(&play->parties[who]))
			return false;
	return true;
}

static bool has_arrived(const struct play *play, enum place place)
{
	switch (place) {
	case STAYS_ON_ALPHA:
		return is_at(play, "Alpha") && has_read(play, KEPT_WORD);
	case STAYS_ON_BETA:
		return is_in_game(play, "Beta") && has_read(play, KEPT_WORD);
	case ON_BETA:
		return is_in_game(play, "Beta");
	case ON_GAMMA:
		return is_in_game(play, "Gamma");
	case BACK_ON_ALPHA:
		return is_in_game(play, "Alpha") && play->parties[HOME].peer != NULL;
	case IN_LOBBY:
		return is_in_game(play, "Limbo");
	case GONE:
		return has_ended(play);
	}
	return false;
}

/* Who hears the player there: CLIENT in the lobby, NULL if the player has gone. */
static struct party *listener(struct play *play)
{
	switch (play->place) {
	case STAYS_ON_ALPHA:
		return &play->parties[ALPHA];
	case STAYS_ON_BETA:
	case ON_BETA:
		return &play->parties[BETA];
	case ON_GAMMA:
		return &play->parties[GAMMA];
	case BACK_ON_ALPHA:
		return &play->parties[HOME];
	case IN_LOBBY:
		return &play->parties[CLIENT];
	case GONE:
		break;
	}
	return NULL;
}

static void arrive(struct play *play, enum place place)
{
	static unsigned number;
	struct party *party;

	play->place = place;
	party = listener(play);
	if (party == NULL)
		return;
	if (party->peer == NULL) {
		blame(play, "the link of the place has gone");
		return;
	}
	snprintf(play->mark, sizeof(play->mark), "mark %u.", ++number);
	peer_chat(play->parties[CLIENT].peer, play->mark);
	if (place == IN_LOBBY)
		return;
	peer_chat(party->peer, play->mark);
	party->has_moved = false;
	party->wanted_x = 100 + (int)(number % 10000);
	client_move(play->parties[CLIENT].peer, (int16_t)party->wanted_x, 2000, 300);
}

/* The name is free when somebody else gets as far as alpha with it. */
static bool is_name_free(struct play *play)
{
	bool closed = false;

	while (play->again != NULL && peer_try(play->again, &closed) != NULL)
		;
	if (closed) {
		peer_close(play->again);
		play->again = NULL;
	}
	if (play->again == NULL && harness_now() >= play->again_ms) {
		play->again = client_login(proxy, play->name);
		play->again_ms = harness_now() + AGAIN_MS;
	}
	return play->parties[HOME].peer != NULL;
}

static bool is_working(struct play *play)
{
	const struct party *party = listener(play);
	const struct peer *client = play->parties[CLIENT].peer;

	if (party == NULL)
		return is_name_free(play);
	if (party->peer == NULL || client == NULL)
		return false;
	return strstr(client->text, play->mark) != NULL &&
	       (play->place == IN_LOBBY ||
		(strstr(party->peer->text, play->mark) != NULL && party->has_moved));
}

static void judge_play(struct play *play)
{
	unsigned places = allowed(play);
	char line[96];

	for (unsigned place = 1; place <= GONE && play->place == 0; place *= 2)
		if (places & place && has_arrived(play, (enum place)place))
			arrive(play, (enum place)place);
	if (play->place != GONE && play->parties[CLIENT].peer == NULL &&
	    play->trouble == NULL && !(places & GONE))
		blame(play, "the client was disconnected");
	if (play->place == 0 || !is_working(play))
		return;
	wanted_line(play, line);
	play->is_done = line[0] == '\0' || proxy_logged(proxy, line);
	if (play->is_done && play->place == GONE) {
		peer_close(play->again);
		play->again = NULL;
		party_leave(&play->parties[HOME]);
	}
}

/* ---- a batch of plays ---- */

static void report(const struct play *play)
{
	const struct peer *client = play->parties[CLIENT].peer;

	failures++;
	printf("%s (%s): %s; may be at 0x%02x, arrived at 0x%02x; the client: %s, %sspawned, "
	       "\"%s\" %s\n",
	       play->name, variants[play->variant].name, play->trouble, allowed(play),
	       play->place, client != NULL ? client->server : "closed",
	       play->has_spawned ? "" : "not ", client != NULL ? client->text : "",
	       play->reason);
	fflush(stdout);
}

static bool is_settled(void)
{
	for (size_t i = 0; i < n_plays; i++)
		if (!plays[i]->is_done && plays[i]->trouble == NULL)
			return false;
	return true;
}

/* Exactly what the players who are left need: two threads and two sockets each, and the
 * lobby's end of a link. */
static void await_counts_of_living(void)
{
	int64_t deadline = harness_now() + harness_ms(OUTCOME_MS);
	unsigned threads = base_threads, fds = base_fds;

	for (size_t i = 0; i < n_plays; i++) {
		if (plays[i]->place == GONE)
			continue;
		threads += 2;
		fds += plays[i]->place == IN_LOBBY ? 3 : 2;
	}
	while ((proxy_threads(proxy) > threads || proxy_fds(proxy) > fds) &&
	       harness_now() < deadline)
		turn();
	if (proxy_threads(proxy) <= threads && proxy_fds(proxy) <= fds)
		return;
	failures++;
	printf("%s to %s: while %u play on, %u threads instead of %u, %u descriptors instead "
	       "of %u\n",
	       plays[0]->name, plays[n_plays - 1]->name, (threads - base_threads) / 2,
	       proxy_threads(proxy), threads, proxy_fds(proxy), fds);
	fflush(stdout);
}

/* Waits for the outcomes, and for what Kurafuto must have given back by then. */
static void settle(void)
{
	int64_t deadline = harness_now() + harness_ms(OUTCOME_MS);
	bool is_clean = true;

	while (!is_settled() && harness_now() < deadline)
		turn();
	for (size_t i = 0; i < n_plays; i++) {
		if (!plays[i]->is_done)
			blame(plays[i], "no outcome in time");
		is_clean &= plays[i]->trouble == NULL;
	}
	if (is_clean && n_plays > 0)
		await_counts_of_living();
	for (size_t i = 0; i < n_plays; i++) {
		if (plays[i]->is_done && !has_arrived(plays[i], plays[i]->place))
			blame(plays[i], "the player does not stay there");
		if (plays[i]->trouble != NULL)
			report(plays[i]);
	}
}

/* All leave but the silent ones, who never help. */
static void end_batch(void)
{
	settle();
	for (size_t i = 0; i < n_plays; i++)
		for (int who = CLIENT; who < PARTIES; who++)
			if (!plays[i]->parties[who].is_mute)
				party_leave(&plays[i]->parties[who]);
	proxy_wait_counts(proxy, base_threads, base_fds);
	while (n_plays > 0)
		free_play(plays[--n_plays]);
}

static bool is_all(void)
{
	const char *which = getenv("KURAFUTO_FAULTS");

	return which != NULL && strcmp(which, "all") == 0;
}

/* Performs every `stride`th case of a variant that is of the right sort, in batches. */
static void perform_all(size_t variant, bool (*is_wanted)(const struct play *), unsigned stride,
			size_t batch)
{
	struct play plan = {.variant = variant, .flags = variants[variant].flags};

	for (unsigned i = 0; i < STEPS * (HOME - CLIENT) * KINDS; i++) {
		plan.step = (enum step)(i / KINDS / HOME);
		plan.victim = (enum who)(i / KINDS % HOME);
		plan.kind = (enum kind)(i % KINDS);
		if (!applies(&plan) || !is_wanted(&plan) ||
		    (!is_all() && cases++ % stride != 0))
			continue;
		if (n_plays == batch)
			end_batch();
		plays[n_plays] = new_play(&plan);
		perform(plays[n_plays++]);
	}
}

static bool is_quick(const struct play *play)
{
	return play->kind != SILENCE && play->step != DIALS;
}

static bool is_slow(const struct play *play)
{
	return !is_quick(play);
}

/* ---- the proxy ---- */

/* Takes the one look that a health check takes; its descriptor is closed then. */
static void await_look(const struct backend *backend)
{
	struct pollfd polled = {backend->fd, POLLIN, 0};
	char byte;

	ck_assert_int_eq(poll(&polled, 1, (int)harness_ms(OUTCOME_MS)), 1);
	int fd = accept(backend->fd, NULL, NULL);
	ck_assert_int_eq(recv(fd, &byte, 1, 0), 0);
	close(fd);
}

static void start(struct proxy *started)
{
	proxy = started;
	await_look(&alpha);
	await_look(&beta);
	await_look(&gamma_server);
	await_look(&hole);
	base_threads = proxy_threads(proxy);
	base_fds = proxy_fds(proxy);
}

static void finish(void)
{
	end_batch();
	ck_assert_msg(failures == 0, "%u cases failed, see above", failures);
	proxy_stop(proxy);
}

/* From now on it neither takes connections nor refuses them. */
static void fill_hole(void)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof(address);

	ck_assert_int_eq(listen(hole.fd, 0), 0);
	getsockname(hole.fd, (struct sockaddr *)&address, &length);
	for (size_t i = 0; i < FILLERS; i++) {
		fillers[i] = socket(address.ss_family,
				    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		ck_assert_int_ge(fillers[i], 0);
		(void)!connect(fillers[i], (struct sockaddr *)&address, length);
	}
}

static void setup(void)
{
	judge = judge_play;
	make_streams();
	backend_open(&alpha);
	backend_open(&beta);
	backend_open(&gamma_server);
	backend_open(&hole);
	for (size_t i = 0; i < FILLERS; i++)
		fillers[i] = -1;
	n_plays = 0;
	failures = cases = 0;
}

static void teardown(void)
{
	for (size_t i = 0; i < FILLERS; i++)
		if (fillers[i] >= 0)
			close(fillers[i]);
	backend_close(&alpha);
	backend_close(&beta);
	backend_close(&gamma_server);
	backend_close(&hole);
}

/* ---- tests ---- */

START_TEST(a_fault_that_shows_leaves_the_player_somewhere)
{
	beat_every_ms = 50;
	start(proxy_start(PATIENT, alpha.port, beta.port, gamma_server.port, hole.port));
	perform_all((size_t)_i, is_quick, SANITIZED ? 4 : 1, BATCH);
	finish();
}
END_TEST

START_TEST(silence_is_noticed)
{
	int ms = (int)harness_ms(BRIEF_MS);

	beat_every_ms = ms / 5;
	start(proxy_start(BRIEF, alpha.port, beta.port, gamma_server.port, hole.port, ms, ms,
			  ms, ms));
	fill_hole();
	for (size_t i = 0; i < VARIANTS; i++)
		perform_all(i, is_slow, SANITIZED ? 5 : 2, PLAYS_MAX);
	finish();
}
END_TEST

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
/* With one arena: the allocator fills several of them in no order, and that takes long. */
START_TEST(memory_does_not_grow)
{
	unsigned before = 0, after;

	beat_every_ms = 50;
	setenv("MALLOC_ARENA_MAX", "1", 1);
	start(proxy_start(PATIENT, alpha.port, beta.port, gamma_server.port, hole.port));
	for (unsigned round = 1; round <= ROUNDS; round++) {
		perform_all(1, is_quick, 4, BATCH);
		end_batch();
		if (round == ROUNDS_FIRST)
			before = proxy_rss_kib(proxy);
	}
	after = proxy_rss_kib(proxy);
	ck_assert_msg(after <= before + GROWTH_KIB, "%u KiB became %u KiB", before, after);
	finish();
}
END_TEST
#endif

static TCase *new_case(Suite *suite, const char *name)
{
	TCase *tcase = harness_case(suite, name);

	tcase_set_timeout(tcase, (double)harness_ms(100000) / 1000);
	tcase_add_checked_fixture(tcase, setup, teardown);
	return tcase;
}

int main(void)
{
	Suite *suite = suite_create("jump_faults");

	tcase_add_loop_test(new_case(suite, "shows"),
			    a_fault_that_shows_leaves_the_player_somewhere, 0, VARIANTS);
	tcase_add_test(new_case(suite, "silence"), silence_is_noticed);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	tcase_add_test(new_case(suite, "memory"), memory_does_not_grow);
#endif
	return harness_run(suite);
}
