/* SPDX-License-Identifier: MIT */
/*
 * Edge commands in chat: what each answers, what is no command at all, and that neither a
 * command nor its answer ever reaches the server.
 */
#include <stdio.h>
#include <string.h>

#include "harness.h"

#define TWO_SERVERS   "'servers':[" SERVER("alpha") "," SERVER("beta") "]"
#define THREE_SERVERS "'servers':[" SERVER("alpha") "," SERVER("alps") "," SERVER("Beta_2") "]"

static struct backend alpha, beta;
static struct proxy *proxy;
static struct peer *alice, *link_a;

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

/* Alice stands on alpha, of two servers. */
static void alice_joins(void)
{
	proxy = proxy_start(TWO_SERVERS, alpha.port, beta.port);
	alice = join(proxy, &alpha, "Alice", "Alpha", &link_a);
	exchange(alice, link_a);
	peer_forget(alice);
	peer_forget(link_a);
}

static void alice_leaves(void)
{
	peer_close(alice);
	peer_close(link_a);
	proxy_stop(proxy);
}

/* Sends a command and waits for a part of the answer. */
static void ask(const char *command, const char *answer)
{
	peer_forget(alice);
	peer_chat(alice, command);
	peer_wait_text(alice, answer);
}

/* Says something on the server; it must be the next thing that the server reads. */
static void server_hears(const char *text)
{
	char got[PACKET_STRING_LEN + 1];

	peer_chat(alice, text);
	packet_get_string(got, peer_expect(link_a, OP_MESSAGE) + 2);
	ck_assert_str_eq(got, text);
}

START_TEST(help_names_all_commands)
{
	static const char *const names[] = {"help", "list",  "jump", "info",
					    "hub",  "lobby", "who"};
	static const char *const forms[] = {":kura help", ":kura", ":kura "};

	alice_joins();
	peer_chat(alice, forms[_i]);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		peer_wait_text(alice, names[i]);
	server_hears("nothing of it came here");
	alice_leaves();
}
END_TEST

START_TEST(help_explains_one_command)
{
	alice_joins();
	ask(":kura help jump", "jump");
	ask(":kura help nosuch", "nosuch");
	server_hears("and nothing of it came here");
	alice_leaves();
}
END_TEST

START_TEST(unknown_commands_point_to_help)
{
	alice_joins();
	ask(":kura frobnicate", "help");
	server_hears("plain");
	alice_leaves();
}
END_TEST

START_TEST(list_shows_the_servers)
{
	alice_joins();
	peer_chat(alice, ":kura list");
	peer_wait_text(alice, "alpha");
	peer_wait_text(alice, "beta");
	peer_wait_text(alice, "hub");
	server_hears("plain");
	alice_leaves();
}
END_TEST

START_TEST(list_shows_what_is_down)
{
	backend_refuse(&beta);
	proxy = proxy_start(TWO_SERVERS ",'health':{'interval-ms':200}", alpha.port, beta.port);
	alice = join(proxy, &alpha, "Alice", "Alpha", &link_a);
	proxy_wait_log(proxy, "down");
	ask(":kura list", "down");
	alice_leaves();
}
END_TEST

START_TEST(info_tells_about_kurafuto)
{
	alice_joins();
	peer_chat(alice, ":kura info");
	peer_wait_text(alice, "Kurafuto");
	peer_wait_text(alice, "alpha");
	server_hears("plain");
	alice_leaves();
}
END_TEST

START_TEST(who_names_the_players)
{
	struct peer *bob, *link_b;

	alice_joins();
	bob = join(proxy, &alpha, "Bob", "Alpha", &link_b);
	exchange(bob, link_b);
	peer_chat(alice, ":kura who");
	peer_wait_text(alice, "Alice");
	peer_wait_text(alice, "Bob");
	server_hears("plain");
	peer_close(bob);
	peer_close(link_b);
	alice_leaves();
}
END_TEST

#define CROWD 120

/* The names that are listed in a crowd are whole, each is there once, and with those that are
 * only counted they are all. */
/* Where somebody on a hidden server is, only those hear who are there or are admins. */
START_TEST(who_keeps_hidden_servers_to_itself)
{
	struct peer *bob, *link_bob, *next;

	proxy = proxy_start(
		"'servers':[" SERVER("alpha") ",{'name':'beta','address':"
					      "'127.0.0.1','port':%u,'hidden':true}],"
					      "'groups':{'staff':{'servers':['beta']}}"
					      "%s",
		alpha.port, beta.port,
		_i == 0 ? ""
			: ",'ranks':{'default':{'commands':['who','jump','players']"
			  "}}");
	alice = join(proxy, &alpha, "Alice", "Alpha", &link_a);
	bob = join(proxy, &alpha, "Bob", "Alpha", &link_bob);
	peer_chat(bob, ":kura jump beta");
	next = backend_accept(&beta);
	link_welcome(next, "Beta");
	client_arrive(bob, "Beta");
	peer_close(link_bob);
	link_bob = next;
	exchange(bob, link_bob);
	ask(":kura who", "alpha (1): Alice");
	peer_wait_text(alice, _i == 0 ? "elsewhere (1): Bob" : "beta (1): Bob");
	ck_assert(harness_says(alice->text, "beta") == (_i == 1));
	ask(":kura jump nix", "only: alpha, lobby");
	peer_chat(bob, ":kura who");
	peer_wait_text(bob, "beta (1): Bob");
	peer_close(bob);
	peer_close(link_bob);
	alice_leaves();
}
END_TEST

