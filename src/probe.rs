//! What the engine itself runs beside a suite with services: who holds their network, and who waits until they are ready.
//! Both run inside the sandbox, as this executable, so that no image has to hold anything for it.

mod address;

pub use address::Address;

use crate::safe;
use crate::text::Out;
use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// Between two tries.
const PAUSE: Duration = Duration::from_millis(100);
/// One try may take so long.
const TRY: Duration = Duration::from_secs(5);
/// So much of an answer is read; its first line says all.
const ANSWER: usize = 1 << 20;

/// Holds a network for those who join it, until it is told to stop.
pub fn hold() -> i32 {
    loop {
        std::thread::park();
    }
}

/// What a line about the kernel begins with, and one about users.
pub const KERNEL_LINE: &str = "kernel";
/// See [`KERNEL_LINE`].
pub const USERS_LINE: &str = "users";

/// Tells what a program in here sees of the machine, writes into its tree, and asks the address that it is given; 1 where it
/// does not come to that.
pub fn walls(args: &[OsString]) -> i32 {
    let mut out = Out::stdout();
    let mut say = |what: &str, came: io::Result<String>| {
        // Who reads this misses a line that could not be written.
        let _ = match &came {
            // One blank between words, since more of them would be written in another way.
            Ok(text) => {
                let words: Vec<&str> = text.split_whitespace().collect();
                out.line(&safe!("{}: {}", what, words.join(" ")))
            }
            Err(error) => out.line(&safe!("{}: {}", what, error.to_string())),
        };
        came.is_ok()
    };
    let Some(address) = args.first().and_then(|text| text.to_str()) else { return 2 };
    let told = say(KERNEL_LINE, std::fs::read_to_string("/proc/version"))
        && say(USERS_LINE, std::fs::read_to_string("/proc/self/uid_map"))
        && say("tree", std::fs::write("written", "here").map(|()| "written".to_owned()))
        && say("gateway", answers(address).map(|()| "answers".to_owned()));
    i32::from(!told)
}

/// The arguments by which `await_ready` is told of one sign of one service.
pub fn sign(service: &str, kind: &str, place: &str, seconds: u64) -> [String; 4] {
    [service.to_owned(), kind.to_owned(), place.to_owned(), seconds.to_string()]
}

/// Waits until all services are ready; 1 where one is not in time. Each is four arguments: its name, `tcp` or `http`, the port
/// or address, and the seconds that it may take.
pub fn await_ready(args: &[OsString]) -> i32 {
    let mut out = Out::stdout();
    let Some(mut waiting) = args.chunks(4).map(Wanted::read).collect::<Option<Vec<_>>>() else {
        // Nobody else reads this, and there is nothing else to tell it by.
        let _ = out.line(&safe!("these are no services to wait for"));
        return 2;
    };
    let begun = Instant::now();
    let mut code = 0;
    while !waiting.is_empty() {
        waiting.retain(|wanted| match wanted.look() {
            Ok(()) => {
                let seconds = format!("{:.1}", begun.elapsed().as_secs_f32());
                let _ = out.line(&safe!("{} is ready after {} s ({})", wanted.service, seconds, wanted.place));
                false
            }
            Err(fault) if begun.elapsed() >= wanted.within => {
                let (service, place, within) = (&wanted.service, &wanted.place, wanted.within.as_secs());
                let _ =
                    out.line(&safe!("{} is not ready within {} s ({}): {}", service, within, place, fault.to_string()));
                code = 1;
                false
            }
            Err(_) => true,
        });
        // One that is late stops all: the suite is not going to run.
        if code != 0 {
            return code;
        }
        std::thread::sleep(PAUSE);
    }
    code
}

/// One sign of one service that is waited for.
struct Wanted {
    service: String,
    place: String,
    http: bool,
    within: Duration,
}

impl Wanted {
    fn read(words: &[OsString]) -> Option<Self> {
        let words: Option<Vec<&str>> = words.iter().map(|word| word.to_str()).collect();
        let [service, kind, place, seconds] = words?[..] else { return None };
        let http = match kind {
            "tcp" => false,
            "http" => true,
            _ => return None,
        };
        let within = Duration::from_secs(seconds.parse().ok()?);
        Some(Self { service: service.to_owned(), place: place.to_owned(), http, within })
    }

    fn look(&self) -> io::Result<()> {
        if self.http {
            return answers(&self.place);
        }
        let port = self.place.parse().map_err(io::Error::other)?;
        connect(port).map(drop)
    }
}

/// Every name in there is the loopback address, so nobody is asked for it: that would need libraries of the image.
fn connect(port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), TRY)?;
    stream.set_read_timeout(Some(TRY))?;
    stream.set_write_timeout(Some(TRY))?;
    Ok(stream)
}

fn answers(url: &str) -> io::Result<()> {
    let address = Address::parse(url).ok_or_else(|| io::Error::other("this is no address"))?;
    let mut stream = connect(address.port)?;
    let Address { host, port, path } = address;
    // In one piece, so that no server answers before all of it is there.
    let request =
        format!("GET {path} HTTP/1.0\r\nHost: {host}:{port}\r\nUser-Agent: dogwatch\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    // To its end, as far as that comes soon: a server whose answer nobody takes would log that as an error of its own.
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    let begun = Instant::now();
    while begun.elapsed() < TRY && answer.len() < ANSWER {
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(size) => answer.extend_from_slice(piece.get(..size).unwrap_or_default()),
            // What came before may be enough.
            Err(_) if !answer.is_empty() => break,
            Err(error) => return Err(error),
        }
    }
    let line = String::from_utf8_lossy(&answer);
    let line = line.lines().next().unwrap_or_default();
    let status = line.strip_prefix("HTTP/").and_then(|rest| rest.split_whitespace().nth(1)).map(str::parse::<u16>);
    match status {
        Some(Ok(200..=399)) => Ok(()),
        Some(Ok(status)) => Err(io::Error::other(format!("it answers with status {status}"))),
        _ => Err(io::Error::other("its answer is not HTTP")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::net::TcpListener;

    fn wait(signs: &[[String; 4]]) -> i32 {
        await_ready(&signs.iter().flatten().map(OsString::from).collect::<Vec<_>>())
    }

    /// A server that gives each of these answers to one caller.
    fn server(answers: Vec<&'static str>) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let _ = stream.read(&mut [0; 512]);
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        port
    }

    #[test]
    fn a_port_that_takes_connections_is_ready_and_a_closed_one_is_not() {
        let open = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = open.local_addr().unwrap().port().to_string();
        assert_eq!(wait(&[sign("db", "tcp", &port, 5)]), 0);
        drop(open);
        assert_eq!(wait(&[sign("db", "tcp", &port, 1)]), 1);
        assert_eq!(wait(&[["db", "udp", "1", "1"].map(str::to_owned)]), 2);
    }

    #[test]
    fn only_a_good_status_is_ready() {
        let port = server(vec!["HTTP/1.1 503 Not yet\r\n\r\n", "nonsense\n", "HTTP/1.1 204 No Content\r\n\r\n"]);
        assert_eq!(wait(&[sign("app", "http", &format!("http://app:{port}/health"), 10)]), 0);
        let port = server(vec!["HTTP/1.1 500 No\r\n\r\n"; 50]);
        assert_eq!(wait(&[sign("app", "http", &format!("http://app:{port}/"), 1)]), 1);
    }
}
