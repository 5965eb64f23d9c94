package partner_test

import (
	"time"

	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

var sale = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// offer returns an active offer with the default settings.
func offer() domain.Offer {
	return domain.Offer{ID: "10", Active: true, Precedence: domain.CodeFirst, ClickWindow: 30 * 24 * time.Hour, StartStatus: domain.StatusApproved, CurrencyCode: "USD"}
}
