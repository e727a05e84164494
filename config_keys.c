/* SPDX-License-Identifier: MIT */
/*
 * Tables of keys, and what goes in through any of them: load, check, free.
 * The one idea: a fault is reported and counted, never a reason to stop, so that one run tells
 * the admin about all of them; defaults are JSON too and take the same way in. A list of simple
 * items may be an array or a text with commas, and both go item by item through one function.
 */
#include "config_keys.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "text.h"

_Static_assert(sizeof(enum log_level) == sizeof(unsigned) &&
		       sizeof(enum config_on_kick) == sizeof(unsigned) &&
		       sizeof(enum config_balance) == sizeof(unsigned) &&
		       sizeof(enum config_check) == sizeof(unsigned) &&
		       sizeof(enum config_forward) == sizeof(unsigned) &&
		       sizeof(enum config_log_addresses) == sizeof(unsigned),
	       "choices are stored as unsigned");

/* ---- faults and where they are ---- */

size_t config_keys_enter(struct config_reader *reader, const char *format, ...)
{
	size_t mark = reader->path_len, room = sizeof(reader->path) - mark;
	va_list arguments;

	va_start(arguments, format);
	int n = vsnprintf(reader->path + mark, room, format, arguments);
	va_end(arguments);
	if (n > 0)
		reader->path_len += (size_t)n < room ? (size_t)n : room - 1;
	return mark;
}

void config_keys_leave(struct config_reader *reader, size_t mark)
{
	reader->path[mark] = '\0';
	reader->path_len = mark;
}

__attribute__((format(printf, 3, 0))) static void report(struct config_reader *reader,
							 bool is_fault, const char *format,
							 va_list arguments)
{
	char message[1024];
	int n = 0;

	if (reader->path_len > 0)
		n = snprintf(message, sizeof(message), "%s: ", reader->path);
	vsnprintf(message + n, sizeof(message) - (size_t)n, format, arguments);
	reader->faults += is_fault;
	reader->report(reader->context, is_fault, message);
}

void config_keys_fault(struct config_reader *reader, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	report(reader, true, format, arguments);
	va_end(arguments);
}

void config_keys_warn(struct config_reader *reader, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	report(reader, false, format, arguments);
	va_end(arguments);
}

void config_keys_show(char out[static CONFIG_VALUE_TEXT], const cJSON *value)
{
	static const char more[] = "...";
	char *json = cJSON_IsNumber(value) && isinf(value->valuedouble)
			     ? NULL
			     : cJSON_PrintUnformatted(value);

	if (json == NULL) {
		snprintf(out, CONFIG_VALUE_TEXT, "the number");
		return;
	}
	size_t n = strlen(json);
	if (n < CONFIG_VALUE_TEXT) {
		memcpy(out, json, n + 1);
	} else {
		n = CONFIG_VALUE_TEXT - sizeof(more);
		while (n > 0 && ((uint8_t)json[n] & 0xc0) == 0x80)
			n--;
		memcpy(out, json, n);
		memcpy(out + n, more, sizeof(more));
	}
	cJSON_free(json);
}

/* A text as config_keys_show() shows it. */
static void show_text(char out[static CONFIG_VALUE_TEXT], const char *text)
{
	cJSON *quoted = cJSON_CreateStringReference(text);

	if (quoted != NULL)
		config_keys_show(out, quoted);
	else
		out[0] = '\0';
	cJSON_Delete(quoted);
}

size_t config_keys_enter_key(struct config_reader *reader, const char *name)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
	char shown[CONFIG_VALUE_TEXT];

	if (name[0] == '\0' || name[strspn(name, plain)] != '\0' ||
	    strlen(name) >= sizeof(shown)) {
		show_text(shown, name);
		name = shown;
	}
	return config_keys_enter(reader, "%s%s", reader->path_len > 0 ? "." : "", name);
}

void config_keys_unknown(struct config_reader *reader, const char *nearest)
{
	if (nearest != NULL)
		config_keys_fault(reader, "unknown key; did you mean \"%s\"?", nearest);
	else
		config_keys_fault(reader, "unknown key");
}

void config_keys_bad_item(struct config_reader *reader, const cJSON *item, const char *what,
			  const char *nearest)
{
	char shown[CONFIG_VALUE_TEXT];

	config_keys_show(shown, item);
	if (nearest != NULL)
		config_keys_fault(reader, "%s is not %s; did you mean \"%s\"?", shown, what,
				  nearest);
	else
		config_keys_fault(reader, "%s is not %s", shown, what);
}

/* ---- values ---- */

