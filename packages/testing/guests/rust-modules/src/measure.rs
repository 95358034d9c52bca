//! One operation many times, and what each took.
use anyhow::{anyhow, bail, ensure, Result};
use kinode_process_lib::kv::{self, Kv};
use kinode_process_lib::sqlite::{self, Sqlite};
use kinode_process_lib::vfs::{self, SeekFrom};
use kinode_process_lib::{get_state, set_state, timer, PackageId};
use serde::{Deserialize, Serialize};
use std::time::Instant;

const SECONDS: Option<u64> = Some(60);

#[derive(Deserialize)]
pub struct Job {
    run: String,
    #[serde(default)]
    from: u32,
    count: u32,
    /// Size of one file, value or state.
    #[serde(default)]
    bytes: usize,
}

#[derive(Serialize)]
pub struct Done {
    count: u32,
    /// Of the operations alone, by the clock of this process.
    nanoseconds: u64,
    /// Of what ends them all: the commit of a transaction.
    end_nanoseconds: u64,
}

pub struct Driver {
    package: PackageId,
    drive: Option<String>,
    kv: Option<Kv<String, String>>,
    sqlite: Option<Sqlite>,
}

fn file_error(error: vfs::VfsError) -> anyhow::Error {
    anyhow!("vfs: {error:?}")
}

impl Driver {
    pub fn new(package: PackageId) -> Self {
        Self { package, drive: None, kv: None, sqlite: None }
    }

    pub fn package(&self) -> PackageId {
        self.package.clone()
    }

    fn drive(&mut self) -> Result<String> {
        if self.drive.is_none() {
            self.drive = Some(vfs::create_drive(self.package.clone(), "bench", SECONDS).map_err(file_error)?);
        }
        Ok(self.drive.clone().unwrap())
    }

    fn kv(&mut self) -> Result<Kv<String, String>> {
        if self.kv.is_none() {
            self.kv = Some(kv::open(self.package.clone(), "bench", SECONDS)?);
        }
        Ok(self.kv.clone().unwrap())
    }

    fn sqlite(&mut self) -> Result<Sqlite> {
        if self.sqlite.is_none() {
            let database = sqlite::open(self.package.clone(), "bench", SECONDS)?;
            let table = "CREATE TABLE IF NOT EXISTS item (id INTEGER PRIMARY KEY, name TEXT NOT NULL)";
            database.write(table.into(), vec![], None)?;
            self.sqlite = Some(database);
        }
        Ok(self.sqlite.clone().unwrap())
    }

    pub fn run(&mut self, job: &Job) -> Result<Done> {
        let text = "x".repeat(job.bytes);
        let items = job.from..job.from + job.count;
        match job.run.as_str() {
            "vfs-write" => {
                let drive = self.drive()?;
                each(items, |item| {
                    let file = vfs::create_file(&format!("{drive}/{item}"), SECONDS).map_err(file_error)?;
                    file.write(text.as_bytes()).map_err(file_error)
                })
            }
            "vfs-read" => {
                let drive = self.drive()?;
                each(items, |item| {
                    let file = vfs::open_file(&format!("{drive}/{item}"), false, SECONDS).map_err(file_error)?;
                    same(file.read().map_err(file_error)?.len(), job.bytes)
                })
            }
            "vfs-append" => {
                let path = format!("{}/log", self.drive()?);
                let mut file = vfs::create_file(&path, SECONDS).map_err(file_error)?;
                let done = each(items, |_| file.append(text.as_bytes()).map_err(file_error))?;
                let length = file.seek(SeekFrom::End(0)).map_err(file_error)?;
                same(length as usize, job.bytes * job.count as usize)?;
                Ok(done)
            }
            "vfs-read-one" => {
                let path = format!("{}/one", self.drive()?);
                let file = vfs::create_file(&path, SECONDS).map_err(file_error)?;
                file.write(text.as_bytes()).map_err(file_error)?;
                each(items, |_| same(file.read().map_err(file_error)?.len(), job.bytes))
            }
            "kv-set" => {
                let kv = self.kv()?;
                each(items, |item| kv.set(&item.to_string(), &text, None))
            }
            "kv-get" => {
                let kv = self.kv()?;
                each(items, |item| same(kv.get(&item.to_string())?.len(), job.bytes))
            }
            "kv-transaction" => {
                let kv = self.kv()?;
                let tx = kv.begin_tx()?;
                let done = each(items, |item| kv.set(&item.to_string(), &text, Some(tx)))?;
                ended(done, || kv.commit_tx(tx))
            }
            "sqlite-insert" => {
                let database = self.sqlite()?;
                each(items, |item| insert(&database, item, &text, None))
            }
            "sqlite-transaction" => {
                let database = self.sqlite()?;
                let tx = database.begin_tx()?;
                let done = each(items, |item| insert(&database, item, &text, Some(tx)))?;
                ended(done, || database.commit_tx(tx))
            }
            "sqlite-select" => {
                let database = self.sqlite()?;
                each(items, |item| {
                    let rows = database.read("SELECT name FROM item WHERE id = ?".into(), vec![item.into()])?;
                    same(rows.len(), 1)?;
                    let name = rows[0].get("name").and_then(|name| name.as_str());
                    same(name.unwrap_or_default().len(), job.bytes)
                })
            }
            "state-set" => {
                // Another one each time: a state that is there already would not be written.
                let mut state = text.into_bytes();
                each(items, |item| {
                    state[..4].copy_from_slice(&item.to_le_bytes());
                    set_state(&state);
                    Ok(())
                })
            }
            "state-get" => {
                set_state(text.as_bytes());
                each(items, |_| same(get_state().unwrap_or_default().len(), job.bytes))
            }
            "timer" => each(items, |_| match timer::set_and_await_timer(0) {
                Ok(_) => Ok(()),
                Err(error) => bail!("timer: {error}"),
            }),
            other => bail!("there is no operation {other}"),
        }
    }
}

fn same(found: usize, expected: usize) -> Result<()> {
    ensure!(found == expected, "{found} where {expected} was expected");
    Ok(())
}

fn insert(database: &Sqlite, item: u32, name: &str, tx: Option<u64>) -> Result<()> {
    let sql = "INSERT INTO item (id, name) VALUES (?, ?)";
    database.write(sql.into(), vec![item.into(), name.into()], tx)
}

fn each(items: std::ops::Range<u32>, mut act: impl FnMut(u32) -> Result<()>) -> Result<Done> {
    let count = items.len() as u32;
    let started = Instant::now();
    for item in items {
        act(item).map_err(|error| anyhow!("item {item}: {error}"))?;
    }
    Ok(Done { count, nanoseconds: started.elapsed().as_nanos() as u64, end_nanoseconds: 0 })
}

fn ended(done: Done, act: impl FnOnce() -> Result<()>) -> Result<Done> {
    let started = Instant::now();
    act()?;
    Ok(Done { end_nanoseconds: started.elapsed().as_nanos() as u64, ..done })
}

