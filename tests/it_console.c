/* SPDX-License-Identifier: MIT */
/*
 * The commands on the terminal, when stdin is no terminal: plain lines in, plain lines out.
 * What each command does is known from chat (it_admin) and without players (test_commands_run);
 * here is what is different: who gives it, and that it may do anything.
 */
#include <bsd/string.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stage.h"

#define USUAL TWO_SERVERS KEPT CALM, alpha.port, beta.port, state
#define KEPT  ",'state-dir':'%s'"
#define DEAF  30 /* players who do not read */

static char state[HARNESS_PATH]; /* a directory of the test's own */
static char said[65536];         /* what stdout has said since the last line */
static int in = -1, out = -1;    /* our ends of its stdin and stdout */
static int theirs[2];            /* its ends */

static void setup(void)
{
	int to[2], from[2];

	stage_setup();
	harness_file(state, "state-XXXXXX", NULL);
	ck_assert_ptr_nonnull(mkdtemp(state));
	ck_assert(pipe2(to, O_CLOEXEC) == 0 && pipe2(from, O_CLOEXEC) == 0);
	theirs[0] = to[0];
	theirs[1] = from[1];
	in = to[1];
	out = from[0];
}

static void drop_file(const char *name)
{
	char path[HARNESS_PATH + 32];

	snprintf(path, sizeof(path), "%s/%s", state, name);
	unlink(path);
}

static void teardown(void)
{
	drop_file("bans.json");
	drop_file("allowed.json");
	drop_file("places.json");
	rmdir(state);
	stage_teardown();
}

/* Starts a proxy whose stdin and stdout are pipes; Alice is on alpha. */
static void begin(void)
{
	const struct proxy_options options = {.in_fd = theirs[0], .out_fd = theirs[1]};

	proxy = proxy_start_with(&options, USUAL);
	close(theirs[0]);
	close(theirs[1]);
	alice_on_alpha(false);
}

/* Waits until stdout has said something. */
static void see(const char *text)
{
	int64_t deadline = harness_now() + harness_ms(10000);
	struct pollfd fd = {.fd = out, .events = POLLIN};
	size_t size = strlen(said);

	while (!harness_says(said, text)) {
		int64_t left = deadline - harness_now();
		ssize_t n = left > 0 && poll(&fd, 1, (int)left) > 0
				    ? read(out, said + size, sizeof(said) - 1 - size)
				    : -1;

		ck_assert_msg(n > 0, "stdout never said \"%s\", but: %s", text, said);
		size += (size_t)n;
		said[size] = '\0';
	}
}

/* Types a line and waits for a part of the answer. */
static void type(const char *line, const char *answer)
{
	said[0] = '\0';
	ck_assert_int_eq(write(in, line, strlen(line)), (ssize_t)strlen(line));
	ck_assert_int_eq(write(in, "\n", 1), 1);
	see(answer);
}

START_TEST(lines_are_commands)
{
	begin();
	type("version", "Kurafuto");
	type("  players  alpha ", "Alice on alpha, from 127.0.0.1:");
	see("Players online: 1");
	type("find al", "Alice is on alpha");
	type("who", "alpha (1): Alice");
	type("list", "alpha up, 1 player");
	type("jump beta", "jump is for players");
	type("nosuch", "There is no command \"nosuch\"");
	type("help", "stop [SECONDS");
	ck_assert(!harness_says(said, ":kura"));
	ck_assert(!harness_says(said, "info  ")); /* the log is elsewhere */
	proxy_wait_log(proxy, "console: gives the command find al");
	exchange(alice, link_a);
	finish();
}
END_TEST

START_TEST(the_console_may_do_anything)
{
	begin();
	type("say hear, hear", "Said to 1 player.");
	peer_wait_text(alice, "[console] hear, hear");
	type("send all be", "Sending 1 player to beta.");
	link_b = backend_accept(&beta);
	link_welcome(link_b, "Beta");
	client_arrive(alice, "Beta");
	type("kick Alice mind the lava", "Alice has been kicked");
	peer_expect_disconnect(alice, "Kicked by an admin: mind the lava");
	finish();
}
END_TEST

/* A network's ban meets all that come from it. */
START_TEST(a_network_is_banned)
{
	begin();
	type("ban 127.0.0.0/8 1d too loud", "127.0.0.0/8 is banned for 1 d");
	see("online until now (1): Alice");
	peer_expect_disconnect(alice, "banned for another 1 d: too loud");
	proxy_wait_log(proxy, "Alice: leaves after");
	peer_close(alice);
	alice = client_login(proxy, "Alice");
	peer_expect_disconnect(alice, "banned for another");
	type("bans", "127.0.0.0/8 by console, for another");
	type("unban 127.0.0.0/8", "no longer banned");
	proxy_wait_log(proxy, "login as Alice");
	peer_close(alice);
	peer_close(link_a);
	alice = join(proxy, &alpha, "Alice", "Alpha", &link_a);
	finish();
}
END_TEST

/* A ban ends all whom it meets before it says goodbye to the first of them, who is Alice; the
 * others do not read, and would take over a second if each had to wait for the one before. */
START_TEST(all_are_banned_at_once)
{
	struct peer *players[DEAF], *links[DEAF];
	char name[16], ended[64];

	begin();
	for (int i = 0; i < DEAF; i++) {
		snprintf(name, sizeof(name), "Deaf%d", i);
		players[i] = join(proxy, &alpha, name, "Alpha", &links[i]);
		exchange(players[i], links[i]);
	}
	proxy_deafen(proxy, links, DEAF);
	type("ban 127.0.0.0/8", "127.0.0.0/8 is banned.");
	peer_expect_disconnect(alice, "You are banned");
	ck_assert(peer_closes_within(links[DEAF - 1], 500));
	snprintf(ended, sizeof(ended), "online until now (%d): Alice, Deaf0, Deaf1", DEAF + 1);
	see(ended);
	for (int i = 0; i < DEAF; i++) {
		peer_close(players[i]);
		peer_expect_close(links[i]);
		peer_close(links[i]);
	}
	finish();
}
END_TEST

/* The end of stdin is not the end of the program. */
START_TEST(the_end_of_stdin_ends_nothing)
{
	begin();
	type("version", "Kurafuto");
	close(in);
	exchange(alice, link_a);
	finish();
}
END_TEST

START_TEST(stop_ends_the_program)
{
	int status;

	begin();
	type("stop 1 for today", "Stopping in 1 s");
	peer_expect_disconnect(alice, "for today");
	status = proxy_wait(proxy);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status 0x%x",
		      (unsigned)status);
	proxy_free(proxy);
	peer_close(alice);
	peer_close(link_a);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("console");
	TCase *tcase = harness_case(suite, "plain lines");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, lines_are_commands);
	tcase_add_test(tcase, the_console_may_do_anything);
	tcase_add_test(tcase, a_network_is_banned);
	tcase_add_test(tcase, all_are_banned_at_once);
	tcase_add_test(tcase, the_end_of_stdin_ends_nothing);
	tcase_add_test(tcase, stop_ends_the_program);
	return harness_run(suite);
}
