/* SPDX-License-Identifier: MIT */
/*
 * Reloads while a crowd plays: nobody is dropped, nothing is left behind; and how an admin
 * takes a server off, moves it and puts it back, with nobody disconnected.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "harness_town.h"
#include "steward.h"

#define PLAYERS  200
#define RELOADS  50
#define WARM     10 /* reloads before memory is looked at */
#define NO_CHECK ",'health':{'interval-ms':3600000}"

/* What the allocator may keep beyond a tenth. Sanitizers hold freed memory back, and remember
 * much of every thread. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define KEPT_KIB 524288
#else
#define KEPT_KIB 4096
#endif

static struct town town;
static struct backend place; /* a port for the proxy alone */

static void setup(void)
{
	town_open(&town, 3);
	backend_open(&place);
	backend_refuse(&place);
}

static void teardown(void)
{
	town_close(&town);
	backend_close(&place);
}

static void finish(void)
{
	town_close(&town);
	steward_stops();
}

/* Turns until the log has a text. */
static void until_logged(const char *text)
{
	int64_t deadline = harness_now() + harness_ms(10000);

	while (!proxy_logged(town.proxy, text)) {
		ck_assert_msg(harness_now() < deadline, "the log never said \"%s\"", text);
		town_turn(&town);
	}
}

/* ---- under load ---- */

#define S(name) "{'name':'" name "','address':'127.0.0.1','port':%u}"
#define AB      "'servers':[" S("a") "," S("b") "]"

/* What changes from one reload to the next, besides the number in `motd`; the last two
 * configurations that follow each other differ in several keys. */
static const char *const variants[] = {
	"'hubs':['a','b']",
	"'hubs':['both'],'groups':{'both':{'servers':['a','b']}}",
	"'hubs':['both'],'groups':{'both':{'servers':['b','a'],'balance':'hash'}}",
	"'max-players':500,'messages':{'full':'No room','queue-none':'None'}",
	"'ranks':{'admin':{'names':['P0'],'commands':['*']}},'command-prefix':'!k'",
	"'log':{'level':'warn'},'lobby':false",
	"'log':{'level':'info'},'ignore-packets':'0x08'",
	"'drop-packets':'0x1f','redirect':'kick','edge-commands':false",
	"'health':{'interval-ms':50},'pool':{'size':2}",
	"'client-timeout-ms':90000,'server-timeout-ms':90000,'verify-lan':false",
};
#define VARIANTS (sizeof(variants) / sizeof(variants[0]))

/* Configuration number i: every third has another server, every second another listener. */
static void edit(unsigned i)
{
	char listener[128] = "", server[128] = "";

	if (i % 2 == 1)
		snprintf(listener, sizeof(listener),
			 ",'listeners':[{'address':'127.0.0.1','port':%u}]", place.port);
	if (i % 3 == 1)
		snprintf(server, sizeof(server),
			 ",{'name':'c','address':'127.0.0.1','port':%u,'weight':%u}",
			 town.backends[2].port, i % 5);
	steward_edits("'motd':'number %u','servers':[" S("a") "," S("b") "%s]%s,%s", i,
		      town.backends[0].port, town.backends[1].port, server, listener,
		      variants[i % VARIANTS]);
}

static void reload(unsigned i)
{
	char change[64];

	edit(i);
	proxy_signal(town.proxy, SIGHUP);
	snprintf(change, sizeof(change), "reload: motd: \"number %u\"", i);
	until_logged(change);
}

START_TEST(nobody_notices_fifty_reloads)
{
	unsigned threads, fds, rss = 0;

	edit(0);
	town.proxy = steward_starts();
	town_join(&town, PLAYERS);
	town_settle(&town);
	town_hear(&town, 1);
	threads = proxy_threads(town.proxy);
	fds = proxy_fds(town.proxy);
	town.chats = true;
	for (unsigned i = 1; i <= RELOADS; i++) {
		reload(i);
		if (i == WARM)
			rss = proxy_rss_kib(town.proxy);
	}
	town_hear(&town, 2); /* everybody is still there, and talks */
	ck_assert_uint_le(proxy_rss_kib(town.proxy), rss + rss / 10 + KEPT_KIB);
	ck_assert_uint_eq(town_count(&town, 0), PLAYERS);
	ck_assert(!proxy_logged(town.proxy, "error "));
	ck_assert(!proxy_logged(town.proxy, ": leaves"));
	proxy_wait_counts(town.proxy, threads, fds);
	finish();
}
END_TEST

/* ---- one server after the other ---- */

