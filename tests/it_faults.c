/* SPDX-License-Identifier: MIT */
/*
 * What must not happen when a client stalls or leaves at the wrong moment, when servers kick,
 * hang, vanish or don't answer, and when the machine has no thread to give: nobody else is
 * held up, nobody is lost or sent where they were just thrown out, and no packet is cut in two.
 */
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include "harness.h"

#define TWO_SERVERS "'servers':[" SERVER("alpha") "," SERVER("beta") "]"
/* One look at the servers at the start and no more, and a lobby with a name to know it by. */
#define CALM     ",'name':'Limbo','health':{'interval-ms':3600000}"
#define TWO_HUBS TWO_SERVERS CALM ",'hubs':['alpha','beta']"
#define HUBS     9
#define FILLERS  4
#define SOON_MS  8000  /* "a few seconds" */
#define STUFFED  32768 /* bytes that the proxy does not get round to reading */

static struct backend alpha, beta, hubs[HUBS];
static int fillers[FILLERS];
static struct proxy *proxy;
static struct peer *alice, *link_a, *link_b;

static void setup(void)
{
	backend_open(&alpha);
	backend_open(&beta);
	for (size_t i = 0; i < FILLERS; i++)
		fillers[i] = -1;
	alice = link_a = link_b = NULL;
}

static void teardown(void)
{
	for (size_t i = 0; i < FILLERS; i++)
		if (fillers[i] >= 0)
			close(fillers[i]);
	backend_close(&alpha);
	backend_close(&beta);
}

static void alice_on_alpha(bool cpe)
{
	alice = (cpe ? join_cpe : join)(proxy, &alpha, "Alice", "Alpha", &link_a);
	exchange(alice, link_a);
	peer_forget(alice);
}

static void start_two(bool cpe)
{
	proxy = proxy_start(TWO_SERVERS CALM, alpha.port, beta.port);
	alice_on_alpha(cpe);
}

/* Link_b has the player's identification then, and beta has not answered. */
static void ask_for_beta(bool cpe)
{
	peer_chat(alice, ":kura jump beta");
	link_b = backend_accept(&beta);
	if (cpe)
		link_negotiate(link_b, NULL, 0);
}

static void finish(void)
{
	peer_close(alice);
	peer_close(link_a);
	peer_close(link_b);
	proxy_stop(proxy);
}

static void close_link(struct peer **link)
{
	peer_close(*link);
	*link = NULL;
}

/* Whoever has dialled and said something by now is found: on loopback it is there at once. */
static void expect_no_login(struct backend *backend)
{
	for (unsigned i = 0; i < 20; i++)
		ck_assert_msg(backend_try(backend) == NULL, "a login too many");
}

static size_t many_words(uint8_t words[static 66 * 64])
{
	size_t size = 0;

	while (size < (size_t)66 * 64)
		size += packet_write_message(words + size, 255, "blah");
	return size;
}

/* No longer takes connections in, and does not refuse them either. */
static void fill_queue(struct backend *backend)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof(address);

	ck_assert_int_eq(listen(backend->fd, 0), 0);
	getsockname(backend->fd, (struct sockaddr *)&address, &length);
	for (size_t i = 0; i < FILLERS; i++) {
		fillers[i] = socket(address.ss_family,
				    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		ck_assert_int_ge(fillers[i], 0);
		if (connect(fillers[i], (struct sockaddr *)&address, length) != 0)
			ck_assert_int_eq(errno, EINPROGRESS);
	}
}

static void wait_threads(unsigned threads)
{
	int64_t deadline = harness_now() + harness_ms(SOON_MS);

	while (proxy_threads(proxy) < threads && harness_now() < deadline)
		poll(NULL, 0, 5); /* /proc can't be waited for */
	ck_assert_uint_ge(proxy_threads(proxy), threads);
}

/* Ends the proxy, of which the caller may read the log then. */
static void end_soon(void)
{
	int64_t since = harness_now();
	int status;

	proxy_signal(proxy, SIGTERM);
	status = proxy_wait(proxy);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	ck_assert_int_lt(harness_now() - since, harness_ms(SOON_MS));
}

/* ---- clients that stall or leave ---- */

