/* SPDX-License-Identifier: MIT */
/*
 * Bans and the allow list: who is meant by what, for how long, and that it is still so after a
 * restart. What can happen to their files is in test_bans_files.c.
 */
#include "bans.h"

#include <check.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "banned.h"
#include "suite.h"

#define X10 "xxxxxxxxxx"

/* ---- who is meant ---- */

/* clang-format off */
static const struct {
	const char *banned, *shown;
	const char *in[4], *out[6]; /* addresses */
} networks[] = {
	{"192.0.2.7", "192.0.2.7/32", {"192.0.2.7", "::ffff:192.0.2.7"},
	 {"192.0.2.6", "192.0.2.8", "193.0.2.7", "::192.0.2.7", "::1"}},
	{"10.0.0.0/8", "10.0.0.0/8", {"10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3"},
	 {"11.0.0.0", "9.255.255.255", "a00::", "::a00:1"}},
	{"10.1.2.3/8", "10.0.0.0/8", {"10.9.9.9"}, {"11.1.2.3"}},
	{"192.0.2.129/25", "192.0.2.128/25", {"192.0.2.128", "192.0.2.255"}, {"192.0.2.127", "192.0.3.128"}},
	{"203.0.113.6/31", "203.0.113.6/31", {"203.0.113.6", "203.0.113.7"}, {"203.0.113.5", "203.0.113.8"}},
	{"0.0.0.0/0", "0.0.0.0/0", {"1.2.3.4", "255.255.255.255", "::ffff:1.2.3.4"}, {"::1", "2001:db8::"}},
	{"::1", "::1/128", {"::1"}, {"::", "::2", "127.0.0.1", "0.0.0.1"}},
	{"2001:DB8::/32", "2001:db8::/32", {"2001:db8::", "2001:db8:ffff::1"}, {"2001:db9::", "2001:db7:ffff::"}},
	{"2001:db8::1/61", "2001:db8::/61", {"2001:db8::1", "2001:db8:0:7:ffff::"}, {"2001:db8:0:8::"}},
	{"::/0", "::/0", {"::1", "ffff::"}, {"1.2.3.4", "::ffff:1.2.3.4"}},
	{"::ffff:192.0.2.7", "192.0.2.7/32", {"192.0.2.7", "::ffff:192.0.2.7"}, {"192.0.2.8"}},
	{"::ffff:192.0.2.0/120", "192.0.2.0/24", {"192.0.2.255"}, {"192.0.3.0"}},
	{"::ffff:0:0/96", "0.0.0.0/0", {"1.2.3.4"}, {"::1"}},
};
/* clang-format on */

START_TEST(a_network_is_all_of_it_and_no_more)
{
	struct bans_entry entry;
	struct net_addr peer;

	expect_banned(networks[_i].banned);
	ck_assert(ban_at(0, now_s, &entry));
	ck_assert_str_eq(entry.what, networks[_i].shown);
	for (unsigned pass = 0; pass < 2; pass++, reload()) {
		for (size_t i = 0; i < 4 && networks[_i].in[i] != NULL; i++) {
			peer = address(networks[_i].in[i]);
			ck_assert_msg(bans_find(bans, "Bob", &peer, now_s, &entry), "%s in %s",
				      networks[_i].in[i], networks[_i].banned);
			ck_assert_str_eq(entry.what, networks[_i].shown);
		}
		for (size_t i = 0; i < 6 && networks[_i].out[i] != NULL; i++)
			ck_assert_msg(!is_address_banned(networks[_i].out[i]), "%s in %s",
				      networks[_i].out[i], networks[_i].banned);
	}
	ck_assert_int_eq(bans_remove(bans, networks[_i].shown, why, sizeof(why)), BANS_DONE);
	ck_assert(!is_address_banned(networks[_i].in[0]));
}
END_TEST

