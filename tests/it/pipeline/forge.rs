//! What stands in for GitHub and GitLab: it keeps what it is given.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

use super::runner::Context;
use super::shop::Shop;
use crate::apply::wire::{Request, answer};

/// A program `gh` that knows the calls that the kit makes, and no other.
const GH: &str = r#"#!/bin/sh
set -eu
: "${GH_TOKEN:?}"
if [ "$1 $2" = 'run download' ]; then
    # People do without the repository: it is the one of the clone.
    [ "$4" = --repo ] || set -- "$1" "$2" "$3" --repo acme/access "$4" "$5" "$6" "$7"
    [ "$4 $6 $8" = '--repo --name --dir' ] && [ "$5" = acme/access ]
    echo "download $3" >>"FOLDER/log"
    mkdir -p "$9"
    cp -r "RUNNER/$7/." "$9"
    exit
fi
[ "$1" = api ] || exit 2
shift
method=GET path='' field='' input='' jq=. pages=''
while [ $# -gt 0 ]; do
    case $1 in
    --method) method=$2 && shift 2 ;;
    --field) field=$2 && shift 2 ;;
    --input) input=$2 && shift 2 ;;
    --jq) jq=$2 && shift 2 ;;
    --paginate) pages=all && shift ;;
    --silent) shift ;;
    -*) exit 2 ;;
    *) path=$1 && shift ;;
    esac
done
echo "$method $path" >>"FOLDER/log"
body=${field#body=@}
case "$method $path" in
"GET repos/acme/access/issues/7/comments")
    # A page, and then nothing more.
    if [ -e "FOLDER/broken" ]; then echo '[]' && echo 'gh: Bad Gateway (HTTP 502)' >&2 && exit 1; fi
    cat "FOLDER/comments.json" ;;
"POST repos/acme/access/issues/7/comments")
    jq --rawfile body "$body" '. + [{id: (length + 40), user: {login: "github-actions[bot]"}, body: $body}]' \
        "FOLDER/comments.json" >"FOLDER/new.json"
    mv "FOLDER/new.json" "FOLDER/comments.json" ;;
"PATCH repos/acme/access/issues/comments/"*)
    jq --rawfile body "$body" --argjson id "${path##*/}" 'map(if .id == $id then .body = $body else . end)' \
        "FOLDER/comments.json" >"FOLDER/new.json"
    mv "FOLDER/new.json" "FOLDER/comments.json" ;;
"POST repos/acme/access/code-scanning/sarifs")
    if [ -e "FOLDER/no-code-security" ]; then echo 'gh: Code Security must be enabled (HTTP 403)' >&2 && exit 1; fi
    cp "$input" "FOLDER/sarif.json" ;;
"GET repos/acme/access/actions/artifacts?name=scopeform-snapshot&per_page=100" | \
"GET repos/acme/access/actions/artifacts?name=scopeform-journal&per_page=100")
    name=${path#*name=}
    # Without a token that is good, gh ends like that.
    if [ -e "FOLDER/no-auth" ]; then echo 'gh: set the GH_TOKEN environment variable' >&2 && exit 4; fi
    # Where main has left none of that name there are only those of others.
    [ -d "RUNNER/${name%&*}" ] || jq='.artifacts |= map(select(.workflow_run.id > 55)) | '$jq
    # A page holds so many as it says.
    [ -n "$pages" ] || jq='.artifacts |= .[:100] | '$jq
    jq -r "$jq" "FOLDER/artifacts.json" ;;
"GET repos/acme/access/actions/runs/"*)
    jq -r --argjson id "${path##*/}" ".[] | select(.id == \$id) | $jq" "FOLDER/runs.json" ;;
*) exit 1 ;;
esac
"#;

pub(super) struct Github {
    folder: PathBuf,
    /// The deploy key.
    key: String,
    /// The last run's number.
    runs: Cell<u32>,
}

/// What was given to code scanning.
pub(super) struct Upload {
    pub(super) commit: String,
    pub(super) reference: String,
    pub(super) text: String,
}

