/* SPDX-License-Identifier: MIT */
/*
 * The oracle: after a jump from one server to another a player's client is in the same state as
 * one that logged straight into the other server, for every pair of dialects. Random clients
 * and random servers, the real binary between them; a model of a client reads what arrives.
 *
 * Each seed is a journey of a login and one jump, or three. After every step the client must be
 * as one of the server's own dialect that had heard the server without Kurafuto; after the last
 * one also as a client of its own dialect that logged into the last server through Kurafuto.
 *
 * KURAFUTO_ORACLE_SEEDS says how many seeds, KURAFUTO_ORACLE_SEED with which to begin (alone:
 * it is the only one), and with KURAFUTO_ORACLE_VERBOSE all packets are printed.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "../layout.h"
#include "harness.h"
#include "harness_model.h"
#include "harness_traffic.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SEEDS_PLAIN  500 /* about five seconds */
#define SEEDS_SLOW   60  /* with sanitizers */
#define FAILURES_MAX 10  /* printed before giving up */
#define STAGES_MAX   4
#define TOURS        8
#define SERVERS      3
#define LIST_MAX     (2 * EXT_STANDARD_COUNT)
#define DEADLINE_MS  10000
#define MARKER_MAX   32

static const char *const server_names[SERVERS] = {"alpha", "beta", "gamma"};

/* The extensions that one side lists. */
struct list {
	struct extension entries[LIST_MAX];
	size_t n;
};

/* A server that the player visits. */
struct stage {
	unsigned server; /* by server_names */
	bool speaks_cpe;
	bool admits_first;   /* sends its identification before it negotiates */
	bool asks_for_level; /* sends CustomBlockSupportLevel */
	uint32_t seed;
	struct list list;
};

struct plan {
	const char *software;
	uint32_t seed;
	char player[PACKET_STRING_LEN + 1];
	uint8_t protocol;
	bool cpe;
	struct list list;
	struct stage stages[STAGES_MAX];
	unsigned n_stages;
};

/* A client on its journey. */
struct traveller {
	const struct plan *plan;
	const char *how; /* "login" or "jump" to the server of */
	const struct stage *stage;
	struct peer *client, *link;
	struct model model;
	char marker[MARKER_MAX]; /* in the last line of what the server has to say */
	bool has_arrived;
	char why[2 * MODEL_WHY_MAX]; /* what is wrong; else empty */
};

static struct backend backends[SERVERS];
static bool is_verbose;
static uint32_t *current_seed; /* shared with the parent, for tests that die */

/* ---- plans ---- */

static void list_add(struct list *list, unsigned extension, uint32_t version)
{
	list->entries[list->n++] = (struct extension){
		packet_extension(harness_catalog(), extension)->name, version};
}

static bool list_names(const struct list *list, unsigned extension)
{
	const char *name = packet_extension(harness_catalog(), extension)->name;

	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->entries[i].name, name) == 0)
			return true;
	return false;
}

/* All, none, or some of the extensions, at any version that there is. */
static void random_list(struct list *list, struct dice *dice)
{
	unsigned density = dice_below(dice, 4) == 0 ? 9 : dice_below(dice, 10);

	list->n = 0;
	for (unsigned i = 0; i < EXT_STANDARD_COUNT; i++) {
		unsigned highest = packet_extension(harness_catalog(), i)->version;

		if (dice_below(dice, 8) < density)
			list_add(list, i,
				 density == 9 ? highest : 1 + dice_below(dice, highest));
	}
}

static void swap_entries(struct extension *a, struct extension *b)
{
	struct extension old = *a;

	*a = *b;
	*b = old;
}

/* Servers list in any order, and some list version 1 beside version 2. */
static void disorder_list(struct list *list, struct dice *dice)
{
	for (size_t i = list->n; i > 0; i--) {
		struct extension twice = {list->entries[i - 1].name, 1};

		if (list->entries[i - 1].version == 2 && dice_below(dice, 4) == 0)
			list->entries[list->n++] = twice;
	}
	for (size_t i = list->n; i > 1 && dice_below(dice, 20) != 0; i--)
		swap_entries(&list->entries[i - 1],
			     &list->entries[dice_below(dice, (unsigned)i)]);
}

/* The model is ClassiCube's, which is not let in without any custom blocks; then it is another
 * client, and those read ExtAddEntity with version 1 of ExtPlayerList only. */
