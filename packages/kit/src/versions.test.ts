import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { assemblePackage, buildPackage, readPackage } from "./index.ts";
import { compareVersions, withVersion } from "./versions.ts";

test("versions are ordered as semver says", () => {
  const ordered = [
    "0.9.10",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.10",
    "1.2.0",
    "1.10.0",
    "99999999999999999999.0.0",
    "99999999999999999999.0.1",
  ];
  const index = fc.nat({ max: ordered.length - 1 });
  fc.assert(
    fc.property(index, index, (a, b) => {
      expect(Math.sign(compareVersions(ordered[a]!, ordered[b]!))).toBe(Math.sign(a - b));
    }),
  );
  expect(compareVersions("1.0.0+a", "1.0.0+b")).toBe(0);
});

test("only the version changes in the text", () => {
  const text = '{ "a": "current_version", "current_version" :\t"1.0.0", "b": 1.50 }';
  expect(withVersion(text, "1.1.0")).toBe(text.replace("1.0.0", "1.1.0"));
});

test("[P4] a newer version in code_hashes becomes the current one, a current one above all of them fails the build", async () => {
  const folder = mkdtempSync(join(tmpdir(), "kit-versions-"));
  try {
    const metadata = (current: string, listed: readonly string[]): void => {
      const properties = {
        package_name: "notes",
        publisher: "alice.os",
        current_version: current,
        mirrors: [],
        code_hashes: Object.fromEntries(listed.map((version) => [version, "ab"])),
      };
      writeFileSync(join(folder, "metadata.json"), JSON.stringify({ properties }));
    };
    mkdirSync(join(folder, "pkg"));
    writeFileSync(join(folder, "pkg/manifest.json"), "[]");
    const built = async () => {
      await buildPackage(folder);
      const text = readFileSync(join(folder, "metadata.json"), "utf8");
      const { properties } = JSON.parse(text) as { properties: { current_version: string } };
      const { version } = (await readPackage((await assemblePackage(folder)).zip)).metadata;
      return [properties.current_version, version];
    };
    metadata("1.9.0", ["1.9.0", "1.10.0", "1.2.0"]);
    expect((await readPackage((await assemblePackage(folder)).zip)).metadata.version).toBe(
      "1.10.0",
    );
    expect(await built()).toEqual(["1.10.0", "1.10.0"]);
    metadata("1.10.0", ["1.9.0", "1.10.0"]);
    expect(await built()).toEqual(["1.10.0", "1.10.0"]);
    metadata("0.1.0", []);
    expect(await built()).toEqual(["0.1.0", "0.1.0"]);
    metadata("2.0.0", ["1.9.0", "1.10.0"]);
    await expect(buildPackage(folder)).rejects.toThrow(
      'current_version is 2.0.0, but the newest version in code_hashes is 1.10.0: add "2.0.0"',
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
