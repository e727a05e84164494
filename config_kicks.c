/* SPDX-License-Identifier: MIT */
/*
 * What kurafuto.json says about kicks, and about servers that send players elsewhere: the words
 * of on-kick and redirect, and the patterns of kick-pass, also when a kick is compared with
 * them. Who acts on it is the session's. The one idea: patterns are compiled when they are
 * loaded, so a bad one is a fault like any other, and a kick costs only the comparing.
 */
#include <bsd/string.h>
#include <stdlib.h>
#include <string.h>

#include "config_values.h"
#include "text.h"

#define PATTERNS_MAX     64
#define PATTERN_SIZE_MAX 200
#define COPIES_MAX       64  /* a reason of a kick has no more characters */
#define REASON_MAX       256 /* of bytes: as many characters as a packet has, of 4 each */

const char *const config_on_kicks[] = {
	[CONFIG_KICK_FALLBACK] = "fallback", [CONFIG_KICK_DISCONNECT] = "disconnect", NULL};

enum { WAYS = 3 };
static const char *const redirects[WAYS + 1] = {"kick", "plugin", "chat", NULL};

_Static_assert(CONFIG_REDIRECT_KICK == 1 << 0 && CONFIG_REDIRECT_PLUGIN == 1 << 1 &&
		       CONFIG_REDIRECT_CHAT == 1 << 2,
	       "the bits of redirect are in the order of its words");

/* ---- redirect ---- */

static void add_way(struct config_reader *reader, void *base, const cJSON *item)
{
	static const struct config_key row = {.type = CONFIG_CHOICE, .choices = redirects};
	unsigned *ways = base, way = 0;

	if (config_keys_load_choice(reader, &row, item, &way))
		*ways |= 1U << way;
}

void config_load_redirect(struct config_reader *reader, const struct config_key *key,
			  const cJSON *value, void *base)
{
	unsigned *ways = (unsigned *)((char *)base + key->offset);

	*ways = 0; /* a server starts with those of all servers */
	config_keys_each_item(reader, key, value, ways, add_way);
}

static cJSON *print_ways(unsigned ways)
{
	const char *words[WAYS];
	int n = 0;

	for (unsigned way = 0; way < WAYS; way++)
		if (ways & 1U << way)
			words[n++] = redirects[way];
	return cJSON_CreateStringArray(words, n);
}

cJSON *config_print_redirect(const void *config)
{
	return print_ways(((const struct config *)config)->redirect);
}

cJSON *config_print_server_redirect(const void *server)
{
	return print_ways(((const struct config_server *)server)->redirect);
}

/* ---- kick-pass ---- */

/* How many copies of what stands in front of p the repetition at p asks for: "+", "{2,5}". */
static unsigned long copies_at(const char *p)
{
	unsigned long least, most = 0;
	char *end = NULL;

	if (*p != '{')
		return *p == '+' ? 2 : 1;
	least = strtoul(p + 1, &end, 10);
	if (*end == ',')
		most = strtoul(end + 1, NULL, 10);
	if (most <= least)
		most = least + (*end == ',');
	return most > 0 ? most : 1;
}

/*
 * regcomp() writes out such copies, and copies of copies: a dozen characters can take more
 * memory than there is. This counts rather too many than too few, as it knows nothing of
 * brackets and backslashes.
 */
static bool has_too_many_copies(const char *pattern)
{
	unsigned long longest = 1, product = 1;

	for (const char *p = pattern; *p != '\0'; p++) {
		unsigned long copies = copies_at(p);

		if (copies > COPIES_MAX)
			return true;
		if (p > pattern && strchr(")}+*?", p[-1]) != NULL)
			product *= copies;
		else if (copies > longest)
			longest = copies;
		if (product * longest > COPIES_MAX)
			return true;
	}
	return false;
}

