-- +goose Up

-- Clicks of before this time may be deleted. It only grows, so that figures count no click as zero that was deleted while
-- clicks were kept for a shorter time than now.
ALTER TABLE counted ADD COLUMN clicks_since INTEGER NOT NULL DEFAULT 0;

-- Until now they were kept for 400 days.
UPDATE counted SET clicks_since = max(0, -34560000000 + coalesce(
    (SELECT horizon_time FROM purges), (SELECT time FROM clicks ORDER BY id DESC LIMIT 1), 0));
