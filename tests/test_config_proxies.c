/* SPDX-License-Identifier: MIT */
/*
 * The keys of kurafuto.json about other proxies: defaults, good and bad values, the way back to
 * JSON, and who is trusted.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "net.h"
#include "said.h"
#include "server.h"
#include "suite.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SERVER       "{\"name\":\"a\",\"address\":\"h\""
#define NOBODY_COMES "true, but there are no trusted-proxies: nobody could come in"

START_TEST(defaults)
{
	struct config *config =
		good("{\"servers\":[" SERVER "}],\"listeners\":[{\"port\":1}]}");

	ck_assert(!config->accept_proxy);
	ck_assert(!config->listeners[0].accept_proxy && !config->listeners[1].accept_proxy);
	ck_assert_uint_eq(config->trusted_proxies.n, 0);
	ck_assert_int_eq(config->servers[0].forward, CONFIG_FORWARD_NONE);
	config_free(config);
}
END_TEST

/* Each listener for itself; the plain address and port are the first. */
START_TEST(which_listener)
{
	struct config *config =
		good("{\"accept-proxy\":true,\"trusted-proxies\":\"10.0.0.1\",\"listeners\":["
		     "{\"port\":1},{\"port\":2,\"accept-proxy\":true}]}");

	ck_assert(config->listeners[0].accept_proxy);
	ck_assert(!config->listeners[1].accept_proxy);
	ck_assert(config->listeners[2].accept_proxy);
	config_free(config);
}
END_TEST

START_TEST(what_is_printed_gives_the_same)
{
	static const struct {
		const char *word;
		enum config_forward forward;
		enum proxy_header_version header;
	} forwards[] = {{"none", CONFIG_FORWARD_NONE, PROXY_HEADER_NONE},
			{"proxy-v1", CONFIG_FORWARD_PROXY_V1, PROXY_HEADER_V1},
			{"proxy-v2", CONFIG_FORWARD_PROXY_V2, PROXY_HEADER_V2},
			{"websocket", CONFIG_FORWARD_WEBSOCKET, PROXY_HEADER_NONE}};
	enum proxy_header_version header;
	char json[512];

	snprintf(json, sizeof(json),
		 "{\"accept-proxy\":true,\"trusted-proxies\":[\"10.0.0.0/8\",\"::1\"],"
		 "\"listeners\":[{\"port\":2,\"accept-proxy\":true}],"
		 "\"servers\":[" SERVER ",\"forward\":\"%s\"}]}",
		 forwards[_i].word);
	struct config *config = good(json);
	char *text = printed(config);
	struct config *again = good(text);
	char *text_again = printed(again);

	ck_assert_str_eq(text, text_again);
	ck_assert_int_eq(config->servers[0].forward, forwards[_i].forward);
	ck_assert_int_eq(again->servers[0].forward, forwards[_i].forward);
	ck_assert(server_wants_header(&config->servers[0], &header) ==
		  (forwards[_i].header != PROXY_HEADER_NONE));
	ck_assert_int_eq(header, forwards[_i].header);
	ck_assert(again->accept_proxy && again->listeners[1].accept_proxy);
	ck_assert_uint_eq(again->trusted_proxies.n, 2);
	free(text);
	free(text_again);
	config_free(config);
	config_free(again);
}
END_TEST

/* clang-format off */
static const struct {
	const char *json, *fault;
} faults[] = {
	{"{\"accept-proxy\":true}", "accept-proxy: " NOBODY_COMES},
	{"{\"accept-proxy\":true,\"trusted-proxies\":[]}", "accept-proxy: " NOBODY_COMES},
	{"{\"listeners\":[{\"port\":1},{\"port\":2,\"accept-proxy\":true}]}",
	 "listeners[1].accept-proxy: " NOBODY_COMES},
	{"{\"accept-proxy\":1}", "accept-proxy: 1 is a number, and not true or false"},
	{"{\"trusted-proxies\":[\"10.0.0.0/33\"]}",
	 "trusted-proxies[0]: \"10.0.0.0/33\" is not an address or a network"},
	{"{\"trusted-proxies\":[\"::1\",\"proxy.example.org\"]}", "trusted-proxies[1]"},
	{"{\"trusted-proxies\":[\"1.2.3\"]}", "an address or a network, such as 192.0.2.7"},
	{"{\"trusted-proxies\":7}", "trusted-proxies: 7 is a number, and not a list of up to 64"},
	{"{\"servers\":[" SERVER ",\"forward\":\"proxy\"}]}", "\"proxy\" is not one of none, proxy-v1, proxy-v2, websocket"},
	{"{\"servers\":[" SERVER ",\"forward\":true}]}", "servers[0].forward"},
};
/* clang-format on */

START_TEST(what_is_wrong)
{
	struct said said;

	ck_assert_ptr_null(parse(faults[_i].json, &said));
	ck_assert_msg(strstr(said.text, faults[_i].fault) != NULL, "%s: %s", faults[_i].json,
		      said.text);
}
END_TEST

START_TEST(who_is_trusted)
{
	/* clang-format off */
	static const struct {
		const char *address;
		bool is_trusted;
	} peers[] = {
		{"10.1.2.3", true}, {"::ffff:10.1.2.3", true}, {"11.1.2.3", false},
		{"192.0.2.7", true}, {"192.0.2.8", false}, {"192.0.2.6", false},
		{"2001:db8::5", true}, {"2001:db9::5", false}, {"::1", false},
		{"127.0.0.1", false}, {"unix:/run/x", false},
	};
	/* clang-format on */
	struct config *config =
		good("{\"trusted-proxies\":\"10.0.0.0/8, 192.0.2.7, 2001:db8::/32\"}");
	struct net_addr peer;

	for (size_t i = 0; i < COUNT(peers); i++) {
		ck_assert(net_addr_parse(&peer, peers[i].address, 5));
		ck_assert_msg(config_trusts(config, &peer) == peers[i].is_trusted, "%s",
			      peers[i].address);
	}
	config_free(config);
}
END_TEST

static Suite *config_proxies_suite(void)
{
	Suite *suite = suite_create("config_proxies");
	TCase *tcase = tcase_create("all");

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, defaults);
	tcase_add_test(tcase, which_listener);
	tcase_add_loop_test(tcase, what_is_printed_gives_the_same, 0, 4);
	tcase_add_loop_test(tcase, what_is_wrong, 0, COUNT(faults));
	tcase_add_test(tcase, who_is_trusted);
	return suite;
}

int main(void)
{
	return suite_main(config_proxies_suite());
}
