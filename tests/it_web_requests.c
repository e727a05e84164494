/* SPDX-License-Identifier: MIT */
/*
 * What web clients ask for: requests that are refused, players whose address a proxy in front
 * names, and hubs by what they have asked for. The frames behind are it_websocket's.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "steward.h"
#include "web_stage.h"

static const struct proxy_options verbose = {.args = (const char *const[]){"-v", NULL}};

#define V1 "PROXY TCP4 203.0.113.7 198.51.100.2 4321 25565\r\n"

/* ---- requests ---- */

/* clang-format off */
static const struct {
	const char *request;
	unsigned status;
	const char *words; /* to whoever has asked, */
	const char *fault; /* and in the log */
} refused[] = {
	{REQUEST(""), 426, "Minecraft", "does not ask for WebSocket"},
	{REQUEST("Upgrade: websocket\r\n"), 426, "Minecraft", "does not ask for WebSocket"},
	{REQUEST("Upgrade: h2c\r\nConnection: Upgrade\r\n"), 426, "Minecraft", "does not ask for WebSocket"},
	{REQUEST(UPGRADE("8") PROTOCOL), 426, "Minecraft", "version 13"},
	{REQUEST(UPGRADE("13")), 400, "ClassiCube", "subprotocol ClassiCube"},
	{REQUEST(UPGRADE("13") "Sec-WebSocket-Protocol: chat\r\n"), 400, "ClassiCube", "subprotocol ClassiCube"},
	{REQUEST("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" PROTOCOL), 400, "Key", "Key"},
	{"GET / HTTP/1.1\r\n" UPGRADE("13") PROTOCOL "\r\n", 400, "Host", "Host"},
	{"GET / HTTP/1.0\r\nHost: x\r\n" UPGRADE("13") PROTOCOL "\r\n", 400, "HTTP/1.1", "HTTP/1.1"},
	{"GET / HTTP/1.1\nHost: x\n\n", 400, "CR LF", "CR LF"},
	{"GARBAGE\r\n\r\n", 400, "request", "first line"},
};
/* clang-format on */
#define N_REFUSED ((int)(sizeof(refused) / sizeof(refused[0])))

START_TEST(a_request_that_is_refused)
{
	bool is_mute = _i >= N_REFUSED;
	int i = _i % N_REFUSED;

	proxy = proxy_start_with(&verbose, "%s" CALM "%s", "'max-players':5",
				 is_mute ? MUTE : "");
	alice = client_connect(proxy);
	peer_send(alice, refused[i].request, strlen(refused[i].request));
	if (is_mute)
		ck_assert_ptr_null(peer_next(alice));
	else
		web_expect_refusal(alice, refused[i].status, refused[i].words);
	proxy_wait_log(proxy, refused[i].fault);
	finish();
}
END_TEST

/* What wants to be upgraded hears to what. */
START_TEST(the_answer_names_the_version)
{
	char head[WEB_HEAD_MAX];

	proxy = proxy_start("%s" CALM, "'max-players':5");
	alice = client_connect(proxy);
	peer_send(alice, BYTES(REQUEST(UPGRADE("7") PROTOCOL)));
	ck_assert_uint_gt(web_read_head(alice, head), 0);
	ck_assert_uint_eq(web_status(head), 426);
	ck_assert_str_eq(web_field(head, "Sec-WebSocket-Version"), "13");
	ck_assert_str_eq(web_field(head, "Upgrade"), "websocket");
	finish();
}
END_TEST

/* Too long, or of too many fields: the end is not waited for. */
START_TEST(a_request_that_is_too_long)
{
	char request[8192] = "GET / HTTP/1.1\r\n";
	bool is_long = _i % 2 == 0, is_mute = _i >= 2;

	proxy = proxy_start("%s" CALM "%s", "'max-players':5", is_mute ? MUTE : "");
	for (unsigned n = 0; strlen(request) < (is_long ? 4096 : 100 * strlen("X: y\r\n")); n++)
		snprintf(request + strlen(request), 256, "X: %0*u\r\n", is_long ? 200 : 1,
			 n % 10);
	alice = client_connect(proxy);
	peer_send(alice, request, strlen(request));
	if (is_mute)
		ck_assert_ptr_null(peer_next(alice));
	else
		web_expect_refusal(alice, 431, NULL);
	proxy_wait_log(proxy, is_long ? "longer than 4096 bytes" : "more than 64 fields");
	finish();
}
END_TEST

