-- By what a report would tell of a member of staff.

-- name: is_staff
SELECT EXISTS (SELECT FROM staff WHERE staff = $1 AND ended_at IS NULL)

-- name: forget
DELETE FROM staff_tie WHERE staff = $1

-- name: tie
INSERT INTO staff_tie (staff, token, sealed, key_version)
SELECT $1, * FROM unnest($2::bytea[], $3::bytea[], $4::int[]) ON CONFLICT DO NOTHING

-- name: tied
SELECT DISTINCT staff FROM staff_tie ORDER BY staff

-- name: sealed
SELECT DISTINCT ON (sealed) sealed FROM staff_tie WHERE staff = $1
