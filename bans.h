/* SPDX-License-Identifier: MIT */
/*
 * Who may not come in: names and networks that are banned, for a time or for ever, and the
 * allow list. Kept in bans.json and allowed.json of one directory, which an admin may edit:
 *     {"bans": [{"what": "Alice", "reason": "grief", "by": "console", "until": 1790000000}]}
 *     {"on": true, "names": ["Alice", {"what": "10.0.0.0/8", "reason": "school", ...}]}
 * What has been edited counts from the next start or bans_reload() on. A change that comes
 * first writes the list as it is in memory, and keeps what was edited under another name.
 * Any thread; a change is on disk when the function returns. Questions (bans_find, bans_each,
 * bans_is_allowed, ...) never wait for the disk.
 */
#ifndef BANS_H
#define BANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net.h"

#define BANS_WHAT_MAX   64  /* room for a name or a CIDR, terminated */
#define BANS_REASON_MAX 128 /* room for a reason, UTF-8 */

struct bans;

/* One ban or one entry of the allow list, as lists show it. */
struct bans_entry {
	char what[BANS_WHAT_MAX];     /* "Alice", "10.0.0.0/8" in canonical form, "::1/128" */
	char reason[BANS_REASON_MAX]; /* may be empty */
	char by[BANS_WHAT_MAX];       /* who put it there, "console" or a name; may be empty */
	int64_t until_s;              /* time(2); 0: for ever */
};

/*
 * Loads both files from a directory. NULL without memory. What is wrong in them is warned of
 * with its place; everything else counts, and a copy of the file as it was is kept
 * (store_copy_aside). A ban whose end is not understood is one for ever; an allow list whose
 * switch is missing or not understood is on, and so is one whose file is there but can't be
 * read at all. An entry of the allow list of which not everything but its reason and its author
 * is understood does not count. Blocks on the disk.
 */
struct bans *bans_new(const char *directory);
void bans_free(struct bans *bans);

/* A line without its end: a warning, with the path of the file; or what has been read. */
typedef void bans_tell_fn(void *context, bool is_warning, const char *line);
/*
 * Reads a file again that is not as it was when it was read or written last (by inode, size and
 * time), or that could not be read then. What is wrong in it is told of, and dealt with as at
 * the start; but the list that counts stays as it is, and so does the file, if that is damaged,
 * missing or can't be read. Else it takes the place of that list, also of changes that could
 * not be saved. True if a list was read: players may be banned now. `tell` is called meanwhile,
 * and calls no function of this module. Blocks on the disk, and until changes under way are
 * there; changes wait for it.
 */
bool bans_reload(struct bans *bans, bans_tell_fn *tell, void *context);

enum bans_result { BANS_DONE, BANS_BAD, BANS_UNCHANGED, BANS_NOT_SAVED };
/* Of all changes: BANS_BAD: nothing has changed; `why` (of `why_size`, a sentence without its
 * full stop) says what is wrong. BANS_NOT_SAVED: it counts until the program ends
 * or the file is read again; `why` is the
 * file and what is wrong with it ("/x/bans.json: No space left on device"). They block on the
 * disk. */

/* Bans a name (auth_full_name_is_valid) or an address or CIDR of IPv4 or IPv6; an address alone
 * is a network of one, IPv4 mapped into IPv6 is IPv4, and what is both ("1.2.3.4") is an
 * address. A new ban of the same thing replaces the old. Reasons are cut to fit. BANS_BAD:
 * neither name nor network, or the end is past. `until_s` as above. */
enum bans_result bans_add(struct bans *bans, const char *what, int64_t until_s,
			  const char *reason, const char *by, char *why, size_t why_size);
/* BANS_UNCHANGED: there was no ban of just this, or it is over; networks around it or within it
 * stay. */
enum bans_result bans_remove(struct bans *bans, const char *what, char *why, size_t why_size);
/* Is this name (without regard to case) or this address (NULL: not asked) banned at time now_s.
 * IPv4 mapped into IPv6 counts as IPv4. *entry (may be NULL) is a copy. */
bool bans_find(struct bans *bans, const char *name, const struct net_addr *peer, int64_t now_s,
	       struct bans_entry *entry);
/* Calls fn for each ban that is not over, in order of creation: under the lock of all bans, so
 * it copies what it needs, takes no time, and calls no function of this module. */
typedef void bans_each_fn(void *context, const struct bans_entry *entry);
void bans_each(struct bans *bans, int64_t now_s, bans_each_fn *fn, void *context);

/* The allow list: while it is on, only names and addresses on it may come in. Off without a
 * file. BANS_UNCHANGED: it was so already. */
bool bans_allow_is_on(struct bans *bans);
enum bans_result bans_allow_switch(struct bans *bans, bool on, char *why, size_t why_size);
/* As bans_add() and bans_remove(). BANS_UNCHANGED: the same is there, with this reason and this
 * end; or there is none of just this. */
enum bans_result bans_allow_add(struct bans *bans, const char *what, int64_t until_s,
				const char *reason, const char *by, char *why, size_t why_size);
enum bans_result bans_allow_remove(struct bans *bans, const char *what, char *why,
				   size_t why_size);
/* May who has this name and comes from this address (NULL: not asked) come in at time now_s:
 * one of them is on the list, or the list is off. */
bool bans_is_allowed(struct bans *bans, const char *name, const struct net_addr *peer,
		     int64_t now_s);
/* Calls fn for each entry that is not over, as bans_each(). */
void bans_each_allowed(struct bans *bans, int64_t now_s, bans_each_fn *fn, void *context);

/* "30s", "10m", "12h", "7d", "2w" or sums such as "1d12h": seconds; 0 if it is not one, or
 * more than ten years (3650d). */
int64_t bans_duration_s(const char *text);
/* The other way, for people and in the words of config_message(): "2 d 3 h", "5 min", "20 s";
 * the two largest units, of which the second is left out when it is 0. Less than nothing is
 * "0 s". */
void bans_duration_text(char *out, size_t size, int64_t seconds);
/* The same for what is left of a time, rounded up to the smaller of the two units: a ban of two
 * hours has "2 h" left for its first minute. */
void bans_left_text(char *out, size_t size, int64_t seconds);

#endif
