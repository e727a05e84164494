/* SPDX-License-Identifier: MIT */
/*
 * Tables of keys, and what can be done with any of them: load, check, print, free, document.
 * Also the way from a text to a JSON tree with faults by line and column. The one idea: a fault
 * is reported and counted, never a reason to stop, so that one run tells the admin about all of
 * them; defaults are JSON too and take the same way in.
 */
#include "config_keys.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "text.h"

#define NESTING_MAX 1000 /* as deep as cJSON goes */

_Static_assert(sizeof(enum log_level) == sizeof(unsigned) &&
		       sizeof(enum config_on_kick) == sizeof(unsigned),
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

static size_t enter_key(struct config_reader *reader, const char *name)
{
	return config_keys_enter(reader, "%s%s", reader->path_len > 0 ? "." : "", name);
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

/* ---- text to tree ---- */

static void fault_at(struct config_reader *reader, const char *file, const char *text,
		     size_t offset, const char *what)
{
	size_t line = 1, column = 1;

	for (size_t i = 0; i < offset; i++) {
		if (text[i] == '\n') {
			line++;
			column = 1;
		} else if (((uint8_t)text[i] & 0xc0) != 0x80) {
			column++;
		}
	}
	config_keys_fault(reader, "%s:%zu:%zu: %s", file != NULL ? file : "configuration", line,
			  column, what);
}

/* What is wrong with the character at p, inside or outside of a JSON text, whatever the grammar
 * says; NULL if nothing. */
static const char *character_fault(const char *p, const char *end, bool in_text)
{
	uint32_t code = 0;

	if (*p == '\0' && p < end)
		return "a NUL byte";
	if (text_utf8_next(p, &code) == 0)
		return "not UTF-8";
	if ((code < 0x20 && (in_text || strchr("\t\r\n", (int)code) == NULL)) || code == 0x7f)
		return "a control character";
	if (in_text && strncmp(p, "\\u0000", 6) == 0)
		return "\\u0000 can't stand in a text";
	return NULL;
}

/* Finds what cJSON would let pass or point at badly. `text` is terminated at `size`. */
static bool check_characters(struct config_reader *reader, const char *file, const char *text,
			     size_t size)
{
	const char *end = text + size,
		   *opened = NULL; /* the quote that opened the text that we are in */
	const char *what = NULL, *p = text;
	uint32_t code = 0;

	for (; p < end; p++) {
		what = character_fault(p, end, opened != NULL);
		if (what != NULL)
			break;
		if (*p == '"')
			opened = opened == NULL ? p : NULL;
		else if (*p == '\\' && opened != NULL && p + 1 < end && p[1] >= ' ' &&
			 p[1] < 0x7f)
			p++;
		else
			p += text_utf8_next(p, &code) - 1;
	}
	if (opened != NULL && (p == end || *p == '\n')) {
		what = "this text does not end on its line";
		p = opened;
	}
	if (what != NULL)
		fault_at(reader, file, text, (size_t)(p - text), what);
	return what == NULL;
}

/* Are we inside an object and right in front of a key at `end`? *last is then the character
 * before. */
static bool is_key_expected(const char *text, size_t end, char *last)
{
	char open[NESTING_MAX + 1] = {0};
	size_t depth = 0;

	*last = '\0';
	for (size_t i = 0; i < end; i++) {
		char c = text[i];

		if (c == '"') {
			while (++i < end && text[i] != '"')
				i += text[i] == '\\';
		} else if ((c == '{' || c == '[') && depth < NESTING_MAX) {
			open[depth++] = c;
		} else if ((c == '}' || c == ']') && depth > 0) {
			depth--;
		}
		if (strchr(" \t\r\n", c) == NULL)
			*last = c;
	}
	return depth > 0 && open[depth - 1] == '{' && (*last == '{' || *last == ',');
}

static void syntax_fault(struct config_reader *reader, const char *file, const char *text,
			 size_t offset)
{
	char what[80], last = '\0';
	uint32_t code = 0;

	/* Where a key must come and does not, cJSON points one character too far. */
	if (offset > 0 && is_key_expected(text, offset - 1, &last) &&
	    strchr("\" \t\r\n", text[offset - 1]) == NULL &&
	    !(last == '{' && text[offset - 1] == '}'))
		offset--;
	while (text[offset] != '\0' && strchr(" \t\r\n", text[offset]) != NULL)
		offset++;
	is_key_expected(text, offset, &last);
	int n = (int)text_utf8_next(text + offset, &code);
	if (text[offset] == '\0')
		snprintf(what, sizeof(what), "syntax error: the end comes too early");
	else if (last == ',' && (text[offset] == '}' || text[offset] == ']'))
		snprintf(what, sizeof(what), "syntax error: a comma too many in front of '%c'",
			 text[offset]);
	else
		snprintf(what, sizeof(what), "syntax error at '%.*s'", n, text + offset);
	fault_at(reader, file, text, offset, what);
}

cJSON *config_keys_parse(struct config_reader *reader, const char *file, const char *text,
			 size_t size)
{
	static const char mark[] = "\xef\xbb\xbf"; /* that some editors put in front of UTF-8 */
	const char *end = NULL;
	cJSON *root = NULL;

	if (size >= 3 && memcmp(text, mark, 3) == 0) {
		text += 3;
		size -= 3;
	}
	char *copy = calloc(1, size + 1);
	if (copy == NULL) {
		config_keys_fault(reader, "out of memory");
		return NULL;
	}
	memcpy(copy, text, size);
	if (check_characters(reader, file, copy, size)) {
		root = cJSON_ParseWithLengthOpts(copy, size + 1, &end, true);
		if (root == NULL)
			syntax_fault(reader, file, copy,
				     end != NULL ? (size_t)(end - copy) : 0);
	}
	free(copy);
	if (root != NULL && !cJSON_IsObject(root)) {
		config_keys_wrong_type(reader, NULL, root);
		cJSON_Delete(root);
		root = NULL;
	}
	return root;
}

/* ---- values ---- */

/* What a good value of a row is, in words. */
static void describe(char *out, size_t size, const struct config_key *key)
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
		describe(wanted, sizeof(wanted), key);
	config_keys_fault(reader, "%s is %s, and not %s", shown, type_name(value), wanted);
}

void config_keys_bad_value(struct config_reader *reader, const struct config_key *key,
			   const cJSON *value)
{
	char shown[CONFIG_VALUE_TEXT], wanted[256];

	show(shown, key, value);
	describe(wanted, sizeof(wanted), key);
	config_keys_fault(reader, "%s is not %s", shown, wanted);
}

static void *member(void *base, const struct config_key *key)
{
	return (char *)base + key->offset;
}

static const void *const_member(const void *base, const struct config_key *key)
{
	return (const char *)base + key->offset;
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
		*text = strdup(value->valuestring);
		if (*text == NULL)
			config_keys_fault(reader, "out of memory");
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
	config_keys_load_choice(reader, key, value, member(base, key));
}

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
		[CONFIG_TEXT] = load_text,     [CONFIG_CHOICE] = load_choice,
		[CONFIG_OBJECT] = load_object,
	};

	(key->type == CONFIG_CUSTOM ? key->load : loaders[key->type])(reader, key, value, base);
}

