package e2e

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// TestConsoleFormsAreSentOnce sends forms of the console again, as a double click, a browser that got no answer, and Back
// and Save do.
func TestConsoleFormsAreSentOnce(t *testing.T) {
	t.Parallel()
	s, _ := startTogether(t, t.TempDir(), nil)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &http.Client{Jar: jar, Timeout: casePatience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	send := func(method, path string, form url.Values) (int, string, string) {
		r, err := http.NewRequestWithContext(t.Context(), method, s.base+path, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		answer, err := c.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = answer.Body.Close() }()
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, answer.Header.Get("Location"), string(text)
	}
	if code, _, text := send(http.MethodPost, "/console/login", url.Values{"key": {s.key}}); code != http.StatusSeeOther {
		t.Fatalf("login: %d %s", code, text)
	}
	keyOf := func(path string) string {
		_, _, text := send(http.MethodGet, path, nil)
		match := regexp.MustCompile(`action="` + regexp.QuoteMeta(path) + `"[^>]*><input type="hidden" name="form_key" value="([^"]+)"`).FindStringSubmatch(text)
		if match == nil {
			t.Fatalf("the form of %s has no key:\n%s", path, text)
		}
		return match[1]
	}
	const path = "/console/offers/new"
	form := url.Values{"form_key": {keyOf(path)}, "display_name": {"Shoes"}, "landing_page_url": {"https://shop.example.com/"}}
	places := make([]string, 8)
	var clicks sync.WaitGroup
	for i := range places {
		clicks.Go(func() {
			code, place, text := send(http.MethodPost, path, form)
			if places[i] = place; code != http.StatusSeeOther {
				t.Errorf("click %d: %d %s", i, code, text)
			}
		})
	}
	clicks.Wait()
	for i, place := range places {
		if place != places[0] {
			t.Errorf("click %d led to %s, want %s", i, place, places[0])
		}
	}
	wantOffers := func(after string, want int) {
		t.Helper()
		offers, _ := s.must(t, s.key, http.MethodGet, "/v1/offers", "")["offers"].([]any)
		if len(offers) != want {
			t.Errorf("after %s there are %d offers, want %d", after, len(offers), want)
		}
	}
	wantOffers("eight clicks", 1)
	form.Set("display_name", "Boots")
	if code, place, _ := send(http.MethodPost, path, form); code != http.StatusSeeOther || place == places[0] {
		t.Errorf("the form with another name: %d, to %s", code, place)
	}
	wantOffers("Back and another name", 2)
	form.Set("form_key", keyOf(path))
	send(http.MethodPost, path, form)
	wantOffers("the same in a new form", 3)
}