void config_keys_describe(char *out, size_t size, const struct config_key *key)
{
	size_t n = 0;

	switch (key->type) {
	case CONFIG_BOOL:
		snprintf(out, size, "true or false");
		break;
	case CONFIG_NUMBER:
		snprintf(out, size, "%s (%s%lld-%lld)", key->what,
			 key->flags & CONFIG_OR_ZERO ? "0 or " : "", (long long)key->min,
			 (long long)key->max);
		break;
	case CONFIG_CHOICE:
		snprintf(out, size, "one of");
		for (size_t i = 0; key->choices[i] != NULL && n < size; i++) {
			n = strlen(out);
			snprintf(out + n, size - n, "%s %s", i > 0 ? "," : "", key->choices[i]);
		}
		break;
	case CONFIG_TEXT:
	case CONFIG_TEXTS:
	case CONFIG_OBJECT:
	case CONFIG_CUSTOM:
		snprintf(out, size, "%s", key->what);
		break;
	}
}

static const char *type_name(const cJSON *value)
{
	if (cJSON_IsBool(value))
		return "a truth value";
	if (cJSON_IsNumber(value))
		return "a number";
	if (cJSON_IsString(value))
		return "a text";
	if (cJSON_IsArray(value))
		return "a list";
	return cJSON_IsObject(value) ? "an object" : "nothing";
}

/* A value as a message may show it. */
static void show(char out[static CONFIG_VALUE_TEXT], const struct config_key *key,
		 const cJSON *value)
{
	if (key != NULL && key->flags & CONFIG_SECRET)
		snprintf(out, CONFIG_VALUE_TEXT, "the value");
	else
		config_keys_show(out, value);
}

void config_keys_wrong_type(struct config_reader *reader, const struct config_key *key,
			    const cJSON *value)
{
	char shown[CONFIG_VALUE_TEXT], wanted[256] = "an object { ... }";

	show(shown, key, value);
	if (key != NULL)
		config_keys_describe(wanted, sizeof(wanted), key);
	config_keys_fault(reader, "%s is %s, and not %s", shown, type_name(value), wanted);
}

void *config_keys_rows(struct config_reader *reader, const cJSON *members, int max,
		       size_t row_size)
{
	int n = cJSON_GetArraySize(members);
	void *rows = n <= max ? calloc((size_t)n + 1, row_size) : NULL;

	if (n > max)
		config_keys_fault(reader, "%d are too many; there can be up to %d", n, max);
	else if (rows == NULL)
		config_keys_fault(reader, "out of memory");
	return rows;
}

void config_keys_bad_value(struct config_reader *reader, const struct config_key *key,
			   const cJSON *value)
{
	char shown[CONFIG_VALUE_TEXT], wanted[256];

	show(shown, key, value);
	config_keys_describe(wanted, sizeof(wanted), key);
	config_keys_fault(reader, "%s is not %s", shown, wanted);
}

static void *member(void *base, const struct config_key *key)
{
	return (char *)base + key->offset;
}

bool config_keys_load_bool(struct config_reader *reader, const struct config_key *key,
			   const cJSON *value, bool *out)
{
	if (!cJSON_IsBool(value)) {
		config_keys_wrong_type(reader, key, value);
		return false;
	}
	*out = cJSON_IsTrue(value);
	return true;
}

static void load_bool(struct config_reader *reader, const struct config_key *key,
		      const cJSON *value, void *base)
{
	config_keys_load_bool(reader, key, value, member(base, key));
}

/* "0x41", where the row allows that: its number. */
static bool read_hex(const struct config_key *key, const cJSON *value, double *number)
{
	const char *text = value->valuestring;

	if (!(key->flags & CONFIG_HEX) || !cJSON_IsString(value) ||
	    strncasecmp(text, "0x", 2) != 0)
		return false;
	size_t n = strspn(text + 2, "0123456789abcdefABCDEF");
	if (n == 0 || n > 8 || text[2 + n] != '\0')
		return false;
	*number = (double)strtoul(text, NULL, 16);
	return true;
}

static void load_number(struct config_reader *reader, const struct config_key *key,
			const cJSON *value, void *base)
{
	double number = value->valuedouble;

	if (!cJSON_IsNumber(value) && !read_hex(key, value, &number)) {
		config_keys_wrong_type(reader, key, value);
		return;
	}
	bool is_off = key->flags & CONFIG_OR_ZERO && number == 0;
	bool is_in_range = number >= (double)key->min && number <= (double)key->max;
	if (!is_off && (!is_in_range || number != (double)(int64_t)number)) {
		config_keys_bad_value(reader, key, value);
		return;
	}
	int64_t whole = (int64_t)number;
	if (key->size == sizeof(uint8_t))
		*(uint8_t *)member(base, key) = (uint8_t)whole;
	else if (key->size == sizeof(uint16_t))
		*(uint16_t *)member(base, key) = (uint16_t)whole;
	else if (key->size == sizeof(unsigned))
		*(unsigned *)member(base, key) = (unsigned)whole;
	else
		*(int64_t *)member(base, key) = whole;
}

