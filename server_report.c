/* SPDX-License-Identifier: MIT */
/*
 * Up or down: what checks and players' links have shown of a server is counted here, and when
 * to check next follows from it. The one idea: a connection proves less than a login. A check
 * that only connects does not make up for players who could not log in; what a link has shown
 * counts either way.
 */
#include <stdlib.h>

#include "log.h"
#include "server_private.h"

#define BACK_OFF_MAX     2  /* the interval, doubled so often at most */
#define RELAPSES_MAX     12 /* the same for what follows */
#define RELAPSE_MS       1000 /* how long a server stays down because of a failed login, at first */
#define SUSPECT_EVERY_MS 1000 /* how often cut links may have a server checked */
#define LOGIN_FALL       3    /* logins in a row that died, at least, take a server down */
#define SPAN_TEXT        32

int64_t server_check_pause_ms(int64_t interval_ms, unsigned fails, uint32_t random)
{
	int64_t pause_ms = interval_ms << (fails < BACK_OFF_MAX ? fails : BACK_OFF_MAX);
	int64_t fifth = pause_ms / 5;

	return pause_ms - fifth / 2 + random % (fifth + 1);
}

static void schedule_locked(struct server *server)
{
	int64_t suspect_ms = server->checked_ms + SUSPECT_EVERY_MS;

	server->next_check_ms =
		net_now_ms() + server_check_pause_ms(server->registry->interval_ms,
						     server->fails, arc4random());
	if (server->is_suspect && suspect_ms < server->next_check_ms)
		server->next_check_ms = suspect_ms;
}

/*
 * A link has taken the server down. Perhaps that was only this player's bad luck, so that the
 * next check comes soon; but a server that lets nobody in, although it takes connections, is
 * left alone longer each time.
 */
static void schedule_relapse_locked(struct server *server, int64_t now_ms)
{
	int64_t interval_ms = server->registry->interval_ms;
	int64_t longest_ms = interval_ms << BACK_OFF_MAX;
	int64_t pause_ms = interval_ms < RELAPSE_MS ? interval_ms : RELAPSE_MS;

	pause_ms <<= server->relapses < RELAPSES_MAX ? server->relapses : RELAPSES_MAX;
	if (pause_ms > longest_ms)
		pause_ms = longest_ms;
	if (now_ms + pause_ms < server->next_check_ms)
		server->next_check_ms = now_ms + pause_ms;
	server->relapses++;
}

/* Who says something about a server. */
enum witness {
	WITNESS_CHECK,
	WITNESS_DIAL,  /* a player's connection, or a whole login that worked */
	WITNESS_LOGIN, /* a login that died on a connection that worked */
};

/* A login may die because of its player alone, of a ban that is a mere hang-up, say: one of
 * them must not take the server from everybody. */
static bool is_down_locked(const struct server *server)
{
	unsigned fall = server->registry->fall;
	unsigned logins = fall > LOGIN_FALL ? fall : LOGIN_FALL;

	return server->misses + server->link_misses >= fall || server->login_misses >= logins;
}

/* Counts what was seen; true if the server goes up or down by it. */
static bool count_locked(struct server *server, bool works, enum witness witness)
{
	const struct registry *registry = server->registry;
	bool is_up = atomic_load(&server->up);

	if (works) {
		server->hits++;
		server->misses = server->fails = 0;
		if (witness != WITNESS_CHECK)
			server->link_misses = server->login_misses = server->relapses = 0;
	} else {
		server->hits = 0;
		server->misses += witness == WITNESS_CHECK;
		server->link_misses += witness == WITNESS_DIAL;
		server->login_misses += witness == WITNESS_LOGIN;
		server->fails += !is_up && witness == WITNESS_CHECK;
	}
	if (!server->reported && witness != WITNESS_LOGIN)
		return true; /* the first word about it is believed */
	if (works == is_up)
		return false;
	return works ? server->hits >= registry->rise : is_down_locked(server);
}

/* What there is to log about a change. */
struct change {
	bool is_one, is_first, works;
	unsigned misses;
	int64_t lasted_s;
};

/* Moves the server up or down, if what was seen says so. */
static struct change note_locked(struct server *server, bool works, enum witness witness)
{
	int64_t now_ms = net_now_ms();
	struct change change = {.is_one = count_locked(server, works, witness),
				.is_first = !server->reported,
				.works = works,
				.misses = server->misses + server->link_misses +
					  server->login_misses,
				.lasted_s = (now_ms - server->changed_ms) / 1000};

