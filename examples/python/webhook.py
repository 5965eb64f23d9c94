"""A publisher's endpoint for our webhooks. It refuses what we did not sign.

Run: WEBHOOK_SECRET=whsec_… PORT=8090 python webhook.py
"""

import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

webhook = Webhook(os.environ["WEBHOOK_SECRET"])
seen = set()  # keep it in your database: a delivery can come again after a restart


class Endpoint(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            event = webhook.verify(body, headers)
        except WebhookVerificationError:  # the signature is wrong, or the call is older than five minutes
            self.send_response(401)
        else:
            if headers["webhook-id"] not in seen:
                print(event["type"], event["data"]["conversion"], flush=True)
            seen.add(headers["webhook-id"])
            self.send_response(204)
        self.end_headers()


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Endpoint).serve_forever()
