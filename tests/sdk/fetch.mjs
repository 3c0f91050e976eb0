// Node's fetch and http module against one base URL; prints what they saw as one line of JSON.
import http from "node:http";
import { createHash } from "node:crypto";

const base = process.argv[2];
const sha = (data) => createHash("sha256").update(data).digest("hex");
const seen = {};

const post = await fetch(`${base}/echo/a?b=c`, { method: "POST", body: JSON.stringify({ n: 1 }), headers: { "X-Own": "1" } });
const about = await post.json();
seen.post = [post.status, about.method, about.target, about.length, post.headers.get("x-request-id")];

const moved = await fetch(`${base}/moved/again`);
seen.moved = [(await moved.json()).target, moved.redirected, moved.url.startsWith(base)];

const text = await fetch(`${base}/compressed/gzip`);
seen.gzip = [text.headers.get("content-encoding"), sha(Buffer.from(await text.arrayBuffer()))];

async function* pieces() {
  for (let n = 0; n < 16; n++) yield Buffer.alloc(65536, n);
}
const up = await fetch(`${base}/upload`, { method: "POST", body: pieces(), duplex: "half" });
const sent = await up.json();
seen.upload = [sent.length, sent["transfer-encoding"], sent.sha256];

const hash = createHash("sha256");
for await (const chunk of (await fetch(`${base}/bytes/64`)).body) hash.update(chunk);
seen.download = hash.digest("hex");

seen.head = [(await fetch(`${base}/bytes/2?sized`, { method: "HEAD" })).headers.get("content-length")];
seen.statuses = [];
for (const code of [204, 304, 404, 429, 503]) {
  const answer = await fetch(`${base}/status/${code}`);
  seen.statuses.push([answer.status, answer.headers.get("retry-after"), (await answer.text()).length]);
}
const together = await Promise.all([...Array(30).keys()].map(async (n) => (await (await fetch(`${base}/echo/${n}`)).json()).target));
seen.together = together.every((target, n) => target === `/echo/${n}`);

try {
  await fetch(`${base}/hang`, { signal: AbortSignal.timeout(300) });
} catch (error) {
  seen.aborted = error.name;
}

seen.expect = await new Promise((resolve, reject) => {
  const events = [];
  const request = http.request(`${base}/upload`, { method: "PUT", headers: { Expect: "100-continue", "Content-Length": 4 } });
  request.on("continue", () => { events.push("continue"); request.end("body"); });
  request.on("response", (response) => { events.push(response.statusCode); response.resume(); response.on("end", () => resolve(events)); });
  request.on("error", reject);
  request.flushHeaders();
});
console.log(JSON.stringify(seen));
