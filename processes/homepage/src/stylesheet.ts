/**
 * `/kinode.css`: the packaged look, or the one the user has set.
 * Source: spec/packages-and-tools.md §14.1, §14.2.
 * @module
 */
import type { HttpServer } from "@kinode-ts/stdlib/http";
import { file } from "@kinode-ts/stdlib/vfs";

const PACKAGED = "/homepage:sys/pkg/kinode.css";
const PERSISTED = "/homepage:sys/pkg/persisted-kinode.css";

export class Stylesheet {
  readonly #server: HttpServer;

  constructor(server: HttpServer) {
    this.#server = server;
  }

  async load(): Promise<void> {
    const persisted = await file(PERSISTED)
      .bytes()
      .catch(() => undefined);
    await this.#serve(persisted ?? (await file(PACKAGED).bytes()));
  }

  /** Settles when the new one is stored and served. */
  async set(css: string): Promise<void> {
    await file(PERSISTED).write(css);
    await this.#serve(new TextEncoder().encode(css));
  }

  // Without login, so that apps on their own subdomains can link it.
  #serve(bytes: Uint8Array): Promise<void> {
    const mime = "text/css; charset=utf-8";
    return this.#server.static("/kinode.css", bytes, { authenticated: false, mime });
  }
}
