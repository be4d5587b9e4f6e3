# No scope that only a tenant administrator can grant, and no API key with full access, without a ticket.
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
	change.admin_consent == true
	not has_ticket(change.unit)
	msg := sprintf(
		"%s would request %s, which a tenant administrator must grant, and names no ticket",
		[change.unit, change.right.scope],
	)
}

deny_admin_consent contains {"msg": msg, "address": change.address} if {
	some change in input.resource_changes
	change.type == "trustpager_api_key"
	change.change.after == "full_access"
	not has_ticket(change.unit)
	msg := sprintf("%s would be an API key that may do everything, and names no ticket", [change.unit])
}

# What a ticket looks like is the organisation's business: see `data.tickets` in settings.json.
has_ticket(unit) if regex.match(data.tickets.pattern, input.labels[unit].ticket)
