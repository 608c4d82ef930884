-- What staff write of a case, by whoever acts.

-- name: may_note
SELECT may_note($1, $2)

-- name: add
SELECT add_note($1, $2, $3, $4, $5, $6, $7)

-- name: may_read
SELECT may_read_notes($1)

-- name: read
SELECT note_id, owner_id, kind, staff, role, written_at, sealed, wrapped_key FROM revealed_notes($1)

-- name: tell_read
SELECT tell_read($1, $2, $3)
