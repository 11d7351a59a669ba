//! How the two ends of the log channel prove to each other that they know the step's secret, without saying it.
//!
//! Both proofs cover both nonces and the version, each under a purpose of its own, so that neither can be replayed, sent
//! back to its author, or used to talk the other side into an older version.

use super::secret::{SECRET_BYTES, Secret};

/// What both ends know once Hello and Challenge were said.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Talk {
    pub version: u16,
    pub shim_nonce: [u8; SECRET_BYTES],
    pub engine_nonce: [u8; SECRET_BYTES],
}

const ENGINE: &[u8] = b"dogwatch channel, engine\0";
const SHIM: &[u8] = b"dogwatch channel, shim\0";

impl Talk {
    pub fn engine_proof(&self, secret: &Secret) -> [u8; SECRET_BYTES] {
        secret.mac(ENGINE, &[&self.version.to_le_bytes(), &self.shim_nonce, &self.engine_nonce])
    }

    pub fn shim_proof(&self, secret: &Secret) -> [u8; SECRET_BYTES] {
        secret.mac(SHIM, &[&self.version.to_le_bytes(), &self.shim_nonce, &self.engine_nonce])
    }

    pub fn engine_proves(&self, secret: &Secret, proof: &[u8]) -> bool {
        secret.proves(ENGINE, &[&self.version.to_le_bytes(), &self.shim_nonce, &self.engine_nonce], proof)
    }

    pub fn shim_proves(&self, secret: &Secret, proof: &[u8]) -> bool {
        secret.proves(SHIM, &[&self.version.to_le_bytes(), &self.shim_nonce, &self.engine_nonce], proof)
    }
}
