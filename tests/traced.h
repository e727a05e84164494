/* SPDX-License-Identifier: MIT */
/*
 * A trace in a directory of its own, written through trace_packets() and read back as a file.
 * For tests that include it once.
 */
#ifndef TRACED_H
#define TRACED_H

#include <bsd/string.h>
#include <check.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../packet.h"
#include "../trace.h"
#include "samples.h"

#define SECRET    "Sesame-42"
#define STAMP_LEN 13 /* "12:34:56.789 " */

static char directory[64], path[128], why[512];
static struct trace *trace;
static struct dialect dialect;

static inline void open_trace(const char *secret)
{
	trace_mask(secret);
	trace = trace_open(path, "Alice", why, sizeof(why));
	ck_assert_msg(trace != NULL, "%s", why);
}

static inline void begin(void)
{
	setup();
	dialect_with(&dialect, 0);
	strlcpy(directory, "/tmp/test_trace.XXXXXX", sizeof(directory));
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/trace", directory);
	trace = NULL;
	why[0] = '\0';
}

static inline void finish(void)
{
	trace_unref(trace);
	unlink(path);
	rmdir(directory);
}

/* The whole file, to be freed. */
static inline char *contents(size_t *size)
{
	FILE *file = fopen(path, "r");
	struct stat st;

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(fstat(fileno(file), &st), 0);
	*size = (size_t)st.st_size;
	char *text = calloc(1, *size + 1);
	ck_assert_uint_eq(fread(text, 1, *size, file), *size);
	fclose(file);
	return text;
}

static inline bool is_stamp(const char *line)
{
	static const char form[] = "00:00:00.000 ";

	for (size_t i = 0; i < STAMP_LEN; i++)
		if (form[i] == '0' ? !isdigit((unsigned char)line[i]) : line[i] != form[i])
			return false;
	return true;
}

/* Line `n` of the file without its time, 0 being the first behind the head. "" if there is
 * none. Overwritten by the next call. */
static inline const char *line_at(size_t n)
{
	static char line[8192];
	size_t size;
	char *text = contents(&size), *p = strchr(text, '\n');

	line[0] = '\0';
	ck_assert_ptr_nonnull(p);
	for (p++; n > 0 && *p != '\0'; n--) {
		p = strchr(p, '\n');
		ck_assert_ptr_nonnull(p);
		p++;
	}
	if (*p != '\0') {
		ck_assert_msg(is_stamp(p), "no time: %.60s", p);
		ck_assert_ptr_nonnull(strchr(p, '\n'));
		strlcpy(line, p + STAMP_LEN, sizeof(line));
		line[strcspn(line, "\n")] = '\0';
	}
	free(text);
	return line;
}

/* Traces bytes from a buffer of their size alone, so that AddressSanitizer sees each one too
 * many. */
static inline void put(enum trace_way way, const uint8_t *data, size_t size)
{
	uint8_t *exact = malloc(size > 0 ? size : 1);

	memcpy(exact, data, size);
	trace_packets(trace, way, "alpha", &dialect, exact, size);
	free(exact);
}

static inline void put_hex(enum trace_way way, const char *hex)
{
	uint8_t bytes[4096];

	put(way, bytes, expand(bytes, sizeof(bytes), hex));
}

static inline void put_message(enum trace_way way, uint8_t type, const char *text)
{
	uint8_t packet[PACKET_SIZE_MAX];

	put(way, packet, packet_write_message(packet, type, text));
}

#endif
