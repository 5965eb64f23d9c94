-- +goose Up

ALTER TABLE saved_reports ADD COLUMN group_order_by TEXT NOT NULL DEFAULT ''; -- '' is the default order
