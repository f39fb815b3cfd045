//! Users, sessions, API tokens and the setup link. Secrets are kept as digests only.

use super::audit::{self, Change};
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;

/// A user, without the password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct User {
    /// The name people log in with.
    pub name: String,
    /// The role.
    pub role: String,
    /// When made, nanoseconds since 1970.
    pub created_at: i64,
}

/// An API token, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct TokenRow {
    /// Public half: the part before the secret.
    pub id: String,
    /// What it is for.
    pub label: String,
    /// The role.
    pub role: String,
    /// Who made it.
    pub created_by: String,
    /// When made, nanoseconds since 1970.
    pub created_at: i64,
    /// When it ends, nanoseconds since 1970.
    pub expires_at: i64,
    /// When it was revoked.
    pub revoked_at: Option<i64>,
}

/// What is needed to judge a presented token.
#[derive(Debug)]
pub struct TokenSecret {
    /// SHA-256 of the token.
    pub digest: Vec<u8>,
    /// The row.
    pub row: TokenRow,
}

/// Users at most, so that a runaway script cannot fill the store.
pub const MAX_USERS: i64 = 10_000;
/// API tokens at most.
pub const MAX_TOKENS: i64 = 10_000;

/// Adds a user. Answers false where the name is taken or the cap reached.
///
/// # Errors
/// Those of the database.
pub fn add_user(db: &Connection, user: &User, password: &str, by: &str) -> rusqlite::Result<bool> {
    let added = db.execute(
        "INSERT INTO users (name, password, role, created_at) SELECT ?1, ?2, ?3, ?4
         WHERE (SELECT count(*) FROM users) < ?5 ON CONFLICT DO NOTHING",
        params![user.name, password, user.role, user.created_at, MAX_USERS],
    )?;
    if added == 1 {
        let change =
            Change { time: user.created_at, actor: by, action: "user.add", subject: &user.name, detail: &user.role };
        audit::append(db, &change)?;
    }
    Ok(added == 1)
}

/// Every user, by name.
///
/// # Errors
/// Those of the database.
pub fn users(db: &Connection) -> rusqlite::Result<Vec<User>> {
    let mut query = db.prepare_cached("SELECT name, role, created_at FROM users ORDER BY name")?;
    let rows = query.query_map([], |r| Ok(User { name: r.get(0)?, role: r.get(1)?, created_at: r.get(2)? }))?;
    rows.collect()
}

/// The password hash and role of a user.
///
/// # Errors
/// Those of the database.
pub fn credentials(db: &Connection, name: &str) -> rusqlite::Result<Option<(String, String)>> {
    db.query_row("SELECT password, role FROM users WHERE name = ?1", [name], |r| Ok((r.get(0)?, r.get(1)?))).optional()
}

/// Changes a user's password hash or role and ends the user's sessions. Answers false where there is no such user.
///
/// # Errors
/// Those of the database.
pub fn change_user(
    db: &Connection,
    name: &str,
    password: Option<&str>,
    role: Option<&str>,
    by: &str,
    now: i64,
) -> rusqlite::Result<bool> {
    let changed = db.execute(
        "UPDATE users SET password = coalesce(?2, password), role = coalesce(?3, role) WHERE name = ?1",
        params![name, password, role],
    )?;
    if changed == 1 {
        db.execute("DELETE FROM sessions WHERE user = ?1", [name])?;
        let detail = [password.map(|_| "password"), role].into_iter().flatten().collect::<Vec<_>>().join(", ");
        audit::append(db, &Change { time: now, actor: by, action: "user.change", subject: name, detail: &detail })?;
    }
    Ok(changed == 1)
}

/// Removes a user and the user's sessions. Answers false where there is no such user.
///
/// # Errors
/// Those of the database.
pub fn remove_user(db: &Connection, name: &str, by: &str, now: i64) -> rusqlite::Result<bool> {
    db.execute("DELETE FROM sessions WHERE user = ?1", [name])?;
    let removed = db.execute("DELETE FROM users WHERE name = ?1", [name])?;
    if removed == 1 {
        audit::append(db, &Change { time: now, actor: by, action: "user.remove", subject: name, detail: "" })?;
    }
    Ok(removed == 1)
}

/// How many users have a role.
///
/// # Errors
/// Those of the database.
pub fn count_role(db: &Connection, role: &str) -> rusqlite::Result<i64> {
    db.query_row("SELECT count(*) FROM users WHERE role = ?1", [role], |r| r.get(0))
}

/// Begins a session, and drops those that ended.
///
/// # Errors
/// Those of the database.
pub fn add_session(db: &Connection, digest: &[u8], user: &str, expires_at: i64, now: i64) -> rusqlite::Result<()> {
    db.execute("DELETE FROM sessions WHERE expires_at <= ?1", [now])?;
    // At most 20 sessions a user: the ones that end first give way.
    db.execute(
        "DELETE FROM sessions WHERE user = ?1 AND digest NOT IN
         (SELECT digest FROM sessions WHERE user = ?1 ORDER BY expires_at DESC LIMIT 19)",
        [user],
    )?;
    db.execute(
        "INSERT INTO sessions (digest, user, expires_at) VALUES (?1, ?2, ?3)",
        params![digest, user, expires_at],
    )?;
    audit::append(db, &Change { time: now, actor: user, action: "session.begin", subject: user, detail: "" })
}

