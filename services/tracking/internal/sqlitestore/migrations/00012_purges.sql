-- +goose Up

-- How far the deletion of old rows has come: one row, once it has run.
CREATE TABLE purges (
    id           INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    horizon_time INTEGER NOT NULL, -- the present by which rows were old
    clock_time   INTEGER NOT NULL  -- what the clock said then
) STRICT;
