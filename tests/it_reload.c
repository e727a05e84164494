/* SPDX-License-Identifier: MIT */
/*
 * A new configuration while people play: what each change means for those who are there and for
 * those who come, that a fault changes nothing, and that the log has one line a change. Crowds
 * are it_reload_crowd's.
 */
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth.h"
#include "net.h"
#include "scratch.h"
#include "stage.h"
#include "steward.h"

#define SALT     "0123456789abcdef"
#define ALPHA    "'servers':[" SERVER("alpha") "]"
#define NO_CHECK ",'health':{'interval-ms':3600000}"

/* Two more places, besides alpha and beta. */
static struct backend moved, place;

static void setup(void)
{
	stage_setup();
	scratch_setup();
	backend_open(&moved);
	backend_open(&place);
	backend_refuse(&place); /* a port for the proxy alone */
}

static void teardown(void)
{
	backend_close(&moved);
	backend_close(&place);
	scratch_teardown();
	stage_teardown();
}

/* Alice is on alpha, of the configuration that has been written. */
static void begin(void)
{
	proxy = steward_starts();
	alice_on_alpha(false);
}

static void end(void)
{
	finish();
	steward_leaves();
}

static void ask(const char *command, const char *answer)
{
	peer_forget(alice);
	peer_chat(alice, command);
	peer_wait_text(alice, answer);
}

/* The reload that has just been asked for has made so many changes, each with a line in the
 * log. */
static void expect_changes(const char *const *changes, size_t n)
{
	char count[64], line[256];

	snprintf(count, sizeof(count), "Reloaded, changes: %zu\n", n);
	steward_reads(count);
	for (size_t i = 0; i < n; i++) {
		snprintf(line, sizeof(line), "info  reload: %s\n", changes[i]);
		proxy_wait_log(proxy, line);
	}
	ck_assert_uint_eq(proxy_count_log(proxy, "  reload: "), n);
}

