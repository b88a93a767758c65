-- Schema version 2: rotation.

-- 1 if somebody says that others may know this version.
ALTER TABLE keys ADD COLUMN compromised INTEGER NOT NULL DEFAULT 0;

-- Of each key exactly one version is active.
CREATE UNIQUE INDEX keys_active ON keys (level, owner) WHERE state = 2;

-- How many envelopes each version of a key has sealed: kept with every change, never counted again.
CREATE TABLE envelopes (
    level   INTEGER NOT NULL,            -- of the key that seals: 1 root, 2 tenant, 3 service
    owner   INTEGER NOT NULL,            -- 0, the tenant's or the service's id
    version INTEGER NOT NULL,
    living  INTEGER NOT NULL,            -- that name it now
    sealed  INTEGER NOT NULL,            -- that it has ever sealed
    PRIMARY KEY (level, owner, version)
) STRICT, WITHOUT ROWID;

-- Rotations under way. One per key.
CREATE TABLE rotations (
    level       INTEGER NOT NULL,
    owner       INTEGER NOT NULL,
    source      INTEGER NOT NULL,        -- the version of before
    target      INTEGER NOT NULL,        -- the new version
    phase       INTEGER NOT NULL,        -- 1 announced, 2 switched
    compromised INTEGER NOT NULL,
    eager       INTEGER NOT NULL,
    reverting   INTEGER NOT NULL,
    started     INTEGER NOT NULL,
    PRIMARY KEY (level, owner)
) STRICT, WITHOUT ROWID;

-- Servers on this store, and what they have loaded.
CREATE TABLE nodes (
    name  TEXT PRIMARY KEY,
    heard INTEGER NOT NULL,              -- microseconds since 1970, UTC
    roots BLOB    NOT NULL               -- versions of the root key, 4 bytes each
) STRICT, WITHOUT ROWID;

CREATE TABLE acknowledgements (
    level   INTEGER NOT NULL,
    owner   INTEGER NOT NULL,
    version INTEGER NOT NULL,
    node    TEXT    NOT NULL,
    PRIMARY KEY (level, owner, version, node)
) STRICT, WITHOUT ROWID;

-- The envelopes of before. Bytes 4 to 7 of one are its parent's version, big-endian.
WITH
digits (parent_level, owner, hexadecimal) AS (
    SELECT 1, 0, hex(substr(sealed, 4, 4)) FROM keys WHERE level = 2 AND state <> 4
    UNION ALL
    SELECT 2, services.tenant, hex(substr(keys.sealed, 4, 4))
    FROM keys JOIN services ON services.id = keys.owner WHERE keys.level = 3 AND keys.state <> 4
    UNION ALL
    SELECT 3, service, hex(substr(sealed, 4, 4)) FROM objects WHERE sealed IS NOT NULL
),
places (place) AS (VALUES (1), (2), (3), (4), (5), (6), (7), (8)),
kinds (parent_level, owner, hexadecimal, living) AS (
    SELECT parent_level, owner, hexadecimal, count(*) FROM digits
    GROUP BY parent_level, owner, hexadecimal
)
INSERT INTO envelopes (level, owner, version, living, sealed)
SELECT parent_level, owner,
       (SELECT sum((instr('0123456789ABCDEF', substr(hexadecimal, place, 1)) - 1)
                   << (4 * (8 - place))) FROM places),
       living, living
FROM kinds;
