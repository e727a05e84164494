/* SPDX-License-Identifier: MIT */
/*
 * The door. The one idea: each connection holds a ticket, which points to the records of what
 * it counts for, so that whatever is counted by it can be taken back without any search.
 *
 * A record is of a network: of a single address (/32, /128) or of many (/24, /64). A record has
 * connections, or it is in the list of idle ones, or it is freed.
 */
#include "guard.h"

#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "bucket.h"
#include "net_network.h"

#define V4_NETWORK 120 /* /24, of the bits of a mapped address */
#define V6_NETWORK 64
#define WHOLE      128
#define SWEEP      4 /* idle records that one call looks at: more than it can make */

static const struct bucket_rate probe_rate = {1, BUCKET_SECOND_MS, GUARD_PROBES};

/* Half-open logins that make room together. In the tree of those while there are any. */
struct group {
	RB_ENTRY(group) entry;
	TAILQ_HEAD(ticket_list, guard_ticket) half_open; /* the oldest first */
	unsigned n;
};

struct record {
	RB_ENTRY(record) entry;
	TAILQ_ENTRY(record) idle; /* without connections */
	struct net_network network;
	unsigned connections;
	/* Only where starts and failed logins are counted: addresses of IPv4, /64s of IPv6. */
	struct bucket starts, failures, probes;
	struct group group;
};

struct guard_ticket {
	TAILQ_ENTRY(guard_ticket) entry; /* of its group, while it is half-open */
	struct group *group;             /* NULL: not half-open any more */
	struct record *address, *network;
	struct record *payer;    /* one of them, for starts and failed logins */
	uint64_t serial;         /* the higher, the later it came */
	int64_t entered_ms;      /* as now_ms was */
	int fd;                  /* the caller's */
	bool was_heard, was_cut; /* see guard_heard(), guard_was_cut() */
};

RB_HEAD(records, record);
RB_HEAD(groups, group);

/* All of it, with the records, groups and tickets, is the lock's. */
struct guard {
	pthread_mutex_t lock;
	struct records records;
	TAILQ_HEAD(, record) idle; /* those seen last at the end */
	struct groups groups;
	struct group exempt;  /* all that have no address */
	struct bucket starts; /* of all */
	uint64_t serial;
	struct guard_counts counts;
};

/* Where a peer is counted: nowhere if it is exempt. */
struct place {
	bool is_exempt;
	struct net_network address, network;
	bool pays_as_network; /* what `payer` of a ticket is */
};

static int compare_records(const struct record *a, const struct record *b)
{
	int order = memcmp(a->network.bytes, b->network.bytes, sizeof(a->network.bytes));

	if (order != 0)
		return order;
	return (a->network.prefix > b->network.prefix) -
	       (a->network.prefix < b->network.prefix);
}

/* The last one is to make room: the one with most, and of those the one with the oldest. */
static int compare_groups(const struct group *a, const struct group *b)
{
	uint64_t a_serial = TAILQ_FIRST(&a->half_open)->serial;
	uint64_t b_serial = TAILQ_FIRST(&b->half_open)->serial;

	if (a->n != b->n)
		return a->n < b->n ? -1 : 1;
	return (a_serial < b_serial) - (a_serial > b_serial);
}

/* RB_GENERATE_STATIC() wants a macro that libbsd does not define. */
#define TREE static __attribute__((unused))
RB_GENERATE_INTERNAL(records, record, entry, compare_records, TREE)
RB_GENERATE_INTERNAL(groups, group, entry, compare_groups, TREE)

/* ---- where and how much ---- */

/* `is_named`: a proxy says so. Whoever could have it say loopback would be counted nowhere. */
static struct place place_of(const struct config *config, const struct net_addr *peer,
			     bool is_named)
{
	struct place place = {.is_exempt = true};
	uint8_t bytes[16];

	if (!net_network_address(bytes, peer) ||
	    (net_network_is_loopback(bytes) && !is_named) || config_trusts(config, peer))
		return place;
	place.is_exempt = false;
	place.pays_as_network = !net_network_is_v4(bytes);
	place.address.prefix = WHOLE;
	memcpy(place.address.bytes, bytes, 16);
	place.network.prefix = place.pays_as_network ? V6_NETWORK : V4_NETWORK;
	memcpy(place.network.bytes, bytes, place.network.prefix / 8);
	return place;
}

