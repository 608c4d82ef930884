-- Transfers of cases between centres.

-- name: is_known
SELECT EXISTS (SELECT FROM case_transfer WHERE transfer_id = $1)

-- name: find_transfer
-- A transfer by its own id, or the one that waits for its answer of a case, or of the case that it went up in.
SELECT * FROM case_transfer WHERE transfer_id = $1
UNION ALL
SELECT * FROM case_transfer
WHERE case_id = coalesce((SELECT a.case_id FROM case_alias a WHERE a.alias_id = $1), $1) AND state = 'proposed'
LIMIT 1

-- name: waits
SELECT EXISTS (SELECT FROM case_transfer WHERE case_id = $1 AND state = 'proposed')

-- name: reports_of
SELECT report_id FROM report JOIN incident USING (incident_id) WHERE case_id = $1 ORDER BY arrival_no

-- name: add_transfer
INSERT INTO case_transfer (transfer_id, case_id, from_centre, to_centre, to_county, reason, state, proposed_by)
VALUES ($1, $2, $3, $4, $5, $6, 'proposed', $7)

-- name: answer_transfer
UPDATE case_transfer SET state = $2, answered_by = $3, refused_for = $4, answered_at = now() WHERE transfer_id = $1

-- name: open_transfers
-- Those of a case that was closed or went up in another one wait for nobody.
SELECT t.*, c.queue, c.priority, c.county FROM case_transfer t JOIN case_file c USING (case_id)
WHERE t.state = 'proposed' AND c.state IN ('waiting', 'claimed')
ORDER BY t.proposed_at, t.transfer_id LIMIT $1
