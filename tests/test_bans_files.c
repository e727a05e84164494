/* SPDX-License-Identifier: MIT */
/*
 * The files of bans and of the allow list: edited by hand, well or badly, damaged, out of
 * reach; and a disk that fails, hangs while players log in, or has many changes to keep up
 * with.
 */
#include "bans.h"

#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "banned.h"
#include "suite.h"

#define X10 "xxxxxxxxxx"

START_TEST(an_admin_can_read_and_write_the_files)
{
	struct bans_entry entry;

	ck_assert_int_eq(ban("Alice", 1790000000 + now_s, "grief"), BANS_DONE);
	ck_assert_ptr_nonnull(strstr(scratch_read(BANS), "\"Alice\""));
	ck_assert_ptr_nonnull(strstr(scratch_read(BANS), "\"grief\""));
	scratch_write(BANS, "{\"bans\":[{\"what\":\"Alice\",\"reason\":\"...\",\"by\":\"me\","
			    "\"until\":17900000000},{\"what\":\"192.0.2.7\"}]}");
	scratch_write(ALLOWED, "{\"on\":true,\"names\":[\"Bob\"]}");
	reload();
	ck_assert_str_eq(said, "");
	ck_assert(ban_at(0, now_s, &entry));
	ck_assert_str_eq(entry.what, "Alice");
	ck_assert_str_eq(entry.reason, "...");
	ck_assert_str_eq(entry.by, "me");
	ck_assert_int_eq(entry.until_s, 17900000000);
	ck_assert(ban_at(1, now_s, &entry));
	ck_assert_str_eq(entry.what, "192.0.2.7/32");
	ck_assert_str_eq(entry.reason, "");
	ck_assert_int_eq(entry.until_s, FOR_EVER);
	ck_assert(bans_is_allowed(bans, "Bob") && !bans_is_allowed(bans, "Carol"));
	ck_assert_uint_eq(scratch_count(), 2);
}
END_TEST

/* An entry or member each that does not count, before and behind an entry that does. */
#define AMONG(text) "{\"bans\":[{\"what\":\"First\"}," text ",{\"what\":\"Last\"}]}"

/* clang-format off */
static const struct {
	const char *text, *told, *banned; /* who is banned besides First and Last */
	int64_t until_s;
} odd_bans[] = {
	{AMONG("42"), "bans[1] is not a ban", NULL, 0},
	{AMONG("\"Alice\""), "bans[1] is not a ban", NULL, 0},
	{AMONG("[]"), "bans[1] is not a ban", NULL, 0},
	{AMONG("{}"), "bans[1] is not a ban", NULL, 0},
	{AMONG("{\"name\":\"Alice\"}"), "bans[1] is not a ban", NULL, 0},
	{AMONG("{\"what\":7}"), "bans[1] is not a ban", NULL, 0},
	{AMONG("{\"what\":\"two words\"}"), "bans[1]: \"two words\" is neither", NULL, 0},
	{AMONG("{\"what\":\"10.0.0.0/64\"}"), "bans[1]: \"10.0.0.0/64\"", NULL, 0},
	{AMONG("{\"what\":\"Alice\",\"until\":\"tomorrow\"}"), "bans[1] (Alice): until", "Alice", 0},
	{AMONG("{\"what\":\"Alice\",\"until\":-1}"), "bans[1] (Alice): until", "Alice", 0},
	{AMONG("{\"what\":\"Alice\",\"until\":1e300}"), "bans[1] (Alice): until", "Alice", 0},
	{AMONG("{\"what\":\"Alice\",\"until\":17900000000.5}"), "bans[1] (Alice): until", "Alice", 0},
	{AMONG("{\"what\":\"Alice\",\"until\":null}"), "bans[1] (Alice): until", "Alice", 0},
	{AMONG("{\"what\":\"Alice\",\"reason\":[],\"until\":17900000000}"), "bans[1] (Alice): reason", "Alice", 17900000000},
	{AMONG("{\"what\":\"Alice\",\"reason\":\"\xff\"}"), "bans[1] (Alice): reason", "Alice", 0},
	{AMONG("{\"what\":\"Alice\",\"by\":\"" X10 X10 X10 X10 X10 X10 X10 "\"}"), "bans[1] (Alice): by is longer than 63", "Alice", 0},
	{AMONG("{\"what\":\"Alice\",\"untli\":1}"), "bans[1] (Alice): \"untli\"", "Alice", 0},
	{AMONG("{\"what\":\"first\",\"reason\":\"again\"}"), "bans[1] (first): it is there already", "first", 0},
	{"{\"bans\":[{\"what\":\"First\"},{\"what\":\"Last\"}],\"more\":1}", "\"more\"", NULL, 0},
	{"{\"names\":[\"Alice\"],\"bans\":[{\"what\":\"First\"},{\"what\":\"Last\"}]}", "\"names\"", NULL, 0},
};
/* clang-format on */

