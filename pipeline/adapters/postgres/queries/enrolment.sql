-- What the commands change in the register.

-- name: next_version
-- First in every change: its row lock lets one change commit after the other, so that no reader passes over one.
UPDATE register_version SET number = number + 1 RETURNING number

-- name: enrolled
SELECT code, kind, role, county, name, own_topic, revoked_at, signature_due, certificate_due FROM source WHERE code = ANY($1::text[])

-- name: enrol
-- One that was revoked is enrolled anew; one that is enrolled keeps its place and is told apart by the caller.
INSERT INTO source AS s (code, kind, role, county, name, own_topic, changed_no)
SELECT *, $7 FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bool[])
ON CONFLICT (code) DO UPDATE SET
    kind = excluded.kind, role = excluded.role, county = excluded.county, name = excluded.name,
    own_topic = excluded.own_topic, revoked_at = NULL, changed_no = excluded.changed_no

-- name: add_credentials
INSERT INTO credential (digest, source, purpose, expires_at, changed_no)
SELECT *, $5 FROM unnest($1::bytea[], $2::text[], $3::text[], $4::timestamptz[])

-- name: end_credentials
-- Those of this purpose, or all of the source where none is named; one that ends earlier keeps its end.
UPDATE credential SET expires_at = $3, changed_no = $4
WHERE source = $1 AND ($2::text IS NULL OR purpose = $2) AND (expires_at IS NULL OR expires_at > $3)

-- name: revoke
UPDATE source SET revoked_at = $2, changed_no = $3 WHERE code = $1 AND revoked_at IS NULL RETURNING 1

-- name: list
SELECT s.code, s.kind, s.role, s.county, s.name, s.own_topic, s.enrolled_at, s.revoked_at,
    count(c.digest) FILTER (WHERE c.purpose = 'token' AND (c.expires_at IS NULL OR c.expires_at > now())) AS tokens,
    count(c.digest) FILTER (WHERE c.purpose = 'form' AND (c.expires_at IS NULL OR c.expires_at > now())) AS forms,
    count(c.digest) FILTER (WHERE c.purpose = 'enrolment' AND (c.expires_at IS NULL OR c.expires_at > now())) AS codes
FROM source s LEFT JOIN credential c ON c.source = s.code GROUP BY s.code ORDER BY s.code

-- name: counts
SELECT source, month, accepted, taken_over FROM source_counts($1)

-- name: end_keys
UPDATE source_key SET revoked_at = $2, changed_no = $3 WHERE source = $1 AND revoked_at IS NULL

-- name: end_certificates
UPDATE source_certificate SET revoked_at = $2, changed_no = $3 WHERE source = $1 AND revoked_at IS NULL
