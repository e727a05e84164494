/* SPDX-License-Identifier: MIT */
/*
 * Server lists and the keys that players have from them: what the real program tells lists on
 * loopback, who gets in with what they hand out, under which name, and what servers see of it.
 */
#include <bsd/string.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "../auth.h"
#include "harness.h"
#include "listing.h"
#include "scratch.h"
#include "steward.h"

#define SALT   "0123456789abcdef"
#define SERVED "'servers':[" SERVER("alpha") "]"
#define STATE  ",'state-dir':'%s'"
#define STRICT ",'verify-lan':true"
/* One with an empty suffix, one with "@b". */
#define CLASSICUBE "{'type':'classicube','url':'http://127.0.0.1:%u/'}"
#define NOTCHIAN   "{'type':'notchian','url':'http://127.0.0.1:%u/','name-suffix':'@b'}"
#define BOTH       ",'heartbeats':[" CLASSICUBE "," NOTCHIAN "]"
#define ONE        ",'heartbeats':[" CLASSICUBE "]"

static struct backend alpha;
static struct listing first, second;
static struct proxy *proxy;

static void setup(void)
{
	backend_open(&alpha);
	scratch_setup();
	listing_open(&first);
	listing_open(&second);
}

static void teardown(void)
{
	listing_close(&second);
	listing_close(&first);
	scratch_teardown();
	backend_close(&alpha);
}

/* Logs in with a key made with a salt. */
static struct peer *login_with(const char *name, const char *salt)
{
	struct peer *client = client_connect(proxy);
	char key[AUTH_KEY_LEN + 1];

	auth_key(key, salt, name);
	client_identify(client, PACKET_PROTOCOL, false, name, key);
	return client;
}

/* The same with the one that a list was told last. */
static struct peer *login_by(const char *name, struct listing *list)
{
	char salt[256];

	listing_request(list, 0);
	listing_field(list, listing_count(list) - 1, "salt", salt);
	return login_with(name, salt);
}

/* The server sees that name, and the player arrives. */
static struct peer *arrive_as(struct peer *client, const char *name)
{
	struct peer *link = backend_accept(&alpha);

	ck_assert_str_eq(link->id.name, name);
	link_welcome(link, "Alpha");
	client_arrive(client, "Alpha");
	exchange(client, link);
	peer_forget(client);
	return link;
}

START_TEST(keys_of_each_list_open_the_door)
{
	struct peer *alice, *link, *other, *other_link, *bad;

	proxy = proxy_start(SERVED BOTH STRICT STATE, alpha.port, first.port, second.port,
			    scratch);
	alice = login_by("Alice", &first);
	link = arrive_as(alice, "Alice");
	other = login_by("Alice", &second);
	other_link = arrive_as(other, "Alice@b");
	exchange(alice, link); /* they are two */
	ck_assert(!proxy_logged(proxy, "unverified"));
	proxy_wait_log(proxy, "Alice@b: ");
	bad = login_with("Bob", SALT);
	peer_expect_disconnect(bad, "wasn't verified");
	peer_close(bad);
	peer_close(alice);
	peer_close(link);
	peer_close(other);
	peer_close(other_link);
	proxy_stop(proxy);
}
END_TEST

/* The longest name, with the longest suffix; it is online once, and the newer one stays. */
START_TEST(names_have_up_to_twenty_characters)
{
	struct peer *old, *old_link, *new, *new_link;

	proxy = proxy_start(SERVED STRICT ",'heartbeats':[{'type':'notchian','url':"
					  "'http://127.0.0.1:%u/','name-suffix':'.abc'}]",
			    alpha.port, first.port);
	old = login_by("Sixteen_letters_", &first);
	old_link = arrive_as(old, "Sixteen_letters_.abc");
	proxy_wait_log(proxy, " Sixteen_letters_.abc: ");
	new = login_by("Sixteen_letters_", &first);
	peer_expect_disconnect(old, "another place");
	peer_expect_close(old_link);
	new_link = arrive_as(new, "Sixteen_letters_.abc");
	peer_close(old);
	peer_close(old_link);
	peer_close(new);
	peer_close(new_link);
	proxy_stop(proxy);
}
END_TEST

