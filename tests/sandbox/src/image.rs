//! A container image that is small enough to make up: one layer with one program that sleeps.

use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

/// The program's path in the image.
const PROGRAM: &str = "sleep";

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// Waits for SIGHUP, SIGINT or SIGTERM and exits with 0, for Linux on x86-64. It blocks all
/// signals first: those that process 1 does not block and has no handler for never arrive.
#[rustfmt::skip]
const CODE: &[u8] = &[
    0xb8, 14, 0, 0, 0,                   // mov eax, 14: rt_sigprocmask
    0x31, 0xff,                          // xor edi, edi: SIG_BLOCK
    0x48, 0x8d, 0x35, 47, 0, 0, 0,       // lea rsi, [all]
    0x31, 0xd2,                          // xor edx, edx
    0x41, 0xba, 8, 0, 0, 0,              // mov r10d, 8: bytes of a signal set
    0x0f, 0x05,                          // syscall
    0xb8, 128, 0, 0, 0,                  // wait: mov eax, 128: rt_sigtimedwait
    0x48, 0x8d, 0x3d, 33, 0, 0, 0,       // lea rdi, [ending]
    0x31, 0xf6,                          // xor esi, esi
    0x31, 0xd2,                          // xor edx, edx
    0x41, 0xba, 8, 0, 0, 0,              // mov r10d, 8
    0x0f, 0x05,                          // syscall
    0x85, 0xc0,                          // test eax, eax
    0x78, 0xe4,                          // js wait
    0xb8, 60, 0, 0, 0,                   // mov eax, 60: exit
    0x31, 0xff,                          // xor edi, edi
    0x0f, 0x05,                          // syscall
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, // all: every signal
    0x03, 0x40, 0, 0, 0, 0, 0, 0,        // ending: numbers 1, 2 and 15
];

/// Bytes with their digest.
#[derive(Clone, Debug)]
pub struct Blob {
    /// `sha256:` and 64 hex digits.
    pub digest: String,
    /// What a registry says in `Content-Type`, and a manifest in `mediaType`.
    pub media_type: &'static str,
    /// The bytes.
    pub content: Vec<u8>,
}

impl Blob {
    fn new(media_type: &'static str, content: Vec<u8>) -> Self {
        let hash = digest(&SHA256, &content);
        let hex: String = hash
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Self {
            digest: format!("sha256:{hex}"),
            media_type,
            content,
        }
    }

    fn json(media_type: &'static str, value: &Value) -> Self {
        Self::new(media_type, value.to_string().into_bytes())
    }

    fn descriptor(&self) -> Value {
        json!({ "mediaType": self.media_type, "digest": self.digest, "size": self.content.len() })
    }

    fn path(&self) -> String {
        format!("blobs/{}", self.digest.replace(':', "/"))
    }
}

/// An image for linux/amd64 whose program sleeps until it is told to end. It runs as root, for
/// want of a `User`.
#[derive(Clone, Debug)]
pub struct Image {
    /// Names the two others.
    pub manifest: Blob,
    /// What the image runs.
    pub config: Blob,
    /// Its only layer.
    pub layer: Blob,
}

impl Image {
    /// The image with this text as its label `name`. Another name makes another digest.
    pub fn named(name: &str) -> Self {
        let layer = Blob::new(LAYER, tar(&[(PROGRAM.to_owned(), program(), 0o755)]));
        let config = Blob::json(
            CONFIG,
            &json!({
                "architecture": "amd64",
                "os": "linux",
                "config": { "Entrypoint": [format!("/{PROGRAM}")], "Labels": { "name": name } },
                "rootfs": { "type": "layers", "diff_ids": [layer.digest] },
            }),
        );
        let manifest = Blob::json(
            MANIFEST,
            &json!({
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": config.descriptor(),
                "layers": [layer.descriptor()],
            }),
        );
        Self {
            manifest,
            config,
            layer,
        }
    }

    /// The image as a tar of an OCI layout, as `ctr images import` takes it, under the full
    /// name `reference`.
    pub fn archive(&self, reference: &str) -> Vec<u8> {
        let mut entry = self.manifest.descriptor();
        entry["annotations"] = json!({ "io.containerd.image.name": reference });
        let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [entry] });
        let layout = json!({ "imageLayoutVersion": "1.0.0" });
        let mut files = vec![
            (
                "oci-layout".to_owned(),
                layout.to_string().into_bytes(),
                0o644,
            ),
            (
                "index.json".to_owned(),
                index.to_string().into_bytes(),
                0o644,
            ),
        ];
        for blob in [&self.manifest, &self.config, &self.layer] {
            files.push((blob.path(), blob.content.clone(), 0o644));
        }
        tar(&files)
    }
}

/// The program as an ELF file with one segment.
fn program() -> Vec<u8> {
    const ADDRESS: u64 = 0x40_0000;
    const HEADERS: u64 = 64 + 56;
    let size = HEADERS + CODE.len() as u64;
    // 64 bits, little-endian, version 1.
    let mut file = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    // An executable for x86-64, version 1.
    file.extend([2, 0, 62, 0, 1, 0, 0, 0]);
    for field in [ADDRESS + HEADERS, 64, 0] {
        file.extend(field.to_le_bytes());
    }
    // No flags; the sizes of the headers, and one program header.
    file.extend([0, 0, 0, 0, 64, 0, 56, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    // To be loaded, read and executed.
    file.extend([1, 0, 0, 0, 5, 0, 0, 0]);
    for field in [0, ADDRESS, ADDRESS, size, size, 0x1000] {
        file.extend(field.to_le_bytes());
    }
    file.extend(CODE);
    file
}

/// A tar file (POSIX.1-1988) of files, each a path, content and mode.
fn tar(files: &[(String, Vec<u8>, u32)]) -> Vec<u8> {
    let mut archive = Vec::new();
    for (path, content, mode) in files {
        let mut header = [0; 512];
        let mut put = |at: usize, text: &str| {
            header[at..at + text.len()].copy_from_slice(text.as_bytes());
        };
        put(0, path);
        put(100, &format!("{mode:07o}"));
        put(108, "0000000");
        put(116, "0000000");
        put(124, &format!("{:011o}", content.len()));
        put(136, "00000000000");
        put(148, "        ");
        put(156, "0");
        put(257, "ustar\x0000");
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        archive.extend(header);
        archive.extend(content);
        archive.resize(archive.len().next_multiple_of(512), 0);
    }
    archive.resize(archive.len() + 1024, 0);
    archive
}
