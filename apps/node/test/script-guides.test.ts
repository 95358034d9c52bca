/** docs/guides/typescript.md and javascript.md, command by command, in an empty folder. */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DetachedNode, killAllDetached, startDetached } from "./detached-node.ts";

const ROOT = join(import.meta.dir, "../../..");
const DEADLINE_MS = 60_000;
const folder = mkdtempSync(join(tmpdir(), "kinode-script-guides-"));
const children = new Set<Bun.Subprocess>();
afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
  killAllDetached();
  rmSync(folder, { recursive: true, force: true });
});

interface Guide {
  /** Lines of all shell blocks. */
  readonly commands: readonly string[];
  /** The files the reader is told to write: the page first. */
  readonly files: readonly { readonly name: string; readonly text: string }[];
}

function readGuide(language: string): Guide {
  const text = readFileSync(join(ROOT, `docs/guides/${language}.md`), "utf8");
  const blocks = [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = ""]) => block);
  const files = [...text.matchAll(/^```\w+ (\S+)\n(.*?)^```$/gms)];
  const commands = blocks.flatMap((block) => block.trimEnd().split("\n"));
  return { commands, files: files.map(([, name = "", content = ""]) => ({ name, text: content })) };
}

/** Runs a line of a guide in a shell, as it is typed but for the folder and the answers of the person. */
function shell(line: string, cwd: string, home: string): Bun.Subprocess<"ignore", "pipe", "pipe"> {
  const child = Bun.spawn(["sh", "-c", `exec ${line}`], {
    cwd,
    env: { ...process.env, KINODE_HOME: home, PATH: `${withBun()}:${process.env["PATH"] ?? ""}` },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.add(child);
  return child;
}

/** A folder whose `bun` is the one that runs this. */
const withBun = (): string => join(process.execPath, "..");

async function run(line: string, cwd: string, home: string): Promise<string> {
  const child = shell(line, cwd, home);
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  if ((await child.exited) !== 0) throw new Error(`${line}\n${out}${err}`);
  return out;
}

async function untilTrue(what: string, check: () => Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + DEADLINE_MS; ; await Bun.sleep(50)) {
    if (await check()) return;
    if (performance.now() > deadline) throw new Error(`never: ${what}`);
  }
}

async function pageOf(node: DetachedNode): Promise<string> {
  const { url } = await node.post<{ url: string }>("login-link");
  const cookie = (await fetch(url, { redirect: "manual" })).headers.get("set-cookie") ?? "";
  const headers = { cookie: cookie.split(";")[0] ?? "" };
  return await (await fetch(`${node.url}/counter:my-app:example.os/`, { headers })).text();
}

for (const [language, label] of [
  ["typescript", "TypeScript"],
  ["javascript", "JavaScript"],
] as const) {
  test(`the guide to ${label} works as it is written`, async () => {
    const guide = readGuide(language);
    const home = join(folder, `home-${language}`);
    const place = join(folder, `my-${language}`);
    const app = join(place, "my-app");
    const node = await startDetached(home);
    const [create = "", enter, dev = "", ...rest] = guide.commands;
    expect(enter).toBe("cd ../my-app");
    expect(await run(create.replace("../my-app", app), ROOT, home)).toContain(
      "Made my-app:example.os",
    );

    const watching = shell(`${dev.split("#")[0]!.trim()} --yes`, app, home);
    expect(dev).toStartWith("bun run dev");
    await untilTrue("the page", async () => (await pageOf(node)).includes(`Hello from ${label}`));
    for (const line of rest.filter((each) => each.includes(" send "))) {
      const [command = "", printed = ""] = line.split("#");
      expect(JSON.parse(await run(command, app, home))).toEqual(JSON.parse(printed));
    }

    const startedMs = performance.now();
    const [page, ...others] = guide.files;
    writeFileSync(join(app, page!.name), page!.text);
    await untilTrue("the new page", async () => (await pageOf(node)).includes("Welcome"));
    // The person who waits for it should not have to wait; the deadline leaves room for a busy machine.
    expect(performance.now() - startedMs).toBeLessThan(10_000);
    for (const { name, text } of others) writeFileSync(join(app, name), text);
    for (const line of rest.filter((each) => !each.includes(" send "))) {
      expect(await run(line, app, home)).not.toBe("");
    }
    watching.kill("SIGINT");
    await watching.exited;
    expect(await node.stop()).toBe(0);
  }, 120_000);
}

test("the README's way to an app is the guide's", () => {
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");
  const [, block = ""] = /## Make an app.*?^```sh\n(.*?)^```$/ms.exec(readme) ?? [];
  const commands = block
    .trimEnd()
    .split("\n")
    .map((line) => line.split("#")[0]!.trim());
  expect(commands).toEqual(["bun kinode new ../my-app", "cd ../my-app", "bun run dev"]);
  for (const language of ["javascript", "rust", "go", "c", "cpp", "python"]) {
    expect(readme).toContain(`\`${language}\``);
  }
});