START_TEST(ranks_and_bans_are_for_names_with_suffixes)
{
	struct peer *alice, *link, *other, *other_link;

	steward_edits(SERVED BOTH STRICT STATE ",'ranks':{'admin':{'names':['Alice@b'],"
					       "'commands':['*']}}",
		      alpha.port, first.port, second.port, scratch);
	proxy = steward_starts();
	alice = login_by("Alice", &first);
	link = arrive_as(alice, "Alice");
	peer_chat(alice, ":kura stats");
	peer_wait_text(alice, "You may not use");
	other = login_by("Alice", &second);
	other_link = arrive_as(other, "Alice@b");
	peer_chat(other, ":kura stats");
	peer_wait_text(other, "players");
	steward_asks("ban Alice@b", "Alice@b");
	peer_expect_disconnect(other, "banned");
	exchange(alice, link);
	peer_close(other);
	other = login_by("Alice", &second);
	peer_expect_disconnect(other, "banned");
	steward_asks("allow add Seventeen_letters", "Seventeen_letters");
	peer_close(alice);
	peer_close(link);
	peer_close(other);
	peer_close(other_link);
	steward_stops();
}
END_TEST

START_TEST(nobody_may_borrow_a_suffix)
{
	struct peer *client;

	proxy = proxy_start(SERVED BOTH, alpha.port, first.port, second.port);
	client = login_by("Alice@B", &first);
	peer_expect_disconnect(client, "may not end in @b");
	peer_close(client);
	client = client_login(proxy, "Alice@b");
	peer_expect_disconnect(client, "may not end in @b");
	peer_close(client);
	proxy_stop(proxy);
}
END_TEST

START_TEST(players_without_a_key_have_no_suffix)
{
	struct peer *alice, *link;

	proxy = proxy_start(SERVED ",'heartbeats':[" NOTCHIAN "]", alpha.port, first.port);
	alice = join(proxy, &alpha, "Alice", "Alpha", &link);
	ck_assert_str_eq(link->id.name, "Alice");
	proxy_wait_log(proxy, "unverified");
	peer_close(alice);
	peer_close(link);
	proxy_stop(proxy);
}
END_TEST

START_TEST(lists_are_told_what_is_true)
{
	char value[256], port[16];
	struct peer *alice, *link;

	steward_edits(SERVED ONE ",'name':'&cMy net','max-players':12", alpha.port, first.port);
	proxy = steward_starts();
	snprintf(port, sizeof(port), "%u", proxy_port(proxy));
	listing_field(&first, 0, "port", value); /* configured as 0 */
	ck_assert_str_eq(value, port);
	listing_field(&first, 0, "users", value);
	ck_assert_str_eq(value, "0");
	listing_field(&first, 0, "public", value);
	ck_assert_str_eq(value, "False");
	listing_field(&first, 0, "max", value);
	ck_assert_str_eq(value, "12");
	alice = join(proxy, &alpha, "Alice", "Alpha", &link);
	exchange(alice, link);
	steward_edits(SERVED ONE ",'name':'Other'", alpha.port, first.port);
	steward_types("reload");
	listing_field(&first, 1, "name", value);
	ck_assert_str_eq(value, "Other");
	listing_field(&first, 1, "users", value);
	ck_assert_str_eq(value, "1");
	peer_close(alice);
	peer_close(link);
	steward_stops();
}
END_TEST

