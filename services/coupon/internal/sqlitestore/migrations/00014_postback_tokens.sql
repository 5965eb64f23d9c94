-- +goose Up
-- Named postback tokens of offers. A token is stored as its SHA-256 alone, in hexadecimal. Times are Unix milliseconds.

CREATE TABLE postback_tokens (
    id            TEXT    NOT NULL PRIMARY KEY,
    offer         TEXT    NOT NULL,
    display_name  TEXT    NOT NULL,
    token_hash    TEXT    NOT NULL UNIQUE,
    token_prefix  TEXT    NOT NULL,
    create_time   INTEGER NOT NULL,
    last_use_time INTEGER
) WITHOUT ROWID, STRICT;

CREATE INDEX postback_tokens_offer ON postback_tokens (offer, create_time, id);
