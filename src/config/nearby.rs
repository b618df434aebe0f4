//! "Did you mean": the known word nearest to a mistyped one.

/// What to do about `word`, when it should have been one of `known`: names the nearest, or all there are.
pub fn cure<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.collect();
    match nearest(word, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => match known.as_slice() {
            [] => "there is none yet: add one first".to_owned(),
            [only] => format!("there is only `{only}`"),
            _ => format!("there are {}", listed(&known)),
        },
    }
}

/// Words in a row, each in backticks: "`ana`, `ben` and `chloe`".
fn listed(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match words.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, before)) => format!("{} and {last}", before.join(", ")),
        None => String::new(),
    }
}

/// The known word that differs from `word` in so few letters that it may have been meant; none when two are as near.
pub(super) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (word.chars().count() / 3).clamp(1, 3);
    let mut near: Vec<(usize, &str)> = known
        .map(|candidate| (distance(&word.to_lowercase(), &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .collect();
    near.sort_unstable();
    match near[..] {
        [(first, _), (second, _), ..] if first == second => None,
        [(_, nearest), ..] => Some(nearest),
        [] => None,
    }
}

/// How many letters must be added, taken away, changed or swapped with their neighbour to come from `a` to `b`.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let changed = usize::from(a[i - 1] != b[j - 1]);
            let mut least = (last[j] + 1).min(row[j - 1] + 1).min(last[j - 1] + changed);
            if 1 < i && 1 < j && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(before_last[j - 2] + 1);
            }
            row.push(least);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_finds_its_word() {
        let known = || ["ana", "ben", "chloe", "rotation"].into_iter();
        assert_eq!(cure("bne", known()), "did you mean `ben`?");
        assert_eq!(cure("Cloe", known()), "did you mean `chloe`?");
        assert_eq!(cure("rottation", known()), "did you mean `rotation`?");
    }

    #[test]
    fn a_word_far_from_all_others_is_answered_with_the_list() {
        assert_eq!(cure("zed", ["ana", "ben"].into_iter()), "there are `ana` and `ben`");
        assert_eq!(cure("SEV5", ["SEV1", "SEV2"].into_iter()), "there are `SEV1` and `SEV2`");
        assert_eq!(cure("zed", ["ana"].into_iter()), "there is only `ana`");
        assert_eq!(cure("zed", std::iter::empty()), "there is none yet: add one first");
    }

    #[test]
    fn distance_counts_letters() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", ""), 3);
        assert_eq!(distance("ben", "bne"), 1);
        assert_eq!(distance("ben", "ben"), 0);
    }
}
