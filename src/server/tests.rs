use secrecy::ExposeSecret;

use super::*;
use crate::model::WorkspaceId;
use crate::platform::odeus::wire::path;

/// A full disk is answered with 507 and loses nothing, and reading goes on.
#[tokio::test]
async fn a_full_disk_refuses_writes_and_keeps_what_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let workspace = WorkspaceId::try_from("acme").unwrap();
    let options = Options {
        database: dir.path().join("plane.sqlite"),
        catalog: BTreeMap::new(),
        world: default_world(&workspace),
        trustpager: None,
        reset: false,
        rate_limit: None,
    };
    let admin = SecretString::from("admin");
    let tokens = auth::ProcessTokens::of(&admin, &SecretString::from("vendor"));
    let (state, notices, _held) = open(options, tokens).unwrap();
    assert_eq!(notices, Vec::<String>::new());
    let state = Arc::new(state);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let served = tokio::spawn(axum::serve(listener, app(Arc::clone(&state))).into_future());

    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().tls_certs_only([]).no_proxy().build().unwrap();
    let url = |template: &str| format!("{base}{}", path::fill(template, &["acme"]).unwrap());
    let user = "admin@acme.example";
    let mint = || {
        http.post(url(path::TOKENS))
            .bearer_auth(admin.expose_secret())
            .json(&serde_json::json!({ "user": user }))
            .send()
    };
    assert_eq!(mint().await.unwrap().status(), 201);
    state.store.fill_up();
    let mut last = mint().await.unwrap();
    for _ in 0..500 {
        if last.status() != 201 {
            break;
        }
        last = mint().await.unwrap();
    }
    assert_eq!(last.status(), 507);
    let body: serde_json::Value = last.json().await.unwrap();
    assert_eq!(body["error"]["code"], "storage_full");
    assert_eq!(body["error"]["type"], "api_error");

    let read = http.get(url(path::USERS)).bearer_auth(admin.expose_secret()).send().await.unwrap();
    assert_eq!(read.status(), 200);
    let users: serde_json::Value = read.json().await.unwrap();
    assert_eq!(users["items"][0]["user"], user);
    served.abort();
}
