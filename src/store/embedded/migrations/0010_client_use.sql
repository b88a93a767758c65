-- 1 if a client has encrypted with this version itself: what it keeps needs the version, and is counted
-- nowhere.
ALTER TABLE keys ADD COLUMN client_use INTEGER NOT NULL DEFAULT 0;
