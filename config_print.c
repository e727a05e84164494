/* SPDX-License-Identifier: MIT */
/*
 * What comes out of a table of keys: JSON that would load to the same, and the list of the
 * manual. The one idea: when memory runs out halfway, the functions that add give up the whole,
 * and a caller sees it at the end.
 */
#include <stdlib.h>
#include <string.h>

#include "config_keys.h"

static const void *const_member(const void *base, const struct config_key *key)
{
	return (const char *)base + key->offset;
}

static cJSON *print_number(const struct config_key *key, const void *base)
{
	const void *number = const_member(base, key);

	if (key->size == sizeof(uint8_t))
		return cJSON_CreateNumber(*(const uint8_t *)number);
	if (key->size == sizeof(uint16_t))
		return cJSON_CreateNumber(*(const uint16_t *)number);
	if (key->size == sizeof(unsigned))
		return cJSON_CreateNumber(*(const unsigned *)number);
	return cJSON_CreateNumber((double)*(const int64_t *)number);
}

cJSON *config_keys_add(cJSON *array, cJSON *item)
{
	if (array != NULL && item != NULL && cJSON_AddItemToArray(array, item))
		return array;
	cJSON_Delete(item);
	cJSON_Delete(array);
	return NULL;
}

cJSON *config_keys_add_named(cJSON *object, const char *name, cJSON *item)
{
	if (object != NULL && item != NULL && cJSON_AddItemToObject(object, name, item))
		return object;
	cJSON_Delete(item);
	cJSON_Delete(object);
	return NULL;
}

cJSON *config_keys_print_list(const struct config_list *list)
{
	cJSON *array = cJSON_CreateArray();

	for (size_t i = 0; array != NULL && i < list->n; i++)
		array = config_keys_add(array, cJSON_CreateString(list->items[i]));
	return array;
}

static cJSON *print_choice(const struct config_key *key, const void *base)
{
	const void *choice = const_member(base, key);

	return cJSON_CreateString(
		key->choices[key->size == sizeof(bool) ? *(const bool *)choice
						       : *(const unsigned *)choice]);
}

static cJSON *print_text(const char *text)
{
	return text != NULL ? cJSON_CreateString(text) : cJSON_CreateNull();
}

static cJSON *print_value(const struct config_key *key, const void *base)
{
	switch (key->type) {
	case CONFIG_BOOL:
		return cJSON_CreateBool(*(const bool *)const_member(base, key));
	case CONFIG_NUMBER:
		return print_number(key, base);
	case CONFIG_TEXT:
		return print_text(*(char *const *)const_member(base, key));
	case CONFIG_TEXTS:
		return config_keys_print_list(const_member(base, key));
	case CONFIG_CHOICE:
		return print_choice(key, base);
	case CONFIG_OBJECT:
		return config_keys_print(key->sub, base);
	case CONFIG_CUSTOM:
		return key->print(base);
	}
	return NULL;
}

cJSON *config_keys_print(const struct config_key *keys, const void *base)
{
	cJSON *object = cJSON_CreateObject();

	for (const struct config_key *key = keys; object != NULL && key->name != NULL; key++) {
		if (key->flags & CONFIG_HIDDEN)
			continue;
		object = config_keys_add_named(object, key->name, print_value(key, base));
	}
	return object;
}

void config_keys_mdoc_text(FILE *out, const char *text)
{
	bool starts_line = true;

	for (const char *p = text; *p != '\0'; p++) {
		bool ends_sentence = p > text + 1 && p[-2] != ' ' && p[-1] == '.' && *p == ' ';

		if (starts_line && (*p == '.' || *p == '\''))
			fputs("\\&", out);
		if (*p == '\\')
			fputs("\\e", out);
		else
			fputc(ends_sentence ? '\n' : *p, out);
		starts_line = ends_sentence;
	}
	fputc('\n', out);
}

static void mdoc_row(const struct config_key *key, FILE *out)
{
	char line[400], wanted[256];

	fprintf(out, ".It Cm %s\n", key->name);
	config_keys_mdoc_text(out, key->help);
	config_keys_describe(wanted, sizeof(wanted), key);
	if (key->flags & CONFIG_REQUIRED)
		snprintf(line, sizeof(line), "Required: %s.", wanted);
	else if (key->fallback == NULL)
		snprintf(line, sizeof(line), "Optional: %s.", wanted);
	else if (key->type == CONFIG_BOOL)
		snprintf(line, sizeof(line), "Default: %s.", key->fallback);
	else
		snprintf(line, sizeof(line), "Default: %s; %s.", key->fallback, wanted);
	if (key->type != CONFIG_OBJECT)
		config_keys_mdoc_text(out, line);
	if (key->sub != NULL)
		config_keys_mdoc(key->sub, out);
	if (key->mdoc != NULL)
		key->mdoc(out);
}

void config_keys_mdoc(const struct config_key *keys, FILE *out)
{
	fputs(".Bl -tag -width Ds\n", out);
	for (const struct config_key *key = keys; key->name != NULL; key++)
		mdoc_row(key, out);
	fputs(".El\n", out);
}
