package e2e

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
)

// exportedSales is a little more than fits into one part of an export.
const exportedSales = 1200

// TestExport exports over both transports, from one process and from three, while sales come in. Every earlier sale
// must be in the export once.
func TestExport(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(t *testing.T) *system{
		"together": func(t *testing.T) *system { s, _ := startTogether(t, t.TempDir(), nil); return s },
		"apart":    func(t *testing.T) *system { s, _ := startApart(t, nil); return s },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			client := newTyped(t, s.addrs)
			code := client.campaign(t, "10", 1, func(int) (string, *couponv1.Publisher) { return "22", &couponv1.Publisher{DisplayName: "Mia Runs"} })[0]
			client.sell(t, code, "before", exportedSales)
			selling := make(chan struct{})
			go func() {
				defer close(selling)
				client.sell(t, code, "meanwhile", exportedSales/4)
			}()
			for way, sold := range map[string][]string{"gRPC": exportGRPC(t, s), "CSV": exportCSV(t, s)} {
				before := slices.DeleteFunc(sold, func(transaction string) bool { return !strings.HasPrefix(transaction, "before-") })
				slices.Sort(before)
				if n := len(slices.Compact(before)); n != exportedSales || len(before) != exportedSales {
					t.Errorf("over %s: %d sales, %d of them different, want %d", way, len(before), n, exportedSales)
				}
			}
			<-selling
		})
	}
}

// sell reports n sales, some at once.
func (c typed) sell(t *testing.T, code, name string, n int) {
	t.Helper()
	var all errgroup.Group
	all.SetLimit(32)
	for i := range n {
		all.Go(func() error {
			_, err := c.conversions.RecordConversion(t.Context(), &trackingv1.RecordConversionRequest{
				Offer: "offers/10", CouponCode: code, TransactionId: fmt.Sprintf("%s-%04d", name, i),
			})
			return err
		})
	}
	if err := all.Wait(); err != nil {
		t.Errorf("selling: %v", err)
	}
}

// exportGRPC returns the transactions in a gRPC export.
func exportGRPC(t *testing.T, s *system) []string {
	t.Helper()
	stream, err := trackingv1.NewReportServiceClient(dialWithKey(t, s.addrs[2])).ExportConversions(t.Context(), &trackingv1.ExportConversionsRequest{Filter: "event = sale"})
	if err != nil {
		t.Fatal(err)
	}
	var sold []string
	for {
		part, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return sold
		}
		if err != nil {
			t.Fatalf("exporting: %v", err)
		}
		if n := len(part.GetConversions()); n == 0 || n > 500 {
			t.Errorf("a part has %d conversions", n)
		}
		for _, c := range part.GetConversions() {
			sold = append(sold, c.GetTransactionId())
		}
	}
}

// exportCSV returns the transactions in a CSV export.
func exportCSV(t *testing.T, s *system) []string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.base+"/v1/reports/conversions:export?columns=transaction_id", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.key)
	resp, err := s.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("exporting: %d, %v, %s", resp.StatusCode, err, body)
	}
	return firstCells(t, body)
}
