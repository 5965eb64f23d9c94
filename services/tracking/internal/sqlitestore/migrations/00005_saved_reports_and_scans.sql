-- +goose Up

CREATE TABLE saved_reports (
    id           TEXT    NOT NULL PRIMARY KEY,
    display_name TEXT    NOT NULL,
    columns      TEXT    NOT NULL, -- a list in JSON; '' is none
    filter       TEXT    NOT NULL,
    order_by     TEXT    NOT NULL,
    "range"      TEXT    NOT NULL, -- '' is none
    start_date   TEXT    NOT NULL,
    end_date     TEXT    NOT NULL,
    group_by     TEXT    NOT NULL, -- a list in JSON; '' is none
    create_time  INTEGER NOT NULL,
    update_time  INTEGER NOT NULL,
    revision     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX saved_reports_display_name ON saved_reports (display_name, id);

-- Ids hold the time of creation, so that lists by time are lists by id.
CREATE TABLE offer_scans (
    id            ANY     NOT NULL PRIMARY KEY,
    offer         TEXT    NOT NULL,
    state         TEXT    NOT NULL,
    device        TEXT    NOT NULL,
    language      TEXT    NOT NULL,
    link_count    INTEGER NOT NULL,
    scanned_count INTEGER NOT NULL DEFAULT 0, -- this and the next two are those of the results
    error_count   INTEGER NOT NULL DEFAULT 0,
    warning_count INTEGER NOT NULL DEFAULT 0,
    create_time   INTEGER NOT NULL,
    end_time      INTEGER, -- NULL while it runs
    holder        TEXT    NOT NULL DEFAULT '', -- the hold that it is left to; '' is none
    free_time     INTEGER NOT NULL -- from when on it may be claimed
) STRICT, WITHOUT ROWID;

CREATE INDEX offer_scans_offer ON offer_scans (offer, id);
CREATE UNIQUE INDEX offer_scans_running ON offer_scans (offer) WHERE state = 'RUNNING';
CREATE INDEX offer_scans_free ON offer_scans (free_time) WHERE state = 'RUNNING';

CREATE TABLE offer_scan_results (
    scan          ANY     NOT NULL,
    coupon        TEXT    NOT NULL,
    tracking_link TEXT    NOT NULL,
    ok            INTEGER NOT NULL,
    severity      TEXT    NOT NULL, -- of the worst problem; '' is none
    problems      TEXT    NOT NULL, -- a list in JSON; '' is none
    final_url     TEXT    NOT NULL,
    hop_count     INTEGER NOT NULL,
    scan_time     INTEGER NOT NULL,
    PRIMARY KEY (scan, coupon)
) STRICT, WITHOUT ROWID;
