/* SPDX-License-Identifier: MIT */
/*
 * The admins' commands about servers and the program, in chat: modes, emptying, traces, the
 * log, reload, stop.
 */
#include <sys/wait.h>

#include "admin_stage.h"

#define NO_LOBBY ",'lobby':false"

/* ---- servers ---- */

START_TEST(a_draining_server_takes_nobody_new)
{
	proxy = proxy_start(USUAL);
	both_join();
	ask(":kura drain be", "beta takes no new players, 0 players still on it");
	say_as(bob, ":kura jump beta", "beta takes nobody new");
	ask(":kura list", "takes nobody new");
	ask(":kura ready beta", "beta takes players again");
	peer_chat(bob, ":kura jump beta");
	moves(bob, &link_bob, &beta, "Beta");
	ask(":kura drain beta", "1 player still on it");
	exchange(bob, link_bob);
	ask(":kura drain lobby", "The lobby is always open");
	ask(":kura maintenance beta on", "closed for maintenance");
	ask(":kura servers", ", maintenance");
	exchange(bob, link_bob);
	nothing_has_leaked();
	all_leave();
}
END_TEST

/* In maintenance only admins log in; who is there stays. */
START_TEST(maintenance_shuts_the_door)
{
	struct peer *carl;

	proxy = proxy_start(USUAL);
	both_join();
	ask(":kura maintenance all on", "only admins can log in");
	exchange(bob, link_bob);
	carl = login("Carl", true);
	peer_expect_disconnect(carl, "Closed for maintenance");
	proxy_wait_log(proxy, "refused: Closed for maintenance");
	peer_close(carl);
	peer_close(alice);
	peer_expect_close(link_a);
	lose(&link_a);
	alice = login("Alice", false); /* without her key she is nobody */
	peer_expect_disconnect(alice, "Closed for maintenance");
	peer_close(alice);
	alice = login("Alice", true);
	client_arrive(alice, "Limbo");
	ask(":kura send Alice alpha", "Sending Alice to alpha");
	link_a = backend_accept(&alpha);
	link_welcome(link_a, "Alpha");
	client_arrive(alice, "Alpha");
	ask(_i == 0 ? ":kura maintenance all off" : ":kura ready all", "can join");
	peer_close(bob);
	close_link_of_bob();
	proxy_wait_log(proxy, "Bob: leaves"); /* his name is free */
	bob = enter("Bob", false, &alpha, "Alpha", &link_bob);
	all_leave();
}
END_TEST

START_TEST(a_server_is_emptied)
{
	proxy = proxy_start(TWO_SERVERS HUBS ADMINS, alpha.port, beta.port, state);
	both_join();
	peer_forget(bob);
	ask(":kura move-off alpha", "Moving 2 players off alpha");
	peer_wait_text(alice, "alpha is being emptied by an admin. You are on your way.");
	moves(alice, &link_a, &beta, "Beta");
	moves(bob, &link_bob, &beta, "Beta");
	proxy_wait_log(proxy, "server alpha is empty");
	say_as(bob, ":kura jump alpha", "takes nobody new");
	ask(":kura ready alpha", "alpha takes players again");
	all_leave();
}
END_TEST

/* With no other hub at all, or none that takes them, the lobby is elsewhere. */
START_TEST(the_lobby_takes_whom_no_hub_takes)
{
	static const char *const closed[][2] = {
		{":kura servers", "beta 127.0.0.1"}, /* it is no hub */
		{":kura maintenance beta on", "closed for maintenance"},
		{":kura drain beta", "takes no new players"},
	};

	proxy = proxy_start(TWO_SERVERS "%s" ADMINS, alpha.port, beta.port, _i == 0 ? "" : HUBS,
			    state);
	both_join();
	ask(closed[_i][0], closed[_i][1]);
	ask(":kura move-off alpha", "Moving 2 players off alpha");
	client_arrive(alice, "Limbo");
	client_arrive(bob, "Limbo");
	proxy_wait_log(proxy, "server alpha is empty");
	all_leave();
}
END_TEST

