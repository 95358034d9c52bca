//! A test process in Rust, on the public process library, as tests of existing packages are written.
//!
//! It passes when the run has more than one node, and calls `fail!` otherwise.
use kinode_process_lib::{await_message, call_init, println, Address, Message, Response};
use serde::{Deserialize, Serialize};

wit_bindgen::generate!({
    path: "../../../../wit/kinode-process-1.0.0",
    world: "process-v1",
});

#[derive(Deserialize)]
struct RunRequest {
    input_node_names: Vec<String>,
    test_names: Vec<String>,
    test_timeout: u64,
}

#[derive(Deserialize)]
enum TesterRequest {
    Run(RunRequest),
}

#[derive(Serialize)]
struct FailResponse {
    test: String,
    file: String,
    line: u32,
    column: u32,
}

#[derive(Serialize)]
enum TesterResponse {
    Run(Result<(), FailResponse>),
}

/// Tells the tester where this stands, and ends the process.
macro_rules! fail {
    ($test:expr) => {{
        let place = FailResponse { test: $test.into(), file: file!().into(), line: line!(), column: column!() };
        answer(TesterResponse::Run(Err(place)));
        panic!("")
    }};
}

fn answer(response: TesterResponse) {
    let body = serde_json::to_vec(&response).expect("texts and numbers are JSON");
    Response::new().body(body).send().expect("it has a body");
}

call_init!(init);
fn init(our: Address) {
    loop {
        let Ok(Message::Request { body, .. }) = await_message() else {
            continue;
        };
        let Ok(TesterRequest::Run(run)) = serde_json::from_slice(&body) else {
            fail!("rust-test");
        };
        println!("{} of {:?} within {} s", our.node, run.test_names, run.test_timeout);
        if run.input_node_names.len() < 2 {
            fail!("rust-test");
        }
        answer(TesterResponse::Run(Ok(())));
    }
}