static void name_software(struct plan *plan)
{
	static const unsigned blocks[] = {EXT_BLOCK_DEFINITIONS, EXT_BLOCK_DEFINITIONS_EXT,
					  EXT_EXTENDED_BLOCKS};

	plan->software = "Other 1.0";
	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++)
		if (list_names(&plan->list, blocks[i]))
			plan->software = "ClassiCube 1.3.8";
	for (size_t i = 0; plan->software[0] == 'O' && i < plan->list.n; i++)
		plan->list.entries[i].version = 1;
}

/* DefineBlockExt leaves behind what only BlockDefinitions can undo, and no client has the one
 * without the other. */
static void plan_client(struct plan *plan, struct dice *dice)
{
	plan->cpe = dice_below(dice, 8) != 0;
	plan->protocol = PACKET_PROTOCOL;
	if (!plan->cpe && dice_below(dice, 2) == 0)
		plan->protocol = (uint8_t)(PACKET_PROTOCOL_MIN + dice_below(dice, 4));
	random_list(&plan->list, dice);
	if (list_names(&plan->list, EXT_BLOCK_DEFINITIONS_EXT) &&
	    !list_names(&plan->list, EXT_BLOCK_DEFINITIONS))
		list_add(&plan->list, EXT_BLOCK_DEFINITIONS, 1);
	name_software(plan);
}

static void plan_stage(struct stage *stage, unsigned server, struct dice *dice)
{
	stage->server = server;
	stage->seed = dice_below(dice, 1u << 30);
	stage->speaks_cpe = dice_below(dice, 8) != 0;
	stage->admits_first = dice_below(dice, 8) == 0;
	stage->asks_for_level = dice_below(dice, 2) == 0;
	random_list(&stage->list, dice);
	disorder_list(&stage->list, dice);
}

/* Most players jump once, some come back to where they began. */
static void make_plan(struct plan *plan, uint32_t seed)
{
	static const unsigned route[STAGES_MAX] = {0, 1, 2, 0};
	struct dice dice;

	memset(plan, 0, sizeof(*plan));
	dice_init(&dice, seed);
	plan->seed = seed;
	snprintf(plan->player, sizeof(plan->player), "P%u", seed);
	plan_client(plan, &dice);
	plan->n_stages = dice_below(&dice, 6) == 0 ? 4 : 2;
	for (unsigned i = 0; i < plan->n_stages; i++)
		plan_stage(&plan->stages[i], route[i], &dice);
}

/* ---- what to show ---- */

static void print_dialect(const char *who, const struct dialect *d)
{
	printf("  %s: version %u%s:", who, d->protocol, d->cpe ? ", CPE" : "");
	for (unsigned i = 0; i < EXT_STANDARD_COUNT; i++)
		if (dialect_has(d, i))
			printf(" %s %u", packet_extension(harness_catalog(), i)->name,
			       d->version[i]);
	printf("\n");
}

static void print_packet(const char *arrow, const struct dialect *d, const uint8_t *p)
{
	char text[2048];

	layout_describe(text, sizeof(text), d, PACKET_TO_CLIENT, p);
	printf("  %s %s\n", arrow, text);
}

static void print_traffic(const struct traffic *traffic, const struct dialect *d)
{
	for (size_t at = 0; at < traffic->size;
	     at += dialect_size(d, PACKET_TO_CLIENT, traffic->bytes[at]))
		print_packet("server says", d, traffic->bytes + at);
}

/* ---- a client and a server ---- */

static bool complain(struct traveller *t, const char *what, const char *why)
{
	snprintf(t->why, sizeof(t->why), "%s to %s, %s: %s", t->how,
		 server_names[t->stage->server], what, why);
	return false;
}

/* Every packet that reaches the client passes here. */
static void on_packet(void *context, const uint8_t *packet, size_t size)
{
	struct traveller *t = context;

	if (is_verbose)
		print_packet("   client hears", &t->client->dialect, packet);
	if (packet[0] == OP_TWO_WAY_PING && packet[1] == 1)
		peer_send(t->client, packet, size);
	if (packet[0] == OP_MESSAGE &&
	    memmem(packet + 2, PACKET_STRING_LEN, t->marker, strlen(t->marker)) != NULL)
		t->has_arrived = true;
}

