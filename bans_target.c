/* SPDX-License-Identifier: MIT */
/* What a ban is about: a name or a network. */
#include "bans_target.h"

#include <bsd/string.h>
#include <stdio.h>
#include <string.h>

#include "auth.h"

_Static_assert(BANS_WHAT_MAX >= NET_NETWORK_TEXT, "a network has no room in a ban");

bool bans_target_parse(struct bans_target *target, const char *what, char *why, size_t why_size)
{
	*target = (struct bans_target){0};
	snprintf(why, why_size,
		 "\"%s\" is neither a name (1 to 20 letters, digits and _ . @ + -) nor an "
		 "address such as 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32",
		 what);
	if (strlen(what) >= BANS_WHAT_MAX)
		return false;
	target->is_network = net_network_parse(&target->network, what, why, why_size);
	if (!target->is_network && !auth_full_name_is_valid(what))
		return false;
	if (target->is_network)
		net_network_text(target->text, &target->network);
	else
		strlcpy(target->text, what, sizeof(target->text));
	snprintf(why, why_size, "%s", "");
	return true;
}
