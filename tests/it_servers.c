/* SPDX-License-Identifier: MIT */
/*
 * What the configuration says of single servers and listeners: who may go there, who sees them,
 * what they are called, what their players read, and a server behind a UNIX socket.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "auth.h"
#include "harness.h"

#define SALT      "0123456789abcdef"
#define QUICK     ",'health':{'interval-ms':100}"
#define A(more)   "{'name':'alpha','address':'127.0.0.1','port':%u" more "}"
#define B(more)   "{'name':'beta','address':'127.0.0.1','port':%u" more "}"
#define TWO(a, b) "'servers':[" A(a) "," B(b) "]"

static struct backend alpha, beta;
static struct proxy *proxy;
static struct peer *alice, *there;

static void setup(void)
{
	backend_open(&alpha);
	backend_open(&beta);
}

static void teardown(void)
{
	backend_close(&alpha);
	backend_close(&beta);
}

/* The player leaves, and the name is free again. Their server lets go of them only then: they
 * must not look for another. */
static void leave(const char *name)
{
	char text[64];
	size_t left;

	snprintf(text, sizeof(text), " %s: leaves", name);
	left = proxy_count_log(proxy, text);
	peer_close(alice);
	proxy_wait_count_log(proxy, text, left + 1);
	peer_close(there);
	alice = there = NULL;
}

static void finish(void)
{
	peer_close(alice);
	peer_close(there);
	proxy_stop(proxy);
}

static struct peer *login(const char *name, bool has_key)
{
	struct peer *client = client_connect(proxy);
	char key[AUTH_KEY_LEN + 1];

	auth_key(key, SALT, name);
	client_identify(client, PACKET_PROTOCOL, false, name, has_key ? key : NULL);
	return client;
}

/* The next link of a server is the player's, who arrives. */
static void arrive(struct backend *backend, const char *name)
{
	struct peer *old = there;

	there = backend_accept(backend);
	link_welcome(there, name);
	client_arrive(alice, name);
	peer_close(old);
	exchange(alice, there);
	peer_forget(alice);
}

/* In comes somebody who arrives at that server. */
static void enter(const char *name, bool has_key, struct backend *backend, const char *server)
{
	alice = login(name, has_key);
	arrive(backend, server);
}

static void ask(const char *command, const char *answer)
{
	peer_forget(alice);
	peer_chat(alice, command);
	peer_wait_text(alice, answer);
}

/* What the chat says about a command, up to the answer to the next. */
static bool answers(const char *command, const char *text)
{
	ask(command, "");
	peer_chat(alice, ":kura help stay");
	peer_wait_text(alice, "was lost");
	return harness_says(alice->text, text);
}

/* Motd of the next server identification. */
static void reads_motd(const char *motd)
{
	char text[PACKET_STRING_LEN + 1];

	packet_get_string(text, peer_until(alice, OP_IDENTIFICATION) + 66);
	ck_assert_str_eq(text, motd);
}

/* ---- who may go there ---- */

#define STAFF                                                                       \
	TWO("", ",'restricted':['Bob','@admin']")                                   \
	",'salt':'" SALT "','ranks':{'admin':{'names':['Alice'],'commands':['*']}," \
	"'builder':{'names':['Carol'],'servers':['be*']}}"

START_TEST(a_restricted_server_is_for_those_named)
{
	static const struct {
		const char *name;
		bool has_key, may;
	} players[] = {
		{"Bob", true, true},     {"Bob", false, false}, {"Alice", true, true},
		{"Alice", false, false}, {"Carol", true, true}, {"Carol", false, false},
		{"Dave", true, false},
	};

	proxy = proxy_start(STAFF, alpha.port, beta.port);
	for (size_t i = 0; i < sizeof(players) / sizeof(players[0]); i++) {
		enter(players[i].name, players[i].has_key, &alpha, "Alpha");
		ask(":kura jump beta",
		    players[i].may ? "Jumping to beta" : "You may not go to beta");
		if (players[i].may)
			arrive(&beta, "Beta");
		else
			exchange(alice, there);
		leave(players[i].name);
	}
	proxy_stop(proxy);
}
END_TEST

START_TEST(a_restricted_hub_is_passed_over)
{
	proxy = proxy_start(STAFF ",'hubs':['beta','alpha']", alpha.port, beta.port);
	enter("Alice", true, &beta, "Beta");
	leave("Alice");
	enter("Dave", true, &alpha, "Alpha");
	ask(":kura hub", "already");
	finish();
}
END_TEST

/* ---- who sees them, what they are called ---- */

START_TEST(a_hidden_server_is_there_for_those_who_know)
{
	proxy = proxy_start(TWO("", ",'hidden':true"), alpha.port, beta.port);
	enter("Alice", false, &alpha, "Alpha");
	ck_assert(!answers(":kura list", "beta"));
	ck_assert(answers(":kura list", "alpha up"));
	ck_assert(!answers(":kura jump nowhere", "beta"));
	ask(":kura jump bet", "Jumping to beta"); /* its name is no secret */
	arrive(&beta, "Beta");
	ck_assert(answers(":kura list", "beta up"));
	ask(":kura jump lobby", "Jumping to lobby");
	client_arrive(alice, NULL);
	ask("anything", "anything"); /* behind all that the lobby says */
	ck_assert(!harness_says(alice->text, "beta"));
	finish();
}
END_TEST