#define EXPECT(...)                                        \
	expect_changes((const char *const[]){__VA_ARGS__}, \
		       sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

/* ---- servers ---- */

START_TEST(a_server_is_added)
{
	steward_edits(ALPHA NO_CHECK, alpha.port);
	begin();
	ask(":kura jump beta", "There is no server \"beta\"");
	steward_edits(TWO_SERVERS NO_CHECK, alpha.port, beta.port);
	steward_types("reload");
	EXPECT("servers.beta: added");
	ask(":kura jump beta", "Jumping to beta");
	link_b = backend_accept(&beta);
	link_welcome(link_b, "Beta");
	client_arrive(alice, "Beta");
	exchange(alice, link_b);
	end();
}
END_TEST

START_TEST(a_server_is_removed_but_not_its_players)
{
	struct peer *bob, *link_bob;

	steward_edits(TWO_SERVERS NO_CHECK ",'hubs':['alpha','beta']", alpha.port, beta.port);
	begin();
	steward_edits("'servers':[" SERVER("beta") "]" NO_CHECK ",'hubs':['beta']", beta.port);
	steward_types("reload");
	EXPECT("servers.alpha: removed", "hubs: [\"beta\"], was [\"alpha\",\"beta\"]");
	exchange(alice, link_a);
	bob = join(proxy, &beta, "Bob", "Beta", &link_bob);
	exchange(bob, link_bob);
	peer_chat(bob, ":kura jump alpha");
	peer_wait_text(bob, "There is no server \"alpha\"");
	ask(":kura info", "You are on alpha");
	steward_asks("servers", "removed");
	steward_reads("alpha 127.0.0.1:");
	steward_asks("players al", "Alice on alpha");
	steward_asks("players nosuch", "only: beta, lobby, alpha");
	steward_asks("drain Alpha", "alpha is removed from the configuration");
	steward_asks("ready alpha", "alpha is removed");
	steward_asks("maintenance alpha on", "alpha is removed");
	ask(":kura queue alpha", "There is no server \"alpha\"");
	steward_types(_i == 0 ? "send alpha beta" : "move-off alpha");
	steward_reads(_i == 0 ? "Sending 1 player to beta" : "Moving 1 player off alpha");
	link_b = backend_accept(&beta);
	link_welcome(link_b, "Beta");
	client_arrive(alice, "Beta");
	exchange(alice, link_b);
	ask(":kura jump alpha", "There is no server \"alpha\"");
	if (_i == 1)
		proxy_wait_log(proxy, "server alpha, which is removed, is empty");
	steward_asks("servers", "lobby");
	ck_assert(!harness_says(steward.text, "alpha"));
	peer_close(bob);
	peer_close(link_bob);
	end();
}
END_TEST

START_TEST(a_server_is_spelled_anew)
{
	steward_edits(ALPHA NO_CHECK, alpha.port);
	begin();
	steward_edits("'servers':[" SERVER("ALPHA") "]" NO_CHECK, alpha.port);
	steward_types("reload");
	EXPECT("servers.ALPHA.name: \"ALPHA\", was \"alpha\"",
	       "hubs: [\"ALPHA\"], was [\"alpha\"]");
	exchange(alice, link_a);
	ask(":kura info", "You are on ALPHA");
	steward_asks("servers", "ALPHA 127.0.0.1:");
	end();
}
END_TEST

/* A server that is gone with the configuration, and then for good, is nowhere to return to. */
START_TEST(nobody_falls_back_to_a_server_that_was_removed)
{
	steward_edits(TWO_SERVERS QUICK ",'hubs':['alpha','beta']", alpha.port, beta.port);
	begin();
	steward_edits("'servers':[" SERVER("alpha") "]" QUICK, alpha.port);
	steward_reloads();
	lose(&link_a);
	backend_refuse(&alpha);
	client_arrive(alice, "Limbo");
	ck_assert(!backend_has_player(&beta, 200));
	end();
}
END_TEST

START_TEST(a_server_moves_to_another_address)
{
	struct peer *bob, *link_bob;

	steward_edits(ALPHA NO_CHECK, alpha.port);
	begin();
	steward_edits(ALPHA NO_CHECK, moved.port);
	steward_reloads();
	exchange(alice, link_a); /* where it was */
	bob = join(proxy, &moved, "Bob", "Moved", &link_bob);
	exchange(bob, link_bob);
	ck_assert(!backend_has_player(&alpha, 0));
	steward_asks("servers", "2 players");
	lose(&link_a);
	link_b = backend_accept(&moved); /* falls back to where it is */
	link_welcome(link_b, "Moved");
	client_arrive(alice, "Moved");
	exchange(alice, link_b);
	peer_close(bob);
	peer_close(link_bob);
	end();
}
END_TEST

/* The connection that was made early leads to where the server is not any more. */
START_TEST(a_server_moves_during_a_login)
{
	steward_edits(ALPHA NO_CHECK, alpha.port);
	proxy = steward_starts();
	alice = client_connect(proxy);
	client_identify(alice, PACKET_PROTOCOL, true, "Alice", NULL);
	backend_wait_dialled(&alpha);
	steward_edits(ALPHA NO_CHECK, moved.port);
	steward_reloads();
	client_negotiate(alice, NULL, 0);
	link_a = backend_accept(&moved);
	link_negotiate(link_a, NULL, 0);
	link_welcome(link_a, "Moved");
	client_arrive(alice, "Moved");
	exchange(alice, link_a);
	ck_assert(!backend_has_player(&alpha, 0));
	end();
}
END_TEST

START_TEST(a_server_is_linked_again)
{
	steward_edits(TWO_SERVERS NO_CHECK, alpha.port, beta.port);
	begin();
	steward_edits(ALPHA NO_CHECK, alpha.port);
	steward_reloads();
	ask(":kura jump beta", "There is no server");
	steward_edits(TWO_SERVERS NO_CHECK, alpha.port, moved.port);
	steward_reloads();
	ask(":kura jump beta", "Jumping to beta");
	link_b = backend_accept(&moved);
	link_welcome(link_b, "Beta");
	client_arrive(alice, "Beta");
	exchange(alice, link_b);
	end();
}
END_TEST

/* ---- where players go ---- */

START_TEST(hubs_and_groups_change)
{
	struct peer *bob, *link_bob;

	steward_edits(TWO_SERVERS NO_CHECK ",'hubs':['alpha']", alpha.port, beta.port);
	begin();
	steward_edits(TWO_SERVERS NO_CHECK ",'groups':{'games':{'servers':['beta']}},"
					   "'hubs':['games']",
		      alpha.port, beta.port);
	steward_types("reload");
	EXPECT("groups.games: added", "hubs: [\"games\"], was [\"alpha\"]");
	bob = join(proxy, &beta, "Bob", "Beta", &link_bob);
	exchange(bob, link_bob);
	ask(":kura jump games", "Jumping to beta");
	link_b = backend_accept(&beta);
	link_welcome(link_b, "Beta");
	client_arrive(alice, "Beta");
	exchange(alice, link_b);
	steward_edits(TWO_SERVERS NO_CHECK, alpha.port, beta.port);
	steward_reloads();
	ask(":kura jump games", "There is no server \"games\"");
	ask(":kura hub", "Jumping to alpha");
	peer_close(bob);
	peer_close(link_bob);
	end();
}
END_TEST

START_TEST(limits_change)
{
	struct peer *bob;

	steward_edits(ALPHA NO_CHECK, alpha.port);
	begin();
	steward_edits(ALPHA NO_CHECK ",'max-players':1,'lobby':true", alpha.port);
	steward_types("reload");
	EXPECT("max-players: 1, was 1000");
	bob = client_login(proxy, "Bob");
	peer_expect_disconnect(bob, "full");
	peer_close(bob);
	exchange(alice, link_a);
	steward_edits("'servers':[{'name':'alpha','address':'127.0.0.1','port':%u,"
		      "'max-players':1}]" NO_CHECK LIMBO,
		      alpha.port);
	steward_reloads();
	bob = client_login(proxy, "Bob");
	client_arrive(bob, "Limbo");
	peer_close(bob);
	end();
}
END_TEST

START_TEST(the_lobby_goes_and_comes)
{
	struct peer *bob;

	steward_edits(ALPHA QUICK, alpha.port);
	begin();
	bob = client_login(proxy, "Bob");
	link_b = backend_accept(&alpha);
	link_welcome(link_b, "Alpha");
	client_arrive(bob, "Alpha");
	peer_chat(bob, ":kura lobby");
	client_arrive(bob, "Limbo");
	steward_edits(ALPHA QUICK ",'lobby':false", alpha.port);
	steward_types("reload");
	EXPECT("lobby: false, was true");
	ask(":kura lobby", "There is no lobby here");
	ask(":kura jump lobby", "There is no server \"lobby\"");
	peer_chat(bob, "still here"); /* nobody is thrown out */
	peer_wait_text(bob, "still here");
	steward_edits(ALPHA QUICK, alpha.port);
	steward_reloads();
	ask(":kura lobby", "Jumping to lobby");
	client_arrive(alice, "Limbo");
	peer_close(bob);
	end();
}
END_TEST

/* ---- what players may and read ---- */

START_TEST(messages_change)
{
	steward_edits(ALPHA NO_CHECK, alpha.port);
	begin();
	steward_edits(ALPHA NO_CHECK ",'messages':{'queue-none':'In keiner Reihe, {{Alice}.'},"
				     "'command-prefix':'!k'",
		      alpha.port);
	steward_types("reload");
	EXPECT("command-prefix: \"!k\", was \":kura\"", "messages.queue-none: added");
	ask("!k queue leave", "In keiner Reihe, {Alice}.");
	peer_chat(alice, ":kura list");
	peer_wait_text(link_a, ":kura list");
	end();
}
END_TEST

START_TEST(ranks_change)
{
	char key[AUTH_KEY_LEN + 1];

	steward_edits(ALPHA NO_CHECK ",'salt':'" SALT "'", alpha.port);
	proxy = steward_starts();
	alice = client_connect(proxy);
	auth_key(key, SALT, "Alice");
	client_identify(alice, PACKET_PROTOCOL, false, "Alice", key);
	link_a = backend_accept(&alpha);
	link_welcome(link_a, "Alpha");
	client_arrive(alice, "Alpha");
	ask(":kura version", "You may not use \"version\"");
	steward_edits(ALPHA NO_CHECK ",'salt':'" SALT "','ranks':{'admin':{'names':['Alice'],"
				     "'commands':['ver*']}}",
		      alpha.port);
	steward_types("reload");
	EXPECT("ranks.admin: added");
	ask(":kura version", "Kurafuto");
	ask(":kura stats", "You may not use \"stats\"");
	end();
}
END_TEST

/* Secrets don't get into the log; without grace a new salt counts from now on. */
START_TEST(the_salt_changes)
{
	struct peer *bob;
	char key[AUTH_KEY_LEN + 1];

	steward_edits(ALPHA NO_CHECK ",'salt':'" SALT "','salt-grace-s':0", alpha.port);
	begin();
	steward_edits(ALPHA NO_CHECK
		      ",'salt':'another-salt','salt-grace-s':0,'verify-lan':true",
		      alpha.port);
	steward_types("reload");
	EXPECT("verify-lan: true, was false", "salt: changed");
	ck_assert(!proxy_logged(proxy, SALT) && !proxy_logged(proxy, "another-salt"));
	for (int i = 0; i < 2; i++) {
		bob = client_connect(proxy);
		auth_key(key, i == 0 ? SALT : "another-salt", "Bob");
		client_identify(bob, PACKET_PROTOCOL, false, "Bob", key);
		if (i == 0)
			peer_expect_disconnect(bob, "wasn't verified");
		else
			link_b = backend_accept(&alpha);
		peer_close(bob);
	}
	exchange(alice, link_a);
	end();
}
END_TEST

START_TEST(the_log_level_changes)
{
	steward_edits(ALPHA NO_CHECK, alpha.port);
	begin();
	ck_assert(!proxy_logged(proxy, "debug"));
	steward_edits(ALPHA NO_CHECK ",'log':{'level':'debug'}", alpha.port);
	steward_types("reload");
	EXPECT("log.level: \"debug\", was \"info\"");
	ask(":kura lobby", "Jumping");
	proxy_wait_log(proxy, "debug #1 Alice:");
	steward_edits(ALPHA NO_CHECK, alpha.port);
	steward_reloads();
	proxy_wait_log(proxy, "reload: log.level: \"info\", was \"debug\"");
	end();
}
END_TEST

/* What an admin has said of the log counts until the next reload, which is logged itself. */
START_TEST(the_level_of_the_terminal_ends_with_a_reload)
{
	steward_edits(ALPHA NO_CHECK, alpha.port);
	begin();
	steward_asks("log error", "The log level is error");
	steward_edits(ALPHA NO_CHECK ",'motd':'Another'", alpha.port);
	steward_reloads();
	proxy_wait_log(proxy, "reload: motd:");
	steward_asks("log debug", "The log level is debug");
	steward_reloads();
	proxy_wait_log(proxy, "reload: nothing has changed");
	ask(":kura lobby", "Jumping");
	client_arrive(alice, "Kurafuto");
	ck_assert(!proxy_logged(proxy, "debug #1 Alice:"));
	end();
}
END_TEST

START_TEST(what_counts_at_the_next_start_only_is_said)
{
	steward_edits(ALPHA NO_CHECK, alpha.port);
	begin();
	steward_edits(ALPHA NO_CHECK ",'log':{'timestamps':false},'state-dir':'/'", alpha.port);
	steward_types("reload");
	steward_reads("Reloaded, changes: 2, warnings: 2\n");
	steward_reads("warning: log.color and log.timestamps count from the next start on");
	steward_reads("state-dir counts from the next start on");
	proxy_wait_log(proxy, "reload: state-dir counts from the next start on");
	exchange(alice, link_a);
	end();
}
END_TEST

/* The trace of Alice: the one file in the scratch directory. */
static const char *read_trace(void)
{
	DIR *dir = opendir(scratch);
	struct dirent *entry;
	const char *text = "";

	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir)) != NULL)
		if (strncmp(entry->d_name, "trace-Alice-", 12) == 0)
			text = scratch_read(entry->d_name);
	closedir(dir);
	return text;
}

