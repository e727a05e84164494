/* SPDX-License-Identifier: MIT */
/*
 * Lists whose host names take for ever to resolve, have no address, or have an IPv6 address
 * too: a resolver of our own stands in the place of the C library's.
 */
#include <netdb.h>
#include <pthread.h>

#include "beating.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static unsigned asked, answered; /* of the names that take for ever */
static bool is_free;             /* they are answered now */

/* both.example: ::1, where nobody listens, unless IPv4 is asked for. */
static int find_both(int family, const char *service, struct addrinfo **found)
{
	static struct sockaddr_in v4 = {.sin_family = AF_INET};
	static struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	static struct addrinfo info[2] = {
		{.ai_family = AF_INET6,
		 .ai_socktype = SOCK_STREAM,
		 .ai_addrlen = sizeof(v6),
		 .ai_addr = (struct sockaddr *)&v6},
		{.ai_family = AF_INET,
		 .ai_socktype = SOCK_STREAM,
		 .ai_addrlen = sizeof(v4),
		 .ai_addr = (struct sockaddr *)&v4},
	};

	v4.sin_port = v6.sin6_port = htons((uint16_t)strtoul(service, NULL, 10));
	v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	v6.sin6_addr = in6addr_loopback;
	*found = &info[family == AF_INET];
	return 0;
}

/* In the place of the C library's: what it has found is never on the heap. */
void freeaddrinfo(struct addrinfo *found)
{
	(void)found;
}

/* In the place of the C library's: nothing else has an address. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
		struct addrinfo **found)
{
	*found = NULL;
	if (strcmp(node, "both.example") == 0)
		return find_both(hints->ai_family, service, found);
	if (strcmp(node, "slow.example") != 0)
		return EAI_NONAME;
	pthread_mutex_lock(&lock);
	asked++;
	pthread_cond_broadcast(&changed);
	while (!is_free)
		pthread_cond_wait(&changed, &lock);
	answered++;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	return EAI_AGAIN;
}

static void wait_asked(void)
{
	pthread_mutex_lock(&lock);
	while (asked == 0)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
}

/* Lets all threads go that still ask. */
static void answer_all(void)
{
	pthread_mutex_lock(&lock);
	is_free = true;
	pthread_cond_broadcast(&changed);
	while (answered < asked)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
}

#define SLOW_AND_QUICK                                                                 \
	"'heartbeats':[{'type':'classicube','url':'http://slow.example:@0/'},{'type':" \
	"'notchian','url':'http://127.0.0.1:@1/','name-suffix':'+'}]"

START_TEST(the_end_does_not_wait_for_a_name)
{
	begin(SLOW_AND_QUICK);
	wait_asked();
	listing_request(&lists[1], 1);
	int64_t from_ms = net_now_ms();
	ck_assert(heartbeat_stop(heartbeat));
	ck_assert_int_lt(net_now_ms() - from_ms, 900);
	answer_all();
}
END_TEST

/* Neither while it is asked for, nor when it has been given up. */
START_TEST(other_lists_do_not_wait_for_a_name)
{
	begin(SLOW_AND_QUICK);
	wait_asked();
	wait_log("slow.example:");
	wait_log("it does not answer in 10 s");
	listing_request(&lists[1], listing_count(&lists[1]) + 2);
	ck_assert_uint_ge(listing_count(&lists[1]), 8);
	answer_all();
}
END_TEST

START_TEST(a_list_is_removed_while_its_name_is_asked_for)
{
	begin(SLOW_AND_QUICK);
	wait_asked();
	prepare("'heartbeats':[{'type':'notchian','url':'http://127.0.0.1:@1/'}]");
	hasten();
	enforce();
	listing_request(&lists[1], listing_count(&lists[1]) + 2);
	answer_all();
}
END_TEST

START_TEST(a_name_without_an_address_is_said)
{
	begin("'heartbeats':[{'type':'classicube','url':'http://nobody.example:@0/'}]");
	wait_log("fails: its host name can't be resolved");
}
END_TEST

/* Lists that show the address that a heartbeat comes from can show IPv4 only. */
START_TEST(only_ipv4_is_used)
{
	begin(_i == 0 ? "'heartbeats':[{'type':'classicube','url':'http://both.example:@0/'}]"
		      : "'heartbeats':[{'type':'notchian','url':'http://both.example:@0/'}]");
	wait_log("players join at");
	ck_assert_uint_eq(count_log("fails"), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("heartbeat_resolve");
	TCase *tcase = beating_case(suite, "heartbeat_resolve");

	tcase_add_test(tcase, the_end_does_not_wait_for_a_name);
	tcase_add_test(tcase, other_lists_do_not_wait_for_a_name);
	tcase_add_test(tcase, a_list_is_removed_while_its_name_is_asked_for);
	tcase_add_test(tcase, a_name_without_an_address_is_said);
	tcase_add_loop_test(tcase, only_ipv4_is_used, 0, 2);
	return suite_main(suite);
}
