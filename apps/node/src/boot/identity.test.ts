import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeKeyfile, encodeKeyfile, hashPassword } from "@kinode-ts/crypto";
import { createSeededRandom } from "@kinode-ts/testing";
import { isNameSafeNode } from "@kinode-ts/types";
import { openHomeFolder } from "./home-folder.ts";
import { provideIdentity } from "./identity.ts";
import { createNodeName } from "./node-name.ts";

const folder = mkdtempSync(join(tmpdir(), "identity-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("a made-up name is safe wherever names are written", () => {
  const random = createSeededRandom(1);
  for (let i = 0; i < 500; i += 1) {
    const name = createNodeName(random);
    expect(isNameSafeNode(name)).toBe(true);
    expect(name).toMatch(/^[a-z]+-[a-z]+-\d{3}\.local$/);
  }
});

test("the first start makes a name and a key under a new password; later starts open them without it", async () => {
  const home = openHomeFolder(join(folder, "first"));
  const random = createSeededRandom(2);
  const first = await provideIdentity(home, random);
  expect(first.newPassword).toMatch(/^(?:[a-z2-9]{5}-){3}[a-z2-9]{5}$/);
  const again = await provideIdentity(home, random);
  expect(again.name).toBe(first.name);
  expect(again.networkingSeed).toEqual(first.networkingSeed);
  expect(again.jwtSecret).toEqual(first.jwtSecret);
  expect(again.newPassword).toBeUndefined();

  // The documented format, opened with nothing but the password that was shown.
  const hash = await hashPassword(first.newPassword!, first.name);
  const keyfile = await decodeKeyfile(new Uint8Array(readFileSync(home.keyfile)), hash);
  expect(keyfile.networkingSeed).toEqual(first.networkingSeed);
  expect(keyfile.jwtSecret).toHaveLength(32);
  expect(await again.verifyPassword(hash)).toEqual(new Uint8Array(readFileSync(home.keyfile)));
  expect(await again.verifyPassword(await hashPassword("wrong", first.name))).toBeUndefined();
}, 120_000);

test("[M89] a signing secret that can be guessed is replaced when the password opens an old keyfile", async () => {
  const home = openHomeFolder(join(folder, "old"));
  const random = createSeededRandom(4);
  await provideIdentity(home, random, { name: "alice.local", password: "right" });
  const hash = await hashPassword("right", "alice.local");
  const stored = () => decodeKeyfile(new Uint8Array(readFileSync(home.keyfile)), hash);
  const old = { ...(await stored()), jwtSecret: Uint8Array.of(1, 2) };
  writeFileSync(home.keyfile, await encodeKeyfile(old, hash, random));
  const opened = await provideIdentity(home, random, { password: "right" });
  expect(opened.jwtSecret).toHaveLength(32);
  expect(await stored()).toEqual({ ...old, jwtSecret: opened.jwtSecret });
  expect((await provideIdentity(home, random)).jwtSecret).toEqual(opened.jwtSecret);
}, 120_000);

test("without the unlock file the password opens the key, a wrong one does not, and an open is remembered", async () => {
  const home = openHomeFolder(join(folder, "locked"));
  const random = createSeededRandom(3);
  const made = await provideIdentity(home, random, { name: "alice.local", password: "right" });
  expect(made).toMatchObject({ name: "alice.local", newPassword: undefined });
  rmSync(home.unlockFile);
  await expect(provideIdentity(home, random)).rejects.toThrow("--password");
  await expect(provideIdentity(home, random, { password: "wrong" })).rejects.toThrow(
    'Cannot open the key of "alice.local"',
  );
  await expect(provideIdentity(home, random, { name: "bob.local" })).rejects.toThrow(
    'is called "alice.local"',
  );
  const opened = await provideIdentity(home, random, { password: "right" });
  expect(opened.networkingSeed).toEqual(made.networkingSeed);
  expect(statSync(home.unlockFile).mode & 0o777).toBe(0o600);
  expect((await provideIdentity(home, random)).networkingSeed).toEqual(made.networkingSeed);
  // An unlock file of another key is not believed.
  const unlock = readFileSync(home.unlockFile, "utf8");
  writeFileSync(home.unlockFile, unlock.replace(/"keyfile":"\w{4}/, '"keyfile":"0000'));
  await expect(provideIdentity(home, random)).rejects.toThrow("is locked");
}, 120_000);
