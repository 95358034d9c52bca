/** Where web sockets of the client go to: the address that was checked, whatever the name leads to afterwards. */
import { expect, test } from "bun:test";
import { createTestCertificate } from "@kinode-ts/testing/certificate";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer } from "node:tls";
import { createAddressPolicy } from "../src/client/address-policy.ts";
import { createBunTransport } from "../src/index.ts";

type LookUp = NonNullable<Parameters<typeof createBunTransport>[0]["lookUp"]>;

/** Names that only this resolver knows; it notes how often it was asked. */
function transportWith(answers: readonly (readonly string[])[], ownPort = 0) {
  let asked = 0;
  const lookUp = ((_name: string, _options: unknown, done: (...all: unknown[]) => void): void => {
    const addresses = answers[Math.min(asked++, answers.length - 1)]!;
    done(
      null,
      addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
    );
  }) as unknown as LookUp;
  const refusalOf = createAddressPolicy({ ownPorts: () => [ownPort], isThisMachine: () => false });
  const transport = createBunTransport({ refusalOf, maxSocketBufferedBytes: 1_000_000, lookUp });
  return { transport, askedCount: () => asked };
}

type Transport = ReturnType<typeof createBunTransport>;

/** What becomes of a socket: its first message, or that it did not open. */
async function firstMessage(transport: Transport, url: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = await transport.openSocket(new URL(url), [], {
    opened: () => {},
    received: (_type, payload) => resolve(new TextDecoder().decode(payload)),
    closed: () => resolve("closed"),
  });
  const message = await promise;
  socket.terminate();
  return message;
}

/** Says which host it was asked for. */
function startServer() {
  return Bun.serve<{ readonly host: string }>({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request, server) {
      const data = { host: request.headers.get("host") ?? "" };
      return server.upgrade(request, { data }) ? undefined : new Response("no");
    },
    websocket: { open: (socket) => void socket.send(socket.data.host), message: () => {} },
  });
}

test("a web socket goes to the address that was looked up and checked, under the name that was asked for", async () => {
  await using server = startServer();
  const { transport, askedCount } = transportWith([["127.0.0.1"], ["127.0.0.3"]]);
  const url = `ws://rebinding.example:${server.port}/`;
  expect(await firstMessage(transport, url)).toBe(`rebinding.example:${server.port}`);
  expect(askedCount()).toBe(1);
});

test("a name that leads to the node itself is refused, and one that leads elsewhere as well goes there", async () => {
  await using own = startServer();
  const refused = transportWith([["127.0.0.1"]], own.port);
  await expect(firstMessage(refused.transport, `ws://own.example:${own.port}/`)).rejects.toThrow(
    "the node itself",
  );
  const both = transportWith([["169.254.169.254", "127.0.0.1"]]);
  expect(await firstMessage(both.transport, `ws://two.example:${own.port}/`)).toStartWith("two.");
});

test("when one address of a name does not answer, the next one is tried", async () => {
  await using server = startServer();
  const { transport } = transportWith([["::1", "127.0.0.1"]]);
  expect(await firstMessage(transport, `ws://two.example:${server.port}/`)).toStartWith("two.");
  const nobody = transportWith([["::1", "::1"]]);
  expect(await firstMessage(nobody.transport, `ws://two.example:${server.port}/`)).toBe("closed");
});

test("a server of wss is asked for the certificate of the name", async () => {
  const asked: string[] = [];
  const server = createServer({
    ...(await createTestCertificate("secure.example", ["secure.example"])),
    SNICallback: (name, done) => {
      asked.push(name);
      done(null);
    },
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const { transport } = transportWith([["127.0.0.1"]]);
  // Nobody has signed it.
  expect(await firstMessage(transport, `wss://secure.example:${port}/`)).toBe("closed");
  expect(asked).toEqual(["secure.example"]);
  server.close();
});

/** A program of its own: whom it trusts is said when it starts. */
const TRUSTING = `
  import { createBunTransport } from "./src/index.ts";
  const lookUp = (_name, _options, done) => done(null, [{ address: "127.0.0.1", family: 4 }]);
  const options = { refusalOf: () => undefined, maxSocketBufferedBytes: 10_000_000, lookUp };
  const transport = createBunTransport(options);
  const sent = Uint8Array.from({ length: 3_000_000 }, (_, index) => index * 7);
  for (const url of process.argv.slice(1)) {
    const said = Promise.withResolvers();
    const socket = await transport.openSocket(new URL(url), [], {
      opened: () => setImmediate(() => socket.send("Binary", sent)),
      received: (_type, payload) => said.resolve(Buffer.compare(sent, payload) === 0),
      closed: () => said.resolve("closed"),
    });
    console.log(await said.promise);
    socket.terminate();
  }
`;

test("a server of wss with a good certificate carries messages both ways; one for another name opens nothing", async () => {
  const certificate = await createTestCertificate("secure.example", ["secure.example"]);
  const folder = mkdtempSync(join(tmpdir(), "kinode-trust-"));
  const file = join(folder, "authority.pem");
  writeFileSync(file, certificate.cert);
  await using server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    tls: certificate,
    fetch: (request, self) => (self.upgrade(request) ? undefined : new Response("no")),
    websocket: { message: (socket, message) => void socket.send(message) },
  });
  const urls = ["secure", "other"].map((name) => `wss://${name}.example:${server.port}/`);
  const child = Bun.spawn([process.execPath, "-e", TRUSTING, ...urls], {
    cwd: join(import.meta.dir, ".."),
    env: { ...process.env, NODE_EXTRA_CA_CERTS: file },
    stderr: "inherit",
  });
  expect(await new Response(child.stdout).text()).toBe("true\nclosed\n");
  rmSync(folder, { recursive: true });
});
