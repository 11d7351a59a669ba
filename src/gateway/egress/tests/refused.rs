//! 60 spellings of places that nobody may reach, each tried in four ways: as a tunnel, as a request, behind a redirect, and as
//! what a name leads to at the second look.

use super::*;

/// How a place is written, and the address that is meant by it.
const PLACES: [(&str, &str); 60] = [
    // Plain addresses of every range.
    ("127.0.0.1", "127.0.0.1"),
    ("127.8.9.10", "127.8.9.10"),
    ("0.0.0.0", "0.0.0.0"),
    ("10.0.0.1", "10.0.0.1"),
    ("172.16.0.1", "172.16.0.1"),
    ("192.168.1.1", "192.168.1.1"),
    ("169.254.169.254", "169.254.169.254"),
    ("100.100.100.200", "100.100.100.200"),
    ("192.0.0.192", "192.0.0.192"),
    ("168.63.129.16", "168.63.129.16"),
    ("198.18.0.1", "198.18.0.1"),
    ("224.0.0.1", "224.0.0.1"),
    ("255.255.255.255", "255.255.255.255"),
    // A public one: no address is taken at all.
    ("93.184.216.34", "203.0.113.9"),
    // Other spellings of the same, as C libraries take them.
    ("2130706433", "127.0.0.1"),
    ("017700000001", "127.0.0.1"),
    ("0x7f000001", "127.0.0.1"),
    ("0x7f.0x0.0x0.0x1", "127.0.0.1"),
    ("0X7F.0.0.1", "127.0.0.1"),
    ("0177.0.0.01", "127.0.0.1"),
    ("127.1", "127.0.0.1"),
    ("127.0.1", "127.0.0.1"),
    ("0", "0.0.0.0"),
    ("0xa9fea9fe", "169.254.169.254"),
    ("2852039166", "169.254.169.254"),
    ("169.0xfea9fe", "169.254.169.254"),
    ("00000127.0.0.1", "127.0.0.1"),
    ("127.0.0.1.", "127.0.0.1"),
    ("4294967297", "0.0.0.1"),
    // IPv6.
    ("[::1]", "::1"),
    ("[::]", "::"),
    ("[::ffff:127.0.0.1]", "::ffff:127.0.0.1"),
    ("[::ffff:a9fe:a9fe]", "::ffff:169.254.169.254"),
    ("[0:0:0:0:0:0:0:1]", "::1"),
    ("[64:ff9b::7f00:1]", "64:ff9b::7f00:1"),
    ("[2002:7f00:1::]", "2002:7f00:1::"),
    ("[2001:0:7f00:1::]", "2001:0:7f00:1::"),
    ("[fe80::1%25eth0]", "fe80::1"),
    ("[fd00:ec2::254]", "fd00:ec2::254"),
    ("[ff02::1]", "ff02::1"),
    ("[::127.0.0.1]", "::127.0.0.1"),
    ("::1", "::1"),
    ("[ok.example.org]", "127.0.0.1"),
    // Names that are none, and names around an allowed one.
    ("localhost", "127.0.0.1"),
    ("ok.example.org.", "127.0.0.1"),
    ("ok.example.org@127.0.0.1", "127.0.0.1"),
    ("127.0.0.1@ok.example.org", "127.0.0.1"),
    ("ok.example.org:80@127.0.0.1", "127.0.0.1"),
    ("ok.example.org%00.evil.net", "127.0.0.1"),
    ("ok.example.org%2eevil.net", "127.0.0.1"),
    ("127.0.0.1%23.ok.example.org", "127.0.0.1"),
    ("ok。example。org", "127.0.0.1"),
    ("①②⑦.⓪.⓪.①", "127.0.0.1"),
    ("ok.example.org\0", "127.0.0.1"),
    (" ok.example.org", "127.0.0.1"),
    ("ok.example.org\r\nX: y", "127.0.0.1"),
    ("evilexample.org", "127.0.0.1"),
    ("ok.example.org.evil.net", "127.0.0.1"),
    // Names that are on the list and lead inside.
    ("inside.example.org", "192.168.7.7"),
    ("metadata.example.org", "fd00:ec2::254"),
];

fn is_refusal(answer: &str) -> bool {
    // Some are no HTTP at all, and are answered so or not at all.
    ["HTTP/1.1 400", "HTTP/1.1 403", "HTTP/1.1 502"].iter().any(|status| answer.starts_with(status))
        || answer.is_empty()
}

async fn bench() -> Bench {
    let bench = Bench::new(&["*.example.org", "ok.example.org"], server().await, EgressConfig::default()).await;
    for (spelling, address) in PLACES {
        bench.name(spelling, &[&[address]]);
    }
    bench.name("ok.example.org", &[&[PUBLIC]]);
    bench
}

