package settings_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/clientaddr"
	"github.com/couponlink/couponlink/services/internal/settings"
)

func file(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDatabase(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		in      settings.Storage
		want    settings.Database
		wantErr string
	}{
		"default":           {settings.Storage{DataDir: "d"}, settings.Database{SQLiteDir: "d"}, ""},
		"sqlite":            {settings.Storage{DataDir: "d", DatabaseURL: "sqlite:/x/y"}, settings.Database{SQLiteDir: "/x/y"}, ""},
		"mongodb":           {settings.Storage{DatabaseURL: "mongodb://h/"}, settings.Database{MongoDBURI: "mongodb://h/"}, ""},
		"mongodb+srv":       {settings.Storage{DatabaseURL: "mongodb+srv://h/"}, settings.Database{MongoDBURI: "mongodb+srv://h/"}, ""},
		"MONGODB_URI":       {settings.Storage{DataDir: "d", MongoDBURI: "mongodb://h/"}, settings.Database{MongoDBURI: "mongodb://h/"}, ""},
		"URL before URI":    {settings.Storage{DatabaseURL: "sqlite:z", MongoDBURI: "mongodb://h/"}, settings.Database{SQLiteDir: "z"}, ""},
		"file":              {settings.Storage{DatabaseURLFile: file(t, "mongodb://h/\n")}, settings.Database{MongoDBURI: "mongodb://h/"}, ""},
		"both":              {settings.Storage{DatabaseURL: "sqlite:z", DatabaseURLFile: file(t, "x")}, settings.Database{}, "both"},
		"no file":           {settings.Storage{DatabaseURLFile: "/does/not/exist"}, settings.Database{}, "COUPONLINK_DATABASE_URL_FILE"},
		"empty file":        {settings.Storage{DatabaseURLFile: file(t, " \n")}, settings.Database{}, "empty"},
		"sqlite nowhere":    {settings.Storage{DatabaseURL: "sqlite:"}, settings.Database{}, "without a directory"},
		"another database":  {settings.Storage{DatabaseURL: "postgres://u:secret@h"}, settings.Database{}, "must begin with"},
		"no data directory": {settings.Storage{}, settings.Database{}, "COUPONLINK_DATA_DIR"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := c.in.Database()
			if got != c.want || (err != nil) != (c.wantErr != "") {
				t.Fatalf("%+v, %v", got, err)
			}
			if err != nil && (!strings.Contains(err.Error(), c.wantErr) || strings.Contains(err.Error(), "secret@")) {
				t.Errorf("error %q", err)
			}
		})
	}
}

func TestDatabaseIsPrintedWithoutItsPassword(t *testing.T) {
	t.Parallel()
	got := settings.Database{MongoDBURI: "mongodb://user:secret@a:1/?replicaSet=r"}.String()
	if got != "mongodb://a:1" {
		t.Errorf("%q", got)
	}
}

