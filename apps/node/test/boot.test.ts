/**
 * Boot, bundled packages and shutdown, on the real program.
 */
import { afterAll, describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { versionHash } from "@kinode-ts/kit";
import { decodeProbeReport, probeScript, type ProbeScript } from "@kinode-ts/testing/probe";
import type { ControlApp, ControlGrant, ControlInspection, ControlProcess } from "@kinode-ts/types";
import { type DetachedNode, killAllDetached, startDetached } from "./detached-node.ts";
import { PROBE, probeZip } from "./probe-package.ts";

const folder = mkdtempSync(join(tmpdir(), "boot-"));
afterAll(() => {
  killAllDetached();
  rmSync(folder, { recursive: true });
});

function newHome(name: string): string {
  return join(folder, name);
}

function writeZip(name: string, zip: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, zip);
  return path;
}

const run = async (node: DetachedNode, script: ProbeScript) =>
  new TextDecoder().decode(await node.message(PROBE, new TextDecoder().decode(script.bytes())));

async function heldBy(node: DetachedNode, holder: string): Promise<string[]> {
  const grants = await node.get<ControlGrant[]>("capabilities");
  return grants
    .filter((grant) => grant.holder === holder && grant.granted)
    .map(({ issuer, params }) => `${issuer.split("@")[1]} ${params}`)
    .toSorted();
}

const WANTED = [
  'http-server:distro:sys "messaging"',
  'timer:distro:sys {"a":1,"b":[1.0,"x"]}',
  'vfs:distro:sys "messaging"',
  'vfs:distro:sys {"drive":"/probe:test.os/pkg","kind":"read"}',
  'vfs:distro:sys {"drive":"/probe:test.os/pkg","kind":"write"}',
];

describe("packages that are added at every boot", () => {
  const home = newHome("bundled");
  const pkg = join(home, "vfs/probe:test.os/pkg");
  const options = {
    // One that does not exist is granted to nobody, and is no fault.
    grant: ["nobody:nowhere:sys", { process: "eth:distro:sys", params: "Use" }],
    files: { "ui/index.html": "<p>hello" },
  };
  const zip = probeZip({
    ...options,
    request: [{ process: "timer:distro:sys", params: { b: [1.0, "x"], a: 1 } }],
  });

  test("[P13] [K91] files and entries equal the package after each boot; equal files are not written again; what was added stays", async () => {
    const text = new TextDecoder();
    const raw = text.decode(zip);
    expect(raw.length).toBeGreaterThan(0);
    const path = writeZip("probe.zip", zip);
    let node = await startDetached(home, ["--package", path]);
    expect(node.output()).toContain(
      `ATTENTION: --package ${path} runs with everything it asks for granted`,
    );
    // Everything asked for, minted without any check, its own drive, and the second pass of grants.
    const wanted = WANTED.map((each) => each.replace("1.0", "1"));
    expect(await heldBy(node, PROBE)).toEqual(wanted);
    expect(await heldBy(node, "eth:distro:sys")).toContain(`${PROBE} "Use"`);
    expect(await heldBy(node, "http-server:distro:sys")).toContain(`${PROBE} "messaging"`);
    const [info] = (await node.get<ControlProcess[]>("processes")).filter(({ id }) => id === PROBE);
    expect(info).toMatchObject({ state: "running", onExit: "restart", public: false });
    // Its own messaging capability is not a decision and not listed, but held.
    const script = probeScript()
      .ourCapabilities()
      .sendResponse({ body: { from: "report" } });
    const report = decodeProbeReport(await node.message(PROBE, text.decode(script.bytes())));
    const own = report.flatMap((record) =>
      record.op === "our-capabilities" ? record.capabilities : [],
    );
    expect(own.map(({ issuer, params }) => `${issuer.process} ${params}`)).toContain(
      `${PROBE} "messaging"`,
    );
    // The zip is saved next to the files.
    expect(versionHash(new Uint8Array(readFileSync(join(pkg, "probe:test.os.zip"))))).toBe(
      versionHash(zip),
    );
    expect(readFileSync(join(pkg, "ui/index.html"), "utf8")).toBe("<p>hello");

    // The person adds one capability and withdraws another; the process keeps state.
    await node.post("capabilities/grant", {
      holder: PROBE,
      issuer: "our@net:distro:sys",
      params: '"messaging"',
    });
    await node.post("capabilities/revoke", {
      holder: PROBE,
      issuer: "our@vfs:distro:sys",
      params: '"messaging"',
    });
    expect(await run(node, probeScript().setState("kept").sendResponse({ body: "ok" }))).toBe("ok");
    expect(await node.stop()).toBe(0);

    const old = new Date(1_000_000_000_000);
    utimesSync(join(pkg, "manifest.json"), old, old);
    utimesSync(join(pkg, "probe.wasm"), old, old);
    writeFileSync(join(pkg, "ui/index.html"), "tampered");
    writeFileSync(join(pkg, "stray.txt"), "not of the package");
    mkdirSync(join(home, "vfs/probe:test.os/data"));
    writeFileSync(join(home, "vfs/probe:test.os/data/mine.txt"), "mine");
    node = await startDetached(home, ["--package", path]);
    expect(statSync(join(pkg, "manifest.json")).mtimeMs).toBe(old.getTime());
    expect(statSync(join(pkg, "probe.wasm")).mtimeMs).toBe(old.getTime());
    expect(readFileSync(join(pkg, "ui/index.html"), "utf8")).toBe("<p>hello");
    expect(existsSync(join(pkg, "stray.txt"))).toBe(false);
    expect(readFileSync(join(home, "vfs/probe:test.os/data/mine.txt"), "utf8")).toBe("mine");
    const after = wanted.filter((each) => each !== 'vfs:distro:sys "messaging"');
    expect(await heldBy(node, PROBE)).toEqual(['net:distro:sys "messaging"', ...after].toSorted());
    expect(
      await run(
        node,
        probeScript()
          .getState()
          .sendResponse({ body: { from: "report" } }),
      ),
    ).toContain("kept");
    expect(await node.stop()).toBe(0);
  }, 120_000);

  test("[P13] a new version replaces files and entries and keeps what the process holds beside", async () => {
    const path = writeZip("probe2.zip", probeZip({ version: "2.0.0", files: { "new.txt": "2" } }));
    const node = await startDetached(home, ["--package", path]);
    expect(readdirSync(pkg).toSorted()).toEqual([
      "manifest.json",
      "metadata.json",
      "new.txt",
      "probe.wasm",
      "probe:test.os.zip",
    ]);
    expect(await heldBy(node, PROBE)).toContain('net:distro:sys "messaging"');
    const apps = await node.get<ControlApp[]>("apps");
    expect(apps.find(({ id }) => id === "probe:test.os")).toMatchObject({
      version: "2.0.0",
      bundled: true,
    });
    await expect(node.post("packages/probe%3Atest.os/uninstall")).rejects.toThrow("409");
    expect(await node.stop()).toBe(0);
  }, 120_000);
});

