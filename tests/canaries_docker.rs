//! Forty keys, one after the other, all of which a played provider quotes in every way it can: in headers, bodies, streams and
//! errors, in six encodings. The agent writes down whatever it hears. No key is anywhere afterwards: not in its container, what
//! Docker knows of it, logs, the database, prompts, the delivered branch, the console, or the audit log.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::format_collect)]

mod support;

mod needs_docker {
    use crate::support::console::Console;
    use crate::support::loops::{REST, RIGHT, python_repo};
    use crate::support::{Engine, docker, wait_until};
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};
    use dogwatch::domain::RunState;
    use futures_util::TryStreamExt as _;
    use serde_json::json;
    use std::fs;
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::os::unix::fs::PermissionsExt;
    use std::path::{Path, PathBuf};
    use std::process::{Command, Stdio};
    use std::sync::{Arc, Mutex};
    use std::thread;

    const KEYS: usize = 40;

    fn canary(number: usize) -> String {
        format!("sk-canary/{:016x}+{number:02}", (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// A key in the six encodings that errors and echoes come in.
    fn quoted(key: &str) -> [String; 6] {
        let each = |word: &dyn Fn(u8) -> String| key.bytes().map(word).collect::<String>();
        [
            key.to_owned(),
            STANDARD.encode(key),
            URL_SAFE.encode(key),
            each(&|byte| format!("{byte:02x}")),
            each(&|byte| format!("%{byte:02X}")),
            each(&|byte| format!("\\u{byte:04x}")),
        ]
    }

    /// Quotes the key that it is asked with, and has the next one used for the next request.
    fn echo(stream: &mut TcpStream, number: usize, key: &str) -> std::io::Result<()> {
        let forms = quoted(key);
        let text = forms.join(" and ");
        let head: String = forms.iter().enumerate().map(|(at, form)| format!("x-echo-{at}: was {form}\r\n")).collect();
        if number % 4 == 2 {
            write!(
                stream,
                "HTTP/1.1 200 {key}\r\n{head}Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
            )?;
            // Cut at another place each time.
            for piece in format!("data: {text}\n\n").as_bytes().chunks(5 + number % 11) {
                write!(stream, "{:x}\r\n", piece.len())?;
                stream.write_all(piece)?;
                stream.write_all(b"\r\n")?;
                stream.flush()?;
            }
            return stream.write_all(b"0\r\n\r\n");
        }
        let status = [200, 401, 0, 500][number % 4];
        let body = json!({"type": "error", "error": {"type": "authentication_error", "message": text}});
        let body = format!("{body} {text}");
        let length = body.len();
        write!(
            stream,
            "HTTP/1.1 {status} {key}\r\n{head}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        )
    }

    /// What the turns' own requests are answered: one order after the other, the last one for ever.
    fn order(stream: &mut TcpStream, order: &serde_json::Value) -> std::io::Result<()> {
        let usage = json!({"type": "message_delta", "usage": {"input_tokens": 100, "output_tokens": 20}});
        let body = format!("data: {order}\n\ndata: {usage}\n\n");
        let length = body.len();
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: {length}\r\n\r\n{body}")
    }

    fn keep_key(file: &Path, number: usize) {
        let new = file.with_extension("new");
        fs::write(&new, canary(number)).unwrap();
        fs::set_permissions(&new, fs::Permissions::from_mode(0o600)).unwrap();
        fs::rename(&new, file).unwrap();
    }

    /// The provider; gives its address. It takes down which keys came.
    fn provider(key_file: PathBuf, orders: Vec<serde_json::Value>) -> (String, Arc<Mutex<Vec<String>>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (shared, orders) = (Arc::clone(&seen), Arc::new(Mutex::new(orders)));
        let serve = move |stream: TcpStream| {
            let mut reader = BufReader::new(stream);
            loop {
                let (mut key, mut length, mut line) = (String::new(), 0, String::new());
                while reader.read_line(&mut line).is_ok_and(|count| count > 2) {
                    let (name, value) = line.trim().split_once(':').unwrap_or_default();
                    match name.to_ascii_lowercase().as_str() {
                        "x-api-key" => value.trim().clone_into(&mut key),
                        "content-length" => length = value.trim().parse().unwrap(),
                        _ => {}
                    }
                    line.clear();
                }
                let mut body = vec![0; length];
                if key.is_empty() || reader.read_exact(&mut body).is_err() {
                    return;
                }
                let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
                let done = if body["hear"].is_null() {
                    let mut orders = orders.lock().unwrap();
                    let next = if orders.len() > 1 { orders.remove(0) } else { orders[0].clone() };
                    order(reader.get_mut(), &next)
                } else {
                    let number = {
                        let mut seen = shared.lock().unwrap();
                        seen.push(key.clone());
                        seen.len() - 1
                    };
                    keep_key(&key_file, number + 1);
                    echo(reader.get_mut(), number, &key)
                };
                if done.is_err() {
                    return;
                }
            }
        };
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, serve) = (stream.unwrap(), serve.clone());
                thread::spawn(move || serve(stream));
            }
        });
        (url, seen)
    }

    /// What holds any key in any encoding, by name. By grep, since an image has hundreds of megabytes.
    fn look(found: &mut Vec<String>, name: &str, bytes: &[u8]) {
        let mut patterns = tempfile::NamedTempFile::new().unwrap();
        for number in 0..=KEYS {
            writeln!(patterns, "{}", quoted(&canary(number)).join("\n")).unwrap();
        }
        let mut grep = Command::new("grep");
        grep.args(["-aoFf"]).arg(patterns.path()).env("LC_ALL", "C").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut grep = grep.spawn().unwrap();
        let mut stdin = grep.stdin.take().unwrap();
        thread::scope(|scope| {
            scope.spawn(move || stdin.write_all(bytes).unwrap());
            let hits = grep.wait_with_output().unwrap();
            assert!(hits.status.code().is_some_and(|code| code < 2), "{hits:?}");
            found.extend(String::from_utf8_lossy(&hits.stdout).lines().map(|hit| format!("{name}: {hit}")));
        });
    }

    #[test]
    fn the_look_finds_what_it_looks_for() {
        let mut found = Vec::new();
        for form in quoted(&canary(7)) {
            look(&mut found, "text", format!("some {form} words\0and more").as_bytes());
        }
        look(&mut found, "nothing", b"words");
        assert_eq!(found.len(), 6, "{found:?}");
    }

    /// The same for every file below a directory but the key's own.
    fn look_below(found: &mut Vec<String>, dir: &Path, key: &Path) -> usize {
        let mut files = 0;
        for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
            let (path, kind) = (entry.path(), entry.file_type().unwrap());
            if kind.is_dir() {
                files += look_below(found, &path, key);
            } else if kind.is_file() && path != key && fs::metadata(&path).is_ok_and(|data| data.len() < 64 << 20) {
                // The executable's copy holds none and is large.
                let bytes = fs::read(&path).unwrap_or_default();
                if bytes.starts_with(b"\x7fELF") {
                    continue;
                }
                files += 1;
                look(found, &path.display().to_string(), &bytes);
            }
        }
        files
    }

    #[test]
    fn forty_keys_that_a_provider_quotes_in_every_way_are_nowhere_afterwards() {
        let Some(docker) = docker() else { return };
        let mut engine = Engine::start(&docker);
        let key = engine.config().join("key");
        keep_key(&key, 0);
        let orders = vec![
            json!({ "hear": KEYS, "look": true, "wait": true }),
            json!({ "write": { "calc.py": RIGHT }, "look": true }),
            json!({}),
        ];
        let (url, seen) = provider(key.clone(), orders);
        let config = format!(
            "[models.anthropic]\nurl = \"{url}\"\nkey-file = \"{}\"\n\n[agents.claude]\nadapter = \"claude\"\n\
             command = [\"python3\", \"claude\"]\n",
            key.display()
        );
        fs::write(engine.config().join("config.toml"), config).unwrap();
        engine.restart();
        let agent = "[agent]\nname = \"claude\"\nmodel = \"m\"\n";
        let repo = python_repo(&docker, agent, &[("claude", include_str!("agents/claude"))]);
        let run = engine.run_on(&repo);
        wait_until("an agent that heard all", REST, || engine.raw_log(run, "-i1-develop").contains("tool_use"));
        let keys: Vec<String> = (0..KEYS).map(canary).collect();
        assert_eq!(*seen.lock().unwrap(), keys, "each key was used once, from the file");

        // While the container is there: all that is in it, and all that Docker knows of it.
        let mut found = Vec::new();
        let containers = engine.containers();
        let (inspected, exported) = docker.with(async |client| {
            let inspected = client.inspect_container(&containers[0], None).await.unwrap();
            let exported: Vec<_> = client.export_container(&containers[0]).try_collect().await.unwrap();
            (serde_json::to_string(&inspected).unwrap(), exported.concat())
        });
        assert!(exported.len() > 1_000_000, "{}", exported.len());
        look(&mut found, "inspect", inspected.as_bytes());
        look(&mut found, "export", &exported);
        let told = engine.cmd(&["redirect", &run.to_string(), "Go on."]);
        told.expect_code(0);
        let detail = engine.rested(run);
        assert_eq!(detail.view.run.state, RunState::Succeeded, "{detail:#?}");

        // What it heard is really there, with the keys hidden.
        let log = engine.raw_log(run, "-i1-develop");
        assert!(log.contains("****************") && log.contains("authentication_error"), "{log}");
        look(&mut found, "log", log.as_bytes());
        for prompt in engine.prompts(run) {
            look(&mut found, "prompt", prompt.as_bytes());
        }
        let branch = detail.view.run.branch();
        let delivered =
            output_of(Command::new("git").current_dir(repo.path()).args(["show", &format!("{branch}:heard.txt")]));
        assert!(String::from_utf8_lossy(&delivered).contains("****************"), "the branch has what was heard");
        look(&mut found, "delivered", &delivered);
        let id = run.to_string();
        for words in [
            &["audit", "export"][..],
            &["logs", &id],
            &["show", &id],
            &["show", &id, "--json"],
            &["diff", &id],
            &["usage", &id, "--json"],
            &["models", "--json"],
            &["prompt", &id],
            &["status", "--json"],
        ] {
            let told = engine.cmd(words);
            look(&mut found, &words.join(" "), format!("{}{}", told.expect_code(0), told.stderr).as_bytes());
        }
        let mut console = Console::of(&engine, &["watch"], 60, 200);
        console.wait_for("0 at work");
        for (keys, text) in [("4", "Health"), ("5", "run.delivered"), ("1", "No run is at work")] {
            console.type_keys(keys);
            console.wait_for(text);
        }
        let frames = console.bytes();
        assert!(frames.len() > 1_000);
        look(&mut found, "console", &frames);
        console.type_keys("q");
        console.end();
        // The database with its log, the audit log, the engine's own log, conversations, and the repository.
        let files = look_below(&mut found, engine.home(), &key) + look_below(&mut found, repo.path(), &key);
        assert!(files > 20, "{files}");
        println!("{KEYS} keys x 6 encodings x headers, bodies, streams, errors; {files} files: {} hits", found.len());
        assert_eq!(found, Vec::<String>::new());
        engine.assert_anchored();
    }

    fn output_of(command: &mut Command) -> Vec<u8> {
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        output.stdout
    }
}
