;; Answers every message with "pong". The receiving half of the round-trip measurements.
(module
  (import "kinode:process/standard@1.0.0" "receive" (func $receive (param i32)))
  (import "kinode:process/standard@1.0.0" "send-response"
    (func $respond (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
;;! prelude
  (data (i32.const 16) "pong")
  (func (export "init") (param i32 i32)
    (loop $next
      (call $reset)
      (call $receive (i32.const 1024))
      (call $respond
        (i32.const 0) (i32.const 16) (i32.const 4)
        (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 0)
        (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
      (br $next))))
