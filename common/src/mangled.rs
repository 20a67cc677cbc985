//! Texts as a fault or an enemy might leave them, for the tests of whatever reads foreign text.
#![cfg(test)]

/// How many texts are made from each sample.
const ROUNDS: u64 = 5_000;

/// Calls `hold` with thousands of texts that were made from these samples by cutting, doubling,
/// overwriting and swapping parts of them. The same texts each time.
pub(crate) fn each(samples: &[&str], hold: impl Fn(&str)) {
    for sample in samples {
        hold(sample);
        for round in 1..=ROUNDS {
            let mut random = Random(round.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
            let mut bytes = sample.as_bytes().to_vec();
            for _ in 0..=random.below(4) {
                mangle(&mut bytes, &mut random);
            }
            hold(&String::from_utf8_lossy(&bytes));
        }
    }
}

fn mangle(bytes: &mut Vec<u8>, random: &mut Random) {
    const LURES: [&[u8]; 12] = [
        b"\"", b"\\", b"\0", b"\n", b"{", b"]", b",", b"null", b"-1e999", b"\xff", b"://", b"%00",
    ];
    let start = random.below(bytes.len() + 1);
    let end = (start + random.below(9)).min(bytes.len());
    let part = bytes[start..end].to_vec();
    match random.below(5) {
        0 => drop(bytes.drain(start..end)),
        1 => bytes.truncate(start),
        2 => drop(bytes.splice(start..start, part.repeat(1 + random.below(40)))),
        3 => drop(bytes.splice(start..end, LURES[random.below(LURES.len())].iter().copied())),
        _ => {
            let to = random.below(bytes.len() + 1);
            bytes.splice(to..to, part);
        }
    }
}

/// Marsaglia's xorshift.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }
}
