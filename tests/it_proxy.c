/* SPDX-License-Identifier: MIT */
/*
 * The PROXY protocol with scripted peers: what proxies in front say of players, and what
 * servers hear of them. Players come from addresses of their own, 127.0.0.x. The real HAProxy
 * is it_haproxy's.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net.h"
#include "proxy_header.h"
#include "stage.h"
#include "steward.h"

#define MARK     "\x0d\x0a\x0d\x0a\x00\x0d\x0a\x51\x55\x49\x54\x0a"
#define FORWARD  "'servers':[{'name':'alpha','address':'127.0.0.1','port':%u,'forward':'%s'}]"
#define ACCEPT   ",'accept-proxy':true,'trusted-proxies':['127.0.0.0/8']"
#define ANYBODY  ",'verify-names':false"
#define PLAYER   "203.0.113.7"
#define V1       "PROXY TCP4 203.0.113.7 198.51.100.2 4321 25565\r\n"
#define V2_ENDS  "\xcb\x00\x71\x07\xc6\x33\x64\x02\x10\xe1\x63\xdd"
#define LOCAL_V1 "PROXY UNKNOWN\r\n"
#define LOCAL_V2 MARK "\x20\x00\x00\x00"

/* Bytes with their number, NULs and all. */
#define BYTES(text) (text), sizeof(text) - 1

static const struct proxy_options verbose = {.args = (const char *const[]){"-v", NULL}};

static void send_slowly(struct peer *client, const void *bytes, size_t size)
{
	const uint8_t *data = bytes;

	for (size_t i = 0; i < size; i++)
		peer_send(client, data + i, 1);
}

/* A proxy's connection, which has said so much. */
static struct peer *come_with(const char *header, size_t size)
{
	struct peer *client = client_connect(proxy);

	peer_send(client, header, size);
	return client;
}

static void take_in(struct peer *client)
{
	link_a = backend_accept(&alpha);
	link_welcome(link_a, "Alpha");
	client_arrive(client, "Alpha");
	exchange(client, link_a);
}

/* ---- in: proxies that are believed ---- */

/* clang-format off */
static const struct {
	const char *header;
	size_t size;
	bool names_player;
} headers[] = {
	{BYTES(V1), true},
	{BYTES("PROXY UNKNOWN\r\n"), false},
	{BYTES("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n"), false},
	{BYTES(MARK "\x21\x11\x00\x0c" V2_ENDS), true},
	{BYTES(MARK "\x21\x11\x00\x18" V2_ENDS "\x20\x00\x05\x01\x00\x00\x00\x00\x04\x00\x01\x00"), true},
	{BYTES(LOCAL_V2), false},
	{BYTES(MARK "\x21\x00\x00\x00"), false},
};
/* clang-format on */
#define N_HEADERS ((int)(sizeof(headers) / sizeof(headers[0])))

START_TEST(a_player_comes_through_a_proxy)
{
	bool slowly = _i >= N_HEADERS;
	int i = _i % N_HEADERS;

	proxy = proxy_start_with(&verbose, ONE_SERVER CALM ANYBODY ACCEPT, alpha.port);
	alice = client_connect(proxy);
	(slowly ? send_slowly : peer_send)(alice, headers[i].header, headers[i].size);
	client_identify(alice, PACKET_PROTOCOL, false, "Alice", NULL);
	take_in(alice);
	proxy_wait_log(proxy, headers[i].names_player
				      ? "passes on " PLAYER
					":4321, who has connected to 198.51.100.2:25565"
				      : "names no player: it counts itself");
	proxy_wait_log(proxy, headers[i].names_player ? "Alice: joins alpha from " PLAYER
							":4321"
						      : "Alice: joins alpha from 127.0.0.1:");
	finish();
}
END_TEST

/* All in one write, and the login behind it: nothing of either is lost. */
START_TEST(a_header_with_the_login_behind_it)
{
	uint8_t all[sizeof(V1) - 1 + 131] = V1;

	proxy = proxy_start(ONE_SERVER CALM ANYBODY ACCEPT, alpha.port);
	all[sizeof(V1) - 1 + 1] = PACKET_PROTOCOL;
	packet_put_string(all + sizeof(V1) - 1 + 2, "Alice");
	packet_put_string(all + sizeof(V1) - 1 + 66, "");
	alice = client_connect(proxy);
	peer_send(alice, all, sizeof(all));
	take_in(alice);
	proxy_wait_log(proxy, "Alice: joins alpha from " PLAYER ":4321");
	finish();
}
END_TEST

