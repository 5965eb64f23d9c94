// The journey from an offer to its first sale over REST, in a browser or in Node. couponlink.ts is generated:
// npx openapi-typescript BASE/openapi.json -o couponlink.ts
import createClient from "openapi-fetch";
import type { components, paths } from "./couponlink.ts";

type Problem = components["schemas"]["Status"] | components["schemas"]["PostbackAnswer"];

// must returns an answer's data, and throws the API's message if there is none.
function must<T>(answer: { data?: T; error?: Problem }): T {
  if (answer.data === undefined) throw new Error(answer.error?.message ?? "no answer");
  return answer.data;
}

const idOf = (name = "") => name.split("/").pop() ?? "";

// journey sells once with a publisher's code, and returns the conversion.
export async function journey(baseUrl: string, key: string) {
  const api = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${key}` } });
  const made = must(await api.POST("/v1/offers", {
    body: { displayName: "Running shoes", landingPageUrl: "https://shop.example.com/?cid={click_id}&promo={coupon_code}" },
  }));
  const publisher = must(await api.POST("/v1/publishers", { body: { displayName: "Mia Runs" } }));
  const offer = idOf(made.name);
  const coupon = must(await api.POST("/v1/offers/{offer}/coupons", {
    params: { path: { offer } }, body: { code: "SALEXYZ20", publisher: publisher.name ?? "", internalNote: "autumn" },
  }));
  const path = { offer, coupon: idOf(coupon.name) };
  must(await api.PATCH("/v1/offers/{offer}/coupons/{coupon}", { params: { path }, body: { internalNote: "winter" } }));
  const checked = must(await api.POST("/v1/coupons:validate", { body: { code: "salexyz20", offer: made.name } }));
  if (!checked.valid) throw new Error(`the code is not valid: ${checked.reason}`);
  const sale = must(await api.GET("/postback", {
    params: { query: { offer_id: offer, coupon_code: coupon.code, transaction_id: "A-1001", amount: "59.90", currency: "USD", token: made.postbackToken } },
  }));
  const filter = `pub_unique3 = "SALEXYZ20" AND offer = "${made.name}"`;
  const found = must(await api.GET("/v1/conversions", { params: { query: { filter } } }));
  if (found.conversions[0]?.name !== sale.conversion) throw new Error("the sale is not in the list");
  return found.conversions[0];
}
