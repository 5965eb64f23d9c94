package sqlitestore

import (
	"fmt"
	"time"

	"github.com/couponlink/couponlink/services/internal/sqlitedb/table"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore/sqlrow"
)

var (
	clickColumns = table.Of(table.Columns[domain.Click]{
		sqlrow.TimeColumn("id", func(c *domain.Click) *string { return &c.ID }),
		table.Text("offer", func(c *domain.Click) *string { return &c.Offer }),
		table.Text("publisher", func(c *domain.Click) *string { return &c.Publisher }),
		table.Flag("publisher_unknown", func(c *domain.Click) *bool { return &c.PublisherUnknown }),
		table.Text("coupon", func(c *domain.Click) *string { return &c.Coupon }),
		table.Text("coupon_code", func(c *domain.Click) *string { return &c.CouponCode }),
		table.Text("reason", func(c *domain.Click) *domain.Reason { return &c.Reason }),
		table.Text("pub_click_id", func(c *domain.Click) *string { return &c.PubClickID }),
		table.Text("pub_sub_id", func(c *domain.Click) *string { return &c.PubSubID }),
		table.Flag("crawler", func(c *domain.Click) *bool { return &c.Crawler }),
		table.Text("ip", func(c *domain.Click) *string { return &c.IP }),
		table.Text("user_agent", func(c *domain.Click) *string { return &c.UserAgent }),
		table.Text("referer", func(c *domain.Click) *string { return &c.Referer }),
		table.Time("time", func(c *domain.Click) *time.Time { return &c.Time }),
		table.Lines("dropped", func(c *domain.Click) *[]string { return &c.Dropped }),
	}, uniqueColumns(func(c *domain.Click) *domain.Uniques { return &c.PubUniques }))

	insertClick = `INSERT` + clickColumns.Into("clicks") + onTaken
	selectClick = clickColumns.From("clicks") + ` WHERE id = ?`
)

// uniqueColumns are the columns pub_unique1 to pub_unique5.
func uniqueColumns[T any](at func(*T) *domain.Uniques) (columns table.Columns[T]) {
	for i := range len(domain.Uniques{}) {
		columns = append(columns, table.Text(fmt.Sprintf("pub_unique%d", i+1), func(row *T) *string { return &at(row)[i] }))
	}
	return columns
}