START_TEST(a_name_is_a_name_in_any_case)
{
	struct net_addr peer = address("127.0.0.1");
	struct bans_entry entry;

	expect_banned("Alice");
	for (unsigned pass = 0; pass < 2; pass++, reload()) {
		ck_assert(is_name_banned("Alice"));
		ck_assert(is_name_banned("aLICE"));
		ck_assert(bans_find(bans, "ALICE", &peer, now_s, &entry));
		ck_assert_str_eq(entry.what, "Alice");
		ck_assert(!is_name_banned("Alic"));
		ck_assert(!is_name_banned("Alice2"));
		ck_assert(!is_name_banned(""));
		ck_assert(!bans_find(bans, NULL, &peer, now_s, NULL));
	}
	ck_assert_int_eq(bans_remove(bans, "alice", why, sizeof(why)), BANS_DONE);
	ck_assert_str_eq(why, "");
	ck_assert(!is_name_banned("Alice"));
}
END_TEST

/* A name that looks like an address is one. */
START_TEST(an_address_is_no_name)
{
	expect_banned("192.0.2.7");
	ck_assert(!is_name_banned("192.0.2.7"));
	ck_assert(is_address_banned("192.0.2.7"));
	expect_banned("192.0.2"); /* too short for one */
	ck_assert(is_name_banned("192.0.2"));
}
END_TEST

START_TEST(other_sockets_have_no_address)
{
	struct net_addr peer = {.len = sizeof(sa_family_t)};

	expect_banned("0.0.0.0/0");
	expect_banned("::/0");
	ck_assert(!bans_find(bans, "Bob", &peer, now_s, NULL));
	peer.storage.ss_family = AF_UNIX;
	ck_assert(!bans_find(bans, "Bob", &peer, now_s, NULL));
}
END_TEST

/* clang-format off */
static const struct {
	const char *what, *told;
} bad[] = {
	{"", "neither a name"},
	{"two words", "\"two words\" is neither a name"},
	{"twenty_one_characters", "1 to 20"},
	{"caf\xc3\xa9", "neither a name"},
	{" 10.0.0.1", "neither a name"},
	{"10.0.0.0/33", "0-32"},
	{"10.0.0.0/", "0-32"},
	{"10.0.0.0/-1", "0-32"},
	{"10.0.0.0/+8", "0-32"},
	{"10.0.0.0/8x", "0-32"},
	{"10.0.0.0/99999999999999999999", "0-32"},
	{"10.0.0.0/8/8", "0-32"},
	{"::/129", "0-128"},
	{"2001:db8::/", "0-128"},
	{"10.0.0/8", "neither"},
	{"10.0.0.256/8", "neither"},
	{"fe80::1%eth0", "neither"},
	{"Alice/8", "neither"},
	{"/8", "neither"},
	{"10.0.0.0/8" X10 X10 X10 X10 X10 X10 X10, "neither"},
};
/* clang-format on */

START_TEST(what_is_neither_changes_nothing)
{
	ck_assert_int_eq(ban(bad[_i].what, FOR_EVER, ""), BANS_BAD);
	ck_assert_msg(strstr(why, bad[_i].told) != NULL, "%s: %s", bad[_i].what, why);
	ck_assert_int_eq(bans_remove(bans, bad[_i].what, why, sizeof(why)), BANS_BAD);
	ck_assert_msg(strstr(why, bad[_i].told) != NULL, "%s: %s", bad[_i].what, why);
	ck_assert(!ban_at(0, now_s, &(struct bans_entry){0}));
	ck_assert_uint_eq(scratch_count(), 0);
}
END_TEST

START_TEST(a_small_why_is_cut)
{
	char small[8];

	ck_assert_int_eq(
		bans_add(bans, "two words", FOR_EVER, "", "console", small, sizeof(small)),
		BANS_BAD);
	ck_assert_uint_eq(strlen(small), sizeof(small) - 1);
}
END_TEST

/* ---- the list ---- */

