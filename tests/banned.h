/* SPDX-License-Identifier: MIT */
/*
 * What the suites of bans share: the bans of a directory that each test has for itself, what is
 * logged while they load or change, and what must be on the lists. For suites that include it
 * once.
 */
#ifndef BANNED_H
#define BANNED_H

#include <check.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bans.h"
#include "capture.h"
#include "log.h"
#include "scratch.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define FOR_EVER     0
#define HOUR         3600
#define BANS         "bans.json"
#define ALLOWED      "allowed.json"

static struct bans *bans;
static char why[512], said[16384];
static int64_t now_s;

/* Loads what is in the directory, again if need be; what is logged is in said[]. */
static inline void reload(void)
{
	bans_free(bans);
	capture();
	bans = bans_new(scratch);
	release(said, sizeof(said));
	ck_assert_ptr_nonnull(bans);
}

static inline void setup(void)
{
	scratch_setup();
	log_init(LOG_INFO, LOG_COLOR_NEVER, false);
	now_s = time(NULL);
	bans = NULL;
	reload();
}

static inline void teardown(void)
{
	bans_free(bans);
	scratch_teardown();
}

static inline void expect_said(const char *text)
{
	ck_assert_msg(strstr(said, text) != NULL, "\"%s\" is not in: %s", text, said);
}

static inline enum bans_result ban(const char *what, int64_t until_s, const char *reason)
{
	enum bans_result result;

	capture();
	result = bans_add(bans, what, until_s, reason, "console", why, sizeof(why));
	release(said, sizeof(said));
	return result;
}

static inline void expect_banned(const char *what)
{
	ck_assert_msg(ban(what, FOR_EVER, "grief") == BANS_DONE, "%s: %s", what, why);
}

static inline struct net_addr address(const char *text)
{
	struct net_addr addr;

	ck_assert_msg(net_addr_parse(&addr, text, 4711), "%s", text);
	return addr;
}

static inline bool is_name_banned(const char *name)
{
	return bans_find(bans, name, NULL, now_s, NULL);
}

static inline bool is_address_banned(const char *text)
{
	struct net_addr peer = address(text);

	return bans_find(bans, "Nobody", &peer, now_s, NULL);
}

struct ban_search {
	size_t index;
	bool is_found;
	struct bans_entry entry;
};

static inline void find_ban(void *context, const struct bans_entry *entry)
{
	struct ban_search *search = context;

	if (search->index-- != 0)
		return;
	search->is_found = true;
	search->entry = *entry;
}

/* Ban number `index` that is not over at that time; false if there are not so many. */
static inline bool ban_at(size_t index, int64_t at_s, struct bans_entry *entry)
{
	struct ban_search search = {.index = index};

	bans_each(bans, at_s, find_ban, &search);
	if (search.is_found)
		*entry = search.entry;
	return search.is_found;
}

static inline void find_allowed(void *context, const struct bans_entry *entry)
{
	struct ban_search *search = context;

	if (search->index-- != 0)
		return;
	search->is_found = true;
	snprintf(search->entry.what, sizeof(search->entry.what), "%s", entry->what);
}

/* Number `index` of the allow list. */
static inline bool allowed_at(size_t index, char name[static BANS_WHAT_MAX])
{
	struct ban_search search = {.index = index};

	bans_each_allowed(bans, now_s, find_allowed, &search);
	if (search.is_found)
		snprintf(name, BANS_WHAT_MAX, "%s", search.entry.what);
	return search.is_found;
}

static inline void expect_list(const char *const *wanted)
{
	struct bans_entry entry;
	size_t i = 0;

	for (; wanted[i] != NULL; i++) {
		ck_assert_msg(ban_at(i, now_s, &entry), "%s is missing", wanted[i]);
		ck_assert_str_eq(entry.what, wanted[i]);
	}
	ck_assert(!ban_at(i, now_s, &entry));
	ck_assert(!ban_at(SIZE_MAX, now_s, &entry));
}

#define EXPECT_LIST(...) expect_list((const char *const[]){__VA_ARGS__, NULL})

static inline void expect_allowed(const char *const *wanted)
{
	char name[BANS_WHAT_MAX];
	size_t i = 0;

	for (; wanted[i] != NULL; i++) {
		ck_assert_msg(allowed_at(i, name), "%s is missing", wanted[i]);
		ck_assert_str_eq(name, wanted[i]);
	}
	ck_assert(!allowed_at(i, name));
}

#define EXPECT_ALLOWED(...) expect_allowed((const char *const[]){__VA_ARGS__, NULL})

static inline TCase *new_case(Suite *suite, const char *name)
{
	TCase *tcase = tcase_create(name);

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, setup, teardown);
	return tcase;
}

#endif