/* So a trace goes where the others are. One that is open masks a new token at once, although
 * the link has not heard of it yet, and also the old one. */
START_TEST(traces_and_a_new_token)
{
	uint8_t packet[PACKET_SIZE_MAX];
	size_t size;

	steward_edits(ALPHA NO_CHECK ",'redirect-token':'Sesame-42','state-dir':'%s'",
		      alpha.port, scratch);
	begin();
	steward_edits(ALPHA NO_CHECK ",'redirect-token':'Sesame-42','state-dir':'/none'",
		      alpha.port);
	steward_reloads();
	steward_asks("trace Alice on", "Tracing Alice to ");
	steward_reads(scratch);
	exchange(alice, link_a); /* the link knows that configuration, and waits */
	steward_edits(ALPHA NO_CHECK ",'redirect-token':'Mellon-77'", alpha.port);
	steward_reloads();
	size = packet_write_message(packet, 0, "No Mellon-77 or Sesame-42");
	peer_send(link_a, packet, size);
	peer_wait_text(alice, "No Mellon-77 or Sesame-42");
	exchange(alice, link_a);
	ck_assert_ptr_nonnull(strstr(read_trace(), "Text=\"No *** or ***\""));
	ck_assert_ptr_null(strstr(read_trace(), "Mellon"));
	end();
}
END_TEST

