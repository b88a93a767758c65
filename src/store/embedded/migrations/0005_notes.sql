-- Small things that the server remembers for a tenant or a service between requests.
CREATE TABLE notes (
    tenant   INTEGER NOT NULL,
    service  INTEGER NOT NULL,           -- 0 for the tenant as a whole
    kind     INTEGER NOT NULL,           -- 1 ticket, 2 constraints, 3 defaults
    name     BLOB    NOT NULL,           -- of a ticket the SHA-256 of its value; else empty
    revision INTEGER NOT NULL,
    expires  INTEGER,                    -- microseconds since 1970, UTC
    body     BLOB    NOT NULL,
    PRIMARY KEY (tenant, service, kind, name)
) STRICT, WITHOUT ROWID;
