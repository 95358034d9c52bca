//! Steps of mixed work over all modules, each checked by whoever did it.
//!
//! A step says which operations; the answer says how many steps this process has ever done (kept in its state), so that the one
//! who asked can tell a step that was lost or done twice.
use anyhow::{anyhow, bail, ensure, Result};
use kinode_process_lib::http::client::send_request_await_response;
use kinode_process_lib::http::Method;
use kinode_process_lib::kv::{self, Kv};
use kinode_process_lib::sqlite::{self, Sqlite};
use kinode_process_lib::vfs::{self, SeekFrom, VfsError};
use kinode_process_lib::{
    get_blob, get_state, set_state, timer, Address, LazyLoadBlob, Message, PackageId, Request,
    Response,
};
use serde::{Deserialize, Serialize};
use std::time::Instant;

const TIMEOUT: u64 = 60;
const SECONDS: Option<u64> = Some(TIMEOUT);

#[derive(Deserialize)]
pub struct Step {
    step: u64,
    /// `vfs kv sqlite timer message chain http crash`, in this order.
    ops: Vec<String>,
    /// Processes that mirror and relay.
    #[serde(default)]
    peers: Vec<String>,
    /// A server that answers `?n=…` with the number.
    #[serde(default)]
    url: String,
    /// Bytes of what is written and sent.
    size: usize,
    /// Number of the databases this process uses.
    database: u32,
}

#[derive(Serialize)]
pub struct Stepped {
    step: u64,
    /// Steps this process has done in all its lives.
    counter: u64,
    wrong: Vec<String>,
    /// Responses that came though nobody waited for them.
    stray: u64,
}

/// Sends the request on to the first of `relay`, who answers the one who began.
#[derive(Serialize, Deserialize)]
pub struct Relay {
    relay: Vec<String>,
    number: u64,
}

pub struct Worker {
    name: String,
    package: PackageId,
    drive: Option<String>,
    kv: Option<Kv<String, String>>,
    sqlite: Option<Sqlite>,
    stray: u64,
}

fn file_error(error: VfsError) -> anyhow::Error {
    anyhow!("vfs: {error:?}")
}

fn ask(target: &str, body: Vec<u8>, blob: Option<Vec<u8>>) -> Result<Vec<u8>> {
    let target: Address = target.parse()?;
    let mut request = Request::to(target).body(body);
    if let Some(bytes) = blob {
        request = request.blob(LazyLoadBlob::new(None::<String>, bytes));
    }
    match request.send_and_await_response(TIMEOUT)? {
        Ok(message) => Ok(message.body().to_vec()),
        Err(error) => bail!("{error}"),
    }
}

fn page_url(url: &str, step: u64) -> Result<url::Url> {
    Ok(url::Url::parse(&format!("{url}?n={step}"))?)
}

impl Worker {
    pub fn new(our: &Address) -> Self {
        let name = our.process().to_string();
        Self { name, package: our.package_id(), drive: None, kv: None, sqlite: None, stray: 0 }
    }

    pub fn stray(&mut self) {
        self.stray += 1;
    }

    pub fn step(&mut self, step: &Step) -> Result<Stepped> {
        let counter = counted()? + 1;
        set_state(&counter.to_le_bytes());
        let mut wrong = vec![];
        for op in &step.ops {
            if let Err(error) = self.operation(op, step, counter) {
                wrong.push(format!("{op}: {error}"));
            }
        }
        if counted()? != counter {
            wrong.push("state: not what was set".into());
        }
        Ok(Stepped { step: step.step, counter, wrong, stray: std::mem::take(&mut self.stray) })
    }

    fn operation(&mut self, op: &str, step: &Step, counter: u64) -> Result<()> {
        match op {
            "vfs" => self.files(step, counter),
            "kv" => self.pairs(step, counter),
            "sqlite" => self.rows(step, counter),
            "timer" => timed(step),
            "message" => mirrored(step),
            "chain" => chained(step),
            "http" => fetched(step),
            "crash" => panic!("told to"),
            other => bail!("there is no operation {other}"),
        }
    }

    /// A file is written and read back, a log grows and is cut, and now and then all of it goes.
    fn files(&mut self, step: &Step, counter: u64) -> Result<()> {
        if self.drive.is_none() {
            self.drive = Some(vfs::create_drive(self.package.clone(), "soak", SECONDS).map_err(file_error)?);
        }
        let folder = format!("{}/{}", self.drive.as_ref().unwrap(), self.name);
        vfs::open_dir(&folder, true, SECONDS).or_else(exists).map_err(file_error)?;
        let path = format!("{folder}/{}", counter % 8);
        let content = format!("{counter}:{}", "f".repeat(step.size));
        let file = vfs::create_file(&path, SECONDS).map_err(file_error)?;
        file.write(content.as_bytes()).map_err(file_error)?;
        ensure!(file.read().map_err(file_error)? == content.as_bytes(), "{path} is not what was written");
        let mut log = vfs::open_file(&format!("{folder}/log"), true, SECONDS).map_err(file_error)?;
        let before = log.seek(SeekFrom::End(0)).map_err(file_error)?;
        log.append(&[b'l'; 64]).map_err(file_error)?;
        let after = log.seek(SeekFrom::End(0)).map_err(file_error)?;
        ensure!(after == before + 64, "a log of {before} bytes has {after} after 64 more");
        if after > 16_384 {
            log.set_len(0).map_err(file_error)?;
        }
        if counter % 16 == 0 {
            vfs::remove_file(&path, SECONDS).map_err(file_error)?;
        }
        Ok(())
    }

