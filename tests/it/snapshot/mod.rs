//! Snapshots: planned from without credentials, by the same names and with none of the others.
#![expect(clippy::disallowed_methods, reason = "tests read and write files")]

mod flow;
mod laws;
mod names;
mod network;
pub(crate) mod rules;
mod trust;

use std::path::Path;

use scopeform::snapshot::{Taken, read, write};
use serde_json::Value;

use crate::approvals::{new_key, sign};
use crate::cli::harness::{BINARY, Lab, Run};

/// The namespace of signatures under snapshots.
const NAMESPACE: &str = "scopeform-snapshot";

/// The principal whose key takes snapshots, and the line that allows nothing else.
const ROBOT: &str = "snapshots@acme.example";

/// A lab with an example folder, a key that may take snapshots, and one that may not.
fn lab(example: &str) -> Lab {
    let lab = Lab::new();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(example);
    for entry in std::fs::read_dir(&from).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ext| ext == "yaml") {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            lab.write(&format!("acme/{name}"), &std::fs::read_to_string(&path).unwrap());
        }
    }
    keys(&lab);
    lab
}

/// Keys, and an allowed-signers file in which one of them may sign snapshots and the other approvals.
fn keys(lab: &Lab) {
    let keys = lab.path("keys");
    std::fs::create_dir(&keys).unwrap();
    let robot = new_key(&keys, "robot", &["ed25519"]);
    let ana = new_key(&keys, "ana", &["ed25519"]);
    new_key(&keys, "eve", &["ed25519"]);
    let line = format!("{ROBOT} namespaces=\"{NAMESPACE}\" {robot}\n");
    lab.write("signers", &format!("{line}ana@acme.example namespaces=\"scopeform-plan\" {ana}\n"));
}

/// Takes a signed snapshot of the lab's folder.
fn take(lab: &Lab) {
    lab.run("snapshot acme --out s.json --key keys/robot").exits(0);
}

/// A run of `plan` from the snapshot.
fn planned(lab: &Lab, more: &str) -> Run {
    lab.run(&format!("plan acme --snapshot s.json --signers signers --today 2026-11-22 {more}"))
}

/// A run of `plan` of what is live.
fn live(lab: &Lab, more: &str) -> Run {
    lab.run(&format!("plan acme --today 2026-11-22 {more}"))
}

/// The bytes of the parts of a plan that must be the same live and from a snapshot.
fn bytes(plan: &Value) -> String {
    serde_json::to_string(&[&plan["privilege_delta"], &plan["findings"]]).unwrap()
}

/// Makes another snapshot of the lab's: `edit` is done to it, and it is signed again by `key`.
fn forge(lab: &Lab, key: &str, edit: impl FnOnce(&mut Taken)) {
    let (mut taken, _) = read(lab.read("s.json").as_bytes()).unwrap();
    edit(&mut taken);
    let (text, _) = write(taken, "0.1.0");
    lab.write("s.json", &text);
    let signature = sign(&lab.path("keys"), key, NAMESPACE, text.as_bytes());
    std::fs::write(lab.path("s.json.sig"), signature).unwrap();
}

/// A shell line that runs the program with these arguments under another program.
fn under(lab: &Lab, program: &str, args: &str) -> Run {
    lab.shell(&format!("{program} {BINARY} {args}"))
}
