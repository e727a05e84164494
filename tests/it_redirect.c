/* SPDX-License-Identifier: MIT */
/*
 * Servers that send a player on: by a kick, a PluginMessage or a chat line. The player never
 * sees how, players can't do it in a server's name, and a circle of servers ends.
 */
#include <stdio.h>
#include <string.h>

#include "stage.h"
#include "steward.h"

/* alpha must not say anything; beta may say it all. */
#define DEAF_ALPHA                                                                           \
	"'servers':[{'name':'alpha','address':'127.0.0.1','port':%u,'redirect':[]}," SERVER( \
		"beta") "]"
#define TOKEN   ",'redirect-token':'open-sesame'"
#define CHANNEL 75
#define OTHER   76

static void start_two(bool cpe)
{
	proxy = proxy_start(TWO_SERVERS CALM TOKEN, alpha.port, beta.port);
	alice_on_alpha(cpe);
}

static void arrives_on_beta(bool cpe)
{
	link_b = backend_accept(&beta);
	if (cpe)
		link_negotiate(link_b, NULL, 0);
	link_welcome(link_b, "Beta");
	client_arrive(alice, "Beta");
	exchange(alice, link_b);
}

static void say_plugin(struct peer *peer, uint8_t channel, const char *text)
{
	uint8_t packet[66] = {OP_PLUGIN_MESSAGE, channel};

	memcpy(packet + 2, text, strlen(text));
	peer_send(peer, packet, sizeof(packet));
}

/* ---- kicks ---- */

static const char *const kicks[] = {
	":kura jump beta",
	"CCJOIN beta",
	":KURA  JUMP  Beta",
	"&eKicked by &fAdmin: &c:kura jump &fbeta",
};

START_TEST(a_kick_may_send_a_player_on)
{
	start_two(_i % 2 == 0);
	link_kick(link_a, kicks[_i]);
	arrives_on_beta(_i % 2 == 0);
	ck_assert_msg(!harness_says(alice->text, "kick"), "the player reads: %s", alice->text);
	finish();
}
END_TEST

/* Before it has let the player in: a gateway, as the first server or as the target of a jump.
 */
START_TEST(a_kick_at_the_login_may_send_a_player_on)
{
	struct peer *link;

	proxy = proxy_start("'servers':[" SERVER("gate") "," SERVER("beta") "]" CALM,
			    alpha.port, beta.port);
	alice = client_login(proxy, "Alice");
	link_a = backend_accept(&alpha);
	link_kick(link_a, ":kura jump beta");
	arrives_on_beta(false);
	peer_forget(alice);
	peer_chat(alice, ":kura jump gate");
	link = backend_accept(&alpha);
	link_kick(link, ":kura jump nowhere");
	peer_wait_text(alice, "stay where you are");
	exchange(alice, link_b);
	peer_close(link);
	finish();
}
END_TEST

/* The player reads what is wrong and not the signal; the log has both. */
static const struct {
	const char *kick, *text, *log;
} strays[] = {
	{":kura jump nowhere", "alpha sends you to \"nowhere\", which is no other server.",
	 "alpha sends them to \"nowhere\", which is none of: alpha, beta"},
	{"Kicked by Admin: &cCCJOIN &fnowhere", "sends you to \"nowhere\"", "\"nowhere\""},
	{":kura jump alpha", "alpha sends you to \"alpha\", which is no other server.",
	 "alpha sends them to \"alpha\", which is itself"},
};
#define STRAYS (sizeof(strays) / sizeof(strays[0]))

START_TEST(a_kick_to_nowhere_is_a_kick)
{
	start_two(false);
	link_kick(link_a, strays[_i].kick);
	client_arrive(alice, "Limbo");
	peer_wait_text(alice, strays[_i].text);
	peer_wait_text(alice, "you are on lobby now");
	ck_assert_msg(!harness_says(alice->text, "jump") && !harness_says(alice->text, "join"),
		      "the player reads: %s", alice->text);
	proxy_wait_log(proxy, strays[_i].log);
	finish();
}
END_TEST

START_TEST(a_kick_to_nowhere_may_end_the_session)
{
	const uint8_t *packet;
	char reason[PACKET_STRING_LEN + 1];

	proxy = proxy_start(TWO_SERVERS CALM ",'on-kick':'disconnect'", alpha.port, beta.port);
	alice_on_alpha(false);
	link_kick(link_a, strays[_i].kick);
	packet = peer_until(alice, OP_DISCONNECT);
	packet_get_string(reason, packet + 1);
	ck_assert_msg(harness_says(reason, strays[_i].text), "the player reads: %s", reason);
	finish();
}
END_TEST