START_TEST(a_reload_adds_and_removes_lists)
{
	char url[64], line[128], salt[256];
	struct peer *client;

	steward_edits(SERVED ONE STRICT, alpha.port, first.port);
	proxy = steward_starts();
	listing_request(&first, 0);
	steward_edits(SERVED ",'heartbeats':[" NOTCHIAN "]" STRICT, alpha.port, second.port);
	steward_reloads();
	snprintf(url, sizeof(url), "heartbeats.http://127.0.0.1:%u/", second.port);
	snprintf(line, sizeof(line), "reload: %s: added", url);
	proxy_wait_log(proxy, line);
	snprintf(line, sizeof(line), "reload: heartbeats.http://127.0.0.1:%u/: removed",
		 first.port);
	proxy_wait_log(proxy, line);
	listing_request(&second, 0);
	client = login_by("Alice", &second);
	struct peer *link = arrive_as(client, "Alice@b");
	peer_close(client);
	peer_close(link);
	client = login_by("Alice", &first); /* whose keys do not count any more */
	peer_expect_disconnect(client, "wasn't verified");
	peer_close(client);
	steward_edits(SERVED STRICT ",'heartbeats':[{'type':'notchian','url':"
				    "'http://127.0.0.1:%u/','name-suffix':'@c',"
				    "'private-key':'hush'}]",
		      alpha.port, second.port);
	steward_reloads();
	snprintf(line, sizeof(line), "reload: %s.name-suffix: \"@c\", was \"@b\"", url);
	proxy_wait_log(proxy, line);
	snprintf(line, sizeof(line), "reload: %s.private-key: changed", url);
	proxy_wait_log(proxy, line);
	ck_assert(!proxy_logged(proxy, "hush"));
	listing_field(&second, 0, "salt", salt);
	ck_assert(!proxy_logged(proxy, salt));
	client = login_by("Alice", &second);
	link = arrive_as(client, "Alice@c");
	peer_close(client);
	peer_close(link);
	steward_stops();
}
END_TEST

START_TEST(salts_survive_a_restart)
{
	char before[256], after[256], path[HARNESS_PATH];
	struct run *run = calloc(1, sizeof(*run));
	struct peer *client, *link;
	char key[AUTH_KEY_LEN + 1];
	struct stat status;

	for (int i = 0; i < 2; i++) {
		proxy = proxy_start(SERVED BOTH STRICT STATE ",'salt-file':'salts.json'",
				    alpha.port, first.port, second.port, scratch);
		listing_request(&first, (unsigned)i);
		listing_field(&first, (unsigned)i, "salt", i == 0 ? before : after);
		client = login_with("Alice", before);
		link = arrive_as(client, "Alice");
		peer_close(client);
		peer_close(link);
		ck_assert(!proxy_logged(proxy, before));
		proxy_wait_log(proxy, "players join at");
		proxy_stop(proxy);
	}
	ck_assert_str_eq(before, after);
	ck_assert_int_eq(stat(in_scratch("salts.json"), &status), 0);
	ck_assert_uint_eq(status.st_mode & 0777, 0600);
	ck_assert_str_eq(scratch_read("kurafuto.url"), "http://list.example/server/play/abc\n");
	/* --key makes keys with it */
	char text[1024];
	snprintf(text, sizeof(text),
		 "{\"state-dir\":\"%s\",\"salt-file\":\"salts.json\",\"heartbeats\":[{\"type\":"
		 "\"classicube\",\"url\":\"http://127.0.0.1:%u/\"}]}",
		 scratch, first.port);
	harness_file(path, "keys.json", text);
	run_binary(run, NULL, (const char *const[]){"--config", path, "--key", "Alice", NULL});
	auth_key(key, before, "Alice");
	ck_assert_int_eq(run->status, 0);
	ck_assert_ptr_nonnull(strstr(run->out, key));
	free(run);
}
END_TEST

/* A salt that was in use for too long is replaced, and the list is told the new one. */
START_TEST(old_salts_are_replaced_with_grace)
{
	char text[256], salt[256];
	struct peer *client, *link;

	snprintf(text, sizeof(text),
		 "{\"services\":{\"http://127.0.0.1:%u/\":{\"salt\":\"" SALT "\",\"made\":5}}}",
		 first.port);
	scratch_write("salts.json", text);
	chmod(in_scratch("salts.json"), 0600);
	proxy = proxy_start(SERVED ONE STRICT STATE
			    ",'salt-file':'salts.json','salt-rotation-h':1",
			    alpha.port, first.port, scratch);
	listing_field(&first, 0, "salt", salt);
	ck_assert_str_ne(salt, SALT);
	client = login_with("Alice", SALT);
	link = arrive_as(client, "Alice");
	peer_close(client);
	peer_close(link);
	client = login_with("Bob", salt);
	link = arrive_as(client, "Bob");
	peer_close(client);
	peer_close(link);
	proxy_stop(proxy);
}
END_TEST

