-- +goose Up

-- Changes of conversions in the order in which they were committed. Insertions need no row: conversions are
-- numbered in the order in which they are inserted, by their rowids, and a change comes after the newest of them
-- at that time.
CREATE TABLE conversion_feed (
    feed_after    INTEGER NOT NULL, -- the rowid of the newest conversion
    feed_number   INTEGER NOT NULL, -- counts the changes since that was inserted, from 1
    changed       INTEGER NOT NULL, -- the rowid of the conversion that was changed
    first_change  INTEGER NOT NULL,
    last_change   INTEGER NOT NULL, -- less than first_change if something else was written, such as a conflict
    feed_revision INTEGER NOT NULL, -- what the conversion had afterwards
    PRIMARY KEY (feed_after, feed_number)
) STRICT, WITHOUT ROWID;

-- The rowids stand for an order, so none may be used again, and none may be left out: VACUUM would close the gap.
-- +goose StatementBegin
CREATE TRIGGER conversions_stay BEFORE DELETE ON conversions BEGIN
    SELECT raise(ABORT, 'conversions are never deleted: their rowids are the order of the feed and of counting');
END;
-- +goose StatementEnd
