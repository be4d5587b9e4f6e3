//! The route table of Odeus.

use std::sync::Arc;

use axum::Router;
use axum::routing::{MethodFilter, on};
use serde_json::Value;

use super::{people, read, user, vendor, write};
use crate::platform::odeus::catalog;
use crate::platform::odeus::state::Connection;
use crate::platform::odeus::wire::{self, Code, path};
use crate::server::App;
use crate::server::openapi::{Api, Route, Shape, of, spelled};

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

/// A route before its refusals are written out.
struct Entry {
    surface: Surface,
    /// Beyond what the surface and the shape can answer anyway.
    codes: &'static [Code],
    route: Route,
}

macro_rules! route {
    ($filter:ident $verb:literal $path:ident, $id:literal, $summary:literal, $surface:ident $shape:ident,
     $request:expr => $status:literal $response:ty, [$($code:ident),*], $handler:path) => {
        Entry {
            surface: Surface::$surface,
            codes: &[$(Code::$code),*],
            route: Route {
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
                body_is_optional: false,
                statuses: &[$status],
                response: of::<$response>,
                refusals: Vec::new(),
                handler: |method| on(method, $handler),
            },
        }
    };
}

fn read_routes() -> Vec<Entry> {
    vec![
        route!(GET "get" SETTINGS, "getSettings", "Read the workspace and its switches",
            AdminRead Tagged, None => 200 wire::WorkspaceResource, [], read::settings),
        route!(GET "get" INTEGRATIONS, "listIntegrations", "Read all integrations with facts, state and ETag",
            AdminRead Paged, None => 200 wire::Page<wire::IntegrationResource>, [], read::integrations),
        route!(GET "get" INTEGRATION, "getIntegration", "Read one integration",
            AdminRead Tagged, None => 200 wire::IntegrationResource, [], read::integration),
        route!(GET "get" USERS, "listUsers", "Read all users and their roles",
            AdminRead Paged, None => 200 wire::Page<wire::UserResource>, [], read::users),
        route!(GET "get" GROUPS, "listGroups", "Read all groups and their members",
            AdminRead Paged, None => 200 wire::Page<wire::GroupResource>, [], read::groups),
        route!(GET "get" CONNECTIONS, "listConnections", "Read everybody's connections",
            AdminRead Paged, None => 200 wire::Page<Connection>, [], read::connections),
        route!(GET "get" AUDIT, "listAudit", "Read the audit log, oldest first, 50 entries a page at most",
            AdminRead Paged, None => 200 wire::Page<wire::AuditEntry>, [], read::audit),
    ]
}

fn write_routes() -> Vec<Entry> {
    vec![
        route!(PUT "put" NEW_ACTIONS, "setNewActionsDefault", "Switch new actions enabled by default",
            AdminWrite Conditional, Some(of::<wire::SetNewActionsDefault>) => 200 wire::SettingsWritten, [],
            write::new_actions),
        route!(PUT "put" ACCESS, "setIntegrationAccess", "Say who may use an integration",
            AdminWrite Conditional, Some(of::<wire::SetIntegrationAccess>) => 200 wire::IntegrationWritten,
            [UnknownPrincipal, ConfirmationRequired], write::access),
        route!(PUT "put" ACTION_ACCESS, "setActionAccess", "Say who may run an action",
            AdminWrite Conditional, Some(of::<wire::SetActionAccess>) => 200 wire::IntegrationWritten,
            [UnknownAction, NativeAction, CannotAccept, UnknownPrincipal, ConfirmationRequired],
            write::action_access),
        route!(PUT "put" CLIENT, "setClient", "Choose mode, client and list in one write",
            AdminWrite Conditional, Some(of::<wire::SetClient>) => 200 wire::IntegrationWritten,
            [NoManagedClient, ScopesNotManaged, NotOauth, EmptyList, UnresolvedPlaceholder, InvalidSecret,
             ConfirmationRequired],
            write::client),
        route!(PUT "put" CLIENT_SCOPES, "setFixedScopes", "Write the list of fixed scopes",
            AdminWrite Conditional, Some(of::<wire::SetFixedScopes>) => 200 wire::IntegrationWritten,
            [NotFixed, ScopesNotManaged, NotOauth, EmptyList, UnresolvedPlaceholder, ConfirmationRequired],
            write::client_scopes),
        route!(POST "post" CONFIRM_PENDING, "confirmPending", "Request scopes that the vendor added",
            AdminWrite Conditional, Some(of::<wire::ConfirmPending>) => 200 wire::IntegrationWritten,
            [NotPending, ScopesNotManaged, NotOauth, ConfirmationRequired], write::confirm_pending),
        route!(DELETE "delete" USER, "removeUser", "Remove a user, also from every share list",
            AdminWrite One, None => 200 wire::EventAnswer, [LastAdmin], people::remove_user),
        route!(DELETE "delete" GROUP, "removeGroup", "Remove a group, also from every share list",
            AdminWrite One, None => 200 wire::EventAnswer, [], people::remove_group),
        route!(POST "post" TOKENS, "mintToken", "Make a token for a user",
            AdminWrite One, Some(of::<wire::MintToken>) => 201 wire::MintedToken, [UnknownPrincipal], people::mint),
    ]
}

fn other_routes() -> Vec<Entry> {
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
    let entries = read_routes().into_iter().chain(write_routes()).chain(other_routes());
    entries
        .map(|entry| {
            let refusals = refusals(&entry);
            let Route { path, max_page, .. } = entry.route;
            let max_page = if path == path::AUDIT { wire::MAX_AUDIT_PAGE } else { max_page };
            Route { refusals, max_page, ..entry.route }
        })
        .collect()
}

fn refusals(entry: &Entry) -> Vec<(u16, Vec<String>)> {
    let route = &entry.route;
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
    codes.extend(entry.surface.codes());
    if route.request.is_some() {
        codes.extend([Code::InvalidJson, Code::InvalidRequest, Code::BodyTooLarge]);
    }
    if route.verb != "get" {
        codes.push(Code::StorageFull);
    }
    if route.shape.is_paged() {
        codes.extend([Code::InvalidCursor, Code::InvalidLimit, Code::InvalidRequest]);
    }
    if route.shape.is_conditional() {
        codes.extend([Code::PreconditionRequired, Code::PreconditionFailed]);
    }
    codes.extend(entry.codes);
    codes.sort_unstable();
    codes.dedup();
    [400, 401, 403, 404, 409, 412, 413, 422, 428, 429, 500, 503, 507]
        .into_iter()
        .map(|status| {
            let named = codes.iter().filter(|code| code.status() == status);
            (status, named.filter_map(spelled).collect())
        })
        .collect()
}

static API: Api = Api {
    title: "scopeform control plane",
    description: "The embedded Odeus control plane. A write names the ETag that it was decided on and confirms exactly \
                  what it does to the requested scopes; anything else is refused and nothing happens.",
    tags: &[
        ("admin", "Workspace admins read and write a workspace."),
        ("user", "Users connect integrations and run actions."),
        ("vendor", "The vendor publishes."),
    ],
    path: path::OPENAPI,
    error: of::<wire::ErrorAnswer>,
    default_page: wire::DEFAULT_PAGE,
    table,
};

/// Returns the router of Odeus.
pub(in crate::server) fn router() -> Router<Arc<App>> {
    API.router()
}

/// Returns the OpenAPI 3.1 document of the Odeus control plane.
#[must_use]
pub fn document() -> Value {
    API.document()
}