impl Github {
    pub(super) fn new(shop: &Shop) -> Self {
        let folder = shop.path("github");
        std::fs::create_dir_all(&folder).unwrap();
        let script = GH.replace("FOLDER", &folder.display().to_string());
        shop.install(
            "bin/gh",
            &script.replace("RUNNER", &shop.path("runner").display().to_string()),
        );
        // Somebody has written the marker before us: it is not ours to edit.
        let first = json!([{
            "id": 39,
            "user": { "login": "eve" },
            "body": "<!-- scopeform:acme:odeus:embedded -->\nlooks good",
        }]);
        std::fs::write(folder.join("comments.json"), first.to_string()).unwrap();
        // Main's own are the last two. The newest is a fork's, which calls its branch main too; another was made by a pull
        // request from main with a workflow of its own, one by a tag of that name, and one by another workflow.
        let commit = shop.git(&["rev-list", "--max-parents=0", "HEAD"]);
        let away = "f".repeat(40);
        let apply = ".github/workflows/apply.yml";
        let (mut artifacts, mut runs) = (Vec::new(), Vec::new());
        // Before all these, a page full of a branch's.
        let change = (100..200).map(|id| (id, 1, "change", false, &commit, "push", apply));
        for (id, of, branch, expired, sha, event, path) in change.chain([
            (61, 2, "main", false, &commit, "push", apply),
            (60, 1, "main", false, &commit, "pull_request", apply),
            (59, 1, "main", false, &away, "push", apply),
            (58, 1, "main", false, &commit, "push", ".github/workflows/docs.yml"),
            (57, 1, "change", false, &commit, "push", apply),
            (56, 1, "main", true, &commit, "push", apply),
            (55, 1, "main", false, &commit, "push", apply),
            (54, 1, "main", false, &commit, "push", apply),
        ]) {
            artifacts.push(json!({
                "expired": expired,
                "workflow_run": {
                    "id": id, "head_branch": branch, "head_sha": sha,
                    "repository_id": 1, "head_repository_id": of,
                },
            }));
            runs.push(json!({ "id": id, "event": event, "path": path }));
        }
        let artifacts = json!({ "artifacts": artifacts });
        std::fs::write(folder.join("artifacts.json"), artifacts.to_string()).unwrap();
        std::fs::write(folder.join("runs.json"), Value::Array(runs).to_string()).unwrap();
        let key = std::fs::read_to_string(shop.path("keys/deploy")).unwrap();
        Self { folder, key, runs: Cell::new(98) }
    }

