/* SPDX-License-Identifier: MIT */
/*
 * The salts of server lists: whose keys count, for how long, with which suffix; and what the
 * file keeps of them. Time is an argument here.
 */
#include "salts.h"

#include <bsd/string.h>
#include <check.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture.h"
#include "log.h"
#include "said.h"
#include "scratch.h"
#include "suite.h"

#define NOW    1800000000
#define HOUR   3600
#define LISTS  "'heartbeats':[{'type':'classicube'},{'type':'notchian','name-suffix':'@b'}]"
#define FIRST  "https://www.classicube.net/server/heartbeat/"
#define SECOND "https://betacraft.uk/heartbeat.jsp"
#define SALT_A "0123456789abcdef"

static struct salts *salts;
static struct config *config;

static void setup(void)
{
	scratch_setup();
	log_init(LOG_INFO, LOG_COLOR_NEVER, false);
	salts = salts_new(scratch);
	ck_assert_ptr_nonnull(salts);
	config = NULL;
}

static void teardown(void)
{
	salts_free(salts);
	config_free(config);
	scratch_teardown();
}

/* A configuration, with ' for ". */
static struct config *parsed(char *text)
{
	struct said said;

	for (char *c = text; *c != '\0'; c++)
		if (*c == '\'')
			*c = '"';
	struct config *made = parse(text, &said);
	ck_assert_msg(made != NULL, "%s", said.text);
	return made;
}

/* Follows a configuration, likewise. */
static void follow(const char *members, int64_t now_s)
{
	char text[2048];

	snprintf(text, sizeof(text), "{'state-dir':'%s'%s%s}", scratch,
		 members[0] != '\0' ? "," : "", members);
	config_free(config);
	config = parsed(text);
	salts_follow(salts, config, now_s);
}

/* The program ends and starts again. */
static void restart(const char *members, int64_t now_s)
{
	salts_free(salts);
	salts = salts_new(scratch);
	ck_assert_ptr_nonnull(salts);
	follow(members, now_s);
}

static void get(size_t list, char out[static SALTS_MAX + 1])
{
	ck_assert_uint_lt(list, config->n_heartbeats);
	ck_assert(salts_get(salts, &config->heartbeats[list], out));
}

/* The suffix that a key made with a salt brings, or NULL if it does not count. */
static const char *suffix_of(const char *salt, int64_t now_s)
{
	static char suffix[AUTH_SUFFIX_MAX + 1];
	char key[AUTH_KEY_LEN + 1];

	auth_key(key, salt, "Alice");
	ck_assert(!salts_match(salts, config, "Bob", key, now_s, suffix));
	return salts_match(salts, config, "Alice", key, now_s, suffix) ? suffix : NULL;
}

START_TEST(each_list_has_its_own_salt_and_suffix)
{
	char first[SALTS_MAX + 1], second[SALTS_MAX + 1];

	follow(LISTS, NOW);
	get(0, first);
	get(1, second);
	ck_assert_uint_eq(strlen(first), AUTH_SALT_LEN);
	ck_assert_str_ne(first, second);
	ck_assert_str_eq(suffix_of(first, NOW), "");
	ck_assert_str_eq(suffix_of(second, NOW), "@b");
	ck_assert_ptr_null(suffix_of("", NOW));
	ck_assert_ptr_null(suffix_of(SALT_A, NOW));
	/* what changes beside them does not change them */
	follow(LISTS ",'salt':'" SALT_A "'", NOW + 9);
	ck_assert_str_eq(suffix_of(first, NOW + 9), "");
	/* and a list that is gone has none */
	follow("'heartbeats':[{'type':'classicube'}]", NOW + 9);
	ck_assert_ptr_null(suffix_of(second, NOW + 9));
	ck_assert_uint_eq(scratch_count(), 0);
}
END_TEST

START_TEST(listeners_are_told_apart)
{
	char first[SALTS_MAX + 1], second[SALTS_MAX + 1];

	follow("'listeners':[{'port':7}],'heartbeats':[{'type':'classicube'},"
	       "{'type':'classicube','listener':7}]",
	       NOW);
	get(0, first);
	get(1, second);
	ck_assert_str_ne(first, second);
}
END_TEST

