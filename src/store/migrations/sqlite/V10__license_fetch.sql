-- The last look for a license at the vendor's: JSON of when, what it found, why a document was refused, and what is told of
-- it; NULL: nobody ever looked.
ALTER TABLE tenants ADD COLUMN license_fetch TEXT;
