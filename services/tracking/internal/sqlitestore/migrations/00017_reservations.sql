-- +goose Up

-- Uses of coupons that are held for checkouts.
CREATE TABLE reservations (
    id             TEXT    NOT NULL PRIMARY KEY,
    offer          TEXT    NOT NULL,
    coupon         TEXT    NOT NULL,
    code           TEXT    NOT NULL,
    transaction_id TEXT    NOT NULL,
    state          TEXT    NOT NULL,
    conversion     ANY     NOT NULL, -- what took the use; ''
    create_time    INTEGER NOT NULL,
    expire_time    INTEGER NOT NULL
) STRICT;
-- Those that may still hold a use of a coupon; and the oldest, which are deleted first.
CREATE INDEX reservations_held ON reservations (coupon, expire_time) WHERE state = 'HELD';
CREATE INDEX reservations_expired ON reservations (expire_time);
