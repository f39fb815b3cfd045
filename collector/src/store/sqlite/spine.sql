-- Agents, how they come in, and the log of what they sent.
-- Every *_at and time: nanoseconds since 1970. Sequences and epochs stay below 2^63.

CREATE TABLE agents (
    number            INTEGER PRIMARY KEY,
    id                TEXT NOT NULL UNIQUE,
    site              TEXT NOT NULL,
    revoked           INTEGER NOT NULL DEFAULT 0,
    enrolled_at       INTEGER NOT NULL,
    certificate_until INTEGER NOT NULL,
    key               BLOB NOT NULL,              -- SHA-256 of the public key
    seen_at           INTEGER NOT NULL DEFAULT 0,
    address           TEXT NOT NULL DEFAULT '',
    release           TEXT NOT NULL DEFAULT '',
    bundle            TEXT NOT NULL DEFAULT '',
    clock_offset      INTEGER NOT NULL DEFAULT 0,
    events            INTEGER NOT NULL DEFAULT 0,
    bytes             INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE enrolment_tokens (
    id         TEXT PRIMARY KEY,
    digest     BLOB NOT NULL,                     -- SHA-256 of the secret
    site       TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    uses_left  INTEGER NOT NULL
) STRICT;

CREATE TABLE ledgers (
    agent  TEXT PRIMARY KEY,
    at     INTEGER NOT NULL,
    ledger BLOB NOT NULL                          -- a control frame
) STRICT;

CREATE TABLE positions (
    agent        INTEGER NOT NULL REFERENCES agents (number),
    epoch        INTEGER NOT NULL,
    acknowledged INTEGER NOT NULL,
    PRIMARY KEY (agent, epoch)
) STRICT, WITHOUT ROWID;

-- The durable log. Appended only, in the order of commits; rows leave by age or for want of room.
CREATE TABLE frames (
    row      INTEGER PRIMARY KEY AUTOINCREMENT,
    agent    INTEGER NOT NULL,
    epoch    INTEGER NOT NULL,
    class    INTEGER NOT NULL,
    received INTEGER NOT NULL,
    frame    BLOB NOT NULL
) STRICT;
CREATE INDEX frames_by_class ON frames (class, received);

-- Which entity is in which frame. A bucket is a span of rows: dropping a bucket is one range of the key.
CREATE TABLE postings (
    bucket INTEGER NOT NULL,
    entity BLOB NOT NULL,
    frame  INTEGER NOT NULL,
    since  INTEGER NOT NULL,
    until  INTEGER NOT NULL,
    PRIMARY KEY (bucket, entity, frame)
) STRICT, WITHOUT ROWID;

CREATE TABLE buckets (
    bucket INTEGER PRIMARY KEY,
    since  INTEGER NOT NULL,
    until  INTEGER NOT NULL
) STRICT;
