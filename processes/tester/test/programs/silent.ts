import { defineTest } from "@kinode-ts/stdlib/tester";

export default defineTest("silent", () => new Promise<void>(() => {}));
