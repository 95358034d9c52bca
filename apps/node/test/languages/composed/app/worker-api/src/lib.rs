//! Functions that other programs are linked with.
wit_bindgen::generate!({ path: "target/wit", world: "worker-api-v0" });

use exports::kinode::process::worker::Guest;

struct Api;

impl Guest for Api {
    fn double(number: u32, names: Vec<String>) -> Result<String, String> {
        if number > 100 {
            return Err(format!("{number} is too much"));
        }
        Ok(format!("{} {}", number * 2, names.join("+")))
    }
}

export!(Api);
