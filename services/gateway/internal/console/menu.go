package console

import (
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
)

// menu is the whole menu. Entries show once the route table has their page.
func menu() []ui.Entry {
	return []ui.Entry{
		{Label: "Overview", Path: "", Icon: "overview"},
		{Label: "Offers", Path: "offers", Icon: "offers"},
		{Label: "Publishers", Path: "publishers", Icon: "publishers"},
		{Label: "Reports", Icon: "reports", Below: []ui.Entry{
			{Label: "Conversion Report", Path: "reports/conversions"},
			{Label: "Postback Log", Path: "reports/postbacks"},
			{Label: "Deliveries", Path: "reports/deliveries"},
			{Label: "Leaked Codes", Path: "reports/leaked-codes"},
		}},
		{Label: "Tools", Icon: "tools", Below: []ui.Entry{
			{Label: "Scan Tool", Path: "tools/scan"},
		}},
		{Label: "Settings", Path: "settings", Icon: "settings"},
	}
}