START_TEST(bans_are_listed_in_order)
{
	expect_list((const char *const[]){NULL});
	expect_banned("Carol");
	expect_banned("10.0.0.0/8");
	expect_banned("Alice");
	EXPECT_LIST("Carol", "10.0.0.0/8", "Alice");
	reload();
	EXPECT_LIST("Carol", "10.0.0.0/8", "Alice");
	ck_assert_int_eq(bans_remove(bans, "10.1.1.1/8", why, sizeof(why)), BANS_DONE);
	EXPECT_LIST("Carol", "Alice");
	ck_assert_int_eq(bans_remove(bans, "10.0.0.0/8", why, sizeof(why)), BANS_UNCHANGED);
	ck_assert_str_eq(why, "");
	reload();
	EXPECT_LIST("Carol", "Alice");
}
END_TEST

/* Networks that contain each other are different bans. */
START_TEST(a_ban_is_lifted_alone)
{
	expect_banned("10.0.0.0/8");
	expect_banned("10.0.0.0/16");
	ck_assert_int_eq(bans_remove(bans, "10.0.0.1", why, sizeof(why)), BANS_UNCHANGED);
	ck_assert_int_eq(bans_remove(bans, "10.0.0.0/8", why, sizeof(why)), BANS_DONE);
	EXPECT_LIST("10.0.0.0/16");
	ck_assert(is_address_banned("10.0.255.255"));
	ck_assert(!is_address_banned("10.1.0.0"));
}
END_TEST

START_TEST(a_new_ban_replaces_the_old)
{
	struct bans_entry entry;

	ck_assert_int_eq(ban("Alice", FOR_EVER, "grief"), BANS_DONE);
	expect_banned("Bob");
	ck_assert_int_eq(ban("ALICE", now_s + HOUR, "spam"), BANS_DONE);
	EXPECT_LIST("Bob", "ALICE");
	for (unsigned pass = 0; pass < 2; pass++, reload()) {
		ck_assert(bans_find(bans, "alice", NULL, now_s, &entry));
		ck_assert_str_eq(entry.reason, "spam");
		ck_assert_str_eq(entry.by, "console");
		ck_assert_int_eq(entry.until_s, now_s + HOUR);
	}
}
END_TEST

START_TEST(a_ban_ends)
{
	int64_t until_s = now_s + HOUR;
	struct bans_entry entry;

	ck_assert_int_eq(ban("Alice", until_s, ""), BANS_DONE);
	expect_banned("Bob");
	for (unsigned pass = 0; pass < 2; pass++, reload()) {
		ck_assert(bans_find(bans, "Alice", NULL, until_s - 1, NULL));
		ck_assert(!bans_find(bans, "Alice", NULL, until_s, NULL));
		ck_assert(!bans_find(bans, "Alice", NULL, INT64_MAX, NULL));
		ck_assert(bans_find(bans, "Bob", NULL, INT64_MAX, NULL));
		ck_assert(ban_at(0, until_s - 1, &entry));
		ck_assert_str_eq(entry.what, "Alice");
		ck_assert(ban_at(0, until_s, &entry));
		ck_assert_str_eq(entry.what, "Bob");
		ck_assert(!ban_at(1, until_s, &entry));
	}
}
END_TEST

struct visits {
	unsigned n;
	char last[BANS_WHAT_MAX];
};

static void count_visit(void *context, const struct bans_entry *entry)
{
	struct visits *visits = context;

	visits->n++;
	snprintf(visits->last, sizeof(visits->last), "%s", entry->what);
}

/* One walk for the whole list, and not one for each ban. */
START_TEST(each_ban_is_visited_once)
{
	struct visits visits = {.n = 0};
	char name[8];

	for (unsigned i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "P%u", i);
		ck_assert_int_eq(ban(name, i % 2 ? FOR_EVER : now_s + HOUR, ""), BANS_DONE);
	}
	bans_each(bans, now_s, count_visit, &visits);
	ck_assert_uint_eq(visits.n, 100);
	ck_assert_str_eq(visits.last, "P99");
	visits.n = 0;
	bans_each(bans, now_s + HOUR, count_visit, &visits);
	ck_assert_uint_eq(visits.n, 50);
}
END_TEST

