package files

import (
	"bufio"
	"io"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
)

func BenchmarkCSV(b *testing.B) {
	at := timestamppb.New(time.Date(2026, time.November, 1, 12, 0, 0, 0, time.UTC))
	sale := &trackingv1.Conversion{
		Name: "conversions/9f86d081884c7d659a2feaa0c55ad015", Offer: "offers/10", Publisher: "publishers/22", CouponCode: "SALEXYZ20", TransactionId: "A-10001", Event: "sale",
		Amount: &couponv1.Money{CurrencyCode: "USD", Units: 1234, Nanos: 900_000_000}, Payout: &couponv1.Money{CurrencyCode: "USD", Units: 12},
		Revenue: &couponv1.Money{CurrencyCode: "USD", Units: 20}, Status: trackingv1.Conversion_APPROVED, Outcome: trackingv1.Conversion_ATTRIBUTED,
		Method: trackingv1.Conversion_COUPON_CODE, PubUnique3: "SALEXYZ20", PubSubId: "-1001", ConversionTime: at,
	}
	format, _ := exportedConversions().formatOf(map[string][]string{"columns": {defaultColumns + ",pub_unique3,pub_sub_id"}})
	w := format.writer(bufio.NewWriterSize(io.Discard, exportBuffer))
	b.ReportAllocs()
	for b.Loop() {
		if err := w.write(sale); err != nil {
			b.Fatal(err)
		}
	}
}
