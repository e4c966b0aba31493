//! A seed tells one story, to the letter, however often it is told.

use mainstay_soak::life::live;

#[tokio::test]
async fn the_same_seed_lives_the_same_life() {
    let lives = [live(3).await, live(3).await, live(4).await];
    let hashes = lives.map(|life| {
        let life = life.expect("a life that can be lived");
        assert_eq!(life.broken, None, "{:#?}", life.story.lines());
        life.story.hash()
    });
    assert_eq!(hashes[0], hashes[1]);
    assert_ne!(hashes[0], hashes[2]);
}
