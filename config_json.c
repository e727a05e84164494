/* SPDX-License-Identifier: MIT */
/*
 * From the text of kurafuto.json to a tree, strictly where cJSON is lenient. The one idea: what
 * cJSON would let pass is found before it sees the text, and where it stops is turned into a
 * line, a column, and a word about what is wrong there.
 */
#include <stdlib.h>
#include <string.h>

#include "config_keys.h"
#include "text.h"

#define NESTING_MAX 1000 /* as deep as cJSON goes */

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
