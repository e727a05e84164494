/* SPDX-License-Identifier: MIT */
/*
 * Where players were: what is known of them now, after the file was written and read again, and
 * when there are more of them than are remembered.
 */
#include "places.h"

#include <bsd/string.h>
#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture.h"
#include "log.h"
#include "net.h"
#include "scratch.h"
#include "suite.h"

#define FILE_NAME "places.json"
#define MOST      20000
#define THREADS   4
#define ROUNDS    2000
#define NAME_32   "a2345678901234567890123456789012"

static struct places *places;

static void setup(void)
{
	scratch_setup();
	log_init(LOG_INFO, LOG_COLOR_NEVER, false);
	places = places_new(scratch);
	ck_assert_ptr_nonnull(places);
}

static void teardown(void)
{
	places_free(places);
	scratch_teardown();
}

static void restart(void)
{
	places_free(places);
	places = places_new(scratch);
	ck_assert_ptr_nonnull(places);
}

static void expect_at(const char *player, const char *server)
{
	char found[CONFIG_NAME_MAX + 1] = "nothing";

	if (server == NULL) {
		ck_assert_msg(!places_find(places, player, found), "%s is at %s", player,
			      found);
		return;
	}
	ck_assert_msg(places_find(places, player, found), "%s is nowhere", player);
	ck_assert_str_eq(found, server);
}

START_TEST(the_last_place_counts)
{
	expect_at("Alice", NULL);
	places_note(places, "Alice", "alpha");
	places_note(places, "Bob", "alpha");
	places_note(places, "Alice", "beta");
	places_note(places, "Alice", "beta");
	expect_at("Alice", "beta");
	expect_at("ALICE", "beta"); /* one player, however it is written */
	expect_at("Bob", "alpha");
	expect_at("Alic", NULL);
	places_note(places, "aLICE", "alpha");
	expect_at("Alice", "alpha");
	restart();
	expect_at("Alice", "alpha");
	expect_at("Bob", "alpha");
}
END_TEST

START_TEST(long_names_are_kept)
{
	places_note(places, "A-16_letters.na@", NAME_32);
	places_note(places, "A-16_letters.na@+abc", "alpha");
	restart();
	expect_at("A-16_letters.na@", NAME_32);
	expect_at("A-16_letters.na@+abc", "alpha");
}
END_TEST

/* The thread writes the file when it is told to. */
static void await_file(void)
{
	int64_t deadline_ms = net_now_ms() + 10000;

	while (!scratch_has(FILE_NAME)) {
		ck_assert_msg(net_now_ms() < deadline_ms, "it is not written");
		poll(NULL, 0, 1); /* a file can't be waited for */
	}
}

/* A file is written when something has changed, and not otherwise. */
START_TEST(the_disk_is_left_alone)
{
	places_save(places);
	restart();
	ck_assert(!scratch_has(FILE_NAME));
	places_note(places, "Alice", "alpha");
	ck_assert(!scratch_has(FILE_NAME));
	places_save(places);
	await_file();
	ck_assert_int_eq(remove(in_scratch(FILE_NAME)), 0);
	places_note(places, "Alice", "alpha"); /* is no news */
	places_save(places);
	restart();
	ck_assert(!scratch_has(FILE_NAME));
}
END_TEST

/* Whoever saves does not wait, and neither does whoever looks: not for a disk that hangs. The
 * end waits, but not for ever; then the places still belong to the thread. */
START_TEST(nobody_waits_for_the_disk)
{
	int64_t started_ms = net_now_ms();
	char log[4096];
	int fd;

	capture();
	ck_assert_int_eq(mkfifo(in_scratch(FILE_NAME ".new"), 0600), 0);
	places_note(places, "Alice", "alpha");
	places_save(places);
	places_note(places, "Bob", "beta");
	places_save(places);
	expect_at("Alice", "alpha");
	ck_assert_int_lt(net_now_ms() - started_ms, 1000);
	ck_assert(!places_stop(places));
	ck_assert_int_ge(net_now_ms() - started_ms, 1000);
	places_free(places);
	expect_at("Bob", "beta");                                      /* so it was not freed */
	fd = open(in_scratch(FILE_NAME ".new"), O_RDONLY | O_CLOEXEC); /* it goes on */
	ck_assert_int_ge(fd, 0);
	ck_assert(places_stop(places));
	ck_assert(places_stop(places));
	release(log, sizeof(log)); /* no pipe is a disk */
	close(fd);
}
END_TEST

START_TEST(nothing_is_half_written)
{
	struct stat info;

	places_note(places, "Alice", "alpha");
	places_save(places);
	await_file();
	ck_assert_str_eq(scratch_read(FILE_NAME),
			 "{\n\t\"players\":\t{\n\t\t\"Alice\":\t\"alpha\"\n\t}\n}\n");
	ck_assert_uint_eq(scratch_count(), 1);
	ck_assert_int_eq(stat(in_scratch(FILE_NAME), &info), 0);
	ck_assert_uint_eq(info.st_mode & 077, 0); /* who plays where is nobody's business */
}
END_TEST

/* ---- too many ---- */