START_TEST(aliases_are_names)
{
	static const char *const names[] = {"spawn", "SPAWN", "sp", "old-beta", "bet"};

	proxy = proxy_start(TWO("", ",'aliases':['spawn','old-beta']"), alpha.port, beta.port);
	enter("Alice", false, &alpha, "Alpha");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char line[64];

		snprintf(line, sizeof(line), ":kura jump %s", names[i]);
		ask(line, "Jumping to beta");
		arrive(&beta, "Beta");
		ask(line, "You are on beta already");
		ask(":kura jump alpha", "Jumping to alpha");
		arrive(&alpha, "Alpha");
	}
	ck_assert(!answers(":kura list", "spawn"));
	finish();
}
END_TEST

/* ---- what players read ---- */

START_TEST(a_motd_of_ours_replaces_that_of_a_server)
{
	struct peer *to_beta;

	proxy = proxy_start(TWO(",'motd':'&bEins \xc3\xa9'", ""), alpha.port, beta.port);
	alice = login("Alice", false);
	there = backend_accept(&alpha);
	link_welcome(there, "Alpha");
	reads_motd("&bEins \x82");
	ck_assert_str_eq(alice->server, "Alpha");
	ask(":kura jump beta", "Jumping");
	to_beta = backend_accept(&beta);
	link_welcome(to_beta, "Beta");
	reads_motd("A test");
	peer_close(to_beta);
	finish();
}
END_TEST

/* ---- listeners ---- */

START_TEST(each_listener_has_its_own_hubs_and_words)
{
	struct backend place; /* holds a port, on which only the proxy listens */

	backend_open(&place);
	backend_refuse(&place);
	proxy = proxy_start(TWO("", "") ",'name':'First','motd':'one','listeners':["
					"{'address':'127.0.0.1','port':%u,'name':'Second',"
					"'motd':'two','hubs':['beta']}]",
			    alpha.port, beta.port, place.port);
	enter("Alice", false, &alpha, "Alpha");
	ask(":kura lobby", "Jumping");
	reads_motd("one");
	ck_assert_str_eq(alice->server, "First");
	peer_wait_text(alice, "Welcome to First!");
	leave("Alice");
	alice = client_connect_at(place.port);
	client_identify(alice, PACKET_PROTOCOL, false, "Alice", NULL);
	arrive(&beta, "Beta");
	ask(":kura lobby", "Jumping");
	reads_motd("two");
	ck_assert_str_eq(alice->server, "Second");
	client_arrive(alice, NULL);
	peer_wait_text(alice, "Welcome to Second!");
	ask(":kura hub", "Jumping to beta");
	arrive(&beta, "Beta");
	finish();
	backend_close(&place);
}
END_TEST

/* ---- UNIX sockets ---- */

static void listen_at(struct backend *backend, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	ck_assert_uint_lt(strlen(path), sizeof(address.sun_path));
	strcpy(address.sun_path, path);
	unlink(path);
	memset(backend, 0, sizeof(*backend));
	backend->keeper = -1;
	backend->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_msg(backend->fd >= 0 &&
			      bind(backend->fd, (struct sockaddr *)&address, sizeof(address)) ==
				      0 &&
			      listen(backend->fd, 64) == 0,
		      "%s: %s", path, strerror(errno));
}

START_TEST(a_server_behind_a_unix_socket)
{
	struct backend local;
	char path[HARNESS_PATH];

	harness_file(path, "local.sock", NULL);
	listen_at(&local, path);
	proxy = proxy_start("'servers':[{'name':'local','address':'unix:%s'}," B(
				    "") "]" QUICK ",'hubs':['local','beta']",
			    path, beta.port);
	proxy_wait_log(proxy, "linked server local at unix:/");
	enter("Alice", false, &local, "Local");
	ask(":kura list", "local up");
	backend_close(&local);
	peer_close(there);
	there = NULL;
	arrive(&beta, "Beta");
	proxy_wait_log(proxy, "server local (unix:");
	ask(":kura list", "local down");
	listen_at(&local, path);
	proxy_wait_log(proxy, "is up again");
	ask(":kura hub", "Jumping to local");
	arrive(&local, "Local");
	finish();
	backend_close(&local);
	unlink(path);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("servers");
	TCase *tcase = harness_case(suite, "servers");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_restricted_server_is_for_those_named);
	tcase_add_test(tcase, a_restricted_hub_is_passed_over);
	tcase_add_test(tcase, a_hidden_server_is_there_for_those_who_know);
	tcase_add_test(tcase, aliases_are_names);
	tcase_add_test(tcase, a_motd_of_ours_replaces_that_of_a_server);
	tcase_add_test(tcase, each_listener_has_its_own_hubs_and_words);
	tcase_add_test(tcase, a_server_behind_a_unix_socket);
	return harness_run(suite);
}