/* The copy is the file as it was; the file is as it should be, and not complained of again. */
static void expect_mended(const char *file, const char *text)
{
	char copy[64];

	snprintf(copy, sizeof(copy), "%s.damaged-1", file);
	expect_said(in_scratch(file));
	expect_said(in_scratch(copy));
	ck_assert_str_eq(scratch_read(copy), text);
	ck_assert_uint_eq(scratch_count(), 2);
	reload();
	ck_assert_str_eq(said, "");
	ck_assert_uint_eq(scratch_count(), 2);
}

START_TEST(an_odd_ban_is_named_and_the_others_count)
{
	struct bans_entry entry;

	scratch_write(BANS, odd_bans[_i].text);
	reload();
	expect_said(odd_bans[_i].told);
	expect_mended(BANS, odd_bans[_i].text);
	ck_assert(is_name_banned("First"));
	ck_assert(is_name_banned("Last"));
	if (odd_bans[_i].banned != NULL) {
		ck_assert(bans_find(bans, odd_bans[_i].banned, NULL, now_s, &entry));
		ck_assert_int_eq(entry.until_s, odd_bans[_i].until_s);
	}
}
END_TEST

START_TEST(bans_that_are_no_list_are_kept_apart)
{
	static const char *const texts[] = {"{\"bans\":{\"a\":{\"what\":\"Alice\"}}}",
					    "{\"bans\":\"Alice\"}", "{\"Bans\":[]}"};

	scratch_write(BANS, texts[_i]);
	reload();
	expect_mended(BANS, texts[_i]);
	expect_list((const char *const[]){NULL});
}
END_TEST

/* clang-format off */
static const struct {
	const char *text, *told;
	bool is_on;
	const char *names[3];
} odd_lists[] = {
	{"{\"on\":true,\"names\":[\"Alice\",\"two words\",\"Bob\"]}", "names[1]: \"two words\" is not a name", true, {"Alice", "Bob"}},
	{"{\"on\":true,\"names\":[7,\"Bob\"]}", "names[0]", true, {"Bob"}},
	{"{\"on\":false,\"names\":[\"Alice\",\"ALICE\"]}", "names[1] (ALICE)", false, {"Alice"}},
	{"{\"on\":\"yes\",\"names\":[\"Alice\"]}", "on is neither true nor false", true, {"Alice"}},
	{"{\"on\":true,\"names\":\"Alice\"}", "\"names\"", true, {NULL}},
	{"{\"on\":true,\"name\":[\"Alice\"]}", "\"name\"", true, {NULL}},
	{"{\"names\":[\"Alice\"]}", "\"on\" is missing", true, {"Alice"}},
	{"{\"On\":false,\"names\":[\"Alice\"]}", "\"on\" is missing", true, {"Alice"}},
	{"{}", "\"on\" is missing", true, {NULL}},
};
/* clang-format on */

