/* SPDX-License-Identifier: MIT */
/*
 * Texts of the configuration in the place of the default ones: that they reach players wherever
 * Kurafuto speaks, in letters that their client has, that an empty one says nothing, and that
 * the log stays as it is.
 */
#include <bsd/string.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "../auth.h"
#include "stage.h"

#define MESSAGES(...) ",'messages':{" __VA_ARGS__ "}"
#define SALT          "0123456789abcdef"
#define ADMIN         ",'salt':'" SALT "','ranks':{'admin':{'names':['Alice'],'commands':['*']}}"
#define X10           "ääääääääää"
#define X70           X10 X10 X10 X10 X10 X10 X10

/* Alice says something; the answer has a text. */
static void ask(const char *line, const char *answer)
{
	peer_forget(alice);
	peer_chat(alice, line);
	peer_wait_text(alice, answer);
}

/* Alice, an admin by her key, stands on alpha. */
static void admin_on_alpha(void)
{
	char key[AUTH_KEY_LEN + 1];

	auth_key(key, SALT, "Alice");
	alice = client_connect(proxy);
	client_identify(alice, PACKET_PROTOCOL, false, "Alice", key);
	link_a = backend_accept(&alpha);
	link_welcome(link_a, "Alpha");
	client_arrive(alice, "Alpha");
	exchange(alice, link_a);
}

/* The proxy has been told to end. */
static void after_the_end(void)
{
	peer_close(alice);
	peer_close(link_a);
	ck_assert_int_eq(proxy_wait(proxy), 0);
	proxy_free(proxy);
}

/* The next text in a place of the screen. */
static const char *read_place(struct peer *client, uint8_t place)
{
	static char text[PACKET_STRING_LEN + 1];
	const uint8_t *packet;

	do
		packet = peer_until(client, OP_MESSAGE);
	while (packet[1] != place);
	packet_get_string(text, packet + 2);
	return text;
}

/* ---- Disconnects ---- */

#define IDENTIFY "\x00\x07"

/* clang-format off */
static const struct {
	const char *first; /* what the client sends: two bytes or more, or its name behind IDENTIFY */
	const char *said, *logged;
} refusals[] = {
	{"\x05\x07",           "Nicht 0x05",               "refused: A login begins with packet 0x00, not 0x05"},
	{"\0" "\x09",          "9 geht nicht: 3-7",        "refused: Protocol version 9 is not supported"},
	{"\0" "Notch",         "Zu alt (3 ... {7})",       "refused: Clients before c0.0.16a"},
	{IDENTIFY "no name",   "Der Name ist ung?ltig",    "refused: Invalid name: use 1 to 16 letters"},
};
/* clang-format on */

START_TEST(a_login_is_refused_in_these_words)
{
	const char *first = refusals[_i].first;
	bool has_name = first[0] == 0 && first[1] == PACKET_PROTOCOL;

	proxy = proxy_start(
		ONE_SERVER MESSAGES("'login-first-packet':'&cNicht {packet}',"
				    "'login-version':'{version} geht nicht: {min}-{max}',"
				    "'login-too-old':'Zu alt ({min} ... {{{max}})',"
				    "'login-name':'Der Name ist ungültig'"),
		alpha.port);
	alice = client_connect(proxy);
	if (has_name)
		client_identify(alice, PACKET_PROTOCOL, false, first + 2, NULL);
	else
		peer_send(alice, first, 2 + strlen(first + 2));
	peer_expect_disconnect(alice, refusals[_i].said);
	proxy_wait_log(proxy, refusals[_i].logged);
	finish();
}
END_TEST

/* In the game a client has the letters that it asked for, else question marks. */
START_TEST(a_disconnect_has_64_letters)
{
	bool cpe = _i == 1;
	char reason[PACKET_STRING_LEN + 1], wanted[PACKET_STRING_LEN + 1] = "";

	proxy = proxy_start(ONE_SERVER MESSAGES("'client-twice':'" X70 "'"), alpha.port);
	alice_on_alpha(cpe);
	client_identify(alice, PACKET_PROTOCOL, false, "Alice", NULL);
	packet_get_string(reason, peer_until(alice, OP_DISCONNECT) + 1);
	memset(wanted, cpe ? 0x84 : '?', PACKET_STRING_LEN);
	ck_assert_str_eq(reason, wanted);
	lose(&alice);
	proxy_wait_log(proxy, "Alice: Your client identified itself twice (at byte ");
	proxy_wait_log(proxy, "s: Your client identified itself twice\n");
	finish();
}
END_TEST

START_TEST(the_end_has_its_words)
{
	proxy = proxy_start(ONE_SERVER MESSAGES("'shutdown':'Gute Nacht'"), alpha.port);
	alice_on_alpha(false);
	proxy_signal(proxy, SIGTERM);
	peer_expect_disconnect(alice, "Gute Nacht");
	lose(&alice);
	proxy_wait_log(proxy, "s: Server shutting down\n");
	after_the_end();
}
END_TEST

