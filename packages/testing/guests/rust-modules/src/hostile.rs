//! What keeps a node busy that is not ready for it.
use crate::measure::{Driver, Job};
use kinode_process_lib::http::server::{send_ws_push, WsMessageType};
use kinode_process_lib::{sqlite, timer, LazyLoadBlob};
use serde::Deserialize;
use std::hint::black_box;

#[derive(Deserialize)]
pub struct Harm {
    /// `deaf`: takes no message for an hour; `spin`: computes for ever; `sql`: asks for statements that have no end;
    /// `write`: writes files without a pause.
    harm: String,
}

pub fn harm(harm: &Harm, driver: &mut Driver) {
    match harm.harm.as_str() {
        "deaf" => {
            let _ = timer::set_and_await_timer(3_600_000);
        }
        "spin" => spin(),
        "sql" => endless_sql(driver),
        "write" => loop {
            let job = r#"{"run":"vfs-write","count":1000,"bytes":4096}"#;
            let _ = driver.run(&serde_json::from_str::<Job>(job).unwrap());
        },
        _ => {}
    }
}

fn spin() {
    let mut x: u32 = 1;
    loop {
        for _ in 0..1_000_000 {
            x = (x >> 1) ^ ((x & 1).wrapping_neg() & 0xedb8_8320);
        }
        black_box(x);
    }
}

fn endless_sql(driver: &mut Driver) {
    let sql = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) AS n FROM c";
    let Ok(database) = sqlite::open(driver.package(), "endless", Some(60)) else { return };
    loop {
        let _ = database.read(sql.into(), vec![]);
    }
}

/// Sixteen megabytes a second into one channel, for a quarter of an hour.
pub fn push(channel: u32) {
    for _ in 0..180_000 {
        let frame = LazyLoadBlob::new(None::<String>, vec![b'p'; 80_000]);
        send_ws_push(channel, WsMessageType::Binary, frame);
        let _ = timer::set_and_await_timer(5);
    }
}
