/* SPDX-License-Identifier: MIT */
#include "../web_port.h"
#include "suite.h"

START_TEST(game_and_web_ports_are_open)
{
	static const uint16_t ports[] = {80, 443, 8080, 25565, 25566, 65535, 6664, 6670};

	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
		ck_assert_msg(web_port_is_open(ports[i]), "%u", ports[i]);
}
END_TEST

/* The ends of runs in the Fetch standard, and what lies within. */
START_TEST(ports_of_other_services_are_not)
{
	static const uint16_t ports[] = {0,    1,    22,   25,   119,  563,  2049,
					 6000, 6665, 6667, 6669, 6697, 10080};

	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
		ck_assert_msg(!web_port_is_open(ports[i]), "%u", ports[i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("web_port");
	TCase *tcase = tcase_create("web_port");

	tcase_add_test(tcase, game_and_web_ports_are_open);
	tcase_add_test(tcase, ports_of_other_services_are_not);
	suite_add_tcase(suite, tcase);
	return suite_main(suite);
}
