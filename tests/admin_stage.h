/* SPDX-License-Identifier: MIT */
/*
 * The stage of the admins' suites: on top of stage.h Alice, an admin by her key, and Bob, who
 * is none, both on alpha, and a directory of the test's own for what Kurafuto keeps.
 */
#ifndef ADMIN_STAGE_H
#define ADMIN_STAGE_H

#include <bsd/string.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../auth.h"
#include "stage.h"

#define SALT   "0123456789abcdef"
#define RANKS  ",'ranks':{'admin':{'names':['Alice'],'commands':['*']}}"
#define KEPT   ",'salt':'" SALT "','state-dir':'%s'"
#define ADMINS RANKS KEPT CALM
#define HUBS   ",'hubs':['alpha','beta']"
/* The settings of most tests: their arguments are the ports of alpha and beta, and `state`. */
#define USUAL TWO_SERVERS ADMINS, alpha.port, beta.port, state

static char state[HARNESS_PATH]; /* a directory of the test's own */
static struct peer *bob, *link_bob;

static inline void admin_setup(void)
{
	stage_setup();
	harness_file(state, "state-XXXXXX", NULL);
	ck_assert_ptr_nonnull(mkdtemp(state));
	bob = link_bob = NULL;
}

static inline void admin_teardown(void)
{
	struct dirent *entry;
	char path[HARNESS_PATH + 300];
	DIR *dir = opendir(state);

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		snprintf(path, sizeof(path), "%s/%s", state, entry->d_name);
		unlink(path);
	}
	if (dir != NULL)
		closedir(dir);
	rmdir(state);
	stage_teardown();
}

static inline struct peer *login(const char *name, bool has_key)
{
	struct peer *client = client_connect(proxy);
	char key[AUTH_KEY_LEN + 1];

	auth_key(key, SALT, name);
	client_identify(client, PACKET_PROTOCOL, false, name, has_key ? key : NULL);
	return client;
}

static inline struct peer *enter(const char *name, bool has_key, struct backend *backend,
				 const char *server, struct peer **link)
{
	struct peer *client = login(name, has_key);

	*link = backend_accept(backend);
	link_welcome(*link, server);
	client_arrive(client, server);
	exchange(client, *link);
	peer_forget(client);
	return client;
}

/* Alice and Bob stand on alpha. */
static inline void both_join(void)
{
	alice = enter("Alice", true, &alpha, "Alpha", &link_a);
	bob = enter("Bob", false, &alpha, "Alpha", &link_bob);
}

/* Everybody leaves, and the proxy must end well. */
static inline void all_leave(void)
{
	peer_close(bob);
	peer_close(link_bob);
	finish();
}

static inline void say_as(struct peer *player, const char *command, const char *answer)
{
	peer_forget(player);
	peer_chat(player, command);
	peer_wait_text(player, answer);
}

/* Alice gives a command and waits for a part of the answer. */
static inline void ask(const char *command, const char *answer)
{
	say_as(alice, command, answer);
}

/* Neither command nor answer has come to Alice's server. */
static inline void nothing_has_leaked(void)
{
	char text[PACKET_STRING_LEN + 1];

	peer_chat(alice, "plain words");
	packet_get_string(text, peer_expect(link_a, OP_MESSAGE) + 2);
	ck_assert_str_eq(text, "plain words");
}

static inline void close_link_of_bob(void)
{
	peer_expect_close(link_bob);
	lose(&link_bob);
}

/* The servers of a player who is moved: the old link closes, the new one lets them in. */
static inline void moves(struct peer *player, struct peer **link, struct backend *backend,
			 const char *server)
{
	struct peer *next = backend_accept(backend);

	link_welcome(next, server);
	client_arrive(player, server);
	peer_close(*link);
	*link = next;
	exchange(player, next);
}

static inline TCase *admin_case(Suite *suite, const char *name)
{
	TCase *tcase = harness_case(suite, name);

	tcase_add_checked_fixture(tcase, admin_setup, admin_teardown);
	return tcase;
}

#endif
