/**
 * `homepage:homepage:sys`: the first page of a node, and the list of its apps.
 * Source: spec/packages-and-tools.md §14.
 * @module
 */
import { defineProcess, print, serve } from "@kinode-ts/stdlib";
import { createHttpServer } from "@kinode-ts/stdlib/http";
import { Apps } from "./apps.ts";
import { CLOCK } from "./clock-widget.ts";
import { handleMessage } from "./messages.ts";
import { bindPages } from "./pages.ts";
import { Stylesheet } from "./stylesheet.ts";

export default defineProcess(async (our) => {
  const apps = await Apps.load();
  apps.add(our.processId, CLOCK);
  const server = createHttpServer();
  const stylesheet = new Stylesheet(server);
  const pending = new Set(["pages", "stylesheet", "interface"]);
  const step = async (name: string, work: Promise<void>): Promise<void> => {
    try {
      await work;
      pending.delete(name);
    } catch (thrown) {
      print(`home page: ${name} failed: ${thrown instanceof Error ? thrown.message : thrown}`);
    }
  };
  void step("interface", server.ui("ui", ["/"]));
  void step(
    "pages",
    bindPages(server, apps, () => [...pending]),
  );
  void step("stylesheet", stylesheet.load());
  await serve((message) => handleMessage(message, apps, stylesheet));
});
