// Reports a sale, in Node 20. Keep the secret where only the shop's server reads it.
import { createHmac } from "node:crypto";

const secret = "{{.Secret}}";
const sale = { offer_id: "{{.Offer}}", coupon_code: "{{.Code}}", transaction_id: "A-1001", amount: "49.90", currency: "{{.Currency}}" };

const body = new URLSearchParams(sale).toString();
const id = `sale-${sale.transaction_id}`;
const at = Math.floor(Date.now() / 1000);
const key = Buffer.from(secret.replace("whsec_", ""), "base64");
const signature = createHmac("sha256", key).update(`${id}.${at}.${body}`).digest("base64");
const answer = await fetch("{{.URL}}", {
  method: "POST", body, signal: AbortSignal.timeout(10_000),
  headers: { "content-type": "application/x-www-form-urlencoded", "webhook-id": id, "webhook-timestamp": String(at), "webhook-signature": `v1,${signature}` },
});
console.log(await answer.text());
