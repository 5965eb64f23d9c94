package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

const (
	adminKey = "bench-admin-key-0123456789"
	patience = 5 * time.Minute
)

// server is a couponlink on a program's data.
type server struct {
	origin  string
	process *exec.Cmd
}

// build builds couponlink.
func build(ctx context.Context, dir string) (string, error) {
	binary := filepath.Join(dir, "couponlink")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", binary, "github.com/couponlink/couponlink/services/couponlink/cmd/couponlink") //nolint:gosec // only the place of the binary varies
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("building couponlink: %w", err)
	}
	return binary, nil
}

// start starts couponlink on a program's data and waits until it answers.
func start(ctx context.Context, binary string, p *program) error {
	addr, err := freeAddr(ctx)
	if err != nil {
		return err
	}
	p.origin = "http://" + addr
	p.process = exec.CommandContext(ctx, binary)
	p.process.Stderr = os.Stderr
	p.process.Env = append(os.Environ(),
		"COUPONLINK_HTTP_ADDR="+addr, "COUPONLINK_COUPON_GRPC_ADDR=127.0.0.1:0", "COUPONLINK_TRACKING_GRPC_ADDR=127.0.0.1:0",
		"COUPONLINK_DATA_DIR="+p.dir, "COUPONLINK_ADMIN_KEY="+adminKey)
	if err := p.process.Start(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		if err := p.get(ctx, "/readyz", io.Discard); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			p.stop()
			return fmt.Errorf("couponlink on %s does not get ready", p.dir)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// stop ends the server, if it was started.
func (s *server) stop() {
	if s.process == nil || s.process.Process == nil {
		return
	}
	_ = s.process.Process.Signal(syscall.SIGTERM) // gone already otherwise
	_ = s.process.Wait()
}

// get writes what a path answers to w.
func (s *server) get(ctx context.Context, path string, w io.Writer) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.origin+path, nil)
	if err != nil {
		return err
	}
	return s.do(req, w)
}

// post sends a JSON body.
func (s *server) post(ctx context.Context, path string, body any, w io.Writer) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.origin+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	return s.do(req, w)
}

func (s *server) do(req *http.Request, w io.Writer) error {
	req.Header.Set("Authorization", "Bearer "+adminKey)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 1000))
		return fmt.Errorf("%s %s: %s: %s", req.Method, req.URL.Path, resp.Status, text)
	}
	_, err = io.Copy(w, resp.Body)
	return err
}

// freeAddr returns an address that nobody listens on.
func freeAddr(ctx context.Context) (string, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}
