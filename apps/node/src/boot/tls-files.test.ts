import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createVirtualClock } from "@kinode-ts/testing";
import { readStartFlags } from "./start-config.ts";
import { readTlsFiles, watchTlsFiles } from "./tls-files.ts";

const folder = mkdtempSync(join(tmpdir(), "kinode-tls-files-"));
afterAll(() => rmSync(folder, { recursive: true }));

const CERT = "-----BEGIN CERTIFICATE-----\none\n-----END CERTIFICATE-----\n";
const KEY = "-----BEGIN PRIVATE KEY-----\none\n-----END PRIVATE KEY-----\n";

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

test("files that are missing, exchanged or encrypted are told by name", () => {
  const [cert, key] = [write("c.pem", CERT), write("k.pem", KEY)];
  expect(readTlsFiles({ cert, key })).toEqual({ cert: CERT, key: KEY });
  const missing = join(folder, "none.pem");
  expect(() => readTlsFiles({ cert: missing, key })).toThrow(`"${missing}" cannot be read`);
  expect(() => readTlsFiles({ cert: key, key: cert })).toThrow(`"${key}" holds no certificate`);
  expect(() => readTlsFiles({ cert, key: cert })).toThrow(`"${cert}" holds no private key`);
  const locked = write("l.pem", KEY.replaceAll("PRIVATE", "ENCRYPTED PRIVATE"));
  expect(() => readTlsFiles({ cert, key: locked })).toThrow("is encrypted");
});

test("renewed files are taken up once; a bad one is told and the old one stays", async () => {
  const clock = createVirtualClock();
  const files = { cert: write("w.pem", CERT), key: write("wk.pem", KEY) };
  const renewed: string[] = [];
  const said: string[] = [];
  const unwatch = watchTlsFiles(files, { clock, say: (text) => said.push(text) }, (tls) =>
    renewed.push(tls.cert),
  );
  await clock.advance(60_000);
  expect([renewed, said]).toEqual([[], []]);
  write("w.pem", CERT.replace("one", "another"));
  await clock.advance(60_000);
  expect(renewed).toEqual([CERT.replace("one", "another")]);
  expect(said.at(-1)).toContain("was renewed");
  write("w.pem", "half a fi");
  await clock.advance(60_000);
  expect(renewed).toHaveLength(1);
  expect(said.at(-1)).toContain("the old one stays");
  unwatch();
  expect(clock.pendingTimerCount).toBe(0);
});

test("flags and environment say the same, and what is wrong names its flag", () => {
  const read = (flags: Parameters<typeof readStartFlags>[1], environment = {}) =>
    readStartFlags("home", flags, environment);
  expect(read({}).tls).toBeUndefined();
  expect(read({ tls: ["c", "k"] }).tls).toEqual({ cert: "c", key: "k" });
  const both = { KINODE_TLS_CERT: "c", KINODE_TLS_KEY: "k" };
  expect(read({}, both).tls).toEqual({ cert: "c", key: "k" });
  expect(() => read({ tls: ["c"] })).toThrow("--tls takes two files");
  expect(() => read({}, { KINODE_TLS_CERT: "c" })).toThrow("--tls takes two files");
  const proxies = { KINODE_TRUSTED_PROXIES: "10.0.0.0/8, ::1" };
  expect(read({ trustedProxy: ["1.2.3.4"] }, proxies).trustedProxies).toEqual([
    "1.2.3.4",
    "10.0.0.0/8",
    "::1",
  ]);
  expect(() => read({ trustedProxy: ["caddy"] })).toThrow(
    '--trusted-proxy takes an address or a range, not "caddy"',
  );
  expect(read({ publicUrl: "https://a.example/" }).publicUrl).toBe("https://a.example");
  for (const bad of ["a.example", "https://a.example/path", "ftp://a.example"]) {
    expect(() => read({ pagesUrl: bad })).toThrow("--pages-url takes an address");
  }
});