START_TEST(an_odd_allow_list_counts_as_far_as_it_goes)
{
	scratch_write(ALLOWED, odd_lists[_i].text);
	reload();
	expect_said(odd_lists[_i].told);
	for (unsigned pass = 0; pass < 2; pass++) {
		ck_assert_int_eq(bans_allow_is_on(bans), odd_lists[_i].is_on);
		expect_allowed(odd_lists[_i].names);
		if (pass == 0)
			expect_mended(ALLOWED, odd_lists[_i].text);
	}
}
END_TEST

START_TEST(damaged_files_are_set_aside_and_begun_anew)
{
	scratch_write(BANS, "{\"bans\":[{\"what\":\"Ali");
	scratch_write(ALLOWED, "{\"on\":false,\"names\":[");
	reload();
	expect_said(in_scratch(BANS ".damaged-1"));
	expect_said(in_scratch(ALLOWED ".damaged-1"));
	expect_banned("Bob");
	ck_assert_int_eq(bans_allow_add(bans, "Carol", why, sizeof(why)), BANS_DONE);
	reload();
	ck_assert_str_eq(said, "");
	EXPECT_LIST("Bob");
	EXPECT_ALLOWED("Carol");
	ck_assert_str_eq(scratch_read(BANS ".damaged-1"), "{\"bans\":[{\"what\":\"Ali");
}
END_TEST

static const char *const unreadable[] = {"", "{\"on\":tru", "[]", "{\"on\":true,\"names\":["};

/* Perhaps the list was on: then nobody comes in, now and after the next start, until an admin
 * says otherwise. */
START_TEST(a_damaged_allow_list_opens_no_door)
{
	scratch_write(ALLOWED, unreadable[_i]);
	reload();
	expect_said("error ");
	expect_said("`allow off` at the terminal");
	expect_said(in_scratch(ALLOWED ".damaged-1"));
	for (unsigned pass = 0; pass < 2; pass++) {
		ck_assert(bans_allow_is_on(bans) && !bans_is_allowed(bans, "Alice"));
		EXPECT_ALLOWED(NULL);
		reload();
		ck_assert_str_eq(said, "");
	}
	ck_assert_int_eq(bans_allow_switch(bans, false, why, sizeof(why)), BANS_DONE);
	reload();
	ck_assert(bans_is_allowed(bans, "Alice"));
	ck_assert_str_eq(scratch_read(ALLOWED ".damaged-1"), unreadable[_i]);
}
END_TEST

/* It counts as long as this lasts, and the file stays as it is; `is_on`: the allow list is. */
static void expect_not_saved(bool is_on)
{
	ck_assert_int_eq(ban("Alice", FOR_EVER, ""), BANS_NOT_SAVED);
	ck_assert_msg(strstr(why, in_scratch(BANS)) != NULL, "%s", why);
	ck_assert(is_name_banned("Alice"));
	ck_assert_int_eq(bans_remove(bans, "Alice", why, sizeof(why)), BANS_NOT_SAVED);
	ck_assert(!is_name_banned("Alice"));
	capture();
	ck_assert_int_eq(bans_allow_add(bans, "Alice", why, sizeof(why)), BANS_NOT_SAVED);
	ck_assert_msg(strstr(why, in_scratch(ALLOWED)) != NULL, "%s", why);
	ck_assert_int_eq(bans_allow_is_on(bans), is_on);
	ck_assert_int_eq(bans_allow_switch(bans, !is_on, why, sizeof(why)), BANS_NOT_SAVED);
	bans_allow_switch(bans, true, why, sizeof(why));
	release(said, sizeof(said));
	ck_assert(bans_is_allowed(bans, "Alice") && !bans_is_allowed(bans, "Bob"));
}

START_TEST(directories_in_place_of_the_files_stay)
{
	ck_assert_int_eq(mkdir(in_scratch(BANS), 0700), 0);
	ck_assert_int_eq(mkdir(in_scratch(ALLOWED), 0700), 0);
	reload();
	expect_said("error");
	expect_said("`allow off` at the terminal");
	expect_not_saved(true);
	ck_assert_msg(strstr(why, "could not be read or set aside") != NULL, "%s", why);
	ck_assert_uint_eq(scratch_count(), 2);
}
END_TEST

