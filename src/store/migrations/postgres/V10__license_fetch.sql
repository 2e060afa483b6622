ALTER TABLE tenants ADD COLUMN license_fetch text;
COMMENT ON COLUMN tenants.license_fetch IS 'The last look for a license at the vendor''s: JSON of when, what it found, why a document was refused, and what is told of it; NULL: nobody ever looked.';