START_TEST(lists_without_keys_have_no_salt)
{
	char out[SALTS_MAX + 1] = "x";

	follow("'heartbeats':[{'type':'betacraft-v2'}]", NOW);
	ck_assert(!salts_get(salts, &config->heartbeats[0], out));
	ck_assert_str_eq(out, "");
}
END_TEST

START_TEST(heartbeat_true_has_the_salt_of_all)
{
	char out[SALTS_MAX + 1];

	follow("'heartbeat':true,'salt':'" SALT_A "','salt-file':'s.json'", NOW);
	get(0, out);
	ck_assert_str_eq(out, SALT_A);
	/* it is in the configuration, and not in the file */
	ck_assert(!scratch_has("s.json") || strstr(scratch_read("s.json"), SALT_A) == NULL);
	follow("'heartbeat':true,'salt-file':'s.json'", NOW + 5);
	get(0, out);
	ck_assert_str_ne(out, SALT_A);
	ck_assert_ptr_nonnull(strstr(scratch_read("s.json"), out));
	ck_assert_str_eq(suffix_of(SALT_A, NOW + 5), "");
}
END_TEST

/* The salt of all, too, counts for a while after it was changed, or taken away. */
START_TEST(a_former_salt_counts_for_a_while)
{
	const char *next = _i == 0 ? "'salt':'another','salt-grace-s':60" : "'salt-grace-s':60";

	follow("'salt':'" SALT_A "'", NOW);
	ck_assert_ptr_null(suffix_of(SALT_A, NOW)); /* who has the present one asks elsewhere */
	follow(next, NOW + 100);
	ck_assert_str_eq(suffix_of(SALT_A, NOW + 159), "");
	ck_assert_ptr_null(suffix_of(SALT_A, NOW + 160));
	follow(next, NOW + 120); /* without a change it does not count for longer */
	ck_assert_ptr_null(suffix_of(SALT_A, NOW + 160));
}
END_TEST

START_TEST(without_grace_it_does_not)
{
	follow("'salt':'" SALT_A "','salt-grace-s':0", NOW);
	follow("'salt':'another','salt-grace-s':0", NOW + 1);
	ck_assert_ptr_null(suffix_of(SALT_A, NOW + 1));
	/* also when the grace is taken away later */
	follow("'salt':'third'", NOW + 2);
	ck_assert_str_eq(suffix_of("another", NOW + 2), "");
	follow("'salt':'third','salt-grace-s':0", NOW + 3);
	ck_assert_ptr_null(suffix_of("another", NOW + 3));
}
END_TEST

START_TEST(salts_grow_old)
{
	char before[SALTS_MAX + 1], after[SALTS_MAX + 1], text[2048];

	follow(LISTS, NOW);
	ck_assert_int_eq(salts_rotate(salts, NOW + 1000 * HOUR), INT64_MAX);
	restart(LISTS ",'salt-rotation-h':24", NOW);
	get(1, before);
	ck_assert_int_eq(salts_rotate(salts, NOW), NOW + 24 * HOUR);
	ck_assert_int_eq(salts_rotate(salts, NOW + 24 * HOUR - 1), NOW + 24 * HOUR);
	get(1, after);
	ck_assert_str_eq(before, after);
	capture();
	ck_assert_int_eq(salts_rotate(salts, NOW + 24 * HOUR + 7), NOW + 48 * HOUR + 7);
	release(text, sizeof(text));
	ck_assert_ptr_nonnull(strstr(text, "a new salt for " FIRST));
	ck_assert_ptr_nonnull(strstr(text, "a new salt for " SECOND));
	get(1, after);
	ck_assert_str_ne(before, after);
	ck_assert_ptr_null(strstr(text, before));
	ck_assert_ptr_null(strstr(text, after));
	ck_assert_str_eq(suffix_of(after, NOW + 24 * HOUR + 7), "@b");
	ck_assert_str_eq(suffix_of(before, NOW + 25 * HOUR + 6), "@b");
	ck_assert_ptr_null(suffix_of(before, NOW + 25 * HOUR + 7));
}
END_TEST

