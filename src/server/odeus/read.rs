//! The admin surface, reading: everything, in pages.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use rusqlite::Connection as Database;
use serde::Serialize;

use super::auth::Admin;
use super::view;
use crate::model::WorkspaceId;
use crate::platform::odeus::wire::{DEFAULT_PAGE, MAX_AUDIT_PAGE, MAX_PAGE, Page};
use crate::server::App;
use crate::server::error::ApiError;
use crate::server::request::{Names, PageRequest, json};
use crate::server::store::audit;
use crate::server::store::odeus::{people, rows};

type Answer = Result<Response, ApiError>;

pub(in crate::server) async fn settings(State(app): State<Arc<App>>, admin: Admin) -> Answer {
    let found = app.read(move |db| rows::workspace(db, &admin.workspace)).await?;
    let resource = view::workspace(&found);
    Ok(json(StatusCode::OK, &resource, Some(&resource.etag)))
}

pub(in crate::server) async fn integration(
    State(app): State<Arc<App>>,
    admin: Admin,
    names: Names,
) -> Answer {
    let key = names.integration()?;
    let resource = app
        .read(move |db| {
            let workspace = rows::workspace(db, &admin.workspace)?;
            let found = rows::integration(db, &workspace, &key)?;
            Ok(view::integration(&workspace, found))
        })
        .await?;
    Ok(json(StatusCode::OK, &resource, Some(&resource.etag)))
}

/// Loads items of a workspace after some keys, up to a number of them.
type Load<T, const N: usize> =
    fn(&Database, &WorkspaceId, [String; N], u32) -> Result<Vec<T>, ApiError>;

/// Reads one page: `load` gets the workspace, the keys to begin after, and how many items to return.
async fn page<T, const N: usize>(
    app: Arc<App>,
    admin: Admin,
    request: PageRequest,
    max: u32,
    load: Load<T, N>,
    key: fn(&T) -> [String; N],
) -> Answer
where
    T: Serialize + Send + 'static,
{
    let after = request.after::<N>()?;
    let limit = request.limit(DEFAULT_PAGE.min(max), max)?;
    let page: Page<T> = app
        .read(move |db| {
            // A workspace that is not there is 404, not an empty page.
            rows::workspace(db, &admin.workspace)?;
            let items = load(db, &admin.workspace, after, limit.saturating_add(1))?;
            PageRequest::page(items, limit, |item| key(item).to_vec())
        })
        .await?;
    Ok(json(StatusCode::OK, &page, None))
}

pub(in crate::server) async fn integrations(
    State(app): State<Arc<App>>,
    admin: Admin,
    request: PageRequest,
) -> Answer {
    let load = |db: &Database, id: &WorkspaceId, [after]: [String; 1], limit: u32| {
        let workspace = rows::workspace(db, id)?;
        let found = rows::integrations(db, &workspace, &after, limit)?;
        Ok(found.into_iter().map(|one| view::integration(&workspace, one)).collect())
    };
    page(app, admin, request, MAX_PAGE, load, |item| [item.facts.key.to_string()]).await
}

pub(in crate::server) async fn users(
    State(app): State<Arc<App>>,
    admin: Admin,
    request: PageRequest,
) -> Answer {
    let load = |db: &Database, id: &WorkspaceId, [after]: [String; 1], limit: u32| {
        people::users(db, id, &after, limit)
    };
    page(app, admin, request, MAX_PAGE, load, |item| [item.user.to_string()]).await
}

pub(in crate::server) async fn groups(
    State(app): State<Arc<App>>,
    admin: Admin,
    request: PageRequest,
) -> Answer {
    let load = |db: &Database, id: &WorkspaceId, [after]: [String; 1], limit: u32| {
        people::groups(db, id, &after, limit)
    };
    page(app, admin, request, MAX_PAGE, load, |item| [item.group.to_string()]).await
}

pub(in crate::server) async fn connections(
    State(app): State<Arc<App>>,
    admin: Admin,
    request: PageRequest,
) -> Answer {
    let load = |db: &Database, id: &WorkspaceId, after: [String; 2], limit: u32| {
        let [integration, user] = &after;
        rows::connections(db, id, (integration, user), limit)
    };
    let key = |item: &crate::platform::odeus::state::Connection| -> [String; 2] {
        [item.integration.to_string(), item.user.to_string()]
    };
    page(app, admin, request, MAX_PAGE, load, key).await
}

pub(in crate::server) async fn audit(
    State(app): State<Arc<App>>,
    admin: Admin,
    request: PageRequest,
) -> Answer {
    let load = |db: &Database, id: &WorkspaceId, [after]: [String; 1], limit: u32| {
        audit::entries(db, audit::Log::Odeus, id, after.parse().unwrap_or(0), limit)
    };
    page(app, admin, request, MAX_AUDIT_PAGE, load, |item| [item.id.to_string()]).await
}
