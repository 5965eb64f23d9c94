package authn

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	accessv1 "github.com/couponlink/couponlink/gen/go/couponlink/access/v1"
	"github.com/couponlink/couponlink/services/internal/access"
)

// Remote returns a Lookup that asks the coupon service over a connection whose calls carry the admin key.
func Remote(coupon grpc.ClientConnInterface) Lookup {
	client := accessv1.NewAccessServiceClient(coupon)
	return func(ctx context.Context, hash access.Hash) (*access.Principal, error) {
		answer, err := client.AuthenticateKey(ctx, &accessv1.AuthenticateKeyRequest{SecretHash: hash[:]})
		switch status.Code(err) {
		case codes.OK:
			return access.FromProto(answer.GetPrincipal()), nil
		case codes.NotFound:
			return nil, nil
		default:
			return nil, cannotAsk(err)
		}
	}
}