char *config_keys_copy(struct config_reader *reader, const char *text)
{
	char *copy = text != NULL ? strdup(text) : NULL;

	if (text != NULL && copy == NULL)
		config_keys_fault(reader, "out of memory");
	return copy;
}

static void load_text(struct config_reader *reader, const struct config_key *key,
		      const cJSON *value, void *base)
{
	char why[200] = "", shown[CONFIG_VALUE_TEXT];
	char **text = member(base, key);

	if (cJSON_IsNull(value) && key->flags & CONFIG_OR_NULL)
		return;
	if (!cJSON_IsString(value)) {
		config_keys_wrong_type(reader, key, value);
	} else if (key->check != NULL && !key->check(value->valuestring, why, sizeof(why))) {
		show(shown, key, value);
		if (why[0] != '\0')
			config_keys_fault(reader, "%s %s", shown, why);
		else
			config_keys_bad_value(reader, key, value);
	} else {
		*text = config_keys_copy(reader, value->valuestring);
	}
}

bool config_keys_load_choice(struct config_reader *reader, const struct config_key *key,
			     const cJSON *value, unsigned *out)
{
	if (!cJSON_IsString(value)) {
		config_keys_wrong_type(reader, key, value);
		return false;
	}
	for (unsigned i = 0; key->choices[i] != NULL; i++) {
		if (strcmp(key->choices[i], value->valuestring) == 0) {
			*out = i;
			return true;
		}
	}
	config_keys_bad_value(reader, key, value);
	return false;
}

static void load_choice(struct config_reader *reader, const struct config_key *key,
			const cJSON *value, void *base)
{
	unsigned choice = 0;

	if (!config_keys_load_choice(reader, key, value, &choice))
		return;
	if (key->size == sizeof(bool))
		*(bool *)member(base, key) = choice != 0;
	else
		*(unsigned *)member(base, key) = choice;
}

/* ---- lists of simple items: an array, or a text with commas ---- */

/* The items of "a, b"; a text of spaces alone has none. */
static void each_item_of_text(struct config_reader *reader, const char *text, void *base,
			      config_item_fn *each)
{
	char *copy = config_keys_copy(reader, text), *rest = copy, *word;

	if (copy == NULL || copy[strspn(copy, " ")] == '\0')
		rest = NULL;
	while ((word = strsep(&rest, ",")) != NULL) {
		word += strspn(word, " ");
		for (size_t n = strlen(word); n > 0 && word[n - 1] == ' '; n--)
			word[n - 1] = '\0';
		each(reader, base, &(cJSON){.type = cJSON_String, .valuestring = word});
	}
	free(copy);
}

void config_keys_each_item(struct config_reader *reader, const struct config_key *key,
			   const cJSON *value, void *base, config_item_fn *each)
{
	const cJSON *item;
	size_t i = 0;

	if (cJSON_IsString(value)) {
		each_item_of_text(reader, value->valuestring, base, each);
		return;
	}
	if (!cJSON_IsArray(value)) {
		config_keys_wrong_type(reader, key, value);
		return;
	}
	cJSON_ArrayForEach (item, value) {
		size_t mark = config_keys_enter(reader, "[%zu]", i++);

		if (cJSON_IsString(item))
			each_item_of_text(reader, item->valuestring, base, each);
		else
			each(reader, base, item);
		config_keys_leave(reader, mark);
	}
}

void config_keys_append(struct config_reader *reader, struct config_list *list,
			const char *text)
{
	char **items = realloc(list->items, (list->n + 1) * sizeof(*items));

	if (items == NULL) {
		config_keys_fault(reader, "out of memory");
		return;
	}
	list->items = items;
	items[list->n] = config_keys_copy(reader, text);
	list->n += items[list->n] != NULL;
}

void config_keys_free_list(struct config_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->items[i]);
	free(list->items);
}

/* A list on its way in. */
struct filling {
	const struct config_key *key;
	struct config_list *list;
};

static void add_text(struct config_reader *reader, void *base, const cJSON *item)
{
	const struct filling *filling = base;
	char why[200];

	if (cJSON_IsString(item) && filling->key->check(item->valuestring, why, sizeof(why)))
		config_keys_append(reader, filling->list, item->valuestring);
	else
		config_keys_bad_item(reader, item, filling->key->item, NULL);
}

