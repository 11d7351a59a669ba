#![allow(clippy::unwrap_used)]
use super::*;
use proptest::prelude::*;

fn how() -> impl Strategy<Value = How> {
    prop_oneof![
        any::<i32>().prop_map(|code| How::Exited { code }),
        any::<i32>().prop_map(|signal| How::Signalled { signal }),
        ".{0,40}".prop_map(|reason| How::NotStarted { reason }),
        (0..=u64::from(u32::MAX)).prop_map(|seconds| How::TimedOut { seconds }),
    ]
}

fn frame() -> impl Strategy<Value = Frame> {
    let stream = prop_oneof![Just(Stream::Stdout), Just(Stream::Stderr), Just(Stream::Engine)];
    let fate = prop_oneof![Just(Fate::Written), Just(Fate::Refused), Just(Fate::Cut)];
    prop_oneof![
        any::<(u16, u16, [u8; 32])>().prop_map(|(newest, oldest, nonce)| Frame::Hello { newest, oldest, nonce }),
        any::<(u16, [u8; 32], [u8; 32])>().prop_map(|(version, nonce, proof)| Frame::Challenge {
            version,
            nonce,
            proof
        }),
        any::<[u8; 32]>().prop_map(|proof| Frame::Proof { proof }),
        (any::<u64>(), any::<i64>(), stream, prop::collection::vec(any::<u8>(), 0..300))
            .prop_map(|(seq, time_ms, stream, bytes)| Frame::Output { seq, time_ms, stream, bytes }),
        any::<u64>().prop_map(|seq| Frame::Ack { seq }),
        (any::<u64>(), any::<i64>(), how(), any::<bool>()).prop_map(|(seq, time_ms, how, stopped)| Frame::Exit {
            seq,
            time_ms,
            exit: Exit { how, stopped }
        }),
        Just(Frame::Heartbeat),
        any::<u32>().prop_map(|grace_ms| Frame::Stop { grace_ms }),
        any::<i32>().prop_map(|number| Frame::Signal { number }),
        (any::<u32>(), any::<u32>(), any::<i64>()).prop_map(|(from, more, time_ms)| Frame::Lost {
            from: u64::from(from),
            to: u64::from(from) + u64::from(more),
            time_ms
        }),
        (any::<u64>(), prop::collection::vec(any::<u8>(), 0..300))
            .prop_map(|(number, bytes)| Frame::Input { number, bytes }),
        (any::<u64>(), any::<i64>(), fate).prop_map(|(number, time_ms, fate)| Frame::Heard { number, time_ms, fate }),
    ]
}

/// Feeds bytes in pieces of the given sizes (used in turn) and collects what comes out.
fn decode_in_pieces(bytes: &[u8], sizes: &[usize]) -> (Vec<Frame>, Option<WireError>) {
    let mut decoder = Decoder::new();
    let mut frames = Vec::new();
    let mut rest = bytes;
    let mut sizes = sizes.iter().copied().cycle();
    loop {
        loop {
            match decoder.next_frame() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => return (frames, Some(error)),
            }
        }
        if rest.is_empty() {
            return (frames, None);
        }
        let (piece, after) = rest.split_at(sizes.next().unwrap().clamp(1, rest.len()));
        decoder.feed(piece);
        rest = after;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn frames_come_back_however_they_are_cut(
        frames in prop::collection::vec(frame(), 0..12),
        sizes in prop::collection::vec(1_usize..200, 1..8),
    ) {
        let bytes: Vec<u8> = frames.iter().flat_map(Frame::encode).collect();
        prop_assert_eq!(decode_in_pieces(&bytes, &sizes), (frames, None));
    }

    #[test]
    fn any_bytes_give_the_same_however_they_are_cut(
        bytes in prop::collection::vec(prop_oneof![3 => 0_u8..14, 1 => any::<u8>()], 0..600),
        sizes in prop::collection::vec(1_usize..50, 1..8),
    ) {
        prop_assert_eq!(decode_in_pieces(&bytes, &sizes), decode_in_pieces(&bytes, &[usize::MAX]));
    }

    #[test]
    fn a_changed_byte_never_panics(frame in frame(), at in any::<prop::sample::Index>(), flip in 1_u8..) {
        let mut bytes = frame.encode();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        decode_in_pieces(&bytes, &[7]);
    }
}

#[test]
fn lengths_outside_the_cap_are_refused_at_once_and_for_good() {
    for length in [0, u32::try_from(MAX_FRAME).unwrap() + 1, u32::MAX] {
        let mut decoder = Decoder::new();
        decoder.feed(&length.to_le_bytes());
        assert_eq!(decoder.next_frame(), Err(WireError::Length(length)));
        decoder.feed(&Frame::Heartbeat.encode());
        assert_eq!(decoder.next_frame(), Err(WireError::Length(length)));
    }
}

