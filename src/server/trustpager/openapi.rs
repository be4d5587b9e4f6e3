//! The route table of TrustPager.

use std::sync::Arc;

use axum::Router;
use axum::routing::{MethodFilter, on};
use serde_json::{Value, json};

use super::{call, clients, keys, people, queue, read};
use crate::platform::trustpager::catalog::Catalog;
use crate::platform::trustpager::wire::{self, Code, path};
use crate::server::App;
use crate::server::openapi::{Api, Route, Shape, of, spelled};

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Surface {
    /// A workspace admin's portal token; one that may only read is enough to read.
    Admin,
    /// A user's portal token.
    User,
    /// A workspace admin's portal token, or an API key.
    Queue,
    /// An OAuth token or an API key.
    Resource,
}

impl Surface {
    const fn tag(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::User => "user",
            Self::Queue => "queue",
            Self::Resource => "resource",
        }
    }
}

/// Where a request may come without its body.
const OPTIONAL_BODY: &[&str] =
    &[path::RESOURCE, path::RESOURCE_VERB, path::REVOKE_TOKEN, path::REVOKE_KEY, path::REJECT];

macro_rules! route {
    ($filter:ident $verb:literal $path:ident, $id:literal, $summary:literal, $surface:ident $shape:ident,
     $request:expr => $statuses:expr, $response:ty, $handler:path) => {
        Route {
            method: MethodFilter::$filter,
            verb: $verb,
            path: path::$path,
            id: $id,
            summary: $summary,
            tag: Surface::$surface.tag(),
            shape: Shape::$shape,
            max_page: wire::MAX_PAGE,
            query: Vec::new(),
            request: $request,
            body_is_optional: OPTIONAL_BODY.contains(&path::$path),
            statuses: &$statuses,
            response: of::<$response>,
            refusals: Vec::new(),
            handler: |method| on(method, $handler),
        }
    };
}

fn read_routes() -> Vec<Route> {
    vec![
        route!(GET "get" CATALOG, "getCatalog", "Read resources, ladders and roles",
            Admin One, None => [200], Catalog, read::catalog),
        route!(GET "get" CLIENTS, "listClients", "Read all OAuth clients with ceiling, active tokens and ETag",
            Admin Paged, None => [200], wire::Page<wire::ClientResource>, read::clients),
        route!(GET "get" USERS, "listUsers", "Read all users and their current role",
            Admin Paged, None => [200], wire::Page<wire::UserResource>, read::users),
        route!(GET "get" GROUPS, "listGroups", "Read all groups and their members",
            Admin Paged, None => [200], wire::Page<wire::GroupResource>, read::groups),
        route!(GET "get" KEYS, "listKeys", "Read all API keys, never a value; the ETag is for creating one",
            Admin PagedTagged, None => [200], wire::Page<wire::KeyResource>, read::keys),
        route!(GET "get" AUDIT, "listAudit", "Read the audit log, oldest first",
            Admin Paged, None => [200], wire::Page<wire::AuditEntry>, read::audit_log),
        route!(GET "get" APPROVALS, "listApprovals", "Read queued calls; pending ones when `status` is absent",
            Queue Paged, None => [200], wire::Page<wire::ApprovalResource>, read::approvals),
        route!(GET "get" APPROVAL, "getApproval", "Read one queued call",
            Queue One, None => [200], wire::ApprovalResource, read::approval),
    ]
}

fn write_routes() -> Vec<Route> {
    vec![
        route!(PUT "put" CLIENT_ACCESS, "setClientAccess", "Set the ceiling; every active token is re-resolved at once",
            Admin Conditional, Some(of::<wire::SetClientAccess>) => [200, 409], wire::ClientWritten,
            clients::set_access),
        route!(POST "post" REVOKE_TOKEN, "revokeToken", "Revoke one token at once, for good",
            Admin Conditional, Some(of::<wire::Because>) => [200], wire::TokenRevoked, clients::revoke_token),
        route!(POST "post" KEYS, "createKey", "Create an API key; its value is shown this once",
            Admin Conditional, Some(of::<wire::CreateKey>) => [201, 409], wire::KeyIssued, keys::create),
        route!(PUT "put" KEY_ACCESS, "setKeyAccess", "Say what an API key may do, at once",
            Admin Conditional, Some(of::<wire::SetKeyAccess>) => [200, 409], wire::KeyWritten, keys::set_access),
        route!(POST "post" ROTATE_KEY, "rotateKey", "Give an API key a new value; the old one ends at once",
            Admin Conditional, None => [200], wire::KeyIssued, keys::rotate),
        route!(POST "post" REVOKE_KEY, "revokeKey", "Revoke an API key at once; the ETag is for creating one",
            Admin Conditional, Some(of::<wire::Because>) => [200], wire::KeyRevoked, keys::revoke),
        route!(PATCH "patch" USER_ROLE, "setRole", "Change a role; it decides from the next call on",
            Admin Conditional, Some(of::<wire::SetRole>) => [200], wire::UserResource, people::set_role),
        route!(DELETE "delete" USER, "removeUser", "Remove a user; their tokens end with that",
            Admin ConditionalEnd, None => [200], wire::UserRemoved, people::remove),
        route!(POST "post" SESSIONS, "mintSession", "Make a portal token for a user",
            Admin One, Some(of::<wire::MintToken>) => [201], wire::MintedToken, people::mint),
        route!(POST "post" APPROVE, "approve", "Let a queued call happen, if its caller may still do it",
            Queue One, None => [200, 409], wire::ApprovalResource, queue::approve),
        route!(POST "post" REJECT, "reject", "Refuse a queued call",
            Queue One, Some(of::<wire::Because>) => [200, 409], wire::ApprovalResource, queue::reject),
        route!(POST "post" ASSIGN, "assign", "Hand a queued call to somebody",
            Queue One, Some(of::<wire::Assign>) => [200, 409], wire::ApprovalResource, queue::assign),
    ]
}