test("an installed package, its state and the person's decisions are there after a restart", async () => {
  const home = newHome("restart");
  let node = await startDetached(home);
  const shown = await node.post<ControlInspection>("packages/inspect", probeZip());
  expect(shown).toMatchObject({ id: "probe:test.os", installedVersion: null, processes: [PROBE] });
  expect(shown.capabilities.map(({ description }) => description)).toContain(
    "read and write its own files",
  );
  expect(await node.get<ControlApp[]>("apps")).not.toContainEqual(
    expect.objectContaining({ id: "probe:test.os" }),
  );
  const denied = shown.capabilities
    .filter(({ issuer, params }) => issuer.endsWith("vfs:distro:sys") && params === '"messaging"')
    .map(({ holder, issuer, params }) => ({ holder, issuer, params }));
  expect(denied).toHaveLength(1);
  await node.post(`packages/install?hash=${shown.hash}`, { denied });
  await run(node, probeScript().setState("one").sendResponse({ body: "ok" }));
  const before = await heldBy(node, PROBE);
  expect(before).not.toContain('vfs:distro:sys "messaging"');
  expect(await node.stop("SIGINT")).toBe(0);
  expect(existsSync(join(home, ".node.json"))).toBe(false);

  node = await startDetached(home);
  expect(await heldBy(node, PROBE)).toEqual(before);
  expect(
    await run(
      node,
      probeScript()
        .getState()
        .sendResponse({ body: { from: "report" } }),
    ),
  ).toContain("one");
  // An update that asks for more waits for the answer, and a refusal from before stays.
  const update = await node.post<ControlInspection>(
    "packages/inspect",
    probeZip({ version: "2.0.0", request: ["eth:distro:sys"] }),
  );
  expect(
    update.capabilities
      .filter(({ approved }) => !approved)
      .map(({ issuer }) => issuer.split("@")[1])
      .toSorted(),
  ).toEqual(["eth:distro:sys", "vfs:distro:sys"]);
  const [app] = (await node.get<ControlApp[]>("apps")).filter(({ id }) => id === "probe:test.os");
  expect(app).toMatchObject({
    version: "1.0.0",
    state: "update waits for approval",
    withdrawnCount: 1,
  });
  await node.post("packages/probe%3Atest.os/uninstall", { purge: true });
  expect(existsSync(join(home, "vfs/probe:test.os/pkg"))).toBe(false);
  expect(await node.stop("SIGHUP")).toBe(0);
}, 120_000);

