/* SPDX-License-Identifier: MIT */
/*
 * State files that are whole, missing, damaged in every way that comes to mind, out of reach,
 * or on a disk that is full: nothing is lost, nothing is half written, and the log says what
 * has happened to which file.
 */
#include "store.h"

#include <bsd/string.h>
#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "capture.h"
#include "log.h"
#include "scratch.h"
#include "suite.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define GOOD         "{\"a\": 1}"

static void setup(void)
{
	scratch_setup();
	log_init(LOG_INFO, LOG_COLOR_NEVER, false);
}

/* What store_load() returns and says. */
struct loaded {
	cJSON *tree;
	bool is_readonly;
	char log[4096];
};

static struct loaded load(const char *name)
{
	struct loaded loaded = {.is_readonly = true};

	capture();
	loaded.tree = store_load(in_scratch(name), &loaded.is_readonly);
	release(loaded.log, sizeof(loaded.log));
	return loaded;
}

static bool save(const char *name, const char *json, char *log, size_t log_size)
{
	cJSON *tree = cJSON_Parse(json);

	ck_assert_ptr_nonnull(tree);
	capture();
	bool is_saved = store_save(in_scratch(name), tree);
	release(log, log_size);
	cJSON_Delete(tree);
	return is_saved;
}

static void expect_saved(const char *name, const char *json)
{
	char log[4096];

	ck_assert_msg(save(name, json, log, sizeof(log)), "%s", log);
	ck_assert_str_eq(log, "");
}

static void expect_said(const char *log, const char *text)
{
	ck_assert_msg(strstr(log, text) != NULL, "\"%s\" is not in: %s", text, log);
}

/* A good file with that number in it. */
static void expect_good(const char *name, int number)
{
	struct loaded loaded = load(name);

	ck_assert_msg(loaded.tree != NULL, "%s", loaded.log);
	ck_assert_str_eq(loaded.log, "");
	ck_assert(!loaded.is_readonly);
	ck_assert_int_eq(cJSON_GetObjectItem(loaded.tree, "a")->valueint, number);
	cJSON_Delete(loaded.tree);
}

/* ---- reading ---- */

START_TEST(no_file_is_no_news)
{
	struct loaded loaded = load("state.json");

	ck_assert_ptr_null(loaded.tree);
	ck_assert_str_eq(loaded.log, "");
	ck_assert(!loaded.is_readonly);
	ck_assert_uint_eq(scratch_count(), 0);
}
END_TEST

START_TEST(what_is_saved_is_loaded)
{
	struct stat info;

	expect_saved("state.json", "{\"a\": 7, \"text\": \"caf\\u00e9 \\n\"}");
	expect_good("state.json", 7);
	expect_saved("state.json", "{\"a\": 8}");
	expect_good("state.json", 8);
	ck_assert_uint_eq(scratch_count(), 1);
	ck_assert_int_eq(stat(in_scratch("state.json"), &info), 0);
	ck_assert_uint_eq(info.st_mode & 07777, 0600);
	ck_assert_ptr_nonnull(strstr(scratch_read("state.json"), "}\n"));
}
END_TEST

/* The caller need not want to know. */
START_TEST(who_only_reads_needs_no_flag)
{
	cJSON *tree;

	scratch_write("state.json", GOOD);
	tree = store_load(in_scratch("state.json"), NULL);
	ck_assert_ptr_nonnull(tree);
	cJSON_Delete(tree);
}
END_TEST

/* clang-format off */
static const struct {
	const char *bytes;
	size_t size; /* 0: up to the NUL */
	const char *said;
} damaged[] = {
	{"{\"a\": 1,\n\"b\": [1,\n2", 0, "line 3 is not JSON"},
	{"{\"a\": 1}\n}", 0, "line 2 is not JSON"},
	{"{\"a\": 1} {}", 0, "line 1 is not JSON"},
	{"bans = Alice", 0, "line 1 is not JSON"},
	{"{'a': 1}", 0, "line 1 is not JSON"},
	{"[1, 2]", 0, "no JSON object"},
	{"\"text\"", 0, "no JSON object"},
	{"null", 0, "no JSON object"},
	{"", 0, "is damaged"},
	{"   \n", 0, "is damaged"},
	{"{\"a\": 1}\0\0\0", 11, "zero bytes"},
	{"\0\0\0\0\0\0\0\0", 8, "zero bytes"},
	{"\xff\xfe{\0}\0", 6, "zero bytes"},
	{"\x89PNG\r\n\x1a\n", 0, "is not JSON"},
};
/* clang-format on */

