-- The store of case keys, written to a file and read back. Keys are wrapped here as there.

-- name: wrapping_versions
SELECT version, proof, is_current, since, retired_at FROM wrapping_version ORDER BY is_current DESC, version

-- name: case_keys
SELECT owner_id, purpose, generation, key_version, wrapped, made_at FROM case_key

-- name: forget_wrapping
-- A store that was made anew knows nothing of versions yet.
DELETE FROM wrapping_version WHERE NOT EXISTS (SELECT FROM case_key)

-- name: put_wrapping
INSERT INTO wrapping_version (version, proof, is_current, since, retired_at)
SELECT $1, $2, $3 AND NOT EXISTS (SELECT FROM wrapping_version WHERE is_current), $4, $5
ON CONFLICT (version) DO NOTHING

-- name: put_keys
-- What was erased is left out: a trigger refuses it.
INSERT INTO case_key (owner_id, purpose, generation, key_version, wrapped, made_at)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::int[], $4::int[], $5::bytea[], $6::timestamptz[])
ON CONFLICT DO NOTHING
