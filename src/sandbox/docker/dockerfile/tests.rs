//! What the reader of Dockerfiles takes and refuses.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use proptest::prelude::*;

#[test]
fn base_images_are_named() {
    let text = "# syntax=docker/dockerfile:1\nARG V=1.90\nFROM --platform=linux/amd64 rust:${V} AS build\n\
                RUN cargo build \\\n # a comment\n  --release\nFROM scratch\nCOPY --from=build /x /x\n\
                COPY --from=0 /y /y\nCOPY --from=nginx:1 /z /z\nfrom build\n";
    assert_eq!(images(text).unwrap(), ["rust:1.90", "nginx:1"]);
    let text = "ARG A=\"1.90\"\nARG B\nARG C=rust:$A\nFROM $C\nARG D=\"x y\"\nCOPY --chown=${U}:$U [\"a\", \"b c\"]\n\
                ADD --chmod=755 [\"a b\", \"/c\"]\nADD x /y\nRUN [\"a\", \"--b\"]\nHEALTHCHECK --interval=1s CMD x\n";
    assert_eq!(images(text).unwrap(), ["rust:1.90"]);
}

#[test]
fn what_the_builder_reads_otherwise_is_refused() {
    for bad in [
        "FROM a\nADD \"http:\"//127.0.0.1:18999/file /f",
        "FROM a\nADD [ \"http:\"//127.0.0.1:18999/file /f]",
        "FROM a\nADD [\"'http:'//127.0.0.1:18999/file\", \"/f\"]",
        "FROM a AS b\nONBUILD ADD \"http:\"//127.0.0.1:18999/file /f\nFROM b",
        "FROM a AS b\nONBU\u{130}LD ADD http://127.0.0.1:18999/file /f\nFROM b",
        "FROM a\nCOPY --\"from\"=127.0.0.1:18999/x:1 /a /b",
        "FROM a\nCOPY --fr\\om=127.0.0.1:18999/x:1 /a /b",
        "FROM a\nCOPY --chown=\"1 --from=evil\" /a /b",
        "FROM a\nCOPY --chown=\u{e0}--from=127.0.0.1:18999/x:1 /a /b",
        "FROM a\nCOPY --chown=1\\ --from=a /a /b",
        "FROM a\nONBUILD COPY --\"from\"=127.0.0.1:18999/x:1 /a /b",
        "FROM --platform=\"${X:+ dogwatch-test-base:1 }\"linux/amd64 127.0.0.1:18999/x:1",
        "FROM --platform=$P 127.0.0.1:18999/x:1",
        "FROM a b",
        "FROM a AS 127.0.0.1:18999/x:1",
        "FROM a\u{a0}b",
        "ARG A=127.0.0.1:18999/x:1\nARG Z=\"0 A=dogwatch-test-base:1\"\nFROM $A",
        "ARG A=a\nARG A=b\nFROM $A",
        "ARG A=a\nARG A\nFROM $A",
        "ARG A=a B=b\nFROM $A",
        "ARG A=a\"b\nFROM $A",
        "ARG TARGETARCH=evil\nFROM $TARGETARCH",
        "FROM a\nRUN --mount=type=bind,from=127.0.0.1:18999/x:1 true",
        "FROM a\nRUN --network=host true",
        "FROM a\nRUN --secur\\ity=insecure true",
        "FROM a\nADD --checksum=sha256:1 x /y",
        "FROM a\nADD github.com/x/y /z",
        "FROM a\nINCLUDE other",
    ] {
        assert!(images(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn other_fetches_are_refused() {
    for bad in [
        "FROM a\nADD https://x.org/y /y",
        "FROM a\nADD --chown=1 HTTP://x.org/y /y",
        "FROM a\nADD git@github.com:x/y /y",
        "FROM a\nARG U\nADD $U /y",
        "FROM a\nADD htt\\\nps://x.org/y /y",
        "FROM a\nADD [\"htt\\u0070s://x\", \"/y\"]",
        "FROM a\nONBUILD ADD https://x.org/y /y",
        "FROM a\nONBUILD ONBUILD RUN true",
        "FROM $UNKNOWN",
        "ARG A=${B:-evil}\nFROM $A",
        "FROM a\nCOPY --from=$X /a /b",
        "FROM a\nRUN <<EOF\nx\nEOF",
        "# escape=`\nFROM a",
        "FROM a\nRUN x \\\u{a0}\nADD https://x /y",
        "FROM a\nRUN x \\\\\nADD https://x /y",
        "FROM a\nRUN x \\\r\r\nADD https://x /y",
        "FROM a\nAD\\\nD https://x /y",
        "RUN true",
        "",
    ] {
        assert!(images(bad).is_err(), "{bad:?}");
    }
    let error = images("FROM a\n\nADD https://x /y").unwrap_err();
    assert!(error.starts_with("Dockerfile line 3: "), "{error}");
}

#[test]
fn shell_shifts_are_not_here_documents() {
    assert!(images("FROM a\nRUN echo $((1 << 2)) && cat <<< word").is_ok());
    assert!(images("FROM a\nRUN echo $((1<<4))\nENV A=\"a<<b\"\nLABEL x=<<EOF\nCMD echo $((A<<B))").is_ok());
    for bad in [
        "ONBUILD RUN <<EOF",
        "COPY <<EOF /x",
        "RUN cat <<-'E'",
        "RUN cat <<4",
        "RUN cat 3<<4",
        "RUN ${x:+((}<<4",
        "RUN cat <<#E",
    ] {
        assert!(images(&format!("FROM a\n{bad}")).is_err(), "{bad}");
    }
}

#[test]
fn only_the_builders_own_arguments_are_its_own() {
    for name in ["BUILD_IMAGE", "BUILDER", "TARGET", "TARGET_IMAGE", "BUILDPLATFORMS", "BUILDSTAGE"] {
        let text = format!("ARG {name}=golang:1.22\nFROM ${{{name}}} AS build");
        assert_eq!(images(&text).unwrap(), ["golang:1.22"]);
    }
    for name in ["BUILDPLATFORM", "BUILDARCH", "TARGETOS", "TARGETVARIANT", "TARGETSTAGE", "BUILDKIT_SYNTAX"] {
        let error = images(&format!("ARG {name}=a\nFROM ${name}")).unwrap_err();
        assert!(error.contains("of its own"), "{error}");
    }
    let error = images("ARG A=a\nARG A=b\nFROM $A").unwrap_err();
    assert!(error.contains("twice"), "{error}");
}

#[test]
fn triggers_of_a_base_are_checked() {
    assert!(check_triggers(&["COPY . /src".into(), "RUN make".into()]).is_ok());
    assert!(check_triggers(&["ADD https://x/y /y".into()]).is_err());
    assert!(check_triggers(&["COPY --from=evil /x /y".into()]).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn no_text_makes_it_panic(text in "(FROM|ADD|COPY|ARG|ONBUILD|[ $\\\\{}=<\"a:/\n#é-]){0,40}") {
        drop(images(&text));
    }
}