START_TEST(a_damaged_file_is_set_aside)
{
	size_t size = damaged[_i].size > 0 ? damaged[_i].size : strlen(damaged[_i].bytes);
	struct loaded loaded;
	struct stat info;

	scratch_write_bytes("state.json", damaged[_i].bytes, size);
	ck_assert_int_eq(chmod(in_scratch("state.json"), 0644), 0);
	loaded = load("state.json");
	ck_assert_ptr_null(loaded.tree);
	ck_assert(!loaded.is_readonly);
	expect_said(loaded.log, "warn");
	expect_said(loaded.log, in_scratch("state.json"));
	expect_said(loaded.log, in_scratch("state.json.damaged-1"));
	expect_said(loaded.log, damaged[_i].said);
	ck_assert(!scratch_has("state.json"));
	ck_assert_int_eq(stat(in_scratch("state.json.damaged-1"), &info), 0);
	ck_assert_int_eq(info.st_size, (off_t)size);
	ck_assert_uint_eq(info.st_mode & 07777, 0600);
	ck_assert_int_eq(memcmp(scratch_read("state.json.damaged-1"), damaged[_i].bytes, size),
			 0);
	expect_saved("state.json", GOOD);
	expect_good("state.json", 1);
}
END_TEST

START_TEST(older_damaged_files_stay)
{
	for (unsigned i = 1; i <= 3; i++) {
		char text[32], name[64];

		snprintf(text, sizeof(text), "{ damage %u", i);
		scratch_write("state.json", text);
		ck_assert_ptr_null(load("state.json").tree);
		snprintf(name, sizeof(name), "state.json.damaged-%u", i);
		ck_assert_str_eq(scratch_read(name), text);
	}
	ck_assert_str_eq(scratch_read("state.json.damaged-1"), "{ damage 1");
	remove(in_scratch("state.json.damaged-2"));
	scratch_write("state.json", "{ damage 4");
	ck_assert_ptr_null(load("state.json").tree);
	ck_assert_str_eq(scratch_read("state.json.damaged-2"), "{ damage 4");
	ck_assert_uint_eq(scratch_count(), 3);
}
END_TEST

/* A saved file that breaks off anywhere is damaged, and never half read. */
START_TEST(every_truncation_is_noticed)
{
	char whole[256];
	size_t size;

	expect_saved("state.json", "{\"a\": 1, \"list\": [true, \"x\", {\"y\": null}]}");
	ck_assert_uint_lt(strlcpy(whole, scratch_read("state.json"), sizeof(whole)),
			  sizeof(whole));
	size = strlen(whole) - strlen("}\n");
	for (size_t n = 0; n <= size; n++) {
		struct loaded loaded;

		scratch_write_bytes("state.json", whole, n);
		loaded = load("state.json");
		ck_assert_msg(loaded.tree == NULL, "%zu of %zu bytes", n, size);
		ck_assert_int_eq(remove(in_scratch("state.json.damaged-1")), 0);
	}
}
END_TEST

static void expect_out_of_reach(const char *name, const char *said)
{
	struct loaded loaded = load(name);

	ck_assert_ptr_null(loaded.tree);
	ck_assert_msg(loaded.is_readonly, "%s may be overwritten", name);
	expect_said(loaded.log, "error");
	expect_said(loaded.log, in_scratch(name));
	expect_said(loaded.log, said);
}

START_TEST(a_directory_in_its_place_stays)
{
	ck_assert_int_eq(mkdir(in_scratch("state.json"), 0700), 0);
	expect_out_of_reach("state.json", "directory");
	ck_assert_uint_eq(scratch_count(), 1);
}
END_TEST

/* Nor does it hang where a pipe waits for a writer. */
START_TEST(what_is_no_file_stays)
{
	ck_assert_int_eq(mkfifo(in_scratch("state.json"), 0600), 0);
	expect_out_of_reach("state.json", "");
	ck_assert_int_eq(symlink("state2.json", in_scratch("state2.json")), 0);
	expect_out_of_reach("state2.json", "");
	scratch_write("file", "");
	expect_out_of_reach("file/state.json", "");
	ck_assert_uint_eq(scratch_count(), 3);
}
END_TEST

