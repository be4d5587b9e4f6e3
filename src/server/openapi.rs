//! The route table: the router and the OpenAPI document are both built from it, so neither can know more than the other.

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, get, on};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::App;
use super::request::json as answer;
use super::routes::{admin_read, admin_write, people, user, vendor};
use crate::platform::odeus::catalog;
use crate::platform::odeus::state::Connection;
use crate::platform::odeus::wire::{self, Code, path};

/// Which of the three surfaces a route belongs to: who may call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Surface {
    /// A workspace admin's token; one that may only read is enough.
    AdminRead,
    /// A workspace admin's token.
    AdminWrite,
    /// A user's own token.
    User,
    /// The vendor's token.
    Vendor,
}

impl Surface {
    const fn tag(self) -> &'static str {
        match self {
            Self::AdminRead | Self::AdminWrite => "admin",
            Self::User => "user",
            Self::Vendor => "vendor",
        }
    }

    const fn codes(self) -> &'static [Code] {
        match self {
            Self::AdminRead => &[Code::AdminRequired, Code::OtherWorkspace],
            Self::AdminWrite => &[Code::AdminRequired, Code::OtherWorkspace, Code::ReadOnlyToken],
            Self::User => &[Code::UserTokenRequired, Code::OtherWorkspace, Code::ReadOnlyToken],
            Self::Vendor => &[Code::VendorTokenRequired],
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
    /// `If-Match`; gives a new ETag.
    Conditional,
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
    status: u16,
    response: SchemaOf,
    /// Beyond what the surface and the shape can answer anyway.
    codes: &'static [Code],
    handler: fn(MethodFilter) -> MethodRouter<Arc<App>>,
}

fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

macro_rules! route {
    ($filter:ident $verb:literal $path:ident, $id:literal, $summary:literal, $surface:ident $shape:ident,
     $request:expr => $status:literal $response:ty, [$($code:ident),*], $handler:path) => {
        Route {
            method: MethodFilter::$filter,
            verb: $verb,
            path: path::$path,
            id: $id,
            summary: $summary,
            surface: Surface::$surface,
            shape: Shape::$shape,
            request: $request,
            status: $status,
            response: of::<$response>,
            codes: &[$(Code::$code),*],
            handler: |method| on(method, $handler),
        }
    };
}

fn read_routes() -> Vec<Route> {
    vec![
        route!(GET "get" SETTINGS, "getSettings", "Read the workspace and its switches",
            AdminRead Tagged, None => 200 wire::WorkspaceResource, [], admin_read::settings),
        route!(GET "get" INTEGRATIONS, "listIntegrations", "Read all integrations with facts, state and ETag",
            AdminRead Paged, None => 200 wire::Page<wire::IntegrationResource>, [], admin_read::integrations),
        route!(GET "get" INTEGRATION, "getIntegration", "Read one integration",
            AdminRead Tagged, None => 200 wire::IntegrationResource, [], admin_read::integration),
        route!(GET "get" USERS, "listUsers", "Read all users and their roles",
            AdminRead Paged, None => 200 wire::Page<wire::UserResource>, [], admin_read::users),
        route!(GET "get" GROUPS, "listGroups", "Read all groups and their members",
            AdminRead Paged, None => 200 wire::Page<wire::GroupResource>, [], admin_read::groups),
        route!(GET "get" CONNECTIONS, "listConnections", "Read everybody's connections",
            AdminRead Paged, None => 200 wire::Page<Connection>, [], admin_read::connections),
        route!(GET "get" AUDIT, "listAudit", "Read the audit log, oldest first, 50 entries a page at most",
            AdminRead Paged, None => 200 wire::Page<wire::AuditEntry>, [], admin_read::audit),
    ]
}

fn write_routes() -> Vec<Route> {
    vec![
        route!(PUT "put" NEW_ACTIONS, "setNewActionsDefault", "Switch new actions enabled by default",
            AdminWrite Conditional, Some(of::<wire::SetNewActionsDefault>) => 200 wire::SettingsWritten, [],
            admin_write::new_actions),
        route!(PUT "put" ACCESS, "setIntegrationAccess", "Say who may use an integration",
            AdminWrite Conditional, Some(of::<wire::SetIntegrationAccess>) => 200 wire::IntegrationWritten,
            [UnknownPrincipal, ConfirmationRequired], admin_write::access),
        route!(PUT "put" ACTION_ACCESS, "setActionAccess", "Say who may run an action",
            AdminWrite Conditional, Some(of::<wire::SetActionAccess>) => 200 wire::IntegrationWritten,
            [UnknownAction, NativeAction, CannotAccept, UnknownPrincipal, ConfirmationRequired],
            admin_write::action_access),
        route!(PUT "put" CLIENT, "setClient", "Choose mode, client and list in one write",
            AdminWrite Conditional, Some(of::<wire::SetClient>) => 200 wire::IntegrationWritten,
            [NoManagedClient, ScopesNotManaged, NotOauth, EmptyList, UnresolvedPlaceholder, InvalidSecret,
             ConfirmationRequired],
            admin_write::client),
        route!(PUT "put" CLIENT_SCOPES, "setFixedScopes", "Write the list of fixed scopes",
            AdminWrite Conditional, Some(of::<wire::SetFixedScopes>) => 200 wire::IntegrationWritten,
            [NotFixed, ScopesNotManaged, NotOauth, EmptyList, UnresolvedPlaceholder, ConfirmationRequired],
            admin_write::client_scopes),
        route!(POST "post" CONFIRM_PENDING, "confirmPending", "Request scopes that the vendor added",
            AdminWrite Conditional, Some(of::<wire::ConfirmPending>) => 200 wire::IntegrationWritten,
            [NotPending, ScopesNotManaged, NotOauth, ConfirmationRequired], admin_write::confirm_pending),
        route!(DELETE "delete" USER, "removeUser", "Remove a user, also from every share list",
            AdminWrite One, None => 200 wire::EventAnswer, [LastAdmin], people::remove_user),
        route!(DELETE "delete" GROUP, "removeGroup", "Remove a group, also from every share list",
            AdminWrite One, None => 200 wire::EventAnswer, [], people::remove_group),
        route!(POST "post" TOKENS, "mintToken", "Make a token for a user",
            AdminWrite One, Some(of::<wire::MintToken>) => 201 wire::MintedToken, [UnknownPrincipal], people::mint),
    ]
}

