/* SPDX-License-Identifier: MIT */
/*
 * The head of an HTTP/1 message: its first line and its header fields (RFC 9112), as far as a
 * WebSocket handshake needs them. Pure code; a head points into the bytes that it was read
 * from.
 */
#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>

#define HTTP_HEAD_MAX   4096 /* bytes of a head, with the empty line at its end */
#define HTTP_FIELDS_MAX 64

/* Bytes that are not terminated. No control character is among them but tabs in values. */
struct http_text {
	const char *data;
	size_t size;
};

struct http_field {
	struct http_text name, value; /* the value without spaces around it; may be empty */
};

struct http_head {
	size_t size; /* in bytes: what comes behind it is no part of it */
	/* method, target, version; or version, status (three digits), reason (may be empty) */
	struct http_text start[3];
	struct http_field fields[HTTP_FIELDS_MAX];
	size_t n_fields;
};

enum http_result {
	HTTP_WHOLE,
	HTTP_PART,    /* nothing is wrong yet, but there must be more */
	HTTP_BAD,     /* it is no head of HTTP/1: *why */
	HTTP_TOO_BIG, /* it is longer than HTTP_HEAD_MAX, or has too many fields: *why */
};

/*
 * Reads the head that `bytes` begin with. While the result is HTTP_PART it is to be called
 * again with the same bytes and at least one more; it never wants more than HTTP_HEAD_MAX. A
 * fault is found as soon as it can be seen: *why says what it is, as in "a line does not end
 * with CR LF"; only then is it set. Strict: a bare LF, a NUL or another control character, a
 * folded line and a space in front of a colon are faults. Any HTTP/1.x is read: the version is
 * the caller's to judge. *out counts only if the result is HTTP_WHOLE, and only as long as
 * `bytes` stay where they are.
 */
enum http_result http_read_request(struct http_head *out, const char *bytes, size_t size,
				   const char **why);
enum http_result http_read_response(struct http_head *out, const char *bytes, size_t size,
				    const char **why);

/* The value of the n-th field (from 0) of that name, without regard to case; NULL: there are no
 * more. */
const struct http_text *http_field(const struct http_head *head, const char *name, size_t n);
/*
 * Takes the next element, without spaces around it, off the front of a comma-separated list,
 * such as a field's value. Empty ones are passed over (RFC 9110, 5.6.1). False: there are no
 * more. Quoted strings are not known.
 */
bool http_next_word(struct http_text *list, struct http_text *word);
/* Is a word in the comma-separated values of all fields of that name; without regard to case.
 */
bool http_has_word(const struct http_head *head, const char *name, const char *word);
/* Without regard to case. */
bool http_text_is(struct http_text text, const char *word);

#endif
