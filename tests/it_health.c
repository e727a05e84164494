/* SPDX-License-Identifier: MIT */
/*
 * Servers that go down and come back under players, checks that log in, and connections that
 * are kept ready: what players see of it, and what the log says.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stage.h"

#define TWO_HUBS ",'hubs':['alpha','beta']"
#define POOL     ",'pool':{'size':1}"

static const struct proxy_options verbose = {.args = (const char *const[]){"-v", NULL}};

static void wait_down(const char *why)
{
	char line[256];

	snprintf(line, sizeof(line), "server alpha (127.0.0.1:%u) is down: %s", alpha.port,
		 why);
	proxy_wait_log(proxy, line);
}

/* ---- links tell ---- */

/* Nobody waits for the next check when a link is cut: that server is looked at right away. */
START_TEST(a_server_that_dies)
{
	proxy = proxy_start(TWO_SERVERS TWO_HUBS CALM, alpha.port, beta.port);
	alice_on_alpha(false);
	backend_refuse(&alpha);
	lose(&link_a);
	link_b = backend_accept(&beta);
	link_welcome(link_b, "Beta");
	client_arrive(alice, "Beta");
	wait_down("Connection refused");
	backend_close(&alpha);
	backend_reopen(&alpha);
	finish();
}
END_TEST

/* Nobody new gets in, and who is there plays on. */
START_TEST(a_server_that_shuts_its_door)
{
	struct peer *bob;

	proxy = proxy_start(TWO_SERVERS TWO_HUBS QUICK, alpha.port, beta.port);
	alice_on_alpha(false);
	backend_refuse(&alpha);
	wait_down("Connection refused");
	exchange(alice, link_a);
	bob = join(proxy, &beta, "Bob", "Beta", &link_b);
	backend_reopen(&alpha);
	proxy_wait_log(proxy, "is up again after");
	exchange(alice, link_a);
	peer_close(bob);
	finish();
}
END_TEST

START_TEST(a_server_that_comes_back)
{
	uint16_t port = alpha.port;

	backend_refuse(&alpha);
	proxy = proxy_start(ONE_SERVER QUICK, port);
	wait_down("Connection refused");
	backend_reopen(&alpha);
	proxy_wait_log(proxy, "is up again after 0 s");
	alice_on_alpha(false);
	finish();
}
END_TEST

/* How a login can fail without a kick. */
static void close_it(struct peer *link)
{
	(void)link;
}

static void talk_nonsense(struct peer *link)
{
	static const uint8_t nonsense[] = "HTTP/1.1 400 Bad Request";

	peer_send(link, nonsense, sizeof(nonsense));
}

static void be_silent(struct peer *link)
{
	ck_assert(peer_closes_within(link, harness_ms(5000)));
}

static const struct {
	void (*do_it)(struct peer *link);
	const char *why;
	int tries; /* an early connection that is cut may have been dead before: once more */
} failures[] = {
	{close_it, "it closed the connection", 2},
	{talk_nonsense, "it sent packet 0x48", 1},
	{be_silent, "it has been silent for too long", 1},
};

/* One player for whom the login fails on alpha; they are on beta then. */
static void fail_a_login(const char *name, size_t failure)
{
	struct peer *link;

	alice = client_login(proxy, name);
	for (int tries = 0; tries < failures[failure].tries; tries++) {
		link = backend_accept(&alpha);
		failures[failure].do_it(link);
		peer_close(link);
	}
	link_b = backend_accept(&beta);
	link_welcome(link_b, "Beta");
	client_arrive(alice, "Beta");
	peer_close(alice);
	lose(&link_b);
	alice = NULL;
}

/* One login that dies may be about its player; three in a row are about the server. Until the
 * next check, which does not ask for more than a connection here. */
START_TEST(a_login_that_fails)
{
	char reason[128];

	proxy = proxy_start(TWO_SERVERS TWO_HUBS CALM ",'login-timeout-ms':%d", alpha.port,
			    beta.port, (int)harness_ms(300));
	fail_a_login("Alice", _i);
	fail_a_login("Bob", _i);
	ck_assert(!proxy_logged(proxy, "is down"));
	fail_a_login("Carol", _i);
	snprintf(reason, sizeof(reason), "is down after 3 failures: %s", failures[_i].why);
	proxy_wait_log(proxy, reason);
	proxy_wait_log(proxy, "is up again");
	finish();
}
END_TEST

