//! Workspaces, the catalogue, integrations and connections as rows.

use std::collections::BTreeSet;

use rusqlite::{Connection as Database, OptionalExtension, params};

use crate::model::{IntegrationKey, UserId, WorkspaceId};
use crate::platform::odeus::catalog;
use crate::platform::odeus::state::{Connection, IntegrationState, Settings};
use crate::platform::odeus::world::Suffices;
use crate::server::error::ApiError;
use crate::server::store::column::{from_json, stored, to_json};

/// Empties the tables; what belongs to a workspace goes with it.
pub(in crate::server) fn forget(db: &Database) -> Result<(), rusqlite::Error> {
    db.execute_batch("DELETE FROM workspaces; DELETE FROM catalog;")
}

/// A workspace as it is stored.
#[derive(Debug, Clone)]
pub(in crate::server) struct Workspace {
    pub(in crate::server) id: WorkspaceId,
    pub(in crate::server) settings: Settings,
    pub(in crate::server) rollout: BTreeSet<IntegrationKey>,
    generation: String,
    revision: i64,
}

impl Workspace {
    pub(in crate::server) fn etag(&self) -> String {
        format!("\"{}-{}\"", self.generation, self.revision)
    }

    /// Returns the vendor's facts as they hold here.
    pub(in crate::server) fn effective(
        &self,
        mut facts: catalog::Integration,
    ) -> catalog::Integration {
        facts.scope_management |= self.rollout.contains(&facts.key);
        facts
    }
}

/// An integration of one workspace as it is stored.
#[derive(Debug, Clone)]
pub(in crate::server) struct Integration {
    /// As they hold for the workspace.
    pub(in crate::server) facts: catalog::Integration,
    pub(in crate::server) state: IntegrationState,
    revision: i64,
    generation: String,
}

impl Integration {
    pub(in crate::server) fn etag(&self) -> String {
        format!("\"{}-{}\"", self.generation, self.revision)
    }
}

pub(in crate::server) fn insert_workspace(
    db: &Database,
    id: &WorkspaceId,
    settings: &Settings,
    rollout: &BTreeSet<IntegrationKey>,
    suffices: &[Suffices],
    generation: &str,
) -> Result<(), ApiError> {
    db.execute(
        "INSERT INTO workspaces (workspace, settings, rollout, suffices, generation, revision) \
         VALUES (?1, ?2, ?3, ?4, ?5, 1)",
        params![
            id.as_str(),
            to_json(settings)?,
            to_json(rollout)?,
            to_json(&suffices)?,
            generation
        ],
    )?;
    Ok(())
}

pub(in crate::server) fn workspace(db: &Database, id: &WorkspaceId) -> Result<Workspace, ApiError> {
    let row = db
        .query_row(
            "SELECT settings, rollout, generation, revision FROM workspaces WHERE workspace = ?1",
            [id.as_str()],
            |row| {
                let (settings, rollout): (String, String) = (row.get(0)?, row.get(1)?);
                Ok((settings, rollout, row.get(2)?, row.get(3)?))
            },
        )
        .optional()?;
    let Some((settings, rollout, generation, revision)) = row else {
        return Err(ApiError::not_found("workspace", id.as_str()));
    };
    Ok(Workspace {
        id: id.clone(),
        settings: from_json("workspace", &settings)?,
        rollout: from_json("rollout", &rollout)?,
        generation,
        revision,
    })
}

pub(in crate::server) fn workspaces(db: &Database) -> Result<Vec<WorkspaceId>, ApiError> {
    let mut query = db.prepare("SELECT workspace FROM workspaces ORDER BY workspace")?;
    let names = query.query_map([], |row| row.get::<_, String>(0))?;
    names.map(|name| stored("workspace name", &name?)).collect()
}

pub(in crate::server) fn suffices(
    db: &Database,
    id: &WorkspaceId,
) -> Result<Vec<Suffices>, ApiError> {
    let text: String = db.query_row(
        "SELECT suffices FROM workspaces WHERE workspace = ?1",
        [id.as_str()],
        |row| row.get(0),
    )?;
    from_json("list of sufficient scopes", &text)
}

/// Stores the settings and returns the workspace with its new version.
pub(in crate::server) fn put_settings(
    db: &Database,
    workspace: &Workspace,
    settings: Settings,
) -> Result<Workspace, ApiError> {
    let moved = i64::from(workspace.settings != settings);
    let next = Workspace { settings, revision: workspace.revision + moved, ..workspace.clone() };
    db.execute(
        "UPDATE workspaces SET settings = ?2, revision = ?3 WHERE workspace = ?1",
        params![next.id.as_str(), to_json(&next.settings)?, next.revision],
    )?;
    Ok(next)
}

pub(in crate::server) fn put_facts(
    db: &Database,
    facts: &catalog::Integration,
) -> Result<(), ApiError> {
    db.execute(
        "INSERT INTO catalog (integration, facts) VALUES (?1, ?2) \
         ON CONFLICT (integration) DO UPDATE SET facts = excluded.facts",
        params![facts.key.as_str(), to_json(facts)?],
    )?;
    Ok(())
}