#[tokio::test]
async fn all_240_are_refused_and_nothing_is_dialled() {
    let bench = bench().await;
    let public: SocketAddr = format!("{PUBLIC}:80").parse().unwrap();
    let mut refused = 0;
    for (number, (spelling, address)) in PLACES.into_iter().enumerate() {
        for answer in [bench.tunnel(&format!("{spelling}:443")).await, bench.get(spelling, "/latest/meta-data").await] {
            assert!(is_refusal(&answer), "{spelling}: {answer}");
            refused += 1;
        }
        assert_eq!(bench.dialled(), [], "{spelling}");
        // Behind a redirect: it goes back inside, and whoever follows it asks here again.
        let answer = bench.get("ok.example.org", &format!("/to/{number}")).await;
        assert!(answer.starts_with("HTTP/1.1 302") && answer.contains("location: http://"), "{spelling}: {answer}");
        assert_eq!(bench.outside.dialled.lock().unwrap().drain(..).collect::<Vec<_>>(), [public]);
        assert!(is_refusal(&bench.get(spelling, "/").await), "{spelling}");
        refused += 1;
        // A name that is public at the first look and leads inside at the second, alone or among others.
        let name = format!("rebind{number}.example.org");
        bench.name(&name, &[&[PUBLIC], &[address], &[PUBLIC, address]]);
        assert!(bench.get(&name, "/").await.starts_with("HTTP/1.1 200"), "{name}");
        assert_eq!(bench.outside.dialled.lock().unwrap().drain(..).collect::<Vec<_>>(), [public], "what was vetted");
        for _ in 0..2 {
            let answer = bench.get(&name, "/").await;
            assert!(answer.starts_with("HTTP/1.1 403 dogwatch: private address"), "{name}: {answer}");
        }
        refused += 1;
        assert_eq!(bench.dialled(), [], "{spelling}");
    }
    assert_eq!(refused, 240);
    // What was on no list was not even looked up.
    let asked = bench.outside.asked.lock().unwrap();
    assert!(asked.iter().all(|name| name.ends_with(".example.org")), "{asked:?}");
}

#[tokio::test]
async fn a_request_that_says_two_things_is_refused() {
    let bench = bench().await;
    let port = bench.outside.server.port();
    for head in [
        "GET http://ok.example.org/ HTTP/1.1\r\nHost: evil.net\r\n",
        "GET http://ok.example.org/ HTTP/1.1\r\nHost: ok.example.org\r\nHost: evil.net\r\n",
        "GET http://ok.example.org/ HTTP/1.1\r\n",
        "GET http://ok.example.org:443/ HTTP/1.1\r\nHost: ok.example.org:443\r\n",
        "GET http://ok.example.org:8080/ HTTP/1.1\r\nHost: ok.example.org:8080\r\n",
        "GET https://ok.example.org/ HTTP/1.1\r\nHost: ok.example.org\r\n",
        "GET ftp://ok.example.org/ HTTP/1.1\r\nHost: ok.example.org\r\n",
        "POST http://ok.example.org/ HTTP/1.1\r\nHost: ok.example.org\r\nContent-Length: 0\r\n",
        "PUT http://ok.example.org/ HTTP/1.1\r\nHost: ok.example.org\r\n",
        "GET http://ok.example.org/ HTTP/1.1\r\nHost: ok.example.org\r\nContent-Length: 3\r\n",
        "GET http://ok.example.org/ HTTP/1.1\r\nHost: ok.example.org\r\nTransfer-Encoding: chunked\r\n",
        "CONNECT ok.example.org:80 HTTP/1.1\r\nHost: ok.example.org:80\r\n",
        "CONNECT ok.example.org:22 HTTP/1.1\r\nHost: ok.example.org:22\r\n",
        "CONNECT ok.example.org HTTP/1.1\r\nHost: ok.example.org\r\n",
        "CONNECT ok.example.org:443 HTTP/1.1\r\nHost: evil.net:443\r\n",
        // Hosts of the operator's own are on no list by themselves.
        &format!("GET http://mirror.example.com:{port}/ HTTP/1.1\r\nHost: mirror.example.com:{port}\r\n"),
    ] {
        let mut stream = bench.connect().await;
        stream.write_all(format!("{head}Connection: close\r\n\r\n").as_bytes()).await.unwrap();
        // A body that never comes is not waited for.
        stream.shutdown().await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(is_refusal(&answer) && !answer.is_empty(), "{head}: {answer}");
    }
    assert_eq!(bench.dialled(), []);
    // Nor does the way to models open by this one.
    let answer = bench.ask("GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 403") && answer.contains("no way to models"), "{answer}");
}