static void asks_who(struct peer *client)
{
	peer_forget(client);
	peer_chat(client, ":kura who");
	peer_wait_text(client, "Alice");
}

/* Her server floods her, her jump fails, and she reads nothing of either. */
START_TEST(a_player_who_stops_reading_holds_nobody_up)
{
	int64_t login_ms = harness_ms(1000), until;
	struct peer *bob, *carl, *link_bob, *link_carl;

	proxy = proxy_start(TWO_SERVERS CALM
			    ",'login-timeout-ms':%d,'client-timeout-ms':600000",
			    alpha.port, beta.port, (int)login_ms);
	bob = join(proxy, &alpha, "Bob", "Alpha", &link_bob);
	alice_on_alpha(false);
	ask_for_beta(false);
	until = harness_now() + 2 * login_ms;
	proxy_deafen(proxy, &link_a, 1);
	do {
		asks_who(bob);
		poll(NULL, 0, 10); /* he types */
	} while (harness_now() < until);
	carl = join(proxy, &alpha, "Carl", "Alpha", &link_carl);
	exchange(carl, link_carl);
	asks_who(carl);
	peer_close(bob);
	peer_close(carl);
	end_soon();
	proxy_free(proxy);
	peer_close(alice);
	peer_close(link_a);
	peer_close(link_b);
	peer_close(link_bob);
	peer_close(link_carl);
}
END_TEST

/*
 * Until the proxy reads no more. Its kernel finds some more room when it first tries again; a
 * second of nothing promises that this is over. All that was sent has arrived, so that the end
 * of the connection will arrive, too.
 */
static void stuff(struct peer *client)
{
	int64_t since = harness_now();
	uint8_t words[66 * 64];
	size_t size = many_words(words);
	int on_its_way = 0;

	while (on_its_way > 0 || harness_now() - since < 1000) {
		size_t unread = proxy_unread(client);

		if (unread < STUFFED || !proxy_is_stuck(proxy, client))
			since = harness_now();
		for (; unread < STUFFED; unread += size)
			peer_send(client, words, size);
		ck_assert_int_eq(ioctl(client->fd, SIOCOUTQ, &on_its_way), 0);
	}
}

/* What a proxy sends to this server soon piles up: with packets like these, the kernel takes in
 * little on either side. */
static void make_narrow(const struct backend *backend)
{
	const int room = 16384, segment = 536;

	ck_assert(setsockopt(backend->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)) == 0 &&
		  setsockopt(backend->fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof(segment)) ==
			  0);
}

/* Nor does it matter whether Kurafuto has noticed that they have. */
START_TEST(a_hung_server_does_not_keep_the_name_of_a_client_that_left)
{
	struct peer *link;

	make_narrow(&alpha);
	proxy = proxy_start(TWO_SERVERS CALM ",'server-timeout-ms':0,'client-timeout-ms':0",
			    alpha.port, beta.port);
	alice_on_alpha(false);
	stuff(alice);
	close_link(&alice);
	if (_i == 0)
		proxy_wait_log(proxy, "leaves after");
	alice = join(proxy, &alpha, "Alice", "Alpha", &link);
	exchange(alice, link);
	peer_close(link);
	finish();
}
END_TEST

/* Alice is on her way to alpha, which does not answer: she has just come, or jumps from beta.
 */
static void alice_dials_a_hole(bool by_jump, unsigned *threads)
{
	struct pollfd looked_at = {beta.fd, POLLIN, 0};

	fill_queue(&alpha);
	proxy = proxy_start(TWO_SERVERS CALM ",'connect-timeout-ms':30000,'hubs':['%s']",
			    alpha.port, beta.port, by_jump ? "beta" : "alpha");
	ck_assert_int_eq(poll(&looked_at, 1, (int)harness_ms(SOON_MS)), 1);
	*threads = proxy_threads(proxy); /* all that there are without players */
	if (by_jump) {
		alice = join(proxy, &beta, "Alice", "Beta", &link_b);
		peer_chat(alice, ":kura jump alpha");
	} else {
		alice = client_login(proxy, "Alice");
	}
	wait_threads(*threads + 2 + by_jump);
}

