package delivery_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/delivery"
)

// memory is a Store in memory that keeps its contract, and counts what it is asked.
type memory struct {
	mu          sync.Mutex
	conversions map[string]domain.Conversion
	deliveries  map[string]delivery.Delivery
	holders     map[string]string
	// err, if set, is what everything fails with.
	err    error
	claims int
	// claimed is how many deliveries were given out.
	claimed int
}

func newMemory() *memory {
	return &memory{conversions: map[string]domain.Conversion{}, deliveries: map[string]delivery.Delivery{}, holders: map[string]string{}}
}

// put stores deliveries that are due.
func (m *memory) put(deliveries ...delivery.Delivery) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, d := range deliveries {
		m.deliveries[d.ID] = d
	}
}

// fail has everything fail from now on, or nothing.
func (m *memory) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
}

// of returns a delivery, or the zero Delivery if it does not exist.
func (m *memory) of(id string) delivery.Delivery {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.deliveries[id]
}

// all returns all deliveries.
func (m *memory) all() map[string]delivery.Delivery {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.deliveries)
}

// asked returns how many claims there were, and how many deliveries they gave out.
func (m *memory) asked() (claims, claimed int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.claims, m.claimed
}

// sell stores conversions.
func (m *memory) sell(conversions ...domain.Conversion) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range conversions {
		m.conversions[c.ID] = c
	}
}

// unplanned returns how many conversions are not planned.
func (m *memory) unplanned() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for _, c := range m.conversions {
		if c.Unplanned {
			n++
		}
	}
	return n
}

// delivered returns how many deliveries of a publisher have arrived.
func (m *memory) delivered(publisher string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for _, d := range m.deliveries {
		if d.Publisher == publisher && d.State == delivery.Delivered {
			n++
		}
	}
	return n
}

func (m *memory) Unplanned(_ context.Context, limit int) ([]domain.Conversion, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var found []domain.Conversion
	for _, c := range m.conversions {
		if c.Unplanned && len(found) < limit {
			found = append(found, c)
		}
	}
	return found, m.err
}

func (m *memory) Plan(_ context.Context, plans []delivery.Plan) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return m.err
	}
	for _, p := range plans {
		for _, d := range p.Deliveries {
			if _, taken := m.deliveries[d.ID]; !taken {
				m.deliveries[d.ID] = d
			}
		}
		if c := m.conversions[p.Conversion]; c.Revision == p.Revision {
			c.Unplanned, c.PlanFrom = false, len(c.Changes)+1
			m.conversions[p.Conversion] = c
		}
	}
	return nil
}

func (m *memory) ClaimDeliveries(_ context.Context, claim delivery.Claim) ([]delivery.Delivery, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.claims++
	if m.err != nil {
		return nil, m.err
	}
	var due []delivery.Delivery
	for _, d := range m.deliveries {
		if d.State == delivery.Due && !d.DueTime.After(claim.Now) && !slices.Contains(claim.Skip, d.Publisher) && !m.behind(d) {
			due = append(due, d)
		}
	}
	slices.SortFunc(due, func(a, b delivery.Delivery) int {
		if order := a.DueTime.Compare(b.DueTime); order != 0 {
			return order
		}
		return strings.Compare(a.ID, b.ID)
	})
	due = due[:min(len(due), claim.Limit)]
	for i := range due {
		due[i].DueTime = claim.Until
		m.deliveries[due[i].ID] = due[i]
		m.holders[due[i].ID] = claim.Holder
	}
	m.claimed += len(due)
	return due, nil
}

// behind says whether an earlier delivery of the same conversion and publisher is not done.
func (m *memory) behind(d delivery.Delivery) bool {
	for change := range d.Change {
		if other, ok := m.deliveries[deliveryID(d.Conversion, change, d.Publisher)]; ok && other.State == delivery.Due {
			return true
		}
	}
	return false
}

func (m *memory) FinishDelivery(_ context.Context, d delivery.Delivery, holder string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return m.err
	}
	if m.holders[d.ID] == holder {
		m.deliveries[d.ID] = d
		delete(m.holders, d.ID)
	}
	return nil
}

func (m *memory) ReplayDelivery(_ context.Context, id string, now time.Time) (delivery.Delivery, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	d, ok := m.deliveries[id]
	if !ok {
		return d, domain.ErrNotFound
	}
	d.State, d.DueTime, d.FirstDueTime, d.AttemptCount, d.FinishTime = delivery.Due, now, now, 0, time.Time{}
	m.deliveries[id] = d
	delete(m.holders, id)
	return d, nil
}

func (m *memory) Delivery(_ context.Context, id string) (delivery.Delivery, error) {
	return m.of(id), nil
}

func (m *memory) Deliveries(context.Context, listing.Query) ([]delivery.Delivery, error) {
	return nil, nil
}