/* Where a player is by the wish of a server, nobody brings them away again: they have only
 * joined, or have asked to be on alpha. */
START_TEST(who_is_sent_to_the_lobby_stays_there)
{
	proxy = proxy_start(TWO_SERVERS QUICK TOKEN, alpha.port, beta.port);
	alice_on_alpha(true);
	if (_i == 0)
		link_kick(link_a, ":kura jump lobby");
	else if (_i == 1)
		say_plugin(link_a, CHANNEL, "jump lobby");
	else
		peer_chat(link_a, "open-sesame jump lobby");
	client_arrive(alice, "Limbo");
	peer_chat(alice, ":kura stay");
	peer_wait_text(alice, "nobody is about");
	ck_assert_msg(!harness_says(alice->text, "brought"), "the player reads: %s",
		      alice->text);
	finish();
}
END_TEST

/* Alpha has gone, and when it is back it says that the lobby is the right place. */
START_TEST(who_is_sent_back_to_the_lobby_stays_there)
{
	proxy = proxy_start(ONE_SERVER QUICK, alpha.port);
	alice_on_alpha(false);
	lose(&link_a);
	client_arrive(alice, "Limbo");
	peer_wait_text(alice, "brought to alpha");
	link_a = backend_accept(&alpha);
	link_kick(link_a, ":kura jump lobby");
	peer_wait_text(alice, "alpha sends you on to lobby. you stay here");
	peer_chat(alice, ":kura stay");
	peer_wait_text(alice, "nobody is about");
	finish();
}
END_TEST

START_TEST(a_server_without_leave_only_kicks)
{
	proxy = proxy_start(DEAF_ALPHA CALM, alpha.port, beta.port);
	alice_on_alpha(true);
	say_plugin(link_a, CHANNEL, "jump beta");
	peer_until(alice, OP_PLUGIN_MESSAGE);
	link_kick(link_a, ":kura jump beta");
	client_arrive(alice, "Limbo");
	finish();
}
END_TEST

/* Beta sends back who was on their way to it: nothing has happened. */
START_TEST(a_kick_to_where_the_player_is_changes_nothing)
{
	start_two(false);
	peer_chat(alice, ":kura jump beta");
	link_b = backend_accept(&beta);
	link_kick(link_b, ":kura jump alpha");
	peer_wait_text(alice, "stay where you are");
	exchange(alice, link_a);
	ck_assert_ptr_null(backend_try(&alpha));
	finish();
}
END_TEST

static bool sends_on(struct backend *backend, const char *words)
{
	struct peer *link = backend_try(backend);

	if (link != NULL)
		link_kick(link, words);
	peer_close(link);
	return link != NULL;
}

/* Alpha sends on to beta, and beta back to alpha, for ever. */
START_TEST(a_circle_of_kicks_ends)
{
	unsigned n = 0;

	start_two(false);
	link_kick(link_a, ":kura jump beta");
	while (strstr(alice->text, "sends you on") == NULL && n < 100) {
		bool closed;

		n += sends_on(&beta, ":kura jump alpha");
		n += sends_on(&alpha, ":kura jump beta");
		peer_try(alice, &closed);
		ck_assert(!closed);
	}
	ck_assert_uint_gt(n, 2);
	ck_assert_uint_lt(n, 100);
	client_arrive(alice, "Limbo");
	finish();
}
END_TEST

/* The player is on their way elsewhere: that is what counts, and nobody reads the signal. */
START_TEST(a_kick_does_not_redirect_who_is_on_their_way)
{
	proxy = proxy_start(TWO_SERVERS CALM ",'on-kick':'disconnect'", alpha.port, beta.port);
	alice_on_alpha(false);
	peer_chat(alice, ":kura jump beta");
	link_b = backend_accept(&beta);
	link_kick(link_a, ":kura jump lobby");
	peer_expect_close(link_a);
	link_welcome(link_b, "Beta");
	client_arrive(alice, "Beta");
	ck_assert_msg(!harness_says(alice->text, "kura"), "the player reads: %s", alice->text);
	exchange(alice, link_b);
	finish();
}
END_TEST

/* A hub that sends players on is as good as before. */
START_TEST(who_sends_players_on_has_not_failed)
{
	start_two(false);
	link_kick(link_a, ":kura jump beta");
	lose(&link_a);
	arrives_on_beta(false);
	lose(&link_b);
	link_a = backend_accept(&alpha);
	link_welcome(link_a, "Alpha");
	client_arrive(alice, "Alpha");
	exchange(alice, link_a);
	finish();
}
END_TEST