/* Who is banned for an hour and within a network that is banned for ever stays out. */
START_TEST(a_ban_that_is_over_hides_no_other)
{
	struct net_addr peer = address("10.1.2.3");
	struct bans_entry entry;

	ck_assert_int_eq(ban("10.1.2.3", now_s + HOUR, ""), BANS_DONE);
	expect_banned("10.0.0.0/8");
	ck_assert(bans_find(bans, NULL, &peer, now_s, &entry));
	ck_assert_str_eq(entry.what, "10.1.2.3/32");
	ck_assert(bans_find(bans, NULL, &peer, now_s + HOUR, &entry));
	ck_assert_str_eq(entry.what, "10.0.0.0/8");
}
END_TEST

START_TEST(a_ban_does_not_end_before_it_begins)
{
	static const int64_t ends[] = {-1, 1, 1000000000};

	for (size_t i = 0; i < COUNT(ends); i++) {
		ck_assert_int_eq(ban("Alice", ends[i], ""), BANS_BAD);
		ck_assert_msg(strstr(why, "past") != NULL, "%s", why);
	}
	ck_assert(!is_name_banned("Alice"));
}
END_TEST

START_TEST(bans_that_are_over_leave_the_file)
{
	scratch_write(BANS, "{\"bans\":[{\"what\":\"Old\",\"until\":1000000000},"
			    "{\"what\":\"Alice\",\"until\":0}]}");
	reload();
	ck_assert_str_eq(said, "");
	ck_assert(!is_name_banned("Old"));
	EXPECT_LIST("Alice");
	ck_assert_int_eq(ban("Soon", time(NULL) + 1, ""), BANS_DONE);
	ck_assert_ptr_nonnull(strstr(scratch_read(BANS), "Soon"));
	ck_assert_ptr_null(strstr(scratch_read(BANS), "Old"));
	while (bans_find(bans, "Soon", NULL, time(NULL), NULL))
		poll(NULL, 0, 20);
	ck_assert_ptr_nonnull(strstr(scratch_read(BANS), "Soon"));
	expect_banned("Bob");
	ck_assert_ptr_null(strstr(scratch_read(BANS), "Soon"));
	EXPECT_LIST("Alice", "Bob");
}
END_TEST

/* Whatever is in a reason, the file stays readable; too long, it is cut between characters. */
START_TEST(reasons_are_any_text)
{
	static const struct {
		const char *given, *kept;
	} reasons[] = {
		{"", ""},
		{"\"quoted\" \\ {}", "\"quoted\" \\ {}"},
		{"caf\xc3\xa9 \xe2\x98\xba", "caf\xc3\xa9 \xe2\x98\xba"},
		{"bad \xff\xc3 bytes\xe2\x98", "bad ?? bytes??"},
		{"line\nbreak\x1b[31m\x7f", "line?break?[31m?"},
	};
	char text[BANS_REASON_MAX * 2] = "", kept[BANS_REASON_MAX];
	struct bans_entry entry;

	for (size_t i = 0; i < COUNT(reasons); i++) {
		ck_assert_int_eq(ban("Alice", FOR_EVER, reasons[i].given), BANS_DONE);
		reload();
		ck_assert_str_eq(said, "");
		ck_assert(bans_find(bans, "Alice", NULL, now_s, &entry));
		ck_assert_str_eq(entry.reason, reasons[i].kept);
	}
	for (size_t n = 0; n < BANS_REASON_MAX; n += 2)
		memcpy(text + n, "\xc3\xa9", 3);
	snprintf(kept, sizeof(kept), "%.*s", BANS_REASON_MAX - 2, text);
	ck_assert_int_eq(bans_add(bans, "Alice", FOR_EVER, text, text, why, sizeof(why)),
			 BANS_DONE);
	reload();
	ck_assert_str_eq(said, "");
	ck_assert(bans_find(bans, "Alice", NULL, now_s, &entry));
	ck_assert_str_eq(entry.reason, kept);
	ck_assert_uint_eq(strlen(entry.by), BANS_WHAT_MAX - 2);
}
END_TEST

/* ---- the allow list ---- */