START_TEST(the_file_survives_a_restart)
{
	char first[SALTS_MAX + 1], second[SALTS_MAX + 1], again[SALTS_MAX + 1];
	struct stat status;

	follow(LISTS ",'salt-file':'s.json','salt-rotation-h':1", NOW);
	get(0, first);
	ck_assert_int_eq(stat(in_scratch("s.json"), &status), 0);
	ck_assert_uint_eq(status.st_mode & 0777, 0600);
	restart(LISTS ",'salt-file':'s.json','salt-rotation-h':1", NOW + 10);
	get(0, again);
	ck_assert_str_eq(first, again);
	/* the age and the one before survive it too */
	ck_assert_int_eq(salts_rotate(salts, NOW + 10), NOW + HOUR);
	salts_rotate(salts, NOW + HOUR);
	get(0, second);
	restart(LISTS ",'salt-file':'s.json','salt-rotation-h':1", NOW + HOUR + 10);
	ck_assert_str_eq(suffix_of(second, NOW + HOUR + 10), "");
	ck_assert_str_eq(suffix_of(first, NOW + 2 * HOUR - 1), "");
	ck_assert_ptr_null(suffix_of(first, NOW + 2 * HOUR));
	ck_assert_uint_eq(scratch_count(), 1);
}
END_TEST

/* What is known goes into a file that comes later, and what that has besides stays there. */
START_TEST(another_file_is_taken_over)
{
	char first[SALTS_MAX + 1], out[SALTS_MAX + 1];

	scratch_write("s.json", "{\"services\":{\"http://gone/\":{\"salt\":\"kept\","
				"\"made\":5},\"" FIRST "\":{\"salt\":\"other\",\"made\":5}}}");
	chmod(in_scratch("s.json"), 0600);
	follow(LISTS, NOW);
	get(0, first);
	follow(LISTS ",'salt-file':'s.json'", NOW + 1);
	get(0, out);
	ck_assert_str_eq(out, first);
	ck_assert_ptr_nonnull(strstr(scratch_read("s.json"), first));
	ck_assert_ptr_nonnull(strstr(scratch_read("s.json"), "\"kept\""));
	ck_assert_ptr_null(strstr(scratch_read("s.json"), "\"other\""));
	restart(LISTS ",'salt-file':'s.json'", NOW + 2);
	get(0, out);
	ck_assert_str_eq(out, first);
}
END_TEST

START_TEST(paths_can_be_absolute)
{
	char members[1024];

	snprintf(members, sizeof(members), LISTS ",'salt-file':'%s'", in_scratch("x.json"));
	salts_free(salts);
	salts = salts_new("/nonexistent");
	follow(members, NOW);
	ck_assert(scratch_has("x.json"));
}
END_TEST

/* clang-format off */
static const struct {
	const char *text, *warning;
	unsigned files; /* there is one aside */
} damaged[] = {
	{"{\"services\":", "is damaged", 2},
	{"[]", "is damaged", 2},
	{"{\"services\":[]}", "is left out", 2},
	{"{\"services\":{\"a\":{\"salt\":\"\",\"made\":1}}}", "is left out", 2},
	{"{\"services\":{\"a\":{\"salt\":\"with space\",\"made\":1}}}", "is left out", 2},
	{"{\"services\":{\"a\":{\"salt\":\"x\",\"made\":\"1\"}}}", "is left out", 2},
	{"{\"services\":{\"a\":{\"salt\":\"x\",\"made\":-1}}}", "is left out", 2},
	{"{\"services\":{\"a\":{\"salt\":\"x\",\"made\":1e300}}}", "is left out", 2},
	{"{\"services\":{\"a\":{\"salt\":\"x\",\"made\":1,\"previous\":\"y\"}}}", "is left out", 2},
	{"{\"services\":{\"a\":{\"salt\":\"x\",\"made\":1,\"previous\":7,\"until\":2}}}", "is left out", 2},
	{"{\"services\":{\"a\":7}}", "is left out", 2},
};
/* clang-format on */

