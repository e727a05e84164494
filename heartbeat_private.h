/* SPDX-License-Identifier: MIT */
/*
 * What heartbeat.c is made of. heartbeat_form.c: what a server list is told, and what its
 * answer means, pure code. Answers are bytes of a stranger; what comes out of them is printable
 * ASCII. heartbeat_wire.c: one heartbeat on its way. Nobody else but tests includes this.
 */
#ifndef HEARTBEAT_PRIVATE_H
#define HEARTBEAT_PRIVATE_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

#include "config.h"

#define HEARTBEAT_NAME_MAX  64   /* characters of a name in a list */
#define HEARTBEAT_REPLY_MAX 8192 /* bytes of an answer that are looked at */
#define HEARTBEAT_WORDS_MAX 200  /* characters of an answer that are shown */

/* What a list is told of one listener. */
struct heartbeat_form {
	const char *name; /* UTF-8, with colours */
	unsigned port, users, max;
	bool is_public;
	bool has_web;         /* browsers can connect to that port */
	const char *salt;     /* "" for none */
	const char *software; /* "Kurafuto 0.1.0" */
	/* for betacraft-v2 alone: */
	const char *description; /* UTF-8, with colours */
	const char *address;     /* NULL: not known */
	const char *private_key; /* NULL: none */
	bool verifies_names;
};

/* A name as lists show it: printable ASCII without colours, never empty. */
void heartbeat_name(char out[static HEARTBEAT_NAME_MAX + 1], const char *utf8);

/* The body of a heartbeat, on the heap: a form (application/x-www-form-urlencoded), or, for
 * betacraft-v2, JSON: all of it, or with `is_ping` what changes. NULL without memory. */
char *heartbeat_body(const struct heartbeat_form *form, enum config_heartbeat_type type,
		     bool is_ping);

/* Copies what of a stranger's bytes can be shown: printable ASCII, runs of white space as one
 * space, \xNN for the rest; at most 200 characters, with "..." if some are cut. */
void heartbeat_words(char out[static HEARTBEAT_WORDS_MAX + 1], const char *bytes, size_t size);

/* What an answer means. */
struct heartbeat_reply {
	bool works;
	char url[HEARTBEAT_WORDS_MAX + 1]; /* the page where players join; or empty */
	char reason[HEARTBEAT_WORDS_MAX +
		    1]; /* why it does not work: the same words each time */
	char words[HEARTBEAT_WORDS_MAX + 1]; /* what else it says; or empty */
};

/* `location` is where a redirect points to, or NULL. */
void heartbeat_read(struct heartbeat_reply *out, enum config_heartbeat_type type, long status,
		    const char *location, const char *bytes, size_t size);

/* ---- heartbeat_wire.c ---- */

struct heartbeat_request {
	enum config_heartbeat_type type;
	const char *url;
	bool is_ping; /* of betacraft-v2, which has another path then */
	const char *software, *body;
	void *owner; /* will be CURLINFO_PRIVATE */
};

/* Zeroed while nothing is on its way. It must stay where it is while something is. */
struct heartbeat_wire {
	CURL *easy; /* NULL: nothing is on its way */
	struct curl_slist *headers;
	char error[CURL_ERROR_SIZE];
	char reply[HEARTBEAT_REPLY_MAX];
	size_t size; /* of the reply */
	bool is_cut; /* there was more of it */
};

/* Puts a heartbeat on its way; the request is copied but for its owner. False without memory:
 * then it must be ended all the same. */
bool heartbeat_wire_begin(struct heartbeat_wire *wire, CURLM *multi,
			  const struct heartbeat_request *request);
/* What has come of it, by curl's result. */
void heartbeat_wire_read(struct heartbeat_wire *wire, enum config_heartbeat_type type,
			 CURLcode code, struct heartbeat_reply *reply);
/* Ends it, also before it is done, without waiting for anything. */
void heartbeat_wire_end(struct heartbeat_wire *wire, CURLM *multi);

#endif
