//! The tables, as a list of steps. A step that has shipped is never edited: a change is a new step.

use rusqlite::{Connection, TransactionBehavior};

use super::StoreError;

/// Marks the file as ours (`scfm`).
const APPLICATION_ID: i64 = 0x7363_666d;

const STEPS: &[&str] = &["
    CREATE TABLE meta (
        key TEXT PRIMARY KEY,
        value TEXT NOT NULL
    ) STRICT;
    CREATE TABLE workspaces (
        workspace TEXT PRIMARY KEY,
        settings TEXT NOT NULL,
        rollout TEXT NOT NULL,
        suffices TEXT NOT NULL,
        -- Random at seeding: a version token from before a reset never matches one from after it.
        generation TEXT NOT NULL,
        revision INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE users (
        workspace TEXT NOT NULL REFERENCES workspaces ON DELETE CASCADE,
        user TEXT NOT NULL,
        role TEXT NOT NULL,
        PRIMARY KEY (workspace, user)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE groups (
        workspace TEXT NOT NULL REFERENCES workspaces ON DELETE CASCADE,
        name TEXT NOT NULL,
        PRIMARY KEY (workspace, name)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE group_members (
        workspace TEXT NOT NULL,
        name TEXT NOT NULL,
        user TEXT NOT NULL,
        PRIMARY KEY (workspace, name, user),
        FOREIGN KEY (workspace, name) REFERENCES groups ON DELETE CASCADE,
        FOREIGN KEY (workspace, user) REFERENCES users ON DELETE CASCADE
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX group_members_by_user ON group_members (workspace, user);
    CREATE TABLE catalog (
        integration TEXT PRIMARY KEY,
        facts TEXT NOT NULL
    ) STRICT;
    CREATE TABLE integrations (
        workspace TEXT NOT NULL REFERENCES workspaces ON DELETE CASCADE,
        integration TEXT NOT NULL REFERENCES catalog,
        state TEXT NOT NULL,
        revision INTEGER NOT NULL,
        PRIMARY KEY (workspace, integration)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE connections (
        workspace TEXT NOT NULL,
        integration TEXT NOT NULL,
        user TEXT NOT NULL,
        client TEXT NOT NULL,
        granted TEXT NOT NULL,
        PRIMARY KEY (workspace, integration, user),
        FOREIGN KEY (workspace, integration) REFERENCES integrations ON DELETE CASCADE,
        FOREIGN KEY (workspace, user) REFERENCES users ON DELETE CASCADE
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX connections_by_user ON connections (workspace, user);
    CREATE TABLE tokens (
        hash BLOB PRIMARY KEY,
        workspace TEXT NOT NULL,
        user TEXT NOT NULL,
        read_only INTEGER NOT NULL,
        expires_at INTEGER NOT NULL,
        FOREIGN KEY (workspace, user) REFERENCES users ON DELETE CASCADE
    ) STRICT;
    CREATE INDEX tokens_by_user ON tokens (workspace, user);
    CREATE TABLE audit (
        workspace TEXT NOT NULL REFERENCES workspaces ON DELETE CASCADE,
        id INTEGER NOT NULL,
        entry TEXT NOT NULL,
        PRIMARY KEY (workspace, id)
    ) STRICT, WITHOUT ROWID;
", "
    CREATE TABLE tp_catalog (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        facts TEXT NOT NULL
    ) STRICT;
    CREATE TABLE tp_workspaces (
        workspace TEXT PRIMARY KEY,
        -- Random at seeding: a version token from before a reset never matches one from after it.
        generation TEXT NOT NULL,
        -- Counts writes. A thing takes the count of its last write as its revision, so that one that is made again under
        -- an old name never has an old version token.
        writes INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE tp_users (
        workspace TEXT NOT NULL REFERENCES tp_workspaces ON DELETE CASCADE,
        user TEXT NOT NULL,
        role TEXT NOT NULL,
        revision INTEGER NOT NULL,
        PRIMARY KEY (workspace, user)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE tp_groups (
        workspace TEXT NOT NULL REFERENCES tp_workspaces ON DELETE CASCADE,
        name TEXT NOT NULL,
        PRIMARY KEY (workspace, name)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE tp_group_members (
        workspace TEXT NOT NULL,
        name TEXT NOT NULL,
        user TEXT NOT NULL,
        PRIMARY KEY (workspace, name, user),
        FOREIGN KEY (workspace, name) REFERENCES tp_groups ON DELETE CASCADE,
        FOREIGN KEY (workspace, user) REFERENCES tp_users ON DELETE CASCADE
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX tp_group_members_by_user ON tp_group_members (workspace, user);
    CREATE TABLE tp_sessions (
        hash BLOB PRIMARY KEY,
        workspace TEXT NOT NULL,
        user TEXT NOT NULL,
        read_only INTEGER NOT NULL,
        expires_at INTEGER NOT NULL,
        FOREIGN KEY (workspace, user) REFERENCES tp_users ON DELETE CASCADE
    ) STRICT;
    CREATE INDEX tp_sessions_by_user ON tp_sessions (workspace, user);
    CREATE TABLE tp_clients (
        workspace TEXT NOT NULL REFERENCES tp_workspaces ON DELETE CASCADE,
        name TEXT NOT NULL,
        access TEXT NOT NULL,
        revision INTEGER NOT NULL,
        PRIMARY KEY (workspace, name)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE tp_tokens (
        workspace TEXT NOT NULL,
        id TEXT NOT NULL,
        client TEXT NOT NULL,
        user TEXT NOT NULL,
        role TEXT NOT NULL,
        prefix TEXT NOT NULL,
        suffix TEXT NOT NULL,
        hash BLOB NOT NULL UNIQUE,
        issued TEXT NOT NULL,
        last_used TEXT,
        requests INTEGER NOT NULL,
        -- A revoked token stays, so that its holder is told so and nothing ever makes it active again.
        revoked INTEGER NOT NULL,
        PRIMARY KEY (workspace, id),
        FOREIGN KEY (workspace, client) REFERENCES tp_clients ON DELETE CASCADE,
        FOREIGN KEY (workspace, user) REFERENCES tp_users ON DELETE CASCADE
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX tp_tokens_by_client ON tp_tokens (workspace, client);
    CREATE INDEX tp_tokens_by_user ON tp_tokens (workspace, user);
    CREATE TABLE tp_keys (
        workspace TEXT NOT NULL REFERENCES tp_workspaces ON DELETE CASCADE,
        name TEXT NOT NULL,
        grants TEXT NOT NULL,
        prefix TEXT NOT NULL,
        hash BLOB NOT NULL UNIQUE,
        requests INTEGER NOT NULL,
        last_used TEXT,
        revision INTEGER NOT NULL,
        PRIMARY KEY (workspace, name)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE tp_approvals (
        workspace TEXT NOT NULL REFERENCES tp_workspaces ON DELETE CASCADE,
        id TEXT NOT NULL,
        status TEXT NOT NULL,
        expires_at INTEGER NOT NULL,
        record TEXT NOT NULL,
        PRIMARY KEY (workspace, id)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE tp_audit (
        workspace TEXT NOT NULL REFERENCES tp_workspaces ON DELETE CASCADE,
        id INTEGER NOT NULL,
        entry TEXT NOT NULL,
        PRIMARY KEY (workspace, id)
    ) STRICT, WITHOUT ROWID;
"];

/// Brings the tables up to date, all or nothing.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let known = i64::try_from(STEPS.len()).unwrap_or(i64::MAX);
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let number = |pragma: &str| transaction.query_row(pragma, [], |row| row.get::<_, i64>(0));
    let found = number("PRAGMA user_version")?;
    let owner = number("PRAGMA application_id")?;
    let tables = number("SELECT count(*) FROM sqlite_schema")?;
    let fresh = owner == 0 && found == 0 && tables == 0;
    if !fresh && owner != APPLICATION_ID {
        return Err(StoreError::Foreign);
    }
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    let done = usize::try_from(found).unwrap_or(0);
    for step in STEPS.iter().skip(done) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", known)?;
    transaction.commit()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_an_older_version_gains_what_is_new_and_keeps_what_it_has() {
        let mut db = Connection::open_in_memory().unwrap();
        db.execute_batch(STEPS[0]).unwrap();
        db.execute_batch("INSERT INTO meta (key, value) VALUES ('kept', 'yes')").unwrap();
        db.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
        db.pragma_update(None, "user_version", 1).unwrap();
        migrate(&mut db).unwrap();
        migrate(&mut db).unwrap();
        let count = |table: &str| {
            let query = format!("SELECT count(*) FROM {table}");
            db.query_row(&query, [], |row| row.get::<_, i64>(0)).unwrap()
        };
        assert_eq!((count("meta"), count("tp_clients")), (1, 0));
    }
}
