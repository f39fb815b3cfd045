-- How agents are let in, what hosts they run on, identities seen twice, and policies of groups.
-- Every *_at: nanoseconds since 1970.

ALTER TABLE agents RENAME COLUMN revoked TO state;  -- 0 active, 1 revoked, 2 pending, 3 rejected, 4 left
ALTER TABLE agents ADD COLUMN fleet_group TEXT NOT NULL DEFAULT '';
ALTER TABLE agents ADD COLUMN transport TEXT NOT NULL DEFAULT '';
ALTER TABLE agents ADD COLUMN host TEXT NOT NULL DEFAULT '';        -- the host's name, as it says
ALTER TABLE agents ADD COLUMN machine TEXT NOT NULL DEFAULT '';     -- keyed hash of the machine id
ALTER TABLE agents ADD COLUMN boot TEXT NOT NULL DEFAULT '';        -- keyed hash of the boot id
ALTER TABLE agents ADD COLUMN policy_version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE agents ADD COLUMN policy_state TEXT NOT NULL DEFAULT '';

ALTER TABLE enrolment_tokens ADD COLUMN fleet_group TEXT NOT NULL DEFAULT '';
ALTER TABLE enrolment_tokens ADD COLUMN by_person INTEGER NOT NULL DEFAULT 0;

CREATE TABLE doubles (
    agent    TEXT NOT NULL,
    kind     TEXT NOT NULL,
    first_at INTEGER NOT NULL,
    last_at  INTEGER NOT NULL,
    count    INTEGER NOT NULL,
    one      TEXT NOT NULL,                       -- one side in words, and the other
    other    TEXT NOT NULL,
    PRIMARY KEY (agent, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE policies (
    fleet_group TEXT NOT NULL,
    version     INTEGER NOT NULL,
    text        TEXT NOT NULL,                    -- TOML
    made_at     INTEGER NOT NULL,
    made_by     TEXT NOT NULL,
    PRIMARY KEY (fleet_group, version)
) STRICT, WITHOUT ROWID;
