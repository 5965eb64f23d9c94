package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
)

// player runs cases against one system over one transport.
type player struct {
	system    *system
	transport string // grpc or rest
	suite     suite
}

// play runs steps with a case's variables. The error says which step failed, and how.
func (p player) play(ctx context.Context, steps []step, v vars) error {
	steps, err := p.suite.flatten(steps)
	if err != nil {
		return err
	}
	for i, st := range steps {
		if st.Over != "" && st.Over != p.transport {
			continue
		}
		if err := nextMillisecond(ctx); err != nil {
			return err
		}
		if err := p.playStep(ctx, st, v); err != nil {
			return fmt.Errorf("step %d of %d: %s%s %s: %w", i+1, len(steps), st.Call, st.HTTP, st.Why, err)
		}
	}
	return nil
}

// nextMillisecond waits for the next millisecond. Times are stored in milliseconds, and what a later step makes must be
// later.
func nextMillisecond(ctx context.Context) error {
	now := time.Now()
	return sleep(ctx, now.Truncate(time.Millisecond).Add(time.Millisecond).Sub(now))
}

// playStep runs a step, repeatedly if it may take a while to succeed.
func (p player) playStep(ctx context.Context, st step, v vars) error {
	if st.Eventually == "" {
		return p.attempt(ctx, st, v)
	}
	patience, err := time.ParseDuration(st.Eventually)
	if err != nil {
		return err
	}
	for start := time.Now(); ; {
		err := p.attempt(ctx, st, v)
		if err == nil || time.Since(start) > patience {
			return err
		}
		if err := sleep(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
}

func (p player) attempt(ctx context.Context, st step, v vars) error {
	switch {
	case st.Pause != "":
		pause, err := time.ParseDuration(st.Pause)
		if err != nil {
			return err
		}
		return sleep(ctx, pause)
	case st.Set != nil:
		return v.set(st.Set)
	case st.Use == "" && st.Call == "" && st.HTTP == "":
		return v.scope(st.enter, st.leave)
	}
	var a answer
	var err error
	if st.Auth, err = v.expand(st.Auth); err != nil {
		return err
	}
	if st.Call != "" {
		a, err = p.call(ctx, st, v)
	} else {
		a, err = p.http(ctx, st, v)
	}
	if err != nil {
		return err
	}
	if err := check(st, a, v); err != nil {
		return fmt.Errorf("%w\nanswer: %d %v\n%v\n%s", err, a.httpStatus, a.status, a.header, a.text)
	}
	return keep(st, a, v)
}

// call makes a call over the player's transport.
func (p player) call(ctx context.Context, st step, v vars) (answer, error) {
	m, err := findMethod(st.Call)
	if err != nil {
		return answer{}, err
	}
	expanded, err := v.expandAll(st.Request)
	if err != nil {
		return answer{}, err
	}
	fields, _ := expanded.(map[string]any)
	request, err := m.request(fields, st.Mask)
	if err != nil {
		return answer{}, err
	}
	auth := p.authorization(st, true)
	if p.transport == "rest" {
		return callREST(ctx, p.system.client, p.system.base, m, request, auth)
	}
	conn := p.system.coupon
	if strings.HasPrefix(st.Call, "tracking.") {
		conn = p.system.tracking
	}
	return callGRPC(ctx, conn, m, request, auth)
}

// authorization returns the authorization that a step sends.
func (p player) authorization(st step, private bool) string {
	switch {
	case st.Auth == "none", st.Auth == "" && !private:
		return ""
	case st.Auth == "":
		return "Bearer " + p.system.key
	default:
		return st.Auth
	}
}

// http sends an HTTP request. It does not follow redirects.
func (p player) http(ctx context.Context, st step, v vars) (answer, error) {
	line, err := v.expand(st.HTTP)
	if err != nil {
		return answer{}, err
	}
	verb, target, _ := strings.Cut(line, " ")
	private := strings.HasPrefix(target, "/v1/")
	if strings.HasPrefix(target, "/") {
		target = p.system.base + target
	}
	body, err := requestBody(st, v)
	if err != nil {
		return answer{}, err
	}
	r, err := http.NewRequestWithContext(ctx, verb, target, body)
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0")
	if st.Form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, text := range st.Headers {
		value, err := v.expand(text)
		if err != nil {
			return answer{}, err
		}
		r.Header.Set(name, value)
	}
	if auth := p.authorization(st, private); auth != "" {
		r.Header.Set("Authorization", auth)
	}
	return doHTTP(p.system.client, r)
}

func requestBody(st step, v vars) (io.Reader, error) {
	if st.Form == nil {
		text, err := v.expand(st.Body)
		return strings.NewReader(text), err
	}
	form := url.Values{}
	for name, text := range st.Form {
		value, err := v.expand(text)
		if err != nil {
			return nil, err
		}
		form.Set(name, value)
	}
	return strings.NewReader(form.Encode()), nil
}

// check returns how an answer differs from the step's expectation.
func check(st step, a answer, v vars) error {
	want, err := v.expandAll(map[string]any{
		"response": st.Response, "metadata": anyMap(st.Metadata), "header": anyMap(st.Header),
		"text": st.Text, "message": st.Message, "description": st.Description,
	})
	if err != nil {
		return err
	}
	wanted := want.(map[string]any)
	if st.HTTP != "" {
		if err := checkHTTP(st, a, wanted); err != nil {
			return err
		}
	} else if err := checkStatus(st, a, wanted); err != nil {
		return err
	}
	if err := match(wanted["response"], a.value); err != nil {
		return fmt.Errorf("the answer%w", err)
	}
	return nil
}

// anyMap makes a nil map a nil value, which matches everything.
func anyMap(m map[string]any) any {
	if m == nil {
		return nil
	}
	return m
}

func checkHTTP(st step, a answer, wanted map[string]any) error {
	want := st.Status
	if want == 0 {
		want = http.StatusOK
	}
	if a.httpStatus != want {
		return fmt.Errorf("the HTTP status is %d, not %d", a.httpStatus, want)
	}
	if headers, ok := wanted["header"].(map[string]any); ok {
		for name, value := range headers {
			if err := match(value, a.header.Get(name)); err != nil {
				return fmt.Errorf("header %s %w", name, err)
			}
		}
	}
	if wanted["text"] == "" {
		return nil
	}
	if err := match(wanted["text"], a.text); err != nil {
		return fmt.Errorf("the body %w", err)
	}
	return nil
}

// checkStatus checks a call's code and details, and what every error promises: a message, a stable reason and, for an
// invalid argument, the field.
func checkStatus(st step, a answer, wanted map[string]any) error {
	var code codes.Code
	name := st.Code
	if name == "" {
		name = "OK"
	}
	if err := code.UnmarshalJSON([]byte(`"` + name + `"`)); err != nil {
		return fmt.Errorf("the case wants an unknown code: %w", err)
	}
	if a.status.Code() != code {
		return fmt.Errorf("the code is %s, not %s", a.status.Code(), code)
	}
	if code == codes.OK {
		return nil
	}
	if a.status.Message() == "" {
		return fmt.Errorf("the error says nothing")
	}
	if wanted["message"] != "" {
		if err := match(wanted["message"], a.status.Message()); err != nil {
			return fmt.Errorf("the message %w", err)
		}
	}
	var info *errdetails.ErrorInfo
	var violations []*errdetails.BadRequest_FieldViolation
	for _, detail := range a.status.Details() {
		switch d := detail.(type) {
		case *errdetails.ErrorInfo:
			info = d
		case *errdetails.BadRequest:
			violations = d.GetFieldViolations()
		}
	}
	if err := checkInfo(st.Reason, info, wanted["metadata"]); err != nil {
		return err
	}
	if code == codes.InvalidArgument && len(violations) == 0 {
		return fmt.Errorf("the error names no field")
	}
	for _, field := range st.Fields {
		if err := checkViolation(field, violations, ""); err != nil {
			return err
		}
	}
	return checkViolation(st.Field, violations, wanted["description"])
}

func checkInfo(reason string, info *errdetails.ErrorInfo, metadata any) error {
	if info.GetDomain() != "couponlink" || info.GetReason() == "" {
		return fmt.Errorf("the error has no ErrorInfo with a reason and the domain couponlink, but %v", info)
	}
	if reason != "" && info.GetReason() != reason {
		return fmt.Errorf("the reason is %s, not %s", info.GetReason(), reason)
	}
	values := map[string]any{}
	for key, value := range info.GetMetadata() {
		values[key] = value
	}
	if err := match(metadata, values); err != nil {
		return fmt.Errorf("the metadata %w", err)
	}
	return nil
}

func checkViolation(field string, violations []*errdetails.BadRequest_FieldViolation, description any) error {
	if field == "" {
		return nil
	}
	for _, violation := range violations {
		if violation.GetField() != field {
			continue
		}
		if violation.GetDescription() == "" {
			return fmt.Errorf("the violation of %s has no description", field)
		}
		if description == "" {
			return nil
		}
		if err := match(description, violation.GetDescription()); err != nil {
			return fmt.Errorf("the description of %s %w", field, err)
		}
		return nil
	}
	return fmt.Errorf("no violation names the field %s: %v", field, violations)
}

// keep sets the variables that a step saves from its answer.
func keep(st step, a answer, v vars) error {
	for name, path := range st.Save {
		value, err := at(a.value, path)
		if err != nil {
			return err
		}
		v[name] = fmt.Sprint(value)
	}
	for name, source := range st.Capture {
		header, pattern, _ := strings.Cut(source, ": ")
		re, err := regexp.Compile(pattern)
		if err != nil {
			return err
		}
		m := re.FindStringSubmatch(a.header.Get(header))
		if len(m) != 2 {
			return fmt.Errorf("header %s is %q, which does not match %s", header, a.header.Get(header), pattern)
		}
		v[name] = m[1]
	}
	if st.collect != nil {
		return st.collect(a.value)
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