	if (!change.is_one)
		return change;
	server->reported = true;
	server->changed_ms = now_ms;
	server->fails = 0;
	if (works && !change.is_first)
		server->misses = server->link_misses = server->login_misses = 0;
	server->downs += !works;
	server->is_suspect &= works;
	if (!works && witness != WITNESS_CHECK)
		schedule_relapse_locked(server, now_ms);
	if (works && !change.is_first)
		atomic_store(&server->up_since_ms, now_ms);
	atomic_store(&server->up, works);
	return change;
}

/* "59 s", "59 min" or "48 h 30 min". */
static void write_span(char out[static SPAN_TEXT], int64_t s)
{
	if (s < 120)
		snprintf(out, SPAN_TEXT, "%d s", (int)s);
	else if (s < 7200)
		snprintf(out, SPAN_TEXT, "%d min", (int)(s / 60));
	else
		snprintf(out, SPAN_TEXT, "%lld h %d min", (long long)(s / 3600),
			 (int)(s / 60 % 60));
}

static void log_change(const struct server *server, const struct change *change,
		       const char *why)
{
	char address[SERVER_ADDRESS_MAX], span[SPAN_TEXT];

	server_address(server, address);
	write_span(span, change->lasted_s);
	if (change->is_first && change->works)
		log_debug("server %s (%s) is up", server_name(server), address);
	else if (change->works)
		log_info("server %s (%s) is up again after %s", server_name(server), address,
			 span);
	else if (change->misses > 1)
		log_warn("server %s (%s) is down after %u failures: %s", server_name(server),
			 address, change->misses, why);
	else
		log_warn("server %s (%s) is down: %s", server_name(server), address, why);
}

/* Outside of the lock: says what has changed, and has the background thread act on it. */
static void follow_up(struct server *server, const struct change *change, const char *why)
{
	if (!change->is_one)
		return;
	log_change(server, change, why);
	registry_kick(server->registry);
}

static void report(struct server *server, bool works, enum witness witness, const char *why)
{
	struct registry *registry = server->registry;
	struct change change = {.is_one = false};

	if (server_is_lobby(server))
		return;
	pthread_mutex_lock(&registry->lock);
	server->failures += !works;
	if (atomic_load(&server->is_linked))
		change = note_locked(server, works, witness);
	pthread_mutex_unlock(&registry->lock);
	follow_up(server, &change, why);
}

void server_report(struct server *server, bool works, const char *why)
{
	report(server, works, WITNESS_DIAL, why);
}

void server_report_login(struct server *server, const char *why)
{
	report(server, false, WITNESS_LOGIN, why);
	server_suspect(server);
}

/* Does what a check has shown, or not, still matter. If so, it is over. */
static bool end_check_locked(struct server *server, unsigned generation)
{
	if (server->generation != generation)
		return false;
	server->is_checking = false;
	return atomic_load(&server->is_linked);
}

void server_report_check(struct server *server, unsigned generation, bool works,
			 int64_t latency_us, const char *why)
{
	struct registry *registry = server->registry;
	struct change change = {.is_one = false};

	pthread_mutex_lock(&registry->lock);
	if (end_check_locked(server, generation)) {
		if (works)
			server->latency_us = latency_us;
		change = note_locked(server, works, WITNESS_CHECK);
		schedule_locked(server);
	}
	pthread_mutex_unlock(&registry->lock);
	follow_up(server, &change, why);
}

void server_skip_check(struct server *server, unsigned generation)
{
	pthread_mutex_lock(&server->registry->lock);
	if (end_check_locked(server, generation))
		schedule_locked(server);
	pthread_mutex_unlock(&server->registry->lock);
}

void server_suspect(struct server *server)
{
	struct registry *registry = server->registry;
	bool is_news = false;

	if (server_is_lobby(server))
		return;
	pthread_mutex_lock(&registry->lock);
	int64_t at_ms = server->checked_ms + SUSPECT_EVERY_MS;
	if (atomic_load(&server->up) && !server->is_suspect) {
		server->is_suspect = is_news = true;
		if (at_ms < server->next_check_ms)
			server->next_check_ms = at_ms;
	}
	pthread_mutex_unlock(&registry->lock);
	if (is_news)
		registry_kick(registry);
}
