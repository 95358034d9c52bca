import { expect, test } from "bun:test";
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import { createTestCertificate } from "@kinode-ts/testing/certificate";
import { TlsIdentityError, type TlsIdentity } from "../src/index.ts";
import { APP, PASSWORD_HASH, pageOf, startWebNode, type WebNode } from "./web-node.ts";

const HOSTS = ["localhost", "p-x-os.localhost"];
const ONE: TlsIdentity = await createTestCertificate("one.example", HOSTS);
const TWO: TlsIdentity = await createTestCertificate("two.example", HOSTS);

function get(node: WebNode, path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(node.url + path, { redirect: "manual", tls: { ca: ONE.cert }, ...init });
}

/** The name in the certificate that a new connection is shown. */
function shownName(port: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connectTls({ host: "127.0.0.1", port, rejectUnauthorized: false }, () => {
    resolve(String(socket.getPeerCertificate().subject.CN));
    socket.destroy();
  });
  socket.on("error", reject);
  return promise;
}

test("with a certificate pages and web sockets are encrypted, cookies Secure and links https", async () => {
  await using node = await startWebNode({ tls: ONE });
  node.serve(pageOf);
  expect(node.url).toBe(`https://localhost:${node.port}`);
  await node.bind(APP, "/", { authenticated: true });
  expect(node.server.issueLoginLink()).toStartWith("https://localhost:");
  const body = JSON.stringify({ password_hash: PASSWORD_HASH, subdomain: null });
  const login = await get(node, "/login?redirect=/x", { method: "POST", body });
  expect(login.headers.get("location")).toBe(`https://localhost:${node.port}/x`);
  const cookie = login.headers.get("set-cookie")!;
  expect(cookie).toContain("; Secure");
  const headers = { cookie: cookie.split(";")[0]!, origin: node.url };
  const page = await get(node, `/${APP}`, { headers });
  expect(await page.text()).toBe(`page of /${APP}`);
  // The specification's message says http whatever is spoken outside.
  expect(node.received[0]!.http["url"]).toBe(`http://localhost/${APP}`);
  await node.harness.ask(APP, {
    body: { WebSocketBind: { path: "/ws", authenticated: true, extension: false } },
  });
  const socket = new WebSocket(`wss://localhost:${node.port}/${APP}/ws`, {
    headers,
    tls: { ca: ONE.cert },
  } as never);
  await new Promise((done, fail) => {
    socket.onopen = done;
    socket.onerror = fail;
  });
  socket.close();
});

test("a secure path redirects to https on its label", async () => {
  await using node = await startWebNode({ tls: ONE });
  await node.harness.ask(APP, { body: { SecureBind: { path: "/", cache: false } } });
  const response = await get(node, `/${APP}`);
  expect(response.headers.get("location")).toBe(`https://p-x-os.localhost:${node.port}/${APP}`);
});

test("who speaks plainly to an encrypted port gets no answer, and others do", async () => {
  await using node = await startWebNode({ tls: ONE });
  const answer = await new Promise<string>((resolve) => {
    let text = "";
    const socket = connect(node.port, "127.0.0.1", () => socket.write("GET / HTTP/1.1\r\n\r\n"));
    socket.on("data", (data) => (text += data.toString("latin1")));
    socket.on("error", () => {});
    socket.on("close", () => resolve(text));
  });
  expect(answer).not.toContain("HTTP/1.1");
  expect((await get(node, "/")).status).toBe(404);
});

test("a renewed certificate is shown to new connections; what is open goes on", async () => {
  await using node = await startWebNode({ tls: ONE });
  await node.bind(APP, "/");
  expect(await shownName(node.port)).toBe("one.example");
  const page = get(node, `/${APP}`);
  const { id } = await node.waitFor(({ http }) => http["method"] !== undefined);
  node.server.renewCertificate(TWO);
  expect(await shownName(node.port)).toBe("two.example");
  node.harness.answer(APP, id, { body: { status: 200, headers: {} }, blob: "late" });
  expect(await (await page).text()).toBe("late");
});

test("a key that does not fit and text that is none are clear errors, also when renewing", async () => {
  await expect(startWebNode({ tls: { cert: ONE.cert, key: TWO.key } })).rejects.toThrow(
    "The key does not belong to the certificate",
  );
  await expect(startWebNode({ tls: { cert: "nothing", key: ONE.key } })).rejects.toThrow(
    "The certificate or the key cannot be read",
  );
  await using node = await startWebNode({ tls: ONE });
  const renew = () => node.server.renewCertificate({ cert: TWO.cert, key: ONE.key });
  expect(renew).toThrow(TlsIdentityError);
  expect(await shownName(node.port)).toBe("one.example");
  await using plain = await startWebNode();
  expect(() => plain.server.renewCertificate(ONE)).toThrow("no certificate to renew");
});
