-- Who works here: what `anwang staff` changes.

-- name: find
SELECT staff, password_hash, ended_at IS NOT NULL AS has_ended FROM staff WHERE lower(staff) = lower($1)

-- name: put
-- Added anew, one who had ended is back, without any post.
INSERT INTO staff (staff, password_hash) VALUES ($1, $2)
ON CONFLICT (staff) DO UPDATE SET password_hash = coalesce(excluded.password_hash, staff.password_hash), ended_at = NULL

-- name: set_subject
UPDATE staff SET oidc_issuer = $2, oidc_subject = $3 WHERE staff = $1 AND ended_at IS NULL

-- name: is_subject_taken
SELECT EXISTS (SELECT FROM staff WHERE oidc_issuer = $1 AND oidc_subject = $2 AND staff <> $3)

-- name: end
UPDATE staff SET ended_at = now(), password_hash = NULL, oidc_issuer = NULL, oidc_subject = NULL
WHERE staff = $1 AND ended_at IS NULL

-- name: end_posts
UPDATE post SET ended_at = now() WHERE staff = $1 AND ended_at IS NULL

-- name: end_sessions
UPDATE staff_session SET ended_at = now() WHERE staff = $1 AND ended_at IS NULL

-- name: end_sessions_in
UPDATE staff_session SET ended_at = now() WHERE staff = $1 AND role = $2 AND scope = $3 AND ended_at IS NULL

-- name: free_claims
DELETE FROM claim WHERE staff = $1

-- name: free_claims_in
DELETE FROM claim WHERE staff = $1 AND role = $2 AND scope = $3

-- name: add_post
INSERT INTO post (staff, role, scope) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING

-- name: end_post
UPDATE post SET ended_at = now() WHERE staff = $1 AND role = $2 AND scope = $3 AND ended_at IS NULL

-- name: list
SELECT s.staff, s.added_at, s.ended_at, s.password_hash IS NOT NULL AS has_password, s.oidc_subject IS NOT NULL AS has_subject,
    coalesce((SELECT array_agg(p.role || '@' || p.scope ORDER BY p.role, p.scope) FROM post p
              WHERE p.staff = s.staff AND p.ended_at IS NULL), '{}') AS posts
FROM staff s ORDER BY s.ended_at IS NOT NULL, lower(s.staff)

-- name: unlock
DELETE FROM sign_in_lock WHERE staff = lower($1)
