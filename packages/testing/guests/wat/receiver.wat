;; Counts what it receives; answers requests that expect a response with the count (u32, little endian).
(module
  (import "kinode:process/standard@1.0.0" "receive" (func $receive (param i32)))
  (import "kinode:process/standard@1.0.0" "send-response"
    (func $respond (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
;;! prelude
  (func (export "init") (param i32 i32)
    (loop $next
      (call $reset)
      (call $receive (i32.const 1024))
      (if (i32.load8_u (i32.const 1080)) ;; expects-response is some
        (then
          (call $respond
        (i32.const 0) (i32.const 16) (i32.const 4)
        (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 0)
        (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
        (else
          (i32.store (i32.const 16) (i32.add (i32.load (i32.const 16)) (i32.const 1)))))
      (br $next))))
