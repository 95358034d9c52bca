import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMemoryStore, createMemoryStoreData } from "@kinode-ts/store/memory";
import { createRecordingPrinter, createVirtualClock } from "@kinode-ts/testing";
import type { Executor, PackageId, ProcessId, Store } from "@kinode-ts/types";
import { packZip, readPackage, versionHash } from "@kinode-ts/kit";
import { openFolderVfs, type VfsFiles } from "@kinode-ts/vfs";
import { createFakeKernel, type FakeKernel } from "../../test/fake-kernel.ts";
import { makePackage } from "../../test/make-package.ts";
import { grantFromText } from "./grants.ts";
import { recoverInstallations } from "./install-journal.ts";
import { Installer } from "./installer.ts";
import { PackageRecords } from "./package-records.ts";
import { Permissions } from "./permissions.ts";

const OUR = "bob.local";
const NOTES = "notes:alice.os" as PackageId;
const MAIN = "main:notes:alice.os" as ProcessId;
const MODULES = [
  "vfs:distro:sys",
  "http-server:distro:sys",
  "timer:distro:sys",
  "homepage:homepage:sys",
];
const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

const executor: Executor = {
  accepts: ({ handle }) => handle.endsWith(".js"),
  async prepare({ bytes }) {
    if (new TextDecoder().decode(bytes).includes("BAD"))
      throw new Error('unknown import "evil:thing"');
    return undefined as never;
  },
};

/** Counts calls that change something, and lets the n-th fail or stand still for ever. */
class Fault {
  count = 0;
  at = Number.POSITIVE_INFINITY;
  mode: "throw" | "hang" = "throw";
  wrap<T extends object>(target: T, names: readonly string[]): T {
    return new Proxy(target, {
      get: (object, name) => {
        const value = Reflect.get(object, name) as unknown;
        if (typeof value !== "function" || !names.includes(String(name))) {
          return typeof value === "function" ? value.bind(object) : value;
        }
        return (...args: unknown[]) => {
          this.count += 1;
          if (this.count !== this.at) return value.apply(object, args) as unknown;
          if (this.mode === "hang") return new Promise(() => {});
          return Promise.reject(new Error(`fault at ${String(name)}`));
        };
      },
    });
  }
}

interface Setup {
  readonly kernel: FakeKernel;
  readonly installer: Installer;
  readonly files: VfsFiles;
  readonly store: Store;
  readonly records: PackageRecords;
  readonly forgotten: string[];
  readonly fault: Fault;
}

async function setUp(
  data = createMemoryStoreData(),
  folder = mkdtempSync(join(tmpdir(), "installer-")),
): Promise<Setup> {
  if (!folders.includes(folder)) folders.push(folder);
  const store = createMemoryStore(data);
  const fault = new Fault();
  const real = openFolderVfs({ folder }).files;
  const files = fault.wrap(real, ["write", "rename", "remove", "makeDirectories"]);
  await recoverInstallations(store, real);
  const kernel = createFakeKernel(OUR, store, MODULES);
  await kernel.boot();
  const clock = createVirtualClock();
  const records = new PackageRecords(clock);
  await records.load(store);
  const forgotten: string[] = [];
  const installer = new Installer({
    our: OUR,
    kernel: fault.wrap(kernel, ["register", "run", "kill", "grant", "revoke", "commit"]),
    store,
    files,
    executors: [executor],
    clock,
    printer: createRecordingPrinter(),
    records,
    forgetEntry: (process) => forgotten.push(process),
    bundled: new Set(["terminal:sys" as PackageId]),
  });
  return { kernel, installer, files: real, store, records, forgotten, fault };
}

const V1 = () =>
  makePackage("1.0.0", [
    { name: "main", request: ["timer:distro:sys"], grant: ["http-server:distro:sys"] },
    { name: "helper", request: ["main:notes:alice.os"] },
  ]);
const V2 = () =>
  makePackage("2.0.0", [
    {
      name: "main",
      request: ["http-server:distro:sys"],
      grant: [{ process: "http-server:distro:sys", params: { a: 1 } }],
    },
    { name: "worker" },
  ]);