START_TEST(while_it_is_on_only_its_names_are_allowed)
{
	ck_assert(!bans_allow_is_on(bans));
	ck_assert(bans_is_allowed(bans, "Bob", NULL, time(NULL)));
	ck_assert_int_eq(bans_allow_add(bans, "Alice", 0, "", "", why, sizeof(why)), BANS_DONE);
	ck_assert_int_eq(bans_allow_add(bans, "Carol", 0, "", "", why, sizeof(why)), BANS_DONE);
	ck_assert(bans_is_allowed(bans, "Bob", NULL, time(NULL)));
	ck_assert_int_eq(bans_allow_switch(bans, true, why, sizeof(why)), BANS_DONE);
	ck_assert_str_eq(why, "");
	for (unsigned pass = 0; pass < 2; pass++, reload()) {
		ck_assert(bans_allow_is_on(bans));
		EXPECT_ALLOWED("Alice", "Carol");
		ck_assert(bans_is_allowed(bans, "aLICE", NULL, time(NULL)));
		ck_assert(!bans_is_allowed(bans, "Bob", NULL, time(NULL)));
		ck_assert(!bans_is_allowed(bans, "Alic", NULL, time(NULL)));
	}
	ck_assert_int_eq(bans_allow_remove(bans, "ALICE", why, sizeof(why)), BANS_DONE);
	ck_assert(!bans_is_allowed(bans, "Alice", NULL, time(NULL)));
	ck_assert_int_eq(bans_allow_switch(bans, false, why, sizeof(why)), BANS_DONE);
	for (unsigned pass = 0; pass < 2; pass++, reload()) {
		ck_assert(!bans_allow_is_on(bans));
		ck_assert(bans_is_allowed(bans, "Alice", NULL, time(NULL)));
		EXPECT_ALLOWED("Carol");
	}
	ck_assert(!scratch_has(BANS));
}
END_TEST

START_TEST(what_is_so_already_is_unchanged)
{
	ck_assert_int_eq(bans_allow_switch(bans, false, why, sizeof(why)), BANS_UNCHANGED);
	ck_assert_int_eq(bans_allow_remove(bans, "Alice", why, sizeof(why)), BANS_UNCHANGED);
	ck_assert_uint_eq(scratch_count(), 0);
	ck_assert_int_eq(bans_allow_add(bans, "Alice", 0, "", "", why, sizeof(why)), BANS_DONE);
	ck_assert_int_eq(bans_allow_add(bans, "ALICE", 0, "", "", why, sizeof(why)),
			 BANS_UNCHANGED);
	ck_assert_str_eq(why, "");
	EXPECT_ALLOWED("Alice");
}
END_TEST

/* With the suffix of a server list a name has up to 20 characters. */
START_TEST(names_with_a_suffix_can_be_allowed)
{
	ck_assert_int_eq(
		bans_allow_add(bans, "Sixteen_letters_@abc", 0, "", "", why, sizeof(why)),
		BANS_DONE);
	EXPECT_ALLOWED("Sixteen_letters_@abc");
}
END_TEST

START_TEST(what_can_not_be_allowed)
{
	static const char *const names[] = {"", "two words", "10.0.0.0/33", "::1/129",
					    "twenty_one_characters"};

	for (size_t i = 0; i < COUNT(names); i++) {
		ck_assert_int_eq(bans_allow_add(bans, names[i], 0, "", "", why, sizeof(why)),
				 BANS_BAD);
		ck_assert_msg(why[0] != '\0', "%s", names[i]);
		ck_assert_int_ne(bans_allow_remove(bans, names[i], why, sizeof(why)),
				 BANS_DONE);
	}
	ck_assert_int_eq(
		bans_allow_add(bans, "Alice", time(NULL) - 1, "", "", why, sizeof(why)),
		BANS_BAD);
	ck_assert_uint_eq(scratch_count(), 0);
}
END_TEST

static bool may_come(const char *name, const char *address, int64_t at_s)
{
	struct net_addr peer;

	ck_assert(net_addr_parse(&peer, address, 25565));
	return bans_is_allowed(bans, name, &peer, at_s);
}

