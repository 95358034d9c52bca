;; Sends a list of 268 million requests that it does not have.
(module
  (import "kinode:process/standard@1.0.0" "send-requests" (func $sends (param i32 i32)))
;;! prelude
  (func (export "init") (param i32 i32)
    (call $sends (i32.const 0) (i32.const 0x10000000))))
