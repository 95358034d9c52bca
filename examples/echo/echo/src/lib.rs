//! Echo: answers every request with the body and the blob it came with, counts what it answered, and shows
//! the count on a web page of its own.
use kinode_process_lib::homepage::add_to_homepage;
use kinode_process_lib::http::server::{HttpBindingConfig, HttpResponse, HttpServer, HttpServerRequest};
use kinode_process_lib::{
    await_message, call_init, get_typed_state, println, set_state, Address, LazyLoadBlob, Message, Response,
};
use serde::{Deserialize, Serialize};

wit_bindgen::generate!({
    path: "../../../wit/kinode-process-1.0.0",
    world: "process-v1",
});

/// What survives a restart.
#[derive(Default, Serialize, Deserialize)]
struct State {
    answered: u64,
}

impl State {
    fn load() -> Self {
        get_typed_state(|bytes| serde_json::from_slice(bytes)).unwrap_or_default()
    }

    fn count(&mut self) {
        self.answered += 1;
        set_state(&serde_json::to_vec(self).expect("a number is JSON"));
    }
}

fn page(state: &State) -> (HttpResponse, Option<LazyLoadBlob>) {
    let html = format!(
        "<!doctype html><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>Echo</title><h1>Hello from echo</h1><p>Answered {} messages.</p>",
        state.answered
    );
    let response = HttpResponse::new(200u16).header("Content-Type", "text/html; charset=utf-8");
    (response, Some(LazyLoadBlob::new(Some("text/html"), html.into_bytes())))
}

fn handle(message: &Message, http: &mut HttpServer, state: &mut State) {
    if !message.is_request() {
        return;
    }
    if message.is_local() && message.source().process == "http-server:distro:sys" {
        match serde_json::from_slice::<HttpServerRequest>(message.body()) {
            Ok(request) => http.handle_request(request, |_| page(state), |_, _, _| {}),
            Err(error) => println!("a request of the http server that it cannot read: {error}"),
        }
        return;
    }
    state.count();
    let response = Response::new().body(message.body());
    let response = match message.blob() {
        Some(blob) => response.blob(blob),
        None => response,
    };
    if let Err(error) = response.send() {
        println!("cannot answer: {error}");
    }
}

call_init!(init);
fn init(_our: Address) {
    let mut state = State::load();
    let mut http = HttpServer::new(5);
    if let Err(error) = http.bind_http_path("/", HttpBindingConfig::default()) {
        println!("no page: {error}");
    }
    add_to_homepage("Echo", None, Some("/"), None);
    println!("begins, {} messages answered so far", state.answered);
    loop {
        match await_message() {
            Ok(message) => handle(&message, &mut http, &mut state),
            Err(error) => println!("a message was not delivered: {error}"),
        }
    }
}