START_TEST(shutdown_does_not_wait_for_a_connect)
{
	unsigned threads;
	int64_t since;

	alice_dials_a_hole(_i == 1, &threads);
	since = harness_now();
	proxy_signal(proxy, SIGTERM);
	peer_expect_disconnect(alice, "Server shutting down");
	close_link(&alice);
	ck_assert_int_eq(proxy_wait(proxy), 0);
	ck_assert_int_lt(harness_now() - since, harness_ms(SOON_MS));
	proxy_free(proxy);
	peer_close(link_b);
}
END_TEST

START_TEST(a_client_that_leaves_during_a_connect_accuses_no_server)
{
	unsigned threads;

	alice_dials_a_hole(_i == 1, &threads);
	close_link(&alice);
	proxy_wait_log(proxy, "leaves after");
	proxy_wait_counts(proxy, threads, UINT32_MAX);
	end_soon();
	ck_assert(!proxy_logged(proxy, "is down"));
	proxy_free(proxy);
	peer_close(link_b);
}
END_TEST

static void someone_stops_the_proxy(void)
{
	proxy_signal(proxy, SIGTERM);
}

static void alice_sends_nonsense(void)
{
	peer_send(alice, "\xee", 1);
}

/* All that came are whole packets, and the last says why it ended. */
static void expect_whole_chunks_and_goodbye(const uint8_t chunk[static 1028], const char *word)
{
	char reason[PACKET_STRING_LEN + 1] = "";
	unsigned chunks = 0;
	const uint8_t *packet;

	while ((packet = peer_next(alice)) != NULL && packet[0] != OP_DISCONNECT) {
		if (packet[0] != OP_LEVEL_DATA_CHUNK)
			continue;
		chunks++;
		ck_assert_int_eq(memcmp(packet, chunk, 1028), 0);
	}
	ck_assert_ptr_nonnull(packet);
	packet_get_string(reason, packet + 1);
	ck_assert_msg(harness_says(reason, word), "\"%s\"", reason);
	ck_assert_uint_gt(chunks, 0);
	ck_assert_ptr_null(peer_next(alice));
	ck_assert_uint_eq(alice->start, alice->end);
}

/* The client is slow, not dead: it reads on a moment after the proxy has given up waiting. */
START_TEST(an_end_in_mid_level_cuts_no_packet)
{
	static const struct {
		void (*act)(void);
		const char *told;
	} cases[] = {{someone_stops_the_proxy, "Server shutting down"},
		     {alice_sends_nonsense, "0xee"}};
	uint8_t chunk[1028];
	struct pollfd quiet;

	proxy = proxy_start(TWO_SERVERS CALM ",'client-timeout-ms':600000", alpha.port,
			    beta.port);
	alice_on_alpha(false);
	peer_send(link_a, "\x02", 1);
	peer_until(alice, OP_LEVEL_INITIALIZE);
	memset(chunk, 0xee, sizeof(chunk));
	chunk[0] = OP_LEVEL_DATA_CHUNK;
	proxy_flood(proxy, &link_a, 1, chunk, sizeof(chunk));
	cases[_i].act();
	ck_assert(peer_closes_within(link_a, harness_ms(SOON_MS)));
	quiet = (struct pollfd){alice->fd, POLLRDHUP, 0};
	ck_assert_int_eq(poll(&quiet, 1, 250), 0);
	expect_whole_chunks_and_goodbye(chunk, cases[_i].told);
	close_link(&alice);
	if (_i == 0) {
		ck_assert_int_eq(proxy_wait(proxy), 0);
		proxy_free(proxy);
		close_link(&link_a);
	} else {
		finish();
	}
}
END_TEST

/* Reads the offer and answers it with CustomBlocks or nothing; the reply goes to `out`. */
static size_t short_reply(uint8_t *out, bool custom_blocks)
{
	unsigned n = packet_get_u16(peer_expect(alice, OP_EXT_INFO) + 65);
	size_t size = packet_write_ext_info(out, "Tester 1.0", custom_blocks);

	while (n-- > 0)
		peer_expect(alice, OP_EXT_ENTRY);
	if (!custom_blocks)
		return size;
	dialect_set(&alice->dialect, harness_catalog(), EXT_CUSTOM_BLOCKS, 1);
	size += packet_write_ext_entry(out + size, "CustomBlocks", 1);
	return size + packet_write_custom_block_level(out + size, 1);
}

