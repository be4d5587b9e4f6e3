# No scope that only a tenant administrator can grant, or of which no source says that others can, and no API key with full
# access, without a ticket.
#
# The ticket is a label of the integration or key that asks for it:
#
#     integrations:
#       entra:
#         labels: {ticket: SEC-142}
package main

import rego.v1

deny_admin_consent contains {"msg": msg, "address": change.unit} if {
	some change in input.privilege_delta.widening
	scope := change.right.scope

	# What no source says is not harmless: `null` is held against the plan too.
	not change.admin_consent == false
	not has_ticket(change.unit)
	msg := sprintf("%s would request %s, %s, and names no ticket", [change.unit, scope, consent(change)])
}

consent(change) := "which a tenant administrator must grant" if change.admin_consent == true

else := "and no source says whether a tenant administrator must grant it"

deny_admin_consent contains {"msg": msg, "address": change.address} if {
	some change in input.resource_changes
	change.type == "trustpager_api_key"
	change.change.after == "full_access"
	not has_ticket(change.unit)
	msg := sprintf("%s would be an API key that may do everything, and names no ticket", [change.unit])
}

# What a ticket looks like is the organisation's business: see `data.tickets` in settings.json.
has_ticket(unit) if regex.match(data.tickets.pattern, input.labels[unit].ticket)
