-- Objects that are rotated by their own attributes, and when.
CREATE TABLE rotating (
    tenant  INTEGER NOT NULL,
    uid     TEXT    NOT NULL,
    service INTEGER NOT NULL,
    due     INTEGER NOT NULL,            -- microseconds since 1970, UTC
    PRIMARY KEY (tenant, uid)
) STRICT, WITHOUT ROWID;

CREATE INDEX rotating_by_due ON rotating (due, tenant, uid);
