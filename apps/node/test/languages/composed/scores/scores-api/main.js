import { exportInterface } from "@kinode-ts/stdlib";
import { Refusal } from "@kinode-ts/stdlib/api";

exportInterface("kinode:process/scores@1.0.0", {
  total(scores) {
    const sum = scores.reduce((a, b) => a + b, 0);
    if (sum < 10) throw new Refusal("too-low");
    return sum;
  },
});
