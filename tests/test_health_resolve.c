/* SPDX-License-Identifier: MIT */
/*
 * Host names, with a resolver of our own in the place of the C library's: names with several
 * addresses, with none, such that take for ever, and such that change. Nothing sleeps for a
 * result: tests poll for it until a deadline.
 */
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>

#include "capture.h"
#include "linked.h"
#include "server_private.h"
#include "suite.h"

#define QUICK  "'health':{'interval-ms':50},'connect-timeout-ms':2000"
#define SELDOM "'health':{'interval-ms':3600000}"

/* ---- a resolver ---- */

/* What names stand for: last numbers of 127.0.0.x. Guarded by lock. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	uint8_t several[2]; /* "several" */
	bool is_slow_free;  /* "slow" resolves from now on */
	unsigned asked;
} dns = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static struct addrinfo *answer(uint8_t last, const char *service, struct addrinfo *next)
{
	struct {
		struct addrinfo info;
		struct sockaddr_in address;
	} *made = calloc(1, sizeof(*made));

	ck_assert_ptr_nonnull(made);
	made->address.sin_family = AF_INET;
	made->address.sin_port = htons((uint16_t)atoi(service));
	made->address.sin_addr.s_addr = htonl(0x7f000000U + last);
	made->info = (struct addrinfo){
		.ai_family = AF_INET,
		.ai_addrlen = sizeof(made->address),
		.ai_addr = (struct sockaddr *)&made->address,
		.ai_next = next,
	};
	return &made->info;
}

/* In the place of the C library's. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
		struct addrinfo **found)
{
	bool is_slow = strcmp(node, "slow") == 0;
	uint8_t first = 1, second = 0;

	(void)hints;
	pthread_mutex_lock(&dns.lock);
	dns.asked++;
	while (is_slow && !dns.is_slow_free)
		pthread_cond_wait(&dns.changed, &dns.lock);
	if (strcmp(node, "several") == 0) {
		first = dns.several[0];
		second = dns.several[1];
	}
	pthread_mutex_unlock(&dns.lock);
	if (strcmp(node, "unknown") == 0)
		return EAI_NONAME;
	*found = answer(first, service, second != 0 ? answer(second, service, NULL) : NULL);
	return 0;
}

void freeaddrinfo(struct addrinfo *found)
{
	while (found != NULL) {
		struct addrinfo *next = found->ai_next;

		free(found);
		found = next;
	}
}

static void several(uint8_t first, uint8_t second)
{
	pthread_mutex_lock(&dns.lock);
	dns.several[0] = first;
	dns.several[1] = second;
	pthread_mutex_unlock(&dns.lock);
}

static void free_slow(bool is_free)
{
	pthread_mutex_lock(&dns.lock);
	dns.is_slow_free = is_free;
	pthread_cond_broadcast(&dns.changed);
	pthread_mutex_unlock(&dns.lock);
}

static unsigned asked(void)
{
	pthread_mutex_lock(&dns.lock);
	unsigned n = dns.asked;
	pthread_mutex_unlock(&dns.lock);
	return n;
}

static void setup(void)
{
	linked_setup();
	free_slow(false);
}

static void teardown(void)
{
	free_slow(true);
	linked_teardown();
}

/* ---- tests ---- */

/* A host name is resolved in the background. */
START_TEST(health_resolves_names)
{
	int64_t deadline_ms = net_now_ms() + PATIENCE_MS;
	char why[256] = "";

	add_port("known", true);
	link_with(SELDOM);
	start_registry();
	server_await_address(nth(0), deadline_ms);
	ck_assert_int_lt(net_now_ms(), deadline_ms);
	ck_assert_uint_eq(server_address_count(nth(0)), 1);
	int fd = server_dial_start(nth(0), why, sizeof(why));
	ck_assert_msg(fd >= 0, "%s", why);
	close(fd);
	meet_checks(0, 2); /* the dial, and the check that waited for the name */
}
END_TEST

/* One of several addresses is enough, whichever it is; and it is the one to dial then. */
START_TEST(any_address_will_do)
{
	char out[4096], why[256];

	several(_i == 0 ? 2 : 1, _i == 0 ? 1 : 2);
	add_port("several", true);
	link_with(QUICK);
	log_init(LOG_INFO, LOG_COLOR_NEVER, false);
	capture();
	start_registry();
	meet_checks(0, 5);
	int fd = server_dial_start(nth(0), why, sizeof(why));
	ck_assert_int_eq(server_dial_finish(nth(0), fd, net_now_ms() + PATIENCE_MS, why, 256),
			 0);
	close(fd);
	registry_stop(registry);
	release(out, sizeof(out));
	ck_assert_str_eq(out, ""); /* never down */
}
END_TEST

