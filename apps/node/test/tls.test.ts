import { afterAll, afterEach, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTestCertificate, type TestCertificate } from "@kinode-ts/testing/certificate";
import { freeHttpPort } from "./http-port.ts";

const MAIN = join(import.meta.dir, "../src/main.ts");
/** For several starts of the program, each with a deadline of its own. */
const TEST_MS = 180_000;
const START_MS = 60_000;
const folder = mkdtempSync(join(tmpdir(), "kinode-tls-node-"));
const children: Bun.Subprocess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});
afterAll(() => rmSync(folder, { recursive: true }));

async function makeCertificate(name: string): Promise<TestCertificate> {
  const [key, cert] = [join(folder, `${name}.key`), join(folder, `${name}.crt`)];
  const made = await createTestCertificate(name);
  await Promise.all([Bun.write(cert, made.cert), Bun.write(key, made.key)]);
  return { key, cert };
}

interface Started {
  readonly code: number | undefined;
  readonly output: string;
}

/** Settles when the program printed its login link, or ended. */
async function start(name: string, args: readonly string[]): Promise<Started> {
  const child = Bun.spawn(
    [process.execPath, MAIN, "start", join(folder, name), "--detached", "--port", "0", ...args],
    {
      stdout: "pipe",
      stderr: "pipe",
      env: { ...process.env, KINODE_PASSWORD: "a password for tests" },
    },
  );
  children.push(child);
  let output = "";
  const found = Promise.withResolvers<Started>();
  const read = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      output += decoder.decode(chunk, { stream: true });
      if (/Log in with this link\S*.*\n/.test(output)) found.resolve({ code: undefined, output });
    }
  };
  const all = [read(child.stdout), read(child.stderr)];
  void Promise.all(all).then(async () => found.resolve({ code: await child.exited, output }));
  const timer = setTimeout(() => found.reject(new Error(output)), START_MS);
  return await found.promise.finally(() => clearTimeout(timer));
}

test(
  "a node with a certificate serves both of its origins over https, and the command line reaches it",
  async () => {
    const { cert, key } = await makeCertificate("one");
    const { output } = await start("encrypted", ["--tls", cert, key]);
    const apps = /Apps have their pages at (https:\S+)/.exec(output)![1]!;
    const pages = /Open (https:\S+) for/.exec(output)![1]!;
    const link = /Log in with this link\S*.*?(https:\S+)/.exec(output)![1]!;
    const tls = { ca: readFileSync(cert, "utf8") };
    const init = { redirect: "manual", tls } as const;
    expect(link).toStartWith(pages);
    const cookie = (await fetch(link, init)).headers.get("set-cookie")!;
    expect(cookie).toContain("; Secure");
    const headers = { cookie: cookie.split(";")[0]! };
    const page = await fetch(`${pages}/`, { ...init, headers });
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining("<html")]);
    const system = await fetch(`${apps}/~/system`, { ...init, headers });
    expect(system.headers.get("location")).toBe(`${pages}/`);
    const stranger = await fetch(`${pages}/`, init);
    expect(stranger.headers.get("location")).toBe(`${apps}/~/system`);
    const home = join(folder, "encrypted");
    const listed = spawnSync(process.execPath, [MAIN, "ps", "--home", home], { encoding: "utf8" });
    expect([listed.status, listed.stdout]).toEqual([0, expect.stringContaining(":sys")]);
  },
  TEST_MS,
);

test(
  "behind a proxy that ends TLS the printed links are the ones browsers use, and cookies are Secure",
  async () => {
    const proxy = ["--port", String(freeHttpPort()), "--trusted-proxy", "127.0.0.1"];
    const args = [...proxy, "--public-url", "https://apps.example"];
    const { output } = await start("proxied", [...args, "--pages-url", "https://pages.example"]);
    expect(output).toContain("Apps have their pages at https://apps.example");
    const link = /Log in with this link\S*.*?(https:\/\/pages\.example\S+)/.exec(output)![1]!;
    const run = JSON.parse(readFileSync(join(folder, "proxied", ".node.json"), "utf8"));
    const pagesPort = await findPagesPort(run.port);
    const headers = {
      "x-forwarded-for": "203.0.113.9",
      "x-forwarded-proto": "https",
      "x-forwarded-host": "pages.example",
    };
    const inside = `http://127.0.0.1:${pagesPort}`;
    const path = link.slice("https://pages.example".length);
    const login = await fetch(inside + path, { headers, redirect: "manual" });
    expect(login.headers.get("set-cookie")).toContain("; Secure");
    const cookie = login.headers.get("set-cookie")!.split(";")[0]!;
    const change = await fetch(`${inside}/~/api/login-link`, {
      method: "POST",
      headers: { ...headers, cookie, origin: "https://pages.example" },
      body: "{}",
    });
    expect([change.status, await change.json()]).toEqual([
      200,
      { url: expect.stringMatching(/^https:\/\/pages\.example\//) },
    ]);
    const foreign = { ...headers, cookie, origin: "https://apps.example" };
    const refused = await fetch(`${inside}/~/api/login-link`, {
      method: "POST",
      headers: foreign,
      body: "{}",
    });
    expect(refused.status).toBe(403);
    const stranger = await fetch(`${inside}/`, { headers, redirect: "manual" });
    expect(stranger.headers.get("location")).toBe("https://apps.example/~/system");
    const apps = await fetch(`http://127.0.0.1:${run.port}/~/system`, {
      headers: { ...headers, cookie },
      redirect: "manual",
    });
    expect(apps.headers.get("location")).toBe("https://pages.example/");
  },
  TEST_MS,
);

test(
  "a key of another certificate ends the start with the names of both files",
  async () => {
    const [one, two] = [await makeCertificate("a"), await makeCertificate("b")];
    const { code, output } = await start("unfitting", ["--tls", one.cert, two.key]);
    expect(code).not.toBe(0);
    expect(output).toContain("The key does not belong to the certificate");
    expect(output).toContain(two.key);
  },
  TEST_MS,
);

/** The node's pages are on the next free port; they lead strangers to the apps. */
async function findPagesPort(appsPort: number): Promise<number> {
  for (let port = appsPort + 1; port < appsPort + 20; port++) {
    const page = await fetch(`http://127.0.0.1:${port}/`, { redirect: "manual" }).catch(
      () => undefined,
    );
    if (page?.headers.get("location") === "https://apps.example/~/system") return port;
  }
  throw new Error(`The pages are on no port behind ${appsPort}`);
}
