-- +goose Up

-- The coupon service's latest answers, kept for a restart.
CREATE TABLE answers (
    kind     TEXT    NOT NULL,
    key      TEXT    NOT NULL,
    body     BLOB    NOT NULL,
    ask_time INTEGER NOT NULL,
    PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX answers_time ON answers (kind, ask_time);
