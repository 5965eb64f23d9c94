package grpcapi

import (
	"context"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/resource"
	"github.com/couponlink/couponlink/services/tracking/internal/app/calls"
	"github.com/couponlink/couponlink/services/tracking/internal/app/linkscan"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/redirect"
)

// maxLanguageBytes bounds an Accept-Language header; browsers send less.
const maxLanguageBytes = 100

type scanServer struct {
	trackingv1.UnimplementedScanServiceServer
	service *linkscan.Service
	scanner *linkscan.Scanner
	calls   *calls.Service
}

func (s *scanServer) ScanLink(ctx context.Context, req *trackingv1.ScanLinkRequest) (*trackingv1.ScanLinkResponse, error) {
	visitor, err := visitorOf("", req.GetDevice(), req.GetLanguage())
	if err != nil {
		return nil, err
	}
	scan, err := s.scanner.ScanLink(ctx, req.GetUrl(), visitor)
	if err != nil {
		return nil, err
	}
	return scanToProto(scan), nil
}

func (s *scanServer) StreamScanLink(req *trackingv1.StreamScanLinkRequest, stream grpc.ServerStreamingServer[trackingv1.StreamScanLinkResponse]) error {
	visitor, err := visitorOf("", req.GetDevice(), req.GetLanguage())
	if err != nil {
		return err
	}
	scan, err := s.scanner.ScanLinkLive(stream.Context(), req.GetUrl(), visitor, func(hop redirect.Hop) {
		// A reader who disconnects ends the stream's context, and with it the scan.
		_ = stream.Send(&trackingv1.StreamScanLinkResponse{News: &trackingv1.StreamScanLinkResponse_Hop{Hop: hopToProto(hop)}})
	})
	if err != nil {
		return err
	}
	return stream.Send(&trackingv1.StreamScanLinkResponse{News: &trackingv1.StreamScanLinkResponse_Scan{Scan: scanToProto(scan)}})
}

// visitorOf reads the visitor that a scan pretends to be; in prefixes the fields in errors.
func visitorOf(in string, device trackingv1.ScanLinkRequest_Device, language string) (redirect.Visitor, error) {
	visitor := redirect.Visitor{Phone: device == trackingv1.ScanLinkRequest_PHONE, Language: language}
	if _, known := trackingv1.ScanLinkRequest_Device_name[int32(device)]; !known {
		return visitor, apperr.Invalid("INVALID_DEVICE", in+"device", "%d is no device", device)
	}
	if visitor.Language == "" {
		visitor.Language = "en"
	}
	if !isLanguage(visitor.Language) {
		return visitor, apperr.Invalid("INVALID_LANGUAGE", in+"language", "%q is no Accept-Language header such as de-CH,de;q=0.9", visitor.Language)
	}
	return visitor, nil
}

// isLanguage reports whether a text can be an Accept-Language header.
func isLanguage(text string) bool {
	other := strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-,;=.* ")
	return len(text) <= maxLanguageBytes && other == "" && strings.TrimSpace(text) != ""
}

func scanToProto(s redirect.Scan) *trackingv1.ScanLinkResponse {
	p := &trackingv1.ScanLinkResponse{
		Ok: true, Link: scannedLinkToProto(s.Link), FinalUrl: toText(s.FinalURL),
		ClickIdArrived: s.ClickIDArrived, CouponCodeArrived: s.CodeArrived, Problems: problemsToProto(s.Problems),
	}
	if s.Link != nil {
		p.ClickId = s.Link.Click.ID
	}
	if s.Link != nil {
		for _, one := range s.Link.Forwarded {
			p.Link.ForwardedParameters = append(p.Link.ForwardedParameters, &trackingv1.ForwardedParameter{
				Name: toText(one.Name), Value: toText(one.Value), Arrived: s.Arrived(one.Value),
			})
		}
	}
	for _, problem := range s.Problems {
		p.Ok = p.GetOk() && problem.Severity != redirect.Grave
	}
	for _, hop := range s.Hops {
		p.Hops = append(p.Hops, hopToProto(hop))
	}
	if d := s.Verdict; d != nil {
		p.Verdict = &trackingv1.ScanVerdict{Outcome: string(d.Outcome), Message: d.Explanation}
		if d.Outcome == domain.Attributed {
			p.Verdict.Publisher = resource.Publisher(d.Publisher)
		} else {
			p.Verdict.Reason = string(d.Reason)
		}
	}
	return p
}

func problemsToProto(problems []redirect.Problem) []*trackingv1.ScanProblem {
	var protos []*trackingv1.ScanProblem
	for _, problem := range problems {
		protos = append(protos, &trackingv1.ScanProblem{
			Severity: trackingv1.ScanProblem_Severity(trackingv1.ScanProblem_Severity_value[string(problem.Severity)]),
			Reason:   problem.Reason, Message: toText(problem.Message), Mend: problem.Fix, Hop: int32(problem.Hop), //nolint:gosec // there are ten at most
		})
	}
	return protos
}

func scannedLinkToProto(l *redirect.ScannedLink) *trackingv1.ScannedLink {
	if l == nil {
		return nil
	}
	p := &trackingv1.ScannedLink{
		OfferActive: l.OfferActive, PublisherApproved: l.PublisherApproved,
		Coupon: l.Click.Coupon, CouponCode: l.Click.CouponCode, Reason: string(l.Click.Reason), Dropped: l.Click.Dropped,
	}
	p.Offer = resource.Name(resource.Offers, l.Offer)
	p.Publisher = resource.Name(resource.Publishers, l.Click.Publisher)
	return p
}

func hopToProto(h redirect.Hop) *trackingv1.ScanHop {
	p := &trackingv1.ScanHop{
		Url: toText(h.URL), HttpStatus: int32(h.HTTPStatus), Latency: durationpb.New(h.Latency), //nolint:gosec // a status has three digits
		Kind: trackingv1.ScanHop_Kind(trackingv1.ScanHop_Kind_value[string(h.Kind)]), Location: toText(h.Location), Error: toText(h.Error),
	}
	for _, name := range h.Cookies {
		p.Cookies = append(p.Cookies, toText(name))
	}
	for _, carried := range h.Parameters {
		p.Parameters = append(p.Parameters, &trackingv1.ScanParameter{Name: toText(carried.Name), Present: carried.Present})
	}
	if !h.CertificateExpireTime.IsZero() {
		p.CertificateExpireTime = timestamppb.New(h.CertificateExpireTime)
	}
	return p
}

// toText replaces invalid UTF-8, which a proto message cannot hold.
func toText(others string) string { return strings.ToValidUTF8(others, "\uFFFD") }