/* By their name or by their address, and again after a restart. */
START_TEST(addresses_and_networks_are_allowed)
{
	static const char *const wanted[] = {"Alice", "192.0.2.7", "198.51.100.0/24",
					     "2001:db8:1::/48"};

	for (size_t i = 0; i < COUNT(wanted); i++)
		ck_assert_int_eq(bans_allow_add(bans, wanted[i], 0, "class", "console", why,
						sizeof(why)),
				 BANS_DONE);
	ck_assert_int_eq(bans_allow_switch(bans, true, why, sizeof(why)), BANS_DONE);
	for (int round = 0; round < 2; round++) {
		ck_assert(may_come("alice", "203.0.113.1", now_s));
		ck_assert(may_come("Bob", "192.0.2.7", now_s));
		ck_assert(may_come("Bob", "::ffff:192.0.2.7", now_s));
		ck_assert(may_come("Bob", "198.51.100.200", now_s));
		ck_assert(may_come("Bob", "2001:db8:1:2::3", now_s));
		ck_assert(!may_come("Bob", "192.0.2.8", now_s));
		ck_assert(!may_come("Bob", "198.51.101.1", now_s));
		ck_assert(!may_come("Bob", "2001:db8:2::3", now_s));
		reload();
		ck_assert_str_eq(said, "");
	}
	ck_assert_int_eq(bans_allow_remove(bans, "198.51.100.0/24", why, sizeof(why)),
			 BANS_DONE);
	ck_assert(!may_come("Bob", "198.51.100.200", now_s));
}
END_TEST

static void take_entry(void *context, const struct bans_entry *entry)
{
	memcpy(context, entry, sizeof(*entry));
}

START_TEST(an_entry_ends_and_has_a_reason)
{
	struct bans_entry entry = {.what = ""};

	ck_assert_int_eq(
		bans_allow_add(bans, "Alice", now_s + HOUR, "guest", "Owner", why, sizeof(why)),
		BANS_DONE);
	ck_assert_int_eq(bans_allow_switch(bans, true, why, sizeof(why)), BANS_DONE);
	for (int round = 0; round < 2; round++) {
		ck_assert(bans_is_allowed(bans, "Alice", NULL, now_s + HOUR - 1));
		ck_assert(!bans_is_allowed(bans, "Alice", NULL, now_s + HOUR));
		bans_each_allowed(bans, now_s, take_entry, &entry);
		ck_assert_str_eq(entry.what, "Alice");
		ck_assert_str_eq(entry.reason, "guest");
		ck_assert_str_eq(entry.by, "Owner");
		ck_assert_int_eq(entry.until_s, now_s + HOUR);
		reload();
		ck_assert_str_eq(said, "");
	}
	/* longer, and for ever */
	ck_assert_int_eq(bans_allow_add(bans, "ALICE", 0, "", "", why, sizeof(why)), BANS_DONE);
	ck_assert(bans_is_allowed(bans, "Alice", NULL, now_s + 2 * HOUR));
}
END_TEST

/* ---- durations ---- */

START_TEST(durations_are_read)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} cases[] = {
		{"30s", 30},
		{"10m", 600},
		{"12h", 43200},
		{"7d", 604800},
		{"2w", 1209600},
		{"1d12h", 129600},
		{"1w1d1h1m1s", 694861},
		{"90m", 5400},
		{"1h1h", 7200},
		{"007s", 7},
		{"3650d", 315360000},
		{"315360000s", 315360000},
		{"3650d1s", 0},
		{"315360001s", 0},
		{"99999w", 0},
		{"99999999999999999999999999s", 0},
		{"9223372036854775807w9223372036854775807w", 0},
		{"", 0},
		{"0s", 0},
		{"0d0h", 0},
		{"10", 0},
		{"d", 0},
		{"1d12", 0},
		{"1d h", 0},
		{"1 d", 0},
		{" 1d", 0},
		{"1d ", 0},
		{"-1d", 0},
		{"+1d", 0},
		{"1.5h", 0},
		{"1y", 0},
		{"forever", 0},
		{"grief", 0},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		ck_assert_msg(bans_duration_s(cases[i].text) == cases[i].seconds,
			      "\"%s\": %lld instead of %lld", cases[i].text,
			      (long long)bans_duration_s(cases[i].text),
			      (long long)cases[i].seconds);
}
END_TEST

