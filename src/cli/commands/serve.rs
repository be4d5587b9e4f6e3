//! `scopeform serve`: the embedded control plane alone, for trying things out and for tests of other tools.

use std::path::{Path, PathBuf};

use secrecy::ExposeSecret as _;
use tokio::net::TcpListener;

use crate::cli::args::Serve as Args;
use crate::cli::env::Env;
use crate::cli::exit::Exit;
use crate::cli::folder::{Folder, make_data_dir};
use crate::cli::live::{cannot_start, seed, tell};
use crate::cli::signal::Signals;
use crate::cli::ui::{Failure, Ui, shown};
use crate::model::WorkspaceId;
use crate::platform::Kind;
use crate::server;

/// Runs until interrupted. The tokens go to files that only their owner can read, never to a log.
pub(in crate::cli) async fn run(args: &Args, env: &Env, ui: &Ui) -> Result<Exit, Failure> {
    let path = args.folder.clone().unwrap_or_else(|| PathBuf::from("."));
    let folder = Folder::read(&path, ui)?;
    let data = folder.data_dir(env);
    make_data_dir(&data)?;
    let (workspace, platform) = workspace(&folder)?;
    let options =
        seed(Some(&folder), &workspace, platform, ui)?.options(&data, args.reset, args.rate_limit);
    let listener = TcpListener::bind(&args.listen).await.map_err(|error| {
        Failure::new(Exit::Error, format!("cannot listen on {}: {error}", args.listen))
            .help("choose another address with `--listen ADDRESS:PORT`")
    })?;
    let running =
        server::start(listener, options).await.map_err(|error| cannot_start(&error, &data))?;
    tell(&running, ui);
    // Whoever has read the address may stop us at once, and the token files must go then.
    let mut signals = Signals::new()?;
    let admin = data.join("admin.token");
    let vendor = data.join("vendor.token");
    write_private(&admin, running.admin_token.expose_secret())?;
    write_private(&vendor, running.vendor_token.expose_secret())?;
    ui.out(&format!("http://{}\n", running.address))?;
    ui.say(&format!(
        "serving; the admin token is in {}, the vendor token in {}\nfor example: SCOPEFORM_TOKEN_FILE={} scopeform plan {} (with `endpoint: http://{}`)\nCtrl-C stops",
        shown(&admin),
        shown(&vendor),
        shown(&admin),
        shown(&path),
        running.address
    ));
    signals.next().await;
    running.shutdown().await;
    for file in [admin, vendor] {
        // The tokens are worthless once the process has ended.
        let _ = remove(&file);
    }
    Ok(Exit::Done)
}

/// Returns the workspace that a world without a world file has: the one that the files declare, or `default`.
fn workspace(folder: &Folder) -> Result<(WorkspaceId, Kind), Failure> {
    match folder.workspaces().first() {
        Some(first) => Ok(first.clone()),
        None => {
            let name = WorkspaceId::try_from("default");
            name.map(|name| (name, Kind::Odeus)).map_err(|e| Failure::new(Exit::Bug, e.to_string()))
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "tokens are handed over in files")]
fn remove(file: &Path) -> std::io::Result<()> {
    std::fs::remove_file(file)
}

fn write_private(file: &Path, text: &str) -> Result<(), Failure> {
    use std::io::Write as _;
    let write = || -> std::io::Result<()> {
        let _ = remove(file);
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        options.open(file)?.write_all(text.as_bytes())
    };
    write().map_err(|error| {
        Failure::new(Exit::Error, format!("cannot write {}: {error}", file.display()))
    })
}