/*
 * A client that does not wait to be let in: its commands are answered, its chat is refused in
 * words, since no server is there to hear it, its position means nothing yet, and a packet that
 * is only half there by then is delivered whole.
 */
START_TEST(what_follows_the_negotiation_in_one_segment)
{
	uint8_t out[1024], words[66];
	size_t size;

	proxy = proxy_start(TWO_SERVERS CALM, alpha.port, beta.port);
	alice = client_connect(proxy);
	client_identify(alice, PACKET_PROTOCOL, true, "Alice", NULL);
	size = short_reply(out, _i == 1);
	memset(out + size, 0, 10);
	out[size] = OP_POSITION;
	size += 10;
	size += packet_write_message(out + size, 255, ":kura who");
	size += packet_write_message(out + size, 255, "too early");
	packet_write_message(words, 255, "just in time");
	memcpy(out + size, words, 30);
	peer_send(alice, out, size + 30);
	link_a = backend_accept(&alpha);
	peer_wait_text(alice, "on their way (1): Alice");
	peer_wait_text(alice, "nobody hears you");
	link_welcome(link_a, "Alpha");
	client_arrive(alice, "Alpha");
	peer_send(alice, words + 30, sizeof(words) - 30);
	peer_expect_bytes(link_a, words, sizeof(words));
	exchange(alice, link_a);
	finish();
}
END_TEST

/* ---- kicks and fallbacks ---- */

static void start_hubs(void)
{
	char servers[1024] = "", names[256] = "";
	size_t n = 0, m = 0;

	for (unsigned i = 0; i < HUBS; i++) {
		const char *comma = i > 0 ? "," : "";

		backend_open(&hubs[i]);
		n += (size_t)snprintf(servers + n, sizeof(servers) - n,
				      "%s{'name':'h%u','address':'127.0.0.1','port':%u}", comma,
				      i, hubs[i].port);
		m += (size_t)snprintf(names + m, sizeof(names) - m, "%s'h%u'", comma, i);
	}
	proxy = proxy_start("'servers':[%s],'hubs':[%s]" CALM, servers, names);
}

START_TEST(many_hubs_that_kick_are_tried_once_each)
{
	start_hubs();
	alice = client_login(proxy, "Alice");
	for (unsigned i = 0; i < HUBS; i++) {
		char name[8];

		snprintf(name, sizeof(name), "Hub %u", i);
		link_a = backend_accept(&hubs[i]);
		link_welcome(link_a, name);
		client_arrive(alice, name);
		link_kick(link_a, "Not here");
		peer_expect_close(link_a);
		close_link(&link_a);
	}
	client_arrive(alice, "Limbo");
	for (unsigned i = 0; i < HUBS; i++)
		expect_no_login(&hubs[i]);
	finish();
	for (unsigned i = 0; i < HUBS; i++)
		backend_close(&hubs[i]);
}
END_TEST

START_TEST(a_kick_during_a_jump_that_fails_leads_to_the_lobby)
{
	start_two(false);
	ask_for_beta(false);
	link_kick(link_a, "You griefed the spawn");
	peer_wait_text(alice, "You griefed the spawn");
	if (_i == 1)
		link_kick(link_b, "Members only");
	close_link(&link_b);
	client_arrive(alice, "Limbo");
	peer_wait_text(alice, _i == 1 ? "Members only" : "beta");
	expect_no_login(&alpha);
	expect_no_login(&beta);
	finish();
}
END_TEST

/* Whether or not it is known that the next hub is dead. */
START_TEST(the_words_of_a_kick_survive_a_dead_hub)
{
	bool has_lobby = _i < 2;

	if (_i == 0)
		backend_refuse(&beta);
	proxy = proxy_start(TWO_HUBS ",'lobby':%s,'log':{'level':'debug'}", alpha.port,
			    beta.port, has_lobby ? "true" : "false");
	proxy_wait_log(proxy, _i == 0 ? ") is down" : "server beta (");
	alice_on_alpha(false);
	backend_refuse(&beta);
	link_kick(link_a, "You griefed the spawn");
	if (has_lobby) {
		client_arrive(alice, "Limbo");
		peer_wait_text(alice, "You griefed the spawn");
		ck_assert_ptr_null(strstr(alice->text, "beta"));
	} else {
		peer_expect_disconnect(alice, "You griefed the spawn");
	}
	finish();
}
END_TEST

