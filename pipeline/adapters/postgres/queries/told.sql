-- Reports told by voice or on paper: what whoever took them down notes and reads, inside acting_as.

-- name: note
SELECT note_told_report($1, $2, $3, $4, $5, $6)

-- name: handed
SELECT told_report_handed($1)

-- name: mine
SELECT number, told_id, centre, how, received_at, entered_at, taken_by, state, case_id FROM told_reports_of_mine($1, $2, $3)