/** Everything a person or a process could notice of a package. */
async function observe({ kernel, files, records, store }: Setup) {
  const held = kernel
    .processes()
    .map(({ id, state, wasmBytesHandle, capabilities }) => ({
      id,
      state,
      wasmBytesHandle,
      capabilities: capabilities
        .map(({ issuer, params }) => `${issuer.process} ${params}`)
        .toSorted(),
    }))
    .toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const drives = await files.drives(NOTES);
  const program = await files.read(`/${NOTES}/pkg/main.js`);
  return {
    held,
    drives: drives.toSorted(),
    program: program && new TextDecoder().decode(program),
    record: records.get(NOTES),
    withdrawn: records.withdrawn().length,
    stored: await store.records("packages"),
    journal: await store.records("installing"),
  };
}

const heldBy = (kernel: FakeKernel, id: string) =>
  kernel
    .process(id as ProcessId)
    ?.capabilities.map(({ issuer, params }) => `${issuer.process} ${params}`) ?? [];

test("an installed package has its files, its running processes and what it asked for", async () => {
  const setup = await setUp();
  const pkg = await V1();
  await setup.installer.install(pkg, { denied: [], by: "person" });
  expect(setup.kernel.process(MAIN)).toMatchObject({
    state: "running",
    wasmBytesHandle: "/notes:alice.os/pkg/main.js",
    witVersion: 1,
  });
  expect(heldBy(setup.kernel, MAIN).toSorted()).toEqual([
    'main:notes:alice.os "messaging"',
    'timer:distro:sys "messaging"',
    'vfs:distro:sys {"drive":"/notes:alice.os/pkg","kind":"read"}',
    'vfs:distro:sys {"drive":"/notes:alice.os/pkg","kind":"write"}',
  ]);
  expect(heldBy(setup.kernel, "http-server:distro:sys")).toEqual([
    'main:notes:alice.os "messaging"',
  ]);
  expect(heldBy(setup.kernel, "helper:notes:alice.os")).toContain(
    'main:notes:alice.os "messaging"',
  );
  expect(await setup.files.read(`/${NOTES}/pkg/${NOTES}.zip`)).toEqual(pkg.zip);
  expect(
    await setup.files.read(`/app-store:sys/downloads/${NOTES}/${pkg.versionHash}.zip`),
  ).toEqual(pkg.zip);
  expect((await observe(setup)).drives).toEqual(["pkg"]);
});

test("[P8] on the node a package has its files, its zip, its expanded api.zip, and its zip and manifest in the downloads", async () => {
  const setup = await setUp();
  const bytes = (text: string) => new TextEncoder().encode(text);
  const api = packZip(new Map([["notes:alice.os-v0.wit", bytes("interface notes {}")]]));
  const plain = await V1();
  const zip = packZip(new Map([...plain.files, ["api.zip", api], ["ui/index.html", bytes("<p>")]]));
  const pkg = await readPackage(zip);
  await setup.installer.install(pkg, { denied: [], by: "person" });
  const { files } = setup;
  const text = async (path: string) => new TextDecoder().decode(await files.read(path));
  expect(await text(`/${NOTES}/pkg/ui/index.html`)).toBe("<p>");
  expect(await text(`/${NOTES}/pkg/api/notes:alice.os-v0.wit`)).toBe("interface notes {}");
  expect(versionHash((await files.read(`/${NOTES}/pkg/${NOTES}.zip`))!)).toBe(pkg.versionHash);
  const downloads = `/app-store:sys/downloads/${NOTES}/${pkg.versionHash}`;
  expect(await files.read(`${downloads}.zip`)).toEqual(zip);
  expect(await files.read(`${downloads}.json`)).toEqual(pkg.files.get("manifest.json"));
  // An entry that would leave the folder, at any depth, is refused before anything is written.
  for (const name of ["../evil.txt", "/evil.txt", "C:/evil.txt", "a/../../evil.txt"]) {
    const evil = packZip(new Map([...plain.files, [name, bytes("x")]]));
    await expect(readPackage(evil), name).rejects.toThrow("Refused the zip entry");
  }
  const evilApi = packZip(new Map([["../../evil.wit", bytes("x")]]));
  const before = await observe(setup);
  const bad = await readPackage(packZip(new Map([...plain.files, ["api.zip", evilApi]])));
  await expect(setup.installer.install(bad, { denied: [], by: "person" })).rejects.toThrow(
    "Refused the zip entry",
  );
  expect(await observe(setup)).toEqual(before);
});