fn other_routes() -> Vec<Route> {
    vec![
        route!(POST "post" REGISTER, "registerClient", "Register an integration; the default policy is its ceiling",
            User Tagged, Some(of::<wire::Register>) => [201, 409], wire::ClientResource, clients::register),
        route!(POST "post" AUTHORIZE, "authorizeClient", "Authorise an integration; the token is shown this once",
            User One, None => [201], wire::Authorized, clients::authorize),
        route!(GET "get" RESOURCE, "readResource", "Read",
            Resource One, None => [200, 202], wire::CallAnswer, call::by_method),
        route!(POST "post" RESOURCE, "writeResource", "Write",
            Resource One, Some(of::<wire::Call>) => [200, 202], wire::CallAnswer, call::by_method),
        route!(DELETE "delete" RESOURCE, "deleteResource", "Delete",
            Resource One, Some(of::<wire::Call>) => [200, 202], wire::CallAnswer, call::by_method),
        route!(POST "post" RESOURCE_VERB, "callResource", "Send, use, or any verb beside the ladder",
            Resource One, Some(of::<wire::Call>) => [200, 202], wire::CallAnswer, call::by_name),
    ]
}

fn table() -> Vec<Route> {
    let routes = read_routes().into_iter().chain(write_routes()).chain(other_routes());
    routes
        .map(|route| {
            let query = if route.path == path::APPROVALS { vec![status()] } else { Vec::new() };
            Route { refusals: refusals(&route), query, ..route }
        })
        .collect()
}

/// The query parameter that chooses queued calls.
fn status() -> Value {
    let mut words: Vec<&str> = wire::Status::ALL.iter().map(|status| status.word()).collect();
    words.push("all");
    let schema = json!({ "type": "string", "enum": words, "default": "pending" });
    json!({ "name": "status", "in": "query", "schema": schema })
}

fn refusals(route: &Route) -> Vec<(u16, Vec<String>)> {
    [400, 401, 403, 404, 409, 412, 413, 428, 429, 500, 503, 507]
        .into_iter()
        .map(|status| (status, codes(route, status).iter().filter_map(spelled).collect()))
        .collect()
}

/// Returns the codes of a status that a route may answer.
fn codes(route: &Route, status: u16) -> &'static [Code] {
    match status {
        400 if route.request.is_some() => {
            &[Code::InvalidBody, Code::MissingFields, Code::ValidationError]
        }
        // The last admin stays.
        400 if route.shape.is_paged() || route.shape == Shape::ConditionalEnd => {
            &[Code::ValidationError]
        }
        401 => &[Code::Unauthorized],
        403 => &[Code::InsufficientScope],
        404 => &[Code::NotFound],
        409 if route.statuses.contains(&409) => &[Code::Conflict],
        412 if route.shape.is_conditional() => &[Code::PreconditionFailed],
        413 if route.request.is_some() => &[Code::InvalidBody],
        428 if route.shape.is_conditional() => &[Code::PreconditionRequired],
        429 => &[Code::RateLimited],
        500 => &[Code::InternalError],
        503 | 507 => &[Code::Unavailable],
        _ => &[],
    }
}

static API: Api = Api {
    title: "scopeform control plane: TrustPager",
    description: "The embedded TrustPager control plane. A write of an admin names the ETag that it was decided on and \
                  confirms exactly which scope values it adds and removes; anything else is refused and nothing happens.",
    tags: &[
        ("admin", "Workspace admins read and write a workspace."),
        ("user", "Integrations register and users authorise them."),
        ("queue", "Admins and full-access API keys settle queued calls."),
        ("resource", "OAuth tokens and API keys call resources, 60 times a minute."),
    ],
    path: path::OPENAPI,
    error: of::<wire::ErrorAnswer>,
    default_page: wire::DEFAULT_PAGE,
    table,
};

/// Returns the router of TrustPager.
pub(in crate::server) fn router() -> Router<Arc<App>> {
    API.router()
}

/// Returns the OpenAPI 3.1 document of the TrustPager control plane.
#[must_use]
pub fn document() -> Value {
    API.document()
}
