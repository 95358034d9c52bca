;; Answers every request with its own body and its own blob, copied through the guest.
(module
  (import "kinode:process/standard@1.0.0" "receive" (func $receive (param i32)))
  (import "kinode:process/standard@1.0.0" "send-response"
    (func $respond (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
  (import "kinode:process/standard@1.0.0" "get-blob" (func $blob (param i32)))
;;! prelude
  (func (export "init") (param i32 i32)
    (loop $next
      (call $reset)
      (call $receive (i32.const 1024))
      ;; option<blob> at 4096: some? 0; mime: some? 4, pointer 8, length 12; bytes: pointer 16, length 20
      (call $blob (i32.const 4096))
      (call $respond
        (i32.const 0) (i32.load (i32.const 1096)) (i32.load (i32.const 1100))
        (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 0)
        (i32.load8_u (i32.const 4096)) (i32.load8_u (i32.const 4100)) (i32.load (i32.const 4104)) (i32.load (i32.const 4108))
        (i32.load (i32.const 4112)) (i32.load (i32.const 4116)))
      (br $next))))
