/** Ports while other programs take them. */
import { expect, test } from "bun:test";
import { HttpListenError } from "@kinode-ts/http";
import { openFreePort } from "./ports.ts";

test("a port that another program takes between the look and the use is passed over", async () => {
  await using other = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
  const taken = other.port!;
  const open = (port: number): Bun.Server<undefined> =>
    Bun.serve({ hostname: "127.0.0.1", port, fetch: () => new Response() });
  await using opened = await openFreePort(taken, () => 0, open);
  expect(opened.port).not.toBe(taken);

  const module = (port: number): Promise<unknown> =>
    Promise.reject(
      new HttpListenError(
        { code: "http.cannot-listen", hostname: "127.0.0.1", port },
        Object.assign(new Error("taken"), { code: "EADDRINUSE" }),
      ),
    );
  const tried: number[] = [];
  const second = await openFreePort(
    taken,
    () => taken + 1,
    (port) => {
      tried.push(port);
      return port === taken ? module(port) : "open";
    },
  );
  expect([second, tried]).toEqual(["open", [taken, taken + 1]]);
});

test("a port that a person asked for, and other faults, are errors at once", async () => {
  await using other = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
  const open = (port: number): Bun.Server<undefined> =>
    Bun.serve({ hostname: "127.0.0.1", port, fetch: () => new Response() });
  await expect(openFreePort(other.port!, undefined, open)).rejects.toMatchObject({
    code: "EADDRINUSE",
  });
  const broken = (): never => {
    throw new TypeError("broken");
  };
  await expect(openFreePort(1, () => 2, broken)).rejects.toThrow("broken");
});
