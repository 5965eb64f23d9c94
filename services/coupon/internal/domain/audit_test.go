package domain_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/couponlink/couponlink/services/coupon/internal/domain"
)

// TestAuditEntriesTellNoSecrets fails for a field with a secret whose values audit entries would tell.
func TestAuditEntriesTellNoSecrets(t *testing.T) {
	seen := 0
	for _, record := range []any{domain.Offer{}, domain.Credentials{}, domain.Publisher{}, domain.Approval{}, domain.Coupon{}, domain.Key{}} {
		of := reflect.TypeOf(record)
		for i := range of.NumField() {
			field := of.Field(i)
			isSecret := strings.HasSuffix(field.Name, "Secret") || strings.HasSuffix(field.Name, "Token") || strings.HasSuffix(field.Name, "Hash")
			if !isSecret && field.Name != "InternalNote" {
				continue
			}
			if seen++; field.Tag.Get("audit") != "masked" {
				t.Errorf("%s.%s is not masked", of, field.Name)
			}
		}
	}
	if seen < 7 {
		t.Errorf("only %d secrets: this test looks in the wrong place", seen)
	}
}