test("[P26] row 4: what the person refuses is not given, and stays refused", async () => {
  const setup = await setUp();
  const denied = { holder: MAIN, issuer: `${OUR}@timer:distro:sys`, params: '"messaging"' };
  await setup.installer.install(await V1(), { denied: [grantFromText(denied)], by: "person" });
  expect(heldBy(setup.kernel, MAIN)).not.toContain('timer:distro:sys "messaging"');
  const permissions = new Permissions({ our: OUR, kernel: setup.kernel, records: setup.records });
  expect(permissions.list().find(({ issuer }) => issuer === denied.issuer)).toMatchObject({
    granted: false,
    origin: "requested",
  });
  expect((await setup.store.records("withdrawn")).length).toBe(1);
});

test("an update changes what was asked for, keeps what was acquired, and drops processes that are gone", async () => {
  const setup = await setUp();
  await setup.installer.install(await V1(), { denied: [], by: "person" });
  const acquired = {
    issuer: { node: OUR, process: "homepage:homepage:sys" as ProcessId },
    params: '"extra"',
  };
  await setup.kernel.grant([{ holder: MAIN, capability: acquired }]);
  await setup.installer.install(await V2(), { denied: [], by: "person" });
  expect(heldBy(setup.kernel, MAIN)).toContain('homepage:homepage:sys "extra"');
  expect(heldBy(setup.kernel, MAIN)).toContain('http-server:distro:sys "messaging"');
  expect(heldBy(setup.kernel, MAIN)).not.toContain('timer:distro:sys "messaging"');
  expect(setup.kernel.process("helper:notes:alice.os" as ProcessId)).toBeUndefined();
  expect(setup.forgotten).toEqual(["helper:notes:alice.os"]);
  expect(setup.records.get(NOTES)).toMatchObject({ version: "2.0.0" });
  expect(setup.records.get(NOTES)!.kept).toHaveLength(2);
});

test("a program that cannot run here is refused before anything is changed, with file and import named", async () => {
  const setup = await setUp();
  await setup.installer.install(await V1(), { denied: [], by: "person" });
  const before = await observe(setup);
  const bad = await makePackage("3.0.0", [{ name: "main" }, { name: "worse", program: "BAD" }]);
  await expect(setup.installer.install(bad, { denied: [], by: "person" })).rejects.toThrow(
    /worse\.js cannot run here: unknown import "evil:thing"/,
  );
  expect(await observe(setup)).toEqual(before);
});

test("a process that does not start brings the old version back", async () => {
  const setup = await setUp();
  await setup.installer.install(await V1(), { denied: [], by: "person" });
  const before = await observe(setup);
  setup.kernel.broken.set("/notes:alice.os/pkg/worker.js", "it broke");
  await expect(setup.installer.install(await V2(), { denied: [], by: "person" })).rejects.toThrow(
    "does not start: it broke",
  );
  expect(await observe(setup)).toEqual(before);
});

for (const [what, isUpdate] of [
  ["a first installation", false],
  ["an update", true],
] as const) {
  test(`[P26] row 4: a failure at any step of ${what} leaves what was there before, running with what it held`, async () => {
    for (let step = 1; ; step += 1) {
      const setup = await setUp();
      if (isUpdate) await setup.installer.install(await V1(), { denied: [], by: "person" });
      const before = await observe(setup);
      setup.fault.count = 0;
      setup.fault.at = step;
      const failed = await setup.installer.install(await V2(), { denied: [], by: "person" }).then(
        () => false,
        () => true,
      );
      const after = await observe(setup);
      if (setup.fault.count < step) break;
      if (failed) expect({ step, ...after }).toEqual({ step, ...before });
      // A failure after the commit is told, and the new version stays.
      else expect({ step, program: after.program }).toEqual({ step, program: "// 2.0.0" });
    }
  });

  test(`the end of the program at any step of ${what} leaves the old or the new version, wholly`, async () => {
    let steps = 0;
    for (let step = 1; ; step += 1) {
      const data = createMemoryStoreData();
      const folder = mkdtempSync(join(tmpdir(), "installer-"));
      const setup = await setUp(data, folder);
      if (isUpdate) await setup.installer.install(await V1(), { denied: [], by: "person" });
      const before = await observe(setup);
      setup.fault.count = 0;
      setup.fault.at = step;
      setup.fault.mode = "hang";
      const finished = setup.installer
        .install(await V2(), { denied: [], by: "person" })
        .then(() => true);
      let isDone = false;
      void finished.then((done) => (isDone = done));
      while (!isDone && setup.fault.count < step) await Bun.sleep(1);
      // What goes on beside the step that stands still comes to its end.
      if (!isDone) await Bun.sleep(10);
      if (isDone) break;
      steps = step;
      const after = await observe(await setUp(data, folder));
      const ids = ({ held }: typeof after) =>
        held.map(({ id, capabilities }) => [id, capabilities]);
      if (after.record?.version === "2.0.0") {
        expect({ step, program: after.program, journal: after.journal }).toEqual({
          step,
          program: "// 2.0.0",
          journal: [],
        });
      } else {
        expect({
          step,
          ids: ids(after),
          program: after.program,
          record: after.record,
          journal: after.journal,
        }).toEqual({
          step,
          ids: ids(before),
          program: before.program,
          record: before.record,
          journal: [],
        });
      }
    }
    expect(steps).toBeGreaterThan(10);
  }, 120_000);
}