/* ---- objects ---- */

static size_t find_key(const struct config_key *keys, const char *name)
{
	size_t i = 0;

	while (keys[i].name != NULL && strcmp(keys[i].name, name) != 0)
		i++;
	return i;
}

static void unknown_key(struct config_reader *reader, const struct config_key *keys, char *name)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
	const char *names[CONFIG_KEYS_MAX];
	char shown[CONFIG_VALUE_TEXT];
	cJSON quoted = {.type = cJSON_String, .valuestring = name};
	size_t n = 0;

	for (; keys[n].name != NULL; n++)
		names[n] = keys[n].name;
	const char *nearest = text_nearest(name, names, n);
	config_keys_show(shown, &quoted);
	bool is_plain = name[0] != '\0' && strspn(name, plain) == strlen(name) &&
			strlen(name) < sizeof(shown);
	size_t mark = enter_key(reader, is_plain ? name : shown);
	if (nearest != NULL)
		config_keys_fault(reader, "unknown key; did you mean \"%s\"?", nearest);
	else
		config_keys_fault(reader, "unknown key");
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
			size_t mark = enter_key(reader, item->string);
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
		describe(wanted, sizeof(wanted), key);
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
		size_t mark = enter_key(reader, key->name);

		if (value != NULL)
			load_value(reader, key, value, base);
		else
			load_default(reader, key, base);
		config_keys_leave(reader, mark);
	}
	return reader->faults == faults;
}

void config_keys_free(const struct config_key *keys, void *base)
{
	for (const struct config_key *key = keys; key->name != NULL; key++) {
		if (key->type == CONFIG_TEXT)
			free(*(char **)member(base, key));
		else if (key->type == CONFIG_OBJECT)
			config_keys_free(key->sub, base);
	}
}

/* ---- back to JSON, and to the manual ---- */

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
	case CONFIG_CHOICE:
		return cJSON_CreateString(
			key->choices[*(const unsigned *)const_member(base, key)]);
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
		cJSON *value = print_value(key, base);
		if (value == NULL || !cJSON_AddItemToObjectCS(object, key->name, value)) {
			cJSON_Delete(value);
			cJSON_Delete(object);
			object = NULL;
		}
	}
	return object;
}

/* Sentences of the manual, one a line as mdoc likes it; nothing may be taken for a request or
 * an escape. */
static void mdoc_text(FILE *out, const char *text)
{
	bool starts_line = true;

	for (const char *p = text; *p != '\0'; p++) {
		bool ends_sentence = p > text && p[-1] == '.' && *p == ' ';

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
	mdoc_text(out, key->help);
	describe(wanted, sizeof(wanted), key);
	if (key->flags & CONFIG_REQUIRED)
		snprintf(line, sizeof(line), "Required: %s.", wanted);
	else if (key->fallback == NULL)
		snprintf(line, sizeof(line), "Optional: %s.", wanted);
	else if (key->type == CONFIG_BOOL)
		snprintf(line, sizeof(line), "Default: %s.", key->fallback);
	else
		snprintf(line, sizeof(line), "Default: %s; %s.", key->fallback, wanted);
	if (key->type != CONFIG_OBJECT)
		mdoc_text(out, line);
	if (key->sub != NULL)
		config_keys_mdoc(key->sub, out);
}

void config_keys_mdoc(const struct config_key *keys, FILE *out)
{
	fputs(".Bl -tag -width Ds\n", out);
	for (const struct config_key *key = keys; key->name != NULL; key++)
		mdoc_row(key, out);
	fputs(".El\n", out);
}
