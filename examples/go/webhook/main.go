// Command webhook is a publisher's endpoint for our webhooks. It refuses what we did not sign.
//
// Run: WEBHOOK_SECRET=whsec_… PORT=8090 go run ./examples/go/webhook
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"sync"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// maxBodyBytes bounds what is read; our events have about a kilobyte.
const maxBodyBytes = 64 << 10

func main() {
	webhook, err := standardwebhooks.NewWebhook(os.Getenv("WEBHOOK_SECRET"))
	if err != nil {
		log.Fatal(err)
	}
	var lock sync.Mutex
	latest := map[string]int{} // keep it in your database: a delivery can come again after a restart
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBodyBytes))
		if err != nil || webhook.Verify(body, r.Header) != nil {
			w.WriteHeader(http.StatusUnauthorized) // the signature is wrong, or the call is older than five minutes
			return
		}
		var event struct {
			Type     string
			Sequence int
			Data     struct{ Conversion string }
		}
		if json.Unmarshal(body, &event) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		lock.Lock()
		defer lock.Unlock()
		if event.Sequence > latest[event.Data.Conversion] { // else it is a repeat, or older than what we know
			latest[event.Data.Conversion] = event.Sequence
			fmt.Println(event.Type, event.Sequence, event.Data.Conversion)
		}
		w.WriteHeader(http.StatusNoContent)
	})
	server := &http.Server{Addr: "127.0.0.1:" + os.Getenv("PORT"), Handler: handler, ReadTimeout: 10 * time.Second}
	log.Fatal(server.ListenAndServe())
}
