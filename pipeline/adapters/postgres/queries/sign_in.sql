-- Signing in at the desk, and the sessions of those who did.

-- name: find
SELECT staff, password_hash, ended_at IS NOT NULL AS has_ended FROM staff WHERE lower(staff) = lower($1)

-- name: find_subject
SELECT staff FROM staff WHERE oidc_issuer = $1 AND oidc_subject = $2 AND ended_at IS NULL

-- name: posts_of
SELECT role, scope FROM post WHERE staff = $1 AND ended_at IS NULL ORDER BY role, scope

-- name: unlock
DELETE FROM sign_in_lock WHERE staff = lower($1)

-- name: is_locked
SELECT EXISTS (SELECT FROM sign_in_lock WHERE staff = lower($1) AND locked_until > clock_timestamp())

-- name: note_failure
-- Failures of more than a lock's length ago are forgotten.
INSERT INTO sign_in_lock AS l (staff, failures) VALUES (lower($1), 1)
ON CONFLICT (staff) DO UPDATE SET
    failures = CASE WHEN l.last_at < now() - $3::interval THEN 1 ELSE l.failures + 1 END,
    last_at = now(),
    locked_until = CASE WHEN l.last_at >= now() - $3::interval AND l.failures + 1 >= $2 THEN now() + $3::interval END
RETURNING locked_until IS NOT NULL AS is_locked

-- name: forget_old_failures
DELETE FROM sign_in_lock WHERE last_at < now() - interval '1 day'

-- name: begin_session
INSERT INTO staff_session (digest, staff, role, scope, ends_at, idle_for)
VALUES ($1, $2, $3, $4, now() + $5::interval, $6::interval)
RETURNING ends_at

-- name: seen
-- Written at most twice a minute. What is over stays over.
UPDATE staff_session SET seen_at = clock_timestamp()
WHERE digest = $1 AND ended_at IS NULL AND ends_at > clock_timestamp() AND seen_at + idle_for > clock_timestamp()
  AND seen_at < clock_timestamp() - interval '30 seconds'

-- name: session
SELECT s.staff, s.role, s.scope, s.ends_at, s.idle_for FROM staff_session s
JOIN staff w ON w.staff = s.staff AND w.ended_at IS NULL
JOIN post p ON (p.staff, p.role, p.scope) = (s.staff, s.role, s.scope) AND p.ended_at IS NULL
WHERE s.digest = $1 AND s.ended_at IS NULL AND s.ends_at > clock_timestamp()
  AND s.seen_at + s.idle_for > clock_timestamp()

-- name: end_session
UPDATE staff_session SET ended_at = now() WHERE digest = $1 AND ended_at IS NULL RETURNING staff, role, scope

-- name: begin_flow
INSERT INTO oidc_flow (state, nonce, verifier, role, scope, ends_at) VALUES ($1, $2, $3, $4, $5, now() + interval '10 minutes')

-- name: drop_old_flows
DELETE FROM oidc_flow WHERE ends_at < now()

-- name: take_flow
DELETE FROM oidc_flow WHERE state = $1 RETURNING nonce, verifier, role, scope, ends_at > now() AS is_open