START_TEST(a_kick_closes_the_link_of_a_silent_client_at_once)
{
	start_two(_i == 1);
	link_kick(link_a, "Begone");
	ck_assert_msg(peer_closes_within(link_a, harness_ms(2000)), "the link stays open");
	client_arrive(alice, "Limbo");
	finish();
}
END_TEST

/* A target that lets the player in and throws them out in one breath was none. */
START_TEST(a_target_that_kicks_right_behind_its_identification)
{
	uint8_t out[2 * PACKET_SIZE_MAX];
	size_t size;

	start_two(_i == 1);
	ask_for_beta(_i == 1);
	size = packet_write_server_identification(out, &link_b->dialect, "Beta", "Hello", 0);
	size += packet_write_disconnect(out + size, "No room for you");
	peer_send(link_b, out, size);
	peer_wait_text(alice, "No room for you");
	peer_wait_text(alice, "stay where you are");
	peer_expect_close(link_b);
	exchange(alice, link_a);
	ck_assert_str_eq(alice->server, "Alpha");
	finish();
}
END_TEST

/* ---- dialling ---- */

START_TEST(a_connection_that_was_dialled_early_and_lost_is_forgiven)
{
	proxy = proxy_start(TWO_SERVERS CALM, alpha.port, beta.port);
	alice = client_connect(proxy);
	client_identify(alice, PACKET_PROTOCOL, true, "Alice", NULL);
	backend_wait_dialled(&alpha);
	while (alpha.n_pending > 0)
		close(alpha.pending[--alpha.n_pending]);
	client_negotiate(alice, NULL, 0);
	link_a = backend_accept(&alpha);
	link_welcome(link_a, "Alpha");
	client_arrive(alice, "Alpha");
	ask_for_beta(false);
	peer_wait_text(alice, "jumping to beta");
	ck_assert_msg(!harness_says(alice->text, "can't be reached"), "the player reads: %s",
		      alice->text);
	link_welcome(link_b, "Beta");
	client_arrive(alice, "Beta");
	peer_expect_close(link_a);
	peer_close(link_a);
	close_link(&link_b);
	link_a = backend_accept(&alpha);
	link_welcome(link_a, "Alpha");
	client_arrive(alice, "Alpha");
	exchange(alice, link_a);
	finish();
}
END_TEST

START_TEST(a_jump_asked_for_twice_is_one_login)
{
	unsigned threads;
	bool closed;

	start_two(false);
	ask_for_beta(false);
	threads = proxy_threads(proxy);
	peer_chat(alice, ":kura jump beta");
	exchange(alice, link_a);
	proxy_wait_counts(proxy, threads, UINT32_MAX);
	expect_no_login(&beta);
	ck_assert(peer_try(link_b, &closed) == NULL && !closed);
	link_welcome(link_b, "Beta");
	client_arrive(alice, "Beta");
	exchange(alice, link_b);
	expect_no_login(&beta);
	finish();
}
END_TEST

/* ---- no threads ---- */

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
/* The proxy's address space may grow by so many bytes; -1: without limit. */
static void limit_memory(long more)
{
	struct rlimit limit;
	unsigned long pages = 0;
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%ld/statm", (long)proxy_pid(proxy));
	file = fopen(path, "r");
	ck_assert(file != NULL && fscanf(file, "%lu", &pages) == 1);
	fclose(file);
	ck_assert_int_eq(prlimit(proxy_pid(proxy), RLIMIT_AS, NULL, &limit), 0);
	limit.rlim_cur = more < 0 ? limit.rlim_max
				  : pages * (rlim_t)sysconf(_SC_PAGESIZE) + (rlim_t)more;
	ck_assert_int_eq(prlimit(proxy_pid(proxy), RLIMIT_AS, &limit, NULL), 0);
}

