// One client of a server on a port of this machine, with the habits that its library was told: clients.mjs LIBRARY PORT.
// It asks until it is ended, and says on a line when a request is over with all its attempts, before it pauses: so whoever
// listens knows which attempts are one request's.

const [library, port] = process.argv.slice(2);
const url = (n) => `http://127.0.0.1:${port}/items/${n}`;

const clients = {
  async fetch() {
    return (n) => fetch(url(n), { signal: AbortSignal.timeout(600) }).then((it) => it.text());
  },
  async undici() {
    const { Agent, request } = await import("undici");
    const dispatcher = new Agent({ headersTimeout: 1500 });
    return (n) => request(url(n), { dispatcher }).then((it) => it.body.text());
  },
  async axios() {
    const { default: axios } = await import("axios");
    const { default: axiosRetry } = await import("axios-retry");
    const client = axios.create({ timeout: 500 });
    axiosRetry(client, { retries: 3, retryDelay: () => 700, shouldResetTimeout: true, retryCondition: () => true });
    return (n) => client.get(url(n));
  },
  async got() {
    const { got } = await import("got");
    const retry = { limit: 2, calculateDelay: ({ attemptCount }) => (attemptCount > 2 ? 0 : 400) };
    return (n) => got(url(n), { timeout: { request: 600 }, retry });
  },
  async ioredis() {
    const { Redis } = await import("ioredis");
    const client = new Redis({ port, socketTimeout: 700, retryStrategy: () => 400, enableReadyCheck: false });
    client.on("error", () => {});
    return (n) => client.get(`item:${n}`);
  },
};

const ask = await clients[library]();
for (let n = 1; ; n += 1) {
  await ask(n).catch(() => {});
  console.log(n);
  await new Promise((done) => setTimeout(done, 250 + Math.random() * 100));
}
