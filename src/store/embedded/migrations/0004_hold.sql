-- Seconds from Destroy to the erasure of the value; 0 erases at once.
ALTER TABLE tenants ADD COLUMN destroy_hold INTEGER NOT NULL DEFAULT 0;

-- Objects that are destroyed for everybody, and whose value is still there.
CREATE TABLE held (
    tenant INTEGER NOT NULL,
    uid    TEXT    NOT NULL,
    due    INTEGER NOT NULL,             -- when it is erased: microseconds since 1970, UTC
    type   INTEGER NOT NULL,             -- KMIP's number
    before BLOB    NOT NULL,             -- its attributes as they were; see row_format.rs
    PRIMARY KEY (tenant, uid)
) STRICT, WITHOUT ROWID;

CREATE INDEX held_by_due ON held (due);
