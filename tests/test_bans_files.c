/* SPDX-License-Identifier: MIT */
/*
 * The files of bans and of the allow list: edited by hand, well or badly, read again, damaged,
 * reach, read again; and a disk that fails, hangs while players log in, or has many changes to
 * keep up with.
 */
#include "bans.h"

#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
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
	ck_assert(bans_is_allowed(bans, "Bob", NULL, time(NULL)) &&
		  !bans_is_allowed(bans, "Carol", NULL, time(NULL)));
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
	{"{\"on\":true,\"names\":[\"Alice\",\"two words\",\"Bob\"]}", "names[1]: \"two words\" is neither a name", true, {"Alice", "Bob"}},
	{"{\"on\":true,\"names\":[7,\"Bob\"]}", "names[0]", true, {"Bob"}},
	{"{\"on\":false,\"names\":[\"Alice\",\"ALICE\"]}", "names[1] (ALICE)", false, {"ALICE"}},
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
	ck_assert_int_eq(bans_allow_add(bans, "Carol", 0, "", "", why, sizeof(why)), BANS_DONE);
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
		ck_assert(bans_allow_is_on(bans) &&
			  !bans_is_allowed(bans, "Alice", NULL, time(NULL)));
		EXPECT_ALLOWED(NULL);
		reload();
		ck_assert_str_eq(said, "");
	}
	ck_assert_int_eq(bans_allow_switch(bans, false, why, sizeof(why)), BANS_DONE);
	reload();
	ck_assert(bans_is_allowed(bans, "Alice", NULL, time(NULL)));
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
	ck_assert_int_eq(bans_allow_add(bans, "Alice", 0, "", "", why, sizeof(why)),
			 BANS_NOT_SAVED);
	ck_assert_msg(strstr(why, in_scratch(ALLOWED)) != NULL, "%s", why);
	ck_assert_int_eq(bans_allow_is_on(bans), is_on);
	ck_assert_int_eq(bans_allow_switch(bans, !is_on, why, sizeof(why)), BANS_NOT_SAVED);
	bans_allow_switch(bans, true, why, sizeof(why));
	release(said, sizeof(said));
	ck_assert(bans_is_allowed(bans, "Alice", NULL, time(NULL)) &&
		  !bans_is_allowed(bans, "Bob", NULL, time(NULL)));
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

/* ---- read again ---- */

static char told[4096];

static void hear(void *context, bool is_warning, const char *line)
{
	size_t n = strlen(told);

	(void)context;
	snprintf(told + n, sizeof(told) - n, "%s%s\n", is_warning ? "warning: " : "", line);
}

/* Has anything been read. */
static bool read_again(void)
{
	told[0] = '\0';
	capture();
	bool has_changed = bans_reload(bans, hear, NULL);
	release(said, sizeof(said));
	return has_changed;
}

/* All at once, as most editors do. */
static void edit(const char *name, const char *text)
{
	char fresh[64];

	snprintf(fresh, sizeof(fresh), "%s.edit", name);
	scratch_write(fresh, text);
	ck_assert_int_eq(rename(in_scratch(fresh), in_scratch(name)), 0);
}

/* One warning, and nothing else: it names a file, and has a word. */
static void expect_warned(const char *name, const char *word)
{
	ck_assert_msg(strncmp(told, "warning: ", 9) == 0, "%s", told);
	ck_assert_msg(strstr(told, in_scratch(name)) != NULL, "%s", told);
	ck_assert_msg(strstr(told, word) != NULL, "no \"%s\" in: %s", word, told);
	ck_assert_ptr_eq(strchr(told, '\n'), told + strlen(told) - 1);
	ck_assert_str_eq(said, "");
}

static const char two_bans[] =
	"{\"bans\":[{\"what\":\"Bob\"},{\"what\":\"192.0.2.0/24\",\"until\":1}]}";

