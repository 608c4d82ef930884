-- What the commands change of the keys and certificates of sources.

-- name: add_key
INSERT INTO source_key (source, kid, jwk, thumbprint, changed_no) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING RETURNING 1

-- name: revoke_key
UPDATE source_key SET revoked_at = now(), changed_no = $3 WHERE source = $1 AND kid = $2 AND revoked_at IS NULL RETURNING 1

-- name: keys
SELECT source, kid, jwk ->> 'crv' AS curve, added_at, revoked_at FROM source_key
WHERE $1::text IS NULL OR source = $1 ORDER BY source, added_at, kid

-- name: key_holder
-- Whose key this is already, under this name or another.
SELECT source, kid, revoked_at FROM source_key WHERE thumbprint = $1 OR (source = $2 AND kid = $3)

-- name: require_signature
UPDATE source SET signature_due = $2, changed_no = $3 WHERE code = $1

-- name: add_certificate
INSERT INTO source_certificate (fingerprint, source, changed_no) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING 1

-- name: certificate_holder
SELECT source, revoked_at FROM source_certificate WHERE fingerprint = $1

-- name: revoke_certificate
UPDATE source_certificate SET revoked_at = now(), changed_no = $3
WHERE source = $1 AND fingerprint = $2 AND revoked_at IS NULL RETURNING 1

-- name: certificates
SELECT source, encode(fingerprint, 'hex') AS fingerprint, added_at, revoked_at FROM source_certificate
WHERE $1::text IS NULL OR source = $1 ORDER BY source, added_at, fingerprint

-- name: require_certificate
UPDATE source SET certificate_due = $2, changed_no = $3 WHERE code = $1
