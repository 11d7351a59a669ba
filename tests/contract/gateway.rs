//! The way to models: open for a step that is to have it, closed for any other, and the agent's session beside it.

use super::{Subject, log};
use dogwatch::config::{KeyPlace, KeyScheme, ModelsAt};
use dogwatch::domain::{ModelApi, StepEnd};
use dogwatch::gateway::{Gateway, PORT, Ways};
use dogwatch::models::{NoMeter, Prices};
use dogwatch::sandbox::{Profile, SESSION_INSIDE, StepSpec, session_dir};
use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

pub async fn the_way_to_models_is_open_where_it_is_wanted_only(subject: &impl Subject) {
    let bench = subject.bench();
    let script = format!(
        r"
import os, socket
def ask(request):
    try:
        link = socket.create_connection(('127.0.0.1', {PORT}), 10)
        link.sendall(request)
        answer = b''
        while piece := link.recv(4096): answer += piece
        return answer.split(b'\r\n')[0].decode()
    except OSError as error: return type(error).__name__
print('alive:', ask(b'HEAD / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n'))
print('other:', ask(b'GET /v1/files HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n'))
body = bytes([34]).join([b'{{', b'model', b':', b'm', b',', b'max_tokens', b':1,', b'messages', b':[]}}'])
head = b'POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: ' + str(len(body)).encode()
print('nobody:', ask(head + b'\r\n\r\n' + body))
for place in ['/dogwatch/gateway/x', '{SESSION_INSIDE}/x']:
    try:
        open(place, 'w').write('kept')
        print('WROTE', place)
    except OSError as error: print(place, type(error).__name__)
try:
    os.remove('/dogwatch/gateway/gateway.sock')
    print('REMOVED')
except OSError as error: print('remove', type(error).__name__)
print('END')
"
    );
    let closed = bench.spec(&["python3", "-c", &script]);
    assert_eq!(bench.run(&closed).await.end, StepEnd::Exited { code: 0 }, "{}", log(&closed));
    let said = log(&closed);
    assert!(said.contains("alive: ConnectionRefusedError") && !said.contains("WROTE"), "{said}");

    // Nothing of a provider has to be there for the walls to be seen.
    let provider = ModelsAt {
        order: 1,
        names: std::collections::BTreeMap::new(),
        api: ModelApi::Anthropic,
        url: "http://127.0.0.1:9".to_owned(),
        key: Some(KeyPlace::Variable("PATH_OF_NO_KEY".to_owned())),
        scheme: KeyScheme::Key,
    };
    let gateway =
        Gateway::new(&BTreeMap::from([("anthropic".to_owned(), provider)]), Prices::default(), Arc::new(NoMeter))
            .unwrap();
    let spec = bench.spec(&["python3", "-c", &script]);
    let dir = spec.dir.join("gateway");
    gateway.open(spec.key.run, &Ways::to_models(ModelApi::Anthropic), &dir).unwrap();
    let spec = StepSpec { gateway: Some(dir), profile: Profile::Agent, ..spec };
    assert_eq!(bench.run(&spec).await.end, StepEnd::Exited { code: 0 }, "{}", log(&spec));
    let said = log(&spec);
    for words in ["alive: HTTP/1.1 200 OK", "other: HTTP/1.1 404 Not Found", "nobody: HTTP/1.1 401", "END"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(said.contains("WROTE /dogwatch/session/x") && !said.contains("WROTE /dogwatch/gateway"), "{said}");
    assert!(!said.contains("REMOVED"), "{said}");
    assert_eq!(fs::read_to_string(session_dir(&spec.dir).join("x")).unwrap(), "kept");
    gateway.close(spec.key.run);
}