    fn pairs(&mut self, step: &Step, counter: u64) -> Result<()> {
        if self.kv.is_none() {
            self.kv = Some(kv::open(self.package.clone(), &format!("soak-{}", step.database), SECONDS)?);
        }
        let kv = self.kv.as_ref().unwrap();
        let value = format!("{counter}:{}", "k".repeat(step.size.min(4_096)));
        let tx = if counter % 4 == 0 { Some(kv.begin_tx()?) } else { None };
        kv.set(&self.name, &value, tx)?;
        kv.set(&format!("{}/{}", self.name, counter % 32), &value, tx)?;
        if let Some(tx) = tx {
            kv.commit_tx(tx)?;
        }
        ensure!(kv.get(&self.name)? == value, "a key has not the value it was given");
        Ok(())
    }

    fn rows(&mut self, step: &Step, counter: u64) -> Result<()> {
        if self.sqlite.is_none() {
            let database = sqlite::open(self.package.clone(), &format!("soak-{}", step.database), SECONDS)?;
            let table = "CREATE TABLE IF NOT EXISTS mark (name TEXT, slot INTEGER, n INTEGER, pad TEXT, PRIMARY KEY (name, slot))";
            database.write(table.into(), vec![], None)?;
            self.sqlite = Some(database);
        }
        let database = self.sqlite.as_ref().unwrap();
        let tx = if counter % 4 == 0 { Some(database.begin_tx()?) } else { None };
        for slot in [0, 1 + counter % 16] {
            let row = vec![self.name.clone().into(), slot.into(), counter.into(), "s".repeat(step.size.min(512)).into()];
            database.write("INSERT OR REPLACE INTO mark VALUES (?, ?, ?, ?)".into(), row, tx)?;
        }
        if let Some(tx) = tx {
            database.commit_tx(tx)?;
        }
        let query = "SELECT n FROM mark WHERE name = ? AND slot = 0";
        let rows = database.read(query.into(), vec![self.name.clone().into()])?;
        let found = rows.first().and_then(|row| row.get("n")).and_then(|n| n.as_u64());
        ensure!(found == Some(counter), "a row says {found:?}, not {counter}");
        Ok(())
    }
}

fn counted() -> Result<u64> {
    match get_state() {
        None => Ok(0),
        Some(bytes) => Ok(u64::from_le_bytes(bytes.as_slice().try_into()?)),
    }
}

/// A directory that is there already is as good as a new one.
fn exists(error: VfsError) -> Result<vfs::Directory, VfsError> {
    match &error {
        VfsError::IOError(text) if text.contains("os error 17") => Ok(vfs::Directory { path: String::new(), timeout: TIMEOUT }),
        _ => Err(error),
    }
}

fn timed(step: &Step) -> Result<()> {
    let milliseconds = 1 + step.step % 50;
    let started = Instant::now();
    timer::set_and_await_timer(milliseconds).map_err(|error| anyhow!("{error}"))?;
    ensure!(started.elapsed().as_millis() as u64 + 1 >= milliseconds, "a timer fired early");
    Ok(())
}

fn mirrored(step: &Step) -> Result<()> {
    let body = format!("number {}", step.step).into_bytes();
    let blob = vec![step.step as u8; step.size];
    let answer = ask(&step.peers[0], body.clone(), Some(blob.clone()))?;
    ensure!(answer == body, "another body came back");
    ensure!(get_blob().map(|blob| blob.bytes) == Some(blob), "another blob came back");
    Ok(())
}

/// Through all peers but the first; the last of them answers us.
fn chained(step: &Step) -> Result<()> {
    let relay = Relay { relay: step.peers[1..].to_vec(), number: step.step };
    let answer = ask(&step.peers[0], serde_json::to_vec(&relay)?, None)?;
    ensure!(answer == step.step.to_string().as_bytes(), "another number came back");
    Ok(())
}

fn fetched(step: &Step) -> Result<()> {
    let answer = send_request_await_response(Method::GET, page_url(&step.url, step.step)?, None, TIMEOUT, vec![])?;
    ensure!(answer.status().as_u16() == 200, "status {}", answer.status());
    ensure!(answer.body() == step.step.to_string().as_bytes(), "another number came back");
    Ok(())
}

pub fn relay(relay: Relay) {
    let Some((next, rest)) = relay.relay.split_first() else {
        let _ = Response::new().body(relay.number.to_string().into_bytes()).send();
        return;
    };
    let onward = Relay { relay: rest.to_vec(), number: relay.number };
    if let Ok(target) = next.parse::<Address>() {
        let body = serde_json::to_vec(&onward).expect("plain data is JSON");
        let _ = Request::to(target).inherit(true).body(body).send();
    }
}

pub fn mirror(message: &Message) {
    let response = Response::new().body(message.body());
    let _ = match message.blob() {
        Some(blob) => response.blob(blob).send(),
        None => response.send(),
    };
}
