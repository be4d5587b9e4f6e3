//! The admin surface, reading: everything, in pages of 25.

use std::sync::Arc;

use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use rusqlite::Connection as Database;
use serde::Serialize;

use super::auth::{Admin, Reviewer};
use super::{Answer, client_view};
use crate::model::WorkspaceId;
use crate::platform::trustpager::wire::{Code, DEFAULT_PAGE, MAX_PAGE, Page, Status};
use crate::server::App;
use crate::server::error::ApiError;
use crate::server::request::{Names, PageRequest, json};
use crate::server::store::{audit, trustpager as store};

pub(in crate::server) async fn catalog(State(app): State<Arc<App>>, admin: Admin) -> Answer {
    let found = app
        .read(move |db| {
            store::workspace(db, &admin.workspace)?;
            store::catalog(db)
        })
        .await?;
    Ok(json(StatusCode::OK, &found, None))
}

/// Reads one page: `load` gets the workspace, the key to begin after, and how many items to return.
async fn page<T: Serialize + Send + 'static>(
    app: Arc<App>,
    workspace: WorkspaceId,
    request: PageRequest,
    load: impl FnOnce(&Database, &store::Workspace, &str, u32) -> Result<Vec<T>, ApiError>
    + Send
    + 'static,
    key: fn(&T) -> String,
) -> Result<(Page<T>, String), ApiError> {
    let [after] = request.after::<1>()?;
    let limit = request.limit(DEFAULT_PAGE, MAX_PAGE)?;
    app.read(move |db| {
        // A workspace that is not there is 404, not an empty page.
        let workspace = store::workspace(db, &workspace)?;
        let items = load(db, &workspace, &after, limit.saturating_add(1))?;
        let page = PageRequest::page(items, limit, |item| vec![key(item)])?;
        Ok((page, workspace.keys_etag()))
    })
    .await
}

pub(in crate::server) async fn clients(
    State(app): State<Arc<App>>,
    admin: Admin,
    request: PageRequest,
) -> Answer {
    let load = |db: &Database, workspace: &store::Workspace, after: &str, limit: u32| {
        let catalog = store::catalog(db)?;
        let found = store::clients::list(db, workspace, after, limit)?;
        Ok(found.into_iter().map(|client| client_view(&catalog, client)).collect())
    };
    let (page, _) =
        page(app, admin.workspace, request, load, |client| client.name.to_string()).await?;
    Ok(json(StatusCode::OK, &page, None))
}

pub(in crate::server) async fn users(
    State(app): State<Arc<App>>,
    admin: Admin,
    request: PageRequest,
) -> Answer {
    let (page, _) =
        page(app, admin.workspace, request, store::users, |user| user.user.to_string()).await?;
    Ok(json(StatusCode::OK, &page, None))
}

pub(in crate::server) async fn groups(
    State(app): State<Arc<App>>,
    admin: Admin,
    request: PageRequest,
) -> Answer {
    let (page, _) =
        page(app, admin.workspace, request, store::groups, |group| group.group.to_string()).await?;
    Ok(json(StatusCode::OK, &page, None))
}

/// The ETag is the one that creating a key names.
pub(in crate::server) async fn keys(
    State(app): State<Arc<App>>,
    admin: Admin,
    request: PageRequest,
) -> Answer {
    let (page, etag) =
        page(app, admin.workspace, request, store::keys::list, |key| key.name.to_string()).await?;
    Ok(json(StatusCode::OK, &page, Some(&etag)))
}

pub(in crate::server) async fn audit_log(
    State(app): State<Arc<App>>,
    admin: Admin,
    request: PageRequest,
) -> Answer {
    let load = |db: &Database, workspace: &store::Workspace, after: &str, limit: u32| {
        let after = after.parse().unwrap_or(0);
        audit::entries(db, audit::Log::Trustpager, &workspace.id, after, limit)
    };
    let (page, _) = page(app, admin.workspace, request, load, |entry| entry.id.to_string()).await?;
    Ok(json(StatusCode::OK, &page, None))
}

/// Which part of the queue: `?status=`, pending ones when nobody says.
#[derive(Debug)]
pub(in crate::server) struct QueueRequest {
    page: PageRequest,
    status: Option<Status>,
}

impl FromRequestParts<Arc<App>> for QueueRequest {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<Self, ApiError> {
        let query = parts.uri.query().unwrap_or_default();
        let own = |pair: &&str| pair.starts_with("status=");
        let page = PageRequest::parse(query.split('&').filter(|pair| !own(pair)))?;
        let named = query.split('&').find(own).and_then(|pair| pair.split_once('='));
        let status = match named.map(|(_, word)| word) {
            None => Some(Status::Pending),
            Some("all") => None,
            Some(word) => {
                let known = Status::ALL.iter().find(|status| status.word() == word);
                Some(*known.ok_or_else(|| {
                    ApiError::trustpager(
                        Code::ValidationError,
                        "`status` is pending, approved, rejected, expired or all",
                    )
                })?)
            }
        };
        Ok(Self { page, status })
    }
}

pub(in crate::server) async fn approvals(
    State(app): State<Arc<App>>,
    reviewer: Reviewer,
    request: QueueRequest,
) -> Answer {
    let QueueRequest { page: request, status } = request;
    let place = reviewer.workspace.clone();
    let load = move |db: &Database, workspace: &store::Workspace, after: &str, limit: u32| {
        reviewer.check(db, workspace)?;
        let now = jiff::Timestamp::now().as_second();
        let found = store::queue::list(db, workspace, status, (after, limit), now)?;
        Ok(found.into_iter().map(|queued| queued.resource).collect::<Vec<_>>())
    };
    let (page, _) = page(app, place, request, load, |queued| queued.item.id.clone()).await?;
    Ok(json(StatusCode::OK, &page, None))
}

pub(in crate::server) async fn approval(
    State(app): State<Arc<App>>,
    reviewer: Reviewer,
    names: Names,
) -> Answer {
    let found = app
        .read(move |db| {
            let workspace = store::workspace(db, &reviewer.workspace)?;
            reviewer.check(db, &workspace)?;
            let now = jiff::Timestamp::now().as_second();
            store::queue::get(db, &workspace, names.get("approval"), now)
        })
        .await?;
    Ok(json(StatusCode::OK, &found.resource, None))
}
