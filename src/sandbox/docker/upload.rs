//! Puts a copy of a tree into a container that was not started yet, so that it becomes part of what is committed.

use super::link::{Failure, Link};
use bollard::query_parameters::UploadToContainerOptionsBuilder;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::mpsc;

/// A tree that takes longer is given up.
const UPLOAD: Duration = Duration::from_mins(15);
/// Bytes that are sent together.
const CHUNK: usize = 256 * 1024;
/// Chunks under way.
const QUEUE: usize = 8;

/// Where in a container a tree goes, and whose it is there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target<'a> {
    /// A directory that is there, absolute: of a root that is read-only only what is mounted can be written.
    pub(super) path: &'a str,
    /// The directory below it that the tree becomes; empty for that directory itself.
    pub(super) prefix: &'a str,
    /// User and group of everything.
    pub(super) owner: (u32, u32),
}

/// Copies the contents of `tree` there.
pub(super) async fn upload(link: &Link, container: &str, tree: &Path, to: &Target<'_>) -> Result<(), Failure> {
    let docker = link.client()?;
    let (sender, receiver) = mpsc::channel(QUEUE);
    let (tree, prefix, owner) = (tree.to_owned(), PathBuf::from(to.prefix), to.owner);
    let packing = tokio::task::spawn_blocking(move || {
        let mut writer = Chunks { sender, buffer: Vec::with_capacity(CHUNK) };
        if let Err(error) = pack(&tree, &prefix, owner, &mut writer) {
            // The engine sees a broken archive and refuses it; nobody listens when it has refused it already.
            drop(writer.sender.blocking_send(Err(error)));
        }
    });
    let body = bollard::body_try_stream(futures_util::stream::unfold(receiver, |mut receiver| async move {
        let chunk: io::Result<Vec<u8>> = receiver.recv().await?;
        Some((chunk.map(Into::into), receiver))
    }));
    let options = UploadToContainerOptionsBuilder::default().path(to.path).build();
    let done = link.call(UPLOAD, docker.upload_to_container(container, Some(options), body)).await;
    // It ends by itself once the receiver is gone.
    drop(packing);
    done
}

/// Writes the archive.
fn pack(tree: &Path, prefix: &Path, owner: (u32, u32), out: &mut Chunks) -> io::Result<()> {
    let mut builder = tar::Builder::new(&mut *out);
    add(&mut builder, tree, prefix, owner)?;
    builder.into_inner()?.flush()
}

/// Adds one entry and what is below it. No link is followed; sockets, pipes and devices are left out.
fn add(builder: &mut tar::Builder<&mut Chunks>, from: &Path, to: &Path, owner: (u32, u32)) -> io::Result<()> {
    let metadata = fs::symlink_metadata(from)?;
    let mut header = tar::Header::new_gnu();
    header.set_metadata_in_mode(&metadata, tar::HeaderMode::Complete);
    header.set_uid(owner.0.into());
    header.set_gid(owner.1.into());
    if metadata.is_dir() {
        header.set_size(0);
        // The directory that is there already stays as it is.
        if !to.as_os_str().is_empty() {
            builder.append_data(&mut header, to, io::empty())?;
        }
        for entry in fs::read_dir(from)? {
            let name = entry?.file_name();
            add(builder, &from.join(&name), &to.join(&name), owner)?;
        }
    } else if metadata.is_symlink() {
        header.set_size(0);
        builder.append_link(&mut header, to, fs::read_link(from)?)?;
    } else if metadata.is_file() {
        builder.append_data(&mut header, to, io::Read::take(File::open(from)?, metadata.len()))?;
    }
    Ok(())
}

/// Hands bytes over in chunks.
struct Chunks {
    sender: mpsc::Sender<io::Result<Vec<u8>>>,
    buffer: Vec<u8>,
}

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= CHUNK {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let chunk = std::mem::take(&mut self.buffer);
        if chunk.is_empty() {
            return Ok(());
        }
        self.sender.blocking_send(Ok(chunk)).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))
    }
}