/* Where there is no WebSocket a browser is told so. */
START_TEST(a_listener_without_websocket)
{
	struct backend place;

	backend_open(&place);
	backend_refuse(&place); /* a port for the proxy alone */
	proxy = proxy_start(ONE_SERVER CALM CLOSED
			    ",'listeners':[{'address':'127.0.0.1','port':%u,'websocket':true}]",
			    alpha.port, place.port);
	alice = client_connect(proxy);
	web_ask(alice, NULL);
	web_expect_refusal(alice, 403, "not a web server");
	peer_close(alice);
	alice = web_connect_from("127.0.0.1", place.port, NULL);
	client_identify(alice, PACKET_PROTOCOL, false, "Alice", NULL);
	take_in(alice);
	backend_close(&place);
	finish();
}
END_TEST

/* The request takes of the login's time, however it comes, and so does what follows. */
START_TEST(a_slow_login)
{
	static const char *const beginnings[] = {"G", "GET / HTTP/1.1\r\nHost: x\r\n", "", ""};
	int64_t deadline = harness_now() + harness_ms(10000);

	proxy = proxy_start(ONE_SERVER CALM ",'login-timeout-ms':400", alpha.port);
	alice = _i >= 2 ? web_connect(proxy) : client_connect(proxy);
	peer_send_raw(alice, beginnings[_i], strlen(beginnings[_i]));
	if (_i == 2) /* alive, and still not logged in */
		while (!proxy_logged(proxy, "too long") && harness_now() < deadline) {
			web_frame(alice, WEB_FIN | WEB_PING, "x", 1);
			poll(NULL, 0, 20);
		}
	proxy_wait_log(proxy, "too long (more than 400 ms)");
	if (_i >= 2)
		peer_expect_disconnect(alice, "too long");
	else
		ck_assert(peer_closes_within(alice, harness_ms(10000)));
	finish();
}
END_TEST

/* ---- where players are ---- */

/* clang-format off */
static const struct {
	const char *from, *fields, *player;
} places[] = {
	{"127.0.0.7", "X-Real-IP: 203.0.113.7\r\n", "127.0.0.7:"}, /* not believed */
	{"127.0.0.7", "X-Forwarded-For: 203.0.113.7\r\n", "127.0.0.7:"},
	{"127.0.0.9", "X-Real-IP: 203.0.113.7\r\n", "203.0.113.7"},
	{"127.0.0.9", "x-real-ip: 2001:db8::7\r\n", "2001:db8::7"},
	{"127.0.0.9", "X-Forwarded-For: 203.0.113.7\r\n", "203.0.113.7"},
	{"127.0.0.9", "X-Forwarded-For: 192.0.2.1, 203.0.113.7, 127.0.0.8\r\n", "203.0.113.7"},
	{"127.0.0.9", "X-Forwarded-For: 192.0.2.1\r\nX-Real-IP: 203.0.113.7\r\n", "203.0.113.7"},
	{"127.0.0.9", "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-For: 203.0.113.7\r\n", "203.0.113.7"},
	{"127.0.0.9", "X-Real-IP: somewhere\r\n", "127.0.0.9:"},
	{"127.0.0.9", "", "127.0.0.9:"},
};
/* clang-format on */

START_TEST(where_a_player_is)
{
	const struct web_request request = {.fields = places[_i].fields};
	char line[128];

	proxy = proxy_start(ONE_SERVER CALM ANYBODY TRUST, alpha.port);
	alice = web_connect_from(places[_i].from, proxy_port(proxy), &request);
	client_identify(alice, PACKET_PROTOCOL, false, "Alice", NULL);
	take_in(alice);
	snprintf(line, sizeof(line), "Alice: joins alpha from %s", places[_i].player);
	proxy_wait_log(proxy, line);
	finish();
}
END_TEST

/* Nobody who comes straight from the network of Kurafuto; who comes another way may be anybody.
 */
