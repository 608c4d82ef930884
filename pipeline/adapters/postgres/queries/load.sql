-- How full centres are.

-- name: open_cases
-- Counted from an index alone.
SELECT centre, count(*) AS open_cases FROM case_file WHERE state IN ('waiting', 'claimed') GROUP BY centre