fn other_routes() -> Vec<Route> {
    vec![
        route!(POST "post" CONNECTION, "connect", "Connect, or refresh a connection: grants what is requested now",
            User One, None => 200 Connection, [NotShared, NotConfigured, NotOauth], user::connect),
        route!(POST "post" EXPIRE, "expireConnection", "Let the access token end: the grant narrows to what is requested",
            User One, None => 200 Connection, [NotConnected], user::expire),
        route!(POST "post" RUN, "runAction", "Run an action",
            User One, None => 200 wire::RunAnswer,
            [NotShared, InsufficientScope, NotConfigured, NotConnected, ReconnectRequired], user::run),
        route!(PUT "put" CATALOG, "publishIntegration", "Publish an integration for every workspace",
            Vendor One, Some(of::<catalog::Integration>) => 200 wire::EventAnswer, [InvalidCatalog], vendor::publish),
    ]
}

fn table() -> Vec<Route> {
    let mut routes = read_routes();
    routes.extend(write_routes());
    routes.extend(other_routes());
    routes
}

/// Returns the router with every route of the table, and the document that describes them.
pub(super) fn router() -> Router<Arc<App>> {
    let described = get(|| async { described() });
    table()
        .iter()
        .fold(Router::new(), |router, route| {
            router.route(route.path, (route.handler)(route.method))
        })
        .route(path::OPENAPI, described)
}

fn described() -> Response {
    answer(StatusCode::OK, &document(), None)
}

/// Returns the OpenAPI 3.1 document of the control plane.
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
            "title": "scopeform control plane",
            "version": "1",
            "description": "The embedded Odeus control plane. A write names the ETag that it was decided on and \
                            confirms exactly what it does to the requested scopes; anything else is refused and \
                            nothing happens.",
        },
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "security": [{ "token": [] }],
        "tags": [
            { "name": "admin", "description": "Workspace admins read and write a workspace." },
            { "name": "user", "description": "Users connect integrations and run actions." },
            { "name": "vendor", "description": "The vendor publishes." },
        ],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
        },
    })
}

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
            "required": true,
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
    match route.shape {
        Shape::One | Shape::Tagged => {}
        Shape::Paged => {
            let max = if route.path == path::AUDIT { wire::MAX_AUDIT_PAGE } else { wire::MAX_PAGE };
            let limit = json!({
                "type": "integer", "minimum": 1, "maximum": max, "default": wire::DEFAULT_PAGE,
            });
            all.push(json!({ "name": "cursor", "in": "query", "schema": text }));
            all.push(json!({ "name": "limit", "in": "query", "schema": limit }));
        }
        Shape::Conditional => all.push(json!({
            "name": "If-Match", "in": "header", "required": true, "schema": text,
            "description": "The ETag that the write was decided on.",
        })),
    }
    all
}

fn responses(route: &Route, generator: &mut SchemaGenerator, error: &Schema) -> Value {
    let mut codes = vec![
        Code::Unauthenticated,
        Code::TokenExpired,
        Code::BrowserOrigin,
        Code::NotFound,
        Code::RateLimited,
        Code::Internal,
        Code::StorageFailed,
        Code::Busy,
    ];
    codes.extend(route.surface.codes());
    if route.request.is_some() {
        codes.extend([Code::InvalidJson, Code::InvalidRequest, Code::BodyTooLarge]);
    }
    if route.verb != "get" {
        codes.push(Code::StorageFull);
    }
    match route.shape {
        Shape::One | Shape::Tagged => {}
        Shape::Paged => {
            codes.extend([Code::InvalidCursor, Code::InvalidLimit, Code::InvalidRequest]);
        }
        Shape::Conditional => {
            codes.extend([Code::PreconditionRequired, Code::PreconditionFailed]);
        }
    }
    codes.extend(route.codes);
    codes.sort_unstable();
    codes.dedup();

    let mut all = Map::new();
    let mut success = json!({
        "description": "Done.",
        "content": { "application/json": { "schema": (route.response)(generator) } },
    });
    if matches!(route.shape, Shape::Tagged | Shape::Conditional)
        && let Value::Object(fields) = &mut success
    {
        let tag = json!({ "ETag": { "required": true, "schema": { "type": "string" } } });
        fields.insert("headers".to_owned(), tag);
    }
    all.insert(route.status.to_string(), success);
    for status in [400, 401, 403, 404, 409, 412, 413, 422, 428, 429, 500, 503, 507] {
        let names: Vec<String> = codes
            .iter()
            .filter(|code| code.status() == status)
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