START_TEST(who_needs_a_key)
{
	static const struct {
		const char *from, *fields;
		bool needs_key;
	} rows[] = {
		{"127.0.0.7", "", false},
		{"127.0.0.7", "Origin: http://127.0.0.1:8080\r\n", false},
		{"127.0.0.7", "Origin: http://localhost:8080\r\n", false},
		{"127.0.0.7", "Origin: https://192.168.1.7\r\n", false},
		/* pages from elsewhere, which can have a browser connect to what is local */
		{"127.0.0.7", "Origin: https://example.org\r\n", true},
		{"127.0.0.7", "Origin: null\r\n", true},
		/* a proxy that is not believed */
		{"127.0.0.7", "X-Real-IP: 192.168.1.7\r\n", true},
		{"127.0.0.7", "X-Forwarded-Proto: https\r\n", true},
		{"127.0.0.7", "Via: 1.1 somewhere\r\n", true},
		/* and one that is, whatever it says: a local address is easily said */
		{"127.0.0.9", "X-Real-IP: 192.168.1.7\r\n", true},
		{"127.0.0.9", "X-Real-IP: 203.0.113.7\r\n", true},
		{"127.0.0.9", "", true},
	};
	const struct web_request request = {.fields = rows[_i].fields};

	proxy = proxy_start(ONE_SERVER CALM TRUST, alpha.port);
	alice = web_connect_from(rows[_i].from, proxy_port(proxy), &request);
	client_identify(alice, PACKET_PROTOCOL, false, "Alice", NULL);
	if (rows[_i].needs_key)
		peer_expect_disconnect(alice, "wasn't verified");
	else
		take_in(alice);
	finish();
}
END_TEST

/* Bans meet who is behind the web server. */
START_TEST(a_ban_by_address)
{
	const struct web_request banned = {.fields = "X-Real-IP: 198.51.100.9\r\n"},
				 other = {.fields = "X-Real-IP: 198.51.101.9\r\n"};

	steward_edits(ONE_SERVER CALM ANYBODY TRUST, alpha.port);
	proxy = steward_starts();
	steward_asks("ban 198.51.100.0/24", "198.51.100.0/24");
	alice = web_connect_from("127.0.0.9", proxy_port(proxy), &banned);
	client_identify(alice, PACKET_PROTOCOL, false, "Alice", NULL);
	peer_expect_disconnect(alice, "banned");
	peer_close(alice);
	alice = web_connect_from("127.0.0.9", proxy_port(proxy), &other);
	client_identify(alice, PACKET_PROTOCOL, false, "Alice", NULL);
	take_in(alice);
	steward_asks("players", "198.51.101.9");
	steward_asks("unban 198.51.100.0/24", "no longer banned"); /* kept for all tests */
	finish();
	steward_leaves();
}
END_TEST

/* The header of the PROXY protocol comes first, then the request; a web server in front of that
 * proxy may say more, if it is one that is believed. */
START_TEST(a_proxy_in_front)
{
	static const struct {
		const char *header, *fields, *player;
	} rows[] = {
		{V1, "", "203.0.113.7:4321"},
		{V1, "X-Real-IP: 192.0.2.1\r\n", "203.0.113.7:4321"},
		{"PROXY UNKNOWN\r\n", "X-Real-IP: 192.0.2.1\r\n", "192.0.2.1"},
		{"PROXY TCP4 127.0.0.8 127.0.0.1 1 2\r\n", "X-Real-IP: 192.0.2.1\r\n",
		 "192.0.2.1"},
	};
	const struct web_request request = {.fields = rows[_i / 2].fields,
					    .is_torn = _i % 2 == 1};
	char line[128];

	proxy = proxy_start(ONE_SERVER CALM SLOWLY ANYBODY TRUST ",'accept-proxy':true",
			    alpha.port);
	alice = client_connect_from("127.0.0.9", proxy_port(proxy));
	(request.is_torn ? web_send_torn : peer_send)(alice, rows[_i / 2].header,
						      strlen(rows[_i / 2].header));
	web_ask(alice, &request);
	web_enter(alice);
	client_identify(alice, PACKET_PROTOCOL, false, "Alice", NULL);
	take_in(alice);
	snprintf(line, sizeof(line), "Alice: joins alpha from %s", rows[_i / 2].player);
	proxy_wait_log(proxy, line);
	finish();
}
END_TEST

/* ---- where players go ---- */

#define PATHS                                                                          \
	"'paths':{'/survival':'beta','/y':'beta','beta.example.org':'both',"           \
	"'both.example.org/y':'alpha'},'groups':{'both':{'servers':['beta']}},'hubs':" \
	"['alpha']"

