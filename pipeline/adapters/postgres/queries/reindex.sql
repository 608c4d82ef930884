-- The keys of stored reports, written anew.

-- name: next
SELECT report_id, arrival_no FROM report WHERE arrival_no > $1 ORDER BY arrival_no LIMIT $2

-- name: add_missing
-- Keys that no release seeks any more stay: they lead nowhere, and to find them would read the whole table.
INSERT INTO link_key (token, report_id, source)
SELECT token, report_id, source FROM unnest($1::bytea[], $2::uuid[], $3::text[]) AS told (token, report_id, source)
WHERE NOT EXISTS (SELECT FROM link_key k WHERE k.token = told.token AND k.report_id = told.report_id)