/* Not before alpha takes players again, and not who declines. */
START_TEST(who_has_been_moved_to_the_lobby_comes_back)
{
	proxy = proxy_start(TWO_SERVERS ADMINS, alpha.port, beta.port, state);
	both_join();
	ask(":kura move-off alpha", "Moving 2 players off alpha");
	client_arrive(alice, "Limbo");
	peer_wait_text(alice, "brought to alpha");
	client_arrive(bob, "Limbo");
	peer_wait_text(bob, "brought to alpha");
	ask(":kura stay", "You stay here");
	ck_assert(!backend_has_player(&alpha, 2500)); /* more than a second after a crash */
	ask(":kura ready alpha", "takes players again");
	moves(bob, &link_bob, &alpha, "Alpha");
	peer_wait_text(bob, "back on alpha");
	ask(":kura stay", "Nobody is about");
	all_leave();
}
END_TEST

START_TEST(nobody_comes_back_if_it_is_switched_off)
{
	proxy = proxy_start(ONE_SERVER ",'return':false" ADMINS, alpha.port, state);
	both_join();
	ask(":kura move-off alpha", "Moving 2 players off alpha");
	client_arrive(bob, "Limbo");
	say_as(bob, ":kura stay", "Nobody is about");
	all_leave();
}
END_TEST

/* Who has gone to the lobby before is there because they want to be. */
START_TEST(who_has_gone_to_the_lobby_stays_there)
{
	proxy = proxy_start(ONE_SERVER ADMINS, alpha.port, state);
	both_join();
	peer_chat(bob, ":kura jump lobby");
	client_arrive(bob, "Limbo");
	ask(":kura move-off alpha", "Moving 1 player off alpha");
	client_arrive(alice, "Limbo");
	peer_wait_text(alice, "brought to alpha");
	say_as(bob, ":kura stay", "Nobody is about");
	all_leave();
}
END_TEST

START_TEST(who_can_not_be_moved_stays_for_now)
{
	proxy = proxy_start(TWO_SERVERS HUBS ADMINS NO_LOBBY, alpha.port, beta.port, state);
	bob = enter("Bob", false, &alpha, "Alpha", &link_bob);
	alice = enter("Alice", true, &alpha, "Alpha", &link_a);
	ask(":kura maintenance beta on", "closed");
	ask(":kura move-off alpha", "Moving 2 players off alpha");
	peer_wait_text(bob, "emptied by an admin. You stay here.");
	peer_wait_text(alice, "emptied by an admin. You stay here.");
	exchange(bob, link_bob);
	ask(":kura ready beta", "again");
	peer_wait_text(bob, "You are on your way");
	moves(bob, &link_bob, &beta, "Beta");
	moves(alice, &link_a, &beta, "Beta");
	all_leave();
}
END_TEST

START_TEST(ready_ends_the_emptying)
{
	proxy = proxy_start(TWO_SERVERS HUBS ADMINS NO_LOBBY, alpha.port, beta.port, state);
	both_join();
	ask(":kura maintenance beta on", "closed");
	ask(":kura move-off alpha", "Moving 2 players off alpha");
	ask(":kura ready alpha", "takes players again");
	ask(":kura ready all", "All servers take players");
	ck_assert(!backend_has_player(&beta, 1000));
	exchange(bob, link_bob);
	all_leave();
}
END_TEST

/* Whoever came in by a listener with hubs of its own may have somewhere to go when others have
 * not. */
START_TEST(hubs_of_a_listener_are_elsewhere)
{
	struct backend place; /* holds a port, on which only the proxy listens */

	backend_open(&place);
	backend_refuse(&place);
	proxy = proxy_start(TWO_SERVERS ADMINS NO_LOBBY
			    ",'hubs':['alpha'],'listeners':["
			    "{'address':'127.0.0.1','port':%u,'hubs':['beta']}]",
			    alpha.port, beta.port, state, place.port);
	alice = enter("Alice", true, &alpha, "Alpha", &link_a);
	bob = client_connect_at(place.port);
	client_identify(bob, PACKET_PROTOCOL, false, "Bob", NULL);
	moves(bob, &link_bob, &beta, "Beta");
	ask(":kura send Bob alpha", "Sending Bob to alpha");
	moves(bob, &link_bob, &alpha, "Alpha");
	peer_forget(alice);
	peer_chat(alice, ":kura move-off alpha");
	peer_wait_text(alice, "Moving 2 players off alpha");
	peer_wait_text(alice, "emptied by an admin. You stay here.");
	moves(bob, &link_bob, &beta, "Beta");
	exchange(alice, link_a);
	all_leave();
	backend_close(&place);
}
END_TEST

