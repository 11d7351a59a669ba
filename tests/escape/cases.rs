//! What is tried. Each case is one request that must be refused.

use serde_json::{Value, json};

/// What there is of a neighbour to reach for.
pub struct Target {
    pub task: &'static str,
    pub image_task: &'static str,
    pub container: String,
    pub image: String,
    pub base: String,
}

/// All of them.
pub fn cases(target: &Target) -> Vec<Value> {
    let parts = [words(target), alike(), images(target), arguments(), ids(target), builds(), raw(), docker(target)];
    parts.into_iter().flatten().collect()
}

#[allow(clippy::needless_pass_by_value, reason = "each is made for the call")]
fn call(name: &str, tool: &str, arguments: Value) -> Value {
    json!({ "name": name, "call": [tool, arguments] })
}

/// The container engine's own vocabulary, in its spelling and in that of its command line.
fn words(target: &Target) -> Vec<Value> {
    let id = &target.container;
    let words = [
        ("privileged", json!(true)),
        ("Privileged", json!(true)),
        ("binds", json!(["/:/host"])),
        ("Binds", json!(["/:/host:rw"])),
        ("mounts", json!([{"Type": "bind", "Source": "/", "Target": "/host"}])),
        (
            "Mounts",
            json!([{"Type": "volume", "VolumeOptions": {"DriverConfig": {"Options": {"o": "bind", "device": "/"}}}}]),
        ),
        ("volumes", json!({"/host": {}})),
        ("Volumes", json!({"/var/run/docker.sock": {}})),
        ("VolumesFrom", json!([id])),
        ("devices", json!(["/dev/sda"])),
        ("Devices", json!([{"PathOnHost": "/dev/mem", "PathInContainer": "/dev/mem", "CgroupPermissions": "rwm"}])),
        ("DeviceRequests", json!([{"Count": -1}])),
        ("DeviceCgroupRules", json!(["a *:* rwm"])),
        ("pid", json!("host")),
        ("PidMode", json!("host")),
        ("PidMode", json!(format!("container:{id}"))),
        ("ipc", json!("host")),
        ("IpcMode", json!(format!("container:{id}"))),
        ("network", json!("host")),
        ("NetworkMode", json!("host")),
        ("NetworkMode", json!(format!("container:{id}"))),
        ("NetworkDisabled", json!(false)),
        ("userns", json!("host")),
        ("UsernsMode", json!("host")),
        ("UTSMode", json!("host")),
        ("CgroupnsMode", json!("host")),
        ("CgroupParent", json!("/")),
        ("Cgroup", json!(format!("container:{id}"))),
        ("cap_add", json!(["ALL"])),
        ("CapAdd", json!(["SYS_ADMIN"])),
        ("CapDrop", json!([])),
        ("SecurityOpt", json!(["seccomp=unconfined", "apparmor=unconfined"])),
        ("security_opt", json!(["no-new-privileges:false"])),
        ("MaskedPaths", json!([])),
        ("ReadonlyPaths", json!([])),
        ("ReadonlyRootfs", json!(false)),
        ("Sysctls", json!({"kernel.core_pattern": "|/x"})),
        ("Runtime", json!("runc")),
        ("user", json!("0:0")),
        ("User", json!("root")),
        ("GroupAdd", json!(["0"])),
        ("HostConfig", json!({"Privileged": true})),
        ("ExtraHosts", json!(["evil:169.254.169.254"])),
        ("Links", json!([id])),
        ("PortBindings", json!({"22/tcp": [{"HostPort": "2222"}]})),
        ("labels", json!({"dogwatch.instance": "x", "dogwatch.run": "r1"})),
        ("Labels", json!({"dogwatch.step": "r1-i1-develop-a1"})),
        ("name", json!("dogwatch-0-r1-i1-develop-a1")),
        ("entrypoint", json!(["/bin/sh"])),
        ("Memory", json!(-1)),
        ("PidsLimit", json!(-1)),
        ("OomScoreAdj", json!(-1000)),
        ("Ulimits", json!([{"Name": "core", "Soft": -1, "Hard": -1}])),
        ("LogConfig", json!({"Type": "syslog"})),
        ("RestartPolicy", json!({"Name": "always"})),
        ("run", json!("r1")),
        ("task", json!("t1")),
    ];
    let tools = ["container_run", "service_start"];
    let one = |(number, (word, value)): (usize, (&str, Value))| {
        let mut arguments = json!({ "argv": ["id"] });
        arguments[word] = value;
        call(word, tools[number % 2], arguments)
    };
    words.into_iter().enumerate().map(one).collect()
}

