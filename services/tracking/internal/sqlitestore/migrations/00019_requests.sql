-- +goose Up
-- Changes of conversions that had a request id, with a hash of the request and the compressed response. They are kept
-- for 24 hours.

CREATE TABLE requests (
    id          TEXT PRIMARY KEY,
    hash        BLOB NOT NULL,
    answer      BLOB NOT NULL,
    create_time INTEGER NOT NULL
) STRICT;
CREATE INDEX requests_by_time ON requests (create_time);
