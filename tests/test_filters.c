/* SPDX-License-Identifier: MIT */
/*
 * The hooks that come from the configuration: what is dropped, what is logged, and that a
 * dropped packet is logged but seen by nobody else. A session that only has an id and a name
 * stands in for a real one: nothing else of it is looked at.
 */
#include "filters.h"

#include <check.h>
#include <string.h>

#include "capture.h"
#include "config_current.h"
#include "log.h"
#include "said.h"
#include "session_private.h"
#include "suite.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct config *config; /* in force */
static struct session session = {.id = 12, .name = "Alice"};
static struct dialect dialect;

static void setup(void)
{
	config = good("{}");
	config_publish(config);
	config_settle();
	dialect_init(&dialect, &config->catalog, PACKET_PROTOCOL, true);
	log_init(LOG_DEBUG, LOG_COLOR_NEVER, false);
}

static void teardown(void)
{
	config_retire();
	config_settle();
}

static struct hooks *attach(void)
{
	struct hooks *hooks = hooks_new();

	ck_assert_ptr_nonnull(hooks);
	ck_assert(filters_attach(hooks));
	return hooks;
}

/* Runs the chain for a packet of that opcode; its bytes must stay as they are. */
static enum hook_verdict run(const struct hooks *hooks, enum packet_direction direction,
			     uint8_t opcode)
{
	uint8_t data[PACKET_SIZE_MAX], before[PACKET_SIZE_MAX];
	struct hook_packet packet = {.session = &session,
				     .direction = direction,
				     .dialect = &dialect,
				     .data = data,
				     .size = dialect_size(&dialect, direction, opcode)};
	enum hook_verdict verdict;

	memset(data, ' ', sizeof(data));
	data[0] = opcode;
	memcpy(before, data, sizeof(data));
	verdict = hooks_run(hooks, &packet);
	ck_assert_mem_eq(data, before, sizeof(data));
	return verdict;
}

/* ---- dropping ---- */

/* clang-format off */
static const struct {
	const char *what;
	int drop[4]; /* opcodes, ends in a negative one */
} drops[] = {
	{"nothing",            {-1}},
	{"both directions",    {0x0d, -1}},
	{"several",            {0x08, 0x0d, 0x22, -1}},
	{"the first and last", {0x00, 0xff, -1}},
};
/* clang-format on */

START_TEST(dropped_in_both_directions)
{
	struct hooks *hooks;

	for (const int *drop = drops[_i].drop; *drop >= 0; drop++)
		config->drop_packets[*drop] = true;
	hooks = attach();
	for (unsigned i = 0; i < PACKET_DIRECTIONS * PACKET_OPCODES; i++) {
		enum packet_direction direction = i / PACKET_OPCODES;
		uint8_t opcode = (uint8_t)(i % PACKET_OPCODES);
		bool is_dropped = config->drop_packets[opcode];

		ck_assert_msg(hooks_want(hooks, direction, opcode) == is_dropped,
			      "%s: opcode 0x%02x is wanted or not", drops[_i].what, opcode);
		ck_assert_int_eq(run(hooks, direction, opcode),
				 is_dropped ? HOOK_DROP : HOOK_PASS);
	}
	hooks_free(hooks);
}
END_TEST

static enum hook_verdict count_packet(void *context, const struct hook_packet *packet)
{
	(void)packet;
	++*(int *)context;
	return HOOK_PASS;
}

/* A hook that is registered later sees what is not dropped, and only that. */
START_TEST(what_is_dropped_is_seen_by_nobody)
{
	struct hooks *hooks;
	int seen = 0;

	config->drop_packets[OP_MESSAGE] = true;
	hooks = attach();
	ck_assert(hooks_add(hooks, PACKET_TO_SERVER, HOOKS_ALL, count_packet, &seen));
	ck_assert_int_eq(run(hooks, PACKET_TO_SERVER, OP_MESSAGE), HOOK_DROP);
	ck_assert_int_eq(seen, 0);
	ck_assert_int_eq(run(hooks, PACKET_TO_SERVER, OP_POSITION), HOOK_PASS);
	ck_assert_int_eq(seen, 1);
	hooks_free(hooks);
}
END_TEST

/* ---- logging ---- */