/* ---- how it is asked for ---- */

START_TEST(a_signal_reloads)
{
	steward_edits(ALPHA NO_CHECK, alpha.port);
	begin();
	proxy_signal(proxy, SIGHUP);
	proxy_wait_log(proxy, "reload: nothing has changed");
	steward_edits(TWO_SERVERS NO_CHECK, alpha.port, beta.port);
	proxy_signal(proxy, SIGHUP);
	proxy_wait_log(proxy, "reload: servers.beta: added");
	exchange(alice, link_a);
	end();
}
END_TEST

/* The file is looked at each second, and read when it has changed; once, also if it is faulty.
 */
START_TEST(a_change_of_the_file_reloads)
{
	steward_edits(ALPHA NO_CHECK ",'watch':true", alpha.port);
	begin();
	steward_edits(TWO_SERVERS NO_CHECK ",'watch':true", alpha.port, beta.port);
	proxy_wait_log(proxy, "reload: servers.beta: added");
	steward_writes("{'watch':true,'servers':7}");
	proxy_wait_log(proxy, "reload: nothing was changed");
	ck_assert(!peer_closes_within(alice, 2500)); /* two more looks */
	steward_edits(TWO_SERVERS NO_CHECK, alpha.port, beta.port);
	proxy_wait_log(proxy, "reload: watch: false, was true");
	ck_assert_uint_eq(proxy_count_log(proxy, "reload: nothing was changed"), 1);
	ck_assert_uint_eq(proxy_count_log(proxy, "info  reload: "), 2);
	exchange(alice, link_a);
	end();
}
END_TEST

