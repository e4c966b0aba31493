//! scratch
use std::time::Instant;
use mainstay_store::*;
#[path="../tests/contract/fixture.rs"] mod fixture;
use fixture::*;
#[tokio::main]
async fn main() {
    let dir = std::env::args().nth(1).unwrap();
    let p = std::path::Path::new(&dir).join("speed.sqlite");
    let s = SqliteStore::create(&p).await.unwrap();
    let t = Instant::now();
    for c in 0..10 { let d: Vec<_> = (c*1000..c*1000+1000).map(|n| (device(n), token(n))).collect(); s.register_many(&d).await.unwrap(); }
    println!("register 10000: {:?}", t.elapsed());
    let t = Instant::now();
    let r = start_another(&s, NEW, 10_000).await;
    println!("start 10000: {:?}", t.elapsed());
    for _ in 0..3 { let t = Instant::now(); let v = s.fleet_view(r.id).await.unwrap(); println!("view {}: {:?}", v.devices.len(), t.elapsed()); }
    let t = Instant::now();
    for n in 0..1000 { s.promise(r.id, 1, &id(n), &FORWARD, at(1)).await.unwrap(); }
    println!("promise: {:?}", t.elapsed()/1000);
    let t = Instant::now();
    let run = running(NEW, false);
    for n in 0..1000 { let rep=[StoredReport{seq:1,at:at(2),event:"{}".into(),text:"x".into()}]; s.record(&id(n), Some(&run), at(1), &rep, &|_,_,_| mainstay_rollout::Progress::Confirmed{began:at(1),booted:at(2),at:at(3)}).await.unwrap(); }
    println!("record: {:?}", t.elapsed()/1000);
    let t = Instant::now();
    for n in 0..1000 { Devices::by_token_hash(&s, &token(n)).await.unwrap().unwrap(); }
    println!("by token: {:?}", t.elapsed()/1000);
    let t = Instant::now();
    for n in 0..1000 { s.enrolments_of(&id(n)).await.unwrap(); }
    println!("enrolments_of: {:?}", t.elapsed()/1000);
    let heard: Vec<_> = (0..10_000).map(|n| (id(n), at(8))).collect();
    let t = Instant::now(); s.touch(&heard).await.unwrap(); println!("touch 10000: {:?}", t.elapsed());
    for n in 1000..10_000 { s.promise(r.id, 1, &id(n), &FORWARD, at(1)).await.unwrap(); }
    for n in 1000..10_000 { s.record(&id(n), Some(&run), at(1), &[], &|_,_,_| mainstay_rollout::Progress::Confirmed{began:at(1),booted:at(2),at:at(3)}).await.unwrap(); }
    for _ in 0..3 { let t = Instant::now(); let v = s.fleet_view(r.id).await.unwrap(); println!("view confirmed {}: {:?}", v.devices.len(), t.elapsed()); }
    let t = Instant::now(); println!("devices {}: {:?}", s.devices(None).await.unwrap().len(), t.elapsed());
    let next = changed(&r);
    let actions: Vec<_> = (0..10_000).map(|n| mainstay_rollout::Action::Return{device:id(n), to: OLD}).collect();
    let t = Instant::now();
    s.save_step(&NextStep{rollout:&next, expected_generation:1, actions:&actions, incidents:&[], release:None, at: at(9)}).await.unwrap();
    println!("save_step 10000 returns: {:?}", t.elapsed());
    println!("rollout json {} bytes", serde_json::to_string(&r).unwrap().len());
}
