/* SPDX-License-Identifier: MIT */
/*
 * Heartbeats to lists on loopback, as `lists` answer them, and what is logged of it. Nothing
 * sleeps for a result: tests wait for requests and for lines of the log until a deadline. For
 * suites that include it once; their tests run in processes of their own.
 */
#ifndef BEATING_H
#define BEATING_H

#include <bsd/string.h>
#include <check.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "config_current.h"
#include "heartbeat.h"
#include "listing.h"
#include "log.h"
#include "net.h"
#include "said.h"
#include "scratch.h"
#include "suite.h"

#define CLASSICUBE  "'heartbeats':[{'type':'classicube','url':'http://127.0.0.1:@0/'}]"
#define PATIENCE_MS 20000
#define LOG_SIZE    65536
#define LISTS       3
#define SALT        "0123456789abcdef"

static struct listing lists[LISTS];
static struct salts *salts;
static struct heartbeat *heartbeat;
static struct config *config; /* on its way to being in force */
static atomic_uint players, listener_port;
static FILE *log_file; /* stderr, to be read again */
static int real_stderr;

static inline unsigned count_players(void *context)
{
	(void)context;
	return atomic_load(&players);
}

static inline uint16_t find_port(void *context, const struct config *of, size_t listener)
{
	(void)context;
	(void)of;
	return (uint16_t)(atomic_load(&listener_port) + listener);
}

static inline void setup(void)
{
	scratch_setup();
	log_init(LOG_DEBUG, LOG_COLOR_NEVER, false);
	atomic_store(&players, 3);
	atomic_store(&listener_port, 25565);
	for (size_t i = 0; i < LISTS; i++)
		listing_open(&lists[i]);
	log_file = tmpfile();
	ck_assert_ptr_nonnull(log_file);
	fflush(stderr);
	real_stderr = dup(STDERR_FILENO);
	ck_assert_int_eq(dup2(fileno(log_file), STDERR_FILENO), STDERR_FILENO);
	ck_assert(heartbeat_init());
	salts = salts_new(scratch);
	heartbeat = heartbeat_new(&(struct heartbeat_parts){.salts = salts,
							    .directory = scratch,
							    .software = "Kurafuto 1.2.3",
							    .players = count_players,
							    .port = find_port});
	ck_assert(salts != NULL && heartbeat != NULL);
}

/* What has been logged. */
static inline const char *logged(void)
{
	static char text[LOG_SIZE];
	ssize_t n = pread(fileno(log_file), text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static inline size_t count_log(const char *words)
{
	size_t n = 0;

	for (const char *at = logged(); (at = strstr(at, words)) != NULL; at++)
		n++;
	return n;
}

static inline void wait_log_count(const char *words, size_t n)
{
	int64_t deadline = net_now_ms() + PATIENCE_MS;

	while (count_log(words) < n && net_now_ms() < deadline)
		poll(NULL, 0, 5);
	ck_assert_msg(count_log(words) >= n, "\"%s\" is not %zu times in:\n%s", words, n,
		      logged());
}

static inline void wait_log(const char *words)
{
	wait_log_count(words, 1);
}

static inline void teardown(void)
{
	ck_assert(heartbeat_stop(heartbeat));
	heartbeat_free(heartbeat);
	salts_free(salts);
	config_retire();
	config_settle();
	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	fputs(logged(), stderr);
	fclose(log_file);
	for (size_t i = 0; i < LISTS; i++)
		listing_close(&lists[i]);
	scratch_teardown();
}

/* Makes a configuration, with ' for ", and the ports of the lists for @0, @1, @2. Warnings are
 * fine. */
static inline void prepare(const char *members)
{
	char text[4096];
	size_t n = strlcpy(text, "{\"name\":\"&eMy &fnetwork\",", sizeof(text));
	struct said said;

	for (const char *c = members; *c != '\0'; c++) {
		ck_assert_uint_lt(n, sizeof(text) - 8);
		if (*c == '@')
			n += (size_t)snprintf(text + n, 8, "%u", lists[*++c - '0'].port);
		else
			text[n++] = *c == '\'' ? '"' : *c;
	}
	text[n++] = '}';
	text[n] = '\0';
	config = parse(text, &said);
	ck_assert_msg(config != NULL, "%s: %s", text, said.text);
}

/* Lists are told every second, which no file can say. */
static inline void hasten(void)
{
	for (size_t i = 0; i < config->n_heartbeats; i++)
		config->heartbeats[i].interval_s = 1;
}

static inline void enforce(void)
{
	salts_follow(salts, config, time(NULL));
	config_publish(config);
	heartbeat_wake(heartbeat);
}

static inline void begin(const char *members)
{
	prepare(members);
	hasten();
	enforce();
	ck_assert(heartbeat_start(heartbeat));
}

/* A case of a suite with this fixture. Owned by the suite. */
static inline TCase *beating_case(Suite *suite, const char *name)
{
	TCase *tcase = tcase_create(name);

	for (size_t i = 0; i < 4; i++) /* of whoever runs the tests */
		unsetenv((const char *const[]){"http_proxy", "https_proxy", "all_proxy",
					       "ALL_PROXY"}[i]);
	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	suite_add_tcase(suite, tcase);
	return tcase;
}

#endif
