package e2e

import (
	"testing"
	"time"
)

// TestValidateWithoutTracking validates a sold-out code while the tracking service hangs, and then while it is gone. The
// limits are then unknown, and after the first second no validation waits.
func TestValidateWithoutTracking(t *testing.T) {
	t.Parallel()
	s, processes := startApart(t, nil)
	p := player{system: s, transport: "grpc", suite: loadSuite(t)}
	validate := func(response map[string]any, eventually string) step {
		return step{
			Call: "coupon.v1.CouponService/ValidateCoupon", Request: map[string]any{"code": "${code}", "offer": "offers/${offer}"},
			Eventually: eventually, expectation: expectation{Response: response},
		}
	}
	reached := map[string]any{"valid": false, "reason": "LIMIT_REACHED", "limitsUnknown": "!absent"}
	unknown := map[string]any{"valid": true, "reason": "!absent", "limitsUnknown": true}
	v := p.prepare(t, []step{
		{Use: "pair"},
		{Use: "coupon", But: map[string]any{"coupon": map[string]any{"usageLimit": "1"}}},
		{HTTP: "GET /postback?coupon_code=${code}&token=${token}&transaction_id=A-1", expectation: expectation{Response: map[string]any{"outcome": "ATTRIBUTED"}}},
		validate(reached, "20s"),
	})
	processes[1].stop(t)
	p.mustPlay(t, v, []step{validate(unknown, "20s")})
	took(t, time.Second, func() {
		for range 20 {
			p.mustPlay(t, v, []step{validate(unknown, "")})
		}
	})
	processes[1].goOn(t)
	p.mustPlay(t, v, []step{validate(reached, "40s")})

	processes[1].kill()
	p.mustPlay(t, v, []step{validate(unknown, "20s")})
	processes[0].kill()
	processes[0].again(t) // starts without the tracking service
	p.mustPlay(t, v, []step{validate(unknown, "40s")})
	processes[1].again(t)
	p.mustPlay(t, v, []step{validate(reached, "60s")})
}
