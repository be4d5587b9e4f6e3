# Nothing is shared with guests: people outside the organisation's own mail domains, groups that they are in, and groups
# that are there for them.
#
# Who is in a group stands in `input.groups`, as the platform said when the plan was made: a plan is not carried out when
# somebody has joined by then, and who joins a group later passes by this rule. In the plan of a snapshot people are
# pseudonyms; the domains below are found again in it, written in full as they are, so it is denied where the plan of what
# is live is denied.
#
# Who is a guest stands in `data.guests` in settings.json. With `everyone_includes_guests`, sharing with everyone counts as
# well, because everyone in the workspace is then not only the organisation.
package main

import rego.v1

# Who may use an integration or an action afterwards, and may not now. An action that is on without all its scopes has
# this one level deeper.
shared_with contains [change.address, kind, name] if {
	some change in input.resource_changes
	some kind in ["users", "groups"]
	some name in access(change.change.after)[kind]
	not name in object.get(access(change.change.before), kind, [])
}

access(value) := value.access if is_object(value.access)

else := value if is_object(value)

else := {}

deny_guests contains {"msg": msg, "address": address} if {
	some [address, "groups", group] in shared_with
	for_guests(group)
	msg := sprintf("%s would be shared with the group %s, which holds guests", [address, group])
}

deny_guests contains {"msg": msg, "address": address} if {
	some [address, "groups", group] in shared_with
	not for_guests(group)
	guests := [user | some user in input.groups[group]; is_guest(user)]
	count(guests) > 0
	msg := sprintf("%s would be shared with the group %s, which holds guests: %s", [address, group, concat(", ", guests)])
}

deny_guests contains {"msg": msg, "address": address} if {
	some [address, "users", user] in shared_with
	is_guest(user)
	msg := sprintf("%s would be shared with %s, who is a guest", [address, user])
}

deny_guests contains {"msg": msg, "address": change.address} if {
	data.guests.everyone_includes_guests
	some change in input.resource_changes
	to_everyone(change.change.after)
	not to_everyone(change.change.before)
	msg := sprintf("%s would be shared with everyone, guests included", [change.address])
}

# On TrustPager nothing is shared: whoever holds a token may do what its client may. So no client becomes wider while a
# guest holds a token of it.
deny_guests contains {"msg": msg, "address": tokens.unit} if {
	some tokens in input.tokens
	some change in input.privilege_delta.widening
	change.unit == tokens.unit
	some holder in holders(tokens)
	is_guest(holder)
	msg := sprintf("%s would become wider while %s, who is a guest, holds a token of it", [tokens.unit, holder])
}

holders(tokens) := {holder.user |
	some list in [tokens.changed, tokens.unchanged]
	some holder in list
}

to_everyone(value) if value == "everyone"

to_everyone(value) if value.access == "everyone"

# However its name is written.
for_guests(group) if {
	some known in data.guests.groups
	lower(known) == lower(group)
}

is_guest(user) if not regex.match(sprintf("@(%s)$", [concat("|", escaped_domains)]), lower(user))

escaped_domains contains replace(lower(domain), ".", `\.`) if some domain in data.guests.domains