START_TEST(nobody_is_moved_off_to_nowhere)
{
	proxy = proxy_start(TWO_SERVERS ADMINS NO_LOBBY, alpha.port, beta.port, state);
	both_join();
	ask(":kura move-off alpha", "There is no other server for the players of alpha");
	ask(":kura servers", "alpha 127.0.0.1");
	ck_assert(!harness_says(alice->text, "draining"));
	all_leave();
}
END_TEST

/* ---- the program ---- */

/* The only file of the state directory whose name begins so, as text. */
static void read_state_file(const char *prefix, char *out, size_t size)
{
	char path[HARNESS_PATH + 300] = "";
	struct dirent *entry;
	DIR *dir = opendir(state);

	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir)) != NULL)
		if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0)
			snprintf(path, sizeof(path), "%s/%s", state, entry->d_name);
	closedir(dir);
	FILE *file = fopen(path, "r");
	ck_assert_msg(file != NULL, "there is no %s* in %s", prefix, state);
	out[fread(out, 1, size - 1, file)] = '\0';
	fclose(file);
}

START_TEST(a_trace_has_all_packets)
{
	static const char *const lines[] = {
		"client -> : Message",        "client -> : Position",
		"-> server alpha: Position",  "-> server alpha: Message",
		"server alpha -> : Message",  "-> client: Message",
		"Text=\"over there\"",        "-> server beta: Identification",
		"-> client: LevelInitialize", "server beta -> : LevelInitialize"};
	static char text[262144];

	proxy = proxy_start(USUAL);
	both_join();
	ask(":kura trace bo on", "Tracing Bob to ");
	ask(":kura trace Bob on", "Bob is being traced already");
	client_move(bob, 64, 320, 64);
	peer_chat(bob, "over there");
	exchange(bob, link_bob);
	peer_chat(bob, ":kura jump beta");
	moves(bob, &link_bob, &beta, "Beta");
	ask(":kura trace Bob off", "No longer tracing Bob");
	peer_chat(bob, "in private");
	exchange(bob, link_bob);
	ask(":kura trace Bob off", "Bob is not being traced");
	read_state_file("trace-Bob-", text, sizeof(text));
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		ck_assert_msg(strstr(text, lines[i]) != NULL, "\"%s\" is not in: %s", lines[i],
			      text);
	ck_assert_ptr_null(strstr(text, "in private"));
	ck_assert_ptr_null(strstr(text, "Alice"));
	all_leave();
}
END_TEST

/* The last words are in it, and a player who leaves takes the trace along. */
START_TEST(a_trace_ends_with_the_player)
{
	static char text[65536];

	proxy = proxy_start(USUAL);
	both_join();
	ask(":kura trace Bob on", "Tracing Bob to ");
	ask(":kura kick Bob enough", "Bob has been kicked");
	peer_expect_disconnect(bob, "enough");
	close_link_of_bob();
	ask(":kura trace Bob off", "Nobody called \"Bob\"");
	read_state_file("trace-Bob-", text, sizeof(text));
	ck_assert_msg(strstr(text, "-> client: Disconnect") != NULL, "%s", text);
	all_leave();
}
END_TEST

/* Both players, who have been in the game for a while, move, and are moved by their server. */
static void everybody_moves(void)
{
	static const uint8_t position[10] = {OP_POSITION, 0xff};

	peer_send(alice, position, sizeof(position));
	peer_send(link_a, position, sizeof(position));
	exchange(alice, link_a);
	peer_send(bob, position, sizeof(position));
	peer_send(link_bob, position, sizeof(position));
	exchange(bob, link_bob);
}

static void expect_moves_logged(size_t times)
{
	static const char *const lines[] = {"Alice: client: Position",
					    "Alice: server: Teleport", "Bob: client: Position",
					    "Bob: server: Teleport"};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		proxy_wait_count_log(proxy, lines[i], times);
		ck_assert_uint_eq(proxy_count_log(proxy, lines[i]), times);
	}
}