/* Other links may be those of players who have left. */
static struct peer *accept_player(const struct stage *stage, const char *player)
{
	for (;;) {
		struct peer *link = backend_accept(&backends[stage->server]);

		if (strcmp(link->id.name, player) == 0)
			return link;
		peer_close(link);
	}
}

/* From here on the model reads what arrives. */
static void hand_over(struct traveller *t)
{
	struct peer *client = t->client;

	model_init(&t->model, &client->dialect, t->plan->player);
	t->model.on_packet = on_packet;
	t->model.context = t;
	model_feed(&t->model, client->in + client->start, client->end - client->start);
	client->start = client->end = 0;
	if (is_verbose)
		print_dialect("the client", &client->dialect);
}

static void set_off(struct traveller *t, const char *how, const struct stage *stage)
{
	t->how = how;
	t->stage = stage;
	if (is_verbose)
		printf("seed %u: %s to %s%s\n", t->plan->seed, how, server_names[stage->server],
		       stage->admits_first ? ", which identifies before it negotiates" : "");
}

static void enter(struct traveller *t, const char *how, const struct proxy *proxy,
		  const struct plan *plan, const struct stage *stage)
{
	memset(t, 0, sizeof(*t));
	t->plan = plan;
	set_off(t, how, stage);
	t->client = client_connect(proxy);
	client_identify(t->client, plan->protocol, plan->cpe, plan->player, NULL);
	if (plan->cpe)
		client_negotiate_as(t->client, plan->software, plan->list.entries,
				    plan->list.n);
	hand_over(t);
	t->link = accept_player(stage, plan->player);
}