/* A name that nobody has had: who has just left may still be online. */
static const char *somebody(void)
{
	static unsigned number;
	static char name[17];

	snprintf(name, sizeof(name), "Player%u", number++);
	return name;
}

/* A kick is an answer. */
START_TEST(a_kick_is_no_failure)
{
	struct peer *link;

	proxy = proxy_start(TWO_SERVERS TWO_HUBS CALM, alpha.port, beta.port);
	for (int i = 0; i < 3; i++) {
		alice = client_login(proxy, somebody());
		link = backend_accept(&alpha);
		link_kick(link, "You smell");
		peer_close(link);
		link_b = backend_accept(&beta);
		link_welcome(link_b, "Beta");
		client_arrive(alice, "Beta");
		peer_close(alice);
		peer_expect_close(link_b);
		lose(&link_b);
	}
	alice = NULL;
	ck_assert(!proxy_logged(proxy, "is down"));
	finish();
}
END_TEST

/* With a fall of 3 two failures in a row are none, if a player gets in then. */
START_TEST(failures_in_a_row)
{
	proxy = proxy_start(ONE_SERVER LIMBO
			    ",'health':{'interval-ms':3600000,'fall':3},'return':false",
			    alpha.port);
	for (int i = 0; i < 2; i++) {
		alice = client_login(proxy, somebody());
		for (int tries = 0; tries < 2; tries++)
			peer_close(backend_accept(&alpha));
		client_arrive(alice, "Limbo");
		peer_close(alice);
		alice = join(proxy, &alpha, somebody(), "Alpha", &link_a);
		peer_close(alice);
		lose(&link_a);
	}
	ck_assert(!proxy_logged(proxy, "is down"));
	for (int i = 0; i < 3; i++) {
		alice = client_login(proxy, somebody());
		for (int tries = 0; tries < 2; tries++)
			peer_close(backend_accept(&alpha));
		client_arrive(alice, "Limbo");
		peer_close(alice);
	}
	alice = NULL;
	proxy_wait_log(proxy, "is down after 3 failures: it closed the connection");
	finish();
}
END_TEST

/* ---- checks that log in ---- */

#define CLASSIC(ms) \
	LIMBO ",'health':{'interval-ms':" #ms ",'check':'classic','probe-name':'Probe'}"

START_TEST(a_check_that_logs_in)
{
	struct peer *probe;

	proxy = proxy_start_with(&verbose, ONE_SERVER CLASSIC(3600000), alpha.port);
	probe = backend_accept(&alpha);
	ck_assert_str_eq(probe->id.name, "Probe");
	ck_assert_str_eq(probe->id.text, "");
	ck_assert_uint_eq(probe->id.last, 0);
	if (_i == 0)
		link_welcome(probe, "Alpha");
	else
		link_kick(probe, "Who are you?");
	peer_expect_close(probe);
	peer_close(probe);
	proxy_wait_log(proxy, "is up");
	alice_on_alpha(true);
	finish();
}
END_TEST

START_TEST(a_check_that_is_not_let_in)
{
	struct peer *probe;

	proxy = proxy_start(ONE_SERVER CLASSIC(100), alpha.port);
	peer_close(backend_accept(&alpha));
	wait_down("it closed the connection instead of answering the login of Probe");
	probe = backend_accept(&alpha);
	link_identify(probe, "Alpha");
	proxy_wait_log(proxy, "is up again");
	peer_close(probe);
	finish();
}
END_TEST

/* ---- connections that are kept ready ---- */

static void start_with_pool(void)
{
	proxy = proxy_start_with(&verbose, ONE_SERVER CALM POOL, alpha.port);
	backend_wait_dialled(&alpha);
}

START_TEST(a_connection_is_ready)
{
	start_with_pool();
	alice_on_alpha(_i == 0);
	proxy_wait_log(proxy, ", kept ready");
	ck_assert(!proxy_logged(proxy, "dialled early"));
	backend_wait_dialled(&alpha); /* another one takes its place */
	finish();
}
END_TEST

/* The server has closed it when the player comes to use it: they dial, and that is all. */
START_TEST(a_ready_connection_that_is_dead)
{
	char anew[64];

	start_with_pool();
	alice = client_login(proxy, "Alice");
	peer_close(backend_accept(&alpha)); /* the ready one */
	link_a = backend_accept(&alpha);
	link_welcome(link_a, "Alpha");
	client_arrive(alice, "Alpha");
	exchange(alice, link_a);
	proxy_wait_log(proxy, "alpha has given up an early connection");
	snprintf(anew, sizeof(anew), "connected to alpha at 127.0.0.1:%u\n", alpha.port);
	proxy_wait_log(proxy, anew); /* not another ready one */
	ck_assert(!proxy_logged(proxy, "is down"));
	finish();
}
END_TEST