/// The user and role of a live session.
///
/// # Errors
/// Those of the database.
pub fn session(db: &Connection, digest: &[u8], now: i64) -> rusqlite::Result<Option<(String, String)>> {
    db.query_row(
        "SELECT users.name, users.role FROM sessions JOIN users ON users.name = sessions.user
         WHERE digest = ?1 AND expires_at > ?2",
        params![digest, now],
        |r| Ok((r.get(0)?, r.get(1)?)),
    )
    .optional()
}

/// Ends a session.
///
/// # Errors
/// Those of the database.
pub fn end_session(db: &Connection, digest: &[u8]) -> rusqlite::Result<()> {
    db.execute("DELETE FROM sessions WHERE digest = ?1", [digest]).map(|_| ())
}

/// Stores an API token. Answers false where the cap is reached.
///
/// # Errors
/// Those of the database.
pub fn add_token(db: &Connection, token: &TokenSecret) -> rusqlite::Result<bool> {
    let TokenSecret { digest, row } = token;
    let added = db.execute(
        "INSERT INTO api_tokens (id, digest, label, role, created_by, created_at, expires_at)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE (SELECT count(*) FROM api_tokens) < ?8",
        params![row.id, digest, row.label, row.role, row.created_by, row.created_at, row.expires_at, MAX_TOKENS],
    )?;
    if added == 1 {
        let change = Change {
            time: row.created_at,
            actor: &row.created_by,
            action: "api_token.add",
            subject: &row.id,
            detail: &row.role,
        };
        audit::append(db, &change)?;
    }
    Ok(added == 1)
}

const TOKEN_COLUMNS: &str = "id, label, role, created_by, created_at, expires_at, revoked_at";

fn token_row(r: &rusqlite::Row<'_>) -> rusqlite::Result<TokenRow> {
    Ok(TokenRow {
        id: r.get(0)?,
        label: r.get(1)?,
        role: r.get(2)?,
        created_by: r.get(3)?,
        created_at: r.get(4)?,
        expires_at: r.get(5)?,
        revoked_at: r.get(6)?,
    })
}

/// The token of an id, with its digest.
///
/// # Errors
/// Those of the database.
pub fn token(db: &Connection, id: &str) -> rusqlite::Result<Option<TokenSecret>> {
    let sql = format!("SELECT {TOKEN_COLUMNS}, digest FROM api_tokens WHERE id = ?1");
    db.query_row(&sql, [id], |r| Ok(TokenSecret { row: token_row(r)?, digest: r.get(7)? })).optional()
}

/// Every API token, newest first.
///
/// # Errors
/// Those of the database.
pub fn tokens(db: &Connection) -> rusqlite::Result<Vec<TokenRow>> {
    let mut query = db.prepare(&format!("SELECT {TOKEN_COLUMNS} FROM api_tokens ORDER BY created_at DESC, id"))?;
    query.query_map([], token_row)?.collect()
}

/// Revokes an API token. Answers false where there is none in force by that id.
///
/// # Errors
/// Those of the database.
pub fn revoke_token(db: &Connection, id: &str, by: &str, now: i64) -> rusqlite::Result<bool> {
    let changed =
        db.execute("UPDATE api_tokens SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL", params![id, now])?;
    if changed == 1 {
        audit::append(db, &Change { time: now, actor: by, action: "api_token.revoke", subject: id, detail: "" })?;
    }
    Ok(changed == 1)
}

/// Replaces every unused setup link by a new one.
///
/// # Errors
/// Those of the database.
pub fn add_setup_link(db: &Connection, digest: &[u8], expires_at: i64) -> rusqlite::Result<()> {
    db.execute("DELETE FROM setup_links WHERE used_at IS NULL", [])?;
    db.execute("INSERT INTO setup_links (digest, expires_at) VALUES (?1, ?2)", params![digest, expires_at]).map(|_| ())
}

/// Whether a setup link would work now.
///
/// # Errors
/// Those of the database.
pub fn setup_link_works(db: &Connection, digest: &[u8], now: i64) -> rusqlite::Result<bool> {
    db.query_row(
        "SELECT count(*) FROM setup_links WHERE digest = ?1 AND used_at IS NULL AND expires_at > ?2",
        params![digest, now],
        |r| r.get::<_, i64>(0).map(|n| n > 0),
    )
}

/// Uses a setup link up. Answers true exactly once for a link, whoever asks at the same time.
///
/// # Errors
/// Those of the database.
pub fn use_setup_link(db: &Connection, digest: &[u8], now: i64) -> rusqlite::Result<bool> {
    let changed = db.execute(
        "UPDATE setup_links SET used_at = ?2 WHERE digest = ?1 AND used_at IS NULL AND expires_at > ?2",
        params![digest, now],
    )?;
    Ok(changed == 1)
}
