package grpcapi

import (
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/tracking/internal/app/calls"
	"github.com/couponlink/couponlink/services/tracking/internal/app/conversions"
	"github.com/couponlink/couponlink/services/tracking/internal/app/reporting"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// exportBytes is the size at which a part of an export is sent: small enough for a slow caller to read in time.
const exportBytes = 64 << 10

type reportServer struct {
	trackingv1.UnimplementedReportServiceServer
	service     *reporting.Service
	conversions *conversions.Service
	calls       *calls.Service
}

func (s *reportServer) ExportConversions(req *trackingv1.ExportConversionsRequest, stream grpc.ServerStreamingServer[trackingv1.ExportConversionsResponse]) error {
	return s.conversions.Export(stream.Context(), req.GetFilter(), req.GetOrderBy(), func(part []domain.Conversion) error {
		return sendExport(part, stream.Send)
	})
}

// sendExport sends a part of an export, in several messages if it is large.
func sendExport(part []domain.Conversion, send func(*trackingv1.ExportConversionsResponse) error) error {
	// Use a new message each time, since one that was sent may still be read.
	answer, size := &trackingv1.ExportConversionsResponse{}, 0
	for _, c := range part {
		conversion := conversionToProto(c)
		answer.Conversions = append(answer.Conversions, conversion)
		if size += proto.Size(conversion); size < exportBytes {
			continue
		}
		if err := send(answer); err != nil {
			return err
		}
		answer, size = &trackingv1.ExportConversionsResponse{}, 0
	}
	if len(answer.GetConversions()) == 0 {
		return nil
	}
	return send(answer)
}
