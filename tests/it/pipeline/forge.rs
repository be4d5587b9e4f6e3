//! What stands in for GitHub and GitLab: it keeps what it is given.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

use super::Shop;
use super::runner::Context;
use crate::apply::wire::{Request, answer};

/// A program `gh` that knows the calls that the kit makes, and no other.
const GH: &str = r#"#!/bin/sh
set -eu
: "${GH_TOKEN:?}"
if [ "$1 $2" = 'run download' ]; then
    [ "$4 $6 $8" = '--repo --name --dir' ] && [ "$5" = acme/access ]
    echo "download $3" >>"FOLDER/log"
    cp -r "RUNNER/$7" "$9"
    exit
fi
[ "$1" = api ] || exit 2
shift
method=GET path='' field='' input='' jq=.
while [ $# -gt 0 ]; do
    case $1 in
    --method) method=$2 && shift 2 ;;
    --field) field=$2 && shift 2 ;;
    --input) input=$2 && shift 2 ;;
    --jq) jq=$2 && shift 2 ;;
    --paginate | --silent) shift ;;
    -*) exit 2 ;;
    *) path=$1 && shift ;;
    esac
done
echo "$method $path" >>"FOLDER/log"
body=${field#body=@}
case "$method $path" in
"GET repos/acme/access/issues/7/comments") cat "FOLDER/comments.json" ;;
"POST repos/acme/access/issues/7/comments")
    jq --rawfile body "$body" '. + [{id: (length + 40), user: {login: "github-actions[bot]"}, body: $body}]' \
        "FOLDER/comments.json" >"FOLDER/new.json"
    mv "FOLDER/new.json" "FOLDER/comments.json" ;;
"PATCH repos/acme/access/issues/comments/"*)
    jq --rawfile body "$body" --argjson id "${path##*/}" 'map(if .id == $id then .body = $body else . end)' \
        "FOLDER/comments.json" >"FOLDER/new.json"
    mv "FOLDER/new.json" "FOLDER/comments.json" ;;
"POST repos/acme/access/code-scanning/sarifs")
    [ "$input" = - ]
    cat >"FOLDER/sarif.json" ;;
"GET repos/acme/access/actions/artifacts?name=scopeform-snapshot&per_page=100")
    jq -r "$jq" "FOLDER/artifacts.json" ;;
*) exit 1 ;;
esac
"#;

pub(super) struct Github {
    folder: PathBuf,
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
        let program = shop.path("bin").join("gh");
        let script = GH.replace("FOLDER", &folder.display().to_string());
        let script = script.replace("RUNNER", &shop.path("runner").display().to_string());
        std::fs::write(&program, script).unwrap();
        assert!(Command::new("chmod").arg("755").arg(&program).status().unwrap().success());
        // Somebody has written the marker before us: it is not ours to edit.
        let first = json!([{
            "id": 39,
            "user": { "login": "eve" },
            "body": "<!-- scopeform:acme:odeus:embedded -->\nlooks good",
        }]);
        std::fs::write(folder.join("comments.json"), first.to_string()).unwrap();
        // The newest is a fork's, which calls its branch main too.
        let artifact = |run: u32, of: u32, branch: &str, expired: bool| {
            json!({
                "expired": expired,
                "workflow_run": {
                    "id": run, "head_branch": branch, "repository_id": 1, "head_repository_id": of,
                },
            })
        };
        let artifacts = json!({ "artifacts": [
            artifact(58, 2, "main", false),
            artifact(57, 1, "change", false),
            artifact(56, 1, "main", true),
            artifact(55, 1, "main", false),
            artifact(54, 1, "main", false),
        ] });
        std::fs::write(folder.join("artifacts.json"), artifacts.to_string()).unwrap();
        Self { folder }
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.join(name)).unwrap()
    }

    pub(super) fn comments(&self) -> Vec<Value> {
        serde_json::from_str(&self.read("comments.json")).unwrap()
    }

    pub(super) fn log(&self) -> Vec<String> {
        self.read("log").lines().map(str::to_owned).collect()
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

    /// What every run knows.
    pub(super) fn context(&self) -> Context {
        let pairs = [
            ("github.repository", "acme/access"),
            ("github.server_url", "https://github.example"),
            ("github.run_id", "99"),
            ("github.sha", "c0ffee"),
            ("github.ref", "refs/pull/7/merge"),
            ("github.token", "forge-token"),
            ("github.event.pull_request.number", "7"),
            ("secrets.SCOPEFORM_TOKEN", "live-token"),
            ("secrets.SNAPSHOT_KEY", ""),
            ("vars.INSTALL_URL", ""),
            ("vars.INSTALL_SHA256", ""),
        ];
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// What a run for a pull request knows.
    pub(super) fn pull_request(&self, from: &str) -> Context {
        let mut context = self.context();
        let name = "github.event.pull_request.head.repo.full_name";
        context.insert(name.to_owned(), from.to_owned());
        context
    }
}

const TOKEN: &str = "note-token";

/// A server that keeps the notes of one merge request.
pub(super) struct Gitlab {
    address: SocketAddr,
    notes: Arc<Mutex<Vec<String>>>,
}

impl Gitlab {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        // So many that ours is on the second page.
        let notes: Vec<String> = (0..101).map(|n| format!("note {n}")).collect();
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

    fn answer(request: &Request, notes: &mut Vec<String>) -> (u16, Value) {
        if request.header("PRIVATE-TOKEN") != Some(TOKEN) {
            return (401, json!({ "message": "401 Unauthorized" }));
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
                    .map(|(id, body)| json!({ "id": id, "body": body }))
                    .collect();
                (200, Value::Array(page))
            }
            ("POST", "") => {
                notes.push(body());
                (201, json!({}))
            }
            ("PUT", id) => {
                let id: usize = id.trim_start_matches('/').parse().unwrap();
                notes[id] = body();
                (200, json!({}))
            }
            _ => (405, json!({})),
        }
    }

    pub(super) fn notes(&self) -> Vec<String> {
        self.notes.lock().unwrap().clone()
    }

    /// What GitLab sets in a merge request pipeline, and what the project sets.
    pub(super) fn variables(&self, shop: &Shop) -> BTreeMap<String, String> {
        // The checkout's remote is the repository itself.
        shop.git(&["remote", "add", "origin", &shop.repository().display().to_string()]);
        let pairs = [
            ("CI_API_V4_URL", format!("http://{}/api/v4", self.address)),
            ("CI_PROJECT_ID", "5".to_owned()),
            ("CI_MERGE_REQUEST_IID", "7".to_owned()),
            ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "target".to_owned()),
            ("CI_JOB_URL", "https://gitlab.example/acme/access/-/jobs/1".to_owned()),
            ("NOTE_TOKEN", TOKEN.to_owned()),
        ];
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}
