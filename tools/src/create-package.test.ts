import { expect, test } from "bun:test";
import { packageFiles } from "./create-package.ts";
import { readmeBlocks } from "./readme-blocks.ts";

const files = packageFiles({ name: "clock-work", layer: 2, side: "host", description: "Counts" });

test("a new package has all files a package needs", () => {
  expect([...files.keys()]).toEqual([
    "package.json",
    "tsconfig.json",
    "README.md",
    "src/index.ts",
    "src/example.ts",
    "src/index.test.ts",
  ]);
  expect(JSON.parse(files.get("package.json")!)).toMatchObject({
    name: "@kinode-ts/clock-work",
    kinode: { layer: 2, side: "host" },
  });
});

test("a new package has the shape of those that exist", async () => {
  const known = (await import("../../packages/caps/package.json")).default;
  const made = JSON.parse(files.get("package.json")!) as Record<string, unknown>;
  expect(Object.keys(made)).toEqual(Object.keys(known));
  expect(made["files"]).toEqual(known.files);
  expect(made["scripts"]).toEqual(known.scripts);
});

test("the README of a new package has an example that can be run", () => {
  expect(readmeBlocks(files.get("README.md")!)[0]!.expected).toEqual(["hello"]);
});
