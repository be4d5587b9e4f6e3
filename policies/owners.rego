# Nothing that writes without an owner: no scope that can write in a list that is kept by hand (`mode: fixed`), which no
# action takes away again, and no API key that can write.
#
# The owner is a label of the integration or key:
#
#     integrations:
#       onedrive:
#         labels: {owner: content-team}
package main

import rego.v1

deny_owners contains {"msg": msg, "address": change.address} if {
	some change in input.resource_changes
	change.type == "odeus_oauth_client"
	not has_owner(change.unit)
	writing := [scope | some scope in kept_by_hand(change); can_write(change.unit, scope)]
	count(writing) > 0
	msg := sprintf("%s keeps %s in a list by hand and has no owner", [change.unit, concat(", ", writing)])
}

deny_owners contains {"msg": msg, "address": change.address} if {
	some change in input.resource_changes
	change.type == "trustpager_api_key"
	key_can_write(change.change.after)
	not has_owner(change.unit)
	msg := sprintf("%s can write and has no owner", [change.unit])
}

# The whole list of a client that is new, and what joins the list of one that stays.
kept_by_hand(change) := change.change.after.scopes if change.change.after.mode == "fixed"

kept_by_hand(change) := after - before if {
	endswith(change.address, "/oauth/scopes")
	before := {scope | some scope in change.change.before}
	after := {scope | some scope in change.change.after}
}

# What is known of the scope, whether it was requested before or not.
can_write(unit, scope) if input.scope_access[unit][scope] != "read"

# By its name, where no source says it; the pattern stands in settings.json. Where a scope is an address, its name is what
# stands last: `https://graph.microsoft.com/Mail.Send`.
can_write(unit, scope) if {
	not input.scope_access[unit][scope]
	parts := split(scope, "/")
	name := parts[count(parts) - 1]
	regex.match(sprintf("(?i)%s", [data.owners.writing_scopes]), name)
}

key_can_write(key) if key == "full_access"

key_can_write(key) if {
	some _, tier in key.resources
	not tier in ["no_access", "read"]
}

# A verb outside the tiers does something: `calls: [initiate]`.
key_can_write(key) if {
	some _, verbs in key.verbs
	count(verbs) > 0
}

has_owner(unit) if count(trim_space(input.labels[unit].owner)) > 0
