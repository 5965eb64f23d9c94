package mongostore

import (
	"time"

	"github.com/couponlink/couponlink/services/internal/couponcode"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/record"
)

// clickDocument is a click as it is stored. Clicks are only ever read by id, so what is empty can be
// left out.
type clickDocument struct {
	ID         string        `bson:"_id"`
	Offer      string        `bson:"offer"`
	Publisher  string        `bson:"publisher,omitempty"`
	Coupon     string        `bson:"coupon,omitempty"`
	CouponCode string        `bson:"coupon_code,omitempty"`
	Reason     domain.Reason `bson:"reason,omitempty"`
	PubClickID string        `bson:"pub_click_id,omitempty"`
	PubSubID   string        `bson:"pub_sub_id,omitempty"`
	PubUnique1 string        `bson:"pub_unique1,omitempty"`
	PubUnique2 string        `bson:"pub_unique2,omitempty"`
	PubUnique3 string        `bson:"pub_unique3,omitempty"`
	PubUnique4 string        `bson:"pub_unique4,omitempty"`
	PubUnique5 string        `bson:"pub_unique5,omitempty"`
	Crawler    bool          `bson:"crawler,omitempty"`
	IP         string        `bson:"ip,omitempty"`
	UserAgent  string        `bson:"user_agent,omitempty"`
	Referer    string        `bson:"referer,omitempty"`
	Dropped    []string      `bson:"dropped,omitempty"`
	Time       time.Time     `bson:"time"`
	// PublisherUnknown says that no publisher has the id.
	PublisherUnknown bool `bson:"publisher_unknown,omitempty"`
	// Batch is the number of the batch that the click is in, inNoBatch until then; 0: it is from before there were
	// batches.
	Batch int64 `bson:"batch,omitempty"`
}

func encodeClick(c domain.Click) *clickDocument {
	u := c.PubUniques
	return &clickDocument{
		ID: c.ID, Offer: c.Offer, Publisher: c.Publisher, Coupon: c.Coupon, CouponCode: c.CouponCode, Reason: c.Reason,
		PubClickID: c.PubClickID, PubSubID: c.PubSubID,
		PubUnique1: u[0], PubUnique2: u[1], PubUnique3: u[2], PubUnique4: u[3], PubUnique5: u[4],
		Crawler: c.Crawler, IP: c.IP, UserAgent: c.UserAgent, Referer: c.Referer, Time: c.Time,
		Dropped: c.Dropped, PublisherUnknown: c.PublisherUnknown, Batch: inNoBatch,
	}
}

func (d *clickDocument) decode() domain.Click {
	return domain.Click{
		ID: d.ID, Offer: d.Offer, Publisher: d.Publisher, Coupon: d.Coupon, CouponCode: d.CouponCode, Reason: d.Reason,
		PubClickID: d.PubClickID, PubSubID: d.PubSubID,
		PubUniques: domain.Uniques{d.PubUnique1, d.PubUnique2, d.PubUnique3, d.PubUnique4, d.PubUnique5},
		Crawler:    d.Crawler, IP: d.IP, UserAgent: d.UserAgent, Referer: d.Referer, Time: d.Time.UTC(),
		Dropped: d.Dropped, PublisherUnknown: d.PublisherUnknown,
	}
}

