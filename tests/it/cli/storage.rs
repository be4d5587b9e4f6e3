//! Disks that are full or closed: clear errors, and nothing lost.

use super::harness::{Lab, files_below};

const CONFIG: &str = "version: 1
platform: odeus
workspace: acme
integrations:
  sharepoint:
    actions: {\"get_*\": enabled, \"list_*\": enabled}
";

/// Runs with a limit on the size of any file, in units of 512 bytes. A write beyond it fails as on a full disk.
fn limited(lab: &Lab, blocks: u32, args: &str) -> super::harness::Done {
    let line = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" {args}");
    lab.shell(&line).done()
}

#[test]
fn a_full_disk_under_a_new_database_leaves_nothing_half_done() {
    let lab = Lab::with(CONFIG);
    let done = limited(&lab, 8, "plan").exits(8);
    done.says(&["the embedded control plane did not start", "control-plane.db", "free space"]);
    lab.run("plan --detailed-exitcode").exits(2);
    lab.run("apply --auto-approve").exits(0);
}

#[test]
fn a_world_that_cannot_be_is_a_mistake_in_a_file() {
    let lab = Lab::with(CONFIG);
    lab.write(
        "world.yaml",
        "kind: world\nworkspaces:\n  acme:\n    deployment: dedicated\n    users: {ana@acme.example: admin}\n    \
         connections: [{integration: sharepoint, users: [ana@acme.example]}]\n",
    );
    for args in ["plan", "serve --listen 127.0.0.1:0"] {
        let done = lab.run(args).exits(1);
        done.says(&["the world cannot be", "has no OAuth client", "correct the world file"]);
    }
}

#[test]
fn a_full_disk_under_apply_loses_nothing() {
    let twin = Lab::with(CONFIG);
    twin.run("apply --auto-approve").exits(0);
    let end = twin.run("status --json").exits(0).out;
    // From "does not even start" to "some writes go through".
    let mut stopped_midway = 0;
    for blocks in [4, 40, 72, 100, 140, 180, 220] {
        let lab = Lab::with(CONFIG);
        let planned = lab.run("plan --out p.json").exits(0).out;
        let before = lab.run("status --json").exits(0).out;
        let done = limited(&lab, blocks, "apply p.json");
        match done.code {
            Some(0) => {}
            Some(1 | 8) => {
                assert_eq!(
                    lab.run("status --json").exits(0).out,
                    before,
                    "{blocks}: {}",
                    done.all()
                );
                assert_eq!(
                    lab.run("plan").exits(0).out.replace("apply", ""),
                    planned.replace("apply p.json", "").replace("apply", ""),
                    "{blocks}"
                );
            }
            Some(6) => {
                stopped_midway += 1;
                assert!(done.out.contains("Applied in part"), "{}", done.all());
            }
            other => panic!("{blocks}: {other:?} {}", done.all()),
        }
        lab.run("apply --auto-approve").exits(0);
        assert_eq!(lab.run("status --json").exits(0).out, end, "{blocks}");
    }
    assert!(stopped_midway > 0, "no limit stopped apply in the middle");
}

#[test]
fn a_data_folder_that_cannot_be_written_is_named() {
    let lab = Lab::with(CONFIG);
    lab.write("file", "");
    let done = lab.run("plan").env("SCOPEFORM_DATA_DIR", "file/below").exits(1);
    done.says(&["cannot make the data folder file/below", "SCOPEFORM_DATA_DIR"]);
    let done = lab.run("plan --json").env("SCOPEFORM_DATA_DIR", "file").exits(1);
    assert_eq!(done.json()["valid"], false);
    std::fs::create_dir_all(lab.path("data/control-plane.db")).unwrap();
    lab.run("plan")
        .env("SCOPEFORM_DATA_DIR", "data")
        .exits(8)
        .says(&["did not start", "control-plane.db"]);
    lab.write(
        "other/control-plane.db",
        "this is no database, and it is long enough to be read as one page or more",
    );
    let done = lab.run("plan").env("SCOPEFORM_DATA_DIR", "other").exits(8);
    done.says(&["did not start", "control-plane.db"]);
    assert!(lab.read("other/control-plane.db").starts_with("this is no database"));
}

#[test]
fn the_data_folder_is_where_it_is_said_to_be() {
    let lab = Lab::with(CONFIG);
    lab.run("plan").env("SCOPEFORM_DATA_DIR", "elsewhere").exits(0);
    assert!(lab.path("elsewhere/control-plane.db").exists());
    assert_eq!(lab.read("elsewhere/.gitignore"), "*\n");
    assert!(!lab.path(".scopeform").exists());
}

#[test]
fn a_plan_that_cannot_be_saved_is_an_error_and_leaves_the_old_one() {
    let lab = Lab::with(CONFIG);
    lab.write("folder/x", "");
    for out in ["nowhere/p.json", "folder"] {
        let done = lab.run("plan --out").arg(out).exits(1);
        done.says(&["cannot write the plan to", out]).prints(&["14 changes"]);
    }
    lab.run("plan --out p.json").exits(0);
    let saved = lab.read("p.json");
    lab.write("scopeform.yaml", &CONFIG.replace("\"get_*\": enabled,", ""));
    limited(&lab, 2, "plan --out p.json").exits(8);
    assert_eq!(lab.read("p.json"), saved);
    // The database is only read here, so the plan is what does not fit.
    let elsewhere = Lab::with(CONFIG);
    elsewhere.run("plan --out p.json").exits(0);
    let saved = elsewhere.read("p.json");
    let left: Vec<_> = files_below(&elsewhere.work());
    assert!(saved.len() > 8 * 1024, "{}", saved.len());
    let plane = crate::apply::plane::Plane::start();
    let body = crate::apply::plane::WISHES;
    elsewhere.write("scopeform.yaml", &crate::apply::plane::config_at(&plane.url(), body));
    let line = "trap '' XFSZ; ulimit -f 2; exec \"$0\" plan --out p.json";
    let done = elsewhere.shell(line).env("SCOPEFORM_TOKEN", &plane.token).exits(1);
    done.says(&["cannot write the plan to p.json"]);
    assert_eq!(elsewhere.read("p.json"), saved, "the old plan is gone");
    assert_eq!(files_below(&elsewhere.work()), left, "something was left behind");
}
