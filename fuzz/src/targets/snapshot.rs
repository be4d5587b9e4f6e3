//! Snapshot files, as `plan --snapshot` reads them, also where nobody has signed them.

use scopeform::config;
use scopeform::model::UserId;
use scopeform::platform::{Kind, odeus, trustpager};
use scopeform::render::neutral::terminal;
use scopeform::snapshot::{self as file, Content, Document, Known, Names, SnapshotError, Taken};
use serde_json::Value;

use super::{ODEUS_WISHES, TRUSTPAGER_WISHES, harmless, inputs, sealed, wishes};

/// Reads the bytes as a snapshot file; when they hold a snapshot at all, writes it anew, reads that, and plans from it.
pub fn snapshot(data: &[u8]) {
    match file::read(data) {
        Ok((taken, digest)) => {
            let read: Value = serde_json::from_slice(data).unwrap();
            let version = read["tool_version"].as_str().unwrap();
            let (written, again) = file::write(taken, version);
            assert_eq!((written.as_bytes(), again), (data, digest), "not what was read");
        }
        Err(error) => said(&error.to_string(), data.len()),
    }
    let Ok(Document { snapshot: taken, .. }) = serde_json::from_slice(data) else { return };
    let (written, digest) = file::write(taken.clone(), "0.0.0");
    assert!(written.len() <= 64 * data.len() + 4096, "{} of {}", written.len(), data.len());
    match file::read(written.as_bytes()) {
        Ok(again) => assert_eq!(again, (taken.clone(), digest)),
        // It says that it is of one platform and holds the other one.
        Err(SnapshotError::NotASnapshot(_)) if !matches(&taken) => return,
        Err(why) => panic!("{why}: {written}"),
    }
    planned(&taken);
}

fn matches(taken: &Taken) -> bool {
    match taken.content {
        Content::Odeus(_) => taken.platform == Kind::Odeus,
        Content::Trustpager(_) => taken.platform == Kind::Trustpager,
    }
}

/// What is said of a file that is of no use: it quotes no more than the file holds, and is harmless on a terminal.
fn said(text: &str, size: usize) {
    assert!(text.len() <= 16 * size + 512, "{} of {size}", text.len());
    harmless(&terminal(text).to_string());
}

/// Plans from a snapshot, as somebody who knows some of its names.
fn planned(taken: &Taken) {
    let recipe = &taken.pseudonyms;
    let within = (8..=262_144).contains(&recipe.memory_kib) && (1..=16).contains(&recipe.passes);
    // What a name costs is bounded; here only the cheapest are worked out.
    let cheap = recipe.memory_kib <= 64 && recipe.passes <= 2;
    let people =
        ["ana@acme.example", "ben@acme.example"].map(|name| UserId::try_from(name).unwrap());
    let names = if cheap || !within {
        Names { people: people.into_iter().collect(), ..Names::default() }
    } else {
        Names::default()
    };
    let known = match recipe.book(&names) {
        Ok(book) => {
            assert!(within, "{recipe:?}");
            Known::from(book)
        }
        Err(error) => return said(&error.to_string(), 0),
    };
    let (plan, problems) = match &taken.content {
        Content::Odeus(content) => {
            let config::Desired::Odeus(desired) = wishes(ODEUS_WISHES) else { panic!() };
            let restored = file::odeus::restore(content, &taken.workspace, &known);
            let Ok(snapshot) = restored else { return };
            assert_eq!(snapshot.directory.users.len(), content.users.len());
            odeus::planner::plan(&desired, &snapshot, inputs())
        }
        Content::Trustpager(content) => {
            let config::Desired::Trustpager(desired) = wishes(TRUSTPAGER_WISHES) else { panic!() };
            let restored = file::trustpager::restore(content, &taken.workspace, &known);
            let Ok(snapshot) = restored else { return };
            trustpager::planner::plan(&desired, &snapshot, inputs())
        }
    };
    sealed(plan, &problems);
}
