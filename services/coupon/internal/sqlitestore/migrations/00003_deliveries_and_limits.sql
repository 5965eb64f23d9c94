-- +goose Up
-- delivery_statuses are status names with commas between, none for all. The secret before the last
-- rotation is empty, and its expire time is NULL, where there is none. The secrets of the publishers
-- that exist are made by the program when it opens the file: SQL has no base64.

ALTER TABLE publishers ADD COLUMN postback_url TEXT NOT NULL DEFAULT '';
ALTER TABLE publishers ADD COLUMN delivery_method TEXT NOT NULL DEFAULT 'GET';
ALTER TABLE publishers ADD COLUMN delivery_statuses TEXT NOT NULL DEFAULT '';
ALTER TABLE publishers ADD COLUMN delivery_only_with_click INTEGER NOT NULL DEFAULT 0;
ALTER TABLE publishers ADD COLUMN delivery_secret TEXT NOT NULL DEFAULT '';
ALTER TABLE publishers ADD COLUMN previous_delivery_secret TEXT NOT NULL DEFAULT '';
ALTER TABLE publishers ADD COLUMN previous_delivery_secret_expire_time INTEGER;

-- A limit of 0 is none.
ALTER TABLE coupons ADD COLUMN usage_limit INTEGER NOT NULL DEFAULT 0;
ALTER TABLE coupons ADD COLUMN daily_usage_limit INTEGER NOT NULL DEFAULT 0;
