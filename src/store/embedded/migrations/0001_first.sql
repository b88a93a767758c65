-- Schema version 1. PostgreSQL gets nearly the same.

-- Facts about the installation, such as the provider of the root key.
CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- AUTOINCREMENT: the number of a tenant or service is never used again.
CREATE TABLE tenants (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    name    TEXT    NOT NULL UNIQUE,
    state   INTEGER NOT NULL,            -- 1 active, 2 suspended, 3 shredded
    created INTEGER NOT NULL             -- microseconds since 1970, UTC
) STRICT;

CREATE TABLE services (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant     INTEGER NOT NULL REFERENCES tenants (id),
    name       TEXT    NOT NULL,
    state      INTEGER NOT NULL,         -- as in tenants
    mode       INTEGER NOT NULL,         -- 1 read-write, 2 write-only, 3 read-only
    role       INTEGER NOT NULL,         -- 1 service, 2 tenant-admin
    operations BLOB,                     -- numbers of the allowed operations, 4 bytes each, or all
    created    INTEGER NOT NULL,
    UNIQUE (tenant, name),
    UNIQUE (tenant, id)
) STRICT;

-- Versions of the tenants' and services' keys, each sealed by its parent.
CREATE TABLE keys (
    level   INTEGER NOT NULL,            -- 2 a tenant's, 3 a service's
    owner   INTEGER NOT NULL,            -- the tenant's or service's id
    version INTEGER NOT NULL,
    state   INTEGER NOT NULL,            -- 1 pending, 2 active, 3 retired, 4 destroyed
    sealed  BLOB    NOT NULL,
    created INTEGER NOT NULL,
    PRIMARY KEY (level, owner, version)
) STRICT, WITHOUT ROWID;

-- Managed objects. The columns from object_type to timed repeat what the attributes say.
CREATE TABLE objects (
    seq         INTEGER PRIMARY KEY,     -- later objects have larger numbers; rows are never deleted
    tenant      INTEGER NOT NULL,
    service     INTEGER NOT NULL,
    uid         TEXT    NOT NULL,
    revision    INTEGER NOT NULL,
    object_type INTEGER NOT NULL,        -- KMIP's number
    state       INTEGER NOT NULL,        -- KMIP's number
    timed       INTEGER NOT NULL,        -- 1 if a date may change the state by itself
    attributes  BLOB    NOT NULL,        -- see row_format.rs
    sealed      BLOB,                    -- the value's envelope, until it is destroyed
    FOREIGN KEY (tenant, service) REFERENCES services (tenant, id)
) STRICT;

-- An identifier is unique in its tenant.
CREATE UNIQUE INDEX objects_by_uid ON objects (tenant, uid);

-- Newest first within each kind of object (every index ends with seq).
CREATE INDEX objects_by_kind ON objects (tenant, service, object_type, state, timed);

-- Where an object is found by the value of an attribute.
CREATE TABLE entries (
    service   INTEGER NOT NULL,
    attribute INTEGER NOT NULL,          -- KMIP's tag
    digest    BLOB    NOT NULL,          -- the first 16 bytes of the SHA-256 of the value
    seq       INTEGER NOT NULL,          -- the object
    PRIMARY KEY (service, attribute, digest, seq)
) STRICT, WITHOUT ROWID;

-- Audit records of group commits that are not yet known to be durable in the trail.
CREATE TABLE audit_outbox (
    number  INTEGER PRIMARY KEY,         -- of the group commit; never used again
    records TEXT    NOT NULL             -- JSON fields, one record a line
) STRICT;

-- The one place in the audit trail that is known to be durable.
CREATE TABLE audit_anchor (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    seq    INTEGER NOT NULL,
    hash   BLOB    NOT NULL,
    number INTEGER NOT NULL              -- of the latest group commit that is in the trail
) STRICT;

INSERT INTO audit_anchor (id, seq, hash, number) VALUES (1, 0, zeroblob(32), 0);
