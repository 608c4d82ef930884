-- What people do with policies: keys, propose, sign, activate, roll back, shadow.

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

-- name: shadow_decisions
SELECT v.event_id, d.differs FROM shadow_decision d JOIN report_version v USING (event_key)
WHERE d.version = $1 ORDER BY d.judged_at, v.event_id
