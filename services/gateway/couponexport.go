package gateway

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
)

// couponPageSize is how many coupons are fetched at a time: as many as the service gives.
const couponPageSize = 1000

// exportedCoupons is what there is to know of coupons. All of it an import takes: what is the program's
// to say it passes over.
func exportedCoupons() exported[*couponv1.Coupon] {
	return exported[*couponv1.Coupon]{
		name: "coupons", columns: couponColumns(),
		defaults: "name,code,offer,publisher,state,enabled,start_time,expire_time,internal_note,usage_limit,daily_usage_limit,tracking_link,create_time",
	}
}

// couponColumns are all columns of coupons: the API's fields by their names and with their values.
func couponColumns() []exportColumn[*couponv1.Coupon] {
	type row = *couponv1.Coupon
	text, plain := textColumn[row], plainColumn[row]
	return []exportColumn[row]{
		text("name", row.GetName),
		text("code", row.GetCode),
		text("offer", row.GetOffer),
		text("publisher", row.GetPublisher),
		text("state", func(c row) string { return enumName(c.GetState()) }),
		plain("enabled", func(c row) string { return strconv.FormatBool(c.GetEnabled()) }),
		plain("start_time", func(c row) string { return moment(c.GetStartTime()) }),
		plain("expire_time", func(c row) string { return moment(c.GetExpireTime()) }),
		text("internal_note", row.GetInternalNote),
		plain("usage_limit", func(c row) string { return limitText(c.GetUsageLimit()) }),
		plain("daily_usage_limit", func(c row) string { return limitText(c.GetDailyUsageLimit()) }),
		text("tracking_link", row.GetTrackingLink),
		plain("create_time", func(c row) string { return moment(c.GetCreateTime()) }),
		plain("update_time", func(c row) string { return moment(c.GetUpdateTime()) }),
	}
}

// limitText returns a limit; empty for none.
func limitText(limit int64) string {
	if limit == 0 {
		return ""
	}
	return strconv.FormatInt(limit, 10)
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

// couponPages returns all pages of a list, one after another.
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
