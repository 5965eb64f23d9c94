-- +goose Up

-- The console counts these two on its first page. They are few: only they are in their indexes.
ALTER TABLE conversions ADD COLUMN conflict INTEGER AS (nullif(conflicted, 0)) VIRTUAL;
CREATE INDEX conversions_conflict ON conversions (conflict, conversion_time) WHERE conflict IS NOT NULL;
ALTER TABLE deliveries ADD COLUMN dead INTEGER AS (iif(state = 'DEAD', 1, NULL)) VIRTUAL;
CREATE INDEX deliveries_dead ON deliveries (dead, create_time) WHERE dead IS NOT NULL;

-- A year of one publisher or offer has few of the year's figures.
CREATE INDEX figures_publisher ON figures (cube, publisher, period);
CREATE INDEX figures_offer ON figures (cube, offer, period);
