-- Call-outs to people of a case, by whoever acts.

-- name: note
SELECT note_call_out($1, $2, $3, $4, $5, $6, $7)