/* A file with so many players, p0 the latest, behind one that was seen later still. */
static void write_players(const char *latest, unsigned n)
{
	size_t size = (n + 2) * 32;
	char *text = malloc(size);

	ck_assert_ptr_nonnull(text);
	size_t at = (size_t)snprintf(text, size, "{\"players\":{\"%s\":\"beta\"", latest);
	for (unsigned i = 0; i < n; i++)
		at += (size_t)snprintf(text + at, size - at, ",\"p%u\":\"alpha\"", i);
	strlcat(text, "}}", size);
	scratch_write(FILE_NAME, text);
	free(text);
	restart();
}

START_TEST(who_was_seen_longest_ago_is_forgotten)
{
	write_players("first", MOST - 1);
	places_note(places, "p19998", "beta"); /* is here again */
	places_note(places, "new1", "alpha");
	places_note(places, "new2", "alpha");
	expect_at("p19998", "beta");
	expect_at("p19997", NULL);
	expect_at("p19996", NULL);
	expect_at("p19995", "alpha");
	restart(); /* the file knows the order, too */
	places_note(places, "new3", "alpha");
	expect_at("first", "beta");
	expect_at("p19998", "beta");
	expect_at("p19995", NULL);
	expect_at("p19994", "alpha");
	expect_at("new1", "alpha");
}
END_TEST

/* A player is found as quickly among many as among few. */
START_TEST(many_players_are_found_at_once)
{
	char found[CONFIG_NAME_MAX + 1];
	int64_t started_ms;

	write_players("first", MOST - 1);
	started_ms = net_now_ms();
	for (unsigned i = 0; i < 200000; i++)
		ck_assert(!places_find(places, "p20000", found));
	ck_assert_int_lt(net_now_ms() - started_ms, 5000); /* a walk takes 100 us */
}
END_TEST

/* Of a file with more players than are remembered the latest count. */
START_TEST(a_long_file_is_cut)
{
	write_players("first", MOST);
	expect_at("first", "beta");
	expect_at("p0", "alpha");
	expect_at("p19998", "alpha");
	expect_at("p19999", NULL);
}
END_TEST

/* ---- files that are not ours ---- */

START_TEST(a_damaged_file_is_set_aside)
{
	char log[4096];

	scratch_write(FILE_NAME, "{\"players\":{\"Alice\":\"al");
	capture();
	restart();
	release(log, sizeof(log));
	ck_assert_msg(strncmp(log, "warn  ", 6) == 0 && strstr(log, "is set aside as") != NULL,
		      "%s", log);
	ck_assert_str_eq(scratch_read(FILE_NAME ".damaged-1"), "{\"players\":{\"Alice\":\"al");
	expect_at("Alice", NULL);
	places_note(places, "Alice", "beta");
	restart();
	expect_at("Alice", "beta");
}
END_TEST

/* clang-format off */
static const struct {
	const char *text, *told;
} odd_files[] = {
	{"{\"players\":[],\"x\":1}", "\"players\" is not what this file has"},
	{"{\"players\":null}", "\"players\" is not what this file has"},
	{"{\"places\":{},\"players\":{\"Carol\":\"beta\"}}", "\"places\" is not what this file has"},
	{"{\"players\":{\"Alice\":{},\"Carol\":\"beta\"}}", "players.Alice: that should be the name of a server"},
	{"{\"players\":{\"Alice\":5,\"Carol\":\"beta\"}}", "players.Alice: that should be the name of a server"},
	{"{\"players\":{\"a name\":\"alpha\",\"Carol\":\"beta\"}}", "players.a name: that is not a name"},
	{"{\"players\":{\"\":\"alpha\"}}", "players.: that is not a name"},
	{"{\"players\":{\"Alice\":\"" NAME_32 "3\"}}", "players.Alice: that is longer"},
};
/* clang-format on */

/* It is said once, with a copy of the file as it was, and whoever else is in it counts. */
START_TEST(what_is_not_understood_is_kept_apart)
{
	const char *text = odd_files[_i].text;
	char log[4096];

	scratch_write(FILE_NAME, text);
	for (unsigned pass = 0; pass < 2; pass++) {
		capture();
		restart();
		release(log, sizeof(log));
		ck_assert_msg((strstr(log, odd_files[_i].told) != NULL) == (pass == 0), "%s",
			      log);
		ck_assert_str_eq(scratch_read(FILE_NAME ".damaged-1"), text);
		ck_assert_uint_eq(scratch_count(), 2);
		expect_at("Alice", NULL);
		expect_at("a name", NULL);
		expect_at("", NULL);
		expect_at("Carol", strstr(text, "Carol") != NULL ? "beta" : NULL);
	}
	ck_assert_str_eq(log, "");
}
END_TEST

