/* SPDX-License-Identifier: MIT */
/*
 * The end of the program, when an admin wants it: counted down, or when the last player has
 * left, or not after all. (it_admin_servers knows that chat can do it, too.)
 */
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net.h"
#include "scratch.h"
#include "stage.h"
#include "steward.h"

static struct backend place; /* a port for the proxy alone */

static void setup(void)
{
	stage_setup();
	scratch_setup();
	backend_open(&place);
	backend_refuse(&place);
}

static void teardown(void)
{
	backend_close(&place);
	scratch_teardown();
	stage_teardown();
}

static void edit(const char *more)
{
	char address[64];

	snprintf(address, sizeof(address), "'address':'127.0.0.1','port':%u", place.port);
	steward_edits_at(address, ONE_SERVER CALM "%s", alpha.port, more);
}

/* Alice is on alpha. */
static void begin(void)
{
	edit("");
	proxy = steward_starts();
	alice_on_alpha(false);
}

/* The program ends by itself, well. Alice has left, or has been told to. */
static void has_ended(void)
{
	int status;

	peer_close(alice);
	status = proxy_wait(proxy);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status 0x%x",
		      (unsigned)status);
	proxy_free(proxy);
	peer_close(link_a);
	steward_leaves();
}

static void end(void)
{
	finish();
	steward_leaves();
}

static bool is_refused(void)
{
	struct net_addr address;
	bool is_open;
	int fd;

	ck_assert(net_addr_parse(&address, "127.0.0.1", proxy_port(proxy)));
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	is_open = connect(fd, (struct sockaddr *)&address.storage, address.len) == 0;
	close(fd);
	return !is_open;
}

static void await_refusal(bool wanted)
{
	int64_t deadline = harness_now() + harness_ms(5000);

	while (is_refused() != wanted) {
		ck_assert_msg(harness_now() < deadline, "it listens: %d", wanted);
		poll(NULL, 0, 5); /* nothing says when */
	}
}

static int listen_at(uint16_t port)
{
	struct net_addr address;
	char why[256];

	ck_assert(net_addr_parse(&address, "127.0.0.1", port));
	int fd = net_listen(&address, why, sizeof(why));
	ck_assert_msg(fd >= 0, "%s", why);
	return fd;
}

/* ---- counted down ---- */

START_TEST(players_hear_the_last_seconds)
{
	int64_t started_ms = harness_now();

	begin();
	steward_asks("stop 3 new map", "Stopping in 3 s");
	peer_wait_text(alice, "The server stops in 3 s: new map");
	peer_wait_text(alice, "The server stops in 2 s: new map");
	peer_wait_text(alice, "The server stops in 1 s: new map");
	peer_expect_disconnect(alice, "new map");
	ck_assert_int_ge(harness_now() - started_ms, 3000);
	ck_assert(proxy_logged(proxy, "stopping in 3 s: new map"));
	has_ended();
}
END_TEST

START_TEST(a_stop_is_called_off)
{
	begin();
	steward_asks("stop 1", "Stopping in 1 s");
	peer_wait_text(alice, "The server stops in 1 s");
	steward_asks("stop not", "The stop is called off");
	peer_wait_text(alice, "does not stop after all");
	proxy_wait_log(proxy, "the stop was called off");
	ck_assert(!peer_closes_within(alice, 1500));
	exchange(alice, link_a);
	steward_asks("stop not", "There was no stop to call off");
	end();
}
END_TEST

START_TEST(the_last_word_counts)
{
	begin();
	steward_asks("stop 600 much later", "Stopping in 10 min");
	peer_wait_text(alice, "The server stops in 10 min: much later");
	steward_asks("stop 1 now", "Stopping in 1 s");
	peer_expect_disconnect(alice, "now");
	has_ended();
}
END_TEST

