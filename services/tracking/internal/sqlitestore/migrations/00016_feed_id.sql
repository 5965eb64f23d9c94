-- +goose Up

-- Tells the positions in this file's feed from those in any other.
CREATE TABLE feed (
    id TEXT NOT NULL
) STRICT;

INSERT INTO feed VALUES (lower(hex(randomblob(8))));
