-- Which policy is in force, and what one in shadow says.

-- name: mark
-- Changes whenever something else may be in force, another policy runs in shadow, or the database was restored.
SELECT (SELECT max(number) FROM policy_activation), (SELECT number FROM policy_shadow WHERE until IS NULL),
    (SELECT number FROM history)

-- name: steps
SELECT number, kind, version, starts_at, activated_by, seconded_by, made_at, undoes, signature, second_signature
FROM policy_activation ORDER BY number

-- name: signatures
SELECT version, staff, public_key, signature, signed_at FROM policy_signature ORDER BY signed_at, public_key

-- name: signers
SELECT public_key, staff, registered_at, revoked_at FROM policy_signer ORDER BY registered_at, public_key

-- name: releases
SELECT version, digest, file, proposed_by, proposed_at, note FROM policy_release ORDER BY proposed_at, version

-- name: release_of_digest
SELECT version, digest, file, proposed_by, proposed_at, note FROM policy_release WHERE digest = $1

-- name: release_of_version
SELECT version, digest, file, proposed_by, proposed_at, note FROM policy_release WHERE version = $1

-- name: shadow_now
SELECT number, version, since, until FROM policy_shadow ORDER BY number DESC LIMIT 1

-- name: add_shadow_decision
-- A release that was in shadow before keeps what it said then.
INSERT INTO shadow_decision (event_key, version, beside, differs)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::jsonb[])
ON CONFLICT DO NOTHING

-- name: raise_alarm
INSERT INTO alarm (code, subject, raised_by) VALUES ($1, $2, $3)
ON CONFLICT (code, subject) DO UPDATE SET seen_at = now(), settled_at = NULL, settled_by = NULL
