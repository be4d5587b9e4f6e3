//! `plan --snapshot` knows no network: the kernel refuses it every socket, writes down what was tried, and nothing was.

use super::{bytes, lab, live, planned, take, under};

/// Every system call about sockets fails and is written to a file.
const NO_SOCKETS: &str = "strace -f -qq -o calls -e trace=%network -e inject=%network:error=EACCES";

/// The calls that were made, by the file that strace writes.
fn calls(lab: &crate::cli::harness::Lab) -> Vec<String> {
    let text = std::fs::read_to_string(lab.path("calls")).unwrap_or_else(|error| {
        panic!("this test needs strace (Debian: apt-get install strace): {error}")
    });
    text.lines().filter(|line| !line.contains("+++")).map(str::to_owned).collect()
}

#[test]
fn a_plan_from_a_snapshot_opens_no_socket() {
    for example in ["acme", "acme-crm"] {
        let lab = lab(example);
        take(&lab);
        let args = "plan acme --snapshot s.json --signers signers --today 2026-11-22 --json";
        let denied = under(&lab, NO_SOCKETS, args).done();
        // Without a network the very plan that is made with one.
        let free = planned(&lab, "--json").exits(0);
        assert_eq!(denied.out, free.out, "{}", denied.all());
        assert_eq!(calls(&lab), Vec::<String>::new());
        assert_eq!(denied.code, free.code);
        // The same watch does see, and does stop, a program that wants one.
        let stopped = under(&lab, NO_SOCKETS, "plan acme --json").done();
        assert_ne!(stopped.code, Some(0), "{}", stopped.all());
        assert!(calls(&lab).iter().any(|call| call.contains("socket")), "{:?}", calls(&lab));
    }
}

#[test]
fn no_control_plane_is_started_and_no_token_is_read() {
    let lab = lab("acme");
    take(&lab);
    let of = live(&lab, "--json").exits(0).json();
    // Neither the database nor the world that would seed it is there any more, and the token's file cannot be read.
    std::fs::remove_dir_all(lab.path("acme/.scopeform")).unwrap();
    std::fs::remove_file(lab.path("acme/world.yaml")).unwrap();
    let run = planned(&lab, "--json").env("SCOPEFORM_TOKEN_FILE", lab.path("not-there"));
    assert_eq!(bytes(&run.exits(0).json()), bytes(&of));
    assert!(!lab.path("acme/.scopeform").exists(), "planning made a data folder");
}
