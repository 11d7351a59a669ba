//! Tunnels, with TLS as clients speak it and as they should not.

use super::*;
use proptest::prelude::*;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore};

/// The first message of a client that wants this host.
pub(super) fn hello(host: &str) -> Vec<u8> {
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(ring).with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(RootCertStore::empty()).with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).unwrap();
    let mut client = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut bytes = Vec::new();
    client.write_tls(&mut bytes).unwrap();
    bytes
}

/// The same message over many records.
fn fragmented(hello: &[u8], size: usize) -> Vec<u8> {
    let mut all = Vec::new();
    for piece in hello[5..].chunks(size) {
        all.extend([0x16, 3, 1]);
        all.extend(u16::try_from(piece.len()).unwrap().to_be_bytes());
        all.extend(piece);
    }
    all
}

/// Says back what it hears, whatever it is.
pub(super) async fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                tokio::io::copy(&mut from, &mut to).await.ok();
                to.shutdown().await.ok();
            });
        }
    });
    at
}

async fn bench() -> Bench {
    let bench = Bench::new(&["*.example.org", "mirror.example.com"], echo().await, EgressConfig::default()).await;
    bench.name("ok.example.org", &[&[PUBLIC]]);
    bench
}

/// A tunnel that was granted, with what came behind the head already sent.
async fn granted(bench: &Bench, host: &str, early: &[u8]) -> UnixStream {
    let mut stream = bench.connect().await;
    let mut head = format!("CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n\r\n").into_bytes();
    head.extend(early);
    stream.write_all(&head).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(stream.read_u8().await.unwrap());
    }
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    stream
}

/// What comes through, after these pieces were sent.
async fn through(mut stream: UnixStream, pieces: &[&[u8]]) -> Vec<u8> {
    for piece in pieces {
        // Who is cut meanwhile hears that below.
        stream.write_all(piece).await.ok();
        tokio::task::yield_now().await;
    }
    stream.shutdown().await.ok();
    let mut heard = Vec::new();
    stream.read_to_end(&mut heard).await.ok();
    heard
}

#[tokio::test]
async fn what_names_its_host_passes_as_it_is() {
    let bench = bench().await;
    let greeting = hello("ok.example.org");
    for (early, pieces) in [
        (greeting.clone(), vec![b"and more".to_vec()]),
        (Vec::new(), vec![greeting.clone(), b"and more".to_vec()]),
        (greeting[..7].to_vec(), greeting[7..].chunks(11).map(<[u8]>::to_vec).chain([b"and more".to_vec()]).collect()),
    ] {
        let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
        let heard = through(granted(&bench, "ok.example.org:443", &early).await, &pieces).await;
        assert_eq!(heard, [greeting.as_slice(), b"and more"].concat());
    }
    for size in [1, 40, 100] {
        let split = fragmented(&greeting, size);
        let heard = through(granted(&bench, "OK.example.org:443", &split).await, &[]).await;
        assert_eq!(heard, split, "a greeting in records of {size}");
    }
    let port = bench.outside.server.port();
    let greeting = hello("mirror.example.com");
    let heard = through(granted(&bench, &format!("mirror.example.com:{port}"), &greeting).await, &[]).await;
    assert_eq!(heard, greeting);
    let seen = bench.seen().await;
    assert_eq!(seen.iter().map(|row| (row.requests, row.allowed)).collect::<Vec<_>>(), [(6, true), (1, true)]);
    assert!(seen[0].up > 1000 && seen[0].up == seen[0].down, "{seen:?}");
}

#[tokio::test]
async fn whatever_names_another_host_or_none_goes_nowhere() {
    let bench = bench().await;
    let right = hello("ok.example.org");
    let mut bad = right.clone();
    bad[60..].reverse();
    for (what, bytes, rule) in [
        ("another host", hello("evil.net"), "TLS names another host"),
        ("a host under it", hello("a.ok.example.org"), "TLS names another host"),
        ("an address", hello("93.184.216.34"), "TLS names no host"),
        ("HTTP", b"GET / HTTP/1.1\r\nHost: ok.example.org\r\n\r\n".to_vec(), "not TLS"),
        ("SSH", b"SSH-2.0-OpenSSH_9.6\r\n".to_vec(), "not TLS"),
        ("TLS of old", vec![0x80, 0x2e, 1, 0, 2, 0, 0x15], "not TLS"),
        ("half a greeting", right[..right.len() - 1].to_vec(), "not TLS"),
        ("a broken one", bad, "not TLS"),
        ("no end", [vec![0x16, 3, 1, 0x40, 0], vec![0; 40_000]].concat(), "not TLS"),
        ("nothing", Vec::new(), "not TLS"),
    ] {
        let heard = through(granted(&bench, "ok.example.org:443", &[]).await, &[&bytes]).await;
        let alert = if rule.starts_with("TLS") { greeting::ALERT.to_vec() } else { Vec::new() };
        assert_eq!(heard, alert, "{what}");
        let seen = bench.seen().await;
        let row = seen.iter().find(|row| row.rule == rule).unwrap_or_else(|| panic!("{what}: {seen:?}"));
        assert!(!row.allowed && row.host == "ok.example.org");
        assert!(seen.iter().all(|row| row.up == 0 && row.down == 0), "{what}: {seen:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn no_first_message_upsets_the_reader_and_none_passes_with_another_name(
        noise in proptest::collection::vec(any::<u8>(), 0..600),
        at in 0..400usize,
        value: u8,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let host = HostName::parse("ok.example.org").unwrap();
        let other = HostName::parse("no.example.org").unwrap();
        let read = |bytes: &[u8], host: &HostName| runtime.block_on(greeting::read(&mut tokio::io::empty(), bytes, host));
        let mut greeting = hello("ok.example.org");
        prop_assert!(read(&greeting, &other).is_err());
        let length = greeting.len();
        greeting[at % length] = value;
        // Whatever was changed: it is refused, or it still names the host.
        if read(&greeting, &host).is_ok() {
            prop_assert!(greeting.windows(14).any(|part| part.eq_ignore_ascii_case(b"ok.example.org")));
        }
        prop_assert!(read(&noise, &host).is_err());
    }
}
