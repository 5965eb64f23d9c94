package access

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	accessv1 "github.com/couponlink/couponlink/gen/go/couponlink/access/v1"
)

// Remote returns a Lookup that asks the coupon service over a connection whose calls carry the admin key.
func Remote(coupon grpc.ClientConnInterface) Lookup {
	client := accessv1.NewAccessServiceClient(coupon)
	return func(ctx context.Context, hash Hash) (*Principal, error) {
		answer, err := client.AuthenticateKey(ctx, &accessv1.AuthenticateKeyRequest{SecretHash: hash[:]})
		switch status.Code(err) {
		case codes.OK:
			return fromProto(answer.GetPrincipal()), nil
		case codes.NotFound:
			return nil, nil
		default:
			return nil, cannotAsk(err)
		}
	}
}
