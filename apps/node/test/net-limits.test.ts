/** The network beside the other modules that keep files open, in a real kernel. */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createNodeSigner } from "@kinode-ts/crypto";
import { openFolderKv, openFolderSqlite } from "@kinode-ts/data";
import { createKernel } from "@kinode-ts/kernel";
import { createNet } from "@kinode-ts/net";
import { createMemoryStore } from "@kinode-ts/store";
import { createFdManager } from "@kinode-ts/system";
import { createSeededRandom } from "@kinode-ts/testing";
import { FD_MANAGER_PROCESS, TERMINAL_PROCESS } from "@kinode-ts/types";
import { openFolderVfs } from "@kinode-ts/vfs";
import { createSystemClock } from "../src/boot/system-clock.ts";
import { createNoTransport } from "../src/network/no-transport.ts";

const folder = mkdtempSync(join(tmpdir(), "net-limits-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("[N66] with ulimit 1024 and four requesting modules each receives limit 222", async () => {
  const clock = createSystemClock();
  const random = createSeededRandom(1);
  const signer = createNodeSigner(new Uint8Array(32).fill(1));
  const net = createNet({
    identity: { our: "alice.os", signer, random },
    our: {
      name: "alice.os",
      networkingKey: signer.publicKey.toHex(),
      routing: { kind: "routers", routers: [] },
    },
    transport: createNoTransport(),
    clock,
  });
  const vfs = openFolderVfs({ folder: join(folder, "vfs") });
  const kernel = createKernel(
    {
      store: createMemoryStore(),
      clock,
      random,
      printer: { print: () => {} },
      signer,
      network: net,
      programs: vfs.files,
      executors: [],
      modules: [
        createFdManager({ budget: { kind: "ulimit", softLimit: 1024 } }),
        net,
        vfs,
        openFolderKv({ folder: join(folder, "kv"), clock, random }),
        openFolderSqlite({ folder: join(folder, "sqlite"), clock, random }),
      ],
    },
    { our: "alice.os" },
  );
  await kernel.boot();
  const answer = await kernel.ask({
    source: TERMINAL_PROCESS,
    target: { node: "alice.os", process: FD_MANAGER_PROCESS },
    body: new TextEncoder().encode('"GetState"'),
    timeoutSeconds: 5,
  });
  const each = { limit: 222, hit_count: 1 };
  expect(answer.ok && JSON.parse(new TextDecoder().decode(answer.body))).toEqual({
    GetState: {
      "net:distro:sys": each,
      "vfs:distro:sys": each,
      "kv:distro:sys": each,
      "sqlite:distro:sys": each,
    },
  });
  // Received, not only computed: it is what net keeps to from now on.
  expect(net.peers.maxPeers).toBe(222);
  await kernel.shutdown();
});
