/**
 * WASI 0.2 for components that run through jco: no files, no variables, output that is forgotten.
 * @module
 */
class Nothing {}
class Pollable {
  ready = () => true;
  block = () => undefined;
}
class OutputStream {
  checkWrite = () => 65_536n;
  write = () => undefined;
  flush = () => undefined;
  blockingFlush = () => undefined;
  blockingWriteAndFlush = () => undefined;
  subscribe = () => new Pollable();
}
class InputStream {
  read(): never {
    throw Object.assign(new Error("closed"), { payload: { tag: "closed" } });
  }
  blockingRead(): never {
    return this.read();
  }
  subscribe = () => new Pollable();
}
for (const type of [Pollable, OutputStream, InputStream]) {
  // jco looks for methods on the prototype
  const methods = Object.entries(new (type as new () => object)());
  for (const [name, method] of methods)
    Object.defineProperty(type.prototype, name, { value: method });
}

/** Answers to any function or class a component may import: jco wants all of them to be there. */
function everything(known: Record<string, unknown>): object {
  return new Proxy(known, {
    get: (target, name: string) =>
      target[name] ?? (/^[A-Z]/.test(name) ? withAnyMethod() : () => unexpected(name)),
  });
}

function withAnyMethod(): object {
  class Any {}
  Object.setPrototypeOf(
    Any.prototype,
    new Proxy({}, { get: (_, name) => () => unexpected(String(name)) }),
  );
  return Any;
}

function unexpected(name: string): never {
  throw new Error(`"${name}" is not expected to be called`);
}

/** An import object with the interfaces of WASI. */
export function jcoWasi(): Record<string, unknown> {
  let random = 1n;
  const u64 = (): bigint => (random = BigInt.asUintN(64, random * 6364136223846793005n + 1n));
  const bytes = (count: bigint): Uint8Array =>
    Uint8Array.from({ length: Number(count) }, () => Number(u64() & 0xffn));
  const nowNs = (): bigint => BigInt(Math.round(performance.now() * 1e6));
  return {
    "wasi:cli/environment": everything({
      getEnvironment: () => [],
      getArguments: () => [],
      initialCwd: () => undefined,
    }),
    "wasi:cli/exit": everything({
      exit() {
        throw new Error("exit");
      },
    }),
    "wasi:cli/stdin": { getStdin: () => new InputStream() },
    "wasi:cli/stdout": { getStdout: () => new OutputStream() },
    "wasi:cli/stderr": { getStderr: () => new OutputStream() },
    "wasi:cli/terminal-input": everything({ TerminalInput: Nothing }),
    "wasi:cli/terminal-output": everything({ TerminalOutput: Nothing }),
    "wasi:cli/terminal-stdin": { getTerminalStdin: () => undefined },
    "wasi:cli/terminal-stdout": { getTerminalStdout: () => undefined },
    "wasi:cli/terminal-stderr": { getTerminalStderr: () => undefined },
    "wasi:clocks/monotonic-clock": everything({
      now: nowNs,
      resolution: () => 1_000n,
      subscribeDuration: () => new Pollable(),
      subscribeInstant: () => new Pollable(),
    }),
    "wasi:clocks/wall-clock": everything({
      now: () => ({ seconds: 1n, nanoseconds: 0 }),
      resolution: () => ({ seconds: 0n, nanoseconds: 1_000 }),
    }),
    "wasi:filesystem/preopens": { getDirectories: () => [] },
    "wasi:filesystem/types": everything({ filesystemErrorCode: () => undefined }),
    "wasi:io/error": everything({ Error: Nothing }),
    "wasi:io/poll": { Pollable, poll: (list: unknown[]) => Uint32Array.from(list.keys()) },
    "wasi:io/streams": { InputStream, OutputStream },
    "wasi:random/random": { getRandomBytes: bytes, getRandomU64: u64 },
    "wasi:random/insecure": { getInsecureRandomBytes: bytes, getInsecureRandomU64: u64 },
    "wasi:random/insecure-seed": { insecureSeed: () => [u64(), u64()] },
    "wasi:sockets/instance-network": everything({}),
    "wasi:sockets/network": everything({}),
    "wasi:sockets/tcp": everything({}),
    "wasi:sockets/tcp-create-socket": everything({}),
    "wasi:sockets/udp": everything({}),
    "wasi:sockets/udp-create-socket": everything({}),
    "wasi:sockets/ip-name-lookup": everything({}),
  };
}
