// The whole surface of npm's toxiproxy-node-client over the API on 127.0.0.1:PORT, in front of an echo at UPSTREAM.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import net from "node:net";
import path from "node:path";

// The libraries are installed elsewhere than this file is.
const require = createRequire(path.join(process.cwd(), "package.json"));
const { Toxiproxy } = require("toxiproxy-node-client");

const [port, upstream] = process.argv.slice(2);
const server = new Toxiproxy(`http://localhost:${port}`);

function echo(listen) {
  const colon = listen.lastIndexOf(":");
  return new Promise((resolve, reject) => {
    const begun = performance.now();
    const client = net.connect(Number(listen.slice(colon + 1)), listen.slice(0, colon));
    client.on("connect", () => client.write("x"));
    client.on("data", () => {
      resolve(performance.now() - begun);
      client.destroy();
    });
    client.on("error", reject);
  });
}

assert.equal((await server.getVersion()).data.version, "2.12.0");
assert.deepEqual(await server.getAll(), {});

const db = await server.createProxy({ name: "db", upstream, listen: "127.0.0.1:0" });
assert.equal(db.upstream, upstream);
assert.equal(db.enabled, true);
await assert.rejects(server.createProxy({ name: "db", upstream, listen: "127.0.0.1:0" }), { message: /409/ });
await assert.rejects(server.createProxy({ name: "x", listen: "127.0.0.1:0" }), { message: /400/ });
await assert.rejects(server.get("none"), { message: /404/ });
await echo(db.listen);

for (const type of ["latency", "bandwidth", "slow_close", "timeout", "reset_peer", "slicer", "limit_data"]) {
  const toxic = await db.addToxic({ type, name: type, stream: "upstream", toxicity: 1, attributes: {} });
  assert.equal(toxic.type, type);
  await toxic.remove();
  await assert.rejects(db.getToxic(type), { message: /404/ });
}

const slow = await db.addToxic({ type: "latency", name: "slow", stream: "downstream", toxicity: 1, attributes: { latency: 40, jitter: 0 } });
assert.deepEqual(slow.toJson(), {
  name: "slow", type: "latency", stream: "downstream", toxicity: 1, attributes: { latency: 40, jitter: 0 },
});
assert.ok((await echo(db.listen)) >= 40);
const slower = await slow.update({ attributes: { latency: 70, jitter: 0 } });
assert.equal(slower.attributes.latency, 70);
assert.equal((await db.getToxic("slow")).attributes.latency, 70);

const off = await db.update({ enabled: false, listen: db.listen, upstream });
assert.equal(off.enabled, false);
await assert.rejects(echo(db.listen), /ECONNREFUSED/);
assert.equal((await server.reset()).status, 204);
assert.ok((await echo(db.listen)) < 60_000);
await assert.rejects(db.getToxic("slow"), { message: /404/ });

const made = await server.populate([
  { name: "db", upstream, listen: db.listen },
  { name: "cache", upstream, listen: "127.0.0.1:0" },
]);
assert.deepEqual(Object.keys(made).sort(), ["cache", "db"]);
assert.deepEqual(Object.keys(await server.getAll()).sort(), ["cache", "db"]);
await made.cache.remove();
await made.db.remove();
assert.deepEqual(await server.getAll(), {});
