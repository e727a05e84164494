/* SPDX-License-Identifier: MIT */
/*
 * Hooks: who is called, in which order, and what verdict comes out. Each hook here appends its
 * letter to a trace, so a test compares strings.
 */
#include "hooks.h"

#include <check.h>
#include <string.h>

#include "suite.h"

struct tracer {
	char letter;
	enum hook_verdict verdict;
};

static char trace[32];

static enum hook_verdict trace_hook(void *context, const struct hook_packet *packet)
{
	const struct tracer *tracer = context;
	size_t n = strlen(trace);

	trace[n] = tracer->letter;
	trace[n + 1] = '\0';
	if (tracer->verdict == HOOK_CHANGE)
		packet->data[1]++;
	return tracer->verdict;
}

static enum hook_verdict run(const struct hooks *hooks, enum packet_direction direction,
			     uint8_t opcode)
{
	uint8_t data[2] = {opcode, 0};
	struct hook_packet packet = {.direction = direction, .data = data, .size = sizeof data};
	enum hook_verdict verdict;

	trace[0] = '\0';
	verdict = hooks_run(hooks, &packet);
	ck_assert_int_eq(verdict == HOOK_CHANGE,
			 data[1] != 0 && verdict != HOOK_DROP && verdict != HOOK_ANSWER);
	return verdict;
}

START_TEST(test_empty)
{
	struct hooks *hooks = hooks_new();

	ck_assert_ptr_nonnull(hooks);
	for (int opcode = 0; opcode < PACKET_OPCODES; opcode++) {
		ck_assert(!hooks_want(hooks, PACKET_TO_CLIENT, (uint8_t)opcode));
		ck_assert(!hooks_want(hooks, PACKET_TO_SERVER, (uint8_t)opcode));
		ck_assert_int_eq(run(hooks, PACKET_TO_CLIENT, (uint8_t)opcode), HOOK_PASS);
	}
	hooks_free(hooks);
	hooks_free(NULL);
}
END_TEST

START_TEST(test_only_its_opcode_and_direction)
{
	struct tracer a = {'a', HOOK_DROP};
	struct hooks *hooks = hooks_new();

	ck_assert(hooks_add(hooks, PACKET_TO_SERVER, OP_MESSAGE, trace_hook, &a));
	for (int opcode = 0; opcode < PACKET_OPCODES; opcode++) {
		bool wanted = opcode == OP_MESSAGE;

		ck_assert(!hooks_want(hooks, PACKET_TO_CLIENT, (uint8_t)opcode));
		ck_assert_int_eq(hooks_want(hooks, PACKET_TO_SERVER, (uint8_t)opcode), wanted);
		ck_assert_int_eq(run(hooks, PACKET_TO_SERVER, (uint8_t)opcode),
				 wanted ? HOOK_DROP : HOOK_PASS);
		ck_assert_str_eq(trace, wanted ? "a" : "");
	}
	hooks_free(hooks);
}
END_TEST

/* Registration order holds across hooks for one opcode and hooks for all of them. */
START_TEST(test_order)
{
	struct tracer tracers[] = {{'a', HOOK_PASS},
				   {'b', HOOK_PASS},
				   {'c', HOOK_PASS},
				   {'d', HOOK_PASS},
				   {'e', HOOK_PASS}};
	int opcodes[] = {0x08, HOOKS_ALL, 0x0d, HOOKS_ALL, 0x08};
	struct hooks *hooks = hooks_new();

	for (size_t i = 0; i < 5; i++)
		ck_assert(hooks_add(hooks, PACKET_TO_CLIENT, opcodes[i], trace_hook,
				    &tracers[i]));
	ck_assert_int_eq(run(hooks, PACKET_TO_CLIENT, 0x08), HOOK_PASS);
	ck_assert_str_eq(trace, "abde");
	run(hooks, PACKET_TO_CLIENT, 0x0d);
	ck_assert_str_eq(trace, "bcd");
	run(hooks, PACKET_TO_CLIENT, 0x00);
	ck_assert_str_eq(trace, "bd");
	run(hooks, PACKET_TO_CLIENT, 0xff);
	ck_assert_str_eq(trace, "bd");
	run(hooks, PACKET_TO_SERVER, 0x08);
	ck_assert_str_eq(trace, "");
	ck_assert(hooks_want(hooks, PACKET_TO_CLIENT, 0xff));
	ck_assert(!hooks_want(hooks, PACKET_TO_SERVER, 0xff));
	hooks_free(hooks);
}
END_TEST

/* clang-format off */
static const struct {
	enum hook_verdict verdicts[3];
	enum hook_verdict result;
	const char *called;
} verdicts[] = {
	{{HOOK_PASS,   HOOK_PASS,   HOOK_PASS},   HOOK_PASS,   "abc"},
	{{HOOK_CHANGE, HOOK_PASS,   HOOK_PASS},   HOOK_CHANGE, "abc"},
	{{HOOK_PASS,   HOOK_PASS,   HOOK_CHANGE}, HOOK_CHANGE, "abc"},
	{{HOOK_CHANGE, HOOK_CHANGE, HOOK_PASS},   HOOK_CHANGE, "abc"},
	{{HOOK_DROP,   HOOK_PASS,   HOOK_PASS},   HOOK_DROP,   "a"},
	{{HOOK_CHANGE, HOOK_DROP,   HOOK_CHANGE}, HOOK_DROP,   "ab"},
	{{HOOK_PASS,   HOOK_ANSWER, HOOK_DROP},   HOOK_ANSWER, "ab"},
	{{HOOK_CHANGE, HOOK_PASS,   HOOK_ANSWER}, HOOK_ANSWER, "abc"},
};
/* clang-format on */

START_TEST(test_verdict)
{
	struct tracer tracers[3];
	struct hooks *hooks = hooks_new();

	for (size_t i = 0; i < 3; i++) {
		tracers[i] = (struct tracer){(char)('a' + i), verdicts[_i].verdicts[i]};
		ck_assert(hooks_add(hooks, PACKET_TO_SERVER, OP_PING, trace_hook, &tracers[i]));
	}
	ck_assert_int_eq(run(hooks, PACKET_TO_SERVER, OP_PING), verdicts[_i].result);
	ck_assert_str_eq(trace, verdicts[_i].called);
	hooks_free(hooks);
}
END_TEST

static enum hook_verdict see_packet(void *context, const struct hook_packet *packet)
{
	*(const struct hook_packet **)context = packet;
	return HOOK_PASS;
}

START_TEST(test_a_hook_sees_the_packet)
{
	uint8_t data[] = {OP_PING};
	struct hook_packet packet = {.direction = PACKET_TO_CLIENT, .data = data, .size = 1};
	const struct hook_packet *seen = NULL;
	struct hooks *hooks = hooks_new();

	ck_assert(hooks_add(hooks, PACKET_TO_CLIENT, OP_PING, see_packet, &seen));
	ck_assert_int_eq(hooks_run(hooks, &packet), HOOK_PASS);
	ck_assert_ptr_eq(seen, &packet);
	hooks_free(hooks);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hooks");
	TCase *tcase = tcase_create("hooks");

	tcase_add_test(tcase, test_empty);
	tcase_add_test(tcase, test_only_its_opcode_and_direction);
	tcase_add_test(tcase, test_order);
	tcase_add_loop_test(tcase, test_verdict, 0, sizeof verdicts / sizeof verdicts[0]);
	tcase_add_test(tcase, test_a_hook_sees_the_packet);
	suite_add_tcase(suite, tcase);
	return suite_main(suite);
}
