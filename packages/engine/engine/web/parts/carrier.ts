/** How timers and `fetch` send: the event loop's own requests. */
import type { GuestRuntime } from "@kinode-ts/types";
import { OwnCarrier } from "../../../src/web/own-carrier.ts";
import type { Natives } from "../natives.ts";

declare function engineExport(exports: object): void;
declare const engineNatives: Natives;
declare const kinode: GuestRuntime;

const { attach, carrier, pending, deliver } = engineNatives;
const own = new OwnCarrier({ host: kinode, pending, deliver }, carrier());
if (attach(own)) own.start();
engineExport({ carry: own.carry });