func TestAdminKey(t *testing.T) {
	t.Parallel()
	const good = "0123456789abcdef"
	for name, c := range map[string]struct {
		in      settings.AdminKey
		want    string
		wantErr string
	}{
		"given":       {settings.AdminKey{AdminKey: good}, good, ""},
		"by file":     {settings.AdminKey{AdminKeyFile: file(t, good+"\n")}, good, ""},
		"none":        {settings.AdminKey{}, "", "COUPONLINK_ADMIN_KEY"},
		"short":       {settings.AdminKey{AdminKey: good[1:]}, "", "at least 16"},
		"spaces":      {settings.AdminKey{AdminKey: "a key with spaces in it"}, "", "ASCII"},
		"not ASCII":   {settings.AdminKey{AdminKey: "0123456789abcdeé"}, "", "ASCII"},
		"both":        {settings.AdminKey{AdminKey: good, AdminKeyFile: file(t, good)}, "", "both"},
		"file absent": {settings.AdminKey{AdminKeyFile: "/does/not/exist"}, "", "COUPONLINK_ADMIN_KEY_FILE"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := c.in.Required()
			if err == nil && (got != c.want || c.wantErr != "") || err != nil && (c.wantErr == "" || !strings.Contains(err.Error(), c.wantErr)) {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

func TestAdminKeyIsGeneratedOnce(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	path := filepath.Join(dir, "admin-key")
	first, err := settings.AdminKey{}.OrGenerated(dir)
	if err != nil || len(first.Key) != 43 || first.Place != path || !first.IsNew {
		t.Fatalf("%+v, %v", first, err)
	}
	again, err := settings.AdminKey{}.OrGenerated(dir)
	if want := (settings.KnownKey{Key: first.Key, Place: path}); err != nil || again != want {
		t.Errorf("the second start has %+v, %v", again, err)
	}
	given, err := settings.AdminKey{AdminKey: "0123456789abcdef"}.OrGenerated(dir)
	if want := (settings.KnownKey{Key: "0123456789abcdef", Place: "COUPONLINK_ADMIN_KEY"}); err != nil || given != want {
		t.Errorf("a given key does not win: %+v, %v", given, err)
	}
	name := file(t, "fedcba9876543210")
	given, err = settings.AdminKey{AdminKeyFile: name}.OrGenerated(dir)
	if want := (settings.KnownKey{Key: "fedcba9876543210", Place: name}); err != nil || given != want {
		t.Errorf("a given file does not win: %+v, %v", given, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Fatalf("%v, %v", entries, err)
	}
	info, err := entries[0].Info()
	if err != nil || info.Name() != "admin-key" || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}

func TestGeneratedAdminKeyIsRefusedWhenDamaged(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "admin-key"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if key, err := (settings.AdminKey{}).OrGenerated(dir); err == nil {
		t.Errorf("an empty key file gave the key %+v", key)
	}
}

func TestPublicURL(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ given, addr, want string }{
		{"", "127.0.0.1:8080", "http://127.0.0.1:8080"},
		{"", ":8080", "http://localhost:8080"},
		{"", "0.0.0.0:80", "http://localhost:80"},
		{"", "[::]:80", "http://localhost:80"},
		{"", "[::1]:80", "http://[::1]:80"},
		{"", "nonsense", ""},
		{"https://go.example.com/", ":1", "https://go.example.com"},
		{"https://go.example.com:8443", ":1", "https://go.example.com:8443"},
		{"https://GO.example.com:443", ":1", "https://go.example.com"},
		{"HTTP://go.example.com:80/", ":1", "http://go.example.com"},
		{"http://go.example.com:443", ":1", "http://go.example.com:443"},
		{"https://bücher.example", ":1", "https://xn--bcher-kva.example"},
		{"https://[2001:DB8::1]:8443", ":1", "https://[2001:db8::1]:8443"},
		{"https://a b.example", ":1", ""},
		{"http://my_shop:8080", ":1", "http://my_shop:8080"},
		{"http://192.0.2.1", ":1", "http://192.0.2.1"},
		{"go.example.com", ":1", ""},
		{"ftp://go.example.com", ":1", ""},
		{"https://go.example.com/sub", ":1", ""},
		{"https://go.example.com/?a=b", ":1", ""},
		{"https://u:p@go.example.com", ":1", ""},
	} {
		got, err := settings.PublicURL{PublicURL: c.given}.Or(c.addr)
		if got != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%+v: %q, %v", c, got, err)
		}
	}
}

func TestAllowedHosts(t *testing.T) {
	t.Parallel()
	inside := &url.URL{Scheme: "http", Host: "127.0.0.1:9090"}
	for given, want := range map[string]string{
		"":                             "COUPONLINK_ALLOWED_PRIVATE_HOSTS",
		"tracker.corp, 127.0.0.1:9090": "",
		"127.0.0.0/8":                  "",
	} {
		allowed, err := settings.AllowedPrivateHosts{AllowedPrivateHosts: given}.AllowedHosts()
		if err != nil {
			t.Errorf("%q: %v", given, err)
			continue
		}
		if err := allowed.CheckURL(inside); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", given, err)
		}
	}
	if _, err := (settings.AllowedPrivateHosts{AllowedPrivateHosts: "a.b,10.0.0.0/99"}).AllowedHosts(); err == nil || !strings.Contains(err.Error(), `COUPONLINK_ALLOWED_PRIVATE_HOSTS: the entry "10.0.0.0/99"`) {
		t.Errorf("got %v", err)
	}
}

// TestAdminKeyRace checks that processes that start together on a directory use the same key.
func TestAdminKeyRace(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	keys := make([]settings.KnownKey, 16)
	var group sync.WaitGroup
	for i := range keys {
		group.Go(func() { keys[i], _ = settings.AdminKey{}.OrGenerated(dir) })
	}
	group.Wait()
	generated := 0
	for _, key := range keys {
		if key.Key == "" || key.Key != keys[0].Key {
			t.Fatalf("keys differ: %+v", keys)
		}
		if key.IsNew {
			generated++
		}
	}
	if generated != 1 {
		t.Errorf("%d processes say that they generated the key, want 1", generated)
	}
}

func TestTimeZone(t *testing.T) {
	for name, ok := range map[string]bool{"": true, "UTC": true, "Europe/Berlin": true, "Local": false, "Berlin": false, "../etc": false} {
		if _, err := (settings.TimeZone{TimeZone: name}).Zone(); (err == nil) != ok {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestRetention(t *testing.T) {
	for given, want := range map[time.Duration]time.Duration{0: 90 * 24 * time.Hour, 24 * time.Hour: 24 * time.Hour, time.Hour: 0, 1e6 * time.Hour: 0, -1: 0} {
		if got, err := (settings.Retention{PostbackRetention: given}).Postbacks(); got != want || (err == nil) != (want > 0) {
			t.Errorf("%s: %s, %v", given, got, err)
		}
	}
}

func TestClickRetention(t *testing.T) {
	for given, want := range map[time.Duration]time.Duration{
		0: 9600 * time.Hour, 168 * time.Hour: 168 * time.Hour, 9600 * time.Hour: 9600 * time.Hour, 167 * time.Hour: 0, 9601 * time.Hour: 0, -1: 0,
	} {
		if got, err := (settings.Retention{ClickRetention: given}).Clicks(); got != want || (err == nil) != (want > 0) {
			t.Errorf("%s: %s, %v", given, got, err)
		}
	}
}

func TestOrigins(t *testing.T) {
	for text, want := range map[string]string{
		"": "", " ": "", "https://App.example.com": "https://app.example.com",
		"https://a.example, http://localhost:3000,":  "https://a.example http://localhost:3000",
		"HTTPS://a.example:443":                      "https://a.example",
		"http://a.example:80, http://a.example:0443": "http://a.example http://a.example:443",
		"https://B\u00fccher.example:8443":           "https://xn--bcher-kva.example:8443",
		"https://[2001:DB8::1]:443":                  "https://[2001:db8::1]",
	} {
		got, err := settings.CORSOrigins{CORSOrigins: text}.Origins()
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%q: got %q, %v; want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"*", "https://*.example.com", "app.example.com", "https://a.example/", "https://a.example/x", "null", "ftp://a.example", "https://", "https://u@a.example?", "https://a.example:99999", "https://a b.example", "https://\u00ad.example"} {
		if got, err := (settings.CORSOrigins{CORSOrigins: text}).Origins(); err == nil {
			t.Errorf("%q: got %q, want an error", text, got)
		}
	}
}

func TestProxies(t *testing.T) {
	for given, want := range map[string]string{"": "203.0.113.7", "none": "127.0.0.1", "10.0.0.0/8": "127.0.0.1"} {
		proxies, err := settings.TrustedProxies{TrustedProxies: given}.Proxies()
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/click", http.NoBody)
		r.RemoteAddr = "127.0.0.1:1"
		r.Header.Set("X-Forwarded-For", "203.0.113.7")
		proxies.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if got := clientaddr.Of(r); got != want {
				t.Errorf("%q: got %s, want %s", given, got, want)
			}
		})).ServeHTTP(httptest.NewRecorder(), r)
	}
	if _, err := (settings.TrustedProxies{TrustedProxies: "proxy.corp"}).Proxies(); err == nil || !strings.Contains(err.Error(), `COUPONLINK_TRUSTED_PROXIES: the entry "proxy.corp"`) {
		t.Errorf("got %v", err)
	}
}

func TestClickAddresses(t *testing.T) {
	for given, want := range map[string]string{"": "truncated", "full": "full", "truncated": "truncated", "none": "none", "half": ""} {
		if got, err := (settings.ClickAddresses{ClickAddresses: given}).Addresses(); got != want || (err != nil) != (want == "") {
			t.Errorf("%q: %q, %v", given, got, err)
		}
	}
}