static struct bucket_rate start_rate(const struct config_limits *limits)
{
	return (struct bucket_rate){limits->connects_per_s, BUCKET_SECOND_MS,
				    limits->connects_burst};
}

static struct bucket_rate failure_rate(const struct config_limits *limits)
{
	return (struct bucket_rate){limits->failed_logins_per_min, BUCKET_MINUTE_MS, 0};
}

static struct bucket_rate all_rate(const struct config_limits *limits)
{
	return (struct bucket_rate){limits->all_connects_per_s, BUCKET_SECOND_MS,
				    limits->all_connects_burst};
}

/* Nobody owes more than a bucket holds, also if it has held more before, or if many logins that
 * were under way together have failed. */
static void refill(struct bucket *bucket, const struct bucket_rate *rate, int64_t now_ms)
{
	bucket_forgive(bucket, rate);
	bucket_refill(bucket, rate, now_ms);
}

static void refill_record(struct record *record, const struct config_limits *limits,
			  int64_t now_ms)
{
	struct bucket_rate starts = start_rate(limits), failures = failure_rate(limits);

	refill(&record->starts, &starts, now_ms);
	refill(&record->failures, &failures, now_ms);
	refill(&record->probes, &probe_rate, now_ms);
}

/* ---- records ---- */

static struct record *find_record(struct guard *guard, const struct net_network *network)
{
	struct record key = {.network = *network};

	return RB_FIND(records, &guard->records, &key);
}

static void free_idle(struct guard *guard, struct record *record)
{
	TAILQ_REMOVE(&guard->idle, record, idle);
	RB_REMOVE(records, &guard->records, record);
	guard->counts.idle--;
	guard->counts.addresses--;
	free(record);
}

static bool remembers(const struct record *record)
{
	return !bucket_is_full(&record->starts) || !bucket_is_full(&record->failures) ||
	       !bucket_is_full(&record->probes);
}

/* Puts a record that has no connections among the idle ones, if there is something to remember
 * of it and those who were seen later leave room. */
static void make_idle(struct guard *guard, struct record *record)
{
	TAILQ_INSERT_TAIL(&guard->idle, record, idle);
	guard->counts.idle++;
	if (!remembers(record))
		free_idle(guard, record);
	else if (guard->counts.idle > GUARD_IDLE_MAX)
		free_idle(guard, TAILQ_FIRST(&guard->idle));
}

/* Frees the first few idle records if there is nothing to remember of them any more. */
static void sweep(struct guard *guard, const struct config_limits *limits, int64_t now_ms)
{
	for (unsigned i = 0; i < SWEEP && !TAILQ_EMPTY(&guard->idle); i++) {
		struct record *record = TAILQ_FIRST(&guard->idle);

		refill_record(record, limits, now_ms);
		if (remembers(record))
			return;
		free_idle(guard, record);
	}
}

/* Counts a connection at a network, with a new record if there is none. NULL: no memory. */
static struct record *hold(struct guard *guard, const struct net_network *network)
{
	struct record *record = find_record(guard, network);

	if (record == NULL) {
		record = calloc(1, sizeof(*record));
		if (record == NULL)
			return NULL;
		record->network = *network;
		TAILQ_INIT(&record->group.half_open);
		RB_INSERT(records, &guard->records, record);
		guard->counts.addresses++;
	} else if (record->connections == 0) {
		TAILQ_REMOVE(&guard->idle, record, idle);
		guard->counts.idle--;
	}
	record->connections++;
	return record;
}

static void release(struct guard *guard, struct record *record)
{
	record->connections--;
	if (record->connections == 0)
		make_idle(guard, record);
}

