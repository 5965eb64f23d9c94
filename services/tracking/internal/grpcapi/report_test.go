package grpcapi

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// TestExportIsSentInMessagesThatClientsTake: conversions with the longest texts come in more messages, and
// all of them once.
func TestExportIsSentInMessagesThatClientsTake(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, messages int }{{1, 1}, {4 * 255, 63}} {
		part := make([]domain.Conversion, 500)
		var want, got []string
		for i := range part {
			text := strings.Repeat("x", c.text)
			part[i] = domain.Conversion{ID: fmt.Sprint(i), PubUniques: domain.Uniques{text, text, text, text, text}, PubClickID: text, PubSubID: text, TransactionID: text, Click: text}
			want = append(want, "conversions/"+part[i].ID)
		}
		messages := 0
		err := sendExport(part, func(answer *trackingv1.ExportConversionsResponse) error {
			messages++
			if size := proto.Size(answer); size == 0 || size > 2*exportBytes {
				t.Errorf("a message of %d bytes", size)
			}
			for _, conversion := range answer.GetConversions() {
				got = append(got, conversion.GetName())
			}
			return nil
		})
		if err != nil || messages != c.messages || !slices.Equal(got, want) {
			t.Errorf("texts of %d: %v, %d conversions in %d messages, want %d in %d", c.text, err, len(got), messages, len(want), c.messages)
		}
	}
	gone := errors.New("gone")
	for _, text := range []string{"", strings.Repeat("x", exportBytes)} {
		sent := 0
		err := sendExport([]domain.Conversion{{PubSubID: text}, {PubSubID: text}}, func(*trackingv1.ExportConversionsResponse) error { sent++; return gone })
		if !errors.Is(err, gone) || sent != 1 {
			t.Errorf("%v after %d messages", err, sent)
		}
	}
}
