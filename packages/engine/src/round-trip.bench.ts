/**
 * Round trip, start and memory of sandboxed scripts, linked directly without a kernel.
 * Run with `bun packages/engine/src/round-trip.bench.ts`; it prints one line for each figure.
 */
import {
  type Delivery,
  type Executor,
  formatAddress,
  parseAddress,
  type Program,
  type Request,
  type Response,
} from "@kinode-ts/types";
import { FakeHost } from "../test/fake-host.ts";
import { LIMITS, native, sandbox } from "../test/run-script.ts";

const ECHO = `kinode.main(async () => {
  for (;;) { const { body } = await kinode.receive(); kinode.sendResponse({ body }); }
});`;
const PING = `kinode.main(async () => {
  const target = "bob.os@echo:pkg:sys";
  for (;;) {
    await kinode.receive();
    for (let i = 0; i < 1000; i++) {
      kinode.sendRequest({ target, body: "0123456789abcdef", expectsResponse: 5 });
      await kinode.receive();
    }
    kinode.printToTerminal(0, "done");
  }
});`;
const IDLE = `kinode.main(async () => { await kinode.receive(); });`;

/** Delivers to its partner at once, as a kernel without checks would. */
class LinkedHost extends FakeHost {
  override readonly our;
  partner: LinkedHost | undefined;
  done: () => void = () => {};
  constructor(address: string) {
    super();
    this.our = parseAddress(address);
  }
  #pass(message: Request | Response): void {
    const delivery: Delivery = { kind: "message", source: this.our, message, context: undefined };
    this.partner!.deliver(delivery);
  }
  override sendRequest(_target: unknown, request: Request): void {
    this.#pass(request);
  }
  override sendResponse(response: Response): void {
    this.#pass(response);
  }
  override print(): void {
    this.done();
  }
}

const source = (script: string) => ({ handle: "/b.js", bytes: new TextEncoder().encode(script) });
const rssMb = (): number => process.memoryUsage.rss() / 1e6;

async function roundTrip(name: string, executor: Executor): Promise<void> {
  const ping = new LinkedHost("alice.os@ping:pkg:sys");
  const echo = new LinkedHost("bob.os@echo:pkg:sys");
  ping.partner = echo;
  echo.partner = ping;
  const running = [
    (await executor.prepare(source(PING))).start(ping, LIMITS),
    (await executor.prepare(source(ECHO))).start(echo, LIMITS),
  ];
  const samples: number[] = [];
  for (let round = 0; round < 120; round++) {
    const finished = new Promise<void>((resolve) => (ping.done = resolve));
    const start = performance.now();
    ping.request(`go ${formatAddress(ping.our)}`);
    await finished;
    samples.push(performance.now() - start); // 1,000 trips in ms: µs per trip
  }
  const steady = samples.slice(60).toSorted((a, b) => a - b);
  console.log(
    `${name} round trip: median ${steady[30]!.toFixed(2)} µs, best ${steady[0]!.toFixed(2)} µs`,
  );
  for (const item of running) item.kill();
}

async function starts(name: string, program: Program, count: number): Promise<void> {
  Bun.gc(true);
  const before = rssMb();
  const start = performance.now();
  const running = Array.from({ length: count }, () => program.start(new FakeHost(), LIMITS));
  await Bun.sleep(0);
  const ms = performance.now() - start;
  console.log(
    `${name} start: ${(ms / count).toFixed(3)} ms, RSS ${((rssMb() - before) / count).toFixed(3)} MB each (${count})`,
  );
  for (const item of running) item.kill();
  await Promise.all(running.map(({ ended }) => ended));
}

const cold = performance.now();
const idle = await sandbox.prepare(source(IDLE));
console.log(`engine compiled in ${(performance.now() - cold).toFixed(0)} ms`);
await starts("first sandbox", idle, 1);
await starts("sandbox", idle, 200);
await starts("sandbox", idle, 200);
await roundTrip("sandbox", sandbox);
await roundTrip("native", native);
process.exit(0);
