# Reports a sale, in Python 3. Keep the secret where only the shop's server reads it.
import base64, hmac, time, urllib.error, urllib.parse, urllib.request

secret = "{{.Secret}}"
sale = {"offer_id": "{{.Offer}}", "coupon_code": "{{.Code}}", "transaction_id": "A-1001", "amount": "49.90", "currency": "{{.Currency}}"}

body = urllib.parse.urlencode(sale)
id, at = "sale-" + sale["transaction_id"], str(int(time.time()))
key = base64.b64decode(secret.removeprefix("whsec_"))
signature = base64.b64encode(hmac.digest(key, f"{id}.{at}.{body}".encode(), "sha256")).decode()
headers = {"webhook-id": id, "webhook-timestamp": at, "webhook-signature": "v1," + signature}
try:
    answer = urllib.request.urlopen(urllib.request.Request("{{.URL}}", body.encode(), headers), timeout=10)
except urllib.error.HTTPError as refused:
    answer = refused
print(answer.read().decode())