/* ---- listeners ---- */

#define TWO_DOORS                                                                    \
	TWO_SERVERS NO_CHECK LIMBO ",'listeners':[{'address':'127.0.0.1','port':%u," \
				   "'hubs':['beta']}]"

static bool is_refused(uint16_t port)
{
	struct net_addr address;
	int fd;
	bool is_open;

	ck_assert(net_addr_parse(&address, "127.0.0.1", port));
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	is_open = connect(fd, (struct sockaddr *)&address.storage, address.len) == 0;
	close(fd);
	return !is_open;
}

static void await_refusal(uint16_t port)
{
	int64_t deadline = harness_now() + harness_ms(5000);

	while (!is_refused(port)) {
		ck_assert_msg(harness_now() < deadline, "port %u is still open", port);
		poll(NULL, 0, 5); /* nothing says when it closes */
	}
}

/* Bob comes in by the second listener, and arrives. */
static struct peer *bob_at(struct backend *backend, const char *server, struct peer **link)
{
	struct peer *bob = client_connect_at(place.port);

	client_identify(bob, PACKET_PROTOCOL, false, "Bob", NULL);
	*link = backend_accept(backend);
	link_welcome(*link, server);
	client_arrive(bob, server);
	exchange(bob, *link);
	return bob;
}

START_TEST(a_listener_opens_and_closes)
{
	struct peer *bob, *link_bob;
	char line[64];

	steward_edits(TWO_SERVERS NO_CHECK LIMBO, alpha.port, beta.port);
	begin();
	ck_assert(is_refused(place.port));
	steward_edits(TWO_DOORS, alpha.port, beta.port, place.port);
	steward_types("reload");
	snprintf(line, sizeof(line), "listeners.127.0.0.1 port %u: added", place.port);
	EXPECT(line);
	snprintf(line, sizeof(line), "info  listening on 127.0.0.1:%u\n", place.port);
	proxy_wait_log(proxy, line);
	bob = bob_at(&beta, "Beta", &link_bob);
	steward_edits(TWO_SERVERS NO_CHECK LIMBO, alpha.port, beta.port);
	steward_reloads();
	snprintf(line, sizeof(line), "info  no longer listening on 127.0.0.1:%u\n", place.port);
	proxy_wait_log(proxy, line);
	await_refusal(place.port);
	exchange(bob, link_bob);
	exchange(alice, link_a);
	peer_chat(bob, ":kura hub"); /* the hubs of all */
	peer_wait_text(bob, "Jumping to alpha");
	steward_edits(TWO_DOORS, alpha.port, beta.port, place.port); /* and open again */
	steward_reloads();
	ck_assert(!is_refused(place.port));
	peer_close(bob);
	peer_close(link_bob);
	end();
}
END_TEST