test("a part of the node that was ended comes back with the rights that installed packages gave it", async () => {
  const home = newHome("ended");
  let node = await startDetached(home);
  const wanted = { grant: ["terminal:terminal:sys"], request: ["homepage:homepage:sys"] };
  const shown = await node.post<ControlInspection>("packages/inspect", probeZip(wanted));
  await node.post(`packages/install?hash=${shown.hash}`, { denied: [] });
  const before = [await heldBy(node, "terminal:terminal:sys"), await heldBy(node, PROBE)];
  expect(before[0]).toContain(`${PROBE} "messaging"`);
  expect(before[1]).toContain('homepage:homepage:sys "messaging"');
  for (const id of ["terminal:terminal:sys", "homepage:homepage:sys"]) {
    await node.post(`processes/${encodeURIComponent(id)}/kill`);
  }
  expect(await heldBy(node, PROBE)).not.toContain('homepage:homepage:sys "messaging"');
  expect(await node.stop()).toBe(0);
  node = await startDetached(home);
  expect([await heldBy(node, "terminal:terminal:sys"), await heldBy(node, PROBE)]).toEqual(before);
  expect(await node.stop()).toBe(0);
}, 120_000);

test("every stop signal ends the node in order, with exit code 0", async () => {
  const home = newHome("signals");
  for (const signal of ["SIGTERM", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGALRM"] as const) {
    const node = await startDetached(home);
    expect({ signal, code: await node.stop(signal) }).toEqual({ signal, code: 0 });
    expect(node.output()).toContain("everything is written");
  }
}, 120_000);

test("the key is protected: files are closed to others, the password and the link are not in the log", async () => {
  const home = newHome("secrets");
  const node = await startDetached(home);
  for (const name of [".keys", ".local-unlock", ".local-token"]) {
    expect({ name, mode: statSync(join(home, name)).mode & 0o777 }).toEqual({ name, mode: 0o600 });
  }
  expect(statSync(home).mode & 0o777).toBe(0o700);
  await node.stop();
  expect(node.output()).toMatch(/login\?token=/);
  const logs = readdirSync(join(home, ".terminal_logs")).map((name) =>
    readFileSync(join(home, ".terminal_logs", name), "utf8"),
  );
  expect(logs.join("")).toContain("is running");
  expect(logs.join("")).not.toContain("token=");
  rmSync(join(home, ".local-unlock"));
  await expect(startDetached(home)).rejects.toThrow("is locked");
}, 120_000);

test("a second node on one home is refused with the address of the first", async () => {
  const home = newHome("twice");
  const node = await startDetached(home);
  await expect(startDetached(home)).rejects.toThrow(/already running at http:\/\/localhost:\d+/);
  expect(await node.stop()).toBe(0);
}, 120_000);

test("the control interface answers strangers and nonsense with clear errors", async () => {
  const node = await startDetached(newHome("control"));
  const call = async (path: string, init: RequestInit = {}) => {
    const answer = await fetch(`${node.url}/~/api/${path}`, init);
    return { status: answer.status, body: (await answer.json()) as { error?: { code: string } } };
  };
  const token = readFileSync(join(node.home, ".local-token"), "utf8").trim();
  const authorization = `Bearer ${token}`;
  expect(await call("node")).toMatchObject({
    status: 401,
    body: { error: { code: "control.not-logged-in" } },
  });
  expect(await call("node", { headers: { authorization: "Bearer wrong" } })).toMatchObject({
    status: 401,
  });
  const headers = { authorization };
  const foreign = { authorization, origin: "http://evil.example" };
  expect(await call("shutdown", { method: "POST", headers: foreign })).toMatchObject({
    status: 403,
  });
  for (const [path, init, status] of [
    ["nothing", {}, 404],
    ["shutdown", {}, 405],
    ["processes/no:such:process/kill", { method: "POST" }, 404],
    ["processes/kernel:distro:sys/kill", { method: "POST" }, 409],
    ["packages/install?hash=00", { method: "POST", body: "{}" }, 404],
    ["packages/inspect", { method: "POST", body: "not a zip" }, 400],
    ["packages/no:package/uninstall", { method: "POST", body: "{}" }, 404],
    ["capabilities/grant", { method: "POST", body: "{" }, 400],
    ["capabilities/grant", { method: "POST", body: "[]" }, 400],
    ["send", { method: "POST", body: '{"target":"x","body":"","timeout":1}' }, 400],
    ["logs?lines=-1", {}, 400],
    ["%ff", {}, 400],
  ] as const) {
    expect({ path, ...(await call(path, { headers, ...init })) }).toMatchObject({
      path,
      status,
      body: { error: {} },
    });
  }
  expect(await node.stop()).toBe(0);
}, 120_000);

test("[K95] [K96] a print is prefixed with its package; level 1 is hidden at 0 but in the log; a process's own level and Muted win", async () => {
  const home = newHome("prints");
  const zip = writeZip("prints.zip", probeZip());
  const script = probeScript().print(0, "at 0").print(1, "at 1").sendResponse({ body: "ok" });
  const logText = () =>
    readdirSync(join(home, ".terminal_logs"))
      .map((name) => readFileSync(join(home, ".terminal_logs", name), "utf8"))
      .join("");
  for (const [args, shown] of [
    [[], ["at 0"]],
    [
      ["-v", "1"],
      ["at 0", "at 1"],
    ],
    [
      ["--process-verbosity", `{"${PROBE}":{"U8":1}}`],
      ["at 0", "at 1"],
    ],
    [["-v", "2", "--process-verbosity", `{"${PROBE}":{"U8":0}}`], ["at 0"]],
    [["-v", "3", "--process-verbosity", `{"${PROBE}":"Muted"}`], []],
  ] as const) {
    rmSync(join(home, ".terminal_logs"), { recursive: true, force: true });
    const node = await startDetached(home, ["--package", zip, ...args]);
    await run(node, script);
    await node.stop();
    const lines = node
      .output()
      .split("\n")
      .filter((line) => /^\w{3} \d\d:\d\d probe:test\.os: /.test(line))
      .map((line) => line.replace(/^.*probe:test\.os: /, ""));
    expect({ args, lines }).toEqual({ args, lines: [...shown] });
    expect(logText()).toContain("probe:test.os: at 0\n");
    expect(logText()).toContain("probe:test.os: at 1\n");
  }
}, 120_000);

test("pages hear what changes, and the log can be followed", async () => {
  const node = await startDetached(newHome("events"));
  const token = readFileSync(join(node.home, ".local-token"), "utf8").trim();
  const headers = { authorization: `Bearer ${token}` };
  const follow = async (path: string) => {
    const answer = await fetch(`${node.url}/~/api/${path}`, { headers });
    expect(answer.headers.get("content-type")).toBe("text/event-stream");
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    const decoder = new TextDecoder();
    let text = "";
    return {
      async until(pattern: RegExp): Promise<void> {
        while (!pattern.test(text)) {
          const { value, done } = await reader.read();
          if (done) throw new Error(`The stream ended before ${String(pattern)}:\n${text}`);
          text += decoder.decode(value, { stream: true });
        }
      },
      close: () => reader.cancel(),
    };
  };
  const events = await follow("events");
  const log = await follow("logs/follow");
  const { hash } = await node.post<ControlInspection>("packages/inspect", probeZip());
  await node.post(`packages/install?hash=${hash}`, { denied: [] });
  await events.until(/data: \{"kind":"process-started","process":"main:probe:test\.os"\}/);
  await events.until(/data: \{"kind":"apps-changed"\}/);
  await node.post("capabilities/revoke", {
    holder: PROBE,
    issuer: "our@vfs:distro:sys",
    params: '"messaging"',
  });
  await events.until(/data: \{"kind":"capabilities-changed","process":"main:probe:test\.os"\}/);
  await run(node, probeScript().print(0, "followed").sendResponse({ body: "ok" }));
  await log.until(/data: "\w{3} \d\d:\d\d probe:test\.os: followed"/);
  await events.close();
  await node.post("processes/main%3Aprobe%3Atest.os/kill");
  const [app] = (await node.get<ControlApp[]>("apps")).filter(({ id }) => id === "probe:test.os");
  expect(app).toMatchObject({ state: "stopped" });
  // An open stream does not keep the node from stopping.
  expect(await node.stop()).toBe(0);
}, 120_000);