/* Only when all of them have failed the check has. */
START_TEST(all_addresses_fail)
{
	several(2, 3);
	add_port("several", true);
	link_with("'health':{'interval-ms':50,'fall':3}");
	server_report_check(nth(0), server_generation(nth(0)), true, 1, NULL);
	start_registry();
	await_up(0, false);
	pthread_mutex_lock(&registry->lock);
	ck_assert_uint_ge(nth(0)->misses, 3);
	pthread_mutex_unlock(&registry->lock);
	several(2, 1);
	pthread_mutex_lock(&registry->lock);
	nth(0)->resolved_ms -= SERVER_RESOLVE_EVERY_MS;
	pthread_mutex_unlock(&registry->lock);
	registry_wake(registry);
	await_up(0, true);
}
END_TEST

static int64_t resolved_ms(void)
{
	pthread_mutex_lock(&registry->lock);
	int64_t at_ms = nth(0)->resolved_ms;
	pthread_mutex_unlock(&registry->lock);
	return at_ms;
}

/* After a minute, and not at once. The address that works stays the one to dial, wherever it
 * stands in the new answer. */
START_TEST(names_are_resolved_again)
{
	int64_t deadline_ms = net_now_ms() + PATIENCE_MS;
	unsigned before;
	char why[256];

	several(1, 2);
	add_port("several", true);
	link_with(SELDOM);
	start_registry();
	meet_checks(0, 1);
	before = asked();
	registry_wake(registry);
	meet_checks(0, 1);
	ck_assert_uint_eq(asked(), before);
	several(2, 1);
	pthread_mutex_lock(&registry->lock);
	nth(0)->resolved_ms -= SERVER_RESOLVE_EVERY_MS;
	pthread_mutex_unlock(&registry->lock);
	registry_kick(registry);
	while (net_now_ms() - resolved_ms() >= SERVER_RESOLVE_EVERY_MS) {
		ck_assert_int_lt(net_now_ms(), deadline_ms);
		poll(NULL, 0, 2);
	}
	ck_assert_uint_eq(asked(), before + 1);
	int fd = server_dial_start(nth(0), why, sizeof(why));
	ck_assert_msg(server_dial_finish(nth(0), fd, deadline_ms, why, 256) == 0, "%s", why);
	close(fd);
}
END_TEST

START_TEST(an_unknown_name)
{
	char out[4096], why[256];

	add_port("127.0.0.1", true);
	add_server("u", "unknown", 25566, "");
	link_with(QUICK);
	log_init(LOG_INFO, LOG_COLOR_NEVER, false);
	capture();
	start_registry();
	await_up(1, false);
	meet_checks(0, 3);
	registry_stop(registry);
	release(out, sizeof(out));
	ck_assert_msg(strstr(out, "server u (unknown:25566) is down: cannot resolve unknown") !=
			      NULL,
		      "%s", out);
	ck_assert(server_is_up(nth(0)));
	ck_assert_int_lt(server_dial_start(nth(1), why, sizeof(why)), 0);
}
END_TEST

/* A resolver that does not answer holds up neither the others nor the end. */
START_TEST(a_slow_name)
{
	int64_t started_ms = net_now_ms();

	add_port("127.0.0.1", true);
	add_server("s", "slow", 25566, "");
	link_with(QUICK);
	start_registry();
	meet_checks(0, 5);
	server_await_address(nth(1), started_ms + 50);
	ck_assert_int_ge(net_now_ms(), started_ms + 50);
	ck_assert(server_is_up(nth(1))); /* nobody knows yet */
	started_ms = net_now_ms();
	ck_assert(!registry_stop(registry));
	ck_assert_int_ge(net_now_ms() - started_ms, 900);
	ck_assert_int_lt(net_now_ms() - started_ms, PATIENCE_MS);
	free_slow(true);
	while (!registry_stop(registry))
		ck_assert_int_lt(net_now_ms() - started_ms, 2 * PATIENCE_MS);
}
END_TEST

/* Its late answer is not the new address. */
START_TEST(a_new_address_while_a_name_is_resolved)
{
	unsigned before = asked();

	add_port("slow", true);
	link_with(QUICK);
	start_registry();
	while (asked() == before)
		poll(NULL, 0, 2);
	unlink_all();
	add_port("127.0.0.1", true);
	link_with(QUICK);
	meet_checks(0, 2);
	free_slow(true);
	meet_checks(0, 2);
	ck_assert(server_is_up(nth(0)));
	pthread_mutex_lock(&registry->lock);
	ck_assert_uint_eq(nth(0)->n_addresses, 1);
	ck_assert_int_eq(nth(0)->resolved_ms, 0);
	pthread_mutex_unlock(&registry->lock);
}
END_TEST

static TCase *name_tests(void)
{
	TCase *tcase = tcase_create("names");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, health_resolves_names);
	tcase_add_loop_test(tcase, any_address_will_do, 0, 2);
	tcase_add_test(tcase, all_addresses_fail);
	tcase_add_test(tcase, names_are_resolved_again);
	tcase_add_test(tcase, an_unknown_name);
	tcase_add_test(tcase, a_slow_name);
	tcase_add_test(tcase, a_new_address_while_a_name_is_resolved);
	return tcase;
}

int main(void)
{
	Suite *suite = suite_create("health_resolve");

	suite_add_tcase(suite, name_tests());
	return suite_main(suite);
}
