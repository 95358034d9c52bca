/**
 * my-package: prints every request that is JSON, and acknowledges it.
 *
 * From the terminal of the node: `m our@echo:my-package:template.os '{"hello": 1}' -a 5`
 */
import {
  type Answer,
  defineProcess,
  type IncomingRequest,
  json,
  print,
  serve,
} from "@kinode-ts/stdlib";

function answer(request: IncomingRequest): Answer {
  try {
    request.json();
  } catch (thrown) {
    return { Error: (thrown as Error).message };
  }
  print(`${request.source.toString()}: ${request.text()}`);
  return json("Ack");
}

export default defineProcess(() => serve(answer));
