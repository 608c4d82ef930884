-- Steps of a case and who works along, inside acting_as.

-- name: is_seen
SELECT EXISTS (SELECT FROM case_file WHERE case_id = $1)

-- name: refuse
SELECT refuse_act($1, $2, $3)

-- name: steps
SELECT step, incident_id, method, outcome, why, came, told_once, staff, at
FROM case_step WHERE case_id = ANY (names_of_case($1)) ORDER BY at, version

-- name: planned
SELECT task_id, kind, opened_at, due_at, done_at, done_by, dropped FROM task WHERE case_id = $1 AND kind = $2 ORDER BY due_at NULLS LAST, opened_at

-- name: co_work_of_mine
SELECT told FROM co_work_of_mine($1, $2, $3) AS told

-- name: co_work_of_case
SELECT told FROM co_work_of_case($1) AS told

-- name: ask
SELECT ask_co_work($1, $2, $3)

-- name: answer
SELECT answer_co_work($1, $2, $3)

-- name: done
SELECT done_co_work($1)
