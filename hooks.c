/* SPDX-License-Identifier: MIT */
/*
 * Chains of hooks. Responsible for who is asked about a packet and in which order; not for what
 * a hook does, nor for where a packet comes from. The one idea: a hook for every packet stands
 * in all 256 chains of its direction, so a chain is one array in the order of registration, and
 * an opcode that nobody wants is an empty one.
 */
#include "hooks.h"

#include <stdlib.h>

struct hook {
	hook_fn *fn;
	hook_wants_fn *wants; /* NULL: always */
	void *context;
};

struct chain {
	struct hook *hooks;
	size_t n;
};

struct hooks {
	struct chain chains[PACKET_DIRECTIONS][PACKET_OPCODES];
};

struct hooks *hooks_new(void)
{
	return calloc(1, sizeof(struct hooks));
}

void hooks_free(struct hooks *hooks)
{
	if (hooks == NULL)
		return;
	for (size_t direction = 0; direction < PACKET_DIRECTIONS; direction++) {
		for (size_t opcode = 0; opcode < PACKET_OPCODES; opcode++)
			free(hooks->chains[direction][opcode].hooks);
	}
	free(hooks);
}

/* Makes room for one more; the chain stays as it is. */
static bool chain_reserve(struct chain *chain)
{
	struct hook *more = reallocarray(chain->hooks, chain->n + 1, sizeof *more);

	if (more == NULL)
		return false;
	chain->hooks = more;
	return true;
}

static bool add(struct hooks *hooks, enum packet_direction direction, int opcode,
		const struct hook *hook)
{
	size_t first = opcode == HOOKS_ALL ? 0 : (size_t)opcode;
	size_t last = opcode == HOOKS_ALL ? PACKET_OPCODES - 1 : (size_t)opcode;
	struct chain *chains = hooks->chains[direction];

	/* All the room first: without memory the hook stands in no chain rather than in some.
	 */
	for (size_t i = first; i <= last; i++) {
		if (!chain_reserve(&chains[i]))
			return false;
	}
	for (size_t i = first; i <= last; i++)
		chains[i].hooks[chains[i].n++] = *hook;
	return true;
}

bool hooks_add(struct hooks *hooks, enum packet_direction direction, int opcode, hook_fn *fn,
	       void *context)
{
	return add(hooks, direction, opcode, &(struct hook){fn, NULL, context});
}

bool hooks_add_filter(struct hooks *hooks, enum packet_direction direction,
		      hook_wants_fn *wants, hook_fn *fn, void *context)
{
	return add(hooks, direction, HOOKS_ALL, &(struct hook){fn, wants, context});
}

static bool is_wanted(const struct hook *hook, uint8_t opcode)
{
	return hook->wants == NULL || hook->wants(hook->context, opcode);
}

bool hooks_want(const struct hooks *hooks, enum packet_direction direction, uint8_t opcode)
{
	const struct chain *chain = &hooks->chains[direction][opcode];
	bool wants = false;

	for (size_t i = 0; !wants && i < chain->n; i++)
		wants = is_wanted(&chain->hooks[i], opcode);
	return wants;
}

enum hook_verdict hooks_run(const struct hooks *hooks, const struct hook_packet *packet)
{
	const struct chain *chain = &hooks->chains[packet->direction][packet->data[0]];
	enum hook_verdict result = HOOK_PASS;

	for (size_t i = 0; i < chain->n; i++) {
		if (!is_wanted(&chain->hooks[i], packet->data[0]))
			continue;
		enum hook_verdict verdict = chain->hooks[i].fn(chain->hooks[i].context, packet);

		if (verdict == HOOK_DROP || verdict == HOOK_ANSWER)
			return verdict;
		if (verdict == HOOK_CHANGE)
			result = HOOK_CHANGE;
	}
	return result;
}
