package scan

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/couponlink/couponlink/services/internal/outbound"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/redirect"
)

// maxWordsBytes bounds a text from outside.
const maxWordsBytes = 300

// failure classifies the error of a call: its fault, the fault in words, and when the certificate expires, if
// that is at fault.
func failure(err error) (fault, words string, expires time.Time) {
	var (
		certificate *tls.CertificateVerificationError
		dns         *net.DNSError
		timeout     net.Error
	)
	switch {
	case outbound.IsBlocked(err):
		return redirect.FaultBlocked, "it is inside the network: " + innermost(err), expires
	case strings.Contains(err.Error(), "failed to parse Location header"): // net/http has no error value for it
		return redirect.FaultBadRedirect, "it redirects to something that is not a URL", expires
	case errors.As(err, &certificate):
		if chain := certificate.UnverifiedCertificates; len(chain) > 0 {
			expires = chain[0].NotAfter
		}
		return redirect.FaultCertificate, "its certificate is not valid: " + clip(certificate.Err.Error()), expires
	case errors.As(err, &dns) && dns.IsNotFound:
		words = "the host " + clip(dns.Name) + " is not known"
	case errors.As(err, &dns):
		words = "the host " + clip(dns.Name) + " could not be looked up"
	case errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout():
		words = "there was no answer in time"
	case errors.Is(err, syscall.ECONNREFUSED):
		words = "the host refused the connection"
	case errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		words = "the host closed the connection without an answer"
	default:
		words = "there was no answer: " + innermost(err)
	}
	return redirect.FaultNoAnswer, words, expires
}

// innermost returns the message of the innermost error; those around it repeat the URL.
func innermost(err error) string {
	var call *url.Error
	if errors.As(err, &call) {
		err = call.Err
	}
	var operation *net.OpError
	if errors.As(err, &operation) {
		err = operation.Err
	}
	return clip(err.Error())
}

// clip cuts a text from outside to maxWordsBytes.
func clip(text string) string {
	return strings.ToValidUTF8(text[:min(len(text), maxWordsBytes)], "")
}