START_TEST(a_signal_does_not_wait)
{
	begin();
	steward_asks("stop 600 later", "Stopping in 10 min");
	proxy_wait_log(proxy, "stopping in 600 s: later");
	proxy_signal(proxy, SIGTERM);
	peer_expect_disconnect(alice, "later");
	has_ended();
}
END_TEST

START_TEST(nonsense_stops_nothing)
{
	static const char *const lines[] = {"stop soon", "stop -1", "stop 86401", "stop 1.5"};

	begin();
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		steward_asks(lines[i], "is no number of seconds from 0 to 86400");
	steward_asks("stop not", "There was no stop to call off");
	exchange(alice, link_a);
	end();
}
END_TEST

/* ---- when the last player has left ---- */

START_TEST(nobody_new_comes_while_it_waits)
{
	begin();
	steward_asks("stop when-empty", "stops when the last player has left");
	proxy_wait_log(proxy, "no longer listening on 127.0.0.1:");
	await_refusal(true);
	exchange(alice, link_a);
	edit(",'motd':'Another'");
	steward_reloads(); /* which does not open it again */
	ck_assert(is_refused());
	peer_chat(alice, ":kura lobby");
	client_arrive(alice, "Limbo");
	peer_close(alice);
	alice = NULL;
	has_ended();
}
END_TEST

START_TEST(with_nobody_there_it_ends)
{
	begin();
	peer_close(alice);
	alice = NULL;
	proxy_wait_log(proxy, "Alice: leaves");
	steward_asks("stop when-empty", "stops when the last player has left");
	has_ended();
}
END_TEST

START_TEST(waiting_is_called_off)
{
	struct peer *bob;

	begin();
	for (size_t i = 1; i <= 2; i++) {
		steward_asks("stop when-empty", "stops when the last player has left");
		proxy_wait_count_log(proxy, "no longer listening on", i);
		await_refusal(true);
		steward_asks("stop not", "The stop is called off");
		proxy_wait_count_log(proxy, "info  listening on", i + 1);
	}
	steward_asks("stop not", "There was no stop to call off");
	peer_close(alice);
	alice = NULL;
	proxy_wait_log(proxy, "Alice: leaves");
	steward_asks("version", "Kurafuto"); /* and it goes on */
	bob = join(proxy, &alpha, "Bob", "Alpha", &link_b);
	exchange(bob, link_b);
	peer_close(bob);
	end();
}
END_TEST

/* Another program has taken the port meanwhile: it is tried until that one lets go of it. */
START_TEST(a_port_that_was_taken_meanwhile)
{
	struct peer *bob;
	int stranger;

	begin();
	steward_asks("stop when-empty", "stops when the last player has left");
	await_refusal(true);
	stranger = listen_at(place.port);
	steward_asks("stop not", "The stop is called off");
	proxy_wait_log(proxy, "error cannot listen on 127.0.0.1:");
	ck_assert(!peer_closes_within(alice, 2500)); /* two more tries */
	ck_assert_uint_eq(proxy_count_log(proxy, "cannot listen on"), 1);
	close(stranger);
	proxy_wait_log(proxy, "players can join again");
	bob = join(proxy, &alpha, "Bob", "Alpha", &link_b);
	exchange(bob, link_b);
	exchange(alice, link_a);
	peer_close(bob);
	end();
}
END_TEST

/* ---- when something hangs ---- */

/* Alice is on alpha, of a proxy whose disk hangs as long as there are files for it in the
 * scratch directory (tests/stuck.c). */
static void begin_preloaded(void)
{
	char path[HARNESS_PATH], more[HARNESS_PATH], *slash;
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	ck_assert_int_gt(n, 0);
	path[n] = '\0';
	slash = strrchr(path, '/');
	snprintf(slash + 1, sizeof(path) - (size_t)(slash + 1 - path), "stuck.so");
	ck_assert_msg(access(path, R_OK) == 0, "%s is missing", path);
	ck_assert_int_eq(setenv("LD_PRELOAD", path, 1), 0);
	ck_assert_int_eq(setenv("STUCK_DIR", scratch, 1), 0);
	snprintf(more, sizeof(more), ",'state-dir':'%s'", scratch);
	edit(more);
	proxy = steward_starts();
	ck_assert_int_eq(unsetenv("LD_PRELOAD"), 0);
	alice_on_alpha(false);
}