#[test]
fn the_largest_output_and_the_largest_input_fit() {
    let output = Frame::Output { seq: 1, time_ms: 2, stream: Stream::Stdout, bytes: vec![b'x'; MAX_OUTPUT] };
    let input = Frame::Input { number: 1, bytes: vec![b'x'; MAX_INPUT] };
    for frame in [output, input] {
        assert_eq!(decode_in_pieces(&frame.encode(), &[4096]), (vec![frame], None));
    }
}

#[test]
fn takes_a_version_in_common_only() {
    assert_eq!(negotiate(VERSION, OLDEST), Some(VERSION));
    assert_eq!(negotiate(VERSION + 1, VERSION), Some(VERSION));
    assert_eq!(negotiate(VERSION + 2, VERSION + 1), None);
    assert_eq!(negotiate(0, 0), None);
    assert_eq!(negotiate(1, 2), None);
}

/// Version 1 as it went out. Shims of that version live on in containers while the engine is replaced, and their spools lie on
/// disk, so these bytes stay as they are for as long as [`OLDEST`] is 1.
#[test]
fn version_1_stays_as_it_went_out() {
    let [nonce, proof] = [[0xa1; SECRET_BYTES], [0xb2; SECRET_BYTES]];
    let exit = |how, stopped| Frame::Exit { seq: 7, time_ms: -2, exit: Exit { how, stopped } };
    let [nonce_hex, proof_hex] = ["a1".repeat(SECRET_BYTES), "b2".repeat(SECRET_BYTES)];
    let head = "0700000000000000 feffffffffffffff";
    let golden = [
        (Frame::Hello { newest: 1, oldest: 1, nonce }, format!("2d000000 01 646f677761746368 0100 0100 {nonce_hex}")),
        (Frame::Challenge { version: 1, nonce, proof }, format!("43000000 02 0100 {nonce_hex} {proof_hex}")),
        (Frame::Proof { proof }, format!("21000000 03 {proof_hex}")),
        (
            Frame::Output { seq: 7, time_ms: -2, stream: Stream::Stderr, bytes: b"ab\n".to_vec() },
            format!("15000000 04 {head} 02 61620a"),
        ),
        (Frame::Ack { seq: 7 }, "09000000 05 0700000000000000".to_owned()),
        (exit(How::Exited { code: 3 }, false), format!("1b000000 06 {head} 00 01 0300000000000000")),
        (exit(How::Signalled { signal: 9 }, true), format!("1b000000 06 {head} 01 02 0900000000000000")),
        (
            exit(How::NotStarted { reason: "no".to_owned() }, false),
            format!("1d000000 06 {head} 00 03 0000000000000000 6e6f"),
        ),
        (exit(How::TimedOut { seconds: 60 }, false), format!("1b000000 06 {head} 00 04 3c00000000000000")),
        (Frame::Heartbeat, "01000000 07".to_owned()),
        (Frame::Stop { grace_ms: 10_000 }, "05000000 08 10270000".to_owned()),
        (Frame::Signal { number: 15 }, "05000000 09 0f000000".to_owned()),
        (
            Frame::Lost { from: 2, to: 6, time_ms: -2 },
            "19000000 0a 0200000000000000 0600000000000000 feffffffffffffff".to_owned(),
        ),
    ];
    stay_as_they_are(golden);
}

/// Version 2 as it went out: what version 1 has, and input.
#[test]
fn version_2_stays_as_it_went_out() {
    let answer = |fate| Frame::Heard { number: 3, time_ms: -2, fate };
    let head = "0300000000000000 feffffffffffffff";
    stay_as_they_are([
        (Frame::Input { number: 3, bytes: b"ab\n".to_vec() }, "0c000000 0b 0300000000000000 61620a".to_owned()),
        (answer(Fate::Written), format!("12000000 0c {head} 01")),
        (answer(Fate::Refused), format!("12000000 0c {head} 02")),
        (answer(Fate::Cut), format!("12000000 0c {head} 03")),
    ]);
}

fn stay_as_they_are<const N: usize>(golden: [(Frame, String); N]) {
    for (frame, text) in golden {
        let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b' ').collect();
        let digit = |byte: u8| u8::try_from(char::from(byte).to_digit(16).unwrap()).unwrap();
        let bytes: Vec<u8> = digits.chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect();
        assert_eq!(frame.encode(), bytes, "{frame:?}");
        assert_eq!(decode_in_pieces(&bytes, &[3]), (vec![frame], None));
    }
}
