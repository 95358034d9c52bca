/**
 * What a browser waits for: the first page after a start, and pages made by processes.
 * @module
 */
import { type Figure, figure, median, type Scenario } from "./figure.ts";
import { load, type LoadResult } from "./http-load.ts";
import {
  logIn,
  packFolder,
  startBareServer,
  startNode,
  temporaryFolder,
  waitForPage,
} from "./node-program.ts";

const BOOTS = 7;
const LOAD_MS = 3_000;

export const BOOT: Scenario = {
  name: "boot",
  figures: ["boot-first-page"],
  async run() {
    using folder = temporaryFolder();
    const home = `${folder.path}/home`;
    // The first start makes the identity and compiles everything: not the start a person waits for every day.
    await (await startNode(home))[Symbol.asyncDispose]();
    const node: number[] = [];
    const bare: number[] = [];
    for (let i = 0; i < BOOTS; i++) {
      await using started = await startNode(home);
      node.push(started.firstPageMs);
      await using alone = await startBareServer();
      bare.push(alone.firstPageMs);
    }
    const baseline = { name: "Bun.serve alone", value: median(bare) };
    return [figure("boot-first-page", median(node), "ms", baseline, { max: 350 })];
  },
};

/** Figures of one kind of process at one and at 32 connections, beside a bare server loaded in the same minute. */
async function measurePages(
  name: string,
  packageFolder: string,
  path: string,
  bounded: boolean,
): Promise<Figure[]> {
  using folder = temporaryFolder();
  const zip = await packFolder(packageFolder, folder.path);
  await using node = await startNode(`${folder.path}/home`, ["--package", zip]);
  await using bare = await startBareServer();
  const cookie = await logIn(node);
  await waitForPage(node, path, cookie);
  const figures: Figure[] = [];
  for (const connections of [1, 32]) {
    const pages = await load(node.port, path, connections, LOAD_MS, cookie);
    const alone = await load(bare.port, "/", connections, LOAD_MS);
    if (pages.failedCount > 0) throw new Error(`${pages.failedCount} pages of ${name} failed`);
    figures.push(...pageFigures(`${name}-${connections}`, pages, alone, bounded));
  }
  return figures;
}

function pageFigures(
  name: string,
  pages: LoadResult,
  alone: LoadResult,
  bounded: boolean,
): Figure[] {
  const rate = bounded ? (name.endsWith("-32") ? { minRatio: 0.65 } : { min: 25_000 }) : undefined;
  const last = bounded && name.endsWith("-32") ? { max: 1.7 } : undefined;
  const base = (value: number) => ({ name: "Bun.serve alone", value });
  return [
    figure(name, pages.requestsPerSecond, "requests/s", base(alone.requestsPerSecond), rate),
    figure(`${name}-p50`, pages.p50Ms, "ms", base(alone.p50Ms)),
    figure(`${name}-p99`, pages.p99Ms, "ms", base(alone.p99Ms), last),
  ];
}

const names = (kind: string) =>
  [1, 32].flatMap((n) => [`${kind}-${n}`, `${kind}-${n}-p50`, `${kind}-${n}-p99`]);

export const HTTP_WASM: Scenario = {
  name: "pages of a Rust process",
  figures: names("http-wasm"),
  run: () => measurePages("http-wasm", "examples/echo", "/echo:echo:example.os", true),
};

export const HTTP_SCRIPT: Scenario = {
  name: "pages of a script",
  figures: names("http-script"),
  run: () => measurePages("http-script", "bench/pages", "/pages:pages:example.os", false),
};