/* Many of the same are counted. */
START_TEST(many_odd_entries_are_a_few_lines)
{
	char text[4096] = "{\"players\":{\"Carol\":\"beta\"", log[16384];
	size_t at = strlen(text);

	for (unsigned i = 0; i < 100; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, ",\"p%u\":%u", i, i);
	strlcat(text, "}}", sizeof(text));
	scratch_write(FILE_NAME, text);
	capture();
	restart();
	release(log, sizeof(log));
	ck_assert(strstr(log, "players.p9:") != NULL && strstr(log, "players.p10:") == NULL);
	ck_assert_msg(strstr(log, "and 90 more") != NULL, "%s", log);
	expect_at("Carol", "beta");
}
END_TEST

/* Nothing is in it, nothing is wrong with it. */
START_TEST(an_empty_file_is_good)
{
	char log[4096];

	scratch_write(FILE_NAME, "{}");
	capture();
	restart();
	release(log, sizeof(log));
	ck_assert_str_eq(log, "");
	ck_assert_uint_eq(scratch_count(), 1);
}
END_TEST

/* Where no copy can be made, the file is not overwritten. */
START_TEST(an_odd_file_that_can_not_be_copied_stays)
{
	static const char text[] = "{\"players\":{\"Alice\":5,\"Carol\":\"beta\"}}";
	char log[4096];

	scratch_write(FILE_NAME, text);
	ck_assert_int_eq(chmod(in_scratch(FILE_NAME), 0644), 0);
	ck_assert_int_eq(chmod(scratch, 0500), 0);
	ck_assert(be_nobody());
	capture();
	restart();
	places_note(places, "Alice", "alpha");
	places_save(places);
	release(log, sizeof(log));
	be_root();
	ck_assert_int_eq(chmod(scratch, 0700), 0);
	ck_assert_msg(strstr(log, "error ") != NULL, "%s", log);
	ck_assert_str_eq(scratch_read(FILE_NAME), text);
	expect_at("Carol", "beta");
}
END_TEST

/* The same player twice: the first is the latest. */
START_TEST(twins_are_one)
{
	scratch_write(FILE_NAME, "{\"players\":{\"Alice\":\"beta\",\"alice\":\"alpha\"}}");
	restart();
	expect_at("Alice", "beta");
	places_note(places, "ALICE", "gamma");
	restart();
	expect_at("Alice", "gamma");
}
END_TEST

/* What can't be read is not overwritten. */
START_TEST(a_file_out_of_reach_stays_as_it_is)
{
	char log[4096];

	ck_assert_int_eq(mkdir(in_scratch(FILE_NAME), 0700), 0);
	capture();
	restart();
	places_note(places, "Alice", "alpha");
	expect_at("Alice", "alpha");
	places_save(places);
	restart();
	release(log, sizeof(log));
	ck_assert_msg(strncmp(log, "error ", 6) == 0, "%s", log);
	expect_at("Alice", NULL);
	ck_assert_uint_eq(scratch_count(), 1);
}
END_TEST

/* ---- threads ---- */

static void *note_and_save(void *argument)
{
	unsigned thread = *(const unsigned *)argument;
	char name[17], server[CONFIG_NAME_MAX + 1];

	for (unsigned i = 0; i < ROUNDS; i++) {
		snprintf(name, sizeof(name), "p%u_%u", thread, i % 50);
		places_note(places, name, i % 2 == 0 ? "alpha" : "beta");
		places_find(places, "p0_0", server);
		if (i % 500 == 499)
			places_save(places);
	}
	return NULL;
}

START_TEST(many_threads_at_once)
{
	pthread_t threads[THREADS];
	unsigned numbers[THREADS];
	char name[17];

	for (unsigned i = 0; i < THREADS; i++) {
		numbers[i] = i;
		ck_assert_int_eq(pthread_create(&threads[i], NULL, note_and_save, &numbers[i]),
				 0);
	}
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	restart();
	for (unsigned i = 0; i < THREADS; i++) {
		for (unsigned k = 0; k < 50; k++) {
			snprintf(name, sizeof(name), "p%u_%u", i, k);
			expect_at(name, k % 2 == 0 ? "alpha" : "beta");
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("places");
	TCase *tcase = tcase_create("places");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, the_last_place_counts);
	tcase_add_test(tcase, long_names_are_kept);
	tcase_add_test(tcase, the_disk_is_left_alone);
	tcase_add_test(tcase, nobody_waits_for_the_disk);
	tcase_add_test(tcase, nothing_is_half_written);
	tcase_add_test(tcase, many_players_are_found_at_once);
	tcase_add_test(tcase, who_was_seen_longest_ago_is_forgotten);
	tcase_add_test(tcase, a_long_file_is_cut);
	tcase_add_test(tcase, a_damaged_file_is_set_aside);
	tcase_add_loop_test(tcase, what_is_not_understood_is_kept_apart, 0,
			    sizeof(odd_files) / sizeof(odd_files[0]));
	tcase_add_test(tcase, many_odd_entries_are_a_few_lines);
	tcase_add_test(tcase, an_empty_file_is_good);
	tcase_add_test(tcase, an_odd_file_that_can_not_be_copied_stays);
	tcase_add_test(tcase, twins_are_one);
	tcase_add_test(tcase, a_file_out_of_reach_stays_as_it_is);
	tcase_add_test(tcase, many_threads_at_once);
	suite_add_tcase(suite, tcase);
	return suite_main(suite);
}
