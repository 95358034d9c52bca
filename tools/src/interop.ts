/**
 * `bun run interop --peer <name>@<ip>:<tcp port>[,<ws port>]#<networking key> --seed <hex> [--name interop.os] [--port 10099]
 * [--echo echo:echo:sys] [--messages 10000]`: talks with a node of another implementation, and says what held (N101–N104).
 *
 * The other node must know us: register the name with the key this program prints, `~ip` and `~tcp-port`, on the chain that it
 * reads (for a fake node, its local chain). `examples/echo` is to be installed there for N102 and N103.
 * Exit codes: 0 all that could be tried held, 1 something did not, 2 nothing was tried.
 * @module
 */
import { parseArgs } from "node:util";
import { readPeer, startInterop } from "./interop-node.ts";
import { checks } from "./interop-checks.ts";

const USAGE = `Usage: bun run interop --peer <name>@<ip>:<tcp port>[,<ws port>]#<key> --seed <64 hex digits>
         [--name interop.os] [--port 10099] [--echo echo:echo:sys] [--messages 10000]

Needs a running node of the implementation in Rust, whose registry has our name:
  1. Start one: kinode <home> --fake-node-name other.os --fakechain-port 8545 (see its own documentation).
  2. Register interop.os there with ~net-key (printed by this command), ~ip and ~tcp-port (see --port).
  3. Install examples/echo on it: N102 and N103 need a process that answers.
  4. Run this command with its name, address and key (\`net-diagnostics\` in its terminal prints them).
N104 needs the app store or an eth provider on both sides; the guide says how to look at it by hand.`;

const { values } = parseArgs({
  options: {
    peer: { type: "string" },
    seed: { type: "string" },
    name: { type: "string", default: "interop.os" },
    port: { type: "string", default: "10099" },
    echo: { type: "string", default: "echo:echo:sys" },
    messages: { type: "string", default: "10000" },
    help: { type: "boolean", short: "h" },
  },
});

if (values.peer === undefined || values.help === true) {
  console.error(USAGE);
  process.exit(2);
}
const peer = readPeer(values.peer);
const seed =
  values.seed === undefined ? crypto.getRandomValues(new Uint8Array(32)) : hex(values.seed);
if (peer === undefined || seed === undefined) {
  console.error(
    peer === undefined
      ? `"${values.peer}" is not <name>@<ip>:<tcp port>[,<ws port>]#<64 hex digits>`
      : `"${values.seed}" is not 64 hex digits`,
  );
  process.exit(2);
}
const node = await startInterop({
  name: values.name,
  seed,
  port: Number(values.port),
  peers: [peer],
});
console.log(`We are ${values.name}, ~net-key 0x${node.key}, ~tcp-port ${values.port}`);
let failed = 0;
for (const check of checks({ echo: values.echo, messages: Number(values.messages) })) {
  const result = await check.run(node, peer.name);
  const label = { held: "held  ", failed: "FAILED", skipped: "not tried" }[result.kind];
  console.log(`${label} ${check.point} ${check.name}${result.why === "" ? "" : `: ${result.why}`}`);
  if (result.kind === "failed") failed += 1;
}
node.stop();
process.exit(failed > 0 ? 1 : 0);

function hex(text: string): Uint8Array | undefined {
  return /^[0-9a-f]{64}$/i.test(text) ? Uint8Array.fromHex(text) : undefined;
}
