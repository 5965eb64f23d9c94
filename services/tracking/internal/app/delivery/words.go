package delivery

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/couponlink/couponlink/services/internal/outbound"
)

// maxWords bounds a text from outside, in bytes.
const maxWords = 300

// words says what an error of a call means, without the URL: its query is for the publisher only.
func words(err error, timeout time.Duration) string {
	var (
		dns         *net.DNSError
		certificate *tls.CertificateVerificationError
		record      tls.RecordHeaderError
		alert       tls.AlertError
	)
	switch {
	case outbound.IsBlocked(err):
		return "the address is inside the network: " + innermost(err)
	case errors.As(err, &dns) && dns.IsNotFound:
		return "the host " + dns.Name + " is not known"
	case errors.As(err, &dns):
		return "the host " + dns.Name + " could not be looked up"
	case connecting(err) && timedOut(err):
		return "no connection in time"
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer within " + strconv.FormatFloat(timeout.Seconds(), 'f', -1, 64) + " s"
	case errors.As(err, &certificate):
		return "the certificate is not valid: " + clip(certificate.Err.Error())
	case errors.As(err, &record) || errors.Is(err, http.ErrSchemeMismatch):
		return "the endpoint does not speak TLS"
	case errors.As(err, &alert):
		return "the endpoint refused the TLS connection: " + clip(alert.Error())
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the connection was refused"
	case errors.Is(err, syscall.EHOSTUNREACH) || errors.Is(err, syscall.ENETUNREACH):
		return "the host cannot be reached"
	case errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection was closed before there was an answer"
	case timedOut(err):
		return "no connection, or no answer, in time"
	default:
		return clip(innermost(err))
	}
}

// connecting says whether an error came before there was a connection.
func connecting(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

func timedOut(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// innermost returns the text of an error without those around it that tell of URL and address.
func innermost(err error) string {
	var call *url.Error
	if errors.As(err, &call) {
		err = call.Err
	}
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	return err.Error()
}

// clip shortens a text by others, which may be of any length.
func clip(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) <= maxWords {
		return text
	}
	return strings.ToValidUTF8(text[:maxWords], "") + "…"
}
