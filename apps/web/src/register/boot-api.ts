/**
 * The server of a node that has no identity yet (spec/network-identity.md §4.4).
 * @module
 */
import { type Hex, readHex, type RegistryConfig } from "@kinode-ts/kimap";
import { wait } from "./wallet.ts";

export interface Networking {
  readonly key: Uint8Array;
  readonly ip: string;
  readonly ports: Readonly<Partial<Record<"tcp" | "ws", number>>>;
  readonly routers: readonly string[];
}

export interface StoredName {
  readonly name: string;
  readonly allowed_routers: readonly string[];
}

async function ask(path: string, body?: unknown): Promise<Response> {
  try {
    return await fetch(path, {
      ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
      headers: { "content-type": "application/json" },
    });
  } catch {
    throw new Error("The node does not answer. Is it still running?");
  }
}

async function succeed(path: string, body: unknown): Promise<string> {
  const response = await ask(path, body);
  const answer: unknown = await response.json().catch(() => "");
  // Success is 302, without a place to go.
  if (response.status >= 399)
    throw new Error(String(answer) || `The node answered ${response.status}`);
  return String(answer);
}

export const bootApi = {
  async config(): Promise<RegistryConfig> {
    return (await (await ask("/registry")).json()) as RegistryConfig;
  },
  /** The name whose keyfile is there. */
  async info(): Promise<StoredName | undefined> {
    const response = await ask("/info");
    return response.status === 200 ? ((await response.json()) as StoredName) : undefined;
  },
  async networking(): Promise<Networking> {
    const { networking_key, routing } = (await (
      await ask("/generate-networking-info", {})
    ).json()) as {
      readonly networking_key: string;
      readonly routing: { readonly Both: Omit<Networking, "key"> };
    };
    return { key: readHex(networking_key)!, ...routing.Both };
  },
  boot: (body: object): Promise<string> => succeed("/boot", body),
  importKeyfile: (keyfile: string, password_hash: Hex): Promise<string> =>
    succeed("/import-keyfile", { keyfile, password_hash }),
  login: (password_hash: Hex): Promise<string> =>
    succeed("/login", { password_hash, subdomain: null }),
  /** Waits until the node itself answers in the place of this server, and goes to its pages. */
  async enter(): Promise<void> {
    for (;;) {
      const isRunning = await fetch("/~/system", { redirect: "manual" }).then(
        ({ type, status }) => type === "opaqueredirect" || (status >= 200 && status < 400),
        () => false,
      );
      if (isRunning) break;
      await wait(500);
    }
    location.assign("/~/system");
  },
};
