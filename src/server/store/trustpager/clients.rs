//! OAuth clients and their tokens as rows. A token is kept by the hash of its value.

use jiff::civil::Date;
use rusqlite::{Connection as Database, OptionalExtension, Row, params};

use super::{Workspace, date};
use crate::model::{UserId, WorkspaceId};
use crate::platform::trustpager::name::{ClientName, TokenId};
use crate::platform::trustpager::state::{AccessList, ClientState, Token};
use crate::server::error::ApiError;
use crate::server::store::column::{from_json, stored, to_json};

/// An OAuth client as it is stored.
#[derive(Debug, Clone)]
pub(in crate::server) struct Client {
    pub(in crate::server) name: ClientName,
    pub(in crate::server) state: ClientState,
    pub(in crate::server) etag: String,
}

type TokenRow = (String, String, String, String, String, String, Option<String>, i64);

const TOKEN: &str =
    "SELECT id, user, role, prefix, suffix, issued, last_used, requests FROM tp_tokens";

fn token_row(row: &Row<'_>) -> rusqlite::Result<TokenRow> {
    Ok((
        row.get(0)?,
        row.get(1)?,
        row.get(2)?,
        row.get(3)?,
        row.get(4)?,
        row.get(5)?,
        row.get(6)?,
        row.get(7)?,
    ))
}

fn lift(row: TokenRow) -> Result<Token, ApiError> {
    let (id, user, role, prefix, suffix, issued, last_used, requests) = row;
    Ok(Token {
        id: stored("token id", &id)?,
        user: stored("user", &user)?,
        role_at_authorisation: stored("role", &role)?,
        prefix,
        suffix,
        issued: date(&issued)?,
        last_used: last_used.as_deref().map(date).transpose()?,
        requests: requests.unsigned_abs(),
    })
}

fn with_tokens(
    db: &Database,
    workspace: &Workspace,
    (name, access, revision): (String, String, i64),
) -> Result<Client, ApiError> {
    let mut query =
        db.prepare(&format!("{TOKEN} WHERE workspace = ?1 AND client = ?2 AND revoked = 0"))?;
    let rows = query.query_map([workspace.id.as_str(), &name], token_row)?;
    let tokens = rows.map(|row| {
        let token = lift(row?)?;
        Ok((token.id.clone(), token))
    });
    let tokens = tokens.collect::<Result<_, ApiError>>()?;
    let access: AccessList = from_json("access list", &access)?;
    Ok(Client {
        name: stored("client name", &name)?,
        state: ClientState { access, tokens },
        etag: workspace.etag(revision),
    })
}

fn client_row(row: &Row<'_>) -> rusqlite::Result<(String, String, i64)> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
}

pub(in crate::server) fn find(
    db: &Database,
    workspace: &Workspace,
    name: &ClientName,
) -> Result<Option<Client>, ApiError> {
    let row = db
        .query_row(
            "SELECT name, access, revision FROM tp_clients WHERE workspace = ?1 AND name = ?2",
            [workspace.id.as_str(), name.as_str()],
            client_row,
        )
        .optional()?;
    row.map(|row| with_tokens(db, workspace, row)).transpose()
}

pub(in crate::server) fn get(
    db: &Database,
    workspace: &Workspace,
    name: &ClientName,
) -> Result<Client, ApiError> {
    find(db, workspace, name)?.ok_or_else(|| ApiError::not_found("OAuth client", name.as_str()))
}

/// Returns up to `limit` clients whose name is greater than `after`.
pub(in crate::server) fn list(
    db: &Database,
    workspace: &Workspace,
    after: &str,
    limit: u32,
) -> Result<Vec<Client>, ApiError> {
    let mut query = db.prepare(
        "SELECT name, access, revision FROM tp_clients WHERE workspace = ?1 AND name > ?2 \
         ORDER BY name LIMIT ?3",
    )?;
    let rows = query.query_map(params![workspace.id.as_str(), after, limit], client_row)?;
    rows.map(|row| with_tokens(db, workspace, row?)).collect()
}