START_TEST(what_was_edited_is_read_again)
{
	expect_banned("Alice");
	edit(BANS, two_bans);
	ck_assert(read_again());
	ck_assert_str_eq(told, "bans.json: read again, bans: 1\n"); /* one is over */
	ck_assert_str_eq(said, "");
	EXPECT_LIST("Bob");
	edit(ALLOWED, "{\"on\":true,\"names\":[\"Carol\",\"Dan\"]}");
	ck_assert(read_again());
	ck_assert_str_eq(told, "allowed.json: read again, the list is on, entries: 2\n");
	ck_assert(bans_is_allowed(bans, "dan", NULL, time(NULL)) &&
		  !bans_is_allowed(bans, "Bob", NULL, time(NULL)));
	scratch_write(BANS, "{\"bans\":[]}"); /* the same file */
	edit(ALLOWED, "{\"on\":false,\"names\":[]}");
	ck_assert(read_again());
	EXPECT_LIST(NULL);
	EXPECT_ALLOWED(NULL);
	ck_assert(bans_is_allowed(bans, "Bob", NULL, time(NULL)));
	expect_banned("Eve");
	ck_assert_str_eq(said, "");
	ck_assert_uint_eq(scratch_count(), 2);
	reload();
	EXPECT_LIST("Eve");
}
END_TEST

/* Not at the start, not after a reload, and not after what commands have written. */
START_TEST(what_was_not_edited_is_not_read_again)
{
	ck_assert(!read_again());
	scratch_write(BANS, two_bans);
	reload();
	ck_assert(!read_again());
	expect_banned("Alice");
	ck_assert_int_eq(bans_allow_add(bans, "Carol", 0, "", "", why, sizeof(why)), BANS_DONE);
	ck_assert(!read_again());
	edit(BANS, two_bans);
	ck_assert(read_again());
	ck_assert(!read_again());
	ck_assert_str_eq(told, "");
	ck_assert_str_eq(said, "");
	EXPECT_LIST("Bob");
	EXPECT_ALLOWED("Carol");
}
END_TEST

#define DAMAGED "{\"bans\":[\n{\"what\":\"Bob\"},,]}"

/* The admin can mend it where it is. */
START_TEST(a_damaged_edit_loses_nothing_that_counts)
{
	expect_banned("Alice");
	edit(BANS, DAMAGED);
	for (unsigned pass = 0; pass < 2; pass++) {
		ck_assert(!read_again());
		expect_warned(BANS, "is damaged (line 2 is not JSON): the list that counted");
		EXPECT_LIST("Alice");
	}
	ck_assert_str_eq(scratch_read(BANS), DAMAGED);
	ck_assert_uint_eq(scratch_count(), 1);
	edit(BANS, "{\"bans\":[{\"what\":\"Bob\"}]}");
	ck_assert(read_again());
	EXPECT_LIST("Bob");
	ck_assert(!read_again());
	ck_assert_uint_eq(scratch_count(), 1);
}
END_TEST

START_TEST(a_damaged_allow_list_stays_as_it_was)
{
	ck_assert_int_eq(bans_allow_add(bans, "Alice", 0, "", "", why, sizeof(why)), BANS_DONE);
	ck_assert_int_eq(bans_allow_switch(bans, _i == 0, why, sizeof(why)),
			 _i == 0 ? BANS_DONE : BANS_UNCHANGED);
	edit(ALLOWED, "[]");
	ck_assert(!read_again());
	expect_warned(ALLOWED, "is damaged (it holds no JSON object)");
	ck_assert_int_eq(bans_allow_is_on(bans), _i == 0);
	EXPECT_ALLOWED("Alice");
}
END_TEST