/* Without room for a stack there is no thread: for a newcomer not even one, or not both. */
START_TEST(without_threads_players_hear_that_it_is_full)
{
	static const long rooms[] = {0, 80 * 1024};
	struct peer *bob, *carl, *link_carl;

	start_two(false);
	limit_memory(rooms[_i]);
	bob = client_login(proxy, "Bob");
	peer_expect_disconnect(bob, "full");
	peer_close(bob);
	exchange(alice, link_a);
	limit_memory(-1);
	carl = join(proxy, &alpha, "Carl", "Alpha", &link_carl);
	exchange(carl, link_carl);
	peer_close(carl);
	peer_close(link_carl);
	finish();
}
END_TEST

/* There is room for one stack, and what else a jump needs, but not for two. */
START_TEST(a_jump_without_a_thread_overtakes_nothing)
{
	uint8_t jumps[2 * 66];
	size_t size = packet_write_message(jumps, PACKET_SELF, ":kura jump beta");

	start_two(false);
	limit_memory(128 * 1024);
	size += packet_write_message(jumps + size, PACKET_SELF, ":kura jump lobby");
	peer_send(alice, jumps, size);
	peer_wait_text(alice, "kurafuto is full, you stay");
	link_b = backend_accept(&beta);
	limit_memory(-1);
	link_welcome(link_b, "Beta");
	client_arrive(alice, "Beta");
	exchange(alice, link_b);
	finish();
}
END_TEST

START_TEST(without_threads_a_player_stays)
{
	start_two(false);
	limit_memory(0);
	peer_chat(alice, ":kura jump beta");
	peer_wait_text(alice, "you stay where you are");
	exchange(alice, link_a);
	limit_memory(-1);
	ask_for_beta(false);
	link_welcome(link_b, "Beta");
	client_arrive(alice, "Beta");
	exchange(alice, link_b);
	finish();
}
END_TEST
#endif

/* ---- pings, and a torn level ---- */

static void ping_passes(struct peer *from, struct peer *to, const uint8_t ping[static 4])
{
	peer_send(from, ping, 4);
	peer_expect_bytes(to, ping, 4);
}

/* Behind the spawn there are two pings, in either order: beta's, and one of the proxy's own. */
static void read_two_pings(uint8_t own[static 4], const uint8_t betas[static 4])
{
	unsigned others = 0;

	for (unsigned i = 0; i < 2; i++) {
		const uint8_t *ping = peer_until(alice, OP_TWO_WAY_PING);

		if (memcmp(ping, betas, 4) == 0)
			continue;
		memcpy(own, ping, 4);
		others++;
	}
	ck_assert_uint_eq(others, 1);
	ck_assert_uint_eq(own[1], 1);
}

START_TEST(pings_reach_whom_they_are_meant_for)
{
	static const uint8_t answered[] = {OP_TWO_WAY_PING, 1, 0x11, 0x11},
			     stale[] = {OP_TWO_WAY_PING, 1, 0x11, 0x12},
			     clients[] = {OP_TWO_WAY_PING, 0, 0x00, 0x42},
			     betas[] = {OP_TWO_WAY_PING, 1, 0x22, 0x22};
	uint8_t own[4];

	start_two(true);
	alice->keeps_pings = link_a->keeps_pings = true;
	ping_passes(link_a, alice, answered);
	ping_passes(alice, link_a, answered);
	ping_passes(alice, link_a, clients);
	ping_passes(link_a, alice, clients);
	ping_passes(link_a, alice, stale);
	ask_for_beta(true);
	link_b->keeps_pings = true;
	link_welcome(link_b, "Beta");
	peer_send(link_b, betas, sizeof(betas));
	client_arrive(alice, "Beta");
	read_two_pings(own, betas);
	peer_send(alice, stale, sizeof(stale));
	client_move(alice, 1000, 200, 300);
	peer_send(alice, betas, sizeof(betas));
	client_move(alice, 1500, 200, 300);
	peer_send(alice, own, sizeof(own));
	client_move(alice, 2000, 200, 300);
	peer_expect_bytes(link_b, betas, sizeof(betas));
	ck_assert_int_eq(link_position_x(link_b, peer_expect(link_b, OP_POSITION)), 2000);
	ping_passes(alice, link_b, clients);
	ping_passes(link_b, alice, answered);
	ping_passes(alice, link_b, answered);
	finish();
}
END_TEST