/* What an admin does to move a server to another machine. */
START_TEST(drain_edit_reload_ready)
{
	steward_edits(AB ",'groups':{'both':{'servers':['a','b']}},'hubs':['both']" NO_CHECK,
		      town.backends[0].port, town.backends[1].port);
	town.proxy = steward_starts();
	town.chats = true;
	town_join(&town, 20);
	town_settle(&town);
	town_until_count(&town, 1, 10);
	steward_asks("drain b", "b takes no new players, 10 players still on it.");
	town_join(&town, 5);
	town_until_count(&town, 0, 15);
	steward_edits(AB ",'groups':{'both':{'servers':['a','b']}},'hubs':['both']" NO_CHECK,
		      town.backends[0].port, town.backends[2].port);
	steward_asks("reload", "servers.b.port: ");
	town_hear(&town, 1);
	town_until_count(&town, 1, 10);
	steward_asks("servers", "draining"); /* which outlasts a reload */
	town_join(&town, 5);
	town_until_count(&town, 0, 20);
	steward_asks("ready b", "b takes players again");
	town_join(&town, 10); /* b has 10 players, wherever they are */
	town_until_count(&town, 2, 10);
	town_until_count(&town, 0, 20);
	town_kill(&town, 1); /* the old machine: its players come to the new one */
	town_until_count(&town, 1, 0);
	town_settle(&town);
	ck_assert_uint_ge(town_count(&town, 2), 15);
	town_hear(&town, 1);
	ck_assert(!proxy_logged(town.proxy, ": leaves"));
	finish();
}
END_TEST

/* Its players are moved elsewhere first. */
START_TEST(move_off_reload_ready)
{
	steward_edits(AB ",'hubs':['b','a']" NO_CHECK, town.backends[0].port,
		      town.backends[1].port);
	town.proxy = steward_starts();
	town.chats = true;
	town_join(&town, 8);
	town_settle(&town);
	town_until_count(&town, 1, 8);
	steward_asks("move-off b", "Moving 8 players off b");
	town_until_count(&town, 0, 8);
	until_logged("server b is empty");
	steward_edits("'servers':[" S("a") "],'hubs':['a']" NO_CHECK, town.backends[0].port);
	steward_asks("reload", "servers.b: removed");
	town_kill(&town, 1);
	town_hear(&town, 1);
	steward_edits(AB ",'hubs':['b','a']" NO_CHECK, town.backends[0].port,
		      town.backends[2].port);
	steward_asks("reload", "servers.b: added");
	steward_asks("ready b", "b takes players again");
	town_join(&town, 2);
	town_until_count(&town, 2, 2);
	town_hear(&town, 1);
	ck_assert(!proxy_logged(town.proxy, ": leaves"));
	finish();
}
END_TEST

/* ---- who is on the way while a name changes ---- */

#define SENT 60 /* of which a tick takes 20 */

/* An admin sends them all to `where`, and the configuration is another one right after: what is
 * said of those who have not been sent is logged, and nobody gets to the third server. */
static void send_and_reload(const char *where, const char *logged)
{
	int64_t deadline;
	char lines[64];

	snprintf(lines, sizeof(lines), "send all %s\nreload", where);
	steward_asks(lines, "Reloaded");
	until_logged(logged);
	deadline = harness_now() + harness_ms(10000);
	while (proxy_count_log(town.proxy, logged) + town_count(&town, 1) < SENT) {
		ck_assert_int_lt(harness_now(), deadline);
		town_turn(&town);
	}
	ck_assert_uint_eq(town_count(&town, 2), 0);
	town.chats = true;
	town_hear(&town, 1);
}

static void gather(void)
{
	town.proxy = steward_starts();
	town_join(&town, SENT);
	town_settle(&town);
}

/* What the admin has named is gone, and the name could mean another server. */
START_TEST(who_is_sent_does_not_go_to_a_server_of_a_like_name)
{
	steward_edits(AB NO_CHECK, town.backends[0].port, town.backends[1].port);
	gather();
	steward_edits("'servers':[" S("a") "," S("bb") "]" NO_CHECK, town.backends[0].port,
		      town.backends[2].port);
	send_and_reload("b", "can't be sent to b: it is not linked any more");
	finish();
}
END_TEST

START_TEST(who_is_sent_to_a_group_does_not_go_to_what_has_its_name_now)
{
	steward_edits(AB ",'groups':{'both':{'servers':['b']}}" NO_CHECK, town.backends[0].port,
		      town.backends[1].port);
	gather();
	steward_edits("'servers':[" S("a") ",{'name':'c','aliases':['both'],"
					   "'address':'127.0.0.1','port':%u}]" NO_CHECK,
		      town.backends[0].port, town.backends[2].port);
	send_and_reload("both",
			"can't be sent to the group both: there is no such group any more");
	finish();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("reload: crowds");
	TCase *tcase = harness_case(suite, "crowds");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, nobody_notices_fifty_reloads);
	tcase_add_test(tcase, drain_edit_reload_ready);
	tcase_add_test(tcase, move_off_reload_ready);
	tcase_add_test(tcase, who_is_sent_does_not_go_to_a_server_of_a_like_name);
	tcase_add_test(tcase, who_is_sent_to_a_group_does_not_go_to_what_has_its_name_now);
	return harness_run(suite);
}