pub(in crate::server) fn facts(
    db: &Database,
    key: &IntegrationKey,
) -> Result<Option<catalog::Integration>, ApiError> {
    let text: Option<String> = db
        .query_row("SELECT facts FROM catalog WHERE integration = ?1", [key.as_str()], |row| {
            row.get(0)
        })
        .optional()?;
    text.map(|text| from_json("catalogue entry", &text)).transpose()
}

const INTEGRATION: &str = "SELECT c.facts, i.state, i.revision FROM integrations i \
     JOIN catalog c ON c.integration = i.integration WHERE i.workspace = ?1";

fn integration_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<(String, String, i64)> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
}

fn lift(workspace: &Workspace, row: &(String, String, i64)) -> Result<Integration, ApiError> {
    let (facts, state, revision) = row;
    Ok(Integration {
        facts: workspace.effective(from_json("catalogue entry", facts)?),
        state: from_json("integration", state)?,
        revision: *revision,
        generation: workspace.generation.clone(),
    })
}

pub(in crate::server) fn integration(
    db: &Database,
    workspace: &Workspace,
    key: &IntegrationKey,
) -> Result<Integration, ApiError> {
    let row = db
        .query_row(
            &format!("{INTEGRATION} AND i.integration = ?2"),
            [workspace.id.as_str(), key.as_str()],
            integration_row,
        )
        .optional()?;
    match row {
        Some(row) => lift(workspace, &row),
        None => Err(ApiError::not_found("integration", key.as_str())),
    }
}

/// Returns up to `limit` integrations whose key is greater than `after`.
pub(in crate::server) fn integrations(
    db: &Database,
    workspace: &Workspace,
    after: &str,
    limit: u32,
) -> Result<Vec<Integration>, ApiError> {
    let mut query = db.prepare(&format!(
        "{INTEGRATION} AND i.integration > ?2 ORDER BY i.integration LIMIT ?3"
    ))?;
    let rows = query.query_map(params![workspace.id.as_str(), after, limit], integration_row)?;
    rows.map(|row| lift(workspace, &row?)).collect()
}

pub(in crate::server) fn insert_integration(
    db: &Database,
    workspace: &WorkspaceId,
    key: &IntegrationKey,
    state: &IntegrationState,
) -> Result<(), ApiError> {
    db.execute(
        "INSERT INTO integrations (workspace, integration, state, revision) VALUES (?1, ?2, ?3, 1)",
        params![workspace.as_str(), key.as_str(), to_json(state)?],
    )?;
    Ok(())
}

/// Stores what an integration has become and returns it with its new version. Equal in facts and state, it keeps its version.
pub(in crate::server) fn put_integration(
    db: &Database,
    workspace: &Workspace,
    before: &Integration,
    facts: catalog::Integration,
    state: IntegrationState,
) -> Result<Integration, ApiError> {
    let moved = i64::from(before.state != state || before.facts != facts);
    let next = Integration {
        facts,
        state,
        revision: before.revision + moved,
        generation: before.generation.clone(),
    };
    db.execute(
        "UPDATE integrations SET state = ?3, revision = ?4 WHERE workspace = ?1 AND integration = ?2",
        params![
            workspace.id.as_str(),
            next.facts.key.as_str(),
            to_json(&next.state)?,
            next.revision
        ],
    )?;
    Ok(next)
}

fn connection_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<(String, String, String, String)> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
}

fn lift_connection(row: &(String, String, String, String)) -> Result<Connection, ApiError> {
    let (integration, user, client, granted) = row;
    Ok(Connection {
        integration: stored("integration key", integration)?,
        user: stored("user", user)?,
        client: from_json("connection", client)?,
        granted: from_json("connection", granted)?,
    })
}

const CONNECTION: &str =
    "SELECT integration, user, client, granted FROM connections WHERE workspace = ?1";

pub(in crate::server) fn connection(
    db: &Database,
    workspace: &WorkspaceId,
    integration: &IntegrationKey,
    user: &UserId,
) -> Result<Option<Connection>, ApiError> {
    let row = db
        .query_row(
            &format!("{CONNECTION} AND integration = ?2 AND user = ?3"),
            [workspace.as_str(), integration.as_str(), user.as_str()],
            connection_row,
        )
        .optional()?;
    row.map(|row| lift_connection(&row)).transpose()
}

/// Returns up to `limit` connections after the given integration and user.
pub(in crate::server) fn connections(
    db: &Database,
    workspace: &WorkspaceId,
    after: (&str, &str),
    limit: u32,
) -> Result<Vec<Connection>, ApiError> {
    let mut query = db.prepare(&format!(
        "{CONNECTION} AND (integration, user) > (?2, ?3) ORDER BY integration, user LIMIT ?4"
    ))?;
    let rows =
        query.query_map(params![workspace.as_str(), after.0, after.1, limit], connection_row)?;
    rows.map(|row| lift_connection(&row?)).collect()
}

pub(in crate::server) fn put_connection(
    db: &Database,
    workspace: &WorkspaceId,
    connection: &Connection,
) -> Result<(), ApiError> {
    db.execute(
        "INSERT OR REPLACE INTO connections (workspace, integration, user, client, granted) \
         VALUES (?1, ?2, ?3, ?4, ?5)",
        params![
            workspace.as_str(),
            connection.integration.as_str(),
            connection.user.as_str(),
            to_json(&connection.client)?,
            to_json(&connection.granted)?
        ],
    )?;
    Ok(())
}