static void await_file(const char *name)
{
	int64_t deadline = harness_now() + harness_ms(15000);

	while (!scratch_has(name)) {
		ck_assert_msg(harness_now() < deadline, "there is no %s", name);
		poll(NULL, 0, 5); /* a file can't be waited for */
	}
}

/* The disk that takes the places of players hangs: everything else goes on, and the end does
 * not wait for it. */
START_TEST(a_disk_that_hangs_holds_up_nobody)
{
	scratch_write("fsync", "");
	begin_preloaded();
	await_file("fsync.waits");
	steward_reloads();
	exchange(alice, link_a);
	steward_asks("stop 1", "Stopping in 1 s");
	peer_wait_text(alice, "The server stops in 1 s");
	peer_expect_disconnect(alice, "shutting down");
	lose(&alice);
	proxy_wait_log(proxy, "where players were could not be saved in time");
	has_ended();
	ck_assert(!scratch_has("places.json"));
}
END_TEST

/* What has happened while it hung is written as soon as it goes on. */
START_TEST(a_disk_that_goes_on_has_the_latest)
{
	struct peer *bob;

	scratch_write("fsync", "");
	begin_preloaded();
	await_file("fsync.waits");
	bob = join(proxy, &alpha, "Bob", "Alpha", &link_b);
	exchange(bob, link_b);
	ck_assert_int_eq(remove(in_scratch("fsync")), 0);
	peer_close(bob);
	end();
	ck_assert_ptr_nonnull(strstr(scratch_read("places.json"), "Bob"));
	ck_assert_ptr_nonnull(strstr(scratch_read("places.json"), "Alice"));
}
END_TEST

/* A reload hangs: the stop that was asked for comes nevertheless, and so does a signal's. Also
 * when the terminal waits for that reload. */
START_TEST(a_reload_that_hangs_does_not_keep_it_running)
{
	begin_preloaded();
	scratch_write("stat", "");
	if (_i == 0) {
		proxy_signal(proxy, SIGHUP);
		await_file("stat.waits");
		steward_asks("stop 1", "Stopping in 1 s");
	} else {
		steward_types("reload");
		await_file("stat.waits");
		proxy_signal(proxy, SIGTERM);
	}
	peer_expect_disconnect(alice, "shutting down");
	lose(&alice);
	proxy_wait_log(proxy, "a reload did not end in time");
	ck_assert_int_eq(proxy_logged(proxy, "a command on the terminal did not end"), _i);
	has_ended();
	ck_assert_ptr_nonnull(strstr(scratch_read("places.json"), "Alice"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("stop");
	TCase *tcase = harness_case(suite, "stop");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, players_hear_the_last_seconds);
	tcase_add_test(tcase, a_stop_is_called_off);
	tcase_add_test(tcase, the_last_word_counts);
	tcase_add_test(tcase, a_signal_does_not_wait);
	tcase_add_test(tcase, nonsense_stops_nothing);
	tcase_add_test(tcase, nobody_new_comes_while_it_waits);
	tcase_add_test(tcase, with_nobody_there_it_ends);
	tcase_add_test(tcase, waiting_is_called_off);
	tcase_add_test(tcase, a_port_that_was_taken_meanwhile);
	tcase_add_test(tcase, a_disk_that_hangs_holds_up_nobody);
	tcase_add_test(tcase, a_disk_that_goes_on_has_the_latest);
	tcase_add_loop_test(tcase, a_reload_that_hangs_does_not_keep_it_running, 0, 2);
	return harness_run(suite);
}