START_TEST(damaged_files_are_set_aside)
{
	char text[4096], out[SALTS_MAX + 1];
	struct stat status;

	scratch_write("s.json", damaged[_i].text);
	chmod(in_scratch("s.json"), 0644);
	capture();
	follow(LISTS ",'salt-file':'s.json'", NOW);
	release(text, sizeof(text));
	ck_assert_msg(strstr(text, damaged[_i].warning) != NULL, "%s", text);
	ck_assert_uint_eq(scratch_count(), damaged[_i].files);
	ck_assert_str_eq(scratch_read("s.json.damaged-1"), damaged[_i].text);
	ck_assert_int_eq(stat(in_scratch("s.json.damaged-1"), &status), 0);
	ck_assert_uint_eq(status.st_mode & 0777, 0600);
	get(0, out);
	ck_assert_ptr_nonnull(strstr(scratch_read("s.json"), out));
}
END_TEST

/* What has no salts in it is somebody else's: it is not touched, neither now nor later. */
START_TEST(a_foreign_file_stays_as_it_is)
{
	static const char *const foreign[] = {"{}", "{\"Services\": {}}",
					      "{\"bans\":[{\"name\":\"Bob\"}]}"};
	char text[2048], out[SALTS_MAX + 1];
	struct stat status;

	scratch_write("s.json", foreign[_i]);
	chmod(in_scratch("s.json"), 0644);
	capture();
	follow(LISTS ",'salt-file':'s.json','salt-rotation-h':1", NOW);
	release(text, sizeof(text));
	ck_assert_msg(strstr(text, "error") != NULL && strstr(text, in_scratch("s.json")) &&
			      strstr(text, "is no file of salts"),
		      "%s", text);
	ck_assert_ptr_null(strstr(text, "by others"));
	salts_rotate(salts, NOW + HOUR);
	get(0, out);
	ck_assert_str_eq(suffix_of(out, NOW + HOUR), "");
	ck_assert_str_eq(scratch_read("s.json"), foreign[_i]);
	ck_assert_int_eq(stat(in_scratch("s.json"), &status), 0);
	ck_assert_uint_eq(status.st_mode & 0777, 0644);
	ck_assert_uint_eq(scratch_count(), 1);
}
END_TEST

START_TEST(a_file_for_all_to_read_is_closed)
{
	char text[2048];
	struct stat status;

	scratch_write("s.json", "{\"services\":{\"" FIRST "\":{\"salt\":\"abc\",\"made\":5}}}");
	chmod(in_scratch("s.json"), 0644);
	capture();
	follow("'heartbeats':[{'type':'classicube'}],'salt-file':'s.json'", NOW);
	release(text, sizeof(text));
	ck_assert_ptr_nonnull(strstr(text, "could be read by others"));
	ck_assert_int_eq(stat(in_scratch("s.json"), &status), 0);
	ck_assert_uint_eq(status.st_mode & 0777, 0600);
	ck_assert_str_eq(suffix_of("abc", NOW), "");
}
END_TEST

/* What is said of the mode is true even if nothing can be written. */
START_TEST(a_file_is_closed_before_it_is_said)
{
	char text[2048];
	struct stat status;

	scratch_write("s.json", "{\"services\":{\"" FIRST "\":{\"salt\":\"abc\",\"made\":5}}}");
	chmod(in_scratch("s.json"), 0644);
	ck_assert_int_eq(mkdir(in_scratch("s.json.new"), 0700), 0);
	capture();
	follow(LISTS ",'salt-file':'s.json'", NOW);
	release(text, sizeof(text));
	ck_assert_ptr_nonnull(strstr(text, "can't be written"));
	ck_assert_ptr_nonnull(strstr(text, "now it can't be"));
	ck_assert_int_eq(stat(in_scratch("s.json"), &status), 0);
	ck_assert_uint_eq(status.st_mode & 0777, 0600);
	ck_assert_int_eq(rmdir(in_scratch("s.json.new")), 0);
}
END_TEST

