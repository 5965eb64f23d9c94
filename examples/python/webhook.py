"""A publisher's endpoint for our webhooks. It refuses what we did not sign.

Run: WEBHOOK_SECRET=whsec_… PORT=8090 python webhook.py
"""

import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock

from standardwebhooks import Webhook, WebhookVerificationError

webhook = Webhook(os.environ["WEBHOOK_SECRET"])
lock = Lock()
latest = {}  # keep it in your database: a delivery can come again after a restart


class Endpoint(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            event = webhook.verify(body, headers)
        except WebhookVerificationError:  # the signature is wrong, or the call is older than five minutes
            self.send_response(401)
        else:
            conversion, sequence = event["data"]["conversion"], event["sequence"]
            with lock:
                if sequence > latest.get(conversion, 0):  # else it is a repeat, or older than what we know
                    latest[conversion] = sequence
                    print(event["type"], sequence, conversion, flush=True)
            self.send_response(204)
        self.end_headers()


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Endpoint).serve_forever()
