//! One small package for each package manager, made here byte by byte, with the index that the manager asks for.

use super::mirror::Files;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use sha2::{Digest, Sha256, Sha512};

/// Everything that pip, npm, cargo and apt need to install `dwhello` from a mirror at this address.
pub fn packages(mirror: &str) -> Files {
    let mut files = Files::new();
    let mut put = |path: &str, bytes: Vec<u8>| drop(files.insert(path.to_owned(), bytes));
    put("/hello", b"hello from the mirror\n".to_vec());

    let wheel = "dwhello-1.0-py3-none-any.whl";
    let page = format!("<!DOCTYPE html><html><body><a href=\"/files/{wheel}\">{wheel}</a></body></html>");
    put("/simple/dwhello/", page.into_bytes());
    let parts = ["METADATA", "WHEEL", "RECORD"].map(|part| format!("dwhello-1.0.dist-info/{part}"));
    put(
        &format!("/files/{wheel}"),
        zip(&[
            ("dwhello.py", "def hello():\n    return 'hello from pip'\n"),
            (&parts[0], "Metadata-Version: 2.1\nName: dwhello\nVersion: 1.0\n"),
            (&parts[1], "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"),
            (&parts[2], &format!("dwhello.py,,\n{},,\n{},,\n{},,\n", parts[0], parts[1], parts[2])),
        ]),
    );

    let tarball = gzip(&tar(&[
        ("package/package.json", r#"{"name":"dwhello","version":"1.0.0","main":"index.js"}"#),
        ("package/index.js", "module.exports = () => 'hello from npm';\n"),
    ]));
    let integrity = format!("sha512-{}", STANDARD.encode(Sha512::digest(&tarball)));
    let version = json!({
        "name": "dwhello", "version": "1.0.0", "main": "index.js",
        "dist": { "tarball": format!("{mirror}/npm/dwhello-1.0.0.tgz"), "integrity": integrity },
    });
    let about = json!({ "name": "dwhello", "dist-tags": { "latest": "1.0.0" }, "versions": { "1.0.0": version } });
    put("/npm/dwhello", about.to_string().into_bytes());
    put("/npm/dwhello-1.0.0.tgz", tarball);

    let package = gzip(&tar(&[
        ("dwhello-1.0.0/Cargo.toml", "[package]\nname = \"dwhello\"\nversion = \"1.0.0\"\nedition = \"2021\"\n"),
        ("dwhello-1.0.0/src/lib.rs", "pub fn hello() -> &'static str {\n    \"hello from cargo\"\n}\n"),
    ]));
    let row = json!({
        "name": "dwhello", "vers": "1.0.0", "deps": [], "cksum": hex(&Sha256::digest(&package)), "features": {}, "yanked": false,
    });
    put("/index/config.json", json!({ "dl": format!("{mirror}/crates") }).to_string().into_bytes());
    put("/index/dw/he/dwhello", format!("{row}\n").into_bytes());
    put("/crates/dwhello/1.0.0/download", package);

    let control =
        "Package: dwhello\nVersion: 1.0\nArchitecture: all\nMaintainer: Test <test@example.org>\nDescription: greets\n";
    let deb = ar(&[
        ("debian-binary", b"2.0\n"),
        ("control.tar", &tar(&[("./control", control)])),
        ("data.tar", &tar(&[("./usr/bin/dwhello", "#!/bin/sh\necho hello from apt\n")])),
    ]);
    let list =
        format!("{control}Filename: ./dwhello.deb\nSize: {}\nSHA256: {}\n\n", deb.len(), hex(&Sha256::digest(&deb)));
    put("/debs/./Packages", list.clone().into_bytes());
    put("/debs/Packages", list.into_bytes());
    put("/debs/./dwhello.deb", deb.clone());
    put("/debs/dwhello.deb", deb);
    files
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// A tar with these files, each executable.
fn tar(files: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o755);
        header.set_entry_type(tar::EntryType::Regular);
        header.as_mut_bytes()[..path.len()].copy_from_slice(path.as_bytes());
        header.set_cksum();
        archive.append(&header, text.as_bytes()).expect("an entry");
    }
    archive.into_inner().expect("a whole archive")
}

/// A Debian package's outer form.
fn ar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut all = b"!<arch>\n".to_vec();
    for (name, bytes) in members {
        all.extend(format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", 0, 0, 0, 100_644, bytes.len()).into_bytes());
        all.extend(*bytes);
        if bytes.len() % 2 == 1 {
            all.push(b'\n');
        }
    }
    all
}

/// A gzip file whose blocks are stored as they are.
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut all = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let mut blocks = bytes.chunks(60_000).peekable();
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).expect("a short block");
        all.push(u8::from(blocks.peek().is_none()));
        all.extend(length.to_le_bytes());
        all.extend((!length).to_le_bytes());
        all.extend(block);
    }
    all.extend(crc(bytes).to_le_bytes());
    all.extend(u32::try_from(bytes.len()).expect("a small file").to_le_bytes());
    all
}

/// A zip file whose members are stored as they are.
fn zip(files: &[(&str, &str)]) -> Vec<u8> {
    let (mut all, mut list) = (Vec::new(), Vec::new());
    for (name, text) in files {
        let offset = u32::try_from(all.len()).expect("a small file");
        let size = u32::try_from(text.len()).expect("a small file").to_le_bytes();
        let named = u16::try_from(name.len()).expect("a short name").to_le_bytes();
        // Version, flags, method, time, date (1980-01-01), checksum, sizes, length of the name, no extra field.
        let mut about = vec![20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0];
        about.extend(crc(text.as_bytes()).to_le_bytes());
        about.extend([size, size].concat());
        about.extend(named);
        about.extend([0, 0]);
        all.extend(b"PK\x03\x04");
        all.extend(&about);
        all.extend(name.as_bytes());
        all.extend(text.as_bytes());
        list.extend(b"PK\x01\x02\x14\x00");
        list.extend(&about);
        // Comment, disk, attributes.
        list.extend([0; 10]);
        list.extend(offset.to_le_bytes());
        list.extend(name.as_bytes());
    }
    let (count, at, size) = (u16::try_from(files.len()).expect("few files"), all.len(), list.len());
    all.extend(list);
    all.extend(b"PK\x05\x06\0\0\0\0");
    all.extend(count.to_le_bytes());
    all.extend(count.to_le_bytes());
    all.extend(u32::try_from(size).expect("a small file").to_le_bytes());
    all.extend(u32::try_from(at).expect("a small file").to_le_bytes());
    all.extend([0, 0]);
    all
}

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 })
    })
}
