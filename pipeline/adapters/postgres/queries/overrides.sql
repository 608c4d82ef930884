-- Where people put cases against their reports.

-- name: is_known
SELECT EXISTS (SELECT FROM override WHERE override_id = $1)

-- name: add_override
INSERT INTO override (override_id, case_id, case_version, kind, reason, said_by, seconded_by, policy_version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)

-- name: add_parts
INSERT INTO override_part (override_id, part, was, became, rule)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[])
