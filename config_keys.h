/* SPDX-License-Identifier: MIT */
/*
 * Private to config*.c: tables of keys, and what can be done with any such table. A table
 * describes the keys of one kind of JSON object and the struct that they fill; this module
 * knows how to load, check, print, free and document it, and nothing of what the keys mean.
 */
#ifndef CONFIG_KEYS_H
#define CONFIG_KEYS_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "config.h"

#define CONFIG_KEYS_MAX   64 /* keys of one table */
#define CONFIG_VALUE_TEXT 64 /* room for a value as a message shows it, terminated */

enum config_type {
	CONFIG_BOOL,   /* bool */
	CONFIG_NUMBER, /* uint8_t, uint16_t, unsigned or int64_t, by `size` */
	CONFIG_TEXT,   /* char *, on the heap */
	CONFIG_TEXTS,  /* struct config_list: a list of texts, or one text with commas */
	CONFIG_CHOICE, /* an enum, or a bool, by position among `choices` */
	CONFIG_OBJECT, /* an object with the keys of `sub`, which fill the same struct */
	CONFIG_CUSTOM, /* whatever `load` and `print` make of it */
};

enum config_flags {
	CONFIG_REQUIRED = 1, /* the key must be there */
	CONFIG_OR_ZERO = 2,  /* 0 is good too, and means off */
	CONFIG_OR_NULL = 4,  /* null is good too, and leaves a text unset */
	CONFIG_SECRET = 8,   /* no message shows the value */
	CONFIG_HIDDEN = 16,  /* not printed: an older name of another key */
	CONFIG_HEX = 32,     /* a text with a hexadecimal number, "0x41", is good too */
};

struct config_reader;

struct config_key {
	const char *name;
	enum config_type type;
	unsigned flags;
	size_t offset, size;  /* of the member that is filled */
	int64_t min, max;     /* CONFIG_NUMBER; CONFIG_TEXTS: up to max items, 0: any number */
	const char *fallback; /* the default as JSON; NULL: the member stays as it is */
	const char *what;     /* what a good value is: "a port"; not for bool and choices */
	const char *item;     /* CONFIG_TEXTS: what a good item is */
	const char *help;     /* one or two sentences for the manual */
	const char *const *choices; /* CONFIG_CHOICE: ends in NULL */
	const struct config_key
		*sub; /* CONFIG_OBJECT, and the items of a list: for loading and the manual */
	/* CONFIG_TEXT, and each of CONFIG_TEXTS: false if the text is bad; `why` may be left
	 * empty if `what`, or `item`, says it all. */
	bool (*check)(const char *text, char *why, size_t why_size);
	void (*load)(struct config_reader *reader, const struct config_key *key,
		     const cJSON *value, void *base);
	cJSON *(*print)(const void *base); /* NULL when out of memory */
	void (*mdoc)(FILE *out); /* what the manual says behind the row; may be NULL */
};
/* A table ends with a row whose name is NULL. These begin a row, with a member or without. */
#define CONFIG_ROW(name_, type_, struct_, member_)                                            \
	.name = (name_), .type = CONFIG_##type_, .offset = offsetof(struct struct_, member_), \
	.size = sizeof(((struct struct_ *)NULL)->member_)
#define CONFIG_ROW_NO_MEMBER(name_, type_) .name = (name_), .type = CONFIG_##type_

/* One reading of one file: where in it we are, and who hears of faults. */
struct config_reader {
	config_report_fn *report;
	void *context;
	const cJSON *root;
	unsigned faults;
	size_t path_len;
	char path[256]; /* "servers[2].port" */
};

/*
 * Parses a text that must hold one JSON object, strictly where cJSON is lenient (control
 * characters, NUL, UTF-8). `file` is for messages. NULL after a fault; else the caller owns the
 * tree. (In config_json.c.)
 */
cJSON *config_keys_parse(struct config_reader *reader, const char *file, const char *text,
			 size_t size);

/* Appends to the path, ".key" or "[3]" as formatted; returns what config_keys_leave() takes to
 * undo it. */
