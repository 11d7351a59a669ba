#![allow(clippy::unwrap_used, clippy::panic)]
use super::*;
use crate::shim::secret::Secret;
use crate::shim::wire::Decoder;
use proptest::prelude::*;
use std::io::Read;
use std::thread::JoinHandle;

/// An input whose engine is connected, and the program's end of it.
struct Bed {
    input: Arc<Input>,
    outbox: Arc<Outbox>,
    _dir: tempfile::TempDir,
}

impl Bed {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let outbox = Arc::new(Outbox::open(dir.path(), Secret::derive(&[1; 32], "x")).unwrap());
        outbox.set_connected(true);
        Self { input: Arc::new(Input::new(Arc::clone(&outbox)).unwrap()), outbox, _dir: dir }
    }

    /// Begins to write; the other end is the program's.
    fn begin(&self, first: &[u8]) -> (std::fs::File, JoinHandle<()>) {
        let (read, write) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).unwrap();
        ioctl_fionbio(&write, true).unwrap();
        let (input, first) = (Arc::clone(&self.input), first.to_vec());
        (read.into(), std::thread::spawn(move || input.write(&write, first)))
    }

    /// The answers that wait, as numbers and fates.
    fn answers(&self) -> Vec<(u64, Fate)> {
        let mut decoder = Decoder::new();
        std::iter::from_fn(|| self.outbox.next_answer())
            .map(|bytes| {
                decoder.feed(&bytes);
                let Some(Frame::Heard { number, fate, .. }) = decoder.next_frame().unwrap() else {
                    panic!("no answer")
                };
                (number, fate)
            })
            .collect()
    }

    /// Waits until a piece has a fate.
    fn settled(&self, number: u64) -> Fate {
        loop {
            if let Some(Some((fate, _))) = self.input.lock().taken.get(&number) {
                return *fate;
            }
            std::thread::yield_now();
        }
    }
}

#[test]
fn every_piece_is_written_once_in_order_and_answered_as_often_as_it_is_asked() {
    let bed = Bed::new();
    let (mut program, writer) = bed.begin(b"first\n");
    bed.input.take(7, b"seven\n".to_vec());
    bed.input.take(3, b"three\n".to_vec());
    bed.settled(3);
    bed.input.take(7, b"again\n".to_vec());
    bed.input.take(3, b"again\n".to_vec());
    assert_eq!(bed.answers(), [7, 3, 7, 3].map(|number| (number, Fate::Written)));
    bed.input.close();
    writer.join().unwrap();
    let mut read = String::new();
    program.read_to_string(&mut read).unwrap();
    assert_eq!(read, "first\nseven\nthree\n");
    bed.input.take(9, b"late\n".to_vec());
    assert_eq!(bed.answers(), [(9, Fate::Refused)]);
}

#[test]
fn a_program_that_does_not_read_stalls_nobody_and_what_it_did_not_get_is_told() {
    let bed = Bed::new();
    // More than a pipe holds.
    let (program, writer) = bed.begin(&vec![b'x'; 200_000]);
    bed.input.take(1, b"one\n".to_vec());
    bed.input.take(1, b"one\n".to_vec());
    assert_eq!(bed.answers(), []);
    drop(program);
    writer.join().unwrap();
    assert_eq!(bed.answers(), [(1, Fate::Refused)]);
    // One of which a part was written is told apart.
    let bed = Bed::new();
    let (mut program, writer) = bed.begin(b"");
    bed.input.take(1, vec![b'x'; 200_000]);
    program.read_exact(&mut [0; 10]).unwrap();
    drop(program);
    writer.join().unwrap();
    assert_eq!(bed.answers(), [(1, Fate::Cut)]);
}

#[test]
fn pieces_wait_for_their_program_and_there_are_never_many() {
    let bed = Bed::new();
    for number in 0..=WAITING as u64 {
        bed.input.take(number, b"x".to_vec());
    }
    assert_eq!(bed.answers(), [(WAITING as u64, Fate::Refused)]);
    let (mut program, writer) = bed.begin(b"");
    bed.settled(WAITING as u64 - 1);
    bed.input.close();
    writer.join().unwrap();
    let mut read = String::new();
    program.read_to_string(&mut read).unwrap();
    assert_eq!(read, "x".repeat(WAITING));
}

#[test]
fn the_input_closes_when_the_program_is_done_and_has_read_all() {
    let bed = Bed::new();
    let (mut program, writer) = bed.begin(b"first");
    program.read_exact(&mut [0; 5]).unwrap();
    // It is done, but then it goes on.
    bed.input.note(true);
    bed.input.note(false);
    bed.input.take(1, b"more".to_vec());
    bed.settled(1);
    let done = Instant::now();
    bed.input.note(true);
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| writer.join().unwrap());
        // Nothing is closed over what it has not read yet.
        while done.elapsed() < QUIET + 2 * LOOK {
            assert!(!waits.is_finished());
            std::thread::yield_now();
        }
        let mut rest = String::new();
        program.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "more");
    });
    bed.input.take(2, b"late".to_vec());
    assert_eq!(bed.answers(), [(1, Fate::Written), (2, Fate::Refused)]);
}

#[test]
fn answers_are_for_the_engine_that_is_there() {
    let bed = Bed::new();
    let (_program, writer) = bed.begin(b"");
    bed.outbox.set_connected(false);
    bed.input.take(1, b"x".to_vec());
    bed.settled(1);
    bed.outbox.set_connected(true);
    assert_eq!(bed.answers(), []);
    bed.input.take(1, b"x".to_vec());
    assert_eq!(bed.answers(), [(1, Fate::Written)]);
    bed.input.close();
    writer.join().unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whatever_is_repeated_the_program_reads_each_number_once(
        asked in prop::collection::vec((0_u64..6, any::<bool>()), 0..40),
        sizes in prop::collection::vec(1_usize..90_000, 6),
    ) {
        let bed = Bed::new();
        let (program, writer) = bed.begin(b"");
        let reads = std::thread::spawn(move || {
            let (mut program, mut read) = (program, Vec::new());
            program.read_to_end(&mut read).unwrap();
            read
        });
        let mut order = Vec::new();
        for (number, gone) in asked {
            // The connection goes and comes back in between.
            if gone {
                bed.outbox.set_connected(false);
                bed.outbox.set_connected(true);
            }
            if !order.contains(&number) {
                order.push(number);
            }
            bed.input.take(number, vec![u8::try_from(number).unwrap(); sizes[usize::try_from(number).unwrap()]]);
        }
        for number in &order {
            prop_assert_eq!(bed.settled(*number), Fate::Written);
        }
        bed.input.close();
        writer.join().unwrap();
        let mut runs = reads.join().unwrap();
        for number in order {
            let rest = runs.split_off(sizes[usize::try_from(number).unwrap()]);
            prop_assert!(runs.iter().all(|byte| u64::from(*byte) == number));
            runs = rest;
        }
        prop_assert!(runs.is_empty());
    }
}

#[test]
fn a_closed_end_is_noticed_without_anything_to_write() {
    let bed = Bed::new();
    let (program, writer) = bed.begin(b"");
    drop(program);
    writer.join().unwrap();
}
