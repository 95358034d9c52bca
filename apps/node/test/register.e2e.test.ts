/**
 * A person takes a name on chain in a real browser, with a wallet in it, and the node starts with the name.
 * Runs where Chromium and the program of a local chain are found.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Chain, findAnvil, FIRST_ACCOUNT, startChain } from "@kinode-ts/chain";
import { hashPassword, type Keyfile, decodeKeyfile, createNodeSigner } from "@kinode-ts/crypto";
import { decodeEntry, encodeGet, LOCAL_KIMAP, nameHash, toHex } from "@kinode-ts/kimap";
import type { NodeId } from "@kinode-ts/types";
import type { Browser, Page } from "puppeteer-core";
import { CHROMIUM, launchBrowser, newPage } from "./browser.ts";

const ROOT = join(import.meta.dir, "../../..");
const MAIN = join(ROOT, "apps/node/src/main.ts");
const DEADLINE_MS = 120_000;
const NAME = "my-first-node.os" as NodeId;
const PASSWORD = "correct horse";
const folder = mkdtempSync(join(tmpdir(), "kinode-register-"));
const screenshots = process.env["KINODE_SCREENSHOTS"];

let chain: Chain;
let browser: Browser;
let page: Page;
let child: ReturnType<typeof startRegistering> | undefined;

function startRegistering(home: string) {
  const program = Bun.spawn(
    [
      process.execPath,
      MAIN,
      "start",
      home,
      "--register",
      "--detached",
      "--fakechain-port",
      `${chain.port}`,
      "--port",
      "0",
    ],
    {
      cwd: ROOT,
      stdout: "pipe",
      stderr: "inherit",
      env: { ...process.env, BUN_JSC_useWasmFastMemory: "0" },
    },
  );
  let printed = "";
  const arrived = (async () => {
    for await (const part of program.stdout) printed += new TextDecoder().decode(part);
  })();
  return {
    program,
    arrived,
    async shows(pattern: RegExp): Promise<RegExpExecArray> {
      const deadline = performance.now() + 60_000;
      for (;;) {
        const found = pattern.exec(printed);
        if (found !== null) return found;
        if (performance.now() > deadline)
          throw new Error(`It never printed ${String(pattern)}:\n${printed}`);
        await Bun.sleep(20);
      }
    },
    async stop(): Promise<void> {
      program.kill("SIGTERM");
      await program.exited;
    },
  };
}

/** A wallet as an extension puts it into every page; the local chain signs for its first account. */
async function giveWallet(): Promise<void> {
  await page.exposeFunction("askChain", async (method: string, params: unknown[]) => {
    if (method === "eth_requestAccounts") return { result: [FIRST_ACCOUNT] };
    try {
      return { result: await chain.rpc(method, params) };
    } catch (thrown) {
      return { error: String(thrown) };
    }
  });
  await page.evaluateOnNewDocument(`window.ethereum = { async request({ method, params = [] }) {
    const { result, error } = await window.askChain(method, params);
    if (error !== undefined) throw new Error(error);
    return result;
  } };`);
}

async function hasText(text: string): Promise<void> {
  await page.waitForFunction(`document.body.innerText.includes(${JSON.stringify(text)})`, {
    timeout: 60_000,
  });
}
const fill = (label: string, text: string) =>
  page.locator(`aria/${label}[role="textbox"]`).fill(text);
const press = (name: string) => page.locator(`aria/${name}[role="button"]`).click();
async function picture(name: string): Promise<void> {
  if (screenshots !== undefined) await page.screenshot({ path: join(screenshots, `${name}.png`) });
}
async function open(home: string, path: string): Promise<void> {
  child = startRegistering(home);
  const [, url] = await child.shows(/Open (http:\/\/\S+) to take a name/);
  await page.goto(new URL(path, url).href);
}
const read = async (name: string) =>
  decodeEntry(
    await chain.rpc("eth_call", [
      { to: LOCAL_KIMAP.registry, data: encodeGet(nameHash(name)) },
      "latest",
    ]),
  )!;