/// Stores the ceiling of a client, new or not.
pub(in crate::server) fn put(
    db: &Database,
    workspace: &Workspace,
    name: &ClientName,
    access: &AccessList,
) -> Result<(), ApiError> {
    let revision = workspace.next_revision(db)?;
    db.execute(
        "INSERT INTO tp_clients (workspace, name, access, revision) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT (workspace, name) DO UPDATE SET access = excluded.access, revision = excluded.revision",
        params![workspace.id.as_str(), name.as_str(), to_json(access)?, revision],
    )?;
    Ok(())
}

/// Gives a client a new version token: its tokens have changed.
pub(in crate::server) fn touch(
    db: &Database,
    workspace: &Workspace,
    name: &ClientName,
) -> Result<(), ApiError> {
    let revision = workspace.next_revision(db)?;
    db.execute(
        "UPDATE tp_clients SET revision = ?3 WHERE workspace = ?1 AND name = ?2",
        params![workspace.id.as_str(), name.as_str(), revision],
    )?;
    Ok(())
}

/// Stores a new active token by the hash of its value.
pub(in crate::server) fn insert_token(
    db: &Database,
    workspace: &Workspace,
    client: &ClientName,
    token: &Token,
    hash: &[u8],
) -> Result<(), ApiError> {
    db.execute(
        "INSERT INTO tp_tokens (workspace, id, client, user, role, prefix, suffix, hash, issued, last_used, \
         requests, revoked) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 0)",
        params![
            workspace.id.as_str(),
            token.id.as_str(),
            client.as_str(),
            token.user.as_str(),
            token.role_at_authorisation.as_str(),
            token.prefix,
            token.suffix,
            hash,
            token.issued.to_string(),
            token.last_used.map(|date| date.to_string()),
            i64::try_from(token.requests).unwrap_or(i64::MAX)
        ],
    )?;
    Ok(())
}

pub(in crate::server) fn revoke_token(
    db: &Database,
    workspace: &Workspace,
    token: &TokenId,
) -> Result<(), ApiError> {
    db.execute(
        "UPDATE tp_tokens SET revoked = 1 WHERE workspace = ?1 AND id = ?2",
        [workspace.id.as_str(), token.as_str()],
    )?;
    Ok(())
}

/// Returns the clients at which a user has active tokens, one for each token.
pub(in crate::server) fn clients_of(
    db: &Database,
    workspace: &Workspace,
    user: &UserId,
) -> Result<Vec<ClientName>, ApiError> {
    let mut query = db.prepare(
        "SELECT client FROM tp_tokens WHERE workspace = ?1 AND user = ?2 AND revoked = 0",
    )?;
    let rows =
        query.query_map([workspace.id.as_str(), user.as_str()], |row| row.get::<_, String>(0))?;
    rows.map(|name| stored("client name", &name?)).collect()
}

/// Who a token stands for.
#[derive(Debug, Clone)]
pub(in crate::server) struct Bearer {
    pub(in crate::server) workspace: WorkspaceId,
    pub(in crate::server) client: ClientName,
    pub(in crate::server) token: TokenId,
    pub(in crate::server) revoked: bool,
}

/// Returns the token with this hash, revoked or not.
pub(in crate::server) fn bearer(db: &Database, hash: &[u8]) -> Result<Option<Bearer>, ApiError> {
    let row = db
        .query_row(
            "SELECT workspace, client, id, revoked FROM tp_tokens WHERE hash = ?1",
            [hash],
            |row| {
                let names: (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
                Ok((names, row.get(3)?))
            },
        )
        .optional()?;
    let Some(((workspace, client, token), revoked)) = row else { return Ok(None) };
    Ok(Some(Bearer {
        workspace: stored("workspace name", &workspace)?,
        client: stored("client name", &client)?,
        token: stored("token id", &token)?,
        revoked,
    }))
}

/// Counts one more call of a token. The client keeps its version token: a call is no change.
pub(in crate::server) fn count_call(
    db: &Database,
    workspace: &Workspace,
    token: &TokenId,
    today: Date,
) -> Result<(), ApiError> {
    db.execute(
        "UPDATE tp_tokens SET requests = requests + 1, last_used = ?3 WHERE workspace = ?1 AND id = ?2",
        [workspace.id.as_str(), token.as_str(), &today.to_string()],
    )?;
    Ok(())
}
