import { expect, test } from "bun:test";
import fc from "fast-check";
import { appMessageJson, headersJson, type Peer } from "./app-message.ts";
import { RememberedMessage } from "./remembered-message.ts";

const ROUTE = '"url":"http://localhost/a","bound_path":"/a","url_params":{},"query_params":{}';
const PEER: Peer = { address: "127.0.0.1", port: 50_001 };

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

const peers = fc.option(
  fc.record({ address: fc.oneof(fc.ipV4(), fc.ipV6()), port: fc.nat({ max: 65_535 }) }),
);
/** Few names and values, so that equal headers come in a row; some with what a lookup must not take for a header. */
const headers = fc.dictionary(
  fc.constantFrom("a", "b", "cookie", "constructor", "toString", "__proto__"),
  fc.option(fc.constantFrom("1", "2", "ü", 'quo"te'), { nil: undefined }),
  { maxKeys: 3 },
);

test("what is remembered of one request never shows in the message of another", () => {
  const requests = fc.array(fc.tuple(peers, fc.constantFrom("GET", "POST"), headers), {
    minLength: 2,
    maxLength: 12,
  });
  fc.assert(
    fc.property(requests, (sent) => {
      const message = new RememberedMessage(ROUTE);
      for (const [peer, method, given] of sent) {
        const text = decode(message.encode(peer, method, given));
        expect(JSON.parse(text)).toEqual(
          JSON.parse(appMessageJson(peer, method, ROUTE, headersJson(given))),
        );
      }
    }),
    { numRuns: 1_000 },
  );
});

test("each message has bytes of its own", () => {
  const message = new RememberedMessage(ROUTE);
  const first = message.encode(PEER, "GET", { host: "localhost" });
  const expected = decode(first);
  first.fill(0);
  const second = message.encode(PEER, "GET", { host: "localhost" });
  second.fill(0);
  expect(decode(message.encode(PEER, "GET", { host: "localhost" }))).toBe(expected);
});

test("the address is the one of this request", () => {
  const message = new RememberedMessage(ROUTE);
  const ports = [50_001, 50_002, 80, 65_535];
  const addresses = ports.map((port) => {
    const text = decode(message.encode({ ...PEER, port }, "GET", { host: "localhost" }));
    return (JSON.parse(text) as { Http: { source_socket_addr: string } }).Http.source_socket_addr;
  });
  expect(addresses).toEqual(ports.map((port) => `127.0.0.1:${port}`));
});
