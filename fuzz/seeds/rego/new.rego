package team.access

import rego.v1

default limit := 3

warn_soon contains msg if {
  every change in input.resource_changes { change.type != "key" }
  some i, finding in input.findings
  not finding.code in {"a", "b"}
  msg := concat(" ", [x | x := finding.code; i < limit])
}

exception contains rules if rules := [""]

violation contains {"msg": "m"} if walk(input, [["a", 0], _])
