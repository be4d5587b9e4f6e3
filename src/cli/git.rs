//! Reads a git revision with the real `git`, and lets nothing that a change can bring along say what that revision is.
//!
//! No link on the way to the folder, no repository inside it, no name of two meanings, no replaced commit.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Component, Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};

use super::exit::Exit;
use super::ui::Failure;

/// Where a hook or a shell may have pointed git at something else than the folder at hand.
const ELSEWHERE: [&str; 12] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
    "GIT_REPLACE_REF_BASE",
    "GIT_GRAFT_FILE",
    "GIT_SHALLOW_FILE",
    "GIT_CEILING_DIRECTORIES",
];

/// The repository that a folder is in.
#[derive(Debug)]
pub(super) struct Repository {
    /// The top of its working tree, without links.
    top: PathBuf,
}

/// One file of a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its path from the repository's top, with `/`.
    pub(super) path: String,
    /// Whether it is a regular file: no link and no submodule.
    pub(super) regular: bool,
    /// The name of its content.
    object: String,
}

impl Repository {
    /// Finds the repository of a folder from the folders above it, and the folder's path below the top, with `/`.
    ///
    /// # Errors
    /// When there is none, when a link inside a repository leads to the folder, or when the repository is a submodule: a
    /// change could put either there.
    pub(super) fn of(folder: &Path) -> Result<(Self, String), Failure> {
        let real = without_links(folder)?;
        let top = top_of(&real).ok_or_else(|| {
            let message = format!("{} is in no git repository", folder.display());
            Failure::new(Exit::Error, message)
                .help("`--base` reads the files before the change with git: run it in a clone")
        })?;
        let below = real.strip_prefix(top).unwrap_or(Path::new(""));
        let below = below.components().map(|part| part.as_os_str().to_string_lossy());
        let below = below.collect::<Vec<_>>().join("/");
        let repository = Self { top: top.to_owned() };
        repository.is_whole()?;
        Ok((repository, below))
    }

    /// Returns a path below the top, with `/`, whether or not anything stands there now; `None` where it leads elsewhere.
    ///
    /// # Errors
    /// When a link inside a repository leads to it.
    pub(super) fn path(&self, path: &Path) -> Result<Option<String>, Failure> {
        let real = led_to(path)?;
        let Ok(below) = real.strip_prefix(&self.top) else { return Ok(None) };
        let below = below.components().map(|part| part.as_os_str().to_string_lossy());
        Ok(Some(below.collect::<Vec<_>>().join("/")))
    }

    /// Checks that git sees the same repository, and that it is none inside another one.
    fn is_whole(&self) -> Result<(), Failure> {
        let asked = ["--show-toplevel", "--absolute-git-dir", "--git-common-dir"];
        let asked = self.git(&[&["rev-parse", "--path-format=absolute"][..], &asked].concat())?;
        if !asked.status.success() {
            return Err(failed("git cannot read the repository here", &asked));
        }
        let said = String::from_utf8_lossy(&asked.stdout);
        let mut lines = said.lines().map(PathBuf::from);
        let (top, own, common) = (lines.next(), lines.next(), lines.next());
        if top.and_then(|top| top.canonicalize().ok()).as_deref() != Some(&self.top) {
            let message =
                format!("git takes something else than {} for the repository", self.top.display());
            return Err(Failure::new(Exit::Error, message)
                .help("`--base` needs an ordinary clone, whose `.git` stands at its top"));
        }
        // A linked working tree has a file there too, and its refs elsewhere.
        let apart = self.top.join(".git").is_file() && own == common;
        match self.top.parent().and_then(top_of) {
            Some(outer) if apart => {
                let message = format!(
                    "{} is a submodule of the repository {}",
                    self.top.display(),
                    outer.display()
                );
                Err(Failure::new(Exit::Error, message).help(
                    "which submodule stands there is up to the change, so its revisions say nothing of before: run this in a clone of its own",
                ))
            }
            _ => Ok(()),
        }
    }

