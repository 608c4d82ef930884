-- Versions of keys, in both databases.

-- name: live
SELECT purpose, version, is_current, proof FROM key_version WHERE retired_at IS NULL

-- name: first_proof
-- Left by releases before key versions.
SELECT proof FROM key_check

-- name: leave_proof
UPDATE key_version SET proof = $3 WHERE purpose = $1 AND version = $2 AND proof IS NULL

-- name: live_wrapping
SELECT version, is_current, proof FROM wrapping_version WHERE retired_at IS NULL

-- name: leave_wrapping_proof
UPDATE wrapping_version SET proof = $2 WHERE version = $1 AND proof IS NULL

-- name: fetch
SELECT owner_id, purpose, generation, wrapped FROM case_key
JOIN unnest($1::uuid[], $2::text[]) AS wanted (owner_id, purpose) USING (owner_id, purpose)

-- name: add
INSERT INTO case_key (owner_id, purpose, generation, key_version, wrapped)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::int[], $4::int[], $5::bytea[]) ON CONFLICT DO NOTHING