/// Names that look like others, to people or to a lenient parser.
fn alike() -> Vec<Value> {
    let fields =
        ["Argv", "ARGV", "argv ", " argv", "\u{430}rgv", "argv\u{200b}", "argv\0", "image\0", "Image", "__proto__"];
    let fields = fields.into_iter().map(|field| call(field, "container_run", json!({ "argv": ["id"], field: "run" })));
    let tools = [
        "Container_Run",
        "container_run ",
        "container_run\0",
        "container-run",
        "container_exec",
        "exec",
        "docker",
        "decide",
    ];
    fields.chain(tools.into_iter().map(|tool| call(tool, tool, json!({ "argv": ["id"] })))).collect()
}

/// Images that the run does not have.
fn images(target: &Target) -> Vec<Value> {
    let names = [
        "alpine",
        "docker.io/library/alpine",
        "127.0.0.1:5000/x",
        "http://127.0.0.1/x",
        "run:latest",
        "run@sha256:0",
        "RUN",
        " run",
        "run\n",
        "../run",
        "scratch",
        "",
        "dogwatch-setup:0",
        "r1-i1-develop-a1",
        target.base.as_str(),
        target.image.get(..40).unwrap_or_default(),
        target.image_task,
        target.task,
    ];
    names.into_iter().map(|name| call(name, "container_run", json!({ "argv": ["id"], "image": name }))).collect()
}

/// Arguments that are none.
fn arguments() -> Vec<Value> {
    let program = [
        json!({}),
        json!({ "argv": [] }),
        json!({ "argv": "id" }),
        json!({ "argv": [1] }),
        json!({ "argv": ["", "id"] }),
        json!({ "argv": ["a\0b"] }),
        json!({ "argv": [["id"]] }),
        json!({ "argv": vec!["x"; 101] }),
        json!({ "argv": ["x".repeat(5_000)] }),
        json!({ "argv": ["id"], "env": { "A": "1" } }),
        json!({ "argv": ["id"], "env": ["A"] }),
        json!({ "argv": ["id"], "env": ["=1"] }),
        json!({ "argv": ["id"], "env": ["A B=1"] }),
        json!({ "argv": ["id"], "env": ["A=1\0B=2"] }),
        json!({ "argv": ["id"], "env": ["A=1", "A=2"] }),
        json!({ "argv": ["id"], "timeout": 0 }),
        json!({ "argv": ["id"], "timeout": -1 }),
        json!({ "argv": ["id"], "timeout": 601 }),
        json!({ "argv": ["id"], "timeout": 1.5 }),
        json!({ "argv": ["id"], "timeout": "60" }),
        json!({ "argv": ["id"], "timeout": u64::MAX }),
        json!({ "argv": ["id"], "timeout": 1e300 }),
    ];
    let service = [
        json!({ "argv": ["id"], "port": 0 }),
        json!({ "argv": ["id"], "port": 65_536 }),
        json!({ "argv": ["id"], "port": dogwatch::gateway::PORT }),
        json!({ "argv": ["id"], "port": "80/tcp" }),
    ];
    let program = program.into_iter().map(|one| call("a program", "container_run", one));
    program.chain(service.into_iter().map(|one| call("a service", "service_start", one))).collect()
}

/// What is another run's, or no id at all.
fn ids(target: &Target) -> Vec<Value> {
    let ids = [
        target.task,
        "t0",
        "t-1",
        "t99999999999999999999",
        "r1-i1-develop-a1",
        "t1; rm -rf /",
        "../../etc",
        "1 OR 1=1",
        "t\u{661}",
        target.container.get(..24).unwrap_or_default(),
    ];
    let each = |id: &&str| ["container_stop", "container_logs", "task"].map(|tool| call(id, tool, json!({ "id": id })));
    ids.iter().flat_map(each).collect()
}

/// Builds of what is not in the tree, or fetches or runs something.
fn builds() -> Vec<Value> {
    let places = ["..", "/", "/etc", "../..", "a/../..", "./.", "a//b", "way/../..", "a\0", "\u{ff0e}\u{ff0e}"];
    let places = places.into_iter().map(|place| call(place, "image_build", json!({ "directory": place })));
    let files = ["../Dockerfile", "/etc/passwd", "way/../passwd"];
    let files = files.into_iter().map(|file| call(file, "image_build", json!({ "dockerfile": file })));
    let more = [
        ("a build argument", json!({ "buildargs": { "A": "b" } })),
        ("a network of a build", json!({ "networkmode": "host" })),
        ("a remote context", json!({ "remote": "http://127.0.0.1/x" })),
        ("a link out of the tree", json!({ "directory": "way" })),
        ("a base that is fetched", json!({ "directory": "bads", "dockerfile": "alpine" })),
        ("a build that runs something", json!({ "directory": "bads", "dockerfile": "run" })),
        ("an address of the host", json!({ "directory": "bads", "dockerfile": "add" })),
        ("a copy of an image", json!({ "directory": "bads", "dockerfile": "copy" })),
    ];
    let more = more.into_iter().map(|(name, arguments)| call(name, "image_build", arguments));
    places.chain(files).chain(more).collect()
}

