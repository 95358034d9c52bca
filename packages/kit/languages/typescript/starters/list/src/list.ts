/**
 * my-package: a list with a web interface.
 * `GET /items` gives it, `POST /items` adds the text sent, `DELETE /items/<number>` removes one; every open page hears of it.
 */
import { defineProcess, serve, state } from "@kinode-ts/stdlib";
import { homepage } from "@kinode-ts/stdlib/homepage";
import { createHttpServer, type HttpServer, type Request, Response } from "@kinode-ts/stdlib/http";

const MAX_ITEMS = 1_000;
const MAX_CHARS = 1_000;

class List {
  readonly #server: HttpServer;
  #items: readonly string[];

  constructor(server: HttpServer, items: readonly string[]) {
    this.#server = server;
    this.#items = items;
  }

  async items(request: Request): Promise<Response> {
    if (request.method === "GET") return Response.json(this.#items);
    if (request.method !== "POST") return new Response("GET or POST is expected", { status: 405 });
    const text = (await request.text()).trim();
    if (text === "" || text.length > MAX_CHARS || this.#items.length >= MAX_ITEMS) {
      return new Response(`1 to ${MAX_CHARS} characters, ${MAX_ITEMS} items`, { status: 400 });
    }
    await this.#keep([...this.#items, text]);
    return Response.json(this.#items, { status: 201 });
  }

  async item(request: Request): Promise<Response> {
    const index = Number(request.kinode.params["index"]);
    if (request.method !== "DELETE") return new Response("DELETE is expected", { status: 405 });
    if (this.#items[index] === undefined) return new Response("no such item", { status: 404 });
    await this.#keep(this.#items.filter((_, each) => each !== index));
    return Response.json(this.#items);
  }

  async #keep(items: readonly string[]): Promise<void> {
    this.#items = items;
    await state.save(items);
    await this.#server.broadcast("/changes", { items });
  }
}

export default defineProcess(async () => {
  const server = createHttpServer();
  const list = new List(server, (await state.load((value) => value as string[])) ?? []);
  await server.bind("/items", {}, (request) => list.items(request));
  await server.bind("/items/:index", {}, (request) => list.item(request));
  await server.ws("/changes", {}, {});
  await server.ui("ui", ["/"]);
  await homepage.add({ label: "my-package", path: "/" });
  await serve();
});
