-- Asynchronous requests: what is to be done, and then what came of it.
CREATE TABLE requests (
    tenant    INTEGER NOT NULL,
    service   INTEGER NOT NULL,
    value     BLOB    NOT NULL,          -- the Asynchronous Correlation Value
    revision  INTEGER NOT NULL,
    operation INTEGER NOT NULL,          -- KMIP's number
    stage     INTEGER NOT NULL,          -- 1 waiting, 2 done, 3 failed, 4 canceled
    fetched   INTEGER NOT NULL,          -- 1 if the client has had the result
    submitted INTEGER NOT NULL,          -- microseconds since 1970, UTC
    due       INTEGER NOT NULL,          -- when it begins; once it has ended, when the row goes
    sealed    BLOB,                      -- the request, then its result; none once it is canceled
    PRIMARY KEY (tenant, service, value),
    FOREIGN KEY (tenant, service) REFERENCES services (tenant, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX requests_by_due ON requests (due);
