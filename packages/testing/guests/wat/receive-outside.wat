;; Receives to an address outside its memory.
(module
  (import "kinode:process/standard@1.0.0" "receive" (func $receive (param i32)))
;;! prelude
  (func (export "init") (param i32 i32)
    (call $receive (i32.const 131064))))