/* A player from the world needs a key, wherever the proxy is; one from the local network
 * doesn't. */
START_TEST(the_lan_is_where_the_player_is)
{
	proxy = proxy_start(ONE_SERVER CALM ACCEPT, alpha.port);
	proxy_wait_log(proxy, "join through one of trusted-proxies");
	alice = come_with(BYTES(V1));
	client_identify(alice, PACKET_PROTOCOL, false, "Alice", NULL);
	peer_expect_disconnect(alice, "wasn't verified");
	proxy_wait_log(proxy, "login as Alice from " PLAYER ":4321 refused");
	peer_close(alice);
	alice = come_with(BYTES("PROXY TCP6 fd00::7 fd00::1 4321 25565\r\n"));
	client_identify(alice, PACKET_PROTOCOL, false, "Alice", NULL);
	take_in(alice);
	finish();
}
END_TEST

/* What admins see, and whom a ban meets: before the game and in it. */
START_TEST(bans_meet_who_is_behind_the_proxy)
{
	steward_edits(ONE_SERVER CALM ANYBODY ACCEPT, alpha.port);
	proxy = steward_starts();
	steward_asks("ban 198.51.100.0/24", "198.51.100.0/24");
	alice = come_with(BYTES("PROXY TCP4 198.51.100.9 198.51.100.2 1 2\r\n"));
	client_identify(alice, PACKET_PROTOCOL, false, "Alice", NULL);
	peer_expect_disconnect(alice, "banned");
	peer_close(alice);
	alice = come_with(BYTES(V1));
	client_identify(alice, PACKET_PROTOCOL, false, "Alice", NULL);
	take_in(alice);
	steward_asks("players", PLAYER ":4321");
	steward_asks("find Alice", PLAYER ":4321");
	steward_asks("ban " PLAYER, "Alice");
	peer_expect_disconnect(alice, "banned");
	steward_asks("unban " PLAYER, "no longer banned"); /* they are kept for all tests */
	steward_asks("unban 198.51.100.0/24", "no longer banned");
	finish();
	steward_leaves();
}
END_TEST

