-- name: take_up
-- The settings and the role of the person's post end with the transaction. Materialised, so that the token is set before
-- anybody is looked up; nobody's role is taken for nobody.
WITH said AS MATERIALIZED (
    SELECT set_config('anwang.session', $1, true), set_config('anwang.second', $2, true)
), found AS MATERIALIZED (
    SELECT s.staff, s.role, s.scope FROM said CROSS JOIN LATERAL session_of('anwang.session') AS s WHERE s.staff IS NOT NULL
)
SELECT staff, role, scope, set_config('role', 'anwang_' || role, true) FROM found
