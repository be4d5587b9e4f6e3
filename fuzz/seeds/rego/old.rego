package main

import data.lib as l

deny[msg] {
  change := input.resource_changes[_]
  l.open(change)
  msg := {"msg": sprintf("%s is open", [change.address]), "address": change.address}
}
package lib

open(change) { change.change.after == "everyone" }
