//! Blobs of any size as streams, checked against their digest on the way.

use std::fs::File;

use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt as _, stream};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::files::{Failure, Unfinished};
use super::folder::differs;
use crate::model::digest::Hasher;
use crate::model::{Digest, escape_untrusted};
use crate::registry::{BlobStream, Kind, RegistryError};

/// Bytes read at a time.
const CHUNK: usize = 256 << 10;

struct Reading {
    file: tokio::fs::File,
    seen: Hasher,
    digest: Digest,
    request: String,
}

impl Reading {
    /// The next bytes; at the end, nothing or an error.
    async fn next(mut self) -> Result<Option<(Bytes, Self)>, RegistryError> {
        let mut chunk = BytesMut::with_capacity(CHUNK);
        match self.file.read_buf(&mut chunk).await {
            Err(error) => {
                let reason = escape_untrusted(&error.to_string());
                Err(Failure { kind: Kind::Unreachable, reason }.of(self.request))
            }
            Ok(0) => match self.seen.finish() == self.digest {
                true => Ok(None),
                false => Err(Failure::broken(differs(&self.digest)).of(self.request)),
            },
            Ok(_) => {
                self.seen.update(&chunk);
                Ok(Some((chunk.freeze(), self)))
            }
        }
    }
}

/// The bytes of `file`, which are to match `digest`.
pub(super) fn stream(file: File, digest: Digest, request: String) -> BlobStream {
    let file = tokio::fs::File::from_std(file);
    Box::pin(stream::try_unfold(Reading { file, seen: Hasher::new(), digest, request }, Reading::next))
}

/// Writes the stream to the unfinished file, which gets its name only if size and digest are right.
pub(super) async fn receive(
    (file, unfinished): (File, Unfinished),
    digest: &Digest,
    size: u64,
    mut bytes: BlobStream,
    request: &str,
) -> Result<(), RegistryError> {
    let fail = |failure: Failure| failure.of(request.to_owned());
    let io = |error| fail(Failure::io(unfinished.path(), &error));
    let mut file = tokio::fs::File::from_std(file);
    let (mut seen, mut length) = (Hasher::new(), 0u64);
    while let Some(chunk) = bytes.next().await {
        let chunk = chunk?;
        length = length.saturating_add(chunk.len() as u64);
        if length > size {
            break;
        }
        seen.update(&chunk);
        file.write_all(&chunk).await.map_err(io)?;
    }
    if length != size {
        return Err(fail(Failure::broken(format!("it is not {size} bytes long, as its descriptor says"))));
    }
    if seen.finish() != *digest {
        return Err(fail(Failure::broken(differs(digest))));
    }
    file.flush().await.map_err(io)?;
    file.sync_all().await.map_err(io)?;
    drop(file);
    match tokio::task::spawn_blocking(|| unfinished.finish()).await {
        Ok(finished) => finished.map_err(fail),
        Err(error) => Err(fail(Failure::broken(error.to_string()))),
    }
}
