//! Does what the body of a request says and answers how it went, so that a test sees what Rust programs can rely on.
use kinode_process_lib::{
    await_message, call_init, get_capability, println, spawn, timer, Address, Message, OnExit,
    ProcessId, Request, Response, SpawnError,
};
use std::time::{Duration, Instant, SystemTime};

wit_bindgen::generate!({
    path: "target/wit",
    world: "process-v1",
});

const TIMER: (&str, &str, &str) = ("timer", "distro", "sys");

fn child(our: &Address, name: &str) -> Address {
    Address::new(
        our.node(),
        ProcessId::new(Some(name), our.package(), our.publisher()),
    )
}

/// Answers at once.
fn echo() {
    loop {
        if let Ok(Message::Request { body, .. }) = await_message() {
            Response::new().body(body).send().unwrap();
        }
    }
}

/// Answers after as many milliseconds as asked for, many at a time: the timer's response answers the right request.
fn slow() {
    loop {
        match await_message() {
            Ok(Message::Request { body, .. }) => {
                timer::set_timer(
                    String::from_utf8_lossy(&body).parse().unwrap_or(0),
                    Some(body),
                );
            }
            Ok(Message::Response {
                context: Some(context),
                ..
            }) => {
                Response::new().body(context).send().unwrap();
            }
            _ => {}
        }
    }
}

fn start(our: &Address, name: &str) {
    let process = ProcessId::new(Some(TIMER.0), TIMER.1, TIMER.2);
    let timer =
        get_capability(&Address::new(our.node(), process.clone()), "\"messaging\"").unwrap();
    let program = format!("/{}/pkg/trial.wasm", our.package_id());
    let grants = vec![(process, "\"messaging\"".to_string())];
    match spawn(
        Some(name),
        &program,
        OnExit::None,
        vec![timer],
        grants,
        false,
    ) {
        Ok(_) | Err(SpawnError::NameTaken) => {}
        Err(error) => panic!("{error:?}"),
    }
}

fn flood(our: &Address, count: usize, size: usize) -> String {
    let echo = child(our, "trial-echo");
    let mut body = vec![0u8; size];
    let mut wrong = 0;
    let before = Instant::now();
    for i in 0..count {
        if size > 0 {
            body[i % size] = i as u8;
        }
        match Request::to(&echo)
            .body(body.clone())
            .send_and_await_response(5)
        {
            Ok(Ok(answer)) if answer.body() == body => {}
            _ => wrong += 1,
        }
    }
    let each = before.elapsed().as_secs_f64() * 1e6 / count.max(1) as f64;
    format!("{wrong} wrong, {each:.1} µs each")
}

fn random_hex(count: usize) -> String {
    let mut bytes = vec![0u8; count];
    getrandom::getrandom(&mut bytes).unwrap();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn run(our: &Address, command: &str) -> String {
    let mut words = command.split(' ');
    let name = words.next().unwrap_or("");
    let mut number = || {
        words
            .next()
            .and_then(|word| word.parse::<usize>().ok())
            .unwrap_or(0)
    };
    match name {
        "flood" => flood(our, number(), number()),
        "random" => random_hex(number()),
        "now" => {
            let now = SystemTime::now()
                .duration_since(SystemTime::UNIX_EPOCH)
                .unwrap();
            format!("{} UTC", now.as_millis())
        }
        "host" => {
            let file = match std::fs::read("/etc/passwd") {
                Ok(_) => "opened".to_string(),
                Err(error) => error.to_string(),
            };
            format!(
                "{} {} {file}",
                std::env::vars().count(),
                std::env::args().count()
            )
        }
        "sleep" => {
            let before = Instant::now();
            std::thread::sleep(Duration::from_millis(number() as u64));
            before.elapsed().as_millis().to_string()
        }
        "panic" => panic!("as asked"),
        _ => "unknown command".to_string(),
    }
}

fn handle(our: &Address, body: &[u8]) -> anyhow::Result<()> {
    let command = String::from_utf8_lossy(body);
    if let Some(milliseconds) = command.strip_prefix("await ") {
        let slow = child(our, "trial-slow");
        return Request::to(slow)
            .body(milliseconds)
            .expects_response(30)
            .send()
            .map_err(Into::into);
    }
    Response::new().body(run(our, &command)).send()?;
    Ok(())
}

call_init!(init);
fn init(our: Address) {
    match our.process() {
        "trial-echo" => echo(),
        "trial-slow" => slow(),
        _ => {
            start(&our, "trial-echo");
            start(&our, "trial-slow");
        }
    }
    loop {
        let done = match await_message() {
            Ok(Message::Request { body, .. }) => handle(&our, &body),
            Ok(Message::Response { body, .. }) => {
                Response::new().body(body).send().map_err(Into::into)
            }
            Err(_) => Ok(()),
        };
        if let Err(error) = done {
            println!("{error}");
        }
    }
}