test("[P26] row 10: uninstalling ends the processes and removes files, rights and home page entries; data stays unless purged", async () => {
  for (const purge of [false, true]) {
    const setup = await setUp();
    await setup.installer.install(await V1(), { denied: [], by: "person" });
    await setup.store.commit([{ kind: "put-state", process: MAIN, bytes: new Uint8Array([1]) }]);
    await setup.files.makeDirectories(`/${NOTES}/data`);
    await setup.installer.uninstall(NOTES, { purge, by: "person" });
    expect(setup.kernel.process(MAIN)).toBeUndefined();
    expect(heldBy(setup.kernel, "http-server:distro:sys")).toEqual([]);
    expect(setup.forgotten.toSorted()).toEqual(["helper:notes:alice.os", "main:notes:alice.os"]);
    expect(setup.records.get(NOTES)).toBeUndefined();
    expect((await observe(setup)).drives).toEqual(purge ? [] : ["data"]);
    expect(await setup.store.state(MAIN)).toEqual(purge ? undefined : new Uint8Array([1]));
  }
});

test("what is not installed or belongs to the node cannot be uninstalled", async () => {
  const { installer } = await setUp();
  await expect(installer.uninstall("nothing:here", { purge: false, by: "person" })).rejects.toThrow(
    "is not installed",
  );
});

test("a package that names itself as a part of the node is refused before anything is changed", async () => {
  const setup = await setUp();
  for (const id of ["terminal:sys", "distro:sys"] as PackageId[]) {
    const pkg = { ...(await V1()), id };
    await expect(setup.installer.checkPrograms(pkg)).rejects.toThrow("is part of this node");
    await expect(setup.installer.install(pkg, { denied: [], by: "person" })).rejects.toThrow(
      "nothing can be installed in its place",
    );
    expect(await setup.files.drives(id)).toEqual([]);
  }
});

test("a withdrawn capability is gone at once, remembered, given back, and every decision is in the audit log", async () => {
  const setup = await setUp();
  await setup.installer.install(await V1(), { denied: [], by: "person" });
  const permissions = new Permissions({ our: OUR, kernel: setup.kernel, records: setup.records });
  const change = { holder: MAIN, issuer: "our@timer:distro:sys", params: '"messaging"' };
  expect(await permissions.revoke(change)).toMatchObject({ granted: false, origin: "requested" });
  expect(heldBy(setup.kernel, MAIN)).not.toContain('timer:distro:sys "messaging"');
  expect(permissions.withdrawnCount(new Set([MAIN]))).toBe(1);
  await expect(permissions.revoke(change)).rejects.toThrow("does not hold");
  expect(await permissions.grant(change)).toMatchObject({ granted: true });
  expect(permissions.withdrawnCount(new Set([MAIN]))).toBe(0);
  await expect(permissions.grant({ ...change, holder: "no:such:process" })).rejects.toThrow(
    "There is no process",
  );
  await expect(permissions.grant({ ...change, params: "{" })).rejects.toThrow("not JSON");
  const actions = (await setup.store.records("audit")).map(
    ({ value }) => (JSON.parse(value) as { action: string }).action,
  );
  expect(actions).toEqual(["install", "revoke", "grant"]);
});
