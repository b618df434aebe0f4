-- PostgreSQL checks less of each row; SQLite, which does so for next to nothing, goes on checking all of it.
SELECT 1;
