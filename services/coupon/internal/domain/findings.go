package domain

import (
	"fmt"
	"strings"

	"github.com/couponlink/couponlink/services/internal/apperr"
)

// invalid returns an error on a field with the field's reason, such as INVALID_PAYOUT for `payout` and
// `payout.cap`.
func invalid(field, format string, args ...any) error {
	top, _, _ := strings.Cut(field, ".")
	return apperr.Invalid("INVALID_"+strings.ToUpper(top), field, "%s", fmt.Sprintf(format, args...))
}
