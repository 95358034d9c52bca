//! What the templates do, on the bindings of `kinode:process@0.7.0` alone: the process library of that time is on no
//! registry.
use serde_json::{from_slice, json, Value};

wit_bindgen::generate!({
    path: "target/wit",
    world: "process",
});

use kinode::process::standard::*;

const WORKER: &str = "counter-worker";

struct Component;

impl Guest for Component {
    fn init(our: String) {
        let our = parse(&our);
        if our.process.process_name.ends_with("-worker") {
            run_worker();
        } else {
            run_counter(&our);
        }
    }
}

export!(Component);

/// `node@process:package:publisher`
fn parse(text: &str) -> Address {
    let (node, process) = text.split_once('@').expect("an address");
    Address {
        node: node.to_string(),
        process: process_id(process),
    }
}

fn process_id(text: &str) -> ProcessId {
    let mut parts = text.split(':').map(str::to_string);
    let mut next = || parts.next().expect("three parts");
    ProcessId {
        process_name: next(),
        package_name: next(),
        publisher_node: next(),
    }
}

fn request(body: Vec<u8>, expects_response: Option<u64>) -> Request {
    Request {
        inherit: false,
        expects_response,
        body,
        metadata: None,
        capabilities: vec![],
    }
}

fn answer(body: Vec<u8>, blob: Option<LazyLoadBlob>) {
    let response = Response {
        inherit: false,
        body,
        metadata: None,
        capabilities: vec![],
    };
    send_response(&response, blob.as_ref());
}

fn blob(bytes: &[u8]) -> LazyLoadBlob {
    LazyLoadBlob {
        mime: None,
        bytes: bytes.to_vec(),
    }
}

struct Counter {
    our: Address,
    count: u64,
    notes: String,
}

impl Counter {
    /// Asks a module of the node and waits.
    fn ask(
        &self,
        module: &str,
        body: &Value,
        blob: Option<&LazyLoadBlob>,
    ) -> Result<Value, String> {
        let target = Address {
            node: self.our.node.clone(),
            process: process_id(module),
        };
        let request = request(body.to_string().into_bytes(), Some(5));
        let Ok((_, Message::Response((response, _)))) =
            send_and_await_response(&target, &request, blob)
        else {
            return Err(format!("{module} did not answer"));
        };
        let answer: Value = from_slice(&response.body).map_err(|error| error.to_string())?;
        match answer.get("Err") {
            Some(error) => Err(error.to_string()),
            None => Ok(answer),
        }
    }

    fn vfs(&self, path: &str, action: Value, blob: Option<&LazyLoadBlob>) -> Result<Value, String> {
        self.ask(
            "vfs:distro:sys",
            &json!({ "path": path, "action": action }),
            blob,
        )
    }

    fn remember(&self, text: &str) -> Result<Value, String> {
        self.vfs(&self.notes, json!({ "OpenFile": { "create": true } }), None)?;
        self.vfs(
            &self.notes,
            json!("Append"),
            Some(&blob(format!("{text}\n").as_bytes())),
        )?;
        let metadata = self.vfs(&self.notes, json!("Metadata"), None)?;
        Ok(json!({ "Remembered": metadata["Metadata"]["len"] }))
    }

    fn recall(&self) -> Result<Value, String> {
        self.vfs(&self.notes, json!({ "OpenFile": { "create": true } }), None)?;
        self.vfs(&self.notes, json!("Read"), None)?;
        let bytes = get_blob().map(|blob| blob.bytes).unwrap_or_default();
        Ok(json!({ "Recalled": String::from_utf8_lossy(&bytes) }))
    }

    fn ask_worker(&self, question: &str) {
        let mut worker = self.our.clone();
        worker.process.process_name = WORKER.to_string();
        let context = question.as_bytes().to_vec();
        send_request(
            &worker,
            &request(context.clone(), Some(5)),
            Some(&context),
            None,
        );
    }

    /// `None` when the answer comes later.
    fn handle(&mut self, body: &[u8], wants_response: bool) -> Result<Option<Value>, String> {
        let request: Value = from_slice(body).map_err(|error| error.to_string())?;
        if request == "Count" {
            self.count += 1;
            set_state(self.count.to_string().as_bytes());
            return Ok(Some(json!({ "Count": self.count })));
        }
        if request == "Recall" {
            return self.recall().map(Some);
        }
        if let Some(text) = request["Remember"].as_str() {
            return self.remember(text).map(Some);
        }
        let question = request["Ask"].as_str().ok_or("not a request of ours")?;
        if wants_response {
            self.ask_worker(question);
        }
        Ok(None)
    }

    fn show_page(&self) {
        let html = format!(
            "<!doctype html><title>my-package</title><h1>Hello from Rust</h1><p>Counted to {}.</p>",
            self.count
        );
        let head =
            json!({ "status": 200, "headers": { "Content-Type": "text/html; charset=utf-8" } });
        answer(head.to_string().into_bytes(), Some(blob(html.as_bytes())));
    }
}

fn start_worker(our: &Address) {
    let package = format!(
        "{}:{}",
        our.process.package_name, our.process.publisher_node
    );
    let program = format!("/{package}/pkg/counter.wasm");
    match spawn(Some(WORKER), &program, &OnExit::None, &[], &[], false) {
        Ok(_) | Err(SpawnError::NameTaken) => {}
        Err(SpawnError::NoFileAtPath) => panic!("no {program}"),
    }
}

fn run_worker() {
    loop {
        if let Ok((_, Message::Request(request))) = receive() {
            if request.expects_response.is_some() {
                answer(
                    String::from_utf8_lossy(&request.body)
                        .to_uppercase()
                        .into_bytes(),
                    None,
                );
            }
        }
    }
}

fn run_counter(our: &Address) {
    let count = get_state()
        .and_then(|bytes| String::from_utf8_lossy(&bytes).parse().ok())
        .unwrap_or(0);
    let drive = format!(
        "/{}:{}/notes",
        our.process.package_name, our.process.publisher_node
    );
    let mut counter = Counter {
        our: our.clone(),
        count,
        notes: format!("{drive}/notes.txt"),
    };
    counter.vfs(&drive, json!("CreateDrive"), None).unwrap();
    start_worker(our);
    let bind = json!({ "Bind": { "path": "/", "authenticated": true, "local_only": false, "cache": false } });
    counter.ask("http-server:distro:sys", &bind, None).unwrap();
    let add =
        json!({ "Add": { "label": "my-package", "icon": null, "path": "/", "widget": null } });
    let homepage = Address {
        node: our.node.clone(),
        process: process_id("homepage:homepage:sys"),
    };
    send_request(
        &homepage,
        &request(add.to_string().into_bytes(), None),
        None,
        None,
    );
    loop {
        match receive() {
            Ok((source, Message::Request(_))) if source.process.process_name == "http-server" => {
                counter.show_page()
            }
            Ok((_, Message::Request(request))) => {
                let wants_response = request.expects_response.is_some();
                let result = counter.handle(&request.body, wants_response);
                let result = result.unwrap_or_else(|error| Some(json!({ "Error": error })));
                if let (Some(value), true) = (result, wants_response) {
                    answer(value.to_string().into_bytes(), None);
                }
            }
            Ok((_, Message::Response((response, Some(question))))) => {
                let [question, text] = [question, response.body]
                    .map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
                let value = json!({ "Answer": { "question": question, "answer": text } });
                answer(value.to_string().into_bytes(), None);
            }
            _ => {}
        }
    }
}