/* A refused one has been seen, too. */
static void see(struct guard *guard, struct record *record)
{
	if (record == NULL || record->connections > 0)
		return;
	TAILQ_REMOVE(&guard->idle, record, idle);
	TAILQ_INSERT_TAIL(&guard->idle, record, idle);
}

/* ---- half-open logins ---- */

static void open_half(struct guard *guard, struct guard_ticket *ticket, struct group *group)
{
	struct guard_ticket *before = TAILQ_LAST(&group->half_open, ticket_list);

	if (group->n > 0)
		RB_REMOVE(groups, &guard->groups, group);
	while (before != NULL && before->serial > ticket->serial)
		before = TAILQ_PREV(before, ticket_list, entry);
	if (before == NULL)
		TAILQ_INSERT_HEAD(&group->half_open, ticket, entry);
	else
		TAILQ_INSERT_AFTER(&group->half_open, before, ticket, entry);
	group->n++;
	RB_INSERT(groups, &guard->groups, group);
	ticket->group = group;
	guard->counts.half_open++;
}

static void close_half(struct guard *guard, struct guard_ticket *ticket)
{
	struct group *group = ticket->group;

	if (group == NULL)
		return;
	RB_REMOVE(groups, &guard->groups, group);
	TAILQ_REMOVE(&group->half_open, ticket, entry);
	group->n--;
	if (group->n > 0)
		RB_INSERT(groups, &guard->groups, group);
	ticket->group = NULL;
	guard->counts.half_open--;
}

/* Cuts as many as there are too many for one more. */
static void make_room(struct guard *guard, const struct config_limits *limits)
{
	struct group *most;

	while (limits->half_open > 0 && guard->counts.half_open >= limits->half_open &&
	       (most = RB_MAX(groups, &guard->groups)) != NULL) {
		struct guard_ticket *oldest = TAILQ_FIRST(&most->half_open);

		close_half(guard, oldest);
		oldest->was_cut = true;
		shutdown(oldest->fd, SHUT_RDWR);
		guard->counts.cut++;
	}
}

/* ---- verdicts ---- */

static bool is_below(const struct record *record, unsigned limit)
{
	return limit == 0 || record == NULL || record->connections < limit;
}

/* What a payer, whose buckets are refilled, may do. NULL: nobody has come from there yet. */
static enum guard_verdict judge_payer(const struct record *payer,
				      const struct config_limits *limits)
{
	struct bucket_rate starts = start_rate(limits), failures = failure_rate(limits);

	if (payer == NULL)
		return GUARD_ADMITS;
	if (!bucket_has(&payer->failures, &failures, 1))
		return GUARD_LOGINS_FAILED;
	return bucket_has(&payer->starts, &starts, 1) ? GUARD_ADMITS : GUARD_TOO_FAST;
}

static enum guard_verdict judge(struct guard *guard, const struct config_limits *limits,
				const struct place *place, int64_t now_ms)
{
	struct record *address, *network, *payer;

	if (place->is_exempt)
		return GUARD_ADMITS;
	address = find_record(guard, &place->address);
	network = find_record(guard, &place->network);
	payer = place->pays_as_network ? network : address;
	see(guard, payer);
	if (payer != NULL)
		refill_record(payer, limits, now_ms);
	if (!is_below(address, limits->connections_per_address))
		return GUARD_ADDRESS_FULL;
	if (!is_below(network, limits->connections_per_network))
		return GUARD_NETWORK_FULL;
	return judge_payer(payer, limits);
}

/* Counts a ticket at a place that admits it. False without memory. */
static bool attach(struct guard *guard, const struct config_limits *limits,
		   struct guard_ticket *ticket, const struct place *place, int64_t now_ms)
{
	struct bucket_rate starts = start_rate(limits);

