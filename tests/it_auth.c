/* SPDX-License-Identifier: MIT */
/*
 * Names and keys: who is let in when names are verified, what --key prints, and one name online
 * once.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

/* md5(SALT "Alice"), as another program computed it. */
#define SALT      "0123456789abcdef"
#define ALICE_KEY "df6a3b90ac7c3bff94d12056b2edc58c"
#define STRICT                                                \
	"'verify-names':true,'verify-lan':true,'salt':'" SALT \
	"','servers':[" SERVER("alpha") "]"
#define RELAXED "'verify-names':true,'salt':'" SALT "','servers':[" SERVER("alpha") "]"
#define OPEN    "'verify-names':false,'servers':[" SERVER("alpha") "]"

static struct backend alpha;
static struct proxy *proxy;

static void setup(void)
{
	backend_open(&alpha);
}

static void teardown(void)
{
	backend_close(&alpha);
}

static struct peer *login_with(const char *name, const char *key)
{
	struct peer *client = client_connect(proxy);

	client_identify(client, 7, false, name, key);
	return client;
}

static struct peer *enter_with(const char *name, const char *key, struct peer **link)
{
	struct peer *client = login_with(name, key);

	*link = backend_accept(&alpha);
	ck_assert_str_eq((*link)->id.name, name);
	link_welcome(*link, "Alpha");
	client_arrive(client, "Alpha");
	return client;
}

START_TEST(right_keys_open)
{
	static const char *const keys[] = {ALICE_KEY, "DF6A3B90AC7C3BFF94D12056B2EDC58C"};
	struct peer *client, *link;

	proxy = proxy_start(STRICT, alpha.port);
	client = enter_with("Alice", keys[_i], &link);
	exchange(client, link);
	ck_assert(!proxy_logged(proxy, "unverified"));
	peer_close(client);
	peer_close(link);
	proxy_stop(proxy);
}
END_TEST

START_TEST(wrong_keys_do_not)
{
	static const char *const keys[] = {"",
					   "-",
					   "df6a3b90ac7c3bff94d12056b2edc58d",
					   "df6a3b90ac7c3bff94d12056b2edc58",
					   "(none)",
					   "df6a3b90ac7c3bff94d12056b2edc58c0"};
	struct peer *client;

	proxy = proxy_start(STRICT, alpha.port);
	client = login_with("Alice", keys[_i]);
	peer_expect_disconnect(client, "wasn't verified");
	peer_close(client);
	client = login_with("alice", ALICE_KEY);
	peer_expect_disconnect(client, "wasn't verified");
	peer_close(client);
	proxy_stop(proxy);
}
END_TEST

START_TEST(refusal_points_to_the_server_list)
{
	struct peer *client;

	proxy = proxy_start(STRICT, alpha.port);
	client = login_with("Alice", "");
	peer_expect_disconnect(client, "server list");
	peer_close(client);
	proxy_stop(proxy);
}
END_TEST

START_TEST(lan_players_need_no_key_but_are_logged)
{
	struct peer *client, *link;

	proxy = proxy_start(RELAXED, alpha.port);
	client = enter_with("Alice", "", &link);
	proxy_wait_log(proxy, "unverified");
	peer_close(client);
	peer_close(link);
	proxy_stop(proxy);
}
END_TEST

START_TEST(verified_login_replaces_the_older_one)
{
	struct peer *old, *old_link, *client, *link;

	proxy = proxy_start(STRICT, alpha.port);
	old = enter_with("Alice", ALICE_KEY, &old_link);
	client = login_with("Alice", ALICE_KEY);
	peer_expect_disconnect(old, "");
	peer_expect_close(old_link);
	peer_close(old);
	link = backend_accept(&alpha);
	link_welcome(link, "Alpha");
	client_arrive(client, "Alpha");
	exchange(client, link);
	peer_close(client);
	peer_close(link);
	peer_close(old_link);
	proxy_stop(proxy);
}
END_TEST

START_TEST(unverified_login_is_refused_while_the_name_is_online)
{
	static const char *const names[] = {"Alice", "aLICE"};
	struct peer *first, *first_link, *old, *old_link, *client, *link;
	unsigned threads, fds;

	proxy = proxy_start(OPEN, alpha.port);
	/* Who is in proves that all of the proxy's own threads run. */
	first = enter_with("First", "", &first_link);
	threads = proxy_threads(proxy);
	fds = proxy_fds(proxy);
	old = enter_with("Alice", "", &old_link);
	client = login_with(names[_i], "");
	peer_expect_disconnect(client, "already");
	peer_close(client);
	exchange(old, old_link);
	peer_close(old);
	peer_close(old_link);
	proxy_wait_counts(proxy, threads, fds); /* only then is the name free for certain */
	client = enter_with("Alice", "", &link);
	exchange(client, link);
	peer_close(client);
	peer_close(link);
	peer_close(first);
	peer_close(first_link);
	proxy_stop(proxy);
}
END_TEST

/* An unverified player from the local network can't push a verified one off. */
START_TEST(unverified_login_does_not_replace_a_verified_one)
{
	struct peer *old, *link, *client;

	proxy = proxy_start(RELAXED, alpha.port);
	old = enter_with("Alice", ALICE_KEY, &link);
	client = login_with("Alice", "");
	peer_expect_disconnect(client, "already");
	exchange(old, link);
	peer_close(client);
	peer_close(old);
	peer_close(link);
	proxy_stop(proxy);
}
END_TEST

START_TEST(keys_are_printed)
{
	char path[HARNESS_PATH];
	struct run *run = calloc(1, sizeof(*run));

	harness_file(path, "salted.json", "{\"salt\": \"" SALT "\"}");
	run_binary(run, NULL, (const char *const[]){"--config", path, "--key", "Alice", NULL});
	ck_assert_int_eq(run->status, 0);
	ck_assert(strstr(run->out, ALICE_KEY) != NULL);
	ck_assert(strstr(run->out, "mc://") != NULL);
	run_binary(run, NULL,
		   (const char *const[]){"--config", path, "--key", "no good name", NULL});
	ck_assert_int_ne(run->status, 0);
	harness_file(path, "unsalted.json", "{}");
	run_binary(run, NULL, (const char *const[]){"--config", path, "--key", "Alice", NULL});
	ck_assert_int_ne(run->status, 0);
	ck_assert(strstr(run->err, "salt") != NULL);
	free(run);
}
END_TEST

START_TEST(start_warns_when_nobody_can_join)
{
	proxy = proxy_start("'verify-names':true,'heartbeat':false");
	proxy_wait_log(proxy, "nobody but");
	proxy_wait_log(proxy, "salt");
	proxy_stop(proxy);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("auth");
	TCase *tcase = harness_case(suite, "auth");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, right_keys_open, 0, 2);
	tcase_add_loop_test(tcase, wrong_keys_do_not, 0, 6);
	tcase_add_test(tcase, refusal_points_to_the_server_list);
	tcase_add_test(tcase, lan_players_need_no_key_but_are_logged);
	tcase_add_test(tcase, verified_login_replaces_the_older_one);
	tcase_add_loop_test(tcase, unverified_login_is_refused_while_the_name_is_online, 0, 2);
	tcase_add_test(tcase, unverified_login_does_not_replace_a_verified_one);
	tcase_add_test(tcase, keys_are_printed);
	tcase_add_test(tcase, start_warns_when_nobody_can_join);
	return harness_run(suite);
}