/* Below the level "trace" relaying costs nothing: no hook at all. */
START_TEST(no_hook_below_trace)
{
	struct hooks *hooks;

	log_init((enum log_level)_i, LOG_COLOR_NEVER, false);
	hooks = attach();
	for (unsigned i = 0; i < PACKET_DIRECTIONS * PACKET_OPCODES; i++)
		ck_assert_int_eq(
			hooks_want(hooks, i / PACKET_OPCODES, (uint8_t)(i % PACKET_OPCODES)),
			_i >= LOG_TRACE);
	hooks_free(hooks);
}
END_TEST

/* One packet at the level "trace": its line, or none. */
static void trace(enum packet_direction direction, uint8_t opcode, enum hook_verdict verdict,
		  char *out, size_t size)
{
	struct hooks *hooks;
	enum hook_verdict got;

	log_init(LOG_TRACE, LOG_COLOR_NEVER, false);
	hooks = attach();
	capture();
	got = run(hooks, direction, opcode);
	release(out, size);
	hooks_free(hooks);
	ck_assert_int_eq(got, verdict);
}

/* clang-format off */
static const struct {
	enum packet_direction direction;
	uint8_t opcode;
	bool is_ignored, is_dropped;
	const char *side, *name; /* in its line; NULL without one */
} traces[] = {
	{PACKET_TO_SERVER, OP_MESSAGE,  false, false, "client:", "Message"},
	{PACKET_TO_CLIENT, OP_MESSAGE,  false, false, "server:", "Message"},
	{PACKET_TO_SERVER, OP_POSITION, false, false, "client:", "Position"},
	{PACKET_TO_CLIENT, OP_POSITION, false, false, "server:", "Teleport"},
	{PACKET_TO_SERVER, OP_MESSAGE,  false, true,  "client:", "Message"},
	{PACKET_TO_CLIENT, OP_MESSAGE,  false, true,  "server:", "Message"},
	{PACKET_TO_SERVER, OP_POSITION, true,  false, NULL, NULL},
	{PACKET_TO_CLIENT, OP_POSITION, true,  false, NULL, NULL},
	{PACKET_TO_CLIENT, OP_POSITION, true,  true,  NULL, NULL},
};
/* clang-format on */

START_TEST(trace_lines)
{
	char out[2048];

	config->ignore_packets[traces[_i].opcode] = traces[_i].is_ignored;
	config->drop_packets[traces[_i].opcode] = traces[_i].is_dropped;
	config->ignore_packets[OP_PING] = config->drop_packets[OP_PING] = true;
	trace(traces[_i].direction, traces[_i].opcode,
	      traces[_i].is_dropped ? HOOK_DROP : HOOK_PASS, out, sizeof(out));
	if (traces[_i].name == NULL) {
		ck_assert_str_eq(out, "");
		return;
	}
	ck_assert_msg(strstr(out, "#12 Alice") != NULL, "%s", out);
	ck_assert_msg(strstr(out, traces[_i].side) != NULL, "%s", out);
	ck_assert_msg(strstr(out, traces[_i].name) != NULL, "%s", out);
	ck_assert_ptr_eq(strchr(out, '\n'), out + strlen(out) - 1);
}
END_TEST

/* A hook that the level has left behind stays silent. */
START_TEST(no_line_once_the_level_has_changed)
{
	struct hooks *hooks;
	char out[256];

	log_init(LOG_TRACE, LOG_COLOR_NEVER, false);
	hooks = attach();
	capture();
	log_init(LOG_DEBUG, LOG_COLOR_NEVER, false);
	ck_assert_int_eq(run(hooks, PACKET_TO_SERVER, OP_MESSAGE), HOOK_PASS);
	release(out, sizeof(out));
	ck_assert_str_eq(out, "");
	hooks_free(hooks);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("filters");
	TCase *tcase = tcase_create("filters");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, dropped_in_both_directions, 0, COUNT(drops));
	tcase_add_test(tcase, what_is_dropped_is_seen_by_nobody);
	tcase_add_loop_test(tcase, no_hook_below_trace, LOG_ERROR, LOG_TRACE + 1);
	tcase_add_loop_test(tcase, trace_lines, 0, COUNT(traces));
	tcase_add_test(tcase, no_line_once_the_level_has_changed);
	suite_add_tcase(suite, tcase);
	return suite_main(suite);
}
