-- Whether a tenant may what only old estates need: 1 yes, 0 no; absent: as configured.
ALTER TABLE tenants ADD COLUMN legacy INTEGER;
