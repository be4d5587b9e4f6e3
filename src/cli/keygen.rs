//! The real `ssh-keygen` makes signatures, so agents and hardware keys work and no private key enters this process.
#![expect(clippy::disallowed_methods, reason = "the command line is where files are read")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::exit::Exit;
use super::ui::Failure;
use crate::seal::signers;

/// Signs `text` in `namespace` and returns the signature as ssh-keygen writes it. ssh-keygen itself asks for a passphrase or a touch, and
/// says on stderr what is wrong.
///
/// # Errors
/// When ssh-keygen is not there or does not sign.
pub(super) fn sign(key: &Path, namespace: &str, text: &str) -> Result<Vec<u8>, Failure> {
    let mut command = Command::new("ssh-keygen");
    command.args(["-Y", "sign", "-n", namespace, "-f"]).arg(key);
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = child.map_err(|error| {
        let failure = Failure::new(Exit::Error, format!("ssh-keygen cannot be run: {error}"));
        match error.kind() {
            std::io::ErrorKind::NotFound => failure
                .help("it comes with OpenSSH 8.2 and later (package `openssh-client`): install it"),
            _ => failure,
        }
    })?;
    if let Some(mut stdin) = child.stdin.take() {
        // When it does not read, it says why at the end.
        let _ = stdin.write_all(text.as_bytes());
    }
    let output = child.wait_with_output()?;
    if output.status.success() && !output.stdout.is_empty() {
        return Ok(output.stdout);
    }
    let message = format!("ssh-keygen did not sign with {}; nothing was written", key.display());
    Err(Failure::new(Exit::Error, message)
        .help("name a private key, or a public key whose private half the agent holds"))
}

/// Returns the public half of a key file, `TYPE BASE64`, where it lies open: the file itself, or `.pub` beside it.
pub(super) fn public_half(key: &Path) -> Option<String> {
    let mut name = key.as_os_str().to_owned();
    name.push(".pub");
    [PathBuf::from(name), key.to_owned()].iter().find_map(|file| {
        let text = std::fs::read_to_string(file).ok()?;
        signers::public_key(&text).ok()
    })
}
