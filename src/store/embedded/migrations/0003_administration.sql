-- What administrators say of a tenant.
ALTER TABLE tenants ADD COLUMN strict INTEGER NOT NULL DEFAULT 0; -- 1: compromised objects refuse all

-- What was shredded, as it was signed. Kept for good.
CREATE TABLE statements (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant INTEGER NOT NULL REFERENCES tenants (id),
    text   TEXT    NOT NULL
) STRICT;

CREATE INDEX statements_by_tenant ON statements (tenant);
