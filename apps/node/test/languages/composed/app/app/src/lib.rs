//! Answers each request with what the linked functions say of the number in it: those of the package's own exporter, in
//! Rust, and those of another package, in JavaScript.
wit_bindgen::generate!({ path: "target/wit", world: "app-v0" });

use kinode::process::standard::{receive, send_response, Message, Response};
use kinode::process::{scores, worker};

struct App;

impl Guest for App {
    fn init(_our: String) {
        loop {
            let Ok((_, Message::Request(request))) = receive() else {
                continue;
            };
            let number = String::from_utf8_lossy(&request.body).parse().unwrap_or(0);
            let total = scores::total(&[1, 2, number]);
            let double = worker::double(number, &["a".into(), "b".into()]);
            let response = Response {
                inherit: false,
                body: format!("{total:?} {double:?}").into_bytes(),
                metadata: None,
                capabilities: vec![],
            };
            send_response(&response, None);
        }
    }
}

export!(App);
