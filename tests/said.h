/* SPDX-License-Identifier: MIT */
/*
 * What is said about a configuration while it loads, one line a message ("warning: " in front
 * of a warning), and what --print-config would write.
 */
#ifndef SAID_H
#define SAID_H

#include <bsd/string.h>
#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "config.h"

struct said {
	char text[8192];
};

static inline void hear(void *context, bool is_fault, const char *message)
{
	struct said *said = context;

	strlcat(said->text, is_fault ? "" : "warning: ", sizeof(said->text));
	strlcat(said->text, message, sizeof(said->text));
	strlcat(said->text, "\n", sizeof(said->text));
}

static inline struct config *parse(const char *json, struct said *said)
{
	said->text[0] = '\0';
	return config_parse("k.json", json, strlen(json), hear, said);
}

/* A configuration without any fault or warning. */
static inline struct config *good(const char *json)
{
	struct said said;
	struct config *config = parse(json, &said);

	ck_assert_msg(config != NULL && said.text[0] == '\0', "%s: %s", json, said.text);
	return config;
}

/* What --print-config says; freed by the caller. */
static inline char *printed(const struct config *config)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	ck_assert_ptr_nonnull(out);
	ck_assert(config_print(config, out));
	ck_assert_int_eq(fclose(out), 0);
	return text;
}

#endif
