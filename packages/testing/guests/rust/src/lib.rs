//! Both ends of a measured round trip between two processes on the public process library.
//!
//! A request whose body is the JSON of `Measure` makes it the asking end: it sends that many requests to the target,
//! awaits each response, and answers with the JSON of `Measured`. It answers any other request with the body and
//! the blob the request came with, as a server process does.
use kinode_process_lib::{await_message, call_init, get_blob, println, Address, LazyLoadBlob, Message, Request, Response};
use serde::{Deserialize, Serialize};
use std::time::Instant;

wit_bindgen::generate!({
    path: "../../../../wit/kinode-process-1.0.0",
    world: "process-v1",
});

#[derive(Deserialize)]
struct Measure {
    /// Address of the answering end.
    measure: String,
    /// Round trips.
    count: u32,
    /// Size of the body, and of the blob; no blob when 0.
    body_bytes: usize,
    blob_bytes: usize,
}

#[derive(Serialize)]
struct Measured {
    count: u32,
    nanoseconds: u64,
    /// Responses that were not what was sent.
    wrong: u32,
}

fn measure(job: &Measure) -> Measured {
    let target: Address = job.measure.parse().expect("\"measure\" is an address");
    let body = vec![b'x'; job.body_bytes];
    let blob = (job.blob_bytes > 0).then(|| LazyLoadBlob::new(None::<String>, vec![b'y'; job.blob_bytes]));
    let mut wrong = 0;
    let started = Instant::now();
    for _ in 0..job.count {
        let mut request = Request::to(&target).body(body.as_slice());
        if let Some(blob) = &blob {
            request = request.blob(blob.clone());
        }
        match request.send_and_await_response(30) {
            Ok(Ok(response)) if response.body().len() == job.body_bytes => {
                if job.blob_bytes > 0 && get_blob().map(|b| b.bytes.len()) != Some(job.blob_bytes) {
                    wrong += 1;
                }
            }
            _ => wrong += 1,
        }
    }
    Measured { count: job.count, nanoseconds: started.elapsed().as_nanos() as u64, wrong }
}

fn answer(message: &Message) {
    let response = match serde_json::from_slice::<Measure>(message.body()) {
        Ok(job) => Response::new().body(serde_json::to_vec(&measure(&job)).expect("numbers are JSON")),
        Err(_) => match message.blob() {
            Some(blob) => Response::new().body(message.body()).blob(blob),
            None => Response::new().body(message.body()),
        },
    };
    if let Err(error) = response.send() {
        println!("cannot answer: {error}");
    }
}

call_init!(init);
fn init(_our: Address) {
    loop {
        match await_message() {
            Ok(message) if message.is_request() => answer(&message),
            Ok(_) => {}
            Err(error) => println!("a message was not delivered: {error}"),
        }
    }
}
