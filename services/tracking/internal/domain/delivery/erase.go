package delivery

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// Erase returns the delivery without personal data. A publisher that gets it later is still told of the sale.
func (d Delivery) Erase() Delivery {
	if d.Head().Sequence == 0 {
		var p Payload
		if json.Unmarshal([]byte(d.Payload), &p) == nil {
			p.Data.erase()
			d.Payload = encoded(p)
		}
	} else {
		var p EventPayload
		if json.Unmarshal([]byte(d.Payload), &p) == nil {
			p.Data.erase()
			d.Payload = encoded(p)
		}
	}
	d.Attempts = slices.Clone(d.Attempts)
	for i := range d.Attempts { // an error may have the URL that was called
		if d.Attempts[i].Error != "" {
			d.Attempts[i].Error = domain.ErasedText
		}
	}
	return d
}

func (s *Sale) erase() {
	s.Click, s.PubClickID, s.PubSubID, s.TransactionID = "", "", "", ""
	s.PubUnique1, s.PubUnique2, s.PubUnique4, s.PubUnique5 = "", "", "", ""
	if !strings.EqualFold(s.PubUnique3, s.CouponCode) {
		s.PubUnique3 = ""
	}
}