static void load_texts(struct config_reader *reader, const struct config_key *key,
		       const cJSON *value, void *base)
{
	struct filling filling = {.key = key, .list = member(base, key)};

	config_keys_each_item(reader, key, value, &filling, add_text);
	if (key->max > 0 && filling.list->n > (size_t)key->max)
		config_keys_fault(reader, "%zu are too many; there can be up to %lld",
				  filling.list->n, (long long)key->max);
}

/* ---- objects ---- */

static void load_object(struct config_reader *reader, const struct config_key *key,
			const cJSON *value, void *base)
{
	config_keys_load(reader, key->sub, value, base);
}

static void load_value(struct config_reader *reader, const struct config_key *key,
		       const cJSON *value, void *base)
{
	static void (*const loaders[])(struct config_reader *, const struct config_key *,
				       const cJSON *, void *) = {
		[CONFIG_BOOL] = load_bool,     [CONFIG_NUMBER] = load_number,
		[CONFIG_TEXT] = load_text,     [CONFIG_TEXTS] = load_texts,
		[CONFIG_CHOICE] = load_choice, [CONFIG_OBJECT] = load_object,
	};

	(key->type == CONFIG_CUSTOM ? key->load : loaders[key->type])(reader, key, value, base);
}

static size_t find_key(const struct config_key *keys, const char *name)
{
	size_t i = 0;

	while (keys[i].name != NULL && strcmp(keys[i].name, name) != 0)
		i++;
	return i;
}

static void unknown_key(struct config_reader *reader, const struct config_key *keys,
			const char *name)
{
	const char *names[CONFIG_KEYS_MAX];
	size_t n = 0;

	for (; keys[n].name != NULL; n++)
		names[n] = keys[n].name;
	size_t mark = config_keys_enter_key(reader, name);
	config_keys_unknown(reader, text_nearest(name, names, n));
	config_keys_leave(reader, mark);
}

/* Reports the keys of an object that no row has, and those that stand there twice. */
static void check_keys(struct config_reader *reader, const struct config_key *keys,
		       const cJSON *object)
{
	bool seen[CONFIG_KEYS_MAX] = {false};
	const cJSON *item;

	cJSON_ArrayForEach (item, object) {
		size_t i = find_key(keys, item->string);

		if (keys[i].name == NULL) {
			unknown_key(reader, keys, item->string);
		} else if (seen[i]) {
			size_t mark = config_keys_enter_key(reader, item->string);
			config_keys_fault(reader, "stands there twice");
			config_keys_leave(reader, mark);
		} else {
			seen[i] = true;
		}
	}
}

static void load_default(struct config_reader *reader, const struct config_key *key, void *base)
{
	char wanted[256];

	if (key->flags & CONFIG_REQUIRED) {
		config_keys_describe(wanted, sizeof(wanted), key);
		config_keys_fault(reader, "missing: %s", wanted);
	} else if (key->fallback != NULL) {
		cJSON *value = cJSON_Parse(key->fallback);

		if (value != NULL)
			load_value(reader, key, value, base);
		else
			config_keys_fault(reader, "out of memory");
		cJSON_Delete(value);
	}
}

bool config_keys_load(struct config_reader *reader, const struct config_key *keys,
		      const cJSON *object, void *base)
{
	unsigned faults = reader->faults;

	if (!cJSON_IsObject(object)) {
		config_keys_wrong_type(reader, NULL, object);
		return false;
	}
	check_keys(reader, keys, object);
	for (const struct config_key *key = keys; key->name != NULL; key++) {
		const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, key->name);
		size_t mark = config_keys_enter_key(reader, key->name);

		if (value != NULL)
			load_value(reader, key, value, base);
		else
			load_default(reader, key, base);
		config_keys_leave(reader, mark);
	}
	return reader->faults == faults;
}

void config_keys_each_named(struct config_reader *reader, const struct config_key *key,
			    const cJSON *value, void *base, config_item_fn *each)
{
	const cJSON *item;

	if (!cJSON_IsObject(value)) {
		config_keys_wrong_type(reader, key, value);
		return;
	}
	cJSON_ArrayForEach (item, value) {
		size_t mark = config_keys_enter_key(reader, item->string);

		each(reader, base, item);
		config_keys_leave(reader, mark);
	}
}

void config_keys_free(const struct config_key *keys, void *base)
{
	for (const struct config_key *key = keys; key->name != NULL; key++) {
		if (key->type == CONFIG_TEXT)
			free(*(char **)member(base, key));
		else if (key->type == CONFIG_TEXTS)
			config_keys_free_list(member(base, key));
		else if (key->type == CONFIG_OBJECT)
			config_keys_free(key->sub, base);
	}
}