START_TEST(a_file_that_is_gone_takes_nothing_along)
{
	expect_banned("Alice");
	ck_assert_int_eq(unlink(in_scratch(BANS)), 0);
	ck_assert(!read_again());
	expect_warned(BANS, "is gone: the list that counted goes on counting");
	EXPECT_LIST("Alice");
	expect_banned("Bob");
	ck_assert(!read_again());
	ck_assert_str_eq(told, "");
	ck_assert_uint_eq(scratch_count(), 1);
	reload();
	EXPECT_LIST("Alice", "Bob");
}
END_TEST

/* It is neither read nor overwritten until it can be read. */
START_TEST(a_file_that_can_not_be_read_again)
{
	expect_banned("Alice");
	edit(BANS, two_bans);
	ck_assert_int_eq(chmod(in_scratch(BANS), 0), 0);
	ck_assert(be_nobody());
	ck_assert(!read_again());
	expect_warned(BANS, "can't be read: Permission denied: the list that counted");
	EXPECT_LIST("Alice");
	ck_assert_int_eq(ban("Carol", FOR_EVER, ""), BANS_NOT_SAVED);
	ck_assert_msg(strstr(why, "could not be read or set aside") != NULL, "%s", why);
	EXPECT_LIST("Alice", "Carol");
	be_root();
	ck_assert_int_eq(chmod(in_scratch(BANS), 0600), 0);
	ck_assert_str_eq(scratch_read(BANS), two_bans);
	ck_assert(read_again());
	ck_assert_ptr_nonnull(strstr(told, "could not be written does not count any more"));
	EXPECT_LIST("Bob");
	expect_banned("Dan");
	ck_assert_uint_eq(scratch_count(), 1);
}
END_TEST

START_TEST(a_file_that_could_not_be_read_at_the_start_is_read_when_it_can_be)
{
	scratch_write(BANS, two_bans);
	ck_assert_int_eq(chmod(in_scratch(BANS), 0), 0);
	ck_assert(be_nobody());
	reload();
	ck_assert(!is_name_banned("Bob"));
	be_root();
	ck_assert_int_eq(chmod(in_scratch(BANS), 0600), 0); /* which changes no byte */
	ck_assert(read_again());
	ck_assert(is_name_banned("Bob"));
	expect_banned("Alice");
}
END_TEST

START_TEST(an_odd_ban_is_told_of_when_it_is_read_again)
{
	char name[160];

	expect_banned("Alice");
	edit(BANS, odd_bans[_i].text);
	ck_assert(read_again());
	snprintf(name, sizeof(name), "%s: %s", in_scratch(BANS), odd_bans[_i].told);
	ck_assert_msg(strstr(told, name) != NULL, "no \"%s\" in: %s", name, told);
	ck_assert(is_name_banned("First") && is_name_banned("Last"));
	ck_assert(!is_name_banned("Alice") || odd_bans[_i].banned != NULL);
	ck_assert(!read_again());
	expect_said("");
	ck_assert_str_eq(scratch_read(BANS ".damaged-1"), odd_bans[_i].text);
	reload();
	ck_assert_str_eq(said, "");
	ck_assert(is_name_banned("First") && is_name_banned("Last"));
	ck_assert_uint_eq(scratch_count(), 2);
}
END_TEST