/* The same for a jump: the player stays where they are meanwhile. */
START_TEST(a_jump_with_a_ready_connection)
{
	proxy = proxy_start_with(&verbose, TWO_SERVERS CALM POOL ",'hubs':['beta']", alpha.port,
				 beta.port);
	backend_wait_dialled(&beta);
	alice = join(proxy, &beta, "Alice", "Beta", &link_b);
	peer_chat(alice, ":kura jump alpha");
	link_a = backend_accept(&alpha);
	link_welcome(link_a, "Alpha");
	client_arrive(alice, "Alpha");
	peer_expect_close(link_b);
	lose(&link_b);
	backend_wait_dialled(&beta);
	peer_forget(alice);
	peer_chat(alice, ":kura jump beta");
	if (_i == 1)
		peer_close(backend_accept(&beta));
	link_b = backend_accept(&beta);
	link_welcome(link_b, "Beta");
	client_arrive(alice, "Beta");
	exchange(alice, link_b);
	ck_assert_msg(!harness_says(alice->text, "can't be reached"), "%s", alice->text);
	ck_assert(!proxy_logged(proxy, "can't join"));
	finish();
}
END_TEST

/* Both are dead: the server is to blame then, but not yet down. */
START_TEST(two_dead_connections)
{
	start_with_pool();
	alice = client_login(proxy, "Alice");
	peer_close(backend_accept(&alpha));
	peer_close(backend_accept(&alpha));
	client_arrive(alice, "Limbo");
	proxy_wait_log(proxy, "can't join alpha: it closed the connection");
	ck_assert(!proxy_logged(proxy, "is down"));
	finish();
}
END_TEST

/* All that were ready die with the server; the next player gets one of the new server's. */
START_TEST(a_server_that_starts_again)
{
	start_with_pool();
	backend_close(&alpha);
	backend_reopen(&alpha);
	alice_on_alpha(true);
	ck_assert(!proxy_logged(proxy, "can't join"));
	finish();
}
END_TEST

/* Ready connections say nothing, so that a server may close them whenever it likes; players
 * come in all the same. */
START_TEST(a_server_that_closes_what_says_nothing)
{
	struct peer *players[5], *links[5];

	proxy = proxy_start_with(&verbose, ONE_SERVER CALM ",'pool':{'size':4}", alpha.port);
	for (size_t i = 0; i < 5; i++) {
		char name[] = {'P', (char)('0' + i), '\0'};

		backend_has_player(&alpha, 100); /* takes in what has connected */
		while (alpha.n_pending > 0)
			close(alpha.pending[--alpha.n_pending]);
		players[i] = client_login(proxy, name);
		links[i] = backend_accept(&alpha);
		link_welcome(links[i], "Alpha");
		client_arrive(players[i], "Alpha");
	}
	for (size_t i = 0; i < 5; i++) {
		peer_close(players[i]);
		peer_close(links[i]);
	}
	ck_assert(!proxy_logged(proxy, "can't join"));
	ck_assert(!proxy_logged(proxy, "is down"));
	finish();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("health");
	TCase *links = stage_case(suite, "links"), *logins = stage_case(suite, "logins"),
	      *ready = stage_case(suite, "ready");

	tcase_add_test(links, a_server_that_dies);
	tcase_add_test(links, a_server_that_shuts_its_door);
	tcase_add_test(links, a_server_that_comes_back);
	tcase_add_loop_test(links, a_login_that_fails, 0,
			    sizeof(failures) / sizeof(failures[0]));
	tcase_add_test(links, a_kick_is_no_failure);
	tcase_add_test(links, failures_in_a_row);
	tcase_add_loop_test(logins, a_check_that_logs_in, 0, 2);
	tcase_add_test(logins, a_check_that_is_not_let_in);
	tcase_add_loop_test(ready, a_connection_is_ready, 0, 2);
	tcase_add_test(ready, a_ready_connection_that_is_dead);
	tcase_add_loop_test(ready, a_jump_with_a_ready_connection, 0, 2);
	tcase_add_test(ready, two_dead_connections);
	tcase_add_test(ready, a_server_that_starts_again);
	tcase_add_test(ready, a_server_that_closes_what_says_nothing);
	return harness_run(suite);
}
