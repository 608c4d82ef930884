-- Policies as releases: what workers read, and what the commands of `anwang policy` write.

-- name: mark
-- Changes whenever something else may be in force, or another policy runs in shadow.
SELECT (SELECT max(number) FROM policy_activation) AS step, (SELECT number FROM policy_shadow WHERE until IS NULL) AS shadow

-- name: releases
SELECT version, digest, file, proposed_by, proposed_at, note FROM policy_release ORDER BY proposed_at, version

-- name: release_of_digest
SELECT version, digest, file, proposed_by, proposed_at, note FROM policy_release WHERE digest = $1

-- name: release_of_version
SELECT version, digest, file, proposed_by, proposed_at, note FROM policy_release WHERE version = $1

-- name: signers
SELECT public_key, staff, registered_at, revoked_at FROM policy_signer ORDER BY registered_at, public_key

-- name: signatures
SELECT version, staff, public_key, signature, signed_at FROM policy_signature ORDER BY signed_at, public_key

-- name: steps
SELECT number, kind, version, starts_at, activated_by, seconded_by, made_at, undoes, signature, second_signature
FROM policy_activation ORDER BY number

-- name: shadow_now
SELECT number, version, since, until FROM policy_shadow ORDER BY number DESC LIMIT 1

-- name: one_at_a_time
-- Steps commit in the order of their numbers: whoever reads the highest one has read all below it.
LOCK TABLE policy_activation IN SHARE ROW EXCLUSIVE MODE

-- name: now
SELECT now()

-- name: propose
INSERT INTO policy_release (version, digest, file, proposed_by, note) VALUES ($1, $2, $3, $4, $5)

-- name: register
INSERT INTO policy_signer (public_key, staff) VALUES ($1, $2)

-- name: revoke
UPDATE policy_signer SET revoked_at = now() WHERE public_key = $1 AND revoked_at IS NULL

-- name: sign
INSERT INTO policy_signature (version, staff, public_key, signature) VALUES ($1, $2, $3, $4)

-- name: add_step
INSERT INTO policy_activation
    (kind, version, starts_at, activated_by, seconded_by, undoes, signature, second_signature)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING number

-- name: end_shadow
UPDATE policy_shadow SET until = now() WHERE until IS NULL RETURNING version

-- name: begin_shadow
INSERT INTO policy_shadow (version) VALUES ($1)

-- name: add_shadow_decision
-- A release that was in shadow before keeps what it said then.
INSERT INTO shadow_decision (event_key, version, beside, differs)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::jsonb[])
ON CONFLICT DO NOTHING

-- name: shadow_decisions
SELECT v.event_id, d.differs FROM shadow_decision d JOIN report_version v USING (event_key)
WHERE d.version = $1 ORDER BY d.judged_at, v.event_id
