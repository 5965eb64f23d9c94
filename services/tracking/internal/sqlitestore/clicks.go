package sqlitestore

import (
	"strings"

	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

const (
	clickColumns = `id, offer, publisher, coupon, coupon_code, reason, pub_click_id, pub_sub_id,
		pub_unique1, pub_unique2, pub_unique3, pub_unique4, pub_unique5, crawler, ip, user_agent, referer, time,
		dropped, publisher_unknown`
	// To bind NULL takes no memory of SQLite's, unlike '', and most texts are empty.
	insertClick = `INSERT INTO clicks (` + clickColumns + `) VALUES (?, ?, ifnull(?, ''), ifnull(?, ''), ifnull(?, ''),
		ifnull(?, ''), ifnull(?, ''), ifnull(?, ''), ifnull(?, ''), ifnull(?, ''), ifnull(?, ''), ifnull(?, ''),
		ifnull(?, ''), ?, ifnull(?, ''), ifnull(?, ''), ifnull(?, ''), ?, ifnull(?, ''), ?) ON CONFLICT (id) DO NOTHING`
)

// bindClick binds what insertClick takes.
func bindClick(a *arguments, c *domain.Click) {
	a.add(timeKey(c.ID))
	a.add(c.Offer)
	a.text(c.Publisher)
	a.text(c.Coupon)
	a.text(c.CouponCode)
	a.text(string(c.Reason))
	a.text(c.PubClickID)
	a.text(c.PubSubID)
	for _, unique := range c.PubUniques {
		a.text(unique)
	}
	a.flag(c.Crawler)
	a.text(c.IP)
	a.text(c.UserAgent)
	a.text(c.Referer)
	a.add(c.Time.UnixMilli())
	a.text(strings.Join(c.Dropped, "\n"))
	a.flag(c.PublisherUnknown)
}

// scanClick reads a row of clickColumns.
func scanClick(row scanner) (domain.Click, error) {
	var c domain.Click
	var ms int64
	var dropped string
	u := &c.PubUniques
	err := row.Scan((*timeID)(&c.ID), &c.Offer, &c.Publisher, &c.Coupon, &c.CouponCode, &c.Reason, &c.PubClickID, &c.PubSubID,
		&u[0], &u[1], &u[2], &u[3], &u[4], &c.Crawler, &c.IP, &c.UserAgent, &c.Referer, &ms, &dropped, &c.PublisherUnknown)
	if err != nil {
		return domain.Click{}, err
	}
	c.Time = fromMillis(ms)
	if dropped != "" {
		c.Dropped = strings.Split(dropped, "\n")
	}
	return c, nil
}
