/* SPDX-License-Identifier: MIT */
/*
 * The difference of two configurations. The one idea: both are printed as JSON, with every key
 * there, and the two trees are compared; lists of things with names are compared by name, so
 * that a server more or less is one line.
 */
#include "config_diff.h"

#include <bsd/string.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>

#include "config_keys.h"
#include "config_values.h"

#define PATH_SIZE 256
#define LINE_SIZE 512

struct diff {
	config_change_fn *change;
	void *context;
	size_t n;
	char path[PATH_SIZE];
};

__attribute__((format(printf, 2, 3))) static void say(struct diff *diff, const char *format,
						      ...)
{
	char text[LINE_SIZE], line[LINE_SIZE + PATH_SIZE + 2];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	snprintf(line, sizeof(line), "%s: %s", diff->path, text);
	diff->change(diff->context, line);
	diff->n++;
}

static void compare(struct diff *diff, const cJSON *from, const cJSON *to);

static size_t enter(struct diff *diff, const char *name)
{
	size_t mark = strlen(diff->path);

	if (mark > 0)
		strlcat(diff->path, ".", sizeof(diff->path));
	strlcat(diff->path, name, sizeof(diff->path));
	return mark;
}

static void compare_at(struct diff *diff, const char *name, const cJSON *from, const cJSON *to)
{
	size_t mark = enter(diff, name);

	compare(diff, from, to);
	diff->path[mark] = '\0';
}

static void compare_objects(struct diff *diff, const cJSON *from, const cJSON *to)
{
	const cJSON *item;

	cJSON_ArrayForEach (item, to) {
		compare_at(diff, item->string,
			   cJSON_GetObjectItemCaseSensitive(from, item->string), item);
	}
	cJSON_ArrayForEach (item, from) {
		if (cJSON_GetObjectItemCaseSensitive(to, item->string) == NULL)
			compare_at(diff, item->string, item, NULL);
	}
}

/* What an item of a list goes by: its name, or its address and port, or its URL. False if it
 * has none of them. */
static bool name_of(char out[static PATH_SIZE], const cJSON *item)
{
	const cJSON *name = cJSON_GetObjectItemCaseSensitive(item, "name");
	const cJSON *address = cJSON_GetObjectItemCaseSensitive(item, "address");
	const cJSON *port = cJSON_GetObjectItemCaseSensitive(item, "port");
	const cJSON *url = cJSON_GetObjectItemCaseSensitive(item, "url");
	const cJSON *listener = cJSON_GetObjectItemCaseSensitive(item, "listener");
	bool is_place = cJSON_IsString(address) && cJSON_IsNumber(port) &&
			cJSON_GetObjectItemCaseSensitive(item, "hubs") != NULL;
	bool is_list = cJSON_IsString(url) && cJSON_IsNumber(listener);

	if (is_place)
		snprintf(out, PATH_SIZE, "%s port %d", address->valuestring, port->valueint);
	else if (is_list && listener->valueint != 0)
		snprintf(out, PATH_SIZE, "%s port %d", url->valuestring, listener->valueint);
	else if (is_list)
		strlcpy(out, url->valuestring, PATH_SIZE);
	else if (cJSON_IsString(name))
		strlcpy(out, name->valuestring, PATH_SIZE);
	return is_place || is_list || cJSON_IsString(name);
}

static const cJSON *find_named(const cJSON *list, const char *name)
{
	char other[PATH_SIZE];
	const cJSON *item;

	cJSON_ArrayForEach (item, list) {
		if (name_of(other, item) && strcasecmp(other, name) == 0)
			return item;
	}
	return NULL;
}

static bool has_names(const cJSON *list)
{
	char name[PATH_SIZE];
	const cJSON *item;

	cJSON_ArrayForEach (item, list) {
		if (!name_of(name, item))
			return false;
	}
	return cJSON_IsArray(list) && cJSON_GetArraySize(list) > 0;
}

static void compare_lists(struct diff *diff, const cJSON *from, const cJSON *to)
{
	char name[PATH_SIZE];
	const cJSON *item;

	cJSON_ArrayForEach (item, to) {
		if (name_of(name, item))
			compare_at(diff, name, find_named(from, name), item);
	}
	cJSON_ArrayForEach (item, from) {
		if (name_of(name, item) && find_named(to, name) == NULL)
			compare_at(diff, name, item, NULL);
	}
}

static const struct config_key *find_key(const struct config_key *keys, const char *name,
					 size_t n)
{
	for (; keys->name != NULL; keys++)
		if (strncmp(keys->name, name, n) == 0 && keys->name[n] == '\0')
			return keys;
	return NULL;
}

/* "salt", or "servers.alpha.secret": what is in between may have dots, too. */
static bool is_secret(const char *path)
{
	const char *last = strrchr(path, '.');
	const struct config_key *key = find_key(config_table(), path, strcspn(path, "."));

	if (key != NULL && last != NULL && key->sub != NULL)
		key = find_key(key->sub, last + 1, strlen(last + 1));
	return key != NULL && (key->flags & CONFIG_SECRET) != 0;
}

static void compare(struct diff *diff, const cJSON *from, const cJSON *to)
{
	char before[CONFIG_VALUE_TEXT], after[CONFIG_VALUE_TEXT];
	bool is_list = has_names(from) || has_names(to);

	if (cJSON_Compare(from, to, true))
		return;
	if (from == NULL || to == NULL) {
		say(diff, from == NULL ? "added" : "removed");
	} else if (cJSON_IsObject(from) && cJSON_IsObject(to)) {
		compare_objects(diff, from, to);
	} else if (is_list && cJSON_IsArray(from) && cJSON_IsArray(to)) {
		size_t n = diff->n;

		compare_lists(diff, from, to);
		if (diff->n == n)
			say(diff, "in another order");
	} else if (is_secret(diff->path)) {
		say(diff, "changed");
	} else {
		config_keys_show(before, from);
		config_keys_show(after, to);
		say(diff, "%s, was %s", after, before);
	}
}

bool config_diff(const struct config *from, const struct config *to, config_change_fn *change,
		 void *context, size_t *n)
{
	struct diff diff = {.change = change, .context = context};
	cJSON *old = config_keys_print(config_table(), from);
	cJSON *new = config_keys_print(config_table(), to);

	bool is_possible = old != NULL && new != NULL;
	if (is_possible)
		compare(&diff, old, new);
	cJSON_Delete(old);
	cJSON_Delete(new);
	*n = diff.n;
	return is_possible;
}
