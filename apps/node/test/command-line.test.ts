/**
 * What the commands print, against a running node.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommandLine } from "../src/commands/command-line.ts";
import type { Output } from "../src/commands/output.ts";
import { type DetachedNode, startDetached } from "./detached-node.ts";
import { PROBE, probeZip } from "./probe-package.ts";
import { kinode } from "./run-kinode.ts";

const folder = mkdtempSync(join(tmpdir(), "cli-"));
const home = join(folder, "home");
let node: DetachedNode;
beforeAll(async () => {
  node = await startDetached(home);
}, 120_000);
afterAll(async () => {
  await node.stop();
  rmSync(folder, { recursive: true });
});

const onNode = (...args: string[]) => kinode(...args, "--home", home);

function zipFile(name: string, zip: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, zip);
  return path;
}

test("help names every command, and a mistyped one is answered with the nearest", async () => {
  const help = await kinode("--help");
  expect(help.code).toBe(0);
  for (const command of [
    "start",
    "new",
    "build",
    "package",
    "verify",
    "check",
    "dev",
    "test",
    "install",
    "uninstall",
    "ps",
    "kill",
    "limit",
    "usage",
    "send",
    "caps",
    "logs",
    "link",
    "stop",
    "doctor",
  ]) {
    expect(help.out).toContain(`  ${command}`);
  }
  const wrong = await kinode("instal");
  expect(wrong.code).toBe(2);
  expect(wrong.err).toContain("Did you mean install?");
});

test("without a running node a command says how to start one", async () => {
  const { code, err } = await kinode("ps", "--home", join(folder, "nowhere"));
  expect(code).toBe(1);
  expect(err).toContain("No node is running with the home");
  expect(err).toContain("kinode start");
});

test("flags of start are checked", async () => {
  for (const [args, text] of [
    [["--port", "70000"], "--port takes a number from 0 to 65535"],
    [["--verbosity", "x"], "--verbosity takes a number"],
    [["--process-verbosity", "{"], "it is not JSON"],
    [
      ["--fake-node-name", "x.os", "--fakechain-port", "1"],
      "No chain answers at http://127.0.0.1:1",
    ],
    [["--fake-node-name", "x.y.os"], "cannot be simulated"],
    [["--fake-node-name", "x.os", "--name", "y.os"], "a simulated node has --fake-node-name"],
    [["--fakechain-port", "x"], "--fakechain-port takes a number"],
    [["--package", join(folder, "missing.zip")], "There is no file or folder"],
    [["--name", "Not A Name"], "is not a node name"],
  ] as const) {
    const { code, err } = await kinode("start", join(folder, "never"), "--detached", ...args);
    expect({ args, code }).toEqual({ args, code: 1 });
    expect(err).toContain(text);
  }
});

test("a package is shown in plain words, installed with a refusal, updated and removed", async () => {
  const zip = zipFile("probe.zip", probeZip({ request: ["timer:distro:sys"] }));
  const asked = await onNode("install", zip);
  expect(asked.code).toBe(1);
  expect(asked.out).toContain("Probe 1.0.0 (probe:test.os)");
  expect(asked.out).toContain("It may set timers");
  expect(asked.err).toContain("--yes");
  const wrong = await onNode("install", zip, "--deny", "eth:distro:sys");
  expect(wrong.err).toContain('does not ask for "eth:distro:sys"');

  const done = await onNode("install", zip, "--deny", "timer:distro:sys");
  expect(done).toMatchObject({ code: 0 });
  expect(done.out).toContain("Installed Probe 1.0.0; it is running.");
  const list = await onNode("caps", "ls", "probe:test.os");
  expect(list.out).toMatch(/^no +main:probe:test\.os +set timers/m);
  // An update that asks for nothing new needs no answer, and what was refused stays refused.
  const update = zipFile(
    "probe2.zip",
    probeZip({ version: "2.0.0", request: ["timer:distro:sys"] }),
  );
  expect((await onNode("install", update)).out).toContain("Installed Probe 2.0.0");
  expect((await onNode("caps", "ls", PROBE)).out).toMatch(/^no +main:probe:test\.os +set timers/m);

  expect((await onNode("caps", "grant", PROBE, "timer:distro:sys")).out).toBe(
    `${PROBE} may set timers.`,
  );
  const revoked = await onNode("caps", "revoke", PROBE, "timer:distro:sys", "messaging", "--json");
  expect(JSON.parse(revoked.out)).toMatchObject({ granted: false, description: "set timers" });
  expect((await onNode("caps", "revoke", PROBE, "timer:distro:sys")).err).toContain(
    "does not hold",
  );

  const ps = await onNode("ps");
  expect(ps.out).toMatch(/^probe:test\.os +2\.0\.0 +running/m);
  expect(ps.out).toMatch(/^main:probe:test\.os +running +restart/m);
  const json = JSON.parse((await onNode("ps", "--json")).out) as {
    apps: unknown[];
    processes: unknown[];
  };
  expect(json.processes.length).toBeGreaterThan(10);

  expect((await onNode("uninstall", "probe:test.os", "--purge")).out).toContain(
    "with all its data",
  );
  expect((await onNode("uninstall", "probe:test.os")).err).toContain("is not installed");
  expect(existsSync(join(home, "vfs/probe:test.os/pkg"))).toBe(false);
});

test("a zip without metadata is installed by its name, and a package that cannot run is refused with the file", async () => {
  const { packZip } = await import("@kinode-ts/kit");
  const manifest = [
    {
      process_name: "main",
      process_wasm_path: "/bad.wasm",
      on_exit: "None",
      request_networking: false,
      request_capabilities: [],
      grant_capabilities: [],
      public: false,
    },
  ];
  const bad = packZip(
    new Map([
      ["manifest.json", new TextEncoder().encode(JSON.stringify(manifest))],
      ["bad.wasm", new TextEncoder().encode("no program")],
    ]),
  );
  expect((await onNode("install", zipFile("unnamed.zip", bad), "--yes")).err).toContain(
    "metadata.json",
  );
  const named = await onNode("install", zipFile("bad:test.os.zip", bad), "--yes");
  expect(named.code).toBe(1);
  expect(named.err).toContain('Cannot install "bad:test.os": its program bad.wasm cannot run here');
});

test("a program that needs what cannot be metered is refused by the name of the feature", async () => {
  const { packZip } = await import("@kinode-ts/kit");
  const { guestBytes } = await import("@kinode-ts/testing/guests");
  const bytes = guestBytes("echo");
  // the section of its memory: one, without maximum, of 2 pages
  const at = Buffer.from(bytes).indexOf(Buffer.from([5, 3, 1, 0, 2]));
  expect(at).toBeGreaterThan(0);
  const IS_64_BIT = 4;
  bytes[at + 3] = IS_64_BIT;
  const manifest = [
    {
      process_name: "main",
      process_wasm_path: "/wide.wasm",
      on_exit: "None",
      request_networking: false,
      request_capabilities: [],
      grant_capabilities: [],
      public: false,
    },
  ];
  const files = new Map([
    ["manifest.json", new TextEncoder().encode(JSON.stringify(manifest))],
    ["wide.wasm", bytes],
  ]);
  const refused = await onNode("install", zipFile("wide:test.os.zip", packZip(files)), "--yes");
  expect(refused.code).toBe(1);
  expect(refused.err).toContain(
    "it needs WebAssembly 64-bit memories, which this node does not support",
  );
});

test("limit sets what a process may have of the processor, and ps shows it", async () => {
  const TERMINAL = "terminal:terminal:sys";
  const set = await onNode("limit", TERMINAL, "--shares", "4", "--burst", "1.5s");
  expect(set.out).toBe(`${TERMINAL} has 4 shares of the processor, after 1500 ms at full speed.`);
  expect((await onNode("ps")).out).toMatch(
    /^terminal:terminal:sys .* 4 shares, burst 1500 ms +\d/m,
  );
  const one = await onNode("limit", TERMINAL, "--shares", "7", "--json");
  expect(JSON.parse(one.out)).toMatchObject({ id: TERMINAL, cpuShares: 7, cpuBurstMs: 1_500 });
  const wrong = await onNode("limit", TERMINAL, "--shares", "0");
  expect([wrong.code, wrong.err]).toEqual([1, expect.stringContaining("from 1 to 1000")]);
  expect((await onNode("limit", TERMINAL, "--burst", "soon")).err).toContain("--burst 200ms");
  expect((await onNode("limit", "no:such:process")).err).toContain("There is no process");
  expect((await onNode("limit", "vfs:distro:sys", "--shares", "2")).err).toContain(
    "part of the node",
  );
  expect((await onNode("limit", TERMINAL, "--reset")).out).toBe(
    `${TERMINAL} has 1 share of the processor, after 200 ms at full speed.`,
  );
});

test("limit and usage show and bound the disk space of packages, files and databases together", async () => {
  const TERMINAL = "terminal:sys";
  const table = await onNode("usage");
  expect(table.out).toMatch(/^PACKAGE +USED +LIMIT\n/);
  expect(table.out).toMatch(/^terminal:sys +[\d.]+ [KM]?B$/m);
  const set = await onNode("limit", TERMINAL, "--disk", "1.5GB");
  expect(set.out).toMatch(
    /^terminal:sys uses [\d.]+ [KM]?B of the 1\.5 GB of disk space it may have\.$/,
  );
  const json = await onNode("usage", TERMINAL, "--json");
  expect(JSON.parse(json.out)).toEqual({
    package: TERMINAL,
    usedBytes: expect.any(Number),
    limitBytes: 1.5 * 1024 ** 3,
  });
  expect((await onNode("limit", TERMINAL)).out).toBe(set.out);
  expect((await onNode("limit", TERMINAL, "--disk", "lots")).err).toContain("--disk 500MB");
  expect((await onNode("limit", TERMINAL, "--shares", "2")).err).toContain("is a package");
  expect((await onNode("limit", "no:such", "--disk", "1GB")).err).toContain("There is no package");
  expect((await onNode("limit", "terminal:terminal:sys", "--disk", "1GB")).err).toContain(
    "kinode limit terminal:sys --disk 1GB",
  );
  expect((await onNode("usage", "no:such")).err).toContain("has no files and no limit");
  expect((await onNode("limit", TERMINAL, "--disk", "none")).out).toMatch(/has no limit\.$/);
});

test("send, kill, logs and link speak clearly", async () => {
  const none = await onNode("send", "our@no:such:process", '"x"', "--timeout", "1");
  expect(none.code).toBe(1);
  expect(none.err).toContain("No answer from our@no:such:process");
  expect((await onNode("send", "nonsense", "1")).err).toContain("our@echo:echo:alice.os");
  expect((await onNode("send", "our@no:such:process", "1", "--timeout", "x")).err).toContain(
    "is not a number of seconds",
  );
  expect((await onNode("kill", "no:such:process")).err).toContain("There is no process");
  expect((await onNode("logs", "-n", "5")).out).toContain("is running");
  expect((await onNode("logs", "-n", "0")).err).toContain("not a number of lines");
  const { url } = JSON.parse((await onNode("link", "--json")).out) as { url: string };
  const login = await fetch(url, { redirect: "manual" });
  expect(login.status).toBe(303);
  expect(login.headers.get("set-cookie")).toContain("kinode-auth_");
});

test("send shows the lines of an answer, and what a terminal's command leaves as a shell would", async () => {
  const run = (line: string) => onNode("send", "our@terminal:terminal:sys", line);
  expect((await run("ls /")).out.split("\n")).toContain("terminal:sys/");
  const none = await run("echo one && cat /terminal:sys/no/file");
  expect(none).toMatchObject({ code: 1, out: "one" });
  expect(none.err).toContain("cannot read /terminal:sys/no/file");
  expect(await run("cd /")).toMatchObject({ code: 0, out: "" });
  expect((await run("echo a\u001b[2Jb\rc")).out).toBe("abc");
});

test("what is too large, elsewhere, ended or not there is told with the next step", async () => {
  const large = zipFile("large.zip", new Uint8Array());
  truncateSync(large, 256 * 1024 * 1024 + 1);
  expect((await onNode("install", large, "--yes")).err).toContain("a package may have 268435456");
  expect((await onNode("install", zipFile("probe.zip", probeZip()), "--yes")).code).toBe(0);
  expect((await kinode("start", join(folder, "far"), "--hostname", "192.0.2.1")).err).toContain(
    '"192.0.2.1" is not an address of this machine',
  );
  expect((await onNode("kill", PROBE)).out).toContain("comes back when its package is installed");
  expect((await onNode("uninstall", "probe:test.os")).code).toBe(0);
  expect((await onNode("caps", "ls", "nope")).out).toContain('of a process or package "nope"');
});

test("a reader that has seen enough ends a command quietly", async () => {
  const main = join(import.meta.dir, "../src/main.ts");
  const shell = Bun.spawn(
    ["sh", "-c", `"$0" "$1" ps --home "$2" | true`, process.execPath, main, home],
    { stdout: "pipe", stderr: "pipe" },
  );
  const [out, err] = await Promise.all([
    new Response(shell.stdout).text(),
    new Response(shell.stderr).text(),
  ]);
  expect({ out, err }).toEqual({ out: "", err: "" });
});

test("following the log ends with a clear text when the node ends", async () => {
  const other = await startDetached(join(folder, "followed"));
  const lines: string[] = [];
  const output: Output = {
    line: (text) => lines.push(text),
    error: (text) => lines.push(text),
    isTerminal: false,
    exitCode: 0,
  };
  const args = ["logs", "--follow", "--lines", "1", "--home", other.home];
  const ended = runCommandLine(args, output);
  // What the terminal cannot run is a line of the log: when it comes, the log is being followed.
  while (!lines.some((line) => line.includes("'followed' not found"))) {
    const target = "our@terminal:terminal:sys";
    await other.post("send", { target, body: "followed", timeout: null });
    await Bun.sleep(20);
  }
  await other.killHard();
  expect(await ended).toBe(1);
  expect(lines.at(-1)).toContain("has ended, and its log with it");
  const examined = await kinode("doctor", "--home", other.home);
  expect(examined.out).toContain("it did not stop cleanly, which does no harm");
  expect(examined.out).toMatch(/Port: \d+ is free/);
}, 120_000);

test("doctor finds a file that others may read", async () => {
  const fine = await onNode("doctor", "--json");
  expect(JSON.parse(fine.out)).toMatchObject({ ok: true });
  const other = join(folder, "open");
  mkdirSync(other);
  writeFileSync(join(other, ".local-token"), "x", { mode: 0o644 });
  const { code, out } = await kinode("doctor", "--home", other);
  expect(code).toBe(1);
  expect(out).toContain("others may read");
});
