//! Enrolment tokens: added, listed, taken one use at a time.

use crate::store::{Admission, AgentStatus, Applicant, StoreError, TokenRecord, TokenUse};
use picket_event::Site;
use rusqlite::{Connection, OptionalExtension, Row, params};

/// Tokens at most; the oldest ended ones go first.
const MAX_TOKENS: i64 = 10_000;
const COLUMNS: &str = "id, digest, site, fleet_group, by_person, created_at, expires_at, uses_left";

fn token(row: &Row<'_>) -> rusqlite::Result<TokenRecord> {
    Ok(TokenRecord {
        id: row.get(0)?,
        digest: row.get(1)?,
        site: Site::new(&row.get::<_, String>(2)?),
        group: row.get(3)?,
        by_person: row.get(4)?,
        created_at: row.get(5)?,
        expires_at: row.get(6)?,
        uses_left: row.get(7)?,
    })
}

pub(super) fn add(db: &Connection, token: &TokenRecord) -> Result<(), StoreError> {
    db.execute(
        &format!("INSERT INTO enrolment_tokens ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"),
        params![
            token.id,
            token.digest,
            token.site.as_str(),
            token.group,
            token.by_person,
            token.created_at,
            token.expires_at,
            token.uses_left
        ],
    )?;
    db.execute(
        "DELETE FROM enrolment_tokens WHERE id IN
         (SELECT id FROM enrolment_tokens ORDER BY created_at DESC LIMIT -1 OFFSET ?1)",
        [MAX_TOKENS],
    )?;
    Ok(())
}

pub(super) fn all(db: &Connection) -> Result<Vec<TokenRecord>, StoreError> {
    let mut query = db.prepare(&format!("SELECT {COLUMNS} FROM enrolment_tokens ORDER BY created_at DESC, id"))?;
    let rows = query.query_map([], token)?.collect::<Result<_, _>>()?;
    Ok(rows)
}

pub(super) fn remove(db: &Connection, id: &str) -> Result<bool, StoreError> {
    Ok(db.execute("DELETE FROM enrolment_tokens WHERE id = ?1", [id])? == 1)
}

pub(super) fn take(
    db: &Connection,
    id: &str,
    matches: &dyn Fn(&[u8]) -> bool,
    applicant: &Applicant<'_>,
) -> Result<(TokenUse, Admission), StoreError> {
    let nothing = Admission { site: Site::new(""), group: String::new(), status: AgentStatus::Rejected };
    let found =
        db.query_row(&format!("SELECT {COLUMNS} FROM enrolment_tokens WHERE id = ?1"), [id], token).optional()?;
    // An unknown id is compared too, so that it takes as long as a wrong secret.
    let right = matches(found.as_ref().map_or(&[0u8; 32][..], |token| &token.digest));
    let Some(token) = found.filter(|_| right) else { return Ok((TokenUse::Unknown, nothing)) };
    if token.expires_at <= applicant.now {
        return Ok((TokenUse::Expired, nothing));
    }
    if token.uses_left == 0 {
        return Ok((TokenUse::UsedUp, nothing));
    }
    let known = super::agents::one(db, applicant.agent)?;
    let mut admission = Admission {
        site: token.site,
        group: token.group,
        status: if token.by_person { AgentStatus::Pending } else { AgentStatus::Active },
    };
    if let Some(known) = known {
        match known.status {
            AgentStatus::Revoked => return Ok((TokenUse::Revoked, nothing)),
            // The same key comes again: its certificate had ended, or the host was installed anew.
            AgentStatus::Active if known.key == applicant.key => {
                admission = Admission { site: known.site, group: known.group, status: AgentStatus::Active };
            }
            AgentStatus::Pending if known.key == applicant.key => {}
            AgentStatus::Active | AgentStatus::Pending => return Ok((TokenUse::NameTaken, nothing)),
            AgentStatus::Rejected | AgentStatus::Left => {}
        }
    }
    db.execute("UPDATE enrolment_tokens SET uses_left = uses_left - 1 WHERE id = ?1", [id])?;
    super::agents::enter(db, applicant, &admission)?;
    Ok((TokenUse::Taken, admission))
}