/// Bodies that two parsers could understand in two ways, or none.
fn raw() -> Vec<Value> {
    let whole = |arguments: &str| {
        format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{{\"name\":\"container_run\",\"arguments\":{arguments}}}}}"
        )
    };
    let evil = whole("{\"argv\":[\"id\"],\"Privileged\":true}");
    let body = |name: &str, raw: String| json!({ "name": name, "raw": raw });
    let chunked = format!("{:x}\r\n{evil}\r\n0\r\n\r\n", evil.len());
    let pieces: Vec<String> = evil.bytes().map(|byte| format!("1\r\n{}\r\n", char::from(byte))).collect();
    let by_byte = pieces.concat();
    let chunks = json!({ "Transfer-Encoding": "chunked" });
    vec![
        body("a key twice", whole("{\"argv\":[\"id\"],\"image\":\"run\",\"image\":\"alpine\"}")),
        body("a key twice, escaped", whole("{\"argv\":[\"id\"],\"image\":\"run\",\"\\u0069mage\":\"alpine\"}")),
        body("a name twice", evil.replace("\"name\":", "\"name\":\"notes\",\"name\":")),
        body("a comment", whole("{/* */\"argv\":[\"id\"]}")),
        body("a mark in front", format!("\u{feff}{evil}")),
        body("half a letter", whole("{\"argv\":[\"\\ud800\"]}")),
        body("a batch", format!("[{evil},{evil}]")),
        body("another method", evil.replace("tools/call", "containers/create")),
        body("depth", whole(&"[".repeat(5_000))),
        body("a number beyond all", whole("{\"argv\":[\"id\"],\"timeout\":1e999}")),
        body("two bodies", format!("{evil}{evil}")),
        body("nothing", String::new()),
        json!({ "name": "padding of 2 MiB in front", "raw": { "times": [" ", 2_200_000], "after": evil } }),
        json!({ "name": "padding of 2 MiB inside", "raw": { "before": evil.trim_end_matches('}'), "times": [" ", 2_200_000], "after": "}}}}" } }),
        json!({ "name": "chunks", "raw": chunked, "headers": chunks }),
        json!({ "name": "a chunk a byte", "raw": format!("{by_byte}0\r\n\r\n"), "headers": chunks }),
        json!({ "name": "two lengths", "raw": evil, "headers": { "Content-Length": "5", "content-length": "500" } }),
        json!({ "name": "a page's request", "raw": evil, "headers": { "Origin": "http://evil.example" } }),
        json!({ "name": "another type", "raw": evil, "headers": { "Content-Type": "text/plain" } }),
    ]
}

/// The container engine's own interface, in case somebody listens.
fn docker(target: &Target) -> Vec<Value> {
    let id = &target.container;
    let create =
        json!({ "Image": target.base, "Cmd": ["id"], "HostConfig": { "Privileged": true, "Binds": ["/:/host"] } });
    let asks = [
        ("GET", "/_ping".to_owned()),
        ("GET", "/version".to_owned()),
        ("GET", "/info".to_owned()),
        ("GET", "/v1.41/containers/json".to_owned()),
        ("POST", "/containers/create".to_owned()),
        ("POST", "/v1.41/containers/create?name=x".to_owned()),
        ("POST", format!("/containers/{id}/exec")),
        ("POST", format!("/containers/{id}/stop")),
        ("POST", format!("/containers/{id}/attach?stream=1&stdin=1")),
        ("GET", format!("/containers/{id}/archive?path=/")),
        ("DELETE", format!("/containers/{id}?force=1")),
        ("POST", "/images/create?fromImage=alpine".to_owned()),
        ("POST", "/build?remote=http://127.0.0.1/".to_owned()),
        ("POST", "/volumes/create".to_owned()),
        ("POST", "/networks/create".to_owned()),
        ("POST", "/session".to_owned()),
        ("POST", "/swarm/init".to_owned()),
        ("GET", "/events".to_owned()),
        ("POST", "/mcp/../containers/create".to_owned()),
        ("POST", "/mcp/containers/create".to_owned()),
        ("POST", "//containers/create".to_owned()),
        ("POST", "http://docker/containers/create".to_owned()),
        ("POST", "http://unix:%2Fvar%2Frun%2Fdocker.sock/containers/create".to_owned()),
        ("CONNECT", "docker:2375".to_owned()),
        ("CONNECT", "127.0.0.1:2375".to_owned()),
    ];
    let one = |(method, place): (&str, String)| {
        let headers = json!({ "Content-Type": "application/json" });
        json!({ "name": format!("{method} {place}"), "http": [method, place, headers, create.to_string()] })
    };
    asks.into_iter().map(one).collect()
}