/* By the path, by the host, by both; whoever asks for something else goes to the hubs. */
static const struct {
	struct web_request request;
	bool goes_to_beta;
} goals[] = {
	{{.path = "/"}, false},
	{{.path = "/survival"}, true},
	{{.path = "/survival/"}, true},
	{{.path = "/survival?user=Alice"}, true},
	{{.path = "/survival/2"}, false},
	{{.path = "/Survival"}, false},
	{{.host = "beta.example.org"}, true},
	{{.host = "BETA.example.org:25565", .path = "/else"}, true},
	{{.host = "gamma.example.org"}, false},
	{{.host = "gamma.example.org", .path = "/y"}, true},
	{{.host = "both.example.org"}, false},
	{{.host = "both.example.org", .path = "/y"}, false},
};
#define N_GOALS ((int)(sizeof(goals) / sizeof(goals[0])))

START_TEST(hubs_by_address)
{
	proxy = proxy_start(TWO_SERVERS CALM "," PATHS, alpha.port, beta.port);
	alice = web_connect_from("127.0.0.1", proxy_port(proxy), &goals[_i].request);
	client_identify(alice, PACKET_PROTOCOL, false, "Alice", NULL);
	link_a = backend_accept(goals[_i].goes_to_beta ? &beta : &alpha);
	link_welcome(link_a, "Somewhere");
	client_arrive(alice, "Somewhere");
	exchange(alice, link_a);
	finish();
}
END_TEST

/* A listener has paths of its own, and no others. */
START_TEST(hubs_of_a_listener)
{
	static const struct web_request asked = {.path = "/survival"};
	struct backend place;

	backend_open(&place);
	backend_refuse(&place); /* a port for the proxy alone */
	proxy = proxy_start(TWO_SERVERS CALM ",'hubs':['alpha'],'paths':{'/survival':'%s'},"
					     "'listeners':[{'address':'127.0.0.1','port':%u,"
					     "'paths':{'/survival':'%s'}}]",
			    alpha.port, beta.port, _i == 0 ? "beta" : "alpha", place.port,
			    _i == 0 ? "alpha" : "beta");
	alice = web_connect_from("127.0.0.1", place.port, &asked);
	client_identify(alice, PACKET_PROTOCOL, false, "Alice", NULL);
	link_a = backend_accept(_i == 0 ? &alpha : &beta);
	link_welcome(link_a, "Somewhere");
	client_arrive(alice, "Somewhere");
	backend_close(&place);
	finish();
}
END_TEST

/* ---- reload ---- */

/* WebSocket is switched off and on while somebody is on it. */
START_TEST(a_reload)
{
	steward_edits(ONE_SERVER CALM, alpha.port);
	proxy = steward_starts();
	alice_on_web(false);
	steward_edits(ONE_SERVER CALM CLOSED, alpha.port);
	steward_reloads();
	exchange(alice, link_a);
	struct peer *bob = client_connect(proxy);
	web_ask(bob, NULL);
	web_expect_refusal(bob, 403, "not a web server");
	peer_close(bob);
	steward_edits(ONE_SERVER CALM MUTE, alpha.port);
	steward_reloads();
	bob = client_connect(proxy);
	peer_send(bob, BYTES(REQUEST("")));
	ck_assert_ptr_null(peer_next(bob));
	peer_close(bob);
	bob = web_login(proxy, false, "Bob");
	struct peer *link = backend_accept(&alpha);
	link_welcome(link, "Alpha");
	client_arrive(bob, "Alpha");
	exchange(bob, link);
	exchange(alice, link_a);
	peer_close(bob);
	peer_close(link);
	finish();
	steward_leaves();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("web requests");
	TCase *tcase = stage_case(suite, "requests");

	tcase_add_loop_test(tcase, a_request_that_is_refused, 0, 2 * N_REFUSED);
	tcase_add_test(tcase, the_answer_names_the_version);
	tcase_add_loop_test(tcase, a_request_that_is_too_long, 0, 4);
	tcase_add_test(tcase, a_listener_without_websocket);
	tcase_add_loop_test(tcase, a_slow_login, 0, 4);
	tcase = stage_case(suite, "addresses");
	tcase_add_loop_test(tcase, where_a_player_is, 0, 10);
	tcase_add_loop_test(tcase, who_needs_a_key, 0, 12);
	tcase_add_test(tcase, a_ban_by_address);
	tcase_add_loop_test(tcase, a_proxy_in_front, 0, 8);
	tcase = stage_case(suite, "hubs");
	tcase_add_loop_test(tcase, hubs_by_address, 0, N_GOALS);
	tcase_add_loop_test(tcase, hubs_of_a_listener, 0, 2);
	tcase = stage_case(suite, "reload");
	tcase_add_test(tcase, a_reload);
	return harness_run(suite);
}
