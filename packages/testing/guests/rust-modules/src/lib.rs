//! Drives the runtime modules through the public process library: to measure them (`measure.rs`), to load them for hours
//! (`soak.rs`), and to get in the way of others (`hostile.rs`).
//!
//! A request whose body is the JSON of `Job`, `Step`, `Relay` or `Harm` makes it do that and answer; it answers any other request
//! with the body and the blob that the request came with. Its page at `/` answers with the query parameter `n`.
use kinode_process_lib::http::server::{
    HttpBindingConfig, HttpResponse, HttpServer, HttpServerRequest, WsBindingConfig,
};
use kinode_process_lib::{
    await_message, call_init, println, Address, LazyLoadBlob, Message, Response,
};
use serde::{Deserialize, Serialize};

mod hostile;
mod measure;
mod soak;

wit_bindgen::generate!({
    path: "../../../../wit/kinode-process-1.0.0",
    world: "process-v1",
});

#[derive(Deserialize)]
#[serde(untagged)]
enum Command {
    Job(measure::Job),
    Step(soak::Step),
    Relay(soak::Relay),
    Harm(hostile::Harm),
    Serve { serve: bool },
}

struct Process {
    driver: measure::Driver,
    worker: soak::Worker,
    http: Option<HttpServer>,
}

fn json(value: anyhow::Result<impl Serialize>) -> Vec<u8> {
    match value {
        Ok(value) => serde_json::to_vec(&value).expect("plain data is JSON"),
        Err(error) => serde_json::json!({ "error": error.to_string() }).to_string().into_bytes(),
    }
}

fn answer(body: Vec<u8>) {
    if let Err(error) = Response::new().body(body).send() {
        println!("cannot answer: {error}");
    }
}

impl Process {
    fn command(&mut self, command: Command) {
        match command {
            Command::Job(job) => answer(json(self.driver.run(&job))),
            Command::Step(step) => answer(json(self.worker.step(&step))),
            Command::Relay(relay) => soak::relay(relay),
            Command::Harm(harm) => {
                answer(b"{}".to_vec());
                hostile::harm(&harm, &mut self.driver);
            }
            Command::Serve { serve } => answer(json(if serve { self.serve() } else { Ok(()) })),
        }
    }

    /// Binds the page, two files, and the web socket that pushes for as long as it is open.
    fn serve(&mut self) -> anyhow::Result<()> {
        let http = self.http.get_or_insert_with(|| HttpServer::new(30));
        http.bind_http_path("/", HttpBindingConfig::default().authenticated(false))?;
        for (path, bytes) in [("/13", 13), ("/64k", 65_536)] {
            let mime = Some("text/plain".to_string());
            http.bind_http_static_path(path, false, false, mime, vec![b'x'; bytes])?;
        }
        http.bind_ws_path("/pushed", WsBindingConfig::default().authenticated(false))?;
        Ok(())
    }

    fn web(&mut self, request: HttpServerRequest) {
        if let HttpServerRequest::WebSocketOpen { channel_id, .. } = request {
            return hostile::push(channel_id);
        }
        let Some(http) = &mut self.http else { return };
        http.handle_request(
            request,
            |request| {
                let number = request.query_params().get("n").cloned().unwrap_or_default();
                let page = LazyLoadBlob::new(Some("text/plain"), number.into_bytes());
                (HttpResponse::new(200u16).header("Content-Type", "text/plain"), Some(page))
            },
            |_, _, _| {},
        );
    }

    fn handle(&mut self, message: Message) {
        if !message.is_request() {
            self.worker.stray();
        } else if message.is_local() && message.source().process == "http-server:distro:sys" {
            match serde_json::from_slice::<HttpServerRequest>(message.body()) {
                Ok(request) => self.web(request),
                Err(error) => println!("a request of the http server that it cannot read: {error}"),
            }
        } else if let Ok(command) = serde_json::from_slice::<Command>(message.body()) {
            self.command(command);
        } else {
            soak::mirror(&message);
        }
    }
}

call_init!(init);
fn init(our: Address) {
    let mut process = Process {
        driver: measure::Driver::new(our.package_id()),
        worker: soak::Worker::new(&our),
        http: None,
    };
    if our.process().starts_with("web") {
        if let Err(error) = process.serve() {
            println!("no page: {error}");
        }
    }
    loop {
        match await_message() {
            Ok(message) => process.handle(message),
            Err(error) => println!("a message was not delivered: {error}"),
        }
    }
}