/* ---- on the way ---- */

START_TEST(commands_answer_in_these_words)
{
	proxy = proxy_start(
		TWO_SERVERS MESSAGES("'jump-where':'Wohin? {prefix}jump ORT',"
				     "'server-unknown':'{name} gibt es nicht, nur {names}',"
				     "'jump-already':'Auf {server} bist du schon',"
				     "'list-title':'Orte:','list-hub':' (Mitte)',"
				     "'list-up':'{server} läuft mit {players}{hub}{here}',"
				     "'players-one':'einem','players-many':'{count}',"
				     "'list-here':' <- du',"
				     "'who-line':'{where}, das sind {count}: {names}',"
				     "'command-nearest':'{command}? {prefix}{nearest}!',"
				     "'help-line':'{prefix}{usage} = {help}',"
				     "'help-info':'was läuft',"
				     "'jumping':'Auf zum größten {{{server}}!'"),
		alpha.port, beta.port);
	alice_on_alpha(true);
	ask(":kura jump", "Wohin? :kura jump ORT");
	ask(":kura jump gamma", "gamma gibt es nicht, nur alpha, beta");
	ask(":kura jump alpha", "Auf alpha bist du schon");
	ask(":kura list", "Orte: alpha l\x84uft mit einem (Mitte) <- du beta l\x84uft mit 0");
	ask(":kura who", "alpha, das sind 1: Alice");
	ask(":kura lits", "lits? :kura list!");
	ask(":kura help info", ":kura info = was l\x84uft");
	ask(":kura jump beta", "Auf zum gr\x94\xe1ten {beta}!");
	link_b = backend_accept(&beta);
	link_negotiate(link_b, NULL, 0);
	link_welcome(link_b, "Beta");
	client_arrive(alice, "Beta");
	finish();
}
END_TEST

START_TEST(a_jump_that_fails_says_so)
{
	proxy = proxy_start(TWO_SERVERS MESSAGES("'server-unreachable':'{server} schweigt.',"
						 "'stay-there':'{why} Bleib hier!'") CALM,
			    alpha.port, beta.port);
	alice_on_alpha(false);
	backend_refuse(&beta);
	ask(":kura jump beta", "beta schweigt. Bleib hier!");
	finish();
}
END_TEST

START_TEST(a_kick_tells_where_the_player_is)
{
	proxy = proxy_start(ONE_SERVER MESSAGES("'server-kicked':'{server} warf dich "
						"raus ({reason}{dot})',"
						"'moved':'{why} Jetzt: {server}'") CALM,
			    alpha.port);
	alice_on_alpha(false);
	link_kick(link_a, "Zu laut");
	client_arrive(alice, "Limbo");
	peer_wait_text(alice, "alpha warf dich raus (Zu laut.) Jetzt: lobby");
	proxy_wait_log(proxy, "Alice: loses alpha: kicked: Zu laut");
	finish();
}
END_TEST

/* An empty text is none here, since there was a kick. */
START_TEST(a_kick_without_words_has_ours)
{
	proxy = proxy_start(ONE_SERVER MESSAGES("'no-reason':'%s'") CALM, alpha.port,
			    _i == 0 ? "ohne Grund" : "");
	alice_on_alpha(false);
	link_kick(link_a, "");
	client_arrive(alice, "Limbo");
	peer_wait_text(alice, _i == 0 ? "alpha kicked you: ohne Grund."
				      : "alpha kicked you: no reason given.");
	finish();
}
END_TEST

START_TEST(the_way_back_is_promised)
{
	proxy = proxy_start(
		ONE_SERVER MESSAGES("'server-gone':'{server} ist weg: {reason}.',"
				    "'why-closed':'aufgelegt',"
				    "'return-promise':'Zurück zu {server}? {prefix}stay',"
				    "'return-status':'Zurück: {server}',"
				    "'return-done':'Wieder da: {server}',"
				    "'return-off':'Bleib. {prefix}jump {server}'") QUICK,
		alpha.port);
	alice_on_alpha(true);
	lose(&link_a);
	ck_assert_str_eq(read_place(alice, 1), "Zur\x81"
					       "ck: alpha");
	ck_assert(harness_says(alice->text, "alpha ist weg: aufgelegt."));
	ck_assert(harness_says(alice->text, "Zur\x81"
					    "ck zu alpha? :kura stay"));
	ask(":kura stay", "Bleib. :kura jump alpha");
	finish();
}
END_TEST