START_TEST(the_log_level_changes)
{
	proxy = proxy_start(USUAL);
	both_join();
	ask(":kura log trace", "The log level is trace");
	peer_chat(bob, "needle one");
	everybody_moves();
	proxy_wait_log(proxy, "needle one");
	expect_moves_logged(1); /* also those that nobody else wants to see */
	peer_chat(bob, "/pass SECRET1");
	peer_chat(bob, "/pass SECRET2 >");
	peer_chat(bob, "SECRET3");
	peer_chat(bob, "needle three");
	peer_chat(link_bob, "Bob: /password SECRET4");
	peer_wait_text(bob, "SECRET4");
	exchange(bob, link_bob);
	proxy_wait_log(proxy, "needle three");
	proxy_wait_log(proxy, "/pass ***");
	proxy_wait_log(proxy, "Bob: /password ***");
	ck_assert(!proxy_logged(proxy, "SECRET"));
	ask(":kura log info", "The log level is info");
	peer_chat(bob, "needle two");
	everybody_moves();
	ck_assert(!proxy_logged(proxy, "needle two"));
	expect_moves_logged(1);
	ask(":kura log trace", "The log level is trace");
	everybody_moves();
	expect_moves_logged(2);
	ask(":kura log loud", "\"loud\" is no log level");
	all_leave();
}
END_TEST

START_TEST(a_reload_says_what_changed)
{
	proxy = proxy_start(USUAL);
	both_join();
	ask(":kura reload", "nothing has changed");
	nothing_has_leaked();
	all_leave();
}
END_TEST

START_TEST(a_stop_is_counted_down_and_called_off)
{
	proxy = proxy_start(USUAL);
	both_join();
	ask(":kura stop 600 for cake", "Stopping in 10 min");
	peer_wait_text(bob, "cake");
	ask(":kura stop not", "The stop is called off");
	ask(":kura stop not", "There was no stop");
	ask(":kura stop soon", "\"soon\" is no number of seconds");
	exchange(bob, link_bob);
	all_leave();
}
END_TEST

START_TEST(a_stop_ends_the_program)
{
	int status;

	proxy = proxy_start(USUAL);
	both_join();
	ask(_i == 0 ? ":kura stop" : ":kura stop 1 cake", "Stopping");
	peer_expect_disconnect(bob, _i == 0 ? "shutting down" : "cake");
	peer_expect_disconnect(alice, _i == 0 ? "shutting down" : "cake");
	status = proxy_wait(proxy);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status 0x%x",
		      (unsigned)status);
	proxy_free(proxy);
	peer_close(alice);
	peer_close(bob);
	peer_close(link_a);
	peer_close(link_bob);
}
END_TEST

START_TEST(a_stop_waits_for_the_last_player)
{
	int status;

	proxy = proxy_start(USUAL);
	both_join();
	ask(":kura stop when-empty", "when the last player has left");
	proxy_wait_log(proxy, "when the last player has left");
	peer_close(alice);
	exchange(bob, link_bob);
	peer_close(bob);
	status = proxy_wait(proxy);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status 0x%x",
		      (unsigned)status);
	proxy_free(proxy);
	peer_close(link_a);
	peer_close(link_bob);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("admin: servers");
	TCase *servers = admin_case(suite, "servers"), *program = admin_case(suite, "program");

	tcase_add_test(servers, a_draining_server_takes_nobody_new);
	tcase_add_loop_test(servers, maintenance_shuts_the_door, 0, 2);
	tcase_add_test(servers, a_server_is_emptied);
	tcase_add_loop_test(servers, the_lobby_takes_whom_no_hub_takes, 0, 3);
	tcase_add_test(servers, who_has_been_moved_to_the_lobby_comes_back);
	tcase_add_test(servers, nobody_comes_back_if_it_is_switched_off);
	tcase_add_test(servers, who_has_gone_to_the_lobby_stays_there);
	tcase_add_test(servers, who_can_not_be_moved_stays_for_now);
	tcase_add_test(servers, ready_ends_the_emptying);
	tcase_add_test(servers, hubs_of_a_listener_are_elsewhere);
	tcase_add_test(servers, nobody_is_moved_off_to_nowhere);
	tcase_add_test(program, a_trace_has_all_packets);
	tcase_add_test(program, a_trace_ends_with_the_player);
	tcase_add_test(program, the_log_level_changes);
	tcase_add_test(program, a_reload_says_what_changed);
	tcase_add_test(program, a_stop_is_counted_down_and_called_off);
	tcase_add_loop_test(program, a_stop_ends_the_program, 0, 2);
	tcase_add_test(program, a_stop_waits_for_the_last_player);
	return harness_run(suite);
}
