//! Route tables: a platform's router and its OpenAPI document are both built from one table, so neither can know more
//! than the other.

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{MethodFilter, MethodRouter, get};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::App;
use super::request::json as answer;

/// Gives the schema of one type.
pub(super) type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// Returns the schema of `T`.
pub(super) fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// What a route takes and gives besides names in its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Nothing; gives one thing.
    One,
    /// Nothing; gives one thing with an ETag.
    Tagged,
    /// A cursor and a limit; gives a page.
    Paged,
    /// As `Paged`; the page has an ETag.
    PagedTagged,
    /// `If-Match`; gives a new ETag.
    Conditional,
    /// `If-Match`; what it names is gone afterwards.
    ConditionalEnd,
}

impl Shape {
    /// Returns whether the answer is a page.
    pub(super) const fn is_paged(self) -> bool {
        matches!(self, Self::Paged | Self::PagedTagged)
    }

    /// Returns whether the request must carry `If-Match`.
    pub(super) const fn is_conditional(self) -> bool {
        matches!(self, Self::Conditional | Self::ConditionalEnd)
    }

    const fn has_etag(self) -> bool {
        matches!(self, Self::Tagged | Self::PagedTagged | Self::Conditional)
    }
}

/// One route.
pub(super) struct Route {
    pub(super) method: MethodFilter,
    pub(super) verb: &'static str,
    pub(super) path: &'static str,
    pub(super) id: &'static str,
    pub(super) summary: &'static str,
    /// Which surface it belongs to.
    pub(super) tag: &'static str,
    pub(super) shape: Shape,
    /// The largest page, where there are pages.
    pub(super) max_page: u32,
    /// Query parameters beside those of pages.
    pub(super) query: Vec<Value>,
    pub(super) request: Option<SchemaOf>,
    /// Whether the request may come without its body.
    pub(super) body_is_optional: bool,
    /// The statuses of success, and refusals that only some routes of the platform have.
    pub(super) statuses: &'static [u16],
    pub(super) response: SchemaOf,
    /// Every status of refusal with the codes that it is told in.
    pub(super) refusals: Vec<(u16, Vec<String>)>,
    pub(super) handler: fn(MethodFilter) -> MethodRouter<Arc<App>>,
}

/// Returns a code as the platform spells it.
pub(super) fn spelled<T: Serialize>(code: &T) -> Option<String> {
    serde_json::to_value(code).ok()?.as_str().map(str::to_owned)
}

/// A platform's table and what its document says about it.
pub(super) struct Api {
    pub(super) title: &'static str,
    pub(super) description: &'static str,
    /// The surfaces, each with who may call it.
    pub(super) tags: &'static [(&'static str, &'static str)],
    /// Where the document itself is served.
    pub(super) path: &'static str,
    /// The body of every refusal.
    pub(super) error: SchemaOf,
    /// The size of a page when the request does not say.
    pub(super) default_page: u32,
    pub(super) table: fn() -> Vec<Route>,
}

impl Api {
    /// Returns the router with every route of the table, and the document that describes them.
    pub(super) fn router(&'static self) -> Router<Arc<App>> {
        let described = get(move || async move { answer(StatusCode::OK, &self.document(), None) });
        (self.table)()
            .iter()
            .fold(Router::new(), |router, route| {
                router.route(route.path, (route.handler)(route.method))
            })
            .route(self.path, described)
    }

    /// Returns the OpenAPI 3.1 document.
    pub(super) fn document(&self) -> Value {
        let settings = SchemaSettings::draft2020_12()
            .with(|settings| settings.definitions_path = "/components/schemas".into());
        let mut generator = settings.into_generator();
        let mut paths: Map<String, Value> = Map::new();
        let error = (self.error)(&mut generator);
        for route in (self.table)() {
            let operation = self.operation(&route, &mut generator, &error);
            let item = paths.entry(route.path).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(item) = item {
                item.insert(route.verb.to_owned(), operation);
            }
        }
        let schemas = generator.take_definitions(true);
        let tag = |(name, description): &(&str, &str)| json!({ "name": name, "description": description });
        json!({
            "openapi": "3.1.0",
            "info": { "title": self.title, "version": "1", "description": self.description },
            "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
            "security": [{ "token": [] }],
            "tags": self.tags.iter().map(tag).collect::<Vec<_>>(),
            "paths": paths,
            "components": {
                "schemas": schemas,
                "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            },
        })
    }

    fn operation(&self, route: &Route, generator: &mut SchemaGenerator, error: &Schema) -> Value {
        let mut operation = json!({
            "operationId": route.id,
            "summary": route.summary,
            "tags": [route.tag],
            "parameters": self.parameters(route),
            "responses": responses(route, generator, error),
        });
        if let (Some(request), Value::Object(fields)) = (route.request, &mut operation) {
            let body = json!({
                "required": !route.body_is_optional,
                "content": { "application/json": { "schema": request(generator) } },
            });
            fields.insert("requestBody".to_owned(), body);
        }
        operation
    }

    fn parameters(&self, route: &Route) -> Vec<Value> {
        let segments = route.path.split('/').filter_map(|s| s.strip_prefix('{')?.strip_suffix('}'));
        let text = json!({ "type": "string" });
        let mut all: Vec<Value> = segments
            .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": text }))
            .collect();
        if route.shape.is_paged() {
            let limit = json!({
                "type": "integer", "minimum": 1, "maximum": route.max_page, "default": self.default_page,
            });
            all.push(json!({ "name": "cursor", "in": "query", "schema": text }));
            all.push(json!({ "name": "limit", "in": "query", "schema": limit }));
        }
        all.extend(route.query.iter().cloned());
        if route.shape.is_conditional() {
            all.push(json!({
                "name": "If-Match", "in": "header", "required": true, "schema": text,
                "description": "The ETag that the write was decided on.",
            }));
        }
        all
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
    for (status, codes) in route.refusals.iter().filter(|(_, codes)| !codes.is_empty()) {
        let body = json!({
            "description": format!("Code `{}`.", codes.join("` or `")),
            "content": { "application/json": { "schema": error } },
        });
        all.insert(status.to_string(), body);
    }
    Value::Object(all)
}
