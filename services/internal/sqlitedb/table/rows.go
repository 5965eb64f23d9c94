package table

import (
	"database/sql"
	"errors"
)

// ReadAll reads all rows, and closes them.
func ReadAll[T any](rows *sql.Rows, scan func(Row) (T, error)) (all []T, err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}