START_TEST(a_former_salt_of_all_counts_for_a_while)
{
	struct peer *client, *link;

	steward_edits(SERVED STRICT ",'salt':'" SALT "'", alpha.port);
	proxy = steward_starts();
	steward_edits(SERVED STRICT ",'salt':'another'", alpha.port);
	steward_reloads();
	client = login_with("Alice", SALT);
	link = arrive_as(client, "Alice");
	peer_close(client);
	peer_close(link);
	steward_edits(SERVED STRICT ",'salt':'another','salt-grace-s':0", alpha.port);
	steward_reloads();
	client = login_with("Alice", SALT);
	peer_expect_disconnect(client, "wasn't verified");
	peer_close(client);
	steward_stops();
}
END_TEST

/* The server that shares a secret can check the name that it is told. */
START_TEST(servers_with_a_secret_get_keys_made_with_it)
{
	struct backend beta;
	char key[AUTH_KEY_LEN + 1], sent[AUTH_KEY_LEN + 1], salt[256];
	struct peer *client, *link;

	backend_open(&beta);
	proxy = proxy_start("'servers':[{'name':'alpha','address':'127.0.0.1','port':%u,"
			    "'secret':'between-us'}," SERVER("beta") "]" BOTH STRICT,
			    alpha.port, beta.port, first.port, second.port);
	client = login_by("Alice", &second);
	link = arrive_as(client, "Alice@b");
	auth_key(key, "between-us", "Alice@b");
	ck_assert_str_eq(link->id.text, key);
	peer_chat(client, ":kura jump beta");
	struct peer *other = backend_accept(&beta);
	listing_field(&second, 0, "salt", salt);
	auth_key(sent, salt, "Alice");
	ck_assert_str_eq(other->id.text, sent);
	ck_assert(!proxy_logged(proxy, "between-us"));
	peer_close(client);
	peer_close(link);
	peer_close(other);
	proxy_stop(proxy);
	backend_close(&beta);
}
END_TEST

/* A list that takes its time keeps nobody waiting, least of all the end. */
START_TEST(a_silent_list_delays_nothing)
{
	struct peer *client, *link;
	int64_t from;

	listing_behaves(&first, LISTING_IS_SILENT);
	proxy = proxy_start(SERVED BOTH, alpha.port, first.port, second.port);
	listing_request(&first, 0);
	listing_request(&second, 0);
	client = join(proxy, &alpha, "Alice", "Alpha", &link);
	exchange(client, link);
	peer_close(client);
	peer_close(link);
	proxy_wait_log(proxy, "Alice: leaves");
	from = harness_now();
	proxy_signal(proxy, SIGTERM);
	int status = proxy_wait(proxy);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	ck_assert_int_lt(harness_now() - from, harness_ms(1500));
	proxy_free(proxy);
}
END_TEST

START_TEST(start_says_who_hands_out_keys)
{
	proxy = proxy_start(
		"'heartbeats':[{'type':'betacraft-v2','url':'http://127.0.0.1:%u'}]",
		first.port);
	proxy_wait_log(proxy, "no server list that hands out keys");
	proxy_stop(proxy);
	proxy = proxy_start("'heartbeats':[" CLASSICUBE "]", first.port);
	proxy_wait_log(proxy, "every 30 s, not public");
	ck_assert(!proxy_logged(proxy, "nobody"));
	proxy_stop(proxy);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("heartbeat");
	TCase *tcase = harness_case(suite, "heartbeat");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, keys_of_each_list_open_the_door);
	tcase_add_test(tcase, names_have_up_to_twenty_characters);
	tcase_add_test(tcase, ranks_and_bans_are_for_names_with_suffixes);
	tcase_add_test(tcase, nobody_may_borrow_a_suffix);
	tcase_add_test(tcase, players_without_a_key_have_no_suffix);
	tcase_add_test(tcase, lists_are_told_what_is_true);
	tcase_add_test(tcase, a_reload_adds_and_removes_lists);
	tcase_add_test(tcase, salts_survive_a_restart);
	tcase_add_test(tcase, old_salts_are_replaced_with_grace);
	tcase_add_test(tcase, a_former_salt_of_all_counts_for_a_while);
	tcase_add_test(tcase, servers_with_a_secret_get_keys_made_with_it);
	tcase_add_test(tcase, a_silent_list_delays_nothing);
	tcase_add_test(tcase, start_says_who_hands_out_keys);
	return harness_run(suite);
}