START_TEST(the_first_address_changes)
{
	struct peer *bob, *link_bob;
	char address[64];
	uint16_t before;

	steward_edits(TWO_SERVERS NO_CHECK, alpha.port, beta.port);
	begin();
	before = proxy_port(proxy);
	steward_edits(TWO_SERVERS NO_CHECK, alpha.port, beta.port);
	steward_reloads(); /* the same address keeps its socket, although the port is any */
	ck_assert(!is_refused(before));
	snprintf(address, sizeof(address), "'address':'127.0.0.1','port':%u", place.port);
	steward_edits_at(address, TWO_SERVERS NO_CHECK, alpha.port, beta.port);
	steward_reloads();
	bob = bob_at(&alpha, "Alpha", &link_bob);
	await_refusal(before);
	exchange(alice, link_a);
	peer_close(bob);
	peer_close(link_bob);
	end();
}
END_TEST

/* All addresses in the place of one, and back, with the same port: there is always a way in. */
START_TEST(an_address_overlaps_with_the_old_one)
{
	static const char *const addresses[] = {"0.0.0.0", "127.0.0.1"};
	struct peer *bob, *link_bob;
	char address[64], line[64];

	snprintf(address, sizeof(address), "'address':'127.0.0.1','port':%u", place.port);
	steward_edits_at(address, TWO_SERVERS NO_CHECK, alpha.port, beta.port);
	begin();
	for (size_t i = 0; i < 2; i++) {
		snprintf(address, sizeof(address), "'address':'%s','port':%u", addresses[i],
			 place.port);
		steward_edits_at(address, TWO_SERVERS NO_CHECK, alpha.port, beta.port);
		steward_reloads();
		ck_assert(!is_refused(place.port));
		snprintf(line, sizeof(line), "info  no longer listening on %s:%u\n",
			 addresses[1 - i], place.port);
		proxy_wait_log(proxy, line);
		bob = bob_at(&alpha, "Alpha", &link_bob);
		peer_close(bob);
		peer_expect_close(link_bob);
		peer_close(link_bob);
		exchange(alice, link_a);
	}
	end();
}
END_TEST

/* Somebody else listens at the second of two new addresses: no other change counts either, and
 * the first is not left open. */
START_TEST(an_address_that_is_taken_changes_nothing)
{
	char wanted[64];
	unsigned fds;

	steward_edits(TWO_SERVERS NO_CHECK, alpha.port, beta.port);
	begin();
	fds = proxy_fds(proxy);
	steward_edits("'servers':[" SERVER("beta") "]" NO_CHECK
						   ",'command-prefix':'!k','listeners':["
						   "{'address':'127.0.0.1','port':%u},"
						   "{'address':'127.0.0.1','port':%u}]",
		      beta.port, place.port, moved.port);
	steward_types("reload");
	steward_reads("Nothing has changed");
	snprintf(wanted, sizeof(wanted), "cannot listen on 127.0.0.1:%u", moved.port);
	steward_reads(wanted);
	proxy_wait_log(proxy, wanted);
	proxy_wait_log(proxy, "reload: nothing was changed");
	ck_assert(is_refused(place.port));
	ask(":kura list", "alpha up");
	ck_assert_uint_eq(proxy_count_log(proxy, "listening on"), 1);
	ck_assert_uint_eq(proxy_fds(proxy), fds);
	backend_refuse(&moved);
	steward_reloads();
	ck_assert(!is_refused(place.port));
	exchange(alice, link_a);
	end();
}
END_TEST

/* ---- faults ---- */