/* False, and what is wrong, if it can't be a pattern. */
static bool compile(regex_t *compiled, const char *pattern, char *why, size_t why_size)
{
	char reason[128];

	if (*pattern == '\0') {
		snprintf(why, why_size, "is empty, and would match every kick");
	} else if (strlen(pattern) > PATTERN_SIZE_MAX) {
		snprintf(why, why_size, "is longer than %d bytes", PATTERN_SIZE_MAX);
	} else if (has_too_many_copies(pattern)) {
		snprintf(why, why_size, "repeats its parts more than %d times", COPIES_MAX);
	} else {
		int error = regcomp(compiled, pattern, REG_EXTENDED | REG_ICASE | REG_NOSUB);

		if (error == 0)
			return true;
		regerror(error, compiled, reason, sizeof(reason));
		snprintf(why, why_size, "is not a regular expression: %s", reason);
	}
	return false;
}

static void add_pattern(struct config_reader *reader, struct config_patterns *patterns,
			const cJSON *item)
{
	static const struct config_key row = {.type = CONFIG_TEXT,
					      .what = "a regular expression"};
	char shown[CONFIG_VALUE_TEXT], why[200];

	if (!cJSON_IsString(item)) {
		config_keys_wrong_type(reader, &row, item);
		return;
	}
	if (!compile(&patterns->compiled[patterns->n], item->valuestring, why, sizeof(why))) {
		config_keys_show(shown, item);
		config_keys_fault(reader, "%s %s", shown, why);
		return;
	}
	patterns->texts[patterns->n] = strdup(item->valuestring);
	if (patterns->texts[patterns->n++] == NULL)
		config_keys_fault(reader, "out of memory");
}

void config_load_kick_pass(struct config_reader *reader, const struct config_key *key,
			   const cJSON *value, void *base)
{
	struct config_patterns *patterns = &((struct config *)base)->kick_pass;
	int n = cJSON_GetArraySize(value), i = 0;
	const cJSON *item;

	if (!cJSON_IsArray(value)) {
		config_keys_wrong_type(reader, key, value);
		return;
	}
	if (n > PATTERNS_MAX) {
		config_keys_fault(reader, "%d patterns are too many; up to %d can be compared",
				  n, PATTERNS_MAX);
		return;
	}
	patterns->texts = calloc((size_t)n + 1, sizeof(*patterns->texts));
	patterns->compiled = calloc((size_t)n + 1, sizeof(*patterns->compiled));
	if (patterns->texts == NULL || patterns->compiled == NULL) {
		config_keys_fault(reader, "out of memory");
		return;
	}
	cJSON_ArrayForEach (item, value) {
		size_t mark = config_keys_enter(reader, "[%d]", i++);

		add_pattern(reader, patterns, item);
		config_keys_leave(reader, mark);
	}
}

cJSON *config_print_kick_pass(const void *base)
{
	const struct config_patterns *patterns = &((const struct config *)base)->kick_pass;

	return cJSON_CreateStringArray((const char *const *)patterns->texts, (int)patterns->n);
}

void config_free_kick_pass(struct config *config)
{
	struct config_patterns *patterns = &config->kick_pass;

	for (size_t i = 0; i < patterns->n; i++) {
		free(patterns->texts[i]);
		regfree(&patterns->compiled[i]);
	}
	free(patterns->texts);
	free(patterns->compiled);
}

/* ---- kicks ---- */

bool config_is_final_kick(const struct config *config, const char *reason)
{
	char colored[REASON_MAX + 1], plain[REASON_MAX + 1];

	strlcpy(colored, reason, sizeof(colored));
	for (char *p = colored; *p != '\0'; p++)
		if (*p == '%' && text_is_color(p[1]))
			*p = '&';
	text_strip_colors(plain, sizeof(plain), colored);
	for (size_t i = 0; i < config->kick_pass.n; i++)
		if (regexec(&config->kick_pass.compiled[i], plain, 0, NULL, 0) == 0)
			return true;
	return false;
}
