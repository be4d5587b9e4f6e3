# Named resources of TrustPager stay at or below their `..._with_approval`: whatever an agent does to them, a person says
# yes first. Which resources these are stands in `data.tiers.approval_only` in settings.json.
#
# A tier is judged by what it grants, never by its name: `delete_with_approval` writes automatically. What each tier grants
# stands in trustpager_tiers.json; a tier that is not in there is denied.
package main

import rego.v1

deny_tiers contains {"msg": msg, "address": address} if {
	some [address, resource, tier] in becomes
	resource in data.tiers.approval_only
	not needs_approval(tier)
	msg := sprintf("%s would be %s, and %s is for calls that a person approves", [address, tier, resource])
}

# Clients have a tier each; keys have all of theirs in one value.
becomes contains [change.address, resource, change.change.after] if {
	some change in input.resource_changes
	change.type == "trustpager_access"
	is_string(change.change.after)
	resource := change.name
}

becomes contains [change.address, resource, tier] if {
	some change in input.resource_changes
	change.type == "trustpager_api_key"
	some resource, tier in change.change.after.resources
}

# A key with full access asks nobody.
becomes contains [change.address, resource, "full_access"] if {
	some change in input.resource_changes
	change.type == "trustpager_api_key"
	change.change.after == "full_access"
	some resource in data.tiers.approval_only
}

needs_approval(tier) if {
	grants := data.trustpager_tiers[tier]
	automatic := {verb | some verb, how in grants; how == "automatic"}
	count(automatic - {"read"}) == 0
}
