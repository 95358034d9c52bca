/**
 * `bun apps/node/test/languages/drive.ts <label> <zip or package folder>`: drives one template's package by hand.
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
import { driveTemplate } from "./template-driver.ts";

const [label, source] = process.argv.slice(2);
if (label === undefined || source === undefined || !existsSync(source)) {
  console.error("usage: bun apps/node/test/languages/drive.ts <label> <zip or package folder>");
  process.exit(2);
}
const started = performance.now();
const report = await driveTemplate({
  label,
  source: source.endsWith(".zip") ? new Uint8Array(readFileSync(source)) : source,
});
console.log(`${label}: all as the contract says, ${Math.round(performance.now() - started)} ms`);
console.log(JSON.stringify(report));