    /// Makes a call fail from now on: `broken` lists comments, `no-code-security` takes no findings, `no-auth` lists no
    /// artefacts.
    pub(super) fn fails(&self, how: &str) {
        std::fs::write(self.folder.join(how), "").unwrap();
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.join(name)).unwrap()
    }

    pub(super) fn comments(&self) -> Vec<Value> {
        serde_json::from_str(&self.read("comments.json")).unwrap()
    }

    pub(super) fn log(&self) -> Vec<String> {
        let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }

    pub(super) fn sarif(&self) -> Upload {
        let upload: Value = serde_json::from_str(&self.read("sarif.json")).unwrap();
        let field = |name: &str| upload[name].as_str().unwrap().to_owned();
        let mut unpack = Command::new("sh")
            .args(["-c", "base64 -d | gzip -dc"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = unpack.stdin.take().unwrap();
        let packed = field("sarif");
        let writer = thread::spawn(move || input.write_all(packed.as_bytes()));
        let output = unpack.wait_with_output().unwrap();
        writer.join().unwrap().unwrap();
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        Upload { commit: field("commit_sha"), reference: field("ref"), text }
    }

    /// What every run of this repository's own branches knows.
    pub(super) fn context(&self) -> Context {
        let pairs = [
            ("github.ref", "refs/heads/main"),
            ("secrets.SCOPEFORM_TOKEN", "live-token"),
            ("secrets.SNAPSHOT_KEY", ""),
            ("secrets.APPLIED_KEY", &self.key),
            ("vars.NEW_WORKSPACE", ""),
            ("vars.CODE_SCANNING", "yes"),
            ("vars.SNAPSHOTS", ""),
        ];
        let mut context = self.anywhere();
        context.extend(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
        context
    }

    /// The same run once more, all of it.
    pub(super) fn again(context: &Context) -> Context {
        let mut again = context.clone();
        let attempt: u32 = again["github.run_attempt"].parse().unwrap();
        again.insert("github.run_attempt".to_owned(), (attempt + 1).to_string());
        again
    }

    /// What every run knows, also that of a fork, which is given neither secrets nor variables.
    fn anywhere(&self) -> Context {
        self.runs.set(self.runs.get() + 1);
        let run = self.runs.get().to_string();
        let pairs = [
            ("github.repository", "acme/access"),
            ("github.server_url", "https://github.example"),
            ("github.run_id", run.as_str()),
            ("github.run_attempt", "1"),
            ("github.sha", "c0ffee"),
            ("github.token", "forge-token"),
        ];
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// What a run for a pull request knows.
    pub(super) fn pull_request(&self, from: &str) -> Context {
        let own = from == "acme/access";
        let mut context = if own { self.context() } else { self.anywhere() };
        let pairs = [
            ("github.event.pull_request.head.repo.full_name", from),
            ("github.event.pull_request.number", "7"),
            ("github.event.pull_request.head.sha", "beefbeef"),
            ("github.event_name", "pull_request"),
            ("github.ref", "refs/pull/7/merge"),
        ];
        context.extend(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
        context
    }
}

const TOKEN: &str = "note-token";

/// A server that keeps the notes of one merge request.
pub(super) struct Gitlab {
    address: SocketAddr,
    notes: Arc<Mutex<Vec<Note>>>,
}

/// A note: who wrote it, and what it says.
type Note = (u32, String);

/// The user that the token stands for.
const BOT: u32 = 40;

impl Gitlab {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        // So many that ours is on the second page.
        let mut notes: Vec<Note> = (0..101).map(|n| (7, format!("note {n}"))).collect();
        // Somebody has written the marker before us, and the token's user something else.
        notes[3].1 = "<!-- scopeform:acme:odeus:embedded -->\nlooks good".to_owned();
        notes[4] = (BOT, "mirrored".to_owned());
        let notes = Arc::new(Mutex::new(notes));
        let kept = Arc::clone(&notes);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let Some(request) = Request::read(&stream).unwrap() else { continue };
                let (status, body) = Self::answer(&request, &mut kept.lock().unwrap());
                let answer = answer(status, "application/json", "", body.to_string().as_bytes());
                let _ = stream.write_all(&answer);
            }
        });
        Self { address, notes }
    }

    fn answer(request: &Request, notes: &mut Vec<Note>) -> (u16, Value) {
        if request.header("PRIVATE-TOKEN") != Some(TOKEN) {
            return (401, json!({ "message": "401 Unauthorized" }));
        }
        if (request.method.as_str(), request.path.as_str()) == ("GET", "/api/v4/user") {
            return (200, json!({ "id": BOT, "username": "project_5_bot" }));
        }
        let path = request.path.strip_prefix("/api/v4/projects/5/merge_requests/7/notes");
        let Some(path) = path else { return (404, json!({})) };
        let body = || {
            let body: Value = serde_json::from_slice(&request.body).unwrap();
            body["body"].as_str().unwrap().to_owned()
        };
        match (request.method.as_str(), path) {
            ("GET", query) => {
                let page: usize = query.rsplit('=').next().unwrap().parse().unwrap();
                let all = notes.iter().enumerate();
                let page: Vec<Value> = all
                    .skip((page - 1) * 100)
                    .take(100)
                    .map(|(id, (author, body))| {
                        json!({ "id": id, "body": body, "author": { "id": author } })
                    })
                    .collect();
                (200, Value::Array(page))
            }
            ("POST", "") => {
                notes.push((BOT, body()));
                (201, json!({}))
            }
            ("PUT", id) => {
                let id: usize = id.trim_start_matches('/').parse().unwrap();
                // A note of somebody else may be edited only by them.
                if notes[id].0 != BOT {
                    return (403, json!({ "message": "403 Forbidden" }));
                }
                notes[id].1 = body();
                (200, json!({}))
            }
            _ => (405, json!({})),
        }
    }

    pub(super) fn notes(&self) -> Vec<String> {
        self.notes.lock().unwrap().iter().map(|(_, body)| body.clone()).collect()
    }

    /// What GitLab sets in every pipeline, and what the project sets for all of them.
    pub(super) fn variables(&self) -> BTreeMap<String, String> {
        let pairs = [
            ("CI_API_V4_URL", format!("http://{}/api/v4", self.address)),
            ("CI_COMMIT_SHA", "c0ffee".to_owned()),
            ("CI_PROJECT_ID", "5".to_owned()),
            ("CI_PROJECT_PATH", "acme/access".to_owned()),
            ("CI_SERVER_SHELL_SSH_HOST", "gitlab.com".to_owned()),
            ("CI_SERVER_SHELL_SSH_PORT", "22".to_owned()),
            ("CI_JOB_URL", "https://gitlab.example/acme/access/-/jobs/1".to_owned()),
            ("NOTE_TOKEN", TOKEN.to_owned()),
        ];
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}
