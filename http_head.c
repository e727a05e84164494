/* SPDX-License-Identifier: MIT */
/*
 * The head of an HTTP/1 message (RFC 9112). The one idea: a head is short, so it is read from
 * its beginning each time there is more of it, and needs no state. It is strict, since whoever
 * reads a head otherwise than the proxy in front can be told otherwise who the player is.
 */
#include "http_head.h"

#include <string.h>
#include <strings.h>

/* Where the reading is. What takes something returns false if it can't: then `result` says
 * whether there must be more or there is a fault. */
struct cursor {
	const char *at, *end;
	enum http_result result; /* HTTP_PART until there is a fault */
	const char *why;
};

static bool fail(struct cursor *cursor, enum http_result result, const char *why)
{
	cursor->result = result;
	cursor->why = why;
	return false;
}

/* ---- classes of characters (RFC 9110, 5.5 and 5.6.2; RFC 9112, 3.2) ---- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_visible(char c)
{
	return c > ' ' && c < '\x7f';
}

static bool is_token(char c)
{
	return is_visible(c) && strchr("\"(),/:;<=>?@[\\]{}", c) == NULL;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_of_value(char c)
{
	return is_visible(c) || is_space(c) || (unsigned char)c >= 0x80;
}

/* ---- parts of a line ---- */

/* As many as there are, which may be none, up to one that is of another class. */
static bool take_all(struct cursor *cursor, bool (*is_of)(char), struct http_text *out)
{
	*out = (struct http_text){.data = cursor->at};
	while (cursor->at < cursor->end && is_of(*cursor->at))
		cursor->at++;
	out->size = (size_t)(cursor->at - out->data);
	return cursor->at < cursor->end;
}

/* At least one, and what must be behind it. */
static bool take_word(struct cursor *cursor, bool (*is_of)(char), char behind,
		      struct http_text *out, const char *why)
{
	if (!take_all(cursor, is_of, out))
		return false;
	if (out->size == 0 || *cursor->at != behind)
		return fail(cursor, HTTP_BAD, why);
	cursor->at++;
	return true;
}

/* Just this; a 0 in it stands for any digit. */
static bool take_this(struct cursor *cursor, const char *expected, struct http_text *out,
		      const char *why)
{
	*out = (struct http_text){.data = cursor->at, .size = strlen(expected)};
	for (; *expected != '\0'; expected++, cursor->at++) {
		if (cursor->at == cursor->end)
			return false;
		if (*expected == '0' ? !is_digit(*cursor->at) : *cursor->at != *expected)
			return fail(cursor, HTTP_BAD, why);
	}
	return true;
}

/* The end of a line, behind what take_all() took. */
static bool take_end(struct cursor *cursor)
{
	struct http_text end;

	if (cursor->at < cursor->end && *cursor->at != '\r' && *cursor->at != '\n')
		return fail(cursor, HTTP_BAD,
			    "there is a character that does not belong there");
	return take_this(cursor, "\r\n", &end, "a line does not end with CR LF");
}

/* ---- lines ---- */

/* "GET /path HTTP/1.1" */
static bool read_request_line(struct cursor *cursor, struct http_text start[3])
{
	static const char why[] = "its first line is no request of HTTP/1";

	return take_word(cursor, is_token, ' ', &start[0], why) &&
	       take_word(cursor, is_visible, ' ', &start[1], why) &&
	       take_this(cursor, "HTTP/1.0", &start[2], why) && take_end(cursor);
}

/* "HTTP/1.1 101 Switching Protocols" */
static bool read_status_line(struct cursor *cursor, struct http_text start[3])
{
	static const char why[] = "its first line is no answer of HTTP/1";
	struct http_text space;

	return take_this(cursor, "HTTP/1.0", &start[0], why) &&
	       take_this(cursor, " ", &space, why) &&
	       take_this(cursor, "000", &start[1], why) &&
	       take_this(cursor, " ", &space, why) &&
	       take_all(cursor, is_of_value, &start[2]) && take_end(cursor);
}

static void trim(struct http_text *text)
{
	for (; text->size > 0 && is_space(text->data[0]); text->data++)
		text->size--;
	while (text->size > 0 && is_space(text->data[text->size - 1]))
		text->size--;
}

/* "Name: value" */
static bool read_field(struct cursor *cursor, struct http_field *field)
{
	if (is_space(*cursor->at))
		return fail(cursor, HTTP_BAD, "a line is folded");
	if (!take_word(cursor, is_token, ':', &field->name,
		       "a field does not begin with a name and a colon") ||
	    !take_all(cursor, is_of_value, &field->value) || !take_end(cursor))
		return false;
	trim(&field->value);
	return true;
}

/* And the empty line behind them. */
static bool read_fields(struct cursor *cursor, struct http_head *out)
{
	for (out->n_fields = 0; cursor->at < cursor->end; out->n_fields++) {
		if (*cursor->at == '\r' || *cursor->at == '\n')
			return take_end(cursor);
		if (out->n_fields == HTTP_FIELDS_MAX)
			return fail(cursor, HTTP_TOO_BIG, "it has more than 64 fields");
		if (!read_field(cursor, &out->fields[out->n_fields]))
			return false;
	}
	return false;
}

static enum http_result read_head(struct http_head *out, const char *bytes, size_t size,
				  bool (*read_start)(struct cursor *, struct http_text *),
				  const char **why)
{
	size_t most = size < HTTP_HEAD_MAX ? size : HTTP_HEAD_MAX;
	struct cursor cursor = {.at = bytes, .end = bytes + most, .result = HTTP_PART};

	if (read_start(&cursor, out->start) && read_fields(&cursor, out)) {
		out->size = (size_t)(cursor.at - bytes);
		return HTTP_WHOLE;
	}
	if (cursor.result == HTTP_PART && most == HTTP_HEAD_MAX)
		fail(&cursor, HTTP_TOO_BIG, "it is longer than 4096 bytes");
	if (cursor.result != HTTP_PART)
		*why = cursor.why;
	return cursor.result;
}

enum http_result http_read_request(struct http_head *out, const char *bytes, size_t size,
				   const char **why)
{
	return read_head(out, bytes, size, read_request_line, why);
}

enum http_result http_read_response(struct http_head *out, const char *bytes, size_t size,
				    const char **why)
{
	return read_head(out, bytes, size, read_status_line, why);
}

/* ---- what is in a head ---- */

bool http_text_is(struct http_text text, const char *word)
{
	return text.size == strlen(word) && strncasecmp(text.data, word, text.size) == 0;
}

const struct http_text *http_field(const struct http_head *head, const char *name, size_t n)
{
	for (size_t i = 0; i < head->n_fields; i++)
		if (http_text_is(head->fields[i].name, name) && n-- == 0)
			return &head->fields[i].value;
	return NULL;
}

bool http_next_word(struct http_text *list, struct http_text *word)
{
	while (list->size > 0) {
		const char *comma = memchr(list->data, ',', list->size);
		size_t size = comma != NULL ? (size_t)(comma - list->data) : list->size;
		size_t used = size + (comma != NULL);

		*word = (struct http_text){.data = list->data, .size = size};
		list->data += used;
		list->size -= used;
		trim(word);
		if (word->size > 0)
			return true;
	}
	return false;
}

bool http_has_word(const struct http_head *head, const char *name, const char *word)
{
	const struct http_text *value;

	for (size_t n = 0; (value = http_field(head, name, n)) != NULL; n++) {
		struct http_text list = *value, each;
		while (http_next_word(&list, &each))
			if (http_text_is(each, word))
				return true;
	}
	return false;
}
