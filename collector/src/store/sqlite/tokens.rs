//! Enrolment tokens: added, listed, taken one use at a time.

use crate::store::{StoreError, TokenRecord, TokenUse};
use picket_event::{AgentId, Site};
use rusqlite::{Connection, OptionalExtension, Row, params};

/// Tokens at most; the oldest ended ones go first.
const MAX_TOKENS: i64 = 10_000;

fn token(row: &Row<'_>) -> rusqlite::Result<TokenRecord> {
    Ok(TokenRecord {
        id: row.get(0)?,
        digest: row.get(1)?,
        site: Site::new(&row.get::<_, String>(2)?),
        created_at: row.get(3)?,
        expires_at: row.get(4)?,
        uses_left: row.get(5)?,
    })
}

pub(super) fn add(db: &Connection, token: &TokenRecord) -> Result<(), StoreError> {
    let site = token.site.as_str();
    db.execute(
        "INSERT INTO enrolment_tokens (id, digest, site, created_at, expires_at, uses_left) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![token.id, token.digest, site, token.created_at, token.expires_at, token.uses_left],
    )?;
    db.execute(
        "DELETE FROM enrolment_tokens WHERE id IN
         (SELECT id FROM enrolment_tokens ORDER BY created_at DESC LIMIT -1 OFFSET ?1)",
        [MAX_TOKENS],
    )?;
    Ok(())
}

pub(super) fn all(db: &Connection) -> Result<Vec<TokenRecord>, StoreError> {
    let mut query = db.prepare(
        "SELECT id, digest, site, created_at, expires_at, uses_left FROM enrolment_tokens ORDER BY created_at DESC, id",
    )?;
    let rows = query.query_map([], token)?.collect::<Result<_, _>>()?;
    Ok(rows)
}

/// Who wants in.
pub(super) struct Applicant<'a> {
    pub(super) agent: &'a AgentId,
    pub(super) key: &'a [u8],
    pub(super) certificate_until: i64,
    pub(super) now: i64,
}

pub(super) fn take(
    db: &Connection,
    id: &str,
    matches: &dyn Fn(&[u8]) -> bool,
    applicant: &Applicant<'_>,
) -> Result<(TokenUse, Site), StoreError> {
    let none = Site::new("");
    let found = db
        .query_row(
            "SELECT id, digest, site, created_at, expires_at, uses_left FROM enrolment_tokens WHERE id = ?1",
            [id],
            token,
        )
        .optional()?;
    // An unknown id is compared too, so that it takes as long as a wrong secret.
    let right = matches(found.as_ref().map_or(&[0u8; 32][..], |token| &token.digest));
    let Some(token) = found.filter(|_| right) else { return Ok((TokenUse::Unknown, none)) };
    if token.expires_at <= applicant.now {
        return Ok((TokenUse::Expired, none));
    }
    if token.uses_left == 0 {
        return Ok((TokenUse::UsedUp, none));
    }
    let name = applicant.agent.as_str();
    let taken = db.query_row("SELECT 1 FROM agents WHERE id = ?1", [name], |_| Ok(())).optional()?.is_some();
    if taken {
        return Ok((TokenUse::NameTaken, none));
    }
    db.execute("UPDATE enrolment_tokens SET uses_left = uses_left - 1 WHERE id = ?1", [id])?;
    db.execute(
        "INSERT INTO agents (id, site, enrolled_at, certificate_until, key) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![name, token.site.as_str(), applicant.now, applicant.certificate_until, applicant.key],
    )?;
    Ok((TokenUse::Taken, token.site))
}
