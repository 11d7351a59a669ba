//! The fleet's screen: pictures with everything, nothing and hundreds of assets, and what keys do there.

use super::served::served;
use super::*;
use crate::console::app::List;
use crate::domain::{Asset, AssetId, AssetState, ContainerSeen, DiskSeen, Sighting, Vitals};
use crate::protocol::AssetView;
use serde_json::json;

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDGRnyBNqVUAuvqrWMzfUhOQ7nqgGzPpY2pxbZjAJqbT";

fn vitals(text: &str) -> Vitals {
    Vitals {
        boot: "c1af2ef7-f432-4d58-951b-d4e28a3dc39a".to_owned(),
        uptime: 93_784,
        load: 142,
        cpus: 4,
        memory: (16_384_000, 4_096_000),
        disks: vec![
            DiskSeen { mount: "/".to_owned(), total: 100_000_000, free: 60_000_000 },
            DiskSeen { mount: format!("/srv/{text}"), total: 100_000_000, free: 6_000_000 },
        ],
        kernel: "Linux 6.1.0-18-amd64".to_owned(),
        system: "Debian GNU/Linux 12 (bookworm)".to_owned(),
        failed: vec!["nginx.service".to_owned(), text.to_owned()],
        containers: vec![ContainerSeen {
            name: "shop".to_owned(),
            state: "running".to_owned(),
            status: format!("Up 3 hours {text}"),
        }],
    }
}

fn view(id: i64, name: &str, reach: &serde_json::Value, state: Option<AssetState>, text: &str) -> AssetView {
    let spec = json!({
        "name": name, "reach": reach, "labels": {"tier": text}, "environment": (id % 2 == 1).then_some("production"),
        "critical": id == 1, "note": format!("Mind the step.\n{text}"),
    });
    let spec = serde_json::from_value(spec).unwrap();
    let (added, changed) = (Millis(NOW.0 - 9_000_000), Millis(NOW.0 - 4_000_000));
    let asset = Asset { id: AssetId(id), version: 2, spec, by: operator(), added, changed };
    let seen = state.map(|state| Sighting { at: Millis(NOW.0 - 130_000), state });
    AssetView { asset, became: None, seen, before: Vec::new() }
}

/// Four kinds of assets.
pub(super) fn assets(text: &str) -> Vec<AssetView> {
    let ssh = json!({"by": "ssh", "user": "deploy", "host": "db-1.example.org", "port": 2222, "host_keys": [KEY], "identity": null});
    let well =
        Vitals { failed: Vec::new(), disks: vitals("").disks[..1].to_vec(), containers: Vec::new(), ..vitals(text) };
    let down = AssetState::Down { why: format!("db-1 did not let anybody in: {text}") };
    let before =
        |state: &AssetState, minutes: i64| Sighting { at: Millis(NOW.0 - minutes * 60_000), state: state.clone() };
    let troubled = AssetState::Up { vitals: vitals(text) };
    let mut first = view(1, "db-1", &ssh, Some(troubled.clone()), text);
    first.before = vec![before(&troubled, 7), before(&down, 12), before(&AssetState::Up { vitals: well.clone() }, 17)];
    let cache = json!({"by": "docker", "container": "cache", "engine": null});
    vec![
        view(2, "cache", &cache, Some(AssetState::Up { vitals: well }), text),
        first,
        view(3, "queue", &json!({"by": "nowhere"}), None, text),
        view(4, "web", &json!({"by": "docker", "container": "web", "engine": null}), Some(down), text),
    ]
}

fn on_fleet(keys: &str) -> App {
    let mut app = busy();
    press(&mut app, "6");
    served(&mut app, "blue");
    press(&mut app, keys);
    served(&mut app, "blue");
    app
}

#[test]
fn pictures_of_the_fleet() {
    insta::assert_snapshot!("fleet-80x24", picture(&mut on_fleet("j"), 80, 24, LOOK));
    insta::assert_snapshot!("fleet-120x36", picture(&mut on_fleet("j"), 120, 36, LOOK));
    insta::assert_snapshot!("fleet-200x50", picture(&mut on_fleet("j"), 200, 50, LOOK));
    insta::assert_snapshot!(
        "fleet-mono",
        picture(&mut on_fleet("j tab"), 80, 24, Look { colour: false, unicode: false })
    );
    let mut empty = App::new(false);
    press(&mut empty, "6");
    let shown = picture(&mut empty, 80, 24, LOOK);
    assert!(shown.contains("The engine is asked."), "{shown}");
    answer(&mut empty, |_| Some(Reply::Assets { assets: Vec::new() }));
    let shown = picture(&mut empty, 80, 24, LOOK);
    assert!(shown.contains("No live system is registered."), "{shown}");
}

#[test]
fn hundreds_are_scrolled_and_filtered_and_each_is_asked_for_once() {
    let mut app = busy();
    press(&mut app, "6");
    let all: Vec<AssetView> =
        (1..=600).map(|id| view(id, &format!("web-{id:03}"), &json!({"by": "local"}), None, "x")).collect();
    app.want();
    answer(&mut app, |_| Some(Reply::Assets { assets: all.clone() }));
    app.orders.clear();
    press(&mut app, "G");
    assert!(picture(&mut app, 80, 24, LOOK).contains("web-600"));
    assert_eq!(app.fleet.at, Some(AssetId(600)));
    app.want();
    app.want();
    assert_eq!(asked(&app), [&Request::Asset { name: "web-600".to_owned() }]);
    press(&mut app, "/ 0 4 2 enter");
    let shown = picture(&mut app, 80, 24, LOOK);
    assert!(shown.contains("Fleet 1 of 600 /042") && app.list() == Some(List::Assets), "{shown}");
    press(&mut app, "esc esc");
    assert_eq!(app.page, Page::Watch);
}
