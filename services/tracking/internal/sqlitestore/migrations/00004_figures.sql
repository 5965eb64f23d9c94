-- +goose Up

-- Clicks and conversions added up, in the cells of the cubes that are numbered in rules.
CREATE TABLE figures (
    cube           INTEGER NOT NULL,
    period         INTEGER NOT NULL, -- a day counted from 1970-01-01, or a month from January of the year 0
    offer          TEXT    NOT NULL,
    publisher      TEXT    NOT NULL,
    coupon_code    TEXT    NOT NULL, -- folded
    status         TEXT    NOT NULL,
    method         TEXT    NOT NULL,
    currency       TEXT    NOT NULL, -- '' is the counts
    clicks         INTEGER NOT NULL,
    conversions    INTEGER NOT NULL,
    clickless      INTEGER NOT NULL,
    amount_units   INTEGER NOT NULL, -- in this and the others nanos are not carried over to units
    amount_nanos   INTEGER NOT NULL,
    refunded_units INTEGER NOT NULL,
    refunded_nanos INTEGER NOT NULL,
    payout_units   INTEGER NOT NULL,
    payout_nanos   INTEGER NOT NULL,
    revenue_units  INTEGER NOT NULL,
    revenue_nanos  INTEGER NOT NULL,
    PRIMARY KEY (cube, period, offer, publisher, coupon_code, status, method, currency)
) STRICT, WITHOUT ROWID;

CREATE INDEX figures_coupon_code ON figures (cube, coupon_code, period);

-- Up to where is counted, in one row. Clicks up to an id, since new ones go to the end of their table, and
-- conversions up to a rowid, since these grow.
CREATE TABLE counted (
    zone       TEXT    NOT NULL, -- whose days figures are by; '' is none yet
    click      ANY     NOT NULL, -- '' is before all
    conversion INTEGER NOT NULL,
    ready      INTEGER NOT NULL, -- 1 once counting has come to an end
    count_time INTEGER NOT NULL  -- up to when everything is counted
) STRICT;

INSERT INTO counted VALUES ('', '', 0, 0, 0);
