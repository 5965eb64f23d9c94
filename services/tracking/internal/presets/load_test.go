package presets

import (
	"strings"
	"testing"
	"testing/fstest"
)

const sound = `name: x
title: X
sources: [https://x.example.com]
parameters: {click_id: [cid], token: [secure]}
examples: [{url: "/?cid=1", report: {click_id: "1"}}]
`

func TestLoadRefusesContradictions(t *testing.T) {
	with := func(from, to string) string { return strings.Replace(sound, from, to, 1) }
	for says, tt := range map[string]struct{ text, fault string }{
		"a sound one":                     {sound, ""},
		"not YAML":                        {"{", "did not find"},
		"a field that is not known":       {sound + "names: y\n", "field names"},
		"another file's name":             {with("name: x", "name: y"), `named "y"`},
		"no source":                       {with("[https://x.example.com]", "[]"), "needs"},
		"no examples":                     {with(`[{url: "/?cid=1", report: {click_id: "1"}}]`, "[]"), "needs"},
		"a parameter that there is not":   {with("click_id: [cid]", "klick_id: [cid]"), "klick_id"},
		"an alias of ours":                {with("click_id: [cid]", "clickid: [cid]"), "clickid"},
		"one name for two of ours":        {with("{click_id: [cid]", "{offer_id: [cid], click_id: [cid]"), "cid is both"},
		"one name twice":                  {with("[cid]", "[cid, cid]"), "cid is both"},
		"a name used and ignored":         {sound + "ignored: [cid]\n", "cid is both"},
		"the name of the preset":          {with("[cid]", "[preset]"), "preset is both"},
		"our token for something else":    {with("[cid]", "[token]"), "token is both"},
		"our offer for something else":    {with("[cid]", "[offer_id]"), "offer_id is both"},
		"unconfirmed, but not used":       {sound + "unconfirmed: [y]\n", "y is unconfirmed"},
		"values of nothing":               {sound + "values: {status: {a: approved}}\n", "status"},
		"a value that we do not take":     {with("{click_id", "{status: [s], click_id") + "values: {status: {a: paid}}\n", "paid"},
		"a value that is never looked up": {with("{click_id", "{status: [s], click_id") + "values: {status: {A: approved}}\n", "lower case"},
	} {
		_, err := load(fstest.MapFS{"presets/x.yaml": {Data: []byte(tt.text)}})
		if (err == nil) != (tt.fault == "") || err != nil && !strings.Contains(err.Error(), tt.fault) {
			t.Errorf("%s: got %v, want %q", says, err, tt.fault)
		}
	}
}