START_TEST(a_file_of_another_owner_is_warned_of)
{
	char text[2048];
	struct stat status;

	if (geteuid() != 0)
		return; /* nobody else can give files away */
	scratch_write("s.json", "{\"services\":{\"" FIRST "\":{\"salt\":\"abc\",\"made\":5}}}");
	chmod(in_scratch("s.json"), 0644);
	ck_assert_int_eq(mkdir(in_scratch("s.json.new"), 0700), 0);
	capture();
	ck_assert(be_nobody());
	follow(LISTS ",'salt-file':'s.json'", NOW);
	be_root();
	release(text, sizeof(text));
	ck_assert_ptr_nonnull(
		strstr(text, "its mode can't be changed: Operation not permitted"));
	ck_assert_ptr_null(strstr(text, "now it can't be"));
	ck_assert_int_eq(stat(in_scratch("s.json"), &status), 0);
	ck_assert_uint_eq(status.st_mode & 0777, 0644);
	ck_assert_int_eq(rmdir(in_scratch("s.json.new")), 0);
}
END_TEST

START_TEST(where_the_file_cannot_be_is_found_out)
{
	static const struct {
		const char *members, *said;
	} places[] = {
		{"", NULL},
		{"'salt-file':'s.json'", NULL},
		{"'salt-file':'/s.json'", NULL},
		{"'salt-file':'/nonexistent/s.json'",
		 "salt-file: no files can be made in /nonexistent: No such file or directory; "
		 "salts count until Kurafuto ends"},
		{"'salt-file':'no/s.json'", "/no: No such file or directory; "},
		{"'salt-file':'file/s.json'", "/file: Not a directory; "},
	};
	char text[2048], why[2048] = "";

	scratch_write("file", "");
	if (places[_i].said == NULL && strstr(places[_i].members, "'/") && geteuid() != 0)
		return; /* only root writes there */
	snprintf(text, sizeof(text), "{'state-dir':'%s'%s%s}", scratch,
		 places[_i].members[0] != '\0' ? "," : "", places[_i].members);
	config = parsed(text);
	ck_assert(salts_check(config, why, sizeof(why)) == (places[_i].said == NULL));
	ck_assert_msg(strstr(why, places[_i].said != NULL ? places[_i].said : "") != NULL, "%s",
		      why);
}
END_TEST

/* A clock that was set back makes nothing count longer than it should. */
START_TEST(times_in_the_future_are_limited)
{
	scratch_write("s.json",
		      "{\"services\":{\"" FIRST "\":{\"salt\":\"abc\",\"made\":9000000000,"
		      "\"previous\":\"def\",\"until\":9000000000}}}");
	chmod(in_scratch("s.json"), 0600);
	follow("'heartbeats':[{'type':'classicube'}],'salt-file':'s.json','salt-rotation-h':1",
	       NOW);
	ck_assert_str_eq(suffix_of("def", NOW + HOUR - 1), "");
	ck_assert_ptr_null(suffix_of("def", NOW + HOUR));
	ck_assert_int_eq(salts_rotate(salts, NOW), NOW + HOUR);
}
END_TEST

START_TEST(a_file_that_cannot_be_written_is_tried_again)
{
	char text[2048], out[SALTS_MAX + 1];

	capture();
	follow(LISTS ",'salt-file':'no/s.json'", NOW);
	release(text, sizeof(text));
	ck_assert_ptr_nonnull(strstr(text, "can't be written"));
	get(0, out);
	capture();
	ck_assert_int_eq(salts_rotate(salts, NOW + 1), NOW + 300);
	release(text, sizeof(text));
	ck_assert_str_eq(text, "");
	ck_assert_int_eq(mkdir(in_scratch("no"), 0700), 0);
	ck_assert_int_eq(salts_rotate(salts, NOW + 300), INT64_MAX);
	ck_assert_ptr_nonnull(strstr(scratch_read("no/s.json"), out));
	remove(in_scratch("no/s.json"));
}
END_TEST

