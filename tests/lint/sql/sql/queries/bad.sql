-- name: one
SELECT 1;
-- postgres: it counts otherwise
SELECT 2;
-- name: two
SELECT 1;
-- postgres:
SELECT 2;
