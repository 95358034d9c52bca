/**
 * The baselines between two programs: the same bytes over Bun's TCP sockets, without framing, cipher, kernel or processes.
 * A stream begins with a byte that says what it is: `e` for echo, `s` for a count of the bytes that follow.
 * @module
 */
const ECHO = 0x65;
const STREAM = 0x73;

interface Plain {
  kind: number | undefined;
  left: number;
}

/** Answers `e` with what it is sent, and `s` + u32 with one byte when so many have come. */
export function servePlain(): { readonly port: number } {
  return Bun.listen<Plain>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(socket) {
        socket.data = { kind: undefined, left: 0 };
        socket.setNoDelay(true);
      },
      data(socket, bytes) {
        let rest: Uint8Array = bytes;
        if (socket.data.kind === undefined) {
          socket.data.kind = rest[0];
          const headBytes = rest[0] === STREAM ? 5 : 1;
          if (headBytes === 5)
            socket.data.left = new DataView(rest.buffer, rest.byteOffset).getUint32(1);
          rest = rest.subarray(headBytes);
        }
        if (socket.data.kind === ECHO) {
          if (rest.length > 0) socket.write(rest);
          return;
        }
        socket.data.left -= rest.length;
        if (socket.data.left <= 0) socket.write(Uint8Array.of(1));
      },
    },
  });
}

interface Client {
  send(bytes: Uint8Array): Promise<void>;
  /** Settles when so many bytes have come in all. */
  received(count: number): Promise<void>;
  end(): void;
}

async function open(port: number): Promise<Client> {
  let [count, wanted] = [0, 0];
  let wake = (): void => {};
  let drained = (): void => {};
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: {
      data(_, bytes) {
        count += bytes.length;
        if (count >= wanted) wake();
      },
      drain: () => drained(),
    },
  });
  socket.setNoDelay(true);
  return {
    async send(bytes) {
      for (let at = socket.write(bytes); at < bytes.length;) {
        await new Promise<void>((resolve) => void (drained = resolve));
        at += socket.write(bytes.subarray(at));
      }
    },
    received(total) {
      wanted = total;
      return count >= total ? Promise.resolve() : new Promise((resolve) => void (wake = resolve));
    },
    end: () => socket.end(),
  };
}

/** Milliseconds of `count` round trips, one after the other. */
export async function plainRoundTrips(port: number, count: number, bytes: number): Promise<number> {
  const client = await open(port);
  await client.send(Uint8Array.of(ECHO));
  const body = new Uint8Array(bytes);
  const startedMs = performance.now();
  for (let done = 1; done <= count; done += 1) {
    const received = client.received(done * bytes);
    await client.send(body);
    await received;
  }
  client.end();
  return performance.now() - startedMs;
}

/** The same with 32 at a time. */
export async function plainWindow(port: number, count: number, bytes: number): Promise<number> {
  const client = await open(port);
  await client.send(Uint8Array.of(ECHO));
  const body = new Uint8Array(bytes);
  const startedMs = performance.now();
  for (let sent = 0; sent < count; sent += 1) {
    if (sent >= 32) await client.received((sent - 31) * bytes);
    await client.send(body);
  }
  await client.received(count * bytes);
  client.end();
  return performance.now() - startedMs;
}

/** Milliseconds until `total` bytes have arrived. */
export async function plainStream(port: number, total: number): Promise<number> {
  const client = await open(port);
  const head = new Uint8Array(5);
  head[0] = STREAM;
  new DataView(head.buffer).setUint32(1, total);
  await client.send(head);
  const piece = new Uint8Array(1 << 20).fill(7);
  const startedMs = performance.now();
  for (let at = 0; at < total; at += piece.length) {
    await client.send(piece.subarray(0, Math.min(piece.length, total - at)));
  }
  await client.received(1);
  client.end();
  return performance.now() - startedMs;
}

/** Milliseconds each of connecting and one round trip. */
export async function plainConnect(port: number, count: number, bytes: number): Promise<number[]> {
  const each: number[] = [];
  for (let done = 0; done < count; done += 1) {
    const startedMs = performance.now();
    each.push(await plainRoundTrips(port, 1, bytes).then(() => performance.now() - startedMs));
  }
  return each;
}
