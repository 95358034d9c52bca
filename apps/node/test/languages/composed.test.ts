/**
 * A program in Rust that is linked with functions of its own package, in Rust, and of another, in JavaScript. Needs Rust, so it
 * runs when KINODE_LANGUAGES names it (`bun run test:languages rust`).
 */
import { afterAll, expect, test } from "bun:test";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { buildPackage, packPackage } from "@kinode-ts/kit";
import type { ControlAnswer, ControlInspection } from "@kinode-ts/types";
import { killAllDetached, startDetached } from "../detached-node.ts";

const isChosen = (process.env["KINODE_LANGUAGES"] ?? "").split(",").includes("rust");
const TARGET = "our@app:app:example.os";
const folder = mkdtempSync(join(tmpdir(), "kinode-composed-"));
const home = mkdtempSync(join(tmpdir(), "kinode-composed-home-"));
afterAll(() => {
  killAllDetached();
  for (const path of [folder, home]) rmSync(path, { recursive: true, force: true });
});

test.if(isChosen)(
  "functions in Rust and in JavaScript are linked into a program in Rust",
  async () => {
    const source = join(import.meta.dir, "composed");
    const filter = (path: string): boolean => basename(path) !== "target";
    cpSync(source, folder, { recursive: true, filter });
    const app = join(folder, "app");
    expect((await buildPackage(app)).built).toEqual(["worker-api.wasm", "app.wasm", "api.zip"]);
    const { zip } = await packPackage(app);
    const node = await startDetached(home);
    const { hash } = await node.post<ControlInspection>("packages/inspect", zip);
    await node.post(`packages/install?hash=${hash}`, { denied: [] });
    const ask = (body: string) =>
      node.post<ControlAnswer>("send", { target: TARGET, body, timeout: 20 });
    while ((await ask("0")).kind !== "response") await Bun.sleep(100);
    expect(await ask("30")).toMatchObject({ body: 'Ok(33) Ok("60 a+b")' });
    expect(await ask("1")).toMatchObject({
      body: 'Err(Refusal { code: 1, name: "too-low", message: "" }) Ok("2 a+b")',
    });
    expect(await ask("101")).toMatchObject({ body: 'Ok(104) Err("101 is too much")' });
  },
  600_000,
);
