-- Requests for packets of a host, what agents sent for them, and the model bundles that policies name.
-- Every *_at: nanoseconds since 1970.

CREATE TABLE details (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    agent      TEXT NOT NULL,
    host       TEXT NOT NULL,
    reason     TEXT NOT NULL,
    from_at    INTEGER NOT NULL,                  -- packets from this time on
    lasting    INTEGER NOT NULL,                  -- and for so many nanoseconds after the approval
    until_at   INTEGER NOT NULL DEFAULT 0,
    most       INTEGER NOT NULL,                  -- bytes
    state      INTEGER NOT NULL,                  -- store::DetailState
    asked_by   TEXT NOT NULL,
    asked_at   INTEGER NOT NULL,
    decided_by TEXT NOT NULL DEFAULT '',
    decided_at INTEGER NOT NULL DEFAULT 0,
    words      TEXT NOT NULL DEFAULT '',          -- of the agent
    packets    INTEGER NOT NULL DEFAULT 0,
    bytes      INTEGER NOT NULL DEFAULT 0,        -- received
    kept       INTEGER NOT NULL DEFAULT 0         -- whether they are still here
) STRICT;
CREATE INDEX details_by_agent ON details (agent, state);

CREATE TABLE detail_parts (
    detail INTEGER NOT NULL,
    start  INTEGER NOT NULL,                      -- bytes before it
    bytes  BLOB NOT NULL,
    PRIMARY KEY (detail, start)
) STRICT;

CREATE TABLE bundles (
    sha256  TEXT PRIMARY KEY,
    name    TEXT NOT NULL,
    signer  TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    made_by TEXT NOT NULL,
    bytes   BLOB NOT NULL
) STRICT;
