//! The smallest question that still shows a difference.

use quay_kubelet::{Bytes, Question};

/// Takes away whatever can be taken away while `fails` holds.
pub fn smallest(question: Question, mut fails: impl FnMut(&Question) -> bool) -> Question {
    let mut smallest = question;
    while let Some(smaller) = candidates(&smallest)
        .into_iter()
        .find(|smaller| fails(smaller))
    {
        smallest = smaller;
    }
    smallest
}

/// Every question that is a little smaller, the smallest first.
fn candidates(question: &Question) -> Vec<Question> {
    let mut candidates = Vec::new();
    for at in 0..question.secrets.len() {
        let mut smaller = question.clone();
        smaller.secrets.remove(at);
        candidates.push(smaller);
    }
    for (at, secret) in question.secrets.iter().enumerate() {
        for (key, Bytes(content)) in &secret.data {
            for shorter in shorter(content) {
                let mut smaller = question.clone();
                smaller.secrets[at].data.insert(key.clone(), Bytes(shorter));
                candidates.push(smaller);
            }
        }
    }
    candidates
}

/// The content without a run of bytes, long runs first.
fn shorter(content: &[u8]) -> Vec<Vec<u8>> {
    let lengths = std::iter::successors(Some(content.len()), |length| Some(length / 2));
    let lengths = lengths.take_while(|length| *length > 0);
    let without = |from: usize, length: usize| {
        let to = (from + length).min(content.len());
        [&content[..from], &content[to..]].concat()
    };
    lengths
        .flat_map(|length| {
            (0..content.len())
                .step_by(length)
                .map(move |from| without(from, length))
        })
        .collect()
}
