/* SPDX-License-Identifier: MIT */
/*
 * How long a ban lasts, as admins type it and as people read it. The one idea: both ways go
 * through one table of units.
 */
#include "bans.h"

#include <bsd/string.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_current.h"

#define DURATION_MAX_S (10 * 365 * INT64_C(86400))

static const struct unit {
	char letter;
	int64_t seconds;
	enum message message; /* as people read it */
} units[] = {
	{'w', 604800, MESSAGE_COUNT},    {'d', 86400, MESSAGE_TIME_DAYS},
	{'h', 3600, MESSAGE_TIME_HOURS}, {'m', 60, MESSAGE_TIME_MINUTES},
	{'s', 1, MESSAGE_TIME_SECONDS},
};
#define UNITS (sizeof(units) / sizeof(units[0]))

int64_t bans_duration_s(const char *text)
{
	int64_t sum = 0;

	while (*text != '\0') {
		size_t digits = strspn(text, "0123456789"), unit = 0;

		while (unit < UNITS && (digits == 0 || digits > 9 ||
					(text[digits] | 0x20) != units[unit].letter))
			unit++;
		if (unit == UNITS)
			return 0;
		sum += strtoll(text, NULL, 10) * units[unit].seconds;
		if (sum > DURATION_MAX_S)
			return 0;
		text += digits + 1;
	}
	return sum;
}

/* So many of a unit, as a text. */
static void write_count(char *out, size_t size, int64_t n, size_t unit)
{
	char count[24];

	snprintf(count, sizeof(count), "%lld", (long long)n);
	config_message(out, size, units[unit].message, "count", count, NULL);
}

/* The larger unit of the two that a time is shown in; there are no weeks. */
static size_t first_unit(int64_t seconds)
{
	size_t first = 1;

	while (first < UNITS - 1 && seconds < units[first].seconds)
		first++;
	return first;
}

void bans_duration_text(char *out, size_t size, int64_t seconds)
{
	char second[64];

	seconds = seconds > 0 ? seconds : 0;
	size_t first = first_unit(seconds);
	int64_t rest = seconds % units[first].seconds;
	write_count(out, size, seconds / units[first].seconds, first);
	if (first + 1 == UNITS || rest / units[first + 1].seconds == 0)
		return;
	write_count(second, sizeof(second), rest / units[first + 1].seconds, first + 1);
	strlcat(out, " ", size);
	strlcat(out, second, size);
}

void bans_left_text(char *out, size_t size, int64_t seconds)
{
	size_t first = first_unit(seconds);
	int64_t step = units[first + 1 < UNITS ? first + 1 : first].seconds;
	int64_t over = seconds > 0 && seconds < INT64_MAX - step ? seconds % step : 0;

	bans_duration_text(out, size, over > 0 ? seconds - over + step : seconds);
}
