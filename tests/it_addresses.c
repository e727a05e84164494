/* SPDX-License-Identifier: MIT */
/*
 * What the log shows of a player's address, by `log-addresses`: a player behind a proxy joins,
 * is banned and refused, and the log is searched for all that names them. Admins see addresses
 * as they are.
 */
#include <stdio.h>
#include <string.h>

#include "stage.h"
#include "steward.h"

#define EDGE                                                                           \
	ONE_SERVER CALM ",'verify-names':false,'accept-proxy':true,'trusted-proxies':" \
			"'127.0.0.0/8','log':{'level':'debug'},'log-addresses':'%s'"
#define PLAYER "203.0.113.7"
#define HEADER "PROXY TCP4 " PLAYER " 198.51.100.2 4321 25565\r\n"

/* clang-format off */
static const struct {
	const char *word, *with_port, *shown;
} ways[] = {
	{"full",   PLAYER ":4321",     PLAYER},
	{"masked", "203.0.113.x",      "203.0.113.x"},
	{"none",   "(address hidden)", "(address hidden)"},
};
/* clang-format on */
enum { FULL, WAYS = 3 };

static void come(void)
{
	alice = client_connect(proxy);
	peer_send(alice, HEADER, strlen(HEADER));
}

/* The player joins, and is banned; another login is refused, and one is not gone through with.
 */
static void be_everywhere(void)
{
	come();
	client_identify(alice, PACKET_PROTOCOL, false, "Alice", NULL);
	link_a = backend_accept(&alpha);
	link_welcome(link_a, "Alpha");
	client_arrive(alice, "Alpha");
	steward_asks("players", PLAYER ":4321");
	steward_asks("find Alice", PLAYER ":4321");
	steward_asks("ban " PLAYER " 10m", PLAYER " is banned");
	peer_expect_disconnect(alice, "banned");
	lose(&link_a);
	peer_close(alice);
	come();
	client_identify(alice, PACKET_PROTOCOL, false, "Alice", NULL);
	peer_expect_disconnect(alice, "banned");
	peer_close(alice);
	steward_asks("bans", PLAYER);
	steward_asks("unban " PLAYER, "no longer banned"); /* they are kept for all tests */
	come();
	lose(&alice);
	proxy_wait_log(proxy, "went away during its login");
}

static void expect_log(const char *before, const char *address, const char *after)
{
	char line[256];

	snprintf(line, sizeof(line), "%s%s%s", before, address, after);
	proxy_wait_log(proxy, line);
}

START_TEST(the_log_shows_what_it_may)
{
	const char *with_port = ways[_i].with_port, *shown = ways[_i].shown;
	bool is_full = _i == FULL;

	steward_edits(EDGE, alpha.port, ways[_i].word);
	proxy = steward_starts();
	be_everywhere();
	expect_log("passes on ", with_port, ", who has connected to 198.51.100.2:25565");
	expect_log("joins alpha from ", with_port, " with");
	expect_log("login as Alice from ", with_port, " refused: ");
	expect_log("", with_port, " went away during its login");
	expect_log("gives the command ban ", shown, " 10m");
	expect_log("gives the command unban ", shown, "");
	ck_assert(proxy_logged(proxy, PLAYER) == is_full);
	ck_assert(proxy_logged(proxy, "the proxy at 127.0.0.1:")); /* which is nobody's */
	finish();
	steward_leaves();
}
END_TEST

/* A reload counts for what is logged from then on. */
START_TEST(it_can_be_reloaded)
{
	steward_edits(EDGE, alpha.port, "none");
	proxy = steward_starts();
	come();
	lose(&alice);
	proxy_wait_log(proxy, "(address hidden) went away during its login");
	steward_edits(EDGE, alpha.port, "masked");
	steward_reloads();
	proxy_wait_log(proxy, "log-addresses: \"masked\", was \"none\"");
	come();
	lose(&alice);
	proxy_wait_log(proxy, "203.0.113.x went away during its login");
	finish();
	steward_leaves();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("addresses");
	TCase *tcase = stage_case(suite, "log-addresses");

	tcase_add_loop_test(tcase, the_log_shows_what_it_may, 0, WAYS);
	tcase_add_test(tcase, it_can_be_reloaded);
	return harness_run(suite);
}
