-- name: take_up
-- Both settings end with the transaction. Materialised, so that they are set before anybody is looked up.
WITH said AS MATERIALIZED (
    SELECT set_config('anwang.session', $1, true), set_config('anwang.second', $2, true)
)
SELECT s.staff, s.role, s.scope FROM said CROSS JOIN LATERAL session_of('anwang.session') AS s

-- name: take_role
SELECT set_config('role', $1, true)
