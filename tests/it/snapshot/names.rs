//! Whose names a snapshot gives away: nobody's. Whose names a plan from it shows: those that the files write.

use super::{bytes, lab, live, planned, take};
use crate::cli::harness::Lab;

/// Everybody in the world of `acme-crm`, and what they named.
const PEOPLE: [&str; 6] = ["olga", "simon", "emil", "fay", "vera", "left"];

#[test]
fn no_name_of_anybody_is_in_the_file() {
    let lab = lab("acme-crm");
    // After an apply the platform knows new keys as well.
    lab.run("apply acme --auto-approve").exits(0);
    take(&lab);
    let file = lab.read("s.json").to_lowercase();
    for local in PEOPLE {
        assert!(!file.contains(local), "{local}");
    }
    for name in ["acme.example", "@", "claude", "zapier", "personal", "nightly", "ticket sync"] {
        assert!(!file.contains(name), "{name}");
    }
    // The value of the key that was created, and of every token of the embedded control plane.
    let key = lab.read("acme/.scopeform/ticket-sync.key");
    assert!(key.trim().len() > 20 && !file.contains(&key.trim().to_lowercase()));
    // Two snapshots of one workspace cannot be told to be of the same people by their pseudonyms.
    let people = |text: &str| -> std::collections::BTreeSet<String> {
        text.split('"').filter(|word| word.starts_with("person-")).map(str::to_owned).collect()
    };
    let first = people(&file);
    take(&lab);
    assert!(first.len() >= PEOPLE.len() - 1);
    assert!(first.is_disjoint(&people(&lab.read("s.json"))));
}

#[test]
fn no_secret_is_in_the_file() {
    let lab = Lab::with(
        "version: 1\nplatform: odeus\nworkspace: acme\nendpoint: embedded\nintegrations:\n  excel:\n    oauth:\n      \
         mode: sync\n      client: {id: 6f1c2b1e, tenant: acme.example, secret: {env: EXCEL_SECRET}}\n",
    );
    super::keys(&lab);
    let secret = "Sg5h-Uo1-Ke6-Wd3-Pn0";
    lab.run("apply --auto-approve").env("EXCEL_SECRET", secret).exits(0);
    lab.run("snapshot --out s.json --key keys/robot").env("EXCEL_SECRET", secret).exits(0);
    let file = lab.read("s.json");
    assert!(file.contains("env:EXCEL_SECRET") && file.contains("6f1c2b1e"), "the label is there");
    assert!(!file.contains("Sg5h"), "the secret is not");
}

#[test]
fn only_whom_the_files_write_is_shown() {
    let lab = lab("acme-crm");
    take(&lab);
    let from = planned(&lab, "--json").exits(0);
    for (name, shown) in [("simon", true), ("left", false), ("fay", false), ("vera", false)] {
        let name = format!("{name}@acme.example");
        assert_eq!(from.out.contains(&name), shown, "{name}");
    }
    assert!(from.out.contains("Claude Connection"), "a client that the files declare");
    assert!(!from.out.contains("Simon Personal"), "one that they do not");
    // The live plan, with the same people unnamed: the same bytes, the digest included.
    let of = live(&lab, "--json --pseudonyms s.json").exits(0);
    let (from, of) = (from.json(), of.json());
    assert_eq!(bytes(&from), bytes(&of));
    for (part, value) in of.as_object().unwrap() {
        assert!(part == "applyable" || from[part] == *value, "{part}");
    }
    // And with their names: the same lines, of which only those that name them differ.
    let named = live(&lab, "--json").exits(0).json();
    let lines = |plan: &serde_json::Value| -> Vec<String> {
        let all = bytes(plan);
        all.split("},{").filter(|line| !line.contains("acme.example")).map(str::to_owned).collect()
    };
    let hidden: Vec<String> = lines(&named);
    let shown = lines(&from);
    assert!(hidden.iter().all(|line| shown.contains(line)), "{hidden:#?}\n{shown:#?}");
}

#[test]
fn a_misspelt_name_is_refused_as_it_is_live() {
    let lab = lab("acme-crm");
    take(&lab);
    let yaml = lab.read("acme/acme-crm.yaml").replace("simon@", "simone@");
    lab.write("acme/acme-crm.yaml", &yaml);
    let (of, from) =
        (live(&lab, "--json").exits(1).json(), planned(&lab, "--json").exits(1).json());
    let said = |plan: &serde_json::Value, part: &str| plan["diagnostics"][0][part].clone();
    for part in ["code", "summary", "range"] {
        assert_eq!(said(&from, part), said(&of, part), "{part}");
    }
    assert_eq!(said(&from, "summary"), "there is no user `simone@acme.example` in this workspace");
    // Live, somebody with access is told who was meant; here nobody is.
    assert!(!from.to_string().contains("simon@"), "{from}");
    // Somebody whom no file named so far is found by their name.
    lab.write("acme/acme-crm.yaml", &yaml.replace("simone@", "vera@"));
    planned(&lab, "").exits(0).prints(&["vera@acme.example"]);
}

#[test]
fn a_pseudonym_is_nobodys_name() {
    let lab = lab("acme-crm");
    take(&lab);
    let file = lab.read("s.json");
    let one = file.split('"').find(|word| word.starts_with("person-")).unwrap();
    let yaml = lab.read("acme/acme-crm.yaml").replace("simon@acme.example", one);
    lab.write("acme/acme-crm.yaml", &yaml);
    planned(&lab, "").exits(1).says(&[one, "is a pseudonym of the snapshot and nobody's name"]);
}
