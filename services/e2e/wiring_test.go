package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestNoKeyNoStart starts each of the separate programs without an admin key. They refuse, and say how to give one.
func TestNoKeyNoStart(t *testing.T) {
	addrs := freeAddrs(t, 4)
	for _, name := range []string{"coupon", "tracking", "gateway"} {
		t.Run(name, func(t *testing.T) {
			p := startProcess(t, name, map[string]string{
				"COUPONLINK_HTTP_ADDR":          addrs[0],
				"COUPONLINK_COUPON_GRPC_ADDR":   addrs[1],
				"COUPONLINK_TRACKING_GRPC_ADDR": addrs[2],
				"COUPONLINK_TRACKING_HTTP_ADDR": addrs[3],
				"COUPONLINK_DATA_DIR":           t.TempDir(),
			})
			if err := p.wait(t, startPatience); err == nil {
				t.Error("it ended well")
			}
			if log := p.log.String(); !strings.Contains(log, "COUPONLINK_ADMIN_KEY") {
				t.Errorf("it does not say how to give a key: %s", log)
			}
		})
	}
}

// TestGeneratedKey starts the product without an admin key. It generates one, keeps it for the next start, and lets
// nobody else read it.
func TestGeneratedKey(t *testing.T) {
	dataDir, addrs := t.TempDir(), freeAddrs(t, 3)
	path := filepath.Join(dataDir, "admin-key")
	first := ""
	for start := range 2 {
		s, process := startAt(t, addrs, dataDir, map[string]string{"COUPONLINK_ADMIN_KEY": ""})
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		key := strings.TrimSpace(string(content))
		if start == 0 {
			first = key
		}
		if key != first || len(key) < 16 {
			t.Errorf("start %d: the key is %q, the first one was %q", start, key, first)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the key's file: %v %v", info, err)
		}
		for auth, want := range map[string]int{"Bearer " + key: http.StatusOK, "Bearer " + adminKey: http.StatusUnauthorized} {
			p := player{system: s, transport: "rest"}
			p.mustPlay(t, vars{}, []step{{HTTP: "GET /v1/offers", Auth: auth, expectation: expectation{Status: want}}})
		}
		process.askToStop(t)
		if err := process.wait(t, stopPatience); err != nil {
			t.Errorf("it ended with %v", err)
		}
		if log := process.log.String(); strings.Contains(log, key) || !strings.Contains(log, path) {
			t.Errorf("start %d: a log has the key, or does not name its file:\n%s", start, log)
		}
	}
}

// TestOneProcessPerDataDirectory starts a second process on the data of a first one. It exits at once and says who has
// the data, and the first one keeps serving.
func TestOneProcessPerDataDirectory(t *testing.T) {
	t.Parallel()
	dataDir := t.TempDir()
	s, first := startTogether(t, dataDir, nil)
	addrs := freeAddrs(t, 3)
	second := startProcess(t, "couponlink", map[string]string{
		"COUPONLINK_HTTP_ADDR": addrs[0], "COUPONLINK_COUPON_GRPC_ADDR": addrs[1], "COUPONLINK_TRACKING_GRPC_ADDR": addrs[2],
		"COUPONLINK_DATA_DIR": dataDir, "COUPONLINK_ADMIN_KEY": adminKey,
	})
	if err := second.wait(t, startPatience); err == nil {
		t.Error("the second process ended well")
	}
	if log, want := second.log.String(), fmt.Sprintf("is in use by process %d", first.cmd.Process.Pid); !strings.Contains(log, want) {
		t.Errorf("the second process says %q, want %q", log, want)
	}
	player{system: s, transport: "rest"}.mustPlay(t, vars{}, []step{{HTTP: "GET /v1/offers", expectation: expectation{Status: http.StatusOK}}})
}