const keyOf = ({ networkingSeed }: Keyfile) => toHex(createNodeSigner(networkingSeed).publicKey);
const savedKeyfile = async (home: string): Promise<Keyfile> =>
  await decodeKeyfile(
    new Uint8Array(readFileSync(join(home, ".keys"))),
    await hashPassword(PASSWORD, NAME),
  );

describe.skipIf(CHROMIUM === undefined || findAnvil() === undefined)("a name on chain", () => {
  beforeAll(async () => {
    chain = await startChain({ port: 0, commitRule: false });
    browser = await launchBrowser();
    page = await newPage(browser);
    await page.setViewport({ width: 390, height: 844 });
    await giveWallet();
  }, DEADLINE_MS);
  afterAll(async () => {
    await child?.stop();
    await browser?.close();
    await chain?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  }, DEADLINE_MS);

  test(
    "is taken on the page, and the node starts with it and lets the browser in",
    async () => {
      const home = join(folder, "first");
      await open(home, "/");
      await hasText("Take a name");
      await fill("Name", "short.os");
      await fill("New password of the node", PASSWORD);
      await fill("The same password again", PASSWORD);
      await press("Take the name and start");
      await hasText("at least 9 letters");
      await fill("Name", NAME);
      await picture("register");
      await press("Take the name and start");
      await hasText("Install an app");
      await picture("registered");
      expect((await read(NAME)).owner).toBe(FIRST_ACCOUNT.toLowerCase() as typeof FIRST_ACCOUNT);
      const keyfile = await savedKeyfile(home);
      expect(keyfile.name).toBe(NAME);
      expect(toHex((await read(`~net-key.${NAME}`)).data)).toBe(keyOf(keyfile));
      expect((await read(`~routers.${NAME}`)).data).toHaveLength(3 * 32);
      await child!.shows(/my-first-node\.os is running/);
      await child!.stop();
    },
    DEADLINE_MS,
  );

  test(
    "leads to another machine after a reset, where it is direct",
    async () => {
      const home = join(folder, "second");
      await open(home, "/reset");
      await fill("Name", NAME);
      await fill("New password of the node", PASSWORD);
      await fill("The same password again", PASSWORD);
      await page.locator('input[type="checkbox"]').click();
      await fill("Address of this machine, as others see it", "127.0.0.1");
      await picture("reset");
      await press("Reset and start");
      await hasText("Install an app");
      const keyfile = await savedKeyfile(home);
      expect(keyfile.routers).toEqual([]);
      expect(toHex((await read(`~net-key.${NAME}`)).data)).toBe(keyOf(keyfile));
      expect(toHex((await read(`~ip.${NAME}`)).data)).toBe("0x7f000001");
      await child!.stop();
    },
    DEADLINE_MS,
  );

  test(
    "is brought to a third machine by its keyfile, and its password unlocks it there; the old key is refused",
    async () => {
      const home = join(folder, "third");
      const downloaded = join(folder, "my-first-node.os.keyfile");
      const bring = async (from: string, password: string) => {
        writeFileSync(downloaded, readFileSync(join(folder, from, ".keys")).toString("base64"));
        await page.reload();
        const input = await page.waitForSelector('input[type="file"]');
        await (input as unknown as { uploadFile(path: string): Promise<void> }).uploadFile(
          downloaded,
        );
        await fill("Password", password);
        await press("Import and start");
      };
      await open(home, "/import-keyfile");
      await bring("second", "wrong password");
      await hasText("Incorrect password!");
      await bring("first", PASSWORD);
      await hasText("does not match our saved networking key");
      await picture("import");
      await bring("second", PASSWORD);
      await hasText("Install an app");
      await child!.stop();
      rmSync(join(home, ".local-unlock"));
      await open(home, "/");
      await hasText(`Start ${NAME}`);
      await fill("Password", PASSWORD);
      await picture("unlock");
      await press("Unlock and start");
      await hasText("Install an app");
    },
    DEADLINE_MS,
  );
});
