/**
 * HTTP: pages that a process makes, files that the node keeps for it, and logging in.
 * @module
 */
import { decodeKeyfile, hashPassword } from "@kinode-ts/crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { guestBytes } from "@kinode-ts/testing/guests";
import { type Figure, figure, median, type Scenario } from "../figure.ts";
import { load, type LoadResult } from "../http-load.ts";
import { connectControl } from "../node-control.ts";
import {
  type ServerProgram,
  startBareServer,
  startNode,
  temporaryFolder,
} from "../node-program.ts";
import { packProcesses } from "../pack-processes.ts";

const PROCESS = "web:pages-bench:example.os";
const LOAD_MS = 2_500;
const ROUNDS = 3;
const LOGINS = 8;
const PASSWORD = "a password for measuring";
const GENERATOR =
  "Requests come from one other program on the same machine; with 32 connections it is often the bound, as the baseline shows.";

interface Pages {
  readonly node: ServerProgram;
  readonly home: string;
}

async function withNode<T>(use: (pages: Pages) => Promise<T>): Promise<T> {
  using folder = temporaryFolder();
  const files = { "m.wasm": guestBytes("rust-modules") };
  const zip = await packProcesses(
    "pages-bench",
    [{ name: "web", file: "m.wasm" }],
    files,
    folder.path,
  );
  const home = `${folder.path}/home`;
  const flags = ["--package", zip, "--port", "0", "--name", "bench.os", "--password", PASSWORD];
  await using node = await startNode(home, flags);
  // It answers once it has bound its pages.
  await connectControl(home, node.port).send(PROCESS, { serve: false }, 20);
  return await use({ node, home });
}

/** Best of several rounds for each side, in turns: what other programs do in between only makes both slower. */
async function compare(
  port: number,
  path: string,
  bare: { readonly port: number; readonly path: string },
  connections: number,
): Promise<{ readonly pages: LoadResult; readonly alone: LoadResult }> {
  let pages: LoadResult | undefined;
  let alone: LoadResult | undefined;
  const better = (a: LoadResult | undefined, b: LoadResult) =>
    a === undefined || b.requestsPerSecond > a.requestsPerSecond ? b : a;
  for (let round = 0; round < ROUNDS; round++) {
    pages = better(pages, await load(port, path, connections, LOAD_MS));
    alone = better(alone, await load(bare.port, bare.path, connections, LOAD_MS));
  }
  if (pages!.failedCount > 0) throw new Error(`${pages!.failedCount} of ${path} failed`);
  return { pages: pages!, alone: alone! };
}

interface Case {
  readonly name: string;
  readonly path: string;
  readonly bare: string;
  readonly connections: number;
  /** Requests per second, p50 and p99 of the implementation in Rust. */
  readonly reference: readonly (string | undefined)[];
}

const CASES: readonly Case[] = [
  {
    name: "http-process-1",
    path: `/${PROCESS}/?n=1`,
    bare: "/1",
    connections: 1,
    reference: ["13,200"],
  },
  {
    name: "http-process-32",
    path: `/${PROCESS}/?n=1`,
    bare: "/1",
    connections: 32,
    reference: ["49,000–53,000", "0.55", "1.7"],
  },
  {
    name: "http-static-13",
    path: `/${PROCESS}/13`,
    bare: "/13",
    connections: 32,
    reference: ["68,000"],
  },
  {
    name: "http-static-64k",
    path: `/${PROCESS}/64k`,
    bare: "/65536",
    connections: 32,
    reference: ["49,000"],
  },
];

function caseFigures(it: Case, pages: LoadResult, alone: LoadResult): Figure[] {
  const parts = [
    ["", "requests/s", (result: LoadResult) => result.requestsPerSecond],
    ["-p50", "ms", (result: LoadResult) => result.p50Ms],
    ["-p99", "ms", (result: LoadResult) => result.p99Ms],
  ] as const;
  return parts.map(([suffix, unit, of], at) => {
    const baseline = { name: "Bun.serve, the same bytes", value: of(alone) };
    const reference = it.reference[at];
    return {
      ...figure(it.name + suffix, of(pages), unit, baseline),
      ...(reference === undefined ? {} : { reference }),
      ...(at === 0 ? { note: GENERATOR } : {}),
    };
  });
}

export const PAGES: Scenario = {
  name: "pages and files over HTTP",
  figures: CASES.flatMap(({ name }) => [name, `${name}-p50`, `${name}-p99`]),
  run: () =>
    withNode(async ({ node }) => {
      await using bare = await startBareServer();
      const figures: Figure[] = [];
      for (const it of CASES) {
        const baseline = { port: bare.port, path: it.bare };
        const { pages, alone } = await compare(node.port, it.path, baseline, it.connections);
        figures.push(...caseFigures(it, pages, alone));
      }
      return figures;
    }),
};

export const LOGIN: Scenario = {
  name: "logging in",
  figures: ["http-login"],
  run: () =>
    withNode(async ({ node, home }) => {
      const hash = await hashPassword(PASSWORD, "bench.os");
      const keyfile = new Uint8Array(readFileSync(join(home, ".keys")));
      const logins: number[] = [];
      const direct: number[] = [];
      for (let i = 0; i < LOGINS; i++) {
        const startedMs = performance.now();
        const answer = await fetch(`http://127.0.0.1:${node.port}/login`, {
          method: "POST",
          body: JSON.stringify({ password_hash: hash, subdomain: "" }),
        });
        await answer.arrayBuffer();
        if (answer.status !== 200) throw new Error(`The login has status ${answer.status}`);
        const betweenMs = performance.now();
        logins.push(betweenMs - startedMs);
        await decodeKeyfile(keyfile, hash);
        direct.push(performance.now() - betweenMs);
      }
      const baseline = { name: "deriving the key alone", value: median(direct) };
      const made = figure("http-login", median(logins), "ms", baseline);
      return [{ ...made, reference: "182" }];
    }),
};