START_TEST(who_counts_what_does_not_fit)
{
	struct peer *crowd[CROWD];
	bool is_seen[CROWD] = {false};
	unsigned listed = 0, more = 0, number;
	char *word, *rest;

	proxy = proxy_start("%s", "");
	for (unsigned i = 0; i < CROWD; i++) {
		char name[17];

		snprintf(name, sizeof(name), "LongPlayer_%05u", i);
		crowd[i] = client_login(proxy, name);
		client_arrive(crowd[i], NULL);
	}
	peer_forget(crowd[0]);
	peer_chat(crowd[0], ":kura who");
	peer_wait_text(crowd[0], "more");
	rest = strstr(crowd[0]->text, "(120):");
	ck_assert_ptr_nonnull(rest);
	rest += strlen("(120):");
	while ((word = strsep(&rest, ", ")) != NULL && strcmp(word, "and") != 0) {
		if (*word == '\0')
			continue;
		ck_assert_msg(strlen(word) == 16 &&
				      sscanf(word, "LongPlayer_%u", &number) == 1 &&
				      number < CROWD && !is_seen[number],
			      "\"%s\"", word);
		is_seen[number] = true;
		listed++;
	}
	ck_assert_ptr_nonnull(rest);
	ck_assert_int_eq(sscanf(rest, "%u more", &more), 1);
	ck_assert_uint_gt(listed, 20);
	ck_assert_uint_eq(listed + more, CROWD);
	for (unsigned i = 0; i < CROWD; i++)
		peer_close(crowd[i]);
	proxy_stop(proxy);
}
END_TEST

/* Whatever is asked, each line fits and does not end in what would crash a vanilla client. */
START_TEST(answers_are_well_formed_lines)
{
	static const char *const commands[] = {
		":kura",     ":kura help",         ":kura list",     ":kura info",
		":kura who", ":kura jump nowhere", ":kura help jump"};
	bool more = true;

	alice_joins();
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		peer_chat(alice, commands[i]);
	peer_chat(alice, "the end");
	peer_wait_text(link_a, "the end");
	peer_chat(link_a, "the end");
	while (more) {
		const uint8_t *packet = peer_until(alice, OP_MESSAGE);
		char text[PACKET_STRING_LEN + 1];
		size_t n = packet_get_string(text, packet + 2);

		more = strcmp(text, "the end") != 0;
		ck_assert_msg(n == 0 || text[n - 1] != '&', "\"%s\"", text);
		ck_assert_msg(n < 2 || text[n - 2] != '&', "\"%s\"", text);
		for (size_t k = 0; k < n; k++) {
			ck_assert_msg(text[k] >= 0x20 && text[k] < 0x7f, "\"%s\"", text);
			ck_assert_msg(text[k] != '&' || strchr("0123456789abcdefABCDEF",
							       text[k + 1]) != NULL,
				      "\"%s\"", text);
		}
	}
	alice_leaves();
}
END_TEST

/* ---- jump, as far as names go ---- */

START_TEST(jump_finds_names)
{
	static const char *const commands[] = {":kura jump Beta_2", ":kura jump BETA_2",
					       ":kura jump b", ":kura jump bEt"};
	struct peer *link_b;

	proxy = proxy_start(THREE_SERVERS, alpha.port, alpha.port, beta.port);
	alice = join(proxy, &alpha, "Alice", "Alpha", &link_a);
	exchange(alice, link_a);
	peer_chat(alice, commands[_i]);
	link_b = backend_accept(&beta);
	link_welcome(link_b, "Beta");
	client_arrive(alice, "Beta");
	exchange(alice, link_b);
	peer_close(link_b);
	alice_leaves();
}
END_TEST

START_TEST(jump_names_the_candidates)
{
	proxy = proxy_start(THREE_SERVERS, alpha.port, alpha.port, beta.port);
	alice = join(proxy, &alpha, "Alice", "Alpha", &link_a);
	exchange(alice, link_a);
	ask(":kura jump al", "alpha");
	peer_wait_text(alice, "alps");
	ck_assert(!harness_says(alice->text, "Beta_2"));
	ask(":kura jump zzz", "alpha");
	peer_wait_text(alice, "alps");
	peer_wait_text(alice, "Beta_2");
	ask(":kura jump", "jump");
	ask(":kura jump alpha", "already");
	ask(":kura jump ALPHA", "already");
	server_hears("still here");
	alice_leaves();
}
END_TEST

