/* SPDX-License-Identifier: MIT */
/* Any bytes as kurafuto.json: a configuration or faults, and what loads also prints, and loads
 * again from that. */
#include "config.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void count_fault(void *context, bool is_fault, const char *message)
{
	(void)message;
	*(unsigned *)context += is_fault;
}

/* What --print-config writes must load without a fault. */
static void load_again(const struct config *config)
{
	char *text = NULL;
	size_t size = 0;
	unsigned faults = 0;
	FILE *out = open_memstream(&text, &size);
	struct config *again;

	if (out == NULL || !config_print(config, out) || fclose(out) != 0)
		abort();
	again = config_parse("again.json", text, size, count_fault, &faults);
	if (again == NULL || faults != 0)
		abort();
	config_free(again);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned faults = 0;
	struct config *config =
		config_parse("fuzz.json", (const char *)data, size, count_fault, &faults);

	if ((config == NULL) !=
	    (faults != 0)) /* a failure without a word, or a fault that was let pass */
		abort();
	if (config != NULL)
		load_again(config);
	config_free(config);
	return 0;
}
