/** `setTimeout` and its like. */
import type { GuestCarrier, GuestRuntime } from "@kinode-ts/types";
import { createTimers } from "../../../src/web/timers.ts";
import type { Natives } from "../natives.ts";
import { partNumber } from "../part-list.ts";

declare function engineExport(exports: object): void;
declare const engineNatives: Natives;
declare const kinode: GuestRuntime;

const { carry } = engineNatives.load(partNumber("carrier")) as { carry: GuestCarrier };
engineExport(
  createTimers({
    carry,
    report: (thrown) => console.error("Uncaught", thrown),
    debug: (text) => kinode.printToTerminal(1, text),
  }),
);
