;; Calls receive and send-response through a table, as shims do.
(module
  (import "kinode:process/standard@1.0.0" "receive" (func $receive (param i32)))
  (import "kinode:process/standard@1.0.0" "send-response"
    (func $respond (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
;;! prelude
  (type $one (func (param i32)))
  (type $fourteen (func (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
  (table funcref (elem $receive $respond))
  (data (i32.const 16) "pong")
  (func (export "init") (param i32 i32)
    (loop $next
      (call $reset)
      (call_indirect (type $one) (i32.const 1024) (i32.const 0))
      (call_indirect (type $fourteen)
        (i32.const 0) (i32.const 16) (i32.const 4)
        (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 0)
        (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
        (i32.const 1))
      (br $next))))
