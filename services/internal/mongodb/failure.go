package mongodb

import (
	"context"
	"errors"
	"io"
	"net"
	"syscall"

	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/couponlink/couponlink/services/internal/apperr"
)

const (
	codeUnauthorized         = 13
	codeAuthenticationFailed = 18
)

// IsUnique reports whether the database refused a document because its `_id` or a unique value is taken.
func IsUnique(err error) bool { return mongo.IsDuplicateKeyError(err) }

// Failure maps an error of the storage (no primary, no connection, no answer in time, no majority, no disk) to an
// *apperr.Error of kind Unavailable. It returns any other error unchanged, including nil and the error of the caller's
// context.
//
// If the driver reports a timeout, it does not say whose. Such an error is Unavailable, with context.DeadlineExceeded
// among its causes.
func Failure(err error) error {
	switch {
	case err == nil, apperr.As(err) != nil:
		return err
	case errors.Is(err, errAway), errors.Is(err, errSlow), errors.Is(err, errLookup):
		return unavailable(err)
	case errors.Is(err, context.Canceled):
		return err
	case err == context.DeadlineExceeded: //nolint:errorlint // exactly the context's own; the driver's is wrapped
		return err
	case isConnectionFailure(err), isServerFailure(err):
		return unavailable(err)
	default:
		return err
	}
}

// IsAway says whether an error, of Open's for instance, comes from a deployment that cannot be reached or cannot do
// its work now: it passes by itself. One that StartFailure explains does not.
func IsAway(err error) bool {
	return errors.Is(err, errAway) || errors.Is(err, errSlow) || errors.Is(err, errLookup) ||
		isConnectionFailure(err) || isServerFailure(err)
}

// StartFailure returns the error of a start: if the server refuses the user, which waiting does not change, it says
// what would be right, and is not Unavailable. Any other error, nil included, is returned as it is.
func StartFailure(err error) error {
	var refusal mongo.ServerError
	switch {
	case !errors.As(err, &refusal):
		return err
	case refusal.HasErrorCode(codeAuthenticationFailed):
		return errors.New("the MongoDB server refuses the user or the password of the database URL: check both, and authSource, " +
			"the database that defines the user: " + refusal.Error())
	case refusal.HasErrorCode(codeUnauthorized):
		return errors.New("the MongoDB user of the database URL lacks a privilege: it needs readWrite and dbAdmin on the service's database: " +
			refusal.Error())
	default:
		return err
	}
}

func unavailable(err error) *apperr.Error {
	return apperr.New(apperr.Unavailable, "STORE_UNAVAILABLE", "the storage cannot be used now; try again later").Because(err)
}

// isConnectionFailure says whether there was no answer from a server.
func isConnectionFailure(err error) bool {
	if mongo.IsNetworkError(err) || mongo.IsTimeout(err) || errors.Is(err, mongo.ErrClientDisconnected) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return true
	}
	// A pool whose server was just lost refuses connections with an error that only this method identifies.
	var poolCleared interface{ Retryable() bool }
	if errors.As(err, &poolCleared) {
		return true
	}
	var network net.Error
	if !errors.As(err, &network) {
		return false
	}
	// The number of a system call's error is a net.Error too, by its methods. By itself it is one of the file
	// system: the driver's come in a net.OpError.
	_, isFile := network.(syscall.Errno)
	return !isFile
}

// isServerFailure reports whether a server answered that it cannot do its work now, or not for us.
func isServerFailure(err error) bool {
	var refusal mongo.ServerError
	if !errors.As(err, &refusal) {
		return false
	}
	for _, label := range []string{"RetryableWriteError", "TransientTransactionError", "UnknownTransactionCommitResult"} {
		if refusal.HasErrorLabel(label) {
			return true
		}
	}
	for _, code := range refusal.ErrorCodes() {
		if isUnavailable(code) {
			return true
		}
	}
	return false
}

// isUnavailable reports whether a server error code describes the state of the deployment rather than a fault in the
// command.
func isUnavailable(code int) bool {
	switch code {
	case 6, 7, 89, 9001: // HostUnreachable, HostNotFound, NetworkTimeout, SocketException
		return true
	case 10107, 13435, 13436, 10058, 189, 133: // NotWritablePrimary and its kin, FailedToSatisfyReadPreference
		return true
	case 91, 11600, 11601, 11602: // ShutdownInProgress and Interrupted…
		return true
	case 43, 175: // CursorNotFound and QueryPlanKilled: the query is gone, and can be repeated
		return true
	case 50, 202, 262: // MaxTimeMSExpired, NetworkInterfaceExceededTimeLimit, ExceededTimeLimit
		return true
	case 64, 79, 100: // WriteConcernFailed, UnknownReplWriteConcern, UnsatisfiableWriteConcern
		return true
	case 24, 46, 112, 251, 256: // LockTimeout, LockBusy, WriteConflict, NoSuchTransaction, TransactionCommitted
		return true
	case 134, 239, 246: // ReadConcernMajorityNotAvailableYet, SnapshotTooOld, SnapshotUnavailable
		return true
	case codeUnauthorized, codeAuthenticationFailed:
		return true
	case 14031, 39, 2001: // OutOfDiskSpace, FileStreamFailed, and a disk that refuses writes
		return true
	default:
		return false
	}
}
