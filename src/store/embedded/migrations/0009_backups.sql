-- Backups that were made of this store, and what each of them has.
CREATE TABLE backups (
    id          TEXT PRIMARY KEY,
    made        INTEGER NOT NULL,        -- microseconds since 1970, UTC
    path        TEXT    NOT NULL,        -- where it was put
    bytes       INTEGER NOT NULL,
    digest      BLOB    NOT NULL,        -- SHA-256 of the file
    last_object INTEGER NOT NULL,        -- the largest objects.seq in it
    exact       INTEGER NOT NULL         -- 0: what it has is not known, so it counts as having all
) STRICT, WITHOUT ROWID;

-- The versions of keys that were not destroyed in a backup. (level, owner) as in keys.
CREATE TABLE backup_keys (
    backup    TEXT    NOT NULL REFERENCES backups (id),
    level     INTEGER NOT NULL,
    owner     INTEGER NOT NULL,
    version   INTEGER NOT NULL,
    envelopes INTEGER NOT NULL,          -- in the backup, that name this version
    PRIMARY KEY (level, owner, version, backup)
) STRICT, WITHOUT ROWID;

CREATE INDEX backup_keys_by_backup ON backup_keys (backup);