/* First on the loading screen, then in the centre. */
START_TEST(who_waits_reads_for_what)
{
	struct packet_identification screen;
	const uint8_t *packet;

	proxy = proxy_start(TWO_SERVERS MESSAGES("'waiting-screen':'Für {server}: Geduld',"
						 "'waiting':'{server} lädt'") CALM,
			    alpha.port, beta.port);
	alice = client_login_cpe(proxy, "Alice");
	link_a = backend_accept(&alpha);
	packet = peer_until(alice, OP_IDENTIFICATION);
	packet_read_identification(&screen, packet, peer_size(alice, packet));
	ck_assert_str_eq(screen.text, "F\x81r alpha: Geduld");
	link_negotiate(link_a, NULL, 0);
	link_welcome(link_a, "Alpha");
	client_arrive(alice, "Alpha");
	peer_chat(alice, ":kura jump beta");
	link_b = backend_accept(&beta);
	ck_assert_str_eq(read_place(alice, 100), "beta l\x84"
						 "dt");
	finish();
}
END_TEST

/* ---- the lobby ---- */

START_TEST(the_lobby_speaks_so)
{
	struct peer *bob;

	backend_refuse(&alpha);
	proxy = proxy_start(ONE_SERVER MESSAGES("'lobby-welcome':'Willkommen in {name}',"
						"'lobby-servers':'Tore: {servers}',"
						"'lobby-portals':'',"
						"'lobby-commands':'Oder {prefix}jump',"
						"'lobby-came':'{player} ist jetzt hier',"
						"'lobby-chat':'<{player}> {text}',"
						"'lobby-no-commands':'Ohne Befehle',"
						"'lobby-left':'Tschüss {player}'") CALM,
			    alpha.port);
	alice = client_login(proxy, "Alice");
	peer_wait_text(alice, "Willkommen in Limbo Tore: alpha Oder :kura jump");
	bob = client_login(proxy, "Bob");
	peer_wait_text(alice, "Bob ist jetzt hier");
	peer_wait_text(bob, "Bob ist jetzt hier");
	peer_chat(bob, "{text} & 100%");
	peer_wait_text(alice, "<Bob> {text} % 100%");
	ask("/help", "Ohne Befehle");
	peer_close(bob);
	peer_wait_text(alice, "Tsch?ss Bob");
	finish();
}
END_TEST

/* ---- admins ---- */

START_TEST(admins_are_heard_so)
{
	struct peer *bob, *link_bob;

	proxy = proxy_start(
		ONE_SERVER ADMIN MESSAGES("'say':'{from} ruft: {text}',"
					  "'stopping':'Ende in {time}',"
					  "'stopping-reason':'Ende in {time}, weil {reason}',"
					  "'stop-off':'Doch kein Ende',"
					  "'kicked-reason':'{by} wirft dich raus: {reason}',"
					  "'shutdown-reason':'Schluss: {reason}'"),
		alpha.port);
	admin_on_alpha();
	bob = join(proxy, &alpha, "Bob", "Alpha", &link_bob);
	ask(":kura say Hallo {text}", "Alice ruft: Hallo {text}");
	ask(":kura stop 3600", "Ende in 1 h");
	ask(":kura stop not", "Doch kein Ende");
	ask(":kura stop 3600 so", "Ende in 1 h, weil so");
	ask(":kura kick Bob Geh", "Bob");
	peer_expect_disconnect(bob, "Alice wirft dich raus: Geh");
	peer_close(bob);
	proxy_wait_log(proxy, "s: Kicked by an admin: Geh\n");
	peer_close(link_bob);
	proxy_signal(proxy, SIGTERM);
	peer_expect_disconnect(alice, "Schluss: so");
	after_the_end();
}
END_TEST

START_TEST(the_console_has_its_name)
{
	int in[2];

	ck_assert_int_eq(pipe2(in, O_CLOEXEC), 0);
	proxy = proxy_start_with(&(struct proxy_options){.in_fd = in[0]},
				 ONE_SERVER MESSAGES("'console':'Leitung',"
						     "'kicked':'{by} wirft dich raus'"),
				 alpha.port);
	alice_on_alpha(false);
	dprintf(in[1], "say Hallo\n");
	peer_wait_text(alice, "[Leitung] Hallo");
	dprintf(in[1], "kick Alice\n");
	peer_expect_disconnect(alice, "Leitung wirft dich raus");
	close(in[0]);
	close(in[1]);
	finish();
}
END_TEST

/* ---- silence ---- */

/* The next thing that Alice reads, in whatever place. */
static void reads_next(const char *text)
{
	char line[PACKET_STRING_LEN + 1];

	packet_get_string(line, peer_until(alice, OP_MESSAGE) + 2);
	ck_assert_msg(harness_says(line, text), "\"%s\"", line);
}

/* The next link of Alice's, to a server that lets her in. */
static void comes_to(struct backend *backend, struct peer **link, const char *name, bool cpe)
{
	*link = backend_accept(backend);
	if (cpe)
		link_negotiate(*link, NULL, 0);
	link_welcome(*link, name);
}