START_TEST(a_faulty_file_changes_nothing)
{
	static const char *const faults[] = {
		"port: 70000 is not a port",
		"servers[0].name: ",
		"hubz: unknown key",
		"max-players: 0 is not",
	};

	steward_edits(TWO_SERVERS NO_CHECK, alpha.port, beta.port);
	begin();
	steward_writes("{'port':70000,'servers':[{'name':'1st','address':'127.0.0.1'}],"
		       "'hubz':[],'max-players':0,'command-prefix':'!k'}");
	steward_types("reload");
	steward_reads("Nothing has changed");
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		steward_reads(faults[i]);
		proxy_wait_log(proxy, faults[i]);
	}
	proxy_wait_log(proxy, "reload: nothing was changed");
	ck_assert_uint_eq(proxy_count_log(proxy, "error "),
			  sizeof(faults) / sizeof(faults[0]) + 1);
	ck_assert(!harness_says(steward.text, "Reloaded"));
	ask(":kura list", "beta up");
	exchange(alice, link_a);
	steward_edits(ALPHA NO_CHECK, alpha.port); /* and on it goes */
	steward_types("reload");
	EXPECT("servers.beta: removed");
	end();
}
END_TEST

START_TEST(a_file_that_can_not_be_read_changes_nothing)
{
	steward_edits(TWO_SERVERS NO_CHECK, alpha.port, beta.port);
	begin();
	steward_writes("{\n\t'port': 0,\n\toops\n}\n");
	proxy_signal(proxy, SIGHUP);
	proxy_wait_log(proxy, "steward.json:3:2");
	proxy_wait_count_log(proxy, "reload: nothing was changed", 1);
	ck_assert_int_eq(unlink(steward.path), 0);
	proxy_signal(proxy, SIGHUP);
	proxy_wait_log(proxy, "steward.json can't be read: No such file");
	proxy_wait_count_log(proxy, "reload: nothing was changed", 2);
	ck_assert_int_eq(mkfifo(steward.path, 0600), 0); /* nobody waits for a writer */
	steward_asks("reload", "steward.json can't be read: it is no regular file");
	proxy_wait_count_log(proxy, "reload: nothing was changed", 3);
	ck_assert_int_eq(unlink(steward.path), 0);
	ck_assert_int_eq(mkdir(steward.path, 0700), 0);
	steward_asks("reload", "steward.json can't be read: Is a directory");
	ck_assert_int_eq(rmdir(steward.path), 0);
	ask(":kura list", "beta up");
	exchange(alice, link_a);
	end();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("reload");
	TCase *tcase = harness_case(suite, "reload");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_server_is_added);
	tcase_add_loop_test(tcase, a_server_is_removed_but_not_its_players, 0, 2);
	tcase_add_test(tcase, a_server_is_spelled_anew);
	tcase_add_test(tcase, nobody_falls_back_to_a_server_that_was_removed);
	tcase_add_test(tcase, a_server_moves_to_another_address);
	tcase_add_test(tcase, a_server_moves_during_a_login);
	tcase_add_test(tcase, a_server_is_linked_again);
	tcase_add_test(tcase, hubs_and_groups_change);
	tcase_add_test(tcase, limits_change);
	tcase_add_test(tcase, the_lobby_goes_and_comes);
	tcase_add_test(tcase, messages_change);
	tcase_add_test(tcase, ranks_change);
	tcase_add_test(tcase, the_salt_changes);
	tcase_add_test(tcase, the_log_level_changes);
	tcase_add_test(tcase, the_level_of_the_terminal_ends_with_a_reload);
	tcase_add_test(tcase, what_counts_at_the_next_start_only_is_said);
	tcase_add_test(tcase, traces_and_a_new_token);
	tcase_add_test(tcase, a_signal_reloads);
	tcase_add_test(tcase, a_change_of_the_file_reloads);
	tcase_add_test(tcase, a_listener_opens_and_closes);
	tcase_add_test(tcase, the_first_address_changes);
	tcase_add_test(tcase, an_address_overlaps_with_the_old_one);
	tcase_add_test(tcase, an_address_that_is_taken_changes_nothing);
	tcase_add_test(tcase, a_faulty_file_changes_nothing);
	tcase_add_test(tcase, a_file_that_can_not_be_read_changes_nothing);
	return harness_run(suite);
}
