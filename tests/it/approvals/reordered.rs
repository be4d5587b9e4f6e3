//! Plan files whose author put the operations into another order and computed both digests again: each line is true, and on the
//! way something is open that is open neither before nor after.

use serde_json::Value;

use super::flow::office;
use super::forged::{forge, refused};

const WORLD: &str = "kind: world
platform: trustpager
workspaces:
  acme:
    users: {ana@acme.example: owner, ben@acme.example: admin, cleo@acme.example: admin}
    oauth_clients:
      Claude:
        resources: {contacts: read}
        tokens:
          - {user: ana@acme.example, issued: 2026-01-01, requests: 1}
          - {user: ben@acme.example, issued: 2026-01-02, requests: 1}
          - {user: cleo@acme.example, issued: 2026-01-03, requests: 1}
";

const FILES: &str = "version: 1
platform: trustpager
workspace: acme
endpoint: embedded
oauth_clients:
  Claude:
    resources: {contacts: write_automatically}
    tokens: {holders: {users: [ana@acme.example]}}
";

/// Two tokens end and the list of their client becomes wider: the save comes last, or one that is about to end gets more.
///
/// Mutations (tests/mutations), each of which makes this fail: `excess` and `what-ends`.
#[test]
fn a_save_before_a_revoke_is_refused() {
    let lab = office("");
    lab.write("scopeform.yaml", FILES);
    lab.write("world.yaml", WORLD);
    lab.run("plan --out p.plan").exits(0);
    let planned = lab.read("p.plan");
    for place in [1, 0] {
        lab.write("p.plan", &planned);
        forge(&lab, |plan| {
            let operations = plan["bound"]["operations"].as_array_mut().unwrap();
            assert_eq!(operations.len(), 3);
            let is_save = |one: &Value| one["address"] == "oauth_clients/Claude/resources";
            let save = operations.iter().position(is_save).unwrap();
            let save = operations.remove(save);
            operations.insert(place, save);
        });
        refused(
            &lab,
            &[
                "oauth_clients/Claude: `oauth_clients/Claude/tokens/",
                "/contacts` would be open for a moment to people or calls to which it is open neither before nor after",
            ],
        );
    }
    // The two revokes may change places: nothing is open in between that was not.
    lab.write("p.plan", &planned);
    forge(&lab, |plan| plan["bound"]["operations"].as_array_mut().unwrap().swap(0, 1));
    lab.run("apply p.plan --config .").exits(0);
    lab.run("plan --detailed-exitcode").exits(0);
}