/* The volume that a level announces in front of its blocks; all of it must be there. */
static unsigned level_volume(uint8_t *stream, size_t size)
{
	uint8_t level[64];
	z_stream z = {.next_in = stream,
		      .avail_in = (uInt)size,
		      .next_out = level,
		      .avail_out = sizeof(level)};
	size_t n;

	ck_assert_int_eq(inflateInit2(&z, 15 + 16), Z_OK);
	ck_assert_int_eq(inflate(&z, Z_FINISH), Z_STREAM_END);
	inflateEnd(&z);
	n = sizeof(level) - z.avail_out;
	ck_assert_uint_ge(n, 4);
	ck_assert_uint_eq(n, 4 + packet_get_u32(level));
	return packet_get_u32(level);
}

/* A vanilla client dies of half a level that is finalized, and can't do without the end. */
START_TEST(a_torn_level_is_made_whole_for_a_vanilla_client)
{
	uint8_t chunk[1028] = {OP_LEVEL_DATA_CHUNK, 4, 0}, stream[4096];
	const uint8_t *packet;
	size_t size = 0;

	start_two(false);
	peer_send(link_a, "\x02", 1);
	peer_send(link_a, chunk, sizeof(chunk));
	peer_until(alice, OP_LEVEL_DATA_CHUNK);
	backend_refuse(&alpha);
	close_link(&link_a);
	peer_expect(alice, OP_LEVEL_INITIALIZE);
	ck_assert_str_eq(alice->server, "Alpha");
	while ((packet = peer_next(alice))[0] == OP_LEVEL_DATA_CHUNK) {
		unsigned n = packet_get_u16(packet + 1);

		ck_assert_uint_le(size + n, sizeof(stream));
		memcpy(stream + size, packet + 3, n);
		size += n;
	}
	ck_assert_uint_eq(packet[0], OP_LEVEL_FINALIZE);
	for (size_t i = 1; i < 7; i += 2)
		ck_assert_uint_eq(packet_get_u16(packet + i), 1);
	ck_assert_uint_eq(level_volume(stream, size), 1);
	client_arrive(alice, "Limbo");
	finish();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("faults");
	TCase *tcase = harness_case(suite, "faults");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_player_who_stops_reading_holds_nobody_up);
	tcase_add_loop_test(tcase, a_hung_server_does_not_keep_the_name_of_a_client_that_left,
			    0, 2);
	tcase_add_loop_test(tcase, shutdown_does_not_wait_for_a_connect, 0, 2);
	tcase_add_loop_test(tcase, a_client_that_leaves_during_a_connect_accuses_no_server, 0,
			    2);
	tcase_add_loop_test(tcase, an_end_in_mid_level_cuts_no_packet, 0, 2);
	tcase_add_loop_test(tcase, what_follows_the_negotiation_in_one_segment, 0, 2);
	tcase_add_test(tcase, many_hubs_that_kick_are_tried_once_each);
	tcase_add_loop_test(tcase, a_kick_during_a_jump_that_fails_leads_to_the_lobby, 0, 2);
	tcase_add_loop_test(tcase, the_words_of_a_kick_survive_a_dead_hub, 0, 3);
	tcase_add_loop_test(tcase, a_kick_closes_the_link_of_a_silent_client_at_once, 0, 2);
	tcase_add_loop_test(tcase, a_target_that_kicks_right_behind_its_identification, 0, 2);
	tcase_add_test(tcase, a_connection_that_was_dialled_early_and_lost_is_forgiven);
	tcase_add_test(tcase, a_jump_asked_for_twice_is_one_login);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	tcase_add_loop_test(tcase, without_threads_players_hear_that_it_is_full, 0, 2);
	tcase_add_test(tcase, without_threads_a_player_stays);
	tcase_add_test(tcase, a_jump_without_a_thread_overtakes_nothing);
#endif
	tcase_add_test(tcase, pings_reach_whom_they_are_meant_for);
	tcase_add_test(tcase, a_torn_level_is_made_whole_for_a_vanilla_client);
	return harness_run(suite);
}