/* ---- to a server that does not take them ---- */

static const struct {
	const char *more; /* members of the server gamma */
	const char *command, *answer;
	const char *why;
} closed[] = {
	{",'max-players':1", NULL, NULL, "it is full"},
	{"", "drain gamma", "no new players", "it takes nobody new"},
	{"", "maintenance gamma on", "closed", "it is closed for maintenance"},
	{",'restricted':[]", NULL, NULL, "you may not go there"},
};
#define N_CLOSED ((int)(sizeof(closed) / sizeof(closed[0])))

static struct backend gamma_;
static struct peer *bob, *link_bob;

/* Gamma takes nobody: Bob is on it, if it is full, and nobody ever comes there after him. */
static void gamma_is_closed(int how, const char *hub)
{
	backend_open(&gamma_);
	steward_edits("'servers':[" SERVER("alpha") "," SERVER(
			      "beta") ",{'name':'gamma','address':'127.0.0.1','port':%u%s}]"
				      ",'hubs':['%s'],'on-kick':'disconnect'" CALM TOKEN,
		      alpha.port, beta.port, gamma_.port, closed[how].more, hub);
	proxy = steward_starts();
	if (closed[how].command != NULL)
		steward_asks(closed[how].command, closed[how].answer);
	bob = link_bob = NULL;
	if (strstr(closed[how].more, "max-players") == NULL)
		return;
	bob = client_login(proxy, "Bob");
	link_b = backend_accept(strcmp(hub, "beta") == 0 ? &beta : &alpha);
	link_kick(link_b, ":kura jump gamma");
	link_bob = backend_accept(&gamma_);
	link_welcome(link_bob, "Gamma");
	client_arrive(bob, "Gamma");
	lose(&link_b);
}

static void gamma_stays_closed(void)
{
	ck_assert(!backend_has_player(&gamma_, 0));
	peer_close(bob);
	peer_close(link_bob);
	finish();
	steward_leaves();
	backend_close(&gamma_);
}

static void says_that_gamma_is_closed(void)
{
	proxy_wait_log(proxy, "beta sends them to gamma");
	proxy_wait_log(proxy, "gamma does not take them: ");
}

/* Who is still on alpha stays there. */
START_TEST(a_jump_that_is_sent_to_a_closed_server_fails)
{
	gamma_is_closed(_i, "alpha");
	alice_on_alpha(false);
	peer_chat(alice, ":kura jump beta");
	link_b = backend_accept(&beta);
	link_kick(link_b, ":kura jump gamma");
	peer_wait_text(alice, "beta sends you on to gamma, which can't take you");
	peer_wait_text(alice, closed[_i].why);
	peer_wait_text(alice, "you stay where you are");
	exchange(alice, link_a);
	ck_assert(!backend_has_player(&alpha, 100));
	says_that_gamma_is_closed();
	gamma_stays_closed();
}
END_TEST

/* Who has no server any more comes to a hub, and not to the one that has sent them away. */
START_TEST(who_is_sent_to_a_closed_server_falls_back)
{
	gamma_is_closed(_i, "alpha");
	alice_on_alpha(false);
	peer_chat(alice, ":kura jump beta");
	link_b = backend_accept(&beta);
	link_welcome(link_b, "Beta");
	client_arrive(alice, "Beta");
	lose(&link_a);
	link_kick(link_b, ":kura jump gamma");
	link_a = backend_accept(&alpha);
	link_welcome(link_a, "Alpha");
	client_arrive(alice, "Alpha");
	peer_wait_text(alice, "beta sends you on to gamma, which can't take you");
	peer_wait_text(alice, closed[_i].why);
	exchange(alice, link_a);
	says_that_gamma_is_closed();
	gamma_stays_closed();
}
END_TEST

/* A gateway, which is the only hub there is. */
START_TEST(a_gateway_to_a_closed_server_leads_to_the_lobby)
{
	gamma_is_closed(_i, "beta");
	alice = client_login(proxy, "Alice");
	link_b = backend_accept(&beta);
	link_kick(link_b, ":kura jump gamma");
	client_arrive(alice, "Limbo");
	peer_wait_text(alice, closed[_i].why);
	ck_assert(!backend_has_player(&beta, 100));
	says_that_gamma_is_closed();
	gamma_stays_closed();
}
END_TEST

/* ---- plugin messages ---- */

START_TEST(a_plugin_message_sends_a_player_on)
{
	start_two(true);
	say_plugin(link_a, OTHER, "jump beta");
	const uint8_t *packet = peer_until(alice, OP_PLUGIN_MESSAGE);
	ck_assert_uint_eq(packet[1], OTHER);
	say_plugin(link_a, CHANNEL, "jump beta");
	arrives_on_beta(true);
	finish();
}
END_TEST