START_TEST(durations_are_told)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} cases[] = {
		{0, "0 s"},           {-5, "0 s"},
		{INT64_MIN, "0 s"},   {1, "1 s"},
		{20, "20 s"},         {59, "59 s"},
		{60, "1 min"},        {61, "1 min 1 s"},
		{300, "5 min"},       {3599, "59 min 59 s"},
		{3600, "1 h"},        {3659, "1 h"},
		{5400, "1 h 30 min"}, {86399, "23 h 59 min"},
		{86400, "1 d"},       {86400 + 60, "1 d"},
		{183600, "2 d 3 h"},  {315360000, "3650 d"},
	};
	char text[64], small[4];

	for (size_t i = 0; i < COUNT(cases); i++) {
		bans_duration_text(text, sizeof(text), cases[i].seconds);
		ck_assert_str_eq(text, cases[i].text);
	}
	bans_duration_text(text, sizeof(text), INT64_MAX);
	bans_duration_text(small, sizeof(small), 183600);
	ck_assert_str_eq(small, "2 d");
}
END_TEST

/* What is left of a time reads as the time itself for as long as the smaller unit lasts. */
START_TEST(what_is_left_as_text)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} cases[] = {
		{INT64_MIN, "0 s"},
		{-1, "0 s"},
		{0, "0 s"},
		{59, "59 s"},
		{119, "1 min 59 s"},
		{3599, "59 min 59 s"},
		{3601, "1 h 1 min"},
		{7200, "2 h"},
		{7199, "2 h"},
		{7141, "2 h"},
		{7140, "1 h 59 min"},
		{86399, "1 d"},
		{86340, "23 h 59 min"},
		{86401, "1 d 1 h"},
		{2 * 86400 - 1, "2 d"},
		{2 * 86400 - 3600, "1 d 23 h"},
	};
	char text[64];

	for (size_t i = 0; i < COUNT(cases); i++) {
		bans_left_text(text, sizeof(text), cases[i].seconds);
		ck_assert_str_eq(text, cases[i].text);
	}
	bans_left_text(text, sizeof(text), INT64_MAX);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bans");
	TCase *who = new_case(suite, "who"), *list = new_case(suite, "list"),
	      *durations = new_case(suite, "durations");

	tcase_add_loop_test(who, a_network_is_all_of_it_and_no_more, 0, COUNT(networks));
	tcase_add_test(who, a_name_is_a_name_in_any_case);
	tcase_add_test(who, an_address_is_no_name);
	tcase_add_test(who, other_sockets_have_no_address);
	tcase_add_loop_test(who, what_is_neither_changes_nothing, 0, COUNT(bad));
	tcase_add_test(who, a_small_why_is_cut);
	tcase_add_test(list, bans_are_listed_in_order);
	tcase_add_test(list, a_ban_is_lifted_alone);
	tcase_add_test(list, a_new_ban_replaces_the_old);
	tcase_add_test(list, a_ban_ends);
	tcase_add_test(list, each_ban_is_visited_once);
	tcase_add_test(list, a_ban_that_is_over_hides_no_other);
	tcase_add_test(list, a_ban_does_not_end_before_it_begins);
	tcase_add_test(list, bans_that_are_over_leave_the_file);
	tcase_add_test(list, reasons_are_any_text);
	tcase_add_test(list, while_it_is_on_only_its_names_are_allowed);
	tcase_add_test(list, what_is_so_already_is_unchanged);
	tcase_add_test(list, names_with_a_suffix_can_be_allowed);
	tcase_add_test(list, what_can_not_be_allowed);
	tcase_add_test(list, addresses_and_networks_are_allowed);
	tcase_add_test(list, an_entry_ends_and_has_a_reason);
	tcase_add_test(durations, durations_are_read);
	tcase_add_test(durations, durations_are_told);
	tcase_add_test(durations, what_is_left_as_text);
	return suite_main(suite);
}