START_TEST(peeking_finds_the_first_list)
{
	char out[SALTS_MAX + 1], want[SALTS_MAX + 1];

	follow(LISTS, NOW);
	ck_assert(!salts_peek(config, out));
	follow("'heartbeats':[{'type':'betacraft-v2'},{'type':'classicube'}],"
	       "'salt-file':'s.json'",
	       NOW);
	get(1, want);
	ck_assert(salts_peek(config, out));
	ck_assert_str_eq(out, want);
	remove(in_scratch("s.json"));
	ck_assert(!salts_peek(config, out));
	ck_assert_uint_eq(scratch_count(), 0);
}
END_TEST

/* ---- several threads ---- */

static atomic_bool is_over;

/* A key that was good a moment ago is, unless its salt has been replaced meanwhile. */
static void *log_in(void *argument)
{
	char salt[SALTS_MAX + 1], later[SALTS_MAX + 1];
	char suffix[AUTH_SUFFIX_MAX + 1], key[AUTH_KEY_LEN + 1];
	atomic_uint *bad = argument;

	while (!atomic_load(&is_over)) {
		bool has_salt = salts_get(salts, &config->heartbeats[1], salt);

		auth_key(key, salt, "Alice");
		bool fits = salts_match(salts, config, "Alice", key, NOW, suffix) &&
			    strcmp(suffix, "@b") == 0;
		if (!has_salt || (!fits && salts_get(salts, &config->heartbeats[1], later) &&
				  strcmp(salt, later) == 0))
			atomic_fetch_add(bad, 1);
	}
	return NULL;
}

START_TEST(logins_go_on_while_salts_change)
{
	pthread_t threads[2];
	atomic_uint bad = 0;

	follow(LISTS ",'salt-rotation-h':1,'salt-file':'s.json','salt-grace-s':604800", NOW);
	for (size_t i = 0; i < 2; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, log_in, &bad), 0);
	for (int64_t i = 1; i <= 20; i++) {
		salts_rotate(salts, NOW + i * HOUR);
		salts_follow(salts, config, NOW + i * HOUR);
		poll(NULL, 0, 5);
	}
	atomic_store(&is_over, true);
	for (size_t i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	ck_assert_uint_eq(atomic_load(&bad), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("salts");
	TCase *tcase = tcase_create("salts");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, each_list_has_its_own_salt_and_suffix);
	tcase_add_test(tcase, listeners_are_told_apart);
	tcase_add_test(tcase, lists_without_keys_have_no_salt);
	tcase_add_test(tcase, heartbeat_true_has_the_salt_of_all);
	tcase_add_loop_test(tcase, a_former_salt_counts_for_a_while, 0, 2);
	tcase_add_test(tcase, without_grace_it_does_not);
	tcase_add_test(tcase, salts_grow_old);
	tcase_add_test(tcase, the_file_survives_a_restart);
	tcase_add_test(tcase, another_file_is_taken_over);
	tcase_add_test(tcase, paths_can_be_absolute);
	tcase_add_loop_test(tcase, damaged_files_are_set_aside, 0,
			    (int)(sizeof(damaged) / sizeof(damaged[0])));
	tcase_add_loop_test(tcase, a_foreign_file_stays_as_it_is, 0, 3);
	tcase_add_test(tcase, a_file_for_all_to_read_is_closed);
	tcase_add_test(tcase, a_file_is_closed_before_it_is_said);
	tcase_add_test(tcase, a_file_of_another_owner_is_warned_of);
	tcase_add_loop_test(tcase, where_the_file_cannot_be_is_found_out, 0, 6);
	tcase_add_test(tcase, times_in_the_future_are_limited);
	tcase_add_test(tcase, a_file_that_cannot_be_written_is_tried_again);
	tcase_add_test(tcase, peeking_finds_the_first_list);
	tcase_add_test(tcase, logins_go_on_while_salts_change);
	suite_add_tcase(suite, tcase);
	return suite_main(suite);
}