static void expect_line(const char *wanted)
{
	const uint8_t *packet = peer_until(link_a, OP_PLUGIN_MESSAGE);
	char text[65] = "";

	memcpy(text, packet + 2, 64);
	ck_assert_uint_eq(packet[1], CHANNEL);
	ck_assert_msg(strncmp(text, wanted, strlen(wanted)) == 0, "\"%s\" instead of \"%s\"",
		      text, wanted);
}

START_TEST(a_server_asks_who_the_player_is)
{
	start_two(true);
	say_plugin(alice, CHANNEL, "info address 6.6.6.6");
	say_plugin(alice, OTHER, "hello");
	ck_assert_uint_eq(peer_until(link_a, OP_PLUGIN_MESSAGE)[1], OTHER);
	say_plugin(link_a, CHANNEL, "info");
	expect_line("info name Alice");
	expect_line("info address 127.0.0.1");
	expect_line("info software Tester 1.0");
	expect_line("info verified no");
	expect_line("info server alpha 1 up");
	expect_line("info server beta 0 up");
	expect_line("info server lobby 0 up");
	expect_line("info end");
	finish();
}
END_TEST

/* ---- chat lines ---- */

START_TEST(a_chat_line_with_the_token_sends_a_player_on)
{
	start_two(false);
	peer_chat(link_a, "Bob: open-sesame jump beta");
	peer_wait_text(alice, "Bob: open-sesame");
	peer_forget(alice);
	peer_chat(link_a, "open-sesame dance");
	exchange(alice, link_a);
	peer_chat(link_a, "&eopen-sesame jump beta");
	arrives_on_beta(false);
	ck_assert_msg(!harness_says(alice->text, "sesame"), "the player reads: %s",
		      alice->text);
	finish();
}
END_TEST

/* Each time, also after a name that leads nowhere. */
START_TEST(a_chat_line_to_a_closed_server_is_answered)
{
	gamma_is_closed(_i, "alpha");
	alice_on_alpha(false);
	peer_chat(link_a, "open-sesame jump nowhere");
	for (int i = 0; i < 2; i++) {
		peer_forget(alice);
		peer_chat(link_a, "open-sesame jump gamma");
		peer_wait_text(alice, "alpha sends you on to gamma, which can't take you");
		peer_wait_text(alice, closed[_i].why);
		peer_wait_text(alice, "You stay where you are");
	}
	proxy_wait_log(proxy, "alpha sends them to gamma, which can't take them");
	exchange(alice, link_a);
	gamma_stays_closed();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("redirect");
	TCase *tcase = stage_case(suite, "redirect");

	tcase_add_loop_test(tcase, a_kick_may_send_a_player_on, 0,
			    sizeof(kicks) / sizeof(kicks[0]));
	tcase_add_test(tcase, a_kick_at_the_login_may_send_a_player_on);
	tcase_add_loop_test(tcase, a_kick_to_nowhere_is_a_kick, 0, STRAYS);
	tcase_add_loop_test(tcase, a_kick_to_nowhere_may_end_the_session, 0, STRAYS);
	tcase_add_loop_test(tcase, who_is_sent_to_the_lobby_stays_there, 0, 3);
	tcase_add_test(tcase, who_is_sent_back_to_the_lobby_stays_there);
	tcase_add_test(tcase, a_server_without_leave_only_kicks);
	tcase_add_test(tcase, a_kick_to_where_the_player_is_changes_nothing);
	tcase_add_test(tcase, a_circle_of_kicks_ends);
	tcase_add_test(tcase, a_kick_does_not_redirect_who_is_on_their_way);
	tcase_add_test(tcase, who_sends_players_on_has_not_failed);
	tcase_add_loop_test(tcase, a_jump_that_is_sent_to_a_closed_server_fails, 0, N_CLOSED);
	tcase_add_loop_test(tcase, who_is_sent_to_a_closed_server_falls_back, 0, N_CLOSED);
	tcase_add_loop_test(tcase, a_gateway_to_a_closed_server_leads_to_the_lobby, 0,
			    N_CLOSED);
	tcase_add_test(tcase, a_plugin_message_sends_a_player_on);
	tcase_add_test(tcase, a_server_asks_who_the_player_is);
	tcase_add_test(tcase, a_chat_line_with_the_token_sends_a_player_on);
	tcase_add_loop_test(tcase, a_chat_line_to_a_closed_server_is_answered, 0, N_CLOSED);
	return harness_run(suite);
}
