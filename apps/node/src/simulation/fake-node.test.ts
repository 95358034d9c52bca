/** Simulated nodes without a chain; with one they are in `test/simulation.test.ts`. */
import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSystemRandom } from "@kinode-ts/crypto/random";
import { openHomeFolder } from "../boot/home-folder.ts";
import { provideIdentity } from "../boot/identity.ts";
import { readStartFlags } from "../boot/start-config.ts";
import { provideFakeIdentity } from "./fake-node.ts";

setDefaultTimeout(60_000);
const folder = mkdtempSync(join(tmpdir(), "fake-node-"));
afterAll(() => rmSync(folder, { recursive: true }));
const random = createSystemRandom();

const provide = (home: string, name?: string, password?: string) =>
  provideFakeIdentity({
    home: openHomeFolder(join(folder, home)),
    random,
    rpc: undefined,
    name,
    password,
    wsPort: undefined,
    freePort: () => 0,
  });

test("a node without a chain has a local identity and keeps its key", async () => {
  const first = await provide("alice", "alice.dev");
  expect(first.name).toBe("alice.dev");
  expect(first).not.toHaveProperty("chainRouting");
  for (const name of ["alice.dev", undefined]) {
    // oxlint-disable-next-line no-await-in-loop -- the same folder
    const again = await provide("alice", name);
    expect([again.name, again.networkingSeed]).toEqual(["alice.dev", first.networkingSeed]);
  }
  expect(provide("alice", "bob.dev")).rejects.toThrow('is called "alice.dev", not "bob.dev"');
  expect(provide("alice", "alice.dev", "other")).rejects.toThrow("has another password");
});

test("a name has to be one that can be simulated, and an empty home needs one", async () => {
  expect(provide("carol", "carol.local")).rejects.toThrow('"carol.local" cannot be simulated');
  expect(provide("carol")).rejects.toThrow("There is no node in");
});

test("a home with a real node is left alone", async () => {
  const home = openHomeFolder(join(folder, "real"));
  await provideIdentity(home, random, { name: "real.dev", password: "secret" });
  const keys = readFileSync(home.keyfile);
  expect(provide("real", "real.dev", "secret")).rejects.toThrow("that is not simulated");
  expect(readFileSync(home.keyfile)).toEqual(keys);
});

test("--fakechain-port 0 is no chain, except for pages that register a name", () => {
  const flags = { fakeNodeName: "alice.dev", fakechainPort: "0" };
  expect(readStartFlags("home", flags, {}).simulation).toEqual({
    name: "alice.dev",
    chainPort: undefined,
  });
  expect(readStartFlags("home", { fakeNodeName: "a.dev" }, {}).simulation?.chainPort).toBe(8_545);
  expect(() => readStartFlags("home", { fakechainPort: "0", register: true }, {})).toThrow(
    "--fakechain-port takes a number from 1 to 65535",
  );
});