/* What an admin types is kept, whether they have reloaded (and it is damaged) or not yet. */
START_TEST(a_command_keeps_what_was_edited)
{
	static const struct {
		const char *text;
		bool reloads;
	} edits[] = {{DAMAGED, true}, {DAMAGED, false}, {two_bans, false}};

	expect_banned("Alice");
	edit(BANS, edits[_i].text);
	if (edits[_i].reloads)
		read_again();
	expect_banned("Carol");
	expect_said(in_scratch(BANS ".damaged-1"));
	ck_assert_int_eq(strstr(said, "edited, but not read again") == NULL, edits[_i].reloads);
	ck_assert_str_eq(scratch_read(BANS ".damaged-1"), edits[_i].text);
	expect_banned("Dan");
	ck_assert_str_eq(said, "");
	ck_assert(!read_again());
	EXPECT_LIST("Alice", "Carol", "Dan");
	ck_assert_uint_eq(scratch_count(), 2);
	reload();
	ck_assert_str_eq(said, "");
	EXPECT_LIST("Alice", "Carol", "Dan");
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
	ck_assert(bans_is_allowed(bans, "Carol", NULL, time(NULL)));
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
		    bans_allow_add(bans, name, 0, "", "", reason, sizeof(reason)) !=
			    BANS_DONE ||
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

static void *read_again_in_time(void *unused)
{
	bans_reload(bans, hear, NULL);
	return unused;
}

/* The disk hangs while a command writes: a reload waits, and nobody waits for the reload. */
START_TEST(a_reload_that_waits_holds_no_login_up)
{
	struct banning first;
	pthread_t thread;

	expect_banned("Carol");
	ck_assert_int_eq(mkfifo(in_scratch(BANS ".new"), 0600), 0);
	capture();
	begin_banning(&first, "Alice");
	ck_assert_int_eq(pthread_create(&thread, NULL, read_again_in_time, NULL), 0);
	for (unsigned i = 0; i < 100; i++) {
		ck_assert(is_name_banned("Alice") && !is_name_banned("Bob"));
		ck_assert(bans_is_allowed(bans, "Alice", NULL, time(NULL)));
		poll(NULL, 0, 1);
	}
	int disk = open(in_scratch(BANS ".new"), O_RDONLY | O_NONBLOCK);
	ck_assert_int_ge(disk, 0);
	pthread_join(first.thread, NULL);
	pthread_join(thread, NULL);
	close(disk);
	release(said, sizeof(said));
	EXPECT_LIST("Carol", "Alice");
}
END_TEST

static atomic_bool is_over;

static void *read_again_and_again(void *unused)
{
	while (!atomic_load(&is_over)) {
		bans_reload(bans, hear, NULL);
		told[0] = '\0';
	}
	return unused;
}

/* Bans that commands make while reloads read files are neither lost in memory nor on disk. */
START_TEST(commands_and_reloads_do_not_cross)
{
	struct bans_entry entry;
	pthread_t thread;
	char name[32];

	atomic_store(&is_over, false);
	capture();
	ck_assert_int_eq(pthread_create(&thread, NULL, read_again_and_again, NULL), 0);
	for (unsigned i = 0; i < 2 * CHANGES; i++) {
		snprintf(name, sizeof(name), "N%u", i);
		ck_assert_int_eq(bans_add(bans, name, FOR_EVER, "", "me", why, sizeof(why)),
				 BANS_DONE);
		edit(BANS, scratch_read(BANS)); /* the same bytes, which are read again */
		ck_assert(is_name_banned(name));
	}
	atomic_store(&is_over, true);
	pthread_join(thread, NULL);
	release(said, sizeof(said));
	ck_assert(ban_at(2 * CHANGES - 1, now_s, &entry));
	ck_assert_str_eq(entry.what, name);
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
	tcase_add_test(files, what_was_edited_is_read_again);
	tcase_add_test(files, what_was_not_edited_is_not_read_again);
	tcase_add_test(files, a_damaged_edit_loses_nothing_that_counts);
	tcase_add_loop_test(files, a_damaged_allow_list_stays_as_it_was, 0, 2);
	tcase_add_test(files, a_file_that_is_gone_takes_nothing_along);
	tcase_add_test(files, a_file_that_can_not_be_read_again);
	tcase_add_test(files,
		       a_file_that_could_not_be_read_at_the_start_is_read_when_it_can_be);
	tcase_add_loop_test(files, an_odd_ban_is_told_of_when_it_is_read_again, 0,
			    COUNT(odd_bans));
	tcase_add_loop_test(files, a_command_keeps_what_was_edited, 0, 3);
	tcase_add_test(files, a_reload_that_waits_holds_no_login_up);
	tcase_add_test(files, commands_and_reloads_do_not_cross);
	return suite_main(suite);
}