START_TEST(files_that_may_not_be_read_stay)
{
	static const char text[] = "{\"bans\":[{\"what\":\"Bob\"}]}";

	scratch_write(BANS, text);
	scratch_write(ALLOWED, "{\"on\":false}");
	ck_assert(chmod(in_scratch(BANS), 0) == 0 && chmod(in_scratch(ALLOWED), 0) == 0);
	ck_assert(be_nobody());
	reload();
	expect_said("error");
	expect_not_saved(true);
	be_root();
	ck_assert(chmod(in_scratch(BANS), 0600) == 0 && chmod(in_scratch(ALLOWED), 0600) == 0);
	ck_assert_str_eq(scratch_read(BANS), text);
	ck_assert_str_eq(scratch_read(ALLOWED), "{\"on\":false}");
}
END_TEST

/* Also where there is something that would have to be kept apart first. */
START_TEST(in_an_unwritable_directory_nothing_changes)
{
	static const char text[] = "{\"bans\":[{\"what\":\"Bob\"},7]}";

	scratch_write(BANS, text);
	ck_assert(chmod(in_scratch(BANS), 0644) == 0 && chmod(scratch, 0500) == 0);
	ck_assert(be_nobody());
	reload();
	expect_said("bans[1]");
	expect_said("error");
	ck_assert(is_name_banned("Bob"));
	expect_not_saved(false);
	be_root();
	ck_assert_int_eq(chmod(scratch, 0700), 0);
	ck_assert_str_eq(scratch_read(BANS), text);
	ck_assert_uint_eq(scratch_count(), 1);
}
END_TEST

START_TEST(without_a_directory_there_are_no_files)
{
	bans_free(bans);
	capture();
	bans = bans_new(in_scratch("nowhere"));
	release(said, sizeof(said));
	ck_assert_ptr_nonnull(bans);
	ck_assert_str_eq(said, "");
	ck_assert_int_eq(ban("Alice", FOR_EVER, ""), BANS_NOT_SAVED);
	expect_said("nowhere");
	ck_assert(is_name_banned("Alice"));
}
END_TEST

/* What could not be written is written with the next change. */
START_TEST(a_disk_that_recovers_gets_everything)
{
	ck_assert_int_eq(mkdir(in_scratch(BANS ".new"), 0700), 0);
	ck_assert_int_eq(ban("Alice", FOR_EVER, ""), BANS_NOT_SAVED);
	ck_assert_int_eq(rmdir(in_scratch(BANS ".new")), 0);
	expect_banned("Bob");
	reload();
	EXPECT_LIST("Alice", "Bob");
}
END_TEST

/* ---- threads ---- */

struct banning {
	pthread_t thread;
	const char *what;
	enum bans_result result;
};

static void *ban_someone(void *argument)
{
	struct banning *banning = argument;
	char reason[256];

	banning->result =
		bans_add(bans, banning->what, FOR_EVER, "", "console", reason, sizeof(reason));
	return NULL;
}

static void begin_banning(struct banning *banning, const char *what)
{
	banning->what = what;
	ck_assert_int_eq(pthread_create(&banning->thread, NULL, ban_someone, banning), 0);
	while (!is_name_banned(what))
		poll(NULL, 0, 5); /* it must come: nothing that is asked waits for the disk */
}

/* The disk: a pipe that nobody reads, which holds whoever opens it. */
START_TEST(a_disk_that_hangs_holds_no_login_up)
{
	struct banning first, second;
	struct bans_entry entry;
	int disk;

	ck_assert_int_eq(mkfifo(in_scratch(BANS ".new"), 0600), 0);
	capture();
	begin_banning(&first, "Alice");
	begin_banning(&second, "Bob");
	ck_assert(!is_name_banned("Carol"));
	ck_assert(ban_at(1, now_s, &entry));
	ck_assert(bans_is_allowed(bans, "Carol"));
	ck_assert(!bans_allow_is_on(bans));
	ck_assert(!scratch_has(BANS));
	disk = open(in_scratch(BANS ".new"), O_RDONLY | O_NONBLOCK);
	ck_assert_int_ge(disk, 0);
	pthread_join(first.thread, NULL);
	pthread_join(second.thread, NULL);
	release(said, sizeof(said));
	close(disk);
	ck_assert_int_eq(first.result, BANS_NOT_SAVED); /* no pipe is a disk */
	ck_assert_int_eq(second.result, BANS_DONE);
	reload();
	EXPECT_LIST("Alice", "Bob");
}
END_TEST

