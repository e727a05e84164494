/* SPDX-License-Identifier: MIT */
/*
 * A steward at the proxy's terminal, which is a pair of pipes: types commands, reads the
 * answers, edits the configuration file. For suites that include it once; their tests run in
 * processes of their own.
 */
#ifndef STEWARD_H
#define STEWARD_H

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"

#define STEWARD_TEXT 16384

static struct {
	struct proxy *proxy;
	char path[HARNESS_PATH]; /* of the configuration */
	int typing, reading;
	char text[STEWARD_TEXT]; /* what was printed since the last line was typed */
	size_t size;
} steward;

/* Puts a text where the configuration is: all at once, as editors do. ' stands for ". */
static inline void steward_writes(const char *text)
{
	char fresh[HARNESS_PATH], *json = strdup(text);

	ck_assert_ptr_nonnull(json);
	for (char *c = json; *c != '\0'; c++)
		if (*c == '\'')
			*c = '"';
	harness_file(steward.path, "steward.json", NULL);
	harness_file(fresh, "steward.json.new", json);
	ck_assert_int_eq(rename(fresh, steward.path), 0);
	free(json);
}

/* The same for a configuration that listens at `address`, and has the members of a format. */
__attribute__((format(printf, 2, 3))) static inline void steward_edits_at(const char *address,
									  const char *members,
									  ...)
{
	char more[12000], text[sizeof(more) + 128];
	va_list ap;

	va_start(ap, members);
	ck_assert_int_lt(vsnprintf(more, sizeof(more), members, ap), (int)sizeof(more));
	va_end(ap);
	snprintf(text, sizeof(text), "{%s,%s}", address, more);
	steward_writes(text);
}
#define steward_edits(...) steward_edits_at("'address':'127.0.0.1','port':0", __VA_ARGS__)

/* Starts the proxy with the configuration that has been written. */
static inline struct proxy *steward_starts(void)
{
	const char *const args[] = {"--config", steward.path, NULL};
	int in[2], out[2];

	ck_assert(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0);
	const struct proxy_options options = {
		.args = args, .no_config = true, .in_fd = in[0], .out_fd = out[1]};
	steward.proxy = proxy_start_with(&options, "%s", "");
	close(in[0]);
	close(out[1]);
	steward.typing = in[1];
	steward.reading = out[0];
	return steward.proxy;
}

static inline void steward_types(const char *line)
{
	char text[512];
	int n = snprintf(text, sizeof(text), "%s\n", line);

	steward.size = 0;
	steward.text[0] = '\0';
	ck_assert_int_eq(write(steward.typing, text, (size_t)n), n);
}

/* Takes the colour codes out of what was printed. */
static inline void steward_strips(void)
{
	size_t n = 0;

	for (size_t i = 0; i < steward.size; i++) {
		if (steward.text[i] == '&' && i + 1 < steward.size)
			i++;
		else
			steward.text[n++] = steward.text[i];
	}
	steward.text[n] = '\0';
	steward.size = n;
}

/* Reads until what was printed since the last line contains a text, without colours. */
static inline void steward_reads(const char *text)
{
	int64_t deadline = harness_now() + harness_ms(10000);

	while (strstr(steward.text, text) == NULL) {
		struct pollfd polled = {steward.reading, POLLIN, 0};
		size_t room = sizeof(steward.text) - 1 - steward.size;
		int64_t left = deadline - harness_now();
		ssize_t n = -1;

		if (left > 0 && room > 0 && poll(&polled, 1, (int)left) > 0)
			n = read(steward.reading, steward.text + steward.size, room);
		ck_assert_msg(n > 0, "the terminal never said \"%s\", only: %s", text,
			      steward.text);
		steward.size += (size_t)n;
		steward_strips();
	}
}

static inline void steward_asks(const char *line, const char *answer)
{
	steward_types(line);
	steward_reads(answer);
}

/* Has the configuration read again, which must be without a fault. */
static inline void steward_reloads(void)
{
	steward_asks("reload", "Reloaded");
}

static inline void steward_leaves(void)
{
	close(steward.typing);
	close(steward.reading);
}

/* The proxy must end well. */
static inline void steward_stops(void)
{
	proxy_stop(steward.proxy);
	steward_leaves();
}

#endif
