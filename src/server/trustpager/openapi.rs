//! The route table of TrustPager: the router and the OpenAPI document are both built from it.

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{MethodFilter, MethodRouter, get, on};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::{call, clients, keys, people, queue, read};
use crate::platform::trustpager::catalog::Catalog;
use crate::platform::trustpager::wire::{self, Code, path};
use crate::server::App;
use crate::server::request::json as answer;

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

/// What a route takes and gives besides names in its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// Nothing; gives one thing.
    One,
    /// Nothing; gives one thing with an ETag.
    Tagged,
    /// A cursor and a limit; gives a page.
    Paged,
    /// As `Paged`; the page has an ETag.
    PagedTagged,
    /// As `Paged`, and a status.
    Filtered,
    /// `If-Match`; gives a new ETag.
    Conditional,
    /// `If-Match`; what it names is gone afterwards.
    ConditionalEnd,
}

impl Shape {
    const fn is_paged(self) -> bool {
        matches!(self, Self::Paged | Self::PagedTagged | Self::Filtered)
    }

    const fn is_conditional(self) -> bool {
        matches!(self, Self::Conditional | Self::ConditionalEnd)
    }

    const fn has_etag(self) -> bool {
        matches!(self, Self::Tagged | Self::PagedTagged | Self::Conditional)
    }
}

type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

struct Route {
    method: MethodFilter,
    verb: &'static str,
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    surface: Surface,
    shape: Shape,
    request: Option<SchemaOf>,
    statuses: &'static [u16],
    response: SchemaOf,
    handler: fn(MethodFilter) -> MethodRouter<Arc<App>>,
}

fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

macro_rules! route {
    ($filter:ident $verb:literal $path:ident, $id:literal, $summary:literal, $surface:ident $shape:ident,
     $request:expr => $statuses:expr, $response:ty, $handler:path) => {
        Route {
            method: MethodFilter::$filter,
            verb: $verb,
            path: path::$path,
            id: $id,
            summary: $summary,
            surface: Surface::$surface,
            shape: Shape::$shape,
            request: $request,
            statuses: &$statuses,
            response: of::<$response>,
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
            Queue Filtered, None => [200], wire::Page<wire::ApprovalResource>, read::approvals),
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
    let mut routes = read_routes();
    routes.extend(write_routes());
    routes.extend(other_routes());
    routes
}

/// Returns the router with every route of the table, and the document that describes them.
pub(in crate::server) fn router() -> Router<Arc<App>> {
    let described = get(|| async { answer(StatusCode::OK, &document(), None) });
    table()
        .iter()
        .fold(Router::new(), |router, route| {
            router.route(route.path, (route.handler)(route.method))
        })
        .route(path::OPENAPI, described)
}

/// Returns the OpenAPI 3.1 document of the TrustPager control plane.
#[must_use]
pub fn document() -> Value {
    let settings = SchemaSettings::draft2020_12()
        .with(|settings| settings.definitions_path = "/components/schemas".into());
    let mut generator = settings.into_generator();
    let mut paths: Map<String, Value> = Map::new();
    let error = of::<wire::ErrorAnswer>(&mut generator);
    for route in table() {
        let operation = operation(&route, &mut generator, &error);
        let item = paths.entry(route.path).or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(item) = item {
            item.insert(route.verb.to_owned(), operation);
        }
    }
    let schemas = generator.take_definitions(true);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "scopeform control plane: TrustPager",
            "version": "1",
            "description": "The embedded TrustPager control plane. A write of an admin names the ETag that it was \
                            decided on and confirms exactly which scope values it adds and removes; anything else is \
                            refused and nothing happens.",
        },
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "security": [{ "token": [] }],
        "tags": [
            { "name": "admin", "description": "Workspace admins read and write a workspace." },
            { "name": "user", "description": "Integrations register and users authorise them." },
            { "name": "queue", "description": "Admins and full-access API keys settle queued calls." },
            { "name": "resource", "description": "OAuth tokens and API keys call resources, 60 times a minute." },
        ],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
        },
    })
}

/// Where a request may come without its body.
const OPTIONAL_BODY: &[&str] =
    &[path::RESOURCE, path::RESOURCE_VERB, path::REVOKE_TOKEN, path::REVOKE_KEY, path::REJECT];

fn operation(route: &Route, generator: &mut SchemaGenerator, error: &Schema) -> Value {
    let mut operation = json!({
        "operationId": route.id,
        "summary": route.summary,
        "tags": [route.surface.tag()],
        "parameters": parameters(route),
        "responses": responses(route, generator, error),
    });
    if let (Some(request), Value::Object(fields)) = (route.request, &mut operation) {
        let body = json!({
            "required": !OPTIONAL_BODY.contains(&route.path),
            "content": { "application/json": { "schema": request(generator) } },
        });
        fields.insert("requestBody".to_owned(), body);
    }
    operation
}

fn parameters(route: &Route) -> Vec<Value> {
    let segments = route.path.split('/').filter_map(|s| s.strip_prefix('{')?.strip_suffix('}'));
    let text = json!({ "type": "string" });
    let mut all: Vec<Value> = segments
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": text }))
        .collect();
    if route.shape.is_paged() {
        let limit = json!({
            "type": "integer", "minimum": 1, "maximum": wire::MAX_PAGE, "default": wire::DEFAULT_PAGE,
        });
        all.push(json!({ "name": "cursor", "in": "query", "schema": text }));
        all.push(json!({ "name": "limit", "in": "query", "schema": limit }));
    }
    if route.shape == Shape::Filtered {
        let mut words: Vec<&str> = wire::Status::ALL.iter().map(|status| status.word()).collect();
        words.push("all");
        let status = json!({ "type": "string", "enum": words, "default": "pending" });
        all.push(json!({ "name": "status", "in": "query", "schema": status }));
    }
    if route.shape.is_conditional() {
        all.push(json!({
            "name": "If-Match", "in": "header", "required": true, "schema": text,
            "description": "The ETag that the write was decided on.",
        }));
    }
    all
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

fn responses(route: &Route, generator: &mut SchemaGenerator, error: &Schema) -> Value {
    let mut all = Map::new();
    for status in route.statuses.iter().filter(|status| **status < 300) {
        let mut success = json!({
            "description": if *status == 202 { "It waits for approval." } else { "Done." },
            "content": { "application/json": { "schema": (route.response)(generator) } },
        });
        if route.shape.has_etag()
            && let Value::Object(fields) = &mut success
        {
            let tag = json!({ "ETag": { "required": true, "schema": { "type": "string" } } });
            fields.insert("headers".to_owned(), tag);
        }
        all.insert(status.to_string(), success);
    }
    for status in [400, 401, 403, 404, 409, 412, 413, 428, 429, 500, 503, 507] {
        let names: Vec<String> = codes(route, status)
            .iter()
            .filter_map(|code| serde_json::to_value(code).ok()?.as_str().map(str::to_owned))
            .collect();
        if names.is_empty() {
            continue;
        }
        let body = json!({
            "description": format!("Code `{}`.", names.join("` or `")),
            "content": { "application/json": { "schema": error } },
        });
        all.insert(status.to_string(), body);
    }
    Value::Object(all)
}