    /// Returns the commit that a revision names.
    ///
    /// # Errors
    /// When it names none, or can mean several.
    pub(super) fn commit(&self, revision: &str) -> Result<String, Failure> {
        self.one_meaning(revision)?;
        let wanted = format!("{revision}^{{commit}}");
        let output = self.git(&["rev-parse", "--verify", "--end-of-options", &wanted])?;
        if !output.status.success() {
            return Err(failed(&format!("`--base {revision}` names no commit here"), &output).help(
                "name a branch, a tag or a commit that this clone holds; a shallow clone must fetch it first",
            ));
        }
        if String::from_utf8_lossy(&output.stderr).contains("is ambiguous") {
            return Err(ambiguous(revision, &[]));
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Refuses a name that is several things at once. Git takes the tag, and whoever may push one says what `main` is.
    fn one_meaning(&self, revision: &str) -> Result<(), Failure> {
        let end = ["~", "^", "@{", ":"].iter().filter_map(|mark| revision.find(mark)).min();
        let name = revision.get(..end.unwrap_or(revision.len())).unwrap_or_default();
        if name.is_empty() || name == "HEAD" {
            return Ok(());
        }
        let output = self.git(&["for-each-ref", "--format=%(refname)"])?;
        if !output.status.success() {
            return Err(failed("git cannot list the branches and tags", &output));
        }
        let refs = String::from_utf8_lossy(&output.stdout).into_owned();
        let tag = format!("refs/tags/{name}");
        let direct = [
            name.to_owned(),
            format!("refs/{name}"),
            tag.clone(),
            format!("refs/heads/{name}"),
            format!("refs/remotes/{name}"),
            format!("refs/remotes/{name}/HEAD"),
        ];
        let mut meant: BTreeSet<&str> =
            refs.lines().filter(|one| direct.iter().any(|direct| direct == one)).collect();
        if meant.contains(tag.as_str()) {
            // The branch may not have been fetched under its short name: the tag would be taken without a word.
            let remote = |one: &&str| {
                let below = one.strip_prefix("refs/remotes/").and_then(|one| one.split_once('/'));
                below.is_some_and(|(remote, branch)| {
                    branch == name || name.split('/').next() == Some(remote)
                })
            };
            meant.extend(refs.lines().filter(remote));
        }
        let digits = name.len() >= 4 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        if meant.len() > 1 || (digits && meant.len() == 1) {
            return Err(ambiguous(revision, &meant.into_iter().collect::<Vec<_>>()));
        }
        Ok(())
    }

    /// Returns every file of a commit, by path from the repository's top, in byte order.
    ///
    /// # Errors
    /// When git cannot list them.
    pub(super) fn files(&self, commit: &str) -> Result<Vec<Entry>, Failure> {
        let output = self.git(&["ls-tree", "-r", "-z", "--full-tree", commit])?;
        if !output.status.success() {
            return Err(failed("git cannot list the files before the change", &output));
        }
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let entries = text.split('\0').filter_map(|entry| {
            let (about, path) = entry.split_once('\t')?;
            let mut about = about.split(' ');
            let (mode, _, object) = (about.next()?, about.next()?, about.next()?);
            let regular = mode.starts_with("100");
            Some(Entry { path: path.to_owned(), regular, object: object.to_owned() })
        });
        let mut entries: Vec<Entry> = entries.collect();
        entries.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(entries)
    }

    /// Begins to read files.
    ///
    /// # Errors
    /// When git cannot be run.
    pub(super) fn blobs(&self) -> Result<Blobs, Failure> {
        let mut command = self.command(&["cat-file", "--batch"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(|error| not_run(&error))?;
        match (child.stdin.take(), child.stdout.take()) {
            (Some(ask), Some(answer)) => Ok(Blobs { child, ask, answer: BufReader::new(answer) }),
            _ => Err(Failure::new(Exit::Error, "git does not answer")),
        }
    }

    fn git(&self, args: &[&str]) -> Result<Output, Failure> {
        self.command(args).output().map_err(|error| not_run(&error))
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new("git");
        for name in ELSEWHERE {
            command.env_remove(name);
        }
        // What it says is read, so in one language; a replaced commit is another commit.
        command.env("LC_ALL", "C").env("GIT_NO_REPLACE_OBJECTS", "1");
        // Folders of a change that look like a bare repository are folders.
        command.args(["-c", "safe.bareRepository=explicit", "-c", "core.warnAmbiguousRefs=true"]);
        command.arg("-C").arg(&self.top).args(args);
        command
    }
}

/// Returns whether a new file would be taken into a commit: its folder is there, inside a working tree, and no rule ignores
/// it. Where git cannot tell, there is nothing to warn of.
pub(super) fn would_take(file: &Path) -> bool {
    let (Some(folder), Some(name)) = (file.parent(), file.file_name()) else { return false };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let Ok(real) = folder.canonicalize() else { return false };
    let Some(top) = top_of(&real) else { return false };
    let mut ask = Repository { top: top.to_owned() }.command(&["check-ignore", "--quiet", "--"]);
    ask.arg(real.join(name)).output().is_ok_and(|said| said.status.code() == Some(1))
}

/// Reads files of a repository one after another.
#[derive(Debug)]
pub(super) struct Blobs {
    child: Child,
    ask: ChildStdin,
    answer: BufReader<ChildStdout>,
}

impl Blobs {
    /// Returns a file's content.
    ///
    /// # Errors
    /// When git cannot read it.
    pub(super) fn read(&mut self, entry: &Entry) -> Result<Vec<u8>, Failure> {
        self.next(&entry.object).map_err(|why| {
            let message = format!("git cannot read {} before the change: {why}", entry.path);
            Failure::new(Exit::Error, message)
        })
    }

    fn next(&mut self, object: &str) -> std::io::Result<Vec<u8>> {
        writeln!(self.ask, "{object}")?;
        self.ask.flush()?;
        let mut about = String::new();
        self.answer.read_line(&mut about)?;
        let size = about.trim_end().rsplit_once(" blob ").map(|(_, size)| size.parse::<u64>());
        let Some(Ok(size)) = size else {
            return Err(std::io::Error::other(about.trim_end().to_owned()));
        };
        let mut bytes = Vec::new();
        // One line's end follows the content.
        let read = (&mut self.answer).take(size + 1).read_to_end(&mut bytes)?;
        if read as u64 != size + 1 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        bytes.pop();
        Ok(bytes)
    }
}

impl Drop for Blobs {
    fn drop(&mut self) {
        // It only reads, and nobody wants more of it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the folder as the system finds it.
///
/// # Errors
/// When it cannot be found, or a link inside a repository leads there: with such a link a change says which folder was
/// there before it.
fn without_links(folder: &Path) -> Result<PathBuf, Failure> {
    led_to(folder)?.canonicalize().map_err(|error| {
        Failure::new(Exit::Error, format!("cannot find {}: {error}", folder.display()))
    })
}

/// Returns where a path leads, also where nothing stands there now.
///
/// # Errors
/// When a link on the way cannot be followed, or stands inside a repository.
fn led_to(folder: &Path) -> Result<PathBuf, Failure> {
    let cannot = |error: std::io::Error| {
        Failure::new(Exit::Error, format!("cannot find {}: {error}", folder.display()))
    };
    let mut real = PathBuf::new();
    for part in std::path::absolute(folder).map_err(cannot)?.components() {
        match part {
            Component::ParentDir => {
                real.pop();
            }
            Component::CurDir => {}
            Component::Normal(name) => {
                let next = real.join(name);
                if next.is_symlink() {
                    if top_of(&real).is_some() {
                        let message =
                            format!("{} is a link inside a git repository", next.display());
                        return Err(Failure::new(Exit::Error, message).help(
                            "where it led before the change is not known here: name the folder that it leads to",
                        ));
                    }
                    real = next.canonicalize().map_err(cannot)?;
                } else {
                    real = next;
                }
            }
            Component::Prefix(_) | Component::RootDir => real.push(part),
        }
    }
    Ok(real)
}

/// Returns the nearest folder, this one or above, that git made a working tree. A change cannot hold a `.git`.
fn top_of(folder: &Path) -> Option<&Path> {
    folder.ancestors().find(|folder| folder.join(OsStr::new(".git")).exists())
}

fn ambiguous(revision: &str, meant: &[&str]) -> Failure {
    let message = format!("`--base {revision}` can mean more than one thing here");
    Failure::new(Exit::Error, message)
        .details(meant.iter().take(5).map(|&one| one.to_owned()).collect())
        .help("write the whole name: refs/heads/main, refs/remotes/origin/main, refs/tags/v1, or a commit's 40 digits")
}

fn not_run(error: &std::io::Error) -> Failure {
    let failure = Failure::new(Exit::Error, format!("git cannot be run: {error}"));
    match error.kind() {
        std::io::ErrorKind::NotFound => {
            failure.help("`--base` reads the files before the change with git: install it")
        }
        _ => failure,
    }
}

fn failed(message: &str, output: &Output) -> Failure {
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.lines().filter(|line| !line.trim().is_empty()).take(3);
    Failure::new(Exit::Error, message).details(said.map(str::to_owned).collect())
}