size_t config_keys_enter(struct config_reader *reader, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Appends the key of an object, which may be any text. */
size_t config_keys_enter_key(struct config_reader *reader, const char *name);
void config_keys_leave(struct config_reader *reader, size_t mark);

/* Report a fault or a warning at the current path. */
void config_keys_fault(struct config_reader *reader, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void config_keys_warn(struct config_reader *reader, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Fault: the value has another type than the key wants. Fault: it has the right type, but is
 * not in range. */
void config_keys_wrong_type(struct config_reader *reader, const struct config_key *key,
			    const cJSON *value);
void config_keys_bad_value(struct config_reader *reader, const struct config_key *key,
			   const cJSON *value);
/* Room for a row of each member of a list or an object (NULL: of none), and one more, zeroed;
 * the caller's. NULL, with a fault, if there are more than `max`, or no memory. */
void *config_keys_rows(struct config_reader *reader, const cJSON *members, int max,
		       size_t row_size);

/* Fault: what the path leads to is a key that does not exist; nearest may be NULL. */
void config_keys_unknown(struct config_reader *reader, const char *nearest);
/* Fault: an item is not what it should be, `what`; nearest may be NULL. */
void config_keys_bad_item(struct config_reader *reader, const cJSON *item, const char *what,
			  const char *nearest);

/* What a good value of a row is, in words. */
void config_keys_describe(char *out, size_t size, const struct config_key *key);
/* A value as messages show it: JSON on one line, cut when long. */
void config_keys_show(char out[static CONFIG_VALUE_TEXT], const cJSON *value);

/*
 * Fills the struct at `base` (zeroed by the caller) from an object, in the order of the table;
 * keys that are not there get their defaults. True if nothing was wrong.
 */
bool config_keys_load(struct config_reader *reader, const struct config_key *keys,
		      const cJSON *object, void *base);
/* Load one value as its row says; for loaders of CONFIG_CUSTOM rows that build on a simple
 * type. False after a fault. */
bool config_keys_load_bool(struct config_reader *reader, const struct config_key *key,
			   const cJSON *value, bool *out);
bool config_keys_load_choice(struct config_reader *reader, const struct config_key *key,
			     const cJSON *value, unsigned *out);

/* What a list of simple items is filled by: takes one item, or reports its fault. */
typedef void config_item_fn(struct config_reader *reader, void *base, const cJSON *item);
/* Goes through a list that may be an array or a text with commas. */
void config_keys_each_item(struct config_reader *reader, const struct config_key *key,
			   const cJSON *value, void *base, config_item_fn *each);
/* Goes through an object whose keys are names; the path leads to each. */
void config_keys_each_named(struct config_reader *reader, const struct config_key *key,
			    const cJSON *value, void *base, config_item_fn *each);

/* A copy of a text, NULL for NULL; without memory a fault, and NULL. */
char *config_keys_copy(struct config_reader *reader, const char *text);
/* Appends a copy of a text. */
void config_keys_append(struct config_reader *reader, struct config_list *list,
			const char *text);
void config_keys_free_list(struct config_list *list);

/* Frees the texts and lists of texts of a struct. */
void config_keys_free(const struct config_key *keys, void *base);

/* ---- config_print.c ---- */

/* The struct as a JSON object that config_keys_load() would read the same from; NULL when out
 * of memory. */
cJSON *config_keys_print(const struct config_key *keys, const void *base);
/*
 * These add to an array or object and return it, or free it and return NULL when out of memory;
 * they take NULL for anything, so that a caller need look at the end only. `item` is taken
 * over.
 */
cJSON *config_keys_add(cJSON *array, cJSON *item);
cJSON *config_keys_add_named(cJSON *object, const char *name, cJSON *item);
cJSON *config_keys_print_list(const struct config_list *list);

/* Sentences of the manual, one a line as mdoc likes it; nothing is taken for a request or an
 * escape. */
void config_keys_mdoc_text(FILE *out, const char *text);
/* The rows as an mdoc list. */
void config_keys_mdoc(const struct config_key *keys, FILE *out);

#endif
