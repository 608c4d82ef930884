-- Who may report, as assess and the intake read it.

-- name: version
SELECT number FROM register_version

-- name: sources_since
SELECT code, kind, role, county, name, own_topic, revoked_at, signature_due, certificate_due FROM source WHERE changed_no > $1

-- name: keys_since
SELECT source, kid, jwk, revoked_at FROM source_key WHERE changed_no > $1

-- name: certificates_since
SELECT source, encode(fingerprint, 'hex') AS fingerprint, revoked_at FROM source_certificate WHERE changed_no > $1