// conversionDocument is a conversion as it is stored. What lists can filter or order by is always
// present.
type conversionDocument struct {
	ID             string         `bson:"_id"`
	ContentHash    string         `bson:"content_hash"`
	Offer          string         `bson:"offer"`
	Publisher      string         `bson:"publisher"`
	Coupon         string         `bson:"coupon,omitempty"`
	CouponCode     string         `bson:"coupon_code"`
	CouponCodeKey  string         `bson:"coupon_code_key"`
	Codes          domain.Codes   `bson:"codes,omitempty"`
	Click          string         `bson:"click"`
	TransactionID  string         `bson:"transaction_id"`
	Event          string         `bson:"event"`
	Amount         record.Money   `bson:"amount,omitempty"`
	Discount       record.Money   `bson:"discount,omitempty"`
	Payout         record.Money   `bson:"payout,omitempty"`
	Refunded       record.Money   `bson:"refunded_amount,omitempty"`
	Revenue        record.Money   `bson:"revenue,omitempty"`
	Status         domain.Status  `bson:"status"`
	StatusReason   string         `bson:"status_reason,omitempty"`
	Outcome        domain.Outcome `bson:"outcome"`
	Method         domain.Method  `bson:"method"`
	Reason         domain.Reason  `bson:"reason"`
	Explanation    string         `bson:"explanation,omitempty"`
	Candidates     []string       `bson:"candidates,omitempty"`
	PubUnique1     string         `bson:"pub_unique1"`
	PubUnique2     string         `bson:"pub_unique2"`
	PubUnique3     string         `bson:"pub_unique3"`
	PubUnique3Key  string         `bson:"pub_unique3_key"`
	PubUnique4     string         `bson:"pub_unique4"`
	PubUnique5     string         `bson:"pub_unique5"`
	PubClickID     string         `bson:"pub_click_id"`
	PubSubID       string         `bson:"pub_sub_id"`
	ConversionTime time.Time      `bson:"conversion_time"`
	CreateTime     time.Time      `bson:"create_time"`
	UpdateTime     time.Time      `bson:"update_time"`
	Revision       int64          `bson:"revision"`
	Undeduplicated bool           `bson:"undeduplicated,omitempty"`
	Postback       string         `bson:"postback,omitempty"`
	Conflicted     bool           `bson:"conflicted"`
	// CodeUnknown says that no coupon of the offer had the code, and that the sender gave no proof.
	CodeUnknown bool `bson:"code_unknown,omitempty"`
	// FeedFrom is the first event that is in no batch, 0 for the insertion or a change's number; nil: all are.
	FeedFrom *int `bson:"feed_from,omitempty"`
	// Batches are the numbers of the batches that the events are in, of the insertion and of each change; 0 for
	// those from before there were batches, which may be left out.
	Batches []int64 `bson:"batches,omitempty"`
	// PlanFrom is nil where everything is planned.
	PlanFrom *int           `bson:"plan_from,omitempty"`
	History  record.History `bson:",inline"`
	// Decision is nil in documents from before it was kept.
	Decision *record.Basis `bson:"decision,omitempty"`
}

func encodeConversion(c domain.Conversion) *conversionDocument {
	u := c.PubUniques
	d := &conversionDocument{
		ID: c.ID, ContentHash: c.ContentHash, Offer: c.Offer, Publisher: c.Publisher, Coupon: c.Coupon,
		CouponCode: c.CouponCode, CouponCodeKey: couponcode.Fold(c.CouponCode),
		Codes: c.Codes, Click: c.Click, TransactionID: c.TransactionID, Event: c.Event,
		Amount: record.Money(c.Amount), Discount: record.Money(c.Discount), Payout: record.Money(c.Payout), Revenue: record.Money(c.Revenue), Refunded: record.Money(c.Refunded),
		Status: c.Status, StatusReason: c.StatusReason, Outcome: c.Outcome, Method: c.Method, Reason: c.Reason, Explanation: c.Explanation, Candidates: c.Candidates,
		PubUnique1: u[0], PubUnique2: u[1], PubUnique3: u[2], PubUnique3Key: couponcode.Fold(u[2]), PubUnique4: u[3], PubUnique5: u[4],
		PubClickID: c.PubClickID, PubSubID: c.PubSubID,
		ConversionTime: c.ConversionTime, CreateTime: c.CreateTime, UpdateTime: c.UpdateTime, Revision: c.Revision,
		Undeduplicated: c.Undeduplicated, Postback: c.Postback, Conflicted: c.Conflicted, CodeUnknown: c.CodeUnknown,
		History: record.EncodeHistory(&c), Decision: record.EncodeBasis(c.Basis),
	}
	if c.Unplanned {
		d.PlanFrom = &c.PlanFrom
	}
	return d
}

func (d *conversionDocument) decode() domain.Conversion {
	c := domain.Conversion{
		ID: d.ID, ContentHash: d.ContentHash, Offer: d.Offer, Publisher: d.Publisher, Coupon: d.Coupon, CouponCode: d.CouponCode,
		Codes: d.Codes, Click: d.Click, TransactionID: d.TransactionID, Event: d.Event,
		Amount: money.Money(d.Amount), Discount: money.Money(d.Discount), Payout: money.Money(d.Payout), Revenue: money.Money(d.Revenue), Refunded: money.Money(d.Refunded),
		Status: d.Status, StatusReason: d.StatusReason, Outcome: d.Outcome, Method: d.Method, Reason: d.Reason, Explanation: d.Explanation, Candidates: d.Candidates,
		PubUniques: domain.Uniques{d.PubUnique1, d.PubUnique2, d.PubUnique3, d.PubUnique4, d.PubUnique5},
		PubClickID: d.PubClickID, PubSubID: d.PubSubID,
		ConversionTime: d.ConversionTime.UTC(), CreateTime: d.CreateTime.UTC(), UpdateTime: d.UpdateTime.UTC(), Revision: d.Revision,
		Undeduplicated: d.Undeduplicated, Postback: d.Postback, Conflicted: d.Conflicted, CodeUnknown: d.CodeUnknown,
		Basis: d.Decision.Decode(),
	}
	if d.PlanFrom != nil {
		c.Unplanned, c.PlanFrom = true, *d.PlanFrom
	}
	d.History.Decode(&c)
	return c
}
