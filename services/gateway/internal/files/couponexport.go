package files

import (
	"context"
	"io"
	"net/http"
	"net/url"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/internal/columns"
)

// couponPageSize is the number of coupons per call: the most that the service returns.
const couponPageSize = 1000

// exportedCoupons describes the export of coupons. An import accepts all its columns, and ignores those that
// only the server sets.
func exportedCoupons() exported[*couponv1.Coupon] {
	return exported[*couponv1.Coupon]{
		name: "coupons", columns: exportColumns(columns.Coupons()),
		defaults: "name,code,offer,publisher,state,enabled,start_time,expire_time,internal_note,usage_limit,daily_usage_limit,tracking_link,create_time,discount",
	}
}

// coupons answers exports of coupons.
func (e exporter) coupons(client couponv1.CouponServiceClient) runtime.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request, params map[string]string) {
		serveExport(e, w, r, exportedCoupons(), func(ctx context.Context, query url.Values) pages[*couponv1.Coupon] {
			return couponPages(ctx, client, &couponv1.ListCouponsRequest{
				Parent: params["parent"], Filter: query.Get("filter"), OrderBy: orderBy(query), PageSize: couponPageSize,
			})
		})
	}
}

// couponPages returns a function that returns the pages of a list one after another.
func couponPages(ctx context.Context, client couponv1.CouponServiceClient, req *couponv1.ListCouponsRequest) pages[*couponv1.Coupon] {
	last := false
	return func() ([]*couponv1.Coupon, error) {
		if last {
			return nil, io.EOF
		}
		page, err := client.ListCoupons(ctx, req)
		if err != nil {
			return nil, err
		}
		req.PageToken = page.GetNextPageToken()
		last = req.GetPageToken() == ""
		return page.GetCoupons(), nil
	}
}
