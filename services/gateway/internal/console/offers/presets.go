package offers

// postbackWords are what a postback's parameters are called by one platform: our own, or a preset.
type postbackWords struct {
	// Preset is the preset's name, which stands in the path; empty: our own words.
	Preset, Title string
	// Names are the platform's names of our parameters. Parameters that it does not have are missing.
	Names map[string]string
	// Note is what its users should know.
	Note string
}

// postbackPresets are our own words and those of the presets, as docs/presets.md lists them.
func postbackPresets() []postbackWords {
	return []postbackWords{
		{Title: "Couponlink", Names: map[string]string{
			"coupon_code": "coupon_code", "click_id": "click_id", "offer_id": "offer_id", "transaction_id": "transaction_id", "amount": "amount",
			"currency": "currency", "event": "event", "token": "token", "status": "status",
		}},
		{Preset: "affise", Title: "Affise", Names: map[string]string{
			"coupon_code": "promo_code", "click_id": "clickid", "transaction_id": "action_id", "amount": "sum", "currency": "currency",
			"event": "goal", "token": "secure", "status": "status",
		}, Note: "A status is 1 for approved, 2 for pending, 3 for rejected, 5 for on hold."},
		{Preset: "cake", Title: "CAKE", Names: map[string]string{
			"coupon_code": "ecc", "click_id": "r", "offer_id": "o", "transaction_id": "t", "amount": "p", "currency": "eccu", "event": "e",
		}, Note: "CAKE has no token of its own: it is called token here. Several codes joined by ^ are no code that can be found."},
		{Preset: "everflow", Title: "Everflow", Names: map[string]string{
			"coupon_code": "coupon_code", "click_id": "transaction_id", "offer_id": "oid", "transaction_id": "order_id", "amount": "amount",
			"currency": "currency", "event": "event_id", "token": "verification_token",
		}, Note: "Everflow's transaction_id is the click, order_id the order. Event 0 is the base conversion."},
		{Preset: "swaarm", Title: "Swaarm", Names: map[string]string{
			"coupon_code": "coupon_code", "click_id": "click_id", "transaction_id": "order_id", "amount": "sale_amount", "currency": "currency",
			"event": "event_id", "token": "security_token",
		}},
		{Preset: "trackier", Title: "Trackier", Names: map[string]string{
			"coupon_code": "coupon", "click_id": "click_id", "transaction_id": "txn_id", "amount": "sale_amount", "currency": "currency",
			"event": "goal_value", "token": "security_token", "status": "status",
		}, Note: "A status is approved, pending, rejected or cancelled."},
		{Preset: "tune", Title: "TUNE (HasOffers)", Names: map[string]string{
			"coupon_code": "promo_code", "click_id": "transaction_id", "offer_id": "offer_id", "transaction_id": "adv_sub", "amount": "amount",
			"currency": "currency", "event": "goal_id", "token": "security_token",
		}, Note: "TUNE's transaction_id is the click. adv_sub must hold the order's number, or sales look like repeats of one."},
	}
}

// presetOf returns a preset by its name, or our own words if it is unknown.
func presetOf(name string) postbackWords {
	all := postbackPresets()
	for _, one := range all {
		if one.Preset == name {
			return one
		}
	}
	return all[0]
}

// of returns the platform's name of one of our parameters, or ours if it has no name for it.
func (w postbackWords) of(ours string) string {
	if name := w.Names[ours]; name != "" {
		return name
	}
	return ours
}

// postbackParameter is a parameter with what it means.
type postbackParameter struct {
	Name, Meaning string
	// Example is what stands for its value in the address to paste.
	Example string
}

// parameters are the parameters that an advertiser may send, in the order of the address to paste.
func (w postbackWords) parameters(offer string) []postbackParameter {
	all := []postbackParameter{
		{Name: "coupon_code", Meaning: "The coupon code that the shopper used. It says which publisher drove the sale.", Example: "COUPON_CODE"},
		{Name: "transaction_id", Meaning: "Your order number. The same one is never counted twice.", Example: "ORDER_ID"},
		{Name: "amount", Meaning: "The amount of the sale, with a point: 49.90. Payouts in percent are computed from it.", Example: "AMOUNT"},
		{Name: "currency", Meaning: "The amount's currency, three letters. Without it: the offer's.", Example: "CURRENCY"},
		{Name: "click_id", Meaning: "The click id that the landing page got as {click_id}. Send it when there is one: with code and click nothing is in doubt.", Example: "CLICK_ID"},
		{Name: "event", Meaning: "What happened, if you report more than sales. Without it: sale. It is part of what makes a sale the same one."},
		{Name: "status", Meaning: "pending, if you decide later on the sale. Then approved or rejected, with the same order number."},
		{Name: "offer_id", Meaning: "The offer. Needed only where neither token, code nor click tells it.", Example: offer},
		{Name: "token", Meaning: "The offer's secret. It proves that the sale comes from you."},
		{Name: "test", Meaning: "1: you get the full verdict as the answer, and nothing is stored."},
	}
	kept := all[:0]
	for _, one := range all {
		if one.Name == "status" && w.Names["status"] == "" {
			continue
		}
		one.Name = w.of(one.Name)
		kept = append(kept, one)
	}
	return kept
}