START_TEST(a_file_too_large_stays)
{
	scratch_write("state.json", GOOD);
	ck_assert_int_eq(truncate(in_scratch("state.json"), (off_t)1 << 40), 0);
	expect_out_of_reach("state.json", "large");
	ck_assert(scratch_has("state.json"));
}
END_TEST

START_TEST(a_file_that_may_not_be_read_stays)
{
	scratch_write("state.json", GOOD);
	ck_assert_int_eq(chmod(in_scratch("state.json"), 0), 0);
	ck_assert(be_nobody());
	expect_out_of_reach("state.json", "denied");
	be_root();
	ck_assert_int_eq(chmod(in_scratch("state.json"), 0600), 0);
	expect_good("state.json", 1);
}
END_TEST

START_TEST(a_damaged_file_that_cannot_be_set_aside_stays)
{
	scratch_write("state.json", "{ damage");
	ck_assert_int_eq(chmod(in_scratch("state.json"), 0644), 0);
	ck_assert_int_eq(chmod(scratch, 0500), 0);
	ck_assert(be_nobody());
	expect_out_of_reach("state.json", "denied");
	be_root();
	ck_assert_int_eq(chmod(scratch, 0700), 0);
	ck_assert_str_eq(scratch_read("state.json"), "{ damage");
	ck_assert_uint_eq(scratch_count(), 1);
}
END_TEST

/* ---- a copy ---- */

START_TEST(a_copy_outlives_the_file)
{
	char log[4096];
	struct stat info;

	scratch_write("state.json", "{\"a\": 1, \"odd\": 2}");
	ck_assert_int_eq(chmod(in_scratch("state.json"), 0644), 0);
	scratch_write("state.json.damaged-1", "older");
	capture();
	ck_assert(store_copy_aside(in_scratch("state.json")));
	release(log, sizeof(log));
	expect_said(log, "warn");
	expect_said(log, in_scratch("state.json.damaged-2"));
	ck_assert_int_eq(stat(in_scratch("state.json.damaged-2"), &info), 0);
	ck_assert_uint_eq(info.st_mode & 07777, 0600);
	expect_saved("state.json", GOOD);
	expect_good("state.json", 1);
	ck_assert_str_eq(scratch_read("state.json.damaged-1"), "older");
	ck_assert_str_eq(scratch_read("state.json.damaged-2"), "{\"a\": 1, \"odd\": 2}");
	ck_assert_uint_eq(scratch_count(), 3);
}
END_TEST

START_TEST(a_copy_that_cannot_be_made_is_an_error)
{
	char log[4096];
	bool is_kept;

	scratch_write("state.json", GOOD);
	ck_assert_int_eq(chmod(scratch, 0500), 0);
	ck_assert(be_nobody());
	capture();
	is_kept = store_copy_aside(in_scratch("state.json"));
	release(log, sizeof(log));
	be_root();
	ck_assert_int_eq(chmod(scratch, 0700), 0);
	ck_assert(!is_kept);
	expect_said(log, "error");
	expect_said(log, in_scratch("state.json"));
	expect_good("state.json", 1);
}
END_TEST

/* ---- writing ---- */

static void expect_not_saved(const char *name, const char *said)
{
	char log[4096];

	errno = 0;
	ck_assert(!save(name, "{\"a\": 2}", log, sizeof(log)));
	ck_assert_int_ne(errno, 0);
	expect_said(log, "error");
	expect_said(log, in_scratch(name));
	expect_said(log, said);
}

START_TEST(what_a_crash_left_behind_is_written_over)
{
	struct stat info;

	expect_saved("state.json", GOOD);
	scratch_write("state.json.new",
		      "{\"a\": half of it and much more than the new one has");
	ck_assert_int_eq(chmod(in_scratch("state.json.new"), 0666), 0);
	expect_good("state.json", 1);
	expect_saved("state.json", "{\"a\": 2}");
	expect_good("state.json", 2);
	ck_assert_int_eq(stat(in_scratch("state.json"), &info), 0);
	ck_assert_uint_eq(info.st_mode & 07777, 0600);
	ck_assert_uint_eq(scratch_count(), 1);
}
END_TEST

START_TEST(without_a_directory_nothing_is_saved)
{
	expect_not_saved("nowhere/state.json", "No such");
	ck_assert_uint_eq(scratch_count(), 0);
}
END_TEST

