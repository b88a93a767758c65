-- How many keys of the hierarchy a node has open, as it last said.
ALTER TABLE nodes ADD COLUMN tenant_keys  INTEGER NOT NULL DEFAULT 0;
ALTER TABLE nodes ADD COLUMN service_keys INTEGER NOT NULL DEFAULT 0;
