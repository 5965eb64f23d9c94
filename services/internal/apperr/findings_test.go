package apperr_test

import (
	"errors"
	"testing"

	"github.com/couponlink/couponlink/services/internal/apperr"
)

func TestFindings(t *testing.T) {
	code := apperr.Invalid("INVALID_CODE", "code", "has '_'").With("suggestion", "SALE")
	blocked := apperr.New(apperr.FailedPrecondition, "PUBLISHER_BLOCKED", "publisher 22 is blocked").On("publisher").With("publisher", "publishers/22")
	got := apperr.As(apperr.Join(nil, code, blocked, apperr.Invalid("INVALID_CODE", "code", "is empty"), apperr.Join(
		apperr.Invalid("INVALID_CODE", "code", "is too short"), apperr.Invalid("INVALID_START_TIME", "start_time", "is in 1999"))))
	want := []apperr.Violation{
		{"code", "has '_'", "INVALID_CODE"},
		{"publisher", "publisher 22 is blocked", "PUBLISHER_BLOCKED"},
		{"start_time", "is in 1999", "INVALID_START_TIME"},
	}
	if got.Kind != apperr.InvalidArgument || got.Reason != "INVALID_CODE" || got.Metadata["suggestion"] != "SALE" || got.Metadata["publisher"] != "publishers/22" {
		t.Errorf("got %+v, want the first one's kind and reason, and the metadata of all", got)
	}
	if len(got.Violations) != len(want) {
		t.Fatalf("got %v, want %v", got.Violations, want)
	}
	for i, v := range got.Violations {
		if v != want[i] {
			t.Errorf("violation %d is %v, want %v", i, v, want[i])
		}
	}
	if text := "code: has '_'; publisher 22 is blocked; start_time: is in 1999"; got.Message != text {
		t.Errorf("got the message %q, want %q", got.Message, text)
	}
	if len(code.Violations) != 1 || len(code.Metadata) != 1 {
		t.Errorf("the first finding was changed: %+v", code)
	}
}

func TestFindingsOfNothingAndOfFaults(t *testing.T) {
	if err := apperr.Join(nil, nil); err != nil {
		t.Errorf("nothing is wrong, got %v", err)
	}
	disk := errors.New("the disk is full")
	if err := apperr.Join(apperr.Invalid("INVALID_CODE", "code", "is empty"), disk); !errors.Is(err, disk) {
		t.Errorf("got %v, want the failure: it leaves nothing to tell the caller", err)
	}
}
