//! The engine's own backups, by the clock.

use super::{Ground, grow};
use crate::backup::{Keeper, check, list};
use crate::config::BackupConfig;
use std::fs;
use std::path::Path;

#[test]
fn the_engine_makes_one_when_it_is_due_and_something_happened_and_tells_what_it_cannot_make() {
    let ground = Ground::new();
    let store = ground.open();
    grow(&store, "one");
    let begun = crate::words::now();
    let hour = 3_600_000;
    let keeper = |place: &Path| {
        let config = BackupConfig { keep: 2, days: 0, ..BackupConfig::default() };
        Keeper::new(store.clone(), ground.paths.blobs.clone(), place.to_owned(), config, 0)
    };
    let one = keeper(&ground.place);
    let names = || list(&ground.place).unwrap().iter().map(|found| found.name.to_string()).collect::<Vec<_>>();
    one.turn(hour, begun);
    assert!(names().is_empty(), "the store is young");
    one.turn(hour, begun.plus(hour));
    assert_eq!(names().len(), 1);
    // Nothing happened since: it is looked at again, and stays the newest.
    let kept = names();
    one.turn(hour, begun.plus(2 * hour));
    assert_eq!(names(), kept);
    assert_eq!(one.state(begun.plus(2 * hour)).0.unwrap().holds, begun.plus(2 * hour));
    for more in 3..6 {
        grow(&store, &format!("more{more}"));
        one.turn(hour, begun.plus(more * hour));
    }
    assert_eq!(names().len(), 2, "older ones went");
    // One that was damaged is made anew, although nothing happened.
    let newest = ground.place.join(&names()[0]).join("dogwatch.db");
    let mut bytes = fs::read(&newest).unwrap();
    bytes[5000] ^= 1;
    fs::write(&newest, bytes).unwrap();
    one.turn(hour, begun.plus(6 * hour));
    assert!(names()[0] > kept[0]);
    check(&ground.place.join(&names()[0])).unwrap();
    assert_eq!(one.state(begun.plus(7 * hour)).1, None);
    let (_, late) = one.state(begun.plus(9 * hour));
    assert!(late.unwrap().contains("3h 0m old"));
    // A clock that was set back makes one more, not one a minute.
    grow(&store, "back");
    let before = names();
    for minute in 0..5 {
        one.turn(hour, begun.plus(2 * hour + minute * 60_000));
    }
    let more = names().iter().filter(|name| !before.contains(name)).count();
    assert!(more <= 1, "{before:?} {:?}", names());
    // Where it cannot be made that is told, once.
    let blocked = ground.paths.database.with_file_name("blocked");
    fs::write(&blocked, "").unwrap();
    let two = keeper(&blocked);
    for minute in 0..3 {
        two.turn(hour, begun.plus(8 * hour + minute * 1_200_000));
    }
    assert!(two.state(begun.plus(8 * hour)).1.is_some_and(|fault| fault.contains("blocked")));
    let told = "SELECT count(*) FROM audit WHERE kind = 'backup.failed'";
    let told: i64 = store.read_sync(|view| Ok(view.connection().query_row(told, [], |row| row.get(0))?)).unwrap();
    assert_eq!(told, 1);
}
