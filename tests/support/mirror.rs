//! A mirror of package registries on this machine: static files by HTTP, and by HTTPS on a second port, with a count of who
//! came.

use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The server; its threads end with the test program.
#[derive(Debug)]
pub struct Mirror {
    /// Where it serves.
    pub at: SocketAddr,
    came: Arc<AtomicUsize>,
    asked: Arc<Mutex<Vec<String>>>,
}

/// Files by their paths.
pub type Files = BTreeMap<String, Vec<u8>>;

impl Mirror {
    /// Serves by HTTP what is made for its port.
    pub fn plain(files: impl FnOnce(u16) -> Files) -> Self {
        Self::start(files, None)
    }

    /// Serves these files by HTTPS as `host`; also gives the certificate, PEM.
    pub fn tls(files: Files, host: &str) -> (Self, String) {
        let key = KeyPair::generate().expect("a key");
        let made =
            CertificateParams::new(vec![host.to_owned()]).expect("a name").self_signed(&key).expect("a certificate");
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let ring = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(ring).with_safe_default_protocol_versions().expect("versions");
        let config =
            config.with_no_client_auth().with_single_cert(vec![made.der().clone()], private).expect("a server");
        (Self::start(|_| files, Some(Arc::new(config))), made.pem())
    }

    fn start(files: impl FnOnce(u16) -> Files, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let at = listener.local_addr().expect("its address");
        let (came, asked) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
        let (count, heard, files) = (Arc::clone(&came), Arc::clone(&asked), Arc::new(files(at.port())));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                count.fetch_add(1, Ordering::SeqCst);
                let (files, heard, tls) = (Arc::clone(&files), Arc::clone(&heard), tls.clone());
                std::thread::spawn(move || {
                    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a time limit");
                    match tls {
                        None => serve(stream, &files, &heard),
                        Some(config) => {
                            let connection = ServerConnection::new(config).expect("a connection");
                            serve(StreamOwned::new(connection, stream), &files, &heard);
                        }
                    }
                });
            }
        });
        Self { at, came, asked }
    }

    /// How many connections there were.
    pub fn came(&self) -> usize {
        self.came.load(Ordering::SeqCst)
    }

    /// The paths that were asked for.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("the paths").clone()
    }
}

/// Answers one request; whoever leaves in the middle may.
fn serve(mut stream: impl Read + Write, files: &Files, paths: &Mutex<Vec<String>>) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return,
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    paths.lock().expect("the paths").push(path.clone());
    let kind = if path.ends_with('/') { "text/html" } else { "application/octet-stream" };
    let (status, body) = match files.get(path.split('?').next().unwrap_or_default()) {
        Some(body) => ("200 OK", body.as_slice()),
        None => ("404 Not Found", b"no such file\n".as_slice()),
    };
    let length = body.len();
    let answer =
        format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    let body = if head.starts_with("HEAD") { b"".as_slice() } else { body };
    drop(stream.write_all(answer.as_bytes()).and_then(|()| stream.write_all(body)).and_then(|()| stream.flush()));
}