	if (place->is_exempt)
		return true;
	ticket->address = hold(guard, &place->address);
	if (ticket->address == NULL)
		return false;
	ticket->network = hold(guard, &place->network);
	if (ticket->network == NULL) {
		release(guard, ticket->address);
		ticket->address = NULL;
		return false;
	}
	ticket->payer = place->pays_as_network ? ticket->network : ticket->address;
	refill_record(ticket->payer, limits, now_ms);
	bucket_take(&ticket->payer->starts, &starts, 1);
	return true;
}

static void give_start_back(struct guard_ticket *ticket)
{
	/* What a token is does not depend on the limits. */
	static const struct bucket_rate starts = {.period_ms = BUCKET_SECOND_MS};

	bucket_give(&ticket->payer->starts, &starts, 1);
}

static void detach(struct guard *guard, struct guard_ticket *ticket)
{
	if (ticket->payer == NULL)
		return;
	release(guard, ticket->network);
	release(guard, ticket->address);
	ticket->network = ticket->address = ticket->payer = NULL;
}

static struct group *group_of(struct guard *guard, const struct guard_ticket *ticket)
{
	return ticket->payer == NULL ? &guard->exempt : &ticket->payer->group;
}

static enum guard_verdict enter_locked(struct guard *guard, const struct config_limits *limits,
				       const struct place *place, struct guard_ticket *ticket,
				       int64_t now_ms)
{
	struct bucket_rate all = all_rate(limits);
	enum guard_verdict verdict = judge(guard, limits, place, now_ms);

	refill(&guard->starts, &all, now_ms);
	if (verdict == GUARD_ADMITS && !bucket_has(&guard->starts, &all, 1))
		verdict = GUARD_ALL_TOO_FAST;
	if (verdict == GUARD_ADMITS && !attach(guard, limits, ticket, place, now_ms))
		verdict = GUARD_NO_MEMORY;
	if (verdict == GUARD_ADMITS) {
		bucket_take(&guard->starts, &all, 1);
		ticket->serial = ++guard->serial;
		make_room(guard, limits);
		open_half(guard, ticket, group_of(guard, ticket));
		guard->counts.admitted++;
		guard->counts.connections++;
	} else {
		guard->counts.refused[verdict]++;
	}
	sweep(guard, limits, now_ms);
	return verdict;
}

static enum guard_verdict move_locked(struct guard *guard, const struct config_limits *limits,
				      const struct place *place, struct guard_ticket *ticket,
				      int64_t now_ms)
{
	bool is_half_open = ticket->group != NULL;
	const struct bucket_rate all = all_rate(limits);
	enum guard_verdict verdict;

	refill(&guard->starts, &all, now_ms);
	close_half(guard, ticket);
	if (ticket->payer != NULL)
		give_start_back(ticket);
	detach(guard, ticket);
	verdict = judge(guard, limits, place, now_ms);
	if (verdict == GUARD_ADMITS && !attach(guard, limits, ticket, place, now_ms))
		verdict = GUARD_NO_MEMORY;
	if (verdict != GUARD_ADMITS) { /* which others must not pay for */
		guard->counts.refused[verdict]++;
		bucket_give(&guard->starts, &all, 1);
	}
	if (is_half_open)
		open_half(guard, ticket, group_of(guard, ticket));
	sweep(guard, limits, now_ms);
	return verdict;
}

/* ---- for all threads ---- */

struct guard *guard_new(void)
{
	struct guard *guard = calloc(1, sizeof(*guard));

	if (guard == NULL || pthread_mutex_init(&guard->lock, NULL) != 0) {
		free(guard);
		return NULL;
	}
	RB_INIT(&guard->records);
	RB_INIT(&guard->groups);
	TAILQ_INIT(&guard->idle);
	TAILQ_INIT(&guard->exempt.half_open);
	return guard;
}

void guard_free(struct guard *guard)
{
	if (guard == NULL)
		return;
	while (!TAILQ_EMPTY(&guard->idle))
		free_idle(guard, TAILQ_FIRST(&guard->idle));
	pthread_mutex_destroy(&guard->lock);
	free(guard);
}

