package grpcdial

import (
	_ "embed"
	"encoding/json"
	"fmt"
)

// ServiceConfig is the gRPC service config that we publish for clients, and dial with ourselves. It spreads calls over
// all instances, and retries the methods that change nothing if a connection breaks. A service that refuses a call on
// purpose forbids the retry. No write is in it: gRPC retries by method, and whether a write can be repeated depends on
// the request.
//
//go:embed serviceconfig.json
var ServiceConfig string

// retried returns the full names of the methods that ServiceConfig retries, such as
// /couponlink.coupon.v1.OfferService/GetOffer.
func retried() (map[string]bool, error) {
	var config struct {
		MethodConfig []struct {
			Name        []struct{ Service, Method string }
			RetryPolicy *struct{}
		}
	}
	if err := json.Unmarshal([]byte(ServiceConfig), &config); err != nil {
		return nil, fmt.Errorf("reading the service config: %w", err)
	}
	methods := map[string]bool{}
	for _, group := range config.MethodConfig {
		for _, name := range group.Name {
			if group.RetryPolicy != nil {
				methods["/"+name.Service+"/"+name.Method] = true
			}
		}
	}
	return methods, nil
}
