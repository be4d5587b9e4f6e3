//! Rules in Rego: what the language may do here, which rules count, how a plan is held against them from the command
//! line, the rules that the project ships, and the same answers from OPA itself.

mod before;
mod conftest;
mod files;
mod flow;
mod language;
mod opa;
mod shipped;

use std::path::{Path, PathBuf};

use scopeform::plan::denial::Denial;
use scopeform::plan::policy::{Rego, RegoFile};
use scopeform::rego::{self, Mistake};

use crate::cli::harness::Lab;

/// Files of rules and data: path and text.
pub(crate) type Files<'a> = &'a [(&'a str, &'a str)];

pub(crate) fn rules(files: Files<'_>) -> Rego {
    let mut rego = Rego::default();
    for (path, text) in files {
        rego.add(RegoFile { path: (*path).to_owned(), text: (*text).to_owned() });
    }
    rego
}

pub(crate) fn ask(files: Files<'_>, input: &str) -> Result<Vec<Denial>, Vec<Mistake>> {
    rego::ask(&rules(files), input)
}

/// The rules that the project ships, and the data beside them.
pub(crate) fn shipped() -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.retain(|file| file.extension().is_some_and(|ext| ext == "rego" || ext == "json"));
    let read = |file: PathBuf| {
        let text = std::fs::read_to_string(&file).unwrap();
        (PathBuf::from(file.file_name().unwrap()), text)
    };
    files.into_iter().map(read).collect()
}

/// A workspace on Odeus, with some files of its configuration folder.
pub(crate) fn odeus(wishes: &str, files: Files<'_>) -> Lab {
    let lab = Lab::with(&format!(
        "version: 1\nplatform: odeus\nworkspace: acme\nendpoint: embedded\n{wishes}"
    ));
    lab.write("world.yaml", ODEUS);
    for (name, text) in files {
        lab.write(name, text);
    }
    lab
}

const ODEUS: &str = "\
kind: world
workspaces:
  acme:
    rollout: [entra, onedrive]
    users: {ana@acme.example: admin, ben@acme.example: member, gil@guest.example: member}
    groups: {team: [ben@acme.example], guests: [gil@guest.example]}
    actions: nobody
";

/// A workspace on TrustPager, with some files of its configuration folder.
pub(crate) fn crm(wishes: &str, files: Files<'_>) -> Lab {
    let lab = Lab::with(&format!(
        "version: 1\nplatform: trustpager\nworkspace: crm\nendpoint: embedded\n{wishes}"
    ));
    lab.write("world.yaml", CRM);
    for (name, text) in files {
        lab.write(name, text);
    }
    lab
}

const CRM: &str = "\
kind: world
platform: trustpager
workspaces:
  crm:
    users: {olga@acme.example: owner, max@acme.example: member, gil@guest.example: member}
    oauth_clients:
      Helper:
        resources: {contacts: read, email: read, tasks: read}
        tokens:
          - {user: max@acme.example, issued: 2026-01-05, last_used: 2026-03-01, requests: 7}
      Partner:
        resources: {contacts: read, tasks: read}
        tokens:
          - {user: gil@guest.example, issued: 2026-01-05, last_used: 2026-03-01, requests: 7}
";