/* A jump, a fallback to another server, one to the lobby, and the way back. */
START_TEST(an_empty_text_says_nothing)
{
	bool cpe = _i == 1;

	proxy = proxy_start(
		TWO_SERVERS MESSAGES(
			"'jumping':'','moved':'','info-proxy':'','waiting':'','server-gone':'',"
			"'return-promise':'','return-status':'','return-done':'',"
			"'lobby-welcome':'','lobby-servers':'','lobby-portals':'',"
			"'lobby-commands':'','lobby-came':''") CALM,
		alpha.port, beta.port);
	alice_on_alpha(cpe);
	peer_chat(alice, ":kura jump beta");
	comes_to(&beta, &link_b, "Beta", cpe);
	peer_expect_close(link_a);
	lose(&link_a);
	lose(&link_b);
	comes_to(&alpha, &link_a, "Alpha", cpe);
	proxy_wait_log(proxy, "Alice: falls back to alpha in ");
	lose(&link_a);
	comes_to(&alpha, &link_a, "Alpha", cpe);
	proxy_wait_log(proxy, "Alice: falls back to lobby in ");
	proxy_wait_log(proxy, "Alice: returns from lobby to alpha in ");
	peer_chat(alice, ":kura info");
	reads_next("You are on alpha");
	finish();
}
END_TEST

/* A Disconnect has to come all the same. */
START_TEST(an_empty_disconnect_is_one)
{
	char reason[PACKET_STRING_LEN + 1];

	proxy = proxy_start(ONE_SERVER MESSAGES("'login-name':''"), alpha.port);
	alice = client_login(proxy, "no name");
	packet_get_string(reason, peer_until(alice, OP_DISCONNECT) + 1);
	ck_assert_str_eq(reason, "");
	peer_expect_close(alice);
	proxy_wait_log(proxy, "refused: Invalid name");
	finish();
}
END_TEST

/* ---- reload ---- */

static void write_texts(char path[static HARNESS_PATH], const char *none, const char *came)
{
	char text[512];

	snprintf(text, sizeof(text),
		 "{\"address\":\"127.0.0.1\",\"port\":0,\"messages\":{"
		 "\"return-none\":\"%s\",\"lobby-came\":\"{player} %s\"}}",
		 none, came);
	harness_file(path, "reloaded.json", text);
}

/* Also for who is there, and for those who come to the lobby. */
START_TEST(a_reload_brings_other_texts)
{
	char path[HARNESS_PATH];
	struct peer *bob;

	write_texts(path, "Nichts.", "kommt");
	proxy = proxy_start_with(
		&(struct proxy_options){.no_config = true,
					.args = (const char *const[]){"-c", path, NULL}},
		"%s", "");
	alice = client_login(proxy, "Alice");
	peer_wait_text(alice, "Alice kommt");
	ask(":kura stay", "Nichts.");
	write_texts(path, "Rien.", "arrive");
	proxy_signal(proxy, SIGHUP);
	proxy_wait_log(proxy, "reload: messages");
	do {
		peer_forget(alice);
		peer_chat(alice, ":kura stay");
		peer_wait_text(alice, "."); /* of either */
	} while (!harness_says(alice->text, "Rien."));
	bob = client_login(proxy, "Bob");
	peer_wait_text(alice, "Bob arrive");
	peer_close(bob);
	finish();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("messages");
	TCase *tcase = stage_case(suite, "disconnects");

	tcase_add_loop_test(tcase, a_login_is_refused_in_these_words, 0,
			    sizeof(refusals) / sizeof(refusals[0]));
	tcase_add_loop_test(tcase, a_disconnect_has_64_letters, 0, 2);
	tcase_add_test(tcase, the_end_has_its_words);

	tcase = stage_case(suite, "way");
	tcase_add_test(tcase, commands_answer_in_these_words);
	tcase_add_test(tcase, a_jump_that_fails_says_so);
	tcase_add_test(tcase, a_kick_tells_where_the_player_is);
	tcase_add_loop_test(tcase, a_kick_without_words_has_ours, 0, 2);
	tcase_add_test(tcase, the_way_back_is_promised);
	tcase_add_test(tcase, who_waits_reads_for_what);

	tcase = stage_case(suite, "others");
	tcase_add_test(tcase, the_lobby_speaks_so);
	tcase_add_test(tcase, admins_are_heard_so);
	tcase_add_test(tcase, the_console_has_its_name);

	tcase = stage_case(suite, "silence");
	tcase_add_loop_test(tcase, an_empty_text_says_nothing, 0, 2);
	tcase_add_test(tcase, an_empty_disconnect_is_one);

	tcase = stage_case(suite, "reload");
	tcase_add_test(tcase, a_reload_brings_other_texts);
	return harness_run(suite);
}
