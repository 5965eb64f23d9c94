package ids

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
)

// Ids of one millisecond sort in the order of their creation, however long creating them took.
func TestIDsOfOneMillisecondKeepTheirOrder(t *testing.T) {
	var made Maker
	at := time.UnixMilli(1_790_000_000_123)
	began := time.Now()
	var all []string
	for len(all) <= maxIDCount {
		if len(all)%1024 == 0 {
			time.Sleep(time.Millisecond)
		}
		all = append(all, next(t, &made, at))
	}
	if !slices.IsSorted(all) {
		t.Errorf("%d IDs made for one moment, in %v, do not sort as they were made", len(all), time.Since(began))
	}
	if later := next(t, &made, at.Add(time.Millisecond)); later < all[len(all)-1] {
		t.Errorf("%s, of a millisecond later, sorts before %s", later, all[len(all)-1])
	}
}

// More IDs than a millisecond's counter holds are still of that millisecond, and no two alike.
func TestIDsHoldTheirTimeAndAreUnique(t *testing.T) {
	var made Maker
	at := time.UnixMilli(1_790_000_000_123)
	seen := map[string]bool{}
	for range 3 * maxIDCount {
		text := next(t, &made, at)
		id, err := uuid.Parse(text)
		if err != nil || id.Version() != 7 || id.Variant() != uuid.RFC4122 {
			t.Fatalf("%s is no UUIDv7: %v", text, err)
		}
		if sec, nsec := id.Time().UnixTime(); !time.Unix(sec, nsec).Equal(at) {
			t.Fatalf("%s holds %v, want %v", text, time.Unix(sec, nsec), at)
		}
		if seen[text] {
			t.Fatalf("%s was made twice", text)
		}
		seen[text] = true
	}
}

func next(t *testing.T, made *Maker, at time.Time) string {
	t.Helper()
	id, err := made.Next(at)
	if err != nil {
		t.Fatal(err)
	}
	return id
}
