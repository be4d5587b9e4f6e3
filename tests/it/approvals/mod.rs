//! Approvals: which plans need which, what a signature is worth, and the whole way with the real binary, the real
//! `ssh-keygen` and the real `git`.
#![expect(clippy::disallowed_methods, reason = "tests read and write files")]

mod base;
mod before;
mod elsewhere;
mod flow;
mod forged;
mod reordered;
mod rules;
mod shown;
mod signature;
mod signers;
mod single_use;
mod told;
mod weaken;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Runs ssh-keygen in a folder, with what stands on its input.
pub(crate) fn keygen(folder: &Path, args: &[&str], input: &[u8]) -> Output {
    use std::io::Write as _;
    let child = Command::new("ssh-keygen")
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.unwrap_or_else(|error| {
        panic!("these tests need ssh-keygen (Debian: apt-get install openssh-client): {error}")
    });
    // A program that does not read has nothing to complain about.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

/// Makes a key pair, `NAME` and `NAME.pub`, and returns `TYPE BASE64`.
pub(crate) fn new_key(folder: &Path, name: &str, kind: &[&str]) -> String {
    let args = [&["-q", "-N", "", "-C", name, "-f", name, "-t"], kind].concat();
    let made = keygen(folder, &args, b"");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let text = std::fs::read_to_string(folder.join(format!("{name}.pub"))).unwrap();
    text.split(' ').take(2).collect::<Vec<_>>().join(" ")
}

/// What ssh-keygen makes of `text` with a key.
pub(crate) fn sign(folder: &Path, key: &str, namespace: &str, text: &[u8]) -> Vec<u8> {
    let made = keygen(folder, &["-q", "-Y", "sign", "-n", namespace, "-f", key], text);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    made.stdout
}

/// Whether ssh-keygen confirms a signature with an allowed-signers file.
pub(crate) fn confirms(folder: &Path, by: &str, text: &[u8], signature: &Path) -> bool {
    let signature = signature.to_str().unwrap();
    let args = [
        "-Y",
        "verify",
        "-f",
        "allowed_signers",
        "-I",
        by,
        "-n",
        "scopeform-plan",
        "-s",
        signature,
    ];
    keygen(folder, &args, text).status.success()
}

/// A folder for keys. Gone when dropped.
pub(crate) fn folder() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().to_owned();
    (dir, path)
}
