/* SPDX-License-Identifier: MIT */
/* What the log may show of players' addresses, by `log-addresses`: alone, and within texts. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "config_current.h"
#include "said.h"
#include "suite.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define HIDDEN       "(address hidden)"

enum { BEFORE, FULL, MASKED, NONE, WAYS };

static void put_in_force(int way)
{
	static const char *const configs[WAYS] = {
		[FULL] = "{\"log-addresses\":\"full\"}",
		[MASKED] = "{\"log-addresses\":\"masked\"}",
		[NONE] = "{\"log-addresses\":\"none\"}",
	};

	if (way != BEFORE)
		config_publish(good(configs[way]));
}

/* clang-format off */
static const struct {
	const char *address, *with_port, *full, *masked, *none;
} addresses[] = {
	{"198.51.100.7", "198.51.100.7:9", "198.51.100.7", "198.51.100.x", HIDDEN},
	{"255.255.255.255", "255.255.255.255:9", "255.255.255.255", "255.255.255.x", HIDDEN},
	{"10.0.0.0", "10.0.0.0:9", "10.0.0.0", "10.0.0.x", HIDDEN},
	{"::ffff:198.51.100.7", "198.51.100.7:9", "198.51.100.7", "198.51.100.x", HIDDEN},
	{"2001:db8:1:2:3:4:5:6", "[2001:db8:1:2:3:4:5:6]:9", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::x", HIDDEN},
	{"2001:db8::6", "[2001:db8::6]:9", "2001:db8::6", "2001:db8::x", HIDDEN},
	{"1:0:0:2::6", "[1:0:0:2::6]:9", "1:0:0:2::6", "1:0:0:2::x", HIDDEN},
	{"0:0:0:2:3::6", "[::2:3:0:0:6]:9", "::2:3:0:0:6", "0:0:0:2::x", HIDDEN},
	{"::2", "[::2]:9", "::2", "::x", HIDDEN},
	{"fe80::1", "[fe80::1]:9", "fe80::1", "fe80::x", HIDDEN},
	{"127.0.0.1", "127.0.0.1:9", "127.0.0.1", NULL, NULL},
	{"127.1.2.3", "127.1.2.3:9", "127.1.2.3", NULL, NULL},
	{"::ffff:127.0.0.1", "127.0.0.1:9", "127.0.0.1", NULL, NULL},
	{"::1", "[::1]:9", "::1", NULL, NULL},
	{"unix:/run/x", "unix:/run/x", "unix:/run/x", NULL, NULL},
};

static const struct {
	const char *text, *masked, *none;
} texts[] = {
	{"", "", ""},
	{"Bob 10m spam", "Bob 10m spam", "Bob 10m spam"},
	{"198.51.100.7 10m", "198.51.100.x 10m", HIDDEN " 10m"},
	{"198.51.100.7/32", "198.51.100.x", HIDDEN},
	{"198.51.100.128/25 x", "198.51.100.x x", HIDDEN " x"},
	{"198.51.100.0/24 x", "198.51.100.0/24 x", HIDDEN " x"},
	{"10.0.0.0/8", "10.0.0.0/8", HIDDEN},
	{"0.0.0.0/0", "0.0.0.0/0", HIDDEN},
	{"2001:db8:1:2::/64", "2001:db8:1:2::/64", HIDDEN},
	{"2001:db8:1:2::/65", "2001:db8:1:2::x", HIDDEN},
	{"2001:DB8::/32", "2001:DB8::/32", HIDDEN},
	{"::ffff:198.51.100.7", "198.51.100.x", HIDDEN},
	{"127.0.0.1 ::1", "127.0.0.1 ::1", "127.0.0.1 ::1"},
	{"Bob is 198.51.100.7.", "Bob is 198.51.100.x.", "Bob is " HIDDEN "."},
	{"198.51.100.7:4321, [2001:db8::7]:1", "198.51.100.x:4321, [2001:db8::x]:1", HIDDEN ":4321, [" HIDDEN "]:1"},
	{"ip=198.51.100.7;face:198.51.100.8:/198.51.100.9", "ip=198.51.100.x;face:198.51.100.x:/198.51.100.x",
	 "ip=" HIDDEN ";face:" HIDDEN ":/" HIDDEN},
	{"1.2.3 a:b 1:2:3 12:30 a/b ... 300.1.1.1", "1.2.3 a:b 1:2:3 12:30 a/b ... 300.1.1.1",
	 "1.2.3 a:b 1:2:3 12:30 a/b ... 300.1.1.1"},
	{"\xc3\xa9t\xc3\xa9 198.51.100.7 \xc3\xa9", "\xc3\xa9t\xc3\xa9 198.51.100.x \xc3\xa9", "\xc3\xa9t\xc3\xa9 " HIDDEN " \xc3\xa9"},
};
/* clang-format on */

static void expect(const char *address, bool with_port, const char *wanted)
{
	struct net_addr addr;
	char out[NET_ADDR_TEXT];

	ck_assert(net_addr_parse(&addr, address, 9));
	log_address(out, &addr, with_port);
	ck_assert_str_eq(out, wanted);
}

START_TEST(addresses_alone)
{
	put_in_force(_i);
	for (size_t i = 0; i < COUNT(addresses); i++) {
		const char *shown[] = {addresses[i].full, addresses[i].full,
				       addresses[i].masked, addresses[i].none};
		bool is_whole = _i <= FULL || shown[_i] == NULL;

		expect(addresses[i].address, true,
		       is_whole ? addresses[i].with_port : shown[_i]);
		expect(addresses[i].address, false, is_whole ? addresses[i].full : shown[_i]);
	}
	config_retire();
	config_settle();
}
END_TEST

START_TEST(an_address_of_nothing)
{
	struct net_addr addr = {0};
	char out[NET_ADDR_TEXT];

	put_in_force(_i);
	log_address(out, &addr, true);
	ck_assert_str_eq(out, "socketpair");
	config_retire();
	config_settle();
}
END_TEST

START_TEST(addresses_in_texts)
{
	put_in_force(_i);
	for (size_t i = 0; i < COUNT(texts); i++) {
		const char *shown[] = {texts[i].text, texts[i].text, texts[i].masked,
				       texts[i].none};
		char out[256];

		log_addresses_in(out, sizeof(out), texts[i].text);
		ck_assert_str_eq(out, shown[_i]);
	}
	config_retire();
	config_settle();
}
END_TEST

/* Of texts of any length, and room of any size. */
START_TEST(what_has_no_room_is_cut)
{
	static const char whole[] = "ban 198.51.100.x";
	char digits[1001], out[1001];

	put_in_force(MASKED);
	for (size_t size = 1; size <= sizeof(whole); size++) {
		log_addresses_in(out, size, "ban 198.51.100.7");
		ck_assert_uint_eq(strlen(out), size - 1);
		ck_assert_int_eq(strncmp(out, whole, size - 1), 0);
	}
	memset(digits, '1', sizeof(digits) - 1);
	digits[sizeof(digits) - 1] = '\0';
	log_addresses_in(out, sizeof(out), digits);
	ck_assert_str_eq(out, digits);
	memset(digits, 'x', sizeof(digits) - 1);
	log_addresses_in(out, sizeof(out), digits);
	ck_assert_str_eq(out, digits);
	config_retire();
	config_settle();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("config_addresses");
	TCase *tcase = tcase_create("all");

	suite_add_tcase(suite, tcase);
	tcase_add_loop_test(tcase, addresses_alone, 0, WAYS);
	tcase_add_loop_test(tcase, an_address_of_nothing, 0, WAYS);
	tcase_add_loop_test(tcase, addresses_in_texts, 0, WAYS);
	tcase_add_test(tcase, what_has_no_room_is_cut);
	return suite_main(suite);
}