/* A proxy that looks whether we are there has done nothing wrong. */
START_TEST(a_check_of_the_proxy)
{
	static const struct {
		const char *header;
		size_t size;
	} checks[] = {{BYTES(LOCAL_V2)}, {BYTES(LOCAL_V1)}, {BYTES("")}, {BYTES("PROXY TC")}};
	struct linger at_once = {.l_onoff = 1};

	proxy = proxy_start_with(&verbose, ONE_SERVER CALM ANYBODY ACCEPT, alpha.port);
	alice = come_with(checks[_i / 2].header, checks[_i / 2].size);
	if (_i % 2 == 1) /* HAProxy leaves with a reset */
		setsockopt(alice->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	lose(&alice);
	proxy_wait_log(proxy, "went away during its login");
	ck_assert(!proxy_logged(proxy, "refused") && !proxy_logged(proxy, "warn  #"));
	finish();
}
END_TEST

/* ---- in: headers and peers that are not ---- */

/* Whoever the proxy does not know may be anybody, though the proxy is local. */
START_TEST(a_header_that_names_nobody_is_no_key)
{
	static const struct {
		const char *header;
		size_t size;
	} unnamed[] = {{BYTES(LOCAL_V2)}, {BYTES(LOCAL_V1)}};

	proxy = proxy_start(ONE_SERVER CALM ACCEPT, alpha.port);
	alice = come_with(unnamed[_i].header, unnamed[_i].size);
	client_identify(alice, PACKET_PROTOCOL, false, "Alice", NULL);
	peer_expect_disconnect(alice, "wasn't verified");
	finish();
}
END_TEST

START_TEST(a_web_client_without_a_header_can_read_why)
{
	char text[1024] = "";
	size_t n = 0;
	ssize_t got;

	proxy = proxy_start(ONE_SERVER CALM ANYBODY ACCEPT, alpha.port);
	alice = come_with(BYTES("GET / HTTP/1.1\r\n\r\n"));
	while ((got = net_recv(alice->fd, text + n, sizeof(text) - 1 - n,
			       harness_now() + harness_ms(10000))) > 0)
		n += (size_t)got;
	ck_assert_int_eq(got, 0);
	ck_assert_msg(strncmp(text, "HTTP/1.1 503 ", 13) == 0, "%s", text);
	ck_assert_ptr_nonnull(strstr(text, "Bad PROXY header: there is none"));
	proxy_wait_log(proxy, "refused: Bad PROXY header: there is none");
	finish();
}
END_TEST

START_TEST(a_header_that_is_none)
{
	static const struct {
		const char *data;
		size_t size;
		const char *fault;
	} bad[] = {
		{BYTES("\x00\x07"), "there is none"},
		{BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n"), "a port is no number"},
		{BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n"), "CR LF"},
		{BYTES(MARK "\x21\x11\x00\x04"), "too short"},
		{BYTES(MARK "\x21\x11\xff\xff"), "longer than 4096"},
	};
	char line[128];

	proxy = proxy_start(ONE_SERVER CALM ANYBODY ACCEPT, alpha.port);
	alice = come_with(bad[_i].data, bad[_i].size);
	peer_expect_disconnect(alice, "Bad PROXY header");
	snprintf(line, sizeof(line), "refused: Bad PROXY header: ");
	proxy_wait_log(proxy, line);
	proxy_wait_log(proxy, bad[_i].fault);
	finish();
}
END_TEST

START_TEST(only_trusted_proxies_are_believed)
{
	proxy = proxy_start(ONE_SERVER CALM ANYBODY
			    ",'accept-proxy':true,'trusted-proxies':'127.0.0.8/31'",
			    alpha.port);
	for (unsigned with_header = 0; with_header < 2; with_header++) {
		alice = client_connect_from("127.0.0.7", proxy_port(proxy));
		if (with_header)
			peer_send(alice, BYTES(V1));
		else
			client_identify(alice, PACKET_PROTOCOL, false, "Alice", NULL);
		peer_expect_disconnect(alice, "only a proxy");
		peer_close(alice);
	}
	proxy_wait_count_log(proxy, "none of the trusted-proxies", 2);
	proxy_wait_log(proxy, "login from 127.0.0.7:");
	alice = client_connect_from("127.0.0.9", proxy_port(proxy));
	peer_send(alice, BYTES(V1));
	client_identify(alice, PACKET_PROTOCOL, false, "Alice", NULL);
	take_in(alice);
	finish();
}
END_TEST

/* A header where none is wanted is no login, from whomever. */
START_TEST(a_header_that_nobody_asked_for)
{
	proxy = proxy_start(ONE_SERVER CALM ANYBODY ",'trusted-proxies':'127.0.0.0/8'",
			    alpha.port);
	alice = come_with(BYTES(V1));
	peer_expect_disconnect(alice, "accept-proxy is false");
	peer_close(alice);
	alice = come_with(BYTES(LOCAL_V2));
	peer_expect_disconnect(alice, "accept-proxy is false");
	lose(&alice);
	alice_on_alpha(false);
	finish();
}
END_TEST

/* One listener for proxies, and another for everybody. */
START_TEST(each_listener_for_itself)
{
	struct backend place;
	struct peer *bob, *link;

	backend_open(&place);
	backend_refuse(&place); /* a port for the proxy alone */
	proxy = proxy_start(ONE_SERVER CALM ANYBODY
			    ",'trusted-proxies':'127.0.0.1','listeners':["
			    "{'address':'127.0.0.1','port':%u,'accept-proxy':true}]",
			    alpha.port, place.port);
	alice_on_alpha(false);
	bob = client_connect_at(place.port);
	peer_send(bob, BYTES(V1));
	client_identify(bob, PACKET_PROTOCOL, false, "Bob", NULL);
	link = backend_accept(&alpha);
	link_welcome(link, "Alpha");
	client_arrive(bob, "Alpha");
	proxy_wait_log(proxy, "Bob: joins alpha from " PLAYER);
	peer_close(bob);
	peer_close(link);
	backend_close(&place);
	finish();
}
END_TEST

/* The header takes of the login's time, however it comes. */
START_TEST(a_slow_header)
{
	static const char *const beginnings[] = {"", "PROXY UNKN", V1, "PROXY UNKNOWN "};
	int64_t deadline = harness_now() + harness_ms(10000);

	proxy = proxy_start(ONE_SERVER CALM ANYBODY ACCEPT ",'login-timeout-ms':400",
			    alpha.port);
	alice = come_with(beginnings[_i], strlen(beginnings[_i]));
	if (_i == 3) { /* a byte now and then */
		for (unsigned n = 0; n < 90 && !proxy_logged(proxy, "too long"); n++) {
			peer_send(alice, "x", 1);
			poll(NULL, 0, 20);
		}
		ck_assert_int_lt(harness_now(), deadline);
	}
	peer_expect_disconnect(alice, "too long");
	finish();
}
END_TEST

/* ---- out ---- */

/* The bytes of the next connection that has said something; it stays where it is. */
static int await_heard(struct backend *backend)
{
	char byte;

	ck_assert_msg(backend_has_player(backend, harness_ms(10000)), "nobody came in time");
	for (unsigned i = 0; i < backend->n_pending; i++)
		if (recv(backend->pending[i], &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0)
			return (int)i;
	ck_abort_msg("nobody says anything");
	return -1;
}

static void expect_heard(int fd, const void *expected, size_t size)
{
	uint8_t got[256];
	size_t n = 0;

	while (n < size) {
		ssize_t more =
			net_recv(fd, got + n, size - n, net_now_ms() + harness_ms(10000));

		ck_assert_msg(more > 0, "it ended after %zu bytes of %zu", n, size);
		n += (size_t)more;
	}
	ck_assert_mem_eq(got, expected, size);
}

/* A check says that it is one, and goes. */
static void expect_check(struct backend *backend, bool v2)
{
	int i = await_heard(backend), fd = backend->pending[i];
	char byte;

	expect_heard(fd, v2 ? LOCAL_V2 : LOCAL_V1, v2 ? 16 : 15);
	ck_assert_int_eq(net_recv(fd, &byte, 1, net_now_ms() + harness_ms(10000)), 0);
	close(fd);
	backend->pending[i] = backend->pending[--backend->n_pending];
}

/* A link begins with this header; the rest is a link. */
static struct peer *accept_with(struct backend *backend, const void *header, size_t size)
{
	expect_heard(backend->pending[await_heard(backend)], header, size);
	return backend_accept(backend);
}

/* What a server must hear of a player who has connected by himself. */
static size_t own_header(const struct peer *client, bool v2, uint8_t *out)
{
	struct net_addr source = {.len = sizeof(source.storage)}, destination = source;

	ck_assert_int_eq(
		getsockname(client->fd, (struct sockaddr *)&source.storage, &source.len), 0);
	ck_assert_int_eq(getpeername(client->fd, (struct sockaddr *)&destination.storage,
				     &destination.len),
			 0);
	return proxy_header_write(out, v2 ? PROXY_HEADER_V2 : PROXY_HEADER_V1, &source,
				  &destination);
}

static const char *version(bool v2)
{
	return v2 ? "proxy-v2" : "proxy-v1";
}

/* Each link of each player, at the join and at a jump; not those of other servers. */
START_TEST(a_server_hears_of_players)
{
	uint8_t header[PROXY_HEADER_WRITE_MAX];
	bool v2 = _i == 1;

	proxy = proxy_start("'servers':[{'name':'alpha','address':'127.0.0.1','port':%u,"
			    "'forward':'%s'}," SERVER("beta") "]" CALM,
			    alpha.port, version(v2), beta.port);
	expect_check(&alpha, v2);
	alice = client_connect_from("127.0.0.7", proxy_port(proxy));
	client_identify(alice, PACKET_PROTOCOL, false, "Alice", NULL);
	size_t size = own_header(alice, v2, header);
	link_a = accept_with(&alpha, header, size);
	link_welcome(link_a, "Alpha");
	client_arrive(alice, "Alpha");
	peer_chat(alice, ":kura jump beta");
	link_b = backend_accept(&beta);
	link_welcome(link_b, "Beta");
	client_arrive(alice, "Beta");
	lose(&link_a);
	peer_chat(alice, ":kura jump alpha");
	link_a = accept_with(&alpha, header, size);
	link_welcome(link_a, "Alpha");
	client_arrive(alice, "Alpha");
	exchange(alice, link_a);
	finish();
}
END_TEST

/* Two proxies in a row: the player, and where they have connected to, is what the first says.
 */
START_TEST(a_header_is_passed_on)
{
	static const struct {
		const char *header;
		size_t size;
	} names[] = {{BYTES(V1)},
		     {BYTES("PROXY TCP6 2001:db8::7 2001:db8::1 4321 25565\r\n")},
		     {BYTES("PROXY TCP6 2001:db8::7 ::1 0 65535\r\n")}};

	proxy = proxy_start(FORWARD CALM ANYBODY ACCEPT, alpha.port, "proxy-v1");
	expect_check(&alpha, false);
	alice = come_with(names[_i].header, names[_i].size);
	client_identify(alice, PACKET_PROTOCOL, true, "Alice", NULL);
	client_negotiate(alice, NULL, 0);
	link_a = accept_with(&alpha, names[_i].header, names[_i].size);
	link_negotiate(link_a, NULL, 0);
	link_welcome(link_a, "Alpha");
	client_arrive(alice, "Alpha");
	exchange(alice, link_a);
	finish();
}
END_TEST

/* A player of IPv4 at a listener of IPv6 is one of IPv4. */
START_TEST(ipv4_through_ipv6)
{
	static const struct proxy_options own = {.own_address = true};
	uint8_t header[PROXY_HEADER_WRITE_MAX];
	bool v2 = _i == 1;

	proxy = proxy_start_with(&own, "'address':'::','port':0," FORWARD CALM, alpha.port,
				 version(v2));
	expect_check(&alpha, v2);
	alice = client_connect_from("127.0.0.7", proxy_port(proxy));
	client_identify(alice, PACKET_PROTOCOL, false, "Alice", NULL);
	size_t size = own_header(alice, v2, header);
	if (!v2)
		ck_assert_int_eq(memcmp(header, "PROXY TCP4 127.0.0.7 127.0.0.1 ", 31), 0);
	link_a = accept_with(&alpha, header, size);
	link_welcome(link_a, "Alpha");
	client_arrive(alice, "Alpha");
	finish();
}
END_TEST

/* A connection that was dialled early and is dead: the next one begins with the header, too. */
START_TEST(a_second_dial_has_a_header)
{
	uint8_t header[PROXY_HEADER_WRITE_MAX];

	proxy = proxy_start(FORWARD CALM, alpha.port, "proxy-v1");
	expect_check(&alpha, false);
	alice = client_connect_from("127.0.0.7", proxy_port(proxy));
	client_identify(alice, PACKET_PROTOCOL, true, "Alice", NULL);
	size_t size = own_header(alice, false, header);
	backend_wait_dialled(&alpha);
	ck_assert_uint_eq(alpha.n_pending, 1);
	close(alpha.pending[--alpha.n_pending]);
	client_negotiate(alice, NULL, 0);
	link_a = accept_with(&alpha, header, size);
	link_negotiate(link_a, NULL, 0);
	link_welcome(link_a, "Alpha");
	client_arrive(alice, "Alpha");
	finish();
}
END_TEST

/* A check that logs in says first that it is no player. */
START_TEST(a_check_that_logs_in)
{
	bool v2 = _i == 1;

	proxy = proxy_start(FORWARD LIMBO ",'health':{'interval-ms':3600000,'check':'classic',"
					  "'probe-name':'Probe'}",
			    alpha.port, version(v2));
	struct peer *probe =
		accept_with(&alpha, v2 ? LOCAL_V2 : LOCAL_V1, v2 ? 16 : sizeof(LOCAL_V1) - 1);
	ck_assert_str_eq(probe->id.name, "Probe");
	link_kick(probe, "No bots");
	ck_assert(peer_closes_within(probe, harness_ms(10000)));
	peer_close(probe);
	finish();
}
END_TEST

/* ---- reload ---- */

START_TEST(what_servers_hear_changes)
{
	uint8_t header[PROXY_HEADER_WRITE_MAX];
	struct peer *bob, *link;

	steward_edits(ONE_SERVER CALM, alpha.port);
	proxy = steward_starts();
	alice_on_alpha(false);
	for (unsigned v2 = 0; v2 < 2; v2++) {
		steward_edits(FORWARD CALM, alpha.port, version(v2));
		steward_reloads();
		steward_reads("changes: 1");
		expect_check(&alpha, v2); /* a reload has all of them checked */
		exchange(alice, link_a);
		bob = client_connect_from("127.0.0.8", proxy_port(proxy));
		client_identify(bob, PACKET_PROTOCOL, false, "Bob", NULL);
		link = accept_with(&alpha, header, own_header(bob, v2, header));
		link_welcome(link, "Alpha");
		client_arrive(bob, "Alpha");
		peer_close(bob);
		peer_expect_close(link);
		peer_close(link);
	}
	finish();
	steward_leaves();
}
END_TEST

START_TEST(who_is_believed_changes)
{
	struct peer *bob = NULL, *link;

	steward_edits(ONE_SERVER CALM ANYBODY, alpha.port);
	proxy = steward_starts();
	alice_on_alpha(false);
	steward_edits(ONE_SERVER CALM ANYBODY ",'accept-proxy':true", alpha.port);
	steward_asks("reload", "Nothing has changed");
	proxy_wait_log(proxy, "accept-proxy: true, but there are no trusted-proxies");
	for (unsigned trusted = 0; trusted < 2; trusted++) {
		steward_edits(ONE_SERVER CALM ANYBODY
			      ",'accept-proxy':true,'trusted-proxies':'%s'",
			      alpha.port, trusted ? "127.0.0.1" : "127.0.0.9");
		steward_reloads();
		bob = come_with(BYTES(V1));
		client_identify(bob, PACKET_PROTOCOL, false, "Bob", NULL);
		if (trusted)
			break;
		peer_expect_disconnect(bob, "only a proxy");
		peer_close(bob);
		exchange(alice, link_a);
	}
	link = backend_accept(&alpha);
	link_welcome(link, "Alpha");
	client_arrive(bob, "Alpha");
	proxy_wait_log(proxy, "Bob: joins alpha from " PLAYER);
	exchange(alice, link_a);
	peer_close(bob);
	peer_close(link);
	finish();
	steward_leaves();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("proxy");
	TCase *tcase = stage_case(suite, "in");

	tcase_add_loop_test(tcase, a_player_comes_through_a_proxy, 0, 2 * N_HEADERS);
	tcase_add_test(tcase, a_header_with_the_login_behind_it);
	tcase_add_test(tcase, the_lan_is_where_the_player_is);
	tcase_add_test(tcase, bans_meet_who_is_behind_the_proxy);
	tcase_add_loop_test(tcase, a_check_of_the_proxy, 0, 8);
	tcase_add_loop_test(tcase, a_header_that_is_none, 0, 5);
	tcase_add_test(tcase, a_web_client_without_a_header_can_read_why);
	tcase_add_loop_test(tcase, a_header_that_names_nobody_is_no_key, 0, 2);
	tcase_add_test(tcase, only_trusted_proxies_are_believed);
	tcase_add_test(tcase, a_header_that_nobody_asked_for);
	tcase_add_test(tcase, each_listener_for_itself);
	tcase_add_loop_test(tcase, a_slow_header, 0, 4);
	tcase = stage_case(suite, "out");
	tcase_add_loop_test(tcase, a_server_hears_of_players, 0, 2);
	tcase_add_loop_test(tcase, a_header_is_passed_on, 0, 3);
	tcase_add_loop_test(tcase, ipv4_through_ipv6, 0, 2);
	tcase_add_test(tcase, a_second_dial_has_a_header);
	tcase_add_loop_test(tcase, a_check_that_logs_in, 0, 2);
	tcase = stage_case(suite, "reload");
	tcase_add_test(tcase, what_servers_hear_changes);
	tcase_add_test(tcase, who_is_believed_changes);
	return harness_run(suite);
}