START_TEST(hub_and_lobby_are_short_cuts)
{
	struct peer *link_b, *back;

	alice_joins();
	peer_chat(alice, ":kura lobby");
	peer_expect_close(link_a);
	client_arrive(alice, NULL);
	peer_chat(alice, ":kura jump beta");
	link_b = backend_accept(&beta);
	link_welcome(link_b, "Beta");
	client_arrive(alice, "Beta");
	peer_chat(alice, ":kura hub");
	back = backend_accept(&alpha);
	link_welcome(back, "Alpha again");
	client_arrive(alice, "Alpha again");
	exchange(alice, back);
	peer_close(back);
	peer_close(link_b);
	alice_leaves();
}
END_TEST

/* The first says why it does not; that many tries would be too many jumps. */
START_TEST(of_many_hubs_none_takes_the_player)
{
	char servers[8192] = "", names[1024] = "";

	for (int i = 0; i < 30; i++) {
		size_t used = strlen(servers), named = strlen(names);

		snprintf(servers + used, sizeof(servers) - used,
			 "%s{'name':'hub%d','address':'127.0.0.1','port':1,'restricted':[]}",
			 i == 0 ? "" : ",", i);
		snprintf(names + named, sizeof(names) - named, "%s'hub%d'", i == 0 ? "" : ",",
			 i);
	}
	proxy = proxy_start("'servers':[%s],'hubs':[%s]", servers, names);
	alice = client_login(proxy, "Alice");
	client_arrive(alice, NULL);
	for (int i = 0; i < 5; i++)
		ask(":kura hub", "You may not go to hub0.");
	peer_close(alice);
	proxy_stop(proxy);
}
END_TEST

/* ---- what is ordinary chat ---- */

START_TEST(look_alikes_are_chat)
{
	static const char *const lines[] = {":kuraX",      ":kurahelp list", "say :kura list",
					    "x:kura",      ":kur",           ":",
					    "::kura list", "hello"};

	alice_joins();
	server_hears(lines[_i]);
	alice_leaves();
}
END_TEST

START_TEST(switched_off_all_is_chat)
{
	proxy = proxy_start(TWO_SERVERS ",'edge-commands':false", alpha.port, beta.port);
	alice = join(proxy, &alpha, "Alice", "Alpha", &link_a);
	exchange(alice, link_a);
	server_hears(":kura list");
	server_hears(":kura");
	alice_leaves();
}
END_TEST

START_TEST(another_prefix)
{
	proxy = proxy_start(TWO_SERVERS ",'command-prefix':'!k'", alpha.port, beta.port);
	alice = join(proxy, &alpha, "Alice", "Alpha", &link_a);
	exchange(alice, link_a);
	server_hears(":kura list");
	server_hears("!kick me");
	ask("!k list", "beta");
	ask("!k", "jump");
	server_hears("plain");
	alice_leaves();
}
END_TEST

/* A long line that begins with the prefix and comes in pieces is one command, and no piece
 * leaks. */
START_TEST(long_lines_do_not_leak)
{
	uint8_t out[PACKET_SIZE_MAX];

	proxy = proxy_start(TWO_SERVERS, alpha.port, beta.port);
	alice = join_cpe(proxy, &alpha, "Alice", "Alpha", &link_a);
	exchange(alice, link_a);
	peer_send(alice, out,
		  packet_write_message(
			  out, 1, ":kura jump a name that is much too long for a server so"));
	peer_send(alice, out, packet_write_message(out, 0, " long that it takes two packets"));
	peer_chat(alice, "short");
	ck_assert(harness_says((const char *)peer_expect(link_a, OP_MESSAGE) + 2, "short"));
	alice_leaves();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("commands");
	TCase *tcase = harness_case(suite, "commands");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, help_names_all_commands, 0, 3);
	tcase_add_test(tcase, help_explains_one_command);
	tcase_add_test(tcase, unknown_commands_point_to_help);
	tcase_add_test(tcase, list_shows_the_servers);
	tcase_add_test(tcase, list_shows_what_is_down);
	tcase_add_test(tcase, info_tells_about_kurafuto);
	tcase_add_test(tcase, who_names_the_players);
	tcase_add_loop_test(tcase, who_keeps_hidden_servers_to_itself, 0, 2);
	tcase_add_test(tcase, who_counts_what_does_not_fit);
	tcase_add_test(tcase, answers_are_well_formed_lines);
	tcase_add_loop_test(tcase, jump_finds_names, 0, 4);
	tcase_add_test(tcase, jump_names_the_candidates);
	tcase_add_test(tcase, hub_and_lobby_are_short_cuts);
	tcase_add_test(tcase, of_many_hubs_none_takes_the_player);
	tcase_add_loop_test(tcase, look_alikes_are_chat, 0, 8);
	tcase_add_test(tcase, switched_off_all_is_chat);
	tcase_add_test(tcase, another_prefix);
	tcase_add_test(tcase, long_lines_do_not_leak);
	return harness_run(suite);
}
