//! What jobs leave to those after them: GitHub's artefacts and GitLab's cache, each as its forge keeps it.

use std::path::{Path, PathBuf};

use super::shop::{Shop, copy};

/// What a control plane inside the program keeps in the data folder. It stands for the live system here, which no job brings
/// along; all else in that folder is gone with the machine.
const LIVE: &str = "control-plane.";

fn data(shop: &Shop) -> PathBuf {
    shop.repository().join("scopeform-data")
}

/// The names in the data folder that are not of the live system, nor what keeps it out of git.
pub(super) fn noted(shop: &Shop) -> Vec<String> {
    let entries = std::fs::read_dir(data(shop)).into_iter().flatten();
    let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> =
        names.filter(|name| !name.starts_with(LIVE) && !name.starts_with('.')).collect();
    names.sort();
    names
}

/// Begins on a machine that has seen nothing.
pub(super) fn forget(shop: &Shop) {
    for name in noted(shop) {
        let path = data(shop).join(name);
        if path.is_dir() {
            std::fs::remove_dir_all(path).unwrap();
        } else {
            std::fs::remove_file(path).unwrap();
        }
    }
}

/// Uploads as version 4 of the action does: in a run a name is given once, its attempts together, unless the step overwrites.
/// Returns why it was refused.
pub(super) fn upload(
    shop: &Shop,
    (run, name, overwrite): (&str, &str, bool),
    paths: &str,
) -> Result<(), String> {
    let given = shop.path("runs").join(run).join(name);
    let fresh = shop.path("runner/.new");
    let _ = std::fs::remove_dir_all(&fresh);
    keep(&shop.repository(), paths, &fresh);
    if !fresh.exists() {
        return Ok(());
    }
    if given.exists() && !overwrite {
        return Err(
            "(409) Conflict: an artifact with this name already exists on the workflow run\n"
                .to_owned(),
        );
    }
    std::fs::create_dir_all(given).unwrap();
    let kept = shop.path("runner").join(name);
    let _ = std::fs::remove_dir_all(&kept);
    std::fs::rename(fresh, kept).unwrap();
    Ok(())
}

/// Brings the cache of a GitLab project back, of which every path stands in the data folder.
pub(super) fn cached(shop: &Shop) {
    let kept = shop.path("runner/gitlab-cache");
    if kept.exists() {
        copy(&kept, &data(shop));
    }
}

/// Keeps the paths of a GitLab job for the next one.
pub(super) fn cache(shop: &Shop, paths: &str) {
    leave(shop, Path::new("gitlab-cache"), paths);
}

/// Keeps what a job leaves under a name.
pub(super) fn leave(shop: &Shop, name: &Path, paths: &str) {
    let kept = shop.path("runner").join(name);
    let _ = std::fs::remove_dir_all(&kept);
    keep(&shop.repository(), paths, &kept);
}

/// Keeps a folder, files of one folder by a pattern with one star, or several paths below one folder.
fn keep(root: &Path, paths: &str, kept: &Path) {
    let paths: Vec<PathBuf> = paths.lines().map(|path| root.join(path.trim())).collect();
    if let [folder] = paths.as_slice()
        && folder.is_dir()
    {
        copy(folder, kept);
        return;
    }
    for path in paths {
        let (folder, name) = (path.parent().unwrap(), path.file_name().unwrap().to_string_lossy());
        let (begin, end) = name.split_once('*').unwrap_or((&name, ""));
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let found: PathBuf = entry.unwrap().path();
            let own = found.file_name().unwrap().to_string_lossy().into_owned();
            let meant = own.starts_with(begin) && own.ends_with(end);
            if !(own == *name || (name.contains('*') && meant)) {
                continue;
            }
            std::fs::create_dir_all(kept).unwrap();
            if found.is_dir() {
                copy(&found, &kept.join(own));
            } else {
                std::fs::copy(&found, kept.join(own)).unwrap();
            }
        }
    }
}
