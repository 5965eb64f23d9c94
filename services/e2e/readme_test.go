package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// scriptLines bounds the length of a script, so that people read it.
const scriptLines = 10

// TestREADMEJourney runs the README's text as its reader would, next to a process that was started with addresses only.
// Tests need only Go, make and git, so it runs with testdata/curl, a stand-in for curl, and also with curl if that is
// installed.
func TestREADMEJourney(t *testing.T) {
	t.Parallel()
	script := readmeScript(t, "journey") + readmeScript(t, "sale") + readmeScript(t, "reports")
	t.Run("stand-in", func(t *testing.T) {
		playJourney(t, script, curlDir(t)+string(filepath.ListSeparator)+os.Getenv("PATH"))
	})
	if _, err := exec.LookPath("curl"); err != nil {
		t.Log("curl is not installed: the journey ran with the stand-in only")
		return
	}
	t.Run("curl", func(t *testing.T) { playJourney(t, script, os.Getenv("PATH")) })
}

// TestREADMEBackup runs the README's backup section after the journey that it refers to.
func TestREADMEBackup(t *testing.T) {
	t.Parallel()
	journey, backup := readmeScript(t, "journey"), readmeScript(t, "backup")
	addrs := freeAddrs(t, 3)
	env := map[string]string{
		"COUPONLINK_HTTP_ADDR":          addrs[0],
		"COUPONLINK_COUPON_GRPC_ADDR":   addrs[1],
		"COUPONLINK_TRACKING_GRPC_ADDR": addrs[2],
	}
	p := startProcess(t, "couponlink", env)
	awaitReady(t, "http://"+addrs[0], p)
	shell := []string{"BASE=http://" + addrs[0], "COUPONLINK=" + p.cmd.Path, "PATH=" + curlDir(t) + string(filepath.ListSeparator) + os.Getenv("PATH")}
	for name, value := range env {
		shell = append(shell, name+"="+value)
	}
	output := runShell(t, p.cmd.Dir, journey+backup, shell...)
	for _, want := range []string{
		`backed up backups/today: 2 databases, \d+ rows`,
		`verified backups/today: coupon.db and tracking.db, \d+ rows, \d+ figures, no fault`,
		`restored restored: 2 databases, \d+ rows`,
		`(?s)restored restored.*"transactionId": ?"A-1001"`,
		`"differing": ?"0"`,
	} {
		if !regexp.MustCompile(want).MatchString(output) {
			t.Errorf("the output has nothing like %s:\n%s", want, output)
		}
	}
}

func playJourney(t *testing.T, script, path string) {
	t.Helper()
	addrs := freeAddrs(t, 3)
	p := startProcess(t, "couponlink", map[string]string{
		"COUPONLINK_HTTP_ADDR":          addrs[0],
		"COUPONLINK_COUPON_GRPC_ADDR":   addrs[1],
		"COUPONLINK_TRACKING_GRPC_ADDR": addrs[2],
	})
	base := "http://" + addrs[0]
	awaitReady(t, base, p)

	output := runShell(t, p.cmd.Dir, script, "BASE="+base, "PATH="+path)
	for _, want := range []string{
		`"internalNote": ?"autumn campaign"`,
		`https://shop\.example\.com/\?cid=[0-9a-f-]{32,36}&promo=SALEXYZ20\n`,
		`"outcome": ?"ATTRIBUTED"`,
		`"pubUnique3": ?"SALEXYZ20"`,
		`"transactionId": ?"A-1001"`,
		`"publisher": ?"publishers/22"`,
		`20 USD of 59.9 USD refunded`,
		`"statusReason": ?"goods came back"`,
		`"rule": ?"CODE_FIRST`,
		`"httpStatus": ?200`,
		`"couponCode": ?"SALEXYZ20".*"clicks": ?"1", ?"conversions": ?"1"`,
		`"totals": ?\{"clicks": ?"0", ?"conversions": ?"1"`,
		`"transaction_id","pub_unique3","amount","currency"\r\n"A-1001","SALEXYZ20",59.9,"USD"`,
		`"differing": ?"0"`,
		`"suggestion": ?"SUMMER2"`,
		`"created": ?1`,
	} {
		if !regexp.MustCompile(want).MatchString(output) {
			t.Errorf("the journey's output has nothing like %s:\n%s", want, output)
		}
	}
}

// readmeScript returns the shell lines between two of the README's marks.
func readmeScript(t *testing.T, mark string) string {
	t.Helper()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)<!-- " + mark + ":start -->\n```sh\n(.*?)```\n<!-- " + mark + ":end -->").FindSubmatch(readme)
	if block == nil {
		t.Fatalf("the README has no shell block between the marks %s:start and %s:end", mark, mark)
	}
	script := string(block[1])
	if lines := strings.Count(script, "\n"); lines > scriptLines {
		t.Errorf("%s has %d lines, more than %d", mark, lines, scriptLines)
	}
	return script
}

// runShell runs a script, which must succeed, and returns its output.
func runShell(t *testing.T, dir, script string, env ...string) string {
	t.Helper()
	shell := exec.Command("bash", "-e", "-o", "pipefail", "-c", script)
	shell.Dir = dir
	shell.Env = append(env, "HOME="+dir)
	output, err := shell.CombinedOutput()
	if err != nil {
		t.Fatalf("the script failed: %v\n%s", err, output)
	}
	return string(output)
}

// curlDir returns a directory with nothing but the stand-in for curl.
func curlDir(t *testing.T) string {
	t.Helper()
	path, err := programs.Path("curl")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(path, filepath.Join(dir, "curl")); err != nil {
		t.Fatal(err)
	}
	return dir
}