enum guard_verdict guard_enter(struct guard *guard, const struct config *config,
			       const struct net_addr *peer, int fd, int64_t now_ms,
			       struct guard_ticket **out)
{
	struct place place = place_of(config, peer, false);
	struct guard_ticket *ticket = calloc(1, sizeof(*ticket));
	enum guard_verdict verdict = GUARD_NO_MEMORY;

	pthread_mutex_lock(&guard->lock);
	if (ticket == NULL) {
		guard->counts.refused[verdict]++;
	} else {
		ticket->fd = fd;
		ticket->entered_ms = now_ms;
		verdict = enter_locked(guard, &config->limits, &place, ticket, now_ms);
	}
	if (verdict != GUARD_ADMITS)
		guard->counts.last = *peer;
	pthread_mutex_unlock(&guard->lock);
	if (verdict != GUARD_ADMITS) {
		free(ticket);
		ticket = NULL;
	}
	*out = ticket;
	return verdict;
}

enum guard_verdict guard_move(struct guard *guard, const struct config *config,
			      struct guard_ticket *ticket, const struct net_addr *player,
			      int64_t now_ms)
{
	struct place place = place_of(config, player, true);
	enum guard_verdict verdict;

	pthread_mutex_lock(&guard->lock);
	verdict = move_locked(guard, &config->limits, &place, ticket, now_ms);
	if (verdict != GUARD_ADMITS)
		guard->counts.last = *player;
	pthread_mutex_unlock(&guard->lock);
	return verdict;
}

void guard_heard(struct guard *guard, struct guard_ticket *ticket)
{
	pthread_mutex_lock(&guard->lock);
	ticket->was_heard = true;
	pthread_mutex_unlock(&guard->lock);
}

void guard_logged_in(struct guard *guard, struct guard_ticket *ticket)
{
	pthread_mutex_lock(&guard->lock);
	close_half(guard, ticket);
	pthread_mutex_unlock(&guard->lock);
}

void guard_login_failed(struct guard *guard, const struct config *config,
			struct guard_ticket *ticket, int64_t now_ms)
{
	struct bucket_rate failures = failure_rate(&config->limits);

	pthread_mutex_lock(&guard->lock);
	if (ticket->payer != NULL) {
		refill(&ticket->payer->failures, &failures, now_ms);
		bucket_take(&ticket->payer->failures, &failures, 1);
	}
	pthread_mutex_unlock(&guard->lock);
}

bool guard_was_cut(struct guard *guard, const struct guard_ticket *ticket)
{
	pthread_mutex_lock(&guard->lock);
	bool was_cut = ticket->was_cut;
	pthread_mutex_unlock(&guard->lock);
	return was_cut;
}

/* Nobody has heard of it and it was short: its start is given back, if its address has not had
 * too many of them. */
static void forget_probe(struct guard_ticket *ticket, int64_t now_ms)
{
	if (ticket->payer == NULL || ticket->was_heard || ticket->was_cut ||
	    now_ms - ticket->entered_ms >= GUARD_PROBE_MS)
		return;
	bucket_refill(&ticket->payer->probes, &probe_rate, now_ms);
	if (!bucket_has(&ticket->payer->probes, &probe_rate, 1))
		return;
	bucket_take(&ticket->payer->probes, &probe_rate, 1);
	give_start_back(ticket);
}

void guard_leave(struct guard *guard, struct guard_ticket *ticket, int64_t now_ms)
{
	if (ticket == NULL)
		return;
	pthread_mutex_lock(&guard->lock);
	close_half(guard, ticket);
	forget_probe(ticket, now_ms);
	detach(guard, ticket);
	guard->counts.connections--;
	pthread_mutex_unlock(&guard->lock);
	free(ticket);
}

void guard_get_counts(struct guard *guard, struct guard_counts *out)
{
	pthread_mutex_lock(&guard->lock);
	*out = guard->counts;
	pthread_mutex_unlock(&guard->lock);
}
