;; Computes forever in init.
(module
;;! prelude
  (func (export "init") (param i32 i32)
    (loop $l (br $l))))