START_TEST(a_directory_in_its_place_is_not_replaced)
{
	ck_assert_int_eq(mkdir(in_scratch("state.json"), 0700), 0);
	expect_not_saved("state.json", "directory");
	ck_assert_uint_eq(scratch_count(), 1);
	ck_assert_int_eq(mkdir(in_scratch("other.json.new"), 0700), 0);
	expect_not_saved("other.json", "directory");
	ck_assert(scratch_has("other.json.new"));
}
END_TEST

/* Else whoever may write there could have us write elsewhere. */
START_TEST(a_link_at_the_new_name_is_not_followed)
{
	scratch_write("victim", "untouched");
	ck_assert_int_eq(symlink("victim", in_scratch("state.json.new")), 0);
	expect_not_saved("state.json", "");
	ck_assert_str_eq(scratch_read("victim"), "untouched");
}
END_TEST

START_TEST(an_unwritable_directory_keeps_the_old_file)
{
	expect_saved("state.json", GOOD);
	ck_assert_int_eq(chmod(scratch, 0500), 0);
	ck_assert(be_nobody());
	expect_not_saved("state.json", "denied");
	be_root();
	ck_assert_int_eq(chmod(scratch, 0700), 0);
	expect_good("state.json", 1);
	ck_assert_uint_eq(scratch_count(), 1);
}
END_TEST

START_TEST(a_directory_for_files_is_told_from_others)
{
	ck_assert(store_has_directory(scratch));
	ck_assert(!store_has_directory(in_scratch("nowhere")));
	ck_assert_int_eq(errno, ENOENT);
	scratch_write("file", "");
	ck_assert(!store_has_directory(in_scratch("file")));
	ck_assert_int_eq(errno, ENOTDIR);
	ck_assert_int_eq(chmod(scratch, 0500), 0);
	ck_assert(be_nobody());
	bool has_directory = store_has_directory(scratch);
	int error = errno;
	be_root();
	ck_assert_int_eq(chmod(scratch, 0700), 0);
	ck_assert(!has_directory);
	ck_assert_int_eq(error, EACCES);
}
END_TEST

/* As on a full disk, writing fails in the middle. */
START_TEST(a_full_disk_keeps_the_old_file)
{
	struct rlimit limit, old;
	cJSON *large = cJSON_CreateObject();
	char text[4001], log[4096];
	bool is_saved;

	expect_saved("state.json", GOOD);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	cJSON_AddStringToObject(large, "text", text);
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit = (struct rlimit){1000, old.rlim_max};
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	capture();
	is_saved = store_save(in_scratch("state.json"), large);
	release(log, sizeof(log));
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &old), 0);
	cJSON_Delete(large);
	ck_assert(!is_saved);
	expect_said(log, in_scratch("state.json"));
	expect_good("state.json", 1);
	ck_assert_uint_eq(scratch_count(), 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store");
	TCase *tcase = tcase_create("store");

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, setup, scratch_teardown);
	tcase_add_test(tcase, no_file_is_no_news);
	tcase_add_test(tcase, what_is_saved_is_loaded);
	tcase_add_test(tcase, who_only_reads_needs_no_flag);
	tcase_add_loop_test(tcase, a_damaged_file_is_set_aside, 0, COUNT(damaged));
	tcase_add_test(tcase, older_damaged_files_stay);
	tcase_add_test(tcase, every_truncation_is_noticed);
	tcase_add_test(tcase, a_directory_in_its_place_stays);
	tcase_add_test(tcase, what_is_no_file_stays);
	tcase_add_test(tcase, a_file_too_large_stays);
	tcase_add_test(tcase, a_file_that_may_not_be_read_stays);
	tcase_add_test(tcase, a_damaged_file_that_cannot_be_set_aside_stays);
	tcase_add_test(tcase, a_copy_outlives_the_file);
	tcase_add_test(tcase, a_copy_that_cannot_be_made_is_an_error);
	tcase_add_test(tcase, what_a_crash_left_behind_is_written_over);
	tcase_add_test(tcase, without_a_directory_nothing_is_saved);
	tcase_add_test(tcase, a_directory_in_its_place_is_not_replaced);
	tcase_add_test(tcase, a_link_at_the_new_name_is_not_followed);
	tcase_add_test(tcase, an_unwritable_directory_keeps_the_old_file);
	tcase_add_test(tcase, a_directory_for_files_is_told_from_others);
	tcase_add_test(tcase, a_full_disk_keeps_the_old_file);
	return suite_main(suite);
}
