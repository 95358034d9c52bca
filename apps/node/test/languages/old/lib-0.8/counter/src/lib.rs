//! What the templates do, on version 0.8 of the process library, which speaks `kinode:process@0.8.0` and addresses the HTTP
//! server by the name it had then.
use std::collections::HashMap;

use kinode_process_lib::homepage::add_to_homepage;
use kinode_process_lib::http::{bind_http_path, send_response, StatusCode};
use kinode_process_lib::{
    await_message, call_init, get_typed_state, println, set_state, spawn, vfs, Address, Message,
    OnExit, ProcessId, Request, Response, SpawnError,
};
use serde::{Deserialize, Serialize};

wit_bindgen::generate!({
    path: "target/wit",
    world: "process-v0",
});

const WORKER: &str = "counter-worker";

/// What other processes may ask for, in JSON: `"Count"`, `{"Remember": "text"}` …
#[derive(Deserialize)]
enum CounterRequest {
    Count,
    Remember(String),
    Recall,
    Ask(String),
}

#[derive(Serialize)]
enum CounterResponse {
    Count(u64),
    Remembered(u64),
    Recalled(String),
    Answer { question: String, answer: String },
    Error(String),
}

/// What survives a restart.
#[derive(Default, Serialize, Deserialize)]
struct State {
    count: u64,
}

impl State {
    fn load() -> Self {
        get_typed_state(|bytes| Ok(serde_json::from_slice(bytes)?)).unwrap_or_default()
    }

    fn count_one(&mut self) -> u64 {
        self.count += 1;
        set_state(&serde_json::to_vec(self).expect("a number is JSON"));
        self.count
    }
}

struct Counter {
    state: State,
    /// Path of the file in the node's file system.
    notes: String,
    worker: Address,
    our: Address,
}

impl Counter {
    fn remember(&self, text: &str) -> anyhow::Result<u64> {
        let mut file = vfs::open_file(&self.notes, true, None)?;
        file.append(format!("{text}\n").as_bytes())?;
        Ok(file.metadata()?.len)
    }

    fn recall(&self) -> anyhow::Result<String> {
        let bytes = vfs::open_file(&self.notes, true, None)?.read()?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The answer comes as a message of its own, with the question as its context; until then others are served.
    fn ask_worker(&self, question: String) -> anyhow::Result<()> {
        Request::to(&self.worker)
            .body(question.as_bytes())
            .context(question.as_bytes())
            .expects_response(5)
            .send()?;
        Ok(())
    }

    /// `None` when the answer comes later.
    fn answer(
        &mut self,
        body: &[u8],
        wants_response: bool,
    ) -> anyhow::Result<Option<CounterResponse>> {
        let answer = match serde_json::from_slice(body)? {
            CounterRequest::Count => CounterResponse::Count(self.state.count_one()),
            CounterRequest::Remember(text) => CounterResponse::Remembered(self.remember(&text)?),
            CounterRequest::Recall => CounterResponse::Recalled(self.recall()?),
            CounterRequest::Ask(question) => {
                if wants_response {
                    self.ask_worker(question)?;
                }
                return Ok(None);
            }
        };
        Ok(Some(answer))
    }

    fn show_page(&self) -> anyhow::Result<()> {
        let html = format!(
            "<!doctype html><title>my-package</title><h1>Hello from Rust</h1><p>Counted to {}.</p>",
            self.state.count
        );
        let headers = HashMap::from([(
            "Content-Type".to_string(),
            "text/html; charset=utf-8".to_string(),
        )]);
        send_response(StatusCode::OK, Some(headers), html.into_bytes());
        Ok(())
    }

    fn handle(&mut self, message: &Message) -> anyhow::Result<()> {
        match message {
            Message::Request { .. }
                if message.is_local(&self.our) && message.source().process() == "http_server" =>
            {
                self.show_page()
            }
            Message::Request {
                expects_response,
                body,
                ..
            } => {
                let answer = self
                    .answer(body, expects_response.is_some())
                    .unwrap_or_else(|error| Some(CounterResponse::Error(error.to_string())));
                match answer {
                    // Who does not wait is not answered: the response would go to the request before.
                    Some(answer) if expects_response.is_some() => respond(&answer),
                    _ => Ok(()),
                }
            }
            // The worker's response answers who asked us: the kernel remembers that request.
            Message::Response {
                body,
                context: Some(question),
                ..
            } => respond(&CounterResponse::Answer {
                question: String::from_utf8_lossy(question).into_owned(),
                answer: String::from_utf8_lossy(body).into_owned(),
            }),
            Message::Response { .. } => Ok(()),
        }
    }
}

fn respond(answer: &CounterResponse) -> anyhow::Result<()> {
    Response::new().body(serde_json::to_vec(answer)?).send()?;
    Ok(())
}

fn start_worker(our: &Address) -> Address {
    let program = format!("/{}/pkg/counter.wasm", our.package_id());
    match spawn(Some(WORKER), &program, OnExit::None, vec![], vec![], false) {
        Ok(_) | Err(SpawnError::NameTaken) => {}
        Err(error) => panic!("no worker: {error:?}"),
    }
    Address::new(
        our.node(),
        ProcessId::new(Some(WORKER), our.package(), our.publisher()),
    )
}

fn run_worker() {
    loop {
        let Ok(Message::Request {
            expects_response: Some(_),
            body,
            ..
        }) = await_message()
        else {
            continue;
        };
        let answer = String::from_utf8_lossy(&body).to_uppercase();
        if let Err(error) = Response::new().body(answer).send() {
            println!("cannot answer: {error}");
        }
    }
}

fn run_counter(our: &Address) -> anyhow::Result<()> {
    let mut counter = Counter {
        state: State::load(),
        notes: format!(
            "{}/notes.txt",
            vfs::create_drive(our.package_id(), "notes", None)?
        ),
        worker: start_worker(our),
        our: our.clone(),
    };
    bind_http_path("/", true, false)?;
    add_to_homepage("my-package", None, Some("/"), None);
    loop {
        let done = match await_message() {
            Ok(message) => counter.handle(&message),
            // A question that the worker did not answer.
            Err(error) if error.context().is_some() => {
                respond(&CounterResponse::Error("the worker did not answer".into()))
            }
            Err(_) => Ok(()),
        };
        if let Err(error) = done {
            println!("{error}");
        }
    }
}

call_init!(init);
fn init(our: Address) {
    if our.process().ends_with("-worker") {
        run_worker();
    } else if let Err(error) = run_counter(&our) {
        panic!("{error}");
    }
}
