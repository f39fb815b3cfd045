-- People, what they may do, what they did, and what the engine found.

CREATE TABLE users (
    name       TEXT PRIMARY KEY,
    password   TEXT NOT NULL,            -- Argon2id, PHC string
    role       TEXT NOT NULL,
    created_at INTEGER NOT NULL          -- every *_at: nanoseconds since 1970
) STRICT;

CREATE TABLE sessions (
    digest     BLOB PRIMARY KEY,         -- SHA-256 of the cookie
    user       TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE TABLE api_tokens (
    id         TEXT PRIMARY KEY,
    digest     BLOB NOT NULL,            -- SHA-256 of the whole token
    label      TEXT NOT NULL,
    role       TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;

CREATE TABLE setup_links (
    digest     BLOB PRIMARY KEY,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER
) STRICT;

CREATE TABLE anomaly_records (
    id              TEXT PRIMARY KEY,    -- hash of the engine's case: replaying the log finds the same id
    time            INTEGER NOT NULL,    -- of the data, nanoseconds since 1970
    entity          TEXT NOT NULL,
    counterpart     TEXT NOT NULL,       -- empty where there is none
    site            TEXT NOT NULL,
    kind            TEXT NOT NULL,
    alert           INTEGER NOT NULL,
    count           INTEGER NOT NULL,
    p_value         REAL NOT NULL,
    risk            REAL NOT NULL,
    reasons         TEXT NOT NULL,       -- JSON array of sentences
    evidence        TEXT NOT NULL,       -- JSON: everything that recomputes it
    stored_at       INTEGER NOT NULL,
    acknowledged_at INTEGER,
    acknowledged_by TEXT,
    note            TEXT
) STRICT;
CREATE INDEX anomaly_records_by_time ON anomaly_records (time DESC);
CREATE INDEX anomaly_records_by_entity ON anomaly_records (entity, time DESC);
CREATE INDEX anomaly_records_alerts ON anomaly_records (alert, time DESC);

CREATE TABLE mutes (
    entity   TEXT NOT NULL,
    kind     TEXT NOT NULL,
    until    INTEGER NOT NULL,
    muted_by TEXT NOT NULL,
    PRIMARY KEY (entity, kind)
) STRICT;

CREATE TABLE audit_log (
    id      INTEGER PRIMARY KEY,
    time    INTEGER NOT NULL,
    actor   TEXT NOT NULL,
    action  TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail  TEXT NOT NULL,
    digest  BLOB NOT NULL                -- SHA-256 over the row and the digest before it
) STRICT;
