// What a Rust client of the indexer writes and reads. See README.md beside Cargo.toml.
wit_bindgen::generate!({
    path: "wit",
    world: "client",
    generate_unused_types: true,
    additional_derives: [serde::Deserialize, serde::Serialize],
});

use std::io::BufRead;
use test::client::indexer::*;

fn main() {
    // Questions, as a client writes them.
    let hash = "0xfc921cbdfda30a7b21ad8f5c9ad542cbb5f6f3d0f8c2831fcd0325d1dbbdce8b".to_string();
    let questions = [
        IndexerRequest::NamehashToName(NamehashToNameRequest { hash, block: 0 }),
        IndexerRequest::NodeInfo(NodeInfoRequest { name: "alice.os".into(), block: 0 }),
        IndexerRequest::NodeInfo(NodeInfoRequest { name: "bob.os".into(), block: 0 }),
        IndexerRequest::NodeInfo(NodeInfoRequest { name: "nobody.os".into(), block: 0 }),
        IndexerRequest::GetState(GetStateRequest { block: 0 }),
        IndexerRequest::Reset,
    ];
    if std::env::args().nth(1).as_deref() == Some("questions") {
        for question in &questions {
            println!("{}", serde_json::to_string(question).unwrap());
        }
        return;
    }
    // Answers of the indexer, read by a client and written again.
    for line in std::io::stdin().lock().lines() {
        let answer: IndexerResponse = serde_json::from_str(&line.unwrap()).unwrap();
        println!("{}", serde_json::to_string(&answer).unwrap());
    }
}