static bool hear(struct traveller *t)
{
	uint8_t bytes[65536];
	ssize_t n = recv(t->client->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (n > 0)
		return model_feed(&t->model, bytes, (size_t)n) ||
		       complain(t, "the client", t->model.fault);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	return complain(t, "the client", "the connection has been closed");
}

/* The server speaks and the client listens, both as fast as they can, until the marker has
 * arrived. */
static bool relay(struct traveller *t, const uint8_t *bytes, size_t size)
{
	int64_t deadline = harness_now() + harness_ms(DEADLINE_MS);

	while (!t->has_arrived) {
		int64_t left = deadline - harness_now();
		struct pollfd fds[] = {{t->client->fd, POLLIN, 0},
				       {t->link->fd, size > 0 ? POLLOUT : 0, 0}};

		if (left <= 0 || poll(fds, COUNT(fds), (int)left) <= 0)
			return complain(t, "in time", "not everything has arrived");
		if (fds[0].revents != 0 && !hear(t))
			return false;
		if (fds[1].revents & (POLLHUP | POLLERR))
			return t->has_arrived ||
			       complain(t, "the server", "its link has been closed");
		if (fds[1].revents & POLLOUT) {
			ssize_t n = send(t->link->fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);

			bytes += n > 0 ? n : 0;
			size -= n > 0 ? (size_t)n : 0;
		}
	}
	return true;
}

/* Against a client of the server's dialect that has heard the same without Kurafuto: the first
 * bytes before the negotiation. */
static bool check_directly(struct traveller *t, const struct traffic *traffic, size_t first)
{
	char why[MODEL_WHY_MAX];
	struct model direct;
	bool is_same;

	model_init(&direct, &t->link->dialect, t->plan->player);
	dialect_init(&direct.dialect, harness_catalog(), t->link->dialect.protocol,
		     t->link->dialect.cpe);
	is_same = model_feed(&direct, traffic->bytes, first);
	direct.dialect = t->link->dialect;
	is_same = is_same && model_feed(&direct, traffic->bytes + first, traffic->size - first);
	model_concede(&direct, &t->model);
	if (!is_same)
		complain(t, "the server's traffic itself", direct.fault);
	else
		is_same = model_same(&t->model, &direct, why) ||
			  complain(t, "not as without Kurafuto", why);
	model_fini(&direct);
	return is_same;
}

static void negotiate(struct traveller *t)
{
	const struct stage *stage = t->stage;

	link_negotiate(t->link, stage->list.entries, stage->list.n);
	if (stage->asks_for_level && dialect_has(&t->link->dialect, EXT_CUSTOM_BLOCKS))
		peer_send(t->link, "\x13\x01", 2);
}

/* The server of the stage, from its login to the end of its traffic. */
static bool visit(struct traveller *t)
{
	const struct stage *stage = t->stage;
	bool speaks_cpe = t->link->cpe && stage->speaks_cpe;
	bool admits_first = speaks_cpe && stage->admits_first;
	struct traffic traffic = {.size = 0};
	size_t sent;
	bool is_fine;

	snprintf(t->marker, sizeof(t->marker), "mark %u.%u", t->plan->seed, stage->seed);
	t->has_arrived = false;
	if (admits_first)
		traffic_identify(&traffic, stage->seed, &t->link->dialect);
	sent = traffic.size;
	peer_send(t->link, traffic.bytes, sent);
	if (speaks_cpe)
		negotiate(t);
	traffic_greet(&traffic, stage->seed, &t->link->dialect);
	if (!admits_first)
		traffic_identify(&traffic, stage->seed, &t->link->dialect);
	traffic_play(&traffic, stage->seed, &t->link->dialect, t->plan->player, t->marker);
	if (is_verbose) {
		print_dialect(server_names[stage->server], &t->link->dialect);
		print_traffic(&traffic, &t->link->dialect);
	}
	is_fine = relay(t, traffic.bytes + sent, traffic.size - sent) &&
		  check_directly(t, &traffic, sent);
	traffic_free(&traffic);
	return is_fine;
}

static void jump(struct traveller *t, const struct stage *stage)
{
	struct peer *old = t->link;
	char command[64];

	set_off(t, "jump", stage);
	snprintf(command, sizeof(command), ":kura jump %s", server_names[stage->server]);
	peer_chat(t->client, command);
	t->link = accept_player(stage, t->plan->player);
	peer_close(old);
}

/* The client leaves, and so the link ends; what it said is checked on the way. */
static void leave(struct traveller *t)
{
	peer_close(t->client);
	if (t->why[0] == '\0')
		peer_expect_close(t->link);
	peer_close(t->link);
	model_fini(&t->model);
}

/* ---- seeds ---- */

struct proxies {
	struct proxy *from_alpha;        /* on which players begin, and jump */
	struct proxy *straight[SERVERS]; /* on which they log in at once where others end */
};

static struct proxy *start_proxy(const char *hub)
{
	return proxy_start("'servers':[" SERVER("alpha") "," SERVER("beta") "," SERVER(
				   "gamma") "],'hubs':['%s'],"
					    "'health':{'interval-ms':3600000}",
			   backends[0].port, backends[1].port, backends[2].port, hub);
}

/* The state after the journey against that after a login at its end. */
static bool check_arrival(struct traveller *t, const struct proxies *proxies)
{
	const struct plan *plan = t->plan;
	const struct stage *last = &plan->stages[plan->n_stages - 1];
	struct traveller fresh;
	char why[MODEL_WHY_MAX];
	bool is_same;

	enter(&fresh, "login straight", proxies->straight[last->server], plan, last);
	is_same = visit(&fresh);
	if (!is_same)
		memcpy(t->why, fresh.why, sizeof(t->why));
	else
		is_same = model_same(&t->model, &fresh.model, why) ||
			  complain(t, "not as after a login", why);
	if (is_verbose) {
		printf("  the client that has jumped:\n");
		model_dump(stdout, &t->model);
		printf("  the client that has logged in:\n");
		model_dump(stdout, &fresh.model);
	}
	leave(&fresh);
	return is_same;
}

static bool travel(struct traveller *t, const struct proxies *proxies, const struct plan *plan)
{
	enter(t, "login", proxies->from_alpha, plan, &plan->stages[0]);
	for (unsigned i = 0; i < plan->n_stages; i++) {
		if (i > 0)
			jump(t, &plan->stages[i]);
		if (!visit(t))
			return false;
	}
	return check_arrival(t, proxies);
}

static bool run_plan(const struct proxies *proxies, const struct plan *plan, const char *again)
{
	struct traveller t;
	bool is_fine;

	*current_seed = plan->seed;
	is_fine = travel(&t, proxies, plan);
	if (!is_fine)
		printf("seed %u: %s\n%s", plan->seed, t.why, again);
	fflush(stdout);
	leave(&t);
	return is_fine;
}

static bool run_seed(const struct proxies *proxies, uint32_t seed)
{
	struct plan plan;
	char again[128];

	make_plan(&plan, seed);
	snprintf(again, sizeof(again),
		 "  again: KURAFUTO_ORACLE_SEED=%u KURAFUTO_ORACLE_VERBOSE=1 and this test "
		 "alone\n",
		 seed);
	return run_plan(proxies, &plan, again);
}

static unsigned number_from(const char *variable, unsigned otherwise)
{
	const char *value = getenv(variable);

	return value != NULL && atoi(value) > 0 ? (unsigned)atoi(value) : otherwise;
}

static unsigned seeds_to_run(void)
{
	unsigned usual = harness_ms(1) > 1 ? SEEDS_SLOW : SEEDS_PLAIN;

	return number_from("KURAFUTO_ORACLE_SEEDS",
			   number_from("KURAFUTO_ORACLE_SEED", 0) != 0 ? 1 : usual);
}

static void open_world(struct proxies *proxies)
{
	for (unsigned i = 0; i < SERVERS; i++)
		backend_open(&backends[i]);
	proxies->from_alpha = start_proxy("alpha");
	for (unsigned i = 0; i < SERVERS; i++)
		proxies->straight[i] = start_proxy(server_names[i]);
}

static void close_world(const struct proxies *proxies)
{
	*current_seed = 0;
	proxy_stop(proxies->from_alpha);
	for (unsigned i = 0; i < SERVERS; i++)
		proxy_stop(proxies->straight[i]);
	for (unsigned i = 0; i < SERVERS; i++)
		backend_close(&backends[i]);
}

START_TEST(a_jump_leaves_no_trace)
{
	unsigned first = number_from("KURAFUTO_ORACLE_SEED", 1), n = seeds_to_run();
	unsigned failures = 0;
	struct proxies proxies;

	open_world(&proxies);
	for (unsigned i = 0; i < n && failures < FAILURES_MAX; i++)
		failures += !run_seed(&proxies, first + i);
	close_world(&proxies);
	ck_assert_msg(failures == 0, "%u seeds failed, see above", failures);
}
END_TEST

static void list_everything(struct list *list)
{
	list->n = 0;
	for (unsigned i = 0; i < EXT_STANDARD_COUNT; i++)
		list_add(list, i, packet_extension(harness_catalog(), i)->version);
}

/* A client with every extension goes from a server with all of them to one with none, on to
 * another with all, and back. */
static void plan_tour(struct plan *plan, uint32_t seed, unsigned stops)
{
	make_plan(plan, seed);
	/* whose name is not still taken by the tour before */
	snprintf(plan->player, sizeof(plan->player), "P%u_%u", seed, stops);
	plan->cpe = true;
	plan->protocol = PACKET_PROTOCOL;
	plan->software = "ClassiCube 1.3.8";
	list_everything(&plan->list);
	plan->n_stages = stops;
	for (unsigned i = 0; i < stops; i++) {
		struct stage *stage = &plan->stages[i];

		*stage = (struct stage){
			.server = i % SERVERS, .seed = seed * 8 + i, .speaks_cpe = i != 1};
		list_everything(&stage->list);
	}
}

/* At each stop the client must be as after a login there. */
START_TEST(everything_nothing_and_everything_again)
{
	unsigned failures = 0;
	struct proxies proxies;
	struct plan plan;

	open_world(&proxies);
	for (uint32_t seed = 1; seed <= TOURS; seed++)
		for (unsigned stops = 2; stops <= STAGES_MAX; stops++) {
			plan_tour(&plan, seed, stops);
			failures += !run_plan(&proxies, &plan, "  on the tour\n");
		}
	close_world(&proxies);
	ck_assert_msg(failures == 0, "%u tours failed, see above", failures);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("oracle");
	TCase *tcase = harness_case(suite, "oracle");
	int status;

	is_verbose = getenv("KURAFUTO_ORACLE_VERBOSE") != NULL;
	current_seed = mmap(NULL, sizeof(*current_seed), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (current_seed == MAP_FAILED) {
		perror("mmap");
		return EXIT_FAILURE;
	}
	tcase_set_timeout(tcase, (double)harness_ms(25000 + 150 * seeds_to_run()) / 1000);
	tcase_add_test(tcase, everything_nothing_and_everything_again);
	tcase_add_test(tcase, a_jump_leaves_no_trace);
	status = harness_run(suite);
	if (status != EXIT_SUCCESS && *current_seed != 0)
		printf("it died in KURAFUTO_ORACLE_SEED=%u\n", *current_seed);
	return status;
}