#define THREADS 4
#define CHANGES 25

static void *change_much(void *argument)
{
	const char *prefix = argument;
	char name[32], reason[256];
	struct bans_entry entry;

	for (unsigned i = 0; i < CHANGES; i++) {
		snprintf(name, sizeof(name), "%s%u", prefix, i);
		if (bans_add(bans, name, FOR_EVER, prefix, "me", reason, sizeof(reason)) !=
			    BANS_DONE ||
		    bans_allow_add(bans, name, reason, sizeof(reason)) != BANS_DONE ||
		    !bans_find(bans, name, NULL, now_s, &entry) ||
		    strcmp(entry.reason, prefix) != 0)
			return argument;
		ban_at(i, now_s, &entry);
		if (i % 3 == 0 && bans_remove(bans, name, reason, sizeof(reason)) != BANS_DONE)
			return argument;
	}
	return NULL;
}

/* Whoever writes last writes what is in memory. */
START_TEST(changes_of_many_threads_are_all_on_disk)
{
	static char prefixes[THREADS][4] = {"a", "b", "c", "d"};
	static char names[THREADS * CHANGES][BANS_WHAT_MAX];
	pthread_t threads[THREADS];
	struct bans_entry entry;
	size_t n = 0;

	for (size_t i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, change_much, prefixes[i]),
				 0);
	for (size_t i = 0; i < THREADS; i++) {
		void *failed;

		pthread_join(threads[i], &failed);
		ck_assert_ptr_null(failed);
	}
	for (; ban_at(n, now_s, &entry); n++)
		memcpy(names[n], entry.what, sizeof(names[n]));
	ck_assert_uint_eq(n, THREADS * (CHANGES - (CHANGES + 2) / 3));
	reload();
	ck_assert_str_eq(said, "");
	for (size_t i = 0; i < n; i++) {
		ck_assert(ban_at(i, now_s, &entry));
		ck_assert_str_eq(entry.what, names[i]);
	}
	ck_assert(!ban_at(n, now_s, &entry));
	ck_assert(allowed_at(THREADS * CHANGES - 1, names[0]));
	ck_assert(!allowed_at((size_t)THREADS * CHANGES, names[0]));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bans_files");
	TCase *files = new_case(suite, "files");

	tcase_add_test(files, an_admin_can_read_and_write_the_files);
	tcase_add_loop_test(files, an_odd_ban_is_named_and_the_others_count, 0,
			    COUNT(odd_bans));
	tcase_add_loop_test(files, bans_that_are_no_list_are_kept_apart, 0, 3);
	tcase_add_loop_test(files, an_odd_allow_list_counts_as_far_as_it_goes, 0,
			    COUNT(odd_lists));
	tcase_add_test(files, damaged_files_are_set_aside_and_begun_anew);
	tcase_add_loop_test(files, a_damaged_allow_list_opens_no_door, 0, COUNT(unreadable));
	tcase_add_test(files, directories_in_place_of_the_files_stay);
	tcase_add_test(files, files_that_may_not_be_read_stay);
	tcase_add_test(files, in_an_unwritable_directory_nothing_changes);
	tcase_add_test(files, without_a_directory_there_are_no_files);
	tcase_add_test(files, a_disk_that_recovers_gets_everything);
	tcase_add_test(files, a_disk_that_hangs_holds_no_login_up);
	tcase_add_test(files, changes_of_many_threads_are_all_on_disk);
	return suite_main(suite);
}
