// A publisher's endpoint for our webhooks, in Node. It refuses what we did not sign.
// Run: WEBHOOK_SECRET=whsec_… PORT=8090 node webhook.ts
import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";
import type { components } from "./couponlink.ts";

const webhook = new Webhook(process.env.WEBHOOK_SECRET ?? "");
const latest = new Map<string, number>(); // keep it in your database: a delivery can come again after a restart

createServer(async (request, response) => {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const headers = request.headers as Record<string, string>;
  try {
    const event = webhook.verify(Buffer.concat(parts).toString(), headers) as components["schemas"]["ConversionEvent"];
    const { type, sequence, data } = event;
    if (sequence > (latest.get(data.conversion) ?? 0)) { // else it is a repeat, or older than what we know
      latest.set(data.conversion, sequence);
      console.log(`${type} ${sequence} ${data.conversion}`);
    }
    response.writeHead(204).end();
  } catch {
    response.writeHead(401).end(); // the signature is wrong, or the call is older than five minutes
  }
}).listen(Number(process.env.PORT), "127.0.0.1");
